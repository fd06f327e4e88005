//! JSON web tokens: what their header and claims say.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
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
        return Verdict::Doubtful(format!("JWT, for the public role `{role}`, alg {algorithm}"));
    }
    match end(&claims) {
        Some(end) => Verdict::Until(end, "JWT", format!("alg {algorithm}")),
        None => Verdict::Confirmed(format!("JWT, without end, alg {algorithm}")),
    }
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

/// The last day, in universal time.
fn end(claims: &serde_json::Map<String, Value>) -> Option<Date> {
    let end = Timestamp::from_second(claims.get("exp").and_then(Value::as_i64)?).ok()?;
    Some(end.to_zoned(TimeZone::UTC).date())
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
        let end = jiff::civil::date(2011, 3, 22);
        assert_eq!(found, Verdict::Until(end, "JWT", "alg HS256".to_owned()));
    }

    #[test]
    fn a_token_has_expired_the_day_after_its_end() {
        let value = token(r#"{"alg":"HS256"}"#, r#"{"exp":1300819380}"#);
        let told = |today| super::super::run("jwt", value.as_bytes(), today);
        let until = Verdict::confirmed("JWT, valid until 2011-03-22, alg HS256");
        assert_eq!(told(None), until);
        assert_eq!(told(Some(jiff::civil::date(2011, 3, 22))), until);
        let expired = Verdict::doubtful("JWT, expired 2011-03-22, alg HS256");
        assert_eq!(told(Some(jiff::civil::date(2011, 3, 23))), expired);
    }

    #[test]
    fn a_token_without_end_is_told_as_such() {
        let found = web_token(token(r#"{"alg":"EdDSA"}"#, "{}").as_bytes());
        assert_eq!(found, Verdict::confirmed("JWT, without end, alg EdDSA"));
    }

    #[test]
    fn a_token_for_everybody_is_doubtful() {
        let found = web_token(token(r#"{"alg":"HS256"}"#, r#"{"role":"anon"}"#).as_bytes());
        assert_eq!(found, Verdict::doubtful("JWT, for the public role `anon`, alg HS256"));
    }

    #[test]
    fn what_does_not_decode_is_doubtful() {
        assert_eq!(web_token(b"eyJhb.eyJzd.x"), Verdict::doubtful("does not decode as a JWT"));
    }
}
