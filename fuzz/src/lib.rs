//! What the fuzz targets share: something to begin with, and mutations that bring it in.
//!
//! Few random bytes make a Dockerfile. Instead of a corpus that somebody has to keep, each target has a
//! [`Stock`] of whole inputs (the examples of the rules, fixtures of the project) and is fed with it and
//! with pieces of it.

use libfuzzer_sys::fuzzer_mutate;
use seaworthy::rule::{Language, Matcher, Model, Rule, RuleSet, set};

/// Longest piece that is inserted.
const PIECE: usize = 200;

/// Inputs of which a target makes something, in the form in which it takes them.
pub struct Stock(Vec<Vec<u8>>);

impl Stock {
    /// Takes at least one input.
    pub fn new(inputs: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let inputs: Vec<_> = inputs.into_iter().filter(|input| !input.is_empty()).collect();
        assert!(!inputs.is_empty());
        Self(inputs)
    }

    /// Puts a text behind the byte by which a target chooses what it is.
    pub fn chosen(choice: usize, text: &str) -> Vec<u8> {
        let choice = u8::try_from(choice).expect("there are few choices");
        [&[choice], text.as_bytes()].concat()
    }

    /// Changes `size` bytes of `data` to at most `most`, and says how many they are now.
    pub fn mutate(&self, data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
        let [low, middle, high, way] = seed.to_le_bytes();
        let sample = &self.0[usize::from(u16::from_le_bytes([low, middle])) % self.0.len()];
        match way % 8 {
            0 => {
                let size = sample.len().min(most);
                data[..size].copy_from_slice(&sample[..size]);
                size
            }
            1 | 2 => insert(sample, data, size.min(most), most, usize::from(high)),
            3 => repeat(data, size.min(most), most, usize::from(high)),
            _ => fuzzer_mutate(data, size, most),
        }
    }
}

/// Inserts a piece of `sample`; `luck` says which and where.
fn insert(sample: &[u8], data: &mut [u8], size: usize, most: usize, luck: usize) -> usize {
    let from = sample.len() * (luck % 16) / 16;
    let piece = &sample[from..sample.len().min(from + PIECE).min(from + most - size)];
    let at = size * (luck / 16) / 15;
    data.copy_within(at..size, at + piece.len());
    data[at..at + piece.len()].copy_from_slice(piece);
    size + piece.len()
}

/// Repeats a few bytes where they stand, up to `most`: what is nested gets deep, what is listed gets long.
fn repeat(data: &mut [u8], size: usize, most: usize, luck: usize) -> usize {
    let at = size * (luck % 16) / 16;
    let piece = data[at..size.min(at + 1 + luck / 16)].to_vec();
    let times = (most - size) / piece.len().max(1);
    let end = at + times * piece.len();
    data.copy_within(at..size, end);
    for (byte, repeated) in data[at..end].iter_mut().zip(piece.iter().cycle()) {
        *byte = *repeated;
    }
    end + size - at
}

/// The files of all examples of all rules: path and text.
pub fn examples(rules: &RuleSet) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for slot in rules.slots() {
        let rule = slot.rule();
        let (bad, good) = set::examples(&rule.id).expect("each rule has its examples baked");
        let all = bad.into_iter().chain(good).flat_map(|example| example.files);
        files.extend(all.map(|file| {
            let path = file.path.unwrap_or_else(|| default_path(rule).to_owned());
            (path, file.text)
        }));
    }
    files
}

/// The path of an example that names none.
fn default_path(rule: &Rule) -> &'static str {
    match &rule.matcher {
        Matcher::Code(patterns) => match patterns[0].languages[0] {
            Language::Python => "settings.py",
            Language::Javascript => "server.js",
            Language::Typescript => "server.ts",
        },
        Matcher::Document(document) => match document.model {
            Model::Dockerfile => "Dockerfile",
            Model::Compose => "compose.yaml",
            Model::Kubernetes => "k8s/deployment.yaml",
            Model::Workflow => ".github/workflows/example.yml",
            Model::Env => ".env",
            Model::Ini => "example.ini",
            Model::Properties => "example.properties",
            Model::Spring => "application.yml",
            Model::Yaml => "example.yaml",
            Model::Json => "example.json",
            Model::Toml => "example.toml",
            Model::Assignments => "example.conf",
            Model::Nginx => "nginx/nginx.conf",
            Model::Redis => "redis.conf",
            Model::Postgresql => "postgresql.conf",
            Model::PgHba => "pg_hba.conf",
            Model::Systemd => "example.service",
            Model::Cron => "crontab",
        },
        _ => ".env",
    }
}
