//! The tables: counts, what blocks, what was measured.

use super::{
    escape::{code, prose, text},
    page::Page,
};
use crate::{
    finding::Measurement,
    report::{BudgetRow, Report, Status, Verdict},
    reporters::words,
    rule::Severity,
};

/// How many blocking findings the table holds.
const MOST_BLOCKING: usize = 100;
/// How many measurements the table holds.
const MOST_MEASUREMENTS: usize = 200;

/// All counts, one table for each of the three kinds.
pub(super) fn counts(report: &Report) -> String {
    let summary = &report.summary;
    let severities = Severity::WORST_FIRST.map(Severity::name);
    let mut tables = row_of_counts("findings", severities, summary.shown);
    tables += &row_of_counts("verdicts", Verdict::ALL.map(Verdict::name), summary.verdicts);
    tables += &row_of_counts("controls", Status::ALL.map(Status::name), summary.controls);
    tables
}

fn row_of_counts(title: &str, names: [&str; 5], counts: [u64; 5]) -> String {
    let counts = counts.map(|count| count.to_string());
    format!(
        "| {title} | {} |\n|---|--:|--:|--:|--:|--:|\n| | {} |\n\n",
        names.join(" | "),
        counts.join(" | ")
    )
}

/// What blocks, one row for each finding.
pub(super) fn blocking(report: &Report, page: &mut Page) {
    let blocking = report.findings.iter().filter(|judged| judged.verdict == Verdict::Blocking);
    let mut blocking: Vec<_> = blocking.collect();
    if blocking.is_empty() {
        return;
    }
    blocking.sort_by_key(|judged| std::cmp::Reverse(judged.finding.severity));
    page.may("### What blocks\n\n| severity | finding | where | what to do |\n|---|---|---|---|\n");
    for judged in blocking.iter().take(MOST_BLOCKING) {
        let finding = &judged.finding;
        let remedy = report.rule(&finding.rule).map_or("", |head| &head.remedy);
        page.may(&format!(
            "| {} | {}<br>{} | {} | {} |\n",
            finding.severity.name(),
            text(finding.message.as_str()),
            code(finding.rule.as_str()),
            code(&words::place(&finding.place)),
            prose(remedy)
        ));
    }
    page.may("\n");
    if blocking.len() > MOST_BLOCKING {
        page.may(&format!("and {} more, below\n\n", blocking.len() - MOST_BLOCKING));
    }
}

/// What was measured, and what the budgets say of it.
pub(super) fn measurements(report: &Report, page: &mut Page) {
    if report.measurements.is_empty() {
        return;
    }
    page.may("### Measurements\n\n| metric | of | value | samples | budget | |\n");
    page.may("|---|---|--:|--:|---|---|\n");
    for measurement in report.measurements.iter().take(MOST_MEASUREMENTS) {
        page.may(&measurement_row(measurement, budget_of(report, measurement)));
    }
    page.may("\n");
    if report.measurements.len() > MOST_MEASUREMENTS {
        let more = report.measurements.len() - MOST_MEASUREMENTS;
        page.may(&format!("and {more} more\n\n"));
    }
}

fn budget_of<'a>(report: &'a Report, measurement: &Measurement) -> Option<&'a BudgetRow> {
    report
        .budgets
        .iter()
        .find(|budget| budget.metric == measurement.metric && budget.subject == measurement.subject)
}

fn measurement_row(measurement: &Measurement, budget: Option<&BudgetRow>) -> String {
    let (limit, verdict) =
        budget.map_or_else(Default::default, |row| (row.limit.to_string(), row.verdict.name()));
    format!(
        "| {} | {} | {} | {} | {} | {verdict} |\n",
        code(&measurement.metric),
        text(measurement.subject.as_str()),
        text(&words::measured(measurement)),
        measurement.samples,
        text(limit.trim_end())
    )
}
