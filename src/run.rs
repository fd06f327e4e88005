//! The whole flow: config → sources → checks → facts → live → verification → judgement → report.

mod inputs;
mod live;
mod metadata;
mod policy;
mod refresh;
mod verification;

pub mod update;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::Context as _;
use jiff::{Timestamp, civil::Date};

use crate::{
    checks::{self, Audit, commits},
    config::{FILE_NAME, Size},
    deadline::Deadline,
    engines::secret::{masker::Masker, scanner::Scanner},
    finding::{FilePlace, Finding, Fingerprint, Outcome},
    judgement::{self, Anchors, Baseline},
    report::{Base, Report, Subject},
    rule::Kind,
    sources::{CommitTree, Entry, FolderTree, MemoryTree, Tree, repository::Repository},
    verification::Way,
};

use live::Aim;

pub use inputs::Inputs;
pub use policy::exclude;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The folder to audit.
    pub path: PathBuf,
    /// The deployment to audit.
    pub target: Option<String>,
    /// Compare with the merge base with this revision.
    pub base: Option<String>,
    /// What of the repository is audited.
    pub scope: Scope,
    /// A file of adopted findings.
    pub baseline: Option<PathBuf>,
    /// The configuration, if not `seaworthy.yaml` of the folder.
    pub config: Option<PathBuf>,
    /// The advisory database, if not that of the configuration.
    pub advisory_db: Option<PathBuf>,
    /// The time, if advisories in the cache that are too old may be downloaded anew; `None` is offline.
    pub refresh: Option<Timestamp>,
    /// The time that the run may take.
    pub deadline: Duration,
    /// The compartments that are asked for.
    pub kinds: BTreeSet<Kind>,
    /// Instead of the configuration's gate.
    pub fail_on: Option<crate::config::FailOn>,
    /// Whether incomplete counts as blocked.
    pub strict: bool,
    /// Whether the pedantic tier is shown.
    pub pedantic: bool,
    /// What the live audit may do beyond looking.
    pub allow: crate::cli::Allow,
    /// How to log in, if not as the configuration says.
    pub login: Option<crate::live::Login>,
    /// How vendors are reached, if they are to be asked whether found credentials live.
    pub verify: Option<Way>,
    /// Whether registries are asked about the packages of lockfiles.
    pub online_metadata: bool,
}

/// What of a repository is audited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The working tree and, with a base, the commits since.
    Tree,
    /// The working tree and, for secrets, all commits.
    History,
    /// What differs between the index and HEAD.
    Staged,
    /// Nothing of it: a container image is audited instead, under the folder's configuration.
    Image {
        /// The file or folder that holds it.
        path: PathBuf,
        /// Of several images, that of this platform, `linux/arm64`.
        platform: Option<String>,
    },
}

/// The world around the run, taken as an argument so that a run can be repeated.
pub struct Surroundings<'a> {
    /// The day of the run.
    pub today: Date,
    /// Reads an environment variable.
    pub variable: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Set by Ctrl-C.
    pub interrupted: &'a AtomicBool,
    /// Told when a stage begins.
    pub progress: &'a (dyn Fn(Stage) + Sync),
}

/// The stages of a run, for progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The tree is listed.
    Listing,
    /// Advisories are downloaded from this many sources.
    Refreshing(usize),
    /// Registries are asked about packages.
    Asking {
        /// How many packages.
        packages: usize,
        /// Which hosts, one after the other.
        hosts: String,
    },
    /// The checks look at this many files.
    Looking(usize),
    /// The merge base is looked at.
    Comparing,
    /// Commits of the past are looked at.
    Remembering,
    /// The target is audited.
    Probing,
    /// Vendors are asked about credentials: each is sent to its vendor.
    Verifying {
        /// How many are sent.
        credentials: usize,
        /// Where to, one after the other.
        hosts: String,
    },
    /// The outcomes are judged.
    Judging,
}

/// Prepares this many threads for all that follows; `None` is the number of cores. Once for a process.
pub fn start_threads(jobs: Option<usize>) -> anyhow::Result<()> {
    // Parsers recurse as deep as their limits allow; the usual two MiB are little for that.
    let threads =
        rayon::ThreadPoolBuilder::new().stack_size(8 << 20).num_threads(jobs.unwrap_or(0));
    threads.build_global().context("start threads")
}

/// Audits a folder, and its deployment if one is named.
pub fn scan(request: &Request, surroundings: &Surroundings<'_>) -> anyhow::Result<Audited> {
    let deadline = Deadline::after(request.deadline, surroundings.interrupted);
    (surroundings.progress)(Stage::Listing);
    let repository = Repository::discover(&request.path)?.map(Arc::new);
    if request.scope == Scope::Staged {
        let repository = repository.context("--staged needs a git repository")?;
        return scan_staged(&repository, request, surroundings, &deadline);
    }
    let tree = Tree::Folder(FolderTree::open(&request.path, repository.as_deref())?);
    let base = open_base(request, repository.as_ref())?;
    let rules_tree = base.as_ref().map_or(&tree, |base| &base.tip);
    let mut inputs = Inputs::read(request, rules_tree, surroundings)?;
    inputs.refresh(&tree, request, surroundings);
    let nothing = Tree::Memory(MemoryTree::new([]));
    let source = match request.scope {
        Scope::Image { .. } => Source { tree: &nothing, repository: None, base: None },
        _ => Source { tree: &tree, repository: repository.as_deref(), base: base.as_ref() },
    };
    let report = audit(&source, &inputs, request, surroundings, &deadline)?;
    Ok(Audited { report, baseline: inputs.baseline })
}

/// Audits what the next commit would change. The policy is that of the whole index.
fn scan_staged(
    repository: &Arc<Repository>,
    request: &Request,
    surroundings: &Surroundings<'_>,
    deadline: &Deadline<'_>,
) -> anyhow::Result<Audited> {
    anyhow::ensure!(
        !request.kinds.contains(&Kind::Repository),
        "audit the kind `repository` with --staged: it needs the whole tree"
    );
    // Git tells a hook so which index is to be committed: `git commit FILE` makes one of its own.
    let index = (surroundings.variable)("GIT_INDEX_FILE").map(PathBuf::from);
    let (all, changed) = CommitTree::staged(repository, index.as_deref())?;
    let (all, changed) = (Tree::Commit(all), Tree::Commit(changed));
    let mut inputs = Inputs::read(request, &all, surroundings)?;
    inputs.refresh(&all, request, surroundings);
    let source = Source { tree: &changed, repository: Some(repository), base: None };
    let report = audit(&source, &inputs, request, surroundings, deadline)?;
    Ok(Audited { report, baseline: inputs.baseline })
}

/// What a scan ends with.
pub struct Audited {
    /// The report.
    pub report: Report,
    /// The adopted findings that were given.
    pub baseline: Option<Baseline>,
}

/// What is audited, and what it is compared with.
pub struct Source<'a> {
    /// The tree.
    pub tree: &'a Tree,
    /// Its git repository, if it lies in one.
    pub repository: Option<&'a Repository>,
    /// The base, if one was named.
    pub base: Option<&'a BaseTrees>,
}

/// The two trees of `--base`.
pub struct BaseTrees {
    /// As the user named it, and the common ancestor.
    name: Base,
    /// The tip of the base: policy, rules and waivers come from here.
    tip: Tree,
    /// The common ancestor: its findings are known.
    ancestor: Tree,
}

fn open_base(
    request: &Request,
    repository: Option<&Arc<Repository>>,
) -> anyhow::Result<Option<BaseTrees>> {
    let Some(revision) = &request.base else { return Ok(None) };
    let repository = repository.context("--base needs a git repository")?;
    let context =
        || format!("compare with `{revision}` (a shallow clone has no history: fetch it)");
    let merge_base = repository.merge_base(revision, "HEAD").with_context(context)?;
    let open =
        |revision: &str| CommitTree::open(Arc::clone(repository), revision).map(Tree::Commit);
    Ok(Some(BaseTrees {
        tip: open(revision).with_context(context)?,
        ancestor: open(&merge_base).with_context(context)?,
        name: Base { revision: revision.clone(), merge_base },
    }))
}

/// Audits a tree under given inputs, and judges.
pub fn audit(
    source: &Source<'_>,
    inputs: &Inputs,
    request: &Request,
    surroundings: &Surroundings<'_>,
    deadline: &Deadline<'_>,
) -> anyhow::Result<Report> {
    let scanner = Scanner::new(&inputs.rules).on(surroundings.today);
    // Faults of configuration end the run before anything is looked at.
    let aim = live::aim(request, inputs)?;
    let mut policy = policy::build(inputs, request, surroundings.today, &Masker::plain(&scanner))?;
    let exclude = policy.exclude.clone();
    let is_excluded = |path: &str| exclude.is_match(path);
    let answers = metadata::ask(source.tree, inputs, request, surroundings, deadline)?;
    let context = checks::Context {
        registries: answers.as_ref(),
        ..inputs.context(&scanner, &request.kinds, &is_excluded)
    };
    (surroundings.progress)(Stage::Looking(source.tree.entries().len()));
    let Audit { mut outcomes, waivers } = match &request.scope {
        Scope::Image { path, platform } => {
            checks::image::audit(path, platform.as_deref(), &context, deadline)
        }
        _ => checks::audit(source.tree, &context, deadline),
    };
    let known = match source.base {
        Some(base) => {
            (surroundings.progress)(Stage::Comparing);
            let known = findings_of(checks::audit(&base.ancestor, &context, deadline));
            if deadline.passed() {
                outcomes.push(unknown_base(deadline));
            }
            known
        }
        None => Vec::new(),
    };
    if source.base.is_some() || request.scope == Scope::History {
        (surroundings.progress)(Stage::Remembering);
    }
    outcomes.extend(past(source, &outcomes, request, &context, deadline)?);
    outcomes.push(listing(source.tree));
    let facts: Vec<_> = outcomes.iter().flat_map(|outcome| outcome.facts.clone()).collect();
    let (tree, facts) = (source.tree, facts.as_slice());
    let half = live::Half { tree, inputs, request, scanner: &scanner, facts };
    match &aim {
        Aim::None => {}
        Aim::Lost(reason) => outcomes.push(live::lost(&inputs.asked, reason.clone())),
        Aim::At(target) => {
            (surroundings.progress)(Stage::Probing);
            outcomes.extend(half.audit(target, surroundings, deadline));
        }
    }
    let notices =
        verification::verify(&mut outcomes, &known, request, &context, surroundings, deadline);
    policy.notices.extend(notices);
    (surroundings.progress)(Stage::Judging);
    policy.anchors = anchors(source.tree, &half);
    policy.known = known;
    policy.inline_at_base =
        source.base.map(|base| checks::waivers_at(&base.tip, &waivers, &context));
    policy.inline = waivers;
    Ok(judgement::judge(outcomes, &policy, subject(source, request, &aim)))
}

/// Looks for secrets in commits, if any are to be looked at.
fn past(
    source: &Source<'_>,
    outcomes: &[Outcome],
    request: &Request,
    context: &checks::Context<'_>,
    deadline: &Deadline<'_>,
) -> anyhow::Result<Option<Outcome>> {
    let is_asked = request.kinds.contains(&Kind::Secret);
    if request.scope == Scope::History {
        let reason =
            "look at the history: it is searched for secrets, which --only or --skip leaves out";
        anyhow::ensure!(is_asked, reason);
        anyhow::ensure!(
            source.repository.is_some(),
            "look at the history: there is no git repository"
        );
    }
    let Some(repository) = source.repository.filter(|_| is_asked) else { return Ok(None) };
    let audited = commits::Audited { repository, tree: source.tree, outcomes };
    Ok(match source.base {
        Some(base) => Some(commits::since(&base.name.revision, &audited, context, deadline)),
        None if request.scope == Scope::History => {
            Some(commits::history(&audited, context, deadline))
        }
        None => None,
    })
}

fn findings_of(audit: Audit) -> Vec<Fingerprint> {
    let findings = audit.outcomes.into_iter().flat_map(|outcome| outcome.findings);
    findings.map(|finding: Finding| finding.fingerprint).collect()
}

/// The base was not looked at to its end, so that known findings may read as new.
fn unknown_base(deadline: &Deadline<'_>) -> Outcome {
    let reason = format!("{}: the base was not looked at to its end", deadline.reason());
    Outcome::new("base", Vec::new(), crate::finding::Ran::Failed(reason))
}

/// What the listing of the tree had to leave out.
fn listing(tree: &Tree) -> Outcome {
    let mut outcome = Outcome::new("tree", Vec::new(), crate::finding::Ran::Complete);
    outcome.looked_at = tree.entries().len() as u64;
    outcome.gaps = tree.gaps().to_vec();
    outcome
}

/// Where findings without a file are shown.
fn anchors(tree: &Tree, half: &live::Half<'_>) -> Anchors {
    let description = half.description().and_then(|(path, _)| tree.find(path.as_str()));
    Anchors {
        front: front(tree),
        target: tree.find(FILE_NAME).and_then(|entry| line_of(tree, entry, "target:")),
        description: description.map(|entry| first_line(tree, entry)),
    }
}

/// What stands for the whole: README, else the first tracked file.
fn front(tree: &Tree) -> Option<FilePlace> {
    let at_root = |name: &str| {
        let mut entries = tree.entries().iter();
        entries.find(|entry| entry.path.as_str().eq_ignore_ascii_case(name))
    };
    let readme = ["README.md", "README", "README.rst", "README.txt"].into_iter().find_map(at_root);
    let first = || tree.entries().iter().find(|entry| entry.tracked);
    readme.or_else(first).map(|entry| first_line(tree, entry))
}

/// The first line that begins with `word`.
fn line_of(tree: &Tree, entry: &Entry, word: &str) -> Option<FilePlace> {
    let file = tree.read(entry).ok()?;
    let index = file.text().lines().position(|line| line.starts_with(word))?;
    let line = u32::try_from(index + 1).ok()?;
    let mut place = FilePlace::whole(entry.path.clone());
    place.span = file.span(&file.line(line)?);
    place.line_hash = file.line_hash(line);
    Some(place)
}

fn first_line(tree: &Tree, entry: &Entry) -> FilePlace {
    let mut place = FilePlace::whole(entry.path.clone());
    if entry.size <= Size::default().bytes()
        && let Ok(file) = tree.read(entry)
    {
        place.line_hash = file.line_hash(1);
    }
    place
}

fn subject(source: &Source<'_>, request: &Request, aim: &Aim) -> Subject {
    let name = request.path.canonicalize().unwrap_or_else(|_| request.path.clone());
    Subject {
        name: name.file_name().map_or_else(|| ".".into(), |name| name.to_string_lossy().into()),
        commit: source.repository.and_then(|repository| repository.commit("HEAD").ok()),
        base: source.base.map(|base| base.name.clone()),
        target: if let Aim::At(target) = aim { Some(target.origin().to_string()) } else { None },
        files: source.tree.entries().len() as u64,
        front: front(source.tree).map(|front| front.path.to_string()),
    }
}
