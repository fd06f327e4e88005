//! Where advisories come from, and how old they may be.

use serde::Deserialize;

/// The advisory database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AdvisoryConfig {
    /// An index or a folder of advisories that somebody else keeps.
    pub path: Option<String>,
    /// An older database is told, and refreshed.
    #[serde(alias = "max-age")]
    pub max_age_days: u32,
    /// What the index is made of: addresses or paths. Given, they stand instead of the usual ones.
    pub sources: Vec<String>,
    /// Another place of the export archives of OSV, to which `<ecosystem>/all.zip` is added.
    pub mirror: Option<String>,
    /// The ecosystems that are downloaded, as OSV names them; empty is all but distributions.
    pub ecosystems: Vec<String>,
    /// Whether a scan may refresh what is too old.
    pub refresh: Refresh,
}

/// Whether a scan may refresh what is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refresh {
    /// If it is not offline.
    #[default]
    Auto,
    /// Only `seaworthy db update` does.
    Never,
}

impl Default for AdvisoryConfig {
    fn default() -> Self {
        Self {
            path: None,
            max_age_days: 7,
            sources: Vec::new(),
            mirror: None,
            ecosystems: Vec::new(),
            refresh: Refresh::Auto,
        }
    }
}
