//! Credentials in the past: the secret scanner on what commits hold, and the working tree no longer does.
//!
//! All blobs are scanned without their paths, so broadly that nothing is lost; what may hold something is
//! scanned again under the paths at which commits have it, the oldest first.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{Context, FileCheck, cap, finish, secrets};
use crate::{
    deadline::Deadline,
    engines::secret::{hits::Hits, scanner::Scanner},
    finding::{
        Commit, Draft, Evidence, FileNotes, Finding, Fingerprint, Gap, Outcome, Place, Quoted, Ran,
        RepoPath,
    },
    rule::Tier,
    sources::{
        SourceError, SourceFile, Tree, file,
        history::{self, Appearance, Judged, Look, Origin, Past},
        repository::Repository,
    },
};

/// The audit of all commits.
const HISTORY: &str = "secrets/history";
/// The audit of the commits of a change.
const COMMITS: &str = "secrets/commits";
/// What the rule's own remedy does not say.
const REMEDY: &str = "removing the line is not enough: the commit keeps the value. Revoke it.";

/// The past of a tree.
pub struct Audited<'a> {
    /// Its repository.
    pub repository: &'a Repository,
    /// The tree itself.
    pub tree: &'a Tree,
    /// What the other checks found in it: what it still holds is not told again.
    pub outcomes: &'a [Outcome],
}

/// Looks at every blob that any reference reaches.
pub fn history(audited: &Audited<'_>, context: &Context<'_>, deadline: &Deadline<'_>) -> Outcome {
    let stop = || deadline.passed();
    let judge = |bytes: &[u8], origin: Option<Origin<'_, Hits>>| {
        let looked = catch_unwind(AssertUnwindSafe(|| judged(context.scanner, bytes, origin)));
        looked.unwrap_or(Judged { is_wanted: true, memory: None })
    };
    let look = Look::new(context.max_file_size, &stop, &judge);
    let mut desk = Desk::new(HISTORY, audited, context, deadline);
    let survey = match history::survey(audited.repository, &look) {
        Ok(survey) => survey,
        Err(error) => return desk.failed(&error),
    };
    desk.outcome.looked_at = survey.blobs;
    for gap in survey.gaps {
        desk.outcome.leave_out(gap);
    }
    if !survey.wanted.is_empty() {
        desk.walk(Past::All(survey.wanted), &stop);
    }
    desk.done()
}

/// Looks at every blob that a commit since `base` adds or changes.
pub fn since(
    base: &str,
    audited: &Audited<'_>,
    context: &Context<'_>,
    deadline: &Deadline<'_>,
) -> Outcome {
    let mut desk = Desk::new(COMMITS, audited, context, deadline);
    let commits = desk.walk(Past::Since(base.to_owned()), &|| deadline.passed());
    desk.outcome.looked_at = commits;
    desk.done()
}

/// Whether a blob could hold a credential under some path. Where its keywords stand is remembered: nearly all
/// of them stand in the next version, too.
fn judged(scanner: &Scanner, bytes: &[u8], origin: Option<Origin<'_, Hits>>) -> Judged<Hits> {
    if let Some(text) = file::from_utf16(bytes) {
        return Judged { is_wanted: scanner.may_find(&text), memory: None };
    }
    if file::has_binary_format(bytes) {
        return Judged { is_wanted: false, memory: None };
    }
    let hits = match origin {
        Some(origin) => scanner.hits_after(origin.memory, origin.copies, bytes),
        None => scanner.hits(bytes),
    };
    let is_wanted = scanner.may_find_around(&hits, bytes);
    Judged { is_wanted, memory: Some(hits).filter(|hits| hits.size() <= bytes.len()) }
}

/// Turns appearances into findings.
struct Desk<'a> {
    audited: &'a Audited<'a>,
    context: &'a Context<'a>,
    deadline: &'a Deadline<'a>,
    checks: [Box<dyn FileCheck + 'a>; 1],
    /// What is told already, and in which tier.
    known: BTreeMap<Fingerprint, Tier>,
    /// Files of the tree of which all is known.
    read: BTreeSet<RepoPath>,
    outcome: Outcome,
}

impl<'a> Desk<'a> {
    fn new(
        name: &str,
        audited: &'a Audited<'a>,
        context: &'a Context<'a>,
        deadline: &'a Deadline<'a>,
    ) -> Self {
        let check = secrets::build(context);
        let rules = check.subjects().into_iter().flat_map(|subject| subject.rules).collect();
        let mut desk = Self {
            audited,
            context,
            deadline,
            checks: [check],
            known: BTreeMap::new(),
            read: BTreeSet::new(),
            outcome: Outcome::new(name, rules, Ran::Complete),
        };
        for finding in audited.outcomes.iter().flat_map(|outcome| &outcome.findings) {
            desk.learn(finding.fingerprint.clone(), finding.tier);
        }
        desk
    }

    fn learn(&mut self, fingerprint: Fingerprint, tier: Tier) {
        let known = self.known.entry(fingerprint).or_insert(tier);
        *known = tier.min(*known);
    }

    fn failed(mut self, error: &SourceError) -> Outcome {
        self.outcome.ran = Ran::Failed(error.to_string());
        self.outcome
    }

    fn done(mut self) -> Outcome {
        if self.deadline.passed() {
            self.leave_out(history::SUBJECT, self.deadline.reason().to_owned());
        }
        self.outcome
    }

    fn leave_out(&mut self, subject: &str, reason: String) {
        self.outcome.leave_out(Gap { subject: subject.to_owned(), reason, incomplete: true });
    }

    /// Tells of what the commits hold; returns how many there are.
    fn walk(&mut self, past: Past, stop: &(dyn Fn() -> bool + Sync)) -> u64 {
        let repository = self.audited.repository;
        let walked = history::appearances(repository, past, stop, &mut |it| {
            let taken = catch_unwind(AssertUnwindSafe(|| self.take(it)));
            taken.unwrap_or_else(|_| {
                self.leave_out(&shown(it), "an internal fault: please report it".to_owned());
                true
            })
        });
        match walked {
            Ok((commits, gaps)) => {
                for gap in gaps {
                    self.outcome.leave_out(gap);
                }
                commits
            }
            Err(error) => {
                self.leave_out(history::SUBJECT, error.to_string());
                0
            }
        }
    }

    /// Looks at one blob at one path; returns whether all that it holds would be told there.
    fn take(&mut self, it: &Appearance<'_>) -> bool {
        if !self.checks[0].wants(&it.path) {
            return false;
        }
        let read = it.size().and_then(|size| {
            let fits = size <= self.context.max_file_size;
            if fits { it.read().map(Some) } else { Ok(None) }
        });
        let bytes = match read {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                let limit = self.context.max_file_size;
                self.leave_out(&shown(it), format!("over the size limit of {limit} bytes"));
                return true;
            }
            Err(error) => {
                self.leave_out(&shown(it), error.to_string());
                return true;
            }
        };
        let file = SourceFile::new(it.path.clone(), bytes);
        let is_text =
            !file.is_binary() || (!file.has_binary_format() && secrets::says_text(file.path()));
        if !is_text {
            return false;
        }
        let drafts = self.drafts(&file, &shown(it));
        let is_all = drafts.iter().all(|(_, draft)| draft.tier == Some(Tier::Default));
        let is_some = !drafts.is_empty();
        self.tell(&file, drafts, it.commit);
        is_some && is_all
    }

    fn drafts(&mut self, file: &SourceFile, shown: &str) -> Vec<(&'static str, Draft)> {
        let (drafts, notes) = self.noted(file);
        for (_, gap) in notes.gaps {
            self.leave_out(shown, gap.reason);
        }
        drafts
    }

    fn noted(&self, file: &SourceFile) -> (Vec<(&'static str, Draft)>, FileNotes) {
        let mut notes = FileNotes::default();
        self.checks[0].check(file, self.deadline, &mut notes);
        let mut drafts: Vec<_> =
            notes.drafts.drain(..).map(|draft| (secrets::NAME, draft)).collect();
        cap(&mut drafts, file, &self.checks, &mut notes);
        (drafts, notes)
    }

    /// Notes the findings that are not told yet.
    fn tell(&mut self, file: &SourceFile, mut drafts: Vec<(&'static str, Draft)>, commit: &Commit) {
        let fingerprints = finish::fingerprints(file, &mut drafts, self.context);
        let tiers = drafts.iter().map(|(_, draft)| draft.tier.unwrap_or_default());
        let known: Vec<_> = fingerprints.into_iter().zip(tiers).collect();
        if known.iter().all(|(fingerprint, tier)| self.knows(fingerprint, *tier)) {
            return;
        }
        self.read_tree(file.path());
        let finished = finish::finish(file, drafts, self.context, &mut self.outcome.facts);
        for (_, finding) in finished {
            if !self.knows(&finding.fingerprint, finding.tier) {
                self.learn(finding.fingerprint.clone(), finding.tier);
                self.outcome.findings.push(at_commit(finding, commit));
            }
        }
    }

    fn knows(&self, fingerprint: &Fingerprint, tier: Tier) -> bool {
        self.known.get(fingerprint).is_some_and(|known| *known <= tier)
    }

    /// Learns what the tree's own file of this path holds: what another check tells of there, under a name
    /// of its own, the secret scanner knows by another fingerprint.
    fn read_tree(&mut self, path: &RepoPath) {
        let entry = self.audited.tree.find(path.as_str());
        let entry = entry.filter(|entry| entry.size <= self.context.max_file_size);
        if !self.read.insert(path.clone()) || entry.is_none() {
            return;
        }
        let Some(file) = entry.and_then(|entry| self.audited.tree.read(entry).ok()) else { return };
        let (mut drafts, _) = self.noted(&file);
        let fingerprints = finish::fingerprints(&file, &mut drafts, self.context);
        for (fingerprint, (_, draft)) in fingerprints.into_iter().zip(&drafts) {
            self.learn(fingerprint, draft.tier.unwrap_or_default());
        }
    }
}

/// What a gap is about.
fn shown(it: &Appearance<'_>) -> String {
    format!("{} in commit {}", it.path, it.commit.id)
}

fn at_commit(mut finding: Finding, commit: &Commit) -> Finding {
    let related = finding.related.iter_mut().map(|step| &mut step.place);
    for place in related.chain([&mut finding.place]) {
        if let Place::File(at) = place {
            at.commit = Some(commit.clone());
        }
    }
    let remedy = Evidence { label: "history".to_owned(), text: Quoted::own(REMEDY) };
    finding.evidence.push(remedy);
    finding
}
