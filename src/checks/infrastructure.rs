//! Descriptions of infrastructure that no rule is about: Terraform and its like are said to be not assessed,
//! once for each kind, so that nobody takes silence for a pass.

use std::collections::BTreeSet;

use super::{Context, RepoCheck};
use crate::{
    deadline::Deadline,
    finding::{Fact, Gap, Outcome, Ran, RepoPath},
    sources::Tree,
};

/// Builds the check.
pub(super) fn build<'a>(_: &Context<'a>) -> Box<dyn RepoCheck + 'a> {
    Box::new(Infrastructure)
}

struct Infrastructure;

/// A kind of files, and how one is told by its path. The folders are those that hold a chart of Helm.
type Recognise = fn(&RepoPath, &BTreeSet<&str>) -> bool;

const KINDS: [(&str, Recognise); 6] = [
    ("Terraform", |path, _| {
        matches!(path.extension(), "tf" | "tfvars" | "tofu")
            || path.file_name().ends_with(".tf.json")
            || path.file_name() == "terragrunt.hcl"
    }),
    ("CloudFormation", |path, _| {
        let name = path.file_name();
        let is_data = is_yaml(path) || matches!(path.extension(), "json" | "template");
        let in_folder = path.folder().split('/').any(|folder| folder == "cloudformation");
        let is_named = name.contains("cloudformation") || name.contains(".cfn.");
        (is_data && (is_named || in_folder)) || name == "samconfig.toml"
    }),
    ("Ansible", |path, _| {
        let name = path.file_name();
        let mut folders = path.folder().split('/');
        let in_role = path.folder().contains("roles/")
            && matches!(path.folder().rsplit('/').next(), Some("tasks" | "handlers"));
        let in_folder =
            folders.any(|folder| matches!(folder, "playbooks" | "group_vars" | "host_vars"));
        name == "ansible.cfg"
            || (is_yaml(path) && (name.starts_with("playbook") || in_role || in_folder))
    }),
    ("Pulumi", |path, _| path.file_name().starts_with("Pulumi.") && is_yaml(path)),
    ("Bicep", |path, _| matches!(path.extension(), "bicep" | "bicepparam")),
    ("Helm values", |path, charts| {
        path.file_name().starts_with("values") && is_yaml(path) && charts.contains(path.folder())
    }),
];

fn is_yaml(path: &RepoPath) -> bool {
    matches!(path.extension(), "yaml" | "yml")
}

impl RepoCheck for Infrastructure {
    fn name(&self) -> &'static str {
        "infrastructure"
    }

    fn check(&self, tree: &Tree, _: &[Fact], _: &Deadline<'_>) -> Outcome {
        let mut outcome = Outcome::new(self.name(), Vec::new(), Ran::Complete);
        let paths = || tree.entries().iter().map(|entry| &entry.path);
        let charts = paths().filter(|path| path.file_name() == "Chart.yaml");
        let charts: BTreeSet<&str> = charts.map(RepoPath::folder).collect();
        for (kind, is_one) in KINDS {
            let mut files = paths().filter(|path| is_one(path, &charts));
            if let Some(first) = files.next() {
                outcome.leave_out(gap(kind, first, files.count()));
            }
        }
        outcome
    }
}

fn gap(kind: &str, first: &RepoPath, others: usize) -> Gap {
    let reason = match others {
        0 => format!("not assessed: `{first}`"),
        1 => format!("not assessed: `{first}` and one other file"),
        _ => format!("not assessed: `{first}` and {others} other files"),
    };
    Gap { subject: kind.to_owned(), reason, incomplete: false }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicBool, time::Duration};

    use super::*;
    use crate::sources::MemoryTree;

    #[test]
    fn each_kind_is_told_once_and_leaves_the_run_complete() {
        let paths = [
            "infra/main.tf",
            "infra/b.tf",
            "infra/c.tfvars",
            "chart/Chart.yaml",
            "chart/values.yaml",
            "values.yaml",
            "roles/web/tasks/main.yml",
            "src/tasks/main.yml",
            "Pulumi.prod.yaml",
            "a.bicep",
        ];
        let files = paths.iter().map(|path| ((*path).to_owned(), Vec::new()));
        let files: Vec<(String, Vec<u8>)> = files.collect();
        let never = AtomicBool::new(false);
        let deadline = Deadline::after(Duration::from_mins(1), &never);
        let outcome = Infrastructure.check(&Tree::Memory(MemoryTree::new(files)), &[], &deadline);
        let told: Vec<_> =
            outcome.gaps.iter().map(|gap| format!("{}: {}", gap.subject, gap.reason)).collect();
        assert_eq!(told.len(), 5, "{told:?}");
        assert!(told[0].starts_with("Terraform: ") && told[0].ends_with("and 2 other files"));
        assert!(told.contains(&"Helm values: not assessed: `chart/values.yaml`".to_owned()));
        assert_eq!(outcome.ran, Ran::Complete);
    }
}
