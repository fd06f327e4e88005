//! Whether the client chooses which server a request is passed on to.

use std::cell::Cell;

use super::{
    super::fields::Fields,
    lower::{Facts, MOST, Scope},
    parse::Directive,
};

/// A variable that is set from a variable that is set from a variable is followed so far.
const DEEPEST: usize = 4;
/// Variables that are looked at for one directive.
const MOST_STEPS: u32 = 200;
/// Values of one variable that are followed.
const MOST_VALUES: usize = 16;

/// `chosen` and `chosen-by` of a directive that passes requests on.
pub(super) fn chosen(
    directive: &Directive,
    scope: &Scope<'_>,
    facts: &Facts<'_>,
    fields: &mut Fields,
) {
    let Some(target) = directive.arguments.first() else { return };
    let is_internal =
        scope.outwards().any(|scope| scope.kind == "location" && scope.has("internal"));
    if is_internal || !target.text.contains('$') {
        return;
    }
    let question = Question { scope, facts, steps: Cell::new(MOST_STEPS) };
    let (scheme, rest) = target.text.split_once("://").unwrap_or(("", &target.text));
    let host = rest.split('/').next().unwrap_or(rest);
    let (what, by) = match (question.tainted(scheme, ""), question.tainted_host(host)) {
        (_, Some(by)) => ("host", by),
        (Some(by), None) => ("scheme", by),
        (None, None) => return,
    };
    fields.text_at("chosen", what, &target.at).text_at("chosen-by", &by, &target.at);
}

struct Question<'q> {
    scope: &'q Scope<'q>,
    facts: &'q Facts<'q>,
    /// How many variables may still be looked at.
    steps: Cell<u32>,
}

impl Question<'_> {
    /// The variable that decides about a host. One before a fixed port is looked at without the port.
    fn tainted_host(&self, host: &str) -> Option<String> {
        // These begin with `/` or `?`: the host ends before them.
        let ends = ["$request_uri", "$uri", "$document_uri", "$is_args"];
        let end = ends.iter().filter_map(|end| host.find(end)).min().unwrap_or(host.len());
        let host = &host[..end];
        let name = host.rsplit_once(':').filter(|(_, port)| !port.contains('$'));
        let (name, is_whole) = match name {
            Some((name, _)) => (name, true),
            None => (host, true),
        };
        let first = variables(name).next()?;
        // `http://backend-$1` and `http://$1.internal` are names of one's own, as far as the value is a name.
        let suffix =
            if is_whole { name.rsplit_once(first).map_or("", |(_, after)| after) } else { "" };
        self.tainted(name, suffix.trim_start_matches('}'))
    }

    /// The first variable of a text that a client chooses.
    fn tainted(&self, text: &str, suffix: &str) -> Option<String> {
        variables(text)
            .take(MOST_VALUES)
            .find_map(|name| self.is_chosen(name, suffix, DEEPEST).then(|| format!("${name}")))
    }

    fn is_chosen(&self, name: &str, suffix: &str, depth: usize) -> bool {
        let Some(steps) = self.steps.get().checked_sub(1) else { return false };
        self.steps.set(steps);
        let prefixes = ["arg_", "http_", "cookie_"];
        match name {
            "args" | "query_string" | "ssl_server_name" | "ssl_preread_server_name" => true,
            "host" => self.takes_any_host(),
            _ if prefixes.iter().any(|prefix| name.starts_with(prefix)) => true,
            _ if self.is_loose_group(name, suffix) => true,
            _ if depth == 0 => false,
            _ => {
                let values = self.facts.set.get(name).map(Vec::as_slice).unwrap_or_default();
                values.iter().take(MOST_VALUES).any(|value| {
                    let value = value.split_once("://").map_or(*value, |(_, rest)| rest);
                    let host = value.split('/').next().unwrap_or(value);
                    variables(host)
                        .take(MOST_VALUES)
                        .any(|inner| inner != name && self.is_chosen(inner, suffix, depth - 1))
                })
            }
        }
    }

    /// Whether the server around answers for every name: it has none, is the default, or a catch-all.
    fn takes_any_host(&self) -> bool {
        let Some(server) = self.scope.outwards().find(|scope| scope.kind == "server") else {
            return false;
        };
        let mut names = server
            .own("server_name")
            .take(MOST)
            .flat_map(|names| names.arguments.iter().take(MOST))
            .peekable();
        let is_default = server.own("listen").take(MOST).any(|listen| {
            let words = listen.arguments.iter().map(|word| word.text.as_str());
            words.into_iter().any(|word| matches!(word, "default" | "default_server"))
        });
        let is_included = server.includes_unknown();
        !is_included
            && (is_default
                || names.peek().is_none()
                || names
                    .any(|name| matches!(name.text.as_str(), "_" | "" | "~." | "~.*" | "~^.*$")))
    }

    /// Whether a group of the expression of the location around lets a client write a host.
    fn is_loose_group(&self, name: &str, suffix: &str) -> bool {
        let location = self.scope.outwards().find(|scope| scope.kind == "location");
        let Some(owner) = location.and_then(|location| location.owner) else { return false };
        let [modifier, regex] = owner.arguments.as_slice() else { return false };
        if !modifier.text.starts_with('~') {
            return false;
        }
        let Some(group) = group(&regex.text, name) else { return false };
        let is_anything = [".*", ".+", ".*?", ".+?"].contains(&group) || group.contains("[^");
        let is_host = group.contains('.') && group.contains('[');
        is_anything || (is_host && suffix.is_empty())
    }
}

/// The names of the variables of a text, without `$`.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('$').filter_map(|(at, _)| {
        let rest = text[at + 1..].trim_start_matches('{');
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        (end > 0).then(|| &rest[..end])
    })
}

/// The inside of a group of a regular expression, by its name or number.
fn group<'r>(regex: &'r str, name: &str) -> Option<&'r str> {
    if let Ok(number) = name.parse::<usize>() {
        let opens = regex.match_indices('(').filter(|(at, _)| {
            let rest = &regex[at + 1..];
            let is_plain =
                !rest.starts_with('?') || rest.starts_with("?<") || rest.starts_with("?P<");
            is_plain && !regex[..*at].ends_with('\\')
        });
        let (at, _) = opens.into_iter().nth(number.checked_sub(1)?)?;
        return inside(&regex[at + 1..]);
    }
    let at = [format!("(?<{name}>"), format!("(?P<{name}>")]
        .iter()
        .find_map(|open| regex.find(open.as_str()).map(|at| at + open.len()))?;
    inside(&regex[at..])
}

/// Up to the bracket that closes a group.
fn inside(rest: &str) -> Option<&str> {
    let rest = match rest.strip_prefix("?<").or_else(|| rest.strip_prefix("?P<")) {
        Some(named) => named.split_once('>')?.1,
        None => rest,
    };
    let mut depth = 1usize;
    for (at, character) in rest.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&rest[..at]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_by_name_and_number() {
        assert_eq!(group(r"^/a/(?:x)(b|c)/(?<host>[^/]+)/(.*)$", "1"), Some("b|c"));
        assert_eq!(group(r"^/a/(?:x)(b|c)/(?<host>[^/]+)/(.*)$", "2"), Some("[^/]+"));
        assert_eq!(group(r"^/a/(?:x)(b|c)/(?<host>[^/]+)/(.*)$", "host"), Some("[^/]+"));
        assert_eq!(group(r"^/a/(x", "1"), None);
    }
}
