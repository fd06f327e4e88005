//! Zip files, read by their directory.

use std::io::Read;

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipFileHeaderRecord, ZipSliceArchive};

use super::{Name, Opened, Reason, packed::Codec};

impl Opened<'_, '_> {
    /// Looks at the members. What is wrong with one of them does not end the others.
    pub(super) fn zip(&mut self, archive: &Name, bytes: &[u8], depth: usize) -> Result<(), Reason> {
        let zip = ZipArchive::from_slice(bytes).map_err(|_| Reason::Damaged)?;
        for entry in zip.entries() {
            let entry = entry.map_err(|_| Reason::Damaged)?;
            let name = archive.member(entry.file_path().as_ref());
            if entry.is_dir() {
                self.count()?;
            } else if entry.mode().is_symlink() {
                self.count()?;
                self.missed.note(Reason::Link, &name.told);
            } else if self.wants(&name, depth)? {
                self.member(&zip, &entry, &name, depth)?;
            }
        }
        Ok(())
    }

    fn member(
        &mut self,
        zip: &ZipSliceArchive<&[u8]>,
        entry: &ZipFileHeaderRecord<'_>,
        name: &Name,
        depth: usize,
    ) -> Result<(), Reason> {
        let method = entry.compression_method();
        let packed = match zip.get_entry(entry.wayfinder()) {
            _ if entry.flags().is_encrypted() || method == CompressionMethod::AES => {
                return self.leave(Reason::Encrypted, name);
            }
            Ok(packed) => packed,
            Err(_) => return self.leave(Reason::Damaged, name),
        };
        let data = packed.data();
        let reader: Box<dyn Read> = match method {
            CompressionMethod::STORE => Box::new(data),
            CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(data)),
            CompressionMethod::ZSTD => Codec::Zstandard.reader(data),
            CompressionMethod::XZ => Codec::Xz.reader(data),
            _ => return self.leave(Reason::Method, name),
        };
        let reader = self.bounded(packed.verifying_reader(reader));
        self.take(name, entry.uncompressed_size_hint(), reader, depth)
    }
}
