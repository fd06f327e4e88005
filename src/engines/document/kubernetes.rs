//! Kubernetes manifests: all documents of a file, and the pods that they bring about.
//!
//! The root is a map of
//!
//! * `kinds`: a map of kind to the list of its objects as they are written, with `summary`,
//!   `annotations` (a list of `name` and `value`), `exposure` of a service that is reached from outside
//!   (`NodePort`, `LoadBalancer`, unless for an internal one), and `removed-in` and `served-as` if its API version
//!   is no longer served; lists (`kind: List`) are taken apart;
//! * `secrets` and `settings`: the entries of each `Secret` and of each `ConfigMap`: `name`, `value`
//!   (decoded), `assignment` (`name=value`), `summary`; also the lines of a setting that is a file;
//! * `host-paths`: paths of the node in pods and persistent volumes: `host-path`, `is-socket`,
//!   `is-sensitive`;
//! * `pods`: one for each pod specification, whoever owns it (a `Pod`, `Deployment`, `StatefulSet`,
//!   `DaemonSet`, `ReplicaSet`, `Job`, `CronJob`, or a resource of one's own that embeds one).
//!
//! A pod has `kind`, `name`, `namespace` and `summary` of its owner, `host-namespaces` (of `hostNetwork`,
//! `hostPID`, `hostIPC` those that it shares), `mounts-token`, `service-account`, `uses-default-account`, `volumes`
//! (as written, with the fields of `host-paths`), `labels` (of the pod itself), `replicas` and `selector` (of its
//! owner), `is-whole` (false for a patch, which only says what it changes), `place` (the key of its specification),
//! `spec` as it is written, and `containers`, with init and ephemeral ones.
//!
//! A container has all keys as they are written, and what they come to together with the pod's security
//! context: `role` (`container`, `init`, `ephemeral`), `owner` (a kind), `is-whole`, `summary`, `image-name`, `image-tag`, `image-digest`,
//! `image-is-latest`, `privileged`, `runs-as-root` (`certainly`, `possibly`, `never`), `root-set-at` (true, at
//! the setting that decides it), `root-severity`, `user` (as far as it is said), `has-high-user-id`, `allows-privilege-escalation`, `has-read-only-root`,
//! `capabilities-added`, `drops-all-capabilities`, `drops-net-raw`, `seccomp`, `apparmor`,
//! `has-security-context`, `user`, `group`, `selinux`, `image-pull` (`asked`, or `kept` without asking the registry),
//! `seccomp-at`, `limits-at`, `requests-at` (where such a setting is missing), `variables` (`name`, `value`, `assignment`, `origin`: `literal`, `secret`,
//! `config-map`, `field`) and `flags` (options of its command line by name). A setting that is missing is shown at
//! the map that it belongs into, or at the container's name. For repairs, `unguarded`, `may-forbid-escalation` and
//! `drops-nothing` are there, at the container, if the setting can be added without a contradiction.
//!
//! What manifests say of each other is the business of [`join`].
//!
//! A template of Helm is no YAML before it is rendered: it is said to be not assessed.

mod container;
pub mod join;
mod pod;
mod removals;
mod values;

use std::{collections::HashMap, ops::Range};

use super::{
    Unreadable,
    make::{field, list, map, plain},
    node::{Node, Value},
    yaml::{self, Booleans},
};
use crate::finding::RepoPath;

/// What only templates hold.
const TEMPLATE_MARKS: [&str; 6] =
    ["{{ .Values.", "{{ .Release.", "{{ .Chart.", "{{ include ", "{{- include ", "{{ template "];

/// Whether a file of this path may be a manifest; [`looks_like_one`] has the last word.
pub fn is_one(path: &RepoPath) -> bool {
    matches!(path.extension(), "yml" | "yaml" | "json") && !path.as_str().starts_with(".github/")
}

/// Whether a text may hold a Kubernetes object.
pub fn looks_like_one(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    has("apiVersion") && has("kind")
}

/// Reads the manifests of a file.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    let template = text.find("{{");
    let foreign = |at: usize| Unreadable::foreign("a template, which is no YAML yet", at..at + 2);
    let documents = match (yaml::documents(text, Booleans::Old), template) {
        (Ok(documents), _) => documents,
        (Err(_), Some(at)) => return Err(foreign(at)),
        (Err(error), None) => return Err(error),
    };
    if let Some(at) = template
        && documents.roots.iter().any(|root| has_template(root, text))
    {
        return Err(foreign(at));
    }
    let mut objects = Vec::new();
    for root in documents.roots {
        flatten(root, &mut objects);
    }
    let all = 0..text.len();
    let pods: Vec<Node> = objects.iter().flat_map(pod::pods).collect();
    let mut fields = vec![
        field("host-paths", list(pod::host_paths(&objects, &pods), all.clone())),
        field("pods", list(pods, all.clone())),
        field("secrets", list(values::of("Secret", &objects), all.clone())),
        field("settings", list(values::of("ConfigMap", &objects), all.clone())),
    ];
    fields.push(field("kinds", by_kind(objects, &all)));
    Ok(map(fields, all))
}

/// Whether a parser took `{{ .. }}` for a map, or what only Helm says stands in a value.
fn has_template(node: &Node, text: &str) -> bool {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .any(|(key, value)| text[key.at.clone()].starts_with('{') || has_template(value, text)),
        Value::List(elements) => elements.iter().any(|element| has_template(element, text)),
        Value::Text(value) => TEMPLATE_MARKS.iter().any(|mark| value.contains(mark)),
        _ => false,
    }
}

fn flatten(node: Node, objects: &mut Vec<Node>) {
    let kind = node.get("kind").and_then(Node::as_text);
    if kind.is_none() || node.get("apiVersion").is_none() {
        return;
    }
    let is_list = kind.is_some_and(|kind| kind.ends_with("List"));
    match node.value {
        Value::Map(entries) if is_list => {
            let items = entries.into_iter().filter(|(key, _)| key.as_text() == Some("items"));
            for (_, items) in items {
                let Value::List(items) = items.value else { continue };
                for item in items {
                    flatten(item, objects);
                }
            }
        }
        value => objects.push(Node::new(value, node.at)),
    }
}

fn by_kind(objects: Vec<Node>, all: &Range<usize>) -> Node {
    let mut kinds: Vec<(Node, Vec<Node>)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for mut object in objects {
        let Some(kind) = object.get("kind").cloned() else { continue };
        let removal = removals::fields(&object);
        if let Value::Map(entries) = &mut object.value {
            entries.extend(removal);
            let summary = summary(entries, &kind);
            entries.push(field("summary", summary));
            entries.extend(annotations(entries));
            entries.extend(values::exposure(entries));
        }
        let index =
            *known.entry(kind.as_text().unwrap_or_default().to_owned()).or_insert_with(|| {
                kinds.push((kind, Vec::new()));
                kinds.len() - 1
            });
        kinds[index].1.push(object);
    }
    let kinds = kinds.into_iter().map(|(kind, objects)| (kind, list(objects, all.clone())));
    map(kinds.collect(), all.clone())
}

/// Annotations as a list of names and values.
fn annotations(entries: &[(Node, Node)]) -> Option<(Node, Node)> {
    let (_, metadata) = entries.iter().find(|(key, _)| key.as_text() == Some("metadata"))?;
    let written = metadata.get("annotations")?;
    let annotations = written.entries().iter().map(|(name, value)| {
        let at = name.at.start..value.at.end.max(name.at.end);
        let fields = vec![
            field("summary", name.clone()),
            field("name", name.clone()),
            field("value", value.clone()),
        ];
        map(fields, at)
    });
    Some(field("annotations", list(annotations.collect(), written.at.clone())))
}

/// `Deployment web`, at the name.
fn summary(entries: &[(Node, Node)], kind: &Node) -> Node {
    let metadata = entries.iter().find(|(key, _)| key.as_text() == Some("metadata"));
    let name =
        metadata.and_then(|(_, metadata)| metadata.get("name").or(metadata.get("generateName")));
    let word = kind.as_text().unwrap_or_default();
    match name.and_then(|name| Some((name, plain(name)?))) {
        Some((node, name)) => Node::text(format!("{word} {name}"), node.at.clone()),
        None => Node::text(word, kind.at.clone()),
    }
}

#[cfg(test)]
mod tests;
