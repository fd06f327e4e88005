//! Reads the counts back out of each format.

use seaworthy::{
    report::{Report, Status, Verdict},
    reporters::Format,
    rule::Severity,
};

/// Shown findings by severity, findings by verdict, controls by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) shown: [u64; 5],
    pub(super) verdicts: [u64; 5],
    pub(super) controls: [u64; 5],
}

impl Counts {
    /// Counted anew from the findings and controls themselves.
    pub(super) fn of(report: &Report) -> Self {
        let mut counts = Self::default();
        for judged in &report.findings {
            let severity = Severity::WORST_FIRST.map(|one| one == judged.finding.severity);
            let is_shown = judged.verdict.is_shown();
            add(&mut counts.shown, severity.map(|is_it| is_it && is_shown));
            add(&mut counts.verdicts, Verdict::ALL.map(|one| one == judged.verdict));
        }
        for row in &report.controls {
            add(&mut counts.controls, Status::ALL.map(|one| one == row.status));
        }
        counts
    }

    /// What SARIF lists.
    pub(super) fn without_excluded(mut self) -> Self {
        self.verdicts[4] = 0;
        self.controls = [0; 5];
        self
    }
}

fn add(counts: &mut [u64; 5], which: [bool; 5]) {
    for (count, is_it) in counts.iter_mut().zip(which) {
        *count += u64::from(is_it);
    }
}

pub(super) fn parse(format: Format, text: &str) -> Counts {
    match format {
        Format::Terminal => terminal(text),
        Format::Sarif => sarif(text),
        Format::Json => json(text),
        Format::Markdown => markdown(text),
        Format::Html => html(text),
        Format::Junit => junit(text),
        Format::Github => github(text),
        Format::Gitlab => Counts { shown: gitlab(text), ..Counts::default() },
    }
}

fn names() -> [[&'static str; 5]; 3] {
    [
        Severity::WORST_FIRST.map(Severity::name),
        Verdict::ALL.map(Verdict::name),
        Status::ALL.map(Status::name),
    ]
}

fn three(rows: [[u64; 5]; 3]) -> Counts {
    let [shown, verdicts, controls] = rows;
    Counts { shown, verdicts, controls }
}

/// `Findings      3 critical   1 high …`
fn terminal(text: &str) -> Counts {
    let headings = ["Findings  ", "Verdicts  ", "Controls  "];
    let mut rows = [[0; 5]; 3];
    for ((row, heading), names) in rows.iter_mut().zip(headings).zip(names()) {
        let line = text.lines().rev().find_map(|line| line.strip_prefix(heading)).unwrap();
        let parts: Vec<&str> = line.trim().split("   ").collect();
        for ((count, part), name) in row.iter_mut().zip(parts).zip(names) {
            *count = part.strip_suffix(name).unwrap().trim().parse().unwrap();
        }
    }
    three(rows)
}

fn numbers(value: &serde_json::Value) -> [u64; 5] {
    serde_json::from_value(value.clone()).unwrap()
}

fn json(text: &str) -> Counts {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let summary = &value["summary"];
    three([&summary["shown"], &summary["verdicts"], &summary["controls"]].map(numbers))
}

fn sarif(text: &str) -> Counts {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let counts = &value["runs"][0]["properties"];
    three([&counts["shown"], &counts["verdicts"], &counts["controls"]].map(numbers))
}

/// Counted from the results themselves.
pub(super) fn of_results(text: &str) -> Counts {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let mut counts = Counts::default();
    for result in value["runs"][0]["results"].as_array().unwrap() {
        let (severity, verdict) =
            (&result["properties"]["severity"], &result["properties"]["verdict"]);
        let [severities, verdicts, _] = names();
        let is_shown = verdict == "blocking" || verdict == "reported";
        add(&mut counts.shown, severities.map(|name| is_shown && severity == name));
        add(&mut counts.verdicts, verdicts.map(|name| verdict == name));
    }
    counts
}

/// The row below `| findings | critical | …` and its rule.
fn markdown(text: &str) -> Counts {
    let titles = ["| findings |", "| verdicts |", "| controls |"];
    three(titles.map(|title| {
        let mut lines = text.lines().skip_while(|line| !line.starts_with(title)).skip(2);
        let cells = lines.next().unwrap().trim_matches(['|', ' ']).split('|');
        let cells: Vec<u64> = cells.map(|cell| cell.trim().parse().unwrap()).collect();
        cells.try_into().unwrap()
    }))
}

/// `<dl data-counts="findings"> … <dt>critical</dt><dd class="critical">3</dd>`
fn html(text: &str) -> Counts {
    let titles = ["findings", "verdicts", "controls"];
    three(titles.map(|title| {
        let list = text.split(&format!("data-counts=\"{title}\"")).nth(1).unwrap();
        let list = list.split("</dl>").next().unwrap();
        let cells = list.split("<dd").skip(1).map(|cell| {
            let number = cell.split('>').nth(1).unwrap().split('<').next().unwrap();
            number.parse().unwrap()
        });
        cells.collect::<Vec<u64>>().try_into().unwrap()
    }))
}

/// `<property name="shown: critical" value="3"/>`; the tests are as many as the suites say.
fn junit(text: &str) -> Counts {
    let suites = text.split("<testsuite ").skip(1);
    for suite in suites {
        let tests = suite.split("tests=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(suite.matches("<testcase ").count().to_string(), tests);
    }
    let [shown, verdicts, controls] = names();
    three([("shown", shown), ("verdicts", verdicts), ("controls", controls)].map(
        |(group, names)| {
            names.map(|name| {
                let begin = format!("<property name=\"{group}: {name}\" value=\"");
                text.split(&begin).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
            })
        },
    ))
}

/// `…%0AFindings: 3 critical, …%0AVerdicts: …` in the last line.
fn github(text: &str) -> Counts {
    let last = text.lines().next_back().unwrap();
    three(["Findings: ", "Verdicts: ", "Controls: "].map(|heading| {
        let row = last.split(heading).nth(1).unwrap().split("%0A").next().unwrap();
        let cells = row.split(", ").map(|cell| cell.split(' ').next().unwrap().parse().unwrap());
        cells.collect::<Vec<u64>>().try_into().unwrap()
    }))
}

/// GitLab's list holds what is shown, and nothing else.
fn gitlab(text: &str) -> [u64; 5] {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let words = ["blocker", "critical", "major", "minor", "info"];
    words.map(|word| {
        let entries = value.as_array().unwrap().iter();
        entries.filter(|entry| entry["severity"] == word).count() as u64
    })
}

/// How many findings the page shows in whole or names.
pub(super) fn listed_on_page(text: &str) -> u64 {
    let whole = text.matches("<article class=\"finding\"").count();
    let named = text.split("<details class=\"more\">").skip(1);
    let named = named.map(|part| part.split("</details>").next().unwrap().matches("<li>").count());
    (whole + named.sum::<usize>()) as u64
}

/// The lines of Markdown that are not code.
pub(super) fn outside_fences(text: &str) -> String {
    let mut fence: Option<String> = None;
    let mut prose = String::new();
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|character| *character == '`').collect();
        match &fence {
            Some(open) if line == open.as_str() => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => prose.extend([line, "\n"]),
        }
    }
    assert_eq!(fence, None, "a fence is left open");
    prose
}
