//! SARIF 2.1.0 within what GitHub's code scanning accepts: each result stands at a file of the repository,
//! with the hash by which the alert is recognised between runs.

mod finding;
mod place;
mod rule;
mod web;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use serde_json::json;
use serde_sarif::sarif::{
    Invocation, Message, Notification, PropertyBag, ReportingDescriptor, Run, RunAutomationDetails,
    Sarif as Log, Tool, ToolComponent,
};

use super::{Reporter, json, visible, words};
use crate::{
    report::{JudgedFinding, Report, Verdict},
    rule::RuleId,
};

/// GitHub accepts no more results of one run.
const MOST_RESULTS: usize = 25_000;
/// Where the program comes from; empty while the package names no home.
const HOME: &str = env!("CARGO_PKG_REPOSITORY");
/// How many things that were left out are named.
const MOST_GAPS: usize = 200;

/// Writes SARIF for code scanning.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sarif {
    /// Whether waived findings are written, as suppressed results. GitHub shows such results as open
    /// alerts, so an upload leaves them out.
    pub suppressed: bool,
}

impl Reporter for Sarif {
    fn write(&self, report: &Report, to: &mut dyn io::Write) -> io::Result<()> {
        json::write_pretty(&self.log(report), to)
    }
}

impl Sarif {
    fn log(self, report: &Report) -> Log {
        let (findings, left_out) = self.findings(report);
        let rules = Rules::of(report, &findings);
        let results: Vec<_> = findings
            .into_iter()
            .map(|judged| finding::result(judged, report, rules.index(&judged.finding.rule)))
            .collect();
        let mut driver = ToolComponent::builder()
            .name("seaworthy")
            .version(report.tool_version.clone())
            .rules(rules.descriptors)
            .build();
        if !HOME.is_empty() {
            driver.information_uri = Some(HOME.to_owned());
        }
        if is_semantic(&report.tool_version) {
            driver.semantic_version = Some(report.tool_version.clone());
        }
        let mut run = Run::builder()
            .tool(Tool::builder().driver(driver).build())
            .results(results)
            .invocations(vec![invocation(report, left_out)])
            .automation_details(RunAutomationDetails::builder().id("seaworthy/").build())
            .properties(counts(report))
            .build();
        run.column_kind = Some(json!("utf16CodeUnits"));
        Log::builder()
            .schema("https://json.schemastore.org/sarif-2.1.0.json")
            .version(json!("2.1.0"))
            .runs(vec![run])
            .build()
    }

    /// The findings that are written, in the report's order, and how many were too many.
    fn findings(self, report: &Report) -> (Vec<&JudgedFinding>, usize) {
        let is_written = |judged: &&JudgedFinding| match judged.verdict {
            Verdict::Blocking | Verdict::Reported | Verdict::Baseline => true,
            Verdict::Waived => self.suppressed,
            Verdict::Excluded => false,
        };
        let mut findings: Vec<&JudgedFinding> = report.findings.iter().filter(is_written).collect();
        let left_out = findings.len().saturating_sub(MOST_RESULTS);
        if left_out > 0 {
            findings.sort_by_key(|judged| std::cmp::Reverse(judged.finding.severity));
            findings.truncate(MOST_RESULTS);
        }
        (findings, left_out)
    }
}

/// The rules that results name, and where each stands. What else ran is told by the JSON report: a thousand
/// descriptors without a result would only slow down whoever reads the log.
struct Rules {
    descriptors: Vec<ReportingDescriptor>,
    indices: BTreeMap<RuleId, i64>,
}

impl Rules {
    fn of(report: &Report, findings: &[&JudgedFinding]) -> Self {
        let named: BTreeSet<_> = findings.iter().map(|judged| &judged.finding.rule).collect();
        let mut rules = Self { descriptors: Vec::new(), indices: BTreeMap::new() };
        for head in report.rules.iter().filter(|head| named.contains(&head.id)) {
            rules.add(&head.id, || rule::descriptor(head));
        }
        for judged in findings {
            rules.add(&judged.finding.rule, || rule::unknown(&judged.finding.rule));
        }
        rules
    }

    fn add(&mut self, id: &RuleId, descriptor: impl FnOnce() -> ReportingDescriptor) {
        if !self.indices.contains_key(id) {
            self.indices.insert(id.clone(), count(self.descriptors.len()));
            self.descriptors.push(descriptor());
        }
    }

    fn index(&self, id: &RuleId) -> i64 {
        self.indices.get(id).copied().unwrap_or(-1)
    }
}

fn invocation(report: &Report, left_out: usize) -> Invocation {
    let mut notifications: Vec<Notification> =
        report.incomplete.iter().map(|reason| notification("error", reason)).collect();
    if left_out > 0 {
        let text = format!(
            "{left_out} results are left out: code scanning takes {MOST_RESULTS}, worst first"
        );
        notifications.push(notification("error", &text));
    }
    notifications.extend(report.notices.iter().map(|notice| notification("warning", notice)));
    let gaps: Vec<_> = report.gaps.iter().filter(|gap| !gap.incomplete).collect();
    let named = gaps.iter().take(MOST_GAPS);
    notifications
        .extend(named.map(|gap| notification("note", &format!("{}: {}", gap.subject, gap.reason))));
    if gaps.len() > MOST_GAPS {
        let text = format!("{} more were left out", gaps.len() - MOST_GAPS);
        notifications.push(notification("note", &text));
    }
    let mut invocation =
        Invocation::builder().execution_successful(report.incomplete.is_empty()).build();
    invocation.exit_code = Some(report.exit_code().into());
    if !notifications.is_empty() {
        invocation.tool_execution_notifications = Some(notifications);
    }
    invocation
}

fn notification(level: &str, text: &str) -> Notification {
    let mut notification = Notification::builder().message(message(&sentence(text))).build();
    notification.level = Some(json!(level));
    notification
}

fn counts(report: &Report) -> PropertyBag {
    bag([
        ("passed", json!(report.passed)),
        ("verdict", json!(words::verdict(report))),
        ("shown", json!(report.summary.shown)),
        ("verdicts", json!(report.summary.verdicts)),
        ("controls", json!(report.summary.controls)),
    ])
}

fn bag<const N: usize>(entries: [(&str, serde_json::Value); N]) -> PropertyBag {
    let entries = entries.into_iter().filter(|(_, value)| !value.is_null());
    PropertyBag {
        tags: None,
        additional_properties: entries.map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

fn message(text: &str) -> Message {
    Message { text: Some(text.to_owned()), ..Message::default() }
}

/// One line that ends with a full stop, in which nothing of foreign text becomes a link.
fn sentence(text: &str) -> String {
    let text = unlinked(&visible::line(text));
    let text = text.trim();
    match text.chars().next_back() {
        Some('.' | '!' | '?') => text.to_owned(),
        _ => format!("{text}."),
    }
}

/// `[words](target)` is a link in messages; a blank between takes it apart.
fn unlinked(text: &str) -> String {
    text.replace("](", "] (")
}

/// At most `most` characters.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn is_semantic(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok())
}
