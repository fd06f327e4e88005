//! Credentials in files: what the scanner finds, told without telling them.

use std::{fmt::Write as _, ops::Range};

use super::{Context, FileCheck, Subject};
use crate::{
    deadline::Deadline,
    engines::secret::{
        is_test_path,
        scanner::{Scanner, SecretMatch},
    },
    finding::{Draft, DraftStep, Fact, FileNotes, RepoPath, Secret},
    rule::{Matcher, Partner, Rule, RuleId, RuleSet, Severity, Tier, set::Engine},
    sources::SourceFile,
};

/// The check.
pub(super) const NAME: &str = "secrets";
/// The rule that knows a credential by its name and looks, and nothing else.
pub(super) const GENERIC: &str = "secret/generic-assigned";
/// What it looks at files as.
pub(super) const SUBJECT: &str = "secrets/files";

/// Extensions of files that hold no text, and of archives that are not opened.
const BINARY: &[&str] = &[
    "7z", "a", "avi", "avif", "bin", "bmp", "br", "bz2", "class", "dll", "dylib", "eot", "exe",
    "flac", "gif", "ico", "jpeg", "jpg", "lib", "mkv", "mo", "mov", "mp3", "mp4", "o", "obj",
    "ogg", "otf", "pdf", "png", "pyc", "pyo", "rar", "rlib", "so", "tif", "tiff", "ttf", "wasm",
    "wav", "webm", "webp", "woff", "woff2",
];

/// Extensions and names of files that hold text, besides those that other checks read.
const TEXT: &[&str] = &[
    ".bashrc",
    ".env",
    ".envrc",
    ".git-credentials",
    ".htpasswd",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".profile",
    ".pypirc",
    ".zshrc",
    "bak",
    "bash",
    "bat",
    "c",
    "cfg",
    "cjs",
    "cmd",
    "cnf",
    "conf",
    "config",
    "containerfile",
    "cpp",
    "credentials",
    "cs",
    "css",
    "csv",
    "cts",
    "dockerfile",
    "env",
    "erb",
    "ex",
    "exs",
    "gemfile",
    "go",
    "gradle",
    "groovy",
    "h",
    "hcl",
    "hosts",
    "htm",
    "html",
    "ini",
    "ipynb",
    "java",
    "jenkinsfile",
    "js",
    "json",
    "jsx",
    "key",
    "kt",
    "local",
    "lock",
    "log",
    "lua",
    "makefile",
    "md",
    "mjs",
    "mts",
    "old",
    "orig",
    "pem",
    "php",
    "pipfile",
    "pl",
    "plist",
    "procfile",
    "production",
    "properties",
    "ps1",
    "psql",
    "py",
    "pyi",
    "rb",
    "reg",
    "rs",
    "rst",
    "scala",
    "sh",
    "sql",
    "staging",
    "svelte",
    "swift",
    "tf",
    "tfvars",
    "toml",
    "tpl",
    "ts",
    "tsx",
    "txt",
    "vue",
    "xml",
    "yaml",
    "yml",
    "zsh",
];

/// Pairs of words that together name a key with which an application signs what it gives out.
const SIGNING_NAMES: &[(&str, &str)] = &[
    ("jwt", "secret"),
    ("jwt", "key"),
    ("secret", "key"),
    ("secretkey", ""),
    ("signing", "key"),
    ("signing", "secret"),
    ("token", "secret"),
    ("session", "secret"),
    ("cookie", "secret"),
    ("hmac", "secret"),
    ("hmac", "key"),
];

/// Builds the check.
pub(super) fn build<'a>(context: &Context<'a>) -> Box<dyn FileCheck + 'a> {
    Box::new(Secrets { rules: context.rules, scanner: context.scanner })
}

struct Secrets<'a> {
    rules: &'a RuleSet,
    scanner: &'a Scanner,
}

impl FileCheck for Secrets<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn subjects(&self) -> Vec<Subject> {
        let rules = self.rules.of(Engine::Secret).map(|slot| RuleId::new(&slot.id)).collect();
        vec![Subject { name: SUBJECT, rules }]
    }

    fn wants(&self, path: &RepoPath) -> bool {
        let extension = path.extension().to_ascii_lowercase();
        BINARY.binary_search(&extension.as_str()).is_err()
    }

    fn check(&self, file: &SourceFile, _deadline: &Deadline<'_>, notes: &mut FileNotes) {
        notes.looked_at.push(SUBJECT);
        for found in &self.scanner.matches(file).0 {
            let Some(rule) = self.rules.get(&found.rule) else { continue };
            let written = &file.bytes()[found.at.clone()];
            let raw = found.decoded.as_ref().map_or(written, |decoded| decoded.value.expose());
            let secret = Secret::new(raw);
            let mut draft = Draft::new(&found.rule, found.at.clone(), message(rule, raw, found));
            if let Some((partner, at)) = partner(rule, found) {
                let line = file.line_of(at.start);
                draft.message =
                    format!("{}; with its {} on line {line}", draft.message, partner.name);
                let note = format!("the {} that belongs to it", partner.name);
                draft.partner = Some(Secret::new(&file.bytes()[at.clone()]));
                draft.related.push(DraftStep { at, note });
            }
            draft.severity = found.severity;
            draft.tier = Some(found.tier);
            if is_key_of_a_test(&found.rule, file.path()) {
                draft.tier = Some(found.tier.max(Tier::Warning));
                draft.severity = Some(Severity::Low);
            }
            draft.secret = Some(secret.clone());
            notes.drafts.push(draft);
            if found.name.as_ref().is_some_and(|name| is_signing_name(&file.bytes()[name.clone()]))
            {
                notes.facts.push(Fact::SigningSecret(secret));
            }
        }
    }
}

/// Test suites make keys of their own: they are shown, and block nothing.
fn is_key_of_a_test(rule: &RuleId, path: &RepoPath) -> bool {
    rule.as_str().starts_with("secret/private-key") && is_test_path(path.as_str())
}

/// Whether a path says that the file is text.
pub(super) fn says_text(path: &RepoPath) -> bool {
    let is_known = |word: &str| TEXT.binary_search(&word.to_ascii_lowercase().as_str()).is_ok();
    is_known(path.extension()) || is_known(path.file_name()) || path.file_name().starts_with(".env")
}

/// One sentence: what it is, the vendor's prefix, the length, how it is written, what was verified.
fn message(rule: &Rule, raw: &[u8], found: &SecretMatch) -> String {
    let mut notes = format!("{} characters", String::from_utf8_lossy(raw).chars().count());
    if let Some(decoded) = &found.decoded {
        let _ = write!(notes, ", {}", decoded.form.words());
    }
    if let Some(words) = &found.verified {
        let _ = write!(notes, "; {words}");
    }
    let more = found.decoded.as_ref().map_or(0, |decoded| decoded.more);
    if more > 0 {
        let _ = write!(notes, "; the same encoded text holds {more} more");
    }
    let title = &rule.title;
    match prefix(rule, raw) {
        Some(prefix) => format!("{title}: {prefix}****** ({notes})"),
        None => format!("{title} ({notes})"),
    }
}

/// The other half of the pair: what the rule says of it, and where it stands.
fn partner<'a>(rule: &'a Rule, found: &SecretMatch) -> Option<(&'a Partner, Range<usize>)> {
    let Matcher::Secret(matcher) = &rule.matcher else { return None };
    Some((matcher.partner.as_ref()?, found.partner.clone()?))
}

/// The part of the value that the vendor gives away: a keyword with which it begins.
fn prefix<'a>(rule: &'a Rule, raw: &[u8]) -> Option<&'a str> {
    let Matcher::Secret(matcher) = &rule.matcher else { return None };
    let begins = |keyword: &&String| !matcher.generic && raw.starts_with(keyword.as_bytes());
    let longest = matcher.keywords.iter().filter(begins).max_by_key(|keyword| keyword.len())?;
    (raw.len() >= longest.len() + 8).then_some(longest)
}

fn is_signing_name(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    SIGNING_NAMES.iter().any(|(first, second)| {
        name.find(first).is_some_and(|at| name[at + first.len()..].contains(second))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_in_order() {
        assert!(BINARY.is_sorted() && TEXT.is_sorted());
    }

    #[test]
    fn names_of_signing_keys_are_known() {
        for name in
            ["JWT_SECRET", "SECRET_KEY", "jwtSigningKey", "SESSION_SECRET", "secret_key_base"]
        {
            assert!(is_signing_name(name.as_bytes()), "{name}");
        }
        assert!(!is_signing_name(b"DB_PASSWORD"));
    }
}
