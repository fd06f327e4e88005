//! Whose change is under audit: for one from a fork nothing is sent.

use std::{fs::File, io::Read as _, path::Path};

use serde_json::Value;

/// Events of GitHub that only people who can write to the repository cause.
const OWN_EVENTS: &[&str] = &[
    "create",
    "delete",
    "deployment",
    "merge_group",
    "push",
    "release",
    "repository_dispatch",
    "schedule",
    "workflow_dispatch",
];
/// Where the two repositories of a change stand in an event of GitHub: of what is merged, and into what.
const HEAD_AND_BASE: &[(&str, &str)] = &[
    ("/pull_request/head/repo/id", "/pull_request/base/repo/id"),
    ("/workflow_run/head_repository/id", "/workflow_run/repository/id"),
];
/// Webhooks of GitHub are at most 25 MB.
const LONGEST_EVENT: u64 = 25_000_000;

/// Why no credential may be sent, if none may: the change under audit comes from a fork, or may. `has_base`
/// tells whether a change is audited.
pub fn refusal(
    variable: &(dyn Fn(&str) -> Option<String> + Sync),
    has_base: bool,
) -> Option<String> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let is_own = match set("GITHUB_EVENT_NAME") {
        Some(event) if OWN_EVENTS.contains(&event.as_str()) => Some(true),
        Some(_) => is_own_on_github(set("GITHUB_EVENT_PATH").as_deref()),
        None => is_own_elsewhere(&set),
    };
    let why = match is_own {
        Some(true) => return None,
        Some(false) => "the change under audit comes from a fork",
        // A person at a terminal knows whose change it is; a runner that does not say so does not.
        None if set("GITHUB_EVENT_NAME").is_none() && (!has_base || set("CI").is_none()) => {
            return None;
        }
        None => "it can not be told whether the change under audit comes from a fork",
    };
    Some(format!("no credential was verified: {why}"))
}

/// Whether head and base of the event are one repository; `None` if it does not tell.
fn is_own_on_github(event: Option<&str>) -> Option<bool> {
    let mut text = String::new();
    let file = File::open(Path::new(event?)).ok()?;
    file.take(LONGEST_EVENT).read_to_string(&mut text).ok()?;
    let event: Value = serde_json::from_str(&text).ok()?;
    let repository = |pointer: &str| event.pointer(pointer).and_then(Value::as_u64);
    HEAD_AND_BASE.iter().find_map(|(head, base)| Some(repository(head)? == repository(base)?))
}

/// What other runners say: GitLab, Azure Pipelines, `CircleCI`, Travis CI, Jenkins. `None` if it is nothing.
fn is_own_elsewhere(set: &impl Fn(&str) -> Option<String>) -> Option<bool> {
    if set("CI_MERGE_REQUEST_IID").is_some() {
        let source = set("CI_MERGE_REQUEST_SOURCE_PROJECT_ID")?;
        return Some(source == set("CI_MERGE_REQUEST_PROJECT_ID")?);
    }
    if let Some(is_fork) = set("SYSTEM_PULLREQUEST_ISFORK") {
        return Some(is_fork.eq_ignore_ascii_case("false"));
    }
    if let Some(head) = set("TRAVIS_PULL_REQUEST_SLUG") {
        return Some(head == set("TRAVIS_REPO_SLUG")?);
    }
    // These are there for forks only.
    let of_forks = ["CHANGE_FORK", "CIRCLE_PR_REPONAME"];
    of_forks.iter().any(|name| set(name).is_some()).then_some(false)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn refused(variables: &[(&str, &str)], has_base: bool) -> Option<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        refusal(&variable, has_base)
    }

    fn refused_on_github(name: &str, event: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("event.json");
        fs::write(&path, event).unwrap();
        let path = path.to_str().unwrap();
        refused(&[("CI", "true"), ("GITHUB_EVENT_NAME", name), ("GITHUB_EVENT_PATH", path)], true)
    }

    fn pull_request(head: &str, base: &str) -> String {
        let repo = |id: &str| format!("{{\"repo\": {id}}}");
        format!("{{\"pull_request\": {{\"head\": {}, \"base\": {}}}}}", repo(head), repo(base))
    }

    #[test]
    fn for_a_pull_request_from_a_fork_nothing_is_sent() {
        let fork = pull_request("{\"id\": 7}", "{\"id\": 1}");
        for name in ["pull_request", "pull_request_target"] {
            let why = refused_on_github(name, &fork).unwrap();
            assert!(why.ends_with("comes from a fork"), "{why}");
        }
        let run =
            "{\"workflow_run\": {\"head_repository\": {\"id\": 7}, \"repository\": {\"id\": 1}}}";
        assert!(refused_on_github("workflow_run", run).is_some());
    }

    #[test]
    fn an_event_that_does_not_tell_counts_as_a_fork() {
        let deleted = pull_request("null", "{\"id\": 1}");
        for event in [deleted.as_str(), "{}", "not JSON", ""] {
            let why = refused_on_github("pull_request", event).unwrap();
            assert!(why.contains("it can not be told"), "{why}");
        }
        assert!(refused(&[("GITHUB_EVENT_NAME", "pull_request")], false).is_some());
        assert!(refused(&[("GITHUB_EVENT_NAME", "issue_comment")], false).is_some());
    }

    #[test]
    fn for_the_repository_itself_it_is_allowed() {
        let own = pull_request("{\"id\": 1}", "{\"id\": 1}");
        assert_eq!(refused_on_github("pull_request", &own), None);
        assert_eq!(refused_on_github("push", ""), None);
    }

    #[test]
    fn a_runner_that_does_not_say_whose_the_change_is_may_not_verify_it() {
        assert!(refused(&[("CI", "true")], true).is_some());
        assert_eq!(refused(&[("CI", "true")], false), None);
        assert_eq!(refused(&[], true), None);
    }

    #[test]
    fn other_runners_know_forks_too() {
        let merge_request = |source| {
            let variables = [
                ("CI", "true"),
                ("CI_MERGE_REQUEST_IID", "3"),
                ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", source),
                ("CI_MERGE_REQUEST_PROJECT_ID", "1"),
            ];
            refused(&variables, false)
        };
        assert!(merge_request("7").is_some());
        assert_eq!(merge_request("1"), None);
        assert!(refused(&[("SYSTEM_PULLREQUEST_ISFORK", "True")], false).is_some());
        assert_eq!(refused(&[("CI", "1"), ("SYSTEM_PULLREQUEST_ISFORK", "False")], true), None);
        let travis = [("TRAVIS_PULL_REQUEST_SLUG", "a/b"), ("TRAVIS_REPO_SLUG", "b/b")];
        assert!(refused(&travis, false).is_some());
        assert!(refused(&[("CHANGE_FORK", "a")], false).is_some());
    }
}
