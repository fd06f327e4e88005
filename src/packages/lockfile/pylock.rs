//! `pylock.toml` and `pylock.NAME.toml`, the lockfile that Python's tools share (PEP 751), version 1.

use super::{
    Fault, Lockfile, Origin, Scope,
    python::{self, Element, Entry, Names, Requirement},
};
use crate::{finding::RepoPath, sources::toml::Document};

/// The newest major version of the format that is known.
const NEWEST: u32 = 1;
/// Parentheses within each other in a marker.
const DEEPEST: usize = 16;

/// Whether a path is that of such a file.
pub(super) fn is_one(path: &RepoPath) -> bool {
    let middle = path.file_name().strip_prefix("pylock.").and_then(|n| n.strip_suffix("toml"));
    // A name has no dots.
    middle.is_some_and(|name| name.is_empty() || name.find('.') == Some(name.len() - 1))
}

/// Reads a `pylock.toml`. It does not name the project: ways begin at packages that nobody requires.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let document = python::document(text)?;
    python::check_version(&document, &[], "lock-version", NEWEST)?;
    let default = default_groups(&document);
    let (mut entries, mut left_out) = (Vec::new(), Vec::new());
    for element in python::elements(&document, "packages")? {
        let entry = entry(&element, &default)?;
        // Of a folder, of version control and of an archive, the version may be known only after a build.
        if entry.package.version.is_empty() && entry.package.origin != Origin::Local {
            left_out.push(Fault::new(entry.package.name_at.start, "no version"));
        } else {
            entries.push(entry);
        }
    }
    let names = Names::of(entries.iter().map(|entry| &entry.package));
    let edges = python::resolve(&entries, &names);
    let packages = entries.into_iter().map(|entry| entry.package);
    let lockfile = python::lockfile(packages, edges, &[]);
    Ok(Lockfile { left_out, ..lockfile })
}

fn default_groups<'d>(document: &'d Document<'_>) -> Vec<&'d str> {
    let root = document.tables.first();
    root.into_iter().flat_map(|root| root.all("default-groups")).map(|value| &*value.text).collect()
}

fn entry<'d>(element: &Element<'d, '_>, default: &[&str]) -> Result<Entry<'d>, Fault> {
    let mut package = element.package()?;
    let mut requirements: Vec<Requirement<'_>> = Vec::new();
    for field in element.fields() {
        let text = &*field.value.text;
        match (field.path(), requirements.last_mut()) {
            (["marker", "", ..], _) => package.scope = Marker::scope(text, default),
            (["index", "", ..], _) => package.origin = python::origin_of_index(text),
            (["directory", ..], _) => package.origin = Origin::Local,
            (["vcs" | "archive", what, ..], _) => {
                package.origin = Origin::Elsewhere;
                if what == "url" {
                    package.provenance.address_at = Some(python::inside_quotes(field.value));
                }
            }
            (["dependencies", "name", ..], _) => {
                requirements.push(Requirement::any(text, Scope::Runtime));
            }
            (["dependencies", "version", ..], Some(last)) => last.version = text,
            _ => {}
        }
    }
    Ok(Entry { package, source: "", requirements })
}

/// Reads of a marker only what it says of extras and of dependency groups.
struct Marker<'m> {
    words: std::iter::Peekable<Words<'m>>,
    default: &'m [&'m str],
}

impl<'m> Marker<'m> {
    /// What a package of this marker is needed for.
    fn scope(marker: &'m str, default: &'m [&'m str]) -> Scope {
        let words = Words { rest: marker }.peekable();
        Marker { words, default }.any_of(DEEPEST)
    }

    /// The strongest of what `or` joins.
    fn any_of(&mut self, depth: usize) -> Scope {
        let mut scope = self.all_of(depth);
        while self.words.next_if_eq(&"or").is_some() {
            scope = scope.min(self.all_of(depth));
        }
        scope
    }

    /// The weakest of what `and` joins.
    fn all_of(&mut self, depth: usize) -> Scope {
        let mut scope = self.clause(depth);
        while self.words.next_if_eq(&"and").is_some() {
            scope = scope.max(self.clause(depth));
        }
        scope
    }

    fn clause(&mut self, depth: usize) -> Scope {
        if depth > 0 && self.words.next_if_eq(&"(").is_some() {
            let scope = self.any_of(depth - 1);
            self.words.next_if_eq(&")");
            return scope;
        }
        let mut clause = [""; 3];
        let mut length = 0;
        while let Some(word) = self.words.next_if(|word| !matches!(*word, "and" | "or" | ")")) {
            if let Some(part) = clause.get_mut(length) {
                *part = word;
            }
            length += 1;
        }
        match clause {
            [_, "in", "extras"] => Scope::Optional,
            [group, "in", "dependency_groups"] if !self.default.contains(&unquoted(group)) => {
                Scope::Development
            }
            _ => Scope::Runtime,
        }
    }
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '\''])
}

/// The words of a marker: names, operators, quoted strings and parentheses.
struct Words<'m> {
    rest: &'m str,
}

impl<'m> Iterator for Words<'m> {
    type Item = &'m str;

    fn next(&mut self) -> Option<&'m str> {
        let rest = self.rest.trim_start();
        let first = rest.chars().next()?;
        let end = match first {
            '"' | '\'' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            '(' | ')' => 1,
            _ => rest
                .find([' ', '\t', '\n', '(', ')', '"', '\''])
                .unwrap_or(rest.len())
                .max(first.len_utf8()),
        };
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"lock-version = "1.0"
extras = ["x"]
dependency-groups = ["main", "dev"]
default-groups = ["main"]

[[packages]]
name = "a"
version = "1"
index = "https://pypi.org/simple"
marker = "'dev' in dependency_groups and (python_version < '3.8' or os_name == 'nt')"
dependencies = [{name = "b", version = "2"}]

[[packages]]
name = "b"
version = "1"
marker = "'main' in dependency_groups or 'x' in extras"

[[packages]]
name = "b"
version = "2"
index = "https://pypi.example.org/simple"
marker = "'x' in extras or 'dev' in dependency_groups"

[[packages.wheels]]
name = "b-2-py3-none-any.whl"

[[packages]]
name = "c"

[packages.vcs]
type = "git"
url = "https://example.org/c"

[[packages]]
name = "d"
directory = {path = "."}
"#;

    #[test]
    fn packages_have_their_origin_and_their_marker() {
        let read = read(TEXT).unwrap();
        let shown: Vec<_> =
            read.packages.iter().map(|p| (&*p.name, &*p.version, p.origin, p.scope)).collect();
        assert_eq!(
            shown,
            [
                ("a", "1", Origin::Registry, Scope::Development),
                ("b", "1", Origin::Registry, Scope::Runtime),
                ("b", "2", Origin::Elsewhere, Scope::Optional),
                ("d", "", Origin::Local, Scope::Runtime),
            ]
        );
        assert_eq!(read.packages[0].requires, [2]);
        assert_eq!(&TEXT[read.left_out[0].at..][..1], "c");
    }

    #[test]
    fn a_hostile_marker_is_read_in_linear_time() {
        assert_eq!(Marker::scope(&"(".repeat(1 << 20), &[]), Scope::Runtime);
        assert_eq!(Marker::scope(") ) or 'x' in extras \"", &[]), Scope::Runtime);
    }

    #[test]
    fn files_are_told_by_their_name() {
        let is_one = |path: &str| is_one(&RepoPath::new(path));
        assert!(is_one("a/pylock.toml") && is_one("pylock.dev.toml"));
        assert!(!is_one("pylock.a.b.toml") && !is_one("pylocktoml") && !is_one("my-pylock.toml"));
    }

    #[test]
    fn a_newer_format_is_refused() {
        assert_eq!(read("lock-version = '2.0'\n").unwrap_err().at, 15);
    }
}
