//! What a project calls itself in its manifest.

use crate::{
    packages::lockfile::{
        json::{Dialect, Reader},
        python,
    },
    sources::SourceFile,
};

/// The name of the project that a `Cargo.toml`, `package.json` or `pyproject.toml` is of. None where it has none,
/// where other manifests would say it, and where the file can not be read.
pub fn name(file: &SourceFile) -> Option<String> {
    let name = match file.path().file_name() {
        "Cargo.toml" => in_toml(file.text(), &[&["package"]]),
        "pyproject.toml" => in_toml(file.text(), &[&["project"], &["tool", "poetry"]]),
        "package.json" => in_json(file.text()),
        _ => None,
    };
    name.filter(|name| !name.is_empty())
}

/// The value of `name` in the first of these tables that has one.
fn in_toml(text: &str, tables: &[&[&str]]) -> Option<String> {
    let document = python::document(text).ok()?;
    let mut named = tables.iter().flat_map(|table| document.named(table));
    let name = named.find_map(|table| table.get("name"))?;
    name.is_string.then(|| name.text.to_string())
}

fn in_json(text: &str) -> Option<String> {
    let mut name = None;
    let read = Reader::read(text, Dialect::Plain, |reader, key| {
        if key.text == "name" {
            name = reader.text_or_pass()?.map(|name| name.text.into_owned());
        }
        Ok(())
    });
    read.ok().and(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::RepoPath;

    #[test]
    fn a_project_is_called_as_its_manifest_says() {
        let of = |path: &str, text: &str| {
            name(&SourceFile::new(RepoPath::new(path), text.as_bytes().to_vec()))
        };
        let app = Some("app".to_owned());
        assert_eq!(of("a/Cargo.toml", "[package]\nname = \"app\"\n[lib]\nname = \"x\"\n"), app);
        assert_eq!(of("pyproject.toml", "[tool.poetry]\nname = \"app\"\n"), app);
        assert_eq!(of("package.json", r#"{"scripts": {"name": "x"}, "name": "app"}"#), app);
        for (path, text) in [
            ("Cargo.toml", "[workspace]\nmembers = []\n"),
            ("Cargo.toml", "[package]\nname.workspace = true\n"),
            ("package.json", "{\"name\": 1}"),
            ("package.json", "{\"name\": \"app\", "),
            ("Gemfile", "name = \"app\""),
        ] {
            assert_eq!(of(path, text), None, "{path}: {text}");
        }
    }
}
