//! The shape of a rule and the small vocabularies it is written in.
//!
//! This file is also compiled into the build script, which checks and bakes the rules under `rules/`.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    matcher::{CodePattern, DocumentMatcher, Language, SecretMatcher},
    probe::ProbeMatcher,
};

/// How bad it is, from least to worst, so that severities compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, nothing to do in a hurry.
    Note,
    /// A weakness that needs another one to matter.
    Low,
    /// Should be repaired in the normal course of work.
    Medium,
    /// Should be repaired before the next release.
    High,
    /// Must not ship.
    Critical,
}

impl Severity {
    /// All severities, worst first: the order in which people read them.
    pub const WORST_FIRST: [Self; 5] =
        [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Note];

    /// The word that stands in reports and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How sure the rule is that what it reports is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A hint; a person must look.
    Low,
    /// Usually right.
    Medium,
    /// Right at sight: a structural constant, or proven.
    High,
}

impl Confidence {
    /// The word that stands in reports and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Who gets to see a rule's findings.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Shown always, and may block.
    #[default]
    Default,
    /// Shown always, never blocks.
    Warning,
    /// Shown with `--pedantic` only.
    Pedantic,
}

/// How long the repair takes, for the implementation plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// A line or a setting.
    #[default]
    Minutes,
    /// A change with a test.
    Hours,
    /// A design question.
    Days,
}

/// The compartment that a rule belongs to: the word before the slash of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Credentials in files.
    Secret,
    /// Source code.
    Code,
    /// Dockerfile and compose.
    Container,
    /// Kubernetes manifests.
    Kubernetes,
    /// GitHub workflows and actions.
    Workflow,
    /// Configuration of services and frameworks.
    Service,
    /// Third-party packages.
    Dependency,
    /// The repository as a whole.
    Repository,
    /// The running deployment.
    Live,
    /// Measurements of the running deployment.
    Performance,
}

impl Kind {
    /// All kinds, in the order in which people read them.
    pub const ALL: [Self; 10] = [
        Self::Secret,
        Self::Code,
        Self::Container,
        Self::Kubernetes,
        Self::Workflow,
        Self::Service,
        Self::Dependency,
        Self::Repository,
        Self::Live,
        Self::Performance,
    ];

    /// The word in rule ids, `--only` and `--skip`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Code => "code",
            Self::Container => "container",
            Self::Kubernetes => "kubernetes",
            Self::Workflow => "workflow",
            Self::Service => "service",
            Self::Dependency => "dependency",
            Self::Repository => "repository",
            Self::Live => "live",
            Self::Performance => "performance",
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|kind| kind.name()).collect();
            format!("unknown kind `{text}`; known are {}", known.join(", "))
        })
    }
}

/// A rule's name, `<kind>/<what-is-wrong>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(Arc<str>);

impl RuleId {
    /// Takes a name as it is; [`super::load`] checks the names of rule files.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The compartment, or `None` if the word before the slash is no known kind.
    pub fn kind(&self) -> Option<Kind> {
        self.0.split_once('/')?.0.parse().ok()
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a rule is looked for. One variant per engine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Matcher {
    /// A credential's shape.
    Secret(SecretMatcher),
    /// Shapes of source code, one per language.
    Code(Vec<CodePattern>),
    /// Fields of a parsed document.
    Document(DocumentMatcher),
    /// Requests to the target and what their answers mean.
    Probe(ProbeMatcher),
    /// Rust code of this name holds the looking; this file holds the knowledge.
    Builtin(String),
}

impl Matcher {
    /// What the rule reads: names of languages for code, of the model for documents, else nothing.
    pub fn reads(&self) -> Vec<&'static str> {
        match self {
            Self::Code(patterns) => {
                let known = Language::ALL.into_iter().filter(|language| {
                    patterns.iter().any(|pattern| pattern.languages.contains(language))
                });
                known.map(Language::name).collect()
            }
            Self::Document(document) => vec![document.model.name()],
            Self::Secret(_) | Self::Probe(_) | Self::Builtin(_) => Vec::new(),
        }
    }
}

/// One piece of knowledge: what is wrong, why it matters, what to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rule {
    /// `<kind>/<what-is-wrong>`.
    pub id: RuleId,
    /// One line, no full stop.
    pub title: String,
    /// How bad a finding is, unless the check knows better.
    pub severity: Severity,
    /// How sure a finding is, unless the check knows better.
    pub confidence: Confidence,
    /// Who gets to see it.
    pub tier: Tier,
    /// The control that it answers.
    pub control: super::control::ControlId,
    /// Further controls that it answers.
    pub also: Vec<super::control::ControlId>,
    /// Numbers of the Common Weakness Enumeration.
    pub cwe: Vec<u32>,
    /// Other tools' ids for the same thing, `hadolint/DL3002`.
    pub aliases: Vec<String>,
    /// Where the knowledge comes from.
    pub references: Vec<String>,
    /// How long the repair takes.
    pub effort: Effort,
    /// What happens if nothing is done.
    pub reason: String,
    /// What to do.
    pub remedy: String,
    /// How it is looked for.
    pub matcher: Matcher,
}

impl Rule {
    /// The controls that this rule answers, the first one first.
    pub fn controls(&self) -> impl Iterator<Item = &super::control::ControlId> {
        std::iter::once(&self.control).chain(&self.also)
    }
}

/// A text that a rule must flag (`bad`) or must not flag (`good`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// The files of a small tree; one without a name stands for "any file of the right kind".
    pub files: Vec<ExampleFile>,
    /// The one-based line on which the finding must stand, where it matters.
    pub line: Option<u32>,
}

/// One file of an example.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExampleFile {
    /// Path in the tree, or `None` if the name does not matter.
    pub path: Option<String>,
    /// The text, without the `<!>` marks that keep scanners from tripping over rule files.
    pub text: String,
}
