//! Salted, slow password hashes: PBKDF2 with HMAC-SHA-256 (RFC 8018, section 5.2), first block.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::random;

/// A public shop takes 600,000; this one must answer a test quickly and guards nothing.
const ITERATIONS: u32 = 2_000;

/// What is kept of a password.
#[derive(Clone)]
pub(super) struct PasswordHash {
    salt: [u8; 32],
    hash: [u8; 32],
}

impl PasswordHash {
    /// Hashes a password under a fresh salt.
    pub(super) fn new(password: &str) -> Self {
        let salt = random::bytes();
        Self { salt, hash: derive(password, &salt) }
    }

    /// Whether this is the password, compared in constant time.
    pub(super) fn matches(&self, password: &str) -> bool {
        let derived = derive(password, &self.salt);
        derived.iter().zip(&self.hash).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
    }
}

fn derive(password: &str, salt: &[u8]) -> [u8; 32] {
    let keyed = Hmac::<Sha256>::new_from_slice(password.as_bytes())
        .expect("HMAC takes a key of any length");
    let first = keyed.clone().chain_update(salt).chain_update(1_u32.to_be_bytes());
    let mut round: [u8; 32] = first.finalize().into_bytes().into();
    let mut block = round;
    for _ in 1..ITERATIONS {
        round = keyed.clone().chain_update(round).finalize().into_bytes().into();
        for (byte, other) in block.iter_mut().zip(round) {
            *byte ^= other;
        }
    }
    block
}

#[cfg(test)]
mod tests {
    use super::PasswordHash;

    #[test]
    fn only_the_same_password_matches() {
        let hash = PasswordHash::new("ebb and flow");
        assert!(hash.matches("ebb and flow"));
        assert!(!hash.matches("ebb and flow "));
    }

    #[test]
    fn one_password_has_two_hashes_under_two_salts() {
        assert_ne!(PasswordHash::new("neap").hash, PasswordHash::new("neap").hash);
    }
}
