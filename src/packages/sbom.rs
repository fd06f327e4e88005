//! Bills of materials: what the lockfiles of a project hold, as one document for other tools.
//!
//! All lockfiles are put together first: a package of a registry is one component with all its places, named by
//! its package URL. The formats only spell that out. The same lockfiles give the same bytes.

pub mod cyclonedx;
pub mod spdx;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    Purl,
    lockfile::{LockedPackage, Lockfile, Origin, Scope},
    manifest,
};
use crate::{finding::RepoPath, sources::SourceFile};

/// What the project as a whole is called by the components.
const PROJECT: &str = "project";
/// What is said of a package that has no package URL.
const NOT_PUBLIC: &str = "not from a public registry";

/// A lockfile and what it says.
pub struct Listed {
    /// The file.
    pub file: SourceFile,
    /// What it says.
    pub lockfile: Lockfile,
}

/// The components of a project and who requires whom.
pub struct Bill {
    /// The project as a whole.
    project: Component,
    /// Parts of the project that have a name of their own, by reference.
    parts: BTreeMap<String, Component>,
    /// What it is made with, by reference.
    packages: BTreeMap<String, Component>,
    /// For each component the references of those that it requires.
    requires: BTreeMap<String, BTreeSet<String>>,
    /// What is not in the bill though it should be: a file and why.
    missing: Vec<String>,
}

/// A part of the project, or a package.
struct Component {
    name: String,
    /// None of what has no version.
    version: Option<String>,
    /// None of what no public registry has.
    purl: Option<Purl>,
    /// The strongest of all lockfiles.
    scope: Scope,
    /// File and one-based line.
    places: BTreeSet<(RepoPath, u32)>,
}

impl Bill {
    /// Puts lockfiles together. The project has the name of its only part at the root of the tree, else `folder`.
    /// `hide` is shown what is from no public registry, since an address may hold a credential; `missing` tells
    /// what could not be read.
    pub fn new(
        folder: &str,
        lockfiles: &[Listed],
        missing: Vec<String>,
        hide: &dyn Fn(&str) -> String,
    ) -> Self {
        let mut bill = Self {
            project: Component::new(folder.to_owned(), String::new(), None),
            parts: BTreeMap::new(),
            packages: BTreeMap::new(),
            requires: BTreeMap::from([(PROJECT.to_owned(), BTreeSet::new())]),
            missing,
        };
        let whole = only_part(lockfiles);
        if let Some(package) = whole.filter(|package| !is_placeholder(&package.name)) {
            bill.project = Component::new(hide(&package.name), hide(&package.version), None);
        }
        for listed in lockfiles {
            bill.add(listed, whole, hide);
        }
        bill
    }

    fn add(
        &mut self,
        listed: &Listed,
        whole: Option<&LockedPackage>,
        hide: &dyn Fn(&str) -> String,
    ) {
        let packages = &listed.lockfile.packages;
        let references: Vec<String> =
            packages.iter().map(|package| self.enter(package, listed, whole, hide)).collect();
        let mut is_required = vec![false; packages.len()];
        for (from, package) in packages.iter().enumerate() {
            for to in package.requires.iter().filter(|to| references[**to] != references[from]) {
                is_required[*to] = true;
                self.require(&references[from], &references[*to]);
            }
        }
        // What no package requires, the project does.
        for (at, _) in is_required.iter().enumerate().filter(|(_, is)| !**is) {
            self.require(PROJECT, &references[at]);
        }
    }

    /// Enters a package of a lockfile, and returns its reference.
    fn enter(
        &mut self,
        package: &LockedPackage,
        listed: &Listed,
        whole: Option<&LockedPackage>,
        hide: &dyn Fn(&str) -> String,
    ) -> String {
        let path = listed.file.path();
        let place = (path.clone(), listed.file.line_of(package.version_at.start));
        if whole.is_some_and(|whole| std::ptr::eq(whole, package)) {
            self.project.places.insert(place);
            return PROJECT.to_owned();
        }
        let (reference, fresh) = if package.origin == Origin::Registry {
            let purl = Purl::of(listed.lockfile.ecosystem, &package.name, &package.version);
            let (name, version) = (package.name.clone(), package.version.clone());
            (purl.to_string(), Component::new(name, version, Some(purl)))
        } else {
            let (name, version) = (hide(&package.name), hide(&package.version));
            (format!("{path}#{name}@{version}"), Component::new(name, version, None))
        };
        let among =
            if package.origin == Origin::Local { &mut self.parts } else { &mut self.packages };
        let component = among
            .entry(reference.clone())
            .or_insert_with(|| Component { scope: package.scope, ..fresh });
        component.scope = component.scope.min(package.scope);
        component.places.insert(place);
        self.requires.entry(reference.clone()).or_default();
        reference
    }

    fn require(&mut self, from: &str, to: &str) {
        if from != to {
            self.requires.entry(from.to_owned()).or_default().insert(to.to_owned());
        }
    }

    /// What is missing, on one line each; nothing if the bill is whole.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }
}

impl Component {
    fn new(name: String, version: String, purl: Option<Purl>) -> Self {
        let version = Some(version).filter(|version| !version.is_empty());
        Self { name, version, purl, scope: Scope::Runtime, places: BTreeSet::new() }
    }

    /// The version as the package URL has it, if there is one.
    fn version(&self) -> Option<&str> {
        let of_purl = self.purl.as_ref().and_then(|purl| purl.version.as_deref());
        of_purl.or(self.version.as_deref())
    }
}

/// The part of the project that all lockfiles at the root of the tree are about, if it is only one.
fn only_part(lockfiles: &[Listed]) -> Option<&LockedPackage> {
    let at_root = lockfiles.iter().filter(|listed| listed.file.path().folder().is_empty());
    let mut parts = at_root
        .flat_map(|listed| &listed.lockfile.packages)
        .filter(|package| package.origin == Origin::Local);
    parts.next().filter(|_| parts.next().is_none())
}

/// Whether the name of a part is that of a file, for want of another.
fn is_placeholder(name: &str) -> bool {
    let path = RepoPath::new(name);
    name.is_empty()
        || manifest::manifest_of(&path).is_some()
        || matches!(name, "conanfile" | "rebar.config" | "renv.lock")
}

/// A time in whole seconds, as both formats want it.
fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A UUID, version 8 (RFC 9562), that is told by what a document says.
fn uuid_of(document: &[u8]) -> String {
    let digest = Sha256::digest(document);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hexadecimal(&bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests;
