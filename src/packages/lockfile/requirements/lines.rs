//! Logical lines of a requirements file: a `\` at the end joins a line with the next one, a comment line ends
//! the joining, as pip reads it.

use std::ops::Range;

use crate::packages::lockfile::Fault;

/// One logical line.
#[derive(Debug)]
pub(in crate::packages) enum Line<'t> {
    /// A line with nothing on it.
    Blank,
    /// What follows the `#` of a line that holds nothing else.
    Comment(&'t str),
    /// Anything else.
    Statement(Statement),
}

/// Lines that were joined.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::packages) struct Statement {
    /// The text without the comment at its end.
    pub(in crate::packages) text: String,
    /// What follows the `#` of the comment at its end; empty if there is none.
    pub(in crate::packages) comment: String,
    /// Where each joined line begins, in `text` and in the file.
    pieces: Vec<(usize, usize)>,
}

impl Statement {
    /// The byte of the file at which a byte of the text stands.
    pub(in crate::packages) fn place(&self, at: usize) -> usize {
        let next = self.pieces.partition_point(|(joined, _)| *joined <= at);
        let (joined, original) = self.pieces[next.saturating_sub(1)];
        original + (at - joined)
    }

    /// The bytes of the file from the first of these bytes of the text to their last one.
    pub(in crate::packages) fn places(&self, at: Range<usize>) -> Range<usize> {
        let start = self.place(at.start);
        // The end is that of the last byte, which may stand at the end of a line.
        start..at.end.checked_sub(1).map_or(start, |last| self.place(last) + 1).max(start)
    }

    fn add(&mut self, line: &str, at: usize) {
        self.pieces.push((self.text.len(), at));
        self.text.push_str(line);
    }

    /// Takes off the comment: a `#` at the start or after a blank.
    fn end(mut self) -> Self {
        let mut before = ' ';
        let mut characters = self.text.char_indices();
        let comment = characters.find(|(_, character)| {
            let is_start = *character == '#' && before.is_whitespace();
            before = *character;
            is_start
        });
        if let Some((at, _)) = comment {
            self.comment = self.text.split_off(at);
            self.comment.remove(0);
        }
        self.text.truncate(self.text.trim_end().len());
        self
    }
}

/// Calls `take` for each logical line, until it fails.
pub(in crate::packages) fn each<'t>(
    text: &'t str,
    mut take: impl FnMut(Line<'t>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let end = |open: &mut Option<Statement>| {
        open.take().map(|statement| Line::Statement(statement.end()))
    };
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut at = mark;
    let mut open: Option<Statement> = None;
    for line in text[mark..].split_inclusive(['\n', '\r']) {
        let start = at;
        at += line.len();
        if line == "\n" && text[..start].ends_with('\r') {
            continue;
        }
        let line = line.trim_end_matches(['\n', '\r']);
        if let Some(comment) = line.trim_start().strip_prefix('#') {
            end(&mut open).map_or(Ok(()), &mut take)?;
            take(Line::Comment(comment))?;
        } else if line.ends_with('\\') {
            open.get_or_insert_default().add(line.trim_end_matches('\\'), start);
        } else if open.is_none() && line.trim().is_empty() {
            take(Line::Blank)?;
        } else {
            open.get_or_insert_default().add(line, start);
            end(&mut open).map_or(Ok(()), &mut take)?;
        }
    }
    end(&mut open).map_or(Ok(()), take)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let mut shown = Vec::new();
        each(text, |line| {
            shown.push(match line {
                Line::Blank => "-".to_owned(),
                Line::Comment(comment) => format!("#{comment}"),
                Line::Statement(statement) => format!("{}|{}", statement.text, statement.comment),
            });
            Ok(())
        })
        .unwrap();
        shown
    }

    #[test]
    fn lines_are_joined_and_comments_end_the_joining() {
        assert_eq!(
            shown("a==1 \\\r\n  --hash=x\\\n# via b\n\nc#d # e\rf\\"),
            ["a==1   --hash=x|", "# via b", "-", "c#d| e", "f|"]
        );
    }

    #[test]
    fn joined_text_knows_where_it_stands() {
        let text = "\u{feff}\nab==\\\n1.\\\n0 \\\n # x\n";
        each(text, |line| {
            if let Line::Statement(statement) = line {
                assert_eq!(statement.text, "ab==1.0");
                assert_eq!(&text[statement.places(0..2)], "ab");
                assert_eq!(&text[statement.places(4..7)], "1.\\\n0");
            }
            Ok(())
        })
        .unwrap();
    }
}
