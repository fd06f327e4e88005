//! What an index is made of, by the configuration.

use std::{collections::BTreeSet, path::Path};

use anyhow::Context as _;

use crate::{config::AdvisoryConfig, fetch::Address, packages::Ecosystem};

/// The public bucket of OSV: an archive for each ecosystem.
const OSV: &str = "https://osv-vulnerabilities.storage.googleapis.com/";
/// CISA's list of weaknesses that are known to be exploited.
const EXPLOITED: &str =
    "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json";
/// The scores of EPSS, of each day.
const LIKELIHOODS: &str = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz";

/// A source of advisories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is.
    pub address: Address,
    /// The ecosystem that it is about, if that is known before it is read.
    pub ecosystem: Option<Ecosystem>,
}

/// The ecosystems of these names, else those of the configuration, else all but distributions.
pub fn of_ecosystems(
    names: &[String],
    config: &AdvisoryConfig,
) -> anyhow::Result<BTreeSet<Ecosystem>> {
    let names = if names.is_empty() { &config.ecosystems } else { names };
    if names.is_empty() {
        let is_distribution =
            |one: &Ecosystem| matches!(one, Ecosystem::Debian | Ecosystem::Alpine);
        return Ok(Ecosystem::all().filter(|one| !is_distribution(one)).collect());
    }
    let find = |name: &String| {
        let same = |one: &Ecosystem| one.name().eq_ignore_ascii_case(name);
        Ecosystem::all().find(same).with_context(|| {
            let known: Vec<&str> = Ecosystem::all().map(Ecosystem::name).collect();
            format!("know the ecosystem `{name}`: known are {}", known.join(", "))
        })
    };
    names.iter().map(find).collect()
}

/// What an index is made of: the archives of OSV about these ecosystems, CISA's list and EPSS; or what the
/// configuration names in their stead. Paths are taken from `folder`.
pub fn wanted(
    config: &AdvisoryConfig,
    folder: &Path,
    ecosystems: &BTreeSet<Ecosystem>,
) -> anyhow::Result<Vec<Wanted>> {
    let parse = |text: &str| {
        let address = Address::parse(text).context("use `advisories.sources`")?;
        Ok::<_, anyhow::Error>(match address {
            Address::File(path) => Address::File(folder.join(path)),
            web @ Address::Web(_) => web,
        })
    };
    let mut wanted = Vec::new();
    if config.mirror.is_some() || config.sources.is_empty() {
        let base = parse(config.mirror.as_deref().unwrap_or(OSV))?;
        wanted.extend(ecosystems.iter().map(|ecosystem| Wanted {
            address: base.join(&[ecosystem.name(), "all.zip"]),
            ecosystem: Some(*ecosystem),
        }));
    }
    let usual = [EXPLOITED.to_owned(), LIKELIHOODS.to_owned()];
    let is_usual = config.mirror.is_none() && config.sources.is_empty();
    let others = if is_usual { usual.as_slice() } else { &config.sources };
    for text in others {
        wanted.push(Wanted { address: parse(text)?, ecosystem: None });
    }
    Ok(wanted)
}
