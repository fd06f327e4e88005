//! The lines around a finding, made visible, with the finding's own stretch.

use std::ops::Range;

use super::visible;
use crate::finding::Excerpt;

/// One line of an excerpt.
pub(super) struct Line {
    /// Its number, from one.
    pub(super) number: usize,
    /// Its text, on one line and without hidden characters.
    pub(super) text: String,
    /// The part of it that the finding is about; `None` if it only stands beside.
    pub(super) marked: Option<Range<usize>>,
}

/// The lines of an excerpt. Offsets that do not fit, as in a report made by hand, are moved to fit.
pub(super) fn lines(excerpt: &Excerpt) -> Vec<Line> {
    let (first, last) = (excerpt.start.0, excerpt.end.0);
    let line = |(index, text): (usize, &crate::finding::Quoted)| {
        let text = text.as_str();
        let start = if index == first { excerpt.start.1 } else { 0 };
        let end = if index == last { excerpt.end.1.max(start) } else { text.len() };
        let (text, moved) = visible::line_with_marks(text, &[start, end]);
        Line {
            number: excerpt.first_line as usize + index,
            marked: (first <= index && index <= last).then(|| moved[0]..moved[1]),
            text,
        }
    };
    excerpt.lines.iter().enumerate().map(line).collect()
}

impl Line {
    /// What stands before, in and after the marked part.
    pub(super) fn parts(&self) -> (&str, &str, &str) {
        let marked = self.marked.clone().unwrap_or(self.text.len()..self.text.len());
        (&self.text[..marked.start], &self.text[marked.clone()], &self.text[marked.end..])
    }
}
