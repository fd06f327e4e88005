//! What the project knows: rules, controls and budgets, as plain data.
//!
//! A rule says what is wrong, why that matters and what to do about it. How to look for it is named by
//! its [`Matcher`]; the looking itself is the job of `engines`, `checks` and `live`.

pub mod budget;
pub mod control;
pub mod definition;
pub mod load;
pub mod marker;
pub mod matcher;
pub mod probe;
pub mod repair;
pub mod set;
pub mod verify;

pub use budget::{Budget, Limit};
pub use control::{Answer, Control, ControlId};
pub use definition::{
    Confidence, Effort, Example, ExampleFile, Kind, Matcher, Rule, RuleId, Severity, Tier,
};
pub use load::RuleError;
pub use marker::Marker;
pub use matcher::{
    CodePattern, DocumentMatcher, Language, Model, Operator, Partner, Scalar, SecretMatcher, Test,
};
pub use probe::ProbeMatcher;
pub use repair::{Action, Repair, Setting};
pub use set::RuleSet;
pub use verify::{Life, Verify};
