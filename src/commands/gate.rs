//! `seaworthy gate`: judges a report that was written before again, by another gate.

use std::{
    fs,
    io::{self, Read},
};

use anyhow::Context as _;

use super::output;
use crate::{
    cli::{Gate, Output},
    config::FailOn,
    judgement, report, reporters,
};

/// Judges, writes the reports, returns the exit code.
pub fn run(options: &Gate) -> anyhow::Result<u8> {
    let mut text = String::new();
    let context = || format!("read `{}`", options.file.display());
    if options.file.as_os_str() == "-" {
        io::stdin().lock().read_to_string(&mut text).with_context(context)?;
    } else {
        text = fs::read_to_string(&options.file).with_context(context)?;
    }
    let mut report = reporters::json::read(&text).with_context(context)?;
    let fail_on = options.fail_on.map_or(report.gate.fail_on, FailOn::severity);
    let strict = options.strict || report.gate.strict;
    judgement::judge_again(&mut report, report::Gate { fail_on, strict });
    let output =
        Output { report: options.report.clone(), color: options.color, ..Output::default() };
    output::deliver(&report, &output, super::has_no_colour())?;
    Ok(report.exit_code())
}
