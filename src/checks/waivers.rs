//! Comments that excuse findings: `seaworthy: allow RULE-ID — reason`, and those of other tools.

mod tools;

use std::sync::LazyLock;

use memchr::memmem::Finder;
use regex::bytes::{Captures, Regex};

use crate::{
    engines::secret::masker::Masker,
    finding::{Excused, Fingerprint, InlineWaiver, Quoted},
    rule::{Marker, RuleId, RuleSet},
    sources::SourceFile,
};

const MARK: &[u8] = b"seaworthy: allow ";
static MARK_FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(MARK));
/// What comments begin with in the languages of the audited files.
const LEADERS: &[u8] = b"#/*<!-;%\"'";
/// How far from a waiver the line that it covers may be: a bound for files that hold nothing else.
const NEAR: u32 = 20;
/// Most waivers of one file that count.
const MOST_WAIVERS: usize = 1_000;

static COMMENT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"seaworthy: allow ([a-z]+/[a-z0-9-]+)(?:\s*(?:—|--|-|:)\s*([^\r\n]*?))?\s*(?:\*/|-->)?\s*$";
    Regex::new(&format!("(?m-u){pattern}")).expect("the pattern is valid")
});

/// Reads the waivers of a file, and the `markers` of other tools that are honoured.
pub(super) fn read(
    file: &SourceFile,
    masker: &Masker<'_>,
    markers: &[Marker],
    rules: &RuleSet,
) -> Vec<InlineWaiver> {
    let mut waivers = own(file, masker);
    waivers.extend(markers.iter().flat_map(|marker| {
        if marker.is_about_configuration() {
            tools::read(file, *marker, rules)
        } else {
            marked(file, *marker)
        }
    }));
    waivers
}

/// Our own waivers. One without a reason is read, too, and does not count.
fn own(file: &SourceFile, masker: &Masker<'_>) -> Vec<InlineWaiver> {
    let mut waivers = Vec::new();
    if MARK_FINDER.find(file.bytes()).is_none() {
        return waivers;
    }
    for captures in COMMENT.captures_iter(file.bytes()).take(MOST_WAIVERS) {
        let Some(rule) = captures.get(1) else { continue };
        let reason = captures.get(2).map_or(&b""[..], |reason| reason.as_bytes());
        let line = file.line_of(rule.start());
        let covers = covered_line(file, line);
        waivers.push(InlineWaiver {
            excused: Excused::Rule(RuleId::new(&String::from_utf8_lossy(rule.as_bytes()))),
            line,
            covers,
            until: covers,
            is_foreign: false,
            covered: covered(file, line, covers),
            reason: masker.quote(String::from_utf8_lossy(reason).trim()),
        });
    }
    waivers
}

/// The comments of another tool, each on the line that it is about.
fn marked(file: &SourceFile, marker: Marker) -> Vec<InlineWaiver> {
    let pattern = format!(r"(?m-u)(?:^|[^\w-]){}(?:$|[^\w-])", marker.pattern());
    let Ok(comment) = Regex::new(&pattern) else { return Vec::new() };
    let waiver = |captures: Captures<'_>| {
        let whole = captures.get(0)?;
        let below = u32::from(captures.get(1).is_some());
        // Behind the comment, the expression may have seen the end of the line.
        let line = file.line_of(whole.end().saturating_sub(2)) + below;
        Some(InlineWaiver {
            excused: Excused::Secrets,
            line,
            covers: line,
            until: line,
            is_foreign: true,
            covered: covered(file, line, line),
            reason: Quoted::own(marker.reason()),
        })
    };
    comment.captures_iter(file.bytes()).take(MOST_WAIVERS).filter_map(waiver).collect()
}

/// Hash of the two lines that a waiver covers, without white space.
fn covered(file: &SourceFile, line: u32, covers: u32) -> Fingerprint {
    let text = |number: u32| -> String {
        let at = file.line(number).unwrap_or(0..0);
        file.text().get(at).unwrap_or_default().split_whitespace().collect()
    };
    Fingerprint::of(&[&text(line), &text(covers)])
}

/// The line that a waiver covers besides its own: none behind code; else the next one that is neither
/// blank nor another waiver, if it is near.
fn covered_line(file: &SourceFile, line: u32) -> u32 {
    let text = |number: u32| file.line(number).map(|at| &file.bytes()[at]);
    let own = text(line).unwrap_or_default();
    let before = memchr::memmem::find(own, MARK).map_or(own, |at| &own[..at]);
    let has_code = before.iter().any(|byte| !byte.is_ascii_whitespace() && !LEADERS.contains(byte));
    if has_code {
        return line;
    }
    let is_code = |number: &u32| {
        text(*number).is_some_and(|text| {
            !text.trim_ascii().is_empty() && memchr::memmem::find(text, MARK).is_none()
        })
    };
    (line + 1..=line + NEAR).find(is_code).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engines::secret::scanner::Scanner, finding::RepoPath};

    fn waivers(text: &str) -> Vec<InlineWaiver> {
        let scanner = Scanner::new(&RuleSet::baked());
        let file = SourceFile::new(RepoPath::new("a.py"), text.as_bytes().to_vec());
        read(&file, &Masker::plain(&scanner), &[], &RuleSet::baked())
    }

    /// The lines that a tool's comments are about.
    fn lines(marker: Marker, text: &str) -> Vec<u32> {
        let file = SourceFile::new(RepoPath::new("a.py"), text.as_bytes().to_vec());
        marked(&file, marker).into_iter().map(|waiver| waiver.covers).collect()
    }

    #[test]
    fn comments_of_other_tools_are_about_their_line_or_the_next() {
        assert_eq!(lines(Marker::Gitleaks, "a\nb = 'c' # gitleaks:allow\n#gitleaks:allow"), [2, 3]);
        assert!(lines(Marker::Gitleaks, "gitleaks:allowed").is_empty());
        assert_eq!(
            lines(Marker::Nosec, "a # nosec B105\nnosecrets = 1\nnosec\nnosec\n"),
            [1, 3, 4]
        );
        let text = "a // pragma: allowlist secret\n# pragma: allowlist nextline secret\nb\n";
        assert_eq!(lines(Marker::DetectSecrets, text), [1, 3]);
        assert_eq!(lines(Marker::DetectSecrets, "x # pragma: whitelist secret\n"), [1]);
    }

    #[test]
    fn a_waiver_covers_its_line_and_the_next_one_with_code() {
        let found =
            waivers("# seaworthy: allow code/flask-debug — only on my machine\n\napp.run()\n");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].line, found[0].covers), (1, 3));
        assert_eq!(found[0].reason.as_str(), "only on my machine");
    }

    #[test]
    fn waivers_above_each_other_cover_the_same_line() {
        let line = "# seaworthy: allow code/flask-debug — mine\n";
        let found = waivers(&format!("{line}\n{line}{line}x\n{line}\n"));
        let covers: Vec<_> = found.iter().map(|waiver| waiver.covers).collect();
        assert_eq!(covers, [5, 5, 5, 6]);
        assert_eq!(waivers(&line.repeat(1_200)).len(), 1_000);
    }

    #[test]
    fn a_waiver_without_reason_has_none() {
        assert_eq!(waivers("x = 1  # seaworthy: allow secret/jwt\n")[0].reason.as_str(), "");
    }
}
