//! `--base`: only what a change brings is gated, and a change can not weaken its own audit.

use std::{fs, path::Path, process::Command};

struct Checkout {
    folder: tempfile::TempDir,
}

const DEBUG: &str = "from flask import Flask\napp = Flask('a')\napp.run(debug=True)\n";
const POLICY: &str = "fail-on: medium\n";

impl Checkout {
    /// A repository whose `main` has these files, on a branch of its own.
    fn new(files: &[(&str, &str)]) -> Self {
        let checkout = Self { folder: tempfile::tempdir().expect("a folder") };
        checkout.git(&["init", "-q", "-b", "main"]);
        checkout.write("seaworthy.yaml", POLICY);
        for (name, text) in files {
            checkout.write(name, text);
        }
        checkout.commit();
        checkout.git(&["checkout", "-qb", "change"]);
        checkout
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.invalid"])
            .args(["-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn commit(&self) {
        self.git(&["add", "-A", "-f"]);
        self.git(&["commit", "-qm", "change"]);
    }

    /// Exit code and output of a scan against `main`.
    fn scan(&self, more: &[&str]) -> (i32, String) {
        self.scan_only("code,secret", more)
    }

    /// The same of the dependencies, with this database.
    fn scan_packages(&self, database: &Path) -> (i32, String) {
        let database = database.display().to_string();
        let more = ["--offline", "--report", "json", "--advisory-db", database.as_str()];
        self.scan_only("dependency", &more)
    }

    fn scan_only(&self, kinds: &str, more: &[&str]) -> (i32, String) {
        let arguments = [&["scan", "--base", "main", "--only", kinds][..], more].concat();
        let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
            .env("SEAWORTHY_OFFLINE", "1")
            .args(&arguments)
            .current_dir(self.path())
            .output()
            .expect("the program starts");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code().expect("an exit code"), text)
    }
}

#[test]
fn what_the_base_has_does_not_block_and_what_is_new_does() {
    let checkout = Checkout::new(&[("a.py", DEBUG)]);
    assert_eq!(checkout.scan(&[]).0, 0);
    checkout.write("a.py", &format!("\n\n# moved\n{DEBUG}"));
    checkout.commit();
    assert_eq!(checkout.scan(&[]).0, 0, "a moved finding is known");
    checkout.write("b.py", DEBUG);
    assert_eq!(checkout.scan(&[]).0, 1, "a new one blocks, committed or not");
}

#[test]
fn a_change_of_the_policy_counts_from_the_next_one_on() {
    let checkout = Checkout::new(&[]);
    checkout.write("b.py", DEBUG);
    checkout.write("seaworthy.yaml", "fail-on: never\nexclude: ['**']\n");
    checkout.write("other.yaml", "fail-on: never\n");
    checkout.commit();
    assert_eq!(checkout.scan(&[]).0, 1);
    let (code, text) = checkout.scan(&["--config", "other.yaml"]);
    assert_eq!(code, 2, "{text}");
}

#[test]
fn a_baseline_of_the_change_itself_is_not_read() {
    let checkout = Checkout::new(&[("known.json", "{ \"findings\": [] }\n")]);
    checkout.write("b.py", DEBUG);
    checkout.commit();
    checkout.scan(&["--write-baseline", "known.json"]);
    assert_eq!(checkout.scan(&["--baseline", "known.json"]).0, 1);
}

#[test]
fn an_inline_waiver_counts_from_the_next_change_on_and_for_its_own_line() {
    let waived = DEBUG.replace("True)", "True)  # seaworthy: allow code/flask-debug - a toy");
    let checkout = Checkout::new(&[("a.py", &waived)]);
    checkout.write("b.py", &waived);
    checkout.commit();
    let (code, text) = checkout.scan(&[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("proposed"), "{text}");
    checkout.git(&["rm", "-qf", "b.py"]);
    checkout.write("a.py", &format!("{waived}{waived}"));
    checkout.commit();
    assert_eq!(checkout.scan(&[]).0, 1, "a copy of the waived line is new");
}

#[test]
fn a_comment_of_another_tool_counts_where_the_base_says_so() {
    let token = ["ghp_zQWBuTSOoRi4A9sp", "HcVY5ncnsDkxkJ0mLq17"].concat();
    let marked = format!("T={token} # gitleaks:allow\n");
    let policy = "fail-on: medium\nhonour-markers: [gitleaks, detect-secrets]\n";
    let checkout = Checkout::new(&[("a.txt", ""), ("b.env", &marked)]);
    checkout.write("seaworthy.yaml", policy);
    checkout.write("c.env", &marked);
    checkout.commit();
    let (code, text) = checkout.scan(&[]);
    assert_eq!(code, 1, "the base has no such setting: {text}");
    let checkout = Checkout::new(&[("seaworthy.yaml", policy), ("b.env", &marked)]);
    let (code, text) = checkout.scan(&["--report", "json"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("marked by gitleaks:allow") && text.contains("\"waived\""), "{text}");
    checkout.write("c.env", &format!("# pragma: allowlist nextline secret\nT={token}\n"));
    let (code, text) = checkout.scan(&[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("proposed"), "{text}");
}

#[test]
fn an_ignore_file_hides_nothing_that_is_tracked() {
    let checkout = Checkout::new(&[]);
    checkout.write("b.py", DEBUG);
    checkout.write(".gitignore", "*.py\n");
    checkout.commit();
    assert_eq!(checkout.scan(&[]).0, 1);
}

#[test]
fn a_base_that_is_not_there_can_not_run() {
    let checkout = Checkout::new(&[]);
    checkout.git(&["branch", "-D", "main"]);
    let (code, text) = checkout.scan(&[]);
    assert_eq!(code, 2, "{text}");
}

/// A folder with one advisory each about two packages, in all versions before 2.
fn database() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (id, name) in [("GHSA-1", "leaky"), ("GHSA-2", "leeky")] {
        let text = format!(
            r#"{{"id": "{id}", "modified": "2026-08-01T00:00:00Z", "summary": "Invented weakness", "affected": [{{
                "package": {{"ecosystem": "npm", "name": "{name}"}},
                "ranges": [{{"type": "SEMVER", "events": [{{"introduced": "0"}}, {{"fixed": "2.0.0"}}]}}]}}]}}"#
        );
        fs::write(folder.path().join(format!("{id}.json")), text).expect("a file");
    }
    folder
}

/// A lockfile of npm, one package on each line.
fn lockfile(packages: &[(&str, &str)]) -> String {
    let entry = |(name, version): &(&str, &str)| {
        format!(",\n    \"node_modules/{name}\": {{\"version\": \"{version}\"}}")
    };
    let entries: String = packages.iter().map(entry).collect();
    format!(
        "{{\n  \"lockfileVersion\": 3,\n  \"packages\": {{\n    \"\": {{}}{entries}\n  }}\n}}\n"
    )
}

/// A change from one lockfile to another, scanned.
fn changed(from: &[(&str, &str)], to: &[(&str, &str)]) -> (i32, String) {
    let checkout = Checkout::new(&[("package-lock.json", &lockfile(from))]);
    checkout.write("package-lock.json", &lockfile(to));
    checkout.commit();
    checkout.scan_packages(database().path())
}

#[test]
fn a_vulnerable_package_of_the_base_is_known_wherever_its_line_moves() {
    let before = [("leaky", "1.0.0")];
    let (code, text) = changed(&before, &[("a", "1.0.0"), ("b", "1.0.0"), ("leaky", "1.0.0")]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("\"verdict\": \"baseline\""), "{text}");
}

#[test]
fn a_vulnerable_package_that_is_added_or_moved_is_new() {
    let (code, text) = changed(&[("leaky", "1.0.0")], &[("leaky", "1.0.0"), ("leeky", "1.0.0")]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("\"blocking\"") && text.contains("\"baseline\""), "{text}");
    let (code, text) = changed(&[("leaky", "1.0.0")], &[("leaky", "1.1.0")]);
    assert_eq!(code, 1, "{text}");
    let nested = [("leaky", "1.0.0"), ("a", "1.0.0"), ("a/node_modules/leaky", "1.1.0")];
    assert_eq!(
        changed(&[("leaky", "1.0.0")], &nested).0,
        1,
        "another version beside the known one"
    );
}

#[test]
fn taking_a_vulnerable_package_out_never_fails() {
    let before = [("leaky", "1.0.0"), ("leeky", "1.0.0")];
    for after in
        [&[("leeky", "1.0.0")][..], &[("leaky", "2.0.0"), ("leeky", "1.0.0")], &[("a", "1.0.0")]]
    {
        let (code, text) = changed(&before, after);
        assert_eq!(code, 0, "{after:?}: {text}");
    }
    let checkout = Checkout::new(&[("package-lock.json", &lockfile(&before))]);
    checkout.git(&["rm", "-q", "package-lock.json"]);
    checkout.commit();
    assert_eq!(checkout.scan_packages(database().path()).0, 0, "the lockfile itself may go, too");
}

#[test]
fn without_a_database_a_change_of_packages_is_incomplete() {
    let before = [("leaky", "1.0.0")];
    let checkout = Checkout::new(&[("package-lock.json", &lockfile(&before))]);
    let nowhere = checkout.path().join("not-there.idx");
    let (code, text) = checkout.scan_packages(&nowhere);
    assert_eq!(code, 3, "{text}");
    checkout.write("package-lock.json", &lockfile(&[("leaky", "1.1.0")]));
    checkout.commit();
    let (code, text) = checkout.scan_packages(&nowhere);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("not-there.idx"), "{text}");
}
