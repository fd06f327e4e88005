//! `.env` and its family.

use std::ops::Range;

use super::{Pair, root};
use crate::engines::document::{interpolation::interpolate, node::Node};

/// Reads an env file: `export`, quotes that may span lines, comments, defaults of variables.
pub fn env(text: &str) -> Node {
    let mut pairs = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let end = line_end(text, at);
        match name(text, at..end) {
            Some((name, after)) => {
                let (value, next) = value(text, after, end);
                pairs.push(Pair { section: None, name, value });
                at = line_end(text, next) + 1;
            }
            None => at = end + 1,
        }
    }
    root(pairs, &(0..text.len()))
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |length| at + length)
}

/// The name that a line sets, and where what follows its `=` begins.
fn name(text: &str, at: Range<usize>) -> Option<(Node, usize)> {
    let line = &text[at.clone()];
    let trimmed = line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let trimmed = trimmed.strip_prefix("export ").map_or(trimmed, str::trim_start);
    let start = at.start + (line.len() - trimmed.len());
    let equals = trimmed.find('=')?;
    let name = trimmed[..equals].trim_end();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let is_name = !name.is_empty() && name.bytes().all(is_word);
    is_name.then(|| (Node::text(name, start..start + name.len()), start + equals + 1))
}

/// The value that begins at a byte, and the byte after it.
fn value(text: &str, from: usize, end: usize) -> (Node, usize) {
    let line = &text[from..end];
    let trimmed = line.trim_start();
    let start = from + (line.len() - trimmed.len());
    let quote = trimmed.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'));
    if let Some(quote) = quote
        && let Some(close) = closing(text, start + 1, quote)
    {
        let inner = &text[start + 1..close];
        let value = if quote == '"' {
            interpolate(&unescape(inner)).into_owned()
        } else {
            inner.to_owned()
        };
        return (Node::text(value, start..close + 1), close + 1);
    }
    let cut = comment(trimmed).unwrap_or(trimmed.len());
    let value = trimmed[..cut].trim_end();
    (Node::text(interpolate(value), start..start + value.len()), end)
}

/// A `#` at the start or after white space.
fn comment(text: &str) -> Option<usize> {
    let is_comment =
        |(at, _): &(usize, &str)| *at == 0 || text[..*at].ends_with(char::is_whitespace);
    text.match_indices('#').find(is_comment).map(|(at, _)| at)
}

fn closing(text: &str, from: usize, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text[from..].char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            _ if character == quote => return Some(from + at),
            _ => {}
        }
    }
    None
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, character == '\\') {
            (_, false) => plain.push(character),
            (_, true) => match characters.next() {
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some('t') => plain.push('\t'),
                Some('$') => plain.push_str("$$"),
                Some(other) => plain.push(other),
                None => plain.push('\\'),
            },
        }
    }
    plain
}
