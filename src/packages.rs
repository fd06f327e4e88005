//! Third-party packages: which ones a project uses, how their versions are ordered, what is known against them.

pub mod advisories;
pub mod cargo_index;
pub mod ecosystem;
pub mod licence;
pub mod local;
pub mod lockfile;
pub mod manifest;
pub mod names;
pub mod purl;
pub mod registry;
pub mod sbom;
pub mod version;

pub use ecosystem::Ecosystem;
pub use purl::Purl;
