//! How much a weakness is exploited: CISA's list of those that are, and EPSS' guess for all.

use serde::Deserialize;

use super::file::{Reading, day};
use crate::packages::advisories::Likelihood;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Catalogue {
    date_released: Option<String>,
    vulnerabilities: Vec<Exploited>,
}

#[derive(Deserialize)]
struct Exploited {
    #[serde(rename = "cveID")]
    id: String,
    #[serde(rename = "dateAdded")]
    added: String,
}

/// Reads CISA's catalogue, in JSON.
pub(super) fn exploited(_: &str, text: &str) -> Result<Reading, String> {
    let catalogue: Catalogue = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let entries = catalogue.vulnerabilities.into_iter().map(|entry| {
        let added = day(&entry.added).ok_or_else(|| format!("{}: no date", entry.id))?;
        Ok((entry.id, added))
    });
    let newest = catalogue.date_released.as_deref().and_then(day);
    Ok(Reading::Exploited(entries.collect::<Result<_, String>>()?, newest))
}

/// Whether a file begins as the scores of EPSS do: with a comment and the names of the columns.
pub(super) fn is_likelihoods(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n').take(2);
    bytes.starts_with(b"#model_version")
        || lines.any(|line| line.trim_ascii() == COLUMNS.as_bytes())
}

const COLUMNS: &str = "cve,epss,percentile";

/// Reads the scores of EPSS, in CSV.
pub(super) fn likelihoods(_: &str, text: &str) -> Result<Reading, String> {
    let mut entries = Vec::new();
    let mut newest = None;
    for (number, line) in text.lines().enumerate() {
        if let Some(comment) = line.strip_prefix('#') {
            newest = comment.split("score_date:").nth(1).and_then(day);
        } else if line != COLUMNS && !line.is_empty() {
            let entry = likelihood(line).ok_or_else(|| format!("line {}: no score", number + 1))?;
            entries.push(entry);
        }
    }
    Ok(Reading::Likelihoods(entries, newest))
}

/// An entry: `CVE-1999-0001,0.01141,0.77736`.
fn likelihood(line: &str) -> Option<(String, Likelihood)> {
    let mut fields = line.split(',');
    let id = fields.next()?.to_owned();
    let mut share = || fields.next()?.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    let likelihood = Likelihood { probability: share()?, percentile: share()? };
    Some((id, likelihood))
}
