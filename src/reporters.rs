//! Tells a report: one text for each kind of reader, all with the same counts.
//!
//! A reporter decides nothing and reads nothing but the report. All text of the audited repository or of
//! an answer passes through `visible` and the escaping of its format before it is written.

mod arrange;
mod excerpt;
mod github;
mod gitlab;
mod html;
pub mod json;
mod junit;
mod markdown;
mod sarif;
mod terminal;
mod visible;
mod words;

use std::{fmt, io, str::FromStr};

use crate::report::Report;

pub use github::Github;
pub use gitlab::Gitlab;
pub use html::Html;
pub use json::Json;
pub use junit::Junit;
pub use markdown::Markdown;
pub use sarif::Sarif;
pub use terminal::Terminal;

/// Writes a report in one format.
pub trait Reporter {
    /// Writes the whole report.
    fn write(&self, report: &Report, to: &mut dyn io::Write) -> io::Result<()>;
}

/// A form in which a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For a person at a terminal or in a build log.
    Terminal,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// The report itself, for programs.
    Json,
    /// For a job summary or a comment.
    Markdown,
    /// One self-contained page.
    Html,
    /// The XML of `JUnit`, for build servers.
    Junit,
    /// GitLab's Code Quality report.
    Gitlab,
    /// Workflow commands of GitHub Actions.
    Github,
}

impl Format {
    /// All formats, the default one first.
    pub const ALL: [Self; 8] = [
        Self::Terminal,
        Self::Sarif,
        Self::Json,
        Self::Markdown,
        Self::Html,
        Self::Junit,
        Self::Gitlab,
        Self::Github,
    ];

    /// The word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Sarif => "sarif",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Junit => "junit",
            Self::Gitlab => "gitlab",
            Self::Github => "github",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.name() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("unknown format `{text}`; known are {known}")
        })
    }
}

/// How the terminal format looks; the others ignore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { colour: false, width: 100 }
    }
}

/// The reporter of a format.
pub fn reporter(format: Format, style: Style) -> Box<dyn Reporter> {
    match format {
        Format::Terminal => Box::new(Terminal { style }),
        Format::Sarif => Box::new(Sarif::default()),
        Format::Json => Box::new(Json),
        Format::Markdown => Box::new(Markdown::default()),
        Format::Html => Box::new(Html),
        Format::Junit => Box::new(Junit),
        Format::Gitlab => Box::new(Gitlab),
        Format::Github => Box::new(Github),
    }
}

/// The verdict in one line: `Blocked: 3 findings at or above critical.`
pub fn verdict(report: &Report) -> String {
    format!("{}: {}", words::Standing::of(report).name(), words::verdict(report))
}
