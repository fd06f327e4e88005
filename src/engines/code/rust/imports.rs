//! Imports of a Rust source, and what names stand for by them.

use std::{collections::HashMap, ops::Range};

use tree_sitter::Node;

use super::{LONGEST_PATH, Reader, UseKind};

/// How many imports may give one name in one file.
const MOST_OF_ONE_NAME: usize = 16;
/// How many names may stand for each other in a row.
const LONGEST_TRAIL: usize = 6;

/// What the imports of a file bind.
#[derive(Default)]
pub(super) struct Imports<'t> {
    bindings: HashMap<&'t str, Vec<Binding<'t>>>,
    /// Whether some import was left out.
    pub(super) has_too_many: bool,
}

struct Binding<'t> {
    path: Vec<&'t str>,
    /// The bytes in which it holds.
    scope: Range<usize>,
}

impl<'t> Imports<'t> {
    /// `name` stands for `path` in these bytes.
    pub(super) fn bind(&mut self, name: &'t str, path: Vec<&'t str>, scope: Range<usize>) {
        let known = self.bindings.entry(name).or_default();
        if known.len() < MOST_OF_ONE_NAME {
            known.push(Binding { path, scope });
        } else {
            self.has_too_many = true;
        }
    }

    /// What a path at this byte stands for. There are several where a name is imported twice, for one of two
    /// configurations.
    pub(super) fn resolve(&self, path: &[&'t str], at: usize) -> Vec<Vec<&'t str>> {
        let starts = self.step(path, at);
        if starts.is_empty() {
            return vec![path.to_vec()];
        }
        let follow = |mut path: Vec<&'t str>| {
            for _ in 0..LONGEST_TRAIL {
                match self.step(&path, at).into_iter().next() {
                    Some(next) if next[0] != path[0] => path = next,
                    _ => break,
                }
            }
            path
        };
        starts.into_iter().map(follow).collect()
    }

    /// The path with its first name replaced by what it is bound to in the innermost scope.
    fn step(&self, path: &[&'t str], at: usize) -> Vec<Vec<&'t str>> {
        let path = match path {
            ["self", rest @ ..] if !rest.is_empty() => rest,
            path => path,
        };
        let Some((head, rest)) = path.split_first() else { return Vec::new() };
        let known = self.bindings.get(head).map_or(&[][..], Vec::as_slice);
        let holding = || known.iter().filter(|binding| binding.scope.contains(&at));
        let Some(innermost) = holding().map(|binding| binding.scope.len()).min() else {
            return Vec::new();
        };
        let inner = holding().filter(|binding| binding.scope.len() == innermost);
        inner.map(|binding| shortened([&binding.path, rest].concat())).collect()
    }
}

fn shortened(mut path: Vec<&str>) -> Vec<&str> {
    // The crate at the beginning and the function at the end tell the most.
    if path.len() > LONGEST_PATH {
        path.drain(1..=path.len() - LONGEST_PATH);
    }
    path
}

impl<'t> Reader<'t, '_> {
    /// Notes all that a `use` declaration brings.
    pub(super) fn import(&mut self, declaration: Node<'_>) {
        let argument = declaration.child_by_field_name("argument");
        let mut open: Vec<(Node<'_>, Vec<&'t str>)> =
            argument.map(|argument| (argument, Vec::new())).into_iter().collect();
        while let Some((node, prefix)) = open.pop() {
            if prefix.len() > LONGEST_PATH {
                self.imports.has_too_many = true;
                continue;
            }
            let joined = |part: Option<Node<'_>>| {
                let part = part.map(|part| self.path_of(part)).unwrap_or_default();
                [prefix.clone(), part].concat()
            };
            let field = |name: &str| node.child_by_field_name(name);
            match node.kind() {
                "scoped_use_list" => {
                    open.extend(field("list").map(|list| (list, joined(field("path")))));
                }
                "use_list" => {
                    let mut cursor = node.walk();
                    let parts: Vec<_> = node.named_children(&mut cursor).collect();
                    open.extend(parts.into_iter().rev().map(|part| (part, prefix.clone())));
                }
                "use_as_clause" => {
                    let alias = field("alias").map(|alias| self.word(alias));
                    let path = joined(field("path"));
                    self.bring(node, path, alias);
                }
                "use_wildcard" => {
                    let path = joined(node.named_child(0));
                    self.note(UseKind::Glob, path, node.byte_range());
                }
                "line_comment" | "block_comment" => {}
                _ => {
                    let path = joined(Some(node));
                    self.bring(node, path, None);
                }
            }
        }
    }

    fn bring(&mut self, node: Node<'_>, mut path: Vec<&'t str>, alias: Option<&'t str>) {
        // `use a::{self}` brings `a`.
        if path.len() > 1 && path.last() == Some(&"self") {
            path.pop();
        }
        let Some(last) = path.last().copied() else { return };
        let name = alias.unwrap_or(last);
        if name != last && name != "_" {
            self.note(UseKind::Alias, path.clone(), node.byte_range());
        }
        self.note(UseKind::Import, path.clone(), node.byte_range());
        if name != "_" {
            self.imports.bind(name, path, self.scope());
        }
    }
}
