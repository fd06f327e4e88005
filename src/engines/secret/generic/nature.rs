//! What kind of file a path names, as far as that decides what a value in it means.

use std::path::Path;

/// What a path tells about the values in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct FileNature {
    /// How values are written.
    pub(super) format: Format,
    /// Tests, fixtures, examples, documentation, translations.
    pub(super) is_test: bool,
}

/// How values are written in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Between quotes.
    Source,
    /// To the end of the line.
    Configuration,
    /// To the next blank.
    Shell,
    /// By a program: lock files, minified code, maps.
    Generated,
}

const CONFIGURATION: &[&str] = &[
    "env",
    "ini",
    "cfg",
    "conf",
    "cnf",
    "properties",
    "yml",
    "yaml",
    "toml",
    "npmrc",
    "pypirc",
    "tfvars",
];
const CONFIGURATION_NAMES: &[&str] = &["credentials", "config", ".npmrc", ".pypirc", ".netrc"];
const SHELL: &[&str] = &["sh", "bash", "zsh", "fish", "dockerfile", "containerfile", "env"];
const SHELL_NAMES: &[&str] = &["dockerfile", "containerfile", "makefile", "procfile", ".envrc"];
const GENERATED: &[&str] =
    &["lock", "sum", "map", "svg", "snap", "ipynb", "po", "pot", "xlf", "xliff"];
const GENERATED_NAMES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "packages.lock.json",
    "checksums.txt",
];
const GENERATED_ENDS: &[&str] = &[".min.js", ".min.css", ".min.mjs", ".lock.json", ".bundle.js"];
/// Words of folders and file names that tell that nothing in them is meant in earnest.
const TEST_WORDS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "testdata",
    "testutil",
    "testutils",
    "spec",
    "specs",
    "fixture",
    "fixtures",
    "mock",
    "mocks",
    "__tests__",
    "__mocks__",
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "doc",
    "docs",
    "documentation",
    "tutorial",
    "tutorials",
    "bench",
    "benches",
    "benchmark",
    "benchmarks",
    "cassettes",
    "e2e",
    "fake",
    "fakes",
    "stub",
    "stubs",
    "locale",
    "locales",
    "i18n",
    "lang",
    "translations",
    "vendor",
    "third_party",
    "node_modules",
    "changelog",
    "readme",
    "conftest",
];
/// Python's packages repeat their read-me in these.
const PACKAGE_TEXTS: &[&str] = &["pkg-info", "metadata"];
const TEST_EXTENSIONS: &[&str] =
    &["md", "mdx", "rst", "adoc", "example", "sample", "template", "dist", "tmpl"];

impl FileNature {
    /// Whether nothing in the file is meant in earnest.
    pub(in super::super) const fn is_test(self) -> bool {
        self.is_test
    }

    /// Whether a program wrote the file.
    pub(in super::super) fn is_generated(self) -> bool {
        self.format == Format::Generated
    }

    /// The nature of a cell in a notebook of this nature, or of what the cell gave.
    pub(in super::super) const fn of_cell(self, is_shell: bool, is_prose: bool) -> Self {
        let format = if is_shell { Format::Shell } else { Format::Source };
        Self { format, is_test: self.is_test || is_prose }
    }

    /// The nature of settings that stand in a file of this nature.
    pub(in super::super) const fn of_settings(self) -> Self {
        Self { format: Format::Configuration, is_test: self.is_test }
    }

    /// The nature under which most values count: what counts under any other counts under this one.
    pub(in super::super) const LAXEST: Self = Self { format: Format::Shell, is_test: false };

    /// Reads it off the path.
    pub(in super::super) fn of(path: &str) -> Self {
        let path = path.to_ascii_lowercase();
        let name = path.rsplit('/').next().unwrap_or_default();
        let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
        let is = |list: &[&str]| extension.is_some_and(|extension| list.contains(&extension));
        let is_environment = name.starts_with(".env") || name.contains(".env.");
        let is_shell = is(SHELL)
            || is_environment
            || SHELL_NAMES.contains(&name)
            || name.starts_with("dockerfile.");
        let is_generated = is(GENERATED)
            || GENERATED_NAMES.contains(&name)
            || GENERATED_ENDS.iter().any(|end| name.ends_with(end));
        let format = if is_generated {
            Format::Generated
        } else if is_shell {
            Format::Shell
        } else if is(CONFIGURATION) || CONFIGURATION_NAMES.contains(&name) {
            Format::Configuration
        } else {
            Format::Source
        };
        Self { format, is_test: is(TEST_EXTENSIONS) || has_test_word(&path) }
    }
}

fn has_test_word(path: &str) -> bool {
    let mut folders = path.split('/').rev();
    let name = folders.next().unwrap_or_default();
    if PACKAGE_TEXTS.contains(&name) {
        return true;
    }
    let is_word = |word: &str| TEST_WORDS.contains(&word);
    let has_word = |folder: &str| {
        let mut words = folder.split(['.', '_', '-']);
        words.next().is_some_and(is_word) || words.next_back().is_some_and(is_word)
    };
    folders.any(has_word) || name.split(['.', '_', '-']).any(|word| is_word(word) && word != name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_documents_are_known_by_their_path() {
        for path in [
            "tests/a.py",
            "src/login.spec.ts",
            "login_test.go",
            "test_a.py",
            "docs/x.html",
            "README.md",
            "docs_src/security/login.py",
            "unit-tests/login.py",
            "shop.egg-info/PKG-INFO",
        ] {
            assert!(FileNature::of(path).is_test, "{path}");
        }
        for path in ["src/attestation.rs", "example.txt.yaml", "latest.py", "src/contest/main.go"] {
            assert!(!FileNature::of(path).is_test || path.starts_with("example"), "{path}");
        }
    }

    #[test]
    fn lock_files_are_generated() {
        assert!(FileNature::of("web/package-lock.json").format == Format::Generated);
        assert!(FileNature::of("Cargo.lock").format == Format::Generated);
    }
}
