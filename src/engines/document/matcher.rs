//! Asks a document the questions of a rule.
//!
//! Paths are dotted field names, `*` stands for every element of a list or every value of a map, and a name
//! that holds a dot is put in quotes: `data.'application.yml'.*`. `a|b` are both fields, as far as they are
//! there. Regular expressions and globs are compiled
//! when they are first needed.

use std::{borrow::Cow, ops::Range, sync::OnceLock};

use globset::{Glob, GlobSet, GlobSetBuilder};
use regex::Regex;

use super::node::{Node, Value};
use crate::{
    finding::RepoPath,
    rule::{DocumentMatcher, Model, Operator, Scalar, Severity, Test},
};

/// Something in a document that a rule is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<'n> {
    /// The bytes that are shown.
    pub at: Range<usize>,
    /// The node that `at` of the rule chose; the subject where it chose none.
    pub shown: &'n Node,
    /// The node that all tests hold for.
    pub subject: &'n Node,
    /// The credential in it, if the rule is about one.
    pub secret: Option<&'n Node>,
    /// How bad it is, if the model knows better than the rule.
    pub severity: Option<Severity>,
}

/// The questions of one rule, ready to be asked of many documents.
pub struct Questions<'r> {
    model: Model,
    files: Globs<'r>,
    not_files: Globs<'r>,
    each: Path,
    tests: Vec<Asked<'r>>,
    at: Option<Path>,
    secret: Option<Path>,
    severity: Option<Path>,
}

impl<'r> Questions<'r> {
    /// Takes the questions of a rule.
    pub fn new(matcher: &'r DocumentMatcher) -> Self {
        Self {
            model: matcher.model,
            files: Globs::new(&matcher.files),
            not_files: Globs::new(&matcher.not_files),
            each: Path::new(&matcher.each),
            tests: matcher.all.iter().map(Asked::new).collect(),
            at: matcher.at.as_deref().map(Path::new),
            secret: matcher.secret.as_deref().map(Path::new),
            severity: matcher.severity.as_deref().map(Path::new),
        }
    }

    /// Whether the rule is about a file of this path.
    pub fn wants(&self, path: &RepoPath) -> bool {
        let is_named = if self.files.patterns.is_empty() {
            super::may_be(self.model, path)
        } else {
            self.files.hold(path)
        };
        is_named && !self.not_files.hold(path)
    }

    /// Whether the rule is about a file of this path that is known to be one of its model.
    pub fn allows(&self, path: &RepoPath) -> bool {
        let is_named = self.files.patterns.is_empty() || self.files.hold(path);
        is_named && !self.not_files.hold(path)
    }

    /// Everything in the document that all tests hold for, in the order of the document.
    pub fn ask<'n>(&self, document: &'n Node) -> Vec<Found<'n>> {
        let mut found = Vec::new();
        self.each.visit(document, &mut |subject| {
            if self.tests.iter().all(|test| test.holds(subject)) {
                let shown = self.at.as_ref().and_then(|at| at.first(subject)).unwrap_or(subject);
                let secret = self.secret.as_ref().and_then(|secret| secret.first(subject));
                let severity = self.severity.as_ref().and_then(|path| path.first(subject));
                let severity = severity.and_then(severity_of);
                found.push(Found { at: shown.at.clone(), shown, subject, secret, severity });
            }
            false
        });
        found
    }
}

fn severity_of(node: &Node) -> Option<Severity> {
    let word = node.as_text()?;
    Severity::WORST_FIRST.into_iter().find(|severity| severity.name() == word)
}

/// Globs that are compiled when a path is first held against them.
struct Globs<'r> {
    patterns: &'r [String],
    compiled: OnceLock<GlobSet>,
}

impl<'r> Globs<'r> {
    const fn new(patterns: &'r [String]) -> Self {
        Self { patterns, compiled: OnceLock::new() }
    }

    fn hold(&self, path: &RepoPath) -> bool {
        if self.patterns.is_empty() {
            return false;
        }
        self.compiled.get_or_init(|| compile_globs(self.patterns)).is_match(path.as_str())
    }
}

/// A pattern that can not be compiled is refused when rules are loaded; here it matches nothing.
fn compile_globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for glob in patterns.iter().filter_map(|pattern| Glob::new(pattern).ok()) {
        set.add(glob);
    }
    set.build().unwrap_or_default()
}

/// A dotted path, taken apart.
pub(super) struct Path(Vec<Segment>);

#[derive(Debug, PartialEq)]
enum Segment {
    Name(String),
    OneOf(Vec<String>),
    Every,
}

impl Path {
    /// Takes a path apart.
    pub(super) fn new(text: &str) -> Self {
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (name, after, is_quoted) = match rest.strip_prefix('\'') {
                Some(quoted) => {
                    let (name, after) = quoted.split_once('\'').unwrap_or((quoted, ""));
                    (name, after.strip_prefix('.').unwrap_or(after), true)
                }
                None => match rest.split_once('.') {
                    Some((name, after)) => (name, after, false),
                    None => (rest, "", false),
                },
            };
            segments.push(match name {
                "*" if !is_quoted => Segment::Every,
                _ if name.contains('|') && !is_quoted => {
                    Segment::OneOf(name.split('|').map(str::to_owned).collect())
                }
                _ => Segment::Name(name.to_owned()),
            });
            rest = after;
        }
        Self(segments)
    }

    /// Shows `see` the nodes at this path, until it says that it has seen enough.
    fn visit<'n>(&self, node: &'n Node, see: &mut dyn FnMut(&'n Node) -> bool) -> bool {
        visit(&self.0, node, see)
    }

    /// The first node at this path.
    pub(super) fn first<'n>(&self, node: &'n Node) -> Option<&'n Node> {
        let mut first = None;
        self.visit(node, &mut |node| {
            first = Some(node);
            true
        });
        first
    }
}

fn visit<'n>(path: &[Segment], node: &'n Node, see: &mut dyn FnMut(&'n Node) -> bool) -> bool {
    let Some((segment, rest)) = path.split_first() else { return see(node) };
    match (segment, &node.value) {
        (Segment::Name(name), _) => {
            node.get(name).is_some_and(|node| visit(rest, node, see))
                || visit_dotted(name, rest, node, see)
        }
        (Segment::OneOf(names), _) => {
            names.iter().filter_map(|name| node.get(name)).any(|node| visit(rest, node, see))
        }
        (Segment::Every, Value::List(elements)) => {
            elements.iter().any(|element| visit(rest, element, see))
        }
        (Segment::Every, Value::Map(entries)) => {
            entries.iter().any(|(_, value)| visit(rest, value, see))
        }
        (Segment::Every, _) => false,
    }
}

/// A name that stands in one piece in the document: `server.error: { .. }`, as settings may be written.
fn visit_dotted<'n>(
    name: &str,
    rest: &[Segment],
    node: &'n Node,
    see: &mut dyn FnMut(&'n Node) -> bool,
) -> bool {
    let Some((Segment::Name(next), rest)) = rest.split_first() else { return false };
    let begins = |key: &Node| {
        let after = key.as_text().and_then(|key| key.strip_prefix(name));
        let after = after.and_then(|after| after.strip_prefix('.'));
        after.is_some_and(|after| after.starts_with(next.as_str()))
    };
    if !node.entries().iter().any(|(key, _)| begins(key)) {
        return false;
    }
    let name = format!("{name}.{next}");
    node.get(&name).is_some_and(|node| visit(rest, node, see))
        || visit_dotted(&name, rest, node, see)
}

/// One test, with its path and its regular expression.
struct Asked<'r> {
    field: Path,
    operator: &'r Operator,
    regex: OnceLock<Option<Regex>>,
}

impl<'r> Asked<'r> {
    fn new(test: &'r Test) -> Self {
        Self { field: Path::new(&test.field), operator: &test.operator, regex: OnceLock::new() }
    }

    /// Whether the answer is yes for one of the nodes that the field names.
    fn holds(&self, subject: &Node) -> bool {
        match self.operator {
            Operator::Exists(wanted) => self.field.first(subject).is_some() == *wanted,
            _ => self.field.visit(subject, &mut |node| self.is_answered_by(node)),
        }
    }

    fn is_answered_by(&self, node: &Node) -> bool {
        match self.operator {
            Operator::Exists(_) => true,
            Operator::Is(value) => equals(node, value),
            Operator::IsNot(value) => !equals(node, value),
            Operator::In(values) => values.iter().any(|value| equals(node, value)),
            Operator::NotIn(values) => !values.iter().any(|value| equals(node, value)),
            Operator::Matches(regex) => self.matches(regex, node) == Some(true),
            Operator::NotMatches(regex) => self.matches(regex, node) == Some(false),
            Operator::Contains(value) => contains(node, value),
            Operator::AtLeast(bound) => number(node).is_some_and(|number| number >= *bound),
            Operator::AtMost(bound) => number(node).is_some_and(|number| number <= *bound),
        }
    }

    fn matches(&self, pattern: &str, node: &Node) -> Option<bool> {
        let regex = self.regex.get_or_init(|| Regex::new(pattern).ok()).as_ref()?;
        Some(regex.is_match(&plain(node)?))
    }
}

/// The value as one would write it; nothing for lists, maps and nulls.
pub fn plain(node: &Node) -> Option<Cow<'_, str>> {
    match &node.value {
        Value::Text(text) => Some(Cow::Borrowed(text)),
        Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

fn equals(node: &Node, scalar: &Scalar) -> bool {
    match (scalar, &node.value) {
        (Scalar::Bool(a), Value::Bool(b)) => a == b,
        (Scalar::Number(wanted), _) => number(node).is_some_and(|number| is_same(number, *wanted)),
        (Scalar::Bool(wanted), Value::Text(text)) => {
            text.eq_ignore_ascii_case(if *wanted { "true" } else { "false" })
        }
        (Scalar::Text(wanted), _) => {
            plain(node).is_some_and(|text| text.eq_ignore_ascii_case(wanted))
        }
        (Scalar::Bool(_), _) => false,
    }
}

fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() < f64::EPSILON * a.abs().max(b.abs()).max(1.0)
}

fn number(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => None,
    }
}

fn contains(node: &Node, scalar: &Scalar) -> bool {
    match &node.value {
        Value::List(elements) => elements.iter().any(|element| equals(element, scalar)),
        Value::Map(entries) => entries.iter().any(|(key, _)| equals(key, scalar)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Node {
        Node::text(text, 0..0)
    }

    fn map(entries: Vec<(&str, Node)>) -> Node {
        let entries = entries.into_iter().map(|(key, value)| (text(key), value)).collect();
        Node::new(Value::Map(entries), 0..0)
    }

    fn list(elements: Vec<Node>) -> Node {
        Node::new(Value::List(elements), 0..0)
    }

    fn found(rule: &str, document: &Node) -> usize {
        let matcher: DocumentMatcher = serde_json::from_str(rule).unwrap();
        Questions::new(&matcher).ask(document).len()
    }

    #[test]
    fn a_star_is_every_element_and_every_value() {
        let document = map(vec![
            ("a", list(vec![map(vec![("x", text("1"))]), map(vec![("x", text("2"))])])),
            ("b", map(vec![("k", text("1")), ("l", text("2"))])),
        ]);
        let rule = |each: &str, field: &str| {
            format!(
                r#"{{"model":"yaml","each":"{each}","all":[{{"field":"{field}","at-least":1}}]}}"#
            )
        };
        assert_eq!(found(&rule("a.*", "x"), &document), 2);
        assert_eq!(found(&rule("b.*", ""), &document), 2);
        assert_eq!(found(&rule("", "a.*.x"), &document), 1);
        assert_eq!(found(&rule("a.*", "y"), &document), 0);
    }

    #[test]
    fn a_quoted_name_may_hold_dots_and_stars() {
        assert_eq!(
            Path::new("data.'a.b'.*.'*'").0,
            [
                Segment::Name("data".into()),
                Segment::Name("a.b".into()),
                Segment::Every,
                Segment::Name("*".into())
            ]
        );
    }

    #[test]
    fn what_is_not_there_is_neither_equal_nor_different() {
        let document = map(vec![("a", text("Yes"))]);
        let ask = |test: &str| found(&format!(r#"{{"model":"yaml","all":[{test}]}}"#), &document);
        assert_eq!(ask(r#"{"field":"a","is":"yes"}"#), 1);
        assert_eq!(ask(r#"{"field":"b","is-not":"yes"}"#), 0);
        assert_eq!(ask(r#"{"field":"b","not-matches":"x"}"#), 0);
        assert_eq!(ask(r#"{"field":"b","exists":false}"#), 1);
        assert_eq!(ask(r#"{"field":"","contains":"a"}"#), 1);
    }

    #[test]
    fn words_that_mean_the_same_are_equal() {
        assert!(equals(&text("TRUE"), &Scalar::Bool(true)));
        assert!(equals(&text("0"), &Scalar::Number(0.0)));
        assert!(equals(&Node::new(Value::Bool(true), 0..0), &Scalar::Text("True".into())));
        assert!(!equals(&text("1"), &Scalar::Bool(true)));
    }
}
