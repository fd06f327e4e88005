//! The packument of npm, whole or abbreviated:
//! <https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md>.

use std::{borrow::Cow, collections::HashMap};

use jiff::civil::Date;

use super::{Listing, Release, day, reason};
use crate::packages::lockfile::{
    Fault,
    json::{Dialect, Kind, Reader},
};

/// Whether it is a name that npm would take. It is one part of an address, its scope included.
pub fn is_name(name: &str) -> bool {
    let (scope, bare) = match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').unwrap_or_default(),
        None => ("scope", name),
    };
    let is_plain = |part: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~!'()*".contains(&byte);
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_plain)
    };
    is_plain(bare) && is_plain(scope) && name.len() <= 214
}

/// Reads what the registry says of a package. The abbreviated form has no days.
pub fn read(text: &str) -> Result<Listing, Fault> {
    let mut listing = Listing::default();
    let mut days: HashMap<Cow<'_, str>, Date> = HashMap::new();
    let mut has_versions = false;
    Reader::read(text, Dialect::Plain, |reader, key| {
        match &*key.text {
            "versions" if reader.kind() == Kind::Object => {
                has_versions = true;
                reader.entries(|reader, version| {
                    let deprecated = deprecated(reader)?;
                    listing.releases.push(Release { deprecated, ..Release::new(&version.text) });
                    Ok(())
                })?;
            }
            "time" if reader.kind() == Kind::Object => {
                reader.entries(|reader, version| {
                    let time = reader.text_or_pass()?;
                    days.extend(time.and_then(|time| Some((version.text, day(&time.text)?))));
                    Ok(())
                })?;
            }
            "dist-tags" if reader.kind() == Kind::Object => {
                reader.entries(|reader, tag| {
                    if tag.text == "latest" {
                        listing.latest = reader.text_or_pass()?.map(|it| it.text.into_owned());
                    }
                    Ok(())
                })?;
            }
            _ => {}
        }
        Ok(())
    })?;
    if !has_versions {
        return Err(Fault::new(0, "no versions"));
    }
    for release in &mut listing.releases {
        release.published = days.get(release.version.as_str()).copied();
    }
    Ok(listing)
}

/// What the authors of one version say against it; an empty text takes it back.
fn deprecated(reader: &mut Reader<'_>) -> Result<Option<String>, Fault> {
    let mut deprecated = None;
    if reader.kind() != Kind::Object {
        return Err(Fault::new(reader.at(), "a version that is no object"));
    }
    reader.entries(|reader, key| {
        if key.text == "deprecated" {
            deprecated = match reader.kind() {
                Kind::Text => {
                    Some(reader.text()?.text).filter(|it| !it.is_empty()).map(|it| reason(&it))
                }
                _ => reader.is_true()?.then(String::new),
            };
        }
        Ok(())
    })?;
    Ok(deprecated)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = r#"{"_id": "a", "name": "a", "dist-tags": {"next": "2.0.0-rc.1", "latest": "1.1.0"},
        "versions": {
            "1.0.0": {"name": "a", "version": "1.0.0", "deprecated": "use b\ninstead", "dist": {"deprecated": 1}},
            "1.1.0": {"name": "a", "deprecated": ""}, "2.0.0-rc.1": {"deprecated": true}, "0.9.0": {"deprecated": false}},
        "time": {"created": "2020-01-01T00:00:00.000Z", "1.0.0": "2020-01-02T03:04:05.678Z", "unpublished": {"name": "x"}}}"#;

    #[test]
    fn versions_have_their_day_and_what_is_said_against_them() {
        let read = read(TEXT).unwrap();
        assert_eq!(read.latest.as_deref(), Some("1.1.0"));
        let shown = read.releases.iter().map(|it| (it.version.as_str(), it.deprecated.as_deref()));
        let shown: Vec<_> = shown.collect();
        let expected =
            [("1.0.0", Some("use b")), ("1.1.0", None), ("2.0.0-rc.1", Some("")), ("0.9.0", None)];
        assert_eq!(shown, expected);
        assert_eq!(read.releases[0].published.unwrap().to_string(), "2020-01-02");
    }

    #[test]
    fn what_is_no_packument_is_a_fault() {
        for text in
            ["{}", "{\"error\": \"not_found\"}", "[]", "<html>", "{\"versions\": {\"1\": 1}}"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_told() {
        assert!(is_name("@a/b.c") && is_name("left-pad"));
        for name in ["", ".", "..", "@a", "@/a", "@a/", "a/b", "@a/b/c", "a?b", "a#b", "a%2fb", "é"]
        {
            assert!(!is_name(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_damaged_answer_is_read_or_refused(at in any::<prop::sample::Index>(), put in "[\\[\\]{}\",:a0-1é]{0,6}") {
            let at = at.index(TEXT.len());
            let end = (at + 4).min(TEXT.len());
            let _ = read(&format!("{}{put}{}", &TEXT[..at], &TEXT[end..]));
        }
    }
}
