//! The request and the answer that show a live finding.

use std::collections::BTreeMap;

use serde_sarif::sarif::{WebRequest, WebResponse};

use super::place::content;
use crate::finding::{Evidence, Finding, Place};

/// The request and the answer of a live finding.
pub(super) fn exchange(finding: &Finding) -> Option<(WebRequest, WebResponse)> {
    let Place::Request { request: at, .. } = &finding.place else { return None };
    let asked = text(&finding.evidence, "request").map(request_parts).unwrap_or_default();
    let answered = text(&finding.evidence, "answer").map(answer_parts).unwrap_or_default();
    let mut request = WebRequest {
        method: Some(at.method.clone()),
        target: Some(at.url.clone()),
        protocol: Some("HTTP".to_owned()),
        ..WebRequest::default()
    };
    request.headers = asked.headers;
    request.body = asked.body.map(content);
    let mut response = WebResponse { protocol: Some("HTTP".to_owned()), ..WebResponse::default() };
    match at.status {
        0 => response.no_response_received = Some(true),
        status => response.status_code = Some(status.into()),
    }
    response.headers = answered.headers;
    response.body = answered.body.map(content);
    Some((request, response))
}

/// Headers and body of an HTTP message.
#[derive(Debug, Default, PartialEq)]
struct Parts {
    headers: Option<BTreeMap<String, String>>,
    body: Option<String>,
}

fn text<'a>(evidence: &'a [Evidence], label: &str) -> Option<&'a str> {
    let found = evidence.iter().find(|evidence| evidence.label == label);
    found.map(|evidence| evidence.text.as_str())
}

/// A request is shown as the command that sends it, or as the HTTP message itself.
fn request_parts(text: &str) -> Parts {
    if !text.starts_with("curl ") {
        return answer_parts(text);
    }
    let words = words(text);
    let given = words.windows(2).filter(|pair| pair[0] == "--header").map(|pair| pair[1].as_str());
    Parts { headers: headers(given), body: None }
}

/// An answer is shown as status, the headers that matter, an empty line, and what matters of the body;
/// or as one of these parts.
fn answer_parts(text: &str) -> Parts {
    let text = text.replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let first = head.lines().next().unwrap_or_default();
    let is_message = first.starts_with("HTTP ") || first.contains("HTTP/");
    if !is_message && header(first).is_none() {
        return Parts { headers: None, body: Some(text) };
    }
    Parts {
        headers: headers(head.lines().skip(usize::from(is_message))),
        body: (!body.is_empty()).then(|| body.to_owned()),
    }
}

/// The headers of lines; those of one name are joined (RFC 9110, section 5.2). Other lines are remarks.
fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> Option<BTreeMap<String, String>> {
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in lines.filter_map(header) {
        let known = headers.entry(name.to_owned()).or_default();
        let comma = if known.is_empty() { "" } else { ", " };
        known.push_str(comma);
        known.push_str(value);
    }
    (!headers.is_empty()).then_some(headers)
}

fn header(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (!name.is_empty() && name.bytes().all(is_name_byte)).then(|| (name, value.trim()))
}

/// The words of a command, as a shell takes them apart: quotes of both kinds, and the backslash outside.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        let is_end = quote.is_none() && character == ' ';
        if is_end {
            words.push(String::new());
            continue;
        }
        let word = words.last_mut().expect("it begins with one word");
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '\\') => word.extend(characters.next()),
            _ => word.push(character),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(headers: &[(&str, &str)], body: Option<&str>) -> Parts {
        let pairs = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let headers = (!headers.is_empty()).then(|| pairs.collect());
        Parts { headers, body: body.map(str::to_owned) }
    }

    #[test]
    fn a_command_gives_its_headers_and_no_body() {
        let command = "curl --silent --include --path-as-is --header 'origin: https://a.invalid' \
            --header \"authorization: Bearer $CREDENTIAL\" --header 'x-a: it'\\''s' 'http://h/a?b=c:d'";
        let expected = [
            ("authorization", "Bearer $CREDENTIAL"),
            ("origin", "https://a.invalid"),
            ("x-a", "it's"),
        ];
        assert_eq!(request_parts(command), parts(&expected, None));
        assert_eq!(request_parts("curl --silent 'http://h/'"), Parts::default());
    }

    #[test]
    fn an_answer_is_taken_apart_in_every_form_that_evidence_has() {
        let head = "HTTP 200\nvary: origin\nvary: accept\nx-frame-options is not set";
        assert_eq!(answer_parts(head), parts(&[("vary", "origin, accept")], None));
        let page = "HTTP 500\ncontent-type: text/html\n\n<h1>a: b</h1>\n\nrest";
        let body = Some("<h1>a: b</h1>\n\nrest");
        assert_eq!(answer_parts(page), parts(&[("content-type", "text/html")], body));
        assert_eq!(answer_parts("HTTP 204"), Parts::default());
        let cookie = "set-cookie: sid=…; path=/";
        assert_eq!(answer_parts(cookie), parts(&[("set-cookie", "sid=…; path=/")], None));
        assert_eq!(answer_parts("plain words"), parts(&[], Some("plain words")));
    }
}
