//! The client: HTTPS by rustls with ring, redirects followed by hand so that each is judged.

use std::{
    fs,
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use tokio_rustls::rustls::crypto::ring;
use ureq::{
    Agent, Body, Error, Timeout,
    http::{HeaderMap, Response, StatusCode, header},
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
};
use url::Url;

use super::{
    Address, Answer, Copying, FetchError, Received, Request, Validators,
    address::{is_loopback, objection, shown},
    proxy::Proxies,
    read_file,
};
use crate::deadline::Deadline;

/// Most time for a connection, its handshake included.
const CONNECT: Duration = Duration::from_secs(10);
/// Most time in which nothing comes.
const SILENCE: Duration = Duration::from_secs(30);
/// Redirects that are followed.
const MOST_REDIRECTS: usize = 5;
/// Longer validators are not kept.
const LONGEST_VALIDATOR: usize = 512;
/// The variable that names a file of authorities, as OpenSSL and many after it know it.
const AUTHORITIES: &str = "SSL_CERT_FILE";
/// Where platforms keep the authorities that their administrator trusts.
const PLATFORM_BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// Fetches. It keeps connections open between downloads.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    proxies: Proxies,
}

impl Client {
    /// Makes a client that reaches others as variables of the environment say: `https_proxy`, `http_proxy`,
    /// `all_proxy`, `no_proxy`, and `SSL_CERT_FILE`, whose authorities are then the only ones. Else those of the
    /// platform are believed, else Mozilla's.
    pub fn new(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, FetchError> {
        let provider = Arc::new(ring::default_provider());
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(authorities(variable(AUTHORITIES).filter(|path| !path.is_empty()))?);
        let config = Agent::config_builder()
            .tls_config(tls.build())
            // Without this, the library would read the environment itself.
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("seaworthy/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT))
            .timeout_per_read(Some(SILENCE))
            .timeout_recv_response(Some(SILENCE));
        Ok(Self { agent: config.build().new_agent(), proxies: Proxies::new(variable)? })
    }

    /// Fetches one thing and writes it to `to` while it comes; `seen` is told how far that is. After an error
    /// `to` may hold a part of it.
    pub fn fetch(
        &self,
        request: &Request<'_>,
        to: &mut dyn Write,
        deadline: &Deadline<'_>,
        seen: &mut dyn FnMut(Received),
    ) -> Result<Answer, FetchError> {
        let url = match request.address {
            Address::Web(url) => url,
            Address::File(path) => return read_file(path, request, to, deadline, seen),
        };
        let (url, response) = self.follow(url.clone(), request, deadline)?;
        let shown = shown(&url);
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED && *request.known != Validators::default() {
            return Ok(Answer::Unchanged);
        }
        if matches!(status.as_u16(), 429 | 503) {
            let after = response.headers().get(header::RETRY_AFTER);
            let seconds = after.and_then(|after| after.to_str().ok()?.trim().parse().ok());
            return Err(FetchError::Busy { address: shown, status: status.as_u16(), seconds });
        }
        if status != StatusCode::OK {
            return Err(FetchError::Status { address: shown, status: status.as_u16() });
        }
        let validators = validators(response.headers());
        let body = response.into_body();
        let (most_bytes, of) = (request.most_bytes, body.content_length());
        let copying = Copying { shown: &shown, most_bytes, of, deadline, seen };
        let explain = |error: io::Error| in_words(&Error::from(error));
        let size = copying.run(body.into_reader(), to, explain)?;
        Ok(Answer::Fresh { validators, size })
    }

    /// Asks, and asks where the answer points, until an answer points nowhere.
    fn follow(
        &self,
        mut url: Url,
        request: &Request<'_>,
        deadline: &Deadline<'_>,
    ) -> Result<(Url, Response<Body>), FetchError> {
        for _ in 0..=MOST_REDIRECTS {
            let response = self.ask(&url, request, deadline)?;
            let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            let next = response.headers().get(header::LOCATION).filter(|_| is_redirect);
            let Some(next) = next else { return Ok((url, response)) };
            url = redirect(&url, next.to_str().unwrap_or_default())?;
        }
        let reason = "too many redirects".to_owned();
        Err(FetchError::Failed { address: shown(&url), reason })
    }

    fn ask(
        &self,
        url: &Url,
        request: &Request<'_>,
        deadline: &Deadline<'_>,
    ) -> Result<Response<Body>, FetchError> {
        if deadline.passed() {
            let reason = deadline.reason();
            return Err(FetchError::Stopped { address: shown(url), reason });
        }
        let mut url = url.clone();
        url.set_fragment(None);
        let Validators { tag, modified } = request.known;
        let headers = [
            (header::IF_NONE_MATCH, tag.as_deref()),
            (header::IF_MODIFIED_SINCE, modified.as_deref()),
            (header::ACCEPT, request.accept),
            // A body is what it is: an archive gains nothing, and what is unpacked has no known size.
            (header::ACCEPT_ENCODING, Some("identity")),
        ];
        let mut message = self.agent.get(url.as_str());
        for (name, value) in headers {
            if let Some(value) = value {
                message = message.header(name, value);
            }
        }
        let config = message.config().proxy(self.proxies.of(&url).cloned());
        let message = config.timeout_global(Some(deadline.remaining())).build();
        message
            .call()
            .map_err(|error| FetchError::Failed { address: shown(&url), reason: in_words(&error) })
    }
}

/// Where a redirect leads. It may not lead from the world to this machine, nor to plain HTTP.
fn redirect(from: &Url, to: &str) -> Result<Url, FetchError> {
    let failed = |reason: String| FetchError::Failed { address: shown(from), reason };
    let next = from.join(to).map_err(|_| failed("redirects to what is no address".to_owned()))?;
    if let Some(reason) = objection(&next) {
        return Err(failed(format!("redirects to {}: {reason}", shown(&next))));
    }
    if is_loopback(&next) && !is_loopback(from) {
        return Err(failed("redirects to this machine".to_owned()));
    }
    Ok(next)
}

/// Those of the file that the user names, else those of the platform, else Mozilla's.
fn authorities(named: Option<String>) -> Result<RootCerts, FetchError> {
    let certificates = |pem: &[u8]| -> Vec<_> {
        let items = parse_pem(pem).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        items.collect()
    };
    if let Some(path) = named {
        let refuse = |reason| FetchError::Variable { name: AUTHORITIES, reason };
        let pem = fs::read(&path).map_err(|error| refuse(format!("read `{path}`: {error}")))?;
        let certificates = certificates(&pem);
        if certificates.is_empty() {
            return Err(refuse(format!("no certificate in `{path}`")));
        }
        return Ok(certificates.into());
    }
    let bundle = PLATFORM_BUNDLES.iter().find_map(|path| fs::read(path).ok());
    let certificates = bundle.map(|pem| certificates(&pem)).unwrap_or_default();
    Ok(if certificates.is_empty() { RootCerts::WebPki } else { certificates.into() })
}

fn validators(headers: &HeaderMap) -> Validators {
    let text = |name| {
        let value = headers.get(name)?.to_str().ok()?;
        (value.len() <= LONGEST_VALIDATOR).then(|| value.to_owned())
    };
    Validators { tag: text(header::ETAG), modified: text(header::LAST_MODIFIED) }
}

/// What went wrong, without the address.
fn in_words(error: &Error) -> String {
    match error {
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the connection ended before all of it came".to_owned()
        }
        Error::Io(error) => error.to_string(),
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => "no connection in time".to_owned(),
        Error::Timeout(Timeout::PerRead | Timeout::RecvResponse) => {
            "the server has stopped sending".to_owned()
        }
        Error::Timeout(_) => "it takes too long".to_owned(),
        Error::HostNotFound => "no host of this name is known".to_owned(),
        Error::Rustls(error) => format!("no safe connection: {error}"),
        Error::Tls(reason) => format!("no safe connection: {reason}"),
        Error::ConnectProxyFailed(reason) => format!("the proxy refuses: {reason}"),
        // These hold the address, or are faults of this program that nobody could act on.
        Error::BadUri(_) | Error::RequireHttpsOnly(_) => "it is no address".to_owned(),
        other => other.to_string(),
    }
}
