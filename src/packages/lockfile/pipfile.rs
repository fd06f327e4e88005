//! `Pipfile.lock`, of pipenv: specifications up to 6.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use super::{
    Fault, LockedPackage, Lockfile, Origin, Provenance, Scope,
    json::{Dialect, Kind, Reader, Text},
    python::{
        self,
        requirement::{self, NOT_EXACT},
    },
};

/// The newest version of the format that is known.
const NEWEST: u32 = 6;
const MARK: char = '\u{feff}';

/// Reads a `Pipfile.lock`. It does not tell who requires whom.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let (mut entries, mut sources) = (Vec::new(), Sources::default());
    let is_empty = text.trim_start_matches(MARK).trim().is_empty();
    if !is_empty {
        Reader::read(text, Dialect::Plain, |reader, key| match &*key.text {
            "_meta" => sources.read(reader),
            category => read_category(reader, category, &mut entries),
        })?;
    }
    let (mut packages, mut left_out) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry.into_package(&sources) {
            Ok(package) => packages.push(package),
            Err(fault) => left_out.push(fault),
        }
    }
    let edges = vec![Vec::new(); packages.len()];
    Ok(Lockfile { left_out, ..python::lockfile(packages.into_iter(), edges, &[]) })
}

/// The indexes that packages come from.
#[derive(Default)]
struct Sources<'a> {
    first: Option<(Origin, Range<usize>)>,
    by_name: HashMap<Cow<'a, str>, (Origin, Range<usize>)>,
}

impl<'a> Sources<'a> {
    /// Reads `_meta`.
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Fault> {
        reader.entries(|reader, key| match &*key.text {
            "pipfile-spec" => check_version(reader),
            "sources" => reader.elements(|reader| self.read_one(reader)).map(|_| ()),
            _ => Ok(()),
        })?;
        Ok(())
    }

    fn read_one(&mut self, reader: &mut Reader<'a>) -> Result<(), Fault> {
        let (mut name, mut url) = (None, None);
        reader.entries(|reader, key| {
            match &*key.text {
                "name" => name = reader.text_or_pass()?,
                "url" => url = reader.text_or_pass()?,
                _ => {}
            }
            Ok(())
        })?;
        self.add(name, url);
        Ok(())
    }

    fn add(&mut self, name: Option<Text<'a>>, url: Option<Text<'a>>) {
        let Some(url) = url else { return };
        let source = (python::origin_of_index(&url.text), url.at);
        self.first.get_or_insert_with(|| source.clone());
        if let Some(name) = name {
            self.by_name.insert(name.text, source);
        }
    }

    /// Where a package of this index comes from, and where its address stands; of none, it comes from the first
    /// one.
    fn source(&self, index: Option<&str>) -> (Origin, Option<Range<usize>>) {
        let named = index.and_then(|index| self.by_name.get(index));
        let source = named.or(self.first.as_ref());
        source.map_or((Origin::Registry, None), |(origin, at)| (*origin, Some(at.clone())))
    }
}

fn check_version(reader: &mut Reader<'_>) -> Result<(), Fault> {
    let at = reader.at();
    let is_known = reader.kind() == Kind::Literal
        && reader.literal()?.text.parse().is_ok_and(|version: u32| version <= NEWEST);
    let unknown = || Fault::new(at, "a version of the format that is not known");
    is_known.then_some(()).ok_or_else(unknown)
}

fn read_category<'a>(
    reader: &mut Reader<'a>,
    category: &str,
    entries: &mut Vec<Entry<'a>>,
) -> Result<(), Fault> {
    let scope = match category {
        "default" => Scope::Runtime,
        "develop" => Scope::Development,
        _ if reader.kind() != Kind::Object => return Ok(()),
        // The project's own categories are installed on demand.
        _ => Scope::Optional,
    };
    reader.entries(|reader, name| {
        if entries.len() == python::MOST {
            return Err(Fault::new(name.at.start, "too many packages"));
        }
        entries.push(Entry::read(reader, name, scope)?);
        Ok(())
    })?;
    Ok(())
}

/// A package, its index not yet known.
struct Entry<'a> {
    name: Text<'a>,
    scope: Scope,
    at: Range<usize>,
    version: Option<Text<'a>>,
    index: Option<Text<'a>>,
    /// Where it comes from if not from an index, and where that stands.
    origin: Option<Origin>,
    provenance: Provenance,
}

impl<'a> Entry<'a> {
    fn read(reader: &mut Reader<'a>, name: Text<'a>, scope: Scope) -> Result<Self, Fault> {
        let start = name.at.start.saturating_sub(1);
        let at = start..start;
        let provenance = Provenance::default();
        let mut entry =
            Self { name, scope, at, version: None, index: None, origin: None, provenance };
        let (mut path, mut is_editable) = (None, false);
        if reader.kind() == Kind::Text {
            let version = reader.text()?;
            entry.at.end = version.at.end + 1;
            entry.version = Some(version);
            return Ok(entry);
        }
        let object = reader.entries(|reader, key| {
            match &*key.text {
                "version" => entry.version = Some(reader.text()?),
                "index" => entry.index = reader.text_or_pass()?,
                "git" | "hg" | "svn" | "bzr" | "file" => {
                    entry.origin = Some(Origin::Elsewhere);
                    entry.provenance.address_at = reader.text_or_pass()?.map(|url| url.at);
                }
                "hashes" => entry.provenance.has_checksum = true,
                "path" => path = reader.text_or_pass()?,
                "editable" => is_editable = reader.is_true()?,
                _ => {}
            }
            Ok(())
        })?;
        entry.at.end = object.end;
        if let Some(path) = path {
            let is_folder = is_editable || !python::is_archive(&path.text);
            entry.origin = Some(if is_folder { Origin::Local } else { Origin::Elsewhere });
        }
        Ok(entry)
    }

    fn into_package(self, sources: &Sources<'_>) -> Result<LockedPackage, Fault> {
        let index = self.index.as_ref().map(|index| &*index.text);
        let mut provenance = self.provenance;
        let origin = self.origin.unwrap_or_else(|| {
            let (origin, address_at) = sources.source(index);
            provenance.address_at = address_at;
            origin
        });
        let (version, version_at) = match self.version {
            Some(version) => {
                let exact = requirement::exact_version(&version.text).ok().flatten();
                let exact = exact.ok_or_else(|| Fault::new(self.name.at.start, NOT_EXACT))?;
                let at = if version.text.len() == version.at.len() {
                    version.at.start + exact.start..version.at.start + exact.end
                } else {
                    version.at
                };
                (version.text[exact].to_owned(), at)
            }
            None if origin == Origin::Local => (String::new(), self.name.at.end..self.name.at.end),
            None => return Err(Fault::new(self.name.at.start, "no version")),
        };
        Ok(LockedPackage {
            name: self.name.text.into_owned(),
            version,
            origin,
            scope: self.scope,
            at: self.at,
            name_at: self.name.at,
            version_at,
            requires: Vec::new(),
            provenance,
            required_by: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = r#"{
    "_meta": {
        "pipfile-spec": 6,
        "sources": [
            { "name": "pypi", "url": "https://pypi.org/simple" },
            { "name": "inner", "url": "https://$USER:$WORD@pypi.example.org/simple" }
        ]
    },
    "default": {
        "a": { "hashes": ["sha256:00"], "index": "inner", "version": "==1.0" },
        "b": { "extras": ["x"], "version": "==2.0" },
        "c": { "git": "https://example.org/c.git", "ref": "00" },
        "d": { "editable": true, "path": "." },
        "e": { "version": "*" },
        "f": { "path": "./wheels/f-1.0-py3-none-any.whl" }
    },
    "develop": { "b": { "index": "pypi", "version": "===2.1" } },
    "docs": { "g": "==3" }
}
"#;

    #[test]
    fn packages_have_their_category_and_their_index() {
        let read = read(TEXT).unwrap();
        let shown: Vec<_> =
            read.packages.iter().map(|p| (&*p.name, &*p.version, p.origin, p.scope)).collect();
        assert_eq!(
            shown,
            [
                ("a", "1.0", Origin::Elsewhere, Scope::Runtime),
                ("b", "2.0", Origin::Registry, Scope::Runtime),
                ("d", "", Origin::Local, Scope::Runtime),
                ("b", "2.1", Origin::Registry, Scope::Development),
                ("g", "3", Origin::Registry, Scope::Optional),
            ]
        );
    }

    #[test]
    fn what_has_no_exact_version_is_left_out_with_its_place() {
        let left_out = read(TEXT).unwrap().left_out;
        let shown: Vec<_> = left_out.iter().map(|f| (&TEXT[f.at..=f.at], &*f.reason)).collect();
        assert_eq!(shown, [("c", "no version"), ("e", NOT_EXACT), ("f", "no version")]);
    }

    #[test]
    fn places_are_those_of_the_entry_the_name_and_the_version() {
        let read = read(TEXT).unwrap();
        let b = &read.packages[3];
        assert_eq!(&TEXT[b.at.clone()], r#""b": { "index": "pypi", "version": "===2.1" }"#);
        assert_eq!((&TEXT[b.name_at.clone()], &TEXT[b.version_at.clone()]), ("b", "2.1"));
    }

    #[test]
    fn a_newer_format_and_a_broken_file_are_refused_with_their_place() {
        assert_eq!(read("{\"_meta\": {\"pipfile-spec\": 7}}").unwrap_err().at, 27);
        assert_eq!(read("{\"default\": []}").unwrap_err().at, 12);
        assert_eq!(read("{\"default\": {\"a\": {\"version\": 1}}}").unwrap_err().at, 30);
        assert!(read("\u{feff} \n").unwrap().packages.is_empty());
    }

    proptest! {
        #[test]
        fn no_damage_panics_and_places_lie_inside(
            at in any::<prop::sample::Index>(),
            length in 0_usize..30,
            put in "[\\[\\]{}:\",=*a1 \u{e9}]{0,8}",
        ) {
            let mut text = TEXT.to_owned();
            let start = at.index(text.len());
            text.replace_range(start..(start + length).min(text.len()), &put);
            if let Ok(read) = read(&text) {
                for package in &read.packages {
                    prop_assert!(text.get(package.at.clone()).is_some());
                    prop_assert!(text.get(package.name_at.clone()).is_some());
                    prop_assert!(text.get(package.version_at.clone()).is_some());
                }
            }
        }
    }
}
