//! One file of a source: what it is, by its content, and what it says.

use jiff::civil::Date;
use memchr::memmem;

use super::{SourceKind, osv, php, ranking, rustsec};
use crate::packages::{
    advisories::{
        Advisory, Event, Likelihood, block::LONGEST_VERSION, is_in_ranges, key::ecosystem_of,
    },
    version::Version,
};

/// Bytes of a summary or of a reason.
const LONGEST_LINE: usize = 200;

/// What a file says.
#[derive(Debug)]
pub(super) enum Reading {
    /// An advisory: what it says about each package, by key. None if it is about no version of any.
    Advisories(Vec<(String, Advisory)>),
    /// The advisory with this id is taken back.
    Withdrawn(String),
    /// CVE ids that are exploited, each since when, and the day of the list.
    Exploited(Vec<(String, Date)>, Option<Date>),
    /// CVE ids and how likely they are exploited, and the day of the list.
    Likelihoods(Vec<(String, Likelihood)>, Option<Date>),
}

impl Reading {
    /// Whether it is an advisory that names no day.
    pub(super) fn is_undated(&self) -> bool {
        let Self::Advisories(list) = self else { return false };
        let is_dated = |(_, advisory): &(String, Advisory)| {
            advisory.modified.is_some() || advisory.published.is_some()
        };
        !list.is_empty() && !list.iter().any(is_dated)
    }
}

/// Reads the text of a file; it also gets the file's path.
type Read = fn(&str, &str) -> Result<Reading, String>;

/// Reads a file, or says why it can not be read; `None` if it is no advisory, such as a licence.
pub(super) fn read(path: &str, bytes: &[u8]) -> Option<(SourceKind, Result<Reading, String>)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (kind, read) = reader(path, bytes)?;
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned());
    let reading = text.and_then(|text| read(path, text)).and_then(trimmed);
    Some((kind, reading.map_err(|reason| one_line(&reason))))
}

/// What a file is, by its content: by the fields that all files of a format have.
fn reader(path: &str, bytes: &[u8]) -> Option<(SourceKind, Read)> {
    let has = |text: &str| memmem::find(bytes, text.as_bytes()).is_some();
    let has_line = |start: &str| bytes.starts_with(start.as_bytes()) || has(&format!("\n{start}"));
    let is_json = bytes.trim_ascii_start().starts_with(b"{");
    if rustsec::is_one(path, bytes) {
        Some((SourceKind::RustSec, rustsec::read))
    } else if ranking::is_likelihoods(bytes) {
        Some((SourceKind::Likelihoods, ranking::likelihoods))
    } else if is_json && has("\"cveID\"") {
        Some((SourceKind::Exploited, ranking::exploited))
    } else if is_json && has("\"id\"") && (has("\"modified\"") || has("\"affected\"")) {
        Some((SourceKind::Osv, osv::json))
    } else if !is_json && has_line("id:") && (has_line("modified:") || has_line("affected:")) {
        Some((SourceKind::Osv, osv::yaml))
    } else if !is_json && has_line("reference:") && has("composer://") {
        Some((SourceKind::Php, php::read))
    } else if is_named_as_one(path) {
        Some((SourceKind::Osv, |_, _| Err("not in any known format of advisories".to_owned())))
    } else {
        None
    }
}

/// Whether the bytes are those of an archive, or packed.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    const MAGIC: [&[u8]; 5] =
        [b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"];
    MAGIC.iter().any(|magic| bytes.starts_with(magic)) || bytes.get(257..262) == Some(b"ustar")
}

/// Whether a member of an archive is hidden, or lies in a hidden folder: `.github/a.yaml`, not `./a.yaml`.
pub(super) fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') && !matches!(part, "." | ".."))
}

/// Whether a data file bears the id of an advisory: `PYSEC-2020-1.yaml`. Of a damaged one that may be all
/// that is left.
fn is_named_as_one(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((stem, "json" | "yaml" | "yml")) = name.rsplit_once('.') else { return false };
    let Some((database, number)) = stem.split_once('-') else { return false };
    database.len() > 1
        && database.bytes().all(|byte| byte.is_ascii_uppercase())
        && number.bytes().any(|byte| byte.is_ascii_digit())
}

/// Refuses what an index can not hold, and leaves out listed versions that the ranges hold as well: most
/// databases list every release that there was, which would be nine tenths of the index.
fn trimmed(reading: Reading) -> Result<Reading, String> {
    let Reading::Advisories(mut list) = reading else { return Ok(reading) };
    for (key, advisory) in &mut list {
        let events = advisory.ranges.iter().flat_map(|range| &range.events).map(Event::version);
        if events.chain(advisory.listed.iter()).any(|version| version.len() > LONGEST_VERSION) {
            return Err(format!("a version of more than {LONGEST_VERSION} bytes"));
        }
        let Some(ecosystem) = ecosystem_of(key) else { continue };
        let is_covered = |listed: &str| {
            let version = Version::parse(ecosystem, listed);
            version.is_some_and(|version| is_in_ranges(&advisory.ranges, &version))
        };
        let kept = advisory.listed.iter().filter(|listed| !is_covered(listed)).map(str::to_owned);
        advisory.listed = kept.collect();
    }
    Ok(Reading::Advisories(list))
}

/// The first day of a time as RFC 3339 or SQL writes it; year 1 is how Go writes that it does not know.
pub(super) fn day(time: &str) -> Option<Date> {
    time.get(..10)?.parse().ok().filter(|date: &Date| date.year() > 1)
}

/// The text on one line, cut where it is too long.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if !line.is_empty() && !word.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > LONGEST_LINE {
            line.truncate(line.floor_char_boundary(LONGEST_LINE));
            line.push('…');
            break;
        }
    }
    line
}

/// Puts CVE ids first, and takes out the advisory's own id and what is there twice.
pub(super) fn sort_aliases(advisory: &mut Advisory) {
    let aliases = &mut advisory.aliases;
    aliases.retain(|alias| *alias != advisory.id);
    aliases.sort_by(|one, other| {
        let is_other = |alias: &str| !alias.starts_with("CVE-");
        (is_other(one), one).cmp(&(is_other(other), other))
    });
    aliases.dedup();
}
