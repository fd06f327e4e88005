//! Which rule speaks for a place when several do.

use std::{cmp::Reverse, collections::BTreeMap, ops::Range};

use super::scanner::{DecodedSecret, SecretMatch};
use crate::rule::{Severity, Tier};

/// What a rule knows a credential by, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grounds {
    /// It begins as the vendor's credentials do.
    Prefix,
    /// It has the form, and stands where such a credential stands.
    Context,
    /// It has the form of a standard that many use.
    Form,
    /// It has a telling name and looks drawn.
    Name,
}

impl Grounds {
    /// The most visible tier that a finding has in tests, examples and documentation.
    pub(super) const fn most_in_tests(self) -> Tier {
        match self {
            Self::Prefix => Tier::Default,
            Self::Context => Tier::Warning,
            Self::Form | Self::Name => Tier::Pedantic,
        }
    }
}

/// What one rule says about one place.
#[derive(Clone)]
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

impl Claim {
    /// What was found, if it is written in another form.
    pub(super) fn decoded(&mut self) -> Option<&mut DecodedSecret> {
        self.found.as_mut()?.decoded.as_mut()
    }
}

/// Keeps the best of overlapping matches: better grounds, then the longer, then the better tier.
pub(super) fn settle(claims: Vec<Claim>) -> Vec<SecretMatch> {
    best(claims).into_iter().filter_map(|claim| claim.found).collect()
}

/// The claims that [`settle`] keeps, in order of their place.
pub(super) fn best(claims: Vec<Claim>) -> Vec<Claim> {
    let refused = places(&claims, |claim| claim.found.is_none());
    let mut found: Vec<_> = claims
        .into_iter()
        .filter(|claim| claim.found.is_some())
        .filter(|claim| claim.grounds != Grounds::Name || !touches(&refused, &claim.at))
        .collect();
    found.sort_by_cached_key(|claim| {
        let length = Reverse(claim.at.len());
        let found = claim.found.as_ref().map(|found| (found.tier, found.rule.clone()));
        let (tier, rule) = found.unzip();
        (claim.grounds, length, tier, Reverse(claim.severity), claim.at.start, rule)
    });
    let mut kept: BTreeMap<usize, Claim> = BTreeMap::new();
    for claim in found {
        let before = kept.range(..claim.at.end).next_back();
        if before.is_none_or(|(_, before)| !overlap(&before.at, &claim.at)) {
            kept.insert(claim.at.start, claim);
        }
    }
    without_partners(kept.into_values().collect())
}

/// Leaves out what the other half of a found pair is by itself: an identifier that is no secret alone.
fn without_partners(mut claims: Vec<Claim>) -> Vec<Claim> {
    let partners = claims.iter().filter_map(|claim| claim.found.as_ref()?.partner.clone());
    let partners = merged(partners);
    claims.retain(|claim| {
        let is_weak = claim.found.as_ref().is_some_and(|found| found.tier == Tier::Pedantic);
        !is_weak || !touches(&partners, &claim.at)
    });
    claims
}

/// The places of those claims of vendors' rules that are `wanted`, merged and in order.
pub(super) fn places(claims: &[Claim], wanted: impl Fn(&Claim) -> bool) -> Vec<Range<usize>> {
    let is_wanted = |claim: &&Claim| claim.grounds != Grounds::Name && wanted(claim);
    merged(claims.iter().filter(is_wanted).map(|claim| claim.at.clone()))
}

/// The same places in order and apart: those that touch become one.
pub(super) fn merged(places: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut places: Vec<_> = places.collect();
    places.sort_by_key(|at| at.start);
    let mut merged = Vec::new();
    for at in places {
        join(&mut merged, at);
    }
    merged
}

/// Whether a range overlaps one of the places, which are apart and in order.
pub(super) fn touches(places: &[Range<usize>], at: &Range<usize>) -> bool {
    let next = places.partition_point(|place| place.end <= at.start);
    places.get(next).is_some_and(|place| overlap(place, at))
}

/// Whether two ranges have a byte in common.
pub(super) const fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
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
    use crate::rule::RuleId;

    fn claim(grounds: Grounds, rule: &str, at: Range<usize>) -> Claim {
        let rule = RuleId::new(rule);
        let found = SecretMatch {
            rule,
            at: at.clone(),
            name: None,
            partner: None,
            tier: Tier::Default,
            severity: None,
            verified: None,
            decoded: None,
        };
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
    fn an_identifier_is_told_with_its_secret_and_not_twice() {
        let found = |claim: &mut Claim, change: fn(&mut SecretMatch)| {
            claim.found.as_mut().map(change);
        };
        let mut identifier = claim(Grounds::Prefix, "secret/id", 0..20);
        found(&mut identifier, |found| found.tier = Tier::Pedantic);
        let mut other = claim(Grounds::Prefix, "secret/other-id", 100..120);
        found(&mut other, |found| found.tier = Tier::Pedantic);
        let mut secret = claim(Grounds::Context, "secret/key", 30..70);
        found(&mut secret, |found| found.partner = Some(0..20));
        assert_eq!(kept(vec![identifier, secret, other]), ["secret/key", "secret/other-id"]);
    }

    #[test]
    fn a_secret_beside_another_one_stays_a_finding() {
        let first = claim(Grounds::Prefix, "secret/a", 0..20);
        let mut second = claim(Grounds::Context, "secret/b", 30..70);
        second.found.as_mut().unwrap().partner = Some(0..20);
        assert_eq!(kept(vec![first, second]), ["secret/a", "secret/b"]);
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
