//! Lowers the commands of an instruction, with those inside `sh -c '...'` and heredocs.

use std::ops::Range;

use super::{
    super::{
        node::Node,
        shell::{self, Command, Inside, Word, program::Program},
    },
    fields::Fields,
    parse::{Heredoc, Instruction},
    remedies::{self, Written},
    words,
};

/// A script inside a script inside a script is followed so far.
const DEEPEST: usize = 3;
/// Most readers of a command that are named.
const MOST_READERS: usize = 8;
/// Most commands of one instruction that are looked at.
const MOST_COMMANDS: usize = 5_000;
/// Most bytes of a command that are repeated in its text.
const LONGEST_TEXT: usize = 4096;

/// What the commands of one instruction are lowered to.
pub(super) struct Lowered {
    context: Context,
    /// One map for each command.
    pub(super) commands: Vec<Node>,
    /// Variables that the commands set, as maps of the same form as those of `ENV`.
    pub(super) variables: Vec<Node>,
    /// Whether there were more commands than are looked at.
    pub(super) is_cut: bool,
}

/// Where the bytes of a script are in the file.
type Place<'p> = &'p dyn Fn(&Range<usize>) -> Range<usize>;

/// The fields of the instruction that its parts have, too, so that rules can ask for them.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) by: &'static str,
    pub(super) is_shipped: bool,
    /// Whether root runs it.
    pub(super) is_root: bool,
    /// Where the instruction begins.
    pub(super) start: usize,
}

impl Context {
    /// Writes the fields.
    pub(super) fn note(&self, fields: &mut Fields) {
        fields.text("by", self.by).flag("shipped", self.is_shipped).flag("as-root", self.is_root);
    }
}

/// Lowers `RUN`, `CMD`, `ENTRYPOINT`, or the command of a `HEALTHCHECK` at `arguments` of the joined line.
pub(super) fn lower(
    instruction: &Instruction,
    arguments: &Range<usize>,
    context: Context,
) -> Lowered {
    let text = instruction.line.text().get(arguments.clone()).unwrap_or_default();
    let start = arguments.start;
    let place = |at: &Range<usize>| instruction.source(&(start + at.start..start + at.end));
    let mut lowered =
        Lowered { context, commands: Vec::new(), variables: Vec::new(), is_cut: false };
    if let Some(strings) = words::json(text) {
        let word = |(text, at): (String, Range<usize>)| Word { text, at, literal: true };
        let words: Vec<Word> = strings.into_iter().map(word).collect();
        let command = Command { at: 0..text.len(), words, ..Command::default() };
        lowered.script(&[command], &Written { text, is_plain: false, place: &place }, 0);
        return lowered;
    }
    let commands = shell::parse(text);
    lowered.script(&commands, &Written { text, is_plain: true, place: &place }, 0);
    let is_read = |heredoc: &&Heredoc| is_script(heredoc, &commands, text);
    for heredoc in instruction.heredocs.iter().filter(is_read) {
        let body = heredoc.body.text();
        let place = |at: &Range<usize>| heredoc.body.source(at);
        let written = Written { text: body, is_plain: true, place: &place };
        lowered.script(&shell::parse(body), &written, 0);
    }
    lowered
}

/// Whether a shell runs the body: no program reads it, or a shell does.
fn is_script(heredoc: &Heredoc, commands: &[Command], line: &str) -> bool {
    let first = heredoc.body.text().lines().next().unwrap_or_default();
    if let Some(interpreter) = first.strip_prefix("#!") {
        let program = interpreter.split(['/', ' ']).rfind(|part| part.ends_with("sh"));
        if program.is_none() {
            return false;
        }
    }
    if line.trim_start().starts_with("<<") && commands.iter().all(|c| c.words.is_empty()) {
        return true;
    }
    let reads = |command: &&Command| {
        command.redirects.iter().any(|redirect| {
            redirect.operator.starts_with("<<") && redirect.target.text == heredoc.name
        })
    };
    let reader = commands.iter().find(reads).and_then(|command| Program::of(&command.words));
    reader.is_some_and(|program| program.is_shell() && program.runs_its_input())
}

impl Lowered {
    fn script(&mut self, commands: &[Command], written: &Written<'_>, depth: usize) {
        let programs: Vec<_> = commands.iter().map(|command| Program::of(&command.words)).collect();
        let mut feeders = feeders(commands, &programs);
        for (index, command) in commands.iter().enumerate() {
            if self.commands.len() >= MOST_COMMANDS {
                self.is_cut = true;
                return;
            }
            // A word that is given to `sh -c` names what it substitutes once more.
            if depth > 0 && command.inside.is_some() {
                continue;
            }
            self.assignments(command, programs[index].as_ref(), written.place);
            let Some(program) = &programs[index] else { continue };
            let mut readers = readers(command, commands, &programs);
            readers.fed_by = std::mem::take(&mut feeders[index]);
            self.commands.push(node(command, program, &readers, (written, &self.context)));
            if let Some(script) = program.script().filter(|_| depth < DEEPEST) {
                self.inner(script, written, depth);
            }
        }
    }

    /// The script in a word. Its places are exact if nothing in the word is escaped.
    fn inner(&mut self, word: &Word, outer: &Written<'_>, depth: usize) {
        let raw = outer.text.get(word.at.clone()).unwrap_or_default();
        let is_exact = raw.len() == word.text.len() + 2 && raw[1..].starts_with(&word.text);
        let inner = |at: &Range<usize>| {
            let start = word.at.start + 1;
            (outer.place)(&if is_exact {
                start + at.start..start + at.end
            } else {
                word.at.clone()
            })
        };
        let is_plain = is_exact && outer.is_plain;
        let written = Written { text: &word.text, is_plain, place: &inner };
        self.script(&shell::parse(&word.text), &written, depth + 1);
    }

    fn assignments(&mut self, command: &Command, program: Option<&Program<'_>>, place: Place<'_>) {
        for (name, value) in &command.assignments {
            self.variables.push(variable(name, &value.text, value, (place, &self.context)));
        }
        let Some(program) = program else { return };
        for (name, value, word) in &program.assignments {
            self.variables.push(variable(name, value, word, (place, &self.context)));
        }
        if program.name == "export" {
            for word in &program.operands {
                if let Some((name, value)) = word.text.split_once('=') {
                    self.variables.push(variable(name, value, word, (place, &self.context)));
                }
            }
        }
    }
}

fn variable(name: &str, value: &str, word: &Word, (place, context): (Place<'_>, &Context)) -> Node {
    let mut fields = Fields::new(place(&word.at));
    context.note(&mut fields);
    fields.text("name", name).text("value", value).flag("literal", word.literal);
    fields.text("text", &format!("{name}={value}")).text("summary", name);
    fields.finish()
}

fn node(
    command: &Command,
    program: &Program<'_>,
    readers: &Readers,
    (written, context): (&Written<'_>, &Context),
) -> Node {
    let place = written.place;
    let mut fields = Fields::new(place(&command.at));
    context.note(&mut fields);
    fields.text("program", &program.name);
    remedies::note_command(&mut fields, written, command, program);
    if context.is_root {
        remedies::note_sudo(&mut fields, written, command);
    }
    let step = context.start.min(place(&command.at).start)..place(&command.at).end;
    let text = |word: &Word| Node::text(word.text.as_str(), place(&word.at));
    fields.list("arguments", program.arguments.iter().map(text).collect());
    fields.texts("options", &program.options);
    if let Some((first, rest)) = program.operands.split_first() {
        fields.text_at("subcommand", &first.text, place(&first.at));
        fields.list("operands", rest.iter().map(|word| text(word)).collect());
    }
    fields.texts("via", &program.via);
    fields.texts("fed-by", &readers.fed_by);
    fields.texts("read-by", &readers.programs);
    fields.texts("run-by", &readers.run_by);
    let arguments = joined(program.arguments);
    fields.text("text", format!("{} {arguments}", program.name).trim_end());
    let summary = joined(&command.words);
    fields.text_at("step", &summary, step).text("summary", &summary);
    fields.finish()
}

fn joined(words: &[Word]) -> String {
    let mut text = String::new();
    for word in words {
        if text.len() + word.text.len() > LONGEST_TEXT {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&word.text);
    }
    text
}

/// For each command, the programs before it in its pipe.
fn feeders(commands: &[Command], programs: &[Option<Program<'_>>]) -> Vec<Vec<String>> {
    let mut feeders = vec![Vec::new(); commands.len()];
    for (command, program) in commands.iter().zip(programs) {
        let Some(program) = program else { continue };
        for reader in command.readers.clone().take(MOST_READERS) {
            if commands[reader].inside == command.inside {
                feeders[reader].push(program.name.clone());
            }
        }
    }
    feeders
}

/// Who reads the output of a command.
#[derive(Default)]
struct Readers {
    fed_by: Vec<String>,
    programs: Vec<String>,
    /// Those that run it as code.
    run_by: Vec<String>,
}

fn readers(command: &Command, commands: &[Command], programs: &[Option<Program<'_>>]) -> Readers {
    let mut readers = Readers::default();
    let piped = command.readers.clone().take(MOST_READERS);
    for reader in piped.filter(|reader| commands[*reader].inside == command.inside) {
        let Some(program) = &programs[reader] else { continue };
        readers.programs.push(program.name.clone());
        if program.runs_its_input() {
            readers.run_by.push(program.name.clone());
        }
    }
    if let Some((owner, inside)) = command.inside
        && let Some(program) = &programs[owner]
    {
        let here = commands[owner].redirects.iter().any(|redirect| redirect.operator == "<<<");
        let runs = match inside {
            Inside::Process => program.runs_its_first_operand(),
            Inside::Substitution => program.runs_its_text() || (here && program.runs_its_input()),
        };
        if runs {
            readers.run_by.push(program.name.clone());
        }
    }
    readers
}
