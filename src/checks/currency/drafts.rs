//! What is said of one package, in words.

use jiff::civil::Date;

use super::{DEPRECATED, OUTDATED, YANKED};
use crate::{
    config::OutdatedConfig,
    finding::{Draft, DraftStep, Package},
    packages::{
        Ecosystem,
        lockfile::{LockedPackage, Lockfile},
        registry::{Listing, Release},
        version::{Distance, Version, distance, is_compatible},
    },
    rule::RuleId,
};

/// Other places of the same package that are named.
const MOST_PLACES: usize = 10;

/// A package of a lockfile, and what its registry says of it.
pub(super) struct Told<'a> {
    pub(super) lockfile: &'a Lockfile,
    /// Its places among the packages of the lockfile; there is one at least.
    pub(super) places: &'a [usize],
    pub(super) version: Version<'a>,
    pub(super) listing: &'a Listing,
    /// The day of which the listing is, if that is not today.
    pub(super) day: Option<Date>,
}

impl Told<'_> {
    /// All that is to be told.
    pub(super) fn drafts(&self, outdated: OutdatedConfig) -> Vec<Draft> {
        let release = self.listing.of(&self.version);
        let absent = Release::default();
        let yanked = match release {
            Some(release) => release.yanked.is_some().then(|| self.yanked(release)),
            // Of all registries only this one leaves out what was yanked.
            None => (self.lockfile.ecosystem == Ecosystem::RubyGems).then(|| self.yanked(&absent)),
        };
        let deprecated = release.and_then(|release| self.deprecated(release));
        let outdated = self.outdated(release, outdated);
        [yanked, deprecated, outdated].into_iter().flatten().collect()
    }

    /// That this version is withdrawn.
    pub(super) fn yanked(&self, release: &Release) -> Draft {
        let what = match self.lockfile.ecosystem {
            Ecosystem::Go => "retracted",
            Ecosystem::NuGet => "unlisted",
            _ if release.version.is_empty() => "no longer in the registry",
            _ => "yanked",
        };
        let LockedPackage { name, version, .. } = self.package();
        let why = release.yanked.as_deref().filter(|why| !why.is_empty());
        let why = why.map_or(String::new(), |why| format!(": {why}"));
        let mut draft = self.draft(YANKED, format!("{name} {version} is {what}{why}"));
        if let Some(substitute) = self.listing.substitute(&self.version) {
            let to = &substitute.version;
            draft.fix = Some((format!("Move {name} from {version} to {to}"), Vec::new()));
            draft.command = self.command(to);
        }
        draft
    }

    /// What its authors say against this version.
    fn deprecated(&self, release: &Release) -> Option<Draft> {
        let why = release.deprecated.as_deref()?;
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        let LockedPackage { name, version, .. } = self.package();
        Some(self.draft(DEPRECATED, format!("{name} {version} is deprecated{why}")))
    }

    /// That a package of the project's own choice is far behind.
    fn outdated(&self, release: Option<&Release>, limits: OutdatedConfig) -> Option<Draft> {
        self.places.iter().find(|at| self.lockfile.required_by_project(**at))?;
        let newest = self.listing.newest(&self.version)?;
        let majors = self.listing.breaks(&self.version, newest);
        let published = release.and_then(|release| release.published);
        let days = published.zip(newest.published).map_or(0, |(from, to)| (to - from).get_days());
        let is_over = |value: usize, limit: u32| limit > 0 && value >= limit as usize;
        let days = usize::try_from(days).unwrap_or(0);
        if !is_over(majors, limits.majors) && !is_over(days, limits.days) {
            return None;
        }
        let LockedPackage { name, version, .. } = self.package();
        let of = newest.published.map_or(String::new(), |day| format!(" of {day}"));
        let late = if days > 0 { format!(", {days} days behind") } else { String::new() };
        let message = format!(
            "{name} is {} behind: {version}, newest {}{of}{late}",
            self.steps(majors, &newest.version),
            newest.version
        );
        let mut draft = self.draft(OUTDATED, message);
        if is_compatible(self.lockfile.ecosystem, version, &newest.version) == Some(true) {
            let title = format!("Update {name} from {version} to {}", newest.version);
            draft.fix = Some((title, Vec::new()));
            draft.command = self.command(&newest.version);
        }
        Some(draft)
    }

    /// How far it is, in words.
    fn steps(&self, majors: usize, to: &str) -> String {
        match majors {
            0 => match distance(self.lockfile.ecosystem, self.version.text(), to) {
                Distance::Major => "1 major".to_owned(),
                Distance::Minor => "minor versions".to_owned(),
                Distance::Patch | Distance::Unknown => "patches".to_owned(),
            },
            1 => "1 major".to_owned(),
            _ => format!("{majors} majors"),
        }
    }

    fn package(&self) -> &LockedPackage {
        &self.lockfile.packages[self.places[0]]
    }

    fn draft(&self, rule: &str, message: String) -> Draft {
        let package = self.package();
        let others = self.places[1..].iter().take(MOST_PLACES);
        let step = |at: &usize| DraftStep {
            at: self.lockfile.packages[*at].version_at.clone(),
            note: "the same package again".to_owned(),
        };
        let day = self
            .day
            .map(|day| ("as of".to_owned(), format!("cargo's index on this machine, of {day}")));
        Draft {
            subject: Some(format!("{} {}", package.name, package.version)),
            package: Some(Package {
                ecosystem: self.lockfile.ecosystem.to_string(),
                name: package.name.clone(),
                version: package.version.clone(),
            }),
            evidence: day.into_iter().collect(),
            related: others.map(step).collect(),
            ..Draft::new(&RuleId::new(rule), package.version_at.clone(), message)
        }
    }

    /// The command that moves a crate; other tools have none that names a version and leaves manifests alone.
    fn command(&self, to: &str) -> Option<String> {
        let LockedPackage { name, version, .. } = self.package();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
        let is_safe = [name.as_str(), version, to].into_iter().all(|text| {
            text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
                && text.bytes().all(is_plain)
        });
        (self.lockfile.ecosystem == Ecosystem::CratesIo && is_safe)
            .then(|| format!("cargo update -p {name}@{version} --precise {to}"))
    }
}
