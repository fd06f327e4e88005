//! The simple orders: CRAN's and Hackage's lists of numbers, Conan's numbers and words.

use std::cmp::Ordering;

use super::parts::{Digits, compare_lists, is_number, leading_digits};

/// Numbers, separated by dots and at CRAN by hyphens also; `1.0` comes before `1.0.0`.
///
/// R's `package_version`, and `Data.Version` of Haskell's base.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers<'a>(&'a str);

impl<'a> Numbers<'a> {
    /// Reads a version whose numbers are separated by these.
    pub(super) fn parse(text: &'a str, separators: &[char]) -> Option<Self> {
        text.split(separators).all(is_number).then_some(Self(text))
    }

    /// The order of two versions.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let numbers = |text: &'a str| text.split(['.', '-']);
        let compare = |left: &str, right: &str| Digits::new(left).cmp(&Digits::new(right));
        compare_lists(numbers(self.0), other.0.split(['.', '-']), compare)
    }
}

/// A version of Conan, `1.2.3-pre+build`; zeros at the end of a list do not count.
///
/// Conan compares two numbers as numbers and all else as text, so that 2 < 10 < 1a < 2. An order has no such
/// circles: here an item is its leading number and then the text after it, 1 < 1a < 2 < 10.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conan<'a> {
    main: &'a str,
    pre: Option<&'a str>,
    build: Option<&'a str>,
}

impl<'a> Conan<'a> {
    /// Reads a version.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+.-".contains(&byte);
        if text.is_empty() || text.starts_with(['+', '.', '-']) || !text.bytes().all(fits) {
            return None;
        }
        let (text, build) = match text.rsplit_once('+') {
            Some((text, build)) => (text, Some(build)),
            None => (text, None),
        };
        let (main, pre) = match text.split_once('-') {
            Some((main, pre)) => (main, Some(pre)),
            None => (text, None),
        };
        Some(Self { main, pre, build })
    }

    /// Whether it has a pre-release part.
    pub(super) fn is_prerelease(&self) -> bool {
        self.pre.is_some()
    }

    /// The order of two versions.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        compare_items(self.main, other.main)
            .then_with(|| match (self.pre, other.pre) {
                (Some(left), Some(right)) => compare_items(left, right),
                (left, right) => right.is_some().cmp(&left.is_some()),
            })
            .then_with(|| match (self.build, other.build) {
                (Some(left), Some(right)) => compare_items(left, right),
                (left, right) => left.is_some().cmp(&right.is_some()),
            })
    }
}

fn compare_items(left: &str, right: &str) -> Ordering {
    let compare = |left: &str, right: &str| {
        let ((left, left_rest), (right, right_rest)) =
            (leading_digits(left), leading_digits(right));
        let by_kind = left.is_empty().cmp(&right.is_empty());
        by_kind
            .then_with(|| Digits::new(left).cmp(&Digits::new(right)))
            .then_with(|| left_rest.cmp(right_rest))
    };
    compare_lists(items(left), items(right), compare)
}

/// The items without the zeros at the end.
fn items(mut text: &str) -> impl Iterator<Item = &str> {
    let is_zero = |item: &str| is_number(item) && Digits::new(item).is_zero();
    while let Some((rest, last)) = text.rsplit_once('.')
        && is_zero(last)
    {
        text = rest;
    }
    (!is_zero(text)).then(|| text.split('.')).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_ascending, assert_no_versions},
    };

    #[test]
    fn numbers_are_compared_one_by_one() {
        let list = [
            "0",
            "0.0",
            "0.0.1",
            "0.1",
            "0.1.0",
            "0.1.0.0",
            "0.1.1 == 0.01.1",
            "0.2",
            "0.9.9999",
            "0.10",
            "0.99",
            "1",
            "1.0",
            "1.0.0",
            "1.0.0.0",
            "1.0.1",
            "1.0.2",
            "1.0.10",
            "1.1",
            "1.2",
            "1.2.0",
            "1.2.3",
            "1.2.3.4",
            "1.2.3.4.5",
            "1.2.4",
            "1.2.10",
            "1.3",
            "1.10",
            "1.10.1",
            "2",
            "2.0",
            "2.3.1",
            "2.3.1.1",
            "4.17.0.0",
            "4.18.2.1",
            "9.6.6",
            "10.0",
            "2010.4.19",
            "20140101",
            "20240101.1",
            "99999999999999999999999",
        ];
        assert_ascending(Ecosystem::Hackage, &list);
        assert_ascending(Ecosystem::Cran, &list);
        assert_no_versions(
            Ecosystem::Hackage,
            &["", "1.", ".1", "1..2", "1.0-1", "1.0a", "v1", "1 "],
        );
        assert_no_versions(Ecosystem::Cran, &["", "1.", ".1", "1..2", "1-", "1.0a", "v1", "1_0"]);
    }

    #[test]
    fn cran_separates_by_hyphens_too() {
        assert_ascending(
            Ecosystem::Cran,
            &[
                "0.1-0 == 0.1.0 == 0-1-0",
                "0.1-1",
                "0.1-10",
                "0.2-5",
                "0.2-5.1",
                "1.2",
                "1.2-0",
                "1.2-1 == 1.2.1",
                "1.2-3",
                "1.2.4",
                "1.2-4.1 == 1.2.4.1",
                "1.2.10",
                "1.3-1",
                "1.4",
                "1.10-0",
                "2.0-8",
                "3.1-162",
                "3.1-163",
                "7.3-60.0.1",
                "7.3-60.1",
                "7.3-61",
                "1000-1",
            ],
        );
    }

    #[test]
    fn conan_orders_numbers_words_and_build_metadata() {
        assert_ascending(
            Ecosystem::Conan,
            &[
                "0 == 0.0 == 0.0.0",
                "0.1",
                "0.1.1",
                "0.2",
                "1.0-alpha",
                "1.0-alpha.1",
                "1.0-alpha.2",
                "1.0-alpha.10",
                "1.0-beta == 1-beta == 1.0.0-beta",
                "1.0-beta+build",
                "1-pre",
                "1.0-rc.1",
                "1.0 == 1 == 1.0.0",
                "1+0.1",
                "1+0.2",
                "1+build",
                "1.0.1",
                "1.0.1a",
                "1.0.1b",
                "1.0.2-pre",
                "1.0.2",
                "1.0.10",
                "1.1.1-a",
                "1.1.1",
                "1.1.1a",
                "1.1.1k",
                "1.1.1t",
                "1.1.1w",
                "1.1.2",
                "1.2",
                "1.10",
                "2",
                "3.0.0",
                "3.0.1",
                "8",
                "9a",
                "9e",
                "10",
                "2021.05",
                "20200225",
                "cci.20200101",
                "cci.20210101",
                "system",
            ],
        );
        assert_no_versions(
            Ecosystem::Conan,
            &["", "1 0", "[>=1.0]", "1/2", "+b", ".1", "1.0@user"],
        );
    }
}
