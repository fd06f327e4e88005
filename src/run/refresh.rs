//! Before a scan: advisories of the cache that are too old, or not there, are downloaded.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::{Timestamp, civil::Date};

use super::{
    Inputs, Request, Stage, Surroundings,
    inputs::{inside, open_advisories},
    update::{self, CHECKOUT, Kept, Update, Updated},
};
use crate::{
    config::Refresh,
    deadline::Deadline,
    fetch::{Address, Client},
    packages::{Ecosystem, advisories::Index, lockfile},
    rule::Kind,
    sources::Tree,
};

/// Most time for all downloads of one scan.
const LIMIT: Duration = Duration::from_secs(20);
/// What failed is not tried again by scans for so many seconds.
const PAUSE: i64 = 3_600;
const ADVICE: &str = "run `seaworthy db update`, or give --offline";

impl Inputs {
    /// Downloads advisories if the scan may, the tree has lockfiles, and what the cache holds about them is
    /// missing or too old. A failure is a notice: the scan goes on with what there is.
    pub(super) fn refresh(
        &mut self,
        audited: &Tree,
        request: &Request,
        surroundings: &Surroundings<'_>,
    ) {
        let Some(now) = request.refresh.filter(|_| self.may_refresh(request)) else { return };
        let ecosystems = ecosystems_of(audited);
        if ecosystems.is_empty() || !self.is_due(&ecosystems, now, surroundings) {
            return;
        }
        match self.update(ecosystems, now, request, surroundings) {
            Ok(updated) => {
                let failed = |line: &String| format!("advisories were not refreshed: {line}");
                self.notices.extend(updated.failures.iter().map(failed));
            }
            // Whoever is at it does the same.
            Err(error) if update::is_busy(&error) => {}
            Err(error) => {
                self.notices.push(format!("advisories were not refreshed: {error:#}; {ADVICE}"));
            }
        }
        self.advisories = open_advisories(request, &self.config, surroundings);
        self.date_sources(request, surroundings);
    }

    /// Reads when the sources of an index in the cache were last asked.
    pub(super) fn date_sources(&mut self, request: &Request, surroundings: &Surroundings<'_>) {
        let is_cached = request.advisory_db.is_none() && self.config.advisories.path.is_none();
        let place = update::place(&self.config.advisories, surroundings.variable);
        let (Ok(index), Some(place), true) = (&self.advisories, place, is_cached) else { return };
        let kept = Kept::read(&place);
        self.asked_sources = if kept.is_of(index) { kept.days() } else { BTreeMap::new() };
    }

    fn may_refresh(&self, request: &Request) -> bool {
        request.kinds.contains(&Kind::Dependency)
            && request.advisory_db.is_none()
            && self.config.advisories.path.is_none()
            && self.config.advisories.refresh == Refresh::Auto
    }

    /// Whether there is no index, or one that was downloaded and is too old, or knows nothing of an ecosystem.
    fn is_due(
        &self,
        ecosystems: &BTreeSet<Ecosystem>,
        now: Timestamp,
        surroundings: &Surroundings<'_>,
    ) -> bool {
        let config = &self.config.advisories;
        let Some(place) = update::place(config, surroundings.variable) else { return false };
        let kept = Kept::read(&place);
        if (0..PAUSE).contains(&(now.as_second() - kept.failed().as_second())) {
            return false;
        }
        let Ok(index) = &self.advisories else {
            return !place.exists() && !place.with_file_name(CHECKOUT).exists();
        };
        // What somebody made with `db build` is theirs.
        if !kept.is_of(index) {
            return false;
        }
        let most = i32::try_from(config.max_age_days).unwrap_or(i32::MAX);
        let is_old = |day: &Date| (surroundings.today - *day).get_days() > most;
        let has_sources = config.mirror.is_none() && !config.sources.is_empty();
        let is_known = |one: &Ecosystem| {
            has_sources || index.sources_of(*one).any(|source| !source.is_missing())
        };
        kept.days().values().any(is_old) || !ecosystems.iter().all(is_known)
    }

    fn update(
        &self,
        mut ecosystems: BTreeSet<Ecosystem>,
        now: Timestamp,
        request: &Request,
        surroundings: &Surroundings<'_>,
    ) -> anyhow::Result<Updated> {
        let config = &self.config.advisories;
        // What other projects need is kept as new as the rest.
        let known = self.advisories.iter().flat_map(Index::sources);
        ecosystems.extend(known.flat_map(|source| &source.ecosystems).copied());
        let wanted = update::wanted(config, &request.path, &ecosystems)?;
        let is_inside = |address: &Address| match address {
            Address::File(path) => inside(path, &request.path).is_some(),
            Address::Web(_) => false,
        };
        anyhow::ensure!(
            request.base.is_none() || !wanted.iter().any(|wanted| is_inside(&wanted.address)),
            "the change under audit could edit a path of `advisories.sources`"
        );
        let place = update::place(config, surroundings.variable);
        let place = place.ok_or_else(|| anyhow::anyhow!("no cache directory"))?;
        let client = Client::new(surroundings.variable)?;
        let deadline = Deadline::after(LIMIT.min(request.deadline), surroundings.interrupted);
        (surroundings.progress)(Stage::Refreshing(wanted.len()));
        Update {
            place: &place,
            wanted: &wanted,
            client: &client,
            deadline: &deadline,
            now,
            seen: &|_, _| {},
        }
        .run()
    }
}

/// The ecosystems of the tree's lockfiles. Advisories about distributions are of no use without a release.
fn ecosystems_of(tree: &Tree) -> BTreeSet<Ecosystem> {
    let formats = tree.entries().iter().filter_map(|entry| lockfile::format_of(&entry.path));
    let is_distribution = |one: &Ecosystem| matches!(one, Ecosystem::Debian | Ecosystem::Alpine);
    formats.map(|format| format.ecosystem).filter(|one| !is_distribution(one)).collect()
}
