//! Settings of Spring Boot, whether they are written as properties or as YAML.
//!
//! The root has `entries`, a list of `name` (dotted, in the canonical form with dashes), `value`,
//! `assignment` (`name=value`), `profile` (of the part of the file, where it names one) and
//! `is-development`: whether that profile is one for development or tests.

use super::{
    Unreadable, lines,
    make::{assignment_of, field, flag, list, map, plain},
    node::{Node, Value},
    yaml::{self, Booleans},
};
use crate::finding::RepoPath;

/// Whether the path names settings of Spring.
pub fn is_one(path: &RepoPath) -> bool {
    let name = path.file_name();
    matches!(path.extension(), "properties" | "yml" | "yaml")
        && ["application", "bootstrap"]
            .iter()
            .any(|stem| name.strip_prefix(stem).is_some_and(|rest| rest.starts_with(['.', '-'])))
}

/// Reads settings in either form.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    let parts = match yaml::documents(text, Booleans::Core) {
        Ok(documents) if documents.roots.iter().all(is_settings) => {
            documents.roots.iter().map(flat).collect()
        }
        Err(error) if !text.lines().any(is_property) => return Err(error),
        Ok(_) | Err(_) => properties(text),
    };
    let entries = parts.into_iter().flat_map(entries).collect();
    let all = 0..text.len();
    Ok(map(vec![field("entries", list(entries, all.clone()))], all))
}

fn is_settings(root: &Node) -> bool {
    matches!(root.value, Value::Map(_) | Value::Null)
}

fn is_property(line: &str) -> bool {
    let name = line.split('=').next().unwrap_or_default();
    name.len() < line.len() && !name.contains([' ', ':', '#']) && !name.is_empty()
}

/// Names and values of one part of a file.
type Settings = Vec<(Node, Node)>;

fn properties(text: &str) -> Vec<Settings> {
    let root = lines::properties(text);
    let documents = root.get("documents").map(Node::elements).unwrap_or_default();
    let values = documents.iter().filter_map(|document| document.get("values"));
    values
        .map(|values| {
            let named = values.entries().iter();
            named.map(|(name, value)| (canonical(name, ""), value.clone())).collect()
        })
        .collect()
}

fn flat(root: &Node) -> Settings {
    let mut settings = Vec::new();
    flatten(root, "", &mut settings);
    settings
}

fn flatten(node: &Node, prefix: &str, settings: &mut Settings) {
    for (key, value) in node.entries() {
        let name = canonical(key, prefix);
        match &value.value {
            Value::Map(_) => {
                flatten(value, name.as_text().unwrap_or_default(), settings);
            }
            Value::List(elements) => {
                let texts: Vec<String> = elements.iter().filter_map(plain).collect();
                settings.push((name, Node::text(texts.join(","), value.at.clone())));
            }
            _ => settings.push((name, value.clone())),
        }
    }
}

/// A name with dashes: `includeStacktrace` and `include_stacktrace` are `include-stacktrace`.
fn canonical(key: &Node, prefix: &str) -> Node {
    let written = key.as_text().unwrap_or_default();
    let mut name = prefix.to_owned();
    if !name.is_empty() {
        name.push('.');
    }
    let mut before = '.';
    for character in written.chars() {
        if character.is_ascii_uppercase() && before.is_ascii_lowercase() {
            name.push('-');
        }
        name.push(if character == '_' { '-' } else { character.to_ascii_lowercase() });
        before = character;
    }
    Node::text(name, key.at.clone())
}

fn entries(settings: Settings) -> Vec<Node> {
    let profile = settings.iter().find(|(name, _)| {
        matches!(name.as_text(), Some("spring.config.activate.on-profile" | "spring.profiles"))
    });
    let profile = profile.map(|(_, value)| value.clone());
    let name = profile.as_ref().and_then(plain).unwrap_or_default();
    let is_development = is_for_development(&name);
    let entry = |(name, value): (Node, Node)| {
        let at = name.at.start..value.at.end.max(name.at.end);
        let mut fields = vec![
            field("assignment", assignment_of(&name, &value, &at)),
            field("is-development", flag(is_development, at.clone())),
            field("name", name),
            field("value", value),
        ];
        fields.extend(profile.clone().map(|profile| field("profile", profile)));
        map(fields, at.start.min(at.end)..at.end)
    };
    settings.into_iter().map(entry).collect()
}

/// `dev`, `test & cloud`, but not `!dev`.
fn is_for_development(profile: &str) -> bool {
    const WORDS: [&str; 8] =
        ["dev", "development", "local", "test", "testing", "it", "integration-test", "h2"];
    let words = profile.split(|c: char| c.is_whitespace() || "&|,()".contains(c));
    words.filter(|word| !word.is_empty()).any(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engines::document::make::dig;

    fn assignments(text: &str) -> Vec<(String, bool)> {
        let root = read(text).unwrap();
        let entries = root.get("entries").unwrap().elements().iter();
        entries
            .map(|entry| {
                let development = dig(entry, &["is-development"]).map(|node| &node.value);
                let text = entry.get("assignment").and_then(Node::as_text).unwrap();
                (text.to_owned(), development == Some(&Value::Bool(true)))
            })
            .collect()
    }

    #[test]
    fn both_forms_and_all_spellings_are_the_same() {
        for text in [
            "server.error.include-stacktrace=always\n",
            "server.error.includeStacktrace: always\n",
            "server:\n  error:\n    include_stacktrace: always\n",
            "server.error: { include-stacktrace: always }\n",
            "# c\nserver.error.include-stacktrace : always",
        ] {
            let found = assignments(text);
            assert_eq!(
                found,
                [("server.error.include-stacktrace=always".to_owned(), false)],
                "{text}"
            );
        }
    }

    #[test]
    fn parts_know_their_profile() {
        let yaml = "a: [x, y]\n---\nspring.config.activate.on-profile: dev\nb: 1\n---\nspring:\n  config.activate.on-profile: '!dev'\nc: 1\n";
        let found = assignments(yaml);
        assert_eq!(found[0], ("a=x,y".to_owned(), false));
        assert_eq!(found[2], ("b=1".to_owned(), true));
        assert_eq!(found[4], ("c=1".to_owned(), false));
        let properties = assignments("a=1\n#---\nspring.config.activate.on-profile=test\nb=1\n");
        assert_eq!(properties[2], ("b=1".to_owned(), true));
    }

    #[test]
    fn broken_yaml_is_not_read_as_properties() {
        assert!(read("a:\n  - b\n c: [\n").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-bA-B.=: \n#!\\-]{0,60}") {
            let _ = read(&text);
        }
    }
}
