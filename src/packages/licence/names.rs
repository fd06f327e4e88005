//! Names of licences that are none of SPDX's identifiers, in common use in registries.

/// What says that nothing is granted: npm's, Composer's, SPDX's.
const NOT_GRANTED: &[&str] = &["unlicensed", "proprietary", "none", "all rights reserved"];

/// Words that tell no licences apart.
const EMPTY: &[&str] = &["the", "license", "licence", "version", "software", "public", "a"];

/// Common names, without such words, and what they mean. A name that could mean several licences is not here:
/// `bsd`, `apache`, `gpl`, `lgpl`, `public domain`, `artistic`.
const NAMES: &[(&str, &str)] = &[
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache2", "Apache-2.0"),
    ("apache2.0", "Apache-2.0"),
    ("asl 2.0", "Apache-2.0"),
    ("mit", "MIT"),
    ("mit mit", "MIT"),
    ("expat", "MIT"),
    ("mit expat", "MIT"),
    ("mit no attribution", "MIT-0"),
    ("mit no attribution mit-0", "MIT-0"),
    ("bsd 2 clause", "BSD-2-Clause"),
    ("2 clause bsd", "BSD-2-Clause"),
    ("bsd 2", "BSD-2-Clause"),
    ("simplified bsd", "BSD-2-Clause"),
    ("freebsd", "BSD-2-Clause"),
    ("bsd 3 clause", "BSD-3-Clause"),
    ("3 clause bsd", "BSD-3-Clause"),
    ("bsd 3", "BSD-3-Clause"),
    ("bsd3", "BSD-3-Clause"),
    ("new bsd", "BSD-3-Clause"),
    ("modified bsd", "BSD-3-Clause"),
    ("revised bsd", "BSD-3-Clause"),
    ("isc iscl", "ISC"),
    ("isc isc", "ISC"),
    ("mozilla 2.0", "MPL-2.0"),
    ("mozilla 2.0 mpl 2.0", "MPL-2.0"),
    ("mpl 2", "MPL-2.0"),
    ("mpl2", "MPL-2.0"),
    ("mozilla 1.1 mpl 1.1", "MPL-1.1"),
    ("unlicense unlicense", "Unlicense"),
    ("zlib libpng zlib", "Zlib"),
    ("python foundation", "PSF-2.0"),
    ("psf", "PSF-2.0"),
    ("boost 1.0", "BSL-1.0"),
    ("boost 1.0 bsl 1.0", "BSL-1.0"),
    ("cc0 1.0 universal", "CC0-1.0"),
    ("cc0 1.0 universal cc0 1.0 domain dedication", "CC0-1.0"),
    ("cc0", "CC0-1.0"),
    ("eclipse 2.0 epl 2.0", "EPL-2.0"),
    ("eclipse 1.0 epl 1.0", "EPL-1.0"),
    ("eclipse v2.0", "EPL-2.0"),
    ("gnu general v2 gplv2", "GPL-2.0-only"),
    ("gplv2", "GPL-2.0-only"),
    ("gnu general v2 or later gplv2+", "GPL-2.0-or-later"),
    ("gplv2+", "GPL-2.0-or-later"),
    ("gnu general v3 gplv3", "GPL-3.0-only"),
    ("gplv3", "GPL-3.0-only"),
    ("gnu gplv3", "GPL-3.0-only"),
    ("gnu general v3 or later gplv3+", "GPL-3.0-or-later"),
    ("gplv3+", "GPL-3.0-or-later"),
    ("gnu lesser general v2 lgplv2", "LGPL-2.0-only"),
    ("gnu lesser general v2 or later lgplv2+", "LGPL-2.0-or-later"),
    ("gnu lesser general v3 lgplv3", "LGPL-3.0-only"),
    ("lgplv3", "LGPL-3.0-only"),
    ("gnu lesser general v3 or later lgplv3+", "LGPL-3.0-or-later"),
    ("lgplv3+", "LGPL-3.0-or-later"),
    ("gnu affero general v3", "AGPL-3.0-only"),
    ("agplv3", "AGPL-3.0-only"),
    ("gnu affero general v3 or later agplv3+", "AGPL-3.0-or-later"),
];

/// Whether a text says that nothing is granted.
pub(super) fn grants_nothing(text: &str) -> bool {
    NOT_GRANTED.iter().any(|words| words.eq_ignore_ascii_case(text))
}

/// The identifier of the licence that a common name means.
pub(super) fn identifier(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '+');
    let words = name.split(|c| !is_part(c)).filter(|word| !word.is_empty());
    let telling: Vec<&str> = words.filter(|word| !EMPTY.contains(word)).collect();
    let telling = telling.join(" ");
    let known =
        NAMES.iter().find(|(known, _)| *known == telling || known.replace('-', " ") == telling);
    known.map(|(_, id)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_an_identifier_that_spdx_has() {
        for (name, id) in NAMES {
            assert!(spdx::license_id(id).is_some(), "{name}: {id}");
        }
    }
}
