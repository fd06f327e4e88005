//! Comments by which other tools excuse a credential on a line.

use serde::Deserialize;

/// Another tool, by the comment with which it is told to say nothing of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marker {
    /// `betterleaks:allow`.
    Betterleaks,
    /// `pragma: allowlist secret`, and `nextline` for the line below.
    DetectSecrets,
    /// `ggignore`.
    Ggshield,
    /// `gitleaks:allow`.
    Gitleaks,
    /// `kingfisher:ignore`.
    Kingfisher,
    /// `nosec`, as bandit, gosec and others read it.
    Nosec,
    /// `trufflehog:ignore`.
    Trufflehog,
}

impl Marker {
    /// What the comment holds, as a regular expression; a group that takes part means the line below.
    pub const fn pattern(self) -> &'static str {
        match self {
            Self::Betterleaks => "betterleaks:allow",
            Self::DetectSecrets => "pragma: ?(?:allow|white)list[ -](nextline[ -])?secret",
            Self::Ggshield => "ggignore",
            Self::Gitleaks => "gitleaks:allow",
            Self::Kingfisher => "kingfisher:ignore",
            Self::Nosec => "nosec",
            Self::Trufflehog => "trufflehog:ignore",
        }
    }

    /// Why a finding with this comment is excused.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Betterleaks => "marked by betterleaks:allow",
            Self::DetectSecrets => "marked by pragma: allowlist secret",
            Self::Ggshield => "marked by ggignore",
            Self::Gitleaks => "marked by gitleaks:allow",
            Self::Kingfisher => "marked by kingfisher:ignore",
            Self::Nosec => "marked by nosec",
            Self::Trufflehog => "marked by trufflehog:ignore",
        }
    }
}
