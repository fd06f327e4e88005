//! Private keys: kind, size, and whether a passphrase protects them.
//!
//! Reads PKCS #1 (RFC 8017), SEC 1 (RFC 5915), PKCS #8 (RFC 5958), DSA as OpenSSL writes it, and
//! OpenSSH's own form (`PROTOCOL.key`), through line ends that are escaped, quoted or indented.

use super::{
    Verdict, encoded,
    reader::{FIRST, INTEGER, OBJECT_ID, OCTETS, Reader, SEQUENCE, bits},
};

/// Whether a key says that it is four times as long as what is there: documentation shows how one begins.
fn is_a_fraction(body: &[u8]) -> bool {
    let head = body.get(..8).and_then(encoded::decode);
    let Some([0x30, 0x82, high, low, ..]) = head.as_deref() else { return false };
    usize::from(u16::from_be_bytes([*high, *low])) > body.len() / 4 * 3 * 4
}

/// A PEM block, or several pieces of one in source code.
pub(super) fn pem(value: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(value);
    if text.contains("4,ENCRYPTED") {
        return Verdict::Confirmed(format!("{}encrypted", kind_before_key(&text)));
    }
    if text.contains("PGP PRIVATE KEY") {
        return Verdict::Silent;
    }
    match encoded::decode(&body(&text)).as_deref().and_then(describe) {
        Some(words) => Verdict::Confirmed(words),
        None if is_a_fraction(&body(&text)) => Verdict::Refused,
        None => Verdict::doubtful("does not decode as a private key"),
    }
}

/// The key of a Google service account, with its line ends escaped for JSON.
pub(super) fn google_service_account(value: &[u8]) -> Verdict {
    pem(value)
}

/// `RSA, ` of `-----BEGIN RSA PRIVATE KEY-----`.
fn kind_before_key(text: &str) -> String {
    let head =
        text.trim_start_matches("-----BEGIN ").split("PRIVATE KEY").next().unwrap_or_default();
    let kind = head.trim();
    if kind.is_empty() || kind == "ENCRYPTED" { String::new() } else { format!("{kind}, ") }
}

/// The base64 characters between the two boundary lines, without headers.
fn body(text: &str) -> Vec<u8> {
    let text = text.replace("\\n", "\n").replace("\\r", "\n");
    let inner = text.split("-----").nth(2).unwrap_or_default();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let lines = inner.lines().filter(|line| !line.contains(": "));
    lines.map(between_quotes).flat_map(str::bytes).filter(is_part).collect()
}

/// The part of a line of source code that is text; a line without quotes is text as a whole.
fn between_quotes(line: &str) -> &str {
    let quotes = ['"', '\'', '`'];
    if !line.contains(quotes) {
        return line;
    }
    let longest = line.split(quotes).max_by_key(|piece| piece.len()).unwrap_or_default();
    if longest.contains(|character: char| character.is_ascii_alphanumeric()) { longest } else { "" }
}

fn describe(raw: &[u8]) -> Option<String> {
    if let Some(rest) = raw.strip_prefix(b"openssh-key-v1\0") {
        return describe_openssh(rest);
    }
    let mut key = Reader(Reader(raw).element(SEQUENCE)?);
    if let Some(algorithm) = key.element(SEQUENCE) {
        // EncryptedPrivateKeyInfo begins with the cipher instead of a version.
        return Reader(algorithm).element(OBJECT_ID).map(|_| "encrypted".to_owned());
    }
    let version = key.element(INTEGER)?;
    if let Some(algorithm) = key.element(SEQUENCE) {
        return describe_pkcs8(algorithm, key.element(OCTETS)?);
    }
    if let (&[1], Some(secret)) = (version, key.element(OCTETS)) {
        return Some(format!("{}, not encrypted", curve(key, secret)));
    }
    let bits = bits(key.element(INTEGER)?);
    let after_second = key.element(INTEGER).map(self::bits)?;
    // DSA goes on with its subgroup's order, RSA with its small public exponent.
    let kind = if (160..=256).contains(&after_second) { "DSA" } else { "RSA" };
    Some(format!("{kind} {bits}, not encrypted"))
}

/// The curve of an EC key of SEC 1; what it does not name is told by its size.
fn curve(mut rest: Reader<'_>, secret: &[u8]) -> String {
    let parameters = rest.element(FIRST);
    let named = parameters.and_then(|named| Reader(named).element(OBJECT_ID)).and_then(name);
    named.map_or_else(|| format!("EC {}", secret.len() * 8), str::to_owned)
}

/// Object identifiers of algorithms and curves, without their tag.
const NAMES: &[(&[u8], &str)] = &[
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01], "RSA"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a], "RSA-PSS"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], "DSA"),
    (&[0x2b, 0x65, 0x70], "Ed25519"),
    (&[0x2b, 0x65, 0x71], "Ed448"),
    (&[0x2b, 0x65, 0x6e], "X25519"),
    (&[0x2b, 0x65, 0x6f], "X448"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01], "EC P-192"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], "EC P-256"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x21], "EC P-224"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], "EC P-384"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "EC P-521"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x0a], "EC secp256k1"),
    (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07], "EC brainpoolP256r1"),
    (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0b], "EC brainpoolP384r1"),
    (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0d], "EC brainpoolP512r1"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], "EC"),
];

fn name(id: &[u8]) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| *known == id).map(|(_, name)| *name)
}

fn describe_pkcs8(algorithm: &[u8], key: &[u8]) -> Option<String> {
    let mut algorithm = Reader(algorithm);
    let kind = name(algorithm.element(OBJECT_ID)?).unwrap_or("private key");
    let size = match kind {
        "RSA" | "RSA-PSS" => modulus_bits(key),
        "DSA" => algorithm.element(SEQUENCE).and_then(first_bits),
        _ => None,
    };
    let curve = algorithm.element(OBJECT_ID).and_then(name);
    Some(match (size, curve) {
        (Some(bits), _) => format!("{kind} {bits}, not encrypted"),
        (None, Some(curve)) => format!("{curve}, not encrypted"),
        (None, None) => format!("{kind}, not encrypted"),
    })
}

fn modulus_bits(key: &[u8]) -> Option<usize> {
    let mut key = Reader(Reader(key).element(SEQUENCE)?);
    key.element(INTEGER)?;
    first_bits(key.0)
}

fn first_bits(numbers: &[u8]) -> Option<usize> {
    Reader(numbers).element(INTEGER).map(bits)
}

fn describe_openssh(rest: &[u8]) -> Option<String> {
    let mut reader = Reader(rest);
    let cipher = reader.text()?;
    reader.text()?;
    reader.text()?;
    reader.take(4)?;
    let kind = ssh_key(reader.text()?)?;
    let protection = if cipher == b"none" { "not encrypted" } else { "encrypted" };
    Some(format!("OpenSSH {kind}, {protection}"))
}

/// Kind and size of a public key of SSH (RFC 4253, 5656, 8709).
pub(super) fn ssh_key(public: &[u8]) -> Option<String> {
    let mut public = Reader(public);
    Some(match public.text()? {
        b"ssh-rsa" => {
            public.text()?;
            format!("RSA {}", bits(public.text()?))
        }
        b"ssh-dss" => format!("DSA {}", bits(public.text()?)),
        b"ssh-ed25519" => "Ed25519".to_owned(),
        b"ssh-ed448" => "Ed448".to_owned(),
        b"ecdsa-sha2-nistp256" => "EC P-256".to_owned(),
        b"ecdsa-sha2-nistp384" => "EC P-384".to_owned(),
        b"ecdsa-sha2-nistp521" => "EC P-521".to_owned(),
        name if name.starts_with(b"sk-") => "security key handle".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armoured(kind: &str, body: &str) -> String {
        format!("-----BEGIN {kind}PRIV{}-----\n{body}\n-----END {kind}PRIVATE KEY-----", "ATE KEY")
    }

    #[test]
    fn the_example_of_rfc_8410_is_an_ed25519_key() {
        let body = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
        let found = pem(armoured("", body).as_bytes());
        assert_eq!(found, Verdict::confirmed("Ed25519, not encrypted"));
    }

    #[test]
    fn line_ends_may_be_escaped() {
        let body = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY\\n8fdp+K06/nwoy/HU++CXqI9EdVhC";
        let found = pem(armoured("", body).replace('\n', "\\n").as_bytes());
        assert_eq!(found, Verdict::confirmed("Ed25519, not encrypted"));
    }

    #[test]
    fn a_key_may_stand_in_source_code() {
        let body = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY\n8fdp+K06/nwoy/HU++CXqI9EdVhC";
        let code = armoured("", body).replace('\n', "\\n\" +\n    \"");
        assert_eq!(pem(code.as_bytes()), Verdict::confirmed("Ed25519, not encrypted"));
    }

    #[test]
    fn a_plus_at_the_end_of_a_line_belongs_to_the_key() {
        let body = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+\nK06/nwoy/HU+\n+CXqI9EdVhC";
        let found = pem(armoured("", body).as_bytes());
        assert_eq!(found, Verdict::confirmed("Ed25519, not encrypted"));
    }

    #[test]
    fn text_between_the_boundaries_is_no_key() {
        let found = pem(armoured("RSA ", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=").as_bytes());
        assert_eq!(found, Verdict::doubtful("does not decode as a private key"));
    }

    #[test]
    fn how_a_key_begins_is_no_key() {
        let body = "MIIEpQIBAAKCAQEAuyf/lNrH9ck8DmNyo3fGgvCI1l9s+cmBY3WIz+cUDqmxiieR";
        assert_eq!(pem(armoured("RSA ", body).as_bytes()), Verdict::Refused);
    }

    #[test]
    fn a_cut_key_is_no_key() {
        let found = pem(armoured("", "MC4CAQAwBQYDK2VwBCIEINTu").as_bytes());
        assert_eq!(found, Verdict::doubtful("does not decode as a private key"));
    }

    #[test]
    fn a_key_of_sec_1_names_its_curve() {
        // `testECCP256` of RFC 9500.
        let body = "MHcCAQEEIObLW92AqkWunJXowVR2Z5/+yVPBaFHnEedDk5WJxk/BoAoGCCqGSM49\n\
                    AwEHoUQDQgAEQiVI+I+3gv+17KN0RFLHKh5Vj71vc75eSOkyMsxFxbFsTNEMTLjV\n\
                    uKFxOelIgsiZJXKZNCX0FBmrfpCkKklCcg==";
        let found = pem(armoured("EC ", body).as_bytes());
        assert_eq!(found, Verdict::confirmed("EC P-256, not encrypted"));
    }

    /// A DER element of fewer than 65,536 bytes.
    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82, high, low], content.as_slice()].concat()
    }

    fn integer(bytes: usize) -> Vec<u8> {
        der(INTEGER, &[&vec![0x91; bytes]])
    }

    #[test]
    fn sizes_are_told_in_bits() {
        let (small, zero) = (der(INTEGER, &[&[1, 0, 1]]), der(INTEGER, &[&[0]]));
        let rsa = der(SEQUENCE, &[&zero, &integer(256), &small, &integer(256)]);
        let dsa = der(SEQUENCE, &[&zero, &integer(128), &integer(20), &integer(128)]);
        let numbers = der(SEQUENCE, &[&integer(128), &integer(20)]);
        let within = |id: &[u8], parameters: &[u8], key: &[u8]| {
            let algorithm = der(SEQUENCE, &[&der(OBJECT_ID, &[id]), parameters]);
            der(SEQUENCE, &[&zero, &algorithm, &der(OCTETS, &[key])])
        };
        let told = |raw: &[u8]| describe(raw).unwrap();
        assert_eq!(told(&rsa), "RSA 2048, not encrypted");
        assert_eq!(told(&dsa), "DSA 1024, not encrypted");
        assert_eq!(told(&within(NAMES[0].0, &[5, 0], &rsa)), "RSA 2048, not encrypted");
        assert_eq!(told(&within(NAMES[2].0, &numbers, &zero)), "DSA 1024, not encrypted");
        assert_eq!(
            told(&der(SEQUENCE, &[&der(SEQUENCE, &[&der(OBJECT_ID, &[&[1]])])])),
            "encrypted"
        );
    }

    #[test]
    fn an_old_header_tells_that_a_key_is_encrypted() {
        let body = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nQUJD";
        assert_eq!(pem(armoured("RSA ", body).as_bytes()), Verdict::confirmed("RSA, encrypted"));
    }
}
