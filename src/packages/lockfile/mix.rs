//! `mix.lock` of Elixir: a map whose values are `{:hex, :name, "version", …}` or tell a revision of a repository.

use std::collections::HashMap;

use super::{
    Fault, LockedPackage, Lockfile, Origin,
    entry::{entry, link, project, unrequired},
    term::{self, Kind, Term},
};
use crate::packages::Ecosystem;

/// The registry that everybody uses.
const PUBLIC: &str = "hexpm";
/// Elements of a tuple: what the package requires, and its registry, which old files do not name.
const REQUIREMENTS: usize = 5;
const REGISTRY: usize = 6;

/// Reads a `mix.lock`.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let terms = term::read(text)?;
    let [map] = &terms[..] else {
        let at = terms.get(1).map_or(0, |term| term.at.start);
        return Err(Fault::new(at, "not one map"));
    };
    if map.kind != Kind::Map {
        return Err(Fault::new(map.at.start, "not a map"));
    }
    let mut packages = Vec::new();
    let mut requirements = Vec::new();
    let mut left_out = Vec::new();
    for (key, tuple) in map.pairs() {
        match package(text, key, tuple) {
            Ok(package) => {
                packages.push(package);
                requirements.push(required(tuple));
            }
            Err(reason) => left_out.push(Fault::new(key.at.start, reason)),
        }
    }
    let by_name: HashMap<String, usize> =
        packages.iter().enumerate().map(|(at, package)| (package.name.clone(), at)).collect();
    link(&mut packages, &requirements, |name: &&str| by_name.get(*name).copied());
    // What a left-out package requires is not known, so neither is what only the project does.
    if left_out.is_empty() {
        let roots = unrequired(&packages);
        packages.push(project("mix.exs", map.at.start..map.at.start + 2, roots));
    }
    let mut lockfile = Lockfile::new(Ecosystem::Hex, packages);
    lockfile.left_out = left_out;
    Ok(lockfile)
}

fn package(text: &str, key: &Term<'_>, tuple: &Term<'_>) -> Result<LockedPackage, &'static str> {
    if tuple.atom_at(0) != Some("hex") {
        return Err("a revision of a repository, not a version");
    }
    let (Some(name), Some(version)) = (tuple.atom_at(1), tuple.text_at(2)) else {
        return Err("a package without a version");
    };
    let is_public = tuple.text_at(REGISTRY).is_none_or(|registry| registry == PUBLIC);
    let origin = if is_public { Origin::Registry } else { Origin::Elsewhere };
    let whole = &text[key.at.start..tuple.at.end];
    Ok(LockedPackage { origin, ..entry(text, whole, name, version) })
}

/// The names of `[{:application, "requirement", [hex: :name, …]}]`.
fn required<'a>(tuple: &Term<'a>) -> Vec<&'a str> {
    let list = tuple.items.get(REQUIREMENTS).map_or(&[][..], |list| &list.items);
    let name = |tuple: &Term<'a>| {
        let options = tuple.items.get(2);
        let mut pairs = options.into_iter().flat_map(Term::pairs);
        let name = pairs.find(|(key, _)| key.text == "hex").map(|(_, name)| name.text);
        name.or(tuple.atom_at(0))
    };
    list.iter().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLUG: &str = "  \"plug\": {:hex, :plug, \"1.11.1\", \"f299\", [:mix], [{:mime, \"~> 1.0\", [hex: :mime, \
        repo: \"hexpm\", optional: false]}, {:crypto, \"~> 1.1\", [hex: :plug_crypto]}, {:gone, \"1\", []}], \
        \"hexpm\", \"2352\"},\n  \"crypto\": {:hex, :plug_crypto, \"1.2.2\"},\n  \
        \"mime\": {:hex, :mime, \"1.0.0\", \"00\", [:mix], [], \"hexpm:own\", \"00\"},\n";

    #[test]
    fn packages_are_named_as_in_the_registry() {
        let text = format!("%{{\n{PLUG}}}\n");
        let lockfile = read(&text).unwrap();
        let show = |p: &LockedPackage| format!("{} {} {:?}", p.name, p.version, p.origin);
        let shown: Vec<_> = lockfile.packages.iter().map(show).collect();
        assert_eq!(
            shown,
            [
                "plug 1.11.1 Registry",
                "plug_crypto 1.2.2 Registry",
                "mime 1.0.0 Elsewhere",
                "mix.exs  Local",
            ]
        );
        assert_eq!(lockfile.packages[0].requires, [1, 2]);
        assert!(lockfile.is_direct(0) && !lockfile.is_direct(1));
    }

    #[test]
    fn a_revision_is_left_out() {
        let text = format!("%{{\n{PLUG}  \"foo\": {{:git, \"https://x\", \"fc94\", []}},\n}}\n");
        let lockfile = read(&text).unwrap();
        assert!(text[lockfile.left_out[0].at..].starts_with("\"foo\""));
        assert_eq!((lockfile.packages.len(), lockfile.is_direct(0)), (3, false));
    }

    #[test]
    fn what_is_no_map_is_refused() {
        assert!(read("").is_err() && read("[]").is_err());
        assert_eq!(read("%{}\n%{}").unwrap_err().at, 4);
    }

    proptest! {
        #[test]
        fn a_damaged_text_does_not_panic(at: prop::sample::Index, put in "[%{}\\[\\]\":, a]{0,6}") {
            let mut text = format!("%{{\n{PLUG}}}\n");
            let at = at.index(text.len());
            text.replace_range(at..(at + 3).min(text.len()), &put);
            for package in read(&text).map(|lockfile| lockfile.packages).unwrap_or_default() {
                prop_assert_eq!(&text[package.version_at], &package.version);
            }
        }
    }
}
