//! Haskell: `cabal.project.freeze`, and `stack.yaml.lock`.

use super::{
    Fault, LockedPackage, Lockfile, Origin,
    entry::{entry, lines, place},
};
use crate::{
    engines::document::{
        node::Node,
        yaml::{self, Booleans},
    },
    finding::RepoPath,
    packages::Ecosystem,
};

/// Whether a file of this path is a freeze file: of a project of any name, or of old times.
pub fn is_freeze(path: &RepoPath) -> bool {
    let name = path.file_name();
    name == "cabal.config" || (name.starts_with("cabal.project") && name.ends_with(".freeze"))
}

/// Reads a `cabal.project.freeze`: fields, of which `constraints` lists `any.name ==version` and flags.
///
/// What is `installed` comes with the compiler in a version that the file does not tell, and is left out.
pub fn read_freeze(text: &str) -> Result<Lockfile, Fault> {
    let mut packages = Vec::new();
    let mut left_out = Vec::new();
    let mut is_inside = false;
    for line in lines(text) {
        let content = line.trim();
        if content.is_empty() || content.starts_with("--") {
            continue;
        }
        let list = if line.starts_with([' ', '\t']) {
            content
        } else {
            let field = content.split_once(':');
            let (name, list) = field
                .ok_or_else(|| Fault::new(place(text, line).start, "not a field and its value"))?;
            is_inside = name.eq_ignore_ascii_case("constraints");
            list
        };
        if is_inside {
            for constraint in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                take_constraint(text, constraint, &mut packages, &mut left_out);
            }
        }
    }
    let mut lockfile = Lockfile::new(Ecosystem::Hackage, packages);
    lockfile.left_out = left_out;
    Ok(lockfile)
}

fn take_constraint(
    text: &str,
    constraint: &str,
    packages: &mut Vec<LockedPackage>,
    left_out: &mut Vec<Fault>,
) {
    let end = constraint.find([' ', '=', '<', '>', '^']).unwrap_or(constraint.len());
    let (name, rest) = constraint.split_at(end);
    // `any.` is for all of the build, `setup.` and `other:setup.` for what builds a package.
    let name = name.rsplit(['.', ':']).next().unwrap_or(name);
    let rest = rest.trim_start();
    let version = rest.strip_prefix("==").map(str::trim_start).filter(|text| is_version(text));
    match version {
        Some(version) => packages.push(entry(text, constraint, name, version)),
        // Flags are no versions.
        None if rest.starts_with(['+', '-']) => {}
        None => left_out.push(Fault::new(place(text, constraint).start, "not one exact version")),
    }
}

fn is_version(text: &str) -> bool {
    !text.is_empty()
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Reads a `stack.yaml.lock`: the packages beyond a snapshot; the snapshot's own are not in the file.
pub fn read_stack(text: &str) -> Result<Lockfile, Fault> {
    let documents = yaml::documents(text, Booleans::Core)
        .map_err(|error| Fault::new(error.at.start, error.message))?;
    let Some(root) = documents.roots.first().filter(|root| root.get("packages").is_some()) else {
        return Err(Fault::new(0, "no `packages`"));
    };
    let mut packages = Vec::new();
    let mut left_out = Vec::new();
    for package in root.get("packages").map_or(&[][..], Node::elements) {
        match package.get("completed").and_then(|completed| completed_package(text, completed)) {
            Some(locked) => packages.push(LockedPackage { at: package.at.clone(), ..locked }),
            None => left_out.push(Fault::new(package.at.start, "a package without a version")),
        }
    }
    for snapshot in root.get("snapshots").map_or(&[][..], Node::elements) {
        left_out.push(Fault::new(snapshot.at.start, "a snapshot: it does not list its packages"));
    }
    let mut lockfile = Lockfile::new(Ecosystem::Hackage, packages);
    lockfile.left_out = left_out;
    Ok(lockfile)
}

/// `hackage: name-version@sha256:…,size`, or `name` and `version` of what comes from elsewhere.
fn completed_package(text: &str, completed: &Node) -> Option<LockedPackage> {
    if let Some(node) = completed.get("hackage") {
        let written = &text[node.at.clone()];
        let identifier = written.trim_matches(['"', '\'']).split('@').next()?;
        let (name, version) = identifier.rsplit_once('-')?;
        return is_version(version).then(|| entry(text, written, name, version));
    }
    let plain = |key| {
        let written = &text[completed.get(key)?.at.clone()];
        Some(written.trim_matches(['"', '\'']))
    };
    let (name, version) = (plain("name")?, plain("version")?);
    let package = entry(text, name, name, version);
    is_version(version).then_some(LockedPackage { origin: Origin::Elsewhere, ..package })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str, lockfile: &Lockfile) -> Vec<String> {
        let show = |package: &LockedPackage| {
            assert_eq!(text[package.name_at.clone()], package.name);
            assert_eq!(text[package.version_at.clone()], package.version);
            format!("{} {} {:?}", package.name, package.version, package.origin)
        };
        lockfile.packages.iter().map(show).collect()
    }

    #[test]
    fn a_freeze_lists_versions_between_flags() {
        let text = "-- frozen\nactive-repositories: hackage.haskell.org:merge\n\
            constraints: any.aeson ==2.1.2.1,\n             aeson -cffi +ordered-keymap,\n\
            \x20            any.base installed,\n             setup.Cabal ==3.8.1.0\n\
            index-state: hackage.haskell.org 2023-01-01T00:00:00Z\n";
        let lockfile = read_freeze(text).unwrap();
        assert_eq!(shown(text, &lockfile), ["aeson 2.1.2.1 Registry", "Cabal 3.8.1.0 Registry"]);
        assert!(text[lockfile.left_out[0].at..].starts_with("any.base installed"));
        assert_eq!(read_freeze("a: b\n<<<<<<<\n").unwrap_err().at, 5);
    }

    const STACK: &str = "packages:\n- completed:\n    hackage: acme-missiles-0.3@sha256:2ba6,613\n\
        \x20   pantry-tree:\n      size: 226\n  original:\n    hackage: acme-missiles-0.3\n\
        - completed:\n    name: own\n    version: 1.10\n    git: https://example.org/own.git\n\
        - original:\n    subdir: x\n\
        snapshots:\n- completed:\n    size: 640086\n  original: lts-21.0\n";

    #[test]
    fn a_stack_lock_lists_what_is_beyond_its_snapshot() {
        let lockfile = read_stack(STACK).unwrap();
        assert_eq!(shown(STACK, &lockfile), ["acme-missiles 0.3 Registry", "own 1.10 Elsewhere"]);
        assert_eq!(lockfile.left_out.len(), 2);
        assert!(read_stack("a: 1\n").is_err() && read_stack("packages: [\n").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(constraints:|packages:\n- completed:\n|    hackage: |any\\.|==|[a1.\"'+, é\r\n-]){0,20}") {
            for lockfile in [read_freeze(&text), read_stack(&text)].into_iter().flatten() {
                for package in &lockfile.packages {
                    prop_assert!(text.get(package.at.clone()).is_some());
                    prop_assert_eq!(&text[package.version_at.clone()], &package.version);
                }
            }
        }
    }
}
