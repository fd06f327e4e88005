//! `yarn.lock` in its first format. One in the format of later yarns is passed on to `yarn_berry`.
//!
//! An entry begins with the patterns (`name@range`) that it stands for, and what it requires are patterns again.
//! Neither the project stands in such a file, nor which packages are for development only.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use super::{
    Fault, LockedPackage, Lockfile, Origin, Scope,
    javascript::{
        alias, commit_of, lockfile, origin_of_path, origin_of_url, package, split_name, split_text,
    },
    json::{Reader, Text},
    yarn_berry,
};

const MARK: &str = "\u{feff}";

/// Reads a lockfile of yarn.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let begins_a_line = |at: usize| at == 0 || text[..at].ends_with(['\n', '\u{feff}']);
    if text.match_indices("__metadata:").any(|(at, _)| begins_a_line(at)) {
        return yarn_berry::read(text);
    }
    let mut reading = Reading::default();
    let mut start = if text.starts_with(MARK) { MARK.len() } else { 0 };
    for line in text[start..].split_inclusive('\n') {
        if let Some(line) = read_line(text, start, start + line.trim_end().len())? {
            reading.take(line)?;
        }
        start += line.len();
    }
    Ok(link(&reading.entries))
}

/// One entry as it is written.
#[derive(Default)]
struct Entry<'a> {
    patterns: Vec<Text<'a>>,
    at: Range<usize>,
    version: Option<Text<'a>>,
    resolved: Option<Text<'a>>,
    has_checksum: bool,
    /// Names and ranges.
    requirements: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// One line: `key value`, or `key, key:` with lines below it that are further indented.
struct Line<'a> {
    /// Bytes from the first key to the end.
    at: Range<usize>,
    indent: usize,
    keys: Vec<Text<'a>>,
    value: Option<Text<'a>>,
}

/// What the lines that are indented twice belong to.
#[derive(Default, PartialEq, Eq)]
enum Section {
    #[default]
    None,
    Requirements,
    Other,
}

#[derive(Default)]
struct Reading<'a> {
    entries: Vec<Entry<'a>>,
    section: Section,
}

impl<'a> Reading<'a> {
    fn take(&mut self, mut line: Line<'a>) -> Result<(), Fault> {
        let misplaced =
            Fault::new(line.at.start, "a line that does not belong to the one above it");
        if let (0, None) = (line.indent, &line.value) {
            self.section = Section::None;
            self.entries.push(Entry { patterns: line.keys, at: line.at, ..Entry::default() });
            return Ok(());
        }
        let Some(entry) = self.entries.last_mut() else { return Err(misplaced) };
        entry.at.end = line.at.end;
        let key = line.keys.swap_remove(0).text;
        match (line.indent, line.value) {
            (2, Some(value)) => {
                self.section = Section::None;
                match &*key {
                    "version" => entry.version = Some(value),
                    "resolved" => entry.resolved = Some(value),
                    "integrity" => entry.has_checksum = true,
                    _ => {}
                }
            }
            (2, None) => {
                let is_list = matches!(&*key, "dependencies" | "optionalDependencies");
                self.section = if is_list { Section::Requirements } else { Section::Other };
            }
            (4, Some(_)) if self.section == Section::Other => {}
            (4, Some(value)) if self.section == Section::Requirements => {
                entry.requirements.push((key, value.text));
            }
            _ => return Err(misplaced),
        }
        Ok(())
    }
}

/// Reads the line at these bytes, unless it is empty or a comment.
fn read_line(text: &str, start: usize, end: usize) -> Result<Option<Line<'_>>, Fault> {
    let blanks = |at: usize| text[at..end].len() - text[at..end].trim_start_matches(' ').len();
    let is_over = |at: usize| at == end || text[at..end].starts_with('#');
    let indent = blanks(start);
    let first = start + indent;
    if is_over(first) {
        return Ok(None);
    }
    let (key, mut at) = word(text, first, end)?;
    let mut keys = vec![key];
    while text[at..end].starts_with(',') {
        let (key, after) = word(text, at + 1 + blanks(at + 1), end)?;
        keys.push(key);
        at = after;
    }
    let is_open = text[at..end].starts_with(':');
    at += usize::from(is_open);
    at += blanks(at);
    let mut value = None;
    if !is_over(at) {
        let (word, after) = word(text, at, end)?;
        value = Some(word);
        at = after + blanks(after);
    }
    if is_over(at) && (is_open || value.is_some()) {
        return Ok(Some(Line { at: first..at, indent, keys, value }));
    }
    Err(Fault::new(at, "a colon or one value was expected here"))
}

/// Reads a string, or a word that needs no quotation marks. Returns the byte after it as well.
fn word(text: &str, at: usize, end: usize) -> Result<(Text<'_>, usize), Fault> {
    let rest = &text[at..end];
    if rest.starts_with('"') {
        return Reader::text_at(text, at);
    }
    if !rest.starts_with(|first: char| first.is_ascii_alphanumeric() || "/.-".contains(first)) {
        return Err(Fault::new(at, "a word or a string was expected here"));
    }
    let length = rest.find([':', ' ', ',']).unwrap_or(rest.len());
    let at = at..at + length;
    Ok((Text { text: Cow::Borrowed(&text[at.clone()]), at: at.clone() }, at.end))
}

fn link(entries: &[Entry<'_>]) -> Lockfile {
    let mut by_pattern = HashMap::new();
    let mut by_name = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        for pattern in &entry.patterns {
            let (name, range) = split_name(&pattern.text);
            by_pattern.insert((name, range), index);
            let only = by_name.entry(name).or_insert(Some(index));
            *only = only.filter(|only| *only == index);
        }
    }
    let find = |(name, range): &(Cow<'_, str>, Cow<'_, str>)| {
        let exact = by_pattern.get(&(&**name, &**range)).copied();
        // `resolutions` of the project change what a pattern stands for, but not those who wrote it.
        exact.or_else(|| by_name.get(&**name).copied().flatten())
    };
    let edges = entries.iter().map(|entry| entry.requirements.iter().filter_map(find).collect());
    let edges = edges.collect();
    lockfile(entries.iter().map(|entry| Some(locked(entry))).collect(), edges)
}

fn locked(entry: &Entry<'_>) -> LockedPackage {
    let (name, range) = split_text(&entry.patterns[0]);
    let name = alias(&range).map_or(name, |(real, _)| real);
    let origin = origin(entry);
    let commit =
        || entry.resolved.as_ref().filter(|_| origin == Origin::Elsewhere).and_then(commit_of);
    let version = entry.version.clone().or_else(commit);
    let mut locked = package(entry.at.clone(), name, version, origin, Scope::Runtime);
    // Without an address of its own, it comes from where the pattern says.
    let address = entry.resolved.as_ref().unwrap_or(&range);
    locked.provenance.address_at = Some(address.at.clone());
    locked.provenance.has_checksum = entry.has_checksum;
    locked
}

fn origin(entry: &Entry<'_>) -> Origin {
    if let Some(url) = entry.resolved.as_ref().filter(|url| url.text.contains("://")) {
        return origin_of_url(&url.text);
    }
    // A folder, or an archive that is kept in the project or in a mirror of its own.
    let by_range = entry.patterns.iter().map(|pattern| {
        let range = split_name(&pattern.text).1;
        match range.split_once(':') {
            Some(("file", path)) => origin_of_path(path),
            Some(("link", _)) => Origin::Local,
            Some(("npm", _)) => Origin::Registry,
            None if !range.contains('/') => Origin::Registry,
            _ => Origin::Elsewhere,
        }
    });
    by_range.clone().find(|origin| *origin != Origin::Registry).unwrap_or(Origin::Registry)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::javascript::shown, *};

    const LOCKFILE: &str = r#"# yarn lockfile v1


"@s/a@^1.0.0", "@s/a@1":
  version "1.0.1"
  resolved "https://yarnpkg.com/@s/a/-/a-1.0.1.tgz#0123abc"
  integrity sha512-a+b/c==
  dependencies:
    "@s/b" "npm:c@^2.0.0"
    c ">= 1 < 3"
  optionalDependencies:
    d "*"

"@s/b@npm:c@^2.0.0", c@^2.0.0:
  version "2.0.0"

c@1.5.0:
  version "1.5.0"
  resolved "https://npm.example.org/c/-/c-1.5.0.tgz"

"d@git+ssh://git@example.org/d.git":
  version "0.1.0" # seen
  resolved "git+ssh://git@example.org/d.git#0123abc"
  engines:
    node ">= 4"

"e@file:./e":
  version "0.0.0"
  dependencies:
    f "1"

f@1, f@next:
  resolved "https://npmjs.org/f/-/f-1.0.0.tgz"

g@./g.tgz:
  resolved "https://example.org/g.git#0123abc"
"#;

    #[test]
    fn patterns_lead_to_entries_and_aliases_to_their_packages() {
        assert_eq!(
            shown(LOCKFILE, read),
            [
                "@s/a@1.0.1 Registry Runtime c@2.0.0 d@0.1.0",
                "c@2.0.0 Registry Runtime",
                "c@1.5.0 Elsewhere Runtime",
                "d@0.1.0 Elsewhere Runtime",
                "e@0.0.0 Local Runtime",
                "g@0123abc Elsewhere Runtime",
            ]
        );
    }

    #[test]
    fn an_entry_without_version_is_left_out_with_its_place() {
        let left_out = read(LOCKFILE).unwrap().left_out;
        assert_eq!(left_out.len(), 1);
        assert!(LOCKFILE[left_out[0].at..].starts_with("f@1, f@next:"));
    }

    #[test]
    fn an_entry_reaches_from_its_key_to_its_last_line() {
        let text = LOCKFILE.replace('\n', "\r\n");
        let read = read(&text).unwrap();
        let entry = &text[read.packages[1].at.clone()];
        assert_eq!(entry, "\"@s/b@npm:c@^2.0.0\", c@^2.0.0:\r\n  version \"2.0.0\"");
    }

    #[test]
    fn what_yarn_does_not_write_is_refused_with_its_line() {
        let fault = |text: &str| {
            let fault = read(text).unwrap_err();
            text[..fault.at].matches('\n').count() + 1
        };
        assert_eq!(fault("a@1:\n  version \"1.0.0\"\n<<<<<<< HEAD\n"), 3);
        assert_eq!(fault("a@1\n"), 1);
        assert_eq!(fault("a@1:\n version \"1.0.0\"\n"), 2);
        assert_eq!(fault("a@1:\n    b \"1.0.0\"\n"), 2);
        assert_eq!(fault("\n  version \"1.0.0\"\n"), 2);
        assert_eq!(fault("a@1:\n  version \"1.0.0\" \"2\"\n"), 2);
        assert_eq!(fault("a@1:\n  version \"1.0.0\n"), 2);
        assert_eq!(fault("{}\n"), 1);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(a@1|:|\n|\n  |\n    |version|dependencies:|\"|\\\\|,|#| |é|1){0,30}") {
            if let Err(fault) = read(&text) {
                prop_assert!(fault.at <= text.len());
            }
        }
    }
}
