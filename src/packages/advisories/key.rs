//! Which package an advisory speaks of: ecosystem, release, and the name in the one spelling it is filed under.

use crate::packages::Ecosystem;

/// The release of crates.io under which Rust's own parts are filed: `std`, `cargo`, `rustdoc`. They share
/// names with crates, and nothing else.
pub const TOOLCHAIN: &str = "rust";

/// The key of a package: its ecosystem as OSV writes it, with the release if that counts, and its name.
pub(super) fn key(ecosystem: Ecosystem, release: Option<&str>, name: &str) -> String {
    let name = ecosystem.folded(name);
    match release.filter(|release| counts(ecosystem, release)) {
        Some(release) => format!("{ecosystem}:{release}\n{name}"),
        None => format!("{ecosystem}\n{name}"),
    }
}

/// The ecosystem of a key.
pub(super) fn ecosystem_of(key: &str) -> Option<Ecosystem> {
    Ecosystem::of_name(key.split('\n').next().unwrap_or_default())
}

/// The key under which an index notes that it knows a release of a distribution; `key` is that of a package of it.
pub(super) fn release_key(key: &str) -> Option<&str> {
    let end = key.find('\n')? + 1;
    ecosystem_of(key).filter(|ecosystem| has_releases(*ecosystem)).map(|_| &key[..end])
}

/// Whether packages are those of a release of a distribution.
pub(super) fn has_releases(ecosystem: Ecosystem) -> bool {
    matches!(ecosystem, Ecosystem::Debian | Ecosystem::Alpine)
}

/// Whether advisories are about one release. Elsewhere what follows the colon is a mirror of the same packages.
fn counts(ecosystem: Ecosystem, release: &str) -> bool {
    has_releases(ecosystem) || (ecosystem == Ecosystem::CratesIo && release == TOOLCHAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_as_the_registry_folds_them() {
        let cases = [
            (Ecosystem::PyPi, "Zope.Interface__X", "PyPI\nzope-interface-x"),
            (Ecosystem::CratesIo, "Serde_JSON", "crates.io\nserde-json"),
            (Ecosystem::NuGet, "Newtonsoft.Json", "NuGet\nnewtonsoft.json"),
            (Ecosystem::Packagist, "Symfony/HTTP-kernel", "Packagist\nsymfony/http-kernel"),
            (Ecosystem::Npm, "JSONStream", "npm\nJSONStream"),
            (Ecosystem::Go, "github.com/BurntSushi/toml", "Go\ngithub.com/BurntSushi/toml"),
        ];
        for (ecosystem, name, expected) in cases {
            assert_eq!(key(ecosystem, None, name), expected);
        }
    }

    #[test]
    fn a_release_is_noted_under_the_key_of_a_package_without_name() {
        let debian = key(Ecosystem::Debian, Some("12"), "curl");
        assert_eq!(release_key(&debian), Some(&*key(Ecosystem::Debian, Some("12"), "")));
        assert_eq!(release_key(&key(Ecosystem::Npm, None, "a")), None);
    }

    #[test]
    fn a_release_counts_for_distributions_and_for_the_toolchain() {
        assert_eq!(key(Ecosystem::Debian, Some("12"), "curl"), "Debian:12\ncurl");
        assert_eq!(key(Ecosystem::Alpine, Some("v3.19"), "curl"), "Alpine:v3.19\ncurl");
        assert_eq!(key(Ecosystem::CratesIo, Some(TOOLCHAIN), "cargo"), "crates.io:rust\ncargo");
        assert_eq!(key(Ecosystem::Maven, Some("https://example.org"), "a:b"), "Maven\na:b");
    }
}
