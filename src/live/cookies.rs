//! Flags of session cookies. A cookie that holds a preference needs none of them.

use std::collections::BTreeMap;

use super::{
    audit::{Audit, Sighting},
    notes::Notes,
};
use crate::{
    finding::Secret,
    rule::Rule,
    target::{Exchange, Scheme},
};

/// Words in the names of cookies that carry a session.
const SESSION_WORDS: &[&str] = &[
    "sess",
    "sid",
    "auth",
    "token",
    "jwt",
    "login",
    "remember",
    "identity",
    "user",
    "account",
    "jsessionid",
    "phpsessid",
    "asp.net",
];
/// Cookies of these names are read by scripts on purpose: the double-submit defence needs that.
const NOT_SESSION: &[&str] = &["csrf", "xsrf", "antiforgery"];
/// Least bytes and bits of a value that nobody may guess.
const LEAST_LENGTH: usize = 16;
const LEAST_BITS: f64 = 48.0;

/// The flag that a rule asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    Secure,
    HttpOnly,
    SameSite,
}

impl Flag {
    const fn name(self) -> &'static str {
        match self {
            Self::Secure => "secure",
            Self::HttpOnly => "httponly",
            Self::SameSite => "samesite",
        }
    }
}

/// One `Set-Cookie` line, taken apart. The value is not kept.
struct Cookie<'a> {
    name: &'a str,
    attributes: Vec<(String, String)>,
}

/// Looks at every session cookie that an answer of the survey, or of the login, has set.
pub(super) fn look(audit: &Audit<'_>, rule: &Rule, flag: Flag) -> Notes {
    let is_https = audit.session.client.target().origin().scheme == Scheme::Https;
    if flag == Flag::Secure && !is_https && !audit.session.request.is_tls_upstream {
        return Notes::nothing("over plain HTTP no cookie can be `Secure`");
    }
    let login_route = audit.session.request.login.as_ref().map(|login| login.path.as_str());
    let from_login = audit.survey.signed_in.as_ref().zip(login_route);
    let baselines = audit.survey.baselines.iter();
    let answers = baselines
        .map(|baseline| (&baseline.answer, baseline.operation.route.as_str()))
        .chain(from_login);
    let mut seen = BTreeMap::new();
    for (answer, route) in answers {
        for cookie in answer.header_values("set-cookie").filter_map(session_cookie) {
            seen.entry(cookie.name.to_owned()).or_insert((cookie, answer, route));
        }
    }
    let mut notes = Notes::default();
    for (cookie, answer, route) in seen.values() {
        notes.looked_at += 1;
        if cookie.lacks(flag) {
            let sighting = sighting(rule, cookie, answer, route);
            notes.findings.push(audit.finding(sighting));
        }
    }
    if seen.is_empty() { Notes::nothing("no answer sets a session cookie") } else { notes }
}

fn sighting<'r>(
    rule: &'r Rule,
    cookie: &Cookie<'_>,
    answer: &Exchange,
    route: &str,
) -> Sighting<'r> {
    let attributes: Vec<String> = cookie
        .attributes
        .iter()
        .map(
            |(name, value)| if value.is_empty() { name.clone() } else { format!("{name}={value}") },
        )
        .collect();
    let shown = format!("set-cookie: {}=…; {}", cookie.name, attributes.join("; "));
    Sighting::new(rule, answer, route, format!("{}: `{}`", rule.title, cookie.name))
        .parameter(cookie.name)
        .proof("answer", shown.trim_end_matches([';', ' ']).to_owned())
}

impl Cookie<'_> {
    fn lacks(&self, flag: Flag) -> bool {
        let values = self.attributes.iter().filter(|(name, _)| name == flag.name());
        match flag {
            Flag::Secure | Flag::HttpOnly => values.count() == 0,
            // `None` is as good as nothing, and anything else is read as Lax.
            Flag::SameSite => {
                !values.into_iter().any(|(_, value)| !value.eq_ignore_ascii_case("none"))
            }
        }
    }
}

/// The cookie of a `Set-Cookie` line, if it carries a session: by its name, and by a value that nobody can
/// guess.
fn session_cookie(line: &str) -> Option<Cookie<'_>> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim().trim_matches('"'));
    let lower = name.to_ascii_lowercase();
    let is_named_so = SESSION_WORDS.iter().any(|word| lower.contains(word))
        && !NOT_SESSION.iter().any(|word| lower.contains(word));
    let is_random =
        value.len() >= LEAST_LENGTH && Secret::new(value.as_bytes()).entropy() >= LEAST_BITS;
    if !is_named_so || !is_random {
        return None;
    }
    let attribute = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (name.trim().to_ascii_lowercase(), value.trim().to_owned())
    };
    Some(Cookie { name, attributes: parts.map(attribute).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_and_csrf_tokens_are_no_session_cookies() {
        for line in [
            "theme=dark; Path=/",
            "csrftoken=8kQ2mZp7Vb1Xc9Rt4Ys6; Path=/",
            "session=; Max-Age=0",
            "sid=1; Path=/",
            "nonsense",
        ] {
            assert!(session_cookie(line).is_none(), "{line}");
        }
    }

    #[test]
    fn same_site_none_is_as_good_as_nothing() {
        let cookie = session_cookie("sid=8kQ2mZp7Vb1Xc9Rt4Ys6; HttpOnly; SameSite=None").unwrap();
        assert!(cookie.lacks(Flag::SameSite) && cookie.lacks(Flag::Secure));
        assert!(!cookie.lacks(Flag::HttpOnly));
        let cookie = session_cookie("sid=8kQ2mZp7Vb1Xc9Rt4Ys6; samesite=lax; SECURE").unwrap();
        assert!(!cookie.lacks(Flag::SameSite) && !cookie.lacks(Flag::Secure));
    }
}
