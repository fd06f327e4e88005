//! CVSS base scores. Versions 3 and 4 by the `cvss` crate; version 2 here, which it does not know.

use cvss::Cvss;

/// The metrics that a vector of version 3 has to give; it may give others, which are not of the base score.
const BASE_3: [&str; 8] = ["AV", "AC", "PR", "UI", "S", "C", "I", "A"];
/// The metrics that a vector of version 4 has to give.
const BASE_4: [&str; 11] = ["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"];

/// The score of the vector of the newest version of CVSS that can be read; of the first one of that version.
pub(super) fn newest_score(vectors: &[String]) -> Option<f64> {
    let mut newest = None;
    for vector in vectors {
        let version = version(vector);
        if newest.is_none_or(|(known, _)| known < version)
            && let Some(score) = score(vector)
        {
            newest = Some((version, score));
        }
    }
    newest.map(|(_, score)| score)
}

/// `3.1` of `CVSS:3.1/…`; only version 2 has no such beginning.
fn version(vector: &str) -> &str {
    vector.strip_prefix("CVSS:").and_then(|rest| rest.split('/').next()).unwrap_or_default()
}

/// The base score, 0 to 10, or `None` for what is no whole vector.
pub(super) fn score(vector: &str) -> Option<f64> {
    let version = version(vector);
    let metrics = vector.strip_prefix("CVSS:").and_then(|rest| rest.strip_prefix(version));
    match version {
        "" => version_2(vector.trim_matches(['(', ')'])),
        "4.0" => {
            let is_given = |name: &&str| value(metrics?, name);
            BASE_4.iter().map(is_given).collect::<Option<Vec<_>>>()?;
            vector.parse::<Cvss>().ok().map(|parsed| parsed.score())
        }
        _ => {
            let base =
                BASE_3.iter().map(|name| Some(format!("/{name}:{}", value(metrics?, name)?)));
            let base = base.collect::<Option<String>>()?;
            let parsed = format!("CVSS:{version}{base}").parse::<Cvss>();
            parsed.ok().map(|parsed| parsed.score())
        }
    }
}

/// The value of a metric: `N` of `AV` in `/AV:N/AC:L`.
fn value<'a>(metrics: &'a str, name: &str) -> Option<&'a str> {
    metrics.split('/').find_map(|metric| metric.strip_prefix(name)?.strip_prefix(':'))
}

/// The base equation of CVSS version 2, section 3.2.1 of its guide.
fn version_2(vector: &str) -> Option<f64> {
    let weight = |name: &str, weights: [(&str, f64); 3]| {
        let value = value(vector, name)?;
        weights.into_iter().find(|(known, _)| *known == value).map(|(_, weight)| weight)
    };
    let loss = [("N", 0.0), ("P", 0.275), ("C", 0.660)];
    let kept = 1.0 - weight("C", loss)?;
    let impact = 10.41 * (1.0 - kept * (1.0 - weight("I", loss)?) * (1.0 - weight("A", loss)?));
    let exploitability = 20.0
        * weight("AV", [("L", 0.395), ("A", 0.646), ("N", 1.0)])?
        * weight("AC", [("H", 0.35), ("M", 0.61), ("L", 0.71)])?
        * weight("Au", [("M", 0.45), ("S", 0.56), ("N", 0.704)])?;
    let factor = if impact == 0.0 { 0.0 } else { 1.176 };
    let score = (0.6 * impact + 0.4 * exploitability - 1.5) * factor;
    Some((score * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scores_are_those_of_the_specifications() {
        // Version 2: the three examples of section 3.3 of its guide.
        for (vector, expected) in [
            ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8),
            ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0),
            ("(AV:L/AC:H/Au:N/C:C/I:C/A:C)", 6.2),
            ("AV:N/AC:L/Au:N/C:N/I:N/A:N", 0.0),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:C", 9.8),
            ("CVSS:3.0/AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:N", 5.4),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
            ("CVSS:4.0/AV:L/AC:L/AT:P/PR:N/UI:N/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N/E:U", 0.5),
        ] {
            assert_eq!(score(vector), Some(expected), "{vector}");
        }
    }

    #[test]
    fn half_a_vector_has_no_score() {
        for vector in
            ["", "7.5", "CVSS:3.1/AV:N/AC:L", "CVSS:4.0/AV:N", "CVSS:9.9/AV:N", "AV:N/AC:L"]
        {
            assert_eq!(score(vector), None, "{vector}");
        }
    }

    #[test]
    fn the_newest_version_that_can_be_read_counts() {
        let vectors = [
            "AV:N/AC:L/Au:N/C:C/I:C/A:C",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "CVSS:4.0/AV:?",
        ];
        assert_eq!(newest_score(&vectors.map(str::to_owned)), Some(9.8));
        assert_eq!(newest_score(&[]), None);
    }

    proptest! {
        #[test]
        fn no_vector_panics(text in "(CVSS:[2-4]\\.[01])?(/[A-Z]{1,3}:[A-Z]){0,14}") {
            let _ = score(&text);
        }
    }
}
