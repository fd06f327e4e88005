//! The blobs of one pack, in the order of the pack: each delta is unfolded once, beside its base.
//!
//! The entries of a pack form trees: a delta hangs on its base. Trees of blobs are walked depth first, in
//! parallel; a base is kept until the last delta on it is unfolded, so that a chain needs two buffers.

use std::{ops::Range, path::Path};

use gix::{
    ObjectId,
    odb::pack::{data, data::entry::Header, index},
    zlib::Inflate,
};
use rayon::prelude::*;

use super::{Found, Look, Origin, delta};

/// A base over this many bytes is not unfolded, and nothing that builds on it.
const LARGEST_BASE: u64 = 128 << 20;
/// The bases that wait for further deltas have at most this many bytes in each thread.
const MOST_HELD: usize = 256 << 20;
/// Larger buffers are given back.
const LARGEST_KEPT: usize = 8 << 20;

/// A pack and its index.
pub(super) struct Pack {
    index: index::File,
    data: data::File,
}

impl Pack {
    /// Opens the pack that belongs to the index at `path`.
    pub(super) fn open(path: &Path, hash: gix::hash::Kind) -> Result<Self, String> {
        let index = index::File::at(path, hash).map_err(|error| error.to_string())?;
        let data = data::File::at(path.with_extension("pack"), hash);
        Ok(Self { index, data: data.map_err(|error| error.to_string())? })
    }

    /// Whether the pack has this object.
    pub(super) fn has(&self, id: &gix::oid) -> bool {
        self.index.lookup(id).is_some()
    }

    /// Looks at each blob of the pack that none of `others` has.
    pub(super) fn look<M>(&self, look: &Look<'_, M>, others: &[Self]) -> Found {
        let forest = Forest::grow(self);
        let survey = PackSurvey { pack: self, forest: &forest, look, others };
        let roots = forest.roots.par_iter();
        let mut found = roots
            .map_init(Worker::default, |worker, root| survey.descend(*root, worker))
            .reduce(Found::default, Found::merge);
        if let Some(first) = forest.lost.first() {
            let reason = "what it builds on is not in its pack";
            found.miss(forest.id(*first, self), forest.lost.len() - 1, reason);
        }
        found
    }
}

/// One object: where it lies in the pack, and its number in the index.
struct Entry {
    offset: u64,
    number: u32,
}

/// What an entry is made from.
enum Stored {
    Blob,
    Other,
    /// A delta on this entry.
    On(u32),
    /// A delta on something that is not there, or no entry at all.
    Lost,
}

/// The entries of a pack in its order, and which hang on which.
struct Forest {
    entries: Vec<Entry>,
    /// For each entry, where its deltas begin in `deltas`; one more at the end.
    starts: Vec<u32>,
    deltas: Vec<u32>,
    /// Blobs that are stored whole.
    roots: Vec<u32>,
    /// What hangs on no root.
    lost: Vec<u32>,
}

impl Forest {
    fn grow(pack: &Pack) -> Self {
        let numbers = 0..pack.index.num_objects();
        let entry = |number| Entry { offset: pack.index.pack_offset_at_index(number), number };
        let mut entries: Vec<Entry> = numbers.map(entry).collect();
        entries.sort_unstable_by_key(|entry| entry.offset);
        let stored: Vec<Stored> =
            entries.iter().map(|entry| stored(pack, &entries, entry)).collect();
        let mut starts = vec![0_u32; entries.len() + 1];
        for base in stored.iter().filter_map(Stored::base) {
            starts[base as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut deltas = vec![0; starts[entries.len()] as usize];
        let mut roots = Vec::new();
        for (position, stored) in (0_u32..).zip(&stored) {
            if let Some(base) = stored.base() {
                deltas[next[base as usize] as usize] = position;
                next[base as usize] += 1;
            } else if matches!(stored, Stored::Blob) {
                roots.push(position);
            }
        }
        let mut forest = Self { entries, starts, deltas, roots, lost: Vec::new() };
        forest.lost = forest.unreached(&stored);
        forest
    }

    /// The entries that can not be had from one that is stored whole: a base is missing, or in a circle.
    fn unreached(&self, stored: &[Stored]) -> Vec<u32> {
        let is_whole = |stored: &Stored| matches!(stored, Stored::Blob | Stored::Other);
        let mut reached: Vec<bool> = stored.iter().map(is_whole).collect();
        let whole = (0_u32..).zip(stored).filter(|(_, stored)| is_whole(stored));
        let mut todo: Vec<u32> = whole.map(|(position, _)| position).collect();
        while let Some(position) = todo.pop() {
            for delta in &self.deltas[self.on(position)] {
                reached[*delta as usize] = true;
                todo.push(*delta);
            }
        }
        (0_u32..)
            .zip(reached)
            .filter(|(_, reached)| !reached)
            .map(|(position, _)| position)
            .collect()
    }

    /// Where the deltas on an entry stand in `deltas`.
    fn on(&self, position: u32) -> Range<usize> {
        let position = position as usize;
        self.starts[position] as usize..self.starts[position + 1] as usize
    }

    /// How many entries can not be had without this one.
    fn above(&self, position: u32) -> usize {
        let (mut count, mut todo) = (0, vec![position]);
        while let Some(position) = todo.pop() {
            count += self.on(position).len();
            todo.extend(&self.deltas[self.on(position)]);
        }
        count
    }

    fn id(&self, position: u32, pack: &Pack) -> ObjectId {
        pack.index.oid_at_index(self.entries[position as usize].number).to_owned()
    }
}

impl Stored {
    const fn base(&self) -> Option<u32> {
        match self {
            Self::On(base) => Some(*base),
            Self::Blob | Self::Other | Self::Lost => None,
        }
    }
}

fn stored(pack: &Pack, entries: &[Entry], entry: &Entry) -> Stored {
    let Ok(head) = pack.data.entry(entry.offset) else { return Stored::Lost };
    let base = match head.header {
        Header::Blob => return Stored::Blob,
        Header::Tree | Header::Commit | Header::Tag => return Stored::Other,
        Header::OfsDelta { base_distance } => head.checked_base_pack_offset(base_distance),
        Header::RefDelta { base_id } => {
            pack.index.lookup(base_id).map(|number| pack.index.pack_offset_at_index(number))
        }
    };
    let position = base.and_then(|base| entries.binary_search_by_key(&base, |e| e.offset).ok());
    position.and_then(|position| u32::try_from(position).ok()).map_or(Stored::Lost, Stored::On)
}

/// Buffers of one thread.
#[derive(Default)]
struct Worker {
    inflate: Inflate,
    delta: Vec<u8>,
    /// What the last blob has from its base.
    copies: Vec<delta::Copied>,
    spare: Vec<Vec<u8>>,
}

impl Worker {
    fn keep(&mut self, bytes: Vec<u8>) {
        if bytes.capacity() <= LARGEST_KEPT {
            self.spare.push(bytes);
        }
    }
}

/// A blob that was looked at, and what is remembered of it.
struct Unfolded<M> {
    position: u32,
    bytes: Vec<u8>,
    memory: Option<M>,
}

/// A base and the deltas on it that wait.
struct Base<M> {
    bytes: Vec<u8>,
    memory: Option<M>,
    waiting: Range<usize>,
}

struct PackSurvey<'a, M> {
    pack: &'a Pack,
    forest: &'a Forest,
    look: &'a Look<'a, M>,
    others: &'a [Pack],
}

impl<M> PackSurvey<'_, M> {
    /// Looks at a blob that is stored whole and at all that hang on it.
    fn descend(&self, root: u32, worker: &mut Worker) -> Found {
        let mut found = Found::default();
        if (self.look.stop)() {
            return found;
        }
        let mut path: Vec<Base<M>> = Vec::new();
        let mut held = 0;
        let bytes = self.whole(root, worker, &mut found);
        let mut unfolded = bytes.map(|bytes| self.take(root, bytes, None, &mut found));
        loop {
            if let Some(Unfolded { position, bytes, memory }) = unfolded.take() {
                let waiting = self.forest.on(position);
                if waiting.is_empty() {
                    worker.keep(bytes);
                } else {
                    held += bytes.len();
                    path.push(Base { bytes, memory, waiting });
                }
            }
            let Some(base) = path.last_mut() else { return found };
            if let Some(next) = base.waiting.next() {
                let position = self.forest.deltas[next];
                if (self.look.stop)() {
                    return found;
                }
                let made = self.unfold(position, &base.bytes, held, worker);
                let memory = base.memory.as_ref();
                let origin = memory.map(|memory| Origin { memory, copies: &worker.copies });
                unfolded = self
                    .told(position, made, &mut found)
                    .map(|bytes| self.take(position, bytes, origin, &mut found));
            }
            if base.waiting.is_empty()
                && let Some(base) = path.pop()
            {
                held -= base.bytes.len();
                worker.keep(base.bytes);
            }
        }
    }

    /// Looks at a blob, unless that is done.
    fn take(
        &self,
        position: u32,
        bytes: Vec<u8>,
        origin: Option<Origin<'_, M>>,
        found: &mut Found,
    ) -> Unfolded<M> {
        let id = self.forest.id(position, self.pack);
        let is_done = self.others.iter().any(|other| other.has(&id));
        let memory = if is_done { None } else { self.look.at(id, &bytes, origin, found) };
        Unfolded { position, bytes, memory }
    }

    /// What was made, or nothing after noting what is lost with it.
    fn told(
        &self,
        position: u32,
        made: Result<Vec<u8>, String>,
        found: &mut Found,
    ) -> Option<Vec<u8>> {
        made.map_err(|reason| {
            let lost = self.forest.above(position);
            found.miss(self.forest.id(position, self.pack), lost, &reason);
        })
        .ok()
    }

    /// The bytes of a blob that is stored whole; nothing if they are not needed.
    fn whole(&self, root: u32, worker: &mut Worker, found: &mut Found) -> Option<Vec<u8>> {
        let mut read = || -> Result<Option<Vec<u8>>, String> {
            let offset = self.forest.entries[root as usize].offset;
            let entry = self.pack.data.entry(offset).map_err(|error| error.to_string())?;
            let size = entry.decompressed_size;
            if size > self.look.most_bytes && self.forest.on(root).is_empty() {
                return Ok(None);
            }
            let mut bytes = worker.spare.pop().unwrap_or_default();
            self.inflate(&entry, &mut worker.inflate, &mut bytes)?;
            Ok(Some(bytes))
        };
        match read() {
            Ok(Some(bytes)) => Some(bytes),
            Ok(None) => {
                found.wanted.push((self.forest.id(root, self.pack), None));
                None
            }
            Err(reason) => self.told(root, Err(reason), found),
        }
    }

    /// The bytes that a delta makes of its base.
    fn unfold(
        &self,
        position: u32,
        base: &[u8],
        held: usize,
        worker: &mut Worker,
    ) -> Result<Vec<u8>, String> {
        let offset = self.forest.entries[position as usize].offset;
        let entry = self.pack.data.entry(offset).map_err(|error| error.to_string())?;
        self.inflate(&entry, &mut worker.inflate, &mut worker.delta)?;
        let broken = || "its delta is broken".to_owned();
        let (sizes, instructions) = delta::sizes(&worker.delta).ok_or_else(broken)?;
        let size = small(sizes.result)?;
        if sizes.base != base.len() as u64 {
            return Err(broken());
        }
        if held + size > MOST_HELD {
            return Err("too much builds on it at once".to_owned());
        }
        let mut bytes = worker.spare.pop().unwrap_or_default();
        let copies = &mut worker.copies;
        delta::apply(base, instructions, size, &mut bytes, copies).ok_or_else(broken)?;
        Ok(bytes)
    }

    fn inflate(
        &self,
        entry: &data::Entry,
        inflate: &mut Inflate,
        to: &mut Vec<u8>,
    ) -> Result<(), String> {
        to.resize(small(entry.decompressed_size)?, 0);
        let read = self.pack.data.decompress_entry(entry, inflate, to);
        read.map(drop).map_err(|error| error.to_string())
    }
}

fn small(size: u64) -> Result<usize, String> {
    let fitting = usize::try_from(size).ok().filter(|_| size <= LARGEST_BASE);
    fitting.ok_or_else(|| format!("over {LARGEST_BASE} bytes"))
}
