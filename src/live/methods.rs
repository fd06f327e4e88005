//! `live/undocumented-method`: methods that the description does not list, or that no standard knows.

use std::collections::BTreeSet;

use super::{
    audit::{Audit, Sighting, head, list},
    likeness::{has_substance, have_like_bodies, is_login_page},
    notes::{LIMITED, Notes},
    survey::Baseline,
};
use crate::{
    rule::{Rule, Severity},
    target::{Exchange, Request, SendError, UNKNOWN_METHOD, random},
};

/// Methods that change state and that a description must therefore name.
const WRITING: &[&str] = &["POST", "PUT", "PATCH", "DELETE"];
/// From so many routes on, a list that is the same for all is one of the framework, not of the route.
const ENOUGH_TO_COMPARE: usize = 3;

/// What one route answers to the unknown method and to OPTIONS.
struct Asked<'a> {
    baseline: &'a Baseline,
    unknown: Exchange,
    allowing: Option<Exchange>,
    allowed: BTreeSet<String>,
}

/// Asks each open route with the unknown method and with OPTIONS. Nothing that writes is sent.
pub(super) async fn look(audit: &Audit<'_>, rule: &Rule) -> Notes {
    let mut notes = Notes::default();
    let nowhere = audit.session.path(&format!("/{}", random::word()));
    match audit.session.client.send(&Request::new(UNKNOWN_METHOD, &nowhere)).await {
        Ok(answer) if answer.is_success() => {
            notes.inconclusive("*", "an unknown method of an unknown path is answered with 2xx");
            return notes;
        }
        Ok(_) => {}
        Err(error) => {
            notes.failed("*", &error);
            return notes;
        }
    }
    let mut asked = Vec::new();
    for baseline in audit.survey.open() {
        match ask(audit, baseline).await {
            Ok(answers) if answers.unknown.status == 429 => {
                notes.disturbed(&baseline.operation.route, LIMITED);
            }
            Ok(answers) => {
                notes.looked_at += 1;
                asked.push(answers);
            }
            Err(error) if notes.failed(&baseline.operation.route, &error) => break,
            Err(_) => {}
        }
    }
    if let Err(error) = go_round(audit, rule, &mut notes).await {
        notes.failed("*", &error);
    }
    unknown_method(audit, rule, &asked, &mut notes);
    undocumented(audit, rule, &asked, &mut notes);
    notes
}

async fn ask<'a>(audit: &Audit<'_>, baseline: &'a Baseline) -> Result<Asked<'a>, SendError> {
    let path = audit.session.path(&baseline.path);
    let client = &audit.session.client;
    let unknown = client.send(&Request::new(UNKNOWN_METHOD, &path)).await?;
    let options = client.send(&Request::new("OPTIONS", &path)).await?;
    // A refusal must name what is allowed (RFC 9110, section 15.5.6); OPTIONS may.
    let allowing =
        [options, unknown.clone()].into_iter().find(|answer| !allowed(answer).is_empty());
    let allowed = allowing.as_ref().map(allowed).unwrap_or_default();
    Ok(Asked { baseline, unknown, allowing, allowed })
}

fn allowed(answer: &Exchange) -> BTreeSet<String> {
    let values = answer.header_values("allow").flat_map(|value| value.split(','));
    values
        .map(|method| method.trim().to_ascii_uppercase())
        .filter(|method| !method.is_empty())
        .collect()
}

fn unknown_method(audit: &Audit<'_>, rule: &Rule, asked: &[Asked<'_>], notes: &mut Notes) {
    let is_answered = |asked: &&Asked<'_>| {
        asked.unknown.is_success() && have_like_bodies(&asked.unknown, &asked.baseline.answer)
    };
    let answered: Vec<_> = asked.iter().filter(is_answered).collect();
    let Some(first) = answered.first() else { return };
    let routes: Vec<&str> =
        answered.iter().map(|asked| asked.baseline.operation.route.as_str()).collect();
    let message =
        format!("a method that no standard knows is answered like GET: {}", list(&routes));
    let mut sighting =
        Sighting::new(rule, &first.unknown, &first.baseline.operation.route, message)
            .of(&first.baseline.operation)
            .proof("answer", head(&first.unknown, &["allow", "content-type"]))
            .proof("control", first.baseline.answer.curl());
    sighting.is_everywhere = true;
    // Anyone may read these routes by GET as well.
    sighting.severity = Some(Severity::Low);
    notes.findings.push(audit.finding(sighting));
}

/// Asks routes that refuse GET with the unknown method: rules on access may be written for GET alone.
async fn go_round(audit: &Audit<'_>, rule: &Rule, notes: &mut Notes) -> Result<(), SendError> {
    let refusing = audit.survey.baselines.iter().filter(|known| {
        matches!(known.answer.status, 401 | 403) && !audit.survey.is_soft_404(&known.answer)
    });
    for baseline in refusing {
        let request = Request::new(UNKNOWN_METHOD, &audit.session.path(&baseline.path));
        let answer = audit.session.client.send(&request).await?;
        notes.looked_at += 1;
        if !answer.is_success() || !has_substance(&answer) || is_login_page(&answer) {
            continue;
        }
        let again = audit.session.client.send(&request).await?;
        let control = audit.session.get(&baseline.path).await?;
        if !again.is_success() || control.is_success() {
            notes.inconclusive(&baseline.operation.route, "a second look did not show the same");
            continue;
        }
        let route = &baseline.operation.route;
        let message = format!("{route} refuses GET and answers a method that no standard knows");
        let mut sighting = Sighting::new(rule, &again, route, message)
            .of(&baseline.operation)
            .proof("answer", head(&again, &["allow", "content-type"]))
            .proof("control", format!("{} # answers {}", control.curl(), control.status));
        sighting.severity = Some(Severity::High);
        notes.findings.push(audit.finding(sighting));
    }
    Ok(())
}

fn undocumented(audit: &Audit<'_>, rule: &Rule, asked: &[Asked<'_>], notes: &mut Notes) {
    let Some(description) = &audit.survey.description else { return };
    let lists: BTreeSet<_> = with_list(asked).map(|asked| &asked.allowed).collect();
    let is_one_for_all = lists.len() == 1 && with_list(asked).count() >= ENOUGH_TO_COMPARE;
    for asked in with_list(asked).filter(|asked| asked.baseline.operation.is_documented) {
        let operation = &asked.baseline.operation;
        let documented = description.methods(&operation.route);
        let is_hidden =
            |method: &&str| asked.allowed.contains(*method) && !documented.contains(method);
        let more: Vec<&str> = WRITING.iter().copied().filter(is_hidden).collect();
        let (false, Some(answer)) = (more.is_empty(), &asked.allowing) else { continue };
        if is_one_for_all {
            return notes.inconclusive("*", "every route names the same list of allowed methods");
        }
        let methods = more.join(", ");
        let message = format!(
            "{} allows {methods}, which the API description does not name",
            operation.route
        );
        let sighting = Sighting::new(rule, answer, &operation.route, message)
            .of(operation)
            .parameter(&methods)
            .proof("answer", head(answer, &["allow"]))
            .proof("control", asked.baseline.answer.curl());
        notes.findings.push(audit.finding(sighting));
    }
}

/// The routes of which an answer has named the allowed methods.
fn with_list<'a, 'b>(asked: &'b [Asked<'a>]) -> impl Iterator<Item = &'b Asked<'a>> {
    asked.iter().filter(|asked| !asked.allowed.is_empty())
}
