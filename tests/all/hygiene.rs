//! Repository hygiene where it depends on git: folders of a repository, ignored and untracked files.

use std::{fs, path::Path, process::Command, sync::Arc, sync::atomic::AtomicBool, time::Duration};

use seaworthy::{
    checks::{self, Context},
    config::DependencyConfig,
    deadline::Deadline,
    engines::secret::scanner::Scanner,
    finding::Outcome,
    packages::local::Caches,
    rule::{Kind, RuleSet},
    sources::{CommitTree, FolderTree, Tree, repository::Repository},
};

/// A git repository with one commit, which holds an application in `services/api`.
struct Checkout {
    folder: tempfile::TempDir,
}

impl Checkout {
    fn new(files: &[(&str, &str)]) -> Self {
        let checkout = Self { folder: tempfile::tempdir().expect("a folder") };
        let application = [
            ("services/api/Cargo.toml", "[package]\nname = 'api'\n[dependencies]\nlibc = '0.2'\n"),
            ("services/api/src/main.rs", "fn main() {}\n"),
        ];
        for (path, text) in application.iter().chain(files) {
            let path = checkout.folder.path().join(path);
            fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        checkout.git(&["init", "-q"]);
        checkout.git(&["add", "."]);
        checkout.git(&[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "commit",
            "-qm",
            "a",
        ]);
        checkout
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        let status = git.current_dir(self.folder.path()).args(arguments).status();
        assert!(status.expect("git is there").success(), "{arguments:?}");
    }

    fn folder(&self, inside: &str) -> Tree {
        let path = self.folder.path().join(inside);
        Tree::Folder(FolderTree::open(&path, Some(&discover(&path))).expect("a tree"))
    }

    fn commit(&self, inside: &str) -> Tree {
        let repository = Arc::new(discover(&self.folder.path().join(inside)));
        Tree::Commit(CommitTree::open(repository, "HEAD").expect("a commit"))
    }
}

fn discover(path: &Path) -> Repository {
    Repository::discover(path).expect("readable").expect("a repository")
}

fn outcomes(tree: &Tree) -> Vec<Outcome> {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let never = AtomicBool::new(false);
    let deadline = Deadline::after(Duration::from_mins(10), &never);
    let kinds = Kind::ALL.into_iter().collect();
    let dependencies = DependencyConfig::default();
    let caches = Caches::default();
    let context = Context::new(&rules, &scanner, &kinds, &dependencies, &caches);
    checks::audit(tree, &context, &deadline).outcomes
}

fn rules_of(tree: &Tree) -> Vec<String> {
    let findings = outcomes(tree).into_iter().flat_map(|outcome| outcome.findings);
    let mut rules: Vec<String> = findings
        .map(|finding| finding.rule.to_string())
        .filter(|rule| rule.starts_with("repository/"))
        .collect();
    rules.sort();
    rules
}

const COMPLETE: &[(&str, &str)] = &[
    ("Cargo.lock", "version = 4\n"),
    (".github/SECURITY.md", "Write to us.\n"),
    ("CODEOWNERS", "* @team\n"),
];

#[test]
fn a_folder_of_a_repository_is_judged_with_what_is_above_it() {
    let checkout = Checkout::new(COMPLETE);
    assert_eq!(rules_of(&checkout.folder("services/api")), [""; 0]);
    assert_eq!(rules_of(&checkout.commit("services/api")), [""; 0]);
    assert_eq!(rules_of(&checkout.commit("")), [""; 0]);
}

#[test]
fn a_folder_of_a_bare_repository_lacks_all() {
    let checkout = Checkout::new(&[]);
    let expected = [
        "repository/codeowners-missing",
        "repository/lockfile-missing",
        "repository/security-policy-missing",
    ];
    assert_eq!(rules_of(&checkout.folder("services/api")), expected);
    assert_eq!(rules_of(&checkout.commit("services/api")), expected);
}

#[test]
fn a_lockfile_that_git_ignores_is_told_once_at_its_line() {
    let checkout = Checkout::new(&[(".gitignore", "target\nCargo.lock\n")]);
    fs::write(checkout.folder.path().join("services/api/Cargo.lock"), "version = 4\n").unwrap();
    let rules = rules_of(&checkout.folder(""));
    assert!(rules.contains(&"repository/lockfile-ignored".to_owned()), "{rules:?}");
    assert!(!rules.contains(&"repository/lockfile-missing".to_owned()), "{rules:?}");
}

#[test]
fn a_new_lockfile_that_is_not_committed_yet_counts() {
    let checkout = Checkout::new(&[]);
    fs::write(checkout.folder.path().join("services/api/Cargo.lock"), "version = 4\n").unwrap();
    let rules = rules_of(&checkout.folder(""));
    assert!(!rules.contains(&"repository/lockfile-missing".to_owned()), "{rules:?}");
}

#[test]
fn loose_files_are_no_repository_and_nothing_passes() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "text\n").unwrap();
    let looked_at = || -> u64 {
        let tree = Tree::Folder(FolderTree::open(folder.path(), None).unwrap());
        let outcomes = outcomes(&tree);
        let ours = outcomes.iter().filter(|outcome| outcome.check == "hygiene/policies");
        ours.map(|outcome| outcome.looked_at).sum()
    };
    assert_eq!(looked_at(), 0);
    // A manifest further down is one of a repository if the root looks like one.
    fs::create_dir(folder.path().join("a")).unwrap();
    fs::write(folder.path().join("a/go.mod"), "module a\n").unwrap();
    assert_eq!(looked_at(), 0);
    fs::write(folder.path().join("README.md"), "text\n").unwrap();
    assert_eq!(looked_at(), 1);
}
