//! Where a result is: always a file of the repository, and beside it the URL, package or database object.

use std::fmt::Write;

use serde_sarif::sarif::{
    ArtifactContent, ArtifactLocation, Location, LogicalLocation, PhysicalLocation, Region,
};

use super::message;
use crate::{
    finding::{Excerpt, FilePlace, Place, RepoPath, Span, Step},
    report::Report,
    reporters::words,
};

/// Stands for the repository where nothing else does.
const FRONT: &str = "README.md";

/// A place as a location; one without a file stands at the repository's front.
pub(super) fn location(place: &Place, report: &Report) -> Location {
    let physical = place.file().map_or_else(|| front(report), physical);
    let logical = logical(place);
    Location {
        physical_location: Some(physical),
        logical_locations: logical.map(|logical| vec![logical]),
        ..Location::default()
    }
}

/// A step as a location with its note.
pub(super) fn step(step: &Step, report: &Report) -> Location {
    let mut location = location(&step.place, report);
    location.message = Some(message(&super::sentence(step.note.as_str())));
    location
}

fn physical(at: &FilePlace) -> PhysicalLocation {
    let mut found = region(&at.span);
    found.snippet = marked(&at.excerpt);
    PhysicalLocation {
        artifact_location: Some(artifact(&at.path)),
        region: Some(found),
        // The lines of a member are no lines of the archive.
        context_region: if at.member.is_none() { context(&at.excerpt) } else { None },
        ..PhysicalLocation::default()
    }
}

fn front(report: &Report) -> PhysicalLocation {
    let path = RepoPath::new(report.subject.front.as_deref().unwrap_or(FRONT));
    PhysicalLocation {
        artifact_location: Some(artifact(&path)),
        region: Some(region(&Span::FILE)),
        ..PhysicalLocation::default()
    }
}

/// A file by its path, percent-encoded, without a base: readers start at the repository's root.
pub(super) fn artifact(path: &RepoPath) -> ArtifactLocation {
    ArtifactLocation { uri: Some(relative_uri(path.as_str())), ..ArtifactLocation::default() }
}

/// Everything but unreserved characters and slashes is percent-encoded (RFC 3986, section 2.3).
fn relative_uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into());
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

/// The span as it is: both count from one, in UTF-16 units, the end exclusive.
pub(super) fn region(span: &Span) -> Region {
    let start = (span.start_line.max(1), span.start_column.max(1));
    let end = (span.end_line.max(1), span.end_column.max(1)).max(start);
    Region {
        start_line: Some(start.0.into()),
        start_column: Some(start.1.into()),
        end_line: Some(end.0.into()),
        end_column: Some(end.1.into()),
        ..Region::default()
    }
}

/// The masked text of the finding itself.
fn marked(excerpt: &Excerpt) -> Option<ArtifactContent> {
    let (first, last) = (excerpt.start, excerpt.end);
    let lines = excerpt.lines.get(first.0..=last.0)?;
    let mut text = String::new();
    for (index, line) in (first.0..).zip(lines) {
        let start = if index == first.0 { first.1 } else { 0 };
        let end = if index == last.0 { last.1 } else { line.as_str().len() };
        text.push_str(line.as_str().get(start..end)?);
        text.push('\n');
    }
    text.pop();
    (!text.is_empty()).then(|| content(text))
}

/// The lines around it, which must be more than the finding itself.
fn context(excerpt: &Excerpt) -> Option<Region> {
    let last = excerpt.lines.len().checked_sub(1)?;
    let is_wider = excerpt.start.0 > 0 || excerpt.end.0 < last;
    let text: Vec<&str> = excerpt.lines.iter().map(crate::finding::Quoted::as_str).collect();
    let first_line = i64::from(excerpt.first_line.max(1));
    (is_wider && excerpt.first_line > 0).then(|| Region {
        start_line: Some(first_line),
        end_line: Some(first_line.saturating_add(super::count(last))),
        snippet: Some(content(text.join("\n"))),
        ..Region::default()
    })
}

/// Text as SARIF quotes it; it must be masked already.
pub(super) fn content(text: String) -> ArtifactContent {
    ArtifactContent { text: Some(text), ..ArtifactContent::default() }
}

fn logical(place: &Place) -> Option<LogicalLocation> {
    let (kind, name, full) = match place {
        Place::Request { request, .. } => ("resource", words::place(place), request.url.clone()),
        Place::Database { object, .. } => ("object", object.clone(), object.clone()),
        Place::Package { package, .. } => {
            let full = format!("{}/{}@{}", package.ecosystem, package.name, package.version);
            ("package", package.name.clone(), full)
        }
        Place::File(_) | Place::Repository { .. } => return None,
    };
    Some(LogicalLocation {
        kind: Some(kind.to_owned()),
        name: Some(name),
        fully_qualified_name: Some(full),
        ..LogicalLocation::default()
    })
}

#[cfg(test)]
mod tests {
    use super::relative_uri;

    #[test]
    fn a_path_becomes_a_relative_uri() {
        assert_eq!(relative_uri("src/a b:ü\n#?.py"), "src/a%20b%3A%C3%BC%0A%23%3F.py");
    }
}
