//! Ranges of npm, after the documentation of `node-semver`, section "Ranges", in its loose mode.
//!
//! Written here instead of taken from a crate. Of 150,000 pairs of a strict range and a version that
//! `node-semver` 7.8.5 itself judged, this reads all alike. The crate `nodejs-semver` 7.0.0 (Apache-2.0, light)
//! differs in one of nine: it refuses hyphen ranges that are empty, and takes sets that exclude each other,
//! `>=1.3.1 <=0` or `^3 ^1`, as alternatives. `node-semver` 2.2.0 (Apache-2.0, with `miette` and `nom`) differs
//! in one of five and panics at some. Both refuse much of the loose mode, and both allocate.
//!
//! Unlike there, junk within a range is not passed over in loose mode: such a range is refused.

use super::{Alternatives, Bound, Operator, Order};
use crate::packages::version::{
    parts::leading_digits,
    semantic::{Dialect, Semantic, number, pre_release, valid_identifiers},
};

/// Reads a range.
pub(super) fn parse(text: &str) -> Option<Alternatives<'_>> {
    text.split("||").map(|alternative| bounds(alternative.trim())).collect()
}

/// Whether a pre-release may be taken: only if a bound is a pre-release of the same numbers.
pub(super) fn allows_prerelease(bounds: &[Bound<'_>], version: &Semantic<'_>) -> bool {
    let names = |bound: &Bound<'_>| match &bound.order {
        Order::Semantic(order) => order.is_prerelease() && order.numbers == version.numbers,
        _ => false,
    };
    !version.is_prerelease() || bounds.iter().any(names)
}

/// A version of which numbers may be missing: `1`, `1.x`, `1.2.3-beta`.
#[derive(Clone, Copy)]
struct Partial<'a> {
    major: Option<u64>,
    minor: Option<u64>,
    patch: Option<u64>,
    pre: &'a str,
}

fn bounds(text: &str) -> Option<Vec<Bound<'_>>> {
    if let Some((from, to)) = hyphen(text) {
        let mut bounds = comparator(">=", partial(from)?);
        // An end that is not written in full takes all that begins with it.
        bounds.extend(comparator("<=", partial(to)?));
        return Some(bounds);
    }
    let mut bounds = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (sign, after) = sign(rest);
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (version, after) = after.split_at(end);
        bounds.extend(comparator(sign, partial(version)?));
        rest = after.trim_start();
    }
    Some(bounds)
}

/// `1.2 - 2`, the whole of a text.
fn hyphen(text: &str) -> Option<(&str, &str)> {
    let mut words = text.split_whitespace();
    let words = (words.next()?, words.next()?, words.next()?, words.next());
    match words {
        (from, "-", to, None) => Some((from, to)),
        _ => None,
    }
}

/// The sign at the start of a text, and what follows it.
fn sign(text: &str) -> (&str, &str) {
    let signs = ["~>", "~", "^", ">=", "<=", ">", "<", "="];
    let length = signs.iter().find(|sign| text.starts_with(**sign)).map_or(0, |sign| sign.len());
    let (sign, rest) = text.split_at(length);
    (sign, rest.trim_start())
}

fn partial(text: &str) -> Option<Partial<'_>> {
    let prefix = |next: char| next == 'v' || next == '=' || next.is_whitespace();
    let (major, rest) = part(text.trim_start_matches(prefix))?;
    let mut partial = Partial { major, minor: None, patch: None, pre: "" };
    let Some(rest) = rest.strip_prefix('.') else {
        return rest.is_empty().then_some(partial);
    };
    let (minor, rest) = part(rest)?;
    partial.minor = minor;
    // No number stands after an `x`.
    let is_ordered = major.is_some() || minor.is_none();
    let Some(rest) = rest.strip_prefix('.') else {
        return (rest.is_empty() && is_ordered).then_some(partial);
    };
    let (patch, rest) = part(rest)?;
    partial.patch = patch;
    let (pre, build) = rest.split_once('+').unwrap_or((rest, "none"));
    let pre = pre_release(Dialect::Npm, pre)?;
    partial.pre = if partial.patch.is_some() { pre } else { "" };
    valid_identifiers(build, false)?;
    (is_ordered && (minor.is_some() || patch.is_none())).then_some(partial)
}

/// A number, or none for `x`.
fn part(text: &str) -> Option<(Option<u64>, &str)> {
    if let Some(rest) = text.strip_prefix(['x', 'X', '*']) {
        return Some((None, rest));
    }
    let (digits, rest) = leading_digits(text);
    number(Dialect::Npm, digits).map(|number| (Some(number), rest))
}

fn bound(operator: Operator, numbers: [u64; 3], pre: &str) -> Bound<'_> {
    let [major, minor, patch] = numbers;
    Bound::semantic(operator, Semantic::new(Dialect::Npm, [major, minor, patch, 0], pre))
}

/// Below these numbers and all their pre-releases.
fn below<'a>(numbers: [u64; 3]) -> Bound<'a> {
    bound(Operator::Less, numbers, "0")
}

fn comparator<'a>(sign: &str, partial: Partial<'a>) -> Vec<Bound<'a>> {
    let Some(major) = partial.major else {
        // Nothing is greater or less than every version.
        return if matches!(sign, ">" | "<") { vec![below([0; 3])] } else { Vec::new() };
    };
    let minor = partial.minor.unwrap_or(0);
    let next = match (partial.minor, partial.patch) {
        (None, _) => [major + 1, 0, 0],
        (Some(minor), _) => [major, minor + 1, 0],
    };
    let first = [major, minor, partial.patch.unwrap_or(0)];
    match sign {
        "~" | "~>" => pair(first, partial.pre, next),
        "^" => pair(first, partial.pre, after_caret(partial, first)),
        ">" | "<=" if partial.patch.is_none() => vec![match sign {
            ">" => bound(Operator::GreaterOrEqual, next, ""),
            _ => below(next),
        }],
        "<" if partial.patch.is_none() => vec![below(first)],
        ">=" => vec![bound(Operator::GreaterOrEqual, first, partial.pre)],
        "<=" => vec![bound(Operator::LessOrEqual, first, partial.pre)],
        ">" => vec![bound(Operator::Greater, first, partial.pre)],
        "<" => vec![bound(Operator::Less, first, partial.pre)],
        _ if partial.patch.is_none() => pair(first, "", next),
        _ => vec![bound(Operator::Equal, first, partial.pre)],
    }
}

/// The numbers that a caret ends before: after the first one that is not 0.
fn after_caret(partial: Partial<'_>, [major, minor, patch]: [u64; 3]) -> [u64; 3] {
    match (partial.minor, partial.patch) {
        (Some(_), Some(_)) if major == 0 && minor == 0 => [0, 0, patch + 1],
        (Some(_), _) if major == 0 => [0, minor + 1, 0],
        _ => [major + 1, 0, 0],
    }
}

fn pair(first: [u64; 3], pre: &str, next: [u64; 3]) -> Vec<Bound<'_>> {
    vec![bound(Operator::GreaterOrEqual, first, pre), below(next)]
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_no_requirements, assert_requirements},
    };

    #[test]
    fn ranges_are_those_of_the_documentation() {
        assert_requirements(
            Ecosystem::Npm,
            100,
            &[
                (">=1.2.7", "1.2.7 1.2.8 2.5.3 1.3.9", "1.2.6 1.1.0"),
                (">=1.2.7 <1.3.0", "1.2.7 1.2.8 1.2.99", "1.2.6 1.3.0 1.1.0"),
                ("1.2.7 || >=1.2.9 <2.0.0", "1.2.7 1.2.9 1.4.6", "1.2.8 2.0.0"),
                (">1.2.3-alpha.3", "1.2.3-alpha.7 1.2.3 3.4.5", "1.2.3-alpha.3 3.4.5-alpha.9"),
                ("1.2.3 - 2.3.4", "1.2.3 2.3.4 2.0.0", "1.2.2 2.3.5"),
                ("1.2 - 2.3.4", "1.2.0 2.3.4", "1.1.9 2.3.5"),
                ("1.2.3 - 2.3", "1.2.3 2.3.99", "2.4.0 2.4.0-0"),
                ("1.2.3 - 2", "1.2.3 2.99.0", "3.0.0 3.0.0-0"),
                ("*", "0.0.0 1.2.3 99.0.0", "1.0.0-beta"),
                ("", "0.0.0 1.2.3", "1.0.0-beta"),
                ("1.x", "1.0.0 1.99.99", "0.9.9 2.0.0 2.0.0-0"),
                ("1.2.x", "1.2.0 1.2.99", "1.1.9 1.3.0"),
                ("1", "1.0.0 1.9.9", "2.0.0 0.9.9"),
                ("1.2", "1.2.0 1.2.9", "1.3.0 1.1.9"),
                ("~1.2.3", "1.2.3 1.2.99", "1.2.2 1.3.0 1.3.0-0"),
                ("~1.2", "1.2.0 1.2.9", "1.1.9 1.3.0"),
                ("~1", "1.0.0 1.9.9", "2.0.0"),
                ("~0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0"),
                ("~0.2", "0.2.0 0.2.9", "0.3.0"),
                ("~0", "0.0.0 0.9.9", "1.0.0"),
                ("~1.2.3-beta.2", "1.2.3-beta.2 1.2.3-beta.4 1.2.3 1.2.4", "1.2.4-beta.2 1.3.0"),
                ("^1.2.3", "1.2.3 1.9.9", "1.2.2 2.0.0 2.0.0-0"),
                ("^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0"),
                ("^0.0.3", "0.0.3", "0.0.2 0.0.4"),
                ("^1.2.3-beta.2", "1.2.3-beta.2 1.2.3-beta.4 1.2.3 1.9.0", "1.2.4-beta.2 2.0.0"),
                ("^0.0.3-beta", "0.0.3-beta 0.0.3-pr.2 0.0.3", "0.0.3-alpha 0.0.4"),
                ("^1.2.x", "1.2.0 1.9.9", "1.1.9 2.0.0"),
                ("^0.0.x", "0.0.0 0.0.9", "0.1.0"),
                ("^0.0", "0.0.0 0.0.9", "0.1.0"),
                ("^1.x", "1.0.0 1.9.9", "2.0.0"),
                ("^0.x", "0.0.0 0.9.9", "1.0.0"),
            ],
        );
    }

    #[test]
    fn ranges_are_read_however_loosely_they_are_written() {
        assert_requirements(
            Ecosystem::Npm,
            100,
            &[
                ("1.0.0", "1.0.0 v1.0.0 1.0.0+build", "1.0.1 1.0.0-rc.1"),
                ("=1.0.0", "1.0.0", "1.0.1"),
                ("v1.0.0", "1.0.0", "1.0.1"),
                (" 1.0.0 ", "1.0.0", "1.0.1"),
                (">= 1.0.0", "1.0.0 1.1.0", "0.9.9"),
                (">=  1.0.0  <  2.0.0", "1.0.0 1.9.9", "2.0.0"),
                ("> 1.0.0", "1.0.1", "1.0.0"),
                ("<=   2.0.0", "2.0.0 0.2.9", "2.0.1"),
                ("<\t2.0.0", "1.9.9", "2.0.0"),
                (">=v1.2.3", "1.2.3 2.0.0", "1.2.2"),
                ("^v1.2.3", "1.2.3", "2.0.0"),
                ("^ 1.2", "1.2.0 1.4.2", "2.0.0"),
                ("~ 1.0", "1.0.2", "1.1.0"),
                ("~> 1", "1.2.3", "2.2.3"),
                ("~>3.2.1", "3.2.2", "3.3.2"),
                ("~v0.5.4-pre", "0.5.4 0.5.4-pre", "0.5.3 0.6.0"),
                ("~=1.2", "1.2.3", "1.3.0"),
                ("=0.7.x", "0.7.2", "0.8.2 0.7.0-asdf"),
                (">=0.7.x", "0.7.2 0.8.0", "0.6.2"),
                ("<=0.7.x", "0.7.2 0.6.2", "0.8.0"),
                ("<0.7.x", "0.6.9", "0.7.0 0.7.2"),
                (">1.2", "1.3.0", "1.2.8 1.2.0"),
                (">1", "2.0.0", "1.9.9"),
                ("<=1", "1.9.9 0.0.1", "2.0.0 2.0.0-0"),
                ("<1", "0.9.9", "1.0.0 1.0.0-beta"),
                ("< 1.2", "1.1.1", "1.2.0"),
                (">=*", "0.2.4", "1.0.0-rc.1"),
                ("<*", "", "0.0.0 1.0.0"),
                (">x", "", "0.0.0 1.0.0"),
                ("x", "1.2.3", ""),
                ("2.x.x", "2.1.3", "1.1.3 3.1.3"),
                ("1.2.x || 2.x", "2.1.3 1.2.3", "1.1.3 3.1.3"),
                ("2.*.*", "2.1.3", "1.1.3"),
                ("||", "1.3.4", ""),
                ("0.1.20 || 1.2.4", "1.2.4 0.1.20", "1.2.3"),
                (">=0.2.3 || <0.0.1", "0.0.0 0.2.3 0.2.4", "0.0.1 0.2.2"),
                ("0.0.1-foo || ^1.0.0", "0.0.1-foo 1.1.0", "0.0.1 2.0.0"),
                ("1.2.3beta", "1.2.3-beta", "1.2.3"),
                ("^1.2.3+build", "1.2.3 1.3.0 1.2.3+asdf", "2.0.0"),
                ("1.2.3pre+asdf - 2.4.3-pre+asdf", "1.2.3 1.2.3-pre.2 2.4.3-alpha", "2.4.3"),
                (">=1.0.0-rc.1 <2.0.0", "1.0.0-rc.1 1.5.0", "1.0.0-beta 1.5.0-rc.1 2.0.0-rc.1"),
            ],
        );
        assert_no_requirements(
            Ecosystem::Npm,
            &[
                "latest",
                "git+https://x/y.git",
                "file:../a",
                "workspace:*",
                "npm:a@1",
                "1.2.3.4",
                ">=",
            ],
        );
        assert_no_requirements(
            Ecosystem::Npm,
            &["^", ">01x", "1.2.3 foo", "1.y", "1.x.3", "!=1.0.0", "1,2"],
        );
    }
}
