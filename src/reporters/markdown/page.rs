//! A text of limited size. What does not fit is left out and counted.

use std::fmt::Write;

use crate::reporters::words;

/// Room that is kept for closing tags and for the notice.
const RESERVE: usize = 400;
const CLOSE: &str = "</details>\n\n";

/// A page under way.
pub(super) struct Page {
    text: String,
    limit: usize,
    left_out: usize,
    is_open: bool,
}

impl Page {
    /// An empty page; of its `limit` in bytes, some are kept for closing tags and the notice.
    pub(super) fn new(limit: usize) -> Self {
        let limit = limit.saturating_sub(RESERVE);
        Self { text: String::new(), limit, left_out: 0, is_open: false }
    }

    /// Adds what the page cannot do without.
    pub(super) fn must(&mut self, piece: &str) {
        self.text.push_str(piece);
    }

    /// Adds a piece if there is room for it.
    pub(super) fn may(&mut self, piece: &str) -> bool {
        let fits = self.text.len() + piece.len() <= self.limit;
        if fits {
            self.text.push_str(piece);
        }
        fits
    }

    /// Adds a finding if there is room, and counts it if not.
    pub(super) fn finding(&mut self, piece: &str) {
        if !self.may(piece) {
            self.left_out += 1;
        }
    }

    /// Opens a folded part.
    pub(super) fn open(&mut self, title: &str) {
        self.is_open = self.may(&format!("<details><summary>{title}</summary>\n\n"));
    }

    /// Closes it; there is always room for that.
    pub(super) fn close(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.text.push_str(CLOSE);
        }
    }

    /// The whole text, with a word on what did not fit.
    pub(super) fn finish(mut self) -> String {
        if self.left_out > 0 {
            let all = words::things(self.left_out, "finding does", "findings do");
            let _ = write!(self.text, "> [!WARNING]\n> {all} not fit here; ");
            self.text.push_str("the JSON and HTML reports have them all.\n");
        }
        self.text
    }
}
