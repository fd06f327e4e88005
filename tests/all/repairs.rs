//! Every mechanical repair does what it says: the file can still be read, the finding is gone, no other one has come, and
//! a second run changes nothing more.

use std::collections::BTreeMap;

use seaworthy::{
    engines::secret::scanner::Scanner,
    finding::{Finding, RepoPath},
    rule::{Matcher, Rule, RuleSet, set},
    sources::SourceFile,
};

use crate::{
    rules::default_path,
    support::{audit_with, shared, unpack},
};

/// More repairs than any one file of the tests needs.
const MOST: usize = 200;

/// What an audit says of one file.
struct Seen {
    findings: Vec<Finding>,
    /// What could not be read.
    gaps: Vec<String>,
}

struct Bench {
    rules: RuleSet,
    scanner: Scanner,
}

impl Bench {
    fn new() -> Self {
        let rules = RuleSet::baked();
        let scanner = Scanner::new(&rules);
        Self { rules, scanner }
    }

    fn look(&self, files: &BTreeMap<String, String>) -> Seen {
        let bytes = |(path, text): (&String, &String)| (path.clone(), text.clone().into_bytes());
        let audit = audit_with(&self.rules, &self.scanner, files.iter().map(bytes).collect(), None);
        let (mut findings, mut gaps) = (Vec::new(), Vec::new());
        for outcome in audit.outcomes {
            findings.extend(outcome.findings);
            gaps.extend(outcome.gaps.into_iter().map(|gap| gap.reason));
        }
        Seen { findings, gaps }
    }

    /// Makes every repair that `wanted` asks for, one after another. Returns how many there were.
    fn repair_all(
        &self,
        mut files: BTreeMap<String, String>,
        wanted: impl Fn(&Finding) -> bool,
    ) -> Result<usize, String> {
        let mut seen = self.look(&files);
        for done in 0..MOST {
            let has_edits =
                |finding: &&Finding| finding.fix.as_ref().is_some_and(|fix| !fix.edits.is_empty());
            let Some(finding) = seen.findings.iter().filter(has_edits).find(|one| wanted(one))
            else {
                return Ok(done);
            };
            let before = files.clone();
            apply(&mut files, finding);
            let after = self.look(&files);
            if let Some(fault) = fault(&seen, &after, finding) {
                return Err(format!("{}: {fault}\n{before:#?}\n{files:#?}", finding.rule));
            }
            seen = after;
        }
        Err(format!("more than {MOST} repairs: {files:#?}"))
    }
}

/// What is wrong with a repair of `finding`, if anything is.
fn fault(before: &Seen, after: &Seen, finding: &Finding) -> Option<String> {
    if after.gaps.len() > before.gaps.len() {
        return Some(format!("can not be read any more: {:?}", after.gaps));
    }
    let count = |findings: &[Finding]| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for finding in findings {
            *counts.entry(finding.rule.to_string()).or_default() += 1;
        }
        counts
    };
    let (before, after) = (count(&before.findings), count(&after.findings));
    let number =
        |counts: &BTreeMap<String, usize>, rule: &str| counts.get(rule).copied().unwrap_or(0);
    let rule = finding.rule.as_str();
    if number(&after, rule) >= number(&before, rule) {
        return Some("the finding is still there".to_owned());
    }
    let risen = after.keys().find(|rule| number(&after, rule) > number(&before, rule));
    risen.map(|rule| format!("{rule} has come"))
}

fn apply(files: &mut BTreeMap<String, String>, finding: &Finding) {
    let edits = &finding.fix.as_ref().expect("it has a repair").edits;
    for edit in edits.iter().rev() {
        let text = files.get_mut(edit.path.as_str()).expect("the file is there");
        let file = SourceFile::new(RepoPath::new(edit.path.as_str()), text.clone().into_bytes());
        let at = file.bytes_of(&edit.span).expect("the place is there");
        text.replace_range(at, edit.text.as_str());
    }
}

fn has_repair(rule: &Rule) -> bool {
    matches!(&rule.matcher, Matcher::Document(document) if document.fix.is_some())
}

#[test]
fn the_repair_of_a_rule_repairs_its_bad_examples() {
    let bench = Bench::new();
    let mut wrong = Vec::new();
    for rule in bench.rules.slots().iter().map(|slot| slot.rule()).filter(|rule| has_repair(rule)) {
        let (bad, _) = set::examples(&rule.id).expect("each rule has its examples baked");
        let mut repaired = 0;
        for example in bad {
            let path = |path: Option<String>| path.unwrap_or(default_path(rule).to_owned());
            let files = example.files.into_iter().map(|file| (path(file.path), file.text));
            match bench.repair_all(files.collect(), |finding| finding.rule == rule.id) {
                Ok(count) => repaired += count,
                Err(fault) => wrong.push(fault),
            }
        }
        if repaired == 0 {
            wrong.push(format!("{}: no bad example is repaired", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn labelled_files_are_repaired_without_harm() {
    let Some(archive) = shared("data/containers/cases.tar.zst") else { return };
    let folder = unpack(&archive);
    let bench = Bench::new();
    let mut wrong = Vec::new();
    for entry in ignore::Walk::new(folder.path()).map(|entry| entry.expect("it can be walked")) {
        let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
        let path = entry.path().strip_prefix(folder.path()).expect("it is inside");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = match path.iter().next().and_then(|kind| kind.to_str()) {
            Some("compose") => "compose.yaml".to_owned(),
            Some("workflows") if !name.starts_with("action.") => {
                format!(".github/workflows/{name}")
            }
            _ => name,
        };
        if let Err(fault) = bench.repair_all([(path, text)].into(), |_| true) {
            // Half of the files are set aside: their text is not shown.
            let fault = fault.lines().next().unwrap_or_default();
            wrong.push(format!("{}: {fault}", entry.path().display()));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
