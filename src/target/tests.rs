//! What the client promises, held against servers that would like it to break its word.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use super::{
    Body, Budget, Client, Exclusions, Identity, Limits, Policy, Request, SendError, Target,
    practice::{AUTHORITY, Practice, Reply, Seen},
};
use crate::{deadline::Deadline, finding::Secret};

static NEVER: AtomicBool = AtomicBool::new(false);

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("the system grants a runtime").block_on(work)
}

fn deadline() -> Deadline<'static> {
    Deadline::after(Duration::from_mins(1), &NEVER)
}

fn client(target: &Target) -> Client<'_> {
    Client::new(target, Budget::new(50, Duration::from_secs(30)), deadline())
}

fn hasty() -> Limits {
    Limits { timeout: Duration::from_millis(500), ..Limits::default() }
}

fn plain(_: &Seen) -> Reply {
    Reply::new(200, "text/plain", "hello")
}

#[test]
fn the_request_over_the_budget_is_not_sent() {
    let server = Practice::start(plain);
    let target = Target::new(&server.url(), Limits::default()).unwrap();
    let client = Client::new(&target, Budget::new(3, Duration::from_secs(30)), deadline());
    run(async {
        for _ in 0..3 {
            assert!(client.send(&Request::get("/")).await.is_ok());
        }
        assert_eq!(client.send(&Request::get("/")).await.unwrap_err(), SendError::Budget(3));
    });
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn nothing_is_sent_after_the_time_budget_the_deadline_or_an_interrupt() {
    let server = Practice::start(plain);
    let target = Target::new(&server.url(), Limits::default()).unwrap();
    let interrupted = AtomicBool::new(true);
    let late = Client::new(&target, Budget::new(9, Duration::ZERO), deadline());
    let passed = Deadline::after(Duration::ZERO, &NEVER);
    let passed = Client::new(&target, Budget::new(9, Duration::from_secs(9)), passed);
    let ended = Deadline::after(Duration::from_secs(9), &interrupted);
    let ended = Client::new(&target, Budget::new(9, Duration::from_secs(9)), ended);
    run(async {
        let get = Request::get("/");
        assert_eq!(late.send(&get).await.unwrap_err(), SendError::Time);
        assert_eq!(passed.send(&get).await.unwrap_err(), SendError::Deadline("deadline passed"));
        assert_eq!(ended.send(&get).await.unwrap_err(), SendError::Deadline("interrupted"));
    });
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn an_interrupt_ends_a_request_that_is_on_its_way() {
    let pause = Duration::from_millis(50);
    let server = Practice::start(move |_| {
        Reply::Endless(b"HTTP/1.1 200 X\r\n".to_vec(), b"a".to_vec(), pause)
    });
    let target = Target::new(&server.url(), Limits::default()).unwrap();
    let interrupted = AtomicBool::new(false);
    let deadline = Deadline::after(Duration::from_mins(1), &interrupted);
    let client = Client::new(&target, Budget::new(9, Duration::from_secs(9)), deadline);
    let started = Instant::now();
    let answered = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(200));
            interrupted.store(true, Ordering::Relaxed);
        });
        run(client.send(&Request::get("/")))
    });
    assert_eq!(answered.unwrap_err(), SendError::Deadline("interrupted"));
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[test]
fn methods_that_write_and_risky_routes_never_leave_the_client() {
    let server = Practice::start(plain);
    let exclude = ["/internal/**".to_owned()];
    let limits =
        Limits { exclusions: Exclusions::new(&exclude, &[]).unwrap(), ..Limits::default() };
    let target = Target::new(&server.url(), limits).unwrap();
    let client = client(&target).with_login("POST", "/login");
    run(async {
        for method in ["POST", "PUT", "PATCH", "DELETE", "CONNECT"] {
            let refused = client.send(&Request::new(method, "/")).await.unwrap_err();
            assert_eq!(refused, SendError::Method(method.to_owned()));
        }
        // The login is one request, with its body; not a licence to post there.
        assert!(client.send(&Request::new("POST", "/login")).await.is_err());
        for path in ["/logout", "/internal/users", "/x/../internal/a", "/pay?order=1"] {
            let refused = client.send(&Request::get(path)).await.unwrap_err();
            assert!(matches!(refused, SendError::Route { .. }), "{path}: {refused}");
        }
        for path in ["http://other.invalid/", "//other.invalid", "", "x"] {
            let answered = client.send(&Request::get(path)).await;
            assert!(answered.is_err() || path.starts_with("//"), "{path}");
        }
    });
    let hosts: Vec<_> =
        server.seen().iter().map(|seen| seen.header("host").map(str::to_owned)).collect();
    assert_eq!(hosts, [Some(server.address.to_string())]);
}

#[test]
fn with_writes_the_other_methods_are_sent() {
    let server = Practice::start(plain);
    let policy = Policy { writes: true, intrusive: false };
    let target = Target::new(&server.url(), Limits { policy, ..Limits::default() }).unwrap();
    let answered = run(client(&target).send(&Request::new("DELETE", "/own/1")));
    assert_eq!(answered.unwrap().status, 200);
}

#[test]
fn a_redirect_off_the_origin_is_shown_and_never_followed() {
    let other = Practice::start(plain);
    let elsewhere = other.url();
    let server = Practice::start(move |seen| match seen.path.as_str() {
        "/out" => Reply::new(302, "text/plain", "").with("location", &elsewhere),
        "/in" => Reply::new(302, "text/plain", "").with("location", "/end"),
        "/out-then-logout" => Reply::new(302, "text/plain", "").with("location", "/logout"),
        "/circle" => Reply::new(302, "text/plain", "").with("location", "/circle"),
        _ => Reply::new(200, "text/plain", "end"),
    });
    let target = Target::new(&server.url(), Limits::default()).unwrap();
    let client = client(&target);
    run(async {
        assert_eq!(client.send(&Request::get("/out")).await.unwrap().status, 302);
        let follow = async |path: &str| client.send_following(&Request::get(path)).await;
        assert_eq!(follow("/out").await.unwrap_err(), SendError::OffOrigin);
        assert_eq!(follow("/in").await.unwrap().text(), "end");
        assert_eq!(follow("/circle").await.unwrap_err(), SendError::Redirects);
        assert!(matches!(follow("/out-then-logout").await.unwrap_err(), SendError::Route { .. }));
    });
    assert_eq!(other.seen().len(), 0);
}

#[test]
fn credentials_travel_when_they_are_asked_for_and_are_never_recorded() {
    let server = Practice::start(plain);
    let target = Target::new(&server.url(), Limits::default()).unwrap();
    target.use_token("very-secret-token");
    let client = client(&target);
    let exchange = run(async {
        client.send(&Request::get("/")).await.unwrap();
        client.send(&Request::get("/me").by(Identity::User)).await.unwrap()
    });
    let seen = server.seen();
    assert_eq!(seen[0].header("authorization"), None);
    assert_eq!(seen[1].header("authorization"), Some("Bearer very-secret-token"));
    assert!(seen[1].header("user-agent").unwrap().starts_with("seaworthy/"));
    let shown = format!("{exchange:?} {} {:?}", exchange.curl(), exchange.request_headers);
    assert!(shown.contains("Bearer $CREDENTIAL") && !shown.contains("very-secret-token"));
}

#[test]
fn a_path_is_sent_as_it_is() {
    let server = Practice::start(plain);
    let target = Target::new(&server.url(), Limits::default()).unwrap();
    let client = client(&target);
    run(async {
        for path in ["/a/../b", "/a//b/./c", "/%ff'", "/a%2e%2e/x?y=%00&z={1}"] {
            client.send(&Request::get(path)).await.unwrap();
            assert_eq!(server.seen().last().unwrap().path, path);
        }
        let bad = client.send(&Request::get("/a b")).await.unwrap_err();
        assert!(matches!(bad, SendError::Malformed(_)));
        let bad = client.send(&Request::get("/").header("x", "a\r\nb: c")).await.unwrap_err();
        assert!(matches!(bad, SendError::Malformed(_)));
    });
}

#[test]
fn hostile_answers_are_bounded_in_bytes_and_in_time() {
    let server = Practice::start(|seen| match seen.path.as_str() {
        "/body" => {
            Reply::Endless(b"HTTP/1.1 200 X\r\n\r\n".to_vec(), vec![b'a'; 65_536], Duration::ZERO)
        }
        "/headers" => Reply::Endless(
            b"HTTP/1.1 200 X\r\n".to_vec(),
            b"a: b\r\n".repeat(1_000),
            Duration::ZERO,
        ),
        "/header" => {
            Reply::Endless(b"HTTP/1.1 200 X\r\na: ".to_vec(), vec![b'a'; 65_536], Duration::ZERO)
        }
        "/slow" => Reply::Endless(b"HTTP/1.1".to_vec(), b" ".to_vec(), Duration::from_millis(20)),
        "/garbage" => Reply::Raw(b"\x00\xff\x13 what is HTTP\r\n\r\n".to_vec()),
        "/early" => Reply::Raw(Vec::new()),
        "/short" => Reply::Raw(b"HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\nabc".to_vec()),
        "/continue" => Reply::Endless(
            Vec::new(),
            b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(),
            Duration::from_millis(5),
        ),
        _ => Reply::new(200, "text/plain", "well"),
    });
    let target = Target::new(&server.url(), hasty()).unwrap();
    let client = client(&target);
    let started = Instant::now();
    run(async {
        let body = client.send(&Request::get("/body")).await.unwrap();
        assert_eq!((body.body.len(), body.is_cut), (1 << 20, true));
        for path in ["/headers", "/header", "/slow", "/garbage", "/early", "/short", "/continue"] {
            let error = client.send(&Request::get(path)).await.unwrap_err();
            assert!(matches!(error, SendError::Failed(_) | SendError::Timeout), "{path}: {error}");
        }
        assert_eq!(client.send(&Request::get("/")).await.unwrap().text(), "well");
    });
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn nothing_is_asked_for_compressed_and_nothing_is_unpacked() {
    let server = Practice::start(|_| {
        Reply::new(200, "text/plain", "\u{1f}bomb").with("content-encoding", "gzip")
    });
    let target = Target::new(&server.url(), Limits::default()).unwrap();
    let answer = run(client(&target).send(&Request::get("/"))).unwrap();
    assert_eq!(answer.text(), "\u{1f}bomb");
    assert_eq!(server.seen()[0].header("accept-encoding"), None);
}

#[test]
fn an_idle_connection_that_was_closed_is_opened_again() {
    let server =
        Practice::start(|_| Reply::Raw(b"HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nok".to_vec()));
    let target = Target::new(&server.url(), Limits::default()).unwrap();
    let client = client(&target);
    run(async {
        for _ in 0..5 {
            assert_eq!(client.send(&Request::get("/")).await.unwrap().text(), "ok");
        }
    });
}

#[test]
fn a_certificate_of_a_known_authority_verifies() {
    let server = Practice::start_secured(plain);
    let limits = Limits { authorities: vec![AUTHORITY.to_vec()], ..Limits::default() };
    let url = format!("https://localhost:{}", server.address.port());
    let target = Target::new(&url, limits).unwrap();
    target.use_token("t");
    let answer = run(client(&target).send(&Request::get("/").by(Identity::User))).unwrap();
    assert_eq!((answer.status, target.certificate_failure()), (200, None));
}

#[test]
fn after_a_certificate_that_does_not_verify_no_credentials_travel() {
    let server = Practice::start_secured(plain);
    let target = Target::new(&format!("https://{}", server.address), Limits::default()).unwrap();
    target.use_token("t");
    let client = client(&target).with_login("POST", "/login");
    run(async {
        let first = client.send(&Request::get("/").by(Identity::User)).await;
        assert_eq!(first.unwrap_err(), SendError::Unverified);
        let body = Body { media_type: "application/json", content: Secret::new(b"{}") };
        let mut login = Request::new("POST", "/login");
        login.body = Some(body);
        assert_eq!(client.send(&login).await.unwrap_err(), SendError::Unverified);
        assert_eq!(client.send(&Request::get("/")).await.unwrap().status, 200);
    });
    let failure = target.certificate_failure().unwrap();
    assert_eq!(failure, "no known authority has signed it");
    assert!(server.seen().iter().all(|seen| seen.header("authorization").is_none()));
    assert!(server.seen().iter().all(|seen| seen.method == "GET" && seen.body.is_empty()));
}
