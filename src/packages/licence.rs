//! Licences of packages: what a package says of itself, in the terms of SPDX, and whether a project allows it.
//!
//! Registries have had licences as free text for longer than as SPDX expressions. What names a licence for certain
//! is read as one; what could mean several (`BSD`, `GPL`) is unclear, and is never taken for any of them.

mod expression;
mod installed;
mod names;
mod policy;
mod text;
mod written;

pub use expression::Expression;
pub use installed::{Found, Installed};
pub use policy::{Exception, Policy, Verdict};
pub use written::{of_bill, written};

/// A text that names a licence is no longer than this many bytes.
const LONGEST: usize = 1_024;
/// Characters of an unclear text that are shown.
const LONGEST_SHOWN: usize = 80;

/// What a package says of its licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Licence {
    /// Which licences it is under.
    Expression(Expression),
    /// It grants none: `UNLICENSED`, `proprietary`.
    NotGranted(String),
    /// Nothing that names a licence for certain. The text is short and on one line.
    Unclear(String),
}

impl Licence {
    /// Reads what a package says: an SPDX expression, or a name in common use.
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::unstated();
        }
        if text.len() > LONGEST {
            return text::recognise(text).map_or_else(|| Self::unclear(text), Self::read);
        }
        if names::grants_nothing(text) {
            return Self::NotGranted(shown(text));
        }
        let expression = Expression::parse(text)
            .or_else(|| Expression::parse(names::identifier(text)?))
            .or_else(|| Expression::parse(text::recognise(text)?));
        expression.map_or_else(|| Self::unclear(text), Self::Expression)
    }

    /// Licences of which one may be chosen.
    pub fn any<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        Self::joined(texts, " OR ")
    }

    /// Licences that all apply.
    pub fn all<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        Self::joined(texts, " AND ")
    }

    /// What says nothing.
    pub(in crate::packages) fn unstated() -> Self {
        Self::Unclear("it states none".to_owned())
    }

    fn unclear(text: &str) -> Self {
        Self::Unclear(format!("it says `{}`", shown(text)))
    }

    fn joined<'t>(texts: impl IntoIterator<Item = &'t str>, operator: &str) -> Self {
        let texts: Vec<&str> = texts.into_iter().collect();
        match texts.as_slice() {
            [] => return Self::unstated(),
            [text] => return Self::read(text),
            _ => {}
        }
        let mut parts = Vec::with_capacity(texts.len());
        for text in &texts {
            match Self::read(text) {
                Self::Expression(part) => parts.push(format!("({})", part.text())),
                _ => return Self::unclear(&texts.join(", ")),
            }
        }
        parts.dedup();
        let joined = match parts.as_slice() {
            [one] => Expression::parse(&one[1..one.len() - 1]),
            _ => Expression::parse(&parts.join(operator)),
        };
        joined.map_or_else(|| Self::unclear(&texts.join(", ")), Self::Expression)
    }
}

/// A text on one line, without control characters, cut where it is long.
fn shown(text: &str) -> String {
    // Of a whole licence text no more than its beginning is looked at.
    let start = &text[..text.floor_char_boundary(LONGEST_SHOWN * 8)];
    let mut shown = start.split_whitespace().collect::<Vec<_>>().join(" ");
    shown.retain(|character| !character.is_control());
    if let Some((cut, _)) = shown.char_indices().nth(LONGEST_SHOWN) {
        shown.truncate(cut);
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match Licence::read(text) {
            Licence::Expression(expression) => expression.text().to_owned(),
            Licence::NotGranted(text) => format!("none: {text}"),
            Licence::Unclear(text) => format!("unclear: {text}"),
        }
    }

    #[test]
    fn expressions_are_read_as_registries_have_them() {
        for (text, expected) in [
            ("MIT", "MIT"),
            ("mit", "MIT"),
            ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
            ("MIT / apache-2.0", "MIT OR Apache-2.0"),
            ("(MIT Or Apache-2.0)", "(MIT OR Apache-2.0)"),
            ("Apache-2.0 with LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
            ("GPL-2.0", "GPL-2.0-only"),
            ("GPL-2.0+", "GPL-2.0-or-later"),
            ("MPL-1.1+", "MPL-1.1+"),
            ("LicenseRef-Own", "LicenseRef-Own"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn common_names_are_read_and_ambiguous_ones_are_not() {
        for (text, expected) in [
            ("Apache License 2.0", "Apache-2.0"),
            ("Apache License, Version 2.0", "Apache-2.0"),
            ("The Apache Software License, Version 2.0", "Apache-2.0"),
            ("The MIT License", "MIT"),
            ("MIT License (MIT)", "MIT"),
            ("BSD 3-Clause License", "BSD-3-Clause"),
            ("New BSD License", "BSD-3-Clause"),
            ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
            ("GNU Lesser General Public License v3 or later (LGPLv3+)", "LGPL-3.0-or-later"),
            ("BSD", "unclear: it says `BSD`"),
            ("Apache", "unclear: it says `Apache`"),
            ("GPL", "unclear: it says `GPL`"),
            ("SEE LICENSE IN LICENSE.md", "unclear: it says `SEE LICENSE IN LICENSE.md`"),
            ("MIT OR Something", "unclear: it says `MIT OR Something`"),
            ("", "unclear: it states none"),
            ("UNLICENSED", "none: UNLICENSED"),
            ("proprietary", "none: proprietary"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn of_several_licences_one_or_all_count() {
        let text = |licence| match licence {
            Licence::Expression(expression) => expression.text().to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(text(Licence::any(["MIT", "The Apache License 2.0"])), "(MIT) OR (Apache-2.0)");
        assert_eq!(text(Licence::all(["MIT OR ISC", "Zlib"])), "(MIT OR ISC) AND (Zlib)");
        assert_eq!(text(Licence::any(["MIT", "MIT"])), "MIT");
        assert!(matches!(Licence::any(["MIT", "BSD"]), Licence::Unclear(_)));
        assert!(matches!(Licence::any([]), Licence::Unclear(_)));
    }

    #[test]
    fn what_is_shown_is_one_short_line() {
        let Licence::Unclear(text) = Licence::read(&"own\u{1b}[31m\nwords ".repeat(100_000)) else {
            panic!()
        };
        assert!(text.chars().count() < 100 && !text.contains(char::is_control), "{text}");
    }
}
