//! Licences of packages, from a folder and a configuration to the report.

use std::{fs, path::Path, sync::atomic::AtomicBool, time::Duration};

use jiff::civil::date;
use seaworthy::{
    cli::Allow,
    finding::Finding,
    report::{Report, Status},
    rule::{Kind, Tier},
    run::{self, Request, Scope, Surroundings},
};

static NEVER: AtomicBool = AtomicBool::new(false);

/// A folder with files, and a home of Cargo.
struct Project {
    folder: tempfile::TempDir,
    cargo_home: tempfile::TempDir,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), files);
        Self { folder, cargo_home: tempfile::tempdir().expect("a folder") }
    }

    /// A crate in the home of Cargo.
    fn with_crate(self, name: &str, manifest: &str) -> Self {
        let path = format!("registry/src/github.com-1ecc6299db9ec823/{name}/Cargo.toml");
        write(self.cargo_home.path(), &[(&path, &format!("[package]\n{manifest}\n"))]);
        self
    }

    fn scan(&self) -> anyhow::Result<Report> {
        let home = self.cargo_home.path().to_str().expect("UTF-8").to_owned();
        let surroundings = Surroundings {
            today: date(2027, 1, 15),
            variable: &|name| (name == "CARGO_HOME").then(|| home.clone()),
            interrupted: &NEVER,
            progress: &|_| (),
        };
        let request = Request {
            path: self.folder.path().to_owned(),
            target: None,
            base: None,
            scope: Scope::Tree,
            baseline: None,
            config: None,
            advisory_db: None,
            deadline: Duration::from_mins(1),
            kinds: [Kind::Dependency].into(),
            fail_on: None,
            strict: false,
            pedantic: false,
            allow: Allow::default(),
            login: None,
            verify: None,
            refresh: None,
            online_metadata: false,
        };
        Ok(run::scan(&request, &surroundings)?.report)
    }
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

fn findings(report: &Report) -> Vec<&Finding> {
    let findings = report.findings.iter().map(|judged| &judged.finding);
    findings.filter(|finding| finding.rule.as_str().starts_with("dependency/licence")).collect()
}

fn shown(report: &Report) -> Vec<String> {
    let line = |finding: &Finding| finding.place.file().map_or(0, |at| at.span.start_line);
    let findings = findings(report).into_iter();
    findings.map(|f| format!("{}:{} {}", f.rule, line(f), f.message)).collect()
}

/// How the control about licences ends, and why.
fn control(report: &Report) -> (Status, String) {
    let row = report.controls.iter().find(|row| row.control.as_str() == "PERF-019");
    row.map(|row| (row.status, row.because.clone())).expect("the control is there")
}

const POLICY: &str = "dependencies:\n  licences:\n    allow: [MIT, Apache-2.0]\n    exceptions:\n      \
                      - { package: kept@1.0.0, allow: [GPL-3.0-only], reason: Never shipped }\n";

const CARGO: &str = r#"version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = ["free"]

[[package]]
name = "free"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
dependencies = ["bound"]

[[package]]
name = "bound"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
"#;

const NPM: &str = r#"{"lockfileVersion": 3, "packages": {
"": {"name": "app", "dependencies": {"a": "1", "b": "1", "c": "1", "kept": "1"}},
"node_modules/a": {"version": "1.0.0", "license": "MIT"},
"node_modules/b": {"version": "1.0.0", "dev": true, "license": "(MIT AND GPL-3.0)"},
"node_modules/c": {"version": "1.0.0", "license": "BSD"},
"node_modules/d": {"version": "1.0.0", "license": "SEE LICENSE IN X"},
"node_modules/kept": {"version": "1.0.0", "license": "GPL-3.0"}}}
"#;

#[test]
fn a_licence_that_is_not_allowed_is_told_at_the_package_with_its_reasons() {
    let project = Project::new(&[("seaworthy.yaml", POLICY), ("Cargo.lock", CARGO)])
        .with_crate("free-1.0.0", "license = \"MIT OR Apache-2.0\"")
        .with_crate("bound-1.0.0", "license = \"MIT AND (GPL-2.0+ OR MPL-2.0)\"");
    let report = project.scan().unwrap();
    assert_eq!(
        shown(&report),
        [
            "dependency/licence:16 bound 1.0.0 is under `MIT AND (GPL-2.0-or-later OR MPL-2.0)`: not allowed is \
          `GPL-2.0-or-later` and `MPL-2.0`"
        ]
    );
    let finding = findings(&report)[0];
    let evidence: Vec<String> =
        finding.evidence.iter().map(|e| format!("{}: {}", e.label, e.text)).collect();
    assert_eq!(
        evidence,
        [
            "licence read in: $CARGO_HOME/registry/src/…/bound-1.0.0/Cargo.toml",
            "required by: app 0.1.0 → free 1.0.0 → bound 1.0.0",
        ]
    );
    let fix = finding.fix.as_ref().map(|fix| fix.title.to_string());
    assert_eq!(
        fix.as_deref(),
        Some(
            "do without `free`, which requires it, or add it to `dependencies.licences.exceptions` with a reason"
        )
    );
    assert_eq!(control(&report).0, Status::Fail);
}

#[test]
fn what_the_lockfile_says_is_enough_and_what_is_unclear_is_one_finding() {
    let project = Project::new(&[("seaworthy.yaml", POLICY), ("package-lock.json", NPM)]);
    let report = project.scan().unwrap();
    assert_eq!(
        shown(&report),
        [
            "dependency/licence:4 b 1.0.0 is under `(MIT AND GPL-3.0-only)`: not allowed is `GPL-3.0-only`",
            "dependency/licence-unknown:5 the licences of 2 packages are unclear: c 1.0.0 (it says `BSD`), \
             d 1.0.0 (it says `SEE LICENSE IN X`)",
        ]
    );
    assert_eq!(findings(&report)[1].tier, Tier::Warning);
}

#[test]
fn many_unclear_packages_are_counted() {
    let entries: Vec<String> = (0..30)
        .map(|at| {
            format!("\"node_modules/p{at:02}\": {{\"version\": \"1.0.0\", \"license\": \"BSD\"}}")
        })
        .collect();
    let lock = format!("{{\"lockfileVersion\": 3, \"packages\": {{{}}}}}", entries.join(",\n"));
    let project = Project::new(&[("seaworthy.yaml", POLICY), ("package-lock.json", &lock)]);
    let report = project.scan().unwrap();
    let [only] = shown(&report).try_into().unwrap_or_else(|all: Vec<String>| panic!("{all:?}"));
    assert!(only.contains("p19 1.0.0") && !only.contains("p20 1.0.0"), "{only}");
    assert!(only.ends_with(" and 10 more"), "{only}");
}

#[test]
fn packages_that_are_in_no_cache_never_read_as_allowed() {
    let project = Project::new(&[("seaworthy.yaml", POLICY), ("Cargo.lock", CARGO)])
        .with_crate("free-1.0.0", "license = \"MIT\"");
    let report = project.scan().unwrap();
    assert!(shown(&report).is_empty());
    let reason = "licence/cargo: Cargo.lock: the licence of 1 package is not known: its files are in no local cache; run `cargo fetch`";
    assert_eq!(control(&report), (Status::NotAssessed, reason.to_owned()));
}

#[test]
fn allowed_licences_pass_and_without_a_policy_nothing_passes() {
    let crates = |project: Project| {
        let free = project.with_crate("free-1.0.0", "license = \"MIT\"");
        free.with_crate("bound-1.0.0", "license = \"MIT/Apache-2.0\"")
    };
    let with = crates(Project::new(&[("seaworthy.yaml", POLICY), ("Cargo.lock", CARGO)]));
    assert_eq!(control(&with.scan().unwrap()).0, Status::Pass);
    let without = crates(Project::new(&[("Cargo.lock", CARGO)]));
    let report = without.scan().unwrap();
    assert_eq!(control(&report).0, Status::NotAssessed);
}

#[test]
fn an_ecosystem_whose_licences_nobody_knows_never_passes() {
    let lock = "# This is a Gradle generated file for dependency locking.\norg.a:b:1.0=compileClasspath\nempty=\n";
    let project = Project::new(&[("seaworthy.yaml", POLICY), ("gradle.lockfile", lock)]);
    let (status, because) = control(&project.scan().unwrap());
    assert_eq!(status, Status::NotAssessed);
    assert!(because.contains("neither the lockfile nor a cache"), "{because}");
}

#[test]
fn a_file_beside_the_lockfile_tells_for_it_alone() {
    let policy = "dependencies: { licences: { deny: [GPL-3.0-only] } }\n";
    let lock = "a@1:\n  version \"1.0.0\"\n";
    let module = "{\"name\": \"a\", \"version\": \"1.0.0\", \"license\": \"GPL-3.0+\"}";
    let project = Project::new(&[
        ("seaworthy.yaml", policy),
        ("web/yarn.lock", lock),
        ("web/node_modules/a/package.json", module),
        ("other/yarn.lock", lock),
    ]);
    let report = project.scan().unwrap();
    assert_eq!(
        shown(&report),
        ["dependency/licence:2 a 1.0.0 is under `GPL-3.0-or-later`, which is not allowed"]
    );
    let place = findings(&report)[0].place.file().map(|at| at.path.to_string());
    assert_eq!(place.as_deref(), Some("web/yarn.lock"));
}

#[test]
fn a_fault_of_the_policy_ends_the_run_and_names_the_nearest_identifier() {
    for (policy, expected) in [
        (
            "allow: [Apache2.0]",
            "`Apache2.0` is no SPDX identifier of one licence; the nearest is `Apache-2.0`",
        ),
        (
            "{ allow: [MIT], exceptions: [{ package: a, allow: [MIT], reason: '' }] }",
            "needs a reason",
        ),
        ("{ exceptions: [{ package: a, allow: [MIT], reason: b }] }", "give one of them"),
    ] {
        let policy = format!("dependencies:\n  licences:\n    {policy}\n");
        let project = Project::new(&[("seaworthy.yaml", &policy)]);
        let error = project.scan().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_bill_of_materials_tells_licences_of_several_ecosystems() {
    let bill = r#"{"bomFormat": "CycloneDX", "components": [
{"type": "library", "name": "a", "version": "1.0", "purl": "pkg:npm/a@1.0", "licenses": [{"license": {"id": "MIT"}}]},
{"type": "library", "name": "b", "version": "1.0", "purl": "pkg:maven/o/b@1.0", "licenses": [{"expression": "GPL-3.0-only"}]},
{"type": "library", "name": "c", "version": "1.0", "purl": "pkg:nuget/c@1.0"}]}"#;
    let project = Project::new(&[("seaworthy.yaml", POLICY), ("bom.json", bill)]);
    let report = project.scan().unwrap();
    assert_eq!(
        shown(&report),
        ["dependency/licence:3 o:b 1.0 is under `GPL-3.0-only`, which is not allowed"]
    );
    let broken = Project::new(&[("seaworthy.yaml", POLICY), ("bom.json", "{")]);
    let (status, because) = control(&broken.scan().unwrap());
    assert!(status == Status::NotAssessed && because.contains("could not be read"), "{because}");
}
