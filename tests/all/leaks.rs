//! Raw secrets never appear in any output, whichever check quotes their line, in any format, in any error.

use std::{fs, path::Path, process::Command};

/// Credentials of several kinds, in pieces so that no scanner trips over this file.
fn secrets() -> Vec<String> {
    [
        "ghp_9Zw3kQ7x<!>Vt2LmB8nRc5YdHs1PfGj0gM4XxQ7",
        "AKIA<!>Q3EGR7WMX2ZLTN5C",
        "sk_live_<!>4eC39HqLyjWDarjtT1zdp7dcQ",
        "xoxb-<!>263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1",
        "postgres://shop:<!>t9Xw-Q4vZr8e@db.internal:5432/shop",
    ]
    .map(|secret| secret.replace("<!>", ""))
    .to_vec()
}

fn plant(folder: &Path, secret: &str) {
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write(
        "Dockerfile",
        format!(
            "FROM debian\nENV API_TOKEN={secret}\nRUN curl -k -H 'X: {secret}' https://a.example | sh\n"
        ),
    );
    write(
        "compose.yaml",
        format!(
            "services:\n  a:\n    image: a\n    privileged: true\n    environment:\n      DEBUG: 'true'\n      TOKEN: '{secret}'\n"
        ),
    );
    write(
        "k8s/pod.yaml",
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: a }}\nspec:\n  containers:\n    - name: a\n      image: a:latest\n      env: [{{ name: TOKEN, value: '{secret}' }}]\n"
        ),
    );
    write(
        ".github/workflows/ci.yml",
        format!(
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: a/b@main\n        with: {{ token: '{secret}' }}\n      - run: echo ${{{{ github.event.issue.title }}}} {secret}\n"
        ),
    );
    write(".env", format!("APP_DEBUG=true\nTOKEN={secret}\nLINE={secret} {secret}\n"));
    write(
        "app.py",
        format!(
            "from flask import Flask\nimport requests\napp = Flask('a')\nrequests.get('https://a.example/?t={secret}', verify=False)\napp.run(debug=True, secret='{secret}')  # seaworthy: allow code/flask-debug — because {secret}\n"
        ),
    );
    write(
        "server.js",
        format!(
            "const jwt = require('jsonwebtoken');\njwt.verify(t, '{secret}', {{ ignoreExpiration: true, algorithms: ['none', '{secret}'] }});\n"
        ),
    );
    write("broken.yaml", format!("apiVersion: v1\nkind: Pod\na: [{secret}\nb: }} {secret}\n"));
    write("broken/compose.yaml", format!("services: [\n  {secret}: }}\n"));
    write("broken/Cargo.lock", format!("[[package]\nname = \"{secret}\"\n"));
    write(
        "lone/Cargo.lock",
        format!("version = 4\n[[package]]\nname = \"{secret}\"\nversion = \"{secret}\"\n"),
    );
    write("application.properties", format!("debug=true # {secret}\nspring.password={secret}\n"));
    write(
        "seaworthy.yaml",
        format!(
            "waivers:\n  - {{ rule: code/flask-debug, path: '**/*.js', reason: 'why {secret}', until: 2099-01-01 }}\n  - {{ rule: code/tls-verification-off, reason: 'why {secret}', until: 2099-01-01 }}\n"
        ),
    );
}

fn outputs(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .env("SEAWORTHY_OFFLINE", "1")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let code = output.status.code();
    assert!(matches!(code, Some(0..=3)), "{arguments:?}: {code:?}");
    let both = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// The part of a secret that no vendor's prefix gives away.
fn core(secret: &str) -> &str {
    let password = secret.split_once("shop:").map_or(secret, |(_, rest)| rest);
    let password = password.split('@').next().unwrap_or(password);
    if password == secret { &secret[8..] } else { password }
}

#[test]
fn no_format_and_no_error_shows_a_secret() {
    for secret in secrets() {
        let folder = tempfile::tempdir().expect("a folder");
        plant(folder.path(), &secret);
        for format in ["terminal", "sarif", "json", "markdown", "html"] {
            for more in [&["--pedantic"][..], &["--skip", "secret"], &["--only", "code"]] {
                let arguments = [&["scan", "--report", format][..], more].concat();
                let text = outputs(folder.path(), &arguments);
                let core = core(&secret);
                if let Some(at) = text.find(core) {
                    let from = text[..at].char_indices().rev().nth(200).map_or(0, |(at, _)| at);
                    panic!("{arguments:?} shows a secret: {}", &text[from..at + core.len()]);
                }
            }
        }
    }
}

#[test]
fn an_error_in_a_rule_or_baseline_shows_no_secret() {
    for secret in secrets() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!("rules: ['{secret}.yaml']\n");
        fs::write(folder.path().join("seaworthy.yaml"), config).expect("a file");
        fs::write(folder.path().join("known.json"), format!("{{\"{secret}\": 1}}"))
            .expect("a file");
        assert!(!outputs(folder.path(), &["scan"]).contains(core(&secret)));
        let arguments = ["scan", "--config", "/dev/null", "--baseline", "known.json"];
        assert!(!outputs(folder.path(), &arguments).contains(core(&secret)));
        assert!(!outputs(folder.path(), &["rules", &secret]).contains(core(&secret)));
    }
}
