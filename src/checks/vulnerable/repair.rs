//! The smallest version that repairs a package and that all who require it allow.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    ptr,
};

use super::demand::{Demand, Demands};
use crate::packages::{
    Ecosystem,
    advisories::{Advisory, Affected, Event, Kind},
    cargo_index::Release,
    version::{self, Requirement, Version},
};

/// Parents that are named, of those that block or that nothing is known of.
const MOST_PARENTS: usize = 5;
/// Characters of a requirement that are shown.
const LONGEST_REQUIREMENT: usize = 80;

/// A version that repairs a package.
pub(super) struct Repair<'a> {
    pub(super) version: Version<'a>,
    /// Whether all that is required of the package allows it, as far as that is known.
    pub(super) fits: bool,
}

/// The versions in which something that is known about a package is repaired.
pub(super) struct Repairs<'a> {
    known: Vec<Known<'a>>,
    from: Version<'a>,
    demands: Vec<(&'a Demand, Option<Requirement<'a>>)>,
    /// Newer ones than the one in use, the best first: a pre-release only where no release is.
    candidates: Vec<Candidate<'a>>,
    /// Place of the best of them that leaves every affected range, and of the best that also fits.
    clean: Option<usize>,
    best: Option<usize>,
    /// What was found of parents that block: their version that would not.
    others: RefCell<HashMap<usize, Option<String>>>,
}

struct Known<'a> {
    advisory: &'a Advisory,
    affected: Affected<'a>,
    /// Whether it is a weakness that a candidate repairs: one that none repairs must not keep the others
    /// unrepaired.
    counts: bool,
}

struct Candidate<'a> {
    version: Version<'a>,
    /// What the index says of it, if it was asked.
    release: Option<Release<'a>>,
    is_there: OnceCell<bool>,
    is_clean: OnceCell<bool>,
}

impl<'a> Repairs<'a> {
    /// What is known about a package of this version, what is required of it, and which releases there are as far
    /// as that is known. All its weaknesses share the work.
    pub(super) fn new(
        version: &Version<'a>,
        known: &'a [Advisory],
        demands: &'a [Demand],
        releases: impl IntoIterator<Item = Release<'a>>,
    ) -> Self {
        let ecosystem = version.ecosystem();
        let read = |demand: &'a Demand| Requirement::parse(ecosystem, demand.requirement.as_ref()?);
        let demands = demands.iter().map(|demand| (demand, read(demand))).collect();
        let candidates = candidates(version, known, releases);
        let is_repaired = |affected: &Affected<'_>| {
            candidates.iter().rev().any(|one| !affected.holds(&one.version) && one.is_there())
        };
        let known = known.iter().map(|advisory| {
            let affected = advisory.affected(ecosystem);
            let counts = is_weakness(advisory.kind) && is_repaired(&affected);
            Known { advisory, affected, counts }
        });
        let known = known.collect();
        let from = version.clone();
        let others = RefCell::default();
        let mut repairs =
            Self { known, from, demands, candidates, clean: None, best: None, others };
        let (mut clean, mut best) = (None, None);
        for (at, candidate) in repairs.candidates.iter().enumerate() {
            if !repairs.is_clean(candidate) || !candidate.is_there() {
                continue;
            }
            clean = clean.or(Some(at));
            if repairs.fits(&candidate.version) {
                best = Some(at);
                break;
            }
        }
        (repairs.clean, repairs.best) = (clean, best);
        repairs
    }

    /// The smallest newer version that leaves every affected range of all weaknesses, and that all who require the
    /// package allow; if there is none, the smallest that leaves every range, else the smallest that this
    /// advisory is not about.
    pub(super) fn of(&self, advisory: &Advisory) -> Option<Repair<'a>> {
        // What is before the clean one is not clean.
        let from = |at: Option<usize>| at.map_or(&[][..], |at| &self.candidates[at..]);
        let known = self.known.iter().find(|known| ptr::eq(known.advisory, advisory))?;
        let helps = |one: &&Candidate<'_>| !known.affected.holds(&one.version) && one.is_there();
        let is_clean = |one: &&Candidate<'_>| self.is_clean(one);
        let mut fitting = from(self.best).iter().filter(|one| self.fits(&one.version));
        let best = fitting.find(|one| helps(one) && is_clean(one));
        let best = best.or_else(|| from(self.clean).iter().find(|one| helps(one) && is_clean(one)));
        let best = best.or_else(|| self.candidates.iter().find(helps))?;
        Some(Repair { fits: self.fits(&best.version), version: best.version.clone() })
    }

    fn is_clean(&self, candidate: &Candidate<'_>) -> bool {
        let affects = |known: &Known<'_>| known.counts && known.affected.holds(&candidate.version);
        *candidate.is_clean.get_or_init(|| !self.known.iter().any(affects))
    }

    /// Whether all known requirements allow it and, where one is not known, semantic versioning does not forbid it.
    pub(super) fn fits(&self, version: &Version<'_>) -> bool {
        let forbids = |(_, read): &(&Demand, Option<Requirement<'_>>)| {
            read.as_ref().is_some_and(|read| !read.matches(version))
        };
        let is_known =
            !self.demands.is_empty() && self.demands.iter().all(|(_, read)| read.is_some());
        !self.demands.iter().any(forbids)
            && (is_known || self.is_compatible(version) != Some(false))
    }

    fn is_compatible(&self, version: &Version<'_>) -> Option<bool> {
        version::is_compatible(version.ecosystem(), self.from.text(), version.text())
    }

    /// Those that do not allow a version, and those of which that is not known.
    pub(super) fn against(&self, version: &Version<'_>) -> (Vec<&'a Demand>, Vec<&'a Demand>) {
        let (mut blocking, mut unknown) = (Vec::new(), Vec::new());
        for (demand, read) in &self.demands {
            match read {
                Some(read) if read.matches(version) => {}
                Some(_) => blocking.push(*demand),
                None => unknown.push(*demand),
            }
        }
        (blocking, unknown)
    }

    /// What is known of who requires the package, for a version that repairs it: labels and texts.
    pub(super) fn evidence(
        &self,
        repair: &Repair<'_>,
        name: &str,
        demands: &Demands<'_>,
    ) -> Vec<(String, String)> {
        let to = repair.version.text();
        let (blocking, unknown) = self.against(&repair.version);
        let mut evidence = Vec::new();
        let mut note = |label: &str, text: String| evidence.push((label.to_owned(), text));
        for demand in blocking.iter().take(MOST_PARENTS) {
            let other = self.other(demand, name, demands);
            note("blocked by", format!("{}{other}", required(demand, name)));
        }
        if self.demands.is_empty() || !unknown.is_empty() {
            let of = match unknown.as_slice() {
                [] => String::new(),
                [one] => format!(" of {}", one.by),
                [one, others @ ..] => format!(" of {} and {} more", one.by, others.len()),
            };
            let promise = match self.is_compatible(&repair.version) {
                Some(true) => format!("by semantic versioning {to} fits"),
                Some(false) => format!("by semantic versioning {to} does not fit"),
                None => "semantic versioning promises nothing here".to_owned(),
            };
            note("requirements", format!("not known{of}; {promise}"));
        } else if blocking.is_empty() {
            note("requirements", format!("every requirement allows {to}"));
        }
        if self.is_compatible(&repair.version) == Some(false) {
            note("used of it", "not known which of its API the source uses".to_owned());
        }
        evidence
    }

    /// What is said of the parent's own versions.
    fn other(&self, demand: &Demand, name: &str, demands: &Demands<'_>) -> String {
        let other = demand.parent.and_then(|parent| self.unblocking(parent, name, demands));
        match other.as_deref() {
            Some("") => "; no version of it that is known here would not".to_owned(),
            Some(version) => format!("; its version {version} would not"),
            None => String::new(),
        }
    }

    fn unblocking(&self, parent: usize, name: &str, demands: &Demands<'_>) -> Option<String> {
        let is_repaired = |read: &Requirement<'_>| {
            let mut fitting = self.candidates.iter().filter(|one| read.matches(&one.version));
            fitting.any(|one| self.is_clean(one) && one.is_there())
        };
        let find = || demands.unblocking(parent, name, is_repaired);
        self.others.borrow_mut().entry(parent).or_insert_with(find).clone()
    }

    /// The parent that alone does not allow a version, and a version of it that would, if what requires the parent
    /// allows that.
    pub(super) fn way_out(
        &self,
        repair: &Repair<'_>,
        name: &str,
        demands: &Demands<'_>,
    ) -> Option<(usize, String)> {
        let (blocking, unknown) = self.against(&repair.version);
        let ([only], []) = (blocking.as_slice(), unknown.as_slice()) else { return None };
        let parent = only.parent?;
        let version =
            self.unblocking(parent, name, demands).filter(|version| !version.is_empty())?;
        demands.allow(parent, &version).then_some((parent, version))
    }
}

impl<'a> Candidate<'a> {
    fn new(version: Version<'a>, release: Option<Release<'a>>) -> Self {
        Self { version, release, is_there: OnceCell::new(), is_clean: OnceCell::new() }
    }

    /// Whether it can be had. What no index was asked about is taken for granted.
    fn is_there(&self) -> bool {
        let is_there = |release: Release<'_>| release.is_yanked() == Some(false);
        *self.is_there.get_or_init(|| self.release.is_none_or(is_there))
    }
}

/// What a demand asks for, in words.
pub(super) fn required(demand: &Demand, name: &str) -> String {
    let text: String =
        demand.requirement.iter().flat_map(|text| text.chars()).take(LONGEST_REQUIREMENT).collect();
    format!("{} requires {name} {text}", demand.by)
}

/// The releases after this version, the best first. What an index lists is all there is up to its newest; what
/// databases call repaired counts beyond that, or where no index is known.
fn candidates<'a>(
    version: &Version<'_>,
    known: &'a [Advisory],
    releases: impl IntoIterator<Item = Release<'a>>,
) -> Vec<Candidate<'a>> {
    let ecosystem = version.ecosystem();
    let listed = releases.into_iter().filter_map(|release| {
        let version = Version::parse(ecosystem, release.version)?;
        Some(Candidate::new(version, Some(release)))
    });
    let mut candidates: Vec<Candidate<'a>> = listed.collect();
    let newest = candidates.iter().map(|one| one.version.clone()).max();
    // That nobody maintains a package is written with a version that there never was, for who may come to do so.
    let is_real = |of: &&Advisory| newest.is_none() || is_weakness(of.kind);
    let fixed = known.iter().filter(is_real).flat_map(events).filter_map(|event| match event {
        Event::Fixed(_) => read(ecosystem, event),
        _ => None,
    });
    let fixed = fixed.filter(|fixed| newest.as_ref().is_none_or(|newest| fixed > newest));
    candidates.extend(fixed.map(|version| Candidate::new(version, None)));
    candidates.retain(|candidate| candidate.version > *version);
    candidates.sort_by(|Candidate { version: one, .. }, Candidate { version: other, .. }| {
        let is_last = |of: &Version<'_>| of.is_prerelease() && !version.is_prerelease();
        is_last(one).cmp(&is_last(other)).then_with(|| one.cmp(other))
    });
    candidates.dedup_by(|one, other| one.version == other.version);
    candidates
}

fn is_weakness(kind: Kind) -> bool {
    matches!(kind, Kind::Vulnerability | Kind::Malicious | Kind::Unsound)
}

fn events(advisory: &Advisory) -> impl Iterator<Item = &Event> {
    advisory.ranges.iter().flat_map(|range| &range.events)
}

/// The release that an event means: `1.2.4-0` is how databases write all of 1.2.4, its pre-releases included.
fn read(ecosystem: Ecosystem, event: &Event) -> Option<Version<'_>> {
    let text = event.version();
    let has_mark = matches!(ecosystem, Ecosystem::CratesIo | Ecosystem::Npm | Ecosystem::Go);
    let release = text.strip_suffix("-0").filter(|_| has_mark).unwrap_or(text);
    Version::parse(ecosystem, release)
}

/// The versions in which it is repaired, as requirements: `>=1.18.4, <1.19.0 or >=1.20.1`. None where nobody
/// is expected to repair it, or where the affected versions are listed one by one.
pub(super) fn repaired_in(advisory: &Advisory, ecosystem: Ecosystem) -> Option<String> {
    let parse = |event| read(ecosystem, event);
    // By order the first pre-release counts: what is repaired in a release candidate is so in the release.
    let starts: Vec<(Version<'_>, Version<'_>)> = events(advisory)
        .filter(|event| matches!(event, Event::Introduced(text) if text != "0"))
        .filter_map(|event| Some((Version::parse(ecosystem, event.version())?, parse(event)?)))
        .collect();
    let mut ends: Vec<(Version<'_>, &str)> = events(advisory)
        .filter_map(|event| match event {
            Event::Fixed(_) => Some((parse(event)?, ">=")),
            Event::LastAffected(_) => Some((parse(event)?, ">")),
            _ => None,
        })
        .filter(|(end, operator)| *operator == ">" || !advisory.affects(end))
        .collect();
    ends.sort();
    ends.dedup();
    let shown = ends.iter().map(|(end, operator)| {
        let next = starts.iter().filter(|(start, _)| start > end).min();
        let next = next.map_or(String::new(), |(_, next)| format!(", <{}", next.text()));
        format!("{operator}{}{next}", end.text())
    });
    let shown: Vec<String> = shown.collect();
    match (shown.is_empty(), is_weakness(advisory.kind)) {
        (false, _) => Some(shown.join(" or ")),
        (true, true) if advisory.listed.is_empty() => Some("no version yet".to_owned()),
        (true, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::command, *};
    use crate::{
        finding::RepoPath,
        packages::{
            advisories::{AffectedRange, Scheme},
            cargo_index, lockfile,
        },
        sources::SourceFile,
    };

    fn advisory(ranges: &[&[Event]]) -> Advisory {
        let range = |events: &&[Event]| AffectedRange {
            scheme: Scheme::Ecosystem,
            events: events.to_vec(),
        };
        Advisory { ranges: ranges.iter().map(range).collect(), ..Advisory::default() }
    }

    fn introduced(version: &str) -> Event {
        Event::Introduced(version.to_owned())
    }

    fn fixed(version: &str) -> Event {
        Event::Fixed(version.to_owned())
    }

    fn smallest(version: &str, known: &[Advisory]) -> Option<String> {
        let version = Version::parse(Ecosystem::Npm, version).unwrap();
        let repairs = Repairs::new(&version, known, &[], []);
        repairs.of(&known[0]).map(|found| found.version.text().to_owned())
    }

    #[test]
    fn no_smaller_version_leaves_every_range() {
        let known = [
            advisory(&[&[introduced("0"), fixed("1.4.2")], &[introduced("2.0.0"), fixed("2.1.0")]]),
            advisory(&[&[introduced("1.0.0"), fixed("1.5.0-rc.1")]]),
            advisory(&[&[introduced("1.5.0"), fixed("1.5.3")]]),
        ];
        assert_eq!(smallest("1.4.1", &known).as_deref(), Some("1.5.3"));
        // A pre-release is the smallest only for who uses one.
        assert_eq!(smallest("1.5.0-beta", &known).as_deref(), Some("1.5.0-rc.1"));
        assert_eq!(smallest("2.0.5", &known).as_deref(), Some("2.1.0"));
        assert_eq!(smallest("1.0.0", &[advisory(&[&[introduced("0")]])]), None);
    }

    fn line(is_yanked: bool) -> String {
        format!("{{\"name\":\"x\",\"deps\":[],\"yanked\":{is_yanked}}}")
    }

    fn demand(text: &str) -> Demand {
        Demand { by: "parent 1.0.0".to_owned(), parent: None, requirement: Some(text.to_owned()) }
    }

    #[test]
    fn only_releases_that_are_there_are_named() {
        let (there, yanked) = (line(false), line(true));
        let listed = [("1.0.0", &*there), ("1.0.1", &*yanked), ("1.0.3", &*there)];
        let releases = cargo_index::tests::known(&listed);
        let version = Version::parse(Ecosystem::CratesIo, "1.0.0").unwrap();
        let known = [advisory(&[&[introduced("0"), fixed("1.0.1")]])];
        let repairs = Repairs::new(&version, &known, &[], releases.iter());
        assert_eq!(repairs.of(&known[0]).unwrap().version.text(), "1.0.3");
        // What came after the index was read is known to the database alone.
        let known = [advisory(&[&[introduced("0"), fixed("1.0.4")]])];
        let repairs = Repairs::new(&version, &known, &[], releases.iter());
        assert_eq!(repairs.of(&known[0]).unwrap().version.text(), "1.0.4");
    }

    #[test]
    fn a_version_that_a_parent_does_not_allow_has_no_command() {
        let text = "[[package]]\nname = \"x\"\nversion = \"0.4.1\"\nsource = \"registry+x\"\n";
        let format = lockfile::format_named("Cargo.lock").unwrap();
        let lockfile = (format.read)(text).unwrap();
        let version = Version::parse(Ecosystem::CratesIo, "0.4.1").unwrap();
        let known = [advisory(&[&[introduced("0"), fixed("0.5.2")]])];
        let fix = |requirement: &str| {
            let demands = [demand(requirement)];
            let repairs = Repairs::new(&version, &known, &demands, []);
            let moved = command::Move {
                lockfile: &lockfile,
                format: format.name,
                is_berry: || false,
                at: 0,
            };
            let file = SourceFile::new(RepoPath::new("x"), Vec::new());
            let others = Demands::new(&lockfile, format.name, &file, None, None);
            moved.fix(&repairs, &repairs.of(&known[0]).unwrap(), &others)
        };
        let (title, command) = fix("^0.4");
        assert!(
            title.contains("parent 1.0.0 requires x ^0.4, and 0.5.2 is its smallest"),
            "{title}"
        );
        assert_eq!(command, None);
        let (_, command) = fix(">=0.4, <0.6");
        assert_eq!(command.as_deref(), Some("cargo update -p x --precise 0.5.2"));
    }

    proptest! {
        #[test]
        fn no_smaller_release_qualifies(
            numbers in prop::collection::btree_set((0..3_u8, 0..4_u8, 0..4_u8), 1..24),
            ranges in prop::collection::vec((0..24_usize, 0..24_usize), 1..4),
            wanted in prop::collection::vec((0..3_u8, 0..4_u8, prop::sample::select(vec!["^", ">=", "~", "<="])), 0..3),
            yanked: u32,
        ) {
            let texts: Vec<String> = numbers.iter().map(|(a, b, c)| format!("{a}.{b}.{c}")).collect();
            let lines = [line(false), line(true)];
            let is_yanked = |at: usize| yanked >> at & 1 == 1;
            let listed: Vec<(&str, &str)> = texts.iter().enumerate()
                .map(|(at, text)| (text.as_str(), lines[usize::from(is_yanked(at))].as_str())).collect();
            let releases = cargo_index::tests::known(&listed);
            let text = |at: usize| texts[at % texts.len()].as_str();
            let known: Vec<Advisory> = ranges.iter()
                .map(|(from, to)| advisory(&[&[introduced(text(*from)), fixed(text(*to))]])).collect();
            let version = Version::parse(Ecosystem::CratesIo, &texts[0]).unwrap();
            let demands: Vec<Demand> =
                wanted.iter().map(|(a, b, sign)| demand(&format!("{sign}{a}.{b}"))).collect();
            let repairs = Repairs::new(&version, &known, &demands, releases.iter());
            let parsed = |at: usize| Version::parse(Ecosystem::CratesIo, &texts[at]).unwrap();
            // What no release repairs is in nobody's way.
            let is_repaired = |known: &Advisory| {
                (1..texts.len()).any(|at| !is_yanked(at) && !known.affects(&parsed(at)))
            };
            let is_clean = |one: &Version<'_>| {
                !known[0].affects(one) && !known.iter().any(|known| is_repaired(known) && known.affects(one))
            };
            let qualifies = |at: usize| {
                let one = parsed(at);
                let allows = |demand: &Demand| {
                    let text = demand.requirement.as_deref().unwrap_or_default();
                    Requirement::parse(Ecosystem::CratesIo, text).unwrap().matches(&one)
                };
                let by_all = demands.iter().all(allows)
                    && (!demands.is_empty()
                        || version::is_compatible(Ecosystem::CratesIo, &texts[0], &texts[at]) == Some(true));
                !is_yanked(at) && by_all && is_clean(&one)
            };
            let smallest = (1..texts.len()).find(|at| qualifies(*at));
            let found = repairs.of(&known[0]).filter(|found| found.fits && known.iter().all(|known| !is_repaired(known) || !known.affects(&found.version)));
            prop_assert_eq!(found.map(|found| found.version.text()), smallest.map(text));
        }
    }

    #[test]
    fn a_weakness_that_nobody_repaired_keeps_no_other_unrepaired() {
        let known = [
            advisory(&[&[introduced("0"), fixed("1.4.2")]]),
            advisory(&[&[introduced("0")]]),
            advisory(&[&[introduced("0"), fixed("1.5.0")]]),
        ];
        assert_eq!(smallest("1.4.1", &known).as_deref(), Some("1.5.0"));
    }

    #[test]
    fn repaired_versions_end_where_the_next_range_begins() {
        let last = Event::LastAffected("3.1.0".to_owned());
        let known = advisory(&[
            &[introduced("2.0.0-0"), fixed("2.1.4-0")],
            &[introduced("0"), fixed("1.4.2")],
            &[introduced("3.0.0"), last],
        ]);
        let shown = repaired_in(&known, Ecosystem::Npm);
        assert_eq!(shown.as_deref(), Some(">=1.4.2, <2.0.0 or >=2.1.4, <3.0.0 or >3.1.0"));
        let candidates = advisory(&[
            &[introduced("0"), fixed("1.26.5")],
            &[introduced("1.27.0-0"), fixed("1.27.0-rc.2")],
        ]);
        let shown = repaired_in(&candidates, Ecosystem::Go);
        assert_eq!(shown.as_deref(), Some(">=1.26.5, <1.27.0 or >=1.27.0-rc.2"));
        let listed = Advisory { listed: ["1.0".to_owned()].into_iter().collect(), ..advisory(&[]) };
        assert_eq!(repaired_in(&listed, Ecosystem::PyPi), None);
    }
}
