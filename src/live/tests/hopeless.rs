//! Targets of which nothing can be concluded: no finding, no pass, and the reason.

use std::time::{Duration, Instant};

use super::{Answer, application::json, audit, findings, limits, request};
use crate::{
    finding::{Outcome, Ran},
    target::{
        Limits, Target,
        practice::{Practice, Reply},
    },
};

const LOGIN_PAGE: &str = "<!doctype html><html><form method=post><input name=user><input type=\"password\"></form></html>";

fn reasons(outcomes: &[Outcome]) -> Vec<String> {
    let mut reasons: Vec<String> = outcomes
        .iter()
        .filter_map(|outcome| match &outcome.ran {
            Ran::Failed(reason) | Ran::Partial(reason) => Some(reason.clone()),
            Ran::Complete | Ran::Skipped(_) => None,
        })
        .collect();
    reasons.dedup();
    reasons
}

fn look(answer: Answer) -> (Vec<Outcome>, Duration) {
    let server = Practice::start(answer);
    let hasty = Limits { timeout: Duration::from_millis(400), ..limits() };
    let target = Target::new(&server.url(), hasty).expect("the practice server is on loopback");
    let started = Instant::now();
    (audit(&request(&target), &[]), started.elapsed())
}

#[test]
fn a_target_that_answers_everything_alike_is_neither_clean_nor_guilty() {
    let targets: &[(&str, Answer)] = &[
        ("answers 200 even to", |_| Reply::new(200, "text/html", "<html>welcome</html>")),
        ("answers 200 even to", |seen| json(200, &format!("{{\"you\":\"{}\"}}", seen.path))),
        ("answers 200 even to", |_| Reply::new(200, "text/html", LOGIN_PAGE)),
        ("every request with 302", |_| json(302, "").with("location", "/login")),
        ("every request with 401", |_| json(401, "{}")),
        ("every request with 403", |_| Reply::new(403, "text/html", "<html>blocked</html>")),
        ("every request with 404", |_| json(404, "{}")),
        ("every request with 429", |_| json(429, "{}")),
        ("every request with 500", |_| Reply::new(500, "text/plain", "oops")),
        ("not HTTP", |_| Reply::Raw(b"\x16\x03\x01garbage\r\n\r\n".to_vec())),
        ("connection was closed", |_| Reply::Raw(Vec::new())),
        ("no answer in time", |_| {
            Reply::Endless(b"HTTP/1.1 2".to_vec(), Vec::new(), Duration::from_millis(50))
        }),
        ("target not reached", |_| {
            Reply::Endless(b"HTTP/1.1 200 X\r\na: ".to_vec(), vec![b'a'; 65_536], Duration::ZERO)
        }),
    ];
    for (reason, answer) in targets {
        let (outcomes, took) = look(*answer);
        assert!(findings(&outcomes).is_empty(), "{reason}: {:?}", findings(&outcomes));
        assert!(outcomes.iter().all(|outcome| outcome.ran != Ran::Complete), "{reason}");
        let reasons = reasons(&outcomes);
        assert!(reasons.len() == 1 && reasons[0].contains(reason), "{reason}: {reasons:?}");
        assert!(took < Duration::from_secs(8), "{reason}: {took:?}");
    }
}

#[test]
fn a_target_that_is_not_there_is_not_reached() {
    let server = Practice::start(|_| json(200, "{}"));
    let url = server.url();
    drop(server);
    let target = Target::new(&url, limits()).unwrap();
    let outcomes = audit(&request(&target), &[]);
    assert!(outcomes.len() > 20);
    for outcome in outcomes {
        assert!(
            matches!(&outcome.ran, Ran::Failed(reason) if reason.starts_with("target not reached: ")),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_body_without_end_is_cut_and_the_audit_ends() {
    let (outcomes, took) = look(|_| {
        Reply::Endless(b"HTTP/1.1 200 X\r\n\r\n".to_vec(), vec![b'a'; 65_536], Duration::ZERO)
    });
    assert!(findings(&outcomes).is_empty() && took < Duration::from_secs(10), "{took:?}");
}
