//! The columns of secrets in SARIF: counted here by hand, in UTF-16 units, on lines that are hard to count.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::Value;

/// What a line has before its secrets; `{}` is where one stands.
const LINES: &[&str] = &[
    "token = \"{}\"",
    "# 🙂🙂 emoji 👩‍👩‍👧‍👦 and flags 🇩🇪\ttoken = \"{}\"",
    "\t\t\ttoken\t=\t\"{}\"",
    "# e\u{301}a\u{308}o\u{302} combining: token = \"{}\" # n\u{303}",
    "# עברית العربية 日本語 token = \"{}\" 中文",
    "# 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 first = \"{}\", second = \"{}\" 🚀 third = \"{}\" \u{feff}",
    "{}",
    "# \u{200b}zero width\u{200d} \"{}\" 🙂 \"{}\"",
];
/// Credentials with a vendor's prefix, in pieces so that no scanner trips over this file.
const SECRETS: &[&str] = &[
    "glpat-<!>Zk39vQ1mXp82LwRt7YbN",
    "dop_v1_<!>4f8a1c0e9d7b3256a8f1e0c4d9b72635f1a0c8e7d6b5493827160f9e8d7c6b5a",
    "hvs.<!>CAESIJ1mXp82LwRt7YbNq0ZkVt2LmB8nRc5YdHs1PfGj0gM4XxQ7Gh4KHGh2cy5aazM5dlExbVhw",
];

/// A secret's place: line, column, column after it.
type Place = (u64, u64, u64);

/// The text of all lines with all kinds of secrets, and where each of them is.
fn text(line_end: &str) -> (String, BTreeSet<Place>) {
    let (mut text, mut places) = (String::new(), BTreeSet::new());
    let lines = LINES.iter().flat_map(|line| SECRETS.iter().map(move |secret| (line, secret)));
    for ((line, secret), number) in lines.zip(1..) {
        let mut column = 1;
        for (part, before) in line.split("{}").enumerate() {
            if part > 0 {
                // Each is another one, so that none is taken for one told before.
                let stem = secret.replace("<!>", "");
                let secret = format!("{}{:03}", &stem[..stem.len() - 3], places.len() * 7 + 100);
                places.insert((number, column, column + units(&secret)));
                column += units(&secret);
                text.push_str(&secret);
            }
            text.push_str(before);
            column += units(before);
        }
        text.push_str(line_end);
    }
    (text, places)
}

/// UTF-16 units, from the definition: characters beyond the basic plane take two.
fn units(text: &str) -> u64 {
    text.chars().map(|character| 1 + u64::from(u32::from(character) > 0xFFFF)).sum()
}

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(to_bytes).collect()
}

/// Where SARIF says that secrets are in each file.
fn told(folder: &Path, file: &str) -> BTreeSet<Place> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
    command.args(["scan", "--only", "secret", "--report", "sarif", "--no-progress"]);
    let output = command
        .current_dir(folder)
        .env("SEAWORTHY_OFFLINE", "1")
        .output()
        .expect("the program runs");
    let log: Value = serde_json::from_slice(&output.stdout).expect("SARIF is JSON");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    let results = run["results"].as_array().expect("results").iter();
    let places = results.flat_map(|result| result["locations"].as_array().expect("locations"));
    let places = places.map(|place| &place["physicalLocation"]);
    let places = places.filter(|place| place["artifactLocation"]["uri"] == file);
    let number = |region: &Value, name: &str| region[name].as_u64().expect("a number");
    let place = |region: &Value| {
        assert_eq!(&region["startLine"], region.get("endLine").unwrap_or(&region["startLine"]));
        (number(region, "startLine"), number(region, "startColumn"), number(region, "endColumn"))
    };
    places.map(|found| place(&found["region"])).collect()
}

fn columns_are_right(file: &str, bytes: &[u8], places: &BTreeSet<Place>) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(file), bytes).expect("a file");
    assert_eq!(&told(folder.path(), file), places);
}

#[test]
fn columns_of_secrets_are_right_on_lines_with_emoji_tabs_and_combining_characters() {
    let (text, places) = text("\n");
    assert_eq!(places.len(), SECRETS.len() * 11);
    columns_are_right("settings.txt", text.as_bytes(), &places);
}

#[test]
fn columns_of_secrets_are_right_before_windows_line_ends() {
    let (text, places) = text("\r\n");
    columns_are_right("settings.txt", text.as_bytes(), &places);
}

#[test]
fn columns_of_secrets_are_right_in_files_of_utf_16() {
    let (text, places) = text("\r\n");
    columns_are_right("little.txt", &utf16(&text, u16::to_le_bytes), &places);
    columns_are_right("big.txt", &utf16(&text, u16::to_be_bytes), &places);
}
