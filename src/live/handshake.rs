//! `live/weak-tls`: whether the target still speaks TLS 1.0 or 1.1 (RFC 8996 forbids both).
//!
//! rustls can not offer them, so the hello is written here. Only the first record of the answer is read:
//! a server hello with the old version is proof, an alert is a refusal.

use super::{
    audit::{Audit, Sighting},
    notes::Notes,
};
use crate::{
    rule::Rule,
    target::{Scheme, SendError, random},
};

/// The versions that must be refused: name, and minor number on the wire.
const LEGACY: &[(&str, u8)] = &[("TLS 1.0", 1), ("TLS 1.1", 2)];

/// Suites that servers of these versions know: ECDHE and RSA with AES-CBC, then 3DES.
const SUITES: &[u16] = &[0xc013, 0xc014, 0xc009, 0xc00a, 0x002f, 0x0035, 0x000a];

const RECORD_ALERT: u8 = 21;
const RECORD_HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
/// Record header, handshake header, version: what is needed to judge a server hello.
const NEEDED: usize = 11;

/// What a server makes of a hello.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    /// It goes on with this minor version.
    Accepted(u8),
    /// It refuses.
    Refused,
    /// It is no TLS.
    Unclear,
}

/// Offers each legacy version alone. The control is the audit's own handshake with a current one.
pub(super) async fn look(audit: &Audit<'_>, rule: &Rule) -> Notes {
    let target = audit.session.client.target();
    if target.origin().scheme == Scheme::Http {
        return Notes::nothing("the target is asked by plain HTTP; TLS is not assessed");
    }
    let mut notes = Notes::default();
    let mut accepted = Vec::new();
    for (name, minor) in LEGACY {
        let hello = client_hello(*minor, &target.origin().host);
        match audit.session.client.send_raw(&hello, NEEDED).await.map(|bytes| read(&bytes)) {
            Ok(Reply::Accepted(version)) if version == *minor => {
                notes.looked_at += 1;
                accepted.push(*name);
            }
            Ok(Reply::Accepted(_) | Reply::Refused) => notes.looked_at += 1,
            Ok(Reply::Unclear) => notes.inconclusive(name, "the answer to the offer is no TLS"),
            // A reset is how some servers refuse.
            Err(error @ SendError::Failed(_)) => notes.inconclusive(name, &error.to_string()),
            Err(error) if notes.failed(name, &error) => break,
            Err(_) => {}
        }
    }
    if !accepted.is_empty() {
        let message = format!("{}: {}", rule.title, accepted.join(" and "));
        let sighting = Sighting::new(rule, &audit.survey.soft_404[0], "/", message).proof(
            "handshake",
            format!("a hello that offers only {} is accepted", accepted.join(", ")),
        );
        notes.findings.push(audit.finding(sighting));
    }
    notes
}

fn read(bytes: &[u8]) -> Reply {
    match bytes {
        // A server that knows better may close without a word.
        [] | [RECORD_ALERT, 3, ..] => Reply::Refused,
        [RECORD_HANDSHAKE, 3, _, _, _, SERVER_HELLO, _, _, _, 3, minor, ..] => {
            Reply::Accepted(*minor)
        }
        _ => Reply::Unclear,
    }
}

/// A client hello (RFC 4346, section 7.4.1.2) that offers one version and no newer one.
fn client_hello(minor: u8, host: &str) -> Vec<u8> {
    let mut body = vec![3, minor];
    let nonce = [random::word(), random::word(), random::word()].concat();
    body.extend(nonce.bytes().take(32));
    body.push(0);
    let suites: Vec<u8> = SUITES.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    body.extend(sized(&suites));
    body.extend([1, 0]);
    body.extend(sized(&extensions(host)));
    let mut handshake = vec![CLIENT_HELLO, 0];
    handshake.extend(sized(&body));
    let mut record = vec![RECORD_HANDSHAKE, 3, 1];
    record.extend(sized(&handshake));
    record
}

fn extensions(host: &str) -> Vec<u8> {
    const SERVER_NAME: u16 = 0;
    const GROUPS: u16 = 10;
    const POINT_FORMATS: u16 = 11;
    let mut all = Vec::new();
    // An address is no server name (RFC 6066, section 3).
    if host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[') {
        let name = [vec![0], sized(host.as_bytes())].concat();
        all.extend(extension(SERVER_NAME, &sized(&name)));
    }
    let groups: Vec<u8> = [29_u16, 23, 24].iter().flat_map(|group| group.to_be_bytes()).collect();
    all.extend(extension(GROUPS, &sized(&groups)));
    all.extend(extension(POINT_FORMATS, &[1, 0]));
    all
}

fn extension(number: u16, content: &[u8]) -> Vec<u8> {
    [number.to_be_bytes().to_vec(), sized(content)].concat()
}

/// The bytes with their length in two bytes before them.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_is_well_formed() {
        let hello = client_hello(1, "shop.example");
        let length = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
        assert_eq!(hello.len(), 5 + length);
        assert_eq!(hello[5], CLIENT_HELLO);
        let inner = usize::from(u16::from_be_bytes([hello[7], hello[8]]));
        assert_eq!(length, 4 + inner);
        assert_eq!(hello[9..11], [3, 1]);
        assert!(hello.windows(12).any(|window| window == b"shop.example"));
    }

    #[test]
    fn a_server_hello_is_told_from_an_alert_and_from_noise() {
        let accepted = [22, 3, 1, 0, 49, 2, 0, 0, 45, 3, 1];
        assert_eq!(read(&accepted), Reply::Accepted(1));
        assert_eq!(read(&[21, 3, 1, 0, 2, 2, 70]), Reply::Refused);
        assert_eq!(read(&[]), Reply::Refused);
        assert_eq!(read(b"HTTP/1.1 400"), Reply::Unclear);
    }
}
