//! `rebar.lock` of Erlang: a list of `{<<"application">>, {pkg, <<"name">>, <<"version">>}, level}`, in newer
//! files within a tuple that begins with the version of the format.
//!
//! The level tells how far from the project a package is; who requires it, the file does not tell.

use super::{
    Fault, LockedPackage, Lockfile,
    entry::{entry, project},
    term::{self, Kind, Term},
};
use crate::packages::Ecosystem;

/// Reads a `rebar.lock`.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let terms = term::read(text)?;
    let list = terms.first().and_then(|first| match first.kind {
        Kind::Tuple => first.items.get(1),
        _ => Some(first),
    });
    let Some(list) = list.filter(|list| list.kind == Kind::List) else {
        return Err(Fault::new(0, "no list of packages"));
    };
    let mut packages = Vec::new();
    let mut roots = Vec::new();
    let mut left_out = Vec::new();
    for tuple in &list.items {
        let Some(package) = package(text, tuple) else {
            left_out.push(Fault::new(tuple.at.start, "not a package with a version"));
            continue;
        };
        if tuple.atom_at(2) == Some("0") {
            roots.push(packages.len());
        }
        packages.push(package);
    }
    packages.push(project("rebar.config", list.at.start..list.at.start + 1, roots));
    let mut lockfile = Lockfile::new(Ecosystem::Hex, packages);
    lockfile.left_out = left_out;
    Ok(lockfile)
}

fn package(text: &str, tuple: &Term<'_>) -> Option<LockedPackage> {
    let source = tuple.items.get(1).filter(|source| source.atom_at(0) == Some("pkg"))?;
    Some(entry(text, &text[tuple.at.clone()], source.text_at(1)?, source.text_at(2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "[{<<\"app\">>,{pkg,<<\"hex_app\">>,<<\"2.9.0\">>},0},\n \
        {<<\"own\">>,{git,\"https://example.org/own\",{ref,\"0ab\"}},0},\n \
        {<<\"mimerl\">>,{pkg,<<\"mimerl\">>,<<\"1.2.0\">>},1}]";

    #[test]
    fn both_formats_are_read_with_levels() {
        for text in [format!("{LIST}.\n"), format!("{{\"1.2.0\",\n{LIST}}}.\n[{{pkg_hash,[]}}].\n")]
        {
            let lockfile = read(&text).unwrap();
            let names: Vec<_> = lockfile.packages.iter().map(|p| p.name.as_str()).collect();
            assert_eq!(names, ["hex_app", "mimerl", "rebar.config"]);
            assert!(lockfile.is_direct(0) && !lockfile.is_direct(1));
            assert_eq!(&text[lockfile.packages[1].version_at.clone()], "1.2.0");
            assert!(text[lockfile.left_out[0].at..].starts_with("{<<\"own\">>"));
        }
    }

    #[test]
    fn what_holds_no_list_is_refused() {
        assert!(read("").is_err() && read("{\"1.2.0\"}.").is_err());
        assert_eq!(read("[{<<\"a\">>,").unwrap_err().at, 1);
    }
}
