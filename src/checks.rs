//! The static half: checks that look at files, on rayon, without clock, network or environment.
//!
//! A check notes raw drafts; once all checks have seen a file, the masker turns them into findings.

mod archives;
pub mod cluster;
mod code;
pub mod commits;
pub mod currency;
mod documents;
mod finish;
pub mod hygiene;
pub mod image;
mod infrastructure;
pub mod licences;
mod pinned;
mod secrets;
pub mod supply;
pub mod vulnerable;
mod waivers;

use std::{
    cell::Cell,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
};

use rayon::prelude::*;

use crate::{
    config::{DependencyConfig, Size},
    deadline::Deadline,
    engines::secret::{
        masker::Masker,
        scanner::{Scanner, SecretMatch},
    },
    finding::{Draft, Fact, FileNotes, Finding, Gap, InlineWaiver, Outcome, Place, Ran, RepoPath},
    packages::{
        advisories::Index, cargo_index::CargoIndex, licence::Policy, local::Caches,
        registry::Answers,
    },
    rule::{Kind, Marker, RuleId, RuleSet},
    sources::{Entry, SourceFile, Tree, archive},
};

/// Most findings of one rule in one file that are listed.
const MOST_OF_ONE_RULE: usize = 200;

/// Files of more bytes than this are looked at one at a time, so that memory does not grow with threads.
const LARGE: u64 = 1 << 20;
/// The memory of the large file.
static ONE_LARGE_FILE: Mutex<Vec<u8>> = Mutex::new(Vec::new());

thread_local! {
    /// The memory of the thread's other files: given back for each one, it would have to be cleared for each.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Something that a check looks at files as: `dockerfile`, `python`; with the rules it answers for.
pub struct Subject {
    /// Its name, `<check>/<what>`: `document/dockerfile`. The outcome is called so.
    pub name: &'static str,
    /// The rules that are looked for in such files.
    pub rules: Vec<RuleId>,
}

/// A pure function of one file.
pub trait FileCheck: Send + Sync {
    /// The check's name, `document`.
    fn name(&self) -> &'static str;
    /// What it looks at files as.
    fn subjects(&self) -> Vec<Subject>;
    /// Whether it may have something to say about a file of this path.
    fn wants(&self, path: &RepoPath) -> bool;
    /// Looks at the file; notes each subject that it looked at it as.
    fn check(&self, file: &SourceFile, deadline: &Deadline<'_>, notes: &mut FileNotes);
}

/// A check that needs several files, or what file checks noted.
pub trait RepoCheck: Send + Sync {
    /// The check's name, `hygiene`.
    fn name(&self) -> &'static str;
    /// Looks at the tree.
    fn check(&self, tree: &Tree, facts: &[Fact], deadline: &Deadline<'_>) -> Outcome;
}

/// What the static half needs besides the tree.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The rules of the run.
    pub rules: &'a RuleSet,
    /// The secret scanner, which the masker needs even if secrets are not asked for.
    pub scanner: &'a Scanner,
    /// The compartments that are asked for.
    pub kinds: &'a BTreeSet<Kind>,
    /// Key of the fingerprints of secrets, if one is configured.
    pub fingerprint_key: Option<&'a str>,
    /// Whether the configuration leaves a path out: its findings are counted, and nothing passes by it.
    pub is_excluded: &'a (dyn Fn(&str) -> bool + Sync),
    /// Files over this many bytes are not read.
    pub max_file_size: u64,
    /// The tools whose comments excuse credentials, too.
    pub markers: &'a [Marker],
    /// The advisory database, or why there is none and what to do; `None` if none was named.
    pub advisories: Option<Result<&'a Index, &'a str>>,
    /// What the project wants of its dependencies.
    pub dependencies: &'a DependencyConfig,
    /// Which licences packages may have; `None` if the project does not say.
    pub licences: Option<&'a Policy>,
    /// Where files of packages may lie on this machine.
    pub caches: &'a Caches,
    /// What is known of packages from outside of the tree.
    pub registries: Option<&'a Answers>,
    /// The tree that is looked at, for checks that need a second file to say more of what they found.
    pub tree: Option<&'a Tree>,
    /// What cargo keeps of its registry's index on this machine.
    pub cargo: Option<&'a CargoIndex>,
}

impl<'a> Context<'a> {
    /// A run that is told nothing else: nothing is left out, and there is no database and no index.
    pub fn new(
        rules: &'a RuleSet,
        scanner: &'a Scanner,
        kinds: &'a BTreeSet<Kind>,
        dependencies: &'a DependencyConfig,
        caches: &'a Caches,
    ) -> Self {
        Self {
            rules,
            scanner,
            kinds,
            fingerprint_key: None,
            is_excluded: &|_| false,
            max_file_size: Size::default().bytes(),
            markers: &[],
            advisories: None,
            dependencies,
            licences: None,
            caches,
            registries: None,
            tree: None,
            cargo: None,
        }
    }
}

/// Builds one file check.
pub type BuildFileCheck = for<'a> fn(&Context<'a>) -> Box<dyn FileCheck + 'a>;

/// The file checks, in the order in which people read them.
pub const FILE_CHECKS: &[BuildFileCheck] = &[
    secrets::build,
    code::build,
    documents::build,
    vulnerable::build,
    supply::build,
    pinned::build,
    licences::build,
    currency::build,
];

/// Builds one repository check.
pub type BuildRepoCheck = for<'a> fn(&Context<'a>) -> Box<dyn RepoCheck + 'a>;

/// The repository checks, in the order in which people read them.
pub const REPO_CHECKS: &[BuildRepoCheck] =
    &[hygiene::policies, hygiene::lockfiles, infrastructure::build, cluster::build];

/// What the static half brings home.
pub struct Audit {
    /// One outcome for each subject of each check.
    pub outcomes: Vec<Outcome>,
    /// Comments that excuse findings, by file.
    pub waivers: Vec<(RepoPath, InlineWaiver)>,
}

/// Looks at every file of the tree with every check.
pub fn audit(tree: &Tree, context: &Context<'_>, deadline: &Deadline<'_>) -> Audit {
    let context = &Context { tree: Some(tree), ..*context };
    let built = FILE_CHECKS.iter().map(|build| build(context));
    let checks: Vec<_> = built.filter(|check| is_asked(check.as_ref(), context)).collect();
    let gathered = tree
        .entries()
        .par_iter()
        .fold(Gathered::default, |gathered, entry| {
            gathered.with(visit(tree, entry, &checks, context, deadline), context)
        })
        .reduce(Gathered::default, Gathered::and);
    let mut audit = Audit { outcomes: outcomes(&checks), waivers: Vec::new() };
    audit.take(gathered);
    let facts = audit.facts();
    let whole = REPO_CHECKS.iter().map(|build| build(context).check(tree, &facts, deadline));
    audit.outcomes.extend(whole);
    audit
}

/// Whether a check looks for anything of the compartments that are asked for.
fn is_asked(check: &dyn FileCheck, context: &Context<'_>) -> bool {
    let subjects = check.subjects();
    let mut rules = subjects.iter().flat_map(|subject| &subject.rules);
    rules.any(|rule| rule.kind().is_some_and(|kind| context.kinds.contains(&kind)))
}

/// Reads the waivers of those files of `tree` that have waivers elsewhere, to see which stand in both.
pub fn waivers_at(
    tree: &Tree,
    elsewhere: &[(RepoPath, InlineWaiver)],
    context: &Context<'_>,
) -> Vec<(RepoPath, InlineWaiver)> {
    let paths: BTreeSet<&RepoPath> = elsewhere.iter().map(|(path, _)| path).collect();
    let masker = Masker::plain(context.scanner);
    let files = paths.into_iter().filter_map(|path| tree.read(tree.find(path.as_str())?).ok());
    let read = |file: SourceFile| {
        let waivers = waivers::read(&file, &masker, context.markers, context.rules).into_iter();
        waivers.map(|waiver| (file.path().clone(), waiver)).collect::<Vec<_>>()
    };
    files.flat_map(read).collect()
}

/// What the checks made of one file.
struct Visit {
    path: RepoPath,
    findings: Vec<(&'static str, Finding)>,
    notes: FileNotes,
    /// Why the file was not looked at, or not entirely.
    gap: Option<Gap>,
}

/// What the checks made of some files, in order: of most files, only that they were looked at.
#[derive(Default)]
struct Gathered {
    /// Files by subject.
    looked_at: BTreeMap<&'static str, u64>,
    visits: Vec<Visit>,
}

impl Gathered {
    fn with(mut self, visit: Visit, context: &Context<'_>) -> Self {
        let counts = !(context.is_excluded)(visit.path.as_str());
        for subject in &visit.notes.looked_at {
            *self.looked_at.entry(subject).or_default() += u64::from(counts);
        }
        if visit.tells_something() {
            self.visits.push(visit);
        }
        self
    }

    fn and(mut self, other: Self) -> Self {
        for (subject, count) in other.looked_at {
            *self.looked_at.entry(subject).or_default() += count;
        }
        self.visits.extend(other.visits);
        self
    }
}

impl Visit {
    fn tells_something(&self) -> bool {
        let notes = &self.notes;
        self.gap.is_some()
            || !(self.findings.is_empty()
                && notes.facts.is_empty()
                && notes.gaps.is_empty()
                && notes.waivers.is_empty())
    }
}

fn visit(
    tree: &Tree,
    entry: &Entry,
    checks: &[Box<dyn FileCheck + '_>],
    context: &Context<'_>,
    deadline: &Deadline<'_>,
) -> Visit {
    let mut visit = Visit {
        path: entry.path.clone(),
        findings: Vec::new(),
        notes: FileNotes::default(),
        gap: None,
    };
    let gap =
        |reason: String| Some(Gap { subject: entry.path.to_string(), reason, incomplete: true });
    if !checks.iter().any(|check| check.wants(&entry.path)) {
        return visit;
    }
    let most = archives::size_limit(&entry.path, context);
    if deadline.passed() {
        visit.gap = gap(deadline.reason().to_owned());
    } else if entry.size > most {
        visit.gap = gap(format!("over the size limit of {most} bytes"));
    } else {
        with_buffer(entry.size, |buffer| match tree.read_into(entry, std::mem::take(buffer)) {
            Ok(file) => {
                // A fault in a check is told of the one file, and does not end the run.
                let looked = catch_unwind(AssertUnwindSafe(|| {
                    look(&file, checks, context, deadline, &mut visit);
                }));
                if looked.is_err() {
                    visit.gap = gap("an internal fault: please report it".to_owned());
                }
                *buffer = file.into_bytes();
            }
            Err(error) => visit.gap = gap(error.to_string()),
        });
    }
    visit
}

/// Lends memory for a file of this size.
fn with_buffer(size: u64, read: impl FnOnce(&mut Vec<u8>)) {
    if size > LARGE {
        read(&mut ONE_LARGE_FILE.lock().unwrap_or_else(PoisonError::into_inner));
    } else {
        let mut buffer = BUFFER.take();
        read(&mut buffer);
        BUFFER.set(buffer);
    }
}

fn look(
    file: &SourceFile,
    checks: &[Box<dyn FileCheck + '_>],
    context: &Context<'_>,
    deadline: &Deadline<'_>,
    visit: &mut Visit,
) {
    if archive::is_one(file.path()) && archive::may_be_one(file.bytes()) {
        if let Some(check) = checks.iter().find(|check| check.name() == secrets::NAME) {
            archives::look(file, check.as_ref(), context, deadline, visit);
        }
        return;
    }
    if file.is_binary() && !is_hidden_text(file, checks) {
        return;
    }
    let mut drafts = Vec::new();
    for check in checks.iter().filter(|check| check.wants(file.path())) {
        let before = visit.notes.looked_at.len();
        check.check(file, deadline, &mut visit.notes);
        if file.is_binary() && check.name() != secrets::NAME {
            doubt(file, before, &mut visit.notes);
        }
        drafts.extend(visit.notes.drafts.drain(..).map(|draft| (check.name(), draft)));
    }
    let masker = Masker::plain(context.scanner);
    visit.notes.waivers = waivers::read(file, &masker, context.markers, context.rules);
    if !visit.notes.gaps.is_empty() {
        hide(file, &masker, context, &mut visit.notes.gaps);
    }
    if !visit.notes.draft_facts.is_empty() {
        let drafts = std::mem::take(&mut visit.notes.draft_facts);
        visit.notes.facts.extend(finish::finish_facts(file, drafts, context));
    }
    without_echoes(&mut drafts, context.kinds);
    cap(&mut drafts, file, checks, &mut visit.notes);
    if !drafts.is_empty() {
        visit.findings = finish::finish(file, drafts, context, &mut visit.notes.facts);
    }
}

/// Hides in what gaps say what they repeat of the file: as much of a credential as they cut it to.
fn hide(
    file: &SourceFile,
    plain: &Masker<'_>,
    context: &Context<'_>,
    gaps: &mut [(&'static str, Gap)],
) {
    let found = context.scanner.matches(file);
    let places: Vec<_> = found.0.iter().flat_map(SecretMatch::hidden).collect();
    let known = Masker::new(context.scanner, file.bytes(), &places);
    for (_, gap) in gaps {
        let hidden = known.quote(&gap.reason);
        plain.quote(hidden.as_str()).as_str().clone_into(&mut gap.reason);
    }
}

/// Whether a file with a NUL byte is text by all that can be told: one such byte hides nothing.
fn is_hidden_text(file: &SourceFile, checks: &[Box<dyn FileCheck + '_>]) -> bool {
    let mut others = checks.iter().filter(|check| check.name() != secrets::NAME);
    !file.has_binary_format()
        && (secrets::says_text(file.path()) || others.any(|check| check.wants(file.path())))
}

/// A parser may stop at a NUL byte: no subject that the file was looked at as may pass on that.
fn doubt(file: &SourceFile, before: usize, notes: &mut FileNotes) {
    let subjects: BTreeSet<&str> = notes.looked_at[before..].iter().copied().collect();
    for subject in subjects {
        notes.miss(subject, file.path(), "holds a NUL byte".to_owned());
    }
}

/// A password that a check knows by its place (an environment, a settings file) is one finding, not two:
/// what the generic rule says of the same bytes goes, if the other is shown. An env file's own rule is more
/// generic still: it goes where any rule of secrets speaks.
fn without_echoes(drafts: &mut Vec<(&'static str, Draft)>, kinds: &BTreeSet<Kind>) {
    let is_asked = |draft: &Draft| draft.rule.kind().is_some_and(|kind| kinds.contains(&kind));
    let is_secret = |check: &str| check == secrets::NAME;
    let asked = || drafts.iter().filter(|(_, draft)| is_asked(draft));
    let at = |(_, draft): &(&str, Draft)| draft.at.clone();
    let by_form: Vec<_> = asked().filter(|(check, _)| is_secret(check)).map(at).collect();
    let by_place = asked().filter(|(check, draft)| !is_secret(check) && draft.secret.is_some());
    let by_place = by_place.filter(|(_, draft)| draft.rule.as_str() != documents::ENV_FILE);
    let by_place: Vec<_> = by_place.map(at).collect();
    drafts.retain(|(_, draft)| {
        let overlaps = |at: &Range<usize>| at.start < draft.at.end && draft.at.start < at.end;
        match draft.rule.as_str() {
            secrets::GENERIC => !by_place.iter().any(overlaps),
            documents::ENV_FILE => !by_form.iter().any(overlaps),
            _ => true,
        }
    });
}

/// A file that breaks one rule a thousand times over has one problem; listing all would drown the rest. What
/// blocks is listed first. A thousand packages are a thousand problems, and all are listed.
fn cap(
    drafts: &mut Vec<(&'static str, Draft)>,
    file: &SourceFile,
    checks: &[Box<dyn FileCheck + '_>],
    notes: &mut FileNotes,
) {
    let mut counts: HashMap<(&'static str, RuleId), usize> = HashMap::new();
    drafts.sort_by_key(|(_, draft)| (draft.tier.unwrap_or_default(), Reverse(draft.severity)));
    drafts.retain(|(check, draft)| {
        // Each package has a repair and a waiver of its own, and their number is bounded by the check.
        if draft.package.is_some() {
            return true;
        }
        let count = counts.entry((*check, draft.rule.clone())).or_default();
        *count += 1;
        *count <= MOST_OF_ONE_RULE
    });
    let mut over: Vec<_> =
        counts.into_iter().filter(|(_, count)| *count > MOST_OF_ONE_RULE).collect();
    over.sort();
    for ((check, rule), count) in over {
        let made = checks.iter().filter(|made| made.name() == check);
        let subjects = made.flat_map(|made| made.subjects());
        let about = subjects.filter(|subject| subject.rules.contains(&rule));
        if let Some(subject) = about.min_by_key(|subject| !notes.speaks_of(subject.name)) {
            let reason = format!("{rule} has {count} findings here; {MOST_OF_ONE_RULE} are listed");
            notes.miss(subject.name, file.path(), reason);
        }
    }
}

fn outcomes(checks: &[Box<dyn FileCheck + '_>]) -> Vec<Outcome> {
    let subjects = checks.iter().flat_map(|check| check.subjects());
    subjects.map(|subject| Outcome::new(subject.name, subject.rules, Ran::Complete)).collect()
}

impl Audit {
    fn facts(&self) -> Vec<Fact> {
        self.outcomes.iter().flat_map(|outcome| outcome.facts.iter().cloned()).collect()
    }

    fn take(&mut self, gathered: Gathered) {
        for (subject, count) in gathered.looked_at {
            if let Some(outcome) = self.outcomes.iter_mut().find(|made| made.check == subject) {
                outcome.looked_at += count;
            }
        }
        for visit in gathered.visits {
            self.take_visit(visit);
        }
    }

    fn take_visit(&mut self, visit: Visit) {
        for (check, finding) in visit.findings {
            if let Some(outcome) = self.owner(check, &finding, &visit.notes) {
                outcome.findings.push(finding);
            }
        }
        for (name, gap) in visit.notes.gaps {
            if let Some(outcome) = self.outcomes.iter_mut().find(|outcome| outcome.check == name) {
                outcome.leave_out(gap);
            }
        }
        let path = visit.path;
        self.waivers.extend(visit.notes.waivers.into_iter().map(|waiver| (path.clone(), waiver)));
        if let Some(first) = self.outcomes.first_mut() {
            first.facts.extend(visit.notes.facts);
        }
        if let Some(gap) = visit.gap {
            self.miss(&gap);
        }
    }

    /// The outcome that a finding belongs to: of several that answer for its rule, that of its package, else
    /// what the file was looked at as.
    fn owner(&mut self, check: &str, finding: &Finding, notes: &FileNotes) -> Option<&mut Outcome> {
        let is_owner = |outcome: &&mut Outcome| {
            outcome.check.split('/').next() == Some(check) && outcome.rules.contains(&finding.rule)
        };
        let of_package = match &finding.place {
            Place::Package { package, .. } => vulnerable::subject_named(&package.ecosystem),
            _ => None,
        };
        let owners = self.outcomes.iter_mut().filter(is_owner);
        owners.min_by_key(|outcome| {
            (Some(&*outcome.check) != of_package, !notes.speaks_of(&outcome.check))
        })
    }

    /// A file that no check saw makes all of them partial: none of them may pass on the strength of the rest.
    fn miss(&mut self, gap: &Gap) {
        for outcome in &mut self.outcomes {
            outcome.leave_out(gap.clone());
        }
    }
}
