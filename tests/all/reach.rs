//! Whether the functions that an advisory names are called: one way of calling, or of not calling, at a time.

use std::fs;

use jiff::civil::date;
use seaworthy::{
    engines::secret::scanner::Scanner,
    finding::{Finding, Place},
    packages::advisories::{self, Index},
    rule::{RuleSet, Severity},
};

use crate::support::audit_with;

/// A database with one weakness, critical by its score, in the free function `leaky_lib::block::decode` and in
/// the method `leaky_lib::Reader::fill`, the latter in old versions alone.
fn index() -> Index {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("crates/leaky-lib");
    fs::create_dir_all(&place).expect("a folder");
    let text = "```toml\n[advisory]\nid = \"RUSTSEC-2020-0001\"\npackage = \"leaky-lib\"\ndate = \"2020-01-01\"\n\
        cvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"\n[versions]\npatched = [\">= 3.0.0\"]\n\
        [affected.functions]\n\"leaky_lib::block::decode\" = [\"< 3.0.0\"]\n\
        \"leaky_lib::Reader::fill\" = [\"< 2.0.0\"]\n```\n\n# Invented weakness\n\nWords.\n";
    fs::write(place.join("RUSTSEC-2020-0001.md"), text).expect("a file");
    advisories::open(folder.path(), date(2026, 8, 31)).expect("a database")
}

/// A lockfile in which the packages named before the colon require those behind it. `app` and `part` are local.
fn lockfile(version: &str, requirements: &[(&str, &[&str])]) -> String {
    let entry = |(name, requires): &(&str, &[&str])| {
        let is_local = matches!(*name, "app" | "part");
        let source = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        let source = if is_local { "" } else { source };
        let version = if *name == "leaky-lib" { version } else { "1.0.0" };
        let requires: Vec<String> = requires.iter().map(|name| format!("\"{name}\"")).collect();
        let requires = requires.join(", ");
        format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{source}dependencies = [{requires}]\n"
        )
    };
    let entries: Vec<String> = requirements.iter().map(entry).collect();
    format!("version = 4\n{}", entries.concat())
}

const DIRECT: &[(&str, &[&str])] = &[("app", &["leaky-lib"]), ("leaky-lib", &[])];
const MANIFEST: &str = "[package]\nname = \"app\"\n[dependencies]\nleaky-lib = \"1\"\n";

fn found(files: &[(&str, &str)]) -> Finding {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let index = index();
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let audit = audit_with(&rules, &scanner, files.collect(), Some(Ok(&index)));
    let findings = audit.outcomes.into_iter().flat_map(|outcome| outcome.findings);
    let mut found = findings.filter(|finding| finding.rule.as_str() == "dependency/vulnerable");
    found.next().expect("the package is vulnerable")
}

fn reach(finding: &Finding) -> &str {
    let mut all = finding.evidence.iter().filter(|evidence| evidence.label == "reach");
    all.next().map_or("", |evidence| evidence.text.as_str())
}

/// What is said of a package with this source, and how severe it is then.
fn said(source: &str) -> (String, Severity) {
    let lock = lockfile("1.0.0", DIRECT);
    let finding =
        found(&[("Cargo.lock", &lock), ("Cargo.toml", MANIFEST), ("src/main.rs", source)]);
    (reach(&finding).to_owned(), finding.severity)
}

/// Asserts that it is said so, with the severity that the advisory gives.
fn assert_said(source: &str, wanted: &str) {
    let (text, severity) = said(source);
    assert!(text.contains(wanted), "{source}\n{text}");
    assert_eq!(severity, Severity::Critical, "{source}");
}

#[test]
fn a_call_is_told_with_its_place_in_evidence_and_flow() {
    let lock = lockfile("1.0.0", DIRECT);
    let source = "fn main() {\n    leaky_lib::block::decode(b\"\");\n}\n";
    let finding =
        found(&[("a/Cargo.lock", &lock), ("a/Cargo.toml", MANIFEST), ("a/src/main.rs", source)]);
    assert_eq!(reach(&finding), "called at a/src/main.rs:2 (`leaky_lib::block::decode`)");
    assert_eq!(finding.severity, Severity::Critical);
    for steps in [&finding.related, &finding.flow] {
        let step = steps.last().expect("a step");
        let Place::File(at) = &step.place else { panic!("{:?}", step.place) };
        let span = (at.span.start_line, at.span.start_column, at.span.end_column);
        assert_eq!((at.path.as_str(), span), ("a/src/main.rs", (2, 5, 29)));
        assert_eq!(step.note.as_str(), "`leaky_lib::block::decode` is called here");
    }
}

#[test]
fn every_way_of_calling_by_a_path_is_a_call() {
    for source in [
        "use leaky_lib::block::decode;\nfn main() { decode(1) }",
        "use leaky_lib::{block::{self as b}};\nfn main() { b::decode(1) }",
        "use leaky_lib::block::decode as d;\nfn main() { d(1) }",
        "extern crate leaky_lib as l;\nfn main() { l::decode(1) }",
        "fn main() { x.map(leaky_lib::decode); }",
        "fn main() { assert!(leaky_lib::block::decode(1)); }",
        "type R = leaky_lib::Reader<u8>;\nfn main() { R::fill(&mut r) }",
        "#[serde(with = \"leaky_lib::block::decode\")]\nstruct S;",
    ] {
        assert_said(source, "called at src/main.rs:");
    }
}

#[test]
fn what_may_be_a_call_is_unknown_with_the_place_that_makes_the_doubt() {
    for (source, wanted) in [
        (
            "use leaky_lib::Reader;\nfn f(r: Reader) { r.fill() }",
            "a method of this name is called at src/main.rs:2",
        ),
        (
            "use leaky_lib::block::*;\nfn f() { decode(1) }",
            "that a glob import may bring at src/main.rs:2",
        ),
        ("pub use leaky_lib::block::decode;", "it is imported at src/main.rs:1"),
        (
            "use leaky_lib::frame;\nfn f() { frame::decode() }",
            "can not be followed at src/main.rs:2",
        ),
        ("fn f() { leaky_lib::decode_all!(1) }", "a macro of the package is used at src/main.rs:1"),
        ("macro_rules! m { () => { leaky_lib::decode(1) } }", "the definition of a macro names it"),
        (
            "use leaky_lib::Other;\ninclude!(concat!(env!(\"OUT_DIR\"), \"/a.rs\"));",
            "code that the build makes",
        ),
        (
            "use leaky_lib::Other;\nfn f( {{ ] }",
            "`src/main.rs` was not read: not all of it could be parsed",
        ),
    ] {
        assert_said(source, "(`leaky_lib::Reader::fill` or `leaky_lib::block::decode`)");
        assert_said(source, wanted);
    }
}

#[test]
fn a_name_that_another_file_takes_from_an_import_is_unknown() {
    let lock = lockfile("1.0.0", DIRECT);
    for (main, other) in [
        ("pub use leaky_lib::block;", "fn f() { crate::block::decode(1) }"),
        ("pub use leaky_lib::block as b;", "fn f() { crate::b::decode(1) }"),
        ("pub mod x { pub use leaky_lib::block::*; }", "fn f() { crate::x::decode(1) }"),
        ("use leaky_lib::*;", "use super::*;\nfn f() { decode(1) }"),
        ("pub use leaky_lib::Reader;", "use super::*;\nfn f() { Reader::fill(1) }"),
        ("pub struct R(leaky_lib::Reader);", "fn f(r: crate::R) { r.0.fill() }"),
    ] {
        let files = [("src/main.rs", main), ("src/other.rs", other)];
        let files =
            [&[("Cargo.lock", lock.as_str()), ("Cargo.toml", MANIFEST)], &files[..]].concat();
        let finding = found(&files);
        assert!(reach(&finding).starts_with("unknown: "), "{main}\n{}", reach(&finding));
        assert!(reach(&finding).contains(" at src/other.rs:"), "{main}\n{}", reach(&finding));
        assert_eq!(finding.severity, Severity::Critical);
    }
}

#[test]
fn what_is_not_found_is_one_step_less_severe_and_says_what_was_searched() {
    let source = "use leaky_lib::Other;\n// leaky_lib::block::decode(1)\nfn main() { Other::new(); decode(1) }\n\
                  fn decode(x: u8) {}";
    let (text, severity) = said(source);
    assert_eq!(
        text,
        "not found in this source: `leaky_lib::Reader::fill` or `leaky_lib::block::decode` was searched for in 1 \
         file, of which 1 names the package; nothing else in the lockfile requires the package; calls within the \
         package were not looked at; for that, high instead of critical"
    );
    assert_eq!(severity, Severity::High);
    // Nothing of the package is at hand where nothing names it.
    assert_eq!(said("fn f(r: R) { r.fill() }").1, Severity::High);
}

#[test]
fn a_function_counts_only_in_the_versions_that_are_named_for_it() {
    let source = "use leaky_lib::Reader;\nfn f(r: Reader) { r.fill() }";
    let lock = lockfile("2.5.0", DIRECT);
    let finding =
        found(&[("Cargo.lock", &lock), ("Cargo.toml", MANIFEST), ("src/main.rs", source)]);
    assert!(
        reach(&finding).starts_with("not found in this source: `leaky_lib::block::decode` was")
    );
}

#[test]
fn a_package_that_others_require_keeps_its_severity() {
    let both: &[(&str, &[&str])] =
        &[("app", &["leaky-lib", "mid"]), ("mid", &["leaky-lib"]), ("leaky-lib", &[])];
    let only: &[(&str, &[&str])] =
        &[("app", &["mid"]), ("mid", &["leaky-lib"]), ("leaky-lib", &[])];
    for (requirements, wanted) in [
        (both, "; `mid` requires the package too, and may call it; calls within"),
        (only, "unknown: only `mid` requires it, and may call it"),
    ] {
        let lock = lockfile("1.0.0", requirements);
        let files =
            [("Cargo.lock", &*lock), ("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}")];
        let finding = found(&files);
        assert!(reach(&finding).contains(wanted), "{}", reach(&finding));
        assert_eq!(finding.severity, Severity::Critical);
    }
}

#[test]
fn a_package_that_the_manifest_gives_another_name_is_found_by_that() {
    let lock = lockfile("1.0.0", DIRECT);
    let manifest = "[package]\nname = \"app\"\n[target.'cfg(unix)'.dependencies]\n\
                    old-name = { package = \"leaky-lib\", version = \"1\" }\n";
    let source = "fn main() { old_name::block::decode(1) }";
    let finding =
        found(&[("Cargo.lock", &lock), ("Cargo.toml", manifest), ("src/main.rs", source)]);
    assert!(reach(&finding).starts_with("called at src/main.rs:1"), "{}", reach(&finding));
}

#[test]
fn only_sources_of_the_projects_own_packages_count() {
    let lock =
        lockfile("1.0.0", &[("app", &["part"]), ("part", &["leaky-lib"]), ("leaky-lib", &[])]);
    let call = "fn f() { leaky_lib::block::decode(1) }";
    let own = [
        ("Cargo.lock", &*lock),
        ("Cargo.toml", MANIFEST),
        ("part/Cargo.toml", "[package]\nname = \"part\"\n"),
        ("src/main.rs", "fn main() {}"),
        ("target/debug/build/x/out/a.rs", call),
        ("vendor/leaky-lib/Cargo.toml", "[package]\nname = \"leaky-lib\"\n"),
        ("vendor/leaky-lib/src/lib.rs", call),
        ("fuzz/Cargo.toml", "[package]\nname = \"app-fuzz\"\n"),
        ("fuzz/a.rs", call),
    ];
    assert!(reach(&found(&own)).starts_with("not found"), "{}", reach(&found(&own)));
    let called = [&own[..], &[("part/src/lib.rs", call)]].concat();
    assert!(reach(&found(&called)).starts_with("called at part/src/lib.rs:1 "));
    // Tests call as well; they are named last.
    let tested = [&called[..], &[("part/benches/a.rs", call)]].concat();
    let text = reach(&found(&tested)).to_owned();
    assert!(
        text.starts_with("called at part/src/lib.rs:1 ") && text.contains("part/benches/a.rs:1")
    );
}

#[test]
fn sources_that_are_not_there_are_not_searched_ones() {
    let lock = lockfile("1.0.0", DIRECT);
    let alone = found(&[("Cargo.lock", &lock)]);
    assert!(reach(&alone).contains("the source of `app` is not below the lockfile"));
    let broken = "fn f( {{{ \u{0} leaky_lib ".repeat(120_000);
    let broken = found(&[("Cargo.lock", &lock), ("Cargo.toml", MANIFEST), ("src/a.rs", &broken)]);
    assert!(reach(&broken).starts_with("unknown"), "{}", reach(&broken));
    assert_eq!((alone.severity, broken.severity), (Severity::Critical, Severity::Critical));
}
