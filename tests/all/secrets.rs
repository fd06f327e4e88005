//! No raw credential leaves the checks, wherever it stands.

use seaworthy::{
    engines::secret::scanner::Scanner,
    rule::{Matcher, RuleId, RuleSet, SecretMatcher, Tier, set},
};

use crate::support::audit;

/// Long enough that it is no coincidence, short enough that no part of a secret escapes.
const TELLING: usize = 12;

#[test]
fn findings_do_not_tell_the_secrets_that_they_are_about() {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    for slot in rules.slots().iter().filter(|slot| !slot.keywords.is_empty()) {
        let (bad, _) = set::examples(&slot.rule().id).expect("each rule has its examples baked");
        for file in bad.into_iter().flat_map(|example| example.files) {
            let path = file.path.unwrap_or_else(|| "example.txt".to_owned());
            let bytes = file.text.into_bytes();
            let secrets = scanner.find(&path, &bytes);
            let findings = audit(&rules, &scanner, vec![(path, bytes.clone())]);
            let told = serde_json::to_string(&findings).expect("findings can be written");
            for secret in secrets {
                let raw = String::from_utf8_lossy(&bytes[secret.at]).into_owned();
                let part: String = raw.chars().skip(raw.len() / 3).take(TELLING).collect();
                assert!(!told.contains(&part), "{} tells {part} in {told}", slot.id);
            }
        }
    }
}

#[test]
fn a_private_key_of_a_test_suite_is_shown_and_blocks_nothing() {
    let examples = set::examples(&RuleId::new("secret/private-key"));
    let texts = examples.expect("its examples are baked").0.into_iter();
    let mut texts = texts.flat_map(|example| example.files).map(|file| file.text);
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let tier = |path: &str, text: &str| {
        let found = audit(&rules, &scanner, vec![(path.to_owned(), text.as_bytes().to_vec())]);
        found.iter().find(|found| found.rule.as_str() == "secret/private-key").map(|f| f.tier)
    };
    let blocks = |text: &String| tier("deploy/server.key", text) == Some(Tier::Default);
    let key = texts.find(blocks).expect("a key that parses blocks");
    assert_eq!(tier("tests/certs/server.key", &key), Some(Tier::Warning));
}

#[test]
fn a_rule_with_a_validator_has_an_example_that_keeps_its_tier() {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let mut wrong = Vec::new();
    for slot in rules.slots() {
        let rule = slot.rule();
        let Matcher::Secret(SecretMatcher { validate: Some(name), .. }) = &rule.matcher else {
            continue;
        };
        let (bad, _) = set::examples(&rule.id).expect("each rule has its examples baked");
        let kept = bad.into_iter().flat_map(|example| example.files).any(|file| {
            let path = file.path.unwrap_or_else(|| "settings.txt".to_owned());
            let found = scanner.find(&path, file.text.as_bytes());
            found.iter().any(|found| found.rule == rule.id && found.tier == rule.tier)
        });
        if !kept {
            wrong.push(format!("{}: {name} doubts all of its examples", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
