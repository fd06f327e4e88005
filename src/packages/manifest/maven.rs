//! `pom.xml`: the dependencies of a project and of its profiles.

use super::{Declared, Fault, Manifest, Scope};
use crate::packages::{
    Ecosystem,
    lockfile::xml::{self, Element},
};

/// Reads a `pom.xml`. Properties in names and versions stay as they are written.
pub(super) fn read(text: &str) -> Result<Manifest, Fault> {
    let project = xml::read(text)?;
    let profiles = project.inside("profiles").iter();
    let places = std::iter::once(&project).chain(profiles);
    let dependencies = places.flat_map(|place| place.inside("dependencies")).filter_map(declared);
    Ok(Manifest { ecosystem: Ecosystem::Maven, dependencies: dependencies.collect() })
}

fn declared(dependency: &Element<'_>) -> Option<Declared> {
    let artifact = dependency.child("artifactId").filter(|artifact| !artifact.text.is_empty())?;
    let scope = match dependency.text_of("scope") {
        Some("test") => Scope::Development,
        _ if dependency.text_of("optional") == Some("true") => Scope::Optional,
        _ => Scope::Runtime,
    };
    Some(Declared {
        name: format!("{}:{}", dependency.text_of("groupId")?, artifact.text),
        requirement: dependency.text_of("version").unwrap_or_default().to_owned(),
        scope,
        at: dependency.at.clone(),
        name_at: artifact.text_at.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_and_managed_ones_are_not() {
        let text = "<project><dependencyManagement><dependencies><dependency><groupId>no</groupId>\
            <artifactId>no</artifactId></dependency></dependencies></dependencyManagement><dependencies>\
            <dependency><groupId>a</groupId><artifactId>b</artifactId><version>${v}</version>\
            <exclusions><exclusion><groupId>x</groupId><artifactId>y</artifactId></exclusion></exclusions></dependency>\
            </dependencies><profiles><profile><dependencies><dependency><groupId>c</groupId>\
            <artifactId>d</artifactId><scope>test</scope></dependency></dependencies></profile></profiles></project>";
        let read = read(text).unwrap();
        let shown: Vec<_> = read
            .dependencies
            .iter()
            .map(|d| (&*d.name, &*d.requirement, d.scope, &text[d.name_at.clone()]))
            .collect();
        assert_eq!(
            shown,
            [("a:b", "${v}", Scope::Runtime, "b"), ("c:d", "", Scope::Development, "d")]
        );
    }
}
