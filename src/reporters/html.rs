//! One page that holds all: no script, no request, readable on a phone. A strict content security policy
//! says so to the browser as well.

mod chart;
mod finding;
mod status;

use std::io;

use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::{
    Reporter, arrange, visible,
    words::{self, Standing},
};
use crate::{
    report::{Report, Status, Verdict},
    rule::Severity,
};

const STYLE: &str = include_str!("html/style.css");
/// A lighthouse's light, as the page's icon, so that no browser asks for one.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'\
                    %3E%3Cpath d='M6 15 7 6h2l1 9z' fill='%230d6b7a'/%3E%3Ccircle cx='8' cy='4' r='2.5' \
                    fill='%23e6b94d'/%3E%3C/svg%3E";
/// How many notices and gaps are named.
const MOST_LINES: usize = 200;

/// Writes one self-contained page.
#[derive(Debug, Clone, Copy, Default)]
pub struct Html;

impl Reporter for Html {
    fn write(&self, report: &Report, to: &mut dyn io::Write) -> io::Result<()> {
        to.write_all(page(report).into_string().as_bytes())?;
        to.write_all(b"\n")
    }
}

fn page(report: &Report) -> Markup {
    let digest = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; \
         form-action 'none'"
    );
    let name = visible::line(&report.subject.name);
    let standing = Standing::of(report).name();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (standing) ": " (name) }
                link rel="icon" href=(ICON);
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body(report)) } }
        }
    }
}

fn body(report: &Report) -> Markup {
    html! {
        (head(report))
        (incomplete(report))
        (counts(report))
        (finding::section(report))
        (chart::section(report))
        (status::controls(report))
        (status::checks(report))
        (left_out(report))
        footer {
            "Written by seaworthy " (visible::line(&report.tool_version)) ". "
            "This page asks the network for nothing."
        }
    }
}

fn head(report: &Report) -> Markup {
    let standing = Standing::of(report);
    let class = match standing {
        Standing::MayShip => "may-ship",
        Standing::Blocked => "blocked",
        Standing::Incomplete => "incomplete",
    };
    html! {
        header class={ "card verdict " (class) } {
            p.soft.small { (words::subject(&report.subject)) }
            h1 { (standing.name()) }
            p { strong { (words::verdict(report)) } }
            p.soft.small {
                (words::things(report.subject.files, "file", "files")) ", "
                (words::things(report.checks.len(), "check", "checks")) ", "
                (words::things(report.controls.len(), "control", "controls"))
            }
            nav {
                a href="#findings" { "Findings" }
                @if !report.measurements.is_empty() { a href="#measurements" { "Measurements" } }
                a href="#controls" { "Controls" }
                a href="#checks" { "Checks" }
                a href="#left-out" { "Left out" }
            }
        }
    }
}

fn incomplete(report: &Report) -> Markup {
    html! {
        @if !report.incomplete.is_empty() {
            section.card.alarm {
                h3 { "Incomplete: asked for and not finished" }
                ul { @for reason in arrange::incomplete(report) { li { (prose(&reason)) } } }
            }
        }
    }
}

fn counts(report: &Report) -> Markup {
    let summary = &report.summary;
    let severities = Severity::WORST_FIRST.map(|severity| (severity.name(), severity.name()));
    let verdicts = Verdict::ALL.map(|verdict| (verdict.name(), ""));
    let statuses = Status::ALL.map(|status| (status.name(), status::class(status)));
    html! {
        section.counts {
            (row_of_counts("findings", severities, summary.shown))
            (row_of_counts("verdicts", verdicts, summary.verdicts))
            (row_of_counts("controls", statuses, summary.controls))
        }
    }
}

fn row_of_counts(title: &str, names: [(&str, &str); 5], counts: [u64; 5]) -> Markup {
    html! {
        div.card {
            dl data-counts=(title) {
                @for ((name, class), count) in names.into_iter().zip(counts) {
                    div class=[(count == 0).then_some("zero")] {
                        dt { (name) }
                        dd class=[(!class.is_empty()).then_some(class)] { (count) }
                    }
                }
            }
        }
    }
}

fn left_out(report: &Report) -> Markup {
    let gaps = arrange::gaps(report);
    html! {
        h2 #left-out { "Left out, and notices" }
        section.card {
            @if gaps.is_empty() && report.notices.is_empty() { p.soft { "Nothing." } }
            ul.plain {
                @for group in gaps.iter().take(MOST_LINES) {
                    li {
                        (prose(group.reason))
                        ul.plain {
                            @for gap in group.members.iter().take(MOST_LINES) {
                                li { code { (visible::line(&gap.subject)) } }
                            }
                            (more(group.members.len()))
                        }
                    }
                }
                (more(gaps.len()))
                @for notice in report.notices.iter().take(MOST_LINES) { li { (prose(notice)) } }
                (more(report.notices.len()))
            }
        }
    }
}

fn more(all: usize) -> Markup {
    html! { @if all > MOST_LINES { li.soft { "and " (all - MOST_LINES) " more" } } }
}

/// Text in which pairs of backticks mark code, as in rules.
fn prose(text: &str) -> Markup {
    html! {
        @for (part, is_code) in words::prose(text) {
            @if is_code { code { (visible::line(part)) } } @else { (visible::line(part)) }
        }
    }
}
