//! Orders: placed, listed and read by customers, each of whom sees only the own ones.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    account::authenticate,
    answer::{self, Refusal},
    catalogue,
    defect::Defect,
    state::{CAPACITY, ShopState},
    token::{Claims, Role},
};

/// What somebody has ordered.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Order {
    /// Its number.
    id: u32,
    /// The name of the account that placed it.
    owner: String,
    /// The number of the product.
    product: u32,
    /// How many.
    quantity: u32,
    /// What the customer wrote.
    note: String,
}

#[derive(Deserialize)]
struct Placement {
    product: u32,
    quantity: u32,
    #[serde(default)]
    note: String,
}

/// The orders that a shop begins with: one of each account.
pub(super) fn seed(customer: &str, administrator: &str) -> BTreeMap<u32, Order> {
    let order = |id, owner: &str, product, quantity| Order {
        id,
        owner: owner.to_owned(),
        product,
        quantity,
        note: "Leave it with the harbour master.".to_owned(),
    };
    BTreeMap::from([(1, order(1, customer, 3, 2)), (2, order(2, administrator, 5, 1))])
}

/// `GET /orders`: the orders of the account; all orders for the administration.
pub(super) async fn list(
    State(shop): State<Arc<ShopState>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let reader = reader(&shop, &headers)?;
    let store = shop.store();
    let orders: Vec<&Order> = store.orders.values().filter(|order| reader.lists(order)).collect();
    Ok(answer::private(&json!({ "orders": orders })))
}

/// `GET /orders/{id}`: one order; that of somebody else does not exist.
pub(super) async fn detail(
    State(shop): State<Arc<ShopState>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let reader = reader(&shop, &headers)?;
    let id: u32 =
        id.parse().map_err(|_| Refusal::BadInput("the number of an order is a whole number"))?;
    let store = shop.store();
    let of_others = shop.has(Defect::OrdersOfOthers);
    let order = store.orders.get(&id).filter(|order| of_others || reader.lists(order));
    Ok(answer::private(&json!(order.ok_or(Refusal::NotFound)?)))
}

/// `POST /orders`: places an order.
pub(super) async fn place(
    State(shop): State<Arc<ShopState>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let claims = authenticate(&shop, &headers)?;
    let wanted: Placement = answer::read_json(&headers, &body)?;
    if !(1..=99).contains(&wanted.quantity) || wanted.note.chars().count() > 500 {
        return Err(Refusal::BadInput(
            "order 1 to 99 pieces, with a note of at most 500 characters",
        ));
    }
    let Placement { product, quantity, note } = wanted;
    catalogue::find(&shop, &product.to_string())?;
    let mut store = shop.store();
    if store.orders.len() >= CAPACITY {
        return Err(Refusal::Full);
    }
    let id = store.orders.last_key_value().map_or(1, |(last, _)| last + 1);
    let order = Order { id, owner: claims.sub, product, quantity, note };
    let mut response = answer::private(&json!(order));
    *response.status_mut() = StatusCode::CREATED;
    store.orders.insert(id, order);
    Ok(response)
}

/// Whose orders may be read.
enum Reader {
    Anybody,
    Account(Claims),
}

impl Reader {
    fn lists(&self, order: &Order) -> bool {
        match self {
            Self::Anybody => true,
            Self::Account(claims) => claims.role == Role::Admin || claims.sub == order.owner,
        }
    }
}

fn reader(shop: &ShopState, headers: &HeaderMap) -> Result<Reader, Refusal> {
    match authenticate(shop, headers) {
        Ok(claims) => Ok(Reader::Account(claims)),
        Err(_) if shop.has(Defect::OrdersUnauthenticated) => Ok(Reader::Anybody),
        Err(refusal) => Err(refusal),
    }
}
