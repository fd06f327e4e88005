//! The one pass over all bytes: where do the rules' keywords stand?
//!
//! Every second position's four bytes, folded to one case, are looked up in a bit table small enough
//! for the first caches. Each keyword is entered with an even and an odd window, so that one of the
//! two lies on a looked-at position wherever the keyword begins; of a long keyword, the two that are
//! rarest in source text. Of the hits, those go on whose neighbouring bytes are what the keywords of
//! the window have there; only they are compared. The pass costs nearly the same for one keyword and
//! for two thousand.

use std::ops::Range;

/// Logarithm of the number of slots of the filter, each of which has a bit for every fourth byte.
const SLOT_BITS: u32 = 15;
const SLOTS: usize = 1 << SLOT_BITS;
/// Logarithm of the number of buckets of candidates.
const BUCKET_BITS: u32 = 15;
const BUCKETS: usize = 1 << BUCKET_BITS;
/// Logarithm of the number of bits that tell whether a window may end with a keyword of three bytes.
const LATE_BITS: u32 = 12;
const LATE_SLOTS: usize = 1 << LATE_BITS;
/// Bytes that are looked at together: a mark for every second one fits into a word.
const BLOCK: usize = 128;
/// The mark of a block's first window.
const FIRST_MARK: u64 = 1 << 63;
/// Bytes of the neighbourhood of a window, and how many of them stand before it.
const AROUND: usize = 8;
const BEFORE: usize = 2;
/// Bytes of a keyword that are compared at once.
const HEAD: usize = 8;
/// Setting this bit maps upper to lower case (and some marks onto others, which the comparison undoes).
const FOLD: u64 = 0x2020_2020_2020_2020;
/// The four bytes of a little-endian window, the first three, the last three.
const ALL: u32 = u32::MAX;
const FIRST_THREE: u32 = 0x00ff_ffff;
const LAST_THREE: u32 = 0xffff_ff00;

/// Literals to look for, in either case, all at once.
pub(super) struct Keywords {
    /// By the first three bytes of a window, a bit for each value of the low five bits of the fourth.
    filter: Box<[u32; SLOTS]>,
    /// By the bucket of candidates, what all of them have around their windows.
    surroundings: Box<[Surroundings; BUCKETS]>,
    /// Those that are known by the first three bytes of a window, or by all four.
    candidates: Candidates,
    /// Those that are known by the last three bytes, of which there are few, and a bit for each.
    late: Candidates,
    late_filter: [u64; LATE_SLOTS / 64],
    /// All words, one after the other, and where each begins and the last one ends.
    letters: Vec<u8>,
    bounds: Vec<usize>,
}

impl Keywords {
    /// Prepares the tables. Each word has three bytes or more; its index is its name in [`Self::each`].
    pub(super) fn new<'a>(words: impl Iterator<Item = &'a [u8]>) -> Self {
        let (mut entries, mut late) = (Vec::new(), Vec::new());
        let (mut letters, mut bounds) = (Vec::new(), vec![0]);
        for (index, word) in words.enumerate() {
            let known = Candidate::of_word(word, index);
            match *word {
                [a, b, c] => {
                    entries.push(known.by([a, b, c, 0], FIRST_THREE, 0));
                    late.push(known.by([0, a, b, c], LAST_THREE, -1));
                }
                [a, b, c, d] => {
                    entries.push(known.by([a, b, c, d], ALL, 0));
                    entries.push(known.by([b, c, d, 0], FIRST_THREE, 1));
                }
                _ => entries.extend(rarest_windows(word).map(|(at, four)| known.by(four, ALL, at))),
            }
            letters.extend_from_slice(word);
            bounds.push(letters.len());
        }
        let mut filter: Box<[u32; SLOTS]> =
            Box::try_from(vec![0; SLOTS]).expect("there are that many slots");
        for entry in &entries {
            filter[slot(entry.window)] |= if entry.mask == ALL { bit(entry.window) } else { ALL };
        }
        for entry in &late {
            for first in 0..=0xff {
                let window = entry.window & LAST_THREE | fold(first);
                filter[slot(window)] |= bit(window);
            }
        }
        let mut late_filter = [0; LATE_SLOTS / 64];
        for entry in &late {
            let slot = late_slot(entry.window);
            late_filter[slot / 64] |= 1 << (slot % 64);
        }
        let word = |index: usize| &letters[bounds[index]..bounds[index + 1]];
        Self {
            filter,
            surroundings: surroundings(&entries, word),
            late_filter,
            candidates: Candidates::new(entries, FIRST_THREE),
            late: Candidates::new(late, LAST_THREE),
            letters,
            bounds,
        }
    }

    /// Calls `hit` with the index and the place of each word in `bytes`, roughly in order of place.
    pub(super) fn each(&self, bytes: &[u8], hit: impl FnMut(usize, usize)) {
        self.each_within(bytes, 0..bytes.len(), hit);
    }

    /// The same for each word that lies in `part`; some that do not are told, too.
    pub(super) fn each_within(
        &self,
        bytes: &[u8],
        part: Range<usize>,
        mut hit: impl FnMut(usize, usize),
    ) {
        let mut at = part.start;
        if at < BEFORE && !part.is_empty() {
            self.compare(bytes, 0, &mut hit);
            at = BEFORE;
        }
        let blocks = part.end.saturating_sub(at).div_ceil(BLOCK);
        let last = bytes.len().min(at + blocks * BLOCK + AROUND - BEFORE);
        let seen = bytes.get(at.saturating_sub(BEFORE)..last).unwrap_or_default();
        for block in seen.windows(BLOCK + AROUND).step_by(BLOCK) {
            let mut marks = self.may_begin(&block[BEFORE..BEFORE + BLOCK + 4]);
            while marks != 0 {
                let offset = marks.leading_zeros();
                marks ^= FIRST_MARK >> offset;
                let offset = offset as usize * 2;
                if self.may_be_around(&block[offset..]) {
                    self.compare(bytes, at + offset, &mut hit);
                }
            }
            at += BLOCK;
        }
        for from in (at..part.end).step_by(2) {
            self.compare(bytes, from, &mut hit);
        }
    }

    /// Bytes of the longest word.
    pub(super) fn longest(&self) -> usize {
        self.bounds.windows(2).map(|word| word[1] - word[0]).max().unwrap_or_default()
    }

    /// Bytes of a word.
    pub(super) fn length(&self, word: usize) -> usize {
        self.bounds[word + 1] - self.bounds[word]
    }

    /// A mark for each window of a block that may be one of a keyword, the first one highest. No branch
    /// depends on the text: a wrong guess of the processor costs more than all the rest.
    #[inline]
    fn may_begin(&self, block: &[u8]) -> u64 {
        let mut marks = 0;
        for stretch in block.windows(12).step_by(8) {
            for window in four_windows(stretch) {
                let may_hold = self.filter[slot(window)] >> (window >> 24 & 31) & 1;
                marks = marks << 1 | u64::from(may_hold);
            }
        }
        marks
    }

    /// Whether a window in this neighbourhood may be one of a keyword.
    #[inline]
    fn may_be_around(&self, around: &[u8]) -> bool {
        let around = around.first_chunk().copied().unwrap_or_default();
        let around = u64::from_le_bytes(around) | FOLD;
        let window = low_half(around >> (8 * BEFORE));
        let known = &self.surroundings[bucket(window & FIRST_THREE)];
        (around ^ known.bytes) & known.mask == 0 || self.may_be_late(window)
    }

    fn may_be_late(&self, window: u32) -> bool {
        let slot = late_slot(window);
        self.late_filter[slot / 64] >> (slot % 64) & 1 == 1
    }

    #[inline(never)]
    fn compare(&self, bytes: &[u8], at: usize, hit: &mut impl FnMut(usize, usize)) {
        let window = window_at(bytes, at);
        let late = self.may_be_late(window).then(|| self.late.of(window));
        for candidate in self.candidates.of(window).chain(late.into_iter().flatten()) {
            let Some(start) = at.checked_add_signed(-candidate.offset) else { continue };
            let word =
                || &self.letters[self.bounds[candidate.word]..self.bounds[candidate.word + 1]];
            if candidate.stands(bytes, start, word) {
                hit(candidate.word, start);
            }
        }
    }
}

/// The folded bytes around the windows of a bucket, and which of their bits count.
#[derive(Clone, Copy)]
struct Surroundings {
    bytes: u64,
    mask: u64,
}

impl Surroundings {
    /// Those of a window that begins at `offset` in a word.
    fn of(word: &[u8], offset: isize) -> Self {
        let (mut bytes, mut mask) = ([0; AROUND], [0; AROUND]);
        for (at, byte) in word.iter().enumerate() {
            let at = (at + BEFORE).checked_add_signed(-offset).filter(|at| *at < AROUND);
            if let Some(at) = at {
                (bytes[at], mask[at]) = (*byte, u8::MAX);
            }
        }
        let bytes = u64::from_le_bytes(bytes) | FOLD;
        Self { bytes, mask: u64::from_le_bytes(mask) }
    }

    /// What both have.
    const fn with(self, other: Self) -> Self {
        let mask = self.mask & other.mask & !(self.bytes ^ other.bytes);
        Self { bytes: self.bytes, mask }
    }
}

fn surroundings<'a>(
    entries: &[Candidate],
    word: impl Fn(usize) -> &'a [u8],
) -> Box<[Surroundings; BUCKETS]> {
    // No text is folded to zeros: where no keyword is, nothing goes on.
    let nothing = Surroundings { bytes: 0, mask: u64::MAX };
    let mut all = vec![nothing; BUCKETS];
    for entry in entries {
        let own = Surroundings::of(word(entry.word), entry.offset);
        let known = &mut all[bucket(entry.window & FIRST_THREE)];
        *known = if known.bytes == 0 { own } else { known.with(own) };
    }
    Box::try_from(all).unwrap_or_else(|_| unreachable!("there are that many buckets"))
}

/// A window that a keyword may be recognised by.
#[derive(Clone, Copy)]
struct Candidate {
    window: u32,
    /// The bits of the window that must be so.
    mask: u32,
    /// The first eight bytes of the keyword, in lower case; which of their bits count; the bit that tells the
    /// case of those that are letters.
    head: u64,
    head_mask: u64,
    case: u64,
    length: usize,
    word: usize,
    /// Where in the keyword the window begins.
    offset: isize,
}

impl Candidate {
    fn of_word(text: &[u8], word: usize) -> Self {
        let (mut head, mut head_mask, mut case) = ([0; HEAD], [0; HEAD], [0; HEAD]);
        for (at, byte) in text.iter().take(HEAD).enumerate() {
            (head[at], head_mask[at]) = (byte.to_ascii_lowercase(), u8::MAX);
            case[at] = if byte.is_ascii_alphabetic() { 0x20 } else { 0 };
        }
        let [head, head_mask, case] = [head, head_mask, case].map(u64::from_le_bytes);
        Self { window: 0, mask: 0, head, head_mask, case, length: text.len(), word, offset: 0 }
    }

    fn by(self, window: [u8; 4], mask: u32, offset: isize) -> Self {
        Self { window: fold(u32::from_le_bytes(window)), mask, offset, ..self }
    }

    /// Whether the keyword stands at `start`, in either case.
    fn stands<'a>(&self, bytes: &[u8], start: usize, word: impl Fn() -> &'a [u8]) -> bool {
        let Some(rest) = bytes.get(start..) else { return false };
        let is_there = |from: usize| {
            let there = rest.get(from..self.length);
            there.is_some_and(|there| there.eq_ignore_ascii_case(&word()[from..]))
        };
        let Some(head) = rest.first_chunk() else { return is_there(0) };
        let head = (u64::from_le_bytes(*head) | self.case) & self.head_mask;
        head == self.head && (self.length <= HEAD || is_there(HEAD))
    }
}

/// Candidates in buckets, by the bytes of the window under a mask.
struct Candidates {
    mask: u32,
    /// Where each bucket begins, and the last one ends.
    starts: Vec<u16>,
    entries: Vec<Candidate>,
}

impl Candidates {
    fn new(mut entries: Vec<Candidate>, mask: u32) -> Self {
        let bucket = |entry: &Candidate| bucket(entry.window & mask);
        entries.sort_unstable_by_key(|entry| (bucket(entry), entry.word));
        let mut starts = vec![0; (1 << BUCKET_BITS) + 1];
        for entry in &entries {
            starts[bucket(entry) + 1] += 1;
        }
        for number in 1..starts.len() {
            starts[number] += starts[number - 1];
        }
        Self { mask, starts, entries }
    }

    fn of(&self, window: u32) -> impl Iterator<Item = &Candidate> {
        let bucket = bucket(window & self.mask);
        let (start, end) = (self.starts[bucket], self.starts[bucket + 1]);
        let bucket = &self.entries[usize::from(start)..usize::from(end)];
        bucket.iter().filter(move |entry| (entry.window ^ window) & entry.mask == 0)
    }
}

/// The folded windows at bytes 0, 2, 4 and 6 of 12.
#[inline]
fn four_windows(stretch: &[u8]) -> [u32; 4] {
    let eight = |from: usize| {
        let eight = stretch[from..].first_chunk().copied().unwrap_or_default();
        u64::from_le_bytes(eight) | FOLD
    };
    let (low, high) = (eight(0), eight(4));
    [low_half(low), low_half(low >> 16), low_half(high), low_half(high >> 16)]
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
const fn low_half(eight: u64) -> u32 {
    eight as u32
}

/// The folded window at this place; past the end there are zeros.
fn window_at(bytes: &[u8], at: usize) -> u32 {
    let rest = &bytes[at..];
    let four = rest.first_chunk().copied().unwrap_or_else(|| {
        let mut four = [0; 4];
        four[..rest.len()].copy_from_slice(rest);
        four
    });
    fold(u32::from_le_bytes(four))
}

#[expect(clippy::cast_possible_truncation, reason = "the half is as wide")]
const fn fold(window: u32) -> u32 {
    window | FOLD as u32
}

const fn bucket(masked: u32) -> usize {
    hash(masked, BUCKET_BITS)
}

const fn late_slot(window: u32) -> usize {
    hash(window & LAST_THREE, LATE_BITS)
}

const fn slot(window: u32) -> usize {
    hash(window & FIRST_THREE, SLOT_BITS)
}

const fn bit(window: u32) -> u32 {
    1 << (window >> 24 & 31)
}

const fn hash(window: u32, bits: u32) -> usize {
    (window.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize
}

/// How common four bytes are in source text, by the hash of the window; `scripts/models/windows.py` makes it.
static COMMONNESS: &[u8; 1 << COMMONNESS_BITS] = include_bytes!("windows.bin");
const COMMONNESS_BITS: u32 = 15;

fn commonness(window: &[u8]) -> u8 {
    COMMONNESS[hash(window_at(window, 0), COMMONNESS_BITS)]
}

/// Of a word of five bytes or more, the rarest window that begins at an even and at an odd place.
fn rarest_windows(word: &[u8]) -> impl Iterator<Item = (isize, [u8; 4])> {
    let rarest = move |parity: usize| {
        let windows = word.windows(4).zip(0_isize..).skip(parity).step_by(2);
        windows.min_by_key(|(four, _)| commonness(four))
    };
    let both = [rarest(0), rarest(1)].into_iter().flatten();
    both.map(|(four, at)| (at, [four[0], four[1], four[2], four[3]]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: [&str; 8] =
        ["SG.", "eyJ", "AKIA", "ghp_", "token", "secret", "hooks.slack.com/", "aaa"];

    fn found(text: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let keywords = Keywords::new(WORDS.iter().map(|word| word.as_bytes()));
        keywords.each(text, |word, at| found.push((at, word)));
        found.sort_unstable();
        found
    }

    fn naive(text: &[u8]) -> Vec<(usize, usize)> {
        let places = (0..text.len()).flat_map(|at| (0..WORDS.len()).map(move |word| (at, word)));
        let stands = |&(at, word): &(usize, usize)| {
            let there = text.get(at..at + WORDS[word].len());
            there.is_some_and(|there| there.eq_ignore_ascii_case(WORDS[word].as_bytes()))
        };
        places.filter(stands).collect()
    }

    proptest! {
        #[test]
        fn the_pass_finds_what_a_naive_search_finds(
            parts in prop::collection::vec(prop_oneof![
                (0..WORDS.len()).prop_map(|word| WORDS[word].as_bytes().to_vec()),
                (0..WORDS.len()).prop_map(|word| WORDS[word].to_ascii_uppercase().into_bytes()),
                prop::collection::vec(any::<u8>(), 0..4),
            ], 0..12),
        ) {
            let text = parts.concat();
            prop_assert_eq!(found(&text), naive(&text));
        }
    }
}
