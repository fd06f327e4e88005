//! Variables in values of compose and env files, as far as a file alone says what they are.
//!
//! `${X:-default}` and `${X-default}` become the default, `$$` becomes `$`. A variable without default is
//! left as it stands: what it is, somebody else says.

use std::borrow::Cow;

/// Defaults inside each other.
const MAX_DEPTH: usize = 8;

/// The value with all defaults put in.
pub fn interpolate(text: &str) -> Cow<'_, str> {
    if text.contains('$') { Cow::Owned(expand(text, 0)) } else { Cow::Borrowed(text) }
}

fn expand(text: &str, depth: usize) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        expanded.push_str(&rest[..dollar]);
        rest = &rest[dollar..];
        let (value, length) = variable(rest, depth);
        expanded.push_str(&value);
        rest = &rest[length..];
    }
    expanded.push_str(rest);
    expanded
}

/// What stands for the variable at the start of the text, and how long the variable is.
fn variable(text: &str, depth: usize) -> (String, usize) {
    if text.starts_with("$$") {
        return ("$".to_owned(), 2);
    }
    let Some(end) = text.starts_with("${").then(|| closing(text)).flatten() else {
        return ("$".to_owned(), 1);
    };
    let whole = &text[..=end];
    let inner = &text[2..end];
    let name =
        inner.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let operator = &inner[name..];
    let default = operator.strip_prefix(":-").or_else(|| operator.strip_prefix('-'));
    let value = match default {
        Some(default) if name > 0 && depth < MAX_DEPTH => expand(default, depth + 1),
        _ => whole.to_owned(),
    };
    (value, whole.len())
}

/// The brace that closes the one at the start.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at),
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::interpolate;

    #[test]
    fn only_defaults_and_escapes_are_resolved() {
        assert_eq!(
            interpolate("${A:-${B-x}}:${C}-$D-$$E-${F:?no}-${G:+y}"),
            "x:${C}-$D-$E-${F:?no}-${G:+y}"
        );
        assert_eq!(interpolate("${A:-}"), "");
        assert_eq!(interpolate("cost 5$ ${"), "cost 5$ ${");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[${}:\\-?aé]{0,60}") {
            let _ = interpolate(&text);
        }
    }
}
