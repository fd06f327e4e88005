//! SPDX 2.3 as JSON: <https://spdx.github.io/spdx-spec/v2.3/>.

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Bill, Component, NOT_PUBLIC, PROJECT, hexadecimal, uuid_of};
use crate::packages::lockfile::Scope;

/// What the document itself is called in relationships.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const UNKNOWN: &str = "NOASSERTION";
/// Bytes of the digest of a reference by which a package is called: enough to be the only one.
const BYTES_OF_ID: usize = 10;

/// A document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: &'a str,
    #[serde(rename = "documentNamespace")]
    namespace: String,
    creation_info: CreationInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    packages: Vec<Entry<'a>>,
    relationships: Vec<Relationship>,
}

#[derive(Serialize)]
struct CreationInfo {
    created: String,
    creators: [&'static str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(rename = "SPDXID")]
    id: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_info: Option<&'a str>,
    download_location: &'static str,
    files_analyzed: bool,
    license_concluded: &'static str,
    license_declared: &'static str,
    copyright_text: &'static str,
    primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalReference>,
}

#[derive(Serialize)]
struct ExternalReference {
    #[serde(rename = "referenceCategory")]
    category: &'static str,
    #[serde(rename = "referenceType")]
    kind: &'static str,
    #[serde(rename = "referenceLocator")]
    locator: String,
}

#[derive(Serialize)]
struct Relationship {
    #[serde(rename = "spdxElementId")]
    from: String,
    #[serde(rename = "relationshipType")]
    kind: &'static str,
    #[serde(rename = "relatedSpdxElement")]
    to: String,
}

/// The document of a bill, made at this time.
pub fn document(bill: &Bill, created: Timestamp) -> serde_json::Result<Document<'_>> {
    let mut packages = vec![entry("APPLICATION", PROJECT, &bill.project)];
    packages.extend(bill.parts.iter().map(|(name, part)| entry("APPLICATION", name, part)));
    packages.extend(bill.packages.iter().map(|(name, package)| Entry {
        comment: package.purl.is_none().then_some(NOT_PUBLIC),
        ..entry("LIBRARY", name, package)
    }));
    let mut document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: &bill.project.name,
        namespace: String::new(),
        creation_info: CreationInfo {
            created: String::new(),
            creators: [concat!("Tool: ", env!("CARGO_PKG_NAME"), "-", env!("CARGO_PKG_VERSION"))],
        },
        comment: comment(bill),
        packages,
        relationships: relationships(bill),
    };
    let uuid = uuid_of(&serde_json::to_vec(&document)?);
    document.namespace = format!("https://spdx.org/spdxdocs/seaworthy-{uuid}");
    document.creation_info.created = super::seconds(created);
    Ok(document)
}

fn comment(bill: &Bill) -> Option<String> {
    let missing = &bill.missing;
    (!missing.is_empty()).then(|| format!("This document is incomplete. {}", missing.join("; ")))
}

/// The identifier that stands for a reference: of references, few characters are allowed there.
fn id(reference: &str) -> String {
    let digest = Sha256::digest(reference.as_bytes());
    format!("SPDXRef-Package-{}", hexadecimal(&digest[..BYTES_OF_ID]))
}

fn entry<'a>(purpose: &'static str, reference: &str, component: &'a Component) -> Entry<'a> {
    let purl = component.purl.iter().map(|purl| ExternalReference {
        category: "PACKAGE-MANAGER",
        kind: "purl",
        locator: purl.to_string(),
    });
    let places = component.places.iter().map(|(path, line)| format!("{path}:{line}"));
    let places: Vec<String> = places.collect();
    Entry {
        id: id(reference),
        name: &component.name,
        version_info: component.version(),
        download_location: UNKNOWN,
        files_analyzed: false,
        license_concluded: UNKNOWN,
        license_declared: UNKNOWN,
        copyright_text: UNKNOWN,
        primary_package_purpose: purpose,
        source_info: (!places.is_empty()).then(|| format!("locked in {}", places.join(", "))),
        comment: None,
        external_refs: purl.collect(),
    }
}

/// The document is about the project and its parts; what a package is needed for is told by its relationships.
fn relationships(bill: &Bill) -> Vec<Relationship> {
    let relationship = |from: String, kind, to: String| Relationship { from, kind, to };
    let described = std::iter::once(PROJECT).chain(bill.parts.keys().map(String::as_str));
    let mut all: Vec<_> =
        described.map(|name| relationship(DOCUMENT.to_owned(), "DESCRIBES", id(name))).collect();
    for (from, to) in &bill.requires {
        all.extend(to.iter().map(|to| {
            let scope = bill.packages.get(to).map_or(Scope::Runtime, |package| package.scope);
            match scope {
                Scope::Runtime => relationship(id(from), "DEPENDS_ON", id(to)),
                Scope::Optional => relationship(id(to), "OPTIONAL_DEPENDENCY_OF", id(from)),
                Scope::Development => relationship(id(to), "DEV_DEPENDENCY_OF", id(from)),
            }
        }));
    }
    all
}
