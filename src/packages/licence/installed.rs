//! What the files of a package say of its licence, where they lie on this machine: unpacked by a package manager
//! into the project, or into its cache.

mod cargo;
mod gems;
mod go;
mod npm;
mod python;

use super::{Licence, text};
use crate::packages::{
    Ecosystem,
    local::{Caches, Folder},
    lockfile::Lockfile,
};

/// What is known of a package from its own files.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The file that says it; the folders of caches are shown by the names of their variables.
    pub file: String,
    /// What it says.
    pub licence: Licence,
}

impl Found {
    fn new(file: impl Into<String>, licence: Licence) -> Self {
        Self { file: file.into(), licence }
    }
}

/// Where the packages of one lockfile are looked for.
pub struct Installed(Place);

/// By what installs them.
enum Place {
    Cargo(cargo::Crates),
    Npm(npm::Modules),
    Python(python::Distributions),
    Go(go::Modules),
    Gems(gems::Gems),
    /// Nothing here knows where such packages lie.
    Unknown,
}

impl Installed {
    /// The packages that may be used by a lockfile in `folder`, a path from the root of the audited folder.
    pub fn new(lockfile: &Lockfile, caches: &Caches, folder: &str) -> Self {
        let project = caches.project.as_deref().and_then(Folder::open);
        let beside = match folder {
            "" => project,
            folder => project.and_then(|project| project.inside(folder)),
        };
        Self(match lockfile.ecosystem {
            Ecosystem::CratesIo => Place::Cargo(cargo::Crates::new(caches, beside)),
            Ecosystem::Npm => Place::Npm(npm::Modules::new(lockfile, beside)),
            Ecosystem::PyPi => Place::Python(python::Distributions::new(caches, beside.as_ref())),
            Ecosystem::Go => Place::Go(go::Modules::new(caches, beside)),
            Ecosystem::RubyGems => Place::Gems(gems::Gems::new(caches, beside)),
            _ => Place::Unknown,
        })
    }

    /// What the files of a package of the same lockfile say; `None` if there are none.
    pub fn find(&self, lockfile: &Lockfile, index: usize) -> Option<Found> {
        let package = &lockfile.packages[index];
        match &self.0 {
            Place::Cargo(crates) => crates.find(package),
            Place::Npm(modules) => modules.find(lockfile, index),
            Place::Python(distributions) => distributions.find(package),
            Place::Go(modules) => modules.find(package),
            Place::Gems(gems) => gems.find(package),
            Place::Unknown => None,
        }
    }

    /// What to do so that files are found; `None` if nothing here knows where they would lie.
    pub const fn how_to_have(&self) -> Option<&'static str> {
        match self.0 {
            Place::Cargo(_) => Some("run `cargo fetch`"),
            Place::Npm(_) => Some("run `npm ci --ignore-scripts`"),
            Place::Python(_) => Some("install them into `.venv`"),
            Place::Go(_) => Some("run `go mod download`"),
            Place::Gems(_) => Some("install them into `vendor/bundle`"),
            Place::Unknown => None,
        }
    }
}

/// What a licence text is: one of the standard ones, or unclear.
fn of_text(file: &str, content: &str) -> Licence {
    match text::recognise(content) {
        Some(id) => Licence::read(id),
        None => Licence::Unclear(format!("its `{file}` is none of the standard texts")),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::packages::lockfile;

    /// Writes files below a folder.
    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    /// What is found for each package that is not the project's own.
    fn shown(format: &str, text: &str, caches: &Caches) -> Vec<String> {
        let format = lockfile::format_named(format).unwrap();
        let lockfile = (format.read)(text).unwrap();
        let installed = Installed::new(&lockfile, caches, "");
        let packages = lockfile.packages.iter().enumerate();
        let foreign = packages.filter(|(_, package)| package.origin != lockfile::Origin::Local);
        let found = foreign.map(|(at, package)| match installed.find(&lockfile, at) {
            Some(found) => format!("{} {}: {:?}", package.name, found.file, found.licence),
            None => format!("{}: nothing", package.name),
        });
        found.collect()
    }

    fn project(folder: &Path) -> Caches {
        Caches { project: Some(folder.to_path_buf()), ..Caches::default() }
    }

    #[test]
    fn crates_are_found_in_the_vendor_folder_and_in_the_home_of_cargo() {
        let (tree, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let manifest = |name: &str, licence: &str| {
            format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\n{licence}\n")
        };
        write(
            home.path(),
            &[
                (
                    "registry/src/github.com-1ecc6299db9ec823/a-1.0.0/Cargo.toml",
                    &manifest("a", "license = \"MIT/Apache-2.0\""),
                ),
                (
                    "registry/src/github.com-1ecc6299db9ec823/b-1.0.0/Cargo.toml",
                    &manifest("b", "license-file = \"LICENSE\""),
                ),
                (
                    "registry/src/github.com-1ecc6299db9ec823/c-1.0.1/Cargo.toml",
                    &manifest("c", "license = \"MIT\""),
                ),
            ],
        );
        write(tree.path(), &[("vendor/d/Cargo.toml", &manifest("d", "license = \"ISC\""))]);
        let caches = Caches { cargo_home: Some(home.path().to_path_buf()), ..project(tree.path()) };
        let entry = |name: &str| {
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \
                 \"registry+https://github.com/rust-lang/crates.io-index\"\n\n"
            )
        };
        let lock = ["a", "b", "c", "d", "../a"].map(entry).concat();
        assert_eq!(
            shown("Cargo.lock", &format!("version = 4\n\n{lock}"), &caches),
            [
                "a $CARGO_HOME/registry/src/…/a-1.0.0/Cargo.toml: Expression(`MIT OR Apache-2.0`)",
                "b $CARGO_HOME/registry/src/…/b-1.0.0/Cargo.toml: Unclear(\"it names no licence but its `LICENSE`\")",
                "c: nothing",
                "d vendor/d/Cargo.toml: Expression(`ISC`)",
                "../a: nothing",
            ]
        );
    }

    #[test]
    fn modules_of_node_are_found_where_node_would_find_them() {
        let tree = tempfile::tempdir().unwrap();
        let file = |version: &str, licence: &str| {
            format!("{{\"version\": \"{version}\", \"license\": {licence}, \"other\": [1]}}")
        };
        write(
            tree.path(),
            &[
                ("node_modules/a/package.json", &file("1.0.0", "\"MIT\"")),
                ("node_modules/@s/b/package.json", &file("2.0.0", "{\"type\": \"ISC\"}")),
                ("node_modules/a/node_modules/@s/b/package.json", &file("1.0.0", "\"Zlib\"")),
                (
                    "node_modules/.pnpm/@s+c@1.0.0_a@1.0.0/node_modules/@s/c/package.json",
                    &file("1.0.0", "\"0BSD\""),
                ),
                ("node_modules/d/package.json", "{\"version\": \"1.0.0\"}"),
            ],
        );
        let lock = "# yarn lockfile v1\n\n\
            \"@s/b@1\":\n  version \"1.0.0\"\n\n\"@s/b@2\":\n  version \"2.0.0\"\n\n\"@s/c@1\":\n  version \"1.0.0\"\n\n\
            a@1:\n  version \"1.0.0\"\n  dependencies:\n    \"@s/b\" \"1\"\n\nd@1:\n  version \"1.0.0\"\n\n\
            e@1:\n  version \"1.0.0\"\n";
        assert_eq!(
            shown("yarn.lock", lock, &project(tree.path())),
            [
                "@s/b node_modules/a/node_modules/@s/b/package.json: Expression(`Zlib`)",
                "@s/b node_modules/@s/b/package.json: Expression(`ISC`)",
                "@s/c node_modules/.pnpm/@s+c@1.0.0_a@1.0.0/node_modules/@s/c/package.json: Expression(`0BSD`)",
                "a node_modules/a/package.json: Expression(`MIT`)",
                "d node_modules/d/package.json: Unclear(\"it states none\")",
                "e: nothing",
            ]
        );
    }

    #[test]
    fn distributions_of_python_are_found_in_virtual_environments() {
        let (tree, active) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let packages = ".venv/lib/python3.12/site-packages";
        write(
            tree.path(),
            &[
                (
                    &format!("{packages}/A_a-1.0.dist-info/METADATA"),
                    "Name: a-a\nLicense-Expression: MIT\nLicense: x\n",
                ),
                (
                    &format!("{packages}/b-1.0.dist-info/METADATA"),
                    "Name: b\nLicense: Apache License 2.0\n\nLicense: BSD\n",
                ),
                (
                    &format!("{packages}/c-1.0.dist-info/METADATA"),
                    "License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License\nClassifier: Natural :: X\n",
                ),
            ],
        );
        write(
            active.path(),
            &[(
                "lib/python3.12/site-packages/d-1.0.dist-info/METADATA",
                "License: see\n  the file\nClassifier: License :: OSI Approved :: BSD License\n",
            )],
        );
        let caches = Caches {
            virtual_environment: Some(active.path().to_path_buf()),
            ..project(tree.path())
        };
        assert_eq!(
            shown("requirements.txt", "A.a==1.0\nb==1.0\nc==1.0\nd==1.0\na-a==2.0\n", &caches),
            [
                "A.a .venv/lib/python3.12/site-packages/A_a-1.0.dist-info/METADATA: Expression(`MIT`)",
                "b .venv/lib/python3.12/site-packages/b-1.0.dist-info/METADATA: Expression(`Apache-2.0`)",
                "c .venv/lib/python3.12/site-packages/c-1.0.dist-info/METADATA: Expression(`MIT`)",
                "d $VIRTUAL_ENV/lib/python3.12/site-packages/d-1.0.dist-info/METADATA: Unclear(\"it says `see the file, BSD License`\")",
                "a-a: nothing",
            ]
        );
    }

    #[test]
    fn modules_of_go_are_told_by_their_licence_text() {
        let cache = tempfile::tempdir().unwrap();
        write(
            cache.path(),
            &[
                ("example.org/!own/a@v1.0.0/LICENSE", "Anyone may use this.\n"),
                ("example.org/b@v1.0.0/README.md", "none"),
            ],
        );
        let caches = Caches { go_modules: Some(cache.path().to_path_buf()), ..Caches::default() };
        let lock = "module m\n\ngo 1.22\n\nrequire (\n\texample.org/Own/a v1.0.0\n\texample.org/b v1.0.0\n\
                    \texample.org/c v1.0.0\n)\n";
        assert_eq!(
            shown("go.mod", lock, &caches),
            [
                "example.org/Own/a $GOMODCACHE/example.org/!own/a@v1.0.0/LICENSE: \
                 Unclear(\"its `LICENSE` is none of the standard texts\")",
                "example.org/b $GOMODCACHE/example.org/b@v1.0.0: Unclear(\"it has no file of the name LICENSE\")",
                "example.org/c: nothing",
                "stdlib the Go project: Expression(`BSD-3-Clause`)",
            ]
        );
    }

    #[test]
    fn gems_are_told_by_their_specifications() {
        let home = tempfile::tempdir().unwrap();
        write(
            home.path(),
            &[(
                "specifications/rack-2.0.0.gemspec",
                "Gem::Specification.new do |s|\n  s.name = \"rack\".freeze\n  s.licenses = [\"MIT\".freeze, \"Ruby\".freeze]\nend\n",
            )],
        );
        let caches = Caches { gem_home: Some(home.path().to_path_buf()), ..Caches::default() };
        let lock = "GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (2.0.0)\n    rake (1.0)\n\nDEPENDENCIES\n  rack\n";
        assert_eq!(
            shown("Gemfile.lock", lock, &caches),
            [
                "rack $GEM_HOME/specifications/rack-2.0.0.gemspec: Expression(`(MIT) AND (Ruby)`)",
                "rake: nothing",
            ]
        );
    }
}
