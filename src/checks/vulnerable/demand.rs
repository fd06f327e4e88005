//! What requires a package, and which of its versions each of them allows.
//!
//! Of a package of a lockfile that is told by its entry, where the format tells it; of a crate by cargo's cache of
//! the index; of the project by its manifests. What none of these tell is not known, and said so.

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use crate::{
    finding::RepoPath,
    packages::{
        Ecosystem,
        cargo_index::{CargoIndex, Releases},
        lockfile::{
            LockedPackage, Lockfile, Origin,
            stated::{self, Stated},
        },
        manifest,
        version::{Requirement, Version, is_compatible},
    },
    sources::{SourceFile, Tree},
};

/// Manifests of crates that are read to find those of the lockfile.
const MOST_MANIFESTS: usize = 2_000;
/// Demands upon one package that are looked at.
const MOST_DEMANDS: usize = 1_000;

/// What one parent requires of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Demand {
    /// Who: a package with its version, or a manifest.
    pub(super) by: String,
    /// Index of the package in the lockfile, if it is one.
    pub(super) parent: Option<usize>,
    /// Which versions will do; none if that is not known.
    pub(super) requirement: Option<String>,
}

/// The demands that the packages of one lockfile make. What is read for them is read once, and on demand.
pub(super) struct Demands<'a> {
    lockfile: &'a Lockfile,
    format: &'static str,
    file: &'a SourceFile,
    tree: Option<&'a Tree>,
    cargo: Option<&'a CargoIndex>,
    /// For each package, those that require it.
    parents: OnceCell<Vec<Vec<usize>>>,
    stated: RefCell<HashMap<usize, Rc<Vec<Stated>>>>,
    manifests: OnceCell<Vec<Manifest>>,
}

/// A manifest of the project.
struct Manifest {
    path: RepoPath,
    /// The package that it is of, where it is a crate's.
    package: Option<String>,
    dependencies: Vec<Stated>,
}

impl<'a> Demands<'a> {
    pub(super) fn new(
        lockfile: &'a Lockfile,
        format: &'static str,
        file: &'a SourceFile,
        tree: Option<&'a Tree>,
        cargo: Option<&'a CargoIndex>,
    ) -> Self {
        let (parents, stated, manifests) = <_>::default();
        Self { lockfile, format, file, tree, cargo, parents, stated, manifests }
    }

    /// What is required of a package that stands at these places.
    pub(super) fn upon(&self, places: &[usize], version: &Version<'_>) -> Vec<Demand> {
        let name = &self.lockfile.packages[places[0]].name;
        if self.lockfile.ecosystem == Ecosystem::Go {
            // Each requirement is a least version, and so all of them allow any later one.
            let requirement = Some(version.text().to_owned());
            return vec![Demand { by: "go.mod".to_owned(), parent: None, requirement }];
        }
        let mut demands = Vec::new();
        let parents: BTreeSet<usize> =
            places.iter().flat_map(|at| &self.parents()[*at]).copied().collect();
        let wanted = Wanted { name: &self.lockfile.ecosystem.folded(name), version };
        for parent in parents {
            let by = shown(&self.lockfile.packages[parent]);
            wanted.add(&mut demands, &by, Some(parent), &self.stated_by(parent));
        }
        if self.format == "yarn.lock" {
            self.add_descriptors(&mut demands, places);
        } else if !self.lockfile.packages.iter().any(|package| package.origin == Origin::Local) {
            // The format does not name the project, which may require the package besides.
            self.add_project(&mut demands, &wanted);
        }
        if demands.len() > MOST_DEMANDS {
            demands.truncate(MOST_DEMANDS);
            demands.push(Demand { by: "many".to_owned(), parent: None, requirement: None });
        }
        demands
    }

    /// The releases of a package, as far as they are known here.
    pub(super) fn releases(&self, package: &str) -> Releases {
        let cargo = self.cargo.filter(|_| self.lockfile.ecosystem == Ecosystem::CratesIo);
        cargo.map_or_else(Releases::default, |cargo| cargo.releases(package))
    }

    /// What the project's manifests beside the lockfile ask for.
    fn add_project(&self, demands: &mut Vec<Demand>, wanted: &Wanted<'_>) {
        for manifest in self.manifests().iter().filter(|manifest| self.is_beside(manifest)) {
            if manifest.dependencies.iter().any(|one| one.name == wanted.name) {
                wanted.add(demands, manifest.path.file_name(), None, &manifest.dependencies);
            }
        }
    }

    /// Of yarn the entry itself lists all that is required of it: what no package states is the project's.
    fn add_descriptors(&self, demands: &mut Vec<Demand>, places: &[usize]) {
        let known: BTreeSet<_> =
            demands.iter().filter_map(|demand| demand.requirement.clone()).collect();
        let entries = places.iter().map(|at| &self.lockfile.packages[*at]);
        let others = entries.flat_map(|entry| stated::descriptors(self.file.text(), entry));
        let others: BTreeSet<String> = others.filter(|text| !known.contains(text)).collect();
        let of_project =
            |text| Demand { by: "package.json".to_owned(), parent: None, requirement: Some(text) };
        demands.extend(others.into_iter().map(of_project));
    }

    fn parents(&self) -> &[Vec<usize>] {
        self.parents.get_or_init(|| {
            let packages = &self.lockfile.packages;
            let mut parents = vec![Vec::new(); packages.len()];
            for (parent, package) in packages.iter().enumerate() {
                package.requires.iter().for_each(|child| parents[*child].push(parent));
            }
            parents
        })
    }

    /// What a package of the lockfile states that it requires.
    fn stated_by(&self, parent: usize) -> Rc<Vec<Stated>> {
        if let Some(known) = self.stated.borrow().get(&parent) {
            return Rc::clone(known);
        }
        let package = &self.lockfile.packages[parent];
        let stated = match (self.format, package.origin) {
            ("Cargo.lock", Origin::Local) => self.of_crate(&package.name),
            ("Cargo.lock", Origin::Registry) => self.of_release(package),
            ("Cargo.lock", Origin::Elsewhere) => Vec::new(),
            _ => self.of_entry(package),
        };
        let stated = Rc::new(self.folded(stated));
        self.stated.borrow_mut().insert(parent, Rc::clone(&stated));
        stated
    }

    /// With names in the spelling that they are compared in.
    fn folded(&self, mut stated: Vec<Stated>) -> Vec<Stated> {
        for one in &mut stated {
            one.name = self.lockfile.ecosystem.folded(&one.name);
        }
        stated
    }

    fn of_entry(&self, package: &LockedPackage) -> Vec<Stated> {
        let stated = stated::stated(self.format, self.file.text(), package);
        if !stated.is_empty() || package.origin != Origin::Local {
            return stated;
        }
        let beside = self.manifests().iter().filter(|manifest| self.is_beside(manifest));
        beside.flat_map(|manifest| manifest.dependencies.clone()).collect()
    }

    fn of_release(&self, package: &LockedPackage) -> Vec<Stated> {
        let Some(cargo) = self.cargo else { return Vec::new() };
        let details = cargo.details(&package.name, &package.version);
        details.map_or_else(Vec::new, |details| {
            let built = details.built_with().map(|(name, requirement)| Stated {
                name: name.to_owned(),
                requirement: requirement.to_owned(),
            });
            built.collect()
        })
    }

    /// What a crate of the project states: by its own manifest, and by that of the workspace where it refers to it.
    fn of_crate(&self, name: &str) -> Vec<Stated> {
        let folder = self.file.path().folder();
        let is_within = |path: &RepoPath| {
            path.as_str()
                .strip_prefix(folder)
                .is_some_and(|rest| folder.is_empty() || rest.starts_with('/'))
        };
        let own = self.manifests().iter().filter(|one| one.package.as_deref() == Some(name));
        let nearest = own.min_by_key(|one| (!is_within(&one.path), one.path.as_str().len()));
        let Some(manifest) = nearest else { return Vec::new() };
        let workspace = self.manifests().iter().filter(|manifest| self.is_beside(manifest));
        let shared: Vec<&Stated> = workspace.flat_map(|manifest| &manifest.dependencies).collect();
        let mut stated = Vec::new();
        for one in &manifest.dependencies {
            if one.requirement.is_empty() {
                let of = shared.iter().filter(|shared| shared.name == one.name);
                stated.extend(of.map(|shared| (*shared).clone()));
            } else {
                stated.push(one.clone());
            }
        }
        stated
    }

    fn is_beside(&self, manifest: &Manifest) -> bool {
        manifest.path.folder() == self.file.path().folder()
    }

    /// The manifests of the project: for a `Cargo.lock` those of all crates, else those beside the lockfile.
    fn manifests(&self) -> &[Manifest] {
        self.manifests.get_or_init(|| {
            let Some(tree) = self.tree else { return Vec::new() };
            let path = self.file.path();
            let is_cargo = self.lockfile.ecosystem == Ecosystem::CratesIo;
            let entries = tree.entries().iter().filter(|entry| {
                entry.path != *path
                    && (is_cargo || entry.path.folder() == path.folder())
                    && manifest::manifest_of(&entry.path)
                        .is_some_and(|format| !is_cargo || format.name == "Cargo.toml")
            });
            let files = entries.take(MOST_MANIFESTS).filter_map(|entry| tree.read(entry).ok());
            files.filter_map(|file| self.manifest(&file)).collect()
        })
    }

    fn manifest(&self, file: &SourceFile) -> Option<Manifest> {
        let read = manifest::read(file).ok()?;
        if read.ecosystem != self.lockfile.ecosystem {
            return None;
        }
        let is_cargo = read.ecosystem == Ecosystem::CratesIo;
        let package = if is_cargo { manifest::name(file) } else { None };
        let stated = read.dependencies.into_iter();
        let stated = stated.map(|one| Stated { name: one.name, requirement: one.requirement });
        let dependencies = self.folded(stated.collect());
        Some(Manifest { path: file.path().clone(), package, dependencies })
    }

    /// Whether all that require a package are known to allow a version of it.
    pub(super) fn allow(&self, at: usize, version: &str) -> bool {
        let ecosystem = self.lockfile.ecosystem;
        let from = Version::parse(ecosystem, &self.lockfile.packages[at].version);
        let (Some(from), Some(to)) = (from, Version::parse(ecosystem, version)) else {
            return false;
        };
        let allows = |demand: &Demand| {
            let read =
                demand.requirement.as_deref().map(|text| Requirement::parse(ecosystem, text));
            read.flatten().is_some_and(|read| read.matches(&to))
        };
        let demands = self.upon(&[at], &from);
        !demands.is_empty() && demands.iter().all(allows)
    }

    /// What keeps a crate from a version though all who require it allow that: the version itself requires another
    /// version of a package that is locked where it is. Cargo locks one of each that are compatible, and moves, with
    /// a package, only what that required before.
    pub(super) fn held(&self, at: usize, version: &str) -> Option<String> {
        let name = &self.lockfile.packages[at].name;
        let cargo = self.cargo.filter(|_| self.lockfile.ecosystem == Ecosystem::CratesIo)?;
        let details = cargo.details(name, version)?;
        let moves = self.required_by(at);
        details.always_built_with().find_map(|(other, requirement)| {
            let read = Requirement::parse(Ecosystem::CratesIo, requirement)?;
            let held = self.locked_against(&moves, other, &read)?;
            Some(format!("{name} {version} requires {other} {requirement}, and {held} is locked"))
        })
    }

    /// A package that is not among those that may move, in the only version that there can be, which is not one of
    /// those wanted.
    fn locked_against(
        &self,
        moves: &BTreeSet<usize>,
        name: &str,
        wanted: &Requirement<'_>,
    ) -> Option<String> {
        let packages = self.lockfile.packages.iter().enumerate();
        let known: Vec<_> = packages.filter(|(_, package)| package.name == name).collect();
        let matches = |text: &str| {
            let version = Version::parse(Ecosystem::CratesIo, text);
            version.is_some_and(|version| wanted.matches(&version))
        };
        if known.is_empty() || known.iter().any(|(_, package)| matches(&package.version)) {
            return None;
        }
        let releases = self.releases(name);
        let would_be = releases.iter().find(|release| matches(release.version))?.version;
        let is_next =
            |from: &str, to: &str| is_compatible(Ecosystem::CratesIo, from, to) == Some(true);
        let shares = |locked: &str| is_next(locked, would_be) || is_next(would_be, locked);
        let held = known.iter().find(|(at, it)| !moves.contains(at) && shares(&it.version));
        held.map(|(_, package)| shown(package))
    }

    /// A package and all that it leads to.
    fn required_by(&self, at: usize) -> BTreeSet<usize> {
        let (mut all, mut next) = (BTreeSet::new(), vec![at]);
        while let Some(at) = next.pop() {
            if all.insert(at) {
                next.extend(&self.lockfile.packages[at].requires);
            }
        }
        all
    }

    /// The smallest later version of a crate that requires a package no longer, or one that is repaired; an empty
    /// one if no version that is known does, and none if no version is known.
    pub(super) fn unblocking(
        &self,
        parent: usize,
        name: &str,
        is_repaired: impl Fn(&Requirement<'_>) -> bool,
    ) -> Option<String> {
        let package = &self.lockfile.packages[parent];
        let cargo = self.cargo.filter(|_| package.origin == Origin::Registry)?;
        let current = Version::parse(Ecosystem::CratesIo, &package.version)?;
        let releases = cargo.releases(&package.name);
        releases.iter().next()?;
        let read = releases.iter().filter_map(|release| {
            Some((Version::parse(Ecosystem::CratesIo, release.version)?, release))
        });
        let mut later: Vec<_> = read
            .filter(|(version, _)| *version > current)
            .filter(|(version, _)| current.is_prerelease() || !version.is_prerelease())
            .collect();
        later.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut known: HashMap<String, bool> = HashMap::new();
        let mut allows = |text: &str| {
            *known.entry(text.to_owned()).or_insert_with(|| {
                Requirement::parse(Ecosystem::CratesIo, text).is_some_and(|read| is_repaired(&read))
            })
        };
        let found = later.into_iter().find(|(_, release)| {
            release.details().is_some_and(|details| {
                let mut required = details.built_with().filter(|(of, _)| *of == name);
                !details.yanked && required.all(|(_, text)| allows(text))
            })
        });
        Some(found.map_or_else(String::new, |(version, _)| version.text().to_owned()))
    }
}

/// A package that demands are gathered upon.
struct Wanted<'a> {
    /// Its name in the spelling that names are compared in.
    name: &'a str,
    /// The version in use.
    version: &'a Version<'a>,
}

impl Wanted<'_> {
    /// Adds what one of them states, as far as that is about the version in use: it may require several.
    fn add(&self, demands: &mut Vec<Demand>, by: &str, parent: Option<usize>, stated: &[Stated]) {
        let of = stated.iter().filter(|one| one.name == self.name);
        let fitting = of.map(|one| one.requirement.as_str()).filter(|text| {
            let read = Requirement::parse(self.version.ecosystem(), text);
            read.is_some_and(|read| read.matches(self.version))
        });
        let texts: BTreeSet<&str> = fitting.collect();
        let demand = |requirement| Demand { by: by.to_owned(), parent, requirement };
        if texts.is_empty() {
            demands.push(demand(None));
        }
        demands.extend(texts.into_iter().map(|text| demand(Some(text.to_owned()))));
    }
}

fn shown(package: &LockedPackage) -> String {
    format!("{} {}", package.name, package.version).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        packages::{cargo_index, lockfile},
        sources::MemoryTree,
    };

    const LOCK: &str = "[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"bar\", \"foo\"]\n\n\
        [[package]]\nname = \"bar\"\nversion = \"0.4.1\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\n\
        [[package]]\nname = \"foo\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
        dependencies = [\"bar\"]\n";

    fn line(requirement: &str) -> String {
        format!(
            "{{\"name\":\"foo\",\"deps\":[{{\"name\":\"bar\",\"req\":\"{requirement}\"}}],\"yanked\":false}}"
        )
    }

    /// The demands upon a package of a lockfile in a tree of these files.
    fn upon(
        files: &[(&str, &str)],
        cargo: Option<&CargoIndex>,
        name: &str,
        version: &str,
    ) -> Vec<String> {
        let tree = Tree::Memory(MemoryTree::new(
            files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())),
        ));
        let file = tree.read(tree.find(files[0].0).unwrap()).unwrap();
        let format = lockfile::format_of(file.path()).unwrap();
        let read = lockfile::read(&file).unwrap();
        let at = read.packages.iter().position(|package| package.name == name).unwrap();
        let demands = Demands::new(&read, format.name, &file, Some(&tree), cargo);
        let version = Version::parse(read.ecosystem, version).unwrap();
        let upon = demands.upon(&[at], &version).into_iter();
        upon.map(|one| format!("{}: {}", one.by, one.requirement.as_deref().unwrap_or("?")))
            .collect()
    }

    #[test]
    fn crates_demand_by_their_manifest_and_by_the_index() {
        let root =
            "[workspace]\nmembers = [\"app\"]\n[workspace.dependencies]\nbar = \">=0.4, <0.6\"\n";
        let app = "[package]\nname = \"app\"\n[dependencies]\nbar.workspace = true\nfoo = \"1\"\n";
        let files = [("Cargo.lock", LOCK), ("Cargo.toml", root), ("app/Cargo.toml", app)];
        assert_eq!(upon(&files, None, "bar", "0.4.1"), ["app 0.1.0: >=0.4, <0.6", "foo 1.0.0: ?"]);
        let home = tempfile::tempdir().unwrap();
        let listed = [("1.0.0", &*line("^0.4"))];
        let cargo = cargo_index::tests::write_cache(home.path(), "foo", &listed);
        assert_eq!(
            upon(&files, Some(&cargo), "bar", "0.4.1"),
            ["app 0.1.0: >=0.4, <0.6", "foo 1.0.0: ^0.4"]
        );
        assert_eq!(upon(&files, Some(&cargo), "foo", "1.0.0"), ["app 0.1.0: 1"]);
    }

    #[test]
    fn the_smallest_later_parent_that_does_not_block_is_found() {
        let home = tempfile::tempdir().unwrap();
        let (old, new) = (line("^0.4"), line("^0.6"));
        let listed = [("1.0.0", &*old), ("1.2.0", &*new), ("1.1.0", &*old), ("2.0.0", &*new)];
        let cargo = cargo_index::tests::write_cache(home.path(), "foo", &listed);
        let file = SourceFile::new(RepoPath::new("Cargo.lock"), LOCK.as_bytes().to_vec());
        let read = lockfile::read(&file).unwrap();
        let format = lockfile::format_named("Cargo.lock").unwrap();
        let demands = Demands::new(&read, format.name, &file, None, Some(&cargo));
        let repaired = Version::parse(Ecosystem::CratesIo, "0.6.1").unwrap();
        let found = demands.unblocking(2, "bar", |read| read.matches(&repaired));
        assert_eq!(found.as_deref(), Some("1.2.0"));
        assert_eq!(demands.unblocking(2, "bar", |_| false).as_deref(), Some(""));
        assert_eq!(demands.unblocking(0, "bar", |_| false), None, "it is a part of the project");
    }

    #[test]
    fn a_version_that_needs_what_stays_locked_is_held() {
        let home = tempfile::tempdir().unwrap();
        let optional = line("=0.4.2").replace("\"req\"", "\"optional\":true,\"req\"");
        let (exact, other) = (line("=0.4.2"), line("^0.6"));
        let listed = [("1.0.1", &*exact), ("1.0.2", &*other), ("1.0.3", &*optional)];
        cargo_index::tests::write_cache(home.path(), "foo", &listed);
        let bars = ["0.4.1", "0.4.2", "0.6.0"].map(|version| (version, "{}"));
        let cargo = cargo_index::tests::write_cache(home.path(), "bar", &bars);
        let file = SourceFile::new(RepoPath::new("Cargo.lock"), LOCK.as_bytes().to_vec());
        let read = lockfile::read(&file).unwrap();
        let demands = Demands::new(&read, "Cargo.lock", &file, None, Some(&cargo));
        let lock = LOCK.replace("dependencies = [\"bar\"]", "");
        let apart = SourceFile::new(RepoPath::new("Cargo.lock"), lock.into_bytes());
        let read_apart = lockfile::read(&apart).unwrap();
        let others = Demands::new(&read_apart, "Cargo.lock", &apart, None, Some(&cargo));
        let why = "foo 1.0.1 requires bar =0.4.2, and bar 0.4.1 is locked";
        assert_eq!(others.held(2, "1.0.1").as_deref(), Some(why));
        assert_eq!(demands.held(2, "1.0.1"), None, "it may move what it requires already");
        for free in ["1.0.2", "1.0.3", "9.9.9"] {
            assert_eq!(others.held(2, free), None, "{free}");
        }
    }

    #[test]
    fn what_the_format_does_not_name_is_asked_of_the_manifest_beside_it() {
        let poetry = "[[package]]\nname = \"a-b\"\nversion = \"1.5\"\n\n[[package]]\nname = \"c\"\nversion = \"1\"\n\
            [package.dependencies]\n\"A.b\" = \">=1,<3\"\n";
        let project = "[project]\nname = \"x\"\ndependencies = [\"a_b<2\"]\n";
        let files =
            [("sub/poetry.lock", poetry), ("pyproject.toml", ""), ("sub/pyproject.toml", project)];
        assert_eq!(upon(&files, None, "a-b", "1.5"), ["c 1: >=1,<3", "pyproject.toml: <2"]);
    }

    #[test]
    fn yarn_lists_all_that_anybody_requires() {
        let yarn = "# yarn lockfile v1\n\na@^1.0.0, a@~1.0.1:\n  version \"1.0.1\"\n\nb@*:\n  version \"2.0.0\"\n  \
            dependencies:\n    a \"~1.0.1\"\n";
        assert_eq!(
            upon(&[("yarn.lock", yarn)], None, "a", "1.0.1"),
            ["b 2.0.0: ~1.0.1", "package.json: ^1.0.0"]
        );
    }
}
