//! Which versions an advisory is about: ranges of events and lists of versions, after the OSV schema,
//! section "Evaluation".
//!
//! [`Timeline`] reads events, wherever they are kept. Their order is free but for this: of events at
//! the same version the later one counts. `introduced` is `0` for the very first version, `limit` is `*` for
//! none. Ranges of type `SEMVER` and `ECOSYSTEM` are read alike, as the ecosystems that use the first order
//! versions by Semantic Versioning; ranges of type `GIT` are not about versions. An advisory affects a version
//! that one of its ranges affects or that it lists.
//!
//! An event whose version is none in the ecosystem never makes a package look healthy: such an `introduced`
//! is at the very first version, such a `fixed`, `last_affected` or `limit` is passed over.

use std::cmp::Ordering;

use super::{Ecosystem, Version};

/// What happens at a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// From this version on it is affected.
    Introduced(&'a str),
    /// From this version on it is not.
    Fixed(&'a str),
    /// After this version it is not.
    LastAffected(&'a str),
    /// Of this version and later ones the range says nothing.
    Limit(&'a str),
}

/// The events of a range on the line of versions, read once for many versions.
#[derive(Debug, Clone)]
pub struct Timeline<'e> {
    /// In order; of those at the same version the later event is behind.
    turns: Vec<Turn<'e>>,
    limits: Vec<Version<'e>>,
    is_endless: bool,
}

impl<'e> Timeline<'e> {
    /// Reads the events of a range.
    pub fn new(ecosystem: Ecosystem, events: impl IntoIterator<Item = Event<'e>>) -> Self {
        let read = |text| Version::parse(ecosystem, text);
        let (mut turns, mut limits, mut is_endless) = (Vec::new(), Vec::new(), false);
        for event in events {
            let (at, is_after, is_start) = match event {
                Event::Introduced("0") => (None, false, true),
                Event::Introduced(text) => (read(text), false, true),
                Event::Fixed(text) => (read(text), false, false),
                Event::LastAffected(text) => (read(text), true, false),
                Event::Limit(text) => {
                    is_endless |= text == "*";
                    limits.extend(read(text));
                    continue;
                }
            };
            turns.push(Turn { at, is_after, is_start });
        }
        turns.sort_by(|one, other| one.place().cmp(&other.place()));
        Self { turns, limits, is_endless }
    }

    /// Whether a version is within the range.
    pub fn holds(&self, version: &Version<'_>) -> bool {
        let mut reached = self.turns.iter().rev().filter(|turn| turn.is_reached_by(version));
        reached.next().is_some_and(|turn| turn.is_start) && self.speaks_of(version)
    }

    fn speaks_of(&self, version: &Version<'_>) -> bool {
        self.is_endless || self.limits.is_empty() || self.limits.iter().any(|limit| version < limit)
    }
}

/// Whether a version is within the range of these events.
pub fn affected<'e>(version: &Version<'_>, events: impl IntoIterator<Item = Event<'e>>) -> bool {
    Timeline::new(version.ecosystem, events).holds(version)
}

/// Where versions begin or cease to be affected. Of those that a version has reached the last one decides.
#[derive(Debug, Clone)]
struct Turn<'e> {
    /// None is before all versions.
    at: Option<Version<'e>>,
    /// Whether it is just after the version.
    is_after: bool,
    /// Whether versions begin to be affected.
    is_start: bool,
}

impl<'e> Turn<'e> {
    fn place(&self) -> (&Option<Version<'e>>, bool) {
        (&self.at, self.is_after)
    }

    fn is_reached_by(&self, version: &Version<'_>) -> bool {
        match self.at.as_ref().map(|at| version.cmp(at)) {
            None => self.is_start,
            Some(Ordering::Less) => false,
            Some(Ordering::Equal) => !self.is_after,
            Some(Ordering::Greater) => true,
        }
    }
}

/// Whether a version is among these, by the ecosystem's equality: at `PyPI` `1.0` is `1.0.0`.
pub fn listed<'e>(version: &Version<'_>, versions: impl IntoIterator<Item = &'e str>) -> bool {
    versions.into_iter().any(|listed| {
        listed == version.text
            || Version::parse(version.ecosystem, listed).is_some_and(|listed| listed == *version)
    })
}
