//! How many labelled samples are found, and how many are found that should not be.
//!
//! What is left out of the recall is decided by [`exclusion`] alone, before the scanner sees a sample.

use std::{collections::BTreeMap, fs, io::Write};

use seaworthy::{
    engines::secret::scanner::Scanner,
    rule::{RuleSet, Tier},
};

use crate::Failure;

/// Ends of the names of rules that are about identifiers, addresses and names.
const IDENTIFIERS: &[&str] = &["-id", "-url", "-host", "-name", "-username"];
/// What a placeholder holds, in either case.
const WORDS: &[&str] = &[
    "example", "xxxx", "changeme", "deadbeef", "cafebabe", "hello", "password", "username", "test",
    "your", "-to-", "fake", "dummy", "redacted",
];
/// So many characters in a row that are equal or neighbours in the alphabet are typed, not drawn.
const RUN: usize = 6;
/// Bits per character below which a value is none.
const LEAST_ENTROPY: f64 = 3.0;
/// Words of rules' names that say nothing of the vendor.
const COMMON: &[&str] = &[
    "api",
    "key",
    "token",
    "secret",
    "access",
    "auth",
    "client",
    "personal",
    "password",
    "app",
    "application",
    "service",
    "account",
    "user",
    "project",
    "private",
    "public",
    "production",
    "live",
    "admin",
    "oauth",
    "refresh",
    "session",
    "id",
    "url",
    "config",
    "header",
    "cloud",
    "random",
    "none",
    "string",
    "connection",
    "sdk",
    "server",
    "bot",
    "webhook",
    "pat",
    "management",
    "root",
    "credentials",
    "default",
    "basic",
    "1",
    "2",
];

/// One labelled sample.
#[derive(serde::Deserialize)]
struct Case {
    rule: String,
    label: u8,
    r#gen: u8,
    text: String,
    file_hint: Option<String>,
}

/// Prints recall on hand-written and on generated samples, false alarms on negative ones, and what makes them up.
pub(crate) fn recall(
    rules: &RuleSet,
    files: &[String],
    out: &mut impl Write,
) -> Result<(), Failure> {
    let scanner = Scanner::new(rules);
    let mut excluded: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut kept, mut found) = ([0_usize; 2], [0_usize; 2]);
    let (mut negative, mut alarms, mut other) = (0, 0, 0);
    for case in cases(files)? {
        let seen = seen(&scanner, &case);
        if case.label == 1 {
            if let Some(why) = exclusion(&case) {
                *excluded.entry(why).or_default() += usize::from(case.r#gen == 0);
                continue;
            }
            kept[usize::from(case.r#gen)] += 1;
            found[usize::from(case.r#gen)] += usize::from(!seen.is_empty());
            if seen.is_empty() && case.r#gen == 0 {
                writeln!(out, "missed\t{}\t{:?}", case.rule, case.text)?;
            }
        } else if case.r#gen == 0 {
            negative += 1;
            let same = seen.iter().any(|rule| is_same_kind(&case.rule, rule));
            alarms += usize::from(same);
            other += usize::from(!same && !seen.is_empty());
            if same {
                writeln!(out, "alarm\t{}\t{}\t{:?}", case.rule, seen.join(","), case.text)?;
            }
        }
    }
    for (why, count) in excluded {
        writeln!(out, "{count:6} hand-written samples left out: {why}")?;
    }
    for (kind, at) in [("hand-written", 0), ("generated", 1)] {
        let share = percent(found[at], kept[at]);
        writeln!(out, "recall, {kind}: {} of {} ({share:.1} %)", found[at], kept[at])?;
    }
    let share = percent(alarms, negative);
    writeln!(out, "label 0, found as the same kind: {alarms} of {negative} ({share:.1} %)")?;
    writeln!(out, "label 0, found as another kind: {other} of {negative}")?;
    Ok(())
}

fn cases(files: &[String]) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    for file in files {
        for line in fs::read_to_string(file)?.lines() {
            cases.push(serde_json::from_str(line)?);
        }
    }
    Ok(cases)
}

/// The rules that find something at the warning tier or above.
fn seen(scanner: &Scanner, case: &Case) -> Vec<String> {
    let path = case.file_hint.as_deref().unwrap_or("settings.conf");
    let found = scanner.find(path, case.text.as_bytes()).into_iter();
    found.filter(|found| found.tier != Tier::Pedantic).map(|found| found.rule.to_string()).collect()
}

/// Why a sample is not asked for: it is about an identifier, or its value is a placeholder.
///
/// The value is the longest word of letters, digits and `_+/=~.@%!$-`.
fn exclusion(case: &Case) -> Option<&'static str> {
    let rule = case.rule.trim_end_matches(|end: char| end == '.' || end.is_ascii_digit());
    if IDENTIFIERS.iter().any(|end| rule.ends_with(end)) {
        return Some("its rule is about an identifier, a name or an address");
    }
    let joins = |letter: char| letter.is_ascii_alphanumeric() || "_+/=~.@%!$-".contains(letter);
    let words = case.text.split(|letter| !joins(letter));
    let value = words.rev().max_by_key(|word| word.len())?.to_ascii_lowercase();
    if WORDS.iter().any(|word| value.contains(word)) {
        Some("a word of placeholders")
    } else if [0, 1, -1].iter().any(|step| has_run(value.as_bytes(), *step)) {
        Some("a row of six equal or neighbouring characters")
    } else if is_repeated(value.as_bytes()) {
        Some("a piece of two to eight characters, four times in a row, or a longer one three times")
    } else if entropy(value.as_bytes()) < LEAST_ENTROPY {
        Some("less than 3 bits per character")
    } else {
        None
    }
}

fn has_run(value: &[u8], step: i16) -> bool {
    let follows = |pair: &[u8]| {
        pair[0].is_ascii_alphanumeric() && i16::from(pair[1]) - i16::from(pair[0]) == step
    };
    value.windows(RUN).any(|row| row.windows(2).all(follows))
}

fn is_repeated(value: &[u8]) -> bool {
    let repeats = |length: usize, times: usize| {
        value.windows(length * times).any(|row| row[length..].iter().zip(row).all(|(a, b)| a == b))
    };
    (2..=8).any(|length| repeats(length, 4))
        || (4..=value.len() / 3).any(|length| repeats(length, 3))
}

#[expect(clippy::cast_precision_loss, reason = "lengths stay far below 2^52")]
fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value {
        counts[usize::from(*byte)] += 1;
    }
    let shares = counts.iter().filter(|count| **count > 0);
    shares
        .map(|count| f64::from(*count) / value.len() as f64)
        .map(|share| -share * share.log2())
        .sum()
}

/// Whether the rule that found something names the same vendor as the sample's rule, or both are generic.
fn is_same_kind(sample: &str, found: &str) -> bool {
    let name = found.strip_prefix("secret/").unwrap_or(found);
    if name.starts_with("generic") {
        return sample.contains("generic") || sample == "random" || sample == "none";
    }
    let words = |name: &str| -> Vec<String> {
        let alias = name.replace("gcp", "google").replace("artifactory-jfrog", "jfrog");
        let words = alias.split(['-', '_', '.']).filter(|word| !COMMON.contains(word));
        words.map(str::to_owned).collect()
    };
    let wanted = words(sample);
    words(name).iter().any(|word| wanted.contains(word))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}
