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

use super::lines::{lines, piece};

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
