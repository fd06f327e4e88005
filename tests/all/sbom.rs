//! Bills of materials: what is written is read as the same, and what a bill holds is audited.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::{Command, Output},
};

use jiff::{Timestamp, civil::date};
use seaworthy::{
    engines::secret::scanner::Scanner,
    finding::{Outcome, Ran, RepoPath},
    packages::{
        Ecosystem,
        advisories::{Builder, Index},
        lockfile::{self, Lockfile, Origin, Scope, sbom},
        sbom::{Bill, Listed, cyclonedx, spdx},
    },
    rule::RuleSet,
    sources::SourceFile,
};

use crate::support::{audit_with, shared, unpack};

const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/shop/vulnerable");

fn seaworthy(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .output()
        .expect("the program starts")
}

/// Names and versions of a registry, and what they are needed for.
type Packages = BTreeMap<(Ecosystem, String, String), Scope>;

fn packages(lockfiles: &[Lockfile]) -> Packages {
    let mut packages = Packages::new();
    for lockfile in lockfiles {
        let of_registry = lockfile.packages.iter().filter(|it| it.origin == Origin::Registry);
        for package in of_registry {
            let name = lockfile.ecosystem.folded(&package.name);
            let scope = packages
                .entry((lockfile.ecosystem, name, package.version.clone()))
                .or_insert(package.scope);
            *scope = package.scope.min(*scope);
        }
    }
    packages
}

fn documents(listed: Listed) -> [String; 2] {
    let bill = Bill::new("folder", &[listed], Vec::new(), &str::to_owned);
    let cyclonedx = cyclonedx::document(&bill, None).expect("a document");
    let spdx = spdx::document(&bill, Timestamp::UNIX_EPOCH).expect("a document");
    [
        serde_json::to_string_pretty(&cyclonedx).expect("JSON"),
        serde_json::to_string_pretty(&spdx).expect("JSON"),
    ]
}

fn files_below(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files_below(&path, files) } else { files.push(path) }
    }
}

#[test]
fn what_is_written_of_real_lockfiles_is_read_as_the_same_packages() {
    let Some(archive) = shared("data/lockfiles/lockfiles.tar.zst") else { return };
    let folder = unpack(&archive);
    let mut paths = Vec::new();
    files_below(folder.path(), &mut paths);
    let mut count = 0;
    for path in paths {
        let inside = path.strip_prefix(folder.path()).unwrap().to_string_lossy().into_owned();
        let read = || SourceFile::new(RepoPath::new(&inside), fs::read(&path).unwrap());
        let file = read();
        let Ok(lockfile) = lockfile::read(&file) else { continue };
        let expected = packages(std::slice::from_ref(&lockfile));
        for document in documents(Listed { file, lockfile }) {
            let read = sbom::read_all(&document).unwrap();
            assert!(packages(&read) == expected, "{inside}");
        }
        count += 1;
    }
    assert!(count > 100, "{count}");
}

fn messages(path: &str, text: &str, index: &Index) -> BTreeSet<String> {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let files = vec![(path.to_owned(), text.as_bytes().to_vec())];
    let outcomes = audit_with(&rules, &scanner, files, Some(Ok(index))).outcomes;
    let of_dependencies =
        outcomes.into_iter().filter(|outcome| outcome.check.starts_with("dependency/"));
    let findings = of_dependencies.flat_map(|outcome| outcome.findings);
    findings.map(|finding| finding.message.as_str().to_owned()).collect()
}

#[test]
fn what_is_written_of_a_lockfile_has_the_same_findings() {
    let Some(archive) = shared("data/lockfiles/lockfiles.tar.zst") else { return };
    let mut builder = Builder::new(date(2026, 8, 31));
    for name in ["rustsec", "php", "go-vulndb"] {
        let Some(archive) = shared(&format!("data/advisories/{name}.tar.zst")) else { return };
        builder.add_path(&archive).unwrap();
    }
    let index = Index::of_bytes(builder.finish(None).unwrap(), Path::new("memory")).unwrap();
    let folder = unpack(&archive);
    let mut count = 0;
    for path in [
        "Cargo_lock/biomejs+biome@2023-05-21/Cargo.lock",
        "Cargo_lock/casey+just@2022-05-31/Cargo.lock",
        "Cargo_lock/launchbadge+sqlx@2021-05-24/Cargo.lock",
        "go_mod/argoproj+argo-cd@2021-05-27/go.mod",
    ] {
        let bytes = fs::read(folder.path().join(path)).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let file = SourceFile::new(RepoPath::new(path), bytes);
        let lockfile = lockfile::read(&file).unwrap();
        let expected = messages(path, &text, &index);
        let [cyclonedx, spdx] = documents(Listed { file, lockfile });
        assert_eq!(messages("bom.json", &cyclonedx, &index), expected, "{path}");
        assert_eq!(messages("a.spdx.json", &spdx, &index), expected, "{path}");
        count += expected.len();
    }
    assert!(count > 30, "{count}");
}

/// A database with a weakness of the same name in two ecosystems.
fn small_index() -> Index {
    let folder = tempfile::tempdir().expect("a folder");
    for (id, ecosystem) in [("GHSA-1", "npm"), ("PYSEC-1", "PyPI")] {
        let text = format!(
            r#"{{"id": "{id}", "modified": "2026-08-01T00:00:00Z", "affected": [{{
                "package": {{"ecosystem": "{ecosystem}", "name": "leaky"}},
                "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "1.2.0"}}]}}]}}]}}"#
        );
        fs::write(folder.path().join(format!("{id}.json")), text).expect("a file");
    }
    seaworthy::packages::advisories::open(folder.path(), date(2026, 8, 31)).expect("a database")
}

fn outcomes(text: &str, advisories: Option<Result<&Index, &str>>) -> BTreeMap<String, Outcome> {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let files = vec![("app.cdx.json".to_owned(), text.as_bytes().to_vec())];
    let outcomes = audit_with(&rules, &scanner, files, advisories).outcomes;
    outcomes.into_iter().map(|outcome| (outcome.check.clone(), outcome)).collect()
}

const BILL: &str = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
    {"type": "library", "name": "leaky", "version": "1.1.0", "purl": "pkg:pypi/leaky@1.1.0"},
    {"type": "library", "name": "leaky", "version": "1.0.0", "purl": "pkg:npm/leaky@1.0.0"}]}"#;

#[test]
fn each_ecosystem_of_a_bill_is_a_subject_with_its_own_findings() {
    let index = small_index();
    let outcomes = outcomes(BILL, Some(Ok(&index)));
    for (check, message) in [("pypi", "PYSEC-1: leaky 1.1.0"), ("npm", "GHSA-1: leaky 1.0.0")] {
        let outcome = &outcomes[&format!("dependency/{check}")];
        let messages: Vec<_> = outcome.findings.iter().map(|it| it.message.as_str()).collect();
        assert_eq!((messages, outcome.looked_at), (vec![message], 1));
    }
}

#[test]
fn a_bill_that_can_not_be_looked_at_is_no_silence() {
    let index = small_index();
    for (text, advisories) in [
        (BILL, None),
        (BILL, Some(Err("no advisory"))),
        ("{}", Some(Ok(&index))),
        (r#"{"spdxVersion": "SPDX-3.0"}"#, Some(Ok(&index))),
    ] {
        let outcome = &outcomes(text, advisories)["dependency/sbom"];
        assert!(outcome.ran.is_incomplete(), "{text}");
    }
    let other = BILL.replace("pkg:npm/", "pkg:swift/");
    let outcome = &outcomes(&other, Some(Ok(&index)))["dependency/pypi"];
    assert_eq!((outcome.looked_at, &outcome.ran), (0, &Ran::Complete));
    assert!(outcome.gaps[0].reason.contains("no registry that is known"), "{:?}", outcome.gaps);
    let empty = r#"{"bomFormat": "CycloneDX", "components": []}"#;
    let outcome = &outcomes(empty, Some(Ok(&index)))["dependency/sbom"];
    assert_eq!((outcome.looked_at, outcome.gaps[0].reason.as_str()), (0, "holds no packages"));
}

#[test]
fn the_same_folder_gives_the_same_bytes_in_both_formats() {
    for format in ["cyclonedx", "spdx"] {
        let write = || seaworthy(Path::new(SHOP), &["sbom", "--format", format]);
        let (one, other) = (write(), write());
        assert_eq!(one.status.code(), Some(0), "{}", String::from_utf8_lossy(&one.stderr));
        assert!(
            one.stdout == other.stdout && !sbom::read_all(&text(&one.stdout)).unwrap().is_empty()
        );
        assert!(text(&one.stdout).contains("2023-11-14T22:13:20Z"));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_lockfile_that_can_not_be_read_is_told_and_ends_with_three() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("go.mod"), "module a\n<<<<<<< HEAD\n").unwrap();
    fs::write(folder.path().join("requirements.txt"), "a==1.0\n").unwrap();
    let output = seaworthy(folder.path(), &["sbom", "--output", "out.json"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0));
    let errors = text(&output.stderr);
    assert!(errors.starts_with("not in the bill: go.mod: could not be read: line 2: "), "{errors}");
    assert_eq!(errors.lines().count(), 1);
    let written = fs::read_to_string(folder.path().join("out.json")).unwrap();
    assert!(written.contains("incomplete") && written.contains("pkg:pypi/a@1.0"), "{written}");
}

#[test]
fn a_folder_without_lockfile_is_no_project_without_packages() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("package.json"), "{}").unwrap();
    let output = seaworthy(folder.path(), &["sbom", "--format", "spdx"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(text(&output.stderr), "not in the bill: there is no lockfile\n");
}

#[test]
fn what_the_configuration_excludes_is_not_in_the_bill() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("requirements.txt"), "a==1.0\n").unwrap();
    fs::create_dir(folder.path().join("tests")).unwrap();
    fs::write(folder.path().join("tests/requirements.txt"), "b==1.0\n").unwrap();
    fs::write(folder.path().join("seaworthy.yaml"), "exclude: ['tests/**']\n").unwrap();
    let written = text(&seaworthy(folder.path(), &["sbom"]).stdout);
    assert!(written.contains("pkg:pypi/a@1.0") && !written.contains("pkg:pypi/b"), "{written}");
}
