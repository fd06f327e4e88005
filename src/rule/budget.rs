//! Limits on measurements, and the rules that speak for a breach.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::definition::RuleId;

/// A limit on one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The rule that speaks for a breach: its title, remedy and controls.
    pub rule: RuleId,
    /// Name of the metric, `latency.p99`.
    pub metric: String,
    /// The limit, `< 500 ms`.
    pub limit: Limit,
}

/// `< VALUE UNIT` or `> VALUE UNIT`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Limit {
    /// Whether smaller values are the good ones.
    pub below: bool,
    /// The bound, in `unit`.
    pub value: f64,
    /// `ms`, `/s`, `B/request`, or empty for a ratio.
    pub unit: String,
}

impl Limit {
    /// Whether `value`, in the limit's own unit, keeps it.
    pub fn holds(&self, value: f64) -> bool {
        if self.below { value < self.value } else { value > self.value }
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let help = || format!("limit `{text}` is not of the form `< 500 ms` or `> 0.7`");
        let below = match words.next() {
            Some("<") => true,
            Some(">") => false,
            _ => return Err(help()),
        };
        let value = words.next().and_then(|word| word.parse().ok()).ok_or_else(help)?;
        let unit = words.next().unwrap_or_default().to_owned();
        Ok(Self { below, value, unit })
    }
}

impl TryFrom<String> for Limit {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Limit> for String {
    fn from(limit: Limit) -> Self {
        limit.to_string()
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.below { '<' } else { '>' };
        write!(f, "{sign} {} {}", self.value, self.unit)?;
        Ok(())
    }
}
