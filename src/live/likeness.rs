//! Whether two answers say the same, whatever numbers, times and tokens they hold.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::target::Exchange;

/// Share of common words from which two texts are alike.
const ALIKE: f64 = 0.9;
/// Longest run of letters that may be a word and not a token.
const LONGEST_WORD: usize = 24;
/// Bytes of a body that are compared.
const COMPARED: usize = 64 * 1024;

/// Whether two answers have the same status, kind and content.
pub fn are_alike(one: &Exchange, other: &Exchange) -> bool {
    one.status == other.status
        && one.media_type() == other.media_type()
        && is_same_location(one, other)
        && have_like_bodies(one, other)
}

/// Whether two answers have the same content, whatever their status.
pub(super) fn have_like_bodies(one: &Exchange, other: &Exchange) -> bool {
    if one.body == other.body {
        return true;
    }
    match (json(one), json(other)) {
        (Some(one), Some(other)) => overlap(&structure(&one), &structure(&other)) >= ALIKE,
        (None, None) => overlap(&words(one), &words(other)) >= ALIKE,
        _ => false,
    }
}

/// Whether the answer says something: more than white space, an empty list or null.
pub fn has_substance(answer: &Exchange) -> bool {
    match json(answer) {
        Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(fields)) => fields.values().any(is_filled),
        Some(_) => true,
        None => !answer.text().trim().is_empty(),
    }
}

/// Whether the answer asks the visitor to log in.
pub fn is_login_page(answer: &Exchange) -> bool {
    if (300..400).contains(&answer.status) {
        let location = answer.header("location").unwrap_or_default().to_ascii_lowercase();
        return ["login", "signin", "sign-in", "sign_in", "auth"]
            .iter()
            .any(|word| location.contains(word));
    }
    answer.is_html() && {
        let text = answer.text().to_ascii_lowercase();
        text.contains("type=\"password\"") || text.contains("type='password'")
    }
}

/// The JSON of an answer, if it is JSON.
pub fn json(answer: &Exchange) -> Option<Value> {
    let text = std::str::from_utf8(&answer.body).ok()?.trim_start();
    if text.starts_with(['{', '[']) || answer.media_type().ends_with("json") {
        serde_json::from_str(text).ok()
    } else {
        None
    }
}

/// What a value is made of, without its content: `{"id": number, "email": text}`.
pub fn sketch(value: &Value, depth: usize) -> String {
    const MOST_FIELDS: usize = 12;
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "boolean".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "text".to_owned(),
        Value::Array(_) | Value::Object(_) if depth == 0 => "…".to_owned(),
        Value::Array(items) => match items.first() {
            Some(first) => format!("[{} × {}]", items.len(), sketch(first, depth - 1)),
            None => "[]".to_owned(),
        },
        Value::Object(fields) => {
            let shown = fields.iter().take(MOST_FIELDS);
            let mut parts: Vec<String> = shown
                .map(|(name, value)| format!("\"{name}\": {}", sketch(value, depth - 1)))
                .collect();
            if fields.len() > MOST_FIELDS {
                parts.push("…".to_owned());
            }
            format!("{{{}}}", parts.join(", "))
        }
    }
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn is_same_location(one: &Exchange, other: &Exchange) -> bool {
    let path = |answer: &Exchange| {
        let location = answer.header("location").unwrap_or_default().to_owned();
        location.split(['?', '#']).next().unwrap_or_default().to_owned()
    };
    path(one) == path(other)
}

/// Words of a text; numbers and what looks like a token are left out.
fn words(answer: &Exchange) -> BTreeSet<String> {
    let body = &answer.body[..answer.body.len().min(COMPARED)];
    let text = String::from_utf8_lossy(body);
    text.split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty() && word.len() <= LONGEST_WORD)
        .filter(|word| !word.chars().any(|character| character.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

/// The paths of a JSON value, lists folded into one, with short words and what is no number beside them.
fn structure(value: &Value) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    collect(value, "", 0, &mut paths);
    paths
}

fn collect(value: &Value, path: &str, depth: usize, paths: &mut BTreeSet<String>) {
    const DEEPEST: usize = 12;
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(value, &format!("{path}.{name}"), depth + 1, paths);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect(item, &format!("{path}[]"), depth + 1, paths);
            }
        }
        Value::String(text) if is_plain(text) => drop(paths.insert(format!("{path}={text}"))),
        Value::Bool(flag) => drop(paths.insert(format!("{path}={flag}"))),
        Value::Null | Value::Number(_) | Value::String(_) => drop(paths.insert(path.to_owned())),
    }
}

fn is_plain(text: &str) -> bool {
    text.len() <= 80 && !text.chars().any(|character| character.is_ascii_digit())
}

#[expect(clippy::cast_precision_loss, reason = "an answer has few words")]
fn overlap(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let all = one.union(other).count();
    if all == 0 { 1.0 } else { one.intersection(other).count() as f64 / all as f64 }
}
