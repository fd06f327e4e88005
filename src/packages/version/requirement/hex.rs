//! Requirements of Hex: `Version.Requirement` of Elixir.

use super::{Bound, Operator};
use crate::packages::version::semantic::{Dialect, Semantic};

/// A condition, joined to all that stand before it; Elixir gives `and` no precedence over `or`.
#[derive(Debug, Clone)]
pub(super) struct Clause<'a> {
    is_alternative: bool,
    bounds: Vec<Bound<'a>>,
}

/// Reads conditions with `and` and `or` between them.
pub(super) fn parse(text: &str) -> Option<Vec<Clause<'_>>> {
    let mut clauses = Vec::new();
    let (mut rest, mut is_alternative) = (text, true);
    loop {
        let (bounds, after) = condition(rest)?;
        clauses.push(Clause { is_alternative, bounds });
        if after.is_empty() {
            return Some(clauses);
        }
        is_alternative = after.starts_with("or ");
        rest = after.strip_prefix("or ").or_else(|| after.strip_prefix("and "))?.trim_start();
    }
}

/// Whether conditions hold, taken from left to right.
pub(super) fn matches<'a>(clauses: &[Clause<'a>], holds: impl Fn(&[Bound<'a>]) -> bool) -> bool {
    clauses.iter().fold(false, |so_far, clause| {
        if clause.is_alternative {
            so_far || holds(&clause.bounds)
        } else {
            so_far && holds(&clause.bounds)
        }
    })
}

fn condition(text: &str) -> Option<(Vec<Bound<'_>>, &str)> {
    let is_approximate = text.starts_with("~>");
    let (operator, version) = match text.strip_prefix("~>") {
        Some(rest) => (None, rest.trim_start()),
        None => Operator::split(text),
    };
    if text.starts_with('=') && !text.starts_with("==") {
        return None;
    }
    let end = version.find(char::is_whitespace).unwrap_or(version.len());
    let (version, rest) = version.split_at(end);
    let bounds = if is_approximate {
        approximate(version)?
    } else {
        let order = Semantic::parse(Dialect::Hex, version)?;
        vec![Bound::semantic(operator.unwrap_or(Operator::Equal), order)]
    };
    Some((bounds, rest.trim_start()))
}

/// `~> 2.1.3` ends before 2.2, `~> 2.1` before 3; pre-releases of the end are not taken.
fn approximate(text: &str) -> Option<Vec<Bound<'_>>> {
    let (least, has_patch) = match Semantic::parse(Dialect::Hex, text) {
        Some(version) => (version, true),
        None => (Semantic::parse_plain(Dialect::Hex, text, 2..=2)?, false),
    };
    let [major, minor, ..] = least.numbers;
    let next = if has_patch {
        [major, minor.checked_add(1)?, 0, 0]
    } else {
        [major.checked_add(1)?, 0, 0, 0]
    };
    let next = Semantic::new(Dialect::Hex, next, "0");
    Some(vec![
        Bound::semantic(Operator::GreaterOrEqual, least),
        Bound::semantic(Operator::Less, next),
    ])
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_no_requirements, assert_requirements},
    };

    #[test]
    fn requirements_are_those_of_elixirs_documentation() {
        assert_requirements(
            Ecosystem::Hex,
            30,
            &[
                ("== 2.0.0", "2.0.0 2.0.0+build", "2.0.1 2.0.0-rc"),
                ("2.0.0", "2.0.0", "2.0.1"),
                ("!= 2.0.0", "2.0.1 1.0.0", "2.0.0"),
                ("> 2.0.0", "2.0.1", "2.0.0"),
                (">= 2.0.0", "2.0.0 3.0.0", "1.9.9 2.0.0-rc"),
                ("< 2.0.0", "1.9.9 2.0.0-rc", "2.0.0"),
                ("<= 2.0.0", "2.0.0", "2.0.1"),
                ("~> 2.0.0", "2.0.0 2.0.9", "2.1.0 2.1.0-rc 1.9.9"),
                ("~> 2.1.2", "2.1.2 2.1.9", "2.1.1 2.2.0"),
                ("~> 2.1.3-dev", "2.1.3-dev 2.1.3", "2.1.2 2.2.0"),
                ("~> 2.0", "2.0.0 2.9.0", "3.0.0 3.0.0-rc 1.9.9"),
                ("~> 2.1", "2.1.0 2.9.0", "2.0.9 3.0.0"),
                ("~> 2.1-dev", "2.1.0-dev 2.1.0", "2.0.9 3.0.0"),
                ("~>0.1", "0.1.0 0.9.0", "1.0.0"),
                (">= 2.0.0 and < 2.1.0", "2.0.0 2.0.9", "2.1.0 1.9.9"),
                ("~> 1.5 or ~> 2.0", "1.5.0 1.9.0 2.5.0", "1.4.9 3.0.0"),
                ("> 1.0.0 and != 1.5.0 or == 0.5.0", "1.4.0 0.5.0", "1.5.0 0.6.0"),
                ("== 0.5.0 or > 1.0.0 and != 1.5.0", "0.5.0 1.4.0", "1.5.0 1.0.0"),
                ("== 1.5.0 or > 1.0.0 and < 1.4.0", "1.3.0", "1.5.0"),
            ],
        );
        assert_no_requirements(
            Ecosystem::Hex,
            &[
                "",
                "1.0",
                ">= 1.0",
                "~> 1",
                "= 1.0.0",
                "> 1.0.0 < 2.0.0",
                "1.0.0 and",
                "or 1.0.0",
                "*",
                "~> 1.0.0.0",
                "1.0.0 xor 2.0.0",
            ],
        );
    }
}
