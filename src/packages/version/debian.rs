//! Versions of Debian's packages: deb-version(7) and dpkg's algorithm.

use std::cmp::Ordering;

use super::parts::{Digits, is_number, leading_digits};

/// A version of dpkg: `epoch:upstream-revision`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Debian<'a> {
    epoch: Digits<'a>,
    upstream: &'a str,
    revision: &'a str,
}

impl<'a> Debian<'a> {
    /// Reads a version.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) if is_number(epoch) && epoch.parse::<i32>().is_ok() => {
                (Digits::new(epoch), rest)
            }
            Some(_) => return None,
            None => (Digits::default(), text),
        };
        let (upstream, revision) = match rest.rsplit_once('-') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (rest, ""),
        };
        let fits = |text: &str, more: &[u8]| {
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
        };
        let is_version = !upstream.is_empty() && fits(upstream, b".-+~:") && fits(revision, b".+~");
        is_version.then_some(Self { epoch, upstream, revision })
    }

    /// The order of two versions.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_parts(self.upstream, other.upstream))
            .then_with(|| compare_parts(self.revision, other.revision))
    }
}

/// Compares runs of other characters and runs of digits in turn.
fn compare_parts(mut left: &str, mut right: &str) -> Ordering {
    while !(left.is_empty() && right.is_empty()) {
        let ((words, left_rest), (other_words, right_rest)) =
            (split_words(left), split_words(right));
        let (digits, left_rest) = leading_digits(left_rest);
        let (other_digits, right_rest) = leading_digits(right_rest);
        let order = compare_words(words, other_words)
            .then_with(|| Digits::new(digits).cmp(&Digits::new(other_digits)));
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    Ordering::Equal
}

fn split_words(text: &str) -> (&str, &str) {
    text.split_at(text.find(|next: char| next.is_ascii_digit()).unwrap_or(text.len()))
}

/// `~` comes before the end, letters after it, all else after the letters.
fn compare_words(left: &str, right: &str) -> Ordering {
    let weight = |byte: Option<u8>| match byte {
        Some(b'~') => (0, 0),
        None => (1, 0),
        Some(byte) if byte.is_ascii_alphabetic() => (2, byte),
        Some(byte) => (3, byte),
    };
    let (mut left, mut right) = (left.bytes(), right.bytes());
    loop {
        let (next_left, next_right) = (left.next(), right.next());
        let order = weight(next_left).cmp(&weight(next_right));
        if order != Ordering::Equal || next_left.is_none() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_ascending, assert_no_versions},
    };

    #[test]
    fn the_order_is_that_of_dpkg() {
        assert_ascending(
            Ecosystem::Debian,
            &[
                "0~~",
                "0~~a",
                "0~",
                "0 == 0:0 == 00 == 0-0",
                "0a",
                "0.1",
                "0.9.8k-7ubuntu8",
                "1.0~beta1~svn1245",
                "1.0~beta1",
                "1.0~rc1-1",
                "1.0 == 0:1.0 == 1.00 == 01.0 == 1.0-0",
                "1.0-0ubuntu1",
                "1.0-1~bpo11+1",
                "1.0-1~deb11u1",
                "1.0-1",
                "1.0-1a",
                "1.0-1+b1",
                "1.0-1+deb11u1",
                "1.0-1+deb11u2",
                "1.0-1+deb12u1",
                "1.0-1.1",
                "1.0-2",
                "1.0-10",
                "1.0a",
                "1.0a-1",
                "1.0b",
                "1.0+dfsg-1",
                "1.0-1-1",
                "1.0.1",
                "1.2.3-1",
                "1.2.3-4.1",
                "1.2.3a-1",
                "1.2.3+git20200101-1",
                "1.2.4",
                "1.2.10",
                "1.18.36.5-1",
                "2.0~",
                "2.0",
                "2.0a1",
                "2.0.0-1",
                "20230101.deadbeef-1",
                "1:0.4",
                "1:1.0~rc1",
                "1:1.0",
                "1:1.2:3-1",
                "2:0.1",
                "10:0.0.1",
            ],
        );
        assert_no_versions(
            Ecosystem::Debian,
            &[
                "",
                ":1",
                "a:1",
                "-1:1",
                "1:",
                "1 0",
                "1.0-",
                "1_0",
                "1.0-1_1",
                "1/2",
                "2147483648:1",
                "1.0é",
            ],
        );
    }
}
