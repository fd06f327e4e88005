//! `PuTTY`'s private keys: version, kind, and whether a passphrase protects them.
//!
//! The form is that of appendix C of `PuTTY`'s manual. The comment is never told: it is often a name.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Verdict, encoded, private_key};
use crate::finding::fingerprint::hexadecimal;

/// Lines of a file; keys have far fewer.
const MOST_LINES: usize = 1_000;

/// A `.ppk` file.
pub(super) fn key(value: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(value);
    let Some(file) = File::parse(&text) else {
        return Verdict::doubtful("does not decode as a PuTTY key");
    };
    let Some(kind) = private_key::ssh_key(&file.public) else {
        return Verdict::doubtful("does not decode as a PuTTY key");
    };
    let version = file.version;
    if file.field("Encryption") != "none" {
        return Verdict::Confirmed(format!("PPK {version}, {kind}, encrypted"));
    }
    match file.has_correct_mac() {
        Some(false) => Verdict::doubtful("checksum wrong"),
        _ => Verdict::Confirmed(format!("PPK {version}, {kind}, not encrypted")),
    }
}

/// What stands in a file.
struct File<'a> {
    version: u8,
    fields: BTreeMap<&'a str, &'a str>,
    public: Vec<u8>,
    private: Vec<u8>,
}

impl<'a> File<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut lines = text.lines().take(MOST_LINES);
        let (head, algorithm) = lines.next()?.split_once(": ")?;
        let version = match head.strip_prefix("PuTTY-User-Key-File-")? {
            "1" => 1,
            "2" => 2,
            "3" => 3,
            _ => return None,
        };
        let mut file = Self {
            version,
            fields: BTreeMap::from([("Algorithm", algorithm)]),
            public: Vec::new(),
            private: Vec::new(),
        };
        while let Some(line) = lines.next() {
            let Some((name, value)) = line.split_once(": ") else { continue };
            match name {
                "Public-Lines" => file.public = block(&mut lines, value)?,
                "Private-Lines" => file.private = block(&mut lines, value)?,
                _ => drop(file.fields.insert(name, value)),
            }
        }
        Some(file)
    }

    fn field(&self, name: &str) -> &'a str {
        self.fields.get(name).copied().unwrap_or_default()
    }

    /// Version 3 has a MAC that needs no passphrase where there is none: HMAC-SHA-256 with an empty key.
    fn has_correct_mac(&self) -> Option<bool> {
        let expected = self.field("Private-MAC");
        if self.version != 3 || expected.is_empty() {
            return None;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&[]).ok()?;
        let names = ["Algorithm", "Encryption", "Comment"].map(|name| self.field(name).as_bytes());
        for part in names.into_iter().chain([self.public.as_slice(), &self.private]) {
            mac.update(&u32::try_from(part.len()).ok()?.to_be_bytes());
            mac.update(part);
        }
        let digits = hexadecimal(&mac.finalize().into_bytes());
        Some(digits.eq_ignore_ascii_case(expected.trim()))
    }
}

/// So many lines of base64.
fn block<'a>(lines: &mut impl Iterator<Item = &'a str>, count: &str) -> Option<Vec<u8>> {
    let count: usize = count.trim().parse().ok().filter(|count| *count <= MOST_LINES)?;
    let text: String = lines.take(count).collect();
    encoded::decode(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made from the first key of section 7.1 of RFC 8032.
    const KEY: &str = "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n\
        Comment: RFC8032 7.1 Test Vector 1\nPublic-Lines: 2\n\
        AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3\nB1Ea\n\
        Private-Lines: 1\nAAAAIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        Private-MAC: 22cf8308ed9bbf44760be8d3fa391cf2039f069b30144e6c8d62c45810c1696a\n";

    #[test]
    fn version_kind_and_protection_are_told() {
        let found = key(KEY.as_bytes());
        assert_eq!(found, Verdict::confirmed("PPK 3, Ed25519, not encrypted"));
        let windows = KEY.replace('\n', "\r\n");
        assert_eq!(key(windows.as_bytes()), found);
        let encrypted = KEY.replace("Encryption: none", "Encryption: aes256-cbc");
        let found = key(encrypted.as_bytes());
        assert_eq!(found, Verdict::confirmed("PPK 3, Ed25519, encrypted"));
    }

    #[test]
    fn a_key_that_was_changed_is_doubtful() {
        let changed = KEY.replace("AAAAIJ1h", "AAAAIJ1i");
        assert_eq!(key(changed.as_bytes()), Verdict::doubtful("checksum wrong"));
    }

    #[test]
    fn text_with_the_head_of_a_key_is_none() {
        let found = key(b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n");
        assert_eq!(found, Verdict::doubtful("does not decode as a PuTTY key"));
    }
}
