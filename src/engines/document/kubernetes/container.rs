//! One container, with what it inherits from its pod.

use std::ops::Range;

use crate::engines::document::{
    make::{assignment_of, dig, field, flag, image, is_false, is_true, list, map, plain},
    node::{Node, Value},
};

/// Ids below may be those of users on the node.
const FIRST_HIGH_ID: u64 = 10_000;

/// A program and one of its options that lie within so many bytes are shown together.
const NEAR: usize = 160;

/// What a container is part of.
#[derive(Clone, Copy)]
pub(super) struct Pod<'n> {
    pub(super) spec: &'n Node,
    /// Name, labels and annotations of the pod itself, or of the template.
    pub(super) metadata: Option<&'n Node>,
    /// The kind of the object that brings it about.
    pub(super) owner: &'n str,
    /// Whether all of it is written here; a patch only says what it changes.
    pub(super) is_whole: bool,
}

/// A container as it is written, and what it comes to.
pub(super) fn container(written: &Node, role: &str, pod: Pod<'_>) -> Node {
    let shown = written.get("name").map_or_else(|| written.at.clone(), |name| name.at.clone());
    let Pod { spec, metadata, owner, is_whole } = pod;
    let container = Container { written, spec, metadata, is_whole, shown };
    let mut fields = vec![
        field("role", Node::text(role, container.shown.clone())),
        field("owner", Node::text(owner, container.shown.clone())),
        field("is-whole", flag(is_whole, container.shown.clone())),
    ];
    fields.extend(container.names());
    fields.extend(container.pull());
    fields.extend(container.resources());
    fields.extend(container.privileges());
    fields.extend(container.root());
    fields.extend(container.capabilities());
    fields.extend(container.profiles());
    fields.extend(container.variables());
    fields.push(container.flags());
    fields.extend(written.entries().iter().cloned());
    map(fields, written.at.clone())
}

struct Container<'n> {
    written: &'n Node,
    spec: &'n Node,
    metadata: Option<&'n Node>,
    is_whole: bool,
    /// Where it is shown for what it lacks: its name.
    shown: Range<usize>,
}

impl<'n> Container<'n> {
    /// What its own security context says, else its pod's.
    fn context(&self, key: &str) -> Option<&'n Node> {
        let own = dig(self.written, &["securityContext", key]);
        own.or_else(|| dig(self.spec, &["securityContext", key]))
    }

    fn own(&self, key: &str) -> Option<&'n Node> {
        dig(self.written, &["securityContext", key])
    }

    /// The setting, or where it is missing: the security context, if there is one.
    fn at(&self, node: Option<&Node>) -> Range<usize> {
        node.map_or_else(|| self.missing(&["securityContext"]), |node| node.at.clone())
    }

    /// Where something is missing: the last of these nested keys that is there, or the container's name.
    fn missing(&self, keys: &[&str]) -> Range<usize> {
        let mut at = self.shown.clone();
        let mut map = self.written;
        for key in keys {
            let (Some(name), Some(value)) = (map.key(key), map.get(key)) else { break };
            at = name.at.clone();
            map = value;
        }
        at
    }

    fn names(&self) -> Vec<(Node, Node)> {
        let name = self.written.get("name").cloned();
        let mut fields: Vec<_> = name.map(|name| field("summary", name)).into_iter().collect();
        if let Some(node) = self.written.get("image")
            && let Some(reference) = plain(node)
        {
            fields.extend(image(&reference, &node.at));
        }
        fields
    }

    /// Whether the node asks the registry at each start, or runs what it has under that name.
    fn pull(&self) -> Option<(Node, Node)> {
        let image = plain(self.written.get("image")?)?;
        let policy = self.written.get("imagePullPolicy");
        let is_latest = !image.contains('@')
            && image
                .rsplit('/')
                .next()
                .is_some_and(|last| last.split_once(':').is_none_or(|(_, tag)| tag == "latest"));
        if image.contains('$') {
            return None;
        }
        let is_asked =
            policy.and_then(Node::as_text).map_or(is_latest, |policy| policy == "Always");
        let word = if is_asked { "asked" } else { "kept" };
        let at = policy.map_or_else(|| self.shown.clone(), |policy| policy.at.clone());
        Some(field("image-pull", Node::text(word, at)))
    }

    fn resources(&self) -> Vec<(Node, Node)> {
        let place = |key: &str| flag(true, self.missing(&["resources", key]));
        vec![field("limits-at", place("limits")), field("requests-at", place("requests"))]
    }

    fn privileges(&self) -> Vec<(Node, Node)> {
        let privileged = self.own("privileged");
        let escalation = self.own("allowPrivilegeEscalation");
        let read_only = self.own("readOnlyRootFilesystem");
        let has_context = self.written.get("securityContext").or(self.spec.get("securityContext"));
        vec![
            field("privileged", flag(privileged.is_some_and(is_true), self.at(privileged))),
            field(
                "allows-privilege-escalation",
                flag(!escalation.is_some_and(is_false), self.at(escalation)),
            ),
            field("has-read-only-root", flag(read_only.is_some_and(is_true), self.at(read_only))),
            field("has-security-context", flag(has_context.is_some(), self.at(has_context))),
        ]
    }

    fn root(&self) -> Vec<(Node, Node)> {
        let user = self.context("runAsUser");
        let non_root = self.context("runAsNonRoot");
        let is_windows = dig(self.spec, &["os", "name"]).and_then(Node::as_text) == Some("windows");
        let user_is_root = user.and_then(plain).map(|user| user.trim() == "0");
        let word = match (user_is_root, non_root.is_some_and(is_true)) {
            _ if is_windows => "never",
            (Some(true), _) => "certainly",
            (Some(false), _) | (None, true) => "never",
            (None, false) if !self.is_whole => "unknown",
            (None, false) => "possibly",
        };
        let at = self.at(user.or(non_root));
        let id = user.and_then(plain).and_then(|user| user.trim().parse::<u64>().ok());
        let is_high = is_windows || id.is_some_and(|id| id >= FIRST_HIGH_ID);
        let severity = if word == "certainly" { "high" } else { "medium" };
        let mut fields = vec![
            field("runs-as-root", Node::text(word, at.clone())),
            field("root-set-at", flag(true, at.clone())),
            field("root-severity", Node::text(severity, at)),
            field("has-high-user-id", flag(is_high, self.at(user))),
        ];
        let written = [("user", user), ("group", self.context("runAsGroup"))];
        let written = written.into_iter().chain([("selinux", self.context("seLinuxOptions"))]);
        fields.extend(written.filter_map(|(name, node)| Some(field(name, node?.clone()))));
        if word == "possibly" {
            fields.push(field("unguarded", flag(true, self.written.at.clone())));
        }
        fields
    }

    fn capabilities(&self) -> Vec<(Node, Node)> {
        let written = self.own("capabilities");
        let named = |key: &str| -> (Vec<Node>, Range<usize>) {
            let node = written.and_then(|node| node.get(key));
            let names = node.map(Node::elements).unwrap_or_default();
            (names.iter().filter_map(capability).collect(), self.at(node.or(written)))
        };
        let (added, added_at) = named("add");
        let (dropped, dropped_at) = named("drop");
        let drops = |name: &str| dropped.iter().any(|node| node.as_text() == Some(name));
        let (all, net_raw) = (drops("ALL"), drops("NET_RAW"));
        let has_power =
            added.iter().any(|node| matches!(node.as_text(), Some("SYS_ADMIN" | "ALL")));
        // The API refuses a container that is privileged, or has this capability, and may not escalate.
        let may_forbid = !has_power && !self.own("privileged").is_some_and(is_true);
        let repairs =
            [("may-forbid-escalation", may_forbid), ("drops-nothing", dropped.is_empty())];
        let here = flag(true, self.written.at.clone());
        let mut fields = vec![
            field("capabilities-added", self.added(added, added_at)),
            field("drops-all-capabilities", flag(all, dropped_at.clone())),
            field("drops-net-raw", flag(all || net_raw, dropped_at)),
        ];
        let repairs = repairs.into_iter().filter(|(_, is_one)| *is_one);
        fields.extend(repairs.map(|(name, _)| field(name, here.clone())));
        fields
    }

    /// Capabilities by name; `removable` if something else is left of the security context without them.
    fn added(&self, names: Vec<Node>, at: Range<usize>) -> Node {
        let context = self.written.get("securityContext");
        let has_others = |node: Option<&Node>| node.is_some_and(|node| node.entries().len() > 1);
        let is_removable = names.len() > 1
            || has_others(context)
            || has_others(context.and_then(|context| context.get("capabilities")));
        let entry = |name: Node| {
            let at = name.at.clone();
            let mut fields = vec![field("name", name.clone()), field("summary", name)];
            fields.extend(is_removable.then(|| field("removable", flag(true, at.clone()))));
            map(fields, at)
        };
        list(names.into_iter().map(entry).collect(), at)
    }

    /// Profiles of seccomp and `AppArmor`, also from the annotations that came before the fields.
    fn profiles(&self) -> Vec<(Node, Node)> {
        let name = self.written.get("name").and_then(Node::as_text).unwrap_or_default();
        let annotation = |key: &str| dig(self.metadata?, &["annotations", key]);
        let profile = |key: &str| self.context(key).and_then(|profile| profile.get("type"));
        let seccomp = profile("seccompProfile")
            .or_else(|| {
                annotation(&format!("container.seccomp.security.alpha.kubernetes.io/{name}"))
            })
            .or_else(|| annotation("seccomp.security.alpha.kubernetes.io/pod"));
        let apparmor = profile("appArmorProfile").or_else(|| {
            annotation(&format!("container.apparmor.security.beta.kubernetes.io/{name}"))
        });
        let fields = [("seccomp", seccomp), ("apparmor", apparmor)];
        let written =
            fields.into_iter().filter_map(|(name, node)| Some(field(name, node?.clone())));
        let at = self.inert_annotation().unwrap_or_else(|| self.at(None));
        written.chain([field("seccomp-at", flag(true, at))]).collect()
    }

    /// An annotation that looks as if it set a seccomp profile, and is one that nothing reads on a pod.
    fn inert_annotation(&self) -> Option<Range<usize>> {
        let annotations = self.metadata?.get("annotations")?.entries();
        let is_one = |(key, _): &&(Node, Node)| {
            let key = key.as_text().unwrap_or_default();
            key.starts_with("seccomp.security.alpha.kubernetes.io/") && !key.ends_with("/pod")
        };
        annotations.iter().find(is_one).map(|(key, _)| key.at.clone())
    }

    fn variables(&self) -> Option<(Node, Node)> {
        let written = self.written.get("env")?;
        let variables = written.elements().iter().filter_map(variable).collect();
        Some(field("variables", list(variables, written.at.clone())))
    }

    /// Options of the command line: `--name=value`, `--name value`, `--name`.
    fn flags(&self) -> (Node, Node) {
        let words: Vec<&Node> = ["command", "args"]
            .iter()
            .filter_map(|key| self.written.get(key))
            .flat_map(|node| {
                if node.elements().is_empty() {
                    std::slice::from_ref(node)
                } else {
                    node.elements()
                }
            })
            .collect();
        let mut flags = Vec::new();
        for (index, node) in words.iter().enumerate() {
            let Some(word) = plain(node) else { continue };
            let Some(option) = word.strip_prefix("--") else { continue };
            let next = words.get(index + 1).and_then(|next| plain(next));
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, value.to_owned()),
                None => (option, next.filter(|next| !next.starts_with('-')).unwrap_or_default()),
            };
            let at = self.command_line(node);
            flags.push((Node::text(name, at.clone()), Node::text(value, at)));
        }
        field("flags", map(flags, self.written.at.clone()))
    }
}

impl Container<'_> {
    /// An option with the program that it is for, if that is near.
    fn command_line(&self, option: &Node) -> Range<usize> {
        let program = self.written.key("command").map(|key| key.at.start);
        let near = option.at.end.saturating_sub(NEAR)..option.at.start;
        let start = program.filter(|start| near.contains(start)).unwrap_or(option.at.start);
        start..option.at.end
    }
}

fn capability(node: &Node) -> Option<Node> {
    let name = plain(node)?.to_ascii_uppercase();
    let short = name.strip_prefix("CAP_").unwrap_or(&name);
    Some(Node::text(short, node.at.clone()))
}

fn variable(written: &Node) -> Option<Node> {
    let name = written.get("name")?;
    let source = written.get("valueFrom");
    let has = |key: &str| source.is_some_and(|source| source.get(key).is_some());
    let origin = match source {
        None => "literal",
        Some(_) if has("secretKeyRef") => "secret",
        Some(_) if has("configMapKeyRef") => "config-map",
        Some(_) => "field",
    };
    let mut fields = vec![
        field("name", name.clone()),
        field("summary", name.clone()),
        field("origin", Node::text(origin, name.at.clone())),
    ];
    let value = written.get("value").filter(|value| value.value != Value::Null);
    if let Some(value) = value {
        fields.push(field("assignment", assignment_of(name, value, &written.at)));
        fields.push(field("value", value.clone()));
    }
    Some(map(fields, written.at.clone()))
}
