//! A secret rule made ready to search with: compiled when one of its keywords is first seen.

use std::{ops::Range, sync::OnceLock};

use jiff::civil::Date;
use regex_automata::{Anchored, Input, meta::Regex, util::captures::Captures};

use super::{
    claims::Grounds,
    expression::{Expression, compile},
    generic::{self, Assignment, FileNature},
    partner::PartnerPattern,
    placeholder,
    validators::{self, Verdict},
};
use crate::{
    finding::secret::bits_per_byte,
    rule::{Matcher, Rule, SecretMatcher, Tier},
};

/// Bytes of a line, before and after a secret, that `unless-line` sees.
const LINE_SEEN: usize = 2_048;

/// What a rule makes of one place that its expression matches.
pub(super) enum Opinion {
    /// It is a credential.
    Accepted {
        /// The bytes of the credential.
        at: Range<usize>,
        /// The bytes of the name that it is given to, for rules that see one.
        name: Option<Range<usize>>,
        /// The bytes of the other half of the pair, for rules that know one.
        partner: Option<Range<usize>>,
        /// The tier, which may be lower than the rule's.
        tier: Tier,
        /// What was verified.
        verified: Option<String>,
    },
    /// It is known not to be one: a placeholder, or a vendor's documentation key.
    Refused(Range<usize>),
}

/// The compiled parts of one rule.
pub(super) struct Pattern {
    matcher: SecretMatcher,
    tier: Tier,
    expression: Expression,
    secret: usize,
    name: Option<usize>,
    quote: Option<usize>,
    checked: Option<usize>,
    /// The excuses and the partner are compiled when a match is there to be judged.
    unless: OnceLock<Option<Regex>>,
    unless_line: OnceLock<Option<Regex>>,
    partner: OnceLock<Option<PartnerPattern>>,
}

impl Pattern {
    /// Compiles the rule; `None` if it is no secret rule or can not be compiled.
    pub(super) fn new(rule: &Rule) -> Option<Self> {
        let Matcher::Secret(matcher) = &rule.matcher else { return None };
        let expression = Expression::new(&matcher.regex)?;
        Some(Self {
            secret: expression.group("secret")?,
            name: expression.group("name"),
            quote: expression.group("quote"),
            checked: expression.group("checked"),
            unless: OnceLock::new(),
            unless_line: OnceLock::new(),
            partner: OnceLock::new(),
            tier: rule.tier,
            matcher: matcher.clone(),
            expression,
        })
    }

    /// Whether a match begins at most `before` bytes before the keyword that stands `at`.
    pub(super) fn begins(&self, bytes: &[u8], at: usize, end: usize, before: usize) -> bool {
        let begins = |start: usize| {
            self.expression.is_match(Input::new(bytes).span(start..end).anchored(Anchored::Yes))
        };
        (at.saturating_sub(before)..=at).any(begins)
    }

    /// Whether the rule is about names and values in general, and so yields to all others.
    pub(super) const fn is_generic(&self) -> bool {
        self.matcher.generic
    }

    /// What the rule knows this value by.
    pub(super) fn grounds(&self, value: &[u8]) -> Grounds {
        let mut keywords = self.matcher.keywords.iter();
        if self.is_generic() {
            Grounds::Name
        } else if self.matcher.common_form {
            Grounds::Form
        } else if keywords.any(|keyword| value.starts_with(keyword.as_bytes())) {
            Grounds::Prefix
        } else {
            Grounds::Context
        }
    }

    /// Gives `each` the rule's opinion of every match that lies in `window`.
    pub(super) fn search(
        &self,
        bytes: &[u8],
        window: Range<usize>,
        nature: FileNature,
        today: Option<Date>,
        mut each: impl FnMut(Opinion),
    ) {
        let mut groups = self.expression.create_captures();
        let mut from = window.start;
        while from <= window.end {
            let input = Input::new(bytes).span(from..window.end);
            self.expression.captures(&input, &mut groups);
            let Some(whole) = groups.get_match() else { return };
            let opinion = self.judge(bytes, &groups, nature, today);
            from = match (&opinion, groups.get_group(self.secret)) {
                // What was taken for a value may be the name of the next one: `secret = env.SECRET || "…"`.
                (None, Some(value)) if self.is_generic() => value.start.max(whole.start() + 2) - 1,
                _ => whole.end().max(from + 1),
            };
            if let Some(opinion) = opinion {
                each(opinion);
            }
        }
    }

    fn judge(
        &self,
        bytes: &[u8],
        groups: &Captures,
        nature: FileNature,
        today: Option<Date>,
    ) -> Option<Opinion> {
        let at = groups.get_group(self.secret)?.range();
        let value = &bytes[at.clone()];
        if self.is_excused(bytes, &at) {
            return Some(Opinion::Refused(at));
        }
        if self.matcher.min_entropy.is_some_and(|least| bits_per_byte(value) < f64::from(least)) {
            return None;
        }
        let pattern = self.partner();
        let partner = pattern.and_then(|pattern| pattern.find(bytes, &at));
        if partner.is_none() && pattern.is_some_and(PartnerPattern::is_required) {
            return None;
        }
        let name = self.name.and_then(|group| groups.get_group(group)).map(|span| span.range());
        let mut tier = self.tier;
        if self.is_generic() {
            let quote = self.quote.and_then(|group| groups.get_group(group));
            let named = name.clone().unwrap_or(at.start..at.start);
            let assignment = Assignment {
                name: &bytes[named.clone()],
                between: bytes.get(named.end..at.start).unwrap_or_default(),
                quote: quote.and_then(|quote| bytes[quote.range()].last().copied()),
                value,
                rest: rest_of_line(bytes, at.end),
            };
            tier = tier.max(generic::judge(&assignment, nature)?);
        } else if nature.is_test() {
            tier = tier.max(self.grounds(value).most_in_tests());
        }
        let checked = self.checked.and_then(|group| groups.get_group(group));
        let checked = checked.map_or(value, |span| &bytes[span.range()]);
        let validator = self.matcher.validate.as_deref();
        let verified = match validator.map(|name| validators::run(name, checked, today)) {
            Some(Verdict::Refused) => return Some(Opinion::Refused(at)),
            Some(Verdict::Confirmed(words)) => Some(words),
            Some(Verdict::Doubtful(words)) => {
                tier = tier.max(Tier::Warning);
                Some(words)
            }
            Some(Verdict::Silent | Verdict::Until(..)) | None => None,
        };
        Some(Opinion::Accepted { at, name, partner, tier, verified })
    }

    fn is_excused(&self, bytes: &[u8], at: &Range<usize>) -> bool {
        let value = &bytes[at.clone()];
        let matches = |cell: &OnceLock<Option<Regex>>, text: &Option<String>, value: &[u8]| {
            let regex = cell.get_or_init(|| text.as_deref().and_then(compile));
            regex.as_ref().is_some_and(|regex| regex.is_match(value))
        };
        let unless_line = &self.matcher.unless_line;
        (!self.is_generic() && placeholder::is_placeholder(value) && !self.has_checksum(value))
            || self.says_words_after_its_prefix(value)
            || matches(&self.unless, &self.matcher.unless, value)
            || (self.matcher.common_form
                && placeholder::is_word_of_its_line(value, line_around(bytes, at)))
            || (unless_line.is_some()
                && matches(&self.unless_line, unless_line, line_around(bytes, at)))
    }

    fn partner(&self) -> Option<&PartnerPattern> {
        let compiled = || self.matcher.partner.as_ref().and_then(PartnerPattern::new);
        self.partner.get_or_init(compiled).as_ref()
    }

    /// A value whose checksum is correct was drawn, whatever it looks like: some forms hold rows of zeros.
    pub(super) fn has_checksum(&self, value: &[u8]) -> bool {
        let name = self.matcher.validate.as_deref().filter(|name| name.ends_with("-checksum"));
        name.is_some_and(|name| matches!(validators::run(name, value, None), Verdict::Confirmed(_)))
    }

    /// `glptt-the-token-of-the-trigger`: no vendor draws that.
    fn says_words_after_its_prefix(&self, value: &[u8]) -> bool {
        let prefixes = self.matcher.keywords.iter().map(String::as_bytes);
        let drawn =
            prefixes.filter_map(|prefix| value.strip_prefix(prefix)).min_by_key(|rest| rest.len());
        !self.is_generic()
            && drawn.is_some_and(|drawn| {
                // Without a separator, letters alone may well be drawn: `WSQYIQNAPPIPIGVU`.
                let is_phrase = drawn.iter().any(|byte| matches!(byte, b'-' | b'_'));
                is_phrase && drawn.len() >= 16 && generic::is_made_of_words(drawn)
            })
    }
}

fn line_around<'a>(bytes: &'a [u8], at: &Range<usize>) -> &'a [u8] {
    let first = at.start.saturating_sub(LINE_SEEN);
    let start =
        memchr::memrchr(b'\n', &bytes[first..at.start]).map_or(first, |end| first + end + 1);
    &bytes[start..at.end + rest_of_line(bytes, at.end).len()]
}

fn rest_of_line(bytes: &[u8], from: usize) -> &[u8] {
    let last = bytes.len().min(from + LINE_SEEN);
    let end = memchr::memchr(b'\n', &bytes[from..last]).map_or(last, |end| from + end);
    &bytes[from..end]
}
