//! Intervals, which `NuGet` and Maven write alike: `[1.0,2.0)`, `(,1.0]`, `[1.0]`; and `NuGet`'s floating versions.

use super::{Alternatives, Bound, Operator, Rule};
use crate::packages::version::{
    Ecosystem, Version,
    parts::is_number,
    semantic::{Dialect, Semantic},
};

/// Reads a range of `NuGet`: an interval, a floating version, or a version that is the least.
pub(super) fn nuget(text: &str) -> Option<Rule<'_>> {
    if text.starts_with(['[', '(']) {
        let (bounds, rest) = interval(Ecosystem::NuGet, text)?;
        return rest.is_empty().then(|| Rule::Bounds(vec![bounds]));
    }
    if text.contains('*') {
        return floating(text).map(Rule::Floating);
    }
    let least = bound(Ecosystem::NuGet, Operator::GreaterOrEqual, text)?;
    Some(Rule::Bounds(vec![vec![least]]))
}

/// Reads a version range of Maven. A version alone is a recommendation: it allows every other one.
pub(super) fn maven(text: &str) -> Option<Alternatives<'_>> {
    if !text.starts_with(['[', '(']) {
        Version::parse(Ecosystem::Maven, text)?;
        return Some(vec![Vec::new()]);
    }
    let mut alternatives = Vec::new();
    let mut rest = text;
    loop {
        let (bounds, after) = interval(Ecosystem::Maven, rest)?;
        alternatives.push(bounds);
        if after.is_empty() {
            return Some(alternatives);
        }
        rest = after.strip_prefix(',')?.trim_start();
    }
}

/// The interval at the start of a text, and what follows it.
fn interval(ecosystem: Ecosystem, text: &str) -> Option<(Vec<Bound<'_>>, &str)> {
    let (ends, rest) = text.get(1..)?.split_at(text.get(1..)?.find([']', ')'])?);
    let (takes_least, takes_most) = (text.starts_with('['), rest.starts_with(']'));
    let rest = rest[1..].trim_start();
    let Some((least, most)) = ends.split_once(',') else {
        let is_exact = takes_least && takes_most;
        let bounds = vec![bound(ecosystem, Operator::Equal, ends.trim())?];
        return is_exact.then_some((bounds, rest));
    };
    let lower = if takes_least { Operator::GreaterOrEqual } else { Operator::Greater };
    let upper = if takes_most { Operator::LessOrEqual } else { Operator::Less };
    let mut bounds = Vec::new();
    for (operator, end) in [(lower, least.trim()), (upper, most.trim())] {
        if !end.is_empty() {
            bounds.push(bound(ecosystem, operator, end)?);
        }
    }
    Some((bounds, rest))
}

fn bound(ecosystem: Ecosystem, operator: Operator, text: &str) -> Option<Bound<'_>> {
    Some(Bound { operator, order: Version::parse(ecosystem, text)?.order })
}

/// A floating version: `1.2.*`, `1.2.3-*`, `1.2.3-beta*`, `*-*`.
#[derive(Debug, Clone)]
pub(super) struct Floating<'a> {
    numbers: [u64; 4],
    /// How many of them are fixed.
    fixed: usize,
    /// The beginning of the pre-release, if pre-releases are taken.
    label: Option<&'a str>,
}

fn floating(text: &str) -> Option<Floating<'_>> {
    let (numbers, label) = match text.split_once('-') {
        Some((numbers, label)) => (numbers, Some(label.strip_suffix('*')?)),
        None => (text, None),
    };
    let fixed = match numbers.strip_suffix('*') {
        Some("") => "",
        Some(fixed) => fixed.strip_suffix('.')?,
        None => numbers,
    };
    let mut floating = Floating { numbers: [0; 4], fixed: 0, label };
    for part in fixed.split('.').filter(|_| !fixed.is_empty()) {
        *floating.numbers.get_mut(floating.fixed)? =
            part.parse().ok().filter(|_| is_number(part))?;
        floating.fixed += 1;
    }
    let floats_at_label = !numbers.ends_with('*');
    if floats_at_label {
        floating.fixed = 4;
    }
    let has_label = label.is_some_and(|label| !label.is_empty());
    (floats_at_label || !has_label).then_some(floating)
}

impl Floating<'_> {
    /// Whether a version is one of those that it may become.
    pub(super) fn matches(&self, version: &Semantic<'_>) -> bool {
        let has_label = |label: &str| {
            let start = version.pre.get(..label.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(label))
        };
        version.dialect == Dialect::NuGet
            && version.numbers[..self.fixed] == self.numbers[..self.fixed]
            && (!version.is_prerelease() || self.label.is_some_and(has_label))
    }
}

#[cfg(test)]
mod tests {
    use crate::packages::{
        Ecosystem,
        version::tests::{assert_no_requirements, assert_requirements},
    };

    #[test]
    fn ranges_of_nuget_are_those_of_the_documentation() {
        assert_requirements(
            Ecosystem::NuGet,
            30,
            &[
                ("1.0", "1.0 1.0.0 1.1 9.0", "0.9 1.0-beta"),
                ("1.0.0-beta", "1.0.0-BETA 1.0.0", "1.0.0-alpha"),
                ("(1.0,)", "1.0.1 2.0", "1.0 0.9"),
                ("[1.0]", "1.0 1.0.0.0", "1.0.1 0.9"),
                ("(,1.0]", "1.0 0.1", "1.0.1"),
                ("(,1.0)", "0.9 1.0-beta", "1.0"),
                ("[1.0,2.0]", "1.0 1.5 2.0", "0.9 2.0.1"),
                ("(1.0,2.0)", "1.5", "1.0 2.0"),
                ("[1.0, 2.0)", "1.0 1.9.9 2.0-beta", "2.0"),
                ("[4.1.3, )", "4.1.3 5.0", "4.1.2"),
                ("(, )", "0.0 9.0", ""),
                ("*", "0.1 9.0", "1.0-beta"),
                ("6.*", "6.0 6.9.9", "5.9 7.0 6.1-beta"),
                ("1.1.*", "1.1 1.1.9", "1.2 1.0"),
                ("1.2.3.*", "1.2.3.4 1.2.3", "1.2.4"),
                ("1.0.0-*", "1.0.0-beta 1.0.0", "1.0.1 1.0.1-beta"),
                ("1.0.0-beta*", "1.0.0-beta 1.0.0-Beta.2", "1.0.0-alpha"),
                ("*-*", "1.0 2.0-beta", ""),
                ("1.*-*", "1.0-beta 1.9", "2.0"),
            ],
        );
        assert_no_requirements(
            Ecosystem::NuGet,
            &[
                "",
                "(1.0)",
                "[1.0",
                "1.0]",
                "[]",
                "[1.0,2.0,3.0]",
                "[1.0,2.0)x",
                "^1.0",
                "1.*.1",
                "1.*-beta*",
                "a.*",
                "1*",
            ],
        );
    }

    #[test]
    fn ranges_of_maven_are_those_of_the_pom_reference() {
        assert_requirements(
            Ecosystem::Maven,
            30,
            &[
                ("1.0", "1.0 0.1 9.0", ""),
                ("[1.0]", "1.0 1 1.0.0 1.0-ga", "1.0.1 1.0-SNAPSHOT"),
                ("(,1.0]", "1.0 0.9 1.0-rc1", "1.0.1"),
                ("[1.2,1.3]", "1.2 1.2.9 1.3", "1.1 1.3.1"),
                ("[1.0,2.0)", "1.0 1.9 2.0-SNAPSHOT", "2.0 0.9"),
                ("[1.5,)", "1.5 9.0", "1.4.9 1.5-beta"),
                ("(1.5,)", "1.5.1 1.5-sp1", "1.5"),
                ("(,1.0],[1.2,)", "0.5 1.0 1.2 3.0", "1.1 1.0.1"),
                ("(,1.1),(1.1,)", "1.0 1.2", "1.1"),
                (" [1.0 , 2.0) , [3.0] ", "1.0 3.0", "2.0 2.5 3.1"),
                ("(,)", "1.0", ""),
            ],
        );
        assert_no_requirements(
            Ecosystem::Maven,
            &[
                "",
                "(1.0)",
                "[1.0",
                "[1.0,2.0",
                "[1.0],",
                "[1.0][2.0]",
                "[a,b,c]",
                "${version}",
                "[]",
            ],
        );
    }
}
