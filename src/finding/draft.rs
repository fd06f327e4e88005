//! What a file check notes down before the masker has seen the file.

use std::ops::Range;

use super::{Fact, Fingerprint, Gap, Package, Quoted, RepoPath, Secret, Span};
use crate::rule::{Confidence, RuleId, Severity, Tier};

/// A finding with raw text. It never leaves `checks`: the masker turns it into a [`super::Finding`].
#[derive(Debug, Clone)]
pub struct Draft {
    /// The rule that found it.
    pub rule: RuleId,
    /// Bytes of the file that it is about.
    pub at: Range<usize>,
    /// One sentence; text of the file in it is masked later.
    pub message: String,
    /// What the message repeats of the file, whole: it is masked first and shortened after that.
    pub quoted: Option<String>,
    /// Instead of the rule's severity.
    pub severity: Option<Severity>,
    /// Instead of the rule's confidence.
    pub confidence: Option<Confidence>,
    /// Instead of the rule's tier.
    pub tier: Option<Tier>,
    /// The credential, for secret findings: what is masked and hashed.
    pub secret: Option<Secret>,
    /// The other half of the pair.
    pub partner: Option<Secret>,
    /// What the fingerprint is made from instead of the text at `at`.
    pub subject: Option<String>,
    /// The package, for dependency findings.
    pub package: Option<Package>,
    /// Label and raw text of each piece of proof.
    pub evidence: Vec<(String, String)>,
    /// Other places in the same file.
    pub related: Vec<DraftStep>,
    /// The line of another file that it comes from: the first of its other places, and of its flow.
    pub origin: Option<DraftOrigin>,
    /// The way through this file that leads here, first step first.
    pub flow: Vec<DraftStep>,
    /// Where the source calls what is wrong with the package: other places, and the last steps of the flow.
    pub calls: Vec<DraftCall>,
    /// Title and edits of a repair.
    pub fix: Option<(String, Vec<DraftEdit>)>,
    /// A command that makes the repair. It is shown as it is: nothing of the file may stand in it unchecked.
    pub command: Option<String>,
}

impl Draft {
    /// A finding of `rule` about the bytes `at`.
    pub fn new(rule: &RuleId, at: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            rule: rule.clone(),
            at,
            message: message.into(),
            quoted: None,
            severity: None,
            confidence: None,
            tier: None,
            secret: None,
            partner: None,
            subject: None,
            package: None,
            evidence: Vec::new(),
            related: Vec::new(),
            origin: None,
            flow: Vec::new(),
            calls: Vec::new(),
            fix: None,
            command: None,
        }
    }
}

/// Another place in the same file, and why it is named.
#[derive(Debug, Clone)]
pub struct DraftStep {
    /// Bytes of the file.
    pub at: Range<usize>,
    /// Why it is named.
    pub note: String,
}

/// A place in another file, and why it is named. Nothing that stands there is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftOrigin {
    /// The other file.
    pub path: RepoPath,
    /// Where in it.
    pub span: Span,
    /// Why it is named.
    pub note: String,
}

/// A call in another file. Of that, nothing but the place is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftCall {
    /// The file.
    pub path: RepoPath,
    /// Where in it.
    pub span: Span,
    /// The function, as the advisory names it.
    pub function: String,
    /// Whether it is passed on as a value there, for others to call.
    pub is_passed: bool,
}

/// One replacement in the same file.
#[derive(Debug, Clone)]
pub struct DraftEdit {
    /// Bytes that are replaced.
    pub at: Range<usize>,
    /// What they become.
    pub text: String,
}

/// A fact with a place in the file; it becomes a [`Fact`] once the masker has seen the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftFact {
    /// The source answers this route.
    Route {
        /// Upper-case method, or `None` for any.
        method: Option<String>,
        /// The path, parameters in braces.
        route: String,
        /// Bytes of the declaration.
        at: Range<usize>,
    },
    /// Debug mode is switched on here.
    DebugFlag(Range<usize>),
}

/// What a comment excuses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Excused {
    /// What this rule finds, at the lines of a comment of ours or of another tool.
    Rule(RuleId),
    /// Every credential: another tool's comment names no rule.
    Secrets,
    /// All about containers, Kubernetes, workflows and services.
    Configuration,
}

/// A comment that excuses a finding: `seaworthy: allow RULE-ID — reason`, or another tool's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InlineWaiver {
    /// What it excuses.
    pub excused: Excused,
    /// One-based line of the comment, or the one that another tool's comment is about.
    pub line: u32,
    /// One-based line that it covers besides its own; of another tool's comment the first one.
    pub covers: u32,
    /// The last line that it covers.
    pub until: u32,
    /// Whether it is another tool's.
    pub is_foreign: bool,
    /// Hash of the lines that it covers: at the base, the same words elsewhere excuse nothing here.
    pub covered: Fingerprint,
    /// The reason given; a waiver without one does not count.
    pub reason: Quoted,
}

/// What the file checks note about one file. It is plain data, so that it can be stored.
#[derive(Debug, Default)]
pub struct FileNotes {
    /// Findings, not yet masked.
    pub drafts: Vec<Draft>,
    /// What others may use.
    pub facts: Vec<Fact>,
    /// What others may use and that has a place in the file.
    pub draft_facts: Vec<DraftFact>,
    /// What could not be looked at, each with the subject, as in `FileCheck::subjects`, that it is about.
    pub gaps: Vec<(&'static str, Gap)>,
    /// Comments that excuse findings.
    pub waivers: Vec<InlineWaiver>,
    /// Names of the subjects, as in `FileCheck::subjects`, that the file was looked at as.
    pub looked_at: Vec<&'static str>,
}

impl FileNotes {
    /// Whether the file was looked at as this subject, or was to be.
    pub fn speaks_of(&self, subject: &str) -> bool {
        let left_out = self.gaps.iter().map(|(subject, _)| *subject);
        self.looked_at.iter().copied().chain(left_out).any(|known| known == subject)
    }

    /// Notes something that was not looked at as `subject`.
    pub fn leave_out(&mut self, subject: &'static str, gap: Gap) {
        self.gaps.push((subject, gap));
    }

    /// Notes that the file could not be looked at as `subject`, or not entirely, so that nothing passes on
    /// the strength of the rest.
    pub fn miss(&mut self, subject: &'static str, path: &RepoPath, reason: String) {
        let gap = Gap { subject: path.to_string(), reason, incomplete: true };
        self.leave_out(subject, gap);
    }
}
