//! Hard cases of the Kubernetes model: pods, owners, secrets, templates.

use proptest::prelude::*;

use super::*;
use crate::engines::document::make::dig;

fn containers(text: &str) -> Vec<Node> {
    let root = read(text).expect("the text is YAML");
    let pods = root.get("pods").expect("the model has pods").elements().iter();
    let containers = pods.map(|pod| pod.get("containers").expect("a pod has containers"));
    containers.flat_map(|containers| containers.elements().to_vec()).collect()
}

fn text<'n>(node: &'n Node, name: &str) -> &'n str {
    node.get(name).and_then(Node::as_text).unwrap_or("(none)")
}

fn is(node: &Node, name: &str) -> bool {
    node.get(name).is_some_and(|node| node.value == Value::Bool(true))
}

#[test]
fn a_container_overrides_its_pod_and_inherits_the_rest() {
    let source = "apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec:\n  securityContext: { runAsNonRoot: true, runAsUser: 1000 }\n  initContainers:\n    - name: i\n      securityContext: { runAsUser: 0 }\n  containers:\n    - name: a\n      securityContext: { privileged: yes, allowPrivilegeEscalation: false, capabilities: { add: [cap_sys_admin], drop: [all] } }\n    - name: b\n";
    let all = containers(source);
    let roots: Vec<_> = all.iter().map(|c| (text(c, "name"), text(c, "runs-as-root"))).collect();
    assert_eq!(roots, [("a", "never"), ("b", "never"), ("i", "certainly")]);
    assert!(is(&all[0], "privileged") && !is(&all[0], "allows-privilege-escalation"));
    assert!(is(&all[0], "drops-all-capabilities") && is(&all[0], "drops-net-raw"));
    let added = all[0].get("capabilities-added").unwrap().elements();
    assert_eq!((text(&added[0], "name"), is(&added[0], "removable")), ("SYS_ADMIN", true));
    assert!(is(&all[1], "allows-privilege-escalation"));
    let root = all[2].get("runs-as-root").unwrap();
    assert_eq!(&source[root.at.clone()], "0");
}

#[test]
fn every_owner_has_its_pods_also_in_lists() {
    let source = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1\n  kind: CronJob\n  metadata: { name: c }\n  spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: x, image: a }] } } } } }\n- apiVersion: example.org/v1\n  kind: Own\n  spec: { worker: { template: { spec: { hostNetwork: true, containers: [{ name: y, image: 'b:1' }] } } } }\n---\n---\nnot: one\n---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: { containers: [{ name: z }] }\n";
    let root = read(source).unwrap();
    let pods = root.get("pods").unwrap().elements();
    let names: Vec<_> = pods.iter().map(|pod| text(pod, "summary")).collect();
    assert_eq!(names, ["CronJob c", "Own"]);
    let shared = pods[1].get("host-namespaces").unwrap().elements();
    assert_eq!(shared[0].as_text(), Some("hostNetwork"));
    assert!(dig(&root, &["kinds", "CronJob"]).is_some());
    let all = containers(source);
    assert!(is(&all[0], "image-is-latest") && !is(&all[1], "image-is-latest"));
}

#[test]
fn annotations_of_the_pod_template_count() {
    let all = containers(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: { annotations: { seccomp.security.alpha.kubernetes.io/pod: no } }\nspec:\n  template:\n    metadata: { annotations: { seccomp.security.alpha.kubernetes.io/pod: runtime/default } }\n    spec: { containers: [{ name: a, args: [--x=1, --y, z, --w] }] }\n",
    );
    assert_eq!(text(&all[0], "seccomp"), "runtime/default");
    let flags = all[0].get("flags").unwrap();
    assert_eq!((text(flags, "x"), text(flags, "y"), text(flags, "w")), ("1", "z", ""));
}

#[test]
fn host_paths_are_told_apart() {
    let root = read("apiVersion: v1\nkind: Pod\nspec:\n  containers: [{ name: a }]\n  volumes:\n  - { name: s, hostPath: { path: /run/containerd/containerd.sock } }\n  - { name: e, hostPath: { path: /etc/ } }\n  - { name: k, hostPath: { path: /var/lib/kubelet/pods } }\n  - { name: d, hostPath: { path: /data/etc } }\n").unwrap();
    let volumes = root.get("pods").unwrap().elements()[0].get("volumes").unwrap().elements();
    assert!(is(&volumes[0], "is-socket"));
    assert!(is(&volumes[1], "is-sensitive") && is(&volumes[2], "is-sensitive"));
    assert!(!is(&volumes[3], "is-sensitive"));
}

#[test]
fn secrets_are_read_in_both_forms() {
    let root = read("apiVersion: v1\nkind: Secret\nmetadata: { name: s }\ndata: { a: aHVudGVyMg==, c: '%%' }\nstringData: { b: hunter2 }\n").unwrap();
    let values: Vec<_> =
        root.get("secrets").unwrap().elements().iter().map(|s| text(s, "value")).collect();
    assert_eq!(values, ["hunter2", "(none)", "hunter2"]);
}

#[test]
fn templates_are_not_assessed_and_not_broken() {
    let head = "apiVersion: v1\nkind: ConfigMap\n";
    for template in [
        "metadata:\n  name: {{ .Values.name }}\n",
        "metadata:\n{{- if .Values.x }}\n  a: b\n{{- end }}\n",
        "metadata:\n  name: \"{{ .Release.Name }}-x\"\n",
    ] {
        assert!(read(&format!("{head}{template}")).unwrap_err().is_foreign, "{template}");
    }
    assert!(read(&format!("{head}data:\n  t: |\n    hello {{{{ name }}}}\n")).is_ok());
    assert!(!read(&format!("{head}a: [\n")).unwrap_err().is_foreign);
}

proptest! {
    #[test]
    fn no_text_panics(tail in "([ -]{0,6}(spec|containers|name|image|env|hostPath|securityContext):[ a-z{}\\[\\],:]{0,12}\n){0,6}") {
        let _ = read(&format!("apiVersion: v1\nkind: Pod\n{tail}"));
    }
}
