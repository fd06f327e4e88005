//! Puts findings and controls into the order in which people read them.

use std::collections::BTreeMap;

use crate::{
    report::{ControlRow, JudgedFinding, Report, RuleHead, Status},
    rule::{RuleId, Severity},
};

/// Findings of one rule at one severity.
pub(super) struct Group<'a> {
    /// Their severity.
    pub(super) severity: Severity,
    /// Their rule.
    pub(super) rule: &'a RuleId,
    /// What is known of the rule.
    pub(super) head: Option<&'a RuleHead>,
    /// The findings, in the report's order; at least one.
    pub(super) findings: Vec<&'a JudgedFinding>,
}

/// The findings that are shown, in groups: worst first, then by the place of each group's first one.
pub(super) fn groups(report: &Report) -> Vec<Group<'_>> {
    let mut known: BTreeMap<(Severity, &RuleId), usize> = BTreeMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for judged in report.shown() {
        let (severity, rule) = (judged.finding.severity, &judged.finding.rule);
        let at = *known.entry((severity, rule)).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Group { severity, rule, head: report.rule(rule), findings: vec![] });
        }
        groups[at].findings.push(judged);
    }
    // Stable: within a severity, groups stay in the order of their first places.
    groups.sort_by_key(|group| std::cmp::Reverse(group.severity));
    groups
}

/// Things that share a reason.
pub(super) struct Shared<'a, T> {
    /// The reason.
    pub(super) reason: &'a str,
    /// The things, in the report's order.
    pub(super) members: Vec<&'a T>,
}

/// The controls that are not assessed, by reason, the commonest reason first.
pub(super) fn not_assessed(report: &Report) -> Vec<Shared<'_, ControlRow>> {
    let open = report.controls.iter().filter(|row| row.status == Status::NotAssessed);
    by_reason(open, |row| &row.because)
}

/// What was not looked at and was not asked for, by reason, the commonest reason first.
pub(super) fn gaps(report: &Report) -> Vec<Shared<'_, crate::finding::Gap>> {
    by_reason(report.gaps.iter().filter(|gap| !gap.incomplete), |gap| &gap.reason)
}

fn by_reason<'a, T>(
    things: impl Iterator<Item = &'a T>,
    reason: impl Fn(&'a T) -> &'a str,
) -> Vec<Shared<'a, T>> {
    let mut shared: Vec<Shared<'a, T>> = Vec::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for thing in things {
        let at = *known.entry(reason(thing)).or_insert(shared.len());
        if at == shared.len() {
            shared.push(Shared { reason: reason(thing), members: Vec::new() });
        }
        shared[at].members.push(thing);
    }
    shared.sort_by_key(|group| std::cmp::Reverse(group.members.len()));
    shared
}
