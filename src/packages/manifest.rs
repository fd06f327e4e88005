//! Manifests: which packages a project itself asks for, and at which bytes.
//!
//! They say why a locked package is there, and where to change that. What stands in a program, as a `Gemfile` or
//! a `build.gradle`, is read where it is written plainly, and passed over where it is computed.

mod cargo;
mod code;
mod composer;
mod dotnet;
mod gemfile;
mod go;
mod gradle;
mod maven;
mod mix;
mod name;
mod npm;
mod pubspec;
mod python;
mod tables;

use std::ops::Range;

pub use name::name;

use super::{
    Ecosystem,
    lockfile::{Fault, Malformed, Scope},
};
use crate::{finding::RepoPath, sources::SourceFile};

/// One format of manifest.
pub struct Format {
    /// Its name, as its users call the file.
    pub name: &'static str,
    /// Whether a file of this path is one.
    pub is_one: fn(&RepoPath) -> bool,
    /// Reads its text.
    pub read: fn(&str) -> Result<Manifest, Fault>,
}

/// All formats; a path belongs to the first one that takes it.
pub const FORMATS: &[Format] = &[
    Format {
        name: "Cargo.toml",
        is_one: |path| path.file_name() == "Cargo.toml",
        read: cargo::read,
    },
    Format {
        name: "package.json",
        is_one: |path| path.file_name() == "package.json",
        read: npm::read,
    },
    Format {
        name: "pyproject.toml",
        is_one: |path| path.file_name() == "pyproject.toml",
        read: python::read_project,
    },
    Format {
        name: "Pipfile",
        is_one: |path| path.file_name() == "Pipfile",
        read: python::read_pipfile,
    },
    Format {
        name: "requirements.in",
        is_one: python::is_requirements,
        read: python::read_requirements,
    },
    Format { name: "go.mod", is_one: |path| path.file_name() == "go.mod", read: go::read },
    Format {
        name: "Gemfile",
        is_one: |path| matches!(path.file_name(), "Gemfile" | "gems.rb"),
        read: |text| Ok(gemfile::read(text)),
    },
    Format {
        name: "composer.json",
        is_one: |path| path.file_name() == "composer.json",
        read: composer::read,
    },
    Format { name: "project of .NET", is_one: dotnet::is_one, read: dotnet::read },
    Format { name: "pom.xml", is_one: |path| path.file_name() == "pom.xml", read: maven::read },
    Format {
        name: "build.gradle",
        is_one: |path| matches!(path.file_name(), "build.gradle" | "build.gradle.kts"),
        read: |text| Ok(gradle::read(text)),
    },
    Format {
        name: "mix.exs",
        is_one: |path| path.file_name() == "mix.exs",
        read: |text| Ok(mix::read(text)),
    },
    Format {
        name: "pubspec.yaml",
        is_one: |path| path.file_name() == "pubspec.yaml",
        read: pubspec::read,
    },
];

/// The format of a manifest of this path.
pub fn manifest_of(path: &RepoPath) -> Option<&'static Format> {
    FORMATS.iter().find(|format| (format.is_one)(path))
}

/// Reads a file by the format that its path tells.
pub fn read(file: &SourceFile) -> Result<Manifest, Malformed> {
    let fail = |at: usize, reason: String| Malformed { line: file.line_of(at), reason };
    let format = manifest_of(file.path()).ok_or_else(|| fail(0, "no known format".to_owned()))?;
    let text = std::str::from_utf8(file.bytes())
        .map_err(|error| fail(error.valid_up_to(), "not UTF-8".to_owned()))?;
    (format.read)(text).map_err(|fault| fail(fault.at, fault.reason))
}

/// What a manifest asks for.
#[derive(Debug)]
pub struct Manifest {
    /// Where the packages come from.
    pub ecosystem: Ecosystem,
    /// The packages in the order of the file.
    pub dependencies: Vec<Declared>,
}

/// A package that a project asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its name in the registry, which may differ from the one that the project gives it.
    pub name: String,
    /// Which versions will do, in the words of the ecosystem; a URL, where that stands in their place; or empty.
    pub requirement: String,
    /// What it is asked for.
    pub scope: Scope,
    /// Bytes of the whole entry.
    pub at: Range<usize>,
    /// Bytes of the name.
    pub name_at: Range<usize>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A small manifest of each format.
    const SAMPLES: &[(&str, &str)] = &[
        (
            "Cargo.toml",
            "[dependencies]\na = { version = \"1\", package = \"b\" }\n[target.'cfg(x)'.dependencies.c]\npath = \"d\"\n",
        ),
        ("package.json", "{\"dependencies\": {\"a\": \"npm:@b/c@^1\"}, \"peerDependencies\": {}}"),
        (
            "pyproject.toml",
            "[project]\ndependencies = [\"a[é]>=1; m\"]\n[tool.poetry.group.x.dependencies]\nb = [{version = \"1\"}]\n",
        ),
        ("Pipfile", "[packages]\n\"a\" = {version = \"*\"}\n"),
        ("requirements.in", "a>=1 \\\n  # é\n-r b.in\nb @ https://x\n"),
        (
            "go.mod",
            "module a\nrequire (\n\tb.c/d v1.0.0 // indirect\n\t\"e\" v1\n)\nrequire f v2\n",
        ),
        ("Gemfile", "group :test do\n  gem 'a', '~> 1',\n    group: [:b]\nend\ngem(\"é\")\n"),
        ("composer.json", "{\"require\": {\"a/b\": \"^1\", \"php\": \">8\"}}"),
        (
            "a.csproj",
            "<Project><PackageReference Include=\"a\" Version='1'><Version>é</Version></PackageReference></Project>",
        ),
        (
            "pom.xml",
            "<project><dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId>\
             <version>1</version></dependency></dependencies></project>",
        ),
        (
            "build.gradle",
            "testImplementation(\"a:b:1\")\nruntimeOnly group: 'c', name: 'd', version: 'é'\n",
        ),
        ("mix.exs", "defp deps do\n [{:a, \"~> 1\", only: [:test]}, {:b, git: \"é\"}]\nend\n"),
        ("pubspec.yaml", "dependencies:\n  a: ^1\n  b:\n    hosted: é\n    version: 1\n  c:\n"),
    ];

    #[test]
    fn there_is_a_sample_of_each_format_and_it_can_be_read() {
        assert_eq!(SAMPLES.len(), FORMATS.len());
        for ((path, sample), format) in SAMPLES.iter().zip(FORMATS) {
            let found = manifest_of(&RepoPath::new(path)).unwrap();
            assert_eq!(found.name, format.name);
            let file = SourceFile::new(RepoPath::new(path), sample.as_bytes().to_vec());
            assert!(!read(&file).unwrap().dependencies.is_empty(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_damaged_manifest_is_read_or_refused(
            which in 0..SAMPLES.len(),
            at in any::<prop::sample::Index>(),
            length in 0_usize..12,
            put in "[\\[\\]{}<>()=\"'#@,;:/\\\\. \\n\\ra-c0-9\u{e9}-]{0,12}",
        ) {
            let (path, sample) = SAMPLES[which];
            let mut bytes = sample.as_bytes().to_vec();
            let start = at.index(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, put.bytes());
            let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
            let format = manifest_of(&RepoPath::new(path)).unwrap();
            match (format.read)(&text) {
                Ok(read) => for declared in &read.dependencies {
                    prop_assert!(text.get(declared.at.clone()).is_some());
                    prop_assert!(text.get(declared.name_at.clone()).is_some());
                    prop_assert!(declared.at.start <= declared.name_at.start);
                    prop_assert!(declared.name_at.end <= declared.at.end);
                    prop_assert!(!declared.name.is_empty());
                },
                Err(fault) => prop_assert!(fault.at <= text.len()),
            }
        }
    }
}
