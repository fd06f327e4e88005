//! Every rule flags each of its `bad` examples and none of its near-miss `good` ones.

use seaworthy::{
    engines::secret::scanner::Scanner,
    finding::Finding,
    rule::{Example, Kind, Language, Life, Matcher, Model, Rule, RuleSet, Verify, set},
};

use crate::support::audit;

pub(crate) fn default_path(rule: &Rule) -> &'static str {
    match &rule.matcher {
        Matcher::Code(patterns) => match patterns[0].languages[0] {
            Language::Python => "example.py",
            Language::Javascript => "example.js",
            Language::Typescript => "example.ts",
        },
        Matcher::Document(document) => match document.model {
            Model::Dockerfile => "Dockerfile",
            Model::Compose => "compose.yaml",
            Model::Kubernetes => "deployment.yaml",
            Model::Workflow => ".github/workflows/example.yml",
            Model::Env => ".env",
            Model::Ini => "example.ini",
            Model::Properties => "example.properties",
            Model::Spring => "src/main/resources/application.yml",
            Model::Yaml => "example.yaml",
            Model::Json => "example.json",
            Model::Toml => "example.toml",
            Model::Assignments => "example.conf",
            Model::Nginx => "nginx/nginx.conf",
            Model::Redis => "redis.conf",
            Model::Postgresql => "postgresql.conf",
            Model::PgHba => "pg_hba.conf",
            Model::Systemd => "example.service",
            Model::Cron => "crontab",
        },
        _ => "shop.txt",
    }
}

fn findings(rules: &RuleSet, scanner: &Scanner, rule: &Rule, example: &Example) -> Vec<Finding> {
    let files = example.files.iter().map(|file| {
        let path = file.path.as_deref().unwrap_or(default_path(rule));
        (path.to_owned(), file.text.clone().into_bytes())
    });
    audit(rules, scanner, files.collect())
}

fn is_wrongly_flagged(rule: &Rule, finding: &Finding) -> bool {
    let both_secret =
        rule.id.kind() == Some(Kind::Secret) && finding.rule.kind() == Some(Kind::Secret);
    finding.rule == rule.id || both_secret
}

#[test]
fn every_bad_example_is_flagged_and_no_good_one_is() {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let mut wrong = Vec::new();
    for slot in rules.slots() {
        let rule = slot.rule();
        let (bad, good) = set::examples(&rule.id).expect("each rule has its examples baked");
        for example in &bad {
            let found = findings(&rules, &scanner, rule, example);
            let here = |finding: &&Finding| {
                let line = finding.place.file().map(|at| at.span.start_line);
                finding.rule == rule.id && (example.line.is_none() || example.line == line)
            };
            if !found.iter().any(|finding| here(&finding)) {
                wrong.push(format!("{}: not flagged: {:?}", rule.id, example.files));
            }
        }
        for example in &good {
            let found = findings(&rules, &scanner, rule, example);
            if let Some(finding) = found.iter().find(|finding| is_wrongly_flagged(rule, finding)) {
                wrong
                    .push(format!("{}: flagged by {}: {:?}", rule.id, finding.rule, example.files));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_rule_says_what_happens_and_what_to_do() {
    for slot in RuleSet::baked().slots() {
        let rule = slot.rule();
        assert!(!rule.reason.is_empty() && !rule.remedy.is_empty(), "{}", rule.id);
        assert!(!rule.references.is_empty(), "{} names no reference", rule.id);
    }
}

/// The rules that can ask a vendor, and how.
fn verifying(rules: &RuleSet) -> impl Iterator<Item = (&Rule, &Verify)> {
    rules.slots().iter().filter_map(|slot| match &slot.rule().matcher {
        Matcher::Secret(matcher) => Some((slot.rule(), matcher.verify.as_deref()?)),
        _ => None,
    })
}

#[test]
fn every_recorded_answer_is_judged_as_what_it_means() {
    let rules = RuleSet::baked();
    let wrong: Vec<String> = verifying(&rules)
        .flat_map(|(rule, verify)| {
            let wrong = verify
                .answers
                .iter()
                .filter(|answer| verify.judge(answer.status, &answer.body) != answer.means);
            wrong.map(|answer| format!("{}: {answer:?}", rule.id)).collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_answer_that_no_vendor_documents_tells_nothing() {
    let rules = RuleSet::baked();
    for (rule, verify) in verifying(&rules) {
        for (status, body) in
            [(200, ""), (204, ""), (302, ""), (403, ""), (404, ""), (429, ""), (500, "")]
        {
            let life = verify.judge(status, body);
            assert_ne!(life, Life::Dead, "{}: {status}", rule.id);
        }
    }
}

#[test]
fn the_rules_that_can_ask_their_vendor() {
    let rules = RuleSet::baked();
    let lines = verifying(&rules).map(|(rule, verify)| {
        let dead = if verify.dead.is_some() { "live, dead" } else { "live" };
        format!("{} {} ({dead})\n", rule.id, verify.host())
    });
    insta::assert_snapshot!(lines.collect::<String>());
}

#[test]
fn an_empty_folder_decodes_no_rule() {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    audit(&rules, &scanner, vec![]);
    assert_eq!(rules.decoded(), 0);
}
