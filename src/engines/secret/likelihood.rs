//! How likely characters follow each other in words and source text, counted once.
//!
//! `bigrams.bin` holds the counts; `scripts/models/bigrams.py` makes it, and says from what.

/// Kinds of characters.
const SIZE: usize = 42;
/// The table counts in parts of a bit.
const PARTS: f32 = 8.0;
static COSTS: &[u8; SIZE * SIZE] = include_bytes!("bigrams.bin");

/// Bits per character that a reader of source text is surprised by, on average: about four for words,
/// eight and more for drawn characters. The first character is free. Zero for fewer than two.
pub(super) fn surprise(text: &[u8]) -> f32 {
    let pairs = text.len().saturating_sub(1).max(1);
    let cost = |pair: &[u8]| f32::from(COSTS[row(pair[0]) * SIZE + row(pair[1])]);
    let bits = text.windows(2).map(cost).sum::<f32>() / PARTS;
    #[expect(clippy::cast_precision_loss, reason = "lengths stay far below 2^24")]
    let pairs = pairs as f32;
    bits / pairs
}

fn row(byte: u8) -> usize {
    match byte.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => usize::from(letter - b'a'),
        digit @ b'0'..=b'9' => 26 + usize::from(digit - b'0'),
        b'_' => 36,
        b'-' => 37,
        b'.' => 38,
        b'/' => 39,
        b' ' | b'\t' | b'\r' | b'\n' => 40,
        _ => 41,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_surprise_less_than_drawn_characters() {
        for word in ["password", "identifier", "TokenKindIdentifier", "get_user_by_id"] {
            assert!(surprise(word.as_bytes()) < 5.5, "{word}: {}", surprise(word.as_bytes()));
        }
        for drawn in ["XhPh0ePT4T7dPPkHXMnLcbBnoFKOZE8F", "qzxvkjwq", "t7Kw9mQz2x"] {
            assert!(surprise(drawn.as_bytes()) > 7.0, "{drawn}: {}", surprise(drawn.as_bytes()));
        }
    }

    #[test]
    fn one_character_surprises_nobody() {
        assert!(surprise(b"a").abs() < f32::EPSILON);
    }
}
