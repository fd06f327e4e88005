//! The command line: clap types and nothing else.

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{config::FailOn, reporters::Format, rule::Kind};

const EXAMPLES: &str = "\
Examples:
  seaworthy scan                                   audit this folder
  seaworthy scan --target https://pr-7.example.com and what runs there
  seaworthy scan --base origin/main --report sarif=seaworthy.sarif
  seaworthy scan --history --only secret           and every commit of the past
  seaworthy demo                                   see what it finds in a bad shop

Exit codes: 0 clean, 1 blocked, 2 could not run, 3 incomplete";

/// May this ship? Audits a repository and its preview deployment.
#[derive(Debug, Parser)]
#[command(name = "seaworthy", version, about, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Audit a working tree and, with --target, what runs there
    Scan(Box<Scan>),
    /// List the rules, or explain one; other tools' ids work too
    Rules {
        /// A rule's id (secret/jwt), or another tool's (DL3002)
        id: Option<String>,
    },
    /// List the 61 controls and what answers each
    Controls,
    /// Write seaworthy.yaml and a workflow; never over an existing file
    Init {
        /// The repository
        #[arg(default_value = ".")]
        path: PathBuf,
        /// Only the hook that scans what is staged, in .pre-commit-config.yaml
        #[arg(long)]
        pre_commit: bool,
    },
    /// Audit the bundled practice shop: its source and a running copy on loopback
    Demo(Demo),
    /// Repair what can be repaired mechanically
    Fix(Fix),
    /// Download, make, show or check the index of advisories about dependencies
    #[command(subcommand)]
    Db(Db),
    /// Judge a JSON report again, by another gate
    Gate(Gate),
    /// Write what the lockfiles of a folder hold as a bill of materials
    Sbom(Sbom),
    /// Print a completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// `seaworthy scan`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Scan {
    /// The folder to audit
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Also audit what answers there
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    /// What the live audit may do
    #[command(flatten)]
    pub allow: Allow,
    /// Report and gate only what the merge base with REV does not have
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Also look for secrets in every commit that a reference reaches
    #[arg(long, conflicts_with = "base")]
    pub history: bool,
    /// Audit what the next commit would change, for a pre-commit hook; only secrets unless --only says
    #[arg(long, conflicts_with_all = ["base", "history", "target"])]
    pub staged: bool,
    /// Audit a container image instead: a file of `docker save`, an OCI layout as tar file or folder
    #[arg(long, value_name = "FILE", conflicts_with_all = ["base", "history", "staged", "target"])]
    pub image: Option<PathBuf>,
    /// Of several images in it, the one of this platform: linux/arm64
    #[arg(long, value_name = "OS/ARCH", requires = "image")]
    pub platform: Option<String>,
    /// Adopted findings, which do not block until their end date
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write what is found now as a baseline
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// The configuration [default: seaworthy.yaml in PATH]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// An index made by `seaworthy db build`, or a folder of advisories
    #[arg(long, value_name = "PATH")]
    pub advisory_db: Option<PathBuf>,
    /// What may be sent besides to the target
    #[command(flatten)]
    pub network: Network,
    /// End with what there is after this time: 90s, 5m
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub deadline: Duration,
    /// Threads of the static half [default: the number of cores]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Which compartments are audited
    #[command(flatten)]
    pub kinds: Kinds,
    /// How the result is judged and shown
    #[command(flatten)]
    pub output: Output,
}

/// What the live audit may do beyond looking.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Allow {
    /// The live audit may create objects and touch those
    #[arg(long)]
    pub writes: bool,
    /// It may send what an owner would want to be asked about
    #[arg(long)]
    pub intrusive: bool,
    /// It may measure under load
    #[arg(long)]
    pub load: bool,
}

/// What may be sent besides to the target.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Network {
    /// Send each credential found to its vendor, to ask whether it lives; not for changes from forks
    #[arg(long, conflicts_with = "offline")]
    pub verify: bool,
    /// Ask registries about the packages of lockfiles: yanked, deprecated, outdated
    #[arg(long, conflicts_with = "offline")]
    pub online_metadata: bool,
    /// Use no network but the target's
    #[arg(long)]
    pub offline: bool,
}

/// Which compartments are audited.
#[derive(Debug, Clone, Default, Args)]
pub struct Kinds {
    /// Only these kinds: secret code container kubernetes workflow service dependency repository live performance
    #[arg(long, value_name = "KIND,..", value_delimiter = ',', value_parser = Kind::from_str, hide_possible_values = true)]
    pub only: Vec<Kind>,
    /// All but these kinds
    #[arg(long, value_name = "KIND,..", value_delimiter = ',', value_parser = Kind::from_str)]
    pub skip: Vec<Kind>,
}

/// How the result is judged and shown.
#[derive(Debug, Clone, Default, Args)]
pub struct Output {
    /// terminal, sarif, json, markdown, html, junit, gitlab or github, to a file or to stdout;
    /// repeatable
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub report: Vec<ReportTo>,
    /// The lowest severity that blocks, or never [default: critical]
    #[arg(long, value_name = "SEVERITY", value_parser = FailOn::from_str)]
    pub fail_on: Option<FailOn>,
    /// Incomplete counts as blocked
    #[arg(long)]
    pub strict: bool,
    /// Also rules of the pedantic tier
    #[arg(long)]
    pub pedantic: bool,
    /// No progress on stderr
    #[arg(long)]
    pub no_progress: bool,
    /// auto, always or never
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub color: Colour,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Colour {
    /// If stdout is a terminal and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A format, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTo {
    /// The format.
    pub format: Format,
    /// The file, or `None` for stdout.
    pub file: Option<PathBuf>,
}

impl FromStr for ReportTo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = match text.split_once('=') {
            Some((_, "")) => return Err("the file's name is missing after `=`".to_owned()),
            Some((format, file)) => (format, Some(PathBuf::from(file))),
            None => (text, None),
        };
        Ok(Self { format: format.parse()?, file })
    }
}

/// `seaworthy gate`.
#[derive(Debug, Args)]
pub struct Gate {
    /// A report that `--report json` wrote; `-` for stdin
    pub file: PathBuf,
    /// terminal, sarif, json, markdown, html, junit, gitlab or github, to a file or to stdout;
    /// repeatable
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub report: Vec<ReportTo>,
    /// The lowest severity that blocks, or never [default: that of the report]
    #[arg(long, value_name = "SEVERITY", value_parser = FailOn::from_str)]
    pub fail_on: Option<FailOn>,
    /// Incomplete counts as blocked, also where the report's gate let it pass
    #[arg(long)]
    pub strict: bool,
    /// auto, always or never
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub color: Colour,
}

/// `seaworthy demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// The shop with every defect repaired
    #[arg(long)]
    pub repaired: bool,
    /// Only run the shop, until Ctrl-C
    #[arg(long)]
    pub serve: bool,
    /// What the live audit may do
    #[command(flatten)]
    pub allow: Allow,
    /// How the result is judged and shown
    #[command(flatten)]
    pub output: Output,
}

/// `seaworthy fix`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Fix {
    /// The folder whose files are repaired
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Instead move the packages of Cargo.lock files to versions that repair them: runs cargo, so only for projects
    /// that you trust; for other lockfiles the commands are named
    #[arg(long, conflicts_with_all = ["rule", "pedantic"])]
    pub dependencies: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Only what this rule finds; repeatable
    #[arg(long, value_name = "ID")]
    pub rule: Vec<String>,
    /// Also what rules of the pedantic tier find
    #[arg(long)]
    pub pedantic: bool,
    /// An index made by `seaworthy db build`, or a folder of advisories
    #[arg(long, value_name = "INDEX", requires = "dependencies")]
    pub advisory_db: Option<PathBuf>,
    /// Let cargo use no network
    #[arg(long, requires = "dependencies")]
    pub offline: bool,
}

/// `seaworthy db`.
#[derive(Debug, Subcommand)]
pub enum Db {
    /// Make an index of advisory databases; it replaces the one before it in one step
    Build {
        /// The file or folder of each: `RustSec`, OSV, PHP, KEV, EPSS; archives too
        #[arg(required = true)]
        from: Vec<PathBuf>,
        /// Where the index is
        #[command(flatten)]
        index: IndexPlace,
    },
    /// Download advisories, and make an index of them; what has not changed is not downloaded again
    Update(DbUpdate),
    /// Show what the index was made of, and how old that is
    Status {
        /// Where the index is
        #[command(flatten)]
        index: IndexPlace,
    },
    /// Read the whole index, and check that it is as it was written
    Verify {
        /// Where the index is
        #[command(flatten)]
        index: IndexPlace,
    },
}

/// `seaworthy db update`.
#[derive(Debug, Args)]
pub struct DbUpdate {
    /// Only about this ecosystem, as OSV names it: npm, crates.io; repeatable
    #[arg(long, value_name = "ECOSYSTEM")]
    pub ecosystem: Vec<String>,
    /// The configuration, for `advisories:` [default: seaworthy.yaml in this folder]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// End with what there is after this time: 90s, 5m
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    pub deadline: Duration,
    /// No progress on stderr
    #[arg(long)]
    pub no_progress: bool,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexPlace,
}

/// `seaworthy sbom`.
#[derive(Debug, Args)]
pub struct Sbom {
    /// The folder whose lockfiles are read
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The format of the document
    #[arg(long, value_name = "FORMAT", default_value = "cyclonedx")]
    pub format: BillFormat,
    /// The file, instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// A format of bills of materials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BillFormat {
    /// `CycloneDX` 1.6, JSON.
    Cyclonedx,
    /// SPDX 2.3, JSON.
    Spdx,
}

/// Where an index of advisories is.
#[derive(Debug, Clone, Args)]
pub struct IndexPlace {
    /// The index [default: advisories.idx in the user's cache directory]
    #[arg(long, value_name = "INDEX")]
    pub advisory_db: Option<PathBuf>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let help = || format!("`{text}` is not a time such as 90s, 5m or 1h");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| help())?;
    let seconds = match unit {
        "s" | "" => Some(number),
        "m" => number.checked_mul(60),
        "h" => number.checked_mul(3_600),
        _ => None,
    };
    seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs).ok_or_else(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_and_is_not_zero() {
        assert_eq!(duration("5m"), Ok(Duration::from_mins(5)));
        assert!(duration("0s").is_err());
        assert!(duration("5 minutes").is_err());
    }

    #[test]
    fn a_report_without_file_goes_to_stdout() {
        let report: ReportTo = "sarif".parse().unwrap();
        assert_eq!(report.file, None);
        assert!("sarif=".parse::<ReportTo>().is_err());
        for format in Format::ALL {
            let report: ReportTo = format!("{format}=a").parse().unwrap();
            assert_eq!(report.format, format);
        }
    }
}
