//! Which versions an advisory is about: ranges of events and lists of versions, after the OSV schema,
//! section "Evaluation".
//!
//! [`affected`] reads events one by one, wherever they are kept. Their order is free but for this: of events at
//! the same version the later one counts. `introduced` is `0` for the very first version, `limit` is `*` for
//! none. Ranges of type `SEMVER` and `ECOSYSTEM` are read alike, as the ecosystems that use the first order
//! versions by Semantic Versioning; ranges of type `GIT` are not about versions. An advisory affects a version
//! that one of its ranges affects or that it lists.
//!
//! An event whose version is none in the ecosystem never makes a package look healthy: such an `introduced`
//! is at the very first version, such a `fixed`, `last_affected` or `limit` is passed over.

use std::cmp::Ordering;

use super::Version;

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

/// A range of an advisory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range<'a> {
    /// Its events.
    pub events: Vec<Event<'a>>,
}

impl Range<'_> {
    /// Whether the version is within the range.
    pub fn affects(&self, version: &Version<'_>) -> bool {
        affected(version, self.events.iter().copied())
    }
}

/// Whether a version is within the range of these events.
pub fn affected<'e>(version: &Version<'_>, events: impl IntoIterator<Item = Event<'e>>) -> bool {
    let mut last: Option<Turn<'e>> = None;
    let (mut has_limit, mut is_before_limit) = (false, false);
    for event in events {
        let read = |text| Version::parse(version.ecosystem, text);
        let (at, is_after, is_start) = match event {
            Event::Introduced("0") => (None, false, true),
            Event::Introduced(text) => (read(text), false, true),
            Event::Fixed(text) => (read(text), false, false),
            Event::LastAffected(text) => (read(text), true, false),
            Event::Limit(text) => {
                let limit = read(text);
                has_limit |= limit.is_some() || text == "*";
                is_before_limit |= text == "*" || limit.is_some_and(|limit| *version < limit);
                continue;
            }
        };
        let turn = Turn { at, is_after, is_start };
        let is_last = || last.as_ref().is_none_or(|last| last.place() <= turn.place());
        if turn.is_reached_by(version) && is_last() {
            last = Some(turn);
        }
    }
    last.is_some_and(|turn| turn.is_start) && (is_before_limit || !has_limit)
}

/// Where versions begin or cease to be affected. Of those that a version has reached the last one decides.
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
