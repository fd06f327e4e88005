//! Random words: canaries, paths and origins that nobody else can have chosen.

use tokio_rustls::rustls::crypto::ring;

const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// `sw` and ten random letters and digits.
///
/// # Panics
///
/// When the system has no randomness.
pub fn word() -> String {
    let mut bytes = [0_u8; 10];
    ring::default_provider().secure_random.fill(&mut bytes).expect("the system has randomness");
    let letters =
        bytes.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
    std::iter::once("sw".to_owned()).chain(letters.map(String::from)).collect()
}
