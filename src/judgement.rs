//! What the outcomes mean: which findings block, which controls pass, whether it may ship.
//!
//! Everything here is pure: the same outcomes under the same policy give the same report.

pub mod baseline;
mod budget;
mod control;
pub mod correlate;
mod waiver;

pub use baseline::{Baseline, BaselineEntry};
pub use correlate::Anchors;
pub use waiver::{WaiverRule, WaiverScope};

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobSet;
use jiff::civil::Date;

use crate::{
    config::Attestation,
    finding::{Finding, Fingerprint, Gap, InlineWaiver, Outcome, Quoted, Ran, RepoPath},
    report::{
        CheckRow, Gate, JudgedFinding, Report, RuleHead, SCHEMA_VERSION, Subject, Summary, Verdict,
    },
    rule::{Budget, Kind, Rule, RuleId, RuleSet, Severity, Tier, set},
};

/// What findings are judged by.
pub struct Policy<'a> {
    /// The rules of the run.
    pub rules: &'a RuleSet,
    /// The gate.
    pub gate: Gate,
    /// The day of the run, on which waivers and attestations end.
    pub today: Date,
    /// Whether rules of the pedantic tier are shown.
    pub pedantic: bool,
    /// The compartments that were asked for.
    pub kinds: BTreeSet<Kind>,
    /// Rules that do not apply.
    pub disabled: BTreeSet<RuleId>,
    /// Other severities.
    pub severities: BTreeMap<RuleId, Severity>,
    /// Paths that are not judged.
    pub exclude: GlobSet,
    /// Waivers of the configuration.
    pub waivers: Vec<WaiverRule>,
    /// Waivers in comments of the audited tree.
    pub inline: Vec<(RepoPath, InlineWaiver)>,
    /// Waivers in comments at the tip of the base; `None` without `--base`.
    pub inline_at_base: Option<Vec<(RepoPath, InlineWaiver)>>,
    /// Fingerprints of the merge base's findings, each as often as it stands there.
    pub known: Vec<Fingerprint>,
    /// Adopted legacy findings.
    pub baseline: Option<Baseline>,
    /// Controls that a person answers for.
    pub attested: Vec<Attestation>,
    /// Limits for measurements, after configuration.
    pub budgets: Vec<Budget>,
    /// What else the reader should know: a stale advisory database.
    pub notices: Vec<String>,
    /// Where findings without a file are shown.
    pub anchors: Anchors,
    /// Version of the program, for the report.
    pub tool_version: &'static str,
}

impl<'a> Policy<'a> {
    /// The policy of a project without configuration: critical findings block, all kinds are asked for.
    pub fn plain(rules: &'a RuleSet, today: Date) -> Self {
        Self {
            rules,
            gate: Gate { fail_on: Some(Severity::Critical), strict: false },
            today,
            pedantic: false,
            kinds: Kind::ALL.into_iter().collect(),
            disabled: BTreeSet::new(),
            severities: BTreeMap::new(),
            exclude: GlobSet::empty(),
            waivers: Vec::new(),
            inline: Vec::new(),
            inline_at_base: None,
            known: Vec::new(),
            baseline: None,
            attested: Vec::new(),
            budgets: set::budgets(),
            notices: Vec::new(),
            anchors: Anchors::default(),
            tool_version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Whether a rule's findings are wanted.
    fn wants(&self, rule: &RuleId) -> bool {
        let asked = rule.kind().is_some_and(|kind| self.kinds.contains(&kind));
        asked && !self.disabled.contains(rule)
    }
}

/// Judges what the checks brought home.
pub fn judge(mut outcomes: Vec<Outcome>, policy: &Policy<'_>, subject: Subject) -> Report {
    correlate::place(&mut outcomes, &policy.anchors);
    let budgets = budget::judge(&outcomes, policy);
    let owners = owners(&outcomes);
    let mut findings: Vec<Finding> =
        outcomes.iter_mut().flat_map(|outcome| std::mem::take(&mut outcome.findings)).collect();
    findings.extend(budgets.findings);
    findings.retain(|finding| policy.wants(&finding.rule));
    findings.retain(|finding| policy.pedantic || finding.tier != Tier::Pedantic);
    findings.sort_by_cached_key(|finding| (finding.place.order(), finding.rule.clone()));
    findings.dedup();
    let (findings, mut notices) = give_verdicts(findings, policy);
    notices.extend(policy.notices.iter().cloned());
    let checks = check_rows(&outcomes, &owners, &findings, policy);
    let controls = control::rows(&outcomes, &findings, &budgets.rows, policy);
    let incomplete = incomplete(&outcomes, policy);
    let mut report = Report {
        schema_version: SCHEMA_VERSION,
        tool_version: policy.tool_version.to_owned(),
        subject,
        passed: false,
        gate: policy.gate.clone(),
        summary: Summary::default(),
        rules: rule_heads(&findings, &outcomes, policy),
        findings,
        incomplete,
        gaps: gaps(&outcomes),
        checks,
        controls,
        measurements: outcomes.into_iter().flat_map(|outcome| outcome.measurements).collect(),
        budgets: budgets.rows,
        notices,
    };
    count(&mut report);
    report
}

/// Judges a report by another gate: what is excused stays so, and whether the rest blocks is decided anew.
pub fn judge_again(report: &mut Report, gate: Gate) {
    for judged in report.findings.iter_mut().filter(|judged| judged.verdict.is_shown()) {
        judged.verdict = open(&judged.finding, &gate);
    }
    report.gate = gate;
    count(report);
}

fn count(report: &mut Report) {
    report.summary = summary(report);
    report.passed = report.exit_code() == 0;
}

/// What nothing excuses.
fn open(finding: &Finding, gate: &Gate) -> Verdict {
    let blocks = finding.tier == Tier::Default
        && gate.fail_on.is_some_and(|least| finding.severity >= least);
    if blocks { Verdict::Blocking } else { Verdict::Reported }
}

fn give_verdicts(findings: Vec<Finding>, policy: &Policy<'_>) -> (Vec<JudgedFinding>, Vec<String>) {
    let mut known = baseline::Known::new(policy);
    let mut waivers = waiver::Desk::new(policy);
    let mut judged: Vec<JudgedFinding> = Vec::with_capacity(findings.len());
    for mut finding in findings {
        if let Some(severity) = policy.severities.get(&finding.rule) {
            finding.severity = *severity;
        }
        let (verdict, because) = verdict(&finding, policy, &mut known, &mut waivers);
        let control = policy.rules.get(&finding.rule).map(|rule| rule.control.clone());
        let Some(control) = control else { continue };
        judged.push(JudgedFinding { finding, control, verdict, because });
    }
    let mut notices = waivers.notices();
    notices.extend(known.notices());
    (judged, notices)
}

fn verdict(
    finding: &Finding,
    policy: &Policy<'_>,
    known: &mut baseline::Known,
    waivers: &mut waiver::Desk<'_>,
) -> (Verdict, Option<Quoted>) {
    // Each is asked even if an earlier one has answered: a waiver that matches is never called unused.
    let is_known = known.take(&finding.fingerprint);
    let waived = waivers.excuse(finding);
    if finding.place.own_file().is_some_and(|at| policy.exclude.is_match(at.path.as_str())) {
        return (Verdict::Excluded, None);
    }
    let open = open(finding, &policy.gate);
    match waived {
        waiver::Excuse::Counts(reason) => (Verdict::Waived, Some(reason)),
        _ if is_known => (Verdict::Baseline, None),
        waiver::Excuse::Proposed(reason) => {
            let words = Quoted::own("a waiver is proposed and does not count yet: ");
            (open, Some(Quoted::concat(&[words, reason])))
        }
        waiver::Excuse::None => (open, None),
    }
}

/// Which check brought each finding home: several may answer for one rule.
fn owners(outcomes: &[Outcome]) -> BTreeMap<Fingerprint, String> {
    let of = |outcome: &Outcome| {
        let check = outcome.check.clone();
        let owned =
            outcome.findings.iter().map(move |found| (found.fingerprint.clone(), check.clone()));
        owned.collect::<Vec<_>>()
    };
    outcomes.iter().flat_map(of).collect()
}

fn check_rows(
    outcomes: &[Outcome],
    owners: &BTreeMap<Fingerprint, String>,
    findings: &[JudgedFinding],
    policy: &Policy<'_>,
) -> Vec<CheckRow> {
    let wanted = outcomes.iter().filter(|outcome| is_asked(outcome, policy));
    let found = |outcome: &Outcome| {
        let is_its = |judged: &&JudgedFinding| {
            let owner = owners.get(&judged.finding.fingerprint);
            outcome.rules.contains(&judged.finding.rule)
                && owner.is_none_or(|owner| *owner == outcome.check)
        };
        findings.iter().filter(is_its).count() as u64
    };
    let row = |outcome: &Outcome| CheckRow {
        check: outcome.check.clone(),
        ran: outcome.ran.clone(),
        looked_at: outcome.looked_at,
        findings: found(outcome),
    };
    wanted.map(row).collect()
}

/// Whether the user asked for anything that the outcome answers for.
fn is_asked(outcome: &Outcome, policy: &Policy<'_>) -> bool {
    outcome.rules.is_empty() || outcome.rules.iter().any(|rule| policy.wants(rule))
}

fn incomplete(outcomes: &[Outcome], policy: &Policy<'_>) -> Vec<String> {
    let mut reasons = Vec::new();
    for outcome in outcomes.iter().filter(|outcome| is_asked(outcome, policy)) {
        let gaps = outcome.gaps.iter().filter(|gap| gap.incomplete);
        let gaps: Vec<_> = gaps.map(|gap| format!("{}: {}", gap.subject, gap.reason)).collect();
        match &outcome.ran {
            // The gaps say the same, each by its own name.
            Ran::Partial(_) if !gaps.is_empty() => {}
            Ran::Partial(reason) | Ran::Failed(reason) => {
                reasons.push(format!("{}: {reason}", outcome.check));
            }
            Ran::Complete | Ran::Skipped(_) => {}
        }
        reasons.extend(gaps);
    }
    reasons.sort();
    reasons.dedup();
    reasons
}

fn gaps(outcomes: &[Outcome]) -> Vec<Gap> {
    let all = outcomes.iter().flat_map(|outcome| outcome.gaps.iter().cloned());
    let unique: BTreeSet<Gap> = all.collect();
    unique.into_iter().collect()
}

fn rule_heads(
    findings: &[JudgedFinding],
    outcomes: &[Outcome],
    policy: &Policy<'_>,
) -> Vec<RuleHead> {
    let looked = outcomes.iter().filter(|outcome| outcome.looked_at > 0);
    let ran = looked.flat_map(|outcome| outcome.rules.iter()).filter(|rule| policy.wants(rule));
    let named = findings.iter().map(|judged| &judged.finding.rule);
    let ids: BTreeSet<&RuleId> = ran.chain(named).collect();
    let heads = ids.into_iter().filter_map(|id| policy.rules.get(id));
    heads.map(|rule| rule_head(rule, policy)).collect()
}

fn rule_head(rule: &Rule, policy: &Policy<'_>) -> RuleHead {
    RuleHead {
        id: rule.id.clone(),
        title: rule.title.clone(),
        severity: policy.severities.get(&rule.id).copied().unwrap_or(rule.severity),
        confidence: rule.confidence,
        tier: rule.tier,
        controls: rule.controls().cloned().collect(),
        cwe: rule.cwe.clone(),
        aliases: rule.aliases.clone(),
        references: rule.references.clone(),
        effort: rule.effort,
        reason: rule.reason.clone(),
        remedy: rule.remedy.clone(),
    }
}

fn summary(report: &Report) -> Summary {
    let mut summary = Summary::default();
    for judged in &report.findings {
        let verdict = Verdict::ALL.iter().position(|verdict| *verdict == judged.verdict);
        summary.verdicts[verdict.unwrap_or_default()] += 1;
        if judged.verdict.is_shown() {
            let worst_first = Severity::WORST_FIRST;
            let at = worst_first.iter().position(|known| *known == judged.finding.severity);
            summary.shown[at.unwrap_or_default()] += 1;
        }
    }
    for row in &report.controls {
        let at = crate::report::Status::ALL.iter().position(|status| *status == row.status);
        summary.controls[at.unwrap_or_default()] += 1;
    }
    summary
}
