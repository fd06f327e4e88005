//! GitLab's Code Quality report, for the widget of a merge request: a JSON list of what is shown.
//!
//! The format is documented at <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>. It has
//! room for nothing else: counts, controls and what is incomplete are in the other reports.

use std::{collections::HashMap, io};

use serde::Serialize;

use super::{Reporter, json, visible, words};
use crate::{
    finding::Place,
    report::{JudgedFinding, Report},
    rule::Severity,
};

/// Stands for the repository where nothing else does.
const FRONT: &str = "README.md";

/// The Code Quality reporter.
#[derive(Debug, Clone, Copy)]
pub struct Gitlab;

#[derive(Serialize)]
struct Entry<'a> {
    description: String,
    check_name: &'a str,
    /// GitLab shows one of several entries with the same one.
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

impl Reporter for Gitlab {
    fn write(&self, report: &Report, to: &mut dyn io::Write) -> io::Result<()> {
        let mut seen = HashMap::new();
        let entries = report.shown().map(|judged| {
            let count: &mut u32 = seen.entry(judged.finding.fingerprint.as_str()).or_default();
            *count += 1;
            entry(judged, *count, report)
        });
        json::write_pretty(&entries.collect::<Vec<_>>(), to)
    }
}

fn entry<'a>(judged: &'a JudgedFinding, count: u32, report: &Report) -> Entry<'a> {
    let finding = &judged.finding;
    let message = visible::line(finding.message.as_str());
    let description = match &finding.place {
        Place::File(_) | Place::Package { .. } => message.into_owned(),
        place => format!("{message} ({})", words::place(place)),
    };
    let fingerprint = match count {
        1 => finding.fingerprint.to_string(),
        _ => format!("{}-{count}", finding.fingerprint),
    };
    Entry {
        description,
        check_name: finding.rule.as_str(),
        fingerprint,
        severity: severity(finding.severity),
        location: location(&finding.place, report),
    }
}

fn location(place: &Place, report: &Report) -> Location {
    let front = || report.subject.front.as_deref().unwrap_or(FRONT).to_owned();
    let (path, begin, end) = place.file().map_or_else(
        || (front(), 1, 1),
        |at| (at.path.to_string(), at.span.start_line, at.span.end_line),
    );
    Location { path, lines: Lines { begin: begin.max(1), end: end.max(begin).max(1) } }
}

/// GitLab's five words.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Note => "info",
    }
}
