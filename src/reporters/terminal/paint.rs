//! Colours, and breaking of lines.

use annotate_snippets::renderer::{AnsiColor, Effects, Renderer, Style as Ink};

use crate::{
    report::Status,
    reporters::{Style, words::Standing},
    rule::Severity,
};

/// The narrowest text column that is worth wrapping to.
const NARROWEST: usize = 30;

/// Colours text if the style has colours.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    style: Style,
}

const BOLD: Ink = Ink::new().effects(Effects::BOLD);
const DIM: Ink = Ink::new().effects(Effects::DIMMED);

impl Paint {
    /// Paint for one run: the style says how wide lines are and whether colours are wanted.
    pub(super) const fn new(style: Style) -> Self {
        Self { style }
    }

    /// The columns that a line may fill.
    pub(super) const fn width(self) -> usize {
        self.style.width
    }

    /// Text that stands out, such as a heading.
    pub(super) fn bold(self, text: &str) -> String {
        self.ink(BOLD, text)
    }

    /// Text that stands back: what one need not read first.
    pub(super) fn dim(self, text: &str) -> String {
        self.ink(DIM, text)
    }

    /// Text in the colour of a severity.
    pub(super) fn severity(self, severity: Severity, text: &str) -> String {
        self.ink(severity_ink(severity), text)
    }

    /// Text in the colour of an answer to a control.
    pub(super) fn status(self, status: Status, text: &str) -> String {
        let ink = match status {
            Status::Pass => AnsiColor::Green.on_default(),
            Status::Fail => AnsiColor::BrightRed.on_default(),
            Status::Attested => AnsiColor::Cyan.on_default(),
            Status::NotAssessed => AnsiColor::Yellow.on_default(),
            Status::NotApplicable => DIM,
        };
        self.ink(ink, text)
    }

    /// The verdict: bold, in the colour of what the exit code says.
    pub(super) fn standing(self, standing: Standing, text: &str) -> String {
        let ink = match standing {
            Standing::MayShip => AnsiColor::BrightGreen.on_default(),
            Standing::Blocked => AnsiColor::BrightRed.on_default(),
            Standing::Incomplete => AnsiColor::BrightYellow.on_default(),
        };
        self.ink(ink.effects(Effects::BOLD), text)
    }

    fn ink(self, ink: Ink, text: &str) -> String {
        if self.style.colour { format!("{ink}{text}{ink:#}") } else { text.to_owned() }
    }

    /// Draws source excerpts, the finding's stretch in the severity's colour.
    pub(super) fn renderer(self, severity: Severity) -> Renderer {
        let renderer = if self.style.colour { Renderer::styled() } else { Renderer::plain() };
        renderer.hyperlink(false).term_width(self.style.width).error(if self.style.colour {
            severity_ink(severity)
        } else {
            Ink::new()
        })
    }

    /// Breaks `text` between words so that it fits beside `indent` columns.
    pub(super) fn wrap(self, text: &str, indent: usize) -> Vec<String> {
        let room = self.style.width.saturating_sub(indent).max(NARROWEST);
        let mut lines = vec![String::new()];
        let mut used = 0;
        for word in text.split_whitespace() {
            let width = word.chars().count();
            if used > 0 && used + 1 + width > room {
                lines.push(String::new());
                used = 0;
            }
            let line = lines.last_mut().expect("there is a first line");
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += width;
        }
        lines
    }
}

const fn severity_ink(severity: Severity) -> Ink {
    let colour = match severity {
        Severity::Critical => AnsiColor::BrightRed,
        Severity::High => AnsiColor::Red,
        Severity::Medium => AnsiColor::Yellow,
        Severity::Low => AnsiColor::Blue,
        Severity::Note => AnsiColor::Green,
    };
    colour.on_default().effects(Effects::BOLD)
}
