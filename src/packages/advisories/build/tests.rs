//! What the builder makes of each kind of database.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use jiff::civil::date;

use super::{super::Index, *};
use crate::packages::{
    Ecosystem,
    advisories::{AffectedRange, Event, Functions, Kind, Platforms, Scheme, TOOLCHAIN},
    version::Version,
};

const TODAY: Date = date(2026, 1, 1);

/// A folder of files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("within the folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn built(files: &[(&str, &str)]) -> Index {
    let folder = folder(files);
    super::super::open(folder.path(), TODAY).expect("a database")
}

fn refused(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let name = folder.path().display().to_string();
    super::super::open(folder.path(), TODAY).unwrap_err().to_string().replace(&name, "DIR")
}

fn rustsec(id: &str, package: &str, head: &str, versions: &str) -> String {
    format!(
        "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2021-06-01\"\n{head}\n\
         [versions]\n{versions}\n```\n\n# A weakness of {package}\n\nWords.\n"
    )
}

fn osv(id: &str, ecosystem: &str, name: &str, more: &str) -> String {
    format!(
        r#"{{"id": "{id}", "modified": "2024-02-03T04:05:06Z", "summary": "A weakness", "affected": [
          {{"package": {{"ecosystem": "{ecosystem}", "name": "{name}"}},
            "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "1.2"}}]}}]}}]
          {more}}}"#
    )
}

fn ranges(scheme: Scheme, events: &[Event]) -> Vec<AffectedRange> {
    vec![AffectedRange { scheme, events: events.to_vec() }]
}

fn introduced(version: &str) -> Event {
    Event::Introduced(version.to_owned())
}

fn fixed(version: &str) -> Event {
    Event::Fixed(version.to_owned())
}

fn ids(advisories: &[Advisory]) -> Vec<&str> {
    advisories.iter().map(|advisory| advisory.id.as_str()).collect()
}

#[test]
fn a_rustsec_advisory_is_read_with_its_kind_ranges_platforms_and_functions() {
    let head = "cvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"\n\
                aliases = [\"GHSA-aaaa-bbbb-cccc\", \"CVE-2021-1\"]\nurl = \"https://example.org/a\"";
    let versions = "patched = [\">= 1.4.2, < 1.5.0\", \">= 1.6.1\"]\nunaffected = [\"< 1.0.0\"]\n\
                    [affected]\nos = [\"windows\"]\narch = [\"x86\"]\n\
                    [affected.functions]\n\"leaky::pour\" = [\"< 1.5\"]";
    let index = built(&[(
        "crates/leaky/RUSTSEC-2021-0001.md",
        &rustsec("RUSTSEC-2021-0001", "leaky", head, versions),
    )]);
    let known = index.of(Ecosystem::CratesIo, None, "leaky").unwrap();
    let [advisory] = known.as_slice() else { panic!("{known:?}") };
    assert_eq!(advisory.aliases, ["CVE-2021-1", "GHSA-aaaa-bbbb-cccc"]);
    assert_eq!((advisory.kind, advisory.score()), (Kind::Vulnerability, Some(9.8)));
    assert_eq!(advisory.summary, "A weakness of leaky");
    assert_eq!(advisory.published, Some(date(2021, 6, 1)));
    let events = [introduced("1.0.0"), fixed("1.4.2"), introduced("1.5.0"), fixed("1.6.1")];
    assert_eq!(advisory.ranges, ranges(Scheme::Semver, &events));
    assert_eq!(advisory.platforms.systems, ["windows"]);
    assert_eq!(advisory.platforms.processors, ["x86"]);
    let functions = Functions {
        names: vec!["leaky::pour".to_owned()],
        versions: vec!["<1.5".to_owned()],
        ..Functions::default()
    };
    assert_eq!(advisory.functions, [functions]);
    assert_eq!(advisory.url.as_deref(), Some("https://example.org/a"));
}

#[test]
fn the_kinds_of_rustsec_are_told_apart() {
    let add = |id: &str, head: &str| rustsec(id, "a", head, "patched = []");
    let index = built(&[
        ("crates/a/RUSTSEC-2021-0001.md", &add("RUSTSEC-2021-0001", "informational = \"unsound\"")),
        (
            "crates/a/RUSTSEC-2021-0002.md",
            &add("RUSTSEC-2021-0002", "informational = \"unmaintained\""),
        ),
        ("crates/a/RUSTSEC-2021-0003.md", &add("RUSTSEC-2021-0003", "informational = \"notice\"")),
        (
            "crates/a/RUSTSEC-2021-0004.md",
            &add("RUSTSEC-2021-0004", "categories = [\"malicious\"]"),
        ),
        ("crates/a/RUSTSEC-2021-0005.md", &add("RUSTSEC-2021-0005", "withdrawn = \"2021-07-01\"")),
        ("crates/a/RUSTSEC-0000-0000.md", &add("RUSTSEC-0000-0000", "")),
        ("EXAMPLE.md", &add("RUSTSEC-2001-0001", "")),
    ]);
    let known = index.of(Ecosystem::CratesIo, None, "a").unwrap();
    let kinds: Vec<Kind> = known.iter().map(|advisory| advisory.kind).collect();
    assert_eq!(kinds, [Kind::Unsound, Kind::Unmaintained, Kind::Notice, Kind::Malicious]);
    let source = &index.sources()[0];
    assert_eq!((source.kind, source.advisories, source.withdrawn), (SourceKind::RustSec, 4, 1));
}

#[test]
fn parts_of_the_toolchain_are_no_crates() {
    let index = built(&[(
        "rust/cargo/CVE-2019-16760.md",
        &rustsec("CVE-2019-16760", "cargo", "", "patched = [\">= 1.26.0\"]"),
    )]);
    assert_eq!(index.of(Ecosystem::CratesIo, None, "cargo").unwrap(), []);
    let known = index.of(Ecosystem::CratesIo, Some(TOOLCHAIN), "cargo").unwrap();
    assert_eq!(ids(&known), ["CVE-2019-16760"]);
}

#[test]
fn osv_in_json_and_in_yaml_say_the_same() {
    let yaml = "id: PYSEC-2024-2\nmodified: \"2024-02-03T04:05:06Z\"\nsummary: A weakness\naffected:\n\
                - package:\n    ecosystem: PyPI\n    name: A.b\n  ranges:\n  - type: ECOSYSTEM\n    \
                events:\n    - introduced: \"0\"\n    - fixed: 1.2\n";
    let index = built(&[
        ("PYSEC-2024-1.json", &osv("PYSEC-2024-1", "PyPI", "a_B", "")),
        ("PYSEC-2024-2.yaml", yaml),
    ]);
    let mut known = index.of(Ecosystem::PyPi, None, "a-b").unwrap();
    assert_eq!(ids(&known), ["PYSEC-2024-1", "PYSEC-2024-2"]);
    known[1].id = known[0].id.clone();
    assert_eq!(known[0], known[1]);
}

#[test]
fn numbers_of_versions_in_yaml_stay_as_they_are_written() {
    let yaml = "id: PYSEC-2024-2\nmodified: 2024-02-03\naffected:\n- package: {ecosystem: PyPI, name: a}\n  \
                ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: 1.20\n    - last_affected: 1e1\n  \
                versions: [1.10, 0x1, 1_0, 2020-01-01, true, '']\n";
    let index = built(&[("a.yml", yaml)]);
    let known = index.of(Ecosystem::PyPi, None, "a").unwrap();
    let events = [introduced("1.20"), Event::LastAffected("1e1".to_owned())];
    assert_eq!(known[0].ranges, ranges(Scheme::Ecosystem, &events));
    let listed: Vec<&str> = known[0].listed.iter().collect();
    assert_eq!(listed, ["", "0x1", "1.10", "1_0", "2020-01-01", "true"]);
}

#[test]
fn a_listed_version_is_kept_where_no_range_holds_it() {
    let yaml = "id: PYSEC-2024-2\nmodified: 2024-02-03\naffected:\n- package: {ecosystem: PyPI, name: a}\n  \
                ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: '1.0'\n    - fixed: '1.2'\n  \
                versions: ['1.0', '1.1.0', 1.2rc1, '1.2', '2.0', 1.1-odd]\n";
    let index = built(&[("a.yml", yaml)]);
    let known = index.of(Ecosystem::PyPi, None, "a").unwrap();
    let listed: Vec<&str> = known[0].listed.iter().collect();
    assert_eq!(listed, ["1.1-odd", "1.2", "2.0"]);
    let is_affected =
        |text: &&&str| known[0].affects(&Version::parse(Ecosystem::PyPi, text).expect("a version"));
    let asked = ["0.9", "1", "1.0.0", "1.1", "1.2rc1", "1.2.0", "1.2.1", "1.3", "2.0", "2.0.1"];
    let affected: Vec<&&str> = asked.iter().filter(is_affected).collect();
    assert_eq!(affected, [&"1", &"1.0.0", &"1.1", &"1.2rc1", &"1.2.0", &"2.0"]);
}

#[test]
fn what_databases_add_to_osv_is_read() {
    let more = r#", "aliases": ["GHSA-1", "CVE-2024-1"], "upstream": ["CVE-2024-2"],
        "severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}],
        "references": [{"type": "WEB", "url": "https://a.example"}, {"type": "ADVISORY", "url": "https://b.example"}],
        "database_specific": {"severity": "MODERATE", "cwe_ids": ["CWE-79", "CWE-506"]}"#;
    let words = r#", "database_specific": {"severity": "MODERATE"}"#;
    let index = built(&[
        ("1.json", &osv("GHSA-2", "npm", "a", more)),
        ("2.json", &osv("GHSA-3", "npm", "a", words)),
        ("3.json", &osv("MAL-2024-1", "npm", "a", "")),
    ]);
    let known = index.of(Ecosystem::Npm, None, "a").unwrap();
    assert_eq!(known[0].aliases, ["CVE-2024-1", "CVE-2024-2", "GHSA-1"]);
    assert_eq!((known[0].score(), known[0].severity.as_deref()), (Some(9.3), None));
    assert_eq!(known[0].url.as_deref(), Some("https://b.example"));
    assert_eq!(known[0].weaknesses, [79, 506]);
    assert_eq!(known[1].severity.as_deref(), Some("moderate"));
    let kinds: Vec<Kind> = known.iter().map(|advisory| advisory.kind).collect();
    assert_eq!(kinds, [Kind::Malicious, Kind::Vulnerability, Kind::Malicious]);
}

#[test]
fn the_code_that_go_and_rustsec_name_in_osv_is_read() {
    let go = r#"{"id": "GO-2024-1", "modified": "0001-01-01T00:00:00Z", "details": "\n# Head\nFirst  line.\nMore.",
      "affected": [{"package": {"ecosystem": "Go", "name": "example.org/m"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}, {"type": "GIT", "events": [{"introduced": "0"}]}],
        "ecosystem_specific": {"imports": [{"path": "example.org/m/p", "symbols": ["R.Read"], "goos": ["windows"]}]}}]}"#;
    let rust = r#"{"id": "RUSTSEC-2024-1", "modified": "2024-02-03T04:05:06Z", "affected": [
       {"package": {"ecosystem": "crates.io", "name": "m"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0.0.0-0"}]}],
        "ecosystem_specific": {"affects": {"arch": ["arm"], "os": [], "functions": ["m::f"]}},
        "database_specific": {"informational": "unsound"}}]}"#;
    let index = built(&[("1.json", go), ("2.json", rust)]);
    let known = index.of(Ecosystem::Go, None, "example.org/m").unwrap();
    let windows = Platforms { systems: vec!["windows".to_owned()], processors: Vec::new() };
    let functions = Functions {
        package: Some("example.org/m/p".to_owned()),
        names: vec!["R.Read".to_owned()],
        versions: Vec::new(),
        platforms: windows,
    };
    assert_eq!(known[0].functions, [functions]);
    assert_eq!((known[0].summary.as_str(), known[0].modified), ("First line.", None));
    assert_eq!(known[0].ranges, ranges(Scheme::Semver, &[introduced("0")]));
    let known = index.of(Ecosystem::CratesIo, None, "m").unwrap();
    assert_eq!(known[0].functions[0].names, ["m::f"]);
    assert_eq!((known[0].kind, known[0].platforms.processors.len()), (Kind::Unsound, 1));
}

#[test]
fn a_distribution_keeps_its_release() {
    let index = built(&[
        ("1.json", &osv("DEBIAN-CVE-2024-1", "Debian:12", "curl", "")),
        ("2.json", &osv("DEBIAN-CVE-2024-2", "Debian", "curl", "")),
        ("3.json", &osv("ALPINE-CVE-2024-3", "Alpine:v3.19", "curl", "")),
        ("4.json", &osv("GHSA-4", "Maven:https://mirror.example", "g:a", "")),
    ]);
    let known = |ecosystem, release| {
        let known = index.of(ecosystem, Some(release), "curl").unwrap();
        ids(&known).join(" ")
    };
    assert_eq!(known(Ecosystem::Debian, "12"), "DEBIAN-CVE-2024-1 DEBIAN-CVE-2024-2");
    assert_eq!(known(Ecosystem::Debian, "11"), "DEBIAN-CVE-2024-2");
    assert_eq!(known(Ecosystem::Alpine, "v3.19"), "ALPINE-CVE-2024-3");
    assert_eq!(known(Ecosystem::Alpine, "v3.18"), "");
    assert_eq!(index.of(Ecosystem::Maven, None, "g:a").unwrap().len(), 1);
}

#[test]
fn a_php_advisory_is_read_with_all_its_branches() {
    let yaml = "title: Broken\nlink: https://example.org/advisories/GHSA-aaaa-bbbb-cccc\ncve: CVE-2020-1\n\
                branches:\n    1.x:\n        time: 2020-09-24 11:08:00\n        versions: ['>=1.0', '<1.2']\n    \
                master:\n        time: ~\n        versions: ['>2.0.1', '<=2.3']\n\
                reference: composer://Vendor/Package\n";
    let bare = "title: Broken\nlink: ~\ncve: ~\nbranches:\n    1.x:\n        time: 2020-09-24 11:08:00\n        \
                versions: ['<1.2']\nreference: composer://vendor/package\n";
    let index = built(&[
        ("vendor/package/CVE-2020-1.yaml", yaml),
        ("vendor/package/2020-09-24-1.yaml", bare),
    ]);
    let known = index.of(Ecosystem::Packagist, None, "vendor/package").unwrap();
    assert_eq!(ids(&known), ["CVE-2020-1", "vendor/package/2020-09-24-1"]);
    assert_eq!(known[0].aliases, ["GHSA-aaaa-bbbb-cccc"]);
    let first = ranges(Scheme::Ecosystem, &[introduced("1.0"), fixed("1.2")]);
    let second = [introduced("2.0.1-patch0"), Event::LastAffected("2.3".to_owned())];
    assert_eq!(known[0].ranges, [first, ranges(Scheme::Ecosystem, &second)].concat());
    let is_affected =
        |text| known[0].affects(&Version::parse(Ecosystem::Packagist, text).expect("a version"));
    let asked = ["v1.1.9", "1.2.0", "2.0.1", "2.0.1.1", "2.0.2", "2.3.0", "2.3.1"];
    assert_eq!(asked.map(is_affected), [true, false, false, true, true, true, false]);
    assert_eq!(known[0].modified, Some(date(2020, 9, 24)));
}

#[test]
fn exploitation_is_added_by_cve() {
    let kev = r#"{"dateReleased": "2025-08-25T17:04:19.9796Z", "vulnerabilities": [
        {"cveID": "CVE-2020-1", "dateAdded": "2022-03-04"}, {"cveID": "CVE-2020-9", "dateAdded": "2022-03-05"}]}"#;
    let epss = "#model_version:v2025.03.14,score_date:2025-08-24T12:55:00Z\ncve,epss,percentile\n\
                CVE-2020-1,0.25,0.5\nCVE-2020-2,0.00001,1.0\n";
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(epss.as_bytes()).unwrap();
    let mut builder = Builder::new(TODAY);
    builder.add("epss.csv.gz", packed.finish().unwrap().as_slice()).unwrap();
    builder.add("kev", kev.as_bytes()).unwrap();
    let aliases = r#", "aliases": ["CVE-2020-1"]"#;
    builder.add("1.json", osv("GHSA-1", "npm", "a", aliases).as_bytes()).unwrap();
    let sources: Vec<_> =
        builder.sources().iter().map(|one| (one.kind.name(), one.advisories, one.newest)).collect();
    assert_eq!(
        sources,
        [
            ("EPSS", 2, Some(date(2025, 8, 24))),
            ("KEV", 2, Some(date(2025, 8, 25))),
            ("OSV", 1, Some(date(2024, 2, 3))),
        ]
    );
    let index = Index::of_bytes(builder.finish(None).unwrap(), Path::new("memory")).unwrap();
    let known = index.of(Ecosystem::Npm, None, "a").unwrap();
    assert_eq!(known[0].known_exploited, Some(date(2022, 3, 4)));
    assert_eq!(known[0].likelihood, Some(Likelihood { probability: 0.25, percentile: 0.5 }));
}

#[test]
fn two_texts_of_one_advisory_are_one_and_the_newer_one_counts() {
    let old = osv(
        "GHSA-1",
        "npm",
        "a",
        r#", "aliases": ["CVE-2020-1"], "database_specific": {"cwe_ids": ["CWE-1"]}"#,
    );
    let new =
        old.replace("2024-02-03", "2025-02-03").replace("1.2", "1.3").replace("2020-1", "2020-2");
    for files in
        [[("1.json", old.as_str()), ("2.json", &new)], [("1.json", &new), ("2.json", &old)]]
    {
        let index = built(&files);
        let known = index.of(Ecosystem::Npm, None, "a").unwrap();
        assert_eq!(ids(&known), ["GHSA-1"]);
        assert_eq!(known[0].aliases, ["CVE-2020-1", "CVE-2020-2"]);
        assert_eq!(known[0].ranges, ranges(Scheme::Ecosystem, &[introduced("0"), fixed("1.3")]));
    }
}

#[test]
fn rustsec_itself_counts_more_than_its_export() {
    let native = rustsec("RUSTSEC-2021-0001", "a", "", "patched = [\">= 2.0.0\"]");
    let export = osv("RUSTSEC-2021-0001", "crates.io", "a", "");
    let index = built(&[("crates/a/RUSTSEC-2021-0001.md", &native), ("z.json", &export)]);
    let known = index.of(Ecosystem::CratesIo, None, "a").unwrap();
    assert_eq!(known[0].ranges, ranges(Scheme::Semver, &[introduced("0"), fixed("2.0.0")]));
    assert_eq!(known[0].modified, Some(date(2024, 2, 3)));
}

#[test]
fn what_one_source_takes_back_is_gone() {
    let withdrawn = r#", "withdrawn": "2024-03-01T00:00:00Z""#;
    let index = built(&[
        ("1.json", &osv("GHSA-1", "npm", "a", "")),
        ("2.json", &osv("GHSA-2", "npm", "a", "")),
        ("3.json", &osv("GHSA-1", "npm", "a", withdrawn)),
    ]);
    assert_eq!(ids(&index.of(Ecosystem::Npm, None, "a").unwrap()), ["GHSA-2"]);
    assert_eq!(index.sources()[0].withdrawn, 1);
}

#[test]
fn an_archive_of_advisories_is_read_as_a_folder_of_them() {
    let mut packed = Vec::new();
    let mut zip = rawzip::ZipArchiveWriter::new(&mut packed);
    for id in ["GHSA-1", "GHSA-2"] {
        let name = format!("{id}.json");
        let (mut entry, config) = zip
            .new_file(&name)
            .compression_method(rawzip::CompressionMethod::DEFLATE)
            .start()
            .unwrap();
        let deflate = flate2::write::DeflateEncoder::new(&mut entry, Compression::fast());
        let mut writer = config.wrap(deflate);
        writer.write_all(osv(id, "npm", "a", "").as_bytes()).unwrap();
        let (deflate, descriptor) = writer.finish().unwrap();
        deflate.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    zip.finish().unwrap();
    let mut builder = Builder::new(TODAY);
    // The name does not tell what it is.
    builder.add("download", packed.as_slice()).unwrap();
    let index = Index::of_bytes(builder.finish(None).unwrap(), Path::new("memory")).unwrap();
    assert_eq!(ids(&index.of(Ecosystem::Npm, None, "a").unwrap()), ["GHSA-1", "GHSA-2"]);
    for cut in [packed.len() / 3, packed.len() - 5] {
        let error = Builder::new(TODAY).add("download", &packed[..cut]).unwrap_err();
        assert!(matches!(error, BuildError::Archive { .. }), "{error}");
    }
}

#[test]
fn a_source_without_advisories_is_an_error() {
    assert_eq!(refused(&[]), "no advisory in `DIR`");
    let others =
        [("README.md", "# mine\n"), ("package.json", "{}"), ("crates/mine/README.md", "# a\n")];
    assert_eq!(refused(&others), "no advisory in `DIR`");
    assert_eq!(refused(&[("1.json", &osv("A-1", "Android", "a", ""))]), "no advisory in `DIR`");
    let mut builder = Builder::new(TODAY);
    builder
        .add(
            "kev",
            br#"{"vulnerabilities": [{"cveID": "CVE-2020-1", "dateAdded": "2022-03-04"}]}"#
                .as_slice(),
        )
        .unwrap();
    assert!(matches!(builder.finish(None), Err(BuildError::NoPackages)));
}

#[test]
fn an_unreadable_advisory_is_named_and_more_of_them_are_an_error() {
    let good = osv("GHSA-1", "npm", "a", "");
    let half = &good[..good.len() / 2];
    let index = built(&[("1.json", &good), ("2.json", half)]);
    let source = &index.sources()[0];
    assert_eq!((source.advisories, source.unreadable), (1, 1));
    let (file, reason) = &source.named[0];
    assert!(file.ends_with("/2.json") && reason.contains("EOF"), "{file}: {reason}");
    let error = refused(&[("1.json", &good), ("2.json", half), ("PYSEC-2020-1.yaml", "")]);
    assert!(
        error.starts_with("2 of 3 advisories of `DIR` can not be read; the first is `DIR/2.json`"),
        "{error}"
    );
    let error = refused(&[("crates/a/RUSTSEC-2020-0001.md", "half a fi")]);
    assert!(error.starts_with("1 of 1 advisories of `DIR`"), "{error}");
}

#[test]
fn what_stands_in_the_wrong_place_is_unreadable() {
    let good = rustsec("RUSTSEC-2021-0001", "a", "", "patched = []");
    for path in ["crates/b/RUSTSEC-2021-0001.md", "crates/a/RUSTSEC-2021-0002.md"] {
        let index = built(&[("crates/a/RUSTSEC-2021-0001.md", &good), (path, &good)]);
        assert_eq!(
            (index.sources()[0].advisories, index.sources()[0].unreadable),
            (1, 1),
            "{path}"
        );
    }
}

#[test]
fn a_condition_that_is_not_known_is_unreadable() {
    for versions in ["'^1.0'", "'!=1.0'", "'>=1.0', '>=2.0'", "'<'", "'1.0'", ""] {
        let yaml = format!(
            "title: a\nlink: ~\nbranches:\n    a:\n        time: ~\n        versions: [{versions}]\n\
             reference: composer://a/b\n"
        );
        assert!(refused(&[("a.yaml", &yaml)]).contains("1 of 1 advisories"), "{versions}");
    }
}

#[test]
fn the_newest_of_a_few_days_is_not_that_of_a_database_without_days() {
    let dated = osv("GO-1", "Go", "a", "");
    // As Go's repository writes most of its advisories.
    let undated = |id: &str| {
        osv(id, "Go", "a", r#", "published": "0001-01-01T00:00:00Z""#)
            .replace("2024-02-03T04:05:06Z", "0001-01-01T00:00:00Z")
    };
    let (two, three) = (undated("GO-2"), undated("GO-3"));
    let index = built(&[("1.json", &dated), ("2.json", &two), ("3.json", &three)]);
    assert_eq!(index.sources()[0].newest, None);
    let index = built(&[("1.json", &dated), ("2.json", &two)]);
    assert_eq!(index.sources()[0].newest, None);
    assert_eq!(built(&[("1.json", &dated)]).sources()[0].newest, Some(date(2024, 2, 3)));
}

#[test]
fn a_source_that_could_not_be_had_stands_in_the_index() {
    let mut builder = Builder::new(TODAY);
    builder.add("a.json", osv("GHSA-1", "npm", "a", "").as_bytes()).unwrap();
    builder.miss("https://a.example/all.zip", Some(Ecosystem::PyPi), "no answer");
    let index = Index::of_bytes(builder.finish(None).unwrap(), Path::new("a")).unwrap();
    let missing: Vec<bool> = index.sources().iter().map(Source::is_missing).collect();
    assert_eq!(missing, [false, true]);
    assert_eq!(index.sources_of(Ecosystem::PyPi).count(), 1);
}

#[test]
fn a_day_that_is_still_to_come_is_no_newest_change() {
    let late = osv("GHSA-2", "npm", "a", "").replace("2024-02-03", "2027-02-03");
    let index = built(&[("1.json", &osv("GHSA-1", "npm", "a", "")), ("2.json", &late)]);
    assert_eq!(index.sources()[0].newest, Some(date(2024, 2, 3)));
}
