//! The packages that Alpine's package manager has installed: `lib/apk/db/installed`, see `apk-v2(5)`.
//!
//! Advisories speak of the packages that others are split off from. So that origin is the name here; which
//! package it is, the whole entry tells.

use std::collections::HashMap;

use super::{
    Fault, LockedPackage, Lockfile,
    entry::{entry, lines, link, place},
};
use crate::{finding::RepoPath, packages::Ecosystem};

/// The folder of the database.
const FOLDER: &str = "lib/apk/db";

/// Whether a file of this path is one.
pub fn is_one(path: &RepoPath) -> bool {
    let folder = path.folder();
    path.file_name() == "installed" && (folder == FOLDER || folder.ends_with("/lib/apk/db"))
}

/// Reads an `installed` file.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let mut installed = Installed { text, ..Installed::default() };
    let mut record = Record::default();
    for line in lines(text) {
        if line.is_empty() {
            installed.take(&record);
            record = Record::default();
            continue;
        }
        let field = line.split_once(':').filter(|(letter, _)| letter.len() == 1);
        let (letter, value) = field.ok_or_else(|| {
            Fault::new(place(text, line).start, "not a letter, a colon and a value")
        })?;
        record.begin.get_or_insert(line);
        record.end = line;
        match letter {
            "P" => record.package = value,
            "V" => record.version = value,
            "o" => record.origin = value,
            "D" => record.depends = value,
            "p" => record.provides = value,
            _ => {}
        }
    }
    installed.take(&record);
    Ok(installed.finish())
}

/// The fields of one package.
#[derive(Default)]
struct Record<'a> {
    begin: Option<&'a str>,
    end: &'a str,
    package: &'a str,
    version: &'a str,
    origin: &'a str,
    depends: &'a str,
    provides: &'a str,
}

/// The packages so far.
#[derive(Default)]
struct Installed<'a> {
    text: &'a str,
    packages: Vec<LockedPackage>,
    requirements: Vec<Vec<&'a str>>,
    /// By the packages' names and by what they provide: libraries, commands.
    names: HashMap<&'a str, usize>,
    left_out: Vec<Fault>,
}

impl<'a> Installed<'a> {
    fn take(&mut self, record: &Record<'a>) {
        let Some(begin) = record.begin else { return };
        let at = place(self.text, begin).start..place(self.text, record.end).end;
        if record.package.is_empty() || record.version.is_empty() {
            self.left_out.push(Fault::new(at.start, "a package without a name or a version"));
            return;
        }
        let name = if record.origin.is_empty() { record.package } else { record.origin };
        let index = self.packages.len();
        self.packages.push(entry(self.text, &self.text[at], name, record.version));
        self.names.insert(record.package, index);
        for provided in record.provides.split(' ').map(word) {
            self.names.entry(provided).or_insert(index);
        }
        // What begins with `!` must not be there.
        let required = record.depends.split(' ').filter(|name| !name.starts_with('!'));
        self.requirements.push(required.map(word).collect());
    }

    fn finish(mut self) -> Lockfile {
        link(&mut self.packages, &self.requirements, |name| self.names.get(name).copied());
        let mut lockfile = Lockfile::new(Ecosystem::Alpine, self.packages);
        lockfile.left_out = self.left_out;
        lockfile
    }
}

/// The name of `name`, `name>=1.0`, `so:library=1.0` and `name@repository`.
fn word(requirement: &str) -> &str {
    requirement.split(['<', '>', '=', '~', '@']).next().unwrap_or(requirement)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INSTALLED: &str = "C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\no:musl\nt:1\np:so:libc.musl-x86_64.so.1=1\n\
        F:lib\nR:ld-musl-x86_64.so.1\na:0:0:755\nZ:Q1x=\n\n\
        C:Q1abc=\nP:libcrypto3\nV:3.1.4-r0\no:openssl\nD:musl>=1.2 !old so:libc.musl-x86_64.so.1\n\n\
        P:own\nV:1\n\nP:broken\n\n";

    #[test]
    fn packages_have_the_name_of_their_origin() {
        let lockfile = read(INSTALLED).unwrap();
        let shown: Vec<_> =
            lockfile.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
        assert_eq!(shown, ["musl 1.2.4-r2", "openssl 3.1.4-r0", "own 1"]);
        assert_eq!(lockfile.packages[1].requires, [0]);
        assert_eq!(&INSTALLED[lockfile.left_out[0].at..], "P:broken\n\n");
    }

    #[test]
    fn what_is_no_field_is_refused() {
        assert_eq!(read("P:a\nV:1\nPackage: b\n").unwrap_err().at, 8);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "([PVoDp]:|[a1:=>! é\r\n]){0,40}") {
            for package in read(&text).map(|lockfile| lockfile.packages).unwrap_or_default() {
                prop_assert_eq!(&text[package.name_at], &package.name);
                prop_assert_eq!(&text[package.version_at], &package.version);
            }
        }
    }
}
