//! The configured login: the only request that writes without `--writes`.

use serde_json::Value;

use super::{likeness::json, session::Session};
use crate::{
    finding::{Outcome, Ran, Secret},
    target::{Body, Exchange, Request, SendError},
};

const NAME: &str = "live/login";

/// How to log in. The credentials are given; nothing here reads the environment.
#[derive(Debug, Clone)]
pub struct Login {
    /// `POST`, mostly.
    pub method: String,
    /// The route.
    pub path: String,
    /// What is sent, with `{{ username }}` and `{{ password }}` in it.
    pub body: LoginBody,
    /// JSON pointer to the token in the answer; `None` takes the answer's cookies.
    pub token: Option<String>,
    /// The user's name.
    pub username: Secret,
    /// The user's password.
    pub password: Secret,
}

/// What a login sends.
#[derive(Debug, Clone)]
pub enum LoginBody {
    /// `application/json`.
    Json(Value),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
}

/// Logs in, if a login is configured. The outcome says whether that worked.
pub(super) async fn attempt(session: &Session<'_>) -> (Option<Exchange>, Option<Outcome>) {
    let Some(login) = &session.request.login else { return (None, None) };
    session.hide(login.password.expose());
    let (answer, ran) = match sign_in(session, login).await {
        Ok(answer) => (Some(answer), Ran::Complete),
        Err(reason) => (None, Ran::Failed(format!("log in: {reason}"))),
    };
    let mut outcome = Outcome::new(NAME, Vec::new(), ran);
    outcome.looked_at = u64::from(answer.is_some());
    (answer, Some(outcome))
}

async fn sign_in(session: &Session<'_>, login: &Login) -> Result<Exchange, String> {
    let target = session.client.target();
    // A connection is needed to know whether the certificate verifies.
    if target.certificate_failure().is_some() {
        return Err(SendError::Unverified.to_string());
    }
    let mut request = Request::new(&login.method, &session.path(&login.path));
    request.body = Some(login.body());
    let answer = session.client.send(&request).await.map_err(|error| error.to_string())?;
    if answer.status >= 400 {
        return Err(format!("the answer is {}", answer.status));
    }
    if let Some(pointer) = &login.token {
        let token = token(&answer, pointer)?;
        session.hide(token.as_bytes());
        target.use_token(&token);
    } else {
        let cookies = cookies(&answer);
        if cookies.is_empty() {
            return Err("the answer sets no cookie, and `live.login.token` is not set".into());
        }
        for (_, value) in &cookies {
            session.hide(value.as_bytes());
        }
        let pairs = cookies.iter().map(|(name, value)| format!("{name}={value}"));
        target.use_cookies(&pairs.collect::<Vec<_>>().join("; "));
    }
    Ok(answer)
}

impl Login {
    fn body(&self) -> Body {
        let username = String::from_utf8_lossy(self.username.expose());
        let password = String::from_utf8_lossy(self.password.expose());
        let fill = |text: &str| {
            text.replace("{{ username }}", &username).replace("{{ password }}", &password)
        };
        match &self.body {
            LoginBody::Json(template) => Body {
                media_type: "application/json",
                content: Secret::new(filled(template, &fill).to_string().as_bytes()),
            },
            LoginBody::Form(fields) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                for (name, value) in fields {
                    form.append_pair(name, &fill(value));
                }
                Body {
                    media_type: "application/x-www-form-urlencoded",
                    content: Secret::new(form.finish().as_bytes()),
                }
            }
        }
    }
}

fn filled(template: &Value, fill: &dyn Fn(&str) -> String) -> Value {
    match template {
        Value::String(text) => Value::String(fill(text)),
        Value::Array(items) => items.iter().map(|item| filled(item, fill)).collect(),
        Value::Object(fields) => Value::Object(
            fields.iter().map(|(name, value)| (name.clone(), filled(value, fill))).collect(),
        ),
        other => other.clone(),
    }
}

fn token(answer: &Exchange, pointer: &str) -> Result<String, String> {
    let document = json(answer).ok_or("the answer is no JSON")?;
    match document.pointer(pointer) {
        Some(Value::String(token)) if !token.is_empty() => Ok(token.clone()),
        _ => Err(format!("the answer holds no token at `{pointer}`")),
    }
}

/// Name and value of each cookie that the answer sets.
fn cookies(answer: &Exchange) -> Vec<(String, String)> {
    let lines = answer.header_values("set-cookie");
    let pairs = lines.filter_map(|line| line.split(';').next()?.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}
