//! How to look: matchers and models that both halves of the audit need.

pub mod code;
pub mod document;
pub mod secret;
