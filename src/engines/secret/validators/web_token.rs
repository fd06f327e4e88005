//! JSON web tokens: what their header and claims say.

use jiff::Timestamp;
use serde_json::Value;

use super::{Verdict, encoded};

/// Claims whose value is a role that everybody may have.
const PUBLIC_ROLES: &[&str] = &["anon", "public"];

/// Decodes header and claims: the algorithm, and until when the token is valid.
pub(super) fn web_token(value: &[u8]) -> Verdict {
    // Some vendors put a prefix before the token.
    let start = memchr::memmem::find(value, b"eyJ").unwrap_or_default();
    let mut parts = value[start..].split(|byte| *byte == b'.');
    let (Some(header), Some(claims)) = (object(parts.next()), object(parts.next())) else {
        return Verdict::doubtful("does not decode as a JWT");
    };
    let Some(algorithm) = header.get("alg").and_then(Value::as_str).and_then(known_algorithm)
    else {
        return Verdict::doubtful("no known JWT algorithm");
    };
    let role = claims.get("role").and_then(Value::as_str).unwrap_or_default();
    if PUBLIC_ROLES.contains(&role) {
        return Verdict::Doubtful(format!("JWT, {algorithm}, for the public role `{role}`"));
    }
    Verdict::Confirmed(format!("JWT, {algorithm}, {}", end(&claims)))
}

fn object(part: Option<&[u8]>) -> Option<serde_json::Map<String, Value>> {
    serde_json::from_slice(&encoded::decode(part?)?).ok()
}

/// The algorithms of RFC 7518 and RFC 8037, for signing and for encryption.
fn known_algorithm(name: &str) -> Option<&'static str> {
    const KNOWN: [&str; 21] = [
        "HS256",
        "HS384",
        "HS512",
        "RS256",
        "RS384",
        "RS512",
        "ES256",
        "ES384",
        "ES512",
        "ES256K",
        "PS256",
        "PS384",
        "PS512",
        "EdDSA",
        "none",
        "RSA-OAEP",
        "RSA-OAEP-256",
        "A128KW",
        "A256KW",
        "dir",
        "ECDH-ES",
    ];
    KNOWN.into_iter().find(|known| *known == name)
}

fn end(claims: &serde_json::Map<String, Value>) -> String {
    let seconds = claims.get("exp").and_then(Value::as_i64);
    match seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()) {
        Some(end) => format!("valid until {}", end.strftime("%Y-%m-%d")),
        None => "without end".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    fn token(header: &str, claims: &str) -> String {
        format!(
            "{}.{}.c2lnbmF0dXJl",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        )
    }

    #[test]
    fn the_example_of_rfc_7519_ended_in_2011() {
        let claims = r#"{"iss":"joe","exp":1300819380,"http://example.com/is_root":true}"#;
        let found = web_token(token(r#"{"typ":"JWT","alg":"HS256"}"#, claims).as_bytes());
        assert_eq!(found, Verdict::confirmed("JWT, HS256, valid until 2011-03-22"));
    }

    #[test]
    fn a_token_for_everybody_is_doubtful() {
        let found = web_token(token(r#"{"alg":"HS256"}"#, r#"{"role":"anon"}"#).as_bytes());
        assert_eq!(found, Verdict::doubtful("JWT, HS256, for the public role `anon`"));
    }

    #[test]
    fn what_does_not_decode_is_doubtful() {
        assert_eq!(web_token(b"eyJhb.eyJzd.x"), Verdict::doubtful("does not decode as a JWT"));
    }
}
