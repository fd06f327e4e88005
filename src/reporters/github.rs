//! Workflow commands of GitHub Actions: annotations in the log and on the files of the run, for jobs without the right
//! to write anything.
//!
//! GitHub shows ten of each type for one step, and drops the rest without a word; here the worst come first, and what
//! does not fit is said. The last line holds the verdict and all counts.

use std::io;

use super::{Reporter, visible, words};
use crate::{
    report::{JudgedFinding, Report, Status, Verdict},
    rule::Severity,
};

/// Annotations of one type that GitHub shows for a step; the last one is kept for what was cut.
const MOST: usize = 10;

/// The reporter of workflow commands.
#[derive(Debug, Clone, Copy)]
pub struct Github;

impl Reporter for Github {
    fn write(&self, report: &Report, to: &mut dyn io::Write) -> io::Result<()> {
        let mut shown: Vec<&JudgedFinding> = report.shown().collect();
        shown.sort_by_key(|judged| std::cmp::Reverse(judged.finding.severity));
        // One notice is the verdict; errors of what is incomplete come before all others.
        let incomplete = report.incomplete.len().min(MOST - 1);
        for (level, taken) in [("error", incomplete), ("warning", 0), ("notice", 1)] {
            if level == "error" {
                unfinished(report, to)?;
            }
            let of_level: Vec<_> = shown.iter().filter(|judged| is_of(judged, level)).collect();
            let room = MOST - taken;
            let fits = if of_level.len() <= room { room } else { room - 1 };
            for judged in of_level.iter().take(fits) {
                annotation(level, judged, to)?;
            }
            if of_level.len() > fits {
                let left = words::things(of_level.len() - fits, "finding", "findings");
                let text = format!("{left} more than GitHub shows here; the report has all");
                writeln!(to, "::{level} title=seaworthy::{}", data(&text))?;
            }
        }
        writeln!(to, "::notice title=seaworthy::{}", data(&counts(report)))
    }
}

fn is_of(judged: &JudgedFinding, level: &str) -> bool {
    let own = match (judged.verdict, judged.finding.severity) {
        (Verdict::Blocking, _) => "error",
        (_, Severity::Critical | Severity::High | Severity::Medium) => "warning",
        (_, Severity::Low | Severity::Note) => "notice",
    };
    own == level
}

fn unfinished(report: &Report, to: &mut dyn io::Write) -> io::Result<()> {
    let all = report.incomplete.len();
    let fits = if all < MOST { all } else { MOST - 2 };
    for reason in report.incomplete.iter().take(fits) {
        writeln!(to, "::error title=not assessed::{}", data(&visible::line(reason)))?;
    }
    if all > fits {
        let left = words::things(all - fits, "thing", "things");
        writeln!(to, "::error title=not assessed::{left} more; the report has all")?;
    }
    Ok(())
}

fn annotation(level: &str, judged: &JudgedFinding, to: &mut dyn io::Write) -> io::Result<()> {
    let finding = &judged.finding;
    write!(to, "::{level} ")?;
    if let Some(at) = finding.place.file() {
        let span = &at.span;
        write!(
            to,
            "file={},line={},endLine={}",
            property(at.path.as_str()),
            span.start_line,
            span.end_line
        )?;
        if span.start_line == span.end_line && span.start_column < span.end_column {
            write!(to, ",col={},endColumn={}", span.start_column, span.end_column)?;
        }
        write!(to, ",")?;
    }
    let message = visible::line(finding.message.as_str());
    let text = match finding.place.file() {
        Some(_) => message.into_owned(),
        None => format!("{message} ({})", words::place(&finding.place)),
    };
    let title = format!("{}: {}", finding.severity.name(), finding.rule);
    writeln!(to, "title={}::{}", property(&title), data(&text))
}

/// The verdict and every count.
fn counts(report: &Report) -> String {
    let summary = &report.summary;
    let row = |names: [&str; 5], counts: [u64; 5]| {
        let parts = counts.iter().zip(names).map(|(count, name)| format!("{count} {name}"));
        parts.collect::<Vec<_>>().join(", ")
    };
    format!(
        "{}\nFindings: {}\nVerdicts: {}\nControls: {}",
        super::verdict(report),
        row(Severity::WORST_FIRST.map(Severity::name), summary.shown),
        row(Verdict::ALL.map(Verdict::name), summary.verdicts),
        row(Status::ALL.map(Status::name), summary.controls),
    )
}

/// The message of a command, as the runner decodes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(&visible::line(text)).replace(':', "%3A").replace(',', "%2C")
}
