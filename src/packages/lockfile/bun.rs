//! `bun.lock`, which is JSON with comments, versions 0 to 2.
//!
//! A package's key is the way to its folder without the `node_modules`: `a/b` is the `b` in `a`, and what else
//! requires `b` finds another one. The binary `bun.lockb` can not be read.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::{
    Fault, LockedPackage, Lockfile, Origin, Scope,
    javascript::{
        commit_of, lockfile, origin_of_path, origin_of_url, package, scopes, split_text, unnamed,
    },
    json::{Dialect, Kind, Reader, Text},
    modules::{Folders, Modules, start_of_name},
};

/// The versions of the format that are known.
const VERSIONS: &[&str] = &["0", "1", "2"];

/// Reads a lockfile of bun.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let mut has_version = false;
    let mut first_key = None;
    let (mut workspaces, mut packages) = (Vec::new(), Vec::new());
    Reader::read(text, Dialect::Commented, |reader, key| {
        match &*key.text {
            "lockfileVersion" => {
                check_version(reader)?;
                has_version = true;
            }
            "workspaces" => {
                reader.entries(|reader, key| {
                    workspaces.push(Entry::workspace(reader, key)?);
                    Ok(())
                })?;
            }
            "packages" => {
                reader.entries(|reader, key| {
                    packages.push(Entry::package(reader, key)?);
                    Ok(())
                })?;
            }
            _ => {}
        }
        first_key.get_or_insert(key.at.start);
        Ok(())
    })?;
    match first_key {
        Some(at) if !has_version => Err(Fault::new(at, "no version of the format")),
        _ => link(&workspaces, &packages),
    }
}

fn check_version(reader: &mut Reader<'_>) -> Result<(), Fault> {
    let version = reader.literal()?;
    if VERSIONS.contains(&&*version.text) {
        return Ok(());
    }
    Err(Fault::new(version.at.start, "a version of the format that is not known"))
}

/// A workspace by its folder, or a package by its key, as it is written.
#[derive(Default)]
struct Entry<'a> {
    key: Text<'a>,
    at: Range<usize>,
    name: Option<Text<'a>>,
    /// Of a workspace its version, of a package what it is resolved to.
    version: Option<Text<'a>>,
    registry: Option<Text<'a>>,
    requirements: Vec<(Cow<'a, str>, Scope)>,
    /// The names among them that need not be there.
    optional: HashSet<Cow<'a, str>>,
}

impl<'a> Entry<'a> {
    fn workspace(reader: &mut Reader<'a>, key: Text<'a>) -> Result<Self, Fault> {
        let mut entry = Self { key, ..Self::default() };
        let start = entry.key.at.start.saturating_sub(1);
        let at = reader.entries(|reader, key| {
            match &*key.text {
                "name" => entry.name = reader.text_or_pass()?,
                "version" => entry.version = reader.text_or_pass()?,
                list => entry.take_requirements(list, reader)?,
            }
            Ok(())
        })?;
        entry.at = start..at.end;
        Ok(entry)
    }

    fn package(reader: &mut Reader<'a>, key: Text<'a>) -> Result<Self, Fault> {
        let start = key.at.start.saturating_sub(1);
        let mut entry = Self { key, ..Self::default() };
        let mut place = 0;
        let at = reader.elements(|reader| {
            match (place, reader.kind()) {
                (0, _) => {
                    let (name, version) = split_text(&reader.text()?);
                    (entry.name, entry.version) = (Some(name), Some(version));
                }
                (1, Kind::Text) => entry.registry = Some(reader.text()?),
                (1 | 2, Kind::Object) => {
                    reader.entries(|reader, key| entry.take_requirements(&key.text, reader))?;
                }
                _ => {}
            }
            place += 1;
            Ok(())
        })?;
        entry.at = start..at.end;
        Ok(entry)
    }

    fn take_requirements(&mut self, list: &str, reader: &mut Reader<'a>) -> Result<(), Fault> {
        let scope = match list {
            "dependencies" | "peerDependencies" => Scope::Runtime,
            "optionalDependencies" => Scope::Optional,
            "devDependencies" => Scope::Development,
            "optionalPeers" => {
                let read = reader.elements(|reader| {
                    self.optional.insert(reader.text()?.text);
                    Ok(())
                });
                return read.map(drop);
            }
            _ => return Ok(()),
        };
        let read = reader.entries(|_, name| {
            self.requirements.push((name.text, scope));
            Ok(())
        });
        read.map(drop)
    }
}

fn link(workspaces: &[Entry<'_>], packages: &[Entry<'_>]) -> Result<Lockfile, Fault> {
    let by_folder: HashMap<&str, usize> =
        workspaces.iter().enumerate().map(|(at, entry)| (&*entry.key.text, at)).collect();
    let mut folders = Folders::default();
    let mut numbers = Vec::with_capacity(workspaces.len() + packages.len());
    for entry in workspaces {
        let is_root = entry.key.text.is_empty();
        let name = entry.name.as_ref().filter(|_| !is_root).map_or("", |name| &name.text);
        numbers.push(folders.number(name, entry.at.start)?);
    }
    let mut made: Vec<_> = workspaces.iter().map(|entry| Some(workspace(entry))).collect();
    let mut modules = HashMap::with_capacity(packages.len());
    for entry in packages {
        let key = &*entry.key.text;
        let start = start_of_name(key);
        let around = folders.number(&key[..start], entry.at.start)?;
        let resolved = entry.version.as_ref().map_or("", |version| &version.text);
        let folder = resolved.strip_prefix("workspace:");
        let workspace = folder.and_then(|folder| by_folder.get(folder).copied());
        modules.insert((around, &key[start..]), workspace.unwrap_or(made.len()));
        made.push(workspace.is_none().then(|| locked(entry)));
        numbers.push(folders.number(key, entry.at.start)?);
    }
    let modules = folders.holding(modules);
    let entries = workspaces.iter().chain(packages).zip(numbers);
    let edges: Vec<_> = entries.map(|(entry, folder)| edges(entry, folder, &modules)).collect();
    let roots: Vec<usize> = (0..workspaces.len()).collect();
    for (package, scope) in made.iter_mut().zip(scopes(&edges, &roots)) {
        if let Some(package) = package {
            package.scope = scope.unwrap_or_default();
        }
    }
    let targets = edges.into_iter().map(|edges| edges.into_iter().map(|(to, _)| to).collect());
    Ok(lockfile(made, targets.collect()))
}

/// What an entry requires that stands in this folder, and what for.
fn edges(entry: &Entry<'_>, folder: usize, modules: &Modules<'_>) -> Vec<(usize, Scope)> {
    let found = entry.requirements.iter().filter_map(|(name, scope)| {
        let is_optional = *scope == Scope::Runtime && entry.optional.contains(name);
        let scope = if is_optional { Scope::Optional } else { *scope };
        Some((modules.find(folder, name)?, scope))
    });
    found.collect()
}

fn workspace(entry: &Entry<'_>) -> LockedPackage {
    let folder = &entry.key;
    let by_folder = || match &*folder.text {
        "" => unnamed(folder.at.start),
        path => folder.part(start_of_name(path)..path.len()),
    };
    let name = entry.name.clone().unwrap_or_else(by_folder);
    package(entry.at.clone(), name, entry.version.clone(), Origin::Local, Scope::Runtime)
}

fn locked(entry: &Entry<'_>) -> LockedPackage {
    let name = entry.name.clone().unwrap_or_default();
    let resolved = entry.version.clone().unwrap_or_default();
    let (version, origin) = match resolved.text.split_once(':') {
        Some(("workspace" | "link" | "root", _)) => (None, Origin::Local),
        Some(("file", path)) => (None, origin_of_path(path)),
        Some(_) => (commit_of(&resolved), Origin::Elsewhere),
        // The path of an archive.
        None if resolved.text.contains('/') => (None, Origin::Elsewhere),
        None => {
            let registry = entry.registry.as_ref().filter(|url| !url.text.is_empty());
            let origin = registry.map_or(Origin::Registry, |url| origin_of_url(&url.text));
            (Some(resolved), origin)
        }
    };
    let registry = entry.registry.as_ref().filter(|url| !url.text.is_empty());
    let address = registry.or(entry.version.as_ref()).map(|address| address.at.clone());
    let mut locked = package(entry.at.clone(), name, version, origin, Scope::Runtime);
    locked.provenance.address_at = address;
    locked
}

#[cfg(test)]
mod tests {
    use super::{super::javascript::shown, *};

    const LOCKFILE: &str = r#"{
  "lockfileVersion": 1,
  "workspaces": {
    "": {
      "name": "app",
      "dependencies": { "a": "^1.0.0", "w": "workspace:*", },
      "devDependencies": { "@s/b": "npm:c@2", "g": "github:x/g", },
      "optionalDependencies": { "t": "./t.tgz" },
    },
    "packages/w": { "name": "@s/w", "version": "0.1.0", "peerDependencies": { "c": "*" } },
    "packages/u": {},
  },
  "packages": {
    // a comment
    "@s/b": ["c@2.0.0", "https://npm.example.org/", { "dependencies": { "d": "1" } }, "sha512-00"],
    "@s/b/d": ["d@1.0.0", "", {}, "sha512-00"],
    "@s/w": ["@s/w@workspace:packages/w"],
    "@s/w/c": ["c@1.0.0", "", { "dependencies": { "d": "2" } }, "sha512-00"],
    "a": ["a@1.0.0", "", { "dependencies": { "d": "2" }, "peerDependencies": { "@s/b": "*", "not-there": "1" }, "optionalPeers": ["@s/b"] }, "sha512-00"],
    "c": ["c@3.0.0", "", {}, "sha512-00"],
    "d": ["d@2.0.0", "https://npmjs.org/d/-/d-2.0.0.tgz", {}, "sha512-00"],
    "f": ["f@file:f", { "dependencies": { "a": "*" } }],
    "g": ["g@github:x/g#0123abc", {}, "x-g-0123abc"],
    "n": ["n@next", "", {}, "sha512-00"],
    "t": ["t@./t.tgz", {}],
    "u": ["u@https://example.org/u.tgz", {}],
  }
}"#;

    #[test]
    fn keys_are_ways_to_packages_that_find_their_modules() {
        assert_eq!(
            shown(LOCKFILE, read),
            [
                "app@ Local Runtime c@2.0.0 a@1.0.0 g@0123abc t@",
                "@s/w@0.1.0 Local Runtime c@1.0.0",
                "u@ Local Runtime",
                "c@2.0.0 Elsewhere Optional d@1.0.0",
                "d@1.0.0 Registry Optional",
                "c@1.0.0 Registry Runtime d@2.0.0",
                "a@1.0.0 Registry Runtime c@2.0.0 d@2.0.0",
                "c@3.0.0 Registry Runtime",
                "d@2.0.0 Registry Runtime",
                "f@ Local Runtime a@1.0.0",
                "g@0123abc Elsewhere Development",
                "t@ Elsewhere Optional",
                "u@ Elsewhere Runtime",
            ]
        );
        assert_eq!(read(LOCKFILE).unwrap().left_out.len(), 1);
    }

    #[test]
    fn an_entry_reaches_from_its_key_to_its_end() {
        let read = read(LOCKFILE).unwrap();
        let entry = &LOCKFILE[read.packages[4].at.clone()];
        assert_eq!(entry, r#""@s/b/d": ["d@1.0.0", "", {}, "sha512-00"]"#);
    }

    #[test]
    fn faults_are_named_with_their_byte() {
        let fault = |text: &str| read(text).unwrap_err().at;
        assert_eq!(fault(r#"{"lockfileVersion": 3}"#), 20);
        assert_eq!(fault(r#"{"name": "app"}"#), 2);
        assert_eq!(fault(r#"{"packages": {"a": {}}}"#), 19);
        assert_eq!(fault(r#"{"packages": {"a": [1]}}"#), 20);
        assert!(read("{}").unwrap().packages.is_empty());
    }
}
