//! One requirement (PEP 508), as `requests[socks] >= 2, == 2.31 ; python_version > "3.8"`.

use std::ops::Range;

/// Why a requirement without `==` is left out.
pub(in crate::packages) const NOT_EXACT: &str = "no exact version";

/// What compares versions (PEP 440), the longer ones first.
const OPERATORS: &[&str] = &["===", "==", "~=", "!=", "<=", ">=", "<", ">"];

/// A requirement, in bytes of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::packages) struct Requirement {
    /// The name, without extras.
    pub(in crate::packages) name: Range<usize>,
    /// What is asked for.
    pub(in crate::packages) wanted: Wanted,
}

/// What a requirement asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::packages) enum Wanted {
    /// Versions: comparisons, joined by commas. Empty where any version will do.
    Versions(Range<usize>),
    /// What stands at a URL.
    Url(Range<usize>),
}

/// A text that is no list of comparisons with versions.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::packages) struct NoSpecifier;

/// Reads a requirement. Of one that does not begin with a name, or goes on with something else than PEP 508
/// knows, nothing is read.
pub(in crate::packages) fn parse(text: &str) -> Option<Requirement> {
    let start = text.len() - text.trim_start().len();
    let name = leading_name(&text[start..]);
    let mut rest = text[start + name.len()..].trim_start();
    if let Some(extras) = rest.strip_prefix('[') {
        rest = extras.split_once(']')?.1.trim_start();
    }
    let at = |part: &str| text.len() - rest.len()..text.len() - rest.len() + part.len();
    let wanted = if let Some(url) = rest.strip_prefix('@') {
        rest = url.trim_start();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        Wanted::Url(text.len() - rest.len()..text.len() - rest.len() + end)
    } else {
        let versions = rest.split(';').next().unwrap_or_default().trim_end();
        let inner = versions.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
        let all = at(versions);
        Wanted::Versions(if inner.is_some() { all.start + 1..all.end - 1 } else { all })
    };
    (!name.is_empty()).then(|| Requirement { name: start..start + name.len(), wanted })
}

/// The package's name at the start of a requirement; empty if there is none.
pub(in crate::packages) fn leading_name(requirement: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = requirement.find(|c| !is_part(c)).unwrap_or(requirement.len());
    let name = requirement[..end].trim_end_matches(['-', '_', '.']);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) { name } else { "" }
}

/// The bytes of the version that comparisons as `>= 1, == 1.2` fix, if they fix one.
pub(in crate::packages) fn exact_version(
    versions: &str,
) -> Result<Option<Range<usize>>, NoSpecifier> {
    let mut exact = None;
    let mut end = 0;
    for clause in versions.split(',') {
        let start = end;
        end += clause.len() + 1;
        if clause.trim().is_empty() {
            continue;
        }
        let comparison = clause.trim_start();
        let operator = OPERATORS.iter().find(|operator| comparison.starts_with(**operator));
        let version = comparison[operator.ok_or(NoSpecifier)?.len()..].trim_start();
        let version_start = start + clause.len() - version.len();
        let version = version.trim_end();
        if !is_version(version) {
            return Err(NoSpecifier);
        }
        if comparison.starts_with("==") && !version.ends_with('*') {
            exact.get_or_insert(version_start..version_start + version.len());
        }
    }
    Ok(exact)
}

/// Loosely: old packages have versions that PEP 440 does not know.
fn is_version(text: &str) -> bool {
    let is_part =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '!' | '*');
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<(&str, &str)> {
        let read = parse(text)?;
        let (Wanted::Versions(wanted) | Wanted::Url(wanted)) = read.wanted;
        Some((&text[read.name], &text[wanted]))
    }

    #[test]
    fn a_requirement_has_a_name_and_what_it_asks_for() {
        assert_eq!(
            parts(" ruamel.yaml [jinja2] >=0.15 ; os_name == 'nt'"),
            Some(("ruamel.yaml", ">=0.15"))
        );
        assert_eq!(parts("name"), Some(("name", "")));
        assert_eq!(parts("name (==1.0)"), Some(("name", "==1.0")));
        assert_eq!(parts("pip @ https://x/y;z ; a"), Some(("pip", "https://x/y;z")));
        assert_eq!(parts("-e ."), None);
        assert_eq!(parts("name[open"), None);
    }

    #[test]
    fn only_an_equality_without_wildcard_fixes_a_version() {
        let exact = |text: &'static str| exact_version(text).map(|at| at.map(|at| &text[at]));
        assert_eq!(exact(">= 1.0 , == 1.2+cu118"), Ok(Some("1.2+cu118")));
        assert_eq!(exact("===1.0"), Ok(Some("1.0")));
        assert_eq!(exact("==1.*"), Ok(None));
        assert_eq!(exact("~=1.0,!=1.5,"), Ok(None));
        assert_eq!(exact(""), Ok(None));
        assert_eq!(exact("==1.0 more"), Err(NoSpecifier));
        assert_eq!(exact("^1.0"), Err(NoSpecifier));
    }
}
