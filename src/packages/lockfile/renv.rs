//! `renv.lock` of R.

use std::{borrow::Cow, collections::HashMap};

use super::{
    Fault, LockedPackage, Lockfile, Origin,
    entry::{filled, json_entry, link, project, texts, unrequired},
    json::{Dialect, Kind, Reader, Text},
};
use crate::packages::Ecosystem;

/// Names of repositories that hold what CRAN holds: CRAN and the names of Posit's mirror.
const REGISTRIES: &[&str] = &["CRAN", "RSPM", "P3M", "PPM"];

/// Reads an `renv.lock`.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let mut found = Found::default();
    let mut heading = None;
    Reader::read(text, Dialect::Plain, |reader, key| {
        if key.text == "Packages" {
            heading = Some(key.at);
            // R writes an empty list where there is nothing to name.
            if reader.kind() == Kind::List {
                let nameless = |reader: &mut Reader<'_>| {
                    Err(Fault::new(reader.at(), "a package without a name"))
                };
                return reader.elements(nameless).map(drop);
            }
            reader.entries(|reader, name| found.package(reader, name))?;
        }
        Ok(())
    })?;
    let heading = heading.ok_or_else(|| Fault::new(0, "no `Packages`"))?;
    let Found { mut packages, requirements, by_name, left_out } = found;
    link(&mut packages, &requirements, |name| by_name.get(name).copied());
    // Where not all say what they require, nothing is known of what the project itself requires.
    let is_known = left_out.is_empty() && requirements.iter().any(|names| !names.is_empty());
    let roots = if is_known { unrequired(&packages) } else { Vec::new() };
    packages.push(project("renv.lock", heading, roots));
    let mut lockfile = Lockfile::new(Ecosystem::Cran, packages);
    lockfile.left_out = left_out;
    Ok(lockfile)
}

/// The packages so far.
#[derive(Default)]
struct Found<'a> {
    packages: Vec<LockedPackage>,
    requirements: Vec<Vec<Cow<'a, str>>>,
    by_name: HashMap<Cow<'a, str>, usize>,
    left_out: Vec<Fault>,
}

impl<'a> Found<'a> {
    fn package(&mut self, reader: &mut Reader<'a>, name: Text<'a>) -> Result<(), Fault> {
        let (mut version, mut source, mut repository) = (None, None, None);
        let mut requires = Vec::new();
        let at = reader.entries(|reader, key| {
            match &*key.text {
                "Version" => version = filled(reader)?,
                "Source" => source = reader.text_or_pass()?,
                "Repository" => repository = reader.text_or_pass()?,
                // Before version 1.1 of the tool a list or a map of them, since then the fields of a description.
                "Requirements" | "Depends" | "Imports" | "LinkingTo" => {
                    requires.extend(required(reader)?);
                }
                _ => {}
            }
            Ok(())
        })?;
        let at = name.at.start - 1..at.end;
        let Some(version) = version else {
            self.left_out.push(Fault::new(at.start, "a package without a version"));
            return Ok(());
        };
        let package = json_entry(at, &name, &version);
        let origin = origin(source.as_ref(), repository.as_ref());
        self.by_name.insert(name.text, self.packages.len());
        self.packages.push(LockedPackage { origin, ..package });
        self.requirements.push(requires);
        Ok(())
    }
}

/// The names of `["R6", "rlang (>= 1.0)"]`, or of `{"Imports": ["R6"]}`.
fn required<'a>(reader: &mut Reader<'a>) -> Result<Vec<Cow<'a, str>>, Fault> {
    if reader.kind() == Kind::Object {
        let mut names = Vec::new();
        reader.entries(|reader, _| {
            names.extend(texts(reader)?.into_iter().map(name_of));
            Ok(())
        })?;
        return Ok(names);
    }
    Ok(texts(reader)?.into_iter().map(name_of).collect())
}

fn name_of(requirement: Text<'_>) -> Cow<'_, str> {
    let end = requirement.text.find([' ', '(']);
    match (requirement.text, end) {
        (text, None) => text,
        (Cow::Borrowed(text), Some(end)) => Cow::Borrowed(&text[..end]),
        (Cow::Owned(text), Some(end)) => Cow::Owned(text[..end].to_owned()),
    }
}

fn origin(source: Option<&Text<'_>>, repository: Option<&Text<'_>>) -> Origin {
    let is_public = repository.is_none_or(|name| REGISTRIES.contains(&&*name.text));
    match source.map(|source| &*source.text) {
        Some("Repository" | "CRAN") if is_public => Origin::Registry,
        _ => Origin::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOCK: &str = r#"{"R": {"Version": "4.3.0", "Repositories": [{"Name": "CRAN", "URL": "https://x"}]},
        "Packages": {
            "R6": {"Package": "R6", "Version": "2.5.1", "Source": "Repository", "Repository": "CRAN"},
            "cli": {"Package": "cli", "Version": "3.6-1", "Source": "Repository", "Repository": "RSPM",
                    "Imports": ["R6 (>= 2.4)", "utils"]},
            "own": {"Package": "own", "Version": "0.1", "Source": "GitHub", "Requirements": ["cli"]},
            "lab": {"Package": "lab", "Version": "1", "Source": "Repository", "Repository": "https://lab"}}}"#;

    #[test]
    fn packages_have_origin_and_what_they_require() {
        let lockfile = read(LOCK).unwrap();
        let show = |p: &LockedPackage| format!("{} {} {:?}", p.name, p.version, p.origin);
        let shown: Vec<_> = lockfile.packages.iter().map(show).take(4).collect();
        assert_eq!(
            shown,
            ["R6 2.5.1 Registry", "cli 3.6-1 Registry", "own 0.1 Elsewhere", "lab 1 Elsewhere"]
        );
        let way: Vec<_> = lockfile.way_to(0).iter().map(|p| p.name.as_str()).collect();
        assert_eq!(way, ["renv.lock", "own", "cli", "R6"]);
    }

    #[test]
    fn a_package_without_a_version_is_left_out_and_a_file_without_packages_refused() {
        let text = "{\"Packages\": {\"a\": {\"Package\": \"a\"}}}";
        assert_eq!(read(text).unwrap().left_out[0].at, 14);
        assert!(read("{}").is_err() && read("{").is_err());
    }

    proptest! {
        #[test]
        fn a_damaged_text_does_not_panic(at: prop::sample::Index, put in "[{}\\[\\]\":, aé]{0,6}") {
            let mut text = LOCK.to_owned();
            let at = at.index(text.len());
            text.replace_range(at..(at + 3).min(text.len()), &put);
            for package in read(&text).map(|lockfile| lockfile.packages).unwrap_or_default() {
                prop_assert!(text.get(package.version_at).is_some());
            }
        }
    }
}
