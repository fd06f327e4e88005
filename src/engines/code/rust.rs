//! Which functions a Rust source names: by path, as a method, within macros, and what it imports.
//!
//! Paths are resolved through the imports of the file, with their aliases, groups and `self`. Types are not
//! known: of a method call only the name is told, and what a glob import brings stays as it is written.

mod imports;
#[cfg(test)]
mod tests;
mod tokens;

use std::{collections::HashSet, ops::Range};

use tree_sitter::{Node, TreeCursor};

use super::syntax::{Unparsed, with_tree};
use imports::Imports;

/// Parts of a path; what is longer is cut to its last ones.
const LONGEST_PATH: usize = 12;

/// What a source names.
#[derive(Debug)]
pub struct Uses<'t> {
    /// Everything that is named, in the order of the file.
    pub uses: Vec<Use<'t>>,
    /// Whether some of the text could not be understood, or names too much to follow it all.
    pub has_error: bool,
}

/// Something that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use<'t> {
    /// How.
    pub kind: UseKind,
    /// The parts of the path, resolved as far as the file tells: `["leaky", "block", "decode"]`. One that begins
    /// with `crate`, `self` or `super`, or with a name that nothing in the file binds, is as it is written. Of a
    /// method it is the name alone; of a glob import, what is before the `*`.
    pub path: Vec<&'t str>,
    /// Its bytes.
    pub at: Range<usize>,
}

/// How something is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseKind {
    /// `a::b(…)`.
    Call,
    /// `a::b` as a value: `map(a::b)`.
    Value,
    /// `….b(…)`.
    Method,
    /// `use a::b`.
    Import,
    /// `use a::*`.
    Glob,
    /// `use a::b as c`, `type C = a::b`: other files may know it by another name.
    Alias,
    /// `a::b!(…)`, `#[a::b]`, `#[derive(a::B)]`, `#[macro_use] extern crate a`.
    Macro,
    /// In the definition of a macro: it is used where the macro is.
    MacroBody,
}

/// Reads a text. It is parsed with tolerance: what is broken costs only itself.
pub fn read(text: &str) -> Result<Uses<'_>, Unparsed> {
    with_tree(text, &tree_sitter_rust::LANGUAGE.into(), |tree| {
        let mut reader = Reader {
            text,
            imports: Imports::default(),
            functions: HashSet::new(),
            uses: Vec::new(),
            open: Vec::new(),
            attributes: 0,
            definitions: 0,
        };
        reader.walk(&mut tree.walk());
        reader.finish(tree.root_node().has_error())
    })
}

/// A node that has been entered.
struct Open<'n> {
    kind: &'n str,
    at: Range<usize>,
}

struct Reader<'t, 'n> {
    text: &'t str,
    imports: Imports<'t>,
    /// Names of the functions of the file.
    functions: HashSet<&'t str>,
    uses: Vec<Use<'t>>,
    open: Vec<Open<'n>>,
    /// How many attributes the node is in.
    attributes: usize,
    /// How many definitions of macros it is in.
    definitions: usize,
}

impl<'t, 'n> Reader<'t, 'n> {
    fn walk(&mut self, cursor: &mut TreeCursor<'n>) {
        loop {
            if self.enter(cursor) && cursor.goto_first_child() {
                continue;
            }
            self.leave();
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                self.leave();
            }
        }
    }

    /// Whether what is below counts.
    fn enter(&mut self, cursor: &TreeCursor<'n>) -> bool {
        let node = cursor.node();
        let kind = node.kind();
        self.attributes += usize::from(kind == "attribute");
        self.definitions += usize::from(kind == "macro_definition");
        let goes_on = match kind {
            "use_declaration" => {
                self.import(node);
                false
            }
            "scoped_identifier" | "identifier" => {
                if let Some(kind) = self.kind_of(kind, cursor.field_name()) {
                    self.note(kind, self.path_of(node), node.byte_range());
                }
                true
            }
            _ => {
                self.enter_other(node, cursor.field_name());
                true
            }
        };
        self.open.push(Open { kind, at: node.byte_range() });
        goes_on
    }

    fn enter_other(&mut self, node: Node<'_>, field: Option<&str>) {
        match node.kind() {
            "extern_crate_declaration" => self.extern_crate(node),
            "field_expression" => {
                let is_called = match self.parent() {
                    "call_expression" => field == Some("function"),
                    parent => parent == "generic_function",
                };
                if let Some(name) = node.child_by_field_name("field").filter(|_| is_called) {
                    self.note(UseKind::Method, vec![self.word(name)], name.byte_range());
                }
            }
            "token_tree" | "token_repetition" => self.read_tokens(node),
            "function_item" => {
                let name = node.child_by_field_name("name").map(|name| self.word(name));
                self.functions.extend(name);
            }
            "type_item" => {
                let part = |field| Some(self.path_of(node.child_by_field_name(field)?));
                if let (Some(name), Some(path)) = (part("name"), part("type"))
                    && let ([name], [_, ..]) = (name.as_slice(), path.as_slice())
                {
                    self.imports.bind(name, path.clone(), self.scope());
                    self.note(UseKind::Alias, path, node.byte_range());
                }
            }
            _ => {}
        }
    }

    fn leave(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.attributes -= usize::from(open.kind == "attribute");
        self.definitions -= usize::from(open.kind == "macro_definition");
    }

    fn parent(&self) -> &'n str {
        self.open.last().map_or("", |open| open.kind)
    }

    /// The bytes in which an import that stands here holds.
    fn scope(&self) -> Range<usize> {
        let is_scope = |open: &&Open<'_>| matches!(open.kind, "block" | "declaration_list");
        self.open.iter().rev().find(is_scope).map_or(0..self.text.len(), |open| open.at.clone())
    }

    /// What a path is used as; none where it is a part of a longer one, or no use at all.
    fn kind_of(&self, kind: &str, field: Option<&str>) -> Option<UseKind> {
        let is_path = kind == "scoped_identifier";
        match (self.parent(), field) {
            ("scoped_identifier" | "scoped_type_identifier", Some("path" | "name"))
            | ("generic_type" | "generic_type_with_turbofish", _) => None,
            ("macro_invocation", Some("macro")) | ("attribute", None) => Some(UseKind::Macro),
            ("call_expression" | "generic_function", Some("function")) => Some(UseKind::Call),
            ("arguments", _) => Some(UseKind::Value),
            _ => is_path.then_some(UseKind::Value),
        }
    }

    fn note(&mut self, kind: UseKind, path: Vec<&'t str>, at: Range<usize>) {
        let kind = match kind {
            UseKind::Call | UseKind::Value if self.definitions > 0 => UseKind::MacroBody,
            kind => kind,
        };
        if !path.is_empty() {
            self.uses.push(Use { kind, path, at });
        }
    }

    fn word(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// The parts of a path or of a type, without generic arguments; of `<T as Trait>::f`, those of `T::f`. Empty
    /// for a type that has no name.
    fn path_of(&self, node: Node<'_>) -> Vec<&'t str> {
        let mut parts = Vec::new();
        let mut next = Some(node);
        while let Some(node) = next.filter(|_| parts.len() < LONGEST_PATH) {
            next = match node.kind() {
                "scoped_identifier" | "scoped_type_identifier" => {
                    parts.extend(node.child_by_field_name("name").map(|name| self.word(name)));
                    node.child_by_field_name("path")
                }
                "generic_type" | "generic_type_with_turbofish" | "qualified_type" => {
                    node.child_by_field_name("type")
                }
                "bracketed_type" => node.named_child(0),
                "identifier" | "type_identifier" | "self" | "super" | "crate" | "metavariable" => {
                    parts.push(self.word(node));
                    None
                }
                _ => None,
            };
        }
        parts.reverse();
        parts
    }

    /// `extern crate a as b`.
    fn extern_crate(&mut self, node: Node<'_>) {
        let Some(name) = node.child_by_field_name("name").map(|name| self.word(name)) else {
            return;
        };
        if let Some(alias) = node.child_by_field_name("alias") {
            self.imports.bind(self.word(alias), vec![name], self.scope());
            self.note(UseKind::Alias, vec![name], node.byte_range());
        }
        let before = node.prev_named_sibling();
        let attribute = before.filter(|before| before.kind() == "attribute_item");
        if attribute.is_some_and(|attribute| self.word(attribute).contains("macro_use")) {
            self.note(UseKind::Macro, vec![name], node.byte_range());
        }
    }

    /// Resolves what was named, now that all imports are known.
    fn finish(self, has_error: bool) -> Uses<'t> {
        let mut uses = Vec::with_capacity(self.uses.len());
        for Use { kind, path, at } in self.uses {
            if kind == UseKind::Method {
                uses.push(Use { kind, path, at });
                continue;
            }
            // Such a call means the function of the file, whatever is imported by a glob.
            let is_own = path.len() == 1 && self.functions.contains(path[0]);
            for path in self.imports.resolve(&path, at.start) {
                let is_plain = path.len() == 1;
                let is_known = match kind {
                    UseKind::Call => !(is_plain && is_own),
                    UseKind::Value => !is_plain,
                    _ => true,
                };
                if is_known {
                    uses.push(Use { kind, path, at: at.clone() });
                }
            }
        }
        Uses { uses, has_error: has_error || self.imports.has_too_many }
    }
}
