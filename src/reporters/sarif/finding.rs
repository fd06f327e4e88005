//! One finding as a result.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::json;
use serde_sarif::sarif::{
    ArtifactChange, ArtifactContent, CodeFlow, Fix, Location, Message, PropertyBag, Replacement,
    Result as SarifResult, ResultLevel, Suppression, ThreadFlow, ThreadFlowLocation,
};

use super::{bag, message, place, sentence, web};
use crate::{
    finding::{Edit, Finding, Place, RepoPath, Step},
    report::{JudgedFinding, Report, Verdict},
    reporters::{visible, words},
    rule::Severity,
};

/// GitHub keeps this many locations of a result.
const MOST_RELATED: usize = 100;

/// Everything that is known of a finding.
pub(super) fn result(judged: &JudgedFinding, report: &Report, rule_index: i64) -> SarifResult {
    let finding = &judged.finding;
    let mut result = SarifResult::builder()
        .message(text(finding))
        .rule_id(finding.rule.as_str())
        .rule_index(rule_index)
        .level(level(finding.severity))
        .locations(vec![place::location(&finding.place, report)])
        .partial_fingerprints(fingerprints(finding))
        .properties(properties(judged))
        .build();
    result.related_locations = related(finding, report);
    result.code_flows = flow(&finding.flow, report);
    result.fixes = fix(finding);
    if let Some((request, response)) = web::exchange(finding) {
        result.web_request = Some(request);
        result.web_response = Some(response);
    }
    if report.subject.base.is_some() {
        let is_known = matches!(judged.verdict, Verdict::Baseline | Verdict::Waived);
        result.baseline_state = Some(json!(if is_known { "unchanged" } else { "new" }));
    }
    if judged.verdict == Verdict::Waived {
        result.suppressions = Some(vec![suppression(judged)]);
    }
    result
}

const fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Critical | Severity::High => ResultLevel::Error,
        Severity::Medium => ResultLevel::Warning,
        Severity::Low | Severity::Note => ResultLevel::Note,
    }
}

/// The message, where it is if that is no file, and a link to each related place.
fn text(finding: &Finding) -> Message {
    let mut text = sentence(finding.message.as_str());
    match &finding.place {
        Place::Request { request, .. } => {
            let words = format!("{} {}", words::request(request), words::answer(request));
            let _ = write!(text, " Seen at: {}", sentence(&words));
        }
        Place::Package { package, .. } => {
            let _ = write!(text, " Package: {}", sentence(&words::package(package)));
        }
        Place::Database { object, .. } => {
            let _ = write!(text, " In the database: {}", sentence(object));
        }
        Place::File(at) => {
            if let Some(commit) = &at.commit {
                let _ = write!(text, " In commit {}", sentence(&words::commit(commit)));
            }
        }
        Place::Repository { .. } => {}
    }
    // A related place is shown only if the message links to it.
    for (number, step) in (1..).zip(finding.related.iter().take(MOST_RELATED)) {
        let note = visible::line(step.note.as_str()).replace(['[', ']', '\\'], " ");
        let place = words::place(&step.place).replace(['[', ']', '\\'], " ");
        let _ = write!(text, " See [{place}]({number}): {}", sentence(&note));
    }
    message(&text)
}

fn related(finding: &Finding, report: &Report) -> Option<Vec<Location>> {
    let locations = (1..)
        .zip(finding.related.iter().take(MOST_RELATED))
        .map(|(number, step)| Location { id: Some(number), ..place::step(step, report) });
    let locations: Vec<Location> = locations.collect();
    (!locations.is_empty()).then_some(locations)
}

fn flow(steps: &[Step], report: &Report) -> Option<Vec<CodeFlow>> {
    let locations: Vec<ThreadFlowLocation> = steps
        .iter()
        .take(MOST_RELATED)
        .map(|step| ThreadFlowLocation {
            location: Some(place::step(step, report)),
            ..ThreadFlowLocation::default()
        })
        .collect();
    (!locations.is_empty()).then(|| {
        let thread = ThreadFlow::builder().locations(locations).build();
        vec![CodeFlow::builder().thread_flows(vec![thread]).build()]
    })
}

fn fix(finding: &Finding) -> Option<Vec<Fix>> {
    let fix = finding.fix.as_ref()?;
    let mut by_path: BTreeMap<&RepoPath, Vec<Replacement>> = BTreeMap::new();
    for edit in &fix.edits {
        by_path.entry(&edit.path).or_default().push(replacement(edit));
    }
    let changes: Vec<ArtifactChange> = by_path
        .into_iter()
        .map(|(path, replacements)| {
            ArtifactChange::builder()
                .artifact_location(place::artifact(path))
                .replacements(replacements)
                .build()
        })
        .collect();
    (!changes.is_empty()).then(|| {
        let description = message(&sentence(fix.title.as_str()));
        vec![Fix::builder().artifact_changes(changes).description(description).build()]
    })
}

fn replacement(edit: &Edit) -> Replacement {
    let text = edit.text.as_str().to_owned();
    let mut replacement = Replacement::builder().deleted_region(place::region(&edit.span)).build();
    if !text.is_empty() {
        replacement.inserted_content = Some(ArtifactContent { text: Some(text), ..<_>::default() });
    }
    replacement
}

/// What the alert is recognised by. Only a finding about a line of a file is known by its line.
fn fingerprints(finding: &Finding) -> BTreeMap<String, String> {
    let at_its_line = match &finding.place {
        Place::File(at) | Place::Package { at, .. } => Some(at.line_hash.clone()),
        Place::Request { .. } | Place::Database { .. } | Place::Repository { .. } => None,
    };
    let hash = at_its_line.filter(|hash| is_line_hash(hash)).unwrap_or_else(|| own_hash(finding));
    BTreeMap::from([
        ("primaryLocationLineHash".to_owned(), hash),
        ("seaworthy/v1".to_owned(), finding.fingerprint.to_string()),
    ])
}

fn is_line_hash(text: &str) -> bool {
    text.split_once(':').is_some_and(|(hash, count)| {
        let is_hash = (1..=16).contains(&hash.len());
        let is_hexadecimal = hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hash && is_hexadecimal && count.parse::<u32>().is_ok_and(|count| count > 0)
    })
}

/// A hash of the same form from the fingerprint.
fn own_hash(finding: &Finding) -> String {
    let digits = finding.fingerprint.as_str().bytes();
    let digits = digits.filter(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).take(16);
    let digits: String = digits.map(char::from).collect();
    format!("{}:1", if digits.is_empty() { "0" } else { &digits })
}

fn properties(judged: &JudgedFinding) -> PropertyBag {
    let finding = &judged.finding;
    let evidence = finding
        .evidence
        .iter()
        .map(|evidence| json!({ "label": evidence.label, "text": evidence.text.as_str() }));
    let evidence: Vec<_> = evidence.collect();
    let command = finding.fix.as_ref().and_then(|fix| fix.command.as_ref());
    bag([
        ("verdict", json!(judged.verdict)),
        ("because", json!(judged.because)),
        ("severity", json!(finding.severity)),
        ("confidence", json!(finding.confidence)),
        ("verification", json!(finding.verification)),
        ("control", json!(judged.control)),
        ("commit", json!(finding.place.file().and_then(|at| at.commit.as_ref()))),
        ("evidence", json!((!evidence.is_empty()).then_some(evidence))),
        ("command", json!(command)),
    ])
}

fn suppression(judged: &JudgedFinding) -> Suppression {
    let mut suppression = Suppression::builder().kind(json!("external")).build();
    suppression.status = Some(json!("accepted"));
    suppression.justification = judged.because.as_ref().map(|because| sentence(because.as_str()));
    suppression
}
