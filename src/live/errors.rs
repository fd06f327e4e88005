//! What the target tells when something goes wrong: `live/stack-trace` and `live/debug-page`.
//!
//! Bad input is sent once for both rules, in GET parameters only, and judged by what it adds to the
//! baseline of the same route.

use super::{
    audit::{Audit, Sighting, head},
    frames, markers,
    notes::{LIMITED, Notes},
    survey::Baseline,
};
use crate::{
    rule::Rule,
    target::{Exchange, Identity, Location, Operation, Request, SendError},
};

/// Most requests with bad input.
const MOST_BAD: usize = 240;
/// Requests with bad input between two heartbeats.
const PULSE: usize = 16;
/// Input that careless code does not expect, encoded: a quote, bytes that are not UTF-8, a number that no
/// integer holds.
const BAD_INPUT: &[&str] = &["%27", "%ff", "99999999999999999999"];
/// A word where a number belongs.
const WORD: &str = "abc";

/// The answer to one piece of bad input.
pub(super) struct BadAnswer {
    operation: Operation,
    parameter: String,
    request: Request,
    answer: Result<Exchange, SendError>,
    /// The answer to good input.
    control: Exchange,
}

/// Answers to bad input, and why there are no more of them.
#[derive(Default)]
pub(super) struct BadAnswers {
    answers: Vec<BadAnswer>,
    /// The target stopped answering.
    is_lost: bool,
    /// Pieces of bad input that were not sent.
    unasked: usize,
}

/// `live/stack-trace`.
pub(super) async fn stack_trace(audit: &Audit<'_>, rule: &Rule) -> Notes {
    let shows = |text: &str| match markers::find(text) {
        // A debug page is another rule's.
        Some(_) => None,
        None => {
            frames::find(text).map(|trace| (format!("a {} stack trace", trace.runtime), trace.at))
        }
    };
    let mut notes = Notes::default();
    judge_bad_answers(audit, rule, &shows, &mut notes).await;
    notes
}

/// `live/debug-page`.
pub(super) async fn debug_page(audit: &Audit<'_>, rule: &Rule) -> Notes {
    let everywhere = markers::find(&audit.survey.soft_404[0].text()).map(|(product, _)| product);
    // What every unknown path shows is said once.
    let shows = |text: &str| {
        markers::find(text)
            .filter(|(product, _)| Some(*product) != everywhere)
            .map(|(product, at)| (product.to_owned(), at))
    };
    let mut notes = Notes::default();
    judge_not_found(audit, rule, &mut notes);
    judge_bad_answers(audit, rule, &shows, &mut notes).await;
    ask_debug_routes(audit, rule, &mut notes).await;
    notes
}

/// What a text shows, and where in it.
type Shows<'a> = &'a dyn Fn(&str) -> Option<(String, usize)>;

async fn judge_bad_answers(audit: &Audit<'_>, rule: &Rule, shows: Shows<'_>, notes: &mut Notes) {
    let sent = audit.bad_answers.get_or_init(|| send_bad_input(audit)).await;
    sent.note_end(notes);
    let mut done = Vec::new();
    for bad in &sent.answers {
        let route = &bad.operation.route;
        let answer = match &bad.answer {
            Ok(answer) if answer.status == 429 => {
                notes.disturbed(route, LIMITED);
                continue;
            }
            Ok(answer) => answer,
            Err(error) => {
                notes.failed(route, error);
                continue;
            }
        };
        notes.looked_at += 1;
        let Some((what, _)) = shows(&answer.text()) else { continue };
        if done.contains(route) || shows(&bad.control.text()).is_some() {
            continue;
        }
        // Once more, before anything is said.
        match audit.session.client.send(&bad.request).await {
            Ok(again) if shows(&again.text()).is_some_and(|(same, _)| same == what) => {
                done.push(route.clone());
                let at = shows(&again.text()).map_or(0, |(_, at)| at);
                notes.findings.push(audit.finding(bad_sighting(
                    audit,
                    rule,
                    bad,
                    &again,
                    (&what, at),
                )));
            }
            Ok(_) => notes.inconclusive(route, "a second look did not show the same"),
            Err(error) => drop(notes.failed(route, &error)),
        }
    }
}

fn bad_sighting<'r>(
    audit: &Audit<'_>,
    rule: &'r Rule,
    bad: &BadAnswer,
    answer: &Exchange,
    (what, at): (&str, usize),
) -> Sighting<'r> {
    let message = format!(
        "GET {} answers bad input for `{}` with {what}",
        bad.operation.route, bad.parameter
    );
    Sighting::new(rule, answer, &bad.operation.route, message)
        .of(&bad.operation)
        .parameter(&bad.parameter)
        .proof(
            "answer",
            format!("{}\n\n{}", head(answer, &["content-type"]), audit.excerpt(answer, at)),
        )
        .proof("control", bad.control.curl())
}

/// The answer to a path that does not exist is where frameworks show their debug page first.
fn judge_not_found(audit: &Audit<'_>, rule: &Rule, notes: &mut Notes) {
    notes.looked_at += 1;
    let [first, second] = &audit.survey.soft_404;
    let (Some((product, at)), Some(_)) =
        (markers::find(&first.text()), markers::find(&second.text()))
    else {
        return;
    };
    let mut others = audit.survey.open().map(|baseline| &baseline.answer);
    if others.any(|answer| markers::find(&answer.text()).is_some()) {
        return notes.inconclusive("*", "good answers hold the marker as well");
    }
    let message = format!("a path that does not exist is answered with {product}");
    let mut sighting = Sighting::new(rule, first, "/{unknown}", message).proof(
        "answer",
        format!("{}\n\n{}", head(first, &["content-type"]), audit.excerpt(first, at)),
    );
    if let Some(control) = audit.survey.open().next() {
        sighting = sighting.proof("control", control.answer.curl());
    }
    notes.findings.push(audit.finding(sighting));
}

async fn ask_debug_routes(audit: &Audit<'_>, rule: &Rule, notes: &mut Notes) {
    for route in markers::DEBUG_ROUTES {
        let answer = match audit.session.get(route).await {
            Ok(answer) if answer.status == 429 => {
                notes.disturbed(route, LIMITED);
                continue;
            }
            Ok(answer) => answer,
            Err(error) if notes.failed(route, &error) => return,
            Err(_) => continue,
        };
        notes.looked_at += 1;
        let Some((product, at)) = markers::find(&answer.text()) else { continue };
        // If any unknown path shows the marker, this one shows nothing new.
        let control = &audit.survey.soft_404[0];
        if markers::find(&control.text()).is_some_and(|(known, _)| known == product) {
            continue;
        }
        let message = format!("GET {route} answers with {product}");
        let sighting = Sighting::new(rule, &answer, route, message)
            .proof(
                "answer",
                format!("{}\n\n{}", head(&answer, &["content-type"]), audit.excerpt(&answer, at)),
            )
            .proof("control", control.curl());
        notes.findings.push(audit.finding(sighting));
    }
}

impl BadAnswers {
    fn note_end(&self, notes: &mut Notes) {
        if self.is_lost {
            notes.stop("the target stopped answering bad input; it is left alone");
        } else if self.unasked > 0 {
            let reason = format!("only {MOST_BAD} are sent; {} more are not", self.unasked);
            notes.inconclusive("bad input", &reason);
        }
    }
}

/// Sends bad input for each parameter of each GET route that answers good input.
async fn send_bad_input(audit: &Audit<'_>) -> BadAnswers {
    let mut sent = BadAnswers::default();
    for baseline in &audit.survey.baselines {
        let Some((control, identity)) = good_answer(baseline) else { continue };
        for (parameter, input) in bad_inputs(&baseline.operation) {
            if sent.answers.len() >= MOST_BAD {
                sent.unasked += 1;
                continue;
            }
            if sent.answers.len() % PULSE == PULSE - 1 && !audit.has_pulse().await {
                sent.is_lost = true;
                return sent;
            }
            let path = match parameter.as_str() {
                "" => format!("{}?{input}", baseline.path),
                name => baseline.operation.path(Some((name, input))),
            };
            let request = Request::get(&audit.session.path(&path)).by(identity);
            let answer = audit.session.client.send(&request).await;
            let is_end = answer.as_ref().is_err_and(SendError::is_final);
            let parameter = if parameter.is_empty() { "the query".to_owned() } else { parameter };
            let control = control.clone();
            let operation = baseline.operation.clone();
            sent.answers.push(BadAnswer { operation, parameter, request, answer, control });
            if is_end {
                return sent;
            }
        }
    }
    sent
}

/// The answer to good input, and as whom it was had. A guessed id that does not exist is good enough.
fn good_answer(baseline: &Baseline) -> Option<(&Exchange, Identity)> {
    let is_good = |answer: &&Exchange| answer.is_success() || answer.status == 404;
    let anonymous = Some(&baseline.answer).filter(is_good);
    let as_user = || baseline.as_user.as_ref().filter(is_good);
    anonymous
        .map(|answer| (answer, Identity::Anonymous))
        .or_else(|| as_user().map(|answer| (answer, Identity::User)))
}

/// Parameter (empty for the query as a whole) and encoded input.
fn bad_inputs(operation: &Operation) -> Vec<(String, &'static str)> {
    let mut inputs = Vec::new();
    for parameter in &operation.parameters {
        if parameter.location == Location::Header {
            continue;
        }
        let words = parameter.is_number.then_some(WORD);
        let all = BAD_INPUT.iter().copied().chain(words);
        inputs.extend(all.map(|input| (parameter.name.clone(), input)));
    }
    if inputs.is_empty() {
        inputs.push((String::new(), "%ff=%27"));
    }
    inputs
}
