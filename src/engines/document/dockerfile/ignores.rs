//! Comments that silence a checker of Dockerfiles.

use std::ops::Range;

use super::{super::node::Node, fields::Fields};

/// How such comments begin, after `#` and blanks; and what parts the names of rules from a reason.
const FORMS: &[(&str, &str)] = &[
    ("hadolint ignore=", "#"),
    ("hadolint global ignore=", "#"),
    ("hadolint shell=", ""),
    ("checkov:skip=", ":"),
    ("kics-scan disable=", "#"),
    ("kics-scan ignore", "#"),
    ("trivy:ignore:", "#"),
    ("nosemgrep", "#"),
];

/// Whether a comment is worth a closer look.
pub(super) fn may_be_one(comment: &str) -> bool {
    form_of(comment).is_some_and(|(form, _)| !form.starts_with("hadolint shell"))
}

/// The comment as a map: `text`, and `reasoned`, whether it says why.
pub(super) fn node(text: &str, at: &Range<usize>) -> Node {
    let comment = text.get(at.clone()).unwrap_or_default();
    let mut fields = Fields::new(at.clone());
    let said = form_of(comment).and_then(|(form, mark)| {
        let (_, rest) = comment.split_once(form)?;
        rest.split_once(mark)
    });
    let is_reasoned = said.is_some_and(|(_, reason)| reason.trim().len() > 2);
    fields.text("text", comment).flag("reasoned", is_reasoned).text("summary", comment.trim());
    fields.finish()
}

fn form_of(comment: &str) -> Option<&'static (&'static str, &'static str)> {
    let content = comment.trim_start().trim_start_matches('#').trim_start();
    FORMS.iter().find(|(form, _)| content.starts_with(form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_to_checkers_are_kept() {
        assert!(may_be_one("# hadolint ignore=DL3008"));
        assert!(may_be_one("  #checkov:skip=CKV_DOCKER_2:probed from outside"));
        assert!(!may_be_one("# we ignore this"));
        assert!(!may_be_one("# hadolint shell=/bin/bash"));
    }
}
