//! What code scanning shows of a rule.

use serde_json::json;
use serde_sarif::sarif::{
    MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor,
};

use super::{bag, cut, sentence};
use crate::{
    report::RuleHead,
    reporters::visible,
    rule::{Kind, RuleId, Severity},
};

/// Longest short and full description that GitHub takes, in characters.
const LONGEST_TEXT: usize = 1_024;
/// Longest name that GitHub takes.
const LONGEST_NAME: usize = 255;
/// GitHub keeps this many tags.
const MOST_TAGS: usize = 10;

/// Everything that is known of a rule.
pub(super) fn descriptor(head: &RuleHead) -> ReportingDescriptor {
    let mut descriptor = named(&head.id);
    descriptor.short_description = Some(text(&sentence(&head.title)));
    descriptor.full_description = Some(text(&sentence(&head.reason)));
    descriptor.help = Some(help(head));
    descriptor.help_uri = head.references.iter().find(|uri| is_web(uri)).cloned();
    descriptor.default_configuration =
        Some(ReportingConfiguration { level: Some(json!(level(head.severity))), ..<_>::default() });
    descriptor.properties = Some(properties(head));
    descriptor
}

/// A rule of which the report knows nothing but its name.
pub(super) fn unknown(id: &RuleId) -> ReportingDescriptor {
    let mut descriptor = named(id);
    let words = text(&sentence(id.as_str()));
    descriptor.short_description = Some(words.clone());
    descriptor.full_description = Some(words.clone());
    descriptor.help = Some(words);
    descriptor
}

fn named(id: &RuleId) -> ReportingDescriptor {
    let name = cut(&pascal_case(id.as_str()), LONGEST_NAME);
    ReportingDescriptor::builder().id(id.as_str()).name(name).build()
}

/// `secret/aws-access-key` becomes `SecretAwsAccessKey`.
fn pascal_case(id: &str) -> String {
    let words = id.split(|character: char| !character.is_ascii_alphanumeric());
    words
        .filter_map(|word| word.split_at_checked(1))
        .map(|(first, rest)| first.to_ascii_uppercase() + rest)
        .collect()
}

fn text(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(cut(text, LONGEST_TEXT)).build()
}

fn help(head: &RuleHead) -> MultiformatMessageString {
    let (reason, remedy) = (visible::line(&head.reason), visible::line(&head.remedy));
    let title = visible::line(&head.title);
    let plain = format!("{title}. Why it matters: {reason} What to do: {remedy}");
    let mut markdown = format!("## {title}\n\n{reason}\n\n**What to do.** {remedy}\n");
    let references: Vec<&String> = head.references.iter().filter(|uri| is_web(uri)).collect();
    if !references.is_empty() {
        markdown.push_str("\n**Read on**\n\n");
        markdown.extend(references.iter().map(|uri| format!("* <{uri}>\n")));
    }
    let mut help = MultiformatMessageString::builder().text(plain).build();
    help.markdown = Some(markdown);
    help
}

fn properties(head: &RuleHead) -> PropertyBag {
    let kind = head.id.kind();
    let is_security = kind != Some(Kind::Performance);
    let security_severity = is_security.then(|| security_severity(head.severity));
    let mut properties = bag([
        ("security-severity", json!(security_severity)),
        ("problem.severity", json!((!is_security).then(|| problem_severity(head.severity)))),
        ("precision", json!(head.confidence.name())),
        ("severity", json!(head.severity.name())),
        ("controls", json!(head.controls)),
        ("aliases", json!((!head.aliases.is_empty()).then_some(&head.aliases))),
    ]);
    let mut tags: Vec<String> = Vec::new();
    tags.extend(is_security.then(|| "security".to_owned()));
    tags.extend(kind.map(|kind| kind.name().to_owned()));
    tags.extend(head.cwe.iter().map(|number| format!("external/cwe/cwe-{number:03}")));
    tags.truncate(MOST_TAGS);
    properties.tags = Some(tags);
    properties
}

/// The level of a result.
pub(super) const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Note => "note",
    }
}

/// Over 9.0 is critical to GitHub, over 7.0 high, over 4.0 medium.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Note => "0.5",
    }
}

const fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Note => "recommendation",
    }
}

fn is_web(uri: &str) -> bool {
    let is_plain =
        |character: char| character.is_ascii_graphic() && !"<>\"`{}|\\^".contains(character);
    uri.starts_with("https://") && uri.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::pascal_case;

    #[test]
    fn names_are_in_pascal_case() {
        assert_eq!(pascal_case("secret/aws-access-key"), "SecretAwsAccessKey");
        assert_eq!(pascal_case("code/é"), "Code");
    }
}
