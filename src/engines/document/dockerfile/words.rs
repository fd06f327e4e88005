//! Words of instructions: splitting, quotes, JSON arrays and variables.

use std::{iter::Peekable, ops::Range, str::CharIndices};

/// An expanded text is not made longer than this; `ENV A=$A$A` doubles it each time.
const LONGEST: usize = 4096;

/// The character that escapes and continues lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Escape {
    /// `\`, as in a shell.
    #[default]
    Backslash,
    /// A backtick, for paths of Windows.
    Backtick,
}

impl Escape {
    /// The character itself.
    pub(super) const fn character(self) -> char {
        match self {
            Self::Backslash => '\\',
            Self::Backtick => '`',
        }
    }
}

/// What is known of a variable.
pub(super) enum Known<'v> {
    /// It has this value unless the build says otherwise.
    Value(&'v str),
    /// Nothing: it is not declared, has no default, or comes from the build.
    Nothing,
}

/// A word after expansion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Expanded {
    /// The text; variables that nothing is known of stand as `${NAME}`.
    pub(super) text: String,
    /// Whether all variables in it are known.
    pub(super) complete: bool,
    /// Whether there are no variables in it.
    pub(super) literal: bool,
}

/// The bytes of each word of a text.
pub(super) fn split(text: &str, escape: Escape) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut from = 0;
    while let Some(word) = next(text, from, escape) {
        from = word.end;
        words.push(word);
    }
    words
}

/// The bytes of the first word at or after a byte. Quotes and escaped blanks do not end a word.
pub(super) fn next(text: &str, from: usize, escape: Escape) -> Option<Range<usize>> {
    let rest = text.get(from..)?;
    let start = from + rest.find(|c: char| !c.is_whitespace())?;
    let mut quote = None;
    let mut characters = text[start..].char_indices();
    while let Some((offset, character)) = characters.next() {
        match quote {
            None if character.is_whitespace() => return Some(start..start + offset),
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(open) if character == open => quote = None,
            _ if character == escape.character() && quote != Some('\'') => {
                characters.next();
            }
            _ => {}
        }
    }
    Some(start..text.len())
}

/// The word without quotes and escapes, variables as written.
pub(super) fn unquote(word: &str, escape: Escape) -> String {
    if !word.contains(['"', '\'', escape.character()]) {
        return word.to_owned();
    }
    let mut quote = None;
    let mut text = String::with_capacity(word.len());
    let mut characters = word.chars();
    while let Some(character) = characters.next() {
        match quote {
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(open) if character == open => quote = None,
            _ if character == escape.character() && quote != Some('\'') => {
                text.extend(characters.next());
            }
            _ => text.push(character),
        }
    }
    text
}

/// The word without quotes, its variables replaced by what is known of them.
pub(super) fn expand<'v>(
    word: &str,
    escape: Escape,
    look_up: &dyn Fn(&str) -> Known<'v>,
) -> Expanded {
    let mut expansion = Expansion {
        characters: word.char_indices().peekable(),
        word,
        escape: escape.character(),
        look_up,
        out: Expanded { text: String::new(), complete: true, literal: true },
    };
    expansion.run(None, 0);
    expansion.out
}

/// Names of the variables that a word uses, as `$NAME` and `${NAME`; those that are escaped, too.
pub(super) fn references(word: &str) -> Vec<&str> {
    let name = |rest: &&str| {
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        rest.len().min(length.unwrap_or(rest.len()))
    };
    let after = word.split('$').skip(1).map(|rest| rest.strip_prefix('{').unwrap_or(rest));
    after.map(|rest| &rest[..name(&rest)]).filter(|name| !name.is_empty()).collect()
}

struct Expansion<'w, 'l, 'v> {
    characters: Peekable<CharIndices<'w>>,
    word: &'w str,
    escape: char,
    look_up: &'l dyn Fn(&str) -> Known<'v>,
    out: Expanded,
}

impl<'w> Expansion<'w, '_, '_> {
    /// Expands until `end`, or to the end of the word.
    fn run(&mut self, end: Option<char>, depth: usize) {
        let mut quote = None;
        while let Some((_, character)) = self.characters.next() {
            match (quote, character) {
                (None, _) if Some(character) == end => return,
                (None, '"' | '\'') => quote = Some(character),
                (Some(open), _) if character == open => quote = None,
                (Some('\''), _) => self.push(character),
                (_, '$') => self.variable(depth),
                _ if character == self.escape => {
                    if let Some((_, escaped)) = self.characters.next() {
                        if quote.is_some()
                            && !matches!(escaped, '"' | '$')
                            && escaped != self.escape
                        {
                            self.push(character);
                        }
                        self.push(escaped);
                    }
                }
                _ => self.push(character),
            }
        }
    }

    fn push(&mut self, character: char) {
        if self.out.text.len() < LONGEST {
            self.out.text.push(character);
        } else {
            self.out.complete = false;
        }
    }

    fn push_str(&mut self, text: &str) {
        if self.out.text.len() + text.len() <= LONGEST {
            self.out.text.push_str(text);
        } else {
            self.out.complete = false;
        }
    }

    fn variable(&mut self, depth: usize) {
        let braced = self.characters.next_if(|(_, character)| *character == '{').is_some();
        let name = self.name();
        if name.is_empty() {
            self.push('$');
            if braced {
                self.push('{');
            }
            return;
        }
        self.out.literal = false;
        if !braced {
            return self.plain(&name);
        }
        let rest = self.rest();
        match rest.as_bytes() {
            [b'}', ..] => {
                self.characters.next();
                self.plain(&name);
            }
            [b':', operator @ (b'-' | b'+' | b'?'), ..] => {
                self.characters.next();
                self.characters.next();
                self.choice(&name, *operator, true, depth);
            }
            [operator @ (b'-' | b'+' | b'?'), ..] => {
                self.characters.next();
                self.choice(&name, *operator, false, depth);
            }
            // Patterns (`${NAME#pattern}`) and what is no expression: nothing is known of the result.
            _ => {
                self.skip_to_brace();
                self.unknown(&name);
            }
        }
    }

    fn rest(&mut self) -> &'w str {
        let at = self.characters.peek().map_or(self.word.len(), |(at, _)| *at);
        &self.word[at..]
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        while let Some((_, character)) = self.characters.next_if(|(_, c)| is_name(*c)) {
            name.push(character);
        }
        name
    }

    fn plain(&mut self, name: &str) {
        match (self.look_up)(name) {
            Known::Value(value) => self.push_str(value),
            Known::Nothing => self.unknown(name),
        }
    }

    fn unknown(&mut self, name: &str) {
        self.out.complete = false;
        self.push_str("${");
        self.push_str(name);
        self.push('}');
    }

    /// `${NAME:-word}` and its kin; `colon` treats an empty value as none.
    fn choice(&mut self, name: &str, operator: u8, colon: bool, depth: usize) {
        let value = match (self.look_up)(name) {
            Known::Value(value) if !(colon && value.is_empty()) => Some(value.to_owned()),
            Known::Value(_) | Known::Nothing => None,
        };
        match (operator, value) {
            (b'-', None) | (b'+', Some(_)) if depth < 8 => self.run(Some('}'), depth + 1),
            (b'-' | b'?', Some(value)) => {
                self.skip_to_brace();
                self.push_str(&value);
            }
            (b'+', None) => self.skip_to_brace(),
            _ => {
                self.skip_to_brace();
                self.unknown(name);
            }
        }
    }

    fn skip_to_brace(&mut self) {
        let mut open = 0;
        for (_, character) in self.characters.by_ref() {
            match character {
                '{' => open += 1,
                '}' if open == 0 => return,
                '}' => open -= 1,
                _ => {}
            }
        }
    }
}

/// The strings of a JSON array, with their bytes including quotes; nothing if the text is no such array.
pub(super) fn json(text: &str) -> Option<Vec<(String, Range<usize>)>> {
    let trimmed = text.trim_end();
    let start = trimmed.len() - trimmed.trim_start().len();
    if !trimmed[start..].starts_with('[') || !trimmed.ends_with(']') {
        return None;
    }
    let mut strings = Vec::new();
    let raw: Vec<String> = serde_json::from_str(&trimmed[start..]).ok()?;
    let mut at = start + 1;
    for string in raw {
        let open = at + trimmed[at..].find('"')?;
        let close = open + 1 + closing_quote(&trimmed[open + 1..])?;
        strings.push((string, open..close + 1));
        at = close + 1;
    }
    Some(strings)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at),
            _ => {}
        }
    }
    None
}
