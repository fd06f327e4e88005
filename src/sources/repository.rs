//! Git, opened in isolation: neither the repository's nor the user's configuration is followed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use gix::{index::entry::Mode, objs::tree::EntryKind};

use super::SourceError;

/// So many folders of objects may be named by each other.
const MOST_FOLDERS: usize = 16;

/// An entry of the index.
pub(super) type Staged = (String, EntryKind, gix::ObjectId);

/// A git repository, for reading.
pub struct Repository {
    inner: gix::ThreadSafeRepository,
    prefix: String,
    /// Where objects lie: the repository's own folder, then others within it.
    folders: Result<Vec<PathBuf>, String>,
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
        let mut own = vec![root];
        own.extend(inner.to_thread_local().common_dir().canonicalize());
        let folders = object_folders(inner.objects_dir(), &own);
        Ok(Some(Self { inner, prefix, folders }))
    }

    /// Where the audited folder lies in the repository: empty at its root, else `a/b` without ends.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The id of the commit that `revision` names, in hexadecimal.
    pub fn commit(&self, revision: &str) -> Result<String, SourceError> {
        let repository = self.local()?;
        let id = repository.rev_parse_single(revision).map_err(git)?;
        let commit = id.object().map_err(git)?.peel_to_commit().map_err(git)?;
        Ok(commit.id().to_string())
    }

    /// The best common ancestor of two revisions, in hexadecimal.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<String, SourceError> {
        let repository = self.local()?;
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

    /// Path, kind and object of each entry of the index in the file `at`, by default the repository's own.
    pub(super) fn index(&self, at: Option<&Path>) -> Result<Vec<Staged>, SourceError> {
        let local = self.inner.to_thread_local();
        let named = |index: &gix::index::State| {
            let entries = index.entries().iter().filter_map(|entry| {
                let kind = entry.mode.to_tree_entry_mode()?.kind();
                Some((entry.path(index).to_string(), kind, entry.id))
            });
            entries.collect()
        };
        match at {
            None => Ok(named(&*local.index_or_empty().map_err(git)?)),
            Some(path) => {
                let hash = local.object_hash();
                let index =
                    gix::index::File::at(path, hash, false, gix::index::decode::Options::default());
                Ok(named(&*index.map_err(git)?))
            }
        }
    }

    /// Whether there is no commit yet.
    pub(super) fn is_unborn(&self) -> Result<bool, SourceError> {
        Ok(self.local()?.head().map_err(git)?.is_unborn())
    }

    /// The paths of the submodules in the index.
    pub(super) fn submodules(&self) -> Result<Vec<String>, SourceError> {
        let index = self.inner.to_thread_local().index_or_empty().map_err(git)?;
        let modules = index.entries().iter().filter(|entry| entry.mode == Mode::COMMIT);
        Ok(modules.map(|entry| entry.path(&index).to_string()).collect())
    }

    /// Whether the history was cut off when the repository was cloned.
    pub(super) fn is_shallow(&self) -> Result<bool, SourceError> {
        self.inner.to_thread_local().is_shallow().map_err(git)
    }

    /// The folders that hold objects.
    pub(super) fn object_folders(&self) -> Result<&[PathBuf], SourceError> {
        self.folders.as_deref().map_err(git)
    }

    /// The hash that names objects.
    pub(super) fn hash(&self) -> gix::hash::Kind {
        self.inner.to_thread_local().object_hash()
    }

    /// The repository for one thread, if none of its objects lie elsewhere. Objects are what their ids say:
    /// no reference replaces them.
    pub(super) fn local(&self) -> Result<gix::Repository, SourceError> {
        self.object_folders()?;
        let mut local = self.inner.to_thread_local();
        local.objects.ignore_replacements = true;
        Ok(local)
    }
}

/// The folder of objects and those that its `info/alternates` names, all of which must lie in `own`: a
/// repository that comes from a stranger could name any folder of the machine.
fn object_folders(objects: &Path, own: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut folders = vec![objects.to_path_buf()];
    let mut at = 0;
    while let Some(folder) = folders.get(at) {
        at += 1;
        let named = match fs::read(folder.join("info/alternates")) {
            Ok(text) => gix::odb::alternate::parse(&text).map_err(|error| error.to_string())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(format!("objects/info/alternates: {error}")),
        };
        for path in named {
            let path = objects.join(path);
            let inside =
                path.canonicalize().is_ok_and(|p| own.iter().any(|own| p.starts_with(own)));
            if !inside || folders.len() > MOST_FOLDERS {
                return Err("its objects/info/alternates leads out of it, and is not followed: \
                            `git repack -a -d` brings all objects in"
                    .to_owned());
            }
            if !folders.contains(&path) {
                folders.push(path);
            }
        }
    }
    Ok(folders)
}

fn find_root(path: &Path) -> Option<PathBuf> {
    let absolute = path.canonicalize().ok()?;
    absolute.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf)
}
