//! Modules of Node.js: `node_modules` beside the lockfile, flat, nested once, or as pnpm stores them.

use super::Found;
use crate::packages::{
    licence::{Licence, written},
    local::{Folder, is_plain},
    lockfile::{
        LockedPackage, Lockfile,
        json::{Dialect, Reader},
    },
};

/// Packages whose own `node_modules` are looked into for one that they require.
const MOST_PARENTS: usize = 8;

/// Where modules lie.
pub(super) struct Modules {
    beside: Option<Folder>,
    /// The names of the folders of pnpm's store, sorted.
    stored: Vec<String>,
    /// For each package of the lockfile, some that require it.
    parents: Vec<Vec<usize>>,
}

impl Modules {
    /// Looks in `node_modules` beside the lockfile.
    pub(super) fn new(lockfile: &Lockfile, beside: Option<Folder>) -> Self {
        let store = beside.as_ref().and_then(|beside| beside.inside("node_modules/.pnpm"));
        let mut parents = vec![Vec::new(); lockfile.packages.len()];
        for (from, package) in lockfile.packages.iter().enumerate() {
            for to in &package.requires {
                if parents[*to].len() < MOST_PARENTS {
                    parents[*to].push(from);
                }
            }
        }
        Self { stored: store.map_or_else(Vec::new, |store| store.names()), parents, beside }
    }

    /// What the files of the package of this index say.
    pub(super) fn find(&self, lockfile: &Lockfile, index: usize) -> Option<Found> {
        let beside = self.beside.as_ref()?;
        let package = &lockfile.packages[index];
        if !is_name(&package.name) {
            return None;
        }
        let files = self.files(lockfile, index);
        files.into_iter().find_map(|file| {
            let licence = read(&beside.read(&file)?, &package.version)?;
            Some(Found::new(file, licence))
        })
    }

    /// Where the package may lie, the likeliest place first.
    fn files(&self, lockfile: &Lockfile, index: usize) -> Vec<String> {
        let LockedPackage { name, version, .. } = &lockfile.packages[index];
        let module = |folder: &str| format!("{folder}node_modules/{name}/package.json");
        let mut files = vec![module("")];
        let parents = self.parents[index].iter().map(|parent| &lockfile.packages[*parent].name);
        let parents = parents.filter(|parent| is_name(parent));
        files.extend(parents.map(|parent| module(&format!("node_modules/{parent}/"))));
        // The folder may go on with what the package's peers are resolved to.
        let prefix = format!("{}@{version}", name.replace('/', "+"));
        let from = self.stored.partition_point(|stored| *stored < prefix);
        let stored = self.stored[from..].iter().take_while(|stored| stored.starts_with(&prefix));
        let mut whole = stored.filter(|stored| {
            matches!(stored.as_bytes().get(prefix.len()), None | Some(b'_' | b'('))
        });
        files.extend(whole.next().map(|stored| module(&format!("node_modules/.pnpm/{stored}/"))));
        files
    }
}

/// Whether a name is `name` or `@scope/name`, and as a path leads to such a folder.
fn is_name(name: &str) -> bool {
    match name.split_once('/') {
        Some((scope, name)) => scope.starts_with('@') && is_plain(scope) && is_plain(name),
        None => is_plain(name),
    }
}

/// What a `package.json` says, if it is of this version.
fn read(text: &str, version: &str) -> Option<Licence> {
    let (mut licence, mut own) = (None, None);
    let read = Reader::read(text, Dialect::Plain, |reader, key| {
        if key.text == "version" {
            own = reader.text_or_pass()?;
            return Ok(());
        }
        written::field(reader, &key.text, &mut licence)
    });
    let is_it = read.is_ok() && own.is_some_and(|own| own.text == version);
    is_it.then(|| licence.unwrap_or_else(Licence::unstated))
}
