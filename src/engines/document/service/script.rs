//! Commands that a unit or a table of cron runs, with what is known of each.

use std::ops::Range;

use super::{
    super::{
        node::Node,
        shell::{self, Command, Inside, Word, program::Program},
    },
    fields::Fields,
};

/// A script inside a script inside a script is followed so far.
const DEEPEST: usize = 3;
/// Most commands of one line that are looked at.
const MOST_COMMANDS: usize = 200;
/// Most readers of a command that are named.
const MOST_READERS: usize = 8;
/// Folders in which everybody may write.
const WRITABLE: [&str; 4] = ["/tmp/", "/var/tmp/", "/dev/shm/", "/run/lock/"];
/// Programs that fetch what others wrote.
const FETCHERS: [&str; 4] = ["curl", "wget", "fetch", "lwp-request"];

/// Lowers the commands of a text of the file that begins at `start`, those in `sh -c '...'` among them.
///
/// Fields: `program`, `path` (as written), `arguments[]`, `text`, `run-by[]` (programs that run its output as
/// code), `fetches` (from the network), `writable-script` (what it runs lies where everybody may write),
/// `home-script` (in somebody's home), `pair[]` (each argument with the one after it), `summary`.
pub(super) fn commands(text: &str, start: usize, by: &str) -> Vec<Node> {
    let mut found = Vec::new();
    let place = |at: &Range<usize>| start + at.start..start + at.end;
    script(text, &place, (by, 0), &mut found);
    found
}

/// Lowers one command whose words are known, as a unit has it, and the script that it gives to a shell.
pub(super) fn command(text: &str, words: Vec<Word>, start: usize, by: &str) -> Vec<Node> {
    let place = |at: &Range<usize>| start + at.start..start + at.end;
    let mut found = Vec::new();
    let Some((first, last)) = words.first().zip(words.last()) else { return found };
    let command = Command { at: first.at.start..last.at.end, words, ..Command::default() };
    if let Some(program) = Program::of(&command.words) {
        found.push(node(&command, &program, &[], (&place, by)));
        if let Some(word) = program.script() {
            inner(text, word, &place, (by, 0), &mut found);
        }
    }
    found
}

type Place<'p> = &'p dyn Fn(&Range<usize>) -> Range<usize>;

fn script(text: &str, place: Place<'_>, (by, depth): (&str, usize), found: &mut Vec<Node>) {
    let commands = shell::parse(text);
    let programs: Vec<_> = commands.iter().map(|command| Program::of(&command.words)).collect();
    for (command, program) in commands.iter().zip(&programs) {
        if found.len() >= MOST_COMMANDS {
            return;
        }
        let Some(program) = program else { continue };
        let run_by = run_by(command, &commands, &programs);
        found.push(node(command, program, &run_by, (place, by)));
        if let Some(word) = program.script().filter(|_| depth < DEEPEST) {
            inner(text, word, place, (by, depth), found);
        }
    }
}

/// The script in a word. Its places are exact if nothing in the word is escaped.
fn inner(
    text: &str,
    word: &Word,
    place: Place<'_>,
    (by, depth): (&str, usize),
    found: &mut Vec<Node>,
) {
    let raw = text.get(word.at.clone()).unwrap_or_default();
    let is_exact =
        raw.len() == word.text.len() + 2 && raw.get(1..raw.len() - 1) == Some(&word.text);
    let start = word.at.start + 1;
    let place = |at: &Range<usize>| {
        place(&if is_exact { start + at.start..start + at.end } else { word.at.clone() })
    };
    script(&word.text, &place, (by, depth + 1), found);
}

fn node(
    command: &Command,
    program: &Program<'_>,
    run_by: &[String],
    (place, by): (Place<'_>, &str),
) -> Node {
    let at = place(&command.at);
    let mut fields = Fields::new(at.clone());
    fields.text("by", by).text("program", &program.name);
    let text = |word: &Word| Node::text(word.text.as_str(), place(&word.at));
    fields.list("arguments", program.arguments.iter().map(text).collect());
    let pairs = program.arguments.windows(2).take(MOST_COMMANDS).map(|pair| {
        let [first, second] = pair else { return text(&Word::default()) };
        Node::text(format!("{} {}", first.text, second.text), place(&second.at))
    });
    fields.list("pair", pairs.collect());
    fields
        .list("run-by", run_by.iter().map(|name| Node::text(name.as_str(), at.clone())).collect());
    fields.flag("fetches", FETCHERS.contains(&program.name.as_str()));
    for word in scripts(command, program) {
        if WRITABLE.iter().any(|folder| word.text.starts_with(folder)) {
            fields.text_at("writable-script", &word.text, &place(&word.at));
        } else if word.text.starts_with("/home/") || word.text.starts_with("~/") {
            fields.text_at("home-script", &word.text, &place(&word.at));
        }
    }
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).take(64).collect();
    fields.text("text", &words.join(" ")).text("summary", &words.join(" "));
    fields.finish()
}

/// The words that are run: the program, and the script that an interpreter is given.
fn scripts<'w>(command: &'w Command, program: &Program<'w>) -> Vec<&'w Word> {
    let is_program = |word: &&Word| word.text.rsplit('/').next() == Some(&*program.name);
    let mut scripts: Vec<&Word> = command.words.iter().find(is_program).into_iter().collect();
    if program.runs_its_first_operand() {
        scripts.extend(program.operands.first());
    }
    scripts
}

fn run_by(
    command: &Command,
    commands: &[Command],
    programs: &[Option<Program<'_>>],
) -> Vec<String> {
    let readers = command.readers.clone().take(MOST_READERS);
    let piped = readers.filter(|reader| commands[*reader].inside == command.inside);
    let mut run_by: Vec<String> = piped
        .filter_map(|reader| programs[reader].as_ref())
        .filter(|program| program.runs_its_input())
        .map(|program| program.name.clone())
        .collect();
    if let Some((owner, inside)) = command.inside
        && let Some(program) = &programs[owner]
    {
        let runs = match inside {
            Inside::Process => program.runs_its_first_operand(),
            Inside::Substitution => program.runs_its_text(),
        };
        run_by.extend(runs.then(|| program.name.clone()));
    }
    run_by
}
