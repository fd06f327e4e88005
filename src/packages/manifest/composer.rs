//! `composer.json`.

use super::{Declared, Fault, Manifest, Scope, npm};
use crate::packages::{
    Ecosystem,
    lockfile::json::{Dialect, Reader},
};

/// Reads a `composer.json`. PHP itself and its extensions are no packages.
pub(super) fn read(text: &str) -> Result<Manifest, Fault> {
    let mut dependencies = Vec::new();
    Reader::read(text, Dialect::Plain, |reader, key| {
        let scope = match &*key.text {
            "require" => Scope::Runtime,
            "require-dev" => Scope::Development,
            _ => return Ok(()),
        };
        npm::read_dependencies(reader, |name, requirement| {
            if name.text.contains('/') {
                dependencies.push(Declared {
                    name: name.text.into_owned(),
                    requirement: requirement.text.into_owned(),
                    scope,
                    at: name.at.start - 1..requirement.at.end + 1,
                    name_at: name.at,
                });
            }
        })
    })?;
    Ok(Manifest { ecosystem: Ecosystem::Packagist, dependencies })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_and_platforms_are_not() {
        let text = r#"{"require": {"php": "^8.1", "ext-json": "*", "a/b": "^1"},
            "require-dev": {"c/d": "dev-main"}}"#;
        let read = read(text).unwrap();
        let shown: Vec<_> = read
            .dependencies
            .iter()
            .map(|d| (&text[d.at.clone()], &text[d.name_at.clone()], d.scope))
            .collect();
        assert_eq!(
            shown,
            [
                ("\"a/b\": \"^1\"", "a/b", Scope::Runtime),
                ("\"c/d\": \"dev-main\"", "c/d", Scope::Development),
            ]
        );
    }
}
