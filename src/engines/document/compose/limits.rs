//! What a service is limited to, and what it lacks.

use std::ops::Range;

use crate::engines::document::{
    make::{dig, field, flag, is_false, is_true, list, plain},
    node::{Node, Value},
};

/// A limit under its names in `deploy.resources.limits` and of the service itself.
struct Limit {
    field: &'static str,
    missing: &'static str,
    /// The service, where the limit may be added to it.
    home: &'static str,
    deployed: &'static str,
    short: &'static [&'static str],
}

const LIMITS: [Limit; 3] = [
    Limit {
        field: "memory-limit",
        missing: "no-memory-limit",
        home: "memory-home",
        deployed: "memory",
        short: &["mem_limit"],
    },
    Limit {
        field: "cpu-limit",
        missing: "no-cpu-limit",
        home: "cpu-home",
        deployed: "cpus",
        short: &["cpus", "cpu_quota", "cpu_count", "cpu_percent"],
    },
    Limit {
        field: "pids-limit",
        missing: "no-pids-limit",
        home: "pids-home",
        deployed: "pids",
        short: &["pids_limit"],
    },
];
/// How often a container that fails is to be started again.
const RESTARTS: &str = "5";

impl Limit {
    fn written<'n>(&self, service: &'n Node) -> Option<&'n Node> {
        let deployed = dig(service, &["deploy", "resources", "limits", self.deployed]);
        deployed.or_else(|| self.short.iter().find_map(|key| service.get(key)))
    }

    fn given<'n>(&self, service: &'n Node) -> Option<&'n Node> {
        // Zero and less mean that there is none.
        let is_limit = |value: &&Node| {
            plain(value).is_some_and(|text| !text.starts_with('-') && !is_nothing(&text))
        };
        self.written(service).filter(is_limit)
    }

    /// Where the limit should stand: the innermost of the blocks that are there.
    fn place(&self, service: &Node, key: &Range<usize>) -> Range<usize> {
        if let Some(written) = self.written(service) {
            return written.at.clone();
        }
        let mut place = key.clone();
        let mut block = service;
        for name in ["deploy", "resources", "limits"] {
            let (Some(key), Some(value)) = (block.key(name), block.get(name)) else { break };
            place = key.at.start..value.at.end.max(key.at.end);
            block = value;
        }
        place
    }
}

fn is_nothing(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '0' | '.'))
}

/// The limits that a service has.
pub(super) fn limits(service: &Node) -> Vec<(Node, Node)> {
    let given = |limit: &Limit| Some(field(limit.field, limit.given(service)?.clone()));
    LIMITS.iter().filter_map(given).collect()
}

/// What a service lacks, of which all is known. `key` is its name, `home` has the place of its keys.
pub(super) fn missing(service: &Node, key: &Node, home: &Node) -> Vec<(Node, Node)> {
    let named = |at: Range<usize>| Node::new(key.value.clone(), at);
    let mut fields = Vec::new();
    for limit in LIMITS.iter().filter(|limit| limit.given(service).is_none()) {
        fields.push(field(limit.missing, named(limit.place(service, &key.at))));
        if limit.written(service).is_none() {
            fields.push(field(limit.home, home.clone()));
        }
    }
    fields.extend(read_only(service, key, home));
    fields.extend(security(service, key, home));
    fields.push(healthcheck(service, key));
    let dropped = service.get("cap_drop");
    let drops_all = dropped.map(Node::elements).unwrap_or_default().iter().any(is_all);
    let at = dropped.map_or_else(|| key.at.clone(), |dropped| dropped.at.clone());
    fields.push(field("drops-all-capabilities", flag(drops_all, at)));
    fields.extend(restarts(service, key, home));
    fields
}

fn is_all(capability: &Node) -> bool {
    plain(capability).is_some_and(|name| {
        let name = name.to_ascii_uppercase();
        name.strip_prefix("CAP_").unwrap_or(&name) == "ALL"
    })
}

/// Whether the root is read-only; nothing if a variable says it.
fn read_only(service: &Node, key: &Node, home: &Node) -> Vec<(Node, Node)> {
    let written = service.get("read_only");
    let is_read_only = written.is_some_and(is_true);
    if written.is_some_and(|written| !is_read_only && !is_false(written)) {
        return Vec::new();
    }
    let at = written.map_or_else(|| key.at.clone(), |written| written.at.clone());
    let place = Node::new(key.value.clone(), at.clone());
    let mut fields = vec![field("has-read-only-root", flag(is_read_only, at))];
    if !is_read_only {
        fields.push(field("writable-root", place));
        fields.push(field("writable-home", home.clone()));
    }
    fields
}

fn security(service: &Node, key: &Node, home: &Node) -> Vec<(Node, Node)> {
    let written = service.get("security_opt").filter(|written| written.value != Value::Null);
    let options = written.map(Node::elements).unwrap_or_default();
    let has_no_new = options.iter().filter_map(Node::as_text).any(|option| {
        let value = option.strip_prefix("no-new-privileges");
        value.is_some_and(|value| matches!(value, "" | ":true" | "=true"))
    });
    let at = written.map_or_else(|| key.at.clone(), |written| written.at.clone());
    let mut fields = vec![field("has-no-new-privileges", flag(has_no_new, at))];
    if options.is_empty() {
        fields.push(field("no-security-options", Node::new(key.value.clone(), key.at.clone())));
        fields.push(field("security-home", home.clone()));
    }
    fields
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

/// `no-restart`, and `other-restarts`: what starts a failed container more or less often than five times.
fn restarts(service: &Node, key: &Node, home: &Node) -> Vec<(Node, Node)> {
    let restart = service.get("restart");
    let policy = dig(service, &["deploy", "restart_policy"]);
    if restart.is_none() && policy.is_none() {
        return vec![field("no-restart", key.clone()), field("restart-home", home.clone())];
    }
    let is_other = |restart: &&Node| {
        let text = plain(restart).unwrap_or_default();
        let count = text.strip_prefix("on-failure").map(|rest| rest.trim_start_matches(':'));
        matches!(text.as_str(), "always" | "unless-stopped")
            || count.is_some_and(|count| count != RESTARTS && !count.contains('$'))
    };
    let mut others: Vec<_> = restart.filter(is_other).cloned().into_iter().collect();
    if let Some(policy) = policy.filter(|policy| matches!(policy.value, Value::Map(_))) {
        let condition = policy.get("condition").and_then(plain);
        let attempts = policy.get("max_attempts");
        let count = attempts.and_then(plain).unwrap_or_default();
        let is_off = condition.as_deref() == Some("none") || count.contains('$');
        if !is_off && count != RESTARTS {
            let at = attempts.unwrap_or(policy).at.clone();
            others.push(Node::text(if count.is_empty() { "restart_policy" } else { &count }, at));
        }
    }
    let at = key.at.clone();
    vec![field("other-restarts", list(others, at))]
}
