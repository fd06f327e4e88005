//! Constraints of Composer: `VersionParser::parseConstraints` of composer/semver.
//!
//! What stability may be installed at all (`minimum-stability`, `@dev`) is the project's business and not
//! looked at. A branch with a name is no version, so that nothing fulfils `dev-main`.

use super::{Alternatives, Bound, Operator, Order};
use crate::packages::version::composer::{
    Composer, Modifiers, four_numbers, modifiers, split_stability_flag, without_v,
};

/// Reads alternatives, with `||` or `|` between them.
pub(super) fn parse(text: &str) -> Option<Alternatives<'_>> {
    let mut alternatives = Vec::new();
    let mut rest = text;
    while let Some((alternative, after)) = rest.split_once('|') {
        alternatives.push(bounds(alternative)?);
        rest = after.strip_prefix('|').unwrap_or(after);
    }
    alternatives.push(bounds(rest)?);
    Some(alternatives)
}

/// Reads constraints with commas or blanks between them; there must be one.
fn bounds(text: &str) -> Option<Vec<Bound<'_>>> {
    let is_between = |next: char| next == ',' || next.is_whitespace();
    let mut words = text.split(is_between).filter(|word| !word.is_empty()).peekable();
    words.peek()?;
    let mut bounds = Vec::new();
    while let Some(word) = words.next() {
        let (operator, version) = split_operator(word);
        let version =
            if operator.is_some() && version.is_empty() { words.next()? } else { version };
        if words.next_if_eq(&"-").is_some() {
            bounds.extend(hyphen(word, words.next()?)?);
        } else {
            bounds.extend(constraint(operator, version)?);
        }
        // An alias says what others should take the version for.
        if words.next_if_eq(&"as").is_some() {
            words.next()?;
        }
    }
    Some(bounds)
}

fn split_operator(text: &str) -> (Option<Operator>, &str) {
    match text.strip_prefix("<>") {
        Some(rest) => (Some(Operator::NotEqual), rest),
        None => Operator::split(text),
    }
}

fn constraint(operator: Option<Operator>, text: &str) -> Option<Vec<Bound<'_>>> {
    let (text, flag) = split_stability_flag(text);
    let text = without_reference(text);
    if operator.is_none() {
        if is_wildcard(without_v(text)) || (text.is_empty() && !flag.is_empty()) {
            return Some(Vec::new());
        }
        if let Some(version) = text.strip_prefix('~') {
            return tilde(version);
        }
        if let Some(version) = text.strip_prefix('^') {
            return caret(version);
        }
        if let Some(bounds) = wildcard(text) {
            return Some(bounds);
        }
    }
    basic(operator.unwrap_or(Operator::Equal), text, flag)
}

/// Strips the commit of `dev-main#0123abc` and `1.x-dev#0123abc`.
fn without_reference(text: &str) -> &str {
    match text.split_once('#') {
        Some((branch, _)) if branch.starts_with("dev-") || branch.ends_with(".x-dev") => branch,
        _ => text,
    }
}

/// `*`, `x.x`.
fn is_wildcard(text: &str) -> bool {
    text.split('.').all(|part| matches!(part, "x" | "X" | "*"))
}

/// What the versions of `~`, `^` and hyphens are made of.
struct Parts<'a> {
    version: Composer<'a>,
    numbers: [u64; 4],
    count: usize,
    /// Whether a stability is written.
    has_stability: bool,
    /// Whether it is a branch, `1.x-dev`.
    is_branch: bool,
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let version = Composer::parse(text)?;
    let plain = text.split_once('+').map_or(text, |(version, _)| version);
    let (numbers, count, rest) = four_numbers(without_v(plain))?;
    let is_branch = rest.starts_with(".x") || rest.starts_with(".X") || rest.starts_with(".*");
    let has_stability = is_branch || !modifiers(rest)?.is_none();
    Some(Parts { version, numbers, count, has_stability, is_branch })
}

impl<'a> Parts<'a> {
    /// From the version on; where no stability is written, from its first development version on.
    fn lower(&self) -> Bound<'a> {
        let mut version = self.version;
        if !self.has_stability {
            version.modifiers = Modifiers::DEV;
        }
        bound(Operator::GreaterOrEqual, version)
    }
}

/// `~1.2.3` ends before 1.3, `~1.2` and `~1` before 2.
fn tilde(text: &str) -> Option<Vec<Bound<'_>>> {
    let parts = parts(text)?;
    let position = parts.count + usize::from(parts.is_branch);
    Some(vec![parts.lower(), below_next(parts.numbers, position.saturating_sub(1).max(1))])
}

/// `^1.2.3` ends before 2, `^0.3` before 0.4, `^0.0.3` before 0.0.4.
fn caret(text: &str) -> Option<Vec<Bound<'_>>> {
    let parts = parts(text)?;
    let position = match parts.numbers {
        [0, 0, ..] if parts.count > 2 => 3,
        [0, ..] if parts.count > 1 => 2,
        _ => 1,
    };
    Some(vec![parts.lower(), below_next(parts.numbers, position)])
}

/// `1.2.*`, `1.x`.
fn wildcard(text: &str) -> Option<Vec<Bound<'_>>> {
    let (numbers, count, rest) = four_numbers(without_v(text))?;
    let is_one = count < 4 && is_wildcard(rest.strip_prefix('.')?);
    let least = Composer::of_numbers(numbers, Modifiers::DEV);
    is_one.then(|| vec![bound(Operator::GreaterOrEqual, least), below_next(numbers, count)])
}

/// `1.0 - 2.0`; an end that is not written in full takes all that begins with it.
fn hyphen<'a>(from: &'a str, to: &'a str) -> Option<Vec<Bound<'a>>> {
    let (from, to) = (parts(from)?, parts(to)?);
    let upper = if to.count > 2 || to.has_stability {
        bound(Operator::LessOrEqual, to.version)
    } else {
        below_next(to.numbers, to.count)
    };
    Some(vec![from.lower(), upper])
}

/// Below the first version whose number at a position, counted from one, is the next.
fn below_next<'a>(mut numbers: [u64; 4], position: usize) -> Bound<'a> {
    for (at, number) in numbers.iter_mut().enumerate() {
        *number = match (at + 1).cmp(&position) {
            std::cmp::Ordering::Less => *number,
            std::cmp::Ordering::Equal => number.saturating_add(1),
            std::cmp::Ordering::Greater => 0,
        };
    }
    bound(Operator::Less, Composer::of_numbers(numbers, Modifiers::DEV))
}

fn basic<'a>(operator: Operator, text: &'a str, flag: &'a str) -> Option<Vec<Bound<'a>>> {
    let is_branch = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("dev-"))
        || matches!(text, "master" | "trunk" | "default");
    let version = Composer::parse(text).filter(|_| !is_branch);
    let Some(mut version) = version else {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-./".contains(&byte);
        let is_named = text.ends_with("-dev") && text.bytes().all(is_name);
        return (is_branch || is_named).then(|| of_branch(operator));
    };
    let has_stability =
        || text.match_indices('-').any(|(at, _)| modifiers(&text[at + 1..]).is_some());
    if operator != Operator::Equal
        && !version.is_prerelease()
        && !matches!(flag.to_ascii_lowercase().as_str(), "" | "stable")
    {
        version.modifiers = modifiers(flag)?;
    } else if matches!(operator, Operator::Less | Operator::GreaterOrEqual) && !has_stability() {
        version.modifiers.is_dev = true;
    }
    Some(vec![bound(operator, version)])
}

/// No version is a branch with a name, and none is before or after one.
fn of_branch<'a>(operator: Operator) -> Vec<Bound<'a>> {
    match operator {
        Operator::NotEqual => Vec::new(),
        _ => vec![bound(Operator::Less, Composer::of_numbers([0; 4], Modifiers::DEV))],
    }
}

fn bound(operator: Operator, version: Composer<'_>) -> Bound<'_> {
    Bound { operator, order: Order::Composer(version) }
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_no_requirements, assert_requirements},
    };

    #[test]
    fn constraints_are_those_of_the_documentation() {
        assert_requirements(
            Ecosystem::Packagist,
            80,
            &[
                ("1.0.2", "1.0.2 v1.0.2 1.0.2.0", "1.0.1 1.0.3 1.0.2-beta"),
                ("==1.0.2", "1.0.2", "1.0.3"),
                (">=1.0", "1.0 1.0-dev 1.0-beta 2.0", "0.9"),
                (">=1.0 <2.0", "1.0 1.9.9", "2.0 2.0-dev 2.0-beta 0.9"),
                (">=1.0 <1.1 || >=1.2", "1.0 1.0.9 1.2 3.0", "1.1 1.1.9 0.9"),
                (">1.0", "1.0.1 1.0-p1", "1.0 1.0-RC1"),
                ("<=2.0", "2.0 1.0 2.0-dev", "2.0.1"),
                ("<2.0", "1.9", "2.0 2.0-dev"),
                ("!=1.5", "1.4 1.6 1.5.1", "1.5 1.5.0"),
                ("<>1.5", "1.4", "1.5"),
                ("1.0 - 2.0", "1.0 2.0 2.0.9 1.0-dev", "2.1 2.1-dev 0.9"),
                ("1.0.0 - 2.1.0", "1.0.0 2.1.0", "2.1.1 0.9"),
                ("1.0 - 2", "2.9.9", "3.0 3.0-dev"),
                ("1.2-beta - 2.3-dev", "1.2-beta 1.2 2.3-dev", "1.2-alpha 2.3"),
                ("1.0.*", "1.0 1.0.9 1.0-dev", "1.1 1.1-dev 0.9"),
                ("1.*", "1.0 1.9", "2.0 2.0-dev"),
                ("1.x", "1.0", "2.0"),
                ("v1.2.*", "1.2.3", "1.3"),
                ("0.*", "0.0-dev 0.9", "1.0-dev"),
                ("*", "0.1 9.9 1.0-dev", ""),
                ("~1.2", "1.2 1.9.9 1.2-dev", "1.1.9 2.0 2.0-dev"),
                ("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3 1.3-dev"),
                ("~1", "1.0 1.9", "2.0"),
                ("~1.2.3.4", "1.2.3.4 1.2.3.9", "1.2.4 1.2.3.3"),
                ("~1.2-beta", "1.2-beta 1.2 1.9", "1.2-alpha 2.0"),
                ("~1.2-RC1", "1.2-RC1 1.2-rc2", "1.2-beta9"),
                ("^1.2.3", "1.2.3 1.9 1.2.3-dev", "1.2.2 2.0 2.0-dev"),
                ("^1.2", "1.2 1.9", "1.1 2.0"),
                ("^1", "1.0 1.9", "2.0 0.9"),
                ("^0.3", "0.3 0.3.9", "0.2 0.4 0.4-dev"),
                ("^0.3.2", "0.3.2 0.3.9", "0.3.1 0.4"),
                ("^0.0.3", "0.0.3 0.0.3.9", "0.0.4 0.0.2"),
                ("^0.0", "0.0.9", "0.1"),
                ("^0", "0.0.1 0.9", "1.0"),
                ("^1.0.0-alpha2", "1.0.0-alpha2 1.0-beta 1.5", "1.0.0-alpha1 2.0"),
                ("^v1.2", "1.2", "2.0"),
            ],
        );
    }

    #[test]
    fn alternatives_flags_and_branches_are_read() {
        assert_requirements(
            Ecosystem::Packagist,
            40,
            &[
                ("^1.0 || ^2.0", "1.5 2.5", "3.0"),
                ("^1.0|^2.0", "1.5 2.5", "3.0 0.5"),
                ("^7.2 || ^8.0", "7.4 8.3", "9.0"),
                (">=1.0,<2.0", "1.5", "2.0"),
                (">= 1.0, < 2.0", "1.5", "2.0"),
                (">2.0,<=3.0", "2.5 3.0", "2.0 3.0.1"),
                ("^1.0 !=1.5.0", "1.4 1.5.1", "1.5"),
                ("1.0@dev", "1.0", "1.1"),
                (">=1.0@beta", "1.0-beta1 1.0", "1.0-alpha"),
                (">1.0@dev", "1.0-alpha 1.0", "1.0-dev 0.9"),
                ("^2.0@RC", "2.0-RC1 2.5", "3.0"),
                ("@dev", "1.0 1.0-dev", ""),
                ("*@stable", "1.0", ""),
                ("1.0.x-dev", "1.0.x-dev 1.0.9999999.9999999-dev", "1.0 1.0.1"),
                ("1.x-dev#0123abc", "1.x-dev", "1.0"),
                (">=1.0.x-dev", "1.0.x-dev 1.1", "1.0"),
                ("^1.0.x-dev", "1.0.x-dev 1.5", "1.0.1 2.0"),
                ("~1.0.x-dev", "1.0.x-dev", "1.0.1 1.1.0"),
                ("dev-main", "", "1.0 9.0"),
                ("dev-main || ^1.0", "1.5", "2.0"),
                ("foo-dev", "", "1.0"),
                ("!=dev-foo", "1.0", ""),
                (">=dev-foo", "", "1.0"),
                ("1.0 as 2.0", "1.0", "2.0"),
                ("dev-main as 1.0", "", "1.0"),
                ("20100102", "20100102", "20100103"),
            ],
        );
        assert_no_requirements(
            Ecosystem::Packagist,
            &[
                "",
                "~>1.2",
                "1.0 ||",
                "^",
                "~",
                "foo",
                "1.2.3.4.5",
                ">=",
                "1.0 - ",
                "^1.x.5",
                "~*",
                "1.0.0-meh",
            ],
        );
    }
}
