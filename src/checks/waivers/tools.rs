//! Comments by which checkers of configuration are told to say nothing: of an instruction (hadolint), of a line
//! (zizmor, KICS), of a file (hadolint's `global`, checkov).
//!
//! The rules that a comment names are those that have the other tool's id among their aliases.

use regex::bytes::{Captures, Regex};

use super::{MOST_WAIVERS, covered};
use crate::{
    finding::{Excused, Fingerprint, InlineWaiver, Quoted},
    rule::{Marker, RuleSet},
    sources::SourceFile,
};

/// Most lines of one instruction.
const LONGEST_INSTRUCTION: u32 = 1_000;
/// Most ids that one comment names.
const MOST_IDS: usize = 50;

/// The lines that a comment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// The whole file.
    File,
    /// Its own line.
    Line,
    /// The next line.
    Next,
    /// The instruction that follows.
    Instruction,
}

/// Reads the comments of one checker.
pub(super) fn read(file: &SourceFile, marker: Marker, rules: &RuleSet) -> Vec<InlineWaiver> {
    let Ok(comment) = Regex::new(marker.pattern()) else { return Vec::new() };
    let comments = comment.captures_iter(file.bytes()).take(MOST_WAIVERS);
    comments.flat_map(|captures| waivers(file, marker, rules, &captures)).collect()
}

fn waivers(
    file: &SourceFile,
    marker: Marker,
    rules: &RuleSet,
    captures: &Captures<'_>,
) -> Vec<InlineWaiver> {
    let Some(mark) = captures.name("mark") else { return Vec::new() };
    let line = file.line_of(mark.start());
    let about = match marker {
        Marker::Hadolint if captures.name("global").is_some() => About::File,
        Marker::Hadolint => About::Instruction,
        Marker::Checkov => About::File,
        Marker::Kics => About::Next,
        _ => About::Line,
    };
    let (covers, until) = lines(file, line, about);
    let waiver = |excused: Excused| InlineWaiver {
        excused,
        line,
        covers,
        until,
        is_foreign: true,
        covered: hash(file, line, (covers, until), about),
        reason: Quoted::own(marker.reason()),
    };
    let Some(ids) = captures.name("ids") else { return vec![waiver(Excused::Configuration)] };
    let ids = String::from_utf8_lossy(ids.as_bytes()).into_owned();
    let ids = ids.split([',', ' ', '\t']).filter(|id| !id.is_empty()).take(MOST_IDS);
    let named = ids.flat_map(|id| rules.find(&format!("{}/{id}", marker.name())));
    named.map(|rule| waiver(Excused::Rule(rule.id.clone()))).collect()
}

/// The first and the last line that a comment at `line` is about.
fn lines(file: &SourceFile, line: u32, about: About) -> (u32, u32) {
    match about {
        About::File => (1, u32::MAX),
        About::Line => (line, line),
        About::Next => (line + 1, line + 1),
        About::Instruction => instruction(file, line),
    }
}

/// The instruction below a line, with the lines that continue it.
fn instruction(file: &SourceFile, line: u32) -> (u32, u32) {
    let text = |number: u32| file.line(number).map(|at| file.bytes()[at].trim_ascii());
    let is_passed = |text: &[u8]| text.is_empty() || text.starts_with(b"#");
    let near = line + 1..=line + LONGEST_INSTRUCTION;
    let Some(first) = near.clone().find(|at| text(*at).is_some_and(|text| !is_passed(text))) else {
        return (line, line);
    };
    let is_last =
        |at: &u32| text(*at).is_none_or(|text| !is_passed(text) && !text.ends_with(b"\\"));
    let last = (first..=first + LONGEST_INSTRUCTION).find(is_last);
    (first, last.unwrap_or(first + LONGEST_INSTRUCTION))
}

/// What must be the same at the base: the comment and the lines that it is about, or it alone for a file.
fn hash(file: &SourceFile, line: u32, (covers, until): (u32, u32), about: About) -> Fingerprint {
    if about == About::File {
        return covered(file, line, line);
    }
    let text = |number: u32| -> String {
        let at = file.line(number).unwrap_or(0..0);
        file.text().get(at).unwrap_or_default().split_whitespace().collect()
    };
    let about: String = (covers..=until).map(text).collect();
    Fingerprint::of(&[&text(line), &about])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::RepoPath;

    fn found(marker: Marker, text: &str) -> Vec<(String, u32, u32)> {
        let file = SourceFile::new(RepoPath::new("Dockerfile"), text.as_bytes().to_vec());
        let waivers = read(&file, marker, &RuleSet::baked());
        let what = |excused: Excused| match excused {
            Excused::Rule(rule) => rule.to_string(),
            other => format!("{other:?}"),
        };
        waivers.into_iter().map(|one| (what(one.excused), one.covers, one.until)).collect()
    }

    #[test]
    fn hadolint_means_the_next_instruction_or_the_file() {
        let text = "FROM a\n# hadolint ignore=DL3004\n# why\nRUN a && \\\n# b\n  sudo b\nRUN c\n";
        assert_eq!(found(Marker::Hadolint, text), [("container/dockerfile-sudo".into(), 4, 6)]);
        let text = "# hadolint global ignore=DL3004,SC2046\nFROM a\n";
        assert_eq!(
            found(Marker::Hadolint, text),
            [("container/dockerfile-sudo".into(), 1, u32::MAX)]
        );
        assert!(found(Marker::Hadolint, "RUN echo hadolint ignore=DL3004\n").is_empty());
        assert!(found(Marker::Hadolint, "# hadolint ignore=DL9999\nFROM a\n").is_empty());
    }

    #[test]
    fn zizmor_means_its_line_and_kics_the_next() {
        let text = "a: 1\nb: 2 # zizmor: ignore[insecure-commands]\n";
        assert_eq!(found(Marker::Zizmor, text), [("workflow/insecure-commands".into(), 2, 2)]);
        let text = "# kics-scan ignore-line\nb: 2\n# kics-scan ignore-lines\n";
        assert_eq!(found(Marker::Kics, text), [("Configuration".into(), 2, 2)]);
    }

    #[test]
    fn checkov_means_the_file() {
        let text = "FROM a\n#checkov:skip=CKV2_DOCKER_1: a reason\n";
        assert_eq!(
            found(Marker::Checkov, text),
            [("container/dockerfile-sudo".into(), 1, u32::MAX)]
        );
    }
}
