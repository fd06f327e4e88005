//! Names that say *secret* and mean something else: `csrf_token`, `password_label`, `next_token`.

/// Words before the last one that turn a secret's name into another thing's.
const TURNING: &[&str] = &[
    "public",
    "csrf",
    "xsrf",
    "next",
    "prev",
    "previous",
    "page",
    "paging",
    "continuation",
    "continue",
    "cancel",
    "cancellation",
    "stop",
    "abort",
    "sync",
    "cursor",
    "start",
    "end",
    "unk",
    "pad",
    "eos",
    "bos",
    "sep",
    "mask",
    "special",
    "lexer",
    "parser",
    "current",
    "peek",
    "last",
    "first",
    "separator",
    "delimiter",
    "encrypted",
    "hashed",
    "enc",
    "hash",
    "digest",
    "invalid",
    "wrong",
    "bad",
    "expired",
    "no",
    "with",
    "without",
    "reset",
    "forgot",
    "forgotten",
    "change",
    "show",
    "hide",
    "toggle",
    "enable",
    "disable",
    "require",
    "use",
    "allow",
    "is",
    "has",
    "sentinel",
    "nonce",
    "design",
    "color",
    "confirm",
    "old",
    "new",
    "repeat",
    "missing",
    "verify",
    "title",
    "label",
    "placeholder",
    "message",
    "msg",
    "error",
    "text",
    "help",
    "hint",
    "field",
    "input",
    "test",
    "fake",
    "mock",
    "dummy",
    "example",
    "sample",
    "primary",
    "foreign",
    "cache",
    "partition",
    "sort",
    "row",
    "map",
    "dict",
    "i18n",
    "lang",
    "translation",
    "event",
    "css",
    "html",
    "dom",
    "syntax",
    "unexpected",
    "expected",
];
/// Last words that are a secret's only with a fitting word before them.
const WEAK_ENDS: &[&str] = &["auth", "author", "authority"];

/// Whether the name is another thing's.
pub(super) fn is_about_something_else(name: &[u8]) -> bool {
    let words = words_of(name);
    let Some((last, before)) = words.split_last() else { return false };
    let near = before.iter().rev().take(2);
    near.into_iter().any(|word| TURNING.contains(&word.as_str()))
        || (before.is_empty() && WEAK_ENDS.contains(&last.as_str()))
}

/// The words of a name, in lower case: `jwtSecretKey` and `JWT_SECRET_KEY` are `jwt secret key`.
pub(super) fn words_of(name: &[u8]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut before = 0_u8;
    for (at, &byte) in name.iter().enumerate() {
        let next = name.get(at + 1).copied().unwrap_or_default();
        let begins = byte.is_ascii_uppercase()
            && (!before.is_ascii_uppercase() || next.is_ascii_lowercase());
        if (begins || !byte.is_ascii_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if byte.is_ascii_alphanumeric() {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
        before = byte;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_in_every_style() {
        for name in ["jwtSecretKey", "JWT_SECRET_KEY", "jwt-secret-key", "JWTSecretKey"] {
            assert_eq!(words_of(name.as_bytes()), ["jwt", "secret", "key"], "{name}");
        }
    }

    #[test]
    fn a_turning_word_makes_it_another_thing() {
        assert!(is_about_something_else(b"csrfToken"));
        assert!(is_about_something_else(b"new_user_password"));
        assert!(!is_about_something_else(b"db_password"));
    }
}
