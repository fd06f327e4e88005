//! Which user an image runs as where a Dockerfile says nothing, for images in wide use.
//!
//! Taken from the `USER` and `ENTRYPOINT` of the images' published Dockerfiles and from their pages at
//! Docker Hub, Red Hat's catalogue, Chainguard's and Google's documentation; state of 2025. Official images
//! (those without a slash) that do not stand here run as root.

use super::image::Image;

/// Who runs in an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum DefaultUser {
    /// Root.
    Root,
    /// Somebody else.
    Other,
    /// Root at first; the image's own entrypoint becomes somebody else.
    Drops,
    /// Nothing is known.
    #[default]
    Unknown,
}

use DefaultUser::{Drops, Other, Root};

/// Name of the image (a `*` at its end stands for anything), a part of its tag, its user. First match wins.
const IMAGES: &[(&str, &str, DefaultUser)] = &[
    // Images built to run without root.
    ("nginxinc/nginx-unprivileged", "", Other),
    ("gcr.io/distroless/*", "nonroot", Other),
    ("gcr.io/distroless/*", "", Root),
    ("cgr.dev/chainguard/wolfi-base", "", Root),
    ("cgr.dev/*", "", Other),
    ("chainguard/*", "", Other),
    ("bitnami/minideb", "", Root),
    ("bitnami/*", "", Other),
    ("bitnamilegacy/*", "", Other),
    ("mcr.microsoft.com/dotnet/*", "chiseled", Other),
    ("mcr.microsoft.com/dotnet/*", "distroless", Other),
    ("mcr.microsoft.com/dotnet/*", "nanoserver", Other),
    ("mcr.microsoft.com/dotnet/framework/*", "", Other),
    ("mcr.microsoft.com/dotnet/*", "", Root),
    ("mcr.microsoft.com/mssql/*", "", Other),
    // Windows has no root; its users are another question.
    ("mcr.microsoft.com/windows*", "", Other),
    // Red Hat: application images run as 1001 or 185, base images as root.
    ("registry.access.redhat.com/ubi*/ubi*", "", Root),
    ("registry.access.redhat.com/ubi*", "", Other),
    ("registry.redhat.io/ubi*/ubi*", "", Root),
    ("registry.redhat.io/ubi*", "", Other),
    // Applications.
    ("grafana/*", "", Other),
    ("prom/*", "", Other),
    ("quay.io/prometheus/busybox*", "", Root),
    ("quay.io/prometheus/*", "", Other),
    ("quay.io/keycloak/*", "", Other),
    ("jenkins/*", "", Other),
    ("elasticsearch", "", Other),
    ("kibana", "", Other),
    ("logstash", "", Other),
    ("docker.elastic.co/*", "", Other),
    ("haproxy", "", Other),
    ("jetty", "", Other),
    ("memcached", "", Other),
    ("solr", "", Other),
    ("sonarqube", "", Other),
    ("varnish", "", Other),
    ("apache/airflow", "", Other),
    ("apache/kafka", "", Other),
    ("apache/spark*", "", Other),
    ("apache/superset", "", Other),
    ("confluentinc/cp-*", "", Other),
    ("curlimages/curl", "", Other),
    ("dpage/pgadmin4", "", Other),
    ("ghcr.io/puppeteer/puppeteer", "", Other),
    ("jupyter/*", "", Other),
    ("quay.io/jupyter/*", "", Other),
    ("selenium/*", "", Other),
    ("docker", "rootless", Other),
    ("moby/buildkit", "rootless", Other),
    // Images whose entrypoint starts as root and goes on as somebody else.
    ("cassandra", "", Drops),
    ("couchdb", "", Drops),
    ("eclipse-mosquitto", "", Drops),
    ("ghost", "", Drops),
    ("hashicorp/consul", "", Drops),
    ("hashicorp/vault", "", Drops),
    ("influxdb", "", Drops),
    ("mariadb", "", Drops),
    ("mongo", "", Drops),
    ("mysql", "", Drops),
    ("neo4j", "", Drops),
    ("postgis/postgis", "", Drops),
    ("postgres", "", Drops),
    ("rabbitmq", "", Drops),
    ("redis", "", Drops),
    ("telegraf", "", Drops),
    ("valkey/valkey", "", Drops),
    ("zookeeper", "", Drops),
    // Bases in wide use that are not official images and run as root.
    ("quay.io/centos/*", "", Root),
    ("quay.io/fedora/*", "", Root),
    ("registry.fedoraproject.org/*", "", Root),
    ("public.ecr.aws/docker/library/*", "", Root),
    ("public.ecr.aws/amazonlinux/*", "", Root),
    ("public.ecr.aws/lambda/*", "", Root),
    ("mcr.microsoft.com/azurelinux/*", "", Root),
    ("mcr.microsoft.com/cbl-mariner/*", "", Root),
    ("mcr.microsoft.com/playwright*", "", Root),
    ("nvidia/cuda", "", Root),
    ("nvcr.io/nvidia/*", "", Root),
    ("tensorflow/tensorflow", "", Root),
    ("pytorch/pytorch", "", Root),
    ("continuumio/*", "", Root),
    ("oven/bun", "", Root),
    ("denoland/deno", "", Root),
    ("golangci/golangci-lint", "", Root),
    ("phusion/*", "", Root),
];

/// The user of an image.
pub(super) fn default_user(image: &Image) -> DefaultUser {
    let name = image.name();
    let tag = image.tag.as_deref().unwrap_or_default();
    let is_it = |(known, part, _): &&(&str, &str, DefaultUser)| {
        is_named(&name, known) && (part.is_empty() || tag.contains(part))
    };
    if name.contains("${") {
        return DefaultUser::Unknown;
    }
    match IMAGES.iter().find(is_it) {
        // An unknown tag may be the variant without root.
        Some((_, part, Root)) if part.is_empty() && tag.contains("${") => DefaultUser::Unknown,
        Some((_, _, user)) => *user,
        None if name.contains('/') => DefaultUser::Unknown,
        None => Root,
    }
}

/// Whether a name is the one of the table; each `*` stands for anything.
fn is_named(name: &str, known: &str) -> bool {
    let mut parts = known.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    if !known.contains('*') {
        return rest.is_empty();
    }
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(reference: &str) -> DefaultUser {
        default_user(&Image::of(reference))
    }

    #[test]
    fn the_tag_can_decide_who_runs() {
        assert_eq!(user("gcr.io/distroless/static-debian12:nonroot"), Other);
        assert_eq!(user("gcr.io/distroless/static-debian12"), Root);
        assert_eq!(user("gcr.io/distroless/static-debian12:${VARIANT}"), DefaultUser::Unknown);
    }

    #[test]
    fn red_hat_bases_are_root_and_their_applications_are_not() {
        assert_eq!(user("registry.access.redhat.com/ubi9/ubi-minimal:9.4"), Root);
        assert_eq!(user("registry.access.redhat.com/ubi9/python-312"), Other);
    }

    #[test]
    fn official_images_are_root_unless_listed_and_others_unknown() {
        assert_eq!(user("docker.io/library/python:3.12"), Root);
        assert_eq!(user("postgres:16"), Drops);
        assert_eq!(user("team/app:1"), DefaultUser::Unknown);
    }
}
