//! Makes the edits that findings come with, round by round, until none is left.
//!
//! All is done in memory and audited again before anything is written: an edit after which a file can not be read any
//! more, or its finding is still there, is taken back.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    ops::Range,
};

use anyhow::Context as _;
use similar::TextDiff;

use super::{super::output, Audit, Fix};
use crate::{
    finding::{Finding, RepoPath},
    report::{Report, Verdict},
    sources::{MemoryTree, SourceFile, Tree, file::printable},
};

/// Edits of one place may have to wait for each other.
const MOST_ROUNDS: usize = 20;
/// Larger files are not configuration.
const LARGEST: u64 = 1 << 20;
/// What all files together may take.
const MOST_BYTES: usize = 256 << 20;

/// Repairs files; returns 0, or 3 if not all could be looked at.
pub(super) fn run(
    options: &Fix,
    tree: &Tree,
    audit: &Audit<'_>,
    out: &mut impl Write,
) -> anyhow::Result<u8> {
    let mut report = audit(tree)?;
    let before =
        if repairs(&report, options).next().is_some() { texts(tree) } else { BTreeMap::new() };
    let (given_up, done) = (BTreeSet::new(), BTreeMap::new());
    let mut work = Work { texts: before.clone(), given_up, done };
    for _ in 0..MOST_ROUNDS {
        let steps = work.steps(&report, options);
        if steps.is_empty() {
            break;
        }
        report = work.take(&report, steps, audit)?;
    }
    for (path, text) in &before {
        let (Some(repaired), Some(done)) = (work.texts.get(path), work.done.get(path)) else {
            continue;
        };
        tell(path, (text, repaired), done, options.dry_run, out)?;
        if !options.dry_run {
            output::write_file(&options.path.join(path), repaired.as_bytes())?;
        }
    }
    let count: usize = work.done.values().map(Vec::len).sum();
    let verb = if options.dry_run { "could be" } else { "were" };
    writeln!(out, "{count} findings {verb} repaired").context("write the result")?;
    for path in &work.given_up {
        writeln!(out, "left as it is, since its repair would do harm: {}", printable(path))?;
    }
    for reason in &report.incomplete {
        writeln!(out, "not looked at: {}", printable(reason))?;
    }
    Ok(if report.incomplete.is_empty() { 0 } else { 3 })
}

/// The findings that come with edits and are asked for.
fn repairs<'r>(report: &'r Report, options: &'r Fix) -> impl Iterator<Item = &'r Finding> {
    let open = report
        .findings
        .iter()
        .filter(|judged| !matches!(judged.verdict, Verdict::Waived | Verdict::Excluded))
        .map(|judged| &judged.finding);
    open.filter(|finding| {
        finding.fix.as_ref().is_some_and(|fix| !fix.edits.is_empty())
            && (options.rule.is_empty()
                || options.rule.iter().any(|id| id == finding.rule.as_str()))
    })
}

/// The texts that may be configuration: what a file says may depend on others.
fn texts(tree: &Tree) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let mut left = MOST_BYTES;
    for entry in tree.entries().iter().filter(|entry| entry.size <= LARGEST) {
        let Ok(file) = tree.read(entry) else { continue };
        // Bytes that are not the text are those of another encoding, which an edit would lose.
        let is_text = !file.is_binary() && file.text().len() as u64 == entry.size;
        let Some(rest) = left.checked_sub(file.bytes().len()).filter(|_| is_text) else { continue };
        if let Ok(text) = String::from_utf8(file.into_bytes()) {
            left = rest;
            texts.insert(entry.path.to_string(), text);
        }
    }
    texts
}

/// Replacements in one file that repair one finding.
struct Step {
    path: String,
    rule: String,
    title: String,
    edits: Vec<(Range<usize>, String)>,
}

impl Step {
    /// Whether both can be taken at once: neither touches what the other one changes.
    fn is_apart(&self, other: &Self) -> bool {
        let are_apart = |a: &Range<usize>, b: &Range<usize>| a.end < b.start || b.end < a.start;
        self.path != other.path
            || self.edits.iter().all(|(a, _)| other.edits.iter().all(|(b, _)| are_apart(a, b)))
    }
}

struct Work {
    texts: BTreeMap<String, String>,
    /// Files in which a repair went wrong.
    given_up: BTreeSet<String>,
    /// What was done to each file.
    done: BTreeMap<String, Vec<String>>,
}

impl Work {
    /// The steps of one round.
    fn steps(&self, report: &Report, options: &Fix) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for step in repairs(report, options).filter_map(|finding| self.step(finding)) {
            if steps.iter().all(|other| other.is_apart(&step)) {
                steps.push(step);
            }
        }
        steps
    }

    fn step(&self, finding: &Finding) -> Option<Step> {
        let fix = finding.fix.as_ref()?;
        let path = fix.edits.first()?.path.to_string();
        let text = self.texts.get(&path).filter(|_| !self.given_up.contains(&path))?;
        let file = SourceFile::new(RepoPath::new(&path), text.clone().into_bytes());
        let edits = fix
            .edits
            .iter()
            .filter(|edit| edit.path.as_str() == path)
            .map(|edit| Some((file.bytes_of(&edit.span)?, edit.text.as_str().to_owned())));
        let edits: Vec<_> = edits.collect::<Option<_>>()?;
        let (rule, title) = (finding.rule.to_string(), fix.title.as_str().to_owned());
        (edits.len() == fix.edits.len()).then_some(Step { path, rule, title, edits })
    }

    /// Takes the steps, and gives those files up in which that did not go well. Returns what is found then.
    fn take(
        &mut self,
        before: &Report,
        steps: Vec<Step>,
        audit: &Audit<'_>,
    ) -> anyhow::Result<Report> {
        let old = self.texts.clone();
        let mut by_path: BTreeMap<String, Vec<Step>> = BTreeMap::new();
        for step in steps {
            by_path.entry(step.path.clone()).or_default().push(step);
        }
        for (path, steps) in &by_path {
            let edits = steps.iter().flat_map(|step| step.edits.iter());
            let mut edits: Vec<_> = edits.collect();
            edits.sort_by_key(|(at, _)| std::cmp::Reverse(at.start));
            let Some(text) = self.texts.get_mut(path) else { continue };
            for (at, new) in edits {
                text.replace_range(at.clone(), new);
            }
        }
        let after = audit(&self.tree())?;
        let count = self.given_up.len();
        for (path, steps) in by_path {
            if is_well(before, &after, &steps) {
                let titles = steps.into_iter().map(|step| step.title);
                self.done.entry(path).or_default().extend(titles);
            } else {
                self.texts.insert(path.clone(), old[&path].clone());
                self.given_up.insert(path);
            }
        }
        if self.given_up.len() > count { audit(&self.tree()) } else { Ok(after) }
    }

    fn tree(&self) -> Tree {
        let files = self.texts.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes()));
        Tree::Memory(MemoryTree::new(files))
    }
}

/// Whether a file can be read as before, and less is found by each rule whose repairs were made.
fn is_well(before: &Report, after: &Report, steps: &[Step]) -> bool {
    let count = |report: &Report, step: &Step| {
        let at = |finding: &Finding| {
            let place = finding.place.file();
            finding.rule.as_str() == step.rule
                && place.is_some_and(|at| at.path.as_str() == step.path)
        };
        report.findings.iter().filter(|judged| at(&judged.finding)).count()
    };
    let gaps = |report: &Report, step: &Step| {
        report.gaps.iter().filter(|gap| gap.subject == step.path).count()
    };
    steps.iter().all(|step| {
        gaps(after, step) <= gaps(before, step) && count(after, step) < count(before, step)
    })
}

fn tell(
    path: &str,
    (old, new): (&str, &str),
    done: &[String],
    is_dry: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let path = printable(path);
    if is_dry {
        let difference = TextDiff::from_lines(old, new);
        let mut difference = difference.unified_diff();
        let difference = difference.header(&format!("a/{path}"), &format!("b/{path}")).to_string();
        for line in difference.lines() {
            writeln!(out, "{}", printable(line))?;
        }
        return Ok(());
    }
    writeln!(out, "{path}")?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for title in done {
        *counts.entry(title).or_default() += 1;
    }
    for (title, count) in counts {
        let times = if count > 1 { format!(" ({count} times)") } else { String::new() };
        writeln!(out, "  {}{times}", printable(title))?;
    }
    Ok(())
}
