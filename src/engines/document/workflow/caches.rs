//! Caches that a run which publishes something restores: whoever can write one gets code into the release.
//!
//! What each action caches, and which of its inputs says so, is taken from its own `action.yml` and
//! readme; state of October 2025.

use super::{
    Parts, Place, Workflow,
    condition::{self, Scenario},
    expression::{Expression, inner},
};
use crate::engines::document::{
    make::{dig, field, is_false, map},
    node::{Node, Value},
};

/// When an action uses a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Always.
    Always,
    /// Unless this input is false.
    Unless(&'static str),
    /// Unless this input is true.
    UnlessTrue(&'static str),
    /// If this input is given and not false.
    If(&'static str),
}

use Use::{Always, If, Unless, UnlessTrue};

/// Actions that restore what a build reads.
const CACHES: &[(&str, Use)] = &[
    ("actions-rust-lang/setup-rust-toolchain", Unless("cache")),
    ("actions/cache", UnlessTrue("lookup-only")),
    ("actions/cache/restore", UnlessTrue("lookup-only")),
    ("actions/setup-dotnet", If("cache")),
    ("actions/setup-go", Unless("cache")),
    ("actions/setup-java", If("cache")),
    ("actions/setup-node", If("cache")),
    ("actions/setup-python", If("cache")),
    ("astral-sh/setup-uv", Unless("enable-cache")),
    ("awalsh128/cache-apt-pkgs-action", Always),
    ("buildjet/cache", UnlessTrue("lookup-only")),
    ("coursier/cache-action", Always),
    ("denoland/setup-deno", If("cache")),
    ("docker/bake-action", If("cache-from")),
    ("docker/build-push-action", If("cache-from")),
    ("gradle/actions/setup-gradle", UnlessTrue("cache-disabled")),
    ("gradle/gradle-build-action", UnlessTrue("cache-disabled")),
    ("graalvm/setup-graalvm", If("cache")),
    ("hendrikmuhs/ccache-action", Always),
    ("jdx/mise-action", Unless("cache")),
    ("julia-actions/cache", Always),
    ("mamba-org/setup-micromamba", If("cache-environment")),
    ("moonrepo/setup-rust", Unless("cache")),
    ("namespacelabs/nscloud-cache-action", Always),
    ("pnpm/action-setup", If("cache")),
    ("prefix-dev/setup-pixi", Unless("cache")),
    ("pyo3/maturin-action", If("sccache")),
    ("ruby/setup-ruby", If("bundler-cache")),
    ("runs-on/cache", UnlessTrue("lookup-only")),
    ("shivammathur/cache-extensions", Always),
    ("subosito/flutter-action", If("cache")),
    ("swatinem/rust-cache", UnlessTrue("lookup-only")),
    ("tespkg/actions-cache", Always),
    ("determinatesystems/magic-nix-cache-action", Always),
];

/// Actions that restore themselves or a tool alone.
const TOOLS: &[(&str, Use)] = &[
    ("docker/setup-buildx-action", Unless("cache-binary")),
    ("docker/setup-qemu-action", Unless("cache-image")),
    ("golangci/golangci-lint-action", UnlessTrue("skip-cache")),
    ("oven-sh/setup-bun", UnlessTrue("no-cache")),
];

/// Actions that publish something.
const PUBLISHERS: &[&str] = &[
    "actions/create-release",
    "actions/deploy-pages",
    "cloudflare/wrangler-action",
    "goreleaser/goreleaser-action",
    "js-devtools/npm-publish",
    "katyo/publish-crates",
    "ncipollo/release-action",
    "pypa/gh-action-pypi-publish",
    "rubygems/release-gem",
    "softprops/action-gh-release",
    "svenstaro/upload-release-action",
];

impl<'n> Workflow<'n> {
    /// The runs of the workflow that make a release.
    pub(super) fn releases(&self) -> Vec<Scenario> {
        let mut found = Vec::new();
        if self.is_triggered_by("release") {
            found.push(Scenario { event: "release", reference: Some("tag") });
        }
        let push = dig(self.written, &["on", "push"]);
        let has = |key: &str| push.and_then(|push| push.get(key)).is_some();
        let names_tag = |node: &Node| {
            let names =
                node.as_text().into_iter().chain(node.elements().iter().filter_map(Node::as_text));
            names.into_iter().any(|name| !name.starts_with('!'))
        };
        // What pull requests start as well is a test that also runs for tags.
        let is_test = self.is_triggered_by("pull_request");
        let runs_for_tags =
            push.and_then(|push| push.get("tags")).is_some_and(names_tag) || has("tags-ignore");
        if runs_for_tags && !is_test {
            found.push(Scenario { event: "push", reference: Some("tag") });
        }
        let branches = push.and_then(|push| push.get("branches"));
        let is_release = |node: &Node| node.as_text().is_some_and(|name| name.contains("release"));
        if branches
            .is_some_and(|names| is_release(names) || names.elements().iter().any(is_release))
        {
            found.push(Scenario { event: "push", reference: Some("branch") });
        }
        found
    }

    /// Whether an event of this name starts the workflow.
    pub(super) fn is_triggered_by(&self, event: &str) -> bool {
        self.triggers.iter().any(|trigger| trigger.as_text() == Some(event))
    }

    /// Notes the cache that a step restores in a run that makes a release, or in a job that publishes.
    pub(super) fn cache(&self, step: &'n Node, place: &Place<'n>, parts: &mut Parts) {
        let Some(uses) = step.get("uses") else { return };
        let Some(action) = action_of(step) else { return };
        let find = |table: &[(&str, Use)]| {
            table.iter().find(|(name, _)| *name == action).map(|(_, usage)| *usage)
        };
        let (usage, holds) = match (find(CACHES), find(TOOLS)) {
            (Some(usage), _) => (usage, "build"),
            (None, Some(usage)) => (usage, "tool"),
            (None, None) => return,
        };
        let conditions = [place.job.get("if"), step.get("if")];
        let restores = |scenario: &Scenario| {
            let passes = conditions.iter().flatten();
            passes.into_iter().all(|condition| condition::allows(condition, *scenario))
                && is_used(usage, step, *scenario)
        };
        let by = if self.releases.iter().any(restores) {
            "release"
        } else if self.releases.is_empty()
            && place.publishes
            && restores(&Scenario { event: "push", reference: None })
        {
            "publisher"
        } else {
            return;
        };
        let text = |value: &str| Node::text(value, uses.at.clone());
        let fields = vec![
            field("summary", text(uses.as_text().unwrap_or_default())),
            field("by", text(by)),
            field("holds", text(holds)),
            field("job", place.id.clone()),
        ];
        parts.caches.push(map(fields, uses.at.clone()));
    }
}

/// The action of a step in lower case, without its version.
pub(super) fn action_of(step: &Node) -> Option<String> {
    let uses = step.get("uses")?.as_text()?;
    Some(uses.split('@').next()?.trim_end_matches('/').to_ascii_lowercase())
}

/// Whether a step publishes something.
pub(super) fn publishes(step: &Node) -> bool {
    let pushes = |step: &Node| dig(step, &["with", "push"]).is_some_and(|push| !is_false(push));
    action_of(step).is_some_and(|action| {
        PUBLISHERS.contains(&action.as_str())
            || (matches!(action.as_str(), "docker/build-push-action" | "docker/bake-action")
                && pushes(step))
    })
}

fn is_used(usage: Use, step: &Node, scenario: Scenario) -> bool {
    let input = |name: &str| dig(step, &["with", name]);
    match usage {
        Always => true,
        Unless(name) => input(name).is_none_or(|value| truth(value, scenario) != Some(false)),
        UnlessTrue(name) => input(name).is_none_or(|value| truth(value, scenario) != Some(true)),
        If(name) => input(name).is_some_and(|value| truth(value, scenario) != Some(false)),
    }
}

/// Whether the value of an input is true in a run; nothing if that can not be told.
fn truth(value: &Node, scenario: Scenario) -> Option<bool> {
    match &value.value {
        Value::Bool(value) => Some(*value),
        Value::Null => Some(false),
        Value::Text(text) if text.contains("${{") => {
            condition::evaluate(&Expression::parse(inner(text.trim()))?, scenario)
        }
        Value::Text(text) => Some(!text.is_empty() && !is_false(value)),
        _ => None,
    }
}
