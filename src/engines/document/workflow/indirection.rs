//! How an expression in a script is written as a variable instead, where that can be done safely.

use std::ops::Range;

use super::{Place, Workflow, injection::Injection, scripts::Shell};
use crate::engines::document::{
    make::field,
    node::{Node, Value},
};

/// Words of scripts that hand a text on to another interpreter: a variable there is no repair.
const INTERPRETERS: [&str; 6] = [" -c ", "eval ", "ssh ", "xargs", "<<", "envsubst"];

/// Where in a shell's text something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Single,
    Double,
}

impl Workflow<'_> {
    /// The fields `variable`, `value`, `replacement` and `step` of an injection that can be repaired: the step gets a
    /// variable with the value, and the script the replacement.
    pub(super) fn indirection(
        &self,
        step: &Node,
        place: &Place<'_>,
        injection: &Injection<'_>,
    ) -> Option<Vec<(Node, Node)>> {
        let at = injection.at.clone();
        let run = step.get("run")?;
        let is_inside = run.at.start < at.start && at.end <= run.at.end;
        let is_plain_line = !injection.written.contains(['\n', '\r']);
        if injection.sink != "run" || !is_inside || !is_plain_line {
            return None;
        }
        if self.shell(step, place) != Shell::Posix || injection.path.starts_with("env.") {
            return None;
        }
        let replacement = replacement(self.text, run, &at, &variable(injection.path))?;
        let variable = variable(injection.path);
        let value = format!("${{{{ {} }}}}", injection.written.trim());
        if let Some(given) = step.get("env").and_then(|env| env.get(&variable)) {
            let is_same = given.as_text() == Some(&value);
            is_same.then_some(())?;
        }
        let text = |name: &str, value: &str| field(name, Node::text(value, at.clone()));
        Some(vec![
            text("variable", &variable),
            text("value", &value),
            text("replacement", &replacement),
            field("step", Node::new(Value::Null, step.at.clone())),
        ])
    }
}

/// What stands for an expression in a script of `sh`; nothing where quotes make that a guess.
fn replacement(file: &str, run: &Node, at: &Range<usize>, variable: &str) -> Option<String> {
    let source = file.get(run.at.clone())?;
    if source.starts_with(['"', '\'']) || INTERPRETERS.iter().any(|word| source.contains(word)) {
        return None;
    }
    let before = file.get(run.at.start..at.start)?;
    let line = before.rsplit('\n').next()?;
    if line.trim_start().starts_with("for ") || line.contains(" for ") {
        return None;
    }
    match quotes(before)? {
        Quotes::None => Some(format!("\"${{{variable}}}\"")),
        Quotes::Double => Some(format!("${{{variable}}}")),
        Quotes::Single => None,
    }
}

/// In which quotes a script stands after this text; nothing inside of a comment or of a substitution in quotes.
fn quotes(text: &str) -> Option<Quotes> {
    let mut state = Quotes::None;
    let mut opened = 0;
    let mut previous = ' ';
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (state, letter) {
            (Quotes::None | Quotes::Double, '\\') => {
                letters.next();
            }
            (Quotes::None, '\'') => state = Quotes::Single,
            (Quotes::Single, '\'') | (Quotes::Double, '"') => state = Quotes::None,
            (Quotes::None, '"') => {
                state = Quotes::Double;
                opened = at;
            }
            (Quotes::None, '#') if previous.is_whitespace() => {
                // A comment, which ends with its line: what stands in it is no shell.
                letters.find(|(_, letter)| *letter == '\n')?;
            }
            _ => {}
        }
        previous = letter;
    }
    let inside = text.get(opened..).unwrap_or_default();
    let is_nested = state == Quotes::Double && (inside.contains("$(") || inside.contains('`'));
    (!is_nested).then_some(state)
}

/// A name for the variable: the last two parts of the path that say something.
fn variable(path: &str) -> String {
    let parts: Vec<_> = path
        .split('.')
        .filter(|part| !matches!(*part, "*" | "github" | "event" | "outputs" | "inputs"))
        .collect();
    let last = parts.len().saturating_sub(2);
    let mut name = parts[last..].join("_").to_ascii_uppercase().replace('-', "_");
    let is_reserved = !name.contains('_') || name.starts_with(|first: char| first.is_ascii_digit());
    if is_reserved {
        name = format!("GIVEN_{name}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{Quotes, quotes, variable};

    #[test]
    fn names_say_what_they_hold_and_are_nobody_elses() {
        assert_eq!(variable("github.event.issue.title"), "ISSUE_TITLE");
        assert_eq!(variable("github.head_ref"), "HEAD_REF");
        assert_eq!(variable("inputs.path"), "GIVEN_PATH");
        assert_eq!(variable("steps.a-b.outputs.c"), "A_B_C");
    }

    #[test]
    fn quotes_are_followed_as_a_shell_does() {
        assert_eq!(quotes("echo "), Some(Quotes::None));
        assert_eq!(quotes("echo \"a 'b"), Some(Quotes::Double));
        assert_eq!(quotes("echo 'a \"b"), Some(Quotes::Single));
        assert_eq!(quotes("echo \\\"a"), Some(Quotes::None));
        assert_eq!(quotes("echo \"$(cat "), None);
        assert_eq!(quotes("a # it's "), None);
        assert_eq!(quotes("a # it's\nb "), Some(Quotes::None));
    }
}
