//! The shop's deployable twin: the source tree that a team would have, in memory.

include!(concat!(env!("OUT_DIR"), "/shop.rs"));

/// The files of the vulnerable or of the repaired tree: paths and contents.
pub fn tree(repaired: bool) -> Vec<(String, Vec<u8>)> {
    owned(if repaired { REPAIRED } else { VULNERABLE })
}

/// The advisories about the packages that the twin uses: paths as in an advisory database.
pub fn advisories() -> Vec<(String, Vec<u8>)> {
    owned(ADVISORIES)
}

fn owned(files: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}
