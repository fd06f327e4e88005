//! Where packages come from, and which may: the part of the policy about dependencies that needs no database.
//!
//! Banned packages, addresses outside of an allow-list, transports that anybody on the way can change, entries
//! without checksum; and, for those who ask, copies, programs that run at installation, and names like others.

mod address;
mod banned;

use std::{collections::BTreeMap, ops::Range};

use self::address::Address;
use super::{
    Context, FileCheck, Subject,
    vulnerable::{MOST_PLACES, shown_way},
};
use crate::{
    config::DependencyConfig,
    deadline::Deadline,
    finding::{Draft, DraftStep, FileNotes, Package, RepoPath},
    packages::{
        Ecosystem,
        lockfile::{self, Format, LockedPackage, Lockfile, Malformed, Origin},
        names,
    },
    rule::{RuleId, Severity, Tier},
    sources::SourceFile,
};

pub use banned::verify;

const BANNED: &str = "dependency/banned";
const SOURCE: &str = "dependency/source";
const INSECURE: &str = "dependency/insecure-source";
const MOVING: &str = "dependency/moving-source";
const NO_INTEGRITY: &str = "dependency/no-integrity";
const DUPLICATE: &str = "dependency/duplicate";
const SCRIPT: &str = "dependency/install-script";
const TYPOSQUAT: &str = "dependency/typosquat";

/// Formats in which every package of the public registry has a checksum, if the tool wrote any.
const WITH_CHECKSUMS: &[&str] = &[
    "Cargo.lock",
    "package-lock.json",
    "pnpm-lock.yaml",
    "poetry.lock",
    "uv.lock",
    "Pipfile.lock",
];
/// So many bytes around the place of what names no version may hold its address.
const AROUND: usize = 1000;
/// Copies that are named in a message.
const MOST_NAMED: usize = 5;

/// Builds the check.
pub fn build<'a>(context: &Context<'a>) -> Box<dyn FileCheck + 'a> {
    Box::new(Supply { policy: context.dependencies })
}

struct Supply<'a> {
    policy: &'a DependencyConfig,
}

impl FileCheck for Supply<'_> {
    fn name(&self) -> &'static str {
        "supply"
    }

    fn subjects(&self) -> Vec<Subject> {
        let rules = [BANNED, SOURCE, INSECURE, MOVING, NO_INTEGRITY, DUPLICATE, SCRIPT, TYPOSQUAT];
        let rules: Vec<RuleId> = rules.into_iter().map(RuleId::new).collect();
        let subject = |ecosystem| Subject { name: subject_of(ecosystem), rules: rules.clone() };
        Ecosystem::all().map(subject).collect()
    }

    fn wants(&self, path: &RepoPath) -> bool {
        lockfile::format_of(path).is_some()
    }

    fn check(&self, file: &SourceFile, _: &Deadline<'_>, notes: &mut FileNotes) {
        let Some(format) = lockfile::format_of(file.path()) else { return };
        let subject = subject_of(format.ecosystem);
        match &*file.parsed::<Result<Lockfile, Malformed>>(lockfile::read) {
            Err(malformed) => notes.miss(subject, file.path(), malformed.to_string()),
            Ok(lockfile) => {
                let inspection =
                    Inspection { lockfile, policy: self.policy, format, subject, file };
                inspection.run(notes);
            }
        }
    }
}

/// What a lockfile of this ecosystem is looked at as.
fn subject_of(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::CratesIo => "supply/cargo",
        Ecosystem::Npm => "supply/npm",
        Ecosystem::PyPi => "supply/pypi",
        Ecosystem::Go => "supply/go",
        Ecosystem::Maven => "supply/maven",
        Ecosystem::RubyGems => "supply/rubygems",
        Ecosystem::Packagist => "supply/packagist",
        Ecosystem::NuGet => "supply/nuget",
        Ecosystem::Hex => "supply/hex",
        Ecosystem::Pub => "supply/pub",
        Ecosystem::Conan => "supply/conan",
        Ecosystem::Cran => "supply/cran",
        Ecosystem::Hackage => "supply/hackage",
        Ecosystem::Debian => "supply/debian",
        Ecosystem::Alpine => "supply/alpine",
    }
}

/// One lockfile against the policy.
struct Inspection<'a> {
    lockfile: &'a Lockfile,
    policy: &'a DependencyConfig,
    format: &'static Format,
    subject: &'static str,
    file: &'a SourceFile,
}

impl Inspection<'_> {
    fn run(&self, notes: &mut FileNotes) {
        let gaps = notes.gaps.len();
        self.look_for_banned(notes);
        self.look_at_sources(notes);
        self.look_at_left_out(notes);
        notes.drafts.extend(self.without_checksum());
        notes.drafts.extend(self.duplicates());
        notes.drafts.extend(self.with_scripts());
        notes.drafts.extend(self.doubtful_names());
        let Lockfile { packages, left_out, .. } = self.lockfile;
        if notes.gaps.len() == gaps && !(packages.is_empty() && left_out.is_empty()) {
            notes.looked_at.push(self.subject);
        }
    }

    /// The packages that are not a part of the project.
    fn foreign(&self) -> impl Iterator<Item = (usize, &LockedPackage)> {
        let packages = self.lockfile.packages.iter().enumerate();
        packages.filter(|(_, package)| package.origin != Origin::Local)
    }

    /// Text of the file. Places of a lockfile are places in UTF-8.
    fn written(&self, at: &Range<usize>) -> &str {
        let bytes = self.file.bytes().get(at.clone()).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn look_at_sources(&self, notes: &mut FileNotes) {
        let mut plain: BTreeMap<(String, bool), Vec<usize>> = BTreeMap::new();
        for (at, package) in self.foreign() {
            let place = package.provenance.address_at.as_ref();
            let written = place.map_or("", |place| self.written(place));
            let is_foreign = package.origin == Origin::Elsewhere;
            if !is_foreign && !address::may_be_plain(written) {
                continue;
            }
            let address = Address::read(written);
            if let Some(address) = address.as_ref().filter(|address| address.is_plain()) {
                let fragment = written.split_once('#').map_or("", |(_, fragment)| fragment);
                let is_checked = package.provenance.has_checksum
                    || address::has_commit(fragment)
                    || (address.is_repository() && self.has_commit(package));
                plain.entry((address.host().to_owned(), is_checked)).or_default().push(at);
            }
            if is_foreign {
                notes.drafts.extend(self.not_allowed(at, written, address.as_ref()));
                let is_moving = address.as_ref().is_some_and(Address::is_repository);
                // Bundler writes the commit above the entries.
                if is_moving && self.format.name != "Gemfile.lock" && !self.has_commit(package) {
                    notes.drafts.push(self.moving(at, written));
                }
            }
        }
        for ((host, is_checked), places) in plain {
            notes.drafts.push(self.plain(&host, is_checked, &places));
        }
    }

    fn has_commit(&self, package: &LockedPackage) -> bool {
        address::has_commit(self.written(&package.at))
    }

    fn not_allowed(&self, at: usize, written: &str, address: Option<&Address>) -> Option<Draft> {
        let allowed = self.policy.sources.as_ref()?;
        if address::is_path(written) {
            return None;
        }
        let source = match address {
            Some(address) if address.is_within(allowed) => return None,
            Some(address) => format!("comes from {}", address.shown()),
            None => "comes from an address that the lockfile does not tell".to_owned(),
        };
        let LockedPackage { name, version, .. } = &self.lockfile.packages[at];
        let label = format!("{name} {version}");
        let message = format!(
            "{} {source}, which is neither a public registry nor in `sources`",
            label.trim_end()
        );
        Some(self.about(SOURCE, at, message))
    }

    fn moving(&self, at: usize, written: &str) -> Draft {
        let name = &self.lockfile.packages[at].name;
        let shown = Address::read(written).map_or(String::new(), |address| address.shown());
        let message = format!("{name} is what {shown} holds on the day: no commit is written down");
        self.about(MOVING, at, message)
    }

    fn plain(&self, host: &str, is_checked: bool, places: &[usize]) -> Draft {
        let what = self.counted(places);
        let (message, severity, tier) = if is_checked {
            let message =
                format!("{what} fetched from {host} without encryption; a checksum tells changes");
            (message, Some(Severity::Low), Some(Tier::Warning))
        } else {
            let message = format!(
                "{what} fetched from {host} without encryption, and nothing would tell of a change on the way"
            );
            (message, None, None)
        };
        let subject = Some(format!("{host} {is_checked}"));
        Draft { severity, tier, subject, ..self.grouped(INSECURE, places, message) }
    }

    /// `NAME is`, or `3 packages are`.
    fn counted(&self, places: &[usize]) -> String {
        match places {
            [at] => format!("{} is", self.lockfile.packages[*at].name),
            _ => format!("{} packages are", places.len()),
        }
    }

    /// What has no version has an address, as a rule.
    fn look_at_left_out(&self, notes: &mut FileNotes) {
        for fault in &self.lockfile.left_out {
            let line = self.file.line(self.file.line_of(fault.at)).unwrap_or(0..0);
            let mut near = line.start.max(fault.at.saturating_sub(AROUND))
                ..line.end.min(fault.at.saturating_add(AROUND));
            // Not in the middle of a character.
            while near.start < near.end && self.written(&near).is_empty() {
                near.start += 1;
            }
            let text = self.written(&near);
            let Some((address, written)) = address::within(text) else { continue };
            let shown = address.shown();
            let has_commit = address::has_commit(text);
            let draft = |rule, message: String| Draft {
                subject: Some(format!("{rule} {shown}")),
                ..Draft::new(
                    &RuleId::new(rule),
                    near.start + written.start..near.start + written.end,
                    message,
                )
            };
            if address.is_plain() && !has_commit {
                let message = format!(
                    "what is fetched from {shown} comes without encryption, and nothing would tell of a change on the way"
                );
                notes.drafts.push(draft(INSECURE, message));
            }
            if address.is_repository() && !has_commit {
                let message = format!(
                    "no commit of {shown} is written down: what it holds on the day is used"
                );
                notes.drafts.push(draft(MOVING, message));
            }
            if self.policy.sources.as_ref().is_some_and(|allowed| !address.is_within(allowed)) {
                let message = format!("{shown} is neither a public registry nor in `sources`");
                notes.drafts.push(draft(SOURCE, message));
            }
        }
    }

    /// Packages of the public registry without a checksum, where others have one.
    fn without_checksum(&self) -> Option<Draft> {
        if !WITH_CHECKSUMS.contains(&self.format.name) {
            return None;
        }
        let of_registry = self.foreign().filter(|(_, package)| package.origin == Origin::Registry);
        let (with, without): (Vec<_>, Vec<_>) =
            of_registry.partition(|(_, package)| package.provenance.has_checksum);
        let places: Vec<usize> = without.into_iter().map(|(at, _)| at).collect();
        if with.is_empty() || places.is_empty() {
            return None;
        }
        let names = self.named(&places);
        let message = format!(
            "{} of {} packages of the registry have no checksum: {names}",
            places.len(),
            places.len() + with.len()
        );
        Some(self.grouped(NO_INTEGRITY, &places, message))
    }

    fn duplicates(&self) -> Option<Draft> {
        if matches!(self.lockfile.ecosystem, Ecosystem::Debian | Ecosystem::Alpine) {
            return None;
        }
        let mut versions: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for (at, package) in self.foreign() {
            let of_name = versions.entry(&package.name).or_default();
            of_name.entry(&package.version).or_insert(at);
        }
        versions.retain(|_, versions| versions.len() > 1);
        let places: Vec<usize> =
            versions.values().flat_map(|versions| versions.values().copied()).collect();
        let named = versions.iter().take(MOST_NAMED).map(|(name, versions)| {
            format!("{name} ({})", versions.keys().copied().collect::<Vec<_>>().join(", "))
        });
        let named = named.collect::<Vec<_>>().join("; ");
        let more = if versions.len() > MOST_NAMED { "; and others" } else { "" };
        let message = match versions.len() {
            0 => return None,
            1 => format!("1 package is there in several versions: {named}"),
            count => format!("{count} packages are there in several versions: {named}{more}"),
        };
        let tier = self.policy.duplicates.then_some(Tier::Warning);
        Some(Draft { tier, ..self.grouped(DUPLICATE, &places, message) })
    }

    fn with_scripts(&self) -> Option<Draft> {
        let scripts = self.foreign().filter(|(_, package)| package.provenance.runs_script);
        let places: Vec<usize> = scripts.map(|(at, _)| at).collect();
        let names = self.named(&places);
        let message = match places.len() {
            0 => return None,
            1 => format!("1 package runs a program when it is installed: {names}"),
            count => format!("{count} packages run a program when they are installed: {names}"),
        };
        Some(self.grouped(SCRIPT, &places, message))
    }

    fn doubtful_names(&self) -> Vec<Draft> {
        let mut drafts = Vec::new();
        let known = names::of(self.lockfile.ecosystem);
        let mut last = "";
        for (at, package) in self.foreign().filter(|(_, p)| p.origin == Origin::Registry) {
            if std::mem::replace(&mut last, &package.name) == package.name {
                continue;
            }
            if let Some(other) = known.and_then(|known| known.like(&package.name)) {
                let message =
                    format!("{} is named almost as {other}, which many know", package.name);
                drafts.push(self.about(TYPOSQUAT, at, message));
            }
        }
        drafts
    }

    /// The first names of these packages.
    fn named(&self, places: &[usize]) -> String {
        let names = places.iter().take(MOST_NAMED).map(|at| &*self.lockfile.packages[*at].name);
        let more = places.len().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", names.collect::<Vec<_>>().join(", "))
    }

    /// A finding about one package, at its line.
    fn about(&self, rule: &str, at: usize, message: String) -> Draft {
        let LockedPackage { name, version, scope, version_at, name_at, .. } =
            &self.lockfile.packages[at];
        let place = if version_at.is_empty() { name_at } else { version_at };
        let evidence = [
            ("required by", shown_way(&self.lockfile.way_to(at))),
            ("scope", scope.name().to_owned()),
        ];
        Draft {
            subject: Some(format!("{rule} {name} {version}")),
            package: Some(Package {
                ecosystem: self.lockfile.ecosystem.to_string(),
                name: name.clone(),
                version: version.clone(),
            }),
            evidence: evidence.map(|(label, text)| (label.to_owned(), text)).into(),
            ..Draft::new(&RuleId::new(rule), place.clone(), message)
        }
    }

    /// One finding about several packages, at the first one's line.
    fn grouped(&self, rule: &str, places: &[usize], message: String) -> Draft {
        let step = |at: &usize| {
            let package = &self.lockfile.packages[*at];
            let note = format!("{} {}", package.name, package.version);
            DraftStep { at: package.name_at.clone(), note: note.trim_end().to_owned() }
        };
        let first = places.first().map_or(0..0, |at| step(at).at);
        Draft {
            subject: Some(rule.to_owned()),
            related: places.iter().skip(1).take(MOST_PLACES).map(step).collect(),
            ..Draft::new(&RuleId::new(rule), first, message)
        }
    }
}
