//! Units of systemd: services, and the drop-ins that change them.
//!
//! Names of fields, for rules:
//!
//! * `settings[]`: `section`, `name`, `value`, `assignment` (`name=value`), `is-effective` (nothing further down
//!   takes its place);
//! * `service`: the last value by name of `[Service]`, booleans as `yes` and `no`; `has-command`: whether it has
//!   an `ExecStart`, as a drop-in has not; `runs-as-root`: whether it does, as far as the unit says; `head`: the
//!   line `[Service]`, for findings about what is missing;
//! * `commands[]`, those of `ExecStart` and its like: see `script`; also `as-root`;
//! * `variables[]`, those of `Environment`: `name`, `value`, `text`;
//! * `problems[]`: lines that systemd would ignore.

use std::{collections::HashMap, ops::Range};

use super::{
    super::{
        node::{Node, Value},
        shell,
    },
    fields::Fields,
    is_template, lines, script,
};
use crate::{engines::document::Unreadable, finding::RepoPath};

/// Whether a path may be that of a service, or of a drop-in for one; [`looks_like_one`] has the last word.
pub fn is_one(path: &RepoPath) -> bool {
    let folder = path.folder().rsplit('/').next().unwrap_or_default();
    path.extension() == "service" || (path.extension() == "conf" && folder.ends_with(".service.d"))
}

/// Whether a text looks like a unit: D-Bus and Avahi have files of the same ending.
pub fn looks_like_one(text: &str) -> bool {
    lines(text).any(|(_, line)| matches!(line.trim(), "[Unit]" | "[Service]" | "[Install]"))
}

/// A line with those that continue it. Of what joins them only blanks are left, so that each byte stays
/// where it stands in the file.
struct Logical {
    start: usize,
    text: String,
}

/// A setting.
struct Setting {
    section: String,
    name: String,
    value: String,
    /// Of the value.
    at: Range<usize>,
    whole: Range<usize>,
}

/// Reads a unit.
///
/// # Errors
///
/// If it is a template of one.
pub fn read(text: &str) -> Result<Node, Unreadable> {
    let mut section = String::new();
    let mut settings = Vec::new();
    let mut problems = Vec::new();
    let mut head = 0..0;
    for line in logical(text) {
        let trimmed = line.text.trim();
        let at = line.start..line.start + line.text.len();
        if let Some(name) = trimmed.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            name.clone_into(&mut section);
            if name == "Service" && head.is_empty() {
                head = at;
            }
        } else if let Some((name, value)) = line.text.split_once('=') {
            settings.push(setting(&section, (name, value), line.start));
        } else {
            problems.push(Node::text("no setting", at));
        }
    }
    if !problems.is_empty() && is_template(text) {
        return Err(Unreadable::foreign("a template", 0..0));
    }
    Ok(lower(&settings, problems, &head, text))
}

fn setting(section: &str, (name, value): (&str, &str), start: usize) -> Setting {
    let after = start + name.len() + 1;
    let trimmed = value.trim_start();
    let begin = after + (value.len() - trimmed.len());
    let trimmed = trimmed.trim_end();
    let indent = name.len() - name.trim_start().len();
    Setting {
        section: section.to_owned(),
        name: name.trim().to_owned(),
        value: trimmed.to_owned(),
        at: begin..begin + trimmed.len(),
        whole: start + indent..begin + trimmed.len(),
    }
}

fn logical(text: &str) -> Vec<Logical> {
    let mut all: Vec<Logical> = Vec::new();
    let mut is_open = false;
    for (start, line) in lines(text) {
        let trimmed = line.trim_start_matches('\u{feff}').trim();
        let is_comment = trimmed.starts_with(['#', ';']);
        if let Some(last) = all.last_mut().filter(|_| is_open) {
            let gap = start - (last.start + last.text.len());
            last.text.extend(std::iter::repeat_n(' ', gap));
            if is_comment {
                last.text.extend(std::iter::repeat_n(' ', line.len()));
                continue;
            }
            is_open = push(&mut last.text, line);
        } else if !trimmed.is_empty() && !is_comment {
            let skipped = line.len() - line.trim_start_matches('\u{feff}').len();
            let mut logical = Logical { start: start + skipped, text: String::new() };
            is_open = push(&mut logical.text, &line[skipped..]);
            all.push(logical);
        }
    }
    all
}

/// Adds a line without the backslash at its end; says whether there was one.
fn push(text: &mut String, line: &str) -> bool {
    let continued = line.strip_suffix('\\');
    text.push_str(continued.unwrap_or(line));
    text.extend(continued.map(|_| ' '));
    continued.is_some()
}

fn lower(settings: &[Setting], problems: Vec<Node>, head: &Range<usize>, text: &str) -> Node {
    let all = 0..text.len();
    let mut last: HashMap<(&str, &str), usize> = HashMap::new();
    for (index, setting) in settings.iter().enumerate() {
        last.insert((&setting.section, &setting.name), index);
    }
    let nodes = settings.iter().enumerate().map(|(index, setting)| {
        let is_last = last.get(&(setting.section.as_str(), setting.name.as_str())) == Some(&index);
        let mut fields = Fields::new(setting.whole.clone());
        fields.text("section", &setting.section).text("name", &setting.name);
        fields.text_at("value", &setting.value, &setting.at);
        fields.text("assignment", &format!("{}={}", setting.name, plain(&setting.value)));
        fields
            .flag("is-effective", is_last || gathers(&setting.name))
            .text("summary", &setting.name);
        fields.finish()
    });
    let nodes = nodes.collect();
    let service: Vec<&Setting> = settings.iter().filter(|it| it.section == "Service").collect();
    let is_root = runs_as_root(&service);
    let commands = service.iter().filter(|it| it.name.starts_with("Exec"));
    let commands = commands.flat_map(|it| commands_of(it, is_root)).collect();
    let variables = service.iter().filter(|it| it.name == "Environment");
    let variables = variables.flat_map(|it| variables_of(it)).collect();
    let mut fields = Fields::new(all);
    fields.list("settings", nodes).node("service", values(&service, head, is_root));
    fields.list("commands", commands).list("variables", variables).list("problems", problems);
    fields.finish()
}

/// Settings that may stand several times, and add up.
fn gathers(name: &str) -> bool {
    name.starts_with("Exec")
        || matches!(
            name,
            "Environment" | "EnvironmentFile" | "SystemCallFilter" | "ReadWritePaths" | "After"
        )
}

/// `yes` and `no` for what systemd takes as such.
fn plain(value: &str) -> &str {
    let is = |words: [&str; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
    if is(["yes", "true", "on", "1"]) {
        "yes"
    } else if is(["no", "false", "off", "0"]) {
        "no"
    } else {
        value
    }
}

fn values(service: &[&Setting], head: &Range<usize>, is_root: bool) -> Node {
    let mut fields = Fields::new(head.clone());
    for setting in service {
        fields.text_at(&setting.name, plain(&setting.value), &setting.at);
    }
    let has_command = service.iter().any(|it| it.name == "ExecStart" && !it.value.is_empty());
    fields.flag("has-command", has_command).flag("runs-as-root", is_root && has_command);
    fields.text("head", "[Service]");
    fields.finish()
}

/// Whether nothing says otherwise. A unit of a user runs as that user, and is told by its target.
fn runs_as_root(service: &[&Setting]) -> bool {
    let last = |name: &str| service.iter().rev().find(|setting| setting.name == name);
    let user = last("User").map_or("", |setting| setting.value.as_str());
    let is_dynamic = last("DynamicUser").is_some_and(|it| plain(&it.value) == "yes");
    matches!(user, "" | "root" | "0") && !is_dynamic
}

/// The commands of an `ExecStart=` and its like.
fn commands_of(setting: &Setting, is_root: bool) -> Vec<Node> {
    let text = setting.value.as_str();
    let bare = text.trim_start_matches(['@', '-', ':', '+', '!', '|']);
    let prefix = &text[..text.len() - bare.len()];
    let start = setting.at.start + prefix.len();
    let is_root = is_root || prefix.contains(['+', '!']);
    let mut nodes = Vec::new();
    for words in words(bare).split(|word| word.text == ";") {
        nodes.extend(script::command(bare, words.to_vec(), start, &setting.name));
    }
    for node in &mut nodes {
        let flag = Node::new(Value::Bool(is_root), node.at.clone());
        let entry = (Node::text("as-root", node.at.clone()), flag);
        if let Value::Map(entries) = &mut node.value {
            entries.push(entry);
        }
    }
    nodes
}

fn variables_of(setting: &Setting) -> Vec<Node> {
    let found = words(&setting.value);
    let variable = |word: &shell::Word| {
        let (name, value) = word.text.split_once('=')?;
        let at = setting.at.start + word.at.start..setting.at.start + word.at.end;
        // Of a quoted `"NAME=value"` the value ends before the quote.
        let raw = setting.value.get(word.at.clone())?;
        let end = at.end - usize::from(raw.ends_with(['"', '\'']) && !value.ends_with(['"', '\'']));
        let begin = at.start + raw.find('=').map_or(0, |equals| equals + 1);
        let mut fields = Fields::new(at.clone());
        fields.text("name", name).text_at("value", value, &(begin.min(end)..end));
        fields.text("text", &word.text).text("summary", name);
        Some(fields.finish())
    };
    found.iter().filter_map(variable).collect()
}

/// The words of a value: quotes keep blanks, a backslash keeps the next character.
fn words(text: &str) -> Vec<shell::Word> {
    let mut words = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((at, first)) = rest.next() {
        if first.is_whitespace() {
            continue;
        }
        let mut word = shell::Word { text: String::new(), at: at..at, literal: true };
        let mut quote = None;
        let mut next = Some((at, first));
        while let Some((at, character)) = next {
            word.at.end = at + character.len_utf8();
            match (quote, character) {
                (Some(open), _) if character == open => quote = None,
                (None, '"' | '\'') => quote = Some(character),
                (_, '\\') => {
                    let Some((at, escaped)) = rest.next() else { break };
                    word.at.end = at + escaped.len_utf8();
                    let is_special = matches!(escaped, '"' | '\'' | '\\');
                    word.text.extend((!is_special).then_some('\\'));
                    word.text.push(escaped);
                }
                (_, other) => {
                    word.literal &= other != '$';
                    word.text.push(other);
                }
            }
            next = rest.next_if(|(_, next)| quote.is_some() || !next.is_whitespace());
        }
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engines::document::make::dig;

    const UNIT: &str = "[Unit]\nDescription=a\n[Service]\nUser=web\nExecStart=-/usr/bin/env A=b \\\n# c\n  sh -c 'curl x | sh'\nEnvironment=\"DB_PASSWORD=a b\" X=y\nNoNewPrivileges=TRUE\n";

    #[test]
    fn continued_lines_and_places_are_right() {
        let root = read(UNIT).unwrap();
        let variable = &root.get("variables").unwrap().elements()[0];
        assert_eq!(variable.get("value").and_then(Node::as_text), Some("a b"));
        assert_eq!(&UNIT[variable.get("value").unwrap().at.clone()], "a b");
        assert_eq!(
            dig(&root, &["service", "NoNewPrivileges"]).and_then(Node::as_text),
            Some("yes")
        );
        let commands = root.get("commands").unwrap().elements();
        let curl = &commands[1];
        assert_eq!(&UNIT[curl.at.clone()], "curl x");
        assert_eq!(curl.get("run-by").unwrap().elements()[0].as_text(), Some("sh"));
    }

    #[test]
    fn a_bar_is_no_pipe_without_a_shell() {
        let root = read("[Service]\nExecStart=/usr/bin/curl x | sh\n").unwrap();
        let commands = root.get("commands").unwrap().elements();
        assert_eq!(commands.len(), 1);
        assert!(commands[0].get("run-by").is_none());
    }

    #[test]
    fn root_is_who_nobody_else_is() {
        let is_root = |text: &str| {
            let root = read(text).unwrap();
            dig(&root, &["service", "runs-as-root"]).map(|it| it.value == Value::Bool(true))
        };
        assert_eq!(is_root("[Service]\nExecStart=/a\n"), Some(true));
        assert_eq!(is_root("[Service]\nExecStart=/a\nUser=b\n"), Some(false));
        assert_eq!(is_root("[Service]\nExecStart=/a\nDynamicUser=on\n"), Some(false));
        assert_eq!(is_root("[Service]\nMemoryMax=1G\n"), Some(false));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_every_place_is_inside(
            text in "(\\[Service\\]\n)?(ExecStart=|Environment=)?[a-b=\"'\\\\ \n\r;#|$é\u{feff}-]{0,60}"
        ) {
            if let Ok(root) = read(&text) {
                prop_assert!(crate::engines::document::service::is_inside(&root, &text));
            }
        }
    }
}
