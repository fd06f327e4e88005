//! Files of packages that lie on this machine: in the audited folder, and in the caches of package managers.
//!
//! What is in there is as hostile as the audited repository. Only plain files are read, of a bounded size, and
//! none that a link leads to outside of the folder that was named.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

/// Files of more bytes are not read.
const LARGEST: u64 = 1 << 20;
/// Entries of a folder that are looked at.
const MOST_ENTRIES: usize = 50_000;

/// Where files of packages may lie.
#[derive(Debug, Clone, Default)]
pub struct Caches {
    /// The audited folder, with `node_modules`, `vendor` and `.venv`.
    pub project: Option<PathBuf>,
    /// Cargo's home.
    pub cargo_home: Option<PathBuf>,
    /// The module cache of Go.
    pub go_modules: Option<PathBuf>,
    /// The virtual environment of Python that is active.
    pub virtual_environment: Option<PathBuf>,
    /// Where `RubyGems` has installed.
    pub gem_home: Option<PathBuf>,
}

impl Caches {
    /// Where package managers keep files by their own variables, and by default below the user's home.
    pub fn of(project: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = |below: &str| Some(set("HOME").or_else(|| set("USERPROFILE"))?.join(below));
        // Of several folders, Go writes to the first one.
        let go_path = || {
            let all = variable("GOPATH")?;
            std::env::split_paths(&all).next().filter(|path| path.is_absolute())
        };
        let go_path = go_path().or_else(|| home("go"));
        Self {
            project: Some(project.to_path_buf()),
            cargo_home: set("CARGO_HOME").or_else(|| home(".cargo")),
            go_modules: set("GOMODCACHE").or_else(|| Some(go_path?.join("pkg").join("mod"))),
            virtual_environment: set("VIRTUAL_ENV"),
            gem_home: set("GEM_HOME"),
        }
    }
}

/// A folder that is read from.
#[derive(Debug)]
pub struct Folder {
    /// Without links.
    path: PathBuf,
}

impl Folder {
    /// A folder, if it is there.
    pub fn open(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        path.is_dir().then_some(Self { path })
    }

    /// The folder that lies in it, if it is there and no link leads out.
    pub fn inside(&self, path: &str) -> Option<Self> {
        let path = self.resolved(path)?;
        path.is_dir().then_some(Self { path })
    }

    /// The text of a file in it, of which `path` has only plain names with `/` between them. What is no UTF-8 is
    /// replaced.
    pub fn read(&self, path: &str) -> Option<String> {
        let path = self.resolved(path)?;
        // A pipe would block, and must not be opened.
        if !fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(&path).ok()?.take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
        let is_whole = u64::try_from(bytes.len()).is_ok_and(|length| length <= LARGEST);
        is_whole.then(|| match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    /// The names in it, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().take(MOST_ENTRIES).flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_unstable();
        names
    }

    fn resolved(&self, path: &str) -> Option<PathBuf> {
        if !path.split('/').all(is_plain) {
            return None;
        }
        let path = self.path.join(path).canonicalize().ok()?;
        path.starts_with(&self.path).then_some(path)
    }
}

/// Whether a text is the name of a file and leads nowhere else.
pub fn is_plain(name: &str) -> bool {
    const SPECIAL: [char; 3] = ['/', '\\', ':'];
    !matches!(name, "" | "." | "..")
        && name.len() <= 255
        && !name.contains(SPECIAL)
        && !name.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_from_below_the_folder_only() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("root");
        fs::create_dir_all(root.join("a")).unwrap();
        fs::write(root.join("a/file"), "text").unwrap();
        fs::write(temporary.path().join("secret"), "secret").unwrap();
        let folder = Folder::open(&root).unwrap();
        assert_eq!(folder.read("a/file").as_deref(), Some("text"));
        assert_eq!(folder.names(), ["a"]);
        let absolute = temporary.path().join("secret");
        for path in ["../secret", "a/../../secret", "a//file", "a", "", absolute.to_str().unwrap()]
        {
            assert_eq!(folder.read(path), None, "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_out_is_not_followed() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("root");
        fs::create_dir_all(root.join("store")).unwrap();
        fs::write(root.join("store/file"), "text").unwrap();
        fs::write(temporary.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink("../secret", root.join("out")).unwrap();
        std::os::unix::fs::symlink("store", root.join("within")).unwrap();
        let folder = Folder::open(&root).unwrap();
        assert_eq!(folder.read("out"), None);
        assert_eq!(folder.read("within/file").as_deref(), Some("text"));
    }

    #[test]
    fn a_large_file_is_not_read() {
        let temporary = tempfile::tempdir().unwrap();
        fs::write(temporary.path().join("large"), vec![b'a'; (1 << 20) + 1]).unwrap();
        assert_eq!(Folder::open(temporary.path()).unwrap().read("large"), None);
    }

    #[test]
    fn caches_are_where_their_variables_say() {
        let variable = |name: &str| match name {
            "HOME" => Some("/home/a".to_owned()),
            "GOPATH" => Some("/go".to_owned()),
            "VIRTUAL_ENV" => Some(String::new()),
            _ => None,
        };
        let caches = Caches::of(Path::new("here"), &variable);
        assert_eq!(caches.cargo_home.as_deref(), Some(Path::new("/home/a/.cargo")));
        assert_eq!(caches.go_modules.as_deref(), Some(Path::new("/go/pkg/mod")));
        assert_eq!(caches.virtual_environment, None);
    }
}
