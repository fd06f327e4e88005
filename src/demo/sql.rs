//! A tiny SQL: enough of `SELECT … WHERE` to be injected into, over rows in memory.
//!
//! Statements are text, as they are for a database: whoever pastes input into the text lets it
//! change the condition, and whoever binds it as a parameter (`?1`) does not. Comparison follows
//! `SQLite`: numbers sort before texts, `LIKE` ignores case, `--` begins a comment.

mod parse;

use std::cmp::Ordering;

/// A value in a row, a literal, or a parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

/// Why a statement can not be run; the text is what the database would say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SqlError {
    /// The statement does not follow the grammar.
    #[error("SQLITE_ERROR: near \"{0}\": syntax error")]
    Syntax(String),
    /// The statement stops where it should go on.
    #[error("SQLITE_ERROR: incomplete input")]
    Incomplete,
    /// A piece of the statement is no token, such as a text without its closing quote.
    #[error("SQLITE_ERROR: unrecognized token: \"{0}\"")]
    Token(String),
    /// The statement names a column that the table lacks.
    #[error("SQLITE_ERROR: no such column: {0}")]
    Column(String),
    /// The statement names a parameter that is not bound.
    #[error("SQLITE_RANGE: bind or column index out of range: ?{0}")]
    Parameter(usize),
}

/// The condition of a statement.
#[derive(Debug)]
enum Condition {
    Or(Box<Self>, Box<Self>),
    And(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Compare(Operand, Comparison, Operand),
    Like(Operand, Operand),
    Bare(Operand),
}

#[derive(Debug)]
enum Operand {
    Literal(Value),
    Column(String),
    Parameter(usize),
    Joined(Vec<Self>),
}

#[derive(Debug, Clone, Copy)]
enum Comparison {
    Equal,
    Different,
    Less,
    Greater,
}

/// The rows for which a statement's condition holds.
///
/// `column` reads a column of a row; `parameters` are the values of `?1`, `?2` and so on.
pub(super) fn select<'r, R>(
    statement: &str,
    parameters: &[Value],
    rows: &'r [R],
    column: impl Fn(&R, &str) -> Option<Value>,
) -> Result<Vec<&'r R>, SqlError> {
    let condition = parse::statement(statement)?;
    let mut selected = Vec::new();
    for row in rows {
        let read = |name: &str| column(row, name);
        if condition.holds(&Scope { column: &read, parameters })? {
            selected.push(row);
        }
    }
    Ok(selected)
}

/// What the names in a condition stand for, for one row.
struct Scope<'a> {
    column: &'a dyn Fn(&str) -> Option<Value>,
    parameters: &'a [Value],
}

impl Condition {
    // No short circuit: an unknown column is an error whatever stands beside it, as in a database.
    fn holds(&self, scope: &Scope<'_>) -> Result<bool, SqlError> {
        Ok(match self {
            Self::Or(left, right) => left.holds(scope)? | right.holds(scope)?,
            Self::And(left, right) => left.holds(scope)? & right.holds(scope)?,
            Self::Not(inner) => !inner.holds(scope)?,
            Self::Compare(left, comparison, right) => {
                comparison.holds(left.value(scope)?.cmp(&right.value(scope)?))
            }
            Self::Like(text, pattern) => {
                let (text, pattern) = (text.value(scope)?.text(), pattern.value(scope)?.text());
                is_like(&characters(&text), &characters(&pattern))
            }
            Self::Bare(operand) => operand.value(scope)?.is_true(),
        })
    }
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Different => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::Greater => ordering.is_gt(),
        }
    }
}

impl Operand {
    fn value(&self, scope: &Scope<'_>) -> Result<Value, SqlError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Column(name) => {
                (scope.column)(name).ok_or_else(|| SqlError::Column(name.clone()))
            }
            Self::Parameter(number) => {
                let index = number.checked_sub(1);
                let bound = index.and_then(|index| scope.parameters.get(index));
                bound.cloned().ok_or(SqlError::Parameter(*number))
            }
            Self::Joined(parts) => {
                let texts: Result<Vec<String>, SqlError> =
                    parts.iter().map(|part| Ok(part.value(scope)?.text())).collect();
                Ok(Value::Text(texts?.concat()))
            }
        }
    }
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    fn is_true(&self) -> bool {
        match self {
            Self::Number(number) => *number != 0,
            Self::Text(text) => text.trim().parse::<i64>().is_ok_and(|number| number != 0),
        }
    }
}

fn characters(text: &str) -> Vec<char> {
    text.to_lowercase().chars().collect()
}

/// Matches `%` (any text) and `_` (one character), going back only to the last `%`.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    let (mut at, mut next) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(next) {
            Some('%') => {
                retry = Some((at, next + 1));
                next += 1;
            }
            Some(&wanted) if wanted == '_' || wanted == text[at] => {
                at += 1;
                next += 1;
            }
            _ => {
                let Some((from, after)) = retry else { return false };
                retry = Some((from + 1, after));
                (at, next) = (from + 1, after);
            }
        }
    }
    pattern[next..].iter().all(|&rest| rest == '%')
}

#[cfg(test)]
mod tests {
    use super::{SqlError, Value, select};

    const ROWS: [(&str, i64); 3] = [("Anchor", 1), ("Bell", 2), ("Buoy", 3)];

    fn names(condition: &str, parameters: &[Value]) -> Result<Vec<&'static str>, SqlError> {
        let statement = format!("SELECT * FROM goods WHERE {condition}");
        let rows = select(&statement, parameters, &ROWS, |row, column| match column {
            "name" => Some(Value::Text(row.0.to_owned())),
            "id" => Some(Value::Number(row.1)),
            _ => None,
        })?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    #[test]
    fn a_condition_selects_the_rows_for_which_it_holds() {
        assert_eq!(names("id > 1 AND NOT name = 'Buoy'", &[]), Ok(vec!["Bell"]));
    }

    #[test]
    fn and_binds_closer_than_or() {
        assert_eq!(names("id = 1 OR id = 2 AND id = 3", &[]), Ok(vec!["Anchor"]));
    }

    #[test]
    fn parentheses_bind_closest() {
        assert_eq!(names("(id = 1 OR id = 3) AND id <> 1", &[]), Ok(vec!["Buoy"]));
    }

    #[test]
    fn like_ignores_case_and_goes_back() {
        assert_eq!(names("name LIKE '%l'", &[]), Ok(vec!["Bell"]));
        assert_eq!(names("name LIKE 'b_o%'", &[]), Ok(vec!["Buoy"]));
    }

    #[test]
    fn a_comment_hides_the_rest() {
        assert_eq!(names("id = 1 -- AND id = 2", &[]), Ok(vec!["Anchor"]));
    }

    #[test]
    fn a_parameter_is_a_value_whatever_it_says() {
        let hostile = Value::Text("' OR '1'='1".to_owned());
        assert_eq!(names("name LIKE '%' || ?1 || '%'", &[hostile]), Ok(vec![]));
    }

    #[test]
    fn a_text_and_a_number_are_never_equal() {
        assert_eq!(names("'1' = 1", &[]), Ok(vec![]));
    }

    #[test]
    fn a_doubled_quote_stays_inside_its_text() {
        assert_eq!(names("name = 'An''chor'", &[]), Ok(vec![]));
    }

    #[test]
    fn nonsense_is_named() {
        let error = names("id = 1 XND id = 1", &[]).unwrap_err();
        assert_eq!(error.to_string(), "SQLITE_ERROR: near \"XND\": syntax error");
    }

    #[test]
    fn a_text_without_end_is_named() {
        assert_eq!(names("name = 'x", &[]), Err(SqlError::Token("'x".to_owned())));
    }

    #[test]
    fn a_statement_that_stops_early_is_incomplete() {
        assert_eq!(names("id =", &[]), Err(SqlError::Incomplete));
    }

    #[test]
    fn an_unknown_column_is_an_error_even_beside_a_truth() {
        let error = names("1 = 1 OR depth = 2", &[]);
        assert_eq!(error, Err(SqlError::Column("depth".to_owned())));
    }
}
