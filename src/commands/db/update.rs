//! `seaworthy db update`: downloads advisories and makes the index of them.

use std::{
    io::{self, Write},
    path::Path,
};

use crate::{
    cli::DbUpdate,
    commands::progress::Downloads,
    deadline::Deadline,
    fetch::Client,
    run::update::{Update, of_ecosystems, wanted},
    sources::file::printable,
};

/// The exit code if a source could not be had.
const INCOMPLETE: u8 = 2;

/// Updates, and tells what the index is made of now. What could not be had is a line each on stderr.
pub(super) fn run(options: &DbUpdate, out: &mut impl Write) -> anyhow::Result<u8> {
    anyhow::ensure!(!super::super::is_offline(), "update the advisories: SEAWORTHY_OFFLINE is set");
    let config = super::config(options.config.as_deref())?;
    let place = match &options.index.advisory_db {
        Some(place) => place.clone(),
        None => super::cached(&config)?,
    };
    let ecosystems = of_ecosystems(&options.ecosystem, &config)?;
    let wanted = wanted(&config, Path::new(""), &ecosystems)?;
    let interrupted = super::super::listen_for_interrupt();
    let downloads = Downloads::new(options.no_progress);
    let updated = Update {
        place: &place,
        wanted: &wanted,
        client: &Client::new(&super::super::variable)?,
        deadline: &Deadline::after(options.deadline, interrupted),
        now: super::super::now(),
        seen: &|address, received| downloads.show(address, received),
    }
    .run()?;
    drop(downloads);
    match &updated.sources {
        Some(sources) => {
            writeln!(out, "{}: made anew", super::shown(&place))?;
            super::tell(sources, out)?;
        }
        None if updated.failures.is_empty() => {
            writeln!(out, "{}: nothing has changed since it was made", super::shown(&place))?;
        }
        None => writeln!(out, "{}: left as it is", super::shown(&place))?,
    }
    for failure in &updated.failures {
        writeln!(io::stderr(), "error: {}", printable(failure))?;
    }
    Ok(if updated.failures.is_empty() { 0 } else { INCOMPLETE })
}
