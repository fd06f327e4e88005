//! Whether the functions that an advisory names are called by the source of the project.
//!
//! Rust only. The sources are those of the packages that a `Cargo.lock` has as local, below its folder. They are
//! read when the first finding asks, once for all lockfiles of the tree. Nothing is ever called safe: a function
//! was called at a place, or was not found in so many files, or it is unknown, with the reason.

mod functions;
mod sources;
mod verdict;
mod words;

use std::sync::OnceLock;

use crate::{
    checks::Context,
    deadline::Deadline,
    finding::Draft,
    packages::{Ecosystem, advisories::Advisory, lockfile::Lockfile},
    rule::Severity,
    sources::SourceFile,
};
use functions::Function;
use sources::Sources;
use verdict::{Question, Verdict};

/// What the evidence is called.
const LABEL: &str = "reach";
/// Functions that are named in one piece of evidence.
const MOST_NAMED: usize = 4;
/// Calls that are named.
const MOST_CALLS: usize = 5;

/// The sources of the tree, unread until a finding asks for them.
pub(super) struct Reach<'a> {
    context: Context<'a>,
    sources: OnceLock<Sources>,
}

/// A package of a lockfile and what is known against it.
pub(super) struct Affected<'a> {
    pub(super) lockfile: &'a Lockfile,
    pub(super) format: &'static str,
    pub(super) file: &'a SourceFile,
    /// Index of the package.
    pub(super) at: usize,
    /// What the advisories say of one weakness.
    pub(super) weakness: &'a [&'a Advisory],
}

impl<'a> Reach<'a> {
    pub(super) fn new(context: &Context<'a>) -> Self {
        Self { context: *context, sources: OnceLock::new() }
    }

    /// Adds to a finding what the source shows of the functions that its advisories name.
    pub(super) fn tell(&self, affected: &Affected<'_>, draft: &mut Draft, deadline: &Deadline<'_>) {
        let package = &affected.lockfile.packages[affected.at];
        if affected.lockfile.ecosystem != Ecosystem::CratesIo {
            draft.evidence.extend(not_searched(affected.weakness));
            return;
        }
        let functions = functions::of(affected.weakness, &package.name, &package.version);
        if functions.is_empty() {
            return;
        }
        let verdict = self.verdict(affected, &functions, deadline);
        self.add(verdict, &functions, draft);
    }

    fn verdict(
        &self,
        affected: &Affected<'_>,
        functions: &[Function],
        deadline: &Deadline<'_>,
    ) -> Verdict {
        let unknown = |reason: &str| Verdict::Unknown(reason.to_owned());
        if affected.format != "Cargo.lock" {
            return unknown("the sources that this file is about are not known");
        }
        let question =
            Question::new(affected.lockfile, affected.file.path(), affected.at, functions);
        if let Some(reason) = question.hindrance() {
            return Verdict::Unknown(reason);
        }
        let (Some(tree), Some(Ok(index))) = (self.context.tree, self.context.advisories) else {
            return unknown("there are no sources beside the lockfile");
        };
        let sources =
            self.sources.get_or_init(|| Sources::read(tree, index, &self.context, deadline));
        question.answer(sources, tree.gaps())
    }

    /// Says it, shows the calls, and lowers the severity where that is right.
    fn add(&self, verdict: Verdict, functions: &[Function], draft: &mut Draft) {
        let names = shown(functions.iter().map(|function| function.path.as_str()));
        let text = match verdict {
            Verdict::Called(calls) => {
                let places = calls.iter().take(MOST_CALLS);
                let places = places.map(|call| {
                    format!("{}:{} (`{}`)", call.path, call.span.start_line, call.function)
                });
                let text = format!("called at {}", places.collect::<Vec<_>>().join(", "));
                let more = calls.len().saturating_sub(MOST_CALLS);
                draft.calls = calls.into_iter().take(MOST_CALLS).collect();
                if more > 0 { format!("{text} and {more} more") } else { text }
            }
            Verdict::NotFound { searched, lowers } => {
                let lowered = lowers.then(|| self.lower(draft)).flatten();
                let lowered = lowered.map_or(String::new(), |(from, to)| {
                    format!("; for that, {} instead of {}", to.name(), from.name())
                });
                format!("not found in this source: {names} {searched}{lowered}")
            }
            Verdict::Unknown(reason) => format!("unknown: {reason} ({names})"),
        };
        draft.evidence.push((LABEL.to_owned(), text));
    }

    /// Lowers the severity by one step.
    fn lower(&self, draft: &mut Draft) -> Option<(Severity, Severity)> {
        let own = || self.context.rules.get(&draft.rule).map(|rule| rule.severity);
        let from = draft.severity.or_else(own)?;
        let to = match from {
            Severity::Critical => Severity::High,
            Severity::High => Severity::Medium,
            Severity::Medium => Severity::Low,
            Severity::Low => Severity::Note,
            Severity::Note => return None,
        };
        draft.severity = Some(to);
        Some((from, to))
    }
}

/// What is said where an advisory names functions of a language that is not searched.
fn not_searched(weakness: &[&Advisory]) -> Option<(String, String)> {
    let functions = weakness.iter().flat_map(|advisory| &advisory.functions);
    let names = functions.flat_map(|functions| &functions.names).map(String::as_str);
    let names: Vec<&str> = names.collect();
    (!names.is_empty()).then(|| {
        let names = shown(names.into_iter());
        let reason = "sources of this language are not searched";
        (LABEL.to_owned(), format!("unknown: {reason} ({names})"))
    })
}

fn shown<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let more = names.len().saturating_sub(MOST_NAMED);
    let names: Vec<String> = names.take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
    let more = if more > 0 { format!(" or {more} more") } else { String::new() };
    format!("{}{more}", names.join(" or "))
}
