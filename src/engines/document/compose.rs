//! Compose files, with short and long forms read as one.
//!
//! The root is a map with `services`, a map of name to service (and `networks`, `volumes`, `secrets`,
//! `configs` as they are written). Defaults of variables are put in everywhere. A service keeps all keys of
//! its file, and these are made uniform or computed:
//!
//! * `name`, `summary`: the service's name, at its key;
//! * `image-name`, `image-tag`, `image-digest`, `image-is-latest` (no tag, or `latest`, without digest);
//! * `environment`: a map; `variables`: a list of `name`, `value`, `assignment` (`name=value`) and `origin`: `literal`,
//!   `default` (the default of a variable of the host), `reference` (such a variable) or `host`;
//! * `ports`: a list of `published`, `target`, `host-ip`, `protocol`, `is-public` (any address may reach it);
//! * `volumes`: a list of `type`, `source`, `target`, `is-read-only`, `is-socket` (of a container runtime,
//!   and not for a proxy made for it);
//! * `privileged`, `has-read-only-root`: true or false;
//! * `capabilities-added`, `capabilities-dropped`: without `CAP_`, in capitals; `drops-all-capabilities`;
//! * `has-no-new-privileges`, `has-healthcheck`, `runs-as-root` (where `user` says so);
//! * `memory-limit`, `cpu-limit`, `pids-limit`: from `deploy` or from the short keys;
//! * `has-password`: whether a variable with a password in its name has a value.

mod parts;

use std::collections::HashSet;

use super::{
    Unreadable,
    interpolation::interpolate,
    make::{dig, field, flag, image, is_true, map, plain},
    node::{Node, Value},
    yaml::{self, Booleans},
};
use crate::finding::RepoPath;

/// Whether the path names a compose file.
pub fn is_one(path: &RepoPath) -> bool {
    if !matches!(path.extension(), "yml" | "yaml") || path.as_str().starts_with(".github/") {
        return false;
    }
    let name = path.file_name().to_ascii_lowercase();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    stem.split(['-', '.', '_']).any(|word| word == "compose")
}

/// Reads a compose file.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    let mut documents = yaml::documents(text, Booleans::Core)?;
    let tags = documents.tags.iter().filter(|(_, tag)| tag == "!reset");
    let places: HashSet<usize> = tags.map(|(at, _)| *at).collect();
    if !places.is_empty() {
        for root in &mut documents.roots {
            reset(root, &places);
        }
    }
    let mut entries = Vec::new();
    for root in documents.roots {
        match root.value {
            Value::Map(found) => entries.extend(found),
            Value::Null => {}
            _ => return Err(Unreadable::new("a compose file is a map of `services`", root.at)),
        }
    }
    let all = 0..text.len();
    if !entries.iter().any(|(key, _)| key.as_text() == Some("services")) {
        let (services, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_old_service);
        entries = others;
        entries.push(field("services", map(services, all.clone())));
    }
    let entries = entries.into_iter().map(|(key, mut value)| {
        interpolate_all(&mut value);
        if key.as_text() == Some("services") {
            value = services(value);
        }
        (key, value)
    });
    Ok(map(entries.collect(), all))
}

/// In the first version of the format services stood at the top.
fn is_old_service((key, value): &(Node, Node)) -> bool {
    let is_extension = key.as_text().is_some_and(|key| key.starts_with("x-"));
    !is_extension && (value.get("image").is_some() || value.get("build").is_some())
}

/// What is tagged `!reset` is as if it were not written.
fn reset(node: &mut Node, places: &HashSet<usize>) {
    if let Value::Map(entries) = &mut node.value {
        entries.retain(|(_, value)| !places.contains(&value.at.start));
    }
    for child in node.children_mut() {
        reset(child, places);
    }
}

/// Puts defaults in, except in environments: there it matters what is only a default.
fn interpolate_all(node: &mut Node) {
    match &mut node.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                if key.as_text() != Some("environment") {
                    interpolate_all(value);
                }
            }
        }
        Value::Text(text) if text.contains('$') => *text = interpolate(text).into_owned(),
        _ => {
            for child in node.children_mut() {
                interpolate_all(child);
            }
        }
    }
}

fn services(node: Node) -> Node {
    let Value::Map(entries) = node.value else { return node };
    let services = entries.into_iter().map(|(key, value)| {
        let service = service(&key, value);
        (key, service)
    });
    map(services.collect(), node.at)
}

fn service(key: &Node, node: Node) -> Node {
    let at = key.at.start..node.at.end.max(key.at.end);
    let Value::Map(written) = node.value else { return node };
    let written = map(written, at.clone());
    let mut entries = computed(key, &written);
    if let Value::Map(rest) = written.value {
        let is_new =
            |name: &Node| entries.iter().all(|(known, _)| known.as_text() != name.as_text());
        let rest: Vec<_> = rest.into_iter().filter(|(name, _)| is_new(name)).collect();
        entries.extend(rest);
    }
    map(entries, at)
}

fn computed(key: &Node, service: &Node) -> Vec<(Node, Node)> {
    let mut fields = vec![field("name", key.clone()), field("summary", key.clone())];
    if let Some(image_node) = service.get("image")
        && let Some(text) = plain(image_node)
    {
        fields.extend(image(&text, &image_node.at));
    }
    for (name, written) in [("privileged", "privileged"), ("has-read-only-root", "read_only")] {
        let value = service.get(written);
        let at = value.map_or_else(|| key.at.clone(), |value| value.at.clone());
        fields.push(field(name, flag(value.is_some_and(is_true), at)));
    }
    fields.extend(parts::environment(service));
    fields.extend(parts::ports(service));
    fields.extend(parts::volumes(service));
    fields.extend(parts::capabilities(service, &key.at));
    fields.extend(limits(service));
    fields.push(healthcheck(service, key));
    if let Some(user) = service.get("user")
        && let Some(text) = plain(user)
    {
        let name = text.split(':').next().unwrap_or_default();
        let is_root = name == "root" || (!name.is_empty() && name.bytes().all(|byte| byte == b'0'));
        fields.push(field("runs-as-root", flag(is_root, user.at.clone())));
    }
    fields
}

fn limits(service: &Node) -> Vec<(Node, Node)> {
    let limit = |deployed: &str, short: &[&str]| {
        let deployed = dig(service, &["deploy", "resources", "limits", deployed]);
        deployed.or_else(|| short.iter().find_map(|key| service.get(key))).cloned()
    };
    let limits = [
        ("memory-limit", limit("memory", &["mem_limit"])),
        ("cpu-limit", limit("cpus", &["cpus", "cpu_quota", "cpu_count", "cpu_percent"])),
        ("pids-limit", limit("pids", &["pids_limit"])),
    ];
    // Zero and less mean that there is none.
    let is_limit =
        |value: &Node| plain(value).is_some_and(|text| !text.starts_with('-') && text != "0");
    let given = limits.into_iter().filter_map(|(name, value)| Some((name, value?)));
    given.filter(|(_, value)| is_limit(value)).map(|(name, value)| field(name, value)).collect()
}

fn healthcheck(service: &Node, key: &Node) -> (Node, Node) {
    let Some(check) = service.get("healthcheck") else {
        return field("has-healthcheck", flag(false, key.at.clone()));
    };
    let test = check.get("test");
    let first = test.and_then(|test| test.elements().first().or(Some(test)));
    let is_off = check.get("disable").is_some_and(is_true)
        || first.and_then(Node::as_text).is_some_and(|word| word == "NONE")
        || check.value == Value::Null;
    field("has-healthcheck", flag(!is_off, check.at.clone()))
}

#[cfg(test)]
mod tests;
