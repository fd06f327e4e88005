//! Tables of the dialects' own documentation.

use crate::packages::{
    Ecosystem,
    version::tests::{SEMANTIC, assert_ascending, assert_no_versions},
};

#[test]
fn npm_orders_by_precedence() {
    assert_ascending(Ecosystem::Npm, SEMANTIC);
}

#[test]
fn npm_takes_a_version_however_loosely_it_is_written() {
    assert_ascending(
        Ecosystem::Npm,
        &[
            "0.0.0-foo == v0.0.0-foo == 0.0.0foo",
            "0.0.0 == v0.0.0 == =0.0.0 == = v0.0.0 == 00.00.00",
            "0.0.1",
            "0.9.0",
            "0.9.9",
            "0.99.0",
            "1.0.0",
            "1.2.3-4",
            "1.2.3-5",
            "1.2.3-- == 1.2.3-",
            "1.2.3-4-foo",
            "1.2.3-5-Foo",
            "1.2.3-5-foo",
            "1.2.3-a.5",
            "1.2.3-a.10 == 1.2.3-a.010",
            "1.2.3-a.b",
            "1.2.3-a.b.c",
            "1.2.3-a.b.c.5.d.100",
            "1.2.3-alpha.0.2",
            "1.2.3-alpha.0.pr.1",
            "1.2.3-alpha.0.pr.2",
            "1.2.3-asdf == v1.2.3-asdf == 1.2.3asdf",
            "1.2.3-r100",
            "1.2.3-r2",
            "1.2.3 == v1.2.3 == =1.2.3 == 1.2.3+build == 1.2.3+other.5 ==  v1.2.3 ",
            "1.2.4",
            "1.3.0",
            "2.0.0",
            "2.3.4",
            "2.7.2 == 2.7.2+asdf",
            "9007199254740991.9007199254740991.9007199254740991",
        ],
    );
    assert_no_versions(
        Ecosystem::Npm,
        &["", "1", "1.2", "1.2.3.4", "x.2.3", "1.2.3-é", "a.b.c", "1.2.3+", "latest", "^1.2.3"],
    );
    assert_no_versions(Ecosystem::Npm, &["9007199254740992.0.0", "1.2.3-a..b", "1.2.3-a_b"]);
}

#[test]
fn go_orders_releases_and_pseudo_versions() {
    let with_v: Vec<String> = SEMANTIC.iter().map(|group| group.replace("== ", "== v")).collect();
    let with_v: Vec<String> = with_v.iter().map(|group| format!("v{group}")).collect();
    assert_ascending(Ecosystem::Go, &with_v.iter().map(String::as_str).collect::<Vec<_>>());
    assert_ascending(
        Ecosystem::Go,
        &[
            "v0.0.0-0",
            "v0.0.0-20060102150405-abcdefabcdef",
            "v0.0.0-20180101000000-0123456789ab == 0.0.0-20180101000000-0123456789ab",
            "v0.0.0-20180101000000-1123456789ab",
            "v0.0.0-20191109021931-daa7c04131f5",
            "v0.0.0 == v0 == v0.0 == 0.0.0",
            "v0.1.0",
            "v1.0.0 == v1 == v1.0 == 1.0.0 == v1.0.0+meta",
            "v1.2.3-0.20191109021931-daa7c04131f5",
            "v1.2.3-pre",
            "v1.2.3-pre.0.20191109021931-daa7c04131f5",
            "v1.2.3-pre.1",
            "v1.2.3",
            "v1.2.4-0.20191109021931-daa7c04131f5",
            "v1.2.4",
            "v1.10.0",
            "v2.0.0 == v2.0.0+incompatible",
            "v2.0.1-0.20180101000000-0123456789ab+incompatible",
            "v2.0.1+incompatible",
            "v3.0.0+incompatible == v3",
            "v4.0.0-rc.1+incompatible",
            "v4.0.0+incompatible",
            "v8.5.0+incompatible",
            "v10.0.0",
            "v18446744073709551615.0.0",
            "v18446744073709551615.0.1",
            "v18446744073709551615.1.0",
        ],
    );
    assert_no_versions(
        Ecosystem::Go,
        &[
            "",
            "v",
            "v01.0.0",
            "v1.2.3-01",
            "v1.2-pre",
            "v1+meta",
            "v1.2.3.4",
            "vv1",
            "master",
            "1.x",
        ],
    );
}

#[test]
fn go_toolchains_stand_where_the_vulnerability_database_puts_them() {
    assert_ascending(
        Ecosystem::Go,
        &[
            "go1 == go1.0 == 1.0.0",
            "go1.4beta1 == 1.4.0-beta.1",
            "go1.4rc1",
            "go1.4rc2",
            "go1.4 == 1.4.0",
            "go1.4.1",
            "go1.9.7",
            "go1.10beta2",
            "go1.10",
            "go1.15rc1 == 1.15.0-rc.1",
            "go1.15",
            "go1.20.14",
            "1.21.0-0",
            "go1.21alpha1",
            "go1.21beta1 == 1.21beta1",
            "go1.21rc1",
            "go1.21rc2 == 1.21rc2 == 1.21.0-rc.2 == v1.21.0-rc.2",
            "go1.21rc3",
            "go1.21rc10 == 1.21.0-rc.10",
            "go1.21 == go1.21.0 == 1.21 == 1.21.0 == v1.21.0 == go1.21.0-distribution",
            "go1.21.1 == go1.21.1 X:boringcrypto",
            "go1.21.10",
            "1.22.0-0",
            "go1.22rc1",
            "go1.22.0",
            "go1.22.5 == 1.22.5",
            "go2",
        ],
    );
    assert_no_versions(
        Ecosystem::Go,
        &["go", "go1.21rc", "go1.x", "go1.21foo1", "v1.21rc2", "devel"],
    );
}

#[test]
fn hex_orders_by_precedence() {
    assert_ascending(Ecosystem::Hex, SEMANTIC);
    assert_no_versions(
        Ecosystem::Hex,
        &["", "1", "1.0", "v1.0.0", "01.0.0", "1.0.0-01", "1.0.0.0", "1.0.0-"],
    );
}

#[test]
fn pub_orders_build_metadata_too() {
    assert_ascending(
        Ecosystem::Pub,
        &[
            "0.0.0-alpha",
            "0.0.0",
            "0.0.1",
            "0.1.0",
            "0.9.9",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-beta.2 == 1.0.0-beta.02",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0-rc.1+build.1",
            "1.0.0 == 01.00.00",
            "1.0.0+0.3.7",
            "1.0.0+0.3.7.1",
            "1.0.0+1",
            "1.0.0+2 == 1.0.0+02",
            "1.0.0+10",
            "1.0.0+1a",
            "1.0.0+build",
            "1.0.0+build.2 == 1.0.0+build.002",
            "1.0.0+build.11",
            "1.0.0+build.11.e0f985a",
            "1.3.7+build",
            "1.3.7+build.2.b8f12d7",
            "1.3.7+build.11.e0f985a",
            "2.0.0-nullsafety.0",
            "2.0.0-nullsafety.1",
            "2.0.0-nullsafety.1+1",
            "2.0.0",
            "2.0.0+1",
            "2.1.0",
            "2.2.0",
            "2.11.0",
            "2.11.1",
            "10.0.0",
            "2147483648.0.0",
            "2147483648.0.1",
        ],
    );
    assert_no_versions(
        Ecosystem::Pub,
        &["", "1", "1.0", "v1.0.0", "1.0.0.0", "1.0.0-", "1.0.0+", "any", "1.0.0 "],
    );
}

#[test]
fn nuget_takes_four_numbers_and_labels_in_any_case() {
    assert_ascending(
        Ecosystem::NuGet,
        &[
            "0.0.0 == 0 == 0.0 == 0.0.0.0",
            "0.0.0.1",
            "0.9",
            "1.0.0-0",
            "1.0.0-1 == 1.0.0-01",
            "1.0.0-2147483647",
            "1.0.0-2147483648",
            "1.0.0-alpha == 1.0-ALPHA == 1-Alpha == 1.0.0.0-alpha+build",
            "1.0.0-alpha.1",
            "1.0.0-alpha.2",
            "1.0.0-alpha.10",
            "1.0.0-alpha.beta",
            "1.0.0-beta == 1.0.0-Beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.1-rc.10",
            "1.0.1-rc10",
            "1.0.1-rc2",
            "1.0.1-zzz",
            "1.0.1 == 1.00.1 == 1.0.1.0 == 01.0.1 == 1.0.1+r3456",
            "1.0.1.1",
            "1.0.1.2-pre",
            "1.0.1.2",
            "1.0.2",
            "1.0.10",
            "1.2.0-a.b",
            "1.2.0-a.b.c",
            "1.2 == 1.2.0",
            "4.3.1-rc",
            "4.3.1",
            "6.11.1231",
            "2147483647.2147483647.2147483647.2147483647",
        ],
    );
    assert_no_versions(
        Ecosystem::NuGet,
        &[
            "",
            "v1.0",
            "1.0.0.0.0",
            "1.",
            "1.0.0-",
            "1.0.0+",
            "1.0.0-a..b",
            "2147483648.0",
            "1.0.0-é",
            "1.*",
        ],
    );
}
