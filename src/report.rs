//! The one wire type: what an audit ends with, and what every reporter and later command reads.
//!
//! A report round-trips through JSON and holds no secret. Its fields are documented in
//! `docs/report.md`; [`SCHEMA_VERSION`] changes when a field changes its meaning or goes away.

use serde::{Deserialize, Serialize};

use crate::{
    finding::{Finding, Gap, Measurement, Quoted, Ran},
    rule::{Answer, Confidence, ControlId, Effort, Limit, RuleId, Severity, Tier},
};

/// Version of the report's shape.
pub const SCHEMA_VERSION: u32 = 1;

/// What an audit ends with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Version of the program that wrote it.
    pub tool_version: String,
    /// What was audited.
    pub subject: Subject,
    /// Whether the gate lets it pass: nothing blocks, and with `--strict` nothing is missing.
    pub passed: bool,
    /// The gate that was applied.
    pub gate: Gate,
    /// How many findings there are of each verdict and severity.
    pub summary: Summary,
    /// All findings, sorted by place, then rule.
    pub findings: Vec<JudgedFinding>,
    /// What was asked for and not finished; empty if the run is complete.
    pub incomplete: Vec<String>,
    /// What was not looked at, asked for or not.
    pub gaps: Vec<Gap>,
    /// What ran, and on how much.
    pub checks: Vec<CheckRow>,
    /// The answer to each control, in the catalogue's order.
    pub controls: Vec<ControlRow>,
    /// What was measured.
    pub measurements: Vec<Measurement>,
    /// What the budgets say of the measurements.
    pub budgets: Vec<BudgetRow>,
    /// Waivers and configuration that had no effect, have ended, or are only proposed; which credentials were
    /// sent where.
    pub notices: Vec<String>,
    /// The heads of the rules that the findings name, and of those that ran, sorted by id.
    pub rules: Vec<RuleHead>,
}

/// What was audited.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Subject {
    /// The folder's name, or what the shop is called.
    pub name: String,
    /// The commit of the working tree, if there is one.
    pub commit: Option<String>,
    /// The revision and merge base that findings were compared with.
    pub base: Option<Base>,
    /// The target's origin, if a deployment was audited.
    pub target: Option<String>,
    /// Number of files in the tree.
    pub files: u64,
    /// The repository's file that stands for the whole: README, or the first tracked file.
    pub front: Option<String>,
}

/// What findings were compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// As the user named it.
    pub revision: String,
    /// The common ancestor, in hexadecimal.
    pub merge_base: String,
}

/// The gate that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The lowest severity that blocks; `None` for never.
    pub fail_on: Option<Severity>,
    /// Whether an incomplete run blocks.
    pub strict: bool,
}

/// What the judgement says of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It blocks.
    Blocking,
    /// It is shown and does not block.
    Reported,
    /// The base or the baseline has it already.
    Baseline,
    /// A waiver that counts excuses it.
    Waived,
    /// The configuration leaves its path out.
    Excluded,
}

impl Verdict {
    /// All verdicts, most urgent first.
    pub const ALL: [Self; 5] =
        [Self::Blocking, Self::Reported, Self::Baseline, Self::Waived, Self::Excluded];

    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocking => "blocking",
            Self::Reported => "reported",
            Self::Baseline => "baseline",
            Self::Waived => "waived",
            Self::Excluded => "excluded",
        }
    }

    /// Whether people are asked to act on it now.
    pub const fn is_shown(self) -> bool {
        matches!(self, Self::Blocking | Self::Reported)
    }
}

/// A finding and what the judgement says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgedFinding {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// The first control of its rule.
    pub control: ControlId,
    /// What the judgement says.
    pub verdict: Verdict,
    /// Why it says so, where that is not plain: the waiver's reason, a proposed waiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Quoted>,
}

/// Counts, which every format repeats.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Findings that are shown (blocking and reported), by severity, worst first: critical, high, medium,
    /// low, note.
    pub shown: [u64; 5],
    /// Findings of each verdict: blocking, reported, baseline, waived, excluded.
    pub verdicts: [u64; 5],
    /// Controls of each status: pass, fail, attested, not assessed, not applicable.
    pub controls: [u64; 5],
}

/// What one check did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRow {
    /// `document/dockerfile`, `live/headers`.
    pub check: String,
    /// How far it got.
    pub ran: Ran,
    /// On how many files, packages or routes.
    pub looked_at: u64,
    /// How many findings it brought home.
    pub findings: u64,
}

/// The answer to a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// At least one check looked, and none of its findings is open.
    Pass,
    /// A finding is open.
    Fail,
    /// A named person answers for it.
    Attested,
    /// Nobody looked.
    NotAssessed,
    /// There is nothing of this kind to look at.
    NotApplicable,
}

impl Status {
    /// All statuses, in the order of [`Summary::controls`].
    pub const ALL: [Self; 5] =
        [Self::Pass, Self::Fail, Self::Attested, Self::NotAssessed, Self::NotApplicable];

    /// The words in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Attested => "attested",
            Self::NotAssessed => "not assessed",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// One control and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlRow {
    /// The control.
    pub control: ControlId,
    /// Its heading.
    pub area: String,
    /// Its title.
    pub title: String,
    /// The answer.
    pub status: Status,
    /// How the answer was had: by looking at files, at the deployment, or by word.
    pub by: Vec<Answer>,
    /// How many findings are open.
    pub open: u64,
    /// Why it is not assessed, or what was left out, in words.
    pub because: String,
}

/// What a budget says of a measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetRow {
    /// The rule that speaks for a breach.
    pub rule: RuleId,
    /// The metric.
    pub metric: String,
    /// What was measured.
    pub subject: Quoted,
    /// The limit.
    pub limit: Limit,
    /// The value, if there were enough samples.
    pub value: Option<f64>,
    /// What the comparison says.
    pub verdict: BudgetVerdict,
}

/// By the measurement's confidence interval, never by its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetVerdict {
    /// The whole interval keeps the limit.
    Pass,
    /// The whole interval breaks the limit.
    Fail,
    /// The limit lies within the interval.
    Inconclusive,
    /// There were too few samples, or nothing was measured.
    NotAssessed,
}

impl BudgetVerdict {
    /// The words in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::NotAssessed => "not assessed",
        }
    }
}

/// What a report needs to say of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleHead {
    /// Its id.
    pub id: RuleId,
    /// One line.
    pub title: String,
    /// Its severity, after configuration.
    pub severity: Severity,
    /// Its confidence.
    pub confidence: Confidence,
    /// Its tier.
    pub tier: Tier,
    /// Its controls, the first one first.
    pub controls: Vec<ControlId>,
    /// Numbers of the Common Weakness Enumeration.
    pub cwe: Vec<u32>,
    /// Other tools' ids.
    pub aliases: Vec<String>,
    /// Where the knowledge comes from.
    pub references: Vec<String>,
    /// How long the repair takes.
    pub effort: Effort,
    /// What happens if nothing is done.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

impl Report {
    /// The findings that people are asked to act on now.
    pub fn shown(&self) -> impl Iterator<Item = &JudgedFinding> {
        self.findings.iter().filter(|judged| judged.verdict.is_shown())
    }

    /// The head of a rule.
    pub fn rule(&self, id: &RuleId) -> Option<&RuleHead> {
        self.rules.binary_search_by(|head| head.id.cmp(id)).ok().map(|at| &self.rules[at])
    }

    /// How many findings block.
    pub const fn blocking(&self) -> u64 {
        self.summary.verdicts[0]
    }

    /// The exit code: 1 blocked, 3 incomplete, 0 clean. `--strict` turns 3 into 1.
    pub const fn exit_code(&self) -> u8 {
        if self.blocking() > 0 {
            1
        } else if self.incomplete.is_empty() {
            0
        } else if self.gate.strict {
            1
        } else {
            3
        }
    }
}
