//! The lockfiles of npm, yarn, pnpm and bun: against shared cases, and against real files read another way.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proptest::prelude::*;
use seaworthy::{
    finding::RepoPath,
    packages::lockfile::{self, LockedPackage, Origin, Scope},
    sources::SourceFile,
};
use serde_json::Value;

use crate::support::{shared, unpack};

/// The format of each group of cases.
const FORMATS: &[(&str, &str)] = &[
    ("javascript/packagelockjson", "package-lock.json"),
    ("javascript/yarnlock", "yarn.lock"),
    ("javascript/pnpmlock", "pnpm-lock.yaml"),
    ("javascript/bunlock", "bun.lock"),
];

fn read(format: &str, path: &str, text: &[u8]) -> (SourceFile, Result<lockfile::Lockfile, u32>) {
    let file = SourceFile::new(RepoPath::new(path), text.to_vec());
    let format = lockfile::format_named(format).expect("a known format");
    let read = lockfile::read_as(format, &file).map_err(|malformed| malformed.line);
    (file, read)
}

/// Whether a package is what a case expects. Cases write no version where only a commit is known.
fn is_expected(file: &SourceFile, package: &LockedPackage, expected: &Value) -> bool {
    let version = match package.origin {
        Origin::Elsewhere if !package.version.contains('.') => "",
        _ => &package.version,
    };
    let line = expected["line"].as_u64().and_then(|line| u32::try_from(line).ok());
    let has_line = |line| {
        file.line_of(package.at.start) == line || file.line_of(package.name_at.start) == line
    };
    let groups = expected["groups"].as_array().expect("a list");
    let is_in_group = match package.scope {
        Scope::Runtime => groups.is_empty(),
        Scope::Optional => groups.is_empty() || groups.contains(&"optional".into()),
        Scope::Development => groups.is_empty() || groups.contains(&"dev".into()),
    };
    expected["name"] == package.name
        && expected["version"] == version
        && line.is_none_or(has_line)
        && is_in_group
}

#[test]
fn fixtures_of_lockfiles_are_read_with_their_lines() {
    let Some(archive) = shared("data/lockfiles/parser-fixtures.tar.zst") else { return };
    let Some(cases) = shared("data/lockfiles/parser-fixtures.jsonl") else { return };
    let folder = unpack(&archive);
    let mut count = 0;
    for case in fs::read_to_string(cases).unwrap().lines() {
        let case: Value = serde_json::from_str(case).unwrap();
        let Some((_, format)) = FORMATS.iter().find(|(group, _)| case["extractor"] == *group)
        else {
            continue;
        };
        let path = case["fixture"].as_str().unwrap();
        let (file, read) = read(format, path, &fs::read(folder.path().join(path)).unwrap());
        assert_eq!(read.is_err(), case["expect_error"] == true, "{path}: {read:?}");
        count += 1;
        let Ok(read) = read else { continue };
        let expected = case["packages"].as_array().unwrap();
        for expected in expected {
            let is_there =
                read.packages.iter().any(|package| is_expected(&file, package, expected));
            assert!(is_there, "{path}: {expected} {:#?}", read.packages);
        }
        // The project itself is not among what cases expect.
        for package in read.packages.iter().filter(|package| package.origin != Origin::Local) {
            let is_wanted = expected.iter().any(|expected| is_expected(&file, package, expected));
            assert!(is_wanted, "{path}: {package:?}");
        }
    }
    assert_eq!(count, 64);
}

/// Every real lockfile of a format, by its path in the shared data.
fn real_lockfiles(folder: &Path, format: &str) -> BTreeMap<String, Vec<u8>> {
    let group = format.replace('.', "_");
    let cases = fs::read_dir(folder.join(&group)).expect("as packed");
    let names = cases.map(|case| case.expect("as packed").file_name().into_string().expect("text"));
    names
        .map(|name| format!("{group}/{name}/{format}"))
        .map(|path| (path.clone(), fs::read(folder.join(&path)).expect("as packed")))
        .collect()
}

/// The requirements of a `package-lock.json` that lists its packages, resolved in the plainest way.
fn edges_of_npm(lockfile: &Value) -> BTreeSet<(String, String)> {
    let packages = lockfile["packages"].as_object().expect("an object");
    let mut edges = BTreeSet::new();
    for (path, package) in packages {
        let lists = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
        let names = lists.iter().filter_map(|list| package[*list].as_object()).flatten();
        for (name, _) in names {
            let mut folder = Some(path.as_str());
            while let Some(at) = folder {
                let slash = if at.is_empty() { "" } else { "/" };
                let found = format!("{at}{slash}node_modules/{name}");
                if let Some(module) = packages.get(&found) {
                    let is_link = module["link"] == true;
                    let found = if is_link {
                        module["resolved"].as_str().expect("a folder")
                    } else {
                        &found
                    };
                    edges.insert((path.clone(), found.to_owned()));
                    break;
                }
                let around = at.rsplit_once('/').map_or("", |(around, _)| around);
                folder = (!at.is_empty()).then_some(around);
            }
        }
    }
    edges
}

/// How many packages no requirement leads to.
fn packages_without_way(read: &lockfile::Lockfile) -> usize {
    let is_without =
        |package: &&LockedPackage| package.origin != Origin::Local && package.required_by.is_none();
    read.packages.iter().filter(is_without).count()
}

/// The key that an entry begins with.
fn key_at<'t>(text: &'t str, package: &LockedPackage) -> &'t str {
    text[package.at.start + 1..].split('"').next().unwrap_or_default()
}

#[test]
fn real_lockfiles_of_npm_have_the_edges_that_node_finds() {
    let Some(archive) = shared("data/lockfiles/lockfiles.tar.zst") else { return };
    let folder = unpack(&archive);
    let (mut count, mut without_way) = (0, 0);
    for (path, bytes) in real_lockfiles(folder.path(), "package-lock.json") {
        let text = std::str::from_utf8(&bytes).unwrap();
        let reference: Value = serde_json::from_str(text).unwrap();
        let (_, read) = read("package-lock.json", &path, &bytes);
        let read = read.unwrap();
        assert_eq!(read.left_out, [], "{path}");
        count += read.packages.len();
        without_way += packages_without_way(&read);
        if !reference["packages"].is_object() {
            continue;
        }
        let mut edges = BTreeSet::new();
        for package in &read.packages {
            assert_eq!(text[package.name_at.clone()], package.name, "{path}");
            assert_eq!(text[package.version_at.clone()], package.version, "{path}");
            for required in package.requires.iter().map(|at| &read.packages[*at]) {
                edges.insert((key_at(text, package).to_owned(), key_at(text, required).to_owned()));
            }
        }
        assert_eq!(edges, edges_of_npm(&reference), "{path}");
    }
    assert!(count > 4_000, "{count}");
    // One file holds a package, and all that it requires, that the project does not ask for any longer.
    assert_eq!(without_way, 113);
}

/// What the entry of a package in a `pnpm-lock.yaml` says itself, before version 9.
fn scope_by_flags(entry: &str) -> Scope {
    match (entry.contains("\n    dev: true"), entry.contains("\n    optional: true")) {
        (true, _) => Scope::Development,
        (_, true) => Scope::Optional,
        _ => Scope::Runtime,
    }
}

#[test]
fn real_lockfiles_of_pnpm_have_a_way_to_each_package_and_the_scopes_that_they_say() {
    let Some(archive) = shared("data/lockfiles/lockfiles.tar.zst") else { return };
    let folder = unpack(&archive);
    let (mut count, mut with_flags) = (0, 0);
    for (path, bytes) in real_lockfiles(folder.path(), "pnpm-lock.yaml") {
        let text = std::str::from_utf8(&bytes).unwrap();
        let (_, read) = read("pnpm-lock.yaml", &path, &bytes);
        let read = read.unwrap();
        assert_eq!(read.left_out, [], "{path}");
        assert_eq!(packages_without_way(&read), 0, "{path}");
        count += read.packages.len();
        for package in &read.packages {
            assert_eq!(text[package.name_at.clone()], package.name, "{path}");
            assert_eq!(text[package.version_at.clone()], package.version, "{path}");
            let entry = &text[package.at.clone()];
            if entry.contains("\n    dev: ") {
                assert_eq!(package.scope, scope_by_flags(entry), "{path}: {entry}");
                with_flags += 1;
            }
        }
    }
    assert!(count > 3_000 && with_flags > 1_500, "{count} {with_flags}");
}

#[test]
fn real_lockfiles_of_yarn_have_an_edge_for_each_requirement() {
    let Some(archive) = shared("data/lockfiles/lockfiles.tar.zst") else { return };
    let folder = unpack(&archive);
    let mut count = 0;
    for (path, bytes) in real_lockfiles(folder.path(), "yarn.lock") {
        let text = std::str::from_utf8(&bytes).unwrap();
        let (_, read) = read("yarn.lock", &path, &bytes);
        for package in &read.unwrap().packages {
            let entry = &text[package.at.clone()];
            let requirements = entry.lines().filter(|line| line.starts_with("    "));
            assert_eq!(package.requires.len(), requirements.count(), "{path}: {entry}");
            count += package.requires.len();
        }
    }
    assert!(count > 1_900, "{count}");
}

/// A short lockfile of each format, to be damaged.
const SHORT: &[(&str, &str)] = &[
    (
        "package-lock.json",
        r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "1"}}, "node_modules/a":
        {"version": "1.0.0", "dependencies": {"b": "1"}}, "node_modules/a/node_modules/b": {"version":
        "2.0.0", "dev": true}, "node_modules/c": {"resolved": "c", "link": true}, "c": {}}}"#,
    ),
    (
        "package-lock.json",
        r#"{"name": "n", "dependencies": {"a": {"version": "npm:b@1.0.0", "requires": {"c": "1"},
        "dependencies": {"c": {"version": "git+ssh://example.org#0123abc"}}}}}"#,
    ),
    (
        "yarn.lock",
        "# yarn lockfile v1\n\n\"@a/b@npm:c@^1\", d@*:\n  version \"1.0.0\"\n  dependencies:\n    d \"*\"\n",
    ),
    (
        "yarn.lock",
        "__metadata:\n  version: 8\n\n\"@a/b@npm:^1, d@patch:d@npm%3A1.0.0\":\n  version: 1.0.0\n  \
         resolution: \"@a/b@npm:1.0.0\"\n  dependencies:\n    d: \"npm:^1\"\n",
    ),
    (
        "pnpm-lock.yaml",
        "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: 1\n        \
         version: 1.0.0(b@1.0.0)\npackages:\n  a@1.0.0:\n    resolution: {integrity: 00}\nsnapshots:\n  \
         a@1.0.0(b@1.0.0):\n    dependencies: {a: link:../b}\n",
    ),
    (
        "pnpm-lock.yaml",
        "lockfileVersion: 5.3\ndependencies:\n  a: 1.0.0_b@1.0.0\npackages:\n  /a/1.0.0_b@1.0.0:\n    \
         dev: false\n  example.org/@b/c/1.0.0:\n    name: c\n",
    ),
    (
        "bun.lock",
        r#"{"lockfileVersion": 1, "workspaces": {"": {"name": "n", "dependencies": {"@a/b": "1"}},}, // c
        "packages": {"@a/b": ["@a/b@1.0.0", "", {"dependencies": {"c": "1"}}, "00"], "@a/b/c":
        ["c@github:c/c#0123abc", {}, "00"]}}"#,
    ),
    (
        "deno.lock",
        r#"{"version": "5", "specifiers": {"npm:@a/b@1": "1.0.0_c@1.0.0"}, "jsr": {"@d/e@1.0.0": {}},
        "npm": {"@a/b@1.0.0_c@1.0.0": {"dependencies": ["c", "f@npm:c@1.0.0"]}, "c@1.0.0": {}}}"#,
    ),
];

#[test]
fn short_lockfiles_are_read_while_they_are_whole() {
    for (format, text) in SHORT {
        let (_, read) = read(format, format, text.as_bytes());
        assert!(!read.unwrap().packages.is_empty(), "{text}");
    }
}

proptest! {
    #[test]
    fn a_damaged_lockfile_is_read_or_refused(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        length in 0_usize..24,
        put in "[\\[\\]{}()=\"':@/#, .\\\\na-c0-9\u{e9}]{0,12}",
    ) {
        let (format, text) = which.get(SHORT);
        let mut text = text.as_bytes().to_vec();
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        text.splice(start..end, put.bytes());
        let (_, read) = read(format, format, &text);
        for (index, package) in read.iter().flat_map(|read| read.packages.iter().enumerate()) {
            let places = [&package.at, &package.name_at, &package.version_at];
            prop_assert!(places.iter().all(|at| at.start <= at.end && at.end <= text.len()));
            prop_assert!(package.requires.iter().all(|to| *to < read.as_ref().unwrap().packages.len()));
            prop_assert!(!read.as_ref().unwrap().way_to(index).is_empty());
        }
    }

    #[test]
    fn any_text_is_read_or_refused(
        which in any::<prop::sample::Index>(),
        text in "([\\[\\]{}()\"':@/#,. \\\\\n-]|npm|[a-c0-2]|\u{e9}|packages|version|dependencies|node_modules/|  ){0,60}",
    ) {
        let (format, _) = which.get(SHORT);
        if let (_, Err(line)) = read(format, format, text.as_bytes()) {
            prop_assert!(line >= 1);
        }
    }
}
