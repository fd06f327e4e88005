//! `live/unhealthy`: the application says of itself that it is not well.

use super::{
    audit::{Audit, Sighting, head},
    notes::Notes,
};
use crate::rule::Rule;

/// Looks at the last answer of the health route.
pub(super) fn look(audit: &Audit<'_>, rule: &Rule) -> Notes {
    let Some((route, answer)) = &audit.survey.reached.health else {
        return Notes::nothing("no health route was found: name it in `live.health`");
    };
    let mut notes = Notes::default();
    if answer.is_success() && audit.survey.is_soft_404(answer) {
        notes
            .inconclusive(route, "any path is answered so: name the health route in `live.health`");
    } else if answer.is_success() {
        notes.looked_at = 1;
    } else if audit.survey.open().next().is_none() {
        // Nothing else is well either: the target may not be up at all.
        notes.inconclusive(route, "no other route answers with 2xx to compare with");
    } else {
        notes.looked_at = 1;
        let message = format!("{}: GET {route} answers {}", rule.title, answer.status);
        let mut sighting = Sighting::new(rule, answer, route, message)
            .proof("answer", format!("{}\n\n{}", head(answer, &[]), audit.excerpt(answer, 0)));
        if let Some(other) = audit.survey.open().next() {
            sighting = sighting.proof("control", other.answer.curl());
        }
        notes.findings.push(audit.finding(sighting));
    }
    notes
}
