//! Versions of Alpine's packages: apk-package(5), `number{.number}…{letter}{_suffix{number}}…{~hash}{-r#}`.
//!
//! As apk does it, a number after a dot that begins with 0 makes both be compared as text.

use std::cmp::Ordering;

use super::parts::{Digits, leading_digits};

/// The suffixes in their order; those from `cvs` on come after a version without suffix.
const SUFFIXES: &[&str] = &["alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"];
/// How many of them are of pre-releases.
const BEFORE_RELEASE: usize = 4;

/// A version of apk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alpine<'a>(&'a str);

/// One part. Of two versions that differ in kind at a place, the one with the earlier kind is the newer one,
/// but for the suffixes of pre-releases; the end is the last kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    First(Digits<'a>),
    Number(&'a str),
    Letter(u8),
    Suffix(usize),
    SuffixNumber(Digits<'a>),
    Hash(&'a str),
    Revision(Digits<'a>),
    End,
}

impl Part<'_> {
    fn kind(self) -> u8 {
        match self {
            Part::First(_) => 0,
            Part::Number(_) => 1,
            Part::Letter(_) => 2,
            Part::Suffix(_) => 3,
            Part::SuffixNumber(_) => 4,
            Part::Hash(_) => 5,
            Part::Revision(_) => 6,
            Part::End => 7,
        }
    }

    fn is_before_release(self) -> bool {
        matches!(self, Part::Suffix(suffix) if suffix < BEFORE_RELEASE)
    }

    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Part::First(left), Part::First(right))
            | (Part::SuffixNumber(left), Part::SuffixNumber(right))
            | (Part::Revision(left), Part::Revision(right)) => left.cmp(&right),
            (Part::Number(left), Part::Number(right)) => {
                if left.starts_with('0') || right.starts_with('0') {
                    left.cmp(right)
                } else {
                    Digits::new(left).cmp(&Digits::new(right))
                }
            }
            (Part::Letter(left), Part::Letter(right)) => left.cmp(&right),
            (Part::Suffix(left), Part::Suffix(right)) => left.cmp(&right),
            (Part::Hash(left), Part::Hash(right)) => left.cmp(right),
            _ => match (self.is_before_release(), other.is_before_release()) {
                (false, false) => other.kind().cmp(&self.kind()),
                (left, right) => right.cmp(&left),
            },
        }
    }
}

impl<'a> Alpine<'a> {
    /// Reads a version.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (mut part, mut rest) = first(text)?;
        while part != Part::End {
            (part, rest) = next(part, rest)?;
        }
        Some(Self(text))
    }

    /// Whether its first suffix is one of pre-releases.
    pub(super) fn is_prerelease(&self) -> bool {
        let suffix = self.0.split('_').nth(1).unwrap_or_default();
        SUFFIXES[..BEFORE_RELEASE].iter().any(|before| suffix.starts_with(before))
    }

    /// The order of two versions.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (first(self.0), first(other.0));
        while let (Some((part, rest)), Some((other_part, other_rest))) = (left, right) {
            let order = part.compare(other_part);
            if order != Ordering::Equal || part == Part::End {
                return order;
            }
            (left, right) = (next(part, rest), next(other_part, other_rest));
        }
        Ordering::Equal
    }
}

fn first(text: &str) -> Option<(Part<'_>, &str)> {
    let (digits, rest) = leading_digits(text);
    (!digits.is_empty()).then(|| (Part::First(Digits::new(digits)), rest))
}

/// The part after one of this kind, if the text has one that may stand there.
fn next<'a>(after: Part<'_>, text: &'a str) -> Option<(Part<'a>, &'a str)> {
    let Some(start) = text.bytes().next() else {
        return Some((Part::End, text));
    };
    let (digits, after_digits) = leading_digits(text.get(1..).unwrap_or_default());
    let (part, rest) = match start {
        b'.' if !digits.is_empty() => (Part::Number(digits), after_digits),
        b'a'..=b'z' => (Part::Letter(start), &text[1..]),
        b'0'..=b'9' => {
            let (digits, rest) = leading_digits(text);
            (Part::SuffixNumber(Digits::new(digits)), rest)
        }
        b'_' => {
            let end = text[1..].find(|next: char| !next.is_ascii_lowercase());
            let (word, rest) = text[1..].split_at(end.unwrap_or(text.len() - 1));
            (Part::Suffix(SUFFIXES.iter().position(|suffix| *suffix == word)?), rest)
        }
        b'~' => {
            let is_hash = |next: char| next.is_ascii_digit() || matches!(next, 'a'..='f');
            let end = text[1..].find(|next: char| !is_hash(next));
            let (hash, rest) = text[1..].split_at(end.unwrap_or(text.len() - 1));
            (Part::Hash((!hash.is_empty()).then_some(hash)?), rest)
        }
        b'-' => {
            let (digits, rest) = leading_digits(text.strip_prefix("-r")?);
            (Part::Revision(Digits::new((!digits.is_empty()).then_some(digits)?)), rest)
        }
        _ => return None,
    };
    let may_follow = match part {
        Part::Number(_) | Part::Letter(_) => after.kind() <= 1,
        Part::Suffix(_) => after.kind() <= 4,
        Part::SuffixNumber(_) => matches!(after, Part::Suffix(_)),
        _ => after.kind() < part.kind(),
    };
    may_follow.then_some((part, rest))
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_ascending, assert_no_versions},
    };

    #[test]
    fn the_order_is_that_of_apk() {
        assert_ascending(
            Ecosystem::Alpine,
            &[
                "0_alpha",
                "0 == 00",
                "0.0.1",
                "0.02",
                "0.1.0_alpha_pre2",
                "0.1.0_alpha",
                "0.1.0_alpha1",
                "0.1.0_alpha2",
                "0.1.0_beta",
                "0.1.0_pre",
                "0.1.0_rc1",
                "0.1.0_rc1_p1",
                "0.1.0_rc2",
                "0.1.0_rc10",
                "0.1.0",
                "0.1.0-r0",
                "0.1.0-r1 == 0.1.0-r01",
                "0.1.0-r2",
                "0.1.0-r10",
                "0.1.0~0abc",
                "0.1.0~1",
                "0.1.0~1-r1",
                "0.1.0_cvs",
                "0.1.0_svn",
                "0.1.0_git20200101",
                "0.1.0_git20210101-r0",
                "0.1.0_hg",
                "0.1.0_p1",
                "0.1.0_p1-r1",
                "0.1.0_p2",
                "0.1.0_p10",
                "0.1.0a",
                "0.1.0a-r1",
                "0.1.0a_p1",
                "0.1.0b",
                "0.1.0.0",
                "0.1.0.1",
                "0.1.1",
                "0.2",
                "0.12",
                "1.2.3-r0",
                "1.2.3-r1",
                "1.35.0-r17",
                "2.9.9999",
                "3.0.0015",
                "3.0.002",
                "3.0.1",
                "20220614-r0",
            ],
        );
        assert_no_versions(
            Ecosystem::Alpine,
            &[
                "",
                "a",
                "1.",
                "1..2",
                "1.2_foo",
                "1.2_",
                "1.2-1",
                "1.2-r",
                "1.2ab",
                "1.2a1",
                "1.2~",
                "1.2~xyz",
                "1.2-r1_p1",
                "1.2.A",
                "v1.2",
                "1.2 ",
            ],
        );
    }
}
