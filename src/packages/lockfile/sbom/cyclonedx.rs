//! What `CycloneDX` 1.2 to 1.6 says: components, one within another, and what depends on what.

use super::{Bill, Component};
use crate::packages::lockfile::{
    Fault, Scope,
    entry::{filled, texts},
    json::{Kind, Reader},
};

/// Types of components that are no packages.
const OTHERS: &[&str] = &[
    "container",
    "cryptographic-asset",
    "data",
    "device",
    "device-driver",
    "file",
    "firmware",
    "machine-learning-model",
    "operating-system",
    "platform",
];

/// What a component is to the bill.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// What the bill is about.
    Subject,
    /// A part of that.
    Part,
    /// What it is made with.
    Package,
}

/// Reads `metadata`, whose component is what the bill is about.
pub(super) fn metadata<'a>(bill: &mut Bill<'a>, reader: &mut Reader<'a>) -> Result<(), Fault> {
    if reader.kind() != Kind::Object {
        return Ok(());
    }
    reader.entries(|reader, key| {
        if key.text == "component" && reader.kind() == Kind::Object {
            component(bill, reader, Role::Subject)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Reads `components`, those within each other as well.
pub(super) fn components<'a>(bill: &mut Bill<'a>, reader: &mut Reader<'a>) -> Result<(), Fault> {
    reader.elements(|reader| component(bill, reader, Role::Package))?;
    Ok(())
}

fn component<'a>(bill: &mut Bill<'a>, reader: &mut Reader<'a>, role: Role) -> Result<(), Fault> {
    let within = if role == Role::Package { Role::Package } else { Role::Part };
    let mut component = Component::default();
    component.at = reader.entries(|reader, key| {
        match &*key.text {
            "bom-ref" => component.reference = reader.text_or_pass()?.map(|text| text.text),
            "name" => component.name = filled(reader)?,
            "version" => component.version = filled(reader)?,
            "purl" => component.purl = filled(reader)?,
            "type" => {
                let kind = reader.text_or_pass()?;
                component.is_other = kind.is_some_and(|kind| OTHERS.contains(&&*kind.text));
            }
            "scope" => component.scope = scope(reader)?,
            "components" => {
                reader.elements(|reader| self::component(bill, reader, within))?;
            }
            _ => {}
        }
        Ok(())
    })?;
    // A part that has a package URL is looked at as any package.
    component.is_root = role == Role::Subject || (role == Role::Part && component.purl.is_none());
    bill.components.push(component);
    Ok(())
}

/// What is excluded is used for tests and the like only.
fn scope(reader: &mut Reader<'_>) -> Result<Scope, Fault> {
    let scope = reader.text_or_pass()?;
    Ok(match scope.as_ref().map(|scope| &*scope.text) {
        Some("optional") => Scope::Optional,
        Some("excluded") => Scope::Development,
        _ => Scope::Runtime,
    })
}

/// Reads `dependencies`: who requires whom.
pub(super) fn dependencies<'a>(bill: &mut Bill<'a>, reader: &mut Reader<'a>) -> Result<(), Fault> {
    reader.elements(|reader| {
        let mut from = None;
        let mut required = Vec::new();
        reader.entries(|reader, key| {
            match &*key.text {
                "ref" => from = reader.text_or_pass()?,
                "dependsOn" => required = texts(reader)?,
                _ => {}
            }
            Ok(())
        })?;
        if let Some(from) = from {
            let edge = |to| (from.text.clone(), to);
            bill.edges.extend(required.into_iter().map(|to| edge(to.text)));
        }
        Ok(())
    })?;
    Ok(())
}
