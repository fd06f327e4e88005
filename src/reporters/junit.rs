//! The XML of `JUnit`, for build servers: what blocks is a failed test, what is only reported a skipped one with its message,
//! what was asked for and not finished an error, and each check that ran to its end a passed test.
//!
//! The schema is that of Jenkins and GitLab (`testsuites`, `testsuite`, `testcase` with `file` and `line`).

use std::{borrow::Cow, io};

use quick_xml::escape::escape;

use super::{Reporter, visible, words};
use crate::{
    finding::Ran,
    report::{CheckRow, JudgedFinding, Report, Status, Verdict},
    rule::Severity,
};

/// The reporter of `JUnit`'s format.
#[derive(Debug, Clone, Copy)]
pub struct Junit;

impl Reporter for Junit {
    fn write(&self, report: &Report, to: &mut dyn io::Write) -> io::Result<()> {
        let [failures, skipped, ..] = report.summary.verdicts;
        let errors = report.incomplete.len();
        let complete = || report.checks.iter().filter(|check| check.ran == Ran::Complete);
        let ran = complete().count() + errors;
        let findings = failures + skipped;
        writeln!(to, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(
            to,
            r#"<testsuites name="seaworthy" tests="{}" failures="{failures}" errors="{errors}" skipped="{skipped}">"#,
            findings + ran as u64
        )?;
        writeln!(
            to,
            r#"  <testsuite name="findings" tests="{findings}" failures="{failures}" errors="0" skipped="{skipped}">"#
        )?;
        properties(report, to)?;
        for judged in report.shown() {
            finding(judged, report, to)?;
        }
        writeln!(to, "  </testsuite>")?;
        writeln!(
            to,
            r#"  <testsuite name="checks" tests="{ran}" failures="0" errors="{errors}" skipped="0">"#
        )?;
        for check in complete() {
            passed(check, to)?;
        }
        for reason in &report.incomplete {
            let reason = text(reason);
            writeln!(to, r#"    <testcase classname="incomplete" name="{reason}">"#)?;
            writeln!(to, r#"      <error type="incomplete" message="{reason}"/>"#)?;
            writeln!(to, "    </testcase>")?;
        }
        writeln!(to, "  </testsuite>\n</testsuites>")
    }
}

/// Verdict and counts, as in all formats.
fn properties(report: &Report, to: &mut dyn io::Write) -> io::Result<()> {
    let summary = &report.summary;
    let names = [
        (Severity::WORST_FIRST.map(Severity::name), summary.shown),
        (Verdict::ALL.map(Verdict::name), summary.verdicts),
        (Status::ALL.map(Status::name), summary.controls),
    ];
    writeln!(to, "    <properties>")?;
    let verdict = super::verdict(report);
    writeln!(to, r#"      <property name="verdict" value="{}"/>"#, text(&verdict))?;
    for (group, (names, counts)) in ["shown", "verdicts", "controls"].into_iter().zip(names) {
        for (name, count) in names.into_iter().zip(counts) {
            writeln!(to, r#"      <property name="{group}: {name}" value="{count}"/>"#)?;
        }
    }
    writeln!(to, "    </properties>")
}

fn finding(judged: &JudgedFinding, report: &Report, to: &mut dyn io::Write) -> io::Result<()> {
    let finding = &judged.finding;
    let place = words::place(&finding.place);
    let name = format!("{} ({place})", finding.message.as_str());
    write!(
        to,
        r#"    <testcase classname="{}" name="{}""#,
        text(finding.rule.as_str()),
        text(&name)
    )?;
    if let Some(at) = finding.place.file() {
        write!(to, r#" file="{}" line="{}""#, text(at.path.as_str()), at.span.start_line)?;
    }
    writeln!(to, ">")?;
    let (severity, message) = (finding.severity.name(), text(finding.message.as_str()));
    if judged.verdict == Verdict::Blocking {
        write!(to, r#"      <failure type="{severity}" message="{message}">{}"#, text(&place))?;
        if let Some(head) = report.rule(&finding.rule) {
            write!(to, "\nWhy: {}\nFix: {}", text(&head.reason), text(&head.remedy))?;
        }
        writeln!(to, "</failure>")?;
    } else {
        writeln!(to, r#"      <skipped message="{severity}, does not block: {message}"/>"#)?;
    }
    writeln!(to, "    </testcase>")
}

fn passed(check: &CheckRow, to: &mut dyn io::Write) -> io::Result<()> {
    let looked_at = words::things(check.looked_at, "subject", "subjects");
    let name = format!("{}: {looked_at}", check.check);
    writeln!(to, r#"    <testcase classname="checks" name="{}"/>"#, text(&name))
}

/// On one line, with nothing that XML forbids or reads as markup.
fn text(text: &str) -> String {
    let shown: Cow<'_, str> = visible::line(text);
    let allowed = shown.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    escape(allowed.as_str()).into_owned()
}
