//! Judges credentials offline: checksums, structure, what is inside. Nothing is sent anywhere.
//!
//! Rules name a validator with `validate:`. Its words reach the message of the finding, so they never
//! hold any part of the credential.

mod amazon;
mod azure;
mod base58;
mod checksum;
mod crc16;
mod encoded;
mod macaroon;
mod mnemonic;
mod pkcs12;
mod private_key;
mod putty;
mod reader;
mod structure;
#[cfg(test)]
mod tests;
mod web_token;

use jiff::civil::Date;

/// What a validator says of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is what it looks like; the words say what was verified.
    Confirmed(String),
    /// It is not quite what it looks like; the finding falls to the warning tier.
    Doubtful(String),
    /// It is what it looks like until the end of this day; then come a word that it begins with and further
    /// ones. [`run`] makes one of the two above of it.
    Until(Date, &'static str, String),
    /// It has nothing to verify.
    Silent,
    /// It is no secret.
    Refused,
}

impl Verdict {
    fn confirmed(words: impl Into<String>) -> Self {
        Self::Confirmed(words.into())
    }

    fn doubtful(words: impl Into<String>) -> Self {
        Self::Doubtful(words.into())
    }
}

type Validator = fn(&[u8]) -> Verdict;

/// The validators by the names that rules use.
const VALIDATORS: &[(&str, Validator)] = &[
    ("aws-key-id", amazon::key_id),
    ("azure-checksum", azure::identifiable),
    ("base58check", base58::base58check),
    ("base64-json", structure::base64_json),
    ("base64-length", encoded::base64_length),
    ("basic-auth", encoded::basic_authorization),
    ("bech32", checksum::bech32),
    ("bip39", mnemonic::bip39),
    ("discord-token", encoded::discord_token),
    ("docker-auth", encoded::docker_authorization),
    ("github-checksum", checksum::github),
    ("gitlab-checksum", checksum::gitlab),
    ("google-service-account", private_key::google_service_account),
    ("grafana-checksum", checksum::grafana),
    ("jwt", web_token::web_token),
    ("macaroon", macaroon::macaroon),
    ("matrix-checksum", checksum::matrix),
    ("nkey", crc16::nkey),
    ("nostr-nsec", checksum::nostr_secret),
    ("npm-checksum", checksum::npm),
    ("packagist-checksum", checksum::packagist),
    ("pem", private_key::pem),
    ("pkcs12", pkcs12::store),
    ("puttykey", putty::key),
    ("sentry-org-token", structure::sentry_organisation_token),
    ("slack-structure", structure::slack),
    ("stellar-seed", crc16::stellar_seed),
    ("uuid-random", structure::random_uuid),
    ("vercel-checksum", checksum::vercel),
    ("xrp-seed", base58::xrp_seed),
];

/// The names of all validators.
pub fn names() -> impl Iterator<Item = &'static str> {
    VALIDATORS.iter().map(|(name, _)| *name)
}

/// Whether there is a validator of this name.
pub fn is_known(name: &str) -> bool {
    VALIDATORS.iter().any(|(known, _)| *known == name)
}

/// What the validator of this name says of the value on this day; one that is not known is silent. Without
/// a day nothing has ended.
pub fn run(name: &str, value: &[u8], today: Option<Date>) -> Verdict {
    let validator = VALIDATORS.iter().find(|(known, _)| *known == name);
    match validator.map_or(Verdict::Silent, |(_, validator)| validator(value)) {
        Verdict::Until(end, kind, more) if today.is_some_and(|today| end < today) => {
            Verdict::Doubtful(format!("{kind}, expired {end}, {more}"))
        }
        Verdict::Until(end, kind, more) => {
            Verdict::Confirmed(format!("{kind}, valid until {end}, {more}"))
        }
        verdict => verdict,
    }
}
