//! `conan.lock` of both versions of Conan: a graph of nodes, or lists of references.
//!
//! A reference is `name/version@user/channel#revision:package#revision%time`, from the `@` on optional.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use super::{
    Fault, LockedPackage, Lockfile, Origin, Scope,
    entry::{json_entry, link, project, texts},
    json::{Dialect, Kind, Reader, Text},
};
use crate::packages::Ecosystem;

/// Reads a `conan.lock`.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let mut found = Found::default();
    let mut has_packages = false;
    Reader::read(text, Dialect::Plain, |reader, key| {
        let scope = match &*key.text {
            "graph_lock" => {
                has_packages = true;
                return found.graph(reader);
            }
            "requires" => Scope::Runtime,
            "build_requires" | "python_requires" | "config_requires" => Scope::Development,
            _ => return Ok(()),
        };
        has_packages = true;
        for reference in texts(reader)? {
            let at = reference.at.start - 1..reference.at.end + 1;
            match package(&reference, at.clone()) {
                Some(package) => found.packages.push(LockedPackage { scope, ..package }),
                None => found.left_out.push(Fault::new(at.start, NO_REFERENCE)),
            }
        }
        Ok(())
    })?;
    if !has_packages {
        return Err(Fault::new(0, "neither `graph_lock` nor `requires`"));
    }
    let Found { mut packages, requirements, by_id, left_out } = found;
    link(&mut packages, &requirements, |id| by_id.get(&id.text).copied());
    let mut lockfile = Lockfile::new(Ecosystem::Conan, packages);
    lockfile.left_out = left_out;
    Ok(lockfile)
}

const NO_REFERENCE: &str = "not `name/version`";

/// The packages so far.
#[derive(Default)]
struct Found<'a> {
    packages: Vec<LockedPackage>,
    requirements: Vec<Vec<Text<'a>>>,
    by_id: HashMap<Cow<'a, str>, usize>,
    left_out: Vec<Fault>,
}

impl<'a> Found<'a> {
    /// The nodes of a graph.
    fn graph(&mut self, reader: &mut Reader<'a>) -> Result<(), Fault> {
        reader.entries(|reader, key| {
            if key.text == "nodes" {
                reader.entries(|reader, id| self.node(reader, id))?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn node(&mut self, reader: &mut Reader<'a>, id: Text<'a>) -> Result<(), Fault> {
        let mut reference = None;
        let mut has_path = false;
        let mut requires = Vec::new();
        let at = reader.entries(|reader, key| {
            match &*key.text {
                "ref" | "pref" => reference = reader.text_or_pass()?,
                "path" => has_path = reader.kind() == Kind::Text,
                "requires" | "build_requires" => requires.extend(texts(reader)?),
                _ => {}
            }
            Ok(())
        })?;
        let at = id.at.start - 1..at.end;
        let is_project = has_path || reference.is_none();
        let package = match reference.and_then(|reference| package(&reference, at.clone())) {
            Some(package) if is_project => LockedPackage { origin: Origin::Local, ..package },
            Some(package) => package,
            None if is_project => project("conanfile", id.at, Vec::new()),
            None => {
                self.left_out.push(Fault::new(at.start, NO_REFERENCE));
                return Ok(());
            }
        };
        self.by_id.insert(id.text, self.packages.len());
        self.packages.push(package);
        self.requirements.push(requires);
        Ok(())
    }
}

/// The package of a reference.
fn package(reference: &Text<'_>, at: Range<usize>) -> Option<LockedPackage> {
    let (name, rest) = reference.text.split_once('/')?;
    let version = rest.split(['@', '#', ':', '%']).next()?;
    if name.is_empty() || version.is_empty() {
        return None;
    }
    // Recipes of the public registry have no user.
    let user = rest.split_once('@').map_or("", |(_, user)| user);
    let is_public = user.is_empty() || user.starts_with(['_', '#', '%', ':']);
    let origin = if is_public { Origin::Registry } else { Origin::Elsewhere };
    let version = reference.part(name.len() + 1..name.len() + 1 + version.len());
    let name = reference.part(0..name.len());
    Some(LockedPackage { origin, ..json_entry(at, &name, &version) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GRAPH: &str = r#"{"graph_lock": {"nodes": {
        "0": {"options": "", "requires": ["1"], "build_requires": ["3"], "path": "conanfile.txt"},
        "1": {"ref": "openssl/1.1.1k#0123:abc#def", "requires": ["2"]},
        "2": {"ref": "zlib/1.2.11@_/_"},
        "3": {"ref": "own/0.1@team/stable"},
        "4": {"ref": "broken"}}, "revisions_enabled": true}, "version": "0.4"}"#;

    fn shown(lockfile: &Lockfile) -> Vec<String> {
        let show =
            |p: &LockedPackage| format!("{} {} {:?} {:?}", p.name, p.version, p.origin, p.scope);
        lockfile.packages.iter().map(show).collect()
    }

    #[test]
    fn a_graph_is_read_with_its_edges() {
        let lockfile = read(GRAPH).unwrap();
        assert_eq!(
            shown(&lockfile),
            [
                "conanfile  Local Runtime",
                "openssl 1.1.1k Registry Runtime",
                "zlib 1.2.11 Registry Runtime",
                "own 0.1 Elsewhere Runtime",
            ]
        );
        assert!(lockfile.is_direct(1) && !lockfile.is_direct(2) && lockfile.is_direct(3));
        assert_eq!(&GRAPH[lockfile.packages[1].version_at.clone()], "1.1.1k");
        assert_eq!(lockfile.left_out.len(), 1);
    }

    #[test]
    fn lists_of_references_are_read_with_their_scope() {
        let text = r#"{"version": "0.5", "requires": ["zlib/1.2.13#4e74%1692672717.68", 1],
            "build_requires": ["cmake/3.25.3"], "python_requires": []}"#;
        let lockfile = read(text).unwrap();
        assert_eq!(
            shown(&lockfile),
            ["zlib 1.2.13 Registry Runtime", "cmake 3.25.3 Registry Development"]
        );
        assert!(read("{}").is_err() && read("[").is_err());
    }

    proptest! {
        #[test]
        fn a_damaged_text_does_not_panic(at: prop::sample::Index, put in "[{}\\[\\]\":, aé@#/]{0,6}") {
            let mut text = GRAPH.to_owned();
            let at = at.index(text.len());
            text.replace_range(at..(at + 3).min(text.len()), &put);
            for package in read(&text).map(|lockfile| lockfile.packages).unwrap_or_default() {
                prop_assert!(text.get(package.at).is_some());
                prop_assert_eq!(&text[package.version_at], &package.version);
            }
        }
    }
}
