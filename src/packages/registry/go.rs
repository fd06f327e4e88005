//! The module proxy of Go, and what a module's `go.mod` takes back: <https://go.dev/ref/mod>.
//!
//! Versions lose their `v`, as in lockfiles.

use super::{Listing, Release, day, reason};
use crate::packages::{
    Ecosystem,
    lockfile::{
        Fault,
        json::{Dialect, Reader},
    },
    version::Version,
};

/// A module as the proxy's addresses write it: `A` is `!a`. None for what is no module path.
pub fn path(module: &str) -> Option<String> {
    let is_plain = |part: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_plain)
    };
    let is_path = module.contains('.') && module.split('/').all(is_plain);
    is_path.then(|| escaped(module))
}

/// A version as the proxy's addresses write it, its `v` included. None for what is no version.
pub fn version_path(version: &str) -> Option<String> {
    Version::parse(Ecosystem::Go, version)?;
    Some(escaped(&format!("v{}", version.trim_start_matches('v'))))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(letter.to_ascii_lowercase());
    }
    escaped
}

/// Reads `@v/list`: one version on each line, none of them a pseudo-version.
pub fn read(text: &str) -> Result<Listing, Fault> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let release = |line: &str| {
        let version = line.split(' ').next().and_then(|word| word.strip_prefix('v'));
        version.map(Release::new).ok_or_else(|| Fault::new(0, "a line without a version"))
    };
    Ok(Listing { releases: lines.map(release).collect::<Result<_, _>>()?, latest: None })
}

/// Reads `@latest` or `@v/VERSION.info`: one version and its day.
pub fn release(text: &str) -> Result<Release, Fault> {
    let mut release = Release::default();
    Reader::read(text, Dialect::Plain, |reader, key| {
        match &*key.text {
            "Version" => {
                reader.text()?.text.trim_start_matches('v').clone_into(&mut release.version);
            }
            "Time" => release.published = reader.text_or_pass()?.and_then(|it| day(&it.text)),
            _ => {}
        }
        Ok(())
    })?;
    if release.version.is_empty() { Err(Fault::new(0, "no version")) } else { Ok(release) }
}

/// Marks in a listing what the `go.mod` of the newest version takes back or advises against.
pub fn take_back(listing: &mut Listing, newest: &str) {
    let said = statements(newest);
    for release in &mut listing.releases {
        release.deprecated.clone_from(&said.deprecated);
        let Some(version) = Version::parse(Ecosystem::Go, &release.version) else { continue };
        let is_meant = |retracted: &&Retracted<'_>| {
            let (low, high) = (
                Version::parse(Ecosystem::Go, retracted.low),
                Version::parse(Ecosystem::Go, retracted.high),
            );
            low.is_some_and(|low| low <= version) && high.is_some_and(|high| version <= high)
        };
        if let Some(retracted) = said.retracted.iter().find(is_meant) {
            release.yanked = Some(reason(retracted.why));
        }
    }
}

#[derive(Default)]
struct Statements<'a> {
    deprecated: Option<String>,
    retracted: Vec<Retracted<'a>>,
}

/// An interval that is taken back, both ends included.
struct Retracted<'a> {
    low: &'a str,
    high: &'a str,
    why: &'a str,
}

/// Reads the `retract` directives, and the comment at `module` that begins with `Deprecated:`.
fn statements(text: &str) -> Statements<'_> {
    let mut said = Statements::default();
    let mut above: Vec<&str> = Vec::new();
    let mut block = "";
    for line in text.lines() {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let (code, comment) = (code.trim(), comment.trim());
        if code.is_empty() {
            // A blank line ends what is said of the next directive.
            if comment.is_empty() {
                above.clear();
            } else {
                above.push(comment);
            }
            continue;
        }
        let (verb, rest) = match code.split_once(char::is_whitespace) {
            _ if !block.is_empty() => (block, code),
            Some((verb, rest)) => (verb, rest.trim()),
            None => (code, ""),
        };
        match (verb, rest) {
            (_, ")") => block = "",
            (_, "(") => block = verb,
            _ => said.take(verb, rest, comment, &above),
        }
        above.clear();
    }
    said
}

impl<'a> Statements<'a> {
    fn take(&mut self, verb: &str, rest: &'a str, comment: &'a str, above: &[&'a str]) {
        match verb {
            "module" => {
                let mut told = above.iter().chain([&comment]);
                let told = told.find_map(|line| line.strip_prefix("Deprecated:"));
                self.deprecated = told.map(reason);
            }
            "retract" => {
                let inside = rest.trim_matches(['[', ']']);
                let (low, high) = inside.split_once(',').unwrap_or((inside, inside));
                let first = above.first().copied().unwrap_or_default();
                let why = if comment.is_empty() { first } else { comment };
                self.retracted.push(Retracted { low: bare(low), high: bare(high), why });
            }
            _ => {}
        }
    }
}

fn bare(version: &str) -> &str {
    version.trim().trim_start_matches('v')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MODULE: &str = "// Deprecated: use example.org/b\n// instead\nmodule example.org/a\n\ngo 1.22\n\n\
        // Published by mistake.\nretract v1.0.5\nretract [v1.1.0, v1.2.0] // broken build\nretract (\n\
        \tv2.0.0+incompatible\n\n\t// wrong licence\n\t[v1.9.0,v1.9.9]\n)\nrequire c.d/e v1.0.0\n";

    #[test]
    fn what_is_taken_back_has_its_reason() {
        let mut listing = read("v1.0.4\nv1.0.5\nv1.1.7\nv1.9.9\nv2.0.0+incompatible\n").unwrap();
        take_back(&mut listing, MODULE);
        let yanked: Vec<_> = listing.releases.iter().map(|it| it.yanked.as_deref()).collect();
        assert_eq!(
            yanked,
            [
                None,
                Some("Published by mistake."),
                Some("broken build"),
                Some("wrong licence"),
                Some("")
            ]
        );
        assert_eq!(listing.releases[0].deprecated.as_deref(), Some("use example.org/b"));
    }

    #[test]
    fn an_answer_about_one_version_has_its_day() {
        let read =
            release(r#"{"Version":"v1.2.3","Time":"2024-05-01T10:00:00Z","Origin":{"VCS":"git"}}"#);
        let read = read.unwrap();
        assert_eq!((read.version.as_str(), read.published.unwrap().day()), ("1.2.3", 1));
        assert!(release("{}").is_err() && release("not found: x").is_err());
        assert!(super::read("<html>").is_err());
    }

    #[test]
    fn upper_case_is_escaped_and_what_is_no_path_has_no_place() {
        let expected = "github.com/!azure/go-!s!d!k";
        assert_eq!(path("github.com/Azure/go-SDK").as_deref(), Some(expected));
        for module in ["", "stdlib", "a.b/../c", "a.b//c", "a.b/c?d", "a.b/@v", "é.b"] {
            assert_eq!(path(module), None, "{module}");
        }
        assert_eq!(version_path("1.0.0-RC1").as_deref(), Some("v1.0.0-!r!c1"));
        assert_eq!(version_path("../x"), None);
    }

    proptest! {
        #[test]
        fn no_module_file_panics(text in "(retract|module|\\(|\\)|//|\\[|\\]|,|v1.0.0| |\n|é){0,30}") {
            let mut listing = read("v1.0.0\n").unwrap();
            take_back(&mut listing, &text);
        }
    }
}
