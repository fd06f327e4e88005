//! Licences of the packages of lockfiles against what the configuration allows.
//!
//! Each ecosystem is a subject of its own. Without `dependencies.licences` there is no policy to hold packages
//! against: then there are no subjects, and nothing passes. A package whose files are not on this machine is a gap.

use std::collections::{BTreeMap, HashMap};

use super::{Context, FileCheck, Subject, vulnerable::shown_way};
use crate::{
    config::LicenceConfig,
    deadline::Deadline,
    finding::{Draft, DraftStep, FileNotes, Gap, Package, RepoPath},
    packages::{
        Ecosystem,
        licence::{self, Exception, Installed, Licence, Policy, Verdict},
        local::Caches,
        lockfile::{self, LockedPackage, Lockfile, Malformed, Origin, Scope, sbom},
    },
    rule::RuleId,
    sources::SourceFile,
};

const REFUSED: &str = "dependency/licence";
const UNKNOWN: &str = "dependency/licence-unknown";
/// What a bill of materials is looked at as if it can not be read, and what it is called.
const BILLS: &str = "licence/sbom";
const BILL: &str = "bill of materials";
/// Packages that are named where there are many.
const MOST_NAMED: usize = 20;
/// Other places of the same package that are named.
const MOST_PLACES: usize = 10;

/// The policy of a configuration, or `None` if it has none. Fails with what is wrong and what to write.
pub fn policy(config: &LicenceConfig) -> Result<Option<Policy>, String> {
    if config.allow.is_empty() && config.deny.is_empty() && config.exceptions.is_empty() {
        return Ok(None);
    }
    let exceptions = config.exceptions.iter().map(|exception| {
        if exception.reason.trim().is_empty() {
            return Err(format!("the exception of `{}` needs a reason", exception.package));
        }
        Exception::new(&exception.package, &exception.allow)
    });
    let exceptions = exceptions.collect::<Result<Vec<_>, _>>()?;
    if config.allow.is_empty() && config.deny.is_empty() {
        return Err("`exceptions` are from `allow` or `deny`: give one of them".to_owned());
    }
    Policy::new(&config.allow, &config.deny, exceptions).map(Some)
}

/// Builds the check.
pub fn build<'a>(context: &Context<'a>) -> Box<dyn FileCheck + 'a> {
    Box::new(Licences { policy: context.licences, caches: context.caches })
}

struct Licences<'a> {
    policy: Option<&'a Policy>,
    caches: &'a Caches,
}

impl FileCheck for Licences<'_> {
    fn name(&self) -> &'static str {
        "licence"
    }

    fn subjects(&self) -> Vec<Subject> {
        let rules = [RuleId::new(REFUSED), RuleId::new(UNKNOWN)];
        let subject = |ecosystem| Subject { name: subject_of(ecosystem), rules: rules.to_vec() };
        let bills = Subject { name: BILLS, rules: rules.to_vec() };
        let all = Ecosystem::all().map(subject).chain([bills]);
        all.filter(|_| self.policy.is_some()).collect()
    }

    fn wants(&self, path: &RepoPath) -> bool {
        self.policy.is_some() && (lockfile::format_of(path).is_some() || sbom::is_one(path))
    }

    fn check(&self, file: &SourceFile, deadline: &Deadline<'_>, notes: &mut FileNotes) {
        let Some(policy) = self.policy else { return };
        let review =
            |lockfile, format, written: &HashMap<usize, Licence>, notes: &mut FileNotes| {
                let installed = Installed::new(lockfile, self.caches, file.path().folder());
                let subject = subject_of(lockfile.ecosystem);
                Review { lockfile, format, policy, file, subject, written, installed }
                    .run(deadline, notes);
            };
        let fail = |subject, malformed: &Malformed, notes: &mut FileNotes| {
            notes.miss(subject, file.path(), malformed.to_string());
        };
        if let Some(format) = lockfile::format_of(file.path()) {
            match &*file.parsed::<Result<Lockfile, Malformed>>(lockfile::read) {
                Err(malformed) => fail(subject_of(format.ecosystem), malformed, notes),
                Ok(lockfile) => {
                    let written = licence::written(format.name, file.text());
                    review(lockfile, format.name, &written, notes);
                }
            }
            return;
        }
        match &*file.parsed::<Result<Vec<Lockfile>, Malformed>>(lockfile::read_bill) {
            Err(malformed) => fail(BILLS, malformed, notes),
            Ok(lockfiles) => {
                let written = licence::of_bill(file.text());
                for lockfile in lockfiles {
                    review(lockfile, BILL, &written, notes);
                }
            }
        }
    }
}

/// What a lockfile of this ecosystem is looked at as.
fn subject_of(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::CratesIo => "licence/cargo",
        Ecosystem::Npm => "licence/npm",
        Ecosystem::PyPi => "licence/pypi",
        Ecosystem::Go => "licence/go",
        Ecosystem::Maven => "licence/maven",
        Ecosystem::RubyGems => "licence/rubygems",
        Ecosystem::Packagist => "licence/packagist",
        Ecosystem::NuGet => "licence/nuget",
        Ecosystem::Hex => "licence/hex",
        Ecosystem::Pub => "licence/pub",
        Ecosystem::Conan => "licence/conan",
        Ecosystem::Cran => "licence/cran",
        Ecosystem::Hackage => "licence/hackage",
        Ecosystem::Debian => "licence/debian",
        Ecosystem::Alpine => "licence/alpine",
    }
}

/// One lockfile against the policy.
struct Review<'a> {
    lockfile: &'a Lockfile,
    format: &'static str,
    policy: &'a Policy,
    file: &'a SourceFile,
    subject: &'static str,
    /// What the lockfile itself says, by the first byte of an entry.
    written: &'a HashMap<usize, Licence>,
    installed: Installed,
}

/// What is said of a package, and where.
struct Said {
    licence: Licence,
    file: String,
}

/// The packages of which no licence is known, by the index of their first place.
#[derive(Default)]
struct Unknown {
    /// Those that say nothing that could be told, and what they say.
    unclear: Vec<(usize, String)>,
    /// Those that nothing is there of.
    absent: usize,
}

impl Review<'_> {
    fn run(&self, deadline: &Deadline<'_>, notes: &mut FileNotes) {
        let gaps = notes.gaps.len();
        let mut unknown = Unknown::default();
        let packages = self.packages();
        for places in packages.values() {
            if deadline.passed() {
                notes.miss(self.subject, self.file.path(), deadline.reason().to_owned());
                break;
            }
            notes.drafts.extend(self.look(places, &mut unknown));
        }
        unknown.unclear.sort_by_key(|(at, _)| self.lockfile.packages[*at].at.start);
        notes.drafts.extend(self.unclear(&unknown.unclear));
        self.note_absent(unknown.absent, notes);
        if let Some(reason) = self.passed_over() {
            let subject = self.file.path().to_string();
            notes.leave_out(self.subject, Gap { subject, reason, incomplete: false });
        }
        if notes.gaps.len() == gaps && !self.lockfile.packages.is_empty() {
            notes.looked_at.push(self.subject);
        }
    }

    /// The packages that are not the project's own, each with its places.
    fn packages(&self) -> BTreeMap<(&str, &str), Vec<usize>> {
        let mut places: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (at, package) in self.lockfile.packages.iter().enumerate() {
            if package.origin != Origin::Local {
                places.entry((&package.name, &package.version)).or_default().push(at);
            }
        }
        places
    }

    fn look(&self, places: &[usize], unknown: &mut Unknown) -> Option<Draft> {
        let package = &self.lockfile.packages[places[0]];
        let said = self.said(places[0]);
        let named = (package.name.as_str(), package.version.as_str());
        let licence = said.as_ref().map(|said| &said.licence);
        match (self.policy.judge(self.lockfile.ecosystem, named, licence), said) {
            (Verdict::Allowed, _) => None,
            (Verdict::Refused(parts), Some(said)) => Some(self.refused(places, &parts, &said)),
            (_, Some(Said { licence: Licence::Unclear(text), .. })) => {
                unknown.unclear.push((places[0], text));
                None
            }
            _ => {
                unknown.absent += 1;
                None
            }
        }
    }

    /// What the lockfile says of a package, else what its files say.
    fn said(&self, index: usize) -> Option<Said> {
        let file = self.file.path().file_name();
        let of_file = self.written.get(&self.lockfile.packages[index].at.start);
        let of_file =
            of_file.map(|licence| Said { licence: licence.clone(), file: file.to_owned() });
        of_file.or_else(|| {
            let found = self.installed.find(self.lockfile, index)?;
            Some(Said { licence: found.licence, file: found.file })
        })
    }

    fn refused(&self, places: &[usize], parts: &[String], said: &Said) -> Draft {
        let package = &self.lockfile.packages[places[0]];
        let LockedPackage { name, version, .. } = package;
        let what = match &said.licence {
            Licence::Expression(expression) if parts == [expression.text()] => {
                format!("is under `{}`, which is not allowed", expression.text())
            }
            Licence::Expression(expression) => {
                format!("is under `{}`: not allowed is {}", expression.text(), listed(parts))
            }
            Licence::NotGranted(text) | Licence::Unclear(text) => {
                format!("grants no licence: it says `{text}`")
            }
        };
        let related = places[1..].iter().take(MOST_PLACES).map(|at| DraftStep {
            at: self.lockfile.packages[*at].version_at.clone(),
            note: "the same package again".to_owned(),
        });
        Draft {
            subject: Some(format!("{name} {version}")),
            package: Some(Package {
                ecosystem: self.lockfile.ecosystem.to_string(),
                name: name.clone(),
                version: version.clone(),
            }),
            evidence: self.evidence(places[0], said),
            related: related.collect(),
            fix: Some((self.fix(places[0]), Vec::new())),
            ..Draft::new(
                &RuleId::new(REFUSED),
                package.version_at.clone(),
                format!("{name} {version} {what}"),
            )
        }
    }

    fn evidence(&self, at: usize, said: &Said) -> Vec<(String, String)> {
        let scope = match self.lockfile.packages[at].scope {
            Scope::Runtime => None,
            Scope::Optional => Some("an optional part"),
            Scope::Development => Some("development"),
        };
        let way = shown_way(&self.lockfile.way_to(at));
        let scope = scope.map(|scope| ("needed for".to_owned(), scope.to_owned()));
        let first =
            [("licence read in".to_owned(), said.file.clone()), ("required by".to_owned(), way)];
        first.into_iter().chain(scope).collect()
    }

    /// What can be done, in words: which package to use instead is not known.
    fn fix(&self, at: usize) -> String {
        let LockedPackage { name, .. } = &self.lockfile.packages[at];
        let parent = self.lockfile.packages[at].required_by;
        let parent = parent.map(|parent| &self.lockfile.packages[parent]);
        let instead = match parent.filter(|parent| parent.origin != Origin::Local) {
            Some(parent) => format!("do without `{}`, which requires it,", parent.name),
            None => format!("use another package instead of `{name}`,"),
        };
        format!("{instead} or add it to `dependencies.licences.exceptions` with a reason")
    }

    /// One finding for all packages whose licence can not be told.
    fn unclear(&self, unclear: &[(usize, String)]) -> Option<Draft> {
        let first = &self.lockfile.packages[unclear.first()?.0];
        let names = unclear.iter().take(MOST_NAMED).map(|(at, text)| {
            let LockedPackage { name, version, .. } = &self.lockfile.packages[*at];
            format!("{} ({text})", format!("{name} {version}").trim_end())
        });
        let names = names.collect::<Vec<_>>().join(", ");
        let more = match unclear.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let count = match unclear.len() {
            1 => "the licence of 1 package is unclear".to_owned(),
            count => format!("the licences of {count} packages are unclear"),
        };
        let fix = "read their licences, and name them in `dependencies.licences.exceptions`";
        Some(Draft {
            subject: Some(self.format.to_owned()),
            fix: Some((fix.to_owned(), Vec::new())),
            ..Draft::new(
                &RuleId::new(UNKNOWN),
                first.version_at.clone(),
                format!("{count}: {names}{more}"),
            )
        })
    }

    fn note_absent(&self, absent: usize, notes: &mut FileNotes) {
        let what = match absent {
            0 => return,
            1 => "the licence of 1 package is not known".to_owned(),
            count => format!("the licences of {count} packages are not known"),
        };
        let files = if absent == 1 { "its files are" } else { "their files are" };
        let ecosystem = self.lockfile.ecosystem;
        let (why, incomplete) = match self.installed.how_to_have() {
            Some(how) => (format!("{files} in no local cache; {how}"), true),
            None => (
                format!("neither the lockfile nor a cache that is read tells them for {ecosystem}"),
                false,
            ),
        };
        let subject = self.file.path().to_string();
        notes
            .leave_out(self.subject, Gap { subject, reason: format!("{what}: {why}"), incomplete });
    }

    /// What is said of what names packages and is not looked at.
    fn passed_over(&self) -> Option<String> {
        let Lockfile { packages, left_out, includes, .. } = self.lockfile;
        let is_included = |name: &&String| {
            let path = RepoPath::new(&format!("{}/{name}", self.file.path().folder()));
            lockfile::format_of(&path).is_some_and(|other| other.name == self.format)
        };
        let others = includes.iter().filter(|name| !is_included(name)).count();
        match (packages.len(), left_out.len(), others) {
            (0, 0, 0) => Some("holds no packages".to_owned()),
            (_, 0, 0) => None,
            _ => Some(
                "no licence is looked for of what has no version or stands in other files"
                    .to_owned(),
            ),
        }
    }
}

/// `A`, `A and B`, `A, B and C`, in code marks.
fn listed(parts: &[String]) -> String {
    let quoted: Vec<String> = parts.iter().map(|part| format!("`{part}`")).collect();
    match quoted.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => quoted.concat(),
    }
}
