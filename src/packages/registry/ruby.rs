//! The versions of a gem: <https://guides.rubygems.org/rubygems-org-api/>. What is yanked is not among them.

use super::{Listing, Release, day};
use crate::packages::lockfile::{
    Fault,
    json::{Dialect, Reader},
};

/// The last part of a gem's address. None for what is no name.
pub fn path(name: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_name = !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_plain);
    is_name.then(|| format!("{name}.json"))
}

/// Reads what the registry says of a gem. A version that is built for several platforms is there once.
pub fn read(text: &str) -> Result<Listing, Fault> {
    let mut listing = Listing::default();
    // The answer is a list, and the reader wants an object.
    Reader::read(&format!("{{\"\":{text}}}"), Dialect::Plain, |reader, key| {
        if !key.text.is_empty() {
            return Err(Fault::new(0, "more than one value"));
        }
        reader.elements(|reader| {
            let mut release = Release::default();
            reader.entries(|reader, key| {
                match &*key.text {
                    "number" => release.version = reader.text()?.text.into_owned(),
                    "created_at" => {
                        let time = reader.text_or_pass()?;
                        release.published = time.and_then(|time| day(&time.text));
                    }
                    _ => {}
                }
                Ok(())
            })?;
            let is_last = listing.releases.last().is_some_and(|it| it.version == release.version);
            if !is_last && !release.version.is_empty() {
                listing.releases.push(release);
            }
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(listing)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = r#"[{"authors": "a", "built_at": "2024-02-01T00:00:00.000Z", "created_at": "2024-02-21T19:22:10.353Z",
        "number": "3.0.9.1", "platform": "ruby", "prerelease": false, "licenses": null, "metadata": {"number": "1"}},
        {"number": "3.0.9.1", "platform": "java"}, {"number": "3.0.0.rc1", "prerelease": true}]"#;

    #[test]
    fn each_version_is_there_once() {
        let read = read(TEXT).unwrap().releases;
        let versions: Vec<_> = read.iter().map(|it| it.version.as_str()).collect();
        assert_eq!(versions, ["3.0.9.1", "3.0.0.rc1"]);
        assert_eq!(read[0].published.unwrap().to_string(), "2024-02-21");
    }

    #[test]
    fn what_is_no_list_of_versions_is_a_fault() {
        for text in ["", "{}", "This rubygem could not be found.", "[1]", "[],\"a\":[]", "[]} {"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_has_no_place() {
        assert_eq!(path("rack-test").as_deref(), Some("rack-test.json"));
        for name in ["", "..", "a/b", "a?b", "é"] {
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
