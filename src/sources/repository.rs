//! Git, opened in isolation: neither the repository's nor the user's configuration is followed.

use std::path::{Path, PathBuf};

use super::SourceError;

/// A git repository, for reading.
pub struct Repository {
    inner: gix::ThreadSafeRepository,
    prefix: String,
}

/// Rephrases a git error.
fn git(error: impl std::fmt::Display) -> SourceError {
    SourceError::Git(error.to_string())
}

impl Repository {
    /// Opens the repository that `path` lies in, or returns `None` if it lies in none.
    pub fn discover(path: &Path) -> Result<Option<Self>, SourceError> {
        let Some(root) = find_root(path) else { return Ok(None) };
        // The audited repository is hostile: its configuration could name programs to run.
        let options = gix::open::Options::isolated();
        let inner = gix::ThreadSafeRepository::open_opts(&root, options).map_err(git)?;
        let absolute = path.canonicalize().map_err(git)?;
        let root = root.canonicalize().map_err(git)?;
        let inside = absolute.strip_prefix(&root).unwrap_or(Path::new(""));
        let prefix = inside.to_string_lossy().replace('\\', "/");
        Ok(Some(Self { inner, prefix }))
    }

    /// Where the audited folder lies in the repository: empty at its root, else `a/b` without ends.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The id of the commit that `revision` names, in hexadecimal.
    pub fn commit(&self, revision: &str) -> Result<String, SourceError> {
        let repository = self.inner.to_thread_local();
        let id = repository.rev_parse_single(revision).map_err(git)?;
        let commit = id.object().map_err(git)?.peel_to_commit().map_err(git)?;
        Ok(commit.id().to_string())
    }

    /// The best common ancestor of two revisions, in hexadecimal.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<String, SourceError> {
        let repository = self.inner.to_thread_local();
        let one = repository.rev_parse_single(one).map_err(git)?;
        let other = repository.rev_parse_single(other).map_err(git)?;
        let base = repository.merge_base(one, other).map_err(git)?;
        let missing = || SourceError::Git("the revisions have no common ancestor".to_owned());
        base.map(|id| id.to_string()).ok_or_else(missing)
    }

    /// The paths that git tracks below the audited folder, relative to it, sorted.
    pub fn tracked(&self) -> Result<Vec<String>, SourceError> {
        let repository = self.inner.to_thread_local();
        let index = repository.index_or_empty().map_err(git)?;
        let below = |path: &str| {
            let rest = path.strip_prefix(self.prefix.as_str())?;
            if self.prefix.is_empty() {
                Some(rest.to_owned())
            } else {
                rest.strip_prefix('/').map(str::to_owned)
            }
        };
        let mut paths: Vec<String> = index
            .entries()
            .iter()
            .filter_map(|entry| below(&entry.path(&index).to_string()))
            .collect();
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    /// The repository for one thread.
    pub(super) fn local(&self) -> gix::Repository {
        self.inner.to_thread_local()
    }
}

fn find_root(path: &Path) -> Option<PathBuf> {
    let absolute = path.canonicalize().ok()?;
    absolute.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf)
}
