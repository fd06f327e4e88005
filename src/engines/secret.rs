//! Credentials: finding them, judging them offline, and keeping them out of every output.

mod claims;
mod generic;
mod keywords;
pub mod masker;
mod pattern;
mod placeholder;
pub mod scanner;
pub mod validators;

/// Whether a path says that nothing in the file is meant in earnest: tests, examples, documentation.
pub fn is_test_path(path: &str) -> bool {
    generic::FileNature::of(path).is_test()
}
