//! SPDX licence expressions: <https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/>.

use std::fmt;

use spdx::{
    AdditionItem, License, LicenseId, LicenseItem, LicenseReq, ParseMode, flags, identifiers,
};

use super::LONGEST;

/// What registries hold beside plain SPDX: `/` for `OR` as Cargo once had it, and deprecated identifiers.
const MODE: ParseMode = ParseMode {
    allow_slash_as_or_operator: true,
    allow_imprecise_license_names: false,
    allow_postfix_plus_on_gpl: true,
    allow_deprecated: true,
    allow_unknown: false,
};
const OPERATORS: &[&str] = &["AND", "OR", "WITH"];
const OR_LATER: &str = "-or-later";

/// An expression whose identifiers are all known.
#[derive(Clone, PartialEq, Eq)]
pub struct Expression {
    text: String,
    nodes: Vec<Node>,
}

/// A part of an expression, in postfix order.
#[derive(Clone, PartialEq, Eq)]
enum Node {
    And,
    Or,
    One(LicenseReq),
}

impl Expression {
    /// Reads an expression. Letters may be of any case; `GPL-2.0` becomes `GPL-2.0-only`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let text = spelled(text);
        let parsed = spdx::Expression::parse_mode(&text, MODE).ok()?;
        let nodes = parsed.iter().map(|node| match node {
            spdx::expression::ExprNode::Op(spdx::expression::Operator::And) => Node::And,
            spdx::expression::ExprNode::Op(spdx::expression::Operator::Or) => Node::Or,
            spdx::expression::ExprNode::Req(one) => Node::One(current(&one.req)),
        });
        Some(Self { nodes: nodes.collect(), text })
    }

    /// It as it is written, in the spelling of SPDX.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether there is a way to satisfy it by licences that are fine.
    pub(super) fn is_satisfied(&self, is_fine: impl Fn(&LicenseReq) -> bool) -> bool {
        let mut stack = Vec::new();
        for node in &self.nodes {
            let value = match node {
                Node::One(one) => is_fine(one),
                Node::And | Node::Or => {
                    let (Some(right), Some(left)) = (stack.pop(), stack.pop()) else {
                        return false;
                    };
                    if *node == Node::And { left && right } else { left || right }
                }
            };
            stack.push(value);
        }
        stack == [true]
    }

    /// The single licences that it names.
    pub(super) fn licences(&self) -> impl Iterator<Item = &LicenseReq> {
        self.nodes.iter().filter_map(|node| match node {
            Node::One(one) => Some(one),
            Node::And | Node::Or => None,
        })
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "`{}`", self.text)
    }
}

/// The text with each identifier and operator as SPDX spells it. `/` becomes `OR`, and `GPL-2.0+` `GPL-2.0-or-later`.
fn spelled(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '+');
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        spelled.push_str(&spelling(word));
        let other = after.find(is_part).unwrap_or(after.len());
        let between = after[..other].split_whitespace().collect::<Vec<_>>().join(" ");
        match between.as_str() {
            "/" => spelled.push_str(" OR "),
            "" if other > 0 && other < after.len() => spelled.push(' '),
            text => {
                spelled.push_str(if after.starts_with(' ') { " " } else { "" });
                spelled.push_str(text);
                spelled.push_str(if after[..other].ends_with(' ') { " " } else { "" });
            }
        }
        rest = &after[other..];
    }
    spelled.trim().to_owned()
}

/// A word as SPDX spells it; another one as it is.
fn spelling(word: &str) -> String {
    if let Some(operator) = OPERATORS.iter().find(|known| known.eq_ignore_ascii_case(word)) {
        return (*operator).to_owned();
    }
    let (id, plus) = word.strip_suffix('+').map_or((word, ""), |id| (id, "+"));
    if let Some(known) = licence_named(id) {
        return match current_id(known, !plus.is_empty()) {
            Some(current) => current.name.to_owned(),
            None => format!("{}{plus}", known.name),
        };
    }
    let mut exceptions = identifiers::EXCEPTIONS.iter();
    let exception = exceptions.find(|known| known.name.eq_ignore_ascii_case(word));
    exception.map_or(word, |exception| exception.name).to_owned()
}

fn licence_named(id: &str) -> Option<LicenseId> {
    let any_case = || {
        let mut all = identifiers::LICENSES.iter();
        all.find(|known| known.name.eq_ignore_ascii_case(id)).map(|known| known.name)
    };
    spdx::license_id(id).or_else(|| spdx::license_id(any_case()?))
}

/// What SPDX calls a GNU licence that once had another identifier: `GPL-2.0-only` for `GPL-2.0`.
fn current_id(id: LicenseId, or_later: bool) -> Option<LicenseId> {
    let is_old = id.is_gnu() && !id.name.ends_with("-only") && !id.name.ends_with(OR_LATER);
    is_old.then(|| spdx::gnu_license_id(id.name, or_later)).flatten()
}

/// A requirement by current identifiers.
fn current(one: &LicenseReq) -> LicenseReq {
    let LicenseItem::Spdx { id, or_later } = one.license else { return one.clone() };
    match current_id(id, or_later) {
        Some(id) => LicenseReq {
            license: LicenseItem::Spdx { id, or_later: false },
            addition: one.addition.clone(),
        },
        None => one.clone(),
    }
}

/// A licence taken apart: `GPL`, `2.0`, whether later versions count, and what is left of its identifier.
struct Parts<'a> {
    family: &'a str,
    version: Vec<u32>,
    or_later: bool,
    rest: &'a str,
}

/// Takes apart the identifier of a licence; `None` if it has no version.
fn parts(one: &LicenseReq) -> Option<Parts<'static>> {
    let LicenseItem::Spdx { id, or_later } = one.license else { return None };
    let (family, rest) = id.name.split_once('-')?;
    let (version, rest) = rest.split_once('-').unwrap_or((rest, ""));
    let version = version.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>().ok()?;
    let is_later = or_later || rest == "or-later";
    let rest = if matches!(rest, "only" | "or-later") { "" } else { rest };
    Some(Parts { family, version, or_later: is_later, rest })
}

fn same_family(one: &LicenseReq, other: &LicenseReq) -> Option<(Parts<'static>, Parts<'static>)> {
    let (one, other) = (parts(one)?, parts(other)?);
    (one.family == other.family && one.rest == other.rest).then_some((one, other))
}

/// Whether who accepts `accepted` can satisfy `required`: they are the same, or `required` lets one choose a later
/// version and `accepted` is one.
pub(super) fn satisfies(accepted: &LicenseReq, required: &LicenseReq) -> bool {
    if accepted.addition != required.addition {
        return false;
    }
    let is_same = match (&accepted.license, &required.license) {
        (LicenseItem::Spdx { id: one, .. }, LicenseItem::Spdx { id: other, .. }) => one == other,
        (LicenseItem::Other(one), LicenseItem::Other(other)) => one == other,
        _ => false,
    };
    is_same
        || same_family(accepted, required).is_some_and(|(accepted, required)| {
            required.or_later && accepted.version >= required.version
        })
}

/// Whether who refuses `refused` refuses `required`: the same version of the same licence, or a later one if that
/// is refused, too. What has an exception to it is refused with or without.
pub(super) fn is_refused(refused: &LicenseReq, required: &LicenseReq) -> bool {
    if refused.addition.is_some() && refused.addition != required.addition {
        return false;
    }
    refused.license == required.license
        || same_family(refused, required).is_some_and(|(refused, required)| {
            refused.version == required.version
                || (refused.or_later && required.version > refused.version)
        })
}

/// The identifier of licences and exceptions that is the most like a word: one that goes on where it ends, else the
/// one with the fewest other letters.
pub(super) fn nearest(word: &str) -> &'static str {
    let is_current = |known: &&License| known.flags & flags::IS_DEPRECATED == 0;
    let licences = identifiers::LICENSES.iter().filter(is_current).map(|known| known.name);
    let exceptions = identifiers::EXCEPTIONS.iter().map(|known| known.name);
    let folded = |text: &str| -> Vec<u8> { text.to_ascii_lowercase().into_bytes() };
    let word = folded(&word[..word.floor_char_boundary(80)]);
    let unlike = |known: &&str| {
        let known = folded(known);
        (!known.starts_with(&word), distance(&word, &known))
    };
    licences.chain(exceptions).min_by_key(unlike).unwrap_or("MIT")
}

/// Levenshtein's distance.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (to, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[to + 1];
            row[to + 1] = replaced.min(diagonal + 1).min(row[to] + 1);
        }
    }
    row[other.len()]
}

/// One licence of a policy, with its exception if there is one; otherwise the word that is not known.
pub(super) fn single(text: &str) -> Result<LicenseReq, String> {
    let unknown = || {
        let is_known = |word: &&str| {
            OPERATORS.contains(word) || spelling(word) != **word || licence_named(word).is_some()
        };
        let mut words = text.split_whitespace();
        words.find(|word| !is_known(word)).unwrap_or(text).to_owned()
    };
    let expression = Expression::parse(text).ok_or_else(unknown)?;
    match expression.nodes.as_slice() {
        [Node::One(one)] => Ok(one.clone()),
        _ => Err(text.to_owned()),
    }
}

/// Whether a licence has an exception, as in `WITH LLVM-exception`.
pub(super) const fn has_exception(one: &LicenseReq) -> bool {
    matches!(one.addition, Some(AdditionItem::Spdx(_) | AdditionItem::Other(_)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> LicenseReq {
        single(text).unwrap()
    }

    #[test]
    fn a_later_version_serves_where_one_may_be_chosen() {
        for (accepted, required, expected) in [
            ("MIT", "MIT", true),
            ("MIT", "ISC", false),
            ("Apache-2.0", "Apache-2.0+", true),
            ("Apache-2.0", "Apache-1.1+", true),
            ("Apache-1.1", "Apache-2.0+", false),
            ("Apache-2.0", "Apache-1.1", false),
            ("GPL-3.0-only", "GPL-2.0-or-later", true),
            ("GPL-3.0-or-later", "GPL-2.0-or-later", true),
            ("GPL-2.0-only", "GPL-2.0-or-later", true),
            ("GPL-2.0-or-later", "GPL-3.0-only", false),
            ("LGPL-3.0-only", "GPL-2.0-or-later", false),
            ("Apache-2.0", "Apache-2.0 WITH LLVM-exception", false),
            ("Apache-2.0 WITH LLVM-exception", "Apache-2.0", false),
            ("LicenseRef-A", "LicenseRef-A", true),
            ("LicenseRef-A", "LicenseRef-B", false),
        ] {
            assert_eq!(
                satisfies(&one(accepted), &one(required)),
                expected,
                "{accepted} {required}"
            );
        }
    }

    #[test]
    fn what_is_refused_is_refused_in_all_its_forms() {
        for (refused, required, expected) in [
            ("GPL-2.0-only", "GPL-2.0", true),
            ("GPL-2.0-only", "GPL-2.0-or-later", true),
            ("GPL-3.0-only", "GPL-2.0-or-later", false),
            ("GPL-2.0-or-later", "GPL-3.0-only", true),
            ("GPL-2.0-only", "GPL-2.0-only WITH Classpath-exception-2.0", true),
            ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only", false),
            ("GPL-2.0-only", "LGPL-2.0-only", false),
        ] {
            assert_eq!(is_refused(&one(refused), &one(required)), expected, "{refused} {required}");
        }
    }

    #[test]
    fn the_nearest_identifier_is_named() {
        assert_eq!(nearest("Apache2.0"), "Apache-2.0");
        assert_eq!(nearest("mitt"), "MIT");
        assert_eq!(nearest("BSD-3"), "BSD-3-Clause");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(
            text in "(MIT|GPL-2.0|GPL-2.0-or-later|LicenseRef-a|DocumentRef-b:|LLVM-exception|AND|or|With|\\+|/|\\(|\\)|é| |:|-){0,12}"
        ) {
            if let Some(expression) = Expression::parse(&text) {
                prop_assert!(expression.is_satisfied(|_| true));
                let again = Expression::parse(expression.text());
                prop_assert_eq!(again, Some(expression));
            }
        }
    }
}
