//! The live half of a run: which target may be audited, with what, and under which limits.

use std::time::Duration;

use anyhow::Context as _;

use super::{Inputs, Request, Surroundings};
use crate::{
    config::{Environment, LiveConfig, Login, TlsMode},
    deadline::Deadline,
    engines::secret::scanner::Scanner,
    finding::{Fact, Outcome, Ran, RepoPath, Secret},
    live::{self, LiveRequest, LoginBody, Spending},
    rule::{Kind, RuleId, RuleSet},
    sources::Tree,
    target::{Exclusions, Limits, Policy, Target, TargetError},
};

/// How long the target may take to answer for the first time.
const WAIT: Duration = Duration::from_secs(30);
/// Where an API description usually lies in a repository.
const DESCRIPTIONS: &[&str] = &[
    "openapi.json",
    "openapi.yaml",
    "openapi.yml",
    "swagger.json",
    "swagger.yaml",
    "api/openapi.yaml",
];

/// Whether there is a target, and whether it can be audited.
pub(super) enum Aim {
    /// None was named, or nothing live was asked for.
    None,
    /// It can not be reached; the rest of the audit goes on.
    Lost(String),
    /// It is there.
    At(Box<Target>),
}

/// The target of a run, if one may be audited.
pub(super) fn aim(request: &Request, inputs: &Inputs) -> anyhow::Result<Aim> {
    let asked = [Kind::Live, Kind::Performance].iter().any(|kind| request.kinds.contains(kind));
    if !asked {
        return Ok(Aim::None);
    }
    let Some(url) = url(request, inputs)? else { return Ok(Aim::None) };
    let live = &inputs.config.live;
    let exclusions = Exclusions::new(&live.exclude, &[]).map_err(anyhow::Error::msg);
    let limits = Limits {
        policy: Policy { writes: request.allow.writes, intrusive: request.allow.intrusive },
        exclusions: exclusions.context("use `live.exclude`")?,
        ..Limits::default()
    };
    match Target::new(&url, limits) {
        Ok(target) => Ok(Aim::At(Box::new(target))),
        Err(error @ TargetError::Resolve { .. }) => Ok(Aim::Lost(error.to_string())),
        // The URL itself is not repeated: it may hold credentials.
        Err(error) => Err(error).context("use the target"),
    }
}

/// The URL of the command line, or that of the configuration if its host is listed there.
fn url(request: &Request, inputs: &Inputs) -> anyhow::Result<Option<String>> {
    if request.target.is_some() {
        return Ok(request.target.clone());
    }
    let config = &inputs.config.target;
    let Some(url) = &config.url else { return Ok(None) };
    let parsed = url::Url::parse(url).with_context(|| format!("use `target.url: {url}`"))?;
    let host = parsed.host_str().unwrap_or_default();
    let listed = config.hosts.iter().any(|pattern| host_matches(pattern, host));
    anyhow::ensure!(
        listed,
        "audit `{url}`: its host is not listed under `target.hosts`; list it, or name it by --target"
    );
    Ok(Some(url.clone()))
}

/// `*.example.com` stands for every subdomain, and not for the domain itself.
fn host_matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => {
            host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        }
        None => pattern.eq_ignore_ascii_case(host),
    }
}

/// What the live half needs from the rest of the run.
pub(super) struct Half<'a> {
    pub(super) tree: &'a Tree,
    pub(super) inputs: &'a Inputs,
    pub(super) request: &'a Request,
    pub(super) scanner: &'a Scanner,
    pub(super) facts: &'a [Fact],
}

impl Half<'_> {
    /// Audits the target.
    pub(super) fn audit(
        &self,
        target: &Target,
        surroundings: &Surroundings<'_>,
        deadline: &Deadline<'_>,
    ) -> Vec<Outcome> {
        let config = &self.inputs.config.live;
        let login = config.login.as_ref().map(|login| credentials(login, surroundings));
        let login = match login.transpose() {
            Ok(login) => login,
            Err(error) => return vec![lost(&self.inputs.asked, format!("{error:#}"))],
        };
        let load = self.inputs.config.load;
        let description = self.description();
        let on_target = config.openapi.clone().filter(|_| description.is_none());
        let request = LiveRequest {
            target,
            budget: spending(config.budget.requests, config.budget.seconds),
            load: self.request.allow.load.then(|| spending(load.requests, load.seconds)),
            health: config.health.clone(),
            wait: WAIT.min(deadline.remaining()),
            openapi: on_target,
            description,
            is_production: config.environment == Environment::Production,
            is_tls_upstream: config.tls == TlsMode::TerminatedUpstream,
            login: self.request.login.clone().or(login),
            wanted: &|id| id.kind().is_some_and(|kind| self.request.kinds.contains(&kind)),
            measure: self.request.kinds.contains(&Kind::Performance),
        };
        live::run(&request, &self.inputs.asked, self.scanner, self.facts, deadline)
    }

    /// The API description of the tree: the configured one, else one at a usual place.
    pub(super) fn description(&self) -> Option<(RepoPath, String)> {
        let configured = configured_path(&self.inputs.config.live);
        let names = configured.into_iter().chain(DESCRIPTIONS.iter().copied());
        let entry = names.into_iter().find_map(|name| self.tree.find(name))?;
        let file = self.tree.read(entry).ok()?;
        Some((entry.path.clone(), file.text().to_owned()))
    }
}

/// What stands for all live rules when none of them could look.
pub(super) fn lost(rules: &RuleSet, reason: String) -> Outcome {
    let live = rules.slots().iter().filter(|slot| slot.id.starts_with("live/"));
    let ids = live.map(|slot| RuleId::new(&slot.id)).collect();
    Outcome::new("live/target", ids, Ran::Failed(reason))
}

fn configured_path(config: &LiveConfig) -> Option<&str> {
    config.openapi.as_deref().map(|path| path.trim_start_matches("./"))
}

const fn spending(requests: u32, seconds: u64) -> Spending {
    Spending { requests, time: Duration::from_secs(seconds) }
}

/// The login with its credentials, which stand in the environment and never in a file.
fn credentials(login: &Login, surroundings: &Surroundings<'_>) -> anyhow::Result<live::Login> {
    let secret = |name: &str| {
        let value = (surroundings.variable)(name).filter(|value| !value.is_empty());
        let value = value.with_context(|| format!("log in: the variable `{name}` is not set"))?;
        anyhow::Ok(Secret::new(value.as_bytes()))
    };
    let body = match (&login.request.json, &login.request.form) {
        (Some(json), _) => LoginBody::Json(serde_json::to_value(json)?),
        (None, Some(form)) => LoginBody::Form(form.clone().into_iter().collect()),
        (None, None) => anyhow::bail!("log in: `live.login.request` needs `json` or `form`"),
    };
    Ok(live::Login {
        method: login.request.method.clone(),
        path: login.request.path.clone(),
        body,
        token: login.token.clone(),
        username: secret(&login.username_env)?,
        password: secret(&login.password_env)?,
    })
}

#[cfg(test)]
mod tests {
    use super::host_matches;

    #[test]
    fn a_star_stands_for_subdomains_only() {
        assert!(host_matches("*.preview.example.com", "pr-7.preview.example.com"));
        assert!(!host_matches("*.preview.example.com", "preview.example.com"));
        assert!(!host_matches("*.preview.example.com", "evilpreview.example.com"));
        assert!(!host_matches("preview.example.com", "preview.example.com.evil.example"));
    }
}
