//! The rules of a run: those baked into the binary, decoded when first asked for, and the user's own.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

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
    ignore_case: bool,
    reads: &'static [&'static str],
    controls: &'static [&'static str],
    json: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// Short texts of a rule: as they are baked, or those of a user's rule.
#[derive(Clone)]
pub enum Words {
    /// In the binary.
    Baked(&'static [&'static str]),
    /// From a file.
    Own(Vec<String>),
}

impl Words {
    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| &self[at])
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Baked(words) => words.len(),
            Self::Own(words) => words.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl std::ops::Index<usize> for Words {
    type Output = str;

    fn index(&self, at: usize) -> &str {
        match self {
            Self::Baked(words) => words[at],
            Self::Own(words) => &words[at],
        }
    }
}

/// One rule of the set: its name and keywords at hand, the rest decoded on demand.
pub struct Slot {
    /// The rule's id.
    pub id: Cow<'static, str>,
    /// The engine that it is for.
    pub engine: Engine,
    /// For secret rules, the literals that are looked for first; else empty.
    pub keywords: Words,
    /// For secret rules, whether the literals count in either case.
    pub ignore_case: bool,
    /// What the rule reads: names of languages for code rules, of the model for document rules.
    pub reads: Words,
    /// The controls that it answers, the first one first.
    pub controls: Words,
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
    slots: Vec<Arc<Slot>>,
}

impl RuleSet {
    /// The rules that come with the program, sorted by id.
    pub fn baked() -> Self {
        let slot = |baked: &Baked| {
            Arc::new(Slot {
                id: Cow::Borrowed(baked.id),
                engine: baked.engine,
                keywords: Words::Baked(baked.keywords),
                ignore_case: baked.ignore_case,
                reads: Words::Baked(baked.reads),
                controls: Words::Baked(baked.controls),
                json: baked.json,
                rule: OnceLock::new(),
            })
        };
        Self { slots: BAKED.iter().map(slot).collect() }
    }

    /// Adds a user's rules. A rule may not have the id of one that is there.
    pub fn add(&mut self, file: &str, rules: Vec<LoadedRule>) -> Result<(), RuleError> {
        for LoadedRule { rule, line, .. } in rules {
            let refused = |help: String| RuleError::Rule {
                rule: rule.id.to_string(),
                file: file.to_owned(),
                line,
                help,
            };
            if let Some(key) = reserved(&rule.matcher) {
                return Err(refused(format!("`{key}` is for rules that come with the program")));
            }
            if let Some((glob, error)) = unusable_glob(&rule.matcher) {
                return Err(refused(format!("`{glob}` can not be used: {error}")));
            }
            match self.position(rule.id.as_str()) {
                Ok(_) => return Err(refused("a rule of this id exists".to_owned())),
                Err(at) => self.slots.insert(at, Arc::new(user_slot(rule))),
            }
        }
        Ok(())
    }

    /// The same set without some rules.
    #[must_use]
    pub fn without(&self, left_out: &BTreeSet<RuleId>) -> Self {
        let is_kept = |slot: &&Arc<Slot>| !left_out.iter().any(|id| id.as_str() == slot.id);
        Self { slots: self.slots.iter().filter(is_kept).cloned().collect() }
    }

    /// All rules, sorted by id, undecoded.
    pub fn slots(&self) -> &[Arc<Slot>] {
        &self.slots
    }

    /// How many rules have been decoded: at start-up none, however many there are.
    pub fn decoded(&self) -> usize {
        self.slots.iter().filter(|slot| slot.rule.get().is_some()).count()
    }

    /// The rules of one engine, undecoded.
    pub fn of(&self, engine: Engine) -> impl Iterator<Item = &Arc<Slot>> {
        self.slots.iter().filter(move |slot| slot.engine == engine)
    }

    /// Whether a rule has this id; it is not decoded for that.
    pub fn has(&self, id: &str) -> bool {
        self.position(id).is_ok()
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
        let rules = self.slots.iter().map(|slot| slot.rule());
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

/// What a user's rule may not have: code of the program, and requests that send credentials somewhere.
fn reserved(matcher: &Matcher) -> Option<String> {
    match matcher {
        Matcher::Builtin(name) => Some(format!("builtin: {name}")),
        Matcher::Secret(secret) if secret.verify.is_some() => Some("verify:".to_owned()),
        _ => None,
    }
}

fn user_slot(rule: Rule) -> Slot {
    let (engine, keywords, ignore_case) = match &rule.matcher {
        Matcher::Secret(secret) => (Engine::Secret, secret.keywords.clone(), secret.ignore_case),
        Matcher::Code(_) => (Engine::Code, Vec::new(), false),
        Matcher::Document(_) => (Engine::Document, Vec::new(), false),
        Matcher::Probe(_) => (Engine::Probe, Vec::new(), false),
        Matcher::Builtin(_) => (Engine::Builtin, Vec::new(), false),
    };
    Slot {
        id: Cow::Owned(rule.id.to_string()),
        engine,
        keywords: Words::Own(keywords),
        ignore_case,
        reads: Words::Own(rule.matcher.reads().into_iter().map(str::to_owned).collect()),
        controls: Words::Own(rule.controls().map(ToString::to_string).collect()),
        json: "",
        rule: OnceLock::from(rule),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_ask_for_a_rule_is_not_to_decode_it() {
        let rules = RuleSet::baked();
        assert!(rules.has("secret/jwt") && !rules.has("secret/none"));
        assert_eq!(rules.decoded(), 0);
    }
}
