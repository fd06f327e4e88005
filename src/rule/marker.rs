//! Comments by which other tools are told to say nothing.

use serde::Deserialize;

/// Another tool, by the comment with which it is told to say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marker {
    /// `betterleaks:allow`.
    Betterleaks,
    /// `checkov:skip=ID`, for the file.
    Checkov,
    /// `pragma: allowlist secret`, and `nextline` for the line below.
    DetectSecrets,
    /// `ggignore`.
    Ggshield,
    /// `gitleaks:allow`.
    Gitleaks,
    /// `hadolint ignore=ID,..` for the next instruction, `hadolint global ignore=ID,..` for the file.
    Hadolint,
    /// `kics-scan ignore-line`, for the next line.
    Kics,
    /// `kingfisher:ignore`.
    Kingfisher,
    /// `nosec`, as bandit, gosec and others read it.
    Nosec,
    /// `trufflehog:ignore`.
    Trufflehog,
    /// `zizmor: ignore[ID,..]`.
    Zizmor,
}

impl Marker {
    /// Whether its comments are about configuration; the others are about credentials.
    pub const fn is_about_configuration(self) -> bool {
        matches!(self, Self::Checkov | Self::Hadolint | Self::Kics | Self::Zizmor)
    }

    /// The tool's name, as it stands in aliases.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Betterleaks => "betterleaks",
            Self::Checkov => "checkov",
            Self::DetectSecrets => "detect-secrets",
            Self::Ggshield => "ggshield",
            Self::Gitleaks => "gitleaks",
            Self::Hadolint => "hadolint",
            Self::Kics => "kics",
            Self::Kingfisher => "kingfisher",
            Self::Nosec => "nosec",
            Self::Trufflehog => "trufflehog",
            Self::Zizmor => "zizmor",
        }
    }

    /// What the comment holds, as a regular expression. About credentials: a group that takes part means the line
    /// below. About configuration: the whole comment, with groups `mark` for its place, `ids`, and `global`.
    pub const fn pattern(self) -> &'static str {
        match self {
            Self::Betterleaks => "betterleaks:allow",
            Self::Checkov => r"(?-u)#[ \t]*(?P<mark>checkov:skip)=(?P<ids>\w+)",
            Self::DetectSecrets => "pragma: ?(?:allow|white)list[ -](nextline[ -])?secret",
            Self::Ggshield => "ggignore",
            Self::Gitleaks => "gitleaks:allow",
            Self::Hadolint => {
                r"(?m-u)^[ \t]*#[ \t]*(?P<mark>hadolint)[ \t]+(?P<global>global[ \t]+)?ignore[ \t]*=[ \t]*(?P<ids>\w+(?:[ \t]*,[ \t]*\w+)*)"
            }
            Self::Kics => r"(?m-u)#[ \t]*(?P<mark>kics-scan)[ \t]+ignore-line[ \t]*\r?$",
            Self::Kingfisher => "kingfisher:ignore",
            Self::Nosec => "nosec",
            Self::Trufflehog => "trufflehog:ignore",
            Self::Zizmor => r"(?-u)#[ \t]*(?P<mark>zizmor):[ \t]*ignore\[(?P<ids>[\w, \t-]+)\]",
        }
    }

    /// Why a finding with this comment is excused.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Betterleaks => "marked by betterleaks:allow",
            Self::Checkov => "marked by checkov:skip",
            Self::DetectSecrets => "marked by pragma: allowlist secret",
            Self::Ggshield => "marked by ggignore",
            Self::Gitleaks => "marked by gitleaks:allow",
            Self::Hadolint => "marked by hadolint ignore",
            Self::Kics => "marked by kics-scan ignore-line",
            Self::Kingfisher => "marked by kingfisher:ignore",
            Self::Nosec => "marked by nosec",
            Self::Trufflehog => "marked by trufflehog:ignore",
            Self::Zizmor => "marked by zizmor: ignore",
        }
    }
}
