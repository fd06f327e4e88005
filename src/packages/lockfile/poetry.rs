//! `poetry.lock`, of Poetry 0.12 to 2: lock versions 1.0 to 2.1.

use super::{
    Fault, Lockfile, Origin, Scope,
    python::{self, Element, Entry, Names, Requirement},
};

/// The newest major version of the format that is known.
const NEWEST: u32 = 2;

/// Reads a `poetry.lock`. It does not name the project: ways begin at packages that nobody requires.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let document = python::document(text)?;
    python::check_version(&document, &["metadata"], "lock-version", NEWEST)?;
    let mut entries = Vec::new();
    for element in python::elements(&document, "package")? {
        entries.push(entry(&element)?);
    }
    let names = Names::of(entries.iter().map(|entry| &entry.package));
    let edges = without_unused_extras(python::resolve(&entries, &names));
    Ok(python::lockfile(entries.into_iter().map(|entry| entry.package), edges, &[]))
}

fn entry<'d>(element: &Element<'d, '_>) -> Result<Entry<'d>, Fault> {
    let mut package = element.package()?;
    if package.version.is_empty() {
        return Err(Fault::new(package.at.start, "a package without a version"));
    }
    let mut requirements: Vec<Requirement<'_>> = Vec::new();
    let mut reason = Reason::default();
    let (mut kind, mut url) = ("", "");
    for field in element.fields() {
        match field.path() {
            // Before lock version 2.0, and since 2.1.
            ["category" | "groups", "", ..] => reason.add_group(&field.value.text),
            ["optional", "", ..] => reason.is_optional = field.is_true(),
            ["source", "type", ..] => kind = &field.value.text,
            ["source", "url", ..] => {
                url = &field.value.text;
                package.provenance.address_at = Some(python::inside_quotes(field.value));
            }
            // Since lock version 2.0.
            ["files", "hash", ..] => package.provenance.has_checksum = true,
            ["dependencies", name, what, _] if !name.is_empty() => {
                if requirements.last().is_none_or(|last| last.name != name) {
                    requirements.push(Requirement::any(name, Scope::Runtime));
                }
                if let Some(last) = requirements.last_mut()
                    && what == "optional"
                    && field.is_true()
                {
                    last.scope = Scope::Optional;
                }
            }
            _ => {}
        }
    }
    package.scope = reason.scope();
    package.origin = origin(kind, url);
    Ok(Entry { package, source: "", requirements })
}

/// Why a package is there.
#[derive(Default)]
struct Reason {
    is_optional: bool,
    is_main: bool,
    has_groups: bool,
}

impl Reason {
    fn add_group(&mut self, group: &str) {
        self.has_groups = true;
        self.is_main |= group == "main";
    }

    /// Poetry installs other groups than `main` for development only. Lock version 2.0 names no groups.
    fn scope(&self) -> Scope {
        match (self.has_groups && !self.is_main, self.is_optional) {
            (true, _) => Scope::Development,
            (false, true) => Scope::Optional,
            (false, false) => Scope::Runtime,
        }
    }
}

fn origin(kind: &str, url: &str) -> Origin {
    match kind {
        "" => Origin::Registry,
        "legacy" => python::origin_of_index(url),
        "directory" => Origin::Local,
        _ => Origin::Elsewhere,
    }
}

/// A package lists what its extras need, used or not. An extra explains only what nothing else requires.
fn without_unused_extras(mut edges: Vec<Vec<(usize, Scope)>>) -> Vec<Vec<(usize, Scope)>> {
    let mut is_required = vec![false; edges.len()];
    for (to, scope) in edges.iter().flatten() {
        is_required[*to] |= *scope == Scope::Runtime;
    }
    for edges in &mut edges {
        edges.retain(|(to, scope)| *scope == Scope::Runtime || !is_required[*to]);
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(String, Origin, Scope)> {
        let packages = read(text).unwrap().packages.into_iter();
        packages.map(|p| (format!("{} {}", p.name, p.version), p.origin, p.scope)).collect()
    }

    #[test]
    fn the_first_formats_name_a_category() {
        let text = "[[package]]\ncategory = \"dev\"\nname = \"a\"\noptional = true\nversion = \"1\"\n\
            [[package]]\ncategory = \"main\"\nname = \"b\"\noptional = true\nversion = \"1\"\n\
            [package.source]\nreference = \"\"\ntype = \"\"\nurl = \"\"\n\
            [metadata]\ncontent-hash = \"0\"\n[metadata.hashes]\na = []\n";
        assert_eq!(
            shown(text),
            [
                ("a 1".to_owned(), Origin::Registry, Scope::Development),
                ("b 1".to_owned(), Origin::Registry, Scope::Optional),
            ]
        );
    }

    #[test]
    fn the_last_format_names_groups() {
        let text = "[[package]]\nname = \"a\"\nversion = \"1\"\noptional = false\ngroups = [\"dev\", \"main\"]\n\
            markers = {main = \"x\", dev = \"y\"}\n\
            [[package]]\nname = \"b\"\nversion = \"1\"\noptional = false\ngroups = [\"docs\"]\n\
            [metadata]\nlock-version = \"2.1\"\n";
        let scopes: Vec<_> = shown(text).into_iter().map(|(_, _, scope)| scope).collect();
        assert_eq!(scopes, [Scope::Runtime, Scope::Development]);
    }

    #[test]
    fn sources_are_told_apart() {
        let origin = |kind: &str, url: &str| {
            let source = format!("[package.source]\ntype = \"{kind}\"\nurl = \"{url}\"\n");
            shown(&format!("[[package]]\nname = \"a\"\nversion = \"1\"\n\n{source}"))[0].1
        };
        assert_eq!(origin("legacy", "https://pypi.org/simple"), Origin::Registry);
        assert_eq!(origin("legacy", "https://pypi.example.org/simple"), Origin::Elsewhere);
        assert_eq!(origin("git", "https://example.org/a.git"), Origin::Elsewhere);
        assert_eq!(origin("file", "wheels/a.whl"), Origin::Elsewhere);
        assert_eq!(origin("directory", "libraries/a"), Origin::Local);
    }

    #[test]
    fn requirements_are_found_in_every_notation_and_spelling() {
        let text = "[[package]]\nname = \"app\"\nversion = \"1\"\n[package.dependencies]\n\
            Zope_Interface = \"*\"\nb = [{version = \">1\", markers = \"x\"}, {version = \"<1\"}]\n\
            [package.dependencies.c]\nversion = \"*\"\noptional = true\n\
            [package.extras]\nx = [\"d\"]\n\
            [[package]]\nname = \"zope.interface\"\nversion = \"1\"\n\
            [[package]]\nname = \"b\"\nversion = \"1\"\n\
            [[package]]\nname = \"b\"\nversion = \"2\"\n\
            [[package]]\nname = \"c\"\nversion = \"1\"\n\
            [[package]]\nname = \"d\"\nversion = \"1\"\n";
        assert_eq!(read(text).unwrap().packages[0].requires, [1, 2, 3, 4]);
    }

    #[test]
    fn an_extra_explains_only_what_nothing_else_requires() {
        let text = "[[package]]\nname = \"a\"\nversion = \"1\"\n\
            [package.dependencies]\nc = {version = \"*\", optional = true}\n\
            [[package]]\nname = \"b\"\nversion = \"1\"\n[package.dependencies]\nc = \"*\"\n\
            [[package]]\nname = \"c\"\nversion = \"1\"\n";
        let read = read(text).unwrap();
        let way: Vec<_> = read.way_to(2).iter().map(|package| &*package.name).collect();
        assert_eq!(way, ["b", "c"]);
        assert!(!read.is_direct(2), "the format does not name the project");
    }

    #[test]
    fn an_entry_reaches_to_the_end_of_its_tables() {
        let text = "[[package]]\nname = \"a\"\nversion = \"1\"\n\n[package.dependencies]\nb = \"*\"\n\n[extras]\n";
        let read = read(text).unwrap();
        assert!(text[read.packages[0].at.clone()].ends_with("b = \"*\""));
        assert_eq!(&text[read.packages[0].version_at.clone()], "1");
    }

    #[test]
    fn faults_have_their_place() {
        let line = |text: &str| text[..read(text).unwrap_err().at].matches('\n').count() + 1;
        assert_eq!(line("\n[[package]]\nname = \"a\"\n"), 2);
        assert_eq!(line("\n[[package]]\nversion = \"1\"\n"), 2);
        assert_eq!(line("[[package]]\nname = \"a\"\nversion = 1\n"), 3);
        assert_eq!(line("[metadata]\nlock-version = \"3.0\"\n"), 2);
        assert_eq!(line("\n[package.source]\ntype = \"git\"\n"), 2);
        assert_eq!(line("\npackage = [{ name = \"a\", version = \"1\" }]\n"), 2);
        assert_eq!(line("[[package]]\n<<<<<<< HEAD\n"), 2);
        assert!(read("package = []\n").unwrap().packages.is_empty());
    }
}
