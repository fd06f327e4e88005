//! What a check brings home: findings, and an honest word on what it looked at.

use serde::{Deserialize, Serialize};

use super::{Fact, Finding, Measurement};
use crate::rule::RuleId;

/// How far a check got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "reason", rename_all = "lowercase")]
pub enum Ran {
    /// It looked at all that there is.
    Complete,
    /// It was not asked for, or has nothing to look with. Not counted as incomplete.
    Skipped(String),
    /// It was asked for and looked at a part.
    Partial(String),
    /// It was asked for and could not look.
    Failed(String),
}

impl Ran {
    /// Whether the user asked for more than was done.
    pub const fn is_incomplete(&self) -> bool {
        matches!(self, Self::Partial(_) | Self::Failed(_))
    }
}

/// Something that was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// A path, a route, a host.
    pub subject: String,
    /// Why, and what to do about it.
    pub reason: String,
    /// Whether the user asked for it, so that the run is incomplete.
    pub incomplete: bool,
}

/// What one check brought home.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The check's name, `secrets`, `code/python`, `live/headers`.
    pub check: String,
    /// The rules that it answers for. What did not run never passes.
    pub rules: Vec<RuleId>,
    /// How far it got.
    pub ran: Ran,
    /// Number of files, packages, routes that it looked at. With zero, nothing passes.
    pub looked_at: u64,
    /// What it found.
    pub findings: Vec<Finding>,
    /// What it learned that others may use.
    pub facts: Vec<Fact>,
    /// What it measured.
    pub measurements: Vec<Measurement>,
    /// What it did not look at.
    pub gaps: Vec<Gap>,
}

impl Outcome {
    /// An outcome with nothing in it yet.
    pub fn new(check: &str, rules: Vec<RuleId>, ran: Ran) -> Self {
        Self {
            check: check.to_owned(),
            rules,
            ran,
            looked_at: 0,
            findings: Vec::new(),
            facts: Vec::new(),
            measurements: Vec::new(),
            gaps: Vec::new(),
        }
    }

    /// Notes something that was not looked at. If the user asked for it, the outcome is no longer complete.
    pub fn leave_out(&mut self, gap: Gap) {
        if gap.incomplete && self.ran == Ran::Complete {
            self.ran = Ran::Partial(format!("{}: {}", gap.subject, gap.reason));
        }
        self.gaps.push(gap);
    }
}
