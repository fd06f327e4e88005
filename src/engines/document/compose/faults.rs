//! What compose refuses, or does not do as it is written.
//!
//! Each fault is a map of `kind` (`duplicate-key`, `unknown-key`, `invalid-value`, `undefined-reference`, `name-twice`,
//! `port-twice`) and `summary`, at what is wrong. The keys and values are those of the [Compose specification].
//!
//! [Compose specification]: https://docs.docker.com/reference/compose-file/

mod references;

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use crate::engines::document::{
    make::{field, map, plain},
    node::{Node, Value},
};

/// Keys of a service: those of today, then those of older versions of the format.
const SERVICE_KEYS: &[&str] = &[
    "annotations",
    "attach",
    "blkio_config",
    "build",
    "cap_add",
    "cap_drop",
    "cgroup",
    "cgroup_parent",
    "command",
    "configs",
    "container_name",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpu_shares",
    "cpus",
    "cpuset",
    "credential_spec",
    "depends_on",
    "deploy",
    "develop",
    "device_cgroup_rules",
    "devices",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "driver_opts",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "extends",
    "external_links",
    "extra_hosts",
    "gpus",
    "group_add",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "ipc",
    "isolation",
    "label_file",
    "labels",
    "links",
    "logging",
    "mac_address",
    "mem_limit",
    "mem_reservation",
    "mem_swappiness",
    "memswap_limit",
    "models",
    "network_mode",
    "networks",
    "oom_kill_disable",
    "oom_score_adj",
    "pid",
    "pids_limit",
    "platform",
    "ports",
    "post_start",
    "pre_start",
    "pre_stop",
    "privileged",
    "profiles",
    "provider",
    "pull_policy",
    "pull_refresh_after",
    "read_only",
    "restart",
    "runtime",
    "scale",
    "secrets",
    "security_opt",
    "shm_size",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "storage_opt",
    "sysctls",
    "tmpfs",
    "tty",
    "ulimits",
    "use_api_socket",
    "user",
    "userns_mode",
    "uts",
    "volumes",
    "volumes_from",
    "working_dir",
    "dockerfile",
    "log_driver",
    "log_opt",
    "net",
    "volume_driver",
];
/// Keys of the file itself.
const ROOT_KEYS: &[&str] = &[
    "configs", "include", "models", "name", "networks", "secrets", "services", "version", "volumes",
];
/// What a reader puts beside the keys that are written.
const OWN_KEYS: &[&str] = &["is-partial", "variables-of-files"];
const RESTARTS: &[&str] = &["no", "false", "always", "unless-stopped", "on-failure"];
const PULLS: &[&str] = &[
    "always",
    "never",
    "missing",
    "if_not_present",
    "build",
    "newer",
    "refresh",
    "daily",
    "weekly",
];
const CONDITIONS: &[&str] =
    &["service_started", "service_healthy", "service_completed_successfully"];

/// The faults of a merged document, in no order.
pub(super) fn faults(entries: &[(Node, Node)]) -> Vec<Node> {
    let mut faults = Faults::default();
    faults.duplicates(entries);
    let services = entries.iter().find(|(key, _)| key.as_text() == Some("services"));
    let Some((key, services)) = services else { return faults.found };
    // In the first version of the format, services are all that there is.
    if key.at == services.at {
        return faults.found;
    }
    faults.unknown(entries, ROOT_KEYS);
    for (_, service) in services.entries() {
        faults.unknown(service.entries(), SERVICE_KEYS);
        faults.values(service);
    }
    references::check(entries, services, &mut faults);
    faults.found
}

#[derive(Default)]
struct Faults {
    found: Vec<Node>,
    /// Places that have been told: what is copied is wrong once.
    told: HashSet<usize>,
}

impl Faults {
    fn add(&mut self, kind: &str, at: &Range<usize>, summary: String) {
        if self.told.insert(at.start) {
            let fields = vec![
                field("kind", Node::text(kind, at.clone())),
                field("summary", Node::text(summary, at.clone())),
            ];
            self.found.push(map(fields, at.clone()));
        }
    }

    fn duplicates(&mut self, entries: &[(Node, Node)]) {
        let mut seen = HashSet::new();
        for (key, value) in entries {
            let name = key.as_text().unwrap_or_default();
            if !seen.insert(name) {
                self.add("duplicate-key", &key.at, name.to_owned());
            }
            self.duplicates_in(value);
        }
    }

    fn duplicates_in(&mut self, node: &Node) {
        match &node.value {
            Value::Map(entries) => self.duplicates(entries),
            Value::List(elements) => {
                for element in elements {
                    self.duplicates_in(element);
                }
            }
            _ => {}
        }
    }

    fn unknown(&mut self, entries: &[(Node, Node)], known: &[&str]) {
        for (key, _) in entries {
            let name = key.as_text().unwrap_or_default();
            let is_known =
                name.starts_with("x-") || known.contains(&name) || OWN_KEYS.contains(&name);
            if !is_known {
                self.add("unknown-key", &key.at, name.to_owned());
            }
        }
    }

    fn values(&mut self, service: &Node) {
        if let Some((restart, text)) = word(service, "restart")
            && !RESTARTS.contains(&text.split(':').next().unwrap_or_default())
        {
            self.add("invalid-value", &restart.at, format!("restart: {text}"));
        }
        if let Some((pull, text)) = word(service, "pull_policy")
            && !PULLS.contains(&text.as_str())
            && !text.starts_with("every_")
        {
            self.add("invalid-value", &pull.at, format!("pull_policy: {text}"));
        }
        for (_, depends) in service.get("depends_on").map(Node::entries).unwrap_or_default() {
            if let Some((condition, text)) = word(depends, "condition")
                && !CONDITIONS.contains(&text.as_str())
            {
                self.add("invalid-value", &condition.at, format!("condition: {text}"));
            }
        }
        self.test_of_health(service);
        if let (Some(mode), Some(_)) = (service.get("network_mode"), service.get("networks")) {
            self.add("invalid-value", &mode.at, "network_mode beside networks".to_owned());
        }
    }

    fn test_of_health(&mut self, service: &Node) {
        let test = service.get("healthcheck").and_then(|check| check.get("test"));
        let first = test.and_then(|test| test.elements().first());
        let Some(word) = first.and_then(plain) else { return };
        if let Some(first) = first
            && !matches!(word.as_str(), "NONE" | "CMD" | "CMD-SHELL")
            && !word.contains('$')
        {
            self.add("invalid-value", &first.at, format!("healthcheck.test: {word}"));
        }
    }

    /// Tells of the second and later of those that have the same name.
    fn twice(&mut self, kind: &str, named: Vec<(String, Range<usize>)>) {
        let mut first: HashMap<String, usize> = HashMap::new();
        for (name, at) in named {
            let before = *first.entry(name.clone()).or_insert(at.start);
            if before != at.start {
                self.add(kind, &at, name);
            }
        }
    }
}

/// A scalar that is no unknown variable.
fn word<'n>(node: &'n Node, name: &str) -> Option<(&'n Node, String)> {
    let value = node.get(name)?;
    let text = plain(value).filter(|text| !text.contains('$'))?;
    Some((value, text))
}
