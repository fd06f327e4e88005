//! What the target offers: one method of one route, and what fills its parameters.

use std::fmt::Write as _;

use crate::finding::FilePlace;

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// In the path, `{name}`.
    Path,
    /// In the query.
    Query,
    /// In a header.
    Header,
}

/// One parameter of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub location: Location,
    /// Whether the operation needs it.
    pub required: bool,
    /// Whether it is a number.
    pub is_number: bool,
    /// A value that should do, as text, not encoded.
    pub sample: String,
    /// Whether `sample` was given by the description (example, default, enumeration), not guessed.
    pub is_given: bool,
}

/// One method of one route.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Upper case.
    pub method: String,
    /// The route as a template, `/orders/{id}`.
    pub route: String,
    /// What fills it.
    pub parameters: Vec<Parameter>,
    /// Whether the API description lists it.
    pub is_documented: bool,
    /// Whether the API description says that it needs an identity; `None` if it says nothing.
    pub is_protected: Option<bool>,
    /// The line of the repository that answers for it.
    pub at: Option<FilePlace>,
}

impl Operation {
    /// A route without a description.
    pub fn plain(route: &str) -> Self {
        Self {
            method: "GET".to_owned(),
            route: route.to_owned(),
            parameters: path_parameters(route),
            is_documented: false,
            is_protected: None,
            at: None,
        }
    }

    /// `GET /orders/{id}`.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.route)
    }

    /// The path and query with every path and required query parameter filled in, except that
    /// `instead` gives another value (already encoded) for one of them.
    pub fn path(&self, instead: Option<(&str, &str)>) -> String {
        let mut path = self.route.clone();
        let mut query = Vec::new();
        for parameter in &self.parameters {
            let changed = instead.filter(|(name, _)| *name == parameter.name);
            let value = changed
                .map_or_else(|| encode(&parameter.sample), |(_, encoded)| encoded.to_owned());
            match parameter.location {
                Location::Path => {
                    path = path.replace(&format!("{{{}}}", parameter.name), &value);
                }
                Location::Query
                    if parameter.required || changed.is_some() || parameter.is_given =>
                {
                    query.push(format!("{}={value}", encode(&parameter.name)));
                }
                Location::Query | Location::Header => {}
            }
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }
}

/// The `{names}` of a route, with guessed values.
pub fn path_parameters(route: &str) -> Vec<Parameter> {
    route
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| Parameter {
            name: name.to_owned(),
            location: Location::Path,
            required: true,
            is_number: name.to_ascii_lowercase().ends_with("id"),
            sample: "1".to_owned(),
            is_given: false,
        })
        .collect()
}

/// Percent-encodes all but unreserved characters (RFC 3986, section 2.3).
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            let _ = write!(out, "{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_filled_and_encoded() {
        let mut operation = Operation::plain("/orders/{order_id}/items/{name}");
        operation.parameters[1].sample = "a/b c".to_owned();
        assert_eq!(operation.path(None), "/orders/1/items/a%2Fb%20c");
        assert_eq!(operation.path(Some(("order_id", "%ff"))), "/orders/%ff/items/a%2Fb%20c");
    }
}
