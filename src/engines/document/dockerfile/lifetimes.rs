//! Until when versions of base images get repairs.
//!
//! Dates as announced up to [`AS_OF`] (of Debian the long-term support, of Ubuntu the standard support), written down from
//! general knowledge: they have not been compared with the projects' release pages yet. Some are of the last of several
//! versions. Nothing is found that ended later than that day: an audit gives the same answer on each day.

use super::image::Image;

/// The day of the table, `YYYY-MM-DD`.
pub(super) const AS_OF: &str = "2025-10-01";

/// Name of the image, versions (and code names), the day by which repairs for all of them had ended.
const ENDS: &[(&str, &[&str], &str)] = &[
    ("debian", &["7", "wheezy"], "2018-05-31"),
    ("debian", &["8", "jessie"], "2020-06-30"),
    ("debian", &["9", "stretch"], "2022-06-30"),
    ("debian", &["10", "buster"], "2024-06-30"),
    ("ubuntu", &["12.04", "precise"], "2017-04-28"),
    ("ubuntu", &["14.04", "trusty"], "2019-04-25"),
    ("ubuntu", &["16.04", "xenial"], "2021-04-30"),
    ("ubuntu", &["18.04", "bionic"], "2023-05-31"),
    ("ubuntu", &["20.04", "focal"], "2025-05-31"),
    ("ubuntu", &["19.10", "20.10", "21.04", "21.10", "22.10", "23.04", "23.10"], "2024-07-11"),
    ("alpine", &["2", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8"], "2020-05-01"),
    ("alpine", &["3.9", "3.10", "3.11", "3.12", "3.13"], "2022-11-01"),
    ("alpine", &["3.14", "3.15", "3.16"], "2024-05-23"),
    ("alpine", &["3.17", "3.18"], "2025-05-09"),
    ("centos", &["5", "6", "centos5", "centos6"], "2020-11-30"),
    ("centos", &["7", "8", "centos7", "centos8"], "2024-06-30"),
    ("fedora", &["2", "30", "31", "32", "33", "34", "35", "36", "37", "38", "39"], "2024-11-26"),
    ("fedora", &["40"], "2025-05-13"),
    ("node", &["4", "5", "6", "7", "8", "9", "10", "11"], "2021-04-30"),
    ("node", &["12", "13", "14", "15", "16", "17", "19"], "2023-09-11"),
    ("node", &["18", "21", "23"], "2025-06-01"),
    ("python", &["2", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7"], "2023-06-27"),
    ("python", &["3.8"], "2024-10-07"),
    ("php", &["5", "7"], "2022-11-28"),
    ("php", &["8.0"], "2023-11-26"),
    ("ruby", &["1", "2"], "2023-03-31"),
    ("ruby", &["3.0", "3.1"], "2025-03-26"),
    (
        "golang",
        &[
            "1.4", "1.5", "1.6", "1.7", "1.8", "1.9", "1.10", "1.11", "1.12", "1.13", "1.14",
            "1.15", "1.16", "1.17", "1.18", "1.19", "1.20", "1.21", "1.22",
        ],
        "2025-02-11",
    ),
    ("golang", &["1.23"], "2025-08-12"),
    ("mcr.microsoft.com/dotnet/*", &["2", "3", "5.0", "7.0"], "2024-05-14"),
    ("mcr.microsoft.com/dotnet/*", &["6.0"], "2024-11-12"),
    ("openjdk", &[""], "2022-07-01"),
    ("adoptopenjdk", &[""], "2021-08-01"),
    ("postgres", &["8", "9", "10", "11"], "2023-11-09"),
    ("postgres", &["12"], "2024-11-21"),
    ("mysql", &["5"], "2023-10-31"),
    ("redis", &["2", "3", "4", "5"], "2022-04-27"),
];

/// Code names of Debian and Ubuntu releases without repairs: they stand in the tags of images built on them.
const NAMES: &[&str] = &["wheezy", "jessie", "stretch", "buster", "trusty", "xenial", "bionic"];

/// When the repairs of an image ended, if they did before the day of the table.
pub(super) fn end_of_life(image: &Image) -> Option<&'static str> {
    let name = image.name();
    let tag = image.tag.as_deref().unwrap_or_default();
    let is_named = |known: &str| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == known,
    };
    let ended = ENDS.iter().find(|(known, versions, _)| {
        is_named(known) && versions.iter().any(|version| is_version(tag, version))
    });
    let ended = ended.map(|(_, _, end)| *end).filter(|end| *end <= AS_OF);
    ended.or_else(|| {
        let name = tag.split('-').find(|part| NAMES.contains(part))?;
        let of_name = |(_, versions, _): &&(&str, &[&str], &'static str)| versions.contains(&name);
        ENDS.iter().find(of_name).map(|(_, _, end)| *end)
    })
}

/// Whether a tag is this version, or a finer one or a variant of it.
fn is_version(tag: &str, version: &str) -> bool {
    let Some(rest) = tag.strip_prefix(version) else { return false };
    version.is_empty() || rest.is_empty() || rest.starts_with(['.', '-', '_'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(reference: &str) -> Option<&'static str> {
        end_of_life(&Image::of(reference))
    }

    #[test]
    fn a_version_is_not_the_beginning_of_another_one() {
        assert_eq!(end("python:3.1"), Some("2023-06-27"));
        assert_eq!(end("python:3.13-slim"), None);
        assert_eq!(end("alpine:3.20"), None);
        assert_eq!(end("debian"), None);
    }

    #[test]
    fn code_names_count_in_images_that_are_built_on_them() {
        assert_eq!(end("node:22-buster"), Some("2024-06-30"));
        assert_eq!(end("debian:stretch-slim"), Some("2022-06-30"));
    }

    #[test]
    fn ends_are_dates_before_the_day_of_the_table() {
        assert!(ENDS.iter().all(|(_, _, end)| end.len() == AS_OF.len() && *end <= AS_OF));
    }
}
