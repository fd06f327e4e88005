//! Probes against recorded answers: each finds what it is for, is silent on the safe twin, and says so when
//! it can not tell.

mod application;
mod hopeless;
mod probes;
mod safety;

use std::{fmt::Write as _, sync::atomic::AtomicBool, time::Duration};

use super::{
    LiveRequest, Spending, audit::Audit, login, probes as table, reach, run, session::Session,
    survey,
};
use crate::{
    deadline::Deadline,
    engines::secret::scanner::Scanner,
    finding::{Fact, Finding, Outcome, Ran, RepoPath},
    rule::{RuleId, RuleSet},
    target::{
        Budget, Client, Limits, Target,
        practice::{Practice, Reply, Seen},
    },
};

/// What a server answers.
type Answer = fn(&Seen) -> Reply;

static NEVER: AtomicBool = AtomicBool::new(false);

fn limits() -> Limits {
    Limits { timeout: Duration::from_secs(2), ..Limits::default() }
}

fn target(url: &str) -> Target {
    Target::new(url, limits()).expect("the practice server is on loopback")
}

fn request(target: &Target) -> LiveRequest<'_> {
    LiveRequest {
        target,
        budget: Spending { requests: 600, time: Duration::from_secs(30) },
        load: None,
        health: None,
        wait: Duration::from_millis(400),
        openapi: None,
        description: Some((RepoPath::new("openapi.yaml"), application::DESCRIPTION.to_owned())),
        is_production: false,
        is_tls_upstream: false,
        login: None,
        wanted: &|_| true,
        measure: true,
    }
}

fn deadline() -> Deadline<'static> {
    Deadline::after(Duration::from_mins(1), &NEVER)
}

/// Surveys the target and looks for one rule.
fn look_for(rule: &str, request: &LiveRequest<'_>) -> Outcome {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let id = RuleId::new(rule);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("the system grants a runtime").block_on(async {
        let budget = Budget::new(request.budget.requests, request.budget.time);
        let mut client = Client::new(request.target, budget, deadline());
        if let Some(login) = &request.login {
            client = client.with_login(&login.method, &login.path);
        }
        let session = Session::new(request, client, &scanner);
        let reached = reach::wait(&session).await.expect("the practice server answers");
        let (signed_in, _) = login::attempt(&session).await;
        let survey =
            survey::survey(&session, reached, &[], signed_in).await.expect("it still answers");
        let audit = Audit::new(session, survey, &rules);
        table::look(&audit, rules.get(&id).expect("the rule is built in"), &id).await
    })
}

/// The whole audit.
fn audit(request: &LiveRequest<'_>, facts: &[Fact]) -> Vec<Outcome> {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    run(request, &rules, &scanner, facts, &deadline())
}

fn findings(outcomes: &[Outcome]) -> Vec<&Finding> {
    outcomes.iter().flat_map(|outcome| &outcome.findings).collect()
}

/// Whether the outcome says that nothing can be said: no pass, no finding, a reason.
fn is_inconclusive(outcome: &Outcome) -> bool {
    let has_reason = matches!(&outcome.ran, Ran::Skipped(reason) | Ran::Partial(reason)
        if !reason.is_empty())
        || !outcome.gaps.is_empty();
    outcome.findings.is_empty()
        && has_reason
        && !(outcome.ran == Ran::Complete && outcome.gaps.is_empty())
}

fn all_text(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for finding in findings(outcomes) {
        let _ = writeln!(text, "{finding:?}");
    }
    for outcome in outcomes {
        let _ = writeln!(text, "{:?} {:?} {:?}", outcome.ran, outcome.gaps, outcome.measurements);
    }
    text
}

fn start(answer: Answer) -> Practice {
    Practice::start(answer)
}
