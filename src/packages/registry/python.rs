//! The simple index of Python as JSON (PEP 691), with PEP 592 (yanked) and PEP 700 (versions, times).

use std::collections::HashMap;

use jiff::civil::Date;

use super::{Listing, Release, day, reason};
use crate::packages::{
    Ecosystem,
    lockfile::{
        Fault,
        json::{Dialect, Kind, Reader, Text},
    },
};

/// What a client says that it takes, so that it gets JSON.
pub const ACCEPT: &str = "application/vnd.pypi.simple.v1+json";

/// What sources are packed as.
const SOURCES: [&str; 5] = [".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"];

/// The last part of a project's address, with the `/` that ends it. None for what is no name (PEP 508).
pub fn path(name: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = |end: Option<&u8>| end.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    let is_name = bytes.iter().copied().all(is_plain) && ends(bytes.first()) && ends(bytes.last());
    is_name.then(|| format!("{}/", Ecosystem::PyPi.folded(name)))
}

/// What the files of one version say together.
#[derive(Default)]
struct Files {
    standing: bool,
    /// Why the first one is yanked.
    yanked: Option<String>,
    first: Option<Date>,
}

/// Reads what the index says of the project `name`. A version is yanked if all its files are.
pub fn read(name: &str, text: &str) -> Result<Listing, Fault> {
    let name = Ecosystem::PyPi.folded(name);
    let mut listing = Listing::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut versions: Vec<(String, Files)> = Vec::new();
    let mut has_files = false;
    Reader::read(text, Dialect::Plain, |reader, key| {
        if key.text != "files" || reader.kind() != Kind::List {
            return Ok(());
        }
        has_files = true;
        reader.elements(|reader| {
            let file = file(reader)?;
            let Some(version) = version_of(&file.name, &name) else { return Ok(()) };
            let place = *places.entry(version.to_owned()).or_insert_with(|| {
                versions.push((version.to_owned(), Files::default()));
                versions.len() - 1
            });
            let known = &mut versions[place].1;
            known.standing |= file.yanked.is_none();
            known.yanked = known.yanked.take().or(file.yanked);
            known.first = known.first.into_iter().chain(file.uploaded).min();
            Ok(())
        })?;
        Ok(())
    })?;
    if !has_files {
        return Err(Fault::new(0, "no files"));
    }
    listing.releases.extend(versions.into_iter().map(|(version, files)| Release {
        yanked: files.yanked.filter(|_| !files.standing),
        published: files.first,
        version,
        deprecated: None,
    }));
    Ok(listing)
}

struct File {
    name: String,
    yanked: Option<String>,
    uploaded: Option<Date>,
}

fn file(reader: &mut Reader<'_>) -> Result<File, Fault> {
    let mut file = File { name: String::new(), yanked: None, uploaded: None };
    reader.entries(|reader, key: Text<'_>| {
        match &*key.text {
            "filename" => file.name = reader.text()?.text.into_owned(),
            "upload-time" => {
                file.uploaded = reader.text_or_pass()?.and_then(|time| day(&time.text));
            }
            // The reason stands in the place of `true`, even if it is empty.
            "yanked" => {
                file.yanked = match reader.kind() {
                    Kind::Text => Some(reason(&reader.text()?.text)),
                    _ => reader.is_true()?.then(String::new),
                };
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(file)
}

/// The version in a file's name, of a wheel (PEP 427) or of sources, whose names may be of before PEP 625. None
/// for other files, such as installers.
fn version_of<'a>(file: &'a str, project: &str) -> Option<&'a str> {
    if let Some(stem) = file.strip_suffix(".whl") {
        return stem.split('-').nth(1);
    }
    let stem = SOURCES.iter().find_map(|ending| file.strip_suffix(ending))?;
    let mut dashes = stem.match_indices('-');
    let (at, _) = dashes.find(|(at, _)| Ecosystem::PyPi.folded(&stem[..*at]) == project)?;
    Some(&stem[at + 1..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = r#"{"meta": {"api-version": "1.1"}, "name": "holy-grail", "versions": ["1.0", "2.0"], "files": [
        {"filename": "Holy.Grail-1.0.tar.gz", "hashes": {"yanked": "x"}, "yanked": "broken", "upload-time": "2022-01-02T03:04:05.1Z", "size": 1},
        {"filename": "holy_grail-1.0-py3-none-any.whl", "yanked": true, "upload-time": "2022-01-01T03:04:05Z"},
        {"filename": "holy_grail-2.0-1-cp39-abi3-linux_x86_64.whl", "yanked": "one wheel"},
        {"filename": "holy-grail-2.0.zip", "yanked": false},
        {"filename": "holy-grail-2.0.win32.exe"}]}"#;

    #[test]
    fn a_version_is_yanked_if_all_its_files_are() {
        let read = read("Holy_Grail", TEXT).unwrap().releases;
        let shown: Vec<_> =
            read.iter().map(|it| (it.version.as_str(), it.yanked.as_deref())).collect();
        assert_eq!(shown, [("1.0", Some("broken")), ("2.0", None)]);
        assert_eq!(read[0].published.unwrap().to_string(), "2022-01-01");
    }

    #[test]
    fn a_name_has_dashes_and_what_is_no_name_has_no_place() {
        assert_eq!(path("Zope.Interface").as_deref(), Some("zope-interface/"));
        for name in ["", "-a", "a/b", "..", "a b", "é"] {
            assert_eq!(path(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_no_index_is_a_fault() {
        for text in ["{}", "<!DOCTYPE html>", "{\"files\": [1]}", "{\"files\": [{]}"] {
            assert!(read("a", text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_damaged_answer_is_read_or_refused(at in any::<prop::sample::Index>(), put in "[\\[\\]{}\",:a0-1é.-]{0,6}") {
            let at = at.index(TEXT.len());
            let end = (at + 4).min(TEXT.len());
            let _ = read("holy-grail", &format!("{}{put}{}", &TEXT[..at], &TEXT[end..]));
        }
    }
}
