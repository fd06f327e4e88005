//! Expressions of a file, with what GitHub says of them before it runs anything.
//!
//! Which contexts stand open where is the table "Context availability" of GitHub's documentation.

use super::{
    expression::{Expression, spans},
    injection::expressions_of,
};
use crate::engines::document::{
    make::{field, flag, map},
    node::{Node, Value},
};

/// Everything that a context may be called.
const CONTEXTS: &[&str] = &[
    "env", "github", "inputs", "job", "jobs", "matrix", "needs", "runner", "secrets", "steps",
    "strategy", "vars",
];

/// The functions of expressions.
const FUNCTIONS: &[&str] = &[
    "always",
    "cancelled",
    "case",
    "contains",
    "endswith",
    "failure",
    "format",
    "fromjson",
    "hashfiles",
    "join",
    "startswith",
    "success",
    "tojson",
];

const TOP: &[&str] = &["github", "inputs", "vars"];
const TOP_ENV: &[&str] = &["github", "secrets", "inputs", "vars"];
const CALL_OUTPUT: &[&str] = &["github", "jobs", "vars", "inputs"];
const JOB: &[&str] = &["github", "needs", "strategy", "matrix", "vars", "inputs"];
const JOB_IF: &[&str] = &["github", "needs", "vars", "inputs"];
const JOB_ENV: &[&str] = &["github", "needs", "strategy", "matrix", "vars", "secrets", "inputs"];
const JOB_RUN: &[&str] = &["github", "needs", "strategy", "matrix", "env", "vars", "inputs"];
const CREDENTIALS: &[&str] =
    &["github", "needs", "strategy", "matrix", "env", "vars", "secrets", "inputs"];
const CONTAINER_ENV: &[&str] =
    &["github", "needs", "strategy", "matrix", "job", "runner", "env", "vars", "secrets", "inputs"];
const STEP: &[&str] = &[
    "github", "needs", "strategy", "matrix", "job", "runner", "env", "vars", "secrets", "steps",
    "inputs",
];
const NO_SECRETS: &[&str] =
    &["github", "needs", "strategy", "matrix", "job", "runner", "env", "vars", "steps", "inputs"];
const ACTION: &[&str] =
    &["github", "strategy", "matrix", "job", "runner", "env", "vars", "steps", "inputs"];

/// The contexts that stand open at a place; nothing where the documentation does not say.
fn available(path: &[&str]) -> Option<&'static [&'static str]> {
    match path {
        ["run-name"] | ["concurrency", ..] | ["on", "workflow_call", "inputs", _, "default"] => {
            Some(TOP)
        }
        ["env", _] => Some(TOP_ENV),
        ["on", "workflow_call", "outputs", _, "value"] => Some(CALL_OUTPUT),
        ["jobs", _, rest @ ..] => available_in_job(rest),
        ["runs", "steps", ..] | ["outputs", _, "value"] => Some(ACTION),
        _ => None,
    }
}

fn available_in_job(path: &[&str]) -> Option<&'static [&'static str]> {
    match path {
        ["if"] | ["strategy", ..] => Some(JOB_IF),
        ["env" | "secrets", _] => Some(JOB_ENV),
        ["steps", _, "if"] | ["environment", "url"] => Some(NO_SECRETS),
        ["steps", ..] | ["outputs", _] => Some(STEP),
        ["defaults", "run", _] => Some(JOB_RUN),
        ["container", "credentials", _] | ["services", _, "credentials", _] => Some(CREDENTIALS),
        ["container", "env", _] | ["services", _, "env", _] => Some(CONTAINER_ENV),
        ["concurrency" | "runs-on", ..]
        | ["container" | "continue-on-error" | "environment" | "name" | "timeout-minutes"]
        | ["container", "image"]
        | ["environment", "name"]
        | ["services", _, "image"]
        | ["with", _] => Some(JOB),
        _ => None,
    }
}

/// What the walk over a file gathers.
pub(super) struct Gathered {
    /// All expressions.
    pub(super) expressions: Vec<Node>,
    /// What GitHub would refuse.
    pub(super) mistakes: Vec<Node>,
}

/// Something that GitHub refuses or ignores.
pub(super) fn mistake(kind: &str, message: String, at: std::ops::Range<usize>) -> Node {
    let fields = vec![
        field("kind", Node::text(kind, at.clone())),
        field("summary", Node::text(message, at.clone())),
    ];
    map(fields, at)
}

/// Gathers the expressions of a file.
pub(super) fn gather(root: &Node, file: &str) -> Gathered {
    let mut walk = Walk {
        file,
        path: Vec::new(),
        found: Gathered { expressions: Vec::new(), mistakes: Vec::new() },
    };
    walk.visit(root);
    walk.found
}

struct Walk<'n> {
    file: &'n str,
    path: Vec<&'n str>,
    found: Gathered,
}

impl<'n> Walk<'n> {
    fn visit(&mut self, node: &'n Node) {
        match &node.value {
            Value::Map(entries) => {
                for (key, value) in entries {
                    self.path.push(key.as_text().unwrap_or_default());
                    self.visit(value);
                    self.path.pop();
                }
            }
            Value::List(elements) => {
                self.path.push("*");
                for element in elements {
                    self.visit(element);
                }
                self.path.pop();
            }
            Value::Text(text) => self.text(node, text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, node: &'n Node, text: &str) {
        let is_condition = self.path.last() == Some(&"if");
        if text.contains("${{") {
            for (at, written) in expressions_of(node, self.file) {
                self.expression(&written, at);
            }
            if spans(text).is_empty() {
                self.mistake("expression", "`${{` is never closed".to_owned(), node.at.clone());
            }
        } else if is_condition && matches!(self.path.first(), Some(&("jobs" | "runs"))) {
            self.expression(text.trim(), node.at.clone());
        }
    }

    fn mistake(&mut self, kind: &str, message: String, at: std::ops::Range<usize>) {
        self.found.mistakes.push(mistake(kind, message, at));
    }

    fn expression(&mut self, written: &str, at: std::ops::Range<usize>) {
        let mut fields = vec![field("summary", Node::text(written, at.clone()))];
        match Expression::parse_with_indices(written) {
            Some((expression, indices)) => {
                let whole = expression.path().or_else(|| expression.flows().into_iter().next());
                fields.extend(whole.map(|path| field("context", Node::text(path, at.clone()))));
                let is_condition = self.path.last() == Some(&"if");
                if hides_a_constant(&expression, is_condition)
                    || indices.iter().any(|index| hides_a_constant(index, true))
                {
                    fields.push(field("holds-constant", flag(true, at.clone())));
                }
                self.check(&expression, &at);
                for index in &indices {
                    self.check(index, &at);
                }
            }
            None if written.len() < 20_000 && !written.is_empty() => {
                self.mistake("expression", format!("`{written}` is no expression"), at.clone());
            }
            None => {}
        }
        self.found.expressions.push(map(fields, at));
    }

    /// Notes contexts and functions that are not there.
    fn check(&mut self, expression: &Expression, at: &std::ops::Range<usize>) {
        let Some(open) = available(&self.path) else { return };
        let mut problems = Vec::new();
        expression.walk(&mut |part| match part {
            Expression::Context(parts) => {
                let name = parts.first().map(String::as_str).unwrap_or_default();
                if !CONTEXTS.contains(&name) {
                    problems.push(format!("there is no context `{name}`"));
                } else if !open.contains(&name) {
                    problems.push(format!("the context `{name}` is not available here"));
                }
            }
            Expression::Call(name, _) if !FUNCTIONS.contains(&name.as_str()) => {
                problems.push(format!("there is no function `{name}`"));
            }
            _ => {}
        });
        problems.dedup();
        for problem in problems {
            self.mistake("context", problem, at.clone());
        }
    }
}

/// Whether a part of an expression is the same in every run and more than a plain literal.
fn hides_a_constant(expression: &Expression, may_be_literal: bool) -> bool {
    match expression {
        Expression::Constant(_) => return !may_be_literal,
        // `${{ '${{' }}` is how braces are written.
        Expression::Literal(text) => {
            return !may_be_literal && !text.contains("{{") && !text.contains("}}");
        }
        _ => {}
    }
    let mut found = false;
    expression.walk(&mut |part| {
        let is_plain = matches!(part, Expression::Literal(_) | Expression::Constant(_));
        found |= !is_plain && part.is_constant();
    });
    found
}
