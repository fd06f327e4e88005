//! Where something is: an address of the web, or a file.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    path::PathBuf,
};

use url::{Host, Url};

use super::FetchError;

const USER: &str = "it holds a user name or a password, which would stand in reports";
const PLAIN: &str = "plain HTTP lets anybody on the way change what is sent: \
                     use https, a file, or a server on this machine";

/// Where something is. It is shown without its query.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// `https://…`, or `http://…` on this machine.
    Web(Url),
    /// `file:…`, or a path.
    File(PathBuf),
}

impl Address {
    /// Reads an address: `https://host/path`, `file:///path`, or a path.
    pub fn parse(text: &str) -> Result<Self, FetchError> {
        let refuse = |reason| FetchError::Address { address: without_query(text), reason };
        let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
        if lower.starts_with("file:") {
            let url = Url::parse(text).map_err(|_| refuse("it is no address"))?;
            let path =
                url.to_file_path().map_err(|()| refuse("it names no file of this machine"))?;
            return Ok(Self::File(path));
        }
        if lower.starts_with("http:") || lower.starts_with("https:") {
            let url = Url::parse(text).map_err(|_| refuse("it is no address"))?;
            return match objection(&url) {
                Some(reason) => Err(refuse(reason)),
                None => Ok(Self::Web(url)),
            };
        }
        if text.contains("://") {
            return Err(refuse("only https and file are known"));
        }
        Ok(Self::File(PathBuf::from(text)))
    }

    /// The address of something below this one, whose parts are not to be escaped yet.
    #[must_use]
    pub fn join(&self, parts: &[&str]) -> Self {
        match self {
            Self::Web(url) => {
                let mut url = url.clone();
                if let Ok(mut path) = url.path_segments_mut() {
                    path.pop_if_empty().extend(parts);
                }
                Self::Web(url)
            }
            Self::File(path) => Self::File(path.join(parts.iter().collect::<PathBuf>())),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web(url) => to.write_str(&shown(url)),
            Self::File(path) => write!(to, "{}", path.display()),
        }
    }
}

/// An address of the web without its query.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Neither can fail for an address with a host; others are refused.
    let _ = (url.set_username(""), url.set_password(None));
    url.into()
}

/// What speaks against asking there.
pub(super) fn objection(url: &Url) -> Option<&'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        return Some(USER);
    }
    match url.scheme() {
        "https" if url.has_host() => None,
        "http" if is_loopback(url) => None,
        "http" => Some(PLAIN),
        _ => Some("only https and file are known"),
    }
}

/// Whether it is a server on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address == Ipv6Addr::LOCALHOST
                || address.to_ipv4_mapped().as_ref().is_some_and(Ipv4Addr::is_loopback)
        }
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// What may be shown of a text that should be an address: no user, no query.
fn without_query(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    match text.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split('/').next().unwrap_or_default();
            let user = host.rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[user..])
        }
        None => text.to_owned(),
    }
}
