//! Addresses of packages, in the many ways in which lockfiles write them.

use std::ops::Range;

/// Words before the scheme that say how the address is used.
const USES: &[&str] = &["registry+", "sparse+", "direct+", "git+", "hg+", "svn+", "bzr+"];
/// Short forms of addresses, and their hosts.
const SHORT: &[(&str, &str)] =
    &[("github:", "github.com"), ("gitlab:", "gitlab.com"), ("bitbucket:", "bitbucket.org")];
/// Hosts that only have archives of what lies at another one: host, path before the repository, that other.
const ARCHIVES: &[(&str, &str, &str)] = &[
    ("codeload.github.com", "", "github.com"),
    ("api.github.com", "repos/", "github.com"),
    ("raw.githubusercontent.com", "", "github.com"),
];
/// What yarn puts before the address of an archive.
const BOUND: &str = "__archiveUrl=";
/// The shortest form of a commit that tools write, and the longest: SHA-256.
const COMMIT: std::ops::RangeInclusive<usize> = 7..=64;

/// An address with a host. User names and passwords are not kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Whether anybody on the way can change what comes from there.
    plain: bool,
    is_repository: bool,
    host: String,
    path: String,
}

/// Whether the text may be of an address without encryption; cheap.
pub(super) fn may_be_plain(written: &str) -> bool {
    ["http://", "git://", "http%3A"].iter().any(|scheme| written.contains(scheme))
}

/// Whether the text is a path of the machine or of the repository, not an address.
pub(super) fn is_path(written: &str) -> bool {
    let rest = written.strip_prefix("file:").unwrap_or(written);
    rest.len() < written.len()
        || (!written.is_empty() && !written.contains(':') && written.contains(['/', '\\', '.']))
}

/// Whether the text names a commit by its hash.
pub(super) fn has_commit(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| {
        COMMIT.contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
            && word.bytes().any(|byte| byte.is_ascii_digit())
    })
}

/// The first address of a line, and where it stands.
pub(super) fn within(line: &str) -> Option<(Address, Range<usize>)> {
    let middle = line.find("://").or_else(|| line.find("git@"))?;
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let start = line[..middle].trim_end_matches(is_scheme).len();
    let is_end =
        |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '}' | ')' | '>');
    let end = line[middle..].find(is_end).map_or(line.len(), |end| middle + end);
    Some((Address::read(&line[start..end])?, start..end))
}

impl Address {
    /// Reads an address: a URL, with words before its scheme or not, or a form that git or npm know.
    pub(super) fn read(written: &str) -> Option<Self> {
        let bound = written.split_once(BOUND);
        let decoded = bound.map(|(_, url)| url.replace("%3A", ":").replace("%2F", "/"));
        let mut rest = decoded.as_deref().unwrap_or(written).trim();
        let mut is_repository = false;
        while let Some((used, after)) =
            USES.iter().find_map(|used| Some((*used, rest.strip_prefix(used)?)))
        {
            is_repository |= matches!(used, "git+" | "hg+" | "svn+" | "bzr+");
            rest = after;
        }
        if let Some((host, path)) =
            SHORT.iter().find_map(|(short, host)| Some((*host, rest.strip_prefix(short)?)))
        {
            return Some(Self::new(false, true, host, path));
        }
        let Some((scheme, rest)) = rest.split_once("://") else {
            // As scp writes it: `git@host:path`.
            let (_, place) = rest.split_once('@').filter(|(user, _)| is_word(user))?;
            let (host, path) = place.split_once(':').filter(|(host, _)| host.contains('.'))?;
            return Some(Self::new(false, true, host, path));
        };
        if !is_word(scheme) || scheme == "file" {
            return None;
        }
        let plain = matches!(scheme, "http" | "git" | "ftp" | "svn");
        let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        if host.is_empty() {
            return None;
        }
        let end = path.split(['?', '#', '@']).next().unwrap_or_default().trim_end_matches('/');
        is_repository |= matches!(scheme, "git" | "ssh") || end.strip_suffix(".git").is_some();
        Some(Self::new(plain, is_repository, host, path))
    }

    fn new(plain: bool, is_repository: bool, host: &str, path: &str) -> Self {
        let path = path.trim_start_matches('/');
        let mut host = host.to_ascii_lowercase();
        for (archive, before, other) in ARCHIVES {
            if let Some(path) = path.strip_prefix(before).filter(|_| host == *archive) {
                return Self {
                    plain,
                    is_repository,
                    host: (*other).to_owned(),
                    path: path.to_owned(),
                };
            }
        }
        // `ssh://git@host:22/`: the ports that go without saying.
        for port in [":443", ":22"] {
            if host.ends_with(port) {
                host.truncate(host.len() - port.len());
            }
        }
        Self { plain, is_repository, host, path: path.to_owned() }
    }

    /// The host, and its port.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Whether what comes from there can be changed on the way: without encryption, and not from this machine.
    pub(super) fn is_plain(&self) -> bool {
        let name = self.host.split(':').next().unwrap_or_default();
        self.plain && name != "localhost" && !name.starts_with("127.") && !name.starts_with('[')
    }

    /// Whether it is of a repository of version control, whose content changes.
    pub(super) fn is_repository(&self) -> bool {
        self.is_repository
    }

    /// The address as people write it, without what follows the path.
    pub(super) fn shown(&self) -> String {
        let path = self.path.split(['?', '#']).next().unwrap_or_default();
        format!("{}/{path}", self.host)
    }

    /// Whether it begins as one of these does, at the border of a part of its path.
    pub(super) fn is_within(&self, allowed: &[String]) -> bool {
        let lower = self.path.to_ascii_lowercase();
        // A path that may lead out of where it begins is within nothing.
        if self.path.contains('\\')
            || lower.contains("%2e")
            || lower.split('/').any(|part| part == "..")
        {
            return false;
        }
        allowed.iter().filter_map(|prefix| Self::read(prefix)).any(|prefix| {
            let rest = self.path.strip_prefix(&prefix.path).filter(|_| self.host == prefix.host);
            rest.is_some_and(|rest| {
                prefix.path.is_empty()
                    || prefix.path.ends_with('/')
                    || rest.is_empty()
                    || rest.starts_with(['/', '?', '#', '@'])
                    || rest.starts_with(".git")
            })
        })
    }
}

fn is_word(text: &str) -> bool {
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte);
    !text.is_empty() && text.bytes().all(is_of_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repository_is_one_address_however_it_is_written() {
        for written in [
            "git+https://github.com/acme/own.git?branch=main#0123abc",
            "git+ssh://git@github.com/acme/own.git#0123abc",
            "ssh://git@GitHub.com:22/acme/own.git",
            "git@github.com:acme/own.git",
            "github:acme/own#0123abc",
            "https://codeload.github.com/acme/own/tar.gz/0123abc",
            "https://api.github.com/repos/acme/own/zipball/0123abc",
            "https://word:secret@github.com/acme/own.git",
        ] {
            let address = Address::read(written).unwrap();
            assert!(address.shown().starts_with("github.com/acme/own"), "{written}");
            for allowed in
                ["https://github.com/acme/", "https://github.com/acme", "github:acme/own"]
            {
                assert!(address.is_within(&[allowed.to_owned()]), "{written}");
            }
        }
    }

    #[test]
    fn what_only_begins_alike_is_not_within() {
        for written in [
            "https://github.com/acme-evil/own.git",
            "https://github.com.example.org/acme/own",
            "https://github.com/acme@example.org/own",
            "https://example.org/https://github.com/acme/own",
            "https://github.com/acme/../evil/own.git",
            "https://github.com/acme/%2e%2e/evil",
        ] {
            let allowed = ["https://github.com/acme/".to_owned()];
            assert!(!Address::read(written).unwrap().is_within(&allowed), "{written}");
        }
    }

    #[test]
    fn what_can_be_changed_on_the_way_is_told_from_what_can_not() {
        let is_plain = |written| Address::read(written).unwrap().is_plain();
        assert!(is_plain("http://example.org/a.tgz") && is_plain("git://example.org/a.git"));
        assert!(is_plain("registry+http://example.org/index"));
        assert!(is_plain("npm:1.0.0::__archiveUrl=http%3A%2F%2Fexample.org%2Fa.tgz"));
        assert!(!is_plain("git+ssh://git@example.org/a") && !is_plain("http://localhost:4873/a"));
    }

    #[test]
    fn a_commit_is_a_hash_and_no_word() {
        assert!(has_commit("git+https://x.org/a@0123abcdef#egg=a"));
        assert!(!has_commit("git+https://x.org/a@main") && !has_commit("defaced"));
    }

    #[test]
    fn the_address_of_a_line_is_found_in_it() {
        let line = "-e git+https://example.org/a/b.git@main#egg=b ; x";
        let (address, at) = within(line).unwrap();
        assert_eq!(&line[at], "git+https://example.org/a/b.git@main#egg=b");
        assert!(address.is_repository());
        let line = r#"  "a": {:git, "git://example.org/a.git", "0123456789", []},"#;
        assert!(within(line).unwrap().0.is_plain());
        assert!(within("a>=1").is_none());
    }
}
