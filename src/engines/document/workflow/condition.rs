//! Conditions: which events they let pass, and those that do not say what they seem to say.

use super::expression::{Expression, inner, spans};
use crate::engines::document::{
    make::{field, flag, map},
    node::{Node, Value},
};

/// Contexts that whoever acts chooses, or that name who acted last instead of who wrote the code.
const ACTORS: [&str; 3] = ["github.actor", "github.triggering_actor", "github.event.sender.login"];

/// What is known of a run: the event, and what `github.ref` begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scenario {
    /// The name of the event.
    pub(super) event: &'static str,
    /// `tag` or `branch`, where that is known.
    pub(super) reference: Option<&'static str>,
}

impl Scenario {
    /// A run of which nothing but the event is known.
    pub(super) const fn of(event: &'static str) -> Self {
        Self { event, reference: None }
    }

    fn prefix(self) -> Option<&'static str> {
        match self.reference? {
            "tag" => Some("refs/tags/"),
            _ => Some("refs/heads/"),
        }
    }

    /// Whether a context equals a text.
    fn equals(self, path: &str, text: &str) -> Option<bool> {
        match path {
            "github.event_name" => Some(text.eq_ignore_ascii_case(self.event)),
            "github.ref_type" => Some(text.eq_ignore_ascii_case(self.reference?)),
            "github.ref" if !text.starts_with(self.prefix()?) => Some(false),
            _ => None,
        }
    }

    /// What a function says of `github.ref`.
    fn call(self, name: &str, arguments: &[Expression]) -> Option<bool> {
        let [subject, part] = arguments else { return None };
        let (prefix, part) = (self.prefix()?, part.literal()?);
        if subject.path()? != "github.ref" {
            return None;
        }
        match name {
            "startswith" if prefix.starts_with(part) => Some(true),
            "startswith" if !part.starts_with(prefix) => Some(false),
            "contains" if prefix.contains(part) => Some(true),
            _ => None,
        }
    }
}

/// Whether an expression is true in a run; nothing if that can not be told.
pub(super) fn evaluate(expression: &Expression, scenario: Scenario) -> Option<bool> {
    match expression {
        Expression::Literal(_) | Expression::Constant(_) => Some(!expression.is_falsy()),
        Expression::Not(part) => evaluate(part, scenario).map(|holds| !holds),
        Expression::And(a, b) => match (evaluate(a, scenario), evaluate(b, scenario)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Expression::Or(a, b) => match (evaluate(a, scenario), evaluate(b, scenario)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Expression::Compare(operator, a, b) => {
            let (path, text) = match (a.path(), b.path()) {
                (Some(path), None) => (path, b.literal()?),
                (None, Some(path)) => (path, a.literal()?),
                _ => return None,
            };
            let equals = scenario.equals(&path, text)?;
            match *operator {
                "==" => Some(equals),
                "!=" => Some(!equals),
                _ => None,
            }
        }
        Expression::Call(name, arguments) => scenario.call(name, arguments),
        Expression::Context(_) => None,
    }
}

/// Whether a condition may hold in such a run.
pub(super) fn allows(condition: &Node, scenario: Scenario) -> bool {
    match &condition.value {
        Value::Bool(holds) => *holds,
        Value::Text(text) => Expression::parse(inner(text.trim()))
            .is_none_or(|expression| evaluate(&expression, scenario) != Some(false)),
        _ => true,
    }
}

/// Notes each `if` below a node.
pub(super) fn conditions(node: &Node, found: &mut Vec<Node>) {
    let own = node.entries().iter().filter(|(key, _)| key.as_text() == Some("if"));
    found.extend(own.filter_map(|(_, value)| condition(value)));
    for child in node.children() {
        conditions(child, found);
    }
}

fn condition(node: &Node) -> Option<Node> {
    let text = node.as_text()?;
    // GitHub makes a text of an expression with anything around it, even a line end.
    let is_constant = match spans(text).as_slice() {
        [] => false,
        [only] => only.start > 0 || only.end < text.len(),
        _ => true,
    };
    let mut is_unsound = false;
    let mut trusts = false;
    let mut is_literal = false;
    if let Some(expression) = Expression::parse(inner(text.trim())) {
        is_literal = expression.is_constant();
        expression.walk(&mut |part| {
            is_unsound |= is_unsound_contains(part);
            trusts |= compares_actor(part);
        });
    }
    let at = &node.at;
    let fields = vec![
        field("summary", Node::text(text.trim(), at.clone())),
        field("is-constant", flag(is_constant, at.clone())),
        field("is-literal", flag(is_literal, at.clone())),
        field("has-unsound-contains", flag(is_unsound, at.clone())),
        field("trusts-actor", flag(trusts, at.clone())),
    ];
    Some(map(fields, at.clone()))
}

/// `contains('refs/heads/main refs/heads/next', github.ref)`: every part of the text is contained.
fn is_unsound_contains(expression: &Expression) -> bool {
    let Expression::Call(name, arguments) = expression else { return false };
    let [Expression::Literal(text), needle] = arguments.as_slice() else { return false };
    name == "contains" && text.contains([' ', ',', '|', ';']) && needle.path().is_some()
}

fn compares_actor(expression: &Expression) -> bool {
    let Expression::Compare("==", a, b) = expression else { return false };
    let is_actor =
        |side: &Expression| side.path().is_some_and(|path| ACTORS.contains(&path.as_str()));
    let is_bot = |side: &Expression| side.literal().is_some_and(|text| text.ends_with("[bot]"));
    let is_id = |side: &Expression| {
        side.path()
            .is_some_and(|path| path == "github.actor_id" || path == "github.event.sender.id")
    };
    let is_number = |side: &Expression| {
        side.literal().is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let trusts = |a, b| (is_actor(a) && is_bot(b)) || (is_id(a) && is_number(b));
    trusts(a, b) || trusts(b, a)
}
