//! Downloads the sources of advisories and makes an index of them.
//!
//! What came is kept beside the index, packed as it came, so that what has not changed is not sent again and a
//! source that does not answer is stood in for by its last copy. The index is replaced in one step, when all of
//! the new one is there; until then nothing of the old one changes.

mod kept;
mod wanted;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use sha2::{Digest, Sha256};

use super::inputs::cache_folder;
use crate::{
    config::AdvisoryConfig,
    deadline::Deadline,
    fetch::{Address, Answer, Client, Received, Request, Validators},
    packages::advisories::{
        BuildError, Builder, Index,
        build::Source,
        write::{Replacement, WriteError},
    },
};

pub use kept::{Kept, KeptSource};
pub use wanted::{Wanted, of_ecosystems, wanted};

/// A checkout of one database in the cache: what there was before there were indexes.
pub(super) const CHECKOUT: &str = "advisory-db";
/// Most bytes of one download; the archive about npm, the largest, has a fifth of it.
const MOST_BYTES: u64 = 1 << 30;

/// Where the index of advisories is if nobody says otherwise. One that is made of other sources than the usual
/// ones is a file of its own: no project's configuration decides what others are audited with.
pub fn place(
    config: &AdvisoryConfig,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Option<PathBuf> {
    let name = if config.sources.is_empty() && config.mirror.is_none() {
        "advisories.idx".to_owned()
    } else {
        let of = format!("{:?} {:?}", config.mirror, config.sources);
        format!("advisories-{}.idx", short_digest(&of))
    };
    cache_folder(variable).map(|cache| cache.join(name))
}

/// Half a SHA-256 in hexadecimal digits.
fn short_digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let half = digest.iter().take(16).fold(0, |number, byte| (number << 8) | u128::from(*byte));
    format!("{half:032x}")
}

/// An update of one index.
pub struct Update<'a> {
    /// The index.
    pub place: &'a Path,
    /// What it is to be made of.
    pub wanted: &'a [Wanted],
    /// Who downloads.
    pub client: &'a Client,
    /// When to stop.
    pub deadline: &'a Deadline<'a>,
    /// The time.
    pub now: Timestamp,
    /// Told how far a download is.
    pub seen: &'a dyn Fn(&Address, Received),
}

/// What became of an update.
#[derive(Debug)]
pub struct Updated {
    /// What the new index is made of; `None` if the old one is still right, or nothing came.
    pub sources: Option<Vec<Source>>,
    /// A line for each source that could not be had, and what is used in its stead.
    pub failures: Vec<String>,
}

/// What was had of a source.
enum Came {
    /// The copy that is kept is the newest.
    Same,
    /// There is a new one.
    New(Validators),
    /// It is a file or folder of this machine.
    Local,
    /// Nothing, and why.
    Failed(String),
}

struct Part<'a> {
    wanted: &'a Wanted,
    came: Came,
}

impl Part<'_> {
    const fn has_failed(&self) -> bool {
        matches!(self.came, Came::Failed(_))
    }
}

impl Update<'_> {
    /// Downloads what has changed, and replaces the index if anything has. An error, and an interruption,
    /// leave everything as it was.
    pub fn run(&self) -> anyhow::Result<Updated> {
        let replacement = Replacement::begin(self.place)?;
        let mut kept = Kept::open(self.place)?;
        let mut parts = Vec::new();
        for wanted in self.wanted {
            let came = self.fetch(&kept, wanted);
            if self.deadline.passed() && self.deadline.reason() == "interrupted" {
                kept.sweep(self.wanted);
                anyhow::bail!("update the advisories: interrupted; nothing was changed");
            }
            parts.push(Part { wanted, came });
        }
        let updated = self.index(replacement, &mut kept, &mut parts);
        kept.sweep(self.wanted);
        updated
    }

    fn fetch(&self, kept: &Kept, wanted: &Wanted) -> Came {
        let address = &wanted.address;
        if matches!(address, Address::File(_)) {
            return Came::Local;
        }
        let known = kept.validators(address);
        let request = Request { address, accept: None, known: &known, most_bytes: MOST_BYTES };
        let mut file = match File::create(kept.new_copy(address)) {
            Ok(file) => file,
            Err(error) => return Came::Failed(format!("{address}: keep what comes: {error}")),
        };
        let seen = &mut |received| (self.seen)(address, received);
        match self.client.fetch(&request, &mut file, self.deadline, seen) {
            Ok(Answer::Unchanged) => Came::Same,
            Ok(Answer::Fresh { validators, .. }) => Came::New(validators),
            Err(error) => Came::Failed(error.to_string()),
        }
    }

    /// Makes the index, if it is to be another than the one that is there.
    fn index(
        &self,
        replacement: Replacement,
        kept: &mut Kept,
        parts: &mut [Part<'_>],
    ) -> anyhow::Result<Updated> {
        let came = |part: &Part<'_>| !part.has_failed();
        if !parts.iter().any(came) {
            return self.give_in(kept, parts);
        }
        let is_new = |part: &Part<'_>| matches!(part.came, Came::New(_) | Came::Local);
        if !parts.iter().any(is_new) && kept.describes(self.place, self.wanted) {
            self.note(kept, parts)?;
            return Ok(Updated { sources: None, failures: failures(parts, kept) });
        }
        let built = self.build(kept, parts)?;
        let Some((bytes, sources)) = built.filter(|_| parts.iter().any(came)) else {
            return self.give_in(kept, parts);
        };
        let failures = failures(parts, kept);
        // Until the index is replaced, what is written down does not fit it: then the next update makes it anew.
        self.note(kept, parts)?;
        kept.made(self.now, self.wanted);
        kept.save()?;
        replacement.finish(&bytes)?;
        Ok(Updated { sources: Some(sources), failures })
    }

    /// Nothing came: only that is written down.
    fn give_in(&self, kept: &mut Kept, parts: &[Part<'_>]) -> anyhow::Result<Updated> {
        kept.tried(self.now);
        kept.save()?;
        Ok(Updated { sources: None, failures: failures(parts, kept) })
    }

    /// The bytes of an index of what was had. What turns out to be no source is left out, and its last copy
    /// taken. `None` if so little was had that there is no advisory at all.
    fn build(
        &self,
        kept: &mut Kept,
        parts: &mut [Part<'_>],
    ) -> anyhow::Result<Option<(Vec<u8>, Vec<Source>)>> {
        loop {
            let mut builder = Builder::new(day_of(self.now));
            let mut bad = None;
            for (at, part) in parts.iter().enumerate() {
                if let Err(error) = take_in(&mut builder, part, kept) {
                    bad = Some((at, error.to_string()));
                    break;
                }
            }
            if let Some((at, reason)) = bad {
                give_up(&mut parts[at], kept, reason);
                continue;
            }
            let sources = builder.sources().to_vec();
            return match builder.finish(Some(self.now)) {
                Ok(bytes) => Ok(Some((bytes, sources))),
                Err(BuildError::NoPackages) if parts.iter().any(Part::has_failed) => Ok(None),
                Err(error) => Err(error.into()),
            };
        }
    }

    /// Writes down what was had, and puts new copies where the old ones were.
    fn note(&self, kept: &mut Kept, parts: &[Part<'_>]) -> anyhow::Result<()> {
        let is_new = |part: &&Part<'_>| matches!(part.came, Came::New(_));
        // A copy is never described by what belongs to another one, whenever this is ended.
        for part in parts.iter().filter(is_new) {
            kept.forget(&part.wanted.address);
        }
        kept.save()?;
        for Part { wanted: Wanted { address, .. }, came } in parts {
            match came {
                Came::Same => kept.asked(address, None, self.now)?,
                Came::New(validators) => {
                    fs::rename(kept.new_copy(address), kept.copy(address))
                        .with_context(|| format!("keep what came from {address}"))?;
                    kept.asked(address, Some(validators), self.now)?;
                }
                Came::Local | Came::Failed(_) => {}
            }
        }
        let has_failed = parts.iter().any(Part::has_failed);
        kept.tried(if has_failed { self.now } else { Timestamp::UNIX_EPOCH });
        kept.save()
    }
}

/// The day of a time, in UTC.
pub(super) fn day_of(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// Whether somebody else is at it.
pub(super) fn is_busy(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(WriteError::Busy(_)))
}

/// Takes in the best that there is of a source; if there is nothing, that is noted.
fn take_in(builder: &mut Builder, part: &Part<'_>, kept: &Kept) -> Result<(), BuildError> {
    let Wanted { address, ecosystem } = part.wanted;
    let (name, first) = (address.to_string(), builder.sources().len());
    match (&part.came, address) {
        (Came::Local, Address::File(path)) => builder.add_path(path)?,
        (Came::New(_), _) => builder.add(&name, open(&kept.new_copy(address), &name)?)?,
        (Came::Failed(reason), _) if !kept.copy(address).exists() => {
            builder.miss(&name, *ecosystem, reason);
        }
        _ => builder.add(&name, open(&kept.copy(address), &name)?)?,
    }
    if let Some(ecosystem) = ecosystem {
        builder.limit(first, *ecosystem);
    }
    Ok(())
}

fn open(path: &Path, name: &str) -> Result<File, BuildError> {
    File::open(path)
        .map_err(|error| BuildError::Read { name: name.to_owned(), reason: error.to_string() })
}

/// Does without what can not be read: first without what came, then without the copy of before.
fn give_up(part: &mut Part<'_>, kept: &mut Kept, reason: String) {
    let address = &part.wanted.address;
    if !matches!(part.came, Came::New(_) | Came::Local) {
        kept.forget(address);
        // If it can not be removed, neither can it be read.
        let _ = fs::remove_file(kept.copy(address));
    }
    part.came = Came::Failed(reason);
}

fn failures(parts: &[Part<'_>], kept: &Kept) -> Vec<String> {
    let failure = |part: &Part<'_>| {
        let Came::Failed(reason) = &part.came else { return None };
        let address = &part.wanted.address;
        let instead = match kept.source(address).filter(|_| kept.copy(address).exists()) {
            Some(source) => format!("what came on {} is used", day_of(source.checked())),
            None => "its advisories are missing".to_owned(),
        };
        Some(format!("{reason}; {instead}"))
    };
    parts.iter().filter_map(failure).collect()
}

/// Whether the index in place is the one that was made of what is kept, and of nothing else.
fn is_made_of(kept: &Kept, index: &Index) -> bool {
    index.built().is_some_and(|built| built.as_second() == kept.index())
}
