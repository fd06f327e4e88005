//! Quantiles of latencies, and how far they can be trusted.
//!
//! The interval of a quantile is that of order statistics (the ranks between which a binomial variable
//! lies with 95 %); it needs no assumption on the distribution.

use hdrhistogram::Histogram;

use crate::finding::{Measurement, Quoted, Unit};

/// Probability that is left out at each side of an interval.
const TAIL: f64 = 0.025;
/// Longest latency that is told apart, in microseconds.
const LONGEST: u64 = 60_000_000;
/// Quantile, metric, and least samples for it to mean anything.
const QUANTILES: &[(f64, &str, u64)] =
    &[(0.5, "latency.p50", 1), (0.95, "latency.p95", 200), (0.99, "latency.p99", 1_000)];
/// Quantiles of which the curve in a chart is made.
const CURVE: &[f64] = &[0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0];

/// Latencies of one subject.
pub(super) struct Latencies(Histogram<u64>);

impl Latencies {
    /// No latencies yet; up to a minute, they are kept to three digits.
    pub(super) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST, 3);
        Self(histogram.expect("the bounds are those that the library allows"))
    }

    /// Counts one latency in; longer ones than a minute count as a minute.
    pub(super) fn note(&mut self, latency: std::time::Duration) {
        self.0.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(LONGEST).max(1));
    }

    /// How many latencies were noted.
    pub(super) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The measurements of one subject: a percentile without enough samples has no value.
    pub(super) fn measurements(&self, subject: &Quoted) -> Vec<Measurement> {
        QUANTILES
            .iter()
            .map(|(quantile, metric, least)| {
                let is_enough = self.count() >= *least;
                Measurement {
                    metric: (*metric).to_owned(),
                    subject: subject.clone(),
                    value: is_enough.then(|| self.milliseconds(*quantile)),
                    interval: if is_enough { self.interval(*quantile) } else { None },
                    unit: Unit::Milliseconds,
                    samples: self.count(),
                    series: if is_enough { self.curve() } else { Vec::new() },
                }
            })
            .collect()
    }

    fn milliseconds(&self, quantile: f64) -> f64 {
        as_milliseconds(self.0.value_at_quantile(quantile))
    }

    fn interval(&self, quantile: f64) -> Option<(f64, f64)> {
        let count = self.count();
        let (low, high) = order_ranks(count, quantile)?;
        let at = |rank: u64| self.milliseconds(share(rank, count));
        Some((at(low), at(high)))
    }

    fn curve(&self) -> Vec<(f64, f64)> {
        CURVE.iter().map(|quantile| (*quantile, self.milliseconds(*quantile))).collect()
    }
}

/// The 95 % interval of a share, by Wilson's formula.
pub(super) fn share_interval(hits: u64, count: u64) -> Option<(f64, f64)> {
    const Z: f64 = 1.959_964;
    if count == 0 {
        return None;
    }
    let (size, rate) = (number(count), share(hits, count));
    let square = Z * Z;
    let middle = rate + square / (2.0 * size);
    let spread = Z * (rate * (1.0 - rate) / size + square / (4.0 * size * size)).sqrt();
    let scale = 1.0 + square / size;
    Some((((middle - spread) / scale).max(0.0), ((middle + spread) / scale).min(1.0)))
}

/// A share of a whole.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    number(part) / number(whole)
}

/// Ranks, from one, between which the quantile of the distribution lies with 95 %; none if the samples are
/// too few for an upper end.
fn order_ranks(count: u64, quantile: f64) -> Option<(u64, u64)> {
    let mut cumulated = 0.0;
    let mut low = 1;
    // Logarithms, because the first terms of a long row are smaller than any number.
    let mut term = number(count) * (1.0 - quantile).ln();
    let step = (quantile / (1.0 - quantile)).ln();
    for below in 0..count {
        cumulated += term.exp();
        if cumulated <= TAIL {
            low = below + 1;
        }
        if cumulated >= 1.0 - TAIL {
            return Some((low, below + 1));
        }
        term += (number(count - below) / number(below + 1)).ln() + step;
    }
    None
}

fn as_milliseconds(microseconds: u64) -> f64 {
    number(microseconds) / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
const fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn latencies(count: u64) -> Latencies {
        let mut latencies = Latencies::new();
        (1..=count).for_each(|millisecond| latencies.note(Duration::from_millis(millisecond)));
        latencies
    }

    #[test]
    fn a_percentile_without_enough_samples_has_no_value() {
        let [p50, p95, p99] =
            latencies(199).measurements(&Quoted::own("GET /")).try_into().unwrap();
        assert!(p50.value.is_some() && p95.value.is_none() && p99.value.is_none());
        let [_, p95, p99] =
            latencies(1_000).measurements(&Quoted::own("GET /")).try_into().unwrap();
        assert!((p95.value.unwrap() - 950.0).abs() < 2.0);
        let (low, high) = p99.interval.unwrap();
        assert!(low < 990.0 && high > 990.0 && high <= 1_001.0, "{low} {high}");
    }

    #[test]
    fn ranks_are_those_of_the_tables() {
        // The median of 20 samples lies between the 6th and the 15th with 95.9 %.
        assert_eq!(order_ranks(20, 0.5), Some((6, 15)));
        assert_eq!(order_ranks(10, 0.99), None);
    }

    #[test]
    fn a_share_of_nothing_in_many_has_a_narrow_interval() {
        let (low, high) = share_interval(0, 1_000).unwrap();
        assert!(low.abs() < 1e-12 && high < 0.004);
        assert_eq!(share_interval(0, 0), None);
    }
}
