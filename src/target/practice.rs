//! A small server for tests, on loopback: it answers what a closure says, counts, and ends when dropped.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring};

/// Bytes after which a server that never ends does end.
const MOST_BYTES: usize = 64 << 20;
/// Longest silence on a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// The authority that has signed the server's certificate for `localhost` and 127.0.0.1.
pub(crate) const AUTHORITY: &[u8] = include_bytes!("../../fixtures/certificates/authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("../../fixtures/certificates/certificate.pem");
const KEY: &str = include_str!("../../fixtures/certificates/key.pem.txt");

/// A request as the server has read it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// What the server does.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status, headers, body.
    Http(u16, Vec<(String, String)>, String),
    /// These bytes, then the end.
    Raw(Vec<u8>),
    /// The first bytes, then the second ones again and again, with a pause.
    Endless(Vec<u8>, Vec<u8>, Duration),
}

impl Reply {
    /// An answer of this media type.
    pub(crate) fn new(status: u16, media_type: &str, body: &str) -> Self {
        let headers = vec![("content-type".to_owned(), media_type.to_owned())];
        Self::Http(status, headers, body.to_owned())
    }

    /// The same, with one more header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Http(_, headers, _) = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

type Answer = dyn Fn(&Seen) -> Reply + Send + Sync;

/// A running server.
pub(crate) struct Practice {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Practice {
    /// Serves plain HTTP.
    pub(crate) fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(Arc::new(answer), None)
    }

    /// Serves HTTPS with a certificate of [`AUTHORITY`].
    pub(crate) fn start_secured(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let key = KEY.replace("<!>", "");
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("the key is a key");
        let certificates = CertificateDer::pem_slice_iter(CERTIFICATE).flatten().collect();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows the versions")
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .expect("the key fits");
        Self::serve(Arc::new(answer), Some(Arc::new(config)))
    }

    fn serve(answer: Arc<Answer>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (notes, ended) = (Arc::clone(&seen), Arc::clone(&stop));
        let accepting = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                let (answer, tls) = (Arc::clone(&answer), tls.clone());
                let (notes, ended) = (Arc::clone(&notes), Arc::clone(&ended));
                thread::spawn(move || drop(converse(stream, tls, &*answer, &notes, &ended)));
            }
        });
        Self { address, seen, stop, accepting: Some(accepting) }
    }

    /// Its URL by plain HTTP.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // One more connection, so that the listener looks up.
        drop(TcpStream::connect(self.address));
        drop(self.accepting.take().map(JoinHandle::join));
    }
}

trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

fn converse(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    answer: &Answer,
    notes: &Mutex<Vec<Seen>>,
    ended: &AtomicBool,
) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut wire: Box<dyn Wire> = match tls {
        None => Box::new(stream),
        Some(config) => {
            let session = ServerConnection::new(config).map_err(io::Error::other)?;
            Box::new(StreamOwned::new(session, stream))
        }
    };
    while let Some(request) = read(&mut *wire)? {
        notes.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        match answer(&request) {
            Reply::Http(status, headers, body) => {
                write(&mut *wire, &request, status, &headers, &body)?;
            }
            Reply::Raw(bytes) => return wire.write_all(&bytes).and_then(|()| wire.flush()),
            Reply::Endless(first, again, pause) => {
                wire.write_all(&first)?;
                let mut written = 0;
                while written < MOST_BYTES && !ended.load(Ordering::Relaxed) {
                    wire.write_all(&again)?;
                    wire.flush()?;
                    written += again.len().max(1);
                    thread::sleep(pause);
                }
                return Ok(());
            }
        }
    }
    Ok(())
}

fn read(wire: &mut dyn Wire) -> io::Result<Option<Seen>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if wire.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut lines = text.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let pairs = lines.filter_map(|line| line.split_once(':'));
    let headers = pairs.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let mut seen = Seen {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers.collect(),
        body: String::new(),
    };
    let length = seen.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    wire.read_exact(&mut body)?;
    seen.body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(seen))
}

fn write(
    wire: &mut dyn Wire,
    request: &Seen,
    status: u16,
    headers: &[(String, String)],
    body: &str,
) -> io::Result<()> {
    let mut text = format!("HTTP/1.1 {status} X\r\n");
    for (name, value) in headers {
        let _ = fmt::Write::write_fmt(&mut text, format_args!("{name}: {value}\r\n"));
    }
    let length = format_args!("content-length: {}\r\n\r\n", body.len()).to_string();
    text.push_str(&length);
    if request.method != "HEAD" {
        text.push_str(body);
    }
    wire.write_all(text.as_bytes())?;
    wire.flush()
}
