//! GitHub workflows, and the `action.yml` of composite actions.
//!
//! The root is a map of
//!
//! * `name`, `is-action`, `triggers` (names), `is-privileged`: whether something an outsider does runs it
//!   with the repository's own rights and secrets;
//! * `permissions`, `env`, `concurrency` and so on as they are written at the top;
//! * `permissions-given`: those of the top and of each job; `environments`: each `env` of the file;
//! * `jobs`: a list of jobs with all keys as they are written except `steps`, and `id`, `summary`,
//!   `token` (its permissions, or those of the top; absent where neither says any), `has-permissions`,
//!   `use` (of a reusable workflow), `inherits-secrets`, `image-name`, `image-digest`, ... of its container,
//!   `runners` (labels), `is-self-hosted`,
//!   `runs-for-pull-requests`, `uses-secrets`, `written` (its map, for repairs);
//! * `steps` of all jobs: all keys as they are written, and `job`, `summary`, `use`, `is-checkout`,
//!   `persists-credentials`, `checks-out-foreign-code`, `is-privileged` (also with the conditions of the job
//!   and the step), `severity` of a foreign checkout;
//! * `uses` of all jobs and steps: `summary` (as written), `kind` (`action`, `workflow`, `docker`, `local`),
//!   `owner`, `repository`, `path`, `reference`, `is-pinned` (a full hash or digest), `is-first-party`
//!   (GitHub's own), `is-branch` (a name that moves by design), `comment`, `comment-differs`, and what is
//!   known of it: `resembles`, `is-archived`, `advisory`, `is-switched-off`, `does-what`;
//! * `injections`: expressions that become part of a script: `summary`, `context`, `author` (`outsider`,
//!   `caller`, `writer`, `unknown`), `sink` (`run`, or the action's input), `job`, `severity`, and where it
//!   can be a variable `variable`, `value`, `replacement`, `step`;
//! * `expressions`: all of them: `summary`, `context` (where it is nothing but one), `holds-constant`;
//! * `conditions`: each `if`: `summary`, `is-constant` (text around an expression makes it true for ever),
//!   `is-literal`, `has-unsound-contains`, `trusts-actor`;
//! * `commands` of scripts: `program` (behind `bundle exec` and its like), `subcommand`, `operands`,
//!   `options`, `text` (expressions made variables), `summary` (as written), `run-by` (what runs its output);
//! * `writes` to `GITHUB_ENV` and `GITHUB_PATH`: `file`, `author`, `is-privileged`,
//!   `is-open` (also in an action), `severity`;
//! * `caches` that a release restores: `by` (`release`, or `publisher` where only a step says so), `holds`;
//! * `publications` with a token that lasts; `app-tokens`: `problem`; `uploads` of a checkout's token;
//!   `images` of containers and services; `mistakes` that GitHub refuses or ignores: `kind`.

mod caches;
mod condition;
mod contexts;
mod expression;
mod indirection;
mod injection;
mod known;
mod references;
mod scripts;
mod step;
mod syntax;
mod taint;
mod tokens;

use std::collections::HashMap;

use super::{
    Unreadable,
    make::{dig, field, flag, image, list, map, plain},
    node::{Node, Value},
    yaml::{self, Booleans},
};
use crate::finding::RepoPath;

/// Events that outsiders bring about and that run with the repository's own rights and secrets.
const PRIVILEGED: [&str; 8] = [
    "discussion",
    "discussion_comment",
    "fork",
    "issue_comment",
    "issues",
    "pull_request_target",
    "watch",
    "workflow_run",
];

/// Whether the path names a workflow or an action.
pub fn is_one(path: &RepoPath) -> bool {
    let is_workflow = [".github/workflows", ".gitea/workflows", ".forgejo/workflows"]
        .iter()
        .any(|folder| path.folder() == *folder || path.folder().ends_with(&format!("/{folder}")));
    let is_yaml = matches!(path.extension(), "yml" | "yaml");
    is_yaml && (is_workflow || matches!(path.file_name(), "action.yml" | "action.yaml"))
}

/// Reads a workflow or an action.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    let mut documents = yaml::documents(text, Booleans::Core)?.roots;
    let all = 0..text.len();
    let empty = Node::new(Value::Map(Vec::new()), all.clone());
    let written = if documents.is_empty() { empty } else { documents.swap_remove(0) };
    if !matches!(written.value, Value::Map(_) | Value::Null) {
        return Err(Unreadable::new("a workflow is a map", written.at));
    }
    Ok(Workflow::new(text, &written).lower())
}

/// A workflow that is being lowered.
struct Workflow<'n> {
    text: &'n str,
    written: &'n Node,
    triggers: Vec<Node>,
    /// Those that outsiders bring about.
    open: Vec<&'static str>,
    /// The runs that make a release.
    releases: Vec<condition::Scenario>,
    /// The repository that the workflow says it is of.
    own: Option<String>,
}

/// Where a step stands.
struct Place<'n> {
    /// The job, or `runs` of an action.
    job: &'n Node,
    id: Node,
    steps: &'n [Node],
    /// The shell of the runner.
    default_shell: scripts::Shell,
    /// One of its steps publishes something.
    publishes: bool,
    /// What its steps use, by their identifiers in lower case: where outputs come from.
    sources: HashMap<String, &'n Node>,
    /// The conditions of the job allow an event of outsiders.
    is_privileged: bool,
    /// The job asks who somebody is.
    is_gated: bool,
    /// The last step that may run what was checked out.
    last_run: Option<usize>,
}

impl<'n> Workflow<'n> {
    fn new(text: &'n str, written: &'n Node) -> Self {
        let triggers = match written.get("on").map(|on| (&on.value, on)) {
            Some((Value::Text(name), on)) => vec![Node::text(name.clone(), on.at.clone())],
            Some((Value::List(names), _)) => names.clone(),
            Some((Value::Map(entries), _)) => entries.iter().map(|(key, _)| key.clone()).collect(),
            _ => Vec::new(),
        };
        let is_trigger =
            |event: &&str| triggers.iter().any(|trigger| trigger.as_text() == Some(event));
        let open = PRIVILEGED.into_iter().filter(is_trigger).collect();
        let own = own_repository(text);
        let releases = Vec::new();
        let mut workflow = Self { text, written, triggers, open, releases, own };
        workflow.releases = workflow.releases();
        workflow
    }

    /// Whether outsiders bring about one of these events, and all conditions let it pass.
    fn is_privileged(&self, conditions: &[Option<&Node>]) -> bool {
        let conditions: Vec<&Node> = conditions.iter().copied().flatten().collect();
        self.open
            .iter()
            .map(|trigger| condition::Scenario::of(trigger))
            .any(|run| conditions.iter().all(|condition| condition::allows(condition, run)))
    }

    /// How bad it is if an outsider runs code here.
    fn severity(&self, is_privileged: bool) -> &'static str {
        let is_only_fork = !self.triggers.is_empty()
            && self.triggers.iter().all(|trigger| {
                matches!(trigger.as_text(), Some("pull_request" | "pull_request_review"))
            });
        match (is_privileged, is_only_fork) {
            (true, _) => "critical",
            (false, true) => "medium",
            (false, false) => "high",
        }
    }

    /// Whether it is an action: whoever calls it decides what its inputs are.
    fn is_action(&self) -> bool {
        self.written.get("runs").is_some()
    }

    fn lower(&self) -> Node {
        let mut parts = Parts::default();
        let jobs = self.written.get("jobs").map(Node::entries).unwrap_or_default();
        for (key, job) in jobs {
            self.job(key, job, &mut parts);
        }
        if let Some(runs) = self.written.get("runs") {
            let id = self.written.key("runs").cloned().unwrap_or_else(|| runs.clone());
            self.steps(runs, id, &mut parts);
        }
        environments(self.written, &mut parts.environments);
        let gathered = contexts::gather(self.written, self.text);
        parts.expressions = gathered.expressions;
        parts.mistakes = gathered.mistakes;
        syntax::mistakes(self.written, &mut parts.mistakes);
        references::compare_comments(&mut parts.uses);
        condition::conditions(self.written, &mut parts.conditions);
        self.root(parts)
    }

    fn root(&self, parts: Parts) -> Node {
        let at = &self.written.at;
        let mut fields = vec![
            field("is-action", flag(self.is_action(), at.clone())),
            field("is-privileged", flag(self.is_privileged(&[]), at.clone())),
            field("triggers", list(self.triggers.clone(), at.clone())),
            field("jobs", list(parts.jobs, at.clone())),
            field("steps", list(parts.steps, at.clone())),
            field("uses", list(parts.uses, at.clone())),
            field("injections", list(parts.injections, at.clone())),
            field("expressions", list(parts.expressions, at.clone())),
            field("conditions", list(parts.conditions, at.clone())),
            field("environments", list(parts.environments, at.clone())),
            field("commands", list(parts.commands, at.clone())),
            field("writes", list(parts.writes, at.clone())),
            field("caches", list(parts.caches, at.clone())),
            field("publications", list(parts.publications, at.clone())),
            field("app-tokens", list(parts.app_tokens, at.clone())),
            field("uploads", list(parts.uploads, at.clone())),
            field("images", list(parts.images, at.clone())),
            field("mistakes", list(parts.mistakes, at.clone())),
        ];
        let top = self.written.get("permissions").into_iter();
        let jobs = self.written.get("jobs").map(Node::entries).unwrap_or_default();
        let own = jobs.iter().filter_map(|(_, job)| job.get("permissions"));
        let given = top.chain(own).cloned().collect();
        fields.push(field("permissions-given", list(given, at.clone())));
        for name in ["name", "on", "permissions", "env", "defaults", "concurrency", "inputs"] {
            if let (Some(key), Some(value)) = (self.written.key(name), self.written.get(name)) {
                fields.push((key.clone(), value.clone()));
            }
        }
        map(fields, at.clone())
    }

    fn job(&self, key: &Node, job: &'n Node, parts: &mut Parts) {
        let token = job.get("permissions").or_else(|| self.written.get("permissions"));
        let mut fields = vec![
            field("id", key.clone()),
            field("summary", key.clone()),
            field("has-permissions", flag(token.is_some(), key.at.clone())),
            field("written", Node::new(Value::Null, job.at.clone())),
        ];
        fields.extend(token.map(|token| field("token", token.clone())));
        if let Some(written) = job.get("uses")
            && let Some(found) = self.reference(written, true)
        {
            parts.uses.push(found.clone());
            fields.push(field("use", found));
        }
        let secrets = job.get("secrets").filter(|node| node.as_text() == Some("inherit"));
        fields.extend(secrets.map(|node| field("inherits-secrets", flag(true, node.at.clone()))));
        let container = job.get("container").map(|node| node.get("image").unwrap_or(node));
        let services = job.get("services").map(Node::entries).unwrap_or_default();
        let services = services.iter().filter_map(|(_, service)| service.get("image"));
        for node in container.into_iter().chain(services) {
            parts.images.extend(self::image_node(node));
        }
        if let Some((node, reference)) = container.and_then(|node| Some((node, plain(node)?))) {
            fields.extend(image(&reference, &node.at));
        }
        fields.extend(runners(job));
        fields.extend(self.used_secret(job).map(|at| field("uses-secrets", flag(true, at))));
        let pulls = self.triggers.iter().find(|trigger| {
            trigger.as_text().is_some_and(|trigger| trigger.starts_with("pull_request"))
        });
        fields.extend(pulls.map(|_| field("runs-for-pull-requests", flag(true, key.at.clone()))));
        let others = job.entries().iter().filter(|(name, _)| name.as_text() != Some("steps"));
        fields.extend(others.cloned());
        parts.jobs.push(map(fields, key.at.start..job.at.end.max(key.at.end)));
        self.steps(job, key.clone(), parts);
    }

    /// Where a job first uses a secret other than its own token.
    fn used_secret(&self, job: &Node) -> Option<std::ops::Range<usize>> {
        let mut found = Vec::new();
        injection::expressions(job, self.text, &mut found);
        let is_secret = |path: &str| path.starts_with("secrets.") && path != "secrets.github_token";
        let used = found.iter().find(|expression| {
            expression.get("context").and_then(Node::as_text).is_some_and(is_secret)
        });
        used.map(|expression| expression.at.clone())
    }

    fn steps(&self, job: &'n Node, id: Node, parts: &mut Parts) {
        let steps = job.get("steps").map(Node::elements).unwrap_or_default();
        let is_privileged = self.is_privileged(&[job.get("if")]);
        let last_run = steps.iter().rposition(step::runs_code);
        let is_gated = step::is_gated(&self.text[job.at.clone()]);
        let sources = steps.iter().filter_map(|step| {
            let id = step.get("id")?.as_text()?.to_ascii_lowercase();
            Some((id, step.get("uses")?))
        });
        let place = Place {
            job,
            id,
            steps,
            default_shell: default_shell(job),
            publishes: steps.iter().any(caches::publishes),
            sources: sources.collect(),
            is_privileged,
            is_gated,
            last_run,
        };
        let first_command = parts.commands.len();
        for (index, step) in steps.iter().enumerate() {
            self.step(step, index, &place, parts);
        }
        self.publications(&place, first_command, parts);
        tokens::uploads(&place, parts);
    }

    /// What `uses` names, and whether that is the workflow's own repository.
    fn reference(&self, written: &Node, is_job: bool) -> Option<Node> {
        let mut found = references::reference(written, is_job, self.text)?;
        let text = written.as_text().unwrap_or_default();
        let is_own = self.own.as_deref().is_some_and(|own| {
            let rest = text.strip_prefix(own);
            rest.is_some_and(|rest| rest.starts_with(['/', '@']))
        });
        if let Value::Map(fields) = &mut found.value
            && is_own
        {
            fields.push(field("is-own", flag(true, written.at.clone())));
        }
        Some(found)
    }
}

/// The lists of the root.
#[derive(Default)]
struct Parts {
    jobs: Vec<Node>,
    steps: Vec<Node>,
    uses: Vec<Node>,
    injections: Vec<Node>,
    expressions: Vec<Node>,
    conditions: Vec<Node>,
    environments: Vec<Node>,
    commands: Vec<Node>,
    writes: Vec<Node>,
    caches: Vec<Node>,
    publications: Vec<Node>,
    app_tokens: Vec<Node>,
    uploads: Vec<Node>,
    images: Vec<Node>,
    mistakes: Vec<Node>,
}

/// The repository that a condition of the workflow names: `github.repository == 'owner/name'`.
fn own_repository(text: &str) -> Option<String> {
    let after = text.split("github.repository == '").nth(1)?;
    let (name, _) = after.split_once('\'')?;
    name.contains('/').then(|| name.to_owned())
}

/// The shell of the runner of a job.
fn default_shell(job: &Node) -> scripts::Shell {
    let label = job.get("runs-on").and_then(Node::as_text).unwrap_or_default();
    if label.starts_with("windows") { scripts::Shell::Power } else { scripts::Shell::Posix }
}

/// The image of a job's container or of a service.
fn image_node(node: &Node) -> Option<Node> {
    let reference = plain(node).filter(|reference| !reference.is_empty())?;
    let mut fields = vec![field("summary", Node::text(reference.as_str(), node.at.clone()))];
    fields.extend(image(&reference, &node.at));
    Some(map(fields, node.at.clone()))
}

/// Collects each `env`.
fn environments(node: &Node, found: &mut Vec<Node>) {
    match &node.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                if key.as_text() == Some("env") && matches!(value.value, Value::Map(_)) {
                    found.push(value.clone());
                } else {
                    environments(value, found);
                }
            }
        }
        _ => node.children().for_each(|value| environments(value, found)),
    }
}

fn runners(job: &Node) -> Vec<(Node, Node)> {
    let Some(written) = job.get("runs-on") else { return Vec::new() };
    let labels = written.get("labels").unwrap_or(written);
    let labels = match &labels.value {
        Value::List(labels) => labels.clone(),
        Value::Text(_) => vec![labels.clone()],
        _ => Vec::new(),
    };
    let is_own_label = |label: &Node| label.as_text() == Some("self-hosted");
    let from_matrix = written.as_text().is_some_and(|label| label.contains("matrix."));
    let matrix = dig(job, &["strategy", "matrix"]).filter(|_| from_matrix);
    let is_own = labels.iter().any(is_own_label)
        || matrix.is_some_and(|matrix| injection::leaves(matrix).into_iter().any(is_own_label));
    vec![
        field("runners", list(labels, written.at.clone())),
        field("is-self-hosted", flag(is_own, written.at.clone())),
    ]
}

#[cfg(test)]
mod tests;
