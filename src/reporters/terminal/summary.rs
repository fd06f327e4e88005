//! What stands below the findings: counts, what was looked at and what not, and the verdict.

use std::fmt::Write;

use super::paint::Paint;
use crate::reporters::visible;
use crate::{
    finding::Ran,
    report::{BudgetRow, BudgetVerdict, CheckRow, Report, Status, Verdict},
    reporters::{
        arrange,
        words::{self, Standing, things},
    },
    rule::Severity,
};

/// Width of the column of headings.
const HEADINGS: usize = 14;
/// How many reasons, gaps, notices or budgets are shown.
const ROWS: usize = 8;
/// How many checks a run without findings names.
const FEW_CHECKS: usize = 4;

/// Writes the part below the findings.
pub(super) struct Summary<'a> {
    pub(super) paint: Paint,
    pub(super) report: &'a Report,
}

impl Summary<'_> {
    /// Appends the whole part, with the verdict as the last thing that one reads.
    pub(super) fn write(&self, text: &mut String) {
        let Report { tool_version, subject, .. } = self.report;
        let files = things(subject.files, "file", "files");
        let words =
            format!("{}, {}, {files}", visible::line(tool_version), words::subject(subject));
        self.paragraph(text, "seaworthy", &words);
        self.counts(text);
        self.budgets(text);
        self.checks(text);
        self.not_assessed(text);
        self.gaps(text);
        self.notices(text);
        self.incomplete(text);
        self.verdict(text);
    }

    fn counts(&self, text: &mut String) {
        let summary = &self.report.summary;
        let by_severity = Severity::WORST_FIRST.iter().zip(summary.shown);
        let by_severity = by_severity
            .map(|(s, n)| self.count(n, s.name(), |words| self.paint.severity(*s, words)));
        self.row(text, "Findings", by_severity);
        let by_verdict = Verdict::ALL.iter().zip(summary.verdicts);
        let by_verdict = by_verdict.map(|(v, n)| {
            self.count(n, v.name(), |words| match v {
                Verdict::Blocking => self.paint.standing(Standing::Blocked, words),
                _ => words.to_owned(),
            })
        });
        self.row(text, "Verdicts", by_verdict);
        let by_status = Status::ALL.iter().zip(summary.controls);
        let by_status =
            by_status.map(|(s, n)| self.count(n, s.name(), |words| self.paint.status(*s, words)));
        self.row(text, "Controls", by_status);
    }

    /// `3 critical`, dimmed if there is none.
    fn count(&self, count: u64, name: &str, colour: impl Fn(&str) -> String) -> String {
        let words = format!("{count} {name}");
        if count == 0 { self.paint.dim(&words) } else { colour(&words) }
    }

    fn row(&self, text: &mut String, heading: &str, parts: impl Iterator<Item = String>) {
        let parts: Vec<String> = parts.collect();
        let heading = self.paint.bold(&format!("{heading:<HEADINGS$}"));
        let _ = writeln!(text, "{heading}{}", parts.join("   "));
    }

    fn paragraph(&self, text: &mut String, heading: &str, words: &str) {
        for (index, line) in self.paint.wrap(words, HEADINGS).iter().enumerate() {
            let heading = if index == 0 { heading } else { "" };
            let heading = self.paint.bold(&format!("{heading:<HEADINGS$}"));
            let _ = writeln!(text, "{heading}{line}");
        }
    }

    fn list(&self, text: &mut String, heading: &str, rows: impl ExactSizeIterator<Item = String>) {
        let all = rows.len();
        for (index, row) in rows.take(ROWS).enumerate() {
            self.paragraph(text, if index == 0 { heading } else { "" }, &row);
        }
        if all > ROWS {
            self.paragraph(text, "", &format!("and {} more", all - ROWS));
        }
    }

    fn budgets(&self, text: &mut String) {
        let with = |verdict: BudgetVerdict| {
            self.report.budgets.iter().filter(move |row| row.verdict == verdict)
        };
        let worth_a_row = with(BudgetVerdict::Fail).chain(with(BudgetVerdict::Inconclusive));
        let mut rows: Vec<String> = worth_a_row.map(budget).collect();
        let kept = with(BudgetVerdict::Pass).count();
        if kept > 0 {
            rows.insert(0, things(kept, "is kept", "are kept"));
        }
        self.list(text, "Budgets", rows.into_iter());
    }

    fn checks(&self, text: &mut String) {
        let checks = &self.report.checks;
        let mut ran: Vec<&CheckRow> = checks.iter().filter(|row| row.looked_at > 0).collect();
        let all = ran.len();
        if self.report.findings.is_empty() && ran.len() > FEW_CHECKS {
            ran.sort_by_key(|row| std::cmp::Reverse(row.looked_at));
            ran.truncate(FEW_CHECKS);
        }
        let names =
            ran.iter().map(|row| format!("{} {}", visible::line(&row.check), row.looked_at));
        let names = names.collect::<Vec<_>>().join(", ");
        let mut words = match all {
            0 => "nothing; no check found anything to look at".to_owned(),
            _ => format!("{}: {names}", things(all, "check", "checks")),
        };
        if all > ran.len() {
            let _ = write!(words, ", {} more", all - ran.len());
        }
        let empty = |row: &&CheckRow| row.looked_at == 0 && row.ran == Ran::Complete;
        let skipped = |row: &&CheckRow| matches!(row.ran, Ran::Skipped(_));
        for (count, what) in [
            (checks.iter().filter(empty).count(), "had nothing to look at"),
            (checks.iter().filter(skipped).count(), "skipped"),
        ] {
            if count > 0 {
                let _ = write!(words, "; {count} {what}");
            }
        }
        self.paragraph(text, "Looked at", &words);
    }

    fn not_assessed(&self, text: &mut String) {
        let groups = arrange::not_assessed(self.report);
        let open: usize = groups.iter().map(|group| group.members.len()).sum();
        if open == 0 {
            return;
        }
        let all = things(self.report.controls.len(), "control", "controls");
        let mut words = format!("{open} of {all}");
        for (index, group) in groups.iter().take(ROWS).enumerate() {
            let reason = visible::line(group.reason);
            let mark = if index == 0 { ". " } else { "; " };
            let _ = write!(words, "{mark}{}: {reason}", group.members.len());
        }
        if groups.len() > ROWS {
            let rest: usize = groups[ROWS..].iter().map(|group| group.members.len()).sum();
            let _ = write!(words, "; {rest} for other reasons");
        }
        words.push('.');
        self.paragraph(text, "Not assessed", &words);
    }

    fn gaps(&self, text: &mut String) {
        let rows = arrange::gaps(self.report)
            .into_iter()
            .map(|group| visible::line(&group.line(|gap| &gap.subject)).into_owned());
        self.list(text, "Left out", rows);
    }

    fn notices(&self, text: &mut String) {
        let notices = self.report.notices.iter();
        self.list(text, "Notices", notices.map(|notice| visible::line(notice).into_owned()));
    }

    /// Every reason, however many: what was asked for and not done must not be overlooked.
    fn incomplete(&self, text: &mut String) {
        if self.report.incomplete.is_empty() {
            return;
        }
        let title = "INCOMPLETE: asked for and not finished";
        let _ = writeln!(text, "\n{}", self.paint.standing(Standing::Incomplete, title));
        for reason in arrange::incomplete(self.report) {
            for (index, line) in self.paint.wrap(&visible::line(&reason), 4).iter().enumerate() {
                let mark = if index == 0 { "  ! " } else { "    " };
                let mark = self.paint.standing(Standing::Incomplete, mark);
                let _ = writeln!(text, "{mark}{line}");
            }
        }
    }

    fn verdict(&self, text: &mut String) {
        let standing = Standing::of(self.report);
        let name = self.paint.standing(standing, &format!("{}:", standing.name()));
        let _ = writeln!(text, "\n{name} {}", words::verdict(self.report));
    }
}

fn budget(row: &BudgetRow) -> String {
    let value = row.value.map_or("n/a".to_owned(), words::number);
    let line = format!(
        "{}: {} {value} {}, budget {}: {}",
        row.verdict.name(),
        row.metric,
        row.limit.unit,
        row.limit,
        row.subject.as_str(),
    );
    visible::line(&line).into_owned()
}
