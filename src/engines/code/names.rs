//! What the names of a file stand for: imported modules, and values that are assigned once.

use std::collections::{HashMap, HashSet};

use super::syntax::{Kind, Syntax};
use crate::rule::Language;

/// How many times a name may stand for another name before that is given up.
const LONGEST_TRAIL: usize = 6;
/// How many nodes of a target or parameter are searched for the names that it binds.
const LARGEST_TARGET: usize = 500;
/// How many scopes around a name are searched.
const MOST_SCOPES: usize = 64;
/// How many members of members a path may have.
const LONGEST_PATH: usize = 12;

/// Module and members, first to last: `["flask", "Flask"]`.
pub(super) type Path<'t> = Vec<&'t str>;

/// What a name of one scope was bound to.
#[derive(Debug, Clone, PartialEq)]
enum Binding<'t> {
    /// Bound several times, or to something that is not known: a parameter, a loop variable.
    Unknown,
    /// Assigned once: the value's node.
    Value(u32),
    /// Taken once out of an object: the object's node and the property.
    Property(u32, &'t str),
    /// Imported; several imports of one name are alternatives.
    Imported(Vec<Path<'t>>),
}

/// The names of one file.
pub(super) struct Names<'t> {
    syntax: &'t Syntax,
    text: &'t str,
    bindings: HashMap<(u32, &'t str), Binding<'t>>,
    /// Every module that is imported, in the words of the file.
    modules: HashSet<&'t str>,
    /// Modules all of whose names were imported.
    wildcards: Vec<Path<'t>>,
}

impl<'t> Names<'t> {
    /// Reads all bindings of a file.
    pub(super) fn new(syntax: &'t Syntax, text: &'t str) -> Self {
        let mut names = Self {
            syntax,
            text,
            bindings: HashMap::new(),
            modules: HashSet::new(),
            wildcards: Vec::new(),
        };
        for at in 0..syntax.len() {
            names.read(at);
        }
        names
    }

    /// Whether the file imports this module or a part of it.
    pub(super) fn imports(&self, module: &str) -> bool {
        let separator = self.separator();
        self.modules.iter().any(|known| {
            known
                .strip_prefix(module)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(separator))
        })
    }

    /// The value that a name stands for, if it is assigned once and never changed.
    pub(super) fn value(&self, name: u32) -> Option<u32> {
        let mut at = name;
        for _ in 0..LONGEST_TRAIL {
            if self.syntax.kind(at) != Kind::Name {
                break;
            }
            match self.binding(at) {
                Some(Binding::Value(value)) if *value != at => at = *value,
                _ => break,
            }
        }
        (at != name).then_some(at)
    }

    /// The module members that an expression may stand for.
    pub(super) fn paths(&self, at: u32) -> Vec<Path<'t>> {
        self.paths_within(at, LONGEST_TRAIL)
    }

    fn paths_within(&self, at: u32, trail: usize) -> Vec<Path<'t>> {
        let mut members = Vec::new();
        let mut head = at;
        while self.syntax.kind(head) == Kind::Member && members.len() < LONGEST_PATH {
            let mut parts = self.syntax.children(head);
            let (Some(object), Some(property)) = (parts.next(), parts.next()) else { break };
            members.push(self.word(property));
            head = object;
        }
        let mut paths = self.head_paths(head, trail);
        for path in &mut paths {
            path.extend(members.iter().rev());
        }
        paths
    }

    fn head_paths(&self, head: u32, trail: usize) -> Vec<Path<'t>> {
        if let Some(module) = self.required(head) {
            return vec![self.split(module)];
        }
        let Some(trail) = trail.checked_sub(1) else { return Vec::new() };
        match self.syntax.kind(head) {
            Kind::Name => match self.binding(head) {
                Some(Binding::Imported(paths)) => paths.clone(),
                Some(Binding::Value(value)) => self.paths_within(*value, trail),
                Some(Binding::Property(object, property)) => {
                    let mut paths = self.paths_within(*object, trail);
                    for path in &mut paths {
                        path.push(property);
                    }
                    paths
                }
                Some(Binding::Unknown) => Vec::new(),
                None => self.unbound(self.word(head)),
            },
            _ => Vec::new(),
        }
    }

    /// A name that the file does not bind came with `from module import *`, if there is one.
    fn unbound(&self, name: &'t str) -> Vec<Path<'t>> {
        let member = |module: &Path<'t>| module.iter().copied().chain([name]).collect();
        self.wildcards.iter().map(member).collect()
    }

    fn binding(&self, name: u32) -> Option<&Binding<'t>> {
        let word = self.word(name);
        let mut scope = self.syntax.node(name).scope;
        for _ in 0..MOST_SCOPES {
            if let Some(binding) = self.bindings.get(&(scope, word)) {
                return Some(binding);
            }
            let outer = self.syntax.node(scope).scope;
            if outer == scope {
                return None;
            }
            scope = outer;
        }
        Some(&Binding::Unknown)
    }

    fn word(&self, at: u32) -> &'t str {
        self.syntax.word(self.text, at)
    }

    const fn separator(&self) -> char {
        match self.syntax.grammar.language() {
            Language::Python => '.',
            Language::Javascript | Language::Typescript => '/',
        }
    }

    fn split(&self, module: &'t str) -> Path<'t> {
        match self.syntax.grammar.language() {
            Language::Python => module.split('.').collect(),
            Language::Javascript | Language::Typescript => vec![module],
        }
    }

    /// The module of `require("module")` and `import("module")`, awaited or not.
    fn required(&self, at: u32) -> Option<&'t str> {
        let kind = self.syntax.kind(at);
        if matches!(kind, Kind::Other(_)) {
            let awaited = self.syntax.children(at).next()?;
            return matches!(self.syntax.kind(awaited), Kind::Call)
                .then(|| self.required(awaited))?;
        }
        if kind != Kind::Call || self.syntax.grammar.language() == Language::Python {
            return None;
        }
        let mut parts = self.syntax.children(at);
        let (callee, arguments) = (parts.next()?, parts.next()?);
        let first = self.syntax.children(arguments).next()?;
        let is_require = self.syntax.kind(callee) == Kind::Name
            && matches!(self.word(callee), "require" | "import");
        (is_require && self.syntax.kind(first) == Kind::String)
            .then(|| plain_module(self.word(first)))
    }

    fn read(&mut self, at: u32) {
        match self.syntax.kind(at) {
            Kind::Assign => self.read_assignment(at),
            Kind::Augmented | Kind::For => {
                if let Some(target) = self.syntax.children(at).next() {
                    self.forget_all(target);
                }
            }
            Kind::Function | Kind::Class => self.read_definition(at),
            Kind::As => self.read_as(at),
            Kind::Except => {
                if let Some(first) = self.syntax.children(at).next()
                    && self.syntax.kind(first) == Kind::Name
                    && self.syntax.grammar.language() != Language::Python
                {
                    self.forget(first);
                }
            }
            Kind::Import => self.read_import(at),
            Kind::ImportFrom => self.read_import_from(at),
            Kind::Call => {
                if let Some(module) = self.required(at) {
                    self.modules.insert(module);
                }
            }
            _ => {}
        }
    }

    fn read_assignment(&mut self, at: u32) {
        let mut parts = self.syntax.children(at);
        let (Some(target), value) = (parts.next(), parts.next()) else { return };
        match (self.syntax.kind(target), value) {
            (Kind::Name, Some(value)) => self.bind(target, Binding::Value(value)),
            (Kind::Object, Some(value)) => self.read_taken_apart(target, value),
            (Kind::Member | Kind::Index, _) => {}
            _ => self.forget_all(target),
        }
    }

    /// `const { verify, sign: s } = jwt`.
    fn read_taken_apart(&mut self, target: u32, value: u32) {
        let pairs: Vec<u32> = self.syntax.children(target).collect();
        for pair in pairs {
            let mut parts = self.syntax.children(pair);
            match (self.syntax.kind(pair), parts.next(), parts.next()) {
                (Kind::Pair, Some(key), Some(local)) if self.syntax.kind(local) == Kind::Name => {
                    self.bind(local, Binding::Property(value, self.word(key)));
                }
                _ => self.forget_all(pair),
            }
        }
    }

    fn read_definition(&mut self, at: u32) {
        let parts: Vec<u32> = self.syntax.children(at).collect();
        let outer = self.syntax.node(at).scope;
        for part in parts {
            match self.syntax.kind(part) {
                Kind::Name => {
                    // Its own name, or the only parameter of an arrow function.
                    let name = self.word(part);
                    self.bindings.insert((outer, name), Binding::Unknown);
                    self.bindings.insert((at, name), Binding::Unknown);
                }
                Kind::Parameters => self.read_parameters(part),
                _ => return,
            }
        }
    }

    fn read_parameters(&mut self, at: u32) {
        let parameters: Vec<u32> = self.syntax.children(at).collect();
        for parameter in parameters {
            let name = match self.syntax.kind(parameter) {
                Kind::Keyword => self.syntax.children(parameter).next(),
                _ => Some(parameter),
            };
            if let Some(name) = name {
                self.forget_all(name);
            }
        }
    }

    /// `with value as name`, `except Error as name`.
    fn read_as(&mut self, at: u32) {
        let mut parts = self.syntax.children(at);
        let (Some(value), Some(target)) = (parts.next(), parts.next()) else { return };
        let is_error = self.syntax.kind(self.syntax.node(at).parent) == Kind::Except;
        if self.syntax.kind(target) == Kind::Name && !is_error {
            self.bind(target, Binding::Value(value));
        } else {
            self.forget_all(target);
        }
    }

    fn read_import(&mut self, at: u32) {
        let parts: Vec<u32> = self.syntax.children(at).collect();
        let source = parts.iter().copied().find(|part| self.syntax.kind(*part) == Kind::String);
        let module = source.map(|source| plain_module(self.word(source)));
        self.modules.extend(module);
        for part in parts {
            match (self.syntax.kind(part), module) {
                // `import jwt from "jsonwebtoken"`, `import * as jwt from "jsonwebtoken"`
                (Kind::Name, Some(module)) => self.bind_import(part, vec![module]),
                (Kind::Alias, Some(module)) => self.read_specifier(part, vec![module]),
                (Kind::Dotted | Kind::Alias, None) => self.read_python_import(part),
                _ => {}
            }
        }
    }

    /// `verify as check` in an import; `default as x` is the module itself.
    fn read_specifier(&mut self, at: u32, mut path: Path<'t>) {
        let parts: Vec<u32> = self.syntax.children(at).collect();
        let (Some(name), Some(local)) = (parts.first(), parts.last()) else { return };
        match self.word(*name) {
            "default" => {}
            name => path.extend(name.split('.')),
        }
        self.bind_import(*local, path);
    }

    /// `import a.b` binds `a`; `import a.b as c` binds `c`.
    fn read_python_import(&mut self, at: u32) {
        let parts: Vec<u32> = self.syntax.children(at).collect();
        let module = self.word(parts.first().copied().unwrap_or(at));
        self.modules.insert(module);
        if let Some(local) = parts.get(1) {
            self.bind_import(*local, module.split('.').collect());
        } else {
            let scope = self.syntax.node(at).scope;
            let first = module.split('.').next().unwrap_or(module);
            self.add(scope, first, Binding::Imported(vec![vec![first]]));
        }
    }

    fn read_import_from(&mut self, at: u32) {
        let mut parts = self.syntax.children(at);
        let Some(source) = parts.next() else { return };
        let module = self.word(source);
        self.modules.insert(module);
        let path = self.split(module);
        for part in parts {
            match self.syntax.kind(part) {
                Kind::Dotted if self.word(part) == "*" => self.wildcards.push(path.clone()),
                Kind::Dotted => {
                    let mut member = path.clone();
                    member.push(self.word(part));
                    self.bind_import(part, member);
                }
                Kind::Alias => self.read_specifier(part, path.clone()),
                _ => {}
            }
        }
    }

    fn bind_import(&mut self, local: u32, path: Path<'t>) {
        self.bind(local, Binding::Imported(vec![path]));
    }

    fn bind(&mut self, name: u32, binding: Binding<'t>) {
        self.add(self.syntax.node(name).scope, self.word(name), binding);
    }

    fn add(&mut self, scope: u32, name: &'t str, binding: Binding<'t>) {
        let known = self.bindings.entry((scope, name));
        known
            .and_modify(|known| match (&mut *known, &binding) {
                (Binding::Imported(paths), Binding::Imported(more)) => {
                    paths.extend(more.iter().cloned());
                }
                (Binding::Value(one), Binding::Value(other))
                    if self.syntax.text(self.text, *one) == self.syntax.text(self.text, *other) => {
                }
                _ => *known = Binding::Unknown,
            })
            .or_insert(binding);
    }

    fn forget(&mut self, name: u32) {
        self.add(self.syntax.node(name).scope, self.word(name), Binding::Unknown);
    }

    fn forget_all(&mut self, at: u32) {
        if matches!(self.syntax.kind(at), Kind::Member | Kind::Index) {
            return;
        }
        for node in self.syntax.subtree(at).take(LARGEST_TARGET) {
            if self.syntax.kind(node) == Kind::Name {
                self.forget(node);
            }
        }
    }
}

fn plain_module(source: &str) -> &str {
    source.strip_prefix("node:").unwrap_or(source)
}
