//! The one pass over all bytes: where do the rules' keywords stand?
//!
//! Every second position's four bytes, folded to one case, are looked up in a bit table small enough
//! for the first caches. Each keyword is entered with an even and an odd window, so that one of the
//! two lies on a looked-at position wherever the keyword begins; of a long keyword, the two that are
//! rarest in source text. Only hits are compared with keywords. The pass costs nearly the same for one
//! keyword and for two thousand.

/// Logarithm of the number of slots of the filter, each of which has a bit for every fourth byte.
const SLOT_BITS: u32 = 15;
const SLOTS: usize = 1 << SLOT_BITS;
/// Logarithm of the number of buckets of candidates.
const BUCKET_BITS: u32 = 14;
/// Bytes that are looked at together; their places fit into a byte.
const BLOCK: usize = 128;
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
    /// Those that are known by the first three bytes of a window, or by all four.
    candidates: Candidates,
    /// Those that are known by the last three bytes.
    late: Candidates,
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
                _ => entries.extend(rarest_pair(word).map(|(at, four)| known.by(four, ALL, at))),
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
        Self {
            filter,
            candidates: Candidates::new(entries, FIRST_THREE),
            late: Candidates::new(late, LAST_THREE),
            letters,
            bounds,
        }
    }

    /// Calls `hit` with the index and the place of each word in `bytes`, roughly in order of place.
    pub(super) fn each(&self, bytes: &[u8], mut hit: impl FnMut(usize, usize)) {
        let mut at = 0;
        for block in bytes.windows(BLOCK + 4).step_by(BLOCK) {
            let (offsets, count) = self.may_begin(block);
            for offset in &offsets[..count] {
                let from = at + usize::from(*offset);
                self.compare(bytes, from, window_at(bytes, from), &mut hit);
            }
            at += BLOCK;
        }
        for from in (at..bytes.len()).step_by(2) {
            self.compare(bytes, from, window_at(bytes, from), &mut hit);
        }
    }

    /// Where in a block a window stands that may be one of a keyword, and how many there are. No branch
    /// depends on the text: a wrong guess of the processor costs more than all the rest.
    #[inline]
    fn may_begin(&self, block: &[u8]) -> ([u8; BLOCK / 2], usize) {
        let mut offsets = [0; BLOCK / 2];
        let mut count = 0;
        let mut at = 0;
        for stretch in block.windows(12).step_by(8) {
            for window in four_windows(stretch) {
                // There are as many places as windows, so that the last one is never passed.
                offsets[count & (BLOCK / 2 - 1)] = at;
                let may_hold = self.filter[slot(window)] >> (window >> 24 & 31) & 1;
                count += may_hold as usize;
                at += 2;
            }
        }
        (offsets, count.min(BLOCK / 2))
    }

    #[inline(never)]
    fn compare(&self, bytes: &[u8], at: usize, window: u32, hit: &mut impl FnMut(usize, usize)) {
        for candidate in self.candidates.of(window).chain(self.late.of(window)) {
            let Some(start) = at.checked_add_signed(-candidate.offset) else { continue };
            if !candidate.may_begin(bytes, start) {
                continue;
            }
            let word = &self.letters[self.bounds[candidate.word]..self.bounds[candidate.word + 1]];
            let there = bytes.get(start..start + word.len());
            if there.is_some_and(|there| there.eq_ignore_ascii_case(word)) {
                hit(candidate.word, start);
            }
        }
    }
}

/// A window that a keyword may be recognised by.
#[derive(Clone, Copy)]
struct Candidate {
    window: u32,
    /// The bits of the window that must be so.
    mask: u32,
    /// The folded first eight bytes of the keyword, and which of their bits count.
    head: u64,
    head_mask: u64,
    word: usize,
    /// Where in the keyword the window begins.
    offset: isize,
}

impl Candidate {
    fn of_word(text: &[u8], word: usize) -> Self {
        let (mut head, mut head_mask) = ([0; 8], [0; 8]);
        for (at, byte) in text.iter().take(8).enumerate() {
            (head[at], head_mask[at]) = (*byte, u8::MAX);
        }
        let head = u64::from_le_bytes(head) | FOLD;
        Self { window: 0, mask: 0, head, head_mask: u64::from_le_bytes(head_mask), word, offset: 0 }
    }

    fn by(self, window: [u8; 4], mask: u32, offset: isize) -> Self {
        Self { window: fold(u32::from_le_bytes(window)), mask, offset, ..self }
    }

    /// Whether the keyword's first bytes stand at `start`, as far as eight bytes tell.
    fn may_begin(&self, bytes: &[u8], start: usize) -> bool {
        let there = bytes.get(start..).and_then(|rest| rest.first_chunk());
        there.is_none_or(|there| {
            let there = u64::from_le_bytes(*there) | FOLD;
            (there ^ self.head) & self.head_mask == 0
        })
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
        let bucket = |entry: &Candidate| hash(entry.window & mask, BUCKET_BITS);
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
        let bucket = hash(window & self.mask, BUCKET_BITS);
        let (start, end) = (self.starts[bucket], self.starts[bucket + 1]);
        let bucket = &self.entries[usize::from(start)..usize::from(end)];
        bucket.iter().filter(move |entry| (entry.window ^ window) & entry.mask == 0)
    }
}

/// The folded windows at bytes 0, 2, 4 and 6 of 12.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a window is the low half")]
fn four_windows(stretch: &[u8]) -> [u32; 4] {
    let eight = |from: usize| {
        let eight = stretch[from..].first_chunk().copied().unwrap_or_default();
        u64::from_le_bytes(eight) | FOLD
    };
    let (low, high) = (eight(0), eight(4));
    [low as u32, (low >> 16) as u32, high as u32, (high >> 16) as u32]
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

/// The two neighbouring windows of a word of five bytes or more that are rarest in source text.
fn rarest_pair(word: &[u8]) -> [(isize, [u8; 4]); 2] {
    let cost = |five: &[u8]| {
        let (one, other) = (commonness(&five[..4]), commonness(&five[1..]));
        (one.max(other), one.min(other))
    };
    let best = word.windows(5).enumerate().min_by_key(|(_, five)| cost(five));
    let (at, five) = best.unwrap_or((0, &[0; 5]));
    let at = isize::try_from(at).unwrap_or_default();
    [(at, [five[0], five[1], five[2], five[3]]), (at + 1, [five[1], five[2], five[3], five[4]])]
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
