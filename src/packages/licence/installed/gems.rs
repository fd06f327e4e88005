//! Gems: the specifications that `RubyGems` and Bundler write where they install. These are programs, of which the
//! one line that is about licences has always the same form.

use super::Found;
use crate::packages::{
    licence::Licence,
    local::{Caches, Folder, is_plain},
    lockfile::LockedPackage,
};

/// Where specifications lie.
pub(super) struct Gems {
    /// Each folder, as it is shown.
    folders: Vec<(String, Folder)>,
}

impl Gems {
    /// Looks in the folders of gems and in `vendor/bundle` beside the lockfile.
    pub(super) fn new(caches: &Caches, beside: Option<Folder>) -> Self {
        let bundle = beside.and_then(|beside| beside.inside("vendor/bundle/ruby"));
        let versions = bundle.as_ref().map_or_else(Vec::new, Folder::names);
        let vendored = versions.into_iter().filter_map(|version| {
            let folder = bundle.as_ref()?.inside(&format!("{version}/specifications"))?;
            Some((format!("vendor/bundle/ruby/{version}/specifications"), folder))
        });
        let home = caches.gem_home.as_deref().and_then(Folder::open);
        let home = home.and_then(|home| home.inside("specifications"));
        let home = home.map(|folder| ("$GEM_HOME/specifications".to_owned(), folder));
        Self { folders: vendored.chain(home).collect() }
    }

    /// What the files of a package say.
    pub(super) fn find(&self, package: &LockedPackage) -> Option<Found> {
        let file = format!("{}-{}.gemspec", package.name, package.version);
        if !is_plain(&file) {
            return None;
        }
        self.folders.iter().find_map(|(shown, folder)| {
            let licence = read(&folder.read(&file)?);
            Some(Found::new(format!("{shown}/{file}"), licence))
        })
    }
}

/// What a specification says. Whether one of several may be chosen it does not tell: that all apply is the careful
/// reading.
fn read(text: &str) -> Licence {
    let field = |line: &'_ str| {
        let (name, value) = line.trim().split_once('=')?;
        let name = name.trim_end();
        let is_it = name.ends_with(".licenses") || name.ends_with(".license");
        is_it.then(|| value.to_owned())
    };
    let Some(value) = text.lines().find_map(field) else { return Licence::unstated() };
    // Texts stand at every second place between quotation marks.
    let names: Vec<&str> = value.split(['"', '\'']).skip(1).step_by(2).collect();
    Licence::all(names)
}
