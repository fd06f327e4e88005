//! `deno.lock`, versions 2 to 5: its packages of npm, and those of JSR that lead to them.
//!
//! A specifier (`npm:name@range`) is what a project, a source file or a package of JSR asks for. Those that neither
//! a workspace nor a package lists are the project's own. Modules that are imported by their address have no version
//! and are not read.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use super::{
    Fault, LockedPackage, Lockfile, Origin, Scope,
    javascript::{lockfile, origin_of_url, package, scopes, split_name, split_text, unnamed},
    json::{Dialect, Kind, Reader, Text},
};

/// The versions of the format that are known.
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=5;
/// The first one whose specifiers lead to a version, and not to name and version.
const WITHOUT_NAMES: u32 = 4;

/// Reads a lockfile of deno.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let mut file = File::default();
    Reader::read(text, Dialect::Plain, |reader, key| file.take(reader, &key.text))?;
    if file.version == 0 {
        return Err(Fault::new(0, "no version of the format"));
    }
    if file.projects.is_empty() {
        file.projects.push(Entry { key: unnamed(0), ..Entry::default() });
    }
    Ok(file.link())
}

/// A file as it is written.
#[derive(Default)]
struct File<'a> {
    version: u32,
    /// What is asked for, and what it is resolved to.
    specifiers: Vec<(Text<'a>, Text<'a>)>,
    npm: Vec<Entry<'a>>,
    jsr: Vec<Entry<'a>>,
    /// The project, and the members of its workspace.
    projects: Vec<Entry<'a>>,
}

/// A package or a project.
#[derive(Default)]
struct Entry<'a> {
    /// Name and version with peers, or a folder.
    key: Text<'a>,
    at: Range<usize>,
    tarball: Option<Text<'a>>,
    /// What it requires: of npm packages of npm, else specifiers.
    requirements: Vec<(Cow<'a, str>, Scope)>,
}

impl<'a> File<'a> {
    fn take(&mut self, reader: &mut Reader<'a>, key: &str) -> Result<(), Fault> {
        match key {
            "version" => {
                let version = reader.text()?;
                let known = version.text.parse().ok().filter(|known| VERSIONS.contains(known));
                self.version = known.ok_or_else(|| {
                    Fault::new(version.at.start, "a version of the format that is not known")
                })?;
            }
            "specifiers" => {
                reader.entries(|reader, specifier| {
                    self.specifiers.push((specifier, reader.text()?));
                    Ok(())
                })?;
            }
            "npm" => self.take_npm(reader)?,
            "jsr" => {
                reader.entries(|reader, key| {
                    self.jsr.push(Entry::read(reader, key)?);
                    Ok(())
                })?;
            }
            // All of the three stand in here in version 3.
            "packages" => {
                reader.entries(|reader, key| self.take(reader, &key.text))?;
            }
            "workspace" => {
                let key = unnamed(reader.at());
                self.take_project(reader, key)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads the packages of npm. In version 2 they stand beside their specifiers.
    fn take_npm(&mut self, reader: &mut Reader<'a>) -> Result<(), Fault> {
        let read = reader.entries(|reader, key| match &*key.text {
            "specifiers" => self.take(reader, "specifiers"),
            "packages" => self.take_npm(reader),
            _ => {
                self.npm.push(Entry::read(reader, key)?);
                Ok(())
            }
        });
        read.map(drop)
    }

    fn take_project(&mut self, reader: &mut Reader<'a>, key: Text<'a>) -> Result<(), Fault> {
        let index = self.projects.len();
        self.projects.push(Entry { key, ..Entry::default() });
        let at = reader.entries(|reader, key| match &*key.text {
            "members" => {
                reader.entries(|reader, folder| self.take_project(reader, folder)).map(drop)
            }
            "packageJson" => {
                let project = &mut self.projects[index];
                reader.entries(|reader, key| project.take(reader, &key.text)).map(drop)
            }
            list => self.projects[index].take(reader, list),
        })?;
        self.projects[index].at = at;
        Ok(())
    }
}

impl<'a> Entry<'a> {
    fn read(reader: &mut Reader<'a>, key: Text<'a>) -> Result<Self, Fault> {
        let start = key.at.start.saturating_sub(1);
        let mut entry = Self { key, ..Self::default() };
        let at = reader.entries(|reader, key| entry.take(reader, &key.text))?;
        entry.at = start..at.end;
        Ok(entry)
    }

    fn take(&mut self, reader: &mut Reader<'a>, key: &str) -> Result<(), Fault> {
        let scope = match key {
            "tarball" => return reader.text_or_pass().map(|url| self.tarball = url),
            "dependencies" => Scope::Runtime,
            "optionalDependencies" | "optionalPeers" => Scope::Optional,
            _ => return Ok(()),
        };
        let read = if reader.kind() == Kind::Object {
            // The key is what the package is called there, and no part of its name.
            reader.entries(|reader, _| {
                self.requirements.push((reader.text()?.text, scope));
                Ok(())
            })
        } else {
            reader.elements(|reader| {
                self.requirements.push((reader.text()?.text, scope));
                Ok(())
            })
        };
        read.map(drop)
    }
}

/// What leads to packages, by their numbers: those of npm come first, then those of JSR.
#[derive(Default)]
struct Names<'f> {
    npm: HashMap<&'f str, usize>,
    jsr: HashMap<&'f str, usize>,
    /// The packages of npm that are the only ones of their name.
    npm_by_name: HashMap<&'f str, Option<usize>>,
    /// The numbers of specifiers.
    specifiers: HashMap<&'f str, usize>,
    /// The specifiers that are the only ones of their package.
    specifiers_by_name: HashMap<&'f str, Option<usize>>,
}

impl<'f> Names<'f> {
    fn new(file: &'f File<'_>) -> Self {
        let mut names = Self::default();
        for (number, entry) in file.npm.iter().enumerate() {
            names.npm.insert(&entry.key.text, number);
            note(&mut names.npm_by_name, split_name(&entry.key.text).0, number);
        }
        for (number, entry) in file.jsr.iter().enumerate() {
            names.jsr.insert(&entry.key.text, file.npm.len() + number);
        }
        for (number, (specifier, _)) in file.specifiers.iter().enumerate() {
            names.specifiers.insert(&specifier.text, number);
            note(&mut names.specifiers_by_name, without_range(&specifier.text), number);
        }
        names
    }

    /// The package that a package of npm requires: its name if there is only one of that name, or all of its key,
    /// which may stand after an alias.
    fn of_npm(&self, requirement: &str) -> Option<usize> {
        let key = requirement.split_once("@npm:").map_or(requirement, |(_, key)| key);
        let by_key = self.npm.get(key).copied();
        by_key.or_else(|| self.npm_by_name.get(key).copied().flatten())
    }

    /// The specifier that a project or a package of JSR requires, which may leave out a range that is the only one.
    fn specifier(&self, requirement: &str) -> Option<usize> {
        let exact = self.specifiers.get(requirement).copied();
        exact.or_else(|| self.specifiers_by_name.get(requirement).copied().flatten())
    }

    /// The package that a specifier is resolved to.
    fn resolved(&self, specifier: &str, resolved: &str, has_name: bool) -> Option<usize> {
        let (kind, name) = match without_range(specifier).split_once(':') {
            Some(("jsr", name)) => (&self.jsr, name),
            Some((_, name)) => (&self.npm, name),
            None => (&self.npm, without_range(specifier)),
        };
        if has_name {
            let is_prefix = |prefix: &&str| resolved.starts_with(*prefix);
            let prefix = ["npm:", "jsr:"].into_iter().find(is_prefix).unwrap_or_default();
            return kind.get(&resolved[prefix.len()..]).copied();
        }
        kind.get(&*format!("{name}@{resolved}")).copied()
    }
}

/// Notes what is the only one of its name.
fn note<'f>(by_name: &mut HashMap<&'f str, Option<usize>>, name: &'f str, number: usize) {
    by_name.entry(name).and_modify(|only| *only = None).or_insert(Some(number));
}

/// A specifier without its range: `npm:@a/b` of `npm:@a/b@1`.
fn without_range(specifier: &str) -> &str {
    let start = specifier.find(':').map_or(0, |at| at + 1);
    &specifier[..start + split_name(&specifier[start..]).0.len()]
}

impl File<'_> {
    fn link(&self) -> Lockfile {
        let names = Names::new(self);
        let has_name = self.version < WITHOUT_NAMES;
        let resolved = self
            .specifiers
            .iter()
            .map(|(specifier, resolved)| names.resolved(&specifier.text, &resolved.text, has_name));
        let resolved: Vec<Option<usize>> = resolved.collect();
        let mut is_listed = vec![false; resolved.len()];
        let of_npm = |entry: &Entry<'_>| {
            let found = entry.requirements.iter();
            found.filter_map(|(name, scope)| Some((names.of_npm(name)?, *scope))).collect()
        };
        let mut edges: Vec<Vec<(usize, Scope)>> = self.npm.iter().map(of_npm).collect();
        for entry in self.jsr.iter().chain(&self.projects) {
            let found = entry.requirements.iter().filter_map(|(requirement, scope)| {
                let specifier = names.specifier(requirement)?;
                is_listed[specifier] = true;
                Some((resolved[specifier]?, *scope))
            });
            edges.push(found.collect());
        }
        let project = self.npm.len() + self.jsr.len();
        let own = resolved.iter().zip(is_listed).filter(|(_, is_listed)| !is_listed);
        edges[project].extend(own.filter_map(|(target, _)| Some(((*target)?, Scope::Runtime))));
        self.packages(edges, project)
    }

    /// The lockfile with these edges, in which the projects begin at this number.
    fn packages(&self, edges: Vec<Vec<(usize, Scope)>>, project: usize) -> Lockfile {
        let npm = self.npm.iter().map(|entry| {
            let origin = entry.tarball.as_ref().map(|url| origin_of_url(&url.text));
            locked(entry, origin.unwrap_or(Origin::Registry))
        });
        let jsr = self.jsr.iter().map(|entry| locked(entry, Origin::Elsewhere));
        let projects = self.projects.iter().map(|entry| {
            package(entry.at.clone(), entry.key.clone(), None, Origin::Local, Scope::Runtime)
        });
        let mut made: Vec<LockedPackage> = npm.chain(jsr).chain(projects).collect();
        let roots: Vec<usize> = (project..made.len()).collect();
        for (package, scope) in made.iter_mut().zip(scopes(&edges, &roots)) {
            package.scope = scope.unwrap_or_default();
        }
        let targets = edges.into_iter().map(|edges| edges.into_iter().map(|(to, _)| to).collect());
        lockfile(made.into_iter().map(Some).collect(), targets.collect())
    }
}

fn locked(entry: &Entry<'_>, origin: Origin) -> LockedPackage {
    let (name, version) = split_text(&entry.key);
    // Peers follow after an underscore.
    let end = version.text.find('_').unwrap_or(version.text.len());
    package(entry.at.clone(), name, Some(version.part(0..end)), origin, Scope::Runtime)
}

#[cfg(test)]
mod tests {
    use super::{super::javascript::shown, *};

    const FIFTH: &str = r#"{
  "version": "5",
  "specifiers": {
    "jsr:@s/j@1": "1.2.0",
    "npm:@s/b@^2": "2.0.0_a@1.0.0",
    "npm:a@*": "1.0.0",
    "npm:c@1": "1.0.0",
    "npm:c@2": "2.0.0",
    "npm:inline@^1": "1.0.0"
  },
  "jsr": { "@s/j@1.2.0": { "integrity": "00", "dependencies": ["npm:@s/b", "npm:c@1"] } },
  "npm": {
    "@s/b@2.0.0_a@1.0.0": { "integrity": "sha512-00", "dependencies": ["a", "alias@npm:c@2.0.0"] },
    "a@1.0.0": { "integrity": "sha512-00", "optionalDependencies": ["d"] },
    "c@1.0.0": { "integrity": "sha512-00", "tarball": "https://npm.example.org/c.tgz" },
    "c@2.0.0": { "integrity": "sha512-00" },
    "d@1.0.0": { "integrity": "sha512-00", "os": ["darwin"] },
    "inline@1.0.0": { "integrity": "sha512-00" },
    "n@next": {}
  },
  "remote": { "https://example.org/a.ts": "00" },
  "workspace": {
    "dependencies": ["jsr:@s/j@1"],
    "members": { "m/a": { "packageJson": { "dependencies": ["npm:c@2"] } } }
  }
}"#;

    #[test]
    fn specifiers_lead_to_packages_of_npm_and_of_jsr() {
        assert_eq!(
            shown(FIFTH, read),
            [
                "@s/b@2.0.0 Registry Runtime a@1.0.0 c@2.0.0",
                "a@1.0.0 Registry Runtime d@1.0.0",
                "c@1.0.0 Elsewhere Runtime",
                "c@2.0.0 Registry Runtime",
                "d@1.0.0 Registry Optional",
                "inline@1.0.0 Registry Runtime",
                "@s/j@1.2.0 Elsewhere Runtime @s/b@2.0.0 c@1.0.0",
                ".@ Local Runtime a@1.0.0 inline@1.0.0 @s/j@1.2.0",
                "m/a@ Local Runtime c@2.0.0",
            ]
        );
        assert_eq!(read(FIFTH).unwrap().left_out.len(), 1);
    }

    #[test]
    fn older_versions_name_the_packages_that_they_lead_to() {
        let third = r#"{ "version": "3", "packages": {
            "specifiers": { "npm:a": "npm:a@1.0.0", "jsr:@s/j": "jsr:@s/j@1.0.0" },
            "jsr": { "@s/j@1.0.0": { "dependencies": ["npm:a"] } },
            "npm": { "a@1.0.0": { "dependencies": { "x": "b@1.0.0_a@1.0.0" } },
                     "b@1.0.0_a@1.0.0": { "dependencies": {} } } }, "remote": {} }"#;
        assert_eq!(
            shown(third, read),
            [
                "a@1.0.0 Registry Runtime b@1.0.0",
                "b@1.0.0 Registry Runtime",
                "@s/j@1.0.0 Elsewhere Runtime a@1.0.0",
                ".@ Local Runtime @s/j@1.0.0",
            ]
        );
        let second = r#"{ "version": "2", "remote": {}, "npm": {
            "specifiers": { "3d@1": "3d@1.0.0" },
            "packages": { "3d@1.0.0": { "integrity": "sha512-00", "dependencies": {} } } } }"#;
        let expected = ["3d@1.0.0 Registry Runtime", ".@ Local Runtime 3d@1.0.0"];
        assert_eq!(shown(second, read), expected);
    }

    #[test]
    fn faults_are_named_with_their_byte() {
        let fault = |text: &str| read(text).unwrap_err().at;
        assert_eq!(fault(r#"{"version": "6"}"#), 13);
        assert_eq!(fault(r#"{"https://example.org/a.ts": "00"}"#), 0);
        assert_eq!(fault(r#"{"version": "5", "npm": {"a@1.0.0": 1}}"#), 36);
        let nested =
            r#"{"version": "3", "packages": "#.to_owned() + &r#"{"packages": "#.repeat(10_000);
        assert!(read(&nested).is_err());
    }
}
