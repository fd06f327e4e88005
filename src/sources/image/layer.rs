//! One layer of an image: a tar file, plain or packed, read from front to back.

use std::{
    cell::Cell,
    io::{self, BufRead, BufReader, Read},
};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use tar::{Archive, EntryType};

/// Most bytes that a layer unpacks to.
const MOST_UNPACKED: u64 = 16 << 30;
/// Most bytes that each byte of a layer may become.
const MOST_RATIO: u64 = 200;
/// A layer may unpack to so many bytes whatever its own size.
const ALWAYS: u64 = 64 << 20;
/// Most entries of a layer.
const MOST_ENTRIES: usize = 1 << 20;
/// Most bytes of a long name, or of an extended header.
const LONGEST: u64 = 64 << 10;
/// Most memory of a decoder of Zstandard, in bytes: its specification asks for 8 MiB, and more is an option.
const WINDOW: u64 = 64 << 20;

/// How a frame of Zstandard begins.
const ZSTANDARD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file with bytes of its own.
    File,
    /// A folder.
    Folder,
    /// A link, a device or another thing without bytes.
    Other,
}

/// One entry of a layer.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its path from the root, without a slash at either end; whiteouts keep their `.wh.`.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
}

/// A reader that fails once its limit is used up or time is over.
struct Bounded<'a> {
    inner: Box<dyn Read + 'a>,
    left: &'a Cell<u64>,
    is_over: &'a dyn Fn() -> bool,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.is_over)() {
            return Err(io::Error::other("time is up"));
        }
        let count = self.inner.read(buffer)?;
        let left = self.left.get().checked_sub(count as u64);
        self.left.set(left.ok_or_else(|| io::Error::other("unpacks to more than the limit"))?);
        Ok(count)
    }
}

/// Reads a layer of `size` bytes.
pub(super) fn read(
    blob: Box<dyn Read>,
    size: u64,
    is_over: &dyn Fn() -> bool,
    take: &mut dyn FnMut(Node, u64, &mut dyn Read),
) -> Result<(), String> {
    let left = Cell::new(size.saturating_mul(MOST_RATIO).clamp(ALWAYS, MOST_UNPACKED));
    let reader = BufReader::with_capacity(64 << 10, blob);
    let inner = unpacked(reader).map_err(|error| format!("could not be read: {error}"))?;
    entries(&mut Bounded { inner, left: &left, is_over }, take)
}

/// The tar file, by what the blob begins with: its media type may be that of another tool.
fn unpacked(mut reader: BufReader<Box<dyn Read>>) -> io::Result<Box<dyn Read>> {
    let head = reader.fill_buf()?;
    Ok(if head.starts_with(&[0x1f, 0x8b]) {
        Box::new(MultiGzDecoder::new(reader))
    } else if head.starts_with(&ZSTANDARD) {
        Box::new(Frames { frame: Some(frame(reader)?) })
    } else {
        Box::new(reader)
    })
}

type Frame = StreamingDecoder<BufReader<Box<dyn Read>>, FrameDecoder>;

/// The frames of a file of Zstandard, one after another: they unpack to one text (RFC 8878, section 3).
struct Frames {
    frame: Option<Frame>,
}

fn frame(reader: BufReader<Box<dyn Read>>) -> io::Result<Frame> {
    StreamingDecoder::new_with_max_window_size(reader, WINDOW).map_err(io::Error::other)
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(mut decoder) = self.frame.take() {
            let count = decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                self.frame = Some(decoder);
                return Ok(count);
            }
            let mut reader = decoder.into_inner();
            if !reader.fill_buf()?.is_empty() {
                self.frame = Some(frame(reader)?);
            }
        }
        Ok(0)
    }
}

/// What headers before an entry say of it.
#[derive(Default)]
struct Ahead {
    name: Option<String>,
}

fn entries(
    reader: &mut dyn Read,
    take: &mut dyn FnMut(Node, u64, &mut dyn Read),
) -> Result<(), String> {
    let fail = |error: io::Error| format!("could not be read: a damaged or unknown layer: {error}");
    let mut archive = Archive::new(reader);
    let mut ahead = Ahead::default();
    // Extended headers are read here: the library would keep them in memory whatever their size.
    for (count, entry) in archive.entries().map_err(fail)?.raw(true).enumerate() {
        let mut entry = entry.map_err(fail)?;
        if count >= MOST_ENTRIES {
            return Err(format!("could not be read: more than {MOST_ENTRIES} entries"));
        }
        let kind = match entry.header().entry_type() {
            EntryType::GNULongName | EntryType::XHeader => {
                let is_name = entry.header().entry_type() == EntryType::GNULongName;
                let mut bytes = Vec::new();
                entry.by_ref().take(LONGEST).read_to_end(&mut bytes).map_err(fail)?;
                let told = if is_name { Some(bytes) } else { extended(&bytes) };
                ahead.name =
                    told.map(|name| String::from_utf8_lossy(&name).into_owned()).or(ahead.name);
                continue;
            }
            EntryType::GNULongLink | EntryType::XGlobalHeader => continue,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Kind::File,
            EntryType::Directory => Kind::Folder,
            _ => Kind::Other,
        };
        let written = || String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = normal(&ahead.name.take().unwrap_or_else(written));
        let mode = entry.header().mode().unwrap_or_default() & 0o7777;
        let size = entry.size();
        take(Node { path, kind, mode }, size, &mut entry);
    }
    Ok(())
}

/// The `path` of an extended header: records of `LENGTH KEY=VALUE\n`, by POSIX pax.
fn extended(mut bytes: &[u8]) -> Option<Vec<u8>> {
    while let Some(space) = bytes.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
        let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
        if let Some(path) = record.strip_prefix(b"path=") {
            return Some(path.to_vec());
        }
        bytes = &bytes[length..];
    }
    None
}

/// A path without `.`, `..` and empty parts.
fn normal(path: &str) -> String {
    let parts = path.trim_end_matches('\0').split('/');
    parts.filter(|part| !matches!(*part, "" | "." | "..")).collect::<Vec<_>>().join("/")
}
