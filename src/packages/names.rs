//! Names of packages that many know, and names that are easily taken for one of them.
//!
//! The lists are written from general knowledge; they need not be whole, since nothing passes by them.

use std::sync::LazyLock;

use super::Ecosystem;

/// Before names that look like others and are well founded.
const MARK: &str = "~";
/// A shorter name has too many neighbours for one to mean anything.
const SHORTEST: usize = 5;
/// Letters that look like others: first how it looks, then what it is. Those of other scripts are Cyrillic and Greek.
const ALIKE: &[(char, char)] = &[
    ('0', 'o'),
    ('1', 'l'),
    ('3', 'e'),
    ('5', 's'),
    ('а', 'a'),
    ('е', 'e'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('у', 'y'),
    ('х', 'x'),
    ('і', 'i'),
    ('ѕ', 's'),
    ('ο', 'o'),
    ('ν', 'v'),
    ('α', 'a'),
    ('ı', 'i'),
];

static NPM: LazyLock<Names> = LazyLock::new(|| Names::read(include_str!("names/npm.txt")));
static PYPI: LazyLock<Names> = LazyLock::new(|| Names::read(include_str!("names/pypi.txt")));
static CRATES: LazyLock<Names> = LazyLock::new(|| Names::read(include_str!("names/crates.txt")));

/// The names of an ecosystem that many know, where there is a list of them.
pub fn of(ecosystem: Ecosystem) -> Option<&'static Names> {
    match ecosystem {
        Ecosystem::Npm => Some(&NPM),
        Ecosystem::PyPi => Some(&PYPI),
        Ecosystem::CratesIo => Some(&CRATES),
        _ => None,
    }
}

/// Names that many know.
pub struct Names {
    /// In order.
    known: Vec<Name>,
    /// What looks like one of them and is well founded, in order.
    exceptions: Vec<String>,
}

struct Name {
    /// As it is written.
    written: &'static str,
    folded: String,
    /// Without separators.
    bare: String,
    letters: u64,
}

impl Names {
    fn read(text: &'static str) -> Self {
        let (mut known, mut exceptions) = (Vec::new(), Vec::new());
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            match line.strip_prefix(MARK) {
                Some(names) => exceptions.extend(names.split_whitespace().map(folded)),
                None => known.extend(line.split_whitespace().map(|written| {
                    let folded = folded(written);
                    let (letters, bare) = (letters(&folded), without_separators(&folded));
                    Name { written, folded, bare, letters }
                })),
            }
        }
        known.sort_by(|one, other| one.folded.cmp(&other.folded));
        exceptions.sort();
        Self { known, exceptions }
    }

    /// The known name that this other one is easily taken for: one letter is missing, there twice, another or
    /// swapped with its neighbour, or it only looks the same.
    pub fn like(&self, name: &str) -> Option<&'static str> {
        // A scope has an owner, and long names are not compared.
        if name.contains(['/', ':']) || name.len() > 80 {
            return None;
        }
        let folded = folded(name);
        let is_known = |names: &[Name]| {
            names.binary_search_by(|known| known.folded.as_str().cmp(&folded)).is_ok()
        };
        if is_known(&self.known) || self.exceptions.binary_search(&folded).is_ok() {
            return None;
        }
        let letters = letters(&folded);
        let skeleton = (!name.is_ascii() || name.bytes().any(|byte| !byte.is_ascii_alphabetic()))
            .then(|| skeleton(&folded));
        let is_like = |known: &&Name| {
            if known.folded.len() < SHORTEST {
                return false;
            }
            let differing = (known.letters ^ letters).count_ones();
            (differing <= 2 && is_one_edit(known.folded.as_bytes(), folded.as_bytes()))
                || skeleton.as_ref() == Some(&known.bare)
        };
        self.known.iter().find(is_like).map(|known| known.written)
    }
}

/// Lower-case, with one kind of separator: registries take `-` and `_` for the same, or refuse the second.
fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// Which bytes a text holds, in 64 classes: two texts one edit apart differ in two at most.
fn letters(text: &str) -> u64 {
    text.bytes().fold(0, |letters, byte| letters | 1 << (byte % 64))
}

fn without_separators(text: &str) -> String {
    text.replace(['-', '.'], "")
}

/// What a name looks like.
fn skeleton(text: &str) -> String {
    let look = |c: char| ALIKE.iter().find(|(alike, _)| *alike == c).map_or(c, |(_, look)| *look);
    text.chars().filter(|c| !matches!(c, '-' | '.')).map(look).collect()
}

/// Whether one text becomes the other by one letter less, more, another, or two neighbours swapped (the distance of
/// Damerau and Levenshtein is one). A digit at the end is a version, and no mistake.
fn is_one_edit(one: &[u8], other: &[u8]) -> bool {
    let same = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[same..], &other[same..]);
    match (one, other) {
        ([], [added]) | ([added], []) => !added.is_ascii_digit(),
        ([a], [b]) => !(a.is_ascii_digit() && b.is_ascii_digit()),
        ([a, rest @ ..], [b, others @ ..]) => {
            let both_digits = a.is_ascii_digit() && b.is_ascii_digit();
            let is_swapped = || {
                matches!((rest, others), ([c, rest @ ..], [d, others @ ..])
                    if a == d && b == c && rest == others)
            };
            (rest == others && !both_digits) || rest == other || one == others || is_swapped()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_one_edit_away_is_like_the_known_one() {
        let npm = of(Ecosystem::Npm).unwrap();
        for (name, known) in [
            ("lodahs", "lodash"),
            ("expres", "express"),
            ("crossenv", "cross-env"),
            ("ax1os", "axios"),
            ("rеact", "react"),
            ("reactt", "react"),
            ("c0mmander", "commander"),
            ("monogdb", "mongodb"),
        ] {
            assert_eq!(npm.like(name), Some(known), "{name}");
        }
        let pypi = of(Ecosystem::PyPi).unwrap();
        assert_eq!(pypi.like("reqeusts"), Some("requests"));
        assert_eq!(pypi.like("python_dateutl"), Some("python-dateutil"));
        let crates = of(Ecosystem::CratesIo).unwrap();
        assert_eq!(crates.like("rustdecimal"), Some("rust_decimal"));
    }

    #[test]
    fn known_names_and_well_founded_ones_are_like_nothing() {
        let npm = of(Ecosystem::Npm).unwrap();
        for name in
            ["react", "vue", "preact", "@scope/lodahs", "mysql", "mysql2", "json5", "ws", "ast"]
        {
            assert_eq!(npm.like(name), None, "{name}");
        }
        assert_eq!(of(Ecosystem::PyPi).unwrap().like("Python_DateUtil"), None);
        assert!(of(Ecosystem::Go).is_none());
    }

    #[test]
    fn every_list_is_long_enough_to_mean_something() {
        for ecosystem in [Ecosystem::Npm, Ecosystem::PyPi, Ecosystem::CratesIo] {
            assert!(of(ecosystem).unwrap().known.len() >= 150, "{ecosystem}");
        }
    }
}
