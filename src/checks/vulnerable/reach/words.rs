//! Sources that do not name the crate: what their bytes show of a function's name, without parsing them.

use aho_corasick::AhoCorasick;

use super::functions::{Function, Likeness};

/// Words that are looked for, each once.
pub(super) struct Words {
    words: Vec<String>,
    finder: Option<AhoCorasick>,
}

impl Words {
    pub(super) fn new(mut words: Vec<String>) -> Self {
        words.sort();
        words.dedup();
        let finder = AhoCorasick::new(&words).ok();
        Self { words, finder }
    }

    /// Where which of them stand as whole words. `None` if the words could not be made a finder of.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<Vec<(&str, usize)>> {
        let finder = self.finder.as_ref()?;
        let is_whole = |(word, at): &(&str, usize)| {
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            !is_part(before) && !is_part(bytes.get(at + word.len()))
        };
        let found = finder.find_overlapping_iter(bytes);
        let found =
            found.map(|found| (self.words[found.pattern().as_usize()].as_str(), found.start()));
        Some(found.filter(is_whole).collect())
    }
}

fn is_part(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii())
}

/// What the function's name may be at this byte. It may stand in a comment as well: this only ever makes
/// doubt.
pub(super) fn likeness(text: &str, at: usize, function: &Function) -> Option<Likeness> {
    let before = text.get(..at)?.trim_end();
    let after = text.get(at + function.name.len()..)?.trim_start();
    let is_called = after.starts_with('(') || after.starts_with("::");
    if let Some(before) = before.strip_suffix("::") {
        let part = word_before(before);
        // Generic arguments end with no word.
        let is_own = function.has_part(part) || part.is_empty() && function.owner().is_some();
        return Some(if is_own { Likeness::Similar } else { Likeness::Renamed });
    }
    if before.ends_with('.') {
        return (is_called && function.owner().is_some()).then_some(Likeness::Method);
    }
    (is_called && word_before(before) != "fn").then_some(Likeness::Bare)
}

/// The word that ends the text; empty if that ends with something else, as generic arguments do.
fn word_before(text: &str) -> &str {
    let is_other = |character: char| !(character.is_alphanumeric() || character == '_');
    let start = text.char_indices().rev().find(|(_, character)| is_other(*character));
    let start = start.map_or(0, |(at, character)| at + character.len_utf8());
    &text[start..]
}
