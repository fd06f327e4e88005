//! Access tokens: JSON Web Tokens (RFC 7519) signed with HS256 (RFC 7515).
//!
//! The way in which a token is checked is data ([`Checks`]), so that each weakness of a careless
//! library can be switched on alone.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

const ISSUER: &str = "tidewater";
const ALGORITHM: &str = "HS256";

/// Seconds for which a token is good.
pub(super) const LIFETIME: u64 = 900;

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    /// Orders, and sees the own orders.
    Customer,
    /// Sees everything.
    Admin,
}

/// Whom a token speaks for, and how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    /// Who issued the token.
    pub(super) iss: String,
    /// The name of the account.
    pub(super) sub: String,
    /// What the account may do.
    pub(super) role: Role,
    /// When the token was issued, in seconds since 1970.
    pub(super) iat: u64,
    /// When the token ends, in seconds since 1970.
    pub(super) exp: u64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: String,
}

/// What is checked of a token; a repaired shop checks everything.
#[derive(Clone)]
pub(super) struct Checks {
    /// The key that signs.
    pub(super) key: Vec<u8>,
    /// Whether the signature must be right.
    pub(super) signature: bool,
    /// Whether the algorithm `none`, in any letter case, passes without a signature.
    pub(super) none_allowed: bool,
    /// Whether a token ends.
    pub(super) expiry: bool,
}

impl Claims {
    /// The claims of a token that is issued now.
    pub(super) fn new(name: &str, role: Role, now: u64) -> Self {
        let (iss, sub) = (ISSUER.to_owned(), name.to_owned());
        Self { iss, sub, role, iat: now, exp: now + LIFETIME }
    }
}

impl Checks {
    /// Signs the claims.
    pub(super) fn sign(&self, claims: &Claims) -> String {
        let header = Header { alg: ALGORITHM.to_owned(), typ: "JWT".to_owned() };
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.authenticator(&signed).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a token that passes all checks at the given time.
    pub(super) fn verify(&self, token: &str, now: u64) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = decode(header)?;
        let claims: Claims = decode(claims)?;
        let current = claims.iss == ISSUER && (!self.expiry || now < claims.exp);
        (current && self.is_authentic(&header, signed, signature)).then_some(claims)
    }

    fn is_authentic(&self, header: &Header, signed: &str, signature: &str) -> bool {
        if !self.signature {
            return true;
        }
        if self.none_allowed && header.alg.eq_ignore_ascii_case("none") {
            return signature.is_empty();
        }
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        header.alg == ALGORITHM && self.authenticator(signed).verify_slice(&signature).is_ok()
    }

    fn authenticator(&self, signed: &str) -> Hmac<Sha256> {
        Hmac::new_from_slice(&self.key)
            .expect("HMAC takes a key of any length")
            .chain_update(signed.as_bytes())
    }
}

fn encode(part: &impl Serialize) -> String {
    let json = serde_json::to_vec(part).expect("a part of a token is plain data");
    URL_SAFE_NO_PAD.encode(json)
}

fn decode<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Checks, Claims, LIFETIME, Role, encode};

    const NOW: u64 = 4_000_000_000;

    fn strict() -> Checks {
        Checks { key: b"low tide".to_vec(), signature: true, none_allowed: false, expiry: true }
    }

    fn claims() -> Claims {
        Claims::new("alice", Role::Customer, NOW)
    }

    fn unsigned(algorithm: &str) -> String {
        let header = super::Header { alg: algorithm.to_owned(), typ: String::new() };
        format!("{}.{}.", encode(&header), encode(&claims()))
    }

    #[test]
    fn a_signed_token_carries_its_claims() {
        let token = strict().sign(&claims());
        assert_eq!(strict().verify(&token, NOW), Some(claims()));
    }

    #[test]
    fn a_signature_of_another_key_is_refused() {
        let token = Checks { key: b"high tide".to_vec(), ..strict() }.sign(&claims());
        assert_eq!(strict().verify(&token, NOW), None);
    }

    #[test]
    fn a_signature_of_another_key_passes_where_none_is_checked() {
        let token = Checks { key: b"high tide".to_vec(), ..strict() }.sign(&claims());
        let careless = Checks { signature: false, ..strict() };
        assert_eq!(careless.verify(&token, NOW), Some(claims()));
    }

    #[test]
    fn a_token_without_dots_is_refused_even_where_no_signature_is_checked() {
        assert_eq!(Checks { signature: false, ..strict() }.verify("rubbish", NOW), None);
    }

    #[test]
    fn the_algorithm_none_is_refused() {
        assert_eq!(strict().verify(&unsigned("none"), NOW), None);
    }

    #[test]
    fn the_algorithm_none_passes_in_any_letter_case_where_allowed() {
        let careless = Checks { none_allowed: true, ..strict() };
        assert_eq!(careless.verify(&unsigned("nOnE"), NOW), Some(claims()));
    }

    #[test]
    fn a_token_ends_at_its_end() {
        let token = strict().sign(&claims());
        assert_eq!(strict().verify(&token, NOW + LIFETIME), None);
    }

    #[test]
    fn a_token_outlives_its_end_where_no_expiry_is_checked() {
        let token = strict().sign(&claims());
        let careless = Checks { expiry: false, ..strict() };
        assert_eq!(careless.verify(&token, NOW + LIFETIME), Some(claims()));
    }
}
