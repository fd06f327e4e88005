//! Where the target is: its URL taken apart, its name resolved once, forbidden addresses refused.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    sync::mpsc,
    thread,
    time::Duration,
};

use thiserror::Error;
use url::{Host, Url};

const RESOLVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Hosts by which cloud machines reach the service that hands out their credentials.
const METADATA_HOSTS: &[&str] = &[
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.azure.internal",
    "metadata.tencentyun.com",
];

/// Metadata services outside the link-local ranges: AWS, Google and Oracle over IPv6, Alibaba, Oracle,
/// Azure.
const METADATA_ADDRESSES: &[IpAddr] = &[
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

/// Why a URL can not be a target.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetError {
    /// It is no URL.
    #[error("read the target's URL: {0}")]
    Url(String),
    /// It is neither http nor https.
    #[error("use a target of the scheme `{0}`: only http and https can be audited")]
    Scheme(String),
    /// It names a user or password.
    #[error("use a target with credentials in its URL: give them through `live.login`")]
    Credentials,
    /// Its host or one of its addresses is that of a metadata service, or link-local.
    #[error("audit `{0}`: link-local and metadata addresses are refused, whoever asks")]
    Forbidden(String),
    /// Its name has no address.
    #[error("resolve `{host}`: {message}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver says.
        message: String,
    },
    /// An authority's certificate can not be used.
    #[error("trust an authority: {0}")]
    Authority(String),
}

/// http or https.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The word in URLs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// http or https.
    pub scheme: Scheme,
    /// The host as URLs write it: lower case, IPv6 in brackets.
    pub host: String,
    /// The port, also where it is the default.
    pub port: u16,
}

impl Origin {
    /// `host`, or `host:port` where the port is not the scheme's own: the `Host` header.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Whether a reference (`Location`), read at `path`, stays on this origin; its path and query if so.
    pub fn follow(&self, path: &str, reference: &str) -> Option<String> {
        let here = Url::parse(&format!("{self}{path}")).ok()?;
        let there = here.join(reference).ok()?;
        (there.origin() == here.origin()).then(|| {
            let query = there.query().map(|query| format!("?{query}")).unwrap_or_default();
            format!("{}{query}", there.path())
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.authority())
    }
}

/// The origin of a URL, and its path without the last slash.
pub(super) fn parse(url: &str) -> Result<(Origin, String), TargetError> {
    let url = Url::parse(url).map_err(|error| TargetError::Url(error.to_string()))?;
    let scheme = match url.scheme() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => return Err(TargetError::Scheme(other.to_owned())),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::Credentials);
    }
    let host = url.host_str().ok_or_else(|| TargetError::Url("it has no host".to_owned()))?;
    let port = url.port().unwrap_or(scheme.default_port());
    let origin = Origin { scheme, host: host.to_owned(), port };
    Ok((origin, url.path().trim_end_matches('/').to_owned()))
}

/// All addresses of the origin's host. One forbidden address refuses the host: a name that has both kinds
/// is an attempt.
pub(super) fn resolve(origin: &Origin) -> Result<Vec<SocketAddr>, TargetError> {
    let forbidden = || TargetError::Forbidden(origin.host.clone());
    let name = origin.host.trim_end_matches('.').to_ascii_lowercase();
    if METADATA_HOSTS.contains(&name.as_str()) {
        return Err(forbidden());
    }
    let addresses = match Host::parse(&origin.host) {
        Ok(Host::Ipv4(address)) => vec![SocketAddr::new(address.into(), origin.port)],
        Ok(Host::Ipv6(address)) => vec![SocketAddr::new(address.into(), origin.port)],
        _ => look_up(&name, origin.port)?,
    };
    if addresses.iter().any(|address| is_forbidden(address.ip())) {
        return Err(forbidden());
    }
    Ok(addresses)
}

fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, TargetError> {
    let error = |message: String| TargetError::Resolve { host: host.to_owned(), message };
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    // The system's resolver has no time limit of its own.
    thread::spawn(move || {
        let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        drop(sender.send(found.map_err(|error| error.to_string())));
    });
    let found = receiver
        .recv_timeout(RESOLVE_TIMEOUT)
        .map_err(|_| error("no answer in time".to_owned()))?
        .map_err(error)?;
    if found.is_empty() { Err(error("it has no address".to_owned())) } else { Ok(found) }
}

fn is_forbidden(address: IpAddr) -> bool {
    let embedded = match address {
        IpAddr::V4(_) => Vec::new(),
        IpAddr::V6(v6) => embedded(v6),
    };
    is_local(address) || embedded.into_iter().any(|v4| is_local(v4.into()))
}

/// Whether the address itself is link-local, of nobody or of many, or that of a metadata service.
fn is_local(address: IpAddr) -> bool {
    let local = match address {
        IpAddr::V4(v4) => {
            v4.is_link_local() || v4.is_unspecified() || v4.is_broadcast() || v4.is_multicast()
        }
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast(),
    };
    local || METADATA_ADDRESSES.contains(&address)
}

/// The IPv4 addresses that an IPv6 one may stand for: mapped, compatible, 6to4, or translated (RFC 6052;
/// the prefix of RFC 8215 is for local use, at any of the lengths that fit).
fn embedded(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let bytes = address.octets();
    let at = |places: [usize; 4]| Ipv4Addr::from(places.map(|place| bytes[place]));
    let last = at([12, 13, 14, 15]);
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, _] => Vec::new(),
        [0, 0, 0, 0, 0, 0 | 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![last],
        [0x64, 0xff9b, 1, ..] => {
            vec![last, at([6, 7, 9, 10]), at([7, 9, 10, 11]), at([9, 10, 11, 12])]
        }
        [0x2002, ..] => vec![at([2, 3, 4, 5])],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> Option<TargetError> {
        let (origin, _) = match parse(url) {
            Ok(parsed) => parsed,
            Err(error) => return Some(error),
        };
        resolve(&origin).err()
    }

    #[test]
    fn link_local_and_metadata_addresses_are_refused_in_every_notation() {
        for url in [
            "http://169.254.169.254/latest",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://0251.0376.0251.0376/",
            "http://[::ffff:169.254.169.254]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[::169.254.169.254]/",
            "http://[::ffff:0:169.254.169.254]/",
            "http://[64:ff9b::100.100.100.200]/",
            "http://[64:ff9b:1::a9fe:a9fe]/",
            "http://[64:ff9b:1:a9fe:a9:fe00::]/",
            "http://[64:ff9b:1:a9:fe:a9fe::]/",
            "http://[64:ff9b:1:0:a9:fea9:fe00:0]/",
            "http://[2002:a9fe:a9fe::]/",
            "http://[fd20:ce::254]/",
            "http://[fd00:c1::a9fe:a9fe]/",
            "http://0xa9.254.0251.0xfe/",
            "http://169.254.43518/",
            "http://0xa9.0xfea9fe/",
            "http://025177524776/",
            "http://%31%36%39.254.169.254/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://metadata.google.internal/",
            "http://METADATA.google.internal./",
            "http://100.100.100.200/",
            "http://0.0.0.0/",
        ] {
            assert!(matches!(refusal(url), Some(TargetError::Forbidden(_))), "{url}");
        }
    }

    #[test]
    fn only_http_and_https_without_credentials_are_targets() {
        assert_eq!(refusal("ftp://127.0.0.1/"), Some(TargetError::Scheme("ftp".to_owned())));
        assert_eq!(refusal("http://u:p@127.0.0.1/"), Some(TargetError::Credentials));
        assert!(refusal("127.0.0.1:80").is_some());
        assert_eq!(refusal("http://127.0.0.1:8080/"), None);
        for allowed in ["https://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::a00:1]/"]
        {
            assert_eq!(refusal(allowed), None, "{allowed}");
        }
    }

    #[test]
    fn a_reference_that_leaves_the_origin_is_not_followed() {
        let (origin, base) = parse("http://127.0.0.1:8080/app/").unwrap();
        assert_eq!(base, "/app");
        assert_eq!(origin.follow("/app/a", "b?c=1"), Some("/app/b?c=1".to_owned()));
        assert_eq!(origin.follow("/", "http://127.0.0.1:8080/x"), Some("/x".to_owned()));
        for elsewhere in [
            "//other.invalid/",
            "/\\other.invalid/",
            "https://127.0.0.1:8080/",
            "http://127.0.0.1/",
        ] {
            assert_eq!(origin.follow("/", elsewhere), None, "{elsewhere}");
        }
    }
}
