//! Turns configuration and command line into the policy that findings are judged by.

use std::collections::BTreeMap;

use anyhow::Context as _;
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use jiff::{civil::Date, tz::TimeZone};

use super::{Inputs, Request, inputs::named};
use crate::{
    config::{Config, Waiver},
    engines::secret::masker::Masker,
    judgement::{Policy, WaiverRule, WaiverScope},
    packages::advisories::build::Source,
    report::Gate,
    rule::{Budget, RuleId, RuleSet, Severity, set},
    sources::file::printable,
};

/// Builds the policy. What comes from the tree (waivers in comments, known findings) is added later.
pub(super) fn build<'a>(
    inputs: &'a Inputs,
    request: &Request,
    today: Date,
    masker: &Masker<'_>,
) -> anyhow::Result<Policy<'a>> {
    let config = &inputs.config;
    let rules = &inputs.rules;
    let fail_on = match request.fail_on.or(config.fail_on) {
        Some(fail_on) => fail_on.severity(),
        None => Some(Severity::Critical),
    };
    let disabled = rules.slots().iter().filter(|slot| !inputs.asked.has(&slot.id));
    let waivers = config.waivers.iter().map(|waiver| waiver_rule(rules, waiver, masker));
    Ok(Policy {
        gate: Gate { fail_on, strict: request.strict },
        pedantic: request.pedantic,
        kinds: request.kinds.clone(),
        disabled: disabled.map(|slot| RuleId::new(&slot.id)).collect(),
        severities: severities(config, rules)?,
        exclude: exclude(config)?,
        waivers: waivers.collect::<anyhow::Result<_>>()?,
        baseline: inputs.baseline.clone(),
        notices: inputs.notices.iter().cloned().chain(stale(inputs, today)).collect(),
        attested: config.attested.clone(),
        budgets: budgets(config)?,
        ..Policy::plain(rules, today)
    })
}

fn severities(config: &Config, rules: &RuleSet) -> anyhow::Result<BTreeMap<RuleId, Severity>> {
    let mut severities = BTreeMap::new();
    for other in &config.severity {
        severities.extend(named(rules, &other.rule)?.into_iter().map(|id| (id, other.severity)));
    }
    Ok(severities)
}

/// A star stands for a part of one name, two stars for any number of folders.
fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern).literal_separator(true).build()
}

/// What is to be said of an advisory database that is older than the configuration allows.
fn stale(inputs: &Inputs, today: Date) -> Vec<String> {
    let Ok(index) = &inputs.advisories else { return Vec::new() };
    let most = i32::try_from(inputs.config.advisories.max_age_days).unwrap_or(i32::MAX);
    // What tells no day of its own is as old as the index, at least.
    let built = index.built().map(|built| built.to_zoned(TimeZone::UTC).date());
    let sources = index.sources().iter().filter(|source| source.kind.is_about_packages());
    let notice = |source: &Source| {
        // What was downloaded is as old as the last answer: few changes are no sign of age.
        let asked = inputs.asked_sources.get(&source.name).copied();
        let (name, date) = (printable(&source.name), asked.or(source.newest).or(built)?);
        let days = (today - date).get_days();
        (days > most && !source.is_missing()).then(|| {
            format!(
                "the advisories of {name} end at {date}, {days} days ago: what became known since is not told"
            )
        })
    };
    sources.filter_map(notice).collect()
}

/// What the configuration leaves out.
pub fn exclude(config: &Config) -> anyhow::Result<GlobSet> {
    let mut globs = GlobSetBuilder::new();
    for pattern in &config.exclude {
        globs.add(glob(pattern).with_context(|| format!("use `exclude: {pattern}`"))?);
    }
    globs.build().context("use `exclude`")
}

fn waiver_rule(
    rules: &RuleSet,
    waiver: &Waiver,
    masker: &Masker<'_>,
) -> anyhow::Result<WaiverRule> {
    let glob = |pattern: &str| {
        let glob = glob(pattern).with_context(|| format!("use the waiver's `{pattern}`"));
        glob.map(|glob| glob.compile_matcher())
    };
    let scope = match (&waiver.path, &waiver.route) {
        (Some(path), _) => WaiverScope::Path(glob(path)?),
        (None, Some(route)) => WaiverScope::Route(glob(route)?),
        (None, None) => WaiverScope::All,
    };
    let reason = masker.quote(&waiver.reason);
    Ok(WaiverRule { rules: named(rules, &waiver.rule)?, scope, reason, until: waiver.until })
}

fn budgets(config: &Config) -> anyhow::Result<Vec<Budget>> {
    let mut budgets = set::budgets();
    for other in &config.budgets {
        let mut same = budgets.iter_mut().filter(|budget| budget.metric == other.metric);
        let budget = same.next().with_context(|| {
            format!("use the configuration: no budget is called `{}`", other.metric)
        })?;
        budget.limit = other.limit.clone();
    }
    Ok(budgets)
}
