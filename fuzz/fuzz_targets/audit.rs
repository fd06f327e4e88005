//! The whole static audit of one file, its judgement and every report of it: the first byte chooses the
//! file's name, the rest is its text.
#![no_main]

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{LazyLock, atomic::AtomicBool},
    time::Duration,
};

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use seaworthy::{
    checks::{self, Audit, Context},
    config::DependencyConfig,
    deadline::Deadline,
    engines::secret::scanner::Scanner,
    finding::RepoPath,
    judgement::{self, Policy},
    packages::{
        advisories::{self, Index},
        local::Caches,
    },
    report::{Report, Subject},
    reporters::{Format, Style, json, reporter},
    rule::{Kind, RuleSet},
    sources::{MemoryTree, Tree},
};
use seaworthy_fuzz::{Stock, examples};

const NAMES: &[&str] = &[
    "Dockerfile",
    "compose.yaml",
    "k8s/deployment.yaml",
    ".github/workflows/example.yml",
    ".env",
    "php.ini",
    "application.properties",
    "application.yml",
    "appsettings.json",
    "config/environments/production.rb",
    "settings.py",
    "server.js",
    "server.jsx",
    "server.ts",
    "server.tsx",
    "Cargo.lock",
    "Cargo.toml",
    "package.json",
    ".gitignore",
    "server.pem",
    "notes.md",
];

static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::baked);
static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(&RULES));
static KINDS: LazyLock<BTreeSet<Kind>> = LazyLock::new(|| Kind::ALL.into_iter().collect());
static DEPENDENCIES: LazyLock<DependencyConfig> = LazyLock::new(DependencyConfig::default);
static CACHES: LazyLock<Caches> = LazyLock::new(Caches::default);
static NEVER: AtomicBool = AtomicBool::new(false);
static ADVISORIES: LazyLock<Index> = LazyLock::new(|| {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/shop/advisories"));
    let today = "2100-01-01".parse().expect("a day");
    advisories::open(folder, today).expect("the shop has advisories")
});
static STOCK: LazyLock<Stock> = LazyLock::new(|| {
    let mut files = examples(&RULES);
    files.push((
        "Cargo.lock".into(),
        include_str!("../../fixtures/shop/vulnerable/Cargo.lock").into(),
    ));
    files.push(("server.ts".into(), "// seaworthy: allow code/flask-debug — practice\n".into()));
    Stock::new(files.into_iter().map(|(path, text)| Stock::chosen(choice(&path), &text)))
});

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    STOCK.mutate(data, size, most, seed)
});

fuzz_target!(
    init: {
        // One thread, which is this one, so that the same bytes take the same way.
        let threads = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        threads.build_global().expect("nobody has used threads before");
    },
    |bytes: &[u8]| {
        let Some((choice, text)) = bytes.split_first() else { return };
        let name = NAMES[usize::from(*choice) % NAMES.len()];
        let report = audit(name, text);
        let secrets = secrets(name, text);
        for format in Format::ALL {
            let mut told = Vec::new();
            let written = reporter(format, Style::default()).write(&report, &mut told);
            written.expect("memory takes everything");
            let told = String::from_utf8(told).expect("reports are text");
            assert!(!told.contains(['\u{1b}', '\u{202e}']), "{format} can be forged");
            let shown = secrets.iter().find(|secret| told.contains(secret.as_str()));
            assert_eq!(shown, None, "{format} shows a secret");
            if format == Format::Json {
                assert_eq!(json::read(&told).expect("it is a report"), report);
            }
        }
    }
);

fn audit(name: &str, text: &[u8]) -> Report {
    let tree = Tree::Memory(MemoryTree::new([(name.to_owned(), text.to_vec())]));
    let deadline = Deadline::after(Duration::from_mins(10), &NEVER);
    let context = Context {
        advisories: Some(Ok(&ADVISORIES)),
        ..Context::new(&RULES, &SCANNER, &KINDS, &DEPENDENCIES, &CACHES)
    };
    let Audit { outcomes, waivers } = checks::audit(&tree, &context, &deadline);
    let today = "2026-07-01".parse().expect("it is a date");
    let policy = Policy { pedantic: true, inline: waivers, ..Policy::plain(&RULES, today) };
    let mut report =
        judgement::judge(outcomes, &policy, Subject { files: 1, ..Subject::default() });
    // What a report says of controls and of other rules is the same for every file, and takes long to write.
    report.controls.clear();
    let named: BTreeSet<_> = report.findings.iter().map(|judged| &judged.finding.rule).collect();
    report.rules.retain(|head| named.contains(&head.id));
    report
}

/// The credentials of a file, without those that any word may be, and the short ones.
fn secrets(name: &str, text: &[u8]) -> Vec<String> {
    const LEAST_LENGTH: usize = 16;
    let found = SCANNER.find(name, text).into_iter();
    let values = found.map(|one| String::from_utf8_lossy(&text[one.at]).into_owned());
    values
        .filter(|value| value.len() >= LEAST_LENGTH)
        .filter(|value| value.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .collect()
}

/// The number of a name that is the path's, or is alike.
fn choice(path: &str) -> usize {
    let path = RepoPath::new(path);
    let is_same = |name: &&str| RepoPath::new(name).file_name() == path.file_name();
    let is_alike = |name: &&str| RepoPath::new(name).extension() == path.extension();
    let alike = NAMES.iter().position(is_alike).unwrap_or(NAMES.len() - 1);
    NAMES.iter().position(is_same).unwrap_or(alike)
}
