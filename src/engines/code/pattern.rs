//! The code patterns of a rule, read for one grammar.

use std::sync::OnceLock;

use globset::{Glob, GlobSet, GlobSetBuilder};
use regex::Regex;

use super::{
    grammar::Grammar,
    shape::{Metavariables, Shape, is_plain},
};
use crate::rule::{CodePattern, Language, RuleId, matcher::Condition};

/// A metavariable of this name holds a credential.
pub(super) const SECRET: &str = "SECRET";

/// One pattern of a rule, ready to be searched for.
pub(super) struct Pattern {
    pub(super) rule: RuleId,
    pub(super) module: Option<String>,
    pub(super) shape: Shape,
    pub(super) unless: Vec<Shape>,
    pub(super) inside: Vec<Shape>,
    pub(super) not_inside: Vec<Shape>,
    pub(super) requirements: Vec<Requirement>,
    /// Number of the metavariable that holds a credential.
    pub(super) secret: Option<usize>,
    files: Option<GlobSet>,
    not_files: GlobSet,
}

/// What a metavariable must look like.
pub(super) struct Requirement {
    pub(super) number: usize,
    pub(super) matches: Option<Expression>,
    pub(super) not_matches: Option<Expression>,
    pub(super) literal: Option<bool>,
}

/// A regular expression that is compiled when it is first needed: few of a run's are.
pub(super) struct Expression {
    source: String,
    regex: OnceLock<Option<Regex>>,
}

impl Expression {
    fn new(source: &str) -> Self {
        Self { source: source.to_owned(), regex: OnceLock::new() }
    }

    fn compiled(&self) -> Result<Regex, regex::Error> {
        Regex::new(&ascii_bounds(&self.source))
    }

    /// Whether it matches; one that can not be used, which [`Pattern::verify`] refuses, does not.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let regex = self.regex.get_or_init(|| self.compiled().ok());
        regex.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

impl Pattern {
    /// Reads a rule's pattern for one grammar; the error says what in it can not be used.
    pub(super) fn new(
        rule: &RuleId,
        pattern: &CodePattern,
        grammar: Grammar,
    ) -> Result<Self, String> {
        let mut names = Metavariables::default();
        let module = pattern.imports.as_deref();
        let shape = Shape::new(&pattern.shape, module, grammar, &mut names)?;
        let mut shapes = |sources: &[String]| -> Result<Vec<Shape>, String> {
            sources.iter().map(|source| Shape::new(source, module, grammar, &mut names)).collect()
        };
        let unless = shapes(&pattern.unless)?;
        let inside = shapes(&pattern.inside)?;
        let not_inside = shapes(&pattern.not_inside)?;
        let conditions = pattern.conditions.iter();
        let requirements = conditions.map(|condition| Requirement::new(condition, &names));
        let files = (!pattern.files.is_empty()).then(|| globs(&pattern.files)).transpose()?;
        let new = Self {
            rule: rule.clone(),
            module: pattern.imports.clone(),
            shape,
            unless,
            inside,
            not_inside,
            requirements: requirements.collect::<Result<_, _>>()?,
            secret: names.position(SECRET),
            files,
            not_files: globs(&pattern.not_files)?,
        };
        if new.needs().is_empty() {
            return Err(format!(
                "`{}` names no word of three letters by which files could be chosen",
                pattern.shape
            ));
        }
        Ok(new)
    }

    /// Whether its regular expressions can be used.
    pub(super) fn verify(&self) -> Result<(), String> {
        let used = |requirement: &Requirement| {
            [&requirement.matches, &requirement.not_matches]
                .map(|regex| regex.as_ref().map_or(Ok(()), |regex| regex.compiled().map(drop)))
        };
        self.requirements
            .iter()
            .flat_map(used)
            .collect::<Result<(), _>>()
            .map_err(|error| format!("a condition under `where` can not be used: {error}"))
    }

    /// Groups of words; of each group one stands in every file that holds a match.
    pub(super) fn needs(&self) -> Vec<Vec<String>> {
        let words = self.shape.literals().into_iter().map(|word| vec![word]);
        let choices = self.requirements.iter().filter_map(|requirement| {
            let words = choice(&requirement.matches.as_ref()?.source)?;
            self.shape.binds(requirement.number).then_some(words)
        });
        words.chain(choices).collect()
    }

    /// Whether the pattern is looked for in this file, and may match in it for all that its text shows.
    pub(super) fn wants(&self, path: &str, text: &str) -> bool {
        let is_python = self.shape.syntax.grammar.language() == Language::Python;
        self.files.as_ref().is_none_or(|files| files.is_match(path))
            && !self.not_files.is_match(path)
            && self.module.as_ref().is_none_or(|module| names_module(text, module, is_python))
            && self.requirements.iter().all(|requirement| self.may_hold(requirement, text))
    }

    /// What a metavariable stands for is a part of the text: if that must match, so must the text.
    fn may_hold(&self, requirement: &Requirement, text: &str) -> bool {
        let Some(regex) = &requirement.matches else { return true };
        let is_anchored = regex.source.contains(['^', '$']);
        is_anchored || !self.shape.binds(requirement.number) || regex.is_match(text)
    }
}

impl Requirement {
    fn new(condition: &Condition, names: &Metavariables) -> Result<Self, String> {
        let name = &condition.name;
        let number = names
            .position(name)
            .ok_or_else(|| format!("`where` names `{name}`, which no shape of the pattern has"))?;
        Ok(Self {
            number,
            matches: condition.matches.as_deref().map(Expression::new),
            not_matches: condition.not_matches.as_deref().map(Expression::new),
            literal: condition.literal,
        })
    }
}

/// Whether the text may import a module: a quick look, which may say yes too often.
fn names_module(text: &str, module: &str, is_python: bool) -> bool {
    let bytes = text.as_bytes();
    memchr::memmem::find_iter(bytes, module).any(|start| {
        let (before, after) = (&bytes[..start], bytes.get(start + module.len()));
        if !is_python {
            let before = before.strip_suffix(b"node:").unwrap_or(before);
            let is_quote = |byte: &u8| b"\"'`".contains(byte);
            return before.last().is_some_and(is_quote)
                && after.is_some_and(|byte| is_quote(byte) || *byte == b'/');
        }
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let is_whole = !before.last().is_some_and(is_word) && !after.is_some_and(is_word);
        let line = statement_before(before);
        is_whole
            && ["import", "from"]
                .iter()
                .any(|word| memchr::memmem::find(line, word.as_bytes()).is_some())
    })
}

/// What stands before on the same line, or on lines that a backslash joins to it.
fn statement_before(before: &[u8]) -> &[u8] {
    let mut start = before.len();
    loop {
        let line = memchr::memrchr(b'\n', &before[..start]).map_or(0, |end| end + 1);
        let previous = before[..line].trim_ascii_end();
        if line == 0 || !previous.ends_with(b"\\") {
            return &before[line..];
        }
        start = line - 1;
    }
}

/// The words of a regular expression like `^(get|post)$`.
fn choice(regex: &str) -> Option<Vec<String>> {
    let inside = regex.strip_prefix('^')?.strip_suffix('$')?;
    let inside = inside.strip_prefix(r"\$?").unwrap_or(inside);
    let inside = inside.strip_prefix('(')?.strip_suffix(')')?;
    let words: Vec<String> = inside.split('|').map(str::to_owned).collect();
    let is_word = |word: &String| is_plain(word) && !word.contains('.');
    words.iter().all(is_word).then_some(words)
}

/// Makes word boundaries those of ASCII: the others are slow to find in text that is not ASCII.
fn ascii_bounds(regex: &str) -> String {
    let mut written = String::with_capacity(regex.len() + 16);
    let mut rest = regex.chars();
    while let Some(character) = rest.next() {
        match (character, if character == '\\' { rest.next() } else { None }) {
            ('\\', Some('b')) => written.push_str(r"(?-u:\b)"),
            (_, escaped) => {
                written.push(character);
                written.extend(escaped);
            }
        }
    }
    written
}

/// A glob without `/` names files in any folder.
fn globs(patterns: &[String]) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let anywhere =
            if pattern.contains('/') { pattern.clone() } else { format!("**/{pattern}") };
        set.add(Glob::new(&anywhere).map_err(|error| error.to_string())?);
    }
    set.build().map_err(|error| error.to_string())
}
