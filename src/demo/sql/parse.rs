//! From the text of a statement to its condition: a tokeniser and a parser by recursive descent.

use std::{iter::Peekable, str::Chars, vec};

use super::{Comparison, Condition, Operand, SqlError, Value};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Number(i64),
    Parameter(usize),
    Symbol(&'static str),
}

/// Reads `SELECT * FROM <table> WHERE <condition>`.
pub(super) fn statement(text: &str) -> Result<Condition, SqlError> {
    let mut parser = Parser { tokens: tokenise(text)?.into_iter().peekable() };
    parser.keyword("SELECT")?;
    parser.symbol("*")?;
    parser.keyword("FROM")?;
    parser.operand()?;
    parser.keyword("WHERE")?;
    let condition = parser.either()?;
    match parser.tokens.next() {
        None => Ok(condition),
        Some(token) => Err(unexpected(&token)),
    }
}

struct Parser {
    tokens: Peekable<vec::IntoIter<Token>>,
}

impl Parser {
    fn either(&mut self) -> Result<Condition, SqlError> {
        let mut left = self.both()?;
        while self.take_keyword("OR") {
            left = Condition::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Condition, SqlError> {
        let mut left = self.single()?;
        while self.take_keyword("AND") {
            left = Condition::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Condition, SqlError> {
        if self.take_keyword("NOT") {
            return Ok(Condition::Not(Box::new(self.single()?)));
        }
        if self.take_symbol("(") {
            let inner = self.either()?;
            self.symbol(")")?;
            return Ok(inner);
        }
        let left = self.operand()?;
        self.comparison(left)
    }

    fn comparison(&mut self, left: Operand) -> Result<Condition, SqlError> {
        if self.take_keyword("LIKE") {
            return Ok(Condition::Like(left, self.operand()?));
        }
        let comparison = match self.tokens.peek() {
            Some(Token::Symbol("=")) => Comparison::Equal,
            Some(Token::Symbol("<>")) => Comparison::Different,
            Some(Token::Symbol("<")) => Comparison::Less,
            Some(Token::Symbol(">")) => Comparison::Greater,
            _ => return Ok(Condition::Bare(left)),
        };
        self.tokens.next();
        Ok(Condition::Compare(left, comparison, self.operand()?))
    }

    fn operand(&mut self) -> Result<Operand, SqlError> {
        let first = self.part()?;
        if self.tokens.peek() != Some(&Token::Symbol("||")) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_symbol("||") {
            parts.push(self.part()?);
        }
        Ok(Operand::Joined(parts))
    }

    fn part(&mut self) -> Result<Operand, SqlError> {
        match self.tokens.next().ok_or(SqlError::Incomplete)? {
            Token::Text(text) => Ok(Operand::Literal(Value::Text(text))),
            Token::Number(number) => Ok(Operand::Literal(Value::Number(number))),
            Token::Parameter(number) => Ok(Operand::Parameter(number)),
            Token::Word(word) if !is_keyword(&word) => Ok(Operand::Column(word)),
            token => Err(unexpected(&token)),
        }
    }

    fn keyword(&mut self, wanted: &str) -> Result<(), SqlError> {
        if self.take_keyword(wanted) { Ok(()) } else { Err(self.refuse()) }
    }

    fn symbol(&mut self, wanted: &'static str) -> Result<(), SqlError> {
        if self.take_symbol(wanted) { Ok(()) } else { Err(self.refuse()) }
    }

    fn refuse(&mut self) -> SqlError {
        self.tokens.next().map_or(SqlError::Incomplete, |token| unexpected(&token))
    }

    fn take_keyword(&mut self, wanted: &str) -> bool {
        let is_wanted =
            |token: &Token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(wanted));
        self.tokens.next_if(is_wanted).is_some()
    }

    fn take_symbol(&mut self, wanted: &'static str) -> bool {
        self.tokens.next_if_eq(&Token::Symbol(wanted)).is_some()
    }
}

fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 8] = ["SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "LIKE", "UNION"];
    KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

fn unexpected(token: &Token) -> SqlError {
    SqlError::Syntax(match token {
        Token::Word(word) => word.clone(),
        Token::Text(text) => format!("'{text}'"),
        Token::Number(number) => number.to_string(),
        Token::Parameter(number) => format!("?{number}"),
        Token::Symbol(symbol) => (*symbol).to_owned(),
    })
}

fn tokenise(text: &str) -> Result<Vec<Token>, SqlError> {
    let mut characters = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(&first) = characters.peek() {
        match first {
            _ if first.is_whitespace() => {
                characters.next();
            }
            '\'' => tokens.push(quoted(&mut characters)?),
            '0'..='9' => tokens.push(Token::Number(number(&mut characters)?)),
            _ if first.is_alphabetic() || first == '_' => {
                let word = take_while(&mut characters, |c| c.is_alphanumeric() || c == '_');
                tokens.push(Token::Word(word));
            }
            _ => tokens.extend(symbol(&mut characters)?),
        }
    }
    Ok(tokens)
}

fn take_while(characters: &mut Peekable<Chars<'_>>, wanted: impl Fn(char) -> bool) -> String {
    std::iter::from_fn(|| characters.next_if(|&character| wanted(character))).collect()
}

fn number<N: std::str::FromStr>(characters: &mut Peekable<Chars<'_>>) -> Result<N, SqlError> {
    let digits = take_while(characters, |character| character.is_ascii_digit());
    digits.parse().map_err(|_| SqlError::Token(digits))
}

fn quoted(characters: &mut Peekable<Chars<'_>>) -> Result<Token, SqlError> {
    characters.next();
    let mut text = String::new();
    while let Some(character) = characters.next() {
        if character == '\'' && characters.next_if_eq(&'\'').is_none() {
            return Ok(Token::Text(text));
        }
        text.push(character);
    }
    Err(SqlError::Token(format!("'{text}")))
}

/// A symbol or a parameter; nothing for a comment, which is skipped to the end of its line.
fn symbol(characters: &mut Peekable<Chars<'_>>) -> Result<Option<Token>, SqlError> {
    const SINGLE: [&str; 6] = ["=", "<", ">", "(", ")", "*"];
    let first = characters.next().unwrap_or_default();
    let second = characters.peek().copied().unwrap_or_default();
    let double = match (first, second) {
        ('-', '-') => {
            take_while(characters, |character| character != '\n');
            return Ok(None);
        }
        ('?', '0'..='9') => return Ok(Some(Token::Parameter(number(characters)?))),
        ('|', '|') => Some("||"),
        ('<', '>') | ('!', '=') => Some("<>"),
        _ => None,
    };
    if double.is_some() {
        characters.next();
    }
    let single = SINGLE.into_iter().find(|symbol| symbol.starts_with(first));
    let found = double.or(single).ok_or_else(|| SqlError::Token(first.to_string()))?;
    Ok(Some(Token::Symbol(found)))
}
