//! nginx's configuration: directives in blocks, with what a block inherits from those around it.
//!
//! Names of fields, for rules (`[]` marks a list; what is not there is left out):
//!
//! * `directives[]`, all of them, however deep: `name`, `arguments[]`, `value` (all arguments), `text` (name
//!   and arguments), `context` (`main`, `http`, `server`, `location`, `if`, ...; of a file that is included
//!   somewhere, what its directives tell), `in-tls-server`, and by directive:
//!   * `ssl_protocols` and its like: `weak[]`, `strong` (those that remain);
//!   * `ssl_ciphers` and its like: `weak[]`;
//!   * `return`, `rewrite`, `add_header`, `proxy_set_header`, `proxy_pass`: `decoded` (a variable that holds
//!     the decoded path, from which a client can make lines), `undecoded` (the argument without it);
//!   * `return`, `rewrite`: `plain-redirect` (to `http://`), `tls-redirect` (the same to `https://`);
//!   * `proxy_pass`: `chosen` (`host`, `scheme`: what the client chooses), `chosen-by` (the variable);
//!   * `add_header`, `proxy_set_header`: `header`, `header-value`.
//! * `blocks[]`, those of `http`, `server`, `location`, `if`: `kind`, `path` and `modifier` of a location,
//!   `internal`, `names[]` of a server, and
//!   * `first-header`, `drops` (headers of outer blocks that an `add_header` here takes away), `drops-security`,
//!     `dropped-lines` (that would bring them back), `answers-itself` (a `return` in it);
//!   * `first-proxy-header`, `proxy-drops`, `proxy-dropped-lines`: the same of `proxy_set_header`;
//!   * `traversal` of a location: the `alias` by which it gives away the folder beside its own;
//!   * `open-status`: a `stub_status` that everybody may ask;
//!   * `reflects-origin`: the `add_header` that allows every origin, with cookies;
//!   * `forwards-upgrade`: the header `Upgrade` as the client sent it; `forwards-connection`;
//!   * `tls` of a server; `lacks[]` of a server whose surroundings are known: headers that it does not send,
//!     and of `http`: directives that are nowhere set.
//!
//! A file that another one includes is judged on what is certain without it.

mod blocks;
mod headers;
mod lower;
mod lua;
mod parse;
mod proxy;
mod tls;

#[cfg(test)]
mod tests;

use super::{super::Unreadable, is_template, lines};
use crate::{engines::document::node::Node, finding::RepoPath};

/// Whether a path may be that of a configuration of nginx; [`looks_like_one`] has the last word.
pub fn is_one(path: &RepoPath) -> bool {
    let name = path.file_name();
    let stem = ["template", "sample", "example", "dist", "default", "in", "tmpl"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending)?.strip_suffix('.'))
        .unwrap_or(name);
    let ending = stem.rsplit_once('.').map(|(_, ending)| ending);
    let mut folders = path.folder().split('/');
    let is_below = folders.any(|folder| {
        folder.contains("nginx")
            || matches!(folder, "sites-available" | "sites-enabled" | "conf.d" | "snippets")
    });
    match ending {
        Some("conf") => is_below || stem.contains("nginx"),
        Some("nginx" | "nginxconf" | "vhost") => true,
        _ => ["/sites-available", "/sites-enabled"]
            .iter()
            .any(|folder| format!("/{}", path.folder()).ends_with(folder)),
    }
}

/// How directives begin by which a file is known.
const KNOWN: [&str; 42] = [
    "server",
    "location",
    "upstream",
    "listen",
    "root",
    "alias",
    "include",
    "proxy_",
    "fastcgi_",
    "uwsgi_",
    "scgi_",
    "grpc_",
    "ssl_",
    "add_header",
    "gzip",
    "map",
    "geo",
    "events",
    "http",
    "stream",
    "user",
    "worker_",
    "error_log",
    "access_log",
    "return",
    "rewrite",
    "set",
    "limit_",
    "client_",
    "types",
    "charset",
    "log_format",
    "expires",
    "deny",
    "allow",
    "auth_",
    "index",
    "try_files",
    "resolver",
    "keepalive_",
    "more_",
    "default_type",
];

/// Whether a text looks like such a file: most of its statements end in `;`, a directive is known, and none
/// is written as those of Apache, of an INI file or of BIND are.
pub fn looks_like_one(text: &str) -> bool {
    let [mut ended, mut other] = [0usize; 2];
    let mut is_known = false;
    for (_, line) in lines(text) {
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.starts_with('[') || line.starts_with("</") || line.starts_with("<?") || line == "};"
        {
            return false;
        }
        let code = line.split(" #").next().unwrap_or(line).trim_end();
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        is_known |= KNOWN.iter().any(|known| code.starts_with(known));
        match code.as_bytes().last() {
            Some(b';') => ended += 1,
            Some(b'{' | b'}' | b'\'' | b'"') => ended += usize::from(code.contains(';')),
            _ => other += 1,
        }
    }
    is_known && ended > 0 && ended >= other
}

/// Reads a configuration, or a file that one includes.
///
/// # Errors
///
/// Where nginx would refuse to start: a missing `;`, quote or brace.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    match parse::parse(text) {
        Ok(directives) => Ok(lower::lower(&directives, text)),
        Err(error) if is_template(text) => Err(Unreadable::foreign("a template", error.at)),
        Err(error) => Err(error),
    }
}
