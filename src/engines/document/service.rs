//! Configuration of services: nginx, Redis, `PostgreSQL`, units of systemd, tables of cron.
//!
//! Each is read by the grammar of its own program. What a rule would have to join over several lines (what
//! a block of nginx inherits, whether a Redis server answers everybody) is computed while lowering.

pub mod cron;
mod fields;
pub mod nginx;
pub mod postgresql;
pub mod redis;
mod script;
pub mod systemd;

use std::ops::Range;

/// The lines of a text without their ends, and where each begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

/// A part of the line that begins at `start`.
fn piece(start: usize, line: &str, part: &str) -> Range<usize> {
    let offset = part.as_ptr() as usize - line.as_ptr() as usize;
    start + offset..start + offset + part.len()
}

/// Whether a text is a template that becomes such a file later: Jinja, Go, ERB.
fn is_template(text: &str) -> bool {
    ["{{", "{%", "<%", "{#"].iter().any(|mark| text.contains(mark))
}

/// One word of a line: its text without quotes, and its bytes with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Word {
    text: String,
    at: Range<usize>,
    /// Whether it stands in the file as it is, without quotes and escapes.
    is_bare: bool,
}

/// Whether a node and all below it are at bytes of the text.
#[cfg(test)]
fn is_inside(node: &super::node::Node, text: &str) -> bool {
    text.get(node.at.clone()).is_some()
        && node.elements().iter().all(|child| is_inside(child, text))
        && node.entries().iter().all(|(key, value)| is_inside(key, text) && is_inside(value, text))
}
