//! How compose lays one file, or one service, over another.
//!
//! The rules are those of [Merge] of the Compose specification: mappings are merged, sequences appended, single values
//! replaced; `command`, `entrypoint` and the test of a health check are replaced whole; ports, volumes, secrets,
//! configs and devices are one entry per port or target; variables and labels are merged whether they are written as
//! a list or as a map. `!reset` takes a value out, `!override` replaces it whole.
//!
//! [Merge]: https://docs.docker.com/reference/compose-file/merge/

use std::collections::{HashMap, HashSet};

use crate::engines::document::{
    make::{map, plain},
    node::{Node, Value},
};

/// Levels of keys below a service or a network that are merged; what lies deeper is replaced.
const MAX_DEPTH: usize = 64;

/// Values that their author tagged, by the byte at which they begin.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// `!reset`.
    pub(super) reset: HashSet<usize>,
    /// `!override`.
    pub(super) replaced: HashSet<usize>,
    /// Values of an environment that hold something from the project's `.env`.
    pub(super) given: HashSet<usize>,
}

/// How two values of one key become one.
#[derive(Clone, Copy)]
enum Way {
    /// Maps are merged, lists appended, anything else is replaced.
    Usual,
    /// The later one counts.
    Replace,
    /// Lists of `name=value` and maps are one.
    Pairs,
    /// Lists of names and maps are one.
    Names,
    /// A single text is a list of one.
    Texts,
    /// One element of a list per key.
    Keyed(fn(&Node) -> Option<String>),
}

/// How services of an earlier and a later file become one map.
pub(super) fn services(earlier: Node, later: Node, marks: &Marks) -> Node {
    maps(earlier, later, &mut |_, earlier, later| service(earlier, later, marks), marks)
}

/// One service laid over another.
pub(super) fn service(earlier: Node, later: Node, marks: &Marks) -> Node {
    let mut each = |key: &str, earlier, later| under(&["", key], earlier, later, marks);
    maps(earlier, later, &mut each, marks)
}

/// Any other value of the top level (networks, volumes, ...) laid over another.
pub(super) fn other(earlier: Node, later: Node, marks: &Marks) -> Node {
    merge(Way::Usual, &["networks"], earlier, later, marks)
}

/// Takes out what is tagged `!reset`.
pub(super) fn drop_reset(node: &mut Node, marks: &Marks) {
    if let Value::Map(entries) = &mut node.value {
        entries.retain(|(_, value)| !marks.reset.contains(&value.at.start));
    }
    for child in node.children_mut() {
        drop_reset(child, marks);
    }
}

/// The way of a path of keys below a service; the first of them is empty.
fn way(path: &[&str]) -> Way {
    match path {
        ["", "command" | "entrypoint"] | ["", "healthcheck", "test"] => Way::Replace,
        [
            "",
            "environment" | "labels" | "annotations" | "sysctls" | "extra_hosts"
            | "variables-of-files",
        ]
        | ["", "build", "args" | "labels" | "extra_hosts"]
        | ["", "deploy", "labels"] => Way::Pairs,
        ["", "networks" | "depends_on" | "models"] => Way::Names,
        ["", "dns" | "dns_search" | "dns_opt" | "tmpfs" | "env_file" | "label_file"] => Way::Texts,
        ["", "ports"] => Way::Keyed(port),
        ["", "volumes"] => Way::Keyed(volume),
        ["", "secrets" | "configs"] => Way::Keyed(grant),
        ["", "devices"] => Way::Keyed(device),
        ["", "expose" | "cap_add" | "cap_drop" | "security_opt" | "group_add" | "profiles"] => {
            Way::Keyed(plain)
        }
        _ => Way::Usual,
    }
}

fn under(path: &[&str], earlier: Node, later: Node, marks: &Marks) -> Node {
    merge(way(path), path, earlier, later, marks)
}

fn merge(way: Way, path: &[&str], earlier: Node, later: Node, marks: &Marks) -> Node {
    let is_whole = marks.replaced.contains(&later.at.start) || path.len() > MAX_DEPTH;
    if is_whole || matches!(way, Way::Replace) {
        return later;
    }
    if later.value == Value::Null {
        return earlier;
    }
    let (earlier, later) = match way {
        Way::Pairs => (pairs(earlier), pairs(later)),
        Way::Names => (named(earlier), named(later)),
        Way::Texts => (listed(earlier), listed(later)),
        Way::Usual if matches!(path, ["", "build"]) => (built(earlier), built(later)),
        _ => (earlier, later),
    };
    match (way, &earlier.value, &later.value) {
        (Way::Pairs, Value::Map(_), Value::Map(_)) => {
            maps(earlier, later, &mut |_, _, later| later, marks)
        }
        (_, Value::Map(_), Value::Map(_)) => {
            let mut each = |key: &str, earlier, later| {
                let mut inner = path.to_vec();
                inner.push(key);
                under(&inner, earlier, later, marks)
            };
            maps(earlier, later, &mut each, marks)
        }
        (Way::Keyed(key), Value::List(_), Value::List(_)) => keyed(earlier, later, key),
        (_, Value::List(_), Value::List(_)) => keyed(earlier, later, |_| None),
        _ => later,
    }
}

/// Two maps as one, which has the place of the first: `each` merges what stands in both.
fn maps(
    earlier: Node,
    later: Node,
    each: &mut dyn FnMut(&str, Node, Node) -> Node,
    marks: &Marks,
) -> Node {
    let at = earlier.at;
    let (mut merged, others) = match (earlier.value, later.value) {
        (Value::Map(merged), Value::Map(others)) => (merged, others),
        (value, Value::Null) => return Node::new(value, at),
        (_, value) => return Node::new(value, later.at),
    };
    let name = |key: &Node| key.as_text().unwrap_or_default().to_owned();
    let mut places: HashMap<_, _> =
        merged.iter().enumerate().map(|(index, (key, _))| (name(key), index)).collect();
    for (key, value) in others {
        let Some(index) = places.get(&name(&key)).copied() else {
            places.insert(name(&key), merged.len());
            merged.push((key, value));
            continue;
        };
        let earlier = std::mem::replace(&mut merged[index].1, Node::new(Value::Null, 0..0));
        // What is taken out keeps its place, by which it is known, until all is merged.
        let is_reset = marks.reset.contains(&value.at.start);
        merged[index].1 = if is_reset { value } else { each(&name(&key), earlier, value) };
    }
    map(merged, at)
}

/// Two lists as one, in which later elements take the place of earlier ones of the same key.
fn keyed(earlier: Node, later: Node, key: impl Fn(&Node) -> Option<String>) -> Node {
    let at = earlier.at;
    let (Value::List(mut merged), Value::List(others)) = (earlier.value, later.value) else {
        return Node::new(Value::Null, at);
    };
    let keys = merged.iter().enumerate();
    let mut places: HashMap<_, _> =
        keys.filter_map(|(index, element)| Some((key(element)?, index))).collect();
    for element in others {
        let known = key(&element);
        if let Some(index) = known.as_ref().and_then(|known| places.get(known)) {
            merged[*index] = element;
        } else {
            places.extend(known.map(|known| (known, merged.len())));
            merged.push(element);
        }
    }
    Node::new(Value::List(merged), at)
}

/// A list of `name=value` as a map; each value has the place of its element.
fn pairs(node: Node) -> Node {
    from_list(node, |element| super::parts::pair(&element))
}

/// A list of names as a map of names to nothing.
fn named(node: Node) -> Node {
    from_list(node, |element| {
        let value = Node::new(Value::Null, element.at.clone());
        element.as_text().is_some().then_some((element, value))
    })
}

fn from_list(node: Node, entry: impl Fn(Node) -> Option<(Node, Node)>) -> Node {
    match node.value {
        Value::List(elements) => map(elements.into_iter().filter_map(entry).collect(), node.at),
        value => Node::new(value, node.at),
    }
}

fn listed(node: Node) -> Node {
    let at = node.at.clone();
    if matches!(node.value, Value::Text(_)) { Node::new(Value::List(vec![node]), at) } else { node }
}

fn built(node: Node) -> Node {
    let at = node.at.clone();
    if matches!(node.value, Value::Text(_)) {
        return map(vec![(Node::text("context", at.clone()), node)], at);
    }
    node
}

fn port(written: &Node) -> Option<String> {
    let port = super::parts::port(written, "")?;
    let word = |name: &str| port.get(name).and_then(plain).unwrap_or_default();
    let protocol = Some(word("protocol")).filter(|protocol| !protocol.is_empty());
    let protocol = protocol.unwrap_or_else(|| "tcp".to_owned());
    Some(format!("{}:{}:{}/{protocol}", word("host-ip"), word("published"), word("target")))
}

fn volume(written: &Node) -> Option<String> {
    let volume = super::parts::volume(written)?;
    let word = |name: &str| volume.get(name).and_then(plain).unwrap_or_default();
    // A volume without a source is its target alone.
    let target = word("target");
    Some(target.trim_end_matches('/').to_owned()).filter(|target| !target.is_empty())
}

fn grant(written: &Node) -> Option<String> {
    let target = written.get("target").or_else(|| written.get("source"));
    plain(target.unwrap_or(written))
}

fn device(written: &Node) -> Option<String> {
    if let Some(target) = written.get("target") {
        return plain(target);
    }
    let text = plain(written)?;
    let mut parts = text.split(':');
    let source = parts.next()?;
    Some(parts.next().unwrap_or(source).to_owned())
}
