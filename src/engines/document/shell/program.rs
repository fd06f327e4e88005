//! What a command really runs: the program behind `sudo`, `env`, `xargs` and their like, its options, its
//! subcommand and its operands.

use super::Word;

/// Programs that run another one given after their own options.
///
/// Each with the options that take a value, and how many operands come before the other program.
const WRAPPERS: &[(&str, &[&str], usize)] = &[
    ("sudo", &["-u", "-g", "-h", "-p", "-C", "-T", "-r", "-t", "-D", "-R", "--user", "--group"], 0),
    ("doas", &["-u", "-C"], 0),
    ("env", &["-u", "-C", "--unset", "--chdir"], 0),
    ("exec", &["-a"], 0),
    ("command", &[], 0),
    ("builtin", &[], 0),
    ("nice", &["-n", "--adjustment"], 0),
    ("ionice", &["-c", "-n", "-p"], 0),
    ("nohup", &[], 0),
    ("setsid", &[], 0),
    ("stdbuf", &["-i", "-o", "-e"], 0),
    ("timeout", &["-s", "-k", "--signal", "--kill-after"], 1),
    ("xargs", &["-I", "-n", "-P", "-L", "-d", "-a", "-E", "-s"], 0),
    ("chroot", &["--userspec", "--groups"], 1),
    ("gosu", &[], 1),
    ("su-exec", &[], 1),
    ("runuser", &["-u", "--user"], 0),
    ("setpriv", &["--reuid", "--regid", "--groups"], 0),
    ("busybox", &[], 0),
    ("fakeroot", &[], 0),
    ("eatmydata", &[], 0),
    ("tini", &["-e", "-p"], 0),
    ("dumb-init", &["-r", "--rewrite"], 0),
];

/// Options that take a value as the next word. Those of one letter may stand last in a cluster.
const VALUE_OPTIONS: &[(&str, &[&str])] = &[
    ("apt-get", &["-o", "-t", "-c", "-a", "--option", "--target-release", "--default-release"]),
    ("apt", &["-o", "-t", "-c", "-a", "--option", "--target-release", "--default-release"]),
    (
        "apk",
        &["-t", "-p", "-X", "--virtual", "--root", "--repository", "--keys-dir", "--cache-dir"],
    ),
    ("yum", &["-c", "-x", "-R", "--installroot", "--enablerepo", "--disablerepo", "--setopt"]),
    ("dnf", &["-c", "-x", "--installroot", "--enablerepo", "--disablerepo", "--setopt", "--repo"]),
    ("microdnf", &["--installroot", "--enablerepo", "--disablerepo", "--setopt"]),
    ("zypper", &["-R", "--root", "--reposd-dir", "--installroot"]),
    (
        "pip",
        &[
            "-r",
            "-c",
            "-e",
            "-i",
            "-f",
            "-t",
            "--requirement",
            "--constraint",
            "--editable",
            "--index-url",
            "--extra-index-url",
            "--find-links",
            "--target",
            "--prefix",
            "--root",
            "--trusted-host",
            "--proxy",
            "--cert",
            "--cache-dir",
            "--timeout",
            "--retries",
            "--progress-bar",
            "--platform",
            "--python-version",
            "--only-binary",
            "--no-binary",
        ],
    ),
    ("npm", &["-C", "--prefix", "--registry", "--loglevel", "--cache", "--workspace", "-w"]),
    ("yarn", &["--cwd", "--registry", "--modules-folder", "--network-timeout"]),
    ("gem", &["-v", "--version", "-i", "-n", "-s", "--source", "-P", "--install-dir", "--bindir"]),
    ("go", &["-C"]),
    ("git", &["-C", "-c", "--git-dir", "--work-tree", "-b", "--branch", "--depth"]),
    (
        "curl",
        &[
            "-o",
            "-H",
            "-d",
            "-u",
            "-A",
            "-b",
            "-c",
            "-e",
            "-F",
            "-K",
            "-m",
            "-T",
            "-x",
            "-X",
            "-w",
            "-y",
            "-Y",
            "-z",
            "-C",
            "-E",
            "-P",
            "-Q",
            "-r",
            "-t",
            "-U",
            "-D",
            "--output",
            "--header",
            "--data",
            "--user",
            "--retry",
            "--retry-delay",
            "--max-time",
            "--connect-timeout",
            "--request",
            "--proxy",
            "--cacert",
            "--capath",
            "--cert",
            "--key",
            "--proto",
            "--url",
        ],
    ),
    (
        "wget",
        &["-O", "-o", "-a", "-P", "-U", "-T", "-t", "-e", "-i", "-Q", "-l", "--output-document"],
    ),
    (
        "useradd",
        &[
            "-u",
            "-g",
            "-G",
            "-d",
            "-s",
            "-c",
            "-p",
            "-k",
            "-K",
            "-e",
            "-f",
            "--uid",
            "--gid",
            "--home-dir",
            "--shell",
            "--groups",
            "--comment",
            "--password",
        ],
    ),
];

/// Shells: what they are given to read, they run.
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "zsh", "ksh", "mksh", "fish"];

/// Other interpreters that run what they are given to read.
const INTERPRETERS: &[&str] = &["python", "perl", "ruby", "node", "php", "lua", "Rscript", "pwsh"];

/// The program behind its wrappers, with its arguments sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program<'w> {
    /// Its name without folders; of `python3 -m pip` the module.
    pub name: String,
    /// The wrappers that run it, outermost first.
    pub via: Vec<String>,
    /// Assignments given to `env` or `sudo`.
    pub assignments: Vec<(&'w str, &'w str, &'w Word)>,
    /// All words after it.
    pub arguments: &'w [Word],
    /// Names of its options; a cluster `-xzf` is three.
    pub options: Vec<String>,
    /// Words that are no options and no values of options.
    pub operands: Vec<&'w Word>,
}

impl<'w> Program<'w> {
    /// Looks behind the wrappers of a command; nothing if there are no words.
    pub fn of(words: &'w [Word]) -> Option<Self> {
        let mut program = Self::default();
        let mut words = words;
        loop {
            let (first, rest) = words.split_first()?;
            let name = base_name(&first.text);
            let inner = wrapper(name).and_then(|wrapper| program.unwrap(wrapper, rest));
            if inner.is_some() || matches!(name, "sudo" | "doas") {
                program.via.push(name.to_owned());
            }
            let Some(inner) = inner else {
                program.settle(name, rest);
                return Some(program);
            };
            words = inner;
        }
    }

    /// The words of the program that a wrapper runs; nothing if it runs none.
    fn unwrap(
        &mut self,
        (name, value_options, operands): &(&str, &[&str], usize),
        words: &'w [Word],
    ) -> Option<&'w [Word]> {
        let mut at = 0;
        let mut operands = *operands;
        while let Some(word) = words.get(at) {
            let text = word.text.as_str();
            if *name == "command" && matches!(text, "-v" | "-V") {
                return None;
            }
            if text.starts_with('-') && text.len() > 1 {
                at += if value_options.contains(&text) { 2 } else { 1 };
            } else if let Some((variable, value)) = variable(name, text) {
                self.assignments.push((variable, value, word));
                at += 1;
            } else if operands > 0 {
                operands -= 1;
                at += 1;
            } else {
                return Some(&words[at..]);
            }
        }
        None
    }

    fn settle(&mut self, name: &str, arguments: &'w [Word]) {
        if is_python(name)
            && let [flag, module, rest @ ..] = arguments
            && flag.text == "-m"
        {
            self.via.push(name.to_owned());
            return self.settle(&module.text, rest);
        }
        name.clone_into(&mut self.name);
        self.arguments = arguments;
        let value_options = value_options(name);
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let text = word.text.as_str();
            if text == "--" {
                self.operands.extend(words.by_ref());
            } else if !text.starts_with('-') || text == "-" {
                self.operands.push(word);
            } else if self.option(text, value_options) {
                words.next();
            }
        }
    }

    /// Notes the options of one word; says whether the last of them wants the next word.
    fn option(&mut self, text: &str, value_options: &[&str]) -> bool {
        if text.starts_with("--") {
            let (name, value) = text.split_once('=').map_or((text, None), |(n, v)| (n, Some(v)));
            self.options.push(name.to_owned());
            return value.is_none() && value_options.contains(&name);
        }
        let mut letters = text[1..].chars().peekable();
        while let Some(letter) = letters.next() {
            let option = format!("-{letter}");
            let takes_value = value_options.contains(&option.as_str());
            self.options.push(option);
            if takes_value {
                return letters.peek().is_none();
            }
            if self.options.len() > 64 {
                return false;
            }
        }
        false
    }

    /// Whether it is a shell.
    pub fn is_shell(&self) -> bool {
        SHELLS.contains(&self.name.as_str())
    }

    /// Whether it runs what it reads from its input, as `sh` and `python3 -` do.
    pub fn runs_its_input(&self) -> bool {
        let has = |wanted: &str| self.options.iter().any(|option| option == wanted);
        let first = self.operands.first().map(|word| word.text.as_str());
        let from_input = matches!(first, None | Some("-" | "/dev/stdin" | "/proc/self/fd/0"));
        if self.is_shell() {
            return !has("-c") && (has("-s") || from_input);
        }
        let is_interpreter = self.is_interpreter();
        let has_code = ["-c", "-e", "-m", "-n", "-p", "-r", "-E", "-V", "--version", "--eval"];
        is_interpreter && from_input && !has_code.iter().any(|option| has(option))
    }

    /// Whether it runs a file that it is given, as `sh FILE`, `source FILE` and `python3 FILE` do.
    pub fn runs_its_first_operand(&self) -> bool {
        let has_code = self.options.iter().any(|option| matches!(option.as_str(), "-c" | "-e"));
        matches!(self.name.as_str(), "source" | ".")
            || (!has_code && (self.is_shell() || self.is_interpreter()))
    }

    /// Whether it runs a text that it is given, as `eval TEXT` and `sh -c TEXT` do.
    pub fn runs_its_text(&self) -> bool {
        let has_code = self.options.iter().any(|option| matches!(option.as_str(), "-c" | "-e"));
        self.name == "eval" || (has_code && (self.is_shell() || self.is_interpreter()))
    }

    /// The script given to `sh -c`, `su -c` and `eval`.
    pub fn script(&self) -> Option<&'w Word> {
        if self.is_shell() || matches!(self.name.as_str(), "su" | "runuser") {
            let code = |word: &Word| is_code_option(&word.text);
            let at = self.arguments.iter().position(code)?;
            return self.arguments.get(at + 1);
        }
        (self.name == "eval").then(|| self.arguments.first()).flatten()
    }

    fn is_interpreter(&self) -> bool {
        is_python(&self.name)
            || INTERPRETERS.contains(&self.name.trim_end_matches(|c: char| c.is_ascii_digit()))
    }
}

/// `-c`, also at the end of a cluster such as `-lc`.
fn is_code_option(text: &str) -> bool {
    text == "--command"
        || (text.starts_with('-')
            && !text.starts_with("--")
            && text.ends_with('c')
            && text.len() <= 6)
}

fn is_python(name: &str) -> bool {
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| version.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

fn wrapper(name: &str) -> Option<&'static (&'static str, &'static [&'static str], usize)> {
    WRAPPERS.iter().find(|(known, _, _)| *known == name)
}

fn value_options(name: &str) -> &'static [&'static str] {
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    VALUE_OPTIONS.iter().find(|(known, _)| *known == plain).map_or(&[], |(_, options)| options)
}

fn variable<'w>(wrapper: &str, text: &'w str) -> Option<(&'w str, &'w str)> {
    let (name, value) = text.split_once('=').filter(|_| matches!(wrapper, "env" | "sudo"))?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some((name, value))
}

fn base_name(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.is_empty() { path } else { name }
}
