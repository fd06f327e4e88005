//! What a package requires of another's version, in the language of its ecosystem.
//!
//! * Cargo: the crate `semver`, as cargo does.
//! * npm: ranges of `node-semver`, in the loose mode that npm uses.
//! * Python: version specifiers of PEP 440.
//! * Go: the least version (minimal version selection).
//! * Ruby: `Gem::Requirement`.
//! * PHP: constraints of composer/semver.
//! * .NET and Maven: intervals, and `NuGet`'s floating versions.
//! * Hex: `Version.Requirement` of Elixir. Pub: `VersionConstraint` of `pub_semver`.
//!
//! The distributions, CRAN, Conan and Hackage have no language here. Where a language itself passes over
//! pre-releases (Cargo, npm, Python, floating versions) so does [`Requirement::matches`]; where an
//! ecosystem's resolver does that (Bundler, Composer, Hex, Pub) the caller asks [`Version::is_prerelease`].

mod composer;
mod dart;
mod gem;
mod hex;
mod interval;
mod npm;
mod python;

use std::cmp::Ordering;

use super::{Ecosystem, Order, Version, semantic::Semantic};

/// A requirement.
#[derive(Debug, Clone)]
pub struct Requirement<'a> {
    ecosystem: Ecosystem,
    rule: Rule<'a>,
}

#[derive(Debug, Clone)]
enum Rule<'a> {
    Cargo(semver::VersionReq),
    Npm(Alternatives<'a>),
    Python(Vec<python::Specifier<'a>>),
    Gem(Vec<gem::Clause<'a>>),
    Hex(Vec<hex::Clause<'a>>),
    Floating(interval::Floating<'a>),
    Bounds(Alternatives<'a>),
}

/// Bounds of which all must hold, in any one of several lists.
type Alternatives<'a> = Vec<Vec<Bound<'a>>>;

/// One end of a range, or a single version.
#[derive(Debug, Clone)]
struct Bound<'a> {
    operator: Operator,
    order: Order<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What operators are written as in most languages.
const OPERATORS: &[(&str, Operator)] = &[
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("=", Operator::Equal),
];

impl Operator {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterOrEqual => order.is_ge(),
        }
    }

    /// Splits an operator off the start of a text.
    fn split(text: &str) -> (Option<Self>, &str) {
        let found = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)));
        match found {
            Some((operator, rest)) => (Some(operator), rest.trim_start()),
            None => (None, text),
        }
    }
}

impl<'a> Bound<'a> {
    fn semantic(operator: Operator, version: Semantic<'a>) -> Self {
        Self { operator, order: Order::Semantic(version) }
    }

    fn holds(&self, version: &Version<'_>) -> bool {
        self.operator.holds(version.order.compare(&self.order))
    }
}

impl<'a> Requirement<'a> {
    /// Reads a requirement. None if the ecosystem's tools would refuse it, if it is none of a version (a path,
    /// a branch, a tag), or if the ecosystem has no language of requirements here.
    pub fn parse(ecosystem: Ecosystem, text: &'a str) -> Option<Self> {
        let text = text.trim();
        let rule = match ecosystem {
            Ecosystem::CratesIo => Rule::Cargo(semver::VersionReq::parse(text).ok()?),
            Ecosystem::Npm => Rule::Npm(npm::parse(text)?),
            Ecosystem::PyPi => Rule::Python(python::parse(text)?),
            Ecosystem::Go => {
                let order = Version::parse(ecosystem, text)?.order;
                Rule::Bounds(vec![vec![Bound { operator: Operator::GreaterOrEqual, order }]])
            }
            Ecosystem::RubyGems => Rule::Gem(gem::parse(text)?),
            Ecosystem::Packagist => Rule::Bounds(composer::parse(text)?),
            Ecosystem::NuGet => interval::nuget(text)?,
            Ecosystem::Maven => Rule::Bounds(interval::maven(text)?),
            Ecosystem::Hex => Rule::Hex(hex::parse(text)?),
            Ecosystem::Pub => Rule::Bounds(vec![dart::parse(text)?]),
            Ecosystem::Conan
            | Ecosystem::Cran
            | Ecosystem::Hackage
            | Ecosystem::Debian
            | Ecosystem::Alpine => return None,
        };
        Some(Self { ecosystem, rule })
    }

    /// Whether the version fulfils it. A version of another ecosystem never does.
    pub fn matches(&self, version: &Version<'_>) -> bool {
        let holds = |bounds: &[Bound<'_>]| bounds.iter().all(|bound| bound.holds(version));
        match (&self.rule, &version.order) {
            _ if self.ecosystem != version.ecosystem => false,
            (Rule::Cargo(requirement), Order::Cargo(version)) => requirement.matches(version),
            (Rule::Npm(alternatives), Order::Semantic(order)) => alternatives
                .iter()
                .any(|bounds| holds(bounds) && npm::allows_prerelease(bounds, order)),
            (Rule::Python(specifiers), Order::Python(order)) => {
                python::matches(specifiers, order, version.text)
            }
            (Rule::Gem(clauses), Order::Gem(order)) => {
                clauses.iter().all(|clause| clause.matches(order))
            }
            (Rule::Hex(clauses), _) => hex::matches(clauses, holds),
            (Rule::Floating(floating), Order::Semantic(order)) => floating.matches(order),
            (Rule::Bounds(alternatives), _) => alternatives.iter().any(|bounds| holds(bounds)),
            _ => false,
        }
    }
}
