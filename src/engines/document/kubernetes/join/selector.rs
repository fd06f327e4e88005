//! Label selectors, as the Kubernetes API defines them.
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>

use crate::engines::document::{make::plain, node::Node};

/// Labels of a pod: key and value.
pub(super) type Labels = Vec<(String, String)>;

/// The labels of a map.
pub(super) fn labels_of(written: &Node) -> Labels {
    let pair = |(key, value): &(Node, Node)| Some((plain(key)?, plain(value).unwrap_or_default()));
    written.entries().iter().filter_map(pair).collect()
}

/// What labels have to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selector(Vec<Condition>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
    /// What this program does not know: true, so that nothing is said to be missing for it.
    Unknown,
}

impl Selector {
    /// A selector with `matchLabels` and `matchExpressions`; an empty one selects everything.
    pub(super) fn of(written: &Node) -> Self {
        let mut conditions = written.get("matchLabels").map(equal).unwrap_or_default();
        let expressions = written.get("matchExpressions").map(Node::elements).unwrap_or_default();
        conditions.extend(expressions.iter().map(expression));
        Self(conditions)
    }

    /// A map of labels, as Services have it.
    pub(super) fn of_map(written: &Node) -> Self {
        Self(equal(written))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn selects(&self, labels: &Labels) -> bool {
        self.0.iter().all(|condition| condition.holds(labels))
    }
}

impl Condition {
    fn holds(&self, labels: &Labels) -> bool {
        let value = |wanted: &str| {
            let mut found = labels.iter().rev().filter(|(key, _)| is_same(key, wanted));
            found.next().map(|(_, value)| value.as_str())
        };
        match self {
            Self::In(key, values) => value(key).is_some_and(|value| is_among(value, values)),
            Self::NotIn(key, values) => value(key).is_none_or(|value| !is_among(value, values)),
            Self::Exists(key) => value(key).is_some(),
            Self::Absent(key) => value(key).is_none(),
            Self::Unknown => true,
        }
    }
}

fn is_among(value: &str, values: &[String]) -> bool {
    values.iter().any(|wanted| is_same(value, wanted))
}

/// Whether two texts may be the same once variables are filled in.
fn is_same(a: &str, b: &str) -> bool {
    a == b || a.contains('$') || b.contains('$')
}

fn equal(written: &Node) -> Vec<Condition> {
    labels_of(written).into_iter().map(|(key, value)| Condition::In(key, vec![value])).collect()
}

fn expression(written: &Node) -> Condition {
    let Some(key) = written.get("key").and_then(plain) else { return Condition::Unknown };
    let values = || {
        let values = written.get("values").map(Node::elements).unwrap_or_default();
        values.iter().filter_map(plain).collect()
    };
    match written.get("operator").and_then(Node::as_text) {
        Some("In") => Condition::In(key, values()),
        Some("NotIn") => Condition::NotIn(key, values()),
        Some("Exists") => Condition::Exists(key),
        Some("DoesNotExist") => Condition::Absent(key),
        _ => Condition::Unknown,
    }
}
