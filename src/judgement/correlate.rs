//! Joins the two halves: gives live and repository-wide findings their line in the repository.

use crate::finding::{Fact, FilePlace, Outcome, Place, RouteFact};

/// Where findings without a file are shown.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    /// README, or the first tracked file: what stands for the whole.
    pub front: Option<FilePlace>,
    /// The `target:` line of the configuration.
    pub target: Option<FilePlace>,
    /// The first line of the API description, if it lies in the repository.
    pub description: Option<FilePlace>,
}

/// Places every finding: a live one at its route's handler, else in the API description, else at the
/// target's line of the configuration, else at the repository's front file.
pub(super) fn place(outcomes: &mut [Outcome], anchors: &Anchors) {
    let routes: Vec<RouteFact> = outcomes
        .iter()
        .flat_map(|outcome| &outcome.facts)
        .filter_map(|fact| if let Fact::Route(route) = fact { Some(route.clone()) } else { None })
        .collect();
    let findings = outcomes.iter_mut().flat_map(|outcome| outcome.findings.iter_mut());
    for finding in findings.filter(|finding| finding.place.file().is_none()) {
        let line = match &finding.place {
            Place::Request { request, .. } => handler(&routes, &request.method, &request.route)
                .or_else(|| anchors.description.clone())
                .or_else(|| anchors.target.clone()),
            _ => None,
        };
        if let Some(line) = line.or_else(|| anchors.front.clone()) {
            finding.place.set_file(line);
        }
    }
}

fn handler(routes: &[RouteFact], method: &str, route: &str) -> Option<FilePlace> {
    let fits = |fact: &&RouteFact| {
        fact.method.as_deref().is_none_or(|known| known == method) && same_route(&fact.route, route)
    };
    let same_path = |fact: &&RouteFact| same_route(&fact.route, route);
    let exact = routes.iter().find(fits).or_else(|| routes.iter().find(same_path));
    exact.map(|fact| fact.at.clone())
}

/// Whether two templates name the same route: parameters may have other names.
fn same_route(one: &str, other: &str) -> bool {
    let parts = |route: &str| -> Vec<String> {
        let parts = route.trim_matches('/').split('/');
        parts
            .map(|part| if part.starts_with('{') { "{}".into() } else { part.to_owned() })
            .collect()
    };
    parts(one) == parts(other)
}

#[cfg(test)]
mod tests {
    use super::same_route;

    #[test]
    fn parameters_may_have_other_names() {
        assert!(same_route("/orders/{id}", "/orders/{order_id}/"));
        assert!(!same_route("/orders/{id}", "/orders/all"));
    }
}
