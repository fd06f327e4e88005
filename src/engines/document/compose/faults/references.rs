//! What services share: names that must be there, and names and ports that only one may have.

use std::{collections::HashSet, ops::Range};

use super::{Faults, word};
use crate::engines::document::{
    compose::parts,
    make::plain,
    node::{Node, Value},
};

/// Checks what services name of each other and of the top level.
pub(super) fn check(entries: &[(Node, Node)], services: &Node, faults: &mut Faults) {
    let known = |name: &str| -> HashSet<String> {
        let blocks = entries.iter().filter(|(key, _)| key.as_text() == Some(name));
        let names = blocks.flat_map(|(_, block)| block.entries());
        names.filter_map(|(name, _)| plain(name)).collect()
    };
    let mut networks = known("networks");
    networks.insert("default".to_owned());
    let named = known("services");
    let (volumes, secrets, configs) = (known("volumes"), known("secrets"), known("configs"));
    for (_, service) in services.entries() {
        let mut refer =
            |what: &str, known: &HashSet<String>, names: Vec<(String, Range<usize>)>| {
                for (name, at) in names {
                    if !known.contains(&name) && !name.contains('$') {
                        faults.add("undefined-reference", &at, format!("{what} {name}"));
                    }
                }
            };
        refer("network", &networks, names(service.get("networks")));
        refer("service", &named, names(service.get("depends_on")));
        refer("secret", &secrets, names(service.get("secrets")));
        refer("config", &configs, names(service.get("configs")));
        refer("volume", &volumes, volume_names(service));
    }
    let alone =
        || services.entries().iter().filter(|(_, service)| service.get("profiles").is_none());
    let containers = alone().filter_map(|(_, service)| {
        let (node, text) = word(service, "container_name")?;
        Some((text, node.at.clone()))
    });
    faults.twice("name-twice", containers.collect());
    faults.twice("port-twice", alone().flat_map(|(_, service)| published(service)).collect());
}

/// The names in a list, in the sources of a list of maps, or before the values of a map.
fn names(node: Option<&Node>) -> Vec<(String, Range<usize>)> {
    let Some(node) = node else { return Vec::new() };
    if let Value::Map(entries) = &node.value {
        return entries.iter().filter_map(|(key, _)| Some((plain(key)?, key.at.clone()))).collect();
    }
    let elements = node.elements().iter().map(|element| element.get("source").unwrap_or(element));
    elements.filter_map(|element| Some((plain(element)?, element.at.clone()))).collect()
}

fn volume_names(service: &Node) -> Vec<(String, Range<usize>)> {
    let written = service.get("volumes").map(Node::elements).unwrap_or_default();
    let named = written.iter().filter_map(|written| {
        let volume = parts::volume(written)?;
        let is_named = volume.get("type").and_then(plain).as_deref() == Some("volume");
        let source = volume.get("source").and_then(plain).filter(|source| !source.is_empty())?;
        is_named.then_some((source, written.at.clone()))
    });
    named.collect()
}

/// The ports of the host that a service takes, as far as they are single numbers.
fn published(service: &Node) -> Vec<(String, Range<usize>)> {
    // A service of several containers, or one in a swarm, takes its ports in another way.
    if service.get("deploy").is_some_and(|deploy| deploy.get("mode").is_some()) {
        return Vec::new();
    }
    let written = service.get("ports").map(Node::elements).unwrap_or_default();
    let taken = written.iter().filter_map(|written| {
        let port = parts::port(written, "")?;
        let published = port.get("published").and_then(plain)?;
        let is_number =
            !published.is_empty() && published.bytes().all(|byte| byte.is_ascii_digit());
        let host = port.get("host-ip").and_then(plain).filter(|host| host != "0.0.0.0");
        let protocol = port.get("protocol").and_then(plain).unwrap_or_else(|| "tcp".to_owned());
        let host = host.map(|host| format!("{host}:")).unwrap_or_default();
        let is_any = published == "0" || host.contains('$');
        (is_number && !is_any)
            .then(|| (format!("{host}{published}/{protocol}"), written.at.clone()))
    });
    taken.collect()
}
