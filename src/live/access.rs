//! `live/unauthenticated-operation`: what the description protects is answered to anyone.

use serde_json::Value;

use super::{
    audit::{Audit, Sighting, head},
    likeness::{has_substance, have_like_bodies, is_login_page, json, sketch},
    notes::{Notes, is_disturbance},
    survey::Baseline,
};
use crate::{
    rule::{Confidence, Rule},
    target::{Exchange, Request, SendError, random},
};

/// Judges each GET operation that the description protects.
pub(super) async fn look(audit: &Audit<'_>, rule: &Rule) -> Notes {
    if audit.survey.description.is_none() {
        return Notes::nothing("there is no API description: name it in `live.openapi`");
    }
    let is_protected = |baseline: &&Baseline| baseline.operation.is_protected == Some(true);
    let protected: Vec<&Baseline> = audit.survey.baselines.iter().filter(is_protected).collect();
    if protected.is_empty() {
        return Notes::nothing("the API description protects no GET operation");
    }
    let mut notes = Notes::default();
    let refusing = protected.iter().copied().find(|baseline| is_refused(&baseline.answer));
    for baseline in protected {
        let answer = &baseline.answer;
        if is_refused(answer) {
            notes.looked_at += 1;
        } else if answer.is_success() && !audit.survey.is_soft_404(answer) {
            judge(audit, rule, baseline, refusing, &mut notes).await;
        } else {
            let (name, reason) =
                (baseline.operation.name(), format!("its baseline is {}", answer.status));
            if is_disturbance(answer.status) {
                notes.disturbed(&name, &reason);
            } else {
                notes.inconclusive(&name, &reason);
            }
        }
    }
    notes
}

async fn judge(
    audit: &Audit<'_>,
    rule: &Rule,
    baseline: &Baseline,
    refusing: Option<&Baseline>,
    notes: &mut Notes,
) {
    let name = baseline.operation.name();
    // Once more: with rubbish for a token, and without one, on fresh answers.
    let (rubbish, again) =
        match (ask_with_rubbish(audit, baseline).await, ask(audit, baseline).await) {
            (Ok(rubbish), Ok(again)) => (rubbish, again),
            (Err(error), _) | (_, Err(error)) => {
                notes.failed(&name, &error);
                return;
            }
        };
    if !again.is_success() || !have_like_bodies(&again, &baseline.answer) {
        return notes.inconclusive(&name, "a second look did not show the same");
    }
    if !has_substance(&again) {
        return notes.inconclusive(&name, "it answers anyone with nothing in it");
    }
    notes.looked_at += 1;
    // The user's own answer is the best control: the same content shows that nothing was held back.
    let is_same_for_user = baseline
        .as_user
        .as_ref()
        .map(|answer| answer.is_success() && have_like_bodies(answer, &again));
    let can_refuse = refusing.is_some() || is_refused(&rubbish);
    let mut finding = audit.finding(sighting(rule, baseline, &again, &rubbish, refusing));
    finding.confidence = match (is_same_for_user, can_refuse) {
        (Some(true), _) | (None, true) => Confidence::High,
        (Some(false) | None, _) => Confidence::Medium,
    };
    notes.findings.push(finding);
}

fn sighting<'r>(
    rule: &'r Rule,
    baseline: &Baseline,
    answer: &Exchange,
    rubbish: &Exchange,
    refusing: Option<&Baseline>,
) -> Sighting<'r> {
    let operation = &baseline.operation;
    let message =
        format!("{}: {} answers {} to anyone", rule.title, operation.name(), answer.status);
    let shape = json(answer).map_or_else(
        || format!("{} bytes of {}", answer.body.len(), answer.media_type()),
        |document: Value| sketch(&document, 3),
    );
    let seen = format!("{}\n\n{shape}", head(answer, &["content-type"]));
    let sighting = Sighting::new(rule, answer, &operation.route, message)
        .of(operation)
        .proof("answer", seen)
        .proof("control", format!("{} # answers {}", rubbish.curl(), rubbish.status));
    match refusing {
        Some(other) => {
            let control = &other.answer;
            sighting.proof("control", format!("{} # answers {}", control.curl(), control.status))
        }
        None => sighting,
    }
}

/// Whether the target refuses anyone without credentials.
fn is_refused(answer: &Exchange) -> bool {
    matches!(answer.status, 401 | 403 | 407) || is_login_page(answer)
}

async fn ask(audit: &Audit<'_>, baseline: &Baseline) -> Result<Exchange, SendError> {
    audit.session.get(&baseline.path).await
}

async fn ask_with_rubbish(audit: &Audit<'_>, baseline: &Baseline) -> Result<Exchange, SendError> {
    let request = Request::get(&audit.session.path(&baseline.path))
        .header("authorization", &format!("Bearer {}", random::word()));
    audit.session.client.send(&request).await
}
