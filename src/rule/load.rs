//! Reads rule files: YAML lists of rules, with errors that say where and what to write.
//!
//! This file is also compiled into the build script.

use serde::Deserialize;
use serde_saphyr::Spanned;
use thiserror::Error;

use super::{
    control::ControlId,
    definition::{Confidence, Effort, Example, ExampleFile, Matcher, Rule, RuleId, Severity, Tier},
    matcher::{CodePattern, DocumentMatcher, Operator, Partner, SecretMatcher, Test},
    probe::ProbeMatcher,
    repair::Repair,
};

/// The mark that stands in the middle of test secrets, so that no scanner trips over a rule file.
pub const BREAK: &str = "<!>";
/// Most bytes that the automata of one expression may take; the engine has the same limit.
const SIZE_LIMIT: usize = 32 << 20;
/// Most lines between the two halves of a pair.
const MOST_LINES: usize = 100;

/// Why a rule file can not be used.
#[derive(Debug, Error)]
pub enum RuleError {
    /// The file is not the YAML that it should be.
    #[error("read `{file}`: {message}")]
    Syntax {
        /// Path of the rule file.
        file: String,
        /// What the YAML reader says, with line and column.
        message: String,
    },
    /// A rule says something that can not be used.
    #[error("use rule `{rule}`\n  --> {file}:{line}\n  {help}")]
    Rule {
        /// The rule's id.
        rule: String,
        /// Path of the rule file.
        file: String,
        /// One-based line at which the rule begins.
        line: u64,
        /// What is wrong and what to write.
        help: String,
    },
}

/// A rule with the examples that test it.
#[derive(Debug, Clone)]
pub struct LoadedRule {
    /// The rule.
    pub rule: Rule,
    /// One-based line at which it begins in its file.
    pub line: u64,
    /// Texts that it must flag.
    pub bad: Vec<Example>,
    /// Texts that it must not flag.
    pub good: Vec<Example>,
}

/// Reads one rule file. `file` is its path as errors show it.
pub fn load(file: &str, text: &str) -> Result<Vec<LoadedRule>, RuleError> {
    let entries: Vec<Entry> = serde_saphyr::from_str(text)
        .map_err(|error| RuleError::Syntax { file: file.to_owned(), message: error.to_string() })?;
    entries.into_iter().map(|entry| entry.finish(file)).collect()
}

/// A rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    title: String,
    severity: Severity,
    confidence: Confidence,
    #[serde(default)]
    tier: Tier,
    control: ControlId,
    #[serde(default)]
    also: Vec<ControlId>,
    #[serde(default)]
    cwe: Vec<u32>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    effort: Effort,
    reason: String,
    remedy: String,
    secret: Option<SecretMatcher>,
    code: Option<Vec<CodePattern>>,
    document: Option<DocumentMatcher>,
    probe: Option<ProbeMatcher>,
    builtin: Option<String>,
    #[serde(default)]
    bad: Vec<ExampleLine>,
    #[serde(default)]
    good: Vec<ExampleLine>,
}

impl Entry {
    fn finish(self, file: &str) -> Result<LoadedRule, RuleError> {
        let rule = self.id.value.clone();
        let line = self.id.referenced.line();
        self.checked().map_err(|help| RuleError::Rule { rule, file: file.to_owned(), line, help })
    }

    fn checked(self) -> Result<LoadedRule, String> {
        let id = RuleId::new(&self.id.value);
        let line = self.id.referenced.line();
        if id.kind().is_none() || !is_readable(id.as_str()) {
            return Err("`id` must be `<kind>/<what-is-wrong>` in lower case".to_owned());
        }
        if self.title.ends_with('.') || self.title.contains('\n') || self.title.len() > 255 {
            return Err(
                "`title` must be one line of at most 255 bytes, without full stop".to_owned()
            );
        }
        let matcher = one_matcher([
            self.secret.map(Matcher::Secret),
            self.code.map(Matcher::Code),
            self.document.map(Matcher::Document),
            self.probe.map(Matcher::Probe),
            self.builtin.map(Matcher::Builtin),
        ])?;
        check_matcher(&matcher)?;
        let needs_examples =
            matches!(matcher, Matcher::Secret(_) | Matcher::Code(_) | Matcher::Document(_));
        if needs_examples && (self.bad.is_empty() || self.good.is_empty()) {
            return Err("needs at least one `bad` and one near-miss `good` example".to_owned());
        }
        let rule = Rule {
            id,
            title: self.title,
            severity: self.severity,
            confidence: self.confidence,
            tier: self.tier,
            control: self.control,
            also: self.also,
            cwe: self.cwe,
            aliases: self.aliases,
            references: self.references,
            effort: self.effort,
            reason: self.reason.trim().to_owned(),
            remedy: self.remedy.trim().to_owned(),
            matcher,
        };
        let bad = self.bad.into_iter().map(Example::from).collect();
        let good = self.good.into_iter().map(Example::from).collect();
        Ok(LoadedRule { rule, line, bad, good })
    }
}

fn is_readable(id: &str) -> bool {
    id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'/'))
        && id.matches('/').count() == 1
        && !id.ends_with('/')
}

fn one_matcher(matchers: [Option<Matcher>; 5]) -> Result<Matcher, String> {
    let mut given = matchers.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(matcher), None) => Ok(matcher),
        _ => {
            Err("needs exactly one of `secret`, `code`, `document`, `probe`, `builtin`".to_owned())
        }
    }
}

fn check_matcher(matcher: &Matcher) -> Result<(), String> {
    match matcher {
        Matcher::Secret(secret) => check_secret(secret),
        Matcher::Document(document) if document.all.is_empty() => {
            Err("`document:` needs at least one test under `all`".to_owned())
        }
        Matcher::Document(document) => {
            document.fix.as_ref().map_or(Ok(()), check_repair)?;
            document.all.iter().try_for_each(check_test)
        }
        Matcher::Code(patterns) if patterns.is_empty() => {
            Err("`code:` needs at least one pattern".to_owned())
        }
        Matcher::Probe(probe) => probe.check(),
        _ => Ok(()),
    }
}

fn check_repair(repair: &Repair) -> Result<(), String> {
    let is_line = !repair.title.is_empty() && !repair.title.contains('\n');
    if !is_line || repair.title.ends_with('.') || repair.edits.is_empty() {
        return Err("`fix:` needs a `title`, one line without full stop, and `edits`".to_owned());
    }
    Ok(())
}

fn check_test(test: &Test) -> Result<(), String> {
    let (Operator::Matches(pattern) | Operator::NotMatches(pattern)) = &test.operator else {
        return Ok(());
    };
    let compiled = regex::Regex::new(pattern);
    compiled.map(drop).map_err(|error| format!("`{}` can not be matched: {error}", test.field))
}

fn check_secret(secret: &SecretMatcher) -> Result<(), String> {
    if secret.keywords.is_empty() || secret.keywords.iter().any(|keyword| keyword.len() < 3) {
        return Err("`secret:` needs `keywords`, each of three bytes or more".to_owned());
    }
    let regex = compile(&secret.regex)
        .map_err(|error| format!("`secret.regex` can not be used: {error}"))?;
    for (name, pattern) in [("unless", &secret.unless), ("unless-line", &secret.unless_line)] {
        if let Some(Err(error)) = pattern.as_deref().map(compile) {
            return Err(format!("`secret.{name}` can not be used: {error}"));
        }
    }
    if !has_group(&regex, "secret") {
        return Err("`secret:` needs `regex`, with one named group called `secret`".to_owned());
    }
    secret.partner.as_ref().map_or(Ok(()), check_partner)?;
    secret.verify.as_ref().map_or(Ok(()), |verify| verify.check(secret.partner.is_some()))
}

fn check_partner(partner: &Partner) -> Result<(), String> {
    let regex = compile(&partner.regex)
        .map_err(|error| format!("`secret.partner.regex` can not be used: {error}"))?;
    if !has_group(&regex, "partner") {
        return Err(
            "`secret.partner:` needs `regex`, with one named group called `partner`".to_owned()
        );
    }
    if partner.name.is_empty() || partner.name.contains('\n') {
        return Err("`secret.partner.name` must be one line: how a message calls it".to_owned());
    }
    if partner.within > MOST_LINES {
        return Err(format!("`secret.partner.within` must be {MOST_LINES} lines or less"));
    }
    Ok(())
}

/// Compiles as the engine does: for bytes, with Unicode only where the expression asks for it.
fn compile(text: &str) -> Result<regex::bytes::Regex, regex::Error> {
    let build = |unicode| {
        let mut builder = regex::bytes::RegexBuilder::new(text);
        builder.unicode(unicode).size_limit(SIZE_LIMIT).build()
    };
    build(false).or_else(|_| build(true))
}

fn has_group(regex: &regex::bytes::Regex, name: &str) -> bool {
    regex.capture_names().flatten().any(|known| known == name)
}

/// An example as it is written: a text, or a map that names files.
#[derive(Debug)]
struct ExampleLine(Example);

impl From<ExampleLine> for Example {
    fn from(line: ExampleLine) -> Self {
        line.0
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleMap {
    file: Option<String>,
    text: Option<String>,
    line: Option<u32>,
    #[serde(default)]
    files: std::collections::BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for ExampleLine {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExampleVisitor)
    }
}

struct ExampleVisitor;

impl<'de> serde::de::Visitor<'de> for ExampleVisitor {
    type Value = ExampleLine;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text, `{ file: NAME, text: TEXT, line: N }` or `{ files: { NAME: TEXT } }`")
    }

    fn visit_str<E>(self, text: &str) -> Result<ExampleLine, E> {
        let file = ExampleFile { path: None, text: text.replace(BREAK, "") };
        Ok(ExampleLine(Example { files: vec![file], line: None }))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<ExampleLine, A::Error> {
        let map = ExampleMap::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        let mut files: Vec<ExampleFile> = map
            .files
            .into_iter()
            .map(|(path, text)| ExampleFile { path: Some(path), text: text.replace(BREAK, "") })
            .collect();
        if let Some(text) = map.text {
            files.push(ExampleFile { path: map.file, text: text.replace(BREAK, "") });
        }
        Ok(ExampleLine(Example { files, line: map.line }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(more: &str) -> String {
        format!(
            "# Mine.\n- id: secret/mine\n  title: Mine\n  severity: high\n  confidence: high\n  control: SECURITY-001\n  \
             reason: r\n  remedy: r\n  secret:\n    keywords: [mine_]\n    \
             regex: 'mine_(?P<secret>[a-z]{{8}})'\n    {more}\n  bad: [mine_abcdefgh]\n  good: [mine]\n"
        )
    }

    #[test]
    fn a_partner_that_can_not_be_used_is_refused() {
        assert!(load("a.yaml", &rule("partner: { name: id, regex: '(?P<partner>a)' }")).is_ok());
        for (partner, fault) in [
            ("{ name: id, regex: '(?P<partner>a' }", "`secret.partner.regex` can not be used"),
            ("{ name: id, regex: 'a' }", "one named group called `partner`"),
            ("{ name: '', regex: '(?P<partner>a)' }", "`secret.partner.name` must be one line"),
            ("{ name: id, regex: '(?P<partner>a)', within: 101 }", "must be 100 lines or less"),
            ("{ name: id, regex: '(?P<partner>a)', near: 3 }", "near"),
        ] {
            let error = load("a.yaml", &rule(&format!("partner: {partner}"))).unwrap_err();
            assert!(error.to_string().contains(fault), "{error}");
        }
    }

    const VERIFY: &str = "verify: { method: GET, url: 'https://api.mine.example/me', \
         headers: { Authorization: 'Bearer {secret}' }, live: { status: [200] }, dead: { status: [401] }, \
         answers: [{ status: 200, means: live }, { status: 401, body: '{}', means: dead }] }";

    #[test]
    fn a_request_that_changes_something_is_refused() {
        assert!(load("a.yaml", &rule(VERIFY)).is_ok());
        let error = load("a.yaml", &rule(&VERIFY.replace("GET", "DELETE"))).unwrap_err();
        assert!(error.to_string().contains("DELETE"), "{error}");
        let error = load("a.yaml", &rule(&VERIFY.replace("https", "http"))).unwrap_err();
        assert!(error.to_string().contains("must begin with `https://`"), "{error}");
    }

    #[test]
    fn rules_of_users_ask_no_vendor() {
        let rules = load("mine.yaml", &rule(VERIFY)).unwrap();
        let error = super::super::RuleSet::baked().add("mine.yaml", rules).unwrap_err();
        assert_eq!(
            error.to_string(),
            "use rule `secret/mine`\n  --> mine.yaml:2\n  `verify:` is for rules that come with the program"
        );
    }

    #[test]
    fn an_expression_that_can_not_be_used_is_refused() {
        assert!(load("a.yaml", &rule("unless: 'a'")).is_ok());
        for (name, line) in [("unless", "unless: '('"), ("unless-line", "unless-line: '['")] {
            let error = load("a.yaml", &rule(line)).unwrap_err().to_string();
            assert!(error.contains(&format!("`secret.{name}` can not be used")), "{error}");
        }
        for line in ["paths: ['a[']", "not-paths: ['{a']"] {
            let rules = load("a.yaml", &rule(line)).unwrap();
            let error =
                super::super::RuleSet::baked().add("a.yaml", rules).unwrap_err().to_string();
            assert!(error.contains("can not be used"), "{error}");
        }
    }
}
