//! Tells values that stand for a secret from secrets.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::{Engine, engine::general_purpose::STANDARD};

/// A value longer than this is a key of many lines, in which words occur by chance.
const LONG: usize = 200;
/// So many neighbours of the alphabet, or equal characters, in a row are typed, not drawn.
const RUN: usize = 6;
/// No longer value is one word.
const LONGEST_WORD: usize = 16;

/// Pieces of text that a placeholder holds, in either case.
const WORDS: &[&str] = &[
    "example",
    "changeme",
    "change_me",
    "change-me",
    "changethis",
    "change_this",
    "change-this",
    "changeit",
    "change_it",
    "change-it",
    "placeholder",
    "place_holder",
    "place-holder",
    "your-",
    "your_",
    "-your",
    "_your",
    "youraccess",
    "yourapi",
    "yourbase",
    "os.environ",
    "process.env",
    "yourkey",
    "yourpass",
    "yoursecret",
    "yourtoken",
    "xxxx",
    "****",
    "...",
    "${",
    "$(",
    "{{",
    "%(",
    "#{",
    "dummy",
    "redacted",
    "replaceme",
    "replace-me",
    "replace_me",
    "replacewith",
    "replace-with",
    "replace_with",
    "insert_",
    "insert-",
    "fillin",
    "fill_in",
    "fill-in",
    "goeshere",
    "goes_here",
    "goes-here",
    "todo",
    "fixme",
    "notasecret",
    "not-a-",
    "not_a_",
    "notreal",
    "not my real",
    "not-my-real",
    "not_my_real",
    "qwert",
    "asdfg",
    "deadbeef",
    "cafebabe",
    "lorem",
    "12345",
];
/// Those of them that no key of many lines holds by chance.
const LONG_WORDS: &[&str] =
    &["xxxxxx", "****", "...", "${", "{{", "example", "placeholder", "redacted", "changeme"];
/// Ends of placeholders, and of the places from which code reads a secret: `connection.password`.
const ENDINGS: &[&[u8]] =
    &[b"_here", b"-here", b"_goes_here", b".password", b".passwd", b".secret", b".token"];

static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| search(WORDS));
static LONG_SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| search(LONG_WORDS));

fn search(words: &[&str]) -> Option<AhoCorasick> {
    let mut builder = AhoCorasick::builder();
    builder.match_kind(MatchKind::Standard).ascii_case_insensitive(true).build(words).ok()
}

/// Whether the value stands for a secret: `changeme`, `<token>`, `xxxx`, `${TOKEN}`, `123456`.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    if value.len() > LONG {
        return holds(&LONG_SEARCH, value);
    }
    is_plain_placeholder(value)
        || encoded_text(value).is_some_and(|text| is_plain_placeholder(&text))
}

/// The text that a value is the base64 form of, if it is one.
fn encoded_text(value: &[u8]) -> Option<Vec<u8>> {
    let is_whole = value.len() >= 12 && value.len().is_multiple_of(4);
    let text = is_whole.then(|| STANDARD.decode(value).ok())??;
    text.iter().all(|byte| matches!(byte, b' '..=b'~')).then_some(text)
}

fn is_plain_placeholder(value: &[u8]) -> bool {
    holds(&SEARCH, value)
        || ENDINGS.iter().any(|ending| ends_with(value, ending))
        || is_in_angles(value)
        || is_template_word(value)
        || (value.starts_with(b"[") && value.ends_with(b"]"))
        || longest_run(value, 0) >= RUN
        || longest_run(value, 1) >= RUN
        || longest_run(value, -1) >= RUN
        || is_counted_up(value)
        || has_few_characters(value)
        || is_repeated(value)
}

/// Whether a word stands on its line a second time: `postgres://airflow:airflow@db/airflow`.
pub(super) fn is_word_of_its_line(value: &[u8], line: &[u8]) -> bool {
    let is_word = value.len() <= LONGEST_WORD && value.iter().all(u8::is_ascii_lowercase);
    let ends = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let is_apart = |at: &usize| {
        ends(at.checked_sub(1).and_then(|before| line.get(before)))
            && ends(line.get(at + value.len()))
    };
    is_word && memchr::memmem::find_iter(line, value).filter(is_apart).count() > 1
}

fn holds(search: &LazyLock<Option<AhoCorasick>>, value: &[u8]) -> bool {
    search.as_ref().is_some_and(|search| search.is_match(value))
}

fn ends_with(value: &[u8], ending: &[u8]) -> bool {
    let start = value.len().checked_sub(ending.len());
    start.is_some_and(|start| value[start..].eq_ignore_ascii_case(ending))
}

/// `@PASSWORD` and `@PASSWORD@`, which some template engines fill in.
fn is_template_word(value: &[u8]) -> bool {
    let word = value.strip_prefix(b"@").map(|word| word.strip_suffix(b"@").unwrap_or(word));
    word.is_some_and(|word| word.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'_')))
}

fn is_in_angles(value: &[u8]) -> bool {
    memchr::memchr(b'<', value).is_some_and(|at| memchr::memchr(b'>', &value[at..]).is_some())
}

/// Characters in the longest row in which each follows the one before by `step`.
fn longest_run(value: &[u8], step: i16) -> usize {
    let (mut longest, mut run) = (1, 1);
    for pair in value.windows(2) {
        let (a, b) = (pair[0].to_ascii_lowercase(), pair[1].to_ascii_lowercase());
        let follows = a.is_ascii_alphanumeric() && i16::from(b) - i16::from(a) == step;
        run = if follows { run + 1 } else { 1 };
        longest = longest.max(run);
    }
    longest
}

/// `abc123def456ghi789`: more than half of the characters follow the one before.
fn is_counted_up(value: &[u8]) -> bool {
    let follows = |pair: &&[u8]| pair[0].is_ascii_alphanumeric() && pair[0] + 1 == pair[1];
    value.len() >= 9 && value.windows(2).filter(follows).count() * 20 >= (value.len() - 1) * 11
}

fn has_few_characters(value: &[u8]) -> bool {
    let mut seen: Vec<u8> =
        value.iter().filter(|byte| byte.is_ascii_alphanumeric()).copied().collect();
    seen.make_ascii_lowercase();
    seen.sort_unstable();
    seen.dedup();
    seen.len() <= 3
}

/// Whether the value is one short piece, written again and again.
fn is_repeated(value: &[u8]) -> bool {
    let repeats = |piece: usize| value[piece..].iter().zip(value).all(|(a, b)| a == b);
    value.len() >= 12 && (1..=value.len() / 3).any(repeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_stand_for_a_secret_are_known() {
        for value in [
            "AKIAIOSFODNN7EXAMPLE",
            "changeme",
            "your-token-here",
            "xxxxxxxxxxxx",
            "************",
            "<access token>",
            "${TOKEN}",
            "[PASSWORD]",
            "{{ token }}",
            "%(token)s",
            "00000000000000000000",
            "0123456789",
            "abcdefghijkl",
            "token_goes_here",
            "a1b2c3a1b2c3a1b2c3",
            "sk_live_...",
            "connection.password",
            "abc123def456ghi789",
            "@PASSWORD@",
            "Admin12345",
            "aXNhYWNzOm5vdCBteSByZWFsIHBhc3N3b3Jk",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn a_word_that_stands_twice_on_its_line_is_no_password() {
        let line = b"url: postgresql://postgres:airflow@postgres/airflow";
        assert!(is_word_of_its_line(b"airflow", line));
        assert!(!is_word_of_its_line(b"airflow", b"postgres://shop:airflow@db/airflows"));
        assert!(!is_word_of_its_line(b"Vq8mR2xK", b"Vq8mR2xK Vq8mR2xK"));
    }

    #[test]
    fn a_long_value_that_says_example_is_one() {
        assert!(is_placeholder(&[&b"IQoJb3JpZ2lu".repeat(20)[..], b"EXAMPLE"].concat()));
        assert!(!is_placeholder(&b"IQoJb3JpZ2luqwertyTODO".repeat(20)));
    }

    #[test]
    fn a_drawn_value_stands_for_itself() {
        for value in
            ["Q3EGR7WMX2ZLTN5C", "t7#Kw9!mQz2x", "2804fe678d69934a947101be6386c6e5", "hunter2!"]
        {
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }
}
