//! What the Python formats share: names, public indexes, tables of packages, and who requires whom.

pub(in crate::packages) mod requirement;

use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
    rc::Rc,
};

use super::{Fault, LockedPackage, Lockfile, Origin, Provenance, Scope, javascript::is_within};
use crate::{
    packages::Ecosystem,
    sources::toml::{Document, Table, Value},
};

/// The public index, and what serves the same packages: a domain, and how paths begin there.
const PUBLIC: &[(&str, &str)] = &[
    ("pypi.org", ""),
    ("pypi.python.org", ""),
    ("pythonhosted.org", ""),
    ("piwheels.org", ""),
    ("mirrors.aliyun.com", "/pypi"),
    ("mirrors.cloud.tencent.com", "/pypi"),
    ("pypi.mirrors.ustc.edu.cn", ""),
    ("pypi.tuna.tsinghua.edu.cn", ""),
];

/// Packages of one file, and those who require them. As many values a TOML document has at most.
pub(in crate::packages) const MOST: usize = 250_000;
/// Versions of one package that one requirement can stand for. More are not honest.
const MOST_VERSIONS: usize = 8;

/// A name in the spelling that names are compared in.
pub(super) fn normalised(name: &str) -> String {
    Ecosystem::PyPi.folded(name)
}

/// Whether an index, or a file, is of the public index or of a mirror of it.
pub(super) fn is_public(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return false;
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    PUBLIC.iter().any(|(known, prefix)| is_within(host, known) && path.starts_with(prefix))
}

/// Whether an index of this address is the public one.
pub(super) fn origin_of_index(url: &str) -> Origin {
    if is_public(url) { Origin::Registry } else { Origin::Elsewhere }
}

/// Whether a path or a URL is that of a distribution in one file.
pub(super) fn is_archive(path: &str) -> bool {
    const ENDINGS: &[&str] =
        &[".whl", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".xz", ".egg"];
    let path = path.split(['#', '?']).next().unwrap_or_default().to_ascii_lowercase();
    ENDINGS.iter().any(|ending| path.ends_with(ending))
}

/// Reads TOML.
pub(in crate::packages) fn document(text: &str) -> Result<Document<'_>, Fault> {
    Document::read(text).map_err(|error| Fault::new(error.at, error.message))
}

/// Refuses a file of a newer format: the version is `key` of the table, `newest` the last known major one.
pub(super) fn check_version(
    document: &Document<'_>,
    table: &[&str],
    key: &str,
    newest: u32,
) -> Result<(), Fault> {
    let Some(version) = document.named(table).find_map(|table| table.get(key)) else {
        return Ok(());
    };
    let major = version.text.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major <= newest) {
        Ok(())
    } else {
        Err(Fault::new(version.at.start, "a version of the format that is not known"))
    }
}

/// A `[[package]]` and the tables below it, as `[package.dependencies]`.
pub(super) struct Element<'d, 'a> {
    tables: &'d [Table<'a>],
}

/// A value of an [`Element`].
pub(super) struct Field<'d, 'a> {
    header: &'d [Rc<str>],
    /// The value.
    pub(super) value: &'d Value<'a>,
}

/// The elements of an array of tables of this name.
pub(super) fn elements<'d, 'a>(
    document: &'d Document<'a>,
    name: &str,
) -> Result<Vec<Element<'d, 'a>>, Fault> {
    let refused = |at| Err(Fault::new(at, "packages must be written as an array of tables"));
    let is_of = |table: &Table<'_>| table.name.first().is_some_and(|first| &**first == name);
    let mut elements = Vec::new();
    let mut tables = document.tables.as_slice();
    while let [table, below @ ..] = tables {
        let mut end = 0;
        if is_of(table) {
            if table.name.len() > 1 || !table.is_element {
                return refused(table.at.start);
            }
            end = below.iter().take_while(|t| is_of(t) && t.name.len() > 1).count();
            elements.push(Element { tables: &tables[..=end] });
        } else if table.name.is_empty()
            && let Some(value) = table.values.iter().find(|value| &*value.key[0] == name)
        {
            return refused(value.at.start);
        }
        tables = &below[end..];
    }
    Ok(elements)
}

impl<'d, 'a> Element<'d, 'a> {
    /// Its values and those of the tables below it.
    pub(super) fn fields(&self) -> impl Iterator<Item = Field<'d, 'a>> + use<'d, 'a> {
        self.tables.iter().flat_map(|table| {
            let header = &table.name[1..];
            table.values.iter().map(move |value| Field { header, value })
        })
    }

    /// Its package, from the public index and for running, with an empty version where it has none.
    pub(super) fn package(&self) -> Result<LockedPackage, Fault> {
        let own = &self.tables[0];
        let string = |key: &str| match own.get(key) {
            Some(value) if !value.is_string => Err(Fault::new(value.at.start, "not a string")),
            found => Ok(found),
        };
        let name = string("name")?.filter(|name| !name.text.is_empty());
        let name = name.ok_or_else(|| Fault::new(own.at.start, "a package without a name"))?;
        let name_at = inside_quotes(name);
        let version = string("version")?;
        Ok(LockedPackage {
            name: name.text.to_string(),
            version: version.map_or_else(String::new, |version| version.text.to_string()),
            origin: Origin::Registry,
            scope: Scope::Runtime,
            at: own.at.start..self.tables[self.tables.len() - 1].at.end,
            version_at: version.map_or(name_at.end..name_at.end, inside_quotes),
            name_at,
            requires: Vec::new(),
            provenance: Provenance::default(),
            required_by: None,
        })
    }
}

impl<'d> Field<'d, '_> {
    /// The first parts of its path below the element; those that are not there are empty.
    pub(super) fn path(&self) -> [&'d str; 4] {
        let mut parts = self.header.iter().chain(self.value.key.iter());
        std::array::from_fn(|_| parts.next().map_or("", |part| &**part))
    }

    /// Whether it is `true`.
    pub(super) fn is_true(&self) -> bool {
        !self.value.is_string && self.value.text == "true"
    }
}

/// Names and versions hold no escapes, else the place is that of the whole value.
pub(in crate::packages) fn inside_quotes(value: &Value<'_>) -> Range<usize> {
    match value.at.len().saturating_sub(value.text.len()) {
        quotes @ (2 | 6) => value.at.start + quotes / 2..value.at.end - quotes / 2,
        _ => value.at.clone(),
    }
}

/// A package whose requirements are not yet resolved.
pub(super) struct Entry<'d> {
    /// The package.
    pub(super) package: LockedPackage,
    /// Where it comes from, as the file writes it, for requirements that say so.
    pub(super) source: &'d str,
    /// What it requires.
    pub(super) requirements: Vec<Requirement<'d>>,
}

/// What a package requires.
#[derive(Debug, Default)]
pub(super) struct Requirement<'d> {
    /// The name in any spelling.
    pub(super) name: &'d str,
    /// The version, where the file says which; else empty.
    pub(super) version: &'d str,
    /// The source, where the file says which; else empty.
    pub(super) source: &'d str,
    /// What for.
    pub(super) scope: Scope,
}

impl<'d> Requirement<'d> {
    /// Any version of a package.
    pub(super) fn any(name: &'d str, scope: Scope) -> Self {
        Self { name, scope, ..Self::default() }
    }
}

/// Packages that are there by name.
pub(super) struct Names(HashMap<String, Vec<usize>>);

impl Names {
    /// Those of a list.
    pub(super) fn of<'p>(packages: impl Iterator<Item = &'p LockedPackage>) -> Self {
        let mut names: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, package) in packages.enumerate() {
            let same = names.entry(normalised(&package.name)).or_default();
            if same.len() < MOST_VERSIONS {
                same.push(at);
            }
        }
        Self(names)
    }

    /// Indices of the packages of this name, in any spelling.
    pub(super) fn all(&self, name: &str) -> &[usize] {
        self.0.get(&normalised(name)).map_or(&[], Vec::as_slice)
    }
}

/// For each entry, the indices of what it requires, and what for.
pub(super) fn resolve(entries: &[Entry<'_>], names: &Names) -> Vec<Vec<(usize, Scope)>> {
    let is_meant = |at: usize, requirement: &Requirement<'_>| {
        let Entry { package, source, .. } = &entries[at];
        (requirement.version.is_empty() || requirement.version == package.version)
            && (requirement.source.is_empty() || requirement.source == *source)
    };
    let required = |(from, entry): (usize, &Entry<'_>)| {
        let mut required = Vec::new();
        for requirement in &entry.requirements {
            let found = names.all(requirement.name).iter().copied();
            // A package that names its own extras requires itself.
            let found = found.filter(|at| *at != from && is_meant(*at, requirement));
            required.extend(found.map(|at| (at, requirement.scope)));
        }
        // Of an edge that is there for two reasons, the stronger one stays.
        required.sort_unstable();
        required.dedup_by_key(|(at, _)| *at);
        required
    };
    entries.iter().enumerate().map(required).collect()
}

/// Packages with what they require, the ways to them found.
///
/// Not every format names the project. Ways then begin at packages that are `direct` or that nobody requires.
pub(super) fn lockfile(
    packages: impl Iterator<Item = LockedPackage>,
    edges: Vec<Vec<(usize, Scope)>>,
    direct: &[usize],
) -> Lockfile {
    let indices = |edges: Vec<(usize, Scope)>| edges.into_iter().map(|(at, _)| at).collect();
    let packages = packages
        .zip(edges)
        .map(|(package, edges)| LockedPackage { requires: indices(edges), ..package });
    let mut lockfile = Lockfile::new(Ecosystem::PyPi, packages.collect());
    let packages = &mut lockfile.packages;
    let mut is_start = vec![true; packages.len()];
    for to in packages.iter().flat_map(|package| &package.requires) {
        is_start[*to] = false;
    }
    for at in direct {
        is_start[*at] = true;
    }
    let is_reached =
        |package: &LockedPackage| package.origin == Origin::Local || package.required_by.is_some();
    let mut reached: Vec<bool> = packages.iter().map(is_reached).collect();
    let mut queue: VecDeque<usize> =
        (0..packages.len()).filter(|at| is_start[*at] && !reached[*at]).collect();
    for at in &queue {
        reached[*at] = true;
    }
    while let Some(from) = queue.pop_front() {
        for index in 0..packages[from].requires.len() {
            let to = packages[from].requires[index];
            if !std::mem::replace(&mut reached[to], true) {
                packages[to].required_by = Some(from);
                queue.push_back(to);
            }
        }
    }
    lockfile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_the_index_compares_them() {
        assert_eq!(normalised("Friendly-._.-Bard"), "friendly-bard");
        assert_eq!(normalised("zope.interface"), normalised("Zope_Interface"));
    }

    #[test]
    fn the_public_index_is_told_from_others() {
        assert!(is_public("https://pypi.org/simple"));
        assert!(is_public("https://someone:word@PyPI.org:443/simple/"));
        assert!(!is_public("https://pypi.org.example.org/simple"));
        assert!(!is_public("https://example.org/pypi.org/simple"));
        assert!(!is_public("../wheels"));
    }
}
