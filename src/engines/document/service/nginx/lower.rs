//! Walks the directives of a file with what is around each of them.

use std::{collections::HashMap, ops::Range};

use super::{super::fields::Fields, blocks, headers, parse::Directive, proxy, tls};
use crate::engines::document::node::{Node, Value};

/// Blocks whose entries are values and no directives.
const TABLES: [&str; 6] = ["map", "geo", "types", "split_clients", "charset_map", "match"];
/// Directives that stand outside of all blocks.
const OF_MAIN: [&str; 8] =
    ["http", "events", "stream", "mail", "worker_processes", "pid", "load_module", "user"];
/// Directives that stand in `http`, of a file that `http` includes.
const OF_HTTP: [&str; 8] = [
    "server",
    "upstream",
    "map",
    "geo",
    "log_format",
    "limit_req_zone",
    "proxy_cache_path",
    "limit_conn_zone",
];
/// Directives that stand in `server`, of a file that one includes.
const OF_SERVER: [&str; 4] = ["location", "server_name", "listen", "ssl_certificate"];
/// Files that are included everywhere and hold none of what blocks inherit.
const KNOWN_INCLUDES: [&str; 11] = [
    "mime.types",
    "fastcgi_params",
    "fastcgi.conf",
    "scgi_params",
    "uwsgi_params",
    "proxy_params",
    "fastcgi-php.conf",
    "koi-utf",
    "koi-win",
    "win-utf",
    "modules-enabled/*.conf",
];

/// Directives of one block that a question looks at, where each of many blocks inside asks it.
pub(super) const MOST: usize = 64;

/// A block and those around it.
pub(super) struct Scope<'s> {
    pub(super) parent: Option<&'s Scope<'s>>,
    /// The directive whose block it is; none for the file.
    pub(super) owner: Option<&'s Directive>,
    pub(super) children: &'s [Directive],
    /// `main`, `http`, `server`, `location` and so on.
    pub(super) kind: &'s str,
    pub(super) is_tls: bool,
    /// Whether it speaks HTTP, unlike what is in `stream` and `mail`.
    pub(super) is_http: bool,
    /// Its own directives by name: each of many blocks inside may ask for them.
    by_name: HashMap<&'s str, Vec<&'s Directive>>,
    includes_unknown: bool,
}

impl<'s> Scope<'s> {
    fn of(children: &'s [Directive], kind: &'s str) -> Self {
        let mut by_name: HashMap<&str, Vec<&Directive>> = HashMap::new();
        for child in children {
            by_name.entry(child.name.text.as_str()).or_default().push(child);
        }
        let is_unknown = |include: &&Directive| {
            let path = include.argument(0).unwrap_or_default();
            !KNOWN_INCLUDES.iter().any(|known| path.ends_with(known))
        };
        let includes_unknown =
            by_name.get("include").is_some_and(|includes| includes.iter().any(is_unknown));
        let is_tls = kind == "server" && tls::is_tls(children);
        let (parent, owner) = (None, None);
        Self { parent, owner, children, kind, is_tls, is_http: true, by_name, includes_unknown }
    }

    fn inside(directive: &'s Directive, parent: &'s Scope<'s>) -> Self {
        let kind = directive.name.text.as_str();
        let inner = Self::of(directive.children(), kind);
        Self {
            parent: Some(parent),
            owner: Some(directive),
            is_tls: parent.is_tls || inner.is_tls,
            is_http: parent.is_http && !matches!(kind, "stream" | "mail"),
            ..inner
        }
    }

    /// It, and those around it.
    pub(super) fn outwards(&'s self) -> impl Iterator<Item = &'s Self> {
        std::iter::successors(Some(self), |scope| scope.parent)
    }

    /// Its own directives of a name.
    pub(super) fn own(&self, name: &str) -> impl Iterator<Item = &'s Directive> {
        self.by_name.get(name).into_iter().flatten().copied()
    }

    /// Whether it has such a directive.
    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The nearest value of a directive that blocks inherit.
    pub(super) fn nearest(&'s self, name: &str) -> Option<&'s Directive> {
        self.outwards().find_map(|scope| scope.own(name).last())
    }

    /// Whether it includes a file that may hold anything.
    pub(super) const fn includes_unknown(&self) -> bool {
        self.includes_unknown
    }
}

/// What is known of a whole file.
pub(super) struct Facts<'f> {
    /// The values that `set` gives to variables, by name without `$`.
    pub(super) set: HashMap<&'f str, Vec<&'f str>>,
    pub(super) text: &'f str,
}

/// Lowers the directives of a file.
pub(super) fn lower(directives: &[Directive], text: &str) -> Node {
    let mut facts = Facts { set: HashMap::new(), text };
    gather(directives, &mut facts.set);
    let kind = outermost(directives);
    let scope = Scope::of(directives, kind);
    let mut walk = Walk { facts: &facts, directives: Vec::new(), blocks: Vec::new() };
    walk.scope(&scope);
    let mut fields = Fields::new(0..text.len());
    fields.text("kind", kind);
    fields.list("directives", walk.directives).list("blocks", walk.blocks);
    fields.finish()
}

fn outermost(directives: &[Directive]) -> &'static str {
    let has = |names: &[&str]| directives.iter().any(|it| names.contains(&it.name.text.as_str()));
    let known = [("main", &OF_MAIN[..]), ("http", &OF_HTTP[..]), ("server", &OF_SERVER[..])];
    known.into_iter().find(|(_, names)| has(names)).map_or("included", |(kind, _)| kind)
}

fn gather<'f>(directives: &'f [Directive], set: &mut HashMap<&'f str, Vec<&'f str>>) {
    for directive in directives {
        if directive.is("set")
            && let (Some(name), Some(value)) = (directive.argument(0), directive.argument(1))
        {
            set.entry(name.trim_start_matches('$')).or_default().push(value);
        }
        gather(directive.children(), set);
    }
}

struct Walk<'f> {
    facts: &'f Facts<'f>,
    directives: Vec<Node>,
    blocks: Vec<Node>,
}

impl Walk<'_> {
    fn scope(&mut self, scope: &Scope<'_>) {
        for directive in scope.children {
            self.directives.push(directive_node(directive, scope, self.facts));
            if directive.block.is_none() || TABLES.contains(&directive.name.text.as_str()) {
                continue;
            }
            let inner = Scope::inside(directive, scope);
            if inner.is_http && matches!(inner.kind, "http" | "server" | "location" | "if") {
                self.blocks.push(blocks::node(&inner, self.facts));
            }
            self.scope(&inner);
        }
    }
}

fn directive_node(directive: &Directive, scope: &Scope<'_>, facts: &Facts<'_>) -> Node {
    let mut fields = Fields::new(directive.at.clone());
    let name = directive.name.text.as_str();
    fields.word("name", &directive.name).text("context", scope.kind);
    fields.flag("in-tls-server", scope.is_tls);
    fields.words("arguments", &directive.arguments);
    let text = facts.text.get(directive.head.clone()).unwrap_or_default();
    fields.text_at("text", text, &directive.head).text("summary", text);
    if let Some(at) = arguments_of(directive) {
        let value: Vec<&str> = directive.arguments.iter().map(|word| word.text.as_str()).collect();
        fields.text_at("value", &value.join(" "), &at);
    }
    match name {
        "ssl_protocols" | "proxy_ssl_protocols" | "grpc_ssl_protocols" | "uwsgi_ssl_protocols" => {
            tls::protocols(directive, &mut fields);
        }
        "ssl_ciphers" | "proxy_ssl_ciphers" | "grpc_ssl_ciphers" => {
            tls::ciphers(directive, &mut fields);
        }
        "return" | "rewrite" => {
            tls::redirect(directive, &mut fields);
            headers::lines(directive, scope, &mut fields);
        }
        "add_header" | "proxy_set_header" => {
            headers::lines(directive, scope, &mut fields);
            headers::named(directive, &mut fields);
        }
        "proxy_pass" | "fastcgi_pass" | "grpc_pass" | "uwsgi_pass" | "scgi_pass" => {
            headers::lines(directive, scope, &mut fields);
            proxy::chosen(directive, scope, facts, &mut fields);
        }
        _ => {}
    }
    Node::new(fields.finish().value, directive.at.clone())
}

/// From the first to the last argument.
fn arguments_of(directive: &Directive) -> Option<Range<usize>> {
    let first = directive.arguments.first()?;
    Some(first.at.start..directive.head.end)
}

/// A list of texts that are at some bytes.
pub(super) fn texts(texts: &[String], at: &Range<usize>) -> Vec<Node> {
    texts.iter().map(|text| Node::new(Value::Text(text.clone()), at.clone())).collect()
}
