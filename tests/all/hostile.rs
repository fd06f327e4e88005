//! Hostile input neither crashes, hangs nor forges output; what was not looked at is told.

use std::{fmt::Write as _, fs, path::Path, process::Command, time::Instant};

fn scan(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .arg("scan")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().expect("it ends by itself"), text)
}

fn one_file(name: &str, bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(path, bytes).expect("a file");
    folder
}

const NAMES: &[&str] = &[
    "Dockerfile",
    "compose.yaml",
    "pod.yaml",
    ".github/workflows/ci.yml",
    ".env",
    "settings.py",
    "server.js",
    "server.ts",
    "appsettings.json",
    "Cargo.lock",
    "php.ini",
    "application.properties",
];

#[test]
fn strange_bytes_in_any_file_are_survived() {
    let many = vec![b'('; 200_000];
    let bodies: [&[u8]; 7] = [
        b"\xff\xfe\x00\x00a",
        b"\xef\xbb\xbfFROM a\r\nUSER root\r\n",
        b"a: \x00b\n",
        b"\r\r\r\n\x0b\x0c",
        b"\xc3\x28\xa0\xa1",
        b"{\"a\": \"\\ud800\"}",
        &many,
    ];
    for name in NAMES {
        for body in bodies {
            let folder = one_file(name, body);
            let (code, _) = scan(folder.path(), &["--report", "json"]);
            assert!(matches!(code, 0 | 1 | 3), "{name}: {code}");
        }
    }
}

#[test]
fn deep_and_exploding_documents_end_soon_and_are_told() {
    let deep = format!("apiVersion: v1\nkind: Pod\na: {}", "[".repeat(100_000));
    let mut bomb = String::from("apiVersion: v1\nkind: Pod\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        let items = [before.as_str(); 10].join(",");
        writeln!(bomb, "a{level}: &a{level} [{items}]").expect("a text grows");
    }
    for (name, text) in [("deep.yaml", deep.clone()), ("bomb.yaml", bomb), ("compose.yaml", deep)] {
        let folder = one_file(name, text.as_bytes());
        let began = Instant::now();
        let (code, json) = scan(folder.path(), &["--report", "json"]);
        assert!(began.elapsed().as_secs() < 60, "{name} takes too long");
        assert!(code == 3, "{name}: {code}: {json}");
    }
}

#[test]
fn a_file_over_the_limit_is_told_and_the_run_is_incomplete() {
    let folder = one_file("app.py", &vec![b'a'; 2_000_000]);
    fs::write(folder.path().join("seaworthy.yaml"), "max-file-size: 1 MiB\n").expect("a file");
    let (code, text) = scan(folder.path(), &[]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("app.py") && text.contains("size limit"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_file_name_cannot_forge_output() {
    let name = "a\n::error::forged\n\u{1b}[31mred\u{202e}</script><img src=x>`|.py";
    let folder = tempfile::tempdir().expect("a folder");
    let code = "from flask import Flask\napp = Flask('a')\napp.run(debug=True)\n";
    // A file system may refuse the name; then there is nothing to forge with.
    if fs::write(folder.path().join(name), code).is_err() {
        return;
    }
    for format in ["terminal", "sarif", "json", "markdown", "html"] {
        let (_, text) = scan(folder.path(), &["--report", format, "--color", "never"]);
        assert!(!text.contains("\n::error::"), "{format}: {text}");
        assert!(!text.contains('\u{1b}'), "{format}: {text}");
        let is_markup = matches!(format, "html" | "markdown");
        assert!(!is_markup || !text.contains("<img src=x>"), "{format}: {text}");
        assert!(
            !matches!(format, "terminal" | "markdown") || !text.contains('\u{202e}'),
            "{format}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_link_loop_does_not_hang() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    std::os::unix::fs::symlink(".", root.join("loop")).expect("a link");
    std::os::unix::fs::symlink("/etc/passwd", root.join("app.py")).expect("a link");
    let made = Command::new("mkfifo").arg(root.join("pipe.py")).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo works");
    let (code, text) = scan(root, &["--report", "json"]);
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("root:x:0"), "{text}");
}
