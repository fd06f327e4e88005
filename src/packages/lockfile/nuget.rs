//! `packages.lock.json` of .NET: for each target framework a map of packages.
//!
//! A package that several frameworks use stands once for each, as in the file. The project is named by the
//! framework, which the file has a name for.

use std::{borrow::Cow, collections::HashMap};

use super::{
    Fault, LockedPackage, Lockfile, Origin,
    entry::{filled, json_entry, keys, link, project},
    json::{Dialect, Reader, Text},
};
use crate::packages::Ecosystem;

/// Reads a `packages.lock.json`.
pub fn read(text: &str) -> Result<Lockfile, Fault> {
    let mut found = Found::default();
    let mut has_list = false;
    Reader::read(text, Dialect::Plain, |reader, key| {
        if key.text == "dependencies" {
            has_list = true;
            reader.entries(|reader, framework| found.framework(reader, &framework))?;
        }
        Ok(())
    })?;
    if !has_list {
        return Err(Fault::new(0, "no `dependencies`"));
    }
    let mut lockfile = Lockfile::new(Ecosystem::NuGet, found.packages);
    lockfile.left_out = found.left_out;
    Ok(lockfile)
}

/// What all frameworks use.
#[derive(Default)]
struct Found {
    packages: Vec<LockedPackage>,
    left_out: Vec<Fault>,
}

/// What one framework uses.
#[derive(Default)]
struct Framework<'a> {
    by_name: HashMap<String, usize>,
    roots: Vec<usize>,
    requirements: Vec<Vec<Cow<'a, str>>>,
}

impl Found {
    fn framework<'a>(&mut self, reader: &mut Reader<'a>, name: &Text<'a>) -> Result<(), Fault> {
        let mut framework = Framework::default();
        let first = self.packages.len();
        reader.entries(|reader, key| self.package(reader, &key, &mut framework))?;
        link(&mut self.packages[first..], &framework.requirements, |name| {
            framework.by_name.get(&name.to_ascii_lowercase()).copied()
        });
        self.packages.push(project(&name.text, name.at.clone(), framework.roots));
        Ok(())
    }

    fn package<'a>(
        &mut self,
        reader: &mut Reader<'a>,
        name: &Text<'a>,
        framework: &mut Framework<'a>,
    ) -> Result<(), Fault> {
        let (mut kind, mut version, mut requires) = (None, None, Vec::new());
        let at = reader.entries(|reader, key| {
            match &*key.text {
                "type" => kind = reader.text_or_pass()?,
                "resolved" => version = filled(reader)?,
                "dependencies" => requires = keys(reader)?,
                _ => {}
            }
            Ok(())
        })?;
        let kind = kind.map(|kind| kind.text).unwrap_or_default();
        let at = name.at.start - 1..at.end;
        let package = match version {
            // Another project of the solution has no version.
            _ if kind == "Project" => {
                let nothing = Text { text: "".into(), at: name.at.end..name.at.end };
                LockedPackage { origin: Origin::Local, ..json_entry(at, name, &nothing) }
            }
            Some(version) => json_entry(at, name, &version),
            None => {
                self.left_out.push(Fault::new(at.start, "a package without a version"));
                return Ok(());
            }
        };
        let index = self.packages.len();
        if kind == "Direct" {
            framework.roots.push(index);
        }
        framework.by_name.insert(package.name.to_ascii_lowercase(), index);
        framework.requirements.push(requires);
        self.packages.push(package);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOCK: &str = r#"{"version": 2, "dependencies": {
        "net6.0": {
            "One": {"type": "Direct", "requested": "[1.0.0, )", "resolved": "1.0.0", "dependencies": {"TWO": "2.0.0"}},
            "Two": {"type": "CentralTransitive", "resolved": "2.0.0"},
            "own": {"type": "Project", "dependencies": {"Three": "[3.0.0, )"}},
            "Three": {"type": "Transitive", "resolved": "3.0.0-rc.1"},
            "Lost": {"type": "Transitive"}},
        "net6.0/win-x64": {"Two": {"type": "Direct", "resolved": "2.1.0"}}}}"#;

    #[test]
    fn each_framework_has_its_own_packages() {
        let lockfile = read(LOCK).unwrap();
        let shown: Vec<_> = (0..lockfile.packages.len())
            .map(|at| {
                let way = lockfile.way_to(at);
                way.iter()
                    .map(|p| format!("{} {}", p.name, p.version))
                    .collect::<Vec<_>>()
                    .join(" > ")
            })
            .collect();
        assert_eq!(
            shown,
            [
                "net6.0  > One 1.0.0",
                "net6.0  > One 1.0.0 > Two 2.0.0",
                "own ",
                "own  > Three 3.0.0-rc.1",
                "net6.0 ",
                "net6.0/win-x64  > Two 2.1.0",
                "net6.0/win-x64 ",
            ]
        );
        assert!(LOCK[lockfile.left_out[0].at..].starts_with("\"Lost\""));
        assert_eq!(&LOCK[lockfile.packages[3].version_at.clone()], "3.0.0-rc.1");
    }

    #[test]
    fn what_is_no_lockfile_is_refused() {
        assert!(read("").is_err() && read("{}").is_err() && read("{\"dependencies\"").is_err());
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
