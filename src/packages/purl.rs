//! Package URLs, `pkg:type/namespace/name@version?qualifiers#subpath`, by ECMA-427.

use std::{collections::BTreeMap, fmt, str::FromStr};

use thiserror::Error;

use super::Ecosystem;

/// The types that stand for a registry of [`Ecosystem`]; of Debian's and Alpine's only with their namespace.
const TYPES: &[(&str, Ecosystem)] = &[
    ("cargo", Ecosystem::CratesIo),
    ("npm", Ecosystem::Npm),
    ("pypi", Ecosystem::PyPi),
    ("golang", Ecosystem::Go),
    ("maven", Ecosystem::Maven),
    ("gem", Ecosystem::RubyGems),
    ("composer", Ecosystem::Packagist),
    ("nuget", Ecosystem::NuGet),
    ("hex", Ecosystem::Hex),
    ("pub", Ecosystem::Pub),
    ("conan", Ecosystem::Conan),
    ("cran", Ecosystem::Cran),
    ("hackage", Ecosystem::Hackage),
    ("deb", Ecosystem::Debian),
    ("apk", Ecosystem::Alpine),
];
/// The vendors of distribution packages.
const VENDORS: &[(Ecosystem, &str)] =
    &[(Ecosystem::Debian, "debian"), (Ecosystem::Alpine, "alpine")];
/// Types whose names are the same in upper and lower case. The specification has `npm` and `golang` here as
/// well; but old packages of npm have capitals, and the paths of Go modules tell them apart.
const CASELESS: &[&str] =
    &["alpm", "apk", "bitbucket", "composer", "deb", "github", "hex", "pub", "pypi"];
const SCHEME: &str = "pkg";

/// A package URL. Its parts are decoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purl {
    /// The type, in lower case: `npm`.
    pub kind: String,
    /// Group, scope, vendor: its segments, with `/` between them.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The version.
    pub version: Option<String>,
    /// Values by their keys, which are in lower case.
    pub qualifiers: BTreeMap<String, String>,
    /// A path within the package.
    pub subpath: Option<String>,
}

/// Why a text is no package URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidPurl {
    /// It does not begin with `pkg:`.
    #[error("a package URL must begin with `pkg:`")]
    Scheme,
    /// There is no type, or not of letters, digits, dots and dashes with a letter first.
    #[error("a package URL without a valid type")]
    Type,
    /// There is no name.
    #[error("a package URL without a name")]
    Name,
    /// A qualifier is no `key=value`, or its key has other characters than keys have, or is there twice.
    #[error("a package URL with an invalid qualifier")]
    Qualifier,
    /// A percent sign is not followed by two hexadecimal digits, or these make no UTF-8; or a segment has a slash.
    #[error("a package URL with an invalid escape")]
    Escape,
}

impl Purl {
    /// The URL of a package of a public registry, by its name there.
    pub fn of(ecosystem: Ecosystem, name: &str, version: &str) -> Self {
        let kind =
            TYPES.iter().find(|(_, known)| *known == ecosystem).map_or("", |(kind, _)| *kind);
        let vendor = VENDORS.iter().find(|(known, _)| *known == ecosystem);
        let separator = if ecosystem == Ecosystem::Maven { ':' } else { '/' };
        let (namespace, name) = match (vendor, name.rsplit_once(separator)) {
            (Some((_, vendor)), _) => (Some((*vendor).to_owned()), name),
            (None, Some((namespace, name))) => (Some(namespace.to_owned()), name),
            (None, None) => (None, name),
        };
        let prefix = if ecosystem == Ecosystem::Go && name != "stdlib" { "v" } else { "" };
        Self {
            kind: kind.to_owned(),
            namespace,
            name: name.to_owned(),
            version: (!version.is_empty()).then(|| format!("{prefix}{version}")),
            qualifiers: BTreeMap::new(),
            subpath: None,
        }
        .normalised()
    }

    /// The registry that the type stands for.
    pub fn ecosystem(&self) -> Option<Ecosystem> {
        let (_, ecosystem) = TYPES.iter().find(|(kind, _)| *kind == self.kind)?;
        let vendor =
            VENDORS.iter().find(|(known, _)| known == ecosystem).map(|(_, vendor)| *vendor);
        (vendor.is_none() || vendor == self.namespace.as_deref()).then_some(*ecosystem)
    }

    /// The name as the registry and its advisories write it.
    pub fn package_name(&self) -> String {
        let separator = match self.ecosystem() {
            Some(Ecosystem::Maven) => ':',
            Some(Ecosystem::Npm | Ecosystem::Go | Ecosystem::Packagist) => '/',
            _ => return self.name.clone(),
        };
        match &self.namespace {
            Some(namespace) => format!("{namespace}{separator}{}", self.name),
            None => self.name.clone(),
        }
    }

    /// The version as the registry's advisories write it: without the `v` of Go modules.
    pub fn package_version(&self) -> Option<&str> {
        let version = self.version.as_deref()?;
        let is_go = self.ecosystem() == Some(Ecosystem::Go);
        Some(version.strip_prefix('v').filter(|_| is_go).unwrap_or(version))
    }

    /// Names as their type has them.
    fn normalised(mut self) -> Self {
        if CASELESS.contains(&self.kind.as_str()) {
            self.name = self.name.to_lowercase();
            self.namespace = self.namespace.map(|namespace| namespace.to_lowercase());
        }
        if self.kind == "pypi" {
            let parts = self.name.split(['-', '_', '.']).filter(|part| !part.is_empty());
            self.name = parts.collect::<Vec<_>>().join("-");
        }
        self
    }
}

impl FromStr for Purl {
    type Err = InvalidPurl;

    fn from_str(text: &str) -> Result<Self, InvalidPurl> {
        let (rest, subpath) = text.rsplit_once('#').unwrap_or((text, ""));
        let is_segment = |segment: &&str| !matches!(*segment, "" | "." | "..");
        let subpath = decode_segments(subpath.split('/').filter(is_segment))?;
        let (rest, qualifiers) = rest.rsplit_once('?').unwrap_or((rest, ""));
        let qualifiers = read_qualifiers(qualifiers)?;
        let (scheme, rest) = rest.split_once(':').ok_or(InvalidPurl::Scheme)?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(InvalidPurl::Scheme);
        }
        let (kind, rest) = rest.trim_start_matches('/').split_once('/').ok_or(InvalidPurl::Type)?;
        if !is_type(kind) {
            return Err(InvalidPurl::Type);
        }
        let (rest, version) = split_version(rest);
        let version = decode(version)?;
        let path = rest.trim_matches('/');
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        let namespace = decode_segments(namespace.split('/').filter(|part| !part.is_empty()))?;
        let name = decode(name)?;
        if name.is_empty() {
            return Err(InvalidPurl::Name);
        }
        let version = Some(version).filter(|version| !version.is_empty());
        let kind = kind.to_ascii_lowercase();
        Ok(Self { kind, namespace, name, version, qualifiers, subpath }.normalised())
    }
}

fn is_type(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
}

/// What is before and after the last `@`, unless this begins a scope that should have been escaped.
fn split_version(text: &str) -> (&str, &str) {
    match text.rsplit_once('@') {
        Some((before, after))
            if after.contains('/') && (before.is_empty() || before.ends_with('/')) =>
        {
            (text, "")
        }
        split => split.unwrap_or((text, "")),
    }
}

fn read_qualifiers(text: &str) -> Result<BTreeMap<String, String>, InvalidPurl> {
    let mut qualifiers = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or(InvalidPurl::Qualifier)?;
        let key = key.to_ascii_lowercase();
        let is_key = key.starts_with(|first: char| first.is_ascii_lowercase())
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        let value = decode(value)?;
        if !is_key || (!value.is_empty() && qualifiers.insert(key, value).is_some()) {
            return Err(InvalidPurl::Qualifier);
        }
    }
    Ok(qualifiers)
}

/// Decodes the segments of a path and joins them again; nothing for none.
fn decode_segments<'a>(
    segments: impl Iterator<Item = &'a str>,
) -> Result<Option<String>, InvalidPurl> {
    let mut path: Option<String> = None;
    for segment in segments {
        let segment = decode(segment)?;
        if segment.is_empty() || segment.contains('/') {
            return Err(InvalidPurl::Escape);
        }
        match &mut path {
            Some(path) => {
                path.push('/');
                path.push_str(&segment);
            }
            None => path = Some(segment),
        }
    }
    Ok(path)
}

fn decode(text: &str) -> Result<String, InvalidPurl> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).ok_or(InvalidPurl::Escape)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(InvalidPurl::Escape);
        }
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| InvalidPurl::Escape)?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| InvalidPurl::Escape)
}

/// Writes a text, with escapes for all but letters, digits, `.-_~:` and the characters of `also`.
fn encode(to: &mut fmt::Formatter<'_>, text: &str, also: &[u8]) -> fmt::Result {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) || also.contains(&byte) {
            write!(to, "{}", char::from(byte))?;
        } else {
            write!(to, "%{byte:02X}")?;
        }
    }
    Ok(())
}

impl fmt::Display for Purl {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{SCHEME}:{}/", self.kind)?;
        if let Some(namespace) = &self.namespace {
            encode(to, namespace, b"/")?;
            to.write_str("/")?;
        }
        encode(to, &self.name, b"")?;
        if let Some(version) = &self.version {
            to.write_str("@")?;
            encode(to, version, b"")?;
        }
        for (index, (key, value)) in self.qualifiers.iter().enumerate() {
            write!(to, "{}{key}=", if index == 0 { '?' } else { '&' })?;
            encode(to, value, b"/")?;
        }
        if let Some(subpath) = &self.subpath {
            to.write_str("#")?;
            encode(to, subpath, b"/")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
