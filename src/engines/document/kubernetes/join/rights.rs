//! Joins bindings to roles, and accounts to the pods that act as them.

use super::{Joined, Manifests, Object, Pod};
use crate::engines::document::{
    make::{dig, plain},
    node::Node,
};

/// Accounts that may do everything, with the binding that says so.
struct Grant<'m> {
    binding: &'m Object,
    account: String,
    /// None if whoever applies the binding decides.
    namespace: Option<String>,
}

pub(super) fn look(all: &Manifests, joined: &mut Vec<Joined>) {
    let mut grants = Vec::new();
    for kind in ["ClusterRoleBinding", "RoleBinding"] {
        for binding in all.of_kind(kind) {
            roles_exist(all, binding, joined);
            if gives_everything(all, binding) {
                grants.extend(accounts(binding));
            }
        }
    }
    for pod in all.pods.iter().filter(|pod| pod.is_whole()) {
        acts_as(&grants, pod, joined);
    }
}

/// A binding of a role that is not there gives nothing, until somebody makes a role of that name.
fn roles_exist(all: &Manifests, binding: &Object, joined: &mut Vec<Joined>) {
    let Some(role) = binding.node.get("roleRef") else { return };
    let Some(node) = role.get("name") else { return };
    let Some(name) = plain(node).filter(|name| !name.contains('$')) else { return };
    let is_own = role.get("kind").and_then(Node::as_text) == Some("Role");
    let is_it = |other: &Object| {
        other.name().is_none_or(|own| own == name || own.contains('$'))
            && binding.home.may_be(&other.home)
    };
    // Roles of the cluster, and those that the system brings, are made elsewhere.
    let is_told = is_own && !binding.home.is_open && !name.contains(':');
    if is_told && !all.of_kind("Role").any(is_it) {
        joined.push(binding.report("binding-without-role", node.at.clone()));
    }
}

fn gives_everything(all: &Manifests, binding: &Object) -> bool {
    let reference = |key: &str| dig(&binding.node, &["roleRef", key]).and_then(plain);
    let (Some(kind), Some(name)) = (reference("kind"), reference("name")) else { return false };
    if binding.kind == "ClusterRoleBinding" && name == "cluster-admin" {
        return true;
    }
    let is_it = |role: &&Object| {
        role.name().is_some_and(|own| own == name)
            && (kind == "ClusterRole" || binding.home.may_be(&role.home))
    };
    all.of_kind(&kind).filter(is_it).any(is_everything)
}

fn is_everything(role: &Object) -> bool {
    let rules = role.node.get("rules").map(Node::elements).unwrap_or_default();
    let holds_all = |rule: &Node, key: &str| {
        let names = rule.get(key).map(Node::elements).unwrap_or_default();
        names.iter().any(|name| name.as_text() == Some("*"))
    };
    rules.iter().any(|rule| holds_all(rule, "verbs") && holds_all(rule, "resources"))
}

fn accounts(binding: &Object) -> impl Iterator<Item = Grant<'_>> {
    let subjects = binding.node.get("subjects").map(Node::elements).unwrap_or_default();
    subjects.iter().filter_map(move |subject| {
        let is_account = subject.get("kind").and_then(Node::as_text) == Some("ServiceAccount");
        let account = subject.get("name").and_then(plain).filter(|_| is_account)?;
        let namespace = subject.get("namespace").and_then(plain);
        Some(Grant { binding, account, namespace })
    })
}

fn acts_as(grants: &[Grant<'_>], pod: &Pod, joined: &mut Vec<Joined>) {
    let is_given_token =
        pod.node.get("mounts-token").is_some_and(super::super::super::make::is_true);
    let Some(node) = pod.node.get("service-account").filter(|_| is_given_token) else { return };
    let Some(account) = plain(node) else { return };
    let namespaces = &pod.home.namespaces;
    let is_it = |grant: &&Grant<'_>| {
        let is_near = grant
            .namespace
            .as_ref()
            .is_none_or(|namespace| namespaces.is_empty() || namespaces.contains(namespace));
        grant.account == account && is_near
    };
    if let Some(grant) = grants.iter().find(is_it) {
        let mut found = pod.report("workload-may-do-everything", node.at.clone());
        let at = grant.binding.node.get("roleRef").map_or(0..0, |role| role.at.clone());
        found.because =
            Some((grant.binding.file, at, "this binding gives its account every right"));
        joined.push(found);
    }
}
