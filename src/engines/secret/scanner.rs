//! Finds credentials in bytes: keywords first, then regular expressions in the windows around them.

use std::{
    cell::{Cell, OnceCell},
    cmp::Reverse,
    ops::Range,
    rc::Rc,
    sync::{Arc, OnceLock},
};

use jiff::civil::Date;

use super::{
    anchor::Anchor,
    claims::{Claim, Grounds, best, join, merged, overlap, places, settle, touches},
    decoded::{self, Form, View},
    generic::{self, FileNature},
    hits::Hits,
    keywords::Keywords,
    paths::Paths,
    pattern::{Opinion, Pattern},
};
use crate::{
    finding::Secret,
    rule::{
        Matcher, RuleId, RuleSet, Severity, Tier,
        set::{Engine, Slot},
    },
    sources::{SourceFile, history::Copied},
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
    /// The bytes of the other half of the pair, where the rule knows one and it is near.
    pub partner: Option<Range<usize>>,
    /// The tier, lowered where a checksum is wrong.
    pub tier: Tier,
    /// Instead of the rule's severity.
    pub severity: Option<Severity>,
    /// What was verified offline: `checksum correct`, `RSA 2048, not encrypted`.
    pub verified: Option<String>,
    /// What it is, if it does not stand at its place as it is.
    pub decoded: Option<DecodedSecret>,
}

/// A credential that stands in a file in another form.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedSecret {
    /// How it is written.
    pub form: Form,
    /// The credential.
    pub value: Secret,
    /// How many more are written at the same place.
    pub more: usize,
}

impl SecretMatch {
    /// What is hidden wherever the file is quoted: the credential, and the other half of its pair.
    pub fn hidden(&self) -> impl Iterator<Item = Range<usize>> {
        std::iter::once(&self.at).chain(&self.partner).cloned()
    }
}

/// The credentials of one file, found once and shared by all who ask.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretMatches(pub Vec<SecretMatch>);

/// All secret rules of a run, ready to search.
pub struct Scanner {
    keywords: Keywords,
    /// Those who look for a keyword, in the order of the keywords, and where each keyword's begin.
    owners: Vec<Owner>,
    bounds: Vec<usize>,
    rules: Vec<Lazy>,
    today: Option<Date>,
}

/// A rule by its index, and the merged windows around its keywords.
type Windows = (usize, Vec<Range<usize>>);

/// A rule and one of its keywords, by their indices.
struct Owner {
    rule: usize,
    keyword: usize,
}

fn folded(word: &[u8]) -> impl Iterator<Item = u8> {
    word.iter().map(u8::to_ascii_lowercase)
}

/// A rule that is decoded and compiled when a keyword of it is seen.
struct Lazy {
    slot: Arc<Slot>,
    paths: OnceLock<Paths>,
    anchor: OnceLock<Option<Anchor>>,
    pattern: OnceLock<Option<Pattern>>,
}

impl Lazy {
    fn new(slot: &Arc<Slot>) -> Self {
        Self {
            slot: Arc::clone(slot),
            paths: OnceLock::new(),
            anchor: OnceLock::new(),
            pattern: OnceLock::new(),
        }
    }

    /// Whether the rule looks at files of this path; known before its expression is compiled.
    fn looks_at(&self, path: &str) -> bool {
        self.paths.get_or_init(|| Paths::of(self.slot.rule())).hold(path)
    }

    fn pattern(&self) -> Option<&Pattern> {
        self.pattern.get_or_init(|| Pattern::new(self.slot.rule())).as_ref()
    }

    /// Whether a match may lie around the keyword that stands `at`. This is cheap and nearly always no for a
    /// rule whose matches begin with their keyword; for others it is yes.
    fn may_match(&self, bytes: &[u8], at: usize, end: usize) -> bool {
        let anchor = self.anchor.get_or_init(|| Anchor::of(self.slot.rule()));
        let Some(anchor) = anchor else { return true };
        let begins = |pattern: &Pattern| pattern.begins(bytes, at, end, anchor.before);
        anchor.may_begin(&bytes[at..end]) && self.pattern().is_some_and(begins)
    }

    /// Where the rule looks because of what stands `at`, if that is `keyword`.
    fn window(&self, bytes: &[u8], at: Range<usize>, keyword: &[u8]) -> Option<Range<usize>> {
        if !self.slot.ignore_case && bytes[at.clone()] != *keyword {
            return None;
        }
        let Matcher::Secret(matcher) = &self.slot.rule().matcher else { return None };
        if matcher.generic {
            return generic::window(bytes, &at, matcher.window);
        }
        let first = at.start.saturating_sub(matcher.window);
        Some(first..bytes.len().min(at.end + matcher.window))
    }
}

impl Scanner {
    /// Prepares the keyword search; rules are decoded and compiled when first needed.
    pub fn new(rules: &RuleSet) -> Self {
        let rules: Vec<Lazy> = rules.of(Engine::Secret).map(Lazy::new).collect();
        let mut owners: Vec<Owner> = Vec::new();
        for (rule, lazy) in rules.iter().enumerate() {
            owners.extend((0..lazy.slot.keywords.len()).map(|keyword| Owner { rule, keyword }));
        }
        let word = |owner: &Owner| rules[owner.rule].slot.keywords[owner.keyword].as_bytes();
        owners.sort_by(|one, other| folded(word(one)).cmp(folded(word(other))));
        let same = |one: &Owner, other: &Owner| word(one).eq_ignore_ascii_case(word(other));
        let keywords = Keywords::new(owners.chunk_by(same).map(|group| word(&group[0])));
        let mut bounds = vec![0];
        for group in owners.chunk_by(same) {
            bounds.push(bounds.last().copied().unwrap_or_default() + group.len());
        }
        Self { keywords, owners, bounds, rules, today: None }
    }

    /// Knows the day, and so what has expired.
    #[must_use]
    pub const fn on(mut self, today: Date) -> Self {
        self.today = Some(today);
        self
    }

    /// Finds all credentials in `bytes`, of every tier, in order of their place, none overlapping.
    ///
    /// What is written in another form, one level deep, is found, too: its place is what it is written as.
    pub fn find(&self, path: &str, bytes: &[u8]) -> Vec<SecretMatch> {
        let nature = FileNature::of(path);
        let looks = |rule: &Lazy| rule.looks_at(path);
        let mut claims = self.claims(bytes, nature, true, looks);
        let known = OnceCell::new();
        let is_claimed =
            |at: &Range<usize>| touches(known.get_or_init(|| places(&claims, |_| true)), at);
        let (mut decoded, mut read) = (Vec::new(), Vec::new());
        decoded::views(path, bytes, nature, &is_claimed, &mut |view| {
            decoded.extend(self.decoded_claims(bytes, &view, looks));
            read.extend(view.replaces());
        });
        // What a name is given in another form is judged by what it says, not by how it looks.
        let read = merged(read.into_iter());
        claims.retain(|claim| claim.grounds != Grounds::Name || !touches(&read, &claim.at));
        claims.extend(decoded);
        settle(claims)
    }

    /// What each rule that `looks` says about each place.
    fn claims(
        &self,
        bytes: &[u8],
        nature: FileNature,
        with_names: bool,
        looks: impl Fn(&Lazy) -> bool,
    ) -> Vec<Claim> {
        self.claims_within(self.windows(bytes, looks), bytes, nature, with_names)
    }

    /// What each rule says about each place in its windows.
    fn claims_within(
        &self,
        windows: Vec<Windows>,
        bytes: &[u8],
        nature: FileNature,
        with_names: bool,
    ) -> Vec<Claim> {
        let mut claims = Vec::new();
        for (index, spans) in windows {
            // Nothing is compiled for a file that the rule does not look at.
            if spans.is_empty() {
                continue;
            }
            let Some(pattern) = self.rules[index].pattern() else { continue };
            if pattern.is_generic() && !with_names {
                continue;
            }
            for span in spans {
                pattern.search(bytes, span, nature, self.today, |opinion| {
                    claims.push(self.claim(index, pattern, bytes, opinion));
                });
            }
        }
        claims
    }

    /// What the rules say about a decoded text, at the places of the file that it comes from.
    fn decoded_claims(
        &self,
        bytes: &[u8],
        view: &View,
        looks: impl Fn(&Lazy) -> bool,
    ) -> Vec<Claim> {
        let text = &view.text.bytes;
        let claims = self.claims(text, view.nature, view.with_names, looks);
        let refused: Vec<_> =
            claims.iter().filter(|claim| claim.found.is_none()).cloned().collect();
        let moved = best(claims).into_iter().chain(refused).map(|mut claim| {
            let value = &text[claim.at.clone()];
            claim.at = view.text.source(&claim.at);
            if let Some(found) = &mut claim.found {
                found.at = claim.at.clone();
                found.name = found.name.as_ref().map(|name| view.text.source(name));
                let partner = found.partner.as_ref().map(|partner| view.text.source(partner));
                // Both halves in one base64 text have one place.
                found.partner = partner.filter(|partner| !overlap(partner, &claim.at));
                let form = view.text.form;
                found.decoded = (bytes[claim.at.clone()] != *value).then(|| DecodedSecret {
                    form,
                    value: Secret::new(value),
                    more: 0,
                });
            }
            claim
        });
        moved.fold(Vec::new(), gather)
    }

    /// Whether [`Self::find`] could find anything in `bytes` under some path.
    pub fn may_find(&self, bytes: &[u8]) -> bool {
        self.may_find_around(&self.hits(bytes), bytes)
    }

    /// Where keywords stand in `bytes`.
    pub fn hits(&self, bytes: &[u8]) -> Hits {
        Hits::of(&self.keywords, bytes)
    }

    /// The same for a text that has `copies` of one whose hits are known: only what is new in it is read.
    pub fn hits_after(&self, known: &Hits, copies: &[Copied], bytes: &[u8]) -> Hits {
        Hits::after(known, copies, &self.keywords, bytes)
    }

    /// What [`Self::may_find`] says of a text whose hits are known.
    pub fn may_find_around(&self, hits: &Hits, bytes: &[u8]) -> bool {
        let finds = |claims: &[Claim]| claims.iter().any(|claim| claim.found.is_some());
        let mut windows = Vec::new();
        for (word, start) in hits.each() {
            self.widen(&mut windows, bytes, word, start, &|_| true);
        }
        let claims = self.claims_within(windows, bytes, FileNature::LAXEST, true);
        let mut may = finds(&claims);
        if may {
            return true;
        }
        let known = places(&claims, |_| true);
        // Under some paths a rule knows this text, and it is decoded under others: no need to try both.
        let is_doubtful = Cell::new(false);
        let is_claimed = |at: &Range<usize>| {
            is_doubtful.set(is_doubtful.get() || touches(&known, at));
            false
        };
        decoded::views_under_any_path(bytes, FileNature::LAXEST, &is_claimed, &mut |view| {
            let text = &view.text.bytes;
            let claims = || self.claims(text, FileNature::LAXEST, view.with_names, |_| true);
            may = may || finds(&claims());
        });
        may || is_doubtful.get()
    }

    /// The credentials of a file; looked for once, whoever asks.
    pub fn matches(&self, file: &SourceFile) -> Rc<SecretMatches> {
        file.parsed(|file| SecretMatches(self.find(file.path().as_str(), file.bytes())))
    }

    /// For each rule with a keyword in `bytes`, the merged windows around its keywords; none for a rule that
    /// `looks` says does not look.
    fn windows(&self, bytes: &[u8], looks: impl Fn(&Lazy) -> bool) -> Vec<Windows> {
        let mut windows = Vec::new();
        self.keywords.each(bytes, |word, start| {
            self.widen(&mut windows, bytes, word, start, &looks);
        });
        windows
    }

    /// Adds the windows around one keyword.
    fn widen(
        &self,
        windows: &mut Vec<Windows>,
        bytes: &[u8],
        word: usize,
        start: usize,
        looks: &impl Fn(&Lazy) -> bool,
    ) {
        for owner in &self.owners[self.bounds[word]..self.bounds[word + 1]] {
            let rule = &self.rules[owner.rule];
            let keyword = rule.slot.keywords[owner.keyword].as_bytes();
            let at = start..start + keyword.len();
            let Some(window) = rule.window(bytes, at, keyword) else { continue };
            let known = windows.iter_mut().find(|(known, _)| *known == owner.rule);
            match known {
                // The rule does not look at this file.
                Some((_, spans)) if spans.is_empty() => {}
                None if !looks(rule) => windows.push((owner.rule, Vec::new())),
                _ if !rule.may_match(bytes, start, window.end) => {}
                Some((_, spans)) => join(spans, window),
                None => windows.push((owner.rule, vec![window])),
            }
        }
    }

    fn claim(&self, rule: usize, pattern: &Pattern, bytes: &[u8], opinion: Opinion) -> Claim {
        let rule = self.rules[rule].slot.rule();
        let (at, found) = match opinion {
            Opinion::Refused(at) => (at, None),
            Opinion::Accepted { at, name, partner, tier, verified } => {
                let (rule, severity, decoded) = (rule.id.clone(), None, None);
                let place = at.clone();
                let found =
                    SecretMatch { rule, at, name, partner, tier, severity, verified, decoded };
                (place, Some(found))
            }
        };
        let grounds = pattern.grounds(&bytes[at.clone()]);
        Claim { grounds, severity: rule.severity, at, found }
    }
}

/// Adds a claim to others; of several that are written at one place, the best speaks for all.
fn gather(mut claims: Vec<Claim>, claim: Claim) -> Vec<Claim> {
    let rank = |claim: &Claim| {
        (claim.grounds, claim.found.as_ref().map(|found| found.tier), Reverse(claim.severity))
    };
    let same = claims.last_mut().filter(|last| last.at == claim.at);
    let Some(same) = same.filter(|same| same.found.is_some() && claim.found.is_some()) else {
        claims.push(claim);
        return claims;
    };
    let more = same.decoded().map_or(0, |decoded| decoded.more) + 1;
    if rank(&claim) < rank(same) {
        *same = claim;
    }
    if let Some(decoded) = same.decoded() {
        decoded.more = more;
    }
    claims
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::rule::{Matcher, SecretMatcher, set};

    static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(&RuleSet::baked()));

    /// Texts of the rule's examples, whole.
    fn example_texts(id: &RuleId) -> Vec<Vec<u8>> {
        let (bad, good) = set::examples(id).unwrap();
        let files = bad.into_iter().chain(good).flat_map(|example| example.files);
        files.map(|file| file.text.into_bytes()).collect()
    }

    /// A credential, and the other half of its pair.
    type Halves = (Range<usize>, Option<Range<usize>>);

    /// What a rule accepts in these windows.
    fn accepted(pattern: &Pattern, bytes: &[u8], spans: &[Range<usize>]) -> Vec<Halves> {
        let nature = FileNature::of("settings.conf");
        let mut accepted = Vec::new();
        for span in spans {
            pattern.search(bytes, span.clone(), nature, None, |opinion| {
                if let Opinion::Accepted { at, partner, .. } = opinion {
                    accepted.push((at, partner));
                }
            });
        }
        accepted
    }

    fn spans_of(scanner: &Scanner, rule: usize, bytes: &[u8]) -> Vec<Range<usize>> {
        let windows = scanner.windows(bytes, |rule| rule.looks_at("settings.conf"));
        windows
            .into_iter()
            .find(|(index, _)| *index == rule)
            .map(|(_, spans)| spans)
            .unwrap_or_default()
    }

    /// Whether a plain search finds a keyword so near that the whole match lies in its window.
    fn has_keyword_near(matcher: &SecretMatcher, bytes: &[u8], at: &Range<usize>) -> bool {
        let most = matcher.window - matcher.window / 4;
        let end = bytes.len().min(at.start + most);
        let near = &bytes[at.end.saturating_sub(most).min(end)..end];
        matcher.keywords.iter().any(|keyword| {
            near.windows(keyword.len()).any(|there| {
                if matcher.ignore_case {
                    there.eq_ignore_ascii_case(keyword.as_bytes())
                } else {
                    there == keyword.as_bytes()
                }
            })
        })
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

    /// A text as it is, or in one of the forms that are decoded.
    fn written(form: usize, bytes: Vec<u8>) -> Vec<u8> {
        let base64 = || STANDARD.encode(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        match form {
            0 => base64().as_bytes().chunks(76).collect::<Vec<_>>().join(&b'\n'),
            1 => bytes.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect(),
            2 => format!("{{\"cell_type\": \"code\", \"source\": {}}}", json!(text)).into_bytes(),
            3 => format!("kind: Secret\ndata:\n  password: {}\n", base64()).into_bytes(),
            _ => bytes,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn windows_around_keywords_lose_nothing(pieces in prop::collection::vec(piece(), 1..8)) {
            for (index, rule) in SCANNER.rules.iter().enumerate() {
                let pattern = rule.pattern().unwrap();
                let texts = example_texts(&rule.slot.rule().id);
                let mut bytes = Vec::new();
                for (which, share, filler) in &pieces {
                    let text = &texts[which % texts.len()];
                    bytes.extend_from_slice(&text[..text.len() * usize::from(*share) / 100]);
                    bytes.extend_from_slice(filler);
                }
                if !rule.looks_at("settings.conf") {
                    continue;
                }
                let bare = accepted(pattern, &bytes, std::slice::from_ref(&(0..bytes.len())));
                // Some rules ask for a vendor's word near the match: without one, they do not look.
                let Matcher::Secret(matcher) = &rule.slot.rule().matcher else { unreachable!() };
                if !bare.iter().all(|(at, _)| has_keyword_near(matcher, &bytes, at)) {
                    continue;
                }
                let windowed = accepted(pattern, &bytes, &spans_of(&SCANNER, index, &bytes));
                prop_assert_eq!(windowed, bare, "{} in {:?}", rule.slot.id, String::from_utf8_lossy(&bytes));
            }
        }

        #[test]
        fn what_is_found_under_a_path_may_be_found(
            pieces in prop::collection::vec(piece(), 1..4),
            form in 0..5_usize,
            path in prop::sample::select(&["a.py", "b.conf", ".env", "tests/c.rb", "d.lock", "e.ipynb", "f.yaml", "g.json"][..]),
        ) {
            let mut bytes = Vec::new();
            for (which, share, filler) in &pieces {
                let texts = example_texts(&SCANNER.rules[which % SCANNER.rules.len()].slot.rule().id);
                let text = &texts[which % texts.len()];
                bytes.extend_from_slice(&text[..text.len() * usize::from(*share) / 100]);
                bytes.extend_from_slice(filler);
            }
            let bytes = written(form, bytes);
            prop_assert!(SCANNER.find(path, &bytes).is_empty() || SCANNER.may_find(&bytes));
        }

        #[test]
        fn a_deletion_that_joins_and_an_insertion_are_as_if_read_whole(
            which in any::<usize>(),
            cut in any::<usize>(),
            length in 0..40_usize,
            form in 0..5_usize,
        ) {
            let texts = example_texts(&SCANNER.rules[which % SCANNER.rules.len()].slot.rule().id);
            let text = written(form, texts[cut % texts.len()].clone());
            let cut = cut % (text.len() + 1);
            let copied = |from, at, length| (length > 0).then_some(Copied { from, at, length });
            let after_a_version = |base: &[u8], copies: [Option<Copied>; 2]| {
                let copies: Vec<_> = copies.into_iter().flatten().collect();
                SCANNER.hits_after(&SCANNER.hits(base), &copies, &text)
            };
            let (head, tail) = text.split_at(cut);
            let deleted = after_a_version(
                &[head, &vec![b'\n'; length], tail].concat(),
                [copied(0, 0, cut), copied(cut + length, cut, tail.len())],
            );
            let kept = &tail[length.min(tail.len())..];
            let inserted = after_a_version(
                &[head, kept].concat(),
                [copied(0, 0, cut), copied(cut, text.len() - kept.len(), kept.len())],
            );
            let may = SCANNER.may_find(&text);
            prop_assert_eq!(SCANNER.may_find_around(&deleted, &text), may);
            prop_assert_eq!(SCANNER.may_find_around(&inserted, &text), may);
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

    #[test]
    fn what_a_checksum_confirms_is_no_placeholder() {
        let scanner = Scanner::new(&RuleSet::baked());
        let pattern = scanner.rules.iter().find(|rule| rule.slot.id == "secret/azure-storage-key");
        let pattern = pattern.unwrap().pattern().unwrap();
        let key = format!("{}JQQJ99ALN5Z0000LZENeS003NUGT3OrW", "a".repeat(52));
        assert!(pattern.has_checksum(key.as_bytes()));
        assert!(!pattern.has_checksum(key.replace("LZ", "LY").as_bytes()));
    }
}
