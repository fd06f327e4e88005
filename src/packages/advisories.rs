//! What is known against packages: advisories of many databases, in one index.
//!
//! [`build`] reads the databases and makes an index, [`mod@write`] puts it into a file, and [`index`] answers what
//! is known about one package from it, touching nothing else. What can not be read is an error or is counted:
//! it must never look like a package without faults.

pub mod build;
pub mod index;
pub mod write;

mod block;
mod cvss;
mod key;
mod wire;

pub use build::{BuildError, Builder};
pub use index::{Index, IndexError};
pub use key::TOOLCHAIN;

use std::{fmt, ops, path::Path, sync::Arc};

use jiff::civil::Date;

use super::{
    Ecosystem,
    version::{self, Version},
};

/// What one database says about one package.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Advisory {
    /// `RUSTSEC-2023-0001`, `GO-2024-2521`. Where the database gives none, the CVE or the file's path.
    pub id: String,
    /// The same weakness in other databases, CVE first.
    pub aliases: Vec<String>,
    /// One line; empty if the database says nothing.
    pub summary: String,
    /// What it is about.
    pub kind: Kind,
    /// The day it was published.
    pub published: Option<Date>,
    /// The day it was last changed.
    pub modified: Option<Date>,
    /// CVSS vectors: `CVSS:3.1/AV:N/…`, `AV:N/AC:L/Au:N/…` of version 2.
    pub vectors: Vec<String>,
    /// How bad the database calls it, in its own word and in lower case, where no vector tells.
    pub severity: Option<String>,
    /// The day on which CISA listed it as being exploited.
    pub known_exploited: Option<Date>,
    /// How likely it is to be exploited.
    pub likelihood: Option<Likelihood>,
    /// Ranges of affected versions. A version in any of them, or in `listed`, is affected.
    pub ranges: Vec<AffectedRange>,
    /// Affected versions that are listed one by one and that no range covers.
    pub listed: Listed,
    /// The platforms that it is limited to.
    pub platforms: Platforms,
    /// The code that is affected, where the database names it.
    pub functions: Vec<Functions>,
    /// Where to read more.
    pub url: Option<String>,
    /// CWE numbers.
    pub weaknesses: Vec<u32>,
}

/// What an advisory is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Kind {
    /// It can be attacked.
    #[default]
    Vulnerability,
    /// It attacks.
    Malicious,
    /// Safe code can break memory safety through it.
    Unsound,
    /// Nobody repairs it any more.
    Unmaintained,
    /// Worth knowing.
    Notice,
}

/// What EPSS expects of the next 30 days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likelihood {
    /// That somebody exploits it, from 0 to 1.
    pub probability: f32,
    /// The share of all weaknesses that are less likely, from 0 to 1.
    pub percentile: f32,
}

/// A range as OSV defines it: events on the line of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AffectedRange {
    /// How versions are ordered.
    pub scheme: Scheme,
    /// What happens where, in no certain order.
    pub events: Vec<Event>,
}

/// How the versions of a range are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// By semver.org, whatever the ecosystem.
    Semver,
    /// By the ecosystem's own rules.
    Ecosystem,
}

/// Something that happens at a version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// This version and those after it are affected; `0` is before all versions.
    Introduced(String),
    /// This version and those after it are not.
    Fixed(String),
    /// Those after this version are not.
    LastAffected(String),
    /// Nothing is said of this version and those after it; `*` is behind all versions.
    Limit(String),
}

/// Where a program runs. What is empty is not limited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platforms {
    /// Operating systems as the ecosystem names them: `windows`.
    pub systems: Vec<String>,
    /// Processors as the ecosystem names them: `x86`, `amd64`.
    pub processors: Vec<String>,
}

/// Code that carries the weakness.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Functions {
    /// The package within the module, as it is imported; only Go has it.
    pub package: Option<String>,
    /// Names of functions and types: `smallvec::SmallVec::grow`, `Reader.Read`. None: all of the package.
    pub names: Vec<String>,
    /// The versions in which they are affected, as cargo writes requirements. None: those of the advisory.
    pub versions: Vec<String>,
    /// The platforms that this is limited to.
    pub platforms: Platforms,
}

/// Versions, each by itself. Those of all advisories about a package share one table.
#[derive(Clone, Default)]
pub struct Listed {
    table: Arc<[Box<str>]>,
    runs: Vec<ops::Range<usize>>,
}

/// The versions that an advisory is about.
#[derive(Debug)]
pub struct Affected<'a> {
    ranges: Vec<version::Timeline<'a>>,
    listed: Vec<(&'a str, Option<Version<'a>>)>,
}

/// Opens an index file, or makes an index in memory of a folder of advisories.
///
/// Of a folder all is read. The index has no age then but that of its newest advisory.
pub fn open(path: &Path, today: Date) -> Result<Index, IndexError> {
    if !path.is_dir() {
        return Index::open(path);
    }
    let mut builder = Builder::new(today);
    builder.add_path(path)?;
    Index::of_bytes(builder.finish(None)?, path)
}

impl Advisory {
    /// The CVSS base score, 0 to 10, by the newest version of CVSS that the database gives a valid vector of.
    pub fn score(&self) -> Option<f64> {
        cvss::newest_score(&self.vectors)
    }

    /// Whether it is about this version, which must be one of the advisory's ecosystem.
    pub fn affects(&self, version: &Version<'_>) -> bool {
        is_in_ranges(&self.ranges, version) || version::listed(version, self.listed.iter())
    }

    /// The versions that it is about, read once for many questions.
    pub fn affected(&self, ecosystem: Ecosystem) -> Affected<'_> {
        let ranges = self.ranges.iter().map(|range| {
            version::Timeline::new(ecosystem, range.events.iter().map(Event::borrowed))
        });
        let read = |text| (text, Version::parse(ecosystem, text));
        Affected { ranges: ranges.collect(), listed: self.listed.iter().map(read).collect() }
    }

    /// Its id and aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.id).chain(&self.aliases).map(String::as_str)
    }
}

impl Affected<'_> {
    /// Whether this version is among them.
    pub fn holds(&self, version: &Version<'_>) -> bool {
        let is_it = |(text, listed): &(&str, Option<Version<'_>>)| {
            *text == version.text() || listed.as_ref().is_some_and(|listed| listed == version)
        };
        self.ranges.iter().any(|range| range.holds(version)) || self.listed.iter().any(is_it)
    }
}

/// Whether any of the ranges holds the version.
fn is_in_ranges(ranges: &[AffectedRange], version: &Version<'_>) -> bool {
    ranges.iter().any(|range| version::affected(version, range.events.iter().map(Event::borrowed)))
}

impl Event {
    fn borrowed(&self) -> version::Event<'_> {
        match self {
            Self::Introduced(at) => version::Event::Introduced(at),
            Self::Fixed(at) => version::Event::Fixed(at),
            Self::LastAffected(at) => version::Event::LastAffected(at),
            Self::Limit(at) => version::Event::Limit(at),
        }
    }

    /// The version at which it happens.
    pub fn version(&self) -> &str {
        match self {
            Self::Introduced(version)
            | Self::Fixed(version)
            | Self::LastAffected(version)
            | Self::Limit(version) => version,
        }
    }
}

impl Platforms {
    /// Whether nothing is limited.
    pub fn is_all(&self) -> bool {
        self.systems.is_empty() && self.processors.is_empty()
    }
}

impl Listed {
    /// The versions.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.runs.iter().flat_map(|run| &self.table[run.clone()]).map(AsRef::as_ref)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

impl FromIterator<String> for Listed {
    fn from_iter<T: IntoIterator<Item = String>>(versions: T) -> Self {
        let table: Arc<[Box<str>]> = versions.into_iter().map(String::into_boxed_str).collect();
        let all = 0..table.len();
        Self { runs: if table.is_empty() { Vec::new() } else { vec![all] }, table }
    }
}

impl PartialEq for Listed {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
