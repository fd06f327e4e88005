//! A compose project: its files, and what they extend and include, as one document.
//!
//! All files lie one after another in one text, and every value has a place in that text; [`Project::parts`] says
//! which bytes are which file. Files that are not there and services that can not be followed are noted as
//! `problems` of the document, and a service whose whole content is not known for that is marked `is-partial`.
//! Chains, files and copies are bounded.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
    rc::Rc,
};

use super::{
    lower,
    merge::{self, Marks},
    written::{self, Place, Written},
};
use crate::engines::document::{
    Unreadable,
    make::{field, flag, list, map, plain},
    node::{Node, Value},
};

/// Files of one project.
const MAX_FILES: usize = 100;
/// Files that include each other, or services that extend each other, in one chain.
const MAX_CHAIN: usize = 16;
/// Values that `extends` and `include` may copy.
const MAX_COPIES: usize = 200_000;
/// The text of one project, in bytes.
const MAX_TEXT: usize = 16 << 20;

/// How a project finds its files: the text of a path from the root of the tree, if it is there.
pub type Source<'s> = &'s dyn Fn(&str) -> Option<String>;

/// Files read as one.
#[derive(Debug)]
pub struct Project {
    /// The merged document, lowered as `super::read` lowers one file.
    pub root: Node,
    /// The path and the bytes of each file of the project.
    pub parts: Vec<(String, Range<usize>)>,
    /// Services that others extend, by path and name.
    pub extended: BTreeSet<(String, String)>,
}

/// Reads the files `paths`, each laid over the one before, with all that they extend and include.
///
/// # Errors
///
/// Why, and of which file, where one can not be read at all.
pub fn read(paths: &[String], source: Source<'_>) -> Result<Project, (String, Unreadable)> {
    let mut reader = Reader { source: Some(source), ..Reader::default() };
    let root = reader.model(paths, &mut Vec::new())?;
    Ok(reader.finish(root))
}

/// Reads one text that stands alone: what other files would say is not known.
pub(super) fn read_alone(text: &str) -> Result<Node, Unreadable> {
    let mut reader = Reader::default();
    let written = reader.add("", "", text).map_err(|(_, error)| error)?;
    let root =
        reader.resolved(Rc::new(written), "", &mut Vec::new()).map_err(|(_, error)| error)?;
    Ok(reader.finish(root).root)
}

type Failure = (String, Unreadable);

#[derive(Default)]
struct Reader<'s> {
    source: Option<Source<'s>>,
    text: String,
    parts: Vec<(String, Range<usize>)>,
    files: HashMap<String, Rc<Written>>,
    marks: Marks,
    problems: Vec<(Node, Node)>,
    extended: BTreeSet<(String, String)>,
    copies: usize,
    includes: usize,
}

impl Reader<'_> {
    fn finish(self, mut root: Node) -> Project {
        let Self { marks, problems, parts, extended, text, .. } = self;
        merge::drop_reset(&mut root, &marks);
        let mut root = lower(root, &marks, &text);
        if let Value::Map(entries) = &mut root.value {
            let problems = problems.into_iter().map(|(_, problem)| problem).collect();
            entries.push(field("problems", list(problems, 0..0)));
        }
        Project { root, parts, extended }
    }

    /// Files laid over each other.
    fn model(&mut self, paths: &[String], chain: &mut Vec<String>) -> Result<Node, Failure> {
        let mut model: Option<Node> = None;
        for path in paths {
            let first = paths.first().unwrap_or(path);
            let Some(written) = self.file(path, first)? else { continue };
            chain.push(path.clone());
            let next = self.resolved(written, path, chain)?;
            chain.pop();
            model = Some(match model {
                None => next,
                Some(earlier) => self.laid_over(earlier, next),
            });
        }
        Ok(model.unwrap_or_else(|| map(Vec::new(), 0..0)))
    }

    fn laid_over(&self, earlier: Node, later: Node) -> Node {
        let (Value::Map(mut merged), Value::Map(others)) = (earlier.value, later.value) else {
            return map(Vec::new(), earlier.at);
        };
        for (key, value) in others {
            let name = key.as_text().map(str::to_owned);
            let known = merged.iter_mut().find(|(known, _)| known.as_text() == name.as_deref());
            let Some((_, into)) = known else {
                merged.push((key, value));
                continue;
            };
            let earlier = std::mem::replace(into, Node::new(Value::Null, 0..0));
            *into = match name.as_deref() {
                Some("services") => merge::services(earlier, value, &self.marks),
                _ => merge::other(earlier, value, &self.marks),
            };
        }
        map(merged, earlier.at)
    }

    /// A file of the tree, as part of the project of another one; nothing if it is not there.
    fn file(&mut self, path: &str, project: &str) -> Result<Option<Rc<Written>>, Failure> {
        if let Some(written) = self.files.get(path) {
            return Ok(Some(Rc::clone(written)));
        }
        let Some(text) = self.source.and_then(|source| source(path)) else { return Ok(None) };
        let written = Rc::new(self.add(path, project, &text)?);
        self.files.insert(path.to_owned(), Rc::clone(&written));
        Ok(Some(written))
    }

    fn add(&mut self, path: &str, project: &str, text: &str) -> Result<Written, Failure> {
        let fail = |error| (path.to_owned(), error);
        if self.parts.len() >= MAX_FILES || self.text.len() + text.len() > MAX_TEXT {
            let message = format!("a project of over {MAX_FILES} files, or {MAX_TEXT} bytes");
            return Err(fail(Unreadable::new(message, 0..0)));
        }
        let start = self.text.len();
        let source = |path: &str| self.source.and_then(|source| source(path));
        let place = Place { path, project, start };
        let written = written::read(text, place, &source, &mut self.marks).map_err(fail)?;
        self.text.push_str(text);
        self.parts.push((path.to_owned(), start..self.text.len()));
        Ok(written)
    }

    /// A file with what it extends and includes.
    fn resolved(
        &mut self,
        written: Rc<Written>,
        path: &str,
        chain: &mut Vec<String>,
    ) -> Result<Node, Failure> {
        let at = written.at.clone();
        let services = self.services(&written, path)?;
        let root = match Rc::try_unwrap(written) {
            Ok(own) => own.root,
            Err(shared) => {
                self.pay(shared.services().iter().map(|(_, service)| size(service)).sum(), path)?;
                shared.root.clone()
            }
        };
        let Value::Map(mut entries) = root else { return Ok(map(Vec::new(), at)) };
        if let Some(services) = services {
            let is_it = |(key, _): &&mut (Node, Node)| key.as_text() == Some("services");
            if let Some((_, value)) = entries.iter_mut().rev().find(is_it) {
                *value = map(services, value.at.clone());
            }
        }
        let include = entries.iter().position(|(key, _)| key.as_text() == Some("include"));
        let Some((_, include)) = include.map(|index| entries.remove(index)) else {
            return Ok(map(entries, at));
        };
        let included = self.included(&include, path, chain)?;
        Ok(self.laid_over(included, map(entries, at)))
    }

    fn included(
        &mut self,
        include: &Node,
        path: &str,
        chain: &mut Vec<String>,
    ) -> Result<Node, Failure> {
        let mut model = map(Vec::new(), 0..0);
        for element in include.elements() {
            let path_of = element.get("path").unwrap_or(element);
            let names = if let Value::List(several) = &path_of.value {
                several.iter().filter_map(plain).collect()
            } else {
                plain(path_of).into_iter().collect::<Vec<_>>()
            };
            let paths: Option<Vec<_>> =
                names.iter().map(|name| written::beside(path, name)).collect();
            let is_there = |path: &String| {
                self.files.contains_key(path) || self.source.is_some_and(|it| it(path).is_some())
            };
            self.includes += 1;
            let is_new = |path: &String| !chain.contains(path);
            let is_bounded = self.includes <= MAX_FILES && chain.len() < MAX_CHAIN;
            let paths = paths.filter(|paths| paths.iter().all(|it| is_there(it) && is_new(it)));
            match paths.filter(|_| is_bounded) {
                Some(paths) => {
                    let next = self.model(&paths, chain)?;
                    model = self.laid_over(model, next);
                }
                None => self.note(&element.at, format!("`{}` is not included", names.join("`, `"))),
            }
        }
        Ok(model)
    }

    /// The services of a file, where one of them extends another.
    fn services(
        &mut self,
        written: &Rc<Written>,
        path: &str,
    ) -> Result<Option<Vec<(Node, Node)>>, Failure> {
        let entries = written.services();
        if !entries.iter().any(|(_, service)| service.get("extends").is_some()) {
            return Ok(None);
        }
        let mut resolved = Vec::with_capacity(entries.len());
        for (key, service) in entries {
            let chain = &mut vec![(path.to_owned(), plain(key).unwrap_or_default())];
            resolved.push((key.clone(), self.extended(service.clone(), written, chain)?));
        }
        Ok(Some(resolved))
    }

    /// A service with what it extends beneath it. `chain` are the file and name of it and of those that led here.
    fn extended(
        &mut self,
        service: Node,
        siblings: &Rc<Written>,
        chain: &mut Vec<(String, String)>,
    ) -> Result<Node, Failure> {
        let Some(extends) = service.get("extends").cloned() else { return Ok(service) };
        let base = self.base(&extends, siblings, chain)?;
        let Value::Map(mut own) = service.value else { return Ok(service) };
        own.retain(|(key, _)| key.as_text() != Some("extends"));
        let (base, is_partial) = match base {
            Some(base) => (base, false),
            None => (map(Vec::new(), service.at.clone()), true),
        };
        let mut merged = merge::service(base, map(own, service.at.clone()), &self.marks);
        // Wherever it comes from, the service is this one.
        merged.at = service.at;
        if let (Value::Map(entries), true) = (&mut merged.value, is_partial) {
            entries.push(field("is-partial", flag(true, extends.at)));
        }
        Ok(merged)
    }

    /// The service that is extended, with all that it extends itself; nothing if that is not known.
    fn base(
        &mut self,
        extends: &Node,
        siblings: &Rc<Written>,
        chain: &mut Vec<(String, String)>,
    ) -> Result<Option<Node>, Failure> {
        let name = plain(extends.get("service").unwrap_or(extends)).unwrap_or_default();
        let here = chain.last().map_or_else(String::new, |(path, _)| path.clone());
        let file = extends.get("file").map(|file| plain(file).unwrap_or_default());
        let path = match &file {
            None => Some(here),
            Some(file) => written::beside(&here, file),
        };
        let Some(path) = path else { return Ok(self.unknown(extends, &name, file.as_deref())) };
        let step = (path.clone(), name.clone());
        if chain.len() >= MAX_CHAIN || chain.contains(&step) {
            self.note(&extends.at, format!("services extend each other in a circle at `{name}`"));
            return Ok(None);
        }
        let project = chain.first().map_or_else(String::new, |(path, _)| path.clone());
        let siblings = match &file {
            Some(_) => self.file(&path, &project)?,
            None => Some(Rc::clone(siblings)),
        };
        let found =
            siblings.as_ref().and_then(|siblings| Some((siblings, siblings.service(&name)?)));
        let Some((siblings, base)) = found else {
            return Ok(self.unknown(extends, &name, file.as_deref()));
        };
        self.pay(size(base), &path)?;
        if file.is_some() {
            self.extended.insert(step.clone());
        }
        chain.push(step);
        let base = self.extended(base.clone(), siblings, chain)?;
        chain.pop();
        Ok(Some(base))
    }

    fn pay(&mut self, values: usize, path: &str) -> Result<(), Failure> {
        self.copies += values;
        if self.copies > MAX_COPIES {
            let message = format!("`extends` and `include` copy over {MAX_COPIES} values");
            return Err((path.to_owned(), Unreadable::new(message, 0..0)));
        }
        Ok(())
    }

    fn unknown(&mut self, extends: &Node, name: &str, file: Option<&str>) -> Option<Node> {
        let of = file.map(|file| format!(" of `{file}`")).unwrap_or_default();
        self.note(&extends.at, format!("`{name}`{of} is extended and not there"));
        None
    }

    fn note(&mut self, at: &Range<usize>, message: String) {
        self.problems.push(field("problem", Node::text(message, at.clone())));
    }
}

fn size(node: &Node) -> usize {
    1 + node.children().map(size).sum::<usize>()
}

#[cfg(test)]
mod tests;
