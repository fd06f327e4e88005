//! A credential in raw form, which can be masked and hashed but not shown.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::fingerprint::hexadecimal;

/// A credential. It has no `Display` and no `Serialize`; `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret(Vec<u8>);

/// How many characters of a secret may be shown: what a vendor's prefix gives away, no more.
const SHOWN: usize = 4;

impl Secret {
    /// Takes the raw bytes.
    pub fn new(raw: &[u8]) -> Self {
        Self(raw.to_vec())
    }

    /// The raw bytes, for masking and offline verification. Never write them anywhere.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Shannon entropy of the whole value, in bits: bits per byte times length.
    pub fn entropy(&self) -> f64 {
        bits_per_byte(&self.0) * count(self.0.len())
    }

    /// HMAC-SHA-256 of the value under `key`, first 16 bytes in hexadecimal.
    pub fn keyed_hash(&self, key: &str) -> String {
        // HMAC takes a key of any length; an empty name is the answer to what can not happen.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
            return String::new();
        };
        mac.update(&self.0);
        let digest = mac.finalize().into_bytes();
        hexadecimal(&digest[..16])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// Hides `raw`, keeping the number of UTF-16 units, so that columns stay right.
///
/// The first four characters stay if the rest is at least four times as long: they are the vendor's
/// prefix, and short values would be given away by them. Line breaks stay.
pub fn mask(raw: &str) -> String {
    let length = raw.chars().count();
    let shown = if length >= SHOWN * 5 { SHOWN } else { 0 };
    let hide = |(at, character): (usize, char)| match character {
        '\n' | '\r' => character.to_string(),
        _ if at < shown && character.is_ascii_graphic() => character.to_string(),
        _ => "*".repeat(character.len_utf16()),
    };
    raw.chars().enumerate().map(hide).collect()
}

/// Shannon entropy of the distribution of bytes in `bytes`, in bits per byte; 0 for nothing.
pub fn bits_per_byte(bytes: &[u8]) -> f64 {
    let mut counts = [0_usize; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let total = count(bytes.len());
    counts
        .into_iter()
        .filter(|seen| *seen > 0)
        .map(|seen| {
            let share = count(seen) / total;
            -share * share.log2()
        })
        .sum()
}

#[expect(clippy::cast_precision_loss, reason = "lengths stay far below 2^52")]
const fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masking_keeps_the_width_and_hides_the_value() {
        let raw = "ghp_0123456789😀abcdefghij";
        let masked = mask(raw);
        assert_eq!(masked.encode_utf16().count(), raw.encode_utf16().count());
        assert_eq!(masked, "ghp_**********************");
    }

    #[test]
    fn a_short_value_is_hidden_entirely() {
        assert_eq!(mask("hunter2!"), "********");
    }
}
