//! The past of a repository: all its blobs, each once, and where each stood first.
//!
//! Blobs are read in the order in which packs hold them, without a look at commits or trees. Only for those
//! that turn out to be of interest the commits are walked, the oldest first.

#[doc(hidden)]
pub mod delta;
mod packs;
mod trees;
mod walk;

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use gix::ObjectId;
use rayon::prelude::*;

pub use delta::Copied;
pub use walk::{Appearance, Past, appearances};

use super::{SourceError, repository::Repository};
use crate::finding::Gap;
use packs::Pack;

/// What gaps about the past as a whole are called.
pub const SUBJECT: &str = "history";
/// So many bytes of blobs of interest are kept until it is known where they stood.
const MOST_KEPT: usize = 32 << 20;
/// So many objects of one folder that can not be read are named one by one.
const MOST_NAMED: usize = 20;

/// How blobs are looked at; of each, an `M` is remembered for those that are stored as a delta on it.
pub struct Look<'a, M> {
    most_bytes: u64,
    stop: &'a (dyn Fn() -> bool + Sync),
    judge: &'a Judge<'a, M>,
    /// How many bytes of blobs may still be kept.
    room: AtomicUsize,
}

/// Says what a blob is, given its bytes and what they were made from.
type Judge<'a, M> = dyn Fn(&[u8], Option<Origin<'_, M>>) -> Judged<M> + Sync + 'a;

/// What is known of a blob beside its bytes: what was remembered of its base, and what it has from there.
pub struct Origin<'a, M> {
    /// What was remembered.
    pub memory: &'a M,
    /// The stretches that are the base's, in order of their place in the blob; all between is new.
    pub copies: &'a [Copied],
}

/// What a blob turned out to be.
pub struct Judged<M> {
    /// Whether it is of interest.
    pub is_wanted: bool,
    /// What is remembered of it; at most about as large as the blob itself, since it waits beside that.
    pub memory: Option<M>,
}

impl<'a, M> Look<'a, M> {
    /// Looks at blobs of at most so many bytes; larger ones count as of interest. `stop` says whether it is
    /// time to stop, `judge` whether a blob is of interest.
    pub fn new(
        most_bytes: u64,
        stop: &'a (dyn Fn() -> bool + Sync),
        judge: &'a Judge<'a, M>,
    ) -> Self {
        Self { most_bytes, stop, judge, room: AtomicUsize::new(MOST_KEPT) }
    }

    /// Notes the blob if it is of interest, and keeps its bytes while there is room: to unfold a delta again
    /// is dear. Returns what is remembered of it.
    fn at(
        &self,
        id: ObjectId,
        bytes: &[u8],
        origin: Option<Origin<'_, M>>,
        found: &mut Found,
    ) -> Option<M> {
        found.blobs += 1;
        if bytes.len() as u64 > self.most_bytes {
            found.wanted.push((id, None));
            return None;
        }
        let judged = (self.judge)(bytes, origin);
        if judged.is_wanted {
            let left = |room: usize| room.checked_sub(bytes.len());
            let fits = self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok();
            found.wanted.push((id, fits.then(|| bytes.into())));
        }
        judged.memory
    }
}

/// What a look at all blobs found.
pub struct Survey {
    /// How many blobs were looked at.
    pub blobs: u64,
    /// Those that are of interest, reachable or not.
    pub wanted: Wanted,
    /// What could not be looked at.
    pub gaps: Vec<Gap>,
}

/// Blobs that are of interest, some with their bytes.
#[derive(Default)]
pub struct Wanted(Blobs);

type Blobs = gix::hashtable::HashMap<ObjectId, Option<Box<[u8]>>>;

impl Wanted {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Looks at every blob of the repository once: those in packs, then those that lie alone.
pub fn survey<M>(repository: &Repository, look: &Look<'_, M>) -> Result<Survey, SourceError> {
    let mut found = Found::default();
    let mut gaps = cut(repository)?;
    for folder in repository.object_folders()? {
        let part = folder_survey(folder, repository.hash(), look);
        gaps.extend(part.faults.iter().take(MOST_NAMED).map(Fault::gap));
        if let Some(more) = part.faults.len().checked_sub(MOST_NAMED + 1) {
            gaps.push(gap(format!("{} more objects can not be read", more + 1)));
        }
        found = found.merge(part);
    }
    Ok(Survey { blobs: found.blobs, wanted: Wanted(found.wanted.into_iter().collect()), gaps })
}

/// What is missing by the way in which the repository was cloned, and what is another repository.
fn cut(repository: &Repository) -> Result<Vec<Gap>, SourceError> {
    let mut gaps = Vec::new();
    if repository.is_shallow()? {
        gaps.push(gap("a shallow clone ends early: `git fetch --unshallow`".to_owned()));
    }
    let has_promises = |folder: &PathBuf| {
        let mut files = indexes(folder).0.into_iter();
        files.any(|index| index.with_extension("promisor").exists())
    };
    if repository.object_folders()?.iter().any(has_promises) {
        gaps.push(gap(
            "a partial clone lacks objects: `git fetch --refetch --filter=tree:99999`".to_owned()
        ));
    }
    gaps.extend(repository.submodules()?.into_iter().map(|path| Gap {
        subject: path,
        reason: "a submodule has a history of its own: audit it apart".to_owned(),
        incomplete: false,
    }));
    Ok(gaps)
}

/// Something of the past that was not looked at.
pub(super) fn gap(reason: String) -> Gap {
    Gap { subject: SUBJECT.to_owned(), reason, incomplete: true }
}

/// What one thread has seen.
#[derive(Default)]
struct Found {
    blobs: u64,
    wanted: Vec<(ObjectId, Option<Box<[u8]>>)>,
    faults: Vec<Fault>,
}

/// Something that can not be read.
struct Fault {
    what: String,
    reason: String,
}

impl Fault {
    fn gap(&self) -> Gap {
        Gap { subject: self.what.clone(), reason: self.reason.clone(), incomplete: true }
    }
}

impl Found {
    fn merge(mut self, other: Self) -> Self {
        self.blobs += other.blobs;
        self.wanted.extend(other.wanted);
        self.faults.extend(other.faults);
        self
    }

    /// Notes an object that can not be read, nor so many others that build on it.
    fn miss(&mut self, id: ObjectId, lost: usize, reason: &str) {
        let others = match lost {
            0 => String::new(),
            1 => ", nor one that builds on it".to_owned(),
            _ => format!(", nor {lost} that build on it"),
        };
        let reason = format!("can not be read{others}: {reason}");
        self.faults.push(Fault { what: format!("object {id}"), reason });
    }
}

fn folder_survey<M>(folder: &Path, hash: gix::hash::Kind, look: &Look<'_, M>) -> Found {
    let mut found = Found::default();
    let (indexes, error) = indexes(folder);
    found.faults.extend(error.map(|reason| Fault { what: "objects/pack".to_owned(), reason }));
    let mut packs = Vec::new();
    for path in indexes {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let fault =
            |reason: String| Fault { what: name, reason: format!("can not be read: {reason}") };
        // An index that lies about its own tables is met where they are read.
        let looked = catch_unwind(AssertUnwindSafe(|| {
            Pack::open(&path, hash).map(|pack| (pack.look(look, &packs), pack))
        }));
        match looked.unwrap_or_else(|_| Err("it is broken".to_owned())) {
            Ok((part, pack)) => {
                // What a pack with faults should have may be whole in another one.
                if part.faults.is_empty() {
                    packs.push(pack);
                }
                found = found.merge(part);
            }
            Err(reason) => found.faults.push(fault(reason)),
        }
    }
    found.merge(loose_survey(folder, hash, look, &packs))
}

/// The indexes of a folder's packs, sorted, and why they could not be listed.
fn indexes(folder: &Path) -> (Vec<PathBuf>, Option<String>) {
    let listed = match fs::read_dir(folder.join("pack")) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (Vec::new(), None),
        Err(error) => return (Vec::new(), Some(error.to_string())),
    };
    let paths = listed.filter_map(|entry| Some(entry.ok()?.path()));
    let is_index = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "idx");
    let mut paths: Vec<PathBuf> = paths.filter(is_index).collect();
    paths.sort();
    (paths, None)
}

/// The objects that lie alone, each in a file.
fn loose_survey<M>(
    folder: &Path,
    hash: gix::hash::Kind,
    look: &Look<'_, M>,
    packs: &[Pack],
) -> Found {
    let store = gix::odb::loose::Store::at(folder, hash);
    let ids: Vec<ObjectId> = store.iter().filter_map(Result::ok).collect();
    let visit = |buffer: &mut Vec<u8>, id: &ObjectId| {
        let mut found = Found::default();
        if !(look.stop)()
            && !packs.iter().any(|pack| pack.has(id))
            && let Err(error) = loose(&store, id, look, buffer, &mut found)
        {
            found.miss(*id, 0, &error.to_string());
        }
        found
    };
    ids.par_iter().map_init(Vec::new, visit).reduce(Found::default, Found::merge)
}

fn loose<M>(
    store: &gix::odb::loose::Store,
    id: &ObjectId,
    look: &Look<'_, M>,
    buffer: &mut Vec<u8>,
    found: &mut Found,
) -> gix::Result<()> {
    let Some((size, gix::object::Kind::Blob)) = store.try_header(id)? else { return Ok(()) };
    if size > look.most_bytes {
        found.wanted.push((*id, None));
    } else if let Some(object) = store.try_find(id, buffer)? {
        look.at(*id, object.data, None, found);
    }
    Ok(())
}
