//! Which licences a project allows.

use std::collections::BTreeSet;

use spdx::LicenseReq;

use super::{
    Licence,
    expression::{Expression, has_exception, is_refused, nearest, satisfies, single},
};
use crate::packages::Ecosystem;

/// Which licences packages may have.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    allow: Vec<LicenseReq>,
    deny: Vec<LicenseReq>,
    exceptions: Vec<Exception>,
}

/// Licences that one package may have besides.
#[derive(Debug, Clone)]
pub struct Exception {
    name: String,
    version: Option<String>,
    allow: Vec<LicenseReq>,
}

/// What a policy says of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be used.
    Allowed,
    /// It may not: the licences that are in the way, each as it is written. None if the package grants nothing.
    Refused(Vec<String>),
    /// That can not be told.
    Unknown,
}

impl Exception {
    /// Of a package `NAME` or `NAME@VERSION`. Fails with what is wrong.
    pub fn new(package: &str, allow: &[String]) -> Result<Self, String> {
        // The name of a package of npm may begin with the same character.
        let at = package.rfind('@').filter(|at| *at > 0);
        let (name, version) =
            at.map_or((package, None), |at| (&package[..at], Some(package[at + 1..].to_owned())));
        if name.is_empty() || version.as_deref() == Some("") {
            return Err(format!("`{package}` is not of the form NAME or NAME@VERSION"));
        }
        Ok(Self { name: name.to_owned(), version, allow: identifiers(allow)? })
    }

    fn is_about(&self, ecosystem: Ecosystem, name: &str, version: &str) -> bool {
        ecosystem.folded(&self.name) == ecosystem.folded(name)
            && self.version.as_deref().is_none_or(|known| known == version)
    }
}

impl Policy {
    /// What is allowed, if anything is all that is; what is not; and what single packages may have. Fails with
    /// the word that is no SPDX identifier and the nearest one that is.
    pub fn new(
        allow: &[String],
        deny: &[String],
        exceptions: Vec<Exception>,
    ) -> Result<Self, String> {
        let policy = Self { allow: identifiers(allow)?, deny: identifiers(deny)?, exceptions };
        match policy.allow.iter().find(|one| policy.deny.contains(one)) {
            Some(both) => Err(format!("`{both}` is both allowed and denied")),
            None => Ok(policy),
        }
    }

    /// What it says of a package: one way to satisfy its expression must use only what is fine. Where nothing is
    /// known for certain, an exception for the package answers.
    pub fn judge(
        &self,
        ecosystem: Ecosystem,
        (name, version): (&str, &str),
        licence: Option<&Licence>,
    ) -> Verdict {
        let is_about = |exception: &&Exception| exception.is_about(ecosystem, name, version);
        let exceptions: Vec<&Exception> = self.exceptions.iter().filter(is_about).collect();
        match licence {
            Some(Licence::Expression(expression)) => self.of_expression(expression, &exceptions),
            _ if !exceptions.is_empty() => Verdict::Allowed,
            Some(Licence::NotGranted(_)) => Verdict::Refused(Vec::new()),
            Some(Licence::Unclear(_)) | None => Verdict::Unknown,
        }
    }

    fn of_expression(&self, expression: &Expression, exceptions: &[&Exception]) -> Verdict {
        let is_fine = |one: &LicenseReq| {
            let mut besides = exceptions.iter().flat_map(|exception| &exception.allow);
            besides.any(|allowed| satisfies(allowed, one)) || self.is_fine(one)
        };
        if expression.is_satisfied(is_fine) {
            return Verdict::Allowed;
        }
        let mut seen = BTreeSet::new();
        let refused =
            expression.licences().filter(|one| !is_fine(one) && seen.insert((*one).clone()));
        Verdict::Refused(refused.map(ToString::to_string).collect())
    }

    fn is_fine(&self, one: &LicenseReq) -> bool {
        // An allowed exception to a denied licence is the more exact word.
        let speaks = |denied: &&LicenseReq| {
            self.allow.is_empty() || has_exception(denied) == has_exception(one)
        };
        let is_denied = self.deny.iter().filter(speaks).any(|denied| is_refused(denied, one));
        let is_allowed = self.allow.is_empty() || self.allow.iter().any(|ok| satisfies(ok, one));
        is_allowed && !is_denied
    }
}

fn identifiers(texts: &[String]) -> Result<Vec<LicenseReq>, String> {
    let read = |text: &String| {
        single(text).map_err(|word| {
            format!(
                "`{word}` is no SPDX identifier of one licence; the nearest is `{}`",
                nearest(&word)
            )
        })
    };
    texts.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn policy(allow: &[&str], deny: &[&str]) -> Policy {
        let exceptions = vec![
            Exception::new("@own/tool", &strings(&["GPL-3.0-only"])).unwrap(),
            Exception::new("old@1.0.0", &strings(&["GPL-3.0-only"])).unwrap(),
        ];
        Policy::new(&strings(allow), &strings(deny), exceptions).unwrap()
    }

    fn refused(policy: &Policy, licence: &str) -> Option<Vec<String>> {
        let licence = Licence::read(licence);
        match policy.judge(Ecosystem::Npm, ("other", "1.0.0"), Some(&licence)) {
            Verdict::Allowed => None,
            Verdict::Refused(parts) => Some(parts),
            Verdict::Unknown => panic!("{licence:?}"),
        }
    }

    #[test]
    fn one_way_to_satisfy_an_expression_is_enough() {
        let policy = policy(&["MIT", "Apache-2.0"], &[]);
        assert_eq!(refused(&policy, "MIT OR GPL-3.0-only"), None);
        assert_eq!(refused(&policy, "MIT AND Apache-2.0"), None);
        assert_eq!(refused(&policy, "(GPL-3.0-only AND MIT) OR (MIT AND Apache-2.0)"), None);
        assert_eq!(refused(&policy, "MIT AND GPL-3.0"), Some(strings(&["GPL-3.0-only"])));
        assert_eq!(
            refused(&policy, "Apache-2.0 WITH LLVM-exception AND MIT"),
            Some(strings(&["Apache-2.0 WITH LLVM-exception"]))
        );
        assert_eq!(refused(&policy, "UNLICENSED"), Some(Vec::new()));
    }

    #[test]
    fn what_is_denied_is_in_the_way_and_all_else_is_not() {
        let policy = policy(&[], &["GPL-3.0-only", "AGPL-3.0-or-later"]);
        assert_eq!(refused(&policy, "MIT"), None);
        assert_eq!(refused(&policy, "MIT OR GPL-3.0-or-later"), None);
        assert_eq!(refused(&policy, "GPL-3.0+"), Some(strings(&["GPL-3.0-or-later"])));
        assert_eq!(refused(&policy, "MIT AND AGPL-3.0"), Some(strings(&["AGPL-3.0-only"])));
    }

    #[test]
    fn an_allowed_exception_to_a_denied_licence_is_fine() {
        let both = policy(&["GPL-2.0-only WITH Classpath-exception-2.0"], &["GPL-2.0-only"]);
        assert_eq!(refused(&both, "GPL-2.0-only WITH Classpath-exception-2.0"), None);
        assert!(refused(&both, "GPL-2.0-only").is_some());
    }

    #[test]
    fn an_exception_is_for_its_package_and_version_alone() {
        let policy = policy(&["MIT"], &[]);
        let gpl = Licence::read("GPL-3.0-only");
        let judge = |name, version, licence| policy.judge(Ecosystem::Npm, (name, version), licence);
        assert_eq!(judge("@own/tool", "2.0.0", Some(&gpl)), Verdict::Allowed);
        assert_eq!(judge("old", "1.0.0", Some(&gpl)), Verdict::Allowed);
        assert!(matches!(judge("old", "1.0.1", Some(&gpl)), Verdict::Refused(_)));
        assert_eq!(judge("old", "1.0.0", None), Verdict::Allowed);
        assert_eq!(judge("other", "1.0.0", None), Verdict::Unknown);
        let agpl = Licence::read("AGPL-3.0-only");
        assert!(matches!(judge("old", "1.0.0", Some(&agpl)), Verdict::Refused(_)));
    }

    #[test]
    fn a_bad_identifier_is_named_with_the_nearest() {
        let error = |allow: &[&str]| Policy::new(&strings(allow), &[], vec![]).unwrap_err();
        assert!(
            error(&["Apache2.0"]).contains("`Apache2.0`")
                && error(&["Apache2.0"]).contains("`Apache-2.0`")
        );
        assert!(error(&["MIT WITH LLVM-extension"]).contains("`LLVM-extension`"));
        assert!(error(&["MIT OR ISC"]).contains("`MIT OR ISC`"));
        let both = Policy::new(&strings(&["MIT"]), &strings(&["MIT"]), vec![]);
        assert!(both.unwrap_err().contains("both allowed and denied"));
    }
}
