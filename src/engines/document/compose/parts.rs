//! The parts of a service that compose lets one write in several ways.

mod binding;

use std::{collections::HashMap, ops::Range};

use super::{database, merge::Marks};
use crate::engines::document::{
    interpolation::interpolate,
    make::{assignment_of, dig, field, flag, is_true, list, map, plain},
    node::{Node, Value},
};

/// Sockets through which whoever reaches them owns the host.
const SOCKETS: [&str; 5] =
    ["/docker.sock", "/containerd.sock", "/crio.sock", "/podman.sock", "/pipe/docker_engine"];

/// `environment` as a map and as `variables`; the map holds what env files set, too.
pub(super) fn environment(service: &Node, marks: &Marks, text: &str) -> Vec<(Node, Node)> {
    let of_files = service.get("variables-of-files");
    let Some(first) = service.get("environment").or(of_files) else { return Vec::new() };
    let at = first.at.clone();
    let mut values = of_files.map(|files| files.entries().to_vec()).unwrap_or_default();
    let mut variables = Vec::new();
    for (name, value) in service.get("environment").map(pairs).unwrap_or_default() {
        let is_given = marks.given.contains(&value.at.start);
        let raw = value.at.clone();
        let (origin, value) = resolved(value);
        let origin = if is_given { "env-file" } else { origin };
        let whole = name.at.start..value.at.end.max(name.at.end);
        let mut fields = vec![
            field("name", name.clone()),
            field("summary", name.clone()),
            field("origin", Node::text(origin, whole.clone())),
        ];
        if value.value != Value::Null {
            fields.push(field("assignment", assignment_of(&name, &value, &whole)));
            fields.push(field("value", value.clone()));
            let is_known = plain(&value).is_some_and(|value| database::is_well_known(&value));
            if is_known {
                fields.push(field("is-well-known", flag(true, raw)));
            }
            fields.extend(reference(&name, &value, text));
        }
        variables.push(map(fields, whole));
        values.push((name, value));
    }
    let is_set = |(name, value): &(Node, Node)| is_password(name) && value.value != Value::Null;
    let has_password = values.iter().any(is_set);
    vec![
        field("environment", map(values, at.clone())),
        field("variables", list(variables, at.clone())),
        field("has-password", flag(has_password, at)),
    ]
}

/// What makes a literal value one that the host must give.
fn reference(name: &Node, value: &Node, text: &str) -> Option<(Node, Node)> {
    let written = text.get(value.at.clone()).filter(|written| !written.contains('\n'))?;
    let variable = name.as_text()?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = variable.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if written.is_empty() || !starts || !variable.chars().all(is_word) {
        return None;
    }
    // In a list, name and value are one element.
    let before = if name.at == value.at { format!("{variable}=") } else { String::new() };
    let filled = format!("\"{before}${{{variable}:?}}\"");
    Some(field("reference", Node::text(filled, value.at.clone())))
}

fn is_password(name: &Node) -> bool {
    let name = name.as_text().unwrap_or_default().to_ascii_uppercase();
    ["PASSWORD", "PASSWD", "REQUIREPASS"].iter().any(|word| name.contains(word))
        && !name.contains("ALLOW_EMPTY")
}

/// The variables of an environment, whether it is a list or a map.
fn pairs(written: &Node) -> Vec<(Node, Node)> {
    match &written.value {
        Value::Map(entries) => entries.clone(),
        Value::List(elements) => elements.iter().filter_map(pair).collect(),
        _ => Vec::new(),
    }
}

/// Name and value of `NAME=value`.
pub(super) fn pair(element: &Node) -> Option<(Node, Node)> {
    let text = plain(element)?;
    let at = element.at.clone();
    Some(match text.split_once('=') {
        Some((name, value)) => (Node::text(name, at.clone()), Node::text(value, at)),
        None => (Node::text(text, at.clone()), Node::new(Value::Null, at)),
    })
}

/// Where a value comes from, and the value.
fn resolved(value: Node) -> (&'static str, Node) {
    let Value::Text(text) = &value.value else {
        return (if value.value == Value::Null { "host" } else { "literal" }, value);
    };
    let plain = interpolate(text).into_owned();
    let origin = match (plain == *text, plain.contains("${") || plain.starts_with('$')) {
        (_, true) => "reference",
        (true, false) => "literal",
        (false, false) if text.contains("$$") && !text.contains("${") => "literal",
        (false, false) => "default",
    };
    (origin, Node::text(plain, value.at))
}

/// `ports` in long form.
pub(super) fn ports(service: &Node, text: &str) -> Option<(Node, Node)> {
    let written = service.get("ports")?;
    let ports = written.elements().iter().filter_map(|written| port(written, text)).collect();
    Some(field("ports", list(ports, written.at.clone())))
}

/// A port in long form. `source` is the text that it stands in.
pub(super) fn port(written: &Node, source: &str) -> Option<Node> {
    let at = &written.at;
    if let Value::Map(entries) = &written.value {
        let host = written.get("host_ip");
        let mut fields = entries.clone();
        fields.extend(host.map(|host| field("host-ip", host.clone())));
        fields.push(field("is-public", flag(is_any(host.and_then(Node::as_text)), at.clone())));
        let target = written.get("target").cloned();
        fields.extend(target.map(|target| field("summary", target)));
        fields.extend(binding::of_map(written, source));
        return Some(map(fields, at.clone()));
    }
    let text = plain(written)?;
    let (ports, protocol) = text.rsplit_once('/').unwrap_or((&text, "tcp"));
    let mut words = split(ports);
    let target = words.pop()?;
    let published = words.pop();
    let host = (!words.is_empty()).then(|| words.join(":"));
    let text_field = |name: &str, value: &str| field(name, Node::text(value, at.clone()));
    let mut fields = vec![
        text_field("summary", &text),
        text_field("target", target),
        text_field("protocol", protocol),
        field("is-public", flag(is_any(host.as_deref()), at.clone())),
    ];
    fields.extend(published.map(|published| text_field("published", published)));
    fields.extend(host.as_deref().map(|host| text_field("host-ip", host)));
    let has_published = fields.iter().any(|(name, _)| name.as_text() == Some("published"));
    fields.extend(binding::of_text(&text, host.as_deref(), has_published, at, source));
    Some(map(fields, at.clone()))
}

/// Whether a port that is bound to this address can be reached from anywhere.
fn is_any(host: Option<&str>) -> bool {
    matches!(host, None | Some("0.0.0.0" | "::" | "[::]" | "" | "*"))
}

/// Splits at the colons that stand outside `${..}` and `[..]`.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// `volumes` in long form.
pub(super) fn volumes(service: &Node, bound: &HashMap<String, String>) -> Option<(Node, Node)> {
    let written = service.get("volumes")?;
    // A proxy that hands out parts of the API is what one should put before the socket.
    let image = service.get("image").and_then(Node::as_text).unwrap_or_default();
    let is_proxy = image.contains("socket-proxy");
    let volumes = written.elements().iter().filter_map(|written| {
        let mut volume = volume(written)?;
        stand_for(&mut volume, bound);
        let source = volume.get("source").and_then(Node::as_text).unwrap_or_default();
        let is_socket = !is_proxy && SOCKETS.iter().any(|socket| source.ends_with(socket));
        if let Value::Map(fields) = &mut volume.value {
            fields.push(field("is-socket", flag(is_socket, written.at.clone())));
        }
        Some(volume)
    });
    Some(field("volumes", list(volumes.collect(), written.at.clone())))
}

/// A named volume that stands for a directory of the host is that directory.
fn stand_for(volume: &mut Node, bound: &HashMap<String, String>) {
    let name = volume.get("source").and_then(Node::as_text).unwrap_or_default();
    let Some(directory) = bound.get(name).cloned() else { return };
    let at = volume.at.clone();
    if let Value::Map(fields) = &mut volume.value {
        fields.push(field("source", Node::text(directory, at.clone())));
        fields.push(field("type", Node::text("bind", at)));
    }
}

/// Marks the volumes that several services write or read.
pub(super) fn shared_volumes(entries: &mut [(Node, Node)]) {
    let services = entries.iter_mut().filter(|(key, _)| key.as_text() == Some("services"));
    for (_, services) in services {
        let mut users: HashMap<String, (usize, usize)> = HashMap::new();
        for (index, service) in services.children().enumerate() {
            for source in
                service.get("volumes").into_iter().flat_map(Node::elements).filter_map(sharable)
            {
                let user = users.entry(source).or_insert((index, 1));
                if user.0 != index {
                    *user = (index, user.1 + 1);
                }
            }
        }
        for service in services.children_mut() {
            let Value::Map(fields) = &mut service.value else { continue };
            let volumes = fields.iter_mut().filter(|(key, _)| key.as_text() == Some("volumes"));
            for volume in volumes.flat_map(|(_, volumes)| volumes.children_mut()) {
                let users = sharable(volume).and_then(|source| users.get(&source));
                let at = volume.at.clone();
                if let (Some((_, 2..)), Value::Map(fields)) = (users, &mut volume.value) {
                    fields.push(field("is-shared", flag(true, at)));
                }
            }
        }
    }
}

/// The source of a volume that one service could spoil for another: no socket, and no file of the system.
fn sharable(volume: &Node) -> Option<String> {
    let source = volume.get("source").and_then(plain)?;
    let is_system = source.starts_with("/etc/") || volume.get("is-socket").is_some_and(is_true);
    (!is_system && !source.is_empty()).then_some(source)
}

/// A volume in long form.
pub(super) fn volume(written: &Node) -> Option<Node> {
    let at = &written.at;
    if let Value::Map(entries) = &written.value {
        let mut fields = entries.clone();
        let is_read_only = written.get("read_only").is_some_and(is_true);
        fields.push(field("is-read-only", flag(is_read_only, at.clone())));
        let source = written.get("source").cloned();
        fields.extend(source.map(|source| field("summary", source)));
        let propagation = dig(written, &["bind", "propagation"]).cloned();
        fields.extend(propagation.map(|propagation| field("propagation", propagation)));
        return Some(map(fields, at.clone()));
    }
    let text = plain(written)?;
    let mut parts = split(&text);
    let is_drive = parts.len() > 1
        && parts[0].len() == 1
        && parts[0].starts_with(|c: char| c.is_ascii_alphabetic())
        && parts[1].starts_with(['\\', '/']);
    let source = if is_drive {
        let length = parts[0].len() + 1 + parts[1].len();
        parts.drain(..2);
        Some(&text[..length])
    } else if parts.len() > 1 {
        Some(parts.remove(0))
    } else {
        None
    };
    Some(short_volume(&text, source, &parts, at))
}

fn short_volume(text: &str, source: Option<&str>, rest: &[&str], at: &Range<usize>) -> Node {
    let mode = rest.get(1).copied().unwrap_or("rw");
    let is_path = |source: &str| source.starts_with(['.', '/', '~', '$']) || source.contains('\\');
    let kind = if source.is_some_and(is_path) { "bind" } else { "volume" };
    let text_field = |name: &str, value: &str| field(name, Node::text(value, at.clone()));
    let mut fields = vec![
        text_field("summary", text),
        text_field("type", kind),
        text_field("target", rest.first().copied().unwrap_or_default()),
        text_field("mode", mode),
        field("is-read-only", flag(mode.split(',').any(|word| word == "ro"), at.clone())),
    ];
    fields.extend(source.map(|source| text_field("source", source)));
    let propagation =
        mode.split(',').find(|word| word.ends_with("shared") || word.ends_with("slave"));
    fields.extend(propagation.map(|propagation| text_field("propagation", propagation)));
    map(fields, at.clone())
}

/// Capabilities under one spelling.
pub(super) fn capabilities(service: &Node, key: &Range<usize>) -> Vec<(Node, Node)> {
    let list_of = |name: &str| {
        let written = service.get(name);
        let at = written.map_or_else(|| key.clone(), |node| node.at.clone());
        let elements = written.map(Node::elements).unwrap_or_default();
        list(elements.iter().filter_map(capability).collect(), at)
    };
    vec![
        field("capabilities-added", list_of("cap_add")),
        field("capabilities-dropped", list_of("cap_drop")),
    ]
}

fn capability(node: &Node) -> Option<Node> {
    let name = plain(node)?.to_ascii_uppercase();
    let short = name.strip_prefix("CAP_").unwrap_or(&name);
    Some(Node::text(short, node.at.clone()))
}
