//! References to images: `[registry/]repository[:tag][@digest]`.

/// A reference, taken apart. Variables that nothing is known of stand in it as `${NAME}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Image {
    /// All of it.
    pub(super) reference: String,
    /// Host that serves it; nothing for Docker Hub.
    pub(super) registry: Option<String>,
    /// Its name there; official images without `library/`.
    pub(super) repository: String,
    /// What stands after the colon.
    pub(super) tag: Option<String>,
    /// What stands after the `@`.
    pub(super) digest: Option<String>,
}

impl Image {
    /// Takes a reference apart; what is no reference becomes a strange repository, never an error.
    pub(super) fn of(reference: &str) -> Self {
        let (rest, digest) = match reference.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (reference, None),
        };
        let name_start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[name_start..].split_once(':') {
            Some((name, tag)) => (&rest[..name_start + name.len()], Some(tag.to_owned())),
            None => (rest, None),
        };
        let (registry, repository) = match name.split_once('/') {
            Some((host, repository)) if is_host(host) => (Some(host.to_owned()), repository),
            _ => (None, name),
        };
        let is_hub = matches!(registry.as_deref(), Some("docker.io" | "index.docker.io"));
        let registry = registry.filter(|_| !is_hub);
        let repository = match registry {
            None => repository.strip_prefix("library/").unwrap_or(repository),
            Some(_) => repository,
        };
        Self {
            reference: reference.to_owned(),
            repository: repository.to_owned(),
            registry,
            tag,
            digest,
        }
    }

    /// What chooses the version: `digest`, `tag`, `nothing`, or `unknown` if a variable may hold it.
    pub(super) fn chosen_by(&self) -> &'static str {
        let name = self.repository.rsplit('/').next().unwrap_or_default();
        match (&self.digest, &self.tag) {
            (Some(_), _) => "digest",
            (None, Some(tag)) if !tag.is_empty() => "tag",
            _ if name.contains("${") || name.is_empty() => "unknown",
            _ => "nothing",
        }
    }

    /// Registry and repository.
    pub(super) fn name(&self) -> String {
        match &self.registry {
            Some(registry) => format!("{registry}/{}", self.repository),
            None => self.repository.clone(),
        }
    }
}

fn is_host(text: &str) -> bool {
    text == "localhost" || text.contains(['.', ':']) && !text.contains("${")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_tag() {
        let image = Image::of("registry.example.org:5000/team/app");
        assert_eq!(image.registry.as_deref(), Some("registry.example.org:5000"));
        assert_eq!((image.repository.as_str(), image.chosen_by()), ("team/app", "nothing"));
    }

    #[test]
    fn official_images_have_one_name() {
        for reference in ["node:20", "library/node:20", "docker.io/library/node:20"] {
            assert_eq!(Image::of(reference).name(), "node");
        }
    }

    #[test]
    fn a_variable_in_the_name_may_hold_the_tag() {
        assert_eq!(Image::of("${IMAGE}").chosen_by(), "unknown");
        assert_eq!(Image::of("team/${IMAGE}").chosen_by(), "unknown");
        assert_eq!(Image::of("${REGISTRY}/node").chosen_by(), "nothing");
        assert_eq!(Image::of("node:${TAG}").chosen_by(), "tag");
        assert_eq!(Image::of("node@sha256:0a").chosen_by(), "digest");
    }
}
