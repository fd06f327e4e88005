//! Asking vendors about the credentials that were found: whether it may be done, and of which findings.

use super::{Request, Stage, Surroundings};
use crate::{
    checks::Context,
    deadline::Deadline,
    finding::{Finding, Fingerprint, Outcome},
    rule::{Kind, Tier},
    verification::{self, Verification},
};

/// Asks, if that was asked for, and returns what the reader should know of it. What the base has already and
/// what is not shown is not asked about.
pub(super) fn verify(
    outcomes: &mut [Outcome],
    known: &[Fingerprint],
    request: &Request,
    context: &Context<'_>,
    surroundings: &Surroundings<'_>,
    deadline: &Deadline<'_>,
) -> Vec<String> {
    let Some(way) = &request.verify else { return Vec::new() };
    if let Some(reason) = verification::refusal(surroundings.variable, request.base.is_some()) {
        return vec![reason];
    }
    let is_excluded = |finding: &Finding| {
        let file = finding.place.own_file();
        file.is_some_and(|at| (context.is_excluded)(at.path.as_str()))
    };
    let wanted = |finding: &Finding| {
        request.kinds.contains(&Kind::Secret)
            && (request.pedantic || finding.tier != Tier::Pedantic)
            && !known.contains(&finding.fingerprint)
            && !is_excluded(finding)
    };
    let announce = |credentials: usize, hosts: &str| {
        (surroundings.progress)(Stage::Verifying { credentials, hosts: hosts.to_owned() });
    };
    let rules = context.rules;
    Verification { rules, wanted: &wanted, way, announce: &announce, deadline }.run(outcomes)
}
