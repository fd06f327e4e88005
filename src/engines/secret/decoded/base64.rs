//! Base64 that is text once it is decoded, also where it is wrapped over lines.

use std::ops::Range;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{Decoded, Form, View};
use crate::engines::secret::generic::FileNature;

/// The least length of what is taken for base64.
const LEAST: usize = 40;
/// Bytes that are looked at together.
const BLOCK: usize = 16;
/// Of so many first characters the decoded text is looked at.
const FIRST: usize = 24;
/// Of the bytes that these characters stand for, so many may be no text.
const MOST_STRANGE: usize = 2;
/// How far before a run the name of a source map may stand.
const NEAR: usize = 96;

/// Takes what is cut and what is not padded.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The runs that are text once they are decoded, but for those that a vendor's rule knows.
pub(super) fn views(
    bytes: &[u8],
    nature: FileNature,
    is_claimed: &dyn Fn(&Range<usize>) -> bool,
    each: &mut dyn FnMut(View),
) {
    let mut from = 0;
    while let Some(first) = next_run(bytes, from) {
        from = first.end + 1;
        if !begins_as_text(&bytes[first.clone()])
            || is_claimed(&first)
            || is_map(bytes, first.start)
        {
            continue;
        }
        let (all, end) = unwrap_lines(bytes, &first);
        let Some(decoded) = decode(&all) else { continue };
        from = from.max(end);
        let mut text = Decoded::new(Form::Base64);
        text.put(&decoded, first.start..end);
        each(View { text, nature, with_names: false });
    }
}

/// What a whole value decodes to, if that is text.
pub(super) fn text_of(value: &str) -> Option<Vec<u8>> {
    let is_passed = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'=';
    let all: Vec<u8> = value.bytes().filter(|byte| !is_passed(byte)).collect();
    let is_text = all.iter().all(|byte| is_base64(*byte)) && begins_as_text(&all);
    if is_text { decode(&all) } else { None }
}

/// The next run of [`LEAST`] characters of base64 or more that begins at `from` or later.
///
/// Of a text, only some blocks are looked at, so far apart that no such run lies between two.
fn next_run(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    // No run that is not told yet begins before `from`; it holds the block at `at`, or begins behind it.
    let mut at = from + LEAST - BLOCK;
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
        let mut end = at;
        if is_all_base64(block) {
            let is_run = |byte: &&u8| is_base64(**byte);
            let before = bytes[from..at].iter().rev().take_while(is_run).count();
            let after = bytes[at..].iter().take_while(is_run).count();
            end = at + after;
            if before + after >= LEAST {
                return Some(at - before..end);
            }
        }
        at = end + 1 + LEAST - BLOCK;
    }
    None
}

/// Whether all bytes are characters of base64.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without a branch, all bytes are looked at together"
)]
fn is_all_base64(block: &[u8; BLOCK]) -> bool {
    let is_one = |byte: u8| {
        let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        // `/` stands before the digits.
        let is_digit = byte.wrapping_sub(b'/') < 11;
        is_letter | is_digit | (byte == b'+') | (byte == b'-') | (byte == b'_')
    };
    block.iter().fold(true, |all, byte| all & is_one(*byte))
}

/// The characters of base64, of both alphabets.
static CHARACTERS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        table[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
        byte += 1;
    }
    table
};

fn is_base64(byte: u8) -> bool {
    CHARACTERS[usize::from(byte)]
}

/// Whether the first bytes of what a run stands for are nearly all text. Of drawn bytes, one run in a
/// hundred thousand is taken for it.
fn begins_as_text(run: &[u8]) -> bool {
    // The first six bits of an ASCII byte are less than 32: this cheap test refuses nearly all identifiers.
    let is_small = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'a'..=b'f');
    let firsts = run[..run.len().min(FIRST)].iter().step_by(4);
    if firsts.filter(|byte| !is_small(byte)).count() > MOST_STRANGE {
        return false;
    }
    let Some(decoded) = decode(&run[..run.len().min(FIRST)]) else { return false };
    let is_text = |byte: &&u8| matches!(**byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    let strange = decoded.len() - decoded.iter().filter(is_text).count();
    strange <= MOST_STRANGE && strange * 9 <= decoded.len()
}

fn decode(run: &[u8]) -> Option<Vec<u8>> {
    let standard = |byte: &u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => *byte,
    };
    // A single character at the end is what is left of a cut run.
    let whole = if run.len() % 4 == 1 { run.len() - 1 } else { run.len() };
    let run: Vec<u8> = run[..whole].iter().map(standard).collect();
    LENIENT.decode(run).ok()
}

/// Whether the run is a source map within a script.
fn is_map(bytes: &[u8], start: usize) -> bool {
    let near = &bytes[start.saturating_sub(NEAR)..start];
    memchr::memmem::find(near, b"sourceMappingURL").is_some()
}

/// The characters of a run and of the lines that continue it, and where the last one ends.
///
/// Lines that continue it are as long as the first one, but for the last, and hold nothing else.
fn unwrap_lines(bytes: &[u8], first: &Range<usize>) -> (Vec<u8>, usize) {
    let mut all = bytes[first.clone()].to_vec();
    let mut end = first.end;
    while let Some(line) = next_line(bytes, end) {
        let is_last = line.len() < first.len();
        let after = bytes.get(line.end).copied();
        let is_alone =
            matches!(after, None | Some(b'\r' | b'\n' | b'=' | b'"' | b'\'' | b'<' | b'`'));
        if line.is_empty() || line.len() > first.len() || !is_alone {
            break;
        }
        all.extend_from_slice(&bytes[line.clone()]);
        end = line.end;
        if is_last {
            break;
        }
    }
    let padding = bytes[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
    (all, end + padding)
}

/// The run at the beginning of the line behind `end`, if nothing stands between but a line end and blanks.
fn next_line(bytes: &[u8], end: usize) -> Option<Range<usize>> {
    let rest = &bytes[end..];
    let rest = rest.strip_prefix(b"\r").unwrap_or(rest).strip_prefix(b"\n")?;
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let start = bytes.len() - rest.len() + blanks;
    let length = bytes[start..].iter().take_while(|byte| is_base64(**byte)).count();
    Some(start..start + length)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        views(text.as_bytes(), FileNature::of("a.txt"), &|_| false, &mut |view| {
            all.push(String::from_utf8(view.text.bytes).unwrap());
        });
        all
    }

    const TEXT: &str =
        "a text of several words, which is long enough to be wrapped?~ and then some more";

    #[test]
    fn both_alphabets_and_wrapped_lines_are_decoded() {
        let whole = STANDARD.encode(TEXT);
        assert_eq!(decoded(&format!("x: {whole}\n")), [TEXT]);
        assert_eq!(decoded(&URL_SAFE_NO_PAD.encode(TEXT)), [TEXT]);
        for end in ["\n", "\r\n", "\n    "] {
            let lines: Vec<&str> = whole
                .as_bytes()
                .chunks(64)
                .map(|line| std::str::from_utf8(line).unwrap())
                .collect();
            assert_eq!(decoded(&format!("data: |\n  {}\nnext: 1", lines.join(end))), [TEXT]);
        }
    }

    #[test]
    fn what_is_no_text_once_decoded_is_passed_over() {
        let drawn: Vec<u8> = (0..120_u8).map(|byte| byte.wrapping_mul(89) ^ 0xa5).collect();
        assert!(decoded(&STANDARD.encode(drawn)).is_empty());
        assert!(decoded("src/engines/secret/decoded/base64/and/so/on/and/on").is_empty());
        assert!(
            decoded(&format!("//# sourceMappingURL=data:x;base64,{}", STANDARD.encode(TEXT)))
                .is_empty()
        );
    }

    /// Every run, by looking at every byte.
    fn naive(bytes: &[u8]) -> Vec<Range<usize>> {
        let mut runs = Vec::new();
        let mut start = 0;
        for end in 0..=bytes.len() {
            if end == bytes.len() || !is_base64(bytes[end]) {
                if end - start >= LEAST {
                    runs.push(start..end);
                }
                start = end + 1;
            }
        }
        runs
    }

    proptest! {
        #[test]
        fn the_search_by_blocks_finds_every_run(lengths in prop::collection::vec((0..90_usize, prop::sample::select(vec![" ", ".", "\n", "=="])), 0..12)) {
            let bytes: String = lengths.iter().map(|(length, end)| "A".repeat(*length) + end).collect();
            let mut runs = Vec::new();
            let mut from = 0;
            while let Some(run) = next_run(bytes.as_bytes(), from) {
                from = run.end + 1;
                runs.push(run);
            }
            prop_assert_eq!(runs, naive(bytes.as_bytes()));
        }
    }
}
