//! The answer to each control. What did not run, or looked at nothing, never makes one pass.

use std::collections::BTreeSet;

use super::Policy;
use crate::{
    finding::{Outcome, Ran},
    report::{BudgetRow, BudgetVerdict, ControlRow, JudgedFinding, Status, Verdict},
    rule::{Answer, Control, RuleId, Severity, set},
};

/// One row for each control of the table, in its order.
pub(super) fn rows(
    outcomes: &[Outcome],
    findings: &[JudgedFinding],
    budgets: &[BudgetRow],
    policy: &Policy<'_>,
) -> Vec<ControlRow> {
    let controls = set::controls();
    controls.iter().map(|control| row(control, outcomes, findings, budgets, policy)).collect()
}

/// What is known about one control.
struct Evidence {
    open: u64,
    looked: BTreeSet<Answer>,
    empty: bool,
    /// Why what is there was not looked at, though nobody asked for more.
    passed_over: Vec<String>,
    unfinished: Vec<String>,
    has_rules: bool,
    /// Whether a deployment was audited at all.
    has_target: bool,
}

fn row(
    control: &Control,
    outcomes: &[Outcome],
    findings: &[JudgedFinding],
    budgets: &[BudgetRow],
    policy: &Policy<'_>,
) -> ControlRow {
    let rules = rules_of(control, policy);
    let mut evidence = Evidence {
        open: open(&rules, findings),
        looked: BTreeSet::new(),
        empty: false,
        passed_over: Vec::new(),
        unfinished: Vec::new(),
        has_rules: !rules.is_empty(),
        has_target: outcomes.iter().any(|outcome| outcome.check.starts_with("live/")),
    };
    for outcome in outcomes.iter().filter(|outcome| outcome.rules.iter().any(|r| rules.contains(r)))
    {
        evidence.take(outcome);
    }
    let judged = budgets.iter().filter(|row| rules.contains(&row.rule));
    for row in judged.filter(|row| row.verdict == BudgetVerdict::Pass) {
        debug_assert!(row.value.is_some(), "a budget passes by a value");
        evidence.looked.insert(Answer::Live);
    }
    evidence.answer(control, policy)
}

/// The rules that answer a control and are wanted.
fn rules_of(control: &Control, policy: &Policy<'_>) -> BTreeSet<RuleId> {
    let slots = policy.rules.slots().iter();
    let answers = slots.filter(|slot| slot.controls.iter().any(|id| id == control.id.as_str()));
    answers.map(|slot| RuleId::new(&slot.id)).filter(|id| policy.wants(id)).collect()
}

fn open(rules: &BTreeSet<RuleId>, findings: &[JudgedFinding]) -> u64 {
    let is_open = |judged: &&JudgedFinding| {
        let verdict =
            matches!(judged.verdict, Verdict::Blocking | Verdict::Reported | Verdict::Baseline);
        verdict && judged.finding.severity > Severity::Note && rules.contains(&judged.finding.rule)
    };
    findings.iter().filter(is_open).count() as u64
}

impl Evidence {
    fn take(&mut self, outcome: &Outcome) {
        let answer = if outcome.check.starts_with("live/") { Answer::Live } else { Answer::Static };
        match &outcome.ran {
            Ran::Complete if outcome.looked_at > 0 => drop(self.looked.insert(answer)),
            Ran::Complete => match outcome.gaps.first() {
                Some(gap) => self.passed_over.push(format!("{}: {}", gap.subject, gap.reason)),
                None => self.empty = true,
            },
            Ran::Skipped(_) => {}
            Ran::Partial(reason) | Ran::Failed(reason) => {
                self.unfinished.push(format!("{}: {reason}", outcome.check));
            }
        }
        let gaps = outcome.gaps.iter().filter(|gap| gap.incomplete);
        self.unfinished.extend(gaps.map(|gap| format!("{}: {}", gap.subject, gap.reason)));
    }

    fn answer(self, control: &Control, policy: &Policy<'_>) -> ControlRow {
        let attested = policy.attested.iter().find(|attestation| {
            attestation.control == control.id && control.by.contains(&Answer::Attested)
        });
        let counts = attested.filter(|attestation| attestation.until >= policy.today);
        let (status, because) = if self.open > 0 {
            (Status::Fail, String::new())
        } else if let Some(attestation) = counts {
            let words = format!("{} on {}, {}", attestation.by, attestation.date, attestation.link);
            (Status::Attested, words)
        } else if let Some(reason) = self.unfinished.first() {
            (Status::NotAssessed, reason.clone())
        } else if let Some(reason) = self.passed_over.first() {
            (Status::NotAssessed, reason.clone())
        } else if !self.looked.is_empty() {
            (Status::Pass, self.left_out(control))
        } else if let Some(ended) = attested {
            (Status::NotAssessed, format!("the attestation ended on {}", ended.until))
        } else if self.empty && !control.by.contains(&Answer::Live) {
            (Status::NotApplicable, "nothing of this kind is in the tree".to_owned())
        } else {
            (Status::NotAssessed, self.how_to_have_it(control))
        };
        let by = match status {
            Status::Attested => vec![Answer::Attested],
            _ => self.looked.into_iter().collect(),
        };
        ControlRow {
            control: control.id.clone(),
            area: control.area.clone(),
            title: control.title.clone(),
            status,
            by,
            open: self.open,
            because,
        }
    }

    /// A pass by one half says that the other half did not look.
    fn left_out(&self, control: &Control) -> String {
        let missing =
            |answer: Answer| control.by.contains(&answer) && !self.looked.contains(&answer);
        match (missing(Answer::Static), missing(Answer::Live)) {
            (false, false) => String::new(),
            (true, _) => "by the deployment only; no static check looked at this".to_owned(),
            (_, true) => "by the repository only; no live check looked at this".to_owned(),
        }
    }

    fn how_to_have_it(&self, control: &Control) -> String {
        let live = control.by.contains(&Answer::Live);
        let attested = control.by.contains(&Answer::Attested);
        let words = match (self.has_rules, live, attested) {
            (false, _, true) | (true, false, true) => "name who answers for it under `attested:`",
            (false, _, false) => "no check answers this yet",
            (true, true, _) if self.has_target => {
                "nothing conclusive was measured; --load measures latency, throughput and errors"
            }
            (true, true, _) => "name a deployment: --target URL",
            (true, false, _) => "no check ran on anything",
        };
        words.to_owned()
    }
}
