//! `uv.lock`, format version 1 with all its revisions, of projects, workspaces and scripts.

use super::{
    Fault, LockedPackage, Lockfile, Origin, Scope,
    python::{self, Element, Entry, Names, Requirement},
};
use crate::sources::toml::Document;

/// The newest version of the format that is known.
const NEWEST: u32 = 1;

/// Reads a `uv.lock`.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let document = python::document(text)?;
    python::check_version(&document, &[], "version", NEWEST)?;
    let (mut entries, mut left_out) = (Vec::new(), Vec::new());
    // Before format version 1 was settled, packages were called distributions.
    for name in ["package", "distribution"] {
        for element in python::elements(&document, name)? {
            let entry = entry(&element)?;
            // The version of a local package may be computed by its build.
            if entry.package.version.is_empty() && entry.package.origin != Origin::Local {
                left_out.push(Fault::new(entry.package.name_at.start, "no version"));
            } else {
                entries.push(entry);
            }
        }
    }
    let names = Names::of(entries.iter().map(|entry| &entry.package));
    let edges = python::resolve(&entries, &names);
    let roots = roots(&document, &names);
    let scopes = scopes(&entries, &edges, &roots);
    let direct: Vec<usize> = roots.into_iter().map(|(at, _)| at).collect();
    let packages = entries.into_iter().zip(scopes);
    let packages = packages.map(|(entry, scope)| LockedPackage { scope, ..entry.package });
    let lockfile = python::lockfile(packages, edges, &direct);
    Ok(Lockfile { left_out, ..lockfile })
}

fn entry<'d>(element: &Element<'d, '_>) -> Result<Entry<'d>, Fault> {
    let mut package = element.package()?;
    let mut requirements: Vec<Requirement<'_>> = Vec::new();
    let mut source = "";
    for field in element.fields() {
        let text = &*field.value.text;
        let (what, scope) = match field.path() {
            ["source", kind, ..] => {
                (package.origin, source) = origin(kind, text);
                package.provenance.address_at = Some(python::inside_quotes(field.value));
                continue;
            }
            ["sdist" | "wheels", "hash", ..] => {
                package.provenance.has_checksum = true;
                continue;
            }
            ["dependencies", what, ..] => (what, Scope::Runtime),
            ["optional-dependencies", _, what, _] => (what, Scope::Optional),
            ["dev-dependencies", _, what, _] => (what, Scope::Development),
            _ => continue,
        };
        // The name comes first of each requirement.
        match (what, requirements.last_mut()) {
            ("name", _) => requirements.push(Requirement::any(text, scope)),
            ("version", Some(last)) => last.version = text,
            ("source", Some(last)) => last.source = origin("", text).1,
            _ => {}
        }
    }
    Ok(Entry { package, source, requirements })
}

/// What a source is, and its address: a table of one value, or a string as `registry+…`.
fn origin<'d>(kind: &'d str, text: &'d str) -> (Origin, &'d str) {
    let (kind, address) = match (kind, text.split_once('+')) {
        ("", Some((kind, address))) => (kind, address),
        _ => (kind, text),
    };
    let origin = match kind {
        "registry" => python::origin_of_index(address),
        "editable" | "virtual" | "directory" => Origin::Local,
        _ => Origin::Elsewhere,
    };
    (origin, address)
}

/// What a workspace without a project, or a script, itself requires.
fn roots(document: &Document<'_>, names: &Names) -> Vec<(usize, Scope)> {
    let mut roots = Vec::new();
    for table in document
        .tables
        .iter()
        .filter(|table| table.name.first().is_some_and(|n| &**n == "manifest"))
    {
        let header = &table.name[1..];
        for value in &table.values {
            let mut path = header.iter().chain(value.key.iter()).map(|part| &**part);
            let scope = match (path.next(), path.next(), path.next()) {
                (Some("requirements"), Some("name"), None) => Scope::Runtime,
                (Some("dependency-groups"), Some(_), Some("name")) => Scope::Development,
                _ => continue,
            };
            roots.extend(names.all(&value.text).iter().map(|at| (*at, scope)));
        }
    }
    roots
}

/// What each package is needed for: the strongest reason on any way from a local package or a root.
fn scopes(
    entries: &[Entry<'_>],
    edges: &[Vec<(usize, Scope)>],
    roots: &[(usize, Scope)],
) -> Vec<Scope> {
    let is_local = |at: usize| entries[at].package.origin == Origin::Local;
    let mut scopes: Vec<Option<Scope>> =
        (0..entries.len()).map(|at| is_local(at).then_some(Scope::Runtime)).collect();
    for level in [Scope::Runtime, Scope::Optional, Scope::Development] {
        for (at, scope) in roots {
            if *scope == level {
                scopes[*at].get_or_insert(level);
            }
        }
        let mut stack: Vec<usize> = (0..entries.len()).filter(|at| scopes[*at].is_some()).collect();
        while let Some(from) = stack.pop() {
            for (to, scope) in &edges[from] {
                // The lockfile lists extras of foreign packages only where they are used.
                if scopes[*to].is_none() && (*scope <= level || !is_local(from)) {
                    scopes[*to] = Some(level);
                    stack.push(*to);
                }
            }
        }
    }
    scopes.into_iter().map(Option::unwrap_or_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"version = 1
revision = 3

[manifest]
members = ["app", "tools"]

[[package]]
name = "app"
source = { editable = "." }
dependencies = [
    { name = "django" },
    { name = "numpy", version = "1.26.4", source = { registry = "https://pypi.org/simple" }, marker = "a" },
]

[package.optional-dependencies]
fast = [{ name = "rapid", extra = ["all"] }]

[package.dev-dependencies]
dev = [{ name = "pytest" }, { name = "app", extra = ["fast"] }]

[package.metadata]
requires-dist = [{ name = "unheard-of" }]

[package.metadata.requires-dev]
dev = [{ name = "pytest" }]

[[package]]
name = "django"
version = "5.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "inner"
version = "1.0"
source = { registry = "https://pypi.example.org/simple" }

[[package]]
name = "numpy"
version = "1.26.4"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "numpy"
version = "2.0.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "pytest"
version = "8"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "inner" }, { name = "django" }]

[[package]]
name = "rapid"
version = "1.0"
source = { git = "https://example.org/rapid#00" }

[package.optional-dependencies]
all = [{ name = "numpy", version = "2.0.0", source = { registry = "https://pypi.org/simple" } }]

[[package]]
name = "file"
source = { path = "file.tar.gz" }
"#;

    #[test]
    fn packages_have_their_origin_and_the_strongest_of_their_reasons() {
        let read = read(TEXT).unwrap();
        let shown: Vec<_> =
            read.packages.iter().map(|p| (&*p.name, &*p.version, p.origin, p.scope)).collect();
        assert_eq!(
            shown,
            [
                ("app", "", Origin::Local, Scope::Runtime),
                ("django", "5.0", Origin::Registry, Scope::Runtime),
                ("inner", "1.0", Origin::Elsewhere, Scope::Development),
                ("numpy", "1.26.4", Origin::Registry, Scope::Runtime),
                ("numpy", "2.0.0", Origin::Registry, Scope::Optional),
                ("pytest", "8", Origin::Registry, Scope::Development),
                ("rapid", "1.0", Origin::Elsewhere, Scope::Optional),
            ]
        );
        assert_eq!(&TEXT[read.left_out[0].at..][..4], "file");
    }

    #[test]
    fn ways_begin_at_the_project() {
        let read = read(TEXT).unwrap();
        let way: Vec<_> = read.way_to(4).iter().map(|package| &*package.name).collect();
        assert_eq!(way, ["app", "rapid", "numpy"]);
        assert!(read.is_direct(1) && !read.is_direct(2));
    }

    #[test]
    fn a_script_requires_by_its_manifest() {
        let text = "version = 1\n[manifest]\nrequirements = [{ name = \"b\", specifier = \"<3\" }]\n\
            [manifest.dependency-groups]\ndev = [{ name = \"a\" }]\n\
            [[package]]\nname = \"a\"\nversion = \"1\"\nsource = { registry = \"https://pypi.org/simple\" }\n\
            [[package]]\nname = \"b\"\nversion = \"1\"\nsource = { registry = \"https://pypi.org/simple\" }\n\
            dependencies = [{ name = \"c\" }]\n\
            [[package]]\nname = \"c\"\nversion = \"1\"\nsource = { registry = \"https://pypi.org/simple\" }\n";
        let scopes: Vec<_> = read(text).unwrap().packages.iter().map(|p| p.scope).collect();
        assert_eq!(scopes, [Scope::Development, Scope::Runtime, Scope::Runtime]);
    }

    #[test]
    fn the_first_lockfiles_had_sources_in_one_string() {
        let text = "version = 1\n[[distribution]]\nname = \"a\"\nversion = \"1\"\n\
            source = \"registry+https://pypi.org/simple\"\n\
            [[distribution]]\nname = \"b\"\nversion = \"1\"\nsource = \"editable+.\"\n\
            [[distribution.dependencies]]\nname = \"a\"\nversion = \"1\"\n\
            source = \"registry+https://pypi.org/simple\"\n";
        let read = read(text).unwrap();
        let origins: Vec<_> = read.packages.iter().map(|p| p.origin).collect();
        assert_eq!(origins, [Origin::Registry, Origin::Local]);
        assert!(read.is_direct(0));
    }

    #[test]
    fn a_newer_format_is_refused() {
        assert_eq!(read("version = 2\n").unwrap_err().at, 10);
    }
}
