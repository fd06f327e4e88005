//! Versions: each ecosystem's own order, the ranges of advisories, and the languages of requirements.
//!
//! [`Version`] is read once and compared often; it borrows from its text. What an ecosystem would not take as a
//! version is none here, so that nothing is compared by guess.

mod alpine;
mod composer;
mod debian;
mod distance;
mod dotted;
mod gem;
mod maven;
mod parts;
mod python;
mod range;
mod requirement;
mod semantic;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

pub use distance::{Distance, distance, is_compatible};
pub use range::{Event, Timeline, affected, listed};
pub use requirement::Requirement;

use self::{
    alpine::Alpine,
    composer::Composer,
    debian::Debian,
    dotted::{Conan, Numbers},
    gem::Gem,
    maven::Maven,
    python::Python,
    semantic::{Dialect, Semantic},
};
use super::Ecosystem;

/// The order of two versions in an ecosystem; none if one of them is no version there.
pub fn compare(ecosystem: Ecosystem, left: &str, right: &str) -> Option<Ordering> {
    Some(Version::parse(ecosystem, left)?.cmp(&Version::parse(ecosystem, right)?))
}

/// A version of a package. Two are equal if none is newer, however they are written.
///
/// The order is total. Versions of different ecosystems are ordered by ecosystem, which means nothing.
#[derive(Debug, Clone)]
pub struct Version<'a> {
    ecosystem: Ecosystem,
    text: &'a str,
    order: Order<'a>,
}

/// What the order goes by; each ecosystem has one kind.
#[derive(Debug, Clone)]
enum Order<'a> {
    Cargo(semver::Version),
    Semantic(Semantic<'a>),
    Python(Python<'a>),
    Maven(Maven<'a>),
    Gem(Gem<'a>),
    Composer(Composer<'a>),
    Debian(Debian<'a>),
    Alpine(Alpine<'a>),
    Conan(Conan<'a>),
    Numbers(Numbers<'a>),
}

impl<'a> Version<'a> {
    /// Reads a version as the ecosystem's own tools do; none if they would refuse it, and for a branch of
    /// Composer with a name (`dev-main`), which has no place in the order.
    pub fn parse(ecosystem: Ecosystem, text: &'a str) -> Option<Self> {
        let semantic = |dialect| Semantic::parse(dialect, text).map(Order::Semantic);
        let order = match ecosystem {
            Ecosystem::CratesIo => semver::Version::parse(text).ok().map(Order::Cargo),
            Ecosystem::Npm => semantic(Dialect::Npm),
            Ecosystem::Go => semantic(Dialect::Go),
            Ecosystem::NuGet => semantic(Dialect::NuGet),
            Ecosystem::Hex => semantic(Dialect::Hex),
            Ecosystem::Pub => semantic(Dialect::Pub),
            Ecosystem::PyPi => Python::parse(text).map(Order::Python),
            Ecosystem::Maven => Maven::parse(text).map(Order::Maven),
            Ecosystem::RubyGems => Gem::parse(text).map(Order::Gem),
            Ecosystem::Packagist => Composer::parse(text).map(Order::Composer),
            Ecosystem::Conan => Conan::parse(text).map(Order::Conan),
            Ecosystem::Cran => Numbers::parse(text, &['.', '-']).map(Order::Numbers),
            Ecosystem::Hackage => Numbers::parse(text, &['.']).map(Order::Numbers),
            Ecosystem::Debian => Debian::parse(text).map(Order::Debian),
            Ecosystem::Alpine => Alpine::parse(text).map(Order::Alpine),
        };
        order.map(|order| Self { ecosystem, text, order })
    }

    /// The version as it is written.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The ecosystem that it is a version of.
    pub fn ecosystem(&self) -> Ecosystem {
        self.ecosystem
    }

    /// Whether it comes before a release: an alpha, a candidate, a snapshot. Debian, CRAN and Hackage know none.
    pub fn is_prerelease(&self) -> bool {
        match &self.order {
            Order::Cargo(version) => !version.pre.is_empty(),
            Order::Semantic(version) => version.is_prerelease(),
            Order::Python(version) => version.is_prerelease(),
            Order::Maven(version) => version.is_prerelease(),
            Order::Gem(version) => version.is_prerelease(),
            Order::Composer(version) => version.is_prerelease(),
            Order::Alpine(version) => version.is_prerelease(),
            Order::Conan(version) => version.is_prerelease(),
            Order::Debian(_) | Order::Numbers(_) => false,
        }
    }
}

impl Order<'_> {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            // Cargo itself orders build metadata too; precedence, which advisories go by, does not.
            (Order::Cargo(left), Order::Cargo(right)) => left.cmp_precedence(right),
            (Order::Semantic(left), Order::Semantic(right)) => left.compare(right),
            (Order::Python(left), Order::Python(right)) => left.compare(right),
            (Order::Maven(left), Order::Maven(right)) => left.compare(right),
            (Order::Gem(left), Order::Gem(right)) => left.compare(right),
            (Order::Composer(left), Order::Composer(right)) => left.compare(right),
            (Order::Debian(left), Order::Debian(right)) => left.compare(right),
            (Order::Alpine(left), Order::Alpine(right)) => left.compare(right),
            (Order::Conan(left), Order::Conan(right)) => left.compare(right),
            (Order::Numbers(left), Order::Numbers(right)) => left.compare(right),
            // Two ecosystems: their versions are kept apart by who compares them.
            _ => Ordering::Equal,
        }
    }
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.ecosystem.cmp(&other.ecosystem).then_with(|| self.order.compare(&other.order))
    }
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version<'_> {}
