//! Findings that are known: those of the merge base, and legacy ones that were adopted for a time.

use std::collections::HashMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Policy;
use crate::{
    finding::{Fingerprint, RepoPath},
    report::{Report, Verdict},
    rule::RuleId,
};

/// How long adopted findings stay adopted, in days.
const ADOPTED_DAYS: i64 = 90;

/// A file of adopted findings, as `--write-baseline` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The adopted findings, sorted by path, then rule.
    pub findings: Vec<BaselineEntry>,
}

/// One adopted finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineEntry {
    /// The file, for the reader; only the fingerprint counts.
    pub path: Option<RepoPath>,
    /// The rule, for the reader.
    pub rule: RuleId,
    /// What stays the same about the finding.
    pub fingerprint: Fingerprint,
    /// The last day on which it is adopted.
    pub until: String,
}

impl Baseline {
    /// Reads a baseline. Each date must be one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let baseline: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        for entry in &baseline.findings {
            let is_date = entry.until.parse::<Date>().is_ok();
            if !is_date {
                return Err(format!("`{}` is not a date of the form 2027-03-31", entry.until));
            }
        }
        Ok(baseline)
    }

    /// Adopts all findings of a report that are open, for 90 days from `today`, beside those that `old`
    /// has adopted until another day and that are still there.
    pub fn adopt(report: &Report, today: Date, old: Option<&Self>) -> Self {
        let until = today.saturating_add(jiff::Span::new().days(ADOPTED_DAYS)).to_string();
        let mut findings: Vec<_> = report
            .shown()
            .map(|judged| BaselineEntry {
                path: judged.finding.place.file().map(|at| at.path.clone()),
                rule: judged.finding.rule.clone(),
                fingerprint: judged.finding.fingerprint.clone(),
                until: until.clone(),
            })
            .collect();
        let there = |entry: &&BaselineEntry| {
            report.findings.iter().any(|judged| {
                judged.verdict == Verdict::Baseline
                    && judged.finding.fingerprint == entry.fingerprint
            })
        };
        findings.extend(old.iter().flat_map(|old| &old.findings).filter(there).cloned());
        findings.sort();
        Self { findings }
    }
}

/// Counts known findings down, so that a second copy of a known one is new.
pub(super) struct Known {
    left: HashMap<Fingerprint, usize>,
    ended: Vec<String>,
}

impl Known {
    /// Counts what the base or an entry that has not ended knows; what both know counts once.
    pub(super) fn new(policy: &Policy<'_>) -> Self {
        let mut left: HashMap<Fingerprint, usize> = HashMap::new();
        let mut ended = Vec::new();
        let mut adopted: HashMap<Fingerprint, usize> = HashMap::new();
        for fingerprint in &policy.known {
            *left.entry(fingerprint.clone()).or_default() += 1;
        }
        for entry in policy.baseline.iter().flat_map(|baseline| &baseline.findings) {
            let counts = entry.until.parse::<Date>().is_ok_and(|until| until >= policy.today);
            if counts {
                *adopted.entry(entry.fingerprint.clone()).or_default() += 1;
            } else {
                let path = entry.path.as_ref().map_or("the repository", RepoPath::as_str);
                ended.push(format!(
                    "the baseline's entry for {} in {path} ended on {}",
                    entry.rule, entry.until
                ));
            }
        }
        // A finding that both know is one finding: their counts do not add up.
        for entry in policy.baseline.iter().flat_map(|baseline| &baseline.findings) {
            let count = adopted.get(&entry.fingerprint).copied().unwrap_or_default();
            let known = left.entry(entry.fingerprint.clone()).or_default();
            *known = (*known).max(count);
        }
        Self { left, ended }
    }

    /// Uses up one known copy of a finding; false says that this copy is new.
    pub(super) fn take(&mut self, fingerprint: &Fingerprint) -> bool {
        match self.left.get_mut(fingerprint) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    /// A sentence for each entry of the baseline that has ended.
    pub(super) fn notices(self) -> Vec<String> {
        self.ended
    }
}
