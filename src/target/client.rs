//! The client: the only way to the target, which keeps every promise about what is sent to it.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use http_body_util::{BodyExt, Full};
use hyper::{Response, body::Incoming};
use thiserror::Error;

use super::{
    Target,
    connection::{self, Sender},
    exchange::{Exchange, hidden},
};
use crate::{deadline::Deadline, finding::Secret};

/// What every request of the program says of it.
pub(crate) const USER_AGENT: &str = concat!("seaworthy/", env!("CARGO_PKG_VERSION"));
const MOST_REDIRECTS: usize = 5;
/// How often a waiting client looks whether the user wants to end.
const WAKE: Duration = Duration::from_millis(100);

/// As whom a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Identity {
    /// Without credentials.
    #[default]
    Anonymous,
    /// With the target's credentials, which the client attaches.
    User,
}

/// What a request carries.
#[derive(Debug, Clone)]
pub struct Body {
    /// Its media type.
    pub media_type: &'static str,
    /// The bytes; they may hold a password.
    pub content: Secret,
}

/// A request to be sent.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// Path and query on the origin, sent as they are.
    pub path: String,
    /// Headers beside those that the client sets.
    pub headers: Vec<(String, String)>,
    /// As whom.
    pub identity: Identity,
    /// What it carries.
    pub body: Option<Body>,
}

impl Request {
    /// An anonymous request without body.
    pub fn new(method: &str, path: &str) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), ..Self::default() }
    }

    /// An anonymous GET.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// The same, with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, sent as this identity.
    #[must_use]
    pub const fn by(mut self, identity: Identity) -> Self {
        self.identity = identity;
        self
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SendError {
    /// The request budget is used up.
    #[error("the budget of {0} requests is used up")]
    Budget(u32),
    /// The time budget is used up.
    #[error("the time budget is used up")]
    Time,
    /// The run's deadline has passed, or the user wants to end.
    #[error("{0}")]
    Deadline(&'static str),
    /// The policy does not allow the method.
    #[error("{0} is not sent: the audit only looks")]
    Method(String),
    /// The route is kept away from.
    #[error("{route} is not requested: {reason}")]
    Route {
        /// The path.
        route: String,
        /// Why.
        reason: String,
    },
    /// An answer leads off the origin.
    #[error("the redirect leads off the target's origin")]
    OffOrigin,
    /// There were too many redirects.
    #[error("more than five redirects")]
    Redirects,
    /// The request can not be written.
    #[error("the request can not be sent: {0}")]
    Malformed(String),
    /// The certificate did not verify, so that credentials do not travel.
    #[error("credentials are not sent: the certificate does not verify")]
    Unverified,
    /// Nobody answers at the address.
    #[error("{0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// What came back is not HTTP, or broke off.
    #[error("no usable answer: {0}")]
    Failed(String),
}

impl SendError {
    /// Whether no further request will be sent either.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Budget(_) | Self::Time | Self::Deadline(_))
    }

    /// Whether the target may answer another time: it was asked, and did not answer.
    pub const fn is_disturbance(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Timeout | Self::Failed(_))
    }
}

/// An answer, or why there is none.
pub type Answered = Result<Exchange, SendError>;

/// How much one part of the audit may send.
#[derive(Debug)]
pub struct Budget {
    requests: u32,
    sent: AtomicU32,
    until: Instant,
}

impl Budget {
    /// Most time of any budget: no audit lasts longer than a day.
    pub const LONGEST: Duration = Duration::from_hours(24);

    /// So many requests, within so much time from now, and not more than [`Self::LONGEST`].
    pub fn new(requests: u32, time: Duration) -> Self {
        let until = Instant::now() + time.min(Self::LONGEST);
        Self { requests, sent: AtomicU32::new(0), until }
    }

    /// How many requests were sent.
    pub fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// How many requests may still be sent.
    pub fn left(&self) -> u32 {
        if Instant::now() < self.until { self.requests.saturating_sub(self.sent()) } else { 0 }
    }

    fn take(&self) -> Result<(), SendError> {
        if Instant::now() >= self.until {
            return Err(SendError::Time);
        }
        let take = |sent: u32| (sent < self.requests).then_some(sent + 1);
        match self.sent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(_) => Err(SendError::Budget(self.requests)),
        }
    }
}

/// Sends requests to one target on one budget.
pub struct Client<'a> {
    target: &'a Target,
    budget: Budget,
    deadline: Deadline<'a>,
    login: Option<(String, String)>,
    idle: Mutex<Vec<Sender>>,
}

impl<'a> Client<'a> {
    /// A client with a budget of its own.
    pub const fn new(target: &'a Target, budget: Budget, deadline: Deadline<'a>) -> Self {
        Self { target, budget, deadline, login: None, idle: Mutex::new(Vec::new()) }
    }

    /// Allows one method of one path beyond the policy: the configured login.
    #[must_use]
    pub fn with_login(mut self, method: &str, path: &str) -> Self {
        self.login = Some((method.to_owned(), path.to_owned()));
        self
    }

    /// The target.
    pub const fn target(&self) -> &'a Target {
        self.target
    }

    /// What was spent.
    pub const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Ends the budget after so much time from now, if it does not end sooner.
    pub fn end_after(&mut self, time: Duration) {
        let until = Instant::now() + time.min(Budget::LONGEST);
        self.budget.until = self.budget.until.min(until);
    }

    /// Sends one request. A redirect is an answer like others.
    pub async fn send(&self, request: &Request) -> Answered {
        self.permit(request)?;
        self.bounded(self.exchange(request)).await
    }

    /// Sends a GET and follows up to five redirects, none of which may leave the origin.
    pub async fn send_following(&self, request: &Request) -> Answered {
        let mut request = request.clone();
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.send(&request).await?;
            let location =
                answer.header("location").filter(|_| (300..400).contains(&answer.status));
            let Some(location) = location else { return Ok(answer) };
            let next = self.target.origin().follow(&request.path, location);
            request.path = next.ok_or(SendError::OffOrigin)?;
        }
        Err(SendError::Redirects)
    }

    /// Asks the target's own address for `path` by plain HTTP, at the port that redirects to HTTPS.
    pub async fn send_plain(&self, path: &str) -> Answered {
        let request = Request::get(path);
        self.permit(&request)?;
        self.bounded(async {
            self.budget.take()?;
            let port = self.target.limits().plain_port;
            let mut sender = connection::open_plain(self.target, port).await?;
            let host = self.target.origin().host.clone();
            let host = if port == 80 { host } else { format!("{host}:{port}") };
            let mut exchange = self.exchange_on(&mut sender, &request, &host).await?;
            exchange.url = format!("http://{host}{path}");
            Ok(exchange)
        })
        .await
    }

    /// Sends bytes that are no HTTP (a handshake) and reads up to `limit` bytes of the answer.
    pub async fn send_raw(&self, bytes: &[u8], limit: usize) -> Result<Vec<u8>, SendError> {
        self.bounded(async {
            self.budget.take()?;
            connection::exchange_raw(self.target, bytes, limit).await
        })
        .await
    }

    fn permit(&self, request: &Request) -> Result<(), SendError> {
        let path = &request.path;
        let is_login = self.login.as_ref().is_some_and(|(method, login)| {
            *method == request.method && login == path && request.body.is_some()
        });
        if !is_login && !self.target.limits().policy.permits(&request.method) {
            return Err(SendError::Method(request.method.clone()));
        }
        if !path.starts_with('/') {
            return Err(SendError::Malformed(format!("`{path}` is no path")));
        }
        match self.target.limits().exclusions.reason(&self.target.base, path) {
            Some(reason) if !is_login => Err(SendError::Route { route: path.clone(), reason }),
            _ => Ok(()),
        }
    }

    /// Ends `work` at the request's timeout, the deadline, or the user's wish.
    async fn bounded<T>(
        &self,
        work: impl Future<Output = Result<T, SendError>>,
    ) -> Result<T, SendError> {
        if self.deadline.passed() {
            return Err(SendError::Deadline(self.deadline.reason()));
        }
        let limit = self.target.limits().timeout.min(self.deadline.remaining());
        let ended = async {
            while !self.deadline.passed() {
                tokio::time::sleep(WAKE).await;
            }
        };
        tokio::select! {
            answered = tokio::time::timeout(limit, work) => {
                answered.unwrap_or_else(|_| Err(self.too_late()))
            }
            () = ended => Err(self.too_late()),
        }
    }

    fn too_late(&self) -> SendError {
        if self.deadline.passed() {
            SendError::Deadline(self.deadline.reason())
        } else {
            SendError::Timeout
        }
    }

    async fn exchange(&self, request: &Request) -> Answered {
        let host = self.target.origin().authority();
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(mut sender) = idle.filter(Sender::is_ready) {
            self.budget.take()?;
            match self.exchange_on(&mut sender, request, &host).await {
                // The server may have closed the connection while it was idle.
                Err(SendError::Failed(_)) if request.body.is_none() => {}
                answered => return self.keep(sender, answered),
            }
        }
        self.budget.take()?;
        let mut sender = connection::open(self.target).await?;
        let answered = self.exchange_on(&mut sender, request, &host).await;
        self.keep(sender, answered)
    }

    fn keep(&self, sender: Sender, answered: Answered) -> Answered {
        if answered.as_ref().is_ok_and(|exchange| !exchange.is_cut) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        }
        answered
    }

    async fn exchange_on(&self, sender: &mut Sender, request: &Request, host: &str) -> Answered {
        let failed = |error: hyper::Error| SendError::Failed(describe(&error));
        let (message, request_headers) = self.write(request, host)?;
        sender.ready().await.map_err(failed)?;
        let started = Instant::now();
        let response = sender.send_request(message).await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let (body, is_cut) = read(response, self.target.limits().body).await?;
        Ok(Exchange {
            method: request.method.clone(),
            path: request.path.clone(),
            url: self.target.url_of(&request.path),
            request_headers,
            status,
            headers,
            body,
            is_cut,
            took: started.elapsed(),
        })
    }

    fn write(&self, request: &Request, host: &str) -> Result<Written, SendError> {
        let malformed = |error: http::Error| SendError::Malformed(error.to_string());
        let uri: Uri = request.path.parse().map_err(|error| malformed(http::Error::from(error)))?;
        let content =
            request.body.as_ref().map(|body| Bytes::copy_from_slice(body.content.expose()));
        let mut message = http::Request::builder()
            .method(request.method.as_str())
            .uri(uri)
            .body(Full::new(content.unwrap_or_default()))
            .map_err(malformed)?;
        let mut shown = Vec::new();
        let headers = message.headers_mut();
        set(headers, "host", host)?;
        set(headers, "user-agent", USER_AGENT)?;
        set(headers, "accept", "*/*")?;
        if let Some(body) = &request.body {
            set(headers, "content-type", body.media_type)?;
            shown.push(("content-type".to_owned(), body.media_type.to_owned()));
        }
        for (name, value) in &request.headers {
            set(headers, name, value)?;
            shown.push((name.clone(), value.clone()));
        }
        // A body is a login's: it holds a password.
        let is_confidential = request.identity == Identity::User || request.body.is_some();
        if is_confidential && self.target.certificate_failure().is_some() {
            return Err(SendError::Unverified);
        }
        if request.identity == Identity::User {
            self.attach(headers, &mut shown)?;
        }
        Ok((message, shown))
    }

    fn attach(
        &self,
        headers: &mut HeaderMap,
        shown: &mut Vec<(String, String)>,
    ) -> Result<(), SendError> {
        let none = || SendError::Malformed("there are no credentials".to_owned());
        let credential = self.target.credential().ok_or_else(none)?;
        let mut value = HeaderValue::from_bytes(credential.value.expose())
            .map_err(|_| SendError::Malformed("a credential is no header value".to_owned()))?;
        value.set_sensitive(true);
        headers.insert(credential.header, value);
        shown.push((credential.header.to_owned(), hidden(credential.header)));
        Ok(())
    }
}

/// A message, and its headers as they may be shown.
type Written = (http::Request<Full<Bytes>>, Vec<(String, String)>);

fn set(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), SendError> {
    let malformed = |what: &str| SendError::Malformed(format!("`{name}` {what}"));
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed("is no header"))?;
    let value = HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| malformed("has a value that can not be sent"))?;
    headers.insert(key, value);
    Ok(())
}

/// Up to `limit` bytes of the body, and whether there are more.
pub(crate) async fn read(
    response: Response<Incoming>,
    limit: usize,
) -> Result<(Vec<u8>, bool), SendError> {
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| SendError::Failed(describe(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        bytes.extend_from_slice(&data[..data.len().min(limit - bytes.len())]);
        if bytes.len() >= limit {
            return Ok((bytes, true));
        }
    }
    Ok((bytes, false))
}

fn describe(error: &hyper::Error) -> String {
    if error.is_parse() {
        "what came back is not HTTP".to_owned()
    } else if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        "the connection was closed".to_owned()
    } else {
        error.to_string()
    }
}
