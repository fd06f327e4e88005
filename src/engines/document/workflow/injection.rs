//! Expressions that become part of a script before a shell or an interpreter sees it.

use std::ops::Range;

use super::{
    Place, Workflow,
    expression::{Expression, inner, spans},
    taint::{Author, author, has_foreign_outputs},
};
use crate::engines::document::{
    make::{dig, field, map},
    node::{Node, Value},
};

/// Inputs of actions that are scripts.
const SCRIPTS: &[(&str, &str)] = &[
    ("actions/github-script", "script"),
    ("amadevus/pwsh-script", "script"),
    ("appleboy/ssh-action", "script"),
    ("azure/cli", "inlinescript"),
    ("azure/powershell", "inlinescript"),
    ("cardinalby/js-eval-action", "expression"),
    ("jannekem/run-python-script-action", "script"),
    ("mikefarah/yq", "cmd"),
    ("nick-fields/retry", "command"),
    ("nick-invision/retry", "command"),
];

/// Variables inside each other.
const MAX_HOPS: usize = 4;

/// An expression that becomes part of a script.
pub(super) struct Injection<'i> {
    /// Its bytes, with the braces.
    pub(super) at: &'i Range<usize>,
    /// What stands between the braces.
    pub(super) written: &'i str,
    /// The worst of its contexts.
    pub(super) path: &'i str,
    /// What it is given to.
    pub(super) sink: &'i str,
}

impl<'n> Workflow<'n> {
    /// Notes the injections of one step.
    pub(super) fn injections(
        &self,
        step: &'n Node,
        is_privileged: bool,
        place: &Place<'n>,
        injections: &mut Vec<Node>,
    ) {
        for (sink, script) in scripts(step) {
            for (at, written) in expressions_of(script, self.text) {
                let Some(expression) = Expression::parse(&written) else { continue };
                let flows = expression.flows();
                let worst = flows
                    .iter()
                    .map(|path| (self.author(path, step, place, 0), path))
                    .max_by_key(|(author, _)| *author);
                let Some((author, path)) = worst.filter(|(author, _)| *author > Author::Nobody)
                else {
                    continue;
                };
                let text_field =
                    |name: &str, value: &str| field(name, Node::text(value, at.clone()));
                let mut fields = vec![
                    text_field("summary", &written),
                    text_field("context", path),
                    text_field("author", author.name()),
                    text_field("sink", &sink),
                    text_field("severity", self.severity(is_privileged)),
                    field("job", place.id.clone()),
                ];
                let found = Injection { at: &at, written: &written, path, sink: &sink };
                fields.extend(self.indirection(step, place, &found).into_iter().flatten());
                injections.push(map(fields, at));
            }
        }
    }

    /// Who writes a context at a step: through variables, a matrix, and outputs of earlier steps.
    pub(super) fn author(&self, path: &str, step: &Node, place: &Place<'_>, hops: usize) -> Author {
        let mut parts = path.split('.');
        let (Some(root), Some(name)) = (parts.next(), parts.next()) else { return author(path) };
        let values = match root {
            _ if hops >= MAX_HOPS => return Author::Unknown,
            "env" => {
                let scopes = [step, place.job, self.written];
                scopes.iter().find_map(|scope| variable(scope, name)).into_iter().collect()
            }
            "matrix" => match matrix(place.job, name) {
                Some(values) => values,
                None => return Author::Unknown,
            },
            "inputs" if self.is_plain_input(name) => return Author::Nobody,
            "steps" => return output(path, name, place),
            _ => return author(path),
        };
        let flows = values.into_iter().flat_map(flows);
        let authors = flows.map(|path| self.author(&path, step, place, hops + 1));
        authors.max().unwrap_or(Author::Nobody)
    }

    /// Whether a variable is set by an `env` of the step, the job or the workflow.
    pub(super) fn is_given(&self, name: &str, step: &Node, place: &Place<'_>) -> bool {
        [step, place.job, self.written].iter().any(|scope| variable(scope, name).is_some())
    }

    /// An input that can only be a number, true, false, or one of a list.
    fn is_plain_input(&self, name: &str) -> bool {
        ["workflow_call", "workflow_dispatch"].iter().any(|event| {
            let inputs = dig(self.written, &["on", event, "inputs"]);
            let input = inputs.and_then(|inputs| entry(inputs, name));
            let kind = input.and_then(|input| input.get("type")).and_then(Node::as_text);
            matches!(kind, Some("boolean" | "number" | "choice"))
        })
    }
}

/// Who writes an output of a step.
fn output(path: &str, id: &str, place: &Place<'_>) -> Author {
    let source = place.sources.get(id).copied();
    let action = source.and_then(Node::as_text).and_then(|uses| uses.split('@').next());
    match action {
        Some(action) if path.contains(".outputs.") && has_foreign_outputs(action) => {
            Author::Outsider
        }
        _ => author(path),
    }
}

/// All values that a key of the matrix may have; nothing if it is made while the workflow runs.
fn matrix<'n>(job: &'n Node, name: &str) -> Option<Vec<&'n Node>> {
    let matrix = dig(job, &["strategy", "matrix"])?;
    let own = entry(matrix, name).into_iter();
    let include = matrix.get("include");
    let is_made = |node: &Node| node.as_text().is_some();
    if is_made(matrix) || include.is_some_and(is_made) {
        return None;
    }
    let rows = include.map(Node::elements).unwrap_or_default().iter();
    let values = own.chain(rows.filter_map(|row| entry(row, name)));
    Some(values.flat_map(leaves).collect())
}

/// The texts of a value, however deep.
pub(super) fn leaves(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::List(elements) => elements.iter().flat_map(leaves).collect(),
        Value::Map(entries) => entries.iter().flat_map(|(_, value)| leaves(value)).collect(),
        _ => vec![node],
    }
}

/// The value of a key, whose case does not matter.
fn entry<'n>(map: &'n Node, name: &str) -> Option<&'n Node> {
    let is_it = |key: &Node| key.as_text().is_some_and(|key| key.eq_ignore_ascii_case(name));
    let entries = map.entries().iter();
    entries.filter(|(key, _)| is_it(key)).map(|(_, value)| value).next_back()
}

/// A variable of a step, a job or the workflow.
fn variable<'n>(scope: &'n Node, name: &str) -> Option<&'n Node> {
    entry(scope.get("env")?, name)
}

fn flows(value: &Node) -> Vec<String> {
    value.as_text().map(flows_of_text).unwrap_or_default()
}

/// The contexts that reach a text through the expressions in it.
pub(super) fn flows_of_text(text: &str) -> Vec<String> {
    let expressions =
        spans(text).into_iter().filter_map(|span| Expression::parse(inner(&text[span])));
    expressions.flat_map(|expression| expression.flows()).collect()
}

/// The scripts of a step, each with the name of what it is given to.
fn scripts(step: &Node) -> Vec<(String, &Node)> {
    let mut scripts: Vec<_> =
        step.get("run").map(|run| ("run".to_owned(), run)).into_iter().collect();
    let action = step.get("uses").and_then(Node::as_text).unwrap_or_default();
    let action = action.split('@').next().unwrap_or_default();
    for (name, input) in SCRIPTS.iter().filter(|(name, _)| name.eq_ignore_ascii_case(action)) {
        let script = step.get("with").and_then(|inputs| entry(inputs, input));
        scripts.extend(script.map(|script| (format!("{name}, {input}"), script)));
    }
    scripts
}

/// The expressions of a text with their bytes in the file.
///
/// A text and its writing hold the same expressions in the same order, unless escapes hide one; then all
/// of them are shown at the whole text.
pub(super) fn expressions_of(node: &Node, file: &str) -> Vec<(Range<usize>, String)> {
    let Some(text) = node.as_text().filter(|text| text.contains("${{")) else { return Vec::new() };
    let found = spans(text);
    let written = spans(&file[node.at.clone()]);
    let start = node.at.start;
    let places = (written.len() == found.len())
        .then(|| written.into_iter().map(|span| start + span.start..start + span.end));
    match places {
        Some(places) => {
            places.zip(found).map(|(at, span)| (at, inner(&text[span]).to_owned())).collect()
        }
        None => {
            found.into_iter().map(|span| (node.at.clone(), inner(&text[span]).to_owned())).collect()
        }
    }
}

/// Notes all expressions below a node.
pub(super) fn expressions(node: &Node, file: &str, found: &mut Vec<Node>) {
    for child in node.children() {
        expressions(child, file, found);
    }
    for (at, written) in expressions_of(node, file) {
        let mut fields = vec![field("summary", Node::text(written.as_str(), at.clone()))];
        if let Some(expression) = Expression::parse(&written) {
            let whole = expression.path().or_else(|| expression.flows().into_iter().next());
            fields.extend(whole.map(|path| field("context", Node::text(path, at.clone()))));
        }
        found.push(map(fields, at));
    }
}
