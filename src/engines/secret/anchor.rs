//! Where a match begins relative to its keyword: a rule whose matches begin with one is tried there only.

use regex_automata::util::syntax;
use regex_syntax::hir::{Hir, HirKind, literal::Extractor};

/// Most values of a class that are spelled out.
const MOST_OF_CLASS: usize = 32;

/// Most bytes that stand between the beginning of a match and its keyword, 0 or 1, if every match begins with
/// one of these keywords; else `None`.
pub(super) fn bytes_before(regex: &str, keywords: &[String]) -> Option<usize> {
    let hir = syntax::parse_with(regex, &syntax::Config::new().unicode(false).utf8(false)).ok()?;
    let (before, rest) = without_left_context(&hir)?;
    let longest = keywords.iter().map(String::len).max()?;
    let mut extractor = Extractor::new();
    extractor.limit_class(MOST_OF_CLASS).limit_literal_len(longest);
    let prefixes = extractor.extract(&rest);
    let literals = prefixes.literals()?;
    let begins = |literal: &[u8]| keywords.iter().any(|word| literal.starts_with(word.as_bytes()));
    let is_anchored = !literals.is_empty() && literals.iter().all(|one| begins(one.as_bytes()));
    is_anchored.then_some(before)
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

    fn before(regex: &str, keywords: &[&str]) -> Option<usize> {
        let keywords: Vec<_> = keywords.iter().map(|word| (*word).to_owned()).collect();
        bytes_before(regex, &keywords)
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
