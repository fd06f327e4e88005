//! JSON, with comments and commas too many as in `tsconfig.json`, as a tree of values with places.

use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::{ObjectProp, ObjectPropName, Value as Json},
    common::Ranged as _,
    parse_to_ast,
};

use super::{
    Unreadable,
    node::{Node, Value},
};

const MARK: &str = "\u{feff}";

/// Reads a file; an empty one is null.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    let mark = if text.starts_with(MARK) { MARK.len() } else { 0 };
    let options = ParseOptions {
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        ..ParseOptions::default()
    };
    let parsed =
        parse_to_ast(&text[mark..], &CollectOptions::default(), &options).map_err(|error| {
            let end = (error.range().end + mark).min(text.len());
            let start = (error.range().start + mark).min(end);
            Unreadable::new(error.kind().to_string(), start..end)
        })?;
    let null = Node::new(Value::Null, 0..text.len());
    Ok(parsed.value.map_or(null, |value| lower(value, mark)))
}

fn lower(json: Json<'_>, mark: usize) -> Node {
    let range = json.range();
    let value = match json {
        Json::StringLit(text) => Value::Text(text.value.into_owned()),
        Json::NumberLit(number) => number
            .value
            .parse()
            .map_or_else(|_| Value::Text(number.value.to_owned()), Value::Number),
        Json::BooleanLit(literal) => Value::Bool(literal.value),
        Json::NullKeyword(_) => Value::Null,
        Json::Array(array) => {
            Value::List(array.elements.into_iter().map(|element| lower(element, mark)).collect())
        }
        Json::Object(object) => {
            Value::Map(object.properties.into_iter().map(|prop| entry(prop, mark)).collect())
        }
    };
    Node::new(value, range.start + mark..range.end + mark)
}

fn entry(property: ObjectProp<'_>, mark: usize) -> (Node, Node) {
    let range = property.name.range();
    let name = match property.name {
        ObjectPropName::String(text) => text.value.into_owned(),
        ObjectPropName::Word(word) => word.value.to_owned(),
    };
    (Node::text(name, range.start + mark..range.end + mark), lower(property.value, mark))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn comments_and_a_byte_order_mark_do_not_move_places() {
        let text = "\u{feff}{ // größe\n \"a\\u0062\": [1, true, null,], /* x */ \"s\": \"é\" }";
        let root = read(text).unwrap();
        assert_eq!(&text[root.get("s").unwrap().at.clone()], "\"é\"");
        assert_eq!(root.get("ab").unwrap().elements()[1].value, Value::Bool(true));
        assert_eq!(&text[root.key("ab").unwrap().at.clone()], "\"a\\u0062\"");
    }

    #[test]
    fn deep_and_broken_texts_are_refused_with_their_place() {
        assert!(read(&"[".repeat(100_000)).is_err());
        let text = "{\"a\": 1,\n \"b\" 2}";
        assert!(read(text).unwrap_err().at.start >= 9);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{}\",:a0-1 \n/*é\\\\u]{0,60}") {
            if let Ok(root) = read(&text) {
                prop_assert!(root.at.end <= text.len());
            }
        }
    }
}
