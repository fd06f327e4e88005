//! How a vendor is asked whether a credential lives: one harmless request, and what its answers mean.
//!
//! This file is also compiled into the build script. It only says what to send; nothing is sent here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Stands for the credential in what is sent.
pub const SECRET: &str = "{secret}";
/// Stands for the other half of the pair.
pub const PARTNER: &str = "{partner}";
/// The client sets these itself: they say where a request goes and where it ends.
const OWN_HEADERS: [&str; 4] = ["connection", "content-length", "host", "transfer-encoding"];

/// A read-only request, and what its answers mean. `{secret}` and `{partner}` stand for the two halves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Verify {
    /// POST only where the vendor has no GET and nothing changes.
    pub method: Method,
    /// `https`, with a fixed host; placeholders stand in the path and query only.
    pub url: String,
    /// Headers to send.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Name and password of HTTP's basic scheme, `name:password`, not encoded.
    #[serde(default)]
    pub basic: Option<String>,
    /// The body of a POST.
    #[serde(default)]
    pub body: Option<String>,
    /// What the answer to a credential that lives looks like.
    pub live: Signs,
    /// What the answer to one that does not looks like. Absent where a refusal can have another reason: the
    /// credential is of another region or of a server of one's own, or its other half is the wrong one.
    #[serde(default)]
    pub dead: Option<Signs>,
    /// Answers as the vendor's documentation shows them: the test of `live` and `dead`.
    pub answers: Vec<RecordedAnswer>,
}

/// The methods of requests that change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Reads, at vendors that have no other way.
    Post,
}

/// What an answer looks like. All that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Signs {
    /// The status is one of these.
    pub status: Vec<u16>,
    /// The body matches this regular expression.
    #[serde(default)]
    pub body: Option<String>,
}

/// Whether a credential lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Life {
    /// The vendor takes it.
    Live,
    /// The vendor refuses it.
    Dead,
    /// The answer does not tell.
    Unknown,
}

impl Life {
    /// The word in rules and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }
}

/// An answer of the vendor, and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RecordedAnswer {
    /// The status.
    pub status: u16,
    /// The body, shortened.
    #[serde(default)]
    pub body: String,
    /// What it means.
    pub means: Life,
}

impl Verify {
    /// What an answer means; one that shows the signs of both, or of neither, does not tell.
    pub fn judge(&self, status: u16, body: &str) -> Life {
        let is_dead = self.dead.as_ref().is_some_and(|dead| dead.are_shown_by(status, body));
        match (self.live.are_shown_by(status, body), is_dead) {
            (true, false) => Life::Live,
            (false, true) => Life::Dead,
            _ => Life::Unknown,
        }
    }

    /// The vendor's host.
    pub fn host(&self) -> &str {
        let rest = self.url.strip_prefix("https://").unwrap_or_default();
        rest.split(['/', '?']).next().unwrap_or_default()
    }

    /// Whether the other half of the pair is sent.
    pub fn sends_partner(&self) -> bool {
        self.texts().any(|text| text.contains(PARTNER))
    }

    /// The value of a header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Says what is wrong, if anything is. `is_pair` tells whether the rule has a `partner`.
    pub fn check(&self, is_pair: bool) -> Result<(), String> {
        self.check_url()?;
        self.check_headers()?;
        if self.body.is_some() && self.method == Method::Get {
            return Err("`verify.body` is sent with POST only".to_owned());
        }
        if self.body.is_some() && self.header("content-type").is_none() {
            return Err("`verify.body` needs a `Content-Type` header".to_owned());
        }
        if !self.texts().any(|text| text.contains(SECRET)) {
            return Err(format!("`verify:` sends no `{SECRET}`"));
        }
        if !is_pair && self.sends_partner() {
            return Err(format!("`verify:` sends `{PARTNER}`, and the rule has no `partner`"));
        }
        self.live.check("live")?;
        if let Some(dead) = &self.dead {
            if self.sends_partner() {
                return Err(format!("`verify.dead`: the vendor may refuse the `{PARTNER}` alone"));
            }
            dead.check("dead")?;
        }
        self.check_answers()
    }

    /// Everything that is sent.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let headers = self.headers.values().map(String::as_str);
        let more = [self.basic.as_deref(), self.body.as_deref()].into_iter().flatten();
        std::iter::once(self.url.as_str()).chain(headers).chain(more)
    }

    fn check_url(&self) -> Result<(), String> {
        let Some(rest) = self.url.strip_prefix("https://") else {
            return Err("`verify.url` must begin with `https://`".to_owned());
        };
        let host = self.host();
        if !is_host(host) {
            return Err(format!(
                "`verify.url` needs a fixed host name, without port and placeholders, not `{host}`"
            ));
        }
        let fixed = rest.replace(SECRET, "").replace(PARTNER, "");
        if fixed.bytes().any(|byte| !byte.is_ascii_graphic() || b"{}#\"<>\\".contains(&byte)) {
            return Err(format!(
                "`verify.url` must be a URL whose only placeholders are `{SECRET}` and `{PARTNER}`"
            ));
        }
        Ok(())
    }

    fn check_headers(&self) -> Result<(), String> {
        let is_name = |name: &str| {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            !name.is_empty() && name.bytes().all(is_part)
        };
        for (name, value) in &self.headers {
            if !is_name(name) || OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
                return Err(format!("`verify.headers` can not set `{name}`"));
            }
            if !value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
                return Err(format!("`verify.headers.{name}` must be one line of ASCII"));
            }
            if self.basic.is_some() && name.eq_ignore_ascii_case("authorization") {
                return Err("`verify:` has `basic` or an `Authorization` header, not both".into());
            }
        }
        match &self.basic {
            Some(basic) if !basic.contains(':') => {
                Err("`verify.basic` must be `name:password`".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn check_answers(&self) -> Result<(), String> {
        let refused = if self.dead.is_some() { Life::Dead } else { Life::Unknown };
        for means in [Life::Live, refused] {
            if !self.answers.iter().any(|answer| answer.means == means) {
                return Err(format!("`verify.answers` needs one that means `{}`", means.name()));
            }
        }
        for answer in &self.answers {
            let judged = self.judge(answer.status, &answer.body);
            if judged != answer.means {
                return Err(format!(
                    "`verify.answers`: the one of status {} means {:?} and is taken for {judged:?}",
                    answer.status, answer.means
                ));
            }
        }
        Ok(())
    }
}

impl Signs {
    fn are_shown_by(&self, status: u16, body: &str) -> bool {
        let matches = |pattern: &str| regex::Regex::new(pattern).is_ok_and(|it| it.is_match(body));
        self.status.contains(&status) && self.body.as_deref().is_none_or(matches)
    }

    fn check(&self, name: &str) -> Result<(), String> {
        if self.status.is_empty() || !self.status.iter().all(|status| (200..600).contains(status)) {
            return Err(format!("`verify.{name}.status` needs numbers from 200 to 599"));
        }
        match self.body.as_deref().map(regex::Regex::new) {
            Some(Err(error)) => Err(format!("`verify.{name}.body` can not be used: {error}")),
            _ => Ok(()),
        }
    }
}

/// A DNS name of several labels: no address, no port, no user.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.bytes().all(is_part)
    };
    let (name, top) = host.rsplit_once('.').unwrap_or_default();
    name.split('.').all(is_label)
        && is_label(top)
        && top.bytes().any(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify() -> Verify {
        let signs = |status| Signs { status: vec![status], body: None };
        let answer = |status, means| RecordedAnswer { status, body: String::new(), means };
        Verify {
            method: Method::Get,
            url: "https://api.vendor.example/v1/me".to_owned(),
            headers: [("Authorization".to_owned(), "Bearer {secret}".to_owned())].into(),
            basic: None,
            body: None,
            live: signs(200),
            dead: Some(signs(401)),
            answers: vec![answer(200, Life::Live), answer(401, Life::Dead)],
        }
    }

    fn fault(change: impl FnOnce(&mut Verify)) -> String {
        let mut verify = verify();
        change(&mut verify);
        verify.check(false).unwrap_err()
    }

    #[test]
    fn a_request_with_a_fixed_host_can_be_used() {
        assert_eq!(verify().check(false), Ok(()));
    }

    #[test]
    fn the_host_is_fixed_and_reached_by_https() {
        for url in [
            "http://api.vendor.example/",
            "https://{secret}.vendor.example/",
            "https://{partner}/",
            "https://a@api.vendor.example/",
            "https://api.vendor.example:8443/",
            "https://127.0.0.1/",
            "https://localhost/",
            "https://api.vendor.example/{tenant}",
            "https://api.vendor.example#/me",
            "https://api.vendor.example\\@other.example/",
        ] {
            let fault = fault(|verify| verify.url = url.to_owned());
            assert!(fault.starts_with("`verify.url` "), "{url}: {fault}");
        }
    }

    #[test]
    fn a_placeholder_may_stand_in_the_path() {
        let mut verify = verify();
        verify.url = "https://api.vendor.example/bot{secret}/me?of={partner}".to_owned();
        (verify.dead, verify.answers[1].means) = (None, Life::Unknown);
        assert_eq!(verify.check(true), Ok(()));
        assert!(verify.check(false).unwrap_err().contains("has no `partner`"));
    }

    #[test]
    fn where_a_request_goes_is_no_matter_of_headers() {
        let fault =
            fault(|verify| drop(verify.headers.insert("Host".to_owned(), "a.example".to_owned())));
        assert_eq!(fault, "`verify.headers` can not set `Host`");
    }

    #[test]
    fn a_request_without_the_secret_tells_nothing() {
        let fault = fault(|verify| verify.headers.clear());
        assert_eq!(fault, "`verify:` sends no `{secret}`");
    }

    #[test]
    fn a_body_goes_with_post_only() {
        let fault = fault(|verify| verify.body = Some("{secret}".to_owned()));
        assert_eq!(fault, "`verify.body` is sent with POST only");
    }

    #[test]
    fn a_body_says_what_it_is() {
        let fault = fault(|verify| {
            verify.method = Method::Post;
            verify.body = Some("token={secret}".to_owned());
        });
        assert_eq!(fault, "`verify.body` needs a `Content-Type` header");
    }

    #[test]
    fn both_kinds_of_answers_are_recorded() {
        let fault = fault(|verify| verify.answers.truncate(1));
        assert!(fault.contains("one that means `dead`"), "{fault}");
    }

    #[test]
    fn a_refused_pair_is_not_dead() {
        let basic = Some("{partner}:{secret}".to_owned());
        let verify = Verify { headers: BTreeMap::new(), basic, ..verify() };
        let fault = verify.check(true).unwrap_err();
        assert_eq!(fault, "`verify.dead`: the vendor may refuse the `{partner}` alone");
    }

    #[test]
    fn a_recorded_answer_is_judged_as_what_it_means() {
        let fault = fault(|verify| {
            verify.dead = Some(Signs { status: vec![401], body: Some("revoked".to_owned()) });
        });
        assert_eq!(
            fault,
            "`verify.answers`: the one of status 401 means Dead and is taken for Unknown"
        );
    }
}
