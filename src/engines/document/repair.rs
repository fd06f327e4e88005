//! Turns the repair of a rule into edits of the text in which the rule found something.
//!
//! A repair is all or nothing: where a field is missing, comes from an anchor elsewhere, or is written in a way that
//! can not be changed in place, there is none.

mod remove;
mod set;

use std::{
    cell::{Cell, OnceCell},
    ops::Range,
};

use super::{
    matcher::{Found, Path, plain},
    node::{Node, Value},
    yaml::{self, Booleans},
};
use crate::{
    finding::DraftEdit,
    rule::{Action, Model, Repair, Setting},
};

/// Values that are looked at for all repairs of a document: with thousands of findings in a long file, looking for
/// each would take quadratic time. What comes after that has no repair.
const MOST_LOOKED_AT: usize = 5_000_000;

/// A document in which something was found.
#[derive(Debug)]
pub struct Document<'d> {
    model: Model,
    text: &'d str,
    /// The text as YAML: models show what it means, an edit has to know how that is written.
    written: OnceCell<Vec<Node>>,
    left: Cell<usize>,
}

/// The edits that repair a finding; they do not overlap.
pub fn edits(
    repair: &Repair,
    document: &Document<'_>,
    found: &Found<'_>,
) -> Option<Vec<DraftEdit>> {
    let mut edits = Vec::new();
    for step in &repair.edits {
        let field = Path::new(&step.at).first(found.subject)?;
        document.edit(&step.action, field, found.subject, &mut edits)?;
    }
    edits.sort_by_key(|edit| (edit.at.start, edit.at.end));
    let apart = edits.windows(2).all(|pair| pair[0].at.end <= pair[1].at.start);
    (apart && !edits.is_empty()).then_some(edits)
}

impl<'d> Document<'d> {
    /// A text and how it was read.
    pub const fn new(model: Model, text: &'d str) -> Self {
        Self { model, text, written: OnceCell::new(), left: Cell::new(MOST_LOOKED_AT) }
    }

    fn edit(
        &self,
        action: &Action,
        field: &Node,
        subject: &Node,
        edits: &mut Vec<DraftEdit>,
    ) -> Option<()> {
        let at = &field.at;
        if self.left.get() == 0 {
            return None;
        }
        let in_place = matches!(action, Action::Replace(_) | Action::Before(_) | Action::After(_));
        if in_place && self.is_yaml() && self.text.contains('*') && self.is_shared(at) {
            return None;
        }
        let edit = match action {
            Action::Replace(text) => DraftEdit { at: at.clone(), text: filled(text, subject)? },
            Action::Before(text) => insert(at.start, filled(text, subject)?),
            Action::After(text) => insert(at.end, filled(text, subject)?),
            Action::LineBefore(text) => self.line_before(at, &filled(text, subject)?),
            Action::LineAfter(text) => self.line_after(at, &filled(text, subject)?),
            Action::Remove => remove::edit(self, self.only(at, |_| true)?)?,
            Action::Set(setting) => {
                let Setting::Map(entries) = filled_setting(setting, subject)? else { return None };
                let (map, _) = self.only(at, |node| is_map_of(node, field))?.pop()?;
                return set::edits(self, map, &entries, edits);
            }
        };
        edits.push(edit);
        Some(())
    }

    const fn is_yaml(&self) -> bool {
        matches!(
            self.model,
            Model::Compose | Model::Kubernetes | Model::Workflow | Model::Yaml | Model::Spring
        )
    }

    /// The way to what is written at these bytes, if it stands in one place alone: what an alias copies belongs to
    /// others, too.
    fn only(&self, at: &Range<usize>, is_wanted: impl Fn(&Node) -> bool) -> Option<Way<'_>> {
        let mut ways = self.find(at);
        ways.retain(|way| way.last().is_some_and(|(node, _)| is_wanted(node)));
        if ways.iter().any(|way| is_exact(way, at)) {
            ways.retain(|way| is_exact(way, at));
        }
        // A list has the place of its only element: the way to the element leads through it.
        let last = ways.pop()?;
        let is_passed = |way: &Way<'_>| {
            way.iter().zip(&last).all(|((a, _), (b, _))| std::ptr::eq::<Node>(*a, *b))
        };
        ways.iter().all(is_passed).then_some(last)
    }

    /// The ways to the values that are written at these bytes, alone or with their keys.
    fn find(&self, at: &Range<usize>) -> Vec<Way<'_>> {
        let written = self.written.get_or_init(|| {
            let documents = yaml::documents(self.text, Booleans::Core);
            documents.map(|documents| documents.roots).unwrap_or_default()
        });
        let mut found = Vec::new();
        for root in written {
            let mut way = vec![(root, root.at.clone())];
            if root.at == *at {
                found.push(way.clone());
            }
            find(at, &mut way, &mut found, &self.left);
        }
        if self.left.get() == 0 { Vec::new() } else { found }
    }

    /// Whether an alias copies what stands at these bytes, as far as could be looked.
    fn is_shared(&self, at: &Range<usize>) -> bool {
        let ways = self.find(at);
        let exact = ways.iter().filter(|way| is_exact(way, at));
        let mut scalars = exact.filter(|way| {
            way.last().is_some_and(|(node, _)| !matches!(node.value, Value::List(_)))
        });
        scalars.nth(1).is_some() || self.left.get() == 0
    }

    fn line_before(&self, at: &Range<usize>, text: &str) -> DraftEdit {
        let start = self.line_start(at.start);
        let indent = self.indent(start);
        insert(start, format!("{indent}{text}{}", self.line_ending()))
    }

    fn line_after(&self, at: &Range<usize>, text: &str) -> DraftEdit {
        let indent = self.indent(self.line_start(at.start));
        insert(self.line_end(at.end), format!("{}{indent}{text}", self.line_ending()))
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Where the line that holds the end of something ends, before its line ending.
    fn line_end(&self, end: usize) -> usize {
        let end = if self.text[..end].ends_with('\n') { end - 1 } else { end };
        let end = self.text[end..].find('\n').map_or(self.text.len(), |newline| end + newline);
        if self.text[..end].ends_with('\r') { end - 1 } else { end }
    }

    fn indent(&self, line_start: usize) -> &str {
        let line = &self.text[line_start..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    fn line_ending(&self) -> &'static str {
        let newline = self.text.find('\n');
        let is_crlf = newline.is_some_and(|newline| self.text[..newline].ends_with('\r'));
        if is_crlf { "\r\n" } else { "\n" }
    }

    fn is_flow(&self, node: &Node) -> bool {
        self.text[node.at.start..].starts_with(['{', '['])
    }
}

/// From the root of a document to one of its values: each with the bytes of it, and of its key if it has one.
type Way<'n> = Vec<(&'n Node, Range<usize>)>;

/// Whether a map is what a field was made of: a map with one entry has the same place as that entry.
fn is_map_of(map: &Node, field: &Node) -> bool {
    let is_known =
        |(key, _): &(Node, Node)| key.as_text().is_some_and(|key| field.get(key).is_some());
    matches!(map.value, Value::Map(_))
        && (map.entries().is_empty()
            || field.entries().is_empty()
            || map.entries().iter().any(is_known))
}

fn is_exact(way: &Way<'_>, at: &Range<usize>) -> bool {
    way.last().is_some_and(|(node, _)| node.at == *at)
}

fn find<'n>(at: &Range<usize>, way: &mut Way<'n>, found: &mut Vec<Way<'n>>, left: &Cell<usize>) {
    let Some((parent, _)) = way.last().cloned() else { return };
    for (value, whole) in pieces(parent) {
        left.set(left.get().saturating_sub(1));
        if left.get() == 0 {
            return;
        }
        way.push((value, whole.clone()));
        if value.at == *at || whole == *at {
            found.push(way.clone());
        }
        find(at, way, found, left);
        way.pop();
    }
}

/// What stands in a map or list, each with the bytes of it: key and value, or the element.
fn pieces(parent: &Node) -> Vec<(&Node, Range<usize>)> {
    match &parent.value {
        Value::Map(entries) => {
            let whole = |key: &Node, value: &Node| key.at.start..value.at.end.max(key.at.end);
            entries.iter().map(|(key, value)| (value, whole(key, value))).collect()
        }
        Value::List(elements) => {
            elements.iter().map(|element| (element, element.at.clone())).collect()
        }
        _ => Vec::new(),
    }
}

/// The entries of a map that are written in it, not merged in.
fn own(map: &Node) -> Vec<&(Node, Node)> {
    map.entries().iter().filter(|(key, _)| is_within(key, map)).collect()
}

fn is_within(inner: &Node, outer: &Node) -> bool {
    outer.at.start <= inner.at.start && inner.at.end <= outer.at.end
}

const fn insert(at: usize, text: String) -> DraftEdit {
    DraftEdit { at: at..at, text }
}

/// The text with the fields of the subject in place of their names.
fn filled(text: &str, subject: &Node) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(brace) = rest.find(['{', '}']) {
        filled.push_str(&rest[..brace]);
        let (open, after) = rest[brace..].split_at(1);
        if let Some(after) = after.strip_prefix(open) {
            filled.push_str(open);
            rest = after;
            continue;
        }
        let (name, after) = after.split_once('}').filter(|_| open == "{")?;
        filled.push_str(&plain(Path::new(name).first(subject)?)?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

fn filled_setting(setting: &Setting, subject: &Node) -> Option<Setting> {
    Some(match setting {
        Setting::Text(text) => Setting::Text(filled(text, subject)?),
        Setting::List(elements) => {
            let filled = elements.iter().map(|element| filled_setting(element, subject));
            Setting::List(filled.collect::<Option<_>>()?)
        }
        Setting::Map(entries) => {
            let filled = entries
                .iter()
                .map(|(key, value)| Some((filled(key, subject)?, filled_setting(value, subject)?)));
            Setting::Map(filled.collect::<Option<_>>()?)
        }
        Setting::Bool(_) | Setting::Number(_) => setting.clone(),
    })
}

#[cfg(test)]
mod tests;
