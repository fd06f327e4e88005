//! The manifests of a repository as one cluster: what selects, names or binds something that is not there.
//!
//! Files are read as the document check reads them, which also says of each what could not be read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use super::{Context, MOST_OF_ONE_RULE, RepoCheck, finish};
use crate::{
    deadline::Deadline,
    engines::document::{
        kubernetes::{
            self,
            join::{
                Joined, MAX_OBJECTS, Manifests,
                kustomize::{self, Kustomizations},
            },
        },
        node::Node,
    },
    finding::{Draft, DraftOrigin, DraftStep, Fact, Gap, Outcome, Ran},
    rule::{Kind, Matcher, RuleId},
    sources::{Entry, SourceFile, Tree},
};

/// Name of the check, and what its rules say in `builtin:`.
const NAME: &str = "cluster";

/// The rules that are answered by joins.
const RULES: [&str; 13] = [
    "kubernetes/autoscaler-metric-incomplete",
    "kubernetes/autoscaler-without-target",
    "kubernetes/binding-without-role",
    "kubernetes/disruption-budget-selects-nothing",
    "kubernetes/egress-not-restricted",
    "kubernetes/ingress-without-service",
    "kubernetes/network-policy-missing",
    "kubernetes/network-policy-selects-nothing",
    "kubernetes/no-disruption-budget",
    "kubernetes/selector-mismatch",
    "kubernetes/service-port-missing",
    "kubernetes/service-selects-nothing",
    "kubernetes/workload-may-do-everything",
];

/// Builds the check.
pub fn build<'a>(context: &Context<'a>) -> Box<dyn RepoCheck + 'a> {
    Box::new(Cluster { context: *context })
}

struct Cluster<'a> {
    context: Context<'a>,
}

/// What a file of the tree is here.
enum Piece {
    Kustomization(Node),
    Manifest(Node),
    /// A template, or broken: whatever it holds is not known.
    Unknown,
}

impl RepoCheck for Cluster<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self, tree: &Tree, _: &[Fact], deadline: &Deadline<'_>) -> Outcome {
        let rules = RULES.iter().map(|rule| RuleId::new(rule)).collect();
        let mut outcome = Outcome::new(NAME, rules, Ran::Complete);
        if !self.context.kinds.contains(&Kind::Kubernetes) {
            return outcome;
        }
        let pieces = self.gather(tree, deadline);
        if deadline.passed() {
            outcome.ran = Ran::Partial(deadline.reason().to_owned());
            return outcome;
        }
        let (files, manifests) = join(pieces);
        outcome.looked_at = files.len().try_into().unwrap_or(u64::MAX);
        if manifests.len() > MAX_OBJECTS {
            let reason = format!("over {MAX_OBJECTS} objects: what names what is not looked at");
            outcome.leave_out(Gap { subject: ".".to_owned(), reason, incomplete: true });
            return outcome;
        }
        self.report(tree, &files, manifests.joined(), &mut outcome);
        outcome
    }
}

impl Cluster<'_> {
    fn gather<'t>(&self, tree: &'t Tree, deadline: &Deadline<'_>) -> Vec<(&'t Entry, Piece)> {
        let is_wanted = |entry: &&Entry| {
            let may_be =
                kubernetes::is_one(&entry.path) || kustomize::is_one(entry.path.file_name());
            may_be && entry.size <= self.context.max_file_size
        };
        let read = |entry: &'t Entry| {
            let file = (!deadline.passed()).then(|| tree.read(entry).ok()).flatten()?;
            Some((entry, piece(&file)?))
        };
        tree.entries().par_iter().filter(is_wanted).filter_map(read).collect()
    }

    fn report(&self, tree: &Tree, files: &[&Entry], joined: Vec<Joined>, outcome: &mut Outcome) {
        let mut by_file: BTreeMap<usize, Vec<Joined>> = BTreeMap::new();
        for found in joined {
            by_file.entry(found.file).or_default().push(found);
        }
        for (index, found) in by_file {
            let Some(file) = files.get(index).and_then(|entry| tree.read(entry).ok()) else {
                continue;
            };
            let found = capped(found, &file, outcome);
            let drafts = found.iter().filter_map(|found| self.draft(found, tree, files));
            let drafts = drafts.collect();
            outcome.findings.extend(finish::file_findings(&file, drafts, &self.context));
        }
    }

    fn draft(&self, found: &Joined, tree: &Tree, files: &[&Entry]) -> Option<Draft> {
        let id = RuleId::new(&format!("kubernetes/{}", found.rule));
        let rule = self.context.rules.get(&id)?;
        if !matches!(&rule.matcher, Matcher::Builtin(name) if name == NAME) {
            return None;
        }
        let mut draft = Draft::new(&id, found.at.clone(), rule.title.clone());
        draft.quoted = Some(found.subject.clone()).filter(|subject| !subject.is_empty());
        draft.subject = Some(format!("{} {}", found.rule, found.subject));
        if let Some((index, at, note)) = &found.because {
            let note = (*note).to_owned();
            if *index == found.file {
                draft.related.push(DraftStep { at: at.clone(), note });
            } else if let Some(file) = files.get(*index).and_then(|entry| tree.read(entry).ok()) {
                let path = file.path().clone();
                draft.origin = Some(DraftOrigin { path, span: file.span(at), note });
            }
        }
        Some(draft)
    }
}

fn piece(file: &SourceFile) -> Option<Piece> {
    let text = file.text();
    if kustomize::is_one(file.path().file_name()) {
        return kustomize::read(text).map(Piece::Kustomization);
    }
    if !kubernetes::looks_like_one(text) {
        return None;
    }
    Some(kubernetes::read(text).map_or(Piece::Unknown, Piece::Manifest))
}

/// The manifests with their files, in order.
fn join(pieces: Vec<(&Entry, Piece)>) -> (Vec<&Entry>, Manifests) {
    let mut kustomizations = Vec::new();
    let mut unknown = BTreeSet::new();
    let mut models = Vec::new();
    for (entry, piece) in pieces {
        match piece {
            Piece::Kustomization(node) => {
                kustomizations.push((entry.path.as_str().to_owned(), node));
            }
            Piece::Unknown => {
                unknown.insert(area(entry));
            }
            Piece::Manifest(model) => models.push((entry, model)),
        }
    }
    let kustomizations = Kustomizations::new(&kustomizations);
    let mut manifests = Manifests::default();
    for (index, (entry, model)) in models.iter().enumerate() {
        let mut scope = kustomizations.scope(entry.path.as_str());
        scope.is_open |= unknown.contains(area(entry));
        manifests.add(index, model, &scope);
    }
    (models.into_iter().map(|(entry, _)| entry).collect(), manifests)
}

/// The first folder of a path: what lies under one belongs together.
fn area(entry: &Entry) -> &str {
    entry.path.as_str().split_once('/').map_or("", |(first, _)| first)
}

/// As many findings of each rule as are listed of one file.
fn capped(found: Vec<Joined>, file: &SourceFile, outcome: &mut Outcome) -> Vec<Joined> {
    let mut counts: HashMap<&'static str, usize> = HashMap::new();
    let mut listed = Vec::with_capacity(found.len());
    for joined in found {
        let count = counts.entry(joined.rule).or_default();
        *count += 1;
        if *count <= MOST_OF_ONE_RULE {
            listed.push(joined);
        }
    }
    let mut over: Vec<_> =
        counts.into_iter().filter(|(_, count)| *count > MOST_OF_ONE_RULE).collect();
    over.sort_unstable();
    for (rule, count) in over {
        let reason =
            format!("kubernetes/{rule} has {count} findings here; {MOST_OF_ONE_RULE} are listed");
        let subject = file.path().to_string();
        outcome.leave_out(Gap { subject, reason, incomplete: true });
    }
    listed
}
