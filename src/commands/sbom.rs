//! `seaworthy sbom`: the packages of all lockfiles of a folder as one document.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

use anyhow::Context as _;
use globset::GlobSet;
use jiff::Timestamp;

use super::output;
use crate::{
    cli::{BillFormat, Sbom},
    config::{Config, FILE_NAME, Size},
    engines::secret::{masker::Masker, scanner::Scanner},
    finding::RepoPath,
    packages::{
        lockfile::{self, Fault, Lockfile},
        sbom::{Bill, Listed, cyclonedx, spdx},
    },
    rule::RuleSet,
    run,
    sources::{Entry, FolderTree, Tree, file::printable, repository::Repository},
};

/// The variable by which builds that can be repeated tell the time: <https://reproducible-builds.org/specs/source-date-epoch/>.
const TIME: &str = "SOURCE_DATE_EPOCH";
/// Ends a run that could not read everything.
const INCOMPLETE: u8 = 3;

/// Writes the document, tells on stderr what it lacks, and returns the exit code.
pub fn run(options: &Sbom) -> anyhow::Result<u8> {
    let repository = Repository::discover(&options.path)?;
    let tree = Tree::Folder(FolderTree::open(&options.path, repository.as_ref())?);
    let scanner = Scanner::new(&RuleSet::baked());
    let masker = Masker::plain(&scanner);
    let hide = |text: &str| masker.quote(text).as_str().to_owned();
    let Gathered { lockfiles, missing, is_incomplete } = gather(&tree, &hide)?;
    let bill = Bill::new(&folder_name(&options.path), &lockfiles, missing, &hide);
    let text = written(&bill, options.format)?;
    match &options.output {
        Some(path) => output::write_file(path, &text)?,
        None => drop(super::ended(BufWriter::new(io::stdout().lock()).write_all(&text))?),
    }
    for line in bill.missing() {
        writeln!(io::stderr(), "not in the bill: {}", printable(line))?;
    }
    Ok(if is_incomplete { INCOMPLETE } else { 0 })
}

fn folder_name(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    whole.file_name().map_or_else(|| "project".into(), |name| name.to_string_lossy().into_owned())
}

fn written(bill: &Bill, format: BillFormat) -> anyhow::Result<Vec<u8>> {
    let told = told_time()?;
    let text = match format {
        BillFormat::Cyclonedx => serde_json::to_vec_pretty(&cyclonedx::document(bill, told)?),
        BillFormat::Spdx => {
            let created = told.unwrap_or_else(super::now);
            serde_json::to_vec_pretty(&spdx::document(bill, created)?)
        }
    };
    let mut text = text.context("write the document")?;
    text.push(b'\n');
    Ok(text)
}

/// The time that the environment tells, in seconds since 1970.
fn told_time() -> anyhow::Result<Option<Timestamp>> {
    let Some(text) = super::variable(TIME).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let seconds = text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    seconds.map(Some).with_context(|| format!("use {TIME}: not a number of seconds since 1970"))
}

/// The lockfiles of a tree.
#[derive(Default)]
struct Gathered {
    lockfiles: Vec<Listed>,
    /// What is not in them, in one line each.
    missing: Vec<String>,
    /// Whether anything of that should have been read and could not be.
    is_incomplete: bool,
}

fn gather(tree: &Tree, hide: &dyn Fn(&str) -> String) -> anyhow::Result<Gathered> {
    let excluded = excluded(tree)?;
    let is_asked =
        |path: &RepoPath| lockfile::format_of(path).is_some() && !excluded.is_match(path.as_str());
    let mut gathered = Gathered::default();
    for gap in tree.gaps() {
        if gap.incomplete || is_asked(&RepoPath::new(&gap.subject)) {
            gathered.miss(format!("{}: {}", gap.subject, gap.reason));
        }
    }
    for entry in tree.entries().iter().filter(|entry| is_asked(&entry.path)) {
        match read(tree, entry) {
            Ok(listed) => gathered.take(listed, hide),
            Err(reason) => gathered.miss(format!("{}: {reason}", entry.path)),
        }
    }
    if gathered.lockfiles.is_empty() && gathered.missing.is_empty() {
        gathered.miss("there is no lockfile".to_owned());
    }
    Ok(gathered)
}

/// What the configuration of the tree leaves out.
fn excluded(tree: &Tree) -> anyhow::Result<GlobSet> {
    match tree.find(FILE_NAME) {
        Some(entry) => run::exclude(&Config::parse(FILE_NAME, tree.read(entry)?.text())?),
        None => Ok(GlobSet::empty()),
    }
}

fn read(tree: &Tree, entry: &Entry) -> Result<Listed, String> {
    let most = Size::default().bytes();
    if entry.size > most {
        return Err(format!("over the size limit of {most} bytes"));
    }
    let file = tree.read(entry).map_err(|error| error.to_string())?;
    let lockfile = lockfile::read(&file).map_err(|malformed| malformed.to_string())?;
    Ok(Listed { file, lockfile })
}

impl Gathered {
    fn miss(&mut self, line: String) {
        self.missing.push(line);
        self.is_incomplete = true;
    }

    fn take(&mut self, listed: Listed, hide: &dyn Fn(&str) -> String) {
        let Listed { file, lockfile: Lockfile { left_out, includes, .. } } = &listed;
        let path = file.path();
        let told =
            |Fault { at, reason }: &Fault| format!("{path}: line {}: {reason}", file.line_of(*at));
        self.missing.extend(left_out.iter().map(told));
        let is_other = |name: &&String| lockfile::format_of(&RepoPath::new(name)).is_none();
        let others = includes.iter().filter(is_other);
        self.missing.extend(others.map(|name| format!("{path}: it takes in {}", hide(name))));
        self.lockfiles.push(listed);
    }
}
