//! Advisories in the OSV format, <https://ossf.github.io/osv-schema/>, in JSON or YAML.
//!
//! What the schema leaves to databases (`database_specific`, `ecosystem_specific`) is read where it is
//! known: GitHub's severities and weaknesses, Go's symbols, `RustSec`'s kinds and functions, Debian's urgency.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::file::{Reading, day, one_line, sort_aliases};
use crate::packages::{
    Ecosystem,
    advisories::{Advisory, AffectedRange, Event, Functions, Kind, Platforms, Scheme, key::key},
};

/// The weakness of code that was made to attack, CWE-506.
const MALICIOUS: u32 = 506;

#[derive(Deserialize)]
struct Record {
    id: String,
    published: Option<String>,
    modified: Option<String>,
    withdrawn: Option<String>,
    aliases: Option<Vec<String>>,
    upstream: Option<Vec<String>>,
    summary: Option<String>,
    details: Option<String>,
    severity: Option<Vec<Severity>>,
    affected: Option<Vec<Affected>>,
    references: Option<Vec<Reference>>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct Severity {
    #[serde(rename = "type")]
    kind: String,
    score: String,
}

#[derive(Deserialize)]
struct Affected {
    package: Option<Package>,
    severity: Option<Vec<Severity>>,
    ranges: Option<Vec<Range>>,
    versions: Option<Vec<String>>,
    #[serde(default)]
    ecosystem_specific: Value,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct Package {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    events: Vec<Boundary>,
}

/// An event: one of the fields is given.
#[derive(Deserialize)]
struct Boundary {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
    limit: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: String,
    url: String,
}

/// Reads a file in JSON.
pub(super) fn json(_: &str, text: &str) -> Result<Reading, String> {
    convert(serde_json::from_str(text).map_err(|error| error.to_string())?)
}

/// Reads a file in YAML.
pub(super) fn yaml(_: &str, text: &str) -> Result<Reading, String> {
    convert(serde_saphyr::from_str(text).map_err(|error| error.to_string())?)
}

fn convert(mut record: Record) -> Result<Reading, String> {
    if record.id.is_empty() {
        return Err("an empty id".to_owned());
    }
    if record.withdrawn.is_some() {
        return Ok(Reading::Withdrawn(record.id));
    }
    let mut packages: BTreeMap<String, (Advisory, Vec<String>)> = BTreeMap::new();
    let affected = record.affected.take().unwrap_or_default();
    let common = common(record);
    for affected in affected {
        let Some(package) = &affected.package else { continue };
        let (name, release) = match package.ecosystem.split_once(':') {
            Some((name, release)) => (name, Some(release)),
            None => (package.ecosystem.as_str(), None),
        };
        let Some(ecosystem) = Ecosystem::of_name(name) else { continue };
        let key = key(ecosystem, release, &package.name);
        let (advisory, versions) =
            packages.entry(key).or_insert_with(|| (common.clone(), Vec::new()));
        versions.extend(affected.take_into(advisory)?);
    }
    let packages = packages.into_iter().map(|(key, (mut advisory, versions))| {
        advisory.listed = versions.into_iter().collect();
        (key, advisory)
    });
    let says_something =
        |(_, advisory): &(_, Advisory)| !advisory.ranges.is_empty() || !advisory.listed.is_empty();
    Ok(Reading::Advisories(packages.filter(says_something).collect()))
}

/// What the advisory says about all packages.
fn common(record: Record) -> Advisory {
    let text = |key: &str| record.database_specific[key].as_str().map(str::to_owned);
    let weaknesses = weaknesses(&record.database_specific);
    let aliases = record.aliases.unwrap_or_default();
    let is_malicious = weaknesses.contains(&MALICIOUS)
        || std::iter::once(&record.id).chain(&aliases).any(|id| id.starts_with("MAL-"));
    let references = record.references.unwrap_or_default();
    let advisory = references.iter().find(|reference| reference.kind == "ADVISORY");
    let reference = advisory.or(references.first()).map(|reference| reference.url.clone());
    let summary = record.summary.filter(|summary| !summary.trim().is_empty());
    let mut advisory = Advisory {
        summary: one_line(&summary.unwrap_or_else(|| first_line(record.details.as_deref()))),
        kind: if is_malicious { Kind::Malicious } else { Kind::Vulnerability },
        published: record.published.as_deref().and_then(day),
        modified: record.modified.as_deref().and_then(day),
        severity: text("severity"),
        url: text("url").or(reference),
        weaknesses,
        ..Advisory::default()
    };
    advisory.id = record.id;
    advisory.aliases = aliases;
    advisory.aliases.extend(record.upstream.unwrap_or_default());
    sort_aliases(&mut advisory);
    set_severity(&mut advisory, record.severity.unwrap_or_default());
    advisory
}

/// The first line of a description that is no heading.
fn first_line(details: Option<&str>) -> String {
    let mut lines = details.unwrap_or_default().lines().map(str::trim);
    lines.find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default().to_owned()
}

/// `79` of `"cwe_ids": ["CWE-79"]`.
fn weaknesses(specific: &Value) -> Vec<u32> {
    let list = specific["cwe_ids"].as_array().or(specific["cwes"].as_array());
    let ids = list.into_iter().flatten().map(|entry| entry["cweId"].as_str().or(entry.as_str()));
    ids.flatten().filter_map(|id| id.strip_prefix("CWE-")?.parse().ok()).collect()
}

/// Takes vectors, and a database's own word only where there are none.
fn set_severity(advisory: &mut Advisory, given: Vec<Severity>) {
    for severity in given {
        if severity.kind.starts_with("CVSS_") {
            advisory.vectors.push(severity.score);
        } else {
            advisory.severity = Some(severity.score);
        }
    }
    if advisory.score().is_some() {
        advisory.severity = None;
    }
    advisory.severity = advisory.severity.take().map(|word| word.to_lowercase());
}

impl Affected {
    /// Adds what is said of one package, and gives the versions that are listed.
    fn take_into(self, advisory: &mut Advisory) -> Result<Vec<String>, String> {
        for range in self.ranges.unwrap_or_default() {
            let scheme = match range.kind.as_str() {
                "SEMVER" => Scheme::Semver,
                "ECOSYSTEM" => Scheme::Ecosystem,
                "GIT" => continue,
                other => return Err(format!("an unknown type of range: {other}")),
            };
            let events = range.events.into_iter().flat_map(Boundary::events).collect();
            let range = AffectedRange { scheme, events };
            // Go repeats a range for each of the ranges that its own versions can not tell.
            if !range.events.is_empty() && advisory.ranges.last() != Some(&range) {
                advisory.ranges.push(range);
            }
        }
        let specific = &self.ecosystem_specific;
        let word = specific["severity"].as_str().or(specific["urgency"].as_str());
        if let Some(word) = word.filter(|_| advisory.vectors.is_empty()) {
            advisory.severity = Some(word.to_lowercase());
        }
        if let Some(severity) = self.severity.filter(|severity| !severity.is_empty()) {
            advisory.vectors.clear();
            set_severity(advisory, severity);
        }
        take_kind(&self.database_specific, advisory);
        take_code(specific, advisory);
        Ok(self.versions.unwrap_or_default())
    }
}

/// The kind, where `RustSec` gives one.
fn take_kind(specific: &Value, advisory: &mut Advisory) {
    let categories = texts(&specific["categories"]);
    match specific["informational"].as_str() {
        Some("unsound") => advisory.kind = Kind::Unsound,
        Some("unmaintained") => advisory.kind = Kind::Unmaintained,
        Some(_) => advisory.kind = Kind::Notice,
        None if categories.iter().any(|category| category == "malicious") => {
            advisory.kind = Kind::Malicious;
        }
        None => {}
    }
}

/// Platforms and functions: `imports` of Go, `affects` of `RustSec`.
fn take_code(specific: &Value, advisory: &mut Advisory) {
    let platforms = |value: &Value, systems: &str, processors: &str| Platforms {
        systems: texts(&value[systems]),
        processors: texts(&value[processors]),
    };
    for import in specific["imports"].as_array().into_iter().flatten() {
        let functions = Functions {
            package: import["path"].as_str().map(str::to_owned),
            names: texts(&import["symbols"]),
            versions: Vec::new(),
            platforms: platforms(import, "goos", "goarch"),
        };
        advisory.functions.push(functions);
    }
    let affects = &specific["affects"];
    let limits = platforms(affects, "os", "arch");
    if !limits.is_all() {
        advisory.platforms = limits;
    }
    let names = texts(&affects["functions"]);
    if !names.is_empty() {
        advisory.functions.push(Functions { names, ..Functions::default() });
    }
}

fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

impl Boundary {
    fn events(self) -> impl Iterator<Item = Event> {
        let introduced = self.introduced.map(Event::Introduced);
        let fixed = self.fixed.map(Event::Fixed);
        let last = self.last_affected.map(Event::LastAffected);
        introduced.into_iter().chain(fixed).chain(last).chain(self.limit.map(Event::Limit))
    }
}
