//! Software bills of materials as JSON: `CycloneDX`, and SPDX 2.
//!
//! Packages are told by their package URLs, so one bill may hold packages of several registries: each gets a
//! lockfile of its own, with the requirements among its packages. What has no package URL of a known registry,
//! or no version, is left out; these stand in the first of the lockfiles.

mod cyclonedx;
mod spdx;

use std::{borrow::Cow, collections::HashMap, ops::Range};

use super::{
    Fault, LockedPackage, Lockfile, Origin, Provenance, Scope,
    entry::project,
    json::{Dialect, Kind, Reader, Text},
};
use crate::{
    finding::RepoPath,
    packages::{Ecosystem, Purl},
};

/// Names by the two specifications, and by habit.
const NAMES: &[&str] = &["bom.json", "sbom.json"];
const ENDINGS: &[&str] = &[".cdx.json", ".cyclonedx.json", ".spdx.json", ".sbom.json"];

/// Whether a file of this path is one.
pub fn is_one(path: &RepoPath) -> bool {
    let name = path.file_name();
    NAMES.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Reads a bill of materials: a lockfile for each registry that it has packages of.
pub fn read_all(text: &str) -> Result<Vec<Lockfile>, Fault> {
    let mut bill = Bill::default();
    Reader::read(text, Dialect::Plain, |reader, key| {
        // What an export of a code host wraps up.
        if key.text == "sbom" && reader.kind() == Kind::Object {
            return reader.entries(|reader, key| bill.take(reader, &key)).map(drop);
        }
        bill.take(reader, &key)
    })?;
    if !bill.is_known {
        return Err(Fault::new(0, "neither CycloneDX nor SPDX 2"));
    }
    bill.finish()
}

/// What a bill of materials says, in either format.
#[derive(Default)]
struct Bill<'a> {
    /// Whether it has named its format.
    is_known: bool,
    components: Vec<Component<'a>>,
    /// Who requires whom, by reference.
    edges: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// References of what the bill is about.
    roots: Vec<Cow<'a, str>>,
    /// What a relation says of the purpose of its first end.
    scopes: HashMap<Cow<'a, str>, Scope>,
}

/// A component of either format.
#[derive(Default)]
struct Component<'a> {
    at: Range<usize>,
    reference: Option<Cow<'a, str>>,
    name: Option<Text<'a>>,
    version: Option<Text<'a>>,
    purl: Option<Text<'a>>,
    scope: Scope,
    /// Whether it is what the bill is about.
    is_root: bool,
    /// Whether it is something that is no package, as a file.
    is_other: bool,
}

impl<'a> Bill<'a> {
    /// Takes an entry of the outermost object. The two formats have no name in common.
    fn take(&mut self, reader: &mut Reader<'a>, key: &Text<'a>) -> Result<(), Fault> {
        match &*key.text {
            "bomFormat" => {
                self.is_known |=
                    reader.text_or_pass()?.is_some_and(|text| text.text == "CycloneDX");
            }
            "spdxVersion" => {
                let is_two = |text: Text<'_>| text.text.starts_with("SPDX-2.");
                self.is_known |= reader.text_or_pass()?.is_some_and(is_two);
            }
            "metadata" => cyclonedx::metadata(self, reader)?,
            "components" => cyclonedx::components(self, reader)?,
            "dependencies" => cyclonedx::dependencies(self, reader)?,
            "packages" => spdx::packages(self, reader)?,
            "relationships" => spdx::relationships(self, reader)?,
            "documentDescribes" => spdx::described(self, reader)?,
            _ => {}
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Lockfile>, Fault> {
        let references: HashMap<&str, usize> = self
            .components
            .iter()
            .enumerate()
            .filter_map(|(at, component)| Some((component.reference.as_deref()?, at)))
            .collect();
        let roots: Vec<usize> =
            self.roots.iter().filter_map(|root| references.get(&**root).copied()).collect();
        let find = |(from, to): &(Cow<'_, str>, Cow<'_, str>)| {
            Some((*references.get(&**from)?, *references.get(&**to)?))
        };
        let edges: Vec<(usize, usize)> = self.edges.iter().filter_map(find).collect();
        for root in roots {
            self.components[root].is_root = true;
        }
        let mut groups = Groups::default();
        for component in &self.components {
            let of_relation = component.reference.as_ref().and_then(|name| self.scopes.get(name));
            groups.add(component, of_relation.copied().unwrap_or(component.scope));
        }
        groups.link(&self.components, &edges);
        groups.finish()
    }
}

/// The packages of each registry.
#[derive(Default)]
struct Groups {
    registries: Vec<(Ecosystem, Vec<LockedPackage>)>,
    /// For each component, which package of which group it is.
    places: Vec<Option<(usize, usize)>>,
    left_out: Vec<Fault>,
}

impl Groups {
    fn add(&mut self, component: &Component<'_>, scope: Scope) {
        let place = match component.package() {
            _ if component.is_root => None,
            Ok(Some((ecosystem, package))) => {
                let group = self.group(ecosystem);
                self.registries[group].1.push(LockedPackage { scope, ..package });
                Some((group, self.registries[group].1.len() - 1))
            }
            Ok(None) => None,
            Err(reason) => {
                self.left_out.push(Fault::new(component.at.start, reason));
                None
            }
        };
        self.places.push(place);
    }

    fn group(&mut self, ecosystem: Ecosystem) -> usize {
        let known = self.registries.iter().position(|(group, _)| *group == ecosystem);
        known.unwrap_or_else(|| {
            self.registries.push((ecosystem, Vec::new()));
            self.registries.len() - 1
        })
    }

    /// Enters the requirements within each group; what the bill is about comes into each one that it requires of.
    fn link(&mut self, components: &[Component<'_>], edges: &[(usize, usize)]) {
        let mut of_roots: HashMap<(usize, usize), usize> = HashMap::new();
        for (from, to) in edges {
            let Some((group, required)) = self.places[*to] else { continue };
            let packages = &mut self.registries[group].1;
            let from = match self.places[*from] {
                Some((same, from)) if same == group => from,
                None if components[*from].is_root => {
                    *of_roots.entry((group, *from)).or_insert_with(|| {
                        packages.push(components[*from].root());
                        packages.len() - 1
                    })
                }
                _ => continue,
            };
            packages[from].requires.push(required);
        }
    }

    fn finish(mut self) -> Result<Vec<Lockfile>, Fault> {
        if self.registries.is_empty() && !self.left_out.is_empty() {
            let at = self.left_out[0].at;
            return Err(Fault::new(at, "no component has a package URL of a known registry"));
        }
        let lockfile = |(ecosystem, packages)| Lockfile::new(ecosystem, packages);
        let mut lockfiles: Vec<Lockfile> =
            std::mem::take(&mut self.registries).into_iter().map(lockfile).collect();
        if let Some(first) = lockfiles.first_mut() {
            first.left_out = self.left_out;
        }
        Ok(lockfiles)
    }
}

impl Component<'_> {
    /// What the bill is about, with its name and version where it has them.
    fn root(&self) -> LockedPackage {
        let name = self.name.as_ref().map_or("", |name| &*name.text);
        let place = self.name.as_ref().map_or(&self.at, |name| &name.at);
        let package =
            LockedPackage { at: self.at.clone(), ..project(name, place.clone(), Vec::new()) };
        match &self.version {
            Some(version) => LockedPackage {
                version: version.text.to_string(),
                version_at: version.at.clone(),
                ..package
            },
            None => package,
        }
    }

    /// The package and its registry; nothing for what is no package, and why for one that is not known.
    fn package(&self) -> Result<Option<(Ecosystem, LockedPackage)>, &'static str> {
        let Some(url) = &self.purl else {
            let reason = "a component without a package URL";
            return if self.is_other { Ok(None) } else { Err(reason) };
        };
        let purl: Purl = url.text.parse().map_err(|_| "not a package URL")?;
        let ecosystem = purl.ecosystem().ok_or("a package URL of no registry that is known")?;
        let (name, version) = match source_of(&purl, ecosystem) {
            Some((name, version)) => (name, version.or_else(|| self.exact_version(&purl))),
            None => (purl.package_name(), self.exact_version(&purl)),
        };
        let version = version.ok_or("a package without an exact version")?;
        let is_own = purl.qualifiers.contains_key("repository_url")
            || (ecosystem == Ecosystem::Hex && purl.namespace.is_some())
            || (ecosystem == Ecosystem::Conan && purl.qualifiers.contains_key("user"));
        Ok(Some((
            ecosystem,
            LockedPackage {
                name_at: self.name.as_ref().map_or_else(|| url.at.clone(), |name| name.at.clone()),
                version_at: self.version_at(url, &version),
                name,
                version,
                origin: if is_own { Origin::Elsewhere } else { Origin::Registry },
                scope: self.scope,
                at: self.at.clone(),
                requires: Vec::new(),
                provenance: Provenance::default(),
                required_by: None,
            },
        )))
    }

    /// The version of the package URL, or that of the component where it is not a range.
    fn exact_version(&self, purl: &Purl) -> Option<String> {
        let is_exact = |version: &&str| {
            version.starts_with(|first: char| first.is_ascii_alphanumeric())
                && version.contains(|letter: char| letter.is_ascii_digit())
                && !version.contains([' ', ',', '*', '<', '>', '|'])
        };
        let of_component = self.version.as_ref().map(|version| &*version.text).filter(is_exact);
        purl.package_version().or(of_component).map(str::to_owned)
    }

    /// The bytes of a version: in its own text, else in the package URL, else all of that.
    fn version_at(&self, url: &Text<'_>, version: &str) -> Range<usize> {
        let within = |text: &Text<'_>| {
            let start = text.text.rfind(version)?;
            Some(text.part(start..start + version.len()).at)
        };
        let of_component = self.version.as_ref().and_then(within);
        of_component.or_else(|| within(url)).unwrap_or_else(|| url.at.clone())
    }
}

/// Advisories for distributions speak of source packages, which a qualifier names: `name` or `name@version`.
fn source_of(purl: &Purl, ecosystem: Ecosystem) -> Option<(String, Option<String>)> {
    if !matches!(ecosystem, Ecosystem::Debian | Ecosystem::Alpine) {
        return None;
    }
    let source = purl.qualifiers.get("upstream")?;
    let (name, version) = source.split_once('@').map_or((&**source, None), |(n, v)| (n, Some(v)));
    Some((name.to_owned(), version.map(str::to_owned)))
}

#[cfg(test)]
mod tests;
