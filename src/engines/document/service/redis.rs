//! Configuration of Redis and its kin: `redis.conf`, `sentinel.conf`, `valkey.conf`, `keydb.conf`.
//!
//! Names of fields, for rules:
//!
//! * `settings[]`: `name`, `arguments[]`, `value` (all arguments), `text`, `is-effective` (no later line of
//!   the same name takes its place);
//! * `values`: the last value by name;
//! * `sentinel`: whether it is that of a sentinel; `exposed`: whether it listens to more than this machine;
//!   `has-password`: whether a client must say who it is; `unprotected`: whether whoever reaches it may use
//!   it; `includes`: whether other files are included, so that nothing is said of what is missing;
//! * `switch`: the setting that a finding about the whole is shown at.
//! * `problems[]`: lines that the server would refuse.

use std::collections::HashMap;

use super::{Word, fields::Fields, lines};
use crate::{engines::document::node::Node, finding::RepoPath};

/// Settings that no other program has, or not at the start of a line.
const KNOWN: [&str; 24] = [
    "protected-mode",
    "requirepass",
    "appendonly",
    "appendfsync",
    "maxmemory",
    "maxmemory-policy",
    "tcp-backlog",
    "tcp-keepalive",
    "dbfilename",
    "daemonize",
    "rename-command",
    "masterauth",
    "replicaof",
    "slaveof",
    "save",
    "unixsocket",
    "unixsocketperm",
    "loglevel",
    "aclfile",
    "cluster-enabled",
    "sentinel",
    "supervised",
    "bind",
    "tls-port",
];

/// Whether a path may be that of such a file; [`looks_like_one`] has the last word.
pub fn is_one(path: &RepoPath) -> bool {
    let name = path.file_name();
    let stem = name.strip_suffix(".template").or_else(|| name.strip_suffix(".example"));
    let Some(stem) = stem.unwrap_or(name).strip_suffix(".conf") else { return false };
    ["redis", "sentinel", "valkey", "keydb"].iter().any(|known| stem.contains(known))
        || path.folder().rsplit('/').next().is_some_and(|folder| folder.contains("redis"))
}

/// Whether a text looks like such a file: its lines are words without `=`, `:`, `{` and `;`, and one is known.
pub fn looks_like_one(text: &str) -> bool {
    let mut is_known = false;
    for (_, line) in lines(text) {
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let name = line.split_whitespace().next().unwrap_or_default();
        if name.contains(['=', ':', '[', '{']) || line.ends_with(['{', ';']) {
            return false;
        }
        is_known |= KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name));
    }
    is_known
}

struct Setting {
    words: Vec<Word>,
}

/// Reads a configuration by the rules of `loadServerConfigFromString`: a line is words, quoted or not.
pub fn read(text: &str) -> Node {
    let mut settings: Vec<Setting> = Vec::new();
    let mut problems = Vec::new();
    for (start, line) in lines(text) {
        let line = if start == 0 { line.trim_start_matches('\u{feff}') } else { line };
        let start =
            if start == 0 { text.len() - text.trim_start_matches('\u{feff}').len() } else { start };
        if line.trim_start().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        match words(start, line) {
            Some(words) if !words.is_empty() => settings.push(Setting { words }),
            _ => problems.push(Node::text("a quote is not closed", start..start + line.len())),
        }
    }
    let mut fields = Fields::new(0..text.len());
    whole(&settings, &mut fields);
    let mut last: HashMap<String, usize> = HashMap::new();
    for (index, setting) in settings.iter().enumerate() {
        last.insert(setting.name(), index);
    }
    let mut values = Fields::new(0..text.len());
    for setting in &settings {
        if let Some(value) = setting.value() {
            values.node(&setting.name(), value);
        }
    }
    let nodes = settings
        .iter()
        .enumerate()
        .map(|(index, setting)| setting.node(text, last.get(&setting.name()) == Some(&index)));
    fields.list("settings", nodes.collect()).node("values", values.finish());
    fields.list("problems", problems);
    fields.finish()
}

impl Setting {
    fn name(&self) -> String {
        self.words.first().map(|word| word.text.to_ascii_lowercase()).unwrap_or_default()
    }

    fn arguments(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }

    fn says(&self, word: &str) -> bool {
        self.arguments().iter().any(|argument| argument.text.eq_ignore_ascii_case(word))
    }

    fn value(&self) -> Option<Node> {
        let (first, last) = (self.arguments().first()?, self.arguments().last()?);
        let texts: Vec<&str> = self.arguments().iter().map(|word| word.text.as_str()).collect();
        Some(Node::text(texts.join(" "), first.at.start..last.at.end))
    }

    fn node(&self, text: &str, is_effective: bool) -> Node {
        let start = self.words.first().map_or(0, |word| word.at.start);
        let at = start..self.words.last().map_or(start, |word| word.at.end);
        let mut fields = Fields::new(at.clone());
        fields.text("name", &self.name()).words("arguments", self.arguments());
        if let Some(value) = self.value() {
            fields.node("value", value);
        }
        fields.text("text", text.get(at).unwrap_or_default()).flag("is-effective", is_effective);
        fields.finish()
    }
}

/// What several lines say together.
fn whole(settings: &[Setting], fields: &mut Fields) {
    let last = |name: &str| settings.iter().rev().find(|setting| setting.name() == name);
    let is_sentinel = last("sentinel").is_some();
    let bind = last("bind");
    let is_exposed = bind.is_none_or(|bind| !bind.arguments().iter().all(is_local));
    let listens = last("port").is_none_or(|port| !port.says("0"))
        || last("tls-port").is_some_and(|port| !port.says("0"));
    let password = last("requirepass").and_then(|it| it.arguments().first());
    let users = settings.iter().filter(|it| it.name() == "user" && it.says("default"));
    let has_user = users.into_iter().any(|user| {
        user.says("off") || user.arguments().iter().any(|word| word.text.starts_with(['>', '#']))
    });
    let has_password =
        password.is_some_and(|word| !word.text.is_empty()) || has_user || last("aclfile").is_some();
    let checks_clients = last("tls-port").is_some_and(|port| !port.says("0"))
        && last("port").is_some_and(|port| port.says("0"))
        && !last("tls-auth-clients").is_some_and(|it| it.says("no"));
    let includes = last("include").is_some();
    let switch = last("protected-mode");
    let is_open = switch.is_some_and(|switch| switch.says("no"));
    fields.flag("sentinel", is_sentinel).flag("exposed", is_exposed && listens);
    fields.flag("has-password", has_password).flag("includes", includes);
    let is_unprotected =
        is_open && is_exposed && listens && !has_password && !checks_clients && !includes;
    fields.flag("unprotected", is_unprotected);
    let shown = switch.or(bind).and_then(Setting::value);
    if let Some(shown) = shown {
        fields.node("switch", shown);
    }
}

/// Whether an address is one of this machine. `-` before it says that it need not exist.
fn is_local(address: &Word) -> bool {
    let address = address.text.trim_start_matches('-');
    address.starts_with("127.") || matches!(address, "::1" | "localhost" | "")
}

/// The words of a line, as `sdssplitargs` reads them; nothing if a quote is not closed.
fn words(start: usize, line: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = line.char_indices().peekable();
    while let Some((at, character)) = rest.next() {
        if character.is_whitespace() || character == '\0' {
            continue;
        }
        let mut text = String::new();
        let mut end = at + character.len_utf8();
        let is_bare = !matches!(character, '"' | '\'');
        if is_bare {
            text.push(character);
            while let Some((next, character)) = rest.next_if(|(_, c)| !c.is_whitespace()) {
                text.push(character);
                end = next + character.len_utf8();
            }
        } else {
            end = loop {
                match rest.next()? {
                    (close, inner) if inner == character => break close + 1,
                    (_, '\\') if character == '"' => text.push(escaped(rest.next()?.1)),
                    (_, '\\') if rest.peek().is_some_and(|(_, next)| *next == '\'') => {
                        text.push(rest.next()?.1);
                    }
                    (_, inner) => text.push(inner),
                }
            };
        }
        words.push(Word { text, at: start + at..start + end, is_bare });
    }
    Some(words)
}

const fn escaped(character: char) -> char {
    match character {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engines::document::node::Value;

    fn is_unprotected(text: &str) -> bool {
        read(text).get("unprotected").is_some_and(|node| node.value == Value::Bool(true))
    }

    #[test]
    fn only_a_server_that_answers_everybody_is_unprotected() {
        assert!(is_unprotected("bind 0.0.0.0\nprotected-mode no\n"));
        assert!(is_unprotected("PROTECTED-MODE no\nrequirepass \"\"\n"));
        assert!(is_unprotected("protected-mode no\nuser default on nopass ~* +@all\n"));
        for text in [
            "protected-mode no\nbind 127.0.0.1 -::1\n",
            "protected-mode no\nrequirepass x\n",
            "protected-mode yes\nbind *\n",
            "protected-mode no\nport 0\n",
            "protected-mode no\ninclude /etc/redis/local.conf\n",
            "protected-mode no\nuser default off\n",
            "protected-mode no\naclfile /etc/redis/users.acl\n",
            "bind 0.0.0.0\n",
            "protected-mode no\nport 0\ntls-port 6379\n",
        ] {
            assert!(!is_unprotected(text), "{text}");
        }
    }

    #[test]
    fn words_know_quotes_and_places() {
        let text = "\u{feff}requirepass \"a \\\"b\" 'c\\'d' e#f\n";
        let root = read(text);
        let setting = &root.get("settings").unwrap().elements()[0];
        let words: Vec<_> = setting.get("arguments").unwrap().elements().iter().collect();
        let texts: Vec<_> = words.iter().filter_map(|word| word.as_text()).collect();
        assert_eq!(texts, ["a \"b", "c'd", "e#f"]);
        assert_eq!(&text[words[0].at.clone()], "\"a \\\"b\"");
        assert_eq!(read("save \"60").get("problems").unwrap().elements().len(), 1);
    }

    #[test]
    fn files_of_other_programs_are_none() {
        assert!(!looks_like_one("alarm: redis\n on: x\n"));
        assert!(!looks_like_one("upstream redis {\n server a:1;\n}\n"));
        assert!(!looks_like_one("[program:redis]\nsave a\n"));
        assert!(looks_like_one("# x\nport 1\nprotected-mode no\n"));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_every_place_is_inside(text in "[a-b\"'\\\\ \n\r#é\u{feff}-]{0,60}") {
            prop_assert!(crate::engines::document::service::is_inside(&read(&text), &text));
        }
    }
}
