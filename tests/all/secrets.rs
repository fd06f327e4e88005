//! No raw credential leaves the checks, wherever it stands.

use seaworthy::{
    engines::secret::scanner::Scanner,
    rule::{RuleId, RuleSet, Tier, set},
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
