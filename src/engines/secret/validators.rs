//! Judges credentials offline: checksums, structure, what is inside. Nothing is sent anywhere.
//!
//! Rules name a validator with `validate:`. Its words reach the message of the finding, so they never
//! hold any part of the credential.

mod amazon;
mod checksum;
mod encoded;
mod private_key;
mod web_token;

/// What a validator says of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is what it looks like; the words say what was verified.
    Confirmed(String),
    /// It is not quite what it looks like; the finding falls to the warning tier.
    Doubtful(String),
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
    ("base64-length", encoded::base64_length),
    ("basic-auth", encoded::basic_authorization),
    ("bech32", checksum::bech32),
    ("discord-token", encoded::discord_token),
    ("github-checksum", checksum::github),
    ("google-service-account", private_key::google_service_account),
    ("grafana-checksum", checksum::grafana),
    ("jwt", web_token::web_token),
    ("npm-checksum", checksum::npm),
    ("pem", private_key::pem),
    ("vercel-checksum", checksum::vercel),
];

/// Whether there is a validator of this name.
pub fn is_known(name: &str) -> bool {
    VALIDATORS.iter().any(|(known, _)| *known == name)
}

/// What the validator of this name says of the value; one that is not known is silent.
pub fn run(name: &str, value: &[u8]) -> Verdict {
    let validator = VALIDATORS.iter().find(|(known, _)| *known == name);
    validator.map_or(Verdict::Silent, |(_, validator)| validator(value))
}
