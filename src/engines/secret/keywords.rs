//! The one pass over all bytes: where do the rules' keywords stand?
//!
//! Every second position's four bytes, folded to one case, are looked up in a bit table small enough
//! for the first-level cache. Each keyword is entered with an even and an odd window, so that one of
//! the two lies on a looked-at position wherever the keyword begins. Only hits are compared with
//! keywords. The pass costs the same for one keyword and for a thousand.

/// Logarithm of the number of bits of the first table.
const FILTER_BITS: u32 = 19;
const FILTER_WORDS: usize = 1 << (FILTER_BITS - 6);
/// Logarithm of the number of buckets of the tables of candidates.
const BUCKET_BITS: u32 = 10;
/// Setting this bit maps upper to lower case (and some marks onto others, which the comparison undoes).
const FOLD: u32 = 0x2020_2020;
/// The three first bytes of a little-endian window; the last may be any.
const LAST_FREE: u32 = 0x00ff_ffff;
/// The three last bytes of a little-endian window; the first may be any.
const FIRST_FREE: u32 = 0xffff_ff00;

/// Literals to look for, in either case, all at once.
pub(super) struct Keywords {
    filter: Box<[u64; FILTER_WORDS]>,
    whole: Candidates,
    first_free: Candidates,
    last_free: Candidates,
    words: Vec<Box<[u8]>>,
}

impl Keywords {
    /// Prepares the tables. Each word has three bytes or more; its index is its name in [`Self::each`].
    pub(super) fn new<'a>(words: impl Iterator<Item = &'a [u8]>) -> Self {
        let words: Vec<Box<[u8]>> = words.map(Box::from).collect();
        let mut made = Self {
            filter: Box::try_from(vec![0; FILTER_WORDS]).expect("there are that many words"),
            whole: Candidates::default(),
            first_free: Candidates::default(),
            last_free: Candidates::default(),
            words: Vec::new(),
        };
        let (mut whole, mut first_free, mut last_free) = (Vec::new(), Vec::new(), Vec::new());
        for (index, word) in words.iter().enumerate() {
            match *word.as_ref() {
                [a, b, c] => {
                    last_free.push(Candidate::new([a, b, c, 0], index, 0));
                    first_free.push(Candidate::new([0, a, b, c], index, -1));
                }
                [a, b, c, d] => {
                    whole.push(Candidate::new([a, b, c, d], index, 0));
                    first_free.push(Candidate::new([0, a, b, c], index, -1));
                }
                _ => whole
                    .extend(rarest_pair(word).map(|(at, four)| Candidate::new(four, index, at))),
            }
        }
        for candidate in &whole {
            made.enter(candidate.window);
        }
        for free in 0..=0xff_u32 {
            for candidate in &first_free {
                made.enter(candidate.window & FIRST_FREE | free | FOLD);
            }
            for candidate in &last_free {
                made.enter(candidate.window & LAST_FREE | free << 24 | FOLD);
            }
        }
        made.whole = Candidates::new(whole, u32::MAX);
        made.first_free = Candidates::new(first_free, FIRST_FREE);
        made.last_free = Candidates::new(last_free, LAST_FREE);
        made.words = words;
        made
    }

    /// Calls `hit` with the index and the place of each word in `bytes`, roughly in order of place.
    pub(super) fn each(&self, bytes: &[u8], mut hit: impl FnMut(usize, usize)) {
        let mut at = 0;
        // Four windows at a time: their tests do not wait for each other.
        while let Some(stretch) = bytes[at..].first_chunk::<12>() {
            let windows = four_windows(stretch);
            if windows.iter().fold(0, |any, window| any | self.bit(*window)) & 1 == 1 {
                for (offset, window) in [0, 2, 4, 6].into_iter().zip(windows) {
                    if self.bit(window) & 1 == 1 {
                        self.compare(bytes, at + offset, window, &mut hit);
                    }
                }
            }
            at += 8;
        }
        self.end(bytes, at, &mut hit);
    }

    /// The last few positions, where a window reaches over the end.
    fn end(&self, bytes: &[u8], from: usize, hit: &mut impl FnMut(usize, usize)) {
        for at in (from..bytes.len()).step_by(2) {
            let byte = |offset: usize| bytes.get(at + offset).copied().unwrap_or_default();
            let window = u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)]) | FOLD;
            self.compare(bytes, at, window, hit);
        }
    }

    fn enter(&mut self, window: u32) {
        let bit = hash(window, FILTER_BITS);
        self.filter[bit >> 6] |= 1 << (bit & 63);
    }

    /// The lowest bit tells whether the window may be one of a keyword.
    fn bit(&self, window: u32) -> u64 {
        let bit = hash(window, FILTER_BITS);
        // The index can not be too large; the mask tells the compiler so.
        self.filter[(bit >> 6) & (FILTER_WORDS - 1)] >> (bit & 63)
    }

    #[inline(never)]
    fn compare(&self, bytes: &[u8], at: usize, window: u32, hit: &mut impl FnMut(usize, usize)) {
        for table in [&self.whole, &self.first_free, &self.last_free] {
            for candidate in table.of(window) {
                let Some(start) = at.checked_add_signed(-candidate.offset) else { continue };
                let word = &self.words[candidate.word];
                let there = bytes.get(start..start + word.len());
                if there.is_some_and(|there| there.eq_ignore_ascii_case(word)) {
                    hit(candidate.word, start);
                }
            }
        }
    }
}

/// A window that a keyword may be recognised by.
#[derive(Clone, Copy)]
struct Candidate {
    window: u32,
    word: usize,
    /// Where in the keyword the window begins.
    offset: isize,
}

impl Candidate {
    fn new(window: [u8; 4], word: usize, offset: isize) -> Self {
        Self { window: u32::from_le_bytes(window) | FOLD, word, offset }
    }
}

/// Candidates by window, in buckets.
#[derive(Default)]
struct Candidates {
    mask: u32,
    starts: Vec<u16>,
    entries: Vec<Candidate>,
}

impl Candidates {
    fn new(mut entries: Vec<Candidate>, mask: u32) -> Self {
        let bucket = |candidate: &Candidate| hash(candidate.window & mask, BUCKET_BITS);
        entries.sort_by_key(bucket);
        let start = |number: usize| entries.partition_point(|entry| bucket(entry) < number);
        let starts = (0..=1 << BUCKET_BITS)
            .map(|number| u16::try_from(start(number)).unwrap_or(u16::MAX))
            .collect();
        Self { mask, starts, entries }
    }

    fn of(&self, window: u32) -> impl Iterator<Item = &Candidate> {
        let window = window & self.mask;
        let bucket = hash(window, BUCKET_BITS);
        let range = usize::from(self.starts[bucket])..usize::from(self.starts[bucket + 1]);
        self.entries[range].iter().filter(move |entry| entry.window & self.mask == window)
    }
}

/// The folded windows at bytes 0, 2, 4 and 6.
fn four_windows(stretch: &[u8; 12]) -> [u32; 4] {
    [0, 2, 4, 6].map(|at| {
        let window = [stretch[at], stretch[at + 1], stretch[at + 2], stretch[at + 3]];
        u32::from_le_bytes(window) | FOLD
    })
}

const fn hash(window: u32, bits: u32) -> usize {
    (window.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize
}

/// The two neighbouring windows of a word of five bytes or more that are rarest in source text.
fn rarest_pair(word: &[u8]) -> [(isize, [u8; 4]); 2] {
    let cost = |five: &[u8]| five.iter().map(|byte| commonness(*byte)).sum::<u32>();
    let best = word.windows(5).enumerate().min_by_key(|(_, five)| cost(five));
    let (at, five) = best.unwrap_or((0, &[0; 5]));
    let at = isize::try_from(at).unwrap_or_default();
    [(at, [five[0], five[1], five[2], five[3]]), (at + 1, [five[1], five[2], five[3], five[4]])]
}

/// How often a byte stands in source text, as a rough rank.
const fn commonness(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b'e' | b't' | b's' | b'r' | b'i' | b'n' | b'a' | b'o' | b' ' => 8,
        b'l' | b'd' | b'c' | b'u' | b'm' | b'p' | b'f' | b'_' => 6,
        b'g' | b'h' | b'b' | b'v' | b'w' | b'y' | b'k' | b'x' | b'-' | b'/' | b'=' | b'0' => 4,
        _ => 2,
    }
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
