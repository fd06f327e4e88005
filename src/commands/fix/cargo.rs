//! Runs cargo, the one program that seaworthy ever starts, and only for `seaworthy fix`.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use super::steps::Step;

/// Lines and characters of what cargo says of a failure.
const MOST_LINES: usize = 8;
const MOST_CHARACTERS: usize = 480;

/// Packages that are let go to make room for one.
const MOST_HINDRANCES: usize = 8;

/// Lets cargo move one package of a lockfile to a version; what it says if it can not. Cargo leaves all others where
/// they are, so that what a new requirement needs may be locked to an older version: it is updated first.
pub(super) fn update(lockfile: &Path, step: &Step, offline: bool) -> Result<(), String> {
    let package = format!("{}@{}", step.name, step.from);
    let before = fs::read(lockfile).map_err(|error| error.to_string())?;
    let mut hindrances: Vec<String> = Vec::new();
    loop {
        let Err(said) = run(lockfile, &["-p", &package, "--precise", &step.to], offline) else {
            return Ok(());
        };
        let is_new = |name: &String| *name != step.name && !hindrances.contains(name);
        let hindrance = hindrance(&said).filter(is_new);
        let Some(name) = hindrance.filter(|_| hindrances.len() < MOST_HINDRANCES) else {
            return Err(given_up(lockfile, &before, &said));
        };
        // There may be several versions of it, each of which cargo wants to be named.
        let locked = super::read(lockfile).into_iter().filter(|(other, _)| *other == name);
        for (_, version) in locked {
            drop(run(lockfile, &["-p", &format!("{name}@{version}")], offline));
        }
        hindrances.push(name);
    }
}

/// Puts the lockfile back as it was.
fn given_up(lockfile: &Path, before: &[u8], said: &str) -> String {
    match fs::write(lockfile, before) {
        Ok(()) => shortened(said),
        Err(error) => format!("the lockfile can not be put back: {error}; {}", shortened(said)),
    }
}

/// Runs `cargo update`; what it says if it fails. No shell is involved, and what a file says is in no argument
/// unless it is a plain word.
fn run(lockfile: &Path, arguments: &[&str], offline: bool) -> Result<(), String> {
    let folder = lockfile.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut cargo = Command::new("cargo");
    cargo.args(["update", "--color", "never"]);
    if offline {
        cargo.arg("--offline");
    }
    cargo.args(arguments);
    cargo.current_dir(folder.unwrap_or(Path::new("."))).stdin(Stdio::null());
    let output = cargo.output().map_err(|error| format!("error: cargo does not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The package whose locked version is in the way, by cargo's words.
fn hindrance(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("failed to select a version for `")?;
    let (name, _) = rest.split_once('`')?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_name = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    (is_name && name.bytes().all(is_plain)).then(|| name.to_owned())
}

/// The first lines of an error, as one.
fn shortened(errors: &str) -> String {
    let lines = errors.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines = lines.skip_while(|line| !line.starts_with("error")).take(MOST_LINES);
    let text = lines.collect::<Vec<_>>().join("; ");
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None if text.is_empty() => "cargo failed and did not say why".to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_way_is_named_by_a_plain_word() {
        let said =
            |name: &str| hindrance(&format!("error: failed to select a version for `{name}`.\n"));
        assert_eq!(said("quote").as_deref(), Some("quote"));
        assert_eq!(said("--config"), None);
        assert_eq!(said("a b"), None);
        assert_eq!(hindrance("error: no matching package named `x` found"), None);
    }

    #[test]
    fn of_what_cargo_says_the_error_is_kept() {
        let said = "    Updating index\nerror: failed to select a version for `x`.\n    ... required by package `y`\n\n";
        assert_eq!(
            shortened(said),
            "error: failed to select a version for `x`.; ... required by package `y`"
        );
        assert_eq!(shortened(""), "cargo failed and did not say why");
        assert!(shortened(&format!("error: {}", "é".repeat(1_000))).ends_with("é…"));
    }
}
