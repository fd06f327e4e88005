//! Findings in groups that unfold: lines with the finding's stretch marked, the proof, and what to do.

use maud::{Markup, html};

use super::prose;
use crate::{
    finding::{Evidence, Finding, Fix, Place, Step},
    report::{JudgedFinding, Report, RuleHead},
    reporters::{
        arrange::{self, Group},
        excerpt::{self, Line},
        visible, words,
    },
    rule::Severity,
};

/// How many findings of one rule are shown in whole; the others are named.
const WHOLE: usize = 20;
/// How many known and excused findings are named.
const MOST_EXCUSED: usize = 500;
/// How many lines of one piece of evidence are shown.
const EVIDENCE_LINES: usize = 200;
/// Longest line that is shown, in characters.
const LONGEST_LINE: usize = 1_000;

/// The groups of findings that are shown, then those that are known or excused.
pub(super) fn section(report: &Report) -> Markup {
    let groups = arrange::groups(report);
    html! {
        h2 #findings { "Findings" }
        @if groups.is_empty() { section.card { p.soft { "None." } } }
        @for group in &groups { (self::group(group)) }
        (excused(report))
    }
}

/// What the base has already, what a waiver excuses, and what is left out.
fn excused(report: &Report) -> Markup {
    let all: Vec<_> = report.findings.iter().filter(|judged| !judged.verdict.is_shown()).collect();
    html! {
        @if !all.is_empty() {
            details.card.group {
                summary {
                    strong { (words::things(all.len(), "finding", "findings")) " known or excused" }
                }
                div.inside {
                    table { @for judged in all.iter().take(MOST_EXCUSED) { (excused_row(judged)) } }
                    @if all.len() > MOST_EXCUSED {
                        p.soft { "and " (all.len() - MOST_EXCUSED) " more" }
                    }
                }
            }
        }
    }
}

fn excused_row(judged: &JudgedFinding) -> Markup {
    html! {
        tr {
            td {
                (visible::line(judged.finding.message.as_str()))
                p.small { code { (words::place(&judged.finding.place)) } }
                @if let Some(because) = &judged.because {
                    p.soft.small { (prose(because.as_str())) }
                }
            }
            td.status { span.tag { (judged.verdict.name()) } }
        }
    }
}

fn group(group: &Group<'_>) -> Markup {
    let first = &group.findings[0].finding;
    let count = group.findings.len();
    let title = match group.head {
        Some(head) if count > 1 => visible::line(&head.title),
        _ => visible::line(first.message.as_str()),
    };
    html! {
        details.card.group open[group.severity >= Severity::High] {
            summary {
                span class={ "tag " (group.severity.name()) } { (group.severity.name()) }
                strong { (title) }
                @if count > 1 { span.soft.small { (count) " places" } }
                code.small { (visible::line(group.rule.as_str())) }
            }
            div.inside {
                @if let Some(head) = group.head { (advice(head)) }
                @if let Some(lockfiles) = group.by_lockfile() {
                    @for findings in &lockfiles { (packages(findings)) }
                } @else {
                    @for judged in group.findings.iter().take(WHOLE) { (whole(judged, count > 1)) }
                    @if count > WHOLE { (others(&group.findings[WHOLE..])) }
                }
            }
        }
    }
}

fn advice(head: &RuleHead) -> Markup {
    let is_web = |uri: &&String| uri.starts_with("https://");
    html! {
        dl.advice {
            dt { "Why" }
            dd { (prose(&head.reason)) }
            dt { "What to do" }
            dd { (prose(&head.remedy)) }
            @if let Some(uri) = head.references.iter().find(is_web) {
                dt { "Read on" }
                dd { a href=(uri) rel="noopener noreferrer" { (visible::line(uri)) } }
            }
        }
    }
}

/// What warns of the packages of one lockfile, one line each.
fn packages(findings: &[&JudgedFinding]) -> Markup {
    let path = findings[0].finding.place.file().map_or("", |at| at.path.as_str());
    html! {
        details.more {
            summary {
                (words::things(findings.len(), "finding", "findings")) " in "
                code { (visible::line(path)) }
            }
            ul.plain { @for judged in findings { li { (package(&judged.finding)) } } }
        }
    }
}

fn package(finding: &Finding) -> Markup {
    let line = finding.place.file().map_or(0, |at| at.span.start_line);
    let way = finding.evidence.iter().find(|evidence| evidence.label == arrange::REQUIRED_BY);
    html! {
        (visible::line(finding.message.as_str())) " " span.soft.small { "line " (line) }
        @if let Some(way) = way {
            p.small.soft { (arrange::REQUIRED_BY) " " code { (cut(&visible::line(way.text.as_str()))) } }
        }
    }
}

fn others(findings: &[&JudgedFinding]) -> Markup {
    html! {
        details.more {
            summary { (words::things(findings.len(), "more place", "more places")) }
            ul.plain {
                @for judged in findings { li { code { (words::place(&judged.finding.place)) } } }
            }
        }
    }
}

/// A finding that stands alone has its message in the group's title.
fn whole(judged: &JudgedFinding, has_siblings: bool) -> Markup {
    let finding = &judged.finding;
    let lines = finding.place.file().map(|at| excerpt::lines(&at.excerpt)).unwrap_or_default();
    html! {
        article.finding data-verdict=(judged.verdict.name()) {
            @if has_siblings { h3 { (visible::line(finding.message.as_str())) } }
            p.small { (place(finding)) }
            @if !lines.is_empty() { (source(&lines)) }
            @if let Some(because) = &judged.because { p { (prose(because.as_str())) } }
            (steps("By way of", &finding.flow))
            (steps("See also", arrange::related(finding)))
            @for evidence in arrange::evidence(finding) { (proof(evidence)) }
            @if let Some(fix) = &finding.fix { (repair(fix)) }
            p.soft.small {
                (judged.verdict.name()) ", confidence " (finding.confidence.name())
                ", control " (visible::line(judged.control.as_str()))
            }
        }
    }
}

fn place(finding: &Finding) -> Markup {
    let at = finding.place.file().map(words::file);
    html! {
        @match &finding.place {
            Place::Request { request, .. } => {
                code { (words::request(request)) } " " (words::answer(request)) " "
            }
            Place::Package { package, .. } => { code { (words::package(package)) } " in " }
            Place::Database { object, .. } => { code { (visible::line(object)) } " " }
            Place::File(_) | Place::Repository { .. } => {}
        }
        @if let Some(at) = at { code { (at) } }
    }
}

fn source(lines: &[Line]) -> Markup {
    html! {
        pre {
            @for line in lines {
                @let (before, marked, after) = line.parts();
                span.line {
                    span.number { (line.number) }
                    (before)
                    @if !marked.is_empty() { mark { (marked) } }
                    (after) "\n"
                }
            }
        }
    }
}

fn steps(title: &str, steps: &[Step]) -> Markup {
    html! {
        @if !steps.is_empty() {
            p.small.soft { (title) }
            ol.plain.small {
                @for step in steps {
                    li { code { (words::place(&step.place)) } " " (prose(step.note.as_str())) }
                }
            }
        }
    }
}

fn proof(evidence: &Evidence) -> Markup {
    let all: Vec<_> = visible::lines(evidence.text.as_str()).collect();
    let label = visible::line(&evidence.label);
    html! {
        @if let [line] = all.as_slice() {
            p.small { span.soft { (label) ": " } code { (cut(line)) } }
        } @else {
            p.small.soft { (label) }
            pre {
                @for line in all.iter().take(EVIDENCE_LINES) { span.line { (cut(line)) "\n" } }
                @if all.len() > EVIDENCE_LINES {
                    span.line.soft { "(" (all.len() - EVIDENCE_LINES) " more lines)\n" }
                }
            }
        }
    }
}

fn cut(line: &str) -> &str {
    line.char_indices().nth(LONGEST_LINE).map_or(line, |(end, _)| &line[..end])
}

fn repair(fix: &Fix) -> Markup {
    html! {
        p.small { span.soft { "Repair: " } (prose(fix.title.as_str())) }
        @if let Some(command) = &fix.command { p.small { code { (visible::line(command)) } } }
        @for edit in &fix.edits {
            p.small.soft {
                (visible::line(edit.path.as_str())) ":" (edit.span.start_line) " becomes"
            }
            pre { @for line in visible::lines(edit.text.as_str()) { span.line { (line) "\n" } } }
        }
    }
}
