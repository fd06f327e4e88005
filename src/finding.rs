//! What an audit writes down: findings, facts, measurements, and what ran and what did not.
//!
//! Everything here is data. Checks and probes make it, `judgement` reads it.

pub mod draft;
pub mod fact;
pub mod fingerprint;
pub mod line_hash;
pub mod measurement;
pub mod outcome;
pub mod place;
pub mod secret;
pub mod text;

pub use draft::{
    Draft, DraftCall, DraftEdit, DraftFact, DraftOrigin, DraftStep, Excused, FileNotes,
    InlineWaiver,
};
pub use fact::{CredentialFact, Fact, RouteFact};
pub use fingerprint::Fingerprint;
pub use measurement::{Measurement, Unit};
pub use outcome::{Gap, Outcome, Ran};
pub use place::{Commit, Excerpt, FilePlace, Member, Package, Place, RepoPath, RequestPlace, Span};
pub use secret::Secret;
pub use text::Quoted;

use serde::{Deserialize, Serialize};

use crate::rule::{Confidence, Life, RuleId, Severity, Tier};

/// Something that is wrong, and where. It holds only text that the masker has seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "FindingLine", into = "FindingLine")]
pub struct Finding {
    /// The rule that found it.
    pub rule: RuleId,
    /// How bad this one is.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Who gets to see it.
    pub tier: Tier,
    /// Where.
    pub place: Place,
    /// Other places that belong to it, each with a word on why.
    pub related: Vec<Step>,
    /// The way that leads here, first step first.
    pub flow: Vec<Step>,
    /// One sentence.
    pub message: Quoted,
    /// What was seen that proves it.
    pub evidence: Vec<Evidence>,
    /// What the vendor says of the credential, if it was to be asked.
    pub verification: Option<Life>,
    /// How to repair it mechanically.
    pub fix: Option<Fix>,
    /// What stays the same when lines move.
    pub fingerprint: Fingerprint,
}

/// A place with a note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Where.
    pub place: Place,
    /// Why it is named.
    pub note: Quoted,
}

/// One piece of proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is: `request`, `answer`, `advisory`.
    pub label: String,
    /// The text.
    pub text: Quoted,
}

/// A repair that a program can make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// What it does, one line.
    pub title: Quoted,
    /// Replacements, none of which overlap.
    pub edits: Vec<Edit>,
    /// A command that does it, if one does.
    pub command: Option<String>,
}

/// One replacement of text in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// The file.
    pub path: RepoPath,
    /// What is replaced.
    pub span: Span,
    /// What it becomes.
    pub text: Quoted,
}

/// A [`Finding`] as JSON shows it: its package stands beside the place, not within.
#[derive(Serialize, Deserialize)]
struct FindingLine {
    rule: RuleId,
    severity: Severity,
    confidence: Confidence,
    tier: Tier,
    message: Quoted,
    place: Place,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    package: Option<Package>,
    related: Vec<Step>,
    flow: Vec<Step>,
    evidence: Vec<Evidence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verification: Option<Life>,
    fix: Option<Fix>,
    fingerprint: Fingerprint,
}

impl From<Finding> for FindingLine {
    fn from(finding: Finding) -> Self {
        let (place, package) = match finding.place {
            Place::Package { at, package } => (Place::File(at), Some(package)),
            place => (place, None),
        };
        Self {
            rule: finding.rule,
            severity: finding.severity,
            confidence: finding.confidence,
            tier: finding.tier,
            message: finding.message,
            place,
            package,
            related: finding.related,
            flow: finding.flow,
            evidence: finding.evidence,
            verification: finding.verification,
            fix: finding.fix,
            fingerprint: finding.fingerprint,
        }
    }
}

impl TryFrom<FindingLine> for Finding {
    type Error = &'static str;

    fn try_from(line: FindingLine) -> Result<Self, Self::Error> {
        let place = match (line.place, line.package) {
            (Place::File(at) | Place::Package { at, .. }, Some(package)) => {
                Place::Package { at, package }
            }
            (place, None) => place,
            (_, Some(_)) => return Err("a package stands beside a place in a file"),
        };
        Ok(Self {
            rule: line.rule,
            severity: line.severity,
            confidence: line.confidence,
            tier: line.tier,
            place,
            related: line.related,
            flow: line.flow,
            message: line.message,
            evidence: line.evidence,
            verification: line.verification,
            fix: line.fix,
            fingerprint: line.fingerprint,
        })
    }
}
