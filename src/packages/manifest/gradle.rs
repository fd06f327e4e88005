//! `build.gradle` and `build.gradle.kts`: coordinates that are written out.

use std::ops::Range;

use super::{Declared, Manifest, Scope, code};
use crate::packages::Ecosystem;

/// Configurations of the Java plugin and its relatives, in lower case; others end with one of these, as
/// `testImplementation`.
const CONFIGURATIONS: &[(&str, Scope)] = &[
    ("implementation", Scope::Runtime),
    ("api", Scope::Runtime),
    ("compile", Scope::Runtime),
    ("runtime", Scope::Runtime),
    ("runtimeonly", Scope::Runtime),
    ("compileonly", Scope::Development),
    ("compileonlyapi", Scope::Development),
    ("annotationprocessor", Scope::Development),
    ("classpath", Scope::Development),
    ("kapt", Scope::Development),
    ("ksp", Scope::Development),
];

/// Reads a `build.gradle`.
pub(super) fn read(text: &str) -> Manifest {
    let dependencies = code::lines(text).filter_map(|(at, line)| declared(text, at, line));
    Manifest { ecosystem: Ecosystem::Maven, dependencies: dependencies.collect() }
}

fn declared(text: &str, at: usize, line: &str) -> Option<Declared> {
    let end = line.find(|c: char| !c.is_alphanumeric())?;
    let scope = scope(&line[..end])?;
    // A call, not a block of that name.
    if line[end..].trim_start().starts_with(['{', '.', '=']) {
        return None;
    }
    let code = line.split(" //").next().unwrap_or(line).trim_end();
    let text = &text[..at + code.len()];
    let (name_at, name, requirement) =
        coordinates(text, at + end).or_else(|| named(text, at + end))?;
    Some(Declared { name, requirement, scope, at: at..text.len(), name_at })
}

fn scope(configuration: &str) -> Option<Scope> {
    let name = configuration.to_ascii_lowercase();
    let known = CONFIGURATIONS.iter().filter(|(known, _)| name.ends_with(known));
    let (known, scope) = known.max_by_key(|(known, _)| known.len())?;
    let is_word = |at: usize| at == 0 || configuration.as_bytes()[at].is_ascii_uppercase();
    let is_test = configuration.starts_with("test") || configuration.contains("Test");
    is_word(name.len() - known.len()).then_some(if is_test { Scope::Development } else { *scope })
}

type Coordinates = (Range<usize>, String, String);

/// `"group:artifact:version"`, the first string of the line.
fn coordinates(text: &str, at: usize) -> Option<Coordinates> {
    let start = at + text[at..].find(['"', '\''])?;
    let string = code::quoted(text, start)?;
    let mut parts = text[string.clone()].splitn(4, ':');
    let (group, artifact) = (parts.next()?, parts.next()?);
    let version = parts.next().unwrap_or_default().split('@').next().unwrap_or_default();
    let is_plain = |part: &str| !part.is_empty() && !part.contains(['$', ' ', '/']);
    let name = string.start..string.start + group.len() + 1 + artifact.len();
    (is_plain(group) && is_plain(artifact))
        .then(|| (name.clone(), text[name].to_owned(), version.to_owned()))
}

/// `group: "group", name: "artifact", version: "version"`, in Kotlin with `=`.
fn named(text: &str, at: usize) -> Option<Coordinates> {
    let argument = |key: &str| {
        let after = at + text[at..].find(key)? + key.len();
        let separator = code::after_blanks(text, after);
        let value = text[separator..].starts_with([':', '=']).then_some(separator + 1)?;
        code::quoted(text, code::after_blanks(text, value))
    };
    let (group, artifact) = (argument("group")?, argument("name")?);
    let version = argument("version").map_or("", |version| &text[version]);
    let name = format!("{}:{}", &text[group.clone()], &text[artifact.clone()]);
    let place = group.start.min(artifact.start)..group.end.max(artifact.end);
    Some((place, name, version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_read_with_their_configuration() {
        let text = "plugins { id 'java' version '1:2:3' }\ndependencies {\n    implementation 'org.a:b:1.0' // why\n\
            \x20   testImplementation(\"org.a:c:2@aar\")\n    // api 'no:no:1'\n    api platform(\"org.a:bom:3\")\n\
            \x20   compileOnly group: 'org.a', name: 'd', version: '4'\n    debugImplementation(project(\":e\"))\n\
            \x20   implementation libs.f\n    runtimeOnly('org.a:g')\n    kapt \"org.a:h:$version\"\n}\n";
        let read = read(text);
        let shown: Vec<_> = read
            .dependencies
            .iter()
            .map(|d| (&*d.name, &*d.requirement, d.scope, &text[d.name_at.clone()]))
            .collect();
        assert_eq!(
            shown,
            [
                ("org.a:b", "1.0", Scope::Runtime, "org.a:b"),
                ("org.a:c", "2", Scope::Development, "org.a:c"),
                ("org.a:bom", "3", Scope::Runtime, "org.a:bom"),
                ("org.a:d", "4", Scope::Development, "org.a', name: 'd"),
                ("org.a:g", "", Scope::Runtime, "org.a:g"),
                ("org.a:h", "$version", Scope::Development, "org.a:h"),
            ]
        );
        assert_eq!(&text[read.dependencies[0].at.clone()], "implementation 'org.a:b:1.0'");
    }
}
