//! `primaryLocationLineHash`, by which GitHub recognises an alert between runs.
//!
//! The algorithm is that of GitHub's upload action: a rolling hash over 100 UTF-16 units from the start
//! of the line, without blanks and tabs, with line ends unified and a counter for repeats.

use std::collections::HashMap;

const BLOCK: usize = 100;
const BASE: u64 = 37;
const END_OF_FILE: u64 = 65_535;

/// The hash of each line of `text`, first line first: `e9496ae3ebfced30:1`.
pub fn line_hashes(text: &str) -> Vec<String> {
    let mut state = State::new();
    for unit in text.encode_utf16() {
        state.take(u64::from(unit));
    }
    state.take(END_OF_FILE);
    for _ in 0..BLOCK {
        state.emit_if_line_starts();
        state.roll(0);
    }
    state.hashes
}

struct State {
    window: [u64; BLOCK],
    starts_line: [bool; BLOCK],
    at: usize,
    hash: u64,
    first_weight: u64,
    line_start: bool,
    after_return: bool,
    seen: HashMap<u64, u32>,
    hashes: Vec<String>,
}

impl State {
    fn new() -> Self {
        Self {
            window: [0; BLOCK],
            starts_line: [false; BLOCK],
            at: 0,
            hash: 0,
            first_weight: (0..BLOCK).fold(1, |weight: u64, _| weight.wrapping_mul(BASE)),
            line_start: true,
            after_return: false,
            seen: HashMap::new(),
            hashes: Vec::new(),
        }
    }

    fn take(&mut self, unit: u64) {
        const TAB: u64 = 9;
        const LINE_FEED: u64 = 10;
        const RETURN: u64 = 13;
        const BLANK: u64 = 32;
        if unit == BLANK || unit == TAB || (self.after_return && unit == LINE_FEED) {
            self.after_return = false;
            return;
        }
        self.after_return = unit == RETURN;
        let unit = if unit == RETURN { LINE_FEED } else { unit };
        self.emit_if_line_starts();
        if self.line_start {
            self.line_start = false;
            self.starts_line[self.at] = true;
        }
        self.line_start = unit == LINE_FEED;
        self.roll(unit);
    }

    fn emit_if_line_starts(&mut self) {
        if std::mem::take(&mut self.starts_line[self.at]) {
            let count = self.seen.entry(self.hash).or_default();
            *count += 1;
            self.hashes.push(format!("{:x}:{count}", self.hash));
        }
    }

    fn roll(&mut self, unit: u64) {
        let old = std::mem::replace(&mut self.window[self.at], unit);
        self.hash = self
            .hash
            .wrapping_mul(BASE)
            .wrapping_add(unit)
            .wrapping_sub(self.first_weight.wrapping_mul(old));
        self.at = (self.at + 1) % BLOCK;
    }
}

#[cfg(test)]
mod tests {
    use super::line_hashes;

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
}
