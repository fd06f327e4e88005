//! What an AWS key identifier tells.

use super::Verdict;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// `AKIA…` and `ASIA…`: since 2019 the identifier holds the number of its account.
pub(super) fn key_id(value: &[u8]) -> Verdict {
    let Some(body) = value.get(4..20).filter(|_| value.len() == 20) else {
        return Verdict::doubtful("not 20 characters");
    };
    // Identifiers of the older form, which hold no account, go on with I or J.
    if matches!(body[0], b'I' | b'J') {
        return Verdict::Silent;
    }
    match account(body) {
        Some(account) => Verdict::Confirmed(format!("account {}…", &format!("{account:012}")[..4])),
        None => Verdict::doubtful("not base32"),
    }
}

/// The account is bits 1 to 40 of the first 48 that the base32 text stands for.
fn account(body: &[u8]) -> Option<u64> {
    let mut bits = 0_u64;
    for byte in &body[..10] {
        let digit = BASE32.iter().position(|known| known == byte)?;
        bits = bits << 5 | digit as u64;
    }
    let account = (bits >> 2 & 0x7fff_ffff_ff80) >> 7;
    (account <= 999_999_999_999).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_read_from_the_identifier() {
        // The example with which the encoding was published.
        let identifier = ["ASIAQNZGKI", "QY56JQ7WML"].concat();
        assert_eq!(account(&identifier.as_bytes()[4..]), Some(29_608_264_753));
        assert_eq!(key_id(identifier.as_bytes()), Verdict::confirmed("account 0296…"));
    }

    #[test]
    fn an_old_identifier_tells_nothing() {
        assert_eq!(key_id(b"AKIAIOSFODNN7EXAMPLE"), Verdict::Silent);
    }
}
