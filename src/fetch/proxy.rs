//! Which proxy is asked, by the environment variables that most programs know.

use ureq::ProxyProtocol;
use url::Url;

use super::{FetchError, address::is_loopback};

/// The proxies, and the hosts that are asked without one.
///
/// `https_proxy`, `http_proxy` and `all_proxy` hold `http://host:port`, with or without a user; `no_proxy` holds
/// names, whose subdomains are meant too, addresses, or `*`. Of each the lower-case name counts before the other,
/// and `HTTP_PROXY` is not read at all: in a CGI program it comes from whoever asks. A server on this machine is
/// asked without a proxy.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    https: Option<ureq::Proxy>,
    http: Option<ureq::Proxy>,
    direct: Vec<String>,
}

impl Proxies {
    /// Reads the variables. One that can not be used is an error: without its proxy, others would be asked.
    pub(super) fn new(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, FetchError> {
        let first = |names: &[&'static str]| {
            let mut set = names.iter().filter_map(|name| Some((*name, variable(name)?)));
            set.find(|(_, value)| !value.trim().is_empty())
        };
        let proxy = |names: &[&'static str]| {
            first(names).map(|(name, value)| usable(name, value.trim())).transpose()
        };
        let direct = first(&["no_proxy", "NO_PROXY"]).map(|(_, names)| names).unwrap_or_default();
        let direct = direct.split(',').map(|name| name.trim().to_ascii_lowercase());
        Ok(Self {
            https: proxy(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?,
            http: proxy(&["http_proxy", "all_proxy", "ALL_PROXY"])?,
            direct: direct.filter(|name| !name.is_empty()).collect(),
        })
    }

    /// The proxy for an address.
    pub(super) fn of(&self, url: &Url) -> Option<&ureq::Proxy> {
        if is_loopback(url) || self.is_direct(url) {
            return None;
        }
        if url.scheme() == "https" { self.https.as_ref() } else { self.http.as_ref() }
    }

    fn is_direct(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        self.direct.iter().any(|name| {
            let (name, port) = match name.rsplit_once(':') {
                Some((name, port)) if !name.contains(':') => (name, port.parse().ok()),
                _ => (name.as_str(), None),
            };
            let name =
                name.trim_start_matches('*').trim_start_matches('.').trim_matches(['[', ']']);
            let is_sub = || host.strip_suffix(name).is_some_and(|before| before.ends_with('.'));
            let is_port = port.is_none_or(|port: u16| url.port_or_known_default() == Some(port));
            is_port && (name.is_empty() || host == name || is_sub())
        })
    }
}

fn usable(name: &'static str, value: &str) -> Result<ureq::Proxy, FetchError> {
    let refuse = |reason| FetchError::Variable { name, reason };
    let proxy = ureq::Proxy::new(value).map_err(|error| refuse(error.to_string()))?;
    match proxy.protocol() {
        ProxyProtocol::Http | ProxyProtocol::Https => Ok(proxy),
        // The library would leave these aside and ask directly.
        other => Err(refuse(format!("a proxy that speaks {other} is not known, only HTTP"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(set: &[(&str, &str)], address: &str) -> Option<String> {
        let variable = |name: &str| {
            let value = set.iter().find(|(known, _)| *known == name);
            value.map(|(_, value)| (*value).to_owned())
        };
        let proxies = Proxies::new(&variable).unwrap();
        proxies.of(&Url::parse(address).unwrap()).map(|proxy| proxy.uri().to_string())
    }

    #[test]
    fn the_lower_case_name_counts_first_and_the_scheme_chooses() {
        let set = [
            ("HTTPS_PROXY", "http://b:1"),
            ("https_proxy", "http://a:1"),
            ("ALL_PROXY", "http://c:1"),
        ];
        assert_eq!(asked(&set, "https://example.com/").as_deref(), Some("http://a:1/"));
        assert_eq!(asked(&set, "http://example.com/").as_deref(), Some("http://c:1/"));
        assert_eq!(asked(&[("HTTP_PROXY", "http://a:1")], "http://example.com/"), None);
    }

    #[test]
    fn a_name_of_no_proxy_stands_for_its_subdomains_too() {
        let asked = |no_proxy: &str, address: &str| {
            asked(&[("https_proxy", "http://a:1"), ("no_proxy", no_proxy)], address).is_some()
        };
        assert!(!asked("example.com", "https://example.com/"));
        assert!(!asked("other, .example.com", "https://cdn.example.com/"));
        assert!(!asked("*.example.com", "https://cdn.example.com/"));
        assert!(!asked("*", "https://example.com/"));
        assert!(!asked("10.0.0.1:8443", "https://10.0.0.1:8443/"));
        assert!(asked("10.0.0.1:8443", "https://10.0.0.1/"));
        assert!(asked("example.com", "https://notexample.com/"));
        assert!(asked("", "https://example.com/"));
    }

    #[test]
    fn this_machine_is_asked_without_a_proxy() {
        assert_eq!(asked(&[("all_proxy", "http://a:1")], "http://127.0.0.1:8080/"), None);
        assert_eq!(asked(&[("all_proxy", "http://a:1")], "http://[::1]:8080/"), None);
    }

    #[test]
    fn a_proxy_that_can_not_be_used_is_an_error_without_its_value() {
        let variable = |name: &str| (name == "https_proxy").then(|| "gopher://u:pw@a".to_owned());
        let error = Proxies::new(&variable).unwrap_err().to_string();
        assert!(error.contains("https_proxy") && !error.contains("pw"), "{error}");
        let variable =
            |name: &str| (name == "all_proxy").then(|| "socks5://127.0.0.1:1".to_owned());
        assert!(Proxies::new(&variable).is_err());
    }
}
