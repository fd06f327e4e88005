//! The control table by area, and what the checks looked at.

use maud::{Markup, html};

use super::prose;
use crate::{
    report::{ControlRow, Report, Status},
    reporters::{visible, words},
};

/// The class that colours a status.
pub(super) const fn class(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Fail => "fail",
        Status::Attested => "attested",
        Status::NotAssessed => "not-assessed",
        Status::NotApplicable => "not-applicable",
    }
}

/// A card for each area, with the answer to each of its controls.
pub(super) fn controls(report: &Report) -> Markup {
    let areas = report.controls.chunk_by(|one, next| one.area == next.area);
    html! {
        h2 #controls { "Controls" }
        @for area in areas {
            section.card {
                h3 { (visible::line(&area[0].area).replace('-', " ")) }
                table { @for row in area { (control(row)) } }
            }
        }
    }
}

fn control(row: &ControlRow) -> Markup {
    html! {
        tr data-status=(row.status.name()) {
            td {
                (visible::line(&row.title)) " "
                span.soft.small { (visible::line(row.control.as_str())) }
                @if !row.because.is_empty() { p.soft.small { (prose(&row.because)) } }
                @if row.open > 0 {
                    p.soft.small { (words::things(row.open, "finding is", "findings are")) " open" }
                }
            }
            td.status { span class={ "tag " (class(row.status)) } { (row.status.name()) } }
        }
    }
}

/// A line for each check: whether it ran, how much it looked at, how much it found.
pub(super) fn checks(report: &Report) -> Markup {
    html! {
        h2 #checks { "What was looked at" }
        section.card {
            table {
                thead { tr { th { "check" } th { "looked at" } th { "findings" } } }
                tbody {
                    @for row in &report.checks {
                        tr {
                            td {
                                code { (visible::line(&row.check)) }
                                @let ran = words::ran(row);
                                @if !ran.is_empty() { p.soft.small { (ran) } }
                            }
                            td.count { (row.looked_at) }
                            td.count { (row.findings) }
                        }
                    }
                }
            }
        }
    }
}
