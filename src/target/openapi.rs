//! API descriptions: `OpenAPI` 3.0 and 3.1, Swagger 2.0, in JSON or YAML, read into operations.
//!
//! A description says which paths there are, never where: of its `servers` only the path counts.

use serde_json::{Map, Value};

use super::operation::{Location, Operation, Parameter, path_parameters};
use crate::finding::{FilePlace, RepoPath, Span, line_hash::LineHashes};

const METHODS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// Reference chains that are longer are circles.
const MOST_REFERENCES: usize = 8;
/// More operations than these are not one API.
const MOST_OPERATIONS: usize = 5_000;

/// What a description says.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// Its operations, sorted by route.
    pub operations: Vec<Operation>,
}

impl Description {
    /// Reads a description. `path` is its file in the repository, if that is where it is from.
    pub fn read(text: &str, path: Option<&RepoPath>) -> Result<Self, String> {
        let document = parse(text)?;
        let is_description = document.get("openapi").or(document.get("swagger")).is_some();
        let paths = document.get("paths").and_then(Value::as_object);
        let (true, Some(paths)) = (is_description, paths) else {
            return Err("it is no OpenAPI or Swagger description with `paths`".to_owned());
        };
        let reader = Reader { document: &document, prefix: prefix(&document) };
        let mut operations: Vec<Operation> =
            paths.iter().flat_map(|(route, item)| reader.operations(route, item)).collect();
        operations.truncate(MOST_OPERATIONS);
        if let Some(path) = path {
            Places::new(text, path).give(&mut operations, &reader.prefix);
        }
        Ok(Self { operations })
    }

    /// The documented methods of a route, upper case.
    pub fn methods(&self, route: &str) -> Vec<&str> {
        let here = self.operations.iter().filter(|operation| operation.route == route);
        here.map(|operation| operation.method.as_str()).collect()
    }
}

fn parse(text: &str) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| error.to_string())
    } else {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }
}

/// The path under which the routes lie: `basePath`, or the path of the first server.
fn prefix(document: &Value) -> String {
    let server = || document.pointer("/servers/0/url").and_then(Value::as_str).map(path_of_url);
    let base = document.get("basePath").and_then(Value::as_str).map(str::to_owned);
    let prefix = base.or_else(server).unwrap_or_default();
    let prefix = prefix.trim_end_matches('/');
    if prefix.starts_with('/') && !prefix.contains(['{', '?', '#']) && !prefix.contains("..") {
        prefix.to_owned()
    } else {
        String::new()
    }
}

fn path_of_url(url: &str) -> String {
    match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map(|at| rest[at..].to_owned()).unwrap_or_default(),
        None if url.starts_with("//") => String::new(),
        None => url.to_owned(),
    }
}

struct Reader<'a> {
    document: &'a Value,
    prefix: String,
}

impl Reader<'_> {
    fn operations(&self, route: &str, item: &Value) -> Vec<Operation> {
        let Some(item) = self.resolve(item).as_object() else { return Vec::new() };
        let named = METHODS.iter().filter_map(|method| Some((*method, item.get(*method)?)));
        let with_slash =
            if route.starts_with('/') { route.to_owned() } else { format!("/{route}") };
        named
            .filter_map(|(method, operation)| Some((method, operation.as_object()?)))
            .map(|(method, operation)| Operation {
                method: method.to_ascii_uppercase(),
                route: format!("{}{with_slash}", self.prefix),
                parameters: self.parameters(&with_slash, item, operation),
                is_documented: true,
                is_protected: Some(self.is_protected(operation)),
                at: None,
            })
            .collect()
    }

    /// Whether an identity is needed. `security: []` says no, and so does an empty alternative.
    fn is_protected(&self, operation: &Map<String, Value>) -> bool {
        let security = operation.get("security").or_else(|| self.document.get("security"));
        let Some(alternatives) = security.and_then(Value::as_array) else { return false };
        let is_empty =
            |alternative: &Value| alternative.as_object().is_none_or(serde_json::Map::is_empty);
        !alternatives.is_empty() && !alternatives.iter().any(is_empty)
    }

    fn parameters(
        &self,
        route: &str,
        item: &Map<String, Value>,
        operation: &Map<String, Value>,
    ) -> Vec<Parameter> {
        // The operation's own come first: they win over those of the path.
        let lists = [operation.get("parameters"), item.get("parameters")];
        let listed = lists.into_iter().flatten().filter_map(Value::as_array).flatten();
        let mut parameters: Vec<Parameter> = Vec::new();
        for parameter in listed.filter_map(|parameter| self.parameter(self.resolve(parameter))) {
            let is_known = parameters
                .iter()
                .any(|known| known.name == parameter.name && known.location == parameter.location);
            if !is_known {
                parameters.push(parameter);
            }
        }
        for guessed in path_parameters(route) {
            if !parameters.iter().any(|known| known.name == guessed.name) {
                parameters.push(guessed);
            }
        }
        parameters
    }

    fn parameter(&self, parameter: &Value) -> Option<Parameter> {
        let location = match parameter.get("in")?.as_str()? {
            "path" => Location::Path,
            "query" => Location::Query,
            "header" => Location::Header,
            _ => return None,
        };
        let schema = parameter.get("schema").map_or(parameter, |schema| self.resolve(schema));
        let given = given_sample(parameter).or_else(|| given_sample(schema));
        let required = parameter.get("required").and_then(Value::as_bool).unwrap_or(false);
        Some(Parameter {
            name: parameter.get("name")?.as_str()?.to_owned(),
            location,
            required: required || location == Location::Path,
            is_number: matches!(type_of(schema), "integer" | "number"),
            is_given: given.is_some(),
            sample: given.unwrap_or_else(|| self.guess(schema)),
        })
    }

    fn guess(&self, schema: &Value) -> String {
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        match (type_of(schema), format) {
            ("integer" | "number", _) => {
                let least = schema.get("minimum").and_then(Value::as_i64).unwrap_or(1);
                least.max(1).to_string()
            }
            ("boolean", _) => "true".to_owned(),
            ("array", _) => {
                let items = schema.get("items").map(|items| self.resolve(items));
                items.map_or("1".to_owned(), |items| {
                    given_sample(items).unwrap_or_else(|| "1".to_owned())
                })
            }
            (_, "uuid") => "00000000-0000-4000-8000-000000000001".to_owned(),
            (_, "date") => "2024-01-01".to_owned(),
            (_, "date-time") => "2024-01-01T00:00:00Z".to_owned(),
            (_, "email") => "audit@example.invalid".to_owned(),
            _ => "1".to_owned(),
        }
    }

    /// What a local reference stands for; references to other documents are not followed.
    fn resolve<'b>(&'b self, value: &'b Value) -> &'b Value {
        let mut value = value;
        for _ in 0..MOST_REFERENCES {
            let reference = value.get("$ref").and_then(Value::as_str);
            let Some(pointer) = reference.and_then(|text| text.strip_prefix('#')) else { break };
            let Some(next) = self.document.pointer(pointer) else { break };
            value = next;
        }
        value
    }
}

fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        // OpenAPI 3.1: `[integer, "null"]`.
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or_default()
        }
        _ => "",
    }
}

fn given_sample(value: &Value) -> Option<String> {
    let named = value.get("examples").and_then(|examples| match examples {
        Value::Object(examples) => examples.values().next()?.get("value"),
        Value::Array(examples) => examples.first(),
        _ => None,
    });
    let candidates = [
        value.get("example"),
        named,
        value.get("default"),
        value.get("const"),
        value.pointer("/enum/0"),
    ];
    candidates.into_iter().flatten().find_map(|sample| match sample {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    })
}

/// Finds the lines of routes in the description's text.
struct Places<'a> {
    path: &'a RepoPath,
    lines: Vec<&'a str>,
    hashes: LineHashes,
}

impl<'a> Places<'a> {
    fn new(text: &'a str, path: &'a RepoPath) -> Self {
        Self { path, lines: text.lines().collect(), hashes: LineHashes::new(text) }
    }

    fn give(&self, operations: &mut [Operation], prefix: &str) {
        for operation in operations {
            let route = operation.route.strip_prefix(prefix).unwrap_or(&operation.route);
            operation.at = self.find(route);
        }
    }

    fn find(&self, route: &str) -> Option<FilePlace> {
        let quotes = ['"', '\'', ' '];
        let is_key = |line: &&str| {
            let line = line.trim().trim_end_matches(['{', ' ']);
            line.strip_suffix(':').is_some_and(|key| key.trim_matches(quotes) == route)
        };
        let as_json = format!("\"{route}\"");
        let index = self
            .lines
            .iter()
            .position(is_key)
            .or_else(|| self.lines.iter().position(|line| line.contains(&as_json)))?;
        let number = u32::try_from(index + 1).ok()?;
        let line = self.lines[index];
        let before = line.len() - line.trim_start().len();
        let column = |units: usize| u32::try_from(units + 1).unwrap_or(1);
        let span = Span {
            start_line: number,
            start_column: column(before),
            end_line: number,
            end_column: column(line.encode_utf16().count()),
        };
        let mut place = FilePlace::whole(self.path.clone());
        place.span = span;
        place.line_hash = self.hashes.of(number);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = r##"
openapi: 3.1.0
servers: [{ url: "https://elsewhere.invalid/v1" }]
security: [{ token: [] }]
paths:
  /orders/{id}:
    parameters:
      - { name: id, in: path, required: true, schema: { type: integer, minimum: 7 } }
    get:
      parameters:
        - { $ref: "#/components/parameters/Page" }
    delete: {}
  /health:
    get: { security: [] }
components:
  parameters:
    Page: { name: page, in: query, schema: { type: [integer, "null"], default: 3 } }
"##;

    #[test]
    fn an_openapi_description_in_yaml_is_read_with_samples_security_and_places() {
        let path = RepoPath::new("openapi.yaml");
        let description = Description::read(YAML, Some(&path)).unwrap();
        let names: Vec<_> = description.operations.iter().map(Operation::name).collect();
        assert_eq!(names, ["GET /v1/health", "GET /v1/orders/{id}", "DELETE /v1/orders/{id}"]);
        assert_eq!(description.operations[1].path(None), "/v1/orders/7?page=3");
        assert_eq!(description.operations[1].is_protected, Some(true));
        assert_eq!(description.operations[0].is_protected, Some(false));
        let at = description.operations[1].at.as_ref().unwrap();
        assert_eq!((at.span.start_line, at.span.start_column), (6, 3));
        assert_eq!(description.methods("/v1/orders/{id}"), ["GET", "DELETE"]);
    }

    #[test]
    fn a_swagger_2_description_in_json_is_read() {
        let text = r#"{ "swagger": "2.0", "host": "elsewhere.invalid", "basePath": "/api/",
          "paths": { "/items/{name}": { "get": { "parameters": [
            { "name": "name", "in": "path", "required": true, "type": "string", "enum": ["a b"] },
            { "name": "limit", "in": "query", "type": "integer" } ] } } } }"#;
        let description = Description::read(text, None).unwrap();
        assert_eq!(description.operations[0].path(None), "/api/items/a%20b");
        assert_eq!(description.operations[0].is_protected, Some(false));
    }

    #[test]
    fn other_documents_circles_and_nonsense_are_refused_or_survived() {
        assert!(Description::read("<html></html>", None).is_err());
        assert!(Description::read("{\"paths\": {}}", None).is_err());
        let circle = r##"{ "openapi": "3.0.0", "paths": { "/a": { "get": { "parameters": [
            { "$ref": "#/x" }, 7, null ] }, "put": 1 }, "/b": { "$ref": "#/paths/~1b" } },
            "x": { "$ref": "#/x" } }"##;
        let description = Description::read(circle, None).unwrap();
        assert_eq!(description.operations.len(), 1);
    }
}
