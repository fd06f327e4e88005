//! Manifests that no lockfile stands beside: what they pin to one version against the advisory database.
//!
//! Which versions of the rest are installed, and what all of it requires in turn, is not known without a lockfile:
//! that is said, and nothing passes on the strength of the rest.

use super::{
    Context, FileCheck, Subject,
    hygiene::{folders_up, join},
    vulnerable::{NO_DATABASE, compare_pinned, rules},
};
use crate::{
    config::DependencyConfig,
    deadline::Deadline,
    finding::{FileNotes, Gap, RepoPath},
    packages::{
        Ecosystem,
        advisories::Index,
        lockfile::{Fault, LockedPackage, Lockfile, Malformed, Origin, Provenance, Scope},
        manifest::{self, Declared, Manifest},
        version::Version,
    },
    sources::{SourceFile, Tree},
};

/// The lockfiles of each manifest.
const LOCKS: &[(&str, &[&str])] = &[
    ("Cargo.toml", &["Cargo.lock"]),
    (
        "package.json",
        &[
            "package-lock.json",
            "npm-shrinkwrap.json",
            "yarn.lock",
            "pnpm-lock.yaml",
            "bun.lock",
            "bun.lockb",
            "deno.lock",
        ],
    ),
    ("pyproject.toml", &["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock"]),
    ("Pipfile", &["Pipfile.lock"]),
    ("requirements.in", &[]),
    ("Gemfile", &["Gemfile.lock", "gems.locked"]),
    ("composer.json", &["composer.lock"]),
    ("project of .NET", &["packages.lock.json"]),
    ("build.gradle", &["gradle.lockfile", "buildscript-gradle.lockfile"]),
    ("mix.exs", &["mix.lock"]),
    ("pubspec.yaml", &["pubspec.lock"]),
];

/// Builds the check.
pub(super) fn build<'a>(context: &Context<'a>) -> Box<dyn FileCheck + 'a> {
    Box::new(Pinned {
        advisories: context.advisories,
        policy: context.dependencies,
        tree: context.tree,
    })
}

struct Pinned<'a> {
    advisories: Option<Result<&'a Index, &'a str>>,
    policy: &'a DependencyConfig,
    tree: Option<&'a Tree>,
}

impl FileCheck for Pinned<'_> {
    fn name(&self) -> &'static str {
        "pinned"
    }

    fn subjects(&self) -> Vec<Subject> {
        let ecosystems = Ecosystem::all().filter_map(subject_of);
        ecosystems.map(|name| Subject { name, rules: rules() }).collect()
    }

    fn wants(&self, path: &RepoPath) -> bool {
        // A `go.mod` and a `pom.xml` are looked at as lockfiles.
        locks_of(path).is_some() && !self.is_locked(path)
    }

    fn check(&self, file: &SourceFile, _: &Deadline<'_>, notes: &mut FileNotes) {
        let read = file.parsed::<Result<Manifest, Malformed>>(manifest::read);
        let manifest = match &*read {
            Ok(manifest) => manifest,
            // Another check tells of a manifest that is none; here it only can not say its ecosystem.
            Err(malformed) => {
                if let Some(subject) = expected(file.path()).and_then(subject_of) {
                    notes.miss(subject, file.path(), malformed.to_string());
                }
                return;
            }
        };
        let Some(subject) = subject_of(manifest.ecosystem) else { return };
        let lockfile = as_lockfile(manifest, file.path());
        if lockfile.packages.len() == 1 && lockfile.left_out.is_empty() {
            return;
        }
        match self.advisories {
            _ if lockfile.packages.len() == 1 => {}
            None => notes.miss(subject, file.path(), NO_DATABASE.to_owned()),
            Some(Err(reason)) => notes.miss(subject, file.path(), reason.to_owned()),
            Some(Ok(index)) => {
                compare_pinned((&lockfile, subject), (index, self.policy), file, notes);
            }
        }
        // What the packages require in turn was not looked at.
        notes.looked_at.retain(|known| *known != subject);
        let reason = match lockfile.left_out.len() {
            0 => "no lockfile: what its packages require in turn is not known".to_owned(),
            count => format!(
                "no lockfile: {count} of its packages are not pinned to one version, and what all of them require in turn is not known"
            ),
        };
        let gap = Gap { subject: file.path().to_string(), reason, incomplete: false };
        notes.leave_out(subject, gap);
    }
}

impl Pinned<'_> {
    /// Whether a lockfile lies beside the manifest or in a folder above it.
    fn is_locked(&self, path: &RepoPath) -> bool {
        let Some(tree) = self.tree else { return true };
        let is_there = |folder: &str, name: &str| tree.find(&join(folder, name)).is_some();
        if let Some(stem) = path.file_name().strip_suffix(".in") {
            return is_there(path.folder(), &format!("{stem}.txt"));
        }
        let mut locks = locks_of(path).unwrap_or_default().iter();
        locks.any(|lock| {
            folders_up(path.folder()).any(|folder| is_there(folder, lock)) || tree.has_above(lock)
        })
    }
}

/// What a manifest of this ecosystem is looked at as.
fn subject_of(ecosystem: Ecosystem) -> Option<&'static str> {
    Some(match ecosystem {
        Ecosystem::CratesIo => "pinned/cargo",
        Ecosystem::Npm => "pinned/npm",
        Ecosystem::PyPi => "pinned/pypi",
        Ecosystem::Maven => "pinned/maven",
        Ecosystem::RubyGems => "pinned/rubygems",
        Ecosystem::Packagist => "pinned/packagist",
        Ecosystem::NuGet => "pinned/nuget",
        Ecosystem::Hex => "pinned/hex",
        Ecosystem::Pub => "pinned/pub",
        _ => return None,
    })
}

fn locks_of(path: &RepoPath) -> Option<&'static [&'static str]> {
    let format = manifest::manifest_of(path)?;
    LOCKS.iter().find(|(name, _)| *name == format.name).map(|(_, locks)| *locks)
}

/// The ecosystem of a manifest that can not be read. Programs always can.
fn expected(path: &RepoPath) -> Option<Ecosystem> {
    Some(match manifest::manifest_of(path)?.name {
        "Cargo.toml" => Ecosystem::CratesIo,
        "package.json" => Ecosystem::Npm,
        "composer.json" => Ecosystem::Packagist,
        "project of .NET" => Ecosystem::NuGet,
        "pubspec.yaml" => Ecosystem::Pub,
        _ => Ecosystem::PyPi,
    })
}

/// What a manifest pins, in the shape of a lockfile: the project, and below it what it requires.
fn as_lockfile(manifest: &Manifest, path: &RepoPath) -> Lockfile {
    let ecosystem = manifest.ecosystem;
    let (mut packages, mut left_out) = (vec![project(path)], Vec::new());
    for declared in &manifest.dependencies {
        // PHP itself, and its extensions.
        if ecosystem == Ecosystem::Packagist && !declared.name.contains('/') {
            continue;
        }
        match exact_version(ecosystem, path, &declared.requirement) {
            Some(version) => packages.push(package(declared, version)),
            None => left_out.push(Fault::new(declared.name_at.start, "not pinned to one version")),
        }
    }
    packages[0].requires = (1..packages.len()).collect();
    Lockfile { ecosystem, packages, left_out, includes: Vec::new() }
}

fn project(path: &RepoPath) -> LockedPackage {
    LockedPackage {
        name: path.file_name().to_owned(),
        version: String::new(),
        origin: Origin::Local,
        scope: Scope::Runtime,
        provenance: Provenance::default(),
        at: 0..0,
        name_at: 0..0,
        version_at: 0..0,
        requires: Vec::new(),
        required_by: None,
    }
}

fn package(declared: &Declared, version: &str) -> LockedPackage {
    LockedPackage {
        name: declared.name.clone(),
        version: version.to_owned(),
        origin: Origin::Registry,
        scope: declared.scope,
        provenance: Provenance::default(),
        at: declared.at.clone(),
        name_at: declared.name_at.clone(),
        version_at: declared.at.clone(),
        requires: Vec::new(),
        required_by: Some(0),
    }
}

/// The only version that a requirement allows, or that its tool takes of all that it allows.
fn exact_version<'r>(
    ecosystem: Ecosystem,
    path: &RepoPath,
    requirement: &'r str,
) -> Option<&'r str> {
    let text = requirement.trim();
    let after = |sign: &str| text.strip_prefix(sign).map(str::trim_start);
    let version = match ecosystem {
        // A version alone is `^` of it.
        Ecosystem::CratesIo => after("=")?,
        Ecosystem::Npm => after("=").unwrap_or(text).trim_start_matches('v'),
        // A version alone is one of Poetry's, and exact.
        Ecosystem::PyPi => match after("===").or_else(|| after("==")) {
            Some(version) => version,
            None if path.file_name() == "pyproject.toml" => text,
            None => return None,
        },
        Ecosystem::Packagist => after("==").or_else(|| after("=")).unwrap_or(text),
        Ecosystem::RubyGems => after("=").unwrap_or(text),
        Ecosystem::Hex => after("==").unwrap_or(text),
        // Of a version alone, as of all from it on, NuGet takes the lowest.
        Ecosystem::NuGet => {
            let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
            inside.unwrap_or(text).trim()
        }
        _ => text,
    };
    is_version(ecosystem, version).then_some(version)
}

fn is_version(ecosystem: Ecosystem, text: &str) -> bool {
    let is_of_version = |byte: u8| byte.is_ascii_alphanumeric() || b".-_+!".contains(&byte);
    let is_any = |part: &str| matches!(part, "" | "x" | "X" | "*");
    let number = text.trim_start_matches('v');
    let has_three = || number.split(['-', '+']).next().unwrap_or_default().split('.').count() == 3;
    let needs_three = matches!(ecosystem, Ecosystem::CratesIo | Ecosystem::Npm);
    number.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(is_of_version)
        && !text.ends_with('+')
        && !number.split('.').any(is_any)
        && (!needs_three || has_three())
        && Version::parse(ecosystem, text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_allows_one_version_is_pinned() {
        use Ecosystem::{CratesIo, Hex, Maven, Npm, NuGet, Packagist, Pub, PyPi, RubyGems};
        for (ecosystem, path, requirement, version) in [
            (CratesIo, "Cargo.toml", "=1.2.3", Some("1.2.3")),
            (CratesIo, "Cargo.toml", "1.2.3", None),
            (CratesIo, "Cargo.toml", "=1.2", None),
            (CratesIo, "Cargo.toml", "=1.2.3, <2", None),
            (Npm, "package.json", "1.2.3", Some("1.2.3")),
            (Npm, "package.json", "=v1.2.3-rc.1", Some("1.2.3-rc.1")),
            (Npm, "package.json", "^1.2.3", None),
            (Npm, "package.json", "1.2", None),
            (Npm, "package.json", "1.2.x", None),
            (Npm, "package.json", "latest", None),
            (PyPi, "requirements.in", "==1.2", Some("1.2")),
            (PyPi, "Pipfile", "==1.*", None),
            (PyPi, "Pipfile", "1.2", None),
            (PyPi, "pyproject.toml", "1.2", Some("1.2")),
            (PyPi, "pyproject.toml", "==1.2,<2", None),
            (RubyGems, "Gemfile", "1.2", Some("1.2")),
            (RubyGems, "Gemfile", "~> 1.2", None),
            (Packagist, "composer.json", "v1.2.3", Some("v1.2.3")),
            (Packagist, "composer.json", "1.2.*", None),
            (Packagist, "composer.json", "1.2 || 2.0", None),
            (NuGet, "a.csproj", "1.2.3", Some("1.2.3")),
            (NuGet, "a.csproj", "[1.2.3]", Some("1.2.3")),
            (NuGet, "a.csproj", "$(Version)", None),
            (Maven, "build.gradle", "1.2", Some("1.2")),
            (Maven, "build.gradle", "1.+", None),
            (Hex, "mix.exs", "== 1.2.3", Some("1.2.3")),
            (Pub, "pubspec.yaml", "1.2.3", Some("1.2.3")),
            (Pub, "pubspec.yaml", "^1.2.3", None),
        ] {
            let found = exact_version(ecosystem, &RepoPath::new(path), requirement);
            assert_eq!(found, version, "{path}: {requirement}");
        }
    }

    #[test]
    fn every_manifest_that_is_no_lockfile_has_its_locks() {
        for format in manifest::FORMATS {
            let is_known = LOCKS.iter().any(|(name, _)| *name == format.name);
            assert_eq!(is_known, !matches!(format.name, "go.mod" | "pom.xml"), "{}", format.name);
        }
    }
}
