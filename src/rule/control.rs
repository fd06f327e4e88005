//! The catalogue of controls: the questions that an audit answers.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// A control's name, `SECURITY-001` to `HARDEN-OPS-8`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ControlId(Arc<str>);

impl ControlId {
    /// Takes a name as it is.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ControlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an answer to a control can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// From the repository.
    Static,
    /// From the deployment.
    Live,
    /// A named person says so, in `seaworthy.yaml`.
    Attested,
}

/// One question that an audit answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its name.
    pub id: ControlId,
    /// The heading under which people look for it.
    pub area: String,
    /// How an answer can be had.
    pub by: Vec<Answer>,
    /// One line.
    pub title: String,
}
