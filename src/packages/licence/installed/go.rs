//! Modules of Go. They have no metadata: their licence is the text in `LICENSE`.

use std::collections::HashSet;

use super::{Found, of_text};
use crate::packages::{
    licence::Licence,
    local::{Caches, Folder, is_plain},
    lockfile::LockedPackage,
};

/// Names of the file, as pkg.go.dev knows them.
const FILES: &[&str] =
    &["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt", "LICENCE.md", "COPYING"];
/// What the standard library is called.
const STANDARD: &str = "stdlib";

/// Where modules lie.
pub(super) struct Modules {
    vendor: Option<Folder>,
    /// The modules and versions of `vendor/modules.txt`.
    vendored: HashSet<(String, String)>,
    cache: Option<Folder>,
}

impl Modules {
    /// Looks in the cache of modules and in `vendor` beside the lockfile.
    pub(super) fn new(caches: &Caches, beside: Option<Folder>) -> Self {
        let vendor = beside.and_then(|beside| beside.inside("vendor"));
        let list = vendor.as_ref().and_then(|vendor| vendor.read("modules.txt"));
        let vendored = list.as_deref().map_or_else(HashSet::new, |list| {
            let lines = list.lines().filter_map(|line| line.strip_prefix("# ")?.split_once(' '));
            lines.map(|(name, version)| (name.to_owned(), version.to_owned())).collect()
        });
        Self { vendor, vendored, cache: caches.go_modules.as_deref().and_then(Folder::open) }
    }

    /// What the files of a module say.
    pub(super) fn find(&self, package: &LockedPackage) -> Option<Found> {
        let LockedPackage { name, version, .. } = package;
        if name == STANDARD {
            return Some(Found::new("the Go project", Licence::read("BSD-3-Clause")));
        }
        let version = format!("v{version}");
        if !name.split('/').all(is_plain) || !is_plain(&version) {
            return None;
        }
        let folder = format!("{}@{}", escaped(name), escaped(&version));
        let of_cache = || read(self.cache.as_ref()?, &folder, "$GOMODCACHE");
        let is_vendored = self.vendored.contains(&(name.clone(), version));
        let vendor = self.vendor.as_ref().filter(|_| is_vendored);
        vendor.and_then(|vendor| read(vendor, name, "vendor")).or_else(of_cache)
    }
}

fn read(root: &Folder, folder: &str, shown: &str) -> Option<Found> {
    let inside = root.inside(folder)?;
    let text = FILES.iter().find_map(|file| Some((*file, inside.read(file)?)));
    let Some((file, text)) = text else {
        let none = Licence::Unclear("it has no file of the name LICENSE".to_owned());
        return Some(Found::new(format!("{shown}/{folder}"), none));
    };
    Some(Found::new(format!("{shown}/{folder}/{file}"), of_text(file, &text)))
}

/// A path or a version as the cache has it: `!` and the small letter for each capital one,
/// <https://go.dev/ref/mod#module-cache>.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(character.to_ascii_lowercase());
    }
    escaped
}
