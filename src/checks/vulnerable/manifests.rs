//! The manifests that a lockfile is made from, and where one asks for a package.
//!
//! They are looked for only once something is found: beside the lockfile, and for the members of a workspace
//! under the folder that the lockfile names or by the name that a manifest gives its project.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::{BTreeMap, HashMap},
    ops::Range,
    rc::Rc,
    sync::OnceLock,
};

use crate::{
    finding::{RepoPath, Span},
    packages::{
        Ecosystem,
        lockfile::LockedPackage,
        manifest::{self, Manifest},
        version::{Requirement, Version},
    },
    sources::{Entry, SourceFile, Tree},
};

/// The manifests of each format of lockfile. What is not here is made from none, or is one itself.
const MADE_FROM: &[(&str, &str)] = &[
    ("Cargo.lock", "Cargo.toml"),
    ("bun.lock", PACKAGE_JSON),
    ("deno.lock", PACKAGE_JSON),
    ("package-lock.json", PACKAGE_JSON),
    ("pnpm-lock.yaml", PACKAGE_JSON),
    ("yarn.lock", PACKAGE_JSON),
    ("poetry.lock", "pyproject.toml"),
    ("uv.lock", "pyproject.toml"),
    ("pdm.lock", "pyproject.toml"),
    ("pylock.toml", "pyproject.toml"),
    ("Pipfile.lock", "Pipfile"),
    ("requirements.txt", "requirements.in"),
    ("Gemfile.lock", "Gemfile"),
    ("composer.lock", "composer.json"),
    ("packages.lock.json", "project of .NET"),
    ("gradle.lockfile", "build.gradle"),
    ("mix.lock", "mix.exs"),
    ("pubspec.lock", "pubspec.yaml"),
];
const PACKAGE_JSON: &str = "package.json";
/// Manifests whose project has a name by which a lockfile knows it.
const NAMED: &[&str] = &["Cargo.toml", PACKAGE_JSON, "pyproject.toml"];

/// Larger manifests are not read, in bytes.
const LARGEST: u64 = 1 << 20;
/// Manifests that are read for one lockfile.
const MOST_READ: usize = 200;
/// Entries of one name of which the one that fits is looked for.
const MOST_ALIKE: usize = 8;

/// All manifests of a tree.
pub(super) struct Listed<'a> {
    tree: Option<&'a Tree>,
    /// Places among the entries of the tree; listed when first needed.
    places: OnceLock<Vec<usize>>,
}

/// The manifests of one lockfile.
pub(super) struct Manifests<'a> {
    listed: &'a Listed<'a>,
    lockfile: &'a SourceFile,
    ecosystem: Ecosystem,
    format: &'static str,
    /// Those that were read, or could not be, by path.
    known: RefCell<BTreeMap<RepoPath, Option<Rc<Known>>>>,
    beside: OnceCell<Vec<Rc<Known>>>,
    near: OnceCell<Vec<Rc<Known>>>,
    /// Places in `near`, by folded name.
    by_name: OnceCell<HashMap<String, usize>>,
    left: Cell<usize>,
}

/// A manifest that was read.
struct Known {
    file: SourceFile,
    /// The folded name of the project.
    name: Option<String>,
    manifest: Manifest,
    /// Places in `manifest.dependencies`, by folded name.
    asked: HashMap<String, Vec<usize>>,
}

/// Where a manifest asks for a package.
pub(super) struct Asked {
    pub(super) path: RepoPath,
    pub(super) span: Span,
}

impl<'a> Listed<'a> {
    /// Of a tree; they are listed when first asked for.
    pub(super) fn new(tree: Option<&'a Tree>) -> Self {
        Self { tree, places: OnceLock::new() }
    }

    /// Those of this format, but for what was installed.
    fn of(&self, kind: &'static str) -> impl Iterator<Item = &'a Entry> {
        let entries = self.tree.map_or(&[][..], Tree::entries);
        let is_one = |entry: &Entry| {
            let is_installed = entry.path.as_str().contains("node_modules/");
            !is_installed && manifest::manifest_of(&entry.path).is_some()
        };
        let places = self.places.get_or_init(|| {
            let numbered = entries.iter().enumerate().filter(|(_, entry)| is_one(entry));
            numbered.map(|(at, _)| at).collect()
        });
        let is_asked = move |entry: &&Entry| {
            manifest::manifest_of(&entry.path).is_some_and(|format| format.name == kind)
        };
        places.iter().map(|at| &entries[*at]).filter(is_asked)
    }
}

impl<'a> Manifests<'a> {
    /// The manifests around a lockfile of this format.
    pub(super) fn new(
        listed: &'a Listed<'a>,
        lockfile: &'a SourceFile,
        ecosystem: Ecosystem,
        format: &'static str,
    ) -> Self {
        Self {
            listed,
            lockfile,
            ecosystem,
            format,
            known: RefCell::default(),
            beside: OnceCell::new(),
            near: OnceCell::new(),
            by_name: OnceCell::new(),
            left: Cell::new(MOST_READ),
        }
    }

    /// Where the project asks for `package`: in the manifest of its part `by`, if the lockfile names that.
    pub(super) fn asking(
        &self,
        by: Option<&LockedPackage>,
        package: &LockedPackage,
    ) -> Option<Asked> {
        let kind = self.kind()?;
        let asks = |known: &Rc<Known>| known.asks(package, false);
        let Some(by) = by else {
            return self.beside(kind).iter().chain(self.below(kind)).find_map(asks);
        };
        let name = self.ecosystem.folded(&by.name);
        let may_be = |known: &&Rc<Known>| known.name.as_ref().is_none_or(|known| *known == name);
        let of_folder = self.of_folder(kind, by);
        let fitting = || self.beside(kind).iter().filter(may_be);
        let first = of_folder.iter().chain(fitting()).find_map(asks);
        // What the workspace shares, a member's manifest may leave to that beside the lockfile.
        let others = || self.of_name(kind, &name).into_iter().chain(self.beside(kind));
        first.or_else(|| others().find_map(asks))
    }

    /// Whether the project itself asks for this version, as far as its manifests tell.
    pub(super) fn ask_for(&self, package: &LockedPackage) -> bool {
        let Some(kind) = self.kind() else { return false };
        let mut manifests = self.beside(kind).iter().chain(self.below(kind));
        manifests.any(|known| known.asks(package, true).is_some())
    }

    /// The format of manifest that the lockfile is made from.
    fn kind(&self) -> Option<&'static str> {
        let made = MADE_FROM.iter().find(|(lockfile, _)| *lockfile == self.format);
        made.map(|(_, manifest)| *manifest)
    }

    /// Those in the folder of the lockfile; that of the same stem first, as `dev.in` is that of `dev.txt`.
    fn beside(&self, kind: &'static str) -> &[Rc<Known>] {
        self.beside.get_or_init(|| {
            let path = self.lockfile.path();
            let is_beside = |entry: &&Entry| entry.path.folder() == path.folder();
            let mut entries: Vec<&Entry> = self.listed.of(kind).filter(is_beside).collect();
            entries.sort_by_key(|entry| stem(&entry.path) != stem(path));
            entries.into_iter().filter_map(|entry| self.read(entry)).collect()
        })
    }

    /// That in the folder by which lockfiles of JavaScript name a member: `packages/a` or `"packages/a": {`.
    fn of_folder(&self, kind: &str, member: &LockedPackage) -> Option<Rc<Known>> {
        if kind != PACKAGE_JSON {
            return None;
        }
        let entry = self.lockfile.text().get(member.at.clone()).unwrap_or_default();
        let key = entry.strip_prefix('"').and_then(|rest| rest.split('"').next());
        let folder = joined(self.lockfile.path().folder(), key.unwrap_or(&member.name))?;
        let path = if folder.is_empty() { kind.to_owned() } else { format!("{folder}/{kind}") };
        self.read(self.listed.tree?.find(&path)?)
    }

    /// That of the project of this folded name, of those that lie near the lockfile.
    fn of_name(&self, kind: &'static str, name: &str) -> Option<&Rc<Known>> {
        let near = self.near(kind);
        let by_name = self.by_name.get_or_init(|| {
            let mut by_name = HashMap::new();
            for (at, known) in near.iter().enumerate() {
                if let Some(name) = known.name.clone() {
                    by_name.entry(name).or_insert(at);
                }
            }
            by_name
        });
        by_name.get(name).map(|at| &near[*at])
    }

    /// Those that lie near the lockfile and below its folder.
    fn below(&self, kind: &'static str) -> impl Iterator<Item = &Rc<Known>> {
        let folder = self.lockfile.path().folder();
        let is_below = move |known: &&Rc<Known>| {
            let rest = known.file.path().as_str().strip_prefix(folder);
            rest.is_some_and(|rest| folder.is_empty() || rest.starts_with('/'))
        };
        self.near(kind).iter().filter(is_below)
    }

    /// Those whose project has a name, the nearest to the lockfile first.
    fn near(&self, kind: &'static str) -> &[Rc<Known>] {
        self.near.get_or_init(|| {
            if !NAMED.contains(&kind) {
                return Vec::new();
            }
            let folder = self.lockfile.path().folder();
            let mut entries: Vec<&Entry> = self.listed.of(kind).collect();
            entries.sort_by_cached_key(|entry| distance(folder, entry.path.folder()));
            entries.into_iter().filter_map(|entry| self.read(entry)).collect()
        })
    }

    /// Reads a manifest, once.
    fn read(&self, entry: &Entry) -> Option<Rc<Known>> {
        if let Some(known) = self.known.borrow().get(&entry.path) {
            return known.clone();
        }
        let left = self.left.get().checked_sub(1)?;
        self.left.set(left);
        let known = self.listed.tree.filter(|_| entry.size <= LARGEST).and_then(|tree| {
            let file = tree.read(entry).ok()?;
            Some(Rc::new(Known::new(manifest::read(&file).ok()?, file)))
        });
        self.known.borrow_mut().insert(entry.path.clone(), known.clone());
        known
    }
}

impl Known {
    fn new(manifest: Manifest, file: SourceFile) -> Self {
        let mut asked: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, declared) in manifest.dependencies.iter().enumerate() {
            asked.entry(manifest.ecosystem.folded(&declared.name)).or_default().push(at);
        }
        let name = manifest::name(&file).map(|name| manifest.ecosystem.folded(&name));
        Self { file, name, manifest, asked }
    }

    /// The entry that asks for the package: the one that allows its version, else the first, unless the version
    /// `must` be allowed.
    fn asks(&self, package: &LockedPackage, must: bool) -> Option<Asked> {
        let ecosystem = self.manifest.ecosystem;
        let alike = self.asked.get(&ecosystem.folded(&package.name))?;
        let version = Version::parse(ecosystem, &package.version);
        let allows = |at: &&usize| {
            let text = &self.manifest.dependencies[**at].requirement;
            let requirement = Requirement::parse(ecosystem, text);
            requirement.zip(version.as_ref()).is_some_and(|(asked, version)| asked.matches(version))
        };
        let fitting = alike.iter().take(MOST_ALIKE).find(allows);
        let declared = fitting.or_else(|| alike.first().filter(|_| !must))?;
        let at = self.head(&self.manifest.dependencies[*declared].at);
        Some(Asked { path: self.file.path().clone(), span: self.file.span(&at) })
    }

    /// The first line of an entry.
    fn head(&self, at: &Range<usize>) -> Range<usize> {
        let line = self.file.line(self.file.line_of(at.start));
        at.start..line.map_or(at.end, |line| at.end.min(line.end)).max(at.start)
    }
}

fn stem(path: &RepoPath) -> &str {
    path.file_name().rsplit_once('.').map_or(path.file_name(), |(stem, _)| stem)
}

/// A path from a folder, its `.` and `..` resolved; none if it leads out of the tree.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Steps from one folder to another, up and down.
fn distance(from: &str, to: &str) -> usize {
    let count = |folder: &str| folder.split('/').filter(|part| !part.is_empty()).count();
    let shared = from.split('/').zip(to.split('/')).take_while(|(one, other)| one == other);
    let shared = shared.filter(|(part, _)| !part.is_empty()).count();
    count(from) + count(to) - 2 * shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_joined_within_the_tree() {
        assert_eq!(joined("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(joined("", "packages/a").as_deref(), Some("packages/a"));
        assert_eq!(joined("a", ".").as_deref(), Some("a"));
        assert_eq!(joined("a", "../../b"), None);
    }

    #[test]
    fn the_distance_counts_steps_up_and_down() {
        let distances =
            [("", ""), ("a", "a"), ("a/b", "a/c"), ("fuzz", ""), ("", "a/b"), ("ab", "a")];
        let counted: Vec<usize> =
            distances.into_iter().map(|(from, to)| distance(from, to)).collect();
        assert_eq!(counted, [0, 0, 2, 1, 2, 2]);
    }
}
