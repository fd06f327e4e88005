//! Budgets: what the measurements say, by their confidence intervals.

use super::Policy;
use crate::{
    finding::{Finding, Fingerprint, Measurement, Outcome, Place, Quoted, RequestPlace},
    report::{BudgetRow, BudgetVerdict},
    rule::Budget,
};

/// What the budgets say, and the findings that speak for breaches.
pub(super) struct Judged {
    pub(super) rows: Vec<BudgetRow>,
    pub(super) findings: Vec<Finding>,
}

/// Compares each budget that is wanted with what was measured; one that nobody measured is not assessed.
pub(super) fn judge(outcomes: &[Outcome], policy: &Policy<'_>) -> Judged {
    let mut judged = Judged { rows: Vec::new(), findings: Vec::new() };
    for budget in policy.budgets.iter().filter(|budget| policy.wants(&budget.rule)) {
        let measured = outcomes.iter().flat_map(|outcome| &outcome.measurements);
        let measured: Vec<_> = measured.filter(|m| m.metric == budget.metric).collect();
        if measured.is_empty() {
            judged.rows.push(row(budget, Quoted::default(), None, BudgetVerdict::NotAssessed));
        }
        for measurement in measured {
            let verdict = verdict(budget, measurement);
            let subject = measurement.subject.clone();
            judged.rows.push(row(budget, subject, measurement.value, verdict));
            if verdict == BudgetVerdict::Fail {
                judged.findings.extend(breach(budget, measurement, policy));
            }
        }
    }
    judged
}

fn row(budget: &Budget, subject: Quoted, value: Option<f64>, verdict: BudgetVerdict) -> BudgetRow {
    BudgetRow {
        rule: budget.rule.clone(),
        metric: budget.metric.clone(),
        subject,
        limit: budget.limit.clone(),
        value,
        verdict,
    }
}

fn verdict(budget: &Budget, measurement: &Measurement) -> BudgetVerdict {
    let Some(value) = measurement.value else { return BudgetVerdict::NotAssessed };
    if measurement.unit.symbol() != budget.limit.unit {
        return BudgetVerdict::NotAssessed;
    }
    let (low, high) = measurement.interval.unwrap_or((value, value));
    match (budget.limit.holds(low), budget.limit.holds(high)) {
        (true, true) => BudgetVerdict::Pass,
        (false, false) => BudgetVerdict::Fail,
        _ => BudgetVerdict::Inconclusive,
    }
}

fn breach(budget: &Budget, measurement: &Measurement, policy: &Policy<'_>) -> Option<Finding> {
    let rule = policy.rules.get(&budget.rule)?;
    let subject = measurement.subject.as_str();
    let (method, route) = subject.split_once(' ').unwrap_or(("GET", subject));
    let value = Quoted::number(measurement.value?);
    let metric = measurement.metric.as_str();
    let request = RequestPlace {
        method: method.to_owned(),
        route: route.to_owned(),
        url: route.to_owned(),
        parameter: None,
        status: 200,
    };
    let mut place = Place::Request { request, at: None };
    if let Some(front) = &policy.anchors.front {
        place.set_file(front.clone());
    }
    Some(Finding {
        rule: rule.id.clone(),
        severity: rule.severity,
        confidence: rule.confidence,
        tier: rule.tier,
        place,
        related: Vec::new(),
        flow: Vec::new(),
        message: message(budget, measurement, &value),
        evidence: Vec::new(),
        verification: None,
        fix: None,
        fingerprint: Fingerprint::of(&[rule.id.as_str(), metric, subject]),
    })
}

/// `GET /orders: latency.p99 is 812 ms over 1000 samples; the budget is < 500 ms`.
fn message(budget: &Budget, measurement: &Measurement, value: &Quoted) -> Quoted {
    // The metric and the limit come from the rules or from the configuration of the base.
    let samples = Quoted::number(to_float(measurement.samples));
    let limit = Quoted::number(budget.limit.value);
    let bound = if budget.limit.below { "; the budget is < " } else { "; the budget is > " };
    Quoted::concat(&[
        measurement.subject.clone(),
        Quoted::own(" measures "),
        value.clone(),
        Quoted::own(" "),
        Quoted::own(measurement.unit.symbol()),
        Quoted::own(" over "),
        samples,
        Quoted::own(" samples"),
        Quoted::own(bound),
        limit,
        Quoted::own(" "),
        Quoted::own(measurement.unit.symbol()),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples stay far below 2^52")]
const fn to_float(count: u64) -> f64 {
    count as f64
}
