//! Lockfiles that are neither cargo's nor JavaScript's nor Python's, on the shared fixtures and on real ones.

use std::{collections::BTreeSet, fs, path::Path};

use proptest::prelude::*;
use seaworthy::{
    finding::RepoPath,
    packages::lockfile::{self, Format, LockedPackage, Lockfile, Origin, Scope},
    sources::SourceFile,
};
use serde_json::Value;

use crate::support::{shared, unpack};

/// The readers of the shared cases, and the formats that they are of.
const READERS: &[(&str, &str)] = &[
    ("dart/pubspec", "pubspec.lock"),
    ("dotnet/packageslockjson", "packages.lock.json"),
    ("elixir/mixlock", "mix.lock"),
    ("erlang/mixlock", "mix.lock"),
    ("golang/gomod", "go.mod"),
    ("java/gradlelockfile", "gradle.lockfile"),
    ("java/pomxml", "pom.xml"),
    ("php/composerlock", "composer.lock"),
    ("ruby/gemfilelock", "Gemfile.lock"),
];

/// Where a shared case is not right for us: its file, the package, and why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("golang/gomod/indirect-packages.mod", "github.com/mattn/go-colorable", INDIRECT),
    ("golang/gomod/indirect-packages.mod", "github.com/mattn/go-isatty", INDIRECT),
    ("golang/gomod/indirect-packages.mod", "golang.org/x/sys", INDIRECT),
    ("java/pomxml/with-parent.xml", "org.dave:dave", "it stands in the parent, another file"),
];
const INDIRECT: &str = "the case asks for direct requirements only, we look at all";

fn is_different(path: &str, name: &str) -> bool {
    DIFFERENCES.iter().any(|(file, package, _)| *file == path && *package == name)
}

fn file(path: &str, bytes: &[u8]) -> SourceFile {
    SourceFile::new(RepoPath::new(path), bytes.to_vec())
}

/// What a case expects: name, version, whether it is for development only, and the line if there is one.
type Shown = BTreeSet<(String, String, bool)>;

fn expected(case: &Value) -> Vec<(String, String, bool, Option<u32>)> {
    let text = |value: &Value| value.as_str().expect("as listed").to_owned();
    let packages = case["packages"].as_array().expect("as listed").iter();
    packages
        .map(|package| {
            let groups = package["groups"].as_array().expect("as listed");
            let is_development = groups.iter().any(|group| group == "dev");
            let line = package["line"].as_u64().map(|line| u32::try_from(line).expect("a line"));
            (text(&package["name"]), text(&package["version"]), is_development, line)
        })
        .collect()
}

fn shown(package: &LockedPackage) -> (String, String, bool) {
    let is_development = package.scope == Scope::Development;
    (package.name.clone(), package.version.clone(), is_development)
}

fn check(path: &str, case: &Value, file: &SourceFile, read: &Lockfile) -> usize {
    let mut wanted = Shown::new();
    for (name, version, is_development, line) in expected(case) {
        if is_different(path, &name) {
            continue;
        }
        let is_there = |at: usize| line.is_none_or(|line| file.line_of(at) == line);
        let key = (name, version, is_development);
        // A package without a version is left out, and said so.
        let found = if key.1.is_empty() {
            read.left_out.iter().any(|fault| is_there(fault.at))
        } else {
            let mut same = read.packages.iter().filter(|package| shown(package) == key);
            same.any(|package| is_there(package.name_at.start) || is_there(package.at.start))
        };
        assert!(found, "{path}: {key:?} at {line:?} is not in {read:#?}");
        if !key.1.is_empty() {
            wanted.insert(key);
        }
    }
    // The project itself is no dependency.
    let others = read.packages.iter().filter(|package| package.origin != Origin::Local);
    for package in others.filter(|package| !is_different(path, &package.name)) {
        assert!(wanted.contains(&shown(package)), "{path}: {package:#?} is too much");
    }
    wanted.len()
}

#[test]
fn fixtures_of_lockfiles_are_read_with_their_lines() {
    let Some(archive) = shared("data/lockfiles/parser-fixtures.tar.zst") else { return };
    let Some(cases) = shared("data/lockfiles/parser-fixtures.jsonl") else { return };
    let folder = unpack(&archive);
    let mut count = (0, 0);
    for case in fs::read_to_string(cases).unwrap().lines() {
        let case: Value = serde_json::from_str(case).unwrap();
        let reader = READERS.iter().find(|(extractor, _)| case["extractor"] == *extractor);
        let Some((_, format)) = reader else { continue };
        let path = case["fixture"].as_str().unwrap();
        let file = file(path, &fs::read(folder.path().join(path)).unwrap());
        let format = lockfile::format_named(format).expect("a known format");
        let read = lockfile::read_as(format, &file);
        if case["expect_error"] == true {
            assert!(read.is_err(), "{path}");
        } else {
            count.1 += check(path, &case, &file, &read.unwrap());
        }
        count.0 += 1;
    }
    assert_eq!(count, (45, 158));
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("as packed") {
            let path = entry.expect("as packed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is below").display().to_string();
                found.push((name, fs::read(&path).expect("as packed")));
            }
        }
    }
    found
}

/// Folders of the real lockfiles, and how many packages are to be found there.
const REAL: &[(&str, usize)] =
    &[("go_mod", 2200), ("Gemfile_lock", 321), ("composer_lock", 7), ("pom_xml", 300)];

#[test]
fn names_and_versions_of_real_lockfiles_stand_at_their_places() {
    let Some(archive) = shared("data/lockfiles/lockfiles.tar.zst") else { return };
    let folder = unpack(&archive);
    for (kind, least) in REAL {
        let mut count = 0;
        for (path, bytes) in files(&folder.path().join(kind)) {
            let text = std::str::from_utf8(&bytes).unwrap();
            let read = lockfile::read(&file(&path, &bytes)).unwrap();
            for package in &read.packages {
                let name = &text[package.name_at.clone()];
                let is_own_name = package.name == "stdlib" || package.version.is_empty();
                assert!(is_own_name || package.name.ends_with(name), "{path}: {package:#?}");
                let version = &text[package.version_at.clone()];
                assert!(
                    package.version == version || version.contains("${"),
                    "{path}: {package:#?}"
                );
            }
            count += read.packages.len();
        }
        assert!(count >= *least, "{kind}: {count}");
    }
}

proptest! {
    #[test]
    fn a_damaged_fixture_is_read_or_refused(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        length in 0_usize..20,
        put in "[\\[\\]{}<>()=\"'#, .:\\n\\ra-c0-9\u{e9}]{0,12}",
    ) {
        let formats: Vec<&Format> = lockfile::FORMATS.iter().collect();
        for format in formats {
            let sample = SAMPLES[which.index(SAMPLES.len())];
            let mut text = sample.as_bytes().to_vec();
            let start = at.index(text.len());
            let end = (start + length).min(text.len());
            text.splice(start..end, put.bytes());
            match lockfile::read_as(format, &file("any", &text)) {
                Ok(read) => for package in &read.packages {
                    let places = [&package.at, &package.name_at, &package.version_at];
                    prop_assert!(places.iter().all(|place| place.start <= place.end && place.end <= text.len()));
                },
                Err(malformed) => prop_assert!(malformed.line >= 1),
            }
        }
    }
}

/// A few lines of most formats.
const SAMPLES: &[&str] = &[
    "module a\n\ngo 1.16\n\nrequire (\n\tb v1.0.0 // indirect\n\tc v1.0.0\n)\nreplace c => ../c\n",
    "GEM\n  remote: https://rubygems.org/\n  specs:\n    a (1.0)\n      b (>= 1)\n    b (1.1-java)\n\nDEPENDENCIES\n  a\n",
    "{\"packages\": [{\"name\": \"a/b\", \"version\": \"1.0\", \"require\": {\"a/b\": \"*\"}}], \"dependencies\": {\"net6.0\": \
     {\"A\": {\"type\": \"Direct\", \"resolved\": \"1.0\"}}}, \"requires\": [\"a/1.0#b\"], \"Packages\": {\"a\": {\"Version\": \"1\"}}}",
    "<project><properties><v>1</v></properties><dependencies><dependency><groupId>a</groupId>\
     <artifactId>b</artifactId><version>${v}</version></dependency></dependencies></project>",
    "%{\"a\": {:hex, :a, \"1.0\", \"00\", [:mix], [{:b, \"~> 1\", [hex: :b]}], \"hexpm\", \"00\"},}\n",
    "{\"1.2.0\",[{<<\"a\">>,{pkg,<<\"a\">>,<<\"1.0\">>},0}]}.\n",
    "packages:\n  a:\n    dependency: \"direct main\"\n    source: hosted\n    version: \"1.0\"\nsnapshots: []\n",
    "constraints: any.a ==1.0,\n             b +c\n",
    "Package: a\nStatus: install ok installed\nSource: b (1)\nVersion: 1+b1\nDepends: a | b, c\n\n",
    "P:a\nV:1\no:b\nD:c>1 so:d\np:so:d=1\n\n",
    "a:b:1.0=runtimeClasspath\nempty=\n",
];
