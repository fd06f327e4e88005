//! Makes characters visible that hide, move or command: controls, escapes, bidirectional overrides,
//! zero-width characters, and the `##[` that a workflow's log takes for a command.

use std::borrow::Cow;

/// How wide a tab is shown.
const TAB: &str = "    ";

/// Whether a character is not seen as what it is, or does something other than to be seen.
pub(super) const fn is_hidden(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // FE0F stays: it asks for the coloured form of an emoji.
        | '\u{3164}' | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text on one line, hidden characters written as `\u{..}`.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_hidden) || text.contains("##[") {
        Cow::Owned(line_with_marks(text, &[]).0)
    } else {
        Cow::Borrowed(text)
    }
}

/// The same for a text of several lines, without their ends. None of them begins a command.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let end = |at: &str| at.strip_suffix('\r').map_or(at.len(), str::len);
    text.split('\n').map(move |text| without_command(line(&text[..end(text)])))
}

/// A build log takes a line that begins with `::` for a command: its first colon is written out.
pub(super) fn without_command(line: Cow<'_, str>) -> Cow<'_, str> {
    let rest = line.trim_start();
    if rest.starts_with("::") {
        let blank = &line[..line.len() - rest.len()];
        Cow::Owned(format!("{blank}\\u{{3a}}{}", &rest[1..]))
    } else {
        line
    }
}

/// [`line`], and where each byte offset of `marks` (ascending) has moved to.
///
/// A mark within a character moves to the next one, a mark behind the end to the end.
pub(super) fn line_with_marks(text: &str, marks: &[usize]) -> (String, Vec<usize>) {
    let mut shown = String::with_capacity(text.len() + 16);
    let mut moved = Vec::with_capacity(marks.len());
    for (at, character) in text.char_indices() {
        while marks.get(moved.len()).is_some_and(|mark| *mark <= at) {
            moved.push(shown.len());
        }
        push(&mut shown, character);
    }
    moved.resize(marks.len(), shown.len());
    (shown, moved)
}

fn push(shown: &mut String, character: char) {
    match character {
        '\t' => shown.push_str(TAB),
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '[' if shown.ends_with("##") => shown.push_str("\\u{5b}"),
        _ if is_hidden(character) => shown.extend(character.escape_unicode()),
        _ => shown.push(character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_written_out() {
        assert_eq!(line("a\u{1b}[2J\u{202e}b\u{200b}"), "a\\u{1b}[2J\\u{202e}b\\u{200b}");
        assert_eq!(line("##[error]x"), "##\\u{5b}error]x");
        assert_eq!(line("plain 😀 ❤\u{fe0f}"), "plain 😀 ❤\u{fe0f}");
    }

    #[test]
    fn marks_move_with_the_text() {
        let (shown, moved) = line_with_marks("\tx\u{1b}y", &[1, 2, 99]);
        assert_eq!(shown, "    x\\u{1b}y");
        assert_eq!(moved, [4, 5, 12]);
    }

    #[test]
    fn lines_lose_both_kinds_of_ends() {
        let shown: Vec<_> = lines("a\r\nb\n\rc\n ::error::").collect();
        assert_eq!(shown, ["a", "b", "\\rc", " \\u{3a}:error::"]);
    }
}
