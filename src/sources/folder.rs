//! A working tree: what git tracks, whatever ignore files say, and what is new and not ignored. A folder
//! without git is looked at whole.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{Entry, SourceError, repository::Repository};
use crate::finding::{Gap, RepoPath};

/// A folder on disk.
pub struct FolderTree {
    root: PathBuf,
    entries: Vec<Entry>,
    /// Where files lie whose paths are shown otherwise, by their index.
    paths: BTreeMap<usize, PathBuf>,
    gaps: Vec<Gap>,
    is_git: bool,
    /// The folders between this one and the root of its repository, the nearest first.
    above: Vec<PathBuf>,
}

impl FolderTree {
    /// Lists the files below `root`. Symbolic links are not followed; `.git` is passed over.
    pub fn open(root: &Path, repository: Option<&Repository>) -> Result<Self, SourceError> {
        let metadata = fs::metadata(root).map_err(|error| read_error(root, &error))?;
        if !metadata.is_dir() {
            let reason = "not a folder".to_owned();
            return Err(SourceError::Read { path: root.display().to_string(), reason });
        }
        let mut listing = Listing { root, files: BTreeMap::new(), gaps: Vec::new() };
        let is_git = repository.is_some();
        listing.walk(is_git);
        if let Some(repository) = repository {
            listing.add_tracked(&repository.tracked()?);
        }
        let mut tree = listing.finish(is_git);
        tree.above = repository.map_or_else(Vec::new, |repository| above(root, repository));
        Ok(tree)
    }

    /// The files that were there when the folder was listed, sorted by path.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What could not be listed, and links, which are not followed.
    pub(super) fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Whether a folder above, up to the root of the repository, has a file of this name now.
    pub(super) fn has_above(&self, name: &str) -> bool {
        self.above.iter().any(|folder| folder.join(name).is_file())
    }

    /// Whether the folder is the working tree of a repository.
    pub(super) const fn is_git(&self) -> bool {
        self.is_git
    }

    /// The bytes of a file as they are now; one that has become a link is refused.
    pub(super) fn read(&self, entry: &Entry) -> Result<Vec<u8>, SourceError> {
        let at = self.entries.binary_search_by(|known| known.path.cmp(&entry.path));
        let other = at.ok().and_then(|at| self.paths.get(&at));
        let path = self.root.join(other.map_or(Path::new(entry.path.as_str()), PathBuf::as_path));
        // A file that became a link since it was listed could lead out of the tree.
        let metadata = fs::symlink_metadata(&path).map_err(|error| read_error(&path, &error))?;
        if !metadata.is_file() {
            let reason = "no longer a plain file".to_owned();
            return Err(SourceError::Read { path: entry.path.to_string(), reason });
        }
        fs::read(&path).map_err(|error| read_error(Path::new(entry.path.as_str()), &error))
    }
}

/// The path as text, each byte that is not UTF-8 as `\xNN`.
fn shown(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

fn above(root: &Path, repository: &Repository) -> Vec<PathBuf> {
    let depth = Path::new(repository.prefix()).components().count();
    let absolute = root.canonicalize().unwrap_or_default();
    absolute.ancestors().skip(1).take(depth).map(Path::to_path_buf).collect()
}

fn read_error(path: &Path, error: &std::io::Error) -> SourceError {
    SourceError::Read { path: path.display().to_string(), reason: error.to_string() }
}

struct Listing<'a> {
    root: &'a Path,
    /// By the name that is shown: the path if that is another, the size, whether git tracks it.
    files: BTreeMap<String, (Option<PathBuf>, u64, bool)>,
    gaps: Vec<Gap>,
}

impl Listing<'_> {
    /// Where there is no git, nothing is ignored: what lies in the folder is what is shipped.
    fn walk(&mut self, is_git: bool) {
        let walk = ignore::WalkBuilder::new(self.root)
            .git_ignore(is_git)
            .hidden(false)
            .parents(false)
            .ignore(false)
            .git_global(false)
            .git_exclude(false)
            .require_git(false)
            .follow_links(false)
            .filter_entry(|entry| entry.file_name() != ".git")
            .build();
        for entry in walk {
            match entry {
                Ok(entry) => self.take(entry.path(), false),
                Err(error) => self.gaps.push(Gap {
                    subject: ".".to_owned(),
                    reason: format!("could not be listed: {error}"),
                    incomplete: true,
                }),
            }
        }
    }

    fn add_tracked(&mut self, tracked: &[String]) {
        for path in tracked {
            if let Some(known) = self.files.get_mut(path) {
                known.2 = true;
            } else if !self.leads_through_link(path) {
                self.take(&self.root.join(path), true);
            }
        }
    }

    fn leads_through_link(&self, path: &str) -> bool {
        let is_link = |folder: &Path| {
            fs::symlink_metadata(self.root.join(folder)).is_ok_and(|m| m.is_symlink())
        };
        Path::new(path)
            .ancestors()
            .skip(1)
            .any(|folder| !folder.as_os_str().is_empty() && is_link(folder))
    }

    fn take(&mut self, path: &Path, tracked: bool) {
        let Ok(inside) = path.strip_prefix(self.root) else { return };
        let name = shown(inside).replace(std::path::MAIN_SEPARATOR, "/");
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            // What is tracked may have been deleted.
            Err(error) if tracked && error.kind() == ErrorKind::NotFound => return,
            Err(error) => return self.miss(name, format!("could not be looked at: {error}")),
        };
        if metadata.is_symlink() {
            let reason = "a symbolic link is not followed".to_owned();
            self.gaps.push(Gap { subject: name, reason, incomplete: false });
        } else if metadata.is_file() {
            let other = (Path::new(&name) != inside).then(|| inside.to_path_buf());
            if self.files.get(&name).is_some_and(|(known, ..)| *known != other) {
                return self.miss(name, "another file has a name that is shown so".to_owned());
            }
            self.files.insert(name, (other, metadata.len(), tracked));
        }
    }

    fn miss(&mut self, subject: String, reason: String) {
        self.gaps.push(Gap { subject, reason, incomplete: true });
    }

    fn finish(self, is_git: bool) -> FolderTree {
        let mut entries = Vec::with_capacity(self.files.len());
        let mut paths = BTreeMap::new();
        for (at, (name, (path, size, tracked))) in self.files.into_iter().enumerate() {
            entries.push(Entry { path: RepoPath::new(&name), size, tracked: tracked || !is_git });
            paths.extend(path.map(|path| (at, path)));
        }
        FolderTree {
            root: self.root.to_path_buf(),
            entries,
            paths,
            gaps: self.gaps,
            is_git,
            above: Vec::new(),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    use super::*;

    #[test]
    fn names_that_are_not_utf8_stay_apart() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [(&b"a\xff"[..], "1"), (b"a\xfe", "22"), (b"a\\xff", "333")] {
            fs::write(folder.path().join(OsStr::from_bytes(name)), text).unwrap();
        }
        let tree = FolderTree::open(folder.path(), None).unwrap();
        let names: Vec<_> = tree.entries().iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(names, ["a\\xfe", "a\\xff"]);
        assert_eq!(tree.read(&tree.entries()[0]).unwrap(), b"22");
        // The third one is named as the first one is shown.
        let gaps: Vec<_> = tree.gaps().iter().map(|gap| gap.subject.as_str()).collect();
        assert_eq!(gaps, ["a\\xff"]);
    }

    #[test]
    fn ignore_files_mean_nothing_without_git() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".gitignore"), "/*\n").unwrap();
        fs::write(folder.path().join("a.c"), "").unwrap();
        let tree = FolderTree::open(folder.path(), None).unwrap();
        let names: Vec<_> = tree.entries().iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(names, [".gitignore", "a.c"]);
    }
}
