//! Source code: shapes that are wrong, and the routes that it answers.

use std::{
    ops::Range,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{Context, FileCheck, Subject};
use crate::{
    deadline::Deadline,
    engines::code::{CodeEngine, CodeMatch, Grammar, routes::routes},
    finding::{Draft, DraftFact, Fact, FileNotes, Gap, RepoPath, Secret, secret::mask},
    rule::{Confidence, Language, Rule, RuleId, RuleSet, Severity, Tier},
    sources::SourceFile,
};

/// The controls that ask for debug mode to be off.
const DEBUG_CONTROLS: [&str; 2] = ["SECURITY-014", "HARDEN-APP-1"];

/// Folders whose code does not run in production.
const ASIDE_FOLDERS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "__tests__",
    "testdata",
    "test-data",
    "spec",
    "specs",
    "e2e",
    "cypress",
    "fixture",
    "fixtures",
    "mock",
    "mocks",
    "__mocks__",
    "stubs",
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "tutorial",
    "tutorials",
    "doc",
    "docs",
    "benchmark",
    "benchmarks",
    "bench",
    "node_modules",
    "site-packages",
    ".storybook",
];

/// Words between the dots, dashes and underscores of a file's name that say the same.
const ASIDE_WORDS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "conftest",
    "spec",
    "e2e",
    "stories",
    "mock",
    "fixture",
    "example",
    "sample",
    "dev",
    "devel",
    "develop",
    "development",
    "local",
    "debug",
];

/// Builds the check.
pub(super) fn build<'a>(context: &Context<'a>) -> Box<dyn FileCheck + 'a> {
    let told = [const { AtomicBool::new(false) }; Grammar::ALL.len()];
    Box::new(Code { rules: context.rules, engine: CodeEngine::new(context.rules), told })
}

struct Code<'a> {
    rules: &'a RuleSet,
    engine: CodeEngine<'a>,
    /// Whether the faults of a grammar's patterns have been noted.
    told: [AtomicBool; Grammar::ALL.len()],
}

impl FileCheck for Code<'_> {
    fn name(&self) -> &'static str {
        "code"
    }

    fn subjects(&self) -> Vec<Subject> {
        let subject = |language: Language| Subject {
            name: subject_name(language),
            rules: self.engine.rules(language),
        };
        Language::ALL.into_iter().map(subject).collect()
    }

    fn wants(&self, path: &RepoPath) -> bool {
        Grammar::of_extension(path.extension()).is_some()
    }

    fn check(&self, file: &SourceFile, _: &Deadline<'_>, notes: &mut FileNotes) {
        let Some(grammar) = Grammar::of_extension(file.path().extension()) else { return };
        notes.looked_at.push(subject_name(grammar.language()));
        let matches = self.engine.find(file, grammar);
        let is_aside = is_aside(file.path());
        for found in &matches.found {
            if let Some(rule) = self.rules.get(&found.rule) {
                note(file, rule, found, is_aside, notes);
            }
        }
        let subject = subject_name(grammar.language());
        if let Some(reason) = matches.missed {
            notes.miss(subject, file.path(), reason.to_owned());
        }
        if !self.told[grammar as usize].swap(true, Ordering::Relaxed) {
            let fault = |(rule, fault): &(RuleId, String)| Gap {
                subject: rule.to_string(),
                reason: format!("not looked for in {}: {fault}", grammar.language().name()),
                incomplete: true,
            };
            let gaps = self.engine.faults(grammar).iter().map(fault);
            notes.gaps.extend(gaps.map(|gap| (subject, gap)));
        }
        if !is_aside {
            let routes = routes(file, grammar).into_iter();
            notes.draft_facts.extend(routes.map(|route| DraftFact::Route {
                method: route.method,
                route: route.path,
                at: route.at,
            }));
        }
    }
}

const fn subject_name(language: Language) -> &'static str {
    match language {
        Language::Python => "code/python",
        Language::Javascript => "code/javascript",
        Language::Typescript => "code/typescript",
    }
}

fn note(file: &SourceFile, rule: &Rule, found: &CodeMatch, is_aside: bool, notes: &mut FileNotes) {
    let mut draft = Draft::new(&rule.id, found.at.clone(), rule.title.clone());
    draft.quoted = Some(quote(file.text(), &found.at, found.secret.as_ref()));
    let secret = found.secret.clone().map(|at| Secret::new(&file.bytes()[at]));
    draft.secret = secret.clone().filter(|secret| !is_a_word(secret.expose()));
    if is_aside {
        draft.severity = Some(rule.severity.min(Severity::Low));
        draft.confidence = Some(Confidence::Low);
        draft.tier = Some(Tier::Pedantic);
    } else {
        notes.facts.extend(secret.map(Fact::SigningSecret));
        if rule.controls().any(|control| DEBUG_CONTROLS.contains(&control.as_str())) {
            notes.draft_facts.push(DraftFact::DebugFlag(found.at.clone()));
        }
    }
    notes.drafts.push(draft);
}

/// Whether a credential is a word like `secret` or `config`: hiding it would hide it all over the file, and
/// nobody needs to be told it to guess it.
fn is_a_word(secret: &[u8]) -> bool {
    let is_lower = secret.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_');
    let says = |word: &str| memchr::memmem::find(secret, word.as_bytes()).is_some();
    is_lower
        && (secret.len() < 8
            || ["secret", "password", "changeme", "_key"].map(says).contains(&true))
}

/// The source, its credential hidden.
fn quote(text: &str, at: &Range<usize>, secret: Option<&Range<usize>>) -> String {
    let piece = |at: Range<usize>| text.get(at).unwrap_or_default();
    match secret.filter(|secret| at.start <= secret.start && secret.end <= at.end) {
        Some(secret) => {
            let hidden = mask(piece(secret.clone()));
            piece(at.start..secret.start).to_owned() + &hidden + piece(secret.end..at.end)
        }
        None => piece(at.clone()).to_owned(),
    }
}

/// Whether the path is one of tests, examples, documentation or a developer's own settings.
fn is_aside(path: &RepoPath) -> bool {
    let folders = path.folder().split('/');
    let stem = path.file_name().rsplit_once('.').map_or(path.file_name(), |(stem, _)| stem);
    let is_word = |word: &str| ASIDE_WORDS.contains(&word.to_ascii_lowercase().as_str());
    folders.map(str::to_ascii_lowercase).any(|folder| ASIDE_FOLDERS.contains(&folder.as_str()))
        || stem.split(['.', '-', '_']).any(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_of_tests_and_developers_settings_stands_aside() {
        for path in
            ["shop/settings/dev.py", "tests/a.py", "a/test_b.py", "app.spec.ts", "docs/a.js"]
        {
            assert!(is_aside(&RepoPath::new(path)), "{path}");
        }
        for path in ["shop/settings.py", "device.py", "latest.js", "src/attestation/local.d/a.py"] {
            assert!(!is_aside(&RepoPath::new(path)), "{path}");
        }
    }

    #[test]
    fn what_stands_aside_is_for_the_pedantic() {
        let (rules, kinds) = (RuleSet::baked(), crate::rule::Kind::ALL.into_iter().collect());
        let scanner = crate::engines::secret::scanner::Scanner::new(&rules);
        let dependencies = crate::config::DependencyConfig::default();
        let caches = crate::packages::local::Caches::default();
        let context = Context::new(&rules, &scanner, &kinds, &dependencies, &caches);
        let never = AtomicBool::new(false);
        let deadline = Deadline::after(std::time::Duration::from_mins(10), &never);
        let tiers = |path: &str| {
            let text = b"from flask import Flask\napp = Flask(__name__)\napp.run(debug=True)\n";
            let file = SourceFile::new(RepoPath::new(path), text.to_vec());
            let mut notes = FileNotes::default();
            build(&context).check(&file, &deadline, &mut notes);
            notes.drafts.iter().map(|draft| draft.tier).collect::<Vec<_>>()
        };
        assert_eq!(tiers("shop/app.py"), [None]);
        assert_eq!(tiers("examples/app.py"), [Some(Tier::Pedantic)]);
    }

    #[test]
    fn a_quote_is_without_its_credential() {
        let text = "sign({\n  key: 'hunter2hunter2'\n})";
        let start = text.find("hunter2").unwrap();
        let quote = quote(text, &(0..text.len()), Some(&(start..start + 14)));
        assert_eq!(quote, "sign({\n  key: '**************'\n})");
    }
}
