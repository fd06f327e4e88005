//! How rules of the kinds `secret`, `code` and `document` are looked for, as data.
//!
//! This file is also compiled into the build script.

use serde::{Deserialize, Serialize};

use super::{repair::Repair, verify::Verify};

/// A credential's shape.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SecretMatcher {
    /// Literals of three bytes or more, one of which stands in every match or within the window. Looked for
    /// first, so rare ones are fast ones.
    pub keywords: Vec<String>,
    /// Keywords are found in either case. Default: false.
    #[serde(default)]
    pub ignore_case: bool,
    /// A bytes regular expression with one named group, `secret`. Another one, `checked`, may stand around
    /// what the validator sees where that is more.
    pub regex: String,
    /// Least Shannon entropy of the secret, in bits per character.
    #[serde(default)]
    pub min_entropy: Option<f32>,
    /// A secret that matches this is none.
    #[serde(default)]
    pub unless: Option<String>,
    /// A line that matches this holds none.
    #[serde(default)]
    pub unless_line: Option<String>,
    /// Name of an offline validator; what it refuses falls to the warning tier.
    #[serde(default)]
    pub validate: Option<String>,
    /// Bytes before and after a keyword within which a match lies. Default: 256.
    #[serde(default = "default_window")]
    pub window: usize,
    /// The value must also look random: dictionary, identifier and placeholder tests apply.
    #[serde(default)]
    pub generic: bool,
    /// The rule knows a standard's form and no vendor: where a vendor's rule speaks, it is silent.
    #[serde(default)]
    pub common_form: bool,
    /// The other half of the pair, if the credential is one half.
    #[serde(default)]
    pub partner: Option<Partner>,
    /// How the vendor is asked whether the credential lives. For rules that come with the program.
    #[serde(default)]
    pub verify: Option<Box<Verify>>,
    /// Only files that match one of these globs; empty means all.
    #[serde(default)]
    pub paths: Vec<String>,
    /// No file that matches one of these globs.
    #[serde(default)]
    pub not_paths: Vec<String>,
}

const fn default_window() -> usize {
    256
}

/// The other half of a pair: the identifier, name or address that a credential belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Partner {
    /// How the message calls it: `access key id`.
    pub name: String,
    /// A bytes regular expression with one named group, `partner`.
    pub regex: String,
    /// Lines before and after the credential within which it lies, and at most 4 KiB away. Default: 10.
    #[serde(default = "default_within")]
    pub within: usize,
    /// Without it nearby there is no finding. Default: false.
    #[serde(default)]
    pub required: bool,
}

const fn default_within() -> usize {
    10
}

/// A programming language with a grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Python 3.
    Python,
    /// JavaScript and JSX.
    Javascript,
    /// TypeScript and TSX.
    Typescript,
}

impl Language {
    /// All languages, in the order in which people read them.
    pub const ALL: [Self; 3] = [Self::Python, Self::Javascript, Self::Typescript];

    /// The word in rule files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Javascript => "javascript",
            Self::Typescript => "typescript",
        }
    }
}

/// A shape of source code.
///
/// In patterns `...` stands for any number of arguments, elements or statements, `$NAME` for any one
/// expression, and a name used twice must mean the same text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CodePattern {
    /// The languages in which the pattern is written.
    #[serde(rename = "in")]
    pub languages: Vec<Language>,
    /// The module that the matched name must come from; the file must import it.
    #[serde(default)]
    pub imports: Option<String>,
    /// The shape.
    #[serde(rename = "match")]
    pub shape: String,
    /// Shapes that excuse a match, tried on the same node.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Shapes one of which must enclose the match.
    #[serde(default)]
    pub inside: Vec<String>,
    /// Shapes none of which may enclose the match.
    #[serde(default)]
    pub not_inside: Vec<String>,
    /// For metavariables (without `$`): a regular expression that their source text must match.
    #[serde(default, rename = "where")]
    pub conditions: Vec<Condition>,
    /// Only files that match one of these globs; empty means all.
    #[serde(default)]
    pub files: Vec<String>,
    /// No file that matches one of these globs.
    #[serde(default)]
    pub not_files: Vec<String>,
}

/// What a metavariable of a code pattern must look like.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Condition {
    /// Its name, without `$`.
    pub name: String,
    /// A regular expression that the source text must match.
    #[serde(default)]
    pub matches: Option<String>,
    /// A regular expression that the source text must not match.
    #[serde(default)]
    pub not_matches: Option<String>,
    /// Whether the node is a literal without interpolation (true) or anything else (false).
    #[serde(default)]
    pub literal: Option<bool>,
}

/// What a document is read as. Each model lowers its file to one tree of values with places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Dockerfile, Containerfile.
    Dockerfile,
    /// `compose.yaml`, `docker-compose*.yml`.
    Compose,
    /// YAML with `apiVersion` and `kind`.
    Kubernetes,
    /// `.github/workflows/*.yml`.
    Workflow,
    /// `.env` and its family.
    Env,
    /// `*.ini`, `php.ini`, `*.cfg`.
    Ini,
    /// Java `*.properties`.
    Properties,
    /// `application*.properties` and `application*.yml` of Spring, as one.
    Spring,
    /// Any YAML document; name the file with `files`.
    Yaml,
    /// Any JSON document; name the file with `files`.
    Json,
    /// Any TOML document; name the file with `files`.
    Toml,
    /// Lines of the form `name = value` in any file; name the file with `files`.
    Assignments,
    /// `nginx.conf` and what it includes.
    Nginx,
    /// `redis.conf`, `sentinel.conf`.
    Redis,
    /// `postgresql.conf`.
    Postgresql,
    /// `pg_hba.conf` of `PostgreSQL`.
    PgHba,
    /// `*.service` and `*.service.d/*.conf` of systemd.
    Systemd,
    /// `crontab`, `cron.d/*`.
    Cron,
}

impl Model {
    /// All models, in the order in which people read them.
    pub const ALL: [Self; 18] = [
        Self::Dockerfile,
        Self::Compose,
        Self::Kubernetes,
        Self::Workflow,
        Self::Env,
        Self::Ini,
        Self::Properties,
        Self::Spring,
        Self::Yaml,
        Self::Json,
        Self::Toml,
        Self::Assignments,
        Self::Nginx,
        Self::Redis,
        Self::Postgresql,
        Self::PgHba,
        Self::Systemd,
        Self::Cron,
    ];

    /// The word in rule files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dockerfile => "dockerfile",
            Self::Compose => "compose",
            Self::Kubernetes => "kubernetes",
            Self::Workflow => "workflow",
            Self::Env => "env",
            Self::Ini => "ini",
            Self::Properties => "properties",
            Self::Spring => "spring",
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Toml => "toml",
            Self::Assignments => "assignments",
            Self::Nginx => "nginx",
            Self::Redis => "redis",
            Self::Postgresql => "postgresql",
            Self::PgHba => "pg-hba",
            Self::Systemd => "systemd",
            Self::Cron => "cron",
        }
    }
}

/// Which nodes of a document are wrong.
///
/// `each` chooses subjects, all tests of `all` must hold for one, `at` says which field of it is shown.
/// Paths are dotted field names; `*` stands for every element of a list or every value of a map, `a|b` for
/// both fields; a name that holds a dot is put in single quotes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DocumentMatcher {
    /// How the file is read.
    pub model: Model,
    /// Only files that match one of these globs; empty means all that the model knows.
    #[serde(default)]
    pub files: Vec<String>,
    /// No file that matches one of these globs.
    #[serde(default)]
    pub not_files: Vec<String>,
    /// Path of the subjects from the root; empty means the document itself.
    #[serde(default)]
    pub each: String,
    /// Tests, all of which must hold.
    pub all: Vec<Test>,
    /// The field that is shown; default: the subject.
    #[serde(default)]
    pub at: Option<String>,
    /// The field that holds the severity, where a model knows better than the rule.
    #[serde(default)]
    pub severity: Option<String>,
    /// The field that holds a credential: it is hidden wherever the finding is shown.
    #[serde(default)]
    pub secret: Option<String>,
    /// How a finding is repaired mechanically.
    #[serde(default)]
    pub fix: Option<Repair>,
}

/// One question about a field of a subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "TestLine", into = "TestLine")]
pub struct Test {
    /// Dotted path from the subject; empty means the subject itself.
    pub field: String,
    /// The question.
    pub operator: Operator,
}

/// The closed list of questions.
///
/// A field with `*` is several nodes: the question holds if it holds for one of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Operator {
    /// Equals, without regard to case for words.
    Is(Scalar),
    /// Is there and does not equal.
    IsNot(Scalar),
    /// Equals one of these.
    In(Vec<Scalar>),
    /// Is there and equals none of these.
    NotIn(Vec<Scalar>),
    /// The text matches this regular expression.
    Matches(String),
    /// Is there and the text does not match this regular expression.
    NotMatches(String),
    /// Whether the field is there at all.
    Exists(bool),
    /// The list holds an equal element, or the map such a key.
    Contains(Scalar),
    /// The number is this or more.
    AtLeast(f64),
    /// The number is this or less.
    AtMost(f64),
}

/// A [`Test`] as it is written: a field and exactly one operator.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct TestLine {
    field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    is: Option<Scalar>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_not: Option<Scalar>,
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    one_of: Option<Vec<Scalar>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_in: Option<Vec<Scalar>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_matches: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exists: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contains: Option<Scalar>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<f64>,
}

impl TryFrom<TestLine> for Test {
    type Error = String;

    fn try_from(line: TestLine) -> Result<Self, String> {
        let operators = [
            line.is.map(Operator::Is),
            line.is_not.map(Operator::IsNot),
            line.one_of.map(Operator::In),
            line.not_in.map(Operator::NotIn),
            line.matches.map(Operator::Matches),
            line.not_matches.map(Operator::NotMatches),
            line.exists.map(Operator::Exists),
            line.contains.map(Operator::Contains),
            line.at_least.map(Operator::AtLeast),
            line.at_most.map(Operator::AtMost),
        ];
        let mut given = operators.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(operator), None) => Ok(Self { field: line.field, operator }),
            _ => Err("a test needs exactly one of `is`, `is-not`, `in`, `not-in`, `matches`, \
                      `not-matches`, `exists`, `contains`, `at-least`, `at-most`"
                .to_owned()),
        }
    }
}

impl From<Test> for TestLine {
    fn from(test: Test) -> Self {
        let mut line = Self { field: test.field, ..Self::default() };
        match test.operator {
            Operator::Is(value) => line.is = Some(value),
            Operator::IsNot(value) => line.is_not = Some(value),
            Operator::In(values) => line.one_of = Some(values),
            Operator::NotIn(values) => line.not_in = Some(values),
            Operator::Matches(regex) => line.matches = Some(regex),
            Operator::NotMatches(regex) => line.not_matches = Some(regex),
            Operator::Exists(there) => line.exists = Some(there),
            Operator::Contains(value) => line.contains = Some(value),
            Operator::AtLeast(bound) => line.at_least = Some(bound),
            Operator::AtMost(bound) => line.at_most = Some(bound),
        }
        line
    }
}

/// A plain value in a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// True or false.
    Bool(bool),
    /// Any number.
    Number(f64),
    /// Any text.
    Text(String),
}

impl Serialize for Scalar {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

#[expect(clippy::cast_precision_loss, reason = "numbers in rules are small")]
impl serde::de::Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("true, false, a number or a text")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }
}
