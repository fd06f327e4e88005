//! Shell scripts, read well enough to see which commands they run with which arguments.
//!
//! A tolerant reader of the POSIX grammar with what bash adds to it: lists, pipelines, subshells, groups,
//! compound commands, quotes, substitutions, redirections, heredocs, comments. It never refuses a text. What
//! it does not know is only the value of variables. [`program`] then says what a command really runs.

mod parser;
pub mod program;
#[cfg(test)]
mod tests;

use std::ops::Range;

/// One simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// Its bytes.
    pub at: Range<usize>,
    /// `NAME=value` before it.
    pub assignments: Vec<(String, Word)>,
    /// Program and arguments.
    pub words: Vec<Word>,
    /// What follows `>`, `<`, `<<<` and so on.
    pub redirects: Vec<Redirect>,
    /// Indexes of the commands that read its output through pipes, directly or through others.
    pub readers: Range<usize>,
    /// The command that it is written into, as `$(...)` or `<(...)`.
    pub inside: Option<(usize, Inside)>,
}

/// How a command is written into another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// `$(...)` or backticks: its output is text of the other command.
    Substitution,
    /// `<(...)` or `>(...)`: its output is a file for the other command.
    Process,
}

/// A word, quotes removed; variables and substitutions stand as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// Its text.
    pub text: String,
    /// Its bytes, quotes included.
    pub at: Range<usize>,
    /// Whether nothing in it depends on variables or other commands.
    pub literal: bool,
}

/// A redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// `>`, `>>`, `<`, `<<<`, `&>` and so on, without the number before it.
    pub operator: String,
    /// What it points to.
    pub target: Word,
}

/// All commands of a script, in the order in which they begin.
pub fn parse(text: &str) -> Vec<Command> {
    parser::Parser::new(text).run()
}
