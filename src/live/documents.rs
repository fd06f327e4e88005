//! `live/api-description-exposed`: anyone can read what the API offers.

use super::{
    audit::{Audit, Sighting, head},
    notes::Notes,
};
use crate::rule::{Rule, Severity};

/// Judges what the survey has found. In production the description is a map for attackers; in a preview it
/// is worth a note.
pub(super) fn look(audit: &Audit<'_>, rule: &Rule) -> Notes {
    let mut notes = Notes::one();
    let Some((route, answer)) = &audit.survey.exposed else { return notes };
    let operations = audit.survey.description.as_ref().map_or(0, |found| found.operations.len());
    let message = format!("{}: GET {route} lists {operations} operations", rule.title);
    let mut sighting = Sighting::new(rule, answer, route, message)
        .proof("answer", head(answer, &["content-type"]))
        .proof("control", audit.survey.soft_404[0].curl());
    sighting.severity = (!audit.session.request.is_production).then_some(Severity::Note);
    notes.findings.push(audit.finding(sighting));
    notes
}
