//! Distributions of Python: the core metadata of what is installed in a virtual environment,
//! <https://packaging.python.org/en/latest/specifications/core-metadata/>.

use std::collections::HashMap;

use super::Found;
use crate::packages::{
    Ecosystem,
    licence::{Licence, shown},
    local::{Caches, Folder},
    lockfile::LockedPackage,
};

/// What virtual environments beside a lockfile are called.
const NAMES: &[&str] = &[".venv", "venv"];
const INFORMATION: &str = ".dist-info";
/// What setuptools writes where nothing is stated.
const UNSTATED: &str = "UNKNOWN";

/// Where distributions lie.
pub(super) struct Distributions {
    /// Each folder of packages, as it is shown.
    folders: Vec<(String, Folder)>,
    /// By folded name and version: which folder, and the name in it.
    known: HashMap<(String, String), (usize, String)>,
}

impl Distributions {
    /// Looks in the environments beside the lockfile, and in the active one.
    pub(super) fn new(caches: &Caches, beside: Option<&Folder>) -> Self {
        let mut folders = Vec::new();
        for name in NAMES {
            let environment = beside.and_then(|beside| beside.inside(name));
            folders.extend(environment.into_iter().flat_map(|folder| packages(name, &folder)));
        }
        let active = caches.virtual_environment.as_deref().and_then(Folder::open);
        folders.extend(active.into_iter().flat_map(|folder| packages("$VIRTUAL_ENV", &folder)));
        let mut known = HashMap::new();
        for (at, (_, folder)) in folders.iter().enumerate() {
            for entry in folder.names() {
                let distribution =
                    entry.strip_suffix(INFORMATION).and_then(|it| it.split_once('-'));
                if let Some((name, version)) = distribution {
                    let key = (Ecosystem::PyPi.folded(name), version.to_ascii_lowercase());
                    known.entry(key).or_insert((at, entry));
                }
            }
        }
        Self { folders, known }
    }

    /// What the files of a package say.
    pub(super) fn find(&self, package: &LockedPackage) -> Option<Found> {
        let name = Ecosystem::PyPi.folded(&package.name);
        let (at, entry) = self.known.get(&(name, package.version.to_ascii_lowercase()))?;
        let (shown, folder) = &self.folders[*at];
        let file = format!("{entry}/METADATA");
        let licence = read(&folder.read(&file)?);
        Some(Found::new(format!("{shown}/{file}"), licence))
    }
}

/// The folders of packages of an environment: one for each Python on Unix, one on Windows.
fn packages(shown: &str, environment: &Folder) -> Vec<(String, Folder)> {
    let library = environment.inside("lib");
    let names = library.map_or_else(Vec::new, |library| library.names());
    let pythons = names.into_iter().filter(|name| name.starts_with("python"));
    let paths = pythons.map(|name| format!("lib/{name}/site-packages"));
    let paths = paths.chain(["Lib/site-packages".to_owned()]);
    let folder = |path: String| Some((format!("{shown}/{path}"), environment.inside(&path)?));
    paths.filter_map(folder).collect()
}

/// What core metadata say: the expression, else the free text if it names a licence, else the classifiers.
fn read(text: &str) -> Licence {
    let fields = fields(text);
    let all = |name: &str| {
        let named = fields.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect::<Vec<&str>>()
    };
    if let [expression, ..] = all("License-Expression")[..] {
        return Licence::read(expression);
    }
    let stated = all("License").into_iter().find(|text| !matches!(*text, "" | UNSTATED));
    let free = stated.map(Licence::read);
    if let Some(known @ (Licence::Expression(_) | Licence::NotGranted(_))) = free {
        return known;
    }
    let classifiers =
        all("Classifier").into_iter().filter_map(|value| value.strip_prefix("License :: "));
    let named: Vec<&str> = classifiers
        .filter_map(|classifier| classifier.rsplit(" :: ").next())
        .filter(|name| *name != "OSI Approved")
        .collect();
    // That all apply is the careful reading: classifiers do not tell.
    match (Licence::all(named.iter().copied()), stated) {
        (known @ Licence::Expression(_), _) => known,
        (_, Some(stated)) if !named.is_empty() => {
            let stated = shown(stated);
            Licence::Unclear(format!("it says `{stated}, {}`", shown(&named.join(", "))))
        }
        (other, None) => other,
        (_, Some(_)) => free.unwrap_or_else(Licence::unstated),
    }
}

/// The fields before the first empty line; a line that begins with a blank goes on with the one before.
fn fields(text: &str) -> Vec<(&str, String)> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    for line in text.lines().take_while(|line| !line.is_empty()) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push('\n');
                value.push_str(line.trim_start());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name, value.trim().to_owned()));
        }
    }
    fields
}
