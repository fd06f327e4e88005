//! The defects that are planted in the practice shop, and the switches that turn them on.
//!
//! One table holds what is known of each defect: its name, and the rule that finds it from outside.
//! A defect without a rule waits for an audit that looks deeper than the present one.

use std::{collections::BTreeSet, fmt, str::FromStr};

/// One planted defect; each has its own switch and is independent of all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defect {
    /// No `X-Content-Type-Options: nosniff` on any answer.
    ContentTypeOptionsMissing,
    /// No `Content-Security-Policy` on any answer.
    ContentSecurityPolicyMissing,
    /// No `X-Frame-Options`, and no `frame-ancestors` in the content security policy.
    FrameOptionsMissing,
    /// No `Referrer-Policy` on any answer.
    ReferrerPolicyMissing,
    /// The session cookie of the home page can be read by scripts.
    CookieWithoutHttpOnly,
    /// The session cookie of the home page travels with requests from other sites.
    CookieWithoutSameSite,
    /// The session cookie of the home page lacks `Secure`, which matters once the shop has TLS.
    CookieWithoutSecure,
    /// Every `http` or `https` origin is reflected, with credentials allowed.
    CorsReflectsOrigin,
    /// The origin `null` is allowed, with credentials.
    CorsAllowsNull,
    /// The search answers `Access-Control-Allow-Origin: *` together with credentials.
    CorsWildcardCredentials,
    /// TRACE echoes the request with all of its headers.
    TraceEnabled,
    /// A method that nobody has heard of is answered as if it were GET.
    UnknownMethodAnswered,
    /// PUT and DELETE change products, for anybody, though the description does not name them.
    UndocumentedWrites,
    /// `/openapi.json` and `/docs` are served to anybody.
    ApiDescriptionExposed,
    /// Bad input is answered with the traceback of the failed handler.
    StackTrace,
    /// An unknown path is answered with the debug page of a web framework.
    DebugPage,
    /// `/console` is the interactive debugger of a web framework (its looks: it runs nothing).
    DebugConsole,
    /// `/.git/HEAD` and `/.git/config` are served.
    GitExposed,
    /// `/.env` is served.
    EnvFileExposed,
    /// The orders of all customers are listed without a token.
    OrdersUnauthenticated,
    /// The accounts are listed without a token.
    AccountsUnauthenticated,
    /// `Server` and `X-Powered-By` name versions.
    VersionBanner,
    /// The health endpoint says that the shop can not serve.
    Unhealthy,
    /// The reviews of a product take longer than any budget allows; seen under load.
    SlowReviews,
    /// The signature of a token is not verified.
    TokenSignatureUnchecked,
    /// A token that says `"alg": "none"` needs no signature.
    TokenAlgorithmNone,
    /// Tokens are signed with a word of every dictionary.
    TokenSecretWeak,
    /// A token is accepted after its end.
    TokenExpiryUnchecked,
    /// Any customer can read any order by its number.
    OrdersOfOthers,
    /// Any customer can use the administration.
    AdministrationForAll,
    /// Search text and category become part of the SQL text.
    SearchInjection,
    /// The search page shows the search text as markup.
    SearchScripting,
    /// Login tells an unknown name from a wrong password.
    LoginNamesUsers,
    /// Passwords can be tried without limit.
    LoginUnlimited,
    /// A download name may climb out of the public folder (of a file map in memory).
    DownloadTraversal,
    /// `/go` redirects to any site.
    OpenRedirect,
    /// Whoever registers can choose the role.
    MassAssignment,
    /// Uploads of any type are kept under their own name and served as what they claim to be.
    UploadUnrestricted,
}

/// Defect, name, and the rule that finds it; in the order of the enum.
const TABLE: [(Defect, &str, Option<&str>); 38] = [
    (
        Defect::ContentTypeOptionsMissing,
        "content-type-options-missing",
        Some("live/content-type-options-missing"),
    ),
    (
        Defect::ContentSecurityPolicyMissing,
        "content-security-policy-missing",
        Some("live/content-security-policy-missing"),
    ),
    (Defect::FrameOptionsMissing, "frame-options-missing", Some("live/frame-options-missing")),
    (
        Defect::ReferrerPolicyMissing,
        "referrer-policy-missing",
        Some("live/referrer-policy-missing"),
    ),
    (Defect::CookieWithoutHttpOnly, "cookie-without-http-only", Some("live/cookie-not-http-only")),
    (
        Defect::CookieWithoutSameSite,
        "cookie-without-same-site",
        Some("live/cookie-without-same-site"),
    ),
    // Without TLS nobody can demand `Secure`: no rule finds this one on loopback.
    (Defect::CookieWithoutSecure, "cookie-without-secure", None),
    (Defect::CorsReflectsOrigin, "cors-reflects-origin", Some("live/cors-reflected-origin")),
    (Defect::CorsAllowsNull, "cors-allows-null", Some("live/cors-null-origin")),
    (
        Defect::CorsWildcardCredentials,
        "cors-wildcard-credentials",
        Some("live/cors-wildcard-credentials"),
    ),
    (Defect::TraceEnabled, "trace-enabled", Some("live/trace-enabled")),
    (Defect::UnknownMethodAnswered, "unknown-method-answered", Some("live/undocumented-method")),
    (Defect::UndocumentedWrites, "undocumented-writes", Some("live/undocumented-method")),
    (
        Defect::ApiDescriptionExposed,
        "api-description-exposed",
        Some("live/api-description-exposed"),
    ),
    (Defect::StackTrace, "stack-trace", Some("live/stack-trace")),
    (Defect::DebugPage, "debug-page", Some("live/debug-page")),
    (Defect::DebugConsole, "debug-console", Some("live/debug-page")),
    (Defect::GitExposed, "git-exposed", Some("live/exposed-git")),
    (Defect::EnvFileExposed, "env-file-exposed", Some("live/exposed-env-file")),
    (
        Defect::OrdersUnauthenticated,
        "orders-unauthenticated",
        Some("live/unauthenticated-operation"),
    ),
    (
        Defect::AccountsUnauthenticated,
        "accounts-unauthenticated",
        Some("live/unauthenticated-operation"),
    ),
    (Defect::VersionBanner, "version-banner", Some("live/version-banner")),
    (Defect::Unhealthy, "unhealthy", Some("live/unhealthy")),
    (Defect::SlowReviews, "slow-reviews", Some("performance/latency")),
    (Defect::TokenSignatureUnchecked, "token-signature-unchecked", None),
    (Defect::TokenAlgorithmNone, "token-algorithm-none", None),
    (Defect::TokenSecretWeak, "token-secret-weak", None),
    (Defect::TokenExpiryUnchecked, "token-expiry-unchecked", None),
    (Defect::OrdersOfOthers, "orders-of-others", None),
    (Defect::AdministrationForAll, "administration-for-all", None),
    (Defect::SearchInjection, "search-injection", None),
    (Defect::SearchScripting, "search-scripting", None),
    (Defect::LoginNamesUsers, "login-names-users", None),
    (Defect::LoginUnlimited, "login-unlimited", None),
    (Defect::DownloadTraversal, "download-traversal", None),
    (Defect::OpenRedirect, "open-redirect", None),
    (Defect::MassAssignment, "mass-assignment", None),
    (Defect::UploadUnrestricted, "upload-unrestricted", None),
];

impl Defect {
    /// All defects, in the order of their declaration.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [TABLE[0].0; TABLE.len()];
        let mut index = 0;
        while index < TABLE.len() {
            all[index] = TABLE[index].0;
            index += 1;
        }
        all
    };

    /// The name by which the command line and the tests call the switch.
    pub const fn name(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// The rule that finds the defect on a running shop, if one does.
    pub const fn rule(self) -> Option<&'static str> {
        TABLE[self as usize].2
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that no defect has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no defect is called `{0}`")]
pub struct UnknownDefect(String);

impl FromStr for Defect {
    type Err = UnknownDefect;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|defect| defect.name() == name)
            .ok_or_else(|| UnknownDefect(name.to_owned()))
    }
}

/// Which defects a shop has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switches(BTreeSet<Defect>);

impl Switches {
    /// A shop with every defect.
    pub fn vulnerable() -> Self {
        Self(Defect::ALL.into_iter().collect())
    }

    /// A shop without any defect.
    pub const fn repaired() -> Self {
        Self(BTreeSet::new())
    }

    /// The same shop, with one more defect.
    #[must_use]
    pub fn with(mut self, defect: Defect) -> Self {
        self.0.insert(defect);
        self
    }

    /// The same shop, with one defect repaired.
    #[must_use]
    pub fn without(mut self, defect: Defect) -> Self {
        self.0.remove(&defect);
        self
    }

    /// Whether the shop has the defect.
    pub fn has(&self, defect: Defect) -> bool {
        self.0.contains(&defect)
    }

    /// The defects that the shop has, in the order of their declaration.
    pub fn defects(&self) -> impl Iterator<Item = Defect> + '_ {
        self.0.iter().copied()
    }
}

/// Reads `vulnerable`, `repaired`, or names of defects with commas between them.
impl FromStr for Switches {
    type Err = UnknownDefect;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "vulnerable" => Ok(Self::vulnerable()),
            "repaired" => Ok(Self::repaired()),
            names => names.split(',').map(|name| name.trim().parse()).collect(),
        }
    }
}

impl FromIterator<Defect> for Switches {
    fn from_iter<I: IntoIterator<Item = Defect>>(defects: I) -> Self {
        Self(defects.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Defect, Switches};

    #[test]
    fn the_table_follows_the_order_of_the_enum() {
        let positions: Vec<usize> = Defect::ALL.into_iter().map(|defect| defect as usize).collect();
        assert_eq!(positions, (0..Defect::ALL.len()).collect::<Vec<_>>());
    }

    #[test]
    fn every_name_leads_back_to_its_defect() {
        for defect in Defect::ALL {
            assert_eq!(defect.name().parse(), Ok(defect));
        }
    }

    #[test]
    fn an_unknown_name_is_refused_by_name() {
        let error = "stack-trace,tide".parse::<Switches>().unwrap_err();
        assert_eq!(error.to_string(), "no defect is called `tide`");
    }

    #[test]
    fn a_list_of_names_turns_on_just_those() {
        let switches: Switches = "stack-trace, debug-page".parse().unwrap();
        let expected = Switches::repaired().with(Defect::StackTrace).with(Defect::DebugPage);
        assert_eq!(switches, expected);
    }

    #[test]
    fn a_repaired_defect_leaves_the_others() {
        let switches = Switches::vulnerable().without(Defect::StackTrace);
        assert!(!switches.has(Defect::StackTrace));
        assert_eq!(switches.defects().count(), Defect::ALL.len() - 1);
    }
}
