//! Asking registries about the packages of lockfiles, if the user wants that.
//!
//! What is asked is the name of each package that a lockfile takes from a public registry, and nothing else is
//! sent. What did not come is told package by package, and never stands for "up to date".

mod cache;
mod pace;
pub(super) mod places;
mod protocol;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::{Inputs, Request, Stage, Surroundings};
use crate::{
    deadline::Deadline,
    fetch::Client,
    packages::{
        Ecosystem,
        lockfile::{self, Lockfile, Origin},
        registry::{ASKED, Answers},
    },
    rule::Kind,
    sources::Tree,
};
use cache::Cache;
use pace::Line;
use places::Places;

/// Packages that are asked about at once.
const AT_ONCE: usize = 10;
/// More packages are not asked about in one run.
const MOST_PACKAGES: usize = 20_000;

/// What is asked about a package, besides its versions.
#[derive(Debug, Default)]
struct Wanted {
    /// Whether a project chose it itself, so that days count.
    is_direct: bool,
    /// Its versions in lockfiles.
    versions: BTreeSet<String>,
}

/// Asks, if that is wanted.
pub(super) fn ask(
    tree: &Tree,
    inputs: &Inputs,
    request: &Request,
    surroundings: &Surroundings<'_>,
    deadline: &Deadline<'_>,
) -> anyhow::Result<Option<Answers>> {
    if !request.online_metadata || !request.kinds.contains(&Kind::Dependency) {
        return Ok(None);
    }
    let places = Places::new(&inputs.config.dependencies, surroundings.variable)?;
    let client = Client::new(surroundings.variable)?;
    let wanted = gather(tree, inputs.config.max_file_size.bytes(), &places);
    let questions: Vec<_> = wanted.iter().collect();
    (surroundings.progress)(Stage::Asking {
        packages: questions.len(),
        hosts: places.hosts(wanted.keys().map(|(ecosystem, _)| *ecosystem)),
    });
    let cache = Cache::new(surroundings.variable, surroundings.today);
    let line = Line::new(&client, deadline);
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(Answers::new());
    let work = || {
        loop {
            let asked = next.fetch_add(1, Ordering::Relaxed);
            let Some(((ecosystem, name), wanted)) = questions.get(asked) else { return };
            let answer = if asked < MOST_PACKAGES {
                places.of(*ecosystem).and_then(|place| {
                    protocol::Question { place, name, wanted, line: &line, cache: cache.as_ref() }
                        .ask(*ecosystem)
                })
            } else {
                Err(format!("over the {MOST_PACKAGES} packages that are asked about in one run"))
            };
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.insert((*ecosystem, name.clone()), answer);
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(questions.len()) {
            scope.spawn(work);
        }
    });
    Ok(Some(answers.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

/// The packages of all lockfiles that public registries may know.
fn gather(
    tree: &Tree,
    max_file_size: u64,
    places: &Places,
) -> BTreeMap<(Ecosystem, String), Wanted> {
    let mut wanted = BTreeMap::new();
    for entry in tree.entries().iter().filter(|entry| entry.size <= max_file_size) {
        let format = lockfile::format_of(&entry.path);
        if !format.is_some_and(|format| ASKED.contains(&format.ecosystem)) {
            continue;
        }
        // What can not be read is told by the checks, which read it too.
        let Ok(file) = tree.read(entry) else { continue };
        if let Ok(lockfile) = lockfile::read(&file) {
            take(&lockfile, places, &mut wanted);
        }
    }
    wanted
}

fn take(lockfile: &Lockfile, places: &Places, wanted: &mut BTreeMap<(Ecosystem, String), Wanted>) {
    for (at, package) in lockfile.packages.iter().enumerate() {
        let is_secret = lockfile.ecosystem == Ecosystem::Go && places.is_private(&package.name);
        if package.origin != Origin::Registry || is_secret {
            continue;
        }
        let known: &mut Wanted =
            wanted.entry((lockfile.ecosystem, package.name.clone())).or_default();
        known.is_direct |= lockfile.required_by_project(at);
        known.versions.insert(package.version.clone());
    }
}
