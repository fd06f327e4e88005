//! Percent-encoding: words that hold `%XX`.

use super::{Decoded, Form, View};
use crate::engines::secret::generic::FileNature;

/// A shorter text is no vendor's credential.
const LEAST: usize = 16;

/// The words with an escape in them, decoded.
pub(super) fn views(bytes: &[u8], nature: FileNature, each: &mut dyn FnMut(View)) {
    let mut done = 0;
    while let Some(found) = memchr::memchr(b'%', &bytes[done..]) {
        let at = done + found;
        if encoded(bytes, at).is_none() {
            done = at + 1;
            continue;
        }
        let before = bytes[done..at].iter().rev().take_while(|byte| is_in_word(**byte)).count();
        let after = bytes[at..].iter().take_while(|byte| is_in_word(**byte)).count();
        let word = at - before..at + after;
        done = word.end;
        if word.len() < LEAST {
            continue;
        }
        let text = decode(bytes, word.start, word.end);
        each(View { text, nature, with_names: false });
    }
}

fn decode(bytes: &[u8], start: usize, end: usize) -> Decoded {
    let mut text = Decoded::new(Form::Percent);
    let (mut plain, mut at) = (start, start);
    while let Some(found) = memchr::memchr(b'%', &bytes[at..end]) {
        at += found;
        if let Some(byte) = encoded(&bytes[..end], at) {
            text.copy(bytes, plain..at);
            text.put(&[byte], at..at + 3);
            plain = at + 3;
            at = plain;
        } else {
            at += 1;
        }
    }
    text.copy(bytes, plain..end);
    text
}

/// The byte that `%XX` at this place stands for.
fn encoded(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(*bytes.get(at + 1)?)? << 4 | digit(*bytes.get(at + 2)?)?)
}

/// Whether a byte may stand in an address, or in a part of a form.
const fn is_in_word(byte: u8) -> bool {
    !matches!(byte, 0..=b' ' | b'"' | b'\'' | b'<' | b'>' | b'\\' | b'`' | b'{' | b'}' | b'|' | 0x7f..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        views(text.as_bytes(), FileNature::of("a.txt"), &mut |view| {
            all.push(String::from_utf8(view.text.bytes).unwrap());
        });
        all
    }

    #[test]
    fn a_word_is_decoded_whole() {
        assert_eq!(decoded("\"a=%7B%22key%22%3A+1&b=c%2Fd%zz\" x"), ["a={\"key\":+1&b=c/d%zz"]);
        assert!(decoded("printf(\"%s is 100% of %d\")").is_empty());
        assert!(decoded("%41").is_empty());
    }
}
