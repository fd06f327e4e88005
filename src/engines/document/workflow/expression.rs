//! Expressions of GitHub workflows: `${{ .. }}` and conditions.
//!
//! Parsed by the grammar of GitHub's documentation, "Evaluate expressions in workflows and actions". What
//! matters here is which contexts reach the text that an expression becomes: a comparison becomes `true`
//! or `false`, whatever is compared.

use std::ops::Range;

/// Expressions inside each other.
const MAX_DEPTH: usize = 60;
/// Operators of one expression: more than the length that GitHub allows has room for.
const MAX_OPERATORS: usize = 2_000;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// A text, a number, true, false or null, as it is written without quotes.
    Literal(String),
    /// A path through a context, in lower case; `*` for filters and for computed indices.
    Context(Vec<String>),
    /// A function, in lower case, and its arguments.
    Call(String, Vec<Self>),
    /// `!a`.
    Not(Box<Self>),
    /// `a == b` and the like.
    Compare(&'static str, Box<Self>, Box<Self>),
    /// `a && b`.
    And(Box<Self>, Box<Self>),
    /// `a || b`.
    Or(Box<Self>, Box<Self>),
}

impl Expression {
    /// Parses what stands between `${{` and `}}`; nothing if it is no expression.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { text, at: 0, depth: 0, operators: 0 };
        let expression = parser.either()?;
        parser.space();
        (parser.at == text.len()).then_some(expression)
    }

    /// The contexts whose text reaches the result, as dotted paths.
    pub(super) fn flows(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect_flows(&mut paths);
        paths
    }

    fn collect_flows(&self, paths: &mut Vec<String>) {
        match self {
            Self::Context(parts) => paths.push(parts.join(".")),
            Self::Call(name, arguments) if !is_harmless(name) => {
                for argument in arguments {
                    argument.collect_flows(paths);
                }
            }
            Self::Or(a, b) => {
                a.collect_flows(paths);
                b.collect_flows(paths);
            }
            // What is false on the left of `&&` is empty, or not a text.
            Self::And(_, b) => b.collect_flows(paths),
            Self::Literal(_) | Self::Call(..) | Self::Not(_) | Self::Compare(..) => {}
        }
    }

    /// Shows the expression and all its parts.
    pub(super) fn walk(&self, see: &mut dyn FnMut(&Self)) {
        see(self);
        match self {
            Self::Literal(_) | Self::Context(_) => {}
            Self::Call(_, arguments) => {
                for part in arguments {
                    part.walk(see);
                }
            }
            Self::Not(part) => part.walk(see),
            Self::Compare(_, a, b) | Self::And(a, b) | Self::Or(a, b) => {
                a.walk(see);
                b.walk(see);
            }
        }
    }

    /// The path, if it is nothing but a context.
    pub(super) fn path(&self) -> Option<String> {
        if let Self::Context(parts) = self { Some(parts.join(".")) } else { None }
    }

    /// The text, if it is nothing but a literal.
    pub(super) fn literal(&self) -> Option<&str> {
        if let Self::Literal(text) = self { Some(text) } else { None }
    }
}

/// Functions whose result says nothing of its arguments' text.
fn is_harmless(name: &str) -> bool {
    matches!(
        name,
        "contains"
            | "startswith"
            | "endswith"
            | "hashfiles"
            | "success"
            | "failure"
            | "always"
            | "cancelled"
    )
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    operators: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// An operator, if it comes next; nothing at all if there were too many.
    fn operator(&mut self, token: &str) -> Option<bool> {
        let found = self.take(token);
        if found {
            self.count()?;
        }
        Some(found)
    }

    fn count(&mut self) -> Option<()> {
        self.operators += 1;
        (self.operators <= MAX_OPERATORS).then_some(())
    }

    fn either(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut left = self.both()?;
        while self.operator("||")? {
            left = Expression::Or(Box::new(left), Box::new(self.both()?));
        }
        self.depth -= 1;
        Some(left)
    }

    fn both(&mut self) -> Option<Expression> {
        let mut left = self.comparison()?;
        while self.operator("&&")? {
            left = Expression::And(Box::new(left), Box::new(self.comparison()?));
        }
        Some(left)
    }

    fn comparison(&mut self) -> Option<Expression> {
        let mut left = self.negation()?;
        while let Some(operator) =
            ["==", "!=", "<=", ">=", "<", ">"].into_iter().find(|operator| self.take(operator))
        {
            self.count()?;
            left = Expression::Compare(operator, Box::new(left), Box::new(self.negation()?));
        }
        Some(left)
    }

    fn negation(&mut self) -> Option<Expression> {
        let mut count = 0_usize;
        self.space();
        while !self.rest().starts_with("!=") && self.take("!") {
            count += 1;
            self.space();
        }
        let inner = self.primary()?;
        Some(if count == 0 { inner } else { Expression::Not(Box::new(inner)) })
    }

    fn primary(&mut self) -> Option<Expression> {
        self.space();
        if self.take("(") {
            let inner = self.either()?;
            return self.take(")").then_some(inner);
        }
        let first = self.rest().chars().next()?;
        match first {
            '\'' => self.string().map(Expression::Literal),
            '0'..='9' | '+' | '-' | '.' => {
                Some(Expression::Literal(self.word(|c| c.is_alphanumeric() || "+-.".contains(c))))
            }
            _ => self.named(),
        }
    }

    fn word(&mut self, is_part: impl Fn(char) -> bool) -> String {
        let rest = self.rest();
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let word = rest[..length].to_owned();
        self.at += length;
        word
    }

    fn string(&mut self) -> Option<String> {
        let mut text = String::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let end = rest.find('\'')?;
            text.push_str(&rest[..end]);
            let is_escaped = rest[end + 1..].starts_with('\'');
            self.at += end + if is_escaped { 2 } else { 1 };
            if !is_escaped {
                return Some(text);
            }
            text.push('\'');
        }
    }

    /// A word: a literal, a function or a context with all that hangs on it.
    fn named(&mut self) -> Option<Expression> {
        let name = self.word(is_name).to_ascii_lowercase();
        if name.is_empty() {
            return None;
        }
        if self.take("(") {
            return Some(Expression::Call(name, self.arguments()?));
        }
        if matches!(name.as_str(), "true" | "false" | "null" | "nan" | "infinity") {
            return Some(Expression::Literal(name));
        }
        let mut parts = vec![name];
        loop {
            if self.take(".") {
                self.space();
                let part = if self.take("*") { "*".to_owned() } else { self.word(is_name) };
                parts.push((!part.is_empty()).then(|| part.to_ascii_lowercase())?);
            } else if self.take("[") {
                parts.push(self.index()?);
            } else {
                return Some(Expression::Context(parts));
            }
        }
    }

    fn index(&mut self) -> Option<String> {
        if self.take("*") {
            return self.take("]").then(|| "*".to_owned());
        }
        let index = self.either()?;
        let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let part = match index.literal() {
            Some(text) if !is_number(text) => text.to_ascii_lowercase(),
            _ => "*".to_owned(),
        };
        self.take("]").then_some(part)
    }

    fn arguments(&mut self) -> Option<Vec<Expression>> {
        let mut arguments = Vec::new();
        if self.take(")") {
            return Some(arguments);
        }
        loop {
            arguments.push(self.either()?);
            if self.take(")") {
                return Some(arguments);
            }
            if !self.take(",") {
                return None;
            }
        }
    }
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}

/// The bytes of each `${{ .. }}` of a text, with its braces.
pub(super) fn spans(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find("${{") {
        let start = at + offset;
        let Some(length) = end(&text[start + 3..]) else { break };
        at = start + 3 + length;
        spans.push(start..at);
    }
    spans
}

/// How long it is to the end of the closing braces, which may not stand in quotes.
fn end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut is_quoted = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\'' => is_quoted = !is_quoted,
            b'}' if !is_quoted && bytes.get(at + 1) == Some(&b'}') => return Some(at + 2),
            _ => {}
        }
    }
    // A quote that is never closed: what a person would take for the end.
    text.find("}}").map(|at| at + 2)
}

/// What stands between the braces.
pub(super) fn inner(written: &str) -> &str {
    written.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(written).trim()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn flows(text: &str) -> Vec<String> {
        Expression::parse(text).expect("an expression").flows()
    }

    #[test]
    fn what_is_compared_does_not_flow() {
        assert_eq!(flows("github.event.issue.title == 'x' && 'a' || 'b'"), Vec::<String>::new());
        assert_eq!(flows("!contains(github.head_ref, 'x')"), Vec::<String>::new());
        assert_eq!(
            flows("github.head_ref || github.ref_name"),
            ["github.head_ref", "github.ref_name"]
        );
        assert_eq!(flows("env.A && env.B"), ["env.b"]);
    }

    #[test]
    fn paths_are_one_spelling() {
        assert_eq!(flows("GitHub['event'].commits[0].Message"), ["github.event.commits.*.message"]);
        assert_eq!(
            flows("github.event.commits.*.author.name"),
            ["github.event.commits.*.author.name"]
        );
        assert_eq!(flows("format('{0} it''s', toJSON(github.event))"), ["github.event"]);
        assert_eq!(flows("matrix[github.job]"), ["matrix.*"]);
    }

    #[test]
    fn quotes_hide_braces() {
        let text = "a ${{ format('}}', x) }} b ${{ y }}";
        let found: Vec<_> = spans(text).into_iter().map(|span| inner(&text[span])).collect();
        assert_eq!(found, ["format('}}', x)", "y"]);
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in ["", "a b", "a ==", "f(a", "'x", "a..b", "\"x\""] {
            assert_eq!(Expression::parse(text), None, "{text}");
        }
        assert_eq!(Expression::parse(&"(".repeat(10_000)), None);
        assert_eq!(Expression::parse(&vec!["a"; 100_000].join("||")), None);
        assert_eq!(
            Expression::parse(&format!("{}a", "!".repeat(10_000))).map(|e| e.flows().len()),
            Some(0)
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-c.*'()\\[\\]!=<>&|{}$ 0-9,é-]{0,60}") {
            let _ = Expression::parse(&text);
            for span in spans(&text) {
                prop_assert!(text.get(span).is_some());
            }
        }
    }
}
