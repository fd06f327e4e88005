//! Tables of dependencies in TOML: `name = "1"`, `name = { version = "1" }` or `[….name]`.

use std::ops::Range;

use super::Scope;
use crate::sources::toml::{Document, Table, Value};

const QUOTES: [char; 2] = ['"', '\''];

/// One dependency of a table.
pub(super) struct Entry<'d, 'a> {
    /// The key.
    pub(super) name: &'d str,
    /// What the table is for.
    pub(super) scope: Scope,
    /// Bytes from the key to the end of the last value.
    pub(super) at: Range<usize>,
    /// Bytes of the key.
    pub(super) name_at: Range<usize>,
    /// The values, each with its key below the name: empty for that of `name = "1"`.
    pub(super) fields: Vec<(&'d str, &'d Value<'a>)>,
}

/// The dependencies of a document. `place` says of a path whether it begins with that of a table of dependencies:
/// the number of its parts, and what it is for.
pub(super) fn entries<'d, 'a>(
    text: &str,
    document: &'d Document<'a>,
    place: impl Fn(&[&str]) -> Option<(usize, Scope)>,
) -> Vec<Entry<'d, 'a>> {
    let mut entries: Vec<Entry<'d, 'a>> = Vec::new();
    let mut path: Vec<&'d str> = Vec::new();
    for table in &document.tables {
        // What is not the same entry ends it: another table, another path, another name.
        let mut open: Vec<&str> = Vec::new();
        let mut after = table.at.start;
        for value in &table.values {
            path.clear();
            path.extend(table.name.iter().chain(value.key.iter()).map(|part| &**part));
            let gap = after..value.at.start;
            after = value.at.end;
            let Some((length, scope)) = place(&path)
                .filter(|(length, _)| path.get(*length).is_some_and(|name| !name.is_empty()))
            else {
                open.clear();
                continue;
            };
            if open != path[..=length] {
                open = path[..=length].to_vec();
                let (at, name_at) = if length < table.name.len() {
                    let header = header_name(text, table, length);
                    (table.at.start.min(header.start)..table.at.end, header)
                } else {
                    let key = key(text, gap, path[length]).unwrap_or_else(|| value.at.clone());
                    let quote = usize::from(text[..key.start].ends_with(QUOTES));
                    (key.start - quote..value.at.end, key)
                };
                let name = path[length];
                entries.push(Entry { name, scope, at, name_at, fields: Vec::new() });
            }
            if let Some(entry) = entries.last_mut() {
                entry.fields.push((path.get(length + 1).copied().unwrap_or_default(), value));
                entry.at.end = entry.at.end.max(closed(text, value.at.end));
            }
        }
    }
    entries
}

/// The place of a part of a table's name.
fn header_name(text: &str, table: &Table<'_>, index: usize) -> Range<usize> {
    let mut at = table.at.start;
    let mut found = at..at;
    for part in &table.name[..=index] {
        let rest = &text[at..table.at.end];
        // A part with escapes is not written as it reads; it is one before the name.
        let Some(start) = rest.find(&**part) else { continue };
        found = at + start..at + start + part.len();
        at = found.end;
    }
    found
}

/// The place of a key in what stands between the value before it and its own value.
fn key(text: &str, gap: Range<usize>, name: &str) -> Option<Range<usize>> {
    let before = text.get(gap.clone())?;
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let is_key = |at: &usize| {
        !before[..*at].ends_with(is_part) && !before[at + name.len()..].starts_with(is_part)
    };
    let is_first = |at: &usize| {
        let before = before[..*at].trim_end_matches(QUOTES).trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with('\n')
    };
    let found = || before.rmatch_indices(name).map(|(at, _)| at).filter(is_key);
    // The name of a package may be that of a field, as in `version = { version = "1" }`.
    let at = found().find(is_first).or_else(|| found().next())?;
    Some(gap.start + at..gap.start + at + name.len())
}

/// The end of a value with the brackets that close after it.
fn closed(text: &str, end: usize) -> usize {
    let mut closed = end;
    for (at, byte) in text.bytes().enumerate().skip(end) {
        match byte {
            b']' | b'}' => closed = at + 1,
            b' ' | b'\t' | b',' | b'\r' | b'\n' => {}
            _ => break,
        }
    }
    closed
}
