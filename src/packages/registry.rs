//! What registries say of a package: its versions, which of them are withdrawn, and when each was published.
//!
//! One reader for the answers of each registry; what they make of an answer is the same for all, a [`Listing`].
//! They read text and ask nobody: whoever has the text bounds its size.

pub mod cargo;
pub mod composer;
pub mod go;
pub mod npm;
pub mod nuget;
pub mod python;
pub mod ruby;

use std::collections::HashMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    Ecosystem,
    version::{Distance, Version, distance, is_compatible},
};

/// Characters of a reason that are kept.
const LONGEST_REASON: usize = 200;

/// What registries said, by ecosystem and name as lockfiles write it, or why they did not.
pub type Answers = HashMap<(Ecosystem, String), Result<Listing, String>>;

/// The ecosystems whose registries can be asked.
pub const ASKED: [Ecosystem; 7] = [
    Ecosystem::CratesIo,
    Ecosystem::Npm,
    Ecosystem::PyPi,
    Ecosystem::Go,
    Ecosystem::RubyGems,
    Ecosystem::Packagist,
    Ecosystem::NuGet,
];

/// What a registry says of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Its versions, in the order of the answer.
    pub releases: Vec<Release>,
    /// The version that the registry itself recommends, where it has a word for that.
    pub latest: Option<String>,
}

/// One version of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// The version, as lockfiles write it.
    pub version: String,
    /// The day on which it was published, in UTC.
    pub published: Option<Date>,
    /// Whether it is yanked, retracted or unlisted: why, or nothing if nobody says.
    pub yanked: Option<String>,
    /// Whether its authors advise against it: what they say, or nothing.
    pub deprecated: Option<String>,
}

impl Release {
    /// A version of which nothing else is known.
    pub fn new(version: &str) -> Self {
        Self { version: version.to_owned(), ..Self::default() }
    }
}

impl Listing {
    /// What is said of a version, however it is written.
    pub fn of(&self, version: &Version<'_>) -> Option<&Release> {
        let is_same = |release: &&Release| release.version == version.text();
        // Build metadata is no part of the order: of two that are equal there, the same text is meant.
        let is_equal = |release: &&Release| {
            Version::parse(version.ecosystem(), &release.version).is_some_and(|it| it == *version)
        };
        let mut releases = self.releases.iter();
        releases.find(is_same).or_else(|| self.releases.iter().find(is_equal))
    }

    /// The newest version that is neither withdrawn nor advised against, if it is newer than this one: what the
    /// registry recommends, else the greatest; a pre-release only for who uses one.
    pub fn newest(&self, than: &Version<'_>) -> Option<&Release> {
        let mut candidates = self.newer(than);
        if let Some(latest) = &self.latest
            && let Some(release) = self.releases.iter().find(|it| it.version == *latest)
            && release.deprecated.is_none()
        {
            return candidates.find(|(_, it)| it.version == release.version).map(|(_, it)| it);
        }
        let is_fine = |(_, it): &(Version<'_>, &Release)| it.deprecated.is_none();
        let best = candidates.filter(is_fine).max_by(|(one, _), (other, _)| one.cmp(other));
        best.map(|(_, release)| release)
    }

    /// The newest version that is not withdrawn and that whoever uses `version` may take, by what the ecosystem
    /// promises; an older one where there is no newer one.
    pub fn substitute(&self, version: &Version<'_>) -> Option<&Release> {
        let ecosystem = version.ecosystem();
        let fits = |(_, it): &(Version<'_>, &Release)| {
            is_compatible(ecosystem, version.text(), &it.version) == Some(true)
        };
        let newer = self.newer(version).filter(fits);
        if let Some((_, best)) = newer.max_by(|(one, _), (other, _)| one.cmp(other)) {
            return Some(best);
        }
        let older = self.standing(ecosystem).filter(|(it, _)| it < version && !it.is_prerelease());
        let fits = |(_, it): &(Version<'_>, &Release)| {
            is_compatible(ecosystem, &it.version, version.text()) == Some(true)
        };
        let best = older.filter(fits).max_by(|(one, _), (other, _)| one.cmp(other));
        best.map(|(_, release)| release)
    }

    /// How many times a new version broke the promise of the one before, from `from` to `to`: majors, and for
    /// `0.x` of ecosystems with carets what stands there in their place. Only versions that exist count.
    pub fn breaks(&self, from: &Version<'_>, to: &Release) -> usize {
        let ecosystem = from.ecosystem();
        let Some(end) = Version::parse(ecosystem, &to.version) else { return 0 };
        let between = self.newer(from).map(|(it, _)| it).filter(|it| *it <= end);
        let mut between: Vec<Version<'_>> = between.collect();
        between.sort();
        let (mut last, mut count) = (from.text(), 0);
        for version in between {
            if is_break(ecosystem, last, version.text()) {
                (last, count) = (version.text(), count + 1);
            }
        }
        count
    }

    /// The versions that are not withdrawn and newer; pre-releases only for who uses one.
    fn newer<'a, 't>(
        &'a self,
        than: &'t Version<'t>,
    ) -> impl Iterator<Item = (Version<'a>, &'a Release)> + use<'a, 't> {
        let is_newer = move |(it, _): &(Version<'_>, &Release)| {
            it > than && (than.is_prerelease() || !it.is_prerelease())
        };
        self.standing(than.ecosystem()).filter(is_newer)
    }

    fn standing(&self, ecosystem: Ecosystem) -> impl Iterator<Item = (Version<'_>, &Release)> {
        let standing = self.releases.iter().filter(|release| release.yanked.is_none());
        standing.filter_map(move |it| Some((Version::parse(ecosystem, &it.version)?, it)))
    }
}

fn is_break(ecosystem: Ecosystem, from: &str, to: &str) -> bool {
    match is_compatible(ecosystem, from, to) {
        Some(is_compatible) => !is_compatible,
        None => distance(ecosystem, from, to) == Distance::Major,
    }
}

/// The day of a time such as `2026-05-01T10:00:00.123Z`, in UTC; of one without a zone, as it is written.
fn day(time: &str) -> Option<Date> {
    let zoned = time.parse::<Timestamp>().map(|at| at.to_zoned(TimeZone::UTC).date());
    zoned.ok().or_else(|| time.get(..10)?.parse().ok())
}

/// What is kept of a reason: one line, not too long.
fn reason(text: &str) -> String {
    let text = text.lines().next().unwrap_or_default().trim();
    match text.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(versions: &[&str]) -> Listing {
        let release = |text: &&str| match text.strip_suffix('!') {
            Some(version) => Release { yanked: Some(String::new()), ..Release::new(version) },
            None => Release::new(text),
        };
        Listing { releases: versions.iter().map(release).collect(), latest: None }
    }

    fn cargo(text: &str) -> Version<'_> {
        Version::parse(Ecosystem::CratesIo, text).unwrap()
    }

    #[test]
    fn the_newest_is_neither_withdrawn_nor_a_prerelease() {
        let listing = listing(&["1.0.0", "2.0.0", "2.1.0!", "3.0.0-rc.1"]);
        let newest = |than| listing.newest(&cargo(than)).map(|it| it.version.as_str());
        assert_eq!(newest("1.0.0"), Some("2.0.0"));
        assert_eq!(newest("3.0.0-beta"), Some("3.0.0-rc.1"));
        assert_eq!(newest("2.0.0"), None);
    }

    #[test]
    fn what_the_registry_recommends_is_the_newest() {
        let listing = Listing { latest: Some("1.9.0".to_owned()), ..listing(&["1.9.0", "2.0.0"]) };
        assert_eq!(listing.newest(&cargo("1.0.0")).unwrap().version, "1.9.0");
        assert_eq!(listing.newest(&cargo("1.9.0")), None);
    }

    #[test]
    fn a_substitute_keeps_the_promise_and_is_older_only_if_it_must() {
        let listing = listing(&["0.2.0", "0.2.4", "0.2.5!", "0.2.6!", "0.2.7", "0.3.0"]);
        let substitute = |of| listing.substitute(&cargo(of)).map(|it| it.version.as_str());
        assert_eq!(substitute("0.2.5"), Some("0.2.7"));
        assert_eq!(substitute("0.2.9"), Some("0.2.7"));
        assert_eq!(substitute("0.4.0"), None);
    }

    #[test]
    fn breaks_are_counted_by_versions_that_exist() {
        let listing = listing(&["0.1.0", "0.3.0", "0.3.1", "1.0.0", "4.0.0", "4.5.0", "9.0.0"]);
        let breaks = |from, to| listing.breaks(&cargo(from), &Release::new(to));
        assert_eq!(breaks("0.1.0", "4.5.0"), 3);
        assert_eq!(breaks("4.0.0", "4.5.0"), 0);
        assert_eq!(breaks("0.3.0", "0.3.1"), 0);
    }

    #[test]
    fn a_day_is_that_of_utc() {
        let shown = |time| day(time).map(|day| day.to_string());
        assert_eq!(shown("2026-05-01T23:30:00-05:00").as_deref(), Some("2026-05-02"));
        assert_eq!(shown("2019-10-05T19:52:26").as_deref(), Some("2019-10-05"));
        assert_eq!(shown("yesterday, or so"), None);
    }

    #[test]
    fn a_reason_is_one_short_line() {
        assert_eq!(reason("a\nb"), "a");
        assert_eq!(reason(&"é".repeat(999)).chars().count(), LONGEST_REASON + 1);
    }
}
