//! What a `RUN` does with package managers: whether it updates an index, installs, and leaves a cache behind.

use std::collections::BTreeSet;

use super::{
    super::node::{Node, Value},
    fields::{self, Fields},
    parse::Instruction,
};

/// A package manager.
struct Manager {
    programs: &'static [&'static str],
    installs: &'static [&'static str],
    updates: &'static [&'static str],
    /// Words of the step, one of which shows that no cache is left behind; without any it leaves none.
    cleans: &'static [&'static str],
}

const MANAGERS: &[Manager] = &[
    Manager {
        programs: &["apt-get", "apt", "aptitude"],
        installs: &["install", "build-dep", "upgrade", "dist-upgrade", "full-upgrade"],
        updates: &["update"],
        cleans: &[],
    },
    Manager {
        programs: &["apk"],
        installs: &["add", "upgrade"],
        updates: &["update"],
        cleans: &["--no-cache", "/var/cache/apk", "apk cache clean"],
    },
    Manager {
        programs: &["yum"],
        installs: &["install", "groupinstall", "localinstall", "reinstall", "in", "rein"],
        updates: &["update", "makecache", "check-update"],
        cleans: &["yum clean", "/var/cache/yum", "yum -y clean"],
    },
    Manager {
        programs: &["dnf", "microdnf", "tdnf"],
        installs: &["install", "groupinstall", "reinstall", "in", "rein"],
        updates: &["update", "makecache", "check-update"],
        cleans: &[
            "dnf clean",
            "dnf -y clean",
            "/var/cache/dnf",
            "/var/cache/libdnf",
            "/var/cache/yum",
        ],
    },
    Manager {
        programs: &["zypper"],
        installs: &["install", "in", "source-install", "si", "patch"],
        updates: &["update", "up", "refresh", "ref"],
        cleans: &["zypper clean", "zypper cc", "/var/cache/zypp", "zypper --non-interactive clean"],
    },
    Manager {
        programs: &["pip", "pip2", "pip3"],
        installs: &["install"],
        updates: &[],
        cleans: &["--no-cache-dir", "pip cache purge", ".cache"],
    },
    Manager {
        programs: &["yarn"],
        installs: &["install", "add"],
        updates: &[],
        cleans: &["yarn cache clean", "--cache-folder", "YARN_CACHE_FOLDER", ".cache"],
    },
];

/// Adds `updates[]`, `installs[]`, `keeps-cache-of[]`, each with the programs, and `cache-mounted`; says which
/// package managers it updates the index of without installing anything.
pub(super) fn note(
    fields: &mut Fields,
    instruction: &Instruction,
    commands: &mut [Node],
    has_cache_off: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let mut updates = Vec::new();
    let mut installs = Vec::new();
    let mut kept = Vec::new();
    let cache_mounted = instruction
        .flags
        .iter()
        .any(|flag| flag.name == "mount" && flag.value.contains("type=cache"));
    for command in commands {
        let text = |field: &str| command.get(field).and_then(Node::as_text).unwrap_or_default();
        let (program, subcommand) = (text("program"), text("subcommand"));
        let is_it = |manager: &&Manager| manager.programs.contains(&program);
        let Some(manager) = MANAGERS.iter().find(is_it) else { continue };
        let mut keeps = false;
        // `apt` reads the index that `apt-get` updates.
        let name = || Node::text(manager.programs[0], command.at.clone());
        if manager.updates.contains(&subcommand) {
            updates.push(name());
        }
        if manager.installs.contains(&subcommand) {
            installs.push(name());
            let is_clean = cache_mounted
                || instruction.onbuild
                || manager.cleans.is_empty()
                || has_cache_off(program)
                || manager.cleans.iter().any(|clean| mentions(instruction, clean));
            if !is_clean {
                kept.push(name());
                keeps = true;
            }
        }
        if keeps {
            let at = command.at.clone();
            let off = cache_off(command, program, instruction);
            fields::add(command, "keeps-cache", Node::new(Value::Bool(true), at));
            if let Some(off) = off {
                fields::add(command, "cache-off", off);
            }
        }
    }
    let alone = if installs.is_empty() { updates.iter() } else { [].iter() };
    let alone = alone.filter_map(Node::as_text).map(str::to_owned).collect();
    fields.list("updates", updates).list("installs", installs).list("keeps-cache-of", kept);
    if cache_mounted {
        fields.flag("cache-mounted", true);
    }
    alone
}

/// What keeps no cache, to be put after the bytes of the node: an option of the subcommand, or a second command.
fn cache_off(command: &Node, program: &str, instruction: &Instruction) -> Option<Node> {
    let verb = command.get("verb")?;
    let option = match program {
        "apk" => " --no-cache",
        "pip" | "pip2" | "pip3" => " --no-cache-dir",
        _ => "",
    };
    if !option.is_empty() {
        return Some(Node::text(option, verb.at.clone()));
    }
    let clean = match program {
        "zypper" => "clean --all",
        "yarn" => "cache clean",
        _ => "clean all",
    };
    let is_alone = ["via", "read-by", "fed-by"].iter().all(|field| command.get(field).is_none());
    let is_simple = is_alone && instruction.heredocs.is_empty();
    is_simple.then(|| Node::text(format!(" && {program} {clean}"), command.at.clone()))
}

/// Adds `second-fetcher[]`: uses of `curl` where the stage uses `wget`, and the other way round.
pub(super) fn note_fetchers(fields: &mut Fields, commands: &[Node], seen: &BTreeSet<String>) {
    let program = |node: &Node| node.get("program").and_then(Node::as_text).map(str::to_owned);
    let mut seen: Vec<String> =
        seen.iter().filter(|name| matches!(name.as_str(), "curl" | "wget")).cloned().collect();
    let mut second = Vec::new();
    for command in commands {
        let Some(name) = program(command) else { continue };
        if !matches!(name.as_str(), "curl" | "wget") {
            continue;
        }
        if seen.iter().any(|other| *other != name) {
            second.push(Node::text(name.as_str(), command.at.clone()));
        }
        seen.push(name);
    }
    fields.list("second-fetcher", second);
}

fn mentions(instruction: &Instruction, words: &str) -> bool {
    instruction.text().contains(words)
        || instruction.heredocs.iter().any(|heredoc| heredoc.body.text().contains(words))
}

/// The variable that switches the cache of a package manager off.
pub(super) fn cache_variable(program: &str) -> Option<&'static str> {
    program.starts_with("pip").then_some("PIP_NO_CACHE_DIR")
}
