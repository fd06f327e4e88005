//! What the static half learned that the live half may use.

use super::{FilePlace, Secret};

/// One thing that was learned about the application.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// The source answers this route.
    Route(RouteFact),
    /// A value that the source signs tokens with.
    SigningSecret(Secret),
    /// Debug mode is switched on here.
    DebugFlag(FilePlace),
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
