//! How matches begin at their keyword: a rule whose matches begin with one is tried there only, and only if
//! the next bytes may be those of a match. Most such rules need not be compiled then.

use regex_automata::util::syntax;
use regex_syntax::hir::{Class, Hir, HirKind, Repetition, literal::Extractor};

use crate::rule::{Matcher, Rule};

/// Most values of a class that are spelled out.
const MOST_OF_CLASS: usize = 32;
/// Most bytes of a match that are looked at before the expression is.
const MOST_LEADING: usize = 32;

/// How every match of a rule begins.
pub(super) struct Anchor {
    /// Most bytes that stand between the beginning of a match and its keyword, 0 or 1.
    pub(super) before: usize,
    /// What may stand at the keyword's first byte and each one behind it.
    leading: Vec<ByteSet>,
}

impl Anchor {
    /// That of a rule, if every match of it begins with one of its keywords.
    pub(super) fn of(rule: &Rule) -> Option<Self> {
        let Matcher::Secret(matcher) = &rule.matcher else { return None };
        if matcher.ignore_case {
            return None;
        }
        Self::of_expression(&matcher.regex, &matcher.keywords)
    }

    fn of_expression(regex: &str, keywords: &[String]) -> Option<Self> {
        let config = syntax::Config::new().unicode(false).utf8(false);
        let hir = syntax::parse_with(regex, &config).ok()?;
        let (before, rest) = without_left_context(&hir)?;
        let longest = keywords.iter().map(String::len).max()?;
        let mut extractor = Extractor::new();
        extractor.limit_class(MOST_OF_CLASS).limit_literal_len(longest);
        let prefixes = extractor.extract(&rest);
        let literals = prefixes.literals()?;
        let begins =
            |literal: &[u8]| keywords.iter().any(|word| literal.starts_with(word.as_bytes()));
        let is_anchored = !literals.is_empty() && literals.iter().all(|one| begins(one.as_bytes()));
        is_anchored.then(|| {
            let mut leading = Vec::new();
            lead(&rest, &mut leading);
            Self { before, leading }
        })
    }

    /// Whether a match may go on so from its keyword.
    pub(super) fn may_begin(&self, bytes: &[u8]) -> bool {
        let mut both = self.leading.iter().zip(bytes);
        bytes.len() >= self.leading.len() && both.all(|(set, byte)| set.has(*byte))
    }
}

/// Some values of a byte.
#[derive(Clone, Copy, Default)]
struct ByteSet([u128; 2]);

impl ByteSet {
    fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 7)] |= 1 << (byte & 0x7f);
    }

    fn has(self, byte: u8) -> bool {
        self.0[usize::from(byte >> 7)] >> (byte & 0x7f) & 1 == 1
    }

    const fn or(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }
}

/// Adds what may stand at each byte of an expression, as long as that is certain; whether it is to its end.
fn lead(hir: &Hir, leading: &mut Vec<ByteSet>) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(|byte| {
            let mut set = ByteSet::default();
            set.add(*byte);
            push(set, leading)
        }),
        HirKind::Class(Class::Bytes(class)) => {
            let mut set = ByteSet::default();
            for range in class.ranges() {
                (range.start()..=range.end()).for_each(|byte| set.add(byte));
            }
            push(set, leading)
        }
        // It stands for several bytes.
        HirKind::Class(Class::Unicode(_)) => false,
        HirKind::Repetition(repetition) => lead_repeated(repetition, leading),
        HirKind::Capture(capture) => lead(&capture.sub, leading),
        HirKind::Concat(parts) => parts.iter().all(|part| lead(part, leading)),
        HirKind::Alternation(choices) => lead_one_of(choices, leading),
    }
}

fn push(set: ByteSet, leading: &mut Vec<ByteSet>) -> bool {
    let has_room = leading.len() < MOST_LEADING;
    if has_room {
        leading.push(set);
    }
    has_room
}

fn lead_repeated(repetition: &Repetition, leading: &mut Vec<ByteSet>) -> bool {
    (0..repetition.min).all(|_| leading.len() < MOST_LEADING && lead(&repetition.sub, leading))
        && repetition.max == Some(repetition.min)
}

/// What may stand where one of several expressions does, as far as the shortest goes.
fn lead_one_of(choices: &[Hir], leading: &mut Vec<ByteSet>) -> bool {
    let mut is_certain = true;
    let mut all: Option<Vec<ByteSet>> = None;
    for choice in choices {
        let mut own = Vec::new();
        is_certain &= lead(choice, &mut own);
        all = Some(match all {
            None => own,
            Some(known) => {
                is_certain &= known.len() == own.len();
                known.into_iter().zip(own).map(|(one, other)| one.or(other)).collect()
            }
        });
    }
    all.unwrap_or_default().into_iter().all(|set| push(set, leading)) && is_certain
}

/// The expression after what only looks at the byte before: `\b`, `(?:^|[^a-z])`.
fn without_left_context(hir: &Hir) -> Option<(usize, Hir)> {
    let HirKind::Concat(parts) = hir.kind() else { return Some((0, hir.clone())) };
    let mut before = 0;
    let mut rest = parts.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let longest = first.properties().maximum_len()?;
        if longest > 1 || before + longest > 1 || is_capture(first) || is_literal(first) {
            break;
        }
        before += longest;
        rest = others;
    }
    Some((before, Hir::concat(rest.to_vec())))
}

fn is_capture(hir: &Hir) -> bool {
    matches!(hir.kind(), HirKind::Capture(_))
}

fn is_literal(hir: &Hir) -> bool {
    matches!(hir.kind(), HirKind::Literal(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(regex: &str, keywords: &[&str]) -> Option<Anchor> {
        let keywords: Vec<_> = keywords.iter().map(|word| (*word).to_owned()).collect();
        Anchor::of_expression(regex, &keywords)
    }

    fn before(regex: &str, keywords: &[&str]) -> Option<usize> {
        anchor(regex, keywords).map(|anchor| anchor.before)
    }

    #[test]
    fn what_follows_the_keyword_must_be_able_to_go_on() {
        let regex = r"\b(?P<secret>gh(?:p_|o_z?)[a-c]{3}[0-9]{2,4})\b";
        let anchor = anchor(regex, &["ghp_", "gho_"]).unwrap();
        for text in ["ghp_abc12", "gho_zzzzz", "ghp_???"] {
            assert!(anchor.may_begin(text.as_bytes()), "{text}");
        }
        for text in ["ghp", "ghq_abc12"] {
            assert!(!anchor.may_begin(text.as_bytes()), "{text}");
        }
        let fixed = self::anchor(r"(?:^|x)(?P<secret>k_[a-c]{3}[0-9]{2,4})", &["k_"]);
        let fixed = fixed.unwrap();
        assert!(fixed.may_begin(b"k_abc12") && fixed.may_begin(b"k_abc123"));
        assert!(!fixed.may_begin(b"k_abcd2") && !fixed.may_begin(b"k_abc1"));
    }

    #[test]
    fn a_prefix_stands_at_the_beginning_or_behind_one_byte() {
        assert_eq!(before(r"\b(?P<secret>ghp_[A-Za-z0-9]{36})", &["ghp_"]), Some(0));
        assert_eq!(before(r"(?:^|[^a-z])(?P<secret>gh[ps]_[a-z]{36})", &["ghp_", "ghs_"]), Some(1));
        assert_eq!(before(r"\b(?P<secret>S[AB]{3})(?:[^A-Z]|$)", &["SAAA"]), None);
    }

    #[test]
    fn a_name_before_the_value_is_no_prefix() {
        assert_eq!(before(r"token[ \t]{0,4}=(?P<secret>[a-z]{36})", &["vendor"]), None);
        assert_eq!(before(r"(?i:vendor)_key=(?P<secret>[a-z]{36})", &["vendor"]), None);
        assert_eq!(before(r"(?P<secret>[0-9]{8}:AA[a-z]{33})", &[":AA"]), None);
    }
}
