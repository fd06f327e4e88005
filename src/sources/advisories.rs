//! What is known against packages: a checkout of the `RustSec` advisory database, read as far as it is asked.
//!
//! Opening lists the packages; the advisories of a package are read when someone asks for it, once. A
//! folder that holds no advisories is an error: it must never look like a package without faults.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use rustsec::{
    advisory::{self, Informational, Versions},
    semver::{Op, Prerelease, Version, VersionReq},
};

use super::SourceError;

/// An advisory database.
pub struct Advisories {
    crates: PathBuf,
    packages: BTreeMap<String, OnceLock<Result<Vec<Advisory>, String>>>,
    date: OnceLock<Result<String, String>>,
}

/// One advisory.
#[derive(Debug, Clone)]
pub struct Advisory {
    /// `RUSTSEC-2023-0001`.
    pub id: String,
    /// Its other ids: CVE first, then in the order of the database.
    pub aliases: Vec<String>,
    /// One line.
    pub title: String,
    /// `2023-01-04`.
    pub date: String,
    /// What it is about.
    pub kind: Kind,
    /// The CVSS base score, 0 to 10.
    pub score: Option<f64>,
    /// The platforms that it is limited to, `windows`, `x86`; empty means all.
    pub platforms: Vec<String>,
    versions: Versions,
}

/// What an advisory is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It can be attacked.
    Vulnerability,
    /// Safe code can break memory safety through it.
    Unsound,
    /// Nobody repairs it any more.
    Unmaintained,
    /// Worth knowing.
    Notice,
}

impl Advisories {
    /// Opens the checkout in `folder`, which holds `crates/<package>/<id>.md`.
    pub fn open(folder: &Path) -> Result<Self, SourceError> {
        let crates = folder.join("crates");
        let packages =
            folders(&crates).map_err(|error| not_a_database(folder, &error.to_string()))?;
        let advisories = Self {
            packages: packages.into_iter().map(|name| (name, OnceLock::new())).collect(),
            crates,
            date: OnceLock::new(),
        };
        // Any folder may have a `crates` in it; one that can not be read as advisories shows at once.
        let Some(first) = advisories.packages.keys().next() else {
            return Err(not_a_database(folder, "its folder `crates` is empty"));
        };
        advisories.of(first).map_err(|error| not_a_database(folder, &error.to_string()))?;
        Ok(advisories)
    }

    /// The advisories about a package, withdrawn ones left out. None are known about most packages.
    pub fn of(&self, package: &str) -> Result<&[Advisory], SourceError> {
        let Some((name, read)) = self.packages.get_key_value(package) else { return Ok(&[]) };
        match read.get_or_init(|| load(&self.crates.join(name))) {
            Ok(advisories) => Ok(advisories),
            Err(reason) => Err(self.error(name, reason)),
        }
    }

    /// The day up to which the database knows: the date of the advisory with the highest number.
    pub fn date(&self) -> Result<&str, SourceError> {
        let read = || -> Result<String, String> {
            let mut newest = None;
            for name in self.packages.keys() {
                let files = advisory_files(&self.crates.join(name)).map_err(|e| e.to_string())?;
                newest = newest.max(files.into_iter().next_back().map(|file| (file, name)));
            }
            let (file, name) = newest.ok_or("there is no advisory")?;
            let newest = advisory::Advisory::load_file(self.crates.join(name).join(file));
            Ok(newest.map_err(|error| error.to_string())?.metadata.date.to_string())
        };
        match self.date.get_or_init(read) {
            Ok(date) => Ok(date),
            Err(reason) => Err(self.error("", reason)),
        }
    }

    fn error(&self, name: &str, reason: &str) -> SourceError {
        let path = self.crates.join(name).display().to_string();
        SourceError::Read { path, reason: reason.to_owned() }
    }
}

fn not_a_database(folder: &Path, reason: &str) -> SourceError {
    let path = folder.display().to_string();
    SourceError::Read { path, reason: format!("not an advisory database: {reason}") }
}

fn folders(crates: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(crates)? {
        let entry = entry?;
        let name = entry.file_name().into_string().unwrap_or_default();
        if !name.is_empty() && !name.starts_with('.') && entry.file_type()?.is_dir() {
            names.push(name);
        }
    }
    Ok(names)
}

/// The names of the advisories in a package's folder, oldest first.
fn advisory_files(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().into_string().unwrap_or_default();
        if Path::new(&name).extension().is_some_and(|extension| extension == "md")
            && !advisory::Advisory::is_draft(Path::new(&name))
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn load(folder: &Path) -> Result<Vec<Advisory>, String> {
    let files = advisory_files(folder).map_err(|error| error.to_string())?;
    if files.is_empty() {
        return Err("holds no advisory".to_owned());
    }
    let mut advisories = Vec::new();
    for name in files {
        let read = advisory::Advisory::load_file(folder.join(&name));
        let read = read.map_err(|error| format!("{name}: {error}"))?;
        let metadata = &read.metadata;
        if folder.file_name().is_none_or(|package| package != metadata.package.as_str()) {
            return Err(format!("{name}: speaks of another package"));
        }
        if name != format!("{}.md", metadata.id) {
            return Err(format!("{name}: has another id inside"));
        }
        let is_public = metadata.source.as_ref().is_none_or(rustsec::SourceId::is_default_registry);
        if is_public && !read.withdrawn() {
            advisories.push(Advisory::from(read));
        }
    }
    Ok(advisories)
}

impl From<advisory::Advisory> for Advisory {
    fn from(read: advisory::Advisory) -> Self {
        let advisory::Advisory { metadata, affected, versions } = read;
        let mut aliases: Vec<String> = metadata.aliases.iter().map(ToString::to_string).collect();
        aliases.sort_by_key(|alias| !alias.starts_with("CVE-"));
        let affected = affected.unwrap_or_default();
        let systems = affected.os.iter().map(|system| system.as_str().to_owned());
        let processors = affected.arch.iter().map(|processor| processor.as_str().to_owned());
        Self {
            id: metadata.id.to_string(),
            aliases,
            title: metadata.title,
            date: metadata.date.to_string(),
            kind: match metadata.informational {
                None => Kind::Vulnerability,
                Some(Informational::Unsound) => Kind::Unsound,
                Some(Informational::Unmaintained) => Kind::Unmaintained,
                Some(_) => Kind::Notice,
            },
            score: metadata.cvss.map(|vector| vector.score()),
            platforms: systems.chain(processors).collect(),
            versions,
        }
    }
}

impl Advisory {
    /// Whether the advisory speaks of this version.
    pub fn affects(&self, version: &Version) -> bool {
        self.versions.is_vulnerable(version)
    }

    /// The versions in which it is repaired, as requirements: `>=1.18.4, <1.19.0`.
    pub fn repaired_in(&self) -> impl Iterator<Item = String> {
        self.versions.patched().iter().map(ToString::to_string)
    }

    /// The smallest version of each range in which it is repaired.
    pub fn repairs(&self) -> impl Iterator<Item = Version> {
        self.versions.patched().iter().filter_map(smallest)
    }
}

/// The smallest version that meets a requirement.
fn smallest(requirement: &VersionReq) -> Option<Version> {
    let lower = requirement
        .comparators
        .iter()
        .find(|comparator| !matches!(comparator.op, Op::Less | Op::LessEq | Op::Wildcard))?;
    let mut version =
        Version::new(lower.major, lower.minor.unwrap_or_default(), lower.patch.unwrap_or_default());
    version.pre = lower.pre.clone();
    if lower.op == Op::Greater {
        version.patch += u64::from(version.pre.is_empty());
        version.pre = Prerelease::EMPTY;
    }
    requirement.matches(&version).then_some(version)
}
