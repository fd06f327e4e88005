//! Maven's versions: `ComparableVersion`, which the POM reference describes as "Version Order Specification".
//!
//! A version is split at dots, hyphens and where digits begin or end. What follows a hyphen, and a word, begins
//! a list within the list before it; as such a list is always the last of its parent's items, the lists are
//! kept here one after the other, each item saying whether a list begins with it.
//!
//! The rules are those of Maven 4, which repaired contradictions in the order of older ones: `1.X1` is `1-X1`,
//! `1-ga1` comes after `1`, and a zero before a hyphen and a number counts, so that `1-1` comes before `1.0-1`.

use std::cmp::Ordering;

use super::parts::Digits;

/// More than this is no version; Maven 4 draws the same line.
const LONGEST: usize = 256;

/// What Maven refuses in a version, and what only an expression would hold.
const NOT_IN_VERSIONS: &str = "\\/:\"<>|?*[](){},$";

/// A version of Maven.
#[derive(Debug, Clone)]
pub(super) struct Maven<'a> {
    items: Vec<Item<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct Item<'a> {
    begins_list: bool,
    part: Part<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    Number(Digits<'a>),
    Word(Qualifier<'a>),
    /// A word and the number after it: `rc-1`.
    Numbered(Qualifier<'a>, Digits<'a>),
}

/// The rank of a qualifier, 7 for an unknown one; those are ordered as text.
#[derive(Debug, Clone, Copy)]
struct Qualifier<'a> {
    rank: u8,
    text: &'a str,
}

/// The rank of no qualifier.
const RELEASE: u8 = 5;
const UNKNOWN: u8 = 7;

impl<'a> Qualifier<'a> {
    fn new(text: &'a str, before_digit: bool) -> Self {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        let rank = match () {
            () if is("alpha") || (before_digit && is("a")) => 0,
            () if is("beta") || (before_digit && is("b")) => 1,
            () if is("milestone") || (before_digit && is("m")) => 2,
            () if is("rc") || is("cr") => 3,
            () if is("snapshot") => 4,
            () if is("ga") || is("final") || is("release") || text.is_empty() => RELEASE,
            () if is("sp") => 6,
            () => UNKNOWN,
        };
        Self { rank, text }
    }

    fn compare(self, other: Self) -> Ordering {
        if self.rank == UNKNOWN && other.rank == UNKNOWN {
            let other = other.text.chars().flat_map(char::to_lowercase);
            return self.text.chars().flat_map(char::to_lowercase).cmp(other);
        }
        self.rank.cmp(&other.rank)
    }
}

impl Part<'_> {
    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Part::Number(left), Part::Number(right)) => left.cmp(&right),
            (Part::Number(_), _) => Ordering::Greater,
            (_, Part::Number(_)) => Ordering::Less,
            (Part::Word(left), Part::Word(right)) => left.compare(right),
            (Part::Numbered(left, first), Part::Numbered(right, second)) => {
                left.compare(right).then_with(|| first.cmp(&second))
            }
            (Part::Numbered(left, number), Part::Word(right)) => {
                left.compare(right).then_with(|| match left.rank {
                    RELEASE => Part::Number(number).compare_with_nothing(),
                    _ => Ordering::Greater,
                })
            }
            (Part::Word(_), Part::Numbered(..)) => other.compare(self).reverse(),
        }
    }

    /// The order of a version that has the part and one that ends before it.
    fn compare_with_nothing(self) -> Ordering {
        let of_number = |number: Digits<'_>| number.cmp(&Digits::default());
        match self {
            Part::Number(number) => of_number(number),
            Part::Word(word) => word.rank.cmp(&RELEASE),
            Part::Numbered(word, number) => word.rank.cmp(&RELEASE).then_with(|| of_number(number)),
        }
    }
}

impl<'a> Maven<'a> {
    /// Reads a version.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let is_unfit = |next: char| {
            next.is_whitespace() || next.is_control() || NOT_IN_VERSIONS.contains(next)
        };
        if text.is_empty() || text.len() > LONGEST || text.contains(is_unfit) {
            return None;
        }
        let items = trimmed(Reader { text, ..Reader::default() }.read());
        Some(Self { items })
    }

    /// Whether a known qualifier says that it is not a release.
    pub(super) fn is_prerelease(&self) -> bool {
        self.items.iter().any(|item| match item.part {
            Part::Number(_) => false,
            Part::Word(word) | Part::Numbered(word, _) => word.rank < RELEASE,
        })
    }

    /// The order of two versions.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (&self.items[..], &other.items[..]);
        loop {
            let (Some((first, rest)), Some((second, other_rest))) =
                (left.split_first(), right.split_first())
            else {
                return compare_with_nothing(left)
                    .then_with(|| compare_with_nothing(right).reverse());
            };
            let order = first.part.compare(second.part);
            match (first.begins_list, second.begins_list) {
                // A number comes after a list, whatever the list begins with.
                (true, false) if matches!(second.part, Part::Number(_)) => return Ordering::Less,
                (false, true) if matches!(first.part, Part::Number(_)) => return Ordering::Greater,
                (true, false) => {
                    return order
                        .then_with(|| compare_with_nothing(rest))
                        .then_with(|| compare_with_nothing(other_rest).reverse());
                }
                (false, true) => {
                    return order
                        .then_with(|| compare_with_nothing(other_rest).reverse())
                        .then_with(|| compare_with_nothing(rest));
                }
                _ if order != Ordering::Equal => return order,
                _ => (left, right) = (rest, other_rest),
            }
        }
    }
}

fn compare_with_nothing(items: &[Item<'_>]) -> Ordering {
    let mut orders = items.iter().map(|item| item.part.compare_with_nothing());
    orders.find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
}

/// Where the splitting of a version has got to.
#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    items: Vec<Item<'a>>,
    /// Where the part that is being read starts.
    start: usize,
    /// Whether the last character of a part was a digit.
    is_digit: bool,
    /// Whether the part is a word and a number.
    is_numbered: bool,
    /// Whether the next item begins a list.
    begins_list: bool,
}

impl<'a> Reader<'a> {
    fn read(mut self) -> Vec<Item<'a>> {
        let bytes = self.text.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'.' => self.end_part(at, 1),
                b'-' if self.is_hyphen_within(at) => self.is_numbered = true,
                b'-' => {
                    self.end_part(at, 1);
                    self.begins_list = true;
                }
                b'0'..=b'9' => {
                    if !self.is_digit && at > self.start {
                        self.is_numbered = true;
                        self.begins_list |= !self.items.is_empty();
                    }
                    self.is_digit = true;
                }
                _ => {
                    if self.is_digit && at > self.start {
                        self.end_part(at, 0);
                        self.begins_list = true;
                    }
                    self.is_digit = false;
                }
            }
        }
        if self.start < self.text.len() {
            self.begins_list |= !self.is_digit && !self.items.is_empty();
            self.end_part(self.text.len(), 0);
        }
        self.items
    }

    /// Whether the hyphen is one between a word and its number.
    fn is_hyphen_within(&self, at: usize) -> bool {
        let next = self.text.as_bytes().get(at + 1);
        !self.is_digit && at > self.start && next.is_some_and(u8::is_ascii_digit)
    }

    /// Takes what has been read as an item; nothing stands for 0.
    fn end_part(&mut self, at: usize, separator: usize) {
        let text = &self.text[self.start..at];
        let part = if self.is_numbered {
            let digits = text.find(|next: char| next.is_ascii_digit()).unwrap_or(text.len());
            let (word, digits) = text.split_at(digits);
            let word = word.strip_suffix('-').unwrap_or(word);
            Part::Numbered(Qualifier::new(word, true), Digits::new(digits))
        } else if self.is_digit || text.is_empty() {
            Part::Number(Digits::new(text))
        } else {
            Part::Word(Qualifier::new(text, false))
        };
        self.items.push(Item { begins_list: self.begins_list, part });
        self.begins_list = false;
        self.is_numbered = false;
        self.start = at + separator;
    }
}

/// Leaves out the zeros at the ends of lists and before words.
fn trimmed(items: Vec<Item<'_>>) -> Vec<Item<'_>> {
    let mut kept: Vec<Item<'_>> = Vec::with_capacity(items.len());
    for item in items.into_iter().rev() {
        let is_zero = matches!(item.part, Part::Number(number) if number.is_zero());
        let is_left_out = is_zero
            && kept.last().is_none_or(|next| match next.part {
                Part::Number(_) => false,
                Part::Word(_) => true,
                Part::Numbered(..) => next.begins_list,
            });
        if !is_left_out {
            kept.push(item);
        } else if let Some(next) = kept.last_mut() {
            next.begins_list |= item.begins_list;
        }
    }
    if let Some(first) = kept.last_mut() {
        first.begins_list = false;
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_ascending, assert_no_versions},
    };

    #[test]
    fn the_order_is_that_of_the_pom_reference() {
        assert_ascending(
            Ecosystem::Maven,
            &[
                "0.9",
                "1-alpha2snapshot",
                "1-alpha2 == 1-a2 == 1-alpha-2 == 1.0-ALPHA2",
                "1-alpha-123",
                "1-beta-2 == 1-b2",
                "1-beta123",
                "1-m2 == 1-milestone-2",
                "1-m11",
                "1-rc == 1-cr == 1.RC",
                "1-cr2 == 1-rc2 == 1.0.0-CR2",
                "1-rc123",
                "1-SNAPSHOT == 1-snapshot == 1.0-SNAPSHOT",
                "1 == 1.0 == 1.0.0 == 1-0 == 1.0-0 == 1.ga == 1-ga == 1.Final == 1-final == 1. == 1-",
                "1-sp",
                "1-sp2",
                "1-sp123",
                "1-abc",
                "1-def",
                "1-foo == 1.foo == 1foo",
                "1-foo2",
                "1-foo10",
                "1-pom-1",
                "1-1-snapshot",
                "1-1",
                "1-2",
                "1-123",
                "1.0-1",
                "1.0-2",
                "1.0.1",
                "1.1",
                "1.1.1",
                "1.2-SNAPSHOT",
                "1.2",
                "1.2.3.4",
                "1.10",
                "2.0-1",
                "2.0.1-klm",
                "2.0.1-lmn",
                "2.0.1-xyz",
                "2.0.1-123",
                "31.0-android",
                "31.0-jre",
                "20190126.230843",
                "10000000000.1",
                "1000000000000000000000.1",
            ],
        );
    }

    #[test]
    fn qualifiers_are_ordered_and_zeros_before_them_left_out() {
        assert_ascending(
            Ecosystem::Maven,
            &[
                "2.0.0.alpha1 == 2-alpha-1 == 2.0.alpha1 == 2.0.0.0-a1",
                "2.0.0.alpha2",
                "2.0.0.beta1",
                "2.0.0.Beta2",
                "2.0.0.M1 == 2.0.0-milestone-1",
                "2.0.0.M10",
                "2.0.0.RC1 == 2.0.0.CR1",
                "2.0.0.RC2",
                "2.0.0.Final == 2.0.0.GA == 2.0.0.RELEASE == 2 == 2.0.0-final",
                "2.0.0.Final-redhat",
                "2.0.0.ga1",
                "2.0.0.SP1",
                "2.0.0.SP2",
                "2.0.0.a",
                "2.0.0.BUILD-SNAPSHOT",
                "2.0.0.v20190101",
                "2.0.0.v20200101",
                "2.0.0-1",
                "2.0.0.1 == 2.0.0.1.Final",
                "2.0.0.2",
                "2.0.1.Alpha1",
                "2.0.1.Final",
                "9.4.9.v20180320",
                "9.4.10.v20180503",
                "9.4.10.v20180504",
            ],
        );
    }

    #[test]
    fn what_maven_refuses_is_no_version() {
        assert_no_versions(
            Ecosystem::Maven,
            &["", "${project.version}", "[1.0,2.0)", "1.0,2.0", "1 0", "1/2", "a:b", "1.*"],
        );
    }
}
