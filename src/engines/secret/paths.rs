//! Which files a secret rule looks at.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::rule::{Matcher, Rule};

/// The globs of one rule.
#[derive(Default)]
pub(super) struct Paths {
    only: Option<GlobSet>,
    not: Option<GlobSet>,
}

impl Paths {
    /// Those of a rule; without any, it looks at all files.
    pub(super) fn of(rule: &Rule) -> Self {
        match &rule.matcher {
            Matcher::Secret(matcher) => {
                Self { only: globs(&matcher.paths), not: globs(&matcher.not_paths) }
            }
            _ => Self::default(),
        }
    }

    /// Whether the rule looks at files of this path.
    pub(super) fn hold(&self, path: &str) -> bool {
        self.only.as_ref().is_none_or(|globs| globs.is_match(path))
            && !self.not.as_ref().is_some_and(|globs| globs.is_match(path))
    }
}

fn globs(globs: &[String]) -> Option<GlobSet> {
    if globs.is_empty() {
        return None;
    }
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let anywhere = if glob.contains('/') { glob.clone() } else { format!("**/{glob}") };
        if let Ok(glob) = GlobBuilder::new(&anywhere).literal_separator(true).build() {
            set.add(glob);
        }
    }
    set.build().ok()
}
