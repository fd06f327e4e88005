//! Where a package comes from: the manifest, the way through the lockfile, the release of a distribution.

use std::fs;

use jiff::civil::{Date, date};
use seaworthy::{
    checks::Audit,
    engines::secret::scanner::Scanner,
    finding::{Finding, Outcome, Step},
    judgement::{self, Policy},
    packages::advisories::{self, Index},
    report::{Report, Status, Subject},
    reporters::{Format, Style, reporter},
    rule::RuleSet,
};

use crate::support::audit_with;

const TODAY: Date = date(2026, 8, 31);
/// The public registry, as cargo writes it.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// An advisory in the OSV format about one package, from the first version to `fixed`.
fn osv(id: &str, ecosystem: &str, name: &str, fixed: &str, kind: &str) -> String {
    format!(
        r#"{{"id": "{id}", "modified": "2026-08-01T00:00:00Z", "summary": "Invented weakness",
            "affected": [{{"package": {{"ecosystem": "{ecosystem}", "name": "{name}"}},
                "database_specific": {{{kind}}},
                "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]}}]}}]}}"#
    )
}

fn index_of(advisories: &[(&str, &str, &str, &str)]) -> Index {
    let folder = tempfile::tempdir().expect("a folder");
    for (id, ecosystem, name, fixed) in advisories {
        let kind = if id.starts_with("OLD") { r#""informational": "unmaintained""# } else { "" };
        let text = osv(id, ecosystem, name, fixed, kind);
        fs::write(folder.path().join(format!("{id}.json")), text).expect("a file");
    }
    advisories::open(folder.path(), TODAY).expect("a database")
}

fn audit(files: &[(&str, &str)], index: &Index) -> Audit {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    audit_with(&rules, &scanner, files.collect(), Some(Ok(index)))
}

fn outcome(files: &[(&str, &str)], index: &Index, check: &str) -> Outcome {
    let mut outcomes = audit(files, index).outcomes.into_iter();
    outcomes.find(|outcome| outcome.check == check).expect("the subject is there")
}

fn only(files: &[(&str, &str)], index: &Index, check: &str) -> Finding {
    let mut findings = outcome(files, index, check).findings;
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.remove(0)
}

fn report(files: &[(&str, &str)], index: &Index) -> Report {
    let rules = RuleSet::baked();
    let subject = Subject { name: "test".to_owned(), files: 1, ..Subject::default() };
    judgement::judge(audit(files, index).outcomes, &Policy::plain(&rules, TODAY), subject)
}

/// Path, line and note of each step.
fn shown(steps: &[Step]) -> Vec<String> {
    let show = |step: &Step| {
        let at = step.place.file().expect("a file");
        format!("{}:{} {}", at.path, at.span.start_line, step.note)
    };
    steps.iter().map(show).collect()
}

fn required_by(finding: &Finding) -> &str {
    let mut evidence = finding.evidence.iter();
    evidence.find(|known| known.label == "required by").map_or("", |known| known.text.as_str())
}

/// A `Cargo.lock` of packages without and with a source, each with what it requires.
fn cargo_lock(packages: &[(&str, bool, &[&str])]) -> String {
    let entry = |(name, is_local, requires): &(&str, bool, &[&str])| {
        let source = if *is_local { String::new() } else { format!("source = \"{REGISTRY}\"\n") };
        let names: Vec<String> = requires.iter().map(|name| format!(" \"{name}\",\n")).collect();
        let requires = format!("dependencies = [\n{}]\n", names.concat());
        format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n{source}{requires}\n")
    };
    format!("version = 4\n\n{}", packages.iter().map(entry).collect::<String>())
}

fn leaky() -> Index {
    index_of(&[
        ("RUSTSEC-1", "crates.io", "leaky", "1.2.0"),
        ("GHSA-1", "npm", "leaky", "1.2.0"),
        ("PYSEC-1", "PyPI", "leaky", "1.2.0"),
        ("GO-1", "Go", "example.org/leaky", "1.2.0"),
    ])
}

const WORKSPACE: &str =
    "[workspace]\nmembers = [\"members/*\"]\n\n[workspace.dependencies]\nshared = \"1\"\n";

#[test]
fn the_way_begins_at_the_line_of_the_member_that_asks() {
    let lock = cargo_lock(&[
        ("app", true, &["middle"]),
        ("leaky", false, &[]),
        ("middle", false, &["leaky"]),
        ("tool", true, &["other"]),
        ("other", false, &["middle", "leaky"]),
    ]);
    let app = "[package]\nname = \"app\"\n\n[dependencies]\nserde = \"1\"\nmiddle = \"1\"\n";
    let tool = "[package]\nname = \"tool\"\n\n[dependencies]\nmiddle = \"1\"\n";
    let files = [
        ("Cargo.lock", lock.as_str()),
        ("Cargo.toml", WORKSPACE),
        ("members/a-folder/Cargo.toml", tool),
        ("members/b-folder/Cargo.toml", app),
    ];
    let finding = only(&files, &leaky(), "dependency/cargo");
    assert_eq!(
        shown(&finding.flow),
        [
            "members/b-folder/Cargo.toml:6 app asks for middle",
            "Cargo.lock:19 middle 1.0.0",
            "Cargo.lock:12 leaky 1.0.0, required too by 1 other",
        ]
    );
    assert_eq!(shown(&finding.related), shown(&finding.flow[..1]));
    assert_eq!(required_by(&finding), "app 1.0.0 → middle 1.0.0 → leaky 1.0.0, and by 1 other");
}

#[test]
fn a_manifest_above_the_lockfile_is_found_by_its_name() {
    let lock =
        cargo_lock(&[("app", true, &["leaky"]), ("leaky", false, &[]), ("fuzz", true, &["app"])]);
    let files = [
        ("fuzz/Cargo.lock", lock.as_str()),
        (
            "fuzz/Cargo.toml",
            "[package]\nname = \"fuzz\"\n[dependencies]\napp = { path = \"..\" }\n",
        ),
        ("Cargo.toml", "[package]\nname = \"app\"\n[dependencies]\nleaky = \"1\"\n"),
    ];
    let finding = only(&files, &leaky(), "dependency/cargo");
    assert_eq!(shown(&finding.related), ["Cargo.toml:4 app asks for leaky"]);
}

#[test]
fn of_several_entries_the_one_that_allows_the_version_is_named() {
    let lock = cargo_lock(&[("app", true, &["leaky"]), ("leaky", false, &[])]);
    let manifest = "[package]\nname = \"app\"\n[dependencies]\nold = { package = \"leaky\", version = \"0.9\" }\n\
        leaky = \"1\"\n";
    let files = [("Cargo.lock", lock.as_str()), ("Cargo.toml", manifest)];
    let finding = only(&files, &leaky(), "dependency/cargo");
    assert_eq!(shown(&finding.related), ["Cargo.toml:5 app asks for leaky"]);
}

#[test]
fn without_a_manifest_the_way_begins_in_the_lockfile() {
    let lock = cargo_lock(&[("app", true, &["leaky"]), ("leaky", false, &[])]);
    let broken = "[package\nname = \"app\"\n[dependencies]\nleaky = \"1\"\n";
    let files = [("Cargo.lock", lock.as_str()), ("Cargo.toml", broken)];
    let finding = only(&files, &leaky(), "dependency/cargo");
    assert_eq!(shown(&finding.flow), ["Cargo.lock:5 app 1.0.0", "Cargo.lock:12 leaky 1.0.0"]);
    assert_eq!(finding.related, []);
}

#[test]
fn a_member_of_an_npm_workspace_is_found_by_its_folder() {
    let lock = r#"{"name": "root", "lockfileVersion": 3, "packages": {
  "": {"name": "root", "workspaces": ["packages/*"]},
  "node_modules/@s/web": {"resolved": "packages/web", "link": true},
  "node_modules/leaky": {"version": "1.1.0"},
  "packages/web": {"name": "@s/web", "version": "1.0.0", "dependencies": {"leaky": "^1"}}
}}"#;
    let files = [
        ("site/package-lock.json", lock),
        ("site/package.json", r#"{"name": "root", "workspaces": ["packages/*"]}"#),
        (
            "site/packages/web/package.json",
            "{\n  \"name\": \"@s/web\",\n  \"dependencies\": {\n    \"leaky\": \"https://user:secret@example.org/x\"\n  }\n}\n",
        ),
        (
            "site/node_modules/leaky/package.json",
            r#"{"name": "@s/web", "dependencies": {"leaky": "1"}}"#,
        ),
    ];
    let finding = only(&files, &leaky(), "dependency/npm");
    assert_eq!(shown(&finding.related), ["site/packages/web/package.json:4 @s/web asks for leaky"]);
    assert!(!format!("{finding:?}").contains("secret@"), "nothing of the other file is shown");
}

#[test]
fn where_a_lockfile_names_no_project_ways_begin_at_what_manifests_ask_for() {
    let lock = "# yarn lockfile v1\n\n\nmiddle@^1.0.0:\n  version \"1.0.0\"\n  dependencies:\n    leaky \"^1.0.0\"\n\n\
        leaky@^1.0.0:\n  version \"1.1.0\"\n\nmiddle@^0.1.0:\n  version \"0.1.0\"\n  dependencies:\n    leaky \"^1.0.0\"\n";
    let manifest = "{\"name\": \"web\",\n\"dependencies\": {\n\"middle\": \"^1.0.0\"}}";
    let files = [
        ("yarn.lock", lock),
        ("package.json", r#"{"workspaces": ["packages/*"]}"#),
        ("packages/web/package.json", manifest),
    ];
    let finding = only(&files, &leaky(), "dependency/npm");
    assert_eq!(
        shown(&finding.flow),
        [
            "packages/web/package.json:3 the project asks for middle",
            "yarn.lock:5 middle 1.0.0",
            "yarn.lock:10 leaky 1.1.0, required too by 1 other",
        ]
    );
}

#[test]
fn a_list_of_requirements_is_made_from_the_file_of_its_stem() {
    let files = [
        ("requirements/dev.txt", "flask==1.0\nleaky==1.1.0\n"),
        ("requirements/base.in", "leaky\n"),
        ("requirements/dev.in", "# tools\nleaky>=1\n"),
    ];
    let finding = only(&files, &leaky(), "dependency/pypi");
    assert_eq!(shown(&finding.related), ["requirements/dev.in:2 the project asks for leaky"]);
    assert_eq!(required_by(&finding), "requirements/dev.in");
}

/// A lockfile in which one package requires the next, so many of them, and the last one is leaky.
fn chain(length: usize) -> String {
    let names: Vec<String> =
        (0..length).map(|at| format!("p{at}")).chain(["leaky".to_owned()]).collect();
    let requires: Vec<[&str; 1]> = names[1..].iter().map(|name| [name.as_str()]).collect();
    let mut packages: Vec<(&str, bool, &[&str])> = vec![("app", true, &["p0"])];
    packages
        .extend(names.iter().zip(&requires).map(|(name, next)| (name.as_str(), false, &next[..])));
    packages.push(("leaky", false, &[]));
    cargo_lock(&packages)
}

#[test]
fn a_long_way_is_cut_in_its_middle() {
    let finding = only(&[("Cargo.lock", &chain(30))], &leaky(), "dependency/cargo");
    assert_eq!(finding.flow.len(), 11);
    assert_eq!(finding.flow[9].note.as_str(), "p8 1.0.0, and from there over 21 more");
    assert_eq!(finding.flow[10].note.as_str(), "leaky 1.0.0");
    assert_eq!(required_by(&finding).matches(" → ").count(), 11);
}

#[test]
fn a_way_of_thousands_is_not_followed() {
    let finding = only(&[("Cargo.lock", &chain(1_500))], &leaky(), "dependency/cargo");
    assert_eq!((finding.flow.len(), required_by(&finding)), (0, "1 other package"));
}

#[test]
fn no_finding_about_a_package_is_cut() {
    let names: Vec<String> = (0..250).map(|at| format!("leaky-{at}")).collect();
    let ids: Vec<String> = (0..250).map(|at| format!("RUSTSEC-{at}")).collect();
    let known = names.iter().zip(&ids);
    let known: Vec<_> =
        known.map(|(name, id)| (id.as_str(), "crates.io", name.as_str(), "2.0.0")).collect();
    let packages: Vec<(&str, bool, &[&str])> =
        names.iter().map(|name| (name.as_str(), false, &[][..])).collect();
    let lock = cargo_lock(&packages);
    let outcome = outcome(&[("Cargo.lock", &lock)], &index_of(&known), "dependency/cargo");
    assert_eq!((outcome.findings.len(), outcome.gaps.len()), (250, 0));
}

#[test]
fn an_old_go_module_never_passes_on_what_it_lists() {
    let module = "module app\n\ngo 1.16\n\nrequire example.org/other v1.0.0\n";
    let files = [("go.mod", module), ("go.sum", "example.org/leaky v1.1.0 h1:x=\n")];
    let outcome = outcome(&files, &leaky(), "dependency/go");
    assert_eq!(outcome.looked_at, 0);
    assert!(
        outcome.gaps[0].reason.contains("does not list indirect modules"),
        "{:?}",
        outcome.gaps
    );
    let report = report(&files, &leaky());
    let row = report.controls.iter().find(|row| row.control.as_str() == "PERF-017").expect("there");
    assert_eq!(row.status, Status::NotAssessed);
}

const DPKG: &str = "Package: libssl3\nStatus: install ok installed\nSource: openssl\nVersion: 3.0.1-1\n\n\
    Package: bash\nStatus: install ok installed\nVersion: 5.0-1\n";
const APK: &str = "P:libcrypto3\nV:3.1.4-r0\no:openssl\n\n";

fn distributions() -> Index {
    index_of(&[
        ("DSA-12", "Debian:12", "openssl", "3.0.2-1"),
        ("DSA-11", "Debian:11", "bash", "9"),
        ("ALPINE-18", "Alpine:v3.18", "openssl", "3.1.4-r1"),
        ("ALPINE-17", "Alpine:v3.17", "openssl", "3.1.4-r9"),
    ])
}

#[test]
fn packages_of_a_distribution_are_compared_with_advisories_about_their_release() {
    let files = [
        ("image/var/lib/dpkg/status", DPKG),
        ("image/usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
        ("lib/apk/db/installed", APK),
        ("etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\n"),
    ];
    let debian = only(&files, &distributions(), "dependency/debian");
    assert_eq!(debian.message.as_str(), "DSA-12: openssl 3.0.1-1 — Invented weakness");
    let alpine = only(&files, &distributions(), "dependency/alpine");
    assert_eq!(alpine.message.as_str(), "ALPINE-18: openssl 3.1.4-r0 — Invented weakness");
}

#[test]
fn packages_of_an_unknown_release_never_pass() {
    let cases = [
        (None, "is not there to tell it"),
        (Some("ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"22.04\"\n"), "tells of another system"),
        (Some("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux trixie/sid\"\n"), "names none"),
        (Some("ID=debian\nVERSION_ID=\"13\"\n"), "knows nothing of Debian 13"),
    ];
    for (release, reason) in cases {
        let mut files = vec![("var/lib/dpkg/status", DPKG)];
        files.extend(release.map(|text| ("etc/os-release", text)));
        let outcome = outcome(&files, &distributions(), "dependency/debian");
        assert_eq!((outcome.looked_at, outcome.findings.len()), (0, 0), "{release:?}");
        assert!(outcome.gaps[0].reason.contains(reason), "{:?}", outcome.gaps);
    }
}

/// What the program writes of a lockfile with one weakness and several packages that nobody maintains.
fn written(format: Format) -> String {
    let index = index_of(&[
        ("RUSTSEC-1", "crates.io", "leaky", "1.2.0"),
        ("OLD-1", "crates.io", "resting", "9.0.0"),
        ("OLD-2", "crates.io", "sleeping", "9.0.0"),
    ]);
    let lock = cargo_lock(&[
        ("app", true, &["middle", "resting", "sleeping"]),
        ("middle", false, &["leaky"]),
        ("leaky", false, &[]),
        ("resting", false, &[]),
        ("sleeping", false, &[]),
    ]);
    let manifest = "[package]\nname = \"app\"\n[dependencies]\nmiddle = \"1\"\nresting = \"1\"\nsleeping = \"1\"\n";
    let report = report(&[("Cargo.lock", &lock), ("Cargo.toml", manifest)], &index);
    let mut out = Vec::new();
    reporter(format, Style::default()).write(&report, &mut out).expect("memory takes it");
    String::from_utf8(out).expect("text")
}

#[test]
fn the_terminal_draws_the_way_as_a_tree_and_sums_notices_up() {
    let text = written(Format::Terminal);
    let tree: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("required by"))
        .take(3)
        .map(str::trim)
        .collect();
    let [first, second, third] = tree.as_slice() else { panic!("{text}") };
    assert!(first.ends_with("required by: app asks for middle (Cargo.toml:4)"), "{text}");
    assert_eq!(*second, "└ middle 1.0.0 (Cargo.lock:14)");
    assert_eq!(*third, "└ leaky 1.0.0 (Cargo.lock:22)");
    assert!(!text.contains("= see"), "{text}");
    assert!(
        text.contains("low[dependency/unmaintained]: 2 findings in Cargo.lock\n  line 29: OLD-1: "),
        "{text}"
    );
    assert_eq!(text.matches("dependency/unmaintained").count(), 1, "{text}");
}

#[test]
fn pages_have_one_heading_for_the_notices_of_a_lockfile() {
    let text = written(Format::Markdown);
    assert!(text.contains("**2 findings in <code>Cargo.lock</code>**\n\n* OLD"), "{text}");
    let page = written(Format::Html);
    assert!(page.contains("2 findings in <code>Cargo.lock</code>"), "{page}");
    assert!(page.contains("<code>Cargo.toml:4</code> app asks for middle"), "{page}");
}

#[test]
fn code_scanning_sees_the_way_as_a_flow() {
    let log: serde_json::Value = serde_json::from_str(&written(Format::Sarif)).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let result = results.iter().find(|one| one["ruleId"] == "dependency/vulnerable").expect("one");
    let steps = result["codeFlows"][0]["threadFlows"][0]["locations"].as_array().expect("steps");
    let places: Vec<_> = steps
        .iter()
        .map(|step| &step["location"]["physicalLocation"])
        .map(|at| (at["artifactLocation"]["uri"].as_str(), at["region"]["startLine"].as_u64()))
        .collect();
    assert_eq!(
        places,
        [
            (Some("Cargo.toml"), Some(4)),
            (Some("Cargo.lock"), Some(14)),
            (Some("Cargo.lock"), Some(22)),
        ]
    );
    assert!(
        result["message"]["text"].as_str().is_some_and(|text| text.contains("[Cargo.toml:4](1)"))
    );
    let related = result["relatedLocations"].as_array().expect("related places");
    assert_eq!(related.len(), 1);
}
