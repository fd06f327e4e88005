//! Joins the manifests of a repository: what selects, names or scales what.
//!
//! Pure: [`Manifests`] takes what was read of each file and says what is missing. A join is only told where the
//! repository holds the whole answer: kustomizations give namespaces and labels ([`kustomize`]), a label or name
//! from a variable is equal to all, an object without a namespace may be applied to any, and where a template
//! or a remote resource may hold the other side nothing is said to be missing.

pub mod kustomize;
mod look;
mod rights;
mod selector;

use std::{collections::BTreeSet, ops::Range};

use super::super::{
    make::{dig, plain},
    node::Node,
};
use kustomize::Scope;
use selector::{Labels, labels_of};

/// More objects than this are not joined: every selector is held against every pod.
pub const MAX_OBJECTS: usize = 4_000;

/// What a join found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The rule, without its kind: `service-selects-nothing`.
    pub rule: &'static str,
    /// Index of the file, as given to [`Manifests::add`].
    pub file: usize,
    /// Bytes of that file.
    pub at: Range<usize>,
    /// The object that it is about: `Service web`.
    pub subject: String,
    /// Another place that belongs to it: file, bytes, and why.
    pub because: Option<(usize, Range<usize>, &'static str)>,
}

/// The objects and pods of a repository.
#[derive(Debug, Default)]
pub struct Manifests {
    objects: Vec<Object>,
    pods: Vec<Pod>,
}

/// One object as it is written, and where it may live.
#[derive(Debug)]
struct Object {
    file: usize,
    kind: String,
    node: Node,
    home: Home,
}

/// A pod that an object brings about.
#[derive(Debug)]
struct Pod {
    file: usize,
    node: Node,
    labels: Labels,
    home: Home,
}

/// Where an object may live.
#[derive(Debug, Clone, Default)]
struct Home {
    /// The namespaces; none if whoever applies it decides.
    namespaces: BTreeSet<String>,
    /// Whether objects that are not in the repository may belong to it.
    is_open: bool,
}

impl Manifests {
    /// Takes the model of a file and what kustomizations say of it.
    ///
    /// Patches are left out: they say only what they change.
    pub fn add(&mut self, file: usize, model: &Node, scope: &Scope) {
        if scope.is_patch {
            return;
        }
        for (kind, objects) in model.get("kinds").map(Node::entries).unwrap_or_default() {
            let kind = kind.as_text().unwrap_or_default();
            self.objects.extend(objects.elements().iter().map(|node| {
                let home = home(dig(node, &["metadata", "namespace"]), scope);
                Object { file, kind: kind.to_owned(), node: node.clone(), home }
            }));
        }
        for node in model.get("pods").map(Node::elements).unwrap_or_default() {
            let mut labels = node.get("labels").map(labels_of).unwrap_or_default();
            labels.extend(scope.labels.iter().cloned());
            let home = home(node.get("namespace"), scope);
            self.pods.push(Pod { file, node: node.clone(), labels, home });
        }
    }

    /// How many objects there are.
    pub const fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Everything that the joins find, in the order of the objects.
    pub fn joined(&self) -> Vec<Joined> {
        let mut joined = Vec::new();
        for object in &self.objects {
            look::at_object(self, object, &mut joined);
        }
        for pod in &self.pods {
            look::at_pod(self, pod, &mut joined);
        }
        rights::look(self, &mut joined);
        joined
    }

    fn of_kind<'m>(&'m self, kind: &'m str) -> impl Iterator<Item = &'m Object> {
        self.objects.iter().filter(move |object| object.kind == kind)
    }
}

impl Object {
    fn name(&self) -> Option<String> {
        plain(dig(&self.node, &["metadata", "name"])?)
    }

    fn report(&self, rule: &'static str, at: Range<usize>) -> Joined {
        let subject = self.node.get("summary").and_then(plain).unwrap_or_default();
        Joined { rule, file: self.file, at, subject, because: None }
    }
}

impl Pod {
    fn kind(&self) -> &str {
        self.node.get("kind").and_then(Node::as_text).unwrap_or_default()
    }

    fn is_whole(&self) -> bool {
        self.node.get("is-whole").is_some_and(super::super::make::is_true)
    }

    fn report(&self, rule: &'static str, at: Range<usize>) -> Joined {
        let subject = self.node.get("summary").and_then(plain).unwrap_or_default();
        Joined { rule, file: self.file, at, subject, because: None }
    }

    /// Its owner's name, or where its specification begins.
    fn place(&self) -> Range<usize> {
        let node = self.node.get("name").or_else(|| self.node.get("place"));
        node.map_or(0..0, |node| node.at.clone())
    }
}

impl Home {
    /// Whether two objects may live in one namespace.
    fn may_be(&self, other: &Self) -> bool {
        self.namespaces.is_empty()
            || other.namespaces.is_empty()
            || !self.namespaces.is_disjoint(&other.namespaces)
    }
}

fn home(written: Option<&Node>, scope: &Scope) -> Home {
    let mut namespaces = scope.namespaces.clone();
    if scope.is_kept {
        match written.and_then(plain) {
            Some(name) if !name.contains('$') => namespaces.extend([name]),
            _ => namespaces.clear(),
        }
    }
    Home { namespaces, is_open: scope.is_open }
}

#[cfg(test)]
mod tests;
