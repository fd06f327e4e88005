//! Text of the audited repository or of an answer that may be shown.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Text that the masker has seen: it holds no secret.
///
/// Only `engines::secret::masker` makes one from foreign text; the architecture test holds that. It may
/// still hold control characters and markup, which each reporter escapes for its own format.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quoted(String);

impl Quoted {
    /// Takes text from which the masker has removed all secrets. For the masker alone.
    pub(crate) fn from_masked(text: String) -> Self {
        Self(text)
    }

    /// Text that stands in the program or in its rules, and so holds nothing of anyone.
    pub fn own(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// A number, with at most two decimals.
    pub fn number(value: f64) -> Self {
        let text = format!("{value:.2}");
        Self(text.trim_end_matches('0').trim_end_matches('.').to_owned())
    }

    /// Several texts, one after the other.
    pub fn concat(parts: &[Self]) -> Self {
        Self(parts.iter().map(Self::as_str).collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
