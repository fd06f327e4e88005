//! Configuration of `PostgreSQL`: `postgresql.conf` here, `pg_hba.conf` in [`hba`].
//!
//! Names of fields, for rules:
//!
//! * `settings[]`: `name` (in lower case), `value`, `assignment` (`name=value`), `is-effective` (it is not set
//!   again further down);
//! * `values`: the last value by name;
//! * `exposed`: whether it listens to more than this machine; `includes`: whether other files are included, so
//!   that nothing is said of what is missing; `is-whole`: whether it is the main file, and no addition to one;
//! * `problems[]`: lines that the server would refuse.

pub mod hba;

use std::{collections::HashMap, ops::Range};

use super::{fields::Fields, lines};
use crate::{engines::document::node::Node, finding::RepoPath};

/// Parameters by which a file is known, as the manual has them.
const KNOWN: [&str; 18] = [
    "listen_addresses",
    "max_connections",
    "shared_buffers",
    "wal_level",
    "max_wal_size",
    "log_timezone",
    "log_line_prefix",
    "datestyle",
    "password_encryption",
    "ssl_cert_file",
    "effective_cache_size",
    "work_mem",
    "fsync",
    "synchronous_commit",
    "shared_preload_libraries",
    "log_statement",
    "hot_standby",
    "archive_mode",
];

/// Whether a path may be that of such a file; [`looks_like_one`] has the last word.
pub fn is_one(path: &RepoPath) -> bool {
    let name = path.file_name();
    let stem = ["sample", "template", "example"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending)?.strip_suffix('.'))
        .unwrap_or(name);
    let Some(stem) = stem.strip_suffix(".conf") else { return false };
    let is_below = || path.folder().split('/').any(|folder| folder.contains("postgres"));
    !stem.contains("hba") && !stem.contains("ident") && (stem.contains("postgres") || is_below())
}

/// Whether a text looks like such a file: a known parameter, and no sections or blocks.
pub fn looks_like_one(text: &str) -> bool {
    let mut is_known = false;
    for (_, line) in lines(text) {
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.starts_with(['[', '{', '<']) || line.ends_with(['{', ';']) {
            return false;
        }
        let name = line.split(|c: char| c == '=' || c.is_whitespace()).next().unwrap_or_default();
        is_known |= KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name));
    }
    is_known
}

struct Setting {
    name: String,
    value: Option<Node>,
    at: Range<usize>,
}

/// Reads `postgresql.conf`: `name = value` with an optional `=`, values in single quotes or bare.
pub fn read(text: &str) -> Node {
    let mut settings = Vec::new();
    let mut problems = Vec::new();
    for (start, line) in lines(text) {
        let trimmed = line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let start = start + (line.len() - trimmed.len());
        match setting(start, trimmed) {
            Some(setting) => settings.push(setting),
            None => problems.push(Node::text("no parameter", start..start + trimmed.len())),
        }
    }
    let mut fields = Fields::new(0..text.len());
    let mut values = Fields::new(0..text.len());
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (index, setting) in settings.iter().enumerate() {
        last.insert(&setting.name, index);
        if let Some(value) = &setting.value {
            values.node(&setting.name, value.clone());
        }
    }
    let value = |name: &str| {
        let setting = last.get(name).and_then(|index| settings.get(*index))?;
        setting.value.as_ref()?.as_text()
    };
    let is_exposed = value("listen_addresses").is_some_and(|all| !all.split(',').all(is_local));
    let includes = ["include", "include_dir", "include_if_exists"];
    let main = ["listen_addresses", "max_connections", "data_directory"];
    fields.flag("exposed", is_exposed);
    fields.flag("includes", includes.iter().any(|name| last.contains_key(name)));
    fields.flag("is-whole", main.iter().any(|name| last.contains_key(name)));
    let nodes = settings
        .iter()
        .enumerate()
        .map(|(index, setting)| setting.node(last.get(setting.name.as_str()) == Some(&index)));
    fields.list("settings", nodes.collect()).node("values", values.finish());
    fields.list("problems", problems);
    fields.finish()
}

fn is_local(address: &str) -> bool {
    let address = address.trim();
    address.is_empty() || address.starts_with("127.") || matches!(address, "localhost" | "::1")
}

impl Setting {
    fn node(&self, is_effective: bool) -> Node {
        let mut fields = Fields::new(self.at.clone());
        fields.text("name", &self.name).flag("is-effective", is_effective);
        if let Some(value) = &self.value {
            let text = value.as_text().unwrap_or_default();
            fields.text("assignment", &format!("{}={text}", self.name));
            fields.node("value", value.clone());
        }
        fields.finish()
    }
}

/// One line from its first letter on.
fn setting(start: usize, line: &str) -> Option<Setting> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let length = line.find(|c: char| !is_name(c)).unwrap_or(line.len());
    let name = line[..length].to_ascii_lowercase();
    if name.is_empty() {
        return None;
    }
    let rest = line[length..].trim_start();
    let rest = rest.strip_prefix('=').map_or(rest, str::trim_start);
    let at = start + (line.len() - rest.len());
    let Some(quoted) = rest.strip_prefix('\'') else {
        let end = rest.find(|c: char| c.is_whitespace() || c == '#').unwrap_or(rest.len());
        let value = (end > 0).then(|| Node::text(&rest[..end], at..at + end));
        let end = value.as_ref().map_or(start + length, |value| value.at.end);
        return Some(Setting { name, value, at: start..end });
    };
    let (value, length) = until_quote(quoted)?;
    let end = at + 1 + length;
    Some(Setting { name, value: Some(Node::text(value, at..end)), at: start..end })
}

/// A text up to its closing quote, and how many bytes both have. `''` and `\'` are quotes in it.
fn until_quote(text: &str) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' if characters.next_if(|(_, next)| *next == '\'').is_some() => value.push('\''),
            '\'' => return Some((value, at + 1)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_stand_with_and_without_equals_and_quotes() {
        let text = "\u{feff}# c\nlisten_addresses = '*' # all\nFSYNC off\nport=5432\nsearch_path = 'a''b\\'c'\n";
        let root = read(text);
        let value = |name: &str| root.get("values").unwrap().get(name).unwrap();
        assert_eq!(value("listen_addresses").as_text(), Some("*"));
        assert_eq!(&text[value("listen_addresses").at.clone()], "'*'");
        assert_eq!(value("fsync").as_text(), Some("off"));
        assert_eq!(value("port").as_text(), Some("5432"));
        assert_eq!(value("search_path").as_text(), Some("a'b'c"));
    }

    #[test]
    fn an_open_quote_is_told() {
        let root = read("port = '5432\nfsync = on\n");
        assert_eq!(root.get("problems").unwrap().elements().len(), 1);
        assert!(root.get("values").unwrap().get("fsync").is_some());
    }

    proptest! {
        #[test]
        fn no_text_panics_and_every_place_is_inside(text in "[a-b_.='\\\\ \n\r#é\u{feff}@,/-]{0,60}") {
            prop_assert!(crate::engines::document::service::is_inside(&read(&text), &text));
            prop_assert!(crate::engines::document::service::is_inside(&hba::read(&text), &text));
        }
    }
}
