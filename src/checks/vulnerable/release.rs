//! Which release of a distribution the packages of an image are of, by its `os-release(5)`.
//!
//! Advisories of distributions are about one release each, so without it nothing can be said.

use crate::{finding::RepoPath, packages::Ecosystem, sources::Tree};

/// Where a system keeps its description. The first is often a link to the second, and links are not followed.
const FILES: &[&str] = &["etc/os-release", "usr/lib/os-release"];
/// Where package managers keep what is installed, from the root of the system.
const DATABASES: &[&str] =
    &["var/lib/dpkg", "var/lib/dpkg/status.d", "usr/lib/apk/db", "lib/apk/db"];
/// A larger file is no description, in bytes.
const LARGEST: u64 = 64 << 10;

/// Names of Debian's releases, which those that are not out yet have instead of a number:
/// <https://www.debian.org/releases/>.
const CODENAMES: &[(&str, &str)] = &[
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
];

/// The release as OSV writes it, `12` or `v3.18`, of the system whose package database is at `path`; or why it is
/// not known.
pub(super) fn of(
    tree: Option<&Tree>,
    path: &RepoPath,
    ecosystem: Ecosystem,
) -> Result<String, String> {
    let root = root(path.folder());
    let entries = FILES.iter().filter_map(|file| tree?.find(&format!("{root}{file}")));
    let entry = entries.into_iter().find(|entry| entry.size <= LARGEST);
    let file = entry.and_then(|entry| tree?.read(entry).ok()).ok_or_else(|| {
        format!(
            "advisories are about one release of {ecosystem}, and `{root}{}` is not there to tell it",
            FILES[0]
        )
    })?;
    let id = value(file.text(), "ID").unwrap_or_default().to_ascii_lowercase();
    if id != ecosystem.name().to_ascii_lowercase() {
        return Err(format!(
            "advisories are about releases of {ecosystem}, and `{}` tells of another system",
            file.path()
        ));
    }
    let release = match ecosystem {
        Ecosystem::Alpine => alpine(file.text()),
        _ => debian(file.text()),
    };
    release.ok_or_else(|| {
        let path = file.path();
        format!("advisories are about one release of {ecosystem}, and `{path}` names none")
    })
}

/// The root of the system whose package database is in this folder: empty, or with a slash at its end.
fn root(folder: &str) -> &str {
    let roots = DATABASES.iter().filter_map(|database| folder.strip_suffix(database));
    roots.into_iter().find(|root| root.is_empty() || root.ends_with('/')).unwrap_or_default()
}

/// `12` of `VERSION_ID="12"`. What is not out yet has only a codename, and unstable shares it with the next release.
fn debian(text: &str) -> Option<String> {
    let number = value(text, "VERSION_ID").map(|id| id.split('.').next().unwrap_or_default());
    if let Some(number) = number {
        return is_number(number).then(|| number.to_owned());
    }
    let is_unstable = value(text, "PRETTY_NAME").is_some_and(|name| name.ends_with("/sid"));
    let codename = value(text, "VERSION_CODENAME").filter(|_| !is_unstable)?;
    let known = CODENAMES.iter().find(|(name, _)| *name == codename);
    known.map(|(_, number)| (*number).to_owned())
}

/// `v3.18` of `VERSION_ID=3.18.4`; a snapshot of edge, `3.19_alpha20230901`, is of no release.
fn alpine(text: &str) -> Option<String> {
    let mut parts = value(text, "VERSION_ID")?.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    (is_number(major) && is_number(minor)).then(|| format!("v{major}.{minor}"))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The value of a variable, without its quotation marks.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut values =
        text.lines().filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
    values.next_back().map(|value| value.trim().trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_has_numbers_and_names() {
        let bookworm = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\n";
        assert_eq!(debian(bookworm).as_deref(), Some("12"));
        assert_eq!(debian("VERSION_ID=\"9.13\"\n").as_deref(), Some("9"));
        let testing = "PRETTY_NAME=\"Debian GNU/Linux trixie\"\nVERSION_CODENAME=trixie\n";
        assert_eq!(debian(testing).as_deref(), Some("13"));
        let either = "PRETTY_NAME=\"Debian GNU/Linux trixie/sid\"\nVERSION_CODENAME=trixie\n";
        assert_eq!(debian(either), None);
        assert_eq!(debian("VERSION_ID=\"12\nx\"\n").as_deref(), Some("12"));
        assert_eq!(debian("VERSION_ID=../../x\n"), None);
    }

    #[test]
    fn alpine_has_two_numbers_and_edge_has_none() {
        assert_eq!(alpine("ID=alpine\nVERSION_ID=3.18.4\n").as_deref(), Some("v3.18"));
        assert_eq!(alpine("VERSION_ID=3.19_alpha20230901\n"), None);
        assert_eq!(alpine("VERSION_ID=3\n"), None);
    }

    #[test]
    fn the_root_is_above_the_database() {
        assert_eq!(root("lib/apk/db"), "");
        assert_eq!(root("image/usr/lib/apk/db"), "image/");
        assert_eq!(root("image/rootfs/var/lib/dpkg/status.d"), "image/rootfs/");
    }
}
