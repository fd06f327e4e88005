//! Where a block of Lua ends: braces in strings and comments do not count.

/// The byte after the `}` that closes the code which begins at `from`.
pub(super) fn end_of_block(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    let mut depth = 1usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' | b'\'' => at = end_of_string(bytes, at)?,
            b'[' => at = end_of_long(text, at)?.unwrap_or(at),
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                let long = bytes.get(at + 2) == Some(&b'[');
                let long = if long { end_of_long(text, at + 2)? } else { None };
                let rest = text.get(at..).unwrap_or_default();
                at = long.unwrap_or_else(|| at + rest.find('\n').unwrap_or(rest.len()));
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The quote that closes a string.
fn end_of_string(bytes: &[u8], open: usize) -> Option<usize> {
    let quote = bytes.get(open)?;
    let mut at = open + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            _ if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The last byte of a long string or comment that begins at a `[`: `[[ ... ]]`, `[==[ ... ]==]`. `None`
/// inside if none begins there, `None` outside if it does not end.
#[expect(clippy::option_option, reason = "two different absences, one of which ends the search")]
fn end_of_long(text: &str, open: usize) -> Option<Option<usize>> {
    let rest = text.get(open + 1..)?;
    let level = rest.bytes().take_while(|byte| *byte == b'=').count();
    if rest.as_bytes().get(level) != Some(&b'[') {
        return Some(None);
    }
    let close = format!("]{}]", "=".repeat(level));
    let end = rest.find(&close)?;
    Some(Some(open + 1 + end + close.len() - 1))
}
