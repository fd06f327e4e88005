//! The metadata of Packagist, minified: <https://packagist.org/apidoc>, <https://github.com/composer/metadata-minifier>.

use super::{Listing, Release, day, reason};
use crate::packages::lockfile::{
    Fault,
    json::{Dialect, Kind, Reader},
};

/// What stands for a key that the version before has and this one has not.
const UNSET: &str = "__unset";

/// The last part of a package's address. None for what is no name of a package.
pub fn path(name: &str) -> Option<String> {
    let is_plain = |part: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        part.starts_with(|first: char| first.is_ascii_alphanumeric()) && part.bytes().all(is_plain)
    };
    let (vendor, package) = name.split_once('/')?;
    (is_plain(vendor) && is_plain(package)).then(|| format!("{}.json", name.to_ascii_lowercase()))
}

/// Reads what the registry says of a package. Of each version there stands only what differs from the one before.
pub fn read(text: &str) -> Result<Listing, Fault> {
    let mut listing = Listing::default();
    let (mut is_minified, mut has_packages) = (false, false);
    // Whether it is minified may stand behind what is: a version that says less reads the same either way, but
    // for what is left out.
    let mut said: Vec<Said> = Vec::new();
    Reader::read(text, Dialect::Plain, |reader, key| {
        match &*key.text {
            "minified" => is_minified = reader.text_or_pass()?.is_some(),
            "packages" if reader.kind() == Kind::Object => {
                has_packages = true;
                reader.entries(|reader, _| {
                    reader.elements(|reader| {
                        said.push(version(reader)?);
                        Ok(())
                    })?;
                    Ok(())
                })?;
            }
            _ => {}
        }
        Ok(())
    })?;
    if !has_packages {
        return Err(Fault::new(0, "no packages"));
    }
    let mut before = Said::default();
    for said in said {
        let whole = if is_minified { said.after(&before) } else { said };
        if let Some(Value::Text(version)) = &whole.version {
            listing.releases.push(Release {
                published: whole.time.as_ref().and_then(|time| day(time.text())),
                deprecated: whole.abandoned.as_ref().and_then(Value::advice),
                ..Release::new(version)
            });
        }
        before = whole;
    }
    Ok(listing)
}

/// What stands at one version; none is what does not stand there.
#[derive(Clone, Default)]
struct Said {
    version: Option<Value>,
    time: Option<Value>,
    abandoned: Option<Value>,
}

#[derive(Clone)]
enum Value {
    Text(String),
    True,
    Unset,
}

impl Said {
    fn after(self, before: &Self) -> Self {
        let merge = |new: Option<Value>, old: &Option<Value>| new.or_else(|| old.clone());
        Self {
            version: merge(self.version, &before.version),
            time: merge(self.time, &before.time),
            abandoned: merge(self.abandoned, &before.abandoned),
        }
    }
}

impl Value {
    fn text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }

    /// What is said by whoever abandons a package: the name of another one, or nothing.
    fn advice(&self) -> Option<String> {
        match self {
            Self::Text(other) if !other.is_empty() => Some(reason(&format!("use {other}"))),
            Self::True => Some("abandoned".to_owned()),
            _ => None,
        }
    }
}

fn version(reader: &mut Reader<'_>) -> Result<Said, Fault> {
    let mut said = Said::default();
    reader.entries(|reader, key| {
        let slot = match &*key.text {
            "version" => &mut said.version,
            "time" => &mut said.time,
            "abandoned" => &mut said.abandoned,
            _ => return Ok(()),
        };
        *slot = Some(match reader.kind() {
            Kind::Text => match reader.text()?.text {
                text if text == UNSET => Value::Unset,
                text => Value::Text(text.into_owned()),
            },
            _ if reader.is_true()? => Value::True,
            _ => Value::Unset,
        });
        Ok(())
    })?;
    Ok(said)
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = r#"{"packages": {"a/b": [
        {"name": "a/b", "version": "v2.0.0", "version_normalized": "2.0.0.0", "time": "2024-05-01T10:00:00+00:00", "abandoned": "c/d", "require": {"version": "x"}},
        {"version": "1.1.0", "time": "2023-05-01T10:00:00+00:00"},
        {"version": "1.0.0", "abandoned": "__unset"}, {"version": "0.9.0", "time": "__unset", "abandoned": true}]},
        "minified": "composer/2.0"}"#;

    #[test]
    fn a_version_has_what_the_one_before_has_and_it_does_not_take_back() {
        let read = read(TEXT).unwrap().releases;
        let shown = read.iter().map(|it| {
            (it.version.as_str(), it.published.map(Date::year), it.deprecated.as_deref())
        });
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [
                ("v2.0.0", Some(2024), Some("use c/d")),
                ("1.1.0", Some(2023), Some("use c/d")),
                ("1.0.0", Some(2023), None),
                ("0.9.0", None, Some("abandoned")),
            ]
        );
    }

    #[test]
    fn without_the_mark_each_version_stands_for_itself() {
        let read = read(&TEXT.replace("minified", "other")).unwrap().releases;
        assert_eq!((read[1].deprecated.as_deref(), read[2].published), (None, None));
    }

    #[test]
    fn what_is_no_metadata_is_a_fault_and_what_is_no_name_has_no_place() {
        for text in ["{}", "{\"status\": \"error\"}", "[]", "{\"packages\": {\"a\": {}}}"] {
            assert!(super::read(text).is_err(), "{text}");
        }
        assert_eq!(path("Monolog/monolog").as_deref(), Some("monolog/monolog.json"));
        for name in ["", "a", "a/", "../b", "a/..", "a/b/c", "a/b~dev", "php"] {
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
