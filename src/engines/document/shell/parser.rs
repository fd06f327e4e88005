//! The reader: one pass over the bytes, a bounded recursion for what nests.

use std::ops::Range;

use super::{Command, Inside, Redirect, Word};

/// Deeper nesting than this is not followed.
const DEEPEST: usize = 24;

/// Operators of redirections, longest first.
const OPERATORS: [&str; 12] =
    ["<<<", "<<-", "&>>", "<<", "&>", ">>", ">&", "<&", ">|", "<>", "<", ">"];

/// What ends a list of commands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// The end of the text.
    End,
    /// A closing parenthesis.
    Parenthesis,
    /// A closing backtick.
    Backtick,
    /// A word in the place of a command: `fi`, `done`, `}`.
    Word(&'static str),
    /// `;;` or `esac`, which are left standing.
    Case,
}

/// Where the reader stands in a script, and the commands that it has met so far.
pub(super) struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    commands: Vec<Command>,
    depth: usize,
    in_backticks: bool,
    /// Delimiters of heredocs whose bodies begin on the next line; whether tabs are removed.
    heredocs: Vec<(String, bool)>,
}

impl<'t> Parser<'t> {
    /// A reader at the first byte of a script.
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            commands: Vec::new(),
            depth: 0,
            in_backticks: false,
            heredocs: Vec::new(),
        }
    }

    /// Reads to the end and gives the commands, also those within others; broken text stops nothing.
    pub(super) fn run(mut self) -> Vec<Command> {
        while self.at < self.bytes.len() {
            self.list(Until::End);
            // Something closed that was never opened.
            self.advance();
        }
        self.commands
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn looks_at(&self, text: &str) -> bool {
        self.bytes[self.at..].starts_with(text.as_bytes())
    }

    /// Steps over one character, if there is one.
    fn advance(&mut self) {
        self.at = (self.at + 1).min(self.bytes.len());
        while self.at < self.bytes.len() && !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    fn eat(&mut self, text: &str) -> bool {
        let there = self.looks_at(text);
        if there {
            self.at += text.len();
        }
        there
    }

    /// Commands up to `until`, which is consumed.
    fn list(&mut self, until: Until) {
        loop {
            self.skip_separators(until);
            let Some(byte) = self.peek() else { return };
            let word = self.bare_word();
            match (until, byte) {
                (Until::Parenthesis, b')') | (Until::Backtick, b'`') => return self.at += 1,
                (Until::Case, b';') | (Until::End, b')') => return,
                (Until::Case, _) if word == "esac" => return,
                (Until::Word(end), _) if word == end => return self.at += end.len(),
                (_, b')') | (Until::End, b'`') => self.advance(),
                _ => self.pipeline(),
            }
        }
    }

    fn skip_separators(&mut self, until: Until) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => self.line_end(),
                b';' if until == Until::Case && self.bytes.get(self.at + 1) == Some(&b';') => {
                    return;
                }
                b' ' | b'\t' | b'\r' | b';' | b'&' | b'|' => self.at += 1,
                b'\\' if self.bytes.get(self.at + 1) == Some(&b'\n') => self.at += 2,
                b'#' => self.comment(),
                _ => return,
            }
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if self.bytes.get(self.at + 1) == Some(&b'\n') => self.at += 2,
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    /// Steps over a line end and the bodies of the heredocs that begin after it.
    fn line_end(&mut self) {
        self.at += 1;
        for (delimiter, chomp) in std::mem::take(&mut self.heredocs) {
            while self.at < self.bytes.len() {
                let rest = &self.text[self.at..];
                let length = rest.find('\n').unwrap_or(rest.len());
                let line = rest[..length].trim_end_matches('\r');
                self.at = (self.at + length + 1).min(self.bytes.len());
                if (if chomp { line.trim_start_matches('\t') } else { line }) == delimiter {
                    break;
                }
            }
        }
    }

    /// The unquoted word of letters or braces at this place, to recognise reserved words.
    fn bare_word(&self) -> &'t str {
        let rest = &self.bytes[self.at..];
        let is_end = |byte: &u8| {
            byte.is_ascii_whitespace() || matches!(byte, b';' | b'&' | b'|' | b'(' | b')' | b'`')
        };
        let length = rest.iter().take(12).position(is_end).unwrap_or(rest.len().min(12));
        self.text.get(self.at..self.at + length).unwrap_or_default()
    }

    fn pipeline(&mut self) {
        let mut elements = Vec::new();
        loop {
            let start = self.commands.len();
            self.element();
            elements.push(start..self.commands.len());
            self.skip_blanks();
            if !self.looks_at("|") || self.looks_at("||") {
                break;
            }
            self.at += if self.looks_at("|&") { 2 } else { 1 };
            while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
                if self.peek() == Some(b'\n') { self.line_end() } else { self.at += 1 }
            }
        }
        let end = self.commands.len();
        for element in elements {
            for command in &mut self.commands[element.clone()] {
                if command.inside.is_some() || element.end == end {
                } else if command.readers.is_empty() {
                    command.readers = element.end..end;
                } else if command.readers.end == element.end {
                    command.readers.end = end;
                }
            }
        }
    }

    /// A simple command, or a compound one with its redirections.
    fn element(&mut self) {
        let before = self.at;
        if self.depth >= DEEPEST {
            self.simple_command();
        } else {
            self.depth += 1;
            self.compound();
            self.depth -= 1;
        }
        if self.at == before {
            self.advance();
        }
    }

    fn compound(&mut self) {
        if self.looks_at("((") {
            return self.skip_arithmetic();
        }
        if self.eat("(") {
            return self.list(Until::Parenthesis);
        }
        let word = self.bare_word();
        let end = match word {
            "{" => Until::Word("}"),
            "if" => Until::Word("fi"),
            "while" | "until" => Until::Word("done"),
            "for" | "select" => return self.loop_over_words(word),
            "case" => return self.case(),
            "function" => return self.named_function(),
            // What stands between the parts of a compound command; the command follows.
            "then" | "else" | "elif" | "do" | "!" | "time" => {
                self.at += word.len();
                self.skip_blanks();
                let is_command =
                    !matches!(self.peek(), None | Some(b'\n' | b';' | b'&' | b'|' | b')' | b'`'));
                if is_command {
                    self.element();
                }
                return;
            }
            _ => return self.simple_command(),
        };
        self.at += word.len();
        self.list(end);
    }

    fn loop_over_words(&mut self, word: &str) {
        self.at += word.len();
        self.skip_blanks();
        if self.looks_at("((") {
            self.skip_arithmetic();
        }
        while !matches!(self.peek(), None | Some(b';' | b'\n' | b')' | b'&' | b'|')) {
            let before = self.at;
            self.word(None);
            self.skip_blanks();
            if self.at == before {
                self.advance();
            }
        }
        self.list(Until::Word("done"));
    }

    fn case(&mut self) {
        self.at += "case".len();
        self.skip_blanks();
        self.word(None);
        self.skip_separators(Until::End);
        if self.bare_word() == "in" {
            self.at += 2;
        }
        loop {
            self.skip_separators(Until::End);
            if self.at >= self.bytes.len() || self.peek() == Some(b'`') {
                return;
            }
            if self.bare_word() == "esac" {
                self.at += "esac".len();
                return;
            }
            let rest = &self.bytes[self.at + 1..];
            let pattern = memchr::memchr2(b')', b'\n', rest).map_or(rest.len(), |at| at + 1);
            self.at += 1 + pattern;
            self.list(Until::Case);
        }
    }

    fn skip_arithmetic(&mut self) {
        let mut open = 0usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' if open <= 1 => return,
                b')' => open -= 1,
                _ => {}
            }
        }
    }

    fn simple_command(&mut self) {
        let index = self.commands.len();
        let start = self.at;
        self.commands.push(Command { at: start..start, ..Command::default() });
        let mut end = start;
        let mut in_test = false;
        loop {
            self.skip_blanks();
            let Some(byte) = self.peek() else { break };
            match byte {
                b'\n' | b';' | b')' => break,
                b'&' if self.looks_at("&>") => self.redirect(index),
                b'&' | b'|' if !in_test => break,
                b'`' if self.in_backticks => break,
                b'#' => {
                    self.comment();
                    continue;
                }
                b'(' if self.commands[index].words.len() == 1 && !in_test => {
                    self.commands.truncate(index);
                    return self.function();
                }
                b'<' | b'>' if self.bytes.get(self.at + 1) != Some(&b'(') && !in_test => {
                    self.redirect(index);
                }
                b'&' | b'|' | b'(' | b'<' | b'>'
                    if self.bytes.get(self.at + 1) != Some(&b'(') || byte == b'(' =>
                {
                    self.advance();
                }
                _ if self.is_numbered_redirect() => self.redirect(index),
                _ => in_test = self.argument(index, in_test),
            }
            end = end.max(self.at);
        }
        let at = start..self.trimmed_end(start, end);
        self.commands[index].at = at;
    }

    /// Reads one word of a command; says whether the command is within `[[`.
    fn argument(&mut self, index: usize, in_test: bool) -> bool {
        let before = self.at;
        let word = self.word(Some(index));
        if self.at == before {
            self.advance();
            return in_test;
        }
        let command = &mut self.commands[index];
        let within = match word.text.as_str() {
            "[[" => command.words.is_empty() || in_test,
            "]]" => false,
            _ => in_test,
        };
        match assignment(&word, self.text) {
            Some(assignment) if command.words.is_empty() => command.assignments.push(assignment),
            _ => command.words.push(word),
        }
        within
    }

    fn trimmed_end(&self, start: usize, end: usize) -> usize {
        start + self.text.get(start..end).map_or(0, |text| text.trim_end().len())
    }

    /// `name ()`: what follows is the body, a command of its own.
    fn function(&mut self) {
        self.at += 1;
        self.skip_blanks();
        self.eat(")");
        self.skip_separators(Until::End);
    }

    /// `function name`, with or without `()`.
    fn named_function(&mut self) {
        self.at += "function".len();
        self.skip_blanks();
        self.word(None);
        self.skip_blanks();
        if self.eat("(") {
            self.eat(")");
        }
        self.skip_separators(Until::End);
    }

    fn is_numbered_redirect(&self) -> bool {
        let digits = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let after = self.at + digits;
        digits > 0
            && matches!(self.bytes.get(after), Some(b'<' | b'>'))
            && self.bytes.get(after + 1) != Some(&b'(')
    }

    fn redirect(&mut self, index: usize) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        let start = self.at;
        let length =
            OPERATORS.iter().find(|operator| self.looks_at(operator)).map_or(1, |o| o.len());
        self.at += length;
        let operator = self.text[start..self.at].to_owned();
        self.skip_blanks();
        let target = self.word(Some(index));
        if matches!(operator.as_str(), "<<" | "<<-") && !target.text.is_empty() {
            self.heredocs.push((target.text.clone(), operator == "<<-"));
        }
        self.commands[index].redirects.push(Redirect { operator, target });
    }

    /// Reads a word. Commands in its substitutions are noted as inside the command `owner`.
    fn word(&mut self, owner: Option<usize>) -> Word {
        let start = self.at;
        let mut word = Word { text: String::new(), at: start..start, literal: true };
        while let Some(byte) = self.peek() {
            match byte {
                b'<' | b'>' if self.at == start && self.bytes.get(self.at + 1) == Some(&b'(') => {
                    self.at += 1;
                    word.literal = false;
                    self.nested(owner, Inside::Process, start, &mut word);
                }
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' => {
                    break;
                }
                b'\'' => self.single_quoted(&mut word),
                b'"' => self.double_quoted(owner, &mut word),
                b'\\' => self.escaped(&mut word),
                b'`' if self.in_backticks => break,
                b'$' | b'`' => self.expansion(owner, &mut word),
                _ => self.plain(&mut word),
            }
        }
        word.at.end = self.at;
        word
    }

    /// Takes all bytes up to the next one that means something.
    fn plain(&mut self, word: &mut Word) {
        let start = self.at;
        let is_special = |byte: &u8| {
            byte.is_ascii_whitespace()
                || matches!(
                    byte,
                    b';' | b'&'
                        | b'|'
                        | b'('
                        | b')'
                        | b'<'
                        | b'>'
                        | b'\''
                        | b'"'
                        | b'\\'
                        | b'`'
                        | b'$'
                )
        };
        self.advance();
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(is_special).unwrap_or(rest.len());
        word.text.push_str(&self.text[start..self.at]);
    }

    fn escaped(&mut self, word: &mut Word) {
        self.at += 1;
        let start = self.at;
        if self.at < self.bytes.len() {
            self.advance();
        }
        if self.bytes.get(start) != Some(&b'\n') {
            word.text.push_str(&self.text[start..self.at]);
        }
    }

    fn single_quoted(&mut self, word: &mut Word) {
        let start = self.at + 1;
        let rest = &self.bytes[start..];
        let length = memchr::memchr(b'\'', rest).unwrap_or(rest.len());
        word.text.push_str(&self.text[start..start + length]);
        self.at = (start + length + 1).min(self.bytes.len());
    }

    fn double_quoted(&mut self, owner: Option<usize>, word: &mut Word) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\'
                    if matches!(
                        self.bytes.get(self.at + 1),
                        Some(b'"' | b'\\' | b'$' | b'`' | b'\n')
                    ) =>
                {
                    self.escaped(word);
                }
                b'`' if self.in_backticks => return,
                b'$' | b'`' => self.expansion(owner, word),
                _ => {
                    let start = self.at;
                    self.advance();
                    word.text.push_str(&self.text[start..self.at]);
                }
            }
        }
    }

    /// `$NAME`, `${...}`, `$(...)`, `$((...))`, `$'...'` and backticks.
    fn expansion(&mut self, owner: Option<usize>, word: &mut Word) {
        let start = self.at;
        let is_backtick = self.peek() == Some(b'`');
        self.at += 1;
        match self.peek() {
            _ if is_backtick => return self.backticks(owner, start, word),
            Some(b'\'') => return self.single_quoted(word),
            Some(b'"') => return,
            Some(b'(') if self.looks_at("((") => self.skip_arithmetic(),
            Some(b'(') => return self.nested(owner, Inside::Substitution, start, word),
            Some(b'{') => self.skip_braces(),
            Some(byte) if byte.is_ascii_alphanumeric() || byte == b'_' => {
                while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                    self.at += 1;
                }
            }
            Some(b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-') => self.at += 1,
            _ => return word.text.push('$'),
        }
        word.literal = false;
        word.text.push_str(&self.text[start..self.at]);
    }

    fn skip_braces(&mut self) {
        let mut open = 0usize;
        while let Some(byte) = self.peek() {
            self.advance();
            match byte {
                b'\\' if self.at < self.bytes.len() => self.advance(),
                b'{' => open += 1,
                b'}' if open <= 1 => return,
                b'}' => open -= 1,
                _ => {}
            }
        }
    }

    fn backticks(&mut self, owner: Option<usize>, start: usize, word: &mut Word) {
        self.in_backticks = true;
        self.inner(owner, Inside::Substitution, Until::Backtick);
        self.in_backticks = false;
        word.literal = false;
        word.text.push_str(&self.text[start..self.at]);
    }

    /// Reads the list within parentheses at this place.
    fn nested(&mut self, owner: Option<usize>, inside: Inside, start: usize, word: &mut Word) {
        self.at += 1;
        let in_backticks = std::mem::take(&mut self.in_backticks);
        self.inner(owner, inside, Until::Parenthesis);
        self.in_backticks = in_backticks;
        word.literal = false;
        word.text.push_str(&self.text[start..self.at]);
    }

    fn inner(&mut self, owner: Option<usize>, inside: Inside, until: Until) {
        if self.depth >= DEEPEST {
            return;
        }
        self.depth += 1;
        let first = self.commands.len();
        self.list(until);
        self.depth -= 1;
        let Some(owner) = owner else { return };
        for command in &mut self.commands[first..] {
            command.inside.get_or_insert((owner, inside));
        }
    }
}

/// A word of the form `NAME=value`, whose name is not quoted.
fn assignment(word: &Word, text: &str) -> Option<(String, Word)> {
    let raw = text.get(word.at.clone())?;
    let (name, _) = raw.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return None;
    }
    let (_, value) = word.text.split_once('=')?;
    let start = word.at.start + raw.find('=')? + 1;
    let at: Range<usize> = start..word.at.end;
    Some((name.to_owned(), Word { text: value.to_owned(), at, literal: word.literal }))
}
