//! Document rules: files with a model (Dockerfile, compose, YAML, ...) held against their rules.
//!
//! Each model is a subject of its own, so that a control which only Dockerfiles answer does not pass on
//! the strength of a JSON file. What can not be read is a gap with its line, never silence.

mod compose;

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use super::{Context, FileCheck, Subject};
use crate::{
    deadline::Deadline,
    engines::document::{
        self, Unreadable,
        matcher::{Found, Questions, plain},
        node::{Node, Value},
        repair::{self, Document},
    },
    finding::{Draft, FileNotes, Gap, RepoPath, Secret},
    rule::{
        DocumentMatcher, Matcher, Model, Rule, RuleId,
        set::{Engine, Slot},
    },
    sources::SourceFile,
};

/// The rule that knows a credential by nothing but its name in an env file.
pub(super) const ENV_FILE: &str = "service/env-file-committed";

/// Builds the check from the document rules of the run.
pub(super) fn build<'a>(context: &Context<'a>) -> Box<dyn FileCheck + 'a> {
    let group = |model: Model| {
        let reads = |slot: &&Arc<Slot>| slot.reads.iter().any(|name| name == model.name());
        let slots: Vec<_> = context.rules.of(Engine::Document).filter(reads).collect();
        let projects = (model == Model::Compose)
            .then(|| compose::Projects::new(context.tree, context.max_file_size));
        (!slots.is_empty()).then_some(Group { model, slots, rules: OnceLock::new(), projects })
    };
    Box::new(Documents { groups: Model::ALL.into_iter().filter_map(group).collect() })
}

struct Documents<'a> {
    groups: Vec<Group<'a>>,
}

/// The rules of one model.
struct Group<'a> {
    model: Model,
    slots: Vec<&'a Arc<Slot>>,
    /// Decoded when the first file asks: an empty folder costs nothing for them.
    rules: OnceLock<Vec<Asked<'a>>>,
    /// For compose: files that are read together.
    projects: Option<compose::Projects<'a>>,
}

struct Asked<'a> {
    rule: &'a Rule,
    matcher: &'a DocumentMatcher,
    questions: Questions<'a>,
}

impl FileCheck for Documents<'_> {
    fn name(&self) -> &'static str {
        "document"
    }

    fn subjects(&self) -> Vec<Subject> {
        let subject = |group: &Group<'_>| Subject {
            name: subject_name(group.model),
            rules: group.slots.iter().map(|slot| RuleId::new(&slot.id)).collect(),
        };
        self.groups.iter().map(subject).collect()
    }

    fn wants(&self, path: &RepoPath) -> bool {
        self.groups.iter().any(|group| group.wants(path))
    }

    fn check(&self, file: &SourceFile, _deadline: &Deadline<'_>, notes: &mut FileNotes) {
        for group in self.groups.iter().filter(|group| group.wants(file.path())) {
            group.check(file, notes);
        }
    }
}

impl<'a> Group<'a> {
    fn rules(&self) -> &[Asked<'a>] {
        let asked = |slot: &&'a Arc<Slot>| {
            let rule = slot.rule();
            let Matcher::Document(matcher) = &rule.matcher else { return None };
            Some(Asked { rule, matcher, questions: Questions::new(matcher) })
        };
        self.rules.get_or_init(|| self.slots.iter().filter_map(asked).collect())
    }

    fn wants(&self, path: &RepoPath) -> bool {
        document::may_be(self.model, path)
            || self.projects.as_ref().is_some_and(|projects| projects.has(path))
            || self.naming().any(|asked| asked.questions.wants(path))
    }

    /// The rules that name their files themselves.
    fn naming(&self) -> impl Iterator<Item = &Asked<'a>> {
        self.rules().iter().filter(|asked| !asked.matcher.files.is_empty())
    }

    fn check(&self, file: &SourceFile, notes: &mut FileNotes) {
        if compose::look(self, file, notes) {
            return;
        }
        let wanted = |asked: &&Asked<'_>| asked.questions.wants(file.path());
        if !self.rules().iter().any(|asked| wanted(&asked)) {
            return;
        }
        let Some(reading) = document::read(self.model, file) else { return };
        match reading.as_ref() {
            Err(unreadable) => notes.leave_out(subject_name(self.model), gap(file, unreadable)),
            Ok(root) => {
                notes.looked_at.push(subject_name(self.model));
                for problem in problems(root) {
                    notes.leave_out(subject_name(self.model), gap(file, &problem));
                }
                let document = Document::new(self.model, file.text());
                for asked in self.rules().iter().filter(wanted) {
                    let found = asked.questions.ask(root);
                    notes.drafts.extend(found.iter().map(|found| asked.draft(&document, found)));
                }
            }
        }
    }
}

/// Parts that a model could not read, in a document that it could read otherwise.
fn problems(root: &Node) -> impl Iterator<Item = Unreadable> {
    let problems = root.get("problems").map(Node::elements).unwrap_or_default();
    problems
        .iter()
        .filter_map(|node| Some(Unreadable::new(node.as_text()?.to_owned(), node.at.clone())))
}

fn gap(file: &SourceFile, unreadable: &Unreadable) -> Gap {
    let line = file.line_of(unreadable.at.start);
    let why = if unreadable.is_foreign { "not assessed" } else { "could not be read" };
    Gap {
        subject: file.path().to_string(),
        reason: format!("{why}: line {line}: {}", unreadable.message),
        incomplete: !unreadable.is_foreign,
    }
}

impl Asked<'_> {
    fn draft(&self, document: &Document<'_>, found: &Found<'_>) -> Draft {
        let rule = self.rule;
        let at = found.secret.map_or(&found.at, |secret| &secret.at);
        let mut draft = Draft::new(&rule.id, Range::clone(at), rule.title.clone());
        draft.quoted = seen(found);
        draft.severity = found.severity;
        if let Some(text) = found.secret.and_then(plain) {
            draft.secret = Some(Secret::new(text.as_bytes()));
        }
        let fix = self.matcher.fix.as_ref();
        draft.fix =
            fix.and_then(|fix| Some((fix.title.clone(), repair::edits(fix, document, found)?)));
        draft
    }
}

/// What a message repeats of the document: the shown value, or the `summary` that a model made of it.
fn seen(found: &Found<'_>) -> Option<String> {
    let summary = |node: &Node| node.get("summary").and_then(plain).map(String::from);
    let is_said = |node: &Node| !is_flag(node) && found.secret.is_none_or(|it| it.at != node.at);
    summary(found.shown)
        .or_else(|| plain(found.shown).filter(|_| is_said(found.shown)).map(String::from))
        .or_else(|| summary(found.subject))
}

/// Whether a model computed it: `true` tells a reader nothing.
const fn is_flag(node: &Node) -> bool {
    matches!(node.value, Value::Bool(_))
}

const fn subject_name(model: Model) -> &'static str {
    match model {
        Model::Dockerfile => "document/dockerfile",
        Model::Compose => "document/compose",
        Model::Kubernetes => "document/kubernetes",
        Model::Workflow => "document/workflow",
        Model::Env => "document/env",
        Model::Ini => "document/ini",
        Model::Properties => "document/properties",
        Model::Spring => "document/spring",
        Model::Yaml => "document/yaml",
        Model::Json => "document/json",
        Model::Toml => "document/toml",
        Model::Assignments => "document/assignments",
        Model::Nginx => "document/nginx",
        Model::Redis => "document/redis",
        Model::Postgresql => "document/postgresql",
        Model::PgHba => "document/pg-hba",
        Model::Systemd => "document/systemd",
        Model::Cron => "document/cron",
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicBool, time::Duration};

    use super::*;
    use crate::{
        checks::{Audit, audit},
        config::DependencyConfig,
        engines::secret::scanner::Scanner,
        packages::local::Caches,
        rule::RuleSet,
        sources::{MemoryTree, Tree},
    };

    fn audit_of(text: &str) -> Audit {
        audit_at("Dockerfile", text)
    }

    fn audit_at(path: &str, text: &str) -> Audit {
        audit_for(path, text, &crate::rule::Kind::ALL.into_iter().collect())
    }

    fn audit_for(
        path: &str,
        text: &str,
        kinds: &std::collections::BTreeSet<crate::rule::Kind>,
    ) -> Audit {
        let rules = RuleSet::baked();
        let scanner = Scanner::new(&rules);
        let files = vec![(path.to_owned(), text.as_bytes().to_vec())];
        let never = AtomicBool::new(false);
        let deadline = Deadline::after(Duration::from_mins(10), &never);
        let dependencies = DependencyConfig::default();
        let caches = Caches::default();
        let context = Context::new(&rules, &scanner, kinds, &dependencies, &caches);
        audit(&Tree::Memory(MemoryTree::new(files)), &context, &deadline)
    }

    fn gaps(audit: &Audit) -> Vec<&str> {
        let gaps = audit.outcomes.iter().flat_map(|outcome| &outcome.gaps);
        gaps.map(|gap| gap.reason.as_str()).collect()
    }

    #[test]
    fn what_can_not_be_read_is_a_gap_with_its_line() {
        let audit = audit_of("FROM alpine:3.20\nUSER app\nINCLUDE more\n");
        assert_eq!(gaps(&audit), ["could not be read: line 3: unknown instruction `INCLUDE`"]);
        let audit = audit_of("# nothing\n");
        assert_eq!(gaps(&audit), ["could not be read: line 1: there are no instructions"]);
        let mut documents =
            audit.outcomes.iter().filter(|outcome| outcome.check.starts_with("document/"));
        assert!(documents.all(|outcome| outcome.looked_at == 0));
    }

    #[test]
    fn a_credential_that_a_rule_names_is_shown_nowhere() {
        let password = concat!("Blue-Kettle", "-Seven");
        let audit = audit_of(&format!("FROM a:1\nUSER 5\nENV DB_PASSWORD={password} A=latest\n"));
        let findings: Vec<_> =
            audit.outcomes.iter().flat_map(|outcome| &outcome.findings).collect();
        let is_secret = |finding: &&&crate::finding::Finding| {
            finding.rule.as_str() == "container/dockerfile-secret-in-env"
        };
        assert_eq!(findings.iter().filter(is_secret).count(), 1);
        assert!(!serde_json::to_string(&findings).unwrap().contains(password));
    }

    #[test]
    fn a_credential_that_is_written_with_escapes_is_shown_nowhere() {
        let texts = [
            (
                "compose.yaml",
                "services: { db: { image: 'a:1', environment: { A_PASSWORD: Blue$$Kettle } } }",
            ),
            (
                "compose.yaml",
                "services: { db: { image: 'a:1', environment: { A_PASSWORD: 'Blue''Kettle' } } }",
            ),
            (
                "compose.yaml",
                "services: { db: { image: 'a:1', environment: { A_PASSWORD: \"Blue\\x2dKettle\" } } }",
            ),
            (
                "compose.yaml",
                "services: { db: { image: 'a:1', environment: [A_PASSWORD=Blue$$Kettle] } }",
            ),
            ("Dockerfile", "FROM a:1\nENV A_PASSWORD=\"Blue\\\"Kettle\"\n"),
        ];
        for (path, text) in texts {
            let audit = audit_at(path, text);
            let findings = audit.outcomes.iter().flat_map(|outcome| &outcome.findings);
            let findings: Vec<_> = findings
                .filter(|finding| finding.rule.as_str().contains("-secret-in-env"))
                .collect();
            assert_eq!(findings.len(), 1, "{text}");
            let shown = serde_json::to_string(&findings).unwrap();
            assert!(!shown.contains("Blue") && !shown.contains("Kettle"), "{shown}");
        }
    }

    #[test]
    fn a_message_is_cut_after_it_is_masked() {
        let token = ["ghp_zQWBuTSOoRi4A9sp", "HcVY5ncnsDkxkJ0mLq17"].concat();
        let padding = "a".repeat(60);
        let audit = audit_of(&format!("FROM a:1\nUSER 5\nRUN curl x.org/{padding}/{token} | sh\n"));
        let findings = audit.outcomes.iter().flat_map(|outcome| &outcome.findings);
        let messages: Vec<_> = findings.map(|finding| finding.message.as_str()).collect();
        assert!(messages.iter().any(|message| message.ends_with("…`")), "{messages:?}");
        assert!(!messages.iter().any(|message| message.contains("ghp_z")), "{messages:?}");
    }

    #[test]
    fn the_message_names_what_was_resolved() {
        let audit = audit_of("ARG TAG=latest\nFROM node:${TAG}\nUSER 5\n");
        let findings: Vec<_> =
            audit.outcomes.iter().flat_map(|outcome| &outcome.findings).collect();
        let messages: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert!(
            messages.iter().any(|message| message.ends_with(": `node:latest`")),
            "{messages:?}"
        );
    }

    #[test]
    fn a_file_full_of_findings_is_cut_and_says_so() {
        let audit = audit_of(&"FROM a\n".repeat(207));
        let cut = "container/dockerfile-base-untagged has 207 findings here; 200 are listed";
        assert!(gaps(&audit).contains(&cut), "{:?}", gaps(&audit));
        let mut outcomes = audit.outcomes.iter();
        let outcome = outcomes.find(|outcome| outcome.check == "document/dockerfile").unwrap();
        assert!(matches!(outcome.ran, crate::finding::Ran::Partial(_)), "{:?}", outcome.ran);
    }

    #[test]
    fn a_message_about_root_names_the_container() {
        let audit = audit_at(
            "pod.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: web, image: 'a:1' }] }\n",
        );
        let findings = audit.outcomes.iter().flat_map(|outcome| &outcome.findings);
        let messages: Vec<_> = findings.map(|finding| finding.message.as_str()).collect();
        assert!(messages.contains(&"Container may run as root: `web`"), "{messages:?}");
    }

    #[test]
    fn a_gap_does_not_repeat_a_part_of_a_credential() {
        let token = ["ghp_zQWBuTSOoRi4A9sp", "HcVY5ncnsDkxkJ0mLq17"].concat();
        let audit = audit_of(&format!("FROM a:1\nUSER 5\nINCLUDE-FROM={token}\n"));
        let gaps = gaps(&audit);
        assert!(gaps.len() == 1 && gaps[0].contains("line 3"), "{gaps:?}");
        assert!(!gaps[0].to_lowercase().contains("zqwbu"), "{gaps:?}");
    }

    #[test]
    fn a_nul_byte_hides_nothing() {
        let token = ["ghp_zQWBuTSOoRi4A9sp", "HcVY5ncnsDkxkJ0mLq17"].concat();
        let rules = |audit: &Audit| -> Vec<String> {
            let findings = audit.outcomes.iter().flat_map(|outcome| &outcome.findings);
            findings.map(|finding| finding.rule.to_string()).collect()
        };
        let audit = audit_of(&format!("FROM a:1\nUSER 5\n# \0 {token}\n"));
        assert!(rules(&audit).contains(&"secret/github-token".to_owned()), "{:?}", rules(&audit));
        assert_eq!(gaps(&audit), ["holds a NUL byte"]);
        let kinds = [crate::rule::Kind::Secret].into_iter().collect();
        let audit = audit_for("Dockerfile", &format!("# \0 {token}"), &kinds);
        assert!(rules(&audit).contains(&"secret/github-token".to_owned()), "{:?}", rules(&audit));
        let audit = audit_at("a.txt", &format!("\0 {token}"));
        assert!(rules(&audit).contains(&"secret/github-token".to_owned()), "{:?}", rules(&audit));
        for (path, text) in [("a.txt", "PK\u{3}\u{4}\0 "), ("a.png", "\0"), ("a.blob", "\0")] {
            let audit = audit_at(path, &format!("{text}{token}"));
            assert!(rules(&audit).iter().all(|rule| rule.starts_with("repo")), "{path}");
            assert_eq!(gaps(&audit), [""; 0]);
        }
    }

    #[test]
    fn a_rule_that_is_not_asked_for_silences_none() {
        let value = ["qX7", "vR2mK9", "tLw4Zp"].concat();
        let text = format!("FROM a:1\nUSER 5\nENV DB_PASSWORD={value}\n");
        let kinds = [crate::rule::Kind::Secret, crate::rule::Kind::Workflow].into_iter().collect();
        let audit = audit_for("Dockerfile", &text, &kinds);
        let findings = audit.outcomes.iter().flat_map(|outcome| &outcome.findings);
        let rules: Vec<_> = findings.map(|finding| finding.rule.as_str()).collect();
        assert!(rules.contains(&"secret/generic-assigned"), "{rules:?}");
        let audit = audit_of(&text);
        let findings = audit.outcomes.iter().flat_map(|outcome| &outcome.findings);
        let rules: Vec<_> = findings.map(|finding| finding.rule.as_str()).collect();
        assert!(!rules.contains(&"secret/generic-assigned"), "{rules:?}");
    }
}
