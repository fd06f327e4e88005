//! What a report says of packages: steps that cargo can take, commands for others, and what is left.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::{
    finding::{Finding, Package, Place},
    packages::{Ecosystem, version},
    report::{Report, Verdict},
    sources::file::printable,
};

/// The rules whose findings are repaired.
const RULES: &[&str] = &[
    "dependency/vulnerable",
    "dependency/malicious",
    "dependency/unsound",
    "dependency/unmaintained",
];
/// How the check writes a command.
const CARGO: &str = "cargo update -p ";
const PRECISE: &str = " --precise ";

/// A package that cargo is to move.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    /// Path of the lockfile within the audited folder.
    pub(super) lockfile: String,
    /// The package.
    pub(super) name: String,
    /// The version that it has.
    pub(super) from: String,
    /// The version that repairs it.
    pub(super) to: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lockfile, name, from, to } = self;
        write!(f, "{name} {from} → {to} in {}", printable(lockfile))
    }
}

/// A finding that is still there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Left {
    /// Its message.
    pub(super) what: String,
    /// How it could be repaired, or that no version does.
    pub(super) repair: String,
    /// Whether a version repairs it.
    pub(super) has_repair: bool,
}

/// The findings about packages that are not excused, with the paths of their lockfiles.
fn findings(report: &Report) -> impl Iterator<Item = (&Finding, &str, &Package)> {
    let open = report.findings.iter().filter(|judged| {
        !matches!(judged.verdict, Verdict::Waived | Verdict::Excluded)
            && RULES.contains(&judged.finding.rule.as_str())
    });
    open.filter_map(|judged| match &judged.finding.place {
        Place::Package { at, package } => Some((&judged.finding, at.path.as_str(), package)),
        _ => None,
    })
}

fn is_cargo(lockfile: &str) -> bool {
    lockfile.rsplit('/').next() == Some("Cargo.lock")
}

/// The steps that a report suggests: for each package one, to the newest version that any finding asks for.
pub(super) fn of(report: &Report) -> BTreeSet<Step> {
    let mut targets: BTreeMap<(&str, &str, &str), &str> = BTreeMap::new();
    for (finding, lockfile, package) in findings(report) {
        let command = finding.fix.as_ref().and_then(|fix| fix.command.as_deref());
        // The check writes a command only of plain words: `NAME[@FROM] --precise TO`.
        let words = command.and_then(|command| command.strip_prefix(CARGO));
        let Some((moved, to)) = words.and_then(|words| words.split_once(PRECISE)) else { continue };
        // A package without a version is the one of the finding; else it may be one that blocks its repair.
        let (name, from) = moved.split_once('@').unwrap_or((&package.name, &package.version));
        let target = targets.entry((lockfile, name, from)).or_insert(to);
        if version::compare(Ecosystem::CratesIo, target, to) == Some(Ordering::Less) {
            *target = to;
        }
    }
    let step = |((lockfile, name, from), to): ((&str, &str, &str), &str)| Step {
        lockfile: lockfile.to_owned(),
        name: name.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
    };
    targets.into_iter().map(step).collect()
}

/// The paths of the lockfiles of cargo that something was found in.
pub(super) fn lockfiles(report: &Report) -> BTreeSet<String> {
    let paths = findings(report).map(|(_, lockfile, _)| lockfile).filter(|path| is_cargo(path));
    paths.map(str::to_owned).collect()
}

/// What is left in lockfiles of cargo.
pub(super) fn left(report: &Report) -> BTreeSet<Left> {
    let left = findings(report).filter(|(_, lockfile, _)| is_cargo(lockfile));
    let left = left.map(|(finding, lockfile, _)| {
        let fix = finding.fix.as_ref();
        let blocking = finding.evidence.iter().find(|one| one.label == "blocked by");
        // The title says who blocks, the evidence also which of its versions would not.
        let other = blocking.and_then(|one| one.text.as_str().split_once("; "));
        let why = other.map_or(String::new(), |(_, other)| format!("; {other} block"));
        let repair = match fix {
            Some(fix) => format!("{}{why}", fix.title.as_str()),
            None => "no version repairs it".to_owned(),
        };
        let what = format!("{lockfile}: {}", finding.message.as_str());
        Left { what, repair, has_repair: fix.is_some() }
    });
    left.collect()
}

/// What is to be done about other lockfiles: the command, or else what the repair is.
pub(super) fn commands(report: &Report) -> BTreeSet<String> {
    let others = findings(report).filter(|(_, lockfile, _)| !is_cargo(lockfile));
    let others = others.filter_map(|(finding, lockfile, _)| {
        let fix = finding.fix.as_ref()?;
        let what = fix.command.as_deref().unwrap_or(fix.title.as_str());
        Some(format!("{lockfile}: {what}"))
    });
    others.collect()
}
