//! One step: what it uses, what it checks out.

use super::{
    Parts, Place, Workflow,
    expression::{Expression, inner, spans},
    tokens,
};
use crate::engines::document::{
    make::{dig, field, flag, is_false, map, plain},
    node::Node,
};

/// Contexts that name the code of a pull request.
const FOREIGN_CODE: &[&str] = &[
    "github.head_ref",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.sha",
    "github.event.pull_request.head.label",
    "github.event.pull_request.head.repo.full_name",
    "github.event.pull_request.merge_commit_sha",
    "github.event.workflow_run.head_branch",
    "github.event.workflow_run.head_sha",
    "github.event.workflow_run.head_commit.id",
    "github.event.workflow_run.head_repository.full_name",
];

/// Contexts that are the number of a pull request: `refs/pull/NUMBER/merge` is its code.
const NUMBERS: &[&str] = &[
    "github.event.number",
    "github.event.issue.number",
    "github.event.pull_request.number",
    "github.event.workflow_run.pull_requests.*.number",
];

/// Words of jobs that ask who somebody is before they go on.
const GATES: [&str; 6] = [
    "author_association",
    "checkCollaborator",
    "getCollaboratorPermissionLevel",
    "getMembershipForUser",
    "/collaborators/",
    "pull_request.labels",
];

impl<'n> Workflow<'n> {
    /// Adds a step to the parts: what it uses, checks out and injects. `index` counts in its job.
    pub(super) fn step(&self, step: &'n Node, index: usize, place: &Place<'n>, parts: &mut Parts) {
        let is_privileged =
            place.is_privileged && self.is_privileged(&[place.job.get("if"), step.get("if")]);
        let mut fields = vec![
            field("job", place.id.clone()),
            field("is-privileged", flag(is_privileged, step.at.clone())),
        ];
        let label = ["name", "uses", "run"].iter().find_map(|key| step.get(key));
        fields.extend(label.map(|label| field("summary", label.clone())));
        if let Some(written) = step.get("uses")
            && let Some(found) = self.reference(written, false)
        {
            parts.uses.push(found.clone());
            fields.push(field("use", found));
        }
        fields.extend(checkout(step));
        if let Some(foreign) = foreign_code(step) {
            fields.push(field("checks-out-foreign-code", flag(true, foreign.at.clone())));
            let runs = place.last_run.is_some_and(|last| last > index);
            let severity = match (place.is_gated, runs) {
                (true, _) => "medium",
                (false, true) => "critical",
                (false, false) => "high",
            };
            fields.push(field("severity", Node::text(severity, foreign.at.clone())));
        }
        fields.extend(step.entries().iter().cloned());
        parts.steps.push(map(fields, step.at.clone()));
        self.injections(step, is_privileged, place, &mut parts.injections);
        self.script(step, (is_privileged, place), parts);
        self.cache(step, place, parts);
        tokens::app_token(step, parts);
        tokens::password(step, parts);
    }
}

/// Whether a job asks who somebody is before it goes on.
pub(super) fn is_gated(job: &str) -> bool {
    GATES.iter().any(|gate| job.contains(gate))
}

fn is_checkout(step: &Node) -> bool {
    let uses = step.get("uses").and_then(Node::as_text).unwrap_or_default();
    uses.split('@').next().is_some_and(|name| name.eq_ignore_ascii_case("actions/checkout"))
}

fn checkout(step: &Node) -> Vec<(Node, Node)> {
    if !is_checkout(step) {
        return Vec::new();
    }
    let uses = step.get("uses").map_or_else(|| step.at.clone(), |uses| uses.at.clone());
    let persist = dig(step, &["with", "persist-credentials"]);
    let at = persist.map_or_else(|| uses.clone(), |node| node.at.clone());
    vec![
        field("is-checkout", flag(true, uses)),
        field("persists-credentials", flag(!persist.is_some_and(is_false), at)),
    ]
}

/// Whether a step may run what was checked out: a script, or an action of the checked out tree.
pub(super) fn runs_code(step: &Node) -> bool {
    step.get("run").is_some()
        || step.get("uses").and_then(Node::as_text).is_some_and(|uses| {
            uses.starts_with("./") || uses.starts_with("docker/build-push-action")
        })
}

/// What makes a step fetch the code of a pull request.
fn foreign_code(step: &Node) -> Option<&Node> {
    if is_checkout(step) {
        let inputs = ["ref", "repository"].into_iter().filter_map(|key| dig(step, &["with", key]));
        return inputs.into_iter().find(|node| names_foreign_code(node));
    }
    let run = step.get("run")?;
    let script = run.as_text()?;
    let has = |words: &[&str]| words.iter().all(|word| script.contains(word));
    let is_fetch = has(&["gh pr checkout"])
        || has(&["git fetch", "pull/"])
        || has(&["git checkout", "FETCH_HEAD"])
        || (script.contains("git checkout") && names_foreign_code(run));
    is_fetch.then_some(run)
}

fn names_foreign_code(node: &Node) -> bool {
    let Some(text) = plain(node) else { return false };
    let names_pull = text.contains("pull/");
    let mut names = false;
    for span in spans(&text) {
        let Some(expression) = Expression::parse(inner(&text[span])) else { continue };
        for path in expression.flows() {
            let path = path.as_str();
            names |= FOREIGN_CODE.contains(&path) || (names_pull && NUMBERS.contains(&path));
            let is_output = path.starts_with("steps.") && path.contains(".outputs.");
            names |= is_output && (path.contains("head_") || path.ends_with("head-ref"));
        }
    }
    names
}
