//! Which grammar reads a file, and what its nodes become in [`super::syntax`].

use std::sync::OnceLock;

use tree_sitter::Language as TreeLanguage;

use super::syntax::Kind;
use crate::rule::Language;

/// A grammar. TypeScript has two: in TSX, `<T>x` is an element and not a cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// `*.py`.
    Python,
    /// `*.js`, `*.jsx`, `*.mjs`, `*.cjs`.
    Javascript,
    /// `*.ts`, `*.mts`, `*.cts`.
    Typescript,
    /// `*.tsx`.
    Tsx,
}

impl Grammar {
    /// All grammars.
    pub const ALL: [Self; 4] = [Self::Python, Self::Javascript, Self::Typescript, Self::Tsx];

    /// The grammar for files with this extension.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "py" | "pyw" | "wsgi" => Some(Self::Python),
            "js" | "jsx" | "mjs" | "cjs" => Some(Self::Javascript),
            "ts" | "mts" | "cts" => Some(Self::Typescript),
            "tsx" => Some(Self::Tsx),
            _ => None,
        }
    }

    /// The language that people call it.
    pub const fn language(self) -> Language {
        match self {
            Self::Python => Language::Python,
            Self::Javascript => Language::Javascript,
            Self::Typescript | Self::Tsx => Language::Typescript,
        }
    }

    /// The tables by which the parser reads this grammar.
    pub(super) fn tree_language(self) -> TreeLanguage {
        match self {
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::Javascript => tree_sitter_javascript::LANGUAGE.into(),
            Self::Typescript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
        }
    }

    /// What becomes of each kind of node, by the grammar's number for it.
    pub(super) fn actions(self) -> &'static [Action] {
        static TABLES: [OnceLock<Vec<Action>>; 4] = [const { OnceLock::new() }; 4];
        TABLES[self as usize].get_or_init(|| {
            let language = self.tree_language();
            let count = u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
            (0..count).map(|id| action_of(&language, id)).collect()
        })
    }
}

/// What becomes of a node of the grammar's tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// A node of this kind, with what is below it.
    Keep(Kind),
    /// A node of this kind, and nothing below it.
    Leaf(Kind),
    /// Nothing; what is below stands in its place.
    Through,
    /// Nothing; only the first child stands in its place.
    First,
    /// Nothing at all.
    Drop,
    /// An operator below an operation; else nothing.
    Token,
    /// A property's name: a key in an object, else a name.
    Property,
    /// `{ x }` in JavaScript, which means `{ x: x }`.
    Shorthand,
}

fn action_of(language: &TreeLanguage, id: u16) -> Action {
    if !language.node_kind_is_named(id) {
        return Action::Token;
    }
    let name = language.node_kind_for_id(id).unwrap_or_default();
    leaf_action(name)
        .or_else(|| wrapper_action(name))
        .or_else(|| kept_kind(name).map(Action::Keep))
        .unwrap_or(Action::Keep(Kind::Other(id)))
}

fn leaf_action(name: &str) -> Option<Action> {
    Some(match name {
        "identifier"
        | "statement_identifier"
        | "private_property_identifier"
        | "this"
        | "import" => Action::Leaf(Kind::Name),
        "property_identifier" => Action::Property,
        "shorthand_property_identifier" | "shorthand_property_identifier_pattern" => {
            Action::Shorthand
        }
        "integer" | "float" | "number" => Action::Leaf(Kind::Number),
        "true" | "false" | "none" | "null" | "undefined" | "ellipsis" | "regex" => {
            Action::Leaf(Kind::Constant)
        }
        "dotted_name" | "relative_import" | "wildcard_import" => Action::Leaf(Kind::Dotted),
        _ => return None,
    })
}

fn wrapper_action(name: &str) -> Option<Action> {
    Some(match name {
        "comment"
        | "html_comment"
        | "line_continuation"
        | "hash_bang_line"
        | "type"
        | "type_annotation"
        | "type_arguments"
        | "type_parameters"
        | "type_parameter"
        | "accessibility_modifier"
        | "override_modifier"
        | "interface_declaration"
        | "type_alias_declaration"
        | "ambient_declaration"
        | "optional_chain"
        | "string_start"
        | "string_content"
        | "string_end"
        | "string_fragment"
        | "escape_sequence"
        | "escape_interpolation"
        | "format_specifier"
        | "type_conversion" => Action::Drop,
        "parenthesized_expression"
        | "expression_statement"
        | "lexical_declaration"
        | "variable_declaration"
        | "interpolation"
        | "template_substitution"
        | "computed_property_name"
        | "typed_parameter"
        | "required_parameter"
        | "optional_parameter"
        | "import_clause"
        | "named_imports"
        | "namespace_import"
        | "import_require_clause"
        | "as_pattern_target"
        | "with_clause"
        | "with_item"
        | "non_null_expression"
        | "type_assertion" => Action::Through,
        "as_expression" | "satisfies_expression" => Action::First,
        _ => return None,
    })
}

fn kept_kind(name: &str) -> Option<Kind> {
    Some(match name {
        "string" | "template_string" => Kind::Template,
        "concatenated_string" => Kind::Concatenated,
        "attribute" | "member_expression" => Kind::Member,
        "subscript" | "subscript_expression" => Kind::Index,
        "call" | "call_expression" => Kind::Call,
        "new_expression" => Kind::New,
        "argument_list" | "arguments" => Kind::Arguments,
        "keyword_argument" | "default_parameter" | "typed_default_parameter" => Kind::Keyword,
        "dictionary" | "object" | "object_pattern" => Kind::Object,
        "pair" | "pair_pattern" => Kind::Pair,
        "list" | "array" | "tuple" | "set" => Kind::List,
        "assignment"
        | "assignment_expression"
        | "variable_declarator"
        | "named_expression"
        | "public_field_definition"
        | "field_definition" => Kind::Assign,
        "augmented_assignment" | "augmented_assignment_expression" | "update_expression" => {
            Kind::Augmented
        }
        "binary_operator" | "boolean_operator" | "comparison_operator" | "binary_expression" => {
            Kind::Binary
        }
        "unary_operator" | "not_operator" | "unary_expression" => Kind::Unary,
        "conditional_expression" | "ternary_expression" => Kind::Conditional,
        "module" | "program" | "block" | "statement_block" => Kind::Block,
        "function_definition"
        | "lambda"
        | "function_declaration"
        | "function_expression"
        | "arrow_function"
        | "generator_function"
        | "generator_function_declaration"
        | "method_definition" => Kind::Function,
        "parameters" | "lambda_parameters" | "formal_parameters" => Kind::Parameters,
        "class_definition" | "class" | "class_declaration" | "abstract_class_declaration" => {
            Kind::Class
        }
        "decorator" => Kind::Decorator,
        "if_statement" => Kind::If,
        "for_statement" | "for_in_statement" | "for_in_clause" => Kind::For,
        "as_pattern" => Kind::As,
        "except_clause" | "catch_clause" => Kind::Except,
        "import_statement" => Kind::Import,
        "import_from_statement" => Kind::ImportFrom,
        "aliased_import" | "import_specifier" => Kind::Alias,
        _ => return None,
    })
}
