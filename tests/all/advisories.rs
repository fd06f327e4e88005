//! The advisory index of whole databases: nothing is lost, and what is known is what their texts say.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use jiff::civil::date;
use seaworthy::packages::{
    Ecosystem,
    advisories::{self, Advisory, Builder, Event, Index, Kind, TOOLCHAIN, build::SourceKind},
};

use crate::support::{shared, unpack};

/// The databases of the shared test data.
const DATABASES: [&str; 5] =
    ["rustsec.tar.zst", "pypa.tar.zst", "go-vulndb.tar.zst", "php.tar.zst", "kev.json"];
/// Bytes that their index may have.
const LARGEST: usize = 8 << 20;

/// An index of all databases; `None` where this machine has none.
fn index() -> Option<&'static Index> {
    static INDEX: OnceLock<Option<Index>> = OnceLock::new();
    let built = INDEX.get_or_init(|| {
        let paths: Option<Vec<PathBuf>> =
            DATABASES.iter().map(|name| shared(&format!("data/advisories/{name}"))).collect();
        let mut builder = Builder::new(date(2026, 8, 31));
        for path in paths? {
            builder.add_path(&path).expect("a database");
        }
        let bytes = builder.finish(None).expect("an index");
        assert!(bytes.len() <= LARGEST, "{}", bytes.len());
        Some(Index::of_bytes(bytes, Path::new("memory")).expect("an index"))
    });
    built.as_ref()
}

fn of(ecosystem: Ecosystem, name: &str, id: &str) -> Option<Advisory> {
    let known = index()?.of(ecosystem, None, name).expect("an answer");
    let found = known.into_iter().find(|advisory| advisory.id == id);
    Some(found.unwrap_or_else(|| panic!("{name}: no {id}")))
}

/// The events of all ranges, as mathematicians write them: `[1.0, 1.2)`.
fn ranges(advisory: &Advisory) -> String {
    let events = advisory.ranges.iter().flat_map(|range| &range.events);
    events
        .map(|event| match event {
            Event::Introduced(version) => format!("[{version}, "),
            Event::Fixed(version) => format!("{version})"),
            Event::LastAffected(version) => format!("{version}]"),
            Event::Limit(version) => format!("{version}|"),
        })
        .collect()
}

#[test]
fn every_advisory_is_in_the_index_and_none_is_unreadable() {
    let Some(index) = index() else { return };
    let counts: Vec<_> = index
        .sources()
        .iter()
        .map(|one| (one.kind, one.advisories, one.withdrawn, one.left_out, one.unreadable))
        .collect();
    assert_eq!(
        counts,
        [
            (SourceKind::RustSec, 1_212, 13, 0, 0),
            (SourceKind::Osv, 6_800, 269, 11, 0),
            (SourceKind::Osv, 4_274, 17, 0, 0),
            (SourceKind::Php, 1_592, 0, 0, 0),
            (SourceKind::Exploited, 1_404, 0, 0, 0),
        ]
    );
    assert_eq!(index.sources()[0].newest, Some(date(2026, 8, 20)));
}

#[test]
fn the_index_is_whole() {
    let Some(index) = index() else { return };
    assert_eq!(index.verify().unwrap(), 4_088);
}

#[test]
fn rustsec_is_read_as_its_texts_say() {
    let of = |name, id| of(Ecosystem::CratesIo, name, id);
    let Some(warp) = of("warp", "RUSTSEC-2022-0082") else { return };
    assert_eq!((ranges(&warp).as_str(), warp.kind), ("[0, 0.3.3)", Kind::Vulnerability));
    assert_eq!(
        (warp.aliases, warp.platforms.systems),
        (vec!["GHSA-8v4j-7jgf-5rg9".to_owned()], vec!["windows".to_owned()])
    );
    let sha3 = of("libcrux_sha3", "RUSTSEC-2026-0207").unwrap();
    assert_eq!(sha3.score(), Some(8.2));
    assert_eq!(
        sha3.functions[1].names,
        ["libcrux_sha3::portable::incremental::Shake256Xof::squeeze"]
    );
    assert_eq!(sha3.functions[1].versions, ["<=0.0.9"]);
    assert_eq!(of("atty", "RUSTSEC-2021-0145").unwrap().kind, Kind::Unsound);
    assert_eq!(of("atty", "RUSTSEC-2024-0375").unwrap().kind, Kind::Unmaintained);
    let smallvec = of("smallvec", "RUSTSEC-2021-0003").unwrap();
    assert_eq!(ranges(&smallvec), "[0.6.3, 0.6.14)[1.0.0, 1.6.1)");
    assert_eq!(smallvec.score(), Some(9.8));
}

#[test]
fn parts_of_rust_itself_are_kept_apart_from_crates() {
    let Some(index) = index() else { return };
    let std = index.of(Ecosystem::CratesIo, Some(TOOLCHAIN), "std").unwrap();
    assert_eq!(std.len(), 18);
    let zip = std.iter().find(|advisory| advisory.id == "CVE-2021-28879").unwrap();
    assert_eq!(ranges(zip), "[1.14.0, 1.52.0)");
    assert_eq!(index.of(Ecosystem::CratesIo, None, "std").unwrap(), []);
}

#[test]
fn python_is_read_as_its_texts_say() {
    let of = |name, id| of(Ecosystem::PyPi, name, id);
    let Some(pillow) = of("Pillow", "PYSEC-2026-1794") else { return };
    assert_eq!(ranges(&pillow), "[0, 10.0.1)");
    assert_eq!(pillow.aliases, ["CVE-2023-4863", "GHSA-j7hp-h8jx-5ppr"]);
    assert_eq!(pillow.summary, "libwebp: OOB write in BuildHuffmanTable");
    assert_eq!(pillow.known_exploited, Some(date(2023, 9, 13)));
    let rlask = of("rlask", "PYSEC-2026-584").unwrap();
    let listed: Vec<&str> = rlask.listed.iter().collect();
    assert_eq!((ranges(&rlask).as_str(), rlask.kind), ("", Kind::Malicious));
    assert_eq!(listed, ["3.1.3", "3.1.4", "3.1.5", "3.1.6", "3.1.7"]);
    assert_eq!(ranges(&of("zrok", "PYSEC-2026-577").unwrap()), "[0.4.47, 1.1.11]");
}

#[test]
fn go_is_read_as_its_texts_say() {
    let of = |name, id| of(Ecosystem::Go, name, id);
    let Some(toolchain) = of("toolchain", "GO-2024-2825") else { return };
    assert_eq!(ranges(&toolchain), "[0, 1.21.10)[1.22.0-0, 1.22.3)");
    let [import] = toolchain.functions.as_slice() else { panic!("{:?}", toolchain.functions) };
    assert_eq!(import.package.as_deref(), Some("cmd/go"));
    assert_eq!(
        (import.names.len(), import.platforms.systems.as_slice()),
        (0, &["darwin".to_owned()][..])
    );
    assert!(toolchain.url.is_some_and(|url| url.ends_with("/vuln/GO-2024-2825")));
    let openfga = of("github.com/openfga/openfga", "GO-2025-3707").unwrap();
    assert_eq!(
        (ranges(&openfga).as_str(), openfga.aliases),
        ("[1.8.0, 1.8.13)", vec!["CVE-2025-48371".to_owned()])
    );
}

#[test]
fn php_is_read_as_its_texts_say() {
    let Some(ignition) = of(Ecosystem::Packagist, "facade/ignition", "CVE-2021-3129") else {
        return;
    };
    assert_eq!(ranges(&ignition), "[0, 1.16.14)[2.0.0, 2.4.2)[2.5.0, 2.5.2)");
    assert_eq!(ignition.summary, "Remote code execution");
    assert_eq!(ignition.known_exploited, Some(date(2023, 9, 18)));
    assert_eq!(ignition.modified, Some(date(2021, 2, 18)));
}

#[test]
fn a_checkout_answers_as_the_index_of_its_archive() {
    let (Some(index), Some(archive)) = (index(), shared("data/advisories/rustsec.tar.zst")) else {
        return;
    };
    let folder = unpack(&archive);
    let checkout = advisories::open(folder.path(), date(2026, 8, 31)).unwrap();
    assert_eq!(checkout.built(), None);
    for package in fs::read_dir(folder.path().join("crates")).unwrap() {
        let name = package.unwrap().file_name().into_string().unwrap();
        let of = |index: &Index| index.of(Ecosystem::CratesIo, None, &name).unwrap();
        // The index knows more: which of them are exploited.
        let mut known = of(index);
        for advisory in &mut known {
            advisory.known_exploited = None;
        }
        assert_eq!(of(&checkout), known, "{name}");
    }
}
