//! Which foreign pages may read answers: reflected origins, the origin `null`, wildcards with credentials.

use super::{
    audit::{Audit, Sighting, head, list},
    notes::{LIMITED, Notes},
    survey::Baseline,
};
use crate::{
    rule::{Rule, Severity},
    target::{Exchange, Request, SendError, random},
};

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const ALLOW_CREDENTIALS: &str = "access-control-allow-credentials";
/// Routes that are asked at most; one policy mostly serves them all.
const MOST_ROUTES: usize = 40;

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Any origin is allowed by name.
    Reflected,
    /// The origin `null`, which any sandboxed frame has, is allowed.
    Null,
    /// `*` together with credentials.
    Wildcard,
}

/// A route with the flaw: the probe, its control, and whether credentials are allowed.
struct Seen<'a> {
    baseline: &'a Baseline,
    probe: Exchange,
    control: Exchange,
    with_credentials: bool,
}

/// Asks each open route as a foreign page would. One finding names all routes with the flaw.
pub(super) async fn look(audit: &Audit<'_>, rule: &Rule, flaw: Flaw) -> Notes {
    let mut notes = Notes::default();
    let mut seen: Vec<Seen<'_>> = Vec::new();
    for baseline in audit.survey.open().take(MOST_ROUTES) {
        match ask(audit, baseline, flaw).await {
            Ok(Some(found)) => {
                notes.looked_at += 1;
                seen.push(found);
            }
            Ok(None) => notes.looked_at += 1,
            Err(error) if notes.failed(&baseline.operation.route, &error) => break,
            Err(_) => {}
        }
    }
    let more = audit.survey.open().count().saturating_sub(MOST_ROUTES);
    if more > 0 {
        let reason = format!("only the first {MOST_ROUTES} routes are asked; {more} are not");
        notes.inconclusive("CORS", &reason);
    }
    // The one that allows credentials speaks for all.
    let Some(first) = seen.iter().find(|found| found.with_credentials).or(seen.first()) else {
        return notes;
    };
    let routes: Vec<&str> =
        seen.iter().map(|found| found.baseline.operation.route.as_str()).collect();
    notes.findings.push(audit.finding(sighting(rule, first, &routes)));
    notes
}

fn sighting<'r>(rule: &'r Rule, found: &Seen<'_>, routes: &[&str]) -> Sighting<'r> {
    let credentials =
        if found.with_credentials { "with credentials" } else { "without credentials" };
    let message = format!("{} ({credentials}): {}", rule.title, list(routes));
    let route = &found.baseline.operation.route;
    let mut sighting = Sighting::new(rule, &found.probe, route, message)
        .of(&found.baseline.operation)
        .parameter("Origin")
        .proof("answer", head(&found.probe, &[ALLOW_ORIGIN, ALLOW_CREDENTIALS, "vary"]))
        .proof("control", found.control.curl())
        .proof("control answer", head(&found.control, &[ALLOW_ORIGIN, ALLOW_CREDENTIALS]));
    sighting.is_everywhere = true;
    // Without credentials a foreign page reads no more than anyone can.
    sighting.severity = (!found.with_credentials).then_some(Severity::Low);
    sighting
}

async fn ask<'a>(
    audit: &Audit<'_>,
    baseline: &'a Baseline,
    flaw: Flaw,
) -> Result<Option<Seen<'a>>, SendError> {
    let origin = match flaw {
        Flaw::Null => "null".to_owned(),
        Flaw::Reflected | Flaw::Wildcard => foreign_origin(),
    };
    let probe = send(audit, baseline, &origin).await?;
    if !shows(&probe, &origin, flaw) {
        return Ok(None);
    }
    // Again with fresh randomness: a second origin that nobody can have listed.
    let second = if flaw == Flaw::Null { origin } else { foreign_origin() };
    let control = send(audit, baseline, &second).await?;
    let with_credentials = allows_credentials(&probe) && allows_credentials(&control);
    Ok(shows(&control, &second, flaw).then_some(Seen {
        baseline,
        probe,
        control,
        with_credentials,
    }))
}

async fn send(audit: &Audit<'_>, baseline: &Baseline, origin: &str) -> Result<Exchange, SendError> {
    let path = audit.session.path(&baseline.path);
    let request = Request::get(&path).header("origin", origin);
    let answer = audit.session.client.send(&request).await?;
    if answer.status == 429 {
        return Err(SendError::Failed(LIMITED.to_owned()));
    }
    Ok(answer)
}

fn foreign_origin() -> String {
    format!("https://{}.invalid", random::word())
}

fn shows(answer: &Exchange, origin: &str, flaw: Flaw) -> bool {
    let allowed = answer.header(ALLOW_ORIGIN).map(str::trim);
    match flaw {
        Flaw::Reflected | Flaw::Null => allowed == Some(origin),
        Flaw::Wildcard => allowed == Some("*") && allows_credentials(answer),
    }
}

fn allows_credentials(answer: &Exchange) -> bool {
    answer.header(ALLOW_CREDENTIALS).is_some_and(|value| value.trim() == "true")
}
