//! Version specifiers of PEP 440, section "Version specifiers".

use std::cmp::Ordering;

use super::Operator;
use crate::packages::version::{parts::compare_filled, python::Python};

/// A clause: `>=1.2`, `==1.2.*`, `===legacy`.
#[derive(Debug, Clone)]
pub(super) enum Specifier<'a> {
    Bound(Operator, Python<'a>),
    /// Beginning with all that is written before `.*`, or not.
    Prefix {
        is_equal: bool,
        version: Python<'a>,
    },
    /// At least the version, and equal in all numbers of its release but the last.
    Compatible(Python<'a>),
    /// The same text.
    Arbitrary(&'a str),
}

/// Reads a set of clauses; an empty one, and poetry's `*`, take all versions.
pub(super) fn parse(text: &str) -> Option<Vec<Specifier<'_>>> {
    if text.is_empty() || text == "*" {
        return Some(Vec::new());
    }
    let clauses = text.strip_suffix(',').unwrap_or(text).split(',');
    clauses.map(|clause| specifier(clause.trim())).collect()
}

fn specifier(text: &str) -> Option<Specifier<'_>> {
    if let Some(literal) = text.strip_prefix("===") {
        let literal = literal.trim();
        let is_word = !literal.is_empty() && !literal.contains(char::is_whitespace);
        return is_word.then_some(Specifier::Arbitrary(literal));
    }
    if let Some(version) = text.strip_prefix("~=") {
        let version = Python::parse(version)?;
        let fits = version.release.contains('.') && version.local.is_empty();
        return fits.then_some(Specifier::Compatible(version));
    }
    let (operator, version) = Operator::split(text);
    let operator = operator.filter(|_| !text.starts_with('=') || text.starts_with("=="))?;
    let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
    if let Some(prefix) = version.trim_end().strip_suffix(".*").filter(|_| is_equality) {
        let version = Python::parse(prefix).filter(|_| !prefix.ends_with(char::is_whitespace))?;
        let is_equal = operator == Operator::Equal;
        return version.is_bare().then_some(Specifier::Prefix { is_equal, version });
    }
    let version = Python::parse(version)?;
    (is_equality || version.local.is_empty()).then_some(Specifier::Bound(operator, version))
}

/// Whether a version, and its text, is within all clauses. A pre-release is only if a clause names one.
pub(super) fn matches(specifiers: &[Specifier<'_>], version: &Python<'_>, text: &str) -> bool {
    let takes_prerelease = || specifiers.iter().any(Specifier::names_prerelease);
    specifiers.iter().all(|specifier| specifier.contains(version, text))
        && (!version.is_prerelease() || takes_prerelease())
}

impl Specifier<'_> {
    fn names_prerelease(&self) -> bool {
        match self {
            Specifier::Bound(Operator::NotEqual, _) | Specifier::Prefix { .. } => false,
            Specifier::Bound(_, version) | Specifier::Compatible(version) => {
                version.is_prerelease()
            }
            Specifier::Arbitrary(text) => {
                Python::parse(text).is_some_and(|version| version.is_prerelease())
            }
        }
    }

    fn contains(&self, version: &Python<'_>, text: &str) -> bool {
        match self {
            Specifier::Bound(operator, bound) => within(*operator, version, bound),
            Specifier::Prefix { is_equal, version: prefix } => {
                has_release(version, prefix, prefix.release) == *is_equal
            }
            Specifier::Compatible(least) => {
                let numbers = least.release.rsplit_once('.').map_or("", |(numbers, _)| numbers);
                version.public().compare(least).is_ge() && has_release(version, least, numbers)
            }
            Specifier::Arbitrary(literal) => text.trim().eq_ignore_ascii_case(literal),
        }
    }
}

fn within(operator: Operator, version: &Python<'_>, bound: &Python<'_>) -> bool {
    // A local version counts only where one is asked for.
    let public = if bound.local.is_empty() { version.public() } else { *version };
    let order = match operator {
        Operator::Less | Operator::Greater => version.compare(bound),
        _ => public.compare(bound),
    };
    let has_same_base = || version.has_base_of(bound);
    let is_excluded = match operator {
        Operator::Less => !bound.is_prerelease() && version.is_prerelease() && has_same_base(),
        Operator::Greater => {
            let is_later_build = bound.post.is_none() && version.post.is_some();
            (is_later_build || !version.local.is_empty()) && has_same_base()
        }
        _ => false,
    };
    operator.holds(order) && !is_excluded
}

/// Whether a version is of the epoch of another, and its release begins with these numbers.
fn has_release(version: &Python<'_>, epoch_of: &Python<'_>, numbers: &str) -> bool {
    let count = numbers.split('.').count();
    let release = version.release.split('.').take(count);
    version.epoch == epoch_of.epoch
        && compare_filled(release, numbers.split('.')) == Ordering::Equal
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_no_requirements, assert_requirements},
    };

    #[test]
    fn clauses_are_those_of_pep_440() {
        assert_requirements(
            Ecosystem::PyPi,
            100,
            &[
                ("~=2.2", "2.2 2.2.1 2.9", "2.1 3.0 3.0.dev1"),
                ("~=1.4.5", "1.4.5 1.4.9 1.4.5.post1", "1.4.4 1.5"),
                ("~=2.2.post3", "2.2.post3 2.3", "2.2 2.2.post2 3.0"),
                ("~=1.4.5a4", "1.4.5a4 1.4.5 1.4.6b1", "1.4.5a3 1.5"),
                ("~=2.2.0", "2.2.0 2.2.5", "2.3"),
                ("~=1.4.5.0", "1.4.5 1.4.5.9", "1.4.6"),
                ("~=1!2.0", "1!2.0 1!2.9", "2.0 1!3.0"),
                ("==1.1", "1.1 1.1.0 1.1+local", "1.1.post1 1.1a1 1.1.1"),
                ("==1.1.post1", "1.1.post1 1.1-1", "1.1"),
                ("==1.1.*", "1.1 1.1.0 1.1.post1 1.1.9 1.1+x", "1.2 1.10 1.1a1"),
                ("==1.*", "1 1.0 1.99", "2.0 10.0"),
                ("==1.0.*", "1 1.0", "1.1"),
                ("!=1.1", "1.1.post1 1.2", "1.1 1.1.0 1.1+x"),
                ("!=1.1.post1", "1.1", "1.1.post1"),
                ("!=1.1.*", "1.2 1.0", "1.1 1.1.post1 1.1.3"),
                (">=1.0", "1.0 1.0.0 1.0.post1 2 1.0+x", "0.9 1.0a1 1.1a1"),
                ("<=1.0", "1.0 0.9 1.0+x", "1.0.post1 1.0.1"),
                (">1.7", "1.7.1 1.8", "1.7.0 1.7.0.post1 1.7+x 1.7"),
                (">1.7.post2", "1.7.1 1.7.0.post3", "1.7.0 1.7.post2 1.7.post2+x"),
                ("<1.7", "1.6.9", "1.7 1.7.dev1 1.7a1"),
                ("<1.7rc1", "1.7a1 1.7.dev1 1.6", "1.7rc1 1.7"),
                ("===1.0", "1.0", "1.0.0 1"),
                ("===1.0+Local", "1.0+local", "1.0"),
                ("==1.0+local", "1.0+local 1.0+LOCAL", "1.0 1.0+other"),
                ("!=1.0+local", "1.0 1.0+other", "1.0+local"),
                (">= 1.0, != 1.3.4.*, < 2.0", "1.0 1.3.3 1.9", "0.9 1.3.4 1.3.4.1 2.0"),
                (">=1.0,<2.0", "1.0 1.9", "2.0 2.0a1 1.5a1"),
                (">=1.0a1,<2.0", "1.0a1 1.5b1 1.9", "2.0a1 0.9"),
                (">=1.0.dev0", "1.0.dev0 1.0a1 2.0rc1", "0.9"),
                ("==1.0a1", "1.0a1 1.0.alpha1", "1.0 1.0a2"),
                ("!=1.0a1", "1.0", "1.0a1 1.0a2"),
                ("", "1.0 0", "1.0a1"),
                ("*", "1.0 2.0.post1", "1.0.dev1"),
                (" >= 1.0 , < 2.0 ", "1.5", "2.0"),
                (">=1.0,", "1.0", "0.9"),
                (">=v1.0", "1.0", "0.9"),
                (">= 2020.1", "2020.1 2021", "2019.12"),
                (">=1!0", "1!0 2!0", "99"),
                ("<1!0", "99 0", "1!0 1!1"),
            ],
        );
        assert_no_requirements(
            Ecosystem::PyPi,
            &[
                "1.0",
                "=1.0",
                "~=1",
                "~=1.0+x",
                ">=1.0+x",
                ">=1.0.*",
                "==1.0a1.*",
                "==1.*.1",
                "===",
                ">=",
                "^1.0",
                "=>1.0",
                "== 1.0 .*",
                ">=1.0;<2",
            ],
        );
    }
}
