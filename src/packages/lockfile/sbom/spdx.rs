//! What SPDX 2.2 and 2.3 say: packages with references to registries, and relationships.

use super::{Bill, Component};
use crate::packages::lockfile::{
    Fault, Scope,
    entry::{filled, texts},
    json::{Kind, Reader, Text},
};

/// Purposes of packages that are none of a registry.
const OTHERS: &[&str] =
    &["ARCHIVE", "CONTAINER", "DEVICE", "FILE", "FIRMWARE", "OPERATING-SYSTEM", "SOURCE"];
/// Relationships whose first end is required by the second one, and what for.
const REQUIRED: &[(&str, Scope)] = &[
    ("DEPENDENCY_OF", Scope::Runtime),
    ("RUNTIME_DEPENDENCY_OF", Scope::Runtime),
    ("PROVIDED_DEPENDENCY_OF", Scope::Runtime),
    ("OPTIONAL_DEPENDENCY_OF", Scope::Optional),
    ("BUILD_DEPENDENCY_OF", Scope::Development),
    ("DEV_DEPENDENCY_OF", Scope::Development),
    ("TEST_DEPENDENCY_OF", Scope::Development),
];

/// Reads `packages`.
pub(super) fn packages<'a>(bill: &mut Bill<'a>, reader: &mut Reader<'a>) -> Result<(), Fault> {
    reader.elements(|reader| {
        let mut package = Component::default();
        package.at = reader.entries(|reader, key| {
            match &*key.text {
                "SPDXID" => package.reference = reader.text_or_pass()?.map(|text| text.text),
                "name" => package.name = filled(reader)?,
                "versionInfo" => package.version = filled(reader)?,
                "externalRefs" => package.purl = purl(reader)?,
                "primaryPackagePurpose" => {
                    let purpose = reader.text_or_pass()?;
                    package.is_other = purpose.is_some_and(|text| OTHERS.contains(&&*text.text));
                }
                _ => {}
            }
            Ok(())
        })?;
        bill.components.push(package);
        Ok(())
    })?;
    Ok(())
}

/// The first package URL of a list of references.
fn purl<'a>(reader: &mut Reader<'a>) -> Result<Option<Text<'a>>, Fault> {
    let mut found = None;
    if reader.kind() != Kind::List {
        return Ok(found);
    }
    reader.elements(|reader| {
        let (mut kind, mut locator) = (None, None);
        reader.entries(|reader, key| {
            match &*key.text {
                "referenceType" => kind = reader.text_or_pass()?,
                "referenceLocator" => locator = filled(reader)?,
                _ => {}
            }
            Ok(())
        })?;
        if found.is_none() && kind.is_some_and(|kind| kind.text == "purl") {
            found = locator;
        }
        Ok(())
    })?;
    Ok(found)
}

/// Reads `relationships`: who requires whom, and what the bill is about.
pub(super) fn relationships<'a>(bill: &mut Bill<'a>, reader: &mut Reader<'a>) -> Result<(), Fault> {
    reader.elements(|reader| {
        let (mut from, mut kind, mut to) = (None, None, None);
        reader.entries(|reader, key| {
            match &*key.text {
                "spdxElementId" => from = reader.text_or_pass()?,
                "relationshipType" => kind = reader.text_or_pass()?,
                "relatedSpdxElement" => to = reader.text_or_pass()?,
                _ => {}
            }
            Ok(())
        })?;
        let (Some(from), Some(kind), Some(to)) = (from, kind, to) else { return Ok(()) };
        let (from, to) = (from.text, to.text);
        match &*kind.text {
            "DESCRIBES" => bill.roots.push(to),
            "DESCRIBED_BY" => bill.roots.push(from),
            "DEPENDS_ON" => bill.edges.push((from, to)),
            kind => {
                if let Some((_, scope)) = REQUIRED.iter().find(|(known, _)| *known == kind) {
                    // What anything needs to run is needed to run.
                    let known = bill.scopes.entry(from.clone()).or_insert(*scope);
                    if *scope == Scope::Runtime {
                        *known = Scope::Runtime;
                    }
                    bill.edges.push((to, from));
                }
            }
        }
        Ok(())
    })?;
    Ok(())
}

/// Reads `documentDescribes`: what the bill is about.
pub(super) fn described<'a>(bill: &mut Bill<'a>, reader: &mut Reader<'a>) -> Result<(), Fault> {
    bill.roots.extend(texts(reader)?.into_iter().map(|text| text.text));
    Ok(())
}
