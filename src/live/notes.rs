//! What one probe notes, and what becomes of it: three verdicts, not two.

use crate::{
    finding::{Finding, Gap, Outcome, Ran},
    rule::RuleId,
    target::SendError,
};

/// Why nothing can be said after 429.
pub(super) const LIMITED: &str = "the target limits requests (429)";

/// Whether the status says how the target is, and nothing of what was asked.
pub(super) const fn is_disturbance(status: u16) -> bool {
    matches!(status, 429 | 500 | 502..=504)
}

/// What a probe saw.
#[derive(Default)]
pub(super) struct Notes {
    /// Subjects about which something could be said.
    pub(super) looked_at: u64,
    /// What is wrong.
    pub(super) findings: Vec<Finding>,
    inconclusive: Vec<Inconclusive>,
    nothing: Option<String>,
    stopped: Option<String>,
}

/// A subject of which nothing can be said.
struct Inconclusive {
    subject: String,
    reason: String,
    /// Whether the target did not answer as it might have: another time it could be told.
    is_disturbed: bool,
}

impl Notes {
    /// There is nothing to look at, for a reason that the user can do something about.
    pub(super) fn nothing(reason: &str) -> Self {
        Self { nothing: Some(reason.to_owned()), ..Self::default() }
    }

    /// One subject was looked at.
    pub(super) fn one() -> Self {
        Self { looked_at: 1, ..Self::default() }
    }

    /// Nothing can be said of this subject, by its nature.
    pub(super) fn inconclusive(&mut self, subject: &str, reason: &str) {
        self.note(subject, reason, false);
    }

    /// Nothing can be said of this subject now: the target limits requests, is not well, or was not asked.
    pub(super) fn disturbed(&mut self, subject: &str, reason: &str) {
        self.note(subject, reason, true);
    }

    fn note(&mut self, subject: &str, reason: &str, is_disturbed: bool) {
        let (subject, reason) = (subject.to_owned(), reason.to_owned());
        self.inconclusive.push(Inconclusive { subject, reason, is_disturbed });
    }

    /// A request got no answer: inconclusive for this subject, or the end. Whether it is the end.
    pub(super) fn failed(&mut self, subject: &str, error: &SendError) -> bool {
        if error.is_final() {
            self.stop(&error.to_string());
            return true;
        }
        self.note(subject, &error.to_string(), error.is_disturbance());
        false
    }

    /// The probe can not go on.
    pub(super) fn stop(&mut self, reason: &str) {
        self.stopped.get_or_insert_with(|| reason.to_owned());
    }

    /// The outcome for one rule. What is inconclusive never passes.
    pub(super) fn outcome(self, rule: &RuleId) -> Outcome {
        let disturbed = self.inconclusive.iter().find(|subject| subject.is_disturbed);
        let disturbed = disturbed.map(Inconclusive::text);
        let ran = match (self.stopped.or(disturbed), self.looked_at) {
            (Some(reason), _) => Ran::Partial(reason),
            (None, 0) => Ran::Skipped(match (self.inconclusive.first(), self.nothing) {
                (Some(subject), _) => subject.text(),
                (None, Some(reason)) => reason,
                (None, None) => "there was nothing to look at".to_owned(),
            }),
            (None, _) => Ran::Complete,
        };
        let mut outcome = Outcome::new(rule.as_str(), vec![rule.clone()], ran);
        outcome.looked_at = self.looked_at;
        outcome.findings = self.findings;
        outcome.gaps = self.inconclusive.into_iter().map(Inconclusive::gap).collect();
        outcome
    }
}

impl Inconclusive {
    fn text(&self) -> String {
        format!("inconclusive: {}: {}", self.subject, self.reason)
    }

    fn gap(self) -> Gap {
        Gap { subject: self.subject, reason: self.reason, incomplete: self.is_disturbed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(looked_at: u64, note: impl Fn(&mut Notes)) -> Outcome {
        let mut notes = Notes { looked_at, ..Notes::default() };
        note(&mut notes);
        notes.outcome(&RuleId::new("live/unhealthy"))
    }

    #[test]
    fn what_the_target_did_not_answer_is_partial_and_what_it_refuses_is_not() {
        for looked_at in [0, 3] {
            let limited = outcome(looked_at, |notes| notes.disturbed("/a", "limited"));
            assert_eq!(limited.ran, Ran::Partial("inconclusive: /a: limited".to_owned()));
            assert_eq!(limited.looked_at, looked_at);
            assert!(limited.gaps[0].incomplete);
            let late = outcome(looked_at, |notes| {
                notes.inconclusive("/b", "its baseline is 403");
                assert!(!notes.failed("/a", &SendError::Timeout));
            });
            assert!(matches!(late.ran, Ran::Partial(reason) if reason.contains("no answer")));
        }
        let refused = outcome(0, |notes| notes.inconclusive("/a", "its baseline is 403"));
        assert!(matches!(refused.ran, Ran::Skipped(_)) && !refused.gaps[0].incomplete);
        let some = outcome(2, |notes| notes.inconclusive("/a", "its baseline is 403"));
        assert_eq!(some.ran, Ran::Complete);
        let ended = outcome(2, |notes| assert!(notes.failed("/a", &SendError::Time)));
        assert!(matches!(ended.ran, Ran::Partial(_)));
    }
}
