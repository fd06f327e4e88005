//! What versions are made of: natural numbers of any size, compared as they are written, and words.

use std::cmp::Ordering;

/// A natural number: its digits without leading zeros, so that no size is too large. Zero has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Digits<'a>(&'a str);

impl<'a> Digits<'a> {
    /// The number that these decimal digits write.
    pub(super) fn new(digits: &'a str) -> Self {
        Self(digits.trim_start_matches('0'))
    }

    /// Whether it is 0.
    pub(super) fn is_zero(self) -> bool {
        self.0.is_empty()
    }
}

impl Ord for Digits<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(other.0))
    }
}

impl PartialOrd for Digits<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The ASCII digits at the start of a text, and what follows them.
pub(super) fn leading_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// Digits with dots between them at the start of a text, and what follows them.
pub(super) fn leading_dotted(text: &str) -> (&str, &str) {
    let mut end = leading_digits(text).0.len();
    while end > 0
        && let Some(rest) = text[end..].strip_prefix('.')
        && rest.starts_with(|next: char| next.is_ascii_digit())
    {
        end += 1 + leading_digits(rest).0.len();
    }
    text.split_at(end)
}

/// Whether a text is one or more ASCII digits.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Compares numbers, the shorter list filled up with zeros.
pub(super) fn compare_filled<'a>(
    left: impl IntoIterator<Item = &'a str>,
    right: impl IntoIterator<Item = &'a str>,
) -> Ordering {
    let number = |digits: Option<&'a str>| Digits::new(digits.unwrap_or_default());
    compare_parts(left, right, |left, right| number(left).cmp(&number(right)))
}

/// Compares lists part by part; of two that begin alike the shorter one comes first.
pub(super) fn compare_lists<'a>(
    left: impl IntoIterator<Item = &'a str>,
    right: impl IntoIterator<Item = &'a str>,
    compare: impl Fn(&str, &str) -> Ordering,
) -> Ordering {
    compare_parts(left, right, |left, right| match (left, right) {
        (Some(left), Some(right)) => compare(left, right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    })
}

/// Compares lists part by part until two differ, a part of one list and nothing at the end.
pub(super) fn compare_parts<T>(
    left: impl IntoIterator<Item = T>,
    right: impl IntoIterator<Item = T>,
    compare: impl Fn(Option<T>, Option<T>) -> Ordering,
) -> Ordering {
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    loop {
        let (next_left, next_right) = (left.next(), right.next());
        if next_left.is_none() && next_right.is_none() {
            return Ordering::Equal;
        }
        match compare(next_left, next_right) {
            Ordering::Equal => {}
            order => return order,
        }
    }
}

/// Compares words without regard to the case of ASCII letters.
pub(super) fn compare_ignoring_case(left: &str, right: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    left.bytes().map(lower).cmp(right.bytes().map(lower))
}
