//! Puts findings and controls into the order in which people read them.

use std::collections::BTreeMap;

use crate::{
    finding::{Evidence, Finding, Gap, Place, Step},
    report::{ControlRow, JudgedFinding, Report, RuleHead, Status},
    rule::{RuleId, Severity, Tier},
};

/// The label of the evidence that tells in short how a package comes into the project.
pub(super) const REQUIRED_BY: &str = "required by";

/// Things that are named of those that share a reason.
const MOST_NAMED: usize = 3;

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

impl<'a> Group<'a> {
    /// The findings by their lockfile, in the report's order, if they are several that only warn of packages:
    /// told one by one, notices of old packages would drown the rest.
    pub(super) fn by_lockfile(&self) -> Option<Vec<Vec<&'a JudgedFinding>>> {
        let warns = |judged: &&JudgedFinding| {
            let is_package = matches!(judged.finding.place, Place::Package { .. });
            is_package && judged.finding.tier == Tier::Warning
        };
        if self.findings.len() < 2 || !self.findings.iter().all(warns) {
            return None;
        }
        let mut lockfiles: Vec<Vec<&JudgedFinding>> = Vec::new();
        let mut known: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for judged in &self.findings {
            let path = judged.finding.place.file().map(|at| at.path.as_str());
            let at = *known.entry(path).or_insert(lockfiles.len());
            if at == lockfiles.len() {
                lockfiles.push(Vec::new());
            }
            lockfiles[at].push(judged);
        }
        Some(lockfiles)
    }
}

/// The steps by which a package comes into the project, if they are known.
pub(super) fn way(finding: &Finding) -> Option<&[Step]> {
    let is_package = matches!(finding.place, Place::Package { .. });
    Some(finding.flow.as_slice()).filter(|flow| is_package && !flow.is_empty())
}

/// The proof, without the line that tells the way of a package in short, where the way itself is shown.
pub(super) fn evidence(finding: &Finding) -> impl Iterator<Item = &Evidence> {
    let is_told = way(finding).is_some();
    finding.evidence.iter().filter(move |evidence| !is_told || evidence.label != REQUIRED_BY)
}

/// The other places of a finding, without the one that its way begins with.
pub(super) fn related(finding: &Finding) -> &[Step] {
    match (finding.related.as_slice(), finding.flow.first()) {
        ([first, rest @ ..], Some(start)) if first == start => rest,
        (all, _) => all,
    }
}

/// Things that share a reason.
pub(super) struct Shared<'a, T> {
    /// The reason.
    pub(super) reason: &'a str,
    /// The things, in the report's order.
    pub(super) members: Vec<&'a T>,
}

impl<T> Shared<'_, T> {
    /// Some of the things by name, and the reason.
    pub(super) fn line(&self, name: impl Fn(&T) -> &str) -> String {
        let names: Vec<&str> = self.members.iter().take(MOST_NAMED).map(|one| name(one)).collect();
        let more = match self.members.len() - names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{}{more}: {}", names.join(", "), self.reason)
    }
}

/// The controls that are not assessed, by reason, the commonest reason first.
pub(super) fn not_assessed(report: &Report) -> Vec<Shared<'_, ControlRow>> {
    let open = report.controls.iter().filter(|row| row.status == Status::NotAssessed);
    by_reason(open, |row| &row.because)
}

/// What was not looked at and was not asked for, by reason, the commonest reason first.
pub(super) fn gaps(report: &Report) -> Vec<Shared<'_, Gap>> {
    by_reason(report.gaps.iter().filter(|gap| !gap.incomplete), |gap| &gap.reason)
}

/// What was asked for and not finished, every reason once, with some of the things that it is about.
pub(super) fn incomplete(report: &Report) -> Vec<String> {
    let of_gap = |gap: &Gap| (format!("{}: {}", gap.subject, gap.reason), gap.clone());
    let gaps = report.gaps.iter().filter(|gap| gap.incomplete);
    let gaps: BTreeMap<String, Gap> = gaps.map(of_gap).collect();
    let split = |line: &String| match gaps.get(line) {
        Some(gap) => (gap.subject.clone(), gap.reason.clone()),
        None => (String::new(), line.clone()),
    };
    let lines: Vec<(String, String)> = report.incomplete.iter().map(split).collect();
    let shared = by_reason(lines.iter(), |(_, reason)| reason);
    let line = |group: &Shared<'_, (String, String)>| match group.members.as_slice() {
        [(subject, reason)] if subject.is_empty() => reason.clone(),
        _ => group.line(|(subject, _)| subject),
    };
    shared.iter().map(line).collect()
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
