//! What the sources say of the functions of one finding.

use super::{
    functions::{Function, Likeness},
    sources::{Looked, Sources, Way, is_below},
};
use crate::{
    finding::{DraftCall, Gap, RepoPath, Span},
    packages::lockfile::{Lockfile, Origin},
};

/// Packages that are named in one reason.
const MOST_PACKAGES: usize = 3;

/// What is known of the functions of a finding.
pub(super) enum Verdict {
    /// They are called, or passed on, here; those of the program itself before those of its tests.
    Called(Vec<DraftCall>),
    /// No call of them was found.
    NotFound {
        /// Where it was searched, and who else may call them.
        searched: String,
        /// Whether that is enough to lower the severity.
        lowers: bool,
    },
    /// It can not be told, and why.
    Unknown(String),
}

/// The functions of a package of a lockfile.
pub(super) struct Question<'q> {
    lockfile: &'q Lockfile,
    /// The folder of the lockfile.
    folder: &'q str,
    package: &'q str,
    functions: &'q [Function],
    /// Whether a part of the project requires the package.
    is_direct: bool,
    /// Other packages that require it.
    others: Vec<&'q str>,
}

impl<'q> Question<'q> {
    pub(super) fn new(
        lockfile: &'q Lockfile,
        path: &'q RepoPath,
        at: usize,
        functions: &'q [Function],
    ) -> Self {
        let parents = lockfile.packages.iter().filter(|parent| parent.requires.contains(&at));
        let (own, others): (Vec<_>, Vec<_>) =
            parents.partition(|parent| parent.origin == Origin::Local);
        Self {
            lockfile,
            folder: path.folder(),
            package: &lockfile.packages[at].name,
            functions,
            is_direct: !own.is_empty(),
            others: others.into_iter().map(|parent| parent.name.as_str()).collect(),
        }
    }

    /// Why sources need not be read, since they could not answer.
    pub(super) fn hindrance(&self) -> Option<String> {
        match self.others.as_slice() {
            _ if self.is_direct => None,
            [] => Some("the lockfile does not tell who requires the package".to_owned()),
            others => Some(format!("only {} it, and may call it", requiring(others))),
        }
    }

    /// What the sources say. What could not be looked at leaves it unknown, unless a call was found elsewhere.
    pub(super) fn answer(&self, sources: &Sources, gaps: &[Gap]) -> Verdict {
        let files: Vec<&Looked> = self.files(sources).collect();
        let calls = self.calls(sources, &files);
        if !calls.is_empty() {
            return Verdict::Called(calls);
        }
        let naming = files.iter().filter(|file| file.crates.contains(self.package)).count();
        // Nobody hands values of the package to a source that does not name it.
        let may_have = naming > 0 || !self.others.is_empty();
        let doubt = may_have.then(|| {
            self.likely(sources, &files)
                .or_else(|| self.by_way(&files))
                .or_else(|| self.implicit(naming))
                .or_else(|| generated(&files))
        });
        let gap = || self.unread(sources, &files, gaps);
        match doubt.flatten().or_else(gap) {
            Some(reason) => Verdict::Unknown(reason),
            None => self.not_found(files.len(), naming),
        }
    }

    fn not_found(&self, files: usize, naming: usize) -> Verdict {
        let others = match self.others.as_slice() {
            [] => "nothing else in the lockfile requires the package".to_owned(),
            others => format!("{} the package too, and may call it", requiring(others)),
        };
        let files = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
        let names = if naming == 1 { "names" } else { "name" };
        let searched = format!(
            "was searched for in {files}, of which {naming} {names} the package; {others}; calls within the \
             package were not looked at"
        );
        Verdict::NotFound { searched, lowers: self.others.is_empty() }
    }

    /// The sources of the project's own packages. A copy of another package is none of them.
    fn files<'s>(&self, sources: &'s Sources) -> impl Iterator<Item = &'s Looked> {
        sources.files.iter().filter(|file| {
            let is_own = |owner| {
                let mut packages = self.lockfile.packages.iter();
                packages.any(|known| known.origin == Origin::Local && known.name == owner)
            };
            is_below(file.path.as_str(), self.folder)
                && sources.owner(&file.path).is_none_or(is_own)
        })
    }

    fn calls(&self, sources: &Sources, files: &[&Looked]) -> Vec<DraftCall> {
        let mut calls = Vec::new();
        for function in self.functions {
            let Some(number) = sources.number(self.package, function) else { continue };
            for likeness in [Likeness::Called, Likeness::Passed] {
                for file in files {
                    let spans = file.seen.get(&(number, likeness)).into_iter().flatten();
                    calls.extend(spans.map(|span| DraftCall {
                        path: file.path.clone(),
                        span: *span,
                        function: function.path.clone(),
                        is_passed: likeness == Likeness::Passed,
                    }));
                }
            }
        }
        calls.sort_by_key(|call| (is_test(&call.path), call.path.clone(), call.span));
        calls.dedup_by_key(|call| (call.path.clone(), call.span));
        calls
    }

    /// What may be a call.
    fn likely(&self, sources: &Sources, files: &[&Looked]) -> Option<String> {
        let has = |way| files.iter().any(|file| file.ways.contains_key(&self.way(way)));
        let (has_glob, has_alias) = (has(Way::Glob), has(Way::Alias));
        let numbers = self.functions.iter();
        let numbers = numbers.filter_map(|function| sources.number(self.package, function));
        let counts = |likeness| match likeness {
            Likeness::Bare => has_glob,
            Likeness::Renamed => has_alias || has_glob,
            _ => true,
        };
        let seen = numbers.flat_map(|number| {
            let first = (number, Likeness::Called)..=(number, Likeness::Renamed);
            files.iter().flat_map(move |file| {
                let seen = file.seen.range(first.clone());
                seen.filter_map(|((_, likeness), spans)| Some((*likeness, *file, spans.first()?)))
            })
        });
        let seen = seen.filter(|(likeness, ..)| counts(*likeness));
        // Where the package is named the chances are best.
        let best = seen.min_by_key(|(likeness, file, _)| {
            (*likeness, !file.crates.contains(self.package), is_test(&file.path))
        });
        let (likeness, file, span) = best?;
        let what = match likeness {
            Likeness::Called | Likeness::Passed | Likeness::Imported => "it is imported",
            Likeness::InMacro => "the definition of a macro names it",
            Likeness::Similar => {
                "a function of this name is called by a path that can not be followed"
            }
            Likeness::Method => "a method of this name is called",
            Likeness::Bare => "a function of this name is called that a glob import may bring",
            Likeness::Renamed => {
                "a function of this name is called by a path that may be another name for its own"
            }
        };
        Some(format!("{what} at {}", place(file, *span)))
    }

    fn way(&self, way: Way) -> (String, Way) {
        (self.package.to_owned(), way)
    }

    fn by_way(&self, files: &[&Looked]) -> Option<String> {
        let key = self.way(Way::Macro);
        let found = files.iter().find_map(|file| Some((file, file.ways.get(&key)?)));
        let (file, span) = found?;
        Some(format!("a macro of the package is used at {}, and may call it", place(file, *span)))
    }

    fn implicit(&self, naming: usize) -> Option<String> {
        let function = self.functions.iter().find(|function| function.is_implicit())?;
        let reason = format!("`{}` runs without its name being written", function.path);
        (naming > 0).then_some(reason)
    }

    /// What was not looked at.
    fn unread(&self, sources: &Sources, files: &[&Looked], gaps: &[Gap]) -> Option<String> {
        if let Some(reason) = &sources.fault {
            return Some(format!("not all sources were read: {reason}"));
        }
        if let Some((file, fault)) =
            files.iter().find_map(|file| Some((file, file.fault.as_ref()?)))
        {
            return Some(format!("`{}` was not read: {fault}", file.path));
        }
        let gap = gaps
            .iter()
            .find(|gap| is_below(&gap.subject, self.folder) && may_be_source(&gap.subject));
        if let Some(gap) = gap {
            return Some(format!("`{}` was not read: {}", gap.subject, gap.reason));
        }
        let own = self.lockfile.packages.iter().filter(|known| known.origin == Origin::Local);
        let mut missing = own.filter(|known| !sources.has_package(&known.name, self.folder));
        if let Some(package) = missing.next() {
            return Some(format!("the source of `{}` is not below the lockfile", package.name));
        }
        let all = self.functions.iter();
        let mut all = all.map(|function| sources.number(self.package, function));
        if files.is_empty() || all.any(|number| number.is_none()) {
            return Some("no sources were read".to_owned());
        }
        None
    }
}

fn generated(files: &[&Looked]) -> Option<String> {
    let found = files.iter().find_map(|file| Some((file, file.generated?)));
    let (file, span) = found?;
    Some(format!("code that the build makes is taken in at {}, and may call it", place(file, span)))
}

/// `the packages a and b require`.
fn requiring(packages: &[&str]) -> String {
    let more = packages.len().saturating_sub(MOST_PACKAGES);
    let named: Vec<String> =
        packages.iter().take(MOST_PACKAGES).map(|name| format!("`{name}`")).collect();
    match (packages.len(), more) {
        (1, _) => format!("{} requires", named[0]),
        (_, 0) => format!("{} require", named.join(" and ")),
        _ => format!("{} and {more} more require", named.join(", ")),
    }
}

fn place(file: &Looked, span: Span) -> String {
    format!("{}:{}", file.path, span.start_line)
}

fn is_test(path: &RepoPath) -> bool {
    let mut folders = path.folder().split('/');
    folders.any(|folder| matches!(folder, "tests" | "benches" | "examples"))
        || path.file_name() == "tests.rs"
}

/// Whether what is no file of the tree may be a source, or a folder of sources.
fn may_be_source(subject: &str) -> bool {
    let path = RepoPath::new(subject);
    let name = path.file_name();
    let is_notice = name.starts_with(|first: char| first.is_uppercase());
    path.extension() == "rs" || !(name.contains('.') || is_notice)
}
