//! The joins themselves, but for rights.

use super::{Joined, Manifests, Object, Pod, selector::Selector};
use crate::engines::document::{
    make::{dig, plain},
    node::Node,
};

/// Kinds that a repository holds whole, so that a name of one that is nowhere is a dangling one.
const SCALED: [&str; 3] = ["Deployment", "StatefulSet", "ReplicaSet"];

/// Kinds whose pods serve all the time.
const SERVING: [&str; 2] = ["Deployment", "StatefulSet"];

pub(super) fn at_object(all: &Manifests, object: &Object, joined: &mut Vec<Joined>) {
    match object.kind.as_str() {
        "Service" => service(all, object, joined),
        "NetworkPolicy" => policy(all, object, joined),
        "PodDisruptionBudget" => budget(all, object, joined),
        "HorizontalPodAutoscaler" => autoscaler(all, object, joined),
        "Ingress" => ingress(all, object, joined),
        _ => {}
    }
}

pub(super) fn at_pod(all: &Manifests, pod: &Pod, joined: &mut Vec<Joined>) {
    selector_and_template(pod, joined);
    if !pod.is_whole() || pod.home.is_open {
        return;
    }
    isolation(all, pod, joined);
    disruption(all, pod, joined);
}

/// The pods that an object of this home may select.
fn near<'m>(all: &'m Manifests, object: &'m Object) -> impl Iterator<Item = &'m Pod> {
    all.pods.iter().filter(|pod| object.home.may_be(&pod.home))
}

/// Whether a selector selects none of the pods, though there are some and all are known.
fn selects_nothing(all: &Manifests, object: &Object, selector: &Selector) -> bool {
    let mut pods = near(all, object).peekable();
    let is_told = pods.peek().is_some() && !object.home.is_open && !selector.is_empty();
    is_told && !pods.any(|pod| selector.selects(&pod.labels))
}

fn service(all: &Manifests, object: &Object, joined: &mut Vec<Joined>) {
    let Some(spec) = object.node.get("spec") else { return };
    let Some(written) = spec.get("selector") else { return };
    let selector = Selector::of_map(written);
    if selects_nothing(all, object, &selector) {
        joined.push(object.report("service-selects-nothing", whole(spec, "selector")));
        return;
    }
    let pods: Vec<_> = near(all, object).filter(|pod| selector.selects(&pod.labels)).collect();
    if selector.is_empty() || pods.is_empty() || pods.iter().any(|pod| !pod.is_whole()) {
        return;
    }
    for port in spec.get("ports").map(Node::elements).unwrap_or_default() {
        let Some(target) = port.get("targetPort") else { continue };
        let Some(name) = target.as_text().filter(|name| is_port_name(name)) else { continue };
        if !pods.iter().any(|pod| has_port(pod, name)) {
            joined.push(object.report("service-port-missing", target.at.clone()));
        }
    }
}

/// A name, and not a number that is written as a text or comes from a variable.
fn is_port_name(name: &str) -> bool {
    name.contains(|c: char| c.is_ascii_lowercase()) && !name.contains('$')
}

fn has_port(pod: &Pod, name: &str) -> bool {
    let containers = pod.node.get("containers").map(Node::elements).unwrap_or_default();
    let ports = containers.iter().filter_map(|container| container.get("ports"));
    let mut names = ports.flat_map(Node::elements).filter_map(|port| port.get("name"));
    names.any(|port| port.as_text() == Some(name))
}

fn policy(all: &Manifests, object: &Object, joined: &mut Vec<Joined>) {
    let Some(spec) = object.node.get("spec") else { return };
    let Some(written) = spec.get("podSelector") else { return };
    if selects_nothing(all, object, &Selector::of(written)) {
        joined.push(object.report("network-policy-selects-nothing", whole(spec, "podSelector")));
    }
}

fn budget(all: &Manifests, object: &Object, joined: &mut Vec<Joined>) {
    let Some(spec) = object.node.get("spec") else { return };
    let Some(written) = spec.get("selector") else { return };
    let selector = Selector::of(written);
    let is_owned = near(all, object).any(|pod| owns(pod, &selector));
    if selects_nothing(all, object, &selector) && !is_owned {
        joined.push(object.report("disruption-budget-selects-nothing", whole(spec, "selector")));
    }
}

/// Whether the owner's own selector says that its pods have such labels.
fn owns(pod: &Pod, selector: &Selector) -> bool {
    let labels = dig(&pod.node, &["selector", "matchLabels"]).map(super::labels_of);
    labels.is_some_and(|labels| selector.selects(&labels))
}

/// From a key to the end of its value.
fn whole(map: &Node, key: &str) -> std::ops::Range<usize> {
    match (map.key(key), map.get(key)) {
        (Some(name), Some(value)) => name.at.start..value.at.end.max(name.at.end),
        _ => map.at.clone(),
    }
}

fn autoscaler(all: &Manifests, object: &Object, joined: &mut Vec<Joined>) {
    let target = dig(&object.node, &["spec", "scaleTargetRef"]);
    if let Some(target) = target.filter(|target| is_scaled(target)) {
        let kind = target.get("kind").and_then(Node::as_text).unwrap_or_default();
        dangling(all, object, (kind, target.get("name")), "autoscaler-without-target", joined);
    }
    let version = object.node.get("apiVersion").and_then(Node::as_text).unwrap_or_default();
    if !matches!(version, "autoscaling/v2" | "autoscaling/v2beta2") {
        return;
    }
    let metrics = dig(&object.node, &["spec", "metrics"]).map(Node::elements).unwrap_or_default();
    let about = metrics
        .iter()
        .filter(|metric| metric.get("type").and_then(Node::as_text) == Some("Object"));
    for metric in about.filter(|metric| !is_metric_whole(metric)) {
        joined.push(object.report("autoscaler-metric-incomplete", metric.at.clone()));
    }
}

fn is_scaled(target: &Node) -> bool {
    target.get("kind").and_then(Node::as_text).is_some_and(|kind| SCALED.contains(&kind))
}

/// Whether a metric of an object says which metric, of which object, and what it should be.
fn is_metric_whole(metric: &Node) -> bool {
    let needed: [&[&str]; 4] = [
        &["object", "metric", "name"],
        &["object", "target", "type"],
        &["object", "describedObject", "kind"],
        &["object", "describedObject", "name"],
    ];
    needed.iter().all(|path| dig(metric, path).is_some())
}

/// Notes a name that no object of the kind has.
fn dangling(
    all: &Manifests,
    object: &Object,
    (kind, name): (&str, Option<&Node>),
    rule: &'static str,
    joined: &mut Vec<Joined>,
) {
    let Some(node) = name else { return };
    let Some(name) = plain(node).filter(|name| !name.contains('$')) else { return };
    let is_it = |other: &&Object| {
        other.name().is_none_or(|own| own == name || own.contains('$'))
            && object.home.may_be(&other.home)
    };
    if !object.home.is_open && !all.of_kind(kind).any(|other| is_it(&other)) {
        joined.push(object.report(rule, node.at.clone()));
    }
}

fn ingress(all: &Manifests, object: &Object, joined: &mut Vec<Joined>) {
    let Some(spec) = object.node.get("spec") else { return };
    // A repository without any Service leaves them to another one.
    if all.of_kind("Service").next().is_none() {
        return;
    }
    let rules = spec.get("rules").map(Node::elements).unwrap_or_default();
    let paths = rules.iter().filter_map(|rule| dig(rule, &["http", "paths"]));
    let backends = paths.flat_map(Node::elements).filter_map(|path| path.get("backend"));
    let backends = backends.chain(spec.get("defaultBackend")).chain(spec.get("backend"));
    for backend in backends {
        let name = dig(backend, &["service", "name"]).or_else(|| backend.get("serviceName"));
        let is_action = dig(backend, &["service", "port", "name"]).or(backend.get("servicePort"));
        // The AWS controller takes an annotation for a service: `use-annotation`.
        if is_action.and_then(Node::as_text) != Some("use-annotation") {
            dangling(all, object, ("Service", name), "ingress-without-service", joined);
        }
    }
}

/// The API refuses an owner whose selector does not select its own pods.
fn selector_and_template(pod: &Pod, joined: &mut Vec<Joined>) {
    let written = pod
        .node
        .get("selector")
        .filter(|node| node.get("matchLabels").or_else(|| node.get("matchExpressions")).is_some());
    let (Some(written), Some(_)) = (written, pod.node.get("labels")) else { return };
    let is_owner = matches!(pod.kind(), "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet");
    if is_owner && !Selector::of(written).selects(&pod.labels) {
        joined.push(pod.report("selector-mismatch", written.at.clone()));
    }
}

/// Which ways of a pod network policies govern.
fn isolation(all: &Manifests, pod: &Pod, joined: &mut Vec<Joined>) {
    let selects = |policy: &&Object| {
        policy.home.may_be(&pod.home)
            && dig(&policy.node, &["spec", "podSelector"])
                .is_none_or(|written| Selector::of(written).selects(&pod.labels))
    };
    let policies: Vec<_> = all.of_kind("NetworkPolicy").filter(selects).collect();
    if policies.is_empty() {
        joined.push(pod.report("network-policy-missing", pod.place()));
    } else if !policies.iter().any(|policy| governs_egress(policy)) {
        let mut found = pod.report("egress-not-restricted", pod.place());
        let policy = policies[0];
        found.because =
            Some((policy.file, policy.node.at.clone(), "this policy governs what comes in"));
        joined.push(found);
    }
}

/// Whether a policy governs what its pods send: `policyTypes` says so, or its default does.
fn governs_egress(policy: &Object) -> bool {
    let types = dig(&policy.node, &["spec", "policyTypes"]).map(Node::elements).unwrap_or_default();
    let egress = dig(&policy.node, &["spec", "egress"]).map(Node::elements).unwrap_or_default();
    if types.is_empty() {
        return !egress.is_empty();
    }
    types.iter().any(|name| name.as_text() == Some("Egress"))
}

/// Whether several replicas may all be evicted at once.
fn disruption(all: &Manifests, pod: &Pod, joined: &mut Vec<Joined>) {
    let replicas = pod.node.get("replicas").and_then(plain).and_then(|text| text.parse().ok());
    let is_several = replicas.is_some_and(|count: u32| count > 1);
    if !is_several || !SERVING.contains(&pod.kind()) {
        return;
    }
    let guards = |budget: &Object| {
        let selector = dig(&budget.node, &["spec", "selector"]).map(Selector::of);
        budget.home.may_be(&pod.home)
            && selector
                .is_some_and(|selector| selector.selects(&pod.labels) || owns(pod, &selector))
    };
    if !all.of_kind("PodDisruptionBudget").any(guards) {
        joined.push(pod.report("no-disruption-budget", pod.place()));
    }
}
