//! Looks for shapes of source code: patterns written in the language that they look for.
//!
//! A file is parsed only if it holds all words of some pattern; the tree is shared with whoever else
//! reads the file. The names of the file are resolved through its imports, and a name that is assigned
//! once stands for its value.

pub mod grammar;
mod names;
mod pattern;
pub mod routes;
pub mod rust;
mod search;
mod shape;
pub mod syntax;
#[cfg(test)]
mod tests;

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

pub use grammar::Grammar;
use pattern::Pattern;
use search::{Hit, Search};
pub use syntax::Syntax;

use crate::{
    rule::{
        CodePattern, Language, Matcher, RuleId, RuleSet,
        set::{Engine, Slot},
    },
    sources::SourceFile,
};

/// Code that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeMatch {
    /// The rule.
    pub rule: RuleId,
    /// Its bytes.
    pub at: Range<usize>,
    /// The bytes of a credential that stands in it: what the metavariable `$SECRET` stands for.
    pub secret: Option<Range<usize>>,
}

/// What a search of one file brought.
#[derive(Debug, Default)]
pub struct CodeMatches {
    /// What was found, in order of place, each place once for each rule.
    pub found: Vec<CodeMatch>,
    /// Why some of the file was not looked at.
    pub missed: Option<&'static str>,
}

/// The code rules of a run. Patterns are read when the first file of their language comes.
pub struct CodeEngine<'a> {
    rules: &'a RuleSet,
    plans: [OnceLock<Plan>; Grammar::ALL.len()],
}

impl<'a> CodeEngine<'a> {
    /// Takes the code rules of `rules`, unread.
    pub fn new(rules: &'a RuleSet) -> Self {
        Self { rules, plans: [const { OnceLock::new() }; Grammar::ALL.len()] }
    }

    /// The rules that have a pattern for this language.
    pub fn rules(&self, language: Language) -> Vec<RuleId> {
        let reads = |slot: &&Arc<Slot>| slot.reads.iter().any(|name| name == language.name());
        self.rules.of(Engine::Code).filter(reads).map(|slot| RuleId::new(&slot.id)).collect()
    }

    /// Patterns that can not be used, with the reason. Rules that pass [`verify`] have none.
    pub fn faults(&self, grammar: Grammar) -> &[(RuleId, String)] {
        &self.plan(grammar).faults
    }

    /// Looks for all patterns in one file.
    pub fn find(&self, file: &SourceFile, grammar: Grammar) -> CodeMatches {
        let candidates = self.plan(grammar).candidates(file);
        if candidates.is_empty() {
            return CodeMatches::default();
        }
        match &*Syntax::of(file, grammar) {
            Ok(syntax) => find(syntax, file.text(), &candidates),
            Err(error) => CodeMatches { found: Vec::new(), missed: Some(error.reason()) },
        }
    }

    fn plan(&self, grammar: Grammar) -> &Plan {
        self.plans[grammar as usize].get_or_init(|| Plan::new(self.rules, grammar))
    }
}

/// Whether the patterns of a rule can be used; else what is wrong.
pub fn verify(rule: &RuleId, patterns: &[CodePattern]) -> Result<(), String> {
    for pattern in patterns {
        for grammar in Grammar::ALL {
            if pattern.languages.contains(&grammar.language()) {
                Pattern::new(rule, pattern, grammar)?.verify()?;
            }
        }
    }
    Ok(())
}

fn find(syntax: &Syntax, text: &str, patterns: &[&Pattern]) -> CodeMatches {
    let mut search = Search::new(syntax, text);
    let mut found = Vec::new();
    for pattern in patterns {
        let secret = |hit: &Hit| hit.range(pattern.secret?);
        found.extend(search.find(pattern).into_iter().map(|hit| CodeMatch {
            rule: pattern.rule.clone(),
            secret: secret(&hit),
            at: hit.at,
        }));
    }
    let missed = search.is_exhausted().then_some("too much code to compare with every pattern");
    CodeMatches { found: tidy(found), missed }
}

/// Sorts, and keeps of the matches of one rule that overlap the outermost one.
fn tidy(mut found: Vec<CodeMatch>) -> Vec<CodeMatch> {
    found.sort_by(|a, b| (&a.rule, a.at.start, b.at.end).cmp(&(&b.rule, b.at.start, a.at.end)));
    let mut kept: Vec<CodeMatch> = Vec::new();
    for one in found {
        let is_new =
            kept.last().is_none_or(|last| last.rule != one.rule || last.at.end <= one.at.start);
        if is_new {
            kept.push(one);
        }
    }
    kept.sort_by(|a, b| (a.at.start, &a.rule).cmp(&(b.at.start, &b.rule)));
    kept
}

/// The patterns of one grammar, and the words by which files are chosen.
struct Plan {
    patterns: Vec<Pattern>,
    /// For each pattern, groups of numbers of words, one of each of which it needs.
    needs: Vec<Vec<Vec<usize>>>,
    words: Option<AhoCorasick>,
    faults: Vec<(RuleId, String)>,
}

impl Plan {
    fn new(rules: &RuleSet, grammar: Grammar) -> Self {
        let mut plan =
            Self { patterns: Vec::new(), needs: Vec::new(), words: None, faults: Vec::new() };
        for slot in rules.of(Engine::Code) {
            let rule = slot.rule();
            let Matcher::Code(patterns) = &rule.matcher else { continue };
            for pattern in patterns {
                if pattern.languages.contains(&grammar.language()) {
                    plan.add(&rule.id, Pattern::new(&rule.id, pattern, grammar));
                }
            }
        }
        plan.index();
        plan
    }

    fn add(&mut self, rule: &RuleId, pattern: Result<Pattern, String>) {
        match pattern {
            Ok(pattern) => self.patterns.push(pattern),
            Err(fault) => self.faults.push((rule.clone(), fault)),
        }
    }

    fn index(&mut self) {
        let needs: Vec<Vec<Vec<String>>> = self.patterns.iter().map(Pattern::needs).collect();
        let mut words: Vec<&String> = needs.iter().flatten().flatten().collect();
        words.sort();
        words.dedup();
        let number = |word: &String| words.binary_search(&word).unwrap_or(0);
        let group = |group: &Vec<String>| group.iter().map(number).collect();
        self.needs = needs.iter().map(|groups| groups.iter().map(group).collect()).collect();
        self.words = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(&words).ok();
    }

    /// The patterns that may match in this file.
    fn candidates(&self, file: &SourceFile) -> Vec<&Pattern> {
        let Some(words) = &self.words else { return Vec::new() };
        let present = present(words, file.bytes());
        let is_present = |group: &Vec<usize>| group.iter().any(|word| present[*word]);
        let wanted = self.patterns.iter().zip(&self.needs);
        wanted
            .filter(|(_, needs)| needs.iter().all(is_present))
            .map(|(pattern, _)| pattern)
            .filter(|pattern| pattern.wants(file.path().as_str(), file.text()))
            .collect()
    }
}

/// Which words stand in the text as whole words.
fn present(words: &AhoCorasick, bytes: &[u8]) -> Vec<bool> {
    let is_word =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let mut present = vec![false; words.patterns_len()];
    for found in words.find_overlapping_iter(bytes) {
        let at = &mut present[found.pattern().as_usize()];
        if *at {
            continue;
        }
        let (start, end) = (found.start(), found.end());
        let before = start.checked_sub(1).and_then(|before| bytes.get(before));
        let is_cut = is_word(before) && is_word(bytes.get(start))
            || is_word(bytes.get(end)) && is_word(bytes.get(end - 1));
        *at = !is_cut;
    }
    present
}
