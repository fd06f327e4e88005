//! `pom.xml` of Maven: what the file itself says, without parents, imported bills of materials and plugins.
//!
//! Versions come from the dependency, from the file's `dependencyManagement` and from its properties; a version's
//! place is where it is written. Of a range, the lowest version that it lets in counts: no newer one is promised.
//! Which versions the dependencies require themselves, the file does not tell. What stays unknown is left out.

mod model;

use std::{collections::HashMap, ops::Range};

use model::{Model, Value};

use super::{
    Fault, LockedPackage, Lockfile, Origin, Provenance, Scope,
    entry::project,
    xml::{self, Element},
};
use crate::packages::Ecosystem;

/// Versions that stand for whatever is newest.
const MOVING: &[&str] = &["LATEST", "RELEASE"];

/// Reads a `pom.xml`.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let root = xml::read(text)?;
    if root.name != "project" {
        return Err(Fault::new(root.at.start, "not a `project`"));
    }
    let mut model = Model::new(&root);
    let mut found = Found::default();
    for dependency in root.inside("dependencies") {
        found.take(&model, dependency, true);
    }
    let project = itself(&model, &root);
    for profile in root.inside("profiles") {
        model.enter(profile);
        for dependency in profile.inside("dependencies") {
            found.take(&model, dependency, model::is_active(profile));
        }
    }
    let Found { mut packages, left_out, .. } = found;
    packages.push(LockedPackage { requires: (0..packages.len()).collect(), ..project });
    let mut lockfile = Lockfile::new(Ecosystem::Maven, packages);
    lockfile.left_out = left_out;
    Ok(lockfile)
}

/// The project, which requires all that is found.
fn itself(model: &Model<'_>, root: &Element<'_>) -> LockedPackage {
    let value = |name: &str| model.coordinate(name).and_then(|element| model.value(element));
    let (Some(group), Some(artifact)) = (value("groupId"), value("artifactId")) else {
        let tag = root.at.start..root.at.start + "<project".len();
        return project("pom.xml", tag, Vec::new());
    };
    let name = format!("{}:{}", group.text, artifact.text);
    let mut package =
        LockedPackage { at: root.at.clone(), ..project(&name, artifact.at, Vec::new()) };
    if let Some(version) = value("version") {
        package.version = version.text.into_owned();
        package.version_at = version.at;
    }
    package
}

#[derive(Default)]
struct Found {
    packages: Vec<LockedPackage>,
    /// For each name and version, the package and whether it is one with a classifier.
    known: HashMap<(String, String), (usize, bool)>,
    left_out: Vec<Fault>,
}

impl Found {
    fn take<'a>(&mut self, model: &Model<'a>, dependency: &'a Element<'a>, is_active: bool) {
        if dependency.name != "dependency" {
            return;
        }
        match package(model, dependency, is_active) {
            Ok(package) => self.add(package, dependency.child("classifier").is_some()),
            Err(reason) => self.left_out.push(Fault::new(dependency.at.start, reason)),
        }
    }

    /// The main artefact stands for those that are attached to it, and a later declaration for an earlier one.
    fn add(&mut self, new: LockedPackage, is_attached: bool) {
        let key = (new.name.clone(), new.version.clone());
        let Some((index, was_attached)) = self.known.get_mut(&key) else {
            self.known.insert(key, (self.packages.len(), is_attached));
            self.packages.push(new);
            return;
        };
        let old = &mut self.packages[*index];
        let scope = if is_shipped(old.scope) { old.scope } else { new.scope };
        if *was_attached || !is_attached {
            *was_attached = is_attached;
            *old = new;
        }
        old.scope = scope;
    }
}

fn is_shipped(scope: Scope) -> bool {
    scope == Scope::Runtime
}

fn package<'a>(
    model: &Model<'a>,
    dependency: &'a Element<'a>,
    is_active: bool,
) -> Result<LockedPackage, &'static str> {
    let value = |name: &str| dependency.child(name).and_then(|element| model.value(element));
    let (Some(group), Some(artifact)) = (value("groupId"), value("artifactId")) else {
        return Err("a dependency whose name this file does not tell");
    };
    let managed = model.managed(dependency);
    let part = |name: &str| {
        dependency.child(name).or_else(|| managed.and_then(|managed| managed.child(name)))
    };
    let version = part("version")
        .ok_or("the version comes from a parent or from an imported bill of materials")?;
    let version = model
        .value(version)
        .filter(|version| !version.text.is_empty())
        .ok_or("the version is a property that this file does not tell")?;
    let version = lowest(version)?;
    let scope = part("scope").and_then(|scope| model.value(scope));
    let scope = scope.map(|scope| scope.text.into_owned()).unwrap_or_default();
    let is_optional = !is_active || value("optional").is_some_and(|value| value.text == "true");
    Ok(LockedPackage {
        name: format!("{}:{}", group.text, artifact.text),
        version: version.text.into_owned(),
        origin: if scope == "system" { Origin::Elsewhere } else { Origin::Registry },
        scope: match (scope.as_str(), is_optional) {
            ("test", _) => Scope::Development,
            (_, true) => Scope::Optional,
            _ => Scope::Runtime,
        },
        at: dependency.at.clone(),
        name_at: artifact.at,
        version_at: version.at,
        requires: Vec::new(),
        provenance: Provenance::default(),
        required_by: None,
    })
}

/// The version, or the lowest one of ranges as in `[1.0,2.0)` and `[1.0]`.
fn lowest(version: Value<'_>) -> Result<Value<'_>, &'static str> {
    if MOVING.contains(&&*version.text) {
        return Err("whatever version is newest");
    }
    if !version.text.starts_with(['[', '(']) {
        return Ok(version);
    }
    let end = version.text.find([',', ']', ')']).unwrap_or(version.text.len());
    let first = version.text[1..end].trim();
    if first.is_empty() || version.text.starts_with('(') {
        return Err("a range without a lowest version");
    }
    let from = version.text.find(first).unwrap_or_default();
    let at = within(&version.at, version.text.len(), from..from + first.len());
    Ok(Value { text: first.to_owned().into(), at })
}

/// The place of a part of a text, if the text is written as it is read; else that of the whole.
fn within(at: &Range<usize>, length: usize, part: Range<usize>) -> Range<usize> {
    if at.len() == length { at.start + part.start..at.start + part.end } else { at.clone() }
}

#[cfg(test)]
mod tests;
