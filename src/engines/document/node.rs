//! A document as a tree of values with places: what every model lowers its file to.

use std::ops::Range;

/// One value and the bytes of the file that it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Bytes of the file that hold it. A value that a model computed has those that it was computed from.
    pub at: Range<usize>,
}

/// A value of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Values in order.
    List(Vec<Node>),
    /// Named values in order of appearance; the key is a text node with its own place.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// A value at some bytes.
    pub const fn new(value: Value, at: Range<usize>) -> Self {
        Self { value, at }
    }

    /// A text at some bytes.
    pub fn text(text: impl Into<String>, at: Range<usize>) -> Self {
        Self::new(Value::Text(text.into()), at)
    }

    /// The value of a key of a map; the last one where a key stands twice.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().rev().find(|(name, _)| name.as_text() == Some(key)).map(|(_, value)| value)
    }

    /// The key node of a map's key.
    pub fn key(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().rev().find(|(name, _)| name.as_text() == Some(key)).map(|(name, _)| name)
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// The elements of a list; nothing for other values.
    pub fn elements(&self) -> &[Self] {
        if let Value::List(elements) = &self.value { elements } else { &[] }
    }

    /// The elements of a list and the values of a map.
    pub fn children(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        match &self.value {
            Value::List(elements) => Box::new(elements.iter()),
            Value::Map(entries) => Box::new(entries.iter().map(|(_, value)| value)),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The same, to change them.
    pub fn children_mut(&mut self) -> Box<dyn Iterator<Item = &mut Self> + '_> {
        match &mut self.value {
            Value::List(elements) => Box::new(elements.iter_mut()),
            Value::Map(entries) => Box::new(entries.iter_mut().map(|(_, value)| value)),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The entries of a map; nothing for other values.
    pub fn entries(&self) -> &[(Self, Self)] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }
}
