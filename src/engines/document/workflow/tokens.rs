//! Tokens of GitHub apps and of checkouts, and credentials of registries that need none.

use super::{Parts, Place, Workflow, caches::action_of};
use crate::engines::document::{
    make::{dig, field, is_false, is_true, map, plain},
    node::{Node, Value},
};

/// Permissions of an app that are about an organisation or an account, not about repositories.
///
/// From GitHub's documentation, "Permissions required for GitHub Apps".
const NOT_OF_REPOSITORIES: &[&str] = &[
    "permission-members",
    "permission-organization-",
    "permission-email-addresses",
    "permission-followers",
    "permission-git-ssh-keys",
    "permission-gpg-keys",
    "permission-interaction-limits",
    "permission-profile",
    "permission-starring",
    "permission-enterprise-",
    "permission-team-discussions",
];

/// Registries that take a short-lived token of the workflow instead of a password.
const REGISTRIES: &[&str] = &[
    "crates-io",
    "https://crates.io",
    concat!("https://index.", "crates.io"),
    "https://pypi.org",
    concat!("https://registry.", "npmjs.org"),
    "https://rubygems.org",
    "https://test.pypi.org",
    "https://upload.pypi.org",
    "https://api.nuget.org",
    "https://nuget.org",
    "https://www.nuget.org",
    "nuget.org",
    "pypi",
    "testpypi",
];

/// Programs that publish a package: name, the words after it, the options that name another registry.
const PUBLISHING: &[(&str, &[&str], &[&str])] = &[
    ("cargo", &["publish"], &["--registry", "--index"]),
    ("dotnet", &["nuget", "push"], &["--source", "-s"]),
    ("flit", &["publish"], &["--repository"]),
    ("gem", &["push"], &["--host"]),
    ("hatch", &["publish"], &["-r", "--repo"]),
    ("maturin", &["publish"], &["--repository", "--repository-url", "-r"]),
    ("maturin", &["upload"], &["--repository", "--repository-url", "-r"]),
    ("npm", &["publish"], &["--registry"]),
    ("nuget", &["push"], &["-Source", "-source"]),
    ("pdm", &["publish"], &["--repository", "-r"]),
    ("pnpm", &["publish"], &["--registry"]),
    ("poetry", &["publish"], &["--repository", "-r"]),
    ("twine", &["upload"], &["--repository", "--repository-url", "-r"]),
    ("uv", &["publish"], &["--publish-url", "--index"]),
    ("yarn", &["npm", "publish"], &[]),
];

/// Actions whose token a job gives to the registry instead of its own.
const EXCHANGES: &[&str] =
    &["nuget/login", "rubygems/configure-rubygems-credentials", "rust-lang/crates-io-auth-action"];

/// The names of what holds a token for publishing.
const TOKENS: &[&str] = &[
    "CARGO_REGISTRY_TOKEN",
    "GEM_HOST_API_KEY",
    "MATURIN_PASSWORD",
    "MATURIN_PYPI_TOKEN",
    "NODE_AUTH_TOKEN",
    "NPM_TOKEN",
    "TWINE_PASSWORD",
    "UV_PUBLISH_PASSWORD",
    "UV_PUBLISH_TOKEN",
];

impl<'n> Workflow<'n> {
    /// Notes the commands of a job, from `first` on, that publish with a token which lasts.
    pub(super) fn publications(&self, place: &Place<'n>, first: usize, parts: &mut Parts) {
        let exchanges = place
            .steps
            .iter()
            .filter_map(action_of)
            .any(|action| EXCHANGES.contains(&action.as_str()));
        if exchanges {
            return;
        }
        let has_identity = self.may_identify(place) && !self.gives_token(place);
        if has_identity {
            return;
        }
        let found = parts.commands[first..].iter().filter(|command| is_publishing(command));
        let found: Vec<_> = found
            .map(|command| {
                let summary = command.get("summary").cloned();
                let fields = summary.map(|summary| field("summary", summary)).into_iter().collect();
                map(fields, command.at.clone())
            })
            .collect();
        parts.publications.extend(found);
    }

    /// Whether the job may ask for a token that says who it is.
    fn may_identify(&self, place: &Place<'_>) -> bool {
        let token = place.job.get("permissions").or_else(|| self.written.get("permissions"));
        token.is_some_and(|token| {
            let id = token.get("id-token").and_then(Node::as_text);
            id == Some("write") || token.as_text() == Some("write-all")
        })
    }

    fn gives_token(&self, place: &Place<'_>) -> bool {
        let scopes = place.steps.iter().chain([place.job, self.written]);
        scopes.filter_map(|scope| scope.get("env")).any(|env| {
            TOKENS.iter().any(|name| {
                env.get(name).and_then(Node::as_text).is_some_and(|text| text.contains("secrets"))
            })
        })
    }
}

fn is_of(version: &str, release: &str) -> bool {
    version.strip_prefix(release).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_whole_tree(path: &Node) -> bool {
    let Value::Text(text) = &path.value else { return false };
    text.lines().any(|line| {
        matches!(
            line.trim().trim_end_matches('/'),
            "." | ".git" | "./.git" | "${{ github.workspace }}" | "${{github.workspace}}"
        )
    })
}

fn is_registry(url: &str) -> bool {
    let url = url.trim_end_matches('/');
    REGISTRIES.iter().any(|known| {
        url.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Whether a lowered command publishes to a registry that needs no lasting token.
fn is_publishing(command: &Node) -> bool {
    let text = |name: &str| command.get(name).and_then(Node::as_text).unwrap_or_default();
    let words: Vec<_> = text("text").split(' ').filter(|word| !word.starts_with('+')).collect();
    let has = |wanted: &[&str]| {
        words.iter().any(|word| wanted.contains(&word.split('=').next().unwrap_or_default()))
    };
    if has(&["--dry-run", "-n", "--help", "-h"]) {
        return false;
    }
    let operands: Vec<_> = words.iter().skip(1).filter(|word| !word.starts_with('-')).collect();
    PUBLISHING.iter().any(|(program, after, elsewhere)| {
        text("program") == *program
            && operands.len() >= after.len()
            && after.iter().zip(&operands).all(|(wanted, word)| **wanted == ***word)
            && value_of(&words, elsewhere).is_none_or(is_registry)
    })
}

/// The value of the first of some options.
fn value_of<'w>(words: &[&'w str], options: &[&str]) -> Option<&'w str> {
    let at = words
        .iter()
        .position(|word| options.contains(&word.split('=').next().unwrap_or_default()))?;
    match words[at].split_once('=') {
        Some((_, value)) => Some(value),
        None => words.get(at + 1).copied(),
    }
}

/// Notes what is wrong with the token of an app that a step makes.
pub(super) fn app_token(step: &Node, parts: &mut Parts) {
    let is_maker = |action: String| {
        matches!(action.as_str(), "actions/create-github-app-token" | "tibdex/github-app-token")
    };
    if !action_of(step).is_some_and(is_maker) {
        return;
    }
    let Some(uses) = step.get("uses") else { return };
    let with = |name: &str| dig(step, &["with", name]);
    let inputs = step.get("with").map(Node::entries).unwrap_or_default();
    let permissions: Vec<_> = inputs
        .iter()
        .filter_map(|(key, _)| key.as_text())
        .filter(|key| key.starts_with("permission-") || *key == "permissions")
        .collect();
    let is_about_repositories =
        |key: &&str| !NOT_OF_REPOSITORIES.iter().any(|known| key.starts_with(known));
    let mut note = |problem: &str, at: &Node| {
        let fields = vec![
            field("summary", Node::text(uses.as_text().unwrap_or_default(), at.at.clone())),
            field("problem", Node::text(problem, at.at.clone())),
        ];
        parts.app_tokens.push(map(fields, at.at.clone()));
    };
    if let Some(skip) = with("skip-token-revoke").filter(|skip| !is_false(skip)) {
        note("kept", skip);
    }
    if permissions.is_empty() {
        note("all-permissions", uses);
    }
    let is_wide = permissions.is_empty() || permissions.iter().any(is_about_repositories);
    if let Some(owner) = with("owner").filter(|_| with("repositories").is_none() && is_wide) {
        note("all-repositories", owner);
    }
}

/// Notes a password given to an action that publishes to a registry which needs none.
pub(super) fn password(step: &Node, parts: &mut Parts) {
    let Some(action) = action_of(step) else { return };
    let with = |names: &[&str]| names.iter().find_map(|name| dig(step, &["with", name]));
    let is_known =
        |url: Option<&Node>| url.is_none_or(|url| plain(url).is_some_and(|url| is_registry(&url)));
    let has_password = match action.as_str() {
        "pypa/gh-action-pypi-publish" => {
            with(&["password"]).is_some() && is_known(with(&["repository-url", "repository_url"]))
        }
        "rubygems/release-gem" => with(&["setup-trusted-publisher"]).is_some_and(is_false),
        "rubygems/configure-rubygems-credentials" => {
            with(&["api-token"]).is_some() && is_known(with(&["gem-server"]))
        }
        "katyo/publish-crates" => with(&["registry-token"]).is_some(),
        "js-devtools/npm-publish" => with(&["token"]).is_some() && is_known(with(&["registry"])),
        _ => false,
    };
    if let Some(uses) = step.get("uses").filter(|_| has_password) {
        let fields = vec![field("summary", uses.clone())];
        parts.publications.push(map(fields, uses.at.clone()));
    }
}

/// Notes an upload of the whole working tree while it still holds the token of a checkout.
pub(super) fn uploads(place: &Place<'_>, parts: &mut Parts) {
    let mut holds_token = false;
    for step in place.steps {
        let Some(action) = action_of(step) else { continue };
        let version =
            step.get("uses").and_then(Node::as_text).and_then(|uses| uses.split_once('@'));
        let version = version.map(|(_, version)| version).unwrap_or_default();
        if action == "actions/checkout" {
            let persists = dig(step, &["with", "persist-credentials"]);
            let is_elsewhere = dig(step, &["with", "path"]).is_some();
            // From v6 on the token lies outside of the working tree.
            let is_new = version.starts_with("v6");
            holds_token |= !persists.is_some_and(is_false) && !is_elsewhere && !is_new;
        }
        let path = dig(step, &["with", "path"]).filter(|path| is_whole_tree(path));
        if let Some(path) = path.filter(|_| holds_token && action == "actions/upload-artifact") {
            let hidden = dig(step, &["with", "include-hidden-files"]).is_some_and(is_true);
            // Hidden files are left out since v4.4, and v3.2 (of 2024).
            if hidden
                || ["v1", "v2", "v4.0", "v4.1", "v4.2", "v4.3"]
                    .iter()
                    .any(|old| is_of(version, old))
            {
                let fields = vec![field("summary", path.clone())];
                parts.uploads.push(map(fields, path.at.clone()));
            }
        }
    }
}
