//! The probes, in turn: those that are data, and those in Rust, each between two heartbeats.

use super::{
    access, audit::Audit, cookies, cors, documents, env_file, errors, handshake, health, listing,
    methods, notes::Notes, rule_ids, steps, transport,
};
use crate::{
    finding::{Outcome, Ran},
    rule::{Matcher, Rule, RuleId, RuleSet},
};

/// Looks for every live rule that is wanted: one outcome each.
pub(super) async fn run(audit: &Audit<'_>, rules: &RuleSet) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut stopped: Option<String> = None;
    for id in rule_ids(audit.session.request, rules) {
        let Some(rule) = audit.rules.get(&id) else { continue };
        if stopped.is_none() && !audit.has_pulse().await {
            stopped = Some("the target stopped answering; it is left alone".to_owned());
        }
        let outcome = match &stopped {
            Some(reason) => {
                Outcome::new(id.as_str(), vec![id.clone()], Ran::Partial(reason.clone()))
            }
            None => look(audit, rule, &id).await,
        };
        outcomes.push(outcome);
    }
    outcomes
}

/// Looks for one rule.
pub(super) async fn look(audit: &Audit<'_>, rule: &Rule, id: &RuleId) -> Outcome {
    let notes = match &rule.matcher {
        Matcher::Probe(probe) => steps::look(audit, rule, probe).await,
        Matcher::Builtin(name) => {
            let Some(notes) = built_in(audit, rule, name).await else {
                let ran = Ran::Failed(format!("there is no probe `{name}`"));
                return Outcome::new(id.as_str(), vec![id.clone()], ran);
            };
            notes
        }
        Matcher::Secret(_) | Matcher::Code(_) | Matcher::Document(_) => {
            Notes::nothing("a rule of the kind `live` needs `probe`")
        }
    };
    notes.outcome(id)
}

async fn built_in(audit: &Audit<'_>, rule: &Rule, name: &str) -> Option<Notes> {
    Some(match name {
        "health" => health::look(audit, rule),
        "https-redirect" => transport::redirect(audit, rule).await,
        "certificate" => transport::certificate(audit, rule),
        "legacy-tls" => handshake::look(audit, rule).await,
        "cookie-secure" => cookies::look(audit, rule, cookies::Flag::Secure),
        "cookie-http-only" => cookies::look(audit, rule, cookies::Flag::HttpOnly),
        "cookie-same-site" => cookies::look(audit, rule, cookies::Flag::SameSite),
        "cors-reflected-origin" => cors::look(audit, rule, cors::Flaw::Reflected).await,
        "cors-null-origin" => cors::look(audit, rule, cors::Flaw::Null).await,
        "cors-wildcard-credentials" => cors::look(audit, rule, cors::Flaw::Wildcard).await,
        "undocumented-method" => methods::look(audit, rule).await,
        "api-description" => documents::look(audit, rule),
        "stack-trace" => errors::stack_trace(audit, rule).await,
        "debug-page" => errors::debug_page(audit, rule).await,
        "directory-listing" => listing::look(audit, rule).await,
        "env-file" => env_file::look(audit, rule).await,
        "unauthenticated-operation" => access::look(audit, rule).await,
        _ => return None,
    })
}
