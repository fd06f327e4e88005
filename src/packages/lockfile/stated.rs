//! What the entry of a package states that it requires of others, in formats whose entries do.
//!
//! Readers of lockfiles keep who requires whom, and not which versions: that is asked of few packages, once
//! something is known against one of them, and so it is read again from the entry.

use super::{
    Fault, LockedPackage,
    json::{Dialect, Kind, Reader},
    python,
};

/// Tables of an entry that name packages.
const TABLES: &[&str] = &[
    "requires",
    "require",
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
];

/// A package that an entry requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// Its name, as the lockfile names packages.
    pub name: String,
    /// Which versions will do, in the words of the ecosystem.
    pub requirement: String,
}

/// What the entry of a package requires. None where the format does not tell.
pub fn stated(format: &str, text: &str, package: &LockedPackage) -> Vec<Stated> {
    let Some(entry) = text.get(package.at.clone()) else { return Vec::new() };
    let read = match format {
        "package-lock.json" => json(&format!("{{{entry}}}"), Dialect::Plain),
        "bun.lock" => json(&format!("{{{entry}}}"), Dialect::Commented),
        "composer.lock" => json(&format!("{{\"\":{entry}}}"), Dialect::Plain),
        "yarn.lock" => Ok(yarn(entry)),
        "poetry.lock" => poetry(entry),
        "Gemfile.lock" => Ok(gems(&text[package.at.end..])),
        _ => Ok(Vec::new()),
    };
    // The whole has been read before: a part that can not be is one whose requirements are not known.
    read.unwrap_or_default()
}

/// The ranges in the key of an entry of `yarn.lock`: all that anybody requires of the package.
pub fn descriptors(text: &str, package: &LockedPackage) -> Vec<String> {
    let entry = text.get(package.at.clone()).unwrap_or_default();
    let key = entry.lines().next().unwrap_or_default().trim_end_matches(':');
    let patterns = key.split(',').map(|pattern| pattern.trim().trim_matches('"'));
    let ranges = patterns.filter_map(|pattern| {
        let at = pattern.get(1..)?.find('@')? + 2;
        Some(aliased("", &pattern[at..]).requirement)
    });
    ranges.collect()
}

/// An object below a key, or in a list below it as in `bun.lock`.
fn json(document: &str, dialect: Dialect) -> Result<Vec<Stated>, Fault> {
    let mut found = Vec::new();
    Reader::read(document, dialect, |reader, _| match reader.kind() {
        Kind::Object => tables(reader, &mut found),
        Kind::List => reader
            .elements(|reader| match reader.kind() {
                Kind::Object => tables(reader, &mut found),
                _ => Ok(()),
            })
            .map(drop),
        _ => Ok(()),
    })?;
    Ok(found)
}

fn tables(reader: &mut Reader<'_>, found: &mut Vec<Stated>) -> Result<(), Fault> {
    let read = reader.entries(|reader, table| {
        if !TABLES.contains(&&*table.text) || reader.kind() != Kind::Object {
            return Ok(());
        }
        let read = reader.entries(|reader, name| {
            if let Some(value) = reader.text_or_pass()? {
                found.push(aliased(&name.text, &value.text));
            }
            Ok(())
        });
        read.map(drop)
    });
    read.map(drop)
}

/// `npm:^1.0` is a range, `npm:other@^1.0` one of another package.
fn aliased(name: &str, value: &str) -> Stated {
    let range = value.strip_prefix("npm:").unwrap_or(value);
    let at = range.get(1..).and_then(|rest| rest.find('@')).map(|at| at + 1);
    let (name, range) = match at {
        Some(at) if value.len() > range.len() => (&range[..at], &range[at + 1..]),
        _ => (name, range),
    };
    Stated { name: name.to_owned(), requirement: range.to_owned() }
}

/// Lines that are indented twice, below a table: `name "range"`, or in later yarns `name: "range"`.
fn yarn(entry: &str) -> Vec<Stated> {
    let mut found = Vec::new();
    let mut is_table = false;
    for line in entry.lines().skip(1) {
        let words = line.trim();
        if !line.starts_with("    ") {
            is_table = words.strip_suffix(':').is_some_and(|table| TABLES.contains(&table));
        } else if is_table && let Some((name, range)) = words.split_once(' ') {
            let name = name.trim_end_matches(':').trim_matches('"');
            found.push(aliased(name, range.trim().trim_matches('"')));
        }
    }
    found
}

fn poetry(entry: &str) -> Result<Vec<Stated>, Fault> {
    let document = python::document(entry)?;
    let mut found = Vec::new();
    for table in &document.tables {
        for value in &table.values {
            let path: Vec<&str> =
                table.name.iter().chain(value.key.iter()).map(|part| &**part).collect();
            if let ["package", "dependencies", name] | ["package", "dependencies", name, "version"] =
                path.as_slice()
                && value.is_string
            {
                let requirement = value.text.to_string();
                found.push(Stated { name: python::normalised(name), requirement });
            }
        }
    }
    Ok(found)
}

/// The lines after that of a gem that are indented more: `name (~> 1.0, >= 1.0.2)`.
fn gems(after: &str) -> Vec<Stated> {
    let lines = after.lines().skip(1).take_while(|line| line.starts_with("      "));
    let read = lines.map(|line| {
        let line = line.trim().trim_end_matches('!');
        let (name, range) = line.split_once(" (").unwrap_or((line, ">= 0)"));
        Stated { name: name.to_owned(), requirement: range.trim_end_matches(')').to_owned() }
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::{super::format_named, *};

    fn shown(format: &str, text: &str, name: &str) -> Vec<String> {
        let format = format_named(format).unwrap();
        let lockfile = (format.read)(text).unwrap();
        let package = lockfile.packages.iter().find(|package| package.name == name).unwrap();
        let stated = stated(format.name, text, package).into_iter();
        stated.map(|one| format!("{} {}", one.name, one.requirement)).collect()
    }

    #[test]
    fn entries_in_json_state_ranges() {
        let npm = r#"{"lockfileVersion": 3, "packages": {"": {"devDependencies": {"a": "^1"}},
            "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "~2.1", "c": "npm:@s/d@3"}}}}"#;
        assert_eq!(shown("package-lock.json", npm, "a"), ["b ~2.1", "@s/d 3"]);
        let nested = r#"{"lockfileVersion": 1, "dependencies": {"a": {"version": "1.0.0",
            "requires": {"b": "^2"}, "dependencies": {"b": {"version": "2.0.0"}}}}}"#;
        assert_eq!(shown("package-lock.json", nested, "a"), ["b ^2"]);
        let bun = r#"{"lockfileVersion": 1, "workspaces": {"": {"name": "x"}}, "packages": {
            "a": ["a@1.0.0", "", {"dependencies": {"b": "^2"}}, "sha512-x"],}}"#;
        assert_eq!(shown("bun.lock", bun, "a"), ["b ^2"]);
        let composer = r#"{"packages": [{"name": "a/b", "version": "1.0",
            "require": {"php": ">=8", "c/d": "^1 || ^2"}}], "packages-dev": []}"#;
        assert_eq!(shown("composer.lock", composer, "a/b"), ["php >=8", "c/d ^1 || ^2"]);
    }

    #[test]
    fn entries_of_yarn_state_ranges_and_for_whom_they_are() {
        let first = "# yarn lockfile v1\n\n\"a@^1.0.0\", a@~1.0:\n  version \"1.0.1\"\n  dependencies:\n    \
            \"@s/b\" \"^2.0\"\n    c \">= 1 < 3\"\n\n\n";
        assert_eq!(shown("yarn.lock", first, "a"), ["@s/b ^2.0", "c >= 1 < 3"]);
        let lockfile = (format_named("yarn.lock").unwrap().read)(first).unwrap();
        assert_eq!(descriptors(first, &lockfile.packages[0]), ["^1.0.0", "~1.0"]);
        let berry = "__metadata:\n  version: 8\n\n\"a@npm:^1.0.0, a@npm:~1.0\":\n  version: 1.0.1\n  \
            resolution: \"a@npm:1.0.1\"\n  dependencies:\n    b: \"npm:^2.0\"\n  bin:\n    a: ./x\n  \
            languageName: node\n  linkType: hard\n";
        assert_eq!(shown("yarn.lock", berry, "a"), ["b ^2.0"]);
        let lockfile = (format_named("yarn.lock").unwrap().read)(berry).unwrap();
        assert_eq!(descriptors(berry, &lockfile.packages[0]), ["^1.0.0", "~1.0"]);
    }

    #[test]
    fn entries_of_poetry_and_bundler_state_specifiers() {
        let poetry = "[[package]]\nname = \"a\"\nversion = \"1\"\n\n[package.dependencies]\nB_c = \">=1,<2\"\n\
            d = [{version = \">1\", markers = \"x\"}, {version = \"<3\"}]\n\n\
            [[package]]\nname = \"e\"\nversion = \"1\"\n";
        assert_eq!(shown("poetry.lock", poetry, "a"), ["b-c >=1,<2", "d >1", "d <3"]);
        let gems = "GEM\n  remote: https://rubygems.org/\n  specs:\n    a (1.0)\n      b (~> 1.4, >= 1.4.2)\n      \
            c\n    b (1.5)\n\nDEPENDENCIES\n  a\n";
        assert_eq!(shown("Gemfile.lock", gems, "a"), ["b ~> 1.4, >= 1.4.2", "c >= 0"]);
        assert!(shown("Gemfile.lock", gems, "b").is_empty());
    }
}
