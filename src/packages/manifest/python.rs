//! Manifests of Python: `pyproject.toml`, `Pipfile` and `requirements.in`.

use std::ops::Range;

use super::{Declared, Fault, Manifest, Scope, tables};
use crate::{
    finding::RepoPath,
    packages::{
        Ecosystem,
        lockfile::{
            python::{
                self,
                requirement::{self, Wanted},
            },
            requirements::{
                self,
                lines::{self, Line},
            },
        },
    },
    sources::toml::{Document, Value},
};

/// Reads a `pyproject.toml`: what PEP 621 and PEP 735 define, and the tables of Poetry, PDM and uv.
pub(super) fn read_project(text: &str) -> Result<Manifest, Fault> {
    let document = python::document(text)?;
    let mut dependencies = strings(text, &document);
    dependencies.extend(from_tables(text, &document, |path| match path {
        ["tool", "poetry", "dependencies", "python", ..] => None,
        ["tool", "poetry", "dependencies", ..] => Some((3, Scope::Runtime)),
        ["tool", "poetry", "dev-dependencies", ..] => Some((3, Scope::Development)),
        ["tool", "poetry", "group", _, "dependencies", ..] => Some((5, Scope::Development)),
        _ => None,
    }));
    dependencies.sort_by_key(|declared| declared.at.start);
    Ok(Manifest { ecosystem: Ecosystem::PyPi, dependencies })
}

/// Reads a `Pipfile`.
pub(super) fn read_pipfile(text: &str) -> Result<Manifest, Fault> {
    let document = python::document(text)?;
    let dependencies = from_tables(text, &document, |path| match path {
        ["packages", ..] => Some((1, Scope::Runtime)),
        ["dev-packages", ..] => Some((1, Scope::Development)),
        ["source" | "requires" | "scripts" | "pipenv" | "pipfile", ..] => None,
        // Categories of the project's own.
        [_, _, ..] => Some((1, Scope::Optional)),
        _ => None,
    });
    Ok(Manifest { ecosystem: Ecosystem::PyPi, dependencies })
}

/// Whether a path is that of a file that requirements are compiled from.
pub(super) fn is_requirements(path: &RepoPath) -> bool {
    let stem = path.file_name().strip_suffix(".in");
    stem.is_some_and(|stem| requirements::is_of_requirements(path, stem))
}

/// Reads a `requirements.in`.
pub(super) fn read_requirements(text: &str) -> Result<Manifest, Fault> {
    let mut dependencies = Vec::new();
    lines::each(text, |line| {
        let Line::Statement(statement) = line else { return Ok(()) };
        let written = requirements::before_options(&statement.text);
        if let Some((name, requirement)) = parts(written) {
            if dependencies.len() == python::MOST {
                return Err(Fault::new(statement.place(0), "too many requirements"));
            }
            let start = statement.text.len() - statement.text.trim_start().len();
            dependencies.push(Declared {
                name: written[name.clone()].to_owned(),
                requirement: written[requirement].to_owned(),
                scope: Scope::Runtime,
                at: statement.places(start..statement.text.len()),
                name_at: statement.places(name),
            });
        }
        Ok(())
    })?;
    Ok(Manifest { ecosystem: Ecosystem::PyPi, dependencies })
}

/// The name of a requirement (PEP 508), and what it asks for.
fn parts(text: &str) -> Option<(Range<usize>, Range<usize>)> {
    let read = requirement::parse(text)?;
    match read.wanted {
        Wanted::Url(url) => Some((read.name, url)),
        Wanted::Versions(versions) => {
            requirement::exact_version(&text[versions.clone()]).ok()?;
            Some((read.name, versions))
        }
    }
}

/// Dependencies that are written as lists of strings.
fn strings(text: &str, document: &Document<'_>) -> Vec<Declared> {
    let mut found = Vec::new();
    for table in &document.tables {
        for value in table.values.iter().filter(|value| value.is_string) {
            let mut path = table.name.iter().chain(value.key.iter()).map(|part| &**part);
            let path: [&str; 5] = std::array::from_fn(|_| path.next().unwrap_or_default());
            let scope = match path {
                ["project", "dependencies", "", ..] => Scope::Runtime,
                ["project", "optional-dependencies", _, "", _] => Scope::Optional,
                ["dependency-groups", _, "", ..]
                | ["tool", "uv", "dev-dependencies", "", _]
                | ["tool", "pdm", "dev-dependencies", _, ""] => Scope::Development,
                _ => continue,
            };
            found.extend(string(text, value, scope));
        }
    }
    found
}

fn string(text: &str, value: &Value<'_>, scope: Scope) -> Option<Declared> {
    let (name, requirement) = parts(&value.text)?;
    let written = &text[value.at.clone()];
    let quotes = if written.starts_with("\"\"\"") || written.starts_with("'''") { 3 } else { 1 };
    // No escape stands before the name of an honest requirement.
    let start = value.at.start + quotes;
    let name_at = start + name.start..start + name.end;
    let is_there = text.get(name_at.clone()) == Some(&value.text[name.clone()]);
    Some(Declared {
        name: value.text[name].to_owned(),
        requirement: value.text[requirement].to_owned(),
        scope,
        at: value.at.clone(),
        name_at: if is_there { name_at } else { value.at.clone() },
    })
}

/// Dependencies that are written as tables.
fn from_tables(
    text: &str,
    document: &Document<'_>,
    place: impl Fn(&[&str]) -> Option<(usize, Scope)>,
) -> Vec<Declared> {
    let mut found = Vec::new();
    for entry in tables::entries(text, document, place) {
        let mut requirement = "";
        let mut scope = entry.scope;
        for (field, value) in &entry.fields {
            match *field {
                "" | "version" if requirement.is_empty() => requirement = &value.text,
                "optional" if value.text == "true" => scope = scope.max(Scope::Optional),
                _ => {}
            }
        }
        found.push(Declared {
            name: entry.name.to_owned(),
            requirement: requirement.to_owned(),
            scope,
            at: entry.at,
            name_at: entry.name_at,
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<'t>(text: &'t str, read: &'t Manifest) -> Vec<(&'t str, &'t str, Scope)> {
        let name = |declared: &Declared| &text[declared.name_at.clone()];
        read.dependencies.iter().map(|d| (name(d), &*d.requirement, d.scope)).collect()
    }

    #[test]
    fn every_table_of_a_project_is_read() {
        let text = r#"[project]
dependencies = [
    "requests[socks]>=2.20.0; python_version >= \"3.8\"",
    'Own @ https://example.org/own.zip ; x',
]
[project.optional-dependencies]
fast = ["orjson"]
[dependency-groups]
dev = ["pytest>=8", { include-group = "docs" }]
[tool.uv]
dev-dependencies = ["ruff==0.8"]
[tool.pdm.dev-dependencies]
test = ["coverage"]
[tool.poetry.dependencies]
python = "^3.9"
django = { version = "^4", extras = ["argon2"], optional = true }
numpy = [{ version = "<2", python = "3.9" }, { version = ">=2" }]
[tool.poetry.group.dev.dependencies]
black = "*"
[tool.poetry.dev-dependencies.mypy]
version = "1"
"#;
        let read = read_project(text).unwrap();
        assert_eq!(
            shown(text, &read),
            [
                ("requests", ">=2.20.0", Scope::Runtime),
                ("Own", "https://example.org/own.zip", Scope::Runtime),
                ("orjson", "", Scope::Optional),
                ("pytest", ">=8", Scope::Development),
                ("ruff", "==0.8", Scope::Development),
                ("coverage", "", Scope::Development),
                ("django", "^4", Scope::Optional),
                ("numpy", "<2", Scope::Runtime),
                ("black", "*", Scope::Development),
                ("mypy", "1", Scope::Development),
            ]
        );
        assert_eq!(
            &text[read.dependencies[7].at.clone()],
            "numpy = [{ version = \"<2\", python = \"3.9\" }, { version = \">=2\" }]"
        );
    }

    #[test]
    fn every_category_of_a_pipfile_is_read() {
        let text = "[[source]]\nurl = \"https://pypi.org/simple\"\n[packages]\n\"ruamel.yaml\" = \"*\"\n\
            own = { path = \".\", editable = true }\n[dev-packages]\npytest = {version = \">=8\"}\n\
            [docs]\nsphinx = \"==7\"\n[requires]\npython_version = \"3.12\"\n";
        let read = read_pipfile(text).unwrap();
        assert_eq!(
            shown(text, &read),
            [
                ("ruamel.yaml", "*", Scope::Runtime),
                ("own", "", Scope::Runtime),
                ("pytest", ">=8", Scope::Development),
                ("sphinx", "==7", Scope::Optional),
            ]
        );
        assert_eq!(&text[read.dependencies[0].at.clone()], "\"ruamel.yaml\" = \"*\"");
    }

    #[test]
    fn requirements_to_be_compiled_are_read() {
        let text = "# x\n-r base.in\nDjango>=4,<5 \\\n  ; os_name == 'nt'\n-e .\nown @ https://example.org/own.zip\n";
        let read = read_requirements(text).unwrap();
        assert_eq!(
            shown(text, &read),
            [
                ("Django", ">=4,<5", Scope::Runtime),
                ("own", "https://example.org/own.zip", Scope::Runtime),
            ]
        );
        assert!(is_requirements(&RepoPath::new("requirements/dev.in")));
        assert!(!is_requirements(&RepoPath::new("MANIFEST.in")));
    }
}
