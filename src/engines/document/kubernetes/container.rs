//! One container, with what it inherits from its pod.

use std::ops::Range;

use crate::engines::document::{
    make::{assignment_of, dig, field, flag, image, is_false, is_true, list, map, plain},
    node::{Node, Value},
};

/// Ids below may be those of users on the node.
const FIRST_HIGH_ID: u64 = 10_000;

/// A container as it is written, and what it comes to.
pub(super) fn container(written: &Node, role: &str, spec: &Node, metadata: Option<&Node>) -> Node {
    let shown = written.get("name").map_or_else(|| written.at.clone(), |name| name.at.clone());
    let container = Container { written, spec, metadata, shown };
    let mut fields = vec![field("role", Node::text(role, container.shown.clone()))];
    fields.extend(container.names());
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

    fn at(&self, node: Option<&Node>) -> Range<usize> {
        node.map_or_else(|| self.shown.clone(), |node| node.at.clone())
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
        fields.extend(user.map(|user| field("user", user.clone())));
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
        vec![
            field("capabilities-added", list(added, added_at)),
            field("drops-all-capabilities", flag(all, dropped_at.clone())),
            field("drops-net-raw", flag(all || net_raw, dropped_at)),
        ]
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
        fields.into_iter().filter_map(|(name, node)| Some(field(name, node?.clone()))).collect()
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
            flags.push((Node::text(name, node.at.clone()), Node::text(value, node.at.clone())));
        }
        field("flags", map(flags, self.written.at.clone()))
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
