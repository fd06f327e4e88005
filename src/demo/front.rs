//! The front door: every request comes in here, and every answer goes out here.
//!
//! Headers, origins, methods and the looks of errors are the same for all routes; their defects
//! are planted in this one place.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{
    answer::{self, Refusal},
    defect::Defect,
    pages,
    state::ShopState,
};

/// The one site that may read answers with the visitor's cookies.
const STOREFRONT: &str = "https://www.tidewater.example";
/// Whether a policy forbids frames is the matter of one defect, the rest of it that of another.
const POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'";

/// What is needed of a request once it has been answered.
struct Visit {
    path: String,
    method: Method,
    origin: Option<HeaderValue>,
    is_preflight: bool,
}

/// Lets a request in, and dresses its answer.
pub(super) async fn door(
    State(shop): State<Arc<ShopState>>,
    mut request: Request,
    next: Next,
) -> Response {
    let visit = Visit::of(&request);
    if shop.has(Defect::UnknownMethodAnswered) && !is_registered(&visit.method) {
        *request.method_mut() = Method::GET;
    }
    let mut response = if visit.method == Method::TRACE && shop.has(Defect::TraceEnabled) {
        echo(&request)
    } else {
        next.run(request).await
    };
    reveal_errors(&shop, &visit, &mut response);
    answer_options(&visit, &mut response);
    share(&shop, &visit, response.headers_mut());
    protect(&shop, response.headers_mut());
    name_server(&shop, response.headers_mut());
    *shop.store().answers.entry(response.status().as_u16()).or_default() += 1;
    response
}

impl Visit {
    fn of(request: &Request) -> Self {
        let headers = request.headers();
        Self {
            path: request.uri().path().to_owned(),
            method: request.method().clone(),
            origin: headers.get(header::ORIGIN).cloned(),
            is_preflight: headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD),
        }
    }
}

fn is_registered(method: &Method) -> bool {
    const REGISTERED: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    REGISTERED.contains(method)
}

/// The request as it came, which is what TRACE asks for (RFC 9110, section 9.3.8).
fn echo(request: &Request) -> Response {
    let mut text = format!("{} {} {:?}\r\n", request.method(), request.uri(), request.version());
    for (name, value) in request.headers() {
        // Writing to a string can not fail.
        let _ = write!(text, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
    }
    answer::document("message/http", text + "\r\n")
}

fn reveal_errors(shop: &ShopState, visit: &Visit, response: &mut Response) {
    let Some(refusal) = response.extensions().get::<Refusal>() else { return };
    match refusal {
        Refusal::BadInput(_) if shop.has(Defect::StackTrace) => {
            let traceback = pages::traceback(&visit.path);
            *response = answer::document("text/plain; charset=utf-8", traceback);
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        Refusal::NoRoute if shop.has(Defect::DebugPage) => {
            *response = answer::page(pages::debug(&visit.path));
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        _ => {}
    }
}

/// OPTIONS is answered by the list of methods that the router gives with its refusal.
fn answer_options(visit: &Visit, response: &mut Response) {
    if visit.method != Method::OPTIONS || response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    *response = StatusCode::NO_CONTENT.into_response();
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
}

/// Says which origins may read the answer.
fn share(shop: &ShopState, visit: &Visit, headers: &mut HeaderMap) {
    let origin = if visit.path == "/search" && shop.has(Defect::CorsWildcardCredentials) {
        HeaderValue::from_static("*")
    } else {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = visit.origin.clone().filter(|origin| is_allowed(shop, origin)) else {
            return;
        };
        origin
    };
    let yes = HeaderValue::from_static("true");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    if visit.method == Method::OPTIONS && visit.is_preflight {
        let methods = HeaderValue::from_static("GET, POST");
        let names = HeaderValue::from_static("authorization, content-type");
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
}

fn is_allowed(shop: &ShopState, origin: &HeaderValue) -> bool {
    match origin.as_bytes() {
        b"null" => shop.has(Defect::CorsAllowsNull),
        site if site == STOREFRONT.as_bytes() => true,
        site => {
            let is_site = site.starts_with(b"https://") || site.starts_with(b"http://");
            is_site && shop.has(Defect::CorsReflectsOrigin)
        }
    }
}

/// Tells browsers to be careful.
fn protect(shop: &ShopState, headers: &mut HeaderMap) {
    let frames_forbidden = !shop.has(Defect::FrameOptionsMissing);
    if !shop.has(Defect::ContentSecurityPolicyMissing) {
        let frames = if frames_forbidden { "; frame-ancestors 'none'" } else { "" };
        let policy = HeaderValue::from_str(&format!("{POLICY}{frames}"));
        headers
            .insert(header::CONTENT_SECURITY_POLICY, policy.expect("a policy is printable ASCII"));
    }
    let fixed: [(Defect, HeaderName, &str); 3] = [
        (Defect::ContentTypeOptionsMissing, header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (Defect::FrameOptionsMissing, header::X_FRAME_OPTIONS, "DENY"),
        (Defect::ReferrerPolicyMissing, header::REFERRER_POLICY, "no-referrer"),
    ];
    for (defect, name, value) in fixed {
        if !shop.has(defect) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

fn name_server(shop: &ShopState, headers: &mut HeaderMap) {
    if !shop.has(Defect::VersionBanner) {
        headers.insert(header::SERVER, HeaderValue::from_static("tidewater"));
        return;
    }
    headers.insert(header::SERVER, HeaderValue::from_static("nginx/1.18.0"));
    let powered_by = HeaderName::from_static("x-powered-by");
    headers.insert(powered_by, HeaderValue::from_static("Express/4.16.1"));
}
