//! What the lockfiles of JavaScript share: registries, versions, aliases, and what packages are needed for.

use std::{borrow::Cow, collections::VecDeque, ops::Range};

use super::{Fault, LockedPackage, Lockfile, Origin, Provenance, Scope, json::Text};
use crate::packages::Ecosystem;

/// The domains of the public registry, and of the name under which another package manager reaches it.
const PUBLIC_DOMAINS: &[&str] = &["npmjs.org", "yarnpkg.com"];

/// What an edge must be to be followed: first for what is shipped, then for more and more.
const REACHES: &[&[Scope]] = &[
    &[Scope::Runtime],
    &[Scope::Runtime, Scope::Optional],
    &[Scope::Runtime, Scope::Optional, Scope::Development],
];

/// Whether a package from this address comes from the public registry.
pub(super) fn origin_of_url(url: &str) -> Origin {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let is_public = PUBLIC_DOMAINS.iter().any(|domain| is_within(host, domain));
    if is_public { Origin::Registry } else { Origin::Elsewhere }
}

/// Whether a host is a domain or lies in it.
pub(super) fn is_within(host: &str, domain: &str) -> bool {
    let before = host.len().checked_sub(domain.len()).and_then(|at| host.split_at_checked(at));
    before.is_some_and(|(before, there)| {
        there.eq_ignore_ascii_case(domain) && (before.is_empty() || before.ends_with('.'))
    })
}

/// Where a package from a path comes from: a folder is a part of the project, an archive is not.
pub(super) fn origin_of_path(path: &str) -> Origin {
    let is_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|ending| path.ends_with(ending));
    if is_archive { Origin::Elsewhere } else { Origin::Local }
}

/// Whether the text is a version as the registry has them: three numbers, and then what semver allows.
pub(super) fn is_version(text: &str) -> bool {
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    numbers.split('.').count() == 3
        && numbers.split('.').all(is_number)
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-+.".contains(&byte))
}

/// The name and the rest of `name@…` or `@scope/name@…`. A name alone has an empty rest.
pub(super) fn split_name(text: &str) -> (&str, &str) {
    let start = usize::from(text.starts_with('@'));
    match text[start..].find('@') {
        Some(at) => (&text[..start + at], &text[start + at + 1..]),
        None => (text, ""),
    }
}

/// The same of a text with a place.
pub(super) fn split_text<'a>(text: &Text<'a>) -> (Text<'a>, Text<'a>) {
    let (name, rest) = split_name(&text.text);
    let (end, length) = (name.len(), text.text.len());
    (text.part(0..end), text.part(length - rest.len()..length))
}

/// The package and the version or range that `npm:package@…` stands for.
pub(super) fn alias<'a>(range: &Text<'a>) -> Option<(Text<'a>, Text<'a>)> {
    const MARK: &str = "npm:";
    let is_alias = range.text.starts_with(MARK);
    is_alias.then(|| split_text(&range.part(MARK.len()..range.text.len())))
}

/// The name of a project that tells none.
pub(super) const fn unnamed(at: usize) -> Text<'static> {
    Text { text: Cow::Borrowed("."), at: at..at }
}

/// The commit that an address names after its `#`.
pub(super) fn commit_of<'a>(url: &Text<'a>) -> Option<Text<'a>> {
    let hash = url.text.rfind('#')?;
    let commit = &url.text[hash + 1..];
    let is_commit = commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| url.part(hash + 1..url.text.len()))
}

/// A package whose edges are not known yet. One without version has an empty one.
pub(super) fn package(
    at: Range<usize>,
    name: Text<'_>,
    version: Option<Text<'_>>,
    origin: Origin,
    scope: Scope,
) -> LockedPackage {
    let start = name.at.start;
    let (version, version_at) =
        version.map_or((String::new(), start..start), |text| (text.text.into_owned(), text.at));
    LockedPackage {
        name: name.text.into_owned(),
        version,
        origin,
        scope,
        at,
        name_at: name.at,
        version_at,
        requires: Vec::new(),
        provenance: Provenance::default(),
        required_by: None,
    }
}

/// What each node is needed for, by the edges from `roots`; `None` where no way leads.
pub(super) fn scopes(edges: &[Vec<(usize, Scope)>], roots: &[usize]) -> Vec<Option<Scope>> {
    let mut scopes = vec![None; edges.len()];
    for (allowed, scope) in
        REACHES.iter().zip([Scope::Runtime, Scope::Optional, Scope::Development])
    {
        let mut seen = vec![false; edges.len()];
        let mut queue: VecDeque<usize> = roots.iter().copied().collect();
        while let Some(node) = queue.pop_front() {
            if std::mem::replace(&mut seen[node], true) {
                continue;
            }
            scopes[node].get_or_insert(scope);
            let next = edges[node].iter().filter(|(_, needed)| allowed.contains(needed));
            queue.extend(next.map(|(to, _)| *to));
        }
    }
    scopes
}

/// The lockfile of packages and their edges, which may repeat. Those of the registry that nothing can be compared
/// for are left out; `None` is what turned out to be no package.
pub(super) fn lockfile(made: Vec<Option<LockedPackage>>, edges: Vec<Vec<usize>>) -> Lockfile {
    let mut packages = Vec::with_capacity(made.len());
    let mut left_out = Vec::new();
    let mut numbers = Vec::with_capacity(made.len());
    for package in made {
        let fault = package.as_ref().and_then(why_left_out);
        let kept = package.filter(|_| fault.is_none());
        numbers.push(kept.is_some().then_some(packages.len()));
        packages.extend(kept);
        left_out.extend(fault);
    }
    for (number, targets) in numbers.iter().zip(edges) {
        let Some(number) = number else { continue };
        let mut requires: Vec<usize> =
            targets.into_iter().filter_map(|target| numbers[target]).collect();
        requires.sort_unstable();
        requires.dedup();
        packages[*number].requires = requires;
    }
    Lockfile { left_out, ..Lockfile::new(Ecosystem::Npm, packages) }
}

fn why_left_out(package: &LockedPackage) -> Option<Fault> {
    let missing = match (package.origin, package.name.is_empty()) {
        (_, true) => "a package without a name",
        (Origin::Registry, _) if !is_version(&package.version) => {
            "a package without a version that the registry knows"
        }
        _ => return None,
    };
    Some(Fault::new(package.at.start, missing))
}

/// What is read from a text, one line for each package: itself, and what it requires. Checks its places.
#[cfg(test)]
pub(super) fn shown(text: &str, read: fn(&str) -> Result<Lockfile, Fault>) -> Vec<String> {
    let read = read(text).unwrap();
    let line = |package: &LockedPackage| {
        let LockedPackage { name, version, origin, scope, .. } = package;
        assert!(text[package.name_at.clone()] == *name || name == ".", "{package:?}");
        assert_eq!(text[package.version_at.clone()], *version, "{package:?}");
        assert!(package.at.end <= text.len(), "{package:?}");
        let mut line = format!("{name}@{version} {origin:?} {scope:?}");
        for required in package.requires.iter().map(|at| &read.packages[*at]) {
            line = format!("{line} {}@{}", required.name, required.version);
        }
        line
    };
    read.packages.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_told_apart_by_host() {
        for (url, origin) in [
            ("https://npmjs.org/a/-/a-1.0.0.tgz", Origin::Registry),
            ("http://yarnpkg.com:80/a/-/a-1.0.0.tgz#0a", Origin::Registry),
            ("https://user:word@R.NPMjs.org/a", Origin::Registry),
            ("https://npmjs.org.example.org/a", Origin::Elsewhere),
            ("https://example.org/?https://npmjs.org/a", Origin::Elsewhere),
            ("git+https://npmjs.org/a", Origin::Elsewhere),
        ] {
            assert_eq!(origin_of_url(url), origin, "{url}");
        }
    }

    #[test]
    fn versions_of_the_registry_are_three_numbers_and_more() {
        for version in ["1.2.3", "0.0.0-rc.1+git-5", "2.1.8-no-fsevents.3", "15001.1.0-dev-01"] {
            assert!(is_version(version), "{version}");
        }
        for version in ["", "1", "1.2", "^1.2.3", "v1.2.3", "1.2.3.4", "1.2.x", "1.2.3-a/b"] {
            assert!(!is_version(version), "{version}");
        }
    }

    #[test]
    fn what_is_shipped_and_tested_with_counts_as_shipped() {
        use Scope::{Development, Optional, Runtime};
        let edges = vec![
            vec![(1, Development), (2, Runtime), (3, Optional)],
            vec![(4, Runtime), (5, Runtime)],
            vec![(4, Runtime)],
            vec![(5, Runtime)],
            vec![(0, Runtime)],
            vec![],
            vec![],
        ];
        let found = scopes(&edges, &[0]);
        let runtime = Some(Runtime);
        assert_eq!(
            found,
            [runtime, Some(Development), runtime, Some(Optional), runtime, Some(Optional), None]
        );
    }
}
