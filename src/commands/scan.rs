//! `seaworthy scan`: from options to a request, from a report to files, stdout and an exit code.

use std::{collections::BTreeSet, path::Path};

use anyhow::Context as _;

use super::{output, progress::Progress};
use crate::{
    cli::{Kinds, Scan},
    judgement::Baseline,
    rule::Kind,
    run::{self, Audited, Request, Surroundings, with_threads},
};

/// Turns the options into a request.
pub fn request(options: &Scan) -> Request {
    Request {
        path: options.path.clone(),
        target: options.target.clone(),
        base: options.base.clone(),
        baseline: options.baseline.clone(),
        config: options.config.clone(),
        advisory_db: options.advisory_db.clone(),
        deadline: options.deadline,
        kinds: kinds(&options.kinds),
        fail_on: options.output.fail_on,
        strict: options.output.strict,
        pedantic: options.output.pedantic,
        allow: options.allow,
        login: None,
    }
}

/// The compartments that are asked for.
pub fn kinds(options: &Kinds) -> BTreeSet<Kind> {
    let all = Kind::ALL.into_iter();
    let wanted = all.filter(|kind| options.only.is_empty() || options.only.contains(kind));
    wanted.filter(|kind| !options.skip.contains(kind)).collect()
}

/// Audits, writes the reports, returns the exit code.
pub fn run(options: &Scan) -> anyhow::Result<u8> {
    let progress = Progress::new(options.output.no_progress);
    let show = |stage| progress.show(stage);
    let surroundings = Surroundings {
        today: super::today(),
        variable: &super::variable,
        interrupted: super::listen_for_interrupt(),
        progress: &show,
    };
    let request = request(options);
    let audited = with_threads(options.jobs, || run::scan(&request, &surroundings))?;
    let Audited { report, baseline } = audited;
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
