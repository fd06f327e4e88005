//! The packages that Debian's package manager has installed: `/var/lib/dpkg/status`, and the files under
//! `/var/lib/dpkg/status.d/` of images without it, see `deb-control(5)`.
//!
//! Advisories speak of source packages. So that is the name here, with the source's version; which binary
//! package it is, the whole entry tells.

use std::collections::HashMap;

use super::{
    Fault, LockedPackage, Lockfile,
    entry::{entry, lines, link, place},
};
use crate::{finding::RepoPath, packages::Ecosystem};

/// Last words of a `Status` that leaves no files of the package behind, or its configuration only.
const NOT_INSTALLED: &[&str] = &["not-installed", "config-files"];

/// Whether a file of this path is one.
pub fn is_one(path: &RepoPath) -> bool {
    let name = path.file_name();
    let is_in = |folder: &str| {
        let rest = path.folder().strip_suffix(folder);
        rest.is_some_and(|root| root.is_empty() || root.ends_with('/'))
    };
    (name == "status" && is_in("var/lib/dpkg"))
        || (!name.ends_with(".md5sums") && is_in("var/lib/dpkg/status.d"))
}

/// Reads a `status` file.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let mut installed = Installed { text, ..Installed::default() };
    let mut paragraph = Paragraph::default();
    for line in lines(text) {
        if line.trim().is_empty() {
            installed.take(&paragraph);
            paragraph = Paragraph::default();
        } else if !line.starts_with([' ', '\t']) {
            let field = line.split_once(':');
            let (name, value) = field
                .ok_or_else(|| Fault::new(place(text, line).start, "not a field and its value"))?;
            paragraph.set(name, value.trim());
            paragraph.begin.get_or_insert(line);
            paragraph.end = line;
        } else if paragraph.begin.is_some() {
            paragraph.end = line;
        } else {
            return Err(Fault::new(place(text, line).start, "a line that goes on with nothing"));
        }
    }
    installed.take(&paragraph);
    Ok(installed.finish())
}

/// The fields of one package.
#[derive(Default)]
struct Paragraph<'a> {
    begin: Option<&'a str>,
    end: &'a str,
    package: &'a str,
    status: Option<&'a str>,
    version: &'a str,
    source: Option<&'a str>,
    depends: [&'a str; 2],
    provides: &'a str,
}

impl<'a> Paragraph<'a> {
    fn set(&mut self, name: &str, value: &'a str) {
        match name.to_ascii_lowercase().as_str() {
            "package" => self.package = value,
            "status" => self.status = Some(value),
            "version" => self.version = value,
            "source" => self.source = Some(value),
            "depends" => self.depends[0] = value,
            "pre-depends" => self.depends[1] = value,
            "provides" => self.provides = value,
            _ => {}
        }
    }

    /// Name and version of the source: `Source: name`, `Source: name (version)`, or those of the package.
    fn source(&self) -> (&'a str, &'a str) {
        let Some(source) = self.source else { return (self.package, self.version) };
        let version = |rest: &'a str| rest.trim().trim_matches(['(', ')']);
        source.split_once(' ').map_or((source, self.version), |(name, rest)| (name, version(rest)))
    }
}

/// The packages so far.
#[derive(Default)]
struct Installed<'a> {
    text: &'a str,
    packages: Vec<LockedPackage>,
    /// For each package the alternatives that meet each of its requirements.
    requirements: Vec<Vec<&'a str>>,
    /// By the binary packages' names and by what they provide.
    names: HashMap<&'a str, usize>,
    left_out: Vec<Fault>,
}

impl<'a> Installed<'a> {
    fn take(&mut self, paragraph: &Paragraph<'a>) {
        let Some(begin) = paragraph.begin else { return };
        let state = paragraph.status.and_then(|status| status.rsplit(' ').next());
        if state.is_some_and(|state| NOT_INSTALLED.contains(&state)) {
            return;
        }
        let at = place(self.text, begin).start..place(self.text, paragraph.end).end;
        if paragraph.package.is_empty() || paragraph.version.is_empty() {
            self.left_out.push(Fault::new(at.start, "a package without a name or a version"));
            return;
        }
        let (name, version) = paragraph.source();
        let index = self.packages.len();
        self.packages.push(entry(self.text, &self.text[at], name, version));
        self.names.insert(paragraph.package, index);
        for provided in paragraph.provides.split(',').map(word) {
            self.names.entry(provided).or_insert(index);
        }
        let required = paragraph.depends.iter().flat_map(|list| list.split(','));
        self.requirements.push(required.collect());
    }

    fn finish(mut self) -> Lockfile {
        link(&mut self.packages, &self.requirements, |alternatives| {
            alternatives.split('|').find_map(|name| self.names.get(word(name)).copied())
        });
        let mut lockfile = Lockfile::new(Ecosystem::Debian, self.packages);
        lockfile.left_out = self.left_out;
        lockfile
    }
}

/// The name of `name`, `name (>= 1)` and `name:any`.
fn word(requirement: &str) -> &str {
    let name = requirement.trim();
    name.split([' ', '(', ':']).next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STATUS: &str = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\n\
        Version: 2.36-9+deb12u4\nReplaces: libc6-amd64\nProvides: libc6-abi (= 1)\n\
        Description: GNU C Library\n Version: 9 is no version\n\n\
        Package: bash\nStatus: hold ok installed\nSource: bash (5.2.15-2)\nVersion: 5.2.15-2+b2\n\
        Pre-Depends: libc6 (>= 2.36), libtinfo6\nDepends: gone | debianutils:any (>= 5), libc6-abi\n\n\
        Package: removed\nStatus: deinstall ok config-files\nVersion: 1.0\n\n\
        Package: debianutils\nVersion: 5.7-0.4\n\n\nPackage: broken\nStatus: install ok installed\n";

    #[test]
    fn packages_have_the_name_and_version_of_their_source() {
        let lockfile = read(STATUS).unwrap();
        let shown: Vec<_> =
            lockfile.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
        assert_eq!(shown, ["glibc 2.36-9+deb12u4", "bash 5.2.15-2", "debianutils 5.7-0.4"]);
        assert_eq!(lockfile.packages[1].requires, [0, 2]);
        assert!(STATUS[lockfile.left_out[0].at..].starts_with("Package: broken"));
        let whole = &STATUS[lockfile.packages[0].at.clone()];
        assert!(whole.starts_with("Package: libc6") && whole.ends_with("is no version"));
    }

    #[test]
    fn what_is_no_paragraph_is_refused() {
        assert_eq!(read("Package: a\nVersion: 1\n\n<html>\n").unwrap_err().at, 23);
        assert_eq!(read(" a\n").unwrap_err().at, 0);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(Package:|Version:|Source:|Depends:|[a1:(),| é\r\n]){0,40}") {
            for package in read(&text).map(|lockfile| lockfile.packages).unwrap_or_default() {
                prop_assert_eq!(&text[package.name_at], &package.name);
                prop_assert_eq!(&text[package.version_at], &package.version);
            }
        }
    }
}
