//! `package.json`, of npm, Yarn, pnpm and Bun.

use super::{Declared, Fault, Manifest, Scope};
use crate::packages::{
    Ecosystem,
    lockfile::json::{Dialect, Kind, Reader, Text},
};

/// Reads a `package.json`.
pub(super) fn read(text: &str) -> Result<Manifest, Fault> {
    let mut dependencies = Vec::new();
    Reader::read(text, Dialect::Plain, |reader, key| {
        let scope = match &*key.text {
            "dependencies" | "peerDependencies" => Scope::Runtime,
            "optionalDependencies" => Scope::Optional,
            "devDependencies" => Scope::Development,
            _ => return Ok(()),
        };
        read_dependencies(reader, |name, requirement| {
            dependencies.push(declared(name, requirement, scope));
        })
    })?;
    Ok(Manifest { ecosystem: Ecosystem::Npm, dependencies })
}

/// Calls `take` for each name and requirement of an object; what is none is passed over.
pub(super) fn read_dependencies<'a>(
    reader: &mut Reader<'a>,
    mut take: impl FnMut(Text<'a>, Text<'a>),
) -> Result<(), Fault> {
    if reader.kind() != Kind::Object {
        return Ok(());
    }
    reader.entries(|reader, name| {
        let requirement = reader.text_or_pass()?;
        if let Some(requirement) = requirement.filter(|_| !name.text.is_empty()) {
            take(name, requirement);
        }
        Ok(())
    })?;
    Ok(())
}

fn declared(name: Text<'_>, requirement: Text<'_>, scope: Scope) -> Declared {
    let at = name.at.start - 1..requirement.at.end + 1;
    // An alias: `"name": "npm:real-name@^1"`.
    if let Some(alias) = requirement.text.strip_prefix("npm:") {
        let end = alias.get(1..).and_then(|rest| rest.find('@')).map_or(alias.len(), |at| at + 1);
        let (real, rest) = alias.split_at(end);
        if !real.is_empty() {
            let start = requirement.at.start + "npm:".len();
            let is_plain = requirement.text.len() == requirement.at.len();
            return Declared {
                name: real.to_owned(),
                requirement: rest.trim_start_matches('@').to_owned(),
                scope,
                at,
                name_at: if is_plain { start..start + real.len() } else { requirement.at.clone() },
            };
        }
    }
    Declared {
        name: name.text.into_owned(),
        requirement: requirement.text.into_owned(),
        scope,
        at,
        name_at: name.at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_dependency_is_read_with_its_place() {
        let text = r#"{
  "name": "app",
  "dependencies": { "a": "^1.0.0", "alias": "npm:@scope/real@~2" },
  "devDependencies": { "b": "workspace:*" },
  "optionalDependencies": { "c": "git+https://example.org/c.git" },
  "peerDependencies": { "d": ">=1 <3" },
  "overrides": { "e": "1" }
}"#;
        let read = read(text).unwrap();
        let shown: Vec<_> = read
            .dependencies
            .iter()
            .map(|d| (&text[d.at.clone()], &text[d.name_at.clone()], &*d.requirement, d.scope))
            .collect();
        assert_eq!(
            shown,
            [
                ("\"a\": \"^1.0.0\"", "a", "^1.0.0", Scope::Runtime),
                ("\"alias\": \"npm:@scope/real@~2\"", "@scope/real", "~2", Scope::Runtime),
                ("\"b\": \"workspace:*\"", "b", "workspace:*", Scope::Development),
                (
                    "\"c\": \"git+https://example.org/c.git\"",
                    "c",
                    "git+https://example.org/c.git",
                    Scope::Optional
                ),
                ("\"d\": \">=1 <3\"", "d", ">=1 <3", Scope::Runtime),
            ]
        );
        assert_eq!(read.dependencies[1].name, "@scope/real");
    }
}
