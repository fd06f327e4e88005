//! Unpredictable bytes for keys, passwords and salts of one shop.
//!
//! The standard library seeds each thread's hash keys from the operating system; hashes under those
//! keys, condensed by SHA-256, are as hard to guess as the keys (128 bits).

use std::{
    fmt::Write as _,
    hash::{BuildHasher as _, RandomState},
};

use sha2::{Digest as _, Sha256};

/// Thirty-two fresh bytes.
pub(super) fn bytes() -> [u8; 32] {
    let mut digest = Sha256::new();
    for counter in 0_u64..4 {
        digest.update(RandomState::new().hash_one(counter).to_le_bytes());
    }
    digest.finalize().into()
}

/// Thirty-two fresh hexadecimal digits.
pub(super) fn text() -> String {
    let mut text = String::with_capacity(32);
    for byte in &bytes()[..16] {
        // Writing to a string can not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_draws_differ() {
        assert_ne!(super::text(), super::text());
    }

    #[test]
    fn a_text_is_thirty_two_hexadecimal_digits() {
        let text = super::text();
        assert_eq!(text.len(), 32);
        assert!(text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
