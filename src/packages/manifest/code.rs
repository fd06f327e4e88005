//! What manifests that are programs have in common: lines with quoted strings.

use std::ops::Range;

/// Groups, environments and the like that nobody ships.
const DEVELOPMENT: &[&str] =
    &["ci", "debug", "dev", "development", "doc", "docs", "documentation", "lint", "test", "tests"];

/// Whether everything of a list is for development; an empty list is not.
pub(super) fn is_development<'n>(names: impl IntoIterator<Item = &'n str>) -> bool {
    let mut names = names.into_iter().peekable();
    names.peek().is_some() && names.all(|name| DEVELOPMENT.contains(&name))
}

/// The words of a list as `[:test, :development]` or `only: [:dev]`.
pub(super) fn words(list: &str) -> impl Iterator<Item = &str> {
    let words = list.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| !word.is_empty())
}

/// The bytes between the quotation marks of a string that begins at this byte and ends in the same line.
pub(super) fn quoted(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let length = rest[1..].find([quote, '\n'])?;
    let end = at + 1 + length;
    text[end..].starts_with(quote).then_some(at + 1..end)
}

/// The byte of what follows the blanks and line ends at this byte.
pub(super) fn after_blanks(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start().len()
}

/// The lines of a text, each with the byte at which it begins without its indentation, and without its end.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at + line.len() - line.trim_start().len();
        at += line.len();
        (start.min(at), line.trim())
    })
}
