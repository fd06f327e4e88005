//! Adds and changes keys of YAML maps, in the style in which they are written.

use super::{Document, insert};
use crate::{
    engines::document::node::{Node, Value},
    finding::DraftEdit,
    rule::Setting,
};

/// Spaces by which a nested map or list is further indented.
const STEP: usize = 2;

/// Notes the edits after which `map` has these entries.
pub(super) fn edits(
    document: &Document<'_>,
    map: &Node,
    entries: &[(String, Setting)],
    edits: &mut Vec<DraftEdit>,
) -> Option<()> {
    let own = super::own(map);
    let mut missing = Vec::new();
    for (name, setting) in entries {
        match own.iter().find(|(key, _)| key.as_text() == Some(name)) {
            Some((key, value)) => change(document, (map, key, value), setting, edits)?,
            None => missing.push((name.as_str(), setting)),
        }
    }
    if missing.is_empty() {
        return Some(());
    }
    edits.push(if document.is_flow(map) {
        add_to_flow(document, map, &own, &missing)
    } else {
        add_to_block(document, map, &own, &missing)?
    });
    Some(())
}

/// Gives a key another value.
fn change(
    document: &Document<'_>,
    (map, key, value): (&Node, &Node, &Node),
    setting: &Setting,
    edits: &mut Vec<DraftEdit>,
) -> Option<()> {
    if value.value == Value::Null && value.at == key.at {
        let colon = document.text[key.at.end..].find(':').map(|colon| key.at.end + colon + 1)?;
        let indent = column(document, key.at.start)? + STEP;
        edits.push(match setting {
            Setting::Map(_) | Setting::List(_) => {
                insert(document.line_end(colon), block(setting, indent, document.line_ending()))
            }
            _ => insert(colon, format!(" {}", scalar(setting))),
        });
        return Some(());
    }
    // An alias: what stands there belongs to others, too.
    if !super::is_within(value, map) {
        return None;
    }
    match (setting, &value.value) {
        (Setting::Map(entries), Value::Map(_)) => self::edits(document, value, entries, edits),
        (Setting::Map(_), _) => None,
        (Setting::List(elements), Value::List(old)) if !document.is_flow(value) => {
            // The place of a list that is not further indented than its key begins behind the first mark.
            let first = old.first()?.at.start;
            let start = document.line_start(first);
            let mark = document.text[start..first].find('-').map(|mark| start + mark)?;
            let indent = column(document, mark)?;
            let line = format!("{}{}", document.line_ending(), " ".repeat(indent));
            let lines: Vec<_> = elements.iter().map(|one| format!("- {}", flow(one))).collect();
            edits.push(DraftEdit { at: mark..value.at.end, text: lines.join(&line) });
            Some(())
        }
        _ => {
            edits.push(DraftEdit { at: value.at.clone(), text: flow(setting) });
            Some(())
        }
    }
}

fn add_to_flow(
    document: &Document<'_>,
    map: &Node,
    own: &[&(Node, Node)],
    missing: &[(&str, &Setting)],
) -> DraftEdit {
    let entries = missing.iter().map(|(name, setting)| entry_in_flow(name, setting));
    let text = entries.collect::<Vec<_>>().join(", ");
    match own.last() {
        // What merges or aliases stand after the last entry does not matter: order has no meaning in a map.
        Some((key, value)) => {
            let end = if super::is_within(value, map) { value.at.end } else { key.at.end };
            let end = if end == key.at.end && value.at != key.at {
                document.text[end..map.at.end].find([',', '}']).map_or(end, |at| end + at)
            } else {
                end
            };
            insert(end, format!(", {text}"))
        }
        None => insert(map.at.start + 1, text),
    }
}

fn entry_in_flow(name: &str, setting: &Setting) -> String {
    format!("{}: {}", quoted(name), flow(setting))
}

fn add_to_block(
    document: &Document<'_>,
    map: &Node,
    own: &[&(Node, Node)],
    missing: &[(&str, &Setting)],
) -> Option<DraftEdit> {
    let (first, _) = own.first()?;
    let indent = column(document, first.at.start)?;
    let ending = document.line_ending();
    let lines = missing.iter().map(|(name, setting)| entry(name, setting, indent, ending));
    Some(insert(document.line_end(map.at.end), on_lines(lines, indent, ending)))
}

/// How far a key is indented, if nothing stands before it but spaces and the marks of list elements.
fn column(document: &Document<'_>, at: usize) -> Option<usize> {
    let before = &document.text[document.line_start(at)..at];
    let before = before.strip_prefix('\u{feff}').unwrap_or(before);
    before.bytes().all(|byte| matches!(byte, b' ' | b'-')).then_some(before.len())
}

/// `name: value` in block style, without the indentation of its first line.
fn entry(name: &str, setting: &Setting, indent: usize, ending: &str) -> String {
    match setting {
        Setting::Map(_) | Setting::List(_) => {
            format!("{}:{}", quoted(name), block(setting, indent + STEP, ending))
        }
        _ => format!("{}: {}", quoted(name), scalar(setting)),
    }
}

/// A map or list on lines of its own, each begun by a line ending.
fn block(setting: &Setting, indent: usize, ending: &str) -> String {
    match setting {
        Setting::Map(entries) => {
            let lines = entries.iter().map(|(name, value)| entry(name, value, indent, ending));
            on_lines(lines, indent, ending)
        }
        Setting::List(elements) => {
            on_lines(elements.iter().map(|one| format!("- {}", flow(one))), indent, ending)
        }
        _ => on_lines(std::iter::once(scalar(setting)), indent, ending),
    }
}

fn on_lines(lines: impl Iterator<Item = String>, indent: usize, ending: &str) -> String {
    let begin = format!("{ending}{}", " ".repeat(indent));
    lines.fold(String::new(), |text, line| text + &begin + &line)
}

fn flow(setting: &Setting) -> String {
    match setting {
        Setting::List(elements) => {
            format!("[{}]", elements.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Setting::Map(entries) => {
            let entries = entries.iter().map(|(name, value)| entry_in_flow(name, value));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        _ => scalar(setting),
    }
}

fn scalar(setting: &Setting) -> String {
    match setting {
        Setting::Bool(value) => value.to_string(),
        Setting::Number(value) => value.to_string(),
        Setting::Text(text) => quoted(text),
        Setting::List(_) | Setting::Map(_) => flow(setting),
    }
}

/// A text as YAML: plain where every reader takes it for that text, else in quotes.
fn quoted(text: &str) -> String {
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte));
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    if is_word && !words.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return text.to_owned();
    }
    // A JSON string is a YAML one.
    serde_json::Value::from(text).to_string()
}
