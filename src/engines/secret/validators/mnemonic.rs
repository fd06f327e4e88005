//! Seed phrases of wallets (BIP 39), in English.
//!
//! `mnemonic/english.txt` is the word list of BIP 39 as the reference implementation has it: the package
//! `mnemonic` 0.21 (<https://github.com/trezor/python-mnemonic>), MIT licence, copyright 2013–2016 Pavol
//! Rusnak (`mnemonic/LICENSE`). A test holds its SHA-256.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::Verdict;

const LIST: &str = include_str!("mnemonic/english.txt");
static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| LIST.lines().collect());
/// Each word stands for so many bits.
const BITS: usize = 11;

/// 12, 15, 18, 21 or 24 words, the last bits of which are a checksum of the others.
pub(super) fn bip39(value: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(value).to_ascii_lowercase();
    let words = text.split(|character: char| !character.is_ascii_lowercase());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).take(25).collect();
    if !matches!(words.len(), 12 | 15 | 18 | 21 | 24) {
        return Verdict::doubtful("not as many words as BIP 39 has");
    }
    let numbers = words.iter().map(|word| WORDS.binary_search(word).ok());
    match numbers.collect::<Option<Vec<usize>>>() {
        Some(numbers) if is_correct(&numbers) => {
            Verdict::Confirmed(format!("{} words of BIP 39, checksum correct", numbers.len()))
        }
        Some(_) => Verdict::doubtful("checksum wrong"),
        None => Verdict::doubtful("not the words of BIP 39"),
    }
}

/// Of 33 bits, 32 are random and one is of their SHA-256.
fn is_correct(numbers: &[usize]) -> bool {
    let bits: Vec<bool> = numbers
        .iter()
        .flat_map(|number| (0..BITS).rev().map(move |bit| number >> bit & 1 == 1))
        .collect();
    let (random, sum) = bits.split_at(bits.len() / 33 * 32);
    let byte = |bits: &[bool]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    let random: Vec<u8> = random.chunks(8).map(byte).collect();
    let digest = Sha256::digest(&random);
    // At most eight bits: those of 24 words.
    digest[0] >> (8 - sum.len()) == byte(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::fingerprint::hexadecimal;

    #[test]
    fn the_word_list_is_that_of_bip_39() {
        assert_eq!(WORDS.len(), 2048);
        assert!(WORDS.is_sorted());
        assert_eq!(
            hexadecimal(&Sha256::digest(LIST)),
            "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
        );
    }

    #[test]
    fn the_vectors_of_the_reference_implementation_are_correct() {
        // https://github.com/trezor/python-mnemonic/blob/master/vectors.json
        for words in [
            "legal winner thank year wave sausage worth useful legal winner thank yellow",
            "jelly better achieve collect unaware mountain thought cargo oxygen act hood bridge",
            "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo when",
        ] {
            let count = words.split(' ').count();
            let found = bip39(words.as_bytes());
            let expected = format!("{count} words of BIP 39, checksum correct");
            assert_eq!(found, Verdict::Confirmed(expected), "{words}");
        }
    }

    #[test]
    fn other_words_are_doubtful() {
        let swapped = "winner legal thank year wave sausage worth useful legal winner thank yellow";
        assert_eq!(bip39(swapped.as_bytes()), Verdict::doubtful("checksum wrong"));
        let prose = "write down your twelve words and keep them at a place nobody knows";
        assert_eq!(bip39(prose.as_bytes()), Verdict::doubtful("not as many words as BIP 39 has"));
        let prose = "write down your twelve words and keep them where nobody else looks";
        assert_eq!(bip39(prose.as_bytes()), Verdict::doubtful("not the words of BIP 39"));
    }
}
