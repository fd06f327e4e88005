//! Credentials inside of files: archives, notebooks, text in another form; and bad input of each kind.

use std::{fs, io::Write as _, path::Path, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder},
};
use proptest::prelude::*;
use seaworthy::{
    engines::secret::scanner::Scanner,
    finding::{Finding, Outcome, Place, RepoPath},
    rule::RuleSet,
    sources::archive::{self, Limits, Visitor},
};
use serde_json::{Value, json};

use crate::support::{audit, audit_with};

/// In two pieces, so that this file holds none.
fn token() -> String {
    ["ghp_zQWBuTSOoRi4A9sp", "HcVY5ncnsDkxkJ0mLq17"].concat()
}

fn password() -> String {
    ["Vq8!", "mR2xKpW"].concat()
}

/// A zip file of these members.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, text) in members {
        let method = rawzip::CompressionMethod::DEFLATE;
        let new = archive.new_file(name).compression_method(method).start();
        let (mut entry, config) = new.expect("memory takes everything");
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
        writer.write_all(text).expect("memory takes everything");
        let (encoder, descriptor) = writer.finish().expect("memory takes everything");
        encoder.finish().expect("memory takes everything");
        entry.finish(descriptor).expect("memory takes everything");
    }
    archive.finish().expect("memory takes everything");
    bytes
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        archive.append(&header, *text).expect("memory takes everything");
    }
    archive.into_inner().expect("memory takes everything")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

fn findings(files: &[(&str, &[u8])]) -> Vec<Finding> {
    let rules = RuleSet::baked();
    let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
    let found = audit(&rules, &Scanner::new(&rules), files);
    found.into_iter().filter(|finding| finding.rule.as_str().starts_with("secret/")).collect()
}

/// The gaps of the check of secrets.
fn gaps(path: &str, bytes: &[u8]) -> Vec<(String, bool)> {
    let rules = RuleSet::baked();
    let files = vec![(path.to_owned(), bytes.to_vec())];
    let audit = audit_with(&rules, &Scanner::new(&rules), files, None);
    let is_its = |outcome: &&Outcome| outcome.check == "secrets/files";
    let outcome = audit.outcomes.iter().find(is_its).expect("the check is there");
    outcome.gaps.iter().map(|gap| (gap.reason.clone(), gap.incomplete)).collect()
}

fn members(found: &[Finding]) -> Vec<(String, u32)> {
    let member = |finding: &Finding| {
        let Place::File(at) = &finding.place else { panic!("{finding:?}") };
        assert_eq!((at.span.start_line, at.span.start_column), (1, 1));
        let member = at.member.as_ref().expect("it is in a member");
        (member.path.as_str().to_owned(), member.line)
    };
    found.iter().map(member).collect()
}

fn no_output_tells(found: &[Finding], secrets: &[&str]) {
    let told = serde_json::to_string(found).expect("findings can be written");
    for secret in secrets {
        let part = &secret[secret.len() / 3..secret.len() / 3 + 8];
        assert!(!told.contains(part), "{part} in {told}");
    }
}

#[test]
fn members_of_every_kind_of_archive_are_looked_at() {
    let text = format!("# settings\nGITHUB_TOKEN={}\n", token()).into_bytes();
    let plain = [("a/b.env", text.as_slice()), ("c.txt", b"nothing")];
    for (path, bytes, member) in [
        ("x.zip", zip(&plain), "a/b.env"),
        ("lib/x.jar", zip(&plain), "a/b.env"),
        ("x.whl", zip(&plain), "a/b.env"),
        ("x.tar", tar(&plain), "a/b.env"),
        ("x.tar.gz", gzip(&tar(&plain)), "a/b.env"),
        ("x.tgz", gzip(&tar(&plain)), "a/b.env"),
        ("x.env.gz", gzip(&text), "x.env"),
        ("x.war", zip(&[("lib/y.jar", &zip(&plain))]), "lib/y.jar!/a/b.env"),
        ("x.tar.gz", gzip(&tar(&[("y.zip", &zip(&plain))])), "y.zip!/a/b.env"),
        ("x.zip", zip(&[("y.tar.gz", &gzip(&tar(&plain)))]), "y.tar.gz!/a/b.env"),
    ] {
        let found = findings(&[(path, &bytes)]);
        assert_eq!(members(&found), [(member.to_owned(), 2)], "{path}");
        assert!(found[0].message.as_str().ends_with(&format!("in `{member}`, line 2")));
        no_output_tells(&found, &[&token()]);
        assert_eq!(gaps(path, &bytes), []);
    }
}

#[test]
fn other_packings_are_read_where_their_programs_are() {
    let text = format!("GITHUB_TOKEN={}\n", token()).into_bytes();
    for (program, path) in [("xz", "x.tar.xz"), ("zstd", "x.tar.zst")] {
        let folder = tempfile::tempdir().expect("a folder");
        let from = folder.path().join("x.tar");
        fs::write(&from, tar(&[("b.env", &text)])).expect("a file");
        let packed = Command::new(program).arg("-q").arg(&from).status();
        if !packed.is_ok_and(|status| status.success()) {
            continue;
        }
        let bytes = fs::read(folder.path().join(path)).expect("the packed file");
        let found = findings(&[(path, &bytes)]);
        assert_eq!(members(&found), [("b.env".to_owned(), 1)], "{path}");
        let cut = gaps(path, &bytes[..bytes.len() / 2]);
        assert!(cut.len() == 1 && cut[0].1, "{path}: {cut:?}");
    }
}

#[test]
fn a_fingerprint_does_not_tell_a_member_from_a_file() {
    let text = format!("GITHUB_TOKEN={}\n", token()).into_bytes();
    let archive = zip(&[("b.env", &text)]);
    let found = findings(&[("x.zip", &archive), ("y.env", &text)]);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].fingerprint, found[1].fingerprint);
}

#[test]
fn names_of_members_are_shown_and_never_obeyed() {
    let text = format!("GITHUB_TOKEN={}\n", token()).into_bytes();
    let names = ["../../etc/x.env", "/etc/x.env", "a\n::error::b\u{1b}[2J.env"];
    let members_of: Vec<_> = names.iter().map(|name| (*name, text.as_slice())).collect();
    let found = findings(&[("x.tar", &tar(&members_of))]);
    assert_eq!(found.len(), 3);
    let told = serde_json::to_string(&found).expect("findings can be written");
    assert!(!told.contains("\\n::error") && !told.contains("\\u001b"), "{told}");
    assert!(told.contains("../../etc/x.env"), "{told}");
}

#[test]
fn archives_that_can_not_be_read_are_one_gap_each() {
    let text = format!("GITHUB_TOKEN={}\n", token()).into_bytes();
    let good = zip(&[("a.env", &text), ("b.env", &text)]);
    let deep = (0..12).fold(good.clone(), |inner, _| zip(&[("x.zip", &inner), ("a.env", b"x")]));
    let mut sealed = good.clone();
    // The flag of an encrypted member, in the directory.
    let directory = memchr::memmem::find(&sealed, b"PK\x01\x02").expect("a directory");
    sealed[directory + 8] |= 1;
    let mut corrupt = good.clone();
    let name = memchr::memmem::find(&corrupt, b"a.env").expect("a name");
    corrupt[name + 12] ^= 0x55;
    for (bytes, words, found) in [
        (good[..good.len() / 2].to_vec(), "damaged", 0),
        (deep, "too deep within others (`x.zip!/x.zip`)", 0),
        (sealed, "encrypted (`a.env`)", 1),
        (corrupt, "damaged", 1),
    ] {
        let told = gaps("x.zip", &bytes);
        assert!(told.len() == 1 && told[0].1 && told[0].0.contains(words), "{words}: {told:?}");
        assert_eq!(findings(&[("x.zip", &bytes)]).len(), found, "{words}");
    }
    let cut = gaps("x.tar.gz", &gzip(&tar(&[("a.env", &text)]))[..60]);
    assert!(cut.len() == 1 && cut[0].0.contains("damaged"), "{cut:?}");
}

#[test]
fn links_and_devices_in_a_tar_file_are_told_and_not_followed() {
    let text = format!("GITHUB_TOKEN={}\n", token()).into_bytes();
    let mut archive = tar::Builder::new(Vec::new());
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Char] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        archive.append_link(&mut header, "etc.env", "/etc/passwd").expect("memory");
    }
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    archive.append_data(&mut header, "a.env", text.as_slice()).expect("memory");
    let bytes = archive.into_inner().expect("memory");
    assert_eq!(members(&findings(&[("x.tar", &bytes)])), [("a.env".to_owned(), 1)]);
    let told = gaps("x.tar", &bytes);
    assert_eq!(told.len(), 1);
    assert!(told[0].0.contains("links") && told[0].0.contains("(3,") && !told[0].1, "{told:?}");
}

#[test]
fn a_bomb_is_one_gap_and_the_rest_is_looked_at() {
    // Binary, so that it is unpacked and not scanned.
    let zeros = vec![0; 9 << 20];
    let text = format!("GITHUB_TOKEN={}\n", token()).into_bytes();
    let mut members_of = vec![("a.env", text.as_slice())];
    members_of.extend([("z.data", zeros.as_slice()); 4]);
    let bytes = zip(&members_of);
    assert!(bytes.len() < 1 << 20);
    let told = gaps("x.zip", &bytes);
    assert!(told.len() == 1 && told[0].1 && told[0].0.contains("unpacks to more"), "{told:?}");
    assert_eq!(findings(&[("x.zip", &bytes)]).len(), 1);
    let told = gaps("x.txt.gz", &gzip(&vec![b'0'; 200 << 20]));
    assert!(told.len() == 1 && told[0].1 && told[0].0.contains("limit"), "{told:?}");
}

#[test]
fn a_pointer_with_the_name_of_an_archive_is_a_text() {
    let text = format!("version https://git-lfs.github.com/spec/v1\n# {}\n", token());
    let found = findings(&[("x.zip", text.as_bytes())]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].place.file().map(|at| at.span.start_line), Some(2));
    assert_eq!(gaps("x.zip", text.as_bytes()), []);
}

#[test]
fn files_of_two_gigabytes_are_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a.txt", "b.zip", "c.iso"] {
        let file = fs::File::create(folder.path().join(name)).expect("a file");
        file.set_len(2 << 30).expect("a sparse file");
    }
    fs::write(folder.path().join("d.env"), format!("GITHUB_TOKEN={}\n", token())).expect("a file");
    let report = scan(folder.path(), &["--only", "secret", "--fail-on", "never"], 3);
    assert_eq!(report["incomplete"].as_array().map(Vec::len), Some(3), "{}", report["incomplete"]);
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1));
}

fn scan(folder: &Path, arguments: &[&str], code: i32) -> Value {
    let mut program = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
    program
        .args(["scan", "--report", "json"])
        .args(arguments)
        .current_dir(folder)
        .env("SEAWORTHY_OFFLINE", "1");
    let output = program.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a report")
}

fn place(finding: &Finding) -> (u32, u32) {
    let at = finding.place.file().expect("it is in a file");
    (at.span.start_line, at.span.start_column)
}

#[test]
fn cells_and_outputs_of_a_notebook_are_judged_as_code() {
    let password = password();
    let source = [format!("db_password = \"{password}\"\n"), "connect()".to_owned()];
    let notebook = json!({
        "cells": [
            { "cell_type": "code", "outputs": [
                { "output_type": "stream", "text": [format!("'api_key': '{password}'\n")] }
            ], "source": source },
            { "cell_type": "markdown", "source": format!("Use {} here", token()) },
        ],
        "metadata": { "language_info": { "name": "python" } },
    });
    let text = serde_json::to_string_pretty(&notebook).expect("it can be written");
    let found = findings(&[("a.ipynb", text.as_bytes())]);
    let expected: Vec<(u32, u32)> = [&password, &password, &token()]
        .iter()
        .scan(0, |from, value| {
            let at = *from + text[*from..].find(value.as_str())?;
            *from = at + 1;
            let line = text[..at].lines().count();
            let column = at - text[..at].rfind('\n').map_or(0, |end| end + 1) + 1;
            Some((u32::try_from(line).ok()?, u32::try_from(column).ok()?))
        })
        .collect();
    assert_eq!(found.iter().map(place).collect::<Vec<_>>(), expected);
    no_output_tells(&found, &[&password, &token()]);
}

#[test]
fn a_secret_in_escaped_json_is_found_where_it_stands() {
    let inside = json!({ "db_password": password(), "note": "a\nb" }).to_string();
    for (path, text) in [
        ("a.json", json!({ "settings": inside }).to_string()),
        ("a.env", format!("SETTINGS={}\n", Value::from(inside.as_str()))),
        ("a.yaml", format!("settings: {}\n", Value::from(inside.as_str()))),
    ] {
        let found = findings(&[(path, text.as_bytes())]);
        let column = text.find(&password()).expect("it stands there") + 1;
        assert_eq!(
            found.iter().map(place).collect::<Vec<_>>(),
            [(1, u32::try_from(column).unwrap_or(0))],
            "{path}"
        );
        no_output_tells(&found, &[&password()]);
    }
}

#[test]
fn a_secret_in_base64_is_found_and_its_run_is_masked() {
    let inner =
        format!("{{\"auth\": \"{}\", \"other\": \"a value that is long enough\"}}", token());
    let encoded = STANDARD.encode(&inner);
    let url_safe = encoded.replace('+', "-").replace('/', "_").replace('=', "");
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).expect("text"))
        .collect();
    for (path, text) in [
        ("a.yaml", format!("config: {encoded}\n")),
        ("a.py", format!("x = '{url_safe}'\n")),
        ("a.txt", format!("begin\n{}\n", lines.join("\n"))),
        ("a.yaml", format!("config: |\n  {}\nnext: 1\n", lines.join("\n  "))),
    ] {
        let found = findings(&[(path, text.as_bytes())]);
        assert_eq!(found.len(), 1, "{path}: {found:?}");
        assert_eq!(found[0].rule.as_str(), "secret/github-token", "{path}");
        assert!(found[0].message.as_str().contains("base64-encoded"), "{}", found[0].message);
        no_output_tells(&found, &[&token(), &encoded, &url_safe, lines[0]]);
    }
    for path in ["yarn.lock", "app.js.map", "app.min.js", "server.crt"] {
        assert!(findings(&[(path, encoded.as_bytes())]).is_empty(), "{path}");
    }
}

#[test]
fn a_secret_of_kubernetes_is_judged_by_its_name_and_decoded_value() {
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{ name: a }}\ndata:\n  db_password: {}\n  user: {}\n",
        STANDARD.encode(password()),
        STANDARD.encode("administrator"),
    );
    let rules = RuleSet::baked();
    let found = Scanner::new(&rules).find("a.yaml", text.as_bytes());
    assert_eq!(found.len(), 1, "{found:?}");
    let decoded = found[0].decoded.as_ref().expect("it is decoded");
    assert_eq!(decoded.value.expose(), password().as_bytes());
    assert_eq!(&text[found[0].at.clone()], STANDARD.encode(password()));
}

#[test]
fn a_percent_encoded_secret_is_found_where_it_stands() {
    let key = ["-----BEGIN PRIV", "ATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----"].concat();
    let encoded: String = key
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let text = format!("url = https://a.example/?key={encoded}&x=1\n");
    let found = findings(&[("a.conf", text.as_bytes())]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].message.as_str().contains("percent-encoded"), "{}", found[0].message);
    let at = found[0].place.file().expect("a file").span;
    let start = text.find("-----BEGIN").expect("it begins") + 1;
    assert_eq!(
        (at.start_column, at.end_column),
        (u32::try_from(start).unwrap_or(0), u32::try_from(start + encoded.len()).unwrap_or(0))
    );
    no_output_tells(&found, &["MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp"]);
}

#[test]
fn utf16_without_a_mark_is_looked_at() {
    let text = format!("# 😀\r\nGITHUB_TOKEN={}\r\n", token());
    for bytes in [
        text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ] {
        let found = findings(&[("a.reg", &bytes)]);
        assert_eq!(found.iter().map(place).collect::<Vec<_>>(), [(2, 14)]);
    }
}

/// A text in every form, each with the path under which it is that.
fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let encoded = STANDARD.encode(text);
    let lines = encoded.as_bytes().chunks(76).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let percent: Vec<_> = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let source: Vec<&str> = text.split_inclusive('\n').collect();
    let notebook = json!({ "cells": [{ "cell_type": "code", "source": source }] });
    vec![
        ("a.txt", encoded.clone().into_bytes()),
        ("a.py", format!("x = '{}'", encoded.replace('+', "-").replace('/', "_")).into_bytes()),
        ("a.yaml", [b"a: |\n  ".to_vec(), lines.join(&b"\n  "[..]), b"\nb: 1\n".to_vec()].concat()),
        ("a.conf", format!("a = {}", percent.concat()).into_bytes()),
        ("a.ipynb", notebook.to_string().into_bytes()),
        ("a.json", json!({ "a": json!({ "b": text }).to_string() }).to_string().into_bytes()),
        ("a.csv", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("a.zip", zip(&[("a.txt", text.as_bytes())])),
        ("a.tgz", gzip(&tar(&[("a.txt", text.as_bytes())]))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_token_in_any_text_is_found_in_every_form_and_never_shown(
        before in "[a-z ,.;\n]{12,200}",
        after in "[a-z ,.;\n😀]{0,100}",
    ) {
        let text = format!("{before} {}\n{after}", token());
        for (path, bytes) in forms(&text) {
            let found = findings(&[(path, &bytes)]);
            let rules: Vec<_> = found.iter().map(|finding| finding.rule.as_str()).collect();
            prop_assert_eq!(rules, ["secret/github-token"], "{} of {:?}", path, text);
            no_output_tells(&found, &[&token()]);
        }
    }

    #[test]
    fn changed_archives_are_read_or_told_and_unpack_to_no_more_than_they_may(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let inner = zip(&[("a.txt", &[b'x'; 3_000]), ("b.txt", b"b")]);
        let archives = [
            ("a.zip", zip(&[("b.jar", &inner), ("c.txt", b"c")])),
            ("a.tgz", gzip(&tar(&[("b.jar", &inner), ("c.txt", b"c")]))),
            ("a.tar", tar(&[("b.jar", &inner), ("c.txt", b"c")])),
        ];
        for (path, mut bytes) in archives {
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            if is_cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            let limits = Limits { unpacked: 10_000, ratio: 200, members: 9, member: 4_000 };
            let mut taken = 0;
            let mut visitor = Visitor {
                wants: &|_| true,
                is_over: &|| false,
                take: &mut |_, bytes| taken += bytes.len(),
            };
            archive::read(&RepoPath::new(path), &bytes, &limits, &mut visitor);
            prop_assert!(taken <= 10_000);
        }
    }
}
