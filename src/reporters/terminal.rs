//! For a person at a terminal or in a build log: findings with their lines, then what was looked at, what
//! was not, and the verdict. A clean run is short.

mod finding;
mod packages;
mod paint;
mod summary;

use std::io;

use super::{Reporter, Style, arrange, visible};
use crate::report::Report;

use finding::Findings;
use paint::Paint;
use summary::Summary;

/// Writes text for people.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// How it looks.
    pub style: Style,
}

impl Reporter for Terminal {
    fn write(&self, report: &Report, to: &mut dyn io::Write) -> io::Result<()> {
        let paint = Paint::new(self.style);
        let findings = Findings { paint };
        let mut text = String::new();
        for group in arrange::groups(report) {
            findings.group(&group, &mut text);
        }
        Summary { paint, report }.write(&mut text);
        to.write_all(without_commands(&text).as_bytes())
    }
}

/// No line of foreign text begins one here, but wrapped text may. Blanks at the ends of lines go as well.
fn without_commands(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for line in text.lines() {
        safe.push_str(&visible::without_command(line.trim_end().into()));
        safe.push('\n');
    }
    safe
}
