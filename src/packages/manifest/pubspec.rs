//! `pubspec.yaml`.

use super::{Declared, Fault, Manifest, Scope};
use crate::{
    engines::document::{
        node::{Node, Value},
        yaml::{self, Booleans},
    },
    packages::Ecosystem,
};

/// Reads a `pubspec.yaml`. What belongs to an SDK is no package of the registry.
pub(super) fn read(text: &str) -> Result<Manifest, Fault> {
    let documents = yaml::documents(text, Booleans::Core)
        .map_err(|error| Fault::new(error.at.start, error.message))?;
    let mut dependencies = Vec::new();
    for (key, table) in documents.roots.first().map_or(&[][..], Node::entries) {
        let scope = match key.as_text() {
            Some("dependencies" | "dependency_overrides") => Scope::Runtime,
            Some("dev_dependencies") => Scope::Development,
            _ => continue,
        };
        let entries = table.entries().iter();
        dependencies.extend(entries.filter_map(|(name, value)| declared(text, name, value, scope)));
    }
    Ok(Manifest { ecosystem: Ecosystem::Pub, dependencies })
}

fn declared(text: &str, name: &Node, value: &Node, scope: Scope) -> Option<Declared> {
    let version = match value.value {
        Value::Map(_) if value.get("sdk").is_some() => return None,
        Value::Map(_) => value.get("version"),
        Value::Null => None,
        _ => Some(value),
    };
    // A number is taken as it is written.
    let written = |node: &Node| text.get(node.at.clone()).unwrap_or_default().to_owned();
    let requirement =
        version.map(|node| node.as_text().map_or_else(|| written(node), str::to_owned));
    let (start, end) = (name.at.start, name.at.end.max(value.at.end));
    Some(Declared {
        name: name.as_text().filter(|name| !name.is_empty())?.to_owned(),
        requirement: requirement.unwrap_or_default(),
        scope,
        at: start..end,
        name_at: name.at.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_with_their_place() {
        let text = "name: app\ndependencies:\n  a: ^1.0.0\n  b:\n    hosted: https://example.org\n    version: \">=1 <2\"\n\
            \x20 c:\n    git: https://example.org/c\n  flutter:\n    sdk: flutter\n  d:\ndev_dependencies:\n  e: 1.0\n";
        let read = read(text).unwrap();
        let shown: Vec<_> = read
            .dependencies
            .iter()
            .map(|d| (&text[d.name_at.clone()], &*d.requirement, d.scope))
            .collect();
        assert_eq!(
            shown,
            [
                ("a", "^1.0.0", Scope::Runtime),
                ("b", ">=1 <2", Scope::Runtime),
                ("c", "", Scope::Runtime),
                ("d", "", Scope::Runtime),
                ("e", "1.0", Scope::Development),
            ]
        );
        assert_eq!(&text[read.dependencies[0].at.clone()], "a: ^1.0.0");
    }

    #[test]
    fn a_fault_has_its_place() {
        assert!(read("dependencies:\n  a: [\n").unwrap_err().at > 0);
    }
}
