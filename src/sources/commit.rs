//! A commit's tree, or that of the next commit, read from git objects. Nothing is checked out.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use gix::objs::tree::EntryKind;

use super::{Entry, SourceError, repository::Repository};
use crate::finding::{Gap, RepoPath};

/// The tree of one commit, below the audited folder.
pub struct CommitTree {
    repository: Arc<Repository>,
    entries: Vec<Entry>,
    objects: Vec<gix::ObjectId>,
    gaps: Vec<Gap>,
    /// Files that are not below the audited folder.
    outside: BTreeSet<String>,
}

fn git(error: impl std::fmt::Display) -> SourceError {
    SourceError::Git(error.to_string())
}

impl CommitTree {
    /// Lists the tree of the commit that `revision` names.
    pub fn open(repository: Arc<Repository>, revision: &str) -> Result<Self, SourceError> {
        let found = list(&repository, revision)?;
        let sizes = measure(&repository.local()?, &found.files)?;
        Ok(Self::new(repository, found, sizes))
    }

    /// Lists the index in the file `index`, by default the repository's own: all of it, with sizes of zero,
    /// and what differs in it from HEAD.
    pub fn staged(
        repository: &Arc<Repository>,
        index: Option<&Path>,
    ) -> Result<(Self, Self), SourceError> {
        let mut all = Found::default();
        for (path, mode, id) in repository.index(index)? {
            all.take(&path, repository.prefix(), id, mode.into());
        }
        all.files.sort();
        // Of a conflict, all sides have the same path.
        all.files.dedup_by(|next, before| next.0 == before.0);
        let head =
            if repository.is_unborn()? { Found::default() } else { list(repository, "HEAD")? };
        let head: BTreeSet<Named> = head.files.into_iter().collect();
        let is_new = |named: &&Named| !head.contains(*named);
        let changed = all.files.iter().filter(is_new).cloned().collect();
        let changed =
            Found { files: changed, gaps: all.gaps.clone(), outside: all.outside.clone() };
        let sizes = measure(&repository.local()?, &changed.files)?;
        let no_sizes = vec![0; all.files.len()];
        let new = |found, sizes| Self::new(Arc::clone(repository), found, sizes);
        Ok((new(all, no_sizes), new(changed, sizes)))
    }

    fn new(repository: Arc<Repository>, found: Found, sizes: Vec<u64>) -> Self {
        let (paths, objects): (Vec<_>, Vec<_>) = found.files.into_iter().unzip();
        let entry =
            |(path, size): (String, u64)| Entry { path: RepoPath::new(&path), size, tracked: true };
        let entries = paths.into_iter().zip(sizes).map(entry).collect();
        Self { repository, entries, objects, gaps: found.gaps, outside: found.outside }
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
        let mut is_there = false;
        while !folder.is_empty() && !is_there {
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            is_there = self.outside.contains(&path);
        }
        is_there
    }

    /// The bytes of a file's object; a path that the commit lacks is an error.
    pub(super) fn read(&self, entry: &Entry) -> Result<Vec<u8>, SourceError> {
        let at = self.entries.binary_search_by(|known| known.path.cmp(&entry.path));
        let at = at.map_err(|_| SourceError::Git(format!("no `{}` in the commit", entry.path)))?;
        let local = self.repository.local()?;
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

/// What a listing found.
#[derive(Default)]
struct Found {
    /// Sorted.
    files: Vec<Named>,
    /// What was passed over.
    gaps: Vec<Gap>,
    outside: BTreeSet<String>,
}

impl Found {
    fn take(&mut self, path: &str, prefix: &str, id: gix::ObjectId, mode: Mode) {
        let Some(inside) = below(path, prefix) else {
            self.outside.insert(path.to_owned());
            return;
        };
        let reason = match mode {
            Mode::File => return self.files.push((inside, id)),
            Mode::Link => "a symbolic link is not followed",
            Mode::Submodule => "a submodule is a repository of its own: audit it apart",
            Mode::Folder => return,
        };
        self.gaps.push(Gap { subject: inside, reason: reason.to_owned(), incomplete: false });
    }
}

/// What a name in a tree stands for.
#[derive(Clone, Copy)]
enum Mode {
    File,
    Link,
    Submodule,
    Folder,
}

impl From<EntryKind> for Mode {
    fn from(kind: EntryKind) -> Self {
        match kind {
            EntryKind::Blob | EntryKind::BlobExecutable => Self::File,
            EntryKind::Link => Self::Link,
            EntryKind::Commit => Self::Submodule,
            EntryKind::Tree => Self::Folder,
        }
    }
}

/// The files of a commit.
fn list(repository: &Repository, revision: &str) -> Result<Found, SourceError> {
    let local = repository.local()?;
    let tree = tree_of(&local, revision)?;
    let mut found = Found::default();
    for record in tree.traverse().breadthfirst.files().map_err(git)? {
        let (path, mode) = (record.filepath.to_string(), record.mode.kind());
        found.take(&path, repository.prefix(), record.oid, mode.into());
    }
    found.files.sort();
    Ok(found)
}

/// The size of each file, in bytes.
fn measure(repository: &gix::Repository, files: &[Named]) -> Result<Vec<u64>, SourceError> {
    let size = |(_, id): &Named| Ok(repository.find_header(*id).map_err(git)?.size());
    files.iter().map(size).collect()
}

fn below(path: &str, prefix: &str) -> Option<String> {
    if prefix.is_empty() {
        return Some(path.to_owned());
    }
    path.strip_prefix(prefix)?.strip_prefix('/').map(str::to_owned)
}
