//! Lockfiles of Python: names, versions and lines, and that damage is read or refused.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use proptest::prelude::*;
use seaworthy::{
    finding::RepoPath,
    packages::{
        lockfile::{self, Format, LockedPackage, Lockfile, Origin},
        manifest,
    },
    sources::SourceFile,
};
use serde_json::Value;

use crate::support::{shared, unpack};

/// The format that each extractor of the fixtures reads.
const EXTRACTORS: &[(&str, &str)] = &[
    ("python/pdmlock", "pdm.lock"),
    ("python/pipfilelock", "Pipfile.lock"),
    ("python/poetrylock", "poetry.lock"),
    ("python/pylock", "pylock.toml"),
    ("python/requirements", "requirements.txt"),
    ("python/uvlock", "uv.lock"),
];

/// A fixture whose expectation is not ours. Packages are shown as `name version line`.
struct Difference {
    fixture: &'static str,
    reason: &'static str,
    /// What the fixture expects and we do not read. It is left out at that line, if it has one.
    theirs: &'static [&'static str],
    /// What we read and the fixture does not expect.
    ours: &'static [&'static str],
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        fixture: "python/pipfilelock/minified.json",
        reason: "the line is not given",
        theirs: &["markupsafe 2.1.1 0"],
        ours: &["markupsafe 2.1.1 1"],
    },
    Difference {
        fixture: "python/pipfilelock/multiple-packages.json",
        reason: "a package of two categories has two entries, and is installed with either",
        theirs: &[],
        ours: &["itsdangerous 2.1.2 80"],
    },
    Difference {
        fixture: "python/uvlock/one-package.lock",
        reason: "only packages with groups are expected there",
        theirs: &[],
        ours: &["emoji 2.14.0 5"],
    },
    Difference {
        fixture: "python/uvlock/two-packages.lock",
        reason: "only packages with groups are expected there",
        theirs: &[],
        ours: &["emoji 2.14.0 5", "protobuf 4.25.5 14"],
    },
    Difference {
        fixture: "python/uvlock/names-outside-package-block.lock",
        reason: "only packages with groups are expected there",
        theirs: &[],
        ours: &["first-pkg 1.0.0 5", "second-pkg 2.0.0 18"],
    },
    Difference {
        fixture: "python/uvlock/grouped-packages.lock",
        reason: "only packages with groups are expected there",
        theirs: &[],
        ours: &[
            "colorama 0.4.6 51",
            "emoji 2.14.0 60",
            "mccabe 0.7.0 83",
            "mypy-extensions 1.0.0 92",
            "packaging 24.2 101",
            "pathspec 0.12.1 110",
            "platformdirs 4.3.6 119",
            "pycodestyle 2.12.1 128",
            "pyflakes 3.2.0 137",
            "tomli 2.2.1 146",
            "typing-extensions 4.12.2 185",
        ],
    },
    Difference {
        fixture: "python/requirements/with_versions.txt",
        reason: "a bound is no version that is installed",
        theirs: &["combination-._-.also_-._valid 3.5 10", "newspaper3k 0.2.2 3", "pkg 1.2.3 12"],
        ours: &[],
    },
    Difference {
        fixture: "python/requirements/example.txt",
        reason: "a bound is no version, a wheel tells its own, and `pandas` is in another file",
        theirs: &["Mopidy-Dirble 1.1 17", "keyring 4.1.1 13", "pandas 2.2.3 0"],
        ours: &["numpy 1.9.2 25", "wxPython_Phoenix 3.0.3.dev1820+49a8884 28"],
    },
    Difference {
        fixture: "python/requirements/per_req_options.txt",
        reason: "pip refuses a version with a word after it",
        theirs: &["foo7 1.0 unexpected_text_before_options_stays_around 13"],
        ours: &[],
    },
];

fn read(format: &Format, path: &str, bytes: &[u8]) -> (SourceFile, Result<Lockfile, String>) {
    let file = SourceFile::new(RepoPath::new(path), bytes.to_vec());
    let read = lockfile::read_as(format, &file).map_err(|malformed| malformed.to_string());
    (file, read)
}

/// Fixtures of these extractors, with what they expect.
fn fixtures() -> Option<(tempfile::TempDir, Vec<(&'static Format, Value)>)> {
    let folder = unpack(&shared("data/lockfiles/parser-fixtures.tar.zst")?);
    let cases =
        fs::read_to_string(shared("data/lockfiles/parser-fixtures.jsonl")?).expect("as packed");
    let cases = cases.lines().map(|case| serde_json::from_str::<Value>(case).expect("as packed"));
    let formats: BTreeMap<_, _> = EXTRACTORS.iter().copied().collect();
    let cases = cases.filter_map(|case| {
        let format = formats.get(case["extractor"].as_str()?)?;
        Some((lockfile::format_named(format).expect("a known format"), case))
    });
    Some((folder, cases.collect()))
}

/// What a fixture expects: packages as `name version line`, and those for which it knows no version.
fn expected(case: &Value) -> (BTreeSet<String>, BTreeSet<u32>) {
    let (mut packages, mut unpinned) = (BTreeSet::new(), BTreeSet::new());
    for package in case["packages"].as_array().expect("as packed") {
        let (name, version) = (
            package["name"].as_str().expect("as packed"),
            package["version"].as_str().expect("as packed"),
        );
        let line =
            package["line"].as_u64().map_or(0, |line| u32::try_from(line).expect("as packed"));
        if version.is_empty() {
            unpinned.insert(line);
        } else {
            packages.insert(format!("{name} {version} {line}"));
        }
    }
    (packages, unpinned)
}

#[test]
fn fixtures_are_read_with_their_lines() {
    let Some((folder, cases)) = fixtures() else { return };
    assert_eq!(cases.len(), 45);
    for (format, case) in cases {
        let path = case["fixture"].as_str().unwrap();
        let (file, read) = read(format, path, &fs::read(folder.path().join(path)).unwrap());
        assert_eq!(read.is_err(), case["expect_error"] == true, "{path}");
        let Ok(read) = read else { continue };
        let (expected, unpinned) = expected(&case);
        let is_foreign = |package: &&LockedPackage| package.origin != Origin::Local;
        let line = |at: usize| file.line_of(at);
        let found: BTreeSet<String> = read
            .packages
            .iter()
            .filter(is_foreign)
            .map(|p| format!("{} {} {}", p.name, p.version, line(p.name_at.start)))
            .collect();
        let known = DIFFERENCES.iter().find(|difference| difference.fixture == path);
        let reason = known.map_or("", |known| known.reason);
        let theirs: Vec<&str> = known.map_or(vec![], |known| known.theirs.to_vec());
        let ours: Vec<&str> = known.map_or(vec![], |known| known.ours.to_vec());
        assert_eq!(expected.difference(&found).collect::<Vec<_>>(), theirs, "{path}: {reason}");
        assert_eq!(found.difference(&expected).collect::<Vec<_>>(), ours, "{path}: {reason}");
        let left_out: BTreeSet<u32> = read.left_out.iter().map(|fault| line(fault.at)).collect();
        let lines = theirs.iter().filter_map(|shown| shown.rsplit(' ').next()?.parse().ok());
        let lines = lines.filter(|line| *line > 0).chain(unpinned);
        assert!(
            lines.into_iter().all(|line: u32| left_out.contains(&line)),
            "{path}: {left_out:?}"
        );
    }
}

#[test]
fn real_lockfiles_have_the_packages_that_were_counted() {
    let Some(archive) = shared("data/lockfiles/lockfiles.tar.zst") else { return };
    let Some(cases) = shared("data/lockfiles/pypa-expected.jsonl") else { return };
    let folder = unpack(&archive);
    let mut count = 0;
    for case in fs::read_to_string(cases).unwrap().lines() {
        let case: Value = serde_json::from_str(case).unwrap();
        let path = case["lock"].as_str().unwrap();
        let text = fs::read_to_string(folder.path().join(path)).unwrap();
        let format = lockfile::format_of(&RepoPath::new(path)).expect("a known format");
        let read = read(format, path, text.as_bytes()).1.unwrap();
        for package in &read.packages {
            assert_eq!(text[package.name_at.clone()], package.name, "{path}");
            assert_eq!(text[package.version_at.clone()], package.version, "{path}");
            assert!(text[package.at.clone()].contains(&package.version), "{path}");
        }
        // Of a Pipfile.lock, entries without a version were counted too.
        let without_version = if format.name == "Pipfile.lock" { read.left_out.len() } else { 0 };
        let counted = case["deps"].as_u64().unwrap();
        assert_eq!((read.packages.len() + without_version) as u64, counted, "{path}");
        count += 1;
    }
    assert_eq!(count, 26);
}

#[test]
fn fixtures_of_projects_are_read_as_manifests() {
    let Some(archive) = shared("data/lockfiles/parser-fixtures.tar.zst") else { return };
    let Some(cases) = shared("data/lockfiles/parser-fixtures.jsonl") else { return };
    let folder = unpack(&archive);
    let format = manifest::manifest_of(&RepoPath::new("pyproject.toml")).unwrap();
    let mut count = 0;
    for case in fs::read_to_string(cases).unwrap().lines() {
        let case: Value = serde_json::from_str(case).unwrap();
        if case["extractor"] != "python/pyprojecttoml" {
            continue;
        }
        let path = case["fixture"].as_str().unwrap();
        let read = (format.read)(&fs::read_to_string(folder.path().join(path)).unwrap());
        assert_eq!(read.is_err(), case["expect_error"] == true, "{path}");
        // A version is expected there without its comparison.
        let shown = |name: &str, version: &str| format!("{name} {version}");
        let declared = read.map_or(vec![], |read| read.dependencies);
        let declared =
            declared.iter().map(|d| shown(&d.name, d.requirement.trim_matches(['=', '>'])));
        let expected = case["packages"].as_array().unwrap().iter();
        let text = |package: &Value, key: &str| package[key].as_str().unwrap().to_owned();
        let expected = expected.map(|p| shown(&text(p, "name"), &text(p, "version")));
        assert_eq!(declared.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{path}");
        count += 1;
    }
    assert_eq!(count, 6);
}

/// A small file of each format, with every kind of entry that it has.
const SAMPLES: &[(&str, &str)] = &[
    (
        "poetry.lock",
        "[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = [\"main\"]\n\n[package.dependencies]\n\
         B = [{version = \"*\", optional = true}]\n\n[package.source]\ntype = \"legacy\"\nurl = \"\"\n\n\
         [[package]]\nname = \"b\"\nversion = \"2\"\n\n[metadata]\nlock-version = \"2.1\"\n",
    ),
    (
        "uv.lock",
        "version = 1\n[[package]]\nname = \"a\"\nsource = { virtual = \".\" }\n\
         dependencies = [{ name = \"b\", version = \"2\" }]\n[package.dev-dependencies]\n\
         dev = [{ name = \"c\" }]\n[[package]]\nname = \"b\"\nversion = \"2\"\n\
         source = { registry = \"https://pypi.org/simple\" }\n",
    ),
    (
        "pdm.lock",
        "[metadata]\nlock_version = \"4.5.0\"\n[[package]]\nname = \"a\"\nversion = \"1\"\n\
         extras = [\"x\"]\ngroups = [\"dev\"]\ndependencies = [\"b<2; m\"]\n\
         [[package]]\nname = \"b\"\nversion = \"1\"\npath = \"./b\"\n",
    ),
    (
        "pylock.toml",
        "lock-version = \"1.0\"\ndefault-groups = [\"d\"]\n[[packages]]\nname = \"a\"\nversion = \"1\"\n\
         marker = \"('x' in extras or 'd' in dependency_groups) and os_name == 'é'\"\n\
         dependencies = [{name = \"b\"}]\n[[packages]]\nname = \"b\"\n[packages.vcs]\ntype = \"git\"\n",
    ),
    (
        "Pipfile.lock",
        "{\"_meta\": {\"sources\": [{\"name\": \"x\", \"url\": \"y\"}]}, \"default\": \
         {\"a\": {\"version\": \"==1\", \"index\": \"x\"}, \"b\": {\"path\": \".\"}}, \"develop\": {}}",
    ),
    (
        "requirements.txt",
        "-i https://x.example.org/\n-r b.txt -c'c'\na[x]==1 \\\n  --hash=sha256:0 # via b, -r x.in\n\
         b @ https://x/b-2-py3-none-any.whl#egg=b ; é\n    # via\n    #   a\n-e git+x#egg=é\nc>=1,(==2)\n",
    ),
];

proptest! {
    #[test]
    fn a_damaged_lockfile_is_read_or_refused(
        which in 0..SAMPLES.len(),
        at in any::<prop::sample::Index>(),
        length in 0_usize..20,
        put in "[\\[\\]{}=\"'#@,;:/\\\\. \\n\\ra-c0-9\u{e9}-]{0,12}",
    ) {
        let (name, sample) = SAMPLES[which];
        let mut bytes = sample.as_bytes().to_vec();
        let start = at.index(bytes.len());
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, put.bytes());
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        let format = lockfile::format_named(name).expect("a known format");
        match (format.read)(&text) {
            Ok(read) => {
                for (index, package) in read.packages.iter().enumerate() {
                    prop_assert!(text.get(package.at.clone()).is_some());
                    prop_assert!(text.get(package.name_at.clone()).is_some());
                    prop_assert!(text.get(package.version_at.clone()).is_some());
                    prop_assert!(!read.way_to(index).is_empty());
                }
                prop_assert!(read.left_out.iter().all(|fault| fault.at <= text.len()));
            }
            Err(fault) => prop_assert!(fault.at <= text.len()),
        }
    }
}
