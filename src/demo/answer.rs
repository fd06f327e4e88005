//! What the shop says: documents, and refusals that reveal nothing.
//!
//! Defects of error answers are not here: the front door replaces a refusal that is marked with a
//! [`Refusal`] when a switch says so.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::sql::SqlError;

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The input is not what the description asks for.
    BadInput(&'static str),
    /// The body has another media type than the description asks for.
    UnsupportedMediaType,
    /// No token, or one that is not good.
    Unauthenticated,
    /// The name or the password is wrong.
    WrongCredentials,
    /// The name has no account; only a shop that names its users says so.
    NoSuchUser,
    /// The token is good, but not for this.
    Forbidden,
    /// There is no such thing; also said of things that belong to somebody else.
    NotFound,
    /// No route has this path.
    NoRoute,
    /// The name is taken.
    Taken,
    /// Too many attempts: seconds to wait.
    TooMany(u64),
    /// The store is full.
    Full,
    /// The database refused the statement; only text from outside can make it do so.
    Database(SqlError),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::BadInput(_) => StatusCode::BAD_REQUEST,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unauthenticated | Self::WrongCredentials => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound | Self::NoRoute | Self::NoSuchUser => StatusCode::NOT_FOUND,
            Self::Taken => StatusCode::CONFLICT,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Full => StatusCode::INSUFFICIENT_STORAGE,
            Self::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::BadInput(detail) => (*detail).to_owned(),
            Self::UnsupportedMediaType => "send application/json".to_owned(),
            Self::Unauthenticated => "a valid bearer token is needed".to_owned(),
            Self::WrongCredentials => "name or password is wrong".to_owned(),
            Self::NoSuchUser => "no account has this name".to_owned(),
            Self::Forbidden => "this account may not do that".to_owned(),
            Self::NotFound | Self::NoRoute => "there is nothing here".to_owned(),
            Self::Taken => "this name is taken".to_owned(),
            Self::TooMany(seconds) => format!("try again in {seconds} seconds"),
            Self::Full => "the practice shop keeps no more".to_owned(),
            Self::Database(error) => error.to_string(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let title = status.canonical_reason().unwrap_or("Refused");
        let problem = json!({ "title": title, "status": status.as_u16(), "detail": self.detail() });
        let mut response = document("application/problem+json", problem.to_string());
        *response.status_mut() = status;
        if let Self::TooMany(seconds) = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// A document of the given media type, with status 200.
pub(super) fn document(media_type: &'static str, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, media_type)], body.into()).into_response()
}

/// A page for people.
pub(super) fn page(body: String) -> Response {
    document("text/html; charset=utf-8", body)
}

/// Data for programs.
pub(super) fn data(value: &Value) -> Response {
    document("application/json", value.to_string())
}

/// Data that only its reader may keep.
pub(super) fn private(value: &Value) -> Response {
    let mut response = data(value);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Reads a JSON body; the media type must say that it is one.
pub(super) fn read_json<T: DeserializeOwned>(
    headers: &axum::http::HeaderMap,
    body: &[u8],
) -> Result<T, Refusal> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case("application/json") {
        return Err(Refusal::UnsupportedMediaType);
    }
    serde_json::from_slice(body)
        .map_err(|_| Refusal::BadInput("the body is not what the description asks for"))
}

/// Text that can stand in markup, also inside a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}
