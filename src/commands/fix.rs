//! `seaworthy fix` makes the edits that repair findings.
//!
//! With `--dependencies` it moves the packages of `Cargo.lock` files to versions that repair them, by
//! cargo's own hand, and audits again. For other lockfiles it names the commands and runs none.

mod cargo;
mod copy;
mod edits;
mod steps;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;

use self::steps::Step;
use super::progress::Progress;
use crate::{
    cli::{Allow, Fix},
    deadline::Deadline,
    packages::lockfile::{self, LockedPackage, Origin},
    report::Report,
    rule::Kind,
    run::{self, Inputs, Request, Scope, Source, Surroundings},
    sources::{FolderTree, Tree, file::printable, repository::Repository},
};

/// A step may open the way for another, and a moved package may have a weakness of its own.
const MOST_ROUNDS: usize = 5;
/// The compartments whose rules have edits.
const EDITED: [Kind; 4] = [Kind::Container, Kind::Kubernetes, Kind::Workflow, Kind::Service];
/// The time that one audit may take.
const DEADLINE: Duration = Duration::from_mins(5);

/// Names and versions of the packages of a lockfile.
type Locked = BTreeSet<(String, String)>;

/// Repairs what can be; returns 0 if nothing is left that could be repaired so, 1 if something is, and 3 if not all
/// could be looked at.
pub fn run(options: &Fix, out: &mut impl Write) -> anyhow::Result<u8> {
    let progress = Progress::new(false);
    let show = |stage| progress.show(&stage);
    let surroundings = Surroundings {
        today: super::today(),
        variable: &super::variable,
        interrupted: super::listen_for_interrupt(),
        progress: &show,
    };
    run::start_threads(None)?;
    let tree = open(&options.path)?;
    let request = request(options);
    let inputs = Inputs::read(&request, &tree, &surroundings)?;
    let audit = |tree: &Tree| {
        let deadline = Deadline::after(DEADLINE, surroundings.interrupted);
        let source = Source { tree, repository: None, base: None };
        run::audit(&source, &inputs, &request, &surroundings, &deadline)
    };
    if options.dependencies {
        move_packages(options, &tree, &audit, out)
    } else {
        edits::run(options, &tree, &audit, out)
    }
}

/// How a tree is audited here.
type Audit<'a> = dyn Fn(&Tree) -> anyhow::Result<Report> + 'a;

fn move_packages(
    options: &Fix,
    tree: &Tree,
    audit: &Audit<'_>,
    out: &mut impl Write,
) -> anyhow::Result<u8> {
    let first = audit(tree)?;
    let copied = options.dry_run.then(|| copy::of(tree)).transpose()?;
    let folder = copied.as_ref().map_or(options.path.as_path(), tempfile::TempDir::path);
    let mut work =
        Work { folder, offline: options.offline, moved: Vec::new(), failed: BTreeMap::new() };
    let before = work.locked(&steps::lockfiles(&first));
    let mut report = None;
    for _ in 0..MOST_ROUNDS {
        let steps = steps::of(report.as_ref().unwrap_or(&first));
        if !work.apply(steps) {
            break;
        }
        report = Some(audit(&open(folder)?)?);
    }
    let last = report.as_ref().unwrap_or(&first);
    work.tell(&before, options.dry_run, out)?;
    tell_left(&first, last, out)
}

fn open(path: &Path) -> anyhow::Result<Tree> {
    let repository = Repository::discover(path)?.map(Arc::new);
    Ok(Tree::Folder(FolderTree::open(path, repository.as_deref())?))
}

fn request(options: &Fix) -> Request {
    Request {
        online_metadata: false,
        refresh: None,
        path: options.path.clone(),
        target: None,
        base: None,
        scope: Scope::Tree,
        baseline: None,
        config: None,
        advisory_db: options.advisory_db.clone(),
        deadline: DEADLINE,
        kinds: if options.dependencies { [Kind::Dependency].into() } else { EDITED.into() },
        fail_on: None,
        strict: false,
        pedantic: options.dependencies || options.pedantic,
        allow: Allow::default(),
        login: None,
        verify: None,
    }
}

/// The lockfiles of one folder while they are moved.
struct Work<'a> {
    folder: &'a Path,
    offline: bool,
    moved: Vec<Step>,
    /// What cargo said of each step that it refused.
    failed: BTreeMap<Step, String>,
}

impl Work<'_> {
    /// Takes the steps that were not tried yet, and those that failed once more whenever another one went well.
    /// Returns whether any did.
    fn apply(&mut self, steps: BTreeSet<Step>) -> bool {
        let is_new = |step: &Step| !self.failed.contains_key(step) && !self.moved.contains(step);
        let mut pending: Vec<Step> = steps.into_iter().filter(is_new).collect();
        let before = self.moved.len();
        loop {
            let count = pending.len();
            pending.retain(|step| !self.take(step));
            if pending.is_empty() || pending.len() == count {
                return self.moved.len() > before;
            }
        }
    }

    /// Takes a step; returns whether its package has left its version.
    fn take(&mut self, step: &Step) -> bool {
        let failure = if !self.is_locked(step) {
            None
        } else if !self.path_of(step).with_file_name("Cargo.toml").is_file() {
            Some("there is no Cargo.toml beside the lockfile".to_owned())
        } else {
            match cargo::update(&self.path_of(step), step, self.offline) {
                Ok(()) if self.is_locked(step) => {
                    Some("cargo left the version as it is".to_owned())
                }
                Ok(()) => None,
                Err(reason) => Some(reason),
            }
        };
        let has_moved = failure.is_none();
        self.failed.remove(step);
        if let Some(reason) = failure {
            self.failed.insert(step.clone(), reason);
        } else {
            self.moved.push(step.clone());
        }
        has_moved
    }

    fn path_of(&self, step: &Step) -> PathBuf {
        self.folder.join(&step.lockfile)
    }

    fn is_locked(&self, step: &Step) -> bool {
        let is_same = |locked: &(String, String)| locked.0 == step.name && locked.1 == step.from;
        read(&self.path_of(step)).iter().any(is_same)
    }

    fn locked(&self, lockfiles: &BTreeSet<String>) -> BTreeMap<String, Locked> {
        let read = |path: &String| (path.clone(), read(&self.folder.join(path)));
        lockfiles.iter().map(read).collect()
    }

    fn tell(
        &self,
        before: &BTreeMap<String, Locked>,
        is_dry: bool,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let verb = if is_dry { "would move" } else { "moved" };
        for step in &self.moved {
            writeln!(out, "{verb} {step}")?;
        }
        for (step, reason) in &self.failed {
            writeln!(out, "blocked: {step}: {}", printable(reason))?;
        }
        for (path, old) in before {
            let new = read(&self.folder.join(path));
            if *old != new {
                writeln!(out, "\n{}:", printable(path))?;
                tell_difference(old, &new, out)?;
            }
        }
        Ok(())
    }
}

/// The packages of a lockfile that come from elsewhere; none if it can not be read.
fn read(path: &Path) -> Locked {
    let text = fs::read_to_string(path).unwrap_or_default();
    let packages = lockfile::cargo::read(&text).map(|read| read.packages).unwrap_or_default();
    let is_other = |package: &LockedPackage| package.origin != Origin::Local;
    packages.into_iter().filter(is_other).map(|package| (package.name, package.version)).collect()
}

/// Tells what has changed: `name FROM → TO` where one version of a package became another one.
fn tell_difference(old: &Locked, new: &Locked, out: &mut impl Write) -> anyhow::Result<()> {
    let gone: Vec<_> = old.difference(new).collect();
    let come: Vec<_> = new.difference(old).collect();
    let names: BTreeSet<&str> = gone.iter().chain(&come).map(|(name, _)| name.as_str()).collect();
    for name in names {
        let versions = |of: &[&(String, String)]| {
            let of = of.iter().filter(|package| package.0 == name);
            of.map(|package| package.1.clone()).collect::<Vec<_>>().join(", ")
        };
        let line = match (versions(&gone), versions(&come)) {
            (from, to) if from.is_empty() => format!("+ {name} {to}"),
            (from, to) if to.is_empty() => format!("- {name} {from}"),
            (from, to) => format!("  {name} {from} → {to}"),
        };
        writeln!(out, "{}", printable(&line))?;
    }
    Ok(())
}

/// Tells what the last audit still finds, and what the first one found in other lockfiles.
fn tell_left(first: &Report, last: &Report, out: &mut impl Write) -> anyhow::Result<u8> {
    let left = steps::left(last);
    if !left.is_empty() {
        writeln!(out, "\nleft in Cargo.lock:")?;
    }
    for one in &left {
        writeln!(out, "{}: {}", printable(&one.what), printable(&one.repair))?;
    }
    let others = steps::commands(first);
    if !others.is_empty() {
        writeln!(out, "\nin other lockfiles, where nothing was changed:")?;
    }
    for command in &others {
        writeln!(out, "{}", printable(command))?;
    }
    for reason in &last.incomplete {
        writeln!(out, "\nnot looked at: {}", printable(reason))?;
    }
    let is_open = !others.is_empty() || left.iter().any(|one| one.has_repair);
    let summary = match (is_open, last.incomplete.is_empty()) {
        (true, _) => "something is left that a version repairs",
        (false, false) => "not all was looked at",
        (false, true) => "nothing is left that a version repairs",
    };
    writeln!(out, "\n{summary}").context("write the result")?;
    Ok(if is_open {
        1
    } else if last.incomplete.is_empty() {
        0
    } else {
        3
    })
}
