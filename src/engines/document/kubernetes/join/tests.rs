//! Hard cases of the joins: expressions, namespaces, kustomizations that list each other.

use proptest::prelude::*;

use super::{
    super::read,
    kustomize::{self, Kustomizations},
    *,
};

/// What the joins say of files, each with its path and text: the rules, in order, without repetition.
fn rules(files: &[(&str, &str)]) -> Vec<&'static str> {
    let listed: Vec<_> = files
        .iter()
        .filter(|(path, _)| path.ends_with("kustomization.yaml"))
        .filter_map(|(path, text)| Some(((*path).to_owned(), kustomize::read(text)?)))
        .collect();
    let kustomizations = Kustomizations::new(&listed);
    let mut manifests = Manifests::default();
    for (index, (path, text)) in files.iter().enumerate() {
        manifests.add(index, &read(text).expect("it is YAML"), &kustomizations.scope(path));
    }
    let mut rules: Vec<_> = manifests.joined().into_iter().map(|joined| joined.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: web, labels: { app: web, tier: front } }\nspec: { containers: [{ name: web, image: 'web:1' }] }\n";

fn policy(selector: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: p }}\nspec: {{ podSelector: {selector}, policyTypes: [Ingress, Egress] }}\n"
    )
}

#[test]
fn expressions_select_as_the_api_does() {
    let selecting = [
        "{}",
        "{ matchExpressions: [{ key: app, operator: In, values: [api, web] }] }",
        "{ matchExpressions: [{ key: app, operator: NotIn, values: [api] }] }",
        "{ matchExpressions: [{ key: stage, operator: NotIn, values: [test] }] }",
        "{ matchExpressions: [{ key: tier, operator: Exists }] }",
        "{ matchExpressions: [{ key: stage, operator: DoesNotExist }] }",
        "{ matchLabels: { app: web }, matchExpressions: [{ key: tier, operator: Exists }] }",
    ];
    for selector in selecting {
        let policy = policy(selector);
        assert_eq!(rules(&[("a.yaml", POD), ("b.yaml", &policy)]), [""; 0], "{selector}");
    }
    let others = [
        "{ matchLabels: { app: api } }",
        "{ matchExpressions: [{ key: app, operator: NotIn, values: [web] }] }",
        "{ matchExpressions: [{ key: app, operator: DoesNotExist }] }",
        "{ matchLabels: { app: web }, matchExpressions: [{ key: stage, operator: Exists }] }",
    ];
    for selector in others {
        let policy = policy(selector);
        let expected = ["network-policy-missing", "network-policy-selects-nothing"];
        assert_eq!(rules(&[("a.yaml", POD), ("b.yaml", &policy)]), expected, "{selector}");
    }
}

#[test]
fn a_namespace_that_a_kustomization_sets_counts() {
    let policy = policy("{}").replace("name: p", "name: p, namespace: shop");
    let pod = POD.replace("name: web, labels", "name: web, namespace: other, labels");
    let files = [("base/web.yaml", &*pod), ("policy.yaml", &*policy)];
    assert_eq!(rules(&files), ["network-policy-missing"]);
    let overlay = "namespace: shop\nresources: [../base]\n";
    let files = [
        files[0],
        files[1],
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("overlay/kustomization.yaml", overlay),
    ];
    assert_eq!(rules(&files), [""; 0]);
}

#[test]
fn where_something_is_not_in_the_repository_nothing_is_missing() {
    let listed = "resources: [web.yaml, 'https://example.org/policies?ref=v1']\n";
    assert_eq!(rules(&[("web.yaml", POD), ("kustomization.yaml", listed)]), [""; 0]);
    let patch = "resources: [base.yaml]\npatches: [{ path: web.yaml }]\n";
    assert_eq!(rules(&[("web.yaml", POD), ("kustomization.yaml", patch)]), [""; 0]);
}

#[test]
fn kustomizations_that_list_each_other_come_to_an_end() {
    let files = [
        ("a/kustomization.yaml", "resources: [../b, web.yaml]\n"),
        ("b/kustomization.yaml", "resources: [../a]\n"),
        ("kustomization.yaml", "resources: [a, b]\n"),
        ("a/web.yaml", POD),
    ];
    assert_eq!(rules(&files), [""; 0]);
}

#[test]
fn an_account_that_may_do_everything_is_found_through_its_role() {
    let pod = POD.replace("spec: { ", "spec: { serviceAccountName: web, ");
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: all }\nrules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]\n";
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: { name: b }\nroleRef: { kind: ClusterRole, name: all }\nsubjects: [{ kind: ServiceAccount, name: web, namespace: shop }]\n";
    let found = rules(&[("a.yaml", &pod), ("b.yaml", role), ("c.yaml", binding)]);
    assert!(found.contains(&"workload-may-do-everything"), "{found:?}");
    let found = rules(&[("a.yaml", POD), ("b.yaml", role), ("c.yaml", binding)]);
    assert!(!found.contains(&"workload-may-do-everything"), "{found:?}");
}

proptest! {
    #[test]
    fn no_manifest_and_no_kustomization_is_too_strange(
        parts in proptest::collection::vec("(namespace|resources|kind: Service|apiVersion: v1|spec|selector|: |- |\\[|\\]|\\{|\\}|\n|  |\\.\\./|a|\\*|&)", 0..60)
    ) {
        let text = parts.concat();
        let listed: Vec<_> = kustomize::read(&text)
            .map(|node| vec![("a/kustomization.yaml".to_owned(), node)])
            .unwrap_or_default();
        let kustomizations = Kustomizations::new(&listed);
        if let Ok(model) = read(&text) {
            let mut manifests = Manifests::default();
            manifests.add(0, &model, &kustomizations.scope("a/web.yaml"));
            manifests.joined();
        }
    }
}
