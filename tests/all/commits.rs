//! Secrets beyond the working tree: in the history, in the commits of a change, in what is staged.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// A token of a form that nobody mistakes, in pieces so that this file holds none.
fn token() -> String {
    ["ghp_zQWBuTSOoRi4A9sp", "HcVY5ncnsDkxkJ0mLq17"].concat()
}

fn leak() -> String {
    format!("token = \"{}\"\n", token())
}

struct Checkout {
    folder: tempfile::TempDir,
}

/// What a scan ends with.
struct Scanned {
    code: i32,
    report: Value,
    text: String,
}

impl Scanned {
    /// Path and first characters of the commit of each finding.
    fn places(&self) -> Vec<(String, Option<String>)> {
        let findings = self.report["findings"].as_array().expect("a report");
        let place = |finding: &Value| {
            let commit = finding["place"]["commit"]["id"].as_str().map(str::to_owned);
            (finding["place"]["path"].as_str().unwrap_or_default().to_owned(), commit)
        };
        findings.iter().map(place).collect()
    }

    fn incomplete(&self) -> String {
        self.report["incomplete"].to_string()
    }
}

impl Checkout {
    fn new() -> Self {
        Self::made(&["init", "-q", "-b", "main"])
    }

    fn made(arguments: &[&str]) -> Self {
        let checkout = Self { folder: tempfile::tempdir().expect("a folder") };
        checkout.git(arguments);
        checkout
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.path(), arguments)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Commits all there is; returns the commit.
    fn commit(&self) -> String {
        self.git(&["add", "-A", "-f"]);
        self.git(&["commit", "-qm", "change", "--allow-empty"]);
        self.head()
    }

    fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// A file with a token, which the next commit removes; returns the first of them.
    fn leak_and_remove(&self, name: &str) -> String {
        self.write(name, &leak());
        let commit = self.commit();
        self.write(name, "token = None\n");
        self.commit();
        commit
    }

    fn scan(&self, arguments: &[&str]) -> Scanned {
        scan(self.path(), arguments)
    }

    fn history(&self) -> Scanned {
        self.scan(&["--history", "--only", "secret"])
    }

    fn objects(&self, extension: &str) -> Vec<PathBuf> {
        let listed = fs::read_dir(self.path().join(".git/objects/pack")).expect("packs");
        let paths = listed.map(|entry| entry.expect("an entry").path());
        paths.filter(|path| path.extension().is_some_and(|known| known == extension)).collect()
    }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.invalid"])
        .args(["-c", "commit.gpgsign=false", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_DATE", "2024-03-02T10:20:30+02:00")
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn scan(folder: &Path, arguments: &[&str]) -> Scanned {
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .env("SEAWORTHY_OFFLINE", "1")
        .args(["scan", "--no-progress", "--report", "json"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(!text.contains(&token()[4..]), "{text}");
    Scanned { code: output.status.code().expect("an exit code"), report, text }
}

fn at(path: &str, commit: &str) -> (String, Option<String>) {
    (path.to_owned(), Some(commit.to_owned()))
}

#[test]
fn a_secret_that_was_removed_is_found_with_its_first_commit() {
    let checkout = Checkout::new();
    checkout.write("a.py", "x = 1\n");
    checkout.commit();
    checkout.write("a.py", &format!("x = 1\n{}", leak()));
    let first = checkout.commit();
    checkout.write("a.py", &format!("x = 2\n\n{}", leak()));
    checkout.commit();
    checkout.write("a.py", "x = 3\n");
    checkout.commit();
    for packed in [false, true] {
        let scanned = checkout.history();
        assert_eq!(scanned.places(), [at("a.py", &first)], "packed: {packed}");
        assert_eq!(scanned.code, 1, "{}", scanned.text);
        let finding = &scanned.report["findings"][0];
        assert_eq!(finding["place"]["start_line"], 2);
        assert_eq!(finding["place"]["commit"]["date"], "2024-03-02T10:20:30+02:00");
        assert!(finding["evidence"].to_string().contains("Revoke"), "{finding}");
        checkout.git(&["gc", "-q", "--prune=now"]);
    }
    assert_eq!(checkout.scan(&["--only", "secret"]).code, 0, "only the history holds it");
}

#[test]
fn what_the_working_tree_still_holds_is_one_finding() {
    let checkout = Checkout::new();
    checkout.write("a.py", &leak());
    checkout.commit();
    checkout.git(&["mv", "a.py", "b.py"]);
    checkout.commit();
    assert_eq!(checkout.history().places(), [("b.py".to_owned(), None)]);
}

#[test]
fn all_references_count_and_what_none_reaches_does_not() {
    let checkout = Checkout::new();
    checkout.write("a.py", "x = 1\n");
    checkout.commit();
    checkout.git(&["checkout", "-qb", "other"]);
    checkout.write("tagged.py", &leak());
    let tagged = checkout.commit();
    checkout.git(&["tag", "-am", "a tag", "v1"]);
    checkout.git(&["checkout", "-q", "main"]);
    checkout.git(&["branch", "-qD", "other"]);
    assert_eq!(checkout.history().places(), [at("tagged.py", &tagged)]);
    checkout.git(&["tag", "-d", "v1"]);
    let scanned = checkout.history();
    assert_eq!((scanned.code, scanned.places()), (0, vec![]), "{}", scanned.text);
    checkout.git(&["update-ref", "refs/remotes/origin/other", &tagged]);
    checkout.git(&["pack-refs", "--all"]);
    assert_eq!(checkout.history().places(), [at("tagged.py", &tagged)]);
}

#[test]
fn a_blob_that_a_tag_names_without_a_commit_is_found() {
    let checkout = Checkout::new();
    checkout.write("a.py", &leak());
    checkout.git(&["add", "a.py"]);
    let blob = checkout.git(&["rev-parse", ":a.py"]).trim().to_owned();
    checkout.git(&["rm", "-qf", "a.py"]);
    checkout.commit();
    checkout.git(&["update-ref", "refs/tags/key", &blob]);
    assert_eq!(checkout.history().places(), [at("refs/tags/key", &blob)]);
}

#[test]
fn a_value_that_counts_in_one_folder_only_is_found_there() {
    let checkout = Checkout::new();
    let password = ["password = \"qX7", "vR2mK9tLw4Zp\"\n"].concat();
    checkout.write("tests/settings.py", &password);
    checkout.commit();
    checkout.write("shop/settings.py", &password);
    let shop = checkout.commit();
    checkout.git(&["rm", "-rq", "shop", "tests"]);
    checkout.commit();
    assert_eq!(checkout.history().places(), [at("shop/settings.py", &shop)]);
}

#[test]
fn what_was_written_in_another_form_is_found_in_the_past() {
    let encoded = STANDARD.encode(format!("the settings of the shop\n{}", leak()));
    let percent = token().replace('_', "%5f");
    let cell = json!({"cells": [{"cell_type": "code", "source": [leak()]}]}).to_string();
    let password = STANDARD.encode(["qX7", "vR2mK9tLw4Zp"].concat());
    let manifest = format!("kind: Secret\ndata:\n  password: {password}\n");
    let wide: Vec<u8> = leak().encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (path, bytes) in [
        ("a.txt", encoded.into_bytes()),
        ("b.txt", percent.into_bytes()),
        ("c.ipynb", cell.into_bytes()),
        ("d.yaml", manifest.into_bytes()),
        ("e.py", wide),
    ] {
        let checkout = Checkout::new();
        fs::write(checkout.path().join(path), bytes).expect("the folder is there");
        let added = checkout.commit();
        checkout.git(&["rm", "-q", path]);
        checkout.commit();
        assert_eq!(checkout.history().places(), [at(path, &added)], "{path}");
    }
}

#[test]
fn only_the_audited_folder_counts() {
    let checkout = Checkout::new();
    checkout.leak_and_remove("other/a.py");
    let inside = checkout.leak_and_remove("app/lib/a.py");
    let scanned = scan(&checkout.path().join("app"), &["--history", "--only", "secret"]);
    assert_eq!(scanned.places(), [at("lib/a.py", &inside)]);
}

#[test]
fn a_large_blob_is_told_where_a_commit_has_it() {
    let checkout = Checkout::new();
    checkout.write("seaworthy.yaml", "max-file-size: 10 KiB\n");
    checkout.write("big.txt", &"words and words\n".repeat(1_000));
    checkout.write("big.png", &"words and words, too\n".repeat(1_000));
    let commit = checkout.commit();
    checkout.git(&["rm", "-q", "big.txt", "big.png"]);
    checkout.leak_and_remove("a.py");
    for packed in [false, true] {
        let scanned = checkout.history();
        assert_eq!(scanned.places().len(), 1, "packed: {packed}");
        let told = format!("big.txt in commit {commit}: over the size limit of 10240 bytes");
        assert_eq!(scanned.incomplete(), format!("[\"{told}\"]"));
        checkout.git(&["gc", "-q", "--prune=now"]);
    }
}

/// Versions of a file that are stored as deltas, then some whole files; all in one pack.
fn packed() -> Checkout {
    let checkout = Checkout::new();
    let text = |number: u32| -> String {
        let lines = (0..400).map(|line| format!("line {line} of {}", number / (line + 1)));
        lines.collect::<Vec<_>>().join("\n")
    };
    for number in 0..8 {
        checkout.write("grown.txt", &text(number * 100));
        checkout.commit();
    }
    checkout.leak_and_remove("a.py");
    checkout.git(&["gc", "-q", "--prune=now"]);
    checkout
}

#[cfg(unix)]
#[test]
fn a_corrupt_object_is_told_and_the_rest_is_audited() {
    use std::os::unix::fs::PermissionsExt;
    let checkout = packed();
    let index = checkout.objects("idx").remove(0);
    let listed = checkout.git(&["verify-pack", "-v", &index.display().to_string()]);
    let rows: Vec<Vec<&str>> =
        listed.lines().map(|line| line.split_whitespace().collect()).collect();
    // Of a delta there are seven columns: its depth and its base are the last.
    let delta = rows.iter().find(|row| row.len() == 7 && row[1] == "blob").expect("a delta");
    let base = rows.iter().find(|row| row[0] == delta[6]).expect("its base");
    let number = |column: usize| base[column].parse::<usize>().expect("a number");
    let (length, offset) = (number(3), number(4));
    let pack = checkout.objects("pack").remove(0);
    let mut bytes = fs::read(&pack).expect("it reads");
    bytes[offset + length / 2] ^= 0x55;
    fs::set_permissions(&pack, fs::Permissions::from_mode(0o644)).expect("it may be written");
    fs::write(&pack, bytes).expect("it writes");
    let scanned = checkout.history();
    assert_eq!(scanned.places().len(), 1, "{}", scanned.text);
    let told = scanned.incomplete();
    let expected = format!("object {}: can not be read, nor ", base[0]);
    assert!(told.contains(&expected) && told.contains(" that build"), "{told}");
    let clean = checkout.scan(&["--history", "--only", "secret", "--fail-on", "never"]);
    assert_eq!(clean.code, 3, "{}", clean.text);
}

#[test]
fn a_pack_that_is_none_is_told_and_the_rest_is_audited() {
    let checkout = packed();
    let folder = checkout.path().join(".git/objects/pack");
    for (name, bytes) in [("pack-1.idx", &b"\xfftOc\0\0\0\x02"[..]), ("pack-1.pack", b"PACK")] {
        fs::write(folder.join(name), bytes).expect("it writes");
    }
    let index = fs::read(
        checkout.objects("idx").into_iter().find(|p| !p.ends_with("pack-1.idx")).expect("an index"),
    );
    let index = index.expect("it reads");
    // Offsets that lead nowhere.
    let count = u32::from_be_bytes([index[1028], index[1029], index[1030], index[1031]]) as usize;
    let mut lying = index;
    let offsets = 1032 + count * 24;
    lying[offsets..offsets + count * 4].fill(0xff);
    fs::write(folder.join("pack-2.idx"), lying).expect("it writes");
    fs::copy(
        checkout.objects("pack").into_iter().find(|p| !p.ends_with("pack-1.pack")).expect("a pack"),
        folder.join("pack-2.pack"),
    )
    .expect("it copies");
    let scanned = checkout.history();
    assert_eq!(scanned.places().len(), 1, "{}", scanned.text);
    assert!(scanned.incomplete().contains("pack-1.idx: can not be read"), "{}", scanned.text);
    assert!(scanned.incomplete().contains("pack-2.idx"), "{}", scanned.text);
}

#[test]
fn a_missing_commit_is_told() {
    let checkout = Checkout::new();
    let first = checkout.leak_and_remove("a.py");
    let gone = checkout.head();
    checkout.write("a.py", "x = 2\n");
    checkout.commit();
    let file = checkout.path().join(".git/objects").join(&gone[..2]).join(&gone[2..]);
    fs::remove_file(file).expect("it goes");
    let scanned = checkout.history();
    assert!(scanned.incomplete().contains(&format!("commit {gone} can not be read")));
    assert_eq!(scanned.code, 3);
    assert!(!scanned.text.contains(&first), "nothing leads to it any more");
}

#[test]
fn a_shallow_clone_says_so() {
    let checkout = Checkout::new();
    checkout.leak_and_remove("a.py");
    let clone = tempfile::tempdir().expect("a folder");
    let from = format!("file://{}", checkout.path().display());
    git(clone.path(), &["clone", "-q", "--depth", "1", &from, "."]);
    let scanned = scan(clone.path(), &["--history", "--only", "secret"]);
    assert_eq!((scanned.code, scanned.places()), (3, vec![]));
    assert!(scanned.incomplete().contains("shallow"), "{}", scanned.text);
}

#[test]
fn alternates_outside_of_the_repository_are_not_followed() {
    let checkout = Checkout::new();
    checkout.leak_and_remove("a.py");
    let clone = tempfile::tempdir().expect("a folder");
    git(clone.path(), &["clone", "-q", "--shared", &checkout.path().display().to_string(), "."]);
    let scanned = scan(clone.path(), &["--history", "--only", "secret"]);
    assert_eq!((scanned.code, scanned.places()), (3, vec![]));
    assert!(scanned.incomplete().contains("alternates"), "{}", scanned.text);
    let compared = scan(clone.path(), &["--base", "HEAD~1"]);
    assert_eq!(compared.code, 2, "{}", compared.text);
    assert!(compared.text.contains("alternates"), "{}", compared.text);
}

#[test]
fn neither_grafts_nor_replacements_hide_a_commit() {
    let checkout = Checkout::new();
    checkout.write("a.py", "x = 1\n");
    let clean = checkout.commit();
    let leaky = checkout.leak_and_remove("a.py");
    checkout.git(&["replace", &leaky, &clean]);
    checkout.write(".git/info/grafts", &format!("{}\n", checkout.head()));
    assert_eq!(checkout.history().places(), [at("a.py", &leaky)]);
}

#[test]
fn a_submodule_is_named_as_not_looked_at() {
    let other = Checkout::new();
    other.commit();
    let checkout = Checkout::new();
    checkout.git(&["submodule", "--quiet", "add", &other.path().display().to_string(), "part"]);
    checkout.commit();
    let scanned = checkout.history();
    assert_eq!(scanned.code, 0, "{}", scanned.text);
    assert!(scanned.report["gaps"].to_string().contains("submodule"), "{}", scanned.text);
}

#[test]
fn a_repository_with_long_hashes_is_audited_like_any_other() {
    let checkout = Checkout::made(&["init", "-q", "-b", "main", "--object-format=sha256"]);
    let first = checkout.leak_and_remove("a.py");
    assert_eq!(first.len(), 64);
    assert_eq!(checkout.history().places(), [at("a.py", &first)]);
    checkout.git(&["gc", "-q", "--prune=now"]);
    assert_eq!(checkout.history().places(), [at("a.py", &first)]);
}

#[test]
fn a_history_that_can_not_be_looked_at_can_not_run() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(scan(folder.path(), &["--history"]).code, 2);
    assert_eq!(scan(folder.path(), &["--staged"]).code, 2);
    let checkout = Checkout::new();
    assert_eq!(checkout.scan(&["--history", "--only", "code"]).code, 2);
    assert_eq!(checkout.scan(&["--history", "--base", "main"]).code, 2);
    assert_eq!(checkout.history().code, 0, "there is no commit yet");
}

#[test]
fn a_deadline_ends_the_history_and_is_told() {
    let checkout = packed();
    let scanned = checkout.scan(&["--history", "--only", "secret", "--deadline", "1s"]);
    assert!(matches!(scanned.code, 1 | 3), "{}", scanned.text);
}

#[test]
fn a_secret_that_a_change_adds_and_removes_blocks_it() {
    let checkout = Checkout::new();
    checkout.write("known.py", &leak());
    checkout.commit();
    checkout.write("known.py", "x = 1\n");
    checkout.commit();
    checkout.git(&["checkout", "-qb", "change"]);
    checkout.write("a.py", "x = 1\n");
    checkout.commit();
    assert_eq!(checkout.scan(&["--base", "main", "--only", "secret"]).code, 0, "older commits");
    let commit = checkout.leak_and_remove("b.py");
    let scanned = checkout.scan(&["--base", "main", "--only", "secret"]);
    assert_eq!((scanned.code, scanned.places()), (1, vec![at("b.py", &commit)]));
}

#[test]
fn what_the_base_holds_or_brings_by_a_merge_is_not_of_the_change() {
    let checkout = Checkout::new();
    checkout.write("a.py", &leak());
    checkout.commit();
    checkout.git(&["checkout", "-qb", "change"]);
    checkout.write("a.py", &format!("x = 1\n{}", leak()));
    checkout.commit();
    checkout.write("a.py", "x = 1\n");
    checkout.commit();
    let scanned = checkout.scan(&["--base", "main", "--only", "secret"]);
    assert_eq!(scanned.code, 0, "{}", scanned.text);
    assert_eq!(scanned.report["findings"][0]["verdict"], "baseline");
    checkout.git(&["checkout", "-q", "main"]);
    checkout.leak_and_remove("elsewhere.py");
    checkout.git(&["checkout", "-q", "change"]);
    checkout.git(&["merge", "-q", "-m", "merge", "-X", "ours", "main"]);
    let merged = checkout.scan(&["--base", "main", "--only", "secret"]);
    assert_eq!(merged.code, 0, "{}", merged.text);
}

#[test]
fn a_finding_in_the_head_is_told_once_and_waivers_count_by_path() {
    let checkout = Checkout::new();
    let entry =
        "  - { rule: secret/github-token, path: docs/**, reason: shown, until: 2999-01-01 }\n";
    checkout.write("seaworthy.yaml", &format!("waivers:\n{entry}"));
    checkout.commit();
    checkout.git(&["checkout", "-qb", "change"]);
    checkout.write("b.py", &leak());
    checkout.commit();
    let scanned = checkout.scan(&["--base", "main", "--only", "secret"]);
    assert_eq!(scanned.places(), [("b.py".to_owned(), None)]);
    checkout.git(&["rm", "-q", "b.py"]);
    checkout.git(&["commit", "-q", "--amend", "-m", "nothing", "--allow-empty"]);
    checkout.leak_and_remove("docs/b.py");
    let waived = checkout.scan(&["--base", "main", "--only", "secret"]);
    assert_eq!(waived.report["findings"][0]["verdict"], "waived", "{}", waived.text);
}

#[test]
fn a_comment_of_the_past_excuses_nothing() {
    let checkout = Checkout::new();
    checkout.commit();
    checkout.git(&["checkout", "-qb", "change"]);
    let waived = format!("{}  # seaworthy: allow secret/github-token - a toy\n", leak().trim_end());
    checkout.write("b.py", &waived);
    checkout.commit();
    checkout.write("b.py", "x = 1  # seaworthy: allow secret/github-token - a toy\n");
    checkout.commit();
    for arguments in [["--base", "main"], ["--history", "--strict"]] {
        let scanned = checkout.scan(&[&arguments[..], &["--only", "secret"]].concat());
        assert_eq!(scanned.report["findings"][0]["verdict"], "blocking", "{}", scanned.text);
    }
}

#[test]
fn what_is_staged_is_audited_and_nothing_else() {
    let checkout = Checkout::new();
    checkout.write("old.py", &leak());
    checkout.write("same.py", "x = 1\n");
    checkout.commit();
    checkout.write("unstaged.py", &leak());
    let clean = checkout.scan(&["--staged"]);
    assert_eq!((clean.code, clean.places()), (0, vec![]), "{}", clean.text);
    checkout.write("new.py", &leak());
    checkout.git(&["add", "new.py"]);
    checkout.write("new.py", "x = 1\n");
    let scanned = checkout.scan(&["--staged"]);
    assert_eq!((scanned.code, scanned.places()), (1, vec![("new.py".to_owned(), None)]));
}

#[test]
fn the_first_commit_can_be_audited_before_it_is_made() {
    let checkout = Checkout::new();
    checkout.write("seaworthy.yaml", "exclude: ['skipped/**']\n");
    checkout.write("skipped/new.py", &leak());
    checkout.git(&["add", "-A"]);
    assert_eq!(checkout.scan(&["--staged"]).code, 0);
    checkout.write("new.py", &leak());
    checkout.git(&["add", "-A"]);
    assert_eq!(checkout.scan(&["--staged"]).code, 1);
    assert_eq!(checkout.scan(&["--staged", "--only", "repository"]).code, 2);
}

#[cfg(unix)]
#[test]
fn a_hook_sees_the_index_that_is_committed() {
    use std::os::unix::fs::PermissionsExt;
    let checkout = Checkout::new();
    checkout.write("a.py", "x = 1\n");
    checkout.commit();
    let hook = checkout.path().join(".git/hooks/pre-commit");
    let program = env!("CARGO_BIN_EXE_seaworthy");
    fs::create_dir_all(hook.parent().expect("a parent")).expect("a folder");
    fs::write(&hook, format!("#!/bin/sh\nexec {program} scan --staged --no-progress\n"))
        .expect("it writes");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("it may run");
    checkout.write("a.py", &leak());
    let commit = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.invalid", "commit", "-qm", "a"]);
        let output = git.args(arguments).current_dir(checkout.path()).output().expect("git runs");
        output.status.success()
    };
    assert!(!commit(&["-a"]), "`commit -a` stages in an index of its own");
    assert!(!commit(&["a.py"]), "`commit FILE` makes one for itself");
    checkout.write("a.py", "x = 2\n");
    assert!(commit(&["-a"]));
}

#[test]
fn the_hook_is_configured_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let init = || {
        let mut program = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
        let output = program.args(["init", "--pre-commit"]).current_dir(folder.path()).output();
        String::from_utf8_lossy(&output.expect("it starts").stdout).into_owned()
    };
    assert!(init().starts_with("wrote .pre-commit-config.yaml"));
    let path = folder.path().join(".pre-commit-config.yaml");
    let text = fs::read_to_string(&path).expect("it is there");
    assert!(text.contains("entry: seaworthy scan --staged"), "{text}");
    assert!(!folder.path().join("seaworthy.yaml").exists());
    fs::write(&path, "repos: []\n").expect("it writes");
    let told = init();
    assert!(told.contains("- id: seaworthy") && told.contains("kept"), "{told}");
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "repos: []\n");
}

#[test]
fn every_format_names_the_commit_and_shows_no_secret() {
    let checkout = Checkout::new();
    let commit = checkout.leak_and_remove("a.py");
    for format in ["terminal", "markdown", "html", "sarif"] {
        let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
            .env("SEAWORTHY_OFFLINE", "1")
            .args(["scan", "--no-progress", "--history", "--only", "secret", "--report", format])
            .current_dir(checkout.path())
            .output()
            .expect("the program starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(&commit[..10]) && text.contains("2024-03-02"), "{text}");
        assert!(text.contains("Revoke") && text.contains("ghp_***"), "{text}");
        assert!(!text.contains(&token()[4..12]), "{text}");
    }
}
