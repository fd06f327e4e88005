//! Macaroons: tokens that list what they are restricted to.
//!
//! Reads versions 1 and 2 of the format of libmacaroons (`doc/format.txt`), and that of Fly.io
//! (<https://github.com/superfly/macaroon>), which is `MessagePack`.

use super::{Verdict, encoded, reader::Reader};

/// Bytes of a signature: HMAC-SHA-256.
const SIGNATURE: usize = 32;
/// Values of `MessagePack` may hold others so deep.
const DEEPEST: u32 = 16;
/// Field types of version 2.
const LOCATION: u8 = 1;
const IDENTIFIER: u8 = 2;
const VERIFICATION: u8 = 4;
const SIGNED: u8 = 6;
const END: u8 = 0;

/// A macaroon behind the prefix of its vendor: `pypi-`, `fm2_`, or none.
pub(super) fn macaroon(value: &[u8]) -> Verdict {
    let fly = [b"fm2_", b"fm1r_".as_slice(), b"fm1a_"];
    let body = fly.iter().find_map(|prefix| value.strip_prefix(*prefix));
    let caveats = match body {
        Some(body) => encoded::decode(body).and_then(|raw| of_fly(&raw)),
        None if value.starts_with(b"fo1_") => return Verdict::Silent,
        None => {
            let body = value.strip_prefix(b"pypi-").unwrap_or(value);
            encoded::decode(body).and_then(|raw| version_2(&raw).or_else(|| version_1(&raw)))
        }
    };
    match caveats {
        Some(1) => Verdict::confirmed("macaroon with one restriction"),
        Some(caveats) => Verdict::Confirmed(format!("macaroon with {caveats} restrictions")),
        // How the first version of Fly.io's tokens is written is not documented.
        None if value.starts_with(b"fm1") => Verdict::Silent,
        None => Verdict::doubtful("does not decode as a macaroon"),
    }
}

/// The number of caveats.
fn version_2(raw: &[u8]) -> Option<usize> {
    let mut reader = Reader(raw.strip_prefix(&[2])?);
    head(&mut reader)?;
    let mut caveats = 0;
    while reader.0.first() != Some(&END) {
        head(&mut reader)?;
        caveats += 1;
    }
    reader.byte()?;
    let is_whole = field(&mut reader, SIGNED)?.len() == SIGNATURE && reader.0.is_empty();
    is_whole.then_some(caveats)
}

/// A location if there is one, an identifier, a verification id if there is one, and the end of the section.
fn head(reader: &mut Reader<'_>) -> Option<()> {
    if reader.0.first() == Some(&LOCATION) {
        field(reader, LOCATION)?;
    }
    field(reader, IDENTIFIER)?;
    if reader.0.first() == Some(&VERIFICATION) {
        field(reader, VERIFICATION)?;
    }
    (reader.byte()? == END).then_some(())
}

fn field<'a>(reader: &mut Reader<'a>, kind: u8) -> Option<&'a [u8]> {
    if reader.byte()? != kind {
        return None;
    }
    let mut length = 0;
    // No field is longer than three digits of seven bits can say.
    for place in 0..3 {
        let digit = reader.byte()?;
        length |= usize::from(digit & 0x7f) << (7 * place);
        if digit < 0x80 {
            return reader.take(length);
        }
    }
    None
}

/// Packets: their length in four hexadecimal digits, a word, a blank, a value, a line end.
fn version_1(raw: &[u8]) -> Option<usize> {
    let mut reader = Reader(raw);
    let mut caveats = 0;
    let mut expected = "location";
    while !reader.0.is_empty() {
        let digits = std::str::from_utf8(reader.take(4)?).ok()?;
        let length = usize::from_str_radix(digits, 16).ok()?.checked_sub(4)?;
        let packet = reader.take(length)?.strip_suffix(b"\n")?;
        let blank = memchr::memchr(b' ', packet)?;
        expected = match (expected, &packet[..blank]) {
            ("location", b"location") => "identifier",
            ("identifier", b"identifier") | ("caveats", b"vid" | b"cl") => "caveats",
            ("caveats", b"cid") => {
                caveats += 1;
                "caveats"
            }
            ("caveats", b"signature") if packet.len() == blank + 1 + SIGNATURE => "nothing",
            _ => return None,
        };
    }
    (expected == "nothing").then_some(caveats)
}

/// An array of a nonce, a location, caveats (each a number and a value), and a tail.
fn of_fly(raw: &[u8]) -> Option<usize> {
    let mut reader = Reader(raw.strip_prefix(&[0x94])?);
    skip(&mut reader, DEEPEST)?;
    skip(&mut reader, DEEPEST)?;
    let parts = match reader.byte()? {
        few @ 0x90..=0x9f => usize::from(few & 0xf),
        0xdc => reader.number(2)?,
        _ => return None,
    };
    for _ in 0..parts {
        skip(&mut reader, DEEPEST)?;
    }
    let tail = (reader.byte()?, reader.number(1)?) == (0xc4, SIGNATURE);
    (tail && reader.0.len() == SIGNATURE && parts.is_multiple_of(2)).then_some(parts / 2)
}

/// Passes over one value of `MessagePack`.
fn skip(reader: &mut Reader<'_>, depth: u32) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let first = reader.byte()?;
    let few = usize::from(first & 0xf);
    let (bytes, values) = match first {
        0x80..=0x8f => (0, few * 2),
        0x90..=0x9f => (0, few),
        0xa0..=0xbf => (usize::from(first & 0x1f), 0),
        0xc4 | 0xd9 => (reader.number(1)?, 0),
        0xc5 | 0xda => (reader.number(2)?, 0),
        0xc6 | 0xdb => (reader.number(4)?, 0),
        0xcc | 0xd0 => (1, 0),
        0xcd | 0xd1 => (2, 0),
        0xca | 0xce | 0xd2 => (4, 0),
        0xcb | 0xcf | 0xd3 => (8, 0),
        0xdc => (0, reader.number(2)?),
        0xde => (0, reader.number(2)? * 2),
        0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => (0, 0),
        // Extensions and longer collections are in no token.
        _ => return None,
    };
    reader.take(bytes)?;
    for _ in 0..values {
        skip(reader, depth)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn the_example_of_libmacaroons_has_one_restriction() {
        // https://github.com/rescrv/libmacaroons/blob/master/doc/tests.txt
        let token = "MDAyMWxvY2F0aW9uIGh0dHA6Ly9leGFtcGxlLm9yZy8KMDAxNWlkZW50aWZpZXIga2V5aWQK\
                     MDAxZGNpZCBhY2NvdW50ID0gMzczNTkyODU1OQowMDJmc2lnbmF0dXJlIPVIB_bcbt-Ivw9z\
                     BrOCJWKjYlM9v3M5umF2XaS9JZ2HCg";
        let found = macaroon(token.as_bytes());
        assert_eq!(found, Verdict::confirmed("macaroon with one restriction"));
    }

    /// A token as `PyPI` makes it, with some caveats.
    fn of_pypi(caveats: &[&str]) -> Vec<u8> {
        let field =
            |kind: u8, value: &[u8]| [&[kind, u8::try_from(value.len()).unwrap()], value].concat();
        let mut raw = vec![2];
        raw.extend(field(LOCATION, b"pypi.org"));
        raw.extend(field(IDENTIFIER, b"6f2a1c04-5f4e-4b7a-9f63-0d1f5b0f6f2a"));
        raw.push(END);
        for caveat in caveats {
            raw.extend(field(IDENTIFIER, caveat.as_bytes()));
            raw.push(END);
        }
        raw.push(END);
        raw.extend(field(SIGNED, &[0x5a; SIGNATURE]));
        raw
    }

    #[test]
    fn a_token_of_pypi_tells_its_restrictions() {
        let raw = of_pypi(&[r#"[1,["shop"]]"#, r#"[2,["5f4e"]]"#]);
        let token = format!("pypi-{}", URL_SAFE_NO_PAD.encode(&raw));
        assert!(token.starts_with("pypi-AgEIcHlwaS5vcmc"));
        let found = macaroon(token.as_bytes());
        assert_eq!(found, Verdict::confirmed("macaroon with 2 restrictions"));
        let cut = macaroon(&token.as_bytes()[..token.len() - 4]);
        assert_eq!(cut, Verdict::doubtful("does not decode as a macaroon"));
    }

    #[test]
    fn a_token_of_fly_tells_its_restrictions() {
        // `ConfineUser` and `Struct` of https://github.com/superfly/macaroon-elixir, test/vectors.json.
        for token in [
            "fm2_lJPEEC/Apz4NsovS0QyO2mwOwP7EEEIZXyhbehSiciQY9xb7LoLC2SA0ZjlkMTYwYmZlNzFlMTU3N2Jm\
             NTZmODllNGM0YjZmNZIIkXvEIAnD/eLaO1crtgj4C+Un0n7V9LsflyKOjvi9zVlQ9orO",
            "fm2_lJPEEC/Apz4NsovS0QyO2mwOwP7EEDt/8v/cyCVoEOcUm6dpH/nC2SA0ZjlkMTYwYmZlNzFlMTU3N2Jm\
             NTZmODllNGM0YjZmNZLPAAEAAAAAAAiYo2Zvb9CFe8QDAQIDgaNmb2+jYmFygXsfgaNmb28fgaNmb28fxCAE\
             KxGtd8/3ioBBINB78uVu0oGX4GfVbb76dyCeOUhSsQ==",
        ] {
            let found = macaroon(token.as_bytes());
            assert_eq!(found, Verdict::confirmed("macaroon with one restriction"), "{token}");
        }
        let found = macaroon(b"fm2_o2Zvbw==");
        assert_eq!(found, Verdict::doubtful("does not decode as a macaroon"));
    }

    #[test]
    fn a_value_of_great_depth_is_not_followed() {
        let raw = [&[0x94], vec![0x91; 100_000].as_slice()].concat();
        assert_eq!(of_fly(&raw), None);
    }
}
