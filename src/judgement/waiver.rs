//! Waivers: findings that someone accepts, for a reason and until a day.

use globset::GlobMatcher;
use jiff::civil::Date;

use super::Policy;
use crate::{
    finding::{Excused, FilePlace, Finding, InlineWaiver, Place, Quoted, RepoPath},
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

fn is_excused(finding: &Finding, waiver: &InlineWaiver) -> bool {
    match &waiver.excused {
        Excused::Rule(rule) => *rule == finding.rule,
        Excused::Secrets => finding.rule.kind() == Some(Kind::Secret),
        Excused::Configuration => matches!(
            finding.rule.kind(),
            Some(Kind::Container | Kind::Kubernetes | Kind::Workflow | Kind::Service)
        ),
    }
}

/// Our own comments are about the first line of what is found, those of other tools about any of them.
fn is_here(waiver: &InlineWaiver, place: &FilePlace) -> bool {
    let (first, last) = (place.span.start_line, place.span.end_line.max(place.span.start_line));
    if waiver.is_foreign {
        waiver.covers <= last && first <= waiver.until
    } else {
        waiver.line == first || waiver.covers == first
    }
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
        for (at, (path, waiver)) in self.policy.inline.iter().enumerate() {
            if !is_excused(finding, waiver)
                || !is_here(waiver, place)
                || *path != place.path
                || waiver.reason.as_str().is_empty()
            {
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
            let words = (&at_base.excused, &at_base.reason, &at_base.covered);
            known == path && words == (&waiver.excused, &waiver.reason, &waiver.covered)
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
            } else if !used
                && let Excused::Rule(rule) = &waiver.excused
                && !waiver.is_foreign
            {
                notices
                    .push(format!("{path}:{}: the waiver of {rule} matches nothing", waiver.line));
            }
        }
        notices
    }
}
