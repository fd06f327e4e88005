//! The live half: what a running deployment shows of itself.
//!
//! Synchronous outside, tokio inside. First the target is reached and surveyed (what it answers, what it
//! offers), then probes look, each with a control, then latency is measured. Probes and load never
//! overlap. A target that can not be told good from bad gets no finding and no pass.

mod access;
mod audit;
mod cookies;
mod cors;
mod documents;
mod env_file;
mod errors;
mod frames;
mod handshake;
mod health;
mod latency;
pub mod likeness;
mod listing;
mod load;
mod login;
mod markers;
mod methods;
mod notes;
mod probes;
mod quantile;
mod reach;
mod session;
mod steps;
mod survey;
#[cfg(test)]
mod tests;
mod together;
mod transport;

use std::{
    panic::{self, AssertUnwindSafe},
    time::Duration,
};

pub use login::{Login, LoginBody};

use crate::{
    deadline::Deadline,
    engines::secret::scanner::Scanner,
    finding::{Fact, Outcome, Ran, RepoPath},
    rule::{RuleId, RuleSet},
    target::{Budget, Client, Target},
};
use audit::Audit;
use session::Session;

/// What a live audit looks at, and what it may spend.
pub struct LiveRequest<'a> {
    /// The target, with its policy and its exclusions.
    pub target: &'a Target,
    /// Budget of everything but load.
    pub budget: Spending,
    /// Budget of the load, if load was asked for.
    pub load: Option<Spending>,
    /// Path that says whether the application is well; `None` tries the usual ones.
    pub health: Option<String>,
    /// Longest wait for the target to answer at all.
    pub wait: Duration,
    /// Path of the API description on the target; `None` tries the usual ones.
    pub openapi: Option<String>,
    /// The API description of the repository: its file and text.
    pub description: Option<(RepoPath, String)>,
    /// Whether the target is what the public uses.
    pub is_production: bool,
    /// Whether a proxy before the target ends TLS, so that plain HTTP here says nothing.
    pub is_tls_upstream: bool,
    /// How to log in.
    pub login: Option<Login>,
    /// The rules that were asked for; nothing is sent for others.
    pub wanted: &'a dyn Fn(&RuleId) -> bool,
    /// Whether latency, and what load shows, is asked for.
    pub measure: bool,
}

/// Requests and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spending {
    /// Most requests.
    pub requests: u32,
    /// Most time.
    pub time: Duration,
}

impl Spending {
    /// What probes may spend unless the configuration says otherwise.
    pub const PROBES: Self = Self { requests: 1_500, time: Duration::from_secs(90) };
    /// What load may spend unless the configuration says otherwise.
    pub const LOAD: Self = Self { requests: 20_000, time: Duration::from_mins(1) };
}

/// Audits what runs at the target: one outcome for each live rule that is wanted, and those of the survey,
/// the login and the measurements.
pub fn run(
    request: &LiveRequest<'_>,
    rules: &RuleSet,
    scanner: &Scanner,
    facts: &[Fact],
    deadline: &Deadline<'_>,
) -> Vec<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => {
            let audit = || runtime.block_on(look(request, rules, scanner, facts, deadline));
            // Nothing of the audit is looked at again after a fault in it.
            panic::catch_unwind(AssertUnwindSafe(audit)).unwrap_or_else(|_| {
                nothing(request, rules, &Ran::Failed("an internal fault".to_owned()))
            })
        }
        Err(error) => nothing(request, rules, &Ran::Failed(format!("start the runtime: {error}"))),
    }
}

async fn look(
    request: &LiveRequest<'_>,
    rules: &RuleSet,
    scanner: &Scanner,
    facts: &[Fact],
    deadline: &Deadline<'_>,
) -> Vec<Outcome> {
    // Waiting for the target does not take from the time for looking at it, nor add to it.
    let budget =
        Budget::new(request.budget.requests, request.budget.time.saturating_add(request.wait));
    let mut client = Client::new(request.target, budget, *deadline);
    if let Some(login) = &request.login {
        client = client.with_login(&login.method, &request.target.path_of(&login.path));
    }
    let mut session = Session::new(request, client, scanner);
    let reached = match reach::wait(&session).await {
        Ok(reached) => reached,
        Err(reason) => return nothing(request, rules, &Ran::Failed(reason)),
    };
    session.client.end_after(request.budget.time);
    let (signed_in, login_outcome) = login::attempt(&session).await;
    let survey = match survey::survey(&session, reached, facts, signed_in).await {
        Ok(survey) => survey,
        Err(reason) => return nothing(request, rules, &Ran::Failed(reason)),
    };
    let mut outcomes: Vec<Outcome> = login_outcome.into_iter().collect();
    outcomes.push(survey.outcome());
    let audit = Audit::new(session, survey, rules);
    outcomes.extend(probes::run(&audit, rules).await);
    if request.measure {
        outcomes.push(measure(&audit, deadline).await);
    }
    outcomes
}

/// Measures what the target has time for: under load if that was asked for.
async fn measure(audit: &Audit<'_>, deadline: &Deadline<'_>) -> Outcome {
    match audit.session.request.load {
        _ if !audit.has_pulse().await => {
            let reason = "the target stopped answering; it is left alone".to_owned();
            Outcome::new(latency::NAME, Vec::new(), Ran::Partial(reason))
        }
        Some(spending) => load::measure(audit, spending, deadline).await,
        None => latency::measure(audit).await,
    }
}

/// The ids of the live rules that are wanted, in their order.
fn rule_ids<'a>(
    request: &'a LiveRequest<'_>,
    rules: &'a RuleSet,
) -> impl Iterator<Item = RuleId> + use<'a> {
    let live = rules.slots().iter().filter(|slot| slot.id.starts_with("live/"));
    live.map(|slot| RuleId::new(&slot.id)).filter(|id| (request.wanted)(id))
}

/// Why nothing that was asked for could be looked at.
fn nothing(request: &LiveRequest<'_>, rules: &RuleSet, ran: &Ran) -> Vec<Outcome> {
    let measured = request.measure.then(|| Outcome::new(latency::NAME, Vec::new(), ran.clone()));
    rule_ids(request, rules)
        .map(|id| Outcome::new(id.as_str(), vec![id.clone()], ran.clone()))
        .chain(measured)
        .collect()
}
