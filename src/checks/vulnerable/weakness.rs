//! Advisories that speak of one weakness: what it is called, and how bad it is.

use crate::{
    packages::advisories::{Advisory, Kind},
    rule::Severity,
};

/// Groups advisories that speak of the same weakness: one names the other, or both name the same CVE.
///
/// The first of each group is of the ecosystem's own database, if there is one.
pub(super) fn merge<'a>(advisories: &[&'a Advisory]) -> Vec<Vec<&'a Advisory>> {
    let mut groups: Vec<Vec<&Advisory>> = Vec::new();
    for advisory in advisories {
        let is_other =
            |group: &mut Vec<&Advisory>| group.iter().any(|known| is_same(known, advisory));
        // It may be the link between groups that had nothing in common before.
        let mut group: Vec<&Advisory> = groups.extract_if(.., is_other).flatten().collect();
        group.push(advisory);
        group.sort_by_key(|known| is_general(&known.id));
        groups.push(group);
    }
    groups
}

fn is_same(one: &Advisory, other: &Advisory) -> bool {
    let is_cve = |alias: &&String| alias.starts_with("CVE-");
    // One database may say two things of one weakness: that it is unsound, and that nobody repairs it.
    let may_be = one.kind == other.kind || database(&one.id) != database(&other.id);
    may_be
        && (one.aliases.contains(&other.id)
            || other.aliases.contains(&one.id)
            || one.aliases.iter().filter(is_cve).any(|alias| other.aliases.contains(alias)))
}

/// `RUSTSEC` of `RUSTSEC-2023-0001`.
fn database(id: &str) -> &str {
    id.split('-').next().unwrap_or_default()
}

/// Whether an id is of a database of all ecosystems, which says less than one of its own.
fn is_general(id: &str) -> bool {
    matches!(database(id), "GHSA" | "CVE")
}

/// The name by which most people know the weakness, besides its first id.
pub(super) fn other_name<'a>(weakness: &[&'a Advisory]) -> Option<&'a str> {
    let first = weakness[0].id.as_str();
    let names = || weakness.iter().flat_map(|known| known.names()).filter(|name| *name != first);
    names().find(|name| name.starts_with("CVE-")).or_else(|| names().next())
}

/// What the advisory is about, without its id, which some databases repeat there.
pub(super) fn title(advisory: &Advisory) -> &str {
    let summary = advisory.summary.as_str();
    let rest = advisory.names().find_map(|name| summary.strip_prefix(name)?.strip_prefix(": "));
    rest.unwrap_or(summary)
}

/// By the worst CVSS score, else by the database's own word, one step worse if it is being exploited; `None`
/// leaves the rule's own severity.
pub(super) fn severity(weakness: &[&Advisory]) -> Option<Severity> {
    if weakness[0].kind != Kind::Vulnerability {
        return None;
    }
    let worst = weakness.iter().filter_map(|known| known.score()).max_by(f64::total_cmp);
    let word = || weakness.iter().filter_map(|known| by_word(known.severity.as_deref()?)).max();
    let severity = worst.map(by_score).or_else(word);
    if !weakness.iter().any(|known| known.known_exploited.is_some()) {
        return severity;
    }
    Some(match severity {
        Some(Severity::Low | Severity::Note) => Severity::Medium,
        Some(Severity::Medium) => Severity::High,
        Some(Severity::High | Severity::Critical) | None => Severity::Critical,
    })
}

/// The ranges are those of the CVSS specification, section 5.
fn by_score(score: f64) -> Severity {
    match score {
        9.0.. => Severity::Critical,
        7.0.. => Severity::High,
        4.0.. => Severity::Medium,
        _ => Severity::Low,
    }
}

fn by_word(word: &str) -> Option<Severity> {
    match word {
        "critical" => Some(Severity::Critical),
        "high" => Some(Severity::High),
        "medium" | "moderate" => Some(Severity::Medium),
        "low" => Some(Severity::Low),
        _ => None,
    }
}

/// What is known of attacks: that there are some, and how likely they are.
pub(super) fn exploitation(weakness: &[&Advisory]) -> Vec<String> {
    let since = weakness.iter().filter_map(|known| known.known_exploited).min();
    let likely = weakness.iter().filter_map(|known| known.likelihood);
    let likely = likely.max_by(|one, other| one.probability.total_cmp(&other.probability));
    let since = since.map(|day| format!("known to CISA since {day}"));
    let likely = likely.map(|likely| {
        format!("by EPSS with a probability of {:.1} % within 30 days", likely.probability * 100.0)
    });
    since.into_iter().chain(likely).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn advisory(id: &str, aliases: &[&str]) -> Advisory {
        let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        Advisory { id: id.to_owned(), aliases, ..Advisory::default() }
    }

    #[test]
    fn advisories_that_a_third_one_links_are_one_weakness() {
        let one = advisory("GHSA-1", &["CVE-2020-1"]);
        let two = advisory("PYSEC-1", &["CVE-2020-2"]);
        let link = advisory("PYSEC-2", &["CVE-2020-1", "CVE-2020-2"]);
        let other = advisory("PYSEC-3", &["CVE-2020-3"]);
        let merged = merge(&[&one, &two, &other, &link]);
        let ids: Vec<Vec<&str>> = merged
            .iter()
            .map(|group| group.iter().map(|known| known.id.as_str()).collect())
            .collect();
        assert_eq!(ids, [vec!["PYSEC-3"], vec!["PYSEC-1", "PYSEC-2", "GHSA-1"]]);
        assert_eq!(other_name(&merged[1]), Some("CVE-2020-2"));
    }

    #[test]
    fn a_title_does_not_repeat_the_id() {
        let titled = |summary: &str| {
            let summary = summary.to_owned();
            let advisory = Advisory { summary, ..advisory("CVE-2020-1", &["GHSA-1"]) };
            title(&advisory).to_owned()
        };
        assert_eq!(titled("CVE-2020-1: Open door"), "Open door");
        assert_eq!(titled("GHSA-1: Open door"), "Open door");
        assert_eq!(titled("CVE-2020-10: Open door"), "CVE-2020-10: Open door");
    }

    #[test]
    fn what_is_being_exploited_is_one_step_worse() {
        let with = |vector: &[&str], word: Option<&str>, day| Advisory {
            vectors: vector.iter().map(|text| (*text).to_owned()).collect(),
            severity: word.map(str::to_owned),
            known_exploited: day,
            ..advisory("GHSA-1", &[])
        };
        let day = Some(date(2023, 9, 13));
        let high = "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H";
        assert_eq!(severity(&[&with(&[high], None, None)]), Some(Severity::High));
        assert_eq!(severity(&[&with(&[high], None, day)]), Some(Severity::Critical));
        assert_eq!(severity(&[&with(&[], Some("moderate"), None)]), Some(Severity::Medium));
        assert_eq!(severity(&[&with(&[], Some("moderate"), day)]), Some(Severity::High));
        assert_eq!(severity(&[&with(&[], None, None)]), None);
        assert_eq!(severity(&[&with(&[], None, day)]), Some(Severity::Critical));
    }
}
