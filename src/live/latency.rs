//! Latency of each GET operation, from the time at which a request was due, within the probes' budget.
//!
//! Requests are due at fixed times, so that a server that stalls can not slow down its own measurement.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::{audit::Audit, quantile::Latencies, survey::Baseline, together::together};
use crate::{
    finding::{Gap, Outcome, Ran},
    target::{Client, Identity, Request, SendError},
};

/// The check's name.
pub(super) const NAME: &str = "live/latency";
/// Samples of each operation: enough for a median and its interval.
const SAMPLES: u32 = 20;
/// Samples of a slow operation: the fewest that give a median an interval.
const FEWEST: u32 = 6;
/// Time after which an operation counts as slow.
const LONGEST: Duration = Duration::from_secs(2);
/// Requests that may be on their way at once.
const WORKERS: usize = 4;
const SHORTEST_INTERVAL: Duration = Duration::from_millis(20);
/// The probes have stirred the target; it gets a moment.
const PAUSE: Duration = Duration::from_millis(300);

/// Measures each operation that is open to anyone, or to the user of the login.
pub(super) async fn measure(audit: &Audit<'_>) -> Outcome {
    let mut outcome = Outcome::new(NAME, Vec::new(), Ran::Complete);
    let subjects: Vec<_> = audit.survey.baselines.iter().filter_map(subject).collect();
    if subjects.is_empty() {
        outcome.ran = Ran::Skipped("no GET operation answers with 2xx".to_owned());
        return outcome;
    }
    tokio::time::sleep(PAUSE).await;
    for (baseline, identity) in subjects {
        let request = Request::get(&audit.session.path(&baseline.path)).by(identity);
        let name = baseline.operation.name();
        let interval = baseline.answer.took.max(SHORTEST_INTERVAL);
        let fitting = LONGEST.as_millis() / interval.as_millis();
        let samples = u32::try_from(fitting).unwrap_or(SAMPLES).clamp(FEWEST, SAMPLES);
        let run = sample(&audit.session.client, &request, interval, samples).await;
        if let Some(error) = run.stopped {
            outcome.ran = Ran::Partial(error.to_string());
            break;
        }
        if run.failed > 0 {
            let reason = format!("{} of {samples} requests failed or were refused", run.failed);
            outcome.gaps.push(Gap { subject: name.clone(), reason, incomplete: false });
        }
        if run.latencies.count() > 0 {
            outcome.looked_at += 1;
            outcome.measurements.extend(run.latencies.measurements(&audit.session.quote(&name)));
        }
    }
    outcome
}

/// An operation that can be measured, and as whom.
pub(super) fn subject(baseline: &Baseline) -> Option<(&Baseline, Identity)> {
    if baseline.answer.is_success() {
        return Some((baseline, Identity::Anonymous));
    }
    let as_user = baseline.as_user.as_ref()?;
    as_user.is_success().then_some((baseline, Identity::User))
}

struct Run {
    latencies: Latencies,
    failed: u32,
    stopped: Option<SendError>,
}

async fn sample(client: &Client<'_>, request: &Request, interval: Duration, samples: u32) -> Run {
    let run = RefCell::new(Run { latencies: Latencies::new(), failed: 0, stopped: None });
    let next = Cell::new(0);
    let start = Instant::now();
    let worker = async || {
        while next.get() < samples && run.borrow().stopped.is_none() {
            let due = start + interval * next.get();
            next.set(next.get() + 1);
            sleep_until(due).await;
            let answered = client.send(request).await;
            let mut run = run.borrow_mut();
            match answered {
                Ok(answer) if answer.is_success() => run.latencies.note(due.elapsed()),
                Err(error) if error.is_final() => run.stopped = Some(error),
                Ok(_) | Err(_) => run.failed += 1,
            }
        }
    };
    together((0..WORKERS).map(|_| worker())).await;
    run.into_inner()
}
