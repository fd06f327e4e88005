//! All integration tests, in one binary that links once.

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
mod reporters;
mod rules;
mod secrets;
mod sources;
mod support;
mod verification;
