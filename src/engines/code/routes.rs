//! Routes that the source answers, in the ways of Flask, `FastAPI`, Express and what is written like them.

use std::{collections::HashMap, ops::Range, sync::LazyLock};

use regex::{Regex, bytes::Regex as BytesRegex};

use super::{
    grammar::Grammar,
    names::Names,
    syntax::{Kind, Syntax},
};
use crate::{rule::Language, sources::SourceFile};

/// Most routes that one file may name.
const MOST_ROUTES: usize = 2_000;

static PYTHON: LazyLock<BytesRegex> = LazyLock::new(|| {
    let verbs = "get|post|put|patch|delete|head|options|route|api_route";
    BytesRegex::new(&format!(r"(?m-u)^[ \t]*@[\w.]+\.(?:{verbs})\(")).expect("a valid pattern")
});

static JAVASCRIPT: LazyLock<BytesRegex> = LazyLock::new(|| {
    let verbs = "get|post|put|patch|delete|head|options|all";
    BytesRegex::new(&format!(r#"(?-u)\.(?:{verbs})\(\s*['"`]/"#)).expect("a valid pattern")
});

/// Names by which servers and routers go.
static SERVER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:app|api|server|fastify|routes?|.*router|.*app)$").expect("a valid pattern")
});

/// A parameter: `<int:id>`, `:id(\d+)?`, `{id:path}`.
static PARAMETER: LazyLock<Regex> = LazyLock::new(|| {
    let flask = r"<(?:[^<>:]*:)?(?P<flask>\w+)>";
    let express = r":(?P<express>\w+)(?:\([^()]*\))?[?*+]?";
    let braces = r"\{\*?(?P<braces>\w+)(?::[^{}]*)?\}";
    Regex::new(&format!("{flask}|{braces}|{express}")).expect("a valid pattern")
});

/// A route, and where it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Upper-case method, or `None` for any.
    pub method: Option<String>,
    /// The path, parameters in braces.
    pub path: String,
    /// Bytes of the declaration.
    pub at: Range<usize>,
}

/// The routes that a file declares.
pub fn routes(file: &SourceFile, grammar: Grammar) -> Vec<Route> {
    let hint = if grammar == Grammar::Python { &PYTHON } else { &JAVASCRIPT };
    if !hint.is_match(file.bytes()) {
        return Vec::new();
    }
    let parsed = Syntax::of(file, grammar);
    let Ok(syntax) = &*parsed else { return Vec::new() };
    let text = file.text();
    let reader = Reader { syntax, text, names: Names::new(syntax, text) };
    reader.read()
}

struct Reader<'t> {
    syntax: &'t Syntax,
    text: &'t str,
    names: Names<'t>,
}

/// `object.verb("path", rest)`.
struct Declaration<'t> {
    object: u32,
    verb: &'t str,
    path: &'t str,
    arguments: Vec<u32>,
}

impl<'t> Reader<'t> {
    fn read(&self) -> Vec<Route> {
        let mut routes = Vec::new();
        let is_python = self.syntax.grammar.language() == Language::Python;
        let mounts = if is_python { HashMap::new() } else { self.mounts() };
        for at in 0..self.syntax.len() {
            if routes.len() >= MOST_ROUTES {
                break;
            }
            let Some(declaration) = self.declaration(at) else { continue };
            if is_python {
                if self.syntax.kind(self.syntax.node(at).parent) == Kind::Decorator {
                    self.read_python(at, &declaration, &mut routes);
                }
            } else {
                routes.extend(self.read_javascript(at, &declaration, &mounts));
            }
        }
        routes
    }

    fn declaration(&self, at: u32) -> Option<Declaration<'t>> {
        if self.syntax.kind(at) != Kind::Call {
            return None;
        }
        let mut parts = self.syntax.children(at);
        let (callee, arguments) = (parts.next()?, parts.next()?);
        if self.syntax.kind(callee) != Kind::Member {
            return None;
        }
        let mut member = self.syntax.children(callee);
        let (object, verb) = (member.next()?, member.next()?);
        let arguments: Vec<u32> = self.syntax.children(arguments).collect();
        let path = self.string(*arguments.first()?)?;
        let is_path = path.starts_with('/') || path.is_empty();
        let verb = self.word(verb);
        is_path.then_some(Declaration { object, verb, path, arguments })
    }

    fn read_python(&self, at: u32, declaration: &Declaration<'_>, routes: &mut Vec<Route>) {
        let methods = match declaration.verb {
            "route" | "api_route" => {
                self.listed_methods(&declaration.arguments).unwrap_or(vec!["GET".to_owned()])
            }
            "get" | "post" | "put" | "patch" | "delete" | "head" | "options" => {
                vec![declaration.verb.to_ascii_uppercase()]
            }
            _ => return,
        };
        let prefix = self.python_prefix(declaration.object);
        let path = normal(&format!("{prefix}{}", declaration.path));
        routes.extend(methods.into_iter().map(|method| Route {
            method: Some(method),
            path: path.clone(),
            at: self.syntax.range(at),
        }));
    }

    fn listed_methods(&self, arguments: &[u32]) -> Option<Vec<String>> {
        let list = self.keyword(arguments, "methods")?;
        let methods = self.syntax.children(list).filter_map(|method| self.string(method));
        Some(methods.map(str::to_ascii_uppercase).collect())
    }

    /// `APIRouter(prefix="/orders")`, `Blueprint("orders", __name__, url_prefix="/orders")`.
    fn python_prefix(&self, object: u32) -> &'t str {
        let prefix = || {
            let router = self.names.value(object)?;
            let arguments = self.syntax.children(router).nth(1)?;
            let arguments: Vec<u32> = self.syntax.children(arguments).collect();
            let prefix = self.keyword(&arguments, "prefix");
            self.string(prefix.or_else(|| self.keyword(&arguments, "url_prefix"))?)
        };
        prefix().unwrap_or_default().trim_end_matches('/')
    }

    fn keyword(&self, arguments: &[u32], name: &str) -> Option<u32> {
        arguments.iter().find_map(|argument| {
            let mut parts = self.syntax.children(*argument);
            let is_named = self.syntax.kind(*argument) == Kind::Keyword
                && parts.next().is_some_and(|key| self.word(key) == name);
            if is_named { parts.next() } else { None }
        })
    }

    fn read_javascript(
        &self,
        at: u32,
        declaration: &Declaration<'_>,
        mounts: &HashMap<&str, &str>,
    ) -> Option<Route> {
        let method = match declaration.verb {
            "get" | "post" | "put" | "patch" | "delete" | "head" | "options" => {
                Some(declaration.verb.to_ascii_uppercase())
            }
            "all" => None,
            _ => return None,
        };
        let is_name = self.syntax.kind(declaration.object) == Kind::Name;
        let name = self.word(declaration.object);
        if !is_name || declaration.arguments.len() < 2 || !SERVER.is_match(name) {
            return None;
        }
        let prefix = mounts.get(name).copied().unwrap_or_default().trim_end_matches('/');
        let path = normal(&format!("{prefix}{}", declaration.path));
        Some(Route { method, path, at: self.syntax.range(at) })
    }

    /// `app.use("/orders", router)`: the router's name and its prefix.
    fn mounts(&self) -> HashMap<&'t str, &'t str> {
        let mount = |at: u32| {
            let declaration = self.declaration(at)?;
            let last = *declaration.arguments.last()?;
            let is_mount = declaration.verb == "use" && self.syntax.kind(last) == Kind::Name;
            is_mount.then(|| (self.word(last), declaration.path))
        };
        (0..self.syntax.len()).filter_map(mount).collect()
    }

    fn word(&self, at: u32) -> &'t str {
        self.syntax.word(self.text, at)
    }

    fn string(&self, at: u32) -> Option<&'t str> {
        (self.syntax.kind(at) == Kind::String).then(|| self.word(at))
    }
}

/// Writes parameters as `{name}`.
fn normal(path: &str) -> String {
    let name = |captures: &regex::Captures<'_>| {
        let name = ["flask", "braces", "express"].iter().find_map(|kind| captures.name(kind));
        format!("{{{}}}", name.map_or("", |name| name.as_str()))
    };
    let path = PARAMETER.replace_all(path, name);
    if path.is_empty() { "/".to_owned() } else { path.into_owned() }
}
