//! Who can write what an expression becomes.
//!
//! The table follows GitHub's documentation: "Secure use reference", understanding the risk of script
//! injections, and the payloads of the events.

/// Contexts that anybody on the internet writes, by opening an issue, a pull request or a branch in a fork.
const OUTSIDER: &[&str] = &[
    "github.event.comment.body",
    "github.event.commits.*.author.email",
    "github.event.commits.*.author.name",
    "github.event.commits.*.committer.email",
    "github.event.commits.*.committer.name",
    "github.event.commits.*.message",
    "github.event.discussion.body",
    "github.event.discussion.title",
    "github.event.head_commit.author.email",
    "github.event.head_commit.author.name",
    "github.event.head_commit.committer.email",
    "github.event.head_commit.committer.name",
    "github.event.head_commit.message",
    "github.event.issue.body",
    "github.event.issue.title",
    "github.event.pages.*.page_name",
    "github.event.pull_request.body",
    "github.event.pull_request.head.label",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.repo.default_branch",
    "github.event.pull_request.head.repo.description",
    "github.event.pull_request.head.repo.homepage",
    "github.event.pull_request.title",
    "github.event.review.body",
    "github.event.review_comment.body",
    "github.event.workflow_run.display_title",
    "github.event.workflow_run.head_branch",
    "github.event.workflow_run.head_commit.author.email",
    "github.event.workflow_run.head_commit.author.name",
    "github.event.workflow_run.head_commit.message",
    "github.event.workflow_run.head_repository.description",
    "github.event.workflow_run.pull_requests.*.head.ref",
    "github.head_ref",
];

/// Contexts that whoever may push or start the workflow writes.
const WRITER: &[&str] = &[
    "github.event.inputs",
    "github.event.client_payload",
    "github.event.ref",
    "github.event.release.body",
    "github.event.release.name",
    "github.event.release.tag_name",
    "github.event.base_ref",
    "github.ref",
    "github.ref_name",
];

/// Contexts that GitHub or a maintainer writes.
const SAFE: &[&str] = &[
    "github.action",
    "github.action_path",
    "github.actor",
    "github.actor_id",
    "github.api_url",
    "github.base_ref",
    "github.event.action",
    "github.event.after",
    "github.event.before",
    "github.event.check_suite.id",
    "github.event.commits.*.id",
    "github.event.comment.id",
    "github.event.comment.html_url",
    "github.event.comment.user.login",
    "github.event.head_commit.id",
    "github.event.issue.html_url",
    "github.event.issue.number",
    "github.event.issue.user.login",
    "github.event.number",
    "github.event.organization",
    "github.event.pull_request.base",
    "github.event.pull_request.commits",
    "github.event.pull_request.draft",
    "github.event.pull_request.head.repo.full_name",
    "github.event.pull_request.head.sha",
    "github.event.pull_request.head.user.login",
    "github.event.pull_request.html_url",
    "github.event.pull_request.merge_commit_sha",
    "github.event.pull_request.merged",
    "github.event.pull_request.number",
    "github.event.pull_request.user.login",
    "github.event.repository",
    "github.event.release.id",
    "github.event.sender.login",
    "github.event.workflow_run.conclusion",
    "github.event.workflow_run.head_sha",
    "github.event.workflow_run.id",
    "github.event.workflow_run.run_number",
    "github.event_name",
    "github.event_path",
    "github.graphql_url",
    "github.job",
    "github.ref_protected",
    "github.ref_type",
    "github.repository",
    "github.repository_id",
    "github.repository_owner",
    "github.repository_owner_id",
    "github.repositoryurl",
    "github.retention_days",
    "github.run_attempt",
    "github.run_id",
    "github.run_number",
    "github.server_url",
    "github.sha",
    "github.token",
    "github.triggering_actor",
    "github.workflow",
    "github.workflow_ref",
    "github.workflow_sha",
    "github.workspace",
    "job",
    "needs.*.result",
    "runner",
    "secrets",
    "steps.*.conclusion",
    "steps.*.outcome",
    "strategy",
    "vars",
];

/// Outputs of well-known actions that hold file or branch names of a pull request.
const OUTPUTS: &[&str] = &[
    "ahmadnassri/action-changed-files",
    "dorny/paths-filter",
    "eficode/resolve-pr-refs",
    "gotson/pull-request-comment-branch",
    "jitterbit/get-changed-files",
    "lots0logs/gh-action-get-changed-files",
    "tj-actions/branch-names",
    "tj-actions/changed-files",
    "trilom/file-changes-action",
    "tzkhan/pr-update-action",
    "xt0rted/pull-request-comment-branch",
];

/// Who writes a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Author {
    /// Nobody outside: numbers, hashes, names that GitHub gives.
    Nobody,
    /// It can not be told.
    Unknown,
    /// Who may push to the repository or start the workflow by hand.
    Writer,
    /// Who calls the action or the reusable workflow.
    Caller,
    /// Anybody.
    Outsider,
}

impl Author {
    /// The word in documents.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Unknown => "unknown",
            Self::Writer => "writer",
            Self::Caller => "caller",
            Self::Outsider => "outsider",
        }
    }
}

/// Who writes the context of a dotted path.
pub(super) fn author(path: &str) -> Author {
    let is = |table: &[&str]| table.iter().any(|known| covers(known, path));
    if is(OUTSIDER) {
        Author::Outsider
    } else if is(WRITER) {
        Author::Writer
    } else if path.starts_with("inputs.") || path == "inputs" {
        Author::Caller
    } else if SAFE.iter().any(|known| lies_in(known, path)) {
        Author::Nobody
    } else {
        Author::Unknown
    }
}

/// Whether the outputs of an action are named by outsiders.
pub(super) fn has_foreign_outputs(action: &str) -> bool {
    OUTPUTS.iter().any(|known| action.eq_ignore_ascii_case(known))
}

/// Whether the path is the known one, lies in it, or is an object that holds it.
fn covers(known: &str, path: &str) -> bool {
    let mut known = known.split('.');
    let mut path = path.split('.');
    loop {
        match (known.next(), path.next()) {
            (None, _) | (Some(_), None) => return true,
            (Some(known), Some(part)) if known == part || known == "*" || part == "*" => {}
            _ => return false,
        }
    }
}

/// Whether the path is the known one or lies in it.
fn lies_in(known: &str, path: &str) -> bool {
    covers(known, path) && known.split('.').count() <= path.split('.').count()
}

#[cfg(test)]
mod tests {
    use super::{Author, author};

    #[test]
    fn an_object_is_as_foreign_as_what_it_holds() {
        assert_eq!(author("github.event.issue.title"), Author::Outsider);
        assert_eq!(author("github.event.issue"), Author::Outsider);
        assert_eq!(author("github.event"), Author::Outsider);
        assert_eq!(author("github.event.commits.*.message"), Author::Outsider);
        assert_eq!(author("github.event.inputs.version"), Author::Writer);
        assert_eq!(author("inputs.version"), Author::Caller);
    }

    #[test]
    fn numbers_and_hashes_are_nobodys() {
        for path in [
            "github.event.issue.number",
            "github.event.pull_request.head.sha",
            "github.event.pull_request.head.repo.full_name",
            "github.sha",
            "github.event_name",
            "needs.build.result",
            "secrets.token",
        ] {
            assert_eq!(author(path), Author::Nobody, "{path}");
        }
        assert_eq!(author("needs.build.outputs.name"), Author::Unknown);
        assert_eq!(author("github.event.pull_request.user"), Author::Unknown);
    }
}
