//! One compose file as it is written: keys in place, variables put in, before anything is merged.

use std::{collections::HashMap, ops::Range};

use super::merge::Marks;
use crate::engines::document::{
    Unreadable,
    interpolation::{fill, interpolate_with},
    lines,
    make::{field, map, plain},
    node::{Node, Value},
    yaml::{self, Booleans},
};

/// Env files of one service that are read.
const MAX_ENV_FILES: usize = 16;

/// A file's entries and its bytes.
#[derive(Debug)]
pub(super) struct Written {
    /// A map.
    pub(super) root: Value,
    /// The bytes of the file.
    pub(super) at: Range<usize>,
    /// Where among the entries of `services` each service stands.
    index: HashMap<String, usize>,
}

impl Written {
    fn new(root: Value, at: Range<usize>) -> Self {
        let mut written = Self { root, at, index: HashMap::new() };
        let names = written.services().iter().enumerate();
        let names = names.filter_map(|(index, (key, _))| Some((plain(key)?, index)));
        written.index = names.collect();
        written
    }

    /// Its services.
    pub(super) fn services(&self) -> &[(Node, Node)] {
        let Value::Map(entries) = &self.root else { return &[] };
        let services = entries.iter().rev().find(|(key, _)| key.as_text() == Some("services"));
        services.map(|(_, services)| services.entries()).unwrap_or_default()
    }

    /// A service of it.
    pub(super) fn service(&self, name: &str) -> Option<&Node> {
        self.services().get(*self.index.get(name)?).map(|(_, service)| service)
    }
}

/// Where a file stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    /// The file.
    pub(super) path: &'p str,
    /// The first file of its project, beside which `.env` lies.
    pub(super) project: &'p str,
    /// Its first byte in the text of the project.
    pub(super) start: usize,
}

/// Reads a file; `source` finds its `.env` and env files.
pub(super) fn read(
    text: &str,
    place: Place<'_>,
    source: &dyn Fn(&str) -> Option<String>,
    marks: &mut Marks,
) -> Result<Written, Unreadable> {
    let start = place.start;
    let documents = yaml::documents(text, Booleans::Core)?;
    for (at, tag) in &documents.tags {
        match tag.as_str() {
            "!reset" => marks.reset.insert(start + at),
            "!override" => marks.replaced.insert(start + at),
            _ => false,
        };
    }
    let mut entries = Vec::new();
    for root in documents.roots {
        match root.value {
            Value::Map(found) => entries.extend(found),
            Value::Null => {}
            _ => return Err(Unreadable::new("a compose file is a map of `services`", root.at)),
        }
    }
    let at = start..start + text.len();
    if !entries.iter().any(|(key, _)| matches!(key.as_text(), Some("services" | "include"))) {
        let (services, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_old_service);
        entries = others;
        if !services.is_empty() {
            entries.push(field("services", map(services, 0..text.len())));
        }
    }
    let mut root = map(entries, at.clone());
    for child in root.children_mut() {
        shift(child, start);
    }
    if let Value::Map(entries) = &mut root.value {
        for (key, _) in entries {
            key.at = key.at.start + start..key.at.end + start;
        }
    }
    let variables = variables(place.project, source);
    let context = File { path: place.path, source, variables };
    context.interpolate(&mut root, marks);
    context.read_env_files(&mut root);
    Ok(Written::new(root.value, at))
}

/// In the first version of the format services stood at the top.
fn is_old_service((key, value): &(Node, Node)) -> bool {
    let is_extension = key.as_text().is_some_and(|key| key.starts_with("x-"));
    let keys = ["image", "build", "extends"];
    !is_extension && keys.iter().any(|key| value.get(key).is_some())
}

fn shift(node: &mut Node, by: usize) {
    node.at = node.at.start + by..node.at.end + by;
    match &mut node.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                key.at = key.at.start + by..key.at.end + by;
                shift(value, by);
            }
        }
        Value::List(elements) => elements.iter_mut().for_each(|element| shift(element, by)),
        _ => {}
    }
}

/// What the project's `.env` sets.
fn variables(path: &str, source: &dyn Fn(&str) -> Option<String>) -> HashMap<String, String> {
    let text = beside(path, ".env").and_then(|path| source(&path));
    text.map(|text| values(&text).collect()).unwrap_or_default()
}

fn values(text: &str) -> impl Iterator<Item = (String, String)> {
    let root = lines::env(text);
    let pairs = root.get("entries").map(|pairs| pairs.elements().to_vec()).unwrap_or_default();
    pairs.into_iter().filter_map(|pair| {
        let name = pair.get("name").and_then(plain)?;
        Some((name, pair.get("value").and_then(plain).unwrap_or_default()))
    })
}

/// What helps to read one file.
struct File<'f> {
    path: &'f str,
    source: &'f dyn Fn(&str) -> Option<String>,
    variables: HashMap<String, String>,
}

impl File<'_> {
    /// Puts variables in; in environments only known ones, because there it matters what is only a default.
    fn interpolate(&self, node: &mut Node, marks: &mut Marks) {
        match &mut node.value {
            Value::Map(entries) => {
                for (key, value) in entries {
                    if key.as_text() == Some("environment") {
                        self.fill(value, marks);
                    } else {
                        self.interpolate(value, marks);
                    }
                }
            }
            Value::Text(text) if text.contains('$') => {
                *text = interpolate_with(text, &|name| self.known(name)).into_owned();
            }
            _ => {
                for child in node.children_mut() {
                    self.interpolate(child, marks);
                }
            }
        }
    }

    fn fill(&self, node: &mut Node, marks: &mut Marks) {
        if self.variables.is_empty() {
            return;
        }
        if let Value::Text(text) = &mut node.value {
            let filled = fill(text, &|name| self.known(name)).into_owned();
            if filled != *text {
                marks.given.insert(node.at.start);
                *text = filled;
            }
        }
        for child in node.children_mut() {
            self.fill(child, marks);
        }
    }

    fn known(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    /// Gives each service what its env files set, as `variables-of-files`: at the place where the file is named.
    fn read_env_files(&self, root: &mut Node) {
        let Value::Map(entries) = &mut root.value else { return };
        let services = entries.iter_mut().filter(|(key, _)| key.as_text() == Some("services"));
        for service in services.flat_map(|(_, services)| services.children_mut()) {
            let Some(files) = service.get("env_file") else { continue };
            let names = if let Value::List(names) = &files.value {
                &names[..]
            } else {
                std::slice::from_ref(files)
            };
            let mut set = Vec::new();
            for name in names.iter().take(MAX_ENV_FILES) {
                let path = plain(name.get("path").unwrap_or(name));
                let path = path.and_then(|path| beside(self.path, &path));
                let Some(text) = path.and_then(|path| (self.source)(&path)) else { continue };
                let at = &name.at;
                set.extend(values(&text).map(|(key, value)| {
                    (Node::text(key, at.clone()), Node::text(value, at.clone()))
                }));
            }
            let at = files.at.clone();
            if let (Value::Map(entries), false) = (&mut service.value, set.is_empty()) {
                entries.push(field("variables-of-files", map(set, at)));
            }
        }
    }
}

/// A path that is written in the file `path`, from the root of the tree; nothing if it leads out of it or is not known.
pub(super) fn beside(path: &str, name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with(['/', '~']) || name.contains(['$', ':', '\\']) {
        return None;
    }
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(folders.pop()?),
            _ => folders.push(part),
        }
    }
    Some(folders.join("/"))
}
