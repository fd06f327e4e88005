//! Where a finding is: in a file, in an answer of the target, in a database, or the repository as a whole.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::text::Quoted;

/// A file's path from the repository's root, with `/` between its parts.
///
/// It may hold any character that a file name may hold; reporters escape it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RepoPath(Arc<str>);

impl RepoPath {
    /// Takes a path as it is.
    pub fn new(path: &str) -> Self {
        Self(Arc::from(path))
    }

    /// The whole path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last `/`.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// What precedes the last `/`; empty at the root.
    pub fn folder(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// What follows the last dot of the file name, or nothing.
    pub fn extension(&self) -> &str {
        self.file_name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A stretch of a file: one-based lines, one-based columns in UTF-16 units, the end exclusive.
///
/// Only `sources::SourceFile::span` makes one from bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First line, from one.
    pub start_line: u32,
    /// Column of the first character, from one.
    pub start_column: u32,
    /// Last line, from one.
    pub end_line: u32,
    /// Column after the last character, from one.
    pub end_column: u32,
}

impl Span {
    /// The first column of the first line: where a finding about a whole file is shown.
    pub const FILE: Self = Self { start_line: 1, start_column: 1, end_line: 1, end_column: 1 };
}

/// The lines around a finding, masked, and where in them it lies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Excerpt {
    /// Number of the first line shown, from one; 0 if nothing is shown.
    pub first_line: u32,
    /// The lines, without their ends. Long lines are cut to a window around the finding.
    pub lines: Vec<Quoted>,
    /// Start of the finding: index into `lines`, and byte within that line.
    pub start: (usize, usize),
    /// End of the finding (exclusive): index into `lines`, and byte within that line.
    pub end: (usize, usize),
}

/// A place in a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePlace {
    /// The file.
    pub path: RepoPath,
    /// Where in it.
    #[serde(flatten)]
    pub span: Span,
    /// The lines around it.
    #[serde(default)]
    pub excerpt: Excerpt,
    /// `primaryLocationLineHash` of the first line, as GitHub's upload action computes it.
    #[serde(default)]
    pub line_hash: String,
    /// The member that it is in, if the file is an archive; the excerpt is the member's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Member>,
    /// The commit in which the file is so; `None` for the audited tree itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
}

/// A place in a member of an archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Member {
    /// Its path within the archive, with `!/` behind each archive that lies within.
    pub path: Quoted,
    /// Its line, from one.
    pub line: u32,
}

impl FilePlace {
    /// A whole file: its first line, nothing quoted.
    pub fn whole(path: RepoPath) -> Self {
        let (excerpt, line_hash) = (Excerpt::default(), String::new());
        Self { path, span: Span::FILE, excerpt, line_hash, member: None, commit: None }
    }
}

/// A commit of the past.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Commit {
    /// In hexadecimal.
    pub id: String,
    /// The author's date in ISO 8601, `2026-03-31T14:05:09+02:00`; empty for what a tag holds without a
    /// commit.
    pub date: String,
}

/// A package of an ecosystem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Package {
    /// The ecosystem's name in OSV: `crates.io`, `PyPI`, `npm`.
    pub ecosystem: String,
    /// The package's name.
    pub name: String,
    /// The version that is used.
    pub version: String,
}

/// A request to the target whose answer shows the defect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestPlace {
    /// `GET`.
    pub method: String,
    /// The route, as a template where the description gives one: `/orders/{id}`.
    pub route: String,
    /// The URL that was requested.
    pub url: String,
    /// The parameter or header that matters, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// Status of the answer; 0 if there was none.
    pub status: u16,
}

/// Where a finding is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PlaceLine", into = "PlaceLine")]
pub enum Place {
    /// In a file.
    File(FilePlace),
    /// A package, at its line of a lockfile.
    Package {
        /// The lockfile's line.
        at: FilePlace,
        /// The package.
        package: Package,
    },
    /// In an answer of the target.
    Request {
        /// What was asked.
        request: RequestPlace,
        /// The line of the repository that answers for it; set by `judgement::correlate`.
        at: Option<FilePlace>,
    },
    /// In a database.
    Database {
        /// The statement, table or index.
        object: String,
        /// The line of the repository that answers for it.
        at: Option<FilePlace>,
    },
    /// The repository as a whole.
    Repository {
        /// The line at which it is shown; set by `judgement::correlate`.
        at: Option<FilePlace>,
    },
}

impl Place {
    /// The repository line, if one is known.
    pub fn file(&self) -> Option<&FilePlace> {
        match self {
            Self::File(at) | Self::Package { at, .. } => Some(at),
            Self::Request { at, .. } | Self::Database { at, .. } | Self::Repository { at } => {
                at.as_ref()
            }
        }
    }

    /// The file that the finding itself is in. A live or repository-wide finding has none: the line at
    /// which it is shown is not its own.
    pub const fn own_file(&self) -> Option<&FilePlace> {
        match self {
            Self::File(at) | Self::Package { at, .. } => Some(at),
            Self::Request { .. } | Self::Database { .. } | Self::Repository { .. } => None,
        }
    }

    /// Sets the repository line of a place that had none.
    pub fn set_file(&mut self, file: FilePlace) {
        match self {
            Self::File(at) | Self::Package { at, .. } => *at = file,
            Self::Request { at, .. } | Self::Database { at, .. } | Self::Repository { at } => {
                *at = Some(file);
            }
        }
    }

    /// What findings are sorted by: path, line, column, then request or member of an archive.
    pub fn order(&self) -> (String, u32, u32, String) {
        let (path, line, column) = self.file().map_or((String::new(), 0, 0), |at| {
            (at.path.as_str().to_owned(), at.span.start_line, at.span.start_column)
        });
        let member = self.file().and_then(|at| at.member.as_ref());
        let request = match self {
            Self::Request { request, .. } => format!("{} {}", request.route, request.method),
            Self::Database { object, .. } => object.clone(),
            _ => member.map_or_else(String::new, |member| {
                format!("{}\0{:010}", member.path.as_str(), member.line)
            }),
        };
        (path, line, column, request)
    }
}

/// A [`Place`] as JSON shows it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct PlaceLine {
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    file: Option<FilePlace>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    package: Option<Package>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<RequestPlace>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    repository: bool,
}

impl From<Place> for PlaceLine {
    fn from(place: Place) -> Self {
        let none = Self::default();
        match place {
            Place::File(at) => Self { file: Some(at), ..none },
            Place::Package { at, package } => {
                Self { file: Some(at), package: Some(package), ..none }
            }
            Place::Request { request, at } => Self { file: at, request: Some(request), ..none },
            Place::Database { object, at } => Self { file: at, database: Some(object), ..none },
            Place::Repository { at } => Self { file: at, repository: true, ..none },
        }
    }
}

impl TryFrom<PlaceLine> for Place {
    type Error = String;

    fn try_from(line: PlaceLine) -> Result<Self, String> {
        match line {
            PlaceLine { request: Some(request), file: at, .. } => Ok(Self::Request { request, at }),
            PlaceLine { database: Some(object), file: at, .. } => Ok(Self::Database { object, at }),
            PlaceLine { repository: true, file: at, .. } => Ok(Self::Repository { at }),
            PlaceLine { package: Some(package), file: Some(at), .. } => {
                Ok(Self::Package { at, package })
            }
            PlaceLine { file: Some(at), .. } => Ok(Self::File(at)),
            PlaceLine { .. } => Err("a place names a path, request, database or repository".into()),
        }
    }
}
