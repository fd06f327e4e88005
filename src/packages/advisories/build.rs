//! Makes an index of advisory databases: folders, files and archives, each told by its content.
//!
//! A database may be a checkout of `RustSec`, files of OSV in JSON or YAML, the advisories of the PHP community,
//! CISA's list of known exploited vulnerabilities, or the scores of EPSS; each packed or not, and several of
//! them in one folder. What is an advisory and can not be read is counted and named, and too much of it, or a
//! source without any advisory, is an error: half a database must not look like a whole one.

mod file;
mod osv;
mod php;
mod ranking;
mod rustsec;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry},
    fs,
    io::Read,
    mem,
    path::Path,
};

use jiff::{Timestamp, civil::Date};
use rayon::prelude::*;
use thiserror::Error;

use super::{
    Advisory, Likelihood,
    key::{ecosystem_of, release_key},
    wire::{Corrupt, Decoder, Encoder},
    write,
};
use crate::{
    finding::RepoPath,
    packages::Ecosystem,
    sources::archive::{self, Limits, Visitor},
};
use file::Reading;

/// Bytes of one stream or file; an archive of all advisories about npm has a fifth of it.
const MOST_BYTES: u64 = 2 << 30;
/// What is unpacked of an archive. A member is one advisory, or all scores of EPSS.
const LIMITS: Limits =
    Limits { unpacked: 16 << 30, ratio: 1_000, members: 4_000_000, member: 64 << 20 };
/// Bytes of files that are read before they are parsed, on all processors.
const BATCH: usize = 16 << 20;
/// Folders inside each other.
const DEEPEST: usize = 16;
/// One unreadable advisory is borne with, and of more advisories one in so many.
const MOST_UNREADABLE: usize = 50;
/// Unreadable advisories that are named.
const MOST_NAMED: usize = 20;

/// Collects advisories.
#[derive(Debug)]
pub struct Builder {
    today: Date,
    /// By the key of the package and by id.
    advisories: BTreeMap<(String, String), (Advisory, Origin)>,
    withdrawn: BTreeSet<String>,
    exploited: HashMap<String, Date>,
    likelihoods: HashMap<String, Likelihood>,
    sources: Vec<Source>,
}

/// One database that an index was made of, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The folder, file or stream, as it was named.
    pub name: String,
    /// What it holds.
    pub kind: SourceKind,
    /// The registries whose packages it speaks of.
    pub ecosystems: BTreeSet<Ecosystem>,
    /// Advisories that were taken; of [`SourceKind::Exploited`] and [`SourceKind::Likelihoods`] the entries.
    pub advisories: usize,
    /// Advisories that the database has taken back. They are not in the index.
    pub withdrawn: usize,
    /// Advisories that name no versions of a package of a known ecosystem: commits only, or other ecosystems.
    pub left_out: usize,
    /// Advisories that could not be read.
    pub unreadable: usize,
    /// The first of them, each with the reason.
    pub named: Vec<(String, String)>,
    /// The day of the newest change, where its content tells that of most advisories.
    pub newest: Option<Date>,
}

/// What a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceKind {
    /// `RustSec`: Markdown with a head in TOML.
    RustSec,
    /// OSV, in JSON or YAML.
    Osv,
    /// The PHP community's YAML.
    Php,
    /// CISA's list of known exploited vulnerabilities.
    Exploited,
    /// EPSS scores.
    Likelihoods,
}

/// Each kind and its name, by its number in an index.
const KINDS: [(SourceKind, &str); 5] = [
    (SourceKind::RustSec, "RustSec"),
    (SourceKind::Osv, "OSV"),
    (SourceKind::Php, "PHP"),
    (SourceKind::Exploited, "KEV"),
    (SourceKind::Likelihoods, "EPSS"),
];

/// Where the text of an advisory comes from: of two texts the one from the greater origin counts.
#[derive(Debug, PartialEq, PartialOrd)]
struct Origin {
    /// Whether it is in the database's own format, which says more than an export.
    is_native: bool,
    changed: Option<Date>,
}

/// Why no index was made.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The system does not give a file or folder.
    #[error("read advisories of `{name}`: {reason}")]
    Read {
        /// The file or folder.
        name: String,
        /// What the system says.
        reason: String,
    },
    /// An archive is not whole, or over a limit.
    #[error("read advisories of `{name}`: {reason}")]
    Archive {
        /// The archive.
        name: String,
        /// What was not read.
        reason: String,
    },
    /// There is no advisory in a source.
    #[error("no advisory in `{0}`")]
    Empty(String),
    /// Too much of a source can not be read.
    #[error(
        "{count} of {total} advisories of `{name}` can not be read; the first is `{file}`: {reason}"
    )]
    Unreadable {
        /// The source.
        name: String,
        /// How many.
        count: usize,
        /// Of how many.
        total: usize,
        /// The first of them.
        file: String,
        /// Why not.
        reason: String,
    },
    /// The sources hold no advisory about any package.
    #[error("no advisory about any package")]
    NoPackages,
    /// The index would be larger than its format allows.
    #[error("an advisory index can not have more than 4 GiB")]
    TooLarge,
}

impl Builder {
    /// Begins with nothing. No change is taken to be newer than `today`: databases hold slips of the pen.
    pub fn new(today: Date) -> Self {
        Self {
            today,
            advisories: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            exploited: HashMap::new(),
            likelihoods: HashMap::new(),
            sources: Vec::new(),
        }
    }

    /// Takes in a folder with all that is below it, or a file. After an error the builder is of no use any
    /// more: it may hold a part of what failed.
    pub fn add_path(&mut self, path: &Path) -> Result<(), BuildError> {
        let name = path.display().to_string();
        let mut intake = Intake::new(self, &name);
        if path.is_dir() {
            intake.folder(path, DEEPEST)?;
        } else {
            intake.file(path)?;
        }
        intake.finish()
    }

    /// Takes in what a stream gives, a file or an archive, as [`Self::add_path`] does. The name is told to users.
    pub fn add(&mut self, name: &str, stream: impl Read) -> Result<(), BuildError> {
        let mut intake = Intake::new(self, name);
        let bytes = read_all(stream, name)?;
        intake.take(name, bytes)?;
        intake.finish()
    }

    /// Notes a source that could not be had, and what it would be about: that is not to read as if nothing
    /// were known against these packages.
    pub fn miss(&mut self, name: &str, ecosystem: Option<Ecosystem>, reason: &str) {
        let mut source = Source::new(name, SourceKind::Osv);
        source.ecosystems.extend(ecosystem);
        source.miss(name.to_owned(), file::one_line(reason));
        self.sources.push(source);
    }

    /// Notes that the sources from this one on are about one ecosystem. An archive about it may hold advisories
    /// that name packages of others too: of these it is not all that is known.
    pub fn limit(&mut self, first: usize, ecosystem: Ecosystem) {
        let sources = self.sources.iter_mut().skip(first);
        sources.for_each(|source| source.ecosystems = BTreeSet::from([ecosystem]));
    }

    /// What was taken in so far.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The bytes of the index. `built` is when it is made; `None` for one that serves one run only.
    pub fn finish(self, built: Option<Timestamp>) -> Result<Vec<u8>, BuildError> {
        let Self { advisories, withdrawn, exploited, likelihoods, sources, .. } = self;
        let mut packages: Vec<(String, Vec<Advisory>)> = Vec::new();
        for ((key, id), (mut advisory, _)) in advisories {
            if withdrawn.contains(&id) {
                continue;
            }
            rank(&mut advisory, &exploited, &likelihoods);
            match packages.last_mut() {
                Some((last, known)) if *last == key => known.push(advisory),
                _ => packages.push((key, vec![advisory])),
            }
        }
        if packages.is_empty() {
            return Err(BuildError::NoPackages);
        }
        let releases: BTreeSet<String> =
            packages.iter().filter_map(|(key, _)| release_key(key)).map(str::to_owned).collect();
        packages.extend(releases.into_iter().map(|key| (key, Vec::new())));
        write::index(&packages, &sources, built).ok_or(BuildError::TooLarge)
    }

    fn absorb(&mut self, kind: SourceKind, reading: Reading, source: &mut Source) {
        match reading {
            Reading::Advisories(list) if list.is_empty() => source.left_out += 1,
            Reading::Advisories(list) => {
                source.advisories += 1;
                for (key, advisory) in list {
                    source.ecosystems.extend(ecosystem_of(&key));
                    let day = advisory.modified.or(advisory.published);
                    source.newest = source.newest.max(day.filter(|day| *day <= self.today));
                    let origin = Origin { is_native: kind != SourceKind::Osv, changed: day };
                    self.insert(key, advisory, origin);
                }
            }
            Reading::Withdrawn(id) => {
                source.withdrawn += 1;
                self.withdrawn.insert(id);
            }
            Reading::Exploited(entries, day) => {
                source.advisories += entries.len();
                source.newest = source.newest.max(day);
                self.exploited.extend(entries);
            }
            Reading::Likelihoods(entries, day) => {
                source.advisories += entries.len();
                source.newest = source.newest.max(day);
                self.likelihoods.extend(entries);
            }
        }
    }

    fn insert(&mut self, key: String, advisory: Advisory, origin: Origin) {
        match self.advisories.entry((key, advisory.id.clone())) {
            Entry::Vacant(place) => drop(place.insert((advisory, origin))),
            Entry::Occupied(mut place) => {
                let (before, known) = place.get_mut();
                let mut other = advisory;
                if *known <= origin {
                    mem::swap(before, &mut other);
                    *known = origin;
                }
                complete(before, other);
            }
        }
    }
}

/// Fills in what one text of an advisory does not say and another text of it does.
fn complete(advisory: &mut Advisory, other: Advisory) {
    advisory.aliases.extend(other.aliases);
    file::sort_aliases(advisory);
    let fill = |to: &mut Vec<String>, from| {
        if to.is_empty() {
            *to = from;
        }
    };
    fill(&mut advisory.vectors, other.vectors);
    if advisory.summary.is_empty() {
        advisory.summary = other.summary;
    }
    if advisory.functions.is_empty() {
        advisory.functions = other.functions;
    }
    if advisory.weaknesses.is_empty() {
        advisory.weaknesses = other.weaknesses;
    }
    advisory.published = advisory.published.or(other.published);
    advisory.modified = advisory.modified.max(other.modified);
    advisory.severity = advisory.severity.take().or(other.severity);
    advisory.url = advisory.url.take().or(other.url);
}

/// Adds what is known of the exploitation of its CVE ids.
fn rank(
    advisory: &mut Advisory,
    exploited: &HashMap<String, Date>,
    likelihoods: &HashMap<String, Likelihood>,
) {
    let days = advisory.names().filter_map(|name| exploited.get(name)).copied();
    let likely = advisory.names().filter_map(|name| likelihoods.get(name)).copied();
    let (day, likelihood) =
        (days.min(), likely.max_by(|one, other| one.probability.total_cmp(&other.probability)));
    (advisory.known_exploited, advisory.likelihood) = (day, likelihood);
}

/// The taking in of one source.
struct Intake<'b> {
    builder: &'b mut Builder,
    name: &'b str,
    batch: Vec<(String, Vec<u8>)>,
    size: usize,
    found: BTreeMap<SourceKind, Source>,
    /// How many advisories name no day.
    undated: BTreeMap<SourceKind, usize>,
}

impl<'b> Intake<'b> {
    fn new(builder: &'b mut Builder, name: &'b str) -> Self {
        let (found, undated) = (BTreeMap::new(), BTreeMap::new());
        Self { builder, name, batch: Vec::new(), size: 0, found, undated }
    }

    /// Takes in a folder. Hidden files and links are passed over.
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), BuildError> {
        let failed = |error: std::io::Error| BuildError::Read {
            name: folder.display().to_string(),
            reason: error.to_string(),
        };
        let mut entries = fs::read_dir(folder)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let kind = entry.file_type().map_err(failed)?;
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if kind.is_file() {
                self.file(&entry.path())?;
            } else if kind.is_dir() {
                let depth = depth.checked_sub(1).ok_or_else(|| BuildError::Read {
                    name: folder.display().to_string(),
                    reason: format!("more than {DEEPEST} folders inside each other"),
                })?;
                self.folder(&entry.path(), depth)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), BuildError> {
        let name = path.to_string_lossy().replace('\\', "/");
        let opened = fs::File::open(path)
            .map_err(|error| BuildError::Read { name: name.clone(), reason: error.to_string() })?;
        let bytes = read_all(opened, &name)?;
        self.take(&name, bytes)
    }

    /// Takes in a file, or the members of an archive.
    fn take(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), BuildError> {
        if !file::is_archive(&bytes) {
            self.keep(name, bytes);
            return Ok(());
        }
        let mut visitor = Visitor {
            wants: &|_| true,
            is_over: &|| false,
            take: &mut |member, bytes| {
                if !file::is_hidden(member) {
                    self.keep(member, bytes);
                }
            },
        };
        let missed = archive::read(&RepoPath::new(name), &bytes, &LIMITS, &mut visitor);
        match missed.words() {
            Some(reason) if missed.is_incomplete() => {
                Err(BuildError::Archive { name: name.to_owned(), reason })
            }
            _ => Ok(()),
        }
    }

    fn keep(&mut self, name: &str, bytes: Vec<u8>) {
        self.size += bytes.len();
        self.batch.push((name.to_owned(), bytes));
        if self.size > BATCH {
            self.parse();
        }
    }

    fn parse(&mut self) {
        self.size = 0;
        let batch = mem::take(&mut self.batch).into_par_iter();
        let read: Vec<_> = batch
            .filter_map(|(name, bytes)| file::read(&name, &bytes).map(|read| (name, read)))
            .collect();
        for (file, (kind, reading)) in read {
            let name = self.name;
            let source = self.found.entry(kind).or_insert_with(|| Source::new(name, kind));
            if reading.as_ref().is_ok_and(Reading::is_undated) {
                *self.undated.entry(kind).or_default() += 1;
            }
            match reading {
                Ok(reading) => self.builder.absorb(kind, reading, source),
                Err(reason) => source.miss(file, reason),
            }
        }
    }

    fn finish(mut self) -> Result<(), BuildError> {
        self.parse();
        for (kind, source) in &mut self.found {
            // Of a database that writes most of its advisories without a day, as Go's repository does, the
            // newest of the others says nothing.
            let undated = self.undated.get(kind).copied().unwrap_or_default();
            source.newest = source.newest.filter(|_| undated * 2 < source.advisories.max(1));
        }
        let sources: Vec<Source> = self.found.into_values().collect();
        for source in &sources {
            let read = source.advisories + source.withdrawn + source.left_out;
            let total = read + source.unreadable;
            let is_too_much = source.unreadable > 1 && source.unreadable > total / MOST_UNREADABLE;
            if let Some((file, reason)) = source.named.first()
                && (is_too_much || read == 0)
            {
                return Err(BuildError::Unreadable {
                    name: self.name.to_owned(),
                    count: source.unreadable,
                    total,
                    file: file.clone(),
                    reason: reason.clone(),
                });
            }
        }
        if sources.iter().all(|source| source.advisories + source.withdrawn == 0) {
            return Err(BuildError::Empty(self.name.to_owned()));
        }
        self.builder.sources.extend(sources);
        Ok(())
    }
}

fn read_all(stream: impl Read, name: &str) -> Result<Vec<u8>, BuildError> {
    let failed = |reason| BuildError::Read { name: name.to_owned(), reason };
    let mut bytes = Vec::new();
    let read = stream.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(failed(format!("more than {} GiB", MOST_BYTES >> 30)));
    }
    Ok(bytes)
}

impl SourceKind {
    /// Whether it holds advisories about packages, and not only how urgent they are.
    pub fn is_about_packages(self) -> bool {
        matches!(self, Self::RustSec | Self::Osv | Self::Php)
    }

    /// Its name, as its users know it.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| *name)
    }
}

impl Source {
    /// Whether nothing of it could be had.
    pub fn is_missing(&self) -> bool {
        self.advisories + self.withdrawn + self.left_out == 0
    }

    fn new(name: &str, kind: SourceKind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            ecosystems: BTreeSet::new(),
            advisories: 0,
            withdrawn: 0,
            left_out: 0,
            unreadable: 0,
            named: Vec::new(),
            newest: None,
        }
    }

    fn miss(&mut self, file: String, reason: String) {
        self.unreadable += 1;
        if self.named.len() < MOST_NAMED {
            self.named.push((file, reason));
        }
    }

    /// Writes the sources of an index.
    pub(super) fn encode_all(sources: &[Self], to: &mut Encoder) {
        to.list(sources, |to, source| {
            to.text(&source.name);
            let number = KINDS.iter().position(|(kind, _)| *kind == source.kind);
            to.number(number.unwrap_or_default() as u64);
            let names: Vec<String> = source.ecosystems.iter().map(ToString::to_string).collect();
            to.texts(&names);
            for count in [source.advisories, source.withdrawn, source.left_out, source.unreadable] {
                to.number(count as u64);
            }
            to.list(&source.named, |to, (file, reason)| {
                to.text(file);
                to.text(reason);
            });
            to.date(source.newest);
        });
    }

    /// Reads what [`Self::encode_all`] wrote.
    pub(super) fn decode_all(from: &mut Decoder<'_>) -> Result<Vec<Self>, Corrupt> {
        let sources = from.list(|from| {
            Ok(Self {
                name: from.text()?,
                kind: KINDS.get(from.size()?).ok_or(Corrupt)?.0,
                ecosystems: from
                    .list(|from| Ecosystem::of_name(from.str()?).ok_or(Corrupt))?
                    .into_iter()
                    .collect(),
                advisories: from.size()?,
                withdrawn: from.size()?,
                left_out: from.size()?,
                unreadable: from.size()?,
                named: from.list(|from| Ok((from.text()?, from.text()?)))?,
                newest: from.date()?,
            })
        })?;
        from.end()?;
        Ok(sources)
    }
}

#[cfg(test)]
mod tests;
