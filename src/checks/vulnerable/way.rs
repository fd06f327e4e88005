//! How a package comes into the project: the line of a manifest, and from there through the lockfile.

use std::{cell::OnceCell, collections::VecDeque};

use super::manifests::{Asked, Manifests};
use crate::{
    finding::{DraftOrigin, DraftStep},
    packages::lockfile::{LockedPackage, Lockfile, Origin},
};

/// Packages named on the way from the project to the package.
const LONGEST_WAY: usize = 11;

/// A longer way is not followed: it costs its length for each finding, and no honest one has a tenth of it.
const MOST_STEPS: usize = 1_000;

/// The ways through one lockfile.
pub(super) struct Ways<'a> {
    lockfile: &'a Lockfile,
    manifests: Manifests<'a>,
    /// How many packages require each; counted when first needed.
    requirers: OnceCell<Vec<usize>>,
    /// For each package the one that requires it on a shortest way from what manifests ask for, where the lockfile
    /// does not say where ways begin.
    parents: OnceCell<Vec<Option<usize>>>,
}

/// A shortest way to one package.
pub(super) struct Way {
    /// The line of the manifest that asks for the first package on the way.
    pub(super) origin: Option<DraftOrigin>,
    /// The packages on the way in the lockfile, the last one is the package itself.
    pub(super) flow: Vec<DraftStep>,
    /// The same on one line, by name and version.
    pub(super) shown: String,
}

impl<'a> Ways<'a> {
    /// The ways within a lockfile, which begin in these manifests.
    pub(super) fn new(lockfile: &'a Lockfile, manifests: Manifests<'a>) -> Self {
        Self { lockfile, manifests, requirers: OnceCell::new(), parents: OnceCell::new() }
    }

    /// The way to a package by its index.
    pub(super) fn to(&self, at: usize) -> Way {
        let packages = &self.lockfile.packages;
        let mut way = self.walk(at, |at| packages[at].required_by);
        if way.len() == 1 && self.requirers(at) > 0 {
            let parents = self.parents();
            way = self.walk(at, |at| parents[at]);
        }
        let (project, named) = match way.split_first() {
            Some((first, rest)) if first.origin == Origin::Local && !rest.is_empty() => {
                (Some(*first), rest)
            }
            _ => (None, way.as_slice()),
        };
        let asked = named.first().and_then(|first| self.manifests.asking(project, first));
        let others = self.requirers(at).saturating_sub(usize::from(way.len() > 1));
        let flow = match (&asked, way.as_slice()) {
            (None, [_]) => Vec::new(),
            // Where the manifest is known, the project's own entry says nothing more.
            (Some(_), _) => steps(named, others),
            (None, way) => steps(way, others),
        };
        let shown = match (&asked, way.as_slice()) {
            (Some(asked), [_]) => asked.path.to_string(),
            (None, [_]) => match others {
                0 => "nothing in this lockfile".to_owned(),
                1 => "1 other package".to_owned(),
                others => format!("{others} other packages"),
            },
            _ => format!("{}{}", shown(&way), more(others, "and by ")),
        };
        let origin = asked.map(|asked| origin(asked, project, named));
        Way { origin, flow, shown }
    }

    /// The packages from the project to this one, by what requires each; this one alone if they are too many.
    fn walk(&self, at: usize, parent: impl Fn(usize) -> Option<usize>) -> Vec<&'a LockedPackage> {
        let way = std::iter::successors(Some(at), |at| parent(*at)).take(MOST_STEPS + 1);
        let mut way: Vec<_> = way.map(|at| &self.lockfile.packages[at]).collect();
        if way.len() > MOST_STEPS {
            way.truncate(1);
        }
        way.reverse();
        way
    }

    fn parents(&self) -> &[Option<usize>] {
        self.parents.get_or_init(|| {
            let packages = &self.lockfile.packages;
            let mut reached: Vec<bool> =
                packages.iter().map(|package| self.manifests.ask_for(package)).collect();
            let mut parents = vec![None; packages.len()];
            let mut queue: VecDeque<usize> =
                (0..packages.len()).filter(|at| reached[*at]).collect();
            while let Some(from) = queue.pop_front() {
                for to in &packages[from].requires {
                    if !std::mem::replace(&mut reached[*to], true) {
                        parents[*to] = Some(from);
                        queue.push_back(*to);
                    }
                }
            }
            parents
        })
    }

    /// How many packages require this one.
    fn requirers(&self, at: usize) -> usize {
        let requirers = self.requirers.get_or_init(|| {
            let mut counts = vec![0; self.lockfile.packages.len()];
            for (from, package) in self.lockfile.packages.iter().enumerate() {
                for to in package.requires.iter().filter(|to| **to != from) {
                    counts[*to] += 1;
                }
            }
            counts
        });
        requirers[at]
    }
}

fn origin(
    asked: Asked,
    project: Option<&LockedPackage>,
    packages: &[&LockedPackage],
) -> DraftOrigin {
    // Where a project has no name, it is called by its folder or its manifest.
    let has_name = |name: &&str| *name != "." && *name != asked.path.file_name();
    let who = project.map(|project| project.name.as_str()).filter(has_name);
    let who = who.unwrap_or("the project");
    let name = packages.first().map_or("", |package| &package.name);
    DraftOrigin { path: asked.path, span: asked.span, note: format!("{who} asks for {name}") }
}

/// Each package at its version, the middle of a long way left out.
fn steps(way: &[&LockedPackage], others: usize) -> Vec<DraftStep> {
    let left_out = way.len().saturating_sub(LONGEST_WAY);
    let last = way.len().saturating_sub(1);
    let shown = (0..way.len()).filter(|at| *at == last || *at < LONGEST_WAY - 1);
    let step = |at: usize| {
        let package = way[at];
        let is_before_gap = left_out > 0 && at == LONGEST_WAY - 2;
        let note = match (at == last, is_before_gap) {
            (true, _) => format!("{}{}", titled(package), more(others, "required too by ")),
            (_, true) => format!("{}, and from there over {left_out} more", titled(package)),
            _ => titled(package),
        };
        let is_without = package.version_at.is_empty();
        let at = if is_without { &package.name_at } else { &package.version_at };
        DraftStep { at: at.clone(), note }
    };
    shown.map(step).collect()
}

fn more(others: usize, before: &str) -> String {
    match others {
        0 => String::new(),
        1 => format!(", {before}1 other"),
        others => format!(", {before}{others} others"),
    }
}

/// The way from the project to a package, in one line; a long one is cut.
pub(super) fn shown(way: &[&LockedPackage]) -> String {
    let names: Vec<String> = way.iter().map(|package| titled(package)).collect();
    match names.as_slice() {
        [first @ .., _, last] if names.len() > LONGEST_WAY + 1 => {
            format!("{} → … → {last}", first[..LONGEST_WAY - 1].join(" → "))
        }
        _ => names.join(" → "),
    }
}

fn titled(package: &LockedPackage) -> String {
    format!("{} {}", package.name, package.version).trim_end().to_owned()
}
