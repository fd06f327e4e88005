//! Where keywords stand in a text, told again for a later version of it.
//!
//! Whether a keyword stands somewhere depends on its own bytes alone. So what was copied whole needs no second
//! look; what is new does, and each border of a copy, since two copied stretches may join to a keyword.

use std::ops::Range;

use super::keywords::Keywords;
use crate::sources::history::Copied;

/// The keywords in a text, in order of their places.
#[derive(Debug, PartialEq)]
pub struct Hits(Vec<Hit>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    start: usize,
    word: usize,
}

impl Hits {
    /// Those of a text that is read whole.
    pub(super) fn of(keywords: &Keywords, bytes: &[u8]) -> Self {
        let mut hits = Vec::new();
        keywords.each(bytes, |word, start| hits.push(Hit { start, word }));
        hits.sort_unstable();
        Self(hits)
    }

    /// Those of `bytes`, which has `copies` of the text whose hits are `known`.
    pub(super) fn after(
        known: &Self,
        copies: &[Copied],
        keywords: &Keywords,
        bytes: &[u8],
    ) -> Self {
        let mut hits = Vec::with_capacity(known.0.len());
        for copied in copies {
            let end = copied.from + copied.length;
            let first = known.0.partition_point(|hit| hit.start < copied.from);
            let hits_there = known.0[first..].iter().take_while(|hit| hit.start < end);
            let whole = hits_there.filter(|hit| hit.start + keywords.length(hit.word) <= end);
            let moved = |hit: &Hit| Hit { start: hit.start - copied.from + copied.at, ..*hit };
            hits.extend(whole.map(moved));
        }
        for part in unknown(copies, keywords.longest(), bytes.len()) {
            keywords.each_within(bytes, part, |word, start| hits.push(Hit { start, word }));
        }
        // Two runs that are nearly in order each: this is what the stable sort is good at.
        hits.sort();
        hits.dedup();
        Self(hits)
    }

    /// The index and the place of each, in order of the places.
    pub(super) fn each(&self) -> impl Iterator<Item = (usize, usize)> {
        self.0.iter().map(|hit| (hit.word, hit.start))
    }

    /// Bytes that they take.
    pub const fn size(&self) -> usize {
        self.0.len() * size_of::<Hit>()
    }
}

/// The parts of a text in which each word of at most `longest` bytes lies that lies in no copy; in order, and
/// apart.
fn unknown(copies: &[Copied], longest: usize, length: usize) -> Vec<Range<usize>> {
    let margin = longest.saturating_sub(1);
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut done = 0;
    let ends = copies.iter().map(|copied| (copied.at, copied.at + copied.length));
    for (start, next) in ends.chain([(length, length)]) {
        // No word reaches over an end of the text.
        let is_border = start > done || (start > 0 && start < length);
        let part = done.saturating_sub(margin)..length.min(start + margin);
        done = next;
        match parts.last_mut() {
            _ if !is_border => {}
            Some(last) if last.end >= part.start => last.end = part.end,
            _ => parts.push(part),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: [&str; 6] = ["eyJ", "AKIA", "token", "secret", "hooks.slack.com/", "aaa"];

    /// A piece of the next version: a part of the last one, or something new.
    #[derive(Debug, Clone)]
    enum Piece {
        Copy(usize, usize),
        New(Vec<u8>),
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            prop::sample::select(&WORDS[..]).prop_map(|word| word.as_bytes().to_vec()),
            prop::sample::select(&WORDS[..]).prop_map(|word| word.as_bytes()[..2].to_vec()),
            prop::collection::vec(prop::sample::select(&b"aekosrt ./J"[..]), 0..200),
        ];
        prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
    }

    fn piece() -> impl Strategy<Value = Piece> {
        prop_oneof![
            (any::<usize>(), 1..8_usize).prop_map(|(at, length)| Piece::Copy(at, length)),
            (any::<usize>(), any::<usize>()).prop_map(|(at, length)| Piece::Copy(at, length)),
            text().prop_map(Piece::New),
        ]
    }

    /// The next version, and what it has from `base`.
    fn edited(base: &[u8], pieces: &[Piece]) -> (Vec<u8>, Vec<Copied>) {
        let (mut bytes, mut copies) = (Vec::new(), Vec::new());
        for piece in pieces {
            match piece {
                Piece::New(new) => bytes.extend_from_slice(new),
                Piece::Copy(..) if base.is_empty() => {}
                Piece::Copy(from, length) => {
                    let from = from % base.len();
                    let length = 1 + length % (base.len() - from);
                    copies.push(Copied { from, at: bytes.len(), length });
                    bytes.extend_from_slice(&base[from..from + length]);
                }
            }
        }
        (bytes, copies)
    }

    proptest! {
        #[test]
        fn a_history_of_edits_gives_the_hits_of_each_version(
            first in text(),
            history in prop::collection::vec(prop::collection::vec(piece(), 0..6), 1..6),
        ) {
            let keywords = Keywords::new(WORDS.iter().map(|word| word.as_bytes()));
            let (mut bytes, mut hits) = (first.clone(), Hits::of(&keywords, &first));
            for pieces in &history {
                let (next, copies) = edited(&bytes, pieces);
                hits = Hits::after(&hits, &copies, &keywords, &next);
                prop_assert_eq!(&hits, &Hits::of(&keywords, &next));
                bytes = next;
            }
        }
    }
}
