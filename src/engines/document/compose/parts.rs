//! The parts of a service that compose lets one write in several ways.

use std::ops::Range;

use crate::engines::document::{
    interpolation::interpolate,
    make::{assignment_of, field, flag, is_true, list, map, plain},
    node::{Node, Value},
};

/// Sockets through which whoever reaches them owns the host.
const SOCKETS: [&str; 5] =
    ["/docker.sock", "/containerd.sock", "/crio.sock", "/podman.sock", "/pipe/docker_engine"];

/// `environment` as a map and as `variables`.
pub(super) fn environment(service: &Node) -> Vec<(Node, Node)> {
    let Some(written) = service.get("environment") else { return Vec::new() };
    let mut values = Vec::new();
    let mut variables = Vec::new();
    let mut has_password = false;
    for (name, value) in pairs(written) {
        let (origin, value) = resolved(value);
        let at = name.at.start..value.at.end.max(name.at.end);
        has_password |= is_password(&name) && value.value != Value::Null;
        let mut fields = vec![
            field("name", name.clone()),
            field("summary", name.clone()),
            field("origin", Node::text(origin, at.clone())),
        ];
        if value.value != Value::Null {
            fields.push(field("assignment", assignment_of(&name, &value, &at)));
            fields.push(field("value", value.clone()));
        }
        variables.push(map(fields, at));
        values.push((name, value));
    }
    let at = written.at.clone();
    vec![
        field("environment", map(values, at.clone())),
        field("variables", list(variables, at.clone())),
        field("has-password", flag(has_password, at)),
    ]
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

fn pair(element: &Node) -> Option<(Node, Node)> {
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
pub(super) fn ports(service: &Node) -> Option<(Node, Node)> {
    let written = service.get("ports")?;
    let ports = written.elements().iter().filter_map(port).collect();
    Some(field("ports", list(ports, written.at.clone())))
}

fn port(written: &Node) -> Option<Node> {
    let at = &written.at;
    if let Value::Map(entries) = &written.value {
        let host = written.get("host_ip");
        let mut fields = entries.clone();
        fields.extend(host.map(|host| field("host-ip", host.clone())));
        fields.push(field("is-public", flag(is_any(host.and_then(Node::as_text)), at.clone())));
        let target = written.get("target").cloned();
        fields.extend(target.map(|target| field("summary", target)));
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
pub(super) fn volumes(service: &Node) -> Option<(Node, Node)> {
    let written = service.get("volumes")?;
    // A proxy that hands out parts of the API is what one should put before the socket.
    let image = service.get("image").and_then(Node::as_text).unwrap_or_default();
    let is_proxy = image.contains("socket-proxy");
    let volumes = written.elements().iter().filter_map(|written| {
        let mut volume = volume(written)?;
        let source = volume.get("source").and_then(Node::as_text).unwrap_or_default();
        let is_socket = !is_proxy && SOCKETS.iter().any(|socket| source.ends_with(socket));
        if let Value::Map(fields) = &mut volume.value {
            fields.push(field("is-socket", flag(is_socket, written.at.clone())));
        }
        Some(volume)
    });
    Some(field("volumes", list(volumes.collect(), written.at.clone())))
}

fn volume(written: &Node) -> Option<Node> {
    let at = &written.at;
    if let Value::Map(entries) = &written.value {
        let mut fields = entries.clone();
        let is_read_only = written.get("read_only").is_some_and(is_true);
        fields.push(field("is-read-only", flag(is_read_only, at.clone())));
        let source = written.get("source").cloned();
        fields.extend(source.map(|source| field("summary", source)));
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
    map(fields, at.clone())
}

/// Capabilities under one spelling, and what `security_opt` says.
pub(super) fn capabilities(service: &Node, key: &Range<usize>) -> Vec<(Node, Node)> {
    let named = |name: &str| service.get(name).map(Node::elements).unwrap_or_default();
    let list_of = |name: &str| {
        let at = service.get(name).map_or_else(|| key.clone(), |node| node.at.clone());
        list(named(name).iter().filter_map(capability).collect(), at)
    };
    let dropped = list_of("cap_drop");
    let drops_all = dropped.elements().iter().any(|node| node.as_text() == Some("ALL"));
    let has_no_new = named("security_opt").iter().filter_map(Node::as_text).any(|option| {
        let value = option.strip_prefix("no-new-privileges");
        value.is_some_and(|value| matches!(value, "" | ":true" | "=true"))
    });
    let at = service.get("security_opt").map_or_else(|| key.clone(), |node| node.at.clone());
    vec![
        field("capabilities-added", list_of("cap_add")),
        field("drops-all-capabilities", flag(drops_all, dropped.at.clone())),
        field("capabilities-dropped", dropped),
        field("has-no-new-privileges", flag(has_no_new, at)),
    ]
}

fn capability(node: &Node) -> Option<Node> {
    let name = plain(node)?.to_ascii_uppercase();
    let short = name.strip_prefix("CAP_").unwrap_or(&name);
    Some(Node::text(short, node.at.clone()))
}
