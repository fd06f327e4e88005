//! seaworthy answers one question about a repository and its preview deployment: *may this ship?*

pub mod checks;
pub mod cli;
pub mod commands;
pub mod config;
pub mod deadline;
pub mod demo;
pub mod engines;
pub mod fetch;
pub mod finding;
pub mod judgement;
pub mod live;
pub mod packages;
pub mod report;
pub mod reporters;
pub mod rule;
pub mod run;
pub mod sources;
pub mod target;
pub mod verification;
