//! The command line as a user meets it: arguments, exit codes, what goes to stdout and to stderr.

use std::{fs, path::Path, process::Command};

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

fn seaworthy(folder: &Path, arguments: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("SEAWORTHY_OFFLINE", "1")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("the program starts");
    Ended {
        code: output.status.code().expect("an exit code"),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text.replace("<!>", "")).expect("a file");
    }
    folder
}

const LEAKY: (&str, &str) =
    ("app.py", "KEY = 'ghp_9Zw3kQ7<!>xVt2LmB8nRc5YdHs1PfGj0gM4XxQ7'\nimport yaml\n");
const DEBUG: (&str, &str) =
    ("app.py", "from flask import Flask\napp = Flask('a')\napp.run(debug=True)\n");

#[test]
fn the_written_help_is_the_help() {
    trycmd::TestCases::new().case("tests/cli/*.toml").run();
}

#[test]
fn an_empty_folder_is_clean() {
    let ended = seaworthy(folder(&[]).path(), &["scan"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn a_finding_at_the_gate_blocks_and_under_it_does_not() {
    let folder = folder(&[DEBUG]);
    assert_eq!(seaworthy(folder.path(), &["scan", "--fail-on", "medium"]).code, 1);
    assert_eq!(seaworthy(folder.path(), &["scan", "--fail-on", "never"]).code, 0);
}

#[test]
fn the_format_never_changes_the_code() {
    let folder = folder(&[DEBUG]);
    for format in ["terminal", "sarif", "json", "markdown", "html"] {
        let ended = seaworthy(folder.path(), &["scan", "--fail-on", "low", "--report", format]);
        assert_eq!(ended.code, 1, "{format}: {}", ended.stderr);
        assert!(!ended.stdout.is_empty(), "{format} writes to stdout");
    }
}

#[test]
fn skipping_a_kind_leaves_its_findings_out() {
    let folder = folder(&[DEBUG]);
    let skipped = ["scan", "--fail-on", "note", "--skip", "code,repository,dependency"];
    assert_eq!(seaworthy(folder.path(), &skipped).code, 0);
    assert_eq!(
        seaworthy(folder.path(), &["scan", "--fail-on", "medium", "--only", "code"]).code,
        1
    );
}

#[test]
fn what_can_not_run_ends_with_two_and_says_why_on_stderr() {
    let folder = folder(&[("seaworthy.yaml", "fail-upon: high\n")]);
    for (arguments, word) in [
        (&["scan"][..], "fail-upon"),
        (&["scan", "nowhere"], "nowhere"),
        (&["scan", "--only", "secrets"], "unknown kind"),
        (&["scan", "--base", "main", "--config", "/dev/null"], "git repository"),
        (&["rules", "no-such-rule"], "no rule is called"),
        (&["scan", "--report", "pdf"], "known are"),
    ] {
        let ended = seaworthy(folder.path(), arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(word), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stdout.is_empty(), "{arguments:?}: {}", ended.stdout);
    }
}

#[test]
fn init_never_writes_over_a_file() {
    let folder = folder(&[("seaworthy.yaml", "fail-on: low\n")]);
    let ended = seaworthy(folder.path(), &["init"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let kept = fs::read_to_string(folder.path().join("seaworthy.yaml")).expect("a file");
    assert_eq!(kept, "fail-on: low\n");
    let workflow = folder.path().join(".github/workflows/seaworthy.yml");
    assert!(fs::read_to_string(workflow).expect("a file").contains("permissions: {}"));
}

#[test]
fn what_init_writes_is_clean_by_our_own_rules() {
    let folder = folder(&[]);
    seaworthy(folder.path(), &["init"]);
    let arguments = ["scan", "--fail-on", "note", "--pedantic", "--skip", "repository"];
    let ended = seaworthy(folder.path(), &arguments);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
}

#[test]
fn another_tool_s_id_finds_our_rule() {
    let ended = seaworthy(folder(&[]).path(), &["rules", "DL3002"]);
    assert_eq!(ended.code, 0);
    assert!(ended.stdout.contains("container/dockerfile-root-user"), "{}", ended.stdout);
}

#[test]
fn an_adopted_finding_does_not_block() {
    let folder = folder(&[DEBUG]);
    let arguments = ["scan", "--fail-on", "medium", "--write-baseline", "known.json"];
    assert_eq!(seaworthy(folder.path(), &arguments).code, 1);
    let arguments = ["scan", "--fail-on", "medium", "--baseline", "known.json"];
    assert_eq!(seaworthy(folder.path(), &arguments).code, 0);
}

#[test]
fn a_target_that_is_not_there_is_incomplete_and_not_clean() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    let url = format!("http://127.0.0.1:{port}");
    let folder = folder(&[]);
    let arguments = ["scan", "--target", &url, "--deadline", "5s"];
    let ended = seaworthy(folder.path(), &arguments);
    assert_eq!(ended.code, 3, "{}{}", ended.stdout, ended.stderr);
    let strict = ["scan", "--target", &url, "--deadline", "5s", "--strict"];
    assert_eq!(seaworthy(folder.path(), &strict).code, 1);
}

#[test]
fn a_lockfile_without_advisories_is_incomplete() {
    let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n";
    let folder = folder(&[("Cargo.lock", lock)]);
    let ended = seaworthy(folder.path(), &["scan"]);
    assert_eq!(ended.code, 3, "{}", ended.stdout);
    assert!(ended.stdout.contains("--advisory-db"), "{}", ended.stdout);
}

#[test]
fn a_secret_in_the_configuration_is_not_printed_with_the_error() {
    let text = LEAKY.1.replace("<!>", "");
    let raw = text.split('\'').nth(1).expect("the token");
    let config = format!("fail-on: {raw}\n");
    let folder = folder(&[("seaworthy.yaml", &config)]);
    let ended = seaworthy(folder.path(), &["scan"]);
    assert_eq!(ended.code, 2);
    assert!(!ended.stderr.contains(raw), "{}", ended.stderr);
}

const OWN_RULE: &str = r"
- id: code/house-debug
  title: The house's own debug switch is on
  severity: high
  confidence: high
  control: SECURITY-014
  references: [https://example.org/house]
  reason: It shows internals.
  remedy: Switch it off.
  code:
    - { in: [python], match: 'house.debug(True)' }
  bad: ['house.debug(True)']
  good: ['house.debug(False)']
";

#[test]
fn a_user_s_own_rule_runs_beside_ours() {
    let config = ("seaworthy.yaml", "rules: [audit/*.yaml]\n");
    let code = ("app.py", "import house\nhouse.debug(True)\n");
    let folder = folder(&[config, ("audit/house.yaml", OWN_RULE), code]);
    let ended = seaworthy(folder.path(), &["scan", "--fail-on", "high"]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("code/house-debug"), "{}", ended.stdout);
}

#[test]
fn a_user_s_rule_that_can_not_be_used_is_refused_with_file_and_line() {
    let config = ("seaworthy.yaml", "rules: [audit/*.yaml]\n");
    let broken = OWN_RULE.replace("  remedy: Switch it off.\n", "  remody: Switch it off.\n");
    let folder = folder(&[config, ("audit/house.yaml", &broken)]);
    let ended = seaworthy(folder.path(), &["scan"]);
    assert_eq!(ended.code, 2, "{}", ended.stdout);
    assert!(ended.stderr.contains("audit/house.yaml"), "{}", ended.stderr);
    assert!(ended.stderr.contains("line 9") && ended.stderr.contains("remody"), "{}", ended.stderr);
}

#[test]
fn a_disabled_rule_is_silent_and_its_control_is_not_passed_by_it() {
    let text = "disable: [{ rule: code/flask-debug, reason: It is a toy. }]\n";
    let folder = folder(&[("seaworthy.yaml", text), DEBUG]);
    let arguments = ["scan", "--fail-on", "low", "--only", "code"];
    assert_eq!(seaworthy(folder.path(), &arguments).code, 0);
}

#[test]
fn nothing_passes_by_files_that_are_excluded() {
    let folder = folder(&[("seaworthy.yaml", "exclude: ['**']\n"), DEBUG]);
    let ended = seaworthy(folder.path(), &["scan", "--report", "json", "--only", "code,secret"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stdout.contains("\"status\": \"pass\""), "{}", ended.stdout);
}

/// A target that takes connections and never answers: the run waits until it is interrupted.
#[cfg(unix)]
#[test]
fn an_interrupted_run_still_writes_its_report() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = format!("http://{}", silent.local_addr().expect("an address"));
    let folder = folder(&[LEAKY]);
    let run = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(["scan", "--target", &target, "--fail-on", "never", "--report", "json=report.json"])
        .current_dir(folder.path())
        .env_clear()
        .env("SEAWORTHY_OFFLINE", "1")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    // Its first request says that it listens for the signal by now.
    let connection = silent.accept().expect("a request");
    let interrupt = Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(interrupt.expect("kill is there").success());
    let ended = run.wait_with_output().expect("the program ends");
    drop(connection);
    assert_eq!(ended.status.code(), Some(3), "{}", String::from_utf8_lossy(&ended.stdout));
    let report = fs::read_to_string(folder.path().join("report.json")).expect("a report");
    assert!(report.contains("secret/github-token") && report.contains("interrupted"), "{report}");
}

#[test]
fn a_report_is_judged_again_by_another_gate() {
    let folder = folder(&[("Dockerfile", "FROM debian:12\nUSER root\nCMD [\"a\"]\n")]);
    let scan =
        seaworthy(folder.path(), &["scan", "--only", "container", "--report", "json=a.json"]);
    assert_eq!(scan.code, 0, "{}", scan.stderr);
    let gate = seaworthy(
        folder.path(),
        &["gate", "a.json", "--fail-on", "high", "--report", "json=b.json", "--report", "junit"],
    );
    assert_eq!(gate.code, 1, "{}", gate.stderr);
    assert!(gate.stdout.contains("<failure type=\"high\""), "{}", gate.stdout);
    let again = seaworthy(
        folder.path(),
        &["gate", "b.json", "--fail-on", "critical", "--report", "json=c.json"],
    );
    assert_eq!(again.code, 0, "{}", again.stderr);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("it was written");
    assert_eq!(read("a.json"), read("c.json"));
    let nonsense = seaworthy(folder.path(), &["gate", "Dockerfile"]);
    assert_eq!(nonsense.code, 2);
    assert!(nonsense.stderr.contains("read `Dockerfile`"), "{}", nonsense.stderr);
}

#[test]
fn comments_of_other_checkers_count_where_the_configuration_says_so() {
    let dockerfile =
        "FROM debian:12\n# hadolint ignore=DL3004\nRUN sudo a\nRUN sudo b\nUSER 10001\n";
    let run = |configuration: &str| {
        let folder = folder(&[("Dockerfile", dockerfile), ("seaworthy.yaml", configuration)]);
        let arguments = ["scan", "--only", "container", "--report", "json"];
        let report: serde_json::Value =
            serde_json::from_str(&seaworthy(folder.path(), &arguments).stdout).expect("a report");
        let findings = report["findings"].as_array().expect("a list").clone();
        let sudo = findings.iter().filter(|one| one["rule"] == "container/dockerfile-sudo");
        let lines: Vec<(u64, String)> = sudo
            .map(|one| {
                let line = one["place"]["start_line"].as_u64().expect("a line");
                (line, one["verdict"].as_str().expect("a word").to_owned())
            })
            .collect();
        lines
    };
    let reported = |line: u64| (line, "reported".to_owned());
    assert_eq!(run("honour-markers: [gitleaks]\n"), [reported(3), reported(4)]);
    assert_eq!(run("honour-markers: [hadolint]\n"), [(3, "waived".to_owned()), reported(4)]);
}
