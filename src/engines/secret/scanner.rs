//! Finds credentials in bytes: keywords first, then regular expressions in the windows around them.

use std::{collections::BTreeMap, ops::Range, rc::Rc, sync::OnceLock};

use super::{
    claims::{Claim, join, settle},
    generic::{self, FileNature},
    keywords::Keywords,
    pattern::{Opinion, Pattern},
};
use crate::{
    rule::{
        Matcher, RuleId, RuleSet, Severity, Tier,
        set::{Engine, Slot},
    },
    sources::SourceFile,
};

/// One credential in some bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretMatch {
    /// The rule that knows it.
    pub rule: RuleId,
    /// The bytes of the credential itself.
    pub at: Range<usize>,
    /// The bytes of the name that it is given to, for rules that see one.
    pub name: Option<Range<usize>>,
    /// The tier, lowered where a checksum is wrong.
    pub tier: Tier,
    /// Instead of the rule's severity.
    pub severity: Option<Severity>,
    /// What was verified offline: `checksum correct`, `RSA 2048, not encrypted`.
    pub verified: Option<String>,
}

/// The credentials of one file, found once and shared by all who ask.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretMatches(pub Vec<SecretMatch>);

/// All secret rules of a run, ready to search.
pub struct Scanner {
    keywords: Keywords,
    /// For each keyword, in lower case, those who look for it.
    owners: Vec<Vec<Owner>>,
    rules: Vec<Lazy>,
}

/// A rule, by its index, and how it writes a keyword.
type Owner = (usize, Box<[u8]>);

/// A rule that is decoded and compiled when a keyword of it is seen.
struct Lazy {
    slot: Slot,
    pattern: OnceLock<Option<Pattern>>,
}

impl Lazy {
    fn pattern(&self) -> Option<&Pattern> {
        self.pattern.get_or_init(|| Pattern::new(self.slot.rule())).as_ref()
    }

    /// Where the rule looks because of what stands `at`, if that is `keyword`.
    fn window(&self, bytes: &[u8], at: Range<usize>, keyword: &[u8]) -> Option<Range<usize>> {
        let Matcher::Secret(matcher) = &self.slot.rule().matcher else { return None };
        if !matcher.ignore_case && bytes[at.clone()] != *keyword {
            return None;
        }
        if matcher.generic && !generic::may_follow(bytes, at.end) {
            return None;
        }
        let first = at.start.saturating_sub(matcher.window);
        Some(first..bytes.len().min(at.end + matcher.window))
    }
}

impl Scanner {
    /// Prepares the keyword search; rules are decoded and compiled when first needed.
    pub fn new(rules: &RuleSet) -> Self {
        let rules: Vec<Lazy> = rules
            .of(Engine::Secret)
            .map(|slot| Lazy { slot: slot.clone(), pattern: OnceLock::new() })
            .collect();
        let mut owners: BTreeMap<Vec<u8>, Vec<Owner>> = BTreeMap::new();
        for (index, rule) in rules.iter().enumerate() {
            for keyword in &rule.slot.keywords {
                let keyword = keyword.as_bytes();
                let owned = owners.entry(keyword.to_ascii_lowercase()).or_default();
                owned.push((index, keyword.into()));
            }
        }
        let keywords = Keywords::new(owners.keys().map(Vec::as_slice));
        Self { keywords, owners: owners.into_values().collect(), rules }
    }

    /// Finds all credentials in `bytes`, of every tier, in order of their place, none overlapping.
    pub fn find(&self, path: &str, bytes: &[u8]) -> Vec<SecretMatch> {
        let windows = self.windows(path, bytes);
        if windows.is_empty() {
            return Vec::new();
        }
        let nature = FileNature::of(path);
        let mut claims = Vec::new();
        for (index, spans) in windows {
            let Some(pattern) = self.rules[index].pattern() else { continue };
            for span in spans {
                pattern.search(bytes, span, nature, |opinion| {
                    claims.push(self.claim(index, pattern, bytes, opinion));
                });
            }
        }
        settle(claims)
    }

    /// The credentials of a file; looked for once, whoever asks.
    pub fn matches(&self, file: &SourceFile) -> Rc<SecretMatches> {
        file.parsed(|file| SecretMatches(self.find(file.path().as_str(), file.bytes())))
    }

    /// For each rule with a keyword in `bytes`, the merged windows around its keywords.
    fn windows(&self, path: &str, bytes: &[u8]) -> Vec<(usize, Vec<Range<usize>>)> {
        let mut windows: Vec<(usize, Vec<Range<usize>>)> = Vec::new();
        self.keywords.each(bytes, |word, start| {
            for (index, keyword) in &self.owners[word] {
                let at = start..start + keyword.len();
                let Some(window) = self.rules[*index].window(bytes, at, keyword) else { continue };
                match windows.iter_mut().find(|(known, _)| known == index) {
                    // The rule does not look at this file.
                    Some((_, spans)) if spans.is_empty() => {}
                    Some((_, spans)) => join(spans, window),
                    None => {
                        let looks =
                            self.rules[*index].pattern().is_some_and(|rule| rule.looks_at(path));
                        let spans = if looks { vec![window] } else { Vec::new() };
                        windows.push((*index, spans));
                    }
                }
            }
        });
        windows
    }

    fn claim(&self, rule: usize, pattern: &Pattern, bytes: &[u8], opinion: Opinion) -> Claim {
        let rule = self.rules[rule].slot.rule();
        let (at, found) = match opinion {
            Opinion::Refused(at) => (at, None),
            Opinion::Accepted { at, name, tier, verified } => {
                let rule = rule.id.clone();
                let found =
                    SecretMatch { rule, at: at.clone(), name, tier, severity: None, verified };
                (at, Some(found))
            }
        };
        let grounds = pattern.grounds(&bytes[at.clone()]);
        Claim { grounds, severity: rule.severity, at, found }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::{Matcher, set};

    /// Texts of the rule's examples, whole.
    fn example_texts(id: &RuleId) -> Vec<Vec<u8>> {
        let (bad, good) = set::examples(id).unwrap();
        let files = bad.into_iter().chain(good).flat_map(|example| example.files);
        files.map(|file| file.text.into_bytes()).collect()
    }

    /// What a rule accepts in these windows.
    fn accepted(pattern: &Pattern, bytes: &[u8], spans: &[Range<usize>]) -> Vec<Range<usize>> {
        let nature = FileNature::of("settings.conf");
        let mut accepted = Vec::new();
        for span in spans {
            pattern.search(bytes, span.clone(), nature, |opinion| {
                if let Opinion::Accepted { at, .. } = opinion {
                    accepted.push(at);
                }
            });
        }
        accepted
    }

    fn spans_of(scanner: &Scanner, rule: usize, bytes: &[u8]) -> Vec<Range<usize>> {
        let windows = scanner.windows("settings.conf", bytes);
        windows
            .into_iter()
            .find(|(index, _)| *index == rule)
            .map(|(_, spans)| spans)
            .unwrap_or_default()
    }

    fn piece() -> impl Strategy<Value = (usize, u8, Vec<u8>)> {
        let filler = prop_oneof![
            Just(b"\n".to_vec()),
            Just(b" ".to_vec()),
            Just(b"\r\n\t".to_vec()),
            prop::collection::vec(any::<u8>(), 0..40),
            prop::collection::vec(prop::sample::select(&b"abc xyz=:\"'\n"[..]), 0..700),
        ];
        (any::<usize>(), 0..=100_u8, filler)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn windows_around_keywords_lose_nothing(pieces in prop::collection::vec(piece(), 1..8)) {
            let scanner = Scanner::new(&RuleSet::baked());
            for (index, rule) in scanner.rules.iter().enumerate() {
                let pattern = rule.pattern().unwrap();
                let texts = example_texts(&rule.slot.rule().id);
                let mut bytes = Vec::new();
                for (which, share, filler) in &pieces {
                    let text = &texts[which % texts.len()];
                    bytes.extend_from_slice(&text[..text.len() * usize::from(*share) / 100]);
                    bytes.extend_from_slice(filler);
                }
                if !pattern.looks_at("settings.conf") {
                    continue;
                }
                let bare = accepted(pattern, &bytes, std::slice::from_ref(&(0..bytes.len())));
                let windowed = accepted(pattern, &bytes, &spans_of(&scanner, index, &bytes));
                prop_assert_eq!(windowed, bare, "{} in {:?}", rule.slot.id, String::from_utf8_lossy(&bytes));
            }
        }

        #[test]
        fn matches_are_in_order_and_apart(pieces in prop::collection::vec(piece(), 1..12)) {
            let rules = RuleSet::baked();
            let scanner = Scanner::new(&rules);
            let mut bytes = Vec::new();
            for (which, _, filler) in &pieces {
                let texts = example_texts(&scanner.rules[which % scanner.rules.len()].slot.rule().id);
                bytes.extend_from_slice(&texts[which % texts.len()]);
                bytes.extend_from_slice(filler);
            }
            let found = scanner.find("a.conf", &bytes);
            prop_assert!(found.windows(2).all(|pair| pair[0].at.end <= pair[1].at.start));
            prop_assert!(found.iter().all(|secret| secret.at.end <= bytes.len() && !secret.at.is_empty()));
        }
    }

    #[test]
    fn every_rule_can_be_compiled_and_validated() {
        for rule in &Scanner::new(&RuleSet::baked()).rules {
            assert!(rule.pattern().is_some(), "{}", rule.slot.id);
            let Matcher::Secret(matcher) = &rule.slot.rule().matcher else {
                panic!("{}", rule.slot.id)
            };
            let validator = matcher.validate.as_deref();
            assert!(validator.is_none_or(super::super::validators::is_known), "{}", rule.slot.id);
        }
    }
}
