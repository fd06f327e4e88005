//! Java properties, with the documents of Spring.

use std::ops::Range;

use super::{Pair, lines, shape};
use crate::engines::document::{
    make::{field, list, map},
    node::Node,
};

/// Reads Java properties: `=`, `:` or white space between name and value, escapes, continued lines.
pub fn properties(text: &str) -> Node {
    let mut parts: Vec<(Range<usize>, Vec<Pair>)> = vec![(0..text.len(), Vec::new())];
    let mut lines = lines(text);
    while let Some((start, line)) = lines.next() {
        let trimmed = line.trim_start().trim_start_matches('\u{feff}');
        if matches!(trimmed.trim_end(), "#---" | "!---") {
            parts.push((start..text.len(), Vec::new()));
        } else if !trimmed.is_empty() && !trimmed.starts_with(['#', '!']) {
            let mut logical = Logical::default();
            logical.push(start + (line.len() - trimmed.len()), trimmed);
            while logical.is_continued() {
                let Some((start, line)) = lines.next() else { break };
                let trimmed = line.trim_start();
                logical.continue_with(start + (line.len() - trimmed.len()), trimmed);
            }
            if let Some((_, pairs)) = parts.last_mut() {
                pairs.push(logical.pair());
            }
        }
    }
    shape_parts(parts, text.len())
}

fn shape_parts(parts: Vec<(Range<usize>, Vec<Pair>)>, length: usize) -> Node {
    let all = parts.iter().flat_map(|(_, pairs)| pairs);
    let all =
        all.map(|pair| Pair { section: None, name: pair.name.clone(), value: pair.value.clone() });
    let mut fields = shape(all.collect(), &(0..length));
    let documents = parts.into_iter().map(|(at, pairs)| {
        let fields = shape(pairs, &at);
        map(fields, at)
    });
    fields.push(field("documents", list(documents.collect(), 0..length)));
    map(fields, 0..length)
}

/// Lines joined by a backslash at their end; each character knows its byte.
#[derive(Default)]
struct Logical {
    characters: Vec<(usize, char)>,
}

impl Logical {
    fn push(&mut self, start: usize, line: &str) {
        self.characters.extend(line.char_indices().map(|(at, character)| (start + at, character)));
    }

    fn is_continued(&self) -> bool {
        let backslashes = self.characters.iter().rev().take_while(|(_, c)| *c == '\\').count();
        backslashes % 2 == 1
    }

    fn continue_with(&mut self, start: usize, line: &str) {
        self.characters.pop();
        self.push(start, line);
    }

    fn pair(&self) -> Pair {
        let mut name_end = self.characters.len();
        let mut escaped = false;
        for (index, (_, character)) in self.characters.iter().enumerate() {
            if escaped {
                escaped = false;
            } else if *character == '\\' {
                escaped = true;
            } else if matches!(character, '=' | ':') || character.is_whitespace() {
                name_end = index;
                break;
            }
        }
        let mut value = name_end;
        let mut has_separator = false;
        while let Some((_, character)) = self.characters.get(value) {
            let is_separator = matches!(character, '=' | ':') && !has_separator;
            if !character.is_whitespace() && !is_separator {
                break;
            }
            has_separator |= is_separator;
            value += 1;
        }
        Pair {
            section: None,
            name: self.node(0..name_end),
            value: self.node(value..self.characters.len()),
        }
    }

    fn node(&self, range: Range<usize>) -> Node {
        let slice = &self.characters[range.clone()];
        let end_of = |(at, character): &(usize, char)| at + character.len_utf8();
        let before = self.characters[..range.start].last().map_or(0, end_of);
        let start = slice.first().map_or(before, |(at, _)| *at);
        let end = slice.last().map_or(start, end_of);
        Node::text(unescape(slice), start..end)
    }
}

fn unescape(characters: &[(usize, char)]) -> String {
    let mut plain = String::with_capacity(characters.len());
    let mut rest = characters.iter().map(|(_, character)| *character);
    while let Some(character) = rest.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match rest.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => {
                let digits: String = rest.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                plain.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain.truncate(plain.trim_end_matches([' ', '\t']).len());
    plain
}
