//! Documents of small lockfiles in both formats.

use serde_json::{Value, json};

use super::*;
use crate::packages::lockfile;

const NPM: &str = r#"{
  "name": "shop", "version": "2.0.0", "lockfileVersion": 3,
  "packages": {
    "": {"name": "shop", "version": "2.0.0", "dependencies": {"@a/b": "1"}, "devDependencies": {"c": "1"}},
    "node_modules/@a/b": {"version": "1.0.0", "dependencies": {"d": "1"}},
    "node_modules/c": {"version": "1.1.0", "dev": true},
    "node_modules/d": {"version": "1.2.0"}
  }
}
"#;

fn listed(path: &str, text: &str) -> Listed {
    let file = SourceFile::new(RepoPath::new(path), text.as_bytes().to_vec());
    let lockfile = lockfile::read(&file).expect("a lockfile");
    Listed { file, lockfile }
}

fn bill(lockfiles: &[(&str, &str)], missing: &[&str]) -> Bill {
    let lockfiles: Vec<_> = lockfiles.iter().map(|(path, text)| listed(path, text)).collect();
    let missing = missing.iter().map(|line| (*line).to_owned()).collect();
    Bill::new("folder", &lockfiles, missing, &|text| text.replace("hunter2", "*******"))
}

fn cyclonedx(bill: &Bill) -> Value {
    serde_json::to_value(cyclonedx::document(bill, None).expect("a document")).expect("JSON")
}

fn spdx(bill: &Bill) -> Value {
    let document = spdx::document(bill, Timestamp::UNIX_EPOCH).expect("a document");
    serde_json::to_value(document).expect("JSON")
}

#[test]
fn a_package_has_its_url_scope_place_and_requirements() {
    let document = cyclonedx(&bill(&[("package-lock.json", NPM)], &[]));
    let project = &document["metadata"]["component"];
    assert_eq!((&project["name"], &project["version"]), (&json!("shop"), &json!("2.0.0")));
    assert_eq!(
        document["components"][0],
        json!({
            "type": "library", "bom-ref": "pkg:npm/%40a/b@1.0.0", "group": "@a", "name": "b",
            "version": "1.0.0", "scope": "required", "purl": "pkg:npm/%40a/b@1.0.0",
            "evidence": {"occurrences": [{"location": "package-lock.json", "line": 5}]}
        })
    );
    assert_eq!(document["components"][1]["scope"], "excluded");
    assert_eq!(
        document["dependencies"],
        json!([
            {"ref": "pkg:npm/%40a/b@1.0.0", "dependsOn": ["pkg:npm/d@1.2.0"]},
            {"ref": "pkg:npm/c@1.1.0"},
            {"ref": "pkg:npm/d@1.2.0"},
            {"ref": "project", "dependsOn": ["pkg:npm/%40a/b@1.0.0", "pkg:npm/c@1.1.0"]}
        ])
    );
    assert_eq!(document.get("compositions"), None);
}

#[test]
fn spdx_tells_the_purpose_by_the_relationship() {
    let document = spdx(&bill(&[("package-lock.json", NPM)], &[]));
    let names: std::collections::HashMap<&Value, &Value> = document["packages"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|package| (&package["SPDXID"], &package["name"]))
        .collect();
    let name = |id| names.get(id).map_or("document", |name| name.as_str().expect("a name"));
    let relationships: Vec<String> = document["relationships"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            let kind = one["relationshipType"].as_str().expect("a kind");
            let (from, to) = (name(&one["spdxElementId"]), name(&one["relatedSpdxElement"]));
            format!("{from} {kind} {to}")
        })
        .collect();
    assert_eq!(
        relationships,
        [
            "document DESCRIBES shop",
            "@a/b DEPENDS_ON d",
            "shop DEPENDS_ON @a/b",
            "c DEV_DEPENDENCY_OF shop"
        ]
    );
    assert_eq!(document["packages"][1]["sourceInfo"], "locked in package-lock.json:5");
    assert_eq!(document["creationInfo"]["created"], "1970-01-01T00:00:00Z");
}

#[test]
fn a_package_of_two_lockfiles_is_one_component_with_both_places() {
    let files = [("a/requirements.txt", "B_b==1.0\n"), ("c/requirements.txt", "\nb-b==1.0\n")];
    let document = cyclonedx(&bill(&files, &[]));
    assert_eq!(document["metadata"]["component"]["name"], "folder");
    assert_eq!(
        document["components"][0]["evidence"]["occurrences"],
        json!([{"location": "a/requirements.txt", "line": 1}, {"location": "c/requirements.txt", "line": 2}])
    );
    // What nothing else requires, the project does.
    assert_eq!(document["dependencies"][1]["dependsOn"], json!(["pkg:pypi/b-b@1.0"]));
}

#[test]
fn what_is_from_no_public_registry_has_no_url_and_shows_no_credential() {
    let text = NPM.replace(
        r#""version": "1.2.0""#,
        r#""version": "git+https://u:hunter2@example.org/d.git", "resolved": "git+https://example.org/d.git""#,
    );
    let bill = bill(&[("package-lock.json", &text)], &[]);
    for document in [cyclonedx(&bill), spdx(&bill)] {
        let text = document.to_string();
        assert!(!text.contains("hunter2") && text.contains(NOT_PUBLIC), "{text}");
        assert!(!text.contains("pkg:npm/d"), "{text}");
    }
}

#[test]
fn a_document_says_what_it_lacks() {
    let bill = bill(&[("package-lock.json", NPM)], &["go.mod: could not be read: line 1: x"]);
    let document = cyclonedx(&bill);
    assert_eq!(document["compositions"][0]["aggregate"], "incomplete");
    let property = &document["metadata"]["properties"][0];
    assert_eq!(property["value"], "go.mod: could not be read: line 1: x");
    let comment = &spdx(&bill)["comment"];
    assert_eq!(comment, "This document is incomplete. go.mod: could not be read: line 1: x");
}

#[test]
fn the_serial_number_is_told_by_what_the_document_says_and_not_by_the_time() {
    let one = bill(&[("package-lock.json", NPM)], &[]);
    let other = bill(&[("package-lock.json", &NPM.replace("1.2.0", "1.2.1"))], &[]);
    let later = cyclonedx::document(&one, Some(Timestamp::UNIX_EPOCH)).expect("a document");
    let later = serde_json::to_value(later).expect("JSON");
    assert_eq!(later["metadata"]["timestamp"], "1970-01-01T00:00:00Z");
    let serial = |document: &Value| document["serialNumber"].as_str().expect("one").to_owned();
    assert_eq!(serial(&cyclonedx(&one)), serial(&later));
    assert_ne!(serial(&cyclonedx(&one)), serial(&cyclonedx(&other)));
    assert_eq!(uuid_of(b""), "e3b0c442-98fc-8c14-9afb-f4c8996fb924");
}
