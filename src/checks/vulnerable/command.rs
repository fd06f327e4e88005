//! The command that moves a lockfile to a repaired version.

use super::{
    demand::Demands,
    repair::{Repair, Repairs, required},
};
use crate::packages::lockfile::{LockedPackage, Lockfile};

/// A package of a lockfile that is to be moved.
pub(super) struct Move<'a, F> {
    pub(super) lockfile: &'a Lockfile,
    /// The name of its format.
    pub(super) format: &'static str,
    /// Whether a `yarn.lock` is of yarn 2 or later.
    pub(super) is_berry: F,
    /// Index of the package.
    pub(super) at: usize,
}

impl<F: Fn() -> bool> Move<'_, F> {
    /// What the repair is, in words, and the command that makes it where there is one.
    pub(super) fn fix(
        &self,
        repairs: &Repairs<'_>,
        repair: &Repair<'_>,
        demands: &Demands<'_>,
    ) -> (String, Option<String>) {
        let LockedPackage { name, version, .. } = &self.lockfile.packages[self.at];
        let to = repair.version.text();
        if repair.fits {
            if let Some(why) = demands.held(self.at, to) {
                return (
                    format!("Update {name} from {version} to {to} with what holds it: {why}"),
                    None,
                );
            }
            let is_safe = [name.as_str(), version, to].into_iter().all(is_plain);
            let command = is_safe.then(|| self.command(name, version, to)).flatten();
            return (format!("Update {name} from {version} to {to}"), command);
        }
        let why = match repairs.against(&repair.version).0.first() {
            Some(blocking) => {
                format!("{}, and {to} is its smallest repaired version", required(blocking, name))
            }
            None => format!(
                "its smallest repaired version, {to}, is not semver-compatible with {version}"
            ),
        };
        let Some((parent, other)) = repairs.way_out(repair, name, demands) else {
            return (format!("Update what requires {name}: {why}"), None);
        };
        let LockedPackage { name, version, .. } = &self.lockfile.packages[parent];
        let is_safe = [name.as_str(), version, &other].into_iter().all(is_plain);
        let command =
            is_safe.then(|| format!("cargo update -p {name}@{version} --precise {other}"));
        (format!("Update {name} from {version} to {other}: {why}"), command)
    }

    /// The command of the tool that writes the lockfile, where it has one that names the version.
    fn command(&self, name: &str, from: &str, to: &str) -> Option<String> {
        // What the project does not require itself, these would write into its manifest.
        let is_own = || self.lockfile.required_by_project(self.at);
        Some(match self.format {
            "Cargo.lock" => {
                let others = self.lockfile.packages.iter().filter(|other| other.name == name);
                let is_there_twice = others.count() > 1;
                let package =
                    if is_there_twice { format!("{name}@{from}") } else { name.to_owned() };
                format!("cargo update -p {package} --precise {to}")
            }
            "package-lock.json" if is_own() => format!("npm install {name}@{to}"),
            "pnpm-lock.yaml" if is_own() => format!("pnpm update {name}@{to}"),
            "yarn.lock" if is_own() && (self.is_berry)() => format!("yarn up {name}@{to}"),
            "yarn.lock" if is_own() => format!("yarn upgrade {name}@{to}"),
            "bun.lock" if is_own() => format!("bun add {name}@{to}"),
            "uv.lock" => format!("uv lock --upgrade-package {name}=={to}"),
            "Pipfile.lock" => format!("pipenv upgrade {name}=={to}"),
            "go.mod" if name == "stdlib" => format!("go get toolchain@go{to}"),
            "go.mod" => format!("go get {name}@v{to}"),
            "composer.lock" if is_own() => format!("composer require {name}:{to}"),
            "composer.lock" => format!("composer update {name} --with {name}:{to}"),
            "packages.lock.json" if is_own() => format!("dotnet add package {name} --version {to}"),
            _ => return None,
        })
    }
}

/// Whether a shell takes the text as one word that is no option.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+@/".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphanumeric() || matches!(first, '@' | '_'))
        && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        finding::RepoPath,
        packages::{lockfile, version::Version},
        sources::SourceFile,
    };

    #[test]
    fn a_command_is_one_of_the_tool_that_writes_the_lockfile() {
        let command = |format: &str, text: &str, name: &str, to: &str| {
            let format = lockfile::format_named(format).unwrap();
            let lockfile = (format.read)(text).unwrap();
            let at = lockfile.packages.iter().position(|package| package.name == name).unwrap();
            let from = &lockfile.packages[at].version;
            let from = Version::parse(lockfile.ecosystem, from).unwrap();
            let repairs = Repairs::new(&from, &[], &[], []);
            let version = Version::parse(lockfile.ecosystem, to).unwrap();
            let moved = Move { lockfile: &lockfile, format: format.name, is_berry: || false, at };
            let file = SourceFile::new(RepoPath::new("x"), Vec::new());
            let demands = Demands::new(&lockfile, format.name, &file, None, None);
            let fits = repairs.fits(&version);
            moved.fix(&repairs, &Repair { version, fits }, &demands).1.unwrap_or_default()
        };
        let module = "module a\ngo 1.22.1\nrequire example.org/b v1.0.0\n";
        assert_eq!(
            command("go.mod", module, "example.org/b", "1.0.1"),
            "go get example.org/b@v1.0.1"
        );
        assert_eq!(command("go.mod", module, "stdlib", "1.22.5"), "go get toolchain@go1.22.5");
        let npm = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"@a/b": "1"}},
            "node_modules/@a/b": {"version": "1.0.0", "dependencies": {"c": "1"}},
            "node_modules/c": {"version": "1.0.0"}}}"#;
        assert_eq!(command("package-lock.json", npm, "@a/b", "1.0.1"), "npm install @a/b@1.0.1");
        assert_eq!(command("package-lock.json", npm, "c", "1.0.1"), "");
        assert_eq!(command("package-lock.json", npm, "@a/b", "2.0.0"), "");
        let composer =
            r#"{"packages": [{"name": "a/b", "version": "v1.0.0"}], "packages-dev": []}"#;
        assert!(command("composer.lock", composer, "a/b", "1.0.1").starts_with("composer "));
    }

    #[test]
    fn what_a_shell_would_read_otherwise_is_in_no_command() {
        for text in ["", "-x", "a b", "a;b", "$(a)", "a\n", "1!2.0", "~a"] {
            assert!(!is_plain(text), "{text}");
        }
        assert!(is_plain("@scope/name") && is_plain("github.com/a/b.v2") && is_plain("1.0.0+b-1"));
    }
}
