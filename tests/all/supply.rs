//! The policy about dependencies: what does not block, what is banned, where packages may come from; and manifests
//! without a lockfile.

use std::{fs, path::Path, sync::atomic::AtomicBool, time::Duration};

use jiff::civil::{Date, date};
use seaworthy::{
    checks::{self, Audit, Context, supply},
    config::Config,
    deadline::Deadline,
    engines::secret::scanner::Scanner,
    finding::{Finding, Place},
    packages::{
        advisories::{self, Index},
        local::Caches,
    },
    rule::{Kind, RuleSet, Severity, Tier},
    sources::{MemoryTree, Tree},
};

use crate::support::{shared, unpack};

const TODAY: Date = date(2026, 8, 31);

fn config(dependencies: &str) -> Config {
    Config::parse("seaworthy.yaml", &format!("dependencies:\n{dependencies}")).expect("it is valid")
}

/// Audits files under a policy.
fn audit(files: &[(&str, &str)], policy: &Config, index: Option<&Index>) -> Audit {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let tree = Tree::Memory(MemoryTree::new(files));
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let kinds = [Kind::Dependency].into_iter().collect();
    let never = AtomicBool::new(false);
    let caches = Caches::default();
    let context = Context {
        advisories: index.map(Ok),
        ..Context::new(&rules, &scanner, &kinds, &policy.dependencies, &caches)
    };
    checks::audit(&tree, &context, &Deadline::after(Duration::from_mins(10), &never))
}

fn line(finding: &Finding) -> u32 {
    match &finding.place {
        Place::File(at) | Place::Package { at, .. } => at.span.start_line,
        _ => 0,
    }
}

/// Line and message of what a rule finds.
fn found(audit: &Audit, rule: &str) -> Vec<(u32, String)> {
    let findings = audit.outcomes.iter().flat_map(|outcome| &outcome.findings);
    let of_rule = findings.filter(|finding| finding.rule.as_str() == rule);
    of_rule.map(|finding| (line(finding), finding.message.as_str().to_owned())).collect()
}

fn only<'a>(audit: &'a Audit, rule: &str) -> &'a Finding {
    let mut findings = audit.outcomes.iter().flat_map(|outcome| &outcome.findings);
    findings.find(|finding| finding.rule.as_str() == rule).expect("it is found")
}

/// A database with weaknesses of npm packages: one repaired, one not, one that was made to attack.
fn index() -> Index {
    let folder = tempfile::tempdir().expect("a folder");
    for (id, ecosystem, name, end) in [
        ("GHSA-1", "npm", "repaired", r#", {"fixed": "1.2.0"}"#),
        ("GHSA-2", "npm", "unfixed", ""),
        ("MAL-1", "npm", "attack", ""),
        ("PYSEC-1", "PyPI", "leaky", r#", {"fixed": "1.2.0"}"#),
    ] {
        let text = format!(
            r#"{{"id": "{id}", "modified": "2026-08-01T00:00:00Z", "summary": "Invented",
                "affected": [{{"package": {{"ecosystem": "{ecosystem}", "name": "{name}"}},
                "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}{end}]}}]}}]}}"#
        );
        fs::write(folder.path().join(format!("{id}.json")), text).expect("a file");
    }
    advisories::open(folder.path(), TODAY).expect("a database")
}

const NPM: &str = r#"{
  "lockfileVersion": 3,
  "packages": {
    "": {"name": "app", "dependencies": {"unfixed": "1", "parent": "1"}, "devDependencies": {"repaired": "1", "attack": "1"}},
    "node_modules/parent": {"version": "2.0.0", "integrity": "sha512-00", "dependencies": {"left-pad": "1"}},
    "node_modules/left-pad": {"version": "1.3.0", "integrity": "sha512-00", "hasInstallScript": true},
    "node_modules/unfixed": {"version": "1.0.0"},
    "node_modules/repaired": {"version": "1.0.0", "integrity": "sha512-00", "dev": true},
    "node_modules/attack": {"version": "1.0.0", "integrity": "sha512-00", "dev": true},
    "node_modules/parent/node_modules/unfixed": {"version": "1.1.0", "integrity": "sha512-00"},
    "node_modules/own": {"version": "1.0.0", "resolved": "git+ssh://git@github.com/acme/own.git#0123456789abcdef"},
    "node_modules/foreign": {"version": "1.0.0", "resolved": "https://codeload.github.com/evil/foreign/tar.gz/0123456789abcdef"},
    "node_modules/plain": {"version": "1.0.0", "resolved": "http://packages.example.org/plain.tgz"},
    "node_modules/branch": {"version": "1.0.0", "resolved": "git+https://example.org/branch.git#main"}
  }
}
"#;

#[test]
fn what_nobody_repairs_is_a_warning_where_the_policy_says_so() {
    let files = [("package-lock.json", NPM)];
    let audit = audit(&files, &config("  ignore-unfixed: true\n"), Some(&index()));
    let shown: Vec<_> = audit
        .outcomes
        .iter()
        .flat_map(|outcome| &outcome.findings)
        .filter(|finding| finding.rule.as_str().starts_with("dependency/vulnerable"))
        .map(|finding| (line(finding), finding.severity, finding.tier))
        .collect();
    assert_eq!(
        shown,
        [
            (7, Severity::Low, Tier::Warning),
            (8, Severity::High, Tier::Default),
            (10, Severity::Low, Tier::Warning),
        ]
    );
    assert!(found(&audit, "dependency/vulnerable")[0].1.contains("`ignore-unfixed`"));
    assert_eq!(only(&audit, "dependency/malicious").tier, Tier::Default);
}

#[test]
fn other_scopes_are_warnings_that_name_their_scope() {
    let files = [("package-lock.json", NPM), ("requirements-dev.txt", "leaky==1.0\n")];
    let policy = config("  fail-on-scopes: [runtime, optional]\n");
    let audit = audit(&files, &policy, Some(&index()));
    let findings = audit.outcomes.iter().flat_map(|outcome| &outcome.findings);
    let of_rule = findings.filter(|finding| finding.rule.as_str() == "dependency/vulnerable");
    let shown: Vec<_> = of_rule
        .map(|finding| {
            let scope = finding.evidence.iter().find(|evidence| evidence.label == "scope");
            let scope = scope.map(|evidence| evidence.text.as_str().to_owned());
            (line(finding), scope.unwrap_or_default(), finding.tier)
        })
        .collect();
    assert_eq!(
        shown,
        [
            (7, "runtime".to_owned(), Tier::Default),
            (8, "development".to_owned(), Tier::Warning),
            (10, "runtime".to_owned(), Tier::Default),
            (1, "development".to_owned(), Tier::Warning),
        ]
    );
    assert_eq!(only(&audit, "dependency/malicious").severity, Severity::Critical);
}

#[test]
fn a_scope_that_is_not_known_is_an_error_with_those_that_are() {
    let text = "dependencies:\n  fail-on-scopes: [dev]\n";
    let error = Config::parse("seaworthy.yaml", text).expect_err("it is refused").to_string();
    for known in ["runtime", "optional", "development"] {
        assert!(error.contains(known), "{error}");
    }
}

#[test]
fn a_banned_package_is_found_at_its_line_with_its_way_and_what_to_use_instead() {
    let policy = config(
        "  banned:\n    - {package: left-pad, reason: it was removed once, instead: padStart}\n    \
         - {package: 'unfixed@>=1.1', ecosystem: npm, reason: slow}\n    \
         - {package: parent, ecosystem: PyPI, reason: another one}\n",
    );
    supply::verify(&policy.dependencies).expect("it can be used");
    let audit = audit(&[("package-lock.json", NPM)], &policy, None);
    assert_eq!(
        found(&audit, "dependency/banned"),
        [
            (6, "left-pad 1.3.0 is banned: it was removed once".to_owned()),
            (10, "unfixed 1.1.0 is banned: slow".to_owned()),
        ]
    );
    let finding = only(&audit, "dependency/banned");
    assert_eq!(finding.evidence[0].text.as_str(), "app → parent 2.0.0 → left-pad 1.3.0");
    assert_eq!(finding.fix.as_ref().expect("a fix").title.as_str(), "Use padStart instead");
}

#[test]
fn a_version_that_can_not_be_compared_with_a_ban_never_reads_as_clean() {
    let policy = config("  banned:\n    - {package: 'a@^1', ecosystem: npm, reason: old}\n");
    let lock = "# yarn lockfile v1\n\n\"a@https://example.org/a.tgz\":\n  version what\n  resolved \"https://example.org/a.tgz\"\n";
    let audit = audit(&[("yarn.lock", lock)], &policy, None);
    let outcome = audit.outcomes.iter().find(|outcome| outcome.check == "supply/npm");
    let outcome = outcome.expect("it is there");
    assert_eq!(outcome.looked_at, 0);
    assert!(outcome.gaps[0].incomplete && outcome.gaps[0].reason.contains("banned: a@^1"));
}

#[test]
fn what_comes_from_elsewhere_must_be_allowed() {
    let policy = config("  sources: ['https://github.com/acme/']\n");
    let cargo = "version = 4\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\n\
        [[package]]\nname = \"fork\"\nversion = \"1.0.0\"\n\
        source = \"git+https://github.com/acme-evil/fork?rev=0123456#0123456789abcdef\"\n";
    let uv = "version = 1\n[[package]]\nname = \"own\"\nversion = \"1.0\"\n\
        source = { registry = \"https://pypi.example.org/simple\" }\n";
    let requirements = "-e git+https://github.com/evil/own.git@0123456789abcdef#egg=own\n";
    let files = [
        ("Cargo.lock", cargo),
        ("package-lock.json", NPM),
        ("requirements.txt", requirements),
        ("uv.lock", uv),
    ];
    let audit = audit(&files, &policy, None);
    let lines: Vec<u32> =
        found(&audit, "dependency/source").into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [7, 12, 13, 14, 1, 4], "{:?}", found(&audit, "dependency/source"));
    let free = self::audit(&files, &config("  duplicates: false\n"), None);
    assert_eq!(found(&free, "dependency/source"), []);
}

#[test]
fn what_can_be_changed_on_the_way_is_told_without_any_configuration() {
    let gems = "GEM\n  remote: http://rubygems.org/\n  specs:\n    a (1.0)\n    b (2.0)\n\nDEPENDENCIES\n  a\n";
    let requirements = "-e git+https://example.org/own.git@main#egg=own\n\
        pinned @ git+https://example.org/own.git@0123456789abcdef0123456789abcdef01234567\n";
    let files =
        [("Gemfile.lock", gems), ("package-lock.json", NPM), ("requirements.txt", requirements)];
    let audit = audit(&files, &Config::default(), None);
    let insecure = found(&audit, "dependency/insecure-source");
    assert_eq!(insecure.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [13, 4]);
    assert!(insecure[1].1.starts_with("2 packages are fetched from rubygems.org without"));
    let moving = found(&audit, "dependency/moving-source");
    assert_eq!(moving.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [14, 1], "{moving:?}");
}

#[test]
fn a_missing_checksum_among_others_is_one_warning() {
    let audit = audit(&[("package-lock.json", NPM)], &Config::default(), None);
    let shown = found(&audit, "dependency/no-integrity");
    let message = "1 of 6 packages of the registry have no checksum: unfixed";
    assert_eq!(shown, [(7, message.to_owned())]);
    let without = NPM.replace(r#", "integrity": "sha512-00""#, "");
    let audit = self::audit(&[("package-lock.json", &without)], &Config::default(), None);
    assert_eq!(found(&audit, "dependency/no-integrity"), []);
}

#[test]
fn copies_scripts_and_names_are_for_those_who_ask() {
    let lock = NPM.replace("node_modules/attack", "node_modules/lodahs");
    let files = [("package-lock.json", lock.as_str())];
    let audit = audit(&files, &Config::default(), None);
    let rules = ["dependency/duplicate", "dependency/install-script", "dependency/typosquat"];
    for rule in rules {
        assert_eq!(only(&audit, rule).tier, Tier::Pedantic, "{rule}");
    }
    assert_eq!(
        found(&audit, "dependency/duplicate")[0].1,
        "1 package is there in several versions: unfixed (1.0.0, 1.1.0)"
    );
    let audit = self::audit(&files, &config("  duplicates: true\n"), None);
    assert_eq!(only(&audit, "dependency/duplicate").tier, Tier::Warning);
}

#[test]
fn a_manifest_without_lockfile_is_compared_where_it_is_exact_and_says_so() {
    let manifest = "{\n  \"dependencies\": {\n    \"repaired\": \"1.0.0\",\n    \"unfixed\": \"^1.0.0\"\n  }\n}\n";
    let python = "[project]\ndependencies = [\n  \"leaky==1.1\",\n]\n";
    let files = [("app/package.json", manifest), ("pyproject.toml", python)];
    let read = audit(&files, &Config::default(), Some(&index()));
    let messages: Vec<_> = found(&read, "dependency/vulnerable");
    assert_eq!(
        messages,
        [
            (3, "GHSA-1: repaired 1.0.0 — Invented".to_owned()),
            (3, "PYSEC-1: leaky 1.1 — Invented".to_owned()),
        ]
    );
    let outcome = read.outcomes.iter().find(|outcome| outcome.check == "pinned/npm");
    let outcome = outcome.expect("it is there");
    assert_eq!(outcome.looked_at, 0);
    assert!(outcome.gaps.iter().any(|gap| gap.reason.contains("line 4: not pinned")));
    assert!(outcome.gaps.iter().any(|gap| gap.reason.contains("in turn is not known")));
    let locked = [("app/package.json", manifest), ("package-lock.json", NPM)];
    let locked = audit(&locked, &Config::default(), Some(&index()));
    let outcome = locked.outcomes.iter().find(|outcome| outcome.check == "pinned/npm");
    assert!(outcome.expect("it is there").gaps.is_empty());
}

/// Files below a folder, as an audit in memory takes them.
fn files_below(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("it is readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_below(root, &path, files);
        } else if let (Ok(text), Ok(inside)) = (fs::read_to_string(&path), path.strip_prefix(root))
        {
            files.push((inside.to_string_lossy().into_owned(), text));
        }
    }
}

#[test]
fn honest_lockfiles_are_quiet() {
    let Some(archive) = shared("data/lockfiles/lockfiles.tar.zst") else { return };
    let folder = unpack(&archive);
    let mut files = Vec::new();
    files_below(folder.path(), folder.path(), &mut files);
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let audit = audit(&files, &Config::default(), None);
    // Read by hand: entries of npm that really have none, and an index that really is asked without encryption.
    assert_eq!(found(&audit, "dependency/no-integrity").len(), 2);
    assert_eq!(found(&audit, "dependency/insecure-source").len(), 1);
    assert_eq!(found(&audit, "dependency/moving-source"), []);
    assert_eq!(found(&audit, "dependency/typosquat"), []);
}
