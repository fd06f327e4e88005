//! A small application that does everything right; tests make it do one thing wrong.

use crate::target::practice::{Reply, Seen};

/// What it says it offers.
pub(super) const DESCRIPTION: &str = r#"
openapi: 3.1.0
info: { title: Practice, version: "1" }
servers: [{ url: "https://elsewhere.invalid" }]
paths:
  /health:
    get: {}
  /items:
    get:
      parameters:
        - { name: page, in: query, schema: { type: integer, default: 1 } }
    post: { security: [{ token: [] }] }
  /items/{id}:
    get:
      parameters:
        - { name: id, in: path, required: true, schema: { type: integer } }
  /me:
    get: { security: [{ token: [] }] }
  /orders:
    get: { security: [{ token: [] }] }
"#;

/// A value of a session cookie that nobody can guess.
pub(super) const SESSION: &str = "k3Zq9vT1xW7bR5mN2pLc";
/// The token that the login hands out.
pub(super) const TOKEN: &str = "tk-7Hq2Lw9Zx4Vb1Nc8Mr5Ty";

/// The safe answer to a request.
pub(super) fn safe(seen: &Seen) -> Reply {
    let reply = route(seen);
    reply.with("x-content-type-options", "nosniff").with("server", "practice")
}

fn route(seen: &Seen) -> Reply {
    let (path, _) = seen.path.split_once('?').unwrap_or((seen.path.as_str(), ""));
    let is_known = matches!(path, "/" | "/health" | "/items" | "/me" | "/orders" | "/login")
        || path.starts_with("/items/");
    if !is_known {
        return json(404, r#"{"error":"there is nothing here"}"#);
    }
    match (seen.method.as_str(), path) {
        ("POST", "/login") => {
            let is_right = seen.body.contains("ada") && seen.body.contains("opensesame");
            let body = format!(r#"{{"data":{{"token":"{TOKEN}"}}}}"#);
            if is_right { json(200, &body) } else { json(401, r#"{"error":"wrong"}"#) }
        }
        ("OPTIONS", _) => json(204, "").with("allow", allowed(path)),
        ("GET" | "HEAD", _) => get(seen, path),
        _ => json(405, r#"{"error":"not allowed"}"#).with("allow", allowed(path)),
    }
}

fn get(seen: &Seen, path: &str) -> Reply {
    match path {
        "/" => page("<h1>Practice</h1><p>Buy something.</p>"),
        "/health" => json(200, r#"{"status":"up"}"#),
        "/items" => json(200, r#"{"items":[{"id":41,"name":"lamp"},{"id":42,"name":"chair"}]}"#),
        "/items/41" => json(200, r#"{"id":41,"name":"lamp","stock":3}"#),
        "/me" | "/orders" => {
            let has_token = seen.header("authorization") == Some(&format!("Bearer {TOKEN}"));
            match (has_token, path) {
                (false, _) => json(401, r#"{"error":"who are you"}"#),
                (true, "/me") => json(200, r#"{"name":"ada","mail":"ada@example.invalid"}"#),
                (true, _) => json(200, r#"{"orders":[{"id":1,"total":12}]}"#),
            }
        }
        _ => json(404, r#"{"error":"no such item"}"#),
    }
}

fn allowed(path: &str) -> &'static str {
    if path == "/items" { "GET, HEAD, POST, OPTIONS" } else { "GET, HEAD, OPTIONS" }
}

/// An answer in JSON.
pub(super) fn json(status: u16, body: &str) -> Reply {
    Reply::new(status, "application/json", body)
}

/// A page with all its headers.
pub(super) fn page(body: &str) -> Reply {
    let cookie = format!("session={SESSION}; HttpOnly; SameSite=Lax; Path=/");
    Reply::new(200, "text/html; charset=utf-8", &format!("<!doctype html><html>{body}</html>"))
        .with("content-security-policy", "default-src 'self'; frame-ancestors 'none'")
        .with("referrer-policy", "no-referrer")
        .with("set-cookie", &cookie)
}

/// The same answer without a header.
pub(super) fn without(reply: Reply, name: &str) -> Reply {
    match reply {
        Reply::Http(status, headers, body) => {
            let kept = headers.into_iter().filter(|(known, _)| known != name).collect();
            Reply::Http(status, kept, body)
        }
        other => other,
    }
}
