//! Strings of JSON, and JSON that stands in a string of something else.

use std::ops::Range;

use super::{Decoded, Form, View};
use crate::engines::secret::generic::FileNature;

/// The end of a name in JSON that is escaped once.
const ESCAPED_NAME: &[u8] = b"\\\":";

/// The texts in which escaped JSON stands: `"{\"private_key\": \"…\"}"`, whatever the quotes around it.
pub(super) fn views(bytes: &[u8], nature: FileNature, each: &mut dyn FnMut(View)) {
    let mut done = 0;
    while let Some(found) = memchr::memmem::find(&bytes[done..], ESCAPED_NAME) {
        let name = done + found;
        let start = start_of(bytes, done, name);
        let end = end_of(bytes, name + ESCAPED_NAME.len());
        let mut text = Decoded::new(Form::Escaped);
        unescape(bytes, start..end, &mut text);
        each(View { text, nature, with_names: true });
        done = end;
    }
}

/// Where the string or line begins in which a byte stands, not before `from`.
fn start_of(bytes: &[u8], from: usize, at: usize) -> usize {
    let mut end = at;
    while let Some(found) = memchr::memrchr2(b'"', b'\n', &bytes[from..end]) {
        let place = from + found;
        if bytes[place] == b'\n' || !is_escaped(bytes, from, place) {
            return place + 1;
        }
        end = place;
    }
    from
}

/// Whether an odd number of backslashes stands before a byte.
fn is_escaped(bytes: &[u8], from: usize, at: usize) -> bool {
    bytes[from..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// Where the string or line ends that begins before `from`: at a quote or line end that is not escaped.
pub(super) fn end_of(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', &bytes[at..]) {
        let place = at + found;
        if bytes[place] != b'\\' {
            return place;
        }
        at = bytes.len().min(place + 2);
    }
    bytes.len()
}

/// Adds the text of a string's inside. What is no escape is taken as it is.
pub(super) fn unescape(bytes: &[u8], inside: Range<usize>, text: &mut Decoded) {
    let mut done = inside.start;
    while let Some(found) = memchr::memchr(b'\\', &bytes[done..inside.end]) {
        let at = done + found;
        text.copy(bytes, done..at);
        let (decoded, length) = escape(&bytes[at..inside.end]);
        if let Some(character) = decoded {
            text.put(character.encode_utf8(&mut [0; 4]).as_bytes(), at..at + length);
        } else {
            text.copy(bytes, at..at + length);
        }
        done = at + length;
    }
    text.copy(bytes, done..inside.end);
}

/// The character that an escape stands for, and the bytes that it takes; of a wrong one, the backslash.
fn escape(bytes: &[u8]) -> (Option<char>, usize) {
    let simple = |character| (Some(character), 2);
    match bytes.get(1) {
        Some(b'n') => simple('\n'),
        Some(b'r') => simple('\r'),
        Some(b't') => simple('\t'),
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(quoted @ (b'"' | b'\\' | b'/' | b'\'')) => simple(char::from(*quoted)),
        Some(b'u') => unicode(bytes),
        _ => (None, 1),
    }
}

fn unicode(bytes: &[u8]) -> (Option<char>, usize) {
    let unit = |from: usize| {
        let digits =
            bytes.get(from..from + 4).filter(|four| four.iter().all(u8::is_ascii_hexdigit))?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let Some(first) = unit(2) else { return (None, 1) };
    if let Some(character) = char::from_u32(first.into()) {
        return (Some(character), 6);
    }
    let second = bytes.get(6..8).filter(|mark| *mark == b"\\u").and_then(|_| unit(8));
    let pair = [Some(first), second].into_iter().flatten();
    match char::decode_utf16(pair).next() {
        Some(Ok(character)) => (Some(character), 12),
        _ => (Some(char::REPLACEMENT_CHARACTER), 6),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        let bytes = text.as_bytes();
        views(bytes, FileNature::of("a.env"), &mut |view| {
            all.push(String::from_utf8(view.text.bytes).unwrap());
        });
        all
    }

    #[test]
    fn escaped_json_is_read_whatever_it_stands_in() {
        let inside = "{\"a\": \"b\\nc\"}";
        for text in [
            r#"{"x": "{\"a\": \"b\\nc\"}", "y": 1}"#,
            "X=\"{\\\"a\\\": \\\"b\\\\nc\\\"}\"\n",
            "x: \"{\\\"a\\\": \\\"b\\\\nc\\\"}\"",
        ] {
            assert_eq!(decoded(text), [inside], "{text}");
        }
        assert_eq!(decoded("'{\\\"a\\\": 1}'\n\"b\""), ["'{\"a\": 1}'"]);
        assert!(decoded(r#"{"a": "b"}"#).is_empty());
    }

    proptest! {
        #[test]
        fn what_a_writer_escapes_is_read_back(text in any::<String>()) {
            let written = serde_json::to_string(&text).unwrap();
            let mut read = Decoded::new(Form::Escaped);
            unescape(written.as_bytes(), 1..written.len() - 1, &mut read);
            prop_assert_eq!(String::from_utf8(read.bytes).unwrap(), text);
        }
    }
}
