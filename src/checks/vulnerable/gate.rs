//! What the project's policy keeps from blocking. It is shown and counted all the same.

use crate::{
    config::{DependencyConfig, ScopeName},
    finding::Draft,
    packages::{
        advisories::{Advisory, Event, Kind},
        lockfile::Scope,
        version::Version,
    },
    rule::{Severity, Tier},
};

/// Why a weakness does not block; `None` if it may.
///
/// A package that was made to attack is never excused: nobody repairs it, and it has run where it was installed.
pub(super) fn excuse(
    policy: &DependencyConfig,
    scope: Scope,
    version: &Version<'_>,
    weakness: &[&Advisory],
    has_repair: bool,
) -> Option<String> {
    if weakness[0].kind == Kind::Malicious {
        return None;
    }
    let wanted = &policy.fail_on_scopes;
    if !wanted.is_empty() && !wanted.contains(&name(scope)) {
        let only = format!("needed for {} only", scope.name());
        return Some(format!("does not block: {only}, which `fail-on-scopes` leaves out"));
    }
    let is_unfixed = policy.ignore_unfixed
        && !has_repair
        && weakness.iter().all(|advisory| is_open(advisory, version));
    is_unfixed.then(|| "does not block: no version repairs it (`ignore-unfixed`)".to_owned())
}

/// Lets what is excused be a warning, and says so.
pub(super) fn apply(draft: Draft, excuse: Option<String>) -> Draft {
    let Some(excuse) = excuse else { return draft };
    let lowest = draft.severity.map_or(Severity::Low, |severity| severity.min(Severity::Low));
    Draft {
        severity: Some(lowest),
        tier: Some(Tier::Warning),
        message: format!("{} ({excuse})", draft.message),
        ..draft
    }
}

const fn name(scope: Scope) -> ScopeName {
    match scope {
        Scope::Runtime => ScopeName::Runtime,
        Scope::Optional => ScopeName::Optional,
        Scope::Development => ScopeName::Development,
    }
}

/// Whether the advisory says that every later version is affected, too. A list of versions says nothing of later
/// ones, and a last affected version says that there are better ones.
fn is_open(advisory: &Advisory, version: &Version<'_>) -> bool {
    let ends = |event: &Event| match event {
        Event::LastAffected(last) => {
            Version::parse(version.ecosystem(), last).is_none_or(|last| last >= *version)
        }
        _ => false,
    };
    let mut events = advisory.ranges.iter().flat_map(|range| &range.events);
    !advisory.ranges.is_empty() && !events.any(ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        packages::{
            Ecosystem,
            advisories::{AffectedRange, Scheme},
        },
        rule::RuleId,
    };

    fn advisory(events: &[Event]) -> Advisory {
        let range = AffectedRange { scheme: Scheme::Ecosystem, events: events.to_vec() };
        Advisory { ranges: vec![range], ..Advisory::default() }
    }

    fn excused(policy: &DependencyConfig, advisory: &Advisory, scope: Scope) -> bool {
        let version = Version::parse(Ecosystem::Npm, "1.5.0").unwrap();
        excuse(policy, scope, &version, &[advisory], false).is_some()
    }

    const START: fn() -> Event = || Event::Introduced("0".to_owned());

    #[test]
    fn only_what_has_no_end_is_unfixed() {
        let policy = DependencyConfig { ignore_unfixed: true, ..DependencyConfig::default() };
        let open = advisory(&[START()]);
        let ended = advisory(&[START(), Event::LastAffected("1.5.0".to_owned())]);
        let listed =
            Advisory { listed: ["1.5.0".to_owned()].into_iter().collect(), ..Advisory::default() };
        let malicious = Advisory { kind: Kind::Malicious, ..open.clone() };
        let shown = [&open, &ended, &listed, &malicious];
        let shown = shown.map(|advisory| excused(&policy, advisory, Scope::Runtime));
        assert_eq!(shown, [true, false, false, false]);
        assert!(!excused(&DependencyConfig::default(), &open, Scope::Development));
    }

    #[test]
    fn other_scopes_than_the_named_ones_do_not_block() {
        let fail_on_scopes = vec![ScopeName::Runtime, ScopeName::Optional];
        let policy = DependencyConfig { fail_on_scopes, ..DependencyConfig::default() };
        let known = advisory(&[START(), Event::Fixed("2.0.0".to_owned())]);
        let scopes = [Scope::Runtime, Scope::Optional, Scope::Development];
        assert_eq!(scopes.map(|scope| excused(&policy, &known, scope)), [false, false, true]);
        let malicious = Advisory { kind: Kind::Malicious, ..known };
        assert!(!excused(&policy, &malicious, Scope::Development));
    }

    #[test]
    fn what_is_excused_is_a_warning_of_low_severity() {
        let draft = Draft {
            severity: Some(Severity::Critical),
            ..Draft::new(&RuleId::new("a/b"), 0..0, "a")
        };
        let excused = apply(draft, Some("why".to_owned()));
        assert_eq!((excused.severity, excused.tier), (Some(Severity::Low), Some(Tier::Warning)));
        assert_eq!(excused.message, "a (why)");
    }
}
