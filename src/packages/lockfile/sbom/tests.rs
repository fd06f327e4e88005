//! Bills of materials in both formats.

use proptest::prelude::*;

use super::*;

const CYCLONEDX: &str = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5",
  "metadata": {"component": {"type": "application", "bom-ref": "root", "name": "shop", "version": "1.0"}},
  "components": [
    {"type": "library", "bom-ref": "a", "group": "@a", "name": "b", "version": "1.0.0", "purl": "pkg:npm/%40a/b@1.0.0",
     "components": [{"type": "library", "bom-ref": "c", "name": "c", "version": "2.0", "purl": "pkg:npm/c@2.0",
                     "scope": "excluded"}]},
    {"type": "library", "bom-ref": "go", "name": "toml", "version": "v1.0.0",
     "purl": "pkg:golang/github.com/BurntSushi/toml@v1.0.0"},
    {"type": "library", "name": "libssl3", "version": "3.0.11-1",
     "purl": "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl"},
    {"type": "library", "name": "own", "version": "1", "purl": "pkg:npm/own@1?repository_url=https://own.example.org"},
    {"type": "file", "name": "/bin/sh"},
    {"type": "library", "name": "nameless", "version": "1"},
    {"type": "library", "name": "unknown", "version": "1", "purl": "pkg:generic/unknown@1"}],
  "dependencies": [{"ref": "root", "dependsOn": ["a", "go"]}, {"ref": "a", "dependsOn": ["c", "lost"]}, {"ref": "c"}]}"#;

const SPDX: &str = r#"{"sbom": {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT",
  "packages": [
    {"SPDXID": "root", "name": "shop", "versionInfo": "1.0", "primaryPackagePurpose": "APPLICATION"},
    {"SPDXID": "a", "name": "a", "versionInfo": "1.0", "externalRefs": [
      {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:a"},
      {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:pypi/A_a@1.0"}]},
    {"SPDXID": "b", "name": "b", "versionInfo": "2.0", "externalRefs": [
      {"referenceType": "purl", "referenceLocator": "pkg:pypi/b"}]},
    {"SPDXID": "c", "name": "c", "versionInfo": "^ 2.0", "externalRefs": [
      {"referenceType": "purl", "referenceLocator": "pkg:pypi/c"}]}],
  "relationships": [
    {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "root"},
    {"spdxElementId": "root", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "a"},
    {"spdxElementId": "b", "relationshipType": "TEST_DEPENDENCY_OF", "relatedSpdxElement": "a"}]}}"#;

fn shown(text: &str) -> Vec<String> {
    let mut shown = Vec::new();
    for lockfile in read_all(text).expect("a bill of materials") {
        for (at, package) in lockfile.packages.iter().enumerate() {
            let way: Vec<_> = lockfile.way_to(at).iter().map(|p| p.name.as_str()).collect();
            assert_eq!(&text[package.version_at.clone()], package.version);
            shown.push(format!(
                "{} {} {} {:?} {:?}",
                lockfile.ecosystem,
                way.join(" > "),
                package.version,
                package.origin,
                package.scope
            ));
        }
    }
    shown
}

#[test]
fn a_bill_of_cyclonedx_is_a_lockfile_for_each_registry() {
    assert_eq!(
        shown(CYCLONEDX),
        [
            "npm shop > @a/b > c 2.0 Registry Development",
            "npm shop > @a/b 1.0.0 Registry Runtime",
            "npm own 1 Elsewhere Runtime",
            "npm shop 1.0 Local Runtime",
            "Go shop > github.com/BurntSushi/toml 1.0.0 Registry Runtime",
            "Go shop 1.0 Local Runtime",
            "Debian openssl 3.0.11-1 Registry Runtime",
        ]
    );
    let reasons: Vec<_> =
        read_all(CYCLONEDX).unwrap()[0].left_out.iter().map(|fault| fault.reason.clone()).collect();
    assert_eq!(
        reasons,
        ["a component without a package URL", "a package URL of no registry that is known"]
    );
}

#[test]
fn a_bill_of_spdx_is_read_with_its_relationships() {
    assert_eq!(
        shown(SPDX),
        [
            "PyPI shop > a-a 1.0 Registry Runtime",
            "PyPI shop > a-a > b 2.0 Registry Development",
            "PyPI shop 1.0 Local Runtime",
        ]
    );
    let left = &read_all(SPDX).unwrap()[0].left_out;
    assert!(SPDX[left[0].at..].starts_with(r#"{"SPDXID": "c""#));
}

#[test]
fn what_is_no_bill_or_tells_no_package_is_refused() {
    assert!(read_all("{}").is_err() && read_all("").is_err());
    let text = r#"{"spdxVersion": "SPDX-2.3", "packages": [{"name": "a"}]}"#;
    assert_eq!(read_all(text).unwrap_err().at, 41);
    assert!(read_all(r#"{"bomFormat": "CycloneDX"}"#).unwrap().is_empty());
}

proptest! {
    #[test]
    fn a_damaged_text_does_not_panic(
        which: bool, at: prop::sample::Index, put in "[{}\\[\\]\":, aé@#/]{0,6}"
    ) {
        let mut text = if which { CYCLONEDX } else { SPDX }.to_owned();
        let at = at.index(text.len());
        text.replace_range(at..(at + 3).min(text.len()), &put);
        for lockfile in read_all(&text).unwrap_or_default() {
            for package in lockfile.packages {
                prop_assert!(text.get(package.at).is_some());
                prop_assert!(text.get(package.version_at).is_some());
            }
        }
    }
}
