//! JSON, read in one pass without a tree: the caller takes what it wants of each object, and the rest is checked
//! and passed over.
//!
//! Every text comes with its bytes, and every fault with its own. Depth is limited; time and memory are
//! proportional to the text.

use std::{borrow::Cow, ops::Range};

use super::Fault;

/// Objects and lists within each other.
const DEEPEST: usize = 200;
const MARK: &str = "\u{feff}";

/// What is allowed beside plain JSON (RFC 8259).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Nothing but a byte order mark.
    Plain,
    /// Comments, and a comma after the last element.
    Commented,
}

/// What a value is, by its first character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `{…}`.
    Object,
    /// `[…]`.
    List,
    /// `"…"`.
    Text,
    /// A number, `true`, `false` or `null`; or nothing that JSON knows.
    Literal,
}

/// A decoded string, or a literal as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text<'a> {
    /// Its characters. A lone surrogate is replaced by U+FFFD.
    pub(crate) text: Cow<'a, str>,
    /// Its bytes, without quotation marks.
    pub(crate) at: Range<usize>,
}

impl Text<'_> {
    /// A part of it. Where it is not written as it reads, the place is that of the whole.
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        match &self.text {
            Cow::Borrowed(text) => {
                let at = self.at.start + range.start..self.at.start + range.end;
                Self { text: Cow::Borrowed(&text[range]), at }
            }
            Cow::Owned(text) => {
                Self { text: Cow::Owned(text[range].to_owned()), at: self.at.clone() }
            }
        }
    }
}

/// A place in a JSON text.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    dialect: Dialect,
}

impl<'a> Reader<'a> {
    /// Reads a text whose only value is an object: calls `entry` for each of its keys, as [`Reader::entries`] does.
    pub(crate) fn read(
        text: &'a str,
        dialect: Dialect,
        entry: impl FnMut(&mut Self, Text<'a>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let at = if text.starts_with(MARK) { MARK.len() } else { 0 };
        let mut reader = Reader { text, at, depth: 0, dialect };
        reader.pass_blanks()?;
        reader.entries(entry)?;
        reader.pass_blanks()?;
        if reader.at < text.len() { Err(reader.fault("more than one value")) } else { Ok(()) }
    }

    /// Reads a string that stands at a byte of another format. Returns the byte after it as well.
    pub(crate) fn text_at(text: &'a str, at: usize) -> Result<(Text<'a>, usize), Fault> {
        let mut reader = Reader { text, at, depth: 0, dialect: Dialect::Plain };
        Ok((reader.text()?, reader.at))
    }

    /// The byte at which the next value begins.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// What the next value is.
    pub(crate) fn kind(&self) -> Kind {
        match self.next() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::List,
            Some(b'"') => Kind::Text,
            _ => Kind::Literal,
        }
    }

    /// Reads an object: calls `entry` for each key with the reader at its value. A value that `entry` does not
    /// take is passed over. Returns the object's bytes.
    pub(crate) fn entries(
        &mut self,
        mut entry: impl FnMut(&mut Self, Text<'a>) -> Result<(), Fault>,
    ) -> Result<Range<usize>, Fault> {
        self.items(b'{', b'}', "an object was expected here", |reader| {
            let key = reader.text()?;
            reader.pass_blanks()?;
            if reader.next() != Some(b':') {
                return Err(reader.fault("a `:` was expected here"));
            }
            reader.at += 1;
            reader.pass_blanks()?;
            let before = reader.at;
            entry(reader, key)?;
            if reader.at == before { reader.pass().map(drop) } else { Ok(()) }
        })
    }

    /// Reads a list: calls `element` with the reader at each value; one that it does not take is passed over.
    /// Returns the list's bytes.
    pub(crate) fn elements(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<Range<usize>, Fault> {
        self.items(b'[', b']', "a list was expected here", |reader| {
            let before = reader.at;
            element(reader)?;
            if reader.at == before { reader.pass().map(drop) } else { Ok(()) }
        })
    }

    /// Reads a string.
    pub(crate) fn text(&mut self) -> Result<Text<'a>, Fault> {
        if self.next() != Some(b'"') {
            return Err(self.fault("a string was expected here"));
        }
        self.at += 1;
        let start = self.at;
        let mut decoded = String::new();
        let mut copied = start;
        loop {
            match self.next() {
                Some(b'"') => break,
                Some(b'\\') => {
                    decoded.push_str(&self.text[copied..self.at]);
                    self.escape(&mut decoded)?;
                    copied = self.at;
                }
                Some(0..=0x1f) => return Err(self.fault("a control character in a string")),
                Some(_) => self.at += 1,
                None => return Err(Fault::new(start - 1, "a string without its end")),
            }
        }
        let at = start..self.at;
        self.at += 1;
        let last = &self.text[copied..at.end];
        let text = if copied == start { Cow::Borrowed(last) } else { Cow::Owned(decoded + last) };
        Ok(Text { text, at })
    }

    /// Reads a string; another value is passed over.
    pub(crate) fn text_or_pass(&mut self) -> Result<Option<Text<'a>>, Fault> {
        if self.kind() == Kind::Text { self.text().map(Some) } else { self.pass().map(|_| None) }
    }

    /// Reads a number, `true`, `false` or `null`, as it is written.
    pub(crate) fn literal(&mut self) -> Result<Text<'a>, Fault> {
        let rest = &self.text[self.at..];
        let length = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(byte))
            .count();
        let literal = &rest[..length];
        if !matches!(literal, "true" | "false" | "null") && !is_number(literal) {
            return Err(self.fault("a value was expected here"));
        }
        let at = self.at..self.at + length;
        self.at = at.end;
        Ok(Text { text: Cow::Borrowed(literal), at })
    }

    /// Whether the value is `true`; another one is passed over.
    pub(crate) fn is_true(&mut self) -> Result<bool, Fault> {
        let at = self.pass()?;
        Ok(&self.text[at] == "true")
    }

    /// Checks a value and passes over it. Returns its bytes.
    pub(crate) fn pass(&mut self) -> Result<Range<usize>, Fault> {
        let start = self.at;
        match self.kind() {
            Kind::Object => return self.entries(|_, _| Ok(())),
            Kind::List => return self.elements(|_| Ok(())),
            Kind::Text => drop(self.text()?),
            Kind::Literal => drop(self.literal()?),
        }
        Ok(start..self.at)
    }

    /// What stands between two brackets, with its commas.
    fn items(
        &mut self,
        open: u8,
        close: u8,
        expected: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<Range<usize>, Fault> {
        let start = self.at;
        if self.next() != Some(open) {
            return Err(self.fault(expected));
        }
        if self.depth == DEEPEST {
            return Err(self.fault("too many objects and lists within each other"));
        }
        self.depth += 1;
        self.at += 1;
        self.pass_blanks()?;
        while self.next() != Some(close) {
            item(self)?;
            self.pass_blanks()?;
            match self.next() {
                Some(b',') => self.at += 1,
                Some(next) if next == close => break,
                _ => return Err(self.fault("a comma or a closing bracket was expected here")),
            }
            self.pass_blanks()?;
            if self.dialect == Dialect::Plain && self.next() == Some(close) {
                return Err(self.fault("a comma before a closing bracket"));
            }
        }
        self.depth -= 1;
        self.at += 1;
        Ok(start..self.at)
    }

    fn escape(&mut self, to: &mut String) -> Result<(), Fault> {
        let decoded = match self.text.as_bytes().get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(to),
            _ => return Err(self.fault("an escape that JSON does not know")),
        };
        to.push(decoded);
        self.at += 2;
        Ok(())
    }

    fn unicode_escape(&mut self, to: &mut String) -> Result<(), Fault> {
        let high = self.unit().ok_or_else(|| self.fault("an escape of other than four digits"))?;
        self.at += 6;
        let decoded = char::from_u32(high.into()).or_else(|| {
            let low = self.unit()?;
            let decoded = char::decode_utf16([high, low]).next()?.ok()?;
            self.at += 6;
            Some(decoded)
        });
        to.push(decoded.unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(())
    }

    /// The UTF-16 unit of a `\uXXXX` that stands here.
    fn unit(&self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 6)?.strip_prefix("\\u")?;
        let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| is_hexadecimal)
    }

    fn pass_blanks(&mut self) -> Result<(), Fault> {
        loop {
            match self.next() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                Some(b'/') if self.dialect == Dialect::Commented => self.pass_comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn pass_comment(&mut self) -> Result<(), Fault> {
        let rest = &self.text[self.at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(body) = rest.strip_prefix("/*") {
            let end = body.find("*/").ok_or_else(|| self.fault("a comment without its end"))?;
            end + 4
        } else {
            return Err(self.fault("a lone `/`"));
        };
        self.at += length;
        Ok(())
    }

    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn fault(&self, reason: &'static str) -> Fault {
        Fault::new(self.at, reason)
    }
}

/// Whether the text is a number by JSON's grammar.
fn is_number(text: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) =
        text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) =
        mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    is_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent
            .is_none_or(|digits| is_digits(digits.strip_prefix(['+', '-']).unwrap_or(digits)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All keys and strings of a text with the characters at their places.
    fn strings(text: &str, dialect: Dialect) -> Result<Vec<(String, String)>, Fault> {
        fn walk(reader: &mut Reader<'_>, found: &mut Vec<Text<'static>>) -> Result<(), Fault> {
            let mut keep = |text: Text<'_>| {
                found.push(Text { text: text.text.into_owned().into(), at: text.at });
            };
            match reader.kind() {
                Kind::Text => keep(reader.text()?),
                Kind::Literal => keep(reader.literal()?),
                Kind::List => {
                    reader.elements(|reader| walk(reader, found))?;
                }
                Kind::Object => {
                    reader.entries(|reader, key| {
                        found.push(Text { text: key.text.into_owned().into(), at: key.at });
                        walk(reader, found)
                    })?;
                }
            }
            Ok(())
        }
        let mut found = Vec::new();
        Reader::read(text, dialect, |reader, key| {
            found.push(Text { text: key.text.into_owned().into(), at: key.at });
            walk(reader, &mut found)
        })?;
        Ok(found.into_iter().map(|t| (t.text.into_owned(), text[t.at].to_owned())).collect())
    }

    fn fault(text: &str) -> usize {
        strings(text, Dialect::Plain).unwrap_err().at
    }

    #[test]
    fn texts_are_decoded_and_keep_their_places() {
        let text =
            "\u{feff}{ \"a\\u00e9\\n\" : [\"\\ud83d\\ude00\", \"\\ud83d!\", -1.5e+3, null] }\n";
        let read = strings(text, Dialect::Plain).unwrap();
        let decoded: Vec<_> = read.iter().map(|(decoded, _)| decoded.as_str()).collect();
        assert_eq!(decoded, ["aé\n", "😀", "\u{fffd}!", "-1.5e+3", "null"]);
        assert_eq!(read[1].1, "\\ud83d\\ude00");
    }

    #[test]
    fn comments_and_last_commas_are_read_where_they_are_allowed() {
        let text = "// a\n{ /* b */ \"c\": [1, 2,], // d\n}\n// e";
        assert_eq!(strings(text, Dialect::Commented).unwrap().len(), 3);
        assert_eq!(fault(text), 0);
        assert_eq!(fault("{\"a\": 1,}"), 8);
    }

    #[test]
    fn a_value_that_is_not_taken_is_passed_over_and_checked() {
        let pass = |text| Reader::read(text, Dialect::Plain, |_, _| Ok(()));
        assert_eq!(pass("{\"a\": {\"b\": [1, {}, [true]]}, \"c\": \"\"}"), Ok(()));
        assert_eq!(pass("{\"a\": {\"b\": [1, {]}}").unwrap_err().at, 17);
    }

    #[test]
    fn faults_have_their_byte() {
        for (text, at) in [
            ("", 0),
            ("[]", 0),
            ("{} {}", 3),
            ("{\"a\" 1}", 5),
            ("{\"a\": 1 \"b\": 2}", 8),
            ("{\"a\": nul}", 6),
            ("{\"a\": 01}", 6),
            ("{\"a\": 1.}", 6),
            ("{\"a\": \"b", 6),
            ("{\"a\": \"\n\"}", 7),
            ("{\"a\": \"\\x\"}", 7),
            ("{\"a\": \"\\u12\"}", 7),
            ("{\"a\": [}", 7),
            ("{\"a\": 1", 7),
            ("{a: 1}", 1),
            ("{\n<<<<<<< HEAD\n", 2),
        ] {
            assert_eq!(fault(text), at, "{text}");
        }
    }

    #[test]
    fn a_deep_text_is_refused() {
        let text = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(fault(&text), 6 + DEEPEST - 1);
    }

    proptest! {
        #[test]
        fn texts_are_read_as_another_reader_reads_them(text in "\\{\"a\":[\\[\\]{}\",:a0-1 \n/*é\\\\utrue.e-]{0,30}\\}") {
            let own = strings(&text, Dialect::Plain).is_ok();
            let others = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            // The other one refuses numbers that no machine holds, and lone surrogates.
            prop_assert!(own || !others, "{text}");
        }

        #[test]
        fn no_text_panics(text in "(\\{\"a\":)?[\\[\\]{}\",:a0-1 \n/*é\\\\u]{0,60}") {
            for dialect in [Dialect::Plain, Dialect::Commented] {
                if let Err(fault) = strings(&text, dialect) {
                    prop_assert!(fault.at <= text.len());
                }
            }
        }
    }
}
