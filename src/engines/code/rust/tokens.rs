//! Names within macros and attributes, where there are only tokens.

use std::ops::Range;

use tree_sitter::Node;

use super::{LONGEST_PATH, Reader, UseKind};

/// A path that is being put together.
#[derive(Default)]
struct Pending<'t> {
    path: Vec<&'t str>,
    at: Range<usize>,
    /// Whether a dot stands before it.
    is_member: bool,
}

impl<'t> Reader<'t, '_> {
    /// Notes what the tokens directly within this tree name.
    pub(super) fn read_tokens(&mut self, tree: Node<'_>) {
        let mut pending = Pending::default();
        let mut before = "";
        // Within the `<…>` of `a::<…>::b`.
        let mut depth = 0_usize;
        let mut cursor = tree.walk();
        for token in tree.children(&mut cursor) {
            let kind = token.kind();
            match kind {
                "<" if depth > 0 || before == "::" => depth += 1,
                ">" | ">>" if depth > 0 => depth = depth.saturating_sub(kind.len()),
                _ if depth > 0 => {}
                "identifier" | "self" | "super" | "crate" | "metavariable" => {
                    if before != "::" || pending.path.len() >= LONGEST_PATH {
                        self.flush(std::mem::take(&mut pending), UseKind::Value);
                        pending.is_member = before == ".";
                        pending.at = token.byte_range();
                    }
                    pending.path.push(self.word(token));
                    pending.at.end = token.end_byte();
                }
                "::" => {}
                "token_tree" if self.word(token).starts_with('(') => {
                    self.flush(std::mem::take(&mut pending), UseKind::Call);
                }
                "!" => self.flush(std::mem::take(&mut pending), UseKind::Macro),
                "string_literal" if self.attributes > 0 => self.read_literal(token),
                _ => self.flush(std::mem::take(&mut pending), UseKind::Value),
            }
            before = kind;
        }
        self.flush(pending, UseKind::Value);
    }

    fn flush(&mut self, pending: Pending<'t>, kind: UseKind) {
        let Pending { path, at, is_member } = pending;
        match (is_member, kind) {
            (true, UseKind::Call) => self.note(UseKind::Method, path, at),
            (true, _) => {}
            (false, _) if self.attributes > 0 => self.note(UseKind::Macro, path, at),
            (false, kind) => self.note(kind, path, at),
        }
    }

    /// `#[serde(with = "a::b")]`: the path of a function in quotes.
    fn read_literal(&mut self, token: Node<'_>) {
        let text = self.word(token).trim_matches('"');
        let is_word = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let parts: Vec<&str> = text.split("::").take(LONGEST_PATH + 1).collect();
        if parts.len() <= LONGEST_PATH && parts.iter().all(|part| is_word(part)) {
            self.note(UseKind::Value, parts, token.byte_range());
        }
    }
}
