//! `package-lock.json`, versions 1 to 3, `npm-shrinkwrap.json` of the same versions and the older one without,
//! and `node_modules/.package-lock.json`.
//!
//! Versions 2 and 3 list `packages` by their folder; version 1, and for its sake version 2, nests `dependencies`
//! within each other as the folders are. A requirement is met by the nearest `node_modules` upwards that holds
//! the name, as Node.js resolves it.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use super::{
    Fault, LockedPackage, Lockfile, Origin, Provenance, Scope,
    javascript::{alias, commit_of, lockfile, origin_of_path, origin_of_url, package, unnamed},
    json::{Dialect, Kind, Reader, Text},
    modules::{Folders, Modules, ROOT, start_of_name},
};

/// The versions of the format that are known.
const VERSIONS: &[&str] = &["1", "2", "3"];
const MODULES: &str = "node_modules";

/// Reads a lockfile of npm.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let mut file = File::default();
    Reader::read(text, Dialect::Plain, |reader, key| file.take(reader, &key))?;
    if !file.is_lockfile {
        return Err(Fault::new(0, "no version of the format"));
    }
    if file.listed.is_empty() { Ok(from_nested(&file.nested)) } else { from_listed(&file) }
}

/// What stands at the top.
struct File<'a> {
    is_lockfile: bool,
    /// The entries of `packages`.
    listed: Vec<Entry<'a>>,
    /// The project, and the entries of `dependencies`, each before those within it.
    nested: Vec<Entry<'a>>,
}

/// One entry as it is written.
#[derive(Default)]
struct Entry<'a> {
    /// The folder, or in nested files the name.
    key: Text<'a>,
    at: Range<usize>,
    name: Option<Text<'a>>,
    version: Option<Text<'a>>,
    resolved: Option<Text<'a>>,
    is_link: bool,
    has_checksum: bool,
    runs_script: bool,
    scope: Scope,
    requirements: Vec<Cow<'a, str>>,
    /// In nested files the entry that this one stands in.
    around: usize,
}

impl<'a> Entry<'a> {
    fn package(
        &self,
        name: Text<'a>,
        version: Option<Text<'a>>,
        origin: Origin,
        address_at: Option<Range<usize>>,
    ) -> LockedPackage {
        let Self { has_checksum, runs_script, .. } = *self;
        LockedPackage {
            provenance: Provenance { address_at, has_checksum, runs_script },
            ..package(self.at.clone(), name, version, origin, self.scope)
        }
    }
}

impl Default for File<'_> {
    fn default() -> Self {
        Self { is_lockfile: false, listed: Vec::new(), nested: vec![Entry::default()] }
    }
}

impl<'a> File<'a> {
    fn take(&mut self, reader: &mut Reader<'a>, key: &Text<'a>) -> Result<(), Fault> {
        match &*key.text {
            "lockfileVersion" => {
                self.is_lockfile = true;
                check_version(reader)
            }
            "name" => {
                let project = &mut self.nested[ROOT];
                project.name = reader.text_or_pass()?;
                project.at = key.at.start.saturating_sub(1)..reader.at();
                Ok(())
            }
            "version" => {
                self.nested[ROOT].version = reader.text_or_pass()?;
                Ok(())
            }
            "packages" => {
                self.is_lockfile = true;
                entries(reader, &mut self.listed)
            }
            // They are for older npms only, where there are `packages`.
            "dependencies" if self.listed.is_empty() => {
                self.is_lockfile = true;
                entries(reader, &mut self.nested)
            }
            _ => Ok(()),
        }
    }
}

fn check_version(reader: &mut Reader<'_>) -> Result<(), Fault> {
    let version = reader.literal()?;
    if VERSIONS.contains(&&*version.text) {
        return Ok(());
    }
    Err(Fault::new(version.at.start, "a version of the format that is not known"))
}

fn entries<'a>(reader: &mut Reader<'a>, into: &mut Vec<Entry<'a>>) -> Result<(), Fault> {
    reader.entries(|reader, key| entry(reader, key, ROOT, into)).map(drop)
}

/// Reads an entry, and in nested files those within it.
fn entry<'a>(
    reader: &mut Reader<'a>,
    key: Text<'a>,
    around: usize,
    into: &mut Vec<Entry<'a>>,
) -> Result<(), Fault> {
    let index = into.len();
    let start = key.at.start.saturating_sub(1);
    into.push(Entry { key, around, ..Entry::default() });
    let at = reader.entries(|reader, key| {
        let entry = &mut into[index];
        match &*key.text {
            "name" => entry.name = reader.text_or_pass()?,
            "version" => entry.version = reader.text_or_pass()?,
            "resolved" => entry.resolved = reader.text_or_pass()?,
            "link" => entry.is_link = reader.is_true()?,
            // What a package brings along is in its archive, and so under its checksum.
            "bundled" | "inBundle" if reader.is_true()? => entry.has_checksum = true,
            "integrity" => entry.has_checksum |= reader.text_or_pass()?.is_some(),
            "hasInstallScript" => entry.runs_script = reader.is_true()?,
            "dev" if reader.is_true()? => entry.scope = Scope::Development,
            // Of `devOptional` it is the optional half that is shipped.
            "optional" | "devOptional" if reader.is_true()? && entry.scope == Scope::Runtime => {
                entry.scope = Scope::Optional;
            }
            "requires"
            | "dependencies"
            | "devDependencies"
            | "optionalDependencies"
            | "peerDependencies" => requirements(reader, index, into)?,
            _ => {}
        }
        Ok(())
    })?;
    into[index].at = start..at.end;
    Ok(())
}

/// Reads what an entry requires. In nested files `dependencies` are the entries within it instead.
fn requirements<'a>(
    reader: &mut Reader<'a>,
    of: usize,
    entries: &mut Vec<Entry<'a>>,
) -> Result<(), Fault> {
    if reader.kind() != Kind::Object {
        return Ok(());
    }
    let read = reader.entries(|reader, name| {
        if reader.kind() == Kind::Object {
            return entry(reader, name, of, entries);
        }
        entries[of].requirements.push(name.text);
        Ok(())
    });
    read.map(drop)
}

/// The lockfile of the entries of `packages`.
fn from_listed(file: &File<'_>) -> Result<Lockfile, Fault> {
    let entries = &file.listed;
    let mut folders = Folders::default();
    let numbers = entries.iter().map(|entry| folders.number(&entry.key.text, entry.at.start));
    let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
    let by_number: HashMap<usize, usize> =
        numbers.iter().enumerate().map(|(index, number)| (*number, index)).collect();
    let mut modules = HashMap::with_capacity(entries.len());
    let mut made = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let mut target = None;
        if let (true, Some(folder)) = (entry.is_link, &entry.resolved) {
            let number = folders.number(&folder.text, entry.at.start)?;
            target = by_number.get(&number).copied().filter(|target| *target != index);
        }
        if let Some((end, start)) = split_folder(&entry.key.text) {
            let folder = folders.number(&entry.key.text[..end], entry.at.start)?;
            modules.insert((folder, &entry.key.text[start..]), target.unwrap_or(index));
        }
        made.push(target.is_none().then(|| listed_package(entry, &file.nested[ROOT])));
    }
    let modules = folders.holding(modules);
    let edges = entries.iter().zip(&numbers).map(|(entry, folder)| {
        entry.requirements.iter().filter_map(|name| modules.find(*folder, name)).collect()
    });
    Ok(lockfile(made, edges.collect()))
}

/// Where the folder ends that holds the `node_modules`, and where the name in there begins.
fn split_folder(path: &str) -> Option<(usize, usize)> {
    let is_part = |at: &usize| {
        (*at == 0 || path[..*at].ends_with('/')) && path[at + MODULES.len()..].starts_with('/')
    };
    let at = path.rmatch_indices(MODULES).map(|(at, _)| at).find(is_part)?;
    Some((at, at + MODULES.len() + 1))
}

/// The package of an entry of `packages`. The key of the project itself is empty.
fn listed_package(entry: &Entry<'_>, project: &Entry<'_>) -> LockedPackage {
    let path = &entry.key.text;
    let module = split_folder(path).map(|(_, start)| start);
    let (mut name, mut version) = (entry.name.clone(), entry.version.clone());
    if path.is_empty() {
        name = name.or_else(|| project.name.clone()).or_else(|| Some(unnamed(entry.at.start)));
        version = version.or_else(|| project.version.clone());
    }
    let origin = match &entry.resolved {
        _ if module.is_none() || entry.is_link => Origin::Local,
        Some(url) => origin_of_url(&url.text),
        // A package brings it along, or the addresses of the registry are left out as configured.
        None => Origin::Registry,
    };
    let start = module.unwrap_or_else(|| start_of_name(path));
    let name = name.unwrap_or_else(|| entry.key.part(start..path.len()));
    let address_at = entry.resolved.as_ref().map(|url| url.at.clone());
    entry.package(name, version, origin, address_at)
}

/// The lockfile of the project and the entries of `dependencies`.
///
/// What the project requires does not stand in such a file. It is what nothing else requires, for npm removes
/// whatever nothing requires; and where there are no requirements at all, a package is required by the one around it.
fn from_nested(entries: &[Entry<'_>]) -> Lockfile {
    let within = || entries.iter().enumerate().skip(1);
    let modules = Modules {
        entries: within().map(|(index, entry)| ((entry.around, &*entry.key.text), index)).collect(),
        around: entries.iter().enumerate().map(|(at, e)| (at > ROOT).then_some(e.around)).collect(),
    };
    let mut is_required = vec![false; entries.len()];
    let mut edges: Vec<Vec<usize>> = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let found = entry.requirements.iter().filter_map(|name| modules.find(index, name));
        edges.push(found.filter(|target| *target != index).collect());
        for target in edges.last().into_iter().flatten() {
            is_required[*target] = true;
        }
    }
    for (index, entry) in within().filter(|(index, _)| !is_required[*index]) {
        edges[entry.around].push(index);
    }
    let made = entries.iter().enumerate();
    lockfile(made.map(|(index, entry)| Some(nested_package(entry, index == ROOT))).collect(), edges)
}

/// The package of an entry of `dependencies`, whose version may be an address or an alias; or the project.
fn nested_package(entry: &Entry<'_>, is_project: bool) -> LockedPackage {
    let by_url = entry.resolved.as_ref().map_or(Origin::Registry, |url| origin_of_url(&url.text));
    let (name, version) = (entry.key.clone(), entry.version.clone());
    let source = version.as_ref().map_or("", |version| &version.text);
    let is_address = !is_project && source.contains(':') && !source.starts_with("npm:");
    let address = if is_address { version.as_ref() } else { entry.resolved.as_ref() };
    let address_at = address.map(|address| address.at.clone());
    let (name, version, origin) = if is_project {
        (entry.name.clone().unwrap_or_else(|| unnamed(0)), version, Origin::Local)
    } else if let Some((name, version)) = version.as_ref().and_then(alias) {
        (name, Some(version), by_url)
    } else if let Some(path) = source.strip_prefix("file:") {
        (name, None, origin_of_path(path))
    } else if source.contains([':', '/']) {
        (name, version.as_ref().and_then(commit_of), Origin::Elsewhere)
    } else {
        (name, version, by_url)
    };
    entry.package(name, version, origin, address_at)
}

#[cfg(test)]
mod tests {
    use super::{super::javascript::shown, *};

    const LISTED: &str = r#"{
  "name": "app",
  "version": "1.0.0",
  "lockfileVersion": 3,
  "packages": {
    "": { "name": "app", "version": "1.0.0", "dependencies": { "a": "1", "old": "npm:c@1" }, "devDependencies": { "t": "1" } },
    "node_modules/a": {
      "version": "1.0.0",
      "resolved": "https://npmjs.org/a/-/a-1.0.0.tgz",
      "dependencies": { "@s/b": "1", "c": "2" },
      "peerDependencies": { "not-there": "*" }
    },
    "node_modules/a/node_modules/@s/b": { "version": "1.1.0", "inBundle": true, "dependencies": { "c": "2" } },
    "node_modules/a/node_modules/c": { "version": "2.0.0" },
    "node_modules/old": { "name": "c", "version": "1.0.0", "optional": true },
    "node_modules/t": {
      "version": "0.1.0", "dev": true,
      "resolved": "git+ssh://git@example.org/t.git#0123456789abcdef", "dependencies": { "c": "1", "w": "*" }
    },
    "node_modules/w": { "resolved": "packages/@s/w", "link": true },
    "packages/@s/w": { "dependencies": { "c": "2", "a": "1" } },
    "packages/@s/w/node_modules/c": { "version": "2.1.0", "devOptional": true },
    "node_modules/beside": { "resolved": "../beside", "link": true },
    "../beside": { "name": "real", "dependencies": { "a": "1" } },
    "node_modules/private": { "version": "1.0.0", "resolved": "https://npm.example.org/private.tgz" },
    "node_modules/empty": {}
  },
  "dependencies": { "a": { "version": "9.9.9" } }
}"#;

    #[test]
    fn listed_packages_find_their_modules_as_node_does() {
        assert_eq!(
            shown(LISTED, read),
            [
                "app@1.0.0 Local Runtime a@1.0.0 c@1.0.0 t@0.1.0",
                "a@1.0.0 Registry Runtime @s/b@1.1.0 c@2.0.0",
                "@s/b@1.1.0 Registry Runtime c@2.0.0",
                "c@2.0.0 Registry Runtime",
                "c@1.0.0 Registry Optional",
                "t@0.1.0 Elsewhere Development @s/w@",
                "@s/w@ Local Runtime a@1.0.0 c@2.1.0",
                "c@2.1.0 Registry Optional",
                "real@ Local Runtime",
                "private@1.0.0 Elsewhere Runtime",
            ]
        );
    }

    #[test]
    fn a_package_without_version_is_left_out_with_its_place() {
        let left_out = read(LISTED).unwrap().left_out;
        assert_eq!(left_out.len(), 1);
        assert!(LISTED[left_out[0].at..].starts_with("\"node_modules/empty\""));
    }

    #[test]
    fn the_entry_of_a_package_reaches_from_its_key_to_its_end() {
        let read = read(LISTED).unwrap();
        let entry = &LISTED[read.packages[3].at.clone()];
        assert_eq!(entry, "\"node_modules/a/node_modules/c\": { \"version\": \"2.0.0\" }");
    }

    const NESTED: &str = r#"{
  "name": "app", "version": "1.0.0", "lockfileVersion": 1, "requires": true,
  "dependencies": {
    "a": {
      "version": "1.0.0", "resolved": "https://npmjs.org/a/-/a-1.0.0.tgz",
      "requires": { "b": "^2.0.0", "c": "^1.0.0" },
      "dependencies": { "b": { "version": "2.0.0", "bundled": true, "requires": { "c": "1" } } }
    },
    "b": { "version": "1.0.0", "dev": true, "optional": true },
    "c": { "version": "npm:@r/c@1.0.0", "optional": true },
    "g": { "version": "git+https://word@example.org/g.git#0123abc", "from": "g", "requires": { "b": "1" } },
    "t": { "version": "https://example.org/t.tgz" },
    "l": { "version": "file:../l", "requires": { "c": "1" } },
    "z": { "version": "file:z.tgz" },
    "n": {}
  }
}"#;

    #[test]
    fn nested_packages_find_their_modules_and_the_project_requires_the_rest() {
        assert_eq!(
            shown(NESTED, read),
            [
                "app@1.0.0 Local Runtime a@1.0.0 g@0123abc t@ l@ z@",
                "a@1.0.0 Registry Runtime b@2.0.0 @r/c@1.0.0",
                "b@2.0.0 Registry Runtime @r/c@1.0.0",
                "b@1.0.0 Registry Development",
                "@r/c@1.0.0 Registry Optional",
                "g@0123abc Elsewhere Runtime b@1.0.0",
                "t@ Elsewhere Runtime",
                "l@ Local Runtime @r/c@1.0.0",
                "z@ Elsewhere Runtime",
            ]
        );
        assert_eq!(read(NESTED).unwrap().left_out.len(), 1);
    }

    #[test]
    fn a_file_that_tells_no_requirements_shows_who_is_around_whom() {
        let text = r#"{ "dependencies": { "a": { "version": "1.0.0", "from": "a@*", "dependencies": {
            "b": { "version": "1.0.0" } } } } }"#;
        let read = read(text).unwrap();
        let way: Vec<_> = read.way_to(2).iter().map(|package| package.name.as_str()).collect();
        assert_eq!(way, [".", "a", "b"]);
    }

    #[test]
    fn faults_are_named_with_their_byte() {
        let fault = |text: &str| read(text).unwrap_err().at;
        assert_eq!(fault("{}"), 0);
        assert_eq!(fault(r#"{"lockfileVersion": 4}"#), 20);
        assert_eq!(fault(r#"{"lockfileVersion": "3"}"#), 20);
        assert_eq!(fault(r#"{"packages": []}"#), 13);
        assert_eq!(fault(r#"{"packages": {"": 1}}"#), 18);
        assert_eq!(fault("{\n<<<<<<< HEAD\n"), 2);
    }

    #[test]
    fn hostile_depths_are_refused() {
        let path = "node_modules/a/".repeat(200);
        assert!(read(&format!(r#"{{"packages": {{"{path}": {{}}}}}}"#)).is_err());
        let nested = r#"{"dependencies": {"a": "#.repeat(10_000);
        assert!(read(&nested).is_err());
    }
}
