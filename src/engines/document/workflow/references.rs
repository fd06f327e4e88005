//! What `uses` names: its parts, and what is known of it.

use std::{collections::HashMap, ops::Range};

use super::known::{ARCHIVED, FLAWS, POPULAR, SUPERFLUOUS, SWITCHED_OFF};
use crate::engines::document::{
    make::{field, flag, map},
    node::Node,
};

/// What `uses` names; `file` is the text of the whole file.
pub(super) fn reference(written: &Node, is_job: bool, file: &str) -> Option<Node> {
    let text = written.as_text()?.trim();
    let at = &written.at;
    let text_field = |name: &str, value: &str| field(name, Node::text(value, at.clone()));
    let mut fields = vec![text_field("summary", text)];
    if let Some(image) = text.strip_prefix("docker://") {
        fields.push(text_field("kind", "docker"));
        fields.push(field("is-pinned", flag(image.contains("@sha256:"), at.clone())));
        return Some(map(fields, at.clone()));
    }
    if text.starts_with("./") || text.starts_with(".\\") || text.starts_with("$/") {
        fields.push(text_field("kind", "local"));
        return Some(map(fields, at.clone()));
    }
    let (name, reference) = match text.split_once('@') {
        Some((name, reference)) => (name, Some(reference)),
        None => (text, None),
    };
    let mut parts = name.splitn(3, '/');
    let owner = parts.next().unwrap_or_default();
    let is_first_party = ["actions", "github"].iter().any(|own| owner.eq_ignore_ascii_case(own));
    let is_branch = matches!(
        reference,
        None | Some("main" | "master" | "develop" | "dev" | "latest" | "HEAD" | "trunk")
    );
    fields.push(text_field("kind", if is_job { "workflow" } else { "action" }));
    fields.push(text_field("owner", owner));
    fields.extend(parts.next().map(|name| text_field("repository", name)));
    fields.extend(parts.next().map(|path| text_field("path", path)));
    fields.extend(reference.map(|reference| text_field("reference", reference)));
    fields.push(field("is-pinned", flag(reference.is_some_and(is_hash), at.clone())));
    fields.push(field("is-first-party", flag(is_first_party, at.clone())));
    fields.push(field("is-branch", flag(is_branch, at.clone())));
    let comment = comment(file, at).filter(|comment| !comment.is_empty());
    fields.extend(comment.map(|comment| text_field("comment", comment)));
    judge(name, reference.unwrap_or_default(), comment, at, &mut fields);
    Some(map(fields, at.clone()))
}

/// Adds what is known of an action.
fn judge(
    name: &str,
    reference: &str,
    comment: Option<&str>,
    at: &Range<usize>,
    fields: &mut Vec<(Node, Node)>,
) {
    let text = |name: &str, value: &str| field(name, Node::text(value, at.clone()));
    let lower = name.to_ascii_lowercase();
    let mut parts = lower.splitn(3, '/');
    let (owner, repository) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let whole = &lower[..owner.len() + repository.len() + usize::from(lower.contains('/'))];
    fields.extend(lookalike(owner, repository).map(|known| text("resembles", &known)));
    if ARCHIVED.contains(&whole) {
        fields.push(field("is-archived", flag(true, at.clone())));
    }
    if name.split('/').skip(1).any(|part| matches!(part, "" | "." | "..")) {
        fields.push(field("is-obfuscated", flag(true, at.clone())));
    }
    if let Some((_, program)) = SUPERFLUOUS.iter().find(|(known, _)| *known == whole) {
        fields.push(text("does-what", program));
    }
    let said = comment.and_then(version_in);
    let named = Version::parse(reference);
    if let (Some(named), Some(said)) = (&named, &said)
        && !named.agrees(said)
    {
        fields.push(field("comment-differs", flag(true, at.clone())));
    }
    let Some(version) = named.or_else(|| said.filter(|_| is_hash(reference))) else { return };
    let has = |flaw: &&super::known::Flaw| {
        flaw.action == whole && version.latest() >= flaw.from && version.latest() < flaw.fixed
    };
    if let Some(flaw) = FLAWS.iter().find(has) {
        fields.push(text("advisory", flaw.advisory));
    }
    let is_off = |(known, first): &&(&str, u32)| *known == lower && version.major() < *first;
    if let Some((_, first)) = SWITCHED_OFF.iter().find(is_off) {
        fields.push(field("is-switched-off", flag(true, at.clone())));
        if !is_hash(reference) && comment.is_none() {
            fields.push(text("instead", &format!("{name}@v{first}")));
        }
    }
}

/// Marks the references of a file that name one commit with different versions in their comments.
pub(super) fn compare_comments(uses: &mut [Node]) {
    let mut seen: HashMap<(String, String), Version> = HashMap::new();
    for reference in uses {
        let text = |name: &str| reference.get(name).and_then(Node::as_text);
        let Some(hash) = text("reference").filter(|hash| is_hash(hash)) else { continue };
        let Some(said) = text("comment").and_then(version_in) else { continue };
        let name = format!(
            "{}/{}",
            text("owner").unwrap_or_default(),
            text("repository").unwrap_or_default()
        );
        let key = (name.to_ascii_lowercase(), hash.to_owned());
        match seen.get(&key) {
            Some(first) if !first.agrees(&said) => {
                let at = reference.at.clone();
                if let crate::engines::document::node::Value::Map(fields) = &mut reference.value {
                    fields.push(field("comment-differs", flag(true, at)));
                }
            }
            Some(_) => {}
            None => {
                seen.insert(key, said);
            }
        }
    }
}

/// The comment behind a value on its line, without its mark.
fn comment<'t>(file: &'t str, at: &Range<usize>) -> Option<&'t str> {
    let rest = file.get(at.end..)?.lines().next()?;
    let rest = rest.trim_start_matches(['"', '\'']);
    let rest = rest.trim_start_matches([' ', '\t']);
    rest.strip_prefix('#').map(str::trim)
}

/// A version with as many numbers as it was written with.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version(Vec<u32>);

impl Version {
    /// `v4`, `4.1`, `v4.1.0`; nothing for anything else.
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let numbers = text.split('.').map(|number| number.parse().ok());
        let numbers: Option<Vec<u32>> = numbers.collect();
        numbers.filter(|numbers| numbers.len() <= 3).map(Self)
    }

    /// Whether both can be names of one release: `v4` and `v4.1.0` can.
    fn agrees(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }

    /// The latest release of this name.
    fn latest(&self) -> [u32; 3] {
        let number = |at: usize| self.0.get(at).copied().unwrap_or(u32::MAX);
        [number(0), number(1), number(2)]
    }

    fn major(&self) -> u32 {
        self.latest()[0]
    }
}

/// The version that a comment begins with: `v4.1.0`, `tag=v4`, `@v4`.
fn version_in(comment: &str) -> Option<Version> {
    let word = comment.split_whitespace().next()?;
    let word = word.strip_prefix("tag=").or_else(|| word.strip_prefix('@')).unwrap_or(word);
    Version::parse(word)
}

/// The action in wide use whose owner differs in one letter from this one.
fn lookalike(owner: &str, repository: &str) -> Option<String> {
    let is_own = POPULAR.iter().any(|(known, _)| *known == owner);
    if is_own || owner.is_empty() {
        return None;
    }
    let near = POPULAR
        .iter()
        .find(|(known, repositories)| repositories.contains(&repository) && is_near(owner, known));
    near.map(|(known, _)| format!("{known}/{repository}"))
}

/// Whether one letter is changed, missing or too many, or two neighbours have changed places.
pub(super) fn is_near(one: &str, other: &str) -> bool {
    let (a, b) = (one.as_bytes(), other.as_bytes());
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&a[same..], &b[same..]);
    if rest_a.is_empty() && rest_b.is_empty() {
        return false;
    }
    let tail = |bytes: &[u8], skip: usize| bytes.get(skip..).map(<[u8]>::to_vec);
    let replaced = rest_a.len() == rest_b.len() && tail(rest_a, 1) == tail(rest_b, 1);
    let swapped = rest_a.len() > 1
        && rest_b.len() > 1
        && rest_a[0] == rest_b[1]
        && rest_a[1] == rest_b[0]
        && tail(rest_a, 2) == tail(rest_b, 2);
    let added = tail(rest_a, 1).is_some_and(|tail| tail == rest_b);
    let missing = tail(rest_b, 1).is_some_and(|tail| tail == rest_a);
    replaced || swapped || added || missing
}

/// Whether a reference is a full commit hash.
fn is_hash(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}
