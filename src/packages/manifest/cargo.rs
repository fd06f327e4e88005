//! `Cargo.toml`, of packages and of workspaces.

use super::{Declared, Fault, Manifest, Scope, tables};
use crate::packages::{Ecosystem, lockfile::python};

/// Reads a `Cargo.toml`.
pub(super) fn read(text: &str) -> Result<Manifest, Fault> {
    let document = python::document(text)?;
    let entries = tables::entries(text, &document, |path| match path {
        ["workspace", "dependencies", ..] => Some((2, Scope::Runtime)),
        ["target", _, kind, ..] => scope(kind).map(|scope| (3, scope)),
        [kind, ..] => scope(kind).map(|scope| (1, scope)),
        [] => None,
    });
    let mut dependencies = Vec::new();
    for entry in entries {
        let mut declared = Declared {
            name: entry.name.to_owned(),
            requirement: String::new(),
            scope: entry.scope,
            at: entry.at,
            name_at: entry.name_at,
        };
        for (field, value) in entry.fields {
            match field {
                "" | "version" if value.is_string => declared.requirement = value.text.to_string(),
                "package" if value.is_string && !value.text.is_empty() => {
                    declared.name = value.text.to_string();
                    declared.name_at = python::inside_quotes(value);
                }
                "optional" if value.text == "true" => {
                    declared.scope = declared.scope.max(Scope::Optional);
                }
                _ => {}
            }
        }
        dependencies.push(declared);
    }
    Ok(Manifest { ecosystem: Ecosystem::CratesIo, dependencies })
}

fn scope(table: &str) -> Option<Scope> {
    match table {
        "dependencies" => Some(Scope::Runtime),
        "dev-dependencies" | "dev_dependencies" | "build-dependencies" | "build_dependencies" => {
            Some(Scope::Development)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"[package]
name = "app"

[features]
serde = ["dep:serde"]

[dependencies]
# serde = "0"
serde = { version = "1.0", features = [
    "derive", # all of it
], optional = true }
"serde_json" = "1"
version = { version = "2" } # a crate of this name
short = { package = "a-long-name", version = "3" }
dotted.version = "4"
dotted.features = ["x"]
shared.workspace = true

[dev-dependencies.proptest]
default-features = false
version = "1"

[target.'cfg(unix)'.build-dependencies]
cc = "1"

[target."cfg(a = \"b\")".dependencies.libc] # for libc
version = "0.2"

[workspace.dependencies]
inner = { path = "inner" }

[patch.crates-io]
other = { path = "other" }
"#;

    #[test]
    fn every_kind_of_dependency_is_read() {
        let read = read(TEXT).unwrap();
        let shown: Vec<_> =
            read.dependencies.iter().map(|d| (&*d.name, &*d.requirement, d.scope)).collect();
        assert_eq!(
            shown,
            [
                ("serde", "1.0", Scope::Optional),
                ("serde_json", "1", Scope::Runtime),
                ("version", "2", Scope::Runtime),
                ("a-long-name", "3", Scope::Runtime),
                ("dotted", "4", Scope::Runtime),
                ("shared", "", Scope::Runtime),
                ("proptest", "1", Scope::Development),
                ("cc", "1", Scope::Development),
                ("libc", "0.2", Scope::Runtime),
                ("inner", "", Scope::Runtime),
            ]
        );
    }

    #[test]
    fn places_are_those_of_the_entry_and_of_the_name() {
        let read = read(TEXT).unwrap();
        let shown: Vec<_> = read
            .dependencies
            .iter()
            .map(|d| (&TEXT[d.at.clone()], &TEXT[d.name_at.clone()]))
            .collect();
        assert_eq!(
            shown[0].0,
            "serde = { version = \"1.0\", features = [\n    \"derive\", # all of it\n], optional = true }"
        );
        assert_eq!(shown[1], ("\"serde_json\" = \"1\"", "serde_json"));
        assert_eq!(shown[2], ("version = { version = \"2\" }", "version"));
        assert_eq!(shown[3].1, "a-long-name");
        assert_eq!(shown[4].0, "dotted.version = \"4\"\ndotted.features = [\"x\"]");
        assert!(shown[6].0.starts_with("[dev-dependencies.proptest]"));
        assert_eq!(shown[6].1, "proptest");
        assert_eq!(
            (shown[8].1, read.dependencies[8].name_at.start),
            ("libc", TEXT.find("libc").unwrap())
        );
    }

    #[test]
    fn a_fault_has_its_place() {
        assert!(read("[dependencies]\na = \n").unwrap_err().at >= 15);
    }
}
