//! XML as a tree of elements with places, without attributes: all that a manifest of Maven is made of.
//!
//! Depth and number of elements are limited; entities of a document type are not read at all.

use std::{borrow::Cow, ops::Range};

use quick_xml::{Reader, escape::resolve_xml_entity, events::Event};

use super::Fault;

/// Elements within each other.
const DEEPEST: usize = 64;
/// Elements of one document.
const MOST_ELEMENTS: usize = 250_000;

/// An element.
#[derive(Debug)]
pub(in crate::packages) struct Element<'a> {
    /// Its name without prefix.
    pub(in crate::packages) name: &'a str,
    /// Bytes from its first tag to the end of its last.
    pub(in crate::packages) at: Range<usize>,
    /// Its own text without the blanks around it.
    pub(in crate::packages) text: Cow<'a, str>,
    /// Bytes of the text.
    pub(in crate::packages) text_at: Range<usize>,
    pub(in crate::packages) children: Vec<Element<'a>>,
}

impl<'a> Element<'a> {
    /// The first child of this name.
    pub(in crate::packages) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children of the child of this name.
    pub(in crate::packages) fn inside(&self, name: &str) -> &[Self] {
        self.child(name).map_or(&[], |child| &child.children)
    }

    /// The text of the child of this name.
    pub(in crate::packages) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| &*child.text)
    }

    fn append(&mut self, piece: &'a str, at: Range<usize>) {
        if self.text.is_empty() {
            self.text = Cow::Borrowed(piece);
            self.text_at = at;
        } else if !piece.is_empty() {
            self.text.to_mut().push_str(piece);
            self.text_at.end = at.end;
        }
    }
}

/// Reads a document: its root.
pub(in crate::packages) fn read(text: &str) -> Result<Element<'_>, Fault> {
    let mark = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut reader = Reader::from_str(&text[mark..]);
    let mut tree = Tree { text, open: Vec::new(), root: None, count: 0 };
    let mut start = mark;
    loop {
        let event = reader.read_event();
        let position = |at: u64| usize::try_from(at).map_or(text.len(), |at| mark + at);
        let end = position(reader.buffer_position()).min(text.len());
        let at = start..end;
        match event {
            Ok(Event::Start(_)) => tree.open(at)?,
            Ok(Event::Empty(_)) => {
                tree.open(at)?;
                tree.close(end);
            }
            Ok(Event::End(_)) => tree.close(end),
            Ok(Event::Text(_)) => tree.text(text.get(at.clone()).unwrap_or_default(), at)?,
            Ok(Event::CData(_)) => {
                let inside = start + "<![CDATA[".len()..end - "]]>".len();
                tree.text(text.get(inside.clone()).unwrap_or_default(), inside)?;
            }
            Ok(Event::GeneralRef(_)) => tree.reference(at)?,
            Ok(Event::Eof) => return tree.finish(),
            Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_)) => {}
            Err(_) => {
                let at = position(reader.error_position()).min(text.len());
                return Err(Fault::new(at, "not well-formed"));
            }
        }
        start = end;
    }
}

struct Tree<'a> {
    text: &'a str,
    open: Vec<Element<'a>>,
    root: Option<Element<'a>>,
    count: usize,
}

impl<'a> Tree<'a> {
    /// Takes a tag `<name …>` or `<name …/>`.
    fn open(&mut self, at: Range<usize>) -> Result<(), Fault> {
        let tag = self.text.get(at.start + 1..at.end).unwrap_or_default();
        let end = tag.find(|letter: char| letter.is_whitespace() || "/>".contains(letter));
        let name = &tag[..end.unwrap_or(tag.len())];
        self.count += 1;
        let reason = match () {
            () if self.open.is_empty() && self.root.is_some() => "a second root",
            () if !is_name(name) => "not the name of an element",
            () if self.open.len() >= DEEPEST => "too many elements inside each other",
            () if self.count > MOST_ELEMENTS => "too many elements",
            () => {
                let name = name.rsplit(':').next().unwrap_or(name);
                let text_at = at.end..at.end;
                let text = Cow::Borrowed("");
                self.open.push(Element { name, at, text, text_at, children: Vec::new() });
                return Ok(());
            }
        };
        Err(Fault::new(at.start, reason))
    }

    fn close(&mut self, end: usize) {
        let Some(mut element) = self.open.pop() else { return };
        element.at.end = end;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, piece: &'a str, at: Range<usize>) -> Result<(), Fault> {
        let from = at.start + piece.len() - piece.trim_start().len();
        let piece = piece.trim();
        match self.open.last_mut() {
            Some(element) => element.append(piece, from..from + piece.len()),
            None if piece.is_empty() => {}
            None => return Err(Fault::new(from, "text outside of the root")),
        }
        Ok(())
    }

    /// `&name;`. One that is not known stays as it is written.
    fn reference(&mut self, at: Range<usize>) -> Result<(), Fault> {
        let written = self.text.get(at.clone()).unwrap_or_default();
        let name = written.trim_matches(['&', ';']);
        self.text(resolve_xml_entity(name).unwrap_or(written), at)
    }

    fn finish(mut self) -> Result<Element<'a>, Fault> {
        if let Some(element) = self.open.pop() {
            return Err(Fault::new(element.at.start, "an element that is not closed"));
        }
        self.root.ok_or_else(|| Fault::new(self.text.len(), "no element"))
    }
}

fn is_name(name: &str) -> bool {
    let begins = |letter: char| letter.is_alphabetic() || matches!(letter, '_' | ':');
    let goes_on = |letter: char| {
        letter.is_alphanumeric() || !letter.is_ascii() || matches!(letter, '_' | ':' | '-' | '.')
    };
    name.starts_with(begins) && name.chars().all(goes_on)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_have_text_and_places() {
        let text = "\u{feff}<?xml version='1.0'?>\n<a xmlns=\"x\">\n <!-- <no/> --><n:b c='>'> 1 &amp; é </n:b><b/>\
            <d><![CDATA[<2>]]></d></a>\n";
        let root = read(text).unwrap();
        let names: Vec<_> = root.children.iter().map(|child| child.name).collect();
        assert_eq!(names, ["b", "b", "d"]);
        let first = root.child("b").unwrap();
        assert_eq!((&*first.text, &text[first.text_at.clone()]), ("1&é", "1 &amp; é"));
        assert_eq!(&text[first.at.clone()], "<n:b c='>'> 1 &amp; é </n:b>");
        assert_eq!(root.text_of("d"), Some("<2>"));
    }

    #[test]
    fn faults_are_named_with_their_byte() {
        let at = |text: &str| read(text).unwrap_err().at;
        assert_eq!(at("no xml"), 0);
        assert_eq!(at("<a><${b}/></a>"), 3);
        assert_eq!(at("<a><b></a>"), 6);
        assert_eq!(at("<a> <b>"), 4);
        assert_eq!(at("<a/>\n<b/>"), 5);
        assert_eq!(at("<a/> b"), 5);
        assert!(read("").is_err() && read("<a").is_err() && read("<!-- a").is_err());
        assert!(read(&"<a>".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<a>|</a>|<b/>|<!--|-->|<!\\[CDATA\\[|\\]\\]>|&amp;|[<>&;/!?\\[\\]é a\n\u{feff}'\"-]){0,20}") {
            if let Ok(root) = read(&text) {
                prop_assert!(text.get(root.at).is_some() && text.get(root.text_at).is_some());
            }
        }
    }
}
