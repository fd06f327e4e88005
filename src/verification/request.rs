//! One request, written from a rule's data and a credential, each placeholder filled in as its place needs.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;

use crate::{
    finding::Secret,
    rule::{
        Verify,
        verify::{Method, PARTNER, SECRET},
    },
    target::USER_AGENT,
};

/// A request, ready to be sent.
pub(super) type Message = Request<Full<Bytes>>;

/// Writes the request; `None` if the credential is no text, or text that no header can hold.
pub(super) fn write(verify: &Verify, secret: &Secret, partner: Option<&Secret>) -> Option<Message> {
    let halves = Halves::new(secret, partner)?;
    let path = verify.url.strip_prefix("https://")?.strip_prefix(verify.host())?;
    let path = halves.fill(path, |text| percent_encode(text, ":"));
    let path = if path.starts_with('/') { path } else { format!("/{path}") };
    let body = verify.body.as_deref().map(|body| match verify.header("content-type") {
        Some(kind) if kind.contains("json") => halves.fill(body, json_escape),
        _ => halves.fill(body, |text| percent_encode(text, "")),
    });
    let method = match verify.method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
    };
    let body = Full::new(Bytes::from(body.unwrap_or_default()));
    let mut message = Request::builder().method(method).uri(path).body(body).ok()?;
    let headers = message.headers_mut();
    headers.insert("host", HeaderValue::from_str(verify.host()).ok()?);
    headers.insert("user-agent", HeaderValue::from_static(USER_AGENT));
    headers.insert("accept", HeaderValue::from_static("*/*"));
    if let Some(basic) = &verify.basic {
        let value = format!("Basic {}", STANDARD.encode(halves.fill(basic, str::to_owned)));
        headers.insert("authorization", sensitive(&value)?);
    }
    for (name, value) in &verify.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.insert(name, sensitive(&halves.fill(value, str::to_owned))?);
    }
    Some(message)
}

/// A header value of visible ASCII, which no log of a library shows.
fn sensitive(value: &str) -> Option<HeaderValue> {
    if !value.is_ascii() {
        return None;
    }
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The two halves, raw.
struct Halves<'a> {
    secret: &'a str,
    partner: Option<&'a str>,
}

impl<'a> Halves<'a> {
    fn new(secret: &'a Secret, partner: Option<&'a Secret>) -> Option<Self> {
        let text = |half: &'a Secret| {
            let text = std::str::from_utf8(half.expose()).ok()?;
            (!text.contains(char::is_control)).then_some(text)
        };
        let partner = match partner {
            Some(partner) => Some(text(partner)?),
            None => None,
        };
        Some(Self { secret: text(secret)?, partner })
    }

    /// Puts the halves in the place of their names. What a half holds is never taken for a name.
    fn fill(&self, template: &str, escape: impl Fn(&str) -> String) -> String {
        let partner = escape(self.partner.unwrap_or_default());
        let parts: Vec<_> =
            template.split(SECRET).map(|part| part.replace(PARTNER, &partner)).collect();
        parts.join(&escape(self.secret))
    }
}

/// Every byte as `%XX` but unreserved ones (RFC 3986, section 2.3) and those of `more`.
fn percent_encode(text: &str, more: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let character = char::from(byte);
        if byte.is_ascii_alphanumeric() || "-._~".contains(character) || more.contains(character) {
            encoded.push(character);
        } else {
            // Writing to a string never fails.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The inside of a JSON string.
fn json_escape(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::verification::tests::verify;

    fn header<'a>(message: &'a Message, name: &str) -> &'a str {
        message.headers()[name].to_str().unwrap()
    }

    #[test]
    fn what_a_url_could_misread_is_percent_encoded() {
        let verify = Verify {
            url: "https://api.vendor.example/bot{secret}/me?key={secret}&of={partner}".to_owned(),
            ..verify()
        };
        let (secret, partner) =
            (Secret::new(b"1:a/../b?&=#"), Secret::new("{secret} é".as_bytes()));
        let message = write(&verify, &secret, Some(&partner)).unwrap();
        let filled = "1:a%2F..%2Fb%3F%26%3D%23";
        let expected = format!("/bot{filled}/me?key={filled}&of=%7Bsecret%7D%20%C3%A9");
        assert_eq!(message.uri().to_string(), expected);
        assert_eq!(header(&message, "host"), "api.vendor.example");
    }

    #[test]
    fn a_value_with_a_line_break_is_not_sent() {
        for raw in [&b"a\r\nX: y"[..], b"a\nb", b"a\0b", b"\xff"] {
            assert!(write(&verify(), &Secret::new(raw), None).is_none(), "{raw:?}");
        }
        assert!(write(&verify(), &Secret::new("ä".as_bytes()), None).is_none());
    }

    #[test]
    fn a_name_and_a_password_are_encoded_together() {
        let verify = Verify {
            headers: <_>::default(),
            basic: Some("{partner}:{secret}".into()),
            ..verify()
        };
        let message = write(&verify, &Secret::new(b"open"), Some(&Secret::new(b"me"))).unwrap();
        assert_eq!(header(&message, "authorization"), "Basic bWU6b3Blbg==");
        assert!(message.headers()["authorization"].is_sensitive());
    }

    proptest! {
        #[test]
        fn whatever_the_value_is_the_request_keeps_its_shape(
            secret in "\\PC{1,40}", partner in "\\PC{0,40}", bytes in prop::collection::vec(any::<u8>(), 1..40),
        ) {
            let verify = Verify {
                url: "https://api.vendor.example/a/{secret}/b?c={partner}".to_owned(),
                headers: [("Content-Type".to_owned(), "application/json".to_owned())].into(),
                method: Method::Post,
                body: Some(r#"{"token": "{secret}"}"#.to_owned()),
                ..verify()
            };
            let secret = Secret::new(secret.as_bytes());
            let message = write(&verify, &secret, Some(&Secret::new(partner.as_bytes()))).unwrap();
            prop_assert_eq!(message.uri().path().split('/').count(), 4);
            prop_assert!(message.uri().query().unwrap().starts_with("c="));
            drop(write(&verify, &Secret::new(&bytes), None));
            let text = String::from_utf8(secret.expose().to_vec()).unwrap();
            let json = format!("{{\"token\": \"{}\"}}", json_escape(&text));
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read["token"].as_str(), Some(text.as_str()));
        }
    }
}
