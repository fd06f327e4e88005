//! Small steps that the models share when they compute values from values.

use std::ops::Range;

use super::node::{Node, Value};

/// A named value whose name stands nowhere in the file: it takes the place of its value.
pub(super) fn field(name: &str, value: Node) -> (Node, Node) {
    (Node::text(name, value.at.clone()), value)
}

/// True or false, computed from the bytes `at`.
pub(super) const fn flag(value: bool, at: Range<usize>) -> Node {
    Node::new(Value::Bool(value), at)
}

/// A list, computed from the bytes `at`.
pub(super) const fn list(elements: Vec<Node>, at: Range<usize>) -> Node {
    Node::new(Value::List(elements), at)
}

/// A map, computed from the bytes `at`.
pub(super) const fn map(entries: Vec<(Node, Node)>, at: Range<usize>) -> Node {
    Node::new(Value::Map(entries), at)
}

/// A scalar as text: `5432`, `true`, `web`. Nothing for lists, maps and null.
pub(super) fn plain(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// `name=value`, so that one expression can ask for both.
pub(super) fn assignment_of(name: &Node, value: &Node, at: &Range<usize>) -> Node {
    let name = name.as_text().unwrap_or_default();
    let value = plain(value).unwrap_or_default();
    Node::text(format!("{name}={value}"), at.clone())
}

/// What Go programs take for true: a boolean, or the words that they turn into one.
pub(super) fn is_true(node: &Node) -> bool {
    match &node.value {
        Value::Bool(value) => *value,
        Value::Text(text) => {
            ["true", "yes", "on", "y", "1"].iter().any(|word| text.eq_ignore_ascii_case(word))
        }
        _ => false,
    }
}

/// What Go programs take for false.
pub(super) fn is_false(node: &Node) -> bool {
    match &node.value {
        Value::Bool(value) => !*value,
        Value::Text(text) => {
            ["false", "no", "off", "n", "0"].iter().any(|word| text.eq_ignore_ascii_case(word))
        }
        _ => false,
    }
}

/// The value at a path of keys.
pub(super) fn dig<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, key| node.get(key))
}

/// The parts of an image reference: `name`, `tag`, `digest`, and whether what it names can change.
///
/// An image that comes wholly or partly from a variable without default is not judged: no `tag` and no
/// `is-latest` is given then.
pub(super) fn image(reference: &str, at: &Range<usize>) -> Vec<(Node, Node)> {
    let (rest, digest) = match reference.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (reference, None),
    };
    let last = rest.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match rest[last..].find(':') {
        Some(colon) => (&rest[..last + colon], Some(&rest[last + colon + 1..])),
        None => (rest, None),
    };
    let mut fields = vec![field("image-name", Node::text(name, at.clone()))];
    fields.extend(tag.map(|tag| field("image-tag", Node::text(tag, at.clone()))));
    fields.extend(digest.map(|digest| field("image-digest", Node::text(digest, at.clone()))));
    if !reference.is_empty() && !reference.contains('$') {
        let is_latest = digest.is_none() && tag.is_none_or(|tag| tag == "latest");
        fields.push(field("image-is-latest", flag(is_latest, at.clone())));
    }
    fields
}
