//! PKCS #12 (RFC 7292): what `.p12` and `.pfx` files hold, as base64.

use super::{
    Verdict, encoded,
    reader::{INTEGER, OBJECT_ID, Reader, SEQUENCE},
};

/// `pkcs7-data` and `pkcs7-signedData`: the kinds of content that a store may have.
const CONTENTS: [&[u8]; 2] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02],
];
/// Some programs write lengths that are told by an end mark.
const WITHOUT_LENGTH: &[u8] = &[SEQUENCE, 0x80];

/// A store of keys: a sequence of version 3, its content, and mostly a MAC.
pub(super) fn store(value: &[u8]) -> Verdict {
    let text: Vec<u8> = value.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let raw = encoded::decode(&text).unwrap_or_default();
    if raw.starts_with(WITHOUT_LENGTH) {
        return Verdict::Silent;
    }
    match has_mac(&raw) {
        Some(true) => Verdict::confirmed("PKCS #12, with a MAC"),
        Some(false) => Verdict::confirmed("PKCS #12, without a MAC"),
        None => Verdict::doubtful("does not decode as PKCS #12"),
    }
}

fn has_mac(raw: &[u8]) -> Option<bool> {
    let mut store = Reader(Reader(raw).element(SEQUENCE)?);
    let version = store.element(INTEGER)?;
    let content = Reader(store.element(SEQUENCE)?).element(OBJECT_ID)?;
    let is_store = version == [3] && CONTENTS.contains(&content);
    is_store.then(|| store.element(SEQUENCE).is_some())
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    /// A DER element of fewer than 128 bytes.
    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        [&[tag, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
    }

    fn found(version: u8, rest: &[u8]) -> Verdict {
        let content = der(SEQUENCE, &[&der(OBJECT_ID, &[CONTENTS[0]]), &[0xa0, 2, 4, 0]]);
        let raw = der(SEQUENCE, &[&der(INTEGER, &[&[version]]), &content, rest]);
        store(STANDARD.encode(raw).as_bytes())
    }

    #[test]
    fn a_store_is_told_by_version_and_content() {
        let mac = der(SEQUENCE, &[&[4, 0]]);
        assert_eq!(found(3, &mac), Verdict::confirmed("PKCS #12, with a MAC"));
        assert_eq!(found(3, &[]), Verdict::confirmed("PKCS #12, without a MAC"));
        assert_eq!(found(2, &mac), Verdict::doubtful("does not decode as PKCS #12"));
    }
}
