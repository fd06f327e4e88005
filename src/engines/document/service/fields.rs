//! Builds maps of nodes field by field.

use std::ops::Range;

use super::{
    super::node::{Node, Value},
    Word,
};

/// A map that is being filled.
pub(super) struct Fields {
    at: Range<usize>,
    entries: Vec<(Node, Node)>,
}

impl Fields {
    /// An empty map for some bytes.
    pub(super) const fn new(at: Range<usize>) -> Self {
        Self { at, entries: Vec::new() }
    }

    /// Adds any node.
    pub(super) fn node(&mut self, key: &str, node: Node) -> &mut Self {
        self.entries.push((Node::text(key, node.at.clone()), node));
        self
    }

    /// Adds a text at some bytes.
    pub(super) fn text_at(&mut self, key: &str, text: &str, at: &Range<usize>) -> &mut Self {
        self.node(key, Node::text(text, at.clone()))
    }

    /// Adds a text that the whole map says.
    pub(super) fn text(&mut self, key: &str, text: &str) -> &mut Self {
        let at = self.at.clone();
        self.text_at(key, text, &at)
    }

    /// Adds a word of the file.
    pub(super) fn word(&mut self, key: &str, word: &Word) -> &mut Self {
        self.text_at(key, &word.text, &word.at)
    }

    /// Adds true or false.
    pub(super) fn flag(&mut self, key: &str, value: bool) -> &mut Self {
        let at = self.at.clone();
        self.node(key, Node::new(Value::Bool(value), at))
    }

    /// Adds a list, unless it is empty.
    pub(super) fn list(&mut self, key: &str, elements: Vec<Node>) -> &mut Self {
        if elements.is_empty() {
            return self;
        }
        let at = self.at.clone();
        self.node(key, Node::new(Value::List(elements), at))
    }

    /// Adds a list of words, unless it is empty.
    pub(super) fn words(&mut self, key: &str, words: &[Word]) -> &mut Self {
        let node = |word: &Word| Node::text(word.text.as_str(), word.at.clone());
        self.list(key, words.iter().map(node).collect())
    }

    /// The map.
    pub(super) fn finish(self) -> Node {
        Node::new(Value::Map(self.entries), self.at)
    }
}
