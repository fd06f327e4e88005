//! The Rust sources of a tree, read once: what they name of the functions that findings ask about.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{
    functions::{self, Function, Likeness},
    words::{self, Words},
};
use crate::{
    checks::Context,
    deadline::Deadline,
    engines::code::rust::{self, UseKind},
    finding::{RepoPath, Span},
    packages::{
        advisories::Index,
        lockfile::{self, Lockfile, Origin},
        version::Version,
    },
    sources::{Entry, SourceFile, Tree, toml::Document},
};

/// What sources hold that take in code which the build makes.
const GENERATED: &[&str] = &["OUT_DIR", "include_proto"];
/// Calls of one function in one file that are kept.
const MOST_CALLS: usize = 3;
/// Files that one more thread is worth.
const FILES_FOR_THREAD: usize = 32;

/// What the sources of a tree name.
pub(super) struct Sources {
    /// Those that name something that is asked about, and those that could not be looked at.
    pub(super) files: Vec<Looked>,
    /// Names of the packages whose manifests lie in the tree, by folder; none for that of a workspace alone.
    manifests: BTreeMap<String, Option<String>>,
    wanted: Wanted,
    /// Why not all of it was read.
    pub(super) fault: Option<String>,
}

/// A source that was looked at.
pub(super) struct Looked {
    pub(super) path: RepoPath,
    /// The packages whose crates it names.
    pub(super) crates: BTreeSet<String>,
    /// What of functions it names: number of the function, how, and where.
    pub(super) seen: BTreeMap<(usize, Likeness), Vec<Span>>,
    /// What it does with packages as a whole.
    pub(super) ways: BTreeMap<(String, Way), Span>,
    /// Why it was not looked at, or not entirely.
    pub(super) fault: Option<String>,
    /// Where it takes in code that the build makes.
    pub(super) generated: Option<Span>,
}

/// What a source does with a package as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// It imports all names of a module.
    Glob,
    /// It gives a part of it another name.
    Alias,
    /// It uses one of its macros.
    Macro,
}

/// What is looked for.
#[derive(Default)]
struct Wanted {
    /// The functions, each with its package.
    functions: Vec<(String, Function)>,
    /// Numbers of the functions, by last name.
    by_name: HashMap<String, Vec<usize>>,
    /// Packages by the names that their crates have in code.
    crates: HashMap<String, BTreeSet<String>>,
}

impl Sources {
    /// Reads the sources for all that the lockfiles of the tree have and advisories name functions of.
    pub(super) fn read(
        tree: &Tree,
        index: &Index,
        context: &Context<'_>,
        deadline: &Deadline<'_>,
    ) -> Self {
        let entries: Vec<&Entry> = tree.entries().iter().filter(|entry| is_source(entry)).collect();
        let mut functions = BTreeSet::new();
        let lockfiles =
            files_named(tree, "Cargo.lock", context).take_while(|_| !entries.is_empty());
        for file in lockfiles {
            if let Ok(lockfile) = lockfile::read(&file)
                && !deadline.passed()
            {
                functions.extend(asked(&lockfile, index));
            }
        }
        let mut manifests = BTreeMap::new();
        let mut renamed = Vec::new();
        for file in files_named(tree, "Cargo.toml", context) {
            manifests.insert(file.path().folder().to_owned(), read_manifest(&file, &mut renamed));
        }
        let wanted = Wanted::new(functions.into_iter().collect(), renamed);
        let search = Search { tree, wanted: &wanted, words: wanted.words(), context, deadline };
        let files = search.run(&entries);
        let fault = deadline.passed().then(|| deadline.reason().to_owned());
        Self { files, manifests, wanted, fault }
    }

    /// The package that a source belongs to: that of the nearest manifest above it.
    pub(super) fn owner(&self, path: &RepoPath) -> Option<&str> {
        let mut folder = path.folder();
        loop {
            if let Some(package) = self.manifests.get(folder) {
                return package.as_deref();
            }
            if folder.is_empty() {
                return None;
            }
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }

    /// Whether the manifest of a package lies below a folder.
    pub(super) fn has_package(&self, name: &str, below: &str) -> bool {
        let mut manifests = self.manifests.iter();
        manifests
            .any(|(folder, package)| package.as_deref() == Some(name) && is_below(folder, below))
    }

    /// The number of a function, if it was looked for.
    pub(super) fn number(&self, package: &str, function: &Function) -> Option<usize> {
        let numbers = self.wanted.by_name.get(&function.name)?;
        let is_it = |number: &&usize| {
            let (of, known) = &self.wanted.functions[**number];
            of == package && known == function
        };
        numbers.iter().find(is_it).copied()
    }
}

/// Whether a path lies in a folder or is that folder; all lies in the one without a name.
pub(super) fn is_below(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_source(entry: &Entry) -> bool {
    let path = entry.path.as_str();
    entry.path.extension() == "rs" && !path.split('/').any(|part| part == "target")
}

fn files_named(tree: &Tree, name: &str, context: &Context<'_>) -> impl Iterator<Item = SourceFile> {
    let is_one =
        move |entry: &&Entry| entry.path.file_name() == name && entry.size <= context.max_file_size;
    tree.entries().iter().filter(is_one).filter_map(|entry| tree.read(entry).ok())
}

/// The functions that advisories name of packages that the project itself requires.
fn asked(lockfile: &Lockfile, index: &Index) -> Vec<(String, Function)> {
    let mut functions = Vec::new();
    let is_local = |package: &&lockfile::LockedPackage| package.origin == Origin::Local;
    let required = lockfile.packages.iter().filter(is_local).flat_map(|package| &package.requires);
    let required: BTreeSet<usize> = required.copied().collect();
    for package in required.into_iter().map(|at| &lockfile.packages[at]) {
        let known = index.of(lockfile.ecosystem, None, &package.name).unwrap_or_default();
        let Some(version) = Version::parse(lockfile.ecosystem, &package.version) else { continue };
        let affecting: Vec<_> = known.iter().filter(|known| known.affects(&version)).collect();
        let named = functions::of(&affecting, &package.name, &package.version);
        functions.extend(named.into_iter().map(|function| (package.name.clone(), function)));
    }
    functions
}

/// The name of a manifest's package. Adds which packages it gives another name, each with that.
fn read_manifest(file: &SourceFile, renamed: &mut Vec<(String, String)>) -> Option<String> {
    let document = Document::read(file.text()).ok()?;
    let mut package = None;
    for table in &document.tables {
        for value in table.values.iter().filter(|value| value.is_string) {
            let path = table.name.iter().chain(value.key.iter()).map(|part| &**part);
            match path.collect::<Vec<_>>().as_slice() {
                ["package", "name"] => package = Some(value.text.to_string()),
                [.., kind, name, "package"] if kind.ends_with("dependencies") => {
                    renamed.push((value.text.to_string(), name.replace('-', "_")));
                }
                _ => {}
            }
        }
    }
    package
}

impl Wanted {
    fn new(functions: Vec<(String, Function)>, renamed: Vec<(String, String)>) -> Self {
        let mut wanted = Self { functions, ..Self::default() };
        for (number, (package, function)) in wanted.functions.iter().enumerate() {
            wanted.by_name.entry(function.name.clone()).or_default().push(number);
            for name in [function.library.clone(), package.replace('-', "_")] {
                wanted.crates.entry(name).or_default().insert(package.clone());
            }
        }
        let packages: BTreeSet<&String> = wanted.functions.iter().map(|(name, _)| name).collect();
        for (package, name) in renamed {
            if packages.contains(&package) {
                wanted.crates.entry(name).or_default().insert(package);
            }
        }
        wanted
    }

    fn words(&self) -> Words {
        let generated = GENERATED.iter().map(|word| (*word).to_owned());
        Words::new(
            self.by_name.keys().chain(self.crates.keys()).cloned().chain(generated).collect(),
        )
    }

    fn is_crate(&self, name: &str, package: &str) -> bool {
        self.crates.get(name).is_some_and(|packages| packages.contains(package))
    }

    fn named<'w>(&'w self, name: &str) -> impl Iterator<Item = (usize, &'w str, &'w Function)> {
        let numbers = self.by_name.get(name).into_iter().flatten();
        numbers.map(|number| {
            let (package, function) = &self.functions[*number];
            (*number, package.as_str(), function)
        })
    }
}

/// The search of a tree.
struct Search<'s> {
    tree: &'s Tree,
    wanted: &'s Wanted,
    words: Words,
    context: &'s Context<'s>,
    deadline: &'s Deadline<'s>,
}

impl Search<'_> {
    /// Looks at all Rust sources. The pool of the checks waits for this, so it has threads of its own.
    fn run(&self, entries: &[&Entry]) -> Vec<Looked> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut looked = Vec::new();
            while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                if self.deadline.passed() {
                    break;
                }
                looked.push(self.look(entry));
            }
            looked
        };
        let threads = (entries.len() / FILES_FOR_THREAD + 1).min(rayon::current_num_threads());
        let mut files = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut files = work();
            for other in others {
                // What a thread had looked at is missing then, as if there were no such file.
                files.extend(other.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault)));
            }
            files
        });
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files
    }

    fn look(&self, entry: &Entry) -> Looked {
        let mut looked = Looked::new(&entry.path);
        if entry.size > self.context.max_file_size {
            looked.fault = Some("over the size limit".to_owned());
            return looked;
        }
        match self.tree.read(entry) {
            Ok(file) => self.look_at(&file, &mut looked),
            Err(error) => looked.fault = Some(error.to_string()),
        }
        looked
    }

    fn look_at(&self, file: &SourceFile, looked: &mut Looked) {
        let Some(found) = self.words.find(file.bytes()) else {
            looked.fault = Some("too many functions are asked for".to_owned());
            return;
        };
        for (word, at) in &found {
            looked.crates.extend(self.wanted.crates.get(*word).into_iter().flatten().cloned());
            if GENERATED.contains(word) && file.path().file_name() != "build.rs" {
                looked.generated.get_or_insert_with(|| file.span(&(*at..at + word.len())));
            }
        }
        if looked.crates.is_empty() {
            self.doubt(file, &found, looked);
        } else {
            self.parse(file, looked);
        }
    }

    /// A source that names no crate that is asked about is not parsed.
    fn doubt(&self, file: &SourceFile, found: &[(&str, usize)], looked: &mut Looked) {
        for (word, at) in found {
            for (number, _, function) in self.wanted.named(word) {
                if let Some(likeness) = words::likeness(file.text(), *at, function) {
                    looked.see(number, likeness, || file.span(&(*at..at + word.len())));
                }
            }
        }
    }

    fn parse(&self, file: &SourceFile, looked: &mut Looked) {
        let read = match rust::read(file.text()) {
            Ok(read) => read,
            Err(error) => {
                looked.fault = Some(error.reason().to_owned());
                return;
            }
        };
        if read.has_error {
            looked.fault = Some("not all of it could be parsed".to_owned());
        }
        for found in &read.uses {
            let (Some(head), Some(last)) = (found.path.first(), found.path.last()) else {
                continue;
            };
            for (number, package, function) in self.wanted.named(last) {
                let is_crate = |name: &str| self.wanted.is_crate(name, package);
                if let Some(likeness) = function.likeness(found, is_crate) {
                    looked.see(number, likeness, || file.span(&found.at));
                }
            }
            let way = match found.kind {
                UseKind::Glob => Way::Glob,
                UseKind::Alias => Way::Alias,
                UseKind::Macro => Way::Macro,
                _ => continue,
            };
            for package in self.wanted.crates.get(*head).into_iter().flatten() {
                let known = looked.ways.entry((package.clone(), way));
                known.or_insert_with(|| file.span(&found.at));
            }
        }
    }
}

impl Looked {
    fn new(path: &RepoPath) -> Self {
        Self {
            path: path.clone(),
            crates: BTreeSet::new(),
            seen: BTreeMap::new(),
            ways: BTreeMap::new(),
            fault: None,
            generated: None,
        }
    }

    fn see(&mut self, number: usize, likeness: Likeness, span: impl FnOnce() -> Span) {
        let known = self.seen.entry((number, likeness)).or_default();
        if known.len() < MOST_CALLS {
            known.push(span());
        }
    }
}
