//! Downloads from a server on loopback that answers well, badly or not at all.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use super::*;

static NEVER: AtomicBool = AtomicBool::new(false);

/// A server on loopback that hands each connection, after its request, to `answer`, and remembers requests.
struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let head: String = BufReader::new(&stream)
                    .lines()
                    .map_while(Result::ok)
                    .take_while(|line| !line.is_empty())
                    .map(|line| line + "\n")
                    .collect();
                seen.lock().expect("no test panics with it").push(head.clone());
                answer(&head, &mut stream);
            }
        });
        Self { address, requests }
    }

    fn saying(answer: impl Into<String>) -> Self {
        let answer = answer.into();
        Self::new(move |_, stream| drop(stream.write_all(answer.as_bytes())))
    }

    fn at(&self, path: &str) -> Address {
        Address::parse(&format!("http://{}/{path}", self.address)).expect("an address")
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no test panics with it").clone()
    }
}

fn with_body(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nETag: \"a\"\r\nConnection: close\r\n\r\n{body}"
    )
}

fn moved(to: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

fn fetch_by(
    variables: &[(&str, &str)],
    address: &Address,
    known: &Validators,
    limit: Duration,
) -> (Result<Answer, FetchError>, Vec<u8>) {
    let variable = |name: &str| {
        let set = variables.iter().find(|(known, _)| *known == name);
        set.map(|(_, value)| (*value).to_owned())
    };
    let client = Client::new(&variable).unwrap();
    let deadline = Deadline::after(limit, &NEVER);
    let mut body = Vec::new();
    let request = Request { address, accept: None, known, most_bytes: 1 << 16 };
    let answer = client.fetch(&request, &mut body, &deadline, &mut |_| {});
    (answer, body)
}

fn fetch(address: &Address) -> (Result<Answer, FetchError>, Vec<u8>) {
    fetch_by(&[], address, &Validators::default(), Duration::from_secs(20))
}

fn error_of(address: &Address) -> String {
    fetch(address).0.unwrap_err().to_string()
}

#[test]
fn a_body_is_written_and_its_validators_are_kept() {
    let server = Server::saying(with_body("hello"));
    let (answer, body) = fetch(&server.at("a?key=secret"));
    let validators = Validators { tag: Some("\"a\"".to_owned()), modified: None };
    assert_eq!(answer.unwrap(), Answer::Fresh { validators, size: 5 });
    assert_eq!(body, b"hello");
    let request = server.requests()[0].to_ascii_lowercase();
    assert!(request.starts_with("get /a?key=secret http/1.1"), "{request}");
    assert!(request.contains("user-agent: seaworthy/"), "{request}");
    assert!(!request.contains("if-none-match"), "{request}");
}

#[test]
fn what_is_known_is_not_sent_again() {
    let server = Server::saying("HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
    let known = Validators { tag: Some("\"a\"".to_owned()), modified: Some("then".to_owned()) };
    let (answer, body) = fetch_by(&[], &server.at("a"), &known, Duration::from_secs(20));
    assert_eq!(answer.unwrap(), Answer::Unchanged);
    assert_eq!(body, b"");
    let request = server.requests()[0].to_ascii_lowercase();
    assert!(request.contains("if-none-match: \"a\"\n"), "{request}");
    assert!(request.contains("if-modified-since: then\n"), "{request}");
}

#[test]
fn not_modified_is_no_answer_to_who_knows_nothing() {
    let server = Server::saying("HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
    assert!(matches!(fetch(&server.at("a")).0, Err(FetchError::Status { status: 304, .. })));
}

#[test]
fn a_body_that_ends_early_is_an_error() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhell");
    let error = error_of(&server.at("a"));
    assert!(error.ends_with("the connection ended before all of it came"), "{error}");
}

#[test]
fn a_body_without_end_is_left_at_the_limit() {
    let endless = |_: &str, stream: &mut TcpStream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"));
        while stream.write_all(&[b'a'; 4096]).is_ok() {}
    };
    let (answer, body) = fetch(&Server::new(endless).at("a"));
    assert!(matches!(answer, Err(FetchError::TooLarge { most_bytes: 65_536, .. })));
    assert!(body.len() <= 1 << 16);
    let announced = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n");
    assert!(matches!(fetch(&announced.at("a")).0, Err(FetchError::TooLarge { .. })));
}

#[test]
fn a_status_is_told_without_the_query() {
    let server =
        Server::saying("HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let error = error_of(&server.at("a/b?key=secret"));
    assert_eq!(error, format!("http://{}/a/b: the server answers 500", server.address));
    let none = Server::saying("HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert!(fetch(&none.at("a")).0.unwrap_err().is_missing());
}

#[test]
fn a_redirect_is_followed_within_this_machine_and_not_to_plain_http_elsewhere() {
    let end = Server::saying(with_body("there"));
    let start = Server::saying(moved(&end.at("b").to_string()));
    assert_eq!(fetch(&start.at("a")).1, b"there");
    let open = Server::saying(moved("http://example.com/x?key=secret"));
    let error = error_of(&open.at("a"));
    assert!(error.contains("redirects to http://example.com/x: plain HTTP"), "{error}");
    let file = Server::saying(moved("file:///etc/passwd"));
    assert!(error_of(&file.at("a")).contains("only https"));
    let round = Server::saying(moved("/a"));
    assert!(error_of(&round.at("a")).ends_with("too many redirects"));
}

#[test]
fn a_server_that_says_nothing_is_left_when_the_time_is_over() {
    let server = Server::new(|_, _| thread::sleep(Duration::from_secs(5)));
    let limit = Duration::from_millis(300);
    let (answer, _) = fetch_by(&[], &server.at("a"), &Validators::default(), limit);
    let error = answer.unwrap_err().to_string();
    assert!(error.ends_with("it takes too long"), "{error}");
}

#[test]
fn a_user_who_wants_to_end_ends_a_download() {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    let server = Server::new(move |_, stream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\nabc"));
        flag.store(true, Ordering::Relaxed);
        drop(stream.write_all(&[b'a'; 4000]));
        thread::sleep(Duration::from_millis(200));
        drop(stream.write_all(&[b'a'; 4000]));
    });
    let deadline = Deadline::after(Duration::from_secs(20), &interrupted);
    let (address, known) = (server.at("a"), Validators::default());
    let request = Request { address: &address, accept: None, known: &known, most_bytes: 1 << 16 };
    let client = Client::new(&|_| None).unwrap();
    let answer = client.fetch(&request, &mut Vec::new(), &deadline, &mut |_| {});
    assert!(matches!(answer, Err(FetchError::Stopped { reason: "interrupted", .. })));
}

#[test]
fn the_proxy_of_the_variables_is_asked_for_other_hosts() {
    let proxy = Server::saying("HTTP/1.1 502 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let at = format!("http://me:pw@{}", proxy.address);
    let address = Address::parse("https://advisories.example/all.zip").unwrap();
    let known = Validators::default();
    let (answer, _) = fetch_by(&[("https_proxy", &at)], &address, &known, Duration::from_secs(20));
    let error = answer.unwrap_err().to_string();
    assert!(error.starts_with("https://advisories.example/all.zip: the proxy refuses"), "{error}");
    assert!(!error.contains("pw"), "{error}");
    let request = proxy.requests()[0].clone();
    assert!(request.starts_with("CONNECT advisories.example:443 HTTP/1.1"), "{request}");
}

#[test]
fn files_are_fetched_like_everything_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b");
    fs::write(&path, "hello").unwrap();
    let address = Address::parse(&path.display().to_string()).unwrap();
    let (answer, body) = fetch(&address);
    let Ok(Answer::Fresh { validators, size: 5 }) = answer else { panic!("{answer:?}") };
    assert_eq!(body, b"hello");
    let url = url::Url::from_file_path(&path).unwrap().to_string();
    let again = fetch_by(&[], &Address::parse(&url).unwrap(), &validators, Duration::from_secs(1));
    assert_eq!(again.0.unwrap(), Answer::Unchanged);
    assert!(fetch(&Address::parse("/no/such/file").unwrap()).0.is_err());
    assert!(error_of(&Address::File(folder.path().to_path_buf())).ends_with("not a file"));
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let error = |text: &str| Address::parse(text).unwrap_err().to_string();
    assert!(error("http://example.com/a?k=s").starts_with("`http://example.com/a` can not"));
    assert!(error("HTTP://example.com/").contains("use https"));
    assert!(!error("https://me:pw@example.com/a").contains("pw"));
    assert!(error("ftp://example.com/").contains("only https and file"));
    for fine in ["http://127.0.0.1:1/", "http://[::1]/", "http://localhost/", "https://a.example/"]
    {
        assert!(matches!(Address::parse(fine), Ok(Address::Web(_))), "{fine}");
    }
    assert_eq!(Address::parse("data/osv").unwrap(), Address::File("data/osv".into()));
}

#[test]
fn what_is_below_an_address_has_its_parts_escaped() {
    let below = |base: &str| Address::parse(base).unwrap().join(&["a b", "all.zip"]).to_string();
    assert_eq!(below("https://a.example/osv"), "https://a.example/osv/a%20b/all.zip");
    assert_eq!(below("https://a.example/osv/"), "https://a.example/osv/a%20b/all.zip");
}

#[test]
fn a_file_of_authorities_that_can_not_be_read_is_an_error() {
    let variable = |name: &str| (name == "SSL_CERT_FILE").then(|| "/no/such/file".to_owned());
    let error = Client::new(&variable).unwrap_err().to_string();
    assert!(error.starts_with("use the variable SSL_CERT_FILE: read"), "{error}");
}

#[test]
fn a_server_without_tls_is_no_https_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::parse(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    });
    let error = error_of(&address);
    assert!(error.starts_with("https://127.0.0.1:"), "{error}");
}
