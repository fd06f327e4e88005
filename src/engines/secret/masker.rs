//! The masker: the only maker of [`Quoted`] from foreign text.

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use aho_corasick::{AhoCorasick, MatchKind};

use super::{
    claims::merged,
    scanner::{Scanner, SecretMatch},
};
use crate::finding::{Quoted, secret::mask};

/// So many first bytes tell a value; what coincides with it from there on is hidden, so that a value
/// that somebody cut short is hidden as well.
const HEAD: usize = 12;
/// Shorter lines of a value that has several give nothing away.
const SHORTEST_LINE: usize = 8;
/// So many texts are kept as they were quoted, none of them longer than this: findings of one file repeat each other.
const MOST_KEPT: usize = 1_000;
const LONGEST_KEPT: usize = 256;
/// As a file of this name is read what an error or an answer says: there, values need no quotes.
const CONFIGURATION: &str = "a.conf";

/// Hides the credentials of one file, or of one answer, in whatever is quoted from it.
pub struct Masker<'a> {
    scanner: &'a Scanner,
    /// Raw values and the lines of those that have several, sorted.
    values: Vec<String>,
    /// Finds the heads of the values; made when first needed.
    heads: OnceCell<Option<AhoCorasick>>,
    /// What was quoted before.
    quoted: RefCell<BTreeMap<String, Quoted>>,
    /// Whether nothing is known of where the text is from.
    is_plain: bool,
}

impl<'a> Masker<'a> {
    /// Knows the values at `secrets` in `bytes`, and what `scanner` recognises.
    pub fn new(scanner: &'a Scanner, bytes: &[u8], secrets: &[Range<usize>]) -> Self {
        let raw = secrets.iter().filter_map(|at| bytes.get(at.clone())).map(readable);
        let values: BTreeSet<String> = raw.flat_map(|value| pieces(&value)).collect();
        let (heads, quoted) = (OnceCell::new(), RefCell::default());
        Self { scanner, values: values.into_iter().collect(), heads, quoted, is_plain: false }
    }

    /// Knows these values, too: those that stand in the file in another way.
    #[must_use]
    pub fn knowing<'v>(mut self, values: impl Iterator<Item = &'v [u8]>) -> Self {
        self.values.extend(values.map(readable).flat_map(|value| pieces(&value)));
        self.values.sort();
        self.values.dedup();
        (self.heads, self.quoted) = (OnceCell::new(), RefCell::default());
        self
    }

    /// Knows no values; hides what `scanner` recognises.
    pub const fn plain(scanner: &'a Scanner) -> Self {
        let heads = OnceCell::new();
        let quoted = RefCell::new(BTreeMap::new());
        Self { scanner, values: Vec::new(), heads, quoted, is_plain: true }
    }

    /// Text that may be shown. Masked text has as many UTF-16 units as the raw one.
    pub fn quote(&self, raw: &str) -> Quoted {
        if let Some(quoted) = self.quoted.borrow().get(raw) {
            return quoted.clone();
        }
        let quoted = self.quote_anew(raw);
        let mut known = self.quoted.borrow_mut();
        if known.len() < MOST_KEPT && raw.len() <= LONGEST_KEPT {
            known.insert(raw.to_owned(), quoted.clone());
        }
        quoted
    }

    fn quote_anew(&self, raw: &str) -> Quoted {
        let known = self.hide_known(raw);
        let masked = self.hide_found("", &known, &known);
        Quoted::from_masked(if self.is_plain {
            // A message puts what it repeats between backticks, where a file has line ends.
            self.hide_found(CONFIGURATION, &masked, &masked.replace('`', "\n"))
        } else {
            masked
        })
    }

    /// Hides in `text` what the scanner finds at the same place in `scanned`.
    fn hide_found(&self, path: &str, text: &str, scanned: &str) -> String {
        let found = self.scanner.find(path, scanned.as_bytes());
        hide(text, merged(found.iter().flat_map(SecretMatch::hidden)).into_iter())
    }

    fn hide_known(&self, raw: &str) -> String {
        let heads = self.heads.get_or_init(|| self.search());
        let Some(heads) = heads.as_ref() else { return raw.to_owned() };
        let mut places: Vec<Range<usize>> = heads
            .find_overlapping_iter(raw)
            .map(|head| {
                let value = &self.values[head.pattern().as_usize()];
                head.start()..head.start() + common_start(&raw[head.start()..], value)
            })
            .collect();
        places.sort_by_key(|place| place.start);
        places.dedup_by(|next, before| {
            let touches = next.start <= before.end;
            before.end = if touches { before.end.max(next.end) } else { before.end };
            touches
        });
        hide(raw, places.into_iter())
    }

    fn search(&self) -> Option<AhoCorasick> {
        if self.values.is_empty() {
            return None;
        }
        let heads = self.values.iter().map(|value| &value.as_bytes()[..value.len().min(HEAD)]);
        AhoCorasick::builder().match_kind(MatchKind::Standard).build(heads).ok()
    }
}

/// The text of a value, with `?` for each byte that is not UTF-8, as `SourceFile::text` has it.
fn readable(raw: &[u8]) -> String {
    let mut text = String::with_capacity(raw.len());
    for chunk in raw.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    text
}

/// The value itself, or its lines if it has several: they are quoted one by one.
fn pieces(value: &str) -> Vec<String> {
    let is_telling = |line: &&str| line.len() >= SHORTEST_LINE && !line.starts_with("-----");
    let lines = value.lines().map(str::trim);
    if value.contains('\n') || value.contains("-----") {
        lines.flat_map(|line| line.split("-----")).filter(is_telling).map(str::to_owned).collect()
    } else {
        Some(value.to_owned()).filter(|value| !value.is_empty()).into_iter().collect()
    }
}

/// How many bytes two texts have in common at their start, in whole characters.
fn common_start(a: &str, b: &str) -> usize {
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b);
    same.map(|(character, _)| character.len_utf8()).sum()
}

/// Masks places that are in order and apart.
fn hide(raw: &str, places: impl Iterator<Item = Range<usize>>) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut done = 0;
    for place in places {
        let (Some(before), Some(secret)) = (raw.get(done..place.start), raw.get(place.clone()))
        else {
            continue;
        };
        text.push_str(before);
        text.push_str(&mask(secret));
        done = place.end;
    }
    text.push_str(raw.get(done..).unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::{RuleSet, set};

    /// A file with every `bad` example of every secret rule in it.
    fn leaky_file(rules: &RuleSet) -> Vec<u8> {
        let examples = rules.slots().iter().filter(|slot| !slot.keywords.is_empty());
        let bad = examples.flat_map(|slot| set::examples(&slot.rule().id).unwrap().0);
        let files = bad.flat_map(|example| example.files);
        files.flat_map(|file| [file.text.as_str(), "\n\n"].concat().into_bytes()).collect()
    }

    fn width(text: &str) -> usize {
        text.encode_utf16().count()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_was_found_in_a_file_is_hidden_in_any_text_about_it(
            which in prop::collection::vec(any::<usize>(), 1..6),
            words in prop::collection::vec("[a-z😀 \"'=]{0,12}", 7),
            kept in 50..=100_usize,
        ) {
            let rules = RuleSet::baked();
            let scanner = Scanner::new(&rules);
            let bytes = leaky_file(&rules);
            let found: Vec<_> = scanner.find("a.conf", &bytes).into_iter().map(|secret| secret.at).collect();
            let masker = Masker::new(&scanner, &bytes, &found);
            let planted: Vec<String> = which
                .iter()
                .map(|which| readable(&bytes[found[which % found.len()].clone()]))
                .filter(|value| !value.contains('\n'))
                .collect();
            let mut message = words[0].clone();
            for (value, word) in planted.iter().zip(&words[1..]) {
                // Some messages cut what they quote.
                let cut = value.len().min(HEAD).max(value.len() * kept / 100);
                message.push_str(&value[..cut]);
                message.push_str(word);
            }
            let quoted = masker.quote(&message);
            prop_assert_eq!(width(quoted.as_str()), width(&message));
            for value in planted {
                let head = &value[..value.len().min(HEAD)];
                prop_assert!(!quoted.as_str().contains(head), "{} in {}", head, quoted);
            }
        }
    }

    #[test]
    fn the_lines_of_a_key_are_hidden_one_by_one() {
        let rules = RuleSet::baked();
        let scanner = Scanner::new(&rules);
        let bytes = b"-----BEGIN\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK\n-----END";
        let masker = Masker::new(&scanner, bytes, std::slice::from_ref(&(0..bytes.len())));
        let quoted = masker.quote("line 2 is MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK");
        assert_eq!(quoted.as_str(), "line 2 is MC4C****************************");
    }

    #[test]
    fn what_an_error_repeats_of_a_settings_file_is_hidden() {
        let rules = RuleSet::baked();
        let scanner = Scanner::new(&rules);
        let value = ["qX7", "vR2mK9", "tLw4Zp"].concat();
        for reason in [
            format!("line 3: unknown entry `password: {value}`"),
            format!("line 3: password: {value}"),
        ] {
            let quoted = Masker::plain(&scanner).quote(&reason);
            assert_eq!(quoted.as_str(), reason.replace(&value, "***************"));
        }
    }

    #[test]
    fn a_masker_that_knows_nothing_hides_what_the_scanner_knows() {
        let rules = RuleSet::baked();
        let scanner = Scanner::new(&rules);
        let token = ["ghp_zQWBuTSOoRi4A9sp", "HcVY5ncnsDkxkJ0mLq17"].concat();
        let quoted = Masker::plain(&scanner).quote(&format!("😀 {token}!"));
        assert!(
            quoted.as_str().starts_with("😀 ghp_****") && quoted.as_str().ends_with("**!"),
            "{quoted}"
        );
    }
}
