//! One request and its answer, as evidence: what a finding quotes comes from here.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use http::HeaderMap;

use crate::finding::RequestPlace;

/// Headers whose value is never kept when the client attached it.
const HIDDEN: &str = "$CREDENTIAL";

/// One request and its answer. Attached credentials are hidden from the start.
#[derive(Clone)]
pub struct Exchange {
    /// The method that was sent.
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// The whole URL.
    pub url: String,
    /// Headers that the probe asked for, and those that the client attached, hidden.
    pub request_headers: Vec<(String, String)>,
    /// Status of the answer.
    pub status: u16,
    /// Headers of the answer.
    pub headers: HeaderMap,
    /// The body, up to the limit. It is raw: only the masker may pass it on.
    pub body: Vec<u8>,
    /// Whether the body was longer than what was read.
    pub is_cut: bool,
    /// From sending to the last byte read.
    pub took: Duration,
}

impl Exchange {
    /// The first value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All values of a header that are text.
    pub fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// The media type without parameters, lower case; empty if there is none.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Whether a browser would show the answer as a page.
    pub fn is_html(&self) -> bool {
        match self.media_type().as_str() {
            "text/html" | "application/xhtml+xml" => true,
            "" => looks_like_html(&self.text()),
            _ => false,
        }
    }

    /// Whether the status is 2xx.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// The body as text, whatever it is.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The place of a finding.
    pub fn place(&self, route: &str, parameter: Option<&str>) -> RequestPlace {
        RequestPlace {
            method: self.method.clone(),
            route: route.to_owned(),
            url: self.url.clone(),
            parameter: parameter.map(str::to_owned),
            status: self.status,
        }
    }

    /// A command that sends the same request. Credentials are read from a variable of the shell.
    pub fn curl(&self) -> String {
        let mut command = "curl --silent --include --path-as-is".to_owned();
        match self.method.as_str() {
            "GET" => {}
            "HEAD" => command.push_str(" --head"),
            method => {
                command.push_str(" --request ");
                command.push_str(method);
            }
        }
        for (name, value) in &self.request_headers {
            if value.contains(HIDDEN) {
                let _ = write!(command, " --header \"{name}: {value}\"");
            } else {
                let header = quote(&format!("{name}: {value}"));
                let _ = write!(command, " --header {header}");
            }
        }
        command.push(' ');
        command.push_str(&quote(&self.url));
        command
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.body.len();
        write!(f, "Exchange({} {} -> {}, {size} bytes)", self.method, self.path, self.status)
    }
}

/// How an attached credential is recorded.
pub(super) fn hidden(header: &str) -> String {
    if header == "authorization" { format!("Bearer {HIDDEN}") } else { HIDDEN.to_owned() }
}

fn looks_like_html(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(15).collect();
    let start = start.to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// A word that every shell takes as it is.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curl_command_quotes_what_a_shell_would_read() {
        let exchange = Exchange {
            method: "TRACE".to_owned(),
            path: "/a'b".to_owned(),
            url: "http://127.0.0.1:1/a'b?$(x)".to_owned(),
            request_headers: vec![
                ("origin".to_owned(), "null".to_owned()),
                ("authorization".to_owned(), hidden("authorization")),
            ],
            status: 200,
            headers: HeaderMap::new(),
            body: Vec::new(),
            is_cut: false,
            took: Duration::ZERO,
        };
        assert_eq!(
            exchange.curl(),
            "curl --silent --include --path-as-is --request TRACE --header 'origin: null' \
             --header \"authorization: Bearer $CREDENTIAL\" 'http://127.0.0.1:1/a'\\''b?$(x)'"
        );
    }
}
