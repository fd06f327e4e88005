//! Source code as one plain tree for all languages, without what does not matter for its meaning.
//!
//! Parentheses, comments, types, quotes and commas are gone; `a["b"]` of JavaScript is `a.b`, `{ x }` is
//! `{ x: x }`, and every declaration with a value is an assignment. The nodes lie in one vector, parents
//! first, so that no walk over them needs recursion, however deep the source is nested.

use std::{ops::ControlFlow, ops::Range};

use tree_sitter::{
    Language as TreeLanguage, Node as TreeNode, ParseOptions, Parser, Tree, TreeCursor,
};

use super::grammar::{Action, Grammar};
use crate::{rule::Language, sources::SourceFile};

/// Files over this many bytes are not parsed: no person wrote them.
const LARGEST: usize = 2 << 20;
/// The parser forgets ambiguous readings by recursion, one level for each token at worst. Shorter files
/// fit the stack of any thread; for the others a thread is started with as much as they may need. What is
/// not used of it costs nothing.
const LEAST_WITH_OWN_STACK: usize = 8 << 10;
const LEAST_STACK: usize = 1 << 20;
const STACK_FOR_BYTE: usize = 256;
/// How often the parser may report progress before it is stopped, besides what the size allows.
/// Ordinary code reports once for 100 to 200 bytes, minified code for 50.
const LEAST_STEPS: usize = 4_000;

/// What a node is. Kinds with one name in all languages compare across grammars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A variable, or the property of a [`Kind::Member`].
    Name,
    /// A text without interpolation, or the key of an object in JavaScript.
    String,
    /// A text with interpolation; its children are the expressions in it.
    Template,
    /// Python's `"a" "b"`.
    Concatenated,
    /// A number.
    Number,
    /// `True`, `false`, `None`, `null`, a regular expression.
    Constant,
    /// `object.name`.
    Member,
    /// `object[index]`.
    Index,
    /// `callee(arguments)`.
    Call,
    /// `new callee(arguments)`.
    New,
    /// The arguments of a call.
    Arguments,
    /// `name=value`.
    Keyword,
    /// A dictionary, an object, or a pattern that takes one apart.
    Object,
    /// `key: value`.
    Pair,
    /// A list, tuple, set or array.
    List,
    /// `target = value`, with or without declaration.
    Assign,
    /// `target += value`, `target++`.
    Augmented,
    /// Two operands with an operator between them.
    Binary,
    /// An operator and its operand.
    Unary,
    /// One of two values.
    Conditional,
    /// Statements.
    Block,
    /// A function, method, lambda or arrow function.
    Function,
    /// The parameters of a function.
    Parameters,
    /// A class.
    Class,
    /// `@decorator`.
    Decorator,
    /// A condition, what follows if it holds, and the rest.
    If,
    /// A loop over values.
    For,
    /// `value as name`.
    As,
    /// The handler of an exception.
    Except,
    /// `import ...`.
    Import,
    /// `from module import ...`.
    ImportFrom,
    /// `name as other` in an import.
    Alias,
    /// A dotted name in an import.
    Dotted,
    /// An operator.
    Token,
    /// Anything else, by the grammar's number.
    Other(u16),
}

/// One node.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    start: u32,
    end: u32,
    /// Index after the last node below this one.
    after: u32,
    /// Index of the node that holds this one; its own at the root.
    pub parent: u32,
    /// Index of the function, class or root in which names of this node are looked up.
    pub scope: u32,
}

/// The tree of one text. The root is node 0.
#[derive(Debug)]
pub struct Syntax {
    nodes: Vec<Node>,
    /// The grammar that read it.
    pub grammar: Grammar,
    /// Whether some of the text could not be understood.
    pub has_error: bool,
}

/// Why a file has no tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unparsed {
    /// Larger than any source that a person wrote.
    TooLarge,
    /// The parser was stopped.
    TooHard,
}

impl Unparsed {
    /// For reports.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TooLarge => "too large to be parsed as source code",
            Self::TooHard => "too deeply nested or too broken to be parsed as source code",
        }
    }
}

impl Syntax {
    /// Reads a file; made once and shared.
    pub fn of(file: &SourceFile, grammar: Grammar) -> std::rc::Rc<Result<Self, Unparsed>> {
        file.parsed(|file| Self::parse(file.text(), grammar))
    }

    /// Reads a text.
    pub fn parse(text: &str, grammar: Grammar) -> Result<Self, Unparsed> {
        with_tree(text, &grammar.tree_language(), |tree| {
            let mut lowering = Lowering::new(text, grammar);
            lowering.walk(&mut tree.walk());
            Self { nodes: lowering.nodes, grammar, has_error: tree.root_node().has_error() }
        })
    }

    /// Number of nodes.
    pub fn len(&self) -> u32 {
        index(self.nodes.len())
    }

    /// Whether there is no node at all.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The node of this index.
    pub fn node(&self, at: u32) -> &Node {
        &self.nodes[at as usize]
    }

    /// What the node of this index is.
    pub fn kind(&self, at: u32) -> Kind {
        self.node(at).kind
    }

    /// Its bytes in the text.
    pub fn range(&self, at: u32) -> Range<usize> {
        let node = self.node(at);
        node.start as usize..node.end as usize
    }

    /// Its text as written.
    pub fn text<'t>(&self, text: &'t str, at: u32) -> &'t str {
        text.get(self.range(at)).unwrap_or_default()
    }

    /// The word of a name, or what stands between the quotes of a string.
    pub fn word<'t>(&self, text: &'t str, at: u32) -> &'t str {
        text.get(self.word_range(text, at)).unwrap_or_default()
    }

    /// The bytes of [`Self::word`].
    pub fn word_range(&self, text: &str, at: u32) -> Range<usize> {
        unquoted(text, self.range(at))
    }

    /// The nodes directly below.
    pub fn children(&self, at: u32) -> impl Iterator<Item = u32> + '_ {
        let end = self.node(at).after;
        let first = (at + 1 < end).then_some(at + 1);
        std::iter::successors(first, move |child| {
            let next = self.node(*child).after;
            (next < end).then_some(next)
        })
    }

    /// The node itself and all nodes below, parents first.
    pub fn subtree(&self, at: u32) -> Range<u32> {
        at..self.node(at).after
    }

    /// The nodes around, innermost first.
    pub fn ancestors(&self, at: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(Some(at), |node| {
            let parent = self.node(*node).parent;
            (parent != *node).then_some(parent)
        })
        .skip(1)
    }
}

/// Parses a text within bounds of time and stack, and gives what `read` makes of the tree.
pub(super) fn with_tree<T: Send>(
    text: &str,
    language: &TreeLanguage,
    read: impl FnOnce(&Tree) -> T + Send,
) -> Result<T, Unparsed> {
    if text.len() > LARGEST {
        return Err(Unparsed::TooLarge);
    }
    if text.len() < LEAST_WITH_OWN_STACK {
        return Ok(read(&parse_here(text, language)?));
    }
    let stack = LEAST_STACK + text.len() * STACK_FOR_BYTE;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(stack);
        let parsed = thread.spawn_scoped(scope, || Ok(read(&parse_here(text, language)?)));
        let parsed = parsed.map_err(|_| Unparsed::TooHard)?;
        parsed.join().unwrap_or(Err(Unparsed::TooHard))
    })
}

fn parse_here(text: &str, language: &TreeLanguage) -> Result<Tree, Unparsed> {
    let mut parser = Parser::new();
    parser.set_language(language).map_err(|_| Unparsed::TooHard)?;
    let mut left = LEAST_STEPS + text.len() / 16;
    let mut progress = |_: &tree_sitter::ParseState| match left.checked_sub(1) {
        Some(fewer) => {
            left = fewer;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut read = |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
    parser.parse_with_options(&mut read, None, Some(options)).ok_or(Unparsed::TooHard)
}

/// Takes prefix and quotes off a string; what has none stays whole.
fn unquoted(text: &str, range: Range<usize>) -> Range<usize> {
    let bytes = &text.as_bytes()[range.clone()];
    let prefix = bytes.iter().take(2).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let Some(quote @ (b'"' | b'\'' | b'`')) = bytes.get(prefix).copied() else { return range };
    let triple = [quote; 3];
    let body = &bytes[prefix..];
    let width = if body.len() >= 6 && body.starts_with(&triple) { 3 } else { 1 };
    let start = range.start + prefix + width;
    let closed = bytes.len() >= prefix + 2 * width && bytes.ends_with(&triple[..width]);
    let end = if closed { range.end - width } else { range.end };
    start..end.max(start)
}

fn index(at: usize) -> u32 {
    u32::try_from(at).expect("sources are under 4 GiB")
}

/// A node of the grammar's tree that has been entered.
struct Open {
    /// Index of the node that it became, or of the nearest one around it.
    node: u32,
    is_kept: bool,
    only_first: bool,
    children: u32,
    scope: u32,
}

struct Lowering<'t> {
    text: &'t str,
    grammar: Grammar,
    actions: &'static [Action],
    nodes: Vec<Node>,
    open: Vec<Open>,
}

impl<'t> Lowering<'t> {
    fn new(text: &'t str, grammar: Grammar) -> Self {
        let actions = grammar.actions();
        let nodes = Vec::with_capacity(text.len() / 6);
        Self { text, grammar, actions, nodes, open: Vec::new() }
    }

    fn walk(&mut self, cursor: &mut TreeCursor<'_>) {
        loop {
            if self.enter(cursor.node()) && cursor.goto_first_child() {
                continue;
            }
            self.leave();
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                self.leave();
            }
        }
    }

    /// Whether what is below counts.
    fn enter(&mut self, node: TreeNode<'_>) -> bool {
        let action = self.action(node);
        let (around, scope) = self.open.last().map_or((0, 0), |open| (open.node, open.scope));
        let mut open = Open { node: around, is_kept: false, only_first: false, children: 0, scope };
        let range = node.byte_range();
        match action {
            Action::Keep(kind) | Action::Leaf(kind) => {
                open.node = self.push(kind, &range, around, scope);
                open.is_kept = true;
                if matches!(kind, Kind::Function | Kind::Class) {
                    open.scope = open.node;
                }
            }
            Action::Property => {
                let is_key = self.nodes.get(around as usize).map(|node| node.kind)
                    == Some(Kind::Pair)
                    && around as usize + 1 == self.nodes.len();
                let kind = if is_key { Kind::String } else { Kind::Name };
                self.push(kind, &range, around, scope);
            }
            Action::Shorthand => {
                let pair = self.push(Kind::Pair, &range, around, scope);
                self.push(Kind::String, &range, pair, scope);
                self.push(Kind::Name, &range, pair, scope);
                self.nodes[pair as usize].after = index(self.nodes.len());
            }
            Action::First => open.only_first = true,
            Action::Through | Action::Drop | Action::Token => {}
        }
        self.open.push(open);
        matches!(action, Action::Keep(_) | Action::Through | Action::First)
    }

    fn action(&mut self, node: TreeNode<'_>) -> Action {
        let Some(parent) = self.open.last_mut() else { return Action::Keep(Kind::Block) };
        parent.children += 1;
        if node.is_missing() || parent.only_first && parent.children > 1 {
            return Action::Drop;
        }
        let parent = parent.node as usize;
        let action = self.actions.get(node.kind_id() as usize).copied().unwrap_or(Action::Through);
        let is_operation = matches!(
            self.nodes[parent].kind,
            Kind::Binary | Kind::Unary | Kind::Augmented | Kind::Dotted
        );
        if action != Action::Token {
            action
        } else if is_operation && !matches!(node.kind(), "(" | ")") {
            Action::Leaf(Kind::Token)
        } else {
            Action::Drop
        }
    }

    fn push(&mut self, kind: Kind, range: &Range<usize>, parent: u32, scope: u32) -> u32 {
        let at = index(self.nodes.len());
        let (start, end) = (index(range.start), index(range.end));
        self.nodes.push(Node { kind, start, end, after: at + 1, parent, scope });
        at
    }

    fn leave(&mut self) {
        let Some(open) = self.open.pop() else { return };
        if !open.is_kept {
            return;
        }
        let after = index(self.nodes.len());
        let at = open.node as usize;
        self.nodes[at].after = after;
        match self.nodes[at].kind {
            Kind::Template if after as usize == at + 1 => self.nodes[at].kind = Kind::String,
            Kind::Index if self.grammar.language() != Language::Python => self.tidy_index(at),
            _ => {}
        }
    }

    /// `a["b"]` is `a.b`.
    fn tidy_index(&mut self, at: usize) {
        let Some(object) = self.nodes.get(at + 1) else { return };
        let property = object.after as usize;
        let is_last = property + 1 == self.nodes.len();
        if is_last && self.nodes[property].kind == Kind::String {
            let word = unquoted(
                self.text,
                self.nodes[property].start as usize..self.nodes[property].end as usize,
            );
            let word = &self.text[word];
            if !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                self.nodes[property].kind = Kind::Name;
                self.nodes[at].kind = Kind::Member;
            }
        }
    }
}
