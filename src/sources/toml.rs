//! TOML, read flat: a list of tables, each with its values, and the bytes that each stands at.
//!
//! That is all that lockfiles and manifests need, and it stays cheap for a file of ten megabytes. Limits on
//! depth and on the number of values keep a hostile file from costing more than an honest one.

use std::{borrow::Cow, ops::Range, rc::Rc};

use toml_parser::{
    ErrorSink, ParseError, Source, Span,
    decoder::{Encoding, ScalarKind},
    parser::{EventReceiver, RecursionGuard, parse_document},
};

/// Arrays and inline tables within each other, and parts of a key.
const DEEPEST: usize = 16;
/// Values of one document.
const MOST_VALUES: usize = 250_000;

/// A TOML document.
#[derive(Debug)]
pub struct Document<'a> {
    /// The tables in the order of the file. The first one has no name and holds what stands before any header.
    pub tables: Vec<Table<'a>>,
}

/// A header and the values below it.
#[derive(Debug, Default)]
pub struct Table<'a> {
    /// The parts of the header: `tool` and `poetry` of `[tool.poetry]`.
    pub name: Vec<Rc<str>>,
    /// Whether the header is `[[…]]`.
    pub is_element: bool,
    /// Bytes from the header to the end of the last value.
    pub at: Range<usize>,
    /// The values.
    pub values: Vec<Value<'a>>,
}

/// A scalar. The elements of an array are several values of the same key.
#[derive(Debug)]
pub struct Value<'a> {
    /// The parts of the key, below the table's name.
    pub key: Rc<[Rc<str>]>,
    /// The decoded text; of numbers and the like, as they are written.
    pub text: Cow<'a, str>,
    /// Whether it is a string.
    pub is_string: bool,
    /// Its bytes, with quotation marks.
    pub at: Range<usize>,
}

/// Why a document can not be read.
#[derive(Debug, PartialEq, Eq)]
pub struct TomlError {
    /// The byte at which it goes wrong.
    pub at: usize,
    /// What is wrong. It quotes nothing of the document.
    pub message: String,
}

impl<'a> Document<'a> {
    /// Reads a document.
    pub fn read(text: &'a str) -> Result<Self, TomlError> {
        let source = Source::new(text);
        let tokens = source.lex().into_vec();
        let mut reader = Reader::new(source);
        let mut error = None;
        let depth = u32::try_from(DEEPEST).unwrap_or(u32::MAX);
        let mut guard = RecursionGuard::new(&mut reader, depth);
        parse_document(&tokens, &mut guard, &mut error);
        match error {
            Some(error) => Err(rephrase(&error)),
            None => Ok(Self { tables: reader.tables }),
        }
    }

    /// The tables whose name is `name`.
    pub fn named<'n>(&'n self, name: &'n [&str]) -> impl Iterator<Item = &'n Table<'a>> {
        self.tables.iter().filter(move |table| same(&table.name, name))
    }

    /// Whether any table's name, or a key of its values, begins with `path`.
    pub fn has(&self, path: &[&str]) -> bool {
        self.tables.iter().any(|table| {
            let full = |value: Option<&Value<'a>>| {
                let key = value.map_or(&[][..], |value| &value.key);
                let mut parts = table.name.iter().chain(key);
                path.iter().all(|wanted| parts.next().is_some_and(|part| &**part == *wanted))
            };
            full(None) || table.values.iter().any(|value| full(Some(value)))
        })
    }
}

impl<'a> Table<'a> {
    /// The first value of this key.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.values.iter().find(|value| same(&value.key, &[key]))
    }

    /// The values of this key: all elements if it is an array.
    pub fn all<'n>(&'n self, key: &'n str) -> impl Iterator<Item = &'n Value<'a>> {
        self.values.iter().filter(move |value| same(&value.key, &[key]))
    }
}

fn same(parts: &[Rc<str>], wanted: &[&str]) -> bool {
    parts.len() == wanted.len() && parts.iter().zip(wanted).all(|(part, name)| &**part == *name)
}

fn rephrase(error: &ParseError) -> TomlError {
    let span = error.unexpected().or(error.context()).unwrap_or_default();
    TomlError { at: span.start(), message: error.description().to_owned() }
}

/// Collects what the parser reports.
struct Reader<'a> {
    source: Source<'a>,
    tables: Vec<Table<'a>>,
    in_header: bool,
    key: Vec<Rc<str>>,
    /// `key`, shared by the elements of an array.
    shared: Option<Rc<[Rc<str>]>>,
    /// For each open array or inline table, the length of `key` when it was opened.
    open: Vec<usize>,
    values: usize,
}

impl<'a> Reader<'a> {
    fn new(source: Source<'a>) -> Self {
        Self {
            source,
            tables: vec![Table::default()],
            in_header: false,
            key: Vec::new(),
            shared: None,
            open: Vec::new(),
            values: 0,
        }
    }

    fn open_table(&mut self, span: Span, is_element: bool) {
        let at = span.start()..span.end();
        self.tables.push(Table { is_element, at, ..Table::default() });
        self.in_header = true;
    }

    fn close_table(&mut self, span: Span) {
        self.in_header = false;
        self.stretch(span);
    }

    fn stretch(&mut self, span: Span) {
        if let Some(table) = self.tables.last_mut() {
            table.at.end = table.at.end.max(span.end());
        }
    }

    fn open_nested(&mut self) {
        self.open.push(self.key.len());
    }

    fn close_nested(&mut self, span: Span) {
        self.open.pop();
        self.stretch(span);
        self.end_value();
    }

    fn end_value(&mut self) {
        let base = self.open.last().copied().unwrap_or_default();
        if base < self.key.len() {
            self.key.truncate(base);
            self.shared = None;
        }
    }

    fn too_much(error: &mut dyn ErrorSink, span: Span, what: &'static str) {
        error.report_error(ParseError::new(what).with_unexpected(span));
    }
}

impl EventReceiver for Reader<'_> {
    fn std_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.open_table(span, false);
    }

    fn std_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.close_table(span);
    }

    fn array_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.open_table(span, true);
    }

    fn array_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.close_table(span);
    }

    fn inline_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        self.open_nested();
        true
    }

    fn inline_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.close_nested(span);
    }

    fn array_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        self.open_nested();
        true
    }

    fn array_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.close_nested(span);
    }

    fn simple_key(&mut self, span: Span, kind: Option<Encoding>, error: &mut dyn ErrorSink) {
        let mut text = Cow::Borrowed("");
        if let Some(raw) = self.source.get(span) {
            toml_parser::Raw::new_unchecked(raw.as_str(), kind, span).decode_key(&mut text, error);
        }
        let part = Rc::from(text.as_ref());
        let parts = match self.tables.last_mut() {
            Some(table) if self.in_header => &mut table.name,
            _ => {
                self.shared = None;
                &mut self.key
            }
        };
        if parts.len() < DEEPEST {
            parts.push(part);
        } else {
            Self::too_much(error, span, "a key of too many parts");
        }
    }

    fn scalar(&mut self, span: Span, kind: Option<Encoding>, error: &mut dyn ErrorSink) {
        let mut text = Cow::Borrowed("");
        let mut is_string = false;
        if let Some(raw) = self.source.get(span) {
            let raw = toml_parser::Raw::new_unchecked(raw.as_str(), kind, span);
            is_string = raw.decode_scalar(&mut text, error) == ScalarKind::String;
        }
        self.values += 1;
        if self.values > MOST_VALUES {
            Self::too_much(error, span, "too many values");
            return;
        }
        let key = Rc::clone(self.shared.get_or_insert_with(|| Rc::from(self.key.as_slice())));
        let at = span.start()..span.end();
        if let Some(table) = self.tables.last_mut() {
            table.values.push(Value { key, text, is_string, at });
        }
        self.stretch(span);
        self.end_value();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_table_key_and_place() {
        let text = "a = 1\n[[b.c]]\nx.y = [ 'p', { z = \"q\\n\" } ]\nw = true\n";
        let document = Document::read(text).unwrap();
        let table = document.named(&["b", "c"]).next().unwrap();
        let read: Vec<_> =
            table.values.iter().map(|v| (v.key.join("."), &*v.text, v.is_string)).collect();
        assert_eq!(
            read,
            [("x.y".into(), "p", true), ("x.y.z".into(), "q\n", true), ("w".into(), "true", false)]
        );
        assert_eq!(&text[table.at.clone()], "[[b.c]]\nx.y = [ 'p', { z = \"q\\n\" } ]\nw = true");
    }

    #[test]
    fn an_error_names_its_byte() {
        let error = Document::read("a = 1\nb = = 2\n").unwrap_err();
        assert!((6..13).contains(&error.at), "{error:?}");
    }

    #[test]
    fn a_deep_document_is_refused() {
        let text = format!("a = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Document::read(&text).is_err());
    }

    #[test]
    fn a_path_is_found_in_headers_and_in_dotted_keys() {
        let document = Document::read("[tool]\npoetry.name = 'a'\n[tool.uv]\n").unwrap();
        assert!(document.has(&["tool", "poetry"]));
        assert!(document.has(&["tool", "uv"]));
        assert!(!document.has(&["tool", "pdm"]));
    }
}
