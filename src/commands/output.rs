//! Hands a report to its readers: files, stdout, and one line on stderr when stdout stays empty.

use std::{
    fs::{self, File},
    io::{self, BufWriter, IsTerminal, Write},
    path::Path,
};

use anyhow::Context as _;

use crate::{
    cli::{Colour, Output, ReportTo},
    report::Report,
    reporters::{self, Format, Style},
};

/// Columns of a report that goes to no terminal, and the most that are used on one.
const WIDTH: usize = 100;

/// Writes the report in every format that was asked for.
pub fn deliver(report: &Report, options: &Output, no_colour: bool) -> anyhow::Result<()> {
    let default = [ReportTo { format: Format::Terminal, file: None }];
    let wanted = if options.report.is_empty() { &default[..] } else { &options.report };
    for one in wanted {
        deliver_one(report, one, options.color, no_colour)?;
    }
    if wanted.iter().all(|one| one.file.is_some()) {
        writeln!(io::stderr(), "{}", reporters::verdict(report))?;
    }
    Ok(())
}

fn deliver_one(
    report: &Report,
    one: &ReportTo,
    colour: Colour,
    no_colour: bool,
) -> anyhow::Result<()> {
    let to_terminal = one.file.is_none() && io::stdout().is_terminal();
    let colour = match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => to_terminal && !no_colour,
    };
    let reporter = reporters::reporter(one.format, Style { colour, width: WIDTH });
    let Some(path) = &one.file else {
        return match reporter.write(report, &mut BufWriter::new(io::stdout().lock())) {
            // A reader that has seen enough, as `head` does, is no failure.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        };
    };
    let mut bytes = Vec::new();
    reporter.write(report, &mut bytes)?;
    write_file(path, &bytes)
}

/// Writes a file whole or not at all. A link in its place is not followed: the audited repository could
/// have put it there.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let context = || format!("write `{}`", path.display());
    let there = fs::symlink_metadata(path).ok();
    anyhow::ensure!(
        !there.as_ref().is_some_and(fs::Metadata::is_symlink),
        "{}: a link stands there, and is not followed",
        context()
    );
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        // A device or a pipe can not be replaced.
        return fs::write(path, bytes).with_context(context);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(name);
    let written = File::create_new(&beside).and_then(|mut file| {
        // What may be run stays so.
        there.map_or(Ok(()), |there| file.set_permissions(there.permissions()))?;
        file.write_all(bytes)
    });
    let written = written.and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // Nothing half-written is left behind; what can not be removed was not made.
        drop(fs::remove_file(&beside));
    }
    written.with_context(context)
}
