//! The registrations of `NuGet`: <https://learn.microsoft.com/nuget/api/registration-base-url-resource>.

use super::{Listing, Release, day, reason};
use crate::packages::lockfile::{
    Fault,
    json::{Dialect, Kind, Reader},
};

/// Pages within an index, and versions within those.
const DEEPEST: usize = 2;

/// Where the index of a package stands. None for what is no identifier.
pub fn path(name: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_name = !name.is_empty() && !name.starts_with('.') && name.len() <= 100;
    (is_name && name.bytes().all(is_plain))
        .then(|| format!("{}/index.json", name.to_ascii_lowercase()))
}

/// An index or a page of one.
#[derive(Debug, Default)]
pub struct Registration {
    /// The versions that stand in it.
    pub listing: Listing,
    /// Addresses of pages whose versions do not.
    pub pages: Vec<String>,
}

/// Reads an index or a page.
pub fn read(text: &str) -> Result<Registration, Fault> {
    let mut registration = Registration::default();
    let mut has_items = false;
    Reader::read(text, Dialect::Plain, |reader, key| {
        if key.text == "items" && reader.kind() == Kind::List {
            has_items = true;
            reader.elements(|reader| item(reader, &mut registration, 1))?;
        }
        Ok(())
    })?;
    if has_items { Ok(registration) } else { Err(Fault::new(0, "no items")) }
}

/// A page, or a version.
fn item(reader: &mut Reader<'_>, to: &mut Registration, depth: usize) -> Result<(), Fault> {
    let mut address = None;
    let mut is_told = false;
    reader.entries(|reader, key| {
        match &*key.text {
            "@id" => address = reader.text_or_pass()?.map(|it| it.text.into_owned()),
            "items" if reader.kind() == Kind::List && depth < DEEPEST => {
                is_told = true;
                reader.elements(|reader| item(reader, to, depth + 1))?;
            }
            "catalogEntry" if reader.kind() == Kind::Object => {
                is_told = true;
                to.listing.releases.push(release(reader)?);
            }
            "catalogEntry" => is_told = true,
            _ => {}
        }
        Ok(())
    })?;
    to.pages.extend(address.filter(|_| !is_told));
    Ok(())
}

fn release(reader: &mut Reader<'_>) -> Result<Release, Fault> {
    let mut release = Release::default();
    reader.entries(|reader, key| {
        match &*key.text {
            // Build metadata is shown there and is no part of the version elsewhere.
            "version" => {
                let version = reader.text()?.text;
                version.split('+').next().unwrap_or_default().clone_into(&mut release.version);
            }
            "published" => release.published = reader.text_or_pass()?.and_then(|it| day(&it.text)),
            "listed" => {
                let listed = reader.pass()?;
                let is_unlisted = listed.len() == "false".len();
                release.yanked = is_unlisted.then(String::new);
            }
            "deprecation" if reader.kind() == Kind::Object => {
                release.deprecated = Some(deprecation(reader)?);
            }
            _ => {}
        }
        Ok(())
    })?;
    // What is unlisted is given this year, so that old clients see it too.
    release.published = release.published.filter(|day| day.year() > 1900);
    Ok(release)
}

fn deprecation(reader: &mut Reader<'_>) -> Result<String, Fault> {
    let (mut message, mut reasons) = (None, Vec::new());
    reader.entries(|reader, key| {
        match &*key.text {
            "message" => message = reader.text_or_pass()?.map(|it| reason(&it.text)),
            "reasons" if reader.kind() == Kind::List => {
                reader.elements(|reader| {
                    reasons.extend(reader.text_or_pass()?.map(|it| it.text.into_owned()));
                    Ok(())
                })?;
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(message.filter(|it| !it.is_empty()).unwrap_or_else(|| reason(&reasons.join(", "))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = r#"{"count": 2, "items": [
        {"@id": "https://example.org/a/page/1.json", "lower": "1.0.0", "items": [
            {"@id": "x", "catalogEntry": {"@id": "y", "version": "1.0.0+build", "published": "1900-01-01T00:00:00+00:00", "listed": false}},
            {"@id": "x", "catalogEntry": {"version": "1.1.0", "published": "2021-03-04T05:06:07.89+00:00", "listed": true,
                "deprecation": {"reasons": ["Legacy", "Other"], "alternatePackage": {"id": "b"}}}}]},
        {"@id": "https://example.org/a/page/2.json", "lower": "2.0.0"}]}"#;

    #[test]
    fn versions_stand_in_pages_and_pages_elsewhere_are_named() {
        let read = read(TEXT).unwrap();
        assert_eq!(read.pages, ["https://example.org/a/page/2.json"]);
        let [first, second] = read.listing.releases.as_slice() else { panic!() };
        assert_eq!((first.version.as_str(), first.published), ("1.0.0", None));
        assert_eq!(first.yanked.as_deref(), Some(""));
        assert_eq!((second.yanked.as_deref(), second.published.unwrap().year()), (None, 2021));
        assert_eq!(second.deprecated.as_deref(), Some("Legacy, Other"));
    }

    #[test]
    fn a_page_alone_reads_as_well() {
        let read =
            read(r#"{"items": [{"@id": "x", "catalogEntry": {"version": "3.0.0"}}]}"#).unwrap();
        assert_eq!((read.listing.releases[0].version.as_str(), read.pages.len()), ("3.0.0", 0));
    }

    #[test]
    fn what_is_no_registration_is_a_fault_and_what_is_no_name_has_no_place() {
        for text in ["{}", "[]", "{\"items\": [1]}", "<?xml version=\"1.0\"?>"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(path("Newtonsoft.Json").as_deref(), Some("newtonsoft.json/index.json"));
        for name in ["", "..", "a/b", "a?b"] {
            assert_eq!(path(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_damaged_answer_is_read_or_refused(at in any::<prop::sample::Index>(), put in "[\\[\\]{}\",:a0-1é.-]{0,6}") {
            let at = at.index(TEXT.len());
            let end = (at + 4).min(TEXT.len());
            let _ = read(&format!("{}{put}{}", &TEXT[..at], &TEXT[end..]));
        }
    }
}
