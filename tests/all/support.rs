//! What several tests need: an audit of files in memory.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::AtomicBool,
    time::Duration,
};

use seaworthy::{
    checks::{self, Audit, Context},
    config::DependencyConfig,
    deadline::Deadline,
    engines::secret::scanner::Scanner,
    finding::Finding,
    packages::{advisories::Index, local::Caches},
    rule::{Kind, RuleSet},
    sources::{MemoryTree, Tree},
};

/// Audits files in memory with all rules and returns every finding.
pub(crate) fn audit(
    rules: &RuleSet,
    scanner: &Scanner,
    files: Vec<(String, Vec<u8>)>,
) -> Vec<Finding> {
    let audit = audit_with(rules, scanner, files, None);
    audit.outcomes.into_iter().flat_map(|outcome| outcome.findings).collect()
}

/// Audits files in memory with all rules and an advisory database.
pub(crate) fn audit_with(
    rules: &RuleSet,
    scanner: &Scanner,
    files: Vec<(String, Vec<u8>)>,
    advisories: Option<Result<&Index, &str>>,
) -> Audit {
    let tree = Tree::Memory(MemoryTree::new(files));
    let never = AtomicBool::new(false);
    let deadline = Deadline::after(Duration::from_mins(10), &never);
    let kinds = Kind::ALL.into_iter().collect();
    let dependencies = DependencyConfig::default();
    let caches = Caches::default();
    let context =
        Context { advisories, ..Context::new(rules, scanner, &kinds, &dependencies, &caches) };
    checks::audit(&tree, &context, &deadline)
}

/// A file of the shared test data, or `None`, said so, where this machine has none.
#[expect(clippy::print_stderr, reason = "a test that does not run says so")]
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let root =
        std::env::var_os("SEAWORTHY_SHARED").map_or_else(|| "../shared".into(), PathBuf::from);
    let file = root.join(path);
    if file.exists() {
        Some(file)
    } else {
        eprintln!("skipped: needs {}", file.display());
        None
    }
}

/// Unpacks a `.tar.zst` into a new temporary folder.
pub(crate) fn unpack(archive: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut tar = Command::new("tar");
    tar.arg("--zstd").arg("-xf").arg(archive).arg("-C").arg(folder.path());
    assert!(tar.status().expect("tar is there").success(), "unpack {}", archive.display());
    folder
}
