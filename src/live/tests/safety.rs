//! What the audit must never do, whatever the target is: write, leave, leak, or go on when it hurts.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use super::{
    Answer, all_text,
    application::{TOKEN, json, safe},
    audit, findings, look_for, request, start, target,
};
use crate::{
    finding::{Fact, FilePlace, Ran, RepoPath, RouteFact, Secret},
    live::{LiveRequest, Login, LoginBody, Spending},
    rule::RuleId,
    target::{
        Budget, Limits, Target,
        practice::{AUTHORITY, Practice, Reply},
    },
};

fn login() -> Login {
    Login {
        method: "POST".to_owned(),
        path: "/login".to_owned(),
        body: LoginBody::Json(
            serde_json::json!({ "user": "{{ username }}", "word": "{{ password }}" }),
        ),
        token: Some("/data/token".to_owned()),
        username: Secret::new(b"ada"),
        password: Secret::new(b"opensesame"),
    }
}

#[test]
fn only_methods_that_look_are_sent_beside_the_one_login() {
    let server = start(safe);
    let target = target(&server.url());
    let outcomes = audit(&LiveRequest { login: Some(login()), ..request(&target) }, &[]);
    assert_eq!(findings(&outcomes).len(), 0, "{:?}", findings(&outcomes));
    let seen = server.seen();
    let writes: Vec<_> = seen
        .iter()
        .filter(|seen| {
            !["GET", "HEAD", "OPTIONS", "TRACE", "SEAWORTHY"].contains(&seen.method.as_str())
        })
        .map(|seen| format!("{} {}", seen.method, seen.path))
        .collect();
    assert_eq!(writes, ["POST /login"]);
    // The user's own answers were had, and the rule that compares with them has looked.
    assert!(seen.iter().any(|seen| seen.path == "/me" && seen.header("authorization").is_some()));
}

#[test]
fn neither_password_nor_token_nor_a_secret_of_an_answer_is_in_any_outcome() {
    let server = start(|seen| match seen.path.as_str() {
        "/orders" | "/items/%27" => Reply::new(
            500,
            "text/plain",
            &format!(
                "Traceback\n  File \"/a.py\", line 1, in f\n    token = '{TOKEN}' opensesame\n  \
                 File \"/b.py\", line 2, in g\n"
            ),
        ),
        "/health" => json(503, &format!("{{\"token\":\"{TOKEN}\"}}")),
        "/.env" => Reply::new(200, "text/plain", &format!("A_KEY=short-value-77\nTOKEN={TOKEN}\n")),
        _ => safe(seen),
    });
    let target = target(&server.url());
    let outcomes = audit(&LiveRequest { login: Some(login()), ..request(&target) }, &[]);
    assert!(findings(&outcomes).len() >= 3, "{:?}", findings(&outcomes));
    let text = all_text(&outcomes);
    for secret in [TOKEN, "opensesame", "short-value-77"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn a_login_that_fails_is_told_and_nothing_passes_by_it() {
    let server = start(safe);
    let target = target(&server.url());
    let wrong = Login { password: Secret::new(b"guess"), ..login() };
    let outcomes = audit(&LiveRequest { login: Some(wrong), ..request(&target) }, &[]);
    let outcome = outcomes.iter().find(|outcome| outcome.check == "live/login").unwrap();
    assert_eq!(outcome.ran, Ran::Failed("log in: the answer is 401".to_owned()));
}

#[test]
fn the_audit_stops_when_the_target_stops_answering() {
    let asked = AtomicU32::new(0);
    let server = Practice::start(move |seen| {
        let number = asked.fetch_add(1, Ordering::Relaxed);
        if number < 60 { safe(seen) } else { json(503, "{}") }
    });
    let target = target(&server.url());
    let outcomes = audit(&request(&target), &[]);
    let stopped = outcomes.iter().filter(
        |outcome| matches!(&outcome.ran, Ran::Partial(reason) if reason.contains("left alone")),
    );
    assert!(stopped.count() > 3);
    assert!(server.seen().len() < 120, "{}", server.seen().len());
    assert_eq!(findings(&outcomes).len(), 0, "{:?}", findings(&outcomes));
}

#[test]
fn the_budget_ends_the_audit_and_what_was_not_looked_at_is_partial() {
    let server = start(safe);
    let target = target(&server.url());
    let budget = Spending { requests: 45, time: Duration::from_secs(30) };
    let outcomes = audit(&LiveRequest { budget, ..request(&target) }, &[]);
    assert_eq!(server.seen().len(), 45);
    let partial = outcomes.iter().filter(|outcome| matches!(outcome.ran, Ran::Partial(_)));
    assert!(partial.count() > 3);
}

#[test]
fn routes_of_the_source_are_asked_for_and_risky_ones_are_not() {
    let server = start(safe);
    let target = target(&server.url());
    let route = |route: &str| {
        let at = FilePlace::whole(RepoPath::new("app.py"));
        Fact::Route(RouteFact { method: None, route: route.to_owned(), at })
    };
    let facts = [route("/hidden/{id}"), route("/logout"), route("/items/{number}")];
    let outcomes = audit(&request(&target), &facts);
    let seen = server.seen();
    assert!(seen.iter().any(|seen| seen.path == "/hidden/1"));
    assert!(seen.iter().any(|seen| seen.path == "/items/41"), "an id listed is an id used");
    assert!(!seen.iter().any(|seen| seen.path.contains("logout")));
    let survey = outcomes.iter().find(|outcome| outcome.check == "live/survey").unwrap();
    assert!(survey.gaps.iter().any(|gap| gap.subject == "GET /logout"), "{:?}", survey.gaps);
}

#[test]
fn load_has_its_own_budget_and_measures_enough_for_a_percentile() {
    let server = start(safe);
    let target = target(&server.url());
    let load = Some(Spending { requests: 1_200, time: Duration::from_secs(6) });
    let outcomes = audit(&LiveRequest { load, ..request(&target) }, &[]);
    let measured = |metric: &str| {
        let all = outcomes.iter().flat_map(|outcome| &outcome.measurements);
        let found: Vec<_> = all.filter(|measurement| measurement.metric == metric).collect();
        found.last().map(|measurement| (measurement.value, measurement.samples))
    };
    let (p99, samples) = measured("latency.p99").unwrap();
    assert!(p99.is_some() && samples >= 1_000, "{p99:?} {samples}");
    assert_eq!(measured("error-rate").unwrap().0, Some(0.0));
    assert!(measured("throughput").unwrap().0.is_some());
}

#[test]
fn over_tls_certificate_cookie_and_hsts_are_judged() {
    let server = Practice::start_secured(safe);
    let url = format!("https://localhost:{}", server.address.port());
    let known = Limits { authorities: vec![AUTHORITY.to_vec()], ..super::limits() };
    let verified = Target::new(&url, known).unwrap();
    let unverified = target(&url);
    let found = |target: &Target, rule: &str| look_for(rule, &request(target)).findings.len();
    assert_eq!(found(&verified, "live/untrusted-certificate"), 0);
    assert_eq!(found(&unverified, "live/untrusted-certificate"), 1);
    assert_eq!(found(&verified, "live/cookie-not-secure"), 1);
    assert_eq!(found(&verified, "live/hsts-missing"), 1);
    let legacy = look_for("live/weak-tls", &request(&verified));
    assert_eq!((legacy.looked_at, legacy.findings.len()), (2, 0), "{legacy:?}");
}

#[test]
fn hsts_of_half_a_year_is_enough() {
    for (value, findings) in
        [("max-age=31536000; includeSubDomains", 0), ("max-age=15552000", 0), ("max-age=300", 1)]
    {
        let server = Practice::start_secured(move |seen| {
            safe(seen).with("strict-transport-security", value)
        });
        let target = target(&format!("https://{}", server.address));
        let outcome = look_for("live/hsts-missing", &request(&target));
        assert_eq!(outcome.findings.len(), findings, "{value}");
    }
}

#[test]
fn plain_http_beside_https_must_lead_there() {
    let answers: &[(Answer, usize)] = &[
        (safe, 1),
        (|_| json(308, "").with("location", "https://localhost/"), 0),
        (|_| json(404, "{}"), 0),
    ];
    for (answer, expected) in answers {
        let (secured, plain) = (Practice::start_secured(safe), start(*answer));
        let limits = Limits { plain_port: plain.address.port(), ..super::limits() };
        let target = Target::new(&format!("https://{}", secured.address), limits).unwrap();
        let outcome = look_for("live/https-redirect-missing", &request(&target));
        assert_eq!((outcome.looked_at, outcome.findings.len()), (1, *expected), "{outcome:?}");
    }
}

#[test]
fn a_value_of_an_answer_that_fills_a_route_is_in_no_outcome() {
    const OPAQUE: &str = "k3Zq9vT1+W7bR5mN2/Lc";
    let server = start(|seen| {
        let list = format!("{{\"items\":[{{\"id\":\"{OPAQUE}\"}}]}}");
        let trace = "Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\n    x\n  \
            File \"/b.py\", line 2, in g\n    y\nValueError: bad\n";
        let id = seen.path.strip_prefix("/items/").map(|id| id.split('?').next().unwrap());
        match (seen.path.starts_with("/items?"), id) {
            (true, _) => json(200, &list),
            (_, Some(id)) if id.len() > 20 => {
                let answer = json(200, "{\"name\":\"lamp\",\"stock\":3}");
                match seen.header("origin") {
                    Some(origin) => answer.with("access-control-allow-origin", origin),
                    None => answer,
                }
            }
            (_, Some(_)) => Reply::new(500, "text/plain", trace),
            _ => safe(seen),
        }
    });
    let target = target(&server.url());
    let outcomes = audit(&request(&target), &[]);
    assert!(server.seen().iter().any(|seen| seen.path == "/items/k3Zq9vT1%2BW7bR5mN2%2FLc"));
    let found = findings(&outcomes);
    assert!(found.iter().any(|finding| finding.rule.as_str() == "live/cors-reflected-origin"));
    let text = all_text(&outcomes);
    for secret in [OPAQUE, "k3Zq9vT1", "W7bR5mN2"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[test]
fn a_long_header_is_cut_after_it_is_masked() {
    let server = start(|seen| {
        let filler = "x ".repeat(103);
        safe(seen).with("x-powered-by", &format!("Engine/1.24.0 {filler}{TOKEN}"))
    });
    let target = target(&server.url());
    let outcomes = audit(&LiveRequest { login: Some(login()), ..request(&target) }, &[]);
    let found = findings(&outcomes);
    let banner = found.iter().find(|finding| finding.rule.as_str() == "live/version-banner");
    let text = format!("{:?}", banner.unwrap().evidence);
    assert!(text.contains("x x tk-7**…"), "{text}");
    assert!(!text.contains(&TOKEN[..6]), "{text}");
}

#[test]
fn nothing_is_sent_for_what_is_not_asked_for() {
    let server = start(safe);
    let target = target(&server.url());
    let wanted: &dyn Fn(&RuleId) -> bool = &|id| id.as_str() == "live/trace-enabled";
    let outcomes = audit(&LiveRequest { wanted, measure: false, ..request(&target) }, &[]);
    let checks: Vec<_> = outcomes.iter().map(|outcome| outcome.check.as_str()).collect();
    assert_eq!(checks, ["live/survey", "live/trace-enabled"]);
    let seen = server.seen();
    assert!(seen.iter().any(|seen| seen.method == "TRACE"));
    assert!(!seen.iter().any(|seen| seen.path.starts_with("/.") || seen.path.contains("%27")));
    let measured = audit(&LiveRequest { wanted: &|_| false, ..request(&target) }, &[]);
    let checks: Vec<_> = measured.iter().map(|outcome| outcome.check.as_str()).collect();
    assert_eq!(checks, ["live/survey", "live/latency"]);
}

#[test]
fn a_measurement_that_was_asked_for_fails_with_the_target() {
    let server = start(|_| json(500, "{}"));
    let target = target(&server.url());
    let outcomes = audit(&LiveRequest { wanted: &|_| false, ..request(&target) }, &[]);
    let [outcome] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(outcome.check == "live/latency" && matches!(outcome.ran, Ran::Failed(_)));
}

#[test]
fn a_fault_in_a_probe_is_told_and_ends_no_run() {
    let server = start(safe);
    let target = target(&server.url());
    let asked = AtomicU32::new(0);
    let wanted: &dyn Fn(&RuleId) -> bool = &|_| {
        assert!(asked.fetch_add(1, Ordering::Relaxed) != 2, "a fault");
        true
    };
    let outcomes = audit(&LiveRequest { wanted, ..request(&target) }, &[]);
    assert!(outcomes.len() > 20);
    for outcome in outcomes {
        assert_eq!(outcome.ran, Ran::Failed("an internal fault".to_owned()));
    }
}

#[test]
fn budgets_without_bound_are_bounded() {
    let server = start(|_| json(500, "{}"));
    let target = target(&server.url());
    let endless = Spending { requests: u32::MAX, time: Duration::from_secs(u64::MAX) };
    let budget = endless;
    let outcomes = audit(&LiveRequest { budget, ..request(&target) }, &[]);
    let is_told = |ran: &Ran| matches!(ran, Ran::Failed(reason) if reason.contains("with 500"));
    assert!(outcomes.iter().all(|outcome| is_told(&outcome.ran)), "{outcomes:?}");
    assert!(Budget::new(1, endless.time).left() == 1);
}

#[test]
fn the_wait_for_the_target_does_not_add_to_the_time_for_probes() {
    let server = start(safe);
    let target = target(&server.url());
    let budget = Spending { requests: 600, time: Duration::ZERO };
    let wait = Duration::from_secs(30);
    let outcomes = audit(&LiveRequest { budget, wait, ..request(&target) }, &[]);
    assert!(outcomes.iter().all(|outcome| matches!(outcome.ran, Ran::Failed(_))), "{outcomes:?}");
    assert_eq!(server.seen().len(), 1, "one question whether the target is there");
}
