//! Progress on stderr: a spinner on a terminal, else one line for each stage.

use std::{
    cell::RefCell,
    io::{self, IsTerminal, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    fetch::{Address, Received},
    run::Stage,
    sources::file::printable,
};

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
            Some(spinner) if matches!(stage, Stage::Verifying { .. } | Stage::Asking { .. }) => {
                spinner.println(words);
            }
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

/// Shows downloads: a bar on a terminal, else a line for each. Dropping it clears what it drew.
pub struct Downloads {
    bar: Option<ProgressBar>,
    lines: bool,
    current: RefCell<String>,
}

impl Downloads {
    /// Silent if `off`.
    pub fn new(off: bool) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let bar = (!off && is_terminal).then(|| {
            let bar = ProgressBar::no_length();
            let template = "{bar:20} {bytes}/{total_bytes} {bytes_per_sec} {msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, lines: !off && !is_terminal, current: RefCell::default() }
    }

    /// Shows how far a download is.
    pub fn show(&self, address: &Address, received: Received) {
        let Received { bytes, of } = received;
        let shown = printable(&address.to_string()).into_owned();
        let is_another = *self.current.borrow() != shown;
        match &self.bar {
            Some(bar) => {
                if is_another {
                    bar.reset();
                    bar.set_message(shown.clone());
                }
                bar.set_length(of.unwrap_or(bytes));
                bar.set_position(bytes);
            }
            None if self.lines && is_another => {
                drop(writeln!(io::stderr(), "seaworthy: downloading {shown}"));
            }
            None => {}
        }
        self.current.replace(shown);
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn words(stage: &Stage) -> String {
    match stage {
        Stage::Listing => "listing files".to_owned(),
        Stage::Refreshing(sources) => format!("refreshing advisories ({sources} sources)"),
        Stage::Asking { packages, hosts } => {
            format!("registries are asked about packages ({packages}): {hosts}")
        }
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
