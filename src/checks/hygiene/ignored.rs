//! Which line of which `.gitignore` keeps a file out of the repository.

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};

use super::manifests::is_aside;
use crate::sources::{SourceFile, Tree};

/// The `.gitignore` files of a tree.
pub(super) struct Ignores {
    files: Vec<(SourceFile, Gitignore)>,
}

impl Ignores {
    /// Reads them, up to `max_size` bytes each. What can not be read ignores nothing.
    pub(super) fn read(tree: &Tree, max_size: u64) -> Self {
        let is_one = |path: &crate::finding::RepoPath| path.file_name() == ".gitignore";
        let entries = tree.entries().iter();
        let entries =
            entries.filter(|e| is_one(&e.path) && !is_aside(&e.path) && e.size <= max_size);
        let files = entries.filter_map(|entry| tree.read(entry).ok());
        Self { files: files.filter_map(|file| Some((parse(&file)?, file))).map(swap).collect() }
    }

    /// The file, by index, and the one-based line that ignores `path`; the nearest file decides.
    pub(super) fn find(&self, path: &str) -> Option<(usize, u32)> {
        let mut nearest: Vec<(usize, &str)> = self
            .files
            .iter()
            .enumerate()
            .filter_map(|(at, (file, _))| Some((at, below(path, file.path().folder())?)))
            .collect();
        nearest.sort_by_key(|(_, inside)| inside.len());
        for (at, inside) in nearest {
            let (file, ignores) = &self.files[at];
            match ignores.matched(inside, false) {
                Match::None => {}
                Match::Whitelist(_) => return None,
                Match::Ignore(glob) => return Some((at, line_of(file, glob.original())?)),
            }
        }
        None
    }

    /// The file of this index.
    pub(super) fn file(&self, index: usize) -> &SourceFile {
        &self.files[index].0
    }
}

fn swap((ignores, file): (Gitignore, SourceFile)) -> (SourceFile, Gitignore) {
    (file, ignores)
}

fn parse(file: &SourceFile) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new("");
    for line in file.text().lines() {
        // Git passes over a line that is no pattern.
        builder.add_line(None, line).ok();
    }
    builder.build().ok()
}

/// `path` as seen from `folder`, if it lies below it.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

/// The last line that holds this pattern: in git, the last one decides.
fn line_of(file: &SourceFile, pattern: &str) -> Option<u32> {
    let last = u32::try_from(file.line_count()).unwrap_or(u32::MAX);
    let text = |line: u32| file.line(line).and_then(|at| file.text().get(at)).unwrap_or_default();
    (1..=last).rev().find(|line| text(*line) == pattern || text(*line).trim_end() == pattern)
}
