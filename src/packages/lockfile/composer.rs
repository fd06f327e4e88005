//! `composer.lock` of PHP.
//!
//! The file does not tell what the project itself requires. As it holds only what is needed, that is at least
//! what no package requires.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use super::{
    Fault, LockedPackage, Lockfile, Origin, Scope,
    entry::{filled, json_entry, keys, link, project, unrequired},
    json::{Dialect, Kind, Reader, Text},
};
use crate::packages::Ecosystem;

/// Where installations are counted: what every package of a public registry names. The second is Drupal's,
/// which advisories speak of as well.
const REGISTRIES: &[&str] = &["https://packagist.org/", "https://packages.drupal.org/"];

/// Reads a `composer.lock`.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let mut list = List::default();
    let mut heading = None;
    Reader::read(text, Dialect::Plain, |reader, key| match &*key.text {
        "packages" => {
            heading = Some(key.at);
            list.read(reader, Scope::Runtime)
        }
        "packages-dev" => list.read(reader, Scope::Development),
        _ => Ok(()),
    })?;
    let heading = heading.ok_or_else(|| Fault::new(0, "no `packages`"))?;
    let List { mut packages, requirements, others } = list;
    let by_name: HashMap<String, usize> =
        packages.iter().enumerate().map(|(at, package)| (package.name.clone(), at)).collect();
    link(&mut packages, &requirements, |name| {
        let name = name.to_ascii_lowercase();
        by_name.get(&name).or_else(|| others.get(&name)).copied()
    });
    let roots = unrequired(&packages);
    packages.push(project("composer.json", heading, roots));
    Ok(Lockfile::new(Ecosystem::Packagist, packages))
}

/// The packages so far.
#[derive(Default)]
struct List<'a> {
    packages: Vec<LockedPackage>,
    requirements: Vec<Vec<Cow<'a, str>>>,
    /// The packages by what they replace and provide.
    others: HashMap<String, usize>,
}

/// What a package says of itself.
#[derive(Default)]
struct Package<'a> {
    name: Option<Text<'a>>,
    version: Option<Text<'a>>,
    counted_at: Option<Text<'a>>,
    is_folder: bool,
    /// Addresses of its repository and of its archive.
    addresses: [Option<Range<usize>>; 2],
    requires: Vec<Cow<'a, str>>,
    /// What it replaces and provides.
    others: Vec<Cow<'a, str>>,
}

impl<'a> List<'a> {
    fn read(&mut self, reader: &mut Reader<'a>, scope: Scope) -> Result<(), Fault> {
        // Old files have `null` where there is nothing for development.
        if scope == Scope::Development && reader.kind() == Kind::Literal {
            return Ok(());
        }
        reader.elements(|reader| self.package(reader, scope)).map(drop)
    }

    fn package(&mut self, reader: &mut Reader<'a>, scope: Scope) -> Result<(), Fault> {
        let mut package = Package::default();
        let at = reader.entries(|reader, key| {
            match &*key.text {
                "name" => package.name = filled(reader)?,
                "version" => package.version = filled(reader)?,
                "notification-url" => package.counted_at = reader.text_or_pass()?,
                "source" => package.addresses[0] = fetched(reader)?.1,
                "dist" => (package.is_folder, package.addresses[1]) = fetched(reader)?,
                "require" => package.requires = keys(reader)?,
                "replace" | "provide" => package.others.extend(keys(reader)?),
                _ => {}
            }
            Ok(())
        })?;
        let (Some(name), Some(version)) = (&package.name, &package.version) else {
            return Err(Fault::new(at.start, "a package without a name or a version"));
        };
        let index = self.packages.len();
        let origin = package.origin(version);
        let mut locked = json_entry(at, name, version);
        locked.provenance.address_at = package.addresses.iter().flatten().next().cloned();
        let name = locked.name.to_ascii_lowercase();
        self.packages.push(LockedPackage { name, origin, scope, ..locked });
        for name in package.others {
            self.others.entry(name.to_ascii_lowercase()).or_insert(index);
        }
        self.requirements.push(package.requires);
        Ok(())
    }
}

impl Package<'_> {
    fn origin(&self, version: &Text<'_>) -> Origin {
        let is_public = self
            .counted_at
            .as_ref()
            .is_some_and(|url| REGISTRIES.iter().any(|registry| url.text.starts_with(registry)));
        // A branch is no version that advisories could name.
        let is_branch = version.text.starts_with("dev-");
        match () {
            () if self.is_folder => Origin::Local,
            () if is_public && !is_branch => Origin::Registry,
            () => Origin::Elsewhere,
        }
    }
}

/// Whether a `source` or a `dist` is a folder of the project, and where its address stands.
fn fetched(reader: &mut Reader<'_>) -> Result<(bool, Option<Range<usize>>), Fault> {
    let (mut is_folder, mut address_at) = (false, None);
    if reader.kind() == Kind::Object {
        reader.entries(|reader, key| {
            match &*key.text {
                "type" => {
                    is_folder = reader.text_or_pass()?.is_some_and(|kind| kind.text == "path");
                }
                "url" => address_at = reader.text_or_pass()?.map(|url| url.at),
                _ => {}
            }
            Ok(())
        })?;
    }
    Ok((is_folder, address_at))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOCK: &str = r#"{"packages": [
        {"name": "Symfony/Http", "version": "v6.1.0", "require": {"php": ">=8", "psr/log-implementation": "1"},
         "notification-url": "https://packagist.org/downloads/"},
        {"name": "mono\/log", "version": "2.0.0", "provide": {"psr/log-implementation": "1"},
         "notification-url": "https://packagist.org/downloads/"},
        {"name": "a/b", "version": "dev-main", "notification-url": "https://packagist.org/downloads/"},
        {"name": "a/own", "version": "1.0.0", "dist": {"type": "path", "url": "../own"}}
        ], "packages-dev": [{"name": "a/c", "version": "1.0", "require": {"a/b": "*"}}]}"#;

    #[test]
    fn packages_have_origin_scope_and_what_they_require() {
        let lockfile = read(LOCK).unwrap();
        let show = |package: &LockedPackage| {
            format!("{} {} {:?} {:?}", package.name, package.version, package.origin, package.scope)
        };
        let shown: Vec<_> = lockfile.packages.iter().map(show).collect();
        assert_eq!(
            shown,
            [
                "symfony/http v6.1.0 Registry Runtime",
                "mono/log 2.0.0 Registry Runtime",
                "a/b dev-main Elsewhere Runtime",
                "a/own 1.0.0 Local Runtime",
                "a/c 1.0 Elsewhere Development",
                "composer.json  Local Runtime",
            ]
        );
        let requires: Vec<_> = lockfile.packages.iter().map(|p| p.requires.as_slice()).collect();
        assert_eq!(requires, [&[1][..], &[], &[], &[], &[2], &[0, 3, 4]]);
        assert_eq!(&LOCK[lockfile.packages[0].version_at.clone()], "v6.1.0");
    }

    #[test]
    fn faults_are_named_with_their_byte() {
        assert_eq!(read("{\"packages\": [{\"name\": \"a\"}]}").unwrap_err().at, 14);
        assert_eq!(read("{}").unwrap_err().at, 0);
        assert_eq!(read("{\"packages\": [}").unwrap_err().at, 14);
    }

    proptest! {
        #[test]
        fn a_damaged_text_does_not_panic(at: prop::sample::Index, put in "[{}\\[\\]\":, aé]{0,6}") {
            let mut text = LOCK.to_owned();
            let at = at.index(text.len());
            text.replace_range(at..(at + 3).min(text.len()), &put);
            for package in read(&text).map(|lockfile| lockfile.packages).unwrap_or_default() {
                prop_assert!(text.get(package.at).is_some());
                prop_assert!(text.get(package.version_at).is_some());
            }
        }
    }
}
