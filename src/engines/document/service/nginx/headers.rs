//! Headers: which of them a block takes away from those around it, and which a client can break.

use super::{
    super::{Word, fields::Fields},
    lower::{MOST, Scope},
    parse::Directive,
};

/// Variables that hold the path decoded, line ends included.
const DECODED: [&str; 4] = ["$uri", "$document_uri", "${uri}", "${document_uri}"];
/// Headers that protect whoever sees the page.
pub(super) const PROTECTIVE: [&str; 8] = [
    "strict-transport-security",
    "content-security-policy",
    "x-frame-options",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
];
/// `header` and `header-value`.
pub(super) fn named(directive: &Directive, fields: &mut Fields) {
    if let [name, value, ..] = directive.arguments.as_slice() {
        fields.word("header", name).word("header-value", value);
    }
}

/// `decoded` and `undecoded`: a variable by which a client can write lines into a header or a request.
pub(super) fn lines(directive: &Directive, scope: &Scope<'_>, fields: &mut Fields) {
    if !scope.is_http || has_fixed_path(scope) {
        return;
    }
    let Some(word) = exposed_argument(directive) else { return };
    let Some(variable) = DECODED.into_iter().find(|variable| holds(&word.text, variable)) else {
        return;
    };
    fields.text_at("decoded", variable, &word.at);
    if directive.is("return") && word.is_bare {
        let mut text = word.text.clone();
        for with in ["$is_args$args", "$is_args$query_string", "?$args", "?$query_string"] {
            text = text.replace(&format!("{variable}{with}"), "$request_uri");
        }
        text = text.replace(variable, "$request_uri");
        fields.text_at("undecoded", &text, &word.at);
    }
}

/// The argument that becomes a header or a part of a request.
fn exposed_argument(directive: &Directive) -> Option<&Word> {
    match directive.name.text.as_str() {
        "return" => {
            let first = directive.arguments.first()?;
            let is_redirect =
                |status: &str| matches!(status, "301" | "302" | "303" | "307" | "308");
            match directive.arguments.get(1) {
                Some(target) => is_redirect(&first.text).then_some(target),
                None => first.text.starts_with(['h', '$']).then_some(first),
            }
        }
        "rewrite" => {
            let target = directive.arguments.get(1)?;
            let flag = directive.argument(2).unwrap_or_default();
            let is_redirect = matches!(flag, "redirect" | "permanent");
            (is_redirect || target.text.starts_with("http")).then_some(target)
        }
        "proxy_pass" => directive.arguments.first(),
        "add_header" | "proxy_set_header" => directive.arguments.get(1),
        _ => None,
    }
}

/// Whether a text uses a variable, and not one whose name only begins so.
pub(super) fn holds(text: &str, variable: &str) -> bool {
    text.match_indices(variable).any(|(at, _)| {
        let follows = text.as_bytes().get(at + variable.len());
        variable.ends_with('}')
            || !follows.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    })
}

/// Whether all paths that reach a block are one path, or have no line ends.
fn has_fixed_path(scope: &Scope<'_>) -> bool {
    let mut locations = scope.outwards().filter(|scope| scope.kind == "location");
    locations.any(|location| {
        let Some(owner) = location.owner else { return false };
        match owner.arguments.as_slice() {
            [modifier, _] if modifier.text == "=" => true,
            [modifier, path] if modifier.text.starts_with('~') => is_tight(&path.text),
            _ => false,
        }
    })
}

/// Whether a regular expression is anchored at both ends and has nothing that matches a line end.
fn is_tight(regex: &str) -> bool {
    let loose = ["[^", "\\s", "\\W", "\\D", "\\S", "\\N"];
    let bare = regex.replace("\\.", "");
    let mut in_class = false;
    let has_dot = bare.chars().any(|character| {
        match character {
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
        character == '.' && !in_class
    });
    regex.starts_with('^')
        && regex.ends_with('$')
        && !has_dot
        && !loose.iter().any(|loose| regex.contains(loose))
}

/// Headers of the blocks around one that its own take away.
pub(super) struct Dropped<'d> {
    /// The first of its own.
    pub(super) first: &'d Directive,
    /// What is no longer sent.
    pub(super) lost: Vec<&'d Directive>,
}

impl Dropped<'_> {
    /// Their names.
    pub(super) fn names(&self) -> String {
        let names: Vec<_> = self.lost.iter().filter_map(|header| header.argument(0)).collect();
        names.join(", ")
    }

    /// The directives that bring them back, on one line.
    pub(super) fn text(&self, text: &str) -> String {
        let lost = self.lost.iter().filter_map(|header| text.get(header.head.clone()));
        let lines: Vec<String> = lost.map(|head| format!("{head};")).collect();
        lines.join(" ")
    }

    /// Whether one of them protects whoever sees the page.
    pub(super) fn is_protective(&self) -> bool {
        let name = |header: &&Directive| header.argument(0).map(str::to_ascii_lowercase);
        let mut names = self.lost.iter().filter_map(name);
        names.any(|name| PROTECTIVE.contains(&name.as_str()))
    }
}

/// What a block's own `directive`s (`add_header`, `proxy_set_header`) take away: nginx inherits them only
/// if a block has none of its own, unless `add_header_inherit merge` says otherwise.
pub(super) fn dropped<'d>(scope: &'d Scope<'d>, directive: &'static str) -> Option<Dropped<'d>> {
    let first = scope.own(directive).next()?;
    let inherit = scope.nearest("add_header_inherit").and_then(|it| it.argument(0));
    let merges = directive == "add_header" && inherit.is_some_and(|way| way != "on");
    if merges || scope.includes_unknown() {
        return None;
    }
    let outer = scope.parent?.outwards().find(|outer| outer.has(directive))?;
    let is_kept = |header: &Directive| {
        let name = header.argument(0).unwrap_or_default();
        scope
            .own(directive)
            .take(MOST)
            .any(|own| own.argument(0).is_some_and(|own| own.eq_ignore_ascii_case(name)))
    };
    let lost: Vec<_> = outer.own(directive).take(MOST).filter(|it| !is_kept(it)).collect();
    (!lost.is_empty()).then_some(Dropped { first, lost })
}
