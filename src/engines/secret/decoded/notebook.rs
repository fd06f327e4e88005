//! Jupyter notebooks: the text of cells and of their outputs, as the lines that people see.
//!
//! The strings are taken in their order, without a tree: a notebook that is cut or holds the marks of a
//! merge is read as far as it goes. What says of no cell which type it is of is no notebook.

use std::ops::Range;

use super::{Decoded, Form, View, json};
use crate::engines::secret::generic::FileNature;

/// Languages of cells in which values need no quotes.
const SHELLS: &[&[u8]] = &[b"bash", b"sh", b"zsh", b"fish", b"shell"];
/// Names of what holds the text of a cell or of an output, beside `text/…`.
const TEXTS: &[&[u8]] = &[b"source", b"text", b"traceback", b"evalue"];
/// How far from `language_info` the language's name may stand.
const NEAR: usize = 2_048;

/// The texts of the cells and outputs. A text may be one string or a list of lines.
pub(super) fn views(bytes: &[u8], nature: FileNature, each: &mut dyn FnMut(View)) {
    if memchr::memmem::find(bytes, b"\"cell_type\"").is_none() {
        return;
    }
    let is_shell = language(bytes).is_some_and(|language| SHELLS.contains(&language));
    let mut notebook = Notebook { bytes, nature, is_shell, is_prose: false, text: None };
    let mut key: &[u8] = b"";
    let mut done = 0;
    while let Some(literal) = next_string(bytes, done) {
        let follows = bytes[done..literal.start - 1].trim_ascii();
        done = literal.end + 1;
        let inside = &bytes[literal.clone()];
        if bytes[done.min(bytes.len())..].trim_ascii_start().first() == Some(&b':') {
            notebook.end(each);
            key = inside;
        } else if key == b"cell_type" {
            notebook.is_prose = inside != b"code";
        } else if TEXTS.contains(&key) || key.starts_with(b"text/") {
            notebook.add(literal, follows == b",", each);
        }
    }
    notebook.end(each);
}

/// The name within `language_info`.
fn language(bytes: &[u8]) -> Option<&[u8]> {
    let from = memchr::memmem::rfind(bytes, b"\"language_info\"")?;
    let near = &bytes[from..bytes.len().min(from + NEAR)];
    let name = memchr::memmem::find(near, b"\"name\"")? + b"\"name\"".len();
    Some(&near[next_string(near, name)?])
}

/// The inside of the next string literal.
fn next_string(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let start = from + memchr::memchr(b'"', bytes.get(from..)?)? + 1;
    Some(start..json::end_of(bytes, start))
}

struct Notebook<'a> {
    bytes: &'a [u8],
    nature: FileNature,
    is_shell: bool,
    /// Whether the cell is for readers only.
    is_prose: bool,
    /// The lines that belong together.
    text: Option<Decoded>,
}

impl Notebook<'_> {
    /// Adds a string, to the lines before it or as the first one.
    fn add(&mut self, literal: Range<usize>, continues: bool, each: &mut dyn FnMut(View)) {
        if !continues {
            self.end(each);
        }
        let text = self.text.get_or_insert_with(|| Decoded::new(Form::Escaped));
        json::unescape(self.bytes, literal, text);
    }

    fn end(&mut self, each: &mut dyn FnMut(View)) {
        if let Some(text) = self.text.take() {
            let nature = self.nature.of_cell(self.is_shell, self.is_prose);
            each(View { text, nature, with_names: true });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        views(text.as_bytes(), FileNature::of("a.ipynb"), &mut |view| {
            all.push(String::from_utf8(view.text.bytes).unwrap());
        });
        all
    }

    #[test]
    fn cells_and_outputs_are_read_as_lines() {
        let text = r#"{"cells": [{"cell_type": "code", "metadata": {"a": ["x"]}, "outputs": [
            {"output_type": "stream", "text": ["one\n", "two"]},
            {"data": {"image/png": "iVBO", "text/plain": "'t\\'"}}],
            "source": ["a = \"b\"\n", "c"]}, {"source": "d"}]}"#;
        assert_eq!(texts(text), ["one\ntwo", "'t\\'", "a = \"b\"\nc", "d"]);
    }

    #[test]
    fn a_notebook_that_is_cut_is_read_as_far_as_it_goes() {
        assert_eq!(texts("{\"cell_type\": \"code\", \"source\": [\"a\\n\", \"b"), ["a\nb"]);
        assert!(texts("{\"cell_type\": \"code\", \"source").is_empty());
        assert!(texts("{\"source\": \"a\"}").is_empty());
    }

    #[test]
    fn the_language_is_that_of_its_information() {
        let text = br#""name": "x", "language_info": {"codemirror_mode": "sh", "name": "bash"}"#;
        assert_eq!(language(text), Some(&b"bash"[..]));
    }
}
