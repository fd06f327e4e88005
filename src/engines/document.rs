//! Documents: files lowered to one tree of values, each of which knows its place.
//!
//! Each model is a module with `is_one`, which tells its files by their path, and `read`, which lowers a
//! text to a [`node::Node`]. What is worth asking about a format is computed while lowering, so that rules
//! stay short; how rules ask is the business of [`matcher`].

pub mod compose;
pub mod dockerfile;
pub mod interpolation;
pub mod json;
pub mod kubernetes;
pub mod lines;
mod make;
pub mod matcher;
pub mod node;
pub mod repair;
pub mod service;
pub mod shell;
mod spliced;
pub mod spring;
pub mod toml;
pub mod workflow;
pub mod yaml;

use std::{cell::OnceCell, ops::Range, rc::Rc};

use thiserror::Error;

use crate::{finding::RepoPath, rule::Model, sources::SourceFile};
use node::Node;
use service::{cron, nginx, postgresql, redis, systemd};

/// Why a text can not be read as what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Unreadable {
    /// What is wrong, in lower case, without full stop.
    pub message: String,
    /// Bytes of the text at which it is wrong.
    pub at: Range<usize>,
    /// Nothing is wrong: the text is a template, or whatever else becomes such a document later.
    pub is_foreign: bool,
}

impl Unreadable {
    /// A complaint about some bytes.
    pub fn new(message: impl Into<String>, at: Range<usize>) -> Self {
        Self { message: message.into(), at, is_foreign: false }
    }

    /// A word on a text that is no such document yet: it is not assessed, and not broken.
    pub fn foreign(message: impl Into<String>, at: Range<usize>) -> Self {
        Self { message: message.into(), at, is_foreign: true }
    }
}

/// What reading a file as one model gave; shared by all who ask.
pub type Reading = Rc<Result<Node, Unreadable>>;

/// Whether a file of this path may be one of this model. The content has the last word, in [`read`].
pub fn may_be(model: Model, path: &RepoPath) -> bool {
    match model {
        Model::Dockerfile => dockerfile::is_one(path),
        Model::Compose => compose::is_one(path),
        Model::Kubernetes => kubernetes::is_one(path),
        Model::Workflow => workflow::is_one(path),
        Model::Env => lines::is_env(path),
        Model::Ini => lines::is_ini(path),
        Model::Properties => lines::is_properties(path),
        Model::Spring => spring::is_one(path),
        Model::Nginx => nginx::is_one(path),
        Model::Redis => redis::is_one(path),
        Model::Postgresql => postgresql::is_one(path),
        Model::PgHba => postgresql::hba::is_one(path),
        Model::Systemd => systemd::is_one(path),
        Model::Cron => cron::is_one(path),
        Model::Yaml | Model::Json | Model::Toml | Model::Assignments => false,
    }
}

/// The file as a document of this model; made once, then shared.
///
/// Nothing if its content shows that it is none (YAML that is no Kubernetes manifest). The path is not
/// asked: a rule may name files that [`may_be`] does not know.
pub fn read(model: Model, file: &SourceFile) -> Option<Reading> {
    let readings = file.parsed(|_| Readings::default());
    let slot = readings.slots.get(model as usize)?;
    slot.get_or_init(|| parse(model, file.text()).map(Rc::new)).clone()
}

#[derive(Default)]
struct Readings {
    slots: [OnceCell<Option<Reading>>; Model::ALL.len()],
}

fn parse(model: Model, text: &str) -> Option<Result<Node, Unreadable>> {
    match model {
        Model::Dockerfile => Some(dockerfile::read(text)),
        Model::Compose => Some(compose::read(text)),
        Model::Kubernetes => kubernetes::looks_like_one(text).then(|| kubernetes::read(text)),
        Model::Workflow => Some(workflow::read(text)),
        Model::Env => Some(Ok(lines::env(text))),
        Model::Ini => Some(Ok(lines::ini(text))),
        Model::Properties => Some(Ok(lines::properties(text))),
        Model::Spring => Some(spring::read(text)),
        Model::Yaml => Some(yaml::read(text)),
        Model::Json => Some(json::read(text)),
        Model::Toml => Some(toml::read(text)),
        Model::Assignments => Some(Ok(lines::assignments(text))),
        Model::Nginx => nginx::looks_like_one(text).then(|| nginx::read(text)),
        Model::Redis => redis::looks_like_one(text).then(|| Ok(redis::read(text))),
        Model::Postgresql => postgresql::looks_like_one(text).then(|| Ok(postgresql::read(text))),
        Model::PgHba => {
            postgresql::hba::looks_like_one(text).then(|| Ok(postgresql::hba::read(text)))
        }
        Model::Systemd => systemd::looks_like_one(text).then(|| systemd::read(text)),
        Model::Cron => cron::looks_like_one(text).then(|| cron::read(text)),
    }
}
