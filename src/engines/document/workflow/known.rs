//! What is known of actions in wide use: their names, those that are no longer looked after, flaws.
//!
//! From the actions' own repositories, GitHub's changelog and the GitHub advisory database; state of
//! October 2025. A name that is not here is not judged.

/// Actions in wide use, in lower case: a name that differs in one letter of the owner is taken for a trap.
pub(super) const POPULAR: &[(&str, &[&str])] = &[
    (
        "actions",
        &[
            "attest-build-provenance",
            "cache",
            "checkout",
            "configure-pages",
            "create-github-app-token",
            "create-release",
            "dependency-review-action",
            "deploy-pages",
            "download-artifact",
            "first-interaction",
            "github-script",
            "labeler",
            "setup-dotnet",
            "setup-go",
            "setup-java",
            "setup-node",
            "setup-python",
            "stale",
            "upload-artifact",
            "upload-pages-artifact",
            "upload-release-asset",
        ],
    ),
    ("aquasecurity", &["trivy-action"]),
    ("astral-sh", &["ruff-action", "setup-uv"]),
    (
        "aws-actions",
        &["amazon-ecr-login", "amazon-ecs-deploy-task-definition", "configure-aws-credentials"],
    ),
    ("azure", &["login", "setup-helm", "setup-kubectl", "webapps-deploy"]),
    ("cloudflare", &["wrangler-action"]),
    ("codecov", &["codecov-action"]),
    ("crazy-max", &["ghaction-import-gpg"]),
    (
        "docker",
        &[
            "bake-action",
            "build-push-action",
            "login-action",
            "metadata-action",
            "setup-buildx-action",
            "setup-qemu-action",
        ],
    ),
    ("dorny", &["paths-filter", "test-reporter"]),
    ("dtolnay", &["rust-toolchain"]),
    ("github", &["codeql-action", "super-linter"]),
    ("golangci", &["golangci-lint-action"]),
    ("google-github-actions", &["auth", "deploy-cloudrun", "get-gke-credentials", "setup-gcloud"]),
    ("googleapis", &["release-please-action"]),
    ("goreleaser", &["goreleaser-action"]),
    ("gradle", &["actions", "gradle-build-action", "wrapper-validation-action"]),
    ("hashicorp", &["setup-terraform", "vault-action"]),
    ("jamesives", &["github-pages-deploy-action"]),
    ("ncipollo", &["release-action"]),
    ("ossf", &["scorecard-action"]),
    ("peaceiris", &["actions-gh-pages", "actions-hugo"]),
    ("peter-evans", &["create-or-update-comment", "create-pull-request", "repository-dispatch"]),
    ("pnpm", &["action-setup"]),
    ("pre-commit", &["action"]),
    ("pypa", &["cibuildwheel", "gh-action-pypi-publish"]),
    ("release-drafter", &["release-drafter"]),
    ("reviewdog", &["action-actionlint", "action-eslint", "action-setup"]),
    ("ruby", &["setup-ruby"]),
    ("shivammathur", &["setup-php"]),
    ("sigstore", &["cosign-installer"]),
    ("softprops", &["action-gh-release"]),
    ("sonarsource", &["sonarcloud-github-action", "sonarqube-scan-action"]),
    ("stefanzweifel", &["git-auto-commit-action"]),
    ("step-security", &["harden-runner"]),
    ("super-linter", &["super-linter"]),
    ("swatinem", &["rust-cache"]),
    ("taiki-e", &["cache-cargo-install-action", "install-action", "upload-rust-binary-action"]),
    ("tj-actions", &["changed-files"]),
];

/// Actions whose repository is archived.
pub(super) const ARCHIVED: &[&str] = &[
    "actions-rs/audit-check",
    "actions-rs/cargo",
    "actions-rs/clippy-check",
    "actions-rs/grcov",
    "actions-rs/install",
    "actions-rs/tarpaulin",
    "actions-rs/toolchain",
    "actions/create-release",
    "actions/setup-elixir",
    "actions/setup-haskell",
    "actions/setup-ruby",
    "actions/upload-release-asset",
    "andymckay/labeler",
    "azure/container-scan",
    "azure/docker-login",
    "crazy-max/ghaction-docker-buildx",
    "google-github-actions/release-please-action",
    "hecrj/setup-rust-action",
    "marvinpinto/action-automatic-releases",
    "marvinpinto/actions",
    "repo-sync/pull-request",
    "tibdex/github-app-token",
];

/// A flaw of an action.
pub(super) struct Flaw {
    /// Owner and repository, in lower case.
    pub(super) action: &'static str,
    /// Its identifier.
    pub(super) advisory: &'static str,
    /// The first version that has it.
    pub(super) from: [u32; 3],
    /// The first version that no longer has it.
    pub(super) fixed: [u32; 3],
}

const fn flaw(
    action: &'static str,
    advisory: &'static str,
    from: [u32; 3],
    fixed: [u32; 3],
) -> Flaw {
    Flaw { action, advisory, from, fixed }
}

/// Flaws with an advisory.
pub(super) const FLAWS: &[Flaw] = &[
    flaw("actions/download-artifact", "CVE-2024-42471", [4, 0, 0], [4, 1, 3]),
    flaw("atlassian/gajira-comment", "CVE-2020-14189", [0, 0, 0], [2, 0, 2]),
    flaw("atlassian/gajira-create", "CVE-2020-14188", [0, 0, 0], [2, 0, 1]),
    flaw("azure/setup-kubectl", "CVE-2023-23939", [0, 0, 0], [3, 0, 0]),
    flaw("bullfrogsec/bullfrog", "CVE-2025-47775", [0, 0, 0], [0, 8, 4]),
    flaw("canonical/get-workflow-version-action", "CVE-2025-31479", [0, 0, 0], [1, 0, 1]),
    flaw("check-spelling/check-spelling", "CVE-2021-32724", [0, 0, 0], [0, 0, 19]),
    flaw("dawidd6/action-download-artifact", "GHSA-5xr6-xhww-33m4", [0, 0, 0], [6, 0, 0]),
    flaw("github/codeql-action", "CVE-2025-24362", [3, 26, 11], [3, 28, 3]),
    flaw("gradle/gradle-build-action", "CVE-2023-30853", [0, 0, 0], [2, 4, 2]),
    flaw("hashicorp/vault-action", "CVE-2021-32074", [0, 0, 0], [2, 2, 0]),
    flaw("kartverket/github-workflows", "CVE-2022-39326", [0, 0, 0], [2, 7, 5]),
    flaw("lycheeverse/lychee-action", "CVE-2024-48908", [0, 0, 0], [2, 0, 2]),
    flaw("pypa/gh-action-pypi-publish", "GHSA-vxmw-7h4f-hqxh", [0, 0, 0], [1, 13, 0]),
    flaw("rlespinasse/github-slug-action", "CVE-2023-27581", [4, 0, 0], [4, 4, 1]),
    flaw("some-natalie/ghas-to-csv", "CVE-2022-39217", [0, 0, 0], [1, 0, 0]),
    flaw("sonarsource/sonarqube-scan-action", "CVE-2025-58178", [4, 0, 0], [5, 3, 1]),
    flaw("step-security/harden-runner", "CVE-2025-32955", [0, 12, 0], [2, 12, 0]),
    flaw("tj-actions/branch-names", "CVE-2025-54416", [0, 0, 0], [9, 0, 0]),
    flaw("tj-actions/changed-files", "CVE-2025-30066", [0, 0, 0], [46, 0, 1]),
    flaw("tj-actions/verify-changed-files", "CVE-2023-52137", [0, 0, 0], [17, 0, 0]),
];

/// Actions of which GitHub switched old versions off: the first one that still runs.
pub(super) const SWITCHED_OFF: &[(&str, u32)] = &[
    ("actions/cache", 3),
    ("actions/cache/restore", 3),
    ("actions/cache/save", 3),
    ("actions/deploy-pages", 4),
    ("actions/download-artifact", 4),
    ("actions/upload-artifact", 4),
    ("actions/upload-pages-artifact", 3),
];

/// Actions that do what a program of the hosted runners does.
pub(super) const SUPERFLUOUS: &[(&str, &str)] = &[
    ("actions-rs/toolchain", "rustup"),
    ("addnab/docker-run-action", "docker run"),
    ("dacbd/create-issue-action", "gh issue create"),
    ("dtolnay/rust-toolchain", "rustup"),
    ("elgohr/github-release-action", "gh release create"),
    ("imjohnbo/issue-bot", "gh issue create"),
    ("juliangruber/approve-pull-request-action", "gh pr review"),
    ("ncipollo/release-action", "gh release create"),
    ("peter-evans/create-or-update-comment", "gh pr comment"),
    ("softprops/action-gh-release", "gh release create"),
    ("svenstaro/upload-release-action", "gh release upload"),
    ("thollander/actions-comment-pull-request", "gh pr comment"),
];

/// Labels of hosted runners that exist no more: a job that asks for one never starts.
pub(super) const RETIRED_RUNNERS: &[&str] = &[
    "macos-10.14",
    "macos-10.15",
    "macos-11",
    "macos-12",
    "macos-13",
    "ubuntu-16.04",
    "ubuntu-18.04",
    "ubuntu-20.04",
    "windows-2016",
    "windows-2019",
];
