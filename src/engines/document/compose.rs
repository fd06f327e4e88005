//! Compose files, with short and long forms read as one.
//!
//! The root is a map with `services`, a map of name to service (and `networks`, `volumes`, `secrets`,
//! `configs` as they are written). Defaults of variables are put in everywhere. A service keeps all keys of
//! its file, and these are made uniform or computed:
//!
//! * `name`, `summary`: the service's name, at its key;
//! * `image-name`, `image-tag`, `image-digest`, `image-is-latest` (no tag, or `latest`, without digest);
//! * `environment`: a map; `variables`: a list of `name`, `value`, `assignment` (`name=value`) and `origin`: `literal`,
//!   `default` (the default of a variable of the host), `reference` (such a variable), `env-file` (the project's
//!   `.env`) or `host`; `is-well-known`: a password that all try first; `reference`: what a repair writes there;
//! * `ports`: a list of `published`, `target`, `host-ip`, `protocol`, `is-public` (any address may reach it),
//!   `is-open-database` (and needs no password, or one that all know), `binding` (what a repair puts there);
//! * `volumes`: a list of `type`, `source`, `target`, `propagation`, `is-read-only`, `is-socket` (of a container
//!   runtime, and not for a proxy made for it), `is-shared` (by services);
//! * `privileged`: true or false;
//! * `capabilities-added`, `capabilities-dropped`: without `CAP_`, in capitals;
//! * `runs-as-root` (where `user` says so);
//! * `memory-limit`, `cpu-limit`, `pids-limit`: from `deploy` or from the short keys;
//! * `has-password`: whether a variable with a password in its name has a value.
//!
//! What a service lacks is only told if all of it is known (`is-partial` is not there): `has-read-only-root`,
//! `has-no-new-privileges`, `has-healthcheck`, `drops-all-capabilities`; `no-memory-limit`, `no-cpu-limit`,
//! `no-pids-limit`, `no-security-options`, `no-restart`, `other-restarts`: texts at the place where it should stand.
//! `*-home` is the service, where a repair may add what is missing.
//!
//! `faults` of the root are what compose refuses. A project of several files is read by [`project`].

mod database;
mod faults;
mod limits;
mod merge;
mod parts;
pub mod project;
mod written;

use std::collections::HashMap;

use super::{
    Unreadable,
    make::{field, flag, image, is_true, list, map, plain},
    node::{Node, Value},
};
use crate::finding::RepoPath;
use merge::Marks;

/// Whether the path names a compose file.
pub fn is_one(path: &RepoPath) -> bool {
    if !matches!(path.extension(), "yml" | "yaml") || path.as_str().starts_with(".github/") {
        return false;
    }
    let name = path.file_name().to_ascii_lowercase();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    stem.split(['-', '.', '_']).any(|word| word == "compose")
}

/// Reads a compose file that stands alone: what it extends in other files is not known.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    project::read_alone(text)
}

/// Makes a merged document uniform. `text` is what all places are places of.
fn lower(root: Node, marks: &Marks, text: &str) -> Node {
    let at = root.at;
    let Value::Map(mut entries) = root.value else { return map(Vec::new(), at) };
    let faults = faults::faults(&entries);
    let lowering = Lowering { marks, text, volumes: bound_volumes(&entries) };
    for (key, value) in &mut entries {
        if key.as_text() == Some("services") {
            let services = std::mem::replace(value, map(Vec::new(), at.clone()));
            *value = lowering.services(services);
        }
    }
    if !entries.iter().any(|(key, _)| key.as_text() == Some("services")) {
        entries.push(field("services", map(Vec::new(), at.clone())));
    }
    database::judge(&mut entries);
    parts::shared_volumes(&mut entries);
    entries.push(field("faults", list(faults, at.clone())));
    map(entries, at)
}

/// The directories of the host that named volumes stand for.
fn bound_volumes(entries: &[(Node, Node)]) -> HashMap<String, String> {
    let volumes = entries.iter().filter(|(key, _)| key.as_text() == Some("volumes"));
    let volumes = volumes.flat_map(|(_, volumes)| volumes.entries());
    let bound = volumes.filter_map(|(name, volume)| {
        let options = volume.get("driver_opts")?;
        let is_bound = options.get("o").and_then(plain).is_some_and(|it| it.contains("bind"));
        let device = options.get("device").and_then(plain).filter(|_| is_bound)?;
        Some((name.as_text()?.to_owned(), device))
    });
    bound.collect()
}

/// What is known of the document while its services are made uniform.
struct Lowering<'l> {
    marks: &'l Marks,
    text: &'l str,
    volumes: HashMap<String, String>,
}

impl Lowering<'_> {
    fn services(&self, node: Node) -> Node {
        let Value::Map(entries) = node.value else { return node };
        let services = entries.into_iter().map(|(key, value)| {
            let service = self.service(&key, value);
            (key, service)
        });
        map(services.collect(), node.at)
    }

    fn service(&self, key: &Node, node: Node) -> Node {
        let at = key.at.start..node.at.end.max(key.at.end);
        let home = Node::new(Value::Null, node.at.clone());
        let Value::Map(written) = node.value else { return node };
        let written = map(written, at.clone());
        let mut entries = self.computed(key, &written, &home);
        if let Value::Map(rest) = written.value {
            let is_new =
                |name: &Node| entries.iter().all(|(known, _)| known.as_text() != name.as_text());
            let rest: Vec<_> = rest.into_iter().filter(|(name, _)| is_new(name)).collect();
            entries.extend(rest);
        }
        map(entries, at)
    }

    fn computed(&self, key: &Node, service: &Node, home: &Node) -> Vec<(Node, Node)> {
        let mut fields = vec![field("name", key.clone()), field("summary", key.clone())];
        if let Some(image_node) = service.get("image")
            && let Some(text) = plain(image_node)
        {
            fields.extend(image(&text, &image_node.at));
        }
        let privileged = service.get("privileged");
        let is_privileged = privileged.is_some_and(is_true);
        let at = privileged.map_or_else(|| key.at.clone(), |value| value.at.clone());
        fields.push(field("privileged", flag(is_privileged, at)));
        fields.extend(parts::environment(service, self.marks, self.text));
        fields.extend(parts::ports(service, self.text));
        fields.extend(parts::volumes(service, &self.volumes));
        fields.extend(parts::capabilities(service, &key.at));
        fields.extend(limits::limits(service));
        fields.extend(runs_as_root(service));
        if service.get("is-partial").is_none() {
            fields.extend(limits::missing(service, key, home));
        }
        fields
    }
}

fn runs_as_root(service: &Node) -> Option<(Node, Node)> {
    let user = service.get("user")?;
    let text = plain(user)?;
    let name = text.split(':').next().unwrap_or_default();
    let is_root = name == "root" || (!name.is_empty() && name.bytes().all(|byte| byte == b'0'));
    Some(field("runs-as-root", flag(is_root, user.at.clone())))
}

#[cfg(test)]
mod tests;
