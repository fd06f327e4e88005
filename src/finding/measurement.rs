//! Numbers, with their unit and how many samples they stand on.

use serde::{Deserialize, Serialize};

use super::Quoted;

/// The unit of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Events per second.
    #[serde(rename = "/s")]
    PerSecond,
    /// A share between 0 and 1.
    #[serde(rename = "ratio")]
    Ratio,
    /// Bytes per request.
    #[serde(rename = "B/request")]
    BytesPerRequest,
    /// A plain number.
    #[serde(rename = "count")]
    Count,
}

impl Unit {
    /// The unit as budgets write it; a ratio has none.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::PerSecond => "/s",
            Self::Ratio | Self::Count => "",
            Self::BytesPerRequest => "B/request",
        }
    }
}

/// One number about one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// `latency.p99`, as in `rules/budgets.yaml`.
    pub metric: String,
    /// What was measured: `GET /products`.
    pub subject: Quoted,
    /// The value; `None` where there were too few samples for it.
    pub value: Option<f64>,
    /// The 95 % confidence interval, where one is known.
    pub interval: Option<(f64, f64)>,
    /// The unit of `value` and `interval`.
    pub unit: Unit,
    /// How many samples it stands on.
    pub samples: u64,
    /// For charts: (quantile or second, value), in the order in which they are drawn.
    #[serde(default)]
    pub series: Vec<(f64, f64)>,
}
