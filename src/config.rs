//! `seaworthy.yaml`: what a project says about its own audit. Unknown keys are errors.

mod advisories;
mod dependencies;
mod size;

use std::{collections::BTreeMap, str::FromStr};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use thiserror::Error;

use crate::rule::{ControlId, Limit, Marker, Severity};

pub use advisories::{AdvisoryConfig, Refresh};
pub use dependencies::{
    Banned, DependencyConfig, LicenceConfig, LicenceException, OutdatedConfig, ScopeName,
};
pub use size::Size;

/// The file's name at the root of the audited folder.
pub const FILE_NAME: &str = "seaworthy.yaml";

/// Why a configuration can not be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file is not the YAML that it should be.
    #[error("read `{file}`: {message}")]
    Syntax {
        /// The file as the user knows it.
        file: String,
        /// What is wrong, with line, column and excerpt.
        message: String,
    },
    /// A value that reads well can not be used.
    #[error("use `{file}`: {message}")]
    Value {
        /// The file as the user knows it.
        file: String,
        /// What is wrong and what to write.
        message: String,
    },
}

/// Everything that `seaworthy.yaml` may say.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// The lowest severity that blocks.
    pub fail_on: Option<FailOn>,
    /// Files with the user's own rules.
    pub rules: Vec<String>,
    /// Paths that are not judged.
    pub exclude: Vec<String>,
    /// Rules that do not apply.
    pub disable: Vec<Disable>,
    /// Other severities for rules.
    pub severity: Vec<OtherSeverity>,
    /// Findings that are accepted for a time.
    pub waivers: Vec<Waiver>,
    /// Other tools whose comments excuse credentials.
    pub honour_markers: Vec<Marker>,
    /// Controls that a person answers for.
    pub attested: Vec<Attestation>,
    /// What may be audited live.
    pub target: TargetConfig,
    /// How it is audited live.
    pub live: LiveConfig,
    /// The budget of `--load`.
    pub load: LoadConfig,
    /// Other limits for measurements.
    pub budgets: Vec<OtherBudget>,
    /// The advisory database.
    pub advisories: AdvisoryConfig,
    /// What is wanted of dependencies.
    pub dependencies: DependencyConfig,
    /// Larger files are not read.
    pub max_file_size: Size,
}

/// The gate: a severity, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// This severity and all worse ones block.
    Severity(Severity),
    /// Nothing blocks.
    Never,
}

impl FailOn {
    /// The lowest severity that blocks, or `None` for never.
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Severity(severity) => Some(severity),
            Self::Never => None,
        }
    }
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self::Never);
        }
        let severities = Severity::WORST_FIRST;
        let severity = severities.into_iter().find(|severity| severity.name() == text);
        severity
            .map(Self::Severity)
            .ok_or_else(|| format!("`{text}` is none of critical, high, medium, low, note, never"))
    }
}

impl<'de> Deserialize<'de> for FailOn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A rule that does not apply here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disable {
    /// The rule, or another tool's id for it.
    pub rule: String,
    /// Why.
    pub reason: String,
}

/// Another severity for a rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherSeverity {
    /// The rule, or another tool's id for it.
    pub rule: String,
    /// The severity that it has here.
    pub severity: Severity,
    /// Why.
    pub reason: String,
}

/// A finding that is accepted until a day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The rule, or another tool's id for it.
    pub rule: String,
    /// Paths that it covers, as a glob.
    #[serde(default)]
    pub path: Option<String>,
    /// Routes that it covers, as a glob.
    #[serde(default)]
    pub route: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it counts.
    #[serde(deserialize_with = "date")]
    pub until: Date,
}

/// A control that a person answers for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// The control.
    pub control: ControlId,
    /// Who answers.
    pub by: String,
    /// On which day.
    #[serde(deserialize_with = "date")]
    pub date: Date,
    /// Where the evidence is.
    pub link: String,
    /// The last day on which it counts.
    #[serde(deserialize_with = "date")]
    pub until: Date,
}

/// What may be audited live.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TargetConfig {
    /// What is audited when the command line names nothing.
    pub url: Option<String>,
    /// Hosts that may be audited without being named on the command line; `*.` stands for subdomains.
    pub hosts: Vec<String>,
}

/// How the target is audited.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LiveConfig {
    /// Whether the target is a preview or production.
    pub environment: Environment,
    /// The path that is asked until it answers.
    pub health: Option<String>,
    /// The API description: a path in the repository, or on the target.
    pub openapi: Option<String>,
    /// Who does TLS.
    pub tls: TlsMode,
    /// Routes that are never requested, as globs.
    pub exclude: Vec<String>,
    /// Limits of the probes.
    pub budget: LiveBudget,
    /// How to log in.
    pub login: Option<Login>,
}

/// What the target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Environment {
    /// The deployment of a pull request.
    #[default]
    Preview,
    /// What users use.
    Production,
}

/// Who does TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// The target itself.
    #[default]
    Own,
    /// A proxy before it.
    TerminatedUpstream,
}

/// Limits of the probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiveBudget {
    /// Most requests.
    pub requests: u32,
    /// Most seconds.
    pub seconds: u64,
}

impl Default for LiveBudget {
    fn default() -> Self {
        Self { requests: 1_500, seconds: 90 }
    }
}

/// The login request and where its answer holds the token.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Login {
    /// The request.
    pub request: LoginRequest,
    /// JSON pointer to the token in the answer; `None` takes the answer's cookies.
    #[serde(default)]
    pub token: Option<String>,
    /// Name of the environment variable that holds the user's name.
    pub username_env: String,
    /// Name of the environment variable that holds the password.
    pub password_env: String,
}

/// The login request; `{{ username }}` and `{{ password }}` stand for the credentials.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// `POST`.
    pub method: String,
    /// Its path.
    pub path: String,
    /// A JSON body.
    #[serde(default)]
    pub json: Option<BTreeMap<String, String>>,
    /// A form body.
    #[serde(default)]
    pub form: Option<BTreeMap<String, String>>,
}

/// The budget of `--load`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoadConfig {
    /// Most requests.
    pub requests: u32,
    /// Most seconds.
    pub seconds: u64,
}

impl Default for LoadConfig {
    fn default() -> Self {
        Self { requests: 20_000, seconds: 60 }
    }
}

/// Another limit for a measurement.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherBudget {
    /// The metric.
    pub metric: String,
    /// Its limit here.
    pub limit: Limit,
    /// Why.
    pub reason: String,
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        serde::de::Error::custom(format!("`{text}` is not a date of the form 2027-03-31"))
    })
}

impl Config {
    /// Reads a configuration. `file` is its path as errors show it.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let config: Self = serde_saphyr::from_str(text).map_err(|error| ConfigError::Syntax {
            file: file.to_owned(),
            message: error.to_string(),
        })?;
        config.check().map_err(|message| ConfigError::Value { file: file.to_owned(), message })?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        for waiver in &self.waivers {
            if waiver.path.is_some() && waiver.route.is_some() {
                return Err(format!("the waiver of `{}` has both path and route", waiver.rule));
            }
        }
        let waiver_paths = self.waivers.iter().filter_map(|waiver| waiver.path.as_ref());
        for glob in self.exclude.iter().chain(waiver_paths) {
            globset::Glob::new(glob).map_err(|error| error.to_string())?;
        }
        let reasons = self.disable.iter().map(|disable| (&disable.rule, &disable.reason));
        let reasons = reasons.chain(self.severity.iter().map(|other| (&other.rule, &other.reason)));
        let mut reasons =
            reasons.chain(self.waivers.iter().map(|waiver| (&waiver.rule, &waiver.reason)));
        match reasons.find(|(_, reason)| reason.trim().is_empty()) {
            Some((rule, _)) => Err(format!("`{rule}` needs a reason")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error_that_names_its_line() {
        let error = Config::parse("seaworthy.yaml", "fail-on: high\nfailon: low\n").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }

    #[test]
    fn the_example_of_the_documentation_reads() {
        let page = include_str!("../docs/configuration.md");
        let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
        let config = Config::parse("seaworthy.yaml", example.unwrap()).unwrap();
        assert_eq!(config.waivers.len(), 2);
        assert_eq!(config.max_file_size.bytes(), 10 << 20);
    }

    #[test]
    fn a_waiver_without_reason_is_refused() {
        let text = "waivers: [{ rule: secret/jwt, reason: '', until: 2027-01-01 }]";
        assert!(Config::parse("seaworthy.yaml", text).is_err());
    }
}
