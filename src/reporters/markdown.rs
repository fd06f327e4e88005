//! For a job summary or a comment: the verdict and what blocks at once, the rest folded away. It stays
//! within a size; what does not fit is counted.

mod escape;
mod finding;
mod page;
mod table;

use std::io;

use super::{Reporter, arrange, words};
use crate::{report::Report, rule::Severity};

use escape::{code, prose, text};
use page::Page;

/// The size that GitHub takes of a job's summary, in bytes.
const JOB_SUMMARY: usize = 1 << 20;
/// How many reasons, notices and gaps are named.
const MOST_LINES: usize = 30;

/// Writes Markdown for GitHub.
#[derive(Debug, Clone, Copy)]
pub struct Markdown {
    /// Most bytes: 1 MiB for a job summary, 65,536 for a comment.
    pub limit: usize,
}

impl Default for Markdown {
    fn default() -> Self {
        Self { limit: JOB_SUMMARY }
    }
}

impl Reporter for Markdown {
    fn write(&self, report: &Report, to: &mut dyn io::Write) -> io::Result<()> {
        let mut page = Page::new(self.limit);
        head(report, &mut page);
        incomplete(report, &mut page);
        table::blocking(report, &mut page);
        table::measurements(report, &mut page);
        not_assessed(report, &mut page);
        left_out(report, &mut page);
        looked_at(report, &mut page);
        findings(report, &mut page);
        to.write_all(page.finish().as_bytes())
    }
}

fn head(report: &Report, page: &mut Page) {
    let standing = words::Standing::of(report);
    let icon = match standing {
        words::Standing::MayShip => "✅",
        words::Standing::Blocked => "⛔",
        words::Standing::Incomplete => "⚠️",
    };
    let verdict = text(&words::verdict(report));
    page.must(&format!("## {icon} {}: {verdict}\n\n", standing.name()));
    let files = words::things(report.subject.files, "file", "files");
    let subject = text(&words::subject(&report.subject));
    page.must(&format!("{subject}, {files}; seaworthy {}\n\n", text(&report.tool_version)));
    page.must(&table::counts(report));
}

fn incomplete(report: &Report, page: &mut Page) {
    if report.incomplete.is_empty() {
        return;
    }
    page.must("> [!CAUTION]\n> **Incomplete: asked for and not finished**\n>\n");
    let reasons = arrange::incomplete(report);
    for reason in reasons.iter().take(MOST_LINES) {
        page.may(&format!("> * {}\n", prose(reason)));
    }
    if reasons.len() > MOST_LINES {
        page.must(&format!("> * and {} more\n", reasons.len() - MOST_LINES));
    }
    page.must("\n");
}

fn not_assessed(report: &Report, page: &mut Page) {
    let groups = arrange::not_assessed(report);
    let open: usize = groups.iter().map(|group| group.members.len()).sum();
    if open == 0 {
        return;
    }
    let all = words::things(report.controls.len(), "control", "controls");
    page.may(&format!("### Not assessed: {open} of {all}\n\n"));
    for group in groups.iter().take(MOST_LINES) {
        let names: Vec<&str> = group.members.iter().map(|row| row.control.as_str()).collect();
        let names = text(&names.join(", "));
        page.may(&format!("* {}: {} ({names})\n", group.members.len(), prose(group.reason)));
    }
    page.may("\n");
}

fn left_out(report: &Report, page: &mut Page) {
    let gaps = arrange::gaps(report);
    if gaps.is_empty() && report.notices.is_empty() {
        return;
    }
    page.may("### Left out, and notices\n\n");
    for group in gaps.iter().take(MOST_LINES) {
        let count = words::things(group.members.len(), "thing", "things");
        let first = text(&group.members[0].subject);
        page.may(&format!("* {count}, the first is {first}: {}\n", prose(group.reason)));
    }
    for notice in report.notices.iter().take(MOST_LINES) {
        page.may(&format!("* {}\n", prose(notice)));
    }
    let more =
        gaps.len().saturating_sub(MOST_LINES) + report.notices.len().saturating_sub(MOST_LINES);
    if more > 0 {
        page.may(&format!("* and {more} more\n"));
    }
    page.may("\n");
}

fn looked_at(report: &Report, page: &mut Page) {
    page.may("<details><summary>What was looked at</summary>\n\n");
    page.may("| check | looked at | findings | |\n|---|--:|--:|---|\n");
    for row in &report.checks {
        let (check, ran) = (code(&row.check), text(&words::ran(row)));
        page.may(&format!("| {check} | {} | {} | {ran} |\n", row.looked_at, row.findings));
    }
    page.may("\n</details>\n\n");
}

fn findings(report: &Report, page: &mut Page) {
    let groups = arrange::groups(report);
    for severity in Severity::WORST_FIRST {
        let groups: Vec<_> = groups.iter().filter(|group| group.severity == severity).collect();
        let count: usize = groups.iter().map(|group| group.findings.len()).sum();
        if count > 0 {
            let title = words::things(count, "finding", "findings");
            page.open(&format!("{title} at {}", severity.name()));
            for group in groups {
                finding::group(group, page);
            }
            page.close();
        }
    }
}
