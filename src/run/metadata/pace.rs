//! One line in which all questions wait: so many in a second for each host, and none to one that is not there.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    deadline::Deadline,
    fetch::{Address, Answer, Client, FetchError, Request, Validators},
};

/// The time between two requests to one host: twenty in a second.
const BETWEEN: Duration = Duration::from_millis(50);
/// A host that could not be reached so many times in a row is asked no more.
const MOST_FAILURES: usize = 3;
/// How often a host that has too much to do is asked again, and how long it may ask for patience each time.
const MOST_TRIES: usize = 3;
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// Largest answer, and all answers together. Packuments of npm with thousands of versions take tens of megabytes.
const LARGEST: u64 = 64 << 20;
const LARGEST_SUM: u64 = 2 << 30;
/// How long nobody looks whether it is time to stop.
const NAP: Duration = Duration::from_millis(50);

/// The line.
pub(super) struct Line<'a> {
    client: &'a Client,
    deadline: &'a Deadline<'a>,
    hosts: Mutex<HashMap<String, Host>>,
    bytes: AtomicU64,
}

#[derive(Default)]
struct Host {
    next: Option<Instant>,
    failures: usize,
    reason: String,
}

impl<'a> Line<'a> {
    /// Asks with this client until the deadline.
    pub(super) fn new(client: &'a Client, deadline: &'a Deadline<'a>) -> Self {
        Self { client, deadline, hosts: Mutex::default(), bytes: AtomicU64::new(0) }
    }

    /// Asks for a text; `None` if it is what is known. Reasons name the host and no package.
    pub(super) fn ask(
        &self,
        address: &Address,
        accept: &str,
        known: &Validators,
    ) -> Result<Option<(String, Validators)>, String> {
        let host = match address {
            Address::Web(url) => url.host_str().unwrap_or_default().to_owned(),
            Address::File(_) => "a file".to_owned(),
        };
        for attempt in 1.. {
            self.wait(&host)?;
            if self.bytes.load(Ordering::Relaxed) > LARGEST_SUM {
                return Err("all answers together are too large".to_owned());
            }
            let request = Request { address, accept: Some(accept), known, most_bytes: LARGEST };
            let mut bytes = Vec::new();
            let answer = self.client.fetch(&request, &mut bytes, self.deadline, &mut |_| {});
            self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            match answer {
                Err(FetchError::Busy { seconds, .. }) if attempt < MOST_TRIES => {
                    let asked = seconds.map_or(Duration::from_secs(1), Duration::from_secs);
                    self.postpone(&host, asked)?;
                }
                answer => return self.judge(&host, answer, bytes),
            }
        }
        Err("asked too often".to_owned())
    }

    fn judge(
        &self,
        host: &str,
        answer: Result<Answer, FetchError>,
        bytes: Vec<u8>,
    ) -> Result<Option<(String, Validators)>, String> {
        let mut hosts = self.hosts();
        let known = hosts.entry(host.to_owned()).or_default();
        let was_reached = !matches!(answer, Err(FetchError::Failed { .. }));
        known.failures = if was_reached { 0 } else { known.failures + 1 };
        match answer {
            Ok(Answer::Unchanged) => Ok(None),
            Ok(Answer::Fresh { validators, .. }) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Some((text, validators))),
                Err(_) => Err(format!("{host} answers with what is not UTF-8")),
            },
            Err(FetchError::Failed { reason, .. }) => {
                known.reason = format!("{host} was not reached: {reason}");
                Err(known.reason.clone())
            }
            Err(error) if error.is_missing() => Err(format!("{host} knows no such package")),
            Err(FetchError::Status { status, .. } | FetchError::Busy { status, .. }) => {
                Err(format!("{host} answers {status}"))
            }
            Err(FetchError::Stopped { reason, .. }) => Err(reason.to_owned()),
            Err(FetchError::TooLarge { most_bytes, .. }) => {
                Err(format!("{host} answers with more than {most_bytes} bytes"))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Waits for a turn with this host.
    fn wait(&self, host: &str) -> Result<(), String> {
        let turn = {
            let mut hosts = self.hosts();
            let known = hosts.entry(host.to_owned()).or_default();
            if known.failures >= MOST_FAILURES {
                return Err(known.reason.clone());
            }
            let now = Instant::now();
            let turn = known.next.unwrap_or(now).max(now);
            known.next = Some(turn + BETWEEN);
            turn
        };
        loop {
            if self.deadline.passed() {
                return Err(self.deadline.reason().to_owned());
            }
            let left = turn.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(NAP));
        }
    }

    /// Nobody asks this host before it wants that.
    fn postpone(&self, host: &str, time: Duration) -> Result<(), String> {
        if time > LONGEST_WAIT || time > self.deadline.remaining() {
            return Err(format!("{host} asks for patience of {} seconds", time.as_secs()));
        }
        let mut hosts = self.hosts();
        let known = hosts.entry(host.to_owned()).or_default();
        let later = Instant::now() + time;
        known.next = Some(known.next.map_or(later, |next| next.max(later)));
        Ok(())
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
