//! The last releases of a file of the index: lockfiles name recent versions, and those stand last.

use std::{
    fs::File,
    hash::{DefaultHasher, Hasher as _},
    ops::Range,
};

use memchr::memmem;

use super::{super::advisories::index::read_at, LARGEST, one};

/// So many bytes are read first, and each time twice as many of those before where they do not hold the release.
const FIRST: usize = 4 << 10;

/// Which of the last releases of a crate are yanked.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Hashes of versions, the last release first, each with whether its line speaks of yanking.
    releases: Vec<(u64, bool)>,
    /// Whether there are no others.
    is_whole: bool,
}

/// What a tail says of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// It is not yanked.
    Stands,
    /// Its line must be read.
    MayBeYanked,
    /// There is no such release.
    Unknown,
    /// More of the file must be read.
    More,
}

impl Tail {
    /// What was read says of a version.
    pub(super) fn of(&self, version: &str) -> Said {
        let version = hash(version.as_bytes());
        match self.releases.iter().find(|(hash, _)| *hash == version) {
            Some((_, true)) => Said::MayBeYanked,
            Some((_, false)) => Said::Stands,
            None if self.is_whole => Said::Unknown,
            None => Said::More,
        }
    }

    /// That there is no release.
    pub(super) fn empty() -> Self {
        Self { is_whole: true, ..Self::default() }
    }

    /// Whether more of the file was read for this one.
    pub(super) fn is_longer(&self, other: &Self) -> bool {
        self.is_whole || self.releases.len() > other.releases.len()
    }

    /// Reads a file from its end up to the release, and gives that one's line. None if it can not be read. No byte is
    /// read twice, and of those that were looked at only the begun release is kept.
    pub(super) fn read<'b>(
        file: &File,
        version: &str,
        bytes: &'b mut Vec<u8>,
    ) -> Option<(Self, Option<&'b str>)> {
        let length = file.metadata().ok()?.len();
        let mut start = usize::try_from(length).ok().filter(|_| length <= LARGEST)?;
        let mut tail = Self::default();
        let mut next = FIRST;
        bytes.clear();
        loop {
            let size = next.min(start);
            start -= size;
            prepend(file, start, size, bytes)?;
            let mut begun = bytes.len();
            for (found, line) in from_end(bytes) {
                let may_be_yanked = may_be_yanked(&bytes[line.clone()]);
                tail.releases.push((hash(&bytes[found.clone()]), may_be_yanked));
                if bytes[found.clone()] == *version.as_bytes() {
                    return Some((tail, str::from_utf8(&bytes[line]).ok()));
                }
                begun = found.start;
            }
            if start == 0 {
                tail.is_whole = true;
                return Some((tail, None));
            }
            bytes.truncate(begun);
            next = (next * 2).max(begun);
        }
    }
}

/// Puts so many bytes of a file before those that follow them there.
fn prepend(file: &File, start: usize, size: usize, bytes: &mut Vec<u8>) -> Option<()> {
    let known = bytes.len();
    bytes.resize(known + size, 0);
    bytes.copy_within(..known, size);
    read_at(file, &mut bytes[..size], u64::try_from(start).ok()?).ok()
}

/// Whether the release of a line is yanked; none if the line can not be read.
pub(super) fn is_yanked(version: &str, line: &str) -> Option<bool> {
    if may_be_yanked(line.as_bytes()) {
        Some(one(line, version)?.yanked.is_some())
    } else {
        Some(false)
    }
}

/// Where the versions and lines are that a part of a file holds as a whole, from its end.
fn from_end(bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let mut end = bytes.len().saturating_sub(1);
    std::iter::from_fn(move || {
        let before_line = memchr::memrchr(0, &bytes[..end])?;
        let before_version = memchr::memrchr(0, &bytes[..before_line])?;
        let found = (before_version + 1..before_line, before_line + 1..end);
        end = before_version;
        Some(found)
    })
}

fn hash(version: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(version);
    hasher.finish()
}

/// Whether `"yanked"` stands before a `true` anywhere: a feature may be called so, too.
fn may_be_yanked(line: &[u8]) -> bool {
    memmem::find_iter(line, b"\"yanked\"").any(|at| {
        let rest = line[at + b"\"yanked\"".len()..].trim_ascii_start();
        let value = rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start);
        value.is_none_or(|value| value.starts_with(b"t"))
    })
}
