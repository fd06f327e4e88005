//! Compose files that are part of a project of several files are looked at as compose reads them: merged.
//!
//! Each file is told what its own lines decide. What a project finds at a line of another file is told when that file
//! is looked at, so that nothing is told twice, and waivers and hidden credentials are those of its own file.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::Range,
    sync::OnceLock,
};

use memchr::memmem;

use super::{Asked, Found, Group, subject_name};
use crate::{
    engines::document::{
        Unreadable, compose,
        compose::project::{self, Project},
        node::{Node, Value},
        repair::Document,
    },
    finding::{Draft, FileNotes, Gap, RepoPath},
    rule::Model,
    sources::{SourceFile, Tree},
};

/// Names that compose looks for, and what their overrides are called.
const BASES: [(&str, &str); 4] = [
    ("compose.yaml", "compose.override"),
    ("compose.yml", "compose.override"),
    ("docker-compose.yaml", "docker-compose.override"),
    ("docker-compose.yml", "docker-compose.override"),
];
/// Words without which a file needs no other one.
const WORDS: [&str; 3] = ["extends", "include", "env_file"];

/// The projects of a tree.
pub(super) struct Projects<'a> {
    tree: Option<&'a Tree>,
    max_file_size: u64,
    found: OnceLock<Layout>,
}

/// What was found, by path.
#[derive(Default)]
struct Layout {
    projects: Vec<Project>,
    /// The projects that a file is part of.
    of: BTreeMap<String, Vec<usize>>,
    /// Files that are only parts of others: what nobody extends in them stands for itself.
    parts: BTreeSet<String>,
    /// Services that others extend, by path and name.
    extended: BTreeSet<(String, String)>,
}

impl<'a> Projects<'a> {
    pub(super) const fn new(tree: Option<&'a Tree>, max_file_size: u64) -> Self {
        Self { tree, max_file_size, found: OnceLock::new() }
    }

    /// Whether the file is part of a project of several files.
    pub(super) fn has(&self, path: &RepoPath) -> bool {
        self.found().of.contains_key(path.as_str())
    }

    fn found(&self) -> &Layout {
        self.found.get_or_init(|| self.tree.map(|tree| self.find(tree)).unwrap_or_default())
    }

    fn text(&self, path: &str) -> Option<String> {
        let tree = self.tree?;
        let entry = tree.find(path).filter(|entry| entry.size <= self.max_file_size)?;
        tree.read(entry).ok().map(|file| file.text().to_owned())
    }

    fn find(&self, tree: &Tree) -> Layout {
        let mut found = Layout::default();
        let mut extended = BTreeSet::new();
        let entries = tree.entries().iter().filter(|entry| compose::is_one(&entry.path));
        for entry in entries {
            let path = entry.path.as_str();
            let Some(paths) = layers(tree, &entry.path) else { continue };
            let Some(text) = self.text(path) else { continue };
            if paths.len() < 2 && !Self::needs_others(tree, &entry.path, &text) {
                continue;
            }
            // Where one of the files can not be read, each is looked at by itself, and that one is a gap.
            let Ok(project) = project::read(&paths, &|path| self.text(path)) else { continue };
            for (part, _) in &project.parts {
                found.of.entry(part.clone()).or_default().push(found.projects.len());
            }
            extended.extend(project.extended.iter().cloned());
            found.projects.push(project);
        }
        found.parts = extended.iter().map(|(path, _)| path.clone()).collect();
        found.parts.retain(|path| !is_base(&RepoPath::new(path)));
        found.extended = extended;
        found
    }

    fn needs_others(tree: &Tree, path: &RepoPath, text: &str) -> bool {
        let has_env = || text.contains('$') && tree.find(&beside(path, ".env")).is_some();
        WORDS.iter().any(|word| memmem::find(text.as_bytes(), word.as_bytes()).is_some())
            || has_env()
    }
}

/// The file and its override, in the order in which they are laid over each other; nothing for an override that has a
/// base.
fn layers(tree: &Tree, path: &RepoPath) -> Option<Vec<String>> {
    let name = path.file_name();
    let is_there = |name: &str| tree.find(&beside(path, name)).is_some();
    if BASES.iter().any(|(base, over)| is_override(name, over) && is_there(base)) {
        return None;
    }
    let mut layers = vec![path.as_str().to_owned()];
    if let Some((_, over)) = BASES.iter().find(|(base, _)| *base == name) {
        let names = ["yaml", "yml"].map(|ending| format!("{over}.{ending}"));
        let over = names.iter().find(|name| is_there(name));
        layers.extend(over.map(|name| beside(path, name)));
    }
    Some(layers)
}

fn is_override(name: &str, over: &str) -> bool {
    let ending = name.strip_prefix(over);
    matches!(ending, Some(".yaml" | ".yml"))
}

fn is_base(path: &RepoPath) -> bool {
    BASES.iter().any(|(base, _)| *base == path.file_name())
}

fn beside(path: &RepoPath, name: &str) -> String {
    let folder = path.folder();
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Looks at a file as part of its projects. Says whether it is part of one.
pub(super) fn look(group: &Group<'_>, file: &SourceFile, notes: &mut FileNotes) -> bool {
    let Some(projects) = &group.projects else { return false };
    let found = projects.found();
    let path = file.path().as_str();
    let Some(own) = found.of.get(path) else { return false };
    notes.looked_at.push(subject_name(Model::Compose));
    let mut told = HashSet::new();
    for project in own.iter().filter_map(|index| found.projects.get(*index)) {
        let parts = project.parts.iter().filter(|(part, _)| part == path);
        for (_, part) in parts {
            let view = View { group, file, part: part.clone() };
            view.ask(&project.root, &mut told, notes);
        }
    }
    if found.parts.contains(path) && compose::is_one(file.path()) {
        left_over(group, file, found, &mut told, notes);
    }
    true
}

/// Services that nobody extends, in a file that others extend.
fn left_over(
    group: &Group<'_>,
    file: &SourceFile,
    found: &Layout,
    told: &mut HashSet<(String, usize)>,
    notes: &mut FileNotes,
) {
    let Ok(mut root) = compose::read(file.text()) else { return };
    if let Value::Map(entries) = &mut root.value {
        let services = entries.iter_mut().filter(|(key, _)| key.as_text() == Some("services"));
        for (_, services) in services {
            let Value::Map(services) = &mut services.value else { continue };
            let path = file.path().as_str();
            let name = |key: &Node| key.as_text().unwrap_or_default().to_owned();
            services.retain(|(key, _)| !found.extended.contains(&(path.to_owned(), name(key))));
        }
        entries.retain(|(key, _)| !matches!(key.as_text(), Some("problems" | "faults")));
    }
    View { group, file, part: 0..file.text().len() }.ask(&root, told, notes);
}

/// One file of a project.
struct View<'v, 'a> {
    group: &'v Group<'a>,
    file: &'v SourceFile,
    /// Its bytes in the project.
    part: Range<usize>,
}

impl View<'_, '_> {
    fn ask(&self, root: &Node, told: &mut HashSet<(String, usize)>, notes: &mut FileNotes) {
        for problem in super::problems(root).filter(|problem| self.holds(&problem.at)) {
            let here = Unreadable { at: self.local(&problem.at), ..problem };
            let gap: Gap = super::gap(self.file, &here);
            notes.leave_out(subject_name(Model::Compose), gap);
        }
        let document = Document::new(Model::Compose, self.file.text());
        for asked in self.group.rules() {
            if !asked.questions.allows(self.file.path()) {
                continue;
            }
            for found in asked.questions.ask(root) {
                let at = found.secret.map_or(&found.at, |secret| &secret.at);
                let key = (asked.rule.id.to_string(), self.local(at).start);
                if self.holds(at) && told.insert(key) {
                    notes.drafts.push(self.draft(asked, &document, &found));
                }
            }
        }
    }

    fn holds(&self, at: &Range<usize>) -> bool {
        self.part.start <= at.start && at.end <= self.part.end
    }

    fn local(&self, at: &Range<usize>) -> Range<usize> {
        at.start.saturating_sub(self.part.start)..at.end.saturating_sub(self.part.start)
    }

    /// A draft in the file's own bytes. What is written in several files is not repaired.
    fn draft(&self, asked: &Asked<'_>, document: &Document<'_>, found: &Found<'_>) -> Draft {
        let mut subject = found.subject.clone();
        let is_whole = self.make_local(&mut subject);
        let moved = |node: &Node| Node { at: self.local(&node.at), ..node.clone() };
        let (shown, secret) = (moved(found.shown), found.secret.map(moved));
        let local = Found {
            at: self.local(&found.at),
            shown: &shown,
            subject: &subject,
            secret: secret.as_ref(),
            severity: found.severity,
        };
        let mut draft = asked.draft(document, &local);
        if !is_whole {
            draft.fix = None;
        }
        draft
    }

    /// Moves all places; says whether all of them are in this file.
    fn make_local(&self, node: &mut Node) -> bool {
        let mut is_whole = self.holds(&node.at);
        node.at = self.local(&node.at);
        match &mut node.value {
            Value::Map(entries) => {
                for (key, value) in entries {
                    is_whole &= self.holds(&key.at);
                    key.at = self.local(&key.at);
                    is_whole &= self.make_local(value);
                }
            }
            Value::List(elements) => {
                for element in elements {
                    is_whole &= self.make_local(element);
                }
            }
            _ => {}
        }
        is_whole
    }
}
