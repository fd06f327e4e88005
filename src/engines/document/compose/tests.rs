//! Hard cases of the Compose model.

use proptest::prelude::*;

use super::*;

fn service(text: &str) -> Node {
    let root = read(text).expect("the text is YAML");
    root.get("services").expect("the model has services").entries()[0].1.clone()
}

fn text<'n>(node: &'n Node, name: &str) -> &'n str {
    node.get(name).and_then(Node::as_text).unwrap_or("(none)")
}

fn is(node: &Node, name: &str) -> Option<bool> {
    node.get(name).map(|node| node.value == Value::Bool(true))
}

#[test]
fn ports_of_both_forms_are_the_same() {
    let web = service(
        "services:\n  web:\n    ports:\n      - 80\n      - \"${BIND:-127.0.0.1}:5432:5432/udp\"\n      - \"[::1]:1:2\"\n      - \"${P:?need a port}:90\"\n      - { target: 6379, published: \"6379\", host_ip: 10.0.0.1 }\n      - target: 1\n",
    );
    let ports = web.get("ports").unwrap().elements();
    assert_eq!((text(&ports[0], "target"), is(&ports[0], "is-public")), ("80", Some(true)));
    assert_eq!(
        (text(&ports[1], "host-ip"), is(&ports[1], "is-public")),
        ("127.0.0.1", Some(false))
    );
    assert_eq!(text(&ports[1], "protocol"), "udp");
    assert_eq!((text(&ports[2], "host-ip"), text(&ports[2], "published")), ("[::1]", "1"));
    assert_eq!((text(&ports[3], "target"), is(&ports[3], "is-public")), ("90", Some(true)));
    assert_eq!(is(&ports[4], "is-public"), Some(false));
    assert_eq!(is(&ports[5], "is-public"), Some(true));
}

#[test]
fn volumes_of_both_forms_are_the_same() {
    let web = service(
        "services:\n  web:\n    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock:ro\n      - data:/data\n      - C:\\x:/y:rw\n      - /only\n      - { type: bind, source: /a, target: /b, read_only: true }\n",
    );
    let volumes = web.get("volumes").unwrap().elements();
    assert_eq!(text(&volumes[0], "source"), "/var/run/docker.sock");
    assert_eq!(is(&volumes[0], "is-read-only"), Some(true));
    assert_eq!(text(&volumes[1], "type"), "volume");
    assert_eq!((text(&volumes[2], "source"), text(&volumes[2], "target")), ("C:\\x", "/y"));
    assert_eq!((text(&volumes[3], "source"), text(&volumes[3], "target")), ("(none)", "/only"));
    assert_eq!(is(&volumes[4], "is-read-only"), Some(true));
}

#[test]
fn environments_say_where_their_values_come_from() {
    let web = service(
        "services:\n  web:\n    environment:\n      - A=1\n      - B=${B:-x}\n      - C=${C}\n      - D\n      - E=a$$b\n      - DB_PASSWORD=x\n",
    );
    let origins: Vec<_> =
        web.get("variables").unwrap().elements().iter().map(|v| text(v, "origin")).collect();
    assert_eq!(origins, ["literal", "default", "reference", "host", "literal", "literal"]);
    assert_eq!(text(web.get("environment").unwrap(), "B"), "x");
    assert_eq!(text(web.get("environment").unwrap(), "E"), "a$b");
    assert_eq!(is(&web, "has-password"), Some(true));
}

#[test]
fn merged_services_keep_the_place_of_their_anchor() {
    let source = "x-base: &base\n  privileged: \"${P:-yes}\"\n  image: redis\nservices:\n  web:\n    <<: *base\n    image: a/b:1@sha256:00\n";
    let web = service(source);
    let privileged = web.get("privileged").unwrap();
    assert_eq!(privileged.value, Value::Bool(true));
    assert_eq!(&source[privileged.at.clone()], "\"${P:-yes}\"");
    assert_eq!((text(&web, "image-name"), text(&web, "image-tag")), ("a/b", "1"));
    assert_eq!(is(&web, "image-is-latest"), Some(false));
}

#[test]
fn limits_health_and_privileges_have_one_name() {
    let web = service(
        "services:\n  web:\n    image: localhost:5000/x\n    mem_limit: 1g\n    deploy: { resources: { limits: { cpus: '1', pids: 5 } } }\n    healthcheck: { test: [NONE] }\n    security_opt: ['no-new-privileges:true']\n    cap_drop: [all]\n    user: '0:0'\n",
    );
    assert_eq!(text(&web, "memory-limit"), "1g");
    assert!(web.get("cpu-limit").is_some() && web.get("pids-limit").is_some());
    assert_eq!(is(&web, "has-healthcheck"), Some(false));
    assert_eq!(is(&web, "has-no-new-privileges"), Some(true));
    assert_eq!(is(&web, "drops-all-capabilities"), Some(true));
    assert_eq!(is(&web, "runs-as-root"), Some(true));
    assert_eq!(is(&web, "image-is-latest"), Some(true));
    assert_eq!(text(&web, "image-name"), "localhost:5000/x");
}

#[test]
fn what_is_reset_is_not_there_and_old_files_have_services_too() {
    let web = service("services:\n  web:\n    ports: !reset []\n    image: x\n");
    assert!(web.get("ports").is_none());
    assert_eq!(text(&service("web:\n  image: redis\n  privileged: true\n"), "name"), "web");
}

#[test]
fn only_names_with_the_word_are_compose_files() {
    let is = |path: &str| is_one(&RepoPath::new(path));
    assert!(is("compose.yaml") && is("a/docker-compose.prod.yml") && is("dev.compose.yml"));
    assert!(
        !is(".github/workflows/docker-compose.yml") && !is("composer.yaml") && !is("compose.json")
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in "(services:\n  [a-c]:\n    (ports|volumes|environment|image|healthcheck|cap_add):( [\\[{]|\n    - )[a-z0-9:/${}=\"'\\[\\]\\\\-]{0,20}\n?){0,3}") {
        let _ = read(&text);
    }
}
