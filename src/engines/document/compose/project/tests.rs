//! Projects of several files; the merged ones are the examples of the Compose specification.

use proptest::prelude::*;

use super::*;

/// A project of `compose.yaml`, laid over by `compose.override.yaml` if that is among the files.
fn project(files: &[(&str, &str)]) -> Project {
    let source = |path: &str| {
        files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
    };
    let paths: Vec<String> = ["compose.yaml", "compose.override.yaml"].map(str::to_owned).into();
    read(&paths, &source).expect("the files are YAML")
}

/// What the override makes of one service of the base, as YAML would show it.
fn merged(base: &str, over: &str, key: &str) -> String {
    let file = |body: &str| format!("services:\n  foo:\n{body}");
    let (base, over) = (file(base), file(over));
    let project = project(&[("compose.yaml", &base), ("compose.override.yaml", &over)]);
    let service = project.root.get("services").and_then(|services| services.get("foo")).unwrap();
    service.get(key).map_or_else(|| "(none)".to_owned(), shown)
}

fn shown(node: &Node) -> String {
    let parts = |parts: Vec<String>| parts.join(", ");
    match &node.value {
        Value::List(elements) => format!("[{}]", parts(elements.iter().map(shown).collect())),
        Value::Map(entries) => {
            let entry = |(key, value): &(Node, Node)| format!("{}: {}", shown(key), shown(value));
            format!("{{{}}}", parts(entries.iter().map(entry).collect()))
        }
        _ => plain(node).unwrap_or_else(|| "null".to_owned()),
    }
}

fn service<'n>(project: &'n Project, name: &str) -> &'n Node {
    project.root.get("services").and_then(|services| services.get(name)).unwrap()
}

fn problems(project: &Project) -> Vec<String> {
    project.root.get("problems").unwrap().elements().iter().map(shown).collect()
}

#[test]
fn mappings_are_merged_and_sequences_appended() {
    let hosts = merged(
        "    extra_hosts: ['a=1']\n    dns: 8.8.8.8\n",
        "    extra_hosts: ['b=2']\n    dns: [1.1.1.1]\n",
        "dns",
    );
    assert_eq!(hosts, "[8.8.8.8, 1.1.1.1]");
    let logging = merged(
        "    logging: { driver: syslog, options: { a: 1 } }\n",
        "    logging: { options: { b: 2 } }\n",
        "logging",
    );
    assert_eq!(logging, "{driver: syslog, options: {a: 1, b: 2}}");
    assert_eq!(merged("    user: a\n", "    user: b\n", "user"), "b");
}

#[test]
fn commands_and_tests_are_replaced_whole() {
    assert_eq!(
        merged("    command: [echo, foo]\n", "    command: [echo, bar]\n", "command"),
        "[echo, bar]"
    );
    let test = merged(
        "    healthcheck: { test: [CMD, a], interval: 1s }\n",
        "    healthcheck: { test: [CMD, b] }\n",
        "healthcheck",
    );
    assert_eq!(test, "{test: [CMD, b], interval: 1s}");
}

#[test]
fn environments_and_labels_are_merged_across_their_forms() {
    let environment = merged(
        "    environment:\n      - A=1\n      - B=2\n",
        "    environment: { B: 3, C: 4 }\n",
        "environment",
    );
    assert_eq!(environment, "{A: 1, B: 3, C: 4}");
    let labels = merged("    labels: { a: 1 }\n", "    labels: [a=2, b=3]\n", "labels");
    assert_eq!(labels, "{a: 2, b: 3}");
}

#[test]
fn volumes_and_ports_are_one_per_target() {
    let volumes =
        merged("    volumes: ['foo:/work']\n", "    volumes: ['bar:/work', 'x:/y']\n", "volumes");
    assert!(!volumes.contains("foo") && volumes.contains("bar:/work") && volumes.contains("x:/y"));
    let ports = merged(
        "    ports: ['127.0.0.1:80:80', '81:81']\n",
        "    ports: ['81:81', { target: 82, published: 82 }]\n",
        "ports",
    );
    assert_eq!(ports.matches("is-public").count(), 3, "{ports}");
    let secrets =
        merged("    secrets: [a, b]\n", "    secrets: [{ source: a, mode: 1 }]\n", "secrets");
    assert_eq!(secrets, "[{source: a, mode: 1}, b]");
}

#[test]
fn values_can_be_taken_out_and_replaced_whole() {
    assert_eq!(merged("    ports: ['1:1']\n", "    ports: !reset []\n", "ports"), "(none)");
    assert_eq!(
        merged("    cap_add: [A]\n    ports: ['1:1']\n", "    cap_add: !override [B]\n", "cap_add"),
        "[B]"
    );
    let environment = merged(
        "    environment: { A: 1, B: 2 }\n",
        "    environment: { A: !reset null }\n",
        "environment",
    );
    assert_eq!(environment, "{B: 2}");
}

#[test]
fn networks_and_dependencies_are_merged_by_name() {
    let networks =
        merged("    networks: [a]\n", "    networks: { b: { aliases: [x] } }\n", "networks");
    assert_eq!(networks, "{a: null, b: {aliases: [x]}}");
}

#[test]
fn every_value_knows_its_file() {
    let base = "services:\n  web:\n    image: a:1\n";
    let over = "services:\n  web:\n    privileged: true\n";
    let project = project(&[("compose.yaml", base), ("compose.override.yaml", over)]);
    let text = format!("{base}{over}");
    let web = service(&project, "web");
    let privileged = web.get("privileged").unwrap();
    assert!(privileged.at.start > base.len());
    assert_eq!(&text[privileged.at.clone()], "true");
    assert!(web.get("name").unwrap().at.end < base.len());
    assert_eq!(project.parts[1], ("compose.override.yaml".to_owned(), base.len()..text.len()));
}

#[test]
fn services_are_extended_in_the_same_file_and_from_others() {
    let project = project(&[
        (
            "compose.yaml",
            "services:\n  web:\n    extends: { file: common/base.yml, service: app }\n    environment: [B=3]\n  job:\n    extends: web\n    command: run\n",
        ),
        (
            "common/base.yml",
            "services:\n  app:\n    extends: root\n    environment: { A: 1, B: 2 }\n  root:\n    image: x:1\n    read_only: true\n",
        ),
    ]);
    let job = service(&project, "job");
    assert_eq!(shown(job.get("environment").unwrap()), "{A: 1, B: 3}");
    assert_eq!(shown(job.get("image").unwrap()), "x:1");
    assert_eq!(shown(job.get("has-read-only-root").unwrap()), "true");
    assert!(project.extended.contains(&("common/base.yml".to_owned(), "app".to_owned())));
}

#[test]
fn what_can_not_be_followed_is_a_problem_and_no_verdict() {
    let project = project(&[(
        "compose.yaml",
        "services:\n  a:\n    extends: b\n  b:\n    extends: a\n  c:\n    extends: { file: ../../out.yml, service: x }\n",
    )]);
    assert_eq!(problems(&project).len(), 3, "{:?}", problems(&project));
    assert!(service(&project, "c").get("no-memory-limit").is_none());
    assert!(service(&project, "a").get("has-read-only-root").is_none());
}

#[test]
fn included_projects_are_part_of_it() {
    let project = project(&[
        (
            "compose.yaml",
            "include:\n  - db/compose.yaml\n  - { path: [a.yaml, b.yaml] }\n  - gone.yaml\nservices:\n  web:\n    image: web:1\n    networks: [back]\n",
        ),
        (
            "db/compose.yaml",
            "include: [../compose.yaml]\nservices:\n  db:\n    image: postgres:$TAG\nnetworks: { back: {} }\n",
        ),
        ("db/.env", "TAG=17\n"),
        ("a.yaml", "services:\n  cache:\n    image: redis:7\n"),
        ("b.yaml", "services:\n  cache:\n    image: redis:8\n"),
    ]);
    assert_eq!(shown(service(&project, "db").get("image").unwrap()), "postgres:17");
    assert_eq!(shown(service(&project, "cache").get("image").unwrap()), "redis:8");
    assert!(project.root.get("faults").unwrap().elements().is_empty());
    assert!(problems(&project).iter().any(|problem| problem.contains("gone.yaml")));
}

#[test]
fn variables_come_from_the_env_files_of_the_project() {
    let project = project(&[
        (
            "compose.yaml",
            "services:\n  web:\n    image: web:${TAG:-1}\n    env_file: [web.env, gone.env]\n    environment:\n      A_PASSWORD: ${SECRET}\n      B: ${NONE:-b}\n",
        ),
        (".env", "TAG=2\nSECRET=x\n"),
        ("web.env", "B=of-file\nC=c\n"),
    ]);
    let web = service(&project, "web");
    assert_eq!(shown(web.get("image").unwrap()), "web:2");
    assert_eq!(shown(web.get("environment").unwrap().get("C").unwrap()), "c");
    assert_eq!(shown(web.get("environment").unwrap().get("B").unwrap()), "b");
    let origins: Vec<_> = web
        .get("variables")
        .unwrap()
        .elements()
        .iter()
        .map(|one| shown(one.get("origin").unwrap()))
        .collect();
    assert_eq!(origins, ["env-file", "default"]);
}

#[test]
fn copies_and_chains_are_bounded() {
    let mut lines = vec!["services:\n  base:\n    environment:".to_owned()];
    lines.extend((0..2_000).map(|n| format!("      A{n}: {n}")));
    lines.extend((0..200).map(|n| format!("  s{n}:\n    extends: base")));
    let text = lines.join("\n");
    let source = |path: &str| (path == "compose.yaml").then(|| text.clone());
    assert!(read(&["compose.yaml".to_owned()], &source).is_err());
}

proptest! {
    #[test]
    fn no_files_panic(
        base in "(services:\n|include: [a.yaml]\n|  [ab]:\n|    (ports|volumes|environment|extends|networks|build): (\\[a\\]|!reset a|!override \\{a: b\\}|\\{service: a, file: a.yaml\\}|a)\n){0,8}",
        over in "(services:\n|  [ab]:\n|    (ports|volumes|environment|extends|networks|build): (\\[a\\]|!reset a|!override \\{a: b\\}|\\{service: b\\}|a)\n){0,8}",
    ) {
        let source = |path: &str| match path {
            "compose.yaml" => Some(base.clone()),
            "a.yaml" | "compose.override.yaml" => Some(over.clone()),
            _ => None,
        };
        let _ = read(&["compose.yaml".to_owned(), "compose.override.yaml".to_owned()], &source);
    }
}
