//! Judges assignments whose name says *secret*: is the value a literal, and does it look drawn?
//!
//! Most such assignments hold no secret: a placeholder, a reference, a path, a word, a label. A value
//! passes only if nothing explains it. What lies in tests, examples or documentation is for the
//! pedantic tier.

mod name;
mod nature;
mod randomness;
mod value;

use std::ops::Range;

use nature::Format;

pub(super) use nature::FileNature;
pub(super) use randomness::is_made_of_words;

use super::placeholder;
use crate::rule::Tier;

/// No shorter value looks drawn.
const LEAST_LENGTH: usize = 8;

/// A name, a value, and what stands around them.
pub(super) struct Assignment<'a> {
    /// What the value is given to; empty if the rule sees none.
    pub(super) name: &'a [u8],
    /// What stands between the two.
    pub(super) between: &'a [u8],
    /// The quote before the value, if there is one.
    pub(super) quote: Option<u8>,
    /// The value.
    pub(super) value: &'a [u8],
    /// What follows the value on its line.
    pub(super) rest: &'a [u8],
}

/// Most bytes of a name before its keyword.
const LONGEST_NAME: usize = 48;
/// Bytes after a name within which its value begins to look drawn.
const NEAR: usize = 384;

/// Where the rule's expression is tried because of a keyword that stands `at`: from before the name that it is
/// a part of to the end of the line, or of the next ones if they say the value. `None` if nothing that may be
/// drawn follows there, as the value that a name is given does.
///
/// This is a cheap test before the expression is tried: it refuses what [`judge`] would refuse.
pub(super) fn window(bytes: &[u8], at: &Range<usize>, most: usize) -> Option<Range<usize>> {
    let near = &bytes[at.end..bytes.len().min(at.end + NEAR)];
    let end = memchr::memchr(b'\n', near).unwrap_or(near.len());
    let (line, after) = near.split_at(end);
    let goes_on = line.trim_ascii_end().ends_with(b">") || says_value(after);
    if !(holds_drawn(line) || (goes_on && holds_drawn(after))) {
        return None;
    }
    let is_named = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.$-".contains(byte);
    let before = bytes[..at.start].iter().rev().take(LONGEST_NAME).take_while(is_named).count();
    let last = if goes_on || end == near.len() { at.end + most } else { at.end + end };
    Some(at.start.saturating_sub(before + 1)..last.min(bytes.len()))
}

fn says_value(lines: &[u8]) -> bool {
    let word = lines.trim_ascii_start();
    let word = word.strip_prefix(b"\"").or(word.strip_prefix(b"'")).unwrap_or(word);
    word.get(1..5) == Some(b"alue")
}

fn holds_drawn(text: &[u8]) -> bool {
    let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'"' | b'\'' | b'`' | b'(' | b')');
    let may_be_drawn = |word: &[u8]| {
        word.len() >= LEAST_LENGTH
            && randomness::may_be_drawn(
                word.iter().fold(0, |seen, byte| seen | randomness::kind(*byte)),
            )
    };
    text.split(ends).any(may_be_drawn)
}

/// The tier at least that a finding has, or `None` if the value is explained.
pub(super) fn judge(assignment: &Assignment<'_>, nature: FileNature) -> Option<Tier> {
    let value = assignment.value;
    let is_secret = nature.format != Format::Generated
        && is_literal(assignment, nature)
        && !name::is_about_something_else(assignment.name)
        && !placeholder::is_placeholder(value)
        && !value::is_explained(value)
        && !value::repeats_its_name(value, assignment.name)
        && randomness::looks_drawn(value);
    is_secret.then_some(if nature.is_test { Tier::Pedantic } else { Tier::Default })
}

/// Whether the value is written out: between quotes that match, between tags, or alone on the line of a
/// file in which values need no quotes.
fn is_literal(assignment: &Assignment<'_>, nature: FileNature) -> bool {
    let (rest, between) = (assignment.rest, assignment.between);
    if is_argument_apart(between) {
        return false;
    }
    if let Some(quote) = assignment.quote {
        return rest.first() == Some(&quote);
    }
    if between.trim_ascii_end().ends_with(b">") && !between.contains(&b'=') {
        return rest.starts_with(b"</")
            || (between.contains(&b'\n') && rest.trim_ascii().is_empty());
    }
    if is_line_in_a_string(rest) {
        return nature.format != Format::Generated;
    }
    match nature.format {
        Format::Configuration => ends_line(rest, false),
        Format::Shell => ends_line(rest, true),
        Format::Source | Format::Generated => false,
    }
}

/// `f(token, "…")` gives nothing to a token; `get("token", "…")` names what is used instead of one.
fn is_argument_apart(between: &[u8]) -> bool {
    between.contains(&b',')
        && !matches!(between.first(), Some(b'"' | b'\''))
        && memchr::memmem::find(between, b"alue").is_none()
}

/// Whether an escaped line end follows: `"settings.ini": "TOKEN=…\nBACKUP=…"`.
fn is_line_in_a_string(rest: &[u8]) -> bool {
    rest.starts_with(b"\\n") || rest.starts_with(b"\\r\\n")
}

fn ends_line(rest: &[u8], is_shell: bool) -> bool {
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match rest[blanks..].first() {
        None | Some(b'\r' | b'#' | b';') => true,
        Some(b'&' | b'|' | b'\\' | b'"' | b'\'' | b')') => is_shell,
        Some(_) => is_shell && blanks > 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(path: &str, name: &str, quote: Option<u8>, value: &str, rest: &str) -> Option<Tier> {
        let (name, value, rest) = (name.as_bytes(), value.as_bytes(), rest.as_bytes());
        let assignment = Assignment { name, between: b" = ", quote, value, rest };
        judge(&assignment, FileNature::of(path))
    }

    #[test]
    fn a_value_without_quotes_counts_in_configuration_only() {
        let value = "Vq8mR2xKpLw93ZtB";
        assert_eq!(judged("config.yaml", "password", None, value, ""), Some(Tier::Default));
        assert_eq!(judged("shop.py", "password", None, value, ""), None);
    }

    #[test]
    fn the_cheap_test_sees_the_value_on_the_line_or_in_the_next_entry() {
        let follows = |text: &str| window(text.as_bytes(), &(0.."password".len()), 256).is_some();
        assert!(follows("password = \"t7#Kw9!mQz2x\""));
        assert!(follows("password\n    value: \"Cz9!kHt4Ws\""));
        assert!(follows("password>\n    Cz9!kHt4Ws\n</password>"));
        assert!(!follows("password = read_password(path)"));
        assert!(!follows("password\nother = \"Cz9!kHt4Ws\""));
    }

    #[test]
    fn what_lies_in_tests_is_for_the_pedantic_tier() {
        let value = "Vq8mR2xKpLw93ZtB";
        let found = judged("tests/test_login.py", "password", Some(b'"'), value, "\"");
        assert_eq!(found, Some(Tier::Pedantic));
    }
}
