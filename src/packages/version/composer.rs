//! Versions of PHP's packages: what `VersionParser::normalize` of composer/semver makes of them, compared as
//! PHP's `version_compare` does.
//!
//! A branch with numbers (`1.x-dev`) is a version, one with a name (`dev-main`) is none: it has no place in
//! the order.

use std::cmp::Ordering;

use super::parts::{compare_parts, is_number, leading_digits};

/// What stands in a branch's version for `x`.
const WILDCARD: u64 = 9_999_999;

/// The words of stabilities, longer ones before their beginnings.
const STABILITIES: &[(&str, Rank)] = &[
    ("stable", Rank::End),
    ("alpha", Rank::Alpha),
    ("beta", Rank::Beta),
    ("patch", Rank::Patch),
    ("rc", Rank::Candidate),
    ("pl", Rank::Patch),
    ("a", Rank::Alpha),
    ("b", Rank::Beta),
    ("p", Rank::Patch),
];

/// How `version_compare` orders parts; two numbers are compared as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Dev,
    Alpha,
    Beta,
    Candidate,
    End,
    Number,
    Patch,
}

/// A normalised version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Composer<'a> {
    numbers: Numbers<'a>,
    pub(super) modifiers: Modifiers<'a>,
}

/// What follows the numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Modifiers<'a> {
    /// The stability, if one is written, and its numbers.
    stability: Option<(Rank, &'a str)>,
    pub(super) is_dev: bool,
}

impl Modifiers<'_> {
    /// The first version of all with the same numbers.
    pub(super) const DEV: Self = Self { stability: None, is_dev: true };

    /// Whether nothing is written.
    pub(super) fn is_none(&self) -> bool {
        self.stability.is_none() && !self.is_dev
    }

    fn is_unstable(&self) -> bool {
        self.is_dev || self.stability.is_some_and(|(rank, _)| rank < Rank::End)
    }
}

#[derive(Debug, Clone, Copy)]
enum Numbers<'a> {
    Four([u64; 4]),
    Date(&'a str),
}

impl<'a> Composer<'a> {
    /// Reads a version.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (text, _) = split_stability_flag(text.trim());
        let text = match text.split_once('+') {
            Some((version, build)) if !build.is_empty() && !build.contains(char::is_whitespace) => {
                version
            }
            _ => text,
        };
        let numbers = without_v(text);
        Self::classical(numbers).or_else(|| Self::date(numbers)).or_else(|| Self::branch(numbers))
    }

    /// `1.2`, `1.2.3.4-beta2`.
    fn classical(text: &'a str) -> Option<Self> {
        let (numbers, _, rest) = four_numbers(text)?;
        let is_short = leading_digits(text).0.len() <= 5;
        if is_short { Self::with_modifiers(Numbers::Four(numbers), rest) } else { None }
    }

    /// `20100102`, `2010-01-02.1`: four digits, one to six times two, then up to three.
    fn date(text: &'a str) -> Option<Self> {
        let digits_at = |at: usize| {
            let rest = &text[at..];
            let digits = rest.strip_prefix(['.', ':', '-']).unwrap_or(rest);
            (at + rest.len() - digits.len(), leading_digits(digits).0.len())
        };
        let (mut end, mut pairs) = (4, 0);
        if leading_digits(text).0.len() < end {
            return None;
        }
        while let (start, 2..) = digits_at(end)
            && pairs < 6
        {
            (end, pairs) = (start + 2, pairs + 1);
        }
        if let (start, more @ 1..=3) = digits_at(end) {
            end = start + more;
        }
        let (numbers, rest) = text.split_at(end);
        if pairs == 0 { None } else { Self::with_modifiers(Numbers::Date(numbers), rest) }
    }

    /// `1.x-dev`, `2.1.*-dev`.
    fn branch(text: &'a str) -> Option<Self> {
        let name = strip_suffix_ignoring_case(text, "dev")?;
        let name = name.strip_suffix(['.', '-']).unwrap_or(name);
        let mut numbers = [WILDCARD; 4];
        let mut parts = name.split('.');
        for (at, slot) in numbers.iter_mut().enumerate() {
            match parts.next() {
                Some("x" | "X" | "*") | None if at > 0 => {}
                Some(part) if is_number(part) => *slot = number(part),
                _ => return None,
            }
        }
        parts.next().is_none().then_some(Self::of_numbers(numbers, Modifiers::DEV))
    }

    fn with_modifiers(numbers: Numbers<'a>, rest: &'a str) -> Option<Self> {
        let modifiers = match modifiers(rest)? {
            Modifiers { stability: Some((Rank::End, _)), .. } => Modifiers::default(),
            modifiers => modifiers,
        };
        Some(Self { numbers, modifiers })
    }

    /// A version of four numbers.
    pub(super) fn of_numbers(numbers: [u64; 4], modifiers: Modifiers<'a>) -> Self {
        Self { numbers: Numbers::Four(numbers), modifiers }
    }

    /// Whether it is not stable.
    pub(super) fn is_prerelease(&self) -> bool {
        self.modifiers.is_unstable()
    }

    /// The order of two versions.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let end = (Rank::End, 0);
        compare_parts(self.parts(), other.parts(), |left, right| {
            left.unwrap_or(end).cmp(&right.unwrap_or(end))
        })
    }

    fn parts(&self) -> impl Iterator<Item = (Rank, u64)> {
        let (four, date) = match self.numbers {
            Numbers::Four(four) => (Some(four), None),
            Numbers::Date(date) => (None, Some(date)),
        };
        let numbers = |text: &'a str| {
            let runs = text.split(|next: char| !next.is_ascii_digit());
            runs.filter(|run| !run.is_empty()).map(|run| (Rank::Number, number(run)))
        };
        let (rank, digits) = self.modifiers.stability.unzip();
        four.into_iter()
            .flatten()
            .map(|number| (Rank::Number, number))
            .chain(date.into_iter().flat_map(numbers))
            .chain(rank.map(|rank| (rank, 0)))
            .chain(digits.into_iter().flat_map(numbers))
            .chain(self.modifiers.is_dev.then_some((Rank::Dev, 0)))
    }
}

/// A number as PHP reads it: of those that are too large each is the largest.
fn number(digits: &str) -> u64 {
    digits.parse().unwrap_or(u64::MAX).min(i64::MAX.unsigned_abs())
}

/// Up to four numbers with dots between them, how many there are, and what follows.
pub(super) fn four_numbers(text: &str) -> Option<([u64; 4], usize, &str)> {
    let (mut numbers, mut count) = ([0; 4], 0);
    let mut rest = text;
    for slot in &mut numbers {
        let start = if count == 0 { Some(rest) } else { rest.strip_prefix('.') };
        match start.map(leading_digits) {
            Some((digits, after)) if !digits.is_empty() => {
                (*slot, rest) = (number(digits), after);
                count += 1;
            }
            _ => break,
        }
    }
    (count > 0).then_some((numbers, count, rest))
}

/// Reads `[._-]?(stability(number)*)?([.-]?dev)?`.
pub(super) fn modifiers(text: &str) -> Option<Modifiers<'_>> {
    let text = text.strip_prefix(['.', '_', '-']).unwrap_or(text);
    let mut stability = None;
    let mut rest = text;
    for (word, rank) in STABILITIES {
        if let Some(after) = strip_prefix_ignoring_case(text, word) {
            let length = numbers_length(after);
            stability = Some((*rank, &after[..length]));
            rest = &after[length..];
            break;
        }
    }
    let dev = rest.strip_prefix(['.', '-']).unwrap_or(rest);
    match rest {
        "" => Some(Modifiers { stability, is_dev: false }),
        _ => dev.eq_ignore_ascii_case("dev").then_some(Modifiers { stability, is_dev: true }),
    }
}

/// Length of `([.-]?digits)*` at the start of a text.
fn numbers_length(text: &str) -> usize {
    let mut end = 0;
    loop {
        let rest = &text[end..];
        let digits = leading_digits(rest.strip_prefix(['.', '-']).unwrap_or(rest)).0.len();
        if digits == 0 {
            return end;
        }
        end += digits + usize::from(rest.starts_with(['.', '-']));
    }
}

/// Splits off `@dev` and the like.
pub(super) fn split_stability_flag(text: &str) -> (&str, &str) {
    match text.rsplit_once('@') {
        Some((version, flag)) if is_stability(flag) => (version, flag),
        _ => (text, ""),
    }
}

fn is_stability(flag: &str) -> bool {
    ["stable", "rc", "beta", "alpha", "dev"].iter().any(|known| flag.eq_ignore_ascii_case(known))
}

/// The version without the `v` that may stand before it.
pub(super) fn without_v(text: &str) -> &str {
    text.strip_prefix(['v', 'V']).unwrap_or(text)
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn strip_suffix_ignoring_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, tail) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    tail.eq_ignore_ascii_case(suffix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_ascending, assert_no_versions},
    };

    #[test]
    fn the_order_is_that_of_normalised_versions() {
        assert_ascending(
            Ecosystem::Packagist,
            &[
                "0.0.0-dev",
                "0.0.0-alpha",
                "0.0.0 == 0 == v0.0",
                "0.0.0.1 == v0.0.0.1",
                "0.1",
                "0.9.9999999",
                "1.0.0-dev == 1.0dev == 1-dev == 1.0.0.0-dev == 1.0.0_dev",
                "1.0.0-alpha-dev",
                "1.0.0-alpha == 1.0.0a == 1.0.0_a == 1.0-ALPHA",
                "1.0.0-alpha1-dev",
                "1.0.0-alpha1 == 1.0.0-alpha.1 == 1.0a1 == 1.0.0-a-1",
                "1.0.0-alpha2 == 1.0.0alpha2 == 1.0.0.alpha.2",
                "1.0.0-alpha2.1",
                "1.0.0-alpha10",
                "1.0.0-beta == 1.0b",
                "1.0.0-beta5-dev",
                "1.0.0-beta5 == 1.0.0.b5 == 1.0.0beta.5",
                "1.0.0-beta5.2",
                "1.0.0-RC1-dev == 1.0.0-rC-1-dev",
                "1.0.0-RC1 == 1.0.0rc1",
                "1.0.0 == 1 == 1.0 == v1 == 1.0.0-stable == 1.0.0+build == 1.0.0@stable == 1.0.",
                "1.0.0-patch-dev",
                "1.0.0-p1 == 1.0.0-pl1 == 1.0.0-patch1 == 1.0.0pl1 == 1.0-p.1",
                "1.0.0-pl3",
                "1.0.0.1-dev",
                "1.0.0.1",
                "1.0.1",
                "1.0.x-dev == 1.0.9999999.9999999-dev == 1.0.*-dev == v1.0.X-dev",
                "1.2.3.4",
                "1.2.10",
                "1.10",
                "1.x-dev == 1.X.dev",
                "2.0.4-p1",
                "2.0.5",
                "10.4.13beta == 10.4.13-b == 10.4.13.0b+metadata",
                "10.4.13",
                "041.x-dev",
                "2010.01",
                "2010-01-02",
                "20100102",
                "20100102-203040",
                "20100102.203041",
                "20100102203040",
                "20100102203040-10",
            ],
        );
        assert_no_versions(
            Ecosystem::Packagist,
            &[
                "",
                "a",
                "1.0.0-meh",
                "1.0.0.0.0",
                "feature-foo",
                "dev-main",
                "master",
                "foo bar-dev",
                "1.0.0+foo bar",
                "1.0.0<1.0.5",
                "^1",
                "~1.0",
                "1.*",
            ],
        );
    }
}
