//! Tokens that are told by their parts.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Verdict, encoded};

/// How base64 of a JSON object may begin: `{"`, `{ `, `{` and a line end.
const OBJECTS: [&[u8]; 3] = [b"eyJ", b"eyA", b"ewo"];

/// A JSON object in base64, behind whatever prefix the vendor puts before it.
pub(super) fn base64_json(value: &[u8]) -> Verdict {
    let starts = OBJECTS.iter().filter_map(|start| memchr::memmem::find(value, start));
    let body = &value[starts.min().unwrap_or_default()..];
    match object(body) {
        Some(_) => Verdict::confirmed("decodes to JSON"),
        None => Verdict::doubtful("does not decode to JSON"),
    }
}

fn object(text: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(&encoded::decode(text)?).ok()
}

/// `sntrys_`, a JSON object in base64, `_`, 32 bytes in base64. Its other tokens have no structure.
///
/// The form is that of `generate_token` in `src/sentry/utils/security/orgauthtoken_token.py` of Sentry.
pub(super) fn sentry_organisation_token(value: &[u8]) -> Verdict {
    let Some(body) = value.strip_prefix(b"sntrys_") else { return Verdict::Silent };
    let Some(at) = memchr::memrchr(b'_', body) else {
        return Verdict::doubtful("does not decode as a Sentry token");
    };
    let is_secret = encoded::decode(&body[at + 1..]).is_some_and(|secret| secret.len() == 32);
    let claims = object(&body[..at]).filter(|claims| is_secret && claims.contains_key("org"));
    let Some(claims) = claims else {
        return Verdict::doubtful("does not decode as a Sentry token");
    };
    match day(claims.get("iat")) {
        Some(day) => Verdict::Confirmed(format!("token of an organisation, made {day}")),
        None => Verdict::confirmed("token of an organisation"),
    }
}

/// The day of a number of seconds, which may have a fraction.
fn day(seconds: Option<&Value>) -> Option<String> {
    let whole = seconds?.to_string();
    let whole = whole.split('.').next()?.parse().ok()?;
    Some(Timestamp::from_second(whole).ok()?.strftime("%Y-%m-%d").to_string())
}

/// Slack's tokens: their kind, numbers of what they belong to, what is drawn.
pub(super) fn slack(value: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(value);
    let parts: Vec<&str> = text.split('-').collect();
    let Some((drawn, (kind, numbers))) =
        parts.split_last().and_then(|(drawn, rest)| Some((drawn, rest.split_first()?)))
    else {
        return Verdict::doubtful("not the structure of a Slack token");
    };
    let has_numbers = numbers.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let is_hexadecimal = drawn.bytes().all(|byte| byte.is_ascii_hexdigit());
    let kind = match (*kind, numbers.len(), drawn.len()) {
        ("xoxb", 1 | 2, 24) => "bot token",
        ("xoxp" | "xoxs" | "xoxo", 3, 10 | 32 | 64) if is_hexadecimal => "user token",
        ("xoxa" | "xoxr", 3 | 4, 32 | 64) if is_hexadecimal => "workspace token",
        ("xoxe.xoxb", 1, 100..) => "bot token that is rotated",
        ("xoxe.xoxp", 1, 100..) => "user token that is rotated",
        ("xoxe", 1, 100..) => "refresh token",
        _ => return Verdict::doubtful("not the structure of a Slack token"),
    };
    if has_numbers {
        Verdict::Confirmed(format!("structure of a {kind}"))
    } else {
        Verdict::doubtful("not the structure of a Slack token")
    }
}

/// A UUID of version 4 (RFC 9562), which is drawn; those of other versions are made of times and names.
pub(super) fn random_uuid(value: &[u8]) -> Verdict {
    let has_form = value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if !has_form {
        Verdict::doubtful("not a UUID")
    } else if value[14] == b'4' && matches!(value[19], b'8' | b'9' | b'a' | b'b' | b'A' | b'B') {
        Verdict::confirmed("random UUID")
    } else {
        Verdict::doubtful("not a random UUID")
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

    use super::*;

    #[test]
    fn json_may_stand_behind_a_prefix() {
        let body = STANDARD_NO_PAD.encode(r#"{"k":"v9","n":"shop"}"#);
        let found = base64_json(format!("glc_{body}").as_bytes());
        assert_eq!(found, Verdict::confirmed("decodes to JSON"));
        let found = base64_json(format!("glc_{}", &body[..9]).as_bytes());
        assert_eq!(found, Verdict::doubtful("does not decode to JSON"));
    }

    fn sentry(claims: &str, secret: &[u8]) -> Verdict {
        let (claims, secret) = (STANDARD_NO_PAD.encode(claims), STANDARD_NO_PAD.encode(secret));
        sentry_organisation_token(format!("sntrys_{claims}_{secret}").as_bytes())
    }

    #[test]
    fn a_token_of_sentry_tells_its_day() {
        let claims = r#"{"iat":1684154626.123,"url":"https://sentry.example","org":"shop"}"#;
        let found = sentry(claims, &[0x5a; 32]);
        assert_eq!(found, Verdict::confirmed("token of an organisation, made 2023-05-15"));
        let doubtful = Verdict::doubtful("does not decode as a Sentry token");
        assert_eq!(sentry(claims, &[0x5a; 16]), doubtful);
        assert_eq!(sentry("{}", &[0x5a; 32]), doubtful);
    }

    #[test]
    fn the_parts_of_a_slack_token_are_counted() {
        let told = |token: &str| slack(token.replace("<!>", "").as_bytes());
        let doubtful = Verdict::doubtful("not the structure of a Slack token");
        assert_eq!(
            told("xoxb-<!>263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1"),
            Verdict::confirmed("structure of a bot token")
        );
        assert_eq!(
            told("xoxp-<!>93366724818-86789942261-235507090541-a8369bde57c1e020999918310bf5ed65"),
            Verdict::confirmed("structure of a user token")
        );
        assert_eq!(told("xoxb-<!>263594206564-FGqddMF8t08v8N7"), doubtful);
        assert_eq!(told("xoxb"), doubtful);
    }

    #[test]
    fn the_examples_of_rfc_9562_are_told_by_version() {
        // Appendices A.1, A.3 and A.6.
        let doubtful = Verdict::doubtful("not a random UUID");
        assert_eq!(random_uuid(b"C232AB00-9414-11EC-B3C8-9F6BDECED846"), doubtful);
        let random = random_uuid(b"919108f7-52d1-4320-9bac-f847db4148a8");
        assert_eq!(random, Verdict::confirmed("random UUID"));
        assert_eq!(random_uuid(b"017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), doubtful);
        assert_eq!(random_uuid(b"919108f7-52d1"), Verdict::doubtful("not a UUID"));
    }
}
