//! Failed logins per name: after five within a minute, the name must wait.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

const ATTEMPTS: u32 = 5;
const WINDOW: Duration = Duration::from_mins(1);
/// Names that are remembered at most; when there are more, the oldest is forgotten.
const NAMES: usize = 1_000;

/// Counts failures in a window that begins with the first of them.
#[derive(Default)]
pub(super) struct Limiter {
    failures: BTreeMap<String, (Instant, u32)>,
}

impl Limiter {
    /// Seconds for which the name must wait, or nothing.
    pub(super) fn wait(&self, name: &str, now: Instant) -> Option<u64> {
        let (since, count) = self.failures.get(name)?;
        let left = WINDOW.checked_sub(now.saturating_duration_since(*since))?;
        (*count >= ATTEMPTS).then_some(left.as_secs() + 1)
    }

    /// Notes a failed attempt.
    pub(super) fn note_failure(&mut self, name: &str, now: Instant) {
        self.failures.retain(|_, (since, _)| now.saturating_duration_since(*since) < WINDOW);
        if self.failures.len() >= NAMES {
            self.forget_oldest();
        }
        self.failures.entry(name.to_owned()).or_insert((now, 0)).1 += 1;
    }

    /// Forgets the failures of a name that has logged in.
    pub(super) fn note_success(&mut self, name: &str) {
        self.failures.remove(name);
    }

    fn forget_oldest(&mut self) {
        let oldest = self.failures.iter().min_by_key(|(_, (since, _))| *since);
        if let Some(name) = oldest.map(|(name, _)| name.clone()) {
            self.failures.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{ATTEMPTS, Limiter, NAMES, WINDOW};

    fn tried(times: u32, now: Instant) -> Limiter {
        let mut limiter = Limiter::default();
        (0..times).for_each(|_| limiter.note_failure("alice", now));
        limiter
    }

    #[test]
    fn a_name_must_wait_after_the_last_attempt() {
        let now = Instant::now();
        assert_eq!(tried(ATTEMPTS - 1, now).wait("alice", now), None);
        assert_eq!(tried(ATTEMPTS, now).wait("alice", now), Some(61));
    }

    #[test]
    fn another_name_need_not_wait() {
        let now = Instant::now();
        assert_eq!(tried(ATTEMPTS, now).wait("root", now), None);
    }

    #[test]
    fn the_wait_ends_with_the_window() {
        let now = Instant::now();
        let later = now + WINDOW + Duration::from_secs(1);
        assert_eq!(tried(ATTEMPTS, now).wait("alice", later), None);
    }

    #[test]
    fn a_success_wipes_the_slate() {
        let now = Instant::now();
        let mut limiter = tried(ATTEMPTS, now);
        limiter.note_success("alice");
        assert_eq!(limiter.wait("alice", now), None);
    }

    #[test]
    fn the_number_of_names_is_bounded() {
        let mut limiter = Limiter::default();
        let now = Instant::now();
        (0..NAMES + 10).for_each(|name| limiter.note_failure(&name.to_string(), now));
        assert_eq!(limiter.failures.len(), NAMES);
    }
}
