//! A file's text without its secrets, by lines and columns. Few lines of it are shown, and none is copied before.

use std::{borrow::Cow, collections::BTreeMap};

use memchr::memchr2_iter;

/// A mark stands in a long line after so many bytes, where its columns are known.
const STRETCH: usize = 1_024;

/// A text without its secrets. Lines and columns are counted from 1.
pub(super) struct MaskedText<'a> {
    text: Cow<'a, str>,
    /// Where each line begins.
    starts: Vec<usize>,
    /// By the index of a long line, here and there in it: a byte, and the UTF-16 units before.
    marks: BTreeMap<usize, Vec<(usize, usize)>>,
}

impl<'a> MaskedText<'a> {
    /// Splits a text into lines.
    pub(super) fn new(text: Cow<'a, str>) -> Self {
        let bytes = text.as_bytes();
        let ends = memchr2_iter(b'\n', b'\r', bytes)
            .filter(|at| bytes[*at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'));
        let starts = std::iter::once(0).chain(ends.map(|at| at + 1)).collect();
        let mut masked = Self { text, starts, marks: BTreeMap::new() };
        let lines = (0..masked.count()).map(|index| (index, masked.line_at(index)));
        let long = lines.filter(|(_, line)| line.len() > STRETCH);
        masked.marks = long.map(|(index, line)| (index, marks(line))).collect();
        masked
    }

    /// How many lines there are.
    pub(super) fn count(&self) -> usize {
        self.starts.len()
    }

    /// A line without its end; nothing where there is none.
    pub(super) fn line(&self, number: u32) -> &str {
        (number as usize).checked_sub(1).map_or("", |index| self.line_at(index))
    }

    /// The byte of a line at which a column of UTF-16 units begins.
    pub(super) fn byte_of_column(&self, number: u32, column: u32) -> usize {
        let line = self.line(number);
        let wanted = (column as usize).saturating_sub(1);
        let marks =
            self.marks.get(&(number as usize).saturating_sub(1)).map_or(&[][..], Vec::as_slice);
        let after = marks.partition_point(|(_, units)| *units <= wanted);
        let (from, mut units) = after.checked_sub(1).map_or((0, 0), |at| marks[at]);
        for (byte, character) in line[from..].char_indices() {
            if units >= wanted {
                return from + byte;
            }
            units += character.len_utf16();
        }
        line.len()
    }

    fn line_at(&self, index: usize) -> &str {
        let Some(start) = self.starts.get(index) else { return "" };
        let line =
            &self.text[*start..self.starts.get(index + 1).copied().unwrap_or(self.text.len())];
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line)
    }
}

fn marks(line: &str) -> Vec<(usize, usize)> {
    let mut marks = Vec::new();
    let (mut next, mut units) = (STRETCH, 0);
    for (byte, character) in line.char_indices() {
        if byte >= next {
            marks.push((byte, units));
            next = byte + STRETCH;
        }
        units += character.len_utf16();
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_a_long_masked_line_are_found_from_marks() {
        let text = "é😀x".repeat(2_000);
        let masked = MaskedText::new(Cow::Borrowed(&text));
        assert!(masked.marks[&0].len() > 5);
        for (byte, _) in text.char_indices().step_by(61).chain([(text.len(), ' ')]) {
            let column = u32::try_from(text[..byte].encode_utf16().count() + 1).unwrap();
            assert_eq!(masked.byte_of_column(1, column), byte);
        }
    }

    #[test]
    fn a_line_ends_with_any_line_end() {
        let masked = MaskedText::new(Cow::Borrowed("a\r\nb\rc\r\r\n\nd\r"));
        let lines: Vec<&str> = (1..=7).map(|number| masked.line(number)).collect();
        assert_eq!(lines, ["a", "b", "c", "", "", "d", ""]);
        assert_eq!((masked.count(), masked.line(0), masked.line(8)), (7, "", ""));
    }
}
