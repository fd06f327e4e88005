//! Parses the arguments, runs the command, prints what went wrong, ends with the exit code.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use seaworthy::{cli::Cli, commands};

/// The exit code of a run that could not be done.
const COULD_NOT_RUN: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { COULD_NOT_RUN } else { 0 };
            drop(error.print());
            return ExitCode::from(code);
        }
    };
    match commands::run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            drop(writeln!(io::stderr(), "error: {}", commands::describe(&error)));
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}
