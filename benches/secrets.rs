//! Measures the secret scanner: speed and findings on source trees, recall on labelled samples.
//!
//! ```text
//! cargo bench --bench secrets -- startup
//! cargo bench --bench secrets -- scan FOLDER...      # speed on one thread, files read beforehand apart
//! cargo bench --bench secrets -- list FOLDER...      # the findings, masked, one a line
//! cargo bench --bench secrets -- alarms FOLDER...    # the same, with rates: one line a finding to judge
//! cargo bench --bench secrets -- recall FILE.jsonl   # {"rule", "label", "gen", "text", "file_hint"} a line
//! ```

#[path = "secrets/alarms.rs"]
mod alarms;
#[path = "secrets/recall.rs"]
mod recall;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use seaworthy::{
    engines::secret::scanner::Scanner,
    finding::secret::mask,
    rule::{RuleSet, Tier},
};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let mut out = io::stdout().lock();
    let rules = RuleSet::baked();
    match arguments.split_first() {
        Some((word, _)) if word == "startup" => startup(&rules, &mut out),
        Some((word, folders)) if word == "scan" => scan(&rules, folders, false, &mut out),
        Some((word, folders)) if word == "list" => scan(&rules, folders, true, &mut out),
        Some((word, folders)) if word == "alarms" => alarms::alarms(&rules, folders, &mut out),
        Some((word, files)) if word == "recall" => recall::recall(&rules, files, &mut out),
        _ => startup(&rules, &mut out),
    }
}

fn startup(rules: &RuleSet, out: &mut impl Write) -> Result<(), Failure> {
    let begin = Instant::now();
    let scanner = Scanner::new(rules);
    let built = begin.elapsed();
    let found = scanner.find("empty.txt", b"").len();
    writeln!(out, "scanner built in {built:?}, {found} found in nothing")?;
    Ok(())
}

fn scan(
    rules: &RuleSet,
    folders: &[String],
    list: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let scanner = Scanner::new(rules);
    let mut paths = Vec::new();
    for folder in folders {
        collect(Path::new(folder), &mut paths);
    }
    paths.sort();
    let (mut bytes, mut lines, mut files, mut spent) = (0, 0, 0, Duration::ZERO);
    let mut counts: BTreeMap<(Tier, String), usize> = BTreeMap::new();
    for path in paths {
        let Ok(text) = fs::read(&path) else { continue };
        if memchr::memchr(0, &text[..text.len().min(8_000)]).is_some() {
            continue;
        }
        let shown = path.to_string_lossy();
        let begin = Instant::now();
        let found = scanner.find(&shown, &text);
        spent += begin.elapsed();
        files += 1;
        bytes += text.len();
        lines += memchr::memchr_iter(b'\n', &text).count();
        for secret in found {
            *counts.entry((secret.tier, secret.rule.to_string())).or_default() += 1;
            if list {
                let line = memchr::memchr_iter(b'\n', &text[..secret.at.start]).count() + 1;
                let value =
                    mask(&String::from_utf8_lossy(&text[secret.at.clone()]).replace('\n', " "));
                let (tier, rule) = (secret.tier, &secret.rule);
                let verified = secret.verified.unwrap_or_default();
                writeln!(out, "{tier:?}\t{rule}\t{shown}:{line}\t{value:.60}\t{verified}")?;
            }
        }
    }
    let rate = per_second(bytes, spent);
    writeln!(out, "{files} files, {lines} lines, {bytes} bytes in {spent:?}: {rate:.2} GB/s")?;
    for ((tier, rule), count) in counts {
        writeln!(out, "{count:6} {tier:?} {rule}")?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "byte counts stay far below 2^52")]
fn per_second(bytes: usize, spent: Duration) -> f64 {
    bytes as f64 / spent.as_secs_f64() / 1e9
}

fn collect(path: &Path, paths: &mut Vec<PathBuf>) {
    if path.is_symlink() {
        return;
    }
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().for_each(|entry| collect(&entry.path(), paths)),
        Err(_) => paths.push(path.to_owned()),
    }
}
