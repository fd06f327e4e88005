//! YAML: the events of a parser built up to trees of values with exact places.
//!
//! [`read`] gives the list of a file's documents, also where there is only one; rules name the first key
//! as `*.key`. Aliases are copied and merge keys (`<<`) are merged in, so that a reader of the tree never
//! meets either; what is copied keeps the place of its anchor. Keys are texts whatever they are written
//! as. A key that stands twice is kept twice. Each document costs time and memory in proportion to its
//! text: copies, depth and size are limited.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{
    Unreadable,
    node::{Node, Value},
};

/// Lists and maps inside each other.
const MAX_DEPTH: usize = 200;
/// Nodes that aliases may copy.
const MAX_COPIES: usize = 100_000;
/// Nodes of a file.
const MAX_NODES: usize = 1_000_000;

/// Which words a program reads as true and false.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Booleans {
    /// YAML 1.2: `true` and `false`. What GitHub and most of today's programs read.
    Core,
    /// YAML 1.1: `yes`, `no`, `on`, `off` as well. What Kubernetes reads.
    Old,
}

/// The documents of a file.
#[derive(Debug, Default)]
pub struct Documents {
    /// Their values.
    pub roots: Vec<Node>,
    /// The private tags (`!reset`, `!Ref`) with the place at which the tagged value begins.
    pub tags: Vec<(usize, String)>,
}

/// Reads a file as the list of its documents.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    let documents = documents(text, Booleans::Core)?;
    Ok(Node::new(Value::List(documents.roots), 0..text.len()))
}

/// Reads a file's documents.
pub fn documents(text: &str, booleans: Booleans) -> Result<Documents, Unreadable> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        simple_key_max_lookahead: 4096,
    };
    let mut builder = Builder::new(text, booleans);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| broken(&error, text))?;
        builder.take(event, &span)?;
    }
    Ok(builder.documents)
}

fn broken(error: &ScanError, text: &str) -> Unreadable {
    let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
    Unreadable::new(error.info(), at..at)
}

/// A node with what its copies would cost.
#[derive(Clone)]
struct Built {
    node: Node,
    size: usize,
    height: usize,
    /// A plain `<<`, which is not a key but an order to merge.
    is_merge: bool,
}

/// A list or map whose end has not been seen.
struct Open {
    value: Value,
    key: Option<Built>,
    at: Range<usize>,
    anchor: usize,
    size: usize,
    height: usize,
    merges: Vec<Node>,
}

struct Builder<'t> {
    text: &'t str,
    booleans: Booleans,
    open: Vec<Open>,
    anchors: HashMap<usize, Built>,
    copies: usize,
    nodes: usize,
    documents: Documents,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, booleans: Booleans) -> Self {
        Self {
            text,
            booleans,
            open: Vec::new(),
            anchors: HashMap::new(),
            copies: 0,
            nodes: 0,
            documents: Documents::default(),
        }
    }

    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Unreadable> {
        let at = self.bytes(span);
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Alias(anchor) => {
                let copy = self.copy(anchor, at.start)?;
                // A copy lies elsewhere; what ends its parent is the alias.
                self.put(copy, at.end)?;
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.note_tag(tag.as_deref(), at.start);
                let built = self.scalar(&text, style, tag.as_deref(), at.clone());
                self.finish(built, anchor, at.start)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.note_tag(tag.as_deref(), at.start);
                self.begin(Value::List(Vec::new()), at, anchor)?;
            }
            Event::MappingStart(_, anchor, tag) => {
                self.note_tag(tag.as_deref(), at.start);
                self.begin(Value::Map(Vec::new()), at, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(at)?,
            _ => {}
        }
        Ok(())
    }

    fn bytes(&self, span: &Span) -> Range<usize> {
        let range = span.byte_range().unwrap_or_default();
        let end = range.end.min(self.text.len());
        range.start.min(end)..end
    }

    fn note_tag(&mut self, tag: Option<&Tag>, at: usize) {
        if let Some(tag) = tag.filter(|tag| tag.handle() == "!") {
            self.documents.tags.push((at, format!("!{}", tag.suffix())));
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Range<usize>) -> Built {
        let is_plain = style == ScalarStyle::Plain;
        let is_text = !is_plain || tag.is_some_and(|tag| tag.core_suffix() == Some("str"));
        let value =
            if is_text { Value::Text(text.to_owned()) } else { resolve(text, self.booleans) };
        let shown = self.text[at.clone()].trim_end().len();
        let node = Node::new(value, at.start..at.start + shown);
        Built { node, size: 1, height: 0, is_merge: is_plain && text == "<<" }
    }

    fn begin(&mut self, value: Value, at: Range<usize>, anchor: usize) -> Result<(), Unreadable> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(at.start));
        }
        self.open.push(Open {
            value,
            key: None,
            at,
            anchor,
            size: 1,
            height: 0,
            merges: Vec::new(),
        });
        Ok(())
    }

    fn end(&mut self, at: Range<usize>) -> Result<(), Unreadable> {
        let Some(mut open) = self.open.pop() else { return Ok(()) };
        if let Value::Map(entries) = &mut open.value {
            merge(entries, open.merges);
        }
        // The end of a block collection is only noticed at the next token: its last child ends it.
        let is_flow = at.end > at.start;
        let end = if is_flow { at.end } else { open.at.end.max(open.at.start) };
        let node = Node::new(open.value, open.at.start..end);
        let built = Built { node, size: open.size, height: open.height + 1, is_merge: false };
        self.finish(built, open.anchor, at.start)
    }

    /// A node of the text itself: counted, kept if it has an anchor, and put in its place.
    fn finish(&mut self, built: Built, anchor: usize, at: usize) -> Result<(), Unreadable> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("over {MAX_NODES} values in one file");
            return Err(Unreadable::new(message, at..at));
        }
        if anchor != 0 {
            self.pay(built.size, at)?;
            self.anchors.insert(anchor, built.clone());
        }
        let end = built.node.at.end;
        self.put(built, end)
    }

    fn copy(&mut self, anchor: usize, at: usize) -> Result<Built, Unreadable> {
        let Some(size) = self.anchors.get(&anchor).map(|built| built.size) else {
            let message = "an alias stands inside its own anchor".to_owned();
            return Err(Unreadable::new(message, at..at));
        };
        self.pay(size, at)?;
        Ok(Built { is_merge: false, ..self.anchors[&anchor].clone() })
    }

    fn pay(&mut self, nodes: usize, at: usize) -> Result<(), Unreadable> {
        self.copies += nodes;
        if self.copies > MAX_COPIES {
            let message = format!("aliases copy over {MAX_COPIES} values");
            return Err(Unreadable::new(message, at..at));
        }
        Ok(())
    }

    fn put(&mut self, built: Built, end: usize) -> Result<(), Unreadable> {
        if self.open.len() + built.height > MAX_DEPTH {
            return Err(too_deep(end));
        }
        let Some(parent) = self.open.last_mut() else {
            self.documents.roots.push(built.node);
            return Ok(());
        };
        parent.size += built.size;
        parent.height = parent.height.max(built.height);
        parent.at.end = parent.at.end.max(end);
        match &mut parent.value {
            Value::List(elements) => elements.push(built.node),
            Value::Map(entries) => match parent.key.take() {
                None => parent.key = Some(built),
                Some(key) if key.is_merge => parent.merges.push(built.node),
                Some(key) => entries.push(entry(self.text, key.node, built.node)),
            },
            _ => {}
        }
        Ok(())
    }
}

fn too_deep(at: usize) -> Unreadable {
    Unreadable::new(format!("over {MAX_DEPTH} lists and maps inside each other"), at..at)
}

/// A key becomes a text, and nothing at all is shown at its key.
fn entry(text: &str, key: Node, mut value: Node) -> (Node, Node) {
    if value.value == Value::Null && value.at.is_empty() {
        value.at = key.at.clone();
    }
    if key.as_text().is_some() {
        return (key, value);
    }
    let written = text[key.at.clone()].to_owned();
    (Node::text(written, key.at), value)
}

/// Puts the entries of merged maps before a map's own, except those that it has itself.
fn merge(entries: &mut Vec<(Node, Node)>, merges: Vec<Node>) {
    if merges.is_empty() {
        return;
    }
    let mut known: HashSet<String> = entries.iter().map(|(key, _)| name_of(key)).collect();
    let mut added: Vec<(Node, Node)> = Vec::new();
    for node in merges {
        let maps = match node.value {
            Value::List(maps) => maps,
            value => vec![Node::new(value, node.at)],
        };
        for map in maps {
            let Value::Map(theirs) = map.value else { continue };
            let new: Vec<_> =
                theirs.into_iter().filter(|(key, _)| !known.contains(&name_of(key))).collect();
            known.extend(new.iter().map(|(key, _)| name_of(key)));
            added.extend(new);
        }
    }
    added.append(entries);
    *entries = added;
}

fn name_of(key: &Node) -> String {
    key.as_text().unwrap_or_default().to_owned()
}

/// What a plain scalar means.
fn resolve(text: &str, booleans: Booleans) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if booleans == Booleans::Old {
        match text {
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => return Value::Bool(true),
            "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => return Value::Bool(false),
            _ => {}
        }
    }
    number(text).map_or_else(|| Value::Text(text.to_owned()), Value::Number)
}

/// A number, if the text is one that is written back the same: `1.10` and `007` stay texts, because
/// versions, ports and modes look like numbers.
fn number(text: &str) -> Option<f64> {
    let first = text.bytes().next()?;
    if !first.is_ascii_digit() && !matches!(first, b'-' | b'+' | b'.') {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    (number.is_finite() && number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests;
