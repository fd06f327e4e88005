//! Values that are text, code or references rather than secrets.

use std::sync::LazyLock;

use regex::bytes::{RegexSet, RegexSetBuilder};

use super::randomness::is_certainly_drawn;

/// Chains of words, which a drawn value may have the shape of by chance.
const CHAINS: &[(&str, &str)] = &[
    ("an identifier", r"^[A-Za-z_][A-Za-z]*[0-9]?(?:(?:\.|::|->|-|_|/|:)[A-Za-z_]+[0-9]?)+$"),
    ("a member", r"^[A-Za-z_$][A-Za-z0-9_$]*(?:\??\.[A-Za-z_$][A-Za-z0-9_$]*)+$"),
    ("a host", r"^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]{1,5})?$"),
    ("a path below", r"^[A-Za-z0-9_.-]{1,24}(?:/[A-Za-z0-9_.-]{1,24}){2,}$"),
];
/// What a value may be instead of a secret.
const SHAPES: &[(&str, &str)] = &[
    ("lower-case words", r"^[a-z]+(?:[ _./:@+-][a-z]+)*[0-9]{0,2}[!?.]?$"),
    ("upper-case words", r"^[A-Z]+(?:[ _./:-][A-Z]+)*[0-9]{0,2}$"),
    ("title words", r"^[A-Za-z][a-z]+(?:[_.:/-][A-Za-z][a-z]*)+[0-9]{0,2}$"),
    ("an address", r"://|^www\.|^//|^mailto:|^data:|^urn:|^arn:"),
    ("a path", r"^(?:[.~]{0,2}/|[A-Za-z]:[\\/])|/$"),
    (
        "a file name",
        r"^[\w./-]+\.(?:pem|key|crt|cer|json|ya?ml|toml|txt|py|js|ts|rb|go|rs|java|php|html?|xml|sh|md|env|conf|cfg|ini|p12|jks|pub|lock|gpg|asc|png|svg)$",
    ),
    ("a UUID", r"^(?i:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$"),
    ("a number", r"^[0-9.,:+/ _-]+$"),
    ("a web token, which has its own rule", r"^eyJ[A-Za-z0-9_-]+\."),
    ("a date", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    ("an e-mail address", r"^[\w.+-]+@[\w-]+\.[\w.]+$"),
    (
        "a reference",
        r"^[$%@&*!^~#:|=?,.;]|\$[{(]|\$[A-Z_]{3}|%[sdifr(]|\{[0-9a-z_]*\}|%[A-Za-z_]+%|:[a-z_]+:",
    ),
    ("a call or a pattern", r"[()\[\]]|\.\*|\\"),
    ("a list", r"[,;]"),
    (
        "a digest or sealed",
        r"^(?:sha(?:1|256|384|512)|md5|bcrypt|scrypt|argon2i?d?|pbkdf2\w*|ENC|vault|enc)[-:$\[]|^v[0-9]+:",
    ),
    (
        "an identifier that vendors make public",
        r"^(?:AC|SK|AP|PN|VA|MG|IS)[0-9a-f]{32}$|^pk[._-]|^pub[._-]|^public[._-]|^sb_publishable_|^(?:AKIA|ASIA)[A-Z2-7]{16}$|\.apps\.googleusercontent\.com$",
    ),
    ("an assignment", r"^(?:[a-z_]+|[A-Z_]+)=[^=]"),
    ("a weak password, for people to judge", r"(?i)p[a4@][s5$3]{2}w[o0]r[dt]|s[e3]cr[e3]t"),
];
/// Values of this length or more are judged by their look even if they hold a weak word.
const WEAK: usize = 16;

static EXPLANATIONS: LazyLock<Option<RegexSet>> = LazyLock::new(|| set_of(SHAPES));
static CHAIN_SHAPES: LazyLock<Option<RegexSet>> = LazyLock::new(|| set_of(CHAINS));

fn set_of(shapes: &[(&str, &str)]) -> Option<RegexSet> {
    RegexSetBuilder::new(shapes.iter().map(|(_, shape)| shape)).unicode(false).build().ok()
}

/// Whether one of the shapes explains the value.
pub(super) fn is_explained(value: &[u8]) -> bool {
    let Some(explanations) = EXPLANATIONS.as_ref() else { return true };
    let weak = SHAPES.len() - 1;
    let is_chain = || CHAIN_SHAPES.as_ref().is_none_or(|chains| chains.is_match(value));
    explanations.matches(value).iter().any(|shape| shape != weak || value.len() < WEAK)
        || (is_chain() && !is_certainly_drawn(value))
}

/// Words that say what a value is for.
const OWN_WORDS: &[&str] = &[
    "my",
    "the",
    "a",
    "your",
    "our",
    "some",
    "this",
    "super",
    "top",
    "very",
    "db",
    "app",
    "user",
    "admin",
    "root",
    "test",
    "demo",
    "password",
    "passwd",
    "passwort",
    "pwd",
    "pass",
    "secret",
    "token",
    "key",
    "apikey",
    "api",
    "credentials",
    "credential",
    "default",
    "access",
    "private",
    "auth",
];

/// Whether the value says its own name, or is made of the words that such names are made of.
pub(super) fn repeats_its_name(value: &[u8], name: &[u8]) -> bool {
    let (value, name) = (plain(value), plain(name));
    let stem = value.trim_end_matches(|character: char| character.is_ascii_digit());
    (!name.is_empty() && (name.contains(&value) || value.contains(&name)))
        || is_made_of_own_words(stem)
}

fn is_made_of_own_words(text: &str) -> bool {
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for at in 0..text.len() {
        if reached[at] {
            for word in OWN_WORDS.iter().filter(|word| text[at..].starts_with(**word)) {
                reached[at + word.len()] = true;
            }
        }
    }
    reached[text.len()]
}

fn plain(text: &[u8]) -> String {
    let letters = text.iter().filter(|byte| byte.is_ascii_alphanumeric());
    letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_text_code_or_a_reference_is_explained() {
        for value in [
            "correct horse battery staple",
            "access_token_for_the_service",
            "/etc/ssl/private/server-2.key",
            "https://keys.acme-corp.net/v1/8f3k2",
            "f3c1b2a4-9d8e-4f7a-8b6c-5d4e3f2a1b0c",
            "config.auth.Google2",
            "2024-05-17T10:21:33Z",
            "%s-%d-suffix",
            "hash_password(raw2)",
            "P@ssw0rd1",
        ] {
            assert!(is_explained(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn a_drawn_value_with_dots_or_slashes_is_no_chain_of_words() {
        for value in [
            "cbe5985d07804065b46efaf1daa82834.ZLV4IOHGbEEHPDt5",
            "q7Zt0VfKx/K7MDENG/bPxRfiCYz83kQw",
        ] {
            assert!(!is_explained(value.as_bytes()), "{value}");
        }
        assert!(is_explained(b"settings.authentication.GoogleProvider2"));
        assert!(is_explained(b"packages/authentication/version2/token"));
    }

    #[test]
    fn a_value_that_says_its_own_name_is_none() {
        assert!(repeats_its_name(b"AccessKeyId9", b"accessKey"));
        assert!(repeats_its_name(b"my-secret-key-1", b"token"));
        assert!(!repeats_its_name(b"Vq8mR2xKpLw93ZtB", b"token"));
    }
}
