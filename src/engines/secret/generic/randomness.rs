//! Whether a value looks drawn at random rather than written by a person.

use super::super::likelihood::surprise;

/// Values shorter than this must mix their characters well.
const SHORT: usize = 12;
/// The least surprise of a value that looks drawn, in bits per character, up to which length.
///
/// Of 4,000 values drawn from letters and digits, one in a hundred is below 5.2 at 8 characters, 6.1 at 12,
/// 6.9 at 24; with marks among them 4.6, 5.2 and 5.9. Of the values with a digit that 23 source trees give to
/// names of secrets, most of which are no secrets, half are below 6.2 at 8 to 11 characters, 6.2 at 12
/// to 19, 4.8 at 20 to 31 (`scripts/models/surprise.py`).
const LEAST_SURPRISE: &[(usize, f32)] = &[(SHORT, 5.2), (20, 5.5), (usize::MAX, 5.75)];
/// From this length and surprise on, what has the shape of a path or of a member is none: only one in a hundred
/// values of 32 letters and digits is below 7.2, and words are at 4 to 6.
const CERTAIN: (usize, f32) = (20, 7.0);
/// The least length of a hexadecimal value.
const LEAST_HEXADECIMAL: usize = 24;

const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 4;
const MARK: u8 = 8;

/// The class of a character, as one bit; the marks that join words are in none.
pub(super) const fn kind(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => LOWER,
        b'A'..=b'Z' => UPPER,
        b'0'..=b'9' => DIGIT,
        b'_' | b'.' | b':' | b'/' | b'-' => 0,
        _ => MARK,
    }
}

/// Whether a value with characters of these classes can look drawn.
pub(super) const fn may_be_drawn(kinds: u8) -> bool {
    kinds & DIGIT != 0 || kinds & (LOWER | UPPER | MARK) == LOWER | UPPER | MARK
}

/// Whether the value looks drawn.
pub(super) fn looks_drawn(value: &[u8]) -> bool {
    let kinds = value.iter().fold(0, |seen, byte| seen | kind(*byte));
    if !may_be_drawn(kinds) {
        return false;
    }
    if value.len() < SHORT {
        let is_mixed = kinds.count_ones() >= 3 && kinds & DIGIT != 0;
        return is_mixed && !is_made_of_words(value) && surprises(value);
    }
    if is_hexadecimal(value) {
        return value.len() >= LEAST_HEXADECIMAL;
    }
    (kinds & DIGIT == 0 || !is_made_of_words(value)) && surprises(value)
}

fn surprises(value: &[u8]) -> bool {
    let least = LEAST_SURPRISE.iter().find(|(length, _)| value.len() < *length);
    least.is_some_and(|(_, least)| surprise(value) >= *least)
}

/// Whether the value can not be a path, a member or another chain of words.
pub(super) fn is_certainly_drawn(value: &[u8]) -> bool {
    let (length, least) = CERTAIN;
    value.len() >= length && surprise(value) >= least && !is_made_of_words(value)
}

fn is_hexadecimal(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        || value.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}

/// Whether most of the value is words and short numbers: `my-service-2-key`, `spring2024`.
pub(in super::super) fn is_made_of_words(value: &[u8]) -> bool {
    let runs = runs(value);
    let length: usize = runs.iter().map(|run| run.len()).sum();
    let words = runs.iter().filter(|run| is_word(run)).map(|run| run.len()).sum::<usize>();
    let letters: usize =
        runs.iter().filter(|run| run[0].is_ascii_alphabetic()).map(|run| run.len()).sum();
    let changes = runs.len().saturating_sub(1);
    words * 10 >= letters * 8 && letters * 2 >= length && changes * 4 <= length
}

/// The stretches of letters (a capital begins a new one) and of digits.
fn runs(value: &[u8]) -> Vec<&[u8]> {
    let same = |a: &u8, b: &u8| {
        (a.is_ascii_digit() && b.is_ascii_digit())
            || (a.is_ascii_lowercase() && b.is_ascii_lowercase())
            || (a.is_ascii_uppercase() && b.is_ascii_alphabetic())
    };
    value.chunk_by(same).filter(|run| run[0].is_ascii_alphanumeric()).collect()
}

/// Whether a stretch of letters reads as a word: it has vowels, and never many consonants in a row.
fn is_word(run: &[u8]) -> bool {
    let is_vowel =
        |byte: &u8| matches!(byte.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    let most_consonants = run.split(is_vowel).map(<[u8]>::len).max().unwrap_or_default();
    run.len() >= 3
        && run.iter().all(u8::is_ascii_alphabetic)
        && run.iter().any(is_vowel)
        && most_consonants <= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_values_look_drawn() {
        for value in [
            "t7#Kw9!mQz2x",
            "Vq8!mR2xKp",
            "XhPh0ePT4T7dPPkHXMnLcbBnoFKOZE8F",
            "2804fe678d69934a947101be6386c6e5",
            "NJW9MUOANCYZAT50WKEA1FDV",
        ] {
            assert!(looks_drawn(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn written_values_do_not() {
        for value in [
            "my-service-2-key",
            "AppleTree99Orange",
            "oauth2-provider-v3",
            "spring2024summer",
            "TokenKindIdentifier2",
            "user_password_1_field",
            "epv1Total",
            "iChargePV1",
        ] {
            assert!(!looks_drawn(value.as_bytes()), "{value}");
        }
    }
}
