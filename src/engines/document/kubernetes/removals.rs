//! Which API versions are no longer served: `rules/kubernetes/removed-apis.tsv`, which names its source and date.

use std::{collections::HashMap, sync::LazyLock};

use super::super::{
    make::{dig, field},
    node::Node,
};

/// Version and kind, and what became of them.
static REMOVED: LazyLock<HashMap<(&str, &str), Removal>> = LazyLock::new(|| {
    let table = include_str!("../../../../rules/kubernetes/removed-apis.tsv");
    table.lines().filter(|line| !line.starts_with('#')).filter_map(removal).collect()
});

struct Removal {
    release: &'static str,
    successor: &'static str,
    /// `same`, `selector` or `other`.
    way: &'static str,
}

fn removal(line: &'static str) -> Option<((&'static str, &'static str), Removal)> {
    let mut cells = line.split('\t');
    let key = (cells.next()?, cells.next()?);
    let (release, successor, way) = (cells.next()?, cells.next()?, cells.next()?);
    Some((key, Removal { release, successor, way }))
}

/// `removed-in`, and `served-as` if another version takes the object as it is; nothing for what is served.
pub(super) fn fields(object: &Node) -> Vec<(Node, Node)> {
    let text = |key: &str| object.get(key).and_then(Node::as_text);
    let (Some(version), Some(kind)) = (text("apiVersion"), text("kind")) else { return Vec::new() };
    let Some(removal) = REMOVED.get(&(version, kind)) else { return Vec::new() };
    let Some(at) = object.get("apiVersion").map(|node| node.at.clone()) else { return Vec::new() };
    let mut fields = vec![field("removed-in", Node::text(removal.release, at.clone()))];
    let selector = dig(object, &["spec", "selector"]);
    let has_selector = selector.is_some_and(|selector| !selector.entries().is_empty());
    if removal.way == "same" || (removal.way == "selector" && has_selector) {
        fields.push(field("served-as", Node::text(removal.successor, at)));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let table = include_str!("../../../../rules/kubernetes/removed-apis.tsv");
        assert_eq!(REMOVED.len(), table.lines().filter(|line| !line.starts_with('#')).count());
        assert!(REMOVED.values().all(|removal| {
            matches!(removal.way, "same" | "selector" | "other")
                && (removal.way == "other" || removal.successor.contains("/v"))
        }));
    }
}
