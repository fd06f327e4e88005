//! `seaworthy rules` and `seaworthy controls`: what the program knows.

use std::io::{self, Write};

use crate::{
    finding::RepoPath,
    rule::{Answer, Example, Kind, Rule, RuleSet, set},
    sources::file::printable,
};

/// Lists all rules, grouped by kind: id, severity, title.
pub fn list_rules(to: &mut dyn Write) -> io::Result<()> {
    let rules = RuleSet::baked();
    for kind in Kind::ALL {
        let of_kind: Vec<&Rule> = rules
            .slots()
            .iter()
            .map(|slot| slot.rule())
            .filter(|rule| rule.id.kind() == Some(kind))
            .collect();
        if of_kind.is_empty() {
            continue;
        }
        writeln!(to, "{} ({})", kind.name(), of_kind.len())?;
        for rule in of_kind {
            writeln!(to, "  {:<46} {:<9} {}", rule.id, rule.severity.name(), rule.title)?;
        }
    }
    let count = rules.slots().len();
    writeln!(to, "\n{count} rules. `seaworthy rules ID` explains one; other tools' ids work too.")
}

/// Explains the rules that `name` stands for. Returns whether there are any.
pub fn explain_rules(name: &str, to: &mut dyn Write) -> io::Result<bool> {
    let rules = RuleSet::baked();
    let found = rules.find(name);
    for (at, rule) in found.iter().enumerate() {
        if at > 0 {
            writeln!(to)?;
        }
        explain(rule, to)?;
    }
    Ok(!found.is_empty())
}

fn explain(rule: &Rule, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{} — {}", rule.id, rule.title)?;
    let (severity, confidence) = (rule.severity.name(), rule.confidence.name());
    writeln!(to, "  severity {severity}, confidence {confidence}, tier {}", tier(rule))?;
    let controls: Vec<_> = rule.controls().map(ToString::to_string).collect();
    writeln!(to, "  answers {}", controls.join(", "))?;
    if !rule.cwe.is_empty() {
        let weaknesses: Vec<_> = rule.cwe.iter().map(|number| format!("CWE-{number}")).collect();
        writeln!(to, "  weakness {}", weaknesses.join(", "))?;
    }
    if !rule.aliases.is_empty() {
        writeln!(to, "  elsewhere {}", rule.aliases.join(", "))?;
    }
    writeln!(to, "\nWhy: {}\nFix: {}", rule.reason, rule.remedy)?;
    if let Some((bad, good)) = set::examples(&rule.id) {
        write_examples("Flagged", &bad, to)?;
        write_examples("Not flagged", &good, to)?;
    }
    if !rule.references.is_empty() {
        writeln!(to, "\nRead more:")?;
    }
    rule.references.iter().try_for_each(|reference| writeln!(to, "  {reference}"))
}

const fn tier(rule: &Rule) -> &'static str {
    match rule.tier {
        crate::rule::Tier::Default => "default",
        crate::rule::Tier::Warning => "warning (never blocks)",
        crate::rule::Tier::Pedantic => "pedantic (shown with --pedantic)",
    }
}

fn write_examples(title: &str, examples: &[Example], to: &mut dyn Write) -> io::Result<()> {
    if examples.is_empty() {
        return Ok(());
    }
    writeln!(to, "\n{title}:")?;
    for file in examples.iter().take(3).flat_map(|example| &example.files) {
        if let Some(path) = &file.path {
            writeln!(to, "  {}", RepoPath::new(path))?;
        }
        for line in file.text.trim_end().lines() {
            writeln!(to, "    {}", printable(line))?;
        }
    }
    Ok(())
}

/// Lists the controls, by area, each with how it is answered and by how many rules.
pub fn list_controls(to: &mut dyn Write) -> io::Result<()> {
    let rules = RuleSet::baked();
    let budgets = set::budgets();
    let mut area = String::new();
    for control in set::controls() {
        if control.area != area {
            area.clone_from(&control.area);
            writeln!(to, "\n{area}")?;
        }
        let by: Vec<_> = control.by.iter().map(|answer| answer_word(*answer)).collect();
        writeln!(to, "  {:<16} {} [{}]", control.id, control.title, by.join(", "))?;
        let answering = rules
            .slots()
            .iter()
            .filter(|slot| slot.controls.iter().any(|id| id == control.id.as_str()));
        for slot in answering {
            let budget = budgets.iter().find(|budget| budget.rule.as_str() == slot.id);
            let limit = budget.map(|b| format!("  ({} {})", b.metric, b.limit)).unwrap_or_default();
            writeln!(to, "      {}{limit}", slot.id)?;
        }
    }
    Ok(())
}

const fn answer_word(answer: Answer) -> &'static str {
    match answer {
        Answer::Static => "static",
        Answer::Live => "live",
        Answer::Attested => "attested",
    }
}
