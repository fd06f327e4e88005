//! Versions of Python's packages, after PEP 440, section "Version scheme" and its appendix on parsing.
//!
//! Written here instead of taken from `pep440_rs` (Apache-2.0 or BSD-2-Clause, two crates more): that one
//! allocates, limits numbers to 64 bits, takes `===` as `==`, and leaves the exclusion of pre-releases to its
//! caller; what would remain to be taken is about the size of this file. Versions from before PEP 440 are none.

use std::cmp::Ordering;

use super::parts::{
    Digits, compare_filled, compare_ignoring_case, compare_lists, is_number, leading_digits,
    leading_dotted,
};

/// Kinds of pre-releases, in their order, by their spellings; a longer one stands before its beginning.
const PHASES: &[(&str, Phase)] = &[
    ("alpha", Phase::Alpha),
    ("beta", Phase::Beta),
    ("preview", Phase::Candidate),
    ("pre", Phase::Candidate),
    ("rc", Phase::Candidate),
    ("a", Phase::Alpha),
    ("b", Phase::Beta),
    ("c", Phase::Candidate),
];

/// How far a pre-release is from its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Alpha,
    Beta,
    Candidate,
}

/// A version of PEP 440.
#[derive(Debug, Clone, Copy)]
pub(super) struct Python<'a> {
    pub(super) epoch: Digits<'a>,
    /// Numbers with dots between them.
    pub(super) release: &'a str,
    pub(super) pre: Option<(Phase, Digits<'a>)>,
    pub(super) post: Option<Digits<'a>>,
    pub(super) dev: Option<Digits<'a>>,
    pub(super) local: &'a str,
}

impl<'a> Python<'a> {
    /// Reads a version.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let (public, local) = match text.split_once('+') {
            Some((public, local)) => (public, valid_local(local)?),
            None => (text, ""),
        };
        let text = public.strip_prefix(['v', 'V']).unwrap_or(public);
        let (epoch, text) = match text.split_once('!') {
            Some((epoch, text)) if is_number(epoch) => (Digits::new(epoch), text),
            Some(_) => return None,
            None => (Digits::default(), text),
        };
        let (release, rest) = leading_dotted(text);
        if release.is_empty() {
            return None;
        }
        let (pre, rest) = pre(rest);
        let (post, rest) = post(rest);
        let (dev, rest) = labelled(rest, &["dev"]);
        rest.is_empty().then_some(Self { epoch, release, pre, post, dev, local })
    }

    /// Whether installers pass over it unless they are asked for it.
    pub(super) fn is_prerelease(&self) -> bool {
        self.pre.is_some() || self.dev.is_some()
    }

    /// Whether it is an epoch and a release and nothing more.
    pub(super) fn is_bare(&self) -> bool {
        let is_plain = !self.is_prerelease() && self.post.is_none();
        is_plain && self.local.is_empty()
    }

    /// The version without its local part.
    pub(super) fn public(self) -> Self {
        Self { local: "", ..self }
    }

    /// Whether epoch and release are the same.
    pub(super) fn has_base_of(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.compare_releases(other) == Ordering::Equal
    }

    /// The order of two versions.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| self.compare_releases(other))
            .then_with(|| self.place_of_pre().cmp(&other.place_of_pre()))
            .then_with(|| self.post.cmp(&other.post))
            .then_with(|| match (self.dev, other.dev) {
                (Some(left), Some(right)) => left.cmp(&right),
                (left, right) => right.is_some().cmp(&left.is_some()),
            })
            .then_with(|| compare_locals(self.local, other.local))
    }

    fn compare_releases(&self, other: &Self) -> Ordering {
        compare_filled(self.release.split('.'), other.release.split('.'))
    }

    /// `1.0.dev1` comes before `1.0a1`, and that before `1.0` and `1.0.post1`.
    fn place_of_pre(&self) -> (u8, Option<(Phase, Digits<'a>)>) {
        match self.pre {
            Some(_) => (1, self.pre),
            None if self.post.is_none() && self.dev.is_some() => (0, None),
            None => (2, None),
        }
    }
}

fn valid_local(text: &str) -> Option<&str> {
    let is_valid =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.split(['-', '_', '.']).all(is_valid).then_some(text)
}

fn pre(text: &str) -> (Option<(Phase, Digits<'_>)>, &str) {
    for (word, phase) in PHASES {
        if let (Some(number), rest) = labelled(text, &[word]) {
            return (Some((*phase, number)), rest);
        }
    }
    (None, text)
}

fn post(text: &str) -> (Option<Digits<'_>>, &str) {
    if let Some(rest) = text.strip_prefix('-')
        && let (digits, rest) = leading_digits(rest)
        && !digits.is_empty()
    {
        return (Some(Digits::new(digits)), rest);
    }
    labelled(text, &["post", "rev", "r"])
}

/// One of the words, in any case, with a separator before it or not, and the number after it or 0.
fn labelled<'a>(text: &'a str, words: &[&str]) -> (Option<Digits<'a>>, &'a str) {
    let start = without_separator(text);
    for word in words {
        if let Some((head, rest)) = start.split_at_checked(word.len())
            && head.eq_ignore_ascii_case(word)
        {
            let (digits, rest) = leading_digits(without_separator(rest));
            return (Some(Digits::new(digits)), rest);
        }
    }
    (None, text)
}

fn without_separator(text: &str) -> &str {
    text.strip_prefix(['-', '_', '.']).unwrap_or(text)
}

/// Numbers come after words, and any local version after none.
fn compare_locals(left: &str, right: &str) -> Ordering {
    let compare = |left: &str, right: &str| match (is_number(left), is_number(right)) {
        (true, true) => Digits::new(left).cmp(&Digits::new(right)),
        (false, false) => compare_ignoring_case(left, right),
        (left, right) => left.cmp(&right),
    };
    compare_lists(local_parts(left), local_parts(right), compare)
}

fn local_parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(['-', '_', '.']).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_ascending, assert_no_versions},
    };

    /// The examples of the PEP, and spellings that it normalises.
    const SPELLINGS: &[&str] = &[
        "0.0.0.dev0",
        "0 == 0.0 == 0.0.0 == 0!0",
        "0.9",
        "0.9.1",
        "0.9.2",
        "0.9.10",
        "0.9.11",
        "1.0.dev456 == 1.0-dev456 == 1.0_DEV456 == 1.0.0dev456",
        "1.0a1 == 1.0.a.1 == 1.0-alpha1 == 1.0_ALPHA_1 == v1.0a1 == 1.0a01",
        "1.0a2.dev456 == 1.0-a2-dev456",
        "1.0a12.dev456",
        "1.0a12",
        "1.0b1.dev456",
        "1.0b2 == 1.0beta2 == 1.0.beta-2",
        "1.0b2.post345.dev456",
        "1.0b2.post345 == 1.0b2-345 == 1.0b2rev345",
        "1.0rc1.dev456",
        "1.0rc1 == 1.0c1 == 1.0pre1 == 1.0preview1 == 1.0RC1",
        "1.0rc2",
        "1.0rc10",
        "1.0 == 1 == 1.0.0 == v1.0 ==  1.0 == 01.00",
        "1.0+abc.5 == 1.0+ABC-5",
        "1.0+abc.7 == 1.0+abc_07",
        "1.0+foo0100",
        "1.0+foo100",
        "1.0+5",
        "1.0+5.a",
        "1.0+0100 == 1.0+100",
        "1.0.post456.dev34",
        "1.0.post456 == 1.0-456 == 1.0.r456 == 1.0POST456",
        "1.0.post456+local",
        "1.0.15",
        "1.1.dev1",
        "1.1a1",
        "1.1",
        "1.1.1",
        "1.2+123abc",
        "1.2+123abc456",
        "1.2+abc",
        "1.2+abc123",
        "1.2+abc123def",
        "1.2+1234.abc",
        "1.2+123456",
        "1.2.r32+123456",
        "1.2.rev33+123456 == 1.2.post33+123456",
        "2012.4",
        "2012.7",
        "2013.10",
        "20130101000000000000000000000000",
        "1!1.0.dev1",
        "1!1.0 == 01!1",
        "1!2.0",
        "2!0.1",
    ];

    const SUFFIXES: &[&str] = &[
        "1.dev0",
        "1.0.dev456",
        "1.0a0 == 1.0a",
        "1.0a0.post0 == 1.0a.post",
        "1.0a1",
        "1.0a2.dev456",
        "1.0a2",
        "1.0b0.dev0 == 1.0b.dev",
        "1.0b0",
        "1.0rc0 == 1.0c == 1.0rc",
        "1.0",
        "1.0.post0.dev0",
        "1.0.post0 == 1.0.post == 1.0-0",
        "1.0.post1 == 1.0-1",
        "1.0.1.dev1",
        "1.0.1a1",
        "1.0.1",
        "1.0.1.0.1",
        "1.0.2",
        "1.0.03 == 1.0.3",
        "1.0.20",
        "1.0.100",
        "1.1.0.0.0 == 1.1",
        "1.1.0.0.1",
        "1.2.3.4.5.6",
        "1.2.3.4.5.6.1",
        "1.10",
        "1.11b",
        "1.11",
        "2",
    ];

    #[test]
    fn the_order_is_that_of_pep_440() {
        assert_ascending(Ecosystem::PyPi, SPELLINGS);
        assert_ascending(Ecosystem::PyPi, SUFFIXES);
    }

    #[test]
    fn what_is_older_than_pep_440_is_no_version() {
        assert_no_versions(
            Ecosystem::PyPi,
            &[
                "",
                "french toast",
                "1.0+a+",
                "1.0++",
                "1.0+_foobar",
                "1.0+foo&asd",
                "1.0+1+1",
                "1.0+",
            ],
        );
        assert_no_versions(
            Ecosystem::PyPi,
            &[
                "0.8.3p1",
                "2004d",
                "1.0-final",
                "4.6.0.stable11",
                "trunk",
                "1.0.*",
                "!1",
                "a1",
                "1..2",
            ],
        );
    }
}
