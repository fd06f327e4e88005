//! Compares patterns with the code of one file.
//!
//! Recursion goes down the pattern, whose depth is limited when it is read, never down the source. All
//! comparisons of one file share a budget of steps, so that no source makes them take for ever.

use std::ops::Range;

use super::{
    names::{Names, Path},
    pattern::{Expression, Pattern, Requirement},
    shape::{MOST_METAVARIABLES, Member, Role, Shape, Step},
    syntax::{Kind, Syntax},
};

/// Nodes that may be compared in one file.
const MOST_STEPS: u32 = 5_000_000;
/// How many values may stand behind names on the way down one pattern.
const MOST_FOLDS: u8 = 6;
/// Longer expressions meet no regular expression: nested ones would be read over and over.
const LONGEST_TEXT: usize = 4 << 10;
/// Larger expressions are not asked whether they are constant.
const LARGEST_LITERAL: u32 = 200;

/// What a metavariable stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound {
    node: u32,
    start: usize,
    end: usize,
}

/// What the metavariables of a pattern stand for, by number.
pub(super) type Bounds = [Option<Bound>; MOST_METAVARIABLES];

/// Code that a pattern matches.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub(super) at: Range<usize>,
    pub(super) bounds: Bounds,
}

impl Hit {
    /// The bytes that a metavariable stands for.
    pub(super) fn range(&self, number: usize) -> Option<Range<usize>> {
        self.bounds[number].map(|bound| bound.start..bound.end)
    }
}

/// One file, ready to be searched.
pub(super) struct Search<'t, 'p> {
    syntax: &'t Syntax,
    text: &'t str,
    names: Names<'t>,
    /// Those of the pattern that is looked for.
    requirements: &'p [Requirement],
    left: u32,
}

/// How far down a comparison is in values that names stand for.
#[derive(Clone, Copy)]
struct Folds(u8);

impl<'t, 'p> Search<'t, 'p> {
    /// A search that has all its steps left; the names that the file gives are read once, here.
    pub(super) fn new(syntax: &'t Syntax, text: &'t str) -> Self {
        Self { syntax, text, names: Names::new(syntax, text), requirements: &[], left: MOST_STEPS }
    }

    /// Whether some comparisons were given up.
    pub(super) const fn is_exhausted(&self) -> bool {
        self.left == 0
    }

    /// All code that the pattern matches, in order.
    pub(super) fn find(&mut self, pattern: &'p Pattern) -> Vec<Hit> {
        if pattern.module.as_deref().is_some_and(|module| !self.names.imports(module)) {
            return Vec::new();
        }
        self.requirements = &pattern.requirements;
        let mut hits: Vec<Hit> = Vec::new();
        for at in 0..self.syntax.len() {
            for hit in self.find_at(pattern, at) {
                // A match within a match of the same pattern says nothing new.
                if hits.last().is_none_or(|last| last.at.end <= hit.at.start) {
                    hits.push(hit);
                }
            }
        }
        hits
    }

    fn find_at(&mut self, pattern: &Pattern, at: u32) -> Vec<Hit> {
        let shape = &pattern.shape;
        let mut bounds = Bounds::default();
        if let [root] = shape.roots[..] {
            let is_match = self.could_be(shape, root, at)
                && self.is_same(shape, root, at, &mut bounds, Folds(0))
                && self.is_wanted(pattern, at, &mut bounds);
            let range = is_match.then(|| self.narrow(shape, root, at));
            return range.into_iter().map(|at| Hit { at, bounds }).collect();
        }
        if self.syntax.kind(at) != Kind::Block {
            return Vec::new();
        }
        let statements: Vec<u32> = self.syntax.children(at).collect();
        let hit = |search: &mut Self, first: usize| {
            let mut bounds = Bounds::default();
            search.shortest(shape, &shape.roots, &statements[first..], &mut bounds, Folds(0))?;
            search
                .is_wanted(pattern, statements[first], &mut bounds)
                .then(|| Hit { at: search.syntax.range(statements[first]), bounds })
        };
        (0..statements.len()).filter_map(|first| hit(self, first)).collect()
    }

    /// A cheap look at a node before it is compared.
    fn could_be(&self, shape: &Shape, root: u32, at: u32) -> bool {
        match shape.roles[root as usize] {
            Role::Same => shape.syntax.kind(root) == self.syntax.kind(at),
            // The members of a member would be found once for each of them.
            Role::Member(_) => !matches!(
                self.syntax.kind(self.syntax.node(at).parent),
                Kind::Alias | Kind::Import | Kind::ImportFrom
            ),
            _ => self.syntax.kind(at) == Kind::String,
        }
    }

    /// An object that is wrong for one pair is shown by that pair.
    fn narrow(&self, shape: &Shape, root: u32, at: u32) -> Range<usize> {
        let whole = self.syntax.range(at);
        if shape.syntax.kind(root) != Kind::Object {
            return whole;
        }
        let mut pairs =
            shape.syntax.children(root).filter(|p| shape.roles[*p as usize] == Role::Same);
        let (Some(pair), None) = (pairs.next(), pairs.next()) else { return whole };
        let Some(key) = shape.syntax.children(pair).next() else { return whole };
        let key = shape.syntax.word(&shape.text, key);
        let found = self.syntax.children(at).find(|pair| self.key(*pair) == Some(key));
        found.map_or(whole, |pair| self.syntax.range(pair))
    }

    fn key(&self, pair: u32) -> Option<&'t str> {
        let key = self.syntax.children(pair).next()?;
        matches!(self.syntax.kind(pair), Kind::Pair | Kind::Keyword)
            .then(|| self.syntax.word(self.text, key))
    }

    fn is_wanted(&mut self, pattern: &Pattern, at: u32, bounds: &mut Bounds) -> bool {
        for shape in &pattern.unless {
            let mut excused = *bounds;
            if self.is_same(shape, shape.roots[0], at, &mut excused, Folds(0)) {
                return false;
            }
        }
        let encloses = |search: &mut Self, shape: &Shape, bounds: &mut Bounds| {
            let around: Vec<u32> = search.syntax.ancestors(at).take(256).collect();
            around.into_iter().any(|node| {
                let mut inside = *bounds;
                let is_match = search.could_be(shape, shape.roots[0], node)
                    && search.is_same(shape, shape.roots[0], node, &mut inside, Folds(0));
                if is_match {
                    *bounds = inside;
                }
                is_match
            })
        };
        if pattern.not_inside.iter().any(|shape| encloses(self, shape, &mut bounds.clone())) {
            return false;
        }
        pattern.inside.is_empty()
            || pattern.inside.iter().any(|shape| encloses(self, shape, bounds))
    }

    /// Whether what is required of a metavariable holds for this code. A name that stands for a value is
    /// judged by both.
    fn holds(&mut self, number: usize, bound: Bound) -> bool {
        let requirements = self.requirements;
        let value = self.names.value(bound.node).map(|value| self.syntax.text(self.text, value));
        let value = value.filter(|value| value.len() <= LONGEST_TEXT);
        let text = self.text.get(bound.start..bound.end).unwrap_or_default();
        let is_short = text.len() <= LONGEST_TEXT;
        let is_match = |regex: &Expression| {
            is_short && regex.is_match(text) || value.is_some_and(|value| regex.is_match(value))
        };
        requirements.iter().filter(|requirement| requirement.number == number).all(|requirement| {
            requirement.matches.as_ref().is_none_or(is_match)
                && !requirement.not_matches.as_ref().is_some_and(is_match)
                && requirement.literal.is_none_or(|wanted| self.is_literal(bound.node) == wanted)
        })
    }

    /// Whether an expression is put together from constants alone.
    fn is_literal(&mut self, at: u32) -> bool {
        let mut waiting = vec![at];
        let mut seen = 0;
        while let Some(node) = waiting.pop() {
            seen += 1;
            if seen > LARGEST_LITERAL {
                return false;
            }
            self.step();
            match self.syntax.kind(node) {
                Kind::String | Kind::Number | Kind::Constant | Kind::Token => {}
                Kind::Name => match self.names.value(node) {
                    Some(value) => waiting.push(value),
                    None => return false,
                },
                Kind::Binary
                | Kind::Unary
                | Kind::Concatenated
                | Kind::Template
                | Kind::List
                | Kind::Conditional => waiting.extend(self.syntax.children(node)),
                _ => return false,
            }
        }
        true
    }

    fn step(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    fn is_same(
        &mut self,
        shape: &Shape,
        wanted: u32,
        at: u32,
        bounds: &mut Bounds,
        folds: Folds,
    ) -> bool {
        if !self.step() {
            return false;
        }
        match shape.roles[wanted as usize] {
            Role::AnyNumber => true,
            Role::Any(number) => self.bind(number, at, self.syntax.range(at), bounds),
            Role::Member(number) => {
                let member = &shape.members[number];
                let paths = self.names.paths(at);
                paths.iter().any(|path| self.is_member(member, path, at, bounds))
            }
            Role::AnyString | Role::StringAs(_) if self.syntax.kind(at) == Kind::String => {
                match shape.roles[wanted as usize] {
                    Role::StringAs(number) => {
                        self.bind(number, at, self.syntax.word_range(self.text, at), bounds)
                    }
                    _ => true,
                }
            }
            Role::Same if shape.syntax.kind(wanted) == self.syntax.kind(at) => {
                let before = *bounds;
                self.is_alike(shape, wanted, at, bounds, folds) || {
                    *bounds = before;
                    self.is_value_same(shape, wanted, at, bounds, folds)
                }
            }
            _ => self.is_value_same(shape, wanted, at, bounds, folds),
        }
    }

    /// Compares what a name stands for instead of the name.
    fn is_value_same(
        &mut self,
        shape: &Shape,
        wanted: u32,
        at: u32,
        bounds: &mut Bounds,
        folds: Folds,
    ) -> bool {
        if self.syntax.kind(at) != Kind::Name || folds.0 == MOST_FOLDS {
            return false;
        }
        let Some(value) = self.names.value(at) else { return false };
        self.is_same(shape, wanted, value, bounds, Folds(folds.0 + 1))
    }

    fn bind(&mut self, number: usize, node: u32, at: Range<usize>, bounds: &mut Bounds) -> bool {
        let new = Bound { node, start: at.start, end: at.end };
        if let Some(known) = &bounds[number] {
            return self.text.get(known.start..known.end) == self.text.get(at);
        }
        let holds = self.holds(number, new);
        if holds {
            bounds[number] = Some(new);
        }
        holds
    }

    fn is_member(
        &mut self,
        member: &Member,
        path: &Path<'t>,
        at: u32,
        bounds: &mut Bounds,
    ) -> bool {
        if let ([module], Some(wanted)) = (&path[..], &member.or_module)
            && module == wanted
        {
            return true;
        }
        let mut inside = *bounds;
        let is_same = path.len() == member.path.len()
            && member.path.iter().zip(path).all(|(step, word)| match step {
                Step::Word(wanted) => wanted == word,
                Step::Any(number) => {
                    let last = self.syntax.subtree(at).end - 1;
                    // The word of the import, whatever the file calls it.
                    let start = word.as_ptr() as usize - self.text.as_ptr() as usize;
                    self.bind(*number, last, start..start + word.len(), &mut inside)
                }
            });
        if is_same {
            *bounds = inside;
        }
        is_same
    }

    /// Compares two nodes of the same kind.
    fn is_alike(
        &mut self,
        shape: &Shape,
        wanted: u32,
        at: u32,
        bounds: &mut Bounds,
        folds: Folds,
    ) -> bool {
        match shape.syntax.kind(wanted) {
            Kind::Name
            | Kind::String
            | Kind::Number
            | Kind::Constant
            | Kind::Token
            | Kind::Dotted => {
                shape.syntax.word(&shape.text, wanted) == self.syntax.word(self.text, at)
            }
            Kind::Arguments | Kind::Object => self.is_set_same(shape, wanted, at, bounds, folds),
            kind => {
                let wanted: Vec<u32> = shape.syntax.children(wanted).collect();
                let there: Vec<u32> = self.syntax.children(at).collect();
                let until = self.prefix(shape, &wanted, &there, bounds, folds);
                let is_template = kind == Kind::Template
                    && matches!(wanted[..], [one] if shape.roles[one as usize] == Role::AnyNumber);
                is_template || until.is_some_and(|until| kind == Kind::If || until == there.len())
            }
        }
    }

    /// Compares arguments or pairs: those with a name in any order, the rest in theirs.
    fn is_set_same(
        &mut self,
        shape: &Shape,
        wanted: u32,
        at: u32,
        bounds: &mut Bounds,
        folds: Folds,
    ) -> bool {
        let is_named = |kind: Kind| matches!(kind, Kind::Keyword | Kind::Pair);
        let (named, ordered): (Vec<u32>, Vec<u32>) = shape.syntax.children(wanted).partition(|p| {
            is_named(shape.syntax.kind(*p)) && shape.roles[*p as usize] != Role::AnyNumber
        });
        let more =
            shape.syntax.children(wanted).any(|p| shape.roles[p as usize] == Role::AnyNumber);
        let (mut there, mut rest) = (Vec::new(), Vec::new());
        for child in self.syntax.children(at) {
            // `**rest` stands for any pairs.
            let is_named = is_named(self.syntax.kind(child)) || self.is_spread(child);
            if is_named { there.push(child) } else { rest.push(child) }
        }
        self.left = self.left.saturating_sub(count(&there) + count(&rest));
        if !more && named.len() != there.len() {
            return false;
        }
        let positions = self.prefix(shape, &ordered, &rest, bounds, folds);
        if positions != Some(rest.len()) {
            return false;
        }
        named.iter().all(|pair| {
            there.iter().any(|child| {
                let before = *bounds;
                let is_same = self.is_same(shape, *pair, *child, bounds, folds);
                if !is_same {
                    *bounds = before;
                }
                is_same
            })
        })
    }

    fn is_spread(&self, at: u32) -> bool {
        matches!(self.syntax.kind(at), Kind::Other(_))
            && self.syntax.text(self.text, at).starts_with("**")
    }

    /// How many of `there` the sequence `wanted` takes; as many as it can.
    fn prefix(
        &mut self,
        shape: &Shape,
        wanted: &[u32],
        there: &[u32],
        bounds: &mut Bounds,
        folds: Folds,
    ) -> Option<usize> {
        let is_dots = |p: &u32| shape.roles[*p as usize] == Role::AnyNumber;
        match wanted {
            [] => Some(0),
            [dots] if is_dots(dots) => Some(there.len()),
            [dots, rest @ ..] if is_dots(dots) => (0..=there.len()).find_map(|skipped| {
                let before = *bounds;
                let taken = self.prefix(shape, rest, &there[skipped..], bounds, folds);
                let whole = taken.filter(|taken| skipped + taken == there.len());
                if whole.is_none() {
                    *bounds = before;
                }
                whole.map(|taken| skipped + taken)
            }),
            [one, rest @ ..] => {
                let first = *there.first()?;
                if !self.is_same(shape, *one, first, bounds, folds) {
                    return None;
                }
                self.prefix(shape, rest, &there[1..], bounds, folds).map(|taken| taken + 1)
            }
        }
    }

    /// As [`Self::prefix`], and as few as it can.
    fn shortest(
        &mut self,
        shape: &Shape,
        wanted: &[u32],
        there: &[u32],
        bounds: &mut Bounds,
        folds: Folds,
    ) -> Option<usize> {
        let Some((one, rest)) = wanted.split_first() else { return Some(0) };
        if shape.roles[*one as usize] == Role::AnyNumber {
            return (0..=there.len()).find_map(|skipped| {
                let mut inside = *bounds;
                let taken = self.shortest(shape, rest, &there[skipped..], &mut inside, folds)?;
                *bounds = inside;
                Some(skipped + taken)
            });
        }
        let first = *there.first()?;
        if !self.is_same(shape, *one, first, bounds, folds) {
            return None;
        }
        self.shortest(shape, rest, &there[1..], bounds, folds).map(|taken| taken + 1)
    }
}

fn count(nodes: &[u32]) -> u32 {
    u32::try_from(nodes.len()).unwrap_or(u32::MAX / 2)
}
