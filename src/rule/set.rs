//! The rules of a run: those baked into the binary, decoded when first asked for, and the user's own.

use std::{borrow::Cow, collections::BTreeSet, sync::OnceLock};

use super::{
    budget::Budget,
    control::Control,
    definition::{Example, Matcher, Rule, RuleId},
    load::{LoadedRule, RuleError},
};

/// Which engine a rule is for, known without decoding the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// `engines::secret`.
    Secret,
    /// `engines::code`.
    Code,
    /// `engines::document`.
    Document,
    /// `live`, as data.
    Probe,
    /// A check or probe in Rust.
    Builtin,
}

/// A rule as the build script left it.
struct Baked {
    id: &'static str,
    engine: Engine,
    keywords: &'static [&'static str],
    reads: &'static [&'static str],
    controls: &'static [&'static str],
    json: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// One rule of the set: its name and keywords at hand, the rest decoded on demand.
#[derive(Clone)]
pub struct Slot {
    /// The rule's id.
    pub id: Cow<'static, str>,
    /// The engine that it is for.
    pub engine: Engine,
    /// For secret rules, the literals that are looked for first; else empty.
    pub keywords: Vec<Cow<'static, str>>,
    /// What the rule reads: names of languages for code rules, of the model for document rules.
    pub reads: Vec<Cow<'static, str>>,
    /// The controls that it answers, the first one first.
    pub controls: Vec<Cow<'static, str>>,
    json: &'static str,
    rule: OnceLock<Rule>,
}

impl Slot {
    /// The whole rule.
    ///
    /// # Panics
    ///
    /// Never: the build script wrote what the types read, and a test reads every rule.
    pub fn rule(&self) -> &Rule {
        self.rule.get_or_init(|| {
            serde_json::from_str(self.json).expect("the build script wrote what the types read")
        })
    }
}

/// The rules of a run.
pub struct RuleSet {
    slots: Vec<Slot>,
}

impl RuleSet {
    /// The rules that come with the program, sorted by id.
    pub fn baked() -> Self {
        let slot = |baked: &Baked| Slot {
            id: Cow::Borrowed(baked.id),
            engine: baked.engine,
            keywords: baked.keywords.iter().copied().map(Cow::Borrowed).collect(),
            reads: baked.reads.iter().copied().map(Cow::Borrowed).collect(),
            controls: baked.controls.iter().copied().map(Cow::Borrowed).collect(),
            json: baked.json,
            rule: OnceLock::new(),
        };
        Self { slots: BAKED.iter().map(slot).collect() }
    }

    /// Adds a user's rules. A rule may not have the id of one that is there.
    pub fn add(&mut self, file: &str, rules: Vec<LoadedRule>) -> Result<(), RuleError> {
        for LoadedRule { rule, .. } in rules {
            if let Matcher::Builtin(name) = &rule.matcher {
                let help = format!("`builtin: {name}` is for rules that come with the program");
                return Err(refused(&rule, file, help));
            }
            if let Some((glob, error)) = unusable_glob(&rule.matcher) {
                return Err(refused(&rule, file, format!("`{glob}` can not be used: {error}")));
            }
            match self.position(rule.id.as_str()) {
                Ok(_) => return Err(refused(&rule, file, "a rule of this id exists".to_owned())),
                Err(at) => self.slots.insert(at, user_slot(rule)),
            }
        }
        Ok(())
    }

    /// The same set without some rules.
    #[must_use]
    pub fn without(&self, left_out: &BTreeSet<RuleId>) -> Self {
        let is_kept = |slot: &&Slot| !left_out.iter().any(|id| id.as_str() == slot.id);
        Self { slots: self.slots.iter().filter(is_kept).cloned().collect() }
    }

    /// All rules, sorted by id, undecoded.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// How many rules have been decoded: at start-up none, however many there are.
    pub fn decoded(&self) -> usize {
        self.slots.iter().filter(|slot| slot.rule.get().is_some()).count()
    }

    /// The rules of one engine, undecoded.
    pub fn of(&self, engine: Engine) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(move |slot| slot.engine == engine)
    }

    /// The rule of this id.
    pub fn get(&self, id: &RuleId) -> Option<&Rule> {
        self.position(id.as_str()).ok().map(|at| self.slots[at].rule())
    }

    /// The rule of this id, or the rules that another tool knows by it (`DL3002`, `hadolint/DL3002`).
    pub fn find(&self, name: &str) -> Vec<&Rule> {
        if let Ok(at) = self.position(name) {
            return vec![self.slots[at].rule()];
        }
        let is_meant = |alias: &String| {
            alias.eq_ignore_ascii_case(name)
                || alias.rsplit_once('/').is_some_and(|(_, id)| id.eq_ignore_ascii_case(name))
        };
        let rules = self.slots.iter().map(Slot::rule);
        rules.filter(|rule| rule.aliases.iter().any(is_meant)).collect()
    }

    fn position(&self, id: &str) -> Result<usize, usize> {
        self.slots.binary_search_by(|slot| slot.id.as_ref().cmp(id))
    }
}

/// The first glob of a matcher that is none, and why.
fn unusable_glob(matcher: &Matcher) -> Option<(&str, globset::Error)> {
    let globs: [&[String]; 2] = match matcher {
        Matcher::Secret(secret) => [&secret.paths, &secret.not_paths],
        Matcher::Document(document) => [&document.files, &document.not_files],
        _ => return None,
    };
    let mut globs = globs.into_iter().flatten();
    globs.find_map(|glob| Some((glob.as_str(), globset::Glob::new(glob).err()?)))
}

fn refused(rule: &Rule, file: &str, help: String) -> RuleError {
    RuleError::Rule { rule: rule.id.to_string(), file: file.to_owned(), line: 1, help }
}

fn user_slot(rule: Rule) -> Slot {
    let (engine, keywords) = match &rule.matcher {
        Matcher::Secret(secret) => {
            (Engine::Secret, secret.keywords.iter().cloned().map(Cow::Owned).collect())
        }
        Matcher::Code(_) => (Engine::Code, Vec::new()),
        Matcher::Document(_) => (Engine::Document, Vec::new()),
        Matcher::Probe(_) => (Engine::Probe, Vec::new()),
        Matcher::Builtin(_) => (Engine::Builtin, Vec::new()),
    };
    let reads = rule.matcher.reads().into_iter().map(Cow::Borrowed).collect();
    let id = Cow::Owned(rule.id.to_string());
    let controls = rule.controls().map(|control| Cow::Owned(control.to_string())).collect();
    Slot { id, engine, keywords, reads, controls, json: "", rule: OnceLock::from(rule) }
}

/// The `bad` and `good` examples of a baked rule.
pub fn examples(id: &RuleId) -> Option<(Vec<Example>, Vec<Example>)> {
    let at = EXAMPLES.binary_search_by(|(known, _)| (*known).cmp(id.as_str())).ok()?;
    serde_json::from_str(EXAMPLES[at].1).ok()
}

/// The catalogue of controls, in its own order.
///
/// # Panics
///
/// Never: the build script wrote what the types read.
pub fn controls() -> Vec<Control> {
    serde_json::from_str(CONTROLS).expect("the build script wrote what the types read")
}

/// The budgets that come with the program.
///
/// # Panics
///
/// Never: the build script wrote what the types read.
pub fn budgets() -> Vec<Budget> {
    serde_json::from_str(BUDGETS).expect("the build script wrote what the types read")
}
