//! The repository as a whole: who answers for it, and whether its builds can be repeated.
//!
//! Two checks, so that a tree without packages does not pass the rules about lockfiles.

mod ignored;
mod manifests;

use std::collections::BTreeMap;

use super::{Context, RepoCheck, finish};
use crate::{
    deadline::Deadline,
    finding::{Draft, Fact, Gap, Outcome, Ran},
    rule::RuleId,
    sources::{Entry, SourceError, SourceFile, Tree},
};
use ignored::Ignores;
use manifests::{Candidate, MANIFESTS, Manifest};

/// Folders in which hosting services look for such files; the first one is the root.
const FOLDERS: [&str; 4] = ["", ".github", "docs", ".gitlab"];

/// Builds the check for the files that say who answers for the repository.
pub fn policies<'a>(context: &Context<'a>) -> Box<dyn RepoCheck + 'a> {
    Box::new(Policies { context: *context })
}

/// Builds the check for lockfiles.
pub fn lockfiles<'a>(context: &Context<'a>) -> Box<dyn RepoCheck + 'a> {
    Box::new(Lockfiles { context: *context })
}

/// A file that a repository should have.
struct Policy {
    rule: &'static str,
    /// Its names, the usual one first; compared without regard to case.
    names: &'static [&'static str],
    missing: &'static str,
}

const POLICIES: [Policy; 2] = [
    Policy {
        rule: "repository/security-policy-missing",
        names: &["SECURITY.md", "SECURITY.rst", "SECURITY.txt", "SECURITY.adoc", "SECURITY"],
        missing: "no SECURITY.md says how to report a weakness",
    },
    Policy {
        rule: "repository/codeowners-missing",
        names: &["CODEOWNERS"],
        missing: "no CODEOWNERS says who reviews which files",
    },
];

struct Policies<'a> {
    context: Context<'a>,
}

impl RepoCheck for Policies<'_> {
    fn name(&self) -> &'static str {
        "hygiene/policies"
    }

    fn check(&self, tree: &Tree, _: &[Fact], _: &Deadline<'_>) -> Outcome {
        let rules = POLICIES.iter().map(|policy| RuleId::new(policy.rule)).collect();
        let mut outcome = Outcome::new(self.name(), rules, Ran::Complete);
        if is_repository(tree) {
            outcome.looked_at = 1;
            for policy in &POLICIES {
                self.look(tree, policy, &mut outcome);
            }
        }
        outcome
    }
}

/// Whether the tree is more than a few loose files: it is git's, has a manifest at its root or, further down,
/// one besides what only the root of a repository has.
fn is_repository(tree: &Tree) -> bool {
    let names = |name: &str| MANIFESTS.iter().any(|manifest| manifest.name == name);
    let mut manifests = tree.entries().iter().filter(|entry| names(entry.path.file_name()));
    tree.is_git()
        || manifests
            .any(|entry| entry.path.folder().is_empty() || tree.entries().iter().any(is_of_root))
}

/// Whether it is a README at the root, or in `.github`.
fn is_of_root(entry: &Entry) -> bool {
    let name = entry.path.file_name().to_ascii_lowercase();
    let is_read_me = name == "readme" || name.starts_with("readme.");
    (entry.path.folder().is_empty() && is_read_me) || entry.path.as_str().starts_with(".github/")
}

impl Policies<'_> {
    fn look(&self, tree: &Tree, policy: &Policy, outcome: &mut Outcome) {
        let rule = RuleId::new(policy.rule);
        let is_it = |entry: &&Entry| {
            FOLDERS.contains(&entry.path.folder())
                && policy.names.iter().any(|name| name.eq_ignore_ascii_case(entry.path.file_name()))
        };
        let candidates: Vec<&Entry> = tree.entries().iter().filter(is_it).collect();
        let mut empty = None;
        for entry in &candidates {
            match read(tree, entry, &self.context) {
                Ok(file) if says_something(&file) => return,
                Ok(file) => empty = Some(file),
                Err(error) => return miss(outcome, entry, &error),
            }
        }
        let is_above = || {
            let paths = FOLDERS
                .iter()
                .flat_map(|folder| policy.names.iter().map(move |name| format!("{folder}/{name}")));
            paths.into_iter().any(|path| tree.has_above(path.trim_start_matches('/')))
        };
        if let Some(file) = empty {
            let draft = Draft::new(&rule, 0..0, format!("`{}` says nothing", file.path()));
            outcome.findings.extend(finish::file_findings(&file, vec![draft], &self.context));
        } else if !is_above() {
            let finding = finish::repository_finding(&rule, policy.missing, &self.context);
            outcome.findings.extend(finding);
        }
    }
}

/// Whether a file has a line besides blank ones and comments.
fn says_something(file: &SourceFile) -> bool {
    let is_markdown = file.path().file_name().contains('.');
    let says = |line: &str| !line.is_empty() && (is_markdown || !line.starts_with('#'));
    file.text().lines().any(|line| says(line.trim()))
}

fn read(tree: &Tree, entry: &Entry, context: &Context<'_>) -> Result<SourceFile, SourceError> {
    if entry.size > context.max_file_size {
        let reason = format!("over the size limit of {} bytes", context.max_file_size);
        return Err(SourceError::Read { path: entry.path.to_string(), reason });
    }
    tree.read(entry)
}

fn miss(outcome: &mut Outcome, entry: &Entry, error: &SourceError) {
    let gap = Gap { subject: entry.path.to_string(), reason: error.to_string(), incomplete: true };
    outcome.ran = Ran::Partial(format!("{}: {}", gap.subject, gap.reason));
    outcome.gaps.push(gap);
}

struct Lockfiles<'a> {
    context: Context<'a>,
}

const MISSING: &str = "repository/lockfile-missing";
const IGNORED: &str = "repository/lockfile-ignored";

impl RepoCheck for Lockfiles<'_> {
    fn name(&self) -> &'static str {
        "hygiene/lockfiles"
    }

    fn check(&self, tree: &Tree, _: &[Fact], deadline: &Deadline<'_>) -> Outcome {
        let rules = vec![RuleId::new(MISSING), RuleId::new(IGNORED)];
        let mut outcome = Outcome::new(self.name(), rules, Ran::Complete);
        let mut unlocked = Vec::new();
        for entry in tree.entries() {
            let manifest = MANIFESTS.iter().find(|known| known.name == entry.path.file_name());
            let Some(manifest) = manifest.filter(|_| !manifests::is_aside(&entry.path)) else {
                continue;
            };
            if deadline.passed() {
                outcome.ran = Ran::Partial(deadline.reason().to_owned());
                break;
            }
            match read(tree, entry, &self.context) {
                Ok(file) => Self::look(tree, manifest, file, &mut outcome, &mut unlocked),
                Err(error) => miss(&mut outcome, entry, &error),
            }
        }
        self.report(tree, unlocked, &mut outcome);
        outcome
    }
}

impl Lockfiles<'_> {
    fn look(
        tree: &Tree,
        manifest: &'static Manifest,
        file: SourceFile,
        outcome: &mut Outcome,
        unlocked: &mut Vec<(&'static Manifest, SourceFile)>,
    ) {
        let candidate = Candidate { tree, file: &file };
        match (manifest.is_application)(&candidate) {
            Ok(true) => outcome.looked_at += 1,
            Ok(false) => return,
            Err(reason) => {
                let subject = file.path().to_string();
                outcome.gaps.push(Gap { subject, reason: reason.to_owned(), incomplete: false });
                return;
            }
        }
        if !is_locked(tree, manifest, file.path().folder()) {
            unlocked.push((manifest, file));
        }
    }

    /// A lockfile that is ignored is one finding, at the line that ignores it.
    fn report(
        &self,
        tree: &Tree,
        unlocked: Vec<(&'static Manifest, SourceFile)>,
        outcome: &mut Outcome,
    ) {
        if unlocked.is_empty() {
            return;
        }
        let ignores = Ignores::read(tree, self.context.max_file_size);
        let mut lines: BTreeMap<(usize, u32), String> = BTreeMap::new();
        for (manifest, file) in unlocked {
            let folder = file.path().folder();
            let paths = folders_up(folder)
                .flat_map(|folder| manifest.locks.iter().map(move |lock| join(folder, lock)));
            match paths.into_iter().find_map(|path| Some((ignores.find(&path)?, path))) {
                Some((at, path)) => drop(lines.entry(at).or_insert_with(|| {
                    format!("`{path}` is ignored, so that `{}` has no lockfile", file.path())
                })),
                None => outcome.findings.extend(self.missing(manifest, &file)),
            }
        }
        for ((index, line), message) in lines {
            let file = ignores.file(index);
            let at = file.line(line).unwrap_or(0..0);
            let draft = Draft::new(&RuleId::new(IGNORED), at, message);
            outcome.findings.extend(finish::file_findings(file, vec![draft], &self.context));
        }
    }

    fn missing(&self, manifest: &Manifest, file: &SourceFile) -> Vec<crate::finding::Finding> {
        let message = format!(
            "`{}` is of an application, and no {} is beside it or above it",
            file.path(),
            manifest.locks[0]
        );
        let draft = Draft {
            subject: Some(manifest.name.to_owned()),
            ..Draft::new(&RuleId::new(MISSING), file.line(1).unwrap_or(0..0), message)
        };
        finish::file_findings(file, vec![draft], &self.context)
    }
}

/// Whether a lockfile is in the folder or in one above it, inside or outside of the audited tree.
fn is_locked(tree: &Tree, manifest: &Manifest, folder: &str) -> bool {
    let mut locks = manifest.locks.iter();
    locks.any(|lock| {
        folders_up(folder).any(|folder| tree.find(&join(folder, lock)).is_some())
            || tree.has_above(lock)
    })
}

/// The folder, and those above it up to the root of the tree.
pub(super) fn folders_up(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| match folder.rsplit_once('/') {
        Some((above, _)) => Some(above),
        None if folder.is_empty() => None,
        None => Some(""),
    })
}

/// The path of a file in a folder.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
