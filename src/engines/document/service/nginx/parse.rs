//! nginx's grammar, as `ngx_conf_read_token` of its source and the documentation have it.
//!
//! A word begins with a quote or not; a backslash keeps the next byte from ending it; `${name}` is no block.

use std::ops::Range;

use super::{super::Word, Unreadable, lua};

/// Deeper blocks are refused; real ones have five levels.
const DEEPEST: usize = 64;

/// A directive: `name argument ...;` or `name argument ... { ... }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) name: Word,
    pub(super) arguments: Vec<Word>,
    /// What stands in its braces. Lua code is left out.
    pub(super) block: Option<Vec<Self>>,
    /// From the name to the `;` or the brace that ends it.
    pub(super) at: Range<usize>,
    /// From the name to its last argument.
    pub(super) head: Range<usize>,
}

impl Directive {
    /// Whether it is called so.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.text == name
    }

    /// The text of an argument.
    pub(super) fn argument(&self, index: usize) -> Option<&str> {
        self.arguments.get(index).map(|word| word.text.as_str())
    }

    /// What stands in its braces.
    pub(super) fn children(&self) -> &[Self] {
        self.block.as_deref().unwrap_or_default()
    }
}

/// Reads all directives of a text.
pub(super) fn parse(text: &str) -> Result<Vec<Directive>, Unreadable> {
    let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    Parser { text, at, words: Vec::new(), open: Vec::new(), here: Vec::new() }.run()
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    /// Of the directive that is being read.
    words: Vec<Word>,
    /// Blocks that are open, each with the directives before it.
    open: Vec<(Directive, Vec<Directive>)>,
    here: Vec<Directive>,
}

impl Parser<'_> {
    fn run(mut self) -> Result<Vec<Directive>, Unreadable> {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'#' => self.skip_comment(),
                b';' => self.end_directive()?,
                b'{' => self.open_block()?,
                b'}' => self.close_block()?,
                _ => {
                    let word = self.word()?;
                    self.words.push(word);
                }
            }
        }
        if let Some(word) = self.words.first() {
            let message = format!("`{}` is not ended by `;`", shown(&word.text));
            return Err(Unreadable::new(message, word.at.clone()));
        }
        if let Some((directive, _)) = self.open.pop() {
            let message = format!("the block of `{}` is not closed", shown(&directive.name.text));
            return Err(Unreadable::new(message, directive.name.at));
        }
        Ok(self.here)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_comment(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.find('\n').unwrap_or(rest.len());
    }

    fn unexpected(&self, what: char) -> Unreadable {
        Unreadable::new(format!("unexpected `{what}`"), self.at..self.at + 1)
    }

    /// The directive of the words so far.
    fn take(&mut self) -> Option<Directive> {
        let mut words = std::mem::take(&mut self.words).into_iter();
        let name = words.next()?;
        let arguments: Vec<Word> = words.collect();
        let last = arguments.last().map_or(name.at.end, |word| word.at.end);
        let head = name.at.start..last;
        Some(Directive { at: head.clone(), head, name, arguments, block: None })
    }

    fn end_directive(&mut self) -> Result<(), Unreadable> {
        let Some(mut directive) = self.take() else { return Err(self.unexpected(';')) };
        self.at += 1;
        directive.at.end = self.at;
        self.here.push(directive);
        Ok(())
    }

    fn open_block(&mut self) -> Result<(), Unreadable> {
        let Some(mut directive) = self.take() else { return Err(self.unexpected('{')) };
        if directive.name.text.ends_with("_by_lua_block") {
            let Some(end) = lua::end_of_block(self.text, self.at + 1) else {
                let message =
                    format!("the code of `{}` is not closed", shown(&directive.name.text));
                return Err(Unreadable::new(message, directive.name.at));
            };
            self.at = end;
            directive.at.end = end;
            directive.block = Some(Vec::new());
            self.here.push(directive);
            return Ok(());
        }
        if self.open.len() >= DEEPEST {
            return Err(Unreadable::new("blocks are nested too deep", self.at..self.at + 1));
        }
        self.at += 1;
        self.open.push((directive, std::mem::take(&mut self.here)));
        Ok(())
    }

    fn close_block(&mut self) -> Result<(), Unreadable> {
        if let Some(word) = self.words.first() {
            let message = format!("`{}` is not ended by `;`", shown(&word.text));
            return Err(Unreadable::new(message, word.at.clone()));
        }
        let Some((mut directive, before)) = self.open.pop() else {
            return Err(self.unexpected('}'));
        };
        self.at += 1;
        directive.at.end = self.at;
        directive.block = Some(std::mem::replace(&mut self.here, before));
        self.here.push(directive);
        Ok(())
    }

    fn word(&mut self) -> Result<Word, Unreadable> {
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => self.quoted(quote),
            _ => Ok(self.bare()),
        }
    }

    fn quoted(&mut self, quote: u8) -> Result<Word, Unreadable> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                None => {
                    return Err(Unreadable::new("a quote is not closed", start..start + 1));
                }
                Some(b'\\') => end += 2,
                Some(byte) if *byte == quote => break,
                Some(_) => end += 1,
            }
        }
        self.at = end + 1;
        match self.peek() {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' | b')') => {}
            Some(_) => {
                let follows = self.text[self.at..].chars().next().unwrap_or_default();
                let at = self.at..self.at + follows.len_utf8();
                return Err(Unreadable::new(format!("unexpected `{follows}` after a quote"), at));
            }
        }
        let text = unescape(&self.text[start + 1..end]);
        Ok(Word { text, at: start..self.at, is_bare: false })
    }

    fn bare(&mut self) -> Word {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start;
        while let Some(byte) = bytes.get(end) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' => break,
                b'\\' => end += 2,
                b'$' if bytes.get(end + 1) == Some(&b'{') => end += 2,
                _ => end += 1,
            }
        }
        // A backslash takes one byte with it, which may be the first of a character.
        end = end.min(bytes.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        self.at = end;
        let raw = &self.text[start..end];
        Word { text: unescape(raw), at: start..end, is_bare: !raw.contains('\\') }
    }
}

/// Names and values in messages are cut.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// `\"`, `\'`, `\\` and `\t`, `\r`, `\n`; other backslashes stay, for regular expressions.
fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some(same @ ('"' | '\'' | '\\')) => plain.push(same),
            Some('t') => plain.push('\t'),
            Some('r') => plain.push('\r'),
            Some('n') => plain.push('\n'),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    plain
}
