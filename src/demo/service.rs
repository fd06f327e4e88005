//! Routes about the shop itself: home, health, metrics, description and redirects.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use super::{
    account::administrate,
    answer::{self, Refusal},
    catalogue::{self, Parameters},
    defect::Defect,
    pages, random,
    state::ShopState,
};

/// The description of all documented operations, in `OpenAPI` 3.1.
pub const API_DESCRIPTION: &str = include_str!("openapi.json");

/// Sessions that a shop remembers at most.
const SESSIONS: usize = 1_000;

/// `GET /`: the home page; a visitor without a session gets one.
pub(super) async fn home(State(shop): State<Arc<ShopState>>, headers: HeaderMap) -> Response {
    let mut response = answer::page(pages::home(&catalogue::announced(&shop)));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !has_session(&shop, &headers) {
        response.headers_mut().insert(header::SET_COOKIE, open_session(&shop));
    }
    response
}

/// `GET /health`: whether the shop can serve.
pub(super) async fn health(State(shop): State<Arc<ShopState>>) -> Response {
    if !shop.has(Defect::Unhealthy) {
        return answer::data(&json!({ "status": "ok" }));
    }
    let mut response = answer::data(&json!({ "status": "down", "store": "not reachable" }));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// `GET /metrics`: counters, in the text format of Prometheus.
pub(super) async fn metrics(State(shop): State<Arc<ShopState>>) -> Response {
    let store = shop.store();
    let mut text = String::from("# TYPE shop_answers_total counter\n");
    for (status, count) in &store.answers {
        // Writing to a string can not fail.
        let _ = writeln!(text, "shop_answers_total{{status=\"{status}\"}} {count}");
    }
    let orders = store.orders.len();
    let seconds = shop.opened.elapsed().as_secs();
    let _ = writeln!(text, "# TYPE shop_orders gauge\nshop_orders {orders}");
    let _ = writeln!(text, "# TYPE shop_uptime_seconds gauge\nshop_uptime_seconds {seconds}");
    answer::document("text/plain; version=0.0.4; charset=utf-8", text)
}

/// `GET /openapi.json`: the description, for the administration.
pub(super) async fn description(
    State(shop): State<Arc<ShopState>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    admit_reader(&shop, &headers)?;
    Ok(answer::document("application/json", API_DESCRIPTION))
}

/// `GET /docs`: the description as a page, for the administration.
pub(super) async fn documentation(
    State(shop): State<Arc<ShopState>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    admit_reader(&shop, &headers)?;
    Ok(answer::page(pages::documentation(API_DESCRIPTION)))
}

/// `GET /go`: redirects within the shop.
pub(super) async fn redirect(
    State(shop): State<Arc<ShopState>>,
    Query(parameters): Parameters,
) -> Result<Response, Refusal> {
    let refusal = Refusal::BadInput("`to` is a path of this shop");
    let to = parameters.get("to").ok_or(refusal.clone())?;
    if !is_local(to) && !shop.has(Defect::OpenRedirect) {
        return Err(refusal);
    }
    let location = HeaderValue::from_str(to).map_err(|_| refusal)?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

/// `GET /console`: looks like the debugger of a web framework, and runs nothing.
pub(super) async fn console() -> Response {
    answer::page(pages::console())
}

/// Any other path.
pub(super) async fn nowhere() -> Refusal {
    Refusal::NoRoute
}

fn admit_reader(shop: &ShopState, headers: &HeaderMap) -> Result<(), Refusal> {
    if shop.has(Defect::ApiDescriptionExposed) {
        return Ok(());
    }
    administrate(shop, headers).map(drop)
}

/// Browsers read `//host` and `/\host` as another site.
fn is_local(to: &str) -> bool {
    to.starts_with('/') && !to.starts_with("//") && !to.contains('\\')
}

fn has_session(shop: &ShopState, headers: &HeaderMap) -> bool {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let session = pairs.find(|(name, _)| name.trim() == "session");
    session.is_some_and(|(_, id)| shop.store().sessions.iter().any(|known| known == id))
}

fn open_session(shop: &ShopState) -> HeaderValue {
    let id = random::text();
    let mut cookie = format!("session={id}; Path=/");
    for (defect, attribute) in [
        (Defect::CookieWithoutHttpOnly, "; HttpOnly"),
        (Defect::CookieWithoutSameSite, "; SameSite=Lax"),
        (Defect::CookieWithoutSecure, "; Secure"),
    ] {
        if !shop.has(defect) {
            cookie.push_str(attribute);
        }
    }
    let mut store = shop.store();
    store.sessions.push_back(id);
    if store.sessions.len() > SESSIONS {
        store.sessions.pop_front();
    }
    HeaderValue::from_str(&cookie).expect("a cookie of hexadecimal digits and fixed words")
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn a_path_is_local() {
        assert!(is_local("/products?category=ropes"));
    }

    #[test]
    fn what_a_browser_takes_for_another_site_is_not_local() {
        for to in ["https://sea.invalid/", "//sea.invalid/", "/\\sea.invalid", "sea.invalid"] {
            assert!(!is_local(to), "{to}");
        }
    }
}
