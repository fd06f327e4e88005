//! What kustomizations do to the files that they list: <https://kubectl.docs.kubernetes.io/references/kustomize/>.
//!
//! Nothing is built. Known is where a file ends up: in which namespaces, with which labels on its pods, whether it
//! is a patch, and whether something that is not in the repository joins it.

use std::collections::{BTreeMap, BTreeSet};

use super::selector::{Labels, labels_of};
use crate::engines::document::{make::is_true, node::Node, yaml};

/// The names under which kustomize looks for its file.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Keys that list files and folders.
const LISTS: [&str; 3] = ["resources", "bases", "components"];

/// Keys that make objects from what is not read here.
const MAKERS: [&str; 5] =
    ["helmCharts", "helmChartInflationGenerator", "generators", "transformers", "crds"];

/// Steps that are made at most: folders may list each other.
const MAX_STEPS: usize = 100_000;

/// Where the objects of a file end up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The namespaces that kustomizations put them into.
    pub namespaces: BTreeSet<String>,
    /// Whether they also, or only, end up where they say themselves.
    pub is_kept: bool,
    /// Labels that kustomizations put on pods.
    pub labels: Vec<(String, String)>,
    /// Whether objects that are not in the repository may join them.
    pub is_open: bool,
    /// Whether the file only changes others.
    pub is_patch: bool,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            namespaces: BTreeSet::new(),
            is_kept: true,
            labels: Labels::new(),
            is_open: false,
            is_patch: false,
        }
    }
}

/// The kustomizations of a repository.
#[derive(Debug, Default)]
pub struct Kustomizations {
    scopes: BTreeMap<String, Scope>,
}

/// Whether a file of this name is a kustomization.
pub fn is_one(file_name: &str) -> bool {
    NAMES.contains(&file_name)
}

/// Reads a kustomization; nothing if it is none.
pub fn read(text: &str) -> Option<Node> {
    let documents = yaml::documents(text, yaml::Booleans::Core).ok()?;
    documents.roots.into_iter().next().filter(|root| !root.entries().is_empty())
}

impl Kustomizations {
    /// Follows kustomizations, each with its path, to the files that they list.
    pub fn new(read: &[(String, Node)]) -> Self {
        let by_folder: BTreeMap<&str, &Node> =
            read.iter().map(|(path, node)| (folder_of(path), node)).collect();
        let listed: BTreeSet<String> =
            by_folder.iter().flat_map(|(folder, node)| resources(folder, node)).collect();
        let mut made = Self::default();
        let mut steps = 0;
        for folder in by_folder.keys().filter(|folder| !listed.contains(**folder)) {
            let mut walk = Walk {
                by_folder: &by_folder,
                seen: Vec::new(),
                files: Vec::new(),
                is_open: false,
                steps,
            };
            walk.enter(folder, None, &Labels::new());
            steps = walk.steps;
            made.take(walk);
        }
        for (folder, node) in &by_folder {
            for path in patches(folder, node) {
                made.scopes.entry(path).or_default().is_patch = true;
            }
        }
        made
    }

    /// Where the objects of a file end up.
    pub fn scope(&self, path: &str) -> Scope {
        self.scopes.get(path).cloned().unwrap_or_default()
    }

    fn take(&mut self, walk: Walk<'_>) {
        for (path, namespace, labels) in walk.files {
            let fresh = Scope { is_kept: false, ..Scope::default() };
            let scope = self.scopes.entry(path).or_insert(fresh);
            scope.is_kept |= namespace.is_none();
            scope.namespaces.extend(namespace);
            scope.labels.extend(labels);
            scope.is_open |= walk.is_open;
        }
    }
}

/// One way from a kustomization that no other one lists.
struct Walk<'k> {
    by_folder: &'k BTreeMap<&'k str, &'k Node>,
    /// The folders from the first one to this one.
    seen: Vec<String>,
    /// File, namespace and labels.
    files: Vec<(String, Option<String>, Labels)>,
    is_open: bool,
    steps: usize,
}

impl Walk<'_> {
    fn enter(&mut self, folder: &str, namespace: Option<&str>, labels: &Labels) {
        self.steps += 1;
        let Some(node) = self.by_folder.get(folder).copied() else { return };
        if self.steps > MAX_STEPS || self.seen.iter().any(|seen| seen == folder) {
            self.is_open = true;
            return;
        }
        let own = node.get("namespace").and_then(Node::as_text);
        // What is set further out is set later.
        let namespace = namespace.or(own);
        let mut labels = labels.clone();
        labels.extend(labels_set(node));
        self.is_open |= MAKERS.iter().any(|key| node.get(key).is_some());
        self.seen.push(folder.to_owned());
        for path in resources(folder, node) {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                self.is_open = true;
                break;
            }
            if is_remote(&path) {
                self.is_open = true;
            } else if self.by_folder.contains_key(path.as_str()) {
                self.enter(&path, namespace, &labels);
            } else {
                self.files.push((path, namespace.map(str::to_owned), labels.clone()));
            }
        }
        self.seen.pop();
    }
}

/// Labels that reach the templates of pods.
fn labels_set(node: &Node) -> Labels {
    let mut labels = node.get("commonLabels").map(labels_of).unwrap_or_default();
    for set in node.get("labels").map(Node::elements).unwrap_or_default() {
        let reaches = |key: &str| set.get(key).is_some_and(is_true);
        if reaches("includeSelectors") || reaches("includeTemplates") {
            labels.extend(set.get("pairs").map(labels_of).unwrap_or_default());
        }
    }
    labels
}

fn resources(folder: &str, node: &Node) -> Vec<String> {
    let lists = LISTS.iter().filter_map(|key| node.get(key)).flat_map(Node::elements);
    lists.filter_map(|entry| Some(resolved(folder, entry.as_text()?))).collect()
}

fn patches(folder: &str, node: &Node) -> Vec<String> {
    let named = |key: &str| node.get(key).map(Node::elements).unwrap_or_default().iter();
    let merged = named("patchesStrategicMerge").filter_map(Node::as_text);
    let others = named("patches").chain(named("patchesJson6902"));
    let others = others.filter_map(|patch| patch.get("path").and_then(Node::as_text));
    let paths = merged.chain(others).filter(|path| !path.contains('\n'));
    paths.map(|path| resolved(folder, path)).collect()
}

fn is_remote(path: &str) -> bool {
    path.contains("://") || path.starts_with("git@") || path.contains("?ref=")
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path as seen from the root of the repository; what is remote stays as it is.
fn resolved(folder: &str, entry: &str) -> String {
    if is_remote(entry) {
        return entry.to_owned();
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in entry.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}
