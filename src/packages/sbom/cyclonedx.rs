//! `CycloneDX` 1.6 as JSON: <https://cyclonedx.org/docs/1.6/json/>.

use std::slice;

use jiff::Timestamp;
use serde::Serialize;

use super::{Bill, Component, NOT_PUBLIC, PROJECT, uuid_of};
use crate::packages::lockfile::Scope;

/// A document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Entry<'a>>,
    dependencies: Vec<Dependency<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compositions: Vec<Composition>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    /// Seconds are the unit, so that the same time is written in one way.
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    tools: Tools,
    component: Entry<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property<'a>>,
}

#[derive(Serialize)]
struct Tools {
    components: [Tool; 1],
}

#[derive(Serialize)]
struct Tool {
    r#type: &'static str,
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    r#type: &'static str,
    #[serde(rename = "bom-ref")]
    reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Self>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence<'a>>,
}

#[derive(Serialize)]
struct Evidence<'a> {
    occurrences: Vec<Occurrence<'a>>,
}

#[derive(Serialize)]
struct Occurrence<'a> {
    location: &'a str,
    line: u32,
}

#[derive(Serialize)]
struct Property<'a> {
    name: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency<'a> {
    r#ref: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'a str>,
}

#[derive(Serialize)]
struct Composition {
    aggregate: &'static str,
    assemblies: [&'static str; 1],
    dependencies: [&'static str; 1],
}

/// The document of a bill, with the time if one is to be told: without, it is the same at any time.
pub fn document(bill: &Bill, created: Option<Timestamp>) -> serde_json::Result<Document<'_>> {
    let parts = bill.parts.iter().map(|(reference, part)| entry("application", reference, part));
    let project =
        Entry { components: parts.collect(), ..entry("application", PROJECT, &bill.project) };
    let packages = bill.packages.iter();
    let tool = Tool {
        r#type: "application",
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
    };
    let mut document = Document {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: None,
        version: 1,
        metadata: Metadata {
            timestamp: None,
            tools: Tools { components: [tool] },
            component: project,
            properties: properties("seaworthy:missing", &bill.missing),
        },
        components: packages.map(|(reference, package)| library(reference, package)).collect(),
        dependencies: dependencies(bill),
        compositions: compositions(bill),
    };
    document.serial_number = Some(format!("urn:uuid:{}", uuid_of(&serde_json::to_vec(&document)?)));
    document.metadata.timestamp = created.map(super::seconds);
    Ok(document)
}

fn entry<'a>(kind: &'static str, reference: &'a str, component: &'a Component) -> Entry<'a> {
    let purl = component.purl.as_ref();
    let places = component.places.iter();
    let occurrences: Vec<_> =
        places.map(|(path, line)| Occurrence { location: path.as_str(), line: *line }).collect();
    Entry {
        r#type: kind,
        reference,
        group: purl.and_then(|purl| purl.namespace.as_deref()),
        name: purl.map_or(&component.name, |purl| &purl.name),
        version: component.version(),
        scope: None,
        purl: purl.map(ToString::to_string),
        properties: Vec::new(),
        components: Vec::new(),
        evidence: (!occurrences.is_empty()).then_some(Evidence { occurrences }),
    }
}

fn library<'a>(reference: &'a str, package: &'a Component) -> Entry<'a> {
    let scope = match package.scope {
        Scope::Runtime => "required",
        Scope::Optional => "optional",
        Scope::Development => "excluded",
    };
    let origin = if package.purl.is_some() { &[][..] } else { slice::from_ref(&NOT_PUBLIC) };
    Entry {
        scope: Some(scope),
        properties: properties("seaworthy:origin", origin),
        ..entry("library", reference, package)
    }
}

fn properties<'a, T: AsRef<str>>(name: &'static str, values: &'a [T]) -> Vec<Property<'a>> {
    values.iter().map(|value| Property { name, value: value.as_ref() }).collect()
}

fn dependencies(bill: &Bill) -> Vec<Dependency<'_>> {
    let requires = bill.requires.iter();
    requires
        .map(|(from, to)| Dependency {
            r#ref: from,
            depends_on: to.iter().map(String::as_str).collect(),
        })
        .collect()
}

/// A bill that lacks something says so of the project; of any other, nobody can say that it is complete.
fn compositions(bill: &Bill) -> Vec<Composition> {
    let incomplete =
        Composition { aggregate: "incomplete", assemblies: [PROJECT], dependencies: [PROJECT] };
    if bill.missing.is_empty() { Vec::new() } else { vec![incomplete] }
}
