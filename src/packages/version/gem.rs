//! Versions of Ruby's packages: `Gem::Version`.
//!
//! A version is split into numbers and words; a word makes it a pre-release, a hyphen stands for `.pre.`.
//! Zeros at the end of the numbers before the first word, and at the end of all, do not count.

use std::cmp::Ordering;

use super::parts::{Digits, compare_parts, is_number, leading_digits};

/// A version of `RubyGems`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gem<'a> {
    /// The numbers before the first word, as they are written.
    release: &'a str,
    /// The same without zeros at the end.
    numbers: &'a str,
    /// What follows them, without zeros at the end.
    rest: &'a str,
}

impl<'a> Gem<'a> {
    /// Reads a version.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let (version, suffix) = match text.split_once('-') {
            Some((version, suffix)) => (version, Some(suffix)),
            None => (text, None),
        };
        let is_word = |part: &str, hyphen: bool| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || (hyphen && byte == b'-');
            !part.is_empty() && part.bytes().all(fits)
        };
        let is_version = version.split('.').all(|part| is_word(part, false))
            && version.split('.').next().is_some_and(is_number)
            && suffix.is_none_or(|suffix| suffix.split('.').all(|part| is_word(part, true)));
        let words = |next: char| next == '-' || next.is_ascii_alphabetic();
        let (release, rest) = text.split_at(text.find(words).unwrap_or(text.len()));
        is_version.then(|| Self {
            release: release.trim_end_matches('.'),
            numbers: without_zeros(release),
            rest: without_zeros(rest),
        })
    }

    /// Whether it has words in it.
    pub(super) fn is_prerelease(&self) -> bool {
        !self.rest.is_empty()
    }

    /// The numbers before the first word.
    pub(super) fn release(&self) -> impl Iterator<Item = &'a str> + Clone {
        self.release.split('.')
    }

    /// The order of two versions.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        compare_parts(self.segments(), other.segments(), |left, right| {
            compare_segments(left.unwrap_or("0"), right.unwrap_or("0"))
        })
    }

    fn segments(&self) -> impl Iterator<Item = &'a str> {
        Segments(self.numbers).chain(Segments(self.rest))
    }
}

/// Words come before numbers, and are ordered as text.
fn compare_segments(left: &str, right: &str) -> Ordering {
    match (is_number(left), is_number(right)) {
        (true, true) => Digits::new(left).cmp(&Digits::new(right)),
        (false, false) => left.cmp(right),
        (left, right) => left.cmp(&right),
    }
}

fn without_zeros(text: &str) -> &str {
    let mut text = text.trim_end_matches('.');
    while let shorter = text.trim_end_matches('0')
        && shorter.len() < text.len()
        && !shorter.ends_with(|last: char| last.is_ascii_digit())
    {
        text = shorter.trim_end_matches('.');
    }
    text
}

/// The numbers and words of a text; a hyphen is the word `pre`.
struct Segments<'a>(&'a str);

impl<'a> Iterator for Segments<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start_matches('.');
        if let Some(rest) = text.strip_prefix('-') {
            self.0 = rest;
            return Some("pre");
        }
        let (digits, after) = leading_digits(text);
        let (segment, rest) = if digits.is_empty() {
            let end = text.find(|next: char| !next.is_ascii_alphabetic()).unwrap_or(text.len());
            text.split_at(end)
        } else {
            (digits, after)
        };
        self.0 = rest;
        (!segment.is_empty()).then_some(segment)
    }
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_ascending, assert_no_versions},
    };

    #[test]
    fn the_order_is_that_of_gem_version() {
        assert_ascending(
            Ecosystem::RubyGems,
            &[
                "0.a",
                "0.beta",
                "0 == 0.0 == 0.0.0 == 00",
                "0.0.1.a",
                "0.0.1.b2",
                "0.0.1",
                "0.1.2",
                "0.2",
                "0.10",
                "1.A",
                "1.a == 1.0.a == 1.0.0.a == 1.a.0",
                "1.a.1 == 1.a1 == 1.0.a.1",
                "1.a.2",
                "1.a10",
                "1.b",
                "1.beta.a",
                "1.beta",
                "1.beta.2",
                "1.pre-1 == 1.pre.pre.1",
                "1.pre.1 == 1-1 == 1.0-1 == 1.pre1",
                "1.pre.2",
                "1.rc1",
                "1.rc2 == 1.0.0.rc2",
                "1.rc10",
                "1 == 1.0 == 1.0.0 == 01.0 ==  1 ",
                "1.0.1.pre",
                "1.0.1",
                "1.1.rc10",
                "1.1",
                "1.2.b1.2.1.a",
                "1.2.0.pre1",
                "1.2 == 1.2.0",
                "1.2.1",
                "1.2.3.4",
                "1.8.2.a",
                "1.8.2.a10",
                "1.8.2.b",
                "1.8.2",
                "1.9.a",
                "1.9.3",
                "1.10",
                "2.0.0.rc1",
                "2.0",
                "3.0.0.rc.1",
                "3.0.0.rc.10",
                "3.0",
                "5.2.4.3",
                "5.2.4.3.1",
                "20150101.1",
                "99999999999999999999999.0",
            ],
        );
        assert_no_versions(
            Ecosystem::RubyGems,
            &[
                "",
                "junk",
                "1.0\n2.0",
                "1..2",
                "1.2 3.4",
                "2.3422222.222.222222222.22222.ads0as.dasd0.ddd2222.2.qd3e.",
                "-1",
                "1-",
                "1.",
                "1_0",
                "v1",
            ],
        );
    }
}
