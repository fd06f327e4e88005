//! Runs probes that are data: their steps, in order, for each of their subjects.

use std::{collections::BTreeSet, fmt::Write as _};

use regex::Regex;

use super::{
    audit::{Audit, Sighting, head, list},
    likeness::are_alike,
    notes::{LIMITED, Notes},
};
use crate::{
    finding::FilePlace,
    rule::{
        ProbeMatcher, Rule,
        probe::{AnswerTest, Class, Need, ReportAs, SOFT_404, Step, Subjects},
    },
    target::{Exchange, Identity, Request, Scheme, SendError, random},
};

/// What the steps are run for: a route, and its baseline.
struct Subject<'a> {
    route: String,
    path: String,
    baseline: Option<&'a Exchange>,
    at: Option<&'a FilePlace>,
}

/// What became of one subject.
enum Verdict {
    /// There is nothing to look at.
    None,
    Inconclusive(String),
    /// The target did not answer what was asked.
    Disturbed(String),
    Safe,
    Flagged(Vec<(String, Exchange)>),
}

/// Looks with a probe that is data.
pub(super) async fn look(audit: &Audit<'_>, rule: &Rule, probe: &ProbeMatcher) -> Notes {
    if let Some(reason) = unmet(audit, probe) {
        return Notes::nothing(&reason);
    }
    let mut notes = Notes::default();
    let mut flagged = Vec::new();
    let started = audit.session.client.budget().sent();
    for subject in subjects(audit, probe.each) {
        if audit.session.client.budget().sent() - started >= probe.max_requests {
            notes.inconclusive(&subject.route, "the probe's own request budget is used up");
            continue;
        }
        match judge(audit, probe, &subject).await {
            Ok(Verdict::Inconclusive(reason)) => notes.inconclusive(&subject.route, &reason),
            Ok(Verdict::Disturbed(reason)) => notes.disturbed(&subject.route, &reason),
            Ok(Verdict::Safe) => notes.looked_at += 1,
            Ok(Verdict::Flagged(answers)) => {
                notes.looked_at += 1;
                flagged.push((subject, answers));
            }
            Err(error) if notes.failed(&subject.route, &error) => break,
            Ok(Verdict::None) | Err(_) => {}
        }
    }
    report(audit, rule, probe, &flagged, &mut notes);
    notes
}

fn unmet(audit: &Audit<'_>, probe: &ProbeMatcher) -> Option<String> {
    let target = audit.session.client.target();
    let policy = target.limits().policy;
    match probe.class {
        Class::Writes if !policy.writes => return Some("it needs `--writes`".to_owned()),
        Class::Intrusive if !policy.intrusive => return Some("it needs `--intrusive`".to_owned()),
        Class::Safe | Class::Writes | Class::Intrusive => {}
    }
    probe.needs.iter().find_map(|need| {
        let (is_met, reason) = match need {
            Need::Https => (
                target.origin().scheme == Scheme::Https,
                "the target is asked by plain HTTP; TLS is not assessed",
            ),
            Need::Description => (
                audit.survey.description.is_some(),
                "there is no API description: name it in `live.openapi`",
            ),
            Need::Token => (target.has_credential(), "there is no login: configure `live.login`"),
        };
        (!is_met).then(|| reason.to_owned())
    })
}

fn subjects<'a>(audit: &'a Audit<'_>, each: Subjects) -> Vec<Subject<'a>> {
    let subject = |baseline: &'a super::survey::Baseline| Subject {
        route: baseline.operation.route.clone(),
        path: baseline.path.clone(),
        baseline: Some(&baseline.answer),
        at: baseline.operation.at.as_ref(),
    };
    let is_protected =
        |baseline: &&super::survey::Baseline| baseline.operation.is_protected == Some(true);
    match each {
        Subjects::Root => {
            vec![Subject { route: "/".to_owned(), path: "/".to_owned(), baseline: None, at: None }]
        }
        Subjects::EachGet => audit.survey.open().map(subject).collect(),
        Subjects::EachProtected => {
            audit.survey.baselines.iter().filter(is_protected).map(subject).collect()
        }
    }
}

/// Runs the steps, and once more with fresh randomness and fresh answers before anything is flagged.
async fn judge(
    audit: &Audit<'_>,
    probe: &ProbeMatcher,
    subject: &Subject<'_>,
) -> Result<Verdict, SendError> {
    let first = run_steps(audit, probe, subject, true).await?;
    if !matches!(first, Verdict::Flagged(_)) {
        return Ok(first);
    }
    Ok(match run_steps(audit, probe, subject, false).await? {
        again @ (Verdict::Flagged(_) | Verdict::Disturbed(_)) => again,
        _ => Verdict::Inconclusive("a second look did not show the same".to_owned()),
    })
}

async fn run_steps(
    audit: &Audit<'_>,
    probe: &ProbeMatcher,
    subject: &Subject<'_>,
    may_reuse: bool,
) -> Result<Verdict, SendError> {
    let canaries = [("{{ canary }}", random::word()), ("{{ canary-2 }}", random::word())];
    let mut answers: Vec<(String, Exchange)> = Vec::new();
    let mut is_flagged = true;
    for step in &probe.steps {
        let answer = ask(audit, step, subject, &canaries, may_reuse).await?;
        if let Some(reason) = refusal(&answer) {
            return Ok(Verdict::Disturbed(reason));
        }
        let asked = Asked { audit, answer: &answer, earlier: &answers, canaries: &canaries };
        if !step.only_if.iter().all(|test| asked.holds(test)) {
            return Ok(Verdict::None);
        }
        if !step.expect.iter().all(|test| asked.holds(test)) {
            let reason = format!("the step `{}` was not answered as expected", step.name);
            return Ok(Verdict::Inconclusive(reason));
        }
        is_flagged &= step.flag_if.iter().all(|test| asked.holds(test));
        answers.push((step.name.clone(), answer));
    }
    Ok(if is_flagged { Verdict::Flagged(answers) } else { Verdict::Safe })
}

/// An answer of which nothing can be concluded.
fn refusal(answer: &Exchange) -> Option<String> {
    match answer.status {
        429 => Some(LIMITED.to_owned()),
        502..=504 => Some(format!("the target was not well ({})", answer.status)),
        _ => None,
    }
}

async fn ask(
    audit: &Audit<'_>,
    step: &Step,
    subject: &Subject<'_>,
    canaries: &[(&str, String)],
    may_reuse: bool,
) -> Result<Exchange, SendError> {
    let request = &step.request;
    let is_plain = request.method == "GET" && request.path.is_none() && request.headers.is_empty();
    if let (true, false, true, Some(baseline)) =
        (is_plain, request.as_user, may_reuse, subject.baseline)
    {
        return Ok(baseline.clone());
    }
    let path = match request.path.as_deref() {
        Some(SOFT_404) => format!("/{}", random::word()),
        Some(path) => path.to_owned(),
        None => subject.path.clone(),
    };
    let mut sent = Request::new(&request.method, &audit.session.path(&path));
    for (name, value) in &request.headers {
        sent = sent.header(name, &fill(value, canaries));
    }
    if request.as_user {
        sent = sent.by(Identity::User);
    }
    // The root's baseline is what its redirects lead to.
    if is_plain && path == "/" {
        return audit.session.client.send_following(&sent).await;
    }
    audit.session.client.send(&sent).await
}

fn fill(text: &str, canaries: &[(&str, String)]) -> String {
    canaries.iter().fold(text.to_owned(), |text, (name, word)| text.replace(name, word))
}

/// One answer, with all that tests may compare it with.
struct Asked<'a> {
    audit: &'a Audit<'a>,
    answer: &'a Exchange,
    earlier: &'a [(String, Exchange)],
    canaries: &'a [(&'a str, String)],
}

impl Asked<'_> {
    fn holds(&self, test: &AnswerTest) -> bool {
        match test {
            AnswerTest::Status(classes) => classes.iter().any(|class| self.has_status(class)),
            AnswerTest::Header(names, regex) => self.has_header(names, regex),
            AnswerTest::HeaderLacks(names, regex) => !self.has_header(names, regex),
            AnswerTest::Body(regex) => self.has_body(regex),
            AnswerTest::BodyLacks(regex) => !self.has_body(regex),
            AnswerTest::Like(name) => self.is_like(name),
            AnswerTest::Unlike(name) => !self.is_like(name),
        }
    }

    fn has_status(&self, class: &str) -> bool {
        let status = self.answer.status.to_string();
        class == status || (class.ends_with("xx") && class[..1] == status[..1])
    }

    fn has_header(&self, names: &[String], regex: &str) -> bool {
        let Some(regex) = self.regex(regex) else { return false };
        names.iter().any(|name| self.answer.header_values(name).any(|value| regex.is_match(value)))
    }

    fn has_body(&self, regex: &str) -> bool {
        self.regex(regex).is_some_and(|regex| regex.is_match(&self.answer.text()))
    }

    fn regex(&self, text: &str) -> Option<Regex> {
        // Canaries are letters and digits, so they stand for themselves.
        Regex::new(&fill(text, self.canaries)).ok()
    }

    fn is_like(&self, name: &str) -> bool {
        if name == SOFT_404 {
            return self.audit.survey.is_soft_404(self.answer);
        }
        let earlier = self.earlier.iter().find(|(step, _)| step == name);
        earlier.is_some_and(|(_, answer)| are_alike(answer, self.answer))
    }
}

fn report(
    audit: &Audit<'_>,
    rule: &Rule,
    probe: &ProbeMatcher,
    flagged: &[(Subject<'_>, Vec<(String, Exchange)>)],
    notes: &mut Notes,
) {
    let routes: Vec<&str> = flagged.iter().map(|(subject, _)| subject.route.as_str()).collect();
    let groups = match probe.report {
        ReportAs::One => flagged.chunks(flagged.len().max(1)),
        ReportAs::Each => flagged.chunks(1),
    };
    for group in groups {
        let Some((subject, answers)) = group.first() else { continue };
        let shown = if group.len() > 1 { &routes[..] } else { &[subject.route.as_str()][..] };
        let sighting = sighting(audit, rule, probe, (subject, answers), shown);
        notes.findings.push(audit.finding(sighting));
    }
}

fn sighting<'r>(
    audit: &Audit<'_>,
    rule: &'r Rule,
    probe: &ProbeMatcher,
    (subject, answers): (&Subject<'_>, &[(String, Exchange)]),
    routes: &[&str],
) -> Sighting<'r> {
    let names = header_names(probe);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (_, last) = answers.last().expect("a flagged subject has at least one answer");
    let route = match probe.each {
        Subjects::Root => last.path.clone(),
        Subjects::EachGet | Subjects::EachProtected => subject.route.clone(),
    };
    let shown = if probe.each == Subjects::Root { route.clone() } else { list(routes) };
    let message = format!("{}: {shown}", rule.title);
    let mut sighting = Sighting::new(rule, last, &route, message);
    sighting.is_everywhere = probe.report == ReportAs::One && probe.each != Subjects::Root;
    sighting.at = subject.at.cloned();
    for (name, answer) in &answers[..answers.len() - 1] {
        sighting = sighting.proof("control", format!("{} # {name}", answer.curl()));
    }
    let mut seen = head(last, &names);
    for name in missing(probe, last) {
        let _ = write!(seen, "\n{name} is not set");
    }
    if tests_body(probe) {
        seen.push_str("\n\n");
        seen.push_str(&audit.excerpt(last, 0));
    }
    sighting.proof("answer", seen)
}

/// The headers that the probe asks about.
fn header_names(probe: &ProbeMatcher) -> BTreeSet<String> {
    let tests = probe.steps.iter().flat_map(|step| step.only_if.iter().chain(&step.flag_if));
    let names = tests.filter_map(|test| match test {
        AnswerTest::Header(names, _) | AnswerTest::HeaderLacks(names, _) => Some(names),
        _ => None,
    });
    names.flatten().cloned().collect()
}

/// The headers that the probe demands and the answer does not have.
fn missing<'a>(probe: &'a ProbeMatcher, answer: &Exchange) -> Vec<&'a str> {
    let tests = probe.steps.iter().flat_map(|step| &step.flag_if);
    let demanded = tests.filter_map(|test| match test {
        AnswerTest::HeaderLacks(names, _) => Some(names),
        _ => None,
    });
    let names = demanded.flatten().map(String::as_str);
    names.filter(|name| answer.header(name).is_none()).collect()
}

fn tests_body(probe: &ProbeMatcher) -> bool {
    let mut tests = probe.steps.iter().flat_map(|step| &step.flag_if);
    tests.any(|test| matches!(test, AnswerTest::Body(_)))
}
