//! `seaworthy scan`: from options to a request, from a report to files, stdout and an exit code.

use std::{collections::BTreeSet, path::Path};

use anyhow::Context as _;

use super::{output, progress::Progress};
use crate::{
    cli::{Kinds, Scan},
    judgement::Baseline,
    rule::Kind,
    run::{self, Audited, Request, Scope, Surroundings},
    verification::Way,
};

/// Turns the options into a request.
pub fn request(options: &Scan) -> Request {
    Request {
        path: options.path.clone(),
        target: options.target.clone(),
        base: options.base.clone(),
        scope: scope(options),
        baseline: options.baseline.clone(),
        config: options.config.clone(),
        advisory_db: options.advisory_db.clone(),
        refresh: (!options.network.offline && !super::is_offline()).then(super::now),
        deadline: options.deadline,
        kinds: kinds(options),
        fail_on: options.output.fail_on,
        strict: options.output.strict,
        pedantic: options.output.pedantic,
        allow: options.allow,
        login: None,
        verify: options.network.verify.then_some(Way::Public),
        online_metadata: options.network.online_metadata,
    }
}

fn scope(options: &Scan) -> Scope {
    if let Some(path) = &options.image {
        return Scope::Image { path: path.clone(), platform: options.platform.clone() };
    }
    match (options.staged, options.history) {
        (true, _) => Scope::Staged,
        (false, true) => Scope::History,
        (false, false) => Scope::Tree,
    }
}

/// The compartments that are asked for.
fn kinds(options: &Scan) -> BTreeSet<Kind> {
    let Kinds { only, skip } = &options.kinds;
    let by_default = |kind: &Kind| !options.staged || *kind == Kind::Secret;
    let is_asked =
        |kind: &Kind| if only.is_empty() { by_default(kind) } else { only.contains(kind) };
    Kind::ALL.into_iter().filter(is_asked).filter(|kind| !skip.contains(kind)).collect()
}

/// Audits, writes the reports, returns the exit code.
pub fn run(options: &Scan) -> anyhow::Result<u8> {
    anyhow::ensure!(
        !options.network.verify || !super::is_offline(),
        "ask vendors: SEAWORTHY_OFFLINE is set, which --verify can not be used with"
    );
    let progress = Progress::new(options.output.no_progress);
    let show = |stage| progress.show(&stage);
    let surroundings = Surroundings {
        today: super::today(),
        variable: &super::variable,
        interrupted: super::listen_for_interrupt(),
        progress: &show,
    };
    let request = request(options);
    run::start_threads(options.jobs)?;
    let Audited { report, baseline } = run::scan(&request, &surroundings)?;
    if let Some(path) = &options.write_baseline {
        let adopted = Baseline::adopt(&report, surroundings.today, baseline.as_ref());
        write_baseline(path, &adopted)?;
    }
    output::deliver(&report, &options.output, super::has_no_colour())?;
    Ok(report.exit_code())
}

fn write_baseline(path: &Path, baseline: &Baseline) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(baseline).context("write the baseline")?;
    text.push('\n');
    output::write_file(path, text.as_bytes())
}
