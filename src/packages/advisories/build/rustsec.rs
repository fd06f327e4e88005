//! Advisories of `RustSec`: Markdown with a head in TOML, in `crates/<package>/<id>.md`, and in
//! `rust/<part>/<id>.md` for the toolchain.

use rustsec::{
    advisory::{self, Category, Informational},
    osv::ranges_for_advisory,
};

use super::file::{Reading, one_line, sort_aliases};
use crate::packages::{
    Ecosystem,
    advisories::{
        Advisory, AffectedRange, Event, Functions, Kind, Platforms, Scheme,
        key::{TOOLCHAIN, key},
    },
};

/// How the head begins.
const HEAD: &[u8] = b"```toml";

/// Whether a file is where advisories are, and is one or is called like one.
pub(super) fn is_one(path: &str, bytes: &[u8]) -> bool {
    place(path).is_some_and(|(_, _, id)| {
        bytes.starts_with(HEAD) || id.starts_with("RUSTSEC-") || id.starts_with("CVE-")
    })
}

/// Reads a file.
pub(super) fn read(path: &str, text: &str) -> Result<Reading, String> {
    let (collection, package, id) = place(path).ok_or("it is in another folder")?;
    let read = text.parse::<advisory::Advisory>().map_err(|error| error.to_string())?;
    let metadata = &read.metadata;
    if metadata.package.as_str() != package {
        return Err("it speaks of another package".to_owned());
    }
    if metadata.id.as_str() != id {
        return Err("it has another id inside".to_owned());
    }
    let is_public = metadata.source.as_ref().is_none_or(rustsec::SourceId::is_default_registry);
    if read.withdrawn() {
        return Ok(Reading::Withdrawn(id.to_owned()));
    }
    if !is_public || metadata.id.is_placeholder() {
        return Ok(Reading::Advisories(Vec::new()));
    }
    let release = (collection == TOOLCHAIN).then_some(TOOLCHAIN);
    let key = key(Ecosystem::CratesIo, release, package);
    Ok(Reading::Advisories(vec![(key, convert(read))]))
}

/// Collection, package and id of a path's last parts.
fn place(path: &str) -> Option<(&str, &str, &str)> {
    let mut parts = path.rsplit('/');
    let id = parts.next()?.strip_suffix(".md")?;
    let package = parts.next()?;
    let collection = parts.next()?;
    matches!(collection, "crates" | TOOLCHAIN).then_some((collection, package, id))
}

fn convert(read: advisory::Advisory) -> Advisory {
    let events = ranges_for_advisory(&read.versions).into_iter().flat_map(|range| {
        let first = range.introduced.map_or_else(|| "0".to_owned(), |version| version.to_string());
        let fixed = range.fixed.map(|version| Event::Fixed(version.to_string()));
        std::iter::once(Event::Introduced(first)).chain(fixed)
    });
    let events: Vec<Event> = events.collect();
    let advisory::Advisory { metadata, affected, .. } = read;
    let affected = affected.unwrap_or_default();
    let kind = match metadata.informational {
        None if metadata.categories.contains(&Category::Malicious) => Kind::Malicious,
        None => Kind::Vulnerability,
        Some(Informational::Unsound) => Kind::Unsound,
        Some(Informational::Unmaintained) => Kind::Unmaintained,
        Some(_) => Kind::Notice,
    };
    let mut advisory = Advisory {
        id: metadata.id.to_string(),
        aliases: metadata.aliases.iter().map(ToString::to_string).collect(),
        summary: one_line(&metadata.title),
        kind,
        published: metadata.date.to_string().parse().ok(),
        vectors: metadata.cvss.iter().map(ToString::to_string).collect(),
        ranges: vec![AffectedRange { scheme: Scheme::Semver, events }],
        platforms: Platforms {
            systems: affected.os.iter().map(|system| system.as_str().to_owned()).collect(),
            processors: affected.arch.iter().map(|one| one.as_str().to_owned()).collect(),
        },
        functions: functions(&affected),
        url: metadata.url.map(String::from),
        ..Advisory::default()
    };
    sort_aliases(&mut advisory);
    advisory
}

fn functions(affected: &advisory::Affected) -> Vec<Functions> {
    let functions = affected.functions.iter().map(|(path, versions)| Functions {
        names: vec![path.to_string()],
        versions: versions.iter().map(ToString::to_string).collect(),
        ..Functions::default()
    });
    functions.collect()
}
