//! Whether the target answers: waiting for it at the start, and its heartbeat later.

use std::time::{Duration, Instant};

use super::session::Session;
use crate::target::{Exchange, SendError};

/// Where applications usually say whether they are well.
const USUAL_PATHS: &[&str] = &[
    "/health",
    "/healthz",
    "/health/live",
    "/livez",
    "/readyz",
    "/api/health",
    "/actuator/health",
];
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What was learned on arrival.
pub(super) struct Reached {
    /// The health route and its last answer; `None` if none was found.
    pub(super) health: Option<(String, Exchange)>,
    /// The route whose answer shows that the target lives.
    pub(super) pulse: String,
}

/// Waits until the target answers, and longer while it says that it is not well yet.
pub(super) async fn wait(session: &Session<'_>) -> Result<Reached, String> {
    let until = Instant::now() + session.request.wait;
    let route = session.request.health.as_deref().unwrap_or(USUAL_PATHS[0]);
    let mut pause = FIRST_PAUSE;
    loop {
        let answered = session.get(route).await;
        let is_late = Instant::now() + pause >= until;
        match answered {
            Ok(answer) if answer.status < 500 || is_late => {
                return arrive(session, route, answer).await;
            }
            Err(error) if is_late || !is_worth_waiting(&error) => {
                return Err(format!("target not reached: {error}"));
            }
            Ok(_) | Err(_) => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether the target still answers as it did: anything but an error of its own.
pub(super) async fn is_alive(session: &Session<'_>, pulse: &str) -> bool {
    match session.get(pulse).await {
        Ok(answer) => answer.status < 500,
        // What the client refuses says nothing of the target.
        Err(error) => error.is_final(),
    }
}

async fn arrive(session: &Session<'_>, route: &str, answer: Exchange) -> Result<Reached, String> {
    if session.request.health.is_some() || answer.is_success() {
        return Ok(reached(route, answer));
    }
    for usual in &USUAL_PATHS[1..] {
        match session.get(usual).await {
            Ok(other) if other.is_success() => return Ok(reached(usual, other)),
            Err(error) if error.is_final() => return Err(error.to_string()),
            Ok(_) | Err(_) => {}
        }
    }
    if answer.status == 503 {
        // The usual route is there and says no.
        return Ok(reached(route, answer));
    }
    Ok(Reached { health: None, pulse: "/".to_owned() })
}

fn reached(route: &str, answer: Exchange) -> Reached {
    let pulse = if answer.status < 500 { route.to_owned() } else { "/".to_owned() };
    Reached { health: Some((route.to_owned(), answer)), pulse }
}

const fn is_worth_waiting(error: &SendError) -> bool {
    matches!(error, SendError::Unreachable(_) | SendError::Failed(_) | SendError::Timeout)
}
