//! What the static half learned that the live half may use.

use super::{FilePlace, Fingerprint, Secret};
use crate::rule::RuleId;

/// One thing that was learned about the application.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// The source answers this route.
    Route(RouteFact),
    /// A value that the source signs tokens with.
    SigningSecret(Secret),
    /// Debug mode is switched on here.
    DebugFlag(FilePlace),
    /// A credential whose vendor can be asked about it.
    Credential(CredentialFact),
}

/// A credential whose vendor can be asked about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CredentialFact {
    /// The rule that found it, and that knows how to ask.
    pub rule: RuleId,
    /// The value.
    pub secret: Secret,
    /// The other half of the pair, if one stands nearby.
    pub partner: Option<Secret>,
    /// The fingerprint of its finding.
    pub fingerprint: Fingerprint,
}

/// A route in the source or in an API description.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteFact {
    /// Upper-case method, or `None` for any.
    pub method: Option<String>,
    /// The path, parameters in braces: `/orders/{id}`.
    pub route: String,
    /// The handler, or the line of the description.
    pub at: FilePlace,
}
