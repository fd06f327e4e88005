//! `pdm.lock`, of PDM 1 and 2: lock versions up to 4.

use std::collections::HashMap;

use super::{
    Fault, LockedPackage, Lockfile, Origin, Scope,
    python::{self, Element, Entry, Names, Requirement},
};

/// The newest major version of the format that is known.
const NEWEST: u32 = 4;

/// Groups that PDM's users keep for development. The lockfile does not tell them from optional ones.
const DEVELOPMENT: &[&str] =
    &["dev", "development", "doc", "docs", "lint", "linting", "test", "testing", "tests", "typing"];

/// Reads a `pdm.lock`. It does not name the project: ways begin at packages that nobody requires.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let document = python::document(text)?;
    python::check_version(&document, &["metadata"], "lock_version", NEWEST)?;
    let (mut entries, mut extras, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for element in python::elements(&document, "package")? {
        let read = read_element(&element)?;
        if read.is_of_extras {
            extras.push(read.entry);
        } else if read.entry.package.version.is_empty()
            && read.entry.package.origin != Origin::Local
        {
            left_out.push(Fault::new(read.entry.package.name_at.start, "no version"));
        } else {
            entries.push(read.entry);
        }
    }
    merge(&mut entries, extras);
    let names = Names::of(entries.iter().map(|entry| &entry.package));
    let edges = python::resolve(&entries, &names);
    let packages = entries.into_iter().map(|entry| entry.package);
    let lockfile = python::lockfile(packages, edges, &[]);
    Ok(Lockfile { left_out, ..lockfile })
}

struct Read<'d> {
    entry: Entry<'d>,
    is_of_extras: bool,
}

fn read_element<'d>(element: &Element<'d, '_>) -> Result<Read<'d>, Fault> {
    let mut package = element.package()?;
    let mut requirements = Vec::new();
    let mut groups = Vec::new();
    let mut is_of_extras = false;
    let (mut path, mut is_editable) = (None, false);
    for field in element.fields() {
        let text = &*field.value.text;
        match field.path() {
            // `sections` were the groups of PDM 1.
            ["groups" | "sections", "", ..] => groups.push(text),
            ["extras", "", ..] => is_of_extras = true,
            ["git" | "hg" | "svn" | "bzr" | "url", "", ..] => {
                package.origin = Origin::Elsewhere;
                package.provenance.address_at = Some(python::inside_quotes(field.value));
            }
            ["path", "", ..] => path = Some(text),
            ["editable", "", ..] => is_editable = field.is_true(),
            ["dependencies", "", ..] => {
                let name = python::requirement::leading_name(text);
                requirements.push(Requirement::any(name, Scope::Runtime));
            }
            ["dependencies", name, ..] => {
                requirements.push(Requirement::any(name, Scope::Runtime));
            }
            _ => {}
        }
    }
    if let Some(path) = path {
        let is_folder = is_editable || !python::is_archive(path);
        package.origin = if is_folder { Origin::Local } else { Origin::Elsewhere };
    }
    package.scope = scope(&groups);
    Ok(Read { entry: Entry { package, source: "", requirements }, is_of_extras })
}

fn scope(groups: &[&str]) -> Scope {
    if groups.is_empty() || groups.contains(&"default") {
        Scope::Runtime
    } else if groups.iter().all(|group| DEVELOPMENT.contains(group)) {
        Scope::Development
    } else {
        Scope::Optional
    }
}

/// A package with extras has an entry more, of the same name and version, that names what the extras need.
fn merge<'d>(entries: &mut Vec<Entry<'d>>, extras: Vec<Entry<'d>>) {
    let key = |package: &LockedPackage| (package.name.clone(), package.version.clone());
    let known: HashMap<_, _> =
        entries.iter().enumerate().map(|(at, entry)| (key(&entry.package), at)).collect();
    for extra in extras {
        match known.get(&key(&extra.package)) {
            Some(at) => entries[*at].requirements.extend(extra.requirements),
            None => entries.push(extra),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[metadata]\nlock_version = \"4.5.0\"\n\
        [[package]]\nname = \"requests\"\nversion = \"2.31.0\"\ngroups = [\"default\"]\n\
        dependencies = [\"idna<4,>=2.5\"]\n\
        [[package]]\nname = \"requests\"\nversion = \"2.31.0\"\nextras = [\"socks\"]\ngroups = [\"default\"]\n\
        dependencies = [\"PySocks!=1.5.7,>=1.5.6\", \"requests==2.31.0\"]\n\
        [[package]]\nname = \"pysocks\"\nversion = \"1.7.1\"\ngroups = [\"default\", \"dev\"]\n\
        [[package]]\nname = \"idna\"\nversion = \"3\"\n\
        [[package]]\nname = \"own\"\nversion = \"0.1\"\npath = \"./libraries/own\"\ngroups = [\"all\"]\n\
        [[package]]\nname = \"file\"\nversion = \"0.1\"\npath = \"./wheels/file-0.1.whl\"\ngroups = [\"test\"]\n\
        [[package]]\nname = \"git\"\ngit = \"https://example.org/git.git\"\n";

    #[test]
    fn packages_have_their_groups_and_their_origin() {
        let read = read(TEXT).unwrap();
        let shown: Vec<_> = read.packages.iter().map(|p| (&*p.name, p.origin, p.scope)).collect();
        assert_eq!(
            shown,
            [
                ("requests", Origin::Registry, Scope::Runtime),
                ("pysocks", Origin::Registry, Scope::Runtime),
                ("idna", Origin::Registry, Scope::Runtime),
                ("own", Origin::Local, Scope::Optional),
                ("file", Origin::Elsewhere, Scope::Development),
            ]
        );
        let at = read.left_out[0].at;
        assert_eq!(&TEXT[at..at + 3], "git");
    }

    #[test]
    fn a_package_with_extras_is_one_package() {
        assert_eq!(read(TEXT).unwrap().packages[0].requires, [1, 2]);
    }

    #[test]
    fn the_first_format_has_sections_and_a_table_of_requirements() {
        let text = "[[package]]\nname = \"a\"\nsections = [\"dev\"]\nversion = \"1\"\n\n\
            [package.dependencies]\nb = \"<4,>=3\"\n\n[[package]]\nname = \"b\"\nversion = \"3\"\n";
        let read = read(text).unwrap();
        assert_eq!(
            (read.packages[0].scope, &*read.packages[0].requires),
            (Scope::Development, &[1][..])
        );
    }

    #[test]
    fn a_newer_format_is_refused() {
        assert_eq!(read("[metadata]\nlock_version = \"5.0\"\n").unwrap_err().at, 26);
    }
}
