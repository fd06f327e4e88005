//! `go.mod`, and `go.sum` where it says more: <https://go.dev/ref/mod>.
//!
//! Versions lose their `v`, as in advisories. The standard library is the package `stdlib`, in the version of the
//! `toolchain` directive or else of the `go` directive. What is replaced stands at its replacement. Before Go
//! 1.17 a `go.mod` lists only what the module itself imports, and takes its `go.sum` in; that names versions
//! that were only looked at, too, so the newest one of each module counts.

use std::collections::{HashMap, HashSet};

use semver::Version;

use super::{
    Fault, LockedPackage, Lockfile, Origin,
    entry::{entry, lines, place, project},
};
use crate::packages::Ecosystem;

/// Since this version of Go, `go.mod` lists everything that is built.
const COMPLETE_SINCE: (u32, u32) = (1, 17);

/// Reads a `go.mod`, or the `go.sum` that it takes in.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    if is_sum(text) {
        return read_sum(text);
    }
    let mut module = Module { text, ..Module::default() };
    let mut block: Option<&str> = None;
    for line in lines(text) {
        let (words, comment) = split(text, line)?;
        match (block, words.as_slice()) {
            (_, []) => {}
            (Some(_), [")"]) => block = None,
            (None, [verb, "("]) => {
                check_verb(text, verb)?;
                block = Some(verb);
            }
            (Some(verb), words) => module.take(verb, words, line, comment)?,
            (None, [verb, words @ ..]) => {
                check_verb(text, verb)?;
                module.take(verb, words, line, comment)?;
            }
        }
    }
    match block {
        Some(_) => Err(Fault::new(text.len(), "a block without its end")),
        None => Ok(module.finish()),
    }
}

/// The words of a line, without quotation marks, and its comment.
fn split<'a>(text: &str, line: &'a str) -> Result<(Vec<&'a str>, &'a str), Fault> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            return Ok((words, comment.trim()));
        }
        let (word, after) = match first {
            '"' | '`' => quoted(text, rest, first)?,
            '(' | ')' | ',' | '[' | ']' => rest.split_at(1),
            _ if rest.starts_with("/*") => {
                return Err(Fault::new(place(text, rest).start, "a comment must begin with `//`"));
            }
            _ => rest.split_at(end_of_word(rest)),
        };
        words.push(word);
        rest = after.trim_start();
    }
    Ok((words, ""))
}

fn quoted<'a>(text: &str, rest: &'a str, mark: char) -> Result<(&'a str, &'a str), Fault> {
    let inside = &rest[1..];
    inside
        .split_once(mark)
        .ok_or_else(|| Fault::new(place(text, rest).start, "a quotation without its end"))
}

fn end_of_word(rest: &str) -> usize {
    let ends = |(at, letter): &(usize, char)| {
        letter.is_whitespace() || "(),[]".contains(*letter) || rest[*at..].starts_with("//")
    };
    rest.char_indices().find(ends).map_or(rest.len(), |(at, _)| at)
}

/// Go adds directives over time; one that is not known yet is passed over.
fn check_verb(text: &str, verb: &str) -> Result<(), Fault> {
    if verb.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Ok(());
    }
    Err(Fault::new(place(text, verb).start, "not a directive of a go.mod"))
}

/// What a `go.mod` has said so far.
#[derive(Default)]
struct Module<'a> {
    text: &'a str,
    name: Option<&'a str>,
    requirements: Vec<Requirement<'a>>,
    excluded: HashSet<(&'a str, &'a str)>,
    /// By path and, where it is only for one, version.
    replacements: HashMap<(&'a str, Option<&'a str>), Replacement<'a>>,
    go: Option<Directive<'a>>,
    toolchain: Option<Directive<'a>>,
}

struct Requirement<'a> {
    line: &'a str,
    path: &'a str,
    version: &'a str,
    is_indirect: bool,
}

struct Replacement<'a> {
    line: &'a str,
    path: &'a str,
    /// None for a folder.
    version: Option<&'a str>,
}

/// A version of Go and the whole line that states it.
#[derive(Clone, Copy)]
struct Directive<'a> {
    line: &'a str,
    version: &'a str,
}

impl<'a> Module<'a> {
    /// Takes one statement, in a block or alone.
    fn take(
        &mut self,
        verb: &str,
        words: &[&'a str],
        line: &'a str,
        comment: &str,
    ) -> Result<(), Fault> {
        let line = line.trim();
        match (verb, words) {
            ("module", [name]) => self.name = Some(name),
            ("go", [version]) => self.go = Some(Directive { line, version }),
            ("toolchain", [name]) => {
                // `default` leaves the choice to the machine; a suffix marks a build of one's own.
                let version = name.strip_prefix("go").and_then(|name| name.split('-').next());
                self.toolchain = version.map(|version| Directive { line, version });
            }
            ("require", [path, version]) => {
                let is_indirect = comment.split([' ', ';', '\t']).next() == Some("indirect");
                self.requirements.push(Requirement { line, path, version, is_indirect });
            }
            ("exclude", [path, version]) => {
                self.excluded.insert((path, version));
            }
            ("replace", words) => return self.replace(words, line),
            ("module" | "go" | "toolchain" | "require" | "exclude", _) => {
                let at = place(self.text, line).start;
                return Err(Fault::new(at, "a directive with too few or too many words"));
            }
            _ => {}
        }
        Ok(())
    }

    fn replace(&mut self, words: &[&'a str], line: &'a str) -> Result<(), Fault> {
        let (old, new) = match words {
            [path, "=>", new @ ..] => ((*path, None), new),
            [path, version, "=>", new @ ..] => ((*path, Some(*version)), new),
            _ => (("", None), &[][..]),
        };
        let (path, version) = match new {
            [path] => (*path, None),
            [path, version] => (*path, Some(*version)),
            _ => {
                let at = place(self.text, line).start;
                return Err(Fault::new(at, "a replacement must be `old => new`"));
            }
        };
        self.replacements.insert(old, Replacement { line, path, version });
        Ok(())
    }

    fn finish(self) -> Lockfile {
        let mut packages = Vec::new();
        let mut direct = Vec::new();
        let mut left_out = Vec::new();
        for requirement in &self.requirements {
            match self.package(requirement) {
                Ok(package) => {
                    if !requirement.is_indirect {
                        direct.push(packages.len());
                    }
                    packages.push(package);
                }
                Err(fault) => left_out.push(fault),
            }
        }
        if let Some(Directive { line, version }) = self.toolchain.or(self.go) {
            let word = &line[..line.find(char::is_whitespace).unwrap_or(line.len())];
            let name = "stdlib".to_owned();
            direct.push(packages.len());
            packages.push(LockedPackage { name, ..entry(self.text, line, word, version) });
        }
        let is_complete = self.go.is_some_and(|go| is_complete(go.version));
        if let Some(name) = self.name {
            packages.push(project(name, place(self.text, name), direct));
        }
        let mut lockfile = Lockfile::new(Ecosystem::Go, packages);
        lockfile.left_out = left_out;
        if !is_complete && !self.requirements.is_empty() {
            lockfile.includes.push("go.sum".to_owned());
        }
        lockfile
    }

    /// What is used for a requirement.
    fn package(&self, requirement: &Requirement<'a>) -> Result<LockedPackage, Fault> {
        let Requirement { line, path, version, .. } = *requirement;
        let replacement = [Some(version), None]
            .into_iter()
            .find_map(|version| self.replacements.get(&(path, version)));
        match replacement {
            Some(Replacement { line, path, version: Some(version) }) => {
                self.locked(line, path, version)
            }
            Some(Replacement { version: None, .. }) => Ok(LockedPackage {
                origin: Origin::Local,
                ..entry(self.text, line, path, without_v(version))
            }),
            None if self.excluded.contains(&(path, version)) => {
                let at = place(self.text, version).start;
                Err(Fault::new(at, "an excluded version: the next one is taken"))
            }
            None => self.locked(line, path, version),
        }
    }

    fn locked(&self, line: &str, path: &str, version: &str) -> Result<LockedPackage, Fault> {
        if Version::parse(without_v(version)).is_err() || !version.starts_with('v') {
            let at = place(self.text, version).start;
            return Err(Fault::new(at, "a name of a revision, not a version"));
        }
        Ok(entry(self.text, line, path, without_v(version)))
    }
}

fn without_v(version: &str) -> &str {
    version.strip_prefix('v').unwrap_or(version)
}

fn is_complete(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| {
        let digits = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
        part[..digits].parse().unwrap_or_default()
    });
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= COMPLETE_SINCE
}

/// A `go.sum` begins with a path, a version and a hash.
fn is_sum(text: &str) -> bool {
    let first = lines(text).map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    matches!(first.split_whitespace().collect::<Vec<_>>()[..], [_, _, hash] if hash.starts_with("h1:"))
}

/// The newest version of each module whose source has a hash.
fn read_sum(text: &str) -> Result<Lockfile, Fault> {
    let mut newest: HashMap<&str, usize> = HashMap::new();
    let mut found: Vec<(Version, LockedPackage)> = Vec::new();
    let mut left_out = Vec::new();
    for line in lines(text).filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().take(4).collect();
        let [path, written, hash] = words[..] else {
            return Err(Fault::new(place(text, line).start, "not a module, a version and a hash"));
        };
        // Of a `/go.mod` only the requirements were read.
        if written.ends_with("/go.mod") || !hash.starts_with("h1:") {
            continue;
        }
        let Ok(version) = Version::parse(without_v(written)) else {
            left_out.push(Fault::new(place(text, written).start, "not a version"));
            continue;
        };
        let package = entry(text, line, path, without_v(written));
        let at = *newest.entry(path).or_insert(found.len());
        match found.get_mut(at) {
            Some(known) if known.0 < version => *known = (version, package),
            Some(_) => {}
            None => found.push((version, package)),
        }
    }
    let packages = found.into_iter().map(|(_, package)| package).collect();
    let mut lockfile = Lockfile::new(Ecosystem::Go, packages);
    lockfile.left_out = left_out;
    Ok(lockfile)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MODULE: &str = "// Deprecated: moved\nmodule example.org/app // app\n\ngo 1.22.1\n\n\
        toolchain go1.22.5-own\n\nrequire \"example.org/one\" v1.0.0\nrequire(\n\
        \texample.org/two/v2 v2.1.0+incompatible // indirect; by one\n\
        \texample.org/three v0.0.0-20210630005230-0f9fa26af87c // pinned\n\
        \texample.org/four v1.0.0\n\texample.org/five v1.0.0\n\texample.org/six master\n\
        \texample.org/seven v1.0.0\n)\n\nexclude example.org/seven v1.0.0\n\
        replace (\n\texample.org/four => ../four\n\texample.org/five v1.0.0 => example.org/fork v1.0.1\n\
        \texample.org/one v0.9.0 => example.org/never v1.0.0\n)\n\
        retract [v1.0.0, v1.1.0] // broken\ntool example.org/two/v2/cmd\nfuture (\n\t<anything>\n)\n";

    fn shown(text: &str) -> Vec<String> {
        let lockfile = read(text).unwrap();
        let show = |(at, package): (usize, &LockedPackage)| {
            assert_eq!(text[package.version_at.clone()], package.version);
            let direct = if lockfile.is_direct(at) { "direct" } else { "" };
            format!("{} {} {:?} {direct}", package.name, package.version, package.origin)
        };
        lockfile.packages.iter().enumerate().map(show).collect()
    }

    #[test]
    fn a_module_is_read_with_replacements_and_its_toolchain() {
        assert_eq!(
            shown(MODULE),
            [
                "example.org/one 1.0.0 Registry direct",
                "example.org/two/v2 2.1.0+incompatible Registry ",
                "example.org/three 0.0.0-20210630005230-0f9fa26af87c Registry direct",
                "example.org/four 1.0.0 Local ",
                "example.org/fork 1.0.1 Registry direct",
                "stdlib 1.22.5 Registry direct",
                "example.org/app  Local ",
            ]
        );
    }

    #[test]
    fn a_revision_and_an_excluded_version_are_left_out() {
        let lockfile = read(MODULE).unwrap();
        let left: Vec<_> = lockfile.left_out.iter().map(|fault| &MODULE[fault.at..][..6]).collect();
        assert_eq!(left, ["master", "v1.0.0"]);
    }

    #[test]
    fn an_old_module_takes_its_sums_in() {
        assert_eq!(read("module a\ngo 1.16\nrequire b v1.0.0\n").unwrap().includes, ["go.sum"]);
        assert_eq!(read("module a\nrequire b v1.0.0\n").unwrap().includes, ["go.sum"]);
        assert!(read("module a\ngo 1.17rc1\nrequire b v1.0.0\n").unwrap().includes.is_empty());
    }

    #[test]
    fn of_sums_the_newest_version_with_a_source_counts() {
        let text = "a v1.9.0 h1:x=\na v1.9.0/go.mod h1:x=\na v1.10.0 h1:x=\na v1.11.0/go.mod h1:x=\n\
            b v0.1.0/go.mod h1:x=\n";
        assert_eq!(shown(text), ["a 1.10.0 Registry "]);
    }

    #[test]
    fn faults_are_named_with_their_byte() {
        let at = |text: &str| read(text).unwrap_err().at;
        assert_eq!(at("module a\n<<<<<<< HEAD\n"), 9);
        assert_eq!(at("require b\n"), 0);
        assert_eq!(at("require (\n b v1.0.0\n"), 20);
        assert_eq!(at("module \"a\n"), 7);
        assert_eq!(at("replace a v1.0.0\n"), 0);
        assert_eq!(at("a v1.0.0 h1:x=\nb\n"), 15);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "([a-z]{1,3}|v1\\.0\\.0|[ \"`()=>/,é\n\r]|require|replace|=>|go|h1:){0,30}") {
            if let Ok(lockfile) = read(&text) {
                for package in &lockfile.packages {
                    prop_assert!(text.get(package.at.clone()).is_some());
                    prop_assert_eq!(&text[package.version_at.clone()], &package.version);
                }
            }
        }
    }
}
