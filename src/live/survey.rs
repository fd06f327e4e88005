//! What the target offers, and how it says no: the ground on which probes stand.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    likeness::{are_alike, json},
    reach::Reached,
    session::Session,
};
use crate::{
    finding::{Fact, Gap, Outcome, Ran, RouteFact},
    target::{
        Exchange, Location, Operation, Request, SendError, UNKNOWN_METHOD, openapi::Description,
        operation::encode, random,
    },
};

/// Where frameworks usually serve their API description.
const USUAL_DESCRIPTIONS: &[&str] = &[
    "/openapi.json",
    "/swagger.json",
    "/v3/api-docs",
    "/v2/api-docs",
    "/openapi.yaml",
    "/swagger/v1/swagger.json",
    "/api/openapi.json",
    "/api-docs",
    "/api/swagger.json",
    "/spec.json",
    "/apispec_1.json",
];
/// Most GET operations that get a baseline.
const MOST_BASELINES: usize = 300;

/// A GET operation, how it was asked for, and what it answered to anyone.
pub(super) struct Baseline {
    pub(super) operation: Operation,
    /// The route with its parameters filled in.
    pub(super) path: String,
    pub(super) answer: Exchange,
    /// What it answered to the user of the login.
    pub(super) as_user: Option<Exchange>,
}

/// What was learned before any probe.
pub(super) struct Survey {
    pub(super) reached: Reached,
    /// Answers to two random paths.
    pub(super) soft_404: [Exchange; 2],
    pub(super) baselines: Vec<Baseline>,
    pub(super) description: Option<Description>,
    /// Where anyone can read the description.
    pub(super) exposed: Option<(String, Exchange)>,
    /// The answer to the login.
    pub(super) signed_in: Option<Exchange>,
    gaps: Vec<Gap>,
    facts: Vec<Fact>,
    stopped: Option<String>,
}

impl Survey {
    /// Whether the answer is how this target says that there is nothing.
    pub(super) fn is_soft_404(&self, answer: &Exchange) -> bool {
        self.soft_404.iter().any(|known| are_alike(known, answer))
    }

    /// Baselines that anyone may read: 2xx, and the root or something that is really there.
    pub(super) fn open(&self) -> impl Iterator<Item = &Baseline> {
        self.baselines.iter().filter(|baseline| {
            baseline.answer.is_success()
                && (baseline.operation.route == "/" || !self.is_soft_404(&baseline.answer))
        })
    }

    /// What the survey itself brings home: routes with their lines, and what was not reached.
    pub(super) fn outcome(&self) -> Outcome {
        let ran = self.stopped.clone().map_or(Ran::Complete, Ran::Partial);
        let mut outcome = Outcome::new("live/survey", Vec::new(), ran);
        outcome.looked_at = self.baselines.len() as u64;
        outcome.gaps.clone_from(&self.gaps);
        outcome.facts.clone_from(&self.facts);
        outcome
    }
}

/// Learns what the target offers; an error is a target of which nothing can be concluded.
pub(super) async fn survey(
    session: &Session<'_>,
    reached: Reached,
    facts: &[Fact],
    signed_in: Option<Exchange>,
) -> Result<Survey, String> {
    let stopped = |error: SendError| format!("target not reached: {error}");
    let root = session.client.send_following(&Request::get(&session.path("/"))).await;
    let root = match root {
        Err(SendError::OffOrigin | SendError::Redirects | SendError::Route { .. }) => {
            session.get("/").await
        }
        other => other,
    };
    let root = root.map_err(stopped)?;
    let soft_404 = [
        session.get(&random_route()).await.map_err(stopped)?,
        session.get(&random_route()).await.map_err(stopped)?,
    ];
    let path = session.path(&random_route());
    let unknown = session.client.send(&Request::new(UNKNOWN_METHOD, &path)).await;
    let mut survey = Survey {
        reached,
        soft_404,
        baselines: Vec::new(),
        description: None,
        exposed: None,
        signed_in,
        gaps: Vec::new(),
        facts: Vec::new(),
        stopped: None,
    };
    survey.find_description(session).await;
    let operations = survey.operations(facts);
    survey.take_baselines(session, operations, &root).await;
    match survey.sameness(&root, unknown.as_ref().ok()) {
        Some(reason) => Err(reason),
        None => Ok(survey),
    }
}

fn random_route() -> String {
    format!("/{}", random::word())
}

impl Survey {
    /// Why nothing can be concluded of this target, if it answers every request alike.
    fn sameness(&self, root: &Exchange, unknown: Option<&Exchange>) -> Option<String> {
        let nothing = "so that nothing can be concluded";
        let random = &self.soft_404[0];
        if random.is_success() && unknown.is_some_and(Exchange::is_success) {
            return Some(format!(
                "the target answers {} even to a path and a method that do not exist, {nothing}",
                random.status
            ));
        }
        let health = self.reached.health.iter().map(|(_, answer)| answer);
        let mut all = self.baselines.iter().map(|baseline| &baseline.answer).chain([root]);
        let mut all = all.by_ref().chain(health).chain([&self.soft_404[1]]);
        let knows_more = self.baselines.iter().any(|baseline| baseline.as_user.is_some());
        (!knows_more && all.all(|answer| answer.status == random.status && !answer.is_success()))
            .then(|| {
                let status = random.status;
                format!("the target answers every request with {status}, {nothing}{}", hint(status))
            })
    }

    async fn find_description(&mut self, session: &Session<'_>) {
        if let Some((path, text)) = &session.request.description {
            match Description::read(text, Some(path)) {
                Ok(description) => self.description = Some(description),
                Err(reason) => self.gap(path.as_str(), &reason, true),
            }
        }
        let configured = session.request.openapi.as_deref();
        let routes = configured.map_or(USUAL_DESCRIPTIONS.to_vec(), |route| vec![route]);
        for route in routes {
            match session.get(route).await {
                Ok(answer) if answer.is_success() => {
                    if self.take_description(route, answer) {
                        return;
                    }
                }
                Err(error) if error.is_final() => return self.stopped = Some(error.to_string()),
                Ok(_) | Err(_) => {}
            }
        }
        if let (Some(route), None) = (configured, &self.description) {
            self.read_as_user(session, route).await;
        }
    }

    fn take_description(&mut self, route: &str, answer: Exchange) -> bool {
        if answer.is_html() || self.is_soft_404(&answer) {
            return false;
        }
        let Ok(description) = Description::read(&answer.text(), None) else { return false };
        self.description.get_or_insert(description);
        self.exposed = Some((route.to_owned(), answer));
        true
    }

    async fn read_as_user(&mut self, session: &Session<'_>, route: &str) {
        let answered = if session.client.target().has_credential() {
            session.get_as_user(route).await
        } else {
            session.get(route).await
        };
        match answered.map(|answer| Description::read(&answer.text(), None)) {
            Ok(Ok(description)) => self.description = Some(description),
            Ok(Err(reason)) => self.gap(route, &format!("no API description: {reason}"), true),
            Err(error) => self.gap(route, &error.to_string(), true),
        }
    }

    /// All GET operations: the root, those of the description, and those that the source shows.
    fn operations(&mut self, facts: &[Fact]) -> Vec<Operation> {
        let mut operations = vec![Operation::plain("/")];
        if let Some(description) = &self.description {
            let gets = description.operations.iter().filter(|operation| operation.method == "GET");
            operations.extend(gets.cloned());
            self.facts.extend(description.operations.iter().filter_map(fact));
        }
        for fact in facts {
            let Fact::Route(route) = fact else { continue };
            let is_get = route.method.as_deref().is_none_or(|method| method == "GET");
            // A pattern stands for many routes; which ones there are it does not say.
            if is_get && !route.route.contains(['^', '$', '*', '(', '<', '\\']) {
                add_route(&mut operations, route);
            }
        }
        let mut seen = BTreeSet::new();
        operations.retain(|operation| seen.insert(operation.route.clone()));
        // Lists come before what is in them: an id listed is an id used.
        operations.sort_by_key(|operation| operation.route.matches('{').count());
        if operations.len() > MOST_BASELINES {
            let reason = format!("only the first {MOST_BASELINES} GET operations are looked at");
            self.gap("the API description", &reason, false);
            operations.truncate(MOST_BASELINES);
        }
        operations
    }

    async fn take_baselines(
        &mut self,
        session: &Session<'_>,
        operations: Vec<Operation>,
        root: &Exchange,
    ) {
        let mut documents: Vec<(String, Value)> = Vec::new();
        for mut operation in operations {
            for odd in fill_ids(&mut operation, &documents) {
                session.hide(odd.as_bytes());
                session.hide(encode(&odd).as_bytes());
            }
            let path = operation.path(None);
            let answered = match operation.route.as_str() {
                "/" => Ok(root.clone()),
                _ => session.get(&path).await,
            };
            let answer = match answered {
                Ok(answer) => answer,
                Err(error) if error.is_final() => return self.stopped = Some(error.to_string()),
                Err(error) => {
                    let reason = session.quote(&error.to_string()).to_string();
                    self.gap(&operation.name(), &reason, false);
                    continue;
                }
            };
            let as_user = self.baseline_as_user(session, &operation, &path).await;
            let best = as_user.as_ref().filter(|answer| answer.is_success()).unwrap_or(&answer);
            if let Some(document) = best.is_success().then(|| json(best)).flatten() {
                documents.push((operation.route.clone(), document));
            } else if operation.is_documented && !best.is_success() {
                self.gap(&operation.name(), &format!("its baseline is {}", best.status), false);
            }
            self.baselines.push(Baseline { operation, path, answer, as_user });
        }
    }

    async fn baseline_as_user(
        &self,
        session: &Session<'_>,
        operation: &Operation,
        path: &str,
    ) -> Option<Exchange> {
        if self.signed_in.is_none() || operation.is_protected != Some(true) {
            return None;
        }
        session.get_as_user(path).await.ok()
    }

    fn gap(&mut self, subject: &str, reason: &str, incomplete: bool) {
        self.gaps.push(Gap { subject: subject.to_owned(), reason: reason.to_owned(), incomplete });
    }
}

/// What the user can do about a target that answers every request with this status.
const fn hint(status: u16) -> &'static str {
    match status {
        404 => ": name its API description in `live.openapi`",
        300..=399 | 401 | 403 => ": configure `live.login`",
        _ => "",
    }
}

fn fact(operation: &Operation) -> Option<Fact> {
    let at = operation.at.clone()?;
    let method = Some(operation.method.clone());
    Some(Fact::Route(RouteFact { method, route: operation.route.clone(), at }))
}

/// Adds a route of the source, or its line to the same route of the description.
fn add_route(operations: &mut Vec<Operation>, route: &RouteFact) {
    let with_slash = format!("/{}", route.route.trim_start_matches('/'));
    let anonymous = nameless(&with_slash);
    let at = Some(route.at.clone());
    match operations.iter_mut().find(|known| nameless(&known.route) == anonymous) {
        Some(known) => known.at = at,
        None => operations.push(Operation { at, ..Operation::plain(&with_slash) }),
    }
}

/// The route with its parameters' names left out: `/orders/{}`.
fn nameless(route: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for character in route.chars() {
        match character {
            '{' => inside = true,
            '}' => {
                inside = false;
                out.push_str("{}");
            }
            _ if !inside => out.push(character),
            _ => {}
        }
    }
    out
}

/// Parts of a name whose value opens something; it does not travel in a URL.
const SECRET_NAMES: &[&str] = &["key", "token", "secret", "pass", "session", "code", "auth"];

/// Gives path parameters that were guessed the values that earlier answers hold. Comes back with those of
/// the values that do not look like ids: nothing may show them.
fn fill_ids(operation: &mut Operation, documents: &[(String, Value)]) -> Vec<String> {
    let route = operation.route.clone();
    let mut odd = Vec::new();
    for parameter in &mut operation.parameters {
        let is_fixed = parameter.location != Location::Path || parameter.is_given;
        if is_fixed || is_secret_name(&parameter.name) {
            continue;
        }
        let marker = format!("/{{{}}}", parameter.name);
        let Some((parent, _)) = route.split_once(&marker) else { continue };
        let mut here = documents.iter().filter(|(route, _)| route == parent);
        if let Some(id) = here.find_map(|(_, value)| find_id(value, &parameter.name, 0)) {
            if !is_plain_id(&id) {
                odd.push(id.clone());
            }
            parameter.sample = id;
        }
    }
    odd
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// A number, a UUID, or words and numbers with hyphens between them.
fn is_plain_id(id: &str) -> bool {
    const LONGEST: usize = 48;
    const LONGEST_PART: usize = 16;
    const LONGEST_MIXED: usize = 6;
    let is_plain_part = |part: &str| {
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        let is_word = part.bytes().skip(1).all(|byte| byte.is_ascii_lowercase())
            && part.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_short =
            part.len() <= LONGEST_MIXED && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_number || is_short || (is_word && part.len() <= LONGEST_PART)
    };
    is_uuid(id) || (id.len() <= LONGEST && id.split(['-', '_']).all(is_plain_part))
}

fn is_uuid(id: &str) -> bool {
    let parts: Vec<&str> = id.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The first value of this name, or `id`, in a list.
fn find_id(value: &Value, name: &str, depth: usize) -> Option<String> {
    const DEEPEST: usize = 4;
    match value {
        Value::Array(items) => items.iter().find_map(|item| find_id(item, name, depth)),
        Value::Object(fields) => {
            let direct = ["id", "slug", "uuid"].iter().find_map(|name| fields.get(*name));
            let found = fields.get(name).or(direct).and_then(scalar);
            let mut open = fields.iter().filter(|(name, _)| !is_secret_name(name));
            let mut nested = || open.find_map(|(_, value)| find_id(value, name, depth + 1));
            found.or_else(|| if depth < DEEPEST { nested() } else { None })
        }
        _ => None,
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() && text.len() <= 200 => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(route: &str, list: &str) -> (String, Vec<String>) {
        let documents = [("/a".to_owned(), serde_json::from_str(list).unwrap())];
        let mut operation = Operation::plain(route);
        let odd = fill_ids(&mut operation, &documents);
        (operation.path(None), odd)
    }

    #[test]
    fn what_does_not_look_like_an_id_is_told_apart() {
        for id in ["41", "b7c1a2d4-0f1e-4a3b-9c8d-7e6f5a4b3c2d", "red-lamp-2", "A17", "Lamp"] {
            assert!(is_plain_id(id), "{id}");
        }
        for odd in ["k3Zq9vT1xW7bR5mN", "a@b.example", "0af7651916cd43dd", "two words", "x.y.z"] {
            assert!(!is_plain_id(odd), "{odd}");
        }
    }

    #[test]
    fn secrets_of_an_answer_do_not_travel_in_urls() {
        let list = r#"[{"key":"k3Zq9","token":"t","invite_code":"c","owner":"a b","id":7}]"#;
        for name in ["key", "apiToken", "session_id", "invite_code", "secret"] {
            assert_eq!(filled(&format!("/a/{{{name}}}"), list).0, "/a/1", "{name}");
        }
        assert_eq!(filled("/a/{id}", list), ("/a/7".to_owned(), Vec::new()));
        assert_eq!(filled("/a/{owner}", list).1, ["a b"]);
        assert_eq!(filled("/a/{id}", r#"{"session":{"id":"s1"}}"#).0, "/a/1");
    }
}
