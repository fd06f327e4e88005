//! Compose projects of several files: each finding stands in the file that decides, and stands there once.

use seaworthy::{engines::secret::scanner::Scanner, rule::RuleSet};

use crate::support::audit_with;

/// What is found in these files and not read of them: `file line rule`, sorted.
fn seen(files: &[(&str, &str)]) -> Vec<String> {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let audit = audit_with(&rules, &scanner, files.collect(), None);
    let mut seen = Vec::new();
    for outcome in audit.outcomes {
        for finding in &outcome.findings {
            if let Some(at) = finding.place.file() {
                seen.push(format!("{} {} {}", at.path, at.span.start_line, finding.rule));
            }
        }
        if outcome.check == "document/compose" {
            seen.extend(outcome.gaps.iter().map(|gap| format!("{} {}", gap.subject, gap.reason)));
        }
    }
    seen.retain(|line| line.contains("compose-") || line.contains("could not"));
    seen.sort();
    seen
}

fn of<'s>(seen: &'s [String], rule: &str) -> Vec<&'s str> {
    seen.iter().filter(|line| line.ends_with(rule)).map(String::as_str).collect()
}

#[test]
fn an_override_decides_where_it_says_something() {
    let seen = seen(&[
        (
            "a/compose.yaml",
            "services:\n  web:\n    image: web:1\n    privileged: true\n    ports: ['80:80']\n  api:\n    image: api:1\n",
        ),
        (
            "a/compose.override.yaml",
            "services:\n  web:\n    privileged: false\n    mem_limit: 1g\n    ports: !override ['127.0.0.1:80:80']\n  api:\n    privileged: true\n",
        ),
    ]);
    let over = "a/compose.override.yaml";
    assert_eq!(of(&seen, "compose-privileged"), [format!("{over} 7 container/compose-privileged")]);
    let limit = "a/compose.yaml 6 container/compose-no-memory-limit";
    assert_eq!(of(&seen, "compose-no-memory-limit"), [limit]);
    assert_eq!(of(&seen, "compose-port-all-interfaces"), [""; 0]);
}

#[test]
fn a_file_that_is_extended_is_told_what_its_lines_decide() {
    let seen = seen(&[
        (
            "compose.yaml",
            "services:\n  web:\n    extends: { file: parts/base.yml, service: base }\n    mem_limit: 1g\n  api:\n    extends: { file: parts/base.yml, service: base }\n    mem_limit: 1g\n",
        ),
        ("parts/base.yml", "services:\n  base:\n    image: web:1\n    pid: host\n"),
    ]);
    let pid = "parts/base.yml 4 container/compose-host-process-namespace";
    assert_eq!(of(&seen, "compose-host-process-namespace"), [pid]);
    assert_eq!(of(&seen, "compose-no-memory-limit"), [""; 0]);
}

#[test]
fn services_of_a_part_that_nobody_extends_stand_for_themselves() {
    let seen = seen(&[
        (
            "compose.yaml",
            "services:\n  web:\n    extends: { file: compose.parts.yml, service: base }\n    privileged: false\n",
        ),
        (
            "compose.parts.yml",
            "services:\n  base:\n    image: web:1\n    privileged: true\n  other:\n    image: web:1\n    privileged: true\n",
        ),
    ]);
    let other = "compose.parts.yml 7 container/compose-privileged";
    assert_eq!(of(&seen, "compose-privileged"), [other]);
}

#[test]
fn what_is_not_there_is_a_gap_with_its_line() {
    let seen = seen(&[(
        "compose.yaml",
        "services:\n  web:\n    extends: { file: gone.yml, service: base }\n    pid: host\n",
    )]);
    let gap =
        "compose.yaml could not be read: line 3: `base` of `gone.yml` is extended and not there";
    assert_eq!(seen, ["compose.yaml 4 container/compose-host-process-namespace", gap]);
}

#[test]
fn a_broken_part_silences_no_other_file() {
    let seen = seen(&[
        ("compose.yaml", "services:\n  web:\n    image: web:1\n    pid: host\n"),
        ("compose.override.yaml", "services: [\n"),
    ]);
    assert_eq!(of(&seen, "compose-host-process-namespace").len(), 1);
    assert!(seen.iter().any(|line| line.starts_with("compose.override.yaml could not be read")));
}
