//! A copy of as much of a project as cargo reads to resolve its packages.

use std::{fs, path::Path};

use anyhow::Context as _;
use tempfile::TempDir;

use crate::sources::Tree;

/// What cargo reads besides manifests and lockfiles.
const OTHERS: &[&str] = &[
    ".cargo/config",
    ".cargo/config.toml",
    ".cargo-checksum.json",
    "rust-toolchain",
    "rust-toolchain.toml",
];

/// Copies manifests, lockfiles and cargo's configuration. Of sources, whose place tells cargo which targets there
/// are, there is an empty file of the same name.
pub(super) fn of(tree: &Tree) -> anyhow::Result<TempDir> {
    let copy = TempDir::with_prefix("seaworthy-fix-").context("make a temporary folder")?;
    for entry in tree.entries() {
        let path = entry.path.as_str();
        let is_other = |other: &&&str| {
            path.strip_suffix(**other)
                .is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let is_manifest = matches!(entry.path.file_name(), "Cargo.toml" | "Cargo.lock");
        let bytes = if is_manifest || OTHERS.iter().any(|other| is_other(&other)) {
            tree.read(entry)?.into_bytes()
        } else if entry.path.extension() == "rs" {
            Vec::new()
        } else {
            continue;
        };
        write(&copy.path().join(path), &bytes)?;
    }
    Ok(copy)
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let context = || format!("write `{}`", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(context)?;
    }
    fs::write(path, bytes).with_context(context)
}
