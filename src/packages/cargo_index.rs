//! What cargo keeps of its index on this machine, `$CARGO_HOME/registry/index/*/.cache`: which versions of a package
//! there are, what they require, and which were withdrawn.
//!
//! One file for each crate, as cargo's own source has it (`sources/registry/index/cache.rs`): a byte for the version
//! of the cache, four for that of the index, little-endian, a text that says when it is to be asked for anew, and
//! then for each release its version and its line of the index, each ended by a NUL byte. It may be older than the
//! registry, and is read without asking anybody.

mod tail;

use std::{
    collections::HashMap,
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Deserialize;

use super::registry::{Listing, cargo};
use tail::{Said, Tail};

/// The version of the cache that is known, and that of the index, as cargo writes them.
const HEADER: [u8; 5] = [3, 2, 0, 0, 0];
/// Larger files are not read. The longest at the registry has some 10 MiB.
const LARGEST: u64 = 32 << 20;
/// Releases of which it is kept what they require.
const MOST_KEPT: usize = 20_000;
/// What cargo calls the folders of its default registry: that of today, and those of the index in git.
const DEFAULT: [&str; 3] =
    [concat!("index.", "crates.io-"), "github.com-1ecc6299db9ec823", "github.com-25cdd57fae9f0462"];

/// The part of cargo's index that is on this machine. Nothing is read before it is asked.
#[derive(Debug)]
pub struct CargoIndex {
    /// Those of several versions of cargo, the one that was used last first.
    folders: Vec<PathBuf>,
    /// What was read for [`Self::is_yanked`]: many lockfiles ask about the same crates.
    tails: Mutex<HashMap<String, Tail>>,
    /// What was said of releases, as far as it was asked for.
    details: Mutex<HashMap<Version, Option<Arc<Details>>>>,
}

/// A crate's name and version.
type Version = (String, String);

/// What the index says of one package.
#[derive(Debug, Default)]
pub struct Releases {
    text: String,
}

/// One release of a package.
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    /// Its version.
    pub version: &'a str,
    line: &'a str,
}

/// What the index says of a release.
#[derive(Debug, Deserialize)]
pub struct Details {
    /// Whether it was withdrawn: cargo keeps it where it is locked, and takes it nowhere else.
    #[serde(default)]
    pub yanked: bool,
    #[serde(rename = "deps")]
    dependencies: Vec<Dependency>,
}

/// What a release requires of another package, which it may call otherwise.
#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    package: Option<String>,
    #[serde(rename = "req")]
    requirement: String,
    kind: Option<String>,
    #[serde(default)]
    optional: bool,
}

impl CargoIndex {
    /// Finds the index in cargo's home: that of the default registry, or of the host that stands in its place.
    /// None if there is none.
    pub fn find(cargo_home: &Path, mirror: Option<&str>) -> Option<Self> {
        let is_one = |name: &str| match mirror {
            Some(host) => name.strip_prefix(host).is_some_and(|rest| rest.starts_with('-')),
            None => DEFAULT.iter().any(|known| name.starts_with(known)),
        };
        let entries = fs::read_dir(cargo_home.join("registry/index")).ok()?;
        let folders = entries.flatten().filter(|it| it.file_name().to_str().is_some_and(is_one));
        let folders = folders.map(|it| it.path().join(".cache")).filter(|it| it.is_dir());
        let used = |folder: &PathBuf| {
            fs::metadata(folder.with_file_name("config.json")).ok()?.modified().ok()
        };
        let mut folders: Vec<PathBuf> = folders.collect();
        folders.sort_by_cached_key(|folder| std::cmp::Reverse(used(folder)));
        (!folders.is_empty()).then(|| Self {
            folders,
            tails: Mutex::default(),
            details: Mutex::default(),
        })
    }

    /// Whether one version of a crate is yanked; none if nothing is said of it.
    ///
    /// Of most files a few kilobytes are read, once, and nothing is parsed that does not speak of yanking: this is
    /// done for each package of each lockfile, each time in the same `memory`.
    pub fn is_yanked(&self, name: &str, version: &str, memory: &mut Vec<u8>) -> Option<bool> {
        let said = locked(&self.tails).get(name).map_or(Said::More, |tail| tail.of(version));
        match said {
            Said::Stands => Some(false),
            Said::Unknown => None,
            Said::MayBeYanked | Said::More => {
                let line = self.read_tail(name, version, memory)?;
                tail::is_yanked(version, line)
            }
        }
    }

    /// What is said of one version of a crate.
    pub fn details(&self, name: &str, version: &str) -> Option<Arc<Details>> {
        let key = (name.to_owned(), version.to_owned());
        if let Some(known) = locked(&self.details).get(&key) {
            return known.clone();
        }
        let mut memory = Vec::new();
        let line = self.read_tail(name, version, &mut memory);
        let details = line.and_then(|line| serde_json::from_str(line).ok()).map(Arc::new);
        let mut known = locked(&self.details);
        if known.len() < MOST_KEPT {
            known.insert(key, details.clone());
        }
        details
    }

    /// The line of one version, of whose file no more is read than must be.
    fn read_tail<'b>(&self, name: &str, version: &str, memory: &'b mut Vec<u8>) -> Option<&'b str> {
        let (tail, line) = match self.files(name).find_map(|path| File::open(path).ok()) {
            Some(file) => Tail::read(&file, version, memory)?,
            None => (Tail::empty(), None),
        };
        let mut tails = locked(&self.tails);
        if tails.get(name).is_none_or(|known| tail.is_longer(known)) {
            tails.insert(name.to_owned(), tail);
        }
        line
    }

    /// The releases of a crate; none if cargo has not looked at it, or keeps it in another form.
    pub fn releases(&self, name: &str) -> Releases {
        let read = |file: PathBuf| read(bytes(&file)?);
        self.files(name).find_map(read).unwrap_or_default()
    }

    /// All that is said of a crate as registries say it, and the day of which it is.
    pub fn listing(&self, name: &str) -> Option<(Listing, Option<Date>)> {
        self.files(name).find_map(|file| {
            let changed = fs::metadata(&file).ok()?.modified().ok();
            let changed = changed.and_then(|at| Timestamp::try_from(at).ok());
            let listing = read(bytes(&file)?)?.listing()?;
            Some((listing, changed.map(|at| at.to_zoned(TimeZone::UTC).date())))
        })
    }

    fn files(&self, name: &str) -> impl Iterator<Item = PathBuf> {
        let path = cargo::path(name);
        self.folders.iter().filter_map(move |folder| Some(folder.join(path.as_ref()?)))
    }
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bytes(path: &Path) -> Option<Vec<u8>> {
    let file = File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()?);
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Reads a file of the cache; none if it is of a version that is not known, or no text.
fn read(bytes: Vec<u8>) -> Option<Releases> {
    let mut text = String::from_utf8(bytes).ok()?;
    let rest = text.strip_prefix(str::from_utf8(&HEADER).ok()?)?;
    let start = HEADER.len() + memchr::memchr(0, rest.as_bytes())? + 1;
    text.drain(..start);
    Some(Releases { text })
}

fn one(line: &str, version: &str) -> Option<super::registry::Release> {
    cargo::release(line).ok().filter(|release| release.version == version)
}

impl Releases {
    /// The releases in the order in which they came to the registry.
    pub fn iter(&self) -> impl Iterator<Item = Release<'_>> {
        let mut parts = self.text.split_terminator('\0');
        std::iter::from_fn(move || Some(Release { version: parts.next()?, line: parts.next()? }))
    }

    /// As registries say it; none where a line is not that of its version.
    fn listing(&self) -> Option<Listing> {
        let releases = self.iter().map(|release| one(release.line, release.version));
        Some(Listing { releases: releases.collect::<Option<_>>()?, latest: None })
    }

    /// The release of a version.
    pub fn find(&self, version: &str) -> Option<Release<'_>> {
        self.iter().find(|release| release.version == version)
    }
}

impl Release<'_> {
    /// Whether it was withdrawn: cargo keeps it where it is locked, and takes it nowhere else. None if that can not
    /// be read.
    pub fn is_yanked(&self) -> Option<bool> {
        tail::is_yanked(self.version, self.line)
    }

    /// What the index says of it; none if that can not be read.
    pub fn details(&self) -> Option<Details> {
        serde_json::from_str(self.line).ok()
    }
}

impl Details {
    /// The packages that it requires to be built, each with the versions that will do.
    pub fn built_with(&self) -> impl Iterator<Item = (&str, &str)> {
        self.dependencies.iter().filter(|one| one.is_built()).map(Dependency::stated)
    }

    /// Those of them that come with every choice of features.
    pub fn always_built_with(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_one = |one: &&Dependency| one.is_built() && !one.optional;
        self.dependencies.iter().filter(is_one).map(Dependency::stated)
    }
}

impl Dependency {
    fn is_built(&self) -> bool {
        self.kind.as_deref() != Some("dev")
    }

    fn stated(&self) -> (&str, &str) {
        (self.package.as_ref().unwrap_or(&self.name), &self.requirement)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A cache file of these versions and lines.
    fn cache_file(releases: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        bytes.extend(b"etag: W/\"x\"\0");
        for (version, line) in releases {
            bytes.extend(format!("{version}\0{line}\0").bytes());
        }
        bytes
    }

    /// Makes an index that holds these releases of a package.
    pub(crate) fn write_cache(home: &Path, package: &str, releases: &[(&str, &str)]) -> CargoIndex {
        let folder = home.join("registry/index").join(DEFAULT[1]).join(".cache");
        let path = folder.join(cargo::path(package).unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, cache_file(releases)).unwrap();
        CargoIndex::find(home, None).unwrap()
    }

    /// What a cache tells that holds these versions and lines.
    pub(crate) fn known(releases: &[(&str, &str)]) -> Releases {
        read(cache_file(releases)).unwrap()
    }

    fn line(version: &str, is_yanked: bool) -> String {
        format!("{{\"name\":\"a-b\",\"vers\":\"{version}\",\"yanked\":{is_yanked}}}")
    }

    const LINE: &str = r#"{"name":"foo","vers":"1.0.0","deps":[
        {"name":"bar","req":"^0.4","kind":"normal"},{"name":"old","package":"bar","req":"^0.3"},
        {"name":"bar","req":"*","kind":"dev"}],"cksum":"00","features":{},"yanked":true}"#;

    #[test]
    fn a_release_tells_what_it_requires_and_whether_it_was_withdrawn() {
        let home = tempfile::tempdir().unwrap();
        let index = write_cache(home.path(), "Foo", &[("0.9.0", "{"), ("1.0.0", LINE)]);
        let known = index.releases("Foo");
        let versions: Vec<_> = known.iter().map(|release| release.version).collect();
        assert_eq!(versions, ["0.9.0", "1.0.0"]);
        assert!(known.find("0.9.0").unwrap().details().is_none());
        let details = known.find("1.0.0").unwrap().details().unwrap();
        assert!(details.yanked);
        assert_eq!(details.built_with().collect::<Vec<_>>(), [("bar", "^0.4"), ("bar", "^0.3")]);
        assert!(index.listing("Foo").is_none());
        assert_eq!(index.releases("../Foo").iter().count(), 0);
    }

    #[test]
    fn one_version_is_found_wherever_it_stands() {
        let versions: Vec<String> = (0..2_000).map(|number| format!("1.{number}.0")).collect();
        let lines: Vec<String> = versions.iter().map(|it| line(it, it.ends_with("7.0"))).collect();
        let all: Vec<(&str, &str)> =
            versions.iter().zip(&lines).map(|(version, line)| (&**version, &**line)).collect();
        let home = tempfile::tempdir().unwrap();
        let index = write_cache(home.path(), "a--b", &all);
        let mut memory = Vec::new();
        for version in ["1.7.0", "1.1997.0", "1.0.0", "1.1999.0", "1.7.0"] {
            let is_yanked = index.is_yanked("a--b", version, &mut memory);
            assert_eq!(is_yanked, Some(version.ends_with("7.0")), "{version}");
        }
        assert_eq!(index.is_yanked("a--b", "1.2000.0", &mut memory), None);
        assert_eq!(index.is_yanked("other", "1.0.0", &mut memory), None);
        assert_eq!(index.listing("a--b").unwrap().0.releases.len(), 2_000);
    }

    #[test]
    fn a_cache_of_another_version_says_nothing() {
        let mut bytes = cache_file(&[("1.0.0", LINE)]);
        assert!(read(bytes.clone()).is_some());
        bytes[1] = 3;
        assert!(read(bytes.clone()).is_none());
        (bytes[0], bytes[1]) = (4, 2);
        assert!(read(bytes).is_none() && read(Vec::new()).is_none());
    }

    #[test]
    fn the_index_of_another_registry_is_not_taken_for_the_default_one() {
        let home = tempfile::tempdir().unwrap();
        let other = home.path().join("registry/index/crates.example.org-0123456789abcdef/.cache");
        fs::create_dir_all(other).unwrap();
        assert!(CargoIndex::find(home.path(), None).is_none());
        assert!(CargoIndex::find(home.path(), Some("crates.example.org")).is_some());
        assert!(CargoIndex::find(home.path(), Some("crates.example")).is_none());
    }

    proptest! {
        #[test]
        fn a_damaged_cache_is_read_or_refused(at in any::<prop::sample::Index>(), put in prop::collection::vec(any::<u8>(), 0..8)) {
            let mut bytes = cache_file(&[("1.0.0", LINE), ("1.1.0", LINE)]);
            let at = at.index(bytes.len());
            let end = (at + 4).min(bytes.len());
            bytes.splice(at..end, put);
            let releases = read(bytes).unwrap_or_default();
            let _ = releases.listing();
            for release in releases.iter() {
                drop(release.details());
            }
        }
    }
}
