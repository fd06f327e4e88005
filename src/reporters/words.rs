//! Sentences that several formats share. All of them are free of hidden characters.

use std::{borrow::Cow, fmt::Write};

use super::visible;
use crate::{
    finding::{Commit, FilePlace, Measurement, Package, Place, Ran, RequestPlace, Unit},
    report::{CheckRow, Report, Subject, Verdict},
    rule::Severity,
};

/// What the exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// 0.
    MayShip,
    /// 1.
    Blocked,
    /// 3.
    Incomplete,
}

impl Standing {
    /// What the exit code of this report says, so that the words never differ from it.
    pub(super) const fn of(report: &Report) -> Self {
        match report.exit_code() {
            0 => Self::MayShip,
            3 => Self::Incomplete,
            _ => Self::Blocked,
        }
    }

    /// The words before the colon.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::MayShip => "May ship",
            Self::Blocked => "Blocked",
            Self::Incomplete => "Incomplete",
        }
    }
}

/// The verdict, after the words of [`Standing::name`]: `3 findings at critical.`
pub(super) fn verdict(report: &Report) -> String {
    match Standing::of(report) {
        Standing::Blocked if report.blocking() == 0 => format!(
            "{} asked for and not finished, which --strict does not let pass.",
            things(report.incomplete.len(), "thing was", "things were")
        ),
        Standing::Blocked => blocked(report),
        Standing::Incomplete => format!(
            "{} asked for and not finished; nothing found so far blocks.",
            things(report.incomplete.len(), "thing was", "things were")
        ),
        Standing::MayShip => may_ship(report),
    }
}

fn blocked(report: &Report) -> String {
    let blocking = |severity: Severity| {
        let blocks = |verdict: Verdict| verdict == Verdict::Blocking;
        let all = report.findings.iter().filter(|judged| blocks(judged.verdict));
        all.filter(|judged| judged.finding.severity == severity).count()
    };
    let counts: Vec<(Severity, usize)> = Severity::WORST_FIRST
        .into_iter()
        .map(|severity| (severity, blocking(severity)))
        .filter(|(_, count)| *count > 0)
        .collect();
    let all = things(report.blocking(), "finding", "findings");
    match counts.as_slice() {
        [(severity, _)] => format!("{all} at {}.", severity.name()),
        several => {
            let parts = several.iter().map(|(severity, n)| format!("{n} {}", severity.name()));
            let gate = report.gate.fail_on.map_or("note", Severity::name);
            format!("{all} at or above {gate} ({}).", parts.collect::<Vec<_>>().join(", "))
        }
    }
}

fn may_ship(report: &Report) -> String {
    let Some(least) = report.gate.fail_on else { return "the gate is off.".to_owned() };
    let gate = format!("at or above {}", least.name());
    let at_gate = report.findings.iter().filter(|judged| judged.finding.severity >= least);
    let excused = Verdict::ALL[1..4].iter().filter_map(|verdict| {
        let count = at_gate.clone().filter(|judged| judged.verdict == *verdict).count();
        (count > 0).then(|| format!("{count} {}", verdict.name()))
    });
    let excused: Vec<String> = excused.collect();
    if excused.is_empty() {
        format!("nothing {gate}.")
    } else {
        format!("nothing {gate} blocks ({}).", excused.join(", "))
    }
}

/// `1 finding`, `2 findings`.
pub(super) fn things(count: impl TryInto<u64>, one: &str, several: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {}", if count == 1 { one } else { several })
}

/// `shop at 1a2b3c4d, against main, deployed at https://…`.
pub(super) fn subject(subject: &Subject) -> String {
    let mut words = visible::line(&subject.name).into_owned();
    if let Some(commit) = &subject.commit {
        let _ = write!(words, " at {}", short(commit));
    }
    if let Some(base) = &subject.base {
        let revision = visible::line(&base.revision);
        let _ = write!(words, ", against {revision} at {}", short(&base.merge_base));
    }
    if let Some(target) = &subject.target {
        let _ = write!(words, ", deployed at {}", visible::line(target));
    }
    words
}

fn short(commit: &str) -> Cow<'_, str> {
    let end = commit.char_indices().nth(10).map_or(commit.len(), |(at, _)| at);
    visible::line(&commit[..end])
}

/// `src/app.py:12`, `src/app.py:12 in commit 1a2b3c4d5e of 2026-03-31T14:05:09+02:00`.
pub(super) fn file(at: &FilePlace) -> String {
    let place = format!("{}:{}", visible::line(at.path.as_str()), at.span.start_line);
    match &at.commit {
        Some(commit) => format!("{place} in commit {}", self::commit(commit)),
        None => place,
    }
}

/// `1a2b3c4d5e of 2026-03-31T14:05:09+02:00`.
pub(super) fn commit(commit: &Commit) -> String {
    match commit.date.as_str() {
        "" => short(&commit.id).into_owned(),
        date => format!("{} of {}", short(&commit.id), visible::line(date)),
    }
}

/// `GET https://shop.example/orders/x`.
pub(super) fn request(request: &RequestPlace) -> String {
    format!("{} {}", visible::line(&request.method), visible::line(&request.url))
}

/// `answered 500; parameter id`.
pub(super) fn answer(request: &RequestPlace) -> String {
    let answer = match request.status {
        0 => "no answer".to_owned(),
        status => format!("answered {status}"),
    };
    match &request.parameter {
        Some(parameter) => format!("{answer}; parameter {}", visible::line(parameter)),
        None => answer,
    }
}

/// Where a finding is, in a few words: a path and line, a request, a database's object.
pub(super) fn place(place: &Place) -> String {
    match place {
        Place::File(at) | Place::Package { at, .. } => file(at),
        Place::Request { request, .. } => {
            format!("{} {}", visible::line(&request.method), visible::line(&request.route))
        }
        Place::Database { object, .. } => format!("database {}", visible::line(object)),
        Place::Repository { at } => at.as_ref().map_or("the repository".to_owned(), file),
    }
}

/// `lettre 0.9.1 (crates.io)`.
pub(super) fn package(package: &Package) -> String {
    let text = format!("{} {} ({})", package.name, package.version, package.ecosystem);
    visible::line(&text).into_owned()
}

/// What a check did: `120`, `nothing to look at`, `skipped: no target`.
pub(super) fn ran(check: &CheckRow) -> String {
    let words = match &check.ran {
        Ran::Complete => String::new(),
        Ran::Skipped(reason) => format!("skipped: {reason}"),
        Ran::Partial(reason) => format!("partial: {reason}"),
        Ran::Failed(reason) => format!("failed: {reason}"),
    };
    visible::line(&words).into_owned()
}

/// `812 ms`, `n/a`.
pub(super) fn value(value: Option<f64>, unit: Unit) -> String {
    value.map_or("n/a".to_owned(), |value| match unit.symbol() {
        "" => number(value),
        symbol => format!("{} {symbol}", number(value)),
    })
}

/// The measurement's value and interval: `812 ms (790 to 833)`.
pub(super) fn measured(measurement: &Measurement) -> String {
    let value = value(measurement.value, measurement.unit);
    match measurement.interval {
        Some((low, high)) if measurement.value.is_some() => {
            format!("{value} ({} to {})", number(low), number(high))
        }
        _ => value,
    }
}

/// At most three significant decimals, none for large numbers.
pub(super) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        large if large >= 100.0 => 0,
        middle if middle >= 1.0 => 1,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// The parts of a text, and whether each stands between a pair of backticks.
pub(super) fn prose(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let is_paired = text.matches('`').count().is_multiple_of(2);
    let parts = if is_paired { text.split('`').collect() } else { vec![text] };
    let numbered = parts.into_iter().enumerate().map(|(index, part)| (part, index % 2 == 1));
    numbered.filter(|(part, _)| !part.is_empty())
}
