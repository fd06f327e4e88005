//! Packages of lockfiles against the advisory database: vulnerable, unsound, unmaintained.
//!
//! Without a database, or where a part of it can not be read, nothing passes: the lockfile is a gap.

use semver::{Comparator, Op, Version, VersionReq};

use super::{Context, FileCheck, Subject};
use crate::{
    deadline::Deadline,
    finding::{Draft, FileNotes, Gap, Package, RepoPath},
    packages::lockfile::{self, LockedPackage, Lockfile, Malformed, Origin},
    rule::{RuleId, Severity},
    sources::{
        Advisories, SourceFile,
        advisories::{Advisory, Kind},
    },
};

const CARGO: &str = "dependency/cargo";
const NO_DATABASE: &str = "no advisory database: give --advisory-db DIR or `advisories:` in seaworthy.yaml, \
                           or put one into the cache directory";
/// Packages named on the way from the project to the package.
const LONGEST_WAY: usize = 12;

/// Builds the check.
pub fn build<'a>(context: &Context<'a>) -> Box<dyn FileCheck + 'a> {
    Box::new(Vulnerable { advisories: context.advisories })
}

struct Vulnerable<'a> {
    advisories: Option<Result<&'a Advisories, &'a str>>,
}

impl FileCheck for Vulnerable<'_> {
    fn name(&self) -> &'static str {
        "dependency"
    }

    fn subjects(&self) -> Vec<Subject> {
        let kinds = [Kind::Vulnerability, Kind::Unsound, Kind::Unmaintained, Kind::Notice];
        vec![Subject { name: CARGO, rules: kinds.into_iter().map(rule).collect() }]
    }

    fn wants(&self, path: &RepoPath) -> bool {
        path.file_name() == "Cargo.lock"
    }

    fn check(&self, file: &SourceFile, _: &Deadline<'_>, notes: &mut FileNotes) {
        let read = file.parsed::<Result<Lockfile, Malformed>>(lockfile::read);
        match (&*read, self.advisories) {
            (Err(malformed), _) => notes.miss(CARGO, file.path(), malformed.to_string()),
            (Ok(_), None) => notes.miss(CARGO, file.path(), NO_DATABASE.to_owned()),
            (Ok(_), Some(Err(reason))) => notes.miss(CARGO, file.path(), reason.to_owned()),
            (Ok(lockfile), Some(Ok(advisories))) => {
                Comparison { lockfile, advisories }.run(file, notes);
            }
        }
    }
}

fn rule(kind: Kind) -> RuleId {
    RuleId::new(match kind {
        Kind::Vulnerability => "dependency/vulnerable",
        Kind::Unsound => "dependency/unsound",
        Kind::Unmaintained => "dependency/unmaintained",
        Kind::Notice => "dependency/notice",
    })
}

/// One lockfile against the database.
struct Comparison<'a> {
    lockfile: &'a Lockfile,
    advisories: &'a Advisories,
}

impl Comparison<'_> {
    fn run(&self, file: &SourceFile, notes: &mut FileNotes) {
        let packages = &self.lockfile.packages;
        let elsewhere = packages.iter().filter(|p| p.origin == Origin::Elsewhere).count();
        let reason = match (packages.len(), elsewhere) {
            (0, _) => Some("holds no packages".to_owned()),
            (_, 0) => None,
            (_, 1) => {
                Some("1 package is not from the public registry: no advisory covers it".to_owned())
            }
            _ => Some(format!(
                "{elsewhere} packages are not from the public registry: no advisory covers them"
            )),
        };
        let path = file.path();
        if let Some(reason) = reason {
            notes.leave_out(CARGO, Gap { subject: path.to_string(), reason, incomplete: false });
        }
        for (at, package) in packages.iter().enumerate() {
            if package.origin != Origin::Registry {
                continue;
            }
            match self.advisories.of(&package.name) {
                Ok(advisories) => notes.drafts.extend(self.look(at, advisories)),
                Err(error) => notes.miss(CARGO, path, error.to_string()),
            }
        }
        let is_compared = |package: &LockedPackage| package.origin == Origin::Registry;
        if packages.iter().any(is_compared) || (elsewhere == 0 && !packages.is_empty()) {
            notes.looked_at.push(CARGO);
        }
    }

    fn look(&self, at: usize, advisories: &[Advisory]) -> Vec<Draft> {
        let package = &self.lockfile.packages[at];
        let Ok(version) = Version::parse(&package.version) else { return Vec::new() };
        let affecting: Vec<&Advisory> =
            advisories.iter().filter(|advisory| advisory.affects(&version)).collect();
        let weaknesses = merge(&affecting);
        let subject = Affected { package, version: &version, advisories };
        weaknesses.iter().map(|weakness| self.draft(at, &subject, weakness)).collect()
    }

    fn draft(&self, at: usize, affected: &Affected<'_>, weakness: &[&Advisory]) -> Draft {
        let package = affected.package;
        let first = weakness[0];
        let name = other_name(weakness).map_or(String::new(), |other| format!(" ({other})"));
        let message =
            format!("{}{name}: {} {} — {}", first.id, package.name, package.version, first.title);
        let repair = affected.repair(first);
        let (fix, command) = match &repair {
            Some(repair) => {
                let (title, command) = self.fix(affected, repair);
                (Some((title, Vec::new())), command)
            }
            None => (None, None),
        };
        Draft {
            severity: severity(weakness),
            subject: Some(format!("{} {} {}", first.id, package.name, package.version)),
            package: Some(Package {
                ecosystem: self.lockfile.ecosystem.to_string(),
                name: package.name.clone(),
                version: package.version.clone(),
            }),
            evidence: self.evidence(at, weakness),
            fix,
            command,
            ..Draft::new(&rule(first.kind), package.version_at.clone(), message)
        }
    }

    fn evidence(&self, at: usize, weakness: &[&Advisory]) -> Vec<(String, String)> {
        let mut evidence = Vec::new();
        let mut note = |label: &str, text: String| evidence.push((label.to_owned(), text));
        for advisory in weakness {
            let ids: Vec<&str> = std::iter::once(&advisory.id)
                .chain(&advisory.aliases)
                .map(String::as_str)
                .collect();
            note("advisory", format!("{} of {}", ids.join(", "), advisory.date));
        }
        let first = weakness[0];
        let repaired: Vec<String> = first.repaired_in().collect();
        match (repaired.is_empty(), first.kind) {
            (false, _) => note("repaired in", repaired.join(" or ")),
            (true, Kind::Vulnerability | Kind::Unsound) => {
                note("repaired in", "no version yet".to_owned());
            }
            (true, Kind::Unmaintained | Kind::Notice) => {}
        }
        if !first.platforms.is_empty() {
            note("only on", first.platforms.join(", "));
        }
        note("required by", shown_way(&self.lockfile.way_to(at)));
        if let Ok(date) = self.advisories.date() {
            note("database", format!("advisories of {date}"));
        }
        evidence
    }

    /// What the repair is, in words, and the command that makes it where cargo can.
    fn fix(&self, affected: &Affected<'_>, repair: &Version) -> (String, Option<String>) {
        let LockedPackage { name, version, .. } = affected.package;
        if !is_compatible(affected.version, repair) {
            let title = format!(
                "Update what requires {name}: its smallest repaired version, {repair}, is not \
                 semver-compatible with {version}"
            );
            return (title, None);
        }
        let others = self.lockfile.packages.iter().filter(|other| other.name == *name);
        let is_plain = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte))
        };
        let specification =
            if others.count() > 1 { format!("{name}@{version}") } else { name.clone() };
        let command = (is_plain(name) && is_plain(version) && !name.starts_with('-'))
            .then(|| format!("cargo update -p {specification} --precise {repair}"));
        (format!("Update {name} from {version} to {repair}"), command)
    }
}

/// A package and all that is known against it, in any version.
struct Affected<'a> {
    package: &'a LockedPackage,
    version: &'a Version,
    advisories: &'a [Advisory],
}

impl Affected<'_> {
    /// The smallest newer version that leaves every affected range; if there is none, that of this advisory.
    fn repair(&self, advisory: &Advisory) -> Option<Version> {
        let weaknesses = || {
            let is_weakness = |kind| matches!(kind, Kind::Vulnerability | Kind::Unsound);
            self.advisories.iter().filter(move |known| is_weakness(known.kind))
        };
        let mut candidates: Vec<Version> = weaknesses()
            .chain([advisory])
            .flat_map(Advisory::repairs)
            .filter(|candidate| candidate > self.version && !advisory.affects(candidate))
            .collect();
        candidates.sort();
        let is_clean =
            |candidate: &&Version| !weaknesses().any(|weakness| weakness.affects(candidate));
        candidates.iter().find(is_clean).or(candidates.first()).cloned()
    }
}

/// Whether cargo takes `new` where `old` was asked for by a caret requirement.
fn is_compatible(old: &Version, new: &Version) -> bool {
    let caret = Comparator {
        op: Op::Caret,
        major: old.major,
        minor: Some(old.minor),
        patch: Some(old.patch),
        pre: old.pre.clone(),
    };
    VersionReq { comparators: vec![caret] }.matches(new)
}

/// Groups advisories that speak of the same weakness: one names the other, or both name the same CVE.
fn merge<'a>(advisories: &[&'a Advisory]) -> Vec<Vec<&'a Advisory>> {
    let mut groups: Vec<Vec<&Advisory>> = Vec::new();
    for advisory in advisories {
        match groups.iter_mut().find(|group| group.iter().any(|known| is_same(known, advisory))) {
            Some(group) => group.push(advisory),
            None => groups.push(vec![advisory]),
        }
    }
    groups
}

fn is_same(one: &Advisory, other: &Advisory) -> bool {
    let is_cve = |alias: &&String| alias.starts_with("CVE-");
    one.kind == other.kind
        && (one.aliases.contains(&other.id)
            || other.aliases.contains(&one.id)
            || one.aliases.iter().filter(is_cve).any(|alias| other.aliases.contains(alias)))
}

/// The name by which most people know the weakness, besides its first id.
fn other_name<'a>(weakness: &[&'a Advisory]) -> Option<&'a str> {
    let aliases = || weakness.iter().flat_map(|advisory| &advisory.aliases);
    let cve = aliases().find(|alias| alias.starts_with("CVE-"));
    cve.or_else(|| aliases().next()).map(String::as_str)
}

/// By the worst CVSS score; `None` leaves the rule's own severity.
fn severity(weakness: &[&Advisory]) -> Option<Severity> {
    let is_vulnerability = weakness[0].kind == Kind::Vulnerability;
    let scores = weakness.iter().filter_map(|advisory| advisory.score);
    let worst = scores.filter(|_| is_vulnerability).max_by(f64::total_cmp)?;
    // The ranges are those of the CVSS specification, section 5.
    Some(match worst {
        9.0.. => Severity::Critical,
        7.0.. => Severity::High,
        4.0.. => Severity::Medium,
        _ => Severity::Low,
    })
}

fn shown_way(way: &[&LockedPackage]) -> String {
    let name = |package: &&LockedPackage| format!("{} {}", package.name, package.version);
    let shown: Vec<String> = way.iter().map(name).collect();
    match shown.as_slice() {
        [_] => "nothing in this lockfile".to_owned(),
        [first @ .., _, last] if shown.len() > LONGEST_WAY => {
            format!("{} → … → {last}", first[..LONGEST_WAY - 2].join(" → "))
        }
        _ => shown.join(" → "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn compatible_is_what_a_caret_requirement_takes() {
        assert!(is_compatible(&version("1.17.0"), &version("1.18.4")));
        assert!(is_compatible(&version("0.12.26+1.3.0"), &version("0.12.27")));
        assert!(!is_compatible(&version("0.2.3"), &version("0.3.0")));
        assert!(!is_compatible(&version("0.0.3"), &version("0.0.4")));
        assert!(!is_compatible(&version("1.0.0"), &version("2.0.0")));
    }
}
