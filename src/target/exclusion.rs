//! Routes that are not requested: those of `live.exclude`, and those that look like logout, payment or
//! mail.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Words of a path segment after which a request may end a session, cost money or write to someone.
const RISKY_WORDS: &[&str] = &["pay", "sms", "drop"];

/// Parts of a word that say the same, however the word goes on: `userlogout`, `sendmail`.
const RISKY_STEMS: &[&str] = &[
    "logout",
    "signout",
    "logoff",
    "signoff",
    "payment",
    "payout",
    "paynow",
    "checkout",
    "charge",
    "refund",
    "purchase",
    "transfer",
    "withdraw",
    "mail",
    "newsletter",
    "sendsms",
    "invite",
    "unsubscribe",
    "shutdown",
    "restart",
    "reboot",
    "delete",
    "destroy",
    "purge",
    "passwordreset",
    "pwreset",
];

/// A word that begins so does it; `presets` is another.
const RISKY_STARTS: &[&str] = &["reset"];

/// The same in two words.
const RISKY_PAIRS: &[(&str, &str)] =
    &[("log", "out"), ("sign", "out"), ("log", "off"), ("sign", "off"), ("check", "out")];

/// Which routes are kept away from.
#[derive(Debug, Clone, Default)]
pub struct Exclusions {
    excluded: GlobSet,
    listed: GlobSet,
}

impl Exclusions {
    /// `exclude` are never requested; `listed` are, although they look risky.
    pub fn new(exclude: &[String], listed: &[String]) -> Result<Self, String> {
        Ok(Self { excluded: globs(exclude)?, listed: globs(listed)? })
    }

    /// Why this path (with or without a query) is not requested, if it is not.
    ///
    /// Routes are written as the application knows them or as the origin does: `base` is the path of the
    /// application on the origin. It was named by the user, so its own words are no risk.
    pub fn reason(&self, base: &str, path: &str) -> Option<String> {
        let plain = plain_path(path);
        let route = route_under(base, &plain);
        let matches = |globs: &GlobSet| globs.is_match(&plain) || globs.is_match(route);
        if matches(&self.excluded) {
            return Some("excluded by `live.exclude`".to_owned());
        }
        if matches(&self.listed) {
            return None;
        }
        risky_word(route).map(|word| format!("looks like `{word}`, which could do harm"))
    }
}

/// The route of the application, if the plain path lies under its base; else the path.
fn route_under<'a>(base: &str, plain: &'a str) -> &'a str {
    let base = plain_path(base);
    match plain.strip_prefix(&base) {
        Some("") => "/",
        Some(route) if route.starts_with('/') => route,
        _ => plain,
    }
}

fn globs(patterns: &[String]) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        // One star may not stand for a whole tree of routes.
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .case_insensitive(true)
            .build()
            .map_err(|error| error.to_string())?;
        set.add(glob);
        if let Some(prefix) = pattern.strip_suffix("/**") {
            set.add(GlobBuilder::new(prefix).build().map_err(|error| error.to_string())?);
        }
    }
    set.build().map_err(|error| error.to_string())
}

/// The path as a server reads it: without query, decoded, dots and double slashes resolved.
fn plain_path(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut decoded = decode(path);
    if decoded.contains('%') {
        decoded = decode(&decoded);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in decoded.split(['/', '\\']) {
        // Matrix parameters (`;jsessionid=1`) are not part of a segment's name.
        match part.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn risky_word(path: &str) -> Option<&'static str> {
    path.split('/').find_map(|segment| {
        let words = words(segment);
        let single = words.iter().find_map(|word| risky_part(word));
        single.or_else(|| {
            words.windows(2).find_map(|pair| {
                RISKY_PAIRS
                    .iter()
                    .find(|(first, second)| pair[0] == *first && pair[1] == *second)
                    .map(|(first, _)| if *first == "check" { "checkout" } else { "logout" })
            })
        })
    })
}

/// What of a word is risky: all of it, or a part.
fn risky_part(word: &str) -> Option<&'static str> {
    let mut parts = RISKY_WORDS
        .iter()
        .filter(|risky| word == **risky)
        .chain(RISKY_STEMS.iter().filter(|stem| word.contains(**stem)))
        .chain(RISKY_STARTS.iter().filter(|start| word.starts_with(**start)));
    parts.next().copied()
}

/// `sendEmail` and `send-email` are the words `send` and `email`.
fn words(segment: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for character in segment.chars() {
        if !character.is_alphanumeric() || (after_lower && character.is_uppercase()) {
            words.push(String::new());
        }
        if character.is_alphanumeric() {
            let lower = character.to_lowercase();
            words.last_mut().expect("it begins with one word").extend(lower);
        }
        after_lower = character.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_that_look_like_logout_payment_or_mail_are_kept_away_from() {
        let exclusions = Exclusions::default();
        for path in [
            "/logout",
            "/api/LogOut",
            "/log%6fut",
            "/log%256fut",
            "//a/../sign-out;x=1?next=/",
            "/orders/1/pay",
            "/sendEmail",
            "/users/1/send_mail",
            "/admin/reset",
            "/sendmail",
            "/userlogout",
            "/resetpassword",
            "/payout",
            "/prepayments",
            "/orders/checkout2",
        ] {
            assert!(exclusions.reason("", path).is_some(), "{path}");
        }
        for path in ["/", "/products", "/blogs/out", "/repay-plans", "/presets", "/search?q=pay"] {
            assert_eq!(exclusions.reason("", path), None, "{path}");
        }
    }

    #[test]
    fn configured_globs_hold_for_every_spelling_of_a_path() {
        let exclude = ["/internal/**".to_owned(), "/api/news*".to_owned()];
        let exclusions = Exclusions::new(&exclude, &["/checkout".to_owned()]).unwrap();
        for path in
            ["/internal", "/internal/a/b", "/x/../internal/a", "/api/newsflash", "/API/News"]
        {
            assert!(exclusions.reason("", path).is_some(), "{path}");
        }
        assert_eq!(exclusions.reason("", "/api/news/1"), None);
        assert_eq!(exclusions.reason("", "/checkout"), None);
    }

    #[test]
    fn globs_hold_under_the_base_of_the_target() {
        let exclusions = Exclusions::new(&["/internal/**".to_owned()], &[]).unwrap();
        for path in ["/app/internal/a", "/app/./internal", "/%61pp/internal/a?b=1", "/internal/a"] {
            assert!(exclusions.reason("/app", path).is_some(), "{path}");
        }
        let whole = Exclusions::new(&["/app/internal/**".to_owned()], &[]).unwrap();
        assert!(whole.reason("/app", "/app/internal/a").is_some());
        assert_eq!(exclusions.reason("/app", "/application/internals"), None);
        assert_eq!(exclusions.reason("/mail", "/mail/items"), None);
        assert!(exclusions.reason("/mail", "/mail/send-mail").is_some());
        assert!(exclusions.reason("/", "/logout").is_some());
    }
}
