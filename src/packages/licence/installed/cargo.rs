//! Crates: `vendor/NAME/Cargo.toml`, and the sources that Cargo has unpacked in its home.

use super::Found;
use crate::{
    packages::{
        licence::Licence,
        local::{Caches, Folder, is_plain},
        lockfile::{LockedPackage, Origin},
    },
    sources::toml::{Document, Table},
};

/// How Cargo names the folders of the public registry.
const PUBLIC: &[&str] = &[concat!("index.", "crates.io-"), "github.com-1ecc6299db9ec823"];

/// Where crates lie.
pub(super) struct Crates {
    vendor: Option<Folder>,
    /// A folder for each registry; those of the public one first.
    registries: Vec<(bool, Folder)>,
}

impl Crates {
    /// Looks in cargo's cache and in `vendor` beside the lockfile.
    pub(super) fn new(caches: &Caches, beside: Option<Folder>) -> Self {
        let home = caches.cargo_home.as_deref().and_then(Folder::open);
        let sources = home.and_then(|home| home.inside("registry/src"));
        let names = sources.as_ref().map_or_else(Vec::new, Folder::names);
        let registry = |name: String| {
            let is_public = PUBLIC.iter().any(|known| name.starts_with(known));
            Some((is_public, sources.as_ref()?.inside(&name)?))
        };
        let mut registries: Vec<_> = names.into_iter().filter_map(registry).collect();
        registries.sort_by_key(|(is_public, _)| !is_public);
        Self { vendor: beside.and_then(|beside| beside.inside("vendor")), registries }
    }

    /// What the files of a package say.
    pub(super) fn find(&self, package: &LockedPackage) -> Option<Found> {
        let LockedPackage { name, version, .. } = package;
        if !is_plain(name) || !is_plain(version) {
            return None;
        }
        let unpacked = format!("{name}-{version}/Cargo.toml");
        if let Some(vendor) = &self.vendor {
            // Of several versions of a crate, all but one have them in their folders' names.
            for file in [unpacked.clone(), format!("{name}/Cargo.toml")] {
                let licence = vendor.read(&file).and_then(|text| read(&text, Some(version)));
                if let Some(licence) = licence {
                    return Some(Found::new(format!("vendor/{file}"), licence));
                }
            }
        }
        // A private registry may have another crate of the same name.
        let may_be = |is_public: bool| package.origin == Origin::Registry || !is_public;
        let mut registries = self.registries.iter().filter(|(is_public, _)| may_be(*is_public));
        let text = registries.find_map(|(_, registry)| registry.read(&unpacked))?;
        let licence = read(&text, None).unwrap_or_else(Licence::unstated);
        Some(Found::new(format!("$CARGO_HOME/registry/src/…/{unpacked}"), licence))
    }
}

/// What a manifest says, if it is of this version.
fn read(text: &str, version: Option<&str>) -> Option<Licence> {
    let document = Document::read(text).ok()?;
    let package: Vec<&Table<'_>> = document.named(&["package"]).collect();
    let field =
        |key: &str| package.iter().find_map(|table| table.get(key)).map(|value| &*value.text);
    if version.is_some() && field("version") != version {
        return None;
    }
    Some(match (field("license"), field("license-file")) {
        (Some(text), _) => Licence::read(text),
        (None, Some(file)) => {
            let file: String = file.chars().filter(|c| !c.is_control()).take(60).collect();
            Licence::Unclear(format!("it names no licence but its `{file}`"))
        }
        (None, None) => Licence::unstated(),
    })
}
