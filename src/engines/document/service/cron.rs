//! Tables of cron: those of a user, and those of the system, which name the user of each job.
//!
//! Names of fields, for rules:
//!
//! * `jobs[]`: `schedule`, `user` (in a table of the system), `command`, `as-root` (it names root, or the path
//!   that it runs is of the system's table), `commands[]` (see `script`);
//! * `variables[]`: `name`, `value`; `problems[]`: lines that cron would refuse.
//!
//! Nothing in a table says whether it has the field of the user: it has if each job's sixth word is a name, and
//! what follows it is a command.

use std::ops::Range;

use super::{Word, fields::Fields, is_template, lines, piece, script};
use crate::{
    engines::document::{Unreadable, node::Node},
    finding::RepoPath,
};

/// Users that services have.
const USERS: [&str; 12] = [
    "root", "www-data", "nobody", "postgres", "nginx", "apache", "mysql", "daemon", "ubuntu",
    "app", "munin", "logcheck",
];
/// Programs whose names could be those of users, and stand before a path.
const PROGRAMS: [&str; 24] = [
    "bash", "sh", "zsh", "dash", "python", "python2", "python3", "php", "perl", "ruby", "node",
    "env", "cd", "test", "rm", "cp", "mv", "find", "curl", "wget", "nice", "flock", "source",
    "tar",
];

/// Whether a path is that of a table of cron.
pub fn is_one(path: &RepoPath) -> bool {
    let name = path.file_name();
    let folder = path.folder().rsplit('/').next().unwrap_or_default();
    let is_other = matches!(
        path.extension(),
        "md" | "txt"
            | "py"
            | "js"
            | "ts"
            | "go"
            | "rs"
            | "rb"
            | "php"
            | "yaml"
            | "yml"
            | "json"
            | "sh"
            | "pl"
    );
    let is_named = name == "crontab"
        || name.starts_with("crontab.")
        || name.ends_with(".crontab")
        || path.extension() == "cron"
        || name.ends_with("-crontab")
        || (matches!(folder, "cron.d" | "crontabs") && !name.starts_with('.'));
    is_named && !is_other
}

/// Whether a text looks like a table: a line begins with five fields of time, or with `@daily` and its like.
pub fn looks_like_one(text: &str) -> bool {
    lines(text).any(|(start, line)| job(start, line.trim_start()).is_some())
}

struct Job<'t> {
    schedule: &'t str,
    rest: &'t str,
    start: usize,
    at: Range<usize>,
}

/// Reads a table.
///
/// # Errors
///
/// If it is a template of one.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    let mut jobs = Vec::new();
    let mut variables = Vec::new();
    let mut problems = Vec::new();
    for (start, line) in lines(text) {
        let trimmed = line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let start = start + (line.len() - trimmed.len());
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if let Some(job) = job(start, trimmed) {
            jobs.push(job);
        } else if let Some((name, value)) = variable(start, trimmed) {
            let mut fields = Fields::new(name.at.start..value.at.end.max(name.at.end));
            fields.word("name", &name).word("value", &value).text("summary", &name.text);
            variables.push(fields.finish());
        } else {
            problems.push(Node::text("no job and no variable", start..start + trimmed.len()));
        }
    }
    if !problems.is_empty() && is_template(text) {
        return Err(Unreadable::foreign("a template", 0..0));
    }
    let has_users = !jobs.is_empty() && jobs.iter().all(|job| user(job.rest).is_some());
    let jobs = jobs.iter().map(|job| job.node(has_users)).collect();
    let mut fields = Fields::new(0..text.len());
    fields.list("jobs", jobs).list("variables", variables).list("problems", problems);
    Ok(fields.finish())
}

/// A job from its first letter on.
fn job(start: usize, line: &str) -> Option<Job<'_>> {
    let mut rest = line;
    let fields = if line.starts_with('@') { 1 } else { 5 };
    for _ in 0..fields {
        let end = rest.find([' ', '\t'])?;
        if !is_time(&rest[..end]) {
            return None;
        }
        rest = rest[end..].trim_start();
    }
    let begin = line.len() - rest.len();
    let rest = rest.trim_end();
    (!rest.is_empty()).then(|| Job {
        schedule: line[..begin].trim_end(),
        rest,
        start: start + begin,
        at: start..start + begin + rest.len(),
    })
}

fn is_time(field: &str) -> bool {
    let nicknames = [
        "@reboot",
        "@yearly",
        "@annually",
        "@monthly",
        "@weekly",
        "@daily",
        "@midnight",
        "@hourly",
    ];
    let is_word =
        |part: &str| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_part = |part: &str| {
        part.is_empty()
            || part == "*"
            || is_word(part)
            || part.bytes().all(|byte| byte.is_ascii_digit())
    };
    nicknames.contains(&field)
        || (field.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '*' || c == '~')
            && field.split([',', '-', '/', '~']).all(is_part))
}

/// The user that a job of a system's table names, and the command after it.
fn user(rest: &str) -> Option<(&str, &str)> {
    let (name, command) = rest.split_once([' ', '\t'])?;
    let command = command.trim_start();
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b));
    let first = command.split_whitespace().next().unwrap_or_default();
    let is_command = first.starts_with(['/', '[', '(', '$', '.', '~'])
        || PROGRAMS.contains(&first)
        || ["if", "command"].contains(&first);
    let is_user = USERS.contains(&name) || (!PROGRAMS.contains(&name) && is_command);
    (is_name && is_user && !command.is_empty()).then_some((name, command))
}

fn variable(start: usize, line: &str) -> Option<(Word, Word)> {
    let (name, value) = line.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name || name.is_empty() {
        return None;
    }
    let at = piece(start, line, value);
    let quoted =
        ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    let name = Word { text: name.to_owned(), at: piece(start, line, name), is_bare: true };
    Some((name, Word { text: quoted.unwrap_or(value).to_owned(), at, is_bare: quoted.is_none() }))
}

impl Job<'_> {
    fn node(&self, has_user: bool) -> Node {
        let user = has_user.then(|| user(self.rest)).flatten();
        let command = user.map_or(self.rest, |(_, command)| command);
        let begin = self.start + (self.rest.len() - command.len());
        let mut fields = Fields::new(self.at.clone());
        fields.text("schedule", self.schedule);
        if let Some((name, _)) = user {
            fields.text_at("user", name, &(self.start..self.start + name.len()));
            fields.flag("as-root", name == "root");
        }
        fields.text_at("command", command, &(begin..begin + command.len()));
        // What follows a bare `%` is the input of the command.
        let input = command.match_indices('%').find(|(at, _)| !command[..*at].ends_with('\\'));
        let program = &command[..input.map_or(command.len(), |(at, _)| at)];
        fields.list("commands", script::commands(program, begin, "cron"));
        fields.text("summary", command);
        fields.finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn users(text: &str) -> Vec<Option<String>> {
        let root = read(text).unwrap();
        let jobs = root.get("jobs").unwrap().elements().iter();
        jobs.map(|job| job.get("user").and_then(Node::as_text).map(str::to_owned)).collect()
    }

    #[test]
    fn the_user_is_told_from_the_command() {
        assert_eq!(users("17 * * * * root cd / && a\n@daily web /opt/a\n").len(), 2);
        assert_eq!(users("17 * * * * root cd / && a\n")[0].as_deref(), Some("root"));
        assert_eq!(users("@daily web /opt/a b\n")[0].as_deref(), Some("web"));
        assert_eq!(users("*/5 0-3,7 1 jan mon python3 /opt/a.py\n")[0], None);
        assert_eq!(users("* * * * * /opt/a root\n")[0], None);
    }

    #[test]
    fn variables_jobs_and_mistakes_are_told_apart() {
        let root = read("A = \"b c\"\n# x\n* * * * * curl x | sh % y\n* * a\n").unwrap();
        let count = |name: &str| root.get(name).map_or(0, |it| it.elements().len());
        assert_eq!((count("jobs"), count("variables"), count("problems")), (1, 1, 1));
        let commands = root.get("jobs").unwrap().elements()[0].get("commands").unwrap();
        assert_eq!(commands.elements()[0].get("run-by").unwrap().elements().len(), 1);
        assert_eq!(commands.elements().len(), 2);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_every_place_is_inside(text in "([*0-9@] ){0,5}[a-b*=\"'%\\\\ \n\r#|é\u{feff}-]{0,60}") {
            if let Ok(root) = read(&text) {
                prop_assert!(crate::engines::document::service::is_inside(&root, &text));
            }
        }
    }
}
