//! Tokens that end in a checksum of themselves.

use super::Verdict;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Base62 digits of a CRC-32.
const DIGITS: usize = 6;

/// `ghp_` and its family: 30 characters, then their CRC-32 in six base62 digits.
pub(super) fn github(value: &[u8]) -> Verdict {
    match value.get(4..) {
        Some(body) if body.len() == 30 + DIGITS => base62_crc(body),
        _ => Verdict::Silent,
    }
}

/// `npm_`: the same form as GitHub's.
pub(super) fn npm(value: &[u8]) -> Verdict {
    value.strip_prefix(b"npm_").map_or(Verdict::Silent, base62_crc)
}

/// `vcp_` and its family: the same form with 50 characters.
pub(super) fn vercel(value: &[u8]) -> Verdict {
    value.get(4..).map_or(Verdict::Silent, base62_crc)
}

fn base62_crc(body: &[u8]) -> Verdict {
    let Some((drawn, digits)) = body.split_last_chunk::<DIGITS>() else {
        return Verdict::doubtful("checksum missing");
    };
    verdict(base62(crc32fast::hash(drawn)) == *digits)
}

fn base62(mut number: u32) -> [u8; DIGITS] {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(number % 62) as usize];
        number /= 62;
    }
    digits
}

/// `glsa_…_`: the CRC-32 of all before the last `_`, as eight hexadecimal digits, lowest byte first.
pub(super) fn grafana(value: &[u8]) -> Verdict {
    let Some(at) = memchr::memrchr(b'_', value).filter(|_| value.starts_with(b"glsa_")) else {
        return Verdict::Silent;
    };
    let digits = format!("{:08x}", crc32fast::hash(&value[..at]).swap_bytes());
    verdict(value[at + 1..].eq_ignore_ascii_case(digits.as_bytes()))
}

/// Bech32 as in BIP 173: age's secret keys.
pub(super) fn bech32(value: &[u8]) -> Verdict {
    let lower = value.to_ascii_lowercase();
    let Some(at) = memchr::memrchr(b'1', &lower).filter(|at| lower.len() >= at + 7) else {
        return Verdict::doubtful("checksum missing");
    };
    let (name, digits) = (&lower[..at], &lower[at + 1..]);
    let digit = |byte: &u8| BECH32.iter().position(|known| known == byte);
    let Some(digits) = digits.iter().map(digit).collect::<Option<Vec<usize>>>() else {
        return Verdict::doubtful("not bech32");
    };
    let high = name.iter().map(|byte| usize::from(byte >> 5));
    let low = name.iter().map(|byte| usize::from(byte & 31));
    verdict(polynomial(high.chain([0]).chain(low).chain(digits)) == 1)
}

fn polynomial(values: impl Iterator<Item = usize>) -> usize {
    const GENERATORS: [usize; 5] =
        [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum, value| {
        let top = sum >> 25;
        let shifted = (sum & 0x1ff_ffff) << 5 ^ value;
        let set = GENERATORS.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
        set.fold(shifted, |sum, (_, generator)| sum ^ generator)
    })
}

fn verdict(is_correct: bool) -> Verdict {
    if is_correct {
        Verdict::confirmed("checksum correct")
    } else {
        Verdict::doubtful("checksum wrong")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correct() -> Verdict {
        Verdict::confirmed("checksum correct")
    }

    fn wrong() -> Verdict {
        Verdict::doubtful("checksum wrong")
    }

    #[test]
    fn crc32_is_the_one_of_ieee() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
        assert_eq!(&base62(0xcbf4_3926), b"3jZRME");
    }

    #[test]
    fn a_github_token_ends_in_its_checksum() {
        // The token of GitHub's article on the form, which is revoked.
        let token = ["ghp_zQWBuTSOoRi4A9sp", "HcVY5ncnsDkxkJ0mLq17"].concat();
        assert_eq!(github(token.as_bytes()), correct());
        assert_eq!(github(token.replace('z', "y").as_bytes()), wrong());
    }

    #[test]
    fn the_valid_examples_of_bip_173_are_correct() {
        for text in ["A12UEL5L", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"] {
            assert_eq!(bech32(text.as_bytes()), correct(), "{text}");
        }
    }

    #[test]
    fn the_invalid_examples_of_bip_173_are_wrong() {
        assert_eq!(bech32(b"A1G7SGD8"), wrong());
        assert_eq!(bech32(b"x1b4n0q5v"), Verdict::doubtful("not bech32"));
    }
}
