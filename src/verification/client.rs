//! The client: vendors are asked side by side, each of them at most once in a second.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::TcpStream,
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, crypto::ring},
};

use super::request::Message;
use crate::{
    deadline::Deadline,
    target::{self, Sender},
};

/// Most requests in flight.
const AT_ONCE: usize = 5;
/// Least time between two requests to one host.
pub(super) const PACE: Duration = Duration::from_secs(1);
/// Most time for one request: name, connection, answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of an answer's body that are read.
pub(super) const MOST_BYTES: usize = 64 * 1024;
/// How often it is looked whether the user wants to end.
const WAKE: Duration = Duration::from_millis(100);

/// How vendors are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// As everyone does: by the name's addresses and TLS, without any proxy.
    Public,
    /// All at one port of this machine, for tests; by TLS if an authority (PEM) is given.
    Loopback {
        /// The port.
        port: u16,
        /// The only difference to the public way of TLS: who else is believed.
        authority: Option<Vec<u8>>,
    },
}

/// One request, and the host that it is for.
pub(super) struct Inquiry {
    pub(super) host: String,
    pub(super) message: Message,
}

/// An answer, as far as it is read. It may repeat the credential: nobody may show it.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Sends each request once, and returns what came back, in the same order. `None` is no answer: what stands
/// in errors of a client could repeat the request.
pub(super) fn ask(
    inquiries: Vec<Inquiry>,
    way: &Way,
    deadline: &Deadline<'_>,
) -> Vec<Option<Answer>> {
    let nothing = || inquiries.iter().map(|_| None).collect();
    if inquiries.is_empty() {
        return Vec::new();
    }
    let Some(connector) = Connector::new(way) else { return nothing() };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return nothing();
    };
    let answers = runtime.block_on(ask_all(inquiries, Arc::new(connector), deadline));
    // A name that is still being resolved is not waited for.
    runtime.shutdown_background();
    answers
}

async fn ask_all(
    inquiries: Vec<Inquiry>,
    connector: Arc<Connector>,
    deadline: &Deadline<'_>,
) -> Vec<Option<Answer>> {
    let mut answers: Vec<Option<Answer>> = inquiries.iter().map(|_| None).collect();
    let mut hosts: BTreeMap<String, Vec<(usize, Message)>> = BTreeMap::new();
    for (at, inquiry) in inquiries.into_iter().enumerate() {
        hosts.entry(inquiry.host).or_default().push((at, inquiry.message));
    }
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    // All that is still under way ends when the set is dropped.
    let mut tasks = JoinSet::new();
    for (host, messages) in hosts {
        let (connector, turns, sender) = (connector.clone(), turns.clone(), sender.clone());
        tasks.spawn(async move {
            let mut next = Instant::now();
            for (at, message) in messages {
                sleep_until(next).await;
                let turn = turns.acquire().await;
                next = Instant::now() + PACE;
                let answer = timeout(PATIENCE, connector.exchange(&host, message)).await;
                drop(turn);
                drop(sender.send((at, answer.ok().flatten())));
            }
        });
    }
    drop(sender);
    while !deadline.passed() {
        match timeout(WAKE, receiver.recv()).await {
            Ok(Some((at, answer))) => answers[at] = answer,
            Ok(None) => break,
            Err(_) => {}
        }
    }
    answers
}

/// Opens connections.
struct Connector {
    tls: Option<TlsConnector>,
    instead: Option<SocketAddr>,
}

impl Connector {
    fn new(way: &Way) -> Option<Self> {
        let (instead, authorities) = match way {
            Way::Public => (None, Some(Vec::new())),
            Way::Loopback { port, authority } => {
                let instead = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
                (Some(instead), authority.clone().map(|authority| vec![authority]))
            }
        };
        let tls = match authorities {
            Some(authorities) => Some(tls(&authorities)?),
            None => None,
        };
        Some(Self { tls, instead })
    }

    /// One request on a connection of its own. A redirect is an answer like others.
    async fn exchange(&self, host: &str, message: Message) -> Option<Answer> {
        let mut sender = self.open(host).await?;
        let response = sender.send_request(message).await.ok()?;
        let status = response.status().as_u16();
        let (body, _) = target::read(response, MOST_BYTES).await.ok()?;
        Some(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }

    async fn open(&self, host: &str) -> Option<Sender> {
        let stream = self.connect(host).await.ok()?;
        match &self.tls {
            Some(tls) => {
                let name = rustls_pki_types::ServerName::try_from(host.to_owned()).ok()?;
                target::shake_hands(tls.connect(name, stream).await.ok()?).await.ok()
            }
            None => target::shake_hands(stream).await.ok(),
        }
    }

    async fn connect(&self, host: &str) -> io::Result<TcpStream> {
        match self.instead {
            Some(address) => TcpStream::connect(address).await,
            None => TcpStream::connect((host, 443)).await,
        }
    }
}

/// TLS that refuses a certificate which does not verify.
fn tls(authorities: &[Vec<u8>]) -> Option<TlsConnector> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(target::roots(authorities).ok()?)
        .with_no_client_auth();
    Some(TlsConnector::from(Arc::new(config)))
}
