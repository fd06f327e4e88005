//! Credentials: finding them, judging them offline, and keeping them out of every output.

mod anchor;
mod claims;
mod decoded;
mod expression;
mod generic;
pub mod hits;
mod keywords;
mod likelihood;
pub mod masker;
mod partner;
mod paths;
mod pattern;
mod placeholder;
pub mod scanner;
pub mod validators;

pub use decoded::Form;

/// Whether a path says that nothing in the file is meant in earnest: tests, examples, documentation.
pub fn is_test_path(path: &str) -> bool {
    generic::FileNature::of(path).is_test()
}
