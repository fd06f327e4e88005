//! Lockfiles: which packages a project really uses, at which bytes each stands, and who requires whom.
//!
//! One module for each format; what they make of a file is the same for all, a [`Lockfile`].

pub mod apk;
pub mod bun;
pub mod cargo;
pub mod composer;
pub mod conan;
pub mod deno;
pub mod dpkg;
mod entry;
pub mod gemfile;
pub mod go;
pub mod gradle;
pub mod haskell;
mod javascript;
pub(in crate::packages) mod json;
pub mod maven;
pub mod mix;
mod modules;
pub mod npm;
pub mod nuget;
pub mod pdm;
pub mod pipfile;
pub mod pnpm;
pub mod poetry;
pub mod pubspec;
pub mod pylock;
pub(in crate::packages) mod python;
pub mod rebar;
pub mod renv;
pub mod requirements;
pub mod sbom;
pub mod stated;
mod term;
pub mod uv;
pub(in crate::packages) mod xml;
mod yaml;
pub mod yarn;
mod yarn_berry;

use std::{collections::VecDeque, ops::Range};

use thiserror::Error;

use super::Ecosystem;
use crate::{finding::RepoPath, sources::SourceFile};

/// One format of lockfile.
pub struct Format {
    /// Its name, as its users call the file.
    pub name: &'static str,
    /// Where its packages come from.
    pub ecosystem: Ecosystem,
    /// Whether a file of this path is one.
    pub is_one: fn(&RepoPath) -> bool,
    /// Reads its text.
    pub read: fn(&str) -> Result<Lockfile, Fault>,
}

/// All formats; a path belongs to the first one that takes it.
pub const FORMATS: &[Format] = &[
    Format {
        name: "Cargo.lock",
        ecosystem: Ecosystem::CratesIo,
        is_one: |path| path.file_name() == "Cargo.lock",
        read: cargo::read,
    },
    Format {
        name: "bun.lock",
        ecosystem: Ecosystem::Npm,
        // The binary one is refused, which is better than passed over.
        is_one: |path| matches!(path.file_name(), "bun.lock" | "bun.lockb"),
        read: bun::read,
    },
    Format {
        name: "deno.lock",
        ecosystem: Ecosystem::Npm,
        is_one: |path| path.file_name() == "deno.lock",
        read: deno::read,
    },
    Format {
        name: "package-lock.json",
        ecosystem: Ecosystem::Npm,
        is_one: |path| NPM_FILES.contains(&path.file_name()),
        read: npm::read,
    },
    Format {
        name: "pnpm-lock.yaml",
        ecosystem: Ecosystem::Npm,
        is_one: pnpm::is_one,
        read: pnpm::read,
    },
    Format {
        name: "yarn.lock",
        ecosystem: Ecosystem::Npm,
        is_one: |path| path.file_name() == "yarn.lock",
        read: yarn::read,
    },
    Format {
        name: "poetry.lock",
        ecosystem: Ecosystem::PyPi,
        is_one: |path| path.file_name() == "poetry.lock",
        read: poetry::read,
    },
    // Of a script, uv keeps the lockfile beside it.
    Format {
        name: "uv.lock",
        ecosystem: Ecosystem::PyPi,
        is_one: |path| path.file_name() == "uv.lock" || path.file_name().ends_with(".py.lock"),
        read: uv::read,
    },
    Format {
        name: "Pipfile.lock",
        ecosystem: Ecosystem::PyPi,
        is_one: |path| path.file_name() == "Pipfile.lock",
        read: pipfile::read,
    },
    Format {
        name: "pdm.lock",
        ecosystem: Ecosystem::PyPi,
        is_one: |path| path.file_name() == "pdm.lock",
        read: pdm::read,
    },
    Format {
        name: "pylock.toml",
        ecosystem: Ecosystem::PyPi,
        is_one: pylock::is_one,
        read: pylock::read,
    },
    Format {
        name: "requirements.txt",
        ecosystem: Ecosystem::PyPi,
        is_one: requirements::is_one,
        read: requirements::read,
    },
    Format {
        name: "go.mod",
        ecosystem: Ecosystem::Go,
        is_one: |path| path.file_name() == "go.mod",
        read: go::read,
    },
    Format {
        name: "Gemfile.lock",
        ecosystem: Ecosystem::RubyGems,
        is_one: |path| matches!(path.file_name(), "Gemfile.lock" | "gems.locked"),
        read: gemfile::read,
    },
    Format {
        name: "composer.lock",
        ecosystem: Ecosystem::Packagist,
        is_one: |path| path.file_name() == "composer.lock",
        read: composer::read,
    },
    Format {
        name: "packages.lock.json",
        ecosystem: Ecosystem::NuGet,
        is_one: |path| path.file_name() == "packages.lock.json",
        read: nuget::read,
    },
    Format {
        name: "gradle.lockfile",
        ecosystem: Ecosystem::Maven,
        is_one: gradle::is_one,
        read: gradle::read,
    },
    Format {
        name: "pom.xml",
        ecosystem: Ecosystem::Maven,
        is_one: |path| path.file_name() == "pom.xml",
        read: maven::read,
    },
    Format {
        name: "mix.lock",
        ecosystem: Ecosystem::Hex,
        is_one: |path| path.file_name() == "mix.lock",
        read: mix::read,
    },
    Format {
        name: "rebar.lock",
        ecosystem: Ecosystem::Hex,
        is_one: |path| path.file_name() == "rebar.lock",
        read: rebar::read,
    },
    Format {
        name: "pubspec.lock",
        ecosystem: Ecosystem::Pub,
        is_one: |path| path.file_name() == "pubspec.lock",
        read: pubspec::read,
    },
    Format {
        name: "conan.lock",
        ecosystem: Ecosystem::Conan,
        is_one: |path| path.file_name() == "conan.lock",
        read: conan::read,
    },
    Format {
        name: "renv.lock",
        ecosystem: Ecosystem::Cran,
        is_one: |path| path.file_name() == "renv.lock",
        read: renv::read,
    },
    Format {
        name: "cabal.project.freeze",
        ecosystem: Ecosystem::Hackage,
        is_one: haskell::is_freeze,
        read: haskell::read_freeze,
    },
    Format {
        name: "stack.yaml.lock",
        ecosystem: Ecosystem::Hackage,
        is_one: |path| path.file_name() == "stack.yaml.lock",
        read: haskell::read_stack,
    },
    Format {
        name: "dpkg status",
        ecosystem: Ecosystem::Debian,
        is_one: dpkg::is_one,
        read: dpkg::read,
    },
    Format {
        name: "apk installed",
        ecosystem: Ecosystem::Alpine,
        is_one: apk::is_one,
        read: apk::read,
    },
];

/// What npm calls its lockfile: in a project, in a published package, in what it has installed.
const NPM_FILES: &[&str] = &["package-lock.json", "npm-shrinkwrap.json", ".package-lock.json"];

/// The format of a file of this path.
pub fn format_of(path: &RepoPath) -> Option<&'static Format> {
    FORMATS.iter().find(|format| (format.is_one)(path))
}

/// The format of this name.
pub fn format_named(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// Reads a file by the format that its path tells.
pub fn read(file: &SourceFile) -> Result<Lockfile, Malformed> {
    match format_of(file.path()) {
        Some(format) => read_as(format, file),
        None => Err(Malformed { line: 1, reason: "no known format".to_owned() }),
    }
}

/// Reads a file by this format.
pub fn read_as(format: &Format, file: &SourceFile) -> Result<Lockfile, Malformed> {
    let mut lockfile = read_text(file, format.read)?;
    // Only its path says what a file of requirements is for.
    if format.name == "requirements.txt" && requirements::is_development(file.path()) {
        for package in &mut lockfile.packages {
            package.scope = Scope::Development;
        }
    }
    Ok(lockfile)
}

/// Reads a bill of materials: a lockfile for each registry that it has packages of.
pub fn read_bill(file: &SourceFile) -> Result<Vec<Lockfile>, Malformed> {
    read_text(file, sbom::read_all)
}

fn read_text<T>(file: &SourceFile, read: fn(&str) -> Result<T, Fault>) -> Result<T, Malformed> {
    let fail = |at: usize, reason: String| Malformed { line: file.line_of(at), reason };
    let text = std::str::from_utf8(file.bytes())
        .map_err(|error| fail(error.valid_up_to(), "not UTF-8".to_owned()))?;
    read(text).map_err(|fault| fail(fault.at, fault.reason))
}

/// What a lockfile says.
#[derive(Debug)]
pub struct Lockfile {
    /// Where its packages come from.
    pub ecosystem: Ecosystem,
    /// The packages in the order of the file.
    pub packages: Vec<LockedPackage>,
    /// What names a package and no version that is known: nothing is compared there.
    pub left_out: Vec<Fault>,
    /// Other files of the same format that it takes in, as it writes them.
    pub includes: Vec<String>,
}

/// One package of a lockfile.
#[derive(Debug, PartialEq, Eq)]
pub struct LockedPackage {
    /// Its name.
    pub name: String,
    /// The version that is used.
    pub version: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What it is needed for.
    pub scope: Scope,
    /// How it is fetched and installed.
    pub provenance: Provenance,
    /// Bytes of the whole entry.
    pub at: Range<usize>,
    /// Bytes of the name.
    pub name_at: Range<usize>,
    /// Bytes of the version.
    pub version_at: Range<usize>,
    /// Indices of the packages that it requires.
    pub requires: Vec<usize>,
    /// Index of the package that requires it on a shortest way from a local one.
    pub required_by: Option<usize>,
}

/// Where a package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It is a part of the project.
    Local,
    /// The ecosystem's public registry, which advisories speak of.
    Registry,
    /// Version control, a private registry, a folder: no advisory speaks of it.
    Elsewhere,
}

/// What a package is needed for, the strongest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Scope {
    /// What is shipped, as far as the lockfile tells.
    #[default]
    Runtime,
    /// A feature that not everybody installs.
    Optional,
    /// Building and testing only.
    Development,
}

impl Scope {
    /// The word for it in reports and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::Optional => "optional",
            Self::Development => "development",
        }
    }
}

/// What an entry says of how its package is fetched and installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Bytes of the address that it comes from, where the file tells one: a URL, or what its ecosystem writes
    /// instead of one.
    pub address_at: Option<Range<usize>>,
    /// Whether there is a checksum of it.
    pub has_checksum: bool,
    /// Whether it runs a program of its own when it is installed.
    pub runs_script: bool,
}

/// A place in a text, in bytes, and what is wrong there. The words quote nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The byte.
    pub at: usize,
    /// What is wrong, in lower case, without full stop.
    pub reason: String,
}

impl Fault {
    /// Something is wrong at a byte.
    pub fn new(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into() }
    }
}

/// Why a lockfile can not be read.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("could not be read: line {line}: {reason}")]
pub struct Malformed {
    /// One-based line.
    pub line: u32,
    /// What is wrong. It quotes nothing of the file.
    pub reason: String,
}

impl Lockfile {
    /// Takes packages whose `requires` is known, and finds the shortest ways to them.
    fn new(ecosystem: Ecosystem, mut packages: Vec<LockedPackage>) -> Self {
        let mut reached: Vec<bool> = packages.iter().map(|p| p.origin == Origin::Local).collect();
        let mut queue: VecDeque<usize> =
            reached.iter().enumerate().filter(|(_, is)| **is).map(|(at, _)| at).collect();
        while let Some(from) = queue.pop_front() {
            let requires = std::mem::take(&mut packages[from].requires);
            for to in &requires {
                if !std::mem::replace(&mut reached[*to], true) {
                    packages[*to].required_by = Some(from);
                    queue.push_back(*to);
                }
            }
            packages[from].requires = requires;
        }
        Self { ecosystem, packages, left_out: Vec::new(), includes: Vec::new() }
    }

    /// Whether a part of the project itself requires the package.
    pub fn is_direct(&self, index: usize) -> bool {
        let parent = self.packages[index].required_by;
        parent.is_some_and(|parent| self.packages[parent].origin == Origin::Local)
    }

    /// Whether the project may require the package itself: it does, or the format does not tell.
    pub fn required_by_project(&self, index: usize) -> bool {
        self.is_direct(index) || self.packages[index].required_by.is_none()
    }

    /// A shortest way from the project to the package, both included; the package alone if none is known.
    pub fn way_to(&self, index: usize) -> Vec<&LockedPackage> {
        let mut way: Vec<_> =
            std::iter::successors(Some(index), |at| self.packages[*at].required_by)
                .map(|at| &self.packages[at])
                .collect();
        way.reverse();
        way
    }
}
