//! What GitHub refuses in a workflow or an action, or what can never run.
//!
//! From GitHub's documentation, "Workflow syntax" and "Metadata syntax"; state of October 2025.

use std::collections::{HashMap, HashSet};

use super::{
    contexts::mistake,
    expression::{Expression, inner, spans},
    known::RETIRED_RUNNERS,
    references::is_near,
};
use crate::engines::document::{
    make::field,
    node::{Node, Value},
};

const TOP: &[&str] =
    &["concurrency", "defaults", "env", "jobs", "name", "on", "permissions", "run-name"];
const JOB: &[&str] = &[
    "concurrency",
    "container",
    "continue-on-error",
    "defaults",
    "env",
    "environment",
    "if",
    "name",
    "needs",
    "outputs",
    "permissions",
    "runs-on",
    "secrets",
    "services",
    "snapshot",
    "steps",
    "strategy",
    "timeout-minutes",
    "uses",
    "with",
];
const STEP: &[&str] = &[
    "continue-on-error",
    "env",
    "id",
    "if",
    "name",
    "run",
    "shell",
    "timeout-minutes",
    "uses",
    "with",
    "working-directory",
];
const STRATEGY: &[&str] = &["fail-fast", "matrix", "max-parallel"];
const ACTION: &[&str] = &["author", "branding", "description", "inputs", "name", "outputs", "runs"];

/// Most inputs of a workflow that is started by hand.
const MOST_INPUTS: usize = 25;

/// Notes the mistakes of a file.
pub(super) fn mistakes(root: &Node, found: &mut Vec<Node>) {
    let is_workflow = root.get("jobs").is_some();
    if let Some(runs) = root.get("runs").filter(|_| !is_workflow) {
        action(root, runs, found);
        return;
    }
    if !is_workflow {
        return;
    }
    keys(root, TOP, "a workflow", found);
    if root.get("on").is_none() {
        let at = root.key("jobs").map_or_else(|| root.at.clone(), |key| key.at.clone());
        found.push(mistake("structure", "a workflow needs `on`".to_owned(), at));
    }
    dispatch(root, found);
    let jobs = root.get("jobs").map(Node::entries).unwrap_or_default();
    needs(jobs, found);
    for (key, job) in jobs {
        self::job(key, job, found);
    }
}

/// Notes keys of a map that are unknown, or that stand twice.
fn keys(map: &Node, known: &[&str], what: &str, found: &mut Vec<Node>) {
    let mut seen = HashSet::new();
    for (key, _) in map.entries() {
        let name = key.as_text().unwrap_or_default();
        if !known.is_empty() && !known.contains(&name) {
            let message = format!("`{name}` is no key of {what}");
            found.push(mistake("key", message, key.at.clone()));
        }
        if !seen.insert(name) {
            found.push(mistake("key", format!("`{name}` stands twice"), key.at.clone()));
        }
    }
}

fn action(root: &Node, runs: &Node, found: &mut Vec<Node>) {
    let Some(using) = runs.get("using").and_then(Node::as_text) else { return };
    keys(root, ACTION, "an action", found);
    if matches!(using, "node12" | "node16") {
        let at = runs.get("using").map_or_else(|| runs.at.clone(), |using| using.at.clone());
        found.push(mistake("retired", format!("`{using}` is no longer there"), at));
    }
    for step in runs.get("steps").map(Node::elements).unwrap_or_default() {
        keys(step, STEP, "a step", found);
        if let Some(key) = step.key("run").filter(|_| step.get("shell").is_none()) {
            let message = "a step of an action needs `shell`".to_owned();
            found.push(mistake("structure", message, key.at.clone()));
        }
    }
}

fn job(key: &Node, job: &Node, found: &mut Vec<Node>) {
    keys(job, JOB, "a job", found);
    if let Some(strategy) = job.get("strategy") {
        keys(strategy, STRATEGY, "a strategy", found);
    }
    let has = |name: &str| job.get(name).is_some();
    if matches!(job.value, Value::Map(_)) && !has("uses") {
        let missing = ["runs-on", "steps"].into_iter().filter(|name| !has(name));
        let problems = missing.map(|name| format!("a job needs `{name}`"));
        found.extend(problems.map(|problem| mistake("structure", problem, key.at.clone())));
    }
    if has("uses") && has("steps") {
        let message = "a job has either `uses` or `steps`".to_owned();
        found.push(mistake("structure", message, key.at.clone()));
    }
    runners(job, found);
    let steps = job.get("steps").map(Node::elements).unwrap_or_default();
    let mut ids = HashSet::new();
    for step in steps {
        self::step(step, found);
        let Some(id) = step.get("id") else { continue };
        if !ids.insert(id.as_text().unwrap_or_default().to_ascii_lowercase()) {
            let message = "this id is taken by another step".to_owned();
            found.push(mistake("structure", message, id.at.clone()));
        }
    }
    references(job, &ids, found);
}

fn step(step: &Node, found: &mut Vec<Node>) {
    keys(step, STEP, "a step", found);
    if !matches!(step.value, Value::Map(_)) {
        return;
    }
    let message = match (step.get("run").is_some(), step.get("uses").is_some()) {
        (true, true) => "a step has either `run` or `uses`",
        (false, false) => "a step needs `run` or `uses`",
        _ => return,
    };
    let at = step.entries().first().map_or_else(|| step.at.clone(), |(key, _)| key.at.clone());
    found.push(mistake("structure", message.to_owned(), at));
}

fn runners(job: &Node, found: &mut Vec<Node>) {
    let Some(written) = job.get("runs-on") else { return };
    let labels = written.get("labels").unwrap_or(written);
    let all: Vec<&Node> = std::iter::once(labels).chain(labels.elements()).collect();
    let is_own = all.iter().any(|label| label.as_text() == Some("self-hosted"));
    let from_matrix = written.as_text().map(|label| matrix_values(job, label)).unwrap_or_default();
    for label in all.into_iter().chain(from_matrix).filter(|_| !is_own) {
        let Some(text) = label.as_text() else { continue };
        if RETIRED_RUNNERS.contains(&text) {
            let message = format!("runners of the label `{text}` are no longer there");
            let system = text.split('-').next().unwrap_or_default();
            let mut retired = mistake("retired", message, label.at.clone());
            if let Value::Map(fields) = &mut retired.value {
                let instead = Node::text(format!("{system}-latest"), label.at.clone());
                fields.push(field("instead", instead));
            }
            found.push(retired);
        }
        let latest = ["macos-latest", "ubuntu-latest", "windows-latest"];
        if let Some(meant) = latest.into_iter().find(|meant| is_near(text, meant)) {
            let message = format!("there is no runner `{text}`; `{meant}` may be meant");
            found.push(mistake("structure", message, label.at.clone()));
        }
    }
}

/// The values of the matrix that a label such as `${{ matrix.os }}` stands for.
fn matrix_values<'n>(job: &'n Node, label: &str) -> Vec<&'n Node> {
    let span = spans(label).into_iter().next().unwrap_or_default();
    let path = Expression::parse(inner(&label[span])).and_then(|expression| expression.path());
    let name = path.as_deref().and_then(|path| path.strip_prefix("matrix."));
    let matrix = job.get("strategy").and_then(|strategy| strategy.get("matrix"));
    let (Some(name), Some(matrix)) = (name, matrix) else { return Vec::new() };
    let own = matrix.get(name).map(Node::elements).unwrap_or_default().iter();
    let rows = matrix.get("include").map(Node::elements).unwrap_or_default().iter();
    own.chain(rows.filter_map(|row| row.get(name))).collect()
}

/// Notes needs of jobs that are not there, and jobs that wait for each other.
fn needs(jobs: &[(Node, Node)], found: &mut Vec<Node>) {
    let names: HashMap<String, usize> = jobs
        .iter()
        .enumerate()
        .map(|(index, (key, _))| (key.as_text().unwrap_or_default().to_ascii_lowercase(), index))
        .collect();
    let mut waits: Vec<Vec<usize>> = vec![Vec::new(); jobs.len()];
    for (index, (_, job)) in jobs.iter().enumerate() {
        for need in needed(job) {
            let name = need.as_text().unwrap_or_default();
            if let Some(other) = names.get(&name.to_ascii_lowercase()) {
                waits[index].push(*other);
            } else {
                let message = format!("there is no job `{name}`");
                found.push(mistake("needs", message, need.at.clone()));
            }
        }
    }
    // Jobs that can run are taken away until none is left, or only those that wait for each other.
    let mut readers = vec![Vec::new(); jobs.len()];
    let mut open: Vec<usize> = waits.iter().map(Vec::len).collect();
    for (index, needed) in waits.iter().enumerate() {
        for other in needed {
            readers[*other].push(index);
        }
    }
    let mut ready: Vec<usize> = (0..jobs.len()).filter(|index| open[*index] == 0).collect();
    while let Some(index) = ready.pop() {
        for reader in &readers[index] {
            open[*reader] -= 1;
            if open[*reader] == 0 {
                ready.push(*reader);
            }
        }
    }
    if let Some(index) = (0..jobs.len()).find(|index| open[*index] > 0) {
        let at = jobs[index].1.get("needs").map_or(&jobs[index].0.at, |needs| &needs.at);
        found.push(mistake("needs", "jobs wait for each other".to_owned(), at.clone()));
    }
}

fn needed(job: &Node) -> impl Iterator<Item = &Node> {
    let needs = job.get("needs");
    let one = needs.filter(|needs| needs.as_text().is_some());
    one.into_iter().chain(needs.map(Node::elements).unwrap_or_default())
}

/// Notes outputs of steps and jobs that are not there, which are empty without a word.
fn references(job: &Node, ids: &HashSet<String>, found: &mut Vec<Node>) {
    let needs: HashSet<String> =
        needed(job).filter_map(Node::as_text).map(str::to_ascii_lowercase).collect();
    walk(job, &mut |node| {
        let Some(text) = node.as_text() else { return };
        let mut unknown = Vec::new();
        for span in spans(text) {
            let Some(expression) = Expression::parse(inner(&text[span])) else { continue };
            expression.walk(&mut |part| {
                let Expression::Context(parts) = part else { return };
                let [root, name, ..] = parts.as_slice() else { return };
                let is_known = match root.as_str() {
                    "steps" => ids.contains(name),
                    "needs" => needs.contains(name),
                    _ => true,
                };
                if !is_known && name != "*" {
                    unknown.push(format!("`{root}.{name}` is not there"));
                }
            });
        }
        unknown.dedup();
        found.extend(
            unknown.into_iter().map(|message| mistake("reference", message, node.at.clone())),
        );
    });
}

fn walk<'n>(node: &'n Node, see: &mut dyn FnMut(&'n Node)) {
    see(node);
    for child in node.children() {
        walk(child, see);
    }
}

/// Notes what is wrong with the inputs of a workflow that is started by hand.
fn dispatch(root: &Node, found: &mut Vec<Node>) {
    let event = root.get("on").and_then(|on| on.get("workflow_dispatch"));
    let inputs = event.and_then(|event| event.get("inputs")).map(Node::entries).unwrap_or_default();
    let Some((first, _)) = inputs.first() else { return };
    if inputs.len() > MOST_INPUTS {
        let message = format!("a workflow has at most {MOST_INPUTS} inputs");
        found.push(mistake("structure", message, first.at.clone()));
    }
    for (key, input) in inputs {
        let kind = input.get("type").and_then(Node::as_text).unwrap_or("string");
        let default = input.get("default");
        let options: Vec<&Node> =
            input.get("options").map(Node::elements).unwrap_or_default().iter().collect();
        let message = match (kind, default.map(|default| &default.value)) {
            ("choice", _) if options.is_empty() => "an input of the type `choice` needs `options`",
            ("choice", Some(Value::Text(text)))
                if !options.iter().any(|option| option.as_text() == Some(text)) =>
            {
                "the default is none of the options"
            }
            ("boolean", Some(Value::Text(text)))
                if !matches!(text.as_str(), "true" | "false") && !text.contains("${{") =>
            {
                "the default is neither true nor false"
            }
            ("string" | "choice" | "boolean" | "number" | "environment", _) => continue,
            _ => "there is no such type of input",
        };
        found.push(mistake("structure", message.to_owned(), key.at.clone()));
    }
}
