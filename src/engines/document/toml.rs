//! TOML as a tree of values with places.
//!
//! Tables become maps wherever they are written; a table that is opened twice is one map. Dates are
//! texts. A value's place is that of the value, a table's that of its first header or key.

use std::ops::Range;

use toml_parser::{
    ParseError, Source,
    decoder::ScalarKind,
    parser::{Event, EventKind, RecursionGuard, parse_document},
};

use super::{
    Unreadable,
    node::{Node, Value},
};

const MAX_DEPTH: u32 = 100;
/// Keys that may be compared while tables are looked up: what no honest file needs.
const MAX_COMPARED: usize = 20_000_000;

/// Reads a file.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut error: Option<ParseError> = None;
    let mut events: Vec<Event> = Vec::new();
    let mut guard = RecursionGuard::new(&mut events, MAX_DEPTH);
    parse_document(&tokens, &mut guard, &mut error);
    let mut reader =
        Reader { source, root: empty_map(0..text.len()), error, opened: Vec::new(), compared: 0 };
    if reader.error.is_none() {
        reader.run(&events);
    }
    match reader.error {
        None => Ok(reader.root),
        Some(error) => {
            let at = error.unexpected().or(error.context());
            let at = at.map_or(0..0, |span| span.start()..span.end());
            Err(Unreadable::new(error.description(), at))
        }
    }
}

const fn empty_map(at: Range<usize>) -> Node {
    Node::new(Value::Map(Vec::new()), at)
}

/// A value that is being read, inside the current table.
enum Container {
    Array(Node),
    Table(Node, Vec<Node>),
}

struct Reader<'t> {
    source: Source<'t>,
    root: Node,
    error: Option<ParseError>,
    opened: Vec<Container>,
    compared: usize,
}

impl Reader<'_> {
    fn run(&mut self, events: &[Event]) {
        let mut table: Vec<Node> = Vec::new();
        let mut keys: Vec<Node> = Vec::new();
        let mut header = 0;
        for event in events {
            if self.compared > MAX_COMPARED {
                self.error = Some(ParseError::new("too many keys in one table"));
                return;
            }
            let at = event.span().start()..event.span().end();
            match event.kind() {
                EventKind::StdTableOpen | EventKind::ArrayTableOpen => {
                    keys.clear();
                    header = at.start;
                }
                EventKind::StdTableClose => {
                    table = std::mem::take(&mut keys);
                    descend(&mut self.root, &table, header..at.end, &mut self.compared);
                }
                EventKind::ArrayTableClose => {
                    table = std::mem::take(&mut keys);
                    append_table(&mut self.root, &table, header..at.end, &mut self.compared);
                }
                EventKind::SimpleKey => {
                    let key = self.key(event, at);
                    self.keys(&mut keys).push(key);
                }
                EventKind::ArrayOpen => {
                    self.opened.push(Container::Array(Node::new(Value::List(Vec::new()), at)));
                }
                EventKind::InlineTableOpen => {
                    self.opened.push(Container::Table(empty_map(at), Vec::new()));
                }
                EventKind::ArrayClose | EventKind::InlineTableClose => {
                    let Some(Container::Array(mut node) | Container::Table(mut node, _)) =
                        self.opened.pop()
                    else {
                        continue;
                    };
                    node.at.end = at.end;
                    self.put(node, &table, &mut keys);
                }
                EventKind::Scalar => {
                    let node = self.scalar(event, at);
                    self.put(node, &table, &mut keys);
                }
                _ => {}
            }
        }
    }

    /// Where a key belongs: to the inline table that is open, or to the current line.
    fn keys<'k>(&'k mut self, line: &'k mut Vec<Node>) -> &'k mut Vec<Node> {
        match self.opened.last_mut() {
            Some(Container::Table(_, keys)) => keys,
            _ => line,
        }
    }

    fn key(&mut self, event: &Event, at: Range<usize>) -> Node {
        let mut name = String::new();
        if let Some(raw) = self.source.get(event) {
            raw.decode_key(&mut name, &mut self.error);
        }
        Node::text(name, at)
    }

    fn scalar(&mut self, event: &Event, at: Range<usize>) -> Node {
        let mut text = String::new();
        let Some(raw) = self.source.get(event) else { return Node::new(Value::Null, at) };
        let kind = raw.decode_scalar(&mut text, &mut self.error);
        let value = match kind {
            ScalarKind::Boolean(value) => Value::Bool(value),
            ScalarKind::Float => text.parse().map_or(Value::Text(text), Value::Number),
            ScalarKind::Integer(radix) => integer(&text, radix.value()),
            ScalarKind::String | ScalarKind::DateTime => Value::Text(text),
        };
        Node::new(value, at)
    }

    fn put(&mut self, node: Node, table: &[Node], line: &mut Vec<Node>) {
        match self.opened.last_mut() {
            Some(Container::Array(Node { value: Value::List(elements), .. })) => {
                elements.push(node);
            }
            Some(Container::Table(map, keys)) => {
                insert(map, &std::mem::take(keys), node, &mut self.compared);
            }
            _ => {
                let at = node.at.clone();
                let current = descend(&mut self.root, table, at, &mut self.compared);
                insert(current, &std::mem::take(line), node, &mut self.compared);
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers in rules are small")]
fn integer(text: &str, radix: u32) -> Value {
    let digits = text.trim_start_matches("0x").trim_start_matches("0o").trim_start_matches("0b");
    i64::from_str_radix(digits, radix)
        .map_or_else(|_| Value::Text(text.to_owned()), |number| Value::Number(number as f64))
}

/// The map at a path, made where it is not there; the last one where the path meets a list of tables.
fn descend<'n>(
    node: &'n mut Node,
    path: &[Node],
    at: Range<usize>,
    compared: &mut usize,
) -> &'n mut Node {
    path.iter().fold(node, |node, key| {
        let node = last_of_list(node);
        if !matches!(node.value, Value::Map(_)) {
            return node;
        }
        *compared += node.entries().len();
        let known = node.entries().iter().rposition(|(name, _)| name.as_text() == key.as_text());
        let Value::Map(entries) = &mut node.value else { unreachable!("it is a map") };
        let index = known.unwrap_or_else(|| {
            entries.push((key.clone(), empty_map(at.clone())));
            entries.len() - 1
        });
        &mut entries[index].1
    })
}

fn last_of_list(node: &mut Node) -> &mut Node {
    let has_last = node.elements().last().is_some_and(|last| matches!(last.value, Value::Map(_)));
    if !has_last {
        return node;
    }
    let Value::List(elements) = &mut node.value else { unreachable!("it has elements") };
    elements.last_mut().expect("it has a last element")
}

fn append_table(root: &mut Node, path: &[Node], at: Range<usize>, compared: &mut usize) {
    let Some((name, parents)) = path.split_last() else { return };
    let parent = last_of_list(descend(root, parents, at.clone(), compared));
    let known = parent.entries().iter().rposition(|(key, _)| key.as_text() == name.as_text());
    let Value::Map(entries) = &mut parent.value else { return };
    let index = known.unwrap_or_else(|| {
        entries.push((name.clone(), Node::new(Value::List(Vec::new()), at.clone())));
        entries.len() - 1
    });
    if let Value::List(tables) = &mut entries[index].1.value {
        tables.push(empty_map(at));
    }
}

fn insert(table: &mut Node, path: &[Node], value: Node, compared: &mut usize) {
    let Some((name, parents)) = path.split_last() else { return };
    let table = last_of_list(descend(table, parents, name.at.clone(), compared));
    if let Value::Map(entries) = &mut table.value {
        entries.push((name.clone(), value));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown<'t>(text: &'t str, node: &Node, path: &[&str]) -> &'t str {
        let node = super::super::make::dig(node, path).unwrap();
        &text[node.at.clone()]
    }

    #[test]
    fn dotted_keys_headers_and_inline_tables_are_the_same_thing() {
        let text = "a.b = 1\n[a.c]\nd = { e.f = \"é\", g = [1, { h = true }] }\n[[l]]\nx = 1\n[[l]]\nx = 0x10\n[l.sub]\ny = 1979-05-27\n";
        let root = read(text).unwrap();
        assert_eq!(shown(text, &root, &["a", "b"]), "1");
        assert_eq!(shown(text, &root, &["a", "c", "d", "e", "f"]), "\"é\"");
        assert_eq!(shown(text, &root, &["a", "c", "d", "g"]), "[1, { h = true }]");
        let tables = root.get("l").unwrap().elements();
        assert_eq!(tables[1].get("x").unwrap().value, Value::Number(16.0));
        assert_eq!(shown(text, &tables[1], &["sub", "y"]), "1979-05-27");
    }

    #[test]
    fn deep_and_broken_texts_are_refused_with_their_place() {
        assert!(read(&format!("a = {}", "[".repeat(50_000))).is_err());
        assert!(read("a = 1\nb = \n").unwrap_err().at.start >= 6);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{}\"'=,.#a-b0-1 \n\ré\\\\]{0,60}") {
            if let Ok(root) = read(&text) {
                prop_assert!(root.at.end <= text.len());
            }
        }
    }
}
