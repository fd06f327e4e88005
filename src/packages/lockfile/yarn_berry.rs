//! `yarn.lock` as yarn writes it since its second version.
//!
//! A key lists the descriptors (`name@protocol:range`) that an entry stands for, its `resolution` is the package
//! itself. What workspaces require stands there too, but not whether for development. A patched package counts as
//! the one that it is made of, which has an entry of its own.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::{
    Fault, LockedPackage, Lockfile, Origin, Scope,
    javascript::{
        lockfile, origin_of_path, origin_of_url, package, scopes, split_name, split_text,
    },
    json::Text,
    yaml::Reader,
};

/// The versions of the format that are known.
const VERSIONS: std::ops::RangeInclusive<u32> = 1..=9;

/// Reads a lockfile of yarn.
pub(super) fn read(text: &str) -> Result<Lockfile, Fault> {
    let mut entries = Vec::new();
    Reader::read(text, |reader| {
        let read = reader.entries(|reader, key| {
            if key.text == "__metadata" {
                return check_version(reader);
            }
            entries.push(Entry::read(reader, key)?);
            Ok(())
        });
        read.map(drop)
    })?;
    Ok(link(&entries))
}

fn check_version(reader: &mut Reader<'_>) -> Result<(), Fault> {
    let read = reader.entries(|reader, key| {
        if key.text != "version" {
            return Ok(());
        }
        let version = reader.text()?;
        if version.text.parse().is_ok_and(|version| VERSIONS.contains(&version)) {
            return Ok(());
        }
        Err(Fault::new(version.at.start, "a version of the format that is not known"))
    });
    read.map(drop)
}

/// One entry as it is written.
struct Entry<'a> {
    /// The first of its descriptors, in which the name stands.
    key: Text<'a>,
    at: Range<usize>,
    version: Option<Text<'a>>,
    resolution: Text<'a>,
    /// Names and ranges.
    requirements: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The names among them without which the package is of use.
    optional: HashSet<Cow<'a, str>>,
}

impl<'a> Entry<'a> {
    fn read(reader: &mut Reader<'a>, key: Text<'a>) -> Result<Self, Fault> {
        let start = key.at.start;
        let (mut version, mut resolution) = (None, None);
        let (mut requirements, mut optional) = (Vec::new(), HashSet::new());
        let at = reader.entries(|reader, key| {
            match &*key.text {
                "version" => version = reader.text_or_pass()?,
                "resolution" => resolution = reader.text_or_pass()?,
                "dependencies" => {
                    reader.entries(|reader, name| {
                        requirements.push((name.text, reader.text()?.text));
                        Ok(())
                    })?;
                }
                "dependenciesMeta" => {
                    reader.entries(|reader, name| {
                        if is_optional(reader)? {
                            optional.insert(name.text);
                        }
                        Ok(())
                    })?;
                }
                _ => {}
            }
            Ok(())
        })?;
        let resolution =
            resolution.ok_or_else(|| Fault::new(start, "an entry without resolution"))?;
        Ok(Self { key, at: start..at.end, version, resolution, requirements, optional })
    }

    fn descriptors(&self) -> impl Iterator<Item = (&str, &str)> {
        self.key.text.split(',').map(|descriptor| split_name(descriptor.trim()))
    }
}

fn is_optional(reader: &mut Reader<'_>) -> Result<bool, Fault> {
    let mut is_optional = false;
    reader.entries(|reader, key| {
        if key.text == "optional" {
            is_optional = reader.text()?.text == "true";
        }
        Ok(())
    })?;
    Ok(is_optional)
}

fn link(entries: &[Entry<'_>]) -> Lockfile {
    let mut made: Vec<_> = entries.iter().map(|entry| Some(locked(entry))).collect();
    let sources = sources_of_patches(entries, &made);
    let edges: Vec<Vec<(usize, Scope)>> = {
        let descriptors = Descriptors::new(entries);
        let targets = |entry: &Entry<'_>| {
            let found = entry.requirements.iter().filter_map(|(name, range)| {
                let target = descriptors.find(name, range)?;
                let is_optional = entry.optional.contains(name);
                let scope = if is_optional { Scope::Optional } else { Scope::Runtime };
                Some((sources[target].unwrap_or(target), scope))
            });
            found.collect()
        };
        entries.iter().map(targets).collect()
    };
    let is_local = |package: &Option<LockedPackage>| {
        package.as_ref().is_some_and(|package| package.origin == Origin::Local)
    };
    let roots: Vec<usize> = (0..made.len()).filter(|index| is_local(&made[*index])).collect();
    let scopes = scopes(&edges, &roots);
    for ((package, source), scope) in made.iter_mut().zip(sources).zip(scopes) {
        if source.is_some() {
            *package = None;
        } else if let Some(package) = package {
            package.scope = scope.unwrap_or_default();
        }
    }
    let targets =
        edges.into_iter().map(|edges| edges.into_iter().map(|(target, _)| target).collect());
    lockfile(made, targets.collect())
}

/// Which entries stand for which descriptors.
struct Descriptors<'a> {
    entries: HashMap<(&'a str, &'a str), usize>,
    /// The entries that are the only ones of their name.
    by_name: HashMap<&'a str, Option<usize>>,
}

impl<'a> Descriptors<'a> {
    fn new(entries: &'a [Entry<'_>]) -> Self {
        let mut descriptors = Self { entries: HashMap::new(), by_name: HashMap::new() };
        for (index, entry) in entries.iter().enumerate() {
            for (name, range) in entry.descriptors() {
                // What a descriptor is bound to is not written where it is required.
                let range = range.split_once("::").map_or(range, |(range, _)| range);
                descriptors.entries.insert((name, range), index);
                let only = descriptors.by_name.entry(name).or_insert(Some(index));
                *only = only.filter(|only| *only == index);
            }
        }
        descriptors
    }

    fn find(&self, name: &str, range: &str) -> Option<usize> {
        let exact = |range: &str| self.entries.get(&(name, range)).copied();
        exact(range)
            .or_else(|| exact(&format!("npm:{range}")))
            // `resolutions` of the project change what a descriptor stands for, but not those who wrote it.
            .or_else(|| self.by_name.get(name).copied().flatten())
    }
}

/// For each entry of a patched package, the entry of the package that is patched.
fn sources_of_patches(entries: &[Entry<'_>], made: &[Option<LockedPackage>]) -> Vec<Option<usize>> {
    let is_patch = |entry: &Entry<'_>| split_name(&entry.resolution.text).1.starts_with("patch:");
    let mut sources = HashMap::new();
    for (index, (entry, package)) in entries.iter().zip(made).enumerate() {
        if let Some(package) = package.as_ref().filter(|_| !is_patch(entry)) {
            sources.insert((&package.name, &package.version), index);
        }
    }
    let source = |(entry, package): (&Entry<'_>, &Option<LockedPackage>)| {
        let package = package.as_ref().filter(|_| is_patch(entry))?;
        sources.get(&(&package.name, &package.version)).copied()
    };
    entries.iter().zip(made).map(source).collect()
}

fn locked(entry: &Entry<'_>) -> LockedPackage {
    let (resolved, reference) = split_text(&entry.resolution);
    let key = split_text(&entry.key).0;
    // An alias stands in the key under another name.
    let name = if key.text == resolved.text { key } else { resolved };
    let origin = origin(&reference.text);
    let mut locked = package(entry.at.clone(), name, entry.version.clone(), origin, Scope::Runtime);
    locked.provenance.address_at = Some(reference.at);
    locked
}

fn origin(reference: &str) -> Origin {
    let Some((protocol, rest)) = reference.split_once(':') else { return Origin::Registry };
    let path = rest.split(['#', ':']).next().unwrap_or_default();
    match protocol {
        "npm" => match rest.split_once("__archiveUrl=") {
            // The address is percent-encoded. Of its characters the first colon and slashes matter.
            Some((_, url)) => origin_of_url(&url.replace("%3A", ":").replace("%2F", "/")),
            None => Origin::Registry,
        },
        "workspace" | "link" | "portal" => Origin::Local,
        "file" => origin_of_path(path),
        "patch" if rest.contains("@npm") => Origin::Registry,
        _ => Origin::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::javascript::shown, *};

    const LOCKFILE: &str = r#"# This file is generated by running "yarn install" inside your project.

__metadata:
  version: 6
  cacheKey: 8

"@s/a@npm:^1.0.0, @s/a@npm:^1.0.1":
  version: 1.0.1
  resolution: "@s/a@npm:1.0.1"
  dependencies:
    alias: "npm:c@^2.0.0"
    d: ^1.0.0
    e: ^1.0.0
  dependenciesMeta:
    d:
      optional: true
    e:
      built: false
  checksum: 00
  languageName: node
  linkType: hard

"alias@npm:c@^2.0.0":
  version: 2.0.0
  resolution: "c@npm:2.0.0"

"app@workspace:.":
  version: 0.0.0-use.local
  resolution: "app@workspace:."
  dependencies:
    "@s/a": ^1.0.1
    f: "workspace:^"
    p: "patch:p@npm%3A1.0.0#./p.patch"
  languageName: unknown
  linkType: soft

"d@npm:^1.0.0":
  version: 1.0.0
  resolution: "d@npm:1.0.0::__archiveUrl=https%3A%2F%2Fnpm.example.org%2Fd.tgz"

"e@git@example.org:e.git#v1":
  version: 1.0.0
  resolution: "e@git@example.org:e.git#commit=0123abc"

"f@workspace:^, f@workspace:f":
  version: 0.0.0-use.local
  resolution: "f@workspace:f"
  dependencies:
    p: 1.0.0

"p@npm:1.0.0":
  version: 1.0.0
  resolution: "p@npm:1.0.0"

"p@patch:p@npm%3A1.0.0#./p.patch::locator=app%40workspace%3A.":
  version: 1.0.0
  resolution: "p@patch:p@npm%3A1.0.0#./p.patch::version=1.0.0&hash=00&locator=app%40workspace%3A."

"q@file:./q.tgz::locator=app%40workspace%3A.":
  resolution: "q@file:./q.tgz#./q.tgz::hash=00&locator=app%40workspace%3A."

"z@npm:1":
  resolution: "z@npm:1"
"#;

    #[test]
    fn descriptors_lead_to_packages_and_patches_to_what_is_patched() {
        assert_eq!(
            shown(LOCKFILE, read),
            [
                "@s/a@1.0.1 Registry Runtime c@2.0.0 d@1.0.0 e@1.0.0",
                "c@2.0.0 Registry Runtime",
                "app@0.0.0-use.local Local Runtime @s/a@1.0.1 f@0.0.0-use.local p@1.0.0",
                "d@1.0.0 Elsewhere Optional",
                "e@1.0.0 Elsewhere Runtime",
                "f@0.0.0-use.local Local Runtime p@1.0.0",
                "p@1.0.0 Registry Runtime",
                "q@ Elsewhere Runtime",
            ]
        );
        assert_eq!(read(LOCKFILE).unwrap().left_out.len(), 1);
    }

    #[test]
    fn the_name_stands_in_the_key_unless_that_is_an_alias() {
        let read = read(LOCKFILE).unwrap();
        let line = |at: usize| LOCKFILE[..at].matches('\n').count() + 1;
        assert_eq!(line(read.packages[0].name_at.start), 7);
        assert_eq!(line(read.packages[1].at.start), 23);
        assert_eq!(line(read.packages[1].name_at.start), 25);
        assert!(LOCKFILE[read.packages[0].at.clone()].ends_with("linkType: hard"));
    }

    #[test]
    fn faults_are_named_with_their_byte() {
        let fault = |text: &str| read(text).unwrap_err().at;
        assert_eq!(fault("__metadata:\n  version: 99\n"), 23);
        assert_eq!(fault("__metadata:\n  version: 6\n\"a@npm:1\":\n  version: 1.0.0\n"), 26);
        assert_eq!(fault("__metadata:\n  version: 6\n\"a@npm:1\": b\n"), 36);
    }
}
