//! What a project wants of its dependencies: licences, sources, packages that may not be used.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a project wants of its dependencies.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DependencyConfig {
    /// Whether weaknesses that no version repairs are left out of the gate.
    pub ignore_unfixed: bool,
    /// What a package must be needed for to count at the gate; empty is anything.
    pub fail_on_scopes: Vec<ScopeName>,
    /// Licences.
    pub licences: LicenceConfig,
    /// Packages that may not be used.
    pub banned: Vec<Banned>,
    /// Besides public registries, addresses that packages may come from, as prefixes: `https://github.com/acme/`.
    /// `None` allows all.
    pub sources: Option<Vec<String>>,
    /// Whether several versions of one package are told.
    pub duplicates: bool,
    /// How far behind a package is told.
    pub outdated: OutdatedConfig,
    /// Addresses that are asked instead of public registries, by ecosystem as advisories name it: `crates.io`.
    pub registries: BTreeMap<String, String>,
}

/// How far behind its newest version a package of the project's own choice may be; 0 is any distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutdatedConfig {
    /// From so many majors on it is told.
    pub majors: u32,
    /// From so many days on, between the two versions, it is told.
    pub days: u32,
}

impl Default for OutdatedConfig {
    fn default() -> Self {
        Self { majors: 1, days: 365 }
    }
}

/// What a package is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopeName {
    /// What is shipped.
    Runtime,
    /// A feature that not everybody installs.
    Optional,
    /// Building and testing only.
    Development,
}

/// Which licences packages may have, as SPDX identifiers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LicenceConfig {
    /// Those that are fine. If there are any, all others are not.
    pub allow: Vec<String>,
    /// Those that are not.
    pub deny: Vec<String>,
    /// What is fine for single packages.
    pub exceptions: Vec<LicenceException>,
}

/// Licences that are fine for one package.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenceException {
    /// The package, `NAME` or `NAME@VERSION`.
    pub package: String,
    /// The licences.
    pub allow: Vec<String>,
    /// Why.
    pub reason: String,
}

/// A package that may not be used.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Banned {
    /// The package, `NAME` or `NAME@REQUIREMENT`.
    pub package: String,
    /// Its ecosystem as advisories name it, `crates.io`; `None` is any.
    #[serde(default)]
    pub ecosystem: Option<String>,
    /// What to use instead.
    #[serde(default)]
    pub instead: Option<String>,
    /// Why.
    pub reason: String,
}
