//! The commands of `run` scripts, and what they write to the files that set up later steps.

use std::{borrow::Cow, ops::Range};

use super::{Parts, Place, Workflow, expression::spans, taint::Author};
use crate::engines::document::{
    make::{field, flag, list, map},
    node::Node,
    shell::{self, Command, Word, program::Program},
    spliced::Spliced,
};

/// Most commands of one script that are looked at.
const MOST_COMMANDS: usize = 1_000;
/// Most bytes of a command that are repeated in its text.
const LONGEST_TEXT: usize = 1_024;

/// Programs that run another one, by their first words.
const RUNNERS: &[&[&str]] = &[
    &["bundle", "exec"],
    &["hatch", "run"],
    &["npx"],
    &["pdm", "run"],
    &["pipx", "run"],
    &["pnpm", "dlx"],
    &["pnpm", "exec"],
    &["poetry", "run"],
    &["rye", "run"],
    &["uv", "run"],
    &["uv", "tool", "run"],
    &["uvx"],
    &["yarn", "dlx"],
];

/// Files that give variables and folders to all later steps.
const FILES: [&str; 2] = ["GITHUB_ENV", "GITHUB_PATH"];

/// The shell of a script, as far as it matters how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shell {
    /// `sh` and `bash`.
    Posix,
    /// `PowerShell`.
    Power,
    /// Anything else: `python`, `cmd`, a template.
    Other,
}

/// A script as its shell sees it, without the expressions in it.
pub(super) struct Script<'t> {
    /// The text with each expression made a variable of the same length.
    text: Cow<'t, str>,
    written: &'t str,
    places: Spliced,
    whole: Range<usize>,
}

impl<'t> Script<'t> {
    /// The script of a node; nothing if it is no text.
    pub(super) fn new(node: &'t Node, file: &str, shell: Shell) -> Option<Self> {
        let written = node.as_text()?;
        let mut text = Cow::Borrowed(written);
        for span in spans(written) {
            let variable = format!("${}", "_".repeat(span.len() - 1));
            text.to_mut().replace_range(span, &variable);
        }
        if shell == Shell::Power && text.contains("`\n") {
            text = Cow::Owned(text.replace("`\n", "\\\n"));
        }
        let places = places(node, written, file);
        Some(Self { text, written, places, whole: node.at.clone() })
    }

    /// The bytes of the file that hold these bytes of the script.
    fn place(&self, at: &Range<usize>) -> Range<usize> {
        if self.places.text().is_empty() { self.whole.clone() } else { self.places.source(at) }
    }

    /// The script as it is written, where it is not what an expression becomes.
    fn said(&self, at: &Range<usize>) -> &str {
        let text = self.written.get(at.clone()).unwrap_or_default().trim();
        let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST_TEXT).last();
        if text.len() <= LONGEST_TEXT { text } else { &text[..end.unwrap_or_default()] }
    }
}

/// Where the lines of a scalar stand in the file; nothing where that can not be told line by line.
fn places(node: &Node, text: &str, file: &str) -> Spliced {
    let mut places = Spliced::default();
    let source = file.get(node.at.clone()).unwrap_or_default();
    if source == text {
        places.push(text, node.at.start);
        return places;
    }
    // The lines of a literal block, each without its indentation.
    let mut at = node.at.start;
    for (line, wanted) in source.split_inclusive('\n').zip(text.split_inclusive('\n')) {
        let body = line.trim_end_matches(['\n', '\r']);
        let wanted_body = wanted.trim_end_matches('\n');
        let indent = body.len().saturating_sub(wanted_body.len());
        let is_it = body.get(indent..) == Some(wanted_body)
            && body.get(..indent).is_some_and(|indent| indent.trim().is_empty());
        if !is_it {
            return Spliced::default();
        }
        places.push(wanted, at + indent);
        at += line.len();
    }
    if places.text().len() == text.len() { places } else { Spliced::default() }
}

impl<'n> Workflow<'n> {
    /// The shell of a step.
    pub(super) fn shell(&self, step: &Node, place: &Place<'_>) -> Shell {
        let default = |scope: &'n Node| scope.get("defaults")?.get("run")?.get("shell");
        let own = step.get("shell").or_else(|| place.job.get("defaults")?.get("run")?.get("shell"));
        let named = own.or_else(|| default(self.written)).and_then(Node::as_text);
        let program = named.map(|named| named.split_whitespace().next().unwrap_or_default());
        match program {
            Some("bash" | "sh") => Shell::Posix,
            Some("pwsh" | "powershell") => Shell::Power,
            Some(_) => Shell::Other,
            None => place.default_shell,
        }
    }

    /// Notes the commands of a step's script, and what it writes to the files that set up later steps.
    pub(super) fn script(&self, step: &'n Node, scope: (bool, &Place<'n>), parts: &mut Parts) {
        let Some(run) = step.get("run") else { return };
        let shell = self.shell(step, scope.1);
        let Some(script) = Script::new(run, self.text, shell) else { return };
        let names_a_file = FILES.iter().any(|name| script.text.contains(name));
        if shell == Shell::Other {
            return;
        }
        let commands = shell::parse(&script.text);
        for (index, command) in commands.iter().take(MOST_COMMANDS).enumerate() {
            let Some(node) = command_node(&commands, index, &script, scope.1) else { continue };
            parts.commands.push(node);
            if names_a_file && shell == Shell::Posix {
                let write = self.write(step, command, &script, scope);
                parts.writes.extend(write);
            }
        }
        if names_a_file && shell == Shell::Power {
            parts.writes.extend(power_writes(&script, scope));
        }
    }

    /// What a command writes to a file that sets up later steps.
    fn write(
        &self,
        step: &'n Node,
        command: &Command,
        script: &Script<'_>,
        (is_privileged, place): (bool, &Place<'n>),
    ) -> Option<Node> {
        let file_of = |word: &Word| FILES.into_iter().find(|name| is_variable(&word.text, name));
        let mut redirected = command.redirects.iter().filter(|it| it.operator.starts_with('>'));
        let file = redirected.find_map(|redirect| file_of(&redirect.target)).or_else(|| {
            let is_tee = command.words.first().is_some_and(|word| word.text == "tee");
            is_tee.then(|| command.words.iter().find_map(file_of)).flatten()
        })?;
        let program = command.words.first().map(|word| word.text.as_str()).unwrap_or_default();
        let authors = command.words.iter().map(|word| {
            let span = word.at.clone();
            self.word_author(script.said(&span), word, step, place)
        });
        let author = match program {
            "echo" | "printf" => authors.max().unwrap_or(Author::Nobody),
            _ => Author::Unknown,
        };
        let at = script.place(&command.at);
        let author = Node::text(author.name(), at.clone());
        let fields = vec![
            field("summary", Node::text(script.said(&command.at), at.clone())),
            field("file", Node::text(file, at.clone())),
            field("author", author),
            field("is-privileged", flag(is_privileged, at.clone())),
            field("is-open", flag(is_privileged || self.is_action(), at.clone())),
            field("severity", Node::text(self.severity(is_privileged), at.clone())),
            field("job", place.id.clone()),
        ];
        Some(map(fields, at))
    }

    /// Who writes a word: through expressions in it, and through variables of the step.
    fn word_author(&self, written: &str, word: &Word, step: &Node, place: &Place<'_>) -> Author {
        if word.literal && !written.contains("${{") {
            return Author::Nobody;
        }
        let mut paths = super::injection::flows_of_text(written);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut has_other = word.text.contains("$(") || word.text.contains('`');
        for part in word.text.split('$').skip(1) {
            let name = part.trim_start_matches('{');
            let name = &name[..name.find(|c| !is_name(c)).unwrap_or(name.len())];
            if name.starts_with("__") || name.starts_with("GITHUB_") || name.starts_with("RUNNER_")
            {
                continue;
            }
            if self.is_given(name, step, place) {
                paths.push(format!("env.{}", name.to_ascii_lowercase()));
            } else {
                has_other = true;
            }
        }
        let authors = paths.iter().map(|path| self.author(path, step, place, 0));
        let least = if has_other { Author::Unknown } else { Author::Nobody };
        authors.max().unwrap_or(Author::Nobody).max(least)
    }
}

/// `$NAME` or `${NAME}`.
fn is_variable(text: &str, name: &str) -> bool {
    let text = text.strip_prefix('$').unwrap_or_default();
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text) == name
}

/// Lines of `PowerShell` that write to such a file; one that holds another variable is not judged.
fn power_writes(script: &Script<'_>, (is_privileged, place): (bool, &Place<'_>)) -> Vec<Node> {
    let mut writes = Vec::new();
    let mut start = 0;
    for line in script.text.split_inclusive('\n') {
        let at = start..start + line.trim_end().len();
        start += line.len();
        let Some(file) = FILES.into_iter().find(|name| line.contains(&format!("$env:{name}")))
        else {
            continue;
        };
        let rest = line.replace(&format!("$env:{file}"), "");
        let author = if rest.contains('$') { Author::Unknown } else { Author::Nobody };
        let place_of = script.place(&at);
        let fields = vec![
            field("summary", Node::text(script.said(&at), place_of.clone())),
            field("file", Node::text(file, place_of.clone())),
            field("author", Node::text(author.name(), place_of.clone())),
            field("is-privileged", flag(is_privileged, place_of.clone())),
            field("is-open", flag(is_privileged, place_of.clone())),
            field("job", place.id.clone()),
        ];
        writes.push(map(fields, place_of));
    }
    writes
}

/// The words behind programs that run another one: `bundle exec gem push` is `gem push`.
fn behind_runners(mut words: &[Word]) -> &[Word] {
    let begins = |words: &[Word], runner: &[&str]| {
        words.len() > runner.len()
            && runner.iter().zip(words).all(|(name, word)| word.text == **name)
    };
    while let Some(runner) = RUNNERS.iter().find(|runner| begins(words, runner)) {
        let rest = &words[runner.len()..];
        let options = rest.iter().take_while(|word| word.text.starts_with('-')).count();
        words = &rest[options..];
    }
    words
}

/// What a command runs.
fn command_node(
    commands: &[Command],
    index: usize,
    script: &Script<'_>,
    place: &Place<'_>,
) -> Option<Node> {
    let command = &commands[index];
    let words = behind_runners(&command.words);
    let program = Program::of(words)?;
    let at = script.place(&command.at);
    let text = |value: &str| Node::text(value, at.clone());
    let name = program.name.split(['=', '@']).next().filter(|name| !name.is_empty());
    let mut operands = program.operands.iter().filter(|word| !word.text.starts_with('+'));
    let mut fields = vec![
        field("program", text(name.unwrap_or(&program.name))),
        field("is-wrapped", flag(words.len() < command.words.len(), at.clone())),
        field("summary", text(script.said(&command.at))),
        field("job", place.id.clone()),
    ];
    fields.extend(operands.next().map(|word| field("subcommand", text(&word.text))));
    let rest = operands.map(|word| text(&word.text)).collect();
    fields.push(field("operands", list(rest, at.clone())));
    let options = program.options.iter().map(|option| text(option)).collect();
    fields.push(field("options", list(options, at.clone())));
    let arguments: Vec<_> = program.arguments.iter().map(|word| word.text.as_str()).collect();
    let joined = format!("{} {}", name.unwrap_or(&program.name), arguments.join(" "));
    fields.push(field("text", text(joined.trim_end())));
    if let Some(shell) = run_by(commands, index) {
        fields.push(field("run-by", text(&shell)));
    }
    Some(map(fields, at))
}

/// The program that runs what a command prints, as in `curl .. | sh` and `eval "$(curl ..)"`.
fn run_by(commands: &[Command], index: usize) -> Option<String> {
    let command = &commands[index];
    let piped = command.readers.clone().take(8).find_map(|reader| {
        let program = Program::of(&commands.get(reader)?.words)?;
        (commands[reader].inside == command.inside && program.runs_its_input())
            .then_some(program.name)
    });
    piped.or_else(|| {
        let (owner, inside) = command.inside?;
        let program = Program::of(&commands.get(owner)?.words)?;
        let runs = match inside {
            shell::Inside::Process => program.runs_its_first_operand(),
            shell::Inside::Substitution => program.runs_its_text(),
        };
        runs.then_some(program.name)
    })
}
