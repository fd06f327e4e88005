//! Microsoft's identifiable keys: a signature in their middle, a Marvin32 checksum at their end.
//!
//! The forms are those of <https://github.com/microsoft/security-utilities>, with which Microsoft makes and
//! checks such keys.

use super::{Verdict, encoded};

/// Where the common signature stands in a common annotated key, and what it is.
const ANNOTATED: (usize, &[u8]) = (52, b"JQQJ99");
/// Bytes of a common annotated key before its checksum.
const ANNOTATED_BODY: usize = 60;
const REDIS: &[u8] = b"AzCa";
const ANNOTATED_SEED: [u8; 8] = *b"Default0";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The characters of an application's password, in the order in which they are digits.
const PASSWORD: &[u8; 66] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~";
const PASSWORD_SEED: [u8; 8] = *b"AadPwd00";

/// Signatures that stand before the six last characters, and the seeds of their checksums.
const SIGNATURES: &[(&[u8], &[&[u8; 8]])] = &[
    // Storage, Cosmos DB, Batch, Container Registry, Machine Learning.
    (b"+ASt", &[b"Default0"]),
    (b"ACDb", &[b"MastRO00", b"MastRW00", b"SysAll00", b"SystRO00", b"SystRW00"]),
    (b"+ABa", &[b"AbAcct00"]),
    (b"+ACR", &[b"ACRDflt0"]),
    (b"+AMC", &[b"Classic0"]),
    // Redis, whose older keys were changed after they had been drawn.
    (REDIS, &[b"Access00"]),
    // Service Bus, Event Hubs, Relay.
    (b"+ASb", &[b"Send0000", b"Manage00", b"Listen00", b"System00", b"Unknown0"]),
    (b"+AEh", &[b"Send0000", b"Manage00", b"Listen00", b"System00", b"Unknown0"]),
    (b"+ARm", &[b"Send0000", b"Manage00", b"Listen00", b"System00", b"Unknown0"]),
    // IoT Hub, its provisioning, its devices.
    (b"AIoT", &[b"IoTHub00", b"DpsKey00", b"Device00"]),
    // Search, Functions, API Management.
    (b"AzSe", &[b"Query000", b"PAdmin00"]),
    (b"AzFu", &[b"Master00", b"System00", b"Functi00"]),
    (b"APIM", &[b"Tenant00", b"IoTHub00", b"Gatewy00", b"GitKey00"]),
];

/// A key of any of the forms; one of an older form is only asked whether it is base64.
pub(super) fn identifiable(value: &[u8]) -> Verdict {
    let (at, signature) = ANNOTATED;
    if value.get(at..).is_some_and(|rest| rest.starts_with(signature)) {
        return annotated(value);
    }
    match value.get(3..6) {
        Some(b"8Q~") => return password(value),
        Some(b"7Q~") => return Verdict::Silent,
        _ => {}
    }
    let text = value.trim_ascii_end();
    let text = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let found = text.len().checked_sub(10).and_then(|at| text.get(at..at + 4));
    let known = SIGNATURES.iter().find(|(signature, _)| found == Some(signature));
    match known.map(|(signature, seeds)| (*signature, signed(text, seeds))) {
        Some((REDIS, Verdict::Doubtful(_))) => Verdict::Silent,
        Some((_, verdict)) => verdict,
        None => encoded::base64_length(value),
    }
}

/// Some bytes, among the last of them the signature, and four bytes of checksum.
fn signed(text: &[u8], seeds: &[&[u8; 8]]) -> Verdict {
    let raw = encoded::decode(text).unwrap_or_default();
    let Some((body, sum)) = raw.split_last_chunk::<4>() else {
        return Verdict::doubtful("not base64");
    };
    verdict(seeds.iter().any(|seed| marvin32(body, **seed) == u32::from_le_bytes(*sum)))
}

/// 84 or 88 characters; the checksum is cut to 18 or 24 bits. Some versions of the library write it in
/// base64, others in base62.
fn annotated(value: &[u8]) -> Verdict {
    let Some(raw) = encoded::decode(value).filter(|raw| raw.len() > ANNOTATED_BODY + 2) else {
        return Verdict::doubtful("not base64");
    };
    let sum = marvin32(&raw[..ANNOTATED_BODY], ANNOTATED_SEED).to_le_bytes();
    let in_base62 = digits(u32::from_be_bytes(sum), BASE62);
    verdict(
        raw[ANNOTATED_BODY..].starts_with(&sum[..3]) || value[80..].starts_with(&in_base62[..4]),
    )
}

/// The password of an application: its last three characters are the first of the checksum.
fn password(value: &[u8]) -> Verdict {
    let Some((body, last)) = value.split_last_chunk::<3>() else {
        return Verdict::doubtful("checksum missing");
    };
    verdict(digits(marvin32(body, PASSWORD_SEED), PASSWORD).starts_with(last))
}

/// A number in six digits at least, the highest first.
fn digits(mut number: u32, alphabet: &[u8]) -> Vec<u8> {
    let base = u32::try_from(alphabet.len()).unwrap_or(u32::MAX);
    let mut digits = Vec::new();
    while number > 0 || digits.len() < 6 {
        digits.push(alphabet[(number % base) as usize]);
        number /= base;
    }
    digits.reverse();
    digits
}

fn verdict(is_correct: bool) -> Verdict {
    if is_correct {
        Verdict::confirmed("checksum correct")
    } else {
        Verdict::doubtful("checksum wrong")
    }
}

/// Both halves of Marvin, one upon the other. A seed is written as its eight bytes, the highest first.
fn marvin32(bytes: &[u8], seed: [u8; 8]) -> u32 {
    let hash = marvin(bytes, u64::from_be_bytes(seed));
    (hash >> 32) as u32 ^ (hash & 0xffff_ffff) as u32
}

/// The hash of <https://github.com/microsoft/SymCrypt/blob/main/lib/marvin32.c>.
fn marvin(bytes: &[u8], seed: u64) -> u64 {
    let mut state = ((seed & 0xffff_ffff) as u32, (seed >> 32) as u32);
    let (words, rest) = bytes.as_chunks::<4>();
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x80;
    for word in words.iter().chain([&last]) {
        state = mix(state.0.wrapping_add(u32::from_le_bytes(*word)), state.1);
    }
    let (low, high) = mix(state.0, state.1);
    u64::from(high) << 32 | u64::from(low)
}

const fn mix(mut low: u32, mut high: u32) -> (u32, u32) {
    high ^= low;
    low = low.rotate_left(20).wrapping_add(high);
    high = high.rotate_left(9) ^ low;
    low = low.rotate_left(27).wrapping_add(high);
    high = high.rotate_left(19);
    (low, high)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    #[test]
    fn the_tests_of_marvin_hold() {
        // https://github.com/microsoft/SymCrypt/blob/main/lib/marvin32.c
        assert_eq!(marvin(b"abc", 0xd53c_d9ce_cd08_93b7), 0x22c7_4339_4927_69bf);
        assert_eq!(
            marvin(b"abcdefghijklmnopqrstuvwxyz", 0x0ddd_deee_efff_f000),
            0xa128_eb7e_7260_aca2
        );
        // https://github.com/skeeto/marvin32
        assert_eq!(marvin(b"", 0x004f_b61a_001b_dbcc), 0x30ed_35c1_00cd_3c7d);
    }

    #[test]
    fn the_example_of_nuget_is_correct() {
        // https://github.com/NuGet/NuGetGallery, src/NuGetGallery.Services/Authentication/ApiKeyV5.cs
        let key = format!("{}JQQJ99ALN5Z0000LZENeS003NUGT3OrW", "a".repeat(52));
        assert_eq!(identifiable(key.as_bytes()), Verdict::confirmed("checksum correct"));
        let other = key.replace("LZENe", "LZENf");
        assert_eq!(identifiable(other.as_bytes()), Verdict::doubtful("checksum wrong"));
    }

    #[test]
    fn the_digits_of_microsofts_tests_hold() {
        // CustomAlphabetEncoderTests.cs of the library.
        assert_eq!(digits(956_747_778, PASSWORD), b"aYB6eE");
        assert_eq!(digits(1_179_413_251, PASSWORD), b"a.kybX");
        assert_eq!(digits(2_883_656_711, BASE62), b"399Wq7");
    }

    #[test]
    fn seeds_are_written_as_text() {
        // IdentifiableSecretsTests.cs of the library: `ROSeed00`.
        assert_eq!(u64::from_be_bytes(*b"ROSeed00"), 0x524f_5365_6564_3030);
    }

    #[test]
    fn a_key_with_a_signature_is_checked() {
        // 64 bytes: 57 random ones, three of signature, four of checksum.
        let mut raw = [[0x5a; 57].as_slice(), &STANDARD.decode("+ASt").unwrap()].concat();
        raw.extend(marvin32(&raw, *b"Default0").to_le_bytes());
        let key = STANDARD.encode(&raw);
        assert!(key.ends_with("==") && key[76..].starts_with("+ASt"), "{key}");
        assert_eq!(identifiable(key.as_bytes()), Verdict::confirmed("checksum correct"));
        let other = key.replacen('W', "X", 1);
        assert_eq!(identifiable(other.as_bytes()), Verdict::doubtful("checksum wrong"));
    }

    #[test]
    fn an_older_key_is_not_judged() {
        let key = STANDARD.encode([0xa5; 64]);
        assert_eq!(identifiable(key.as_bytes()), Verdict::Silent);
    }
}
