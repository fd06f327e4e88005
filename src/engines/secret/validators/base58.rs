//! `Base58Check`: private keys of Bitcoin, its relatives, Tezos and the XRP Ledger.

use sha2::{Digest, Sha256};

use super::Verdict;

const BITCOIN: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const RIPPLE: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";
/// How seeds of the XRP Ledger begin, those for secp256k1 and those for Ed25519; 16 bytes follow.
const SEEDS: [&[u8]; 2] = [&[0x21], &[0x01, 0xe1, 0x4b]];
/// Keys are shorter; decoding takes time by the square of the length.
const LONGEST: usize = 128;
/// How keys begin that are worth nothing: WIF and BIP 32 on Bitcoin's test networks.
const OF_TESTS: &[&[u8]] = &[&[0xef], &[0x04, 0x35, 0x83, 0x94]];

/// Some bytes and the first four of the double SHA-256 of them.
pub(super) fn base58check(value: &[u8]) -> Verdict {
    match body(value, BITCOIN) {
        Ok(body) if OF_TESTS.iter().any(|version| body.starts_with(version)) => {
            Verdict::doubtful("checksum correct, of a test network")
        }
        Ok(_) => Verdict::confirmed("checksum correct"),
        Err(words) => Verdict::doubtful(words),
    }
}

/// A seed of the XRP Ledger: the same, with other digits.
///
/// The form is that of <https://xrpl.org/docs/references/protocol/data-types/base58-encodings>.
pub(super) fn xrp_seed(value: &[u8]) -> Verdict {
    let is_seed = |body: &[u8]| {
        SEEDS.iter().any(|head| body.strip_prefix(*head).is_some_and(|seed| seed.len() == 16))
    };
    match body(value, RIPPLE) {
        Ok(body) if is_seed(&body) => Verdict::confirmed("checksum correct"),
        Ok(_) => Verdict::doubtful("no known kind of seed"),
        Err(words) => Verdict::doubtful(words),
    }
}

/// What stands before a correct checksum; else what is wrong.
fn body(value: &[u8], alphabet: &[u8; 58]) -> Result<Vec<u8>, &'static str> {
    let mut raw = decode(value, alphabet).ok_or("not base58")?;
    let at = raw.len().checked_sub(4).ok_or("checksum missing")?;
    let sum = raw.split_off(at);
    if Sha256::digest(Sha256::digest(&raw)).starts_with(&sum) {
        Ok(raw)
    } else {
        Err("checksum wrong")
    }
}

fn decode(text: &[u8], alphabet: &[u8; 58]) -> Option<Vec<u8>> {
    if text.len() > LONGEST {
        return None;
    }
    // The lowest byte first, until the end.
    let mut raw: Vec<u8> = Vec::new();
    for byte in text {
        let mut carry = u32::try_from(alphabet.iter().position(|known| known == byte)?).ok()?;
        for digit in &mut raw {
            carry += u32::from(*digit) * 58;
            *digit = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        if carry > 0 {
            raw.push(u8::try_from(carry).ok()?);
        }
    }
    let zeros = text.iter().take_while(|byte| **byte == alphabet[0]).count();
    raw.extend(std::iter::repeat_n(0, zeros));
    raw.reverse();
    Some(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correct() -> Verdict {
        Verdict::confirmed("checksum correct")
    }

    #[test]
    fn the_key_of_bitcoins_description_is_correct() {
        // https://en.bitcoin.it/wiki/Wallet_import_format
        let key = ["5HueCGU8rMjxEXxiPuD5BDku4M", "kFqeZyd4dZ1jvhTVqvbTLvyTJ"].concat();
        assert_eq!(base58check(key.as_bytes()), correct());
        let other = key.replace("qvbT", "qvbU");
        assert_eq!(base58check(other.as_bytes()), Verdict::doubtful("checksum wrong"));
    }

    #[test]
    fn the_first_key_of_bip_32_is_correct() {
        // Test vector 1 of BIP 32.
        let key = [
            "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPG",
            "JxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
        ]
        .concat();
        assert_eq!(base58check(key.as_bytes()), correct());
    }

    #[test]
    fn the_seed_of_ripples_documentation_is_correct() {
        // The seed of "masterpassphrase", https://xrpl.org/docs/references/protocol/data-types/base58-encodings
        let seed = ["snoPBrXtMeMyM", "HUVTgbuqAfg1SUTb"].concat();
        assert_eq!(xrp_seed(seed.as_bytes()), correct());
        let other = seed.replace("gbuq", "gbur");
        assert_eq!(xrp_seed(other.as_bytes()), Verdict::doubtful("checksum wrong"));
    }

    #[test]
    fn leading_zeros_are_kept() {
        // An example of draft-msporny-base58.
        assert_eq!(decode(b"11233QC4", BITCOIN), Some(vec![0, 0, 0x28, 0x7f, 0xb4, 0xcd]));
    }

    #[test]
    fn a_key_of_a_test_network_is_doubtful() {
        let mut raw = [&[0xef], [7; 32].as_slice(), &[1]].concat();
        let sum = Sha256::digest(Sha256::digest(&raw));
        raw.extend_from_slice(&sum[..4]);
        let found = base58check(&encode(&raw));
        assert_eq!(found, Verdict::doubtful("checksum correct, of a test network"));
    }

    fn encode(raw: &[u8]) -> Vec<u8> {
        let mut digits: Vec<usize> = Vec::new();
        for byte in raw {
            let mut carry = usize::from(*byte);
            for digit in &mut digits {
                carry += *digit << 8;
                *digit = carry % 58;
                carry /= 58;
            }
            while carry > 0 {
                digits.push(carry % 58);
                carry /= 58;
            }
        }
        digits.iter().rev().map(|digit| BITCOIN[*digit]).collect()
    }
}
