//! Tokens, roles, orders and accounts.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{assert_switched, repaired, with};
use crate::demo::{
    Credentials, Defect, RunningShop, seconds_since_1970,
    token::{Checks, Claims, Role},
};

/// Whether the shop takes a token of the administrator that somebody else has signed.
fn takes(shop: &RunningShop, key: &str, claims: &Claims) -> bool {
    let key = key.as_bytes().to_vec();
    let forger = Checks { key, signature: true, none_allowed: false, expiry: true };
    shop.get_as(&forger.sign(claims), "/me").status == 200
}

fn administrator_now() -> Claims {
    Claims::new("root", Role::Admin, seconds_since_1970())
}

fn register(shop: &RunningShop, more: &Value) -> Value {
    let mut account = json!({ "username": "mallory", "password": "a password of some length" });
    let fields = account.as_object_mut().expect("the line above made an object");
    fields.extend(more.as_object().expect("tests add objects").clone());
    shop.post("/register", &account).json()
}

fn try_passwords(shop: &RunningShop, times: u32) -> u16 {
    let wrong = Credentials { username: "alice".to_owned(), password: "wrong".to_owned() };
    (0..times).fold(0, |_, _| shop.log_in(&wrong).status)
}

#[test]
fn a_login_gives_a_token_that_is_taken() {
    let shop = repaired();
    let token = shop.token(&shop.customer);
    let expected = json!({ "username": "alice", "role": "customer" });
    assert_eq!(shop.get_as(&token, "/me").json(), expected);
}

#[test]
fn rubbish_is_no_token() {
    assert_eq!(repaired().get_as("rubbish", "/me").status, 401);
}

#[test]
fn an_unchecked_signature_is_switched() {
    // Without a check of the signature the weak key is not needed: any key will do.
    assert_switched(Defect::TokenSignatureUnchecked, |shop| {
        takes(shop, "any key", &administrator_now())
    });
}

#[test]
fn a_weak_secret_is_switched() {
    let shops = [with(Defect::TokenSecretWeak), repaired()];
    assert_eq!(shops.map(|shop| takes(&shop, "secret", &administrator_now())), [true, false]);
}

#[test]
fn the_algorithm_none_is_switched() {
    // {"alg":"none"} and the claims of the administrator until 2100, unsigned.
    let parts = [
        r#"{"alg":"none"}"#,
        r#"{"iss":"tidewater","sub":"root","role":"admin","iat":1,"exp":4102444800}"#,
    ];
    let [header, claims] = parts.map(|part| URL_SAFE_NO_PAD.encode(part));
    let token = format!("{header}.{claims}.");
    let shops = [with(Defect::TokenAlgorithmNone), repaired()];
    assert_eq!(shops.map(|shop| shop.get_as(&token, "/me").status), [200, 401]);
}

#[test]
fn an_expired_token_is_switched() {
    let weak = super::Switches::repaired().with(Defect::TokenSecretWeak);
    let old = Claims::new("root", Role::Admin, seconds_since_1970() - 3_600);
    let shops = [weak.clone().with(Defect::TokenExpiryUnchecked), weak];
    let taken = shops.map(|switches| takes(&super::start(switches).unwrap(), "secret", &old));
    assert_eq!(taken, [true, false]);
}

#[test]
fn orders_without_a_token_are_switched() {
    assert_switched(Defect::OrdersUnauthenticated, |shop| shop.get("/orders").status == 200);
}

#[test]
fn accounts_without_a_token_are_switched() {
    assert_switched(Defect::AccountsUnauthenticated, |shop| {
        shop.get("/admin/users").body.contains("alice")
    });
}

#[test]
fn orders_of_others_are_switched() {
    assert_switched(Defect::OrdersOfOthers, |shop| {
        let token = shop.token(&shop.customer);
        shop.get_as(&token, "/orders/2").status == 200
    });
}

#[test]
fn a_customer_reads_the_own_order() {
    let shop = repaired();
    let token = shop.token(&shop.customer);
    assert_eq!(shop.get_as(&token, "/orders/1").json()["owner"], "alice");
}

#[test]
fn a_placed_order_is_listed_for_its_owner() {
    let shop = repaired();
    let bearer = format!("Bearer {}", shop.token(&shop.customer));
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let placed = shop.send("POST", "/orders", &headers, r#"{"product":1,"quantity":2}"#);
    assert_eq!((placed.status, placed.json()["id"].as_u64()), (201, Some(3)));
    let listed = shop.send("GET", "/orders", &headers, "").json();
    assert_eq!(listed["orders"].as_array().unwrap().len(), 2);
}

#[test]
fn an_order_of_too_many_pieces_is_refused() {
    let shop = repaired();
    let bearer = format!("Bearer {}", shop.token(&shop.customer));
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let answer = shop.send("POST", "/orders", &headers, r#"{"product":1,"quantity":100}"#);
    assert_eq!(answer.status, 400);
}

#[test]
fn the_administration_for_all_is_switched() {
    let shops = [with(Defect::AdministrationForAll), repaired()];
    let statuses = shops.map(|shop| {
        let token = shop.token(&shop.customer);
        shop.get_as(&token, "/admin/users").status
    });
    assert_eq!(statuses, [200, 403]);
}

#[test]
fn a_chosen_role_is_switched() {
    assert_switched(Defect::MassAssignment, |shop| {
        register(shop, &json!({ "role": "admin" }))["role"] == "admin"
    });
}

#[test]
fn whoever_registers_is_a_customer() {
    assert_eq!(register(&with(Defect::MassAssignment), &json!({}))["role"], "customer");
}

#[test]
fn a_taken_name_is_refused() {
    let account = json!({ "username": "alice", "password": "a password of some length" });
    assert_eq!(repaired().post("/register", &account).status, 409);
}

#[test]
fn naming_users_is_switched() {
    assert_switched(Defect::LoginNamesUsers, |shop| {
        let stranger = json!({ "username": "nobody", "password": "wrong" });
        let known = json!({ "username": "alice", "password": "wrong" });
        shop.post("/login", &stranger).body != shop.post("/login", &known).body
    });
}

#[test]
fn unlimited_attempts_are_switched() {
    assert_switched(Defect::LoginUnlimited, |shop| try_passwords(shop, 6) == 401);
}

#[test]
fn a_limited_name_is_told_how_long_to_wait() {
    let shop = repaired();
    try_passwords(&shop, 5);
    let answer = shop.log_in(&shop.customer);
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() <= 61);
}

#[test]
fn a_login_in_another_media_type_is_refused() {
    let answer = repaired().send("POST", "/login", &[("content-type", "text/plain")], "{}");
    assert_eq!(answer.status, 415);
}

#[test]
fn a_malformed_login_is_bad_input() {
    let answer = repaired().send("POST", "/login", &[("content-type", "application/json")], "{");
    assert_eq!(answer.status, 400);
}
