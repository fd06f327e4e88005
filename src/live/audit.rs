//! What probes look through: the session, the survey, and the making of findings.

use std::{fmt::Write as _, time::Duration};

use super::{errors::BadAnswers, reach, session::Session, survey::Survey};
use crate::{
    finding::{Evidence, FilePlace, Finding, Fingerprint, Place, Quoted, RequestPlace},
    rule::{Rule, RuleSet, Severity},
    target::{Exchange, Operation},
};

/// After so many heartbeats without a pulse the target is left alone.
const MOST_MISSED: u32 = 3;
/// Bytes of an answer that evidence shows at most.
const SHOWN: usize = 600;
/// Bytes of a header line that evidence shows at most.
const LONGEST_LINE: usize = 240;

/// One audit, surveyed and ready to be probed.
pub(super) struct Audit<'a> {
    pub(super) session: Session<'a>,
    pub(super) survey: Survey,
    pub(super) rules: &'a RuleSet,
    /// Answers to bad input, collected once for all rules that read them.
    pub(super) bad_answers: tokio::sync::OnceCell<BadAnswers>,
}

/// Something that is wrong, before it is a finding.
pub(super) struct Sighting<'a> {
    pub(super) rule: &'a Rule,
    pub(super) request: RequestPlace,
    /// Whether it speaks for all routes, so that its fingerprint names none.
    pub(super) is_everywhere: bool,
    pub(super) at: Option<FilePlace>,
    pub(super) severity: Option<Severity>,
    pub(super) message: String,
    pub(super) evidence: Vec<(&'static str, String)>,
}

impl<'a> Sighting<'a> {
    /// A sighting at one route.
    pub(super) fn new(rule: &'a Rule, answer: &Exchange, route: &str, message: String) -> Self {
        Self {
            rule,
            request: answer.place(route, None),
            is_everywhere: false,
            at: None,
            severity: None,
            message,
            evidence: vec![("request", answer.curl())],
        }
    }

    /// The same, at the line that answers for the operation.
    #[must_use]
    pub(super) fn of(mut self, operation: &Operation) -> Self {
        self.at.clone_from(&operation.at);
        self
    }

    /// The same, about this parameter or header.
    #[must_use]
    pub(super) fn parameter(mut self, name: &str) -> Self {
        self.request.parameter = Some(name.to_owned());
        self
    }

    /// The same, with one more piece of proof.
    #[must_use]
    pub(super) fn proof(mut self, label: &'static str, text: String) -> Self {
        self.evidence.push((label, text));
        self
    }
}

impl<'a> Audit<'a> {
    /// An audit of what the survey has found, before its first probe.
    pub(super) fn new(session: Session<'a>, survey: Survey, rules: &'a RuleSet) -> Self {
        Self { session, survey, rules, bad_answers: tokio::sync::OnceCell::new() }
    }

    /// Whether one of three heartbeats is answered.
    pub(super) async fn has_pulse(&self) -> bool {
        for beat in 0..MOST_MISSED {
            if reach::is_alive(&self.session, &self.survey.reached.pulse).await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(250 << beat)).await;
        }
        false
    }

    /// Makes a finding of a sighting: masked and fingerprinted.
    pub(super) fn finding(&self, sighting: Sighting<'_>) -> Finding {
        let rule = sighting.rule;
        let request = sighting.request;
        let route = if sighting.is_everywhere { "*" } else { &request.route };
        let parameter = request.parameter.as_deref().unwrap_or_default();
        let fingerprint = Fingerprint::of(&[rule.id.as_str(), &request.method, route, parameter]);
        let evidence = sighting.evidence.into_iter().map(|(label, text)| Evidence {
            label: label.to_owned(),
            text: self.shown(label, &text),
        });
        let shown = |text: &str| self.session.quote(text).to_string();
        let request = RequestPlace {
            route: shown(&request.route),
            url: shown(&request.url),
            parameter: request.parameter.as_deref().map(shown),
            ..request
        };
        Finding {
            rule: rule.id.clone(),
            severity: sighting.severity.unwrap_or(rule.severity),
            confidence: rule.confidence,
            tier: rule.tier,
            related: Vec::new(),
            flow: Vec::new(),
            message: self.session.quote(&sighting.message),
            evidence: evidence.collect(),
            verification: None,
            fix: None,
            fingerprint,
            place: Place::Request { request, at: sighting.at },
        }
    }

    /// Evidence as it may be shown: masked, and only then long header lines are cut, so that no half of a
    /// secret is left.
    fn shown(&self, label: &str, text: &str) -> Quoted {
        let masked = self.session.quote(text);
        if !label.ends_with("answer") {
            return masked;
        }
        let (head, body) = masked.as_str().split_once("\n\n").unwrap_or((masked.as_str(), ""));
        let lines: Vec<String> = head.lines().map(|line| cut(line, LONGEST_LINE)).collect();
        let gap = if body.is_empty() { "" } else { "\n\n" };
        self.session.quote(&format!("{}{gap}{body}", lines.join("\n")))
    }

    /// The part of an answer's body around `at`, masked as a whole first, so that no half of a secret shows.
    pub(super) fn excerpt(&self, answer: &Exchange, at: usize) -> String {
        let text = answer.text();
        let line = text.get(..at).map_or(0, |before| before.matches('\n').count());
        let masked = self.session.quote(&text);
        let from = line.saturating_sub(2);
        let lines: Vec<&str> = masked.as_str().lines().skip(from).take(12).collect();
        cut(&lines.join("\n"), SHOWN)
    }
}

/// Status and the named headers of an answer, as evidence. Values are whole: they are masked with the rest,
/// and then cut.
pub(super) fn head(answer: &Exchange, names: &[&str]) -> String {
    let mut text = format!("HTTP {}", answer.status);
    for name in names {
        for value in answer.header_values(name) {
            let _ = write!(text, "\n{name}: {value}");
        }
    }
    text
}

/// At most `limit` bytes of a text.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let end = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// `/a, /b, /c and 4 more`.
pub(super) fn list(routes: &[&str]) -> String {
    const MOST: usize = 8;
    let shown = routes.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    match routes.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
