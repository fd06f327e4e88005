//! `seaworthy init`: a configuration and a workflow to begin with, never over an existing file.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use anyhow::Context as _;

const CONFIG: &str = include_str!("init/seaworthy.yaml");
const HOOK: &str = include_str!("init/pre-commit.yaml");
const HOOK_NAME: &str = ".pre-commit-config.yaml";
const WORKFLOW: &str = include_str!("init/workflow.yml");

/// The commit of the release that this program belongs to; a build outside of a release knows none, and
/// the workflow then fails with a clear message until a commit is filled in.
const COMMIT: &str = match option_env!("SEAWORTHY_RELEASE_COMMIT") {
    Some(commit) => commit,
    None => "0000000000000000000000000000000000000000",
};

/// Writes both files below `root`, and says what it did.
pub fn write(root: &Path, to: &mut dyn Write) -> anyhow::Result<()> {
    let workflow =
        WORKFLOW.replace("@COMMIT@", COMMIT).replace("@VERSION@", env!("CARGO_PKG_VERSION"));
    let files =
        [("seaworthy.yaml", CONFIG), (".github/workflows/seaworthy.yml", workflow.as_str())];
    for (name, text) in files {
        let path = root.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("create `{}`", folder.display()))?;
        }
        match create(&path, text) {
            Ok(()) => writeln!(to, "wrote {name}")?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                writeln!(to, "kept {name}: it exists")?;
            }
            Err(error) => return Err(error).with_context(|| format!("write `{name}`")),
        }
    }
    writeln!(to, "\nNext: `seaworthy scan`, then commit both files.")?;
    Ok(())
}

/// Writes the configuration of the pre-commit hook below `root`, or says what to add to the one that is
/// there.
pub fn hook(root: &Path, to: &mut dyn Write) -> anyhow::Result<()> {
    match create(&root.join(HOOK_NAME), HOOK) {
        Ok(()) => writeln!(to, "wrote {HOOK_NAME}\n\nNext: `pre-commit install`.")?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let entry = HOOK.strip_prefix("repos:\n").unwrap_or(HOOK);
            writeln!(to, "kept {HOOK_NAME}: it exists. Add to its `repos:`\n\n{entry}")?;
        }
        Err(error) => return Err(error).with_context(|| format!("write `{HOOK_NAME}`")),
    }
    Ok(())
}

/// Creates a file that is not there; a link in its place counts as being there.
fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}
