//! `seaworthy fix` repairs files, and nothing the second time. With `--dependencies` cargo moves what it can without network, a dry run changes nothing, and what is
//! left or was not looked at is said.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const ADVISORY: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2099-0009\"\npackage = \"semver\"\ndate = \"2099-01-01\"\n\n\
    [versions]\npatched = [\">= 1.0.26\"]\n```\n\n# A made-up weakness\n\nText.\n";
const LOCK: &str = "version = 3\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"semver\",\n]\n\n\
    [[package]]\nname = \"semver\"\nversion = \"1.0.1\"\n\
    source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";

/// A project that uses an old `semver`, an advisory about that, and an index of cargo that names the releases.
fn project(requirement: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
        fs::write(path, text).expect("it is written");
    };
    write("advisories/crates/semver/RUSTSEC-2099-0009.md", ADVISORY);
    let manifest = format!(
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nsemver = \"{requirement}\"\n"
    );
    write("app/Cargo.toml", &manifest);
    write("app/Cargo.lock", LOCK);
    write("app/src/main.rs", "fn main() {}\n");
    let line = |version: &str| {
        let sum = "0".repeat(64);
        format!(
            "{version}\0{{\"name\":\"semver\",\"vers\":\"{version}\",\"deps\":[],\"cksum\":\"{sum}\",\"features\":{{}},\
             \"yanked\":false}}\0"
        )
    };
    let lines: String = ["1.0.1", "1.0.25", "1.0.27", "1.0.28"].into_iter().map(line).collect();
    let cached =
        ["home/registry/index/index", ".crates.io-1949cf8c6b5b557f/.cache/se/mv/semver"].concat();
    let cache = format!("\u{3}\u{2}\0\0\0etag: \"x\"\0{lines}");
    write(&cached, &cache);
    folder
}

fn fix(folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(["fix", "--dependencies", "--offline", "app", "--advisory-db", "advisories"])
        .args(more)
        .current_dir(folder)
        .env("CARGO_HOME", folder.join("home"))
        .output()
        .expect("the program starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_a_parent_of_the_project_forbids_is_left_and_said() {
    let folder = project("=1.0.1");
    let output = fix(folder.path(), &[]);
    let told = text(&output);
    assert!(
        told.contains("app 0.1.0 requires semver =1.0.1, and 1.0.27 is its smallest"),
        "{told}"
    );
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(fs::read_to_string(folder.path().join("app/Cargo.lock")).unwrap(), LOCK);
}

#[test]
fn a_dry_run_changes_nothing_and_the_run_moves_the_package() {
    let folder = project("1");
    let lock = folder.path().join("app/Cargo.lock");
    let dry = fix(folder.path(), &["--dry-run"]);
    let told = text(&dry);
    assert!(told.contains("would move semver 1.0.1 → 1.0.27"), "{told}");
    assert_eq!(fs::read_to_string(&lock).unwrap(), LOCK);
    let output = fix(folder.path(), &[]);
    let told = text(&output);
    assert!(told.contains("moved semver 1.0.1 → 1.0.27"), "{told}");
    assert!(told.contains("nothing is left that a version repairs"), "{told}");
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(fs::read_to_string(&lock).unwrap().contains("1.0.27"));
}

#[test]
fn without_advisories_nothing_is_called_repaired() {
    let folder = project("1");
    fs::remove_dir_all(folder.path().join("advisories")).unwrap();
    let output = fix(folder.path(), &[]);
    let told = text(&output);
    assert!(told.contains("not all was looked at"), "{told}");
    assert_eq!(output.status.code(), Some(3), "{told}");
}

const COMPOSE: &str = "services:\r\n  web:\r\n    image: nginx:1.27\r\n    privileged: true # why\r\n  db:\r\n    privileged: yes\r\n    image: postgres:17\r\n";

fn edit(folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(["fix", ".", "--rule", "container/compose-privileged"])
        .args(more)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

#[test]
fn a_dry_run_shows_the_difference_and_the_run_makes_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compose.yaml");
    fs::write(&file, COMPOSE).unwrap();
    let dry = edit(folder.path(), &["--dry-run"]);
    let told = text(&dry);
    assert!(
        told.contains("--- a/compose.yaml") && told.contains("-    privileged: true # why"),
        "{told}"
    );
    assert!(told.contains("2 findings could be repaired"), "{told}");
    assert_eq!(fs::read_to_string(&file).unwrap(), COMPOSE);
    let run = edit(folder.path(), &[]);
    assert_eq!(run.status.code(), Some(0));
    assert!(text(&run).contains("Let the container run unprivileged (2 times)"), "{}", text(&run));
    let repaired = fs::read_to_string(&file).unwrap();
    let wanted = COMPOSE.replace("    privileged: true # why\r\n", "");
    assert_eq!(repaired, wanted.replace("    privileged: yes\r\n", ""));
    assert_eq!(text(&edit(folder.path(), &[])), "0 findings were repaired\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), repaired);
}
