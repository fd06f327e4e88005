//! All that is known about one package, as bytes.
//!
//! A block begins with the package's key, so that it can be told from that of another package with the same
//! hash, and with a table of all versions that the advisories name. The table is in order, and each version
//! is written as what it shares with the one before it and the rest; events name versions by their place in
//! the table, and lists of versions are runs of places. A list of a hundred releases takes a few bytes.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use super::{
    Advisory, AffectedRange, Event, Functions, Kind, Likelihood, Listed, Platforms, Scheme,
    wire::{Corrupt, Decoder, Encoder},
};

/// Each kind, by its number.
const KINDS: [Kind; 5] =
    [Kind::Vulnerability, Kind::Malicious, Kind::Unsound, Kind::Unmaintained, Kind::Notice];
/// Each scheme, by its number.
const SCHEMES: [Scheme; 2] = [Scheme::Semver, Scheme::Ecosystem];
/// Each kind of event, by its number.
const EVENTS: [fn(String) -> Event; 4] =
    [Event::Introduced, Event::Fixed, Event::LastAffected, Event::Limit];

/// Bytes of a version. It bounds what a few bytes that repeat a version can become.
pub(super) const LONGEST_VERSION: usize = 256;

/// The block of a package. No version may be longer than [`LONGEST_VERSION`].
pub(super) fn encode(key: &str, advisories: &[Advisory]) -> Vec<u8> {
    let ranges = advisories.iter().flat_map(|advisory| &advisory.ranges);
    let named = ranges.flat_map(|range| range.events.iter().map(Event::version));
    let listed = advisories.iter().flat_map(|advisory| advisory.listed.iter());
    let versions: BTreeSet<&str> = named.chain(listed).collect();
    let versions: Vec<&str> = versions.into_iter().collect();
    let mut to = Encoder::default();
    to.text(key);
    encode_table(&mut to, &versions);
    let places: BTreeMap<&str, usize> = versions.iter().copied().zip(0..).collect();
    to.list(advisories, |to, advisory| encode_advisory(to, advisory, &places));
    to.0
}

/// What is known about the package with this key; `None` if the block is that of another one.
pub(super) fn decode(block: &[u8], key: &str) -> Result<Option<Vec<Advisory>>, Corrupt> {
    let mut from = Decoder(block);
    if from.str()? != key {
        return Ok(None);
    }
    let table = decode_table(&mut from)?;
    let advisories = from.list(|from| decode_advisory(from, &table))?;
    from.end()?;
    Ok(Some(advisories))
}

/// The key of a block.
pub(super) fn key_of(block: &[u8]) -> Result<&str, Corrupt> {
    Decoder(block).str()
}

fn encode_table(to: &mut Encoder, versions: &[&str]) {
    let mut before = "";
    to.list(versions, |to, version| {
        let is_same = |(one, other): &((usize, char), char)| one.1 == *other;
        let shared = version.char_indices().zip(before.chars()).take_while(is_same);
        let shared = shared.last().map_or(0, |((at, character), _)| at + character.len_utf8());
        to.number(shared as u64);
        to.text(&version[shared..]);
        before = version;
    });
}

fn decode_table(from: &mut Decoder<'_>) -> Result<Arc<[Box<str>]>, Corrupt> {
    let mut before = String::new();
    let versions = from.list(|from| {
        let shared = from.size()?;
        if !before.is_char_boundary(shared) {
            return Err(Corrupt);
        }
        before.truncate(shared);
        before.push_str(from.str()?);
        if before.len() > LONGEST_VERSION {
            return Err(Corrupt);
        }
        Ok(Box::from(before.as_str()))
    })?;
    Ok(versions.into())
}

fn encode_advisory(to: &mut Encoder, advisory: &Advisory, places: &BTreeMap<&str, usize>) {
    to.text(&advisory.id);
    to.texts(&advisory.aliases);
    to.text(&advisory.summary);
    to.number(place_of(&KINDS, &advisory.kind));
    to.date(advisory.published);
    to.date(advisory.modified);
    to.texts(&advisory.vectors);
    to.optional_text(advisory.severity.as_deref());
    to.date(advisory.known_exploited);
    to.list(advisory.likelihood.as_slice(), |to, likelihood| {
        to.float(likelihood.probability);
        to.float(likelihood.percentile);
    });
    let place = |version: &str| places.get(version).map_or(0, |place| *place as u64);
    to.list(&advisory.ranges, |to, range| {
        to.number(place_of(&SCHEMES, &range.scheme));
        to.list(&range.events, |to, event| {
            to.number((place(event.version()) << 2) | number_of(event));
        });
    });
    let listed: BTreeSet<u64> = advisory.listed.iter().map(place).collect();
    let mut end = 0;
    to.list(&runs(listed), |to, run| {
        to.number(run.start - end);
        to.number(run.end - run.start);
        end = run.end;
    });
    encode_platforms(to, &advisory.platforms);
    to.list(&advisory.functions, |to, functions| {
        to.optional_text(functions.package.as_deref());
        to.texts(&functions.names);
        to.texts(&functions.versions);
        encode_platforms(to, &functions.platforms);
    });
    to.optional_text(advisory.url.as_deref());
    to.list(&advisory.weaknesses, |to, weakness| to.number((*weakness).into()));
}

fn decode_advisory(from: &mut Decoder<'_>, table: &Arc<[Box<str>]>) -> Result<Advisory, Corrupt> {
    Ok(Advisory {
        id: from.text()?,
        aliases: from.texts()?,
        summary: from.text()?,
        kind: *KINDS.get(from.size()?).ok_or(Corrupt)?,
        published: from.date()?,
        modified: from.date()?,
        vectors: from.texts()?,
        severity: from.optional_text()?,
        known_exploited: from.date()?,
        likelihood: from
            .list(|from| Ok(Likelihood { probability: from.float()?, percentile: from.float()? }))?
            .pop(),
        ranges: from.list(|from| decode_range(from, table))?,
        listed: decode_listed(from, table)?,
        platforms: decode_platforms(from)?,
        functions: from.list(|from| {
            Ok(Functions {
                package: from.optional_text()?,
                names: from.texts()?,
                versions: from.texts()?,
                platforms: decode_platforms(from)?,
            })
        })?,
        url: from.optional_text()?,
        weaknesses: from.list(|from| u32::try_from(from.number()?).map_err(|_| Corrupt))?,
    })
}

fn decode_range(from: &mut Decoder<'_>, table: &[Box<str>]) -> Result<AffectedRange, Corrupt> {
    let scheme = *SCHEMES.get(from.size()?).ok_or(Corrupt)?;
    let events = from.list(|from| {
        let number = from.size()?;
        let version = table.get(number >> 2).ok_or(Corrupt)?;
        Ok(EVENTS[number & 3](version.to_string()))
    })?;
    Ok(AffectedRange { scheme, events })
}

fn decode_listed(from: &mut Decoder<'_>, table: &Arc<[Box<str>]>) -> Result<Listed, Corrupt> {
    let mut end: usize = 0;
    let runs = from.list(|from| {
        let start = end.checked_add(from.size()?).ok_or(Corrupt)?;
        end = start.checked_add(from.size()?).ok_or(Corrupt)?;
        table.get(start..end).map(|_| start..end).ok_or(Corrupt)
    })?;
    Ok(Listed { table: Arc::clone(table), runs })
}

fn encode_platforms(to: &mut Encoder, platforms: &Platforms) {
    to.texts(&platforms.systems);
    to.texts(&platforms.processors);
}

fn decode_platforms(from: &mut Decoder<'_>) -> Result<Platforms, Corrupt> {
    Ok(Platforms { systems: from.texts()?, processors: from.texts()? })
}

/// Neighbours in a set, put together.
fn runs(places: BTreeSet<u64>) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for place in places {
        match runs.last_mut() {
            Some(run) if run.end == place => run.end += 1,
            _ => runs.push(place..place + 1),
        }
    }
    runs
}

fn place_of<T: PartialEq>(all: &[T], one: &T) -> u64 {
    all.iter().position(|known| known == one).map_or(0, |place| place as u64)
}

/// The number of an event's kind in [`EVENTS`].
const fn number_of(event: &Event) -> u64 {
    match event {
        Event::Introduced(_) => 0,
        Event::Fixed(_) => 1,
        Event::LastAffected(_) => 2,
        Event::Limit(_) => 3,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    /// An advisory in which every field says something.
    pub(in super::super) fn full(id: &str, versions: &[String]) -> Advisory {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let events = vec![
            Event::Introduced("0".to_owned()),
            Event::Fixed("1.2.3".to_owned()),
            Event::Introduced("2.0.0".to_owned()),
            Event::LastAffected("2.1.0".to_owned()),
            Event::Limit("*".to_owned()),
        ];
        let platforms =
            Platforms { systems: texts(&["windows"]), processors: texts(&["x86", "arm"]) };
        Advisory {
            id: id.to_owned(),
            aliases: texts(&["CVE-2020-1", "GHSA-é"]),
            summary: "One line".to_owned(),
            kind: Kind::Unsound,
            published: Some(date(2020, 1, 2)),
            modified: Some(date(2021, 3, 4)),
            vectors: texts(&["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"]),
            severity: Some("high".to_owned()),
            known_exploited: Some(date(2022, 5, 6)),
            likelihood: Some(Likelihood { probability: 0.125, percentile: 0.5 }),
            ranges: vec![AffectedRange { scheme: Scheme::Ecosystem, events }],
            listed: versions.iter().cloned().collect(),
            platforms: platforms.clone(),
            functions: vec![Functions {
                package: Some("a/b".to_owned()),
                names: texts(&["b.F"]),
                versions: texts(&["<1"]),
                platforms,
            }],
            url: Some("https://example.org/1".to_owned()),
            weaknesses: vec![79, 1_321],
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(versions in prop::collection::btree_set("[0-9é.]{0,8}", 0..40)) {
            let versions: Vec<String> = versions.into_iter().collect();
            let some: Vec<String> = versions.iter().step_by(3).cloned().collect();
            let advisories = [full("A-1", &versions), full("A-2", &some), Advisory::default()];
            let block = encode("PyPI\na", &advisories);
            prop_assert_eq!(key_of(&block), Ok("PyPI\na"));
            prop_assert_eq!(decode(&block, "PyPI\nb"), Ok(None));
            prop_assert_eq!(decode(&block, "PyPI\na"), Ok(Some(advisories.to_vec())));
        }

        #[test]
        fn damaged_bytes_are_read_or_refused(at: prop::sample::Index, byte: u8, end: prop::sample::Index) {
            let advisories = [full("A-1", &["1.0".to_owned(), "1.1".to_owned()])];
            let mut block = encode("PyPI\na", &advisories);
            let at = at.index(block.len());
            block[at] = byte;
            let _ = decode(&block, "PyPI\na");
            block.truncate(end.index(block.len()));
            let _ = decode(&block, "PyPI\na");
        }
    }
}
