//! A commit's tree, read from git objects. Nothing is checked out.

use std::sync::Arc;

use super::{Entry, SourceError, repository::Repository};
use crate::finding::{Gap, RepoPath};

/// The tree of one commit, below the audited folder.
pub struct CommitTree {
    repository: Arc<Repository>,
    revision: String,
    entries: Vec<Entry>,
    objects: Vec<gix::ObjectId>,
    gaps: Vec<Gap>,
}

fn git(error: impl std::fmt::Display) -> SourceError {
    SourceError::Git(error.to_string())
}

impl CommitTree {
    /// Lists the tree of the commit that `revision` names.
    pub fn open(repository: Arc<Repository>, revision: &str) -> Result<Self, SourceError> {
        let (found, gaps) = list(&repository, revision)?;
        let (entries, objects) = measure(&repository.local(), found)?;
        let revision = revision.to_owned();
        Ok(Self { repository, revision, entries, objects, gaps })
    }

    /// The files of the tree, sorted by path.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What was passed over when the tree was listed.
    pub(super) fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Whether the same commit has a file of this name in a folder above the audited one.
    pub(super) fn has_above(&self, name: &str) -> bool {
        let mut folder = self.repository.prefix();
        let is_there = |path: &str| {
            let local = self.repository.local();
            let root = tree_of(&local, &self.revision).ok()?;
            let entry = root.lookup_entry_by_path(path).ok()??;
            entry.mode().is_blob().then_some(())
        };
        while !folder.is_empty() {
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            if is_there(&path).is_some() {
                return true;
            }
        }
        false
    }

    /// The bytes of a file's object; a path that the commit lacks is an error.
    pub(super) fn read(&self, entry: &Entry) -> Result<Vec<u8>, SourceError> {
        let at = self.entries.binary_search_by(|known| known.path.cmp(&entry.path));
        let at = at.map_err(|_| SourceError::Git(format!("no `{}` in the commit", entry.path)))?;
        let local = self.repository.local();
        let object = local.find_object(self.objects[at]).map_err(git)?;
        Ok(object.data.clone())
    }
}

fn tree_of<'a>(local: &'a gix::Repository, revision: &str) -> Result<gix::Tree<'a>, SourceError> {
    let commit = local.rev_parse_single(revision).map_err(git)?.object().map_err(git)?;
    commit.peel_to_commit().map_err(git)?.tree().map_err(git)
}

/// A path and the object that it names.
type Named = (String, gix::ObjectId);

/// The paths and ids of the files of a commit, sorted, and what was passed over.
fn list(repository: &Repository, revision: &str) -> Result<(Vec<Named>, Vec<Gap>), SourceError> {
    let local = repository.local();
    let tree = tree_of(&local, revision)?;
    let mut found = Vec::new();
    let mut gaps = Vec::new();
    for record in tree.traverse().breadthfirst.files().map_err(git)? {
        let path = record.filepath.to_string();
        let Some(path) = below(&path, repository.prefix()) else { continue };
        if record.mode.is_blob() {
            found.push((path, record.oid));
        } else if record.mode.is_link() {
            let reason = "a symbolic link is not followed".to_owned();
            gaps.push(Gap { subject: path, reason, incomplete: false });
        }
    }
    found.sort();
    Ok((found, gaps))
}

fn measure(
    repository: &gix::Repository,
    found: Vec<Named>,
) -> Result<(Vec<Entry>, Vec<gix::ObjectId>), SourceError> {
    let mut entries = Vec::with_capacity(found.len());
    let mut objects = Vec::with_capacity(found.len());
    for (path, id) in found {
        let size = repository.find_header(id).map_err(git)?.size();
        entries.push(Entry { path: RepoPath::new(&path), size, tracked: true });
        objects.push(id);
    }
    Ok((entries, objects))
}

fn below(path: &str, prefix: &str) -> Option<String> {
    if prefix.is_empty() {
        return Some(path.to_owned());
    }
    path.strip_prefix(prefix)?.strip_prefix('/').map(str::to_owned)
}
