//! Finds the pod specifications of an object.

use super::{
    container::{Pod, container},
    summary,
};
use crate::engines::document::{
    make::{dig, field, flag, is_false, is_true, list, map, plain},
    node::{Node, Value},
};

/// Sockets through which whoever reaches them owns the node.
const SOCKETS: [&str; 6] = [
    "docker.sock",
    "containerd.sock",
    "containerd/containerd.sock",
    "crio.sock",
    "crio/crio.sock",
    "cri-dockerd.sock",
];

/// Folders of a node whose contents are secrets or control it.
const SENSITIVE: [&str; 14] = [
    "/", "/boot", "/dev", "/etc", "/home", "/lib", "/proc", "/root", "/run", "/sys", "/usr",
    "/var", "/var/lib", "/var/run",
];

/// Folders of which every part is sensitive.
const SENSITIVE_BELOW: [&str; 8] = [
    "/etc/kubernetes",
    "/var/lib/kubelet",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/proc",
    "/root",
    "/var/lib/etcd",
    "/sys",
];

/// The pods that an object brings about.
pub(super) fn pods(object: &Node) -> Vec<Node> {
    let kind = object.get("kind").and_then(Node::as_text);
    if kind == Some("CustomResourceDefinition") {
        return Vec::new();
    }
    let mut pods = Vec::new();
    search(object, None, object, &mut pods);
    pods
}

fn search(node: &Node, holder: Option<&Node>, object: &Node, pods: &mut Vec<Node>) {
    if is_pod_spec(node) {
        pods.push(pod(node, holder, object));
        return;
    }
    let holder = if matches!(node.value, Value::Map(_)) { Some(node) } else { holder };
    for child in node.children() {
        search(child, holder, object, pods);
    }
}

fn is_pod_spec(node: &Node) -> bool {
    let containers = node.get("containers").map(Node::elements).unwrap_or_default();
    let is_container = |node: &Node| node.get("image").is_some() || node.get("name").is_some();
    !containers.is_empty() && containers.iter().all(is_container)
}

fn pod(spec: &Node, holder: Option<&Node>, object: &Node) -> Node {
    let kind = object.get("kind").cloned();
    let metadata = object.get("metadata");
    let own_metadata = holder.and_then(|holder| holder.get("metadata"));
    let mut fields = Vec::new();
    if let Some(kind) = kind {
        fields.push(field("summary", summary(object.entries(), &kind)));
        fields.push(field("kind", kind));
    }
    let named = |name: &'static str| metadata.and_then(|node| node.get(name)).cloned();
    fields.extend(named("name").map(|name| field("name", name)));
    fields.extend(named("namespace").map(|name| field("namespace", name)));
    let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter_map(|key| {
        let node = spec.get(key).filter(|node| is_true(node))?;
        Some(Node::text(key, node.at.clone()))
    });
    fields.push(field("host-namespaces", list(shared.collect(), spec.at.clone())));
    let place = place(spec, holder);
    let is_whole = is_whole(spec);
    fields.push(field("is-whole", flag(is_whole, place.clone())));
    fields.extend(account(spec, &place));
    fields.extend(
        own_metadata.and_then(|node| node.get("labels")).map(|node| field("labels", node.clone())),
    );
    fields.extend(
        ["replicas", "selector"]
            .into_iter()
            .filter_map(|key| Some(field(key, dig(object, &["spec", key])?.clone()))),
    );
    fields.extend(volumes(spec));
    let owner = object.get("kind").and_then(Node::as_text).unwrap_or_default();
    let pod = Pod { spec, metadata: own_metadata.or(metadata), owner, is_whole };
    fields.push(containers(pod));
    fields.push(field("spec", spec.clone()));
    fields.push(field("place", flag(true, place)));
    map(fields, spec.at.clone())
}

/// Where a pod is shown for what it lacks: the key of its specification.
fn place(spec: &Node, holder: Option<&Node>) -> std::ops::Range<usize> {
    let entries = holder.map(Node::entries).unwrap_or_default();
    let key = entries.iter().find(|(_, value)| std::ptr::eq(value, spec)).map(|(key, _)| key);
    let key = key.or_else(|| spec.key("containers"));
    key.map_or_else(|| spec.at.clone(), |key| key.at.clone())
}

/// Whether all of a pod is written here: a patch of kustomize names a container without its image.
fn is_whole(spec: &Node) -> bool {
    let containers = spec.get("containers").map(Node::elements).unwrap_or_default();
    containers.iter().all(|container| container.get("image").is_some())
}

/// The account that a pod acts as in its cluster, and whether it is given the token of it.
fn account(spec: &Node, place: &std::ops::Range<usize>) -> Vec<(Node, Node)> {
    let at = |node: Option<&Node>| node.map_or_else(|| place.clone(), |node| node.at.clone());
    let account = spec.get("serviceAccountName").or_else(|| spec.get("serviceAccount"));
    let account = account.filter(|account| account.value != Value::Null);
    let name = account.and_then(plain).unwrap_or_default();
    let token = spec.get("automountServiceAccountToken");
    let mounts = !token.is_some_and(is_false);
    let is_default = mounts && matches!(name.as_str(), "" | "default");
    let mut fields = vec![
        field("mounts-token", flag(mounts, at(token))),
        field("uses-default-account", flag(is_default, at(account))),
    ];
    fields.extend(account.map(|account| field("service-account", account.clone())));
    fields
}

fn containers(pod: Pod<'_>) -> (Node, Node) {
    let spec = pod.spec;
    let roles = [
        ("container", "containers"),
        ("init", "initContainers"),
        ("ephemeral", "ephemeralContainers"),
    ];
    let mut all = Vec::new();
    for (role, key) in roles {
        let written = spec.get(key).map(Node::elements).unwrap_or_default();
        all.extend(written.iter().map(|node| container(node, role, pod)));
    }
    field("containers", list(all, spec.at.clone()))
}

fn volumes(spec: &Node) -> Option<(Node, Node)> {
    let written = spec.get("volumes")?;
    let volumes = written.elements().iter().map(volume).collect();
    Some(field("volumes", list(volumes, written.at.clone())))
}

fn volume(written: &Node) -> Node {
    let mut fields = written.entries().to_vec();
    if let Some(path) = dig(written, &["hostPath", "path"]) {
        fields.extend(host_path(path));
    }
    map(fields, written.at.clone())
}

/// What a path of the node is.
fn host_path(node: &Node) -> Vec<(Node, Node)> {
    let Some(path) = plain(node) else { return Vec::new() };
    let trimmed = if path.len() > 1 { path.trim_end_matches('/') } else { &path };
    let is_socket = SOCKETS.iter().any(|socket| trimmed.ends_with(socket));
    let is_below = SENSITIVE_BELOW.iter().any(|folder| {
        let rest = trimmed.strip_prefix(folder);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let is_sensitive = SENSITIVE.contains(&trimmed) || is_below;
    vec![
        field("host-path", node.clone()),
        field("is-socket", flag(is_socket, node.at.clone())),
        field("is-sensitive", flag(is_sensitive, node.at.clone())),
    ]
}

/// The paths of the node that a persistent volume stands for, and those that pods mount.
pub(super) fn host_paths(objects: &[Node], pods: &[Node]) -> Vec<Node> {
    let volumes = pods.iter().filter_map(|pod| pod.get("volumes")).flat_map(Node::elements);
    let mounted = volumes.filter_map(|volume| volume.get("host-path"));
    let persistent = objects
        .iter()
        .filter(|object| object.get("kind").and_then(Node::as_text) == Some("PersistentVolume"));
    let persistent = persistent.filter_map(|object| dig(object, &["spec", "hostPath", "path"]));
    mounted.chain(persistent).map(|node| map(host_path(node), node.at.clone())).collect()
}
