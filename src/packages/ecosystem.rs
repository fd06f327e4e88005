//! The registries that advisories speak of.

use std::fmt;

/// A registry of packages and its rules for names and versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// Rust.
    CratesIo,
    /// JavaScript.
    Npm,
    /// Python.
    PyPi,
    /// Go modules, the standard library (`stdlib`) and the toolchain among them.
    Go,
    /// Java and its relatives; a name is `group:artifact`.
    Maven,
    /// Ruby.
    RubyGems,
    /// PHP.
    Packagist,
    /// .NET.
    NuGet,
    /// Erlang and Elixir.
    Hex,
    /// Dart.
    Pub,
    /// C and C++.
    Conan,
    /// R.
    Cran,
    /// Haskell.
    Hackage,
    /// Debian's distribution packages.
    Debian,
    /// Alpine's distribution packages.
    Alpine,
}

/// Each ecosystem and its name in OSV.
const NAMES: &[(Ecosystem, &str)] = &[
    (Ecosystem::CratesIo, "crates.io"),
    (Ecosystem::Npm, "npm"),
    (Ecosystem::PyPi, "PyPI"),
    (Ecosystem::Go, "Go"),
    (Ecosystem::Maven, "Maven"),
    (Ecosystem::RubyGems, "RubyGems"),
    (Ecosystem::Packagist, "Packagist"),
    (Ecosystem::NuGet, "NuGet"),
    (Ecosystem::Hex, "Hex"),
    (Ecosystem::Pub, "Pub"),
    (Ecosystem::Conan, "ConanCenter"),
    (Ecosystem::Cran, "CRAN"),
    (Ecosystem::Hackage, "Hackage"),
    (Ecosystem::Debian, "Debian"),
    (Ecosystem::Alpine, "Alpine"),
];

impl Ecosystem {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(ecosystem, _)| *ecosystem)
    }

    /// Its name in OSV, without a release: `crates.io`, `Debian`.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(ecosystem, _)| *ecosystem == self).map_or("", |(_, name)| *name)
    }

    /// The ecosystem that OSV calls so; a release as in `Debian:12` is left out.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.split(':').next().unwrap_or_default();
        NAMES.iter().find(|(_, known)| *known == name).map(|(ecosystem, _)| *ecosystem)
    }

    /// The spelling of a name that its registry takes for the same as all others of it.
    pub fn folded(self, name: &str) -> String {
        match self {
            // PEP 503: runs of `-`, `_` and `.` are one `-`, letters are lower-case.
            Self::PyPi => {
                let mut folded = String::with_capacity(name.len());
                for character in name.chars() {
                    match character {
                        '-' | '_' | '.' if folded.ends_with('-') => {}
                        '-' | '_' | '.' => folded.push('-'),
                        _ => folded.push(character.to_ascii_lowercase()),
                    }
                }
                folded
            }
            Self::CratesIo => name.replace('_', "-").to_ascii_lowercase(),
            Self::NuGet | Self::Packagist | Self::Hex | Self::Pub => name.to_ascii_lowercase(),
            _ => name.to_owned(),
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}
