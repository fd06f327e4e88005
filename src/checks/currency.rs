//! Packages of lockfiles against what registries say of them: withdrawn, advised against, far behind.
//!
//! It asks nobody: `run` brings what registries said, if they were to be asked. Else only cargo's own index on this
//! machine is looked at, for what is yanked. What nobody said is a gap, and never up to date.

mod drafts;

use std::collections::BTreeMap;

use super::{Context, FileCheck, Subject};
use crate::{
    config::OutdatedConfig,
    deadline::Deadline,
    finding::{FileNotes, Gap, RepoPath},
    packages::{
        Ecosystem,
        cargo_index::CargoIndex,
        lockfile::{self, Lockfile, Malformed, Origin},
        registry::{Answers, Listing, Release},
        version::Version,
    },
    rule::RuleId,
    sources::SourceFile,
};
use drafts::Told;

const YANKED: &str = "dependency/yanked";
const DEPRECATED: &str = "dependency/deprecated";
const OUTDATED: &str = "dependency/outdated";

/// What a `Cargo.lock` is looked at as where only the index on this machine tells.
const LOCAL: &str = "currency/cargo-index";
/// What lockfiles are looked at as whose registries can not be asked.
const OTHER: &str = "currency/other";
const SUBJECTS: &[(Ecosystem, &str)] = &[
    (Ecosystem::CratesIo, "currency/cargo"),
    (Ecosystem::Npm, "currency/npm"),
    (Ecosystem::PyPi, "currency/pypi"),
    (Ecosystem::Go, "currency/go"),
    (Ecosystem::RubyGems, "currency/rubygems"),
    (Ecosystem::Packagist, "currency/packagist"),
    (Ecosystem::NuGet, "currency/nuget"),
];
/// Packages that are named of those of which nothing is known.
const MOST_NAMED: usize = 3;

/// Builds the check.
pub fn build<'a>(context: &Context<'a>) -> Box<dyn FileCheck + 'a> {
    let outdated = context.dependencies.outdated;
    Box::new(Currency { registries: context.registries, cargo: context.cargo, outdated })
}

struct Currency<'a> {
    registries: Option<&'a Answers>,
    cargo: Option<&'a CargoIndex>,
    outdated: OutdatedConfig,
}

impl FileCheck for Currency<'_> {
    fn name(&self) -> &'static str {
        "currency"
    }

    fn subjects(&self) -> Vec<Subject> {
        let all = || [YANKED, DEPRECATED, OUTDATED].map(RuleId::new).to_vec();
        let asked = SUBJECTS.iter().map(|(_, name)| *name).chain([OTHER]);
        let asked = asked.map(|name| Subject { name, rules: all() });
        asked.chain([Subject { name: LOCAL, rules: vec![RuleId::new(YANKED)] }]).collect()
    }

    fn wants(&self, path: &RepoPath) -> bool {
        lockfile::format_of(path).is_some()
    }

    fn check(&self, file: &SourceFile, deadline: &Deadline<'_>, notes: &mut FileNotes) {
        let Some(format) = lockfile::format_of(file.path()) else { return };
        let known = SUBJECTS.iter().find(|(ecosystem, _)| *ecosystem == format.ecosystem);
        let subject = known.map_or(OTHER, |(_, name)| *name);
        let read = file.parsed::<Result<Lockfile, Malformed>>(lockfile::read);
        let lockfile = match &*read {
            Ok(lockfile) => lockfile,
            Err(malformed) => return notes.miss(subject, file.path(), malformed.to_string()),
        };
        let mut look = Look { lockfile, file, outdated: self.outdated, notes };
        if known.is_none() {
            let reason = format!("registries of {} can not be asked", format.ecosystem);
            return look.leave_out(subject, reason);
        }
        if let Some(answers) = self.registries {
            let ecosystem = format.ecosystem;
            let answer = |name: &str| answers.get(&(ecosystem, name.to_owned()));
            return look.at_answers(subject, answer);
        }
        look.leave_out(subject, "registries were not asked: give --online-metadata".to_owned());
        if format.ecosystem == Ecosystem::CratesIo {
            if let Some(index) = self.cargo {
                look.at_index(index, deadline);
            } else {
                let reason = "cargo has no index on this machine to tell what is yanked";
                look.leave_out(LOCAL, format!("{reason}: give --online-metadata"));
            }
        }
    }
}

/// One lockfile.
struct Look<'a> {
    lockfile: &'a Lockfile,
    file: &'a SourceFile,
    outdated: OutdatedConfig,
    notes: &'a mut FileNotes,
}

impl<'a> Look<'a> {
    /// Looks at what registries said of each package; nobody was asked about those that the user keeps private.
    fn at_answers(
        &mut self,
        subject: &'static str,
        answer: impl Fn(&str) -> Option<&'a Result<Listing, String>>,
    ) {
        let mut unknown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut private = Vec::new();
        let packages = self.packages();
        for ((name, version), places) in &packages {
            let listing = match answer(name) {
                Some(Ok(listing)) => listing,
                Some(Err(reason)) => {
                    unknown.entry(reason).or_default().push(name);
                    continue;
                }
                None => {
                    private.push(*name);
                    continue;
                }
            };
            match Version::parse(self.lockfile.ecosystem, version) {
                Some(version) => {
                    let told =
                        Told { lockfile: self.lockfile, places, version, listing, day: None };
                    self.notes.drafts.extend(told.drafts(self.outdated));
                }
                None => unknown.entry("no version that could be compared").or_default().push(name),
            }
        }
        let is_whole = unknown.is_empty();
        for (reason, names) in unknown {
            let reason = format!("{}: {reason}", named(&names));
            self.notes.miss(subject, self.file.path(), reason);
        }
        if !private.is_empty() {
            let reason = format!("{}: kept from public registries", named(&private));
            self.leave_out(subject, reason);
        }
        self.end(subject, is_whole, !packages.is_empty());
    }

    /// Looks for each package in cargo's index on this machine, whether it is yanked.
    fn at_index(&mut self, index: &CargoIndex, deadline: &Deadline<'_>) {
        let packages = self.packages();
        let (mut unknown, mut memory) = (Vec::new(), Vec::new());
        for ((name, version), places) in &packages {
            if deadline.passed() {
                return self.notes.miss(LOCAL, self.file.path(), deadline.reason().to_owned());
            }
            match index.is_yanked(name, version, &mut memory) {
                Some(true) => {
                    let release = Release { yanked: Some(String::new()), ..Release::new(version) };
                    let Some(version) = Version::parse(self.lockfile.ecosystem, version) else {
                        continue;
                    };
                    let (listing, day) = index.listing(name).unwrap_or_default();
                    let lockfile = self.lockfile;
                    let told = Told { lockfile, places, version, listing: &listing, day };
                    self.notes.drafts.push(told.yanked(&release));
                }
                Some(_) => {}
                None => unknown.push(*name),
            }
        }
        let is_whole = unknown.is_empty();
        if !is_whole {
            let reason = format!("not in cargo's index on this machine: {}", named(&unknown));
            self.leave_out(LOCAL, reason);
        }
        self.end(LOCAL, is_whole, !packages.is_empty());
    }

    /// Notes what the lockfile was looked at as, and what of it no public registry knows.
    fn end(&mut self, subject: &'static str, is_whole: bool, has_packages: bool) {
        let packages = &self.lockfile.packages;
        let elsewhere = packages.iter().filter(|it| it.origin == Origin::Elsewhere).count();
        if elsewhere > 0 {
            let reason = format!("packages that are not from the public registry: {elsewhere}");
            self.leave_out(subject, reason);
        }
        if self.lockfile.left_out.is_empty() && is_whole && (has_packages || elsewhere == 0) {
            self.notes.looked_at.push(subject);
        }
    }

    /// The packages of the public registry, each with its places.
    fn packages(&self) -> BTreeMap<(&'a str, &'a str), Vec<usize>> {
        let mut packages: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (at, package) in self.lockfile.packages.iter().enumerate() {
            // Go's own library comes with its toolchain.
            let is_toolchain =
                self.lockfile.ecosystem == Ecosystem::Go && !package.name.contains('.');
            if package.origin == Origin::Registry && !is_toolchain {
                packages.entry((&package.name, &package.version)).or_default().push(at);
            }
        }
        packages
    }

    fn leave_out(&mut self, about: &'static str, reason: String) {
        let subject = self.file.path().to_string();
        self.notes.leave_out(about, Gap { subject, reason, incomplete: false });
    }
}

/// Some names, and how many more there are.
fn named(names: &[&str]) -> String {
    let shown = names.iter().take(MOST_NAMED).map(|name| format!("`{name}`"));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
