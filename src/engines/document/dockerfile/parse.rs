//! Takes a Dockerfile apart into directives and instructions, as the parser of `BuildKit` does.
//!
//! Lines that end in the escape character are joined, with comments and blank lines between them left out;
//! a heredoc's body follows its line. Nothing is expanded here.

use std::ops::Range;

use super::{
    super::{Unreadable, spliced::Spliced},
    ignores,
    words::{self, Escape},
};

/// The instructions that there are.
const NAMES: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// A Dockerfile, taken apart.
#[derive(Debug, Default)]
pub(super) struct Dockerfile {
    /// `# name=value` lines at the top, the names in lower case.
    pub(super) directives: Vec<Directive>,
    /// The character that escapes and continues lines.
    pub(super) escape: Escape,
    /// Instructions in the order of the file.
    pub(super) instructions: Vec<Instruction>,
    /// What could not be read.
    pub(super) problems: Vec<Unreadable>,
    /// Bytes of the comments that may silence a checker.
    pub(super) ignores: Vec<Range<usize>>,
    /// How its first line ends.
    pub(super) line_ending: &'static str,
}

/// A `# name=value` line at the top.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directive {
    /// Its name in lower case.
    pub(super) name: String,
    /// Its value.
    pub(super) value: String,
    /// Bytes of the value.
    pub(super) at: Range<usize>,
}

/// One instruction with all its lines.
#[derive(Debug)]
pub(super) struct Instruction {
    /// Its name in upper case; of `ONBUILD RUN` the inner one.
    pub(super) name: &'static str,
    /// Whether it stands after `ONBUILD`.
    pub(super) onbuild: bool,
    /// Where in the joined line its name is.
    pub(super) name_at: Range<usize>,
    /// All its bytes, from its name to the end of its last line.
    pub(super) at: Range<usize>,
    /// Whether its last line is continued, by nothing.
    pub(super) is_open: bool,
    /// All bytes of its lines, with the end of the last one.
    pub(super) whole: Range<usize>,
    /// Its lines joined.
    pub(super) line: Spliced,
    /// `--name=value` options before the arguments.
    pub(super) flags: Vec<Flag>,
    /// Where in the joined line the arguments are, without flags.
    pub(super) arguments: Range<usize>,
    /// Bodies of its heredocs.
    pub(super) heredocs: Vec<Heredoc>,
}

/// An option of an instruction.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flag {
    /// Its name in lower case, without dashes.
    pub(super) name: String,
    /// Its value, quotes removed; empty if there is none.
    pub(super) value: String,
    /// Bytes in the joined line.
    pub(super) at: Range<usize>,
}

/// The body of a heredoc.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heredoc {
    /// The word that ends it.
    pub(super) name: String,
    /// Whether variables in it are expanded: its word is not quoted.
    pub(super) expands: bool,
    /// The body, tabs removed for `<<-`.
    pub(super) body: Spliced,
}

impl Instruction {
    /// The arguments without flags, as written.
    pub(super) fn text(&self) -> &str {
        self.line.text().get(self.arguments.clone()).unwrap_or_default()
    }

    /// Bytes of the file for bytes of the joined line.
    pub(super) fn source(&self, at: &Range<usize>) -> Range<usize> {
        self.line.source(at)
    }

    /// The flag of this name; the last one where it stands twice.
    pub(super) fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().rev().find(|flag| flag.name == name)
    }
}

/// Takes a text apart. What is wrong with it is noted, and the rest read on.
pub(super) fn parse(text: &str) -> Dockerfile {
    let mut reader = Reader::new(text);
    let mut file = Dockerfile::default();
    let newline = memchr::memchr(b'\n', text.as_bytes());
    let is_crlf = newline.is_some_and(|newline| text[..newline].ends_with('\r'));
    file.line_ending = if is_crlf { "\r\n" } else { "\n" };
    reader.directives(&mut file);
    while let Some(line) = reader.next_line() {
        let content = &text[line.clone()];
        if is_blank(content) {
            continue;
        }
        if is_comment(content) {
            file.ignores.extend(ignores::may_be_one(content).then_some(line));
            continue;
        }
        reader.instruction(line, &mut file);
    }
    file
}

/// Walks over lines. A line is its bytes without its end.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, at }
    }

    fn next_line(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        let length = memchr::memchr(b'\n', rest.as_bytes());
        self.at += length.map_or(rest.len(), |length| length + 1);
        let line = &rest[..length.unwrap_or(rest.len())];
        Some(start..start + line.trim_end_matches('\r').len())
    }

    fn directives(&mut self, file: &mut Dockerfile) {
        loop {
            let before = self.at;
            let Some(line) = self.next_line() else { return };
            let Some(directive) = directive(self.text, &line) else {
                self.at = before;
                return;
            };
            let known = file.directives.iter().any(|known| known.name == directive.name);
            if known {
                let message = format!("only one `{}` directive can be used", directive.name);
                file.problems.push(Unreadable::new(message, directive.at.clone()));
            }
            if directive.name == "escape" {
                match directive.value.as_str() {
                    "`" => file.escape = Escape::Backtick,
                    "\\" => file.escape = Escape::Backslash,
                    _ => file.problems.push(Unreadable::new(
                        "the escape character must be a backslash or a backtick",
                        directive.at.clone(),
                    )),
                }
            }
            file.directives.push(directive);
        }
    }

    /// Reads the instruction that begins on `line`, with the lines and heredocs that belong to it.
    fn instruction(&mut self, line: Range<usize>, file: &mut Dockerfile) {
        let indent = self.text[line.clone()].len() - trim_start(&self.text[line.clone()]).len();
        let start = line.start + indent;
        let mut end = line.end;
        let mut joined = Spliced::default();
        let mut continues = self.append(start..line.end, file.escape, &mut joined);
        while continues {
            let Some(next) = self.next_line() else { break };
            let content = &self.text[next.clone()];
            if is_comment(content) {
                file.ignores.extend(ignores::may_be_one(content).then_some(next));
                continue;
            }
            if is_blank(content) {
                continue;
            }
            end = next.end;
            continues = self.append(next, file.escape, &mut joined);
        }
        let at = start..end.max(start);
        if is_blank(joined.text()) {
            return;
        }
        match head(&joined, &at, file.escape) {
            Err(problem) => file.problems.push(problem),
            Ok(mut instruction) => {
                self.heredocs(&mut instruction, file);
                instruction.is_open = continues;
                instruction.whole = line.start..self.at;
                file.instructions.push(instruction);
            }
        }
    }

    /// Appends a line without its continuation character; says whether it had one.
    fn append(&self, line: Range<usize>, escape: Escape, joined: &mut Spliced) -> bool {
        let content = &self.text[line.clone()];
        let trimmed = content.trim_end_matches([' ', '\t']);
        let kept = match trimmed.strip_suffix(escape.character()) {
            Some(kept) if !kept.ends_with(escape.character()) => kept,
            _ => content,
        };
        joined.push(kept, line.start);
        kept.len() < trimmed.len()
    }

    fn heredocs(&mut self, instruction: &mut Instruction, file: &mut Dockerfile) {
        if !matches!(instruction.name, "RUN" | "COPY" | "ADD")
            || words::json(instruction.text()).is_some()
        {
            return;
        }
        for word in words::split(instruction.text(), file.escape) {
            let Some(mut heredoc) = Opening::of(&instruction.text()[word.clone()], file.escape)
            else {
                continue;
            };
            let closed = self.body(&mut heredoc, &mut instruction.at);
            let start = instruction.arguments.start;
            if !closed {
                let at = instruction.source(&(start + word.start..start + word.end));
                let message = format!("the heredoc `{}` does not end", heredoc.name);
                file.problems.push(Unreadable::new(message, at));
            }
            let Opening { name, expands, body, .. } = heredoc;
            instruction.heredocs.push(Heredoc { name, expands, body });
        }
    }

    fn body(&mut self, heredoc: &mut Opening, at: &mut Range<usize>) -> bool {
        while let Some(line) = self.next_line() {
            at.end = line.end;
            let content = &self.text[line.clone()];
            let kept = if heredoc.chomp { content.trim_start_matches('\t') } else { content };
            if kept == heredoc.name {
                return true;
            }
            heredoc.body.push(kept, line.end - kept.len());
            if line.end < self.text.len() {
                heredoc.body.push("\n", line.end);
            }
        }
        false
    }
}

/// A heredoc's word.
struct Opening {
    name: String,
    expands: bool,
    chomp: bool,
    body: Spliced,
}

impl Opening {
    fn of(word: &str, escape: Escape) -> Option<Self> {
        let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
        let (rest, chomp) = match rest.strip_prefix('-') {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        if rest.is_empty() || rest.contains('<') {
            return None;
        }
        let name = words::unquote(rest, escape);
        let expands = name == rest;
        (!name.is_empty()).then(|| Self { name, expands, chomp, body: Spliced::default() })
    }
}

fn directive(text: &str, line: &Range<usize>) -> Option<Directive> {
    let content = trim_start(&text[line.clone()]).strip_prefix('#')?;
    let (name, value) = content.split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    if !matches!(name.as_str(), "syntax" | "escape" | "check") {
        return None;
    }
    let start = line.end - trim_start(value).len();
    let value = value.trim();
    (!value.is_empty()).then(|| Directive {
        name,
        value: value.to_owned(),
        at: start..start + value.len(),
    })
}

/// Reads name, `ONBUILD` and flags of a joined line.
fn head(joined: &Spliced, at: &Range<usize>, escape: Escape) -> Result<Instruction, Unreadable> {
    let text = joined.text();
    let mut name = name_at(joined, skip_blanks(text, 0), at)?;
    let mut rest = skip_blanks(text, name.1);
    let onbuild = name.0 == "ONBUILD";
    if onbuild {
        name = name_at(joined, rest, at)?;
        rest = skip_blanks(text, name.1);
    }
    let mut flags = Vec::new();
    while let Some(word) = words::next(text, rest, escape) {
        let raw = &text[word.clone()];
        if !raw.starts_with("--") {
            break;
        }
        rest = skip_blanks(text, word.end);
        if raw == "--" {
            break;
        }
        let (key, value) = raw[2..].split_once('=').unwrap_or((&raw[2..], ""));
        let value = words::unquote(value, escape);
        flags.push(Flag { name: key.to_ascii_lowercase(), value, at: word });
    }
    let end = text.trim_end().len().max(rest);
    Ok(Instruction {
        name: name.0,
        onbuild,
        name_at: name.1 - name.0.len()..name.1,
        at: at.clone(),
        is_open: false,
        whole: at.clone(),
        line: joined.clone(),
        flags,
        arguments: rest..end,
        heredocs: Vec::new(),
    })
}

/// The instruction's name at a byte of the joined line, and where it ends.
fn name_at(
    joined: &Spliced,
    start: usize,
    at: &Range<usize>,
) -> Result<(&'static str, usize), Unreadable> {
    let rest = &joined.text()[start..];
    let length = rest.find(is_space).unwrap_or(rest.len());
    let word = &rest[..length];
    if let Some(name) = NAMES.iter().find(|name| name.eq_ignore_ascii_case(word)) {
        return Ok((name, start + length));
    }
    let shown: String = word.chars().take(40).collect();
    let end = joined.source(&(start..start + length)).end.clamp(at.start, at.end);
    Err(Unreadable::new(format!("unknown instruction `{shown}`"), at.start..end))
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}')
}

fn trim_start(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

fn skip_blanks(text: &str, from: usize) -> usize {
    text.len() - trim_start(&text[from..]).len()
}

fn is_blank(line: &str) -> bool {
    trim_start(line).is_empty()
}

fn is_comment(line: &str) -> bool {
    trim_start(line).starts_with('#')
}
