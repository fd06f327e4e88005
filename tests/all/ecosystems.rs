//! Lockfiles of every ecosystem against one database: what is found, and what never reads as clean.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use jiff::civil::{Date, date};
use seaworthy::{
    checks::Audit,
    engines::secret::scanner::Scanner,
    finding::{Finding, Outcome, Place, Ran},
    judgement::{self, Policy},
    packages::{
        Ecosystem,
        advisories::{self, Builder, Index},
        lockfile,
    },
    report::{Status, Subject},
    rule::{RuleSet, Severity},
};
use serde_json::Value;

use crate::support::{audit_with, shared, unpack};

/// The day of the tests: no advisory of the data is younger.
const TODAY: Date = date(2026, 8, 31);

/// An advisory in the OSV format about one package, from the first version to `fixed`.
fn osv(id: &str, ecosystem: &str, name: &str, fixed: &str, more: &str) -> String {
    format!(
        r#"{{"id": "{id}", "modified": "2026-08-01T00:00:00Z", "published": "2026-07-01T00:00:00Z",
            "summary": "Invented weakness", {more} "affected": [{{
                "package": {{"ecosystem": "{ecosystem}", "name": "{name}"}},
                "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]}}]}}]}}"#
    )
}

fn index_of(advisories: &[(&str, String)]) -> Index {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in advisories {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    advisories::open(folder.path(), TODAY).expect("a database")
}

/// A database with one weakness in each of three ecosystems.
fn small_index() -> Index {
    let alias = r#""aliases": ["CVE-2026-1"],"#;
    index_of(&[
        ("GHSA-1.json", osv("GHSA-1", "npm", "@scope/leaky", "1.2.0", alias)),
        ("PYSEC-1.json", osv("PYSEC-1", "PyPI", "leaky", "1.2.0", alias)),
        ("GHSA-2.json", osv("GHSA-2", "PyPI", "Leaky", "1.2.0", alias)),
        ("GO-1.json", osv("GO-1", "Go", "example.org/leaky", "1.2.0", "")),
        ("MAL-1.json", osv("MAL-1", "npm", "leeky", "99.0.0", "")),
    ])
}

fn audit(files: &[(&str, &str)], advisories: Option<Result<&Index, &str>>) -> Audit {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    audit_with(&rules, &scanner, files.collect(), advisories)
}

fn outcome<'a>(audit: &'a Audit, check: &str) -> &'a Outcome {
    audit.outcomes.iter().find(|outcome| outcome.check == check).expect("the subject is there")
}

/// How the control about vulnerable dependencies ends.
fn control(audit: Audit) -> (Status, String) {
    let rules = RuleSet::baked();
    let policy = Policy::plain(&rules, TODAY);
    let subject = Subject {
        name: "test".to_owned(),
        commit: None,
        base: None,
        target: None,
        files: 1,
        front: None,
    };
    let report = judgement::judge(audit.outcomes, &policy, subject);
    let row = report.controls.iter().find(|row| row.control.as_str() == "PERF-017");
    row.map(|row| (row.status, row.because.clone())).expect("the control is there")
}

const NPM: &str = r#"{
  "name": "app", "lockfileVersion": 3,
  "packages": {
    "": {"name": "app", "dependencies": {"@scope/leaky": "1", "other": "1"}},
    "node_modules/@scope/leaky": {"version": "1.1.0"},
    "node_modules/other": {"version": "1.0.0"},
    "node_modules/other/node_modules/@scope/leaky": {"version": "1.1.0"}
  }
}
"#;
const PYTHON: &str = "Leaky==1.1.0\n";
const GO: &str = "module app\n\ngo 1.22\n\nrequire example.org/leaky v1.1.0\n";

#[test]
fn every_ecosystem_is_a_subject_with_its_own_findings() {
    let index = small_index();
    let files = [("package-lock.json", NPM), ("requirements.txt", PYTHON), ("go.mod", GO)];
    let audit = audit(&files, Some(Ok(&index)));
    let shown: Vec<(&str, u64, Vec<&str>)> = ["npm", "pypi", "go", "cargo"]
        .into_iter()
        .map(|name| {
            let outcome = outcome(&audit, &format!("dependency/{name}"));
            let messages = outcome.findings.iter().map(|finding| finding.message.as_str());
            (name, outcome.looked_at, messages.collect())
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("npm", 1, vec!["GHSA-1 (CVE-2026-1): @scope/leaky 1.1.0 — Invented weakness"]),
            ("pypi", 1, vec!["PYSEC-1 (CVE-2026-1): Leaky 1.1.0 — Invented weakness"]),
            ("go", 1, vec!["GO-1: example.org/leaky 1.1.0 — Invented weakness"]),
            ("cargo", 0, vec![]),
        ]
    );
}

#[test]
fn a_package_that_is_installed_twice_is_one_finding_with_both_places() {
    let index = small_index();
    let audit = audit(&[("package-lock.json", NPM)], Some(Ok(&index)));
    let [finding] = outcome(&audit, "dependency/npm").findings.as_slice() else { panic!() };
    let line = |place: &Place| place.file().map(|at| at.span.start_line);
    assert_eq!(line(&finding.place), Some(5));
    let others: Vec<_> = finding.related.iter().map(|step| line(&step.place)).collect();
    assert_eq!(others, [Some(7)]);
    let command = finding.fix.as_ref().and_then(|fix| fix.command.as_deref());
    assert_eq!(command, Some("npm install @scope/leaky@1.2.0"));
}

#[test]
fn a_malicious_package_is_critical() {
    let index = small_index();
    let lock = NPM.replace("@scope/leaky", "leeky");
    let audit = audit(&[("package-lock.json", &lock)], Some(Ok(&index)));
    let [finding] = outcome(&audit, "dependency/npm").findings.as_slice() else { panic!() };
    assert_eq!(finding.rule.as_str(), "dependency/malicious");
    assert_eq!(finding.severity, Severity::Critical);
}

#[test]
fn what_was_compared_and_is_clean_passes() {
    let index = small_index();
    let audit = audit(&[("requirements.txt", "leaky==1.2.0\n")], Some(Ok(&index)));
    assert_eq!(control(audit).0, Status::Pass);
}

#[test]
fn without_a_database_no_lockfile_of_any_format_reads_as_clean() {
    for (path, text) in [("package-lock.json", NPM), ("requirements.txt", PYTHON), ("go.mod", GO)] {
        for advisories in [None, Some(Err("no advisory in `empty`"))] {
            let audit = audit(&[(path, text)], advisories);
            let incomplete = audit.outcomes.iter().filter(|outcome| outcome.ran.is_incomplete());
            assert_eq!(incomplete.count(), 1, "{path}");
            assert_eq!(control(audit).0, Status::NotAssessed, "{path}");
        }
    }
}

#[test]
fn an_empty_database_is_refused() {
    let empty = tempfile::tempdir().unwrap();
    assert!(advisories::open(empty.path(), TODAY).is_err());
    let withdrawn = osv("GHSA-1", "npm", "a", "1.0.0", r#""withdrawn": "2026-08-02T00:00:00Z","#);
    fs::write(empty.path().join("GHSA-1.json"), withdrawn).unwrap();
    assert!(advisories::open(empty.path(), TODAY).is_err());
}

#[test]
fn an_ecosystem_that_the_database_does_not_know_is_told_and_does_not_pass() {
    let index = small_index();
    let lock = "GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (2.0.0)\n\nDEPENDENCIES\n  rack\n";
    let audit =
        audit(&[("Gemfile.lock", lock), ("requirements.txt", "leaky==1.2.0\n")], Some(Ok(&index)));
    let outcome = outcome(&audit, "dependency/rubygems");
    assert_eq!((outcome.looked_at, &outcome.ran), (0, &Ran::Complete));
    assert!(outcome.gaps[0].reason.contains("knows nothing of RubyGems"), "{:?}", outcome.gaps);
    assert_eq!(control(audit).0, Status::NotAssessed);
}

#[test]
fn a_package_without_a_known_version_never_reads_as_clean() {
    let index = small_index();
    for text in ["leaky>=1.0\n", "other==1.0.0\nleaky\n", "leaky==${VERSION}\n", "-r base.in\n"] {
        let audit = audit(&[("requirements.txt", text)], Some(Ok(&index)));
        let outcome = outcome(&audit, "dependency/pypi");
        assert_eq!((outcome.looked_at, outcome.gaps.is_empty()), (0, false), "{text}");
        assert_eq!(control(audit).0, Status::NotAssessed, "{text}");
    }
}

#[test]
fn a_package_whose_version_can_not_be_compared_never_reads_as_clean() {
    let index = small_index();
    let leaky = audit(&[("requirements.txt", "leaky===newest\n")], Some(Ok(&index)));
    assert_eq!(control(leaky).0, Status::NotAssessed);
    // Nothing is known of the other one in any version.
    let other = audit(&[("requirements.txt", "other===newest\n")], Some(Ok(&index)));
    assert_eq!(control(other).0, Status::Pass);
}

#[test]
fn an_unreadable_lockfile_of_any_format_never_reads_as_clean() {
    let index = small_index();
    for (path, text) in [
        ("package-lock.json", "{\n\"lockfileVersion\": 3,\n"),
        ("poetry.lock", "[[package]\n"),
        ("go.mod", "module a\n<<<<<<< HEAD\n"),
        ("yarn.lock", "\u{1}<html>\n"),
        ("pom.xml", "<project>\n"),
    ] {
        let audit = audit(&[(path, text)], Some(Ok(&index)));
        let reasons: Vec<&str> = audit
            .outcomes
            .iter()
            .filter(|outcome| outcome.check.starts_with("dependency/"))
            .filter(|outcome| outcome.ran.is_incomplete())
            .flat_map(|outcome| outcome.gaps.iter().map(|gap| gap.reason.as_str()))
            .collect();
        assert!(reasons[0].starts_with("could not be read: line "), "{path}: {reasons:?}");
        assert_eq!(control(audit).0, Status::NotAssessed, "{path}");
    }
}

#[test]
fn packages_of_a_distribution_of_unknown_release_never_read_as_clean() {
    let index = index_of(&[("DSA-1.json", osv("DSA-1", "Debian:12", "glibc", "2.37-1", ""))]);
    let status = "Package: glibc\nStatus: install ok installed\nVersion: 2.36-9\n";
    let audit = audit(&[("var/lib/dpkg/status", status)], Some(Ok(&index)));
    assert_eq!(control(audit).0, Status::NotAssessed);
}

#[test]
fn a_lockfile_is_read_as_of_the_ecosystem_of_its_format() {
    let Some(archive) = shared("data/lockfiles/lockfiles.tar.zst") else { return };
    let folder = unpack(&archive);
    let mut count = 0;
    for path in files_below(folder.path()) {
        let bytes = fs::read(folder.path().join(&path)).unwrap();
        let file =
            seaworthy::sources::SourceFile::new(seaworthy::finding::RepoPath::new(&path), bytes);
        let Some(format) = lockfile::format_of(file.path()) else { continue };
        if let Ok(read) = lockfile::read(&file) {
            assert_eq!(read.ecosystem, format.ecosystem, "{path}");
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let inside = path.strip_prefix(folder).expect("below");
                files.push(inside.to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    files
}

type Found = BTreeSet<(String, String, String)>;

/// Name as the registry folds it, so that `Jinja2` is `jinja2`.
fn folded(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

fn found(findings: &[Finding]) -> Found {
    let mut found = Found::new();
    for finding in findings {
        let Place::Package { package, .. } = &finding.place else { panic!("{finding:?}") };
        for evidence in finding.evidence.iter().filter(|evidence| evidence.label == "advisory") {
            let id = evidence.text.as_str().split([',', ' ']).next().expect("an id").to_owned();
            found.insert((id, folded(&package.name), package.version.clone()));
        }
    }
    found
}

#[test]
fn findings_agree_with_the_exact_versions_of_the_python_advisories() {
    let Some(locks) = shared("data/lockfiles/lockfiles.tar.zst") else { return };
    let Some(database) = shared("data/advisories/pypa.tar.zst") else { return };
    let Some(cases) = shared("data/lockfiles/pypa-expected.jsonl") else { return };
    let locks = unpack(&locks);
    let mut builder = Builder::new(TODAY);
    builder.add_path(&database).unwrap();
    let index = Index::of_bytes(builder.finish(None).unwrap(), Path::new("memory")).unwrap();
    assert_eq!(index.sources_of(Ecosystem::PyPi).count(), 1);
    let (mut count, mut wrong) = (0, BTreeMap::new());
    for case in fs::read_to_string(cases).unwrap().lines() {
        let case: Value = serde_json::from_str(case).unwrap();
        let path = case["lock"].as_str().unwrap();
        let text = fs::read_to_string(locks.path().join(path)).unwrap();
        let audit = audit(&[(path, &text)], Some(Ok(&index)));
        let found = found(&outcome(&audit, "dependency/pypi").findings);
        let list = case["findings"].as_array().unwrap().iter().map(|triple| {
            let part = |at: usize| triple[at].as_str().unwrap().to_owned();
            (part(0), folded(&part(1)), part(2))
        });
        let expected: Found = list.collect();
        count += expected.len();
        let differences: Vec<_> = found.symmetric_difference(&expected).cloned().collect();
        if !differences.is_empty() {
            wrong.insert(path.to_owned(), differences);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(count, 1_547);
}
