//! What is looked at: a tree of files, each read once.
//!
//! A [`Tree`] is a folder, a commit, or files in memory; every static check runs on any of them.

pub mod archive;
pub mod commit;
pub mod file;
pub mod folder;
pub mod history;
pub mod image;
pub mod memory;
pub mod repository;
pub mod toml;

pub use commit::CommitTree;
pub use file::SourceFile;
pub use folder::FolderTree;
pub use memory::MemoryTree;

use thiserror::Error;

use crate::finding::{Gap, RepoPath};

/// Why something could not be read.
#[derive(Debug, Error)]
pub enum SourceError {
    /// A file or folder.
    #[error("read `{path}`: {reason}")]
    Read {
        /// The path as the user knows it.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// A git repository or an object in it.
    #[error("read git repository: {0}")]
    Git(String),
}

/// One file of a tree.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its path.
    pub path: RepoPath,
    /// Its size in bytes.
    pub size: u64,
    /// Whether git tracks it. True where there is no git.
    pub tracked: bool,
}

/// Files to look at: one door for every static check.
pub enum Tree {
    /// A working tree.
    Folder(FolderTree),
    /// A commit, read from git objects; nothing is checked out.
    Commit(CommitTree),
    /// Files in memory, for the practice shop and for tests.
    Memory(MemoryTree),
}

impl Tree {
    /// The files, sorted by path.
    pub fn entries(&self) -> &[Entry] {
        match self {
            Self::Folder(tree) => tree.entries(),
            Self::Commit(tree) => tree.entries(),
            Self::Memory(tree) => tree.entries(),
        }
    }

    /// Reads the file of one entry.
    pub fn read(&self, entry: &Entry) -> Result<SourceFile, SourceError> {
        self.read_into(entry, Vec::new())
    }

    /// The same, into the memory of a buffer where that is possible.
    pub fn read_into(&self, entry: &Entry, buffer: Vec<u8>) -> Result<SourceFile, SourceError> {
        let bytes = match self {
            Self::Folder(tree) => tree.read(entry, buffer),
            Self::Commit(tree) => tree.read(entry),
            Self::Memory(tree) => tree.read(entry),
        }?;
        Ok(SourceFile::new(entry.path.clone(), bytes))
    }

    /// The entry of this path.
    pub fn find(&self, path: &str) -> Option<&Entry> {
        let entries = self.entries();
        entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok().map(|at| &entries[at])
    }

    /// What could not be listed, and what was passed over on purpose (links out of the tree).
    pub fn gaps(&self) -> &[Gap] {
        match self {
            Self::Folder(tree) => tree.gaps(),
            Self::Commit(tree) => tree.gaps(),
            Self::Memory(_) => &[],
        }
    }

    /// Whether a folder between the audited one and the root of its repository holds this file.
    pub fn has_above(&self, name: &str) -> bool {
        match self {
            Self::Folder(tree) => tree.has_above(name),
            Self::Commit(tree) => tree.has_above(name),
            Self::Memory(_) => false,
        }
    }

    /// Whether this is the working tree or commit of a git repository.
    pub fn is_git(&self) -> bool {
        match self {
            Self::Folder(tree) => tree.is_git(),
            Self::Commit(_) => true,
            Self::Memory(_) => false,
        }
    }
}
