//! `primaryLocationLineHash`, by which GitHub recognises an alert between runs.
//!
//! The algorithm is that of GitHub's upload action: a rolling hash over 100 UTF-16 units from the start
//! of the line, without blanks and tabs, with line ends unified and a counter for repeats.

use std::collections::HashMap;

const BLOCK: usize = 100;
/// Places that are kept: as many as a block has, and more for a length that a mask turns into a place.
const RING: usize = 128;
const BASE: u64 = 37;
const END_OF_FILE: u16 = u16::MAX;

/// The hashes of the lines of a text. What GitHub is told is made for the lines that are asked about, since those
/// are few.
#[derive(Debug)]
pub struct LineHashes {
    /// Of each line its hash, and how many up to it have the same.
    lines: Vec<(u64, u32)>,
}

impl LineHashes {
    /// Looks at all lines.
    pub fn new(text: &str) -> Self {
        Self::counted(hashes(text, usize::MAX))
    }

    /// The hash of a line, counted from 1, with its number among those that are equal: `e9496ae3ebfced30:1`. Of a
    /// line that there is not, that of the last one.
    pub fn of(&self, line: u32) -> String {
        let line = self.lines.get(line.saturating_sub(1) as usize).or(self.lines.last());
        let (hash, count) = line.copied().unwrap_or_default();
        format!("{hash:x}:{count}")
    }

    fn counted(hashes: Vec<u64>) -> Self {
        let mut seen: HashMap<u64, u32> = HashMap::with_capacity(hashes.len());
        let lines = hashes.into_iter().map(|hash| {
            let count = seen.entry(hash).or_default();
            *count += 1;
            (hash, *count)
        });
        Self { lines: lines.collect() }
    }
}

/// The hash of the first line, for which only the start of the text is looked at.
pub fn of_first_line(text: &str) -> String {
    LineHashes::counted(hashes(text, 1)).of(1)
}

/// The hashes of the first lines, at least as many as are wanted if there are so many.
fn hashes(text: &str, wanted: usize) -> Vec<u64> {
    let mut state = State::new();
    if text.is_ascii() {
        state.take_all(text.bytes().map(u16::from), wanted);
    } else {
        state.take_all(text.encode_utf16(), wanted);
    }
    state.take(END_OF_FILE);
    (0..BLOCK).for_each(|_| state.roll(0));
    state.hashes
}

struct State {
    window: [u16; RING],
    starts_line: [bool; RING],
    taken: usize,
    hash: u64,
    first_weight: u64,
    line_start: bool,
    after_return: bool,
    hashes: Vec<u64>,
}

impl State {
    fn new() -> Self {
        Self {
            window: [0; RING],
            starts_line: [false; RING],
            taken: 0,
            hash: 0,
            first_weight: (0..BLOCK).fold(1, |weight: u64, _| weight.wrapping_mul(BASE)),
            line_start: true,
            after_return: false,
            hashes: Vec::new(),
        }
    }

    fn take_all(&mut self, units: impl Iterator<Item = u16>, wanted: usize) {
        for unit in units {
            self.take(unit);
            if self.hashes.len() >= wanted {
                break;
            }
        }
    }

    fn take(&mut self, unit: u16) {
        const TAB: u16 = 9;
        const LINE_FEED: u16 = 10;
        const RETURN: u16 = 13;
        const BLANK: u16 = 32;
        if unit == BLANK || unit == TAB || (self.after_return && unit == LINE_FEED) {
            self.after_return = false;
            return;
        }
        self.after_return = unit == RETURN;
        let unit = if unit == RETURN { LINE_FEED } else { unit };
        self.starts_line[self.taken % RING] = self.line_start;
        self.line_start = unit == LINE_FEED;
        self.roll(unit);
    }

    /// Takes a unit in, and the one a block before it out; where that began a line, its hash is complete.
    fn roll(&mut self, unit: u16) {
        let leaving = self.taken.wrapping_sub(BLOCK) % RING;
        if std::mem::take(&mut self.starts_line[leaving]) {
            self.hashes.push(self.hash);
        }
        self.hash = self
            .hash
            .wrapping_mul(BASE)
            .wrapping_add(u64::from(unit))
            .wrapping_sub(self.first_weight.wrapping_mul(u64::from(self.window[leaving])));
        self.window[self.taken % RING] = unit;
        self.taken += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_hashes(text: &str) -> Vec<String> {
        let hashes = LineHashes::new(text);
        let all: Vec<String> = (1..).take(hashes.lines.len()).map(|line| hashes.of(line)).collect();
        assert_eq!(of_first_line(text), all[0]);
        all
    }

    #[test]
    fn the_published_vectors_hold() {
        assert_eq!(line_hashes(""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(
            line_hashes(" a\nb\n  \t\tc\n d"),
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]
        );
        assert_eq!(
            line_hashes(" hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n"),
            [
                "e9496ae3ebfced30:1",
                "fb7c023a8b9ccb3f:1",
                "ce8ba1a563dcdaca:1",
                "e20e36e16fcb0cc8:1",
                "b3edc88f2938467e:1",
                "c8e28b0b4002a3a0:1",
                "c129715d7a2bc9a3:1"
            ]
        );
    }

    #[test]
    fn equal_lines_are_counted_and_the_start_is_enough_for_the_first() {
        let text = format!("{}\n", "a".repeat(99)).repeat(300);
        let all = line_hashes(&text);
        assert_eq!(
            (all[0].rsplit(':').next(), all[298].rsplit(':').next()),
            (Some("1"), Some("299"))
        );
        assert_eq!(hashes(&text, 1).len(), 1 + 1, "its end adds the line that was begun");
        assert_eq!(line_hashes("\u{1f600}\nx")[1], line_hashes("x")[0]);
    }
}
