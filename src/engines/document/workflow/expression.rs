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
    /// A text, without its quotes.
    Literal(String),
    /// A number, true, false or null, in lower case.
    Constant(String),
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
        Some(Self::parse_with_indices(text)?.0)
    }

    /// Parses an expression, and gives those that stand between square brackets in it as well.
    pub(super) fn parse_with_indices(text: &str) -> Option<(Self, Vec<Self>)> {
        let mut parser = Parser { text, at: 0, depth: 0, operators: 0, indices: Vec::new() };
        let expression = parser.either()?;
        parser.space();
        (parser.at == text.len()).then_some((expression, parser.indices))
    }

    /// Whether it is the same in every run.
    pub(super) fn is_constant(&self) -> bool {
        match self {
            Self::Literal(_) | Self::Constant(_) => true,
            Self::Context(_) => false,
            Self::Call(name, arguments) => is_pure(name) && arguments.iter().all(Self::is_constant),
            Self::Not(part) => part.is_constant(),
            Self::Compare(_, a, b) | Self::And(a, b) | Self::Or(a, b) => {
                a.is_constant() && b.is_constant()
            }
        }
    }

    /// Whether it is a literal that counts as false.
    pub(super) fn is_falsy(&self) -> bool {
        match self {
            Self::Literal(text) => text.is_empty(),
            Self::Constant(word) => matches!(word.as_str(), "false" | "null" | "0" | "nan"),
            _ => false,
        }
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
            Self::Literal(_)
            | Self::Constant(_)
            | Self::Call(..)
            | Self::Not(_)
            | Self::Compare(..) => {}
        }
    }

    /// Shows the expression and all its parts.
    pub(super) fn walk(&self, see: &mut dyn FnMut(&Self)) {
        see(self);
        match self {
            Self::Literal(_) | Self::Constant(_) | Self::Context(_) => {}
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

    /// The text, number or word, if it is nothing but that.
    pub(super) fn literal(&self) -> Option<&str> {
        if let Self::Literal(text) | Self::Constant(text) = self { Some(text) } else { None }
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

/// Functions whose result depends on their arguments alone.
///
/// `fromJSON` of a literal is how a list is written, and is left out.
fn is_pure(name: &str) -> bool {
    matches!(name, "contains" | "startswith" | "endswith" | "format" | "join" | "tojson")
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    operators: usize,
    indices: Vec<Expression>,
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
            return if self.take(")") { self.parts_of(inner) } else { None };
        }
        let first = self.rest().chars().next()?;
        match first {
            '\'' => self.string().map(Expression::Literal),
            '0'..='9' | '+' | '-' | '.' => {
                Some(Expression::Constant(self.word(|c| c.is_alphanumeric() || "+-.".contains(c))))
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
            let call = Expression::Call(name, self.arguments()?);
            return self.parts_of(call);
        }
        if matches!(name.as_str(), "true" | "false" | "null" | "nan" | "infinity") {
            return Some(Expression::Constant(name));
        }
        self.parts_of(Expression::Context(vec![name]))
    }

    /// What hangs on an expression: `.name`, `.*`, `[index]`. A part of what a function gives is as
    /// foreign as the whole of it.
    fn parts_of(&mut self, whole: Expression) -> Option<Expression> {
        let mut parts = Vec::new();
        loop {
            if self.take(".") {
                self.space();
                let part = if self.take("*") { "*".to_owned() } else { self.word(is_name) };
                parts.push((!part.is_empty()).then(|| part.to_ascii_lowercase())?);
            } else if self.take("[") {
                parts.push(self.index()?);
            } else {
                break;
            }
        }
        Some(match whole {
            Expression::Context(mut path) => {
                path.append(&mut parts);
                Expression::Context(path)
            }
            whole => whole,
        })
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
        self.indices.push(index);
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
        assert_eq!(flows("fromJSON(github.head_ref)[0].a"), ["github.head_ref"]);
        assert_eq!(flows("(github.event).issue.title"), ["github.event.issue.title"]);
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
