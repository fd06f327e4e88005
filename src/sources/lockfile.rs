//! Lockfiles: which packages a project really uses, at which bytes each stands, and who requires whom.
//!
//! One module for each format; what they make of a file is the same for all, a [`Lockfile`].

pub mod cargo;

use std::{collections::VecDeque, ops::Range};

use thiserror::Error;

/// What a lockfile says.
#[derive(Debug)]
pub struct Lockfile {
    /// The ecosystem's name in OSV: `crates.io`.
    pub ecosystem: &'static str,
    /// The packages in the order of the file.
    pub packages: Vec<LockedPackage>,
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
    fn new(ecosystem: &'static str, mut packages: Vec<LockedPackage>) -> Self {
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
        Self { ecosystem, packages }
    }

    /// Whether a part of the project itself requires the package.
    pub fn is_direct(&self, index: usize) -> bool {
        let parent = self.packages[index].required_by;
        parent.is_some_and(|parent| self.packages[parent].origin == Origin::Local)
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
