//! Patterns in the language that they look for, ready to be compared.
//!
//! `...` stands for any number of arguments, elements, pairs or statements, `$NAME` for any one
//! expression, `"..."` for any text without interpolation, and `"$NAME"` for one whose content is kept.

use std::fmt::Write as _;

use super::{
    grammar::Grammar,
    syntax::{Kind, Syntax},
};
use crate::rule::Language;

/// What `...` becomes, so that every grammar can read it.
const DOTS: &str = "seaworthy_dots";
/// What the `$` of a metavariable becomes.
const DOLLAR: &str = "seaworthy_meta_";
/// A pattern that is nested deeper than this is refused: comparing it would need too much stack.
const DEEPEST: usize = 40;
/// Shorter words stand in too many files to be worth looking for first.
const SHORTEST_LITERAL: usize = 3;
/// Most metavariables of one pattern, with the shapes that excuse or enclose it.
pub(super) const MOST_METAVARIABLES: usize = 8;

/// What a node of a pattern asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The same node.
    Same,
    /// Anything, kept under this number.
    Any(usize),
    /// Any number of nodes.
    AnyNumber,
    /// Any text without interpolation.
    AnyString,
    /// Any text without interpolation; its content is kept under this number.
    StringAs(usize),
    /// A member of a module, by [`Shape::members`].
    Member(usize),
}

/// One step of the path to a member of a module.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Word(String),
    Any(usize),
}

/// A member of a module that the pattern names.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// Module and members.
    pub(super) path: Vec<Step>,
    /// The module itself will do: its default export may have any name.
    pub(super) or_module: Option<String>,
}

/// The metavariables of a pattern and of the shapes that belong to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Metavariables(pub(super) Vec<String>);

impl Metavariables {
    fn number(&mut self, name: &str) -> Result<usize, String> {
        if let Some(known) = self.position(name) {
            return Ok(known);
        }
        if self.0.len() == MOST_METAVARIABLES {
            return Err(format!("a pattern has at most {MOST_METAVARIABLES} metavariables"));
        }
        self.0.push(name.to_owned());
        Ok(self.0.len() - 1)
    }

    /// The number of a metavariable.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| known == name)
    }
}

/// A pattern.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) syntax: Syntax,
    pub(super) text: String,
    pub(super) roles: Vec<Role>,
    pub(super) members: Vec<Member>,
    /// The statements; one, unless the pattern is a sequence.
    pub(super) roots: Vec<u32>,
}

impl Shape {
    /// Reads a pattern as `grammar` reads source.
    pub(super) fn new(
        pattern: &str,
        module: Option<&str>,
        grammar: Grammar,
        names: &mut Metavariables,
    ) -> Result<Self, String> {
        let text = readable(pattern, grammar.language());
        let syntax = Syntax::parse(&text, grammar).map_err(|error| error.reason().to_owned())?;
        if syntax.has_error {
            return Err(format!("`{pattern}` is not {}", grammar.language().name()));
        }
        if (0..syntax.len()).any(|at| syntax.ancestors(at).count() > DEEPEST) {
            return Err(format!("`{pattern}` is nested too deeply"));
        }
        let roots: Vec<u32> = syntax.children(0).collect();
        if roots.is_empty() {
            return Err("an empty pattern matches nothing".to_owned());
        }
        let roles = vec![Role::Same; syntax.len() as usize];
        let mut shape = Self { syntax, text, roles, members: Vec::new(), roots };
        for at in 0..shape.syntax.len() {
            shape.roles[at as usize] = shape.role(at, names)?;
        }
        if let Some(module) = module {
            shape.resolve(module);
        }
        if matches!(shape.roles[shape.roots[0] as usize], Role::Any(_) | Role::AnyNumber) {
            return Err(format!("`{pattern}` matches everything"));
        }
        Ok(shape)
    }

    /// Words that stand in every file that holds a match.
    pub(super) fn literals(&self) -> Vec<String> {
        let is_literal = |at: &u32| {
            matches!(self.syntax.kind(*at), Kind::Name | Kind::String | Kind::Dotted)
                && self.roles[*at as usize] == Role::Same
                && !self.is_in_member(*at)
        };
        let words = (1..self.syntax.len()).filter(is_literal);
        let words = words.map(|at| self.syntax.word(&self.text, at).to_owned());
        let members = self.members.iter().flat_map(Member::literals);
        let mut words: Vec<String> = words.chain(members).filter(|word| is_plain(word)).collect();
        words.sort();
        words.dedup();
        words
    }

    /// Whether a match binds the metavariable of this number to a word of the file.
    pub(super) fn binds(&self, number: usize) -> bool {
        let in_member = |member: &Member| member.path.contains(&Step::Any(number));
        self.roles
            .iter()
            .any(|role| matches!(role, Role::Any(n) | Role::StringAs(n) if *n == number))
            || self.members.iter().any(in_member)
    }

    fn is_in_member(&self, at: u32) -> bool {
        let is_member = |node: u32| matches!(self.roles[node as usize], Role::Member(_));
        is_member(at) || self.syntax.ancestors(at).any(is_member)
    }

    fn role(&self, at: u32, names: &mut Metavariables) -> Result<Role, String> {
        let word = self.syntax.word(&self.text, at);
        let meta = word.strip_prefix(DOLLAR);
        match (self.syntax.kind(at), meta) {
            (Kind::Name, Some(meta)) => names.number(meta).map(Role::Any),
            (Kind::String, Some(meta)) => names.number(meta).map(Role::StringAs),
            (Kind::Name, None) if word == DOTS => Ok(Role::AnyNumber),
            (Kind::String, None) if word == DOTS => Ok(Role::AnyString),
            (Kind::Pair, _) => {
                let key = self.syntax.children(at).next();
                let is_dots = key.is_some_and(|key| self.syntax.word(&self.text, key) == DOTS);
                Ok(if is_dots { Role::AnyNumber } else { Role::Same })
            }
            _ => Ok(Role::Same),
        }
    }

    /// Marks the names in the pattern that are members of `module`: the one by which it begins, and all
    /// that are written with the module's name.
    fn resolve(&mut self, module: &str) {
        let is_python = self.syntax.grammar.language() == Language::Python;
        let prefix: Vec<Step> = if is_python {
            module.split('.').map(|part| Step::Word(part.to_owned())).collect()
        } else {
            vec![Step::Word(module.to_owned())]
        };
        let head = self.head();
        for at in 1..self.syntax.len() {
            let parent = self.syntax.node(at).parent;
            let is_part = self.syntax.kind(parent) == Kind::Member;
            let Some(mut path) = self.steps(at).filter(|_| !is_part) else { continue };
            let is_head = head == Some(at) && !matches!(path[0], Step::Any(_));
            if path.len() > prefix.len() && path.starts_with(&prefix) {
                self.mark(at, Member { path, or_module: None });
            } else if is_head {
                let or_module = (!is_python && path.len() == 1).then(|| module.to_owned());
                path.splice(0..0, prefix.iter().cloned());
                self.mark(at, Member { path, or_module });
            }
        }
    }

    fn mark(&mut self, at: u32, member: Member) {
        self.roles[at as usize] = Role::Member(self.members.len());
        self.members.push(member);
    }

    /// What the pattern calls first.
    fn head(&self) -> Option<u32> {
        let mut head = *self.roots.first()?;
        while matches!(self.syntax.kind(head), Kind::Call | Kind::New | Kind::Decorator) {
            head = self.syntax.children(head).next()?;
        }
        Some(head)
    }

    fn steps(&self, at: u32) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        let mut head = at;
        while self.syntax.kind(head) == Kind::Member {
            let mut parts = self.syntax.children(head);
            let (object, property) = (parts.next()?, parts.next()?);
            steps.push(self.step(property));
            head = object;
        }
        if self.syntax.kind(head) != Kind::Name {
            return None;
        }
        steps.push(self.step(head));
        steps.reverse();
        Some(steps)
    }

    fn step(&self, at: u32) -> Step {
        match self.roles[at as usize] {
            Role::Any(number) => Step::Any(number),
            _ => Step::Word(self.syntax.word(&self.text, at).to_owned()),
        }
    }
}

impl Member {
    fn literals(&self) -> Vec<String> {
        if let Some(module) = &self.or_module {
            return vec![module.clone()];
        }
        let word = |step: &Step| match step {
            Step::Word(word) => Some(word.clone()),
            Step::Any(_) => None,
        };
        self.path.iter().filter_map(word).collect()
    }
}

/// Whether a word is written in one way only, and is worth looking for.
pub(super) fn is_plain(word: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@".contains(&byte);
    word.len() >= SHORTEST_LITERAL && word.bytes().all(is_plain)
}

/// Writes `...` and `$NAME` as names that the grammar can read.
fn readable(pattern: &str, language: Language) -> String {
    let mut text = String::with_capacity(pattern.len() * 2);
    let mut brackets = Vec::new();
    let mut quote = None;
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        if let Some(after) = rest.strip_prefix("...")
            && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$')
        {
            text.push_str(DOTS);
            if language == Language::Python && quote.is_none() && brackets.last() == Some(&'{') {
                let _ = write!(text, ": {DOTS}");
            }
            rest = after;
            continue;
        }
        match character {
            '$' if after.starts_with(|c: char| c.is_ascii_uppercase()) => {
                text.push_str(DOLLAR);
                rest = after;
                continue;
            }
            '"' | '\'' | '`' if quote == Some(character) => quote = None,
            '"' | '\'' | '`' if quote.is_none() => quote = Some(character),
            '(' | '[' | '{' if quote.is_none() => brackets.push(character),
            ')' | ']' | '}' if quote.is_none() => drop(brackets.pop()),
            _ => {}
        }
        text.push(character);
        rest = after;
    }
    text
}
