//! Which manifests are of an application, whose builds should be the same every time, and what locks them.
//!
//! Libraries are passed over: whoever uses them has the lockfile that counts. Where a manifest can be read
//! either way, it is taken for a library.

use serde_json::Value;

use super::join;
use crate::{
    finding::RepoPath,
    sources::{SourceFile, Tree, toml::Document},
};

/// A manifest, its tree, and what is beside it.
pub(super) struct Candidate<'a> {
    pub(super) tree: &'a Tree,
    pub(super) file: &'a SourceFile,
}

/// Whether it is an application's, or why that can not be told.
type IsApplication = fn(&Candidate<'_>) -> Result<bool, &'static str>;

/// A kind of manifest.
pub(super) struct Manifest {
    pub(super) name: &'static str,
    /// Its lockfiles, the usual one first. One of them is enough.
    pub(super) locks: &'static [&'static str],
    pub(super) is_application: IsApplication,
}

/// The manifests that are known.
pub(super) const MANIFESTS: &[Manifest] = &[
    Manifest { name: "Cargo.toml", locks: &["Cargo.lock"], is_application: cargo },
    Manifest {
        name: "package.json",
        locks: &[
            "package-lock.json",
            "npm-shrinkwrap.json",
            "yarn.lock",
            "pnpm-lock.yaml",
            "bun.lock",
            "bun.lockb",
        ],
        is_application: npm,
    },
    Manifest {
        name: "pyproject.toml",
        locks: &["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"],
        is_application: python,
    },
    Manifest { name: "Pipfile", locks: &["Pipfile.lock"], is_application: pipenv },
    Manifest { name: "Gemfile", locks: &["Gemfile.lock"], is_application: bundler },
    Manifest { name: "composer.json", locks: &["composer.lock"], is_application: composer },
    Manifest { name: "go.mod", locks: &["go.sum"], is_application: go },
];

/// Folders of things that are not shipped, or not one's own.
const ASIDE: &[&str] = &[
    "__fixtures__",
    "__tests__",
    "example",
    "examples",
    "fixture",
    "fixtures",
    "node_modules",
    "sample",
    "samples",
    "template",
    "templates",
    "test",
    "testdata",
    "tests",
    "third_party",
    "vendor",
];

/// Whether the path leads through a folder of things that are not shipped, or not one's own.
pub(super) fn is_aside(path: &RepoPath) -> bool {
    path.folder().split('/').any(|part| ASIDE.iter().any(|aside| aside.eq_ignore_ascii_case(part)))
}

impl Candidate<'_> {
    fn toml(&self) -> Result<Document<'_>, &'static str> {
        Document::read(self.file.text()).map_err(|_| "could not be read as TOML")
    }

    fn json(&self) -> Result<Value, &'static str> {
        let text = self.file.text();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        serde_json::from_str(text).map_err(|_| "could not be read as JSON")
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        self.file.text().lines().map(str::trim)
    }

    /// Whether a file or a folder of this path is beside the manifest.
    fn has_beside(&self, name: &str) -> bool {
        let path = join(self.file.path().folder(), name);
        let entries = self.tree.entries();
        let at = entries.partition_point(|entry| entry.path.as_str() < path.as_str());
        entries.get(at).is_some_and(|entry| {
            let rest = entry.path.as_str().strip_prefix(path.as_str());
            rest.is_some_and(|rest| rest.is_empty() || path.ends_with('/'))
        })
    }

    /// Whether a file beside the manifest has this extension.
    fn has_extension_beside(&self, extension: &str) -> bool {
        let folder = self.file.path().folder();
        let mut entries = self.tree.entries().iter();
        entries.any(|entry| entry.path.folder() == folder && entry.path.extension() == extension)
    }
}

fn cargo(candidate: &Candidate<'_>) -> Result<bool, &'static str> {
    let document = candidate.toml()?;
    // Libraries have programs too, for their tests and as examples.
    let is_library = document.has(&["lib"]) || candidate.has_beside("src/lib.rs");
    let has_programs = document.has(&["bin"]) || candidate.has_beside("src/bin/");
    let is_binary = candidate.has_beside("src/main.rs") || (has_programs && !is_library);
    let requires = document.has(&["dependencies"])
        || document.has(&["build-dependencies"])
        || document.tables.iter().any(|table| {
            let name: Vec<&str> = table.name.iter().map(|part| &**part).collect();
            matches!(name.as_slice(), ["target", _, "dependencies", ..])
        });
    Ok(document.has(&["package"]) && is_binary && requires)
}

fn npm(candidate: &Candidate<'_>) -> Result<bool, &'static str> {
    let manifest = candidate.json()?;
    let has = |key: &str| manifest.get(key).is_some_and(|value| !is_empty(value));
    let is_private = manifest.get("private") == Some(&Value::Bool(true));
    let is_started = manifest.pointer("/scripts/start").is_some();
    // What packages have that are made for others, and that a new manifest does not have by itself.
    let published = [
        "bin",
        "exports",
        "files",
        "keywords",
        "module",
        "peerDependencies",
        "publishConfig",
        "types",
        "typings",
    ];
    let is_library = published.into_iter().any(has);
    // One that has tools only, and starts nothing, is there for tests of something else.
    Ok(if is_started {
        has("dependencies") || has("devDependencies")
    } else {
        has("dependencies") && (is_private || !is_library)
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Null => true,
        _ => false,
    }
}

fn python(candidate: &Candidate<'_>) -> Result<bool, &'static str> {
    let document = candidate.toml()?;
    let tools = ["uv", "poetry", "pdm"];
    let is_managed = tools.into_iter().any(|tool| document.has(&["tool", tool]));
    // Classifiers are for the package index.
    let is_library = document.has(&["project", "classifiers"])
        || document.has(&["tool", "poetry", "classifiers"]);
    let requires = document.has(&["project", "dependencies"])
        || document.has(&["tool", "poetry", "dependencies"])
        || document.has(&["dependency-groups"]);
    Ok(is_managed && requires && !is_library)
}

fn pipenv(candidate: &Candidate<'_>) -> Result<bool, &'static str> {
    let document = candidate.toml()?;
    let mut tables = document.tables.iter();
    Ok(tables.any(|table| {
        let is_list = table.name.first().is_some_and(|name| name.ends_with("packages"));
        is_list && (!table.values.is_empty() || table.name.len() > 1)
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "all rows of the table have one type")]
fn bundler(candidate: &Candidate<'_>) -> Result<bool, &'static str> {
    let begins = |word: &str| {
        candidate.lines().any(|line| {
            let rest = line.strip_prefix(word);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(']))
        })
    };
    Ok(begins("gem") && !begins("gemspec") && !candidate.has_extension_beside("gemspec"))
}

fn composer(candidate: &Candidate<'_>) -> Result<bool, &'static str> {
    let manifest = candidate.json()?;
    // A requirement without a slash is PHP itself or one of its extensions.
    let is_package = |name: &String| name.contains('/');
    let requires = manifest
        .get("require")
        .and_then(Value::as_object)
        .is_some_and(|require| require.keys().any(is_package));
    let is_application = match manifest.get("type").and_then(Value::as_str) {
        Some(kind) => kind == "project",
        // A package without a type is a library by composer's own default.
        None => manifest.get("name").is_none(),
    };
    Ok(requires && is_application)
}

#[expect(clippy::unnecessary_wraps, reason = "all rows of the table have one type")]
fn go(candidate: &Candidate<'_>) -> Result<bool, &'static str> {
    let mut required = Vec::new();
    let mut local = Vec::new();
    let mut block = "";
    for line in candidate.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (block, words.as_slice()) {
            (_, [")", ..]) => block = "",
            (_, ["require", "(", ..]) => block = "require",
            (_, ["replace", "(", ..]) => block = "replace",
            ("", [_, "(", ..]) => block = "other",
            ("", ["require", module, _, ..]) | ("require", [module, _, ..]) => {
                required.push(*module);
            }
            ("", ["replace", words @ ..]) | ("replace", words) => {
                local.extend(local_replacement(words));
            }
            _ => {}
        }
    }
    // A module that is replaced by a folder has no checksum.
    Ok(required.iter().any(|module| !module.starts_with("//") && !local.contains(module)))
}

fn local_replacement<'a>(words: &[&'a str]) -> Option<&'a str> {
    let arrow = words.iter().position(|word| *word == "=>")?;
    let target = words.get(arrow + 1)?;
    (target.starts_with("./") || target.starts_with("../")).then(|| words.first().copied())?
}
