//! The parts of a manifest that others refer to: coordinates, properties and managed versions.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use crate::packages::lockfile::xml::Element;

/// Properties that lead to each other, and references within one value.
const MOST_REFERENCES: usize = 64;
/// Bytes of a value.
const LONGEST: usize = 1024;

/// A text with its properties resolved, and where it is written: the last property if it is nothing else.
#[derive(Debug)]
pub(super) struct Value<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) at: Range<usize>,
}

/// What a project says of itself, and by which its dependencies are completed.
pub(super) struct Model<'a> {
    /// The project's coordinates, and those of its parent with `parent.` before them.
    coordinates: HashMap<String, &'a Element<'a>>,
    properties: HashMap<&'a str, &'a Element<'a>>,
    /// The properties of the profile that is read at the moment.
    of_profile: HashMap<&'a str, &'a Element<'a>>,
    /// The managed dependencies, by what makes them the same.
    managed: HashMap<Key, &'a Element<'a>>,
}

/// Group, artefact, type and classifier.
type Key = [String; 4];

/// Whether a profile is in use where nobody asks for another one.
pub(super) fn is_active(profile: &Element<'_>) -> bool {
    let activation = profile.child("activation");
    activation.and_then(|activation| activation.text_of("activeByDefault")) == Some("true")
}

impl<'a> Model<'a> {
    /// Reads a `<project>`, with the profiles that are in use where nobody asks for another one.
    pub(super) fn new(project: &'a Element<'a>) -> Self {
        let mut model = Self {
            coordinates: coordinates(project),
            properties: HashMap::new(),
            of_profile: HashMap::new(),
            managed: HashMap::new(),
        };
        let active = project.inside("profiles").iter().filter(|profile| is_active(profile));
        let sections: Vec<&Element<'_>> = std::iter::once(project).chain(active).collect();
        for section in &sections {
            model.properties.extend(properties(section));
        }
        for section in sections {
            let management = section.child("dependencyManagement");
            let list = management.map_or(&[][..], |management| management.inside("dependencies"));
            for dependency in list {
                if let Some(key) = model.key(dependency) {
                    model.managed.insert(key, dependency);
                }
            }
        }
        model
    }

    /// From here on, the properties of a profile come before the others.
    pub(super) fn enter(&mut self, profile: &'a Element<'a>) {
        self.of_profile = properties(profile).collect();
    }

    /// What the file manages for a dependency.
    pub(super) fn managed(&self, dependency: &'a Element<'a>) -> Option<&'a Element<'a>> {
        self.managed.get(&self.key(dependency)?).copied()
    }

    fn key(&self, dependency: &'a Element<'a>) -> Option<Key> {
        let text = |name: &str, default: &str| match dependency.child(name) {
            Some(element) => Some(self.value(element)?.text.into_owned()),
            None => Some(default.to_owned()),
        };
        Some([
            text("groupId", "")?,
            text("artifactId", "")?,
            text("type", "jar")?,
            text("classifier", "")?,
        ])
    }

    /// A part of the project's own coordinates.
    pub(super) fn coordinate(&self, name: &str) -> Option<&'a Element<'a>> {
        self.coordinates.get(name).copied()
    }

    /// The text of an element, if this file tells all properties in it.
    pub(super) fn value(&self, mut element: &'a Element<'a>) -> Option<Value<'a>> {
        for _ in 0..MOST_REFERENCES {
            let text = &*element.text;
            let at = element.text_at.clone();
            let inner = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
            match inner.filter(|name| !name.contains('}')) {
                Some(name) => element = self.property(name)?,
                None if text.contains("${") => {
                    let mut left = MOST_REFERENCES;
                    let text = self.expand(text, &mut left)?.into();
                    return Some(Value { text, at });
                }
                None if text.len() > LONGEST => return None,
                None => return Some(Value { text: Cow::Borrowed(text), at }),
            }
        }
        None
    }

    /// `left` bounds the references, however they are nested.
    fn expand(&self, text: &str, left: &mut usize) -> Option<String> {
        if text.len() > LONGEST {
            return None;
        }
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}')?;
            *left = left.checked_sub(1)?;
            expanded.push_str(before);
            expanded.push_str(&self.expand(&self.property(name)?.text, left)?);
            rest = after;
        }
        expanded.push_str(rest);
        (expanded.len() <= LONGEST).then_some(expanded)
    }

    /// What a name between `${` and `}` stands for.
    fn property(&self, name: &str) -> Option<&'a Element<'a>> {
        let coordinate =
            name.strip_prefix("project.").or_else(|| name.strip_prefix("pom.")).unwrap_or(name);
        let own = self.of_profile.get(name).or_else(|| self.properties.get(name)).copied();
        own.or_else(|| self.coordinate(coordinate))
    }
}

fn properties<'a>(section: &'a Element<'a>) -> impl Iterator<Item = (&'a str, &'a Element<'a>)> {
    section.inside("properties").iter().map(|property| (property.name, property))
}

/// Group and version that the project does not state are its parent's.
fn coordinates<'a>(project: &'a Element<'a>) -> HashMap<String, &'a Element<'a>> {
    let mut coordinates = HashMap::new();
    for name in ["groupId", "artifactId", "version"] {
        let of_parent = project.child("parent").and_then(|parent| parent.child(name));
        if let Some(element) = of_parent {
            coordinates.insert(format!("parent.{name}"), element);
        }
        let inherited = of_parent.filter(|_| name != "artifactId");
        if let Some(element) = project.child(name).or(inherited) {
            coordinates.insert(name.to_owned(), element);
        }
    }
    coordinates
}
