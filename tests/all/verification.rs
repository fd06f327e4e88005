//! `--verify`, from a folder to every format of the report, against a server on loopback for all vendors.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    thread,
    time::Duration,
};

use jiff::civil::date;
use seaworthy::{
    cli::Allow,
    config::FailOn,
    finding::Finding,
    report::{Report, Verdict},
    reporters::{Format, Style, json, reporter},
    rule::{Confidence, Kind, Life, Severity, Tier},
    run::{self, Request, Scope, Stage, Surroundings},
    verification::Way,
};

static NEVER: AtomicBool = AtomicBool::new(false);

/// A token of a form that nobody mistakes, in pieces so that this file holds none.
fn token() -> String {
    ["hf_NqVwYSVPHbDXpPd", "khxEpyIgKpaUnArlXyk"].concat()
}

/// A server that stands for all vendors, and answers all alike. It ends with the process.
struct Vendors {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Vendors {
    /// Answers with this status line and body.
    fn answering(status: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let head = answer(stream, status, body);
                notes.lock().unwrap_or_else(PoisonError::into_inner).push(head);
            }
        });
        Self { port, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads one request, answers, and returns its head.
fn answer(mut stream: TcpStream, status: &str, body: &str) -> String {
    let mut lines = BufReader::new(&stream).lines();
    let mut head = String::new();
    while let Some(Ok(line)) =
        lines.next().filter(|line| line.as_ref().is_ok_and(|it| !it.is_empty()))
    {
        head.push_str(&line);
        head.push('\n');
    }
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).expect("the client listens");
    drop(stream.shutdown(std::net::Shutdown::Write));
    drop(stream.read_to_end(&mut Vec::new()));
    head
}

fn request(folder: &Path, vendors: &Vendors) -> Request {
    Request {
        path: folder.to_owned(),
        target: None,
        base: None,
        scope: Scope::Tree,
        baseline: None,
        config: None,
        advisory_db: None,
        refresh: None,
        deadline: Duration::from_mins(1),
        kinds: [Kind::Secret].into(),
        fail_on: None,
        strict: false,
        pedantic: false,
        allow: Allow::default(),
        login: None,
        verify: Some(Way::Loopback { port: vendors.port, authority: None }),
        online_metadata: false,
    }
}

/// What a scan ends with, and what was announced before anything was sent.
fn scan(request: &Request, variables: &[(&str, &str)]) -> (Report, Vec<Stage>) {
    let stages = Mutex::new(Vec::new());
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let surroundings = Surroundings {
        today: date(2027, 1, 15),
        variable: &variable,
        interrupted: &NEVER,
        progress: &|stage| stages.lock().expect("no panic before").push(stage),
    };
    let report = run::scan(request, &surroundings).expect("the audit runs").report;
    let announced = stages.into_inner().expect("no panic before").into_iter();
    (report, announced.filter(|stage| matches!(stage, Stage::Verifying { .. })).collect())
}

/// A folder that holds the token in two files.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in [".env", "deploy.sh"] {
        let text = format!("HF_TOKEN={}\n", token());
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

fn findings(report: &Report) -> Vec<&Finding> {
    let findings: Vec<_> = report.findings.iter().map(|judged| &judged.finding).collect();
    assert_eq!(findings.len(), 2, "{findings:?}");
    findings
}

/// Nothing that anybody reads holds the token; JSON reads back as what it was.
fn assert_nothing_is_told(report: &Report) {
    let token = token();
    for format in Format::ALL {
        let mut told = Vec::new();
        let written = reporter(format, Style::default()).write(report, &mut told);
        written.expect("memory takes everything");
        let told = String::from_utf8(told).expect("reports are text");
        assert!(!told.contains(&token[8..]), "{format} shows the token");
        if format == Format::Json {
            assert_eq!(&json::read(&told).expect("it is a report"), report);
        }
    }
}

#[test]
fn a_credential_that_lives_blocks_and_is_told_of_without_telling_it() {
    let body = r#"{"type": "user", "name": "a-name-of-the-answer"}"#;
    let (vendors, folder) = (Vendors::answering("200 OK", body), folder());
    let mut request = request(folder.path(), &vendors);
    request.fail_on = Some(FailOn::Severity(Severity::High));
    let (report, announced) = scan(&request, &[]);
    for finding in findings(&report) {
        assert_eq!(finding.verification, Some(Life::Live));
        assert_eq!((finding.tier, finding.confidence), (Tier::Default, Confidence::High));
        assert!(finding.message.as_str().ends_with("; verified live"), "{}", finding.message);
    }
    assert_eq!(report.blocking(), 2);
    let seen = vendors.seen();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].starts_with("GET /api/whoami-v2 HTTP/1.1\n"), "{seen:?}");
    let hosts = "huggingface.co".to_owned();
    assert_eq!(announced, [Stage::Verifying { credentials: 1, hosts }]);
    let notice = "1 credential was sent to huggingface.co to ask whether it lives: live 1, dead 0, unknown 0";
    assert!(report.notices.iter().any(|known| known == notice), "{:?}", report.notices);
    assert_nothing_is_told(&report);
    assert!(!format!("{report:?}").contains("a-name-of-the-answer"));
}

#[test]
fn a_credential_that_is_dead_blocks_nothing() {
    let body = r#"{"error": "Invalid username or password."}"#;
    let (vendors, folder) = (Vendors::answering("401 Unauthorized", body), folder());
    let request = request(folder.path(), &vendors);
    fs::write(folder.path().join("seaworthy.yaml"), "fail-on: note\n").expect("a file");
    let (report, _) = scan(&request, &[]);
    for judged in &report.findings {
        let finding = &judged.finding;
        assert_eq!(finding.verification, Some(Life::Dead));
        assert_eq!((finding.tier, finding.severity), (Tier::Warning, Severity::Low));
        assert_eq!(judged.verdict, Verdict::Reported);
    }
    assert_eq!(findings(&report).len(), 2);
    assert_nothing_is_told(&report);
}

#[test]
fn an_answer_that_does_not_tell_changes_nothing() {
    let (vendors, folder) = (Vendors::answering("503 Busy", ""), folder());
    let mut request = request(folder.path(), &vendors);
    let (asked, _) = scan(&request, &[]);
    request.verify = None;
    let (plain, announced) = scan(&request, &[]);
    assert!(announced.is_empty());
    assert_eq!(vendors.seen().len(), 1);
    for (asked, plain) in findings(&asked).into_iter().zip(findings(&plain)) {
        let expected = Finding { verification: Some(Life::Unknown), ..plain.clone() };
        assert_eq!((asked, plain.verification), (&expected, None));
    }
}

#[test]
fn for_a_pull_request_from_a_fork_no_vendor_sees_anything() {
    let (vendors, folder) = (Vendors::answering("200 OK", r#"{"type": "user"}"#), folder());
    let event = tempfile::NamedTempFile::new().expect("a file");
    let text = r#"{"pull_request": {"head": {"repo": {"id": 7}}, "base": {"repo": {"id": 1}}}}"#;
    fs::write(event.path(), text).expect("a file");
    let event = event.path().to_str().expect("a plain path");
    for name in ["pull_request", "pull_request_target"] {
        let variables = [("GITHUB_EVENT_NAME", name), ("GITHUB_EVENT_PATH", event)];
        let (report, announced) = scan(&request(folder.path(), &vendors), &variables);
        assert!(announced.is_empty());
        assert!(findings(&report).iter().all(|finding| finding.verification.is_none()));
        let notice = "no credential was verified: the change under audit comes from a fork";
        assert_eq!(report.notices, [notice]);
    }
    assert!(vendors.seen().is_empty(), "{:?}", vendors.seen());
}

#[test]
fn what_is_excluded_is_not_sent() {
    let (vendors, folder) = (Vendors::answering("200 OK", r#"{"type": "user"}"#), folder());
    fs::write(folder.path().join("seaworthy.yaml"), "exclude: ['**']\n").expect("a file");
    let (report, _) = scan(&request(folder.path(), &vendors), &[]);
    assert!(findings(&report).iter().all(|finding| finding.verification.is_none()));
    assert!(vendors.seen().is_empty(), "{:?}", vendors.seen());
}

#[test]
fn offline_and_verify_exclude_each_other() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
    let output = program.args(["scan", "--offline", "--verify"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("--verify") && told.contains("--offline"), "{told}");
}
