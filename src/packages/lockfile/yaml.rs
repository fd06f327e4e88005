//! YAML, read in one pass without a tree, as [`super::json`] reads JSON: the caller takes what it wants of each
//! map, and the rest is checked and passed over.
//!
//! Aliases are refused: no package manager writes them. Depth is limited by the parser.

use std::{borrow::Cow, ops::Range};

use granit_parser::{Event, Parser, ScalarStyle, ScanError, StrInput};

use super::{Fault, json::Text};

/// Maps and lists within each other.
const DEEPEST: usize = 100;

/// A place in a YAML text.
pub(crate) struct Reader<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    /// The event that comes next, and its bytes.
    next: (Event<'a>, Range<usize>),
    /// How many events were taken.
    taken: usize,
    /// Where the last value that was taken ends. The end of a map is only noticed at what follows it.
    end: usize,
}

impl<'a> Reader<'a> {
    /// Reads a text: calls `document` for each of its documents with the reader at its value.
    pub(crate) fn read(
        text: &'a str,
        mut document: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let options = granit_parser::options! {
            emit_comments: false,
            flow_nesting_limit: DEEPEST,
            block_nesting_limit: DEEPEST,
            simple_key_max_lookahead: 4096,
        };
        let parser = Parser::new_from_str_with_options(text, options);
        let mut reader =
            Reader { text, parser, next: (Event::StreamStart, 0..0), taken: 0, end: 0 };
        loop {
            match reader.take()?.0 {
                Event::DocumentStart(..) => reader.value(|reader| document(reader))?,
                Event::StreamEnd => return Ok(()),
                _ => {}
            }
        }
    }

    /// The byte at which the next value begins.
    pub(crate) const fn at(&self) -> usize {
        self.next.1.start
    }

    /// Whether the next value is a map.
    pub(crate) const fn is_map(&self) -> bool {
        matches!(self.next.0, Event::MappingStart(..))
    }

    /// Reads a map: calls `entry` for each key with the reader at its value. A value that `entry` does not take is
    /// passed over. Returns the map's bytes.
    pub(crate) fn entries(
        &mut self,
        mut entry: impl FnMut(&mut Self, Text<'a>) -> Result<(), Fault>,
    ) -> Result<Range<usize>, Fault> {
        let start = self.at();
        if !self.is_map() {
            return Err(Fault::new(start, "a map was expected here"));
        }
        self.take()?;
        while !matches!(self.next.0, Event::MappingEnd) {
            let key = self.text()?;
            self.value(|reader| entry(reader, key))?;
        }
        self.take()?;
        // Of a map of nothing but an empty key, nothing is seen after what stands before it.
        Ok(start..self.end.max(start))
    }

    /// Reads a scalar, of whichever type.
    pub(crate) fn text(&mut self) -> Result<Text<'a>, Fault> {
        let (event, at) = self.take()?;
        let Event::Scalar(decoded, style, ..) = event else {
            return Err(Fault::new(at.start, "a text was expected here"));
        };
        let written = &self.text[at.clone()];
        let at = match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted if written.len() >= 2 => {
                at.start + 1..at.end - 1
            }
            _ => at.start..at.start + written.trim_end().len(),
        };
        let written = &self.text[at.clone()];
        let text = if written == decoded { Cow::Borrowed(written) } else { decoded };
        Ok(Text { text, at })
    }

    /// Reads a scalar; another value is passed over.
    pub(crate) fn text_or_pass(&mut self) -> Result<Option<Text<'a>>, Fault> {
        if matches!(self.next.0, Event::Scalar(..)) {
            return self.text().map(Some);
        }
        self.pass().map(|()| None)
    }

    /// Checks a value and passes over it.
    pub(crate) fn pass(&mut self) -> Result<(), Fault> {
        let mut depth = 0_usize;
        loop {
            match self.take()?.0 {
                Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
                Event::MappingEnd | Event::SequenceEnd => depth = depth.saturating_sub(1),
                Event::StreamEnd => return Ok(()),
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Has a value read, or passes over it.
    fn value(&mut self, read: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        let before = self.taken;
        read(self)?;
        if self.taken == before { self.pass() } else { Ok(()) }
    }

    /// The next event and its bytes.
    fn take(&mut self) -> Result<(Event<'a>, Range<usize>), Fault> {
        let next = match self.parser.next_event() {
            None => (Event::StreamEnd, self.text.len()..self.text.len()),
            Some(Err(error)) => return Err(self.broken(&error)),
            Some(Ok((Event::Alias(_), span))) => {
                let at = span.byte_range().unwrap_or_default().start;
                return Err(Fault::new(at, "an alias, which no lockfile has"));
            }
            Some(Ok((event, span))) => {
                let at = span.byte_range().unwrap_or_default();
                let end = at.end.min(self.text.len());
                (event, at.start.min(end)..end)
            }
        };
        let taken = std::mem::replace(&mut self.next, next);
        self.taken += 1;
        let shown = self.text[taken.1.clone()].trim_end().len();
        if shown > 0 {
            self.end = self.end.max(taken.1.start + shown);
        }
        Ok(taken)
    }

    fn broken(&self, error: &ScanError) -> Fault {
        let at = error.marker().byte_offset().unwrap_or_default();
        Fault::new(at.min(self.text.len()), error.info())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The keys and texts of all maps of a text, each with the characters at its place.
    fn texts(text: &str) -> Result<Vec<(String, String)>, Fault> {
        fn walk<'a>(reader: &mut Reader<'a>, found: &mut Vec<Text<'a>>) -> Result<(), Fault> {
            if reader.is_map() {
                return reader
                    .entries(|reader, key| {
                        found.push(key);
                        walk(reader, found)
                    })
                    .map(drop);
            }
            found.extend(reader.text_or_pass()?);
            Ok(())
        }
        let mut found = Vec::new();
        Reader::read(text, |reader| walk(reader, &mut found))?;
        Ok(found.into_iter().map(|t| (t.text.into_owned(), text[t.at].to_owned())).collect())
    }

    #[test]
    fn texts_have_their_places() {
        let text =
            "\u{feff}# é\n'a''b': \"\\u0063\"\nd:   e f  # g\nh: {i: 'j', k: [l]}\n---\nm: 1.0\n";
        let read = texts(text).unwrap();
        let decoded: Vec<_> = read.iter().map(|(decoded, _)| decoded.as_str()).collect();
        assert_eq!(decoded, ["a'b", "c", "d", "e f", "h", "i", "j", "k", "m", "1.0"]);
        let written: Vec<_> = read.iter().map(|(_, written)| written.as_str()).collect();
        assert_eq!(written, ["a''b", "\\u0063", "d", "e f", "h", "i", "j", "k", "m", "1.0"]);
    }

    #[test]
    fn a_map_ends_with_its_last_value() {
        let text = "a:\n  b: 1\n  c: {d: 2}  # e\n\n\nf:\n";
        let mut ends = Vec::new();
        Reader::read(text, |reader| {
            let whole = reader.entries(|reader, _| {
                if reader.is_map() {
                    ends.push(reader.entries(|_, _| Ok(()))?);
                }
                Ok(())
            })?;
            ends.push(whole);
            Ok(())
        })
        .unwrap();
        let shown: Vec<_> = ends.into_iter().map(|at| &text[at]).collect();
        assert_eq!(shown, ["b: 1\n  c: {d: 2}", "a:\n  b: 1\n  c: {d: 2}  # e\n\n\nf"]);
    }

    #[test]
    fn aliases_and_what_is_broken_have_their_byte() {
        assert_eq!(texts("a: &x 1\nb: *x\n").unwrap_err().at, 11);
        assert_eq!(texts("a: 1\n<<<<<<< HEAD\nb: 1\n").unwrap_err().at / 5, 1);
        assert_eq!(texts("a: 1\n[b]: 1\n").unwrap_err().at, 5);
        assert!(texts(&"[".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{}\"',:a0-1 \n\t#&*é?|>-]{0,60}") {
            if let Err(fault) = texts(&text) {
                prop_assert!(fault.at <= text.len());
            }
        }
    }
}
