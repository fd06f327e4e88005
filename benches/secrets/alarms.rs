//! How often clean code is found fault with: every finding, to be judged, and how many there are for so many lines.

use std::{fs, io::Write, path::Path};

use seaworthy::{
    engines::secret::scanner::Scanner,
    finding::secret::mask,
    rule::{RuleSet, Tier},
};

use crate::{Failure, collect};

/// Words in the path of a file whose private keys are made for tests.
const TEST_PATHS: &[&str] = &["test", "example", "/doc", "fixture", "/t/unit/"];

/// What was counted in one tier.
#[derive(Default)]
struct Count {
    findings: usize,
    test_keys: usize,
}

/// Prints each finding at the warning tier or above but keys of tests, then the rates.
///
/// A finding that is no key of a test counts as a false alarm until someone judges it a true one; `docs/benchmarks.md` says
/// which are.
pub(crate) fn alarms(
    rules: &RuleSet,
    folders: &[String],
    out: &mut impl Write,
) -> Result<(), Failure> {
    let scanner = Scanner::new(rules);
    let (mut default, mut warning) = (Count::default(), Count::default());
    let (mut all_files, mut all_lines) = (0, 0);
    for folder in folders {
        let mut paths = Vec::new();
        collect(Path::new(folder), &mut paths);
        paths.sort();
        for path in paths {
            let Ok(text) = fs::read(&path) else { continue };
            if memchr::memchr(0, &text[..text.len().min(8_000)]).is_some() {
                continue;
            }
            all_files += 1;
            all_lines += memchr::memchr_iter(b'\n', &text).count();
            let shown = path.strip_prefix(folder)?.to_string_lossy();
            for secret in scanner.find(&shown, &text) {
                let count = match secret.tier {
                    Tier::Default => &mut default,
                    Tier::Warning => &mut warning,
                    Tier::Pedantic => continue,
                };
                if is_test_key(secret.rule.as_str(), &shown) {
                    count.test_keys += 1;
                    continue;
                }
                count.findings += 1;
                let line = memchr::memchr_iter(b'\n', &text[..secret.at.start]).count() + 1;
                let value = String::from_utf8_lossy(&text[secret.at.clone()]).replace('\n', " ");
                let (tier, rule, value) = (secret.tier, &secret.rule, mask(&value));
                writeln!(out, "{tier:?}\t{rule}\t{shown}:{line}\t{value:.24}")?;
            }
        }
    }
    writeln!(out, "{all_files} files, {all_lines} lines")?;
    for (tier, count) in [("default", default), ("warning", warning)] {
        let rate = per_hundred_thousand(count.findings, all_lines);
        let (findings, keys) = (count.findings, count.test_keys);
        writeln!(
            out,
            "{tier} tier: {findings} findings, {rate:.3} per 100,000 lines; {keys} keys of tests apart"
        )?;
    }
    Ok(())
}

/// A private key, or the key by which a web framework signs, that lies where tests and examples lie.
fn is_test_key(rule: &str, path: &str) -> bool {
    let path = format!("/{}", path.to_ascii_lowercase());
    let is_key = rule.contains("private-key")
        || ["secret/gcp-service-account", "secret/django-secret-key"].contains(&rule);
    is_key && TEST_PATHS.iter().any(|word| path.contains(word))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn per_hundred_thousand(count: usize, lines: usize) -> f64 {
    count as f64 * 1e5 / lines.max(1) as f64
}
