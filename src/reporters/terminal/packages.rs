//! Packages: how one comes into the project, and many of which only notices are known.

use std::fmt::Write;

use super::{finding::cut, paint::Paint};
use crate::{
    finding::Step,
    report::JudgedFinding,
    reporters::{arrange::Group, visible, words},
};

/// How many findings of one lockfile are named.
const NAMED: usize = 20;
/// Columns by which lines below a heading stand in.
const INDENT: usize = 2;

/// A line for each step, each below the one before it.
pub(super) fn tree(way: &[Step], room: usize) -> Vec<String> {
    let line = |(depth, step): (usize, &Step)| {
        let branch = match depth {
            0 => String::new(),
            _ => format!("{}└ ", " ".repeat(INDENT * (depth - 1))),
        };
        let note = visible::line(step.note.as_str());
        cut(&format!("{branch}{note} ({})", words::place(&step.place)), room)
    };
    way.iter().enumerate().map(line).collect()
}

/// A heading for each lockfile, and a line for each of its findings.
pub(super) fn list(
    paint: Paint,
    group: &Group<'_>,
    lockfiles: &[Vec<&JudgedFinding>],
    text: &mut String,
) {
    let title = format!("{}[{}]", group.severity.name(), visible::line(group.rule.as_str()));
    let title = paint.severity(group.severity, &title);
    for findings in lockfiles {
        let all = words::things(findings.len(), "finding", "findings");
        let path = findings[0].finding.place.file().map(|at| at.path.as_str());
        let path = visible::line(path.unwrap_or_default());
        let _ = writeln!(text, "{title}: {all} in {path}");
        for judged in findings.iter().take(NAMED) {
            let line = judged.finding.place.file().map_or(0, |at| at.span.start_line);
            let message = visible::line(judged.finding.message.as_str());
            let room = paint.width().saturating_sub(INDENT).max(INDENT);
            let _ = writeln!(text, "  {}", cut(&format!("line {line}: {message}"), room));
            if let Some(command) = judged.finding.fix.as_ref().and_then(|fix| fix.command.as_ref())
            {
                let _ = writeln!(text, "    run: {}", visible::line(command));
            }
        }
        if findings.len() > NAMED {
            let _ = writeln!(text, "  and {} more", findings.len() - NAMED);
        }
    }
    if let Some(head) = group.head {
        for (name, words) in [("why", &head.reason), ("fix", &head.remedy)] {
            let lines = paint.wrap(&visible::line(words), INDENT + name.len() + 4);
            let _ = writeln!(text, "  = {name}: {}", lines.join("\n         "));
        }
    }
    text.push('\n');
}
