//! The index file: a header, a hash table of packages, a block for each, and checksums for every part.
//!
//! All numbers are little-endian.
//!
//! ```text
//! header    64 bytes   magic, format, number of pages, length of the file, time, place of the sources, CRC-32
//! pages    256 bytes   each: up to 21 entries (fingerprint, place, length of a block), CRC-32
//! blocks               each: all that is known about one package, CRC-32
//! sources              what the index was made of, CRC-32
//! trailer   32 bytes   SHA-256 of everything before it
//! ```
//!
//! The SHA-256 of a package's key gives its page and its fingerprint, so that a question costs one page and,
//! if something is known, one block, each checked when it is read. Nothing else is touched or kept in memory.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{
    Advisory, BuildError, block,
    build::Source,
    key::{has_releases, key},
    wire::{Corrupt, Decoder},
};
use crate::packages::Ecosystem;

/// How an index begins.
pub(super) const MAGIC: &[u8; 8] = b"SEAWADV\n";
/// The format that is written and read here.
pub(super) const FORMAT: u32 = 1;
/// Bytes of the header.
pub(super) const HEADER: usize = 64;
/// Bytes of a page.
pub(super) const PAGE: usize = 256;
/// Bytes of an entry of a page.
pub(super) const ENTRY: usize = 12;
/// Bytes of a CRC-32.
pub(super) const CHECKSUM: usize = 4;
/// Bytes of the trailer.
pub(super) const TRAILER: usize = 32;

/// An index that is open for questions.
#[derive(Debug)]
pub struct Index {
    store: Store,
    pages: u32,
    length: u64,
    built: Option<Timestamp>,
    sources: Vec<Source>,
}

/// Where the bytes are.
#[derive(Debug)]
enum Store {
    File(File, PathBuf),
    Memory(Vec<u8>, PathBuf),
}

/// Why an index can not answer.
#[derive(Debug, Error)]
pub enum IndexError {
    /// The system does not give the file.
    #[error("read advisory index `{path}`: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The file is something else.
    #[error("`{0}` is no advisory index")]
    Foreign(String),
    /// The file is of another version of this program.
    #[error("advisory index `{path}` has format {found}, not {FORMAT}: build it again")]
    Format {
        /// The file.
        path: String,
        /// Its format.
        found: u32,
    },
    /// The file is not as it was written.
    #[error("advisory index `{path}` is damaged ({part}): build it again")]
    Damaged {
        /// The file.
        path: String,
        /// The part that its checksum or its content shows to be damaged.
        part: &'static str,
    },
    /// A folder of advisories can not be made into an index.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl Index {
    /// Opens an index file. Of what it holds, only the header and the list of sources are read.
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        let failed = |source| IndexError::Read { path: path.display().to_string(), source };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        Self::of_store(Store::File(file, path.to_path_buf()), length)
    }

    /// Takes an index in memory. The path only tells where its content comes from.
    pub fn of_bytes(bytes: Vec<u8>, path: &Path) -> Result<Self, IndexError> {
        let length = bytes.len() as u64;
        Self::of_store(Store::Memory(bytes, path.to_path_buf()), length)
    }

    fn of_store(store: Store, length: u64) -> Result<Self, IndexError> {
        let damaged = |part| store.damaged(part);
        let start = store.read(0, length.min(HEADER as u64), "header")?;
        if !start.starts_with(MAGIC) {
            return Err(IndexError::Foreign(store.path()));
        }
        let mut header = Fields(start.get(MAGIC.len()..).unwrap_or_default());
        let found = header.number().ok_or_else(|| damaged("header"))?;
        if found != FORMAT {
            return Err(IndexError::Format { path: store.path(), found });
        }
        checked(&start).ok_or_else(|| damaged("header"))?;
        let fields = (header.number(), header.long(), header.long(), header.long(), header.long());
        let (Some(pages), Some(whole), Some(seconds), Some(place), Some(size)) = fields else {
            return Err(damaged("header"));
        };
        if whole != length {
            return Err(damaged(if length < whole { "it was cut off" } else { "its length" }));
        }
        let built = Timestamp::from_second(seconds.cast_signed()).ok().filter(|_| seconds != 0);
        let mut index = Self { store, pages, length, built, sources: Vec::new() };
        let sources = index.checked_part(place, size, "sources")?;
        let sources = Source::decode_all(&mut Decoder(&sources));
        index.sources = sources.map_err(|Corrupt| index.store.damaged("sources"))?;
        Ok(index)
    }

    /// When it was built; `None` if it was made in memory, for this run.
    pub fn built(&self) -> Option<Timestamp> {
        self.built
    }

    /// What it was made of.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The databases that speak of packages of this ecosystem. Without one, that nothing is known of a package
    /// means nothing.
    pub fn sources_of(&self, ecosystem: Ecosystem) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(move |source| source.ecosystems.contains(&ecosystem))
    }

    /// All that is known about a package in any version, by id; nothing is known about most packages.
    ///
    /// The name may be in any spelling that the registry accepts. The release is that of a distribution,
    /// `12` of `Debian:12`; what is said of all releases is given as well. For Rust's own parts it is
    /// [`TOOLCHAIN`](super::TOOLCHAIN). Elsewhere it does not matter.
    pub fn of(
        &self,
        ecosystem: Ecosystem,
        release: Option<&str>,
        name: &str,
    ) -> Result<Vec<Advisory>, IndexError> {
        let mut known = self.of_key(&key(ecosystem, release, name))?;
        if release.is_some() && has_releases(ecosystem) {
            known.extend(self.of_key(&key(ecosystem, None, name))?);
        }
        Ok(known)
    }

    /// Whether any advisory is about this release of a distribution. If none is, that nothing is known of a package
    /// means nothing.
    pub fn knows_release(&self, ecosystem: Ecosystem, release: &str) -> Result<bool, IndexError> {
        let (one, all) = (key(ecosystem, Some(release), ""), key(ecosystem, None, ""));
        Ok(self.find(&one)?.is_some() || self.find(&all)?.is_some())
    }

    fn of_key(&self, key: &str) -> Result<Vec<Advisory>, IndexError> {
        Ok(self.find(key)?.unwrap_or_default())
    }

    /// What is said under a key, which may be nothing but that the key is there.
    fn find(&self, key: &str) -> Result<Option<Vec<Advisory>>, IndexError> {
        let (page, fingerprint) = address(key, self.pages);
        for entry in self.page(page)? {
            if entry.fingerprint == fingerprint
                && let Some(advisories) = block::decode(&self.block(&entry)?, key)
                    .map_err(|Corrupt| self.store.damaged("a package"))?
            {
                return Ok(Some(advisories));
            }
        }
        Ok(None)
    }

    /// Reads all of it, and gives the number of packages. Whatever is not as it was written is an error.
    pub fn verify(&self) -> Result<usize, IndexError> {
        self.verify_digest()?;
        let mut packages = 0;
        for number in 0..self.pages {
            for entry in self.page(number)? {
                let block = self.block(&entry)?;
                let key = block::key_of(&block).map_err(|Corrupt| self.store.damaged("a package"));
                let key = key?;
                let decoded = block::decode(&block, key);
                decoded.map_err(|Corrupt| self.store.damaged("a package"))?;
                if address(key, self.pages) != (number, entry.fingerprint) {
                    return Err(self.store.damaged("its table"));
                }
                // The others only note that a release is known.
                packages += usize::from(!key.ends_with('\n'));
            }
        }
        Ok(packages)
    }

    fn verify_digest(&self) -> Result<(), IndexError> {
        const STEP: u64 = 1 << 16;
        let end = self.length.saturating_sub(TRAILER as u64);
        let mut digest = Sha256::new();
        let mut place = 0;
        while place < end {
            let size = STEP.min(end - place);
            digest.update(self.store.read(place, size, "its length")?);
            place += size;
        }
        let written = self.store.read(end, self.length - end, "its length")?;
        if written == digest.finalize().as_slice() {
            Ok(())
        } else {
            Err(self.store.damaged("its digest"))
        }
    }

    fn page(&self, number: u32) -> Result<Vec<Entry>, IndexError> {
        let place = HEADER as u64 + u64::from(number) * PAGE as u64;
        let page = self.store.read(place, PAGE as u64, "its table")?;
        let entries = checked(&page).ok_or_else(|| self.store.damaged("its table"))?;
        let entries = entries.chunks_exact(ENTRY).map_while(|entry| {
            let mut fields = Fields(entry);
            let fingerprint = fields.number()?;
            let (place, size) = (fields.number()?, fields.number()?);
            (size > 0).then_some(Entry { fingerprint, place, size })
        });
        Ok(entries.collect())
    }

    fn block(&self, entry: &Entry) -> Result<Vec<u8>, IndexError> {
        self.checked_part(entry.place.into(), entry.size.into(), "a package")
    }

    /// Reads what ends with its checksum, and takes that off.
    fn checked_part(
        &self,
        place: u64,
        size: u64,
        part: &'static str,
    ) -> Result<Vec<u8>, IndexError> {
        if place.checked_add(size).is_none_or(|end| end > self.length) {
            return Err(self.store.damaged(part));
        }
        let mut bytes = self.store.read(place, size, part)?;
        let length = checked(&bytes).ok_or_else(|| self.store.damaged(part))?.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

/// Where a block is.
struct Entry {
    fingerprint: u32,
    place: u32,
    size: u32,
}

/// The page that a key belongs to, and what it is known by there.
pub(super) fn address(key: &str, pages: u32) -> (u32, u32) {
    let digest = Sha256::digest(key.as_bytes());
    let mut fields = Fields(digest.as_slice());
    let (page, fingerprint) = (fields.number().unwrap_or(0), fields.number().unwrap_or(0));
    (page.checked_rem(pages).unwrap_or(0), fingerprint)
}

/// What precedes the checksum, if that is right.
fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (content, checksum) = bytes.split_last_chunk::<CHECKSUM>()?;
    (crc32fast::hash(content) == u32::from_le_bytes(*checksum)).then_some(content)
}

/// Numbers of fixed size.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*number))
    }

    fn long(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }
}

impl Store {
    fn path(&self) -> String {
        let (Self::File(_, path) | Self::Memory(_, path)) = self;
        path.display().to_string()
    }

    fn damaged(&self, part: &'static str) -> IndexError {
        IndexError::Damaged { path: self.path(), part }
    }

    /// The bytes at a place. There must be so many of them.
    fn read(&self, place: u64, size: u64, part: &'static str) -> Result<Vec<u8>, IndexError> {
        let damaged = || self.damaged(part);
        let size = usize::try_from(size).map_err(|_| damaged())?;
        match self {
            Self::Memory(bytes, _) => {
                let start = usize::try_from(place).map_err(|_| damaged())?;
                let end = start.checked_add(size).ok_or_else(damaged)?;
                bytes.get(start..end).map(<[u8]>::to_vec).ok_or_else(damaged)
            }
            Self::File(file, _) => {
                let mut bytes = vec![0; size];
                read_at(file, &mut bytes, place).map_err(|source| match source.kind() {
                    io::ErrorKind::UnexpectedEof => damaged(),
                    _ => IndexError::Read { path: self.path(), source },
                })?;
                Ok(bytes)
            }
        }
    }
}

/// Fills `bytes` with those of the file at a place.
#[cfg(unix)]
pub(in crate::packages) fn read_at(file: &File, bytes: &mut [u8], place: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, place)
}

/// Fills `bytes` with those of the file at a place.
#[cfg(windows)]
pub(in crate::packages) fn read_at(
    file: &File,
    mut bytes: &mut [u8],
    mut place: u64,
) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, place)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                bytes = &mut bytes[count..];
                place += count as u64;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
