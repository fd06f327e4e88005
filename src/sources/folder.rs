//! A working tree: what git tracks, whatever ignore files say, and what is new and not ignored. A folder
//! without git is looked at whole.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    ffi::OsStr,
    fmt::Write as _,
    fs,
    io::{self, ErrorKind, Read as _},
    path::{Path, PathBuf},
};

#[cfg(unix)]
use rustix::fs::OFlags;

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
        let mut listing = Listing { root, files: Vec::new(), gaps: Vec::new() };
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
    pub(super) fn read(&self, entry: &Entry, buffer: Vec<u8>) -> Result<Vec<u8>, SourceError> {
        let known = |at: usize| self.paths.get(&at);
        let other = if self.paths.is_empty() {
            None
        } else {
            let at = self.entries.binary_search_by(|known| known.path.cmp(&entry.path));
            at.ok().and_then(known)
        };
        let path = self.root.join(other.map_or(Path::new(entry.path.as_str()), PathBuf::as_path));
        let fail = |error: &io::Error| read_error(Path::new(entry.path.as_str()), error);
        let file = open(&path).map_err(|error| fail(&error))?;
        let metadata = file.metadata().map_err(|error| fail(&error))?;
        if !metadata.is_file() {
            let reason = "no longer a plain file".to_owned();
            return Err(SourceError::Read { path: entry.path.to_string(), reason });
        }
        let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        let mut bytes = buffer;
        bytes.clear();
        bytes.try_reserve_exact(size).map_err(|error| fail(&error.into()))?;
        // With a limit, the library does not ask for the size once more.
        let read = file.take(u64::MAX).read_to_end(&mut bytes);
        read.map_err(|error| fail(&error))?;
        Ok(bytes)
    }
}

/// Opens a file that is no link, as it may have become since it was listed, and could lead out of the tree.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    // What has become a pipe must not block.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = flags.bits().cast_signed();
    fs::OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<fs::File> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::other("has become a link"));
    }
    fs::File::open(path)
}

/// The path as text, each byte that is not UTF-8 as `\xNN`.
fn shown(path: &Path) -> Cow<'_, str> {
    if let Some(text) = path.to_str() {
        return Cow::Borrowed(text);
    }
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    Cow::Owned(text)
}

fn above(root: &Path, repository: &Repository) -> Vec<PathBuf> {
    let depth = Path::new(repository.prefix()).components().count();
    let absolute = root.canonicalize().unwrap_or_default();
    absolute.ancestors().skip(1).take(depth).map(Path::to_path_buf).collect()
}

fn read_error(path: &Path, error: &io::Error) -> SourceError {
    SourceError::Read { path: path.display().to_string(), reason: error.to_string() }
}

struct Listing<'a> {
    root: &'a Path,
    files: Vec<Listed>,
    gaps: Vec<Gap>,
}

struct Listed {
    /// The name that is shown.
    name: RepoPath,
    /// The path, if that is another.
    path: Option<PathBuf>,
    size: u64,
    is_tracked: bool,
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
            // Small folders are cheap to sort; what is nearly in order is, too.
            .sort_by_file_name(OsStr::cmp)
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
        self.sort();
        let walked = self.files.len();
        for path in tracked {
            let known =
                self.files[..walked].binary_search_by(|known| known.name.as_str().cmp(path));
            if let Ok(at) = known {
                self.files[at].is_tracked = true;
            } else if !self.leads_through_link(path) {
                self.take(&self.root.join(path), true);
            }
        }
    }

    /// Sorts by name; of several files whose names are shown alike, the first one stays.
    fn sort(&mut self) {
        self.files.sort_by(|one, other| one.name.cmp(&other.name));
        let gaps = &mut self.gaps;
        self.files.dedup_by(|second, first| {
            if second.name == first.name && second.path != first.path {
                let reason = "another file has a name that is shown so".to_owned();
                gaps.push(Gap { subject: second.name.to_string(), reason, incomplete: true });
            }
            second.name == first.name
        });
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
        let mut name = shown(inside);
        if std::path::MAIN_SEPARATOR != '/' {
            name = Cow::Owned(name.replace(std::path::MAIN_SEPARATOR, "/"));
        }
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            // What is tracked may have been deleted.
            Err(error) if tracked && error.kind() == ErrorKind::NotFound => return,
            Err(error) => {
                return self.miss(name.into_owned(), format!("could not be looked at: {error}"));
            }
        };
        if metadata.is_symlink() {
            let reason = "a symbolic link is not followed".to_owned();
            self.gaps.push(Gap { subject: name.into_owned(), reason, incomplete: false });
        } else if metadata.is_file() {
            let path = (name.as_bytes() != inside.as_os_str().as_encoded_bytes())
                .then(|| inside.to_path_buf());
            let size = metadata.len();
            self.files.push(Listed { name: RepoPath::new(&name), path, size, is_tracked: tracked });
        }
    }

    fn miss(&mut self, subject: String, reason: String) {
        self.gaps.push(Gap { subject, reason, incomplete: true });
    }

    fn finish(mut self, is_git: bool) -> FolderTree {
        self.sort();
        let mut entries = Vec::with_capacity(self.files.len());
        let mut paths = BTreeMap::new();
        for (at, Listed { name, path, size, is_tracked }) in self.files.into_iter().enumerate() {
            entries.push(Entry { path: name, size, tracked: is_tracked || !is_git });
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
    use std::os::unix::ffi::OsStrExt;

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
        assert_eq!(tree.read(&tree.entries()[0], Vec::new()).unwrap(), b"22");
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
