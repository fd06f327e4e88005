//! Versions after Semantic Versioning 2.0.0, in the dialects of npm, Go, Hex, Pub and `NuGet`.
//!
//! * npm: what `node-semver` takes in its loose mode, which npm itself uses: `v1.2.3`, `=1.2.3`, `1.2.3beta`,
//!   numbers up to 2^53 - 1.
//! * Go: `golang.org/x/mod/semver` with or without `v`, short forms (`v1.2`), pseudo-versions and
//!   `+incompatible`; releases of the toolchain (`go1.21rc2`, `1.21rc2`) are `1.21.0-rc.2`, as the Go
//!   vulnerability database writes them.
//! * Hex: `Version` of Elixir: all three numbers, no leading zeros.
//! * Pub: `pub_semver`: leading zeros are taken, and build metadata is ordered, after none.
//! * `NuGet`: `NuGetVersion`: one to four numbers up to 2^31 - 1, labels without regard to case.
//!
//! Numbers of more than 64 bits are no version.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use super::parts::{Digits, compare_ignoring_case, compare_lists, is_number, leading_digits};

/// Whose rules are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Npm,
    Go,
    Hex,
    Pub,
    NuGet,
}

/// A semantic version; what is not written is 0 or empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Semantic<'a> {
    pub(super) dialect: Dialect,
    pub(super) numbers: [u64; 4],
    /// Identifiers of the pre-release, with dots between them.
    pub(super) pre: &'a str,
    /// One more identifier: the number of Go's `rc2`.
    pre_number: &'a str,
    build: &'a str,
}

impl<'a> Semantic<'a> {
    /// A version of numbers and a pre-release.
    pub(super) fn new(dialect: Dialect, numbers: [u64; 4], pre: &'a str) -> Self {
        Self { dialect, numbers, pre, pre_number: "", build: "" }
    }

    /// Reads a version.
    pub(super) fn parse(dialect: Dialect, text: &'a str) -> Option<Self> {
        match dialect {
            Dialect::Npm if text.len() > 256 => None,
            Dialect::Npm => {
                let prefix = |next: char| next == 'v' || next == '=' || next.is_whitespace();
                Self::parse_plain(dialect, text.trim().trim_start_matches(prefix), 3..=3)
            }
            Dialect::Go => Self::parse_go(text),
            Dialect::Hex | Dialect::Pub => Self::parse_plain(dialect, text, 3..=3),
            Dialect::NuGet => Self::parse_plain(dialect, text.trim(), 1..=4),
        }
    }

    /// Reads a version of so many numbers.
    pub(super) fn parse_plain(
        dialect: Dialect,
        text: &'a str,
        counts: std::ops::RangeInclusive<usize>,
    ) -> Option<Self> {
        let (numbers, count, rest) = leading_numbers(dialect, text)?;
        if !counts.contains(&count) {
            return None;
        }
        let (rest, build) = match rest.split_once('+') {
            Some((rest, build)) => (rest, valid_identifiers(build, false)?),
            None => (rest, ""),
        };
        let pre = pre_release(dialect, rest)?;
        Some(Self { dialect, numbers, pre, pre_number: "", build })
    }

    fn parse_go(text: &'a str) -> Option<Self> {
        if let Some(text) = text.strip_prefix('v') {
            return Self::parse_go_plain(text);
        }
        let toolchain = text.strip_prefix("go");
        // What a distribution appends to its toolchain's version says nothing of the order.
        let text = toolchain.map_or(text, |text| text.split(['-', ' ']).next().unwrap_or(text));
        let (numbers, _, rest) = leading_numbers(Dialect::Go, text)?;
        let (number, label) =
            (rest.trim_start_matches(|next: char| next.is_ascii_alphabetic()), rest);
        let label = &label[..label.len() - number.len()];
        if matches!(label, "alpha" | "beta" | "rc") && is_number(number) {
            return Some(Self { pre_number: number, ..Self::new(Dialect::Go, numbers, label) });
        }
        Self::parse_go_plain(text)
    }

    fn parse_go_plain(text: &'a str) -> Option<Self> {
        let is_short = !text.contains(['-', '+']);
        Self::parse_plain(Dialect::Go, text, if is_short { 1..=3 } else { 3..=3 })
    }

    /// Whether something comes after the numbers that makes it older than they are.
    pub(super) fn is_prerelease(&self) -> bool {
        !self.pre.is_empty()
    }

    /// Whether its build metadata is part of its identity.
    pub(super) fn has_ordered_build(&self) -> bool {
        self.dialect == Dialect::Pub && !self.build.is_empty()
    }

    /// The order of two versions of one dialect.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.numbers
            .cmp(&other.numbers)
            .then_with(|| self.compare_pre(other))
            .then_with(|| self.compare_build(other))
    }

    fn compare_pre(&self, other: &Self) -> Ordering {
        match (self.is_prerelease(), other.is_prerelease()) {
            (true, true) => {
                let compare =
                    |left: &str, right: &str| compare_identifiers(self.dialect, left, right);
                compare_lists(self.identifiers(), other.identifiers(), compare)
            }
            (left, right) => right.cmp(&left),
        }
    }

    fn compare_build(&self, other: &Self) -> Ordering {
        if self.dialect != Dialect::Pub {
            return Ordering::Equal;
        }
        let compare = |left: &str, right: &str| compare_identifiers(self.dialect, left, right);
        compare_lists(build_parts(self.build), build_parts(other.build), compare)
    }

    fn identifiers(&self) -> impl Iterator<Item = &'a str> {
        self.pre.split('.').chain((!self.pre_number.is_empty()).then_some(self.pre_number))
    }
}

/// Up to four numbers with dots between them, how many there are, and what follows.
fn leading_numbers(dialect: Dialect, text: &str) -> Option<([u64; 4], usize, &str)> {
    let mut numbers = [0; 4];
    let mut rest = text;
    for (at, slot) in numbers.iter_mut().enumerate() {
        let (digits, after) = leading_digits(rest);
        *slot = number(dialect, digits)?;
        match after.strip_prefix('.') {
            Some(next) if at < 3 && next.starts_with(|next: char| next.is_ascii_digit()) => {
                rest = next;
            }
            _ => return Some((numbers, at + 1, after)),
        }
    }
    None
}

/// A number of the dialect, of these digits.
pub(super) fn number(dialect: Dialect, digits: &str) -> Option<u64> {
    let limit = match dialect {
        Dialect::Npm => (1 << 53) - 1,
        Dialect::NuGet => (1 << 31) - 1,
        Dialect::Go | Dialect::Hex | Dialect::Pub => u64::MAX,
    };
    if is_strict(dialect) && has_leading_zero(digits) {
        return None;
    }
    digits.parse().ok().filter(|number| *number <= limit)
}

fn is_strict(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Go | Dialect::Hex)
}

fn has_leading_zero(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0')
}

/// The pre-release of what stands between the numbers and `+`.
pub(super) fn pre_release(dialect: Dialect, text: &str) -> Option<&str> {
    if text.is_empty() {
        return Some("");
    }
    let after_hyphen = text.strip_prefix('-');
    let pre = after_hyphen.and_then(|pre| valid_identifiers(pre, is_strict(dialect)));
    match dialect {
        // In loose mode the hyphen is not needed, and may then be an identifier's first character.
        Dialect::Npm => pre.or_else(|| valid_identifiers(text, false)),
        _ => pre,
    }
}

/// A text, if it is identifiers with dots between them; strictly, numbers without leading zeros.
pub(super) fn valid_identifiers(text: &str, is_strict: bool) -> Option<&str> {
    let is_valid = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !(is_strict && is_number(part) && has_leading_zero(part))
    };
    text.split('.').all(is_valid).then_some(text)
}

fn build_parts(build: &str) -> impl Iterator<Item = &str> {
    build.split('.').filter(|part| !part.is_empty())
}

fn compare_identifiers(dialect: Dialect, left: &str, right: &str) -> Ordering {
    match (numeric(dialect, left), numeric(dialect, right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) if dialect == Dialect::NuGet => compare_ignoring_case(left, right),
        (None, None) => left.cmp(right),
    }
}

fn numeric(dialect: Dialect, text: &str) -> Option<Digits<'_>> {
    // NuGet reads a label of more than 31 bits as text.
    let is_numeric = is_number(text) && (dialect != Dialect::NuGet || text.parse::<i32>().is_ok());
    is_numeric.then(|| Digits::new(text))
}
