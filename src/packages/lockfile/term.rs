//! Literal terms of Erlang and Elixir, as far as lockfiles are made of them, with their places.

use std::ops::Range;

use super::Fault;

/// Terms within each other.
const DEEPEST: usize = 64;

/// A term.
#[derive(Debug)]
pub(super) struct Term<'a> {
    pub(super) kind: Kind,
    /// What stands between the quotation marks of a text, nothing of it decoded; an atom's or number's letters.
    pub(super) text: &'a str,
    /// Bytes of the whole term.
    pub(super) at: Range<usize>,
    /// The elements. Those of a map or of a keyword list are keys and values in turn.
    pub(super) items: Vec<Term<'a>>,
}

/// What a term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `%{…}`.
    Map,
    /// `{…}`.
    Tuple,
    /// `[…]`.
    List,
    /// `"…"` and `<<"…">>`.
    Text,
    /// `:name`, `name`, `'name'`, and numbers.
    Atom,
    /// A text or an atom with `:` or `=>` after it.
    Key,
}

impl<'a> Term<'a> {
    /// The element at an index, if it is a text.
    pub(super) fn text_at(&self, index: usize) -> Option<&'a str> {
        let item = self.items.get(index)?;
        (item.kind == Kind::Text).then_some(item.text)
    }

    /// The element at an index, if it is an atom.
    pub(super) fn atom_at(&self, index: usize) -> Option<&'a str> {
        let item = self.items.get(index)?;
        (item.kind == Kind::Atom).then_some(item.text)
    }

    /// The keys and their values.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&Self, &Self)> {
        let pairs = self.items.iter().zip(self.items.iter().skip(1));
        pairs.filter(|(key, value)| key.kind == Kind::Key && value.kind != Kind::Key)
    }
}

/// Reads all terms of a text; in Erlang a dot ends each.
pub(super) fn read(text: &str) -> Result<Vec<Term<'_>>, Fault> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let mut terms = Vec::new();
    reader.skip_blanks();
    while let Some(first) = reader.peek() {
        if first == '.' || first == '\u{feff}' {
            reader.at += first.len_utf8();
        } else {
            terms.push(reader.term()?);
        }
        reader.skip_blanks();
    }
    Ok(terms)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn fault<T>(&self, reason: &str) -> Result<T, Fault> {
        Err(Fault::new(self.at, reason))
    }

    /// Passes over blanks and comments.
    fn skip_blanks(&mut self) {
        loop {
            self.at = self.text.len() - self.rest().trim_start().len();
            let rest = self.rest();
            if !rest.starts_with('#') && (!rest.starts_with('%') || rest.starts_with("%{")) {
                return;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }

    fn term(&mut self) -> Result<Term<'a>, Fault> {
        let start = self.at;
        let (kind, text, items) = match self.peek() {
            Some('%') => (Kind::Map, "", self.items("%{", '}')?),
            Some('{') => (Kind::Tuple, "", self.items("{", '}')?),
            Some('[') => (Kind::List, "", self.items("[", ']')?),
            Some('"') => (Kind::Text, self.quoted('"')?, Vec::new()),
            Some('<') => (Kind::Text, self.binary()?, Vec::new()),
            _ => (Kind::Atom, self.atom()?, Vec::new()),
        };
        Ok(Term { kind, text, at: start..self.at, items })
    }

    fn items(&mut self, open: &str, close: char) -> Result<Vec<Term<'a>>, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.fault("too many terms inside each other");
        }
        let start = self.at;
        self.at += open.len();
        let mut items = Vec::new();
        let mut needs_comma = false;
        loop {
            self.skip_blanks();
            match self.peek() {
                Some(letter) if letter == close => break,
                Some(',') if needs_comma => {
                    self.at += 1;
                    needs_comma = false;
                }
                Some(_) if needs_comma => return self.fault("a comma is missing"),
                Some(_) => {
                    let mut term = self.term()?;
                    needs_comma = !self.is_key(&term);
                    if !needs_comma {
                        term.kind = Kind::Key;
                    }
                    items.push(term);
                }
                None => return Err(Fault::new(start, "a bracket that is not closed")),
            }
        }
        self.at += close.len_utf8();
        self.depth -= 1;
        Ok(items)
    }

    /// Whether a term is a key; passes over the sign that makes it one.
    fn is_key(&mut self, term: &Term<'_>) -> bool {
        if !matches!(term.kind, Kind::Text | Kind::Atom) {
            return false;
        }
        let before = self.at;
        if self.rest().starts_with(':') {
            self.at += 1;
            return true;
        }
        self.skip_blanks();
        if self.rest().starts_with("=>") {
            self.at += 2;
            return true;
        }
        self.at = before;
        false
    }

    fn quoted(&mut self, mark: char) -> Result<&'a str, Fault> {
        let inside = &self.rest()[1..];
        let mut is_escaped = false;
        let end = inside.find(|letter: char| {
            let ends = letter == mark && !is_escaped;
            is_escaped = letter == '\\' && !is_escaped;
            ends
        });
        let Some(end) = end else { return self.fault("a text that does not end") };
        self.at += end + 2;
        Ok(&inside[..end])
    }

    /// `<<"text">>`, `<<"text"/utf8>>` or `<<>>`.
    fn binary(&mut self) -> Result<&'a str, Fault> {
        if !self.rest().starts_with("<<") {
            return self.fault("not a term");
        }
        self.at += 2;
        let text = if self.peek() == Some('"') { self.quoted('"')? } else { "" };
        let rest = self.rest();
        let rest = rest.strip_prefix("/utf8").unwrap_or(rest);
        let Some(rest) = rest.strip_prefix(">>") else { return self.fault("not a binary text") };
        self.at = self.text.len() - rest.len();
        Ok(text)
    }

    fn atom(&mut self) -> Result<&'a str, Fault> {
        if self.peek() == Some(':') {
            self.at += 1;
        }
        if let Some(mark @ ('"' | '\'')) = self.peek() {
            return self.quoted(mark);
        }
        let rest = self.rest();
        let is_part = |(at, letter): (usize, char)| {
            letter.is_alphanumeric()
                || matches!(letter, '_' | '@' | '?' | '!' | '-')
                || (letter == '.'
                    && rest[at + 1..].starts_with(|next: char| next.is_alphanumeric()))
        };
        let end = rest.char_indices().find(|part| !is_part(*part)).map_or(rest.len(), |(at, _)| at);
        if end == 0 {
            return self.fault("not a term");
        }
        self.at += end;
        Ok(&rest[..end])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(term: &Term<'_>) -> String {
        let items: Vec<String> = term.items.iter().map(shown).collect();
        let items = if items.is_empty() { String::new() } else { format!("({})", items.join(" ")) };
        format!("{:?}:{}{items}", term.kind, term.text)
    }

    #[test]
    fn terms_of_elixir_are_read() {
        let text =
            "# x\n%{\"a\": {:hex, :\"b-c\", \"1\\\"0\", [:mix], [x: true, y: nil]}, \"d\" => {},}";
        assert_eq!(
            shown(&read(text).unwrap()[0]),
            "Map:(Key:a Tuple:(Atom:hex Atom:b-c Text:1\\\"0 List:(Atom:mix) \
             List:(Key:x Atom:true Key:y Atom:nil)) Key:d Tuple:)"
        );
    }

    #[test]
    fn terms_of_erlang_are_read() {
        let terms = read("% x\n{\"1.2.0\",[{<<\"a\">>,{pkg,<<\"b\"/utf8>>},-1}]}.\n[].\n").unwrap();
        let shown: Vec<_> = terms.iter().map(shown).collect();
        assert_eq!(
            shown,
            ["Tuple:(Text:1.2.0 List:(Tuple:(Text:a Tuple:(Atom:pkg Text:b) Atom:-1)))", "List:"]
        );
    }

    #[test]
    fn faults_are_named_with_their_byte() {
        let at = |text: &str| read(text).unwrap_err().at;
        assert_eq!(at("%{\"a\": [1 2]}"), 10);
        assert_eq!(at("%{\"a\": [1, 2}"), 12);
        assert_eq!(at("[{1}, \"a"), 6);
        assert_eq!(at("[1, 2"), 0);
        assert_eq!(at("<<<<<<< HEAD"), 2);
        assert!(read(&"[".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[%{}\\[\\]\"'<>:=,.#aé1\n\\\\ -]{0,40}") {
            for term in read(&text).unwrap_or_default() {
                prop_assert!(text.get(term.at).is_some());
            }
        }
    }
}
