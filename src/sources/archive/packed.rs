//! One file, packed: gzip, xz, Zstandard.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;

use super::{Name, Opened, Reason, tar};

/// Most memory of a decoder, in KiB: the window of `xz -9` and of `zstd --ultra`.
const MEMORY: u32 = 128 << 10;

/// How a file is packed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Codec {
    Gzip,
    Xz,
    Zstandard,
}

impl Codec {
    /// Told by the first bytes.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstandard),
            _ => None,
        }
    }

    /// A reader of what is packed in `bytes`.
    pub(super) fn reader(self, bytes: &[u8]) -> Box<dyn Read + '_> {
        match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(bytes)),
            Self::Xz => Box::new(XzReader::new_mem_limit(bytes, true, MEMORY)),
            Self::Zstandard => Box::new(Frames { rest: bytes, frame: None }),
        }
    }
}

/// The frames of a Zstandard file, one after the other.
struct Frames<'a> {
    rest: &'a [u8],
    frame: Option<Box<Frame<'a>>>,
}

type Frame<'a> = StreamingDecoder<&'a [u8], ruzstd::decoding::FrameDecoder>;

impl Read for Frames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let count = frame.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
            }
            if let Some(frame) = self.frame.take() {
                self.rest = frame.into_inner();
            }
            if self.rest.is_empty() {
                return Ok(0);
            }
            let most = u64::from(MEMORY) << 10;
            let frame = StreamingDecoder::new_with_max_window_size(self.rest, most);
            self.frame = Some(Box::new(frame.map_err(io::Error::other)?));
        }
    }
}

impl Opened<'_, '_> {
    /// Looks at what is packed: the members of a tar file, or one file.
    pub(super) fn unpack(
        &mut self,
        codec: Codec,
        name: &Name,
        bytes: &[u8],
        depth: usize,
    ) -> Result<(), Reason> {
        let mut reader = self.bounded(codec.reader(bytes));
        let mut head = Vec::new();
        let read = reader.by_ref().take(tar::BLOCK).read_to_end(&mut head);
        read.map_err(|_| self.budget.reason())?;
        let is_tar = tar::is_one(&head);
        let mut reader = Cursor::new(head).chain(reader);
        if is_tar {
            return self.tar(name, &mut reader, depth);
        }
        let inner = name.unpacked();
        if self.wants(&inner, depth)? { self.take(&inner, 0, reader, depth) } else { Ok(()) }
    }
}
