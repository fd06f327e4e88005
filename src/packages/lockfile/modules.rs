//! Where a package finds the modules that it requires: in its own folder, or in the next one upwards that has them,
//! as Node.js resolves them.

use std::{collections::HashMap, iter::successors};

use super::Fault;

/// Folders within each other; more than a package manager makes anywhere.
const DEEPEST: usize = 200;
/// The number of the outermost folder.
pub(super) const ROOT: usize = 0;

/// Which folder holds which modules.
pub(super) struct Modules<'a> {
    /// By the number of the folder and the name of the module, the number that stands for it.
    pub(super) entries: HashMap<(usize, &'a str), usize>,
    /// The folder around each folder.
    pub(super) around: Vec<Option<usize>>,
}

impl Modules<'_> {
    /// What a folder finds under a name: in its own modules, or in those of the next folder upwards.
    pub(super) fn find(&self, folder: usize, name: &str) -> Option<usize> {
        successors(Some(folder), |folder| self.around[*folder])
            .find_map(|folder| self.entries.get(&(folder, name)).copied())
    }
}

/// Numbers the folders of paths.
pub(super) struct Folders<'a> {
    numbers: HashMap<(usize, &'a str), usize>,
    around: Vec<Option<usize>>,
}

impl Default for Folders<'_> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), around: vec![None] }
    }
}

impl<'a> Folders<'a> {
    /// The same folders with modules, each by the number of its folder and its name.
    pub(super) fn holding(self, entries: HashMap<(usize, &'a str), usize>) -> Modules<'a> {
        Modules { entries, around: self.around }
    }

    /// The number of the folder at a path that an entry at a byte names.
    pub(super) fn number(&mut self, path: &'a str, at: usize) -> Result<usize, Fault> {
        let mut folder = ROOT;
        for (depth, part) in path.split('/').filter(|part| !matches!(*part, "" | ".")).enumerate() {
            if depth == DEEPEST {
                return Err(Fault::new(at, "too many folders within each other"));
            }
            let next = self.around.len();
            // What lies beside the project does not find the project's modules.
            let around = (part != "..").then_some(folder);
            folder = *self.numbers.entry((folder, part)).or_insert(next);
            if folder == next {
                self.around.push(around);
            }
        }
        Ok(folder)
    }
}

/// Where the last name of a path begins: `b` in `packages/b`, `@a/b` in `packages/@a/b`.
pub(super) fn start_of_name(path: &str) -> usize {
    let start = path.rfind('/').map_or(0, |at| at + 1);
    let scope = path[..start.saturating_sub(1)].rfind('/').map_or(0, |at| at + 1);
    if path[scope..].starts_with('@') { scope } else { start }
}
