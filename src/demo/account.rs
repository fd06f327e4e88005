//! Accounts: login, registration, and who is asking.

use std::{sync::Arc, time::Instant};

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answer::{self, Refusal},
    defect::Defect,
    password::PasswordHash,
    state::{Account, CAPACITY, ShopState},
    token::{Claims, LIFETIME, Role},
};

#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
}

#[derive(Deserialize)]
struct Registration {
    username: String,
    password: String,
    role: Option<Role>,
}

/// `POST /login`: a token for a name and its password.
pub(super) async fn login(
    State(shop): State<Arc<ShopState>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let Login { username, password } = answer::read_json(&headers, &body)?;
    refuse_the_impatient(&shop, &username)?;
    match role_of(&shop, &username, &password) {
        Ok(role) => {
            shop.store().limiter.note_success(&username);
            let claims = Claims::new(&username, role, (shop.now)());
            Ok(answer::private(&json!({
                "access_token": shop.tokens.sign(&claims),
                "token_type": "bearer",
                "expires_in": LIFETIME,
            })))
        }
        Err(refusal) => {
            shop.store().limiter.note_failure(&username, Instant::now());
            Err(refusal)
        }
    }
}

/// `POST /register`: a new customer.
pub(super) async fn register(
    State(shop): State<Arc<ShopState>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let wanted: Registration = answer::read_json(&headers, &body)?;
    check_registration(&wanted)?;
    let chosen = wanted.role.filter(|_| shop.has(Defect::MassAssignment));
    let role = chosen.unwrap_or(Role::Customer);
    let account = Account::new(role, &wanted.password);
    let mut store = shop.store();
    if store.accounts.contains_key(&wanted.username) {
        return Err(Refusal::Taken);
    }
    if store.accounts.len() >= CAPACITY {
        return Err(Refusal::Full);
    }
    let mut response = answer::private(&profile(&wanted.username, role));
    *response.status_mut() = StatusCode::CREATED;
    store.accounts.insert(wanted.username, account);
    Ok(response)
}

/// `GET /me`: the account that asks.
pub(super) async fn me(
    State(shop): State<Arc<ShopState>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let claims = authenticate(&shop, &headers)?;
    Ok(answer::private(&profile(&claims.sub, claims.role)))
}

/// `GET /admin/users`: all accounts, for the administration.
pub(super) async fn list(
    State(shop): State<Arc<ShopState>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if !shop.has(Defect::AccountsUnauthenticated) {
        administrate(&shop, &headers)?;
    }
    let store = shop.store();
    let users: Vec<Value> =
        store.accounts.iter().map(|(name, account)| profile(name, account.role)).collect();
    Ok(answer::private(&json!({ "users": users })))
}

/// Who asks, by the bearer token of the request.
pub(super) fn authenticate(shop: &ShopState, headers: &HeaderMap) -> Result<Claims, Refusal> {
    let claims = bearer(headers).and_then(|token| shop.verify(token));
    let known = claims.filter(|claims| shop.store().accounts.contains_key(&claims.sub));
    known.ok_or(Refusal::Unauthenticated)
}

/// Who asks, if it is the administration.
pub(super) fn administrate(shop: &ShopState, headers: &HeaderMap) -> Result<Claims, Refusal> {
    let claims = authenticate(shop, headers)?;
    let allowed = claims.role == Role::Admin || shop.has(Defect::AdministrationForAll);
    allowed.then_some(claims).ok_or(Refusal::Forbidden)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn refuse_the_impatient(shop: &ShopState, username: &str) -> Result<(), Refusal> {
    if shop.has(Defect::LoginUnlimited) {
        return Ok(());
    }
    let wait = shop.store().limiter.wait(username, Instant::now());
    wait.map_or(Ok(()), |seconds| Err(Refusal::TooMany(seconds)))
}

/// The role of the account, if the password is right.
///
/// An unknown name costs as much time as a known one: a hash is derived for it all the same.
fn role_of(shop: &ShopState, username: &str, password: &str) -> Result<Role, Refusal> {
    let account = {
        let store = shop.store();
        store.accounts.get(username).map(|account| (account.role, account.password.clone()))
    };
    let Some((role, hash)) = account else {
        if shop.has(Defect::LoginNamesUsers) {
            return Err(Refusal::NoSuchUser);
        }
        PasswordHash::new(password);
        return Err(Refusal::WrongCredentials);
    };
    hash.matches(password).then_some(role).ok_or(Refusal::WrongCredentials)
}

fn check_registration(wanted: &Registration) -> Result<(), Refusal> {
    let length = wanted.username.chars().count();
    let plain = wanted.username.chars().all(|c| c.is_ascii_alphanumeric() || "-_.@".contains(c));
    if !(3..=64).contains(&length) || !plain {
        return Err(Refusal::BadInput("a name has 3 to 64 letters, digits or -_.@"));
    }
    if !(12..=128).contains(&wanted.password.chars().count()) {
        return Err(Refusal::BadInput("a password has 12 to 128 characters"));
    }
    Ok(())
}

fn profile(name: &str, role: Role) -> Value {
    json!({ "username": name, "role": role })
}
