//! What a repair writes to bind a published port to the loopback address.
//!
//! `binding` is a text whose place are the bytes that it replaces; they are empty where it is put in.

use std::ops::Range;

use super::{field, is_any};
use crate::engines::document::node::{Node, Value};

const LOOPBACK: &str = "127.0.0.1";

/// For a port of the short form: `text`, as it is read, with its address if it has one.
pub(super) fn of_text(
    text: &str,
    host: Option<&str>,
    has_published: bool,
    at: &Range<usize>,
    source: &str,
) -> Option<(Node, Node)> {
    let written = source.get(at.clone())?;
    let inner = written.trim_matches(['"', '\'']);
    if inner != text || !is_any(host) {
        return None;
    }
    let start = at.start + written.find(inner)?;
    let (place, filled) = match host {
        Some(host) => (start..start + host.len(), LOOPBACK.to_owned()),
        None if has_published => (start..start, format!("{LOOPBACK}:")),
        None => (start..start, format!("{LOOPBACK}::")),
    };
    Some(field("binding", Node::text(filled, place)))
}

/// For a port of the long form.
pub(super) fn of_map(written: &Node, source: &str) -> Option<(Node, Node)> {
    let at = &written.at;
    if let Some(host) = written.get("host_ip") {
        let text = source.get(host.at.clone())?.trim_matches(['"', '\'']);
        let is_literal = host.as_text() == Some(text) && is_any(Some(text));
        let filled = format!("\"{LOOPBACK}\"");
        return is_literal.then(|| field("binding", Node::text(filled, host.at.clone())));
    }
    let Value::Map(entries) = &written.value else { return None };
    if source.get(at.clone())?.starts_with('{') {
        let place = at.start + 1..at.start + 1;
        return Some(field("binding", Node::text(format!("host_ip: {LOOPBACK}, "), place)));
    }
    let (first, _) = entries.first().filter(|(key, _)| key.at.start == at.start)?;
    let line = source[..first.at.start].rfind('\n').map_or(0, |newline| newline + 1);
    let ending = if source[..line].ends_with("\r\n") { "\r\n" } else { "\n" };
    let indent = " ".repeat(first.at.start - line);
    let filled = format!("host_ip: {LOOPBACK}{ending}{indent}");
    Some(field("binding", Node::text(filled, at.start..at.start)))
}
