//! Blocks of nginx, and what is wrong with them as a whole.

use super::{
    super::{Word, fields::Fields},
    headers,
    lower::{Facts, MOST, Scope, texts},
    parse::Directive,
};

/// Headers that every server should send, as they are written.
const WANTED: [&str; 4] = [
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "Content-Security-Policy",
    "Referrer-Policy",
];
/// Directives that are safe in an `if` of a location, as nginx's own documentation has it.
const SAFE_IN_IF: [&str; 6] = ["return", "rewrite", "set", "break", "add_header", "access_log"];
/// Directives whose absence is told of an `http` block.
const WANTED_IN_HTTP: [&str; 2] = ["server_tokens", "ssl_protocols"];

/// Lowers a block.
pub(super) fn node(scope: &Scope<'_>, facts: &Facts<'_>) -> crate::engines::document::node::Node {
    let at = scope.owner.map(|owner| owner.at.clone()).unwrap_or_default();
    let mut fields = Fields::new(at);
    fields.text("kind", scope.kind);
    if let Some(owner) = scope.owner {
        fields.text_at(
            "summary",
            facts.text.get(owner.head.clone()).unwrap_or_default(),
            &owner.head,
        );
        fields.text_at("head", "", &owner.head);
    }
    dropped(scope, facts, &mut fields);
    upgrade(scope, &mut fields);
    origin(scope, &mut fields);
    if scope.has("return") {
        fields.flag("answers-itself", true);
    }
    match scope.kind {
        "location" => location(scope, &mut fields),
        "server" => server(scope, &mut fields),
        "http" => http(scope, &mut fields),
        "if" => condition(scope, &mut fields),
        _ => {}
    }
    fields.finish()
}

fn dropped(scope: &Scope<'_>, facts: &Facts<'_>, fields: &mut Fields) {
    if scope.kind == "if" {
        return;
    }
    if let Some(dropped) = headers::dropped(scope, "add_header") {
        fields.text_at("first-header", &dropped.names(), &dropped.first.at);
        fields.text("drops", &dropped.names()).text("dropped-lines", &dropped.text(facts.text));
        fields.flag("drops-security", dropped.is_protective());
    }
    if let Some(dropped) = headers::dropped(scope, "proxy_set_header") {
        fields.text_at("first-proxy-header", &dropped.names(), &dropped.first.at);
        fields.text("proxy-drops", &dropped.names());
        fields.text("proxy-dropped-lines", &dropped.text(facts.text));
    }
}

/// Headers that are sent to the server behind, as far as they are about a change of the protocol.
fn upgrade(scope: &Scope<'_>, fields: &mut Fields) {
    let header = |wanted: &'static str| {
        scope.own("proxy_set_header").find(move |header| {
            header.argument(0).is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        })
    };
    let Some(upgrade) = header("Upgrade") else { return };
    if upgrade.argument(1) != Some("$http_upgrade") {
        return;
    }
    fields.text_at("forwards-upgrade", "$http_upgrade", &upgrade.at);
    if let Some(value) = upgrade.arguments.get(1) {
        fields.text_at("upgrade-value", &value.text, &value.at);
    }
    if let Some(connection) = header("Connection")
        && connection.argument(1) == Some("$http_connection")
    {
        fields.text_at("forwards-connection", "$http_connection", &connection.at);
    }
}

/// Every origin is allowed, with the cookies of the visitor.
fn origin(scope: &Scope<'_>, fields: &mut Fields) {
    let header = |wanted: &'static str| {
        scope.own("add_header").find(move |header| {
            header.argument(0).is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        })
    };
    let about_origin =
        |scope: &Scope<'_>| scope.owner.is_some_and(|it| is_about(it, "$http_origin"));
    let is_checked = scope.outwards().any(about_origin)
        || scope.own("if").any(|it| is_about(it, "$http_origin"));
    if let (Some(origin), Some(credentials)) =
        (header("Access-Control-Allow-Origin"), header("Access-Control-Allow-Credentials"))
        && origin.argument(1).is_some_and(|value| headers::holds(value, "$http_origin"))
        && credentials.argument(1).is_some_and(|value| value.eq_ignore_ascii_case("true"))
        && !is_checked
    {
        fields.text_at("reflects-origin", "$http_origin", &origin.at);
    }
}

fn is_about(directive: &Directive, variable: &str) -> bool {
    directive.is("if")
        && directive.arguments.iter().any(|word| headers::holds(&word.text, variable))
}

fn location(scope: &Scope<'_>, fields: &mut Fields) {
    let arguments = scope.owner.map(|owner| owner.arguments.as_slice()).unwrap_or_default();
    let (modifier, path) = match arguments {
        [modifier, path, ..] => (modifier.text.as_str(), path),
        [path] => ("", path),
        [] => return,
    };
    fields.text("modifier", modifier).word("path", path);
    fields.flag("internal", scope.has("internal"));
    if let Some(alias) = scope.own("alias").find(|alias| traverses(modifier, path, alias)) {
        let is_prefix = !modifier.starts_with('~');
        fields.text_at("traversal", alias.argument(0).unwrap_or_default(), &alias.at);
        if is_prefix && path.is_bare {
            fields.word("bare-path", path);
        }
    }
    if let Some(status) = open_status(scope) {
        fields.text_at("open-status", &status.name.text, &status.at);
    }
}

/// Whether `/files../` reaches the folder above what is served: a prefix without a slash at its end before
/// a folder with one, or an expression that lets two dots into its group.
fn traverses(modifier: &str, path: &Word, alias: &Directive) -> bool {
    let folder = alias.argument(0).unwrap_or_default();
    match modifier {
        "" | "^~" => folder.ends_with('/') && !path.text.ends_with('/') && !folder.contains('$'),
        "~" | "~*" => {
            let Some(folder) = folder.strip_suffix("$1") else { return false };
            let group = path.text.split_once("(.*)").or_else(|| path.text.split_once("(.+)"));
            folder.ends_with('/')
                && group.is_some_and(|(before, _)| {
                    before.starts_with('^') && !before.ends_with('/') && !before.contains('(')
                })
        }
        _ => false,
    }
}

/// A page of counters that no rule of access guards.
fn open_status<'s>(scope: &'s Scope<'s>) -> Option<&'s Directive> {
    const GUARDS: [&str; 7] =
        ["allow", "deny", "auth_basic", "auth_request", "auth_jwt", "internal", "if"];
    let status = scope.own("stub_status").next()?;
    let is_guarded = scope.outwards().any(|scope| {
        scope.includes_unknown() || GUARDS.iter().any(|guard| scope.has(guard)) || is_local(scope)
    });
    let is_whole = scope.outwards().any(|scope| scope.kind == "server");
    (!is_guarded && is_whole).then_some(status)
}

/// Whether a server listens on this machine only.
fn is_local(scope: &Scope<'_>) -> bool {
    let mut listens = scope.own("listen").take(MOST).peekable();
    scope.kind == "server"
        && listens.peek().is_some()
        && listens.all(|listen| {
            let address = listen.argument(0).unwrap_or_default();
            ["127.", "localhost", "[::1]", "unix:"].iter().any(|local| address.starts_with(local))
        })
}

fn server(scope: &Scope<'_>, fields: &mut Fields) {
    fields.flag("tls", scope.is_tls);
    let names: Vec<Word> =
        scope.own("server_name").flat_map(|names| names.arguments.iter().cloned()).collect();
    fields.words("names", &names);
    let is_known = scope.outwards().all(|scope| !scope.includes_unknown());
    let is_whole = scope.outwards().any(|scope| scope.kind == "main");
    let only_redirects = scope.has("return");
    if is_known && is_whole && !only_redirects {
        let lacks: Vec<String> = WANTED
            .iter()
            .filter(|wanted| scope.is_tls || !wanted.starts_with("Strict"))
            .filter(|wanted| !sends(scope.children, wanted))
            .filter(|wanted| {
                !scope
                    .outwards()
                    .any(|outer| outer.own("add_header").take(MOST).any(|it| names_it(it, wanted)))
            })
            .map(|wanted| (*wanted).to_owned())
            .collect();
        let at = scope.owner.map(|owner| owner.head.clone()).unwrap_or_default();
        fields.list("lacks", texts(&lacks, &at));
    }
}

fn names_it(header: &Directive, wanted: &str) -> bool {
    header.argument(0).is_some_and(|name| name.eq_ignore_ascii_case(wanted))
}

/// Whether a directive below sends the header.
fn sends(directives: &[Directive], wanted: &str) -> bool {
    directives.iter().any(|directive| {
        (directive.is("add_header") && names_it(directive, wanted))
            || sends(directive.children(), wanted)
    })
}

fn http(scope: &Scope<'_>, fields: &mut Fields) {
    let nowhere = |name: &&&str| !stands(scope.children, name);
    let includes_settings = scope.own("include").any(|include| {
        let path = include.argument(0).unwrap_or_default();
        path.contains("conf.d") || path.contains("snippets")
    });
    if !includes_settings {
        let lacks: Vec<String> =
            WANTED_IN_HTTP.iter().filter(nowhere).map(|name| (*name).to_owned()).collect();
        let at = scope.owner.map(|owner| owner.head.clone()).unwrap_or_default();
        fields.list("lacks", texts(&lacks, &at));
    }
}

fn stands(directives: &[Directive], name: &str) -> bool {
    directives.iter().any(|it| it.is(name) || stands(it.children(), name))
}

/// What nginx does not do reliably inside an `if` of a location.
fn condition(scope: &Scope<'_>, fields: &mut Fields) {
    let in_location = scope.parent.is_some_and(|parent| parent.kind == "location");
    let unsafe_one =
        scope.children.iter().find(|directive| !SAFE_IN_IF.contains(&directive.name.text.as_str()));
    if let Some(directive) = unsafe_one.filter(|_| in_location) {
        fields.text_at("unsafe-directive", &directive.name.text, &directive.at);
    }
}
