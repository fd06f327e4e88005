//! The practice shop, end to end: every planted defect is found, and the repaired shop is clean.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
    time::Duration,
};

use jiff::civil::date;
use seaworthy::{
    cli::Allow,
    config::FailOn,
    deadline::Deadline,
    demo::{self, Defect, Switches, source},
    finding::Finding,
    report::{Report, Verdict},
    rule::{Kind, Severity},
    run::{self, Inputs, Request, Scope, Source, Surroundings},
    sources::{MemoryTree, Tree},
};

use crate::expectations::{differences, expected, found, listed};

static NEVER: AtomicBool = AtomicBool::new(false);

fn request(target: Option<String>) -> Request {
    Request {
        path: PathBuf::from("shop"),
        target,
        base: None,
        scope: Scope::Tree,
        baseline: None,
        config: None,
        advisory_db: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop/advisories")),
        refresh: None,
        deadline: Duration::from_mins(5),
        kinds: Kind::ALL.into_iter().collect(),
        fail_on: Some(FailOn::Severity(Severity::Critical)),
        strict: false,
        pedantic: false,
        allow: Allow::default(),
        login: None,
        verify: None,
        online_metadata: false,
    }
}

fn audit(repaired: bool, target: Option<String>) -> Report {
    let surroundings = Surroundings {
        today: date(2027, 1, 15),
        variable: &|_| None,
        interrupted: &NEVER,
        progress: &|_| (),
    };
    let request = request(target);
    let tree = Tree::Memory(MemoryTree::new(source::tree(repaired)));
    let inputs = Inputs::read(&request, &tree, &surroundings).expect("the inputs read");
    let source = Source { tree: &tree, repository: None, base: None };
    let deadline = Deadline::after(request.deadline, &NEVER);
    run::audit(&source, &inputs, &request, &surroundings, &deadline).expect("the audit runs")
}

fn findings(report: Report) -> Vec<Finding> {
    report.findings.into_iter().map(|judged| judged.finding).collect()
}

#[test]
fn every_static_finding_of_the_vulnerable_shop_stands_beside_its_expectation() {
    let report = audit(false, None);
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop/vulnerable.expect");
    let mut wanted = expected(&source::tree(false));
    wanted.extend(listed(&list));
    let different = differences(&wanted, &found(&findings(report)));
    assert!(different.is_empty(), "{}\n{}", different.len(), different.join("\n"));
}

#[test]
fn the_repaired_source_has_no_finding_at_medium_or_above() {
    let report = audit(true, None);
    let loud: Vec<_> =
        report.shown().filter(|judged| judged.finding.severity >= Severity::Medium).collect();
    assert!(loud.is_empty(), "{loud:#?}");
    assert_eq!(report.exit_code(), 0, "{:?}", report.incomplete);
}

fn live_rules(report: &Report) -> BTreeSet<String> {
    let live = report.findings.iter().filter(|judged| {
        matches!(judged.finding.rule.kind(), Some(Kind::Live | Kind::Performance))
    });
    live.map(|judged| judged.finding.rule.to_string()).collect()
}

#[test]
fn every_live_defect_of_the_vulnerable_shop_is_found() {
    let shop = demo::start(Switches::vulnerable().without(Defect::Unhealthy)).expect("it starts");
    let report = audit(false, Some(shop.url()));
    let found = live_rules(&report);
    let planted = Defect::ALL.iter().filter(|defect| **defect != Defect::Unhealthy);
    let rules: BTreeSet<String> =
        planted.filter_map(|defect| defect.rule()).map(str::to_owned).collect();
    // Latency needs a thousand samples, which only `--load` takes.
    let missed: Vec<_> =
        rules.difference(&found).filter(|rule| !rule.starts_with("performance/")).collect();
    assert!(missed.is_empty(), "missed {missed:?}; found {found:?}");
    assert!(report.blocking() > 0);
    assert_eq!(report.exit_code(), 1);
}

#[test]
fn the_repaired_shop_has_no_finding_at_medium_or_above() {
    let shop = demo::start(Switches::repaired()).expect("it starts");
    let report = audit(true, Some(shop.url()));
    let loud: Vec<_> = report
        .findings
        .iter()
        .filter(|judged| judged.verdict != Verdict::Waived)
        .filter(|judged| judged.finding.severity >= Severity::Medium)
        .map(|judged| (&judged.finding.rule, &judged.finding.message))
        .collect();
    assert!(loud.is_empty(), "{loud:#?}");
    assert_eq!(report.exit_code(), 0, "{:?}", report.incomplete);
}

#[test]
fn switching_one_defect_on_brings_its_finding_and_no_other_rule() {
    let clean =
        live_rules(&audit(true, Some(demo::start(Switches::repaired()).expect("it starts").url())));
    for defect in [Defect::StackTrace, Defect::TraceEnabled, Defect::CorsReflectsOrigin] {
        let shop = demo::start(Switches::repaired().with(defect)).expect("it starts");
        let found = live_rules(&audit(true, Some(shop.url())));
        let new: Vec<_> = found.difference(&clean).cloned().collect();
        assert_eq!(new, defect.rule().into_iter().collect::<Vec<_>>(), "{}", defect.name());
    }
}
