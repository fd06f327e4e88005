//! A regular expression that begins small: automata are made only for those that are asked often.
//!
//! Of the hundreds of expressions that a large tree needs, most look at a handful of places. A search
//! that backtracks needs nothing for itself but the compiled expression, and its memory is shared.

use std::{
    cell::RefCell,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use regex_automata::{
    Input, PatternID,
    meta::{self, Regex},
    nfa::thompson::{
        self,
        backtrack::{BoundedBacktracker, Cache},
    },
    util::{captures::Captures, syntax},
};

/// An expression that was asked this often gets automata.
const OFTEN: u32 = 512;
/// Most bytes that the automata of one expression may take.
const SIZE_LIMIT: usize = 32 << 20;
/// Bytes of the states that a thread keeps of one expression.
const CACHE_LIMIT: usize = 256 << 10;

thread_local! {
    /// What the thread's searches that backtrack remember: nothing of it outlasts a search.
    static CACHE: RefCell<Option<Cache>> = const { RefCell::new(None) };
}

/// An expression for bytes; only one that asks for Unicode by name gets it.
pub(super) struct Expression {
    text: String,
    plain: BoundedBacktracker,
    fast: OnceLock<Option<Regex>>,
    asked: AtomicU32,
}

impl Expression {
    /// Compiles it; `None` if that can not be done.
    pub(super) fn new(text: &str) -> Option<Self> {
        let limit = thompson::Config::new().utf8(false).nfa_size_limit(Some(SIZE_LIMIT));
        let build = |unicode| {
            let mut builder = BoundedBacktracker::builder();
            builder.syntax(syntax_of(unicode)).thompson(limit.clone()).build(text).ok()
        };
        let plain = build(false).or_else(|| build(true))?;
        let (fast, asked) = (OnceLock::new(), AtomicU32::new(0));
        Some(Self { text: text.to_owned(), plain, fast, asked })
    }

    /// The index of a named group.
    pub(super) fn group(&self, name: &str) -> Option<usize> {
        self.plain.get_nfa().group_info().to_index(PatternID::ZERO, name)
    }

    /// Memory for the groups of a match.
    pub(super) fn create_captures(&self) -> Captures {
        self.plain.create_captures()
    }

    /// Whether there is a match.
    pub(super) fn is_match(&self, input: Input<'_>) -> bool {
        if let Some(fast) = self.fast(&input) {
            return fast.is_match(input.earliest(true));
        }
        self.backtrack(|cache| self.plain.try_is_match(cache, input).unwrap_or(false))
    }

    /// Finds the first match and its groups.
    pub(super) fn captures(&self, input: &Input<'_>, groups: &mut Captures) {
        match self.fast(input) {
            Some(fast) => fast.search_captures(input, groups),
            None => self.backtrack(|cache| {
                if self.plain.try_captures(cache, input.clone(), groups).is_err() {
                    groups.clear();
                }
            }),
        }
    }

    /// The automata, if this is the time for them: what is too long to backtrack in is left to them, too.
    fn fast(&self, input: &Input<'_>) -> Option<&Regex> {
        let is_long = input.get_span().len() > self.plain.max_haystack_len();
        if !is_long && self.asked.load(Ordering::Relaxed) < OFTEN {
            self.asked.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.fast.get_or_init(|| compile(&self.text)).as_ref()
    }

    fn backtrack<T>(&self, search: impl FnOnce(&mut Cache) -> T) -> T {
        CACHE.with_borrow_mut(|cache| {
            let cache = cache.get_or_insert_with(|| self.plain.create_cache());
            cache.reset(&self.plain);
            search(cache)
        })
    }
}

/// Compiles for bytes; only an expression that asks for Unicode by name gets it.
pub(super) fn compile(text: &str) -> Option<Regex> {
    let limits = meta::Config::new()
        .utf8_empty(false)
        .nfa_size_limit(Some(SIZE_LIMIT))
        // Groups are asked for once a match is there: that is too rare for an automaton of its own.
        .onepass(false)
        .hybrid_cache_capacity(CACHE_LIMIT);
    let build = |unicode: bool| {
        Regex::builder().syntax(syntax_of(unicode)).configure(limits.clone()).build(text).ok()
    };
    build(false).or_else(|| build(true))
}

fn syntax_of(unicode: bool) -> syntax::Config {
    syntax::Config::new().unicode(unicode).utf8(false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The whole match and the secret, by each of the first searches and by some later ones.
    fn matches(expression: &Expression, text: &[u8]) -> Vec<Option<(usize, usize, usize)>> {
        let secret = expression.group("secret").unwrap();
        let search = |_| {
            let mut groups = expression.create_captures();
            expression.captures(&Input::new(text), &mut groups);
            let whole = groups.get_match()?;
            Some((whole.start(), whole.end(), groups.get_group(secret)?.start))
        };
        (0..OFTEN + 4).map(search).collect()
    }

    proptest! {
        #[test]
        fn both_ways_find_the_same(text in "[a-c=\" é]{0,60}") {
            for pattern in [r#"(?i)\ba+\s*=\s*"?(?P<secret>[b-c]{2,9}?)(?:c|\b)"#, r"(?P<secret>\pL+)\z"] {
                let expression = Expression::new(pattern).unwrap();
                let found = matches(&expression, text.as_bytes());
                prop_assert!(expression.fast.get().is_some());
                prop_assert!(found.iter().all(|one| *one == found[0]), "{found:?}");
                let is_match = expression.is_match(Input::new(text.as_bytes()));
                prop_assert_eq!(is_match, found[0].is_some());
            }
        }
    }

    #[test]
    fn what_is_too_long_to_backtrack_in_is_searched_all_the_same() {
        let expression = Expression::new("x(?P<secret>[a-z]{3})y").unwrap();
        let text = format!("{}xabcy", "-".repeat(1 << 22));
        let found = matches(&expression, text.as_bytes());
        assert_eq!(found[0], Some((1 << 22, (1 << 22) + 5, (1 << 22) + 1)));
    }
}
