//! Tar files, read from front to back.

use std::io::Read;

use tar::{Archive, EntryType};

use super::{Name, Opened, Reason};

/// The size of a header.
pub(super) const BLOCK: u64 = 512;
/// Where a header says that it is one.
const MAGIC: usize = 257;

/// Whether a text begins with the header of a tar file.
pub(super) fn is_one(head: &[u8]) -> bool {
    head.get(MAGIC..MAGIC + 5) == Some(b"ustar")
}

impl Opened<'_, '_> {
    /// Looks at the members. What is wrong in the middle ends the rest: there is no other way to them.
    pub(super) fn tar(
        &mut self,
        archive: &Name,
        reader: &mut dyn Read,
        depth: usize,
    ) -> Result<(), Reason> {
        let mut tar = Archive::new(reader);
        let entries = tar.entries().map_err(|_| self.budget.reason())?;
        for entry in entries {
            let entry = entry.map_err(|_| self.budget.reason())?;
            let name = archive.member(&entry.path_bytes());
            match entry.header().entry_type() {
                EntryType::Regular | EntryType::Continuous => {
                    if self.wants(&name, depth)? {
                        self.take(&name, entry.size(), entry, depth)?;
                    }
                }
                EntryType::Directory | EntryType::XGlobalHeader | EntryType::XHeader => {
                    self.count()?;
                }
                _ => {
                    self.count()?;
                    self.missed.note(Reason::Link, &name.told);
                }
            }
        }
        Ok(())
    }
}
