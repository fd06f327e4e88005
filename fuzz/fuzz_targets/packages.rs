//! What names packages: the first byte chooses a lockfile, a manifest, a bill of materials, a package URL or an
//! index of advisories; the rest is its text.
#![no_main]

use std::{ops::Range, path::Path, sync::LazyLock};

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use seaworthy::packages::{
    Ecosystem, Purl,
    advisories::index::Index,
    lockfile::{self, Fault, Lockfile, sbom},
    manifest,
};
use seaworthy_fuzz::Stock;

const BILL: &str = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": {"bom-ref": "a",
    "name": "a"}}, "components": [{"bom-ref": "b", "name": "b", "version": "1.0", "purl": "pkg:npm/b@1.0"}],
    "dependencies": [{"ref": "a", "dependsOn": ["b"]}]}"#;
const NPM: &str = include_str!("../../fixtures/heldout/source/gateway/package-lock.json");
const CARGO: &str = include_str!("../../fixtures/shop/vulnerable/Cargo.lock");
const REQUIREMENTS: &str = include_str!("../../fixtures/heldout/source/api/requirements.txt");
/// Texts of some formats, by the name of the format.
const SAMPLES: &[(&str, &str)] = &[
    ("Cargo.lock", CARGO),
    ("package-lock.json", NPM),
    ("requirements.txt", REQUIREMENTS),
    (
        "yarn.lock",
        "# yarn lockfile v1\n\na@^1.0.0:\n  version \"1.0.1\"\n  dependencies:\n    b \"^2\"\n",
    ),
    (
        "pnpm-lock.yaml",
        "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: ^1\n        version: 1.0.0\n",
    ),
    (
        "go.mod",
        "module example.org/a\n\ngo 1.22\n\nrequire (\n\texample.org/b v1.2.3 // indirect\n)\n",
    ),
    (
        "Gemfile.lock",
        "GEM\n  specs:\n    a (1.0)\n      b (>= 1)\n    b (1.1)\n\nDEPENDENCIES\n  a\n",
    ),
    (
        "pom.xml",
        "<project><properties><v>1</v></properties><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId><version>${v}</version></dependency></dependencies></project>",
    ),
    ("mix.lock", "%{\n  \"a\": {:hex, :a, \"1.0.0\", \"00\", [:mix], [], \"hexpm\", \"00\"},\n}\n"),
];

const READERS: &[fn(&[u8])] = &[bill, url, index];

static STOCK: LazyLock<Stock> = LazyLock::new(|| {
    let named = |(name, text): &(&str, &str)| {
        let at = lockfile::FORMATS.iter().position(|format| format.name == *name);
        Stock::chosen(at.expect("a known format"), text)
    };
    let first = lockfile::FORMATS.len() + manifest::FORMATS.len();
    let more = [Stock::chosen(first, BILL), Stock::chosen(first + 1, "pkg:npm/%40a/b@1.0?c=d#e")];
    Stock::new(SAMPLES.iter().map(named).chain(more))
});

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    STOCK.mutate(data, size, most, seed)
});

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let choice = usize::from(*choice);
    let (lockfiles, manifests) = (lockfile::FORMATS.len(), manifest::FORMATS.len());
    let choice = choice % (lockfiles + manifests + READERS.len());
    if choice >= lockfiles + manifests {
        return READERS[choice - lockfiles - manifests](rest);
    }
    let Ok(text) = std::str::from_utf8(rest) else { return };
    if choice < lockfiles {
        check((lockfile::FORMATS[choice].read)(text), text);
    } else if let Ok(manifest) = (manifest::FORMATS[choice - lockfiles].read)(text) {
        for declared in &manifest.dependencies {
            lies_in(&declared.at, text);
        }
    }
});

/// Every place lies in the text, and every edge leads to a package.
fn check(read: Result<Lockfile, Fault>, text: &str) {
    let lockfile = match read {
        Ok(lockfile) => lockfile,
        Err(fault) => return assert!(fault.at <= text.len()),
    };
    for (at, package) in lockfile.packages.iter().enumerate() {
        for place in [&package.at, &package.name_at, &package.version_at] {
            lies_in(place, text);
        }
        assert!(package.requires.iter().all(|to| *to < lockfile.packages.len()));
        assert!(!lockfile.way_to(at).is_empty());
    }
    assert!(lockfile.left_out.iter().all(|fault| fault.at <= text.len()));
}

fn lies_in(at: &Range<usize>, text: &str) {
    assert!(text.get(at.clone()).is_some());
}

fn bill(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match sbom::read_all(text) {
        Ok(lockfiles) => lockfiles.into_iter().for_each(|lockfile| check(Ok(lockfile), text)),
        Err(fault) => assert!(fault.at <= text.len()),
    }
}

/// What is written is read as the same.
fn url(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(read) = text.parse::<Purl>() {
        assert_eq!(read.to_string().parse::<Purl>().ok(), Some(read));
    }
}

fn index(bytes: &[u8]) {
    let Ok(index) = Index::of_bytes(bytes.to_vec(), Path::new("index")) else { return };
    for ecosystem in Ecosystem::all() {
        // Damage is an error, whatever it is.
        let _ = index.of(ecosystem, None, "a");
    }
}
