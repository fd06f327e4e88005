//! One finding with its lines, its proof and what to do.

use std::fmt::Write;

use super::{
    escape::{code, cut, fenced, prose, text},
    page::Page,
};
use crate::{
    finding::{Evidence, Finding, Place},
    report::JudgedFinding,
    reporters::{
        arrange::{self, Group},
        excerpt::{self, Line},
        visible, words,
    },
};

/// How many findings of one rule are written with their lines.
const WHOLE: usize = 5;
/// How many lines of one piece of evidence are written.
const EVIDENCE_LINES: usize = 20;
/// Longest line of evidence, in characters.
const LONGEST_LINE: usize = 200;
/// How many other places of one finding are named.
const STEPS: usize = 10;

/// The first findings of a rule in whole, the others in one line each.
pub(super) fn group(group: &Group<'_>, page: &mut Page) {
    let title = group.head.map_or("", |head| &head.title);
    let title = format!("#### {} {}\n\n", text(title), code(group.rule.as_str()));
    let mut why = String::new();
    if let Some(head) = group.head {
        let (reason, remedy) = (prose(&head.reason), prose(&head.remedy));
        let _ = writeln!(why, "**Why:** {reason}<br>**What to do:** {remedy}\n");
    }
    page.may(&(title + &why));
    if let Some(lockfiles) = group.by_lockfile() {
        return lockfiles.iter().for_each(|findings| packages(findings, page));
    }
    for judged in group.findings.iter().take(WHOLE) {
        page.finding(&whole(judged));
    }
    for judged in group.findings.iter().skip(WHOLE) {
        let finding = &judged.finding;
        let place = code(&words::place(&finding.place));
        page.finding(&format!("* {} {place}\n", text(finding.message.as_str())));
    }
    page.may("\n");
}

/// What warns of the packages of one lockfile: a heading, and one line each.
fn packages(findings: &[&JudgedFinding], page: &mut Page) {
    let path = findings[0].finding.place.file().map_or("", |at| at.path.as_str());
    let all = words::things(findings.len(), "finding", "findings");
    page.may(&format!("**{all} in {}**\n\n", code(path)));
    for finding in findings.iter().map(|judged| &judged.finding) {
        let line = finding.place.file().map_or(0, |at| at.span.start_line);
        page.finding(&format!("* {} (line {line})\n", text(finding.message.as_str())));
    }
    page.may("\n");
}

fn whole(judged: &JudgedFinding) -> String {
    let finding = &judged.finding;
    let place = code(&words::place(&finding.place));
    let mut piece = format!("* **{}** {place}\n", text(finding.message.as_str()));
    for note in notes(judged) {
        let _ = writeln!(piece, "  * {note}");
    }
    piece.push('\n');
    let lines = finding.place.file().map(|at| excerpt::lines(&at.excerpt)).unwrap_or_default();
    if !lines.is_empty() {
        piece.push_str(&fenced(&drawn(&lines)));
        piece.push('\n');
    }
    for evidence in &finding.evidence {
        piece.push_str(&proof(evidence));
    }
    piece
}

fn notes(judged: &JudgedFinding) -> Vec<String> {
    let finding = &judged.finding;
    let mut notes = Vec::new();
    notes.extend(place_note(finding));
    notes.extend(judged.because.as_ref().map(|because| text(because.as_str())));
    // The way of a package is told in short among the evidence.
    let flow = arrange::way(finding).map_or(finding.flow.as_slice(), |_| &[]);
    let steps = flow.iter().map(|step| ("by way of", step));
    let steps = steps.chain(finding.related.iter().map(|step| ("see", step)));
    for (word, step) in steps.take(STEPS) {
        let place = code(&words::place(&step.place));
        notes.push(format!("{word} {place}: {}", text(step.note.as_str())));
    }
    if let Some(fix) = finding.fix.as_ref().filter(|fix| fix.edits.is_empty()) {
        let command = fix.command.iter().map(|command| format!(": {}", code(command)));
        notes.push(format!("repair: {}{}", text(fix.title.as_str()), command.collect::<String>()));
    }
    notes
}

fn place_note(finding: &Finding) -> Option<String> {
    let shown_at = finding.place.file().map(words::file);
    match &finding.place {
        Place::Request { request, .. } => {
            let answer = words::answer(request);
            let at = shown_at.map(|at| format!("; shown at {}", code(&at))).unwrap_or_default();
            Some(format!("{} {}{at}", code(&words::request(request)), text(&answer)))
        }
        Place::Database { .. } => shown_at.map(|at| format!("shown at {}", code(&at))),
        Place::Package { package, .. } => Some(code(&words::package(package))),
        Place::File(_) | Place::Repository { .. } => None,
    }
}

/// Numbered lines, the marked part of each underlined.
fn drawn(lines: &[Line]) -> Vec<String> {
    let width = lines.iter().map(|line| line.number.to_string().len()).max().unwrap_or(1);
    let mut drawn = Vec::new();
    for line in lines {
        drawn.push(format!("{:>width$} | {}", line.number, line.text));
        let (before, marked, _) = line.parts();
        if line.marked.is_some() {
            let blank = " ".repeat(before.chars().count());
            let carets = "^".repeat(marked.chars().count().max(1));
            drawn.push(format!("{:>width$} | {blank}{carets}", ""));
        }
    }
    drawn
}

fn proof(evidence: &Evidence) -> String {
    let label = text(&evidence.label);
    let all: Vec<_> = visible::lines(evidence.text.as_str()).collect();
    if let [line] = all.as_slice() {
        return format!("{label}: {}\n\n", code(line));
    }
    let mut lines: Vec<String> =
        all.iter().take(EVIDENCE_LINES).map(|line| cut(line, LONGEST_LINE)).collect();
    if all.len() > EVIDENCE_LINES {
        lines.push(format!("({} more lines)", all.len() - EVIDENCE_LINES));
    }
    format!("{label}:\n\n{}\n", fenced(&lines))
}
