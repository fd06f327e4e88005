//! Load, if it was asked for: all GET operations in turn, at a fixed rate, on a budget of its own.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::{
    Spending,
    audit::Audit,
    latency::subject,
    quantile::{Latencies, share, share_interval},
    together::together,
};
use crate::{
    deadline::Deadline,
    finding::{Measurement, Outcome, Quoted, Ran, Unit},
    target::{Budget, Client, Request, SendError},
};

const NAME: &str = "live/load";
/// The subject of what is measured over all operations.
const ALL: &str = "all GET operations";
/// Requests that may be on their way at once.
const WORKERS: usize = 32;
/// Highest rate at which requests are due.
const MOST_PER_SECOND: u32 = 500;
/// Least seconds for a rate to mean anything.
const LEAST_SECONDS: usize = 5;
/// Failures after which load that mostly fails is taken off.
const MOST_BAD: u64 = 100;
const PAUSE: Duration = Duration::from_secs(1);

/// What one operation answered.
struct Subject {
    name: Quoted,
    request: Request,
    latencies: RefCell<Latencies>,
}

/// What all operations answered.
struct Totals {
    latencies: RefCell<Latencies>,
    good: Cell<u64>,
    bad: Cell<u64>,
    per_second: RefCell<Vec<u64>>,
    stopped: RefCell<Option<String>>,
}

/// Measures latency, throughput and errors under load. Probes are over by now.
pub(super) async fn measure(
    audit: &Audit<'_>,
    spending: Spending,
    deadline: &Deadline<'_>,
) -> Outcome {
    let mut outcome = Outcome::new(NAME, Vec::new(), Ran::Complete);
    let subjects: Vec<Subject> = audit
        .survey
        .baselines
        .iter()
        .filter_map(|baseline| {
            let (baseline, identity) = subject(baseline)?;
            Some(Subject {
                name: audit.session.quote(&baseline.operation.name()),
                request: Request::get(&audit.session.path(&baseline.path)).by(identity),
                latencies: RefCell::new(Latencies::new()),
            })
        })
        .collect();
    if subjects.is_empty() {
        outcome.ran = Ran::Skipped("no GET operation answers with 2xx".to_owned());
        return outcome;
    }
    tokio::time::sleep(PAUSE).await;
    let client = Client::new(
        audit.session.client.target(),
        Budget::new(spending.requests, spending.time.saturating_add(PAUSE)),
        *deadline,
    );
    let totals = Totals::new();
    apply(&client, &subjects, spending, &totals).await;
    if let Some(reason) = totals.stopped.borrow().as_ref() {
        outcome.ran = Ran::Partial(reason.clone());
    }
    outcome.looked_at = subjects.len() as u64;
    for subject in &subjects {
        outcome.measurements.extend(subject.latencies.borrow().measurements(&subject.name));
    }
    let all = Quoted::own(ALL);
    outcome.measurements.extend(totals.latencies.borrow().measurements(&all));
    outcome.measurements.extend([throughput(&totals), errors(&totals)]);
    outcome
}

async fn apply(client: &Client<'_>, subjects: &[Subject], spending: Spending, totals: &Totals) {
    let seconds =
        u32::try_from(spending.time.min(Budget::LONGEST).as_secs()).unwrap_or(u32::MAX).max(1);
    let rate = (spending.requests / seconds).clamp(1, MOST_PER_SECOND);
    let last = spending.requests.min(rate.saturating_mul(seconds));
    let interval = Duration::from_secs(1) / rate;
    let start = Instant::now();
    let next = Cell::new(0_u32);
    let worker = async || {
        while next.get() < last && totals.stopped.borrow().is_none() {
            let number = next.get();
            next.set(number + 1);
            let due = start + interval * number;
            sleep_until(due).await;
            let subject = &subjects[number as usize % subjects.len()];
            let answered = client.send(&subject.request).await;
            let answered = answered.map(|answer| answer.is_success());
            totals.note(answered, start, subject, due.elapsed());
        }
    };
    together((0..WORKERS).map(|_| worker())).await;
}

impl Totals {
    fn new() -> Self {
        Self {
            latencies: RefCell::new(Latencies::new()),
            good: Cell::new(0),
            bad: Cell::new(0),
            per_second: RefCell::new(Vec::new()),
            stopped: RefCell::new(None),
        }
    }

    fn note(
        &self,
        answered: Result<bool, SendError>,
        start: Instant,
        subject: &Subject,
        latency: Duration,
    ) {
        match answered {
            Ok(true) => {
                subject.latencies.borrow_mut().note(latency);
                self.latencies.borrow_mut().note(latency);
                self.good.set(self.good.get() + 1);
                let second = usize::try_from(start.elapsed().as_secs()).unwrap_or(usize::MAX);
                let mut seconds = self.per_second.borrow_mut();
                if seconds.len() <= second {
                    seconds.resize(second + 1, 0);
                }
                seconds[second] += 1;
            }
            Err(error) if error.is_final() => self.stop(&error.to_string()),
            Ok(false) | Err(_) => {
                self.bad.set(self.bad.get() + 1);
                if self.bad.get() >= MOST_BAD && self.bad.get() > self.good.get() {
                    self.stop("most requests fail; the load is taken off");
                }
            }
        }
    }

    fn stop(&self, reason: &str) {
        *self.stopped.borrow_mut() = Some(reason.to_owned());
    }
}

/// Good answers per second: mean over whole seconds, with its interval.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn throughput(totals: &Totals) -> Measurement {
    let seconds = totals.per_second.borrow();
    // The last second is not a whole one.
    let whole = &seconds[..seconds.len().saturating_sub(1)];
    let count = whole.len() as f64;
    let mean = whole.iter().sum::<u64>() as f64 / count;
    let square = |good: &u64| (*good as f64 - mean).powi(2);
    let spread = (whole.iter().map(square).sum::<f64>() / (count - 1.0)).sqrt();
    let half = 1.96 * spread / count.sqrt();
    let is_enough = whole.len() >= LEAST_SECONDS;
    Measurement {
        metric: "throughput".to_owned(),
        subject: Quoted::own(ALL),
        value: is_enough.then_some(mean),
        interval: is_enough.then_some((mean - half, mean + half)),
        unit: Unit::PerSecond,
        samples: totals.good.get(),
        series: whole.iter().enumerate().map(|(at, good)| (at as f64, *good as f64)).collect(),
    }
}

fn errors(totals: &Totals) -> Measurement {
    let (bad, all) = (totals.bad.get(), totals.bad.get() + totals.good.get());
    Measurement {
        metric: "error-rate".to_owned(),
        subject: Quoted::own(ALL),
        value: (all > 0).then(|| share(bad, all)),
        interval: share_interval(bad, all),
        unit: Unit::Ratio,
        samples: all,
        series: Vec::new(),
    }
}
