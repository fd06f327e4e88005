//! Trees: what git tracks is seen whatever ignore files say, links are not followed, commits are read
//! without a checkout.

use std::{fs, path::Path, process::Command, sync::Arc};

use seaworthy::sources::{CommitTree, FolderTree, Tree, repository::Repository};

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"];
    let status = Command::new("git")
        .args(identity)
        .args(["-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git runs");
    assert!(status.status.success(), "git {arguments:?}: {status:?}");
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn paths(tree: &Tree) -> Vec<String> {
    tree.entries().iter().map(|entry| entry.path.to_string()).collect()
}

fn open(folder: &Path) -> (Option<Arc<Repository>>, Tree) {
    let repository = Repository::discover(folder).expect("it opens").map(Arc::new);
    let tree = FolderTree::open(folder, repository.as_deref()).expect("it lists");
    (repository, Tree::Folder(tree))
}

#[test]
fn tracked_files_are_seen_whatever_the_ignore_file_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    git(root, &["init", "-q"]);
    write(root, ".gitignore", "*.env\n");
    write(root, "tracked.env", "A=1\n");
    write(root, "untracked.env", "A=1\n");
    write(root, "new.txt", "hello\n");
    git(root, &["add", "-f", ".gitignore", "tracked.env"]);
    let (_, tree) = open(root);
    assert_eq!(paths(&tree), [".gitignore", "new.txt", "tracked.env"]);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_even_when_git_tracks_what_lies_behind() {
    let outside = tempfile::tempdir().expect("a folder");
    write(outside.path(), "secret.txt", "outside\n");
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    git(root, &["init", "-q"]);
    write(root, "inside/secret.txt", "inside\n");
    git(root, &["add", "."]);
    fs::remove_dir_all(root.join("inside")).expect("it goes");
    std::os::unix::fs::symlink(outside.path(), root.join("inside")).expect("a link");
    let (_, tree) = open(root);
    assert_eq!(paths(&tree), Vec::<String>::new());
    assert!(tree.gaps().iter().any(|gap| gap.subject == "inside"), "{:?}", tree.gaps());
}

#[test]
fn a_commit_is_read_without_touching_the_working_tree() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    git(root, &["init", "-q"]);
    write(root, "app/a.txt", "one\n");
    git(root, &["add", "."]);
    git(root, &["commit", "-qm", "one"]);
    git(root, &["checkout", "-qb", "feature"]);
    write(root, "app/a.txt", "two\n");
    write(root, "app/b.txt", "new\n");
    git(root, &["add", "."]);
    git(root, &["commit", "-qm", "two"]);
    let (repository, tree) = open(&root.join("app"));
    let repository = repository.expect("a repository");
    assert_eq!(paths(&tree), ["a.txt", "b.txt"]);
    let base = repository.merge_base("main", "HEAD").expect("an ancestor");
    assert_eq!(base, repository.commit("main").expect("a commit"));
    let commit = Tree::Commit(CommitTree::open(repository, &base).expect("it lists"));
    assert_eq!(paths(&commit), ["a.txt"]);
    let file = commit.read(&commit.entries()[0]).expect("it reads");
    assert_eq!(file.text(), "one\n");
}

#[test]
fn a_repository_s_own_configuration_runs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    git(root, &["init", "-q"]);
    write(root, "a.txt", "one\n");
    git(root, &["add", "."]);
    git(root, &["commit", "-qm", "one"]);
    let mark = root.join("ran");
    let hostile = format!("[core]\n\tfsmonitor = touch {0}\n\tpager = touch {0}\n", mark.display());
    let config = root.join(".git/config");
    let text = fs::read_to_string(&config).expect("a configuration") + &hostile;
    fs::write(&config, text).expect("it writes");
    let (repository, tree) = open(root);
    assert_eq!(paths(&tree), ["a.txt"]);
    assert!(repository.expect("a repository").commit("HEAD").is_ok());
    assert!(!mark.exists());
}
