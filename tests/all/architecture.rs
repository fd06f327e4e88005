//! The borders between modules, as a test: a module may use only the modules listed for it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Who may use whom. Read it from top to bottom: data first, telling last.
const MAY_USE: &[(&str, &[&str])] = &[
    ("deadline", &[]),
    ("rule", &[]),
    ("finding", &["rule"]),
    ("report", &["rule", "finding"]),
    ("config", &["rule"]),
    ("sources", &["finding"]),
    ("engines", &["rule", "finding", "sources"]),
    ("packages", &["finding", "sources", "engines"]),
    ("checks", &["rule", "finding", "config", "sources", "engines", "packages", "deadline"]),
    ("fetch", &["deadline"]),
    ("target", &["rule", "finding", "deadline"]),
    ("live", &["rule", "finding", "engines", "target", "deadline"]),
    ("verification", &["rule", "finding", "deadline", "target"]),
    ("judgement", &["rule", "finding", "config", "report"]),
    ("reporters", &["rule", "finding", "report"]),
    ("demo", &[]),
    ("cli", &["rule", "config", "reporters"]),
];

/// Modules that may use all others, and that nobody uses.
const ABOVE_ALL: &[&str] = &["main", "lib", "run", "commands"];

/// Outside crates that have homes.
const HOMES: &[(&str, &[&str])] = &[
    ("tokio", &["target", "live", "verification", "demo"]),
    ("hyper", &["target"]),
    ("ureq", &["fetch"]),
    ("axum", &["demo"]),
    ("rayon", &["sources", "packages", "checks", "run"]),
    ("clap", &["cli", "main", "commands"]),
    ("gix", &["sources"]),
    ("rustsec", &["packages"]),
    ("tree_sitter", &["engines"]),
    ("maud", &["reporters"]),
    ("serde_sarif", &["reporters"]),
];

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

fn identifier(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The names at the top level of a use group: `a` and `c` of `{a::b, c::{d, e}}`.
fn group_names(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut name) = (0_usize, String::new());
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(identifier(&std::mem::take(&mut name))),
            _ => name.push(character),
        }
    }
    names.push(identifier(&name));
    names
}

/// The top-level modules that a file names through `crate::` or through enough `super::`.
fn uses(text: &str, depth: usize) -> BTreeSet<String> {
    let root = "super::".repeat(depth);
    let mut found = BTreeSet::new();
    for prefix in ["crate::", &root] {
        for (at, _) in text.match_indices(prefix) {
            let before = text[..at].chars().next_back().unwrap_or(' ');
            if before.is_alphanumeric() || before == '_' || before == ':' {
                continue;
            }
            let rest = &text[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(group) => found.extend(group_names(group)),
                None => drop(found.insert(identifier(rest))),
            }
        }
    }
    found.remove("");
    found
}

fn module_of(inside: &Path) -> String {
    let first = inside.iter().next().expect("a first component").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file is UTF-8");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn mentions(code: &str, name: &str) -> bool {
    let uses_path = code.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        !before.is_alphanumeric() && before != '_'
    });
    uses_path || code.contains(&format!("use {name};")) || code.contains(&format!("use {name} as"))
}

fn violations(root: &Path) -> Vec<String> {
    let (mut paths, mut bad) = (vec![], vec![]);
    files(root, &mut paths);
    paths.sort();
    let inside = |path: &Path| path.strip_prefix(root).expect("under src").to_path_buf();
    let modules: BTreeSet<String> = paths.iter().map(|path| module_of(&inside(path))).collect();
    for path in &paths {
        let inside = inside(path);
        let (module, shown) = (module_of(&inside), inside.display().to_string());
        let code = code_of(path);
        for (name, homes) in HOMES {
            if !homes.contains(&module.as_str()) && mentions(&code, name) {
                bad.push(format!("{shown}: `{name}` belongs to {homes:?}"));
            }
        }
        if ABOVE_ALL.contains(&module.as_str()) {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            bad.push(format!("{shown}: module `{module}` has no row in MAY_USE"));
            continue;
        };
        for used in uses(&code, inside.components().count()) {
            let is_border = used != module && modules.contains(&used);
            if is_border && !allowed.contains(&used.as_str()) {
                bad.push(format!("{shown}: `{module}` may not use `{used}`"));
            }
        }
    }
    bad
}

#[test]
fn modules_use_only_what_they_may() {
    let bad = violations(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(bad.is_empty(), "\n{}", bad.join("\n"));
}

#[test]
fn only_the_masker_makes_text_that_may_be_shown() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = vec![];
    files(&root, &mut paths);
    let makers: Vec<_> = paths
        .iter()
        .filter(|path| code_of(path).contains("from_masked("))
        .map(|path| path.strip_prefix(&root).expect("under src").display().to_string())
        .collect();
    assert_eq!(makers.len(), 2, "{makers:?}");
    assert!(makers.contains(&"engines/secret/masker.rs".to_owned()), "{makers:?}");
    assert!(makers.contains(&"finding/text.rs".to_owned()), "{makers:?}");
}

#[test]
fn a_raw_secret_is_taken_out_only_where_it_is_hidden_or_sent() {
    const EXPOSING: &[&str] = &[
        "checks/code.rs",
        "checks/finish.rs",
        "checks/secrets.rs",
        "live/login.rs",
        "live/session.rs",
        "target/client.rs",
        "verification/request.rs",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = vec![];
    files(&root, &mut paths);
    let exposing: BTreeSet<_> = paths
        .iter()
        .filter(|path| code_of(path).contains(".expose()"))
        .map(|path| path.strip_prefix(&root).expect("under src").display().to_string())
        .collect();
    let others: Vec<_> =
        exposing.iter().filter(|path| !EXPOSING.contains(&path.as_str())).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn only_the_fix_command_starts_a_program_and_that_is_cargo() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = vec![];
    files(&root, &mut paths);
    let starters: Vec<_> =
        paths.iter().filter(|path| code_of(path).contains("Command::new(")).collect();
    assert_eq!(starters, [&root.join("commands/fix/cargo.rs")]);
    let code = code_of(starters[0]);
    assert_eq!(code.matches("Command::new(").count(), 1);
    assert!(code.contains("Command::new(\"cargo\")"));
}
