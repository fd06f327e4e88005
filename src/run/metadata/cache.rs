//! What registries said, kept in the cache directory: for the day it is not asked for again, and after that only
//! whether it has changed.
//!
//! One small file for each package. Whatever is wrong with one, it is as if there were none.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    fetch::{Address, Validators},
    finding::Fingerprint,
    packages::registry::{Listing, Release},
    run::inputs::cache_folder,
};

/// Larger files are not read.
const LARGEST: u64 = 16 << 20;

/// The folder, and the day.
pub(super) struct Cache {
    folder: PathBuf,
    today: Date,
}

/// What is kept of an answer.
pub(super) struct Kept {
    pub(super) listing: Listing,
    pub(super) validators: Validators,
    /// Whether it is of today.
    pub(super) is_fresh: bool,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    /// The question: two of them may share a name by bad luck only, and then this tells.
    question: String,
    day: String,
    tag: Option<String>,
    modified: Option<String>,
    latest: Option<String>,
    releases: Vec<StoredRelease>,
}

/// Version, day, why it is yanked, why it is deprecated.
type StoredRelease = (String, Option<String>, Option<String>, Option<String>);

impl Cache {
    /// The answers that are kept in the user's cache folder; `None` where there is no such folder.
    pub(super) fn new(variable: &dyn Fn(&str) -> Option<String>, today: Date) -> Option<Self> {
        Some(Self { folder: cache_folder(variable)?.join("registries"), today })
    }

    /// What is known from the last time.
    pub(super) fn find(&self, address: &Address, accept: &str) -> Option<Kept> {
        let question = question(address, accept);
        let path = self.path(&question);
        if fs::metadata(&path).ok()?.len() > LARGEST {
            return None;
        }
        let stored: Stored = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        if stored.question != question {
            return None;
        }
        let release = |(version, day, yanked, deprecated): StoredRelease| {
            let published = day.and_then(|day| day.parse().ok());
            Release { version, published, yanked, deprecated }
        };
        let releases = stored.releases.into_iter().map(release).collect();
        Some(Kept {
            listing: Listing { releases, latest: stored.latest },
            validators: Validators { tag: stored.tag, modified: stored.modified },
            is_fresh: stored.day == self.today.to_string(),
        })
    }

    /// Keeps an answer. If that fails, it is asked for again the next time.
    pub(super) fn keep(
        &self,
        address: &Address,
        accept: &str,
        listing: &Listing,
        validators: &Validators,
    ) {
        let question = question(address, accept);
        let path = self.path(&question);
        let release = |it: &Release| {
            let day = it.published.map(|day| day.to_string());
            (it.version.clone(), day, it.yanked.clone(), it.deprecated.clone())
        };
        let stored = Stored {
            question,
            day: self.today.to_string(),
            tag: validators.tag.clone(),
            modified: validators.modified.clone(),
            latest: listing.latest.clone(),
            releases: listing.releases.iter().map(release).collect(),
        };
        let _ = serde_json::to_vec(&stored).map(|bytes| replace(&path, &bytes));
    }

    fn path(&self, question: &str) -> PathBuf {
        self.folder.join(format!("{}.json", Fingerprint::of(&[question])))
    }
}

fn question(address: &Address, accept: &str) -> String {
    format!("{address} {accept}")
}

/// Readers see the old file or the new one.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let new = path.with_extension(format!("{}.new", std::process::id()));
    fs::write(&new, bytes)?;
    fs::rename(&new, path)
}
