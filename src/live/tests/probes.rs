//! Each probe: one thing wrong is found by its rule and by no other, and the safe twin is clean.

use std::thread;

use super::{
    Answer,
    application::{SESSION, json, page, safe, without},
    audit, findings, is_inconclusive, look_for, request, start, target,
};
use crate::{
    finding::{Outcome, Ran, RepoPath},
    live::LiveRequest,
    rule::Severity,
    target::practice::{Practice, Reply, Seen},
};

const TRACEBACK: &str = "Traceback (most recent call last):\n  File \"/srv/app.py\", line 8, in show\n    \
    x\n  File \"/srv/lib/items.py\", line 21, in find\n    y\nValueError: bad\n";

/// A defect: its rule, and the application with it.
type Defect = (&'static str, Answer);

const DEFECTS: &[Defect] = &[
    ("live/content-type-options-missing", |seen| without(safe(seen), "x-content-type-options")),
    ("live/content-security-policy-missing", |seen| {
        without(safe(seen), "content-security-policy").with("x-frame-options", "DENY")
    }),
    ("live/frame-options-missing", |seen| {
        without(safe(seen), "content-security-policy")
            .with("content-security-policy", "default-src 'self'")
    }),
    ("live/referrer-policy-missing", |seen| without(safe(seen), "referrer-policy")),
    ("live/version-banner", |seen| without(safe(seen), "server").with("server", "nginx/1.24.0")),
    ("live/cookie-not-http-only", |seen| with_cookie(seen, "SameSite=Lax")),
    ("live/cookie-without-same-site", |seen| with_cookie(seen, "HttpOnly; SameSite=None")),
    ("live/cors-reflected-origin", |seen| match seen.header("origin") {
        Some(origin) if origin != "null" => safe(seen)
            .with("access-control-allow-origin", origin)
            .with("access-control-allow-credentials", "true"),
        _ => safe(seen),
    }),
    ("live/cors-null-origin", |seen| match seen.header("origin") {
        Some("null") => safe(seen).with("access-control-allow-origin", "null"),
        _ => safe(seen),
    }),
    ("live/cors-wildcard-credentials", |seen| {
        safe(seen)
            .with("access-control-allow-origin", "*")
            .with("access-control-allow-credentials", "true")
    }),
    ("live/trace-enabled", |seen| {
        if seen.method != "TRACE" {
            return safe(seen);
        }
        let lines = seen.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        Reply::new(200, "message/http", &lines.collect::<String>())
    }),
    ("live/undocumented-method", |seen| {
        let mut as_get = seen.clone();
        if seen.method == "SEAWORTHY" {
            as_get.method = "GET".to_owned();
        }
        safe(&as_get)
    }),
    // The handler looks for a token only when the method is GET.
    ("live/undocumented-method", |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("SEAWORTHY", "/orders") => json(200, r#"{"orders":[{"id":1,"total":12}]}"#),
        _ => safe(seen),
    }),
    ("live/undocumented-method", |seen| {
        if seen.method == "OPTIONS" && seen.path == "/items/41" {
            return json(204, "").with("allow", "GET, HEAD, DELETE, OPTIONS");
        }
        safe(seen)
    }),
    ("live/api-description-exposed", |seen| {
        if seen.path == "/openapi.json" {
            return json(200, r#"{"openapi":"3.0.0","paths":{"/items":{"get":{}}}}"#)
                .with("x-content-type-options", "nosniff");
        }
        safe(seen)
    }),
    ("live/stack-trace", |seen| {
        if seen.path.ends_with("/%ff") {
            return Reply::new(500, "text/plain", TRACEBACK);
        }
        safe(seen)
    }),
    ("live/debug-page", |seen| {
        let body = "<!doctype html><title>x</title>You're seeing this error because you have \
            <code>DEBUG = True</code> in your Django settings file.";
        match safe(seen) {
            Reply::Http(404, ..) => Reply::new(404, "text/html", body),
            other => other,
        }
    }),
    ("live/debug-page", |seen| {
        if seen.path == "/actuator/env" {
            return json(200, r#"{"activeProfiles":[],"propertySources":[{"name":"env"}]}"#);
        }
        safe(seen)
    }),
    ("live/exposed-git", |seen| {
        if seen.path == "/.git/HEAD" {
            return Reply::new(200, "application/octet-stream", "ref: refs/heads/main\n");
        }
        safe(seen)
    }),
    ("live/exposed-env-file", |seen| {
        if seen.path == "/.env" {
            let settings =
                ["# settings\nDATABASE_URL=postgres://a:", "hunter2000@db/x\nexport DEBUG=1\n"];
            return Reply::new(200, "application/octet-stream", &settings.concat());
        }
        safe(seen)
    }),
    ("live/unauthenticated-operation", |seen| {
        if seen.path == "/orders" && seen.method == "GET" {
            return json(200, r#"{"orders":[{"id":1,"total":12}]}"#)
                .with("x-content-type-options", "nosniff");
        }
        safe(seen)
    }),
    ("live/directory-listing", |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", "/") => {
            page("<img src=\"/media/logo.png\">").with("x-content-type-options", "nosniff")
        }
        ("GET", "/media/") => page("<h1>Index of /media/</h1><a href=\"logo.png\">logo.png</a>"),
        _ => safe(seen),
    }),
    ("live/unhealthy", |seen| {
        if seen.path == "/health" { json(503, r#"{"status":"down"}"#) } else { safe(seen) }
    }),
];

fn with_cookie(seen: &Seen, attributes: &str) -> Reply {
    let cookie = format!("session={SESSION}; {attributes}");
    match safe(seen) {
        page @ Reply::Http(200, ..) if seen.path == "/" => {
            without(page, "set-cookie").with("set-cookie", &cookie)
        }
        other => other,
    }
}

fn rules_found(outcomes: &[Outcome]) -> Vec<String> {
    findings(outcomes).iter().map(|finding| finding.rule.to_string()).collect()
}

#[test]
fn each_defect_is_found_once_by_its_rule_and_by_no_other() {
    let look = |(rule, answer): &Defect| {
        let server = start(*answer);
        let target = target(&server.url());
        let found = rules_found(&audit(&request(&target), &[]));
        (found != [*rule]).then(|| format!("{rule}: {found:?}"))
    };
    let wrong: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> =
            DEFECTS.iter().map(|defect| scope.spawn(move || look(defect))).collect();
        running.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_safe_application_is_clean_and_every_probe_that_can_look_has_looked() {
    let server = start(safe);
    let target = target(&server.url());
    let outcomes = audit(&request(&target), &[]);
    assert_eq!(rules_found(&outcomes), [""; 0]);
    let needs_tls = [
        "live/cookie-not-secure",
        "live/hsts-missing",
        "live/https-redirect-missing",
        "live/untrusted-certificate",
        "live/weak-tls",
    ];
    for outcome in &outcomes {
        let is_idle = needs_tls.contains(&outcome.check.as_str());
        assert_eq!(outcome.looked_at == 0, is_idle, "{} {:?}", outcome.check, outcome.ran);
        assert_eq!(matches!(outcome.ran, Ran::Skipped(_)), is_idle, "{}", outcome.check);
    }
    // Fifteen operations are three times as many as these five and the root.
    assert!(server.seen().len() < 400, "{}", server.seen().len());
}

#[test]
fn every_finding_shows_probe_and_control_and_stands_at_its_line() {
    let server = start(DEFECTS[20].1);
    let target = target(&server.url());
    let outcome = look_for("live/unauthenticated-operation", &request(&target));
    let [finding] = &outcome.findings[..] else { panic!("{outcome:?}") };
    let labels: Vec<_> = finding.evidence.iter().map(|evidence| evidence.label.as_str()).collect();
    assert_eq!(labels, ["request", "answer", "control", "control"]);
    assert!(finding.evidence[0].text.as_str().starts_with("curl "));
    assert_eq!(finding.place.file().map(|at| at.span.start_line), Some(19));
    assert_eq!(finding.severity, Severity::Critical);
}

#[test]
fn cors_without_credentials_is_worth_less_than_with_them() {
    let server = start(|seen| match seen.header("origin") {
        Some(origin) => safe(seen).with("access-control-allow-origin", origin),
        None => safe(seen),
    });
    let target = target(&server.url());
    let outcome = look_for("live/cors-reflected-origin", &request(&target));
    assert_eq!(outcome.findings[0].severity, Severity::Low);
    assert_eq!(outcome.findings.len(), 1);
}

#[test]
fn a_list_of_origins_is_no_reflection() {
    let server = start(|seen| match seen.header("origin") {
        Some("https://app.example.com") => {
            safe(seen).with("access-control-allow-origin", "https://app.example.com")
        }
        Some(_) => safe(seen).with("access-control-allow-origin", "https://app.example.com"),
        None => safe(seen),
    });
    let target = target(&server.url());
    assert!(look_for("live/cors-reflected-origin", &request(&target)).findings.is_empty());
}

#[test]
fn what_can_not_be_told_is_inconclusive_and_never_a_pass() {
    let cases: &[Defect] = &[
        // The GET echoes headers as well: TRACE shows nothing new.
        ("live/trace-enabled", |seen| match seen.path.as_str() {
            "/" => page(&format!("{:?}", seen.headers)),
            _ => safe(seen),
        }),
        // Good answers are limited from here on.
        ("live/cors-reflected-origin", |seen| match seen.header("origin") {
            Some(_) => json(429, "{}"),
            None => safe(seen),
        }),
        ("live/exposed-git", |seen| match seen.path.as_str() {
            path if path.starts_with("/.git") => {
                Reply::new(200, "text/plain", "ref: refs/heads/main\n")
            }
            _ => safe(seen),
        }),
        ("live/exposed-env-file", |seen| match seen.path.as_str() {
            path if path.starts_with("/.env") => Reply::new(200, "text/plain", "A=1\nB=2\n"),
            _ => safe(seen),
        }),
        ("live/stack-trace", |seen| match seen.path.split_once('%') {
            Some(_) => json(429, "{}"),
            None => safe(seen),
        }),
        ("live/undocumented-method", |seen| match seen.method.as_str() {
            "SEAWORTHY" if seen.path.starts_with("/sw") => {
                json(404, r#"{"error":"there is nothing here"}"#)
            }
            "SEAWORTHY" | "OPTIONS" => json(429, "{}"),
            _ => safe(seen),
        }),
        ("live/unauthenticated-operation", |seen| match seen.path.as_str() {
            "/me" | "/orders" => json(500, "{}"),
            _ => safe(seen),
        }),
    ];
    let mut wrong = Vec::new();
    for (rule, answer) in cases {
        let server = start(*answer);
        let target = target(&server.url());
        let outcome = look_for(rule, &request(&target));
        if !is_inconclusive(&outcome) {
            wrong.push(format!("{outcome:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_trace_that_good_input_shows_as_well_is_no_finding() {
    let server = start(|seen| match seen.path.as_str() {
        path if path.starts_with("/items") => Reply::new(200, "text/plain", TRACEBACK),
        _ => safe(seen),
    });
    let target = target(&server.url());
    assert!(look_for("live/stack-trace", &request(&target)).findings.is_empty());
}

#[test]
fn an_application_of_one_page_does_not_expose_its_files() {
    // Every path is answered with the page; a method that does not exist is refused.
    let server = start(|seen| match seen.method.as_str() {
        "GET" | "HEAD" => safe(&Seen { path: "/".to_owned(), ..seen.clone() }),
        _ => json(405, "{}").with("allow", "GET, HEAD"),
    });
    let target = target(&server.url());
    assert_eq!(rules_found(&audit(&request(&target), &[])), [""; 0]);
}

#[test]
fn a_weakness_that_comes_and_goes_is_not_reported() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let asked = AtomicU32::new(0);
    let server = Practice::start(move |seen| {
        let is_first = seen.method == "TRACE" && asked.fetch_add(1, Ordering::Relaxed) == 0;
        if is_first { DEFECTS[10].1(seen) } else { safe(seen) }
    });
    let target = target(&server.url());
    let outcome = look_for("live/trace-enabled", &request(&target));
    assert!(is_inconclusive(&outcome), "{outcome:?}");
}

/// A description of so many routes, each of which the safe application answers.
fn wide(routes: usize) -> String {
    use std::fmt::Write as _;
    let mut text = "openapi: 3.1.0\ninfo: { title: Wide, version: \"1\" }\npaths:\n".to_owned();
    for number in 0..routes {
        let _ = writeln!(text, "  /wide/{number}:\n    get: {{}}");
    }
    text
}

fn look_wide(rule: &str, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Outcome {
    let server = Practice::start(answer);
    let target = target(&server.url());
    let description = Some((RepoPath::new("openapi.yaml"), wide(45)));
    look_for(rule, &LiveRequest { description, ..request(&target) })
}

#[test]
fn routes_that_are_not_asked_are_told() {
    let answer = |seen: &Seen| match seen.path.as_str() {
        path if path.starts_with("/wide/") => json(200, "{\"a\":1}"),
        _ => safe(seen),
    };
    let outcome = look_wide("live/cors-reflected-origin", answer);
    assert_eq!((outcome.ran, outcome.looked_at), (Ran::Complete, 40));
    assert!(outcome.gaps[0].reason.contains("6 are not"), "{:?}", outcome.gaps);
}

#[test]
fn a_target_that_bad_input_brings_down_does_not_pass() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let is_down = AtomicBool::new(false);
    let outcome = look_wide("live/stack-trace", move |seen| {
        is_down.fetch_or(seen.path.contains("%ff"), Ordering::Relaxed);
        match seen.path.as_str() {
            _ if is_down.load(Ordering::Relaxed) => json(503, "{}"),
            path if path.starts_with("/wide/") => json(200, "{\"a\":1}"),
            _ => safe(seen),
        }
    });
    assert!(
        matches!(&outcome.ran, Ran::Partial(reason) if reason.contains("left alone")),
        "{outcome:?}"
    );
}

#[test]
fn what_the_target_limits_is_partial_also_where_the_rest_is_clean() {
    let server = start(|seen| match seen.header("origin") {
        Some(_) if seen.path.starts_with("/items") => json(429, "{}"),
        _ => safe(seen),
    });
    let target = target(&server.url());
    let outcome = look_for("live/cors-reflected-origin", &request(&target));
    assert!(outcome.looked_at > 0 && matches!(outcome.ran, Ran::Partial(_)), "{outcome:?}");
}
