//! Licences that stand in lockfiles and bills of materials, by the byte at which the entry of the package begins.
//!
//! They are read in a pass of their own: few runs ask for them, and lockfiles are read in all.

use std::{borrow::Cow, collections::HashMap};

use super::Licence;
use crate::packages::lockfile::{
    Fault,
    json::{Dialect, Kind, Reader},
};

/// Objects and lists within each other in which a licence is looked for.
const DEEPEST: usize = 8;

/// The licences in a lockfile of the format of this name, by the first byte of each entry; none if the format has
/// none.
pub fn written(format: &str, text: &str) -> HashMap<usize, Licence> {
    let mut written = HashMap::new();
    // A file that can not be read has been told as such.
    let _ = match format {
        "package-lock.json" => npm(text, &mut written),
        "composer.lock" => composer(text, &mut written),
        "apk installed" => {
            alpine(text, &mut written);
            Ok(())
        }
        _ => Ok(()),
    };
    written
}

/// The licences in a bill of materials, `CycloneDX` or SPDX 2, by the first byte of each component.
pub fn of_bill(text: &str) -> HashMap<usize, Licence> {
    let mut written = HashMap::new();
    let _ = Reader::read(text, Dialect::Plain, |reader, key| {
        if key.text == "sbom" && reader.kind() == Kind::Object {
            return reader.entries(|reader, key| bill(reader, &key.text, &mut written)).map(drop);
        }
        bill(reader, &key.text, &mut written)
    });
    written
}

fn npm(text: &str, written: &mut HashMap<usize, Licence>) -> Result<(), Fault> {
    Reader::read(text, Dialect::Plain, |reader, key| {
        if key.text != "packages" || reader.kind() != Kind::Object {
            return Ok(());
        }
        let packages = reader.entries(|reader, package| {
            if reader.kind() != Kind::Object {
                return Ok(());
            }
            let mut licence = None;
            reader.entries(|reader, key| field(reader, &key.text, &mut licence))?;
            // The entry begins with the quotation mark of its key.
            let start = package.at.start.saturating_sub(1);
            written.extend(licence.map(|licence| (start, licence)));
            Ok(())
        });
        packages.map(drop)
    })
}

fn composer(text: &str, written: &mut HashMap<usize, Licence>) -> Result<(), Fault> {
    Reader::read(text, Dialect::Plain, |reader, key| match &*key.text {
        "packages" | "packages-dev" if reader.kind() == Kind::List => objects(reader, written),
        _ => Ok(()),
    })
}

/// Reads a list of objects with licences.
fn objects(reader: &mut Reader<'_>, written: &mut HashMap<usize, Licence>) -> Result<(), Fault> {
    let list = reader.elements(|reader| {
        let mut licence = None;
        if reader.kind() != Kind::Object {
            return Ok(());
        }
        let at = reader.entries(|reader, key| field(reader, &key.text, &mut licence))?;
        written.extend(licence.map(|licence| (at.start, licence)));
        Ok(())
    });
    list.map(drop)
}

/// Takes the field of a package that is about its licence, as npm and Composer write it: the newer `license`, or
/// `licenses` of old.
pub(super) fn field(
    reader: &mut Reader<'_>,
    key: &str,
    licence: &mut Option<Licence>,
) -> Result<(), Fault> {
    let is_it = key == "license" || (key == "licenses" && licence.is_none());
    if is_it {
        let mut texts = Vec::new();
        names(reader, &mut texts, 0)?;
        if !texts.is_empty() {
            *licence = Some(Licence::any(texts.iter().map(String::as_str)));
        }
    }
    Ok(())
}

/// The names in a text, a list of texts, an object `{"type": "MIT"}` or a list of these.
fn names(reader: &mut Reader<'_>, names: &mut Vec<String>, depth: usize) -> Result<(), Fault> {
    match reader.kind() {
        _ if depth > DEEPEST => Ok(()),
        Kind::Text => {
            names.push(reader.text()?.text.into_owned());
            Ok(())
        }
        Kind::List => reader.elements(|reader| self::names(reader, names, depth + 1)).map(drop),
        Kind::Object => {
            let entries = reader.entries(|reader, key| match &*key.text {
                "type" | "name" => self::names(reader, names, depth + 1),
                _ => Ok(()),
            });
            entries.map(drop)
        }
        Kind::Literal => Ok(()),
    }
}

/// Reads `L:` of each record; see `apk-v2(5)`.
fn alpine(text: &str, written: &mut HashMap<usize, Licence>) {
    let (mut start, mut begins) = (0, true);
    for line in text.split_inclusive('\n') {
        let at = line.as_ptr().addr() - text.as_ptr().addr();
        let content = line.trim_start_matches('\u{feff}').trim_end();
        if begins {
            start = at + (line.len() - line.trim_start_matches('\u{feff}').len());
        }
        begins = content.is_empty();
        if let Some(licence) = content.strip_prefix("L:") {
            written.insert(start, Licence::read(licence));
        }
    }
}

fn bill(
    reader: &mut Reader<'_>,
    key: &str,
    written: &mut HashMap<usize, Licence>,
) -> Result<(), Fault> {
    match key {
        "components" if reader.kind() == Kind::List => components(reader, written),
        "packages" if reader.kind() == Kind::List => {
            let list = reader.elements(|reader| {
                if reader.kind() == Kind::Object { spdx_package(reader, written) } else { Ok(()) }
            });
            list.map(drop)
        }
        _ => Ok(()),
    }
}

/// Reads components of `CycloneDX`, those within each other as well. The reader limits their depth.
fn components(reader: &mut Reader<'_>, written: &mut HashMap<usize, Licence>) -> Result<(), Fault> {
    let list = reader.elements(|reader| {
        let mut licence = None;
        if reader.kind() != Kind::Object {
            return Ok(());
        }
        let at = reader.entries(|reader, key| match &*key.text {
            "licenses" if reader.kind() == Kind::List => {
                licence = choices(reader)?;
                Ok(())
            }
            "components" if reader.kind() == Kind::List => components(reader, written),
            _ => Ok(()),
        })?;
        written.extend(licence.map(|licence| (at.start, licence)));
        Ok(())
    });
    list.map(drop)
}

/// The licences of a component: one expression, or a list that all apply of.
fn choices(reader: &mut Reader<'_>) -> Result<Option<Licence>, Fault> {
    let mut texts = Vec::new();
    reader.elements(|reader| {
        if reader.kind() != Kind::Object {
            return Ok(());
        }
        let choice = reader.entries(|reader, key| {
            match &*key.text {
                "expression" => texts.extend(reader.text_or_pass()?.map(|text| text.text)),
                "license" if reader.kind() == Kind::Object => texts.extend(id_or_name(reader)?),
                _ => {}
            }
            Ok(())
        });
        choice.map(drop)
    })?;
    Ok((!texts.is_empty()).then(|| Licence::all(texts.iter().map(|text| &**text))))
}

/// What one licence of `CycloneDX` is called.
fn id_or_name<'t>(reader: &mut Reader<'t>) -> Result<Option<Cow<'t, str>>, Fault> {
    let (mut id, mut name) = (None, None);
    reader.entries(|reader, key| {
        match &*key.text {
            "id" => id = reader.text_or_pass()?,
            "name" => name = reader.text_or_pass()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(id.or(name).map(|text| text.text))
}

/// A package of SPDX: what it declares, else what others have concluded.
fn spdx_package(
    reader: &mut Reader<'_>,
    written: &mut HashMap<usize, Licence>,
) -> Result<(), Fault> {
    let (mut declared, mut concluded) = (None, None);
    let at = reader.entries(|reader, key| {
        match &*key.text {
            "licenseDeclared" => declared = reader.text_or_pass()?,
            "licenseConcluded" => concluded = reader.text_or_pass()?,
            _ => {}
        }
        Ok(())
    })?;
    let said = [declared, concluded].into_iter().flatten();
    let mut said = said.filter(|text| !matches!(&*text.text, "NOASSERTION" | ""));
    written.extend(said.next().map(|text| (at.start, Licence::read(&text.text))));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::lockfile;

    /// The licences of the packages of a lockfile, in its order.
    fn shown(format: &str, text: &str) -> Vec<String> {
        let read = lockfile::format_named(format).unwrap().read;
        let written = written(format, text);
        let packages = read(text).unwrap().packages;
        let licence = |package: &lockfile::LockedPackage| written.get(&package.at.start).cloned();
        packages.iter().map(|p| format!("{} {:?}", p.name, licence(p))).collect()
    }

    #[test]
    fn npm_writes_licences_beside_versions() {
        let text = r#"{"lockfileVersion": 3, "packages": {
            "": {"name": "app", "license": "MIT"},
            "node_modules/a": {"version": "1.0.0", "license": "(MIT OR Apache-2.0)"},
            "node_modules/b": {"version": "1.0.0", "license": {"type": "ISC"}},
            "node_modules/c": {"version": "1.0.0", "licenses": [{"type": "MIT"}, {"type": "ISC"}]},
            "node_modules/d": {"version": "1.0.0", "license": ["MIT", "BSD"]},
            "node_modules/e": {"version": "1.0.0"}}}"#;
        assert_eq!(
            shown("package-lock.json", text),
            [
                "app Some(Expression(`MIT`))",
                "a Some(Expression(`(MIT OR Apache-2.0)`))",
                "b Some(Expression(`ISC`))",
                "c Some(Expression(`(MIT) OR (ISC)`))",
                "d Some(Unclear(\"it says `MIT, BSD`\"))",
                "e None",
            ]
        );
    }

    #[test]
    fn of_the_licences_of_composer_one_may_be_chosen() {
        let text = r#"{"packages": [
            {"name": "a/a", "version": "1.0.0", "license": ["MIT", "GPL-2.0+"]},
            {"name": "a/b", "version": "1.0.0", "license": ["(LGPL-2.1-only or GPL-3.0-or-later)"]}],
            "packages-dev": [{"name": "a/c", "version": "1.0.0", "license": "proprietary"}]}"#;
        assert_eq!(
            shown("composer.lock", text)[..3],
            [
                "a/a Some(Expression(`(MIT) OR (GPL-2.0-or-later)`))",
                "a/b Some(Expression(`(LGPL-2.1-only OR GPL-3.0-or-later)`))",
                "a/c Some(NotGranted(\"proprietary\"))",
            ]
        );
    }

    #[test]
    fn alpine_writes_licences_into_its_database() {
        let text = "C:Q1\nP:musl\nV:1.2.5-r0\nL:MIT\n\nP:ssl\nV:3.0-r0\nL:OpenSSL\n";
        assert_eq!(
            shown("apk installed", text),
            ["musl Some(Expression(`MIT`))", "ssl Some(Expression(`OpenSSL`))"]
        );
    }

    #[test]
    fn bills_of_materials_tell_licences() {
        let cyclonedx = r#"{"bomFormat": "CycloneDX", "components": [
            {"licenses": [{"expression": "MIT OR ISC"}], "components": [{"licenses": [
                {"license": {"id": "MIT"}}, {"license": {"name": "Apache License 2.0"}}]}]},
            {"name": "none"}]}"#;
        let spdx = r#"{"sbom": {"spdxVersion": "SPDX-2.3", "packages": [
            {"licenseConcluded": "NOASSERTION", "licenseDeclared": "MIT"},
            {"licenseDeclared": "NOASSERTION", "licenseConcluded": "NONE"}]}}"#;
        let shown = |text: &str| {
            let mut all: Vec<_> = of_bill(text).into_iter().collect();
            all.sort_by_key(|(at, _)| *at);
            all.into_iter().map(|(_, licence)| format!("{licence:?}")).collect::<Vec<_>>()
        };
        assert_eq!(
            shown(cyclonedx),
            ["Expression(`MIT OR ISC`)", "Expression(`(MIT) AND (Apache-2.0)`)"]
        );
        assert_eq!(shown(spdx), ["Expression(`MIT`)", "NotGranted(\"NONE\")"]);
    }

    #[test]
    fn a_damaged_file_tells_no_more_than_what_stands_before() {
        assert!(written("package-lock.json", "{\"packages\": {\"node_modules/a\": {").is_empty());
        assert!(written("composer.lock", "[1, 2").is_empty());
        assert!(of_bill("{\"components\": 1}").is_empty());
    }
}
