//! Every format tells the same report: snapshots for how it looks, properties for what it says.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod arbitrary;
mod counts;

use std::process::Command;

use proptest::prelude::*;
use seaworthy::{
    finding::{Place, line_hash::LineHashes},
    report::{JudgedFinding, Report, Verdict},
    reporters::{Format, Markdown, Reporter, Sarif, Style, json, reporter},
    rule::Severity,
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const FIXTURES: [&str; 3] = ["rich", "clean", "incomplete"];

fn fixture(name: &str) -> Report {
    let path = format!("{ROOT}/fixtures/reports/{name}.json");
    json::read(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn write_with(reporter: &dyn Reporter, report: &Report) -> String {
    let mut out = Vec::new();
    reporter.write(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn write(report: &Report, format: Format) -> String {
    write_with(&*reporter(format, Style::default()), report)
}

/// Characters that hide, move or command, and so must stand in no output.
fn hostile(text: &str) -> Option<char> {
    text.chars().find(|character| {
        let is_hidden = matches!(
            character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{ad}' | '\u{61c}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        );
        is_hidden || (character.is_control() && *character != '\n')
    })
}

/// A line that a build log would take for a command.
fn command(text: &str) -> Option<&str> {
    text.lines().find(|line| line.trim_start().starts_with("::") || line.contains("##["))
}

/// The formats that command nothing.
fn telling() -> impl Iterator<Item = Format> {
    Format::ALL.into_iter().filter(|format| *format != Format::Github)
}

#[test]
fn the_formats_look_as_they_should() {
    for name in FIXTURES {
        for format in Format::ALL.into_iter().filter(|format| *format != Format::Json) {
            // The page is one long line.
            let text = write(&fixture(name), format).replace("><", ">\n<");
            insta::assert_snapshot!(format!("{name}-{format}"), text);
        }
    }
    let colour = Style { colour: true, width: 80 };
    let coloured = write_with(&*reporter(Format::Terminal, colour), &fixture("rich"));
    insta::assert_snapshot!("rich-terminal-colour", coloured.replace('\u{1b}', "␛"));
}

#[test]
fn a_clean_run_fits_ten_lines() {
    assert!(write(&fixture("clean"), Format::Terminal).lines().count() <= 10);
}

#[test]
fn the_json_reports_among_the_fixtures_are_as_the_program_writes_them() {
    for name in FIXTURES {
        let path = format!("{ROOT}/fixtures/reports/{name}.json");
        assert_eq!(write(&fixture(name), Format::Json), std::fs::read_to_string(path).unwrap());
    }
}

#[test]
fn a_report_of_another_schema_version_is_refused_in_words() {
    let error = json::read(r#"{"schema_version": 99}"#).unwrap_err().to_string();
    assert!(error.contains("schema version 99, this program reads 1"), "{error}");
    assert!(json::read("{}").is_err());
}

#[test]
fn every_format_has_a_name_that_reads_back() {
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    let error = "xml".parse::<Format>().unwrap_err();
    assert!(
        error.contains("terminal, sarif, json, markdown, html, junit, gitlab, github"),
        "{error}"
    );
}

#[test]
fn a_package_stands_beside_its_place() {
    let report = fixture("rich");
    let value: serde_json::Value = serde_json::from_str(&write(&report, Format::Json)).unwrap();
    let findings = value["findings"].as_array().unwrap();
    let finding = findings.iter().find(|one| one["rule"] == "dependency/vulnerable").unwrap();
    assert_eq!(finding["package"]["name"], "tidewater-codec");
    assert_eq!(finding["place"]["package"], serde_json::Value::Null);
    assert_eq!(finding["place"]["start_line"], 119);
    let is_package =
        |judged: &&JudgedFinding| matches!(judged.finding.place, Place::Package { .. });
    assert_eq!(report.findings.iter().filter(is_package).count(), 1);
}

#[test]
fn a_package_beside_a_request_is_refused() {
    let text = std::fs::read_to_string(format!("{ROOT}/fixtures/reports/rich.json")).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let package = serde_json::json!({ "ecosystem": "npm", "name": "a", "version": "1" });
    let findings = value["findings"].as_array_mut().unwrap();
    let live = findings.iter_mut().find(|one| one["place"].get("request").is_some()).unwrap();
    live["package"] = package;
    assert!(json::read(&value.to_string()).is_err());
}

#[test]
fn waived_findings_are_in_sarif_only_if_asked_for_and_then_suppressed() {
    let report = fixture("rich");
    let waived = report.summary.verdicts[3];
    assert!(waived > 0);
    let plain = write(&report, Format::Sarif);
    assert!(!plain.contains("suppressions"));
    let whole: serde_json::Value =
        serde_json::from_str(&write_with(&Sarif { suppressed: true }, &report)).unwrap();
    let results = whole["runs"][0]["results"].as_array().unwrap();
    let suppressed = results.iter().filter(|one| one.get("suppressions").is_some());
    assert_eq!(suppressed.count() as u64, waived);
    assert!(results.iter().all(|one| one["properties"]["verdict"] != "excluded"));
}

#[test]
fn too_many_results_are_cut_worst_first_and_sarif_says_so() {
    let mut report = fixture("rich");
    let is_medium = |judged: &&JudgedFinding| {
        judged.verdict.is_shown() && judged.finding.severity == Severity::Medium
    };
    let one = report.findings.iter().find(is_medium).unwrap().clone();
    report.findings.splice(0..0, std::iter::repeat_n(one, 25_000));
    let log: serde_json::Value = serde_json::from_str(&write(&report, Format::Sarif)).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 25_000);
    let worst = run["results"].as_array().unwrap().iter().filter(|one| one["level"] == "error");
    assert_eq!(worst.count(), 6);
    let notes = run["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(notes.contains("results are left out"), "{notes}");
}

#[test]
fn markdown_stays_within_its_limit_and_counts_what_does_not_fit() {
    let mut report = fixture("rich");
    let all = report.findings.clone();
    report.findings = (0..200).flat_map(|_| all.clone()).collect();
    for limit in [65_536, 1 << 20] {
        let text = write_with(&Markdown { limit }, &report);
        assert!(text.len() <= limit, "{} over {limit}", text.len());
        let prose = counts::outside_fences(&text);
        let open = prose.matches("<details>").count();
        assert_eq!(open, prose.matches("</details>").count());
        assert_eq!(text.contains("not fit here"), limit == 65_536, "{limit}");
    }
}

/// The tags and attributes of a page that are none of ours.
fn strange_markup(page: &str) -> Vec<String> {
    const TAGS: &str = "!DOCTYPE html head meta title link style body main header section footer nav article \
        details summary h1 h2 h3 p a code pre span strong mark ul ol li dl dt dd div table thead tbody tr th \
        td svg rect line text polyline";
    const ATTRIBUTES: &str = "html lang charset http-equiv content name rel href class id open data-counts \
        data-verdict data-status viewBox preserveAspectRatio role aria-label x y x1 x2 y1 y2 width height dy \
        text-anchor points";
    let is_known = |known: &str, word: &str| known.split_whitespace().any(|one| one == word);
    let mut strange = Vec::new();
    for part in page.split('<').skip(1) {
        let tag = part.split('>').next().unwrap();
        let mut words = tag.trim_start_matches('/').splitn(2, ' ');
        let name = words.next().unwrap();
        // What stands in quotes is a value; every second part of the rest is one.
        let outside: String = words.next().unwrap_or_default().split('"').step_by(2).collect();
        let attributes = outside.split([' ', '=']).filter(|word| !word.is_empty());
        let bad = attributes.filter(|word| !is_known(ATTRIBUTES, word)).map(str::to_owned);
        strange.extend(bad);
        strange.extend((!is_known(TAGS, name)).then(|| name.to_owned()));
    }
    strange
}

#[test]
fn the_page_asks_the_network_for_nothing() {
    let page = write(&fixture("rich"), Format::Html);
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    assert!(!style.contains("url(") && !style.contains("@import") && !style.contains('<'));
    assert_eq!(
        page.matches("<link ").count(),
        page.matches("<link rel=\"icon\" href=\"data:").count()
    );
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
    assert_eq!(strange_markup(&page), Vec::<String>::new());
}

#[test]
fn hostile_text_never_reaches_an_output_as_it_is() {
    let report = fixture("rich");
    for format in Format::ALL {
        assert_eq!(hostile(&write(&report, format)), None, "{format}");
    }
    for format in telling() {
        assert_eq!(command(&write(&report, format)), None, "{format}");
    }
    let page = write(&report, Format::Html);
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>"));
    let markdown = write(&report, Format::Markdown);
    let prose = counts::outside_fences(&markdown);
    for forbidden in ["<script", "<img", "@all", "](", "https://", "www.evil", " #12"] {
        assert!(!prose.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn line_hashes_are_those_of_the_upload_action() {
    let Some(script) = crate::support::shared("tools/github/line_hash.py") else { return };
    for file in ["shop/vulnerable/api/app.py", "shop/vulnerable/openapi.json", "reports/rich.json"]
    {
        let path = format!("{ROOT}/fixtures/{file}");
        let output = Command::new("python3").arg(&script).arg(&path).output().unwrap();
        let theirs = String::from_utf8(output.stdout).unwrap();
        let ours = LineHashes::new(&std::fs::read_to_string(&path).unwrap());
        for (line, theirs) in (1..).zip(theirs.lines()) {
            assert_eq!(format!("{line} {}", ours.of(line)), theirs, "{file}");
        }
    }
}

#[test]
fn sarif_keeps_the_line_hash_of_a_finding_in_a_file() {
    let report = fixture("rich");
    let log: serde_json::Value = serde_json::from_str(&write(&report, Format::Sarif)).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let written = report
        .findings
        .iter()
        .filter(|judged| !matches!(judged.verdict, Verdict::Waived | Verdict::Excluded));
    for (judged, result) in written.zip(results) {
        let prints = &result["partialFingerprints"];
        assert_eq!(prints["seaworthy/v1"], judged.finding.fingerprint.as_str());
        match &judged.finding.place {
            Place::File(at) | Place::Package { at, .. } => {
                assert_eq!(prints["primaryLocationLineHash"], at.line_hash.as_str());
            }
            _ => assert_ne!(prints["primaryLocationLineHash"], ""),
        }
    }
}

#[test]
fn workflow_commands_stay_within_what_github_shows() {
    let mut report = fixture("rich");
    let one = report.shown().next().unwrap().clone();
    for count in [8, 9, 10, 11, 200] {
        let with = |severity: Severity, verdict| {
            let mut judged = one.clone();
            (judged.finding.severity, judged.verdict) = (severity, verdict);
            std::iter::repeat_n(judged, count)
        };
        report.findings = with(Severity::Critical, Verdict::Blocking)
            .chain(with(Severity::High, Verdict::Reported))
            .chain(with(Severity::Low, Verdict::Reported))
            .collect();
        for incomplete in [0, 1, 8, 9, 10, 30] {
            report.incomplete = vec!["100% of x".to_owned(); incomplete];
            let text = write(&report, Format::Github);
            for (level, own) in [("error", incomplete), ("warning", 0), ("notice", 1)] {
                let lines = text.lines().filter(|line| line.starts_with(&format!("::{level} ")));
                let shown = lines.clone().count();
                assert_eq!(shown, (count + own).min(10), "{count} {incomplete} {level}");
                let is_cut = lines.filter(|line| line.contains(" more")).count() > 0;
                assert_eq!(is_cut, count + own > 10, "{count} {incomplete} {level}");
            }
            assert_eq!(text.contains("100%25 of x"), incomplete > 0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn all_formats_agree_on_every_count(report in arbitrary::report()) {
        let expected = counts::Counts::of(&report);
        for format in Format::ALL {
            let expected = if format == Format::Gitlab {
                counts::Counts { shown: expected.shown, ..counts::Counts::default() }
            } else {
                expected
            };
            prop_assert_eq!(counts::parse(format, &write(&report, format)), expected, "{}", format);
        }
    }

    #[test]
    fn what_is_listed_is_what_is_counted(report in arbitrary::report()) {
        let text = write_with(&Sarif { suppressed: true }, &report);
        prop_assert_eq!(counts::of_results(&text), counts::Counts::of(&report).without_excluded());
        let page = write(&report, Format::Html);
        let [blocking, reported, ..] = report.summary.verdicts;
        prop_assert_eq!(counts::listed_on_page(&page), blocking + reported);
    }

    #[test]
    fn no_text_of_strangers_commands_or_hides(report in arbitrary::report(), width in 20_usize..200) {
        for format in Format::ALL {
            let text = write_with(&*reporter(format, Style { colour: false, width }), &report);
            prop_assert_eq!(hostile(&text), None, "{}", format);
            let ours = |line: &str| {
                let is_command = ["::error ", "::warning ", "::notice "];
                format == Format::Github && is_command.iter().any(|word| line.starts_with(word))
            };
            prop_assert_eq!(command(&text).filter(|line| !ours(line)), None, "{}", format);
        }
        prop_assert_eq!(strange_markup(&write(&report, Format::Html)), Vec::<String>::new());
    }

    #[test]
    fn json_reads_back_as_it_was(report in arbitrary::report()) {
        prop_assert_eq!(json::read(&write(&report, Format::Json)).unwrap(), report);
    }
}
