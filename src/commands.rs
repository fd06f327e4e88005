//! The subcommands: each turns command-line options into work, and its result into text.

pub mod catalogue;
pub mod completions;
pub mod db;
pub mod demo;
pub mod fix;
pub mod gate;
pub mod init;
pub mod output;
pub mod progress;
pub mod sbom;
pub mod scan;

use std::{
    io::{self, Write},
    sync::atomic::{AtomicBool, Ordering},
    time::SystemTime,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    cli::{Cli, Command},
    engines::secret::{masker::Masker, scanner::Scanner},
    rule::RuleSet,
    sources::file::printable,
};

/// Set by the first Ctrl-C; the report is still written.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Runs a command; returns the exit code.
pub fn run(cli: &Cli) -> anyhow::Result<u8> {
    // The message of a fault may quote the file at hand, and with it a secret; its place never does.
    std::panic::set_hook(Box::new(|fault| {
        let place = fault.location().map(ToString::to_string).unwrap_or_default();
        drop(writeln!(io::stderr(), "seaworthy: internal fault at {place}"));
    }));
    let mut stdout = io::stdout().lock();
    match &cli.command {
        Command::Scan(options) => {
            drop(stdout);
            scan::run(options)
        }
        Command::Demo(options) => {
            drop(stdout);
            demo::run(options)
        }
        Command::Rules { id: None } => ended(catalogue::list_rules(&mut stdout)),
        Command::Rules { id: Some(id) } => {
            let found = catalogue::explain_rules(id, &mut stdout)?;
            anyhow::ensure!(found, "no rule is called `{id}`; `seaworthy rules` lists all");
            Ok(0)
        }
        Command::Controls => ended(catalogue::list_controls(&mut stdout)),
        Command::Init { path, pre_commit: false } => init::write(path, &mut stdout).map(|()| 0),
        Command::Init { path, pre_commit: true } => init::hook(path, &mut stdout).map(|()| 0),
        Command::Fix(options) => fix::run(options, &mut stdout),
        Command::Db(options) => db::run(options, &mut stdout),
        Command::Gate(options) => {
            drop(stdout);
            gate::run(options)
        }
        Command::Sbom(options) => {
            drop(stdout);
            sbom::run(options)
        }
        Command::Completions { shell } => {
            completions::write(*shell, &mut stdout);
            Ok(0)
        }
    }
}

/// A reader that has seen enough, as `head` does, is no failure.
fn ended(result: io::Result<()>) -> anyhow::Result<u8> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(0),
    }
}

/// An error and its causes on one line each, without secrets and without control characters.
pub fn describe(error: &anyhow::Error) -> String {
    let scanner = Scanner::new(&RuleSet::baked());
    let text = Masker::plain(&scanner).quote(&format!("failed to {error:#}"));
    let lines = text.as_str().lines().map(|line| printable(line).into_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// Ctrl-C sets the flag that ends the run with what there is; a second one ends it at once.
fn listen_for_interrupt() -> &'static AtomicBool {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            end_at_once();
        }
        drop(writeln!(io::stderr(), "interrupted: writing what there is; again to end at once"));
    };
    // A second handler in one process is refused; the first one then stays in force.
    drop(ctrlc::set_handler(handler));
    &INTERRUPTED
}

#[expect(clippy::exit, reason = "the user asked twice, and no thread can be waited for")]
fn end_at_once() {
    std::process::exit(130);
}

/// Whether the user wants no colour anywhere.
fn has_no_colour() -> bool {
    variable("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Whether nothing may use a network but the target's, whatever the command line says.
fn is_offline() -> bool {
    variable("SEAWORTHY_OFFLINE").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Today, in UTC. A date before 1970 stands for a clock that is not set.
fn today() -> Date {
    now().to_zoned(TimeZone::UTC).date()
}

#[expect(
    clippy::disallowed_methods,
    reason = "here the time enters; all below take it as an argument"
)]
fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[expect(
    clippy::disallowed_methods,
    reason = "here the environment enters; all below take it as an argument"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
