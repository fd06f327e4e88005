//! Files in memory.

use super::{Entry, SourceError};
use crate::finding::RepoPath;

/// A tree of files in memory.
pub struct MemoryTree {
    entries: Vec<Entry>,
    files: Vec<Vec<u8>>,
}

impl MemoryTree {
    /// Takes paths and contents, in any order.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort();
        let entries = files.iter().map(|(path, bytes)| Entry {
            path: RepoPath::new(path),
            size: bytes.len() as u64,
            tracked: true,
        });
        Self { entries: entries.collect(), files: files.into_iter().map(|(_, b)| b).collect() }
    }

    /// The files, sorted by path; all of them count as tracked.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// A copy of a file's bytes; a path that the tree lacks is an error.
    pub(super) fn read(&self, entry: &Entry) -> Result<Vec<u8>, SourceError> {
        let at = self.entries.binary_search_by(|known| known.path.cmp(&entry.path));
        at.map(|at| self.files[at].clone()).map_err(|_| SourceError::Read {
            path: entry.path.to_string(),
            reason: "no such file in memory".to_owned(),
        })
    }
}
