//! Values that are base64 of something.

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::Verdict;
use crate::engines::secret::placeholder;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const FOR_ADDRESSES: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// Passwords that are typed to try something out.
const WEAK: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "secret",
    "test",
    "admin",
    "root",
    "guest",
    "user",
    "changeme",
    "token",
    "1234",
    "12345",
    "foo",
    "bar",
    "hunter2",
    "x-oauth-basic",
];

/// Decodes either alphabet, with or without padding.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    PLAIN.decode(text).or_else(|_| FOR_ADDRESSES.decode(text)).ok()
}

/// A key that is base64 of some bytes, and of nothing that reads as text.
pub(super) fn base64_length(value: &[u8]) -> Verdict {
    match decode(value) {
        Some(raw) if raw.len() >= 16 && raw.iter().all(|byte| matches!(byte, b' '..=b'~')) => {
            Verdict::doubtful("decodes to text")
        }
        Some(_) => Verdict::Silent,
        None => Verdict::doubtful("not base64"),
    }
}

/// The credentials of HTTP's basic scheme: a name, a colon, a password.
pub(super) fn basic_authorization(value: &[u8]) -> Verdict {
    credentials(decode(value))
}

/// `auth` of a Docker configuration: the same, with zeros at the end that its reader cuts off.
pub(super) fn docker_authorization(value: &[u8]) -> Verdict {
    let raw = decode(value);
    credentials(raw.map(|mut raw| {
        let zeros = raw.iter().rev().take_while(|byte| **byte == 0).count();
        raw.truncate(raw.len() - zeros);
        raw
    }))
}

fn credentials(raw: Option<Vec<u8>>) -> Verdict {
    let Some(text) = raw.and_then(|raw| String::from_utf8(raw).ok()) else {
        return Verdict::doubtful("not base64 of text");
    };
    let is_shown = !text.chars().any(char::is_control);
    match text.split_once(':').filter(|_| is_shown) {
        Some((_, password)) if stands_for_a_password(password) => Verdict::Refused,
        Some(("", _)) => Verdict::confirmed("decodes to a password"),
        Some(_) => Verdict::confirmed("decodes to a name and a password"),
        None => Verdict::doubtful("holds no name and password"),
    }
}

fn stands_for_a_password(password: &str) -> bool {
    let lower = password.to_ascii_lowercase();
    let stem =
        lower.trim_end_matches(|character: char| character.is_ascii_digit() || character == '!');
    password.is_empty()
        || WEAK.contains(&lower.as_str())
        || WEAK.contains(&stem)
        || placeholder::is_placeholder(password.as_bytes())
}

/// A Discord bot token: its first part is the bot's number.
pub(super) fn discord_token(value: &[u8]) -> Verdict {
    let first = value.split(|byte| *byte == b'.').next().unwrap_or_default();
    match decode(first) {
        Some(number) if number.len() >= 17 && number.iter().all(u8::is_ascii_digit) => {
            Verdict::confirmed("names a bot")
        }
        _ => Verdict::doubtful("names no bot"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7617_decodes() {
        let found = basic_authorization(b"QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(found, Verdict::confirmed("decodes to a name and a password"));
    }

    #[test]
    fn a_typed_password_is_refused() {
        assert_eq!(basic_authorization(b"dXNlcjpwYXNzd29yZA=="), Verdict::Refused);
    }

    #[test]
    fn zeros_at_the_end_of_a_docker_login_do_not_count() {
        let text = PLAIN.encode("deploy:pV7-qLx2\0\0");
        let confirmed = Verdict::confirmed("decodes to a name and a password");
        assert_eq!(docker_authorization(text.as_bytes()), confirmed);
        assert_eq!(
            basic_authorization(text.as_bytes()),
            Verdict::doubtful("holds no name and password")
        );
        let placeholder = PLAIN.encode("user:changeme");
        assert_eq!(docker_authorization(placeholder.as_bytes()), Verdict::Refused);
    }

    #[test]
    fn a_bot_is_named_by_its_number() {
        let token =
            format!("{}.GQ1abc.q3Vb9n2Kx0dJ7mQyLrT5sWfZc8uHq3Vb9n2Kx0", "MTIzNDU2Nzg5MDEyMzQ1Njc4");
        assert_eq!(discord_token(token.as_bytes()), Verdict::confirmed("names a bot"));
    }
}
