//! Progress on stderr: a spinner on a terminal, else one line for each stage.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::run::Stage;

/// Shows the stages of a run. Dropping it clears what it drew.
pub struct Progress {
    spinner: Option<ProgressBar>,
    lines: bool,
}

impl Progress {
    /// Silent if `off`.
    pub fn new(off: bool) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let spinner = (!off && is_terminal).then(|| {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                spinner.set_style(style);
            }
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        Self { spinner, lines: !off && !is_terminal }
    }

    /// Shows that a stage begins.
    pub fn show(&self, stage: &Stage) {
        let words = words(stage);
        match &self.spinner {
            // What is sent where stays on the screen.
            Some(spinner) if matches!(stage, Stage::Verifying { .. }) => spinner.println(words),
            Some(spinner) => spinner.set_message(words),
            None if self.lines => drop(writeln!(io::stderr(), "seaworthy: {words}")),
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}

fn words(stage: &Stage) -> String {
    match stage {
        Stage::Listing => "listing files".to_owned(),
        Stage::Looking(files) => format!("looking at {files} files"),
        Stage::Comparing => "looking at the merge base".to_owned(),
        Stage::Remembering => "looking at commits".to_owned(),
        Stage::Probing => "auditing the target".to_owned(),
        Stage::Verifying { credentials, hosts } => {
            format!("credentials ({credentials}) are sent to {hosts} to ask whether they live")
        }
        Stage::Judging => "judging".to_owned(),
    }
}
