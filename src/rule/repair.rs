//! How what a document rule finds is repaired, as data.
//!
//! This file is also compiled into the build script.

use std::fmt;

use serde::{Deserialize, Serialize, de, ser::SerializeMap};

/// Edits that repair a finding: all of them, or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Repair {
    /// What they do: one line, without full stop.
    pub title: String,
    /// The edits. If one can not be made, none is.
    pub edits: Vec<RepairEdit>,
}

/// One edit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RepairLine", into = "RepairLine")]
pub struct RepairEdit {
    /// Path from the subject to the field that is edited; empty means the subject itself.
    pub at: String,
    /// What is done there.
    pub action: Action,
}

/// The closed list of edits.
///
/// In texts `{name}` stands for the field `name` of the subject, `{{` and `}}` for braces.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// The field becomes this text.
    Replace(String),
    /// The text is put before the field.
    Before(String),
    /// The text is put after the field.
    After(String),
    /// The text becomes a line before that of the field, as far indented.
    LineBefore(String),
    /// The text becomes a line after the last one of the field, indented as its first one.
    LineAfter(String),
    /// Keys of a YAML map are added or changed.
    Set(Setting),
    /// The entry or element whose value the field is goes, with its lines.
    Remove,
}

/// A value that a repair writes into a YAML document.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// Values in order.
    List(Vec<Self>),
    /// Named values in order. One that is a map is merged into what stands there, any other one replaces it.
    Map(Vec<(String, Self)>),
}

/// A [`RepairEdit`] as it is written: a field and exactly one action.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct RepairLine {
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    replace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<Setting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remove: Option<bool>,
}

impl TryFrom<RepairLine> for RepairEdit {
    type Error = String;

    fn try_from(line: RepairLine) -> Result<Self, String> {
        let is_map = matches!(line.set, None | Some(Setting::Map(_)));
        let actions = [
            line.replace.map(Action::Replace),
            line.before.map(Action::Before),
            line.after.map(Action::After),
            line.line_before.map(Action::LineBefore),
            line.line_after.map(Action::LineAfter),
            line.set.map(Action::Set),
            line.remove.filter(|remove| *remove).map(|_| Action::Remove),
        ];
        let mut given = actions.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(action), None) if is_map => Ok(Self { at: line.at, action }),
            _ => Err("an edit needs exactly one of `replace`, `before`, `after`, `line-before`, \
                      `line-after`, `set` with a map, `remove: true`"
                .to_owned()),
        }
    }
}

impl From<RepairEdit> for RepairLine {
    fn from(edit: RepairEdit) -> Self {
        let mut line = Self { at: edit.at, ..Self::default() };
        match edit.action {
            Action::Replace(text) => line.replace = Some(text),
            Action::Before(text) => line.before = Some(text),
            Action::After(text) => line.after = Some(text),
            Action::LineBefore(text) => line.line_before = Some(text),
            Action::LineAfter(text) => line.line_after = Some(text),
            Action::Set(setting) => line.set = Some(setting),
            Action::Remove => line.remove = Some(true),
        }
        line
    }
}

impl Serialize for Setting {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => serializer.serialize_i64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(elements) => elements.serialize(serializer),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingVisitor)
    }
}

struct SettingVisitor;

impl<'de> de::Visitor<'de> for SettingVisitor {
    type Value = Setting;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, a whole number, a text, a list or a map")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Setting, E> {
        Ok(Setting::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Setting, E> {
        Ok(Setting::Number(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Setting, E> {
        i64::try_from(value).map(Setting::Number).map_err(E::custom)
    }

    fn visit_str<E>(self, value: &str) -> Result<Setting, E> {
        Ok(Setting::Text(value.to_owned()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Setting, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Setting::List(elements))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Setting, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Setting::Map(entries))
    }
}
