//! One file: bytes read once; text, lines and parses made once and shared by all checks.

use std::{
    any::{Any, TypeId},
    borrow::Cow,
    cell::{OnceCell, RefCell},
    ops::Range,
    rc::Rc,
};

use crate::finding::{
    RepoPath, Span,
    line_hash::{self, LineHashes},
};

/// How many bytes are looked at to tell text from binary data.
const SNIFFED: usize = 8_000;

/// How many UTF-16 units are looked at to tell such text without a mark.
const SNIFFED_UNITS: usize = 256;
/// Of fewer units nothing can be told.
const FEWEST_UNITS: usize = 4;

/// Bytes of which the UTF-16 units are counted together.
const STRETCH: usize = 1_024;

/// How formats begin that are no text, each with a byte that no text holds there.
const MAGIC: &[&[u8]] = &[
    b"\x7fELF",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"PK\x03\x04",
    b"\x1f\x8b\x08",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf\x27\x1c",
    b"\x28\xb5\x2f\xfd",
    b"\0asm",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"SQLite format 3\0",
    b"wOFF\0",
    b"\0\x01\0\0",
    b"\0\0\x01\0",
    b"\0\0\0\x01Bud1",
];

/// One file of a tree. It is looked at by one thread.
pub struct SourceFile {
    path: RepoPath,
    bytes: Vec<u8>,
    text: OnceCell<Option<Box<str>>>,
    line_starts: OnceCell<Vec<usize>>,
    line_hashes: OnceCell<LineHashes>,
    /// UTF-16 units before each stretch of the text, so that columns of long lines are cheap.
    units: OnceCell<Vec<usize>>,
    parses: RefCell<Vec<(TypeId, Rc<dyn Any>)>>,
}

impl SourceFile {
    /// Takes a file that has been read. UTF-16 becomes UTF-8, so that checks see the text.
    pub fn new(path: RepoPath, bytes: Vec<u8>) -> Self {
        Self {
            path,
            bytes: from_utf16(&bytes).unwrap_or(bytes),
            text: OnceCell::new(),
            line_starts: OnceCell::new(),
            line_hashes: OnceCell::new(),
            units: OnceCell::new(),
            parses: RefCell::default(),
        }
    }

    /// Its path.
    pub fn path(&self) -> &RepoPath {
        &self.path
    }

    /// Its bytes, as they are in the tree unless that is UTF-16.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives the memory of its bytes back.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Whether it holds a NUL byte near its start, as no text does.
    pub fn is_binary(&self) -> bool {
        memchr::memchr(0, &self.bytes[..self.bytes.len().min(SNIFFED)]).is_some()
    }

    /// Whether it begins like an image, an archive, a program or another format that is no text.
    pub fn has_binary_format(&self) -> bool {
        has_binary_format(&self.bytes)
    }

    /// Its text. Each byte that is not UTF-8 becomes `?`, so that offsets are those of [`Self::bytes`].
    pub fn text(&self) -> &str {
        match self.repaired() {
            Some(text) => text,
            None => std::str::from_utf8(&self.bytes).unwrap_or_default(),
        }
    }

    /// Its text, if that is not what its bytes are.
    fn repaired(&self) -> Option<&str> {
        let repaired = || match std::str::from_utf8(&self.bytes) {
            Ok(_) => None,
            Err(_) => Some(repair(&self.bytes).into_boxed_str()),
        };
        self.text.get_or_init(repaired).as_deref()
    }

    /// What `parse` makes of this file; made once for each type `T`, then shared.
    pub fn parsed<T: Any>(&self, parse: impl FnOnce(&Self) -> T) -> Rc<T> {
        let wanted = TypeId::of::<T>();
        let known =
            self.parses.borrow().iter().find(|(id, _)| *id == wanted).map(|(_, p)| p.clone());
        let parsed = known.unwrap_or_else(|| {
            let made: Rc<dyn Any> = Rc::new(parse(self));
            self.parses.borrow_mut().push((wanted, Rc::clone(&made)));
            made
        });
        parsed.downcast().unwrap_or_else(|_| unreachable!("stored under its own type"))
    }

    /// Turns bytes into lines and columns. The only place where that is done.
    pub fn span(&self, bytes: &Range<usize>) -> Span {
        let (start_line, start_column) = self.position(bytes.start);
        let (end_line, end_column) = self.position(bytes.end.max(bytes.start));
        Span { start_line, start_column, end_line, end_column }
    }

    /// Turns lines and columns back into bytes; `None` if the file has no such place.
    pub fn bytes_of(&self, span: &Span) -> Option<Range<usize>> {
        let start = self.byte_at(span.start_line, span.start_column)?;
        let end = self.byte_at(span.end_line, span.end_column)?;
        (start <= end).then_some(start..end)
    }

    fn byte_at(&self, line: u32, column: u32) -> Option<usize> {
        let start = *self.line_starts().get((line as usize).checked_sub(1)?)?;
        let mut units = (column as usize).checked_sub(1)?;
        let rest = self.text().get(start..)?;
        for (offset, character) in rest.char_indices() {
            if units == 0 {
                return Some(start + offset);
            }
            if character == '\n' {
                return None;
            }
            units = units.checked_sub(character.len_utf16())?;
        }
        (units == 0).then_some(start + rest.len())
    }

    /// The bytes of a one-based line, without its end.
    pub fn line(&self, number: u32) -> Option<Range<usize>> {
        let starts = self.line_starts();
        let index = (number as usize).checked_sub(1)?;
        let start = *starts.get(index)?;
        let end = starts.get(index + 1).copied().unwrap_or(self.bytes.len());
        let line = &self.bytes[start..end];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Some(start..start + line.len())
    }

    /// Number of lines; an empty file has one.
    pub fn line_count(&self) -> usize {
        self.line_starts().len()
    }

    /// The one-based line that holds this byte.
    pub fn line_of(&self, byte: usize) -> u32 {
        let index = self.line_starts().partition_point(|start| *start <= byte);
        u32::try_from(index.max(1)).unwrap_or(u32::MAX)
    }

    /// `primaryLocationLineHash` of a one-based line.
    pub fn line_hash(&self, line: u32) -> String {
        if line <= 1 {
            return line_hash::of_first_line(self.text());
        }
        self.line_hashes.get_or_init(|| LineHashes::new(self.text())).of(line)
    }

    fn position(&self, byte: usize) -> (u32, u32) {
        // SARIF columns count from one, in the unit that `columnKind` names: UTF-16 code units.
        let byte = byte.min(self.bytes.len());
        let line = self.line_of(byte);
        let start = self.line_starts()[line as usize - 1];
        let units = self.units_before(byte) - self.units_before(start);
        (line, u32::try_from(units + 1).unwrap_or(u32::MAX))
    }

    /// UTF-16 units before a byte of the text; a character counts where it begins.
    fn units_before(&self, byte: usize) -> usize {
        // Not `text()`, which would look at the whole file again for each place.
        let text = self.repaired().map_or(&*self.bytes, str::as_bytes);
        let stretches = self.units.get_or_init(|| {
            let sums = text.chunks(STRETCH).scan(0, |sum, stretch| {
                let before = *sum;
                *sum += utf16_units(stretch);
                Some(before)
            });
            sums.collect()
        });
        let stretch = byte / STRETCH;
        let before = stretches.get(stretch).or(stretches.last()).copied().unwrap_or(0);
        let from = stretch.min(stretches.len().saturating_sub(1)) * STRETCH;
        before + utf16_units(&text[from..byte])
    }

    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            let ends = memchr::memchr2_iter(b'\n', b'\r', &self.bytes)
                .filter(|at| self.bytes[*at] == b'\n' || self.bytes.get(at + 1) != Some(&b'\n'));
            std::iter::once(0).chain(ends.map(|at| at + 1)).collect()
        })
    }
}

/// Whether bytes begin like an image, an archive, a program or another format that is no text.
pub fn has_binary_format(bytes: &[u8]) -> bool {
    MAGIC.iter().any(|magic| bytes.starts_with(magic))
}

/// The text of a file that is UTF-16, as its first bytes show.
pub fn from_utf16(bytes: &[u8]) -> Option<Vec<u8>> {
    let (unit, units): (fn([u8; 2]) -> u16, _) = match bytes {
        // UTF-32 begins so, too.
        [0xff, 0xfe, 0, 0, ..] => return None,
        [0xff, 0xfe, units @ ..] => (u16::from_le_bytes, units),
        [0xfe, 0xff, units @ ..] => (u16::from_be_bytes, units),
        _ if is_utf16(bytes, u16::from_le_bytes) => (u16::from_le_bytes, bytes),
        _ if is_utf16(bytes, u16::from_be_bytes) => (u16::from_be_bytes, bytes),
        _ => return None,
    };
    let units = units.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let characters = char::decode_utf16(units);
    let text: String = characters.map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Some(text.into_bytes())
}

/// Whether bytes without a mark begin as UTF-16: with text, and most of it in Latin letters.
fn is_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let first = &bytes[..bytes.len().min(SNIFFED_UNITS * 2)];
    // Latin letters have a byte of zero, which other text has nowhere.
    if memchr::memchr(0, first).is_none() {
        return false;
    }
    let is_text = |unit: u16| matches!(unit, 0x09 | 0x0a | 0x0d | 0x20..0x7f | 0xa0..0xfffe);
    let (mut latin, mut all) = (0, 0);
    for pair in first.chunks_exact(2) {
        let unit = unit([pair[0], pair[1]]);
        if !is_text(unit) {
            return false;
        }
        latin += usize::from(unit < 0x100);
        all += 1;
    }
    all >= FEWEST_UNITS && latin * 4 >= all * 3
}

/// UTF-16 units of the characters that begin in these bytes of a text.
fn utf16_units(bytes: &[u8]) -> usize {
    let units = |byte: &u8| match byte {
        0x80..0xc0 => 0,
        0xf0.. => 2,
        _ => 1,
    };
    bytes.iter().map(units).sum()
}

fn repair(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    text
}

/// Shows a path or other short text on one line: control characters become `\u{..}`.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().flat_map(escape_control).collect())
    } else {
        Cow::Borrowed(text)
    }
}

fn escape_control(character: char) -> Vec<char> {
    if character.is_control() { character.escape_unicode().collect() } else { vec![character] }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lines_and_columns_lead_back_to_the_bytes(text in "[a\r\n\té😀]{0,40}", from in 0usize..90, to in 0usize..90) {
            let file = SourceFile::new(RepoPath::new("a"), text.clone().into_bytes());
            let boundary = |at: usize| (0..=at.min(text.len())).rfind(|at| text.is_char_boundary(*at));
            let (a, b) = (boundary(from).unwrap(), boundary(to).unwrap());
            let bytes = a.min(b)..a.max(b);
            prop_assert_eq!(file.bytes_of(&file.span(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn a_place_that_is_not_there_has_no_bytes() {
        let file = SourceFile::new(RepoPath::new("a"), b"ab\nc".to_vec());
        let place = |line, column| Span { end_line: line, end_column: column, ..Span::FILE };
        assert_eq!(file.bytes_of(&place(1, 3)), Some(0..2));
        assert_eq!(file.bytes_of(&place(2, 2)), Some(0..4));
        for (line, column) in [(1, 5), (2, 3), (3, 1), (0, 1), (1, 0)] {
            assert_eq!(file.bytes_of(&place(line, column)), None, "{line}:{column}");
        }
    }

    fn file(text: &str) -> SourceFile {
        SourceFile::new(RepoPath::new("a.txt"), text.as_bytes().to_vec())
    }

    #[test]
    fn columns_count_utf16_units_from_one() {
        let file = file("ab\n\t😀x = 1\r\nlast");
        let at = file.text().find('x').unwrap();
        let span = file.span(&(at..at + 1));
        assert_eq!((span.start_line, span.start_column), (2, 4));
        assert_eq!((span.end_line, span.end_column), (2, 5));
    }

    #[test]
    fn columns_of_a_long_line_count_all_before_them() {
        for text in ["é😀x".repeat(3_000), "é😀\n".repeat(900)] {
            let file = file(&text);
            for (byte, _) in text.char_indices().step_by(97) {
                let line = text[..byte].rsplit('\n').next().unwrap_or_default();
                let column = line.encode_utf16().count() + 1;
                assert_eq!(file.span(&(byte..byte)).start_column as usize, column);
            }
        }
    }

    #[test]
    fn a_lone_return_ends_a_line_and_a_pair_ends_one() {
        let file = file("a\rb\r\nc");
        assert_eq!(file.line_count(), 3);
        assert_eq!(file.line(2), Some(2..3));
    }

    #[test]
    fn utf16_is_read_by_its_first_bytes() {
        let text = "a = 1\r\n😀 = 2\r\n";
        let little = text.encode_utf16().flat_map(u16::to_le_bytes);
        let big = text.encode_utf16().flat_map(u16::to_be_bytes);
        for bytes in [
            [0xff, 0xfe].into_iter().chain(little).collect::<Vec<u8>>(),
            [0xfe, 0xff].into_iter().chain(big).collect(),
        ] {
            let file = SourceFile::new(RepoPath::new("a"), bytes);
            assert_eq!((file.text(), file.is_binary(), file.line_count()), (text, false, 3));
        }
    }

    #[test]
    fn utf16_is_known_without_a_mark() {
        let text = "é = 1\r\n😀 = 2\r\n";
        for bytes in [
            text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ] {
            let file = SourceFile::new(RepoPath::new("a"), bytes);
            assert_eq!((file.text(), file.is_binary(), file.line_count()), (text, false, 3));
            let at = text.find("= 2").unwrap();
            let span = file.span(&(at..at + 3));
            assert_eq!((span.start_line, span.start_column, span.end_column), (2, 4, 7));
        }
    }

    #[test]
    fn what_is_no_utf16_stays_as_it_is() {
        for bytes in
            [&b"a = 1\n"[..], b"a\0b\0", b"\x01\0\x02\0\x03\0\x04\0", b"\0\0\x01\0\x02\0abcd"]
        {
            let file = SourceFile::new(RepoPath::new("a"), bytes.to_vec());
            assert_eq!(file.bytes(), bytes);
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_keep_the_offsets() {
        let file = SourceFile::new(RepoPath::new("a"), b"a\xff\xfeb".to_vec());
        assert_eq!(file.text(), "a??b");
    }
}
