//! Asking, against a server on loopback that stands for all vendors.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::*;
use crate::{
    finding::Place,
    rule::verify::{Method, RecordedAnswer, Signs},
    target::practice::{AUTHORITY, Practice, Reply, Seen},
};

static NEVER: AtomicBool = AtomicBool::new(false);

/// A way to ask, as rules have it.
pub(super) fn verify() -> Verify {
    let signs = |status| Signs { status: vec![status], body: None };
    let answer = |status, means| RecordedAnswer { status, body: String::new(), means };
    Verify {
        method: Method::Get,
        url: "https://api.vendor.example/v1/me".to_owned(),
        headers: [("Authorization".to_owned(), "Bearer {secret}".to_owned())].into(),
        basic: None,
        body: None,
        live: signs(200),
        dead: Some(signs(401)),
        answers: vec![answer(200, Life::Live), answer(401, Life::Dead)],
    }
}

const TOKEN: &str = "secret/asana-access-token";
const PAIR: &str = "secret/browserstack-access-key";
const FORM: &str = "secret/maxmind-license-key";

fn loopback(server: &Practice) -> Way {
    Way::Loopback { port: server.address.port(), authority: None }
}

fn finding(rule: &str, fingerprint: &str) -> Finding {
    Finding {
        rule: RuleId::new(rule),
        severity: Severity::Critical,
        confidence: Confidence::Medium,
        tier: Tier::Warning,
        place: Place::Repository { at: None },
        related: Vec::new(),
        flow: Vec::new(),
        message: Quoted::own("a credential"),
        evidence: Vec::new(),
        verification: None,
        fix: None,
        fingerprint: Fingerprint::of(&[fingerprint]),
    }
}

/// An outcome with a finding for each rule, value and other half.
fn outcome(credentials: &[(&str, &str, Option<&str>)]) -> Outcome {
    let mut outcome = Outcome::new("secrets/files", Vec::new(), crate::finding::Ran::Complete);
    for (at, (rule, secret, partner)) in credentials.iter().enumerate() {
        let finding = finding(rule, &at.to_string());
        outcome.facts.push(Fact::Credential(CredentialFact {
            rule: finding.rule.clone(),
            secret: Secret::new(secret.as_bytes()),
            partner: partner.map(|partner| Secret::new(partner.as_bytes())),
            fingerprint: finding.fingerprint.clone(),
        }));
        outcome.findings.push(finding);
    }
    outcome
}

/// Asks, and returns the findings, the notices and what was announced.
fn asked(
    credentials: &[(&str, &str, Option<&str>)],
    way: &Way,
    deadline: &Deadline<'_>,
) -> (Vec<Finding>, Vec<String>, Vec<String>) {
    let mut outcomes = [outcome(credentials)];
    let announced = Mutex::new(Vec::new());
    let announce = |count: usize, hosts: &str| {
        announced.lock().expect("nobody panicked").push(format!("{count} to {hosts}"));
    };
    let (rules, wanted) = (RuleSet::baked(), |_: &Finding| true);
    let verification =
        Verification { rules: &rules, wanted: &wanted, way, announce: &announce, deadline };
    let notices = verification.run(&mut outcomes);
    let [outcome] = outcomes;
    (outcome.findings, notices, announced.into_inner().expect("nobody panicked"))
}

fn soon() -> Deadline<'static> {
    Deadline::after(Duration::from_secs(20), &NEVER)
}

fn lives(findings: &[Finding]) -> Vec<Option<Life>> {
    findings.iter().map(|finding| finding.verification).collect()
}

fn empty(status: u16) -> Reply {
    Reply::new(status, "application/json", "{}")
}

#[test]
fn a_token_travels_in_its_header_and_nothing_else_does() {
    let server = Practice::start(|_| empty(200).with("set-cookie", "a=1"));
    let (findings, notices, announced) =
        asked(&[(TOKEN, "2/0/value", None)], &loopback(&server), &soon());
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("GET", "/api/1.0/users/me"));
    assert_eq!(seen[0].header("authorization"), Some("Bearer 2/0/value"));
    assert_eq!(seen[0].header("host"), Some("app.asana.com"));
    assert_eq!((seen[0].header("cookie"), seen[0].body.as_str()), (None, ""));
    assert_eq!(lives(&findings), [Some(Life::Live)]);
    assert_eq!(announced, ["1 to app.asana.com"]);
    assert_eq!(
        notices,
        [
            "1 credential was sent to app.asana.com to ask whether it lives: live 1, dead 0, unknown 0"
        ]
    );
}

#[test]
fn a_pair_travels_as_name_and_password() {
    let server = Practice::start(|_| Reply::new(200, "application/json", "{\"automate_plan\": 1}"));
    let (findings, ..) = asked(&[(PAIR, "key", Some("name"))], &loopback(&server), &soon());
    assert_eq!(server.seen()[0].header("authorization"), Some("Basic bmFtZTprZXk="));
    assert_eq!(lives(&findings), [Some(Life::Live)]);
}

#[test]
fn a_pair_with_one_half_is_not_asked_about() {
    let server = Practice::start(|_| empty(200));
    let (findings, notices, announced) = asked(&[(PAIR, "key", None)], &loopback(&server), &soon());
    assert!(server.seen().is_empty() && announced.is_empty());
    assert_eq!(lives(&findings), [Some(Life::Unknown)]);
    let expected = "1 credential was not verified: the other half of the pair was not found nearby";
    assert_eq!(notices, [expected]);
}

#[test]
fn a_form_holds_the_value_escaped() {
    let server = Practice::start(|_| Reply::Http(204, Vec::new(), String::new()));
    let (findings, ..) = asked(&[(FORM, "a&b=c +", None)], &loopback(&server), &soon());
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.body.as_str()), ("POST", "license_key=a%26b%3Dc%20%2B"));
    assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(lives(&findings), [Some(Life::Live)]);
}

#[test]
fn a_redirect_is_not_followed() {
    let server = Practice::start(|seen: &Seen| {
        if seen.path == "/elsewhere" {
            empty(200)
        } else {
            empty(302).with("location", "/elsewhere")
        }
    });
    let (findings, ..) = asked(&[(TOKEN, "a", None)], &loopback(&server), &soon());
    assert_eq!(server.seen().len(), 1);
    assert_eq!(lives(&findings), [Some(Life::Unknown)]);
}

#[test]
fn a_value_is_asked_about_once() {
    let server = Practice::start(|_| empty(401));
    let (findings, ..) = asked(&[(TOKEN, "a", None); 50], &loopback(&server), &soon());
    assert_eq!(server.seen().len(), 1);
    assert_eq!(lives(&findings), [Some(Life::Dead); 50]);
}

#[test]
fn a_host_is_asked_at_most_once_in_a_second() {
    let server = Practice::start(|_| empty(200));
    let started = Instant::now();
    let (findings, ..) =
        asked(&[(TOKEN, "a", None), (TOKEN, "b", None)], &loopback(&server), &soon());
    assert!(started.elapsed() >= client::PACE, "{:?}", started.elapsed());
    assert_eq!(server.seen().len(), 2);
    assert_eq!(lives(&findings), [Some(Life::Live); 2]);
}

#[test]
fn no_more_than_a_hundred_are_asked_about_and_the_end_comes_in_time() {
    let server = Practice::start(|_| empty(200));
    let values: Vec<_> = (0..MOST + 3).map(|number| format!("value-{number:03}")).collect();
    let credentials: Vec<_> = values.iter().map(|value| (TOKEN, value.as_str(), None)).collect();
    let deadline = Deadline::after(Duration::from_millis(1_500), &NEVER);
    let started = Instant::now();
    let (findings, notices, announced) = asked(&credentials, &loopback(&server), &deadline);
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(announced, ["100 to app.asana.com"]);
    assert!(notices[0].ends_with("(deadline passed before all had answered)"), "{notices:?}");
    assert_eq!(
        notices[1],
        "3 credentials were not verified: at most 100 are asked about in one run"
    );
    assert!(server.seen().len() <= 3, "{}", server.seen().len());
    assert_eq!(findings.last().expect("a finding").verification, Some(Life::Unknown));
}

#[test]
fn the_user_can_end_it() {
    static ENDED: AtomicBool = AtomicBool::new(false);
    let server = Practice::start(|_| {
        ENDED.store(true, Ordering::Relaxed);
        Reply::Endless(
            b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
            b" ".to_vec(),
            Duration::from_millis(50),
        )
    });
    let deadline = Deadline::after(Duration::from_secs(20), &ENDED);
    let started = Instant::now();
    let (findings, notices, _) = asked(&[(TOKEN, "a", None)], &loopback(&server), &deadline);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(lives(&findings), [Some(Life::Unknown)]);
    assert!(notices[0].contains("(interrupted before"), "{notices:?}");
}

#[test]
fn an_answer_that_is_too_long_is_cut() {
    let server = Practice::start(|_| {
        let body = format!("{}\"automate_plan\"", " ".repeat(client::MOST_BYTES));
        Reply::new(200, "application/json", &body)
    });
    let (findings, ..) = asked(&[(PAIR, "key", Some("name"))], &loopback(&server), &soon());
    assert_eq!(lives(&findings), [Some(Life::Unknown)]);
}

#[test]
fn a_certificate_for_another_name_gets_no_credential() {
    let server = Practice::start_secured(|_| empty(200));
    let way = |authority| Way::Loopback { port: server.address.port(), authority };
    for authority in [b"".to_vec(), AUTHORITY.to_vec()] {
        let (findings, ..) = asked(&[(TOKEN, "a", None)], &way(Some(authority)), &soon());
        assert_eq!(lives(&findings), [Some(Life::Unknown)]);
    }
    assert!(server.seen().is_empty());
}

#[test]
fn the_right_certificate_is_believed() {
    let server = Practice::start_secured(|_| empty(401));
    let way = Way::Loopback { port: server.address.port(), authority: Some(AUTHORITY.to_vec()) };
    let message = request::write(&verify(), &Secret::new(b"a"), None).expect("a message");
    let inquiry = Inquiry { host: "localhost".to_owned(), message };
    let answers = client::ask(vec![inquiry], &way, &soon());
    assert_eq!(answers[0].as_ref().expect("an answer").status, 401);
}

#[test]
fn what_lives_blocks_and_what_is_dead_does_not() {
    let mut live = finding(TOKEN, "a");
    mark(&mut live, Life::Live);
    assert_eq!((live.tier, live.confidence), (Tier::Default, Confidence::High));
    assert_eq!(live.severity, Severity::Critical);
    assert_eq!(live.message.as_str(), "a credential; verified live");
    let mut dead = Finding { tier: Tier::Default, ..finding(TOKEN, "a") };
    mark(&mut dead, Life::Dead);
    assert_eq!((dead.tier, dead.severity), (Tier::Warning, Severity::Low));
    assert_eq!(dead.message.as_str(), "a credential; the vendor says it is dead");
    assert_eq!(dead.evidence[0].text.as_str(), REMEDY);
    let mut unknown = finding(TOKEN, "a");
    mark(&mut unknown, Life::Unknown);
    let expected = Finding { verification: Some(Life::Unknown), ..finding(TOKEN, "a") };
    assert_eq!(unknown, expected);
}

#[test]
fn a_secret_with_two_other_halves_is_dead_if_both_pairs_are() {
    let case = |life| {
        let fingerprints = [Fingerprint::of(&["0"])].into();
        Case { tier: Tier::Default, fingerprints, life }
    };
    let life = |first, second| {
        let mut outcomes = [outcome(&[(PAIR, "key", None)])];
        let key = |partner: &str| {
            let partner = Some(Secret::new(partner.as_bytes()));
            (RuleId::new(PAIR), Secret::new(b"key"), partner)
        };
        write(&mut outcomes, &[(key("a"), case(first)), (key("b"), case(second))].into());
        outcomes[0].findings[0].verification.expect("an answer")
    };
    assert_eq!(life(Life::Dead, Life::Dead), Life::Dead);
    assert_eq!(life(Life::Dead, Life::Live), Life::Live);
    assert_eq!(life(Life::Dead, Life::Unknown), Life::Unknown);
}
