//! What is kept beside an index: the copies of its sources, and a file that tells where they come from.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Wanted, day_of, is_made_of, short_digest};
use crate::{
    fetch::{Address, Validators},
    packages::advisories::Index,
};

/// The file that tells of the copies.
const FILE: &str = "sources.json";
/// Of a larger one nothing is believed.
const MOST_BYTES: u64 = 1 << 20;

/// The copies of the sources of one index.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
    list: List,
}

/// What the file says.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct List {
    /// When the index was made of these copies, in seconds of Unix time.
    index: i64,
    /// When some source did not answer last, in seconds of Unix time.
    tried: i64,
    /// The addresses of all its sources, as they are shown.
    made_of: Vec<String>,
    /// By the name of the copy.
    sources: BTreeMap<String, KeptSource>,
}

/// A copy of a source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct KeptSource {
    /// Where it comes from, without a query.
    pub address: String,
    /// The server's tag of it.
    pub tag: Option<String>,
    /// When the server last changed it, as the server says that.
    pub modified: Option<String>,
    /// When the server was last asked and answered, in seconds of Unix time.
    pub asked: i64,
    /// Its bytes.
    pub size: u64,
}

impl KeptSource {
    /// When the server was last asked and answered.
    pub fn checked(&self) -> Timestamp {
        Timestamp::from_second(self.asked).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl Kept {
    /// What is kept beside an index. A list that can not be read counts as none: all is then asked for anew.
    pub fn read(index: &Path) -> Self {
        let mut name = index.file_name().unwrap_or_default().to_owned();
        name.push(".sources");
        let folder = index.with_file_name(name);
        let mut text = String::new();
        let file = File::open(folder.join(FILE)).map(|file| file.take(MOST_BYTES));
        let read = file.and_then(|mut file| file.read_to_string(&mut text));
        let list = read.ok().and_then(|_| serde_json::from_str(&text).ok());
        Self { folder, list: list.unwrap_or_default() }
    }

    /// The same, to be written to: the folder is made.
    pub(super) fn open(index: &Path) -> anyhow::Result<Self> {
        let kept = Self::read(index);
        let context = || format!("make the folder {}", kept.folder.display());
        fs::create_dir_all(&kept.folder).with_context(context)?;
        Ok(kept)
    }

    /// The copies.
    pub fn sources(&self) -> impl Iterator<Item = &KeptSource> {
        self.list.sources.values()
    }

    /// The day on which each source was last asked, by its name.
    pub fn days(&self) -> BTreeMap<String, Date> {
        self.sources().map(|source| (source.address.clone(), day_of(source.checked()))).collect()
    }

    /// Whether an open index is the one that these copies were made into.
    pub fn is_of(&self, index: &Index) -> bool {
        is_made_of(self, index)
    }

    /// When some source did not answer last.
    pub fn failed(&self) -> Timestamp {
        Timestamp::from_second(self.list.tried).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The time of the index that this is about, in seconds since 1970.
    pub(super) const fn index(&self) -> i64 {
        self.list.index
    }

    /// What is kept of the source of this address.
    pub(super) fn source(&self, address: &Address) -> Option<&KeptSource> {
        self.list.sources.get(&name(address))
    }

    /// By which the server tells whether the copy is still right; nothing if there is no copy.
    pub(super) fn validators(&self, address: &Address) -> Validators {
        let source = self.source(address).filter(|source| {
            fs::metadata(self.copy(address)).is_ok_and(|about| about.len() == source.size)
        });
        let source = source.cloned().unwrap_or_default();
        Validators { tag: source.tag, modified: source.modified }
    }

    /// Where the copy of a source is.
    pub(super) fn copy(&self, address: &Address) -> PathBuf {
        self.folder.join(name(address))
    }

    /// Where the next copy of a source comes to be.
    pub(super) fn new_copy(&self, address: &Address) -> PathBuf {
        self.folder.join(name(address) + ".new")
    }

    /// Whether the index at a place was made of these copies, and of just what is wanted.
    pub(super) fn describes(&self, place: &Path, wanted: &[Wanted]) -> bool {
        self.list.made_of == shown(wanted)
            && Index::open(place).is_ok_and(|index| is_made_of(self, &index))
    }

    /// Notes that a server has answered, with something new or not.
    pub(super) fn asked(
        &mut self,
        address: &Address,
        validators: Option<&Validators>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let copy = self.copy(address);
        let source = self.list.sources.entry(name(address)).or_default();
        source.asked = now.as_second();
        if let Some(Validators { tag, modified }) = validators {
            let about = fs::metadata(&copy).with_context(|| format!("read {}", copy.display()))?;
            source.address = address.to_string();
            (source.tag, source.modified) = (tag.clone(), modified.clone());
            source.size = about.len();
        }
        Ok(())
    }

    /// Asks for all of a source the next time.
    pub(super) fn forget(&mut self, address: &Address) {
        if let Some(source) = self.list.sources.get_mut(&name(address)) {
            (source.tag, source.modified) = (None, None);
        }
    }

    /// Notes when some source did not answer.
    pub(super) fn tried(&mut self, now: Timestamp) {
        self.list.tried = now.as_second();
    }

    /// Notes what an index is made of.
    pub(super) fn made(&mut self, now: Timestamp, wanted: &[Wanted]) {
        self.list.index = now.as_second();
        self.list.made_of = shown(wanted);
        let wanted = names(wanted);
        self.list.sources.retain(|name, _| wanted.contains(name));
    }

    /// Removes what is no copy of a source that is wanted: half of a download, a source of before.
    pub(super) fn sweep(&self, wanted: &[Wanted]) {
        let wanted = names(wanted);
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != FILE && !wanted.contains(&name) {
                // What is not removed now is in nobody's way.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Writes the list.
    pub(super) fn save(&self) -> anyhow::Result<()> {
        let (file, new) = (self.folder.join(FILE), self.folder.join("sources.json.new"));
        let context = || format!("write {}", file.display());
        let text = serde_json::to_vec_pretty(&self.list).with_context(context)?;
        fs::write(&new, text).and_then(|()| fs::rename(&new, &file)).with_context(context)
    }
}

fn name(address: &Address) -> String {
    match address {
        Address::Web(url) => short_digest(url.as_str()),
        Address::File(path) => short_digest(&path.display().to_string()),
    }
}

fn names(wanted: &[Wanted]) -> Vec<String> {
    wanted.iter().map(|wanted| name(&wanted.address)).collect()
}

fn shown(wanted: &[Wanted]) -> Vec<String> {
    wanted.iter().map(|wanted| wanted.address.to_string()).collect()
}
