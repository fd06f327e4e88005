//! Builds maps of nodes field by field.

use std::ops::Range;

use super::super::node::{Node, Value};

/// A map that is being filled.
pub(super) struct Fields {
    at: Range<usize>,
    entries: Vec<(Node, Node)>,
}

impl Fields {
    /// An empty map for some bytes.
    pub(super) fn new(at: Range<usize>) -> Self {
        Self { at, entries: Vec::with_capacity(12) }
    }

    /// Adds any node.
    pub(super) fn node(&mut self, key: &str, node: Node) -> &mut Self {
        self.entries.push((Node::text(key, node.at.clone()), node));
        self
    }

    /// Adds a text at some bytes.
    pub(super) fn text_at(&mut self, key: &str, text: &str, at: Range<usize>) -> &mut Self {
        self.node(key, Node::text(text, at))
    }

    /// Adds a text that the whole map says.
    pub(super) fn text(&mut self, key: &str, text: &str) -> &mut Self {
        self.text_at(key, text, self.at.clone())
    }

    /// Adds true or false.
    pub(super) fn flag(&mut self, key: &str, value: bool) -> &mut Self {
        self.node(key, Node::new(Value::Bool(value), self.at.clone()))
    }

    /// Adds a count or an index.
    #[expect(clippy::cast_precision_loss, reason = "no file has 2^52 of anything")]
    pub(super) fn number(&mut self, key: &str, value: usize) -> &mut Self {
        self.node(key, Node::new(Value::Number(value as f64), self.at.clone()))
    }

    /// Adds a list, unless it is empty.
    pub(super) fn list(&mut self, key: &str, elements: Vec<Node>) -> &mut Self {
        if elements.is_empty() {
            return self;
        }
        self.node(key, Node::new(Value::List(elements), self.at.clone()))
    }

    /// Adds a list of texts, unless it is empty.
    pub(super) fn texts<T: AsRef<str>>(&mut self, key: &str, texts: &[T]) -> &mut Self {
        let at = self.at.clone();
        let node = |text: &T| Node::text(text.as_ref(), at.clone());
        self.list(key, texts.iter().map(node).collect())
    }

    /// The texts of a list that was added.
    pub(super) fn texts_of(&self, key: &str) -> Vec<String> {
        let is_it = |(name, _): &&(Node, Node)| name.as_text() == Some(key);
        let list = self.entries.iter().find(is_it).map(|(_, list)| list.elements());
        let texts = list.unwrap_or_default().iter().filter_map(Node::as_text);
        texts.map(str::to_owned).collect()
    }

    /// The map.
    pub(super) fn finish(self) -> Node {
        Node::new(Value::Map(self.entries), self.at)
    }
}

/// Adds a field to a map that is finished.
pub(super) fn add(map: &mut Node, key: &str, field: Node) {
    if let Value::Map(entries) = &mut map.value {
        entries.push((Node::text(key, field.at.clone()), field));
    }
}
