//! Requirements of Ruby's packages: `Gem::Requirement`.

use super::Operator;
use crate::packages::version::{gem::Gem, parts::compare_filled};

/// One of the conditions, of which all must hold.
#[derive(Debug, Clone)]
pub(super) enum Clause<'a> {
    Bound(Operator, Gem<'a>),
    /// `~>`: at least the version, and below the next one of all its numbers but the last.
    Pessimistic(Gem<'a>),
}

/// Reads conditions with commas between them.
pub(super) fn parse(text: &str) -> Option<Vec<Clause<'_>>> {
    text.split(',').map(|clause| parse_clause(clause.trim())).collect()
}

fn parse_clause(text: &str) -> Option<Clause<'_>> {
    if let Some(version) = text.strip_prefix("~>") {
        return Some(Clause::Pessimistic(Gem::parse(version)?));
    }
    let (operator, version) = Operator::split(text);
    let is_known = !text.starts_with("==");
    let version = Gem::parse(version).filter(|_| is_known)?;
    Some(Clause::Bound(operator.unwrap_or(Operator::Equal), version))
}

impl Clause<'_> {
    /// Whether it holds for a version.
    pub(super) fn matches(&self, version: &Gem<'_>) -> bool {
        match self {
            Clause::Bound(operator, bound) => operator.holds(version.compare(bound)),
            Clause::Pessimistic(least) => {
                let count = least.release().count().saturating_sub(1).max(1);
                let upper =
                    compare_filled(version.release().take(count), least.release().take(count));
                version.compare(least).is_ge() && upper.is_le()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_no_requirements, assert_requirements},
    };

    #[test]
    fn conditions_are_those_of_gem_requirement() {
        assert_requirements(
            Ecosystem::RubyGems,
            40,
            &[
                ("1.2", "1.2 1.2.0", "1.2.1 1.1 1.2.a"),
                ("= 1.2", "1.2 1.2.0", "1.3"),
                ("!= 1.2", "1.1 1.3", "1.2 1.2.0"),
                ("> 1.2", "1.2.1 1.3", "1.2 1.1"),
                (">= 0", "0 1 2.0.a", "0.a"),
                ("< 1.2", "1.1 1.2.a 0", "1.2"),
                ("<= 1.2", "1.2 1.1", "1.2.1 1.3"),
                ("~> 1", "1 1.9 1.0.0", "0.9 2.0 2.0.a"),
                ("~> 1.2", "1.2 1.9.9 1.2.0", "1.1 2.0 2.a 2.0.0.pre"),
                ("~> 1.2.3", "1.2.3 1.2.9 1.2.3.4", "1.2.2 1.3.0 1.3.a"),
                ("~> 1.2.0", "1.2 1.2.9", "1.3"),
                ("~> 1.4.4", "1.4.4 1.4.5", "1.5 2.0 1.3"),
                ("~> 0.0.1", "0.0.1 0.0.2", "0.1.1"),
                ("~> 1.2.b1", "1.2.b1 1.2 1.9", "1.2.a1 2.0"),
                ("~> 5.2.0.rc1", "5.2.0.rc1 5.2.0 5.2.1", "5.2.0.beta 5.3"),
                ("~>1.2,>=1.2.3", "1.2.3 1.9", "1.2.2 2.0"),
                (">= 1.0, != 1.3, < 2", "1.0 1.4 2.0.a", "1.3 1.3.0 2 0.9"),
            ],
        );
        assert_no_requirements(
            Ecosystem::RubyGems,
            &["", "~>", ">=", "foo", "== 1.0", "1.0 2.0", "^1.0", ">= 1.0,", "=> 1"],
        );
    }
}
