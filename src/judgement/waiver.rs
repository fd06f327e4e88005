//! Waivers: findings that someone accepts, for a reason and until a day.

use globset::GlobMatcher;
use jiff::civil::Date;

use super::Policy;
use crate::{
    finding::{Finding, InlineWaiver, Place, Quoted, RepoPath},
    rule::{Kind, RuleId},
};

/// A waiver of the configuration.
pub struct WaiverRule {
    /// The rules that it covers: one, or those that another tool's id stands for.
    pub rules: Vec<RuleId>,
    /// Where it applies.
    pub scope: WaiverScope,
    /// Why.
    pub reason: Quoted,
    /// The last day on which it counts.
    pub until: Date,
}

/// Where a waiver applies.
pub enum WaiverScope {
    /// Everywhere.
    All,
    /// In files of these paths.
    Path(GlobMatcher),
    /// At these routes of the target.
    Route(GlobMatcher),
}

impl WaiverRule {
    fn covers(&self, finding: &Finding) -> bool {
        self.rules.contains(&finding.rule)
            && match &self.scope {
                WaiverScope::All => true,
                WaiverScope::Path(glob) => {
                    finding.place.own_file().is_some_and(|at| glob.is_match(at.path.as_str()))
                }
                WaiverScope::Route(glob) => match &finding.place {
                    Place::Request { request, .. } => glob.is_match(&request.route),
                    _ => false,
                },
            }
    }

    fn words(&self) -> String {
        let rules: Vec<_> = self.rules.iter().map(RuleId::as_str).collect();
        let scope = match &self.scope {
            WaiverScope::All => String::new(),
            WaiverScope::Path(glob) | WaiverScope::Route(glob) => format!(" at {}", glob.glob()),
        };
        format!("the waiver of {}{scope}", rules.join(", "))
    }
}

/// Whether a finding is excused.
pub(super) enum Excuse {
    /// It is, for this reason.
    Counts(Quoted),
    /// It would be, if the waiver stood at the base.
    Proposed(Quoted),
    /// It is not.
    None,
}

/// Hands out excuses, and remembers which waivers were used.
pub(super) struct Desk<'a> {
    policy: &'a Policy<'a>,
    used: Vec<bool>,
    used_inline: Vec<bool>,
}

impl<'a> Desk<'a> {
    /// A desk at which no waiver has been used yet.
    pub(super) fn new(policy: &'a Policy<'a>) -> Self {
        let used = vec![false; policy.waivers.len()];
        let used_inline = vec![false; policy.inline.len()];
        Self { policy, used, used_inline }
    }

    /// The first valid excuse for a finding: the configuration is asked before comments in the file.
    pub(super) fn excuse(&mut self, finding: &Finding) -> Excuse {
        for (at, waiver) in self.policy.waivers.iter().enumerate() {
            if waiver.covers(finding) {
                self.used[at] = true;
                if waiver.until >= self.policy.today {
                    return Excuse::Counts(waiver.reason.clone());
                }
            }
        }
        self.inline(finding)
    }

    fn inline(&mut self, finding: &Finding) -> Excuse {
        // Comments of today say nothing of a text of the past.
        let Some(place) = finding.place.file().filter(|place| place.commit.is_none()) else {
            return Excuse::None;
        };
        let is_secret = finding.rule.kind() == Some(Kind::Secret);
        for (at, (path, waiver)) in self.policy.inline.iter().enumerate() {
            let (line, last) = (place.span.start_line, place.span.end_line);
            let is_here = match &waiver.rule {
                Some(rule) => {
                    *rule == finding.rule && (waiver.line == line || waiver.covers == line)
                }
                // Other tools say it on any line of the credential.
                None => is_secret && (line..=last).contains(&waiver.covers),
            };
            if !is_here || *path != place.path || waiver.reason.as_str().is_empty() {
                continue;
            }
            self.used_inline[at] = true;
            return if self.stands_at_base(path, waiver) {
                Excuse::Counts(waiver.reason.clone())
            } else {
                Excuse::Proposed(waiver.reason.clone())
            };
        }
        Excuse::None
    }

    /// A pull request can not weaken its own audit: what it brings itself is a proposal.
    fn stands_at_base(&self, path: &RepoPath, waiver: &InlineWaiver) -> bool {
        let Some(base) = &self.policy.inline_at_base else { return true };
        let is_same = |known: &RepoPath, at_base: &InlineWaiver| {
            let words = (&at_base.rule, &at_base.reason, &at_base.covered);
            known == path && words == (&waiver.rule, &waiver.reason, &waiver.covered)
        };
        // A copy of the comment and of its line would excuse what is new.
        let here = self
            .policy
            .inline
            .iter()
            .filter(|(known, other)| is_same(known, other) && other.line <= waiver.line);
        here.count() <= base.iter().filter(|(known, at_base)| is_same(known, at_base)).count()
    }

    /// What is to be said of waivers that did nothing.
    pub(super) fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        for (waiver, used) in self.policy.waivers.iter().zip(&self.used) {
            if waiver.until < self.policy.today {
                notices.push(format!("{} ended on {}", waiver.words(), waiver.until));
            } else if !used {
                notices.push(format!("{} matches nothing: remove it", waiver.words()));
            }
        }
        for ((path, waiver), used) in self.policy.inline.iter().zip(&self.used_inline) {
            if waiver.reason.as_str().is_empty() {
                notices.push(format!("{path}:{}: a waiver needs a reason", waiver.line));
            } else if !used && let Some(rule) = &waiver.rule {
                notices
                    .push(format!("{path}:{}: the waiver of {rule} matches nothing", waiver.line));
            }
        }
        notices
    }
}
