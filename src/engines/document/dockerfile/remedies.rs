//! Fields that repairs edit: places at which a text can be put in, taken out or replaced without harm, and that text
//! where it has to be computed.
//!
//! Where an instruction is written in a way in which the edit might mean something else, the field is not there.

use std::ops::Range;

use super::{
    super::{
        node::Node,
        shell::{Command, Word, program::Program},
    },
    fields::Fields,
    image::Image,
    parse::{Dockerfile, Instruction},
    words,
};

/// Switches without which packages and servers are verified.
const SWITCHES: &[(&str, &[&str])] = &[
    ("curl", &["-k", "--insecure", "--proxy-insecure"]),
    ("wget", &["--no-check-certificate"]),
    ("apt-get", &["--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories"]),
    ("apt", &["--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories"]),
    ("apk", &["--allow-untrusted"]),
    ("yum", &["--nogpgcheck"]),
    ("dnf", &["--nogpgcheck", "--no-gpgchecks"]),
    ("microdnf", &["--nogpgcheck", "--no-gpgchecks"]),
    ("zypper", &["--no-gpg-checks"]),
    ("rpm", &["--nosignature"]),
];

/// What `apt` and `apt-get` both do.
const SHARED_WITH_APT: &[&str] = &[
    "autoclean",
    "autoremove",
    "build-dep",
    "clean",
    "download",
    "install",
    "purge",
    "remove",
    "source",
    "update",
    "upgrade",
];

/// Instructions that tell about the image or start it: they need no rights in the build.
const LAST_WORDS: &[&str] =
    &["CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "LABEL", "STOPSIGNAL", "VOLUME"];

/// Names of images in which bash is installed.
const WITH_BASH: &[&str] = &[
    "almalinux",
    "buildpack-deps",
    "centos",
    "debian",
    "fedora",
    "golang",
    "node",
    "openjdk",
    "perl",
    "php",
    "python",
    "rockylinux",
    "ruby",
    "rust",
    "ubuntu",
];

/// Words that a shell knows and no file holds.
const BUILT_IN: &[&str] = &[
    ".", "cd", "eval", "exec", "exit", "export", "set", "source", "trap", "ulimit", "umask", "wait",
];

/// Where the words of a command stand.
pub(super) struct Written<'s> {
    /// The script.
    pub(super) text: &'s str,
    /// Whether it is the text of a shell, and its places are exact.
    pub(super) is_plain: bool,
    /// Bytes of the file for bytes of the script.
    pub(super) place: &'s dyn Fn(&Range<usize>) -> Range<usize>,
}

impl Written<'_> {
    fn is_bare(&self, word: &Word) -> bool {
        self.is_plain && self.text.get(word.at.clone()) == Some(word.text.as_str())
    }

    fn note(&self, fields: &mut Fields, key: &str, word: &Word) {
        fields.text_at(key, &word.text, (self.place)(&word.at));
    }
}

/// Adds to a command `word` (its program), `verb` (its subcommand), `as-apt-get` (the word `apt`), `switch` (the only one that switches a verification off, with the blanks before it).
pub(super) fn note_command(
    fields: &mut Fields,
    written: &Written<'_>,
    command: &Command,
    program: &Program<'_>,
) {
    if !written.is_plain {
        return;
    }
    let at = command.words.len().checked_sub(program.arguments.len() + 1);
    if let Some(word) = at.and_then(|at| command.words.get(at)).filter(|word| written.is_bare(word))
    {
        written.note(fields, "word", word);
        let first = program.operands.first().map(|word| word.text.as_str());
        if word.text == "apt" && first.is_some_and(|verb| SHARED_WITH_APT.contains(&verb)) {
            written.note(fields, "as-apt-get", word);
        }
    }
    let verb = program.operands.first().filter(|verb| written.is_bare(verb));
    if let Some(verb) = verb.filter(|_| program.name != "aptitude") {
        written.note(fields, "verb", verb);
    }
    if let Some(at) = switch(command, program, written) {
        fields.text_at("switch", "switch", at);
    }
}

/// Adds `sudo`, what to take out of a command that root runs anyway.
pub(super) fn note_sudo(fields: &mut Fields, written: &Written<'_>, command: &Command) {
    if let [sudo, next, ..] = command.words.as_slice()
        && sudo.text == "sudo"
        && written.is_bare(sudo)
        && !next.text.starts_with('-')
        && !next.text.contains('=')
    {
        fields.text_at("sudo", "sudo", (written.place)(&(sudo.at.start..next.at.start)));
    }
}

fn switch(command: &Command, program: &Program<'_>, written: &Written<'_>) -> Option<Range<usize>> {
    let (_, known) = SWITCHES.iter().find(|(name, _)| *name == program.name)?;
    let pairs = command.words.windows(2);
    let mut found = pairs.filter(|pair| known.contains(&pair[1].text.as_str()));
    let pair = found.next().filter(|pair| written.is_bare(&pair[1]))?;
    let is_only = found.next().is_none();
    is_only.then(|| (written.place)(&(pair[0].at.end..pair[1].at.end)))
}

/// How an instruction is written otherwise: `as-copy` (the word `ADD`), `as-label` (of `MAINTAINER`).
pub(super) fn note_instruction(fields: &mut Fields, instruction: &Instruction) {
    let text = instruction.text().trim();
    let is_plain = |text: &str| !text.contains(['"', '\\', '$', '`', '\n', '\'']);
    if instruction.name == "MAINTAINER" && is_plain(text) && text.contains('@') {
        let label = format!("LABEL org.opencontainers.image.authors=\"{text}\"");
        let start = instruction.line.source(&instruction.name_at).start;
        fields.text_at("as-label", &label, start..instruction.at.end);
    }
}

/// The shell form of `CMD` or `ENTRYPOINT` as a JSON array, if it is one program with plain words.
pub(super) fn as_json(instruction: &Instruction) -> Option<String> {
    let text = instruction.text().trim();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" _./:,@%+-".contains(&byte);
    let first = text.split(' ').next().unwrap_or_default();
    if !text.bytes().all(is_plain) || first.is_empty() || BUILT_IN.contains(&first) {
        return None;
    }
    let words: Vec<String> =
        text.split(' ').filter(|word| !word.is_empty()).map(|word| format!("\"{word}\"")).collect();
    Some(format!("[{}]", words.join(", ")))
}

/// Where a command can be appended to a `RUN` with `&&`.
pub(super) fn end_of_script(instruction: &Instruction) -> Option<Range<usize>> {
    let text = instruction.text().trim_end();
    let ends_well = text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '*' | '"'));
    let is_odd = !instruction.heredocs.is_empty()
        || words::json(text).is_some()
        || text.contains(" #")
        || text.contains("exit")
        || text.contains("exec ");
    let start = instruction.arguments.start;
    (ends_well && !is_odd).then(|| instruction.source(&(start..start + text.len())))
}

/// The `SHELL` under which pipes fail as a whole in an image.
pub(super) fn pipefail_shell(image: &Image) -> Option<&'static str> {
    let tag = image.tag.as_deref().unwrap_or_default();
    let name = image.name();
    if name == "alpine" || (WITH_BASH.contains(&name.as_str()) && tag.contains("alpine")) {
        return Some("SHELL [\"/bin/ash\", \"-o\", \"pipefail\", \"-c\"]");
    }
    let has_bash = WITH_BASH.contains(&name.as_str()) && !tag.contains("${");
    has_bash.then_some("SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]")
}

/// A user that is not root for the stage of these instructions: the bytes that become the text. After the last
/// instruction that may need root a line is added; if that one sets the user, its user is replaced.
pub(super) fn new_user(file: &Dockerfile, stage: Range<usize>) -> Option<Node> {
    let instructions = file.instructions.get(stage)?;
    let needs_root = |one: &&Instruction| one.onbuild || !LAST_WORDS.contains(&one.name);
    let last = instructions.iter().rev().find(needs_root)?;
    if last.name == "USER" && !last.onbuild {
        let start = last.arguments.start;
        let at = last.source(&(start..start + last.text().trim_end().len()));
        return Some(Node::text("10001", at));
    }
    let text = format!("{}USER 10001", file.line_ending);
    (!last.is_open).then(|| Node::text(text, last.at.end..last.at.end))
}

#[cfg(test)]
mod tests {
    use super::{super::parse, *};

    fn instruction(text: &str) -> Instruction {
        let mut instructions = parse::parse(text).instructions;
        instructions.pop().expect("there is an instruction")
    }

    #[test]
    fn only_plain_words_become_an_array() {
        let json = |text: &str| as_json(&instruction(text));
        assert_eq!(json("CMD node  app.js").as_deref(), Some("[\"node\", \"app.js\"]"));
        for text in ["CMD exec node", "CMD node $A", "CMD a && b", "CMD a > b", "CMD 'a b'"] {
            assert_eq!(json(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_is_put_after_a_line_that_is_continued() {
        let new = |text: &str| {
            let file = parse::parse(text);
            new_user(&file, 0..file.instructions.len()).map(|node| node.at)
        };
        assert_eq!(new("FROM a\nRUN b\nCMD c\n"), Some(12..12));
        assert_eq!(new("FROM a\nUSER root\nCMD c\n"), Some(12..16));
        assert_eq!(new("FROM a\nRUN b \\\n# c\n"), None);
    }

    #[test]
    fn nothing_is_appended_to_a_comment_or_an_exit() {
        for text in ["RUN a # b", "RUN a; exit 0", "RUN <<E\na\nE", "RUN [\"a\"]", "RUN a;"] {
            assert_eq!(end_of_script(&instruction(text)), None, "{text}");
        }
        assert_eq!(end_of_script(&instruction("RUN a b\n")), Some(4..7));
    }
}
