//! `seaworthy db`: downloads, makes, shows and checks the index of advisories.

mod update;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    cli::{Db, IndexPlace},
    config::{AdvisoryConfig, Config, FILE_NAME},
    packages::advisories::{
        self, Builder,
        build::{Source, SourceKind},
        write::Replacement,
    },
    run::{
        self,
        update::{Kept, KeptSource},
    },
    sources::file::printable,
};

/// The columns of the table of sources.
const COLUMNS: [&str; 7] =
    ["holds", "advisories", "withdrawn", "left out", "unreadable", "newest", "source"];

/// Runs one of its commands; returns the exit code.
pub fn run(options: &Db, out: &mut impl Write) -> anyhow::Result<u8> {
    match options {
        Db::Build { from, index } => build(from, &place(index)?, super::now(), out)?,
        Db::Update(options) => return update::run(options, out),
        Db::Status { index } => status(&place(index)?, super::today(), out)?,
        Db::Verify { index } => verify(&place(index)?, super::today(), out)?,
    }
    Ok(0)
}

fn place(index: &IndexPlace) -> anyhow::Result<PathBuf> {
    match &index.advisory_db {
        Some(path) => Ok(path.clone()),
        None => cached(&config(None)?),
    }
}

fn cached(config: &AdvisoryConfig) -> anyhow::Result<PathBuf> {
    run::update::place(config, &super::variable)
        .context("find the cache directory: give --advisory-db INDEX")
}

/// What the configuration of this folder, or another one, says of advisories.
fn config(path: Option<&Path>) -> anyhow::Result<AdvisoryConfig> {
    let file = path.unwrap_or(Path::new(FILE_NAME));
    if path.is_none() && !file.exists() {
        return Ok(AdvisoryConfig::default());
    }
    let name = file.display().to_string();
    let text = fs::read_to_string(file).with_context(|| format!("read `{name}`"))?;
    Ok(Config::parse(&name, &text)?.advisories)
}

fn build(
    from: &[PathBuf],
    place: &Path,
    now: Timestamp,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    anyhow::ensure!(
        !place.is_dir(),
        "write advisory index `{}`: there is a folder of this name",
        place.display()
    );
    let replacement = Replacement::begin(place)?;
    let mut builder = Builder::new(super::today());
    for path in from {
        builder.add_path(path)?;
    }
    let sources = builder.sources().to_vec();
    let bytes = builder.finish(Some(now))?;
    replacement.finish(&bytes)?;
    writeln!(out, "{}: {} bytes", shown(place), bytes.len())?;
    tell(&sources, out)
}

fn status(place: &Path, today: Date, out: &mut impl Write) -> anyhow::Result<()> {
    let index = advisories::open(place, today)?;
    match index.built() {
        Some(built) => writeln!(out, "{}: made at {built}", shown(place))?,
        None => writeln!(out, "{}: a folder, read anew by every scan", shown(place))?,
    }
    let about = index.sources().iter().filter(|source| source.kind.is_about_packages());
    for source in about {
        let names: Vec<String> = source.ecosystems.iter().map(ToString::to_string).collect();
        let name = printable(&source.name);
        let age = source.newest.map_or_else(
            || "of no known day".to_owned(),
            |newest| format!("{} days old", (today - newest).get_days()),
        );
        writeln!(out, "{name}: {}, {age}", names.join(", "))?;
    }
    tell(index.sources(), out)?;
    let kept = Kept::read(place);
    for source in kept.sources().filter(|_| kept.is_of(&index)) {
        tell_kept(source, today, out)?;
    }
    Ok(())
}

/// Tells of a source that was downloaded: when, and by what its server knows whether it has changed.
fn tell_kept(source: &KeptSource, today: Date, out: &mut impl Write) -> anyhow::Result<()> {
    let KeptSource { address, tag, modified, size, .. } = source;
    let days = (today - source.checked().to_zoned(TimeZone::UTC).date()).get_days();
    let validator = match (tag, modified) {
        (Some(tag), _) => format!("ETag {}", printable(tag)),
        (None, Some(modified)) => format!("Last-Modified {}", printable(modified)),
        (None, None) => "no ETag: it is downloaded whole each time".to_owned(),
    };
    let address = printable(address);
    writeln!(out, "{address}: asked {days} days ago, {size} bytes kept, {validator}")?;
    Ok(())
}

fn verify(place: &Path, today: Date, out: &mut impl Write) -> anyhow::Result<()> {
    let index = advisories::open(place, today)?;
    let packages = index.verify()?;
    writeln!(out, "{}: whole, about {packages} packages", shown(place))?;
    Ok(())
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}

/// Tells what an index was made of: a table, and below it what could not be read.
fn tell(sources: &[Source], out: &mut impl Write) -> anyhow::Result<()> {
    let rows = sources.iter().map(row);
    let table: Vec<[String; 7]> = std::iter::once(COLUMNS.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| table.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    for [kind, numbers @ .., newest, name] in &table {
        write!(out, "{kind:<0$}", widths[0])?;
        for (number, width) in numbers.iter().zip(&widths[1..]) {
            write!(out, "  {number:>width$}")?;
        }
        writeln!(out, "  {newest:<0$}  {name}", widths[5])?;
    }
    for source in sources {
        for (file, reason) in &source.named {
            writeln!(out, "could not be read: {}: {}", printable(file), printable(reason))?;
        }
        if let Some(more @ 1..) = source.unreadable.checked_sub(source.named.len()) {
            writeln!(out, "could not be read: {more} more of {}", printable(&source.name))?;
        }
    }
    Ok(())
}

fn row(source: &Source) -> [String; 7] {
    // Of lists of weaknesses only the entries count.
    let count = |count: usize| {
        if matches!(source.kind, SourceKind::Exploited | SourceKind::Likelihoods) && count == 0 {
            "-".to_owned()
        } else {
            count.to_string()
        }
    };
    [
        source.kind.name().to_owned(),
        source.advisories.to_string(),
        count(source.withdrawn),
        count(source.left_out),
        count(source.unreadable),
        source.newest.map_or_else(|| "-".to_owned(), |day| day.to_string()),
        printable(&source.name).into_owned(),
    ]
}
