//! Writing an index: its bytes, and the file that replaces the one before it in one step.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{
    Advisory, block,
    build::Source,
    index::{CHECKSUM, ENTRY, FORMAT, HEADER, MAGIC, PAGE, TRAILER, address},
    wire::Encoder,
};

/// Entries of a page.
const MOST_ENTRIES: usize = (PAGE - CHECKSUM) / ENTRY;
/// Entries of a page to begin with: few enough that most often none is too full.
const USUAL_ENTRIES: usize = 9;

/// Why an index was not written. The one that was there before is as it was.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The system does not take the file.
    #[error("write advisory index `{path}`: {source}")]
    Write {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// Somebody else writes it at the moment.
    #[error("advisory index `{0}` is being written by another process")]
    Busy(String),
}

/// The right to replace an index, which one process has at a time. It ends when this is dropped.
#[derive(Debug)]
pub struct Replacement {
    path: PathBuf,
    _lock: File,
}

impl Replacement {
    /// Takes the right to write the index at `path`; its folder is made if there is none.
    ///
    /// The lock is on a file beside it, which stays: it holds nothing.
    pub fn begin(path: &Path) -> Result<Self, WriteError> {
        let failed = |source| WriteError::Write { path: path.display().to_string(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut options = File::options();
        let lock = options.create(true).truncate(false).write(true).open(beside(path, ".lock"));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_path_buf(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(WriteError::Busy(path.display().to_string())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Replaces the index. Whoever has the old one open goes on reading that.
    pub fn finish(self, bytes: &[u8]) -> Result<(), WriteError> {
        let new = beside(&self.path, ".new");
        let written = self.write(&new, bytes);
        if written.is_err() {
            // What is left of it is in nobody's way: the next one to write begins it anew.
            let _ = fs::remove_file(&new);
        }
        written
            .map_err(|source| WriteError::Write { path: self.path.display().to_string(), source })
    }

    fn write(&self, new: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(new, &self.path)?;
        // The name is safe on disk only when its folder is; not every system can say so.
        if let Some(Ok(folder)) = self.path.parent().map(File::open) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

/// A file in the same folder: `advisories.idx.lock`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(ending);
    path.with_file_name(name)
}

/// The bytes of an index of packages, each with its key. `None` if there would be more than 4 GiB.
pub(super) fn index(
    packages: &[(String, Vec<Advisory>)],
    sources: &[Source],
    built: Option<Timestamp>,
) -> Option<Vec<u8>> {
    let pages = page_count(packages)?;
    let mut table: Vec<Vec<u8>> = vec![Vec::with_capacity(PAGE); usize::try_from(pages).ok()?];
    let mut bytes = vec![0; HEADER + table.len() * PAGE];
    for (key, advisories) in packages {
        let (page, fingerprint) = address(key, pages);
        let (place, size) = append(&mut bytes, block::encode(key, advisories))?;
        let entry = &mut table[usize::try_from(page).ok()?];
        for number in [fingerprint, place, size] {
            entry.extend_from_slice(&number.to_le_bytes());
        }
    }
    let mut encoded = Encoder::default();
    Source::encode_all(sources, &mut encoded);
    let (place, size) = append(&mut bytes, encoded.0)?;
    for (mut page, to) in table.into_iter().zip(bytes[HEADER..].chunks_exact_mut(PAGE)) {
        page.resize(PAGE - CHECKSUM, 0);
        to.copy_from_slice(&with_checksum(page));
    }
    let mut header = MAGIC.to_vec();
    header.extend_from_slice(&FORMAT.to_le_bytes());
    header.extend_from_slice(&pages.to_le_bytes());
    header.extend_from_slice(&((bytes.len() + TRAILER) as u64).to_le_bytes());
    header.extend_from_slice(&built.map_or(0, Timestamp::as_second).to_le_bytes());
    header.extend_from_slice(&u64::from(place).to_le_bytes());
    header.extend_from_slice(&u64::from(size).to_le_bytes());
    header.resize(HEADER - CHECKSUM, 0);
    bytes[..HEADER].copy_from_slice(&with_checksum(header));
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    Some(bytes)
}

/// The smallest number of pages, of a few that are tried, with which no page is too full.
fn page_count(packages: &[(String, Vec<Advisory>)]) -> Option<u32> {
    let mut pages = u32::try_from(packages.len() / USUAL_ENTRIES + 1).ok()?;
    loop {
        let mut counts = vec![0; usize::try_from(pages).ok()?];
        let mut places = packages.iter().map(|(key, _)| usize::try_from(address(key, pages).0));
        let is_full = places.any(|place| {
            place.is_ok_and(|place| {
                counts[place] += 1;
                counts[place] > MOST_ENTRIES
            })
        });
        if !is_full {
            return Some(pages);
        }
        pages = pages.checked_add(pages / 8 + 1)?;
    }
}

/// Appends a part with its checksum, and gives its place and its size.
fn append(bytes: &mut Vec<u8>, part: Vec<u8>) -> Option<(u32, u32)> {
    let part = with_checksum(part);
    let place = u32::try_from(bytes.len()).ok()?;
    bytes.extend_from_slice(&part);
    Some((place, u32::try_from(part.len()).ok()?))
}

fn with_checksum(mut part: Vec<u8>) -> Vec<u8> {
    let checksum = crc32fast::hash(&part);
    part.extend_from_slice(&checksum.to_le_bytes());
    part
}
