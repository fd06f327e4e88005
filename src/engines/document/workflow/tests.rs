//! Hard cases of the workflow model: injections, taint, foreign code, permissions.

use proptest::prelude::*;

use super::*;
use crate::engines::document::make::dig;

fn all<'n>(root: &'n Node, name: &str) -> &'n [Node] {
    root.get(name).expect("the model has this list").elements()
}

fn text<'n>(node: &'n Node, name: &str) -> &'n str {
    node.get(name).and_then(Node::as_text).unwrap_or("(none)")
}

fn is(node: &Node, name: &str) -> bool {
    node.get(name).is_some_and(|node| node.value == Value::Bool(true))
}

#[test]
fn triggers_are_read_in_all_three_forms() {
    for on in ["push", "[push]", "\n  push:\n    branches: [main]"] {
        let root = read(&format!("on: {on}\njobs: {{}}\n")).unwrap();
        assert_eq!(all(&root, "triggers")[0].as_text(), Some("push"), "{on}");
    }
}

#[test]
fn an_injection_is_shown_at_its_expression_in_any_kind_of_scalar() {
    for (head, tail) in
        [("|\n          ", ""), (">-\n          ", ""), ("\"", "\""), ("'", "'"), ("", "")]
    {
        let source = format!(
            "on: issues\njobs:\n  a:\n    steps:\n      - run: {head}echo é ${{{{ github.event.issue.title }}}}{tail}\n"
        );
        let root = read(&source).unwrap();
        let found = &all(&root, "injections")[0];
        assert_eq!(&source[found.at.clone()], "${{ github.event.issue.title }}");
        assert_eq!((text(found, "author"), text(found, "severity")), ("outsider", "critical"));
    }
}

#[test]
fn taint_goes_through_variables_and_known_outputs() {
    let root = read("on: pull_request\nenv:\n  TOP: ${{ github.head_ref }}\njobs:\n  a:\n    env: { MID: \"${{ env.TOP }}\" }\n    steps:\n      - id: files\n        uses: tj-actions/changed-files@v1\n      - run: echo ${{ env.mid }} ${{ steps.files.outputs.all }} ${{ steps.files.outcome }} $TOP\n      - uses: actions/github-script@v7\n        with: { script: \"x('${{ github.event.comment.body }}')\" }\n      - uses: other/action@v1\n        with: { script: \"${{ github.event.comment.body }}\" }\n").unwrap();
    let found: Vec<_> = all(&root, "injections").iter().map(|i| text(i, "context")).collect();
    assert_eq!(found, ["env.mid", "steps.files.outputs.all", "github.event.comment.body"]);
    assert_eq!(text(&all(&root, "injections")[0], "severity"), "medium");
}

#[test]
fn a_matrix_is_as_foreign_as_its_values_and_plain_inputs_are_nobodys() {
    let root = read("on:\n  workflow_call:\n    inputs: { Flag: { type: boolean }, name: { type: string } }\njobs:\n  a:\n    strategy:\n      matrix:\n        os: [linux, mac]\n        include: [{ os: x, who: \"${{ github.head_ref }}\" }]\n    steps:\n      - run: echo ${{ matrix.os }} ${{ matrix.who }} ${{ inputs.flag }} ${{ inputs.name }} ${{ needs.b.outputs.c }}\n").unwrap();
    let found: Vec<_> =
        all(&root, "injections").iter().map(|i| (text(i, "context"), text(i, "author"))).collect();
    assert_eq!(
        found,
        [("matrix.who", "outsider"), ("inputs.name", "caller"), ("needs.b.outputs.c", "unknown")]
    );
}

#[test]
fn references_are_taken_apart() {
    let root = read("jobs:\n  a:\n    uses: o/r/.github/workflows/x.yml@main\n    secrets: inherit\n  b:\n    steps:\n      - uses: actions/checkout@0123456789abcdef0123456789abcdef01234567\n      - uses: docker://alpine:3\n      - uses: ./local\n      - uses: o/r/sub@v1\n").unwrap();
    let uses = all(&root, "uses");
    assert_eq!(
        (text(&uses[0], "kind"), text(&uses[0], "path")),
        ("workflow", ".github/workflows/x.yml")
    );
    assert!(is(&uses[0], "is-branch") && !is(&uses[0], "is-pinned"));
    assert!(is(&uses[1], "is-pinned") && is(&uses[1], "is-first-party"));
    assert_eq!(text(&uses[2], "kind"), "docker");
    assert_eq!(text(&uses[3], "kind"), "local");
    assert_eq!((text(&uses[4], "path"), text(&uses[4], "reference")), ("sub", "v1"));
    assert!(is(&all(&root, "jobs")[0], "inherits-secrets"));
}

#[test]
fn foreign_code_counts_where_the_conditions_let_outsiders_in() {
    let source = |condition: &str| {
        format!(
            "on: [push, pull_request_target]\njobs:\n  a:\n    if: {condition}\n    steps:\n      - uses: actions/checkout@v4\n        with: {{ ref: \"${{{{ github.event.pull_request.head.sha }}}}\" }}\n      - run: make\n"
        )
    };
    let step = |condition: &str| all(&read(&source(condition)).unwrap(), "steps")[0].clone();
    let open = step("github.repository == 'o/r'");
    assert!(is(&open, "is-privileged") && is(&open, "checks-out-foreign-code"));
    assert_eq!(text(&open, "severity"), "critical");
    assert!(!is(&step("github.event_name == 'push' && always()"), "is-privileged"));
    assert!(is(&step("${{ github.event_name != 'push' }}"), "is-privileged"));
}

#[test]
fn a_job_that_asks_who_somebody_is_is_less_bad() {
    let root = read("on: issue_comment\njobs:\n  a:\n    if: github.event.comment.author_association == 'OWNER'\n    steps:\n      - uses: actions/checkout@v4\n        with: { ref: \"refs/pull/${{ github.event.issue.number }}/head\" }\n      - run: make\n").unwrap();
    assert_eq!(text(&all(&root, "steps")[0], "severity"), "medium");
}

#[test]
fn conditions_that_are_always_true_are_known() {
    let root = read("jobs:\n  a:\n    if: |\n      ${{ false }}\n    steps:\n      - if: ${{ false }}\n      - if: contains('refs/heads/a refs/heads/b', github.ref)\n      - if: contains(fromJSON('[\"a b\"]'), github.ref)\n      - if: github.actor == 'dependabot[bot]'\n").unwrap();
    let found = all(&root, "conditions");
    let constant: Vec<_> = found.iter().map(|c| is(c, "is-constant")).collect();
    assert_eq!(constant, [true, false, false, false, false]);
    let unsound: Vec<_> = found.iter().map(|c| is(c, "has-unsound-contains")).collect();
    assert_eq!(unsound, [false, false, true, false, false]);
    assert!(is(&found[4], "trusts-actor"));
}

#[test]
fn a_job_has_the_permissions_of_the_top_unless_it_says_its_own() {
    let root =
        read("permissions: write-all\njobs:\n  a: {}\n  b: { permissions: { contents: read } }\n")
            .unwrap();
    let jobs = all(&root, "jobs");
    assert_eq!(text(&jobs[0], "token"), "write-all");
    assert!(dig(&jobs[1], &["token", "contents"]).is_some());
}

#[test]
fn composite_actions_have_steps_and_their_inputs_are_their_callers() {
    let root = read("runs:\n  using: composite\n  steps:\n    - run: echo ${{ inputs.name }}\n      shell: bash\n").unwrap();
    assert_eq!(text(&all(&root, "injections")[0], "author"), "caller");
    assert!(is(&root, "is-action"));
}

#[test]
fn only_workflows_and_actions_are_taken() {
    let is = |path: &str| is_one(&RepoPath::new(path));
    assert!(
        is(".github/workflows/a.yml") && is("x/.github/workflows/a.yaml") && is("sub/action.yml")
    );
    assert!(
        !is(".github/dependabot.yml") && !is("workflows/a.yml") && !is(".github/workflows/x/a.yml")
    );
}

proptest! {
    #[test]
    fn no_text_panics(tail in "([ -]{0,8}(jobs|a|steps|run|uses|with|ref|if|env):[ a-z${}.'\\[\\],|]{0,16}\n){0,8}") {
        let _ = read(&format!("on: issues\n{tail}"));
    }
}

#[test]
fn a_release_restores_a_cache_unless_its_conditions_say_otherwise() {
    let source =
        |on: &str, step: &str| format!("on: {on}\njobs:\n  a:\n    steps:\n      - {step}\n");
    let count = |on: &str, step: &str| all(&read(&source(on, step)).unwrap(), "caches").len();
    let tags = "{ push: { branches: [main], tags: ['v*'] } }";
    assert_eq!(count(tags, "uses: actions/cache@v4"), 1);
    assert_eq!(count("push", "uses: actions/cache@v4"), 0);
    assert_eq!(count(tags, "{ uses: actions/setup-go@v5, with: { cache: false } }"), 0);
    assert_eq!(count(tags, "{ uses: actions/cache@v4, if: github.ref_type != 'tag' }"), 0);
    assert_eq!(count("release", "{ uses: actions/cache@v4, if: github.ref_type != 'tag' }"), 0);
    assert_eq!(count("release", "{ uses: actions/setup-node@v4 }"), 0);
}

#[test]
fn commands_stand_where_they_are_written() {
    let source = "on: push\njobs:\n  a:\n    steps:\n      - run: |\n          é=1\n          curl ${{ vars.X }} | sh\n";
    let root = read(source).unwrap();
    let curl = all(&root, "commands").iter().find(|c| text(c, "program") == "curl").unwrap();
    assert_eq!(&source[curl.at.clone()], "curl ${{ vars.X }}");
    assert_eq!((text(curl, "run-by"), text(curl, "summary")), ("sh", "curl ${{ vars.X }}"));
}

#[test]
fn jobs_that_wait_for_each_other_are_told_once() {
    let root = read("on: push\njobs:\n  a: { needs: b, uses: ./x }\n  b: { needs: [a], uses: ./x }\n  c: { needs: [a, d], uses: ./x }\n").unwrap();
    let found: Vec<_> = all(&root, "mistakes").iter().map(|m| text(m, "summary")).collect();
    assert_eq!(found, ["there is no job `d`", "jobs wait for each other"]);
}

#[test]
fn what_is_written_to_the_environment_is_as_foreign_as_its_words() {
    let root = read("on: pull_request_target\njobs:\n  a:\n    steps:\n      - env: { T: \"${{ github.head_ref }}\" }\n        run: |\n          echo \"A=$T\" >> $GITHUB_ENV\n          echo A=b >> \"${GITHUB_ENV}\"\n          cat x | tee -a $GITHUB_PATH\n").unwrap();
    let found: Vec<_> = all(&root, "writes").iter().map(|w| text(w, "author")).collect();
    assert_eq!(found, ["outsider", "nobody", "unknown"]);
}
