//! `Cargo.lock`, versions 1 to 4, as cargo writes it.

use std::{collections::HashMap, str::FromStr};

use rustsec::{SourceId, semver::Version};

use super::{Fault, LockedPackage, Lockfile, Origin, Provenance, Scope};
use crate::{
    packages::Ecosystem,
    sources::toml::{Document, Table, Value},
};

/// The newest version of the format that is known.
const NEWEST: u32 = 4;

/// Reads a `Cargo.lock`.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let document = Document::read(text).map_err(|error| Fault::new(error.at, error.message))?;
    Ok(link(entries(&document)?))
}

/// One `[[package]]`, its requirements not yet resolved.
struct Entry<'a> {
    package: LockedPackage,
    source: &'a str,
    requirements: Vec<&'a str>,
}

fn entries<'a>(document: &'a Document<'_>) -> Result<Vec<Entry<'a>>, Fault> {
    check_version(document)?;
    let mut registries = Registries::default();
    let mut entries = Vec::new();
    for table in &document.tables {
        let name = table.name.first().map_or("", |name| &**name);
        match (name, table.name.len(), table.is_element) {
            ("", 0, _) => {
                if let Some(value) = table.values.iter().find(|value| &*value.key[0] == "package") {
                    return Err(Fault::new(
                        value.at.start,
                        "`package` must be written as `[[package]]`",
                    ));
                }
            }
            // The first format named the package at the root apart.
            ("package", 1, true) | ("root", 1, false) => {
                entries.push(entry(table, &mut registries)?);
            }
            ("package", ..) => {
                return Err(Fault::new(
                    table.at.start,
                    "`package` must be written as `[[package]]`",
                ));
            }
            _ => {}
        }
    }
    Ok(entries)
}

fn check_version(document: &Document<'_>) -> Result<(), Fault> {
    let Some(version) = document.tables.first().and_then(|root| root.get("version")) else {
        return Ok(());
    };
    match version.text.parse::<u32>() {
        Ok(1..=NEWEST) if !version.is_string => Ok(()),
        _ => Err(Fault::new(version.at.start, "a version of the format that is not known")),
    }
}

fn entry<'a>(table: &'a Table<'_>, registries: &mut Registries<'a>) -> Result<Entry<'a>, Fault> {
    let string = |value: &'a Value<'_>| {
        if value.is_string { Ok(value) } else { Err(Fault::new(value.at.start, "not a string")) }
    };
    let needed = |key: &str, missing: &'static str| {
        table.get(key).ok_or_else(|| Fault::new(table.at.start, missing)).and_then(string)
    };
    let name = needed("name", "a package without a name")?;
    let version = needed("version", "a package without a version")?;
    if Version::parse(&version.text).is_err() {
        return Err(Fault::new(version.at.start, "not a version as cargo writes it"));
    }
    let address = table.get("source").map(string).transpose()?;
    let source = address.map_or("", |value| &*value.text);
    let mut requirements = Vec::new();
    for value in table.all("dependencies") {
        requirements.push(&*string(value)?.text);
    }
    let package = LockedPackage {
        name: name.text.to_string(),
        version: version.text.to_string(),
        origin: registries.origin(source),
        scope: Scope::Runtime,
        at: table.at.clone(),
        name_at: inside_quotes(name),
        version_at: inside_quotes(version),
        requires: Vec::new(),
        provenance: Provenance {
            address_at: address.map(inside_quotes),
            has_checksum: table.get("checksum").is_some(),
            runs_script: false,
        },
        required_by: None,
    };
    Ok(Entry { package, source, requirements })
}

fn inside_quotes(value: &Value<'_>) -> std::ops::Range<usize> {
    // Names and versions hold no escapes, else the place is that of the whole value.
    let quotes = value.at.len().saturating_sub(value.text.len());
    match quotes {
        2 | 6 => value.at.start + quotes / 2..value.at.end - quotes / 2,
        _ => value.at.clone(),
    }
}

/// What each source is, so that each is read once.
#[derive(Default)]
struct Registries<'a> {
    known: HashMap<&'a str, Origin>,
}

impl<'a> Registries<'a> {
    fn origin(&mut self, source: &'a str) -> Origin {
        let read = || match SourceId::from_str(source) {
            Ok(id) if id.is_default_registry() => Origin::Registry,
            _ => Origin::Elsewhere,
        };
        if source.is_empty() {
            Origin::Local
        } else {
            *self.known.entry(source).or_insert_with(read)
        }
    }
}

/// Resolves the requirements: `name`, `name version` or `name version (source)`.
fn link(entries: Vec<Entry<'_>>) -> Lockfile {
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        by_name.entry(&entry.package.name).or_default().push(at);
    }
    let resolve = |requirement: &str| {
        let mut parts = requirement.splitn(3, ' ');
        let candidates = by_name.get(parts.next().unwrap_or_default())?;
        let version = parts.next();
        let source = parts.next().map(|source| source.trim_matches(['(', ')']));
        candidates.iter().copied().find(|at| {
            let entry = &entries[*at];
            version.is_none_or(|version| version == entry.package.version)
                && source
                    .is_none_or(|source| without_revision(source) == without_revision(entry.source))
        })
    };
    let requires: Vec<Vec<usize>> = entries
        .iter()
        .map(|entry| entry.requirements.iter().filter_map(|text| resolve(text)).collect())
        .collect();
    let packages = entries.into_iter().zip(requires);
    let packages = packages.map(|(entry, requires)| LockedPackage { requires, ..entry.package });
    Lockfile::new(Ecosystem::CratesIo, packages.collect())
}

fn without_revision(source: &str) -> &str {
    source.split_once('#').map_or(source, |(source, _)| source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of_fault(text: &str) -> usize {
        text[..read(text).unwrap_err().at].matches('\n').count() + 1
    }

    const FIRST_FORMAT: &str = "\u{feff}[root]\r\nname = \"app\"\r\nversion = \"0.1.0\"\r\n\
        dependencies = [\r\n \"mid 1.0.0 (git+https://example.org/mid?branch=x)\",\r\n]\r\n\r\n\
        [[package]]\r\nname = \"mid\"\r\nversion = \"1.0.0\"\r\n\
        source = \"git+https://example.org/mid?branch=x#0123abc\"\r\n\
        dependencies = [\"leaf\"]\r\n\r\n\
        [[package]]\r\nname = \"leaf\"\r\nversion = \"2.0.0\"\r\n\r\n\
        [metadata]\r\n\"checksum leaf 2.0.0\" = \"00\"\r\n";

    #[test]
    fn the_first_format_is_read_with_its_root() {
        let read = read(FIRST_FORMAT).unwrap();
        let names: Vec<_> = read.packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["app", "mid", "leaf"]);
        assert_eq!(read.packages[1].origin, Origin::Elsewhere);
        assert!(read.is_direct(1) && !read.is_direct(0));
    }

    #[test]
    fn places_are_right_after_a_byte_order_mark_and_with_returns() {
        let read = read(FIRST_FORMAT).unwrap();
        let leaf = &read.packages[2];
        assert_eq!(&FIRST_FORMAT[leaf.version_at.clone()], "2.0.0");
        assert_eq!(&FIRST_FORMAT[leaf.at.clone()][..11], "[[package]]");
    }

    #[test]
    fn a_way_begins_at_the_project_and_is_a_shortest_one() {
        let text = "[[package]]\nname = 'app'\nversion = '1.0.0'\ndependencies = ['far', 'near']\n\
            [[package]]\nname = 'deep'\nversion = '1.0.0'\nsource = 'registry+x'\n\
            [[package]]\nname = 'far'\nversion = '1.0.0'\nsource = 'registry+x'\ndependencies = ['near']\n\
            [[package]]\nname = 'near'\nversion = '1.0.0'\nsource = 'registry+x'\ndependencies = ['deep', 'far']\n";
        let read = read(text).unwrap();
        let way: Vec<_> = read.way_to(1).iter().map(|package| package.name.as_str()).collect();
        assert_eq!(way, ["app", "near", "deep"]);
    }

    #[test]
    fn faults_are_named_with_their_line() {
        assert_eq!(line_of_fault("version = 4\n\n[[package]]\nname = \"a\"\n"), 3);
        assert_eq!(line_of_fault("version = 99\n"), 1);
        assert_eq!(line_of_fault("[[package]]\nname = 'a'\nversion = '1'\n"), 3);
        assert_eq!(line_of_fault("[[package]]\nname = 'a'\nversion = '1.0.0'\nsource = 1\n"), 4);
        assert_eq!(line_of_fault("\n[package]\nname = 'a'\n"), 2);
        assert_eq!(line_of_fault("\npackage = [{ name = 'a' }]\n"), 2);
        assert_eq!(line_of_fault("\n\n<<<<<<< HEAD\n"), 3);
    }
}
