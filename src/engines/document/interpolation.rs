//! Variables in values of compose and env files, as far as the files say what they are.
//!
//! `${X:-default}` and `${X-default}` become the default, `$$` becomes `$`. A variable without default is
//! left as it stands: what it is, somebody else says. [Interpolation] of the Compose specification.
//!
//! [Interpolation]: https://docs.docker.com/reference/compose-file/interpolation/

use std::borrow::Cow;

/// Defaults inside each other.
const MAX_DEPTH: usize = 8;

/// The value with all defaults put in.
pub fn interpolate(text: &str) -> Cow<'_, str> {
    interpolate_with(text, &|_| None)
}

/// The value with all variables that are known, and the defaults of all others, put in: `${X:+r}` and `$X`, too,
/// where `X` is known.
pub fn interpolate_with<'t>(text: &'t str, known: &dyn Fn(&str) -> Option<String>) -> Cow<'t, str> {
    resolve(text, &Scope { known, keeps_others: false })
}

/// The value with those variables put in that are known; all others stay as they are written, to be interpolated
/// later.
pub fn fill<'t>(text: &'t str, known: &dyn Fn(&str) -> Option<String>) -> Cow<'t, str> {
    resolve(text, &Scope { known, keeps_others: true })
}

/// What is known while a text is interpolated.
struct Scope<'k> {
    known: &'k dyn Fn(&str) -> Option<String>,
    /// Whether what is not known is left for later, with its default and with escapes.
    keeps_others: bool,
}

impl Scope<'_> {
    /// A known value, as it is to stand in the result.
    fn shown(&self, value: String) -> String {
        if self.keeps_others { value.replace('$', "$$") } else { value }
    }
}

fn resolve<'t>(text: &'t str, scope: &Scope<'_>) -> Cow<'t, str> {
    if text.contains('$') { Cow::Owned(expand(text, 0, scope)) } else { Cow::Borrowed(text) }
}

fn expand(text: &str, depth: usize, scope: &Scope<'_>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        expanded.push_str(&rest[..dollar]);
        rest = &rest[dollar..];
        let (value, length) = variable(rest, depth, scope);
        expanded.push_str(&value);
        rest = &rest[length..];
    }
    expanded.push_str(rest);
    expanded
}

/// What stands for the variable at the start of the text, and how long the variable is.
fn variable(text: &str, depth: usize, scope: &Scope<'_>) -> (String, usize) {
    if text.starts_with("$$") {
        return (if scope.keeps_others { "$$" } else { "$" }.to_owned(), 2);
    }
    let Some(end) = text.starts_with("${").then(|| closing(text)).flatten() else {
        let name = name_at(&text[1..]);
        return match (scope.known)(name).filter(|_| !name.is_empty()) {
            Some(value) => (scope.shown(value), 1 + name.len()),
            None => ("$".to_owned(), 1),
        };
    };
    let whole = &text[..=end];
    let name = name_at(&text[2..end]);
    let operator = &text[2 + name.len()..end];
    let value = if name.is_empty() || depth >= MAX_DEPTH {
        whole.to_owned()
    } else {
        braced(whole, operator, (scope.known)(name), depth, scope)
    };
    (value, whole.len())
}

fn name_at(text: &str) -> &str {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    &text[..text.bytes().take_while(is_part).count()]
}

/// The value of `${X}` with its operator, if it has one.
fn braced(
    whole: &str,
    operator: &str,
    value: Option<String>,
    depth: usize,
    scope: &Scope<'_>,
) -> String {
    let default = operator.strip_prefix(":-").or_else(|| operator.strip_prefix('-'));
    let Some(value) = value else {
        return match default {
            Some(default) if !scope.keeps_others => expand(default, depth + 1, scope),
            _ => whole.to_owned(),
        };
    };
    let counts = !(operator.starts_with(':') && value.is_empty());
    let replacement = operator.strip_prefix(":+").or_else(|| operator.strip_prefix('+'));
    match (replacement, default) {
        (Some(replacement), _) if counts => expand(replacement, depth + 1, scope),
        (Some(_), _) => String::new(),
        (None, Some(default)) if !counts => expand(default, depth + 1, scope),
        _ => scope.shown(value),
    }
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

    use super::{fill, interpolate, interpolate_with};

    #[test]
    fn only_defaults_and_escapes_are_resolved() {
        assert_eq!(
            interpolate("${A:-${B-x}}:${C}-$D-$$E-${F:?no}-${G:+y}"),
            "x:${C}-$D-$E-${F:?no}-${G:+y}"
        );
        assert_eq!(interpolate("${A:-}"), "");
        assert_eq!(interpolate("cost 5$ ${"), "cost 5$ ${");
    }

    #[test]
    fn known_variables_are_put_in_by_their_operators() {
        let known = |name: &str| match name {
            "A" => Some("a".to_owned()),
            "E" => Some(String::new()),
            "D" => Some("x$y".to_owned()),
            _ => None,
        };
        let all = |text| interpolate_with(text, &known).into_owned();
        assert_eq!(all("$A-${A}-${A:-d}-${A-d}-${A:?no}-$B"), "a-a-a-a-a-$B");
        assert_eq!(
            all("${E:-d}|${E-d}|${E:+r}|${E+r}|${A:+r}|${B:+r}"),
            "d||".to_owned() + "|r|r|${B:+r}"
        );
        assert_eq!(all("${B:-${A}}-${B:-${C:-c}}"), "a-c");
        assert_eq!(fill("$A ${B:-x} $$ ${D}", &known), "a ${B:-x} $$ x$$y");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[${}:\\-?aé]{0,60}") {
            let _ = interpolate(&text);
            let _ = fill(&text, &|name| Some(name.to_owned()));
        }
    }
}
