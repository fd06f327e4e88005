//! Walks commits, the oldest first, to tell where blobs stood first.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use gix::{ObjectId, object::Kind};

use super::{
    Blobs, Wanted, gap,
    trees::{Entry, Trees},
};
use crate::{
    finding::{Commit, Gap, RepoPath},
    sources::{SourceError, repository::Repository},
};

/// Bytes of unfolded trees that are kept, because others build on them.
const CACHE: usize = 32 << 20;

/// Which commits are walked, and what is told of them.
pub enum Past {
    /// All that any reference reaches: told are these blobs, until each was found to be what it was wanted
    /// for.
    All(Wanted),
    /// Those that HEAD has and this revision lacks: told is every blob that one of them adds or changes.
    Since(String),
}

/// A blob at a path in the first commit that has it there.
pub struct Appearance<'a> {
    /// The path, from the audited folder.
    pub path: RepoPath,
    /// The commit.
    pub commit: &'a Commit,
    id: ObjectId,
    local: &'a gix::Repository,
    kept: Option<&'a [u8]>,
}

fn git(error: impl std::fmt::Display) -> SourceError {
    SourceError::Git(error.to_string())
}

impl Appearance<'_> {
    /// The size of the blob, in bytes.
    pub fn size(&self) -> Result<u64, SourceError> {
        match self.kept {
            Some(bytes) => Ok(bytes.len() as u64),
            None => Ok(self.local.find_header(self.id).map_err(git)?.size()),
        }
    }

    /// The bytes of the blob.
    pub fn read(&self) -> Result<Vec<u8>, SourceError> {
        match self.kept {
            Some(bytes) => Ok(bytes.to_vec()),
            None => Ok(self.local.find_object(self.id).map_err(git)?.detach().data),
        }
    }
}

/// Calls `each` with blobs and where they stood first; it returns whether the blob was what it was wanted
/// for, so that other paths of it do not matter. Returns how many commits were walked, and what could not be
/// looked at.
pub fn appearances(
    repository: &Repository,
    past: Past,
    stop: &(dyn Fn() -> bool + Sync),
    each: &mut dyn FnMut(&Appearance<'_>) -> bool,
) -> Result<(u64, Vec<Gap>), SourceError> {
    let mut local = repository.local()?;
    let cache = || Box::new(gix::odb::pack::cache::lru::MemoryCappedHashmap::new(CACHE)) as Box<_>;
    local.objects.set_pack_cache(cache);
    let shallow = local.shallow_commits().map_err(git)?;
    let shallow = shallow.map(|commits| commits.iter().copied().collect()).unwrap_or_default();
    let mut walk = Walk {
        trees: Trees::new(local.clone()),
        local,
        prefix: repository.prefix(),
        shallow,
        stop,
        each,
        wanted: None,
        seen: HashSet::new(),
        told: HashSet::new(),
        gaps: Vec::new(),
        commit: Commit { id: String::new(), date: String::new() },
    };
    let nodes = match past {
        Past::All(wanted) => {
            walk.wanted = Some(wanted.0);
            walk.all()?
        }
        Past::Since(base) => walk.since(&base)?,
    };
    let nodes = oldest_first(nodes);
    // Packs store what is old as deltas on what is new: in this order each of them is unfolded once.
    nodes.iter().rev().for_each(|node| walk.prepare(node));
    for node in &nodes {
        if walk.is_over() {
            break;
        }
        walk.commit(node);
    }
    walk.gaps.append(&mut walk.trees.gaps);
    Ok((nodes.len() as u64, walk.gaps))
}

/// A commit in the graph of all.
struct Node {
    id: ObjectId,
    tree: ObjectId,
    /// When it was made, in seconds since 1970.
    time: i64,
    parents: Vec<ObjectId>,
}

struct Walk<'a> {
    local: gix::Repository,
    trees: Trees,
    prefix: &'a str,
    /// Where the clone was cut off: the parents of these are not there.
    shallow: HashSet<ObjectId>,
    stop: &'a (dyn Fn() -> bool + Sync),
    each: &'a mut dyn FnMut(&Appearance<'_>) -> bool,
    /// What is still looked for; `None` for every blob that differs from the parents'.
    wanted: Option<Blobs>,
    /// Trees, each with the hash of its path.
    seen: HashSet<(ObjectId, u64)>,
    /// Blobs, each with the hash of its path.
    told: HashSet<(ObjectId, u64)>,
    gaps: Vec<Gap>,
    /// The one that was told of last.
    commit: Commit,
}

impl Walk<'_> {
    fn is_over(&self) -> bool {
        (self.stop)() || self.wanted.as_ref().is_some_and(Blobs::is_empty)
    }

    /// All commits that a reference or HEAD reaches. What a tag names without a commit is told at once.
    fn all(&mut self) -> Result<Vec<Node>, SourceError> {
        let mut tips: Vec<ObjectId> =
            self.local.head_id().ok().map(gix::Id::detach).into_iter().collect();
        let local = self.local.clone();
        for reference in local.references().map_err(git)?.all().map_err(git)? {
            let mut reference = match reference {
                Ok(reference) => reference,
                Err(error) => {
                    self.gaps.push(gap(format!("a reference can not be read: {error}")));
                    continue;
                }
            };
            let is_symbolic = reference.try_id().is_none();
            let name = reference.name().as_bstr().to_string();
            match reference.peel_to_id().map(gix::Id::detach) {
                Ok(id) => self.take_tip(id, &name, &mut tips),
                // `origin/HEAD` may name a branch that is gone.
                Err(_) if is_symbolic => {}
                Err(error) => self.gaps.push(gap(format!("`{name}` can not be read: {error}"))),
            }
        }
        let mut known = HashSet::new();
        let mut nodes = Vec::new();
        while let Some(id) = tips.pop() {
            if (self.stop)() {
                break;
            }
            if known.insert(id)
                && let Some(mut node) = self.node(id)
            {
                if self.shallow.contains(&id) {
                    node.parents.clear();
                }
                tips.extend(&node.parents);
                nodes.push(node);
            }
        }
        Ok(nodes)
    }

    fn take_tip(&mut self, id: ObjectId, name: &str, tips: &mut Vec<ObjectId>) {
        match self.local.find_header(id).map(|header| header.kind()) {
            Ok(Kind::Commit) => tips.push(id),
            Ok(Kind::Tree) => self.tree(id, &[], "", id),
            Ok(Kind::Blob) if self.prefix.is_empty() => self.blob(id, name, id),
            Ok(Kind::Blob | Kind::Tag) => {}
            Err(error) => self.gaps.push(gap(format!("`{name}` can not be read: {error}"))),
        }
    }

    /// The commits that HEAD has and `base` lacks.
    fn since(&mut self, base: &str) -> Result<Vec<Node>, SourceError> {
        let local = self.local.clone();
        let head = local.head_id().map_err(git)?;
        let base = local.rev_parse_single(base).map_err(git)?;
        let base = base.object().map_err(git)?.peel_to_commit().map_err(git)?.id;
        let commits = local.rev_walk([head]).with_hidden([base]).all().map_err(git)?;
        let mut nodes = Vec::new();
        for commit in commits {
            if (self.stop)() {
                break;
            }
            let id = commit.map_err(git)?.id;
            if self.shallow.contains(&id) {
                self.gaps.push(gap(format!("a shallow clone ends at commit {id}: fetch the rest")));
            }
            nodes.extend(self.node(id));
        }
        Ok(nodes)
    }

    fn node(&mut self, id: ObjectId) -> Option<Node> {
        let read = || -> gix::Result<Node> {
            let commit = self.local.find_commit(id)?;
            let tree = commit.tree_id()?.detach();
            let time = commit.time()?.seconds;
            let parents = commit.parent_ids().map(gix::Id::detach).collect();
            Ok(Node { id, tree, time, parents })
        };
        let node = read();
        node.map_err(|error| self.gaps.push(gap(format!("commit {id} can not be read: {error}"))))
            .ok()
    }

    /// Reads the trees of a commit that lead to something wanted.
    fn prepare(&mut self, node: &Node) {
        if let Some(tree) = self.audited(node.tree)
            && let Some(wanted) = &self.wanted
        {
            self.trees.leading(tree, 0, wanted, self.stop);
        }
    }

    /// Tells of what is new in a commit.
    fn commit(&mut self, node: &Node) {
        let Some(tree) = self.audited(node.tree) else { return };
        let parents: Vec<ObjectId> = if self.wanted.is_some() {
            Vec::new()
        } else {
            let parents = node.parents.iter().filter_map(|id| {
                let tree = self.local.find_commit(*id).ok()?.tree_id().ok()?.detach();
                self.audited(tree)
            });
            parents.collect()
        };
        if !parents.contains(&tree) {
            self.tree(tree, &parents, "", node.id);
        }
    }

    /// The tree of the audited folder.
    fn audited(&self, tree: ObjectId) -> Option<ObjectId> {
        if self.prefix.is_empty() {
            return Some(tree);
        }
        let root = self.local.find_tree(tree).ok()?;
        let entry = root.lookup_entry_by_path(self.prefix).ok()??;
        entry.mode().is_tree().then(|| entry.object_id())
    }

    /// Tells of what is in a tree, and in no tree of `parents` at the same place.
    fn tree(&mut self, id: ObjectId, parents: &[ObjectId], path: &str, commit: ObjectId) {
        if self.is_over() || !self.seen.insert((id, hash(path))) {
            return;
        }
        let depth = path.split('/').filter(|name| !name.is_empty()).count();
        if let Some(wanted) = &self.wanted {
            for entry in self.trees.leading(id, depth, wanted, self.stop).iter() {
                self.entry(entry, &[], path, commit);
            }
        } else {
            for (entry, parents) in self.trees.changed(id, depth, parents) {
                self.entry(&entry, &parents, path, commit);
            }
        }
    }

    fn entry(&mut self, entry: &Entry, parents: &[ObjectId], folder: &str, commit: ObjectId) {
        let path = match folder {
            "" => entry.name.to_string(),
            folder => format!("{folder}/{}", entry.name),
        };
        if entry.is_tree {
            self.tree(entry.id, parents, &path, commit);
        } else {
            self.blob(entry.id, &path, commit);
        }
    }

    fn blob(&mut self, id: ObjectId, path: &str, commit: ObjectId) {
        let is_wanted = self.wanted.as_ref().is_none_or(|wanted| wanted.contains_key(&id));
        if !is_wanted || !self.told.insert((id, hash(path))) {
            return;
        }
        let name = commit.to_string();
        if self.commit.id != name {
            let date = date(&self.local, commit);
            self.commit = Commit { id: name, date };
        }
        let path = RepoPath::new(path);
        let kept = self.wanted.as_ref().and_then(|wanted| wanted.get(&id)?.as_deref());
        let appearance = Appearance { path, commit: &self.commit, id, local: &self.local, kept };
        if (self.each)(&appearance)
            && let Some(wanted) = &mut self.wanted
        {
            wanted.remove(&id);
        }
    }
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// The author's date of a commit; empty if it is none, or names no date.
fn date(local: &gix::Repository, commit: ObjectId) -> String {
    let read = || {
        let commit = local.find_commit(commit).ok()?;
        let time = commit.author().ok()?.time().ok()?;
        time.format(gix::date::time::format::ISO8601_STRICT).ok()
    };
    read().unwrap_or_default()
}

/// Parents before children; of those that could be next, the one that was made first.
fn oldest_first(nodes: Vec<Node>) -> Vec<Node> {
    let places: HashMap<ObjectId, usize> =
        nodes.iter().enumerate().map(|(at, node)| (node.id, at)).collect();
    let mut waits = vec![0_usize; nodes.len()];
    let mut children = vec![Vec::new(); nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        for parent in node.parents.iter().filter_map(|parent| places.get(parent)) {
            children[*parent].push(at);
            waits[at] += 1;
        }
    }
    let next = |at: usize| Reverse((nodes[at].time, nodes[at].id, at));
    let ready = (0..nodes.len()).filter(|at| waits[*at] == 0);
    let mut ready: BinaryHeap<_> = ready.map(next).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(Reverse((_, _, at))) = ready.pop() {
        order.push(at);
        for child in std::mem::take(&mut children[at]) {
            waits[child] -= 1;
            if waits[child] == 0 {
                ready.push(next(child));
            }
        }
    }
    let mut nodes: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| nodes[at].take()).collect()
}
