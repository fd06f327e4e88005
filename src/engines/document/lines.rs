//! Formats of one `name = value` per line: env files, INI, Java properties, and assignments in any file.
//!
//! All of them become the same map:
//!
//! * `entries`: a list of `name`, `value`, `assignment` (`name=value` whatever the format), `section` (INI)
//!   and `is-effective`, which is false where the same name is set again further down;
//! * `values`: a map of name to value, in which the last one counts; for INI also `section.name`;
//! * `documents` (properties): the same two for each part between `#---` lines, as Spring reads them.
//!
//! Values are texts without their quotes.

mod env;
mod properties;

use std::{collections::HashMap, ops::Range};

use super::{
    make::{assignment_of, field, flag, list, map},
    node::Node,
};
use crate::finding::RepoPath;

pub use env::env;
pub use properties::properties;

/// Whether the path names an env file: `.env`, `.env.production`, `prod.env`.
pub fn is_env(path: &RepoPath) -> bool {
    let name = path.file_name();
    name == ".env" || name.starts_with(".env.") || path.extension() == "env"
}

/// Whether the path names an INI file.
pub fn is_ini(path: &RepoPath) -> bool {
    matches!(path.extension(), "ini" | "cfg")
}

/// Whether the path names a file of Java properties.
pub fn is_properties(path: &RepoPath) -> bool {
    path.extension() == "properties"
}

/// One `name = value`.
struct Pair {
    section: Option<Node>,
    name: Node,
    value: Node,
}

/// The lines of a text without their ends, and where each begins.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

/// A part of the line that begins at `start`.
pub(super) fn piece(start: usize, line: &str, part: &str) -> Range<usize> {
    let offset = part.as_ptr() as usize - line.as_ptr() as usize;
    start + offset..start + offset + part.len()
}

fn root(pairs: Vec<Pair>, at: &Range<usize>) -> Node {
    map(shape(pairs, at), at.clone())
}

fn shape(pairs: Vec<Pair>, at: &Range<usize>) -> Vec<(Node, Node)> {
    let mut last: HashMap<(Option<String>, String), usize> = HashMap::new();
    for (index, pair) in pairs.iter().enumerate() {
        last.insert(identity(pair), index);
    }
    let mut entries = Vec::with_capacity(pairs.len());
    let mut values = Vec::with_capacity(pairs.len());
    for (index, pair) in pairs.into_iter().enumerate() {
        let is_effective = last.get(&identity(&pair)) == Some(&index);
        let whole = pair.name.at.start..pair.value.at.end.max(pair.name.at.end);
        let mut fields = vec![
            field("name", pair.name.clone()),
            field("value", pair.value.clone()),
            field("assignment", assignment_of(&pair.name, &pair.value, &whole)),
            field("is-effective", flag(is_effective, whole.clone())),
        ];
        if let Some(section) = pair.section {
            let name = format!("{}.{}", text_of(&section), text_of(&pair.name));
            values.push((Node::text(name, pair.name.at.clone()), pair.value.clone()));
            fields.push(field("section", section));
        }
        entries.push(map(fields, whole));
        values.push((pair.name, pair.value));
    }
    vec![field("entries", list(entries, at.clone())), field("values", map(values, at.clone()))]
}

fn identity(pair: &Pair) -> (Option<String>, String) {
    (pair.section.as_ref().map(|node| text_of(node).to_owned()), text_of(&pair.name).to_owned())
}

fn text_of(node: &Node) -> &str {
    node.as_text().unwrap_or_default()
}

/// Reads INI: `[section]`, `name = value`, comments after `;` and `#`.
pub fn ini(text: &str) -> Node {
    let mut section = None;
    let mut pairs = Vec::new();
    for (start, line) in lines(text) {
        let trimmed = line.trim().trim_start_matches('\u{feff}');
        if trimmed.is_empty() || trimmed.starts_with([';', '#']) {
            continue;
        }
        let header = trimmed.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        if let Some((name, _)) = header {
            let name = name.trim();
            section = Some(Node::text(name, piece(start, line, name)));
        } else if let Some((name, value)) = trimmed.split_once('=') {
            let name = name.trim();
            let value = unquoted(without_comment(value.trim(), &[";", "#"]));
            pairs.push(Pair {
                section: section.clone(),
                name: Node::text(name, piece(start, line, name)),
                value: Node::text(value, piece(start, line, value)),
            });
        }
    }
    root(pairs, &(0..text.len()))
}

/// Reads what looks like `name = value` or `name => value` in any file, and directives of two or three words, whose last word
/// is the value (`php_flag display_errors on`).
pub fn assignments(text: &str) -> Node {
    let pairs = lines(text).filter_map(|(start, line)| assignment(start, line)).collect();
    root(pairs, &(0..text.len()))
}

fn assignment(start: usize, line: &str) -> Option<Pair> {
    let trimmed = line.trim().trim_start_matches('\u{feff}');
    let is_comment = ["#", "//", ";", "--", "%", "*", "/*"].iter().any(|c| trimmed.starts_with(c));
    if is_comment {
        return None;
    }
    let (name, value) = match trimmed.split_once('=') {
        Some((name, value)) if !value.starts_with(['=', '~']) && is_name(name.trim_end()) => {
            (unquoted(name.trim_end()), value.strip_prefix('>').unwrap_or(value))
        }
        _ => directive(trimmed)?,
    };
    let value = without_comment(value.trim(), &["#", "//"]);
    let value = unquoted(value.trim_end_matches([';', ',']).trim_end());
    Some(Pair {
        section: None,
        name: Node::text(name, piece(start, line, name)),
        value: Node::text(value, piece(start, line, value)),
    })
}

fn is_name(name: &str) -> bool {
    let is_start = |c: char| c.is_alphabetic() || matches!(c, '_' | '$' | '@' | '"' | '\'');
    name.starts_with(is_start)
        && name.len() <= 200
        && name.chars().all(|c| c.is_alphanumeric() || "_$@.-[]\"':/".contains(c))
}

fn directive(line: &str) -> Option<(&str, &str)> {
    let line = without_comment(line, &["#"]);
    let (name, value) = line.rsplit_once([' ', '\t'])?;
    let words: Vec<&str> = name.split_ascii_whitespace().collect();
    ((1..=2).contains(&words.len()) && words.iter().all(|word| is_name(word)))
        .then_some((name.trim_end(), value))
}

/// Cuts a comment that follows white space outside quotes.
fn without_comment<'t>(text: &'t str, marks: &[&str]) -> &'t str {
    let mut quote = None;
    let mut after_space = true;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            _ if after_space && marks.iter().any(|mark| text[at..].starts_with(mark)) => {
                return text[..at].trim_end();
            }
            _ => {}
        }
        after_space = character.is_whitespace();
    }
    text
}

fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests;
