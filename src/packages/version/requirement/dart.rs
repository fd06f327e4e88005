//! Constraints of Pub: `VersionConstraint.parse` of `pub_semver`.

use super::{Bound, Operator};
use crate::packages::version::semantic::{Dialect, Semantic};

/// Reads a constraint; all bounds must hold.
pub(super) fn parse(text: &str) -> Option<Vec<Bound<'_>>> {
    if text == "any" {
        return Some(Vec::new());
    }
    if let Some(version) = text.strip_prefix('^') {
        let least = Semantic::parse(Dialect::Pub, version.trim_start())?;
        let next = match least.numbers {
            [0, minor, ..] => [0, minor.checked_add(1)?, 0, 0],
            [major, ..] => [major.checked_add(1)?, 0, 0, 0],
        };
        let next = Semantic::new(Dialect::Pub, next, "0");
        return Some(vec![
            Bound::semantic(Operator::GreaterOrEqual, least),
            Bound::semantic(Operator::Less, next),
        ]);
    }
    let mut bounds = Vec::new();
    let mut rest = text;
    while !rest.is_empty() || bounds.is_empty() {
        let (operator, after) = Operator::split(rest);
        let is_known = !rest.starts_with(['=', '!']);
        let end = after.find(|next: char| next.is_whitespace() || matches!(next, '<' | '>'));
        let (version, after) = after.split_at(end.unwrap_or(after.len()));
        let version = Semantic::parse(Dialect::Pub, version).filter(|_| is_known)?;
        bounds.push((operator.unwrap_or(Operator::Equal), version));
        rest = after.trim_start();
    }
    let is_lower = |operator| matches!(operator, Operator::Greater | Operator::GreaterOrEqual);
    let least = bounds.iter().filter(|(operator, _)| is_lower(*operator)).map(|(_, least)| *least);
    let least = least.max_by(Semantic::compare);
    Some(bounds.into_iter().map(|(operator, version)| end(operator, version, least)).collect())
}

/// `<2.0.0` takes no pre-release of 2.0.0, unless the range begins at one.
fn end<'a>(operator: Operator, version: Semantic<'a>, least: Option<Semantic<'a>>) -> Bound<'a> {
    let begins_there =
        least.is_some_and(|least| least.is_prerelease() && least.numbers == version.numbers);
    let is_plain = !version.is_prerelease() && !version.has_ordered_build();
    if operator == Operator::Less && is_plain && !begins_there {
        return Bound::semantic(operator, Semantic::new(Dialect::Pub, version.numbers, "0"));
    }
    Bound::semantic(operator, version)
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_no_requirements, assert_requirements},
    };

    #[test]
    fn constraints_are_those_of_pub_semver() {
        assert_requirements(
            Ecosystem::Pub,
            30,
            &[
                ("any", "0.0.0 1.0.0 1.0.0-dev", ""),
                ("1.2.3", "1.2.3", "1.2.4 1.2.3+1 1.2.3-dev"),
                ("^1.2.3", "1.2.3 1.9.0 1.5.0-dev 1.2.3+1", "1.2.2 2.0.0 2.0.0-dev"),
                ("^0.1.2", "0.1.2 0.1.9", "0.1.1 0.2.0 0.2.0-dev"),
                ("^0.0.1", "0.0.1 0.0.9", "0.1.0"),
                ("^1.0.0-dev", "1.0.0-dev 1.0.0 1.5.0", "2.0.0-dev"),
                ("^ 1.2.3", "1.2.3", "2.0.0"),
                (">=1.2.3", "1.2.3 9.0.0", "1.2.2 1.2.3-dev"),
                (">1.2.3", "1.2.4 1.2.3+1", "1.2.3"),
                ("<=1.2.3", "1.2.3 1.2.3-dev", "1.2.4 1.2.3+1"),
                ("<1.2.3", "1.2.2 1.2.2+5", "1.2.3 1.2.3-dev"),
                ("<1.2.3-dev.3", "1.2.3-dev.2", "1.2.3-dev.3 1.2.3"),
                (">=1.0.0 <2.0.0", "1.0.0 1.9.0 1.5.0-dev", "2.0.0 2.0.0-dev"),
                (">=2.0.0-dev.1 <2.0.0", "2.0.0-dev.1 2.0.0-dev.9", "2.0.0 1.9.0"),
                (">=2.12.0-0 <3.0.0", "2.12.0-1 2.12.0 2.19.0", "3.0.0-0 3.0.0"),
                ("> 1.0.0 < 2.0.0", "1.5.0", "1.0.0 2.0.0"),
                (">=1.0.0<2.0.0", "1.5.0", "2.0.0"),
                ("<2.0.0 >=1.0.0", "1.5.0", "2.0.0-dev"),
            ],
        );
        assert_no_requirements(
            Ecosystem::Pub,
            &[
                "",
                "1.0",
                "^1.0",
                "*",
                ">=",
                "=1.0.0",
                "1.x",
                "^1.0.0 <1.5.0",
                "1.0.0, 2.0.0",
                "latest",
            ],
        );
    }
}
