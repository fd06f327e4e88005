//! Reports of any content, with texts of strangers in all places.

use proptest::{collection::vec, option, prelude::*};
use seaworthy::report::{Report, Status, Verdict};
use serde_json::{Value, json};

/// Pieces that some format would take for more than text.
const PIECES: [&str; 22] = [
    "</script><script>",
    "<img src=x>",
    "|",
    "@all",
    "\n::error::forged",
    "::error::",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "😀",
    "\t",
    "\r\n",
    "`",
    "```",
    "##[error]",
    "[a](https://evil.example)",
    "\u{9b}",
    " word ",
    "\\",
    "#1",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z ]{1,12}",
        3 => proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

/// Offsets may be anything: a report can be made by hand.
fn file() -> impl Strategy<Value = Value> {
    let offset = || (0_usize..4, 0_usize..40);
    (text(), vec(text(), 0..4), offset(), offset(), 0_u32..2000).prop_map(
        |(path, lines, start, end, line)| {
            json!({
                "path": path, "start_line": line, "start_column": 1, "end_line": line, "end_column": 9,
                "excerpt": { "first_line": line, "lines": lines, "start": start, "end": end },
                "line_hash": "1f:1",
            })
        },
    )
}

fn place() -> impl Strategy<Value = Value> {
    let request = (file(), text(), text(), option::of(text()), 0_u16..600);
    let request = request.prop_map(|(mut at, route, url, parameter, status)| {
        let mut request = json!({ "method": "GET", "route": route, "url": url, "status": status });
        if let Some(parameter) = parameter {
            request["parameter"] = json!(parameter);
        }
        at["request"] = request;
        at
    });
    prop_oneof![
        4 => file(),
        1 => request,
        1 => text().prop_map(|route| {
            json!({ "request": { "method": "PUT", "route": route, "url": route, "status": 0 } })
        }),
        1 => text().prop_map(|object| json!({ "database": object })),
        1 => Just(json!({ "repository": true })),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Value>> {
    let step = (place(), text()).prop_map(|(place, note)| json!({ "place": place, "note": note }));
    vec(step, 0..3)
}

fn finding() -> impl Strategy<Value = Value> {
    let rule = proptest::sample::select(&["code/known", "secret/other", "live/not-described"][..]);
    let severity = proptest::sample::select(&["critical", "high", "medium", "low", "note"][..]);
    let verdict = proptest::sample::select(Verdict::ALL.map(Verdict::name).to_vec());
    let words = (text(), option::of(text()), vec((text(), text()), 0..3), option::of(text()));
    let severity =
        (severity, option::of(proptest::sample::select(&["live", "dead", "unknown"][..])));
    (rule, severity, verdict, place(), words, steps(), steps(), 0_u64..99).prop_map(
        |(
            rule,
            (severity, life),
            verdict,
            place,
            (message, because, evidence, title),
            related,
            flow,
            id,
        )| {
            let evidence =
                evidence.into_iter().map(|(label, text)| json!({ "label": label, "text": text }));
            let fix = title.map(|title| json!({ "title": title, "edits": [], "command": title }));
            let mut finding = json!({
                "rule": rule, "severity": severity, "confidence": "high", "tier": "default",
                "message": message, "place": place, "related": related, "flow": flow,
                "evidence": evidence.collect::<Vec<_>>(), "fix": fix,
                "fingerprint": format!("{id:032x}"), "control": "SECURITY-001", "verdict": verdict,
            });
            if let Some(because) = because {
                finding["because"] = json!(because);
            }
            if let Some(life) = life {
                finding["verification"] = json!(life);
            }
            finding
        },
    )
}

fn control() -> impl Strategy<Value = Value> {
    let status = proptest::sample::select(
        &["pass", "fail", "attested", "not-assessed", "not-applicable"][..],
    );
    (status, text(), text()).prop_map(|(status, title, because)| {
        json!({
            "control": "SECURITY-001", "area": "api", "title": title, "status": status,
            "by": ["static"], "open": 0, "because": because,
        })
    })
}

fn check() -> impl Strategy<Value = Value> {
    let ran = prop_oneof![
        Just(json!({ "state": "complete" })),
        text().prop_map(|reason| json!({ "state": "skipped", "reason": reason })),
        text().prop_map(|reason| json!({ "state": "partial", "reason": reason })),
    ];
    (text(), ran, 0_u64..500).prop_map(|(check, ran, looked_at)| {
        json!({ "check": check, "ran": ran, "looked_at": looked_at, "findings": 0 })
    })
}

fn measurement() -> impl Strategy<Value = Value> {
    let series = vec((0_i32..100, -50_i32..500), 0..5);
    (text(), option::of(0_i32..900), series).prop_map(|(subject, value, series)| {
        let quarter = |number: i32| f64::from(number) / 4.0;
        let value = value.map(quarter);
        let series: Vec<_> =
            series.into_iter().map(|(x, y)| (f64::from(x) / 128.0, quarter(y))).collect();
        json!({
            "metric": "latency.p99", "subject": subject, "value": value,
            "interval": value.map(|value| (value - 1.0, value + 1.0)),
            "unit": "ms", "samples": 200, "series": series,
        })
    })
}

fn head() -> impl Strategy<Value = Value> {
    (text(), text(), text(), vec(text(), 0..3)).prop_map(|(title, reason, remedy, references)| {
        json!({
            "id": "code/known", "title": title, "severity": "high", "confidence": "low",
            "tier": "default", "controls": ["SECURITY-001"], "cwe": [89], "aliases": [title],
            "references": references, "effort": "hours", "reason": reason, "remedy": remedy,
        })
    })
}

/// A whole report, its counts in order.
pub(super) fn report() -> impl Strategy<Value = Report> {
    let lists = (vec(finding(), 0..30), vec(control(), 0..12), vec(check(), 0..5));
    let more = (vec(text(), 0..4), vec((text(), text()), 0..4), vec(text(), 0..4));
    (lists, more, vec(measurement(), 0..4), head(), text(), any::<bool>()).prop_map(
        |(
            (findings, controls, checks),
            (incomplete, gaps, notices),
            measurements,
            head,
            name,
            strict,
        )| {
            let gaps = gaps.into_iter().map(|(subject, reason)| {
                json!({ "subject": subject, "reason": reason, "incomplete": false })
            });
            let report = json!({
                "schema_version": 1, "tool_version": "0.1.0", "passed": false,
                "subject": { "name": name, "commit": name, "base": null, "target": name, "files": 7,
                    "front": "README.md" },
                "gate": { "fail_on": "critical", "strict": strict },
                "summary": { "shown": [0, 0, 0, 0, 0], "verdicts": [0, 0, 0, 0, 0],
                    "controls": [0, 0, 0, 0, 0] },
                "findings": findings, "incomplete": incomplete, "gaps": gaps.collect::<Vec<_>>(),
                "checks": checks, "controls": controls, "measurements": measurements, "budgets": [],
                "notices": notices, "rules": [head],
            });
            summed_up(serde_json::from_value(report).expect("the shape of a report"))
        },
    )
}

fn summed_up(mut report: Report) -> Report {
    let counts = super::counts::Counts::of(&report);
    report.summary.shown = counts.shown;
    report.summary.verdicts = counts.verdicts;
    report.summary.controls = counts.controls;
    assert_eq!(Status::ALL.len(), counts.controls.len());
    report.passed = report.exit_code() == 0;
    report
}
