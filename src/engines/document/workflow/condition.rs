//! Conditions: which events they let pass, and those that do not say what they seem to say.

use super::expression::{Expression, inner, spans};
use crate::engines::document::{
    make::{field, flag, map},
    node::Node,
};

/// Contexts that whoever acts chooses, or that name who acted last instead of who wrote the code.
const ACTORS: [&str; 3] = ["github.actor", "github.triggering_actor", "github.event.sender.login"];

/// Whether a condition may hold for an event of this name.
pub(super) fn allows(condition: &Node, event: &str) -> bool {
    let text = condition.as_text().map(str::trim).unwrap_or_default();
    Expression::parse(inner(text)).is_none_or(|expression| may_hold(&expression, event))
}

fn may_hold(expression: &Expression, event: &str) -> bool {
    match expression {
        Expression::And(a, b) => may_hold(a, event) && may_hold(b, event),
        Expression::Or(a, b) => may_hold(a, event) || may_hold(b, event),
        Expression::Compare(operator, a, b) => {
            let name = match (a.path().as_deref(), b.path().as_deref()) {
                (Some("github.event_name"), _) => b.literal(),
                (_, Some("github.event_name")) => a.literal(),
                _ => None,
            };
            match (*operator, name) {
                ("==", Some(name)) => name.eq_ignore_ascii_case(event),
                ("!=", Some(name)) => !name.eq_ignore_ascii_case(event),
                _ => true,
            }
        }
        Expression::Literal(text) => text != "false",
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
    let mut is_constant = false;
    if let [only] = spans(text).as_slice() {
        // GitHub makes a text of an expression with anything around it, even a line end.
        is_constant = only.start > 0 || only.end < text.len();
    }
    let mut is_unsound = false;
    let mut trusts = false;
    if let Some(expression) = Expression::parse(inner(text.trim())) {
        expression.walk(&mut |part| {
            is_unsound |= is_unsound_contains(part);
            trusts |= compares_actor(part);
        });
    }
    let at = &node.at;
    let fields = vec![
        field("summary", Node::text(text.trim(), at.clone())),
        field("is-constant", flag(is_constant, at.clone())),
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
