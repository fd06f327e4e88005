//! The functions that advisories name, and which of what a source names may be one of them.

use semver::{Version, VersionReq};

use crate::{
    engines::code::rust::{Use, UseKind},
    packages::advisories::{Advisory, Functions},
};

/// Functions of traits that the language calls without their name being written, or code of other packages does.
const IMPLICIT: &[&str] = &[
    "add",
    "add_assign",
    "as_mut",
    "as_ref",
    "borrow",
    "borrow_mut",
    "clone",
    "clone_from",
    "cmp",
    "default",
    "deref",
    "deref_mut",
    "deserialize",
    "div",
    "drop",
    "eq",
    "extend",
    "fmt",
    "from",
    "from_iter",
    "from_str",
    "hash",
    "index",
    "index_mut",
    "into",
    "into_iter",
    "into_future",
    "mul",
    "ne",
    "neg",
    "next",
    "next_back",
    "not",
    "partial_cmp",
    "poll",
    "poll_next",
    "read",
    "rem",
    "serialize",
    "sub",
    "to_string",
    "try_from",
    "try_into",
    "visit_seq",
    "write",
];

/// A function that an advisory names: `leaky::block::Reader::read`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Function {
    /// As the advisory writes it, without generic arguments.
    pub(super) path: String,
    /// The crate's name in code.
    pub(super) library: String,
    modules: Vec<String>,
    /// The type or trait whose function it is.
    owner: Option<String>,
    /// Its last name.
    pub(super) name: String,
}

/// How what a source names is like the function, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// It is called.
    Called,
    /// It is passed on as a value.
    Passed,
    /// It is imported, and may be called under the name of this module.
    Imported,
    /// It is used in the definition of a macro.
    InMacro,
    /// A path leads to a function of its name in another part of the package, or can not be followed.
    Similar,
    /// A method of its name is called, on a value of a type that is not known.
    Method,
    /// A function of its name is called that a glob import may bring.
    Bare,
    /// A function of its name is called by a path that another name for the package's parts may begin.
    Renamed,
}

/// The functions that are named for this version of a package, each once.
pub(super) fn of(weakness: &[&Advisory], package: &str, version: &str) -> Vec<Function> {
    let named = weakness.iter().flat_map(|advisory| &advisory.functions);
    let holding = named.filter(|functions| applies(functions, version));
    let mut functions: Vec<Function> = holding
        .flat_map(|functions| &functions.names)
        .filter_map(|path| Function::new(path, package))
        .collect();
    functions.sort();
    functions.dedup();
    functions
}

/// Whether the functions are affected in this version. Requirements say little of pre-releases.
fn applies(functions: &Functions, version: &str) -> bool {
    let Ok(version) = Version::parse(version) else { return true };
    let holds = |text: &String| VersionReq::parse(text).map_or(true, |it| it.matches(&version));
    functions.versions.is_empty() || !version.pre.is_empty() || functions.versions.iter().any(holds)
}

impl Function {
    fn new(path: &str, package: &str) -> Option<Self> {
        let path = without_arguments(path);
        let mut parts = path.split("::").map(str::trim).filter(|part| !part.is_empty());
        let mut parts: Vec<&str> = parts.by_ref().collect();
        let path = parts.join("::");
        let name = parts.pop()?.to_owned();
        let own = package.replace('-', "_");
        let library = match parts.first() {
            Some(first) if !is_type(first) && *first != "crate" => parts.remove(0).to_owned(),
            _ => own,
        };
        let owner = parts.pop_if(|last| is_type(last)).map(str::to_owned);
        let modules = parts.into_iter().map(str::to_owned).collect();
        Some(Self { path, library, modules, owner, name })
    }

    /// Whether it runs without its name being written: an operator, a conversion, a whole trait.
    pub(super) fn is_implicit(&self) -> bool {
        is_type(&self.name) || self.owner.is_some() && IMPLICIT.contains(&self.name.as_str())
    }

    /// The type or trait whose function it is.
    pub(super) fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// Whether a path to it may have this part directly before its name.
    pub(super) fn has_part(&self, part: &str) -> bool {
        match &self.owner {
            Some(owner) => part == owner,
            None => part == self.library || self.modules.iter().any(|module| module == part),
        }
    }

    /// How a use is like this function; none if it is another one. `is_crate` knows the names of its crate.
    pub(super) fn likeness(
        &self,
        found: &Use<'_>,
        is_crate: impl Fn(&str) -> bool,
    ) -> Option<Likeness> {
        let (name, before) = found.path.split_last()?;
        if *name != self.name {
            return None;
        }
        let sure = match found.kind {
            UseKind::Method => return self.owner.is_some().then_some(Likeness::Method),
            UseKind::Glob | UseKind::Alias | UseKind::Macro => return None,
            UseKind::Call => Likeness::Called,
            UseKind::Value => Likeness::Passed,
            UseKind::Import => Likeness::Imported,
            UseKind::MacroBody => Likeness::InMacro,
        };
        match before.split_first() {
            None => (found.kind != UseKind::Import).then_some(Likeness::Bare),
            Some((head, middle)) if is_crate(head) => self.within(middle, sure),
            Some(_) if found.kind == UseKind::Import => None,
            Some(_) => Some(self.unfollowed(before, is_crate)),
        }
    }

    /// How a function of its name that lies in these modules and types of its crate is like it.
    fn within(&self, middle: &[&str], sure: Likeness) -> Option<Likeness> {
        let (owner, modules) = match middle.split_last() {
            Some((last, modules)) if is_type(last) => (Some(*last), modules),
            _ => (None, middle),
        };
        match (&self.owner, owner) {
            (Some(mine), Some(other)) if mine != other => {
                // It may be the trait of the other type; `new` is of none that is known.
                (self.name != "new").then_some(Likeness::Similar)
            }
            (Some(_), None) | (None, Some(_)) => None,
            // What a crate exports again has a shorter path.
            _ if is_part(modules, &self.modules) => Some(sure),
            _ => Some(Likeness::Similar),
        }
    }

    fn unfollowed(&self, before: &[&str], is_crate: impl Fn(&str) -> bool) -> Likeness {
        let is_like = match &self.owner {
            Some(owner) => before.last().is_some_and(|last| *last == owner || *last == "Self"),
            None => before
                .iter()
                .any(|part| is_crate(part) || self.modules.iter().any(|module| module == part)),
        };
        if is_like { Likeness::Similar } else { Likeness::Renamed }
    }
}

/// Whether the parts are parts of the whole, in the same order.
fn is_part(parts: &[&str], whole: &[String]) -> bool {
    let mut whole = whole.iter();
    parts.iter().all(|part| whole.any(|one| one == part))
}

/// Types and traits begin with a capital letter.
pub(super) fn is_type(name: &str) -> bool {
    name.starts_with(|first: char| first.is_uppercase())
}

/// `Pool::free` of `Pool<H, T>::free`.
fn without_arguments(path: &str) -> String {
    let mut depth = 0_usize;
    let kept = path.chars().filter(|character| {
        let was_inside = depth > 0;
        match character {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        !was_inside && *character != '<'
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(function: &str, kind: UseKind, path: &str) -> Option<Likeness> {
        let function = Function::new(function, "leaky-crate").unwrap();
        let found = Use { kind, path: path.split("::").collect(), at: 0..0 };
        function.likeness(&found, |name| name == "leaky_crate")
    }

    #[test]
    fn a_path_is_taken_apart_and_loses_its_arguments() {
        let function = Function::new("leaky::utils::Pool<H, T<U>>::free", "leaky").unwrap();
        assert_eq!(function.path, "leaky::utils::Pool::free");
        assert_eq!((function.owner(), &*function.name), (Some("Pool"), "free"));
        assert_eq!(Function::new("Pool::free", "leaky-crate").unwrap().library, "leaky_crate");
        assert!(Function::new("leaky::Time::Into<SystemTime>", "leaky").unwrap().is_implicit());
        assert!(Function::new("leaky::Lazy::deref", "leaky").unwrap().is_implicit());
    }

    #[test]
    fn a_path_that_the_crate_may_export_is_the_function() {
        let call = |path| like("leaky_crate::a::b::T::g", UseKind::Call, path);
        assert_eq!(call("leaky_crate::a::b::T::g"), Some(Likeness::Called));
        assert_eq!(call("leaky_crate::T::g"), Some(Likeness::Called));
        assert_eq!(call("leaky_crate::c::T::g"), Some(Likeness::Similar));
        assert_eq!(call("leaky_crate::U::g"), Some(Likeness::Similar));
        assert_eq!(call("leaky_crate::g"), None);
        assert_eq!(call("crate::prelude::T::g"), Some(Likeness::Similar));
        assert_eq!(call("other::U::g"), Some(Likeness::Renamed));
    }

    #[test]
    fn a_method_is_never_a_free_function() {
        assert_eq!(like("leaky_crate::a::g", UseKind::Method, "g"), None);
        assert_eq!(like("leaky_crate::T::g", UseKind::Method, "g"), Some(Likeness::Method));
        assert_eq!(like("leaky_crate::T::new", UseKind::Call, "leaky_crate::U::new"), None);
        assert_eq!(like("leaky_crate::a::g", UseKind::Call, "g"), Some(Likeness::Bare));
        assert_eq!(
            like("leaky_crate::a::g", UseKind::Call, "leaky_crate::b::g"),
            Some(Likeness::Similar)
        );
    }

    #[test]
    fn functions_count_in_the_versions_that_are_named_for_them() {
        let functions = Functions {
            names: vec!["leaky::g".to_owned()],
            versions: vec!["< 1.0".to_owned(), ">= 1.4, < 1.6".to_owned()],
            ..Functions::default()
        };
        let held = ["0.9.0", "1.2.0", "1.5.1", "1.2.0-rc.1"].map(|text| applies(&functions, text));
        assert_eq!(held, [true, false, true, true]);
    }
}
