//! The PHP community's advisories: YAML, in `<vendor>/<package>/<CVE or date>.yaml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::file::{Reading, day, one_line};
use crate::packages::{
    Ecosystem,
    advisories::{Advisory, AffectedRange, Event, Scheme, key::key},
};

#[derive(Deserialize)]
struct Record {
    title: String,
    link: Option<String>,
    cve: Option<String>,
    reference: String,
    branches: BTreeMap<String, Branch>,
}

/// A line of releases.
#[derive(Deserialize)]
struct Branch {
    /// When it was repaired.
    time: Option<String>,
    /// Conditions that an affected version meets, all of them.
    versions: Vec<String>,
}

/// Reads a file.
pub(super) fn read(path: &str, text: &str) -> Result<Reading, String> {
    let record: Record = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let package = record.reference.strip_prefix("composer://").ok_or("no Composer package")?;
    let ghsa = record.link.as_deref().and_then(ghsa);
    let own = path.rsplit('/').next().unwrap_or_default();
    let own = || format!("{package}/{}", own.split('.').next().unwrap_or_default());
    let mut ids = record.cve.into_iter().chain(ghsa);
    let mut ranges = Vec::new();
    let mut listed = Vec::new();
    for branch in record.branches.values() {
        match conditions(&branch.versions)? {
            Affected::Range(events) => {
                ranges.push(AffectedRange { scheme: Scheme::Ecosystem, events });
            }
            Affected::One(version) => listed.push(version),
        }
    }
    let days = || record.branches.values().filter_map(|branch| day(branch.time.as_deref()?));
    let advisory = Advisory {
        id: ids.next().unwrap_or_else(own),
        aliases: ids.collect(),
        summary: one_line(&record.title),
        published: days().min(),
        modified: days().max(),
        ranges,
        listed: listed.into_iter().collect(),
        url: record.link,
        ..Advisory::default()
    };
    Ok(Reading::Advisories(vec![(key(Ecosystem::Packagist, None, package), advisory)]))
}

/// The id of a GitHub advisory at the end of its address.
fn ghsa(link: &str) -> Option<String> {
    let at = link.find("/GHSA-")?;
    let id = link.get(at + 1..at + 20)?;
    let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_id && link.len() == at + 20).then(|| id.to_owned())
}

/// What conditions on a version leave.
#[derive(Debug, PartialEq, Eq)]
enum Affected {
    Range(Vec<Event>),
    One(String),
}

fn conditions(conditions: &[String]) -> Result<Affected, String> {
    let (mut first, mut last) = (None, None);
    for condition in conditions {
        let condition = condition.trim();
        let length = condition.find(|c| !matches!(c, '<' | '>' | '=' | '!')).unwrap_or_default();
        let (operator, version) = condition.split_at(length);
        let version = version.trim().to_owned();
        let (bound, event) = match operator {
            _ if version.is_empty() => return Err("a condition without a version".to_owned()),
            ">=" => (&mut first, Event::Introduced(version)),
            // OSV knows no event behind a version. The smallest version behind it is its patch 0.
            ">" => (&mut first, Event::Introduced(format!("{version}-patch0"))),
            "<" => (&mut last, Event::Fixed(version)),
            "<=" => (&mut last, Event::LastAffected(version)),
            "=" | "==" if conditions.len() == 1 => return Ok(Affected::One(version)),
            _ => return Err(format!("an unknown condition: {condition}")),
        };
        if bound.replace(event).is_some() {
            return Err(format!("two bounds on one side: {condition}"));
        }
    }
    if first.is_none() && last.is_none() {
        return Err("a branch without versions".to_owned());
    }
    let first = first.unwrap_or_else(|| Event::Introduced("0".to_owned()));
    Ok(Affected::Range(std::iter::once(first).chain(last).collect()))
}
