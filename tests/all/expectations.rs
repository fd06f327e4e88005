//! Expectations that stand in the audited files: `# expect: RULE…` and `# ok: RULE…`, in the comment
//! syntax of the file, on the line of the finding or on the line before it.

use std::{collections::BTreeSet, path::Path};

use seaworthy::finding::Finding;

/// A file, a line, a rule.
pub(crate) type Expected = (String, u32, String);

/// What the comments of some files say must be found.
pub(crate) fn expected(files: &[(String, Vec<u8>)]) -> BTreeSet<Expected> {
    let mut all = BTreeSet::new();
    for (path, bytes) in files {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let Some((before, rules)) = line.split_once("expect: ") else { continue };
            let own_line = before.trim().chars().all(|c| "#/;<!-*\"_".contains(c));
            let at = if own_line { next_code_line(&lines, index) } else { index };
            for rule in rules.split_whitespace().take_while(|word| word.contains('/')) {
                all.insert((
                    path.clone(),
                    u32::try_from(at + 1).expect("a short file"),
                    rule.to_owned(),
                ));
            }
        }
    }
    all
}

/// The next line that is not itself an expectation.
fn next_code_line(lines: &[&str], index: usize) -> usize {
    let is_comment = |line: &str| line.contains("expect: ") || line.contains("ok: ");
    (index + 1..lines.len()).find(|at| !is_comment(lines[*at])).unwrap_or(index)
}

/// What an `.expect` file says: `path:line rule-id` on each line.
pub(crate) fn listed(path: &Path) -> BTreeSet<Expected> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (place, rule) = line.split_once(' ').expect("path:line rule-id");
            let (file, number) = place.rsplit_once(':').expect("path:line");
            (file.to_owned(), number.parse().expect("a line number"), rule.trim().to_owned())
        })
        .collect()
}

/// Where the findings are.
pub(crate) fn found(findings: &[Finding]) -> BTreeSet<Expected> {
    let place = |finding: &Finding| {
        let at = finding.place.file();
        let path = at.map_or("README.md", |at| at.path.as_str()).to_owned();
        (path, at.map_or(1, |at| at.span.start_line), finding.rule.to_string())
    };
    findings.iter().map(place).collect()
}

/// Compares both ways; an empty list is agreement.
pub(crate) fn differences(
    expected: &BTreeSet<Expected>,
    found: &BTreeSet<Expected>,
) -> Vec<String> {
    let missed = expected
        .difference(found)
        .map(|(path, line, rule)| format!("missed: {path}:{line} {rule}"));
    let surplus = found
        .difference(expected)
        .map(|(path, line, rule)| format!("not expected: {path}:{line} {rule}"));
    missed.chain(surplus).collect()
}
