//! How rules of the kind `live` are looked for: requests, and what their answers mean.
//!
//! This file is also compiled into the build script.

use serde::{Deserialize, Serialize};

/// What a probe may do to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Reads only.
    Safe,
    /// Writes objects that the audit itself made. Needs `--writes`.
    Writes,
    /// May be felt by others. Needs `--intrusive`.
    Intrusive,
}

/// A probe as data. Its control step shows that it can tell good from bad on this very target.
///
/// The steps run in order for each subject. A subject for which an `only-if` does not hold is none; one
/// for which an `expect` does not hold is inconclusive; it is flagged if every `flag-if` holds, twice.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProbeMatcher {
    /// What it may do.
    pub class: Class,
    /// Most requests that one run may send.
    pub max_requests: u32,
    /// What the audit must have, or the probe is skipped.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// What the steps are run for. Default: the root.
    #[serde(default)]
    pub each: Subjects,
    /// Whether one finding names all flagged subjects, or each gets its own.
    #[serde(default)]
    pub report: ReportAs,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// What the audit must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// The target's scheme is https, or something before it ends TLS.
    Https,
    /// An API description.
    Description,
    /// A login that worked.
    Token,
}

/// What the steps of a probe are run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subjects {
    /// The application's root, once.
    #[default]
    Root,
    /// Each GET route that answers 2xx to anyone, the root included.
    EachGet,
    /// Each GET route that the description protects.
    EachProtected,
}

/// How many findings there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportAs {
    /// One finding names all flagged subjects.
    #[default]
    One,
    /// Each flagged subject gets its own.
    Each,
}

/// One request, and what its answer means.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Step {
    /// The name, which later steps use in `like`.
    pub name: String,
    /// What is sent.
    #[serde(default)]
    pub request: StepRequest,
    /// If one of these does not hold, there is nothing to look at.
    #[serde(default)]
    pub only_if: Vec<AnswerTest>,
    /// If one of these does not hold, nothing can be concluded.
    #[serde(default)]
    pub expect: Vec<AnswerTest>,
    /// If all of these hold, in all steps that have some, the rule is broken.
    #[serde(default)]
    pub flag_if: Vec<AnswerTest>,
}

/// What a step sends. Without path and headers a GET of the subject is its baseline, which costs nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct StepRequest {
    /// The method.
    pub method: String,
    /// A path, sent as it is, instead of the subject's; `soft-404` is a random one.
    pub path: Option<String>,
    /// Headers. `{{ canary }}` and `{{ canary-2 }}` are random words, new for each run of the steps.
    pub headers: std::collections::BTreeMap<String, String>,
    /// Whether the login's credentials are attached.
    pub as_user: bool,
}

impl Default for StepRequest {
    fn default() -> Self {
        let headers = std::collections::BTreeMap::new();
        Self { method: "GET".to_owned(), path: None, headers, as_user: false }
    }
}

/// One question about an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "AnswerTestLine", into = "AnswerTestLine")]
pub enum AnswerTest {
    /// The status is one of these: `200`, or `2xx` for a class.
    Status(Vec<String>),
    /// One of these headers has a value that matches.
    Header(Vec<String>, String),
    /// None of these headers has a value that matches.
    HeaderLacks(Vec<String>, String),
    /// The body matches.
    Body(String),
    /// The body does not match.
    BodyLacks(String),
    /// The answer is like that of an earlier step, or like `soft-404`.
    Like(String),
    /// The answer is not like that of an earlier step, or like `soft-404`.
    Unlike(String),
}

/// An [`AnswerTest`] as it is written: one question.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct AnswerTestLine {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    status: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lacks: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    like: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unlike: Option<String>,
}

impl TryFrom<AnswerTestLine> for AnswerTest {
    type Error = String;

    fn try_from(line: AnswerTestLine) -> Result<Self, String> {
        let has_status = !line.status.is_empty();
        let has_headers = !line.headers.is_empty();
        let has_body = line.body.is_some();
        match (has_status, has_headers, has_body, line.matches, line.lacks, line.like, line.unlike)
        {
            (true, false, false, None, None, None, None) => Ok(Self::Status(line.status)),
            (false, true, false, Some(regex), None, None, None) => {
                Ok(Self::Header(line.headers, regex))
            }
            (false, true, false, None, Some(regex), None, None) => {
                Ok(Self::HeaderLacks(line.headers, regex))
            }
            (false, false, true, Some(regex), None, None, None) => Ok(Self::Body(regex)),
            (false, false, true, None, Some(regex), None, None) => Ok(Self::BodyLacks(regex)),
            (false, false, false, None, None, Some(name), None) => Ok(Self::Like(name)),
            (false, false, false, None, None, None, Some(name)) => Ok(Self::Unlike(name)),
            _ => Err("a test is `status: [..]`, `like: STEP`, `unlike: STEP`, or one of \
                      `headers: [..]` and `body: true` with one of `matches` and `lacks`"
                .to_owned()),
        }
    }
}

impl From<AnswerTest> for AnswerTestLine {
    fn from(test: AnswerTest) -> Self {
        let none = Self::default();
        match test {
            AnswerTest::Status(status) => Self { status, ..none },
            AnswerTest::Header(headers, regex) => Self { headers, matches: Some(regex), ..none },
            AnswerTest::HeaderLacks(headers, regex) => Self { headers, lacks: Some(regex), ..none },
            AnswerTest::Body(regex) => Self { body: Some(true), matches: Some(regex), ..none },
            AnswerTest::BodyLacks(regex) => Self { body: Some(true), lacks: Some(regex), ..none },
            AnswerTest::Like(name) => Self { like: Some(name), ..none },
            AnswerTest::Unlike(name) => Self { unlike: Some(name), ..none },
        }
    }
}

/// The name by which tests call the answer to a random path.
pub const SOFT_404: &str = "soft-404";

impl ProbeMatcher {
    /// Says what is wrong with the probe, if anything is.
    pub fn check(&self) -> Result<(), String> {
        if self.max_requests == 0 {
            return Err("`probe.max-requests` must be 1 or more".to_owned());
        }
        if self.steps.iter().all(|step| step.flag_if.is_empty()) {
            return Err("`probe:` needs a step with `flag-if`".to_owned());
        }
        let mut names = vec![SOFT_404];
        for step in &self.steps {
            step.check(&names)?;
            names.push(&step.name);
        }
        Ok(())
    }
}

impl Step {
    fn check(&self, earlier: &[&str]) -> Result<(), String> {
        for test in self.only_if.iter().chain(&self.expect).chain(&self.flag_if) {
            match test {
                AnswerTest::Header(_, regex)
                | AnswerTest::HeaderLacks(_, regex)
                | AnswerTest::Body(regex)
                | AnswerTest::BodyLacks(regex) => {
                    // Canaries are words; any will do to see whether the rest can be read.
                    regex::Regex::new(
                        &regex.replace("{{ canary }}", "a").replace("{{ canary-2 }}", "b"),
                    )
                    .map_err(|error| format!("step `{}`: {error}", self.name))?;
                }
                AnswerTest::Like(name) | AnswerTest::Unlike(name)
                    if !earlier.contains(&name.as_str()) =>
                {
                    return Err(format!("step `{}`: no earlier step `{name}`", self.name));
                }
                AnswerTest::Status(classes) if !classes.iter().all(|class| is_status(class)) => {
                    return Err(format!("step `{}`: a status is `404` or `4xx`", self.name));
                }
                AnswerTest::Status(_) | AnswerTest::Like(_) | AnswerTest::Unlike(_) => {}
            }
        }
        Ok(())
    }
}

fn is_status(class: &str) -> bool {
    let bytes = class.as_bytes();
    bytes.len() == 3
        && matches!(bytes[0], b'1'..=b'5')
        && (bytes[1..] == *b"xx" || bytes[1..].iter().all(u8::is_ascii_digit))
}
