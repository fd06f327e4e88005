//! What the readers of several formats share: lines and places of a text, entries, and the project itself.

use std::{borrow::Cow, ops::Range};

use super::{
    Fault, LockedPackage, Origin, Provenance, Scope,
    json::{Kind, Reader, Text},
};

/// The lines of a text without their ends; a byte order mark is no part of the first one.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.trim_start_matches('\u{feff}').lines()
}

/// The bytes of `text` that `part`, a slice of it, stands at; its beginning for what is no slice of it.
pub(super) fn place(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    match start.checked_add(part.len()) {
        Some(end) if end <= text.len() => start..end,
        _ => 0..0,
    }
}

/// A package of the public registry, whose entry, name and version are slices of the text.
pub(super) fn entry(text: &str, whole: &str, name: &str, version: &str) -> LockedPackage {
    LockedPackage {
        name: name.to_owned(),
        version: version.to_owned(),
        origin: Origin::Registry,
        scope: Scope::Runtime,
        at: place(text, whole),
        name_at: place(text, name),
        version_at: place(text, version),
        requires: Vec::new(),
        provenance: Provenance::default(),
        required_by: None,
    }
}

/// A package of the public registry, whose name and version are texts of a JSON document.
pub(super) fn json_entry(at: Range<usize>, name: &Text<'_>, version: &Text<'_>) -> LockedPackage {
    LockedPackage {
        name: name.text.to_string(),
        version: version.text.to_string(),
        origin: Origin::Registry,
        scope: Scope::Runtime,
        at,
        name_at: name.at.clone(),
        version_at: version.at.clone(),
        requires: Vec::new(),
        provenance: Provenance::default(),
        required_by: None,
    }
}

/// A text that is not empty; another value is passed over.
pub(super) fn filled<'a>(reader: &mut Reader<'a>) -> Result<Option<Text<'a>>, Fault> {
    Ok(reader.text_or_pass()?.filter(|text| !text.text.is_empty()))
}

/// The keys of an object; of another value, which is passed over, none.
pub(super) fn keys<'a>(reader: &mut Reader<'a>) -> Result<Vec<Cow<'a, str>>, Fault> {
    let mut keys = Vec::new();
    if reader.kind() == Kind::Object {
        reader.entries(|_, key| {
            keys.push(key.text);
            Ok(())
        })?;
    }
    Ok(keys)
}

/// The texts of a list; of another value, which is passed over, none.
pub(super) fn texts<'a>(reader: &mut Reader<'a>) -> Result<Vec<Text<'a>>, Fault> {
    let mut texts = Vec::new();
    if reader.kind() == Kind::List {
        reader.elements(|reader| {
            texts.extend(reader.text_or_pass()?);
            Ok(())
        })?;
    }
    Ok(texts)
}

/// The project itself, by its own name or by that of its manifest, without version: the format tells what it
/// requires, and this at `at`.
pub(super) fn project(name: &str, at: Range<usize>, requires: Vec<usize>) -> LockedPackage {
    LockedPackage {
        name: name.to_owned(),
        version: String::new(),
        origin: Origin::Local,
        scope: Scope::Runtime,
        name_at: at.clone(),
        version_at: at.end..at.end,
        at,
        requires,
        provenance: Provenance::default(),
        required_by: None,
    }
}

/// Fills `requires` in: `requirements` has for each package the names that it requires, and `find` knows which
/// package a name means.
pub(super) fn link<N>(
    packages: &mut [LockedPackage],
    requirements: &[Vec<N>],
    find: impl Fn(&N) -> Option<usize>,
) {
    for (package, names) in packages.iter_mut().zip(requirements) {
        package.requires = names.iter().filter_map(&find).collect();
        package.requires.sort_unstable();
        package.requires.dedup();
    }
}

/// The packages that no other one requires. Where a lockfile holds only what is needed, the project requires
/// these.
pub(super) fn unrequired(packages: &[LockedPackage]) -> Vec<usize> {
    let mut is_required = vec![false; packages.len()];
    for (from, package) in packages.iter().enumerate() {
        for to in package.requires.iter().filter(|to| **to != from) {
            is_required[*to] = true;
        }
    }
    (0..packages.len()).filter(|at| !is_required[*at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_found_at_its_own_place_and_not_at_an_equal_one() {
        let text = "\u{feff}a b\r\na b\r\n";
        let second = lines(text).nth(1).unwrap();
        assert_eq!(place(text, second), 8..11);
        assert_eq!(place(text, "elsewhere"), 0..0);
    }
}
