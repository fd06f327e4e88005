//! The `data:` of Kubernetes secrets: names, and values that are base64.

use super::{Decoded, Form, View, base64};
use crate::engines::{
    document::{
        json,
        node::Node,
        yaml::{self, Booleans},
    },
    secret::generic::FileNature,
};

/// For each value of a secret that is text, a line with its name.
pub(super) fn views(bytes: &[u8], nature: FileNature, each: &mut dyn FnMut(View)) {
    if !says_secret(bytes) {
        return;
    }
    // What is no YAML, as a template, is looked at as it is.
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let roots = if text.trim_start().starts_with('{') {
        json::read(text).map(|root| vec![root])
    } else {
        yaml::documents(text, Booleans::Old).map(|documents| documents.roots)
    };
    for root in roots.iter().flatten() {
        let items = root.get("items").map(Node::elements).unwrap_or_default();
        for object in items.iter().chain([root]).filter(|object| is_secret(object)) {
            let data = object.get("data").map(Node::entries).unwrap_or_default();
            data.iter().filter_map(|entry| view(bytes, entry, nature)).for_each(&mut *each);
        }
    }
}

/// Whether `kind: Secret` stands somewhere, quoted or not: nothing else is worth reading as a document.
fn says_secret(bytes: &[u8]) -> bool {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b':');
    memchr::memmem::find_iter(bytes, "Secret").any(|at| {
        let after = bytes.get(at + "Secret".len());
        let name = bytes[..at].iter().rposition(|byte| !is_between(byte));
        !after.is_some_and(u8::is_ascii_alphanumeric)
            && name.is_some_and(|last| bytes[..=last].ends_with(b"kind"))
    })
}

fn is_secret(object: &Node) -> bool {
    object.get("kind").and_then(Node::as_text) == Some("Secret")
}

fn view(bytes: &[u8], (name, value): &(Node, Node), nature: FileNature) -> Option<View> {
    let decoded = base64::text_of(value.as_text()?)?;
    // An alias or a merge has brought the value from above its name.
    let between = name.at.end..value.at.start;
    let is_in_order = between.start <= between.end && value.at.end <= bytes.len();
    let mut text = Decoded::new(Form::Base64);
    if is_in_order {
        text.put(name.as_text()?.as_bytes(), name.at.clone());
        text.put(b": ", between);
    }
    text.put(&decoded, value.at.clone());
    text.put(b"\n", value.at.end..value.at.end);
    Some(View { text, nature: nature.of_settings(), with_names: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(String, String)> {
        let mut all = Vec::new();
        views(text.as_bytes(), FileNature::of("a.yaml"), &mut |view| {
            let end = view.text.bytes.len() - 1;
            let source = view.text.source(&(end - 1..end));
            all.push((String::from_utf8(view.text.bytes).unwrap(), text[source].to_owned()));
        });
        all
    }

    #[test]
    fn values_of_secrets_are_decoded_beside_their_names() {
        let text = "kind: Secret\ndata:\n  password: aHVudGVyMg==\n  key: //79\n---\nkind: ConfigMap\ndata: { a: aHVudGVyMg== }\n";
        assert_eq!(texts(text), [("password: hunter2\n".into(), "aHVudGVyMg==".into())]);
        let list = r#"{"kind": "List", "items": [{"kind": "Secret", "data": {"password": "aHVudGVyMg=="}}]}"#;
        assert_eq!(texts(list), [("password: hunter2\n".into(), "\"aHVudGVyMg==\"".into())]);
    }
}
