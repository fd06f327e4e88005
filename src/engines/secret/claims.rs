//! Which rule speaks for a place when several do.

use std::{cmp::Reverse, collections::BTreeMap, ops::Range};

use super::scanner::SecretMatch;
use crate::rule::Severity;

/// What a rule knows a credential by, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grounds {
    /// It begins as the vendor's credentials do.
    Prefix,
    /// It has the form, and stands where such a credential stands.
    Context,
    /// It has a telling name and looks drawn.
    Name,
}

/// What one rule says about one place.
pub(super) struct Claim {
    /// What the rule knows the place by.
    pub(super) grounds: Grounds,
    /// The rule's severity.
    pub(super) severity: Severity,
    /// The bytes of the value.
    pub(super) at: Range<usize>,
    /// `None`: the place is known to be no credential, whatever a rule says that goes by names.
    pub(super) found: Option<SecretMatch>,
}

/// Keeps the best of overlapping matches: better grounds, then the longer, then the better tier.
pub(super) fn settle(claims: Vec<Claim>) -> Vec<SecretMatch> {
    let refused = refusals(&claims);
    let mut found: Vec<_> = claims
        .into_iter()
        .filter(|claim| claim.grounds != Grounds::Name || !touches(&refused, &claim.at))
        .filter_map(|claim| claim.found.map(|found| (claim.grounds, claim.severity, found)))
        .collect();
    found.sort_by_cached_key(|(grounds, severity, found)| {
        let length = Reverse(found.at.len());
        (*grounds, length, found.tier, Reverse(*severity), found.at.start, found.rule.clone())
    });
    let mut kept: BTreeMap<usize, SecretMatch> = BTreeMap::new();
    for (_, _, found) in found {
        let before = kept.range(..found.at.end).next_back();
        if before.is_none_or(|(_, before)| !overlap(&before.at, &found.at)) {
            kept.insert(found.at.start, found);
        }
    }
    kept.into_values().collect()
}

/// The places that vendors' rules know to be no credentials, merged and in order.
fn refusals(claims: &[Claim]) -> Vec<Range<usize>> {
    let is_refusal = |claim: &&Claim| claim.found.is_none() && claim.grounds != Grounds::Name;
    let mut places: Vec<_> =
        claims.iter().filter(is_refusal).map(|claim| claim.at.clone()).collect();
    places.sort_by_key(|at| at.start);
    let mut merged = Vec::new();
    for at in places {
        join(&mut merged, at);
    }
    merged
}

fn touches(places: &[Range<usize>], at: &Range<usize>) -> bool {
    let next = places.partition_point(|place| place.end <= at.start);
    places.get(next).is_some_and(|place| overlap(place, at))
}

const fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// Adds a range to others that are nearly in order; those that it touches become one with it.
pub(super) fn join(spans: &mut Vec<Range<usize>>, mut new: Range<usize>) {
    while let Some(last) = spans.last() {
        if last.end < new.start {
            break;
        }
        new = new.start.min(last.start)..new.end.max(last.end);
        spans.pop();
    }
    spans.push(new);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{RuleId, Tier};

    fn claim(grounds: Grounds, rule: &str, at: Range<usize>) -> Claim {
        let rule = RuleId::new(rule);
        let (name, severity, verified) = (None, None, None);
        let found =
            SecretMatch { rule, at: at.clone(), name, tier: Tier::Default, severity, verified };
        Claim { grounds, severity: Severity::High, at, found: Some(found) }
    }

    fn kept(claims: Vec<Claim>) -> Vec<String> {
        settle(claims).into_iter().map(|found| found.rule.to_string()).collect()
    }

    #[test]
    fn a_vendors_prefix_wins_over_a_longer_match_by_name() {
        let claims = vec![
            claim(Grounds::Name, "secret/name", 0..40),
            claim(Grounds::Prefix, "secret/v", 4..30),
        ];
        assert_eq!(kept(claims), ["secret/v"]);
    }

    #[test]
    fn what_a_vendor_knows_to_be_an_example_is_not_found_by_name() {
        let mut refusal = claim(Grounds::Prefix, "secret/v", 4..30);
        refusal.found = None;
        assert!(kept(vec![claim(Grounds::Name, "secret/name", 4..30), refusal]).is_empty());
    }

    #[test]
    fn matches_come_in_order_of_their_place() {
        let claims = vec![
            claim(Grounds::Context, "secret/b", 50..60),
            claim(Grounds::Context, "secret/c", 70..80),
            claim(Grounds::Context, "secret/a", 0..5),
        ];
        assert_eq!(kept(claims), ["secret/a", "secret/b", "secret/c"]);
    }
}
