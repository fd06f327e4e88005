//! `seaworthy scan --image`: layers in order, whiteouts, secrets of every layer, and what can not be read.

use std::{fs, io::Write as _, path::Path, process::Command};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// In two pieces, so that this file holds none.
fn token() -> String {
    ["ghp_zQWBuTSOoRi4A9sp", "HcVY5ncnsDkxkJ0mLq17"].concat()
}

fn tar(members: &[(&str, &[u8], u32)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text, mode) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(*mode);
        archive.append_data(&mut header, name, *text).expect("memory takes everything");
    }
    archive.into_inner().expect("memory takes everything")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

/// Two layers: the second one removes the first one's secret.
fn layers() -> [Vec<u8>; 2] {
    let secret = format!("GITHUB_TOKEN={}\n", token());
    [
        gzip(&tar(&[("app/.env", secret.as_bytes(), 0o644), ("usr/bin/own", b"\x7fELF", 0o4755)])),
        tar(&[("app/.wh..env", b"", 0o644), ("usr/bin/own2", b"\x7fELF", 0o755)]),
    ]
}

fn config() -> Vec<u8> {
    let history =
        [json!({ "created_by": "COPY . /app" }), json!({ "created_by": "RUN rm /app/.env" })];
    json!({ "os": "linux", "architecture": "amd64", "config": { "User": "" }, "history": history })
        .to_string()
        .into_bytes()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn saved() -> Vec<u8> {
    let manifest = json!([{ "Config": "c.json", "Layers": ["1/layer.tar", "2/layer.tar"] }]);
    let [first, second] = layers();
    tar(&[
        ("manifest.json", manifest.to_string().as_bytes(), 0o644),
        ("c.json", &config(), 0o644),
        ("1/layer.tar", &first, 0o644),
        ("2/layer.tar", &second, 0o644),
    ])
}

/// An OCI layout; `spoil` changes the first layer after its digest was taken.
fn layout(spoil: bool) -> Vec<u8> {
    let [mut first, second] = layers();
    let named = |bytes: &[u8]| format!("sha256:{}", digest(bytes));
    let manifest = json!({
        "config": { "digest": named(&config()) },
        "layers": [{ "digest": named(&first) }, { "digest": named(&second) }],
    });
    let manifest = manifest.to_string().into_bytes();
    let index = json!({ "manifests": [{ "digest": named(&manifest) }] }).to_string();
    let path = |bytes: &[u8]| format!("blobs/sha256/{}", digest(bytes));
    let paths = [path(&config()), path(&manifest), path(&first), path(&second)];
    if spoil {
        // A byte of the file name in the gzip header's time stamp: the content stays as it is.
        first[4] ^= 1;
    }
    tar(&[
        ("index.json", index.as_bytes(), 0o644),
        (&paths[0], &config(), 0o644),
        (&paths[1], &manifest, 0o644),
        (&paths[2], &first, 0o644),
        (&paths[3], &second, 0o644),
    ])
}

fn scan(folder: &Path, image: &[u8], code: i32) -> Value {
    scan_for(folder, image, &["--only", "secret,container"], code)
}

fn scan_for(folder: &Path, image: &[u8], arguments: &[&str], code: i32) -> Value {
    fs::write(folder.join("image.tar"), image).expect("a file");
    let mut program = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
    program
        .args(["scan", "--image", "image.tar", "--report", "json", "--fail-on", "never"])
        .args(arguments)
        .current_dir(folder)
        .env("SEAWORTHY_OFFLINE", "1");
    let output = program.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a report")
}

fn rules(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut rules: Vec<_> = findings.iter().filter_map(|it| it["rule"].as_str()).collect();
    rules.sort_unstable();
    rules
}

const EXPECTED: [&str; 3] =
    ["container/image-root-user", "container/image-setuid-file", "secret/github-token"];

#[test]
fn a_removed_secret_is_found_in_its_layer_in_both_formats() {
    let folder = tempfile::tempdir().expect("a folder");
    for image in [saved(), layout(false)] {
        let report = scan(folder.path(), &image, 0);
        assert_eq!(rules(&report), EXPECTED);
        let text = report.to_string();
        assert!(text.contains("layer 1!/app/.env") && text.contains("COPY . /app"), "{text}");
        assert!(text.contains("a later layer removed"), "{text}");
        assert!(!text.contains(&token()));
    }
}

#[test]
fn a_layer_that_does_not_match_its_digest_makes_the_run_incomplete() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = scan(folder.path(), &layout(true), 3);
    assert!(report.to_string().contains("does not match its digest"), "{report}");
}

#[test]
fn what_is_no_image_or_is_cut_is_told_and_never_clean() {
    let folder = tempfile::tempdir().expect("a folder");
    for image in [b"no image".to_vec(), tar(&[("a", b"a", 0o644)]), saved()[..3_000].to_vec()] {
        let report = scan(folder.path(), &image, 3);
        assert!(report.to_string().contains("could not be read"), "{report}");
    }
}

const RELEASE: &[u8] = b"ID=debian\nVERSION_ID=\"12\"\n";
const ADVISORY: &str = r#"{"id":"DSA-1-1","modified":"2099-01-01T00:00:00Z","affected":[{"package":
    {"ecosystem":"Debian:12","name":"openssl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},
    {"fixed":"3.0.9-1"}]}]}]}"#;

fn status(version: &str) -> Vec<u8> {
    format!(
        "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n"
    )
    .into_bytes()
}

#[test]
fn packages_are_those_of_the_last_layer_that_has_them() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("advisories")).expect("a folder");
    fs::write(folder.path().join("advisories/DSA-1-1.json"), ADVISORY).expect("a file");
    let first = tar(&[
        ("etc/os-release", RELEASE, 0o644),
        ("var/lib/dpkg/status", &status("3.0.8-1"), 0o644),
    ]);
    let repaired = tar(&[("var/lib/dpkg/status", &status("3.0.9-1"), 0o644)]);
    let image = |layers: &[&[u8]]| {
        let names: Vec<String> = (0..layers.len()).map(|index| format!("{index}.tar")).collect();
        let manifest = json!([{ "Config": "c.json", "Layers": names }]).to_string();
        let config = config();
        let mut members =
            vec![("manifest.json", manifest.as_bytes(), 0o644), ("c.json", &*config, 0o644)];
        members
            .extend(names.iter().zip(layers).map(|(name, layer)| (name.as_str(), *layer, 0o644)));
        tar(&members)
    };
    let arguments = ["--only", "dependency", "--offline", "--advisory-db", "advisories"];
    let report = scan_for(folder.path(), &image(&[&first]), &arguments, 0);
    assert_eq!(rules(&report), ["dependency/vulnerable"]);
    let place = &report["findings"][0]["place"];
    assert_eq!(place["path"], "image.tar");
    assert_eq!(place["member"]["path"], "layer 1!/var/lib/dpkg/status");
    let report = scan_for(folder.path(), &image(&[&first, &repaired]), &arguments, 0);
    assert_eq!(rules(&report), Vec::<&str>::new());
}

#[test]
fn all_that_a_packed_layer_holds_is_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let layer = layers()[0].clone();
    let unpacked = {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*layer), &mut bytes)
            .expect("it was packed here");
        bytes
    };
    let zstd = |bytes: &[u8]| {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    };
    let (a, b) = unpacked.split_at(700);
    let manifest = json!([{ "Config": "c.json", "Layers": ["l"] }]).to_string();
    for packed in [[zstd(a), zstd(b)].concat(), [gzip(a), gzip(b)].concat()] {
        let image = tar(&[
            ("manifest.json", manifest.as_bytes(), 0o644),
            ("c.json", &config(), 0o644),
            ("l", &packed, 0o644),
        ]);
        assert_eq!(rules(&scan(folder.path(), &image, 0)), EXPECTED);
    }
}
