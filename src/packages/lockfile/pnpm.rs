//! `pnpm-lock.yaml`, versions 5 to 9, and the record of what is installed in `node_modules`.
//!
//! Importers are the projects. Since version 9 `packages` tells what a package is, and `snapshots` what it requires,
//! once for each set of peers that it is installed with; before, `packages` tells both. A newer file may have two
//! documents, of which the first is about the package manager itself.

mod key;

use std::{borrow::Cow, collections::HashMap, ops::Range};

use self::key::{Key, without_peers};
use super::{
    Fault, LockedPackage, Lockfile, Origin, Provenance, Scope,
    javascript::{commit_of, lockfile, origin_of_url, package, scopes, unnamed},
    json::Text,
    yaml::Reader,
};
use crate::finding::RepoPath;

/// The versions of the format that are known, before the point.
const VERSIONS: &[u32] = &[5, 6, 7, 9];
/// The first one in which a key without a slash before it has no host.
const WITHOUT_HOSTS: u32 = 7;
/// No path of a file system is longer.
const LONGEST_PATH: usize = 4096;

/// Whether a file of this path is one: that of the project, that of a Git branch (`pnpm-lock.my-branch.yaml`), or the
/// record of what is installed.
pub(super) fn is_one(path: &RepoPath) -> bool {
    path.file_name().starts_with("pnpm-lock.") && path.extension() == "yaml"
        || path.as_str().ends_with("node_modules/.pnpm/lock.yaml")
}

/// Reads a lockfile of pnpm.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let (mut made, mut edges) = (Vec::new(), Vec::new());
    Reader::read(text, |reader| {
        let document = Document::read(reader)?;
        let first = made.len();
        let (packages, requirements) = document.link()?;
        made.extend(packages.into_iter().map(Some));
        edges.extend(requirements.into_iter().map(|targets| -> Vec<usize> {
            targets.into_iter().map(|target| first + target).collect()
        }));
        Ok(())
    })?;
    if made.is_empty() {
        return Err(Fault::new(0, "no version of the format"));
    }
    Ok(lockfile(made, edges))
}

/// One document as it is written.
struct Document<'a> {
    /// The version of the format before the point.
    version: u32,
    importers: Vec<Entry<'a>>,
    packages: Vec<Entry<'a>>,
    snapshots: Vec<Entry<'a>>,
}

/// An importer, a package, or a snapshot of one.
#[derive(Default)]
struct Entry<'a> {
    key: Text<'a>,
    at: Range<usize>,
    name: Option<Text<'a>>,
    version: Option<Text<'a>>,
    /// Where the `resolution` says that it comes from.
    origin: Option<Origin>,
    commit: Option<Text<'a>>,
    provenance: Provenance,
    requirements: Vec<Requirement<'a>>,
}

struct Requirement<'a> {
    name: Cow<'a, str>,
    /// A version, with peers if there are any, or a key.
    reference: Cow<'a, str>,
    scope: Scope,
}

impl<'a> Document<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Fault> {
        let start = reader.at();
        let mut version = None;
        let (mut importers, mut packages, mut snapshots) = (Vec::new(), Vec::new(), Vec::new());
        // A project alone has no key of its own before version 9.
        let mut project = Entry { key: unnamed(start), at: start..start, ..Entry::default() };
        reader.entries(|reader, key| {
            match &*key.text {
                "lockfileVersion" => version = Some(known_version(&reader.text()?)?),
                "importers" => entries(reader, &mut importers)?,
                "packages" => entries(reader, &mut packages)?,
                "snapshots" => entries(reader, &mut snapshots)?,
                list => project.take(list, reader)?,
            }
            Ok(())
        })?;
        let version = version.ok_or_else(|| Fault::new(start, "no version of the format"))?;
        if importers.is_empty() {
            importers.push(project);
        }
        Ok(Self { version, importers, packages, snapshots })
    }
}

fn known_version(version: &Text<'_>) -> Result<u32, Fault> {
    let major = version.text.split('.').next().and_then(|major| major.parse().ok());
    major
        .filter(|major| VERSIONS.contains(major))
        .ok_or_else(|| Fault::new(version.at.start, "a version of the format that is not known"))
}

fn entries<'a>(reader: &mut Reader<'a>, into: &mut Vec<Entry<'a>>) -> Result<(), Fault> {
    if !reader.is_map() {
        return Ok(());
    }
    let read = reader.entries(|reader, key| {
        let mut entry = Entry { at: key.at.clone(), key, ..Entry::default() };
        if reader.is_map() {
            entry.at.end = reader.entries(|reader, key| entry.take(&key.text, reader))?.end;
        }
        into.push(entry);
        Ok(())
    });
    read.map(drop)
}

impl<'a> Entry<'a> {
    fn take(&mut self, key: &str, reader: &mut Reader<'a>) -> Result<(), Fault> {
        let scope = match key {
            "name" => return reader.text_or_pass().map(|name| self.name = name),
            "version" => return reader.text_or_pass().map(|version| self.version = version),
            "resolution" => return self.take_resolution(reader),
            "requiresBuild" => {
                let flag = reader.text_or_pass()?;
                self.provenance.runs_script = flag.is_some_and(|flag| flag.text == "true");
                return Ok(());
            }
            "dependencies" => Scope::Runtime,
            "optionalDependencies" => Scope::Optional,
            "devDependencies" | "configDependencies" | "packageManagerDependencies" => {
                Scope::Development
            }
            _ => return Ok(()),
        };
        if !reader.is_map() {
            return Ok(());
        }
        let read = reader.entries(|reader, name| {
            let reference = reference(reader)?;
            let requirement = |reference| Requirement { name: name.text, reference, scope };
            self.requirements.extend(reference.map(requirement));
            Ok(())
        });
        read.map(drop)
    }

    fn take_resolution(&mut self, reader: &mut Reader<'a>) -> Result<(), Fault> {
        let read = reader.entries(|reader, key| {
            let Some(value) = reader.text_or_pass()? else { return Ok(()) };
            match &*key.text {
                "integrity" => self.provenance.has_checksum = true,
                "tarball" | "repo" => self.provenance.address_at = Some(value.at.clone()),
                _ => {}
            }
            let origin = match (&*key.text, &*value.text) {
                ("directory", _) | ("type", "directory") => Origin::Local,
                ("type" | "repo" | "commit", _) => Origin::Elsewhere,
                ("tarball" | "registry", url) if url.contains(':') => origin_of_url(url),
                _ => return Ok(()),
            };
            self.origin = Some(origin);
            if key.text == "commit" {
                self.commit = Some(value);
            } else if key.text == "tarball" && self.commit.is_none() {
                self.commit = commit_of(&value);
            }
            Ok(())
        });
        read.map(drop)
    }
}

/// What a requirement refers to: the text itself, or since version 6 the `version` beside the `specifier`.
fn reference<'a>(reader: &mut Reader<'a>) -> Result<Option<Cow<'a, str>>, Fault> {
    if !reader.is_map() {
        return Ok(reader.text_or_pass()?.map(|text| text.text));
    }
    let mut reference = None;
    reader.entries(|reader, key| {
        if key.text == "version" {
            reference = reader.text_or_pass()?.map(|text| text.text);
        }
        Ok(())
    })?;
    Ok(reference)
}

/// An entry that requires others, and the number of its package.
struct Node<'d, 'a> {
    entry: &'d Entry<'a>,
    package: usize,
}

/// The packages of a document, and which of them each requires.
type Linked = (Vec<LockedPackage>, Vec<Vec<usize>>);

impl Document<'_> {
    fn link(&self) -> Result<Linked, Fault> {
        let mut packages: Vec<LockedPackage> = self.importers.iter().map(project).collect();
        let importers: Vec<usize> = (0..packages.len()).collect();
        for entry in &self.packages {
            packages.push(self.locked(entry)?);
        }
        let nodes = self.nodes(&mut packages)?;
        let edges = self.edges(&nodes);
        let mut requires = vec![Vec::new(); packages.len()];
        let mut needed = vec![None; packages.len()];
        for ((node, edges), scope) in nodes.iter().zip(&edges).zip(scopes(&edges, &importers)) {
            requires[node.package].extend(edges.iter().map(|(target, _)| nodes[*target].package));
            needed[node.package] = strongest(needed[node.package], scope);
        }
        for (package, scope) in packages.iter_mut().zip(needed) {
            package.scope = scope.unwrap_or_default();
        }
        Ok((packages, requires))
    }

    /// What requires others: the importers, and then the snapshots, or in older files the packages.
    fn nodes(&self, packages: &mut Vec<LockedPackage>) -> Result<Vec<Node<'_, '_>>, Fault> {
        let listed = self.importers.iter().chain(&self.packages).enumerate();
        let mut nodes: Vec<_> = listed.map(|(package, entry)| Node { entry, package }).collect();
        if self.snapshots.is_empty() {
            return Ok(nodes);
        }
        let known = nodes.split_off(self.importers.len());
        let known: HashMap<&str, usize> =
            known.iter().map(|node| (&*node.entry.key.text, node.package)).collect();
        for entry in &self.snapshots {
            let package = known.get(without_peers(&entry.key.text)).copied();
            nodes.push(Node { entry, package: package.unwrap_or(packages.len()) });
            if package.is_none() {
                // The file is not whole, and yet names what is to be installed.
                packages.push(self.locked(entry)?);
            }
        }
        Ok(nodes)
    }

    /// Which nodes each node requires, and what for.
    fn edges(&self, nodes: &[Node<'_, '_>]) -> Vec<Vec<(usize, Scope)>> {
        let importers = self.importers.len();
        let (projects, others) = nodes.split_at(importers);
        let (projects, others) = (numbered(projects, 0), numbered(others, importers));
        let separator = if self.version == 5 { '/' } else { '@' };
        let find = |folder: &str, Requirement { name, reference, scope }: &Requirement<'_>| {
            let target = match reference.strip_prefix("link:") {
                Some(path) => projects.get(&*joined(folder, path)?),
                None => others.get(&*format!("{name}{separator}{reference}")).or_else(|| {
                    // An alias, or an address.
                    others.get(without_slash(reference))
                }),
            };
            Some((*target?, *scope))
        };
        let edges = nodes.iter().enumerate().map(|(number, node)| {
            // Links are relative to the importer, and those of packages to the lockfile.
            let folder = if number < importers { &*node.entry.key.text } else { "." };
            node.entry.requirements.iter().filter_map(|of| find(folder, of)).collect()
        });
        edges.collect()
    }

    fn locked(&self, entry: &Entry<'_>) -> Result<LockedPackage, Fault> {
        let key = match Key::read(&entry.key, self.version < WITHOUT_HOSTS) {
            Some(key) => key,
            None if entry.name.is_some() => {
                Key { name: None, version: None, origin: Origin::Registry }
            }
            None => return Err(Fault::new(entry.at.start, "a key that names no package")),
        };
        let name = entry.name.clone().or(key.name).unwrap_or_default();
        let version = entry.version.clone().or(key.version).or_else(|| entry.commit.clone());
        let origin = entry.origin.unwrap_or(key.origin);
        let locked = package(entry.at.clone(), name, version, origin, Scope::Runtime);
        Ok(LockedPackage { provenance: entry.provenance.clone(), ..locked })
    }
}

/// The numbers of nodes by their keys, of which the first node has the number `first`.
fn numbered<'n>(nodes: &'n [Node<'_, '_>], first: usize) -> HashMap<&'n str, usize> {
    let keys = nodes.iter().map(|node| without_slash(&node.entry.key.text));
    keys.zip(first..).collect()
}

fn without_slash(key: &str) -> &str {
    key.strip_prefix('/').unwrap_or(key)
}

/// An importer, which has no name but its folder.
fn project(entry: &Entry<'_>) -> LockedPackage {
    package(entry.at.clone(), entry.key.clone(), None, Origin::Local, Scope::Runtime)
}

fn strongest(one: Option<Scope>, other: Option<Scope>) -> Option<Scope> {
    let order = [Scope::Runtime, Scope::Optional, Scope::Development];
    order.into_iter().find(|scope| one == Some(*scope) || other == Some(*scope))
}

/// The folder at a path from another folder; `None` if that can be no path.
fn joined(folder: &str, path: &str) -> Option<String> {
    if folder.len() + path.len() > LONGEST_PATH {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

#[cfg(test)]
mod tests {
    use super::{super::javascript::shown, *};

    #[test]
    fn an_importer_of_nothing_but_an_empty_key_lies_in_the_text() {
        let text = "lockfileVersion: '9.0'\nimporters:\n  :\n    :\n";
        let lockfile = read(text).unwrap();
        assert!(lockfile.packages.iter().all(|package| text.get(package.at.clone()).is_some()));
    }

    const NINTH: &str = r"---
lockfileVersion: '9.0'
importers:
  .:
    packageManagerDependencies:
      pm:
        specifier: 11.0.0
        version: 11.0.0
packages:
  pm@11.0.0:
    resolution: {integrity: sha512-00}
snapshots:
  pm@11.0.0: {}
---
lockfileVersion: '9.0'

catalogs:
  default:
    a:
      specifier: ^1.0.0
      version: 1.0.0

importers:

  .:
    dependencies:
      a:
        specifier: 'catalog:'
        version: 1.0.0(b@2.0.0)
      beside:
        specifier: link:../beside
        version: link:../beside
    devDependencies:
      alias:
        specifier: npm:@s/c@^3.0.0
        version: '@s/c@3.0.0'
      w:
        specifier: workspace:*
        version: link:packages/w
    optionalDependencies:
      g:
        specifier: github:x/g
        version: https://codeload.example.org/x/g/tar.gz/0123abc

  packages/w:
    dependencies:
      .:
        specifier: link:../..
        version: link:../..
      a:
        specifier: ^1.0.0
        version: 1.0.0(b@2.1.0)
      f:
        specifier: file:../f
        version: file:packages/f(b@2.0.0)

packages:

  '@s/c@3.0.0':
    resolution: {integrity: sha512-00}
    peerDependencies:
      b: '*'

  a@1.0.0:
    resolution: {integrity: sha512-00, tarball: https://npmjs.org/a/-/a-1.0.0.tgz}

  b@2.0.0:
    resolution: {integrity: sha512-00}

  b@2.1.0:
    resolution: {integrity: sha512-00, tarball: https://npm.example.org/b/-/b-2.1.0.tgz}

  f@file:packages/f:
    resolution: {directory: packages/f, type: directory}

  g@https://codeload.example.org/x/g/tar.gz/0123abc:
    resolution: {tarball: https://codeload.example.org/x/g/tar.gz/0123abc}
    version: 0.1.0

snapshots:

  '@s/c@3.0.0': {}

  a@1.0.0(b@2.0.0):
    dependencies:
      b: 2.0.0

  a@1.0.0(b@2.1.0):
    dependencies:
      b: 2.1.0

  b@2.0.0: {}

  b@2.1.0: {}

  f@file:packages/f(b@2.0.0):
    dependencies:
      b: 2.0.0

  g@https://codeload.example.org/x/g/tar.gz/0123abc:
    dependencies:
      lost: 1.0.0

  lost@1.0.0: {}
";

    #[test]
    fn importers_lead_to_snapshots_and_these_to_packages() {
        assert_eq!(
            shown(NINTH, read),
            [
                ".@ Local Runtime pm@11.0.0",
                "pm@11.0.0 Registry Development",
                ".@ Local Runtime packages/w@ @s/c@3.0.0 a@1.0.0 g@0.1.0",
                "packages/w@ Local Runtime .@ a@1.0.0 f@",
                "@s/c@3.0.0 Registry Development",
                "a@1.0.0 Registry Runtime b@2.0.0 b@2.1.0",
                "b@2.0.0 Registry Runtime",
                "b@2.1.0 Elsewhere Runtime",
                "f@ Local Runtime b@2.0.0",
                "g@0.1.0 Elsewhere Optional lost@1.0.0",
                "lost@1.0.0 Registry Optional",
            ]
        );
    }

    #[test]
    fn an_entry_reaches_from_its_key_to_its_end() {
        let read = read(NINTH).unwrap();
        let entry = &NINTH[read.packages[5].at.clone()];
        assert!(entry.starts_with("a@1.0.0:\n    resolution: {"), "{entry}");
        assert!(entry.ends_with("a-1.0.0.tgz}"), "{entry}");
    }

    const SIXTH: &str = "lockfileVersion: '6.0'\ndependencies:\n  a:\n    specifier: ^1.0.0\n    \
        version: 1.0.0(b@2.0.0)\n  alias:\n    specifier: npm:b@2\n    version: /b@2.0.0\npackages:\n  \
        /a@1.0.0(b@2.0.0):\n    resolution: {integrity: sha512-00}\n    dependencies:\n      b: 2.0.0\n  \
        /b@2.0.0:\n    resolution: {integrity: sha512-00}\n";

    #[test]
    fn the_sixth_version_has_peers_in_parentheses() {
        assert_eq!(
            shown(SIXTH, read),
            [
                ".@ Local Runtime a@1.0.0 b@2.0.0",
                "a@1.0.0 Registry Runtime b@2.0.0",
                "b@2.0.0 Registry Runtime",
            ]
        );
    }

    const FIFTH: &str = "lockfileVersion: 5.4\nimporters:\n  x/y:\n    specifiers: {}\n    \
        devDependencies:\n      '@s/a': 1.0.0_b@2.0.0\n      z: link:../z\n  x/z:\n    \
        dependencies: {g: github.com/g/g/0123abc, b: npm.example.org/b/2.0.0}\npackages:\n  \
        /@s/a/1.0.0_b@2.0.0:\n    dependencies: {b: 2.0.0, u: link:x/z}\n  /b/2.0.0: {}\n  \
        npm.example.org/b/2.0.0: {}\n  github.com/g/g/0123abc:\n    name: g\n    version: 0.1.0\n    \
        resolution: {repo: 'https://example.org', commit: 0123abc, type: git}\n  /c/next: {}\n";

    #[test]
    fn the_fifth_version_has_peers_after_an_underscore() {
        assert_eq!(
            shown(FIFTH, read),
            [
                "x/y@ Local Runtime x/z@ @s/a@1.0.0",
                "x/z@ Local Runtime b@2.0.0 g@0.1.0",
                "@s/a@1.0.0 Registry Development x/z@ b@2.0.0",
                "b@2.0.0 Registry Development",
                "b@2.0.0 Elsewhere Runtime",
                "g@0.1.0 Elsewhere Runtime",
            ]
        );
        assert_eq!(read(FIFTH).unwrap().left_out.len(), 1);
    }

    #[test]
    fn a_branch_has_a_lockfile_of_its_own() {
        let is_one = |path| is_one(&RepoPath::new(path));
        assert!(is_one("a/pnpm-lock.yaml") && is_one("pnpm-lock.a.b.yaml"));
        assert!(is_one("a/node_modules/.pnpm/lock.yaml"));
        assert!(!is_one("lock.yaml") && !is_one("pnpm-lock.json") && !is_one("my-pnpm-lock.yaml"));
    }

    #[test]
    fn paths_are_joined_as_folders_are() {
        assert_eq!(joined("packages/a", "../b").as_deref(), Some("packages/b"));
        assert_eq!(joined("a", "..").as_deref(), Some("."));
        assert_eq!(joined(".", "../../b").as_deref(), Some("../../b"));
        assert_eq!(joined("a", &"b/".repeat(LONGEST_PATH)), None);
    }

    #[test]
    fn faults_are_named_with_their_byte() {
        let fault = |text: &str| read(text).unwrap_err().at;
        assert_eq!(fault("packages: {}\n"), 0);
        assert_eq!(fault("lockfileVersion: '13.0'\n"), 18);
        assert_eq!(fault("lockfileVersion: 5.4\npackages:\n  a: {}\n"), 33);
        assert_eq!(
            fault("lockfileVersion: '9.0'\npackages:\n  a@1.0.0: {b: 1\n  c@1.0.0: {}\n") / 30,
            1
        );
        assert_eq!(fault(""), 0);
    }
}
