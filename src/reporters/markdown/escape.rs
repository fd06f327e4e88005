//! Foreign text in GitHub's Markdown: nothing of it becomes markup, a link, a mention or a reference.

use std::fmt::Write;

use crate::reporters::{visible, words};

/// Longest foreign text in a sentence or a cell, in characters.
const LONGEST: usize = 500;
/// A zero-width space, by which GitHub no longer sees a mention or a reference.
const BREAK: &str = "&#8203;";

/// Text within a line or a table's cell.
pub(super) fn text(text: &str) -> String {
    let text = cut(&visible::line(text), LONGEST);
    let mut escaped = String::with_capacity(text.len() + 16);
    for (at, character) in text.char_indices() {
        push(&mut escaped, character, &text[at..]);
    }
    escaped
}

/// The same in the type of code.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", self::text(text))
}

/// Text in which pairs of backticks mark code, as in rules.
pub(super) fn prose(text: &str) -> String {
    words::prose(text)
        .map(|(part, is_code)| if is_code { code(part) } else { self::text(part) })
        .collect()
}

fn push(escaped: &mut String, character: char, rest: &str) {
    match character {
        '&' => escaped.push_str("&amp;"),
        '<' => escaped.push_str("&lt;"),
        '>' => escaped.push_str("&gt;"),
        '@' => escaped.extend(["@", BREAK]),
        '#' => escaped.extend(["&#35;", BREAK]),
        '|' | '`' | '*' | '_' | '[' | ']' | '~' | '\\' | '$' | '!' => number(escaped, character),
        ':' if rest.starts_with("://") || rest.starts_with("::") => number(escaped, character),
        '.' if escaped.to_ascii_lowercase().ends_with("www") => number(escaped, character),
        '-' if escaped.to_ascii_uppercase().ends_with("GH") => escaped.extend(["-", BREAK]),
        _ => escaped.push(character),
    }
}

fn number(escaped: &mut String, character: char) {
    let _ = write!(escaped, "&#{};", u32::from(character));
}

/// Lines of code between fences that no line of them can close.
pub(super) fn fenced(lines: &[String]) -> String {
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", lines.join("\n"))
}

fn longest_run(line: &str) -> usize {
    line.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

/// At most `most` characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_foreign_text_is_markup() {
        let escaped = text("a|b <b> @all #12 [x](https://evil.example) `c` www.evil.example");
        assert_eq!(
            escaped,
            "a&#124;b &lt;b&gt; @&#8203;all &#35;&#8203;12 &#91;x&#93;(https&#58;//evil.example) \
             &#96;c&#96; www&#46;evil.example"
        );
    }

    #[test]
    fn a_fence_is_longer_than_any_within() {
        let text = fenced(&["````".to_owned()]);
        assert!(text.starts_with("`````text\n") && text.ends_with("\n`````\n"));
    }
}
