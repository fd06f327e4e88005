//! `pubspec.lock` of Dart: a map of packages, each with its source and what depends on it.

use super::{
    Fault, LockedPackage, Lockfile, Origin, Scope,
    entry::{entry, place, project},
};
use crate::{
    engines::document::{
        node::{Node, Value},
        yaml::{self, Booleans},
    },
    packages::Ecosystem,
};

/// Hosts of the public registry.
const REGISTRY: &[&str] = &["pub.dev", "pub.dartlang.org"];

/// Reads a `pubspec.lock`.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let documents = yaml::documents(text, Booleans::Core)
        .map_err(|error| Fault::new(error.at.start, error.message))?;
    let root = documents.roots.first();
    let Some((key, list)) = root.and_then(|root| root.key("packages").zip(root.get("packages")))
    else {
        return Err(Fault::new(0, "no `packages`"));
    };
    if !matches!(list.value, Value::Map(_) | Value::Null) {
        return Err(Fault::new(list.at.start, "`packages` is not a map"));
    }
    let mut packages = Vec::new();
    let mut roots = Vec::new();
    let mut left_out = Vec::new();
    for (name, node) in list.entries() {
        let Some(package) = package(text, name, node) else {
            left_out.push(Fault::new(name.at.start, "a package without a version"));
            continue;
        };
        if dependency(node).starts_with("direct") {
            roots.push(packages.len());
        }
        packages.push(package);
    }
    packages.push(project("pubspec.yaml", key.at.clone(), roots));
    let mut lockfile = Lockfile::new(Ecosystem::Pub, packages);
    lockfile.left_out = left_out;
    Ok(lockfile)
}

fn package(text: &str, name: &Node, node: &Node) -> Option<LockedPackage> {
    // A version that looks like a number is none any more in the tree.
    let unquoted = |at: &Node| text[at.at.clone()].trim_matches(['"', '\'']);
    let version = node.get("version").map(unquoted).filter(|version| !version.is_empty())?;
    let whole = &text[name.at.start..node.at.end.max(name.at.end)];
    let scope = match dependency(node) {
        "direct dev" => Scope::Development,
        _ => Scope::Runtime,
    };
    let mut package = entry(text, whole, unquoted(name), version);
    let address = node.get("description").and_then(|description| description.get("url"));
    package.provenance.address_at = address.map(|url| place(text, unquoted(url)));
    Some(LockedPackage { origin: origin(node), scope, ..package })
}

/// `direct main`, `direct dev`, `direct overridden` or `transitive`.
fn dependency(node: &Node) -> &str {
    node.get("dependency").and_then(Node::as_text).unwrap_or_default()
}

fn origin(node: &Node) -> Origin {
    let description = node.get("description");
    match node.get("source").and_then(Node::as_text) {
        Some("path") => Origin::Local,
        Some("hosted") => {
            let url = description.and_then(|description| description.get("url")?.as_text());
            let is_public = url.is_none_or(|url| {
                let host = url.split_once("://").map_or(url, |(_, after)| after);
                REGISTRY.contains(&host.trim_end_matches('/'))
            });
            if is_public { Origin::Registry } else { Origin::Elsewhere }
        }
        _ => Origin::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOCK: &str = "packages:\n  one:\n    dependency: \"direct main\"\n    description:\n      name: one\n\
        \x20     url: \"https://pub.dev\"\n    source: hosted\n    version: \"1.10\"\n\
        \x20 two:\n    dependency: \"direct dev\"\n    description: {name: two, url: 'https://own.example.org'}\n\
        \x20   source: hosted\n    version: 2.0.0\n\
        \x20 three:\n    dependency: transitive\n    description: flutter\n    source: sdk\n    version: \"0.0.0\"\n\
        \x20 four:\n    dependency: \"direct main\"\n    description: {path: ../four}\n    source: path\n    version: '1'\n\
        \x20 five:\n    source: hosted\nsdks:\n  dart: \">=2.17.1\"\n";

    #[test]
    fn packages_have_origin_and_scope() {
        let lockfile = read(LOCK).unwrap();
        let show = |(at, p): (usize, &LockedPackage)| {
            assert_eq!(&LOCK[p.version_at.clone()], p.version);
            (p.name.clone(), p.version.clone(), p.origin, p.scope, lockfile.is_direct(at))
        };
        let shown: Vec<_> = lockfile.packages.iter().enumerate().map(show).take(4).collect();
        let expect = |name: &str, version: &str, origin, scope, is_direct| {
            (name.to_owned(), version.to_owned(), origin, scope, is_direct)
        };
        assert_eq!(
            shown,
            [
                expect("one", "1.10", Origin::Registry, Scope::Runtime, true),
                expect("two", "2.0.0", Origin::Elsewhere, Scope::Development, true),
                expect("three", "0.0.0", Origin::Elsewhere, Scope::Runtime, false),
                expect("four", "1", Origin::Local, Scope::Runtime, false),
            ]
        );
        assert!(LOCK[lockfile.left_out[0].at..].starts_with("five:"));
    }

    #[test]
    fn what_is_no_lockfile_is_refused() {
        assert!(read("").is_err() && read("packages: []\n").is_err());
        assert_eq!(read("packages:\n  a: [\n").unwrap_err().at / 10, 1);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(packages:\n|  a:\n|    version: |    source: hosted\n|[a1\"':{}, é\n\r-]){0,20}") {
            for package in read(&text).map(|lockfile| lockfile.packages).unwrap_or_default() {
                prop_assert_eq!(&text[package.version_at], &package.version);
            }
        }
    }
}
