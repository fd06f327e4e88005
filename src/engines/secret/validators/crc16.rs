//! Keys in base32 that end in a CRC-16 of themselves: NATS and Stellar.

use super::Verdict;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The first five bits of a seed, which make its first letter `S`.
const SEED: u8 = 18 << 3;
/// The second letter of a seed of NATS, as a byte, and whose it is.
const OWNERS: &[(u8, &str)] = &[
    (0, "account"),
    (2 << 3, "cluster"),
    (13 << 3, "server"),
    (14 << 3, "operator"),
    (20 << 3, "user"),
    (23 << 3, "curve"),
];

/// A seed of NATS: two bytes that say what it is, 32 bytes, their CRC-16.
pub(super) fn nkey(value: &[u8]) -> Verdict {
    let Some(key) = decode(value).filter(|key| key.len() == 36) else {
        return Verdict::doubtful("not base32 of 36 bytes");
    };
    let owner = (key[0] & 7) << 5 | key[1] >> 3;
    let owner = OWNERS.iter().find(|(byte, _)| *byte == owner).map(|(_, name)| *name);
    match (key[0] & 0xf8 == SEED, owner) {
        (true, Some(owner)) if is_correct(&key) => {
            Verdict::Confirmed(format!("checksum correct, seed of kind {owner}"))
        }
        (true, Some(_)) => Verdict::doubtful("checksum wrong"),
        _ => Verdict::doubtful("no known kind of seed"),
    }
}

/// A secret seed of Stellar (SEP 23): a byte that says so, 32 bytes, their CRC-16.
pub(super) fn stellar_seed(value: &[u8]) -> Verdict {
    match decode(value) {
        Some(key) if key.len() == 35 && key[0] == SEED && is_correct(&key) => {
            Verdict::confirmed("checksum correct")
        }
        Some(key) if key.len() == 35 && key[0] == SEED => Verdict::doubtful("checksum wrong"),
        _ => Verdict::doubtful("not base32 of a seed"),
    }
}

/// RFC 4648 without padding; bits that are left over are zero.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut raw = Vec::with_capacity(text.len() * 5 / 8);
    let (mut buffer, mut held) = (0_u32, 0);
    for byte in text {
        let digit = BASE32.iter().position(|known| known == byte)?;
        buffer = buffer << 5 | u32::try_from(digit).ok()?;
        held += 5;
        if held >= 8 {
            held -= 8;
            raw.push((buffer >> held & 0xff) as u8);
            buffer &= (1 << held) - 1;
        }
    }
    (buffer == 0).then_some(raw)
}

fn is_correct(key: &[u8]) -> bool {
    key.split_last_chunk::<2>().is_some_and(|(body, sum)| crc16(body) == u16::from_le_bytes(*sum))
}

/// CRC-16/XMODEM: polynomial 0x1021, beginning with 0.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| {
            if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc16_is_the_one_of_xmodem() {
        // The check value of CRC-16/XMODEM.
        assert_eq!(crc16(b"123456789"), 0x31c3);
    }

    #[test]
    fn the_seed_of_the_tests_of_nkeys_is_a_users() {
        // https://github.com/nats-io/nkeys.py/blob/main/tests/nkeys_test.py
        let seed = ["SUAMLK2ZNL35WSMW37E7UD4VZ7", "ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU"].concat();
        assert_eq!(
            nkey(seed.as_bytes()),
            Verdict::confirmed("checksum correct, seed of kind user")
        );
        let other = seed.replace("LPKW", "LPKX");
        assert_eq!(nkey(other.as_bytes()), Verdict::doubtful("checksum wrong"));
    }

    #[test]
    fn a_public_key_is_no_seed() {
        // The public key of the same tests.
        let key = b"UCK5N7N66OBOINFXAYC2ACJQYFSOD4VYNU6APEJTAVFZB2SVHLKGEW7L";
        assert_eq!(nkey(key), Verdict::doubtful("not base32 of 36 bytes"));
        assert_eq!(stellar_seed(key), Verdict::doubtful("not base32 of a seed"));
    }

    #[test]
    fn the_seed_of_stellars_documentation_is_correct() {
        // https://stellar-sdk.readthedocs.io/en/latest/generate_keypair.html
        let seed = ["SBK2VIYYSVG76E7VC3QHYARNFLY2", "EAQXDHRC7BMXBBGIFG74ARPRMNQM"].concat();
        assert_eq!(stellar_seed(seed.as_bytes()), Verdict::confirmed("checksum correct"));
        let other = seed.replace("QXDH", "QXDI");
        assert_eq!(stellar_seed(other.as_bytes()), Verdict::doubtful("checksum wrong"));
    }
}
