//! `seaworthy db`: an index is made, shown, checked and used; what fails changes nothing and says so in a line.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/shop");

fn seaworthy(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("SEAWORTHY_OFFLINE", "1")
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .output()
        .expect("the program starts")
}

fn stdout(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The one line that a failed command says.
fn error(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(errors.lines().count(), 1, "{errors}");
    errors
}

/// A folder with the shop's index in its cache.
fn with_index() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let built = stdout(&seaworthy(folder.path(), &["db", "build", &format!("{SHOP}/advisories")]));
    assert!(built.contains("RustSec"), "{built}");
    let index = folder.path().join("cache/seaworthy/advisories.idx");
    (folder, index)
}

#[test]
fn an_index_is_built_shown_checked_and_used_without_being_named() {
    let (folder, index) = with_index();
    assert!(index.is_file());
    let status = stdout(&seaworthy(folder.path(), &["db", "status"]));
    assert!(status.contains("crates.io") && status.contains("made at"), "{status}");
    let verified = stdout(&seaworthy(folder.path(), &["db", "verify"]));
    assert!(verified.contains("4 packages"), "{verified}");
    let lock = fs::read(format!("{SHOP}/vulnerable/Cargo.lock")).unwrap();
    fs::write(folder.path().join("Cargo.lock"), lock).unwrap();
    let scan = ["scan", "--only", "dependency", "--fail-on", "high"];
    let scan = seaworthy(folder.path(), &scan);
    assert_eq!(scan.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&scan.stdout).contains("RUSTSEC-2099-0001"));
}

#[test]
fn a_damaged_index_is_refused_with_one_line_and_its_lockfile_is_not_assessed() {
    let (folder, index) = with_index();
    let mut bytes = fs::read(&index).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&index, &bytes).unwrap();
    assert!(error(&seaworthy(folder.path(), &["db", "verify"])).contains("is damaged"));
    fs::write(&index, &bytes[..middle]).unwrap();
    assert!(error(&seaworthy(folder.path(), &["db", "status"])).contains("is damaged"));
    fs::write(folder.path().join("Cargo.lock"), "version = 4\n").unwrap();
    let scan = seaworthy(folder.path(), &["scan", "--only", "dependency"]);
    assert_eq!(scan.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&scan.stdout).contains("is damaged"));
}

#[test]
fn a_source_without_advisories_leaves_the_index_as_it_was() {
    let (folder, index) = with_index();
    let before = fs::read(&index).unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let failed = seaworthy(folder.path(), &["db", "build", "empty"]);
    assert!(error(&failed).contains("no advisory in `empty`"));
    assert!(error(&seaworthy(folder.path(), &["db", "build", "absent"])).contains("absent"));
    assert_eq!(fs::read(&index).unwrap(), before);
}

#[test]
fn what_can_not_be_read_is_named_and_makes_the_scan_incomplete() {
    let (folder, _) = with_index();
    let from = folder.path().join("from/crates/seashell-log");
    fs::create_dir_all(&from).unwrap();
    let name = "RUSTSEC-2099-0004.md";
    let whole = format!("{SHOP}/advisories/crates/seashell-log/{name}");
    fs::copy(whole, from.join(name)).unwrap();
    fs::write(from.join("RUSTSEC-2099-0005.md"), "half a fi").unwrap();
    let index = ["--advisory-db", "own.idx"];
    let built = stdout(&seaworthy(folder.path(), &["db", "build", "from", index[0], index[1]]));
    assert!(built.contains("could not be read") && built.contains("0005"), "{built}");
    let lock = fs::read(format!("{SHOP}/repaired/Cargo.lock")).unwrap();
    fs::write(folder.path().join("Cargo.lock"), lock).unwrap();
    let scan = ["scan", "--only", "dependency", index[0], index[1]];
    assert_eq!(seaworthy(folder.path(), &scan).status.code(), Some(3));
}

#[test]
fn without_an_index_the_error_says_so() {
    let folder = tempfile::tempdir().unwrap();
    assert!(error(&seaworthy(folder.path(), &["db", "status"])).contains("advisories.idx"));
    assert!(error(&seaworthy(folder.path(), &["db", "verify"])).contains("advisories.idx"));
}
