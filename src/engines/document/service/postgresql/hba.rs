//! `pg_hba.conf`: who may come in to `PostgreSQL`, from where, and how they prove it.
//!
//! Names of fields, for rules: `records[]`, each `type` (`local`, `host`, `hostssl`, ...), `databases[]`,
//! `users[]`, `address`, `mask`, `method`, `options[]`, `from` (`anywhere`, `network`, `this-machine`,
//! `socket`), `is-wide` (all databases and all users), `is-tls`, `summary`. `problems[]`: lines that the
//! server would refuse.

use super::super::{Word, fields::Fields, lines};
use crate::{engines::document::node::Node, finding::RepoPath};

const TYPES: [&str; 6] = ["local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc"];

/// Whether a path may be that of such a file.
pub fn is_one(path: &RepoPath) -> bool {
    let name = path.file_name();
    name.contains("hba") && name.split('.').any(|part| part == "conf" || part == "hba")
}

/// Whether a text looks like such a file: some line begins with the type of a connection.
pub fn looks_like_one(text: &str) -> bool {
    lines(text).any(|(_, line)| {
        let first = line.split_whitespace().next().unwrap_or_default();
        TYPES.contains(&first)
    })
}

/// Reads all records.
pub fn read(text: &str) -> Node {
    let mut records = Vec::new();
    let mut problems = Vec::new();
    for (start, line) in lines(text) {
        let words = words(start, line);
        match words.as_slice() {
            [] => {}
            [word, ..] if word.text.starts_with("include") || word.text.starts_with('@') => {}
            [word, rest @ ..] if TYPES.contains(&word.text.as_str()) => match record(word, rest) {
                Some(record) => records.push(record),
                None => problems.push(Node::text("the record is not complete", word.at.clone())),
            },
            [word, ..] => problems.push(Node::text("no type of connection", word.at.clone())),
        }
    }
    let mut fields = Fields::new(0..text.len());
    fields.list("records", records).list("problems", problems);
    fields.finish()
}

/// A record from its type and the words after it.
fn record(kind: &Word, rest: &[Word]) -> Option<Node> {
    let (databases, rest) = list(rest)?;
    let (users, rest) = list(rest)?;
    let end = rest.last()?.at.end;
    let mut fields = Fields::new(kind.at.start..end);
    fields
        .word("type", kind)
        .flag("is-tls", matches!(kind.text.as_str(), "hostssl" | "hostgssenc"));
    fields.words("databases", databases).words("users", users);
    let is_wide = holds(databases, "all") && holds(users, "all");
    fields.flag("is-wide", is_wide).flag("replication", holds(databases, "replication"));
    let (from, method, options) = if kind.text == "local" {
        let (method, options) = rest.split_first()?;
        ("socket", method, options)
    } else {
        let (address, rest) = rest.split_first()?;
        fields.word("address", address);
        let (first, after) = rest.split_first()?;
        let is_mask = first.text.contains(['.', ':']) || first.text.parse::<u32>().is_ok();
        let (mask, method, options) = if is_mask {
            let (method, options) = after.split_first()?;
            (Some(first), method, options)
        } else {
            (None, first, after)
        };
        if let Some(mask) = mask {
            fields.word("mask", mask);
        }
        (whence(&address.text, mask.map(|mask| mask.text.as_str())), method, options)
    };
    fields.text("from", from).word("method", method).words("options", options);
    let said: Vec<&str> =
        [kind].into_iter().chain(databases).chain(users).map(|word| word.text.as_str()).collect();
    fields.text("summary", &format!("{} … {}", said.join(" "), method.text));
    Some(fields.finish())
}

/// From where an address lets clients come.
fn whence(address: &str, mask: Option<&str>) -> &'static str {
    match (address, mask) {
        ("all" | "0.0.0.0/0" | "::/0" | "::0/0", _)
        | ("0.0.0.0", Some("0.0.0.0"))
        | ("::" | "::0", Some("::" | "::0")) => "anywhere",
        ("samehost" | "localhost" | "::1" | "::1/128", _) => "this-machine",
        _ if address.starts_with("127.") => "this-machine",
        _ => "network",
    }
}

fn holds(words: &[Word], wanted: &str) -> bool {
    words.iter().any(|word| word.is_bare && word.text.trim_end_matches(',') == wanted)
}

/// The words of a list that commas hold together, and what follows it.
fn list(words: &[Word]) -> Option<(&[Word], &[Word])> {
    let mut end = 0;
    loop {
        let word = words.get(end)?;
        end += 1;
        let goes_on = word.text.ends_with(',') && word.is_bare;
        let continued = words.get(end).is_some_and(|next| next.is_bare && next.text == ",");
        if !goes_on && !continued {
            return Some(words.split_at(end));
        }
    }
}

/// The words of a line up to a comment; each list `a,b` is split at its commas.
fn words(start: usize, line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = line.char_indices().peekable();
    while let Some((at, character)) = rest.next() {
        if character.is_whitespace() || character == '\u{feff}' {
            continue;
        }
        if character == '#' {
            break;
        }
        let is_quoted = character == '"';
        let mut word =
            Word { text: String::new(), at: start + at..start + at, is_bare: !is_quoted };
        let mut end = at + character.len_utf8();
        if !is_quoted {
            word.text.push(character);
        }
        let mut in_quotes = is_quoted;
        while let Some((at, next)) =
            rest.next_if(|(_, next)| in_quotes || !(next.is_whitespace() || *next == '#'))
        {
            end = at + next.len_utf8();
            match next {
                '"' => in_quotes = !in_quotes,
                ',' if !in_quotes => {
                    word.text.push(',');
                    break;
                }
                other => word.text.push(other),
            }
        }
        word.at.end = start + end;
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::document::matcher::plain;

    fn fields(text: &str, names: &[&str]) -> Vec<String> {
        let root = read(text);
        let record = root.get("records").unwrap().elements()[0].clone();
        let value = |name: &&str| record.get(name).and_then(plain).map(String::from);
        names.iter().map(|name| value(name).unwrap_or_default()).collect()
    }

    #[test]
    fn records_know_from_where_they_let_in() {
        let asked = ["from", "method", "is-wide"];
        for (text, expected) in [
            ("host all all 0.0.0.0/0 trust", ["anywhere", "trust", "true"]),
            ("host\tall\tall\tall\tmd5 # x", ["anywhere", "md5", "true"]),
            ("host all all 0.0.0.0 0.0.0.0 password", ["anywhere", "password", "true"]),
            ("local all all peer map=x", ["socket", "peer", "true"]),
            (
                "hostssl shop,\"all\" web 10.0.0.0/8 scram-sha-256",
                ["network", "scram-sha-256", "false"],
            ),
            ("host a, b c,d ::1/128 ident", ["this-machine", "ident", "false"]),
            ("host all all 127.0.0.1 255.255.255.255 trust", ["this-machine", "trust", "true"]),
        ] {
            assert_eq!(fields(text, &asked), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_record_is_told() {
        let root = read("@authcomment@\nhost all\nwhatever all\n# c\nlocal all all trust\n");
        assert_eq!(root.get("problems").unwrap().elements().len(), 2);
        assert_eq!(root.get("records").unwrap().elements().len(), 1);
    }
}
