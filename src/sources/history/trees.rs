//! Trees, as far as they matter: what in them is wanted, or differs from the trees of the parents.

use std::rc::Rc;

use gix::{ObjectId, bstr::BString, hashtable::HashMap, prelude::FindExt as _};

use super::{Blobs, gap};
use crate::finding::Gap;

/// Folders within folders; git itself has no limit.
const DEEPEST: usize = 256;

/// A folder or a file.
pub(super) struct Entry {
    pub(super) name: BString,
    pub(super) id: ObjectId,
    pub(super) is_tree: bool,
}

/// The trees of a repository.
pub(super) struct Trees {
    pub(super) local: gix::Repository,
    /// What could not be read.
    pub(super) gaps: Vec<Gap>,
    /// What leads to something wanted, for each tree that was read for that.
    leading: HashMap<ObjectId, Rc<[Entry]>>,
    bytes: Vec<u8>,
}

impl Trees {
    /// Of a repository; nothing is read yet.
    pub(super) fn new(local: gix::Repository) -> Self {
        Self { local, gaps: Vec::new(), leading: HashMap::default(), bytes: Vec::new() }
    }

    /// What in a tree is wanted, or leads to it. Each tree is read once.
    pub(super) fn leading(
        &mut self,
        id: ObjectId,
        depth: usize,
        wanted: &Blobs,
        stop: &dyn Fn() -> bool,
    ) -> Rc<[Entry]> {
        if let Some(known) = self.leading.get(&id) {
            return Rc::clone(known);
        }
        if stop() || self.is_too_deep(id, depth) {
            return Rc::default();
        }
        let mut entries = self.read(id, |blob| wanted.contains_key(blob));
        entries.retain(|entry| {
            !entry.is_tree || !self.leading(entry.id, depth + 1, wanted, stop).is_empty()
        });
        let entries: Rc<[Entry]> = entries.into();
        self.leading.insert(id, Rc::clone(&entries));
        entries
    }

    /// What in a tree none of `parents` has under the same name; for folders, with those of the parents.
    pub(super) fn changed(
        &mut self,
        id: ObjectId,
        depth: usize,
        parents: &[ObjectId],
    ) -> Vec<(Entry, Vec<ObjectId>)> {
        if self.is_too_deep(id, depth) {
            return Vec::new();
        }
        let names = |entries: Vec<Entry>| -> std::collections::HashMap<BString, ObjectId> {
            entries.into_iter().map(|entry| (entry.name, entry.id)).collect()
        };
        let parents: Vec<_> = parents.iter().map(|id| names(self.read(*id, |_| true))).collect();
        let at_parents = |entry: &Entry| -> Vec<ObjectId> {
            parents.iter().filter_map(|names| names.get(&entry.name).copied()).collect()
        };
        let entries = self.read(id, |_| true).into_iter();
        let entries = entries.map(|entry| {
            let parents = at_parents(&entry);
            (entry, parents)
        });
        entries.filter(|(entry, parents)| !parents.contains(&entry.id)).collect()
    }

    fn is_too_deep(&mut self, id: ObjectId, depth: usize) -> bool {
        if depth >= DEEPEST {
            self.gaps.push(gap(format!("tree {id} lies too deep")));
        }
        depth >= DEEPEST
    }

    /// The folders of a tree, and the files that are wanted.
    fn read(&mut self, id: ObjectId, wants: impl Fn(&gix::oid) -> bool) -> Vec<Entry> {
        let mut read = Vec::new();
        let mut take = || -> gix::Result<()> {
            for entry in self.local.objects.find_tree_iter(&id, &mut self.bytes)? {
                let entry = entry?;
                let is_tree = entry.mode.is_tree();
                if is_tree || (entry.mode.is_blob() && wants(entry.oid)) {
                    let (name, id) = (entry.filename.to_owned(), entry.oid.to_owned());
                    read.push(Entry { name, id, is_tree });
                }
            }
            Ok(())
        };
        if let Err(error) = take() {
            self.gaps.push(gap(format!("tree {id} can not be read: {error}")));
        }
        read
    }
}
