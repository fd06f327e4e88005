//! The report itself, for programs; `docs/report.md` documents its fields.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use thiserror::Error;

use super::{Reporter, visible};
use crate::report::{Report, SCHEMA_VERSION};

/// Writes the report as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl Reporter for Json {
    fn write(&self, report: &Report, to: &mut dyn io::Write) -> io::Result<()> {
        write_pretty(report, to)
    }
}

/// Why a text is no report that this program reads.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It is no JSON, or has another shape.
    #[error("read the report: {0}")]
    Shape(#[from] serde_json::Error),
    /// A program with another version of the shape wrote it.
    #[error(
        "read the report: it has schema version {found}, this program reads {SCHEMA_VERSION}; \
         write it again with this version of seaworthy"
    )]
    Version {
        /// The version of the text.
        found: u32,
    },
}

/// Reads a report back.
pub fn read(text: &str) -> Result<Report, ReadError> {
    #[derive(Deserialize)]
    struct Head {
        schema_version: u32,
    }
    let head: Head = serde_json::from_str(text)?;
    if head.schema_version != SCHEMA_VERSION {
        return Err(ReadError::Version { found: head.schema_version });
    }
    Ok(serde_json::from_str(text)?)
}

/// Indented JSON with a line end. Characters that hide or command are written as `\u` escapes, which
/// any reader of JSON turns back.
pub(super) fn write_pretty<T: Serialize>(value: &T, to: &mut dyn io::Write) -> io::Result<()> {
    let mut buffered = io::BufWriter::new(to);
    let formatter = Careful { pretty: PrettyFormatter::new(), hashes: 0 };
    value.serialize(&mut Serializer::with_formatter(&mut buffered, formatter))?;
    io::Write::write_all(&mut buffered, b"\n")?;
    io::Write::flush(&mut buffered)
}

/// Pretty JSON that escapes hidden characters, and the bracket of `##[`.
struct Careful {
    pretty: PrettyFormatter<'static>,
    hashes: usize,
}

impl Careful {
    fn must_escape(&mut self, character: char) -> bool {
        let is_command = character == '[' && self.hashes >= 2;
        self.hashes = if character == '#' { self.hashes + 1 } else { 0 };
        is_command || visible::is_hidden(character)
    }
}

impl Formatter for Careful {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut done = 0;
        for (at, character) in fragment.char_indices() {
            if self.must_escape(character) {
                writer.write_all(&fragment.as_bytes()[done..at])?;
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
                done = at + character.len_utf8();
            }
        }
        writer.write_all(&fragment.as_bytes()[done..])
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_array(writer)
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_array(writer)
    }

    fn begin_array_value<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.pretty.begin_array_value(writer, first)
    }

    fn end_array_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_array_value(writer)
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_object(writer)
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_object(writer)
    }

    fn begin_object_key<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.pretty.begin_object_key(writer, first)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_object_value(writer)
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_object_value(writer)
    }
}
