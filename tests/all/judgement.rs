//! What the judgement promises: what did not run never passes, waivers end, order does not matter.

use jiff::civil::{Date, date};
use proptest::prelude::*;
use seaworthy::{
    finding::{
        Excused, FilePlace, Finding, Fingerprint, InlineWaiver, Measurement, Outcome, Place,
        Quoted, Ran, RepoPath, Unit,
    },
    judgement::{Baseline, Policy, WaiverRule, WaiverScope, judge},
    report::{BudgetVerdict, Report, Status, Subject, Verdict},
    rule::{Answer, RuleId, RuleSet, Severity},
};

const TODAY: Date = date(2027, 1, 15);
const RULE: &str = "performance/error-rate";

fn finding(path: &str, line: u32, severity: Severity) -> Finding {
    let rules = RuleSet::baked();
    let rule = rules.get(&RuleId::new(RULE)).expect("the rule exists");
    let mut at = FilePlace::whole(RepoPath::new(path));
    at.span.start_line = line;
    at.span.end_line = line;
    Finding {
        rule: rule.id.clone(),
        severity,
        confidence: rule.confidence,
        tier: rule.tier,
        place: Place::File(at),
        related: vec![],
        flow: vec![],
        message: Quoted::own("something is wrong"),
        evidence: vec![],
        verification: None,
        fix: None,
        fingerprint: Fingerprint::of(&[RULE, path, &line.to_string()]),
    }
}

fn outcome(ran: Ran, looked_at: u64, findings: Vec<Finding>) -> Outcome {
    let mut outcome = Outcome::new("live/load", vec![RuleId::new(RULE)], ran);
    outcome.looked_at = looked_at;
    outcome.findings = findings;
    outcome
}

fn status(report: &Report, control: &str) -> Status {
    let row = report.controls.iter().find(|row| row.control.as_str() == control);
    row.expect("the control is in the catalogue").status
}

fn judged(outcomes: Vec<Outcome>, change: impl FnOnce(&mut Policy<'_>)) -> Report {
    let rules = RuleSet::baked();
    let mut policy = Policy::plain(&rules, TODAY);
    change(&mut policy);
    judge(outcomes, &policy, Subject::default())
}

#[test]
fn a_control_passes_only_on_a_complete_check_that_looked_at_something() {
    let passes =
        |ran, looked_at| status(&judged(vec![outcome(ran, looked_at, vec![])], |_| ()), "PERF-007");
    assert_eq!(passes(Ran::Complete, 3), Status::Pass);
    assert_eq!(passes(Ran::Complete, 0), Status::NotAssessed);
    assert_eq!(passes(Ran::Skipped("no target".into()), 3), Status::NotAssessed);
    assert_eq!(passes(Ran::Partial("deadline passed".into()), 3), Status::NotAssessed);
    assert_eq!(passes(Ran::Failed("no answer".into()), 0), Status::NotAssessed);
}

#[test]
fn an_incomplete_check_gives_three_and_strict_makes_it_one() {
    let partial = || vec![outcome(Ran::Partial("deadline passed".into()), 1, vec![])];
    let report = judged(partial(), |_| ());
    assert_eq!((report.exit_code(), report.passed), (3, false));
    let report = judged(partial(), |policy| policy.gate.strict = true);
    assert_eq!(report.exit_code(), 1);
}

#[test]
fn a_blocking_finding_wins_over_an_incomplete_run() {
    let found = vec![finding("a.rs", 1, Severity::Critical)];
    let report = judged(vec![outcome(Ran::Partial("deadline passed".into()), 1, found)], |_| ());
    assert_eq!(report.exit_code(), 1);
}

#[test]
fn a_finding_under_the_gate_is_reported_and_does_not_block() {
    let found = vec![finding("a.rs", 1, Severity::High)];
    let report = judged(vec![outcome(Ran::Complete, 1, found)], |_| ());
    assert_eq!(report.findings[0].verdict, Verdict::Reported);
    assert_eq!(report.exit_code(), 0);
    assert_eq!(status(&report, "PERF-007"), Status::Fail);
}

fn waiver(until: Date) -> WaiverRule {
    let glob = globset::Glob::new("legacy/**").expect("a glob").compile_matcher();
    WaiverRule {
        rules: vec![RuleId::new(RULE)],
        scope: WaiverScope::Path(glob),
        reason: Quoted::own("accepted"),
        until,
    }
}

#[test]
fn a_waiver_counts_until_its_last_day_and_not_after() {
    let found =
        || vec![outcome(Ran::Complete, 1, vec![finding("legacy/a.rs", 1, Severity::Critical)])];
    let report = judged(found(), |policy| policy.waivers = vec![waiver(TODAY)]);
    assert_eq!(report.findings[0].verdict, Verdict::Waived);
    let report = judged(found(), |policy| policy.waivers = vec![waiver(date(2027, 1, 14))]);
    assert_eq!(report.findings[0].verdict, Verdict::Blocking);
    assert!(report.notices[0].contains("ended"), "{:?}", report.notices);
}

#[test]
fn a_waiver_that_matches_nothing_is_reported() {
    let report = judged(vec![], |policy| policy.waivers = vec![waiver(TODAY)]);
    assert!(report.notices[0].contains("matches nothing"), "{:?}", report.notices);
}

#[test]
fn an_inline_waiver_that_the_base_lacks_is_only_proposed() {
    let found = || vec![outcome(Ran::Complete, 1, vec![finding("a.rs", 7, Severity::Critical)])];
    let inline = || {
        let reason = Quoted::own("fine here");
        let covered = Fingerprint::of(&["x"]);
        let waiver = InlineWaiver {
            excused: Excused::Rule(RuleId::new(RULE)),
            line: 6,
            covers: 7,
            until: 7,
            is_foreign: false,
            covered,
            reason,
        };
        vec![(RepoPath::new("a.rs"), waiver)]
    };
    let report = judged(found(), |policy| policy.inline = inline());
    assert_eq!(report.findings[0].verdict, Verdict::Waived);
    let report = judged(found(), |policy| {
        policy.inline = inline();
        policy.inline_at_base = Some(vec![]);
    });
    assert_eq!(report.findings[0].verdict, Verdict::Blocking);
    assert!(report.findings[0].because.as_ref().is_some_and(|b| b.as_str().contains("proposed")));
}

#[test]
fn a_second_copy_of_a_known_finding_is_new() {
    let two = vec![finding("a.rs", 1, Severity::Critical), finding("b.rs", 1, Severity::Critical)];
    let known = two[0].fingerprint.clone();
    let mut same = two.clone();
    same[1].fingerprint = known.clone();
    let report = judged(vec![outcome(Ran::Complete, 1, same)], |policy| policy.known = vec![known]);
    let verdicts: Vec<_> = report.findings.iter().map(|judged| judged.verdict).collect();
    assert_eq!(verdicts, [Verdict::Baseline, Verdict::Blocking]);
}

#[test]
fn an_adopted_finding_does_not_block_until_its_end() {
    let found = || vec![outcome(Ran::Complete, 1, vec![finding("a.rs", 1, Severity::Critical)])];
    let baseline = Baseline::adopt(&judged(found(), |_| ()), TODAY, None);
    let report = judged(found(), |policy| policy.baseline = Some(baseline.clone()));
    assert_eq!(report.findings[0].verdict, Verdict::Baseline);
    let report = judged(found(), |policy| {
        policy.baseline = Some(baseline);
        policy.today = date(2028, 1, 1);
    });
    assert_eq!(report.findings[0].verdict, Verdict::Blocking);
}

#[test]
fn an_attestation_that_has_ended_is_not_assessed() {
    let text = "attested: [{ control: HARDEN-OPS-2, by: Ada, date: 2026-11-02, link: x, until: 2027-01-14 }]";
    let config = seaworthy::config::Config::parse("seaworthy.yaml", text).expect("it reads");
    let report = judged(vec![], |policy| policy.attested.clone_from(&config.attested));
    assert_eq!(status(&report, "HARDEN-OPS-2"), Status::NotAssessed);
    let report = judged(vec![], |policy| {
        policy.attested = config.attested;
        policy.today = date(2027, 1, 14);
    });
    assert_eq!(status(&report, "HARDEN-OPS-2"), Status::Attested);
}

fn latency(value: Option<f64>, interval: Option<(f64, f64)>) -> Measurement {
    Measurement {
        metric: "latency.p99".into(),
        subject: Quoted::own("GET /products"),
        value,
        interval,
        unit: Unit::Milliseconds,
        samples: 1_000,
        series: vec![],
    }
}

#[test]
fn a_budget_is_judged_by_the_interval_and_never_by_the_point() {
    let verdict = |measurement: Measurement| {
        let mut outcome = outcome(Ran::Complete, 1, vec![]);
        outcome.measurements.push(measurement);
        let report = judged(vec![outcome], |_| ());
        let row = report.budgets.into_iter().find(|row| row.metric == "latency.p99");
        row.expect("the budget is judged").verdict
    };
    assert_eq!(verdict(latency(Some(300.0), Some((280.0, 320.0)))), BudgetVerdict::Pass);
    assert_eq!(verdict(latency(Some(490.0), Some((450.0, 530.0)))), BudgetVerdict::Inconclusive);
    assert_eq!(verdict(latency(Some(700.0), Some((650.0, 800.0)))), BudgetVerdict::Fail);
    assert_eq!(verdict(latency(None, None)), BudgetVerdict::NotAssessed);
}

#[test]
fn every_control_has_a_way_to_be_answered() {
    for control in seaworthy::rule::set::controls() {
        assert!(!control.by.is_empty(), "{}", control.id);
        let only_word = control.by == [Answer::Attested];
        assert!(only_word || control.by.iter().any(|by| *by != Answer::Attested));
    }
    assert_eq!(seaworthy::rule::set::controls().len(), 61);
}

proptest! {
    #[test]
    fn judging_does_not_depend_on_the_order_of_findings(
        lines in proptest::collection::vec((1_u32..40, 0_usize..3), 0..12),
        seed in 0_usize..12,
    ) {
        let severities = [Severity::Low, Severity::High, Severity::Critical];
        let make = |(line, at): &(u32, usize)| finding("a.rs", *line, severities[*at]);
        let mut found: Vec<_> = lines.iter().map(make).collect();
        found.sort_by_key(|finding| (finding.place.order(), finding.severity));
        found.dedup_by_key(|finding| finding.place.order());
        let mut other = found.clone();
        if !other.is_empty() {
            let middle = seed % other.len();
            other.rotate_left(middle);
        }
        let one = judged(vec![outcome(Ran::Complete, 1, found)], |_| ());
        let two = judged(vec![outcome(Ran::Complete, 1, other)], |_| ());
        prop_assert_eq!(one, two);
    }
}
