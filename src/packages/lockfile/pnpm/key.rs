//! The keys of packages: `/name/1.0.0_peer@2.0.0` in version 5, `/name@1.0.0(peer@2.0.0)` in version 6, and
//! `name@1.0.0` with or without peers since then.
//!
//! In the older ones a host stands before the first slash where the registry is not the configured one. Packages
//! from addresses and folders have them in the place of a version.

use crate::packages::lockfile::{
    Origin,
    javascript::{is_version, origin_of_path, origin_of_url},
    json::Text,
};

/// What a key tells.
pub(super) struct Key<'a> {
    pub(super) name: Option<Text<'a>>,
    pub(super) version: Option<Text<'a>>,
    pub(super) origin: Origin,
}

impl<'a> Key<'a> {
    /// Reads a key. `has_hosts` is whether a key without a slash before it begins with a host. `None` if the text
    /// can be no key at all.
    pub(super) fn read(key: &Text<'a>, has_hosts: bool) -> Option<Self> {
        let text = &*key.text;
        if let Some(path) = text.strip_prefix("file:") {
            let origin = origin_of_path(without_peers(path));
            return Some(Self { name: None, version: None, origin });
        }
        let mut start = usize::from(text.starts_with('/'));
        let mut by_host = None;
        if has_hosts && start == 0 {
            let host = text.find('/')?;
            by_host = Some(origin_of_url(&format!("https://{}/", &text[..host])));
            start = host + 1;
        }
        let end = start + end_of_name(&text[start..])?;
        let mut version = key.part(end + 1..text.len());
        let address = origin_of_address(without_peers(&version.text));
        if address.is_none() {
            // Neither stands in a version.
            let length = version.text.find(['_', '(', '/']).unwrap_or(version.text.len());
            version = version.part(0..length);
        }
        // After a host there may be any path, and then name and version have keys of their own.
        let is_path = by_host.is_some() && !is_version(&version.text);
        Some(Self {
            name: (!is_path).then(|| key.part(start..end)),
            version: (!is_path && address.is_none()).then_some(version),
            origin: by_host.or(address).unwrap_or(Origin::Registry),
        })
    }
}

/// Where the name at the beginning of a text ends.
fn end_of_name(text: &str) -> Option<usize> {
    let start = if text.starts_with('@') { text.find('/')? + 1 } else { 0 };
    text[start..].find(['@', '/']).map(|at| start + at)
}

/// Where a package comes from that has an address or a folder for its version.
fn origin_of_address(version: &str) -> Option<Origin> {
    match version.split_once(':')? {
        ("file", path) => Some(origin_of_path(path)),
        ("link" | "workspace", _) => Some(Origin::Local),
        _ => Some(Origin::Elsewhere),
    }
}

/// The key without the peers that stand in parentheses at its end.
pub(super) fn without_peers(key: &str) -> &str {
    let mut end = key.len();
    let mut depth = 0_usize;
    for (at, character) in key.bytes().enumerate().rev() {
        match character {
            b')' => depth += 1,
            b'(' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    end = at;
                }
            }
            _ if depth == 0 => break,
            _ => {}
        }
    }
    &key[..end]
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn shown(key: &str, has_hosts: bool) -> String {
        let text = Text { text: Cow::Borrowed(key), at: 0..key.len() };
        let Some(read) = Key::read(&text, has_hosts) else { return "none".to_owned() };
        let part =
            |part: Option<Text<'_>>| part.map_or("?".to_owned(), |part| part.text.to_string());
        format!("{} {} {:?}", part(read.name), part(read.version), read.origin)
    }

    #[test]
    fn older_keys_are_paths_that_may_begin_with_a_host() {
        for (key, expected) in [
            ("/a/1.0.0", "a 1.0.0 Registry"),
            ("/@s/a/1.0.0-rc.1_@t+b@2.0.0+c@1.0.0", "@s/a 1.0.0-rc.1 Registry"),
            ("/a/1.0.0/b@2.0.0", "a 1.0.0 Registry"),
            ("/@s/a@1.0.0(@t/b@2.0.0(c@1.0.0))(d@1.0.0)", "@s/a 1.0.0 Registry"),
            ("npmjs.org/@s/a/1.0.0", "@s/a 1.0.0 Registry"),
            ("npm.example.org/a@1.0.0(b@1.0.0)", "a 1.0.0 Elsewhere"),
            ("github.com/a/b/0123abc", "? ? Elsewhere"),
            ("@example.org/a/b-1.0.0.tgz", "? ? Elsewhere"),
            ("file:../a(b@1.0.0)", "? ? Local"),
            ("file:a.tgz(b@1.0.0)", "? ? Elsewhere"),
            ("/a/b", "a b Registry"),
            ("a", "none"),
            ("/a", "none"),
        ] {
            assert_eq!(shown(key, true), expected, "{key}");
        }
    }

    #[test]
    fn newer_keys_are_names_with_versions_or_addresses() {
        for (key, expected) in [
            ("a@1.0.0", "a 1.0.0 Registry"),
            ("@s/a@1.0.0(patch_hash=00)(b@1.0.0)", "@s/a 1.0.0 Registry"),
            ("a@https://example.org/a_b/c.tar.gz", "a ? Elsewhere"),
            ("@s/a@git+ssh://git@example.org/a.git#0123abc", "@s/a ? Elsewhere"),
            ("a@file:packages/a(b@1.0.0)", "a ? Local"),
            ("a@file:packages/a.tgz", "a ? Elsewhere"),
            ("a@runtime:1.0.0", "a ? Elsewhere"),
            ("a", "none"),
        ] {
            assert_eq!(shown(key, false), expected, "{key}");
        }
    }

    #[test]
    fn only_parentheses_at_the_end_are_peers() {
        assert_eq!(without_peers("a@file:b(c)/d(e@1(f@2))(g@3)"), "a@file:b(c)/d");
        assert_eq!(without_peers("a)"), "a)");
        assert_eq!(without_peers("(a)"), "");
    }
}
