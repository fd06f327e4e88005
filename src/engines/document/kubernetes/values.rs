//! What secrets and settings hold, and how services are reached.

use base64::Engine as _;

use crate::engines::document::{
    make::{assignment_of, field, map, plain},
    node::Node,
};

/// Lines of a value that are looked at.
const MAX_LINES: usize = 2_000;

/// The entries of all objects of a kind that holds values.
pub(super) fn of(kind: &str, objects: &[Node]) -> Vec<Node> {
    let is_it = |object: &&Node| object.get("kind").and_then(Node::as_text) == Some(kind);
    objects.iter().filter(is_it).flat_map(|object| entries(kind, object)).collect()
}

fn entries(kind: &str, object: &Node) -> Vec<Node> {
    let mut entries = Vec::new();
    for key in ["data", "stringData"] {
        let is_encoded = kind == "Secret" && key == "data";
        let written = object.get(key).map(Node::entries).unwrap_or_default();
        entries.extend(written.iter().map(|(name, value)| entry(name, value, is_encoded)));
        if kind == "ConfigMap" {
            entries.extend(written.iter().flat_map(|(_, value)| lines_of(value)));
        }
    }
    entries
}

/// The settings inside a value that is a file of its own: lines of `name=value` or `name: value`.
fn lines_of(value: &Node) -> Vec<Node> {
    let text = value.as_text().unwrap_or_default();
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let lines = text.lines().take(MAX_LINES).filter_map(|line| {
        let (name, rest) = line.trim().split_once(['=', ':'])?;
        let name = name.trim();
        let is_name = !name.is_empty() && name.chars().all(is_word);
        let rest = rest.trim().trim_matches(['"', '\'']);
        is_name.then(|| {
            let name = Node::text(name, value.at.clone());
            entry(&name, &Node::text(rest, value.at.clone()), false)
        })
    });
    lines.collect()
}

/// How a Service is reached from outside the cluster.
pub(super) fn exposure(entries: &[(Node, Node)]) -> Option<(Node, Node)> {
    let find = |name: &str| entries.iter().find(|(key, _)| key.as_text() == Some(name));
    let (_, kind) = find("kind")?;
    let (_, spec) = find("spec")?;
    let written = spec.get("type")?;
    let annotations = find("metadata").and_then(|(_, metadata)| metadata.get("annotations"));
    let is_internal =
        annotations.map(Node::entries).unwrap_or_default().iter().any(|(name, value)| {
            let name = name.as_text().unwrap_or_default();
            let value = plain(value).unwrap_or_default().to_ascii_lowercase();
            (name.contains("internal") && value != "false")
                || value == "internal"
                || value == "private"
        });
    let is_exposed = kind.as_text() == Some("Service")
        && matches!(written.as_text(), Some("NodePort" | "LoadBalancer"))
        && !is_internal;
    is_exposed.then(|| field("exposure", written.clone()))
}

fn entry(name: &Node, written: &Node, is_encoded: bool) -> Node {
    let at = name.at.start..written.at.end.max(name.at.end);
    let mut fields = vec![field("name", name.clone()), field("summary", name.clone())];
    let value =
        plain(written).and_then(|text| if is_encoded { decoded(&text) } else { Some(text) });
    if let Some(value) = value {
        let value = Node::text(value, written.at.clone());
        fields.push(field("assignment", assignment_of(name, &value, &at)));
        fields.push(field("value", value));
    }
    map(fields, at)
}

fn decoded(text: &str) -> Option<String> {
    let compact: String = text.split_ascii_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(compact).ok()?;
    String::from_utf8(bytes).ok()
}
