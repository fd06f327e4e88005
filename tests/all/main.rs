//! All integration tests, in one binary that links once.

mod advisories;
mod architecture;
mod base;
mod cli;
mod columns;
mod commits;
mod demo;
mod dependencies;
mod expectations;
mod hostile;
mod hygiene;
mod inside;
mod judgement;
mod leaks;
mod lockfiles_javascript;
mod lockfiles_other;
mod lockfiles_python;
mod reporters;
mod rules;
mod secrets;
mod sources;
mod support;
mod verification;
