//! What cargo keeps of its index on this machine: `$CARGO_HOME/registry/index/*/.cache`.
//!
//! One file for each crate: a byte for the version of the cache, four for that of the index, little-endian, a text
//! that says when it is to be asked for anew, and then for each version its number and its line of the index, each
//! ended by a NUL byte. It may be older than the registry, and is read without asking anybody.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use memchr::memmem;

use super::{Listing, Release, cargo};

/// The version of the cache that is known, and that of the index, as cargo writes them.
const HEADER: [u8; 5] = [3, 2, 0, 0, 0];
/// Larger files are not read.
const LARGEST: u64 = 16 << 20;
/// Lockfiles name recent versions, and those stand last: so many bytes are read first.
const LAST: u64 = 8 << 10;
/// What cargo calls the folders of its default registry: that of today, and those of the index in git.
const DEFAULT: [&str; 3] =
    [concat!("index.", "crates.io-"), "github.com-1ecc6299db9ec823", "github.com-25cdd57fae9f0462"];

/// The part of cargo's index that is on this machine.
#[derive(Debug, Clone)]
pub struct LocalIndex {
    /// Those of several versions of cargo, the one that was used last first.
    folders: Vec<PathBuf>,
}

impl LocalIndex {
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
        (!folders.is_empty()).then_some(Self { folders })
    }

    /// Whether one version of a crate is yanked; none if nothing is said of it.
    ///
    /// Of most files a few kilobytes are read, and nothing is parsed that does not speak of yanking: this is done
    /// for each package of each lockfile.
    pub fn is_yanked(&self, name: &str, version: &str) -> Option<bool> {
        let path = cargo::path(name)?;
        let mut bytes = Vec::new();
        let mut files = self.folders.iter().map(|folder| folder.join(&path));
        files.find_map(|file| is_yanked(&file, version, &mut bytes))
    }

    /// All that is said of a crate, and the day of which it is.
    pub fn listing(&self, name: &str) -> Option<(Listing, Option<Date>)> {
        let path = cargo::path(name)?;
        let files = self.folders.iter().map(|folder| folder.join(&path));
        let read = |file: PathBuf| {
            let metadata = fs::metadata(&file).ok().filter(|it| it.len() <= LARGEST)?;
            let changed = metadata.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
            let listing = read(&fs::read(&file).ok()?)?;
            Some((listing, changed.map(|at| at.to_zoned(TimeZone::UTC).date())))
        };
        files.into_iter().find_map(read)
    }
}

/// Reads a file of the cache; none if it is of a version that is not known, or damaged.
fn read(bytes: &[u8]) -> Option<Listing> {
    let mut parts = bytes.strip_prefix(&HEADER)?.split(|byte| *byte == 0).skip(1);
    let mut releases = Vec::new();
    while let (Some(version), Some(line)) = (parts.next(), parts.next()) {
        releases.push(one(line, version)?);
    }
    Some(Listing { releases, latest: None })
}

/// Reads of a file the line of one version: from its end, more where that is not enough.
fn is_yanked(path: &Path, version: &str, bytes: &mut Vec<u8>) -> Option<bool> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len().min(LARGEST);
    let key = format!("\0{version}\0");
    let mut tail = LAST;
    loop {
        let take = tail.min(length);
        bytes.resize(usize::try_from(take).ok()?, 0);
        file.seek(SeekFrom::Start(length - take)).ok()?;
        file.read_exact(bytes).ok()?;
        if let Some(at) = memmem::rfind(bytes, key.as_bytes()) {
            let line = &bytes[at + key.len()..];
            let line = &line[..memchr::memchr(0, line)?];
            return if may_be_yanked(line) {
                one(line, version.as_bytes()).map(|release| release.yanked.is_some())
            } else {
                Some(false)
            };
        }
        if take == length {
            return None;
        }
        tail *= 8;
    }
}

/// Whether `"yanked"` stands before a `true` anywhere: a feature may be called so, too.
fn may_be_yanked(line: &[u8]) -> bool {
    memmem::find_iter(line, b"\"yanked\"").any(|at| {
        let rest = line[at + b"\"yanked\"".len()..].trim_ascii_start();
        let value = rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start);
        value.is_none_or(|value| value.starts_with(b"t"))
    })
}

fn one(line: &[u8], version: &[u8]) -> Option<Release> {
    let release = cargo::release(std::str::from_utf8(line).ok()?).ok()?;
    (release.version.as_bytes() == version).then_some(release)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cached(versions: &[(&str, bool)]) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        bytes.extend(b"etag: W/\"x\"\0");
        for (version, yanked) in versions {
            let line = format!("{{\"name\":\"a-b\",\"vers\":\"{version}\",\"yanked\":{yanked}}}");
            bytes.extend([version.as_bytes(), b"\0", line.as_bytes(), b"\0"].concat());
        }
        bytes
    }

    fn home(bytes: &[u8]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("registry/index/github.com-1ecc6299db9ec823/.cache/a-/b");
        let other =
            home.path().join("registry/index/crates.example.org-0123456789abcdef/.cache/a-");
        fs::create_dir_all(folder.parent().unwrap()).unwrap();
        fs::create_dir_all(other).unwrap();
        let folder = folder.with_file_name("-b");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a--b"), bytes).unwrap();
        home
    }

    #[test]
    fn one_version_is_found_wherever_it_stands() {
        let many: Vec<String> = (0..2_000).map(|number| format!("1.{number}.0")).collect();
        let all: Vec<(&str, bool)> =
            many.iter().map(|it| (it.as_str(), it.ends_with("7.0"))).collect();
        let home = home(&cached(&all));
        let index = LocalIndex::find(home.path(), None).unwrap();
        for version in ["1.7.0", "1.1997.0", "1.0.0", "1.1999.0"] {
            let is_yanked = index.is_yanked("a--b", version);
            assert_eq!(is_yanked, Some(version.ends_with("7.0")), "{version}");
        }
        assert_eq!(index.is_yanked("a--b", "1.2000.0"), None);
        assert_eq!(index.is_yanked("other", "1.0.0"), None);
        assert_eq!(index.listing("a--b").unwrap().0.releases.len(), 2_000);
    }

    #[test]
    fn a_cache_of_another_version_and_a_damaged_one_say_nothing() {
        let mut bytes = cached(&[("1.0.0", false), ("1.1.0", true)]);
        assert!(read(&bytes[..bytes.len() - 4]).is_none());
        bytes[0] = 4;
        assert!(read(&bytes).is_none() && read(b"").is_none());
    }

    #[test]
    fn the_index_of_another_registry_is_not_taken_for_the_default_one() {
        let home = home(&cached(&[("1.0.0", false)]));
        fs::remove_dir_all(home.path().join("registry/index/github.com-1ecc6299db9ec823")).unwrap();
        assert!(LocalIndex::find(home.path(), None).is_none());
        assert!(LocalIndex::find(home.path(), Some("crates.example.org")).is_some());
        assert!(LocalIndex::find(home.path(), Some("crates.example")).is_none());
    }

    proptest! {
        #[test]
        fn a_damaged_cache_is_read_or_refused(at in any::<prop::sample::Index>(), put in prop::collection::vec(any::<u8>(), 0..8)) {
            let mut bytes = cached(&[("1.0.0", false), ("1.1.0", true)]);
            let at = at.index(bytes.len());
            let end = (at + 4).min(bytes.len());
            bytes.splice(at..end, put);
            let _ = read(&bytes);
        }
    }
}
