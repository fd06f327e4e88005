//! Lockfiles, the advisory database, and what the dependency check makes of both.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use jiff::civil::{Date, date};
use proptest::prelude::*;
use seaworthy::{
    checks::Audit,
    engines::secret::scanner::Scanner,
    finding::{Finding, Outcome, Place, Ran, RepoPath},
    packages::{
        advisories::{self, Index},
        lockfile,
    },
    rule::{RuleSet, Severity, Tier},
    sources::SourceFile,
};
use serde_json::Value;

use crate::support::{audit_with, shared, unpack};

/// The day of the tests: no advisory of the data is younger.
const TODAY: Date = date(2026, 8, 31);

/// The public registry, as cargo writes it.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn source_file(path: &str, text: &[u8]) -> SourceFile {
    SourceFile::new(RepoPath::new(path), text.to_vec())
}

fn run(lockfile: &str, advisories: Option<Result<&Index, &str>>) -> Audit {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let files = vec![("app/Cargo.lock".to_owned(), lockfile.as_bytes().to_vec())];
    audit_with(&rules, &scanner, files, advisories)
}

fn outcome(audit: Audit) -> Outcome {
    let mut outcomes = audit.outcomes.into_iter();
    outcomes.find(|outcome| outcome.check == "dependency/cargo").expect("the check is there")
}

/// An advisory database of invented packages.
struct Database {
    folder: tempfile::TempDir,
}

impl Database {
    fn new() -> Self {
        let database = Self { folder: tempfile::tempdir().expect("a folder") };
        let add = |id: &str, package: &str, head: &str, versions: &str| {
            database.add(id, package, head, versions);
        };
        let cvss = r#"cvss = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H""#;
        add("RUSTSEC-2020-0001", "leaky", cvss, r#"patched = [">= 1.4.2, < 1.5.0", ">= 1.6.1"]"#);
        add(
            "RUSTSEC-2020-0002",
            "leaky",
            r#"informational = "unsound""#,
            r#"patched = [">= 1.6.0"]"#,
        );
        add("RUSTSEC-2020-0003", "leaky", r#"withdrawn = "2020-02-02""#, "patched = []");
        add(
            "RUSTSEC-2020-0004",
            "leaky",
            "",
            r#"patched = [">= 9.0.0"]
unaffected = ["< 2.0.0"]"#,
        );
        let aliases = r#"aliases = ["GHSA-aaaa-bbbb-cccc", "CVE-2021-0001"]"#;
        add("RUSTSEC-2021-0001", "twice", aliases, r#"patched = [">= 0.3.0"]"#);
        add("RUSTSEC-2021-0002", "twice", aliases, r#"patched = [">= 0.3.0"]"#);
        add("RUSTSEC-2021-0003", "resting", r#"informational = "unmaintained""#, "patched = []");
        add("RUSTSEC-2021-0004", "noted", r#"informational = "notice""#, "patched = []");
        add(
            "RUSTSEC-2021-0005",
            "windows-only",
            "",
            "patched = []\n[affected]\nos = [\"windows\"]",
        );
        database
    }

    fn add(&self, id: &str, package: &str, head: &str, versions: &str) {
        let folder = self.folder.path().join("crates").join(package);
        fs::create_dir_all(&folder).expect("a folder");
        let text = format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2021-06-0{}\"\n{head}\n\
             [versions]\n{versions}\n```\n\n# Invented weakness of {package}\n\nWords.\n",
            &id[id.len() - 1..],
        );
        fs::write(folder.join(format!("{id}.md")), text).expect("a file");
    }

    fn open(&self) -> Index {
        advisories::open(self.folder.path(), TODAY).expect("a database")
    }
}

/// A lockfile in which `app` requires the packages, each from the public registry.
fn lockfile(packages: &[(&str, &str)]) -> String {
    let requirement = |(name, version): &(&str, &str)| format!(" \"{name} {version}\",\n");
    let entry = |(name, version): &(&str, &str)| {
        format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{REGISTRY}\"\n"
        )
    };
    let requirements: Vec<String> = packages.iter().map(requirement).collect();
    let entries: Vec<String> = packages.iter().map(entry).collect();
    format!(
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n{}]\n{}",
        requirements.concat(),
        entries.concat()
    )
}

fn audited(packages: &[(&str, &str)]) -> Vec<Finding> {
    let database = Database::new();
    let advisories = database.open();
    outcome(run(&lockfile(packages), Some(Ok(&advisories)))).findings
}

fn evidence<'a>(finding: &'a Finding, label: &str) -> Vec<&'a str> {
    let of = finding.evidence.iter().filter(|evidence| evidence.label == label);
    of.map(|evidence| evidence.text.as_str()).collect()
}

#[test]
fn a_vulnerable_package_is_shown_at_its_version_with_the_way_to_it() {
    let found = audited(&[("leaky", "1.4.1")]);
    let finding = found.iter().find(|f| f.rule.as_str() == "dependency/vulnerable").unwrap();
    let Place::Package { at, package } = &finding.place else { panic!("{:?}", finding.place) };
    assert_eq!((at.span.start_line, at.span.start_column, at.span.end_column), (12, 12, 17));
    assert_eq!((package.ecosystem.as_str(), package.name.as_str()), ("crates.io", "leaky"));
    assert_eq!(finding.severity, Severity::Critical);
    assert_eq!(
        finding.message.as_str(),
        "RUSTSEC-2020-0001: leaky 1.4.1 — Invented weakness of leaky"
    );
    assert_eq!(evidence(finding, "required by"), ["app 0.1.0 → leaky 1.4.1"]);
    assert_eq!(evidence(finding, "repaired in"), [">=1.4.2, <1.5.0 or >=1.6.1"]);
    assert_eq!(evidence(finding, "database"), ["advisories of 2021-06-05"]);
}

#[test]
fn the_repair_leaves_every_affected_range() {
    let found = audited(&[("leaky", "1.4.1")]);
    let fix = found[0].fix.as_ref().unwrap();
    // 1.4.2 repairs the vulnerability, and is unsound still.
    assert_eq!(fix.command.as_deref(), Some("cargo update -p leaky --precise 1.6.1"));
    assert!(fix.edits.is_empty());
}

#[test]
fn a_repair_that_is_not_compatible_has_no_command() {
    let found = audited(&[("twice", "0.2.9")]);
    let fix = found[0].fix.as_ref().unwrap();
    assert_eq!(fix.command, None);
    assert!(fix.title.as_str().contains("0.3.0, is not semver-compatible with 0.2.9"), "{fix:?}");
}

#[test]
fn a_package_that_is_there_twice_is_named_with_its_version() {
    let found = audited(&[("leaky", "1.4.1"), ("leaky", "1.7.0")]);
    let fix = found[0].fix.as_ref().unwrap();
    assert_eq!(fix.command.as_deref(), Some("cargo update -p leaky@1.4.1 --precise 1.6.1"));
}

#[test]
fn advisories_about_the_same_weakness_are_one_finding() {
    let found = audited(&[("twice", "0.2.9")]);
    assert_eq!(found.len(), 1);
    assert_eq!(evidence(&found[0], "advisory").len(), 2);
    assert!(found[0].message.as_str().starts_with("RUSTSEC-2021-0001 (CVE-2021-0001): "));
}

#[test]
fn unmaintained_unsound_and_notices_warn_and_do_not_block() {
    let found = audited(&[("leaky", "1.5.9"), ("noted", "1.0.0"), ("resting", "1.0.0")]);
    let mut shown: Vec<_> = found.iter().map(|f| (f.rule.as_str(), f.severity, f.tier)).collect();
    shown.sort_unstable();
    assert_eq!(
        shown,
        [
            ("dependency/notice", Severity::Note, Tier::Warning),
            ("dependency/unmaintained", Severity::Low, Tier::Warning),
            ("dependency/unsound", Severity::Low, Tier::Warning),
            ("dependency/vulnerable", Severity::Critical, Tier::Default),
        ]
    );
}

#[test]
fn unaffected_patched_and_withdrawn_are_silent() {
    assert_eq!(audited(&[("leaky", "1.7.0"), ("twice", "0.3.0"), ("unheard-of", "1.0.0")]), []);
}

#[test]
fn a_pre_release_of_the_repaired_version_is_affected() {
    assert_eq!(audited(&[("twice", "0.3.0-rc.1")]).len(), 1);
}

#[test]
fn a_platform_is_named() {
    let found = audited(&[("windows-only", "1.0.0")]);
    assert_eq!(evidence(&found[0], "only on"), ["windows"]);
    assert_eq!(evidence(&found[0], "repaired in"), ["no version yet"]);
    assert_eq!(found[0].severity, Severity::High);
}

#[test]
fn a_package_from_elsewhere_is_a_gap_and_no_finding() {
    let database = Database::new();
    let advisories = database.open();
    let text =
        lockfile(&[("leaky", "1.4.1")]).replace(REGISTRY, "git+https://example.org/leaky#abc");
    let outcome = outcome(run(&text, Some(Ok(&advisories))));
    assert_eq!((outcome.findings.len(), outcome.looked_at, &outcome.ran), (0, 0, &Ran::Complete));
    assert!(outcome.gaps[0].reason.starts_with("1 package is not from"), "{:?}", outcome.gaps);
}

#[test]
fn without_a_database_nothing_was_looked_at() {
    let outcome = outcome(run(&lockfile(&[("leaky", "1.4.1")]), None));
    assert_eq!(outcome.looked_at, 0);
    assert!(outcome.ran.is_incomplete(), "{:?}", outcome.ran);
    let gap = &outcome.gaps[0];
    assert!(gap.incomplete && gap.reason.contains("--advisory-db"), "{gap:?}");
}

#[test]
fn a_lockfile_that_can_not_be_read_is_a_gap_with_its_line() {
    let database = Database::new();
    let advisories = database.open();
    let text = lockfile(&[("leaky", "1.4.1")]).replace("\"1.4.1\"", "1.4.1");
    let outcome = outcome(run(&text, Some(Ok(&advisories))));
    assert_eq!(outcome.looked_at, 0);
    assert!(outcome.ran.is_incomplete());
    assert!(outcome.gaps[0].reason.contains("line 12: "), "{:?}", outcome.gaps);
}

#[test]
fn an_advisory_that_can_not_be_read_makes_the_check_partial() {
    let database = Database::new();
    let broken = database.folder.path().join("crates/twice/RUSTSEC-2021-0002.md");
    fs::write(broken, "half a fi").unwrap();
    let advisories = database.open();
    let outcome =
        outcome(run(&lockfile(&[("leaky", "1.4.1"), ("twice", "0.2.9")]), Some(Ok(&advisories))));
    assert!(outcome.ran.is_incomplete());
    assert_eq!(outcome.findings.len(), 3, "what could be read is still told");
}

#[test]
fn a_folder_without_advisories_is_refused() {
    let empty = tempfile::tempdir().unwrap();
    assert!(advisories::open(empty.path(), TODAY).is_err());
    fs::create_dir(empty.path().join("crates")).unwrap();
    assert!(advisories::open(empty.path(), TODAY).is_err());
    // A workspace of crates looks alike from afar.
    fs::create_dir(empty.path().join("crates/mine")).unwrap();
    fs::write(empty.path().join("crates/mine/README.md"), "# mine\n").unwrap();
    assert!(advisories::open(empty.path(), TODAY).is_err());
}

/// Every `Cargo.lock` of the shared data, by its path there.
fn real_lockfiles(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let cases = fs::read_dir(folder.join("Cargo_lock")).expect("as packed");
    let names =
        cases.map(|case| case.expect("as packed").file_name().into_string().expect("as packed"));
    names
        .map(|name| format!("Cargo_lock/{name}/Cargo.lock"))
        .map(|path| (path.clone(), fs::read(folder.join(&path)).expect("as packed")))
        .collect()
}

#[test]
fn real_lockfiles_are_read_as_the_reference_reads_them() {
    let Some(archive) = shared("data/lockfiles/lockfiles.tar.zst") else { return };
    let folder = unpack(&archive);
    let mut count = 0;
    for (path, bytes) in real_lockfiles(folder.path()) {
        let text = std::str::from_utf8(&bytes).unwrap();
        let reference: rustsec::Lockfile = text.parse().unwrap();
        let file = source_file(&path, &bytes);
        let read = lockfile::read(&file).unwrap();
        let shown = |name: &str, version: &str| format!("{name} {version}");
        let mut expected = BTreeSet::new();
        for package in &reference.packages {
            for required in &package.dependencies {
                let edge = shown(required.name.as_str(), &required.version.to_string());
                expected.insert((shown(package.name.as_str(), &package.version.to_string()), edge));
            }
        }
        let mut edges = BTreeSet::new();
        for package in &read.packages {
            assert_eq!(text[package.name_at.clone()], package.name, "{path}");
            assert_eq!(text[package.version_at.clone()], package.version, "{path}");
            for required in package.requires.iter().map(|at| &read.packages[*at]) {
                let edge = shown(&required.name, &required.version);
                edges.insert((shown(&package.name, &package.version), edge));
            }
        }
        assert_eq!(read.packages.len(), reference.packages.len(), "{path}");
        assert_eq!(edges, expected, "{path}");
        count += read.packages.len();
    }
    assert!(count > 18_000, "{count}");
}

#[test]
fn fixtures_of_lockfiles_are_read_with_their_lines() {
    let Some(archive) = shared("data/lockfiles/parser-fixtures.tar.zst") else { return };
    let Some(cases) = shared("data/lockfiles/parser-fixtures.jsonl") else { return };
    let folder = unpack(&archive);
    let mut count = 0;
    for case in fs::read_to_string(cases).unwrap().lines() {
        let case: Value = serde_json::from_str(case).unwrap();
        if case["extractor"] != "rust/cargolock" {
            continue;
        }
        let path = case["fixture"].as_str().unwrap();
        let file = source_file(path, &fs::read(folder.path().join(path)).unwrap());
        let format = lockfile::format_named("Cargo.lock").expect("a known format");
        let read = lockfile::read_as(format, &file);
        if case["expect_error"] == true {
            assert!(read.is_err(), "{path}");
            continue;
        }
        let shown = |name: &str, version: &str, line: u64| format!("{name} {version} {line}");
        let expected = case["packages"].as_array().unwrap().iter().map(|package| {
            let text = |key: &str| package[key].as_str().unwrap();
            // Not every case says where.
            shown(text("name"), text("version"), package["line"].as_u64().unwrap_or_default())
        });
        let expected: Vec<String> = expected.collect();
        let has_lines = expected.iter().all(|package| !package.ends_with(" 0"));
        let read: Vec<String> = read
            .unwrap()
            .packages
            .iter()
            .map(|package| {
                let line = if has_lines { file.line_of(package.name_at.start) } else { 0 };
                shown(&package.name, &package.version, line.into())
            })
            .collect();
        assert_eq!(read, expected, "{path}");
        count += 1;
    }
    assert!(count > 0);
}

fn triples(list: &Value) -> impl Iterator<Item = (String, String, String)> {
    let text = |value: &Value, at: usize| value[at].as_str().expect("as listed").to_owned();
    let list = list.as_array().into_iter().flatten();
    list.map(move |triple| (text(triple, 0), text(triple, 1), text(triple, 2)))
}

type Found = BTreeSet<(String, String, String, String)>;

fn expected(case: &Value) -> Found {
    let warnings = &case["warnings"];
    let lists = [
        ("vulnerable", &case["vulns"]),
        ("unmaintained", &warnings["unmaintained"]),
        ("unsound", &warnings["unsound"]),
        ("notice", &warnings["notice"]),
    ];
    let named = lists.into_iter().flat_map(|(rule, list)| {
        triples(list).map(move |(id, name, version)| (rule.to_owned(), id, name, version))
    });
    named.collect()
}

fn found(findings: &[Finding]) -> Found {
    let mut found = Found::new();
    for finding in findings {
        let rule = finding.rule.as_str().trim_start_matches("dependency/").to_owned();
        let Place::Package { package, .. } = &finding.place else { panic!("{finding:?}") };
        for advisory in evidence(finding, "advisory") {
            let id = advisory.split([',', ' ']).next().expect("as listed").to_owned();
            found.insert((rule.clone(), id, package.name.clone(), package.version.clone()));
        }
    }
    found
}

#[test]
fn findings_agree_with_the_reference_on_real_lockfiles() {
    let Some(locks) = shared("data/lockfiles/lockfiles.tar.zst") else { return };
    let Some(database) = shared("data/advisories/rustsec.tar.zst") else { return };
    let Some(cases) = shared("data/lockfiles/cargo-audit.jsonl") else { return };
    let (locks, database) = (unpack(&locks), unpack(&database));
    let advisories = advisories::open(database.path(), TODAY).unwrap();
    let mut count = 0;
    for case in fs::read_to_string(cases).unwrap().lines() {
        let case: Value = serde_json::from_str(case).unwrap();
        let path = case["lock"].as_str().unwrap();
        let text = fs::read_to_string(locks.path().join(path)).unwrap();
        let outcome = outcome(run(&text, Some(Ok(&advisories))));
        assert_eq!(outcome.ran, Ran::Complete, "{path}");
        let (found, expected) = (found(&outcome.findings), expected(&case));
        let missed: Vec<_> = expected.difference(&found).collect();
        let extra: Vec<_> = found.difference(&expected).collect();
        assert!(missed.is_empty() && extra.is_empty(), "{path}\n{missed:?}\n{extra:?}");
        count += expected.len();
    }
    assert!(count > 1_700, "{count}");
}

proptest! {
    #[test]
    fn any_bytes_as_a_lockfile_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let file = source_file("Cargo.lock", &bytes);
        if let Err(malformed) = lockfile::read(&file) {
            prop_assert!(malformed.line >= 1);
        }
    }

    #[test]
    fn a_damaged_lockfile_is_read_or_refused(
        at in any::<prop::sample::Index>(),
        length in 0_usize..20,
        put in "[\\[\\]{}=\"'#, .\\na-c0-9\u{e9}]{0,12}",
    ) {
        let mut text = lockfile(&[("leaky", "1.4.1"), ("twice", "0.2.9")]).into_bytes();
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        text.splice(start..end, put.bytes());
        let file = source_file("Cargo.lock", &text);
        if let Ok(lockfile) = lockfile::read(&file) {
            for (index, package) in lockfile.packages.iter().enumerate() {
                prop_assert!(package.at.end <= text.len());
                prop_assert!(!lockfile.way_to(index).is_empty());
            }
        }
    }

    #[test]
    fn any_text_as_a_manifest_is_judged_or_passed_over(
        text in "([a-z]{1,9}|[\\[\\]{}=\"',:/ \\n]|require|replace|package|dependencies|=>|gem){0,40}",
    ) {
        let rules = RuleSet::baked();
        let scanner = Scanner::new(&rules);
        let names = [
            "Cargo.toml", "package.json", "pyproject.toml", "Pipfile", "Gemfile", "composer.json", "go.mod",
            ".gitignore", "CODEOWNERS",
        ];
        let files = names.map(|name| (name.to_owned(), text.clone().into_bytes())).to_vec();
        let audit = audit_with(&rules, &scanner, files, None);
        prop_assert!(audit.outcomes.iter().any(|outcome| outcome.check == "hygiene/lockfiles"));
    }
}
