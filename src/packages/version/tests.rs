//! What holds for all ecosystems, and the tables' checks.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::{Distance, Event, Requirement, Timeline, Version, affected, compare, distance};
use super::{Ecosystem, is_compatible, listed};

/// Versions in ascending order by section 11 of Semantic Versioning 2.0.0, its own examples among them.
pub(super) const SEMANTIC: &[&str] = &[
    "0.0.0-0",
    "0.0.0-alpha",
    "0.0.0",
    "0.0.1-rc.1",
    "0.0.1",
    "0.0.2",
    "0.0.10",
    "0.1.0-alpha.1",
    "0.1.0",
    "0.1.1",
    "0.2.0",
    "0.10.0",
    "1.0.0-0",
    "1.0.0-1",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0--",
    "1.0.0-0A",
    "1.0.0-0a.0",
    "1.0.0-1-0",
    "1.0.0-A",
    "1.0.0-a",
    "1.0.0-a.b",
    "1.0.0-a.b.c.d.e",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.1.0",
    "1.0.0-alpha.2",
    "1.0.0-alpha.11",
    "1.0.0-alpha.beta",
    "1.0.0-alpha-1",
    "1.0.0-alpha1",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0-rc.1.2",
    "1.0.0-x.7.z.92",
    "1.0.0-x-y-z.-",
    "1.0.0 == 1.0.0+20130313144700 == 1.0.0+21AF26D3----117B344092BD",
    "1.0.1",
    "1.1.0",
    "1.9.0",
    "1.10.0",
    "1.11.0-0.1.2",
    "1.11.0 == 1.11.0+exp.sha.5114f85",
    "2.0.0-rc.1 == 2.0.0-rc.1+build.123",
    "2.0.0",
    "2.1.0",
    "2.1.1",
    "10.0.0",
    "999999.999999.999999",
];

/// Checks every pair of a list in ascending order; what has ` == ` between it is equal.
pub(super) fn assert_ascending(ecosystem: Ecosystem, list: &[&str]) {
    let placed: Vec<(usize, &str)> = list
        .iter()
        .enumerate()
        .flat_map(|(place, group)| group.split(" == ").map(move |version| (place, version)))
        .collect();
    assert!(placed.len() >= 25, "{ecosystem}: only {} versions", placed.len());
    for (place, left) in &placed {
        for (other, right) in &placed {
            let order = compare(ecosystem, left, right);
            assert_eq!(order, Some(place.cmp(other)), "{ecosystem}: {left:?} and {right:?}");
        }
    }
}

/// Checks that none of the texts is a version.
pub(super) fn assert_no_versions(ecosystem: Ecosystem, texts: &[&str]) {
    for text in texts {
        assert!(Version::parse(ecosystem, text).is_none(), "{ecosystem}: {text:?} is a version");
    }
}

/// Checks requirements: each with versions that fulfil it, and versions that do not.
pub(super) fn assert_requirements(
    ecosystem: Ecosystem,
    least: usize,
    table: &[(&str, &str, &str)],
) {
    let mut count = 0;
    for (requirement, inside, outside) in table {
        let parsed = Requirement::parse(ecosystem, requirement);
        let parsed = parsed.unwrap_or_else(|| panic!("{requirement:?} is no requirement"));
        for (versions, expected) in [(inside, true), (outside, false)] {
            for text in versions.split_whitespace() {
                let version = Version::parse(ecosystem, text).expect("a version");
                assert_eq!(parsed.matches(&version), expected, "{requirement:?} and {text:?}");
                count += 1;
            }
        }
    }
    assert!(count >= least, "{ecosystem}: only {count} cases");
}

/// Checks that none of the texts is a requirement.
pub(super) fn assert_no_requirements(ecosystem: Ecosystem, texts: &[&str]) {
    for text in texts {
        assert!(Requirement::parse(ecosystem, text).is_none(), "{ecosystem}: {text:?}");
    }
}

#[test]
fn cargo_orders_by_precedence() {
    assert_ascending(Ecosystem::CratesIo, SEMANTIC);
    assert_no_versions(
        Ecosystem::CratesIo,
        &["", "1", "1.0", "v1.0.0", "01.0.0", "1.0.0-01", "1.0.0.0"],
    );
}

#[test]
fn cargo_requirements_are_those_of_its_book() {
    assert_requirements(
        Ecosystem::CratesIo,
        30,
        &[
            ("1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0 2.0.0-alpha 1.3.0-beta"),
            ("1.2", "1.2.0 1.9.9", "1.1.9 2.0.0"),
            ("1", "1.0.0 1.99.0", "0.9.0 2.0.0"),
            ("0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0"),
            ("0.2", "0.2.0 0.2.9", "0.1.9 0.3.0"),
            ("0.0.3", "0.0.3", "0.0.2 0.0.4"),
            ("0.0", "0.0.0 0.0.9", "0.1.0"),
            ("0", "0.0.0 0.9.9", "1.0.0"),
            ("^1.2.3", "1.2.3 1.3.0", "2.0.0"),
            ("~1.2.3", "1.2.3 1.2.9", "1.3.0 1.2.2"),
            ("~1.2", "1.2.0 1.2.9", "1.3.0"),
            ("~1", "1.0.0 1.9.9", "2.0.0"),
            ("*", "0.0.0 9.9.9", "1.0.0-rc.1"),
            ("1.*", "1.0.0 1.9.0", "2.0.0"),
            ("1.2.*", "1.2.0 1.2.9", "1.3.0"),
            (">= 1.2.0", "1.2.0 9.0.0", "1.1.9"),
            ("> 1", "2.0.0", "1.0.0 1.9.0"),
            ("< 2", "1.9.9", "2.0.0"),
            ("= 1.2.3", "1.2.3 1.2.3+build", "1.2.4"),
            (">= 1.2, < 1.5", "1.2.0 1.4.9", "1.1.9 1.5.0"),
            ("1.0.0-alpha.1", "1.0.0-alpha.1 1.0.0-beta 1.0.0 1.5.0", "1.0.0-alpha 1.5.0-alpha"),
        ],
    );
    assert_no_requirements(
        Ecosystem::CratesIo,
        &["", "1.2.3.4", "latest", ">", "1 || 2", "01.0.0"],
    );
}

#[test]
fn go_takes_every_version_from_the_required_one_on() {
    assert_requirements(
        Ecosystem::Go,
        30,
        &[
            (
                "v1.2.3",
                "v1.2.3 v1.2.4 v1.3.0 v1.10.0 v2.0.0+incompatible 1.2.3",
                "v1.2.2 v1.2.3-rc.1 v0.9.0",
            ),
            (
                "v0.0.0-20180101000000-0123456789ab",
                "v0.0.0-20180101000000-0123456789ab v0.0.1 v0.0.0-20190101000000-ab",
                "v0.0.0-20170101000000-ab",
            ),
            ("v1.5.0-rc.1", "v1.5.0-rc.1 v1.5.0-rc.2 v1.5.0", "v1.5.0-beta v1.4.9"),
            (
                "v1.0.1-0.20190101000000-abcdefabcdef",
                "v1.0.1 v1.0.1-0.20190101000001-aa",
                "v1.0.0 v1.0.1-0.20181231235959-ff",
            ),
            ("1.21", "1.21.0 go1.21.5 1.22", "1.20 go1.21rc2 1.21rc3"),
            ("go1.21rc2", "go1.21rc2 go1.21rc3 go1.21.0", "go1.21rc1 go1.20.14"),
        ],
    );
    assert_no_requirements(Ecosystem::Go, &["", "latest", "master", "v1.x", "upgrade"]);
}

#[test]
fn versions_of_two_ecosystems_are_never_equal() {
    let cargo = Version::parse(Ecosystem::CratesIo, "1.0.0").unwrap();
    let npm = Version::parse(Ecosystem::Npm, "1.0.0").unwrap();
    assert_ne!(cargo, npm);
    assert!(!Requirement::parse(Ecosystem::CratesIo, "1").unwrap().matches(&npm));
}

#[test]
fn pre_releases_are_known_as_such() {
    let is = |ecosystem, text| Version::parse(ecosystem, text).unwrap().is_prerelease();
    for (ecosystem, before, release) in [
        (Ecosystem::CratesIo, "1.0.0-rc.1", "1.0.0+build"),
        (Ecosystem::Npm, "1.0.0-0", "1.0.0"),
        (Ecosystem::PyPi, "1.0.dev1", "1.0.post1"),
        (Ecosystem::Go, "go1.21rc1", "v2.0.0+incompatible"),
        (Ecosystem::Maven, "1.0-SNAPSHOT", "1.0.Final"),
        (Ecosystem::Maven, "32.0-b1", "32.0-jre"),
        (Ecosystem::RubyGems, "1.0.rc1", "1.0.1"),
        (Ecosystem::Packagist, "1.0-beta2", "1.0-p1"),
        (Ecosystem::NuGet, "1.0-beta", "1.0.0.1"),
        (Ecosystem::Hex, "1.0.0-dev", "1.0.0"),
        (Ecosystem::Pub, "1.0.0-nullsafety.0", "1.0.0+1"),
        (Ecosystem::Conan, "1.0-pre", "1.0+build"),
        (Ecosystem::Alpine, "1.0_rc1-r0", "1.0_p1-r0"),
    ] {
        assert!(is(ecosystem, before) && !is(ecosystem, release), "{ecosystem}");
    }
}

/// Whether versions are within a range of npm; events are written as in `introduced 1.0.0`.
fn assert_range(events: &[(&str, &str)], inside: &str, outside: &str) {
    let event = |(kind, text): &(&str, &'static str)| match *kind {
        "introduced" => Event::Introduced(text),
        "fixed" => Event::Fixed(text),
        "last_affected" => Event::LastAffected(text),
        _ => Event::Limit(text),
    };
    let events: Vec<(&str, &'static str)> =
        events.iter().map(|(kind, text)| (*kind, &*(*text).to_owned().leak())).collect();
    let range = Timeline::new(Ecosystem::Npm, events.iter().map(event));
    let backwards = Timeline::new(Ecosystem::Npm, events.iter().rev().map(event));
    for (versions, expected) in [(inside, true), (outside, false)] {
        for text in versions.split_whitespace() {
            let version = Version::parse(Ecosystem::Npm, text).expect("a version");
            assert_eq!(range.holds(&version), expected, "{events:?} and {text}");
            assert_eq!(backwards.holds(&version), expected, "{events:?} backwards and {text}");
        }
    }
}

#[test]
fn ranges_are_read_as_the_osv_schema_says() {
    let fixed = [("introduced", "1.0.0"), ("fixed", "1.0.2")];
    assert_range(&fixed, "1.0.0 1.0.1 1.0.2-rc.1", "0.9.9 1.0.0-rc.1 1.0.2 2.0.0");
    let from_the_start = [("introduced", "0"), ("fixed", "1.0.2")];
    assert_range(&from_the_start, "0.0.0-0 0.0.1 1.0.1", "1.0.2");
    let last = [("introduced", "0"), ("last_affected", "1.0.2")];
    assert_range(&last, "0.0.0 1.0.2", "1.0.3-0 1.0.3");
    assert_range(&[("introduced", "1.2.0")], "1.2.0 99.0.0", "1.1.9");
    assert_range(&[("introduced", "0")], "0.0.0 99.0.0", "");
    let two =
        [("introduced", "1.0.0"), ("fixed", "1.0.2"), ("introduced", "3.0.0"), ("fixed", "3.2.5")];
    assert_range(&two, "1.0.0 3.0.0 3.2.4", "0.1.0 1.0.2 2.9.9 3.2.5 4.0.0");
    let single = [("introduced", "1.0.0"), ("last_affected", "1.0.0")];
    assert_range(&single, "1.0.0", "0.9.0 1.0.1");
    let branches = [
        ("introduced", "0"),
        ("fixed", "1.4.0"),
        ("last_affected", "2.3.0"),
        ("introduced", "2.0.0"),
    ];
    assert_range(&branches, "1.3.9 2.0.0 2.3.0", "1.4.0 1.9.9 2.3.1");
    assert_range(&[("fixed", "1.0.0")], "", "0.9.0 1.0.0");
    assert_range(&[], "", "1.0.0");
}

#[test]
fn a_limit_ends_what_a_range_speaks_of() {
    assert_range(
        &[("introduced", "1.0.0"), ("limit", "2.0.0")],
        "1.0.0 1.9.9",
        "0.9.0 2.0.0 3.0.0",
    );
    assert_range(
        &[("introduced", "0"), ("limit", "2.0.0"), ("limit", "3.0.0")],
        "1.0.0 2.5.0",
        "3.0.0",
    );
    assert_range(&[("introduced", "0"), ("limit", "*")], "1.0.0 9.0.0", "");
}

#[test]
fn an_event_that_is_no_version_never_makes_a_package_look_healthy() {
    assert_range(&[("introduced", "?"), ("fixed", "2.0.0")], "0.0.1 1.9.9", "2.0.0");
    assert_range(&[("introduced", "1.0.0"), ("fixed", "soon")], "1.0.0 9.0.0", "0.9.0");
    assert_range(&[("introduced", "1.0.0"), ("limit", "later")], "1.0.0 9.0.0", "0.9.0");
}

#[test]
fn of_events_at_the_same_version_the_later_one_counts() {
    let version = Version::parse(Ecosystem::Npm, "1.0.0").unwrap();
    let (fixed, introduced) = (Event::Fixed("1.0.0"), Event::Introduced("1.0.0"));
    assert!(affected(&version, [Event::Introduced("0"), fixed, introduced]));
    assert!(!affected(&version, [Event::Introduced("0"), introduced, fixed]));
}

#[test]
fn ranges_follow_the_order_of_the_ecosystem() {
    let affects = |ecosystem, version, fixed| {
        let version = Version::parse(ecosystem, version).unwrap();
        affected(&version, [Event::Introduced("0"), Event::Fixed(fixed)])
    };
    assert!(affects(Ecosystem::PyPi, "2.0rc1", "2.0"));
    assert!(!affects(Ecosystem::PyPi, "2.0.post1", "2.0"));
    assert!(affects(Ecosystem::Debian, "1.2-3~deb12u1", "1.2-3"));
    assert!(!affects(Ecosystem::Alpine, "1.2.3-r1", "1.2.3-r0"));
    assert!(affects(Ecosystem::Maven, "2.13.4", "2.13.4.2"));
    assert!(affects(
        Ecosystem::Go,
        "v0.0.0-20200101000000-0123456789ab",
        "0.0.0-20210101000000-abcdef012345"
    ));
    assert!(affects(Ecosystem::Go, "go1.21rc2", "1.21.0"));
    assert!(affects(Ecosystem::RubyGems, "7.0.0.rc1", "7.0.0"));
}

#[test]
fn listed_versions_are_equal_by_the_rules_of_the_ecosystem() {
    let is_listed = |ecosystem, version, list: &[&'static str]| {
        listed(&Version::parse(ecosystem, version).unwrap(), list.iter().copied())
    };
    assert!(is_listed(Ecosystem::PyPi, "1.0", &["0.9", "1.0.0"]));
    assert!(is_listed(Ecosystem::PyPi, "1.0a1", &["trunk", "1.0.alpha-1"]));
    assert!(!is_listed(Ecosystem::PyPi, "1.0+local", &["1.0"]));
    assert!(!is_listed(Ecosystem::PyPi, "1.0.1", &["1.0", "1.0.10"]));
    assert!(is_listed(Ecosystem::RubyGems, "1.0", &["1"]));
    assert!(!is_listed(Ecosystem::CratesIo, "1.0.0", &[]));
}

#[test]
fn distances_are_the_places_of_the_first_difference() {
    for (ecosystem, from, to, expected) in [
        (Ecosystem::CratesIo, "1.2.3", "1.2.4", Distance::Patch),
        (Ecosystem::CratesIo, "1.2.3", "1.3.0", Distance::Minor),
        (Ecosystem::CratesIo, "0.2.3", "0.3.0", Distance::Minor),
        (Ecosystem::CratesIo, "1.2.3", "2.0.0", Distance::Major),
        (Ecosystem::CratesIo, "2.0.0", "1.2.3", Distance::Major),
        (Ecosystem::CratesIo, "1.2.3-rc.1", "1.2.3", Distance::Patch),
        (Ecosystem::CratesIo, "1.2.3", "1.2.3", Distance::Patch),
        (Ecosystem::CratesIo, "1.2", "1.2.3", Distance::Unknown),
        (Ecosystem::Npm, "v1.2.3", "1.2.9", Distance::Patch),
        (Ecosystem::PyPi, "1.9", "1!1.9", Distance::Major),
        (Ecosystem::PyPi, "1.9", "1.10", Distance::Minor),
        (Ecosystem::PyPi, "2020.1", "2020.1.post1", Distance::Patch),
        (Ecosystem::Go, "go1.20", "go1.21rc2", Distance::Minor),
        (Ecosystem::Go, "v0.0.0-20200101000000-ab", "v0.0.0-20210101000000-ab", Distance::Patch),
        (Ecosystem::Maven, "2.13.4", "2.13.4.2", Distance::Patch),
        (Ecosystem::Maven, "31.0-jre", "32.0-jre", Distance::Major),
        (Ecosystem::RubyGems, "7.0.4", "7.0.4.1", Distance::Patch),
        (Ecosystem::RubyGems, "7.0", "7.0.1", Distance::Patch),
        (Ecosystem::Packagist, "v5.4.0", "5.5", Distance::Minor),
        (Ecosystem::NuGet, "13.0.1", "13.0.2-beta1", Distance::Patch),
        (Ecosystem::Debian, "1:2.3-1", "1:2.3-2", Distance::Patch),
        (Ecosystem::Debian, "2.3-1", "1:2.3-1", Distance::Major),
        (Ecosystem::Alpine, "1.2.3-r0", "1.3.0-r0", Distance::Minor),
        (Ecosystem::Cran, "1.2-3", "1.2-4", Distance::Patch),
        (Ecosystem::Hackage, "1.2.3.4", "1.3", Distance::Minor),
    ] {
        assert_eq!(distance(ecosystem, from, to), expected, "{ecosystem}: {from} to {to}");
    }
}

#[test]
fn compatibility_is_what_the_ecosystem_promises() {
    for (ecosystem, from, to, expected) in [
        (Ecosystem::CratesIo, "1.2.3", "1.9.0", Some(true)),
        (Ecosystem::CratesIo, "1.2.3", "2.0.0", Some(false)),
        (Ecosystem::CratesIo, "1.2.3", "1.2.2", Some(false)),
        (Ecosystem::CratesIo, "0.2.3", "0.2.4", Some(true)),
        (Ecosystem::CratesIo, "0.2.3", "0.3.0", Some(false)),
        (Ecosystem::CratesIo, "0.0.3", "0.0.4", Some(false)),
        (Ecosystem::CratesIo, "0.0.0", "0.0.0", Some(true)),
        (Ecosystem::CratesIo, "1.0.0-rc.1", "1.0.0", Some(true)),
        (Ecosystem::CratesIo, "1.0.0-rc.1", "1.0.0-rc.2", Some(true)),
        (Ecosystem::CratesIo, "1.0.0", "1.1.0-rc.1", Some(false)),
        (Ecosystem::CratesIo, "1.0", "1.1.0", None),
        (Ecosystem::Npm, "4.17.15", "4.17.21", Some(true)),
        (Ecosystem::Npm, "0.21.0", "0.22.0", Some(false)),
        (Ecosystem::Packagist, "v5.4", "5.4.20", Some(true)),
        (Ecosystem::Packagist, "0.3.1", "0.4.0", Some(false)),
        (Ecosystem::Pub, "0.0.1", "0.0.2", Some(true)),
        (Ecosystem::Pub, "0.1.0", "0.2.0", Some(false)),
        (Ecosystem::Pub, "1.0.0", "1.1.0", Some(true)),
        (Ecosystem::Go, "v1.2.3", "v1.9.0", Some(true)),
        (Ecosystem::Go, "v2.0.0+incompatible", "v3.0.0+incompatible", Some(false)),
        (Ecosystem::Go, "v0.3.0", "v0.4.0", None),
        (Ecosystem::Hex, "1.2.0", "1.3.0", Some(true)),
        (Ecosystem::Hex, "0.2.0", "0.2.1", None),
        (Ecosystem::PyPi, "1.0", "1.1", None),
        (Ecosystem::Maven, "1.0", "1.1", None),
        (Ecosystem::Debian, "1.0", "1.1", None),
    ] {
        assert_eq!(is_compatible(ecosystem, from, to), expected, "{ecosystem}: {from} to {to}");
    }
}

fn ecosystem() -> impl Strategy<Value = Ecosystem> {
    prop::sample::select(Ecosystem::all().collect::<Vec<_>>())
}

/// Texts of which many are versions of most ecosystems, and near each other.
fn version_like() -> impl Strategy<Value = String> {
    let part = "(0|1|2|10|01|a|b1|rc|rc2|dev|x|final|sp|alpha|p1)";
    proptest::string::string_regex(&format!("v?(0|1|2)([.\\-_~+]?{part}){{0,5}}(-r1|-dev)?"))
        .expect("a regular expression")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_panics(
        ecosystem in ecosystem(),
        left in "[0-9a-zA-Zé.+~:_!^*@#|,<>=()\\[\\] -]{0,24}",
        right in version_like(),
    ) {
        let _ = compare(ecosystem, &left, &right);
        let _ = distance(ecosystem, &left, &right);
        let _ = is_compatible(ecosystem, &left, &right);
        for (requirement, version) in [(&left, &right), (&right, &left), (&left, &left)] {
            let requirement = Requirement::parse(ecosystem, requirement);
            if let (Some(requirement), Some(version)) = (requirement, Version::parse(ecosystem, version)) {
                let _ = requirement.matches(&version);
            }
        }
    }

    #[test]
    fn the_order_is_antisymmetric_and_transitive(
        ecosystem in ecosystem(),
        texts in prop::array::uniform3(version_like()),
    ) {
        let versions = texts.each_ref().map(|text| Version::parse(ecosystem, text));
        let [Some(first), Some(second), Some(third)] = &versions else {
            return Ok(());
        };
        prop_assert_eq!(first.cmp(first), Ordering::Equal);
        prop_assert_eq!(first.cmp(second), second.cmp(first).reverse());
        if first <= second && second <= third {
            prop_assert!(first <= third);
            prop_assert!(first != third || (first == second && second == third));
        }
    }
}
