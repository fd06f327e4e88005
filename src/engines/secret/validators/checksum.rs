//! Tokens that end in a checksum of themselves.

use super::{Verdict, encoded};

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

/// `packagist_ack_…`: the CRC-32 of all before, as eight hexadecimal digits, highest byte first.
///
/// The form is that of <https://packagist.com/docs/composer-authentication>, "Token format".
pub(super) fn packagist(value: &[u8]) -> Verdict {
    let Some((body, sum)) = value.split_last_chunk::<8>() else {
        return Verdict::doubtful("checksum missing");
    };
    verdict(format!("{:08x}", crc32fast::hash(body)).as_bytes() == sum)
}

/// Tokens of Matrix: something, `_`, the CRC-32 of it in six base62 digits. Synapse (`syt_`, `syr_`) writes
/// the highest first, its authentication service (`mat_` and others) the lowest.
///
/// The forms are those of `synapse/handlers/auth.py` of <https://github.com/element-hq/synapse> and of the
/// tests of <https://github.com/element-hq/matrix-authentication-service>.
pub(super) fn matrix(value: &[u8]) -> Verdict {
    let Some((body, [b'_', sum @ ..])) = value.split_last_chunk::<7>() else {
        return Verdict::doubtful("checksum missing");
    };
    let mut digits = base62(crc32fast::hash(body));
    if value.starts_with(b"m") {
        digits.reverse();
    }
    verdict(digits == *sum)
}

/// `glsa_…_`: the CRC-32 of all before the last `_`, as eight hexadecimal digits, lowest byte first.
pub(super) fn grafana(value: &[u8]) -> Verdict {
    let Some(at) = memchr::memrchr(b'_', value).filter(|_| value.starts_with(b"glsa_")) else {
        return Verdict::Silent;
    };
    let digits = format!("{:08x}", crc32fast::hash(&value[..at]).swap_bytes());
    verdict(value[at + 1..].eq_ignore_ascii_case(digits.as_bytes()))
}

/// A token that GitLab's router can read: `PREFIX`, a payload in base64, its length, a CRC-32 of all that.
/// Its older tokens have no checksum.
///
/// The form is that of <https://handbook.gitlab.com/handbook/engineering/architecture/design-documents/cells/routable_tokens/>
/// and, with a version between payload and length, of `lib/authn/token_field/generator/routable_token.rb`.
pub(super) fn gitlab(value: &[u8]) -> Verdict {
    let Some(dot) = memchr::memchr(b'.', value) else { return Verdict::Silent };
    let Some((signed, sum)) = value.split_last_chunk::<7>() else {
        return Verdict::doubtful("checksum missing");
    };
    let number = |digits: &[u8]| u64::from_str_radix(std::str::from_utf8(digits).ok()?, 36).ok();
    let length = signed.last_chunk::<2>().and_then(|digits| number(digits));
    let payload = length.and_then(|length| dot.checked_sub(usize::try_from(length).ok()?));
    let decoded = payload.and_then(|start| encoded::decode(&value[start..dot]));
    if number(sum) != Some(u64::from(crc32fast::hash(signed))) {
        Verdict::doubtful("checksum wrong")
    } else if !decoded.is_some_and(|payload| names_organisation(&payload)) {
        Verdict::doubtful("payload wrong")
    } else {
        Verdict::confirmed("checksum correct")
    }
}

/// Every payload names the organisation.
fn names_organisation(payload: &[u8]) -> bool {
    payload.starts_with(b"o:") || memchr::memmem::find(payload, b"\no:").is_some()
}

/// The secret key of a user of Nostr (NIP 19): bech32 of 32 bytes, called `nsec`.
pub(super) fn nostr_secret(value: &[u8]) -> Verdict {
    // The name, the `1`, 52 digits for 32 bytes, six of checksum.
    if value.len() != 63 || !value.to_ascii_lowercase().starts_with(b"nsec1") {
        return Verdict::doubtful("not 32 bytes called nsec");
    }
    bech32(value)
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
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

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

    /// A token made as GitLab's description says.
    fn routable(prefix: &str, routing: &str, version: &str) -> String {
        let raw = [routing.as_bytes(), &[0x5a; 16], &[16]].concat();
        let payload = URL_SAFE_NO_PAD.encode(raw);
        let digit = |number: usize| char::from(b"0123456789abcdefghijklmnopqrstuvwxyz"[number]);
        let length = format!("{}{}", digit(payload.len() / 36), digit(payload.len() % 36));
        let signed = format!("{prefix}{payload}.{version}{length}");
        let mut number = crc32fast::hash(signed.as_bytes()) as usize;
        let mut sum = String::new();
        for _ in 0..7 {
            sum.insert(0, digit(number % 36));
            number /= 36;
        }
        signed + &sum
    }

    #[test]
    fn a_routable_token_of_gitlab_ends_in_its_checksum() {
        for token in [
            routable("glpat-", "c:1\no:1\nu:2n", "01."),
            routable("glrt-t1_", "o:1\np:4", "01."),
            routable("glpat-", "o:1\nu:2n", ""),
        ] {
            assert_eq!(gitlab(token.as_bytes()), correct(), "{token}");
            assert_eq!(gitlab(token.replacen('l', "m", 1).as_bytes()), wrong(), "{token}");
        }
        let unrouted = routable("glpat-", "u:2n", "01.");
        assert_eq!(gitlab(unrouted.as_bytes()), Verdict::doubtful("payload wrong"));
        assert_eq!(gitlab(b"glpat-kXhatFaD1p1KtnsnUeqi"), Verdict::Silent);
    }

    #[test]
    fn the_example_of_matrix_is_correct() {
        // The test of `crates/data-model/src/tokens.rs` of the authentication service.
        let token = ["mct_cxG6gZXyvelQWW9X", "qfNbm5KAQovodf_XvJz43"].concat();
        assert_eq!(matrix(token.as_bytes()), correct());
        assert_eq!(matrix(token.replace("_Xv", "_Xw").as_bytes()), wrong());
        let synapse = ["syt_c2hvcA_RGhYaqWvzZtbYjXwQkLp", "_"].concat();
        let sum = base62(crc32fast::hash(&synapse.as_bytes()[..synapse.len() - 1]));
        assert_eq!(matrix(&[synapse.as_bytes(), &sum].concat()), correct());
        assert_eq!(matrix(b"syt_c2"), Verdict::doubtful("checksum missing"));
    }

    #[test]
    fn a_token_of_packagist_ends_in_its_checksum() {
        let body = format!("packagist_ack_{}", "5a".repeat(30));
        let token = format!("{body}{:08x}", crc32fast::hash(body.as_bytes()));
        assert_eq!(packagist(token.as_bytes()), correct());
        assert_eq!(packagist(token.replace("ack_5", "ack_6").as_bytes()), wrong());
    }

    #[test]
    fn the_example_of_nip_19_is_correct() {
        // https://github.com/nostr-protocol/nips/blob/master/19.md
        let key = ["nsec1vl029mgpspedva04g90vltkh6fvh", "240zqtv9k0t9af8935ke9laqsnlfe5"].concat();
        assert_eq!(nostr_secret(key.as_bytes()), correct());
        assert_eq!(nostr_secret(key.replace("zqtv", "zqtw").as_bytes()), wrong());
        let public = b"npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
        assert_eq!(nostr_secret(public), Verdict::doubtful("not 32 bytes called nsec"));
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
