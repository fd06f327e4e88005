//! Text put together from pieces of a file, which still knows where each byte comes from.

use std::ops::Range;

/// Lines of a file joined to one text: continued lines, the body of a heredoc, a decoded JSON string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spliced {
    text: String,
    /// Where each piece begins, here and in the file.
    pieces: Vec<(usize, usize)>,
}

impl Spliced {
    /// Appends a piece of the file that begins at byte `source` of it.
    pub(super) fn push(&mut self, piece: &str, source: usize) {
        let continues = self.pieces.last().is_some_and(|(start, from)| {
            let end = from + (self.text.len() - start);
            end == source
        });
        if !continues {
            self.pieces.push((self.text.len(), source));
        }
        self.text.push_str(piece);
    }

    /// The joined text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the file that these bytes of the text come from, with what was left out between them.
    pub(super) fn source(&self, at: &Range<usize>) -> Range<usize> {
        let start = self.source_of(at.start);
        let end = if at.is_empty() { start } else { self.source_of(at.end - 1) + 1 };
        start..end.max(start)
    }

    fn source_of(&self, byte: usize) -> usize {
        let piece = self.pieces.partition_point(|(start, _)| *start <= byte);
        match piece.checked_sub(1).map(|piece| self.pieces[piece]) {
            Some((start, source)) => source + (byte - start),
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_across_a_splice_spans_what_was_left_out() {
        let mut spliced = Spliced::default();
        spliced.push("ab", 10);
        spliced.push("cd", 20);
        assert_eq!(spliced.text(), "abcd");
        assert_eq!(spliced.source(&(1..3)), 11..21);
        assert_eq!(spliced.source(&(0..2)), 10..12);
        assert_eq!(spliced.source(&(4..4)), 22..22);
    }
}
