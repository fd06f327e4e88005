//! Packages that a project does not want.

use super::{BANNED, Inspection, address::Address};
use crate::{
    config::{Banned, DependencyConfig},
    finding::{Draft, FileNotes},
    packages::{
        Ecosystem,
        version::{Requirement, Version},
    },
};

/// Checks what the configuration says of dependencies, as far as its syntax does not.
///
/// # Errors
///
/// Says which value can not be used, and what to write instead.
pub fn verify(policy: &DependencyConfig) -> Result<(), String> {
    for Banned { package, ecosystem, .. } in &policy.banned {
        let (name, requirement) = split(package);
        let Some(ecosystem) = ecosystem else {
            if requirement.is_some() {
                return Err(format!(
                    "`banned: {package}` needs an `ecosystem:`, whose language the requirement is in"
                ));
            }
            continue;
        };
        let known = Ecosystem::of_name(ecosystem).ok_or_else(|| {
            let known: Vec<&str> = Ecosystem::all().map(Ecosystem::name).collect();
            format!("`ecosystem: {ecosystem}` is none of {}", known.join(", "))
        })?;
        if requirement.is_some_and(|text| Requirement::parse(known, text).is_none()) {
            return Err(format!("`banned: {package}` holds no requirement of {known}"));
        }
        if name.is_empty() {
            return Err(format!("`banned: {package}` names no package"));
        }
    }
    for prefix in policy.sources.iter().flatten() {
        if Address::read(prefix).is_none() {
            return Err(format!(
                "`sources: {prefix}` is no address: write it as `https://github.com/acme/`"
            ));
        }
    }
    Ok(())
}

/// The name, and the requirement after its `@`; the `@` before a scope is a part of the name.
fn split(package: &str) -> (&str, Option<&str>) {
    match package.get(1..).and_then(|rest| rest.find('@')) {
        Some(at) => (&package[..=at], Some(&package[at + 2..])),
        None => (package, None),
    }
}

/// A ban that may be about a lockfile.
struct Ban<'p> {
    entry: &'p Banned,
    name: String,
    requirement: Option<Requirement<'p>>,
}

impl Inspection<'_> {
    /// Notes the packages that may not be used.
    pub(super) fn look_for_banned(&self, notes: &mut FileNotes) {
        let ecosystem = self.lockfile.ecosystem;
        let bans = self.policy.banned.iter().filter(|entry| {
            entry.ecosystem.as_ref().is_none_or(|name| Ecosystem::of_name(name) == Some(ecosystem))
        });
        let bans: Vec<Ban<'_>> = bans
            .map(|entry| {
                let (name, requirement) = split(&entry.package);
                let requirement = requirement.and_then(|text| Requirement::parse(ecosystem, text));
                Ban { entry, name: ecosystem.folded(name), requirement }
            })
            .collect();
        if bans.is_empty() {
            return;
        }
        for (at, package) in self.foreign() {
            let name = ecosystem.folded(&package.name);
            for ban in bans.iter().filter(|ban| ban.name == name) {
                match is_banned(ban, ecosystem, &package.version) {
                    Some(true) => notes.drafts.push(self.banned(at, ban.entry)),
                    Some(false) => {}
                    None => {
                        let reason = format!(
                            "the version of {} can not be compared with `banned: {}`",
                            package.name, ban.entry.package
                        );
                        notes.miss(self.subject, self.file.path(), reason);
                    }
                }
            }
        }
        self.look_for_banned_without_version(&bans, notes);
    }

    /// What names a package and no version is banned where every version is.
    fn look_for_banned_without_version(&self, bans: &[Ban<'_>], notes: &mut FileNotes) {
        for fault in &self.lockfile.left_out {
            let rest = self.written(&(fault.at..self.file.bytes().len().min(fault.at + 300)));
            let is_of_name = |c: char| c.is_alphanumeric() || "-_.@/:".contains(c);
            let rest = rest.trim_start_matches(['"', '\'']);
            let name = rest.split(|c| !is_of_name(c)).next().unwrap_or_default();
            let folded = self.lockfile.ecosystem.folded(name);
            for ban in bans.iter().filter(|ban| ban.name == folded && ban.requirement.is_none()) {
                let message = format!("{name} is banned: {}", ban.entry.reason);
                let rule = crate::rule::RuleId::new(BANNED);
                notes.drafts.push(Draft::new(&rule, fault.at..fault.at + name.len(), message));
            }
        }
    }

    fn banned(&self, at: usize, ban: &Banned) -> Draft {
        let package = &self.lockfile.packages[at];
        let label = format!("{} {}", package.name, package.version);
        let message = format!("{} is banned: {}", label.trim_end(), ban.reason);
        let instead = ban.instead.as_ref();
        let fix = instead.map(|instead| (format!("Use {instead} instead"), Vec::new()));
        Draft { fix, ..self.about(BANNED, at, message) }
    }
}

/// Whether this version is banned; `None` if that can not be told.
fn is_banned(ban: &Ban<'_>, ecosystem: Ecosystem, version: &str) -> Option<bool> {
    let Some(requirement) = &ban.requirement else { return Some(true) };
    Some(requirement.matches(&Version::parse(ecosystem, version)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(package: &str, ecosystem: Option<&str>) -> DependencyConfig {
        let banned = Banned {
            package: package.to_owned(),
            ecosystem: ecosystem.map(str::to_owned),
            instead: None,
            reason: "old".to_owned(),
        };
        DependencyConfig { banned: vec![banned], ..DependencyConfig::default() }
    }

    #[test]
    fn what_can_not_be_used_is_said_with_what_can() {
        assert!(verify(&policy("left-pad", None)).is_ok());
        assert!(verify(&policy("@scope/a@^1", Some("npm"))).is_ok());
        assert!(verify(&policy("a@^1", None)).unwrap_err().contains("ecosystem:"));
        assert!(verify(&policy("a", Some("cargo"))).unwrap_err().contains("crates.io, npm"));
        assert!(verify(&policy("a@what?", Some("crates.io"))).is_err());
        let sources = Some(vec!["acme".to_owned()]);
        let policy = DependencyConfig { sources, ..DependencyConfig::default() };
        assert!(verify(&policy).unwrap_err().contains("https://"));
    }

    #[test]
    fn a_scope_is_a_part_of_the_name() {
        assert_eq!(split("@a/b@^1"), ("@a/b", Some("^1")));
        assert_eq!(split("@a/b"), ("@a/b", None));
        assert_eq!(split("a@1"), ("a", Some("1")));
    }
}
